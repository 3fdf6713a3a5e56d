"""The identity and the vector of ones with the sizes that their places give them, for evaluation by numbers."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce

from matcalc.errors import MatcalcError, ParseError
from matcalc.expression.inference import Inference
from matcalc.expression.scope import Scope
from matcalc.language.plain import plain
from matcalc.language.syntax import Syntax, transform, walk
from matcalc.shape import ONE, Dim, is_open


def sized(tree: Syntax, let: Iterable[str], is_closed: Callable[[Syntax], bool]) -> Syntax:
    """A formula in which `I` and `1` have sizes wherever they stand in a part that the plain language can say."""
    if not any(map(_is_unsized, walk(tree))):
        return tree
    if is_closed(tree):
        try:
            return _with_sizes(tree, Scope(let))
        except MatcalcError:  # what it is, evaluation will say
            return tree
    return replace(tree, operands=tuple(sized(o, let, is_closed) for o in tree.operands))


def _is_unsized(node: Syntax) -> bool:
    return node.operation in ("ones", "filled") or (node.operation == "name" and node.value == "I")


def _with_sizes(tree: Syntax, scope: Scope) -> Syntax:
    tree = plain(tree, scope.shape_of)
    inference = Inference(scope, "", frozenset())
    inference.shape(tree)

    def rule(node: Syntax) -> Syntax:
        is_identity = (node.operation, node.value) == ("name", "I")
        if not is_identity and (node.operation, node.value) not in (("call", "vector"), ("call", "matrix")):
            return node
        sizes = [_size(d, node) for d in scope.unifier.shape(inference.shapes[id(node)])]
        if is_identity:
            return replace(node, operation="call", value="eye", operands=(sizes[0],))
        ones = replace(node, operation="call", value="ones", operands=tuple(sizes))
        return Syntax("multiply", (node.operands[0], ones), None, node.start, node.end)

    return transform(tree, rule)


def _size(d: Dim, at: Syntax) -> Syntax:
    """A dimension as a formula."""
    if is_open(d):
        raise ParseError("a size cannot be told from its place: write I_n", at.start)
    factors = [Syntax("name", (), name, at.start, at.end) for name in d.names]
    if d.factor != 1 or d == ONE:
        factors.insert(0, Syntax("number", (), d.factor, at.start, at.end))
    return reduce(lambda a, b: Syntax("multiply", (a, b), None, at.start, at.end), factors)
