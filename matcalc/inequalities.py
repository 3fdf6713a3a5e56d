"""An inequality on a domain: a point is searched for where it fails."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from matcalc import shape
from matcalc.diagnosis import Diagnosis
from matcalc.errors import DomainError, ParseError, ShapeError
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.algebra import subtract
from matcalc.expression.beside import beside
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.scope import Declarations, Scope, declarations
from matcalc.language.statements import INEQUALITY
from matcalc.oracle.measurement import Evidence, magnitude
from matcalc.oracle.rounding import is_zero
from matcalc.oracle.sampling import FLAVOURS, GUARDED, Points, dimension_names, draw, integer_points, size_assignments
from matcalc.verdict import UNDECIDED, WRONG, Verdict

TRIES = 200
SLACK = 1e-9
_SPELLED = {
    "≥": ">=", "≤": "<=", "⪰": ">=", "⪯": "<=", "≻": ">", "≺": "<", r"\geq": ">=", r"\ge": ">=", r"\leq": "<=",
    r"\le": "<=", r"\succeq": ">=", r"\preceq": "<=", r"\succ": ">", r"\prec": "<", r"\gt": ">", r"\lt": "<",
}  # fmt: skip


def check_inequality(expression: str, claim: str, let: Declarations = ()) -> Verdict:
    """Search for a point where `expression >= 0` fails; of matrices, where it is not positive semidefinite.

    Args:
        expression: the left side, a scalar or a square matrix.
        claim: a relation and the right side: `>= 0`, `> x'*x`, `<= I`.
        let: declarations; they are the domain.

    Returns:
        `wrong` with a counterexample, or `undecided` with a note of how many points were tried: no number of points
        makes an inequality right.

    Raises:
        ParseError, DeclarationError, ShapeError: a side cannot be read, or the sides do not fit.
    """
    match = INEQUALITY.match(claim)
    if match is None:
        raise ParseError(f"claim {claim!r}: expected >=, <=, > or < and the right side")
    relation = _SPELLED.get(match["relation"], match["relation"])
    difference, says = _difference(expression, match["right"], declarations(let)), "the left side minus the right side"
    if relation.startswith("<"):
        difference, says = -difference, "the right side minus the left side"
    strict = len(relation) == 1
    verdict = _search(difference, strict, says)
    return replace(verdict, diagnosis=_cause(verdict.diagnosis, difference, strict)) if verdict.diagnosis else verdict


def _difference(left: str, right: str, let: list[str]) -> Expr:
    scope = Scope(let)
    left, right = beside(left, right, scope)
    if left.strip() == "0" != right.strip():
        return -_difference(right, left, let)
    if right.strip() == "0":
        (a,) = scope.read(left)
    else:
        a, b = scope.read(left, right, like=lambda others, _: others[0])
        a = subtract(a, b)
    if a.shape[0] != a.shape[1]:
        raise ShapeError(f"an inequality is of scalars or of square matrices, got {shape.show(a.shape)}")
    return a


def _search(e: Expr, strict: bool, says: str) -> Verdict:
    tried = 0
    for at, is_tame in _candidates(e):
        lowest = _lowest(at, e)
        known = np.isfinite(lowest) & (_is_nonzero(at) if strict else True)
        tried += int(known.sum())
        fails = known & _fails(at, e, lowest, strict and is_tame)
        for k in np.flatnonzero(fails)[np.argsort(lowest[fails])]:
            point = at.take(np.array([k]))
            if not _underflows(e, point) and (strict or not is_zero(point, lambda at: at(e), np.inf)):
                return _refuted(e, point, tried, says)
    if not tried:
        raise DomainError("no point was found at which both sides have a value")
    note = f"not refuted in {tried} tries; that does not prove it"
    return Verdict(
        UNDECIDED, None, (), None, None, Evidence(False, tried, 0.0, ("search",), None, False), notes=(note,)
    )


def _cause(found: Diagnosis, difference: Expr, strict: bool) -> Diagnosis:
    """What is not refuted instead: the other direction, or equality allowed."""
    if not _search(-difference, False, "").diagnosis:
        return Diagnosis("sign", f"{found.message}; the other direction was not refuted")
    if strict and not _search(difference, False, "").diagnosis:
        return Diagnosis("unknown", f"{found.message}; with equality allowed it was not refuted")
    return found


def _is_nonzero(at: Points) -> np.ndarray:
    """Where no variable vanishes: what `x'*A*x > 0` leaves out without saying so."""
    return np.all([np.abs(v).max((-2, -1)) > 0 for v in at.values.values()], axis=0)


def _candidates(e: Expr) -> Iterator[tuple[Points, bool]]:
    """Points with small integers, zero among them, then random ones, then ones far away and close to zero.

    All but the last are tame: what is tiny at them is tiny by cancellation.
    """
    for at in integer_points([e], ()):
        yield at, True
    ordered = sorted(e.symbols, key=lambda s: s.name)
    for k, sizes in enumerate(size_assignments(dimension_names([e], ordered))):
        for f, flavour in enumerate(FLAVOURS):
            rng = np.random.default_rng([k, f])
            values = {s.name: draw(s, sizes, rng, TRIES, flavour) for s in ordered}
            yield Points(sizes, values), True
            yield Points(sizes, {s.name: values[s.name] * _scales(s, rng) for s in ordered}), False


def _scales(symbol: Symbol, rng: np.random.Generator) -> np.ndarray:
    """Factors by which a value may be multiplied and stay in its structure."""
    fixed = symbol.structure == "orthogonal"
    return np.ones((TRIES, 1, 1)) if fixed else 10.0 ** rng.uniform(-1.5, 1.5, (TRIES, 1, 1))


def _lowest(at: Points, e: Expr) -> np.ndarray:
    """The value, or the smallest eigenvalue of a matrix; minus infinity, nearly, where it is not symmetric."""
    value = at(e)
    size = np.maximum(np.abs(value).max((-2, -1)), 1.0)
    known = np.isfinite(value).all((-2, -1))
    safe = np.where(known[:, None, None], value, 0.0)
    lowest = np.linalg.eigvalsh((safe + safe.mT) / 2)[:, 0]
    lowest[np.abs(safe - safe.mT).max((-2, -1)) > 1e-8 * size] = -1e300
    return np.where(known, lowest, np.nan)


def _fails(at: Points, e: Expr, lowest: np.ndarray, strict: bool) -> np.ndarray:
    """Where a value is negative, or zero if that is to be excluded, beyond what rounding does to its terms.

    A scalar that is small may be right to the last digit, as exp(-30) is, or noise, as the determinant of a singular
    matrix is: noise is another number if all values are larger by 10⁻¹².
    """
    size = magnitude(e, at)
    if not e.is_scalar:
        return lowest <= SLACK * size if strict else lowest < -SLACK * size
    near = at.at(**{name: value * (1 + 1e-12) for name, value in at.values.items()})
    is_exact = np.abs(near(e)[:, 0, 0] - lowest) < 1e-3 * np.abs(lowest)
    negative = is_exact & (lowest < -SLACK * size)
    return negative | (~is_exact & (np.abs(lowest) <= SLACK * np.maximum(size, 1.0))) if strict else negative


def _underflows(e: Expr, at: Points) -> bool:
    """Whether a zero is but a number too small to be told from it."""
    try:
        with np.errstate(all="ignore", under="raise"):
            Evaluation(at.values, at.sizes, GUARDED)(e)
    except FloatingPointError:
        return True
    return False


def _refuted(e: Expr, at: Points, tried: int, says: str) -> Verdict:
    value = at(e)[0]
    is_zero = _lowest(at, e)[0] >= -SLACK * max(magnitude(e, at)[0], 1.0)
    if e.is_scalar:
        what = "vanishes" if is_zero else "is negative"
    elif not np.allclose(value, value.T):
        what = "is not symmetric"
    else:
        what = "is singular" if is_zero else "has a negative eigenvalue"
    example = {"at": {n: _plain(v[0]) for n, v in at.values.items()}, "claimed": 0, "right": _plain(value)}
    found = Evidence(False, tried, float("inf"), ("search",), example)
    diagnosis = Diagnosis("unknown", f"there is a point where {says} {what}")
    return Verdict(WRONG, None, (), diagnosis, None, found)


def _plain(value: np.ndarray) -> Any:
    return value.item() if value.size == 1 else value.tolist()
