"""A side of a statement that has no closed form, as an expression: measured where the other side is tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.entries import Point
from matcalc.errors import MatcalcError
from matcalc.evaluate import sizes_of
from matcalc.expr import Opaque
from matcalc.meaning import Meaning
from matcalc.shape import Shape
from matcalc.syntax import Syntax

LARGEST = 4  # the nodes of a quadrature grow with the power of the size


@dataclass(frozen=True, eq=False, repr=False)
class Measured(Opaque):
    """A formula with integrals, expectations or indices, of symbols; no value where a size is too large to measure."""

    def value(self, values: Mapping[str, Any]) -> np.ndarray:
        """The value at arrays (points, rows, columns)."""
        sizes = sizes_of(self.arguments, {s.name: values[s.name].shape[-2:] for s in self.arguments})
        points = range(len(next(iter(values.values()))))
        rows, columns = (d.size(sizes) for d in self.shape)
        if max(sizes.values(), default=1) > LARGEST:
            return np.full((len(points), rows, columns), np.nan)
        each = ({s.name: values[s.name][p] for s in self.arguments} for p in points)
        return np.stack([np.broadcast_to(self.function(sizes, one), (rows, columns)) for one in each])


def measured(tree: Syntax, meaning: Meaning, shape: Shape) -> Measured:
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

    def at(sizes: Mapping[str, int], values: Mapping[str, np.ndarray]) -> np.ndarray:
        return Point(meaning, sizes, values, values)(tree)

    return Measured("measured", at, symbols, shape)
