"""Claims that are not equalities: an inequality on a domain, and a point where a gradient vanishes."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from matcalc import shape
from matcalc.algebra import subtract
from matcalc.diagnosis import Diagnosis
from matcalc.errors import DomainError, ParseError, ShapeError
from matcalc.expr import Expr, Symbol
from matcalc.oracle import Evidence, Measurement, structure_of, weigh
from matcalc.problem import declarations
from matcalc.sampling import FLAVOURS, Points, dimension_names, draw, integer_points, sample, size_assignments
from matcalc.scope import Scope
from matcalc.structure import Reading
from matcalc.verdict import RIGHT, UNDECIDED, WRONG, Verdict

TRIES = 200
SLACK = 1e-9
_INEQUALITY = re.compile(r"\s*(?P<relation>>=|<=|>|<|≥|≤|⪰|⪯|≻|≺)(?P<right>.*)$", re.DOTALL)
_SPELLED = {"≥": ">=", "≤": "<=", "⪰": ">=", "⪯": "<=", "≻": ">", "≺": "<"}


def is_inequality(claim: str) -> bool:
    """Whether a claim is one such as `>= 0`."""
    return _INEQUALITY.match(claim) is not None


def check_inequality(expression: str, claim: str, let: Iterable[str] = ()) -> Verdict:
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
    match = _INEQUALITY.match(claim)
    if match is None:
        raise ParseError(f"claim {claim!r}: expected >=, <=, > or < and the right side")
    relation = _SPELLED.get(match["relation"], match["relation"])
    difference = _difference(expression, match["right"], declarations(let))
    if relation.startswith("<"):
        difference = -difference
    return _search(difference, strict=len(relation) == 1)


def _difference(left: str, right: str, let: list[str]) -> Expr:
    scope = Scope(let)
    if left.strip() == "0":
        return -_difference(right, left, let)
    if right.strip() == "0":
        (a,) = scope.read(left)
    else:
        a, b = scope.read(left, right, like=lambda others, _: others[0])
        a = subtract(a, b)
    if a.shape[0] != a.shape[1]:
        raise ShapeError(f"an inequality is of scalars or of square matrices, got {shape.show(a.shape)}")
    return a


def _search(e: Expr, strict: bool) -> Verdict:
    tried = 0
    for at in _candidates(e):
        lowest = _lowest(at, e)
        known = np.isfinite(lowest) & (_is_nonzero(at) if strict else True)
        tried += int(known.sum())
        fails = known & (lowest < -SLACK if not strict else lowest <= SLACK)
        if fails.any():
            k = int(np.argmin(np.where(fails, lowest, np.inf)))
            return _refuted(e, at.take(np.array([k])), tried)
    if not tried:
        raise DomainError("no point was found at which both sides have a value")
    note = f"not refuted in {tried} tries; that does not prove it"
    return Verdict(
        UNDECIDED, None, (), None, None, Evidence(False, tried, 0.0, ("search",), None, False), notes=(note,)
    )


def _is_nonzero(at: Points) -> np.ndarray:
    """Where no variable vanishes: what `x'*A*x > 0` leaves out without saying so."""
    return np.all([np.abs(v).max((-2, -1)) > 0 for v in at.values.values()], axis=0)


def _candidates(e: Expr) -> Iterator[Points]:
    """Points with small integers, zero among them, then random ones, then ones far away and close to zero."""
    yield from integer_points([e], ())
    ordered = sorted(e.symbols, key=lambda s: s.name)
    for k, sizes in enumerate(size_assignments(dimension_names([e], ordered))):
        for f, flavour in enumerate(FLAVOURS):
            rng = np.random.default_rng([k, f])
            values = {s.name: draw(s, sizes, rng, TRIES, flavour) for s in ordered}
            yield Points(sizes, values)
            yield Points(sizes, {s.name: values[s.name] * _scales(s, rng) for s in ordered})


def _scales(symbol: Symbol, rng: np.random.Generator) -> np.ndarray:
    """Factors by which a value may be multiplied and stay in its structure."""
    fixed = symbol.structure == "orthogonal"
    return np.ones((TRIES, 1, 1)) if fixed else 10.0 ** rng.uniform(-1.5, 1.5, (TRIES, 1, 1))


def _lowest(at: Points, e: Expr) -> np.ndarray:
    """The value, or the smallest eigenvalue of a matrix, over its size; minus infinity where it is not symmetric."""
    value = at(e)
    size = np.maximum(np.abs(value).max((-2, -1)), 1.0)
    known = np.isfinite(value).all((-2, -1))
    safe = np.where(known[:, None, None], value, 0.0)
    lowest = np.linalg.eigvalsh((safe + safe.mT) / 2)[:, 0] / size
    lowest[np.abs(safe - safe.mT).max((-2, -1)) > 1e-8 * size] = -1e300
    return np.where(known, lowest, np.nan)


def _refuted(e: Expr, at: Points, tried: int) -> Verdict:
    value = at(e)[0]
    symmetric = np.allclose(value, value.T)
    what = "is negative" if e.is_scalar else "has a negative eigenvalue" if symmetric else "is not symmetric"
    if e.is_scalar and value.item() >= 0:
        what = "vanishes"
    example = {"at": {n: _plain(v[0]) for n, v in at.values.items()}, "claimed": 0, "right": _plain(value)}
    found = Evidence(False, tried, float("inf"), ("search",), example)
    diagnosis = Diagnosis("unknown", f"there is a point where the left side minus the right side {what}")
    return Verdict(WRONG, None, (), diagnosis, None, found)


def _plain(value: np.ndarray) -> Any:
    return value.item() if value.size == 1 else value.tolist()


def check_stationary(expression: str, wrt: str, at: str, let: Iterable[str] = ()) -> Verdict:
    """Whether the gradient of a scalar vanishes at a point, along all directions that the structure of `wrt` allows.

    Args:
        expression: a scalar.
        wrt: the variable X.
        at: the point, `inv(A)*b` or `X = inv(A)*b`.
        let: declarations.

    Raises:
        ParseError, DeclarationError, ShapeError: the expression or the point cannot be read or does not fit.
    """
    scope = Scope(declarations(let), wrt)
    e, point = scope.read(expression, re.sub(r"^\s*\w+\s*=(?!=)", "", at), like=lambda _, variable: variable)
    variable = scope.variable
    if not e.is_scalar:
        raise ShapeError(f"stationary: expected a scalar expression, got {shape.show(e.shape)}")
    if variable.name in point.names:
        raise ParseError(f"stationary: the point must not name {variable.name} itself")
    trials = []
    for points in sample([e, point], [variable]):
        here = points.at(**{variable.name: np.array(points(point))})
        if not structure_of(variable).contains(here.values[variable.name]):
            return _not_a_member(variable)
        trials.append((points, _slope(e, variable, here) / _slope(e, variable, points)))
    found = weigh(trials, oracles=("complex step",))
    verdict = RIGHT if found.ok else WRONG if found.decided else UNDECIDED
    diagnosis = Diagnosis("unknown", "the gradient does not vanish there") if verdict == WRONG else None
    return Verdict(verdict, None, (), diagnosis, None, found)


def _slope(e: Expr, variable: Symbol, points: Points) -> np.ndarray:
    """The size of the gradient along the structure."""
    g = Measurement(e, variable, points).gradient(Reading.TANGENT)
    return np.sqrt(np.sum(g**2, (-2, -1)))


def _not_a_member(variable: Symbol) -> Verdict:
    diagnosis = Diagnosis("unknown", f"the point is not {variable.structure}, as {variable.name} is declared to be")
    return Verdict(WRONG, None, (), diagnosis, None, Evidence(False, 0, float("inf")))
