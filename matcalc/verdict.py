"""check(...): whether a claimed formula is right, in which reading, and if not, why and what would be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np

from matcalc import shape
from matcalc.claims.counterexample import claim_refuted_at, unequal_at
from matcalc.claims.faint import faint_in_claim, faint_in_equality
from matcalc.claims.hollow import hollow
from matcalc.claims.limits import limit_of_claim, limit_of_equality, nowhere
from matcalc.claims.problem import Problem, Statement, in_shape, read_claim, read_functions
from matcalc.claims.sums import has_sums, read_with_sums
from matcalc.derivative import evidence, formulate, notes_on, require_order_and_layout
from matcalc.diagnosis import Case, Diagnosis, diagnose, misshapen
from matcalc.differentiation.form import Form
from matcalc.differentiation.formulation import is_read
from matcalc.errors import DomainError, MatcalcError, NoRuleError, ParseError, ShapeError
from matcalc.expression.beside import beside
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.scope import Declarations, Scope, declarations
from matcalc.language.statements import is_inequality
from matcalc.oracle.comparison import Comparison
from matcalc.oracle.exact import ORACLE, ExactClaim
from matcalc.oracle.measurement import (
    IN_DIFFERENTIAL,
    SECOND_DIFFERENTIAL,
    TOLERANCE,
    Evidence,
    magnitude,
    relative_error,
    structure_of,
    weigh,
)
from matcalc.oracle.noise import without_noise
from matcalc.oracle.rounding import but_for_rounding
from matcalc.oracle.routes import gap_between_routes
from matcalc.oracle.sampling import Points, sample
from matcalc.structure import Reading

RIGHT, WRONG, CONVENTION, UNDECIDED = "right", "wrong", "convention-dependent", "undecided"
NOTHING = Evidence(False, 0, float("inf"))


@dataclass(frozen=True)
class Verdict:
    """The answer to a claim, with its evidence."""

    verdict: str
    reading: Reading | None
    right_under: tuple[str, ...]
    diagnosis: Diagnosis | None
    correct: Form | None
    evidence: Evidence
    claim: str = ""
    notes: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        """Whether the claim is right as asked."""
        return self.is_right

    @property
    def is_right(self) -> bool:
        """Whether the claim is right as asked."""
        return self.verdict == RIGHT

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line promises."""
        found = self.evidence.to_json()
        del found["ok"]
        return {
            "verdict": self.verdict,
            "reading": str(self.reading) if self.reading is not None else None,
            "right_under": list(self.right_under),
            "diagnosis": self.diagnosis.to_json() if self.diagnosis is not None else None,
            "correct": {"text": self.correct.text, "latex": self.correct.latex} if self.correct is not None else None,
            "evidence": {**found, "counterexample": self.evidence.counterexample},
        } | ({"notes": list(self.notes)} if self.notes else {})

    def _repr_latex_(self) -> str:
        """The verdict, and what would be right, typeset."""
        right = f":\\; {self.correct.latex}" if self.correct is not None else ""
        return rf"$\displaystyle \text{{{self.verdict}}}{right}$"

    def _repr_html_(self) -> str:
        """The verdict, the cause, and what would be right, as a notebook shows them."""
        right = f"<br>right is ${self.correct.latex}$" if self.correct is not None and not self.is_right else ""
        cause = f": {escape(self.diagnosis.message)}" if self.diagnosis is not None else ""
        notes = "".join(f"<br><i>{escape(note)}</i>" for note in self.notes)
        return f"<p><b>{self.verdict}</b>{cause}{right}{notes}</p>"

    def raise_if_wrong(self) -> "Verdict":
        """The verdict itself when the claim is right.

        Raises:
            AssertionError: the claim is anything but right; the message is the diagnosis.
        """
        if not self.is_right:
            raise AssertionError(str(self))
        return self

    def __str__(self) -> str:
        parts = [self.verdict]
        if self.verdict == CONVENTION and self.right_under:
            parts.append(f"right in the reading {', '.join(self.right_under)}")
        if self.diagnosis is not None:
            parts.append(self.diagnosis.message)
        if self.correct is not None and not self.is_right:
            parts.append(f"right would be {self.correct.unicode}")
        return "; ".join(parts)


def check(
    expression: Statement,
    claim: Statement,
    wrt: "str | Symbol | None" = None,
    let: Declarations = (),
    reading: "str | Reading | None" = None,
    order: int = 1,
    layout: str = "numerator",
) -> Verdict:
    """Whether a claim is right: the derivative of an expression by `wrt`, or without `wrt` equal to it.

    Args:
        expression: text of the language, an expression of symbols, or a JAX function of arrays by name (vectors 1-D).
        claim: the same; `dF = ...` or a formula in `dX` is a claim about the differential, and by a matrix the matrix J
            of vec dF = J vec dX one too. The number 0 is the zero of any shape.
        wrt: the variable, or None for a claim of equality.
        let: declarations such as `"X: n x n symmetric"`, or `{"X": "n x n symmetric"}`; for functions, of every
            argument.
        reading: the reading the claim is meant in; all that are defined are tried when it is not given.
        order: 1, or 2 for a Hessian.
        layout: of a Jacobian, `numerator` (a row per output) or `denominator`.

    Returns:
        the verdict: `right`, `wrong`, `convention-dependent` (right in some readings only) or `undecided`.

    Raises:
        ParseError, DeclarationError, ShapeError: the expression or the claim cannot be read, or does not fit in itself.
    """
    let = declarations(let)
    if isinstance(claim, str) and is_inequality(claim):
        raise ParseError(f"the claim {claim.strip()!r} is an inequality: ask check_inequality, without a variable")
    if wrt is None:
        return _check_equality(expression, claim, let)
    require_order_and_layout(order, layout)
    reading = Reading(reading) if reading is not None else None
    problem = read_claim(expression, claim, wrt, let, order, layout)
    _require_defined(problem.variable, reading)
    verdict = _judge(problem, reading)
    return replace(verdict, notes=(*verdict.notes, *notes_on(problem.e, problem.variable.name)))


def undecided(note: str) -> Verdict:
    """The verdict on what cannot be decided, and why."""
    return Verdict(UNDECIDED, None, (), None, None, Evidence(False, 0, 0.0, decided=False), notes=(note,))


def _require_defined(variable: Symbol, reading: Reading | None) -> None:
    if reading is Reading.ENTRYWISE and not structure_of(variable).is_linear:
        raise NoRuleError(
            f"{variable.name} is {variable.structure}: it has no free entries and so no entrywise reading"
        )


# --- judging ---------------------------------------------------------------------------------------------------------


def _judge(problem: Problem, reading: Reading | None) -> Verdict:
    correct = _correct(problem, reading)
    if not problem.fits:
        return _other_shape(problem, reading, correct)
    expressions = [problem.e, *([] if problem.kind in IN_DIFFERENTIAL else [problem.claim]), *problem.cancelled]
    named = {s for s in problem.claim.symbols if s.name != problem.scope.differential_name}
    symbols = {problem.variable, *named}
    try:
        points = sample(expressions, symbols)
    except DomainError as error:
        without = nowhere(problem.e, problem.claim, symbols, problem.cancelled)
        return Verdict(WRONG, reading, (), without, correct, NOTHING) if without else undecided(str(error))
    comparisons = [problem.comparison(at) for at in points]
    found = {r: _weigh(problem, comparisons, r) for r in problem.readings}
    found = {r: problem.exact.decide(_confirm(problem, e), r) for r, e in found.items()}
    by_form = any(ORACLE in e.oracles for e in found.values())
    if (note := hollow(problem.cancelled if by_form else expressions, points)) is not None:
        return undecided(note)
    if any(e.ok for e in found.values()):
        limit = limit_of_claim(problem, expressions, symbols, [r for r, e in found.items() if e.ok])
        limit = limit or _limit_of_second_order(problem, correct)
        if limit is not None:
            refuted = replace(next(e for e in found.values() if e.ok), ok=False)
            return Verdict(WRONG, reading, (), limit, correct, refuted)
        by_rounding = [r for r, e in found.items() if e.ok and ORACLE not in e.oracles]
        if by_rounding and (note := faint_in_claim(problem, expressions, symbols, by_rounding)) is not None:
            return undecided(note)
    right_under = _right_under(problem, found)
    verdict = _verdict(found, right_under, problem, reading)
    shown = reading if reading in found else _default(found, right_under)
    evidence_shown = found[shown]
    if verdict in (RIGHT, UNDECIDED):
        return Verdict(verdict, reading, right_under, None, correct, evidence_shown)
    if verdict == WRONG and problem.has_layout and problem.turned.fits:
        turned = _weigh(problem.turned, comparisons, problem.readings[0])
        if turned.ok:
            return Verdict(CONVENTION, reading, (), _layout_diagnosis(problem), correct, turned)
    case = _case(problem, reading, right_under, correct)
    counterexample = claim_refuted_at(problem, shown)
    evidence_shown = Evidence(False, evidence_shown.instances, evidence_shown.max_relative_error,
                              evidence_shown.oracles, counterexample)  # fmt: skip
    return Verdict(verdict, reading, right_under, diagnose(case), correct, evidence_shown)


def _limit_of_second_order(problem: Problem, correct: Form | None) -> Diagnosis | None:
    """Where what is of second order, by its form, is not what is claimed; measured, it is known to some digits only."""
    is_moved = problem.kind == SECOND_DIFFERENTIAL and structure_of(problem.variable).is_linear
    if not (problem.kind == "hessian" or is_moved) or correct is None or correct.expr.shape != problem.claim.shape:
        return None
    return limit_of_equality(correct.expr, problem.claim, problem.cancelled)


def _case(problem: Problem, reading: Reading | None, right_under: tuple[str, ...], correct: Form | None) -> Case:
    return Case(problem.scope, problem.e, problem.claim, problem.variable, problem.kind, problem.order, problem.layout,
                reading, right_under, correct)  # fmt: skip


def _weigh(problem: Problem, comparisons: Sequence[Comparison], reading: Reading) -> Evidence:
    trials = [(c.points, c.trial(problem.claim, reading, problem.layout)) for c in comparisons]
    return weigh(trials, problem.order)


def _confirm(problem: Problem, found: Evidence) -> Evidence:
    """A claim that the complex step finds right is right only if `jax.grad` agrees with the complex step."""
    if not found.ok:
        return found
    gap = gap_between_routes(problem.e, problem.variable)
    agree = gap <= TOLERANCE[problem.order]
    worst = max(found.max_relative_error, gap)
    return Evidence(agree, found.instances, worst, (*found.oracles, "jax.grad"), None, agree)


def _default(found: dict[Reading, Evidence], right_under: Sequence[str]) -> Reading:
    if right_under:
        return next((r for r in found if r in right_under), next(iter(found)))
    return Reading.ENTRYWISE if Reading.ENTRYWISE in found else next(reversed(found))


def _right_under(problem: Problem, found: dict[Reading, Evidence]) -> tuple[str, ...]:
    if is_read(problem.variable, problem.kind, problem.order):
        return tuple(str(r) for r in _ordered(found) if found[r].ok)
    if problem.kind in ("gradient", "jacobian", "hessian") and all(f.ok for f in found.values()):
        return tuple(map(str, _ordered(Reading)))
    return ()


def _ordered(readings: Iterable[Reading]) -> list[Reading]:
    return [r for r in (Reading.AMBIENT, Reading.TANGENT, Reading.ENTRYWISE) if r in set(readings)]


def _verdict(
    found: dict[Reading, Evidence], right_under: Sequence[str], problem: Problem, reading: Reading | None
) -> str:
    asked = [found[reading]] if reading in found else list(found.values())
    if all(f.ok for f in asked):
        return RIGHT
    if right_under:
        return CONVENTION
    if not all(f.decided for f in found.values()):
        return UNDECIDED
    return WRONG


def _correct(problem: Problem, reading: Reading | None) -> Form | None:
    """The verified closed form in the reading asked, or the default one; None where the engine has none."""
    try:
        kind = problem.kind if problem.kind in IN_DIFFERENTIAL else None
        derivative = formulate(problem.e, problem.scope, reading, problem.order, problem.layout, kind)
        return derivative.form if evidence(derivative).ok else None
    except MatcalcError:  # no rule, or a form without a value: det(S) inv(S) of a singular S
        return None


def _layout_diagnosis(problem: Problem) -> Diagnosis:
    what = "gradient is given as a row" if problem.kind == "gradient" else "Jacobian is given in the other layout"
    edit = Form(problem.claim.T, problem.scope.size_names).text
    return Diagnosis("convention", f"the {what}; transpose it", edit)


def _other_shape(problem: Problem, reading: Reading | None, correct: Form | None) -> Verdict:
    """A claim of another shape: right as a row or in the other layout, or wrong."""
    claim, turned = problem.claim, problem.turned
    message = f"the claim is {shape.show(claim.shape)}, the derivative is {shape.show(problem.wanted)}"
    if turned.fits and (problem.has_layout or shape.ONE in problem.variable.shape) and (found := _right_in(turned)):
        return Verdict(CONVENTION, reading, (), _layout_diagnosis(problem), correct, found)
    return Verdict(WRONG, reading, (), misshapen(_case(problem, reading, (), correct), message), correct, NOTHING)


def _right_in(problem: Problem) -> Evidence | None:
    """The evidence of the first reading in which a claim is right; None where it is right in none, or has no value."""
    try:
        points = sample([problem.e, problem.claim, *problem.cancelled], [problem.variable])
    except DomainError:
        return None
    comparisons = [problem.comparison(at) for at in points]
    return next((f for r in problem.readings if (f := _weigh(problem, comparisons, r)).ok), None)


# --- equality --------------------------------------------------------------------------------------------------------


def _check_equality(expression: Statement, claim: Statement, let: list[str]) -> Verdict:
    if not (isinstance(expression, str | Expr) and isinstance(claim, str | Expr)):
        scope, a, b = read_functions(expression, claim, let, None)
    elif isinstance(expression, Expr):
        if not isinstance(claim, Expr):
            (claim,) = Scope.of(expression.symbols).read(claim)
        scope, a, b = Scope.of(expression.symbols | claim.symbols), expression, claim
    else:
        if not isinstance(claim, str):
            raise MatcalcError("claim: expected text, as the expression is text")
        scope, a, b = _read_equality(expression, claim, let)
    correct, b = Form(a, scope.size_names), in_shape(b, a.shape)
    if a.shape != b.shape:
        message = f"the claim is {shape.show(b.shape)}, the expression is {shape.show(a.shape)}"
        return Verdict(WRONG, None, (), Diagnosis("not-conformable", message, None), correct,
                       Evidence(False, 0, float("inf")))  # fmt: skip
    cancelled = tuple(scope.cancelled)
    try:
        points = sample([a, b, *cancelled], ())
    except DomainError as error:
        without = nowhere(a, b, (), cancelled)
        return Verdict(WRONG, None, (), without, correct, NOTHING) if without else undecided(str(error))
    found = _compared(a, b, points)
    if (note := hollow(cancelled if ORACLE in found.oracles else (a, b, *cancelled), points)) is not None:
        return undecided(note)
    verdict = RIGHT if found.ok else WRONG if found.decided else UNDECIDED
    diagnosis = None
    if verdict == RIGHT and (limit := limit_of_equality(a, b, cancelled)) is not None:
        return Verdict(WRONG, None, (), limit, correct, replace(found, ok=False))
    if verdict == RIGHT and ORACLE not in found.oracles:
        note = faint_in_equality(a, b, lambda a, b: _compared(a, b, sample([a, b, *cancelled], ())).ok)
        if note is not None:
            return undecided(note)
    if verdict == WRONG:
        diagnosis = diagnose(Case(scope, a, b, None, "equality", 1, "numerator", None, (), correct))
    return Verdict(verdict, None, (), diagnosis, correct, found)


def _read_equality(left: str, right: str, let: list[str]) -> tuple[Scope, Expr, Expr]:
    scope = Scope(let)
    left, right = beside(left, right, scope)
    if has_sums(left) or has_sums(right):
        return scope, *read_with_sums(scope, left, right, _like_the_first)
    try:
        a, b = scope.read(left, right, like=_like_the_first)
    except ShapeError:  # each as it is: what does not fit is the answer
        scope = Scope(let)
        (a,), (b,) = scope.read(left), scope.read(right)
    return scope, a, b


def _like_the_first(others: Sequence[shape.Shape], _: shape.Shape) -> shape.Shape:
    return others[0]


def equal(a: Expr, b: Expr) -> Evidence:
    """Whether two expressions have the same value, decided by numbers: at several points of several sizes.

    Rational expressions are decided in exact arithmetic besides.

    Raises:
        ShapeError: the expressions have different shapes.
        DeclarationError: one name stands for two symbols, of different shape or structure.
        DomainError: no point was found where both have a value.
    """
    for side in (a, b):
        if not isinstance(side, Expr):
            raise MatcalcError(
                f"equal: expected expressions, got {side!r}; matcalc.parse reads a text, and check compares two"
            )
    Scope.of(a.symbols | b.symbols)  # one name, one symbol
    if a.shape != b.shape:
        raise ShapeError(f"equal: {a} is {shape.show(a.shape)}, {b} is {shape.show(b.shape)}")
    return _compared(a, b, sample([a, b], ()))


def _compared(a: Expr, b: Expr, points: Sequence[Points]) -> Evidence:
    """Whether two expressions have the same value at some points."""

    def sides(at: Points) -> tuple[np.ndarray, np.ndarray]:
        return at(a), at(b)

    trials = []
    for at in points:
        errors = relative_error(at(b), at(a), magnitude(a, at))
        errors = without_noise(at, errors, sides, TOLERANCE[1])
        trials.append((at, but_for_rounding(at, errors, sides, TOLERANCE[1])))
    found = ExactClaim(a, b).decide(weigh(trials, oracles=("evaluation",)))
    if found.ok or not found.decided:
        return found
    return Evidence(False, found.instances, found.max_relative_error, found.oracles, unequal_at(a, b))
