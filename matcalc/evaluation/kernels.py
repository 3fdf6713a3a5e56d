"""The functions of the language on arrays (..., rows, columns), written once for NumPy and for JAX.

Each takes the operations of its namespace first (`arrays.NumPy` or `arrays.Jax`). All are analytic wherever the
function is, so that they take a complex step. At a kink they follow a convention: the derivative of abs, relu and norm2
at 0 is 0.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from matcalc import structure
from matcalc.evaluation import matrix_functions

Array = Any


def _scalar(a: Array) -> Array:
    return a[..., None, None]


def trace(ops: Any, a: Array) -> Array:
    """tr A."""
    return _scalar(ops.xp.trace(a, axis1=-2, axis2=-1))


def integer_power(a: Array, k: int) -> Array:
    """Every entry to the power k ≥ 1 by products: NumPy takes a complex logarithm beyond 100, which loses a step."""
    if k <= 64:
        return a**k
    half = integer_power(a, k // 2)
    return half * half * a if k % 2 else half * half


def total(ops: Any, a: Array) -> Array:
    """The sum of all entries."""
    return ops.xp.sum(a, axis=(-2, -1), keepdims=True)


def diagonal(ops: Any, a: Array) -> Array:
    """A vector into a diagonal matrix, or the diagonal of a matrix as a vector."""
    if a.shape[-1] == 1:
        return ops.xp.where(ops.xp.eye(a.shape[-2], dtype=bool), a.mT, 0)
    n = a.shape[-1]
    return a.reshape(*a.shape[:-2], n * n)[..., :: n + 1, None]


def norm2(ops: Any, a: Array) -> Array:
    """sqrt(sum a²); its derivative at 0 is 0, not NaN."""
    squares = total(ops, a * a)
    zero = squares == 0
    return ops.xp.where(zero, 0, ops.xp.sqrt(ops.xp.where(zero, 1, squares)))


def _sign(ops: Any, a: Array) -> Array:
    return ops.xp.sign(a.real).astype(a.dtype)


def _absolute(ops: Any, a: Array) -> Array:
    return a * _sign(ops, a)


def _step(ops: Any, a: Array) -> Array:
    return (a.real > 0).astype(a.dtype)


def _relu(ops: Any, a: Array) -> Array:
    return ops.xp.where(a.real <= 0, 0, a)


def _top(ops: Any, a: Array) -> Array:
    """The largest entry of a column, as a constant: what is subtracted before exponentials are taken."""
    top = ops.constant(ops.xp.max(a.real, axis=-2, keepdims=True))
    return ops.xp.where(ops.xp.isfinite(top), top, 0)


def logsumexp(ops: Any, a: Array) -> Array:
    """log sum exp a, without overflow."""
    top = _top(ops, a)
    return top + ops.xp.log(ops.xp.sum(ops.xp.exp(a - top), axis=-2, keepdims=True))


def softmax(ops: Any, a: Array) -> Array:
    """exp(a) / sum exp a, without overflow."""
    weights = ops.xp.exp(a - _top(ops, a))
    return weights / ops.xp.sum(weights, axis=-2, keepdims=True)


def vec(ops: Any, a: Array) -> Array:
    """The columns of A stacked."""
    return a.mT.reshape(*a.shape[:-2], a.shape[-2] * a.shape[-1], 1)


def unvec(ops: Any, a: Array, rows: int, columns: int) -> Array:
    """The matrix whose columns are stacked in a."""
    return a.reshape(*a.shape[:-2], columns, rows).mT


def kron(ops: Any, a: Array, b: Array) -> Array:
    """A ⊗ B: the blocks a_ij B."""
    product = a[..., :, None, :, None] * b[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], a.shape[-2] * b.shape[-2], a.shape[-1] * b.shape[-1])


def blocktrace(ops: Any, a: Array, count: int) -> Array:
    """The sum of the `count` diagonal blocks."""
    rows, columns = a.shape[-2] // count, a.shape[-1] // count
    blocks = a.reshape(*a.shape[:-2], count, rows, count, columns)
    return ops.xp.einsum("...iaib->...ab", blocks)


def rearrange(ops: Any, a: Array, rows: int, columns: int) -> Array:
    """The vec of every one of rows x columns blocks as a row, the blocks in the order of vec."""
    height, width = a.shape[-2] // rows, a.shape[-1] // columns
    blocks = a.reshape(*a.shape[:-2], rows, height, columns, width)
    return ops.xp.einsum("...iajb->...jiba", blocks).reshape(*a.shape[:-2], columns * rows, width * height)


def commutation_order(rows: int, columns: int) -> np.ndarray:
    """K vec(A) = vec(A)[order] = vec(Aᵀ) for A of shape rows x columns."""
    return np.arange(rows * columns).reshape(columns, rows).T.reshape(-1)


def commutation(ops: Any, rows: int, columns: int, dtype: Any) -> Array:
    """K with K vec(A) = vec(Aᵀ) for A of shape rows x columns."""
    return ops.xp.eye(rows * columns, dtype=dtype)[commutation_order(rows, columns)]


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "tr": trace,
    "det": lambda ops, a: ops.factorise(a).determinant,
    "logdet": lambda ops, a: ops.factorise(a).log_determinant,
    "inv": lambda ops, a: ops.factorise(a).inverse,
    "adj": matrix_functions.adjugate,
    "sum": total,
    "norm2": norm2,
    "norm1": lambda ops, a: total(ops, _absolute(ops, a)),
    "diag": diagonal,
    "vec": vec,
    "unvec": unvec,
    "kron": kron,
    "blocktrace": blocktrace,
    "rearrange": rearrange,
    "tril": lambda ops, a: ops.xp.tril(a),
    "triu": lambda ops, a: ops.xp.triu(a),
    "toeplitz": lambda ops, a: structure.ARRAYS.toeplitz(a),
    "toeplitz_mean": lambda ops, a: structure.ARRAYS.toeplitz_mean(a),
    "chol": lambda ops, a: ops.cholesky(a),
    "expm": lambda ops, a: ops.expm(a),
    "logm": matrix_functions.logm,
    "sqrtm": matrix_functions.sqrtm,
    "logsumexp": logsumexp,
    "softmax": softmax,
    **{f"frechet_{name}": matrix_functions.frechet(name) for name in ("expm", "logm", "sqrtm")},
}

SAME_NAME = ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arcsin", "arccos", "arctan", "sqrt")

ELEMENTWISE: dict[str, Callable[..., Array]] = {
    **{name: (lambda ops, a, name=name: getattr(ops.xp, name)(a)) for name in SAME_NAME},
    "abs": _absolute,
    "sign": _sign,
    "relu": _relu,
    "step": _step,
    "sigmoid": lambda ops, a: ops.sigmoid(a),
}
