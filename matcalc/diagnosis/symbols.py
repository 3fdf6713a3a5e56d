"""Edits of one symbol throughout a claim."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations

from matcalc.diagnosis.case import Case, Edit
from matcalc.diagnosis.edits import elementwise
from matcalc.diagnosis.tree import chain_of, everywhere, is_square
from matcalc.errors import MatcalcError
from matcalc.expression.algebra import inv, multiply, number, power, rewrite, size, substitute, transpose
from matcalc.expression.expr import Expr, Product, Size, Symbol

COVARIANCES = ("Sigma", "Lambda", "Omega")


def transposed(case: Case) -> Iterator[Edit]:
    """A matrix and its transpose exchanged."""
    for s in _matrices(case):
        yield Edit("transpose", substitute(case.claim, {s: transpose(s)}), f"{s.name} is transposed throughout")


def inverted(case: Case) -> Iterator[Edit]:
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


def sizes_exchanged(case: Case) -> Iterator[Edit]:
    """Two sizes in each other's place."""
    found = sorted({n.dim for n, _ in everywhere(case.claim) if isinstance(n, Size)}, key=str)
    for a, b in combinations(found, 2):
        turned = {a: size(b), b: size(a)}
        edited = rewrite(case.claim, lambda n, t=turned: t.get(n.dim) if isinstance(n, Size) else None)  # type: ignore[misc]
        yield Edit("wrong-term", edited, f"the sizes {case.text(size(a))} and {case.text(size(b))} are exchanged")


def squared(case: Case) -> Iterator[Edit]:
    """A variance for a standard deviation, or the other way round."""
    for s in sorted(case.claim.symbols, key=lambda s: s.name):
        if s.is_scalar:
            for k, says in ((Fraction(2), "square"), (Fraction(1, 2), "root")):
                message = f"{s.name} stands where its {says} should: variance for standard deviation, or the reverse"
                yield Edit("wrong-power", substitute(case.claim, {s: power(s, number(k))}), message)


def all_elementwise(case: Case) -> Iterator[Edit]:
    """Matrix products where elementwise ones belong."""
    yield from _all_products(case, elementwise, "wrong-term", "the products should be elementwise")


def all_reversed(case: Case) -> Iterator[Edit]:
    """The factors of every product in the other order."""
    yield from _all_products(case, _reversed, "factor-order", "the factors of every product are in the wrong order")


def _all_products(case: Case, change: Callable[[Product], Expr], kind: str, says: str) -> Iterator[Edit]:
    try:
        edited = rewrite(case.claim, lambda n: change(n) if isinstance(n, Product) and len(n.chain) > 1 else None)
    except MatcalcError:
        return
    yield Edit(kind, edited, says)


def _reversed(node: Product) -> Expr:
    scalars, chain = chain_of(node)
    return multiply(*scalars, *reversed(chain))


def _matrices(case: Case) -> list[Symbol]:
    return sorted((s for s in case.claim.symbols if is_square(s)), key=lambda s: s.name)
