"""Declarations and reading: what each name stands for, the sizes by unification, and text made into expressions."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, combinations

from matcalc import shape
from matcalc.errors import ArgumentError, DeclarationError, MatcalcError, ParseError, ShapeError
from matcalc.expression.building import Builder
from matcalc.expression.expr import Expr, Symbol, parts
from matcalc.expression.inference import Inference, check_called, is_size, possibly_scalar
from matcalc.expression.text import SizeNames
from matcalc.language.syntax import FUNCTIONS, GREEK, Syntax, canonical_name, is_latex, nearest, walk, with_transposes
from matcalc.language.syntax import parse as parse_syntax
from matcalc.shape import ONE, SCALAR, Shape, Unifier
from matcalc.structure import STRUCTURES

RESERVED = ("I", "pi", *FUNCTIONS)
_NAME = r"[^\W\d]\w*\u0302?"
_DIM = rf"(?:{_NAME}|\d+)(?:\s*\*\s*(?:{_NAME}|\d+))*"
LARGEST_SIZE = 1000
_DECLARED = re.compile(
    rf"(?P<rows>{_DIM})(?:(?:\s+x\s+|\s*×\s*|(?<=\d)x(?=\d))(?P<columns>{_DIM}))?(?:\s+(?P<structure>\w+))?$"
)
_KINDS = {"scalar": SCALAR, "positive": SCALAR}


Expected = Callable[[Sequence[Shape], Shape], Shape]

Declarations = Iterable[str] | Mapping[str, str]


def declarations(let: Declarations) -> list[str]:
    """Declarations as a list of texts, from a text, a list or a mapping of names to kinds."""
    if isinstance(let, str):
        return [let]
    if isinstance(let, Mapping):
        return [f"{name}: {kind}" for name, kind in let.items()]
    if not isinstance(let, Iterable):
        raise ArgumentError(f"let: expected declarations such as 'X: n x n symmetric', got {let!r}")
    return list(let)


class Scope:
    """What names stand for while texts are read together; sizes left open by one text may be settled by the next."""

    def __init__(self, declarations: Iterable[str] = (), wrt: str | None = None) -> None:
        self.symbols: dict[str, Symbol] = {}
        self.wrt = canonical_name(wrt.strip()) if wrt is not None else None
        self.unifier = Unifier()
        self.declared_sizes: set[str] = set()
        self._names: dict[str, str] = {}
        self._scalars: dict[str, str] = {}
        self._read: set[str] = set()
        self.cancelled: list[Expr] = []  # what is written, may have no value, and is in no expression that was read
        for declaration in declarations:
            self._declare(declaration)
        self._in_declarations = sorted(self.declared_sizes)
        if self.wrt is not None:
            if self.wrt in RESERVED or not re.fullmatch(_NAME, self.wrt):
                raise ParseError(f"wrt: {wrt!r} is not the name of a variable")
            self.differential_name = "d" + self.wrt
            if self.differential_name in self.symbols:
                raise DeclarationError(
                    f"{self.differential_name}: reserved for the differential of {self.wrt}; use another name"
                )

    @classmethod
    def of(cls, symbols: Iterable[Symbol], wrt: str | None = None) -> "Scope":
        """The scope of symbols that already have shapes."""
        scope = cls((), wrt)
        for symbol in sorted(symbols, key=lambda s: s.name):
            if scope.symbols.setdefault(symbol.name, symbol) != symbol:
                raise DeclarationError(f"{symbol.name} stands for two different symbols")
            scope.declared_sizes.update(name for d in symbol.shape for name in d.names)
        if wrt is not None and scope.wrt not in scope.symbols:
            raise DeclarationError(f"wrt: {wrt} does not occur in the expression; pass the symbol itself")
        scope._close()
        return scope

    # --- declarations -------------------------------------------------------------------------------------------------

    def _declare(self, text: str) -> None:
        if not isinstance(text, str):
            raise DeclarationError(f"declaration {text!r}: expected text such as 'X: n x n symmetric'")
        waiting: list[str] = []
        for part in re.split(r"[,;\n]", text):
            if not part.strip():
                continue
            names, colon, kind = part.partition(":")
            waiting += [canonical_name(n) for n in names.split()]
            if not colon:
                continue
            if not waiting:
                raise DeclarationError(f"declaration {part.strip()!r}: no name before the colon")
            for name in waiting:
                self._declare_one(name, kind.strip(), part.strip())
            waiting = []
        if waiting:
            raise DeclarationError(f"declaration {text!r}: expected 'name: rows x columns structure', found no colon")

    def _declare_one(self, name: str, kind: str, text: str) -> None:
        if not re.fullmatch(_NAME, name):
            raise DeclarationError(f"declaration {text!r}: {name!r} is not a name")
        if name in RESERVED:
            raise DeclarationError(f"declaration {text!r}: {name} is a word of the language; use another name")
        symbol = Symbol(name, *self._kind(name, kind, text))
        known = self.symbols.setdefault(name, symbol)
        if known != symbol:
            raise DeclarationError(f"{name} is declared twice: as {_describe(known)} and as {_describe(symbol)}")

    def _kind(self, name: str, kind: str, text: str) -> tuple[Shape, str]:
        if kind in _KINDS:
            return _KINDS[kind], "positive" if kind == "positive" else "general"
        if kind in ("vector", "matrix"):
            return self.open_shape(kind), "general"
        if kind in STRUCTURES:
            n = self.unifier.fresh()
            return (n, n), kind
        _refuse_complex(kind, text)
        match = _DECLARED.match(canonical_name(kind))
        if match is None:
            raise DeclarationError(
                f"declaration {text!r}: cannot read {kind!r}; write sizes and a structure, such as 'n x n symmetric', "
                "'p x n', 'n' for a vector, 'scalar' or 'positive'"
            )
        rows, columns = shape.dim(match["rows"]), shape.dim(match["columns"] or 1)
        if max(rows.factor, columns.factor) > LARGEST_SIZE:
            raise DeclarationError(
                f"declaration {text!r}: sizes up to {LARGEST_SIZE} are tried; declare a letter, and small ones are"
            )
        structure = match["structure"] or "general"
        _refuse_complex(structure, text)
        if structure == "positive" and (rows, columns) == SCALAR:
            return SCALAR, "positive"
        if structure not in STRUCTURES:
            known = ["scalar", "positive", *STRUCTURES]
            raise DeclarationError(
                f"declaration {text!r}: {structure!r} is not a structure; there are {', '.join(known)}"
                + nearest(structure, known)
            )
        if structure != "general" and rows != columns:
            raise DeclarationError(f"declaration {text!r}: a {structure} matrix is square, {rows} is not {columns}")
        self.declared_sizes.update(rows.names + columns.names)
        return (rows, columns), structure

    def open_shape(self, kind: str) -> Shape:
        rows = self.unifier.fresh()
        return (rows, ONE) if kind == "vector" else (rows, self.unifier.fresh())

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self, *texts: str, like: "Expected | Shape | None" = None) -> tuple[Expr, ...]:
        """Read texts together: names and sizes that they share are the same.

        `like` is the shape that the last text must have, or gives it from the shapes of the others and the variable.

        Raises:
            ParseError: a text is not in the language, or uses a function or name that does not exist.
            ShapeError: operands do not fit; the message names both, their shapes and the dimension that differs.
        """
        trees = [self._tree(t) for t in texts]
        self._read.update(node.value for tree in trees for node in walk(tree) if node.operation == "name")
        for tree, text in zip(trees, texts, strict=True):
            self._check_names(tree, text)
            self._refuse_entries_of_the_variable(tree)
            if not is_latex(text):
                self._refuse_run_together(tree)
        inferred = self._infer_together(trees, texts, like)
        if self.wrt is not None and self.wrt not in self.symbols:
            self.symbols[self.wrt] = Symbol(self.wrt, self._default_shape(self.wrt, frozenset()))
        self._close()
        builders = [Builder(self, inference, text) for text, inference in zip(texts, inferred, strict=True)]
        built = tuple(builder.build(tree) for builder, tree in zip(builders, trees, strict=True))
        written = {e: None for builder in builders for e in builder.partial}
        kept = set(parts(built)) if written else set()
        self.cancelled += [e for e in written if e not in kept]
        return built

    def _tree(self, text: str) -> Syntax:
        if not is_latex(text):
            return parse_syntax(text) if "T" in self.symbols else with_transposes(parse_syntax(text))
        from matcalc.language.latex_syntax import parse_latex

        if "T" in self.symbols and (found := re.search(r"\^\s*\{?\s*-?\s*T\b", text)):
            raise ParseError(f"T is declared: is {found.group()} a power or the transpose? Write \\top", found.start())
        if "d" in self.symbols:  # then dc is a product, unless it is written \\mathrm{d}c
            text = re.sub(r"(?<![A-Za-z\\{])d(?=[A-Za-z\\])", "d ", text)
        return parse_latex(text, self.shape_of)

    def _refuse_entries_of_the_variable(self, tree: Syntax) -> None:
        """x_1 that nothing declares is a name of its own, and would be constant while x moves."""
        for name in sorted({node.value for node in walk(tree) if node.operation == "name"} - self.symbols.keys()):
            base = re.fullmatch(r"(.+?)_?\d+", name)
            if self.wrt in self.symbols and base is not None and base[1] == self.wrt:
                raise DeclarationError(
                    f"{name} is not declared: is it an entry of {self.wrt}? Entries are read in LaTeX, beside a sum "
                    f"over indices; write the whole of {self.wrt}, or declare {name} as a name of its own"
                )

    def shape_of(self, tree: Syntax) -> Shape:
        """The shape of a tree by what is declared and by the naming convention."""
        symbols, bindings = dict(self.symbols), self.unifier.snapshot()
        try:
            return self.unifier.shape(Inference(self, "", frozenset()).shape(tree))
        finally:
            self.symbols = symbols
            self.unifier.restore(bindings)

    def _infer_together(
        self, trees: Sequence[Syntax], texts: Sequence[str], like: "Expected | Shape | None"
    ) -> "list[dict[int, Shape]]":
        """Lowercase Greek letters, and vectors that are raised to a power, may have to be scalars."""
        used = {name for tree in trees for name in possibly_scalar(tree)}
        doubtful = sorted(used - self.symbols.keys() - self.declared_sizes)
        first_error: ShapeError | None = None
        symbols, bindings = dict(self.symbols), self.unifier.snapshot()
        for scalars in chain.from_iterable(combinations(doubtful, k) for k in range(min(len(doubtful), 4) + 1)):
            try:
                inferences = [Inference(self, text, frozenset(scalars)) for text in texts]
                for inference, tree in zip(inferences, trees, strict=True):
                    inference.shape(tree)
                if callable(like):
                    others = [self.unifier.shape(i.shapes[id(t)]) for i, t in zip(inferences, trees, strict=True)][:-1]
                    variable = self.lookup(self.wrt, frozenset(scalars)).shape if self.wrt is not None else SCALAR
                    inferences[-1].expect(trees[-1], like(others, self.unifier.shape(variable)))
                elif like is not None:
                    inferences[-1].expect(trees[-1], like)
                return [i.shapes for i in inferences]
            except ShapeError as error:
                first_error = first_error or error
                self.symbols = dict(symbols)
                self.unifier.restore(bindings)
        assert first_error is not None
        raise first_error

    def _check_names(self, tree: Syntax, text: str) -> None:
        for node in walk(tree):
            if node.operation == "juxtapose" and node.operands[1].operation == "group":
                check_called(node, self.symbols, text)
            elif node.operation == "call" and not node.operands and node.value != "commutation":
                raise ParseError(f"{node.value}() at character {node.start + 1}: an argument is missing", node.start)

    def _refuse_run_together(self, tree: Syntax) -> None:
        """Refuse Ax beside A and x, or as what is to be differentiated by x: it would be a name of its own."""
        known = {*self.symbols, *self.declared_sizes, *([self.wrt] if self.wrt is not None else [])}
        is_there = self.wrt in self._read
        for node in walk(tree):
            name = node.value if node.operation == "name" else ""
            if len(name) > 1 and name.isalpha() and not (name in known or name in GREEK or self._is_differential(name)):
                hides_variable = not is_there and self.wrt in [*name]
                if hides_variable or known.issuperset(name):
                    raise ParseError(f"{name} is one name, and not declared: write {'*'.join(name)}", node.start)

    def lookup(self, name: str, scalars: frozenset[str]) -> Symbol:
        """The symbol of a name, made by the naming convention when it is new."""
        if name not in self.symbols:
            if self.wrt is not None and name == self.differential_name:
                of = self.lookup(self.wrt, scalars)
                return Symbol(name, of.shape, differential_structure(of))
            if self._is_differential(name):
                of = self.lookup(name[1:], scalars)
                self.symbols[name] = Symbol(name, of.shape, differential_structure(of))
            else:
                self.symbols[name] = Symbol(name, self._default_shape(name, scalars))
        return self.symbols[name]

    def _is_differential(self, name: str) -> bool:
        """Whether a name is that of another with a d before it: dX, with or without X beside it; dx beside x."""
        of = name[1:]
        return name[0] == "d" and (of in self.symbols or of in self._read or of[:1].isupper() or of in GREEK)

    def _default_shape(self, name: str, scalars: frozenset[str]) -> Shape:
        if name in scalars:
            return SCALAR
        word = re.match(r"[A-Za-z]+", name)
        base = word.group() if word and word.group() in GREEK else name[0]
        if base in GREEK:
            return self.open_shape("matrix" if base[0].isupper() else "vector")
        if base.isupper():
            return self.open_shape("matrix")
        return SCALAR if base in "abcdefg" else self.open_shape("vector")

    def introduce(self, names: Iterable[str]) -> None:
        """Take up names that no text uses: the arguments of functions."""
        for name in names:
            self.lookup(name, frozenset())
        self._close()

    def _close(self) -> None:
        """Name the sizes that are still open, so that every symbol has a shape of its own."""
        order = sorted(self.symbols.values(), key=lambda s: s.name != self.wrt)
        taken = self.declared_sizes | set(self.symbols) | set(self._names)
        free = (n for n in chain("nmpqrkltuvwsh", (f"n{i}" for i in range(1, 1000))) if n not in taken)
        for symbol in order:
            for d in self.unifier.shape(symbol.shape):
                for name in self.unifier.resolve(d).names:
                    if name.startswith("?"):
                        self.unifier.bind(name, shape.dim(next(free)))
        self.symbols = {s.name: Symbol(s.name, self.unifier.shape(s.shape), s.structure) for s in self.symbols.values()}
        self._names = {name: name for name in self.declared_sizes}
        self._scalars.update({name: name for name in self._in_declarations if is_size(name, self)})
        for symbol in self.symbols.values():
            for d, function in zip(symbol.shape, ("rows", "cols"), strict=True):
                if d.factor == 1 and len(d.names) == 1:
                    self._scalars.setdefault(d.names[0], f"{function}({symbol.name})")
        self._names = self._scalars | self._names

    @property
    def size_names(self) -> SizeNames:
        """How each size is written in text: its name where it was declared, else `rows(X)` or `cols(X)`."""
        return SizeNames(self._names, self._scalars)

    @property
    def variable(self) -> Symbol:
        """The variable of differentiation."""
        assert self.wrt is not None
        return self.symbols[self.wrt]

    @property
    def differential(self) -> Symbol:
        """The symbol of the variable's differential."""
        return self.lookup(self.differential_name, frozenset())


def name_of(wrt: str | Symbol) -> str:
    """The name of a variable that is given by it or as its symbol.

    Raises:
        ArgumentError: it is neither.
    """
    if not isinstance(wrt, str | Symbol):
        raise ArgumentError(
            f"wrt: expected the name of a variable or its symbol, got {wrt!r}; one variable at a time, and "
            "derive_each for several"
        )
    return wrt.name if isinstance(wrt, Symbol) else wrt


def differential_structure(variable: Symbol) -> str:
    """The structure of the differential of a symbol: that of its tangent space, if this is the same everywhere."""
    return {"spd": "symmetric", "orthogonal": "general", "positive": "general"}.get(
        variable.structure, variable.structure
    )


def _describe(symbol: Symbol) -> str:
    return f"{shape.show(symbol.shape)} {symbol.structure}"


def _refuse_complex(kind: str, text: str) -> None:
    if re.search(r"\b(complex|hermitian|unitary)\b", kind.lower()):
        raise DeclarationError(f"declaration {text!r}: complex matrices are not supported, every matrix is real")


def parse(text: str, let: Declarations = ()) -> Expr:
    """The expression of a text in the language; what is not declared has the kind that its name says.

    Raises:
        ParseError, DeclarationError, ShapeError: the text cannot be read or does not fit.
    """
    (e,) = Scope(declarations(let)).read(text)
    return e


def symbols(*declarations: str) -> tuple[Symbol, ...]:
    """The symbols of declarations such as `"X: n x n symmetric"`, in order.

    Raises:
        DeclarationError: a declaration that cannot be read.
    """
    scope = Scope(declarations)
    if not scope.symbols:
        raise MatcalcError("symbols: expected at least one declaration such as 'X: n x n symmetric'")
    scope._close()
    return tuple(scope.symbols.values())
