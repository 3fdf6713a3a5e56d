"""Matrices as vectors: vec, vech, and the duplication, elimination and commutation matrices.

Columns are stacked, and vech stacks the lower triangle column by column, as in Magnus & Neudecker [MN2019, ch. 2-3].
Everything works on the last two axes (or the last one) of NumPy and JAX arrays, batched, and keeps their dtype.
"""

from math import isqrt

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Float, Num

from matcalc.errors import ShapeError
from matcalc.structure import GENERAL, LOWER, SYMMETRIC, Array, namespace


def vec(A: Num[Array, "*batch m n"]) -> Num[Array, "*batch mn"]:
    """The columns of A below one another: entry (i, j) of an m x n matrix goes to i + j m [MN2019, sec. 2.4].

    ShapeError if A is not a matrix or a batch of matrices.
    """
    GENERAL.require_shape(A.shape, "A")
    *batch, m, n = A.shape
    return namespace(A).swapaxes(A, -1, -2).reshape(*batch, m * n)


def unvec(v: Num[Array, "*batch mn"], m: int, n: int) -> Num[Array, "*batch m n"]:
    """The m x n matrix A with vec A = v; ShapeError if v has not m n entries."""
    if v.shape[-1:] != (m * n,):
        raise ShapeError(f"v: a vec of a {m} x {n} matrix has shape (..., {m * n}), got {v.shape}; check m and n.")
    return namespace(v).swapaxes(v.reshape(*v.shape[:-1], n, m), -1, -2)


def vech(A: Num[Array, "*batch n n"]) -> Num[Array, "*batch k"]:
    """The lower triangle of A, column by column, k = n (n + 1) / 2 entries [MN2019, sec. 3.8].

    The entries above the diagonal are not read. ShapeError if A is not square.
    """
    SYMMETRIC.require_shape(A.shape, "A")
    return LOWER.free(A)


def unvech(v: Num[Array, "*batch k"]) -> Num[Array, "*batch n n"]:
    """The symmetric A with vech A = v; ShapeError if the length of v is not n (n + 1) / 2 for some n."""
    k = v.shape[-1] if v.shape else 0
    n = (isqrt(8 * k + 1) - 1) // 2
    if k == 0 or n * (n + 1) != 2 * k:
        raise ShapeError(
            f"v: a vech has shape (..., n (n + 1) / 2), so 1, 3, 6, 10, ... entries, got {v.shape}; "
            "use unvec for all entries of a matrix."
        )
    return SYMMETRIC.fill(v, n)


def duplication_matrix(n: int, dtype: DTypeLike | None = None) -> Float[jax.Array, "nn k"]:
    """D_n with vec A = D_n vech A for symmetric n x n A; n² x n (n + 1) / 2, dense [MN2019, sec. 3.8].

    The dtype is JAX's default float unless given. For large n use `unvech`, and `vech` of the entrywise reading for
    the transpose: D_nᵀ vec G = vech(G + Gᵀ - G ⊙ I).
    """
    return jnp.asarray(vec(SYMMETRIC.basis(n)).T, dtype)


def elimination_matrix(n: int, dtype: DTypeLike | None = None) -> Float[jax.Array, "k nn"]:
    """L_n with vech A = L_n vec A for every n x n A; n (n + 1) / 2 x n², dense [Magnus & Neudecker 1980].

    The dtype is JAX's default float unless given.
    """
    return jnp.asarray(vec(LOWER.basis(n)), dtype)


def commutation_matrix(m: int, n: int, dtype: DTypeLike | None = None) -> Float[jax.Array, "mn mn"]:
    """K_mn with K_mn vec A = vec Aᵀ for every m x n A; mn x mn, a permutation, dense [MN2019, sec. 3.7].

    The dtype is JAX's default float unless given.
    """
    return jnp.asarray(vec(GENERAL.basis(m, n).swapaxes(-1, -2)).T, dtype)
