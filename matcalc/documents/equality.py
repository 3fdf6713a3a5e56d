"""An equality in its context: the verdict, unless another meaning of a name in it gives another one."""

from contextlib import suppress
from dataclasses import replace

from matcalc.claims.assumptions import Assumptions
from matcalc.diagnosis import UNKNOWN, Diagnosis
from matcalc.documents.context import Context
from matcalc.documents.customs import BY_SQUARE
from matcalc.documents.glossary import Glossary, names, variables
from matcalc.documents.judgement import agree, is_zero, judge
from matcalc.documents.premises import Finding, Sides, difference, restates
from matcalc.documents.slips import slip
from matcalc.errors import MatcalcError, ShapeError
from matcalc.language.plain import OF_THE_MATRIX, bare
from matcalc.language.statements import Side
from matcalc.language.syntax import Syntax, walk
from matcalc.oracle.measurement import Evidence
from matcalc.shape import is_column
from matcalc.verdict import CONVENTION, RIGHT, UNDECIDED, WRONG, Verdict


def compared(sides: Sides, written: tuple[Side, Side], context: Context, known: Assumptions) -> Verdict:
    """The verdict on an equality, with the slip that explains it where nothing else does.

    Raises:
        MatcalcError: it cannot be read, or does not fit, and no slip explains that.
    """
    try:
        return valued(sides, context.known, context.glossary)
    except ShapeError as error:
        if (row := _as_row(sides, context)) is not None:
            return row
        cause = slip(*written, known, context.tree)
        if cause is None:
            raise
        return unfit(f"{error}; {cause.message}", cause.edit)


def _as_row(sides: Sides, context: Context) -> Verdict | None:
    """The verdict on a gradient by a vector that is given as a row, where it is one."""
    for side, other in (sides, sides[::-1]):
        derivative = bare(side)
        is_first = derivative.operation == "derivative" and derivative.value == 1
        if not is_first or any(n.operation == "derivative" for n in walk(derivative.operands[0])):
            continue
        with suppress(MatcalcError):
            turned = replace(derivative, operation="transpose", operands=(derivative,), value=None)
            found = valued((turned, other), context.known, context.glossary)
            if found.is_right and is_column(context.shape_of(derivative.operands[1])):
                cause = Diagnosis("convention", "the gradient is given as a row; transpose it")
                return replace(found, verdict=CONVENTION, diagnosis=cause)
    return None


def explained(verdict: Verdict, written: tuple[Side, Side], context: Context, known: Assumptions) -> Verdict:
    """The verdict with the slip in the text that explains it, where nothing else does."""
    if verdict.verdict != WRONG or verdict.diagnosis not in (None, UNKNOWN):
        return verdict
    return replace(verdict, diagnosis=slip(*written, known, context.tree) or UNKNOWN)


def valued(sides: Sides, assumed: Assumptions, glossary: Glossary) -> Verdict:
    """The verdict with what is differentiated by as a variable, or else where it has the value it was given."""
    by = variables(sides)
    given = {n for n in by & glossary.definitions.keys() if n in glossary.premises or not assumed.is_name(n)}
    at_values = glossary.at_values(sides, assumed)
    if len(given) < len(by) and given:
        return judge(*sides, at_values)
    first = judge(*sides, glossary.meant(sides, assumed))
    if given and first.verdict == WRONG:
        with suppress(MatcalcError):
            second = judge(*sides, at_values)
            return second if second.verdict != WRONG else first
    return first


def otherwise(sides: Sides, verdict: str, context: Context) -> str:
    """The verdict with another meaning of a name, where it is another."""
    glossary = context.glossary
    others = list(glossary.earlier(names(sides[0]) | names(sides[1])))
    premises = glossary.premises.keys() - (glossary.models if verdict == RIGHT else set())
    if premises:
        others.append(("what is said of declared names in passing", glossary.supposing(premises)))
    for meant, other in others:
        with suppress(MatcalcError):
            found = valued(sides, context.known, other).verdict
            if (found == WRONG) != (verdict == WRONG):
                return f"{found} with {meant}"
    return ""


def restated(equation: Syntax, sides: Sides, variable: str, context: Context) -> Finding:
    """An equation for a variable after a derivative by it was set to zero: right where that is a multiple of it."""
    try:
        known = context.glossary.meant((equation, *sides), context.known)
        verdict = restates(equation, difference(sides), known)
    except MatcalcError:
        return UNDECIDED, None, f"an equation for {variable}, not comparable with the derivative set to zero"
    if verdict is not None:
        return RIGHT, verdict, "up to a factor the derivative that was set to zero"
    return UNDECIDED, None, f"an equation for {variable}, and no multiple of the derivative that was set to zero"


def set_to_zero(sides: Sides, origin: Side | None, context: Context) -> Syntax | None:
    """The derivative by a name that a side `= 0` is, or that its chain begins with."""
    zero = next((k for k in (1, 0) if is_zero(sides[k])), None)
    if zero is None:
        return None
    first = [context.tree(origin)] if origin is not None and zero == 1 else []
    for tree in map(bare, (sides[1 - zero], *first)):
        tree = bare(tree.operands[0]) if tree.value == BY_SQUARE else tree
        by = bare(tree.operands[1]) if tree.operation == "derivative" and tree.value == 1 else tree
        if by is not tree and by.operation == "name" and by.value not in context.glossary:
            return tree
    return None


def is_other_shape(sides: Sides, known: Assumptions) -> bool:
    """Whether two sides are vectors or matrices of other shapes, in whichever layout Jacobians are."""
    for layout in ("numerator", "denominator"):
        try:
            agree(*sides, replace(known, layout=layout))
            return False
        except MatcalcError as error:
            if not str(error).startswith("the sides differ") or "1 x 1" in str(error):
                return False
    return True


def unfit(message: str, edit: str | None = None) -> Verdict:
    """The verdict on what does not fit together."""
    return Verdict(WRONG, None, (), Diagnosis("not-conformable", message, edit), None, Evidence(False, 0, float("inf")))


def as_found(verdict: Verdict, sides: Sides, written: tuple[Side, Side]) -> Finding:
    """What is found, with what is to be said of how the statement was read."""
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
