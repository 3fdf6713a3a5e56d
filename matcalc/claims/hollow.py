"""What is divided by, or has a logarithm or a root taken, though it is zero but for rounding.

1/(sin² a + cos² a - 1) has no value, though numbers give it one.
"""

from collections.abc import Sequence

import numpy as np

from matcalc.expression.algebra import is_natural
from matcalc.expression.expr import Apply, ElementwisePower, Expr, Opaque, Power, parts
from matcalc.oracle.noise import ABOVE_NOISE
from matcalc.oracle.rounding import in_replicas, replicas
from matcalc.oracle.sampling import Points


def hollow(expressions: Sequence[Expr], points: Sequence[Points]) -> str | None:
    """That a part of expressions has no value that would be known at any of these points; None where there is none."""
    for e in parts(expressions):
        argument = _argument(e)
        if argument is not None and _is_hollow(argument, points):
            return f"{argument} is zero but for rounding, and what is made of it here is decided by rounding"
    return None


def _argument(e: Expr) -> Expr | None:
    """What must not be zero in an expression, or be known to be, where it has entries that are computed."""
    match e:
        case Power(base, exponent) if base.is_scalar and not is_natural(exponent):
            argument = base
        case ElementwisePower(base, exponent) if not is_natural(exponent):
            argument = base
        case Apply("log", base):
            argument = base
        case _:
            return None
    has_terms = argument.args and argument.symbols and not any(isinstance(p, Opaque) for p in parts([argument]))
    return argument if has_terms else None


def _is_hollow(e: Expr, points: Sequence[Points]) -> bool:
    """Whether every entry of an expression is rounding at every point, but for those at which it is simply 0."""
    is_rounded = False
    for at in points:
        values = in_replicas(replicas(at)(e))
        with np.errstate(all="ignore"):
            noise = values.std(1)
            if not (np.abs(values.mean(1)) <= ABOVE_NOISE * noise).all():
                return False
        is_rounded |= bool(noise.any())
    return is_rounded
