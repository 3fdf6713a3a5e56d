"""A point where the gradient of a scalar is claimed to vanish."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from matcalc import shape
from matcalc.claims.faint import relies_on
from matcalc.diagnosis import Bench, Case, Diagnosis, diagnose
from matcalc.errors import DomainError, ParseError, ShapeError
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.algebra import scale
from matcalc.expression.beside import beside
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.scope import Declarations, Scope, declarations, name_of
from matcalc.lazy import cached_property
from matcalc.oracle.measurement import Evidence, Measurement, structure_of, weigh
from matcalc.oracle.sampling import GUARDED, Points, sample, spread
from matcalc.oracle.vanishing import Neighbourhood
from matcalc.structure import Reading
from matcalc.verdict import RIGHT, WRONG, Verdict, undecided

VANISHING = 1e-7
MULTIPLES = (-1.0, 2.0, 0.5)
SEEDS, FURTHER = range(1, 5), (10.0, 100.0)


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
    scope = Scope(declarations(let), name_of(wrt))
    sides = beside(expression, re.sub(r"^\s*\\?\w+\s*=(?!=)", "", at), scope)
    e, point = scope.read(*sides, like=lambda _, variable: variable)
    variable = scope.variable
    if not e.is_scalar:
        raise ShapeError(f"stationary: expected a scalar expression, got {shape.show(e.shape)}")
    if variable.name in point.names:
        raise ParseError(f"stationary: the point must not name {variable.name} itself")
    try:
        verdict = Trial(e, variable, point, tuple(scope.cancelled)).verdict
    except DomainError as error:
        return undecided(str(error))
    if verdict.verdict == WRONG and verdict.diagnosis is None:
        return replace(verdict, diagnosis=_cause(Stationary.at(scope, e, point)))
    return verdict


# --- judging ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """A scalar, its variable, a point that is tried, and what is in neither but was written."""

    e: Expr
    variable: Symbol
    point: Expr
    cancelled: tuple[Expr, ...] = ()

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the gradient vanishes at the point, tried where it is a member of the structure if it ever is."""
        if not all(self.is_in_closure(at(self.point)) for at in self._sampled):
            return self._not_a_member
        if not any(self._is_defined(at).any() for at in self._sampled):
            return undecided("the expression as it is written has no value there")
        around, found = self._around, self._found
        if any(n.has_kink.any() for n in around):
            return undecided("the expression has a kink there, and so no gradient that could vanish")
        if not any(n.has_gradient.any() for n in around):
            return undecided("the gradient has no value there")
        if not found.decided and any(np.isnan(n.error).any() for n in around):
            return undecided("around the point the gradient is too small to be told from zero")
        if not found.decided:
            return undecided("the point has a value at too few sizes")
        if not self._members:
            says = f"the point is {self.variable.structure} at none of the values tried, though the gradient vanishes"
            return undecided(says) if found.ok else self._not_a_member
        if found.ok and (note := relies_on([self.e, self.point], self._holds)) is not None:
            return undecided(note)
        says = f"the point is {self.variable.structure} for some values only, and was tried at those"
        notes = () if self._members == self._sampled else (says,)
        return Verdict(RIGHT if found.ok else WRONG, None, (), None, None, found, notes=notes)

    @property
    def _made_of(self) -> list[Expr]:
        return [self.e, self.point, *self.cancelled]

    @cached_property
    def _sampled(self) -> list[Points]:
        return sample(self._made_of, [self.variable])

    @cached_property
    def _around(self) -> list[Neighbourhood]:
        return [Neighbourhood(self.e, self.variable, self.point, at) for at in self._members or self._sampled]

    @cached_property
    def _found(self) -> Evidence:
        return weigh([(n.points, n.error) for n in self._around], oracles=("complex step",))

    def _holds(self, made_of: Sequence[Expr]) -> bool:
        e, point = made_of
        return Trial(e, self.variable, point, self.cancelled)._found.ok

    def _is_defined(self, at: Points) -> np.ndarray:
        """Where what is written has a value at the claimed point: (points,)."""
        there = at.at(**{self.variable.name: np.array(at(self.point))})
        finite = [np.isfinite(there(e)).all((-2, -1)) for e in self.cancelled]
        return np.all(finite, axis=0) if finite else np.ones(at.count, bool)

    @cached_property
    def _members(self) -> list[Points]:
        """Points at which the claimed one is a member of the structure; more are tried where that is not always so."""
        if all(self.is_member(at(self.point)).all() for at in self._sampled):
            return self._sampled
        both = self._made_of, [self.variable]
        fresh = [at for seed in SEEDS for at in sample(*both, seed=seed)]
        tried = [*self._sampled, *fresh, *spread(*both, FURTHER)]
        kept = [at.take(np.flatnonzero(self.is_member(at(self.point)))) for at in tried]
        return [at for at in kept if at.count]

    def is_in_closure(self, values: np.ndarray) -> bool:
        """Whether values are members but for open conditions, as symmetric matrices are among the spd ones."""
        return replace(structure_of(self.variable), margin=None).contains(values)

    def is_member(self, values: np.ndarray) -> np.ndarray:
        """Which values are members: (points,)."""
        is_positive = self.variable.structure != "positive" or (values > 0).all((-2, -1))
        return np.array([structure_of(self.variable).contains(value) for value in values]) & is_positive

    @property
    def _not_a_member(self) -> Verdict:
        says = f"the point is not {self.variable.structure}, as {self.variable.name} is declared to be"
        return Verdict(WRONG, None, (), Diagnosis("unknown", says), None, Evidence(False, 0, float("inf")))


# --- what would be right ---------------------------------------------------------------------------------------------


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
        try:
            return Trial(self.e, self.unknown, claim).verdict.is_right
        except DomainError:
            return False


class Slope(Bench):
    """Points, and how large the gradient is where the unknown has the claimed value."""

    def __init__(self, case: Stationary, points: Points) -> None:
        self.case, self.points, self.order = case, points, case.order
        self.truths = {None: np.full((points.count, *(d.size(points.sizes) for d in case.shape)), np.nan)}
        self.scale = np.zeros(points.count)
        self.evaluations = {None: Evaluation(points.values, points.sizes, GUARDED)}

    def error(self, claim: Expr, reading: Reading | None) -> np.ndarray:
        """The size of the gradient at a claimed point, beside its size elsewhere; NaN where that is no member."""
        e, unknown = self.case.e, self.case.unknown
        trial, value = Trial(e, unknown, claim), np.array(self.value(claim, reading))
        if unknown.name in claim.names or not trial.is_in_closure(value):
            return np.full(self.points.count, np.inf)
        with np.errstate(all="ignore"):
            slope = _slope(e, unknown, self.points.at(**{unknown.name: value}))
            share = np.where(trial.is_member(value), slope / _usual(e, unknown, self.points), np.nan)
        return share if _is_large(share) else Neighbourhood(e, unknown, claim, self.points).error

    def factor(self, claim: Expr, reading: Reading | None) -> float | None:
        """1 where the gradient vanishes, or the number by which the point must be multiplied."""
        multiples = (1.0, *MULTIPLES)
        return next((c for c in multiples if not _is_large(self.error(scale(Fraction(c), claim), reading))), None)


def _is_large(share: np.ndarray) -> bool:
    """Whether a gradient does not seem to vanish, at a point or for want of one."""
    return bool((share > VANISHING).any() or np.isnan(share).all())


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
