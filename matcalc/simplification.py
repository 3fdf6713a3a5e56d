"""To the form a person would print: the structure of symbols used, sums factored, Kronecker products multiplied.

Every rule keeps the value; of the forms that the rules reach, the shortest is taken, and the one closer to what was
typed where two are equally short.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import gcd

from matcalc.algebra import (
    add,
    call,
    eye,
    hadamard,
    inv,
    is_zero,
    multiply,
    negative,
    power,
    rewrite,
    scale,
    split_coefficient,
    transpose,
    zeros,
)
from matcalc.expr import (
    Apply,
    Call,
    Commutation,
    Constant,
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
from matcalc.shape import ONE as ONE_DIM

MAX_PASSES = 6
MAX_EXPANDED_WEIGHT = 80


def simplify(e: Expr) -> Expr:
    """The shortest of the forms that the rules reach, each of the same value as `e`."""
    best = settle(e)
    for variant in (unfold_inverses, expand):
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


# --- what structure an expression has by its form --------------------------------------------------------------------


def is_symmetric(e: Expr) -> bool:
    """Whether an expression equals its transpose by its form and the structure of its symbols."""
    return e.shape[0] == e.shape[1] and settle(transpose(e)) == e


def _has_form(e: Expr, structures: frozenset[str], functions: frozenset[str]) -> bool:
    match e:
        case Symbol(structure=structure):
            return structure in structures or e.is_scalar
        case Identity():
            return True
        case Call(function) if function in functions:
            return e.shape[0] == e.shape[1]
        case Transpose(of):
            return _has_form(of, *_MIRROR[structures])
        case Power(base):
            return _has_form(base, structures, functions)
        case Hadamard(factors):
            return any(_has_form(f, structures, functions) for f in factors)
        case Sum(terms):
            return all(_has_form(t, structures, functions) for t in terms)
        case Product(_, _, chain):
            return bool(chain) and all(_has_form(f, structures, functions) for f in chain)
        case Constant():
            return is_zero(e)
    return False


_LOWER = (frozenset({"lower", "diagonal"}), frozenset({"tril", "chol", "diag"}))
_UPPER = (frozenset({"upper", "diagonal"}), frozenset({"triu", "diag"}))
_DIAGONAL = (frozenset({"diagonal"}), frozenset({"diag"}))
_MIRROR = {_LOWER[0]: _UPPER, _UPPER[0]: (_LOWER[0], frozenset({"tril", "chol", "diag"})), _DIAGONAL[0]: _DIAGONAL}


def is_lower(e: Expr) -> bool:
    """Whether an expression is lower triangular by its form."""
    return _has_form(e, *_LOWER)


def is_upper(e: Expr) -> bool:
    """Whether an expression is upper triangular by its form."""
    return _has_form(e, *_UPPER)


def is_diagonal(e: Expr) -> bool:
    """Whether an expression is a diagonal matrix by its form."""
    return _has_form(e, *_DIAGONAL)


# --- rules -----------------------------------------------------------------------------------------------------------


def _transposed_symbol(e: Transpose) -> Expr | None:
    if isinstance(e.of, Symbol):
        if e.of.structure in ("symmetric", "spd", "diagonal"):
            return e.of
        if e.of.structure == "skew":
            return negative(e.of)
    return None


def _is_orthogonal(e: Expr) -> bool:
    return isinstance(e, Symbol) and e.structure == "orthogonal"


def _orthogonal_inverse(e: Power) -> Expr | None:
    base = e.base.of if isinstance(e.base, Transpose) else e.base
    if _is_orthogonal(base) and isinstance(e.exponent, Number) and e.exponent.value < 0:
        return power(transpose(e.base), negative(e.exponent))
    return None


def _neighbours(e: Product, rule: Callable[[Sequence[Expr]], tuple[int, Expr] | None]) -> Expr | None:
    """Replace the first run of chain factors for which `rule(rest of the chain)` gives (its length, replacement)."""
    for k in range(len(e.chain)):
        found = rule(e.chain[k:])
        if found is not None:
            length, replacement = found
            before, after = e.chain[:k], e.chain[k + length :]
            return multiply(Number(e.coefficient), *e.scalars, *before, replacement, *after)
    return None


def _orthogonal_pair(run: Sequence[Expr]) -> tuple[int, Expr] | None:
    if len(run) >= 2:
        a, b = run[0], run[1]
        q = a.of if isinstance(a, Transpose) else a
        if _is_orthogonal(q) and transpose(a) == b:
            return 2, eye(a.shape[0])
    return None


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


def _diagonal_times_column(e: Product) -> Expr | None:
    """diag(u) v is u ⊙ v."""
    for k, factor in enumerate(e.chain[:-1]):
        if isinstance(factor, Call) and factor.function == "diag" and factor.shape[0] == factor.shape[1]:
            ends = [j for j in range(k + 1, len(e.chain)) if e.chain[j].shape[1] == ONE_DIM]
            if ends:
                column = multiply(*e.chain[k + 1 : ends[0] + 1])
                product = hadamard(factor.arguments[0], column)
                rest = e.chain[ends[0] + 1 :]
                return multiply(Number(e.coefficient), *e.scalars, *e.chain[:k], product, *rest)
        if factor.shape[0] == ONE_DIM and e.chain[k + 1].shape[1] != ONE_DIM:
            turned = _row_times_diagonal(e, k)
            if turned is not None:
                return turned
    return None


def _row_times_diagonal(e: Product, start: int) -> Expr | None:
    for k in range(start + 1, len(e.chain)):
        factor = e.chain[k]
        if isinstance(factor, Call) and factor.function == "diag" and factor.shape[0] == factor.shape[1]:
            column = transpose(multiply(*e.chain[start:k]))
            row = transpose(hadamard(column, factor.arguments[0]))
            return multiply(Number(e.coefficient), *e.scalars, *e.chain[:start], row, *e.chain[k + 1 :])
        if factor.shape[1] == ONE_DIM:
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


def _diagonal_part(e: Hadamard) -> Expr | None:
    """D ⊙ I is D for a diagonal D; (A D) ⊙ I is left as it is."""
    rest = [f for f in e.factors if not isinstance(f, Identity)]
    if len(rest) < len(e.factors) and rest and all(is_diagonal(f) for f in rest):
        return hadamard(*rest)
    return None


def _sign_times_abs(e: Hadamard) -> Expr | None:
    """x ⊙ sign(x) is |x|."""
    for f in e.factors:
        if isinstance(f, Apply) and f.function == "sign" and f.argument in e.factors:
            rest = [g for g in e.factors if g is not f and g != f.argument]
            return hadamard(Apply("abs", f.argument), *rest)
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
        if _transposes(turned) < _transposes(e.arguments[0]):
            return call(e.function, turned)
    return None


def _transposes(e: Expr) -> int:
    return isinstance(e, Transpose) + sum(map(_transposes, e.args))


def _sum_of_hadamard(e: Call) -> Expr | None:
    """sum(x ⊙ y) is x' y for two vectors, and sum(x y') = sum(x) sum(y)."""
    if e.function != "sum":
        return None
    inner = e.arguments[0]
    if isinstance(inner, Hadamard) and len(inner.factors) == 2 and inner.shape[1] == ONE_DIM:
        return multiply(transpose(inner.factors[0]), inner.factors[1])
    return None


def _trace_of_skew(e: Call) -> Expr | None:
    if e.function == "tr" and isinstance(e.arguments[0], Symbol) and e.arguments[0].structure == "skew":
        return zeros(e.shape)
    return None


# --- factoring sums --------------------------------------------------------------------------------------------------

Term = tuple[Fraction, tuple[Expr, ...], tuple[Expr, ...]]


def _parts(e: Expr) -> Term:
    coefficient, body = split_coefficient(e)
    if isinstance(body, Product) and not (body.chain and body.is_scalar):
        return coefficient, body.scalars, body.chain
    return coefficient, *(((body,), ()) if body.is_scalar else ((), (body,)))


def _whole(term: Term, shape_of: Expr) -> Expr:
    coefficient, scalars, chain = term
    if chain or shape_of.is_scalar:
        return multiply(Number(coefficient), *scalars, *chain)
    return multiply(Number(coefficient), *scalars, Identity(shape_of.shape))


def factor(e: Sum) -> Expr | None:
    """Take out what all terms share; failing that, what some of them begin or end with."""
    terms = [_parts(t) for t in e.terms]
    for take_out in (_common_scalars, _common_coefficient, _same_chain, _common_ends, _some_ends):
        found = take_out(terms, e)
        if found is not None:
            return found
    return None


def _common_scalars(terms: list[Term], e: Sum) -> Expr | None:
    shared = Counter(terms[0][1])
    for _, scalars, _ in terms[1:]:
        shared &= Counter(scalars)
    if not shared:
        return None
    common = list(shared.elements())
    rest = [(c, _without(s, common), chain) for c, s, chain in terms]
    return multiply(*common, add(*(_whole(t, e) for t in rest)))


def _without(items: Iterable[Expr], removed: Iterable[Expr]) -> tuple[Expr, ...]:
    left = Counter(removed)
    result = []
    for item in items:
        if left[item]:
            left[item] -= 1
        else:
            result.append(item)
    return tuple(result)


def _common_coefficient(terms: list[Term], e: Sum) -> Expr | None:
    """2 A + 4 B is 2 (A + 2 B), 1/2 A + 1/2 B is 1/2 (A + B), -A - B is -(A + B)."""
    coefficients = [c for c, _, _ in terms]
    sign = -1 if all(c < 0 for c in coefficients) else 1
    if all(abs(c) == abs(coefficients[0]) for c in coefficients):
        content = abs(coefficients[0])
    elif all(c.denominator == 1 for c in coefficients):
        content = Fraction(gcd(*(int(c) for c in coefficients)))
    else:
        content = Fraction(1)
    if sign * content == 1:
        return None
    if sign == -1 and content == 1 and e.is_scalar:
        return None
    return scale(sign * content, add(*(_whole((c / (sign * content), s, chain), e) for c, s, chain in terms)))


def _same_chain(terms: list[Term], e: Sum) -> Expr | None:
    """s A + t A is (s + t) A."""
    counts = Counter(chain for _, _, chain in terms if chain)
    chain, count = counts.most_common(1)[0] if counts else ((), 0)
    if count < 2:
        return None
    scalars = add(*(multiply(Number(c), *s) for c, s, other in terms if other == chain))
    rest = [_whole(t, e) for t in terms if t[2] != chain]
    return add(multiply(scalars, *chain), *rest)


def _shared(chains: Sequence[Sequence[Expr]]) -> int:
    """How many leading factors the chains share."""
    count = 0
    for column in zip(*chains, strict=False):
        if any(f != column[0] for f in column):
            break
        count += 1
    return count


def _common_ends(terms: list[Term], e: Sum) -> Expr | None:
    chains = [chain for _, _, chain in terms]
    if e.is_scalar or not all(chains):
        return None
    shortest = min(map(len, chains))  # X A + X stays: a person does not write X (A + I)
    left = min(_shared(chains), shortest - 1)
    right = min(_shared([c[left:][::-1] for c in chains]), shortest - 1 - left)
    return _take_ends(terms, left, right) if left or right else None


def _take_ends(terms: list[Term], left: int, right: int) -> Expr:
    first = terms[0][2]
    before, after = first[:left], first[len(first) - right :]
    inner = (multiply(Number(c), *s, *chain[left : len(chain) - right]) for c, s, chain in terms)
    return multiply(*before, add(*inner), *after)


def _some_ends(terms: list[Term], e: Sum) -> Expr | None:
    """A x + B x + b is (A + B) x + b: the end that most terms share."""
    if e.is_scalar:
        return None
    ends = Counter((at, chain[at]) for _, _, chain in terms if len(chain) > 1 for at in (0, -1))
    ends = Counter({end: count for end, count in ends.items() if count > 1})
    if not ends:
        return None
    (at, end), _ = ends.most_common(1)[0]
    inside = [t for t in terms if len(t[2]) > 1 and t[2][at] == end]
    outside = [t for t in terms if t not in inside]
    left, right = (1, 0) if at == 0 else (0, 1)
    return add(_take_ends(inside, left, right), *(_whole(t, e) for t in outside))


RULES: dict[type[Expr], tuple[Callable[..., Expr | None], ...]] = {
    Transpose: (_transposed_symbol,),
    Power: (_orthogonal_inverse,),
    Product: (
        lambda e: _neighbours(e, _orthogonal_pair),
        lambda e: _neighbours(e, _kronecker_pair),
        _diagonal_times_column,
        _entries_cancel,
    ),
    Hadamard: (_diagonal_part, _sign_times_abs),
    Call: (_trace_of_skew, _triangle, _sum_of_hadamard, _fewer_transposes),
    Sum: (factor,),
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


def expand(e: Expr) -> Expr:
    """Products multiplied out over the sums in them."""
    return rewrite(e, _distribute)


def _distribute(e: Expr) -> Expr | None:
    if isinstance(e, Transpose) and isinstance(e.of, Sum):
        return transpose(e.of)
    if not isinstance(e, Product):
        return None
    for k, f in enumerate(e.args):
        if isinstance(f, Sum) and e.weight <= MAX_EXPANDED_WEIGHT:
            before, after = e.args[:k], e.args[k + 1 :]
            terms = (multiply(Number(e.coefficient), *before, t, *after) for t in f.terms)
            return add(*(_distribute(t) or t for t in terms))
    return None


def same_by_form(a: Expr, b: Expr) -> bool:
    """Whether two expressions have one expanded form: enough for equality, not needed for it."""
    return settle(expand(settle(a))) == settle(expand(settle(b)))
