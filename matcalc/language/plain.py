"""Trees of what papers write, turned into the plain language, or refused where the language has no word for it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from matcalc import shape
from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.language.syntax import GREEK, Syntax, transform

ShapeOf = Callable[[Syntax], shape.Shape]
OF_THE_MATRIX = {"exp": "expm", "log": "logm", "sqrt": "sqrtm"}  # an elementwise function, and that of the matrix
PRODUCTS = ("multiply", "juxtapose")
DOT = "dot"  # the value of a product written with a dot, which is the inner product if it is of two vectors
PRIMED = "primed"  # the value of a transpose that is written with a prime
BEHIND = "behind"  # the value of a power or a transpose whose base has its index behind the exponent
BEYOND = {
    "derivative": "a derivative inside a formula",
    "gradient": "a gradient without its variable",
    "summation": "a sum over indices",
    "iterated_product": "a product over indices",
    "integral": "an integral",
    "expectation": "an expectation",
    "covariance": "a covariance",
    "density": "a Gaussian density",
    "apply": "a function of the document",
    "evaluated": "a value at a point",
    "subscript": "an entry",
    "entries": "what is given by its entries",
}


def factors_of(tree: Syntax) -> list[Syntax]:
    """The factors of a product, from left to right; of anything else itself."""
    if tree.operation not in PRODUCTS:
        return [tree]
    left, right = tree.operands
    return [*factors_of(left), right]


def bare(node: Syntax) -> Syntax:
    """What stands in brackets, without them."""
    while node.operation == "group":
        node = node.operands[0]
    return node


def plain(tree: Syntax, shape_of: ShapeOf) -> Syntax:
    """A tree of the plain language; `shape_of` tells |x| from |X|.

    Raises:
        ParseError: an operation that the language does not have.
    """

    def rule(node: Syntax) -> Syntax:
        match node.operation:
            case "subscript":
                return _indexed(node, shape_of)
            case "transpose" if bare(node.operands[0]).operation == "number":
                hint = r"(A^{-1})^\top is A^{-\top}"
                raise ParseError(f"a number is transposed at character {node.start + 1}; {hint}", node.start)
            case "norm":
                return replace(node, operation="call", value="norm2")
            case "bars":
                return _absolute(node, shape_of(node.operands[0]))
            case "annotated":
                return node.operands[0]
            case "inner":
                return _inner(node)
            case "multiply" if node.value == DOT and all(map(shape.is_column, map(shape_of, node.operands))):
                return _inner(node)
            case "ones":
                one = Syntax("number", (), Fraction(1), node.start, node.end)
                return replace(node, operation="call", operands=(one,), value="vector")
            case "filled":
                return replace(node, operation="call")
            case "power":
                return _root_of_matrix(node, shape_of)
            case "negative" if node.operands[0].operation == "negative":
                return node.operands[0].operands[0]
            case operation if operation in BEYOND:
                raise ParseError(f"{BEYOND[operation]} at character {node.start + 1} has no closed form here",
                                 node.start)  # fmt: skip
        return node

    return transform(tree, rule)


def _absolute(node: Syntax, of: shape.Shape) -> Syntax:
    """|x| of a scalar, |X| the determinant of a matrix."""
    if shape.is_column(of):
        raise ParseError(
            rf"|x| of a vector (character {node.start + 1}): its norm is written \lVert x \rVert", node.start
        )
    return replace(node, operation="call", value="abs" if shape.is_scalar(of) else "det")


def _inner(node: Syntax) -> Syntax:
    """<a, b> = tr(aᵀ b)."""
    left, right = node.operands
    turned = Syntax("transpose", (left,), None, left.start, left.end)
    return replace(node, operation="call", operands=(replace(node, operation="multiply", operands=(turned, right)),),
                   value="tr")  # fmt: skip


def _root_of_matrix(node: Syntax, shape_of: ShapeOf) -> Syntax:
    """Σ^{1/2} is sqrtm(Σ), Σ^{-1/2} its inverse."""
    base, exponent = node.operands
    value = constant(exponent)
    if value is None or value.denominator != 2 or shape.is_scalar(shape_of(base)):
        return node
    root = replace(node, operation="call", operands=(base,), value="sqrtm")
    return replace(node, operands=(root, Syntax("number", (), 2 * value, exponent.start, exponent.end)))


def with_matrix_functions(tree: Syntax, shape_of: ShapeOf) -> Syntax:
    r"""A formula of a paper, in which exp, log and sqrt of a matrix that may be square are expm, logm and sqrtm.

    `\exp_{\odot}` is entry by entry.
    """

    def rule(node: Syntax) -> Syntax:
        if node.operation == "elementwise_call":
            return replace(node, operation="call")
        if node.operation != "call" or node.value not in OF_THE_MATRIX or _is_entry(node.operands[0]):
            return node
        try:
            rows, columns = shape_of(plain(node.operands[0], shape_of))
        except MatcalcError:  # with indices or integrals in it
            return node
        may_be_square = rows == columns or (shape.is_open(rows) and shape.is_open(columns))
        return replace(node, value=OF_THE_MATRIX[node.value]) if may_be_square and rows != shape.ONE else node

    return transform(tree, rule)


def _is_entry(tree: Syntax) -> bool:
    """Whether something is an entry such as L_ii."""
    node = bare(tree)
    return node.operation == "subscript" and len(node.operands) == 3


def with_numbers_filled(tree: Syntax, shape_of: ShapeOf) -> Syntax:
    """A formula of a paper, in which a number added to a vector is added to every entry.

    So it is beside a matrix that is not square, or made entry by entry; 1 - A of a square A may mean I - A.
    """

    def rule(node: Syntax) -> Syntax:
        if node.operation not in ("add", "subtract"):
            return node
        a, b = node.operands
        return replace(node, operands=(_filled(a, b, shape_of), _filled(b, a, shape_of)))

    return transform(tree, rule)


def _filled(number: Syntax, other: Syntax, shape_of: ShapeOf) -> Syntax:
    if constant(number) is None:
        return number
    try:
        rows, columns = shape_of(plain(other, shape_of))
    except MatcalcError:  # with indices or integrals in it
        return number
    if rows == shape.ONE or shape.is_open(rows) or (rows == columns and not _is_elementwise(other)):
        return number
    kind = "vector" if columns == shape.ONE else "matrix"
    return Syntax("filled", (number,), kind, number.start, number.end)


def _is_elementwise(tree: Syntax) -> bool:
    node = bare(tree)
    is_function = node.operation == "call" and node.value in shape.ELEMENTWISE
    is_filled = any(operand.operation == "filled" for operand in node.operands)
    return is_function or is_filled or node.operation in ("hadamard", "elementwise_power", "elementwise_divide")


def in_paper(tree: Syntax, shape_of: ShapeOf) -> Syntax:
    """A formula as papers mean it: functions of matrices, and numbers added to every entry."""
    return with_numbers_filled(with_matrix_functions(tree, shape_of), shape_of)


def constant(node: Syntax) -> Fraction | None:
    """The value of a tree of numbers: 1/2, -1/2, -3."""
    node = bare(node)
    match node.operation, [constant(o) for o in node.operands]:
        case "number", _:
            return node.value
        case "negative", [Fraction() as a]:
            return -a
        case "divide", [Fraction() as a, Fraction() as b] if b:
            return a / b
    return None


def _indexed(node: Syntax, shape_of: ShapeOf) -> Syntax:
    """x_1 is the name x1, I_n and I_{nm} the identity, 1_n the vector of ones, ‖X‖_F a norm."""
    base, *indices = bare(node.operands[0]), *node.operands[1:]
    texts = [str(i.value) for i in indices]
    if base.operation == "name" and base.value == "I" and len(indices) == 1:
        return replace(node, operation="call", operands=(indices[0],), value="eye")
    if base.operation == "name" and base.value == "I" and len(indices) == 2 and not set(texts) & set("ijkl"):
        return replace(node, operation="call", operands=(replace(node, operation="multiply", operands=tuple(indices)),),
                       value="eye")  # fmt: skip
    if base.operation == "call" and base.value == "vector" and len(indices) == 1:
        one = Syntax("number", (), Fraction(1), node.end, node.end)
        return replace(node, operation="call", operands=(indices[0], one), value="ones")
    if base.operation == "call" and base.value == "norm2" and texts == ["2"]:
        with suppress(ShapeError):  # names that are not declared may have other shapes than they have alone
            require_vector(shape_of(base.operands[0]), node)
    if base.operation == "call" and base.value == "norm2" and texts in (["F"], ["2"], ["1"]):
        return replace(base, value="norm1" if texts == ["1"] else "norm2", end=node.end)
    if base.operation == "name" and all(i.operation in ("name", "number") for i in indices):
        joined = "".join(texts)
        return replace(node, operation="name", operands=(), value=base.value + "_" * (not joined.isdigit()) + joined)
    raise ParseError(
        f"{BEYOND['subscript']} at character {node.start + 1} has no closed form in the language", node.start
    )


def require_vector(of: shape.Shape, node: Syntax) -> None:
    r"""Refuse the norm \lVert X \rVert_2 of a matrix, its largest singular value."""
    if of[1] != shape.ONE:
        raise ParseError(
            f"the spectral norm of a matrix (character {node.start + 1}) is not in the language; "
            r"the Frobenius norm is \lVert X \rVert_F",
            node.start,
        )


# --- a tree as text ---------------------------------------------------------------------------------------------------

_SIGNS = {
    "add": (" + ", 1), "subtract": (" - ", 1), "multiply": ("*", 2), "juxtapose": ("*", 2), "hadamard": (" .* ", 2),
    "elementwise_divide": (" ./ ", 2), "divide": ("/", 2), "kronecker": (" ⊗ ", 2),
}  # fmt: skip
_ATOM = 5


def to_language(tree: Syntax) -> str:
    """A tree of the plain language as its text."""
    printed: dict[int, tuple[str, int]] = {}

    def rule(node: Syntax) -> Syntax:
        printed[id(node)] = _printed(node, [printed[id(o)] for o in node.operands])
        kept.append(node)
        return node

    kept: list[Syntax] = []  # keeps every node alive, so that its id stays its own
    return printed[id(transform(tree, rule))][0]


def _printed(node: Syntax, operands: list[tuple[str, int]]) -> tuple[str, int]:
    def at(k: int, level: int) -> str:
        text, own = operands[k]
        return text if own >= level else f"({text})"

    match node.operation:
        case "number":
            value = node.value
            return str(value), _ATOM if value.denominator == 1 and value >= 0 else 0
        case "name":
            return node.value, _ATOM
        case "group":
            return operands[0]
        case "call":
            return f"{node.value}({', '.join(text for text, _ in operands)})", _ATOM
        case "negative":
            return f"-{at(0, 3)}", 1
        case "transpose":
            return f"{at(0, 4)}'", 4
        case "power":
            return f"{at(0, 4)}^{at(1, _ATOM)}", 4
        case "elementwise_power":
            return f"{at(0, 4)}.^{at(1, _ATOM)}", 4
        case "juxtapose" if _looks_called(*node.operands):
            return f"{operands[0][0]}({operands[1][0]})", 2
    sign, level = _SIGNS[node.operation]
    return f"{at(0, level)}{sign}{at(1, level + 1)}", level


def _looks_called(left: Syntax, right: Syntax) -> bool:
    """`foo(X)`: written so again, for the reader of the language to refuse or to take for a product."""
    is_word = left.operation == "name" and left.value.isalpha() and len(left.value) > 1 and left.value not in GREEK
    return is_word and right.operation == "group" and left.end == right.start
