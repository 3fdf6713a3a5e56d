"""Factors beside each other in a product of matrices, and what they make together; integer powers of one factor."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from matcalc.errors import MatcalcError
from matcalc.expression.algebra import call, eye, hadamard, inv, multiply, negative, number, ones, power, transpose
from matcalc.expression.expr import Call, Commutation, Expr, Number, Ones, Power, Product, Symbol, Transpose
from matcalc.shape import ONE as ONE_DIM

# Of the factors from some place on, how many are replaced and by what.
Rule = Callable[[Sequence[Expr]], tuple[int, Expr] | None]


def _is_orthogonal(e: Expr) -> bool:
    return isinstance(e, Symbol) and e.structure == "orthogonal"


def orthogonal_inverse(e: Power) -> Expr | None:
    """Q^-1 is Q'."""
    base = e.base.of if isinstance(e.base, Transpose) else e.base
    if _is_orthogonal(base) and isinstance(e.exponent, Number) and e.exponent.value < 0:
        return power(transpose(e.base), negative(e.exponent))
    return None


def beside_each_other(e: Product, rules: Iterable[Rule]) -> Expr | None:
    """Replace the first run of chain factors for which a rule gives (its length, replacement)."""
    for k in range(len(e.chain) - 1):
        run = e.chain[k:]
        for rule in rules:
            found = rule(run)
            if found is not None:
                length, replacement = found
                return multiply(Number(e.coefficient), *e.scalars, *e.chain[:k], replacement, *run[length:])
    return None


def _orthogonal_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    a, b = run[0], run[1]
    q = a.of if isinstance(a, Transpose) else a
    return (2, eye(a.shape[0])) if _is_orthogonal(q) and transpose(a) == b else None


def _kronecker_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """(A ⊗ B)(C ⊗ D) = AC ⊗ BD, and K (A ⊗ B) K = B ⊗ A (MN2019, theorem 3.9)."""
    match run[:3]:
        case [Commutation(of=(p, m)), Call("kron", (a, b)), Commutation(of=(n, q))]:
            if (a.shape, b.shape) == ((m, n), (p, q)):
                return 3, call("kron", b, a)
    match run[:2]:
        case [Call("kron", (a, b)), Call("kron", (c, d))]:
            if a.shape[1] == c.shape[0] and b.shape[1] == d.shape[0]:
                return 2, call("kron", multiply(a, c), multiply(b, d))
        case [Commutation(of=(n, m)), Commutation(of=(m2, n2))] if (n, m) == (n2, m2):
            return 2, eye(n * m)
    return None


def _adjugate_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """A adj(A) and adj(A) A are det(A) I, and A^-1 adj(A) is det(A) A^-2."""
    at = next((k for k, f in enumerate(run) if isinstance(f, Call) and f.function == "adj"), None)
    if at is None:
        return None
    m = run[at].args[0]
    beside_it = [(m, 0)]
    with suppress(MatcalcError):  # adj(M) is there for any M, its inverse is not
        beside_it.append((inv(m), -2))
    for other, k in beside_it:
        chain = other.chain if isinstance(other, Product) else (other,)
        beside = run[:at] if at else run[1 : 1 + len(chain)]
        if tuple(beside) == chain:
            return 1 + len(chain), multiply(call("det", m), power(m, number(k)))
    return None


def _power_and_first_factor(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """(A X)² A is A (X A)²."""
    match list(run[:2]):
        case [Power(Product(_, _, (first, *rest)), Number(k)), factor] if k > 1 and factor == first:
            return 2, multiply(first, power(multiply(*rest, first), number(k)))
    return None


def _outer_ones(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """1 1' is a matrix of ones."""
    match list(run[:2]):
        case [Ones((n, inner)), Ones((_, m))] if inner == ONE_DIM:
            return 2, ones((n, m))
    return None


def _diagonal_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """diag(u) diag(v) is diag(u ⊙ v)."""
    match list(run[:2]):
        case [Call("diag", (u,)) as left, Call("diag", (v,)) as right] if left.shape == right.shape:
            return 2, call("diag", hadamard(u, v))
    return None


def _kronecker_times_vec(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """(A ⊗ B) vec X is vec(B X A'), and vec(X)' (A ⊗ B) is vec(B' X A)' (MN2019, section 2.4)."""
    match list(run[:2]):
        case [Call("kron", (a, b)), Call("vec", (x,))] if x.shape == (b.shape[1], a.shape[1]):
            return 2, call("vec", multiply(b, x, transpose(a)))
        case [Transpose(Call("vec", (x,))), Call("kron", (a, b))] if x.shape == (b.shape[0], a.shape[0]):
            return 2, transpose(call("vec", multiply(transpose(b), x, a)))
    return None


def diagonal_times_column(e: Product) -> Expr | None:
    """diag(u) v is u ⊙ v."""
    for k, f in enumerate(e.chain[:-1]):
        if isinstance(f, Call) and f.function == "diag" and f.shape[0] == f.shape[1]:
            ends = [j for j in range(k + 1, len(e.chain)) if e.chain[j].shape[1] == ONE_DIM]
            if ends:
                column = multiply(*e.chain[k + 1 : ends[0] + 1])
                product = hadamard(f.arguments[0], column)
                rest = e.chain[ends[0] + 1 :]
                return multiply(Number(e.coefficient), *e.scalars, *e.chain[:k], product, *rest)
        if f.shape[0] == ONE_DIM and e.chain[k + 1].shape[1] != ONE_DIM:
            turned = _row_times_diagonal(e, k)
            if turned is not None:
                return turned
    return None


def _row_times_diagonal(e: Product, start: int) -> Expr | None:
    for k in range(start + 1, len(e.chain)):
        f = e.chain[k]
        if isinstance(f, Call) and f.function == "diag" and f.shape[0] == f.shape[1]:
            column = transpose(multiply(*e.chain[start:k]))
            row = transpose(hadamard(column, f.arguments[0]))
            return multiply(Number(e.coefficient), *e.scalars, *e.chain[:start], row, *e.chain[k + 1 :])
        if f.shape[1] == ONE_DIM:
            return None
    return None


def kronecker_power(e: Power) -> Expr | None:
    """(A ⊗ B)^k is A^k ⊗ B^k for square A and B."""
    match e.base:
        case Call("kron", (a, b)) if a.shape[0] == a.shape[1]:
            return call("kron", power(a, e.exponent), power(b, e.exponent))
    return None


NEIGHBOURS: tuple[Rule, ...] = (
    _orthogonal_pair,
    _kronecker_pair,
    _kronecker_times_vec,
    _diagonal_pair,
    _adjugate_pair,
    _power_and_first_factor,
    _outer_ones,
)
