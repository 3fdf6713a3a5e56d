"""Where a claim that is right at tame points is not: nearer to 0, further from it, or where it has no value."""

from collections.abc import Iterable, Sequence

import numpy as np

from matcalc.diagnosis import Diagnosis
from matcalc.errors import DomainError
from matcalc.expr import Expr, Symbol
from matcalc.oracle import magnitude, plainly_wrong, relative_error
from matcalc.problem import Problem
from matcalc.sampling import Points, gaps, sample, spread
from matcalc.structure import Reading

OFTEN = 0.2  # the share of points without a value that is no accident
ROOM = 1e6  # so that nothing is said of what is small beside the terms it is made of


def limit_of_claim(
    problem: Problem, expressions: Sequence[Expr], symbols: Iterable[Symbol], readings: Sequence[Reading]
) -> Diagnosis | None:
    """Where a claim about a derivative is wrong in each of these readings; None where it holds."""
    for at in spread(expressions, symbols) if problem.order == 1 else ():  # differences of the second order need room
        comparison, terms = (
            problem.comparison(at),
            0.0 if problem.kind == "differential" else magnitude(problem.claim, at),
        )
        with np.errstate(all="ignore"):
            errors = [comparison.error(problem.claim, r, problem.layout, ROOM * terms) for r in readings]
        worst = [plainly_wrong(e) for e in errors]
        if worst and None not in worst:
            return _wrong_at(at, worst[0])
    return None if problem.kind == "differential" else _undefined(problem.e, problem.claim, symbols)


def limit_of_equality(a: Expr, b: Expr) -> Diagnosis | None:
    """Where two expressions differ, or the second has no value and the first has one; None where neither is so."""
    for at in spread([a, b], ()):
        with np.errstate(all="ignore"):
            scale = ROOM * np.maximum(magnitude(a, at), magnitude(b, at))
            worst = plainly_wrong(relative_error(at(b), at(a), scale))
        if worst is not None:
            return _wrong_at(at, worst)
    return _undefined(a, b, ())


def nowhere(e: Expr, claim: Expr, symbols: Iterable[Symbol]) -> Diagnosis:
    """That a claim has no value at any point tried; DomainError if the expression has none either."""
    for points, has_none in gaps(e, claim, symbols):
        if has_none.any():
            where = _shown(points, int(np.argmax(has_none)))
            return Diagnosis("unknown", f"the claim has no value where the expression has one, as at {where}")
    raise DomainError("no point was found at which both the expression and the claim have a value")


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
