"""A small point, in integers, at which a claim and the truth differ."""

from typing import Any

import numpy as np

from matcalc.claims.problem import Problem
from matcalc.expression.expr import Expr
from matcalc.oracle.measurement import TOLERANCE, relative_error
from matcalc.oracle.sampling import Points, integer_points
from matcalc.structure import Reading


def unequal_at(a: Expr, b: Expr) -> dict[str, Any] | None:
    """The first integer point found at which two expressions differ."""
    for at in integer_points([a, b], ()):
        if relative_error(at(b), at(a), 1.0)[0] > TOLERANCE[1]:
            return _shown(at, at(b)[0], at(a)[0])
    return None


def claim_refuted_at(problem: Problem, reading: Reading) -> dict[str, Any] | None:
    """The smallest integer point found at which the claim and the truth differ."""
    for at in integer_points([problem.e, problem.claim], [problem.variable], "d" + problem.variable.name):
        comparison = problem.comparison(at)
        claimed = comparison.claimed(problem.claim, reading)
        truth = comparison.truth(reading, problem.layout)
        if np.isfinite(claimed).all() and relative_error(claimed, truth, 1.0)[0] > TOLERANCE[problem.order]:
            if problem.kind == "vectorised" and problem.order == 2:  # a column for each direction
                claimed, truth = claimed.mT[..., None], truth.mT[..., None]
            if claimed.ndim == 3:
                return _shown(at, claimed[0], truth[0])
            k = int(np.argmax(np.abs(claimed - truth)[0].max((-2, -1))))
            at = at.at(**{"d" + problem.variable.name: comparison.directions(reading)[:, k]})
            return _shown(at, claimed[0, k], truth[0, k])
    return None


def _shown(at: Points, claimed: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    return {
        "at": {n: _numbers(v[0]) for n, v in at.values.items()},
        "claimed": _numbers(claimed),
        "right": _numbers(right),
    }


def _numbers(value: np.ndarray) -> Any:
    """Nested lists of numbers, whole ones as integers, short ones rounded to 10 digits."""
    if value.shape == (1, 1):
        return _number(value[0, 0])
    if value.shape[-1] == 1:
        return [_number(v) for v in value[:, 0]]
    return [[_number(v) for v in row] for row in value]


def _number(v: float) -> float | int:
    rounded = float(f"{float(v):.10g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded
