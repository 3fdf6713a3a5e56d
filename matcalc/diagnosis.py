"""Which edit would make a wrong claim right: tried in order of simplicity, given only when it verifies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from matcalc.algebra import add, eye, hadamard, scale, subtract, transpose
from matcalc.derivative import Comparison, Form
from matcalc.expr import Expr, Symbol
from matcalc.oracle import relative_error, structure_of, weigh
from matcalc.sampling import Points
from matcalc.scope import Scope
from matcalc.structure import Reading


@dataclass(frozen=True)
class Diagnosis:
    """The cause of a wrong claim: its kind, one sentence, and the claim mended (in the language)."""

    kind: str
    message: str
    edit: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line promises."""
        return {"kind": self.kind, "message": self.message, "edit": self.edit}


@dataclass(frozen=True)
class Case:
    """A wrong claim and what is known of it."""

    scope: Scope
    e: Expr
    claim: Expr
    variable: Symbol | None
    kind: str
    order: int
    layout: str
    points: Sequence[Points]
    reading: Reading | None
    right_under: tuple[str, ...]
    correct: Form | None

    @cached_property
    def truths(self) -> dict[Reading | None, list[np.ndarray]]:
        """The measured derivative at all points, by reading; for an equality, the value of the expression."""
        if self.variable is None:
            return {None: [p(self.e) for p in self.points]}
        return {r: [self.comparison(p).truth(r, self.layout) for p in self.points] for r in self.readings}

    def comparison(self, points: Points) -> Comparison:
        """The measured side at some points."""
        assert self.variable is not None
        return Comparison(self.e, self.variable, points, self.kind, self.order)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """The readings an edited claim may be right in, the one asked first."""
        assert self.variable is not None
        structure = structure_of(self.variable)
        if self.kind == "differential":
            return (Reading.TANGENT,)
        if self.kind != "gradient" or structure.is_unconstrained:
            return (Reading.AMBIENT,)
        first = self.reading or (Reading.ENTRYWISE if structure.is_linear else Reading.TANGENT)
        others = tuple(Reading) if structure.is_linear else (Reading.AMBIENT, Reading.TANGENT)
        return tuple(dict.fromkeys((first, *others)))

    def values(self, claim: Expr, points: Points, reading: Reading | None) -> np.ndarray:
        """A claim at some points, laid out like the truth."""
        return points(claim) if self.variable is None else self.comparison(points).claimed(claim, reading)  # type: ignore[arg-type]

    def holds(self, claim: Expr, readings: Sequence[Reading | None] | None = None) -> bool:
        """Whether an edited claim is right, in one of the readings, at all points."""
        if claim.shape != self.claim.shape:
            return False
        for reading in readings or tuple(self.truths):
            trials = []
            for p, truth in zip(self.points, self.truths[reading], strict=True):
                trials.append((p, relative_error(self.values(claim, p, reading), truth, 0.0)))
            if weigh(trials, self.order).ok:
                return True
        return False

    def mended(self, kind: str, message: str, edit: Expr) -> Diagnosis:
        """A diagnosis whose edit has been verified."""
        return Diagnosis(kind, message, Form(edit, self.scope.size_names).text)


def diagnose(case: Case) -> Diagnosis:
    """The simplest edit found, or `unknown`."""
    for cause in CAUSES:
        found = next(cause(case), None)
        if found is not None:
            return found
    return Diagnosis("unknown", "no single edit was found that makes the claim right")


# --- causes, simplest first ------------------------------------------------------------------------------------------


def other_reading(case: Case) -> Iterator[Diagnosis]:
    """Right, but in another reading than the one asked for."""
    if not case.right_under:
        return
    if case.reading is None:
        missing = " and ".join(r for r in Reading if r not in case.right_under)
        message = f"right in the {' and '.join(case.right_under)} reading only, not in the {missing} one"
        yield Diagnosis("convention", message, case.correct.text if case.correct is not None else None)
        return
    asked = str(case.reading)
    others = " and ".join(r for r in case.right_under if r != asked)
    correction = Reading.ENTRYWISE not in case.right_under and structure_of(case.variable).name in ("symmetric", "spd")  # type: ignore[arg-type]
    kind = "missing-correction" if correction and case.reading is Reading.ENTRYWISE else "convention"
    hint = "; the entrywise reading is G + G' - G .* I" if kind == "missing-correction" else ""
    edit = case.correct.text if case.correct is not None else None
    yield Diagnosis(kind, f"right in the {others} reading, not in the {asked} one{hint}", edit)


def ratio(case: Case) -> Iterator[Diagnosis]:
    """A wrong sign or a wrong factor of the whole."""
    for reading, truths in case.truths.items():
        factors = []
        for p, truth in zip(case.points, truths, strict=True):
            claimed = case.values(case.claim, p, reading)
            square = np.sum(claimed * claimed)
            if not np.isfinite(square) or square == 0:
                continue
            factors.append(float(np.sum(claimed * truth) / square))
        if not factors or max(factors) - min(factors) > 1e-7 * max(map(abs, factors)):
            continue
        c = Fraction(factors[0]).limit_denominator(64)
        if c == 0 or not case.holds(edit := scale(c, case.claim), [reading]):
            continue
        if c == -1:
            yield case.mended("sign", "the sign of the whole is wrong", edit)
        else:
            yield case.mended("scale", f"the whole is off by a factor: it must be multiplied by {c}", edit)


def transposed(case: Case) -> Iterator[Diagnosis]:
    """The claim is the transpose of the derivative."""
    if case.claim.shape[0] == case.claim.shape[1] and case.holds(edit := transpose(case.claim)):
        yield case.mended("transpose", "the claim is transposed", edit)


def correction(case: Case) -> Iterator[Diagnosis]:
    """On a symmetric variable: the Hadamard correction missing, of the wrong sign, doubled or halved."""
    if case.variable is None or structure_of(case.variable).name not in ("symmetric", "spd") or case.kind != "gradient":
        return
    g = case.claim
    diagonal = hadamard(g, eye(g.shape[0]))
    edits: list[tuple[str, str, Callable[[], Expr]]] = [
        ("missing-correction", "the Hadamard correction - G .* I is missing", lambda: subtract(g, scale(Fraction(1, 2), diagonal))),
        ("missing-correction", "symmetry is not used: the entrywise derivative is G + G' - G .* I",
         lambda: subtract(add(g, transpose(g)), diagonal)),
        ("correction-sign", "the Hadamard correction has the wrong sign", lambda: subtract(g, scale(Fraction(2, 3), diagonal))),
        ("doubled-correction", "the Hadamard correction is subtracted twice", lambda: _refill(case, diagonal)),
    ]  # fmt: skip
    for kind, message, make in edits:
        edit = make()
        if case.holds(edit, [Reading.ENTRYWISE]):
            shown = case.correct.expr if case.correct is not None and case.reading is Reading.ENTRYWISE else edit
            yield case.mended(kind, message, shown)


def _refill(case: Case, diagonal: Expr) -> Expr:
    """The diagonal that a doubly corrected claim has lost: G + G' - 2 G .* I has none."""
    return (
        add(case.claim, diagonal)
        if case.correct is None
        else add(case.claim, hadamard(case.correct.expr, eye(diagonal.shape[0])))
    )


CAUSES: tuple[Callable[[Case], Iterator[Diagnosis]], ...] = (other_reading, correction, ratio, transposed)
