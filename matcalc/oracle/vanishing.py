"""Whether a gradient vanishes at a point, and not only nearly.

It vanishes if it is no more than rounding there, and more on both sides: that of exp(-x) is small far away, and smaller
further on. Where it does not grow, as that of relu(x) below 0, the expression must be constant around the point.
"""

from dataclasses import dataclass

import numpy as np

from matcalc.expression.algebra import zeros
from matcalc.expression.expr import Apply, Call, Expr, Symbol
from matcalc.lazy import cached_property
from matcalc.oracle.exact import ExactClaim
from matcalc.oracle.measurement import STEP, Measurement, moved
from matcalc.oracle.rounding import replicas, size, slopes, stands_out
from matcalc.oracle.sampling import Points
from matcalc.structure import Reading

APART = (1e-1, 1e-2, 1e-4)  # of the size of the point: how far from it the gradient may have grown,
GROWN = 3.0  # by this factor
NEAR, NEARER = 1e-6, 1e-8
KINK = 0.5  # the share of a jump between both sides of the point that stays when they come nearer
APPROXIMATED, APPROXIMATION = ("expm", "logm", "sqrtm"), 1e-12
PIECEWISE = ("abs", "relu", "sign", "step")  # what may be constant on a part only
SATURATING = (*APPROXIMATED, "logsumexp", "softmax", "chol", "logdet")


@dataclass(frozen=True)
class Neighbourhood:
    """The gradient of a scalar around a claimed point of its variable, at some points of what it is made of."""

    e: Expr
    variable: Symbol
    point: Expr
    points: Points

    @cached_property
    def error(self) -> np.ndarray:
        """0 where the gradient vanishes, 1 where it does not, NaN where neither can be told: (points,).

        What a complex step neglects is no gradient either: that of x^3 is the square of the step at 0. Nor is what the
        approximation of a matrix function does.
        """
        there = self._slopes_at(0.0)
        is_approximate = (_functions(self.e) | _functions(self.point)) & set(APPROXIMATED)
        vanishes = ~stands_out(there) | (size(there) < (APPROXIMATION if is_approximate else STEP) * self._grown)
        grows = self._grown > GROWN * size(there)
        is_zero = vanishes & (grows | self._is_constant_everywhere | self._is_constant_around)
        return np.select([~self.has_gradient, ~vanishes, is_zero], [np.nan, 1.0, 0.0], np.nan)

    @property
    def has_gradient(self) -> np.ndarray:
        """Where the gradient has a finite value at the point: (points,)."""
        return np.isfinite(self._slopes_at(0.0)).all((1, 2))

    @cached_property
    def has_kink(self) -> np.ndarray:
        """Where the slopes before and behind the point stay apart as both come nearer: (points,)."""
        near, nearer = (self._slopes_at(step) - self._slopes_at(-step) for step in (NEAR, NEARER))
        return np.asarray(stands_out(nearer) & (size(nearer) > KINK * size(near)))

    @cached_property
    def _here(self) -> Points:
        """The points, in replicas, with the variable at the claimed point."""
        many = replicas(self.points)
        return many.at(**{self.variable.name: np.array(many(self.point))})

    @cached_property
    def _way(self) -> np.ndarray:
        """A direction at every point that the structure allows, as long as the point or what else the variable is."""
        basis = Measurement(self.e, self.variable, self._here).directions
        way = np.einsum("k,pkij->pij", np.random.default_rng(0).standard_normal(basis.shape[1]), basis)
        here, elsewhere = self._here.values[self.variable.name], self.points.values[self.variable.name]
        length = np.abs(here).max((1, 2), keepdims=True)
        return way * np.where(length > 0, length, np.abs(elsewhere).max())

    def _slopes_at(self, step: float) -> np.ndarray:
        at = moved(self._here, self.variable.name, self._way, step)
        return slopes(self.e, self.variable, at, Measurement(self.e, self.variable, at).directions)

    @cached_property
    def _grown(self) -> np.ndarray:
        """How large the gradient is on both sides at least, if it is more than rounding there: (points,)."""
        sides = [[self._slopes_at(sign * step) for sign in (1, -1)] for step in APART]
        return np.max([np.min([np.where(stands_out(s), size(s), 0) for s in pair], 0) for pair in sides], axis=0)

    @cached_property
    def _is_constant_everywhere(self) -> bool:
        claim = ExactClaim(self.e, zeros(self.variable.shape), self.variable, "gradient")
        return self.variable not in self.e.symbols or claim.holds(Reading.TANGENT) is True

    @property
    def _is_constant_around(self) -> np.ndarray:
        """Where an expression made of pieces has the same value on both sides, and neither over- nor underflows."""
        kinds = _functions(self.e)
        if not kinds or not kinds <= set(PIECEWISE):
            return np.zeros(self.points.count, bool)
        at = self.points.at(**{self.variable.name: np.array(self.points(self.point))})
        way = self._way[:: len(self._way) // self.points.count]
        try:
            with np.errstate(over="raise", under="raise"):
                values = [
                    at.evaluation(moved(at, self.variable.name, way, step).values)(self.e)
                    for step in (-APART[0], 0.0, APART[0])
                ]
        except FloatingPointError:
            return np.zeros(self.points.count, bool)
        return np.asarray(np.ptp(values, axis=0)[..., 0, 0] == 0)


def _functions(e: Expr) -> set[str]:
    """The functions in an expression that are not rational."""
    own = {e.function} if isinstance(e, Apply) or (isinstance(e, Call) and e.function in SATURATING) else set()
    return own.union(*map(_functions, e.args))
