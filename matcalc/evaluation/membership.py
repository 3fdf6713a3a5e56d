"""Arrays checked against the declaration of their symbol, where their values are known.

Under jit, vmap and grad they are not, and nothing is checked. A structure holds up to √ε of the largest entry, ε the
rounding unit of the dtype; that an spd matrix is definite costs a factorisation, and is left to the one that the
expression takes, which is NaN where it is not. NaN is let through: what is computed from it is NaN.
"""

import jax
import numpy as np

from matcalc.errors import DomainError
from matcalc.evaluation.arrays import Array
from matcalc.expression.expr import Symbol
from matcalc.structure import STRUCTURES, Structure


def require_member(symbol: Symbol, array: Array) -> None:
    """Whether an array (rows x columns) is what its symbol is declared to be.

    Raises:
        DomainError: it is not: a matrix outside its structure, a positive scalar that is not positive.
    """
    if isinstance(array, jax.core.Tracer):
        return
    if symbol.structure == "positive" and (array <= 0).any():
        raise DomainError(
            f"{symbol.name}: expected a positive number, as declared, got {float(array[0, 0]):.6g}; "
            f"pass one, or declare {symbol.name} a scalar"
        )
    structure = STRUCTURES.get(symbol.structure)
    if structure is None or structure.is_unconstrained:
        return
    X = np.asarray(array, float)
    deviation = _deviation(structure, X)
    bound = float(jax.numpy.finfo(array.dtype).eps) ** 0.5 * np.abs(X).max(initial=0)
    if (deviation > bound).any():
        i, j = np.unravel_index(np.nanargmax(deviation), deviation.shape)
        where = f"entry ({i}, {j})" + (
            f" of {symbol.name}' {symbol.name} - I" if structure.residual is not None else ""
        )
        raise DomainError(
            f"{symbol.name}: expected a matrix that is {structure.name}, as declared; {where} is off by "
            f"{deviation[i, j]:.3g}; pass one, or declare {symbol.name} otherwise"
        )


def _deviation(structure: Structure, X: np.ndarray) -> np.ndarray:
    """How far every entry is from the nearest member of a linear structure, or the residual of a curved one."""
    with np.errstate(all="ignore"):
        return np.abs(structure.residual(X) if structure.residual is not None else X - structure.project(X, X))
