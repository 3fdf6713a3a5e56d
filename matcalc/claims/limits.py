"""Where a claim that is right at tame points is not: nearer to 0, further from it, or where it has no value."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from matcalc.claims.precision import right_to_some_digits
from matcalc.claims.problem import Problem
from matcalc.diagnosis import Diagnosis
from matcalc.errors import DomainError
from matcalc.expression.expr import Apply, Expr, Opaque, Symbol, own_number, parts
from matcalc.oracle.blackbox import Blackbox
from matcalc.oracle.measurement import (
    FAINT,
    IN_DIFFERENTIAL,
    OFTEN,
    PLAINLY,
    ROOM,
    Measurement,
    apart,
    differences,
    magnitude,
    plainly_wrong,
)
from matcalc.oracle.rounding import but_for_rounding
from matcalc.oracle.sampling import Points, gaps, sample, spread
from matcalc.oracle.vanishing import PIECEWISE
from matcalc.structure import STRUCTURES, Reading

FACTORS = (1000.0, 100.0, 10.0, 4.0, 0.03, 0.001)
BEYOND_KINKS = (1e8, 1e5)  # where a kink may be that no number tells: relu(a - exp(9)), relu(a/10000 - 1)
NEARER = (0.03, 0.001)
CONFIRMED = 1e-3


def limit_of_claim(
    problem: Problem, expressions: Sequence[Expr], symbols: Iterable[Symbol], readings: Sequence[Reading]
) -> Diagnosis | None:
    """Where a claim about a derivative is wrong in each of these readings; None where it holds."""
    for at in _far(expressions, symbols) if problem.order == 1 else ():  # differences of the second order need room
        comparison = problem.comparison(at)
        terms = 0.0 if problem.kind in IN_DIFFERENTIAL else magnitude(problem.claim, at)
        with np.errstate(all="ignore"):
            scale = ROOM * np.maximum(terms, FAINT)
            errors = [comparison.error(problem.claim, r, problem.layout, scale) for r in readings]
            errors = [
                but_for_rounding(at, e, partial(comparison.sides, problem.claim, r, problem.layout), PLAINLY, np.inf)
                for e, r in zip(errors, readings, strict=True)
            ]
        worst = [plainly_wrong(e) for e in errors]
        if worst and None not in worst and _is_measured(problem, at, worst[0]):
            return _wrong_at(at, worst[0])
    if problem.kind in IN_DIFFERENTIAL:
        return None
    return _undefined(problem.e, problem.claim, symbols) or _rounded_claim(problem, expressions, symbols, readings)


def _is_measured(problem: Problem, at: Points, index: int | None) -> bool:
    """Whether differences confirm a derivative far away: log(e^-720) has lost its digits, and so has its derivative."""
    here = at.take(np.array([index or 0]))
    measured = Measurement(problem.e, problem.variable, here)
    with np.errstate(all="ignore"):
        by_steps = measured.slopes[0]
        by_differences = differences(problem.e, problem.variable, here, measured.directions)
        return bool(np.linalg.norm(by_steps - by_differences) <= CONFIRMED * np.linalg.norm(by_steps))


def _far(expressions: Sequence[Expr], symbols: Iterable[Symbol]) -> Iterator[Points]:
    """Points nearer to 0 and further from it, also beyond the largest number in the expressions."""
    beyond = 3 * max(map(_largest_number, expressions))
    factors = FACTORS if beyond < FACTORS[0] else (beyond, *FACTORS)
    has_kinks = any(isinstance(e, Apply) and e.function in PIECEWISE for e in parts(expressions))
    return spread(expressions, symbols, (*factors, *BEYOND_KINKS) if has_kinks else factors)


def _largest_number(e: Expr) -> float:
    return max(abs(float(own_number(part))) for part in parts([e]))


def _rounded_claim(
    problem: Problem, expressions: Sequence[Expr], symbols: Iterable[Symbol], readings: Sequence[Reading]
) -> Diagnosis | None:
    """That a claim is right to some digits only in each of these readings."""
    near = _near(expressions, symbols) if problem.order == 1 else []
    if not near:
        return None
    sides = problem.comparison(near[0]).sides
    found = [right_to_some_digits(near, partial(sides, problem.claim, r, problem.layout)) for r in readings]
    return found[0] if found and None not in found else None


def _near(expressions: Sequence[Expr], symbols: Iterable[Symbol]) -> list[Points]:
    """Tame points, and some nearer to 0, of variables that can be scaled; of functions, which take long, only two.

    None where a formula is measured itself, and so known to some digits only.
    """
    symbols = set(symbols).union(*(e.symbols for e in expressions))
    opaque = [e for e in expressions if isinstance(e, Opaque)]
    if not all(isinstance(e, Blackbox) for e in opaque) or not all(map(_can_be_scaled, symbols)):
        return []
    tame = sample(expressions, symbols)
    return [at.take(np.array([0])) for at in tame[:2]] if opaque else [tame[0], *spread(expressions, symbols, NEARER)]


def _can_be_scaled(symbol: Symbol) -> bool:
    return symbol.structure == "positive" or STRUCTURES[symbol.structure].is_linear


def limit_of_equality(a: Expr, b: Expr, cancelled: Sequence[Expr] = ()) -> Diagnosis | None:
    """Where two expressions differ, or the second has no value and the first has one; None where neither is so."""

    def sides(at: Points) -> tuple[np.ndarray, np.ndarray]:
        return at(a), at(b)

    for at in _far([a, b, *cancelled], ()):
        worst = plainly_wrong(but_for_rounding(at, apart(a, b, at), sides, PLAINLY, np.inf))
        if worst is not None:
            return _wrong_at(at, worst)
    return _undefined(a, b, ()) or right_to_some_digits(_near([a, b, *cancelled], ()), sides)


def nowhere(e: Expr, claim: Expr, symbols: Iterable[Symbol], cancelled: Sequence[Expr]) -> Diagnosis | None:
    """That a claim has no value at any point tried; None if the expression has none either, or what is cancelled."""
    try:
        sample([e, *cancelled], symbols)
        points, has_none = next((points, none) for points, none in gaps(e, claim, symbols) if none.any())
    except (DomainError, StopIteration):
        return None
    where = _shown(points, int(np.argmax(has_none)))
    return Diagnosis("unknown", f"the claim has no value where the expression has one, as at {where}")


def _wrong_at(points: Points, index: int | None) -> Diagnosis:
    return Diagnosis("needs-assumption", f"right only for some values: not at {_shown(points, index or 0)}")


def _undefined(e: Expr, claim: Expr, symbols: Iterable[Symbol]) -> Diagnosis | None:
    """That a claim often has no value where the expression has one, at sizes at which it may have one."""
    tried, missing, where = 0, 0, ""
    for points, has_none in gaps(e, claim, symbols):
        if has_none.any() and not _has_a_value(claim, symbols, points):
            continue
        tried, missing = tried + points.count, missing + int(has_none.sum())
        if has_none.any() and not where:
            where = _shown(points, int(np.argmax(has_none)))
    if missing < OFTEN * tried or not missing:
        return None
    message = f"right only where it has a value: at {where} the expression has one and the claim has none"
    return Diagnosis("needs-assumption", message)


def _has_a_value(claim: Expr, symbols: Iterable[Symbol], points: Points) -> bool:
    try:
        return bool(sample([claim], symbols, 1, sizes=lambda _: [dict(points.sizes)]))
    except DomainError:
        return False


def _shown(points: Points, index: int) -> str:
    return ", ".join(f"{name} = {_entries(value[index])}" for name, value in points.values.items())


def _entries(value: np.ndarray) -> object:
    rounded = np.array([float(f"{v:.3g}") for v in value.ravel()]).reshape(value.shape)
    if rounded.size == 1:
        return rounded.item()
    return rounded.ravel().tolist() if 1 in value.shape else rounded.tolist()
