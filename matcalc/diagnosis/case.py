"""A wrong claim, and the truth at fresh points that every edit of it must meet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from matcalc.diagnosis.tree import everywhere, parts_of, versions
from matcalc.differentiation.form import Form
from matcalc.differentiation.formulation import is_read
from matcalc.errors import DomainError, MatcalcError
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.algebra import number, transpose
from matcalc.expression.expr import Call, Expr, Hadamard, Identity, Opaque, Product, Symbol
from matcalc.expression.scope import Scope
from matcalc.lazy import cached_property
from matcalc.oracle.comparison import Comparison, moving
from matcalc.oracle.exact import ExactClaim
from matcalc.oracle.measurement import (
    IN_DIFFERENTIAL,
    OFTEN,
    apart,
    plainly_wrong,
    relative_error,
    structure_of,
    weigh,
)
from matcalc.oracle.noise import is_steady, nudged
from matcalc.oracle.sampling import GUARDED, Points, sample, spread
from matcalc.shape import Shape
from matcalc.structure import Reading, Structure

FRESH_SEED = 20_000
MAX_PARTS = 120
PROPORTIONAL = {1: 1e-7, 2: 1e-5}
ELSEWHERE = (4.0, 0.03, 0.001)


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
class Edit:
    """An edited claim: `says` may name what was replaced, `{old}`, what replaces it, `{new}`, and a `{part}` of it.

    `shown` is a shorter form of the claim, to be printed in its stead.
    """

    kind: str
    claim: Expr
    says: str
    old: Expr | None = None
    new: Expr | None = None
    part: Expr | None = None
    shown: Expr | None = None

    def message(self, text: Callable[[Expr], str]) -> str:
        """What is wrong, in words."""
        named = {"old": self.old, "new": self.new, "part": self.part}
        return self.says.format(**{name: text(e) for name, e in named.items() if e is not None})


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
    reading: Reading | None
    right_under: tuple[str, ...]
    correct: Form | None

    @property
    def right(self) -> Expr | None:
        """The correct form of what is claimed, where there is one: of vec dF = J vec dX, the matrix J in its layout."""
        form = self.correct.vec if self.correct is not None and self.kind == "vectorised" else self.correct
        if form is None:
            return None
        is_turned = self.kind == "vectorised" and self.order == 1 and self.layout == "denominator"
        return transpose(form.expr) if is_turned else form.expr

    @property
    def sources(self) -> tuple[Expr, ...]:
        """The correct form and the expression: where what a claim lacks is looked for."""
        return (self.e,) if self.right is None else (self.right, self.e)

    @cached_property
    def parts(self) -> list[Expr]:
        """What may have been forgotten: the parts of the correct form and of the expression.

        The left side of an equality is no part of the right one: it would replace the claim, not mend it.
        """
        parts = parts_of(self.sources)
        if self.variable is None:
            parts = (part for part in parts if part not in self.whole)
        return list(islice(parts, MAX_PARTS))

    @cached_property
    def whole(self) -> tuple[Expr, ...]:
        """The left side of an equality, transposed and inverted."""
        return tuple(versions(self.e))

    @property
    def coefficients(self) -> list[Expr]:
        """The numbers that are factors in the expression, but 1."""
        products = [n.coefficient for n, _ in everywhere(self.e) if isinstance(n, Product)]
        return [number(c) for c in dict.fromkeys(products) if c != 1]

    @cached_property
    def triangles(self) -> list[str]:
        """The projections on a triangle that are in the correct form."""
        nodes = everywhere(self.right) if self.right is not None else ()
        return sorted({n.function for n, _ in nodes if isinstance(n, Call)} & {"tril", "triu"})

    @property
    def shape(self) -> Shape:
        """The shape of the truth; a claim may have another."""
        return self.right.shape if self.right is not None else self.claim.shape

    @cached_property
    def structure(self) -> Structure | None:
        """The structure of the variable where it has one, and the claim is laid out like it in some reading."""
        if self.variable is None or self.kind == "vectorised" or not self._is_read:
            return None
        return structure_of(self.variable)

    @property
    def _is_read(self) -> bool:
        return self.variable is not None and is_read(self.variable, self.kind, self.order)

    @property
    def defined(self) -> list[Reading]:
        """The readings that the structure of the variable has."""
        is_linear = self.variable is None or structure_of(self.variable).is_linear
        return [r for r in Reading if is_linear or r is not Reading.ENTRYWISE]

    @cached_property
    def readings(self) -> tuple[Reading | None, ...]:
        """The readings an edited claim may be right in: the one asked, or all, the default first."""
        if self.variable is None:
            return (None,)
        if not self._is_read:
            return (Reading.TANGENT,) if self.kind in IN_DIFFERENTIAL else (Reading.AMBIENT,)
        if self.reading is not None:
            return (self.reading,)
        default = (Reading.ENTRYWISE,) if structure_of(self.variable).is_linear else ()
        if default and self._names_diagonal_part:
            return default
        return (*default, Reading.TANGENT, Reading.AMBIENT)

    @property
    def _names_diagonal_part(self) -> bool:
        """Whether the claim subtracts a diagonal part, as only entrywise derivatives do."""
        factors = (f for n, _ in everywhere(self.claim) if isinstance(n, Hadamard) for f in n.factors)
        return any(isinstance(f, Identity) for f in factors)

    @cached_property
    def benches(self) -> tuple["Bench", ...]:
        """The truth at points other than those that refuted the claim, for each set of sizes."""
        expressions = [self.e] if self.kind in IN_DIFFERENTIAL else [self.e, self.claim]
        moving = set() if self.variable is None else {self.variable}
        named = {s for s in self.claim.symbols if all(s.name != f"d{v.name}" for v in moving)}
        try:
            fresh = sample(expressions, moving | named, seed=FRESH_SEED)
        except DomainError:
            return ()
        return tuple(bench for p in fresh if (bench := self.bench_at(p)) is not None)

    def bench_at(self, points: Points) -> "Bench | None":
        """The truth at some points; None where there is none."""
        return Bench.at(self, points)

    def match(self, claim: Expr) -> tuple[Reading | None, float] | None:
        """The reading in which a multiple of a claim seems to be right, and the multiple: tried at a few points."""
        for reading in self.readings:
            factor = self.benches[0].factor(claim, reading)
            if factor is not None:
                return reading, factor
        return None

    def stacked(self, e: Expr, reading: Reading | None) -> np.ndarray:
        """The values of an expression at all fresh points, one after the other."""
        return np.concatenate([b.value(e, reading).ravel() for b in self.benches])

    def truth(self, reading: Reading | None) -> np.ndarray:
        """The truth at all fresh points, one after the other."""
        return np.concatenate([b.truths[reading].ravel() for b in self.benches])

    def holds(self, claim: Expr, reading: Reading | None) -> bool:
        """Whether an edited claim is right in a reading: at all fresh points, and exactly where it is rational."""
        trials = [(bench.points, bench.error(claim, reading)) for bench in self.benches]
        exact = ExactClaim(self.e, claim, self.variable, self.kind, self.order, self.layout)
        found = exact.decide(weigh(trials, self.order), reading or Reading.AMBIENT)
        return found.ok and self._has_values(claim, reading) and (self.variable is not None or self._is_equal(claim))

    def _has_values(self, claim: Expr, reading: Reading | None) -> bool:
        """Whether a claim has a value nearly everywhere that the truth has one: sign(√b) has not, for sign(b)."""
        values = [bench.value(claim, reading).reshape(bench.points.count, -1) for bench in self.benches]
        return bool(np.mean(np.concatenate([~np.isfinite(v).all(1) for v in values])) < OFTEN)

    def _is_equal(self, claim: Expr) -> bool:
        """Whether a claim is equal to the expression nearer to 0 and further from it, where nothing is saturated."""
        elsewhere = spread([self.e, claim], (), ELSEWHERE)
        return all(plainly_wrong(apart(self.e, claim, at)) is None for at in elsewhere)

    def text(self, e: Expr) -> str:
        """An expression as people write it."""
        return Form(e, self.scope.size_names).text

    def verified(self, edit: Edit, reading: Reading | None) -> Diagnosis | None:
        """The diagnosis of an edit if the claim it mends, as printed and read back, is right.

        A claim that is a function of arrays has no text: the formula given in its stead is the correct form.
        """
        opaque = _is_opaque(self.claim)
        text = self.mended if opaque else self.text(edit.shown or edit.claim)
        mended = edit.claim if opaque else self._read_back(self.text(edit.shown or edit.claim))
        if mended is None or (text == self.text(self.claim) and not opaque) or not self.holds(mended, reading):
            return None
        return Diagnosis(edit.kind, edit.message(self.text), text)

    def _read_back(self, text: str) -> Expr | None:
        try:
            return self.scope.read(text, like=self.shape)[0]
        except MatcalcError:  # longer than the language takes
            return None

    @property
    def mended(self) -> str | None:
        """The correct form, where no part of the claim is worth keeping."""
        return self.text(self.right) if self.right is not None else None


def _is_opaque(e: Expr) -> bool:
    return isinstance(e, Opaque) or any(map(_is_opaque, e.args))


class Bench:
    """The truth at points of one set of sizes, and claims against it; what claims share is computed once."""

    comparison: Comparison | None = None

    def __init__(self, case: Case, points: Points) -> None:
        self.points, self.order = points, case.order
        self.truths: dict[Reading | None, np.ndarray] = {}
        self.evaluations = dict.fromkeys(case.readings, Evaluation(points.values, points.sizes, GUARDED))
        self.scale = np.zeros(points.count)
        if case.variable is None:
            self.truths[None] = points(case.e)
            return
        self.comparison = comparison = Comparison(case.e, case.variable, points, case.kind, case.order)
        readings = [r for r in case.readings if r is not None]
        self.truths = {r: comparison.truth(r, case.layout) for r in readings}
        self.scale = comparison.measurement.scale
        if case.kind in IN_DIFFERENTIAL:
            self.evaluations = {r: moving(case.variable, points, comparison.directions(r)) for r in readings}

    @classmethod
    def at(cls, case: Case, points: Points) -> "Bench | None":
        """The bench of those points at which the derivative has a value and the correct form meets it; None without."""
        bench = cls(case, points)
        good = np.all([np.isfinite(t.reshape(len(t), -1)).all(1) for t in bench.truths.values()], 0)
        if case.right is not None:
            good &= bench.error(case.right, case.readings[0]) < PROPORTIONAL[case.order]
        elif isinstance(case.e, Opaque):
            near, reading = cls(case, nudged(points)), case.readings[0]
            good &= is_steady(bench.truths[reading], near.truths[reading])
        if good.all():
            return bench
        return cls(case, points.take(np.flatnonzero(good))) if good.any() else None

    def value(self, claim: Expr, reading: Reading | None) -> np.ndarray:
        """A claim at the points, laid out like the truth."""
        with np.errstate(all="ignore"):
            try:
                value = self.evaluations[reading](claim)
            except np.linalg.LinAlgError:
                value = np.asarray(np.nan)
        rows, columns = (d.size(self.points.sizes) for d in claim.shape)
        value = np.broadcast_to(value, (*self.truths[reading].shape[:-2], rows, columns))
        return value if self.comparison is None or reading is None else self.comparison.laid_out(value, reading)

    def columns(self, terms: Sequence[Expr], reading: Reading | None) -> np.ndarray:
        """The values of some terms, a column for each."""
        return np.stack([self.value(t, reading).ravel() for t in terms], 1)

    def error(self, claim: Expr, reading: Reading | None) -> np.ndarray:
        """The relative error of a claim at every point."""
        with np.errstate(invalid="ignore"):
            return relative_error(self.value(claim, reading), self.truths[reading], self.scale)

    def factor(self, claim: Expr, reading: Reading | None) -> float | None:
        """The number which, times a claim, gives the truth; None if there is none."""
        claimed, truth = self.value(claim, reading).ravel(), self.truths[reading].ravel()
        with np.errstate(over="ignore"):
            square, size = float(claimed @ claimed), float(truth @ truth)
        if claimed.size != truth.size or not (np.isfinite(square) and np.isfinite(size)):
            return None
        bound = PROPORTIONAL[self.order] * max(size**0.5, 1e-6 * float(np.max(self.scale)))
        if np.linalg.norm(truth - claimed) <= bound:
            return 1.0
        comparable = truth.size > 1 or not self.points.values  # one number that varies is a multiple of any other
        factor = float(claimed @ truth) / square if square and comparable else 0.0
        return factor if factor and np.linalg.norm(truth - factor * claimed) <= bound else None
