"""Declarations and reading: what each name stands for, the sizes by unification, and text made into expressions."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations

from matcalc import algebra, shape
from matcalc.errors import DeclarationError, MatcalcError, ParseError, ShapeError
from matcalc.expr import Expr, Symbol
from matcalc.shape import ONE, SCALAR, Dim, Operand, Shape, Unifier
from matcalc.structure import STRUCTURES
from matcalc.syntax import FUNCTIONS, GREEK, Syntax, canonical_name, is_latex, nearest, walk
from matcalc.syntax import parse as parse_syntax
from matcalc.text import SizeNames

RESERVED = ("I", "pi", *FUNCTIONS)
_BINARY = {"add", "subtract", "multiply", "juxtapose", "hadamard", "elementwise_divide", "divide", "kronecker"}
_NAME = r"[^\W\d]\w*\u0302?"
_DIM = rf"(?:{_NAME}|\d+)(?:\s*\*\s*(?:{_NAME}|\d+))*"
_DECLARED = re.compile(
    rf"(?P<rows>{_DIM})(?:(?:\s+x\s+|\s*×\s*|(?<=\d)x(?=\d))(?P<columns>{_DIM}))?(?:\s+(?P<structure>\w+))?$"
)
_KINDS = {"scalar": SCALAR, "positive": SCALAR}


Expected = Callable[[Sequence[Shape], Shape], Shape]


class Scope:
    """What names stand for while texts are read together; sizes left open by one text may be settled by the next."""

    def __init__(self, declarations: Iterable[str] = (), wrt: str | None = None) -> None:
        self.symbols: dict[str, Symbol] = {}
        self.wrt = canonical_name(wrt.strip()) if wrt is not None else None
        self.unifier = Unifier()
        self.declared_sizes: set[str] = set()
        self._names: dict[str, str] = {}
        self._scalars: dict[str, str] = {}
        for declaration in declarations:
            self._declare(declaration)
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
            return self._open_shape(kind), "general"
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

    def _open_shape(self, kind: str) -> Shape:
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
        for tree, text in zip(trees, texts, strict=True):
            self._check_names(tree, text)
        inferred = self._infer_together(trees, texts, like)
        if self.wrt is not None and self.wrt not in self.symbols:
            self.symbols[self.wrt] = Symbol(self.wrt, self._default_shape(self.wrt, frozenset()))
        self._close()
        return tuple(_Builder(self, inference, text).build(tree)
                     for tree, text, inference in zip(trees, texts, inferred, strict=True))  # fmt: skip

    def _tree(self, text: str) -> Syntax:
        if not is_latex(text):
            return parse_syntax(text)
        from matcalc.latex_syntax import parse_latex

        return parse_latex(text, self.is_scalar)

    def is_scalar(self, tree: Syntax) -> bool:
        """Whether a tree is a scalar by what is declared and by the naming convention."""
        symbols, bindings = dict(self.symbols), self.unifier.snapshot()
        try:
            return shape.is_scalar(_Inference(self, "", frozenset()).shape(tree))
        finally:
            self.symbols = symbols
            self.unifier.restore(bindings)

    def _infer_together(
        self, trees: Sequence[Syntax], texts: Sequence[str], like: "Expected | Shape | None"
    ) -> "list[dict[int, Shape]]":
        """Lowercase Greek letters, and vectors that are raised to a power, may have to be scalars."""
        used = {name for tree in trees for name in _possibly_scalar(tree)}
        doubtful = sorted(used - self.symbols.keys() - self.declared_sizes)
        first_error: ShapeError | None = None
        symbols, bindings = dict(self.symbols), self.unifier.snapshot()
        for scalars in chain.from_iterable(combinations(doubtful, k) for k in range(min(len(doubtful), 4) + 1)):
            try:
                inferences = [_Inference(self, text, frozenset(scalars)) for text in texts]
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
                _check_called(_last(node.operands[0]), node.operands[1], self.symbols, text)
            elif node.operation == "call" and not node.operands and node.value != "commutation":
                raise ParseError(f"{node.value}() at character {node.start + 1}: an argument is missing", node.start)

    def lookup(self, name: str, scalars: frozenset[str]) -> Symbol:
        """The symbol of a name, made by the naming convention when it is new."""
        if name not in self.symbols:
            if self.wrt is not None and name == self.differential_name:
                of = self.lookup(self.wrt, scalars)
                return Symbol(name, of.shape, differential_structure(of))
            self.symbols[name] = Symbol(name, self._default_shape(name, scalars))
        return self.symbols[name]

    def _default_shape(self, name: str, scalars: frozenset[str]) -> Shape:
        if name in scalars:
            return SCALAR
        word = re.match(r"[A-Za-z]+", name)
        base = word.group() if word and word.group() in GREEK else name[0]
        if base in GREEK:
            return self._open_shape("matrix" if base[0].isupper() else "vector")
        if base.isupper():
            return self._open_shape("matrix")
        return SCALAR if base in "abcdefg" else self._open_shape("vector")

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


def differential_structure(variable: Symbol) -> str:
    """The structure of the differential of a symbol: that of its tangent space, if this is the same everywhere."""
    return {"spd": "symmetric", "orthogonal": "general", "positive": "general"}.get(
        variable.structure, variable.structure
    )


def _possibly_scalar(tree: Syntax) -> Iterator[str]:
    for node in walk(tree):
        if node.operation == "name" and node.value in GREEK and node.value[0].islower():
            yield node.value
        if node.operation == "power":
            inner = node.operands[0]
            if inner.operation == "name" and inner.value[0] in "hijklmnopqrstuvwxyz":
                yield inner.value


def _describe(symbol: Symbol) -> str:
    return f"{shape.show(symbol.shape)} {symbol.structure}"


def _refuse_complex(kind: str, text: str) -> None:
    if re.search(r"\b(complex|hermitian|unitary)\b", kind.lower()):
        raise DeclarationError(f"declaration {text!r}: complex matrices are not supported, every matrix is real")


def _last(node: Syntax) -> Syntax:
    while node.operation in _BINARY:
        node = node.operands[1]
    return node


def _check_called(left: Syntax, group: Syntax, symbols: Mapping[str, Symbol], text: str) -> None:
    """`foo(X)` is a function that does not exist; `B (A x)` and `A(x + y)` are products."""
    if left.operation != "name" or left.end != group.start:
        return
    name = left.value
    if len(name) > 1 and name not in symbols and name not in GREEK:
        raise ParseError(
            f"{name}() at character {left.start + 1}: there is no such function" + nearest(name, list(FUNCTIONS))
            + "; a product is written with * or a space", left.start)  # fmt: skip


class _Inference:
    """The shapes of one tree, bottom up."""

    def __init__(self, scope: Scope, text: str, scalars: frozenset[str]) -> None:
        self.scope, self.text, self.scalars = scope, text, scalars
        self.shapes: dict[int, Shape] = {}

    def shape(self, node: Syntax) -> Shape:
        spine = [node]
        while spine[-1].operation in _BINARY:
            spine.append(spine[-1].operands[0])
        for inner in reversed(spine):
            self.shapes[id(inner)] = self._one(inner)
        return self.shapes[id(node)]

    def operand(self, node: Syntax) -> Operand:
        known = self.shapes.get(id(node))
        found = self.shape(node) if known is None else known
        return Operand(self.scope.unifier.shape(found), self.text[node.start : node.end])

    def expect(self, tree: Syntax, like: Shape) -> None:
        found = self.scope.unifier.shape(self.shapes[id(tree)])
        shape.add(Operand(found, self.text), Operand(like, "the expected shape"), self.scope.unifier)

    def _one(self, node: Syntax) -> Shape:
        u = self.scope.unifier
        match node.operation:
            case "number":
                return SCALAR
            case "name":
                return self._name(node)
            case "call":
                return self._call(node)
        first = self.operand(node.operands[0])
        match node.operation:
            case "group" | "negative":
                return first.shape
            case "transpose":
                return first.shape[1], first.shape[0]
            case "power" if self._is_transpose(node):
                return first.shape[1], first.shape[0]
        second = self.operand(node.operands[1])
        first = Operand(u.shape(first.shape), first.text)
        match node.operation:
            case "add" | "subtract":
                return shape.add(first, second, u)
            case "multiply" | "juxtapose":
                return shape.multiply(first, second, u)
            case "hadamard" | "elementwise_divide":
                return shape.hadamard(first, second, u)
            case "kronecker":
                return shape.call("kron", [first, second], [], u)
            case "divide":
                return shape.divide(first, second, u)
            case "power":
                return shape.power(first, second, u)
        return shape.elementwise_power(first, second, u)

    def _is_transpose(self, node: Syntax) -> bool:
        return is_transpose(node, self.scope)

    def _name(self, node: Syntax) -> Shape:
        if node.value == "I":
            n = self.scope.unifier.fresh()
            return n, n
        if node.value == "pi" or is_size(node.value, self.scope):
            return SCALAR
        if node.value in FUNCTIONS:
            raise ParseError(f"{node.value} at character {node.start + 1} is a function: write {node.value}(...)",
                             node.start)  # fmt: skip
        return self.scope.unifier.shape(self.scope.lookup(node.value, self.scalars).shape)

    def _call(self, node: Syntax) -> Shape:
        name, u = node.value, self.scope.unifier
        match name, node.operands:
            case "eye", (n,):
                d = self.dim(n)
                return d, d
            case "ones" | "zeros", (n, m):
                return self.dim(n), self.dim(m)
            case "vector" | "matrix", (inner,):
                if not shape.is_scalar(self.operand(inner).shape):
                    raise ShapeError(f"{name}: expected a scalar to fill it with, got {self.operand(inner)}")
                return self.scope._open_shape(name)
            case "rows" | "cols", (inner,):
                self.operand(inner)
                return SCALAR
            case "eye" | "ones" | "zeros" | "vector" | "matrix" | "rows" | "cols", _:
                expected = 2 if name in ("ones", "zeros") else 1
                raise ShapeError(f"{name}: expected {expected} argument(s), got {len(node.operands)}")
        count = shape.SIGNATURES[name].sizes
        split = len(node.operands) - count
        sizes = [self.dim(s) for s in node.operands[max(split, 0) :]] if count else []
        return shape.call(name, [self.operand(o) for o in node.operands[: max(split, 0)]], sizes, u)

    def dim(self, node: Syntax) -> Dim:
        """A size in an argument: an integer, the name of a dimension, rows(X), cols(X) or a product of these."""
        match node.operation:
            case "number" if node.value.denominator == 1 and 0 < node.value <= 10**6:
                return Dim(int(node.value))
            case "name":
                self.scope.declared_sizes.add(node.value)
                return Dim(1, (node.value,))
            case "multiply" | "juxtapose":
                return self.dim(node.operands[0]) * self.dim(node.operands[1])
            case "group":
                return self.dim(node.operands[0])
            case "call" if node.value in ("rows", "cols") and len(node.operands) == 1:
                return self.operand(node.operands[0]).shape[node.value == "cols"]
        text = self.text[node.start : node.end]
        raise ShapeError(f"{text!r} is not a size: expected a positive integer, the name of a size, rows(X) or cols(X)")


def is_size(name: str, scope: Scope) -> bool:
    """Whether a name is that of a declared dimension and of nothing else."""
    return name in scope.declared_sizes and name not in scope.symbols


def is_transpose(node: Syntax, scope: Scope) -> bool:
    """X^T, unless T is declared."""
    exponent = node.operands[1]
    return exponent.operation == "name" and exponent.value == "T" and "T" not in scope.symbols


class _Builder:
    """Makes the expression of a tree whose shapes are known."""

    def __init__(self, scope: Scope, shapes: Mapping[int, Shape], text: str) -> None:
        self.scope, self.shapes, self.text = scope, shapes, text
        self.built: dict[int, Expr] = {}

    def build(self, node: Syntax) -> Expr:
        spine = [node]
        while spine[-1].operation in _BINARY and id(spine[-1]) not in self.built:
            spine.append(spine[-1].operands[0])
        for inner in reversed(spine):
            if id(inner) not in self.built:
                self.built[id(inner)] = self._one(inner)
        return self.built[id(node)]

    def _shape(self, node: Syntax) -> Shape:
        found = self.scope.unifier.shape(self.shapes[id(node)])
        for d in found:
            if any(name.startswith("?") for name in d.names):
                text = self.text[node.start : node.end]
                raise ShapeError(f"the size of {text} at character {node.start + 1} cannot be told from its place; "
                                 "write eye(n) or ones(n,m) with sizes, or declare its neighbours")  # fmt: skip
        return found

    def _one(self, node: Syntax) -> Expr:
        match node.operation:
            case "number":
                return algebra.Number(node.value)
            case "name":
                return self._name(node)
            case "call":
                return self._call(node)
        first = self.build(node.operands[0])
        match node.operation:
            case "group":
                return first
            case "negative":
                return algebra.negative(first)
            case "transpose":
                return algebra.transpose(first)
            case "power" if is_transpose(node, self.scope):
                return algebra.transpose(first)
        second = self.build(node.operands[1])
        return _OPERATIONS[node.operation](first, second)

    def _name(self, node: Syntax) -> Expr:
        if node.value == "I":
            return algebra.eye(self._shape(node)[0])
        if node.value == "pi":
            return algebra.PI
        if is_size(node.value, self.scope):
            return algebra.size(Dim(1, (node.value,)))
        return self.scope.lookup(node.value, frozenset())

    def _call(self, node: Syntax) -> Expr:
        name = node.value
        if name in ("eye", "ones", "zeros", "vector", "matrix"):
            found = self._shape(node)
            if name in ("vector", "matrix"):
                return algebra.multiply(self.build(node.operands[0]), algebra.ones(found))
            return {"eye": algebra.identity, "ones": algebra.ones, "zeros": algebra.zeros}[name](found)
        if name in ("rows", "cols"):
            return algebra.size(self._shape(node.operands[0])[name == "cols"])
        count = len(node.operands) - shape.SIGNATURES[name].sizes
        inference = _Inference(self.scope, self.text, frozenset())
        inference.shapes = dict(self.shapes)
        sizes = tuple(self.scope.unifier.resolve(inference.dim(s)) for s in node.operands[count:])
        return algebra.call(name, *(self.build(o) for o in node.operands[:count]), sizes=sizes)


_OPERATIONS: dict[str, Callable[[Expr, Expr], Expr]] = {
    "add": algebra.add,
    "subtract": algebra.subtract,
    "multiply": algebra.multiply,
    "juxtapose": algebra.multiply,
    "hadamard": algebra.hadamard,
    "elementwise_divide": algebra.elementwise_divide,
    "divide": algebra.divide,
    "kronecker": lambda a, b: algebra.call("kron", a, b),
    "power": algebra.power,
    "elementwise_power": algebra.elementwise_power,
}


def parse(text: str, let: Iterable[str] = ()) -> Expr:
    """The expression of a text in the language; what is not declared has the kind that its name says.

    Raises:
        ParseError, DeclarationError, ShapeError: the text cannot be read or does not fit.
    """
    (e,) = Scope([let] if isinstance(let, str) else let).read(text)
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
