"""A claimed derivative beside the measured one."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.expr import Expr, Symbol
from matcalc.lazy import cached_property
from matcalc.oracle.blackbox import Blackbox
from matcalc.oracle.measurement import (
    IN_DIFFERENTIAL,
    SECOND_DIFFERENTIAL,
    SECOND_STEP,
    TOLERANCE,
    Measurement,
    magnitude,
    relative_error,
    second,
    second_differential,
)
from matcalc.oracle.noise import is_steady, nudged, without_noise
from matcalc.oracle.rounding import but_for_rounding
from matcalc.oracle.sampling import Points
from matcalc.structure import Reading

GENERIC = 4  # how many directions a quadratic form in dX is tried along: a basis would not tell it from a linear one
LARGEST = 100.0  # what the terms of a claim count at most, beside those of the expression


@dataclass(frozen=True)
class Comparison:
    """A claimed derivative of `e` against the measured one at some points."""

    e: Expr
    variable: Symbol
    points: Points
    kind: str
    order: int = 1

    @cached_property
    def measurement(self) -> Measurement:
        return Measurement(self.e, self.variable, self.points)

    def truth(self, reading: Reading, layout: str = "numerator") -> np.ndarray:
        """The measured derivative, (points, rows, columns); (points, directions, rows, columns) of a differential."""
        key = reading, layout
        if key not in self._truths:
            self._truths[key] = self._measure(reading, layout)
        return self._truths[key]

    @cached_property
    def _truths(self) -> dict[tuple[Reading, str], np.ndarray]:
        """What is measured, once for each reading: for every claim, for the differential and for its matrix."""
        return {}

    def _measure(self, reading: Reading, layout: str) -> np.ndarray:
        m = self.measurement
        if self.kind == SECOND_DIFFERENTIAL:
            return second_differential(self.e, self.variable, self.points, self.directions(reading))
        if self.kind == "differential":
            if self.order == 2:
                return self._second(reading)
            return m.free_slopes if reading is Reading.AMBIENT else m.slopes
        if self.kind == "vectorised" and self.order == 2:
            return _vec(self._second(reading)).mT
        if self.kind == "hessian":
            return self._hessian()
        if self.kind == "gradient":
            return m.gradient(reading)
        if self.variable.is_scalar:
            return m.free_slopes[:, 0]
        return m.jacobian() if layout == "numerator" else m.jacobian().mT

    def directions(self, reading: Reading) -> np.ndarray:
        """Where dX goes: along a basis of the tangent space, or for a second differential along mixtures of it."""
        basis = self.measurement.free_directions if reading is Reading.AMBIENT else self.measurement.directions
        return _mixtures(basis) if self.kind == SECOND_DIFFERENTIAL else basis

    def _second(self, reading: Reading) -> np.ndarray:
        """The derivative of the gradient along each direction."""
        return second(self.e, self.variable, self.points, self.directions(reading), reading)

    def _hessian(self) -> np.ndarray:
        m = self.measurement
        if not self.e.is_scalar:
            return second_differential(self.e, self.variable, self.points, m.free_directions)[:, 0]
        slopes = second(self.e, self.variable, self.points, m.free_directions, Reading.AMBIENT)
        return slopes.reshape(*slopes.shape[:2], -1)

    def claimed(self, claim: Expr, reading: Reading) -> np.ndarray:
        """The value of a claim at the points, laid out like `truth`."""
        if self.kind not in IN_DIFFERENTIAL:
            return self.laid_out(self.points(claim), reading)
        return along_directions(claim, self.variable, self.points, self.directions(reading))

    def laid_out(self, values: np.ndarray, reading: Reading) -> np.ndarray:
        """Values of a claim like `truth`: of H in vec dG = H vec dX, what it makes of each direction, as columns."""
        if self.kind == "vectorised" and self.order == 2:
            with np.errstate(all="ignore"):
                return values @ _vec(self.directions(reading)).mT
        return values

    def error(
        self, claim: Expr, reading: Reading, layout: str = "numerator", least: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """The relative error of a claim at every point, against a scale of its terms that is `least` at least."""
        truth = self.truth(reading, layout)
        return self._gap(self.claimed(claim, reading), truth, reading, np.fmax(self.scale, least))

    def _gap(self, claimed: np.ndarray, truth: np.ndarray, reading: Reading, scale: np.ndarray) -> np.ndarray:
        """The relative error; NaN off a set of one point, such as X = 0 of the 1 x 1 skew X, a kink of norm2."""
        error = relative_error(claimed, truth, scale)
        stands_still = reading is Reading.AMBIENT and not self.measurement.directions.shape[1]
        return np.full_like(error, np.nan) if stands_still else error

    @property
    def scale(self) -> np.ndarray:
        """What rounding is measured against; a difference quotient has lost half of the digits already."""
        return self.measurement.scale * (1 if self.order == 1 else 1 / SECOND_STEP)

    def trial(self, claim: Expr, reading: Reading, layout: str = "numerator") -> np.ndarray:
        """The relative error of a claim at every point, NaN where it is noise.

        Measured against the terms of the claim too, which cancel as those of d(a'x/‖x‖) do at size 1.
        """
        least: np.ndarray | float = 0.0
        with np.errstate(all="ignore"):
            if self.kind not in IN_DIFFERENTIAL:
                least = np.fmin(magnitude(claim, self.points), LARGEST * self.scale)
            errors = self.error(claim, reading, layout, least)
        tolerance, sides = TOLERANCE[self.order], partial(self.sides, claim, reading, layout)
        is_formula = not any(isinstance(e, Blackbox) for e in (self.e, claim))
        if not is_formula and (errors > tolerance).any():
            errors = np.where(self._is_steady(claim, reading, layout), errors, np.nan)
        errors = without_noise(self.points, errors, sides, tolerance)
        return but_for_rounding(self.points, errors, sides, tolerance) if is_formula else errors

    def _is_steady(self, claim: Expr, reading: Reading, layout: str) -> np.ndarray:
        """Where both sides are known: unlike a formula, a function has a value where it inverts a singular matrix."""
        here, near = (self.sides(claim, reading, layout, at) for at in (self.points, nudged(self.points)))
        return np.all([is_steady(a, b) for a, b in zip(here, near, strict=True)], axis=0)

    def sides(self, claim: Expr, reading: Reading, layout: str, points: Points) -> tuple[np.ndarray, np.ndarray]:
        """The values of a claim and of the measured derivative at some points, which may be others."""
        there = self if points is self.points else replace(self, points=points)
        return there.claimed(claim, reading), there.truth(reading, layout)

    def vec_error(self, j: Expr, reading: Reading) -> np.ndarray:
        """The relative error of J in vec dF = J vec dX at every point, along every direction."""
        truth = self.truth(reading)
        claimed = np.einsum("poi,pki->pko", self.points(j), _vec(self.directions(reading)))
        return self._gap(claimed, _vec(truth), reading, self.scale)


def moving(variable: Symbol, points: Points, directions: np.ndarray) -> Evaluation:
    """Expressions in dX at every point along every direction."""
    values = {n: v[:, None] for n, v in points.values.items()} | {"d" + variable.name: directions}
    return points.evaluation(values)


def along_directions(claim: Expr, variable: Symbol, points: Points, directions: np.ndarray) -> np.ndarray:
    """The value of a claim in dX at every point along every direction: (points, directions, rows, columns)."""
    with np.errstate(all="ignore"):
        value = moving(variable, points, directions)(claim)
    rows, columns = (d.size(points.sizes) for d in claim.shape)
    return np.broadcast_to(value, (*directions.shape[:2], rows, columns))


def _vec(a: np.ndarray) -> np.ndarray:
    """The columns of each matrix stacked; there may be no direction, as of a 1 x 1 skew matrix."""
    return a.mT.reshape(*a.shape[:2], a.shape[-2] * a.shape[-1])


def _mixtures(basis: np.ndarray) -> np.ndarray:
    """Random directions at every point, none of them along an axis; none where the variable does not move."""
    count = GENERIC if basis.shape[1] else 0
    weights = np.random.default_rng(0).choice([-3.0, -2.0, 2.0, 3.0], (count, basis.shape[1]))
    return np.einsum("qk,pkij->pqij", weights, basis)
