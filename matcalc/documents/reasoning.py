"""What a statement is in the reasoning of a text, and what is found of it.

It is a claim, a definition, a condition, what something is said to follow from, or what is said to follow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.integrals import mentions
from matcalc.claims.meaning import Definition, expand, inserted
from matcalc.diagnosis import UNKNOWN
from matcalc.documents.context import Context, is_misfit, name, require_fit
from matcalc.documents.equality import as_found, compared, explained, otherwise, restated, set_to_zero, valued
from matcalc.documents.families import EACH
from matcalc.documents.glossary import NOISE, Entry, Glossary, Heading, is_point, names, names_entries
from matcalc.documents.judgement import is_free, judge, judge_order, judge_stationary, undeclared
from matcalc.documents.premises import Finding, Sides, conclude, is_just, structure_in
from matcalc.documents.steps import ASIDE, DEFINITION, UNREAD
from matcalc.documents.totals import differentials_in, is_moved
from matcalc.documents.wording import PRIME, is_primed
from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.language.plain import bare
from matcalc.language.statements import Chain, Side
from matcalc.language.syntax import Syntax, walk
from matcalc.verdict import RIGHT, UNDECIDED, WRONG

Decide = Callable[[Side, Side, Side | None, int], Finding]
_INEQUALITIES = (">=", "<=", ">", "<")


@dataclass
class Reasoning:
    """The context of the next statement, and what was supposed just before it."""

    context: Context = field(default_factory=Context)
    set_to_zero: Syntax | None = None  # the derivative of the statement before
    equation: Sides | None = None  # from which the next statement of the formula is said to follow
    supposed: str = ""  # a condition of the formula that is no assumption on a matrix
    placed: list[tuple[str, Syntax]] = field(default_factory=list)  # variables that have a value in the formula

    def end_formula(self, leads_on: bool, before: Assumptions) -> None:
        """Forget what holds in one formula only; an equation holds in the next one where that follows from it."""
        known = self.context.known
        self.context.known = replace(known, declared=before.declared, conditions=before.conditions)
        self.supposed, self.placed, self.equation = "", [], self.equation if leads_on else None

    def role(self, chain: Chain, n: int, is_premise: bool) -> Decide:
        """How the equality before the n-th side of a chain is taken."""
        if chain.is_condition:
            return self._suppose
        if chain.is_place:
            return self._place
        if chain.follows and n == 0 and self.equation is not None:
            return self._conclude
        if chain.follows and n == 0 and self.set_to_zero is not None:
            return self._solve
        return self._presume if is_premise else self._decide

    def _trees(self, left: Side, right: Side) -> Sides:
        return self.context.tree(left), self.context.tree(right)

    def _there(self, sides: Sides) -> Sides:
        """Two sides where the variables have the values that the formula gives them."""
        for variable, value in self.placed:
            at = name(variable), value
            left, right = (Syntax("evaluated", (s, *at)) if variable in names(s) else s for s in sides)
            sides = left, right
        return sides

    # --- what is supposed, and what follows ---

    def _suppose(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """A condition of the other statements of the formula."""
        sides = self._trees(left, right)
        structure = structure_in(sides) if right.relation == "=" else ""
        if structure:
            self.context.known = self.context.known.assume(structure)
        else:
            self.supposed = f"{left.text} {right.relation} {right.text}"
        return ASIDE, None, "a condition"

    def _place(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """Where the other statements of the formula hold: `for x = A^{-1} b`; another statement is one by itself."""
        sides = self._trees(left, right)
        if right.relation == "=" and structure_in(sides):
            return self._suppose(left, right, origin, line)
        found = self._value(sides) if right.relation == "=" else None
        if found is None:
            return self._decide(left, right, origin, line)
        self.placed.append(found)
        return ASIDE, None, "where it is said to hold"

    def _value(self, sides: Sides) -> tuple[str, Syntax] | None:
        """The declared variable that stands alone on a side, and its value."""
        context = self.context
        for one, other in (sides, sides[::-1]):
            variable = bare(one).value if bare(one).operation == "name" else ""
            is_free_name = variable in context.known.declared and not context.known.definitions.get(variable)
            if is_free_name and variable not in context.glossary.reached(names(other)) and context.fit(one, other):
                return variable, other
        return None

    def _presume(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """What something is said to follow from: a statement, or else a condition or an equation."""
        found = self._decide(left, right, origin, line)
        if found[0] != WRONG or right.relation != "=":
            return found
        sides = self._trees(left, right)
        if structure := structure_in(sides):
            self.context.known = self.context.known.assume(structure)
            return ASIDE, None, "a condition"
        self.equation = sides
        return ASIDE, None, "an equation: what follows is held against it"

    def _conclude(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """What is said to follow from an equation."""
        assert self.equation is not None
        context, equation, sides = self.context, self.equation, self._trees(left, right)
        named = bare(sides[0]).value if bare(sides[0]).operation == "name" else ""
        solved = [n for side in equation for n in names(side) if is_point(named, n)]
        if solved and not context.is_name(named):  # \hat w, of an equation for w
            context.glossary = context.glossary.with_entry(named, Entry(line, Definition((), sides[1])))
            sides = name(solved[0]), sides[1]
        known = context.glossary.meant((*equation, *sides), context.known)
        context.require_declared(sides, known)
        self.equation = sides
        return conclude(equation, sides, known)

    def _solve(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """What is said to follow from a derivative set to zero: a solution, or the equation in another form."""
        assert self.set_to_zero is not None
        equation, sides = self.set_to_zero, self._trees(left, right)
        variable = bare(equation.operands[1]).value
        alone = [bare(side).value for side in sides if bare(side).operation == "name"]
        is_solution = any(n == variable or is_point(n, variable) for n in alone)
        if not is_solution and variable in names(sides[0]) | names(sides[1]):
            return restated(equation, sides, variable, self.context)
        return self._decide(left, right, origin, line)

    # --- claims and definitions ---

    def _decide(self, left: Side, right: Side, origin: Side | None, line: int) -> Finding:
        """The status of a statement, in a chain that begins with `origin`."""
        if not left.text:
            return (UNREAD, None, "nothing before it to continue") if right.relation == "=" else (ASIDE, None, "")
        context, equation, self.set_to_zero = self.context, self.set_to_zero, None
        if right.relation in (":=", "=:"):
            if context.define(*((left, right) if right.relation == ":=" else (right, left))):
                return DEFINITION, None, ""
        elif right.relation not in ("=", *_INEQUALITIES):
            if right.relation == "<-":
                context.forget(left.text, line)
            return ASIDE, None, f"{right.relation} is not an equality"
        if right.relation == "=" and (named := context.new_meaning(left, right)) is not None:
            return self._named(*named, f"{left.text} {right.text}", equation, line)
        sides = self._there(self._trees(left, right))
        if is_primed(sides[0]) and not is_just(sides[1], bare(sides[0].operands[0]).value):  # M' = M + x x^T
            raise ParseError(PRIME, sides[0].start)
        known = context.glossary.meant(sides, context.known)
        context.require_declared(sides, known)
        if any(map(names_entries, sides)):
            return ASIDE, None, "this names the entries of a matrix"
        if right.relation == "=" and (free := _free_name(sides, known)):
            return self._free(free, sides, known, equation, line)
        if right.relation == "=" and (said := context.entries_said(sides)) is not None:
            self._take_up(*said, line)
            return (
                ASIDE,
                None,
                f"{said[0].partition(EACH)[0]} is free: this defines its entries or assumes something of them",
            )
        if right.relation in _INEQUALITIES:
            return as_found(judge_order(right.relation, *sides, known), sides, (left, right))
        return self._judged(sides, (left, right), known, equation, origin if not self.placed else None)

    def _named(self, found: Heading, formula: Syntax, heading: str, equation: Syntax | None, line: int) -> Finding:
        """A name that is given to a formula; what it was given to before must be equal."""
        context = self.context
        before, others = context.glossary.entries.get(found.name), context.glossary.without([found.name])
        try:
            known = others.meant([formula], context.known)
            context.require_declared((formula,), known, set(found.parameters))
            require_fit(formula, known, found.parameters)
        except MatcalcError:
            if before is None or not is_misfit(formula, others.at_values([formula], context.known)):
                context.glossary = context.glossary.renewed(found.name, Entry(line, None, before))
            raise
        context.lettering = context.lettering.with_meaning(found.letter or found.name, heading)
        entry = Entry(line, Definition(found.parameters, formula))
        if equation is not None and is_point(found.name, variable := bare(equation.operands[1]).value):
            context.glossary, self.set_to_zero = context.glossary.renewed(found.name, entry), equation
            try:
                verdict = judge_stationary(equation, formula, others.meant((equation,), known))
            except MatcalcError as error:
                return UNDECIDED, None, str(error)
            return verdict.verdict, verdict, f"checked as the point {variable} at which the derivative vanishes"
        return self._said_again(found.name, entry, before, others)

    def _said_again(self, named: str, entry: Entry, before: Entry | None, others: Glossary) -> Finding:
        """A name with a meaning, which must be one of its former meanings if it has any."""
        assert entry.definition is not None
        context, is_doubtful = self.context, False
        meanings = list(before.meanings()) if before is not None else []
        things = partial(_things, glossary=others, known=context.known)
        for earlier, was in meanings:
            if earlier.line == entry.line:  # it was foreseen
                return DEFINITION, None, ""
            try:
                sides = was.body, entry.definition.body
                found = judge(*sides, others.meant(sides, context.known))
            except ShapeError:  # it has another shape, or arguments of other shapes
                continue
            except MatcalcError:  # whether it is the same cannot be told
                is_doubtful = True
                continue
            if found.is_right:
                context.glossary = context.glossary.with_entry(named, earlier)
                return RIGHT, found, ""
            one, other = things(was.body), things(entry.definition.body)
            same = 2 * len(one & other) > len(one | other)
            is_doubtful |= same or found.diagnosis not in (None, UNKNOWN)
        if not is_doubtful:  # nothing that one might have written for the other
            context.glossary = context.glossary.renewed(named, entry)
            return DEFINITION, None, f"another meaning than in line {meanings[0][0].line}" if meanings else ""
        context.glossary = context.glossary.renewed(named, replace(entry, before=before))
        line = meanings[0][0].line
        return UNDECIDED, None, f"not what {named} was said to be in line {line}: a slip, or it changed"

    def _free(self, free: str, sides: Sides, known: Assumptions, equation: Syntax | None, line: int) -> Finding:
        """A declared name alone on a side: the solution of an equation, a claim on what is computed, or a premise."""
        context, other = self.context, sides[1] if is_just(sides[0], free) else sides[0]
        if equation is not None and bare(equation.operands[1]).value == free:
            self.set_to_zero = equation
            verdict = judge_stationary(equation, other, context.glossary.meant((equation,), known))
            return verdict.verdict, verdict, "checked as the point at which the derivative vanishes"
        is_computed = other is sides[0] and bare(other).operation in ("derivative", "expectation", "covariance")
        is_claim = is_computed and not names(other) & known.unspecified.keys()
        if is_claim or not context.fit(*sides):
            verdict = valued(sides, context.known, context.glossary)
            unfit = verdict.diagnosis is not None and verdict.diagnosis.kind == "not-conformable"
            if is_claim and (meant := otherwise(sides, verdict.verdict, context)):
                return UNDECIDED, None, f"{meant}, and {verdict.verdict} as it stands"
            if is_claim or unfit:
                return verdict.verdict, verdict, ""
        random = {law.name for law in known.laws.values()}
        is_said = (other is sides[1] or free in NOISE) and not names(other) & random  # y - X w = epsilon
        if is_said and not any(undeclared(side, known) for side in sides):
            self._take_up(free, other, line)
        return ASIDE, None, f"{free} is free: this defines it or assumes something of it"

    def _take_up(self, free: str, formula: Syntax, line: int) -> None:
        """A premise: what a declared name is said to be."""
        self.context.glossary = self.context.glossary.with_premise(free, Entry(line, Definition((), formula)))

    def _judged(
        self,
        sides: Sides,
        written: tuple[Side, Side],
        known: Assumptions,
        equation: Syntax | None,
        origin: Side | None,
    ) -> Finding:
        """The verdict on an equality, or what it is beside a derivative that is set to zero."""
        context = self.context
        verdict = compared(sides, written, context, known)
        others = context.with_other_norms(*written) if verdict.verdict == WRONG else None
        if others is not None and valued(others, context.known, context.glossary).is_right:
            context.norms_by_inverse = not context.norms_by_inverse
            return UNDECIDED, None, "right with the other meaning of a norm with a weight, which it has from here"
        nodes = [node for side in sides for node in walk(side)]
        if equation is not None and verdict.verdict == WRONG and not any(n.operation == "derivative" for n in nodes):
            variable = bare(equation.operands[1]).value
            if any(is_just(n, variable) for n in nodes):
                self.set_to_zero = equation
                return restated(equation, sides, variable, context)
        verdict = explained(verdict, written, context, known)
        if not verdict.is_right and (found := set_to_zero(sides, origin, context)):
            self.set_to_zero = found
            return ASIDE, None, f"the derivative is set to zero: an equation for {bare(found.operands[1]).value}"
        if verdict.verdict in (RIGHT, WRONG) and (other := otherwise(sides, verdict.verdict, context)):
            return UNDECIDED, None, f"{other}, and {verdict.verdict} as it stands"
        return as_found(verdict, sides, written)


def _things(formula: Syntax, glossary: Glossary, known: Assumptions) -> set[str]:
    """The names that a formula rests on: no indices, no sizes, none that stand for others."""
    return glossary.reached(names(formula)) - set("ijkl") - known.meaning().sizes - glossary.definitions.keys()


def _free_name(sides: Sides, known: Assumptions) -> str:
    """The name that stands alone on a side and occurs nowhere else: the equality cannot be a claim about it."""
    for side, other in (sides, sides[::-1]):
        alone = bare(side).value if bare(side).operation == "name" else ""
        body = expand(inserted(other, known.definitions), known.laws)
        if is_moved(alone, known.is_name) and differentials_in(other, known.is_name):
            continue  # dF of what F stands for, in the dV of its variables
        if alone and is_free(alone, known) and not mentions(body, alone):
            return str(alone)
    return ""
