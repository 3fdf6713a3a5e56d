"""What would have to be assumed for a claim to be right: it is tried again at points where the assumption holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from matcalc.diagnosis.case import Bench, Case, Diagnosis
from matcalc.expression.expr import Symbol
from matcalc.oracle.comparison import along_directions
from matcalc.oracle.measurement import along, relative_error, weigh
from matcalc.shape import ONE
from matcalc.structure import ARRAYS, Reading

Values = Mapping[str, np.ndarray]
Impose = Callable[[Values], Values]
SMALL = 4.0
VANISHING = 1e-9


@dataclass(frozen=True)
class Assumption:
    """What is said of a matrix, where it is not known already, and the nearest value for which it holds."""

    says: str
    applies: Callable[[Symbol], bool]
    impose: Callable[[np.ndarray], np.ndarray]
    is_of_size: bool = False  # a claim that holds for the double as well holds for another reason: it is saturated


def _is_square(s: Symbol) -> bool:
    return s.shape[0] == s.shape[1] and not s.is_scalar


def _is_vector(s: Symbol) -> bool:
    return s.shape[1] == ONE and not s.is_scalar


def _orthonormal(a: np.ndarray) -> np.ndarray:
    """Orthonormal columns, of either orientation; there are none where a matrix is wider than high."""
    if a.shape[-1] > a.shape[-2]:
        return np.full_like(a, np.nan)
    q, r = np.linalg.qr(a)
    return np.asarray(q * np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)[..., None, :])


def _oriented(a: np.ndarray) -> np.ndarray:
    """The first row negated where the determinant is negative."""
    sign = np.where(np.linalg.det(a) < 0, -1.0, 1.0)
    return np.concatenate([sign[..., None, None] * a[..., :1, :], a[..., 1:, :]], -2)


SYMMETRIC = Assumption(
    "{} is symmetric",
    lambda s: _is_square(s) and s.structure in ("general", "lower", "upper", "toeplitz"),
    lambda a: (a + a.mT) / 2,
)
DIAGONAL = Assumption(
    "{} is diagonal", lambda s: _is_square(s) and s.structure not in ("diagonal", "skew"), ARRAYS.diagonal_part
)
ASSUMPTIONS = (
    SYMMETRIC,
    Assumption("{} is orthogonal", lambda s: _is_square(s) and s.structure == "general", _orthonormal),
    Assumption("the columns of {} are orthonormal",
               lambda s: not _is_square(s) and not s.is_scalar and s.shape[1] != ONE, _orthonormal),
    Assumption("the determinant of {} is positive", lambda s: _is_square(s) and s.structure == "general", _oriented),
    Assumption("{} is skew-symmetric", lambda s: _is_square(s) and s.structure == "general", lambda a: (a - a.mT) / 2),
    Assumption("{} is symmetric positive definite",
               lambda s: _is_square(s) and s.structure in ("general", "symmetric"), lambda a: a @ a.mT),
    DIAGONAL,
    Assumption("{} is close to 0", lambda s: s.structure == "general",
               lambda a: a / (SMALL * np.abs(a).max((-2, -1), keepdims=True))),
    Assumption("the entries of {} sum to one", _is_vector, lambda a: a / a.sum(-2, keepdims=True), is_of_size=True),
    Assumption("{} has length one", _is_vector,
               lambda a: a / np.linalg.norm(a, axis=-2, keepdims=True), is_of_size=True),
    Assumption("the entries of {} are positive",
               lambda s: not _is_square(s) and s.structure == "general", np.abs),
)  # fmt: skip


def assumptions(case: Case) -> Diagnosis | None:
    """The first assumption found under which the claim is right; none explains what is off by a few digits only."""
    if _holds(case, lambda values: {}):
        return None
    for says, impose, besides in _candidates(case):
        if _holds(case, impose) and not any(_holds(case, beside) for beside in besides):
            return Diagnosis("needs-assumption", f"right only if {says}", case.mended)
    if case.variable is not None and case.kind == "differential" and _holds_commuting(case, case.variable):
        x = case.variable.name
        return Diagnosis("needs-assumption", f"right only if {x} and d{x} commute", case.mended)
    return None


def _candidates(case: Case) -> Iterator[tuple[str, Impose, list[Impose]]]:
    """What is said, how to impose it, and other values for which the claim must not hold if that is what it needs."""
    known = case.benches[0].points.values
    symbols = sorted((s for s in case.e.symbols | case.claim.symbols if s.name in known), key=lambda s: s.name)
    for assumption in ASSUMPTIONS:
        if assumption is DIAGONAL:
            yield from _commuting_pairs(symbols)
        about = [s for s in symbols if assumption.applies(s)]
        for chosen in [*([s] for s in about), *([about] if assumption is SYMMETRIC and len(about) > 1 else [])]:
            says = " and ".join(assumption.says.format(s.name) for s in chosen)
            impose = partial(_imposed, assumption, [s.name for s in chosen])
            yield says, impose, [partial(_doubled, impose)] if assumption.is_of_size else []


def _doubled(impose: Impose, values: Values) -> Values:
    return {name: 2 * value for name, value in impose(values).items()}


def _commuting_pairs(symbols: Sequence[Symbol]) -> Iterator[tuple[str, Impose, list[Impose]]]:
    for a, b in combinations([s for s in symbols if _is_square(s)], 2):
        if a.shape == b.shape:
            yield f"{a.name} and {b.name} commute", partial(_commuting, a.name, b.name), []


def _imposed(assumption: Assumption, names: Sequence[str], values: Values) -> Values:
    return {name: assumption.impose(values[name]) for name in names}


def _holds_commuting(case: Case, x: Symbol) -> bool:
    """Whether a claimed differential of a function of X is right along directions that commute with X."""
    if case.order != 1 or not _is_square(x):
        return False
    trials = []
    for bench in case.benches:
        at = bench.points
        directions = _polynomial(at.values[x.name])[:, None]
        claimed = along_directions(case.claim, x, at, directions)
        with np.errstate(all="ignore"):
            errors = relative_error(claimed, along(case.e, x.name, at, directions), bench.scale)
        trials.append((at, errors))
    return weigh(trials, case.order).ok


def _commuting(a: str, b: str, values: Values) -> Values:
    return {b: _polynomial(values[a])}


def _polynomial(m: np.ndarray) -> np.ndarray:
    """A polynomial in a matrix, which commutes with it."""
    return np.asarray(m @ m / 4 + m / 2 + np.eye(m.shape[-1]))


def _holds(case: Case, impose: Impose) -> bool:
    """Whether the claim is right in one reading at all points where an assumption is imposed, and says more than 0."""
    trials, vanishes = [], True
    open_readings = set(case.readings)
    for bench in case.benches:
        points = bench.points.at(**impose(bench.points.values))
        imposed = case.bench_at(points)
        if imposed is None:
            continue
        errors = {r: _error(case, bench, imposed, r) for r in open_readings}
        open_readings = {r for r, e in errors.items() if not (e > 1e-6).any()}
        if not open_readings:
            return False
        reading = next(iter(open_readings))
        trials.append((imposed.points, errors[reading]))
        claimed = np.abs(bench.value(case.claim, reading)).max(initial=0)
        vanishes &= bool(np.abs(imposed.truths[reading]).max(initial=0) < VANISHING * claimed)
    return weigh(trials, case.order).ok and not vanishes


def _error(case: Case, bench: Bench, imposed: Bench, reading: Reading | None) -> np.ndarray:
    """The relative error of the claim under an assumption; of the claim 0, beside the truth without the assumption."""
    if np.any(bench.value(case.claim, reading)):
        return imposed.error(case.claim, reading)
    left = np.abs(imposed.truths[reading]).reshape(imposed.points.count, -1).max(1)
    with np.errstate(all="ignore"):
        return np.asarray(left / np.abs(bench.truths[reading]).max())
