"""Which matrices are triangular or diagonal by their form and the structures of their symbols."""

from matcalc.expression.algebra import is_zero
from matcalc.expression.expr import Call, Constant, Expr, Hadamard, Identity, Power, Product, Sum, Symbol, Transpose


def _has_form(e: Expr, structures: frozenset[str], functions: frozenset[str]) -> bool:
    match e:
        case Symbol(structure=structure):
            return structure in structures or e.is_scalar
        case Identity():
            return True
        case Call(function) if function in functions:
            return e.shape[0] == e.shape[1]
        case Call("expm" | "logm" | "sqrtm" | "adj", (of,)):  # a polynomial in the matrix
            return _has_form(of, structures, functions)
        case Transpose(of):
            return _has_form(of, *_MIRROR[structures])
        case Power(base):
            return _has_form(base, structures, functions)
        case Hadamard(factors):
            return any(_has_form(f, structures, functions) for f in factors)
        case Sum(terms):
            return all(_has_form(t, structures, functions) for t in terms)
        case Product(_, _, chain):
            return bool(chain) and all(_has_form(f, structures, functions) for f in chain)
        case Constant():
            return is_zero(e)
    return False


_LOWER = (frozenset({"lower", "diagonal"}), frozenset({"tril", "chol", "diag"}))
_UPPER = (frozenset({"upper", "diagonal"}), frozenset({"triu", "diag"}))
_DIAGONAL = (frozenset({"diagonal"}), frozenset({"diag"}))
_MIRROR = {_LOWER[0]: _UPPER, _UPPER[0]: (_LOWER[0], frozenset({"tril", "chol", "diag"})), _DIAGONAL[0]: _DIAGONAL}


def is_lower(e: Expr) -> bool:
    """Whether an expression is lower triangular by its form."""
    return _has_form(e, *_LOWER)


def is_upper(e: Expr) -> bool:
    """Whether an expression is upper triangular by its form."""
    return _has_form(e, *_UPPER)


def is_diagonal(e: Expr) -> bool:
    """Whether an expression is a diagonal matrix by its form."""
    return _has_form(e, *_DIAGONAL)
