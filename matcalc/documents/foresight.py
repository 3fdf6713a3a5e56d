"""What a text says later, and means from its beginning.

Functions that it writes out of their argument alone, once, as σ(a) of a; and how far an index runs in its sums.
"""

import re
from collections.abc import Iterable, Iterator

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.meaning import Definition
from matcalc.documents.document import ASSUMPTION, Part
from matcalc.documents.glossary import Entry, Glossary, Heading, names
from matcalc.documents.wording import Wording
from matcalc.errors import MatcalcError
from matcalc.language.statements import Side, chains
from matcalc.language.syntax import Syntax

_CALLED = re.compile(r"\\?[A-Za-z]+\s*\(\s*\\?[A-Za-z]+\s*\)\s*(?:&\s*)?:?=")
_CONSTANT = {"pi", "e"}
_BOUNDED = re.compile(
    r"\\(?:sum|prod)(?:\s*\\(?:no)?limits)?\s*_\s*\{\s*(?P<index>[a-z])\s*=\s*1\s*\}\s*\^\s*\{?\s*(?P<last>[A-Za-z])(?!\w)"
)


def ranges(parts: Iterable[Part]) -> dict[str, str]:
    r"""The size that each index runs to in the sums of a text, N for i of `\sum_{i=1}^N`; of one that has one only."""
    found: dict[str, set[str]] = {}
    for part in parts:
        for match in _BOUNDED.finditer(part.text):
            found.setdefault(match["index"], set()).add(match["last"])
    return {index: min(sizes) for index, sizes in found.items() if len(sizes) == 1}


def foreseen(parts: Iterable[Part], known: Assumptions) -> Glossary:
    """The functions that are known from the beginning, with the lines that write them out."""
    parts = list(parts)
    assumed = {word for p in parts if p.kind == ASSUMPTION for word in re.findall(r"[A-Za-z]+", p.text)}
    found: dict[str, list[Entry]] = {}
    for part in parts:
        if part.kind != ASSUMPTION and not part.refusal and part.is_latex and _CALLED.search(part.text):
            for name, entry in _written_out(part, Wording(known, Glossary())):
                found.setdefault(name, []).append(entry)
    once = {n: entries[0] for n, entries in found.items() if len(entries) == 1}
    return Glossary({n: e for n, e in once.items() if n not in assumed and not known.is_name(n)})


def _written_out(part: Part, wording: Wording) -> Iterator[tuple[str, Entry]]:
    try:
        pairs = [chain.sides[:2] for chain in chains(part.text, part.is_latex) if len(chain.sides) > 1]
        for left, right in pairs:
            found = _function(left, right, wording)
            if found is not None:
                heading, body = found
                line = part.line + part.text.count("\n", 0, right.start)
                yield heading.name, Entry(line, Definition(heading.parameters, body))
    except MatcalcError:  # which is said where it is read
        return


def _function(left: Side, right: Side, wording: Wording) -> tuple[Heading, Syntax] | None:
    heading = wording.heading(left) if right.relation in ("=", ":=") else None
    if heading is None or len(heading.parameters) != 1:
        return None
    body = wording.tree(right)
    used = names(body) - _CONSTANT
    return (heading, body) if used == set(heading.parameters) else None
