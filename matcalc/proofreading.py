"""proofread(...): every equality of a document, checked; what cannot be read is listed with the reason."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from matcalc.claims.assumptions import Assumptions
from matcalc.documents.document import ASSUMPTION, MARKED, Part, parts
from matcalc.documents.reader import Reader
from matcalc.documents.steps import Derivation
from matcalc.errors import DeclarationError, MatcalcError
from matcalc.expression.scope import Declarations

FROM_LINE = "from line "


def proofread(
    path: str | Path,
    let: Declarations = (),
    declarations: str | Path | None = None,
    reading: str | None = None,
    layout: str | None = None,
) -> Derivation:
    """Check every equality in the formulas of a document.

    Args:
        path: a .tex or .md file, or lines of a derivation in plain text. Its declarations stand in comments,
            `% let X: n x n symmetric` or `<!-- let X: n x n symmetric -->`, and hold from there; so
            do its macros.
        let: declarations that hold from the beginning.
        declarations: a file of declarations, a line each; those after a line `from line 40` hold from that line.
        reading: the reading that derivatives are meant in.
        layout: of Jacobians.

    Returns:
        the statements in order, each with its verdict or the reason why it is not read.

    Raises:
        MatcalcError: a file or a declaration cannot be read.
    """
    path = Path(path)
    found = parts(read_text(path), path.suffix)
    given = timed_declarations(read_text(Path(declarations))) if declarations is not None else []
    reader = Reader.of(let, layout, reading, strict=path.suffix in MARKED)
    return Derivation(tuple(reader.read(_merged(given, found))))


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for `-`.

    Raises:
        MatcalcError: the file cannot be read.
    """
    import sys

    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise MatcalcError(f"{path}: cannot be read, {error.strerror}") from None


def timed_declarations(text: str) -> list[Part]:
    """The assumptions of a declarations file, each with the line of the document from which it holds."""
    known, start, result = Assumptions(), 0, []
    for number, line in enumerate(text.splitlines(), 1):
        stated = line.partition("#")[0].strip()
        if stated.startswith(FROM_LINE):
            start = _line_number(stated, number, start)
        elif stated:
            known = _assumed(known, stated, number)
            result.append(Part(ASSUMPTION, stated, start))
    return result


def _line_number(text: str, number: int, previous: int) -> int:
    count = text.removeprefix(FROM_LINE).strip().rstrip(":")
    if not count.isdigit() or int(count) < previous:
        raise DeclarationError(
            f"line {number} of the declarations: expected 'from line' and a number not below {previous}"
        )
    return int(count)


def _assumed(known: Assumptions, stated: str, number: int) -> Assumptions:
    try:
        return known.assume(stated)
    except MatcalcError as error:
        raise DeclarationError(f"line {number} of the declarations: {error}") from None


def _merged(given: Iterable[Part], found: Iterable[Part]) -> Iterator[Part]:
    """The parts of a document with the assumptions put where they begin to hold."""
    return iter(sorted([*given, *found], key=lambda part: part.line))
