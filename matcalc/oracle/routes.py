"""Whether the two routes to a derivative agree: the complex step and `jax.grad`, or differences of a function."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from matcalc.expression.expr import Expr, Opaque, Symbol
from matcalc.oracle.measurement import TOLERANCE, Measurement, ask, differences, relative_error, slopes_question
from matcalc.oracle.rounding import is_zero
from matcalc.oracle.sampling import sample


@lru_cache(maxsize=256)
def gap_between_routes(e: Expr, variable: Symbol) -> float:
    """How far the second route is from the first at one point: a relative error.

    A point where they differ may be one where the expression is singular by its sizes, as det(X'X) is for a wide X:
    other sizes are asked before the routes are said to disagree.
    """
    gap = float("inf")
    for points in sample([e], [variable], per_size=1):
        gap = min(gap, _gap_at(Measurement(e, variable, points)))
        if gap <= TOLERANCE[1]:
            break
    return gap


def _gap_at(m: Measurement) -> float:
    """The second route is `jax.grad` for a formula, central differences for a function that `jax.jacrev` measured."""
    if isinstance(m.e, Opaque):
        with np.errstate(all="ignore"):
            by_differences = differences(m.e, m.variable, m.points, m.directions)
        return float(relative_error(by_differences[None], m.slopes[:1], m.scale[:1])[0])
    question = slopes_question(m)
    (gap,) = ask([question])
    # the derivative of log(sin² + cos²) is rounding by either route, and not the same
    if gap > TOLERANCE[1] and is_zero(m.points, lambda at: Measurement(m.e, m.variable, at).slopes):
        (gap,) = ask([replace(question, scale=max(question.scale, 1.0))])
    return gap
