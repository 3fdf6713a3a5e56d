"""What papers write by custom, put into other words: derivatives by xᵀ and by σ², Euler's e, dd' of a vector d."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from matcalc.claims.meaning import Definition
from matcalc.documents.glossary import names
from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.language.plain import PRODUCTS, ShapeOf, bare, constant
from matcalc.language.syntax import Syntax, transform
from matcalc.shape import is_column, is_open, is_scalar

BY_SQUARE = "by a square"
_JOINED = "joined"
_WEIGHTED = "weighted norm"


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


def with_products(tree: Syntax, is_name: Callable[[str], bool]) -> Syntax:
    """A formula in which dX is d times X, for d is a name: `dd'` is d d', no differential."""

    def rule(node: Syntax) -> Syntax:
        if node.operation == "name" and node.value[:1] == "d" and is_name(node.value[1:]):
            if not is_name(node.value):
                d, x = (replace(node, value=name) for name in ("d", node.value[1:]))
                return replace(node, operation="multiply", operands=(d, x), value=_JOINED)
        elif node.operation in ("transpose", "power", "subscript") and node.operands[0].value == _JOINED:
            product = node.operands[0]
            d, x = product.operands
            return replace(product, operands=(d, replace(node, operands=(x, *node.operands[1:]))))
        return node

    return transform(tree, rule)


def with_functions(tree: Syntax, functions: Collection[str]) -> Syntax:
    """A formula in the plain language with f(x) of a function that the text has named as f at x, not as a product."""

    def at(function: Syntax, group: Syntax) -> Syntax:
        return replace(group, operation="apply", operands=(bare(group),), value=function.value, start=function.start)

    def rule(node: Syntax) -> Syntax:
        match node.operation, node.operands:
            case "juxtapose", (function, group) if function.value in functions and group.operation == "group":
                return at(function, group)
            case "juxtapose", (left, group) if left.operation in PRODUCTS and group.operation == "group":
                if left.operands[1].value in functions:  # 2*f(x)
                    return replace(left, operands=(left.operands[0], at(left.operands[1], group)), end=node.end)
        return node

    return transform(tree, rule)


def by_argument(tree: Syntax, functions: Mapping[str, Sequence[str]]) -> Syntax:
    r"""A formula in which `\nabla f(x)`, `\nabla f(x)^T` and `\nabla f` of a function of x are derivatives by x.

    Raises:
        ParseError: a gradient of something else, which does not say by what it is.
    """

    def of(node: Syntax, order: Any) -> Syntax:
        function, by_name = bare(node), Syntax("name", (), "", node.start, node.end)
        if node.operation in ("juxtapose", "multiply") and not _is_function(node.operands[0]):
            return replace(node, operands=(of(node.operands[0], order), *node.operands[1:]))
        if node.operation == "transpose":
            return replace(node, operands=(of(node.operands[0], order),))
        if function.operation == "subscript" and len(functions.get(function.operands[0].value, ())) == 1:
            (parameter,) = functions[function.operands[0].value]  # \nabla \rho_i of a vector \rho(x)
            return Syntax("derivative", (function, replace(by_name, value=parameter)), order, node.start, node.end)
        parameters = functions.get(function.value, ()) if _is_function(function) else ()
        if len(parameters) != 1:
            raise ParseError("a gradient by what? Write \\nabla_x", node.start)
        by = replace(by_name, value=parameters[0])
        argument = bare(function.operands[0]) if function.operands else by
        if argument.operation == "name":
            return Syntax("derivative", (function, argument), order, node.start, node.end)
        slope = Syntax("derivative", (replace(function, operands=(by,)), by), order, node.start, node.end)
        return Syntax("evaluated", (slope, by, argument), None, node.start, node.end)

    return transform(tree, lambda node: of(node.operands[0], node.value) if node.operation == "gradient" else node)


def with_zeros(tree: Syntax, functions: Mapping[str, Sequence[str]], shape_of: ShapeOf) -> Syntax:
    """A formula in which the 0 of f(0) has the shape of the argument of f."""

    def rule(node: Syntax) -> Syntax:
        parameters = functions.get(node.value, ()) if node.operation == "apply" else ()
        if len(parameters) != len(node.operands) or not any(constant(o) == 0 for o in node.operands):
            return node
        return replace(node, operands=tuple(map(zero, node.operands, parameters)))

    def zero(argument: Syntax, parameter: str) -> Syntax:
        name = Syntax("name", (), parameter, argument.start, argument.end)
        if constant(argument) != 0 or _is_scalar(name, shape_of):
            return argument
        return Syntax("group", (replace(name, operation="subtract", operands=(name, name), value=None),), None, 0, 0)

    return transform(tree, rule)


def at_arguments(
    tree: Syntax, functions: Mapping[str, Sequence[str]], reached: Callable[[Iterable[str]], set[str]]
) -> Syntax:
    r"""A formula in which `\nabla_x f(x_0)` and `\partial f(x_0) / \partial x` are the derivative of f(x) at x_0.

    Raises:
        ParseError: x_0 is made of x, and the derivative may be of f(x) or of f(x_0(x)).
    """

    def rule(node: Syntax) -> Syntax:
        if node.operation != "derivative" or bare(node.operands[0]).operation != "apply":
            return node
        function, by = map(bare, node.operands)
        if functions.get(function.value) != (by.value,) or len(function.operands) != 1:
            return node
        (argument,) = function.operands
        if by.value in names(argument):
            return node
        if by.value in reached(names(argument)):
            raise ParseError(f"the derivative of {function.value} there, or of what stands there too?", node.start)
        slope = replace(node, operands=(replace(function, operands=(by,)), by))
        return Syntax("evaluated", (slope, by, argument), None, node.start, node.end)

    return transform(tree, rule)


def with_weighted_norms(tree: Syntax, shape_of: ShapeOf, *, by_inverse: bool) -> Syntax:
    r"""A formula in which `\|x\|_S` of a square matrix S is the root of x'S x, or of x'S^{-1} x; its square that."""

    def rule(node: Syntax) -> Syntax:
        if node.operation == "power" and constant(node.operands[1]) == 2 and node.operands[0].value == _WEIGHTED:
            return Syntax("group", node.operands[0].operands, None, node.start, node.end)
        if node.operation != "subscript" or node.operands[0].operation != "norm" or len(node.operands) != 2:
            return node
        (x,), label = node.operands[0].operands, node.operands[1]
        weight = Syntax("name", (), label.value, label.start, label.end) if label.operation == "label" else label
        if weight.operation not in ("name", "power") or not _is_square(weight, shape_of):
            return node
        if by_inverse and weight is not label:  # who writes S^{-1} for the weight means what stands there
            weight = Syntax("power", (weight, _number(-1, label)), None, label.start, label.end)
        turned = Syntax("transpose", (Syntax("group", (x,), None, x.start, x.end),), None, x.start, x.end)
        product = Syntax("multiply", (turned, weight), None, x.start, x.end)
        inner = Syntax("multiply", (product, turned.operands[0]), None, x.start, x.end)
        return Syntax("call", (inner,), _WEIGHTED, node.start, node.end)

    return transform(transform(tree, rule), lambda n: replace(n, value="sqrt") if n.value == _WEIGHTED else n)


def _is_square(tree: Syntax, shape_of: ShapeOf) -> bool:
    try:
        rows, columns = shape_of(tree)
    except MatcalcError:
        return False
    return rows == columns and not is_scalar((rows, columns)) and not is_open(rows)


def _is_function(node: Syntax) -> bool:
    return bare(node).operation in ("name", "apply")


def entry_by_entry(tree: Syntax, functions: Mapping[str, Definition], shape_of: ShapeOf) -> Syntax:
    """A formula of a paper, in which a function of a number, such as σ(a) = 1/(1 + exp(-a)), is applied to a vector."""

    def rule(node: Syntax) -> Syntax:
        function = functions.get(node.value) if node.operation == "apply" else None
        if function is None or len(function.parameters) != 1 or len(node.operands) != 1:
            return node
        try:
            if not is_column(shape_of(node.operands[0])):
                return node
            shape_of(node)
        except ShapeError:
            return _of_vector(function, node.operands[0])
        except MatcalcError:  # with indices or integrals in it
            pass
        return node

    return transform(tree, rule)


def _of_vector(function: Definition, argument: Syntax) -> Syntax:
    (parameter,) = function.parameters
    moving: set[int] = set()  # what holds the parameter, by the nodes that were made

    def rule(node: Syntax) -> Syntax:
        moves = [id(o) in moving for o in node.operands]
        match node.operation:
            case "name" if node.value == parameter:
                node = Syntax("group", (argument,), None, node.start, node.end)
                moves = [True]
            case "multiply" | "juxtapose" if all(moves):
                node = replace(node, operation="hadamard")
            case "divide" if moves[1]:
                node = replace(node, operation="elementwise_divide")
            case "power" if moves[0]:
                node = replace(node, operation="elementwise_power")
        if any(moves):
            made.append(node)
            moving.add(id(node))
        return node

    made: list[Syntax] = []  # keeps every node alive, so that its id stays its own
    return Syntax("group", (transform(function.body, rule),), None, argument.start, argument.end)
