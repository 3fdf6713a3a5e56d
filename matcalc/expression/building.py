"""A syntax tree whose shapes are known, made into an expression."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from matcalc import shape
from matcalc.errors import ParseError
from matcalc.expression import algebra
from matcalc.expression.expr import Expr
from matcalc.expression.inference import BINARY, Inference, is_size, is_transpose
from matcalc.language.syntax import Syntax
from matcalc.shape import Dim, Shape, is_open

if TYPE_CHECKING:
    from matcalc.expression.scope import Scope


PARTIAL = ("inv", "log", "logdet", "sqrt", "chol", "logm", "sqrtm", "arcsin", "arccos")


class Builder:
    """Makes the expression of a tree whose shapes are known.

    `partial` are the operations in it that may have no value, as they are written: inv(X)*X is I, and has no value
    where inv(X) has none.
    """

    def __init__(self, scope: "Scope", shapes: Mapping[int, Shape], text: str) -> None:
        self.scope, self.shapes, self.text = scope, shapes, text
        self.built: dict[int, Expr] = {}
        self.partial: list[Expr] = []

    def build(self, node: Syntax) -> Expr:
        spine = [node]
        while spine[-1].operation in BINARY and id(spine[-1]) not in self.built:
            spine.append(spine[-1].operands[0])
        for inner in reversed(spine):
            if id(inner) not in self.built:
                self.built[id(inner)] = self._one(inner)
        return self.built[id(node)]

    def _shape(self, node: Syntax) -> Shape:
        found = self.scope.unifier.shape(self.shapes[id(node)])
        for d in found:
            if is_open(d):
                text = self.text[node.start : node.end]
                raise ParseError(f"the size of {text} at character {node.start + 1} cannot be told from its place; "
                                 "write eye(n) or ones(n,m) with sizes, or declare its neighbours",
                                 node.start)  # fmt: skip
        return found

    def _one(self, node: Syntax) -> Expr:
        match node.operation:
            case "number":
                return algebra.Number(node.value)
            case "name":
                return self._name(node)
            case "call":
                return self._call(node)
        first = self.build(node.operands[0])
        match node.operation:
            case "group":
                return first
            case "negative":
                return algebra.negative(first)
            case "transpose":
                return algebra.transpose(first)
            case "power" if is_transpose(node, self.scope):
                return algebra.transpose(first)
        second = self.build(node.operands[1])
        value = _OPERATIONS[node.operation](first, second)
        self.partial += _partial(node.operation, value, second)
        return value

    def _name(self, node: Syntax) -> Expr:
        if node.value == "I":
            return algebra.eye(self._shape(node)[0])
        if node.value == "pi":
            return algebra.PI
        if is_size(node.value, self.scope):
            return algebra.size(Dim(1, (node.value,)))
        return self.scope.lookup(node.value, frozenset())

    def _call(self, node: Syntax) -> Expr:
        name = node.value
        if name in ("eye", "ones", "zeros", "vector", "matrix"):
            found = self._shape(node)
            if name in ("vector", "matrix"):
                return algebra.multiply(self.build(node.operands[0]), algebra.ones(found))
            return {"eye": algebra.identity, "ones": algebra.ones, "zeros": algebra.zeros}[name](found)
        if name in ("rows", "cols"):
            return algebra.size(self._shape(node.operands[0])[name == "cols"])
        count = len(node.operands) - shape.SIGNATURES[name].sizes
        inference = Inference(self.scope, self.text, frozenset())
        inference.shapes = dict(self.shapes)
        sizes = tuple(self.scope.unifier.resolve(inference.dim(s)) for s in node.operands[count:])
        value = algebra.call(name, *(self.build(o) for o in node.operands[:count]), sizes=sizes)
        self.partial += [value] if name in PARTIAL else []
        return value


def _partial(operation: str, value: Expr, second: Expr) -> list[Expr]:
    """What of an operation of two may have no value: a reciprocal, or a power but one by a natural number."""
    match operation:
        case "divide":
            return [algebra.power(second, -1)]
        case "elementwise_divide":
            return [algebra.elementwise_power(second, -1)]
        case "power" | "elementwise_power":
            return [] if algebra.is_natural(second) else [value]
    return []


_OPERATIONS: dict[str, Callable[[Expr, Expr], Expr]] = {
    "add": algebra.add,
    "subtract": algebra.subtract,
    "multiply": algebra.multiply,
    "juxtapose": algebra.multiply,
    "hadamard": algebra.hadamard,
    "elementwise_divide": algebra.elementwise_divide,
    "divide": algebra.divide,
    "kronecker": lambda a, b: algebra.call("kron", a, b),
    "power": algebra.power,
    "elementwise_power": algebra.elementwise_power,
}
