"""Slips of the pen and of the scanner: what a wrong statement may have been before it was printed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from matcalc.diagnosis import Diagnosis
from matcalc.errors import MatcalcError
from matcalc.language.plain import constant
from matcalc.language.syntax import Syntax, transform, walk
from matcalc.verdict import Verdict

MOST = 40
TIME_LIMIT = 3.0  # seconds of this thread: a quadrature may be slow


@dataclass(frozen=True)
class Reprint:
    """Two sides with one thing changed: what kind of slip that undoes, and how it is said."""

    kind: str
    message: str
    left: Syntax
    right: Syntax


def misprint(
    left: Syntax,
    right: Syntax,
    decide: Callable[[Syntax, Syntax], Verdict],
    may_hold: Callable[[Syntax, Syntax], bool],
) -> Diagnosis | None:
    """The slip that explains a wrong statement, if one does: undone, it is right.

    `may_hold` tells, for less than a verdict costs, what numbers refute.
    """
    deadline = time.thread_time() + TIME_LIMIT
    for reprint in islice(_reprints(left, right), MOST):
        if time.thread_time() > deadline:
            return None
        if reprint.kind != "not-conformable" and not may_hold(reprint.left, reprint.right):
            continue
        try:
            found = decide(reprint.left, reprint.right)
        except MatcalcError:
            continue
        if found.is_right:
            return Diagnosis(reprint.kind, f"{reprint.message}: then it is right")
        if reprint.kind == "not-conformable":
            reason = found.diagnosis.message if found.diagnosis is not None else "it is undecided"
            return Diagnosis(reprint.kind, f"{reprint.message}; even so: {reason}")
    return None


def _reprints(left: Syntax, right: Syntax) -> Iterator[Reprint]:
    """The sides with ⊙ for every ⊗, then with one index, exponent or letter changed."""
    a, b = (transform(t, _as_hadamard) for t in (left, right))
    if a is not left or b is not right:
        yield Reprint("not-conformable", "⊗ is printed for ⊙", a, b)
    nodes = [*walk(right), *walk(left)]
    indices = sorted({p.value for n in nodes if n.operation == "subscript" for p in n.operands[1:] if _is_name(p)})
    for node in nodes:
        for kind, message, other in _changed(node, indices):
            a, b = (_exchanged(t, node, other) for t in (left, right))
            yield Reprint(kind, message, a, b)


def _changed(node: Syntax, indices: Sequence[str]) -> Iterator[tuple[str, str, Syntax]]:
    match node.operation, node.operands:
        case "subscript", (base, i, j) if _is_name(i) and _is_name(j):
            for kind, places in _other_places(i, j, indices):
                other = replace(node, operands=(base, *places))
                yield kind, f"{_shown(node)} is printed for {_shown(other)}", other
        case "power", (base, exponent) if (k := constant(exponent)) is not None:
            turned = Syntax("number", (), -k, exponent.start, exponent.end)
            yield "inverse", f"the exponent {k} is printed for {-k}", replace(node, operands=(base, turned))
        case "derivative", (of, Syntax("name", (), str(name)) as by) if len(name) == 1 and name.islower():
            other = replace(node, operands=(of, replace(by, value=name.upper())))
            yield "wrong-term", f"the derivative by {name} is printed for that by {name.upper()}", other


def _other_places(i: Syntax, j: Syntax, indices: Sequence[str]) -> Iterator[tuple[str, tuple[Syntax, Syntax]]]:
    """The two indices of an entry the other way round, then with one of them another index of the formula."""
    if i.value != j.value:
        yield "transpose", (j, i)
    for name in indices:
        if name != i.value:
            yield "wrong-term", (replace(i, value=name), j)
        if name != j.value:
            yield "wrong-term", (i, replace(j, value=name))


def _is_name(tree: Syntax) -> bool:
    return tree.operation == "name"


def _shown(tree: Syntax) -> str:
    base, *places = tree.operands
    return f"{base.value if _is_name(base) else '(...)'}_{''.join(p.value for p in places)}"


def _as_hadamard(node: Syntax) -> Syntax:
    return replace(node, operation="hadamard") if node.operation == "kronecker" else node


def _exchanged(tree: Syntax, old: Syntax, new: Syntax) -> Syntax:
    return transform(tree, lambda node: new if node is old else node)
