"""Total differentials in statements: `d log|X| = tr(X^{-1} dX)`, `d(XY) = (dX) Y + X dY`.

A d before a formula, where nothing is called d, is the differential of all that is moved on the other side: of each
variable V for which dV stands there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce

from matcalc.errors import ParseError
from matcalc.language.plain import PRODUCTS, bare, factors_of
from matcalc.language.syntax import Syntax, transform, walk
from matcalc.verdict import Verdict, check


def is_named(tree: Syntax, name: str = "d") -> bool:
    """Whether a formula is one name."""
    return tree.operation == "name" and tree.value == name


def differentiated(tree: Syntax, definitions: Mapping[str, Syntax], is_name: Callable[[str], bool]) -> Syntax | None:
    """What a side is the differential of: `d F`, `dX^{-1}` or, for a name that is defined, `dF`; None if it is none."""
    tree = bare(tree)
    if tree.operation == "power" and (of := _moving(tree.operands[0], is_name)) is not None:
        return replace(tree, operands=(of, tree.operands[1]))
    if tree.operation == "name" and tree.value[:1] == "d" and tree.value[1:] in definitions:
        return definitions[tree.value[1:]]
    first, *others = factors_of(tree)
    return reduce(_product, others) if is_named(first) and others else None


def _moving(tree: Syntax, is_name: Callable[[str], bool]) -> Syntax | None:
    """X for dX; nothing for a name of its own that begins with a d, as delta does."""
    name = tree.value[1:] if tree.operation == "name" and tree.value[:1] == "d" else ""
    is_differential = (is_name(name) or name[:1].isupper()) and not is_name(tree.value)
    return replace(tree, value=name) if is_differential else None


def joined(tree: Syntax) -> Syntax:
    """A formula with `d X` and `d(X)` as the one name dX."""
    return transform(tree, _join)


def names_differential(tree: Syntax) -> bool:
    """Whether a differential such as dX is in a formula."""
    return any(node.operation == "name" and node.value[:1] == "d" and node.value[1:2].isupper() for node in walk(tree))


def is_moved(name: str, is_name: Callable[[str], bool]) -> bool:
    """Whether a name is dV for something that has a name, and no name of its own."""
    return name[:1] == "d" and is_name(name[1:]) and not is_name(name)


def differentials_in(tree: Syntax, is_name: Callable[[str], bool]) -> set[str]:
    """The names V of which a formula has the differential dV."""
    return {n.value[1:] for n in walk(joined(tree)) if n.operation == "name" and is_moved(n.value, is_name)}


def without_operator(tree: Syntax) -> Syntax:
    """A formula with `d X` and `d(X)` as dX, in which no d is left.

    Raises:
        ParseError: one stands before something else than a variable.
    """
    found = joined(tree)
    for node in walk(found):
        if is_named(node):
            raise ParseError(f"d at character {node.start + 1} does not stand before a variable", node.start)
    return found


def _product(left: Syntax, right: Syntax) -> Syntax:
    return Syntax("multiply", (left, right), None, left.start, right.end)


def _join(node: Syntax) -> Syntax:
    if node.operation not in PRODUCTS:
        return node
    result: list[Syntax] = []
    factors = factors_of(node)
    for factor in factors:
        if result and is_named(result[-1]) and (moved := _moved(factor)) is not None:
            result[-1] = moved
        else:
            result.append(factor)
    return node if len(result) == len(factors) else reduce(_product, result)


def _moved(factor: Syntax) -> Syntax | None:
    """dX for X, dX' for X'."""
    inner = bare(factor)
    if inner.operation == "name":
        return replace(inner, value=f"d{inner.value}")
    if inner.operation == "transpose" and (moved := _moved(inner.operands[0])) is not None:
        return replace(inner, operands=(moved,))
    return None


def variables(tree: Syntax, of: Syntax) -> list[str]:
    """The names V in a formula `of` for which dV stands in another."""
    names = {node.value for node in walk(of) if node.operation == "name"}
    return sorted(n for n in names if any(is_named(node, f"d{n}") for node in walk(tree)))


def check_total(
    of: str, claim: Syntax, by: Sequence[str], let: list[str], text: Callable[[Syntax], str | None]
) -> Verdict:
    """Whether a claim is the total differential: right in each variable while the others rest, and their sum.

    Args:
        of: what is differentiated.
        claim: its differential, in the dV of all that is moved.
        by: the names of what is moved.
        let: declarations.
        text: what makes a formula text of the language.
    """
    parts = {v: text(_at_rest(claim, (w for w in by if w != v))) or "" for v in by}
    for v, part in parts.items():
        found = check(of, part, v, let, "tangent" if part == "0" else None)  # 0 is no gradient here
        if not found.is_right:
            return found
    if len(by) > 1:  # what is of second order vanishes in every part
        whole = check(text(claim) or "", " + ".join(f"({part})" for part in parts.values()), None, let)
        return replace(found, correct=whole.correct) if whole.is_right else whole
    return found


def _at_rest(tree: Syntax, names: Iterable[str]) -> Syntax:
    """A formula with dV = 0 for some V."""
    resting = {f"d{name}": name for name in names}

    def rule(node: Syntax) -> Syntax:
        if node.operation != "name" or node.value not in resting:
            return node
        zero = Syntax("number", (), Fraction(0), node.start, node.end)
        return Syntax("group", (_product(zero, replace(node, value=resting[node.value])),), None, node.start, node.end)

    return transform(tree, rule)


def differentials(names: Iterable[str]) -> Iterator[str]:
    """The names of the differentials of some names, and that of the operator."""
    yield "d"
    yield from (f"d{name}" for name in names)
