"""The oracle: what is known of a formula without its closed form, measured in float64 or exact over a prime field."""

from matcalc.oracle.measurement import Evidence, Measurement, relative_error
from matcalc.oracle.routes import gap_between_routes

__all__ = ["Evidence", "Measurement", "gap_between_routes", "relative_error"]
