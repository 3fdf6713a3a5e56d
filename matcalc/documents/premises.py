"""Equations and conditions: what a text supposes before it draws a conclusion, and for what it says something holds."""

from dataclasses import replace

from matcalc.claims.assumptions import Assumptions
from matcalc.diagnosis import Diagnosis
from matcalc.documents.judgement import judge
from matcalc.language.plain import PRODUCTS, bare, constant
from matcalc.language.syntax import Syntax, walk
from matcalc.verdict import RIGHT, UNDECIDED, WRONG, Verdict

Sides = tuple[Syntax, Syntax]
Finding = tuple[str, Verdict | None, str]  # the status of a statement, the verdict, and what else is to be said of it
OF_THE_WHOLE = ("the whole is off by a factor", "the sign of the whole")


def structure_in(sides: Sides) -> str:
    """The assumption that an equality is: `A symmetric` for A = A', `Q orthogonal` for Q'Q = I; else nothing."""
    for one, other in (sides, sides[::-1]):
        one, other = bare(one), bare(other)
        name = one.value if one.operation == "name" else ""
        if name and _transposed(other) == name:
            return f"{name} symmetric"
        if name and other.operation == "negative" and _transposed(other.operands[0]) == name:
            return f"{name} skew"
        if is_just(other, "I") and one.operation in PRODUCTS:
            name = _transposed(one.operands[0])
            if name and is_just(one.operands[1], name):
                return f"{name} orthogonal"
    return ""


def _transposed(tree: Syntax) -> str:
    """The name whose transpose a formula is."""
    tree = bare(tree)
    inner = bare(tree.operands[0]) if tree.operation == "transpose" else tree
    return str(inner.value) if inner is not tree and inner.operation == "name" else ""


def conclude(equation: Sides, sides: Sides, known: Assumptions) -> Finding:
    """What is found of an equality that is said to follow from an equation: its solution, or the same equation."""
    for one, other in (sides, sides[::-1]):
        name = bare(one).value if bare(one).operation == "name" else ""
        named = {n.value for side in equation for n in walk(side) if n.operation == "name"}
        if name in named and not any(is_just(n, name) for n in walk(other)):
            return _solves(equation, name, other, known)
    if (verdict := judge(*sides, known)).is_right:
        return RIGHT, verdict, ""
    if (restated := restates(difference(equation), difference(sides), known)) is not None:
        return RIGHT, restated, "the equation before it, up to a factor"
    return UNDECIDED, None, "said to follow from an equation, and neither that nor a solution of it"


def _solves(equation: Sides, name: str, value: Syntax, known: Assumptions) -> Finding:
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


def is_just(tree: Syntax, name: str) -> bool:
    """Whether a formula is nothing but a name."""
    return bare(tree).operation == "name" and bare(tree).value == name
