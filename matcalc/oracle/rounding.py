"""What is zero, or only small: every operation is rounded at random, several times over.

What is zero but for rounding changes its sign from one time to the next; what is small, as d exp(x) at -25, does not.
"""

from collections.abc import Callable, Mapping

import numpy as np

from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.expr import Expr, Symbol
from matcalc.lazy import cached_property
from matcalc.oracle.measurement import UNDERFLOW, along
from matcalc.oracle.noise import ABOVE_NOISE, REPLICAS, Sides, norm
from matcalc.oracle.sampling import GUARDED, Points

UNITS = 2.0**-50  # what an operation is off by at most, more than it truly is
LARGER = 100.0
NEGLIGIBLE = 1e-10  # of rounding that cannot hide a difference at points of size 1


class Rounded(Evaluation):
    """An evaluation in which the value of every expression is off by some units in the last place."""

    def __init__(self, values: Mapping[str, np.ndarray], sizes: Mapping[str, int], rng: np.random.Generator) -> None:
        super().__init__(values, sizes, GUARDED)
        self._rng = rng
        self._leading = np.broadcast_shapes(*(v.shape[:-2] for v in values.values()))

    def _value(self, e: Expr) -> np.ndarray:
        value = super()._value(e)
        shape = (*np.broadcast_shapes(self._leading, value.shape[:-2]), *value.shape[-2:])
        return np.asarray(value * (1 + UNITS * self._rng.uniform(-1, 1, shape)))


class RoundedPoints(Points):
    """Points at which every operation is rounded at random."""

    @cached_property
    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(0)

    def evaluation(self, values: Mapping[str, np.ndarray]) -> Evaluation:
        """How expressions are evaluated at these points, of which some values are replaced."""
        return Rounded(values, self.sizes, self._rng)


def replicas(points: Points) -> RoundedPoints:
    """Every point as many times as it is to be rounded."""
    values = points.values or {"": np.zeros((1, 1, 1))}  # a number is rounded too, with no symbol to count by
    return RoundedPoints(points.sizes, {n: np.repeat(v, REPLICAS, 0) for n, v in values.items()})


def in_replicas(values: np.ndarray) -> np.ndarray:
    """Values at points that come in replicas, (points, replicas, ...)."""
    return values.reshape(len(values) // REPLICAS, REPLICAS, *values.shape[1:])


def slopes(e: Expr, variable: Symbol, points: Points, directions: np.ndarray) -> np.ndarray:
    """The slopes of a scalar at points that come in replicas, rounded at random: (points, replicas, directions)."""
    return in_replicas(along(e, variable.name, points, directions)[..., 0, 0])


def size(a: np.ndarray) -> np.ndarray:
    """The norm of the mean over replicas, (points,)."""
    with np.errstate(all="ignore"):
        return norm(a.mean(1))


def stands_out(a: np.ndarray) -> np.ndarray:
    """Where what is rounded at random is more than rounding, and not next to nothing: (points,)."""
    with np.errstate(all="ignore"):
        noise = norm(a.std(1))
    return np.asarray((size(a) > ABOVE_NOISE * noise) & (size(a) > UNDERFLOW))


def but_for_rounding(
    at: Points, errors: np.ndarray, sides: Sides, tolerance: float, negligible: float = NEGLIGIBLE
) -> np.ndarray:
    """The errors, 0 where two sides differ by no more than rounding does, as log sum softmax(x) and 0 do."""
    differs = np.asarray(errors > tolerance)
    if differs.any():
        with np.errstate(all="ignore"):
            a, b = sides(at)
            differs &= ~(norm(a - b) > LARGER * negligible)  # most sides that differ do so by far more than rounding
    return np.where(differs & is_rounding(at, sides, negligible), 0.0, errors) if differs.any() else errors


def is_rounding(at: Points, sides: Sides, negligible: float = NEGLIGIBLE) -> np.ndarray:
    """Where the difference of two sides is as large as rounding makes it at random, and no larger: (points,)."""
    with np.errstate(all="ignore"):
        a, b = map(in_replicas, sides(replicas(at)))
        noise = norm((a - b).std(1))
        return np.asarray((noise < negligible) & ~(size(a - b) > ABOVE_NOISE * noise))


def is_zero(at: Points, value: Callable[[Points], np.ndarray], negligible: float = NEGLIGIBLE) -> bool:
    """Whether a value is zero but for rounding at every point."""

    def sides(points: Points) -> tuple[np.ndarray, np.ndarray]:
        return (found := value(points)), np.zeros_like(found)

    return bool(is_rounding(at, sides, negligible).all())
