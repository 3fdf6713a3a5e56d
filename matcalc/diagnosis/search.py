"""The search for the smallest edit: causes in order of simplicity, each edit tried at a few points, then verified."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from matcalc.diagnosis import edits, factors, fit, structured, symbols
from matcalc.diagnosis.assumptions import assumptions
from matcalc.diagnosis.case import Case, Diagnosis, Edit
from matcalc.diagnosis.edits import local
from matcalc.diagnosis.tree import is_square
from matcalc.expression.algebra import is_zero, multiply, number, scale, transpose
from matcalc.expression.expr import Expr
from matcalc.oracle.measurement import structure_of
from matcalc.structure import Reading

MOST_EDITS = 3000
TIME_LIMIT = 5.0  # seconds, for what is slow to evaluate; seldom reached, so that answers do not hang on the machine
PRECISE = 1e-10  # what is nearer is rounding
UNKNOWN = Diagnosis("unknown", "no single edit was found that makes the claim right")


def whole(case: Case) -> Iterator[Edit]:
    """A wrong sign or a wrong factor of the whole, or the whole transposed."""
    matched = case.match(case.claim)
    if matched is not None and (c := fit.rational(matched[1])) not in (None, 1):
        says = f"the whole is off by a factor: it must be multiplied by {c}"
        kind, message = ("sign", "the sign of the whole is wrong") if c == -1 else ("scale", says)
        yield Edit(kind, multiply(number(c), case.claim), message)
    if is_square(case.claim):
        yield Edit("transpose", transpose(case.claim), "the claim is transposed")


# From the simplest cause to the least simple: the first edit that verifies is the diagnosis.
SINGLE: tuple[Callable[[Case], Iterator[Edit]], ...] = (
    structured.vanishing,
    structured.corrections,
    whole,
    structured.unsymmetrised,
    local("sign", edits.signs),
    fit.own_terms,
    fit.sized_terms,
    structured.projections,
    local("missing-projection", structured.triangles),
    symbols.transposed,
    local("transpose", edits.transposes),
    local("factor-order", edits.orders),
    symbols.all_reversed,
    local("transpose", edits.several_transposes),
    symbols.exchanged,
    local("factor-order", edits.exchanged_symbols),
    symbols.sizes_exchanged,
    local("wrong-power", edits.powers),
    local("wrong-power", edits.sizes),
    local("wrong-term", edits.other_sizes),
    symbols.inverted,
    local("inverse", edits.inverses),
    local("inverse", edits.inverted_symbols),
    symbols.squared,
    local("wrong-term", edits.coefficients),
    fit.outer_terms,
    local("extra-term", factors.extra),
    local("missing-factor", factors.missing, factors=False),
    local("missing-factor", factors.missing_elementwise),
    local("missing-factor", factors.functions),
    fit.expanded_terms,
    fit.unknown_terms,
)
# Tried when no assumption makes the claim right: a part of the claim exchanged for another.
EXCHANGES: tuple[Callable[[Case], Iterator[Edit]], ...] = (
    local("wrong-term", edits.crossed, factors=False),
    local("wrong-term", edits.gathered),
    local("wrong-term", edits.combined),
    fit.multiples_of_terms,
    fit.replaced_terms,
    local("missing-term", edits.inner_terms),
    local("wrong-term", edits.other_symbols),
    local("wrong-term", edits.products),
    symbols.all_elementwise,
    local("wrong-term", factors.replaced),
)
# For a claim of another shape than the derivative.
CONFORMING: tuple[Callable[[Case], Iterator[Edit]], ...] = (
    local("not-conformable", edits.all_transposes),
    local("not-conformable", edits.orders),
    local("not-conformable", factors.conforming, factors=False),
    local("not-conformable", factors.extra),
)


@np.errstate(over="ignore")  # of a size beyond the largest number nothing is said
def diagnose(case: Case) -> Diagnosis:
    """The simplest edit found, or `unknown`."""
    if case.right_under:
        return other_reading(case)
    if not case.benches:
        return UNKNOWN
    if case.variable is not None and is_zero(case.claim):  # no part of it can be mended
        return assumptions(case) or Diagnosis("missing-term", "the derivative is not zero", case.mended)
    search = Search(case)
    return (
        search.first(edit for cause in SINGLE for edit in cause(case))
        or rounded_constant(case)
        or assumptions(case)
        or search.first(edit for cause in EXCHANGES for edit in cause(case))
        or search.proportional()
        or UNKNOWN
    )


def rounded_constant(case: Case) -> Diagnosis | None:
    """The whole is off by a factor next to 1, as by a constant that was rounded or miscopied."""
    matched = case.match(case.claim)
    if matched is None or case.order != 1:
        return None
    claimed, truth = case.stacked(case.claim, matched[0]), case.truth(matched[0])
    with np.errstate(over="ignore"):
        square = float(claimed @ claimed)
        c = float(claimed @ truth) / square if square else 1.0
        proportional = np.linalg.norm(truth - c * claimed) < PRECISE * np.linalg.norm(truth)
    if not proportional or abs(c - 1) < PRECISE or fit.rational(c) != 1:  # what is no number is not proportional
        return None
    return Diagnosis("scale", f"the whole is off by a factor: it must be multiplied by {c:.11g}")


def misshapen(case: Case, message: str) -> Diagnosis:
    """A claim of another shape than the derivative, with the edit that would make it right where one is found."""
    found = None
    if case.benches:
        found = Search(case).first(edit for cause in CONFORMING for edit in cause(case))
    return (
        Diagnosis("not-conformable", f"{message}; {found.message}", found.edit)
        if found
        else Diagnosis("not-conformable", message)
    )


def other_reading(case: Case) -> Diagnosis:
    """Right, but in another reading than the one asked for."""
    edit = case.mended
    if case.reading is None:
        missing = " and ".join(r for r in case.defined if r not in case.right_under)
        message = f"right in the {' and '.join(case.right_under)} reading only, not in the {missing} one"
        return Diagnosis("convention", message, edit)
    others = " and ".join(r for r in case.right_under if r != case.reading)
    message = f"right in the {others} reading, not in the {case.reading} one"
    symmetric = case.variable is not None and structure_of(case.variable).name in structured.SYMMETRIC
    if symmetric and case.reading is Reading.ENTRYWISE:
        return Diagnosis("missing-correction", f"{message}; the entrywise reading is G + G' - G .* I", edit)
    return Diagnosis("convention", message, edit)


class Search:
    """Edits that were tried, and those that would be right but for a factor of the whole."""

    def __init__(self, case: Case) -> None:
        self.case, self.near, self.tried = case, list[tuple[Edit, Reading | None]](), set[int]()
        self.deadline = time.thread_time() + TIME_LIMIT

    def first(self, candidates: Iterable[Edit]) -> Diagnosis | None:
        """The first of some edits that verifies."""
        for edit in candidates:
            if len(self.tried) >= MOST_EDITS or time.thread_time() > self.deadline:
                return None
            if edit.claim.identity in self.tried or edit.claim.shape != self.case.shape:
                continue
            self.tried.add(edit.claim.identity)
            if (found := self._try(edit)) is not None:
                return found
        return None

    def _try(self, edit: Edit) -> Diagnosis | None:
        matched = self.case.match(edit.claim)
        if matched is None or (self._replaces_all(edit.claim)):
            return None
        reading, factor = matched
        if abs(factor - 1) < fit.RATIONAL:
            return self.case.verified(edit, reading)
        if (c := fit.rational(factor)) is not None:
            says, scaled = f"{edit.says}; and the whole must be multiplied by {c}", scale(c, edit.claim)
            if not self._is_the_expression(scaled):
                self.near.append((replace(edit, claim=scaled, says=says), reading))
        return None

    def _is_the_expression(self, claim: Expr) -> bool:
        """Whether an edit makes the right side of an equality the left one, which explains nothing."""
        return self.case.variable is None and claim in (self.case.e, transpose(self.case.e))

    def _replaces_all(self, claim: Expr) -> bool:
        """Whether the left side of an equality stands where a constant was claimed."""
        return self._is_the_expression(claim) and not self.case.claim.symbols and bool(claim.symbols)

    def proportional(self) -> Diagnosis | None:
        """The first edit that is right once the whole is scaled."""
        return next((d for edit, reading in self.near if (d := self.case.verified(edit, reading)) is not None), None)
