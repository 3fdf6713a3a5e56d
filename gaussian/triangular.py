"""Triangular kernels: L⁻¹y and |L⁻¹y|² for a lower triangular L, by whichever formulation is fastest at that size.

Which one is decided from shapes alone, so the same choice is made under jit. On a CPU a matrix product runs several
times faster than a triangular solve of the same size, and L⁻¹ followed by one product is as accurate as the solve up to
a condition of about 10¹⁰ of LLᵀ in float64: the rounding errors of both are bounded by cond(L), not by cond(LLᵀ).
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from matcalc.evaluation.factorisation import LEAF, invert_lower

UNROLL = 16  # up to this size |L⁻¹y|² of many points is one fused loop over them, at the speed of reading y
WIDE = 256  # from this size on products skip the blocks above the diagonal
STRIPS = 4  # into as many they are cut: of more the blocks are too small for a fast product


def apply(A: Float[Array, "*batch k d"], y: Float[Array, "*points d"]) -> Float[Array, "*points k"]:
    """A y at every point; the leading axes of y end in those of A."""
    if A.ndim == 2:
        return y @ A.T
    return jnp.einsum("...ij,...j->...i", A, y)


@jax.custom_jvp
def lower(L: Float[Array, "*batch d d"]) -> Float[Array, "*batch d d"]:
    """L, known to be lower triangular: of the tangent too only that triangle counts, so that a step leaves L so."""
    return L


@lower.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return primals[0], jnp.tril(tangents[0])


def apply_lower(L: Float[Array, "*batch d d"], y: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
    """L y at every point; the leading axes of y end in those of L."""
    if L.shape[-1] >= 2 * WIDE and _is_worth_cutting(L, y):  # below that all is lost in putting the strips together
        return jnp.concatenate(list(_strips(lower(L), y)), -1)
    return apply(lower(L), y)


def squared_norm_lower(L: Float[Array, "*batch d d"], y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
    """|L y|² at every point; the leading axes of y end in those of L."""
    if L.shape[-1] >= WIDE and _is_worth_cutting(L, y):
        return sum(map(squared_norm, _strips(lower(L), y)), start=jnp.zeros_like(y[..., 0]))
    return squared_norm(apply(lower(L), y))


def solve_lower(L: Float[Array, "*batch d d"], y: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
    """L⁻¹ y at every point; the leading axes of y end in those of L."""
    if _is_worth_inverting(L, y):
        return apply_lower(invert_lower(L), y)
    columns = jnp.moveaxis(y.reshape(_points(L, y), *L.shape[:-1]), 0, -1)
    return jnp.moveaxis(_solve(L, columns), -1, 0).reshape(y.shape)


def squared_norm_solve(L: Float[Array, "*batch d d"], y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
    """|L⁻¹ y|² at every point; the leading axes of y end in those of L."""
    d = L.shape[-1]
    if L.ndim == 2 and d <= UNROLL and _points(L, y) > d:
        z: list[Array] = []
        for i in range(d):  # forward substitution, unrolled: one pass over the points, only the result is stored
            z.append((y[..., i] - sum(L[i, j] * z[j] for j in range(i))) / L[i, i])
        return sum((t * t for t in z), start=jnp.zeros_like(y[..., 0]))
    if _is_worth_inverting(L, y):
        return squared_norm_lower(invert_lower(L), y)
    return squared_norm(solve_lower(L, y))


def squared_norm(y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
    """|y|² at every point."""
    return (y * y).sum(-1)


def diagonal(L: Float[Array, "*batch d d"]) -> Float[Array, "*batch d"]:
    """l_ii, the logarithms of which sum to log det L: every (d+1)th entry, which costs less than to gather them."""
    d = L.shape[-1]
    return L.reshape(*L.shape[:-2], d * d)[..., :: d + 1]


def _strips(L: Array, y: Array) -> Iterator[Array]:
    """L y, some rows of L after the other, each by the blocks that are not 0."""
    d = L.shape[-1]
    cuts = [i * d // STRIPS for i in range(STRIPS + 1)]
    parts = [slice(*ends) for ends in pairwise(cuts)]
    columns = [y[..., part] for part in parts]
    for i, rows in enumerate(parts):
        yield sum((columns[j] @ L[rows, parts[j]].T for j in range(i)), start=columns[i] @ L[rows, rows].T)


def _solve(L: Array, B: Array) -> Array:
    dtype = jnp.result_type(L, B)  # one for both is what LAPACK asks for
    return lax.linalg.triangular_solve(L.astype(dtype), B.astype(dtype), left_side=True, lower=True)


def _is_worth_inverting(L: Array, y: Array) -> bool:
    return _points(L, y) > max(L.shape[-1] // 4, LEAF + 1)


def _is_worth_cutting(L: Array, y: Array) -> bool:
    return L.ndim == 2 and _points(L, y) > LEAF


def _points(L: Array, y: Array) -> int:
    """Points for each matrix."""
    return math.prod(y.shape[: y.ndim - L.ndim + 1])
