"""Equations and conditions: what a text supposes before it draws a conclusion, and for what it says something holds."""

from dataclasses import replace

from matcalc.claims.assumptions import Assumptions
from matcalc.diagnosis import Diagnosis
from matcalc.documents.judgement import judge
from matcalc.language.plain import bare, constant
from matcalc.language.syntax import Syntax, walk
from matcalc.verdict import RIGHT, UNDECIDED, WRONG, Verdict

Sides = tuple[Syntax, Syntax]
OF_THE_WHOLE = ("the whole is off by a factor", "the sign of the whole")


def structure_in(sides: Sides) -> str:
    """The assumption that an equality is: `A symmetric` for A = A', `Q orthogonal` for Q'Q = I; else nothing."""
    for one, other in (sides, sides[::-1]):
        one, other = bare(one), bare(other)
        for sign, structure in (("transpose", "symmetric"), ("negative", "skew")):
            if one.operation == "name" and other.operation == sign:
                turned = bare(other.operands[0]) if sign == "negative" else other
                if turned.operation == "transpose" and _names(turned.operands[0], one.value):
                    return f"{one.value} {structure}"
        if _names(other, "I") and one.operation in ("multiply", "juxtapose"):
            turned, plain = map(bare, one.operands)
            if (
                turned.operation == "transpose"
                and plain.operation == "name"
                and _names(turned.operands[0], plain.value)
            ):
                return f"{plain.value} orthogonal"
    return ""


def conclude(equation: Sides, sides: Sides, known: Assumptions) -> tuple[str, Verdict | None, str]:
    """What is found of an equality that is said to follow from an equation: its solution, or the same equation."""
    for one, other in (sides, sides[::-1]):
        name = bare(one).value if bare(one).operation == "name" else ""
        named = {n.value for side in equation for n in walk(side) if n.operation == "name"}
        if name in named and not any(_names(n, name) for n in walk(other)):
            return _solves(equation, name, other, known)
    if judge(*sides, known).is_right:
        return RIGHT, None, ""
    verdict = restates(difference(equation), difference(sides), known)
    if verdict is not None:
        return RIGHT, verdict, "the equation before it, up to a factor"
    return UNDECIDED, None, "said to follow from an equation, and neither that nor a solution of it"


def _solves(equation: Sides, name: str, value: Syntax, known: Assumptions) -> tuple[str, Verdict | None, str]:
    verdict = judge(*equation, known.define(name, (), value))
    if verdict.is_right:
        return RIGHT, verdict, "it solves the equation before it"
    if verdict.verdict != WRONG:
        return UNDECIDED, None, "whether it solves the equation before it could not be told"
    cause = Diagnosis("unknown", f"the equation before it does not hold for this {name}")
    return WRONG, replace(verdict, diagnosis=cause), ""


def restates(one: Syntax, other: Syntax, known: Assumptions) -> Verdict | None:
    """A verdict that two formulas are multiples of one another, if they are."""
    verdict = judge(one, other, known)
    multiple = verdict.diagnosis is not None and verdict.diagnosis.message.startswith(OF_THE_WHOLE)
    return replace(verdict, verdict=RIGHT, diagnosis=None) if verdict.is_right or multiple else None


def difference(sides: Sides) -> Syntax:
    """What vanishes where an equation holds."""
    left, right = sides
    if constant(right) == 0:
        return left
    return Syntax("subtract", sides, None, left.start, right.end)


def _names(tree: Syntax, name: str) -> bool:
    return bare(tree).operation == "name" and bare(tree).value == name
