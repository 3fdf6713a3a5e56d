"""To the form a person would print: the structure of symbols used, sums factored, Kronecker products multiplied.

Every rule keeps the value; of the forms that the rules reach, the shortest is taken, and the one closer to what was
typed where two are equally short.
"""

from collections.abc import Callable, Sequence

from matcalc.expression.algebra import (
    add,
    call,
    hadamard,
    inv,
    multiply,
    negative,
    number,
    power,
    rewrite,
    transpose,
    zeros,
)
from matcalc.expression.alike import (
    cleared_denominator,
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
from matcalc.expression.diagonals import (
    both_triangles,
    common_entries,
    diagonal_of_scaled,
    diagonal_part,
    diagonals_together,
    entries_cancel,
    sum_of_hadamard,
    sum_of_softmax,
    taken_apart,
    triangle,
)
from matcalc.expression.elementary import (
    elementary_factors,
    logistic,
    normalised_exponential,
    sign_over_abs,
    sign_times_abs,
)
from matcalc.expression.expr import (
    Call,
    ElementwisePower,
    Expr,
    Hadamard,
    Identity,
    Number,
    Power,
    Product,
    Sum,
    Transpose,
)
from matcalc.expression.factoring import factor
from matcalc.expression.neighbours import (
    NEIGHBOURS,
    beside_each_other,
    diagonal_times_column,
    kronecker_power,
    orthogonal_inverse,
)

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


# --- rules that ask whether forms settle to the same ----------------------------------------------------------------


def _neighbours(e: Product) -> Expr | None:
    """Two or more factors beside each other."""
    return beside_each_other(e, (*NEIGHBOURS, _cholesky_pair))


def _cholesky_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    """L L' is A and L^-1' L^-1 is A^-1 for the Cholesky factor L of A."""
    a, b = run[0], run[1]
    root = b.base if isinstance(b, Power) else a
    if not (isinstance(root, Call) and root.function == "chol" and is_symmetric(root.arguments[0])):
        return None
    if (a, b) == (root, transpose(root)):
        return 2, root.arguments[0]
    return (2, inv(root.arguments[0])) if (a, b) == (transpose(inv(root)), inv(root)) else None


def _fewer_transposes(e: Call) -> Expr | None:
    """tr(A') is tr(A): written with the fewer transposes."""
    if e.function in ("tr", "det", "logdet"):
        turned = transpose(e.arguments[0])
        if transposes(turned) < transposes(e.arguments[0]):
            return call(e.function, turned)
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


# --- the table ------------------------------------------------------------------------------------------------------

RULES: dict[type[Expr], tuple[Callable[..., Expr | None], ...]] = {
    Transpose: (transposed_symbol,),
    Power: (orthogonal_inverse, logistic, kronecker_power),
    ElementwisePower: (logistic,),
    Product: (
        _neighbours,
        diagonal_times_column,
        normalised_exponential,
        elementary_factors,
        sign_over_abs,
        entries_cancel,
        opposite_differences,
        negated_difference,
        fraction_of_sum,
        cleared_denominator,
    ),
    Hadamard: (
        _diagonal_of_skew,
        diagonal_part,
        diagonal_of_scaled,
        sign_times_abs,
        elementary_factors,
    ),
    Call: (_diagonal_of_skew, taken_apart, triangle, sum_of_softmax, sum_of_hadamard, _fewer_transposes),
    Sum: (
        both_triangles,
        scalars_turned_alike,
        diagonals_together,
        common_entries,
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
