"""The shapes of a syntax tree, bottom up, sizes settled by unification."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from matcalc import shape
from matcalc.errors import ParseError, ShapeError
from matcalc.expression.expr import Symbol
from matcalc.language.syntax import FUNCTIONS, GREEK, Syntax, nearest, walk
from matcalc.shape import SCALAR, Dim, Operand, Shape

if TYPE_CHECKING:
    from matcalc.expression.scope import Scope

BINARY = {"add", "subtract", "multiply", "juxtapose", "hadamard", "elementwise_divide", "divide", "kronecker"}


def possibly_scalar(tree: Syntax) -> Iterator[str]:
    """Names that may stand for scalars though they look like vectors: Greek ones, and those raised to a power."""
    for node in walk(tree):
        if node.operation == "name" and node.value in GREEK and node.value[0].islower():
            yield node.value
        if node.operation == "power":
            inner = node.operands[0]
            if inner.operation == "name" and inner.value[0] in "hijklmnopqrstuvwxyz":
                yield inner.value


def _last(node: Syntax) -> Syntax:
    while node.operation in BINARY:
        node = node.operands[1]
    return node


def check_called(product: Syntax, symbols: Mapping[str, Symbol], text: str) -> None:
    """`foo(X)` is a function that does not exist; `B (A x)` and `A(x + y)` are products.

    Raises:
        ParseError: the factor before the parenthesis can only be meant as a function.
    """
    left, group = _last(product.operands[0]), product.operands[1]
    if left.operation != "name" or left.end != group.start:
        return
    name = left.value
    if name == "sigma" and name not in symbols:
        raise ParseError(
            f"sigma() at character {left.start + 1}: write sigmoid(...) for the function, or declare sigma and put a * "
            "or a space after it for a product", left.start)  # fmt: skip
    if len(name) > 1 and name not in symbols and name not in GREEK:
        raise ParseError(
            f"{name}() at character {left.start + 1}: there is no such function" + nearest(name, list(FUNCTIONS))
            + "; a product is written with * or a space", left.start)  # fmt: skip


class Inference:
    """The shapes of one tree, bottom up."""

    def __init__(self, scope: "Scope", text: str, scalars: frozenset[str]) -> None:
        self.scope, self.text, self.scalars = scope, text, scalars
        self.shapes: dict[int, Shape] = {}

    def shape(self, node: Syntax) -> Shape:
        spine = [node]
        while spine[-1].operation in BINARY:
            spine.append(spine[-1].operands[0])
        for inner in reversed(spine):
            self.shapes[id(inner)] = self._one(inner)
        return self.shapes[id(node)]

    def operand(self, node: Syntax) -> Operand:
        known = self.shapes.get(id(node))
        found = self.shape(node) if known is None else known
        return Operand(self.scope.unifier.shape(found), self.text[node.start : node.end])

    def expect(self, tree: Syntax, like: Shape) -> None:
        found = self.scope.unifier.shape(self.shapes[id(tree)])
        shape.add(Operand(found, self.text), Operand(like, "the expected shape"), self.scope.unifier)

    def _one(self, node: Syntax) -> Shape:
        u = self.scope.unifier
        match node.operation:
            case "number":
                return SCALAR
            case "name":
                return self._name(node)
            case "call":
                return self._call(node)
        first = self.operand(node.operands[0])
        match node.operation:
            case "group" | "negative":
                return first.shape
            case "transpose":
                return first.shape[1], first.shape[0]
            case "power" if self._is_transpose(node):
                return first.shape[1], first.shape[0]
        second = self.operand(node.operands[1])
        first = Operand(u.shape(first.shape), first.text)
        match node.operation:
            case "add" | "subtract":
                return shape.add(first, second, u)
            case "multiply" | "juxtapose":
                return shape.multiply(first, second, u)
            case "hadamard" | "elementwise_divide":
                return shape.hadamard(first, second, u)
            case "kronecker":
                return shape.call("kron", [first, second], [], u)
            case "divide":
                return shape.divide(first, second, u)
            case "power":
                return shape.power(first, second, u)
        return shape.elementwise_power(first, second, u)

    def _is_transpose(self, node: Syntax) -> bool:
        return is_transpose(node, self.scope)

    def _name(self, node: Syntax) -> Shape:
        if node.value == "I":
            n = self.scope.unifier.fresh()
            return n, n
        if node.value == "pi" or is_size(node.value, self.scope):
            return SCALAR
        if node.value in FUNCTIONS:
            raise ParseError(f"{node.value} at character {node.start + 1} is a function: write {node.value}(...)",
                             node.start)  # fmt: skip
        return self.scope.unifier.shape(self.scope.lookup(node.value, self.scalars).shape)

    def _call(self, node: Syntax) -> Shape:
        name, u = node.value, self.scope.unifier
        match name, node.operands:
            case "eye", (n,):
                d = self.dim(n)
                return d, d
            case "ones" | "zeros", (n, m):
                return self.dim(n), self.dim(m)
            case "vector" | "matrix", (inner,):
                if not shape.is_scalar(self.operand(inner).shape):
                    raise ShapeError(f"{name}: expected a scalar to fill it with, got {self.operand(inner)}")
                return self.scope.open_shape(name)
            case "rows" | "cols", (inner,):
                self.operand(inner)
                return SCALAR
            case "eye" | "ones" | "zeros" | "vector" | "matrix" | "rows" | "cols", _:
                expected = 2 if name in ("ones", "zeros") else 1
                raise ShapeError(f"{name}: expected {expected} argument(s), got {len(node.operands)}")
        count = shape.SIGNATURES[name].sizes
        split = len(node.operands) - count
        sizes = [self.dim(s) for s in node.operands[max(split, 0) :]] if count else []
        return shape.call(name, [self.operand(o) for o in node.operands[: max(split, 0)]], sizes, u)

    def dim(self, node: Syntax) -> Dim:
        """A size in an argument: an integer, the name of a dimension, rows(X), cols(X) or a product of these."""
        match node.operation:
            case "number" if node.value.denominator == 1 and 0 < node.value <= 10**6:
                return Dim(int(node.value))
            case "name":
                self.scope.declared_sizes.add(node.value)
                return Dim(1, (node.value,))
            case "multiply" | "juxtapose":
                return self.dim(node.operands[0]) * self.dim(node.operands[1])
            case "group":
                return self.dim(node.operands[0])
            case "call" if node.value in ("rows", "cols") and len(node.operands) == 1:
                return self.operand(node.operands[0]).shape[node.value == "cols"]
        text = self.text[node.start : node.end]
        raise ShapeError(f"{text!r} is not a size: expected a positive integer, the name of a size, rows(X) or cols(X)")


def is_size(name: str, scope: "Scope") -> bool:
    """Whether a name is that of a declared dimension and of nothing else."""
    return name in scope.declared_sizes and name not in scope.symbols


def is_transpose(node: Syntax, scope: "Scope") -> bool:
    """X^T, unless T is declared."""
    exponent = node.operands[1]
    return exponent.operation == "name" and exponent.value == "T" and "T" not in scope.symbols
