"""Walks over the tree of an expression, and what a forgotten part of it might be."""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, islice

from matcalc.errors import MatcalcError
from matcalc.expression.algebra import (
    add,
    call,
    hadamard,
    inv,
    is_zero,
    multiply,
    number,
    power,
    size,
    subtract,
    transpose,
)
from matcalc.expression.expr import (
    Call,
    ElementwisePower,
    Expr,
    Hadamard,
    Number,
    Opaque,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
)

Place = Callable[[Expr], Expr]


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


def is_square(e: Expr) -> bool:
    """Whether an expression is a square matrix, and not a scalar."""
    return e.shape[0] == e.shape[1] and not e.is_scalar


def chain_of(node: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """A matrix as the scalars before a chain, and the chain with its powers written out."""
    if not isinstance(node, Product):
        return (), tuple(_unfolded(node))
    return (number(node.coefficient), *node.scalars), tuple(f for factor in node.chain for f in _unfolded(factor))


def runs(node: Expr) -> Iterator[tuple[Expr, Place]]:
    """The runs of factors in a product, but the whole, with a function that puts another matrix in their place."""
    scalars, chain = chain_of(node)
    for i, j in combinations(range(len(chain) + 1), 2):
        if 1 < j - i < len(chain):
            before, after = (*scalars, *chain[:i]), chain[j:]
            yield multiply(*chain[i:j]), lambda new, b=before, a=after: multiply(*b, new, *a)  # type: ignore[misc]


def _unfolded(f: Expr) -> list[Expr]:
    if not isinstance(f, Power) or f.is_scalar:
        return [f]
    assert isinstance(f.exponent, Number)
    k = int(f.exponent.value)
    return [f.base if k > 0 else inv(f.base)] * abs(k)


# --- parts -----------------------------------------------------------------------------------------------------------


def parts_of(expressions: Iterable[Expr]) -> Iterator[Expr]:
    """The parts of expressions, their inverses and transposes, and vectors as diagonals, each once."""
    parts = (part for e in expressions for node, _ in everywhere(e) for part in _parts(node))
    return iter(dict.fromkeys(version for part in parts for version in versions(part)))


def _parts(node: Expr) -> Iterator[Expr]:
    """A node, the runs of factors in it, and what the power or the determinant of a product is made of."""
    if isinstance(node, Number | Size) or is_zero(node):
        return
    if isinstance(node, Opaque):  # its formula is unknown, not what it is made of
        symbols = sorted(node.symbols, key=lambda s: s.name)
        yield from (*symbols, *dict.fromkeys(size(d) for s in symbols for d in s.shape if d.names))
        return
    yield node
    if isinstance(node, Product):
        if len(node.scalars) > 1:
            yield multiply(*node.scalars)
        yield from (multiply(*node.chain[i:j]) for i, j in combinations(range(len(node.chain) + 1), 2) if j - i > 1)
    if isinstance(node, Hadamard):
        yield from (hadamard(*fs) for k in range(2, len(node.factors)) for fs in combinations(node.factors, k))
    if isinstance(node, Power) and isinstance(node.base, Product) and node.is_scalar:
        yield from (power(f, node.exponent) for f in node.base.scalars)
    if isinstance(node, Call) and node.function == "adj":
        yield call("det", node.arguments[0])
    if isinstance(node, Call) and node.function in ("det", "logdet"):
        yield from (call("det", s) for s in node.symbols if is_square(s))
        yield from (power(call("det", f), other) for f, other in _kronecker_factors(node.arguments[0]))


def _kronecker_factors(e: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Both factors of a Kronecker product, each with the number of rows of the other."""
    if isinstance(e, Call) and e.function == "kron" and all(map(is_square, e.arguments)):
        a, b = e.arguments
        yield from ((a, size(b.shape[0])), (b, size(a.shape[0])))


def versions(e: Expr) -> Iterator[Expr]:
    """An expression, its inverse and its transpose, and of a vector the diagonal matrix."""
    yield e
    try:
        if e.is_scalar:
            yield power(e, number(-1))
        elif is_square(e):
            yield from (transpose(e), inv(e))
        elif isinstance(e, Symbol):
            yield call("diag", e)
    except MatcalcError:
        return
