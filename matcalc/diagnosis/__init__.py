"""Which edit would make a wrong claim right: tried in order of simplicity, given only when it verifies."""

from matcalc.diagnosis.case import Bench, Case, Diagnosis
from matcalc.diagnosis.search import UNKNOWN, diagnose, misshapen

__all__ = ["UNKNOWN", "Bench", "Case", "Diagnosis", "diagnose", "misshapen"]
