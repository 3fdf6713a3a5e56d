"""Sums factored: what all terms share is taken out; failing that, what some of them share, begin or end with."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd

from matcalc.expression.algebra import ONE, ZERO, add, multiply, power, scale, split_coefficient, subtract
from matcalc.expression.expr import Expr, Identity, Number, Power, Product, Sum, Symbol

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
    """Take out what all terms share; failing that, what some of them share, begin or end with."""
    terms = [_parts(t) for t in e.terms]
    for take_out in (_common_scalars, _common_coefficient, _same_chain, _common_ends, _some_scalars, _some_ends):
        found = take_out(terms, e)
        if found is not None:
            return found
    return None


def _common_scalars(terms: list[Term], e: Sum) -> Expr | None:
    common = _shared_powers(terms)
    return multiply(*common, add(*(_divided(t, common, e) for t in terms))) if common else None


def _some_scalars(terms: list[Term], e: Sum) -> Expr | None:
    """s A + s B + C is s (A + B) + C: the scalar that most terms share, where that is shorter."""
    if e.is_scalar:
        return None
    counts = Counter(s for _, scalars, _ in terms for s in scalars)
    most = [s for s, count in counts.most_common(1) if count > 1]
    if not most:
        return None
    inside = [t for t in terms if most[0] in t[1]]
    together = multiply(*most, add(*(_divided(t, most, e) for t in inside)))
    first = terms.index(inside[0])
    taken = add(*(_whole(t, e) for t in terms[:first]), together,
                *(_whole(t, e) for t in terms[first:] if t not in inside))  # fmt: skip
    return taken if taken.weight < e.weight else None


def _shared_powers(terms: list[Term]) -> list[Expr]:
    """The scalars that all terms share: 1/s of A/s - B/s^2, unless s is a mere symbol."""
    powers = [{_base(s): _exponent(s) for s in scalars} for _, scalars, _ in terms]
    shared = []
    for base, first in powers[0].items():
        exponents = [p.get(base, ZERO) for p in powers]
        if all(k == first for k in exponents):
            shared.append(power(base, first))
        elif not isinstance(base, Symbol) and all(isinstance(k, Number) for k in exponents):
            values = [k.value for k in exponents if isinstance(k, Number)]
            least = min(values, key=abs)
            if all(v * least > 0 for v in values):
                shared.append(power(base, Number(least)))
    return shared


def _base(s: Expr) -> Expr:
    return s.base if isinstance(s, Power) else s


def _exponent(s: Expr) -> Expr:
    return s.exponent if isinstance(s, Power) else ONE


def _divided(term: Term, common: Iterable[Expr], shape_of: Expr) -> Expr:
    """A term without the scalars taken out of it."""
    coefficient, scalars, chain = term
    taken = {_base(s): _exponent(s) for s in common}
    left = (power(_base(s), subtract(_exponent(s), taken.get(_base(s), ZERO))) for s in scalars)
    return _whole((coefficient, tuple(s for s in left if s != ONE), chain), shape_of)


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
