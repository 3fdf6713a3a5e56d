"""Edits of one node of a claim: each rule undoes one kind of slip."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations, pairwise, permutations, product
from typing import Any

from matcalc.diagnosis.case import Case, Edit
from matcalc.diagnosis.tree import chain_of, everywhere, is_square, runs
from matcalc.errors import MatcalcError
from matcalc.expression.algebra import (
    LINEAR,
    add,
    call,
    elementwise_power,
    eye,
    hadamard,
    inv,
    multiply,
    negative,
    number,
    power,
    scale,
    size,
    substitute,
    subtract,
    transpose,
)
from matcalc.expression.expr import (
    Apply,
    Call,
    ElementwisePower,
    Expr,
    Hadamard,
    Number,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
)

MAX_PERMUTED = 5
WRONG_POWER = "the power of {old} is wrong: it should be {new}"
EXPONENTS = tuple(map(Fraction, ("-1", "1", "2", "-2", "3", "1/2", "-1/2", "3/2", "-3/2", "-3")))


@dataclass(frozen=True)
class Change:
    """What a rule puts in the place of a node: built only when it is tried, and left out when it does not fit."""

    says: str
    make: Callable[..., Expr]
    operands: tuple[Any, ...]
    part: Expr | None = None
    kind: str | None = None


Rule = Callable[[Case, Expr], Iterator[Change]]


def local(kind: str, rule: Rule, factors: bool = True) -> Callable[[Case], Iterator[Edit]]:
    """The edits that replace one node of the claim by what a rule makes of it."""

    def edits(case: Case) -> Iterator[Edit]:
        for node, place in everywhere(case.claim, factors):
            for change in rule(case, node):
                try:
                    new = change.make(*change.operands)
                    edited = place(new)
                except MatcalcError:
                    continue
                yield Edit(change.kind or kind, edited, change.says, node, new, change.part)

    return edits


# --- one node --------------------------------------------------------------------------------------------------------


def signs(case: Case, node: Expr) -> Iterator[Change]:
    """A term of a sum, or the argument of a function, with the other sign."""
    if isinstance(node, Sum):
        for t in node.terms:
            says = "the sign of the term {part} is wrong: {old} should be {new}"
            yield Change(says, add, (node, scale(Fraction(-2), t)), t)
    elif isinstance(node, Apply) or (isinstance(node, Call) and node.function not in LINEAR):
        yield Change("the sign in {old} is wrong: it is {new}", node.rebuild, (tuple(map(negative, node.args)),))


def coefficients(case: Case, node: Expr) -> Iterator[Change]:
    """A term of a sum left out, doubled or halved."""
    if isinstance(node, Sum):
        for t in node.terms:
            says = "the term {part} has the wrong coefficient in {old}: it is {new}"
            yield Change("the term {part} is too many in {old}", subtract, (node, t), t, "extra-term")
            yield Change(says, add, (node, t), t)
            yield Change(says, subtract, (node, scale(Fraction(1, 2), t)), t)


def transposes(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix, or a factor of a product, transposed."""
    if is_square(node):
        yield Change("{old} is transposed: it should be {new}", transpose, (node,))
    yield from _transposed_factors(node, (1,))


def several_transposes(case: Case, node: Expr) -> Iterator[Change]:
    """Several factors of a product transposed."""
    yield from _transposed_factors(node, range(2, MAX_PERMUTED + 1))


def _transposed_factors(node: Expr, counts: Iterable[int]) -> Iterator[Change]:
    if isinstance(node, Product):
        scalars, chain = chain_of(node)
        square = [k for k, f in enumerate(chain) if is_square(f)][:MAX_PERMUTED]
        for chosen in (c for count in counts for c in combinations(square, count)):
            factors = (transpose(f) if k in chosen else f for k, f in enumerate(chain))
            yield Change("a factor of {old} is transposed: it should be {new}", multiply, (*scalars, *factors))


def all_transposes(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix or vector of any shape transposed."""
    if not node.is_scalar:
        yield Change("{old} is transposed: it should be {new}", transpose, (node,))


def orders(case: Case, node: Expr) -> Iterator[Change]:
    """The factors of a product in another order."""
    says = "the factors of {old} are in the wrong order: it should be {new}"
    if isinstance(node, Call) and node.function == "kron":
        yield Change(says, call, ("kron", *reversed(node.arguments)))
    scalars, chain = chain_of(node)
    if len(chain) <= MAX_PERMUTED:
        for chosen in dict.fromkeys(permutations(chain)):
            if all(a.shape[1] == b.shape[0] for a, b in pairwise(chosen)):
                yield Change(says, multiply, (*scalars, *chosen))


def inverted_symbols(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix that stands in a product several times, each time for its inverse."""
    says = "{part} and its inverse are exchanged in {old}: it should be {new}"
    for s in _symbols_of_product(node):
        if is_square(s):
            yield Change(says, substitute, (node, {s: inv(s)}), s)


def exchanged_symbols(case: Case, node: Expr) -> Iterator[Change]:
    """Two symbols of one shape in each other's place in the matrices of a product."""
    scalars, chain = chain_of(node)
    for a, b in combinations(_symbols_of_product(node), 2):
        if a.shape == b.shape:
            says = f"{a.name} and {b.name} are exchanged in {{old}}: it should be {{new}}"
            yield Change(says, multiply, (*scalars, *(substitute(f, {a: b, b: a}) for f in chain)))


def _symbols_of_product(node: Expr) -> list[Symbol]:
    return sorted(node.symbols, key=lambda s: s.name) if isinstance(node, Product) else []


def inverses(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix or a run of factors inverted, or no longer inverted; the inverse inside for the one outside."""
    missing = "an inverse is missing: {old} should be {new}"
    if is_square(node):
        says = "one inverse too many: {old} should be {new}" if isinstance(node, Power) else missing
        yield Change(says, inv, (node,))
    match node:
        case Power(Call(function, (a,))) if is_square(a) and function != "det":
            yield Change("the inverse belongs inside: {old} should be {new}", call, (function, inv(a)))
    for run, place in runs(node):
        if run.shape[0] == run.shape[1]:
            yield Change(missing, lambda run, place=place: place(inv(run)), (run,))


def powers(case: Case, node: Expr) -> Iterator[Change]:
    """A scalar, a matrix or every entry to another power; the exponents of two scalars exchanged."""
    if isinstance(node, Product):
        for a, b in combinations([f for f in node.scalars if isinstance(f, Power)], 2):
            swapped = (power(a.base, b.exponent), power(b.base, a.exponent), inv(a), inv(b))
            yield Change("the powers in {old} are exchanged: it should be {new}", multiply, (node, *swapped))
    for run, place in runs(node):
        yield Change("the elementwise power in {old} is missing: it should be {new}",
                     lambda run, place=place: place(elementwise_power(run, number(2))), (run,))  # fmt: skip
    if isinstance(node, Power) and not node.is_scalar:
        says = "{old} should be the power of every entry, {new}"
        yield Change(says, elementwise_power, (node.base, node.exponent))
    if isinstance(node, Number | Size) or (isinstance(node, Product) and not node.is_scalar):
        return
    raised = elementwise_power if isinstance(node, ElementwisePower) else power
    base, old = (node.base, node.exponent) if isinstance(node, Power | ElementwisePower) else (node, number(1))
    if isinstance(old, Number):
        for k in dict.fromkeys((old.value + 1, old.value - 1, 2 * old.value, old.value / 2, *EXPONENTS)):
            if k not in (0, old.value) and (base.is_scalar or k * old.value > 0 or abs(k) > 1):
                kind = "inverse" if isinstance(base, Symbol) and k == -old.value else None
                yield Change(WRONG_POWER, raised, (base, number(k)), kind=kind)
    if not node.is_scalar and not isinstance(node, ElementwisePower):
        yield Change(WRONG_POWER, elementwise_power, (node, number(2)))


def sizes(case: Case, node: Expr) -> Iterator[Change]:
    """A scalar or a number raised to the size of a matrix, as in det(c A) = c^n det(A)."""
    for n in dict.fromkeys(size(s.shape[0]) for s in sorted(case.e.symbols, key=lambda s: s.name) if is_square(s)):
        if isinstance(node, Symbol) and node.is_scalar:
            yield Change(WRONG_POWER, power, (node, n))
        elif isinstance(node, Product) and node.is_scalar and node.coefficient != 1:
            own = number(node.coefficient)
            for c in dict.fromkeys([own, *case.coefficients]):
                yield Change(WRONG_POWER, multiply, (node, inv(own), power(c, n)))


def other_sizes(case: Case, node: Expr) -> Iterator[Change]:
    """A size where another belongs."""
    if isinstance(node, Size):
        for d in sorted({d for s in case.e.symbols for d in s.shape if d.names} - {node.dim}, key=str):
            yield Change("the size {old} should be {new}", size, (d,))


def gathered(case: Case, node: Expr) -> Iterator[Change]:
    """One value of a function for several: tr(A B) for tr(A) tr(B), (A + B)^-1 for A^-1 + B^-1."""
    if not (isinstance(node, Sum) or (isinstance(node, Product) and node.coefficient == 1)):
        return
    combine, parts = add if isinstance(node, Sum) else multiply, node.args
    make: Callable[[Expr], Expr]
    match parts[0]:
        case Call(function, (_,)) if all(isinstance(p, Call) and p.function == function for p in parts):
            make = partial(call, function)
        case Power(_, k) if all(isinstance(p, Power) and p.exponent == k for p in parts):
            make = partial(_raised, k)
        case _:
            return
    yield Change("{old} should be {new}", lambda *inner: make(combine(*inner)), tuple(p.args[0] for p in parts))


def combined(case: Case, node: Expr) -> Iterator[Change]:
    """Terms that should be multiplied, as in det(A B), or factors that should be added, as in log(a b)."""
    match node:
        case Sum(terms) if len(terms) == 2:
            for order in (terms, terms[::-1]):
                yield Change("the terms of {old} should be multiplied: {new}", multiply, order)
        case Product(_, scalars, ()) if len(scalars) == 2:
            yield Change("the factors of {old} should be added: {new}", add, node.args)


def crossed(case: Case, node: Expr) -> Iterator[Change]:
    """The ends of two terms exchanged, as in A' B x + B' A x."""
    if not isinstance(node, Sum):
        return
    says = "factors of {part} are exchanged with those of another term: {old} should be {new}"
    for s, t in combinations(node.terms, 2):
        (a, first), (b, second) = chain_of(s), chain_of(t)
        for i, j in product(range(1, len(first)), range(1, len(second))):
            mended = (*a, *first[:i], *second[j:]), (*b, *second[:j], *first[i:])
            yield Change(says, _with_terms, (node, (s, t), mended), s)


def _with_terms(node: Sum, old: Sequence[Expr], new: Sequence[Sequence[Expr]]) -> Expr:
    """A sum with some terms replaced by products."""
    return add(node, *map(negative, old), *(multiply(*factors) for factors in new))


def _raised(exponent: Expr, base: Expr) -> Expr:
    return power(base, exponent)


def products(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix product where the elementwise one belongs, or the other way round."""
    if isinstance(node, Product) and len(node.chain) > 1:
        yield Change("{old} should be elementwise: {new}", elementwise, (node,))
    if isinstance(node, Hadamard):
        yield Change("{old} should be a matrix product: {new}", multiply, node.factors)


def elementwise(node: Product) -> Expr:
    """The elementwise product of the factors of a chain."""
    scalars, chain = chain_of(node)
    return multiply(*scalars, hadamard(*chain))


def other_symbols(case: Case, node: Expr) -> Iterator[Change]:
    """A symbol where another of its shape, or its transpose, belongs."""
    if isinstance(node, Symbol):
        for s in sorted(case.e.symbols - {node}, key=lambda s: s.name):
            for other in (s, transpose(s)):
                if other.shape == node.shape:
                    yield Change("{old} stands where {new} should", lambda other: other, (other,))


def inner_terms(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix of the expression, or a multiple of I, that should be added inside, such as under an inverse."""
    if node is not case.claim and not isinstance(node, Number):
        if node.is_scalar:
            for k in (1, -1):
                yield Change("the term {part} is missing: {old} should be {new}", add, (node, number(k)), number(k))
        for s in sorted(case.e.symbols, key=lambda s: s.name):
            multiple = [multiply(s, eye(node.shape[0]))] if s.is_scalar and is_square(node) else []
            for t in [s, inv(s)] if is_square(s) else [s, *multiple]:
                if t.shape == node.shape:
                    yield Change("the term {part} is missing: {old} should be {new}", add, (node, t), t)
                    yield Change("the term {part} is missing: {old} should be {new}", subtract, (node, t), t)
