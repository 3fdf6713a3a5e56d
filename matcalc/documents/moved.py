"""Differentials of what has a name: after S = Q K', dS is dQ K' + Q dK' beside dQ or dK, and else free as dS is."""

from collections.abc import Collection, Mapping

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.closed import closed_text
from matcalc.differentiation.differential import differential
from matcalc.documents.totals import differentials_in, differentiated
from matcalc.errors import ParseError
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.facts import is_spd
from matcalc.expression.scope import Scope, differential_structure
from matcalc.expression.simplification import is_symmetric
from matcalc.expression.text import to_text
from matcalc.language.syntax import Syntax, parse, walk, with_transposes

Sides = tuple[Syntax, Syntax]


def bodies_of(known: Assumptions) -> dict[str, Syntax]:
    """What the names stand for that need no argument, as f of f(w) = w'A w does not, where w is declared."""
    return {n: d.body for n, d in known.definitions.items() if all(map(known.is_name, d.parameters))}


def with_given_moved(sides: Sides, known: Assumptions) -> tuple[Sides, Assumptions]:
    """Two sides, and the assumptions, in which no differential of a name that stands for a formula is left unsaid.

    Such a dS is made of the other differentials that are there. Where none of them moves S, it is a matrix of its own,
    and S stands still beside it.

    Raises:
        MatcalcError: the formula of such a name has no differential in closed form.
    """
    bodies = bodies_of(known)
    moved = set[str]().union(*(differentials_in(side, known.is_name) for side in sides))
    given = moved & bodies.keys()
    if not given:
        return sides, known
    free = {n for n in given if not (_reached(n, bodies) & moved)}
    along, there = (moved - given) | free, known
    for name in sorted(free):
        e = _read(bodies[name], known)
        there = there.declare([name], _kind(e, "spd" if is_spd(e) else "symmetric"))
        known = known.declare([f"d{name}"], _kind(e, "symmetric"))
    sides = _without_operator(sides, bodies, along, there)
    for name in sorted(given - free):
        known = known.define(f"d{name}", (), _differential(bodies[name], along, there))
    return sides, known


def _without_operator(sides: Sides, bodies: Mapping[str, Syntax], along: Collection[str], there: Assumptions) -> Sides:
    """Two sides with the differential of F for `d F`, if one is that and no more than `dF` of a given F."""
    left, right = (
        _differential(of, along, there)
        if not _is_one(side, bodies) and (of := differentiated(side, bodies, there.is_name)) is not None
        else side
        for side in sides
    )
    return left, right


def _is_one(side: Syntax, bodies: Mapping[str, Syntax]) -> bool:
    return side.operation == "name" and side.value[1:] in bodies


def _differential(body: Syntax, along: Collection[str], there: Assumptions) -> Syntax:
    """The differential of a formula, where some names move and everything else stands still."""
    scope = Scope(there.let)
    e = _read(body, there, scope)
    moving = [scope.symbols[n] for n in sorted(along) if n in scope.symbols]
    directions = {s.name: Symbol(f"d{s.name}", s.shape, differential_structure(s)) for s in moving}
    tree = with_transposes(parse(to_text(differential(e, directions), scope.size_names)))
    return Syntax("group", (tree,), None, body.start, body.end)


def _read(body: Syntax, known: Assumptions, scope: Scope | None = None) -> Expr:
    text = closed_text(body, known)
    if text is None:
        raise ParseError("the differential of what has no closed form is not read", body.start)
    (e,) = (scope or Scope(known.let)).read(text)
    return e


def _kind(e: Expr, structure: str) -> str:
    rows, columns = e.shape
    is_structured = not e.is_scalar and rows == columns and is_symmetric(e)
    return f"{rows} x {columns} {structure if is_structured else ''}".strip()


def _reached(name: str, bodies: Mapping[str, Syntax]) -> set[str]:
    """The names that a name rests on."""
    reached, waiting = set[str](), {name}
    while waiting:
        reached |= waiting
        used = {n.value for w in waiting & bodies.keys() for n in walk(bodies[w]) if n.operation in ("name", "apply")}
        waiting = used - reached
    return reached - {name}
