"""Where two sides differ by less than any tolerance allows, yet by more than rounding does."""

from collections.abc import Sequence

import numpy as np

from matcalc.diagnosis import Diagnosis
from matcalc.oracle.noise import Sides, differences
from matcalc.oracle.rounding import is_rounding
from matcalc.oracle.sampling import Points

PRECISION = 1e-12


def right_to_some_digits(points: Sequence[Points], sides: Sides) -> Diagnosis | None:
    """That two sides agree to some digits only, at one of the points; None where they do not differ but by rounding.

    No variable may be on a curved set.
    """
    worst = max((_gap(at, sides) for at in points), default=0.0)
    if not worst:
        return None
    digits = int(-np.log10(worst))
    return Diagnosis(
        "wrong-term",
        f"right to {digits} digits only: the two sides differ by {worst:.0e} of their size, more than rounding does",
    )


def _gap(at: Points, sides: Sides) -> float:
    """The largest relative difference that stays when the points move a little; 0 where all of it is noise."""
    error, stays = differences(at, sides)
    if not error[stays].max(initial=0) > PRECISION:
        return 0.0
    return float(error[stays & ~is_rounding(at, sides)].max(initial=0))
