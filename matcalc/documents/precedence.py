"""Which factors an elementwise product takes: `a ⊙ b xᵀ` is a ⊙ (b xᵀ), or (a ⊙ b) xᵀ where only that fits."""

from collections.abc import Iterator
from dataclasses import replace

from matcalc.errors import MatcalcError, ShapeError
from matcalc.language.plain import PRODUCTS, ShapeOf, factors_of
from matcalc.language.syntax import Syntax, transform


def with_fitting_products(tree: Syntax, shape_of: ShapeOf) -> Syntax:
    """A formula in which elementwise products that do not fit are grouped in the one way that does."""

    def rule(node: Syntax) -> Syntax:
        if node.operation != "hadamard" or not any(o.operation in PRODUCTS for o in node.operands):
            return node
        try:
            shape_of(node)
        except ShapeError:
            fitting = [other for other in _groupings(node) if _fits(other, shape_of)]
            return fitting[0] if len(fitting) == 1 else node
        except MatcalcError:  # with indices or integrals in it
            pass
        return node

    return transform(tree, rule)


def _groupings(node: Syntax) -> Iterator[Syntax]:
    """The product with ⊙ between other factors: the last ones on the left side, the first ones on the right side."""
    left, right = node.operands
    for before, last in _endings(left):
        for first, after in _beginnings(right):
            if before or after:
                inner = replace(node, operands=(last, first), start=last.start, end=first.end)
                yield _times([*before, inner, *after])


def _endings(tree: Syntax) -> Iterator[tuple[list[Syntax], Syntax]]:
    """The factors of a product, the last of them together."""
    factors = factors_of(tree)
    for k in range(len(factors)):
        yield factors[:k], _times(factors[k:])


def _beginnings(tree: Syntax) -> Iterator[tuple[Syntax, list[Syntax]]]:
    factors = factors_of(tree)
    for k in range(len(factors), 0, -1):
        yield _times(factors[:k]), factors[k:]


def _times(factors: list[Syntax]) -> Syntax:
    first, *others = factors
    for factor in others:
        first = Syntax("juxtapose", (first, factor), None, first.start, factor.end)
    return first


def _fits(tree: Syntax, shape_of: ShapeOf) -> bool:
    try:
        shape_of(tree)
    except MatcalcError:
        return False
    return True
