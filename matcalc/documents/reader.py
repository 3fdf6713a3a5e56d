"""Reading a text: its statements one after the other, each judged under what has been said before it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest

from matcalc.batch import error_message
from matcalc.claims.assumptions import Assumptions, stated
from matcalc.claims.entries import COMPARE
from matcalc.documents.context import Context, is_misfit
from matcalc.documents.document import ASSUMPTION, Part, rows
from matcalc.documents.equality import is_other_shape, unfit
from matcalc.documents.foresight import foreseen, ranges
from matcalc.documents.glossary import names
from matcalc.documents.judgement import undeclared
from matcalc.documents.premises import Finding
from matcalc.documents.reasoning import Decide, Reasoning
from matcalc.documents.steps import ASIDE, UNREAD, Step
from matcalc.errors import MatcalcError, ShapeError
from matcalc.expression.scope import Declarations, declarations
from matcalc.language.statements import IMPLIES, Chain, Side, chains
from matcalc.verdict import UNDECIDED, WRONG, Verdict

_FOLLOWING = re.compile(rf"[\s&]*(?:\\begin\{{[^}}]*\}}[\s&]*)?\\(?:{'|'.join(sorted(IMPLIES))})(?![A-Za-z])")


@dataclass
class Reader:
    """Reads parts one after the other: the reasoning so far, and the side that a line `= ...` continues."""

    reasoning: Reasoning = field(default_factory=Reasoning)
    last: Side | None = None
    first: Side | None = None  # of the chain that `last` ends
    leads_on: bool = False  # whether the next formula is said to follow from this one
    has_supposed: bool = False  # something in its prose

    @classmethod
    def of(
        cls, let: Declarations, layout: str | None = None, reading: str | None = None, strict: bool = False
    ) -> "Reader":
        """A reader with declarations."""
        known = Assumptions(layout=layout or "numerator", reading=reading)
        for text in declarations(let):
            known = known.assume(text)
        return cls(Reasoning(Context(known, is_strict=strict)))

    @property
    def _context(self) -> Context:
        return self.reasoning.context

    def read(self, given: Iterable[Part]) -> Iterator[Step]:
        """The statements of some parts, with their verdicts."""
        read = list(given)
        self._context.glossary = foreseen(read, self._context.known)
        self._context.ranges = ranges(read)
        for part, following in zip_longest(read, read[1:]):
            if part.refusal:  # which ends the chain before it
                self.last = None
                yield Step(part.line, part.text, "", "", UNREAD, None, part.refusal, part.is_display)
            elif part.kind == ASSUMPTION:
                yield from self._assume(part)
            else:
                self.leads_on = following is not None and _FOLLOWING.match(following.text) is not None
                yield from self._formula(part)

    def _assume(self, part: Part) -> Iterator[Step]:
        for item in stated(part.text):
            try:
                self._context.assume(item)
            except MatcalcError as error:
                yield Step(part.line, item, "", "", UNREAD, None, str(error), part.is_display)

    def _formula(self, part: Part) -> Iterator[Step]:
        try:
            found = list(chains(part.text, part.is_latex))
        except MatcalcError as error:
            self.last = None
            if len(by_row := rows(part)) > 1:
                for row in by_row:
                    yield from self._formula(row)
            else:
                self._context.forget(part.text.partition("=")[0], part.line)
                yield Step(part.line, part.text, "", "", UNREAD, None, str(error), part.is_display)
            return
        if part.is_display and not part.is_near:
            self.last = None
        self._context.declare_terms(side for chain in found for side in chain.sides)
        before = self._context.known
        steps = {k: list(self._chain(found, k, part)) for k in self._in_order(found)}
        self.reasoning.end_formula(self.leads_on, before)
        yield from (step for k in sorted(steps) for step in steps[k])

    def _in_order(self, found: Sequence[Chain]) -> list[int]:
        """The statements of a formula in the order in which they must be read: what explains others before them."""
        said_before = (
            chain.is_condition or chain.is_place or self._explains(chain, found[:k]) for k, chain in enumerate(found)
        )
        first = [k for k, is_first in enumerate(said_before) if is_first]
        return first + [k for k in range(len(found)) if k not in first]

    def _explains(self, chain: Chain, before: Sequence[Chain]) -> bool:
        """Whether a statement says what a name in those before it means: `L = r'r, where r = y - Xw`."""
        if len(chain.sides) != 2 or not before or chain.sides[1].relation != "=" or self._is_about_indices(chain):
            return False
        with suppress(MatcalcError):
            found = self._context.heading(chain.sides[0])
            if found is not None and not self._context.is_name(found.name):
                return any(found.name in names(self._context.tree(side)) for c in before for side in c.sides)
            return found is not None and chain.is_meaning
        return False

    def _chain(self, found: Sequence[Chain], k: int, part: Part) -> Iterator[Step]:
        """The statements of a chain; formulas in the text neither continue others nor are continued."""
        chain, is_premise = found[k], found[k + 1].follows if k + 1 < len(found) else self.leads_on
        first, *rest = chain.sides
        origin = self.first if first.relation else first
        if self._is_about_indices(chain):
            self._context.known = self._context.known.hold(first.text, rest[0].relation, rest[0].text)
            return
        if first.relation:
            rest, first = list(chain.sides), (self.last if part.is_display else None) or Side("", "")
        elif not rest and part.is_display:
            yield from self._alone(first, part)
        for n, side in enumerate(rest):
            yield self._statement(first, side, part, origin, self.reasoning.role(chain, n, is_premise))
            first = side
        if part.is_display and rest and not chain.is_remark:
            self.first, self.last = origin, first if rest[-1].relation in ("=", ":=") else None

    def _is_about_indices(self, chain: Chain) -> bool:
        """Whether a statement is about indices, `i = j`, and so a condition on what follows it in the formula."""
        names = [side.text for side in chain.sides]
        alone = len(names) == 2 and all(re.fullmatch(r"[a-z]'?", n) and not self._context.is_name(n) for n in names)
        return alone and chain.sides[1].tokens != () and chain.sides[1].relation in COMPARE

    def _alone(self, side: Side, part: Part) -> Iterator[Step]:
        """A formula without a relation, which a line `= ...` may continue; one in another notation is passed by."""
        if any(token.type == "UNKNOWN" for token in side.tokens):
            reason = next(str(token.value) for token in side.tokens if token.type == "UNKNOWN")
            self._context.forget(side.text.partition("=")[0], self._line(part, side))
            yield Step(self._line(part, side), side.text, "", "", UNREAD, None, reason)
        else:
            self.first = self.last = side

    def _line(self, part: Part, side: Side) -> int:
        return part.line + part.text.count("\n", 0, side.start)

    def _statement(self, left: Side, right: Side, part: Part, origin: Side | None, decide: Decide) -> Step:
        line = self._line(part, right)
        try:
            self._context.note_fonts(left, right)
            status, verdict, reason = decide(left, right, origin, line)
        except Exception as error:  # one statement must not keep the others from being checked
            status, verdict, reason = self._unread(left, right, error)
            if status == UNREAD:
                self._context.forget(left.text, line)
        if status == WRONG and self.reasoning.supposed:
            status, verdict, reason = (
                UNDECIDED,
                None,
                f"wrong in general; it is said to hold where {self.reasoning.supposed}",
            )
        if status == WRONG and part.is_supposed and right.relation == "=":
            self.has_supposed = True
            status, verdict, reason = ASIDE, None, "supposed"
        if status == WRONG and self.has_supposed and (condition := _condition(verdict)):
            status, verdict, reason = UNDECIDED, None, f"{condition}; the text supposes something"
        return Step(line, left.text, right.relation, right.text, status, verdict, reason, part.is_display)

    def _unread(self, left: Side, right: Side, error: Exception) -> Finding:
        """What cannot be read; of names that are all declared, a product that does not fit is wrong."""
        context = self._context
        if isinstance(error, ShapeError) and context.known.declared:
            with suppress(MatcalcError):
                sides = context.tree(left), context.tree(right)
                known = context.glossary.at_values(sides, context.known)
                are_declared = not any(undeclared(side, known) for side in sides)
                if are_declared and (any(is_misfit(s, known) for s in sides) or is_other_shape(sides, known)):
                    return WRONG, unfit(str(error)), ""
        return UNREAD, None, error_message(error)


def _condition(verdict: Verdict | None) -> str:
    """Under which assumption a wrong statement is right, if there is one."""
    cause = verdict.diagnosis if verdict is not None else None
    return cause.message if cause is not None and cause.kind == "needs-assumption" else ""
