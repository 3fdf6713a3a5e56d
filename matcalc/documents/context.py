"""The context of a statement: what a text has assumed before it, what its names mean, in which fonts they stand."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.closed import closed_text
from matcalc.claims.entries import joined_name
from matcalc.documents.families import families
from matcalc.documents.glossary import Entry, Glossary, Heading, entries_of, entries_said, heading_of, names_formula
from matcalc.documents.judgement import agree, is_free, undeclared
from matcalc.documents.lettering import Lettering
from matcalc.documents.premises import Sides
from matcalc.documents.totals import differentials_in, is_moved
from matcalc.documents.wording import GIVEN_PI, Wording
from matcalc.errors import DeclarationError, MatcalcError, ShapeError
from matcalc.expression.scope import Scope
from matcalc.language.latex_words import ACCENTS
from matcalc.language.plain import bare, constant
from matcalc.language.statements import Side
from matcalc.language.syntax import Syntax, walk
from matcalc.shape import ONE, Shape, is_column, is_scalar

_WRAPPED = (  # braces, fonts and the beginning of an environment
    r"(?:[\s&{(]|\\[A-Za-z]+\s*\{|\\begin\{[^{}]*\}(?:\{[^{}]*\})?"
    r"|\\(?:math|bold|text)?(?:cal|bb|bf|rm|sf|symbol|bm)\s)*"
)
# A text that declares \pi, or \pi_k, means no number by it.
_DECLARED_PI = re.compile(r"\\pi(?![A-Za-z])(?:_\{?(\w+)\}?)?(?=[^:;]*:)")


@dataclass
class Context:
    """What holds at a place of a text; what it says next is added.

    A strict one guesses nothing: once anything is declared, every name must be.
    """

    known: Assumptions = field(default_factory=Assumptions)
    glossary: Glossary = field(default_factory=Glossary)
    lettering: Lettering = field(default_factory=Lettering)
    is_strict: bool = False
    norms_by_inverse: bool = False
    ranges: Mapping[str, str] = field(default_factory=dict)  # how far an index runs

    # --- a side in this context ---

    @property
    def _wording(self) -> Wording:
        return Wording(self.known, self.glossary, self.lettering, self.norms_by_inverse)

    def tree(self, side: Side) -> Syntax:
        """A side as a tree in the words of the language."""
        return self._wording.tree(side)

    def with_other_norms(self, left: Side, right: Side) -> Sides | None:
        r"""Two sides with the other meaning of \|x\|_S, where that is in them."""
        other = replace(self._wording, norms_by_inverse=not self.norms_by_inverse)
        sides = other.tree(left), other.tree(right)
        return sides if sides != (self.tree(left), self.tree(right)) else None

    def shape_of(self, tree: Syntax) -> Shape:
        """The shape of a formula, with what is defined in it."""
        return self._wording.shape_of(tree)

    def fit(self, left: Syntax, right: Syntax) -> bool:
        """Whether two sides are known to have one shape."""
        with suppress(MatcalcError):  # with indices or integrals in them
            return self.shape_of(left) == self.shape_of(right)
        return False

    def is_name(self, text: str) -> bool:
        """Whether a text names something."""
        return self.known.is_name(text) or text.rstrip("'") in self.glossary

    def require_declared(self, sides: Iterable[Syntax], known: Assumptions, allowed: Iterable[str] = ()) -> None:
        """Refuse names of which nothing is said.

        Raises:
            DeclarationError: there is one.
        """
        if not (self.is_strict and self.known.declared):
            return
        places = {p.value for s in sides for n in walk(s) if n.operation == "subscript" for p in n.operands[1:]}
        for name in sorted({n for side in sides for n in undeclared(side, known)} - places - set(allowed)):
            raise DeclarationError(f"{name.replace(GIVEN_PI, 'pi')} is not declared")

    # --- what a statement names ---

    def heading(self, side: Side) -> Heading | None:
        """What a side names that is nothing but a name, with its arguments."""
        return self._wording.heading(side)

    def new_meaning(self, left: Side, right: Side) -> tuple[Heading, Syntax] | None:
        """What a side of an equality names, and the formula; of what was named before the left side alone."""
        for side, other in ((left, right), (right, left)):
            found = self.heading(side)
            if found is not None and found.name == "pi" and side is left:
                found = Heading(GIVEN_PI)
            if found is None or (found.name in self.glossary and (side is right or self._is_at_others(found))):
                continue
            formula = self.tree(other)
            if is_moved(found.name, self.is_name) and differentials_in(formula, self.is_name):
                continue
            if found.letter and self._is_label(found, formula):
                found = Heading(found.name, found.parameters, "", found.index)
            if names_formula(found, formula, self.known):
                return found, formula
        return self._of_square(left, right) or self._entries(left, right)

    def _of_square(self, left: Side, right: Side) -> tuple[Heading, Syntax] | None:
        """What a left side s^2 names that is new, and its formula, the root of the other side."""
        side, formula = bare(self.tree(left)), self.tree(right)
        if side.operation != "power" or constant(side.operands[1]) != 2:
            return None
        found = heading_of(side.operands[0])
        if (
            found is None
            or found.parameters
            or self.is_name(found.name)
            or not names_formula(found, formula, self.known)
        ):
            return None
        with suppress(MatcalcError):  # with indices or integrals in it
            if not is_scalar(self.shape_of(formula)):
                return None
        return found, Syntax("call", (formula,), "sqrt", formula.start, formula.end)

    def _entries(self, left: Side, right: Side) -> tuple[Heading, Syntax] | None:
        """What a left side p_i names entry by entry, and the vector of these entries."""
        side, formula = self.tree(left), self.tree(right)
        found = entries_of(side, formula, self.known)
        if found is None or found[0] in self.glossary:
            return None
        return Heading(found[0]), self._by_entries(formula, found[1])

    def entries_said(self, sides: Sides) -> tuple[str, Syntax] | None:
        """The declared vector, or matrix, of which the left side is any entry, and that of the formulas of these."""
        found = entries_said(*sides, self.known)
        is_computed = any(n.operation == "derivative" for n in walk(sides[1]))
        if found is None or is_computed or found[0] not in self.known.declared or not is_free(found[0], self.known):
            return None
        is_vector = is_column(self.shape_of(name(found[0])))
        return (found[0], self._by_entries(sides[1], found[1])) if is_vector == (len(found[1]) == 1) else None

    def _by_entries(self, formula: Syntax, places: tuple[Syntax, ...]) -> Syntax:
        sizes = tuple(self._range(p.value, formula) for p in places)
        return Syntax("entries", (formula, *places), sizes, formula.start, formula.end)

    def _range(self, index: str, formula: Syntax) -> str:
        """The size that an index runs to, where a name with the index tells it."""
        for node in walk(formula):
            at = [k for k, p in enumerate(node.operands[1:]) if (p.operation, p.value) == ("name", index)]
            if node.operation == "subscript" and at:
                with suppress(MatcalcError):
                    rows, columns = self.shape_of(node.operands[0])
                    return str(rows if columns == ONE or (len(node.operands) == 3 and at == [0]) else columns)
        return ""

    def _is_label(self, found: Heading, formula: Syntax) -> bool:
        """Whether K_y of a declared K is no entry or column of it: y is a matrix or vector, or the shape is another."""
        with suppress(MatcalcError):
            is_name = isinstance(found.index, str) and self.known.is_name(found.index)
            if is_name and not is_scalar(self.shape_of(name(found.index))):
                return True
            owner, shape = self.shape_of(name(found.letter)), self.shape_of(formula)
            return not is_scalar(shape) if is_column(owner) else not is_column(shape) and not is_scalar(shape)
        return False

    def _is_at_others(self, found: Heading) -> bool:
        """Whether a function is named with other arguments than it was defined with."""
        was = self.glossary[found.name].definition
        return was is not None and was.parameters != found.parameters and len(was.parameters) == len(found.parameters)

    # --- what the text says ---

    def assume(self, text: str) -> None:
        """Take up a declaration or another assumption; what is declared is no longer what it was said to be.

        Raises:
            MatcalcError: it cannot be read.
        """
        before = self.known.declared
        text = _DECLARED_PI.sub(lambda m: "_".join(filter(None, (GIVEN_PI, m[1]))), text)
        self.known = self.known.assume(families(text, self.ranges))
        declared = {n for n, kind in self.known.declared.items() if before.get(n) != kind}
        self.glossary = self.glossary.without(declared | self.known.meaning().sizes)

    def declare_terms(self, sides: Iterable[Side]) -> None:
        """Take up that w_0 of a declared w has the shape of what it is added to: no entry has the index 0."""
        for side in sides:
            if re.search(r"_\s*(?:0|\{\s*0\s*\})", side.text):
                with suppress(MatcalcError):  # what cannot be read is refused where it is judged
                    for term, other in _added(self.tree(side)):
                        self._declare_term(term, other)

    def _declare_term(self, term: Syntax, other: Syntax) -> None:
        if term.operation != "subscript" or constant(term.operands[1]) != 0:
            return
        letter, joined = term.operands[0].value, joined_name(term)
        if self.known.is_name(letter) and not self.is_name(joined):
            rows, columns = self.shape_of(other)
            self.known = self.known.declare([joined], f"{rows} x {columns}")

    def define(self, left: Side, right: Side) -> bool:
        """Take up `y := x - mu` or `C(Sigma) := ...`; nothing where the left side is in other notation."""
        found = self.heading(left)
        if found is not None:
            self.known = self.known.define(found.name, found.parameters, self.tree(right))
            self.glossary = self.glossary.without([found.name])
        return found is not None

    def note_fonts(self, left: Side, right: Side) -> None:
        r"""Take up that bold letters are not the plain ones, from `\mathbf K = K + s I`.

        Raises:
            ParseError: such a letter stands in a longer bold formula.
        """
        if left.text and self.heading(left) is not None:
            self.lettering = self.lettering.with_statement(left.text, right.text)
        self.lettering.require_one_weight(f"{left.text} = {right.text}")

    def forget(self, left: str, line: int) -> None:
        """A name that is given a meaning that cannot be read has none from there."""
        for given, before in self.glossary.entries.items():
            if before.line != line and re.fullmatch(_alone(given), left.strip()):
                self.glossary = self.glossary.renewed(given, Entry(line, None, before))


def _added(tree: Syntax) -> Iterator[tuple[Syntax, Syntax]]:
    """The terms of the sums in a formula, each with the other term."""
    for node in walk(tree):
        if node.operation in ("add", "subtract"):
            one, other = map(bare, node.operands)
            yield from ((one, other), (other, one))


def name(text: str) -> Syntax:
    """A name as a tree."""
    return Syntax("name", (), text, 0, 0)


def is_misfit(side: Syntax, known: Assumptions) -> bool:
    """Whether there is a product or a sum of matrices in a side that do not fit."""
    text = closed_text(side, known)
    try:
        if text is not None:
            Scope(known.let).read(text)
        elif not any(node.operation == "derivative" for node in walk(side)):  # whose layout may be another
            agree(side, side, known)
    except ShapeError as error:
        return str(error).startswith(("product", "sum", "difference")) and "scalar" not in str(error)
    return False


def require_fit(formula: Syntax, known: Assumptions, parameters: Collection[str]) -> None:
    """Raise where a formula cannot be read, or does not fit in itself."""
    text = closed_text(formula, known)
    if text is not None and not parameters:
        Scope(known.let).read(text)
    elif formula.operation == "entries":
        agree(formula, formula, known)


def _alone(named: str) -> str:
    r"""A pattern for a name, or a function of that name, that stands alone: `L`, `\mathcal{L}(w)`, `E_D`, `\hat w`."""
    found = re.fullmatch(r"(?P<letter>.+?)(?:_(?P<word>.+)|(?P<number>\d+))?", named)
    assert found is not None
    letter, index = rf"\\?{re.escape(found['letter'])}\}}*", found["word"] or found["number"]
    if index is None:
        written = letter
    elif f"_{index}" in ACCENTS.values():
        written = rf"\\\w*{index}\s*\{{?\s*{letter}"
    else:
        written = rf"{letter}_\{{?(?:\\\w+\{{)?{re.escape(index)}\}}*"
    return rf"{_WRAPPED}{written}\s*(?:\([^()\d]*\))?[\s&]*"  # L(0) = ... is a value, no meaning
