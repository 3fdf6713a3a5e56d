"""A formula that has no closed form, as an expression: measured where others are tried, and its derivative with it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.claims.entries import Point
from matcalc.claims.meaning import Meaning
from matcalc.errors import MatcalcError
from matcalc.evaluation.evaluate import sizes_of
from matcalc.expression.expr import Opaque
from matcalc.language.syntax import LOOPS, Syntax, walk
from matcalc.oracle.measurement import STEP
from matcalc.shape import Shape

LARGEST = 4  # the nodes of a quadrature grow with the power of the size
Sizes = Mapping[str, int]
Values = Mapping[str, np.ndarray]
Formula = Callable[[Sizes, Values], np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Measured(Opaque):
    """A formula with integrals, expectations or indices, of symbols; no value where a size is too large to measure.

    Nor where one is 1: what is a matrix, a vector or a scalar there is told by its rows and columns.
    """

    def value(self, values: Mapping[str, Any]) -> np.ndarray:
        """The value at arrays (..., rows, columns)."""
        sizes = sizes_of(self.arguments, {s.name: values[s.name].shape[-2:] for s in self.arguments})
        given = {s.name: values[s.name] for s in self.arguments}
        leading = np.broadcast_shapes(*(v.shape[:-2] for v in given.values()))
        rows, columns = (d.size(sizes) for d in self.shape)
        value = self.function(sizes, given) if min(sizes.values(), default=2) > 1 else np.full((1, 1), np.nan)
        return np.broadcast_to(value, (*leading, rows, columns))

    def along(self, name: str, values: Mapping[str, Any], directions: np.ndarray) -> np.ndarray:
        """The derivative by a complex step along each direction: (points, directions, rows, columns)."""
        step = {n: v[:, None] for n, v in values.items()}
        step[name] = step[name] + 1j * STEP * directions
        with np.errstate(all="ignore"):
            value = self.value(step)
        rows, columns = value.shape[-2:]
        slopes = np.where(np.isnan(value), np.nan, value.imag / STEP)
        return np.broadcast_to(slopes, (*directions.shape[:2], rows, columns))


def measured(tree: Syntax, meaning: Meaning, shape: Shape, name: str = "measured") -> Measured:
    """A formula without free indices as an expression of a shape.

    Raises:
        MatcalcError: it has a size that no symbol tells.
    """
    meaning, names = meaning.used([tree])
    symbols = tuple(sorted(meaning.symbols.values(), key=lambda s: s.name))
    told = {d.names[0] for s in symbols for d in s.shape if len(d.names) == 1}
    untold = names.union(*(d.names for d in shape)) - told
    if untold:
        raise MatcalcError(f"the size {min(untold)} cannot be told from the symbols of the formula")

    def at(sizes: Sizes, values: Values) -> np.ndarray:
        return Point(meaning, sizes, values, values)(tree)

    is_integrated = any(node.operation in ("integral", "derivative") for node in walk(tree))
    return Measured(name, _at_each_point(at) if is_integrated else at, symbols, shape)


def _at_each_point(formula: Formula) -> Formula:
    """A formula whose integrals take their Gaussians from one point."""

    def at(sizes: Sizes, values: Values) -> np.ndarray:
        if any(np.iscomplexobj(v) for v in values.values()):
            raise MatcalcError("the derivative of a formula with integrals or derivatives is not measured")
        if max(sizes.values(), default=1) > LARGEST:
            return np.full((1, 1), np.nan)
        points = range(len(next(iter(values.values()))))
        return np.stack([formula(sizes, {n: v[p] for n, v in values.items()}) for p in points])

    return at


def lengths(sizes: Iterable[str]) -> frozenset[str]:
    """The names of sizes that x_n may be indexed with; i, j, k and l are indices even where a size has the letter."""
    return frozenset(sizes) - set("ijkl")


def free_indices(tree: Syntax, bound: frozenset[str]) -> Iterator[str]:
    """The names of indices that no sum binds."""
    if tree.operation in LOOPS:
        kind, names = tree.value
        if kind == "where":
            index, _, other = names
            is_summed = any((n.operation, n.value) == ("name", other) for n in walk(tree.operands[0]))
            if not is_summed and other not in bound:
                yield other  # Σ_{j ≠ k} z_j is over j alone
            names = (index, other) if is_summed else (index,)
        bound = bound | frozenset(names)
    operands = tree.operands
    if tree.operation == "entries":
        operands, bound = operands[:1], bound | {p.value for p in operands[1:]}
    if tree.operation == "subscript" and tree.operands[0].operation not in ("ones", "norm"):
        operands = tree.operands[:1]
        if not (operands[0].operation == "name" and operands[0].value == "I" and len(tree.operands) == 2):
            for place in tree.operands[1:]:
                yield from (n.value for n in walk(place) if n.operation == "name" and n.value not in bound)
    for operand in operands:
        yield from free_indices(operand, bound)
