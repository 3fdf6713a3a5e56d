"""Edits of one node of a claim, or of one symbol throughout: each rule undoes one kind of slip."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, islice, pairwise, permutations
from typing import Any

from matcalc.algebra import (
    LINEAR,
    add,
    call,
    elementwise_power,
    hadamard,
    inv,
    multiply,
    negative,
    number,
    power,
    rewrite,
    scale,
    substitute,
    subtract,
    transpose,
)
from matcalc.diagnosis.case import Case, Edit
from matcalc.errors import MatcalcError
from matcalc.expr import Apply, Call, ElementwisePower, Expr, Hadamard, Number, Power, Product, Size, Sum, Symbol

MAX_PERMUTED = 5
EXPONENTS = tuple(map(Fraction, ("-1", "1", "2", "-2", "3", "1/2", "-1/2", "3/2", "-3/2", "-3")))
COVARIANCES = ("Sigma", "Lambda", "Omega")

Place = Callable[[Expr], Expr]


@dataclass(frozen=True)
class Change:
    """What a rule puts in the place of a node: built only when it is tried, and left out when it does not fit."""

    says: str
    make: Callable[..., Expr]
    operands: tuple[Any, ...]
    part: Expr | None = None
    kind: str | None = None


Rule = Callable[[Case, Expr], Iterator[Change]]


def everywhere(e: Expr, factors: bool = True) -> Iterator[tuple[Expr, Place]]:
    """Every node of an expression, the whole first, with a function that puts another in its place.

    All terms of a sum but one count as a node too; exponents do not. Without `factors`, those of a product do not
    either, only what is in them.
    """
    yield e, lambda new: new
    if isinstance(e, Sum) and len(e.terms) > 2:
        for t in e.terms:
            yield subtract(e, t), lambda new, t=t: add(t, new)  # type: ignore[misc]
    for k, a in enumerate(e.args[:1] if isinstance(e, Power | ElementwisePower) else e.args):
        inner = everywhere(a, factors)
        for node, place in inner if factors or not isinstance(e, Product) else islice(inner, 1, None):
            yield node, lambda new, k=k, place=place: with_argument(e, k, place(new))  # type: ignore[misc]


def with_argument(e: Expr, k: int, new: Expr) -> Expr:
    """An operation with another operand in one place."""
    return e.rebuild((*e.args[:k], new, *e.args[k + 1 :]))  # type: ignore[attr-defined]


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


def is_square(e: Expr) -> bool:
    """Whether an expression is a square matrix, and not a scalar."""
    return e.shape[0] == e.shape[1] and not e.is_scalar


def chain_of(node: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """A matrix as the scalars before a chain, and the chain with its powers written out."""
    if not isinstance(node, Product):
        return (), (node,)
    return (number(node.coefficient), *node.scalars), tuple(f for factor in node.chain for f in _unfolded(factor))


def _unfolded(f: Expr) -> list[Expr]:
    if not isinstance(f, Power):
        return [f]
    assert isinstance(f.exponent, Number)
    k = int(f.exponent.value)
    return [f.base if k > 0 else inv(f.base)] * abs(k)


# --- one node --------------------------------------------------------------------------------------------------------


def signs(case: Case, node: Expr) -> Iterator[Change]:
    """A term of a sum, or the argument of a function, with the other sign."""
    if isinstance(node, Sum):
        for t in node.terms:
            yield Change(
                "the sign of the term {part} is wrong: {new}, not {old}", add, (node, scale(Fraction(-2), t)), t
            )
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
    """A factor, or several of a product, transposed."""
    if is_square(node):
        yield Change("{old} is transposed: it should be {new}", transpose, (node,))
    if isinstance(node, Product):
        scalars, chain = chain_of(node)
        square = [k for k, f in enumerate(chain) if is_square(f)][:MAX_PERMUTED]
        for count in range(1, len(square) + 1):
            for chosen in combinations(square, count):
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


def inverses(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix or a run of factors inverted, or no longer inverted; the inverse inside for the one outside."""
    missing = "an inverse is missing: {old} should be {new}"
    if is_square(node):
        says = "one inverse too many: {old} should be {new}" if isinstance(node, Power) else missing
        yield Change(says, inv, (node,))
    match node:
        case Power(Call(function, (a,))) if is_square(a) and function != "det":
            yield Change("the inverse belongs inside: {old} should be {new}", call, (function, inv(a)))
    scalars, chain = chain_of(node)
    for i, j in combinations(range(len(chain) + 1), 2):
        if 1 < j - i < len(chain) and chain[i].shape[0] == chain[j - 1].shape[1]:
            yield Change(
                missing, lambda i, j: multiply(*scalars, *chain[:i], inv(multiply(*chain[i:j])), *chain[j:]), (i, j)
            )


def powers(case: Case, node: Expr) -> Iterator[Change]:
    """A scalar, a matrix or every entry to another power; the exponents of two scalars exchanged."""
    says = "the power of {old} is wrong: it should be {new}"
    if isinstance(node, Product):
        for a, b in combinations([f for f in node.scalars if isinstance(f, Power)], 2):
            swapped = (power(a.base, b.exponent), power(b.base, a.exponent), inv(a), inv(b))
            yield Change("the powers in {old} are exchanged: it should be {new}", multiply, (node, *swapped))
    if isinstance(node, Number | Size) or (isinstance(node, Product) and not node.is_scalar):
        return
    raised = elementwise_power if isinstance(node, ElementwisePower) else power
    base, old = (node.base, node.exponent) if isinstance(node, Power | ElementwisePower) else (node, number(1))
    if isinstance(old, Number):
        for k in dict.fromkeys((old.value + 1, old.value - 1, 2 * old.value, old.value / 2, *EXPONENTS)):
            if k not in (0, old.value) and (base.is_scalar or k * old.value > 0 or abs(k) > 1):
                yield Change(says, raised, (base, number(k)))
    if not node.is_scalar and not isinstance(node, ElementwisePower):
        yield Change(says, elementwise_power, (node, number(2)))


def products(case: Case, node: Expr) -> Iterator[Change]:
    """A matrix product where the elementwise one belongs, or the other way round."""
    if isinstance(node, Product) and len(node.chain) > 1:
        yield Change("{old} should be elementwise: {new}", _elementwise, (node,))
    if isinstance(node, Hadamard):
        yield Change("{old} should be a matrix product: {new}", multiply, node.factors)


def _elementwise(node: Product) -> Expr:
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
    """A matrix of the expression that should be added inside, such as under an inverse."""
    if node is not case.claim and not isinstance(node, Number):
        for s in sorted(case.e.symbols, key=lambda s: s.name):
            for t in [s, inv(s)] if is_square(s) else [s]:
                if t.shape == node.shape:
                    yield Change("the term {part} is missing: {old} should be {new}", add, (node, t), t)
                    yield Change("the term {part} is missing: {old} should be {new}", subtract, (node, t), t)


# --- a symbol throughout ---------------------------------------------------------------------------------------------


def transposed_throughout(case: Case) -> Iterator[Edit]:
    """A matrix and its transpose exchanged."""
    for s in _matrices(case):
        yield Edit("transpose", substitute(case.claim, {s: transpose(s)}), f"{s.name} is transposed throughout")


def inverted_throughout(case: Case) -> Iterator[Edit]:
    """A matrix and its inverse exchanged, throughout or in one place: covariance for precision."""
    for s in _matrices(case):
        if is_covariance(case, s):
            says = f"{s.name} and its inverse are exchanged: covariance for precision"
            yield Edit("covariance-precision", substitute(case.claim, {s: inv(s)}), says)
            for node, place in everywhere(case.claim):
                if node in (s, inv(s)):
                    yield Edit("covariance-precision", place(inv(node)), says)
        yield Edit("inverse", substitute(case.claim, {s: inv(s)}), f"{s.name} and its inverse are exchanged")


def is_covariance(case: Case, s: Symbol) -> bool:
    """Whether a matrix stands for a covariance or a precision: by its name, or symmetric in a log density (its 1/2)."""
    halves = any(isinstance(n, Product) and n.coefficient.denominator == 2 for n, _ in everywhere(case.e))
    return s.name.startswith(COVARIANCES) or (s.structure in ("spd", "symmetric") and halves)


def exchanged(case: Case) -> Iterator[Edit]:
    """Two symbols of one shape in each other's place."""
    for a, b in combinations(sorted(case.claim.symbols, key=lambda s: s.name), 2):
        if a.shape == b.shape:
            yield Edit("factor-order", substitute(case.claim, {a: b, b: a}), f"{a.name} and {b.name} are exchanged")


def squared_throughout(case: Case) -> Iterator[Edit]:
    """A variance for a standard deviation, or the other way round."""
    for s in sorted(case.claim.symbols, key=lambda s: s.name):
        if s.is_scalar:
            for k, says in ((Fraction(2), "square"), (Fraction(1, 2), "root")):
                edited = substitute(case.claim, {s: power(s, number(k))})
                yield Edit(
                    "wrong-power", edited, f"{s.name} stands where its {says} should: variance or standard deviation"
                )


def elementwise_throughout(case: Case) -> Iterator[Edit]:
    """Matrix products where elementwise ones belong."""
    try:
        edited = rewrite(case.claim, lambda n: _elementwise(n) if isinstance(n, Product) and len(n.chain) > 1 else None)
    except MatcalcError:
        return
    yield Edit("wrong-term", edited, "the products should be elementwise")


def _matrices(case: Case) -> list[Symbol]:
    return sorted((s for s in case.claim.symbols if is_square(s)), key=lambda s: s.name)
