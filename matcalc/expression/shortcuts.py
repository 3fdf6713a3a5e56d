"""What a function is where its argument is special: tr I = n, det X^-1 = 1/det X, vec of a column is the column.

Each takes the arguments of a call and gives the simpler expression, or None where there is none.
"""

from collections.abc import Callable
from fractions import Fraction

from matcalc import shape
from matcalc.expression.algebra import (
    HALF,
    ONE,
    ZERO,
    apply,
    call,
    eye,
    hadamard,
    inv,
    is_zero,
    multiply,
    ones,
    power,
    product_of,
    size,
    transpose,
    zeros,
)
from matcalc.expression.expr import Call, Expr, Hadamard, Identity, Number, Ones, Power, Product, Transpose
from matcalc.shape import ONE as ONE_DIM
from matcalc.shape import RIGID, Dim, Operand


def _trace(a: Expr) -> Expr | None:
    match a:
        case _ if a.is_scalar:
            return a
        case Identity((n, _)):
            return size(n)
        case Hadamard(factors) if any(isinstance(f, Identity) for f in factors):
            return call("tr", hadamard(*(f for f in factors if not isinstance(f, Identity))))
        case Product(coefficient, scalars, chain):
            for k, factor in enumerate(chain[:-1]):
                if factor.shape[1] == ONE_DIM:  # tr(x y' A) is y' A x
                    return multiply(Number(coefficient), *scalars, *chain[k + 1 :], *chain[: k + 1])
        case Call("diag", (v,)) if v.shape[1] == ONE_DIM:
            return call("sum", v)
        case Call("kron", (left, right)) if left.shape[0] == left.shape[1]:
            return multiply(call("tr", left), call("tr", right))
        case Call("frechet_expm", (x, e)):
            return call("tr", multiply(call("expm", x), e))
        case Call("frechet_logm", (x, e)):
            return call("tr", multiply(inv(x), e))
        case Call("frechet_sqrtm", (x, e)):
            return multiply(HALF, call("tr", multiply(inv(call("sqrtm", x)), e)))
    return None


def _sum_entries(a: Expr) -> Expr | None:
    match a:
        case _ if a.is_scalar:
            return a
        case Ones((n, m)):
            return size(n * m)
        case Identity((n, _)):
            return size(n)
        case Transpose(of):
            return call("sum", of)
        case Call("vec", (m,)) | Call("diag", (m,)) if a.function == "vec" or m.shape[1] == ONE_DIM:
            return call("sum", m)
    return None


def _determinant(a: Expr) -> Expr | None:
    match a:
        case _ if a.is_scalar:
            return a
        case Identity():
            return ONE
        case Power(base, exponent):
            return power(call("det", base), exponent)
        case Transpose(of):
            return call("det", of)
        case Call("expm", (m,)):
            return apply("exp", call("tr", m))
    return None


def _adjugate(a: Expr) -> Expr | None:
    if a.is_scalar:
        return ONE
    if isinstance(a, Identity):
        return a
    order = a.shape[0]
    if not order.names and isinstance(a, Product) and a.coefficient != 1:  # adj(c A) is c^(n-1) adj(A)
        outside = Fraction(a.coefficient) ** (order.factor - 1)
        return multiply(Number(outside), call("adj", product_of(Fraction(1), a.scalars, a.chain)))
    return None


def _log_determinant(a: Expr) -> Expr | None:
    match a:
        case _ if a.is_scalar:
            return apply("log", apply("abs", a))
        case Identity():
            return ZERO
        case Power(base, exponent):
            return multiply(exponent, call("logdet", base))
        case Transpose(of):
            return call("logdet", of)
        case Call("expm", (m,)):
            return call("tr", m)
    return None


def _norm(a: Expr) -> Expr | None:
    if a.is_scalar:
        return apply("abs", a)
    if isinstance(a, Transpose):
        return call("norm2", a.of)
    if is_zero(a):
        return ZERO
    return None


def _diagonal(a: Expr) -> Expr | None:
    match a:
        case _ if a.is_scalar:
            return a
        case _ if a.shape[1] == ONE_DIM:
            return eye(a.shape[0]) if isinstance(a, Ones) else None
        case Identity((n, _)):
            return ones((n, ONE_DIM))
        case Transpose(of):
            return call("diag", of)
        case Call("diag", (v,)):
            return v
        case Hadamard(factors) if any(isinstance(f, Identity) for f in factors):
            return call("diag", hadamard(*(f for f in factors if not isinstance(f, Identity))))
        case Product(coefficient, scalars, chain):
            for k, factor in enumerate(chain[:-1]):
                if factor.shape[1] == ONE_DIM:  # diag(u w') is u ⊙ w
                    u, w = multiply(*chain[: k + 1]), transpose(multiply(*chain[k + 1 :]))
                    return multiply(Number(coefficient), *scalars, hadamard(u, w))
    return None


def _kronecker(a: Expr, b: Expr) -> Expr | None:
    if a.is_scalar or b.is_scalar:
        return multiply(a, b)
    if isinstance(a, Identity) and isinstance(b, Identity):
        return eye(a.shape[0] * b.shape[0])
    if a.shape[0] == ONE_DIM and b.shape[1] == ONE_DIM:  # y' ⊗ x is x y'
        return multiply(b, a)
    if a.shape[1] == ONE_DIM and b.shape[0] == ONE_DIM:
        return multiply(a, b)
    if any(isinstance(f, Product) and f.chain and (f.coefficient != 1 or f.scalars) for f in (a, b)):
        outside: list[Expr] = []
        inside: list[Expr] = []
        for f in (a, b):
            outside += [Number(f.coefficient), *f.scalars] if isinstance(f, Product) else []
            inside.append(product_of(Fraction(1), (), f.chain) if isinstance(f, Product) else f)
        return multiply(*outside, call("kron", *inside))
    return None


def _triangle(a: Expr) -> Expr | None:
    return a if a.is_scalar or isinstance(a, Identity) else None


def _vec(a: Expr) -> Expr | None:
    if a.shape[1] == ONE_DIM:
        return a
    if a.shape[0] == ONE_DIM:
        return transpose(a)
    if isinstance(a, Ones):
        return ones((a.shape[0] * a.shape[1], ONE_DIM))
    return a.arguments[0] if isinstance(a, Call) and a.function == "unvec" else None


def _unvec(a: Expr, rows: Dim, columns: Dim) -> Expr | None:
    if columns == ONE_DIM:
        return a
    if rows == ONE_DIM:
        return transpose(a)
    if isinstance(a, Ones):
        return ones((rows, columns))
    if isinstance(a, Call) and a.function == "vec" and a.arguments[0].shape == (rows, columns):
        return a.arguments[0]
    return None


def _frechet(function: str, of_identity: Callable[[Expr], Expr]) -> Callable[..., Expr | None]:
    """Df(X)[I] is f'(X), Df(X)[E] is f'(X) E for a function E of X, and scalars stand outside."""

    def shortcut(x: Expr, *directions: Expr) -> Expr | None:
        if x.is_scalar and len(directions) == 1:
            return multiply(of_identity(x), directions[0])
        if len(directions) == 1:
            coefficient, body = _split_scalars(directions[0])
            if isinstance(body, Identity):
                return multiply(coefficient, of_identity(x))
            if _is_function_of(_split_scalars(x)[1], body):
                return multiply(coefficient, of_identity(x), body)
        for k, d in enumerate(directions):
            coefficient, body = _split_scalars(d)
            if coefficient != ONE:
                rest = (*directions[:k], body, *directions[k + 1 :])
                return multiply(coefficient, call(function, x, *rest))
        return None

    return shortcut


def _is_function_of(x: Expr, e: Expr) -> bool:
    """Whether a matrix is a multiple, a power or a function of x, and so commutes with it."""
    match _split_scalars(e)[1]:
        case Power(base, Number()):
            return _is_function_of(x, base)
        case Call("expm" | "logm" | "sqrtm", (argument,)):
            return _is_function_of(x, argument)
        case body:
            return body == x


def _split_scalars(e: Expr) -> tuple[Expr, Expr]:
    if isinstance(e, Product) and e.chain and (e.coefficient != 1 or e.scalars):
        return product_of(e.coefficient, e.scalars, ()), product_of(Fraction(1), (), e.chain)
    return ONE, e


def _blocktrace(a: Expr, count: Dim) -> Expr | None:
    if count == ONE_DIM:
        return a
    if isinstance(a, Identity):
        n = a.shape[0]
        rest = shape.call("blocktrace", [Operand(a.shape, "")], [count], RIGID)[0]
        return multiply(size(count), eye(rest)) if n else None
    if isinstance(a, Call) and a.function == "kron" and a.arguments[0].shape == (count, count):
        return multiply(call("tr", a.arguments[0]), a.arguments[1])
    return None


SHORTCUTS: dict[str, Callable[..., Expr | None]] = {
    "tr": _trace,
    "sum": _sum_entries,
    "det": _determinant,
    "logdet": _log_determinant,
    "norm2": _norm,
    "norm1": lambda a: call("norm1", a.of) if isinstance(a, Transpose) else apply("abs", a) if a.is_scalar else None,
    "diag": _diagonal,
    "kron": _kronecker,
    "vec": _vec,
    "unvec": _unvec,
    "blocktrace": _blocktrace,
    "tril": _triangle,
    "triu": _triangle,
    "toeplitz": lambda a: a if a.is_scalar else None,
    "toeplitz_mean": lambda a: a if a.is_scalar or isinstance(a, Identity) else None,
    "adj": _adjugate,
    "expm": lambda a: apply("exp", a) if a.is_scalar else Identity(a.shape) if is_zero(a) else None,
    "logm": lambda a: apply("log", a) if a.is_scalar else zeros(a.shape) if isinstance(a, Identity) else None,
    "sqrtm": lambda a: power(a, HALF) if a.is_scalar else a if isinstance(a, Identity) else None,
    "chol": lambda a: power(a, HALF) if a.is_scalar else a if isinstance(a, Identity) else None,
    "logsumexp": lambda a: a if a.is_scalar else None,
    "softmax": lambda a: ONE if a.is_scalar else None,
    "frechet_expm": _frechet("frechet_expm", lambda x: call("expm", x)),
    "frechet_logm": _frechet("frechet_logm", inv),
    "frechet_sqrtm": _frechet("frechet_sqrtm", lambda x: multiply(HALF, inv(call("sqrtm", x)))),
}
