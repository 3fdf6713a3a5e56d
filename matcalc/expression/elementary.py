"""Rules of elementary functions: exponentials made into softmax and sigmoid, sign and abs, quotients of sines.

Each is a rule of `simplification`: the node written otherwise, or None where there is nothing to do.
"""

from collections.abc import Sequence

from matcalc.expression.algebra import (
    ONE,
    apply,
    call,
    elementwise_power,
    hadamard,
    multiply,
    negative,
    number,
    ones,
    power,
    transpose,
)
from matcalc.expression.expr import Apply, Call, Expr, Hadamard, Number, Power, Product, Raised, Sum
from matcalc.shape import ONE as ONE_DIM

QUOTIENTS = {("sinh", "cosh"): "tanh", ("sin", "cos"): "tan"}


def _as_quotients(factors: Sequence[Expr]) -> list[Expr] | None:
    """The factors with tanh(u)^k for sinh(u)^k / cosh(u)^k, and tan for sin and cos."""
    for above in factors:
        base, k = (above.base, above.exponent) if isinstance(above, Raised) else (above, ONE)
        for (upper, lower), name in QUOTIENTS.items():
            if isinstance(base, Apply) and base.function == upper and isinstance(k, Number) and k.value > 0:
                below = elementwise_power(apply(lower, base.argument), -k.value)
                if below in factors:
                    kept = [f for f in factors if f not in (above, below)]
                    return [*kept, elementwise_power(apply(name, base.argument), k)]
    return None


def normalised_exponential(e: Product) -> Expr | None:
    """exp(u) / sum(exp(u)) is softmax(u), and v' exp(u) / sum(exp(u)) is v' softmax(u)."""
    totals = {s.base.arguments[0]: s for s in e.scalars
              if isinstance(s, Power) and isinstance(s.base, Call) and s.base.function == "sum"
              and isinstance(s.exponent, Number) and s.exponent.value <= -1}  # fmt: skip
    for k, part in enumerate(e.args) if totals else ():
        chain = part.chain if isinstance(part, Product) else (part,)
        for j, f in enumerate(chain):
            column = transpose(f) if f.shape[0] == ONE_DIM else f
            if column in totals and isinstance(column, Apply) and column.function == "exp":
                share = call("softmax", column.argument)
                product = multiply(*chain[:j], share if column is f else transpose(share), *chain[j + 1 :])
                return multiply(Number(e.coefficient), *e.args[:k], product, *e.args[k + 1 :], call("sum", column))
    return None


def logistic(e: Raised) -> Expr | None:
    """1 / (1 + exp(u)) is sigmoid(-u), which does not overflow."""
    if isinstance(e.base, Sum) and isinstance(e.exponent, Number) and e.exponent.value < 0:
        match e.base.terms:
            case (one, Apply("exp", u)) | (Apply("exp", u), one) if one == ones(e.shape):
                return elementwise_power(apply("sigmoid", negative(u)), -e.exponent.value)
    return None


def _logistic_share(factors: Sequence[Expr]) -> list[Expr] | None:
    """The factors with sigmoid(u) for exp(u) sigmoid(-u), and with its powers for exp(2u) sigmoid(-u)²."""
    exponentials = {f.argument: f for f in factors if isinstance(f, Apply) and f.function == "exp"}
    for s in factors if exponentials else ():
        base, k = (s.base, s.exponent) if isinstance(s, Raised) else (s, ONE)
        if isinstance(base, Apply) and base.function == "sigmoid" and isinstance(k, Number):
            opposite = negative(base.argument)
            for j in range(1, int(k.value) + 1):
                x = exponentials.get(multiply(number(j), opposite))
                if x is not None:
                    kept = [f for f in factors if f not in (x, s)]
                    return [
                        *kept,
                        elementwise_power(apply("sigmoid", opposite), j),
                        elementwise_power(base, k.value - j),
                    ]
    return None


def elementary_factors(e: Product | Hadamard) -> Expr | None:
    """exp(u) sigmoid(-u) is sigmoid(u), sinh(u) / cosh(u) is tanh(u): of scalars, or entry by entry."""
    factors = e.scalars if isinstance(e, Product) else e.factors
    changed = _logistic_share(factors) or _as_quotients(factors)
    if changed is None:
        return None
    return multiply(Number(e.coefficient), *changed, *e.chain) if isinstance(e, Product) else hadamard(*changed)


def sign_over_abs(e: Product) -> Expr | None:
    """sign(a) / |a| is 1/a, sign(a) |a| is a, and sign(a) a is |a|."""
    for s in e.scalars:
        if isinstance(s, Apply) and s.function == "sign":
            a, size = s.argument, Apply("abs", s.argument)
            for other, both in ((power(size, number(-1)), power(a, number(-1))), (size, a), (a, size)):
                if other in e.scalars:
                    rest = [t for t in e.scalars if t not in (s, other)]
                    return multiply(Number(e.coefficient), *rest, both, *e.chain)
    return None


def sign_times_abs(e: Hadamard) -> Expr | None:
    """x ⊙ sign(x) is |x|, and sign(x) ⊙ |x|⁻¹ is x⁻¹, entry by entry."""
    for f in e.factors:
        if isinstance(f, Apply) and f.function == "sign":
            size, below = (elementwise_power(x, -1) for x in (Apply("abs", f.argument), f.argument))
            for other, both in ((f.argument, Apply("abs", f.argument)), (size, below)):
                if other in e.factors:
                    return hadamard(both, *(g for g in e.factors if g not in (f, other)))
    return None
