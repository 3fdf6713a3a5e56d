"""To the form a person would print: the structure of symbols used, sums factored, Kronecker products multiplied.

Every rule keeps the value; of the forms that the rules reach, the shortest is taken, and the one closer to what was
typed where two are equally short.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from matcalc.expression.algebra import (
    ONE,
    add,
    call,
    elementwise_power,
    eye,
    hadamard,
    inv,
    multiply,
    negative,
    number,
    ones,
    power,
    rewrite,
    scale,
    size,
    split_coefficient,
    transpose,
    zeros,
)
from matcalc.expression.alike import (
    diagonals_alike,
    differences_alike,
    fraction_of_sum,
    negated_difference,
    negated_terms,
    opposite_differences,
    scalars_turned_alike,
    transposed_symbol,
    transposes,
)
from matcalc.expression.elementary import (
    entrywise_logistic_share,
    entrywise_quotient,
    logistic,
    normalised_exponential,
    scalar_logistic_share,
    scalar_quotient,
    sign_over_abs,
    sign_times_abs,
)
from matcalc.expression.expr import (
    Call,
    Commutation,
    ElementwisePower,
    Expr,
    Hadamard,
    Identity,
    Number,
    Ones,
    Power,
    Product,
    Sum,
    Symbol,
    Transpose,
)
from matcalc.expression.factoring import factor
from matcalc.expression.triangles import is_diagonal, is_lower, is_upper
from matcalc.shape import ONE as ONE_DIM

MAX_PASSES = 6
MAX_EXPANDED_WEIGHT = 80


def simplify(e: Expr) -> Expr:
    """The shortest of the forms that the rules reach, each of the same value as `e`."""
    best = settle(e)
    for variant in (unfold_inverses, as_norms, expand):
        if best.weight <= MAX_EXPANDED_WEIGHT:
            changed = variant(best)
            if changed is not best and (candidate := settle(changed)).weight < best.weight:
                best = candidate
    return best


def settle(e: Expr) -> Expr:
    """Apply the rules from the leaves up until nothing changes."""
    for _ in range(MAX_PASSES):
        changed = rewrite(e, one_step)
        if changed is e or (changed == e and changed.weight == e.weight):
            return changed
        e = changed
    return e


def one_step(e: Expr) -> Expr | None:
    """The first rule that applies to a node whose operands are already simple."""
    for rule in RULES.get(type(e), ()):
        result = rule(e)
        if result is not None:
            return result
    return None


def is_symmetric(e: Expr) -> bool:
    """Whether a matrix equals its transpose by its form and the structure of its symbols."""
    return e.shape[0] == e.shape[1] and settle(transpose(e)) == e


def is_singular_at_odd_order(e: Expr) -> bool:
    """Whether a matrix is skew by its form, or a product of square matrices of which one is, and may be of odd order.

    The determinant of such a matrix, det M = det(-M'), is 0 where the order is odd.
    """
    if e.shape[0] != e.shape[1] or e.shape[0].factor % 2 == 0:
        return False
    square = isinstance(e, Product) and all(f.shape == e.shape for f in e.chain)
    return any(settle(negative(transpose(f))) == f for f in ((e, *e.args) if square else (e,)))


# --- rules -----------------------------------------------------------------------------------------------------------


def _is_orthogonal(e: Expr) -> bool:
    return isinstance(e, Symbol) and e.structure == "orthogonal"


def _orthogonal_inverse(e: Power) -> Expr | None:
    base = e.base.of if isinstance(e.base, Transpose) else e.base
    if _is_orthogonal(base) and isinstance(e.exponent, Number) and e.exponent.value < 0:
        return power(transpose(e.base), negative(e.exponent))
    return None


def _neighbours(e: Product) -> Expr | None:
    """Replace the first run of chain factors for which a rule gives (its length, replacement)."""
    for k in range(len(e.chain) - 1):
        run = e.chain[k:]
        for rule in NEIGHBOURS:
            found = rule(run)
            if found is not None:
                length, replacement = found
                return multiply(Number(e.coefficient), *e.scalars, *e.chain[:k], replacement, *run[length:])
    return None


def _orthogonal_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    a, b = run[0], run[1]
    q = a.of if isinstance(a, Transpose) else a
    return (2, eye(a.shape[0])) if _is_orthogonal(q) and transpose(a) == b else None


def _cholesky_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """L L' is A and L^-1' L^-1 is A^-1 for the Cholesky factor L of A."""
    a, b = run[0], run[1]
    root = b.base if isinstance(b, Power) else a
    if not (isinstance(root, Call) and root.function == "chol" and is_symmetric(root.arguments[0])):
        return None
    if (a, b) == (root, transpose(root)):
        return 2, root.arguments[0]
    return (2, inv(root.arguments[0])) if (a, b) == (transpose(inv(root)), inv(root)) else None


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
    for other, k in ((m, 0), (inv(m), -2)):
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


def _diagonal_times_column(e: Product) -> Expr | None:
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


def _entries_cancel(e: Product) -> Expr | None:
    """(a ⊘ b)' b is sum(a): the inner product of two columns, where that is shorter."""
    if e.is_scalar and len(e.chain) == 2 and e.coefficient == 1:
        row, column = e.chain
        product = hadamard(transpose(row), column)
        if product.weight + 1 < row.weight + column.weight:
            return call("sum", product)
    return None


def _cleared_denominator(e: Product) -> Expr | None:
    """a (1 + s/a) is a + s, and 1/(a (1 + s/a)) is 1/(a + s); other integer powers too."""
    powers = [(s.base, s.exponent) if isinstance(s, Power) else (s, ONE) for s in e.scalars]
    for at, (total, k) in enumerate(powers):
        if isinstance(total, Sum) and isinstance(k, Number) and k.value.denominator == 1:
            for other, (a, j) in enumerate(powers):
                cleared = add(*(multiply(a, t) for t in total.terms)) if j == k and other != at else total
                if cleared.weight < total.weight:
                    rest = [s for n, s in enumerate(e.scalars) if n not in (at, other)]
                    return multiply(Number(e.coefficient), *rest, power(cleared, k), *e.chain)
    return None


def _kronecker_power(e: Power) -> Expr | None:
    """(A ⊗ B)^k is A^k ⊗ B^k for square A and B."""
    match e.base:
        case Call("kron", (a, b)) if a.shape[0] == a.shape[1]:
            return call("kron", power(a, e.exponent), power(b, e.exponent))
    return None


def _both_triangles(e: Sum) -> Expr | None:
    """tril(M) + triu(M) - M ⊙ I is M."""
    for term in e.terms if len(e.terms) > 2 else ():
        c, body = split_coefficient(term)
        if isinstance(body, Call) and body.function == "tril":
            (m,) = body.arguments
            parts = (term, scale(c, call("triu", m)), scale(-c, hadamard(m, eye(m.shape[0]))))
            if all(part in e.terms for part in parts):
                return add(scale(c, m), *(t for t in e.terms if t not in parts))
    return None


def _diagonals_together(e: Sum) -> Expr | None:
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


def _common_entries(e: Sum) -> Expr | None:
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


def _diagonal_part(e: Hadamard) -> Expr | None:
    """D ⊙ I is D for a diagonal D; (A D) ⊙ I is left as it is."""
    rest = [f for f in e.factors if not isinstance(f, Identity)]
    if len(rest) < len(e.factors) and rest and all(is_diagonal(f) for f in rest):
        return hadamard(*rest)
    return None


def _diagonal_of_scaled(e: Hadamard) -> Expr | None:
    """(M diag(v)) ⊙ I is diag(diag(M) ⊙ v), and chol(S)ᵀ ⊙ I is chol(S) ⊙ I; G + Gᵀ - Gᵀ ⊙ I stays as it is read."""
    match sorted(e.factors, key=lambda f: isinstance(f, Identity)):
        case [Product(coefficient, scalars, (m, Call("diag", (v,)))), Identity()] if v.shape[1] == ONE_DIM:
            return multiply(Number(coefficient), *scalars, call("diag", hadamard(call("diag", m), v)))
        case [Product(coefficient, scalars, (Call("diag", (v,)), m)), Identity()] if v.shape[1] == ONE_DIM:
            return multiply(Number(coefficient), *scalars, call("diag", hadamard(call("diag", m), v)))
        case [Transpose(Call() as m), Identity() as one]:
            return hadamard(m, one)
    return None


def _triangle(e: Call) -> Expr | None:
    keeps, other = (is_lower, is_upper) if e.function == "tril" else (is_upper, is_lower)
    if e.function in ("tril", "triu"):
        inner = e.arguments[0]
        if keeps(inner):
            return inner
        if other(inner):
            return hadamard(inner, Identity(inner.shape))
    return None


def _fewer_transposes(e: Call) -> Expr | None:
    """tr(A') is tr(A): written with the fewer transposes."""
    if e.function in ("tr", "det", "logdet"):
        turned = transpose(e.arguments[0])
        if transposes(turned) < transposes(e.arguments[0]):
            return call(e.function, turned)
    return None


def _sum_of_hadamard(e: Call) -> Expr | None:
    """sum(x ⊙ y) is x' y for two vectors, and sum(x y') = sum(x) sum(y)."""
    if e.function != "sum":
        return None
    inner = e.arguments[0]
    if isinstance(inner, Hadamard) and len(inner.factors) == 2 and inner.shape[1] == ONE_DIM:
        return multiply(transpose(inner.factors[0]), inner.factors[1])
    return None


def _sum_of_softmax(e: Call) -> Expr | None:
    """The shares of a softmax add up to 1."""
    match e:
        case Call("sum", (Call("softmax"),)):
            return ONE
    return None


def _is_skew(e: Expr) -> bool:
    """Whether a matrix is the negative of its transpose by its form."""
    return any(s.structure == "skew" for s in e.symbols) and settle(negative(transpose(e))) == e


def _diagonal_of_skew(e: Call | Hadamard) -> Expr | None:
    """The diagonal of a skew matrix is 0, and so is its trace."""
    match e:
        case Call("tr" | "diag", (m,)) if m.shape[0] == m.shape[1] and _is_skew(m):
            return zeros(e.shape)
        case Hadamard(factors) if any(isinstance(f, Identity) for f in factors) and any(map(_is_skew, factors)):
            return zeros(e.shape)
    return None


def _apart(e: Call) -> Expr | None:
    """The sum of the entries of A ⊗ B is that of A times that of B, and toeplitz(I) is n I."""
    match e:
        case Call("sum", (Call("kron", (a, b)),)):
            return multiply(call("sum", a), call("sum", b))
        case Call("toeplitz", (Identity((n, _)) as m,)):
            return multiply(size(n), m)
    return None


# --- the table ------------------------------------------------------------------------------------------------------

# Of two or more factors beside each other.
NEIGHBOURS: tuple[Callable[[Sequence[Expr]], tuple[int, Expr] | None], ...] = (
    _orthogonal_pair,
    _cholesky_pair,
    _kronecker_pair,
    _kronecker_times_vec,
    _diagonal_pair,
    _adjugate_pair,
    _power_and_first_factor,
    _outer_ones,
)

RULES: dict[type[Expr], tuple[Callable[..., Expr | None], ...]] = {
    Transpose: (transposed_symbol,),
    Power: (_orthogonal_inverse, logistic, _kronecker_power),
    ElementwisePower: (logistic,),
    Product: (
        _neighbours,
        _diagonal_times_column,
        normalised_exponential,
        scalar_logistic_share,
        scalar_quotient,
        sign_over_abs,
        _entries_cancel,
        opposite_differences,
        negated_difference,
        fraction_of_sum,
        _cleared_denominator,
    ),
    Hadamard: (
        _diagonal_of_skew,
        _diagonal_part,
        _diagonal_of_scaled,
        sign_times_abs,
        entrywise_logistic_share,
        entrywise_quotient,
    ),
    Call: (_diagonal_of_skew, _apart, _triangle, _sum_of_softmax, _sum_of_hadamard, _fewer_transposes),
    Sum: (
        _both_triangles,
        scalars_turned_alike,
        _diagonals_together,
        _common_entries,
        diagonals_alike,
        differences_alike,
        negated_terms,
        factor,
    ),
}


# --- variants --------------------------------------------------------------------------------------------------------


def unfold_inverses(e: Expr) -> Expr:
    """(A B)^-1 as B^-1 A^-1 wherever A and B are square."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Power) and isinstance(node.base, Product) and isinstance(node.exponent, Number):
            chain = node.base.chain
            if node.exponent.value == -1 and chain and all(f.shape[0] == f.shape[1] for f in chain):
                return multiply(*(inv(f) for f in reversed(chain)))
        return None

    return rewrite(e, rule)


def as_norms(e: Expr) -> Expr:
    """x'x as norm2(x)^2 beside norm2(x)."""
    squares: dict[Expr, Expr] = {}

    def collect(node: Expr) -> None:
        if isinstance(node, Call) and node.function == "norm2":
            (x,) = node.arguments
            squares[multiply(transpose(x), x)] = power(node, number(2))

    rewrite(e, collect)
    return rewrite(e, squares.get) if squares else e


def expand(e: Expr) -> Expr:
    """Products, elementwise ones too, multiplied out over the sums in them, and traces of sums taken apart."""
    return rewrite(e, _distribute)


def _distribute(e: Expr) -> Expr | None:
    match e:
        case Transpose(Sum() as inner):
            return transpose(inner)
        case Call("tr", (Sum() as inner,)):
            return add(*(call("tr", t) for t in inner.terms))
    if not isinstance(e, Product | Hadamard):
        return None
    coefficient, combine = (e.coefficient, multiply) if isinstance(e, Product) else (1, hadamard)
    for k, f in enumerate(e.args):
        if isinstance(f, Sum) and e.weight <= MAX_EXPANDED_WEIGHT:
            before, after = e.args[:k], e.args[k + 1 :]
            terms = (multiply(number(coefficient), combine(*before, t, *after)) for t in f.terms)
            return add(*(_distribute(t) or t for t in terms))
    return None


def same_by_form(a: Expr, b: Expr) -> bool:
    """Whether two expressions have one expanded form: enough for equality, not needed for it."""
    return settle(expand(settle(a))) == settle(expand(settle(b)))
