"""Least squares: the coefficients of the claim's own terms, and the terms of the correct form that it lacks."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product

import numpy as np

from matcalc.diagnosis.case import Case, Edit
from matcalc.diagnosis.tree import with_argument
from matcalc.expression.algebra import (
    LINEAR,
    add,
    call,
    multiply,
    negative,
    number,
    ones,
    power,
    size,
    subtract,
    transpose,
)
from matcalc.expression.expr import Call, Expr, Hadamard, Product, Sum
from matcalc.shape import ONE
from matcalc.structure import Reading

MAX_TERMS, MAX_FACTORS = 16, 3
RATIONAL = 1e-5


def rational(value: float) -> Fraction | None:
    """The simple fraction that a number is, up to rounding."""
    c = Fraction(value).limit_denominator(64)
    return c if abs(value - c) <= RATIONAL * max(1, abs(value)) else None


def expansions(e: Expr) -> Iterator[list[Expr]]:
    """The terms of an expression, multiplied out over its sums step by step."""
    terms = list(e.terms) if isinstance(e, Sum) else [e]
    while len(terms) <= MAX_TERMS:
        yield terms
        expanded = [part for t in terms for part in _expanded(t)]
        if len(expanded) == len(terms):
            return
        terms = expanded


def _expanded(e: Expr) -> list[Expr]:
    """The terms of an operation that is linear in a sum among its operands."""
    if isinstance(e, Product | Hadamard) or (isinstance(e, Call) and e.function in LINEAR):
        for k, a in enumerate(e.args):
            inner = a.terms if isinstance(a, Sum) else _expanded(a)
            if len(inner) > 1:
                return [with_argument(e, k, t) for t in inner]
    return [e]


def own_terms(case: Case) -> Iterator[Edit]:
    """The claim's own terms with other coefficients."""
    for terms in expansions(case.claim):
        if len(terms) == 1:
            continue
        for reading in case.readings:
            found = _coefficients(case, terms, reading)
            if found is not None and set(found) != {1}:
                yield _with_coefficients(case, terms, found)


def _with_coefficients(case: Case, terms: Sequence[Expr], found: Sequence[Fraction]) -> Edit:
    off = [k for k, c in enumerate(found) if c != 1]
    names = [case.text(terms[k]) for k in off]
    edited = add(*(multiply(number(c), t) for c, t in zip(found, terms, strict=True)))
    if all(found[k] == -1 for k in off):
        return Edit("sign", edited, f"the sign of {' and of '.join(names)} is wrong")
    if all(found[k] == 0 for k in off):
        says = f"the term {names[0]} does" if len(off) == 1 else f"the terms {' and '.join(names)} do"
        return Edit("extra-term", edited, f"{says} not belong there")
    factors = " and ".join(str(found[k]) for k in off)
    says = f"the coefficient of {' and of '.join(names)} is wrong: multiply by {factors}"
    return Edit("wrong-term", edited, says)


def sized_terms(case: Case) -> Iterator[Edit]:
    """The claim's own terms times sizes, as in log det(A ⊗ B) = m log det A + n log det B."""
    terms = next(expansions(case.claim))
    for reading in case.readings:
        columns = {b: b.columns(terms, reading) for b in case.benches}
        telling = [b for b, c in columns.items() if len(c) > len(terms)]
        fits = [f for b in telling if (f := _fit(columns[b], b.truths[reading].ravel())) is not None]
        if len(fits) == len(telling) > 1:
            yield from _with_sizes(case, terms, [b.points.sizes for b in telling], np.stack(fits, 1))


def _with_sizes(
    case: Case, terms: Sequence[Expr], sizes: Sequence[Mapping[str, int]], coefficients: np.ndarray
) -> Iterator[Edit]:
    """Every term times the size, or divided by it, that its coefficient is wherever it was found."""
    dims = sorted({d for s in case.e.symbols for d in s.shape if d.names}, key=str)
    counts = [ONE, *dims, *(a * b for a, b in combinations(dims, 2))]
    values = {power(size(d), number(k)): [d.size(s) ** float(k) for s in sizes] for d in counts for k in (1, -1)}
    found = [next((n for n, v in values.items() if np.allclose(c, v, rtol=RATIONAL)), None) for c in coefficients]
    factors = [n for n in found if n is not None]
    if len(factors) == len(terms) and set(factors) != {number(1)}:
        off = [f"{case.text(n)} of {case.text(t)}" for n, t in zip(factors, terms, strict=True) if n != number(1)]
        edited = add(*(multiply(n, t) for n, t in zip(factors, terms, strict=True)))
        yield Edit("missing-factor", edited, f"a size is missing: the factor {' and the factor '.join(off)}")


def _coefficients(
    case: Case, terms: Sequence[Expr], reading: Reading | None, less: Expr | None = None
) -> list[Fraction] | None:
    """The numbers c with sum c_k t_k = truth - `less`, if there are any, only one choice, and all are rational."""
    columns = np.concatenate([b.columns(terms, reading) for b in case.benches])
    truth = case.truth(reading)
    target = truth if less is None else truth - case.stacked(less, reading)
    solution = _fit(columns, target, float(np.linalg.norm(truth)))
    found = [rational(value) for value in solution] if solution is not None else [None]
    return [c for c in found if c is not None] if None not in found else None


def _fit(columns: np.ndarray, target: np.ndarray, norm: float | None = None) -> np.ndarray | None:
    """The coefficients with which columns give a target up to rounding; None if there is no single choice."""
    if not (np.isfinite(columns).all() and np.isfinite(target).all()) or len(target) <= columns.shape[1]:
        return None
    solution, _, rank, _ = np.linalg.lstsq(columns, target)
    with np.errstate(over="ignore"):
        allowed = RATIONAL * (np.linalg.norm(target) if norm is None else norm)
        fits = rank == columns.shape[1] and np.linalg.norm(columns @ solution - target) <= allowed
    return solution if fits else None


def outer_terms(case: Case) -> Iterator[Edit]:
    """The claim with terms of the correct form added, as it is printed."""
    yield from _with_terms(case, list(_correct_terms(case))[:1], {Fraction(0), Fraction(1)})


def expanded_terms(case: Case) -> Iterator[Edit]:
    """The claim with terms of the correct form added, multiplied out."""
    yield from _with_terms(case, list(_correct_terms(case))[1:], {Fraction(0), Fraction(1)})


def multiples_of_terms(case: Case) -> Iterator[Edit]:
    """The claim with multiples of terms of the correct form added."""
    yield from _with_terms(case, _correct_terms(case))


def _with_terms(
    case: Case, expanded: Iterable[Sequence[Expr]], multiples: Collection[Fraction] | None = None
) -> Iterator[Edit]:
    for terms in expanded:
        for added in _lacking(case, terms, case.claim, multiples):
            names = " and ".join(case.text(t) for t in added)
            yield Edit("missing-term", add(case.claim, *added), f"a term is missing: {names}")


def _lacking(
    case: Case, terms: Sequence[Expr], less: Expr, multiples: Collection[Fraction] | None = None
) -> Iterator[list[Expr]]:
    """Some terms of the correct form, but not all, which with `less` give the truth."""
    for reading in case.readings:
        found = _coefficients(case, terms, reading, less)
        if found is not None and 0 in found and any(found) and (multiples is None or set(found) <= set(multiples)):
            yield [multiply(number(c), t) for c, t in zip(found, terms, strict=True) if c]


def _correct_terms(case: Case) -> Iterator[list[Expr]]:
    if case.right is not None:
        yield from expansions(case.right)


def unknown_terms(case: Case) -> Iterator[Edit]:
    """The claim with a product of symbols added, where the closed form of the truth is not known."""
    for t in _products(case) if case.right is None else ():
        for reading in case.readings:
            if (found := _coefficients(case, [t], reading, case.claim)) is not None and found[0]:
                term = multiply(number(found[0]), t)
                yield Edit("missing-term", add(case.claim, term), "a term is missing: {part}", part=term)


def _products(case: Case) -> Iterator[Expr]:
    """The products of up to three symbols and transposes, and their traces, that have the shape of the claim."""
    if case.shape[1] == ONE:
        yield ones(case.shape)
    symbols = sorted(case.e.symbols, key=lambda s: s.name)
    factors = list(dict.fromkeys(v for s in symbols for v in (s, transpose(s))))
    for chosen in (c for k in range(1, MAX_FACTORS + 1) for c in product(factors, repeat=k)):
        if all(a.shape[1] == b.shape[0] for a, b in pairwise(f for f in chosen if not f.is_scalar)):
            found = multiply(*chosen)
            for e in (found, call("tr", found)) if found.shape[0] == found.shape[1] else (found,):
                if e.shape == case.shape:
                    yield e


def replaced_terms(case: Case) -> Iterator[Edit]:
    """The claim with one of its terms replaced by terms of the correct form, or with one term counted for another."""
    own = next(expansions(case.claim))
    for terms in _correct_terms(case):
        for t in own if len(own) > 1 else []:
            for new in _lacking(case, terms, subtract(case.claim, t)):
                right = add(*new)
                says = "the term {old} is wrong: it should be {new}"
                yield Edit("wrong-term", add(case.claim, negative(t), right), says, t, right)
        if len(terms) == 2 and any(_coefficients(case, terms, r, case.claim) for r in case.readings):
            says = "one of two terms is counted for the other: {old} should be {new}"
            yield Edit("wrong-term", add(*terms), says, case.claim, add(*terms))
