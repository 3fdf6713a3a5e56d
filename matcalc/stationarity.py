"""A point where the gradient of a scalar is claimed to vanish."""

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcalc import shape
from matcalc.diagnosis import Bench, Case, Diagnosis, diagnose
from matcalc.errors import ParseError, ShapeError
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.algebra import multiply, number
from matcalc.expression.beside import beside
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.scope import Declarations, Scope, declarations
from matcalc.lazy import cached_property
from matcalc.oracle.measurement import Evidence, Measurement, moved, structure_of, weigh
from matcalc.oracle.sampling import GUARDED, Points, sample
from matcalc.structure import Reading
from matcalc.verdict import RIGHT, UNDECIDED, WRONG, Verdict

KINK = 1e-2
VANISHING = 1e-7
MULTIPLES = (-1.0, 2.0, 0.5)


@dataclass(frozen=True)
class Stationary(Case):
    """A point where the gradient by an unknown does not vanish: an edit of it is right where it does."""

    unknown: Symbol

    @classmethod
    def at(cls, scope: Scope, e: Expr, point: Expr) -> "Stationary":
        """The case of a scalar, and a point of its variable."""
        return cls(scope, e, point, None, "equality", 1, "numerator", None, (), None, scope.variable)

    @cached_property
    def parts(self) -> list[Expr]:
        """What may have been forgotten, and does not name the unknown."""
        return [part for part in super().parts if self.unknown.name not in part.names]

    def bench_at(self, points: Points) -> "Slope":
        """The gradient at points where the unknown is left open."""
        return Slope(self, points)

    def holds(self, claim: Expr, reading: Reading | None) -> bool:
        """Whether the gradient vanishes at an edited point."""
        return weigh([(b.points, b.error(claim, reading)) for b in self.benches]).ok


class Slope(Bench):
    """Points, and how large the gradient is where the unknown has the claimed value."""

    def __init__(self, case: Stationary, points: Points) -> None:
        self.case, self.points, self.order = case, points, case.order
        self.truths = {None: np.full((points.count, *(d.size(points.sizes) for d in case.shape)), np.nan)}
        self.scale = np.zeros(points.count)
        self.evaluations = {None: Evaluation(points.values, points.sizes, GUARDED)}

    def error(self, claim: Expr, reading: Reading | None) -> np.ndarray:
        """The size of the gradient at a claimed point, beside its size elsewhere."""
        e, unknown = self.case.e, self.case.unknown
        value = np.array(self.value(claim, reading))
        if unknown.name in claim.names or not structure_of(unknown).contains(value):
            return np.full(self.points.count, np.inf)
        with np.errstate(all="ignore"):
            slope = _slope(e, unknown, self.points.at(**{unknown.name: value}))
            return slope / _usual(e, unknown, self.points)

    def factor(self, claim: Expr, reading: Reading | None) -> float | None:
        """1 where the gradient vanishes, or the number by which the point must be multiplied."""
        for c in (1.0, *MULTIPLES):
            if (self.error(multiply(number(Fraction(c)), claim), reading) < VANISHING).all():
                return c
        return None


def check_stationary(expression: str, wrt: str, at: str, let: Declarations = ()) -> Verdict:
    """Whether the gradient of a scalar vanishes at a point, along all directions that the structure of `wrt` allows.

    Args:
        expression: a scalar.
        wrt: the variable X.
        at: the point, `inv(A)*b` or `X = inv(A)*b`.
        let: declarations.

    Raises:
        ParseError, DeclarationError, ShapeError: the expression or the point cannot be read or does not fit.
    """
    scope = Scope(declarations(let), wrt)
    sides = beside(expression, re.sub(r"^\s*\\?\w+\s*=(?!=)", "", at), scope)
    e, point = scope.read(*sides, like=lambda _, variable: variable)
    variable = scope.variable
    if not e.is_scalar:
        raise ShapeError(f"stationary: expected a scalar expression, got {shape.show(e.shape)}")
    if variable.name in point.names:
        raise ParseError(f"stationary: the point must not name {variable.name} itself")
    trials = []
    for points in sample([e, point], [variable]):
        here = points.at(**{variable.name: np.array(points(point))})
        if not structure_of(variable).contains(here.values[variable.name]):
            return _not_a_member(variable)
        if (_jump(e, variable, here) > KINK * Measurement(e, variable, points).scale).any():
            note = "the expression has a kink there, and so no gradient that could vanish"
            return Verdict(UNDECIDED, None, (), None, None, Evidence(False, 0, 0.0, decided=False), notes=(note,))
        trials.append((points, _slope(e, variable, here) / _usual(e, variable, points)))
    found = weigh(trials, oracles=("complex step",))
    verdict = RIGHT if found.ok else WRONG if found.decided else UNDECIDED
    diagnosis = _cause(Stationary.at(scope, e, point)) if verdict == WRONG else None
    return Verdict(verdict, None, (), diagnosis, None, found)


def _cause(case: "Stationary") -> Diagnosis:
    found = diagnose(case)
    says = "the gradient does not vanish there"
    return Diagnosis(found.kind, says if found.kind == "unknown" else f"{says}: {found.message}", found.edit)


def _usual(e: Expr, variable: Symbol, points: Points) -> np.ndarray:
    """The size that the gradient has elsewhere."""
    return np.maximum(_slope(e, variable, points), 1e-6 * Measurement(e, variable, points).scale)


def _slope(e: Expr, variable: Symbol, points: Points) -> np.ndarray:
    """The size of the gradient along the structure."""
    g = Measurement(e, variable, points).gradient(Reading.TANGENT)
    return np.sqrt(np.sum(g**2, (-2, -1)))


def _jump(e: Expr, variable: Symbol, points: Points) -> np.ndarray:
    """How much the slope along a direction of the structure changes at each point, at most over the directions."""
    step = 1e-5
    directions = Measurement(e, variable, points).directions
    around = [[moved(points, variable.name, d, sign * step)(e) for sign in (1, -1)] for d in directions.swapaxes(0, 1)]
    bends = [np.abs(ahead + behind - 2 * points(e))[:, 0, 0] / step for ahead, behind in around]
    return np.max(bends, axis=0, initial=0.0)


def _not_a_member(variable: Symbol) -> Verdict:
    diagnosis = Diagnosis("unknown", f"the point is not {variable.structure}, as {variable.name} is declared to be")
    return Verdict(WRONG, None, (), diagnosis, None, Evidence(False, 0, float("inf")))
