"""What the form of a matrix and the structures of its symbols tell: positive definite or not, how to factorise it.

Every answer is one-sided: True is a proof, False only says that none was found.
"""

from collections.abc import Sequence
from functools import lru_cache

from matcalc.expression.algebra import is_positive, transpose
from matcalc.expression.expr import (
    Apply,
    Call,
    Expr,
    Hadamard,
    Identity,
    Number,
    Ones,
    Power,
    Product,
    Sum,
    Symbol,
    Transpose,
)
from matcalc.expression.simplification import is_symmetric, settle
from matcalc.expression.triangles import is_diagonal, is_lower, is_upper

_POSITIVE = ("exp", "sigmoid", "cosh")


def is_psd(e: Expr) -> bool:
    """Whether a matrix is symmetric without a negative eigenvalue."""
    match e:
        case Product(coefficient, scalars, chain):
            return coefficient > 0 and all(map(is_positive, scalars)) and _is_psd_chain(chain)
        case Power(base, Number(k)) if k % 2 == 0:
            return is_symmetric(base)
        case Transpose() | Power():
            return is_psd(e.args[0])
        case Sum() | Hadamard() | Call("kron"):  # the elementwise product of two is one by Schur's theorem
            return all(map(is_psd, e.args))
        case Ones((n, m)):
            return n == m
    return is_spd(e)


def _is_psd_chain(chain: Sequence[Expr]) -> bool:
    """Mᵀ M, or Mᵀ C M around a psd C."""
    half = len(chain) // 2
    mirrored = all(settle(transpose(chain[k])) == chain[-1 - k] for k in range(half))
    return mirrored and (len(chain) % 2 == 0 or is_psd(chain[half]))


def is_spd(e: Expr) -> bool:
    """Whether a matrix is symmetric with positive eigenvalues only."""
    match e:
        case Symbol(structure="spd") | Identity():
            return True
        case Product(coefficient, scalars, (single,)):
            return coefficient > 0 and all(map(is_positive, scalars)) and is_spd(single)
        case Sum():
            return all(map(is_psd, e.args)) and any(map(is_spd, e.args))
        case Hadamard() | Call("kron"):
            return all(map(is_spd, e.args))
        case Transpose() | Power() | Call("sqrtm"):
            return is_spd(e.args[0])
        case Call("expm", (m,)):
            return is_symmetric(m)
        case Call("diag", (Apply(function),)):
            return function in _POSITIVE
    return False


@lru_cache(maxsize=4096)
def factorisation_kind(e: Expr) -> str:
    """How a matrix is best factorised: as `diagonal`, `lower`, `upper`, `spd`, `psd` or `general`."""
    for kind, holds in _KINDS.items():
        if holds(e):
            return kind
    return "general"


_KINDS = {"diagonal": is_diagonal, "lower": is_lower, "upper": is_upper, "spd": is_spd, "psd": is_psd}
