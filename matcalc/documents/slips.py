"""Edits of the text of a side that has no closed form: each undoes one slip, and is read again before it is given.

The sides of a sum over indices, an integral or an expectation are known by their numbers alone, so that their terms
cannot be fitted: what is printed is changed in one place instead.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from matcalc.claims.assumptions import Assumptions
from matcalc.diagnosis import Diagnosis
from matcalc.documents.judgement import agree, judge
from matcalc.errors import MatcalcError
from matcalc.expression.latex import latex_name
from matcalc.language.plain import constant
from matcalc.language.statements import Side
from matcalc.language.syntax import LOOPS, Syntax
from matcalc.shape import ELEMENTWISE

MOST = 400
TIME_LIMIT = 3.0  # seconds of this thread
TERMS = ("add", "subtract")
FACTORS = ("multiply", "juxtapose", "divide", "hadamard")


@dataclass(frozen=True)
class Slip:
    """A kind of slip, how it is said, and the text without it."""

    kind: str
    message: str
    text: str


def slip(left: Side, right: Side, known: Assumptions, read: Callable[[Side], Syntax]) -> Diagnosis | None:
    """The slip on the right side, or on the left, that makes a wrong statement right once it is undone."""
    trees = read(left), read(right)
    found = _first(right, trees[1], trees, lambda tree: (trees[0], tree), known, read)
    if found is not None:
        return found
    found = _first(left, trees[0], trees, lambda tree: (tree, trees[1]), known, read)
    return found and replace(found, message=f"on the left side: {found.message}")


def _first(
    side: Side,
    tree: Syntax,
    both: tuple[Syntax, Syntax],
    pair: Callable[[Syntax], tuple[Syntax, Syntax]],
    known: Assumptions,
    read: Callable[[Side], Syntax],
) -> Diagnosis | None:
    deadline = time.thread_time() + TIME_LIMIT / 2
    for edit in islice(dict.fromkeys(_slips(Printed(side), tree, Words.of(both))), MOST):
        if time.thread_time() > deadline:
            return None
        try:
            sides = pair(read(side.retold(edit.text)))
            if agree(*sides, known) and judge(*sides, known).is_right:
                return Diagnosis(edit.kind, edit.message, edit.text)
        except MatcalcError:  # it does not fit, or cannot be read
            continue
    return None


class Printed:
    """The text of a side, and of every part of its tree."""

    def __init__(self, side: Side) -> None:
        self.side = side

    def __call__(self, node: Syntax) -> str:
        return self.side.text[node.start - self.side.start : node.end - self.side.start]

    def with_part(self, node: Syntax, new: str) -> str:
        """The text of the side with another text for a part of it."""
        text, offset = self.side.text, self.side.start
        return text[: node.start - offset] + new + text[node.end - offset :]

    def half(self, node: Syntax) -> str:
        """Half of a term."""
        return rf"\frac{{1}}{{2}} {self(node)}" if self.side.tokens else f"1/2*{self(node)}"

    def times(self, factor: str, node: Syntax) -> str:
        """A term with a factor before it."""
        return f"{factor} {self(node)}" if self.side.tokens else f"{factor}*{self(node)}"

    def over(self, node: Syntax, divisor: str) -> str:
        """A term divided by something."""
        return rf"\frac{{{self(node)}}}{{{divisor}}}" if self.side.tokens else f"({self(node)})/({divisor})"

    def function(self, name: str, node: Syntax) -> str:
        """A function of a part."""
        return rf"\{name}({self(node)})" if self.side.tokens else f"{name}({self(node)})"

    def transposed(self, node: Syntax) -> str:
        """The transpose of a part."""
        return rf"{self(node)}^\top" if self.side.tokens else f"{self(node)}'"

    def power(self, base: Syntax, exponent: object) -> str:
        """A base to another power."""
        return f"{self(base)}^{{{exponent}}}" if self.side.tokens else f"{self(base)}^({exponent})"


@dataclass(frozen=True)
class Words:
    """What the sides are made of: entries and names, each once, and functions."""

    quantities: tuple[Syntax, ...]
    functions: tuple[str, ...]

    @classmethod
    def of(cls, trees: tuple[Syntax, Syntax]) -> "Words":
        """The words of two sides."""
        nodes = [node for tree in trees for node in _parts(tree)]
        owners = {id(n.operands[0]) for n in nodes if n.operation == "subscript"}
        names = [n for n in nodes if _is_quantity(n) and id(n) not in owners]
        places = {p.value: p for n in names for p in n.operands[1:] if p.operation == "name"}
        names += [replace(n, operands=(n.operands[0], p)) for n in names if _has_one_index(n) for p in places.values()]
        once = {_spelled(n): n for n in reversed(names)}
        functions = sorted({n.value for n in nodes if n.operation == "call" and n.value in ELEMENTWISE})
        return cls(tuple(reversed(once.values())), tuple(functions))


def _is_quantity(node: Syntax) -> bool:
    """Whether something is a name or an entry of what is named."""
    return node.operation == "name" or (node.operation == "subscript" and node.operands[0].operation == "name")


def _has_one_index(node: Syntax) -> bool:
    return node.operation == "subscript" and [p.operation for p in node.operands[1:]] == ["name"]


def _slips(printed: Printed, tree: Syntax, words: Words) -> Iterator[Slip]:
    for rule in (_signs, _coefficients, _exponents, _transposes, _extra, _other_names, _functions, _missing):
        for node in _parts(tree):
            for kind, message, new in rule(printed, node, words):
                yield Slip(kind, message, printed.with_part(node, new))


def _parts(tree: Syntax) -> Iterator[Syntax]:
    """The parts of a formula, but indices and what sums run over."""
    yield tree
    operands = tree.operands[:1] if tree.operation in ("subscript", "derivative", *LOOPS) else tree.operands
    for operand in operands:
        yield from _parts(operand)


def _spelled(node: Syntax) -> object:
    return node.value if not node.operands else (node.operation, *map(_spelled, node.operands))


Found = Iterator[tuple[str, str, str]]


def _signs(printed: Printed, node: Syntax, _: Words) -> Found:
    if node.operation == "negative":
        yield "sign", f"the sign of {printed(node.operands[0])} is wrong", printed(node.operands[0])
    if node.operation in TERMS:
        a, b = node.operands
        sign, other = ("+", "-") if node.operation == "add" else ("-", "+")
        yield "sign", f"the sign of {printed(b)} is wrong", f"{printed(a)} {other} {printed(b)}"
        if a.operation not in (*TERMS, "negative"):
            yield "sign", f"the sign of {printed(a)} is wrong", f"-{printed(a)} {sign} {printed(b)}"


def _coefficients(printed: Printed, node: Syntax, _: Words) -> Found:
    for term, put in _terms(printed, node):
        says = f"the coefficient of {printed(term)} is wrong: multiply by"
        yield "wrong-term", f"{says} 2", put(printed.times("2", term))
        yield "wrong-term", f"{says} 1/2", put(printed.half(term))


def _terms(printed: Printed, node: Syntax) -> Iterator[tuple[Syntax, Callable[[str], str]]]:
    """The terms of a sum of two, each with what puts a text in its place."""
    if node.operation in TERMS:
        a, b = node.operands
        sign = "+" if node.operation == "add" else "-"
        yield b, lambda new: f"{printed(a)} {sign} {new}"
        if a.operation not in TERMS:
            yield a, lambda new: f"{new} {sign} {printed(b)}"


def _exponents(printed: Printed, node: Syntax, _: Words) -> Found:
    if node.operation == "power" and (k := constant(node.operands[1])) is not None:
        for other in (-k, 2 * k, k + 1, k - 1):
            if other not in (0, k):
                new = printed.power(node.operands[0], other)
                yield "inverse" if other == -k else "wrong-power", f"{printed(node)} should be {new}", new
        yield "wrong-power", f"{printed(node)} should be {printed(node.operands[0])}", printed(node.operands[0])
    elif node.operation in ("subscript", "name", "group"):
        for kind, exponent in (("wrong-power", 2), ("inverse", -1)):
            new = printed.power(node, exponent)
            yield kind, f"{printed(node)} should be {new}", new
    elif node.operation == "transpose":
        yield "transpose", f"{printed(node)} should not be transposed", printed(node.operands[0])


def _transposes(printed: Printed, node: Syntax, _: Words) -> Found:
    if node.operation in ("name", "group"):
        new = printed.transposed(node)
        yield "transpose", f"{printed(node)} should be transposed: {new}", new


def _extra(printed: Printed, node: Syntax, _: Words) -> Found:
    if node.operation in TERMS:
        a, b = node.operands
        yield "extra-term", f"the term {printed(b)} does not belong there", printed(a)
        kept = printed(b) if node.operation == "add" else f"-{printed(b)}"
        yield "extra-term", f"the term {printed(a)} does not belong there", kept
    if node.operation in FACTORS:
        a, b = node.operands
        yield "extra-term", f"{printed(b)} is a factor too many in {printed(node)}", printed(a)
        yield "extra-term", f"{printed(a)} is a factor too many in {printed(node)}", printed(b)


def _other_names(printed: Printed, node: Syntax, words: Words) -> Found:
    if node.operation in ("name", "subscript"):
        for other in words.quantities:
            if _spelled(other) != _spelled(node):
                new = _written(other)
                yield "wrong-term", f"{printed(node)} stands where {new} should", new


def _functions(printed: Printed, node: Syntax, words: Words) -> Found:
    if node.operation == "call" and len(node.operands) == 1:
        yield "extra-term", f"the function in {printed(node)} is too many", printed(node.operands[0])
    if node.operation in ("name", "subscript", "group"):
        for function in words.functions:
            new = printed.function(function, node)
            yield "missing-factor", f"the function {function} is missing: {printed(node)} should be {new}", new


def _missing(printed: Printed, node: Syntax, words: Words) -> Found:
    for term, put in (*_whole(printed, node), *_terms(printed, node), *_bodies(printed, node)):
        for factor in map(_written, words.quantities):
            for says, new in ((factor, printed.times(factor, term)), (f"1/{factor}", printed.over(term, factor))):
                yield "missing-factor", f"the factor {says} is missing: {printed(term)} should be {new}", put(new)


def _whole(printed: Printed, node: Syntax) -> Iterator[tuple[Syntax, Callable[[str], str]]]:
    """The whole side, if it is no sum, as `_terms` gives terms."""
    if node.operation not in TERMS and printed(node) == printed.side.text.strip():
        yield node, lambda new: new


def _bodies(printed: Printed, node: Syntax) -> Iterator[tuple[Syntax, Callable[[str], str]]]:
    """What a sum over an index, an integral or a function is of, with what puts a text in its place."""
    if node.operation in (*LOOPS, "integral", "expectation", "call") and node.operands:
        body = node.operands[0]
        before = printed(node)[: body.start - node.start]
        after = printed(node)[body.end - node.start :]
        yield body, lambda new: f"{before}{new}{after}"


def _written(node: Syntax) -> str:
    """An entry or a name as LaTeX."""
    if node.operation == "name":
        return latex_name(str(node.value))
    base, *places = node.operands
    return f"{_written(base)}_{{{''.join(_written(p) if p.operation == 'name' else str(p.value) for p in places)}}}"
