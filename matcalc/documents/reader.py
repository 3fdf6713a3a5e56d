"""Reading a text: its statements one after the other, each judged under what has been said before it."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest

from matcalc.batch import error_message
from matcalc.claims.assumptions import Assumptions, stated
from matcalc.claims.closed import closed_text
from matcalc.claims.entries import COMPARE
from matcalc.claims.integrals import mentions
from matcalc.claims.meaning import Definition, expand, inserted
from matcalc.diagnosis import UNKNOWN, Diagnosis
from matcalc.documents.customs import BY_SQUARE
from matcalc.documents.document import ASSUMPTION, Part, rows
from matcalc.documents.glossary import (
    Entry,
    Glossary,
    Heading,
    names,
    names_entries,
    names_formula,
    variables,
)
from matcalc.documents.judgement import (
    is_free,
    is_zero,
    judge,
    judge_order,
    judge_stationary,
    undeclared,
)
from matcalc.documents.lettering import Lettering
from matcalc.documents.premises import Sides, conclude, difference, is_just, restates, structure_in
from matcalc.documents.slips import slip
from matcalc.documents.steps import ASIDE, DEFINITION, UNREAD, Step
from matcalc.documents.wording import PRIME, Wording, is_primed
from matcalc.errors import DeclarationError, MatcalcError, ParseError, ShapeError
from matcalc.expression.scope import Declarations, Scope, declarations
from matcalc.language.latex_words import ACCENTS
from matcalc.language.plain import OF_THE_MATRIX, bare
from matcalc.language.statements import IMPLIES, Chain, Side, chains
from matcalc.language.syntax import Syntax, walk
from matcalc.oracle.measurement import Evidence
from matcalc.shape import Shape, is_column, is_scalar
from matcalc.verdict import RIGHT, UNDECIDED, WRONG, Verdict

_WRAPPED = (  # braces, fonts and the beginning of an environment
    r"(?:[\s&{(]|\\[A-Za-z]+\s*\{|\\begin\{[^{}]*\}(?:\{[^{}]*\})?"
    r"|\\(?:math|bold|text)?(?:cal|bb|bf|rm|sf|symbol|bm)\s)*"
)
Decide = Callable[[Side, Side, Side | None, int], "Finding"]
Finding = tuple[str, Verdict | None, str]  # the status of a statement, the verdict, and what else is to be said
_FOLLOWING = re.compile(rf"[\s&]*(?:\\begin\{{[^}}]*\}}[\s&]*)?\\(?:{'|'.join(sorted(IMPLIES))})(?![A-Za-z])")
_INEQUALITIES = (">=", "<=", ">", "<")


@dataclass
class Reader:
    """Reads parts one after the other: what is assumed so far, and the side that a line `= ...` continues.

    A strict reader guesses nothing: once anything is declared, every name must be.
    """

    known: Assumptions = field(default_factory=Assumptions)
    last: Side | None = None
    strict: bool = False
    first: Side | None = None  # of the chain that `last` ends
    set_to_zero: Syntax | None = None  # the derivative of the statement before
    equation: Sides | None = None  # from which the next statement of the formula is said to follow
    leads_on: bool = False  # whether the next formula is said to follow from this one
    supposed: str = ""  # a condition of the formula that is no assumption on a matrix
    has_supposed: bool = False  # something in its prose
    glossary: Glossary = field(default_factory=Glossary)
    lettering: Lettering = field(default_factory=Lettering)

    @classmethod
    def of(
        cls, let: Declarations, layout: str | None = None, reading: str | None = None, strict: bool = False
    ) -> "Reader":
        """A reader with declarations."""
        known = Assumptions(layout=layout or "numerator", reading=reading)
        for text in declarations(let):
            known = known.assume(text)
        return cls(known, None, strict)

    def read(self, given: Iterable[Part]) -> Iterator[Step]:
        """The statements of some parts, with their verdicts."""
        for part, following in zip_longest(read := list(given), read[1:]):
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
            before = self.known.declared
            try:
                self.known = self.known.assume(item)
                declared = {name for name, kind in self.known.declared.items() if before.get(name) != kind}
                self.glossary = self.glossary.without(declared | self.known.meaning().sizes)
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
                self._forget(part.text.partition("=")[0], part.line)
                yield Step(part.line, part.text, "", "", UNREAD, None, str(error), part.is_display)
            return
        if part.is_display and not part.is_near:
            self.last = None
        before = self.known
        steps = {k: list(self._chain(found, k, part)) for k in self._in_order(found)}
        self.known = replace(self.known, declared=before.declared, conditions=before.conditions)
        self.supposed, self.equation = "", self.equation if self.leads_on else None
        yield from (step for k in sorted(steps) for step in steps[k])

    def _in_order(self, found: Sequence[Chain]) -> list[int]:
        """The statements of a formula in the order in which they must be read: what explains others before them."""
        first = [k for k, chain in enumerate(found) if chain.is_condition or self._explains(chain, found[:k])]
        return first + [k for k in range(len(found)) if k not in first]

    def _explains(self, chain: Chain, before: Sequence[Chain]) -> bool:
        """Whether a statement says what a name in those before it means: `L = r'r, where r = y - Xw`."""
        if len(chain.sides) != 2 or not before or chain.sides[1].relation != "=" or self._is_about_indices(chain):
            return False
        with suppress(MatcalcError):
            found = self._wording.heading(chain.sides[0])
            if found is not None and not self._is_name(found.name):
                return any(found.name in names(self._tree(side)) for c in before for side in c.sides)
            return found is not None and chain.is_meaning
        return False

    def _chain(self, found: Sequence[Chain], k: int, part: Part) -> Iterator[Step]:
        """The statements of a chain; formulas in the text neither continue others nor are continued."""
        chain, is_premise = found[k], found[k + 1].follows if k + 1 < len(found) else self.leads_on
        first, *rest = chain.sides
        origin = self.first if first.relation else first
        if self._is_about_indices(chain):
            self.known = self.known.hold(first.text, rest[0].relation, rest[0].text)
            return
        if first.relation:
            rest, first = list(chain.sides), (self.last if part.is_display else None) or Side("", "")
        elif not rest and part.is_display:
            yield from self._alone(first, part)
        for n, side in enumerate(rest):
            decide = self._decide
            if chain.is_condition:
                decide = self._suppose
            elif chain.follows and n == 0 and self.equation is not None:
                decide = self._conclude
            elif chain.follows and n == 0 and self.set_to_zero is not None:
                decide = self._solve
            elif is_premise:
                decide = self._presume
            yield self._statement(first, side, part, origin, decide)
            first = side
        if part.is_display and rest and not chain.is_remark:
            self.first, self.last = origin, first if rest[-1].relation in ("=", ":=") else None

    def _is_about_indices(self, chain: Chain) -> bool:
        """Whether a statement is about indices, `i = j`, and so a condition on what follows it in the formula."""
        names = [side.text for side in chain.sides]
        alone = len(names) == 2 and all(re.fullmatch(r"[a-z]'?", n) and not self._is_name(n) for n in names)
        return alone and chain.sides[1].tokens != () and chain.sides[1].relation in COMPARE

    def _is_name(self, text: str) -> bool:
        return self.known.is_name(text) or text.rstrip("'") in self.glossary

    def _alone(self, side: Side, part: Part) -> Iterator[Step]:
        """A formula without a relation, which a line `= ...` may continue; one in another notation is passed by."""
        if any(token.type == "UNKNOWN" for token in side.tokens):
            reason = next(str(token.value) for token in side.tokens if token.type == "UNKNOWN")
            self._forget(side.text.partition("=")[0], self._line(part, side))
            yield Step(self._line(part, side), side.text, "", "", UNREAD, None, reason)
        else:
            self.first = self.last = side

    def _line(self, part: Part, side: Side) -> int:
        return part.line + part.text.count("\n", 0, side.start)

    def _statement(self, left: Side, right: Side, part: Part, origin: Side | None, decide: Decide) -> Step:
        line = self._line(part, right)
        try:
            if left.text and self._wording.heading(left) is not None:
                self.lettering = self.lettering.with_statement(left.text, right.text)
            self.lettering.require_one_weight(f"{left.text} = {right.text}")
            status, verdict, reason = decide(left, right, origin, line)
        except Exception as error:  # one statement must not keep the others from being checked
            status, verdict, reason = self._unread(left, right, error)
            if status == UNREAD:
                self._forget(left.text, line)
        if status == WRONG and self.supposed:
            status, verdict, reason = UNDECIDED, None, f"wrong in general; it is said to hold where {self.supposed}"
        if status == WRONG and part.is_supposed and right.relation == "=":
            self.has_supposed = True
            status, verdict, reason = ASIDE, None, "supposed"
        if status == WRONG and self.has_supposed and (condition := _condition(verdict)):
            status, verdict, reason = UNDECIDED, None, f"{condition}; the text supposes something"
        return Step(line, left.text, right.relation, right.text, status, verdict, reason, part.is_display)

    def _unread(self, left: Side, right: Side, error: Exception) -> Finding:
        """What cannot be read; of names that are all declared, a product that does not fit is wrong."""
        if isinstance(error, ShapeError) and self.known.declared:
            with suppress(MatcalcError):
                sides = self._tree(left), self._tree(right)
                known = self.glossary.at_values(sides, self.known)
                if not any(undeclared(side, known) for side in sides) and any(_misfit(side, known) for side in sides):
                    return WRONG, _unfit(str(error)), ""
        return UNREAD, None, error_message(error)

    def _suppose(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """A condition of the other statements of the formula."""
        sides = self._tree(left), self._tree(right)
        structure = structure_in(sides) if right.relation == "=" else ""
        if structure:
            self.known = self.known.assume(structure)
        else:
            self.supposed = f"{left.text} {right.relation} {right.text}"
        return ASIDE, None, "a condition"

    def _presume(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """What something is said to follow from: a statement, or else a condition or an equation."""
        found = self._decide(left, right, origin, line)
        if found[0] != WRONG or right.relation != "=":
            return found
        sides = self._tree(left), self._tree(right)
        if structure := structure_in(sides):
            self.known = self.known.assume(structure)
            return ASIDE, None, "a condition"
        self.equation = sides
        return ASIDE, None, "an equation: what follows is held against it"

    def _conclude(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """What is said to follow from an equation."""
        assert self.equation is not None
        equation, sides = self.equation, (self._tree(left), self._tree(right))
        named = bare(sides[0]).value if bare(sides[0]).operation == "name" else ""
        solved = [n for side in equation for n in names(side) if _is_point(named, n)]
        if solved and not self._is_name(named):  # \hat w, of an equation for w
            self.glossary = self.glossary.with_entry(named, Entry(line, Definition((), sides[1])))
            sides = _name(solved[0]), sides[1]
        known = self.glossary.meant((*equation, *sides), self.known)
        self._require_declared(sides, known)
        self.equation = sides
        return conclude(equation, sides, known)

    def _solve(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """What is said to follow from a derivative set to zero: a solution, or the equation in another form."""
        assert self.set_to_zero is not None
        equation, sides = self.set_to_zero, (self._tree(left), self._tree(right))
        variable = bare(equation.operands[1]).value
        alone = [bare(side).value for side in sides if bare(side).operation == "name"]
        is_solution = any(n == variable or _is_point(n, variable) for n in alone)
        if not is_solution and variable in names(sides[0]) | names(sides[1]):
            return self._restated(equation, sides, variable)
        return self._decide(left, right, origin, line)

    def _decide(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """The status of a statement, in a chain that begins with `origin`."""
        if not left.text:
            return (UNREAD, None, "nothing before it to continue") if right.relation == "=" else (ASIDE, None, "")
        equation, self.set_to_zero = self.set_to_zero, None
        if right.relation in (":=", "=:"):
            if self._define(*((left, right) if right.relation == ":=" else (right, left))):
                return DEFINITION, None, ""
        elif right.relation not in ("=", *_INEQUALITIES):
            if right.relation == "<-":
                self._forget(left.text, line)
            return ASIDE, None, f"{right.relation} is not an equality"
        if right.relation == "=" and (named := self._heading(left, right)) is not None:
            return self._named(*named, f"{left.text} {right.text}", equation, line)
        sides = self._tree(left), self._tree(right)
        if is_primed(sides[0]) and not is_just(sides[1], bare(sides[0].operands[0]).value):  # M' = M + x x^T
            raise ParseError(PRIME, sides[0].start)
        known = self.glossary.meant(sides, self.known)
        self._require_declared(sides, known)
        if any(map(names_entries, sides)):
            return ASIDE, None, "this names the entries of a matrix"
        if right.relation == "=" and (name := _free_name(sides, known)):
            return self._free(name, sides, known, equation, line)
        if right.relation in _INEQUALITIES:
            return _as_found(judge_order(right.relation, *sides, known), sides, (left, right))
        return self._judged(sides, (left, right), known, equation, origin)

    def _forget(self, left: str, line: int) -> None:
        """A name that is given a meaning that cannot be read has none from there."""
        for name, before in self.glossary.entries.items():
            if before.line != line and re.fullmatch(_alone(name), left.strip()):
                self.glossary = self.glossary.renewed(name, Entry(line, None, before))

    def _define(self, left: Side, right: Side) -> bool:
        """Take up `y := x - mu` or `C(Sigma) := ...`; nothing where the left side is in other notation."""
        found = self._wording.heading(left)
        if found is not None:
            self.known = self.known.define(found.name, found.parameters, self._tree(right))
            self.glossary = self.glossary.without([found.name])
        return found is not None

    def _heading(self, left: Side, right: Side) -> tuple[Heading, Syntax] | None:
        """What a side of an equality names, and the formula; of what was named before the left side alone."""
        for side, other in ((left, right), (right, left)):
            found = self._wording.heading(side)
            if found is None or (found.name in self.glossary and (side is right or self._is_at_others(found))):
                continue
            formula = self._tree(other)
            if found.letter and self._is_label(found, formula):
                found = replace(found, letter="")
            if names_formula(found, formula, self.known):
                return found, formula
        return None

    def _is_label(self, found: Heading, formula: Syntax) -> bool:
        """Whether K_y of a declared K is no entry or column of it: y is a matrix or vector, or the shape is another."""
        with suppress(MatcalcError):
            is_name = isinstance(found.index, str) and self.known.is_name(found.index)
            if is_name and not is_scalar(self._shape_of(_name(found.index))):
                return True
            owner, shape = self._shape_of(_name(found.letter)), self._shape_of(formula)
            return not is_scalar(shape) if is_column(owner) else not is_column(shape) and not is_scalar(shape)
        return False

    def _is_at_others(self, found: Heading) -> bool:
        """Whether a function is named with other arguments than it was defined with."""
        was = self.glossary[found.name].definition
        return was is not None and was.parameters != found.parameters and len(was.parameters) == len(found.parameters)

    def _named(self, found: Heading, formula: Syntax, heading: str, equation: Syntax | None, line: int) -> Finding:
        """A name that is given to a formula; what it was given to before must be equal."""
        before, others = self.glossary.entries.get(found.name), self.glossary.without([found.name])
        try:
            known = others.meant([formula], self.known)
            self._require_declared((formula,), known, set(found.parameters))
            _require_fit(formula, known, found.parameters)
        except MatcalcError:
            if before is None or not _misfit(formula, others.at_values([formula], self.known)):
                self.glossary = self.glossary.renewed(found.name, Entry(line, None, before))
            raise
        self.lettering = self.lettering.with_meaning(found.letter or found.name, heading)
        entry = Entry(line, Definition(found.parameters, formula))
        if equation is not None and _is_point(found.name, variable := bare(equation.operands[1]).value):
            self.glossary, self.set_to_zero = self.glossary.renewed(found.name, entry), equation
            try:
                verdict = judge_stationary(equation, formula, others.meant((equation,), known))
            except MatcalcError as error:
                return UNDECIDED, None, str(error)
            return verdict.verdict, verdict, f"checked as the point {variable} at which the derivative vanishes"
        return self._said_again(found.name, entry, before, others)

    def _said_again(self, name: str, entry: Entry, before: Entry | None, others: Glossary) -> Finding:
        """A name with a meaning, which must be one of its former meanings if it has any."""
        assert entry.definition is not None
        is_doubtful, meanings = False, list(before.meanings()) if before is not None else []
        named = partial(_things, glossary=others, known=self.known)
        for earlier, was in meanings:
            try:
                sides = was.body, entry.definition.body
                compared = judge(*sides, others.meant(sides, self.known))
            except ShapeError:  # it has another shape, or arguments of other shapes
                continue
            except MatcalcError:  # whether it is the same cannot be told
                is_doubtful = True
                continue
            if compared.is_right:
                self.glossary = self.glossary.with_entry(name, earlier)
                return RIGHT, compared, ""
            one, other = named(was.body), named(entry.definition.body)
            same = 2 * len(one & other) > len(one | other)
            is_doubtful |= same or compared.diagnosis not in (None, UNKNOWN)
        if not is_doubtful:  # nothing that one might have written for the other
            self.glossary = self.glossary.renewed(name, entry)
            return DEFINITION, None, f"another meaning than in line {meanings[0][0].line}" if meanings else ""
        self.glossary = self.glossary.renewed(name, replace(entry, before=before))
        return (
            UNDECIDED,
            None,
            f"not what {name} was said to be in line {meanings[0][0].line}: a slip, or it changed",
        )

    def _free(self, name: str, sides: Sides, known: Assumptions, equation: Syntax | None, line: int) -> Finding:
        """A declared name alone on a side: the solution of an equation, a claim on what is computed, or a premise."""
        other = sides[1] if is_just(sides[0], name) else sides[0]
        if equation is not None and bare(equation.operands[1]).value == name:
            self.set_to_zero = equation
            verdict = judge_stationary(equation, other, self.glossary.meant((equation,), known))
            return verdict.verdict, verdict, "checked as the point at which the derivative vanishes"
        is_computed = other is sides[0] and bare(other).operation in ("derivative", "expectation", "covariance")
        is_claim = is_computed and not names(other) & known.unspecified.keys()
        if is_claim or not self._fit(*sides):
            verdict = self._verdict(sides, self.glossary)
            unfit = verdict.diagnosis is not None and verdict.diagnosis.kind == "not-conformable"
            if is_claim or unfit:
                return verdict.verdict, verdict, ""
        random = {law.name for law in known.laws.values()}
        is_said = other is sides[1] and not names(other) & random
        if is_said and not any(undeclared(side, known) for side in sides):
            self.glossary = self.glossary.with_premise(name, Entry(line, Definition((), other)))
        return ASIDE, None, f"{name} is free: this defines it or assumes something of it"

    def _fit(self, left: Syntax, right: Syntax) -> bool:
        """Whether two sides are known to have one shape."""
        with suppress(MatcalcError):  # with indices or integrals in them
            return self._shape_of(left) == self._shape_of(right)
        return False

    def _judged(
        self,
        sides: Sides,
        written: tuple[Side, Side],
        known: Assumptions,
        equation: Syntax | None,
        origin: Side | None,
    ) -> Finding:
        """The verdict on an equality, or what it is beside a derivative that is set to zero."""
        try:
            verdict = self._verdict(sides, self.glossary)
        except ShapeError as error:
            cause = slip(*written, known, self._tree)
            if cause is None:
                raise
            verdict = _unfit(f"{error}; {cause.message}", cause.edit)
        nodes = [node for side in sides for node in walk(side)]
        if equation is not None and verdict.verdict == WRONG and not any(n.operation == "derivative" for n in nodes):
            variable = bare(equation.operands[1]).value
            if any(is_just(n, variable) for n in nodes):
                self.set_to_zero = equation
                return self._restated(equation, sides, variable)
        if verdict.verdict == WRONG and verdict.diagnosis in (None, UNKNOWN):
            verdict = replace(verdict, diagnosis=slip(*written, known, self._tree) or UNKNOWN)
        if not verdict.is_right and (found := self._set_to_zero(sides, origin)):
            self.set_to_zero = found
            return ASIDE, None, f"the derivative is set to zero: an equation for {bare(found.operands[1]).value}"
        if verdict.verdict in (RIGHT, WRONG) and (other := self._otherwise(sides, verdict.verdict)):
            return UNDECIDED, None, f"{other}, and {verdict.verdict} as it stands"
        return _as_found(verdict, sides, written)

    def _verdict(self, sides: Sides, glossary: Glossary) -> Verdict:
        """The verdict with what is differentiated by as a variable, or else where it has the value it was given."""
        by = variables(sides)
        given = {n for n in by & glossary.definitions.keys() if n in glossary.premises or not self.known.is_name(n)}
        at_values = glossary.at_values(sides, self.known)
        if len(given) < len(by) and given:
            return judge(*sides, at_values)
        first = judge(*sides, glossary.meant(sides, self.known))
        if given and first.verdict == WRONG:
            with suppress(MatcalcError):
                second = judge(*sides, at_values)
                return second if second.verdict != WRONG else first
        return first

    def _otherwise(self, sides: Sides, verdict: str) -> str:
        """The verdict with another meaning of a name, where it is another."""
        others = list(self.glossary.earlier(names(sides[0]) | names(sides[1])))
        premises = self.glossary.premises.keys() - (self.glossary.models if verdict == RIGHT else set())
        if premises:
            others.append(("what is said of declared names in passing", self.glossary.supposing(premises)))
        for meant, other in others:
            with suppress(MatcalcError):
                found = self._verdict(sides, other).verdict
                if (found == WRONG) != (verdict == WRONG):
                    return f"{found} with {meant}"
        return ""

    def _restated(self, equation: Syntax, sides: Sides, variable: str) -> Finding:
        """An equation for a variable after a derivative by it was set to zero: right where that is a multiple of it."""
        try:
            verdict = restates(equation, difference(sides), self.glossary.meant((equation, *sides), self.known))
        except MatcalcError:
            return (
                UNDECIDED,
                None,
                f"an equation for {variable}, not comparable with the derivative set to zero",
            )
        if verdict is not None:
            return RIGHT, verdict, "up to a factor the derivative that was set to zero"
        return UNDECIDED, None, f"an equation for {variable}, and no multiple of the derivative that was set to zero"

    @property
    def _wording(self) -> Wording:
        return Wording(self.known, self.glossary, self.lettering)

    def _tree(self, side: Side) -> Syntax:
        return self._wording.tree(side)

    def _shape_of(self, tree: Syntax) -> Shape:
        return self._wording.shape_of(tree)

    def _require_declared(self, sides: Iterable[Syntax], known: Assumptions, allowed: Iterable[str] = ()) -> None:
        if not (self.strict and self.known.declared):
            return
        places = {p.value for s in sides for n in walk(s) if n.operation == "subscript" for p in n.operands[1:]}
        for name in sorted({n for side in sides for n in undeclared(side, known)} - places - set(allowed)):
            raise DeclarationError(f"{name} is not declared")

    def _set_to_zero(self, sides: Sides, origin: Side | None) -> Syntax | None:
        """The derivative by a name that a side `= 0` is, or that its chain begins with."""
        zero = next((k for k in (1, 0) if is_zero(sides[k])), None)
        if zero is not None:
            first = [self._tree(origin)] if origin is not None and zero == 1 else []
            for tree in map(bare, (sides[1 - zero], *first)):
                tree = bare(tree.operands[0]) if tree.value == BY_SQUARE else tree
                by = bare(tree.operands[1]) if tree.operation == "derivative" and tree.value == 1 else tree
                if by is not tree and by.operation == "name" and by.value not in self.glossary:
                    return tree
        return None


def _misfit(side: Syntax, known: Assumptions) -> bool:
    """Whether a side is a formula of the language with a product or a sum of matrices in it that do not fit."""
    text = closed_text(side, known)
    try:
        if text is not None:
            Scope(known.let).read(text)
    except ShapeError as error:
        return str(error).startswith(("product", "sum")) and "scalar" not in str(error)
    return False


def _condition(verdict: Verdict | None) -> str:
    """Under which assumption a wrong statement is right, if there is one."""
    cause = verdict.diagnosis if verdict is not None else None
    return cause.message if cause is not None and cause.kind == "needs-assumption" else ""


def _unfit(message: str, edit: str | None = None) -> Verdict:
    """The verdict on what does not fit together."""
    return Verdict(WRONG, None, (), Diagnosis("not-conformable", message, edit), None, Evidence(False, 0, float("inf")))


def _require_fit(formula: Syntax, known: Assumptions, parameters: Collection[str]) -> None:
    """Raise where a formula cannot be read, or does not fit in itself."""
    text = closed_text(formula, known)
    if text is not None and not parameters:
        Scope(known.let).read(text)


def _things(formula: Syntax, glossary: Glossary, known: Assumptions) -> set[str]:
    """The names that a formula rests on: no indices, no sizes, none that stand for others."""
    return glossary.reached(names(formula)) - set("ijkl") - known.meaning().sizes - glossary.definitions.keys()


def _free_name(sides: Sides, known: Assumptions) -> str:
    """The name that stands alone on a side and occurs nowhere else: the equality cannot be a claim about it."""
    for side, other in (sides, sides[::-1]):
        name = bare(side).value if bare(side).operation == "name" else ""
        if name and is_free(name, known) and not mentions(expand(inserted(other, known.definitions), known.laws), name):
            return str(name)
    return ""


def _name(name: str) -> Syntax:
    return Syntax("name", (), name, 0, 0)


def _alone(name: str) -> str:
    r"""A pattern for a name, or a function of that name, that stands alone: `L`, `\mathcal{L}(w)`, `E_D`, `\hat w`."""
    found = re.fullmatch(r"(?P<letter>.+?)(?:_(?P<word>.+)|(?P<number>\d+))?", name)
    assert found is not None
    letter, index = rf"\\?{re.escape(found['letter'])}\}}*", found["word"] or found["number"]
    if index is None:
        written = letter
    elif f"_{index}" in ACCENTS.values():
        written = rf"\\\w*{index}\s*\{{?\s*{letter}"
    else:
        written = rf"{letter}_\{{?(?:\\\w+\{{)?{re.escape(index)}\}}*"
    return rf"{_WRAPPED}{written}\s*(?:\([^()\d]*\))?[\s&]*"  # L(0) = ... is a value, no meaning


def _is_point(name: str, variable: str) -> bool:
    """Whether a name is that of a value of a variable: w_hat, w_star, w0."""
    return re.fullmatch(rf"{re.escape(variable)}(_.+|\d+|\u0302)", name) is not None


def _as_found(verdict: Verdict, sides: Sides, written: tuple[Side, Side]) -> Finding:
    return verdict.verdict, verdict, "; ".join([*verdict.notes, *_as_read(sides, written)])


def _as_read(trees: Sides, sides: tuple[Side, Side]) -> list[str]:
    r"""Slips of the scanner that were read as what they must be."""
    bare_sum = any(
        node.operation == "name" and node.value == "Sigma" and side.text[node.start - side.start :].startswith(r"\sum")
        for tree, side in zip(trees, sides, strict=True)
        for node in walk(tree)
    )
    notes = [r"\sum without an index is read as Σ"] if bare_sum else []
    if any(node.operation == "filled" for tree in trees for node in walk(tree)):
        notes.append("a number beside a vector is read as added to every entry")
    called = {node.value for tree in trees for node in walk(tree) if node.operation == "call"}
    read = [(f, m) for f, m in OF_THE_MATRIX.items() if m in called and not any(m in side.text for side in sides)]
    return notes + [f"{f} of a square matrix is read as the function {m} of the matrix" for f, m in read]
