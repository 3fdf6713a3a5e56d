"""What is declared for each index: after `x_i: d`, where i runs to N, the x_i are the columns of a matrix.

Without that a sum over i would add the same x_i again and again, and what is wrong of vectors would be right of one.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from matcalc.claims.entries import joined_name
from matcalc.errors import MatcalcError, ParseError
from matcalc.language.plain import LOOPS, bare
from matcalc.language.statements import read
from matcalc.language.syntax import Syntax, is_latex, walk
from matcalc.structure import STRUCTURES

EACH = "_each"
_INDEXED = re.compile(r"(?P<letter>[A-Za-z]\w*?)_(?P<index>[a-z])")
_NUMBERS = ("scalar", "positive")


def family(letter: str) -> str:
    """The name of the matrix whose columns, or of the vector whose entries, are what a letter with an index means."""
    return letter + EACH


def families(text: str, ranges: Mapping[str, str]) -> str:
    """A declaration in which what is declared for each index is declared together: `x_i: d` is `x_each: d x N`."""
    names, colon, kind = text.partition(":")
    declared = re.split(r"[\s,]+(?![^{}]*\})", names.strip())
    found = list(map(_letter_and_index, declared))
    if not colon or any(index not in ranges for _, index in found):
        return text
    kinds = {_of_all(kind.strip(), ranges[index]) for _, index in found}
    if len(kinds) != 1 or not (of_all := kinds.pop()):
        return text
    return f"{' '.join(family(letter) for letter, _ in found)}: {of_all}"


def _letter_and_index(name: str) -> tuple[str, str]:
    r"""x and i of `x_i` and of `\mathbf{x}_i`; nothing for what has no index."""
    if not is_latex(name):
        match = _INDEXED.fullmatch(name)
        return (match["letter"], match["index"]) if match is not None else ("", "")
    with suppress(MatcalcError):  # which is refused where it is declared
        tree = bare(read(name))
        if tree.operation == "subscript" and [o.operation for o in tree.operands] == ["name", "name"]:
            return tree.operands[0].value, tree.operands[1].value
    return "", ""


def _of_all(kind: str, size: str) -> str:
    """The kind of numbers or vectors taken together; nothing for matrices."""
    if kind in _NUMBERS:
        return size
    is_vector = re.fullmatch(r"\w+", kind) is not None and kind not in (*STRUCTURES, "vector", "matrix")
    return f"{kind} x {size}" if is_vector else ""


def require_each(tree: Syntax, is_declared: Callable[[str], bool]) -> None:
    """Refuse a sum over i of a name x_i that is declared as one thing.

    Raises:
        ParseError: there is such a sum.
    """
    for loop in (n for n in walk(tree) if n.operation in LOOPS):
        bound = set(loop.value[1])
        for node in walk(loop.operands[0]):
            if node.operation != "subscript" or node.operands[0].operation != "name" or len(node.operands) != 2:
                continue
            index, joined = node.operands[1], joined_name(node)
            if index.operation == "name" and index.value in bound and is_declared(joined):
                raise ParseError(
                    f"{joined} is declared as one thing, and the sum is over {index.value}: declare X: d x N, whose "
                    "columns the x_i are; matrices for each index are not read",
                    node.start,
                )
