"""What of a formula the plain language can say, under some assumptions."""

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.entries import joined_name
from matcalc.claims.meaning import Meaning, capital, expand, inserted
from matcalc.claims.sized import sized
from matcalc.expression.scope import Scope
from matcalc.language.plain import BEYOND, bare, constant, plain, to_language
from matcalc.language.syntax import Syntax, walk


def closed_text(tree: Syntax, known: Assumptions, by: str = "") -> str | None:
    """A formula in the plain language, definitions put in; None where it has no closed form there."""
    definitions = {n: d for n, d in known.definitions.items() if n != by}
    tree = inserted(tree, definitions)
    if any(is_beyond(node, known) for node in walk(tree)):
        return None
    scope = Scope(known.let)
    return to_language(plain(tree, scope.shape_of))


def is_beyond(node: Syntax, known: Assumptions) -> bool:
    """Whether the plain language has no word for an operation, or an entry of what is known stands there."""
    if node.operation != "subscript":
        return node.operation in BEYOND or (node.operation == "name" and node.value in known.unspecified)
    base = bare(node.operands[0])
    if base.operation in ("norm", "ones") or (base.operation == "name" and base.value == "I"):
        return False
    owners = (base.value, capital(base.value)) if base.operation == "name" else ()
    is_name = base.operation == "name" and (
        known.is_name(joined_name(node)) or not any(map(known.is_name, owners)) or constant(node.operands[1]) == 0
    )
    return not is_name or base.value == "delta"


def written_out(tree: Syntax, known: Assumptions, meaning: Meaning) -> Syntax:
    """A formula that can be evaluated: densities and expectations written out, I and 1 with their sizes."""

    def is_closed(part: Syntax) -> bool:
        return not any(is_beyond(n, known) or n.value in known.definitions for n in walk(part))

    return sized(expand(tree, meaning.laws), known.let, is_closed)
