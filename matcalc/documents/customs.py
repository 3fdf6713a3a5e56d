"""What papers write by custom, put into other words: derivatives by xᵀ and by σ², Euler's e, dd' of a vector d."""

from dataclasses import replace
from fractions import Fraction

from matcalc.claims.assumptions import Assumptions
from matcalc.errors import MatcalcError
from matcalc.language.plain import ShapeOf, bare, constant
from matcalc.language.syntax import Syntax, transform
from matcalc.shape import is_scalar

BY_SQUARE = "by a square"
_JOINED = "joined"


def as_derivatives(tree: Syntax, shape_of: ShapeOf, layout: str) -> Syntax:
    """A formula in which a derivative by xᵀ is the Jacobian or a row, and one by σ² that by σ over 2σ."""

    def rule(node: Syntax) -> Syntax:
        if node.operation != "derivative" or node.value != 1:
            return node
        of, by = node.operands[0], bare(node.operands[1])
        variable = bare(by.operands[0]) if by.operation in ("transpose", "power") else by
        if variable is by or variable.operation != "name":
            return node
        plain = replace(node, operands=(of, variable))
        if by.operation == "transpose":
            is_row = layout == "denominator" or _is_scalar(of, shape_of)
            return Syntax("transpose", (plain,), None, node.start, node.end) if is_row else plain
        if constant(by.operands[1]) == 2 and _is_scalar(variable, shape_of):
            below = Syntax("multiply", (_number(2, by), variable), None, by.start, by.end)
            return Syntax("divide", (plain, below), BY_SQUARE, node.start, node.end)
        return node

    return transform(tree, rule)


def _is_scalar(tree: Syntax, shape_of: ShapeOf) -> bool:
    try:
        return is_scalar(shape_of(tree))
    except MatcalcError:  # with sums over indices in it, which are numbers more often than not
        return True


def _number(value: int, at: Syntax) -> Syntax:
    return Syntax("number", (), Fraction(value), at.start, at.end)


def with_e(tree: Syntax) -> Syntax:
    """A formula in which e is Euler's number."""

    def rule(node: Syntax) -> Syntax:
        if (node.operation, node.value) != ("name", "e"):
            return node
        return replace(node, operation="call", operands=(_number(1, node),), value="exp")

    return transform(tree, rule)


def with_products(tree: Syntax, known: Assumptions) -> Syntax:
    """A formula in which dX is d times X, for d is declared: `dd'` is d d', no differential."""

    def rule(node: Syntax) -> Syntax:
        if node.operation == "name" and node.value[:1] == "d" and known.is_name(node.value[1:]):
            if not known.is_name(node.value):
                d, x = (replace(node, value=name) for name in ("d", node.value[1:]))
                return replace(node, operation="multiply", operands=(d, x), value=_JOINED)
        elif node.operation in ("transpose", "power", "subscript") and node.operands[0].value == _JOINED:
            product = node.operands[0]
            d, x = product.operands
            return replace(product, operands=(d, replace(node, operands=(x, *node.operands[1:]))))
        return node

    return transform(tree, rule)
