"""What nothing but its place gives a size: the ones of `1ᵀx`, `X 1` and `x + c 1`, the identity of `A + c I`."""

from matcalc.language.plain import PRODUCTS, bare
from matcalc.language.syntax import Syntax


def is_ones(tree: Syntax) -> bool:
    """Whether a formula is the vector of ones, of no said length."""
    return bare(tree).operation == "ones"


def is_row_of_ones(tree: Syntax) -> bool:
    """Whether a formula is its transpose."""
    tree = bare(tree)
    return tree.operation == "transpose" and is_ones(tree.operands[0])


def before_row_of_ones(tree: Syntax) -> Syntax | None:
    """What stands before the row of ones that ends a product, as in `c 1ᵀ x`."""
    is_product = tree.operation in PRODUCTS and is_row_of_ones(tree.operands[1])
    return tree.operands[0] if is_product else None


def is_spread(tree: Syntax) -> bool:
    """Whether every entry of a formula is one number, which is added to every entry beside it: 1, -1, c 1, 1/n."""
    tree = bare(tree)
    match tree.operation, tree.operands:
        case "ones" | "filled", _:
            return True
        case "negative", (inner,):
            return is_spread(inner)
        case "multiply" | "juxtapose", (_, last):
            return is_ones(last)
        case "divide", (above, _):
            return is_ones(above)
    return False


def is_identity(tree: Syntax) -> bool:
    """Whether a formula is a multiple of the identity, of no said size: I, -I, c I, I/n."""
    tree = bare(tree)
    match tree.operation, tree.operands:
        case "name", ():
            return bool(tree.value == "I")
        case "negative", (inner,):
            return is_identity(inner)
        case "multiply" | "juxtapose", (_, last):
            return (last.operation, last.value) == ("name", "I")
        case "divide", (above, _):
            return is_identity(above)
    return False
