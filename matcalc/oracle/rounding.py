"""Whether a derivative is zero, or only small: every operation is rounded at random, several times over.

What is zero but for rounding changes its sign from one time to the next; what is small, as d exp(x) at -25, does not.
"""

from collections.abc import Mapping

import numpy as np

from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.expr import Expr, Symbol
from matcalc.oracle.measurement import UNDERFLOW, along
from matcalc.oracle.noise import ABOVE_NOISE, REPLICAS, norm
from matcalc.oracle.sampling import GUARDED, Points

UNITS = 2.0**-50  # what an operation is off by at most, more than it truly is


class Rounded(Evaluation):
    """An evaluation in which the value of every expression is off by some units in the last place."""

    def __init__(self, values: Mapping[str, np.ndarray], sizes: Mapping[str, int], ops: object = GUARDED) -> None:
        super().__init__(values, sizes, ops)
        self._rng = np.random.default_rng(0)
        self._leading = np.broadcast_shapes(*(v.shape[:-2] for v in values.values()))

    def _value(self, e: Expr) -> np.ndarray:
        value = super()._value(e)
        shape = (*np.broadcast_shapes(self._leading, value.shape[:-2]), *value.shape[-2:])
        return np.asarray(value * (1 + UNITS * self._rng.uniform(-1, 1, shape)))


def replicas(points: Points) -> Points:
    """Every point as many times as it is to be rounded."""
    return points.take(np.repeat(np.arange(points.count), REPLICAS))


def rounded(points: Points, e: Expr) -> np.ndarray:
    """The value of an expression at every point, rounded at random: (points, rows, columns)."""
    with np.errstate(all="ignore"):
        value = Rounded(points.values, points.sizes)(e)
    return np.broadcast_to(value, (points.count, *value.shape[-2:]))


def slopes(e: Expr, variable: Symbol, points: Points, directions: np.ndarray) -> np.ndarray:
    """The slopes of a scalar at points that come in replicas, rounded at random: (points, replicas, directions)."""
    found = along(e, variable.name, points, directions, Rounded)[..., 0, 0]
    return found.reshape(points.count // REPLICAS, REPLICAS, found.shape[-1])


def size(a: np.ndarray) -> np.ndarray:
    """The norm of the mean over replicas, (points,)."""
    with np.errstate(all="ignore"):
        return norm(a.mean(1))


def stands_out(a: np.ndarray) -> np.ndarray:
    """Where what is rounded at random is more than rounding, and not next to nothing: (points,)."""
    with np.errstate(all="ignore"):
        noise = norm(a.std(1))
    return np.asarray((size(a) > ABOVE_NOISE * noise) & (size(a) > UNDERFLOW))
