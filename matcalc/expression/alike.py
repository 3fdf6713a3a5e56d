"""What differs by a transpose or a sign only, written alike: x'S y for y'S x, B - A for -(A - B).

Each is a rule of `simplification`: the node written otherwise, or None where there is nothing to do.
"""

from collections import Counter
from itertools import combinations

from matcalc.expression.algebra import (
    ONE,
    add,
    call,
    hadamard,
    is_zero,
    multiply,
    negative,
    power,
    rewrite,
    scale,
    split_coefficient,
    transpose,
)
from matcalc.expression.expr import Call, Expr, Hadamard, Identity, Number, Power, Product, Sum, Symbol, Transpose

# --- transposes ------------------------------------------------------------------------------------------------------


def transposed_symbol(e: Expr) -> Expr | None:
    """X for the transpose of a symmetric X, -X for that of a skew one."""
    if isinstance(e, Transpose) and isinstance(e.of, Symbol):
        if e.of.structure in ("symmetric", "spd", "diagonal"):
            return e.of
        if e.of.structure == "skew":
            return negative(e.of)
    return None


def as_structured(e: Expr) -> Expr:
    """An expression without the transposes that the structure of its symbols makes needless."""
    return rewrite(e, transposed_symbol)


def transposes(e: Expr) -> int:
    """How many transposes are written in an expression."""
    return isinstance(e, Transpose) + sum(map(transposes, e.args))


def scalars_turned_alike(e: Sum) -> Expr | None:
    """x' S y + y' S x is 2 x' S y for a symmetric S: of a scalar and its transpose one is written."""
    parts = (t.scalars if isinstance(t, Product) and t.scalars else (t,) for t in e.terms)
    scalars = dict.fromkeys(s for part in parts for s in part)
    alike = Counter((s.names, s.weight) for s in scalars)
    first: dict[Expr, Expr] = {}
    for s in scalars:
        turned = _turned(s) if alike[s.names, s.weight] > 1 else None
        if turned is not None:
            first[s] = first.get(turned, s)
    other = {s: f for s, f in first.items() if s != f}
    return rewrite(e, other.get) if other else None


def _turned(e: Expr) -> Expr | None:
    """The transpose of a scalar that is a product of matrices, or the trace of one, by the structure of its symbols."""
    match e:
        case Product(chain=chain) if chain and e.is_scalar:
            return multiply(*(as_structured(transpose(f)) for f in reversed(chain)))
        case Call("tr", (m,)):
            return call("tr", as_structured(transpose(m)))
    return None


def diagonals_alike(e: Sum) -> Expr | None:
    """A ⊙ I - A' ⊙ I is 0: a matrix and its transpose have one diagonal."""
    parts = {t: m for t in e.terms if (m := _of_diagonal_part(t)) is not None}
    for (one, a), (other, b) in combinations(parts.items(), 2):
        if as_structured(transpose(b)) == a:
            c = split_coefficient(other)[0] / split_coefficient(one)[0]
            return add(*(scale(1 + c, t) if t is one else t for t in e.terms if t is not other))
    return None


def _of_diagonal_part(e: Expr) -> Expr | None:
    """The matrix M of a multiple of M ⊙ I."""
    match split_coefficient(e)[1]:
        case Hadamard(factors) if any(isinstance(f, Identity) for f in factors):
            return hadamard(*(f for f in factors if not isinstance(f, Identity)))
    return None


# --- signs -----------------------------------------------------------------------------------------------------------


def opposite_differences(e: Product) -> Expr | None:
    """(y - x) (x - y)' is -(x - y) (x - y)'."""
    differences = [k for k, f in enumerate(e.chain) if isinstance(f, Sum)]
    for k, other in combinations(differences, 2):
        turned = transpose(e.chain[other])
        if turned.shape == e.chain[k].shape and is_zero(add(turned, e.chain[k])):
            return multiply(Number(-e.coefficient), *e.scalars, *e.chain[:k], turned, *e.chain[k + 1 :])
    return None


def negated_difference(e: Product) -> Expr | None:
    """-s (A - B) is s (B - A), and -1/2 (s - t) is 1/2 (t - s)."""
    match e:
        case Product(coefficient, scalars, (Sum() as inner,)) | Product(coefficient, (*scalars, Sum() as inner), ()):
            if coefficient < 0 and _is_difference(inner) and (e.chain or not scalars):
                return multiply(Number(-coefficient), *scalars, _opposite(inner))
    return None


def _opposite(e: Sum) -> Expr:
    """B - A for A - B."""
    return add(*map(negative, e.terms))


def _is_difference(e: Sum) -> bool:
    return any(split_coefficient(t)[0] < 0 for t in e.terms)


def negated_terms(e: Sum) -> Expr | None:
    """-(x - y) x' - x (x - y)' + C is (y - x) x' + x (y - x)' + C: differences turned where most terms are negative."""
    negatives = _count_negative(e)
    differences = filter(_is_difference, _sums_in(e)) if 2 * negatives > len(e.terms) else ()
    for d in differences:
        changed = _with_opposite(e, d)
        if isinstance(changed, Sum) and _count_negative(changed) < negatives:
            return changed
    return None


def differences_alike(e: Sum) -> Expr | None:
    """(x - y) z' + z (y - x)' is (x - y) z' - z (x - y)': of a difference and its opposite the first is written."""
    for first, later in combinations(_sums_in(e), 2):
        opposite = _opposite(later)
        if first in (opposite, as_structured(transpose(opposite))):
            return _with_opposite(e, later)
    return None


def _sums_in(e: Sum) -> list[Sum]:
    """The sums that are factors of the terms."""
    factors = (f for t in e.terms if isinstance(t, Product) for f in t.chain)
    return list(dict.fromkeys(f for f in factors if isinstance(f, Sum)))


def _with_opposite(e: Expr, difference: Sum) -> Expr:
    """An expression with -(B - A) wherever A - B or its transpose stands."""
    turned = negative(_opposite(difference))
    return rewrite(e, {difference: turned, as_structured(transpose(difference)): as_structured(transpose(turned))}.get)


def _count_negative(e: Sum) -> int:
    return sum(split_coefficient(t)[0] < 0 for t in e.terms)


def fraction_of_sum(e: Product) -> Expr | None:
    """1/2 (2 A + B) is A + 1/2 B: fewer numbers."""
    match e:
        case Product(coefficient, scalars, (Sum(terms),)) | Product(coefficient, (Sum(terms), *scalars), ()):
            if coefficient.denominator == 1 or (not e.chain and scalars):
                return None
            inside = [split_coefficient(t)[0] for t in terms]
            if 1 + sum(abs(c) != 1 for c in inside) > sum(abs(c * coefficient) != 1 for c in inside):
                return multiply(*scalars, add(*(scale(coefficient, t) for t in terms)))
    return None


def cleared_denominator(e: Product) -> Expr | None:
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
