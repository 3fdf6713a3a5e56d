"""Diagonals, triangles, columns with common entries, and sums of entries."""

from fractions import Fraction

from matcalc.expression.algebra import (
    ONE,
    add,
    call,
    elementwise_power,
    eye,
    hadamard,
    multiply,
    scale,
    size,
    split_coefficient,
    transpose,
)
from matcalc.expression.expr import Call, ElementwisePower, Expr, Hadamard, Identity, Number, Product, Sum, Transpose
from matcalc.expression.triangles import is_diagonal, is_lower, is_upper
from matcalc.shape import ONE as ONE_DIM


def entries_cancel(e: Product) -> Expr | None:
    """(a ⊘ b)' b is sum(a): the inner product of two columns, where that is shorter."""
    if e.is_scalar and len(e.chain) == 2 and e.coefficient == 1:
        row, column = e.chain
        product = hadamard(transpose(row), column)
        if product.weight + 1 < row.weight + column.weight:
            return call("sum", product)
    return None


def both_triangles(e: Sum) -> Expr | None:
    """tril(M) + triu(M) - M ⊙ I is M."""
    for term in e.terms if len(e.terms) > 2 else ():
        c, body = split_coefficient(term)
        if isinstance(body, Call) and body.function == "tril":
            (m,) = body.arguments
            parts = (term, scale(c, call("triu", m)), scale(-c, hadamard(m, eye(m.shape[0]))))
            if all(part in e.terms for part in parts):
                return add(scale(c, m), *(t for t in e.terms if t not in parts))
    return None


def diagonals_together(e: Sum) -> Expr | None:
    """diag(u) + 2 diag(v) is diag(u + 2v)."""
    columns = {t: column for t in e.terms if (column := _on_diagonal(t)) is not None}
    if len(columns) < 2:
        return None
    return add(call("diag", add(*columns.values())), *(t for t in e.terms if t not in columns))


def _on_diagonal(e: Expr) -> Expr | None:
    """The column v of a multiple of diag(v)."""
    match e:
        case Call("diag", (v,)) if v.shape[1] == ONE_DIM:
            return v
        case Product(coefficient, scalars, (Call("diag", (v,)),)) if v.shape[1] == ONE_DIM:
            return multiply(Number(coefficient), *scalars, v)
    return None


def common_entries(e: Sum) -> Expr | None:
    """u ⊙ v² - u² ⊙ v is u ⊙ v ⊙ (v - u), for columns, where that is shorter; u ⊙ v - (u' v) u stays."""
    if e.shape[1] != ONE_DIM or e.is_scalar or any(isinstance(t, Product) and t.scalars for t in e.terms):
        return None
    exponents = [_entry_exponents(t) for t in e.terms]
    shared = {b: min(other[b] for other in exponents) for b in exponents[0] if all(b in other for other in exponents)}
    taken = [elementwise_power(b, k) for b, k in shared.items()]
    left = [elementwise_power(b, -k) for b, k in shared.items()]
    rest = add(*(hadamard(t, *left) for t in e.terms))
    factored = hadamard(*taken, rest) if isinstance(rest, Sum) else hadamard(rest, *taken)
    return factored if factored.weight < e.weight else None


def _entry_exponents(e: Expr) -> dict[Expr, Fraction]:
    """The elementwise factors of a column with their exponents, a multiple of it taken as the column."""
    body = e.chain[0] if isinstance(e, Product) and len(e.chain) == 1 else e
    factors = body.factors if isinstance(body, Hadamard) else (body,)
    raised = ((f.base, f.exponent) if isinstance(f, ElementwisePower) else (f, ONE) for f in factors)
    return {base: k.value for base, k in raised if isinstance(k, Number)}


def diagonal_part(e: Hadamard) -> Expr | None:
    """D ⊙ I is D for a diagonal D; (A D) ⊙ I is left as it is."""
    rest = [f for f in e.factors if not isinstance(f, Identity)]
    if len(rest) < len(e.factors) and rest and all(is_diagonal(f) for f in rest):
        return hadamard(*rest)
    return None


def diagonal_of_scaled(e: Hadamard) -> Expr | None:
    """(M diag(v)) ⊙ I is diag(diag(M) ⊙ v), and chol(S)ᵀ ⊙ I is chol(S) ⊙ I; G + Gᵀ - Gᵀ ⊙ I stays as it is read."""
    match sorted(e.factors, key=lambda f: isinstance(f, Identity)):
        case [Product(coefficient, scalars, (m, Call("diag", (v,)))), Identity()] if v.shape[1] == ONE_DIM:
            return multiply(Number(coefficient), *scalars, call("diag", hadamard(call("diag", m), v)))
        case [Product(coefficient, scalars, (Call("diag", (v,)), m)), Identity()] if v.shape[1] == ONE_DIM:
            return multiply(Number(coefficient), *scalars, call("diag", hadamard(call("diag", m), v)))
        case [Transpose(Call() as m), Identity() as one]:
            return hadamard(m, one)
    return None


def triangle(e: Call) -> Expr | None:
    """tril(L) is L for a lower triangular L, and tril(U) is U ⊙ I for an upper one; so of triu."""
    keeps, other = (is_lower, is_upper) if e.function == "tril" else (is_upper, is_lower)
    if e.function in ("tril", "triu"):
        inner = e.arguments[0]
        if keeps(inner):
            return inner
        if other(inner):
            return hadamard(inner, Identity(inner.shape))
    return None


def sum_of_hadamard(e: Call) -> Expr | None:
    """sum(x ⊙ y) is x' y for two vectors, and sum(x y') = sum(x) sum(y)."""
    if e.function != "sum":
        return None
    inner = e.arguments[0]
    if isinstance(inner, Hadamard) and len(inner.factors) == 2 and inner.shape[1] == ONE_DIM:
        return multiply(transpose(inner.factors[0]), inner.factors[1])
    return None


def sum_of_softmax(e: Call) -> Expr | None:
    """The shares of a softmax add up to 1."""
    match e:
        case Call("sum", (Call("softmax"),)):
            return ONE
    return None


def taken_apart(e: Call) -> Expr | None:
    """The sum of the entries of A ⊗ B is that of A times that of B, and toeplitz(I) is n I."""
    match e:
        case Call("sum", (Call("kron", (a, b)),)):
            return multiply(call("sum", a), call("sum", b))
        case Call("toeplitz", (Identity((n, _)) as m,)):
            return multiply(size(n), m)
    return None
