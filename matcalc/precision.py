"""Where two sides differ by less than any tolerance allows, yet by more than rounding does.

The difference of equal sides is noise: it changes at random when the point moves a little. That of sides which differ
(1.41421356 for √2, a term of 1e-12 too many, one of size 1 beside one of size 1e9) stays what it is.
"""

from collections.abc import Callable, Sequence

import numpy as np

from matcalc.diagnosis import Diagnosis
from matcalc.oracle import UNDERFLOW
from matcalc.sampling import Points

REPLICAS = 8
JITTER = 1e-3  # of the value: many units of rounding even in 1 - cos(x) for a small x
ABOVE_NOISE = 10.0
PRECISION = 1e-12


Sides = Callable[[Points], tuple[np.ndarray, np.ndarray]]


def right_to_some_digits(points: Sequence[Points], sides: Sides) -> Diagnosis | None:
    """That two sides agree to some digits only, at one of the points; None where they do not differ but by rounding.

    `sides` gives both at all points, (points, ...). The points move by a factor for every variable, so that they stay
    in any structure with a linear tangent space; with others nothing is said.
    """
    gaps = [_gap(at, sides) for at in points]
    worst = max(gaps, default=0.0)
    if worst <= PRECISION:
        return None
    digits = int(-np.log10(worst))
    return Diagnosis(
        "wrong-term",
        f"right to {digits} digits only: the two sides differ by {worst:.0e} of their size, more than rounding does",
    )


def _gap(at: Points, sides: Sides) -> float:
    """The largest relative difference that stays when the points move a little; 0 where all of it is noise."""
    rng = np.random.default_rng(0)
    factors = {n: rng.uniform(1, 1 + JITTER, (len(v) * REPLICAS, 1, 1)) for n, v in at.values.items()}
    near = {n: np.repeat(v, REPLICAS, 0) * factors[n] for n, v in at.values.items()}
    with np.errstate(all="ignore"):
        a, b = (v.reshape(at.count, -1, *v.shape[1:]) for v in sides(Points(at.sizes, near)))
        difference, axes = a - b, tuple(range(2, a.ndim))
        size = np.maximum(np.abs(a), np.abs(b)).max(axes).max(1)
        mean, noise = difference.mean(1), difference.std(1)
        error = _norm(mean) / size
        stays = (_norm(mean) > ABOVE_NOISE * _norm(noise)) & np.isfinite(error) & (size > UNDERFLOW)
    return float(error[stays].max(initial=0))


def _norm(a: np.ndarray) -> np.ndarray:
    """The norm of every array, (points,); its squares do not underflow."""
    flat = np.abs(a.reshape(len(a), -1))
    largest = flat.max(1, initial=0)
    unit = np.where(largest > 0, largest, 1)
    return np.asarray(unit * np.sqrt(np.sum(np.square(flat / unit[:, None]), 1)))
