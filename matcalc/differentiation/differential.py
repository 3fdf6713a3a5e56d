"""Push forward: the differential of an expression, one rule per node (MN2019, chapters 8 and 9).

`differential(e, {X: dX})` is linear in dX. A node without a rule is an error, never a zero.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import singledispatch

from matcalc.errors import NoRuleError
from matcalc.expression.algebra import (
    HALF,
    ONE,
    add,
    apply,
    call,
    divide,
    elementwise_power,
    hadamard,
    inv,
    multiply,
    negative,
    number,
    ones,
    power,
    rewrite,
    size,
    subtract,
    transpose,
    zeros,
)
from matcalc.expression.expr import (
    Apply,
    Call,
    Constant,
    ElementwisePower,
    Expr,
    Hadamard,
    Identity,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    Transpose,
)
from matcalc.expression.simplification import is_symmetric

Directions = Mapping[str, Expr]


def differential(e: Expr, directions: Directions) -> Expr:
    """d e, where each variable named in `directions` moves along its direction and everything else stands still.

    Raises:
        NoRuleError: an operation in `e` has no rule for its differential.
    """
    if e.names.isdisjoint(directions):
        return zeros(e.shape)
    return rule(e, directions)


@singledispatch
def rule(e: Expr, directions: Directions) -> Expr:
    """The differential of a node in which a variable occurs."""
    raise NoRuleError(f"{type(e).__name__}: no rule for its differential")


@rule.register
def _(e: Constant, directions: Directions) -> Expr:
    return zeros(e.shape)


@rule.register
def _(e: Symbol, directions: Directions) -> Expr:
    return directions[e.name]


@rule.register
def _(e: Sum, directions: Directions) -> Expr:
    return add(*(differential(t, directions) for t in e.terms))


@rule.register
def _(e: Product, directions: Directions) -> Expr:
    """d(A B) = dA B + A dB."""
    coefficient, factors = Number(e.coefficient), e.args
    moving = [k for k, f in enumerate(factors) if not f.names.isdisjoint(directions)]
    return add(
        *(multiply(coefficient, *factors[:k], differential(factors[k], directions), *factors[k + 1 :]) for k in moving)
    )


@rule.register
def _(e: Transpose, directions: Directions) -> Expr:
    return transpose(differential(e.of, directions))


@rule.register
def _(e: Power, directions: Directions) -> Expr:
    base, exponent = e.base, e.exponent
    d_base = differential(base, directions)
    if not base.is_scalar:
        assert isinstance(exponent, Number)
        return _matrix_power(base, int(exponent.value), d_base)
    along_base = multiply(exponent, power(base, subtract(exponent, ONE)), d_base)
    along_exponent = (
        multiply(e, apply("log", base), differential(exponent, directions)) if exponent.names else number(0)
    )
    return add(along_base, along_exponent)


def _matrix_power(base: Expr, k: int, d_base: Expr) -> Expr:
    """d(X^k) is the sum of X^i dX X^(k-1-i); d(X^-1) = -X^-1 dX X^-1."""
    if k > 0:
        return add(*(multiply(power(base, number(i)), d_base, power(base, number(k - 1 - i))) for i in range(k)))
    return negative(
        add(*(multiply(power(base, number(-i - 1)), d_base, power(base, number(k + i))) for i in range(-k)))
    )


@rule.register
def _(e: Hadamard, directions: Directions) -> Expr:
    return add(
        *(
            hadamard(*e.factors[:k], differential(f, directions), *e.factors[k + 1 :])
            for k, f in enumerate(e.factors)
            if not f.names.isdisjoint(directions)
        )
    )


@rule.register
def _(e: ElementwisePower, directions: Directions) -> Expr:
    base, k = e.base, e.exponent
    along_base = multiply(k, hadamard(elementwise_power(base, subtract(k, ONE)), differential(base, directions)))
    if not k.names:
        return along_base
    return add(along_base, multiply(differential(k, directions), hadamard(e, apply("log", base))))


def _one_and_square(x: Expr, sign: int) -> Expr:
    return add(ones(x.shape), multiply(number(sign), elementwise_power(x, number(2))))


# f'(x) for every elementwise f; at a kink the convention is the value that makes f' odd or left-continuous:
# abs'(0) = sign(0) = 0, relu'(0) = step(0) = 0, and sign and step are constant on either side of 0.
DERIVATIVES: dict[str, Callable[[Expr], Expr]] = {
    "exp": lambda x: apply("exp", x),
    "log": lambda x: elementwise_power(x, number(-1)),
    "sin": lambda x: apply("cos", x),
    "cos": lambda x: negative(apply("sin", x)),
    "tan": lambda x: elementwise_power(apply("cos", x), number(-2)),
    "tanh": lambda x: _one_and_square(apply("tanh", x), -1),
    "sinh": lambda x: apply("cosh", x),
    "cosh": lambda x: apply("sinh", x),
    "arcsin": lambda x: elementwise_power(_one_and_square(x, -1), Number(Fraction(-1, 2))),
    "arccos": lambda x: negative(elementwise_power(_one_and_square(x, -1), Number(Fraction(-1, 2)))),
    "arctan": lambda x: elementwise_power(_one_and_square(x, 1), number(-1)),
    "abs": lambda x: apply("sign", x),
    "relu": lambda x: apply("step", x),
    "sign": lambda x: zeros(x.shape),
    "step": lambda x: zeros(x.shape),
    "sigmoid": lambda x: hadamard(apply("sigmoid", x), subtract(ones(x.shape), apply("sigmoid", x))),
}


@rule.register
def _(e: Apply, directions: Directions) -> Expr:
    if e.function not in DERIVATIVES:
        raise NoRuleError(f"{e.function}: no rule for its derivative")
    return hadamard(DERIVATIVES[e.function](e.argument), differential(e.argument, directions))


@rule.register
def _(e: Call, directions: Directions) -> Expr:
    if e.function not in FUNCTION_RULES:
        raise NoRuleError(f"{e.function}: no rule for its differential")
    return FUNCTION_RULES[e.function](e, directions)


def _linear(e: Call, directions: Directions) -> Expr:
    return call(e.function, differential(e.arguments[0], directions), sizes=e.sizes)


def _trace(e: Call, directions: Directions) -> Expr:
    """d tr(X^k) = k tr(X^(k-1) dX); otherwise the trace of the differential."""
    inner = e.arguments[0]
    if isinstance(inner, Power) and isinstance(inner.exponent, Number):
        k = inner.exponent
        rest = power(inner.base, subtract(k, ONE))
        return multiply(k, call("tr", multiply(rest, differential(inner.base, directions))))
    return call("tr", differential(inner, directions))


def _log_determinant(m: Expr, directions: Directions) -> Expr:
    """d log det M = tr(M^-1 dM); of a Kronecker product and of a function of a matrix, by its own determinant."""
    match m:
        case Call("kron", (a, b)) if a.shape[0] == a.shape[1]:
            by_a, by_b = _log_determinant(a, directions), _log_determinant(b, directions)
            return add(multiply(size(b.shape[0]), by_a), multiply(size(a.shape[0]), by_b))
        case Call("sqrtm", (a,)):
            return multiply(HALF, _log_determinant(a, directions))
        case Call("chol", (a,)) if is_symmetric(a):
            return multiply(HALF, _log_determinant(a, directions))
        case Call("expm", (a,)):
            return call("tr", differential(a, directions))
    return call("tr", multiply(inv(m), differential(m, directions)))


def _adjugate(e: Call, directions: Directions) -> Expr:
    """d adj(X) = tr(X^-1 dX) adj(X) - X^-1 dX adj(X)."""
    m = e.arguments[0]
    return subtract(multiply(_log_determinant(m, directions), e), multiply(inv(m), differential(m, directions), e))


def through_adjugates(e: Expr) -> Expr:
    """det(M) tr(M^-1 dM) as tr(adj(M) dM), which holds where M is singular as well."""
    return rewrite(e, _through_adjugate)


def _through_adjugate(e: Expr) -> Expr | None:
    if not isinstance(e, Product):
        return None
    for s in e.scalars:
        base = s.base if isinstance(s, Power) else s
        for t in e.scalars:
            if isinstance(base, Call) and base.function == "det" and inv(base.arguments[0]) in _chain(t):
                rest = [f for f in e.scalars if f not in (s, t)]
                fewer, without = divide(s, base), _with_adjugate(t, base.arguments[0])
                return multiply(Number(e.coefficient), *rest, fewer, without, *e.chain)
    return None


def _chain(e: Expr) -> tuple[Expr, ...]:
    """The factors of a scalar that is a product of matrices, or the trace of one."""
    inner = e.arguments[0] if isinstance(e, Call) and e.function == "tr" else e
    return inner.chain if isinstance(inner, Product) else ()


def _with_adjugate(e: Expr, m: Expr) -> Expr:
    """A scalar with adj(M) for the first M^-1."""
    chain = _chain(e)
    k = chain.index(inv(m))
    return call("tr", multiply(*chain[:k], call("adj", m), *chain[k + 1 :]))


def inner_product(a: Expr, b: Expr) -> Expr:
    """The Frobenius inner product: a b for scalars, a' b for vectors, tr(a' b) for matrices."""
    return call("tr", multiply(transpose(a), b))


def _kronecker(e: Call, directions: Directions) -> Expr:
    a, b = e.arguments
    return add(call("kron", differential(a, directions), b), call("kron", a, differential(b, directions)))


def _cholesky(e: Call, directions: Directions) -> Expr:
    """dL = L Φ(L^-1 dS L^-T), where Φ keeps the lower triangle and half the diagonal (Murray, arXiv:1602.07527)."""
    d = differential(e.arguments[0], directions)
    inside = multiply(inv(e), d, inv(transpose(e)))
    half_diagonal = multiply(HALF, hadamard(inside, Identity(inside.shape)))
    return multiply(e, subtract(call("tril", inside), half_diagonal))


def _softmax(e: Call, directions: Directions) -> Expr:
    """ds = s ⊙ dx - s (s' dx)."""
    d = differential(e.arguments[0], directions)
    return subtract(hadamard(e, d), multiply(e, transpose(e), d))


def _matrix_function(name: str) -> Callable[[Call, Directions], Expr]:
    def differentiate(e: Call, directions: Directions) -> Expr:
        return call(f"frechet_{name}", e.arguments[0], differential(e.arguments[0], directions))

    return differentiate


def _frechet(e: Call, directions: Directions) -> Expr:
    """The derivative of D^k f(X)[E_1, ..., E_k] is D^(k+1) f(X)[E_1, ..., E_k, dX] and one term per moving E_i."""
    x, *along = e.arguments
    terms = [call(e.function, x, *along, differential(x, directions))]
    for k, direction in enumerate(along):
        terms.append(call(e.function, x, *along[:k], differential(direction, directions), *along[k + 1 :]))
    return add(*terms)


FUNCTION_RULES: dict[str, Callable[[Call, Directions], Expr]] = {
    **dict.fromkeys(
        ("sum", "vec", "unvec", "diag", "tril", "triu", "toeplitz", "toeplitz_mean", "blocktrace", "rearrange"),
        _linear,
    ),
    "tr": _trace,
    "det": lambda e, d: multiply(e, _log_determinant(e.arguments[0], d)),
    "logdet": lambda e, d: _log_determinant(e.arguments[0], d),
    "adj": _adjugate,
    "norm2": lambda e, d: divide(inner_product(e.arguments[0], differential(e.arguments[0], d)), e),
    "norm1": lambda e, d: inner_product(apply("sign", e.arguments[0]), differential(e.arguments[0], d)),
    "kron": _kronecker,
    "chol": _cholesky,
    "logsumexp": lambda e, d: inner_product(call("softmax", e.arguments[0]), differential(e.arguments[0], d)),
    "softmax": _softmax,
    **{name: _matrix_function(name) for name in ("expm", "logm", "sqrtm")},
    **{f"frechet_{name}": _frechet for name in ("expm", "logm", "sqrtm")},
}
