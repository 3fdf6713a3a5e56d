"""derivation(...): a chain of steps, each checked under what has been assumed before it."""

from collections.abc import Iterable

from matcalc.documents.document import lines
from matcalc.documents.reader import Reader
from matcalc.documents.steps import Derivation
from matcalc.expression.scope import Declarations


def derivation(text: str | Iterable[str], let: Declarations = (), reading: str | None = None) -> Derivation:
    """Check a chain of steps, in the plain language or in LaTeX.

    Args:
        text: lines such as `d/dX tr(A*X*B) = A'*B'` and `= (B*A)'`; between them `assume A symmetric`,
            `where y = x - mu` or declarations, which hold from where they stand.
        let: declarations that hold from the beginning.
        reading: the reading that derivatives are meant in.

    Returns:
        every equality with its verdict; a step that is wrong does not stop the ones after it.
    """
    written = text if isinstance(text, str) else "\n".join(text)
    return Derivation(tuple(Reader.of(let, reading=reading).read(lines(written))))
