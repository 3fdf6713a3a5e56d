"""The verdict on one statement: by `check` where both sides have a closed form, by numbers where they have not."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.closed import closed_text, written_out
from matcalc.claims.entries import COMPARE, Point, joined_name, points
from matcalc.claims.meaning import Meaning, capital, inserted
from matcalc.claims.measured import free_indices, lengths, measured
from matcalc.claims.unsized import is_spread
from matcalc.diagnosis import UNKNOWN, Case, Diagnosis, diagnose
from matcalc.documents.misprints import misprint
from matcalc.documents.moved import bodies_of, with_given_moved
from matcalc.documents.totals import (
    check_total,
    differentials,
    differentials_in,
    differentiated,
    is_named,
    joined,
    names_differential,
    variables,
    without_operator,
)
from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.expression.latex import latex_name, to_latex
from matcalc.expression.scope import Scope
from matcalc.inequalities import check_inequality
from matcalc.language.plain import bare, to_language
from matcalc.language.statements import read
from matcalc.language.syntax import LOOPS, Syntax, is_latex, walk
from matcalc.oracle.measurement import TOLERANCE, Evidence, relative_error, structure_of
from matcalc.stationarity import check_stationary
from matcalc.structure import Reading
from matcalc.verdict import CONVENTION, RIGHT, UNDECIDED, WRONG, Verdict, check

_ZERO = Syntax("number", (), Fraction(0))
UNIT = 100.0  # the size of the terms that may cancel: two integrals that vanish are equal up to rounding


def judge(left: Syntax, right: Syntax, known: Assumptions) -> Verdict:
    """Whether two sides are equal under some assumptions.

    Raises:
        MatcalcError: a side cannot be read, or does not fit in itself.
    """
    left, right = _zero_last(left, right)
    try:
        verdict = _judge(left, right, known)
    except ShapeError:
        cause = misprint(left, right, partial(_on_either_side, known=known), partial(_may_hold, known=known))
        if cause is None:
            raise
        return Verdict(WRONG, None, (), cause, None, Evidence(False, 0, float("inf")))
    if _is_settled(verdict):
        return verdict
    cause = misprint(left, right, partial(_on_either_side, known=known), partial(_may_hold, known=known))
    return replace(verdict, diagnosis=cause) if cause is not None else _on_the_left(verdict, left, right, known)


def _is_settled(verdict: Verdict) -> bool:
    """Whether a verdict needs no other explanation."""
    return verdict.verdict != WRONG or (
        verdict.diagnosis is not None and verdict.diagnosis.kind not in ("unknown", "not-conformable")
    )


def _on_either_side(left: Syntax, right: Syntax, known: Assumptions) -> Verdict:
    verdict = _judge(left, right, known)
    return verdict if _is_settled(verdict) else _on_the_left(verdict, left, right, known)


def _may_hold(left: Syntax, right: Syntax, known: Assumptions) -> bool:
    """Whether no numbers refute an equality; what cannot be evaluated may hold."""
    try:
        found = _by_value(left, right, known)
    except MatcalcError:
        return True
    return found.ok or not found.decided


def agree(left: Syntax, right: Syntax, known: Assumptions) -> bool:
    """Whether two sides have the same values wherever they are tried.

    Raises:
        MatcalcError: a side has no value.
    """
    return _by_value(left, right, known).ok


def _by_value(left: Syntax, right: Syntax, known: Assumptions) -> Evidence:
    meaning = known.meaning()
    return compare(written_out(left, known, meaning), written_out(right, known, meaning), meaning)


def _on_the_left(verdict: Verdict, left: Syntax, right: Syntax, known: Assumptions) -> Verdict:
    """The verdict with the slip that is on the left side, as it may be after a wrong step; if one is found there."""
    try:
        turned = _judge(right, left, known)
    except MatcalcError:
        return verdict
    cause = turned.diagnosis
    if cause is None or not _is_settled(turned):
        return verdict
    return replace(verdict, diagnosis=replace(cause, message=f"on the left side: {cause.message}"))


def _judge(left: Syntax, right: Syntax, known: Assumptions) -> Verdict:
    if not known.is_name("d"):
        _refuse_second_differentials(left, right, known)
        if names_differential(left) or names_differential(right):
            left, right = joined(left), joined(right)
    by_form = _total_differential(left, right, known) or _derivative_claim(left, right, known)
    if by_form is not None:
        return by_form()
    if not known.is_name("d"):
        (left, right), known = with_given_moved((left, right), known)
    known = _with_tangents((left, right), known)
    by_form = _equality(left, right, known)
    return by_form() if by_form is not None else by_numbers(left, right, known)


def _with_tangents(sides: tuple[Syntax, Syntax], known: Assumptions) -> Assumptions:
    """The assumptions with dQ tangent where Q is orthogonal: Q times a skew matrix."""
    found = {n.value for side in sides for n in walk(side) if n.operation == "name"}
    for name, kind in known.declared.items():
        if kind.split()[-1] == "orthogonal" and f"d{name}" in found and not known.is_name(f"d{name}"):
            skew = f"K_{name}"
            moved = Syntax("multiply", tuple(Syntax("name", (), n, 0, 0) for n in (name, skew)), None, 0, 0)
            known = known.declare([skew], kind.replace("orthogonal", "skew")).define(f"d{name}", (), moved)
    return known


def _refuse_second_differentials(left: Syntax, right: Syntax, known: Assumptions) -> None:
    nodes = [*walk(left), *walk(right)]
    second = next((n for n in nodes if n.operation == "power" and is_named(n.operands[0])), None)
    if second is not None and any(differentials_in(side, known.is_name) for side in (left, right)):
        raise ParseError(f"a second differential is not read (character {second.start + 1})", second.start)


def _zero_last(left: Syntax, right: Syntax) -> tuple[Syntax, Syntax]:
    return (right, left) if is_zero(left) else (left, right)


def is_zero(tree: Syntax) -> bool:
    """Whether a side is the number 0."""
    return bare(tree).operation == "number" and bare(tree).value == 0


def judge_order(relation: str, left: Syntax, right: Syntax, known: Assumptions) -> Verdict:
    """Whether an inequality is refuted."""
    a, b = (closed_text(t, known) for t in (left, right))
    if a is None or b is None:
        raise MatcalcError("an inequality with indices, integrals or expectations is not searched")
    return check_inequality(a, f"{relation} {b}", known.let)


def judge_stationary(derivative: Syntax, point: Syntax, known: Assumptions) -> Verdict:
    """Whether a derivative vanishes where its variable has the value of a formula."""
    of, by = derivative.operands[0], bare(derivative.operands[1]).value
    f, at = closed_text(of, known, by), closed_text(point, known)
    if f is None or at is None:
        return by_numbers(Syntax("evaluated", (derivative, derivative.operands[1], point)), _ZERO, known)
    return check_stationary(f, by, at, known.let)


def undeclared(tree: Syntax, known: Assumptions) -> set[str]:
    """The names of a formula that nothing says anything of."""
    sizes = known.meaning().sizes
    bound = {v for law in known.laws.values() for v in (law.name,)} | {"pi", "I"}
    found = {n.value for n in _named(tree)} | {n for s in _indexed(tree) if (n := _unknown(s, known, bound | sizes))}
    named = {*known.declared, *known.definitions, *known.unspecified}
    return found - bound - sizes - named - set(differentials(named))


def _indexed(tree: Syntax) -> list[Syntax]:
    """The names with indices in a formula."""
    return [n for n in walk(tree) if n.operation == "subscript" and n.operands[0].operation == "name"]


def _unknown(entry: Syntax, known: Assumptions, others: Collection[str]) -> str:
    """The name of something with an index, where neither that nor the letter alone is known."""
    base = entry.operands[0].value
    owners = (joined_name(entry), base, capital(base))
    is_known = base == "delta" or any(known.is_name(o) or o in others or o in known.unspecified for o in owners)
    return "" if is_known else joined_name(entry)


def _named(tree: Syntax) -> Iterator[Syntax]:
    """The names of a formula, without indices, what is integrated over, and letters for the entries of a matrix."""
    if tree.operation == "name":
        yield tree
    operands = tree.operands
    if tree.operation == "subscript":
        operands = ()
    elif tree.operation == "integral":
        dummy = tree.operands[1].value
        yield from (n for n in _named(tree.operands[0]) if n.value != dummy)
        return
    elif tree.operation in LOOPS:
        operands = tree.operands[:1]
    for operand in operands:
        yield from _named(operand)


def to_typeset(text: str) -> str | None:
    """A side as LaTeX, as it is or from the plain language; None where it is neither."""
    if is_latex(text):
        return text
    try:
        tree = read(text)
        of, *by = tree.operands if tree.operation == "derivative" else (tree,)
        (e,) = Scope().read(to_language(of))
        operator = rf"\frac{{\partial}}{{\partial {latex_name(by[0].value)}}} " if by else ""
        return operator + to_latex(e)
    except MatcalcError:
        return None


def is_free(name: str, known: Assumptions) -> bool:
    """Whether nothing is known of a name, so that an equality with it alone on a side is no claim about it."""
    defined = known.definitions.get(name)
    is_constant = name in ("pi", "I") or name in known.meaning().sizes
    return not is_constant and (defined is None or bool(defined.parameters))


# --- in closed form ---------------------------------------------------------------------------------------------------


def _total_differential(left: Syntax, right: Syntax, known: Assumptions) -> Callable[[], Verdict] | None:
    """The differential of a formula on one side, one in dX on the other."""
    if known.is_name("d"):
        return None
    bodies = bodies_of(known)
    for side, claim in ((left, right), (right, left)):
        of = differentiated(side, bodies, known.is_name)
        if of is None:
            continue
        claim, whole = without_operator(claim), inserted(of, known.definitions)
        text = closed_text(of, known)
        by = variables(claim, whole)
        if is_zero(claim) and bare(of).operation != "name":  # whatever moves
            by = sorted(whole.names & known.declared.keys())
        is_whole = differentials_in(claim, known.is_name) <= {*by}  # not in the dS of what S stands for
        if by and is_whole and text is not None and closed_text(claim, known) is not None:
            total = partial(check_total, text, claim, by, known.let, lambda tree: closed_text(tree, known))
            resting = whole.names & (known.declared.keys() | undeclared(whole, known)) - {*by}
            return lambda: _with_resting(total(), sorted(resting))
    return None


def _with_resting(verdict: Verdict, names: Sequence[str]) -> Verdict:
    """A verdict that says what stood still, for where that moves as well a term is missing."""
    if not (verdict.is_right and names):
        return verdict
    return replace(verdict, notes=(*verdict.notes, f"while {' and '.join(names)} stand{'s' * (len(names) == 1)} still"))


def _derivative_claim(left: Syntax, right: Syntax, known: Assumptions) -> Callable[[], Verdict] | None:
    """A derivative on one side, a closed form on the other."""
    left, right = map(bare, (left, right))
    if right.operation == "derivative":
        left, right = right, left
    if left.operation != "derivative" or bare(left.operands[1]).operation != "name":
        return None
    by = bare(left.operands[1]).value
    of, claim = (closed_text(t, known, by) for t in (left.operands[0], right))
    if of is None or claim is None or by in known.definitions:
        return None
    claim = f"0*{by}" if is_zero(right) else claim
    return lambda: check(of, claim, by, known.let, known.reading, left.value, known.layout)


def _equality(left: Syntax, right: Syntax, known: Assumptions) -> Callable[[], Verdict] | None:
    a, b = (closed_text(t, known) for t in (left, right))
    if a is None or b is None:
        return None
    return lambda: check(a, f"0*({a})" if is_zero(right) else b, None, known.let)


# --- by numbers -------------------------------------------------------------------------------------------------------


def by_numbers(left: Syntax, right: Syntax, known: Assumptions) -> Verdict:
    """Whether two sides have the same value at several points and for every value of their free indices."""
    meaning = _with_sizes(known)
    left, right = (written_out(t, known, meaning) for t in (left, right))
    asked = Reading(known.reading) if known.reading is not None else None
    found = {r: compare(left, right, replace(meaning, reading=r)) for r in _readings(left, right, meaning, asked)}
    right_under = tuple(str(r) for r, e in found.items() if e.ok) if len(found) > 1 else ()
    shown = found[asked if asked in found else Reading.ENTRYWISE]
    if shown.ok and (asked is not None or all(e.ok for e in found.values())):
        return Verdict(RIGHT, asked, right_under, None, None, shown)
    if right_under:
        under = f"right in the {' and '.join(right_under)} reading only"
        return Verdict(CONVENTION, asked, right_under, Diagnosis("convention", under), None, shown)
    if not shown.decided:
        return Verdict(UNDECIDED, asked, (), None, None, shown)
    cause = _factor(left, right, meaning) or _edit(left, right, known) or UNKNOWN
    return Verdict(WRONG, asked, (), cause, None, shown)


def _with_sizes(known: Assumptions) -> Meaning:
    """What names mean, with the sizes of I and 1 in what they stand for."""
    meaning, written = known.meaning(), {}
    for name, definition in known.definitions.items():
        written[name] = definition
        with suppress(MatcalcError):  # it may be of no use here
            written[name] = replace(definition, body=written_out(definition.body, known, meaning))
    return replace(meaning, definitions=written)


def _readings(left: Syntax, right: Syntax, meaning: Meaning, asked: Reading | None) -> Sequence[Reading]:
    """Those that are tried: all of them where a gradient by a structured matrix is among what is compared.

    A derivative by an entry is one of the entries' own, or of entries taken as independent.
    """
    by = [bare(n.operands[1]) for t in (left, right) for n in walk(t) if n.operation == "derivative"]
    structured = [t for t in by if any(_is_structured(n, meaning) for n in walk(inserted(t, meaning.definitions)))]
    if not structured:
        return [asked or Reading.ENTRYWISE]
    by_entry = all(tree.operation == "subscript" for tree in structured)
    return (Reading.AMBIENT, Reading.ENTRYWISE) if by_entry else (Reading.AMBIENT, Reading.TANGENT, Reading.ENTRYWISE)


def _is_structured(node: Syntax, meaning: Meaning) -> bool:
    symbol = meaning.symbols.get(node.value) if node.operation == "name" else None
    return symbol is not None and not structure_of(symbol).is_unconstrained


def compare(left: Syntax, right: Syntax, meaning: Meaning) -> Evidence:
    """The largest relative difference of two formulas."""
    worst, instances = 0.0, 0
    for errors in _errors(left, right, meaning):
        worst, instances = max([worst, *errors]), instances + len(errors)
        if worst > TOLERANCE[1]:
            break
    decided = instances > 1 or worst > TOLERANCE[1]
    return Evidence(decided and worst <= TOLERANCE[1], instances, worst if decided else float("inf"),
                    ("evaluation",), None, decided)  # fmt: skip


def _errors(left: Syntax, right: Syntax, meaning: Meaning) -> Iterator[list[float]]:
    """At each point, the errors for all values of the free indices; points where a side has no value are left out."""
    settled = False
    for at, flavour in points(meaning, (left, right)):
        if flavour == 0:
            settled = False
        if settled:
            continue
        with np.errstate(all="ignore"):
            errors = [_error(*_values(here, left, right), is_zero(right)) for here in instances_of(at, (left, right))]
        if np.isfinite(errors).all():
            settled = True
            yield errors


def _values(here: Point, left: Syntax, right: Syntax) -> tuple[np.ndarray, np.ndarray]:
    """The values of both sides; one that is c 1 is as long as the other."""
    if is_spread(right):
        a = here(left)
        return a, here.spread(right, a.shape)
    b = here(right)
    return here.spread(left, b.shape), b


def _error(a: np.ndarray, b: np.ndarray, is_zero: bool) -> float:
    if is_zero:
        b = np.zeros(a.shape)
        return float(np.abs(a).max())
    if a.shape != b.shape:
        raise ShapeError(f"the sides differ in shape: {a.shape[0]} x {a.shape[1]} and {b.shape[0]} x {b.shape[1]}")
    return float(relative_error(b[None], a[None], UNIT)[0])


def instances_of(at: Point, trees: Sequence[Syntax]) -> Iterator[Point]:
    """The point with every choice of values for the free indices that the conditions allow."""
    names = sorted({n for tree in trees for n in free_indices(tree, lengths(at.sizes))})
    here = [at]
    for name in names:
        ranges = at.range(name, trees)
        here = [p.at(**{name: k}) for p in here for k in range(ranges)]
    for point in here:
        held = point.meaning.conditions
        if all(COMPARE[sign](point.indices[a], point.indices[b]) for a, sign, b in held if {a, b} <= set(names)):
            yield point


def _factor(left: Syntax, right: Syntax, meaning: Meaning) -> Diagnosis | None:
    """The whole is off by one number."""
    factors = []
    for at, flavour in points(meaning, (left, right)):
        if flavour == 0:
            with np.errstate(all="ignore"):
                factors += [_ratio(here(left), here(right)) for here in instances_of(at, (left, right))]
    known = [f for f in factors if f is not None]
    if not known or not np.allclose(known, known[0], rtol=1e-7) or known[0] == 0:
        return None
    if np.isclose(known[0], -1):
        return Diagnosis("sign", "the sign of the whole is wrong")
    return Diagnosis("scale", f"the whole is off by a factor: it must be multiplied by {_written(known[0])}")


def _edit(left: Syntax, right: Syntax, known: Assumptions) -> Diagnosis | None:
    """The edit of a right side in closed form that gives what the left side is measured to be."""
    text, meaning = closed_text(right, known), known.meaning()
    if text is None or is_zero(right) or any(free_indices(left, lengths(meaning.sizes))):
        return None
    scope = Scope(known.let)
    try:
        (claim,) = scope.read(text)
        truth = measured(left, meaning, claim.shape)
        return diagnose(Case(scope, truth, claim, None, "equality", 1, "numerator", None, (), None))
    except MatcalcError:
        return None


def _ratio(a: np.ndarray, b: np.ndarray) -> float | None:
    """a / b where that is one number; None where both vanish."""
    if a.shape != b.shape or not (np.abs(b).max() > 0 or np.abs(a).max() > 0):
        return None
    c = float(np.sum(a * b) / np.sum(b * b)) if np.abs(b).max() > 0 else float("nan")
    return c if np.allclose(a, c * b, rtol=1e-7) else float("nan")


def _written(c: float) -> str:
    """A number as a fraction, or the root of one, where it is."""
    for text, value in (("{}", c), ("sqrt({})", c * abs(c))):
        fraction = Fraction(value).limit_denominator(64)
        if abs(float(fraction) - value) < 1e-7 * abs(value):
            return text.format(fraction)
    return f"{c:.6g}"
