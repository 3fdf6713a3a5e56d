"""Sums factored: what all terms share is taken out; failing that, what some of them begin or end with."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd

from matcalc.expression.algebra import add, multiply, scale, split_coefficient
from matcalc.expression.expr import Expr, Identity, Number, Product, Sum

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
