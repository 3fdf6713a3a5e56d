"""Whether two sides differ, or only their rounding does.

The difference of equal sides is noise: it changes at random when the point moves a little. That of sides which differ
(1.41421356 for √2, a term of 1e-12 too many, one of size 1 beside one of size 1e9) stays what it is.
"""

from collections.abc import Callable

import numpy as np

from matcalc.oracle.measurement import UNDERFLOW, relative_error
from matcalc.oracle.sampling import Points

REPLICAS = 8
JITTER = 1e-3  # of the value: many units of rounding even in 1 - cos(x) for a small x
ABOVE_NOISE = 10.0
NUDGE, STEADY = 1e-10, 1e-5
Sides = Callable[[Points], tuple[np.ndarray, np.ndarray]]


def without_noise(at: Points, errors: np.ndarray, sides: Sides, tolerance: float) -> np.ndarray:
    """The errors, NaN where they are noise because the sides are singular: as at size 1, where x - a a'x/(a'a) is 0."""
    if np.where(np.isfinite(errors), errors, 0).max(initial=0) <= tolerance or 1 not in at.sizes.values():
        return errors
    return np.where(differences(at, sides)[1], errors, np.nan)


def nudged(at: Points) -> Points:
    """The points moved by next to nothing."""
    return at.at(**{name: v * (1 + NUDGE) for name, v in at.values.items()})


def is_steady(here: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Where values hardly change as the points are nudged, unlike the inverse of a singular matrix: (points,)."""
    with np.errstate(all="ignore"):
        return np.asarray(relative_error(near, here) < STEADY)


def differences(at: Points, sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """The mean relative difference around every point, and whether it stays the same there: both (points,).

    `sides` gives the values of both at all points, (points, ...). The points move by a factor for every variable, so
    that they stay in any structure that is linear.
    """
    rng = np.random.default_rng(0)
    factors = {n: rng.uniform(1, 1 + JITTER, (len(v) * REPLICAS, 1, 1)) for n, v in at.values.items()}
    near = {n: np.repeat(v, REPLICAS, 0) * factors[n] for n, v in at.values.items()}
    with np.errstate(all="ignore"):
        a, b = (v.reshape(at.count, -1, *v.shape[1:]) for v in sides(Points(at.sizes, near)))
        difference, axes = a - b, tuple(range(2, a.ndim))
        size = np.maximum(np.abs(a), np.abs(b)).max(axes).max(1)
        mean, noise = difference.mean(1), difference.std(1)
        error = norm(mean) / size
        return error, (norm(mean) > ABOVE_NOISE * norm(noise)) & np.isfinite(error) & (size > UNDERFLOW)


def norm(a: np.ndarray) -> np.ndarray:
    """The norm of every array, (points,); its squares do not underflow."""
    flat = np.abs(a.reshape(len(a), -1))
    largest = flat.max(1, initial=0)
    unit = np.where(largest > 0, largest, 1)
    return np.asarray(unit * np.sqrt(np.sum(np.square(flat / unit[:, None]), 1)))
