"""What is declared for each index: after `x_i: d`, where i runs to N, the x_i are the columns of a matrix.

Without that a sum over i would add the same x_i again and again, and what is wrong of vectors would be right of one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from matcalc.claims.entries import joined_name
from matcalc.errors import MatcalcError, ParseError
from matcalc.language.plain import bare
from matcalc.language.statements import read
from matcalc.language.syntax import LOOPS, Syntax, is_latex, walk
from matcalc.structure import STRUCTURES

EACH = "_each"
_INDEXED = re.compile(r"(?P<letter>[A-Za-z]\w*?)_(?P<index>[a-z])")
_NUMBERS = ("scalar", "positive")


def family(letter: str, count: int) -> str:
    """The name of the matrix, or the vector, of all that a letter with so many indices means."""
    return letter + EACH * count


def families(text: str, ranges: Mapping[str, str]) -> str:
    """A declaration in which what is declared for each index is declared together: `x_i: d` is `x_each: d x N`."""
    names, colon, kind = text.partition(":")
    found = list(map(_letter_and_indices, re.split(r"[\s,]+(?![^{}]*\})", names.strip())))
    if not colon or any(not indices or not ranges.keys() >= {*indices} for _, indices in found):
        return text
    kinds = {_of_all(kind.strip(), [ranges[i] for i in indices]) for _, indices in found}
    if len(kinds) != 1 or not (of_all := kinds.pop()):
        return text
    return f"{' '.join(family(letter, len(indices)) for letter, indices in found)}: {of_all}"


def _letter_and_indices(name: str) -> tuple[str, tuple[str, ...]]:
    r"""x and i of `x_i` and of `\mathbf{x}_i`, r with n and k of `r_{nk}`; nothing for what has no index."""
    if not is_latex(name):
        match = _INDEXED.fullmatch(name)
        return (match["letter"], (match["index"],)) if match is not None else ("", ())
    with suppress(MatcalcError):  # which is refused where it is declared
        tree = bare(read(name))
        if tree.operation == "subscript" and {o.operation for o in tree.operands} == {"name"}:
            letter, *indices = (o.value for o in tree.operands)
            return letter, tuple(indices)
    return "", ()


def _of_all(kind: str, sizes: Sequence[str]) -> str:
    """The kind of numbers or vectors taken together; nothing for matrices."""
    is_vector = re.fullmatch(r"\w+", kind) is not None and kind not in (*STRUCTURES, *_NUMBERS, "vector", "matrix")
    parts = [kind, *sizes] if is_vector else [*sizes]
    return " x ".join(parts) if len(parts) <= 2 and (is_vector or kind in _NUMBERS) else ""


def require_each(tree: Syntax, is_declared: Callable[[str], bool]) -> None:
    """Refuse a sum over i of a name x_i that is declared as one thing.

    Raises:
        ParseError: there is such a sum.
    """
    for loop in (n for n in walk(tree) if n.operation in LOOPS):
        bound = set(loop.value[1])
        for node in walk(loop.operands[0]):
            if node.operation != "subscript" or node.operands[0].operation != "name":
                continue
            indices = {p.value for p in node.operands[1:] if p.operation == "name"} & bound
            if indices and is_declared(joined := joined_name(node)):
                raise ParseError(
                    f"{joined} is declared as one thing, and the sum is over {min(indices)}: declare X: d x N, whose "
                    "columns the x_i are; matrices for each index are not read",
                    node.start,
                )
