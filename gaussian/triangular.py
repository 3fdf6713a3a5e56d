"""Triangular kernels: L⁻¹y and |L⁻¹y|² for a lower triangular L, by whichever formulation is fastest at that size.

Which one is decided from shapes alone, so the same choice is made under jit. On a CPU a matrix product runs several
times faster than a triangular solve of the same size, and L⁻¹ followed by one product is as accurate as the solve up to
a condition of about 10¹⁰ of LLᵀ in float64: the rounding errors of both are bounded by cond(L), not by cond(LLᵀ).
Large triangles go by strips of rows, so that the half which is 0 is not multiplied.
"""

import math
from functools import reduce
from itertools import pairwise
from operator import add, sub

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from matcalc.evaluation.factorisation import LEAF, invert_lower

UNROLL = 16  # up to this size |L⁻¹y|² of many points is one fused loop over them, at the speed of reading y
STRIPS = 4  # a large L is cut into as many: of more the blocks are too small for a fast product
APART, TOGETHER = 256, 512  # from which size on, if the strips may stay apart or what is saved goes into joining them


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
    return jnp.concatenate(_product(lower(L), y, _strips(L, y, TOGETHER)), -1)


def squared_norm_lower(L: Float[Array, "*batch d d"], y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
    """|L y|² at every point; the leading axes of y end in those of L."""
    return reduce(add, map(squared_norm, _product(lower(L), y, _strips(L, y, APART))))


def solve_lower(L: Float[Array, "*batch d d"], y: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
    """L⁻¹ y at every point; the leading axes of y end in those of L."""
    if _are_many(L, y):
        return jnp.concatenate(_substitution(L, y, _strips(L, y, TOGETHER)), -1)
    columns = jnp.moveaxis(y.reshape(_points(L, y), *L.shape[:-1]), 0, -1)
    return jnp.moveaxis(_solve(L, columns), -1, 0).reshape(y.shape)


def squared_norm_solve(L: Float[Array, "*batch d d"], y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
    """|L⁻¹ y|² at every point; the leading axes of y end in those of L."""
    d = L.shape[-1]
    if L.ndim == 2 and d <= UNROLL and _points(L, y) > d:
        z: list[Array] = []
        for i in range(d):  # one pass over the points, and nothing but the result is stored
            z.append((y[..., i] - sum(L[i, j] * z[j] for j in range(i))) / L[i, i])
        return sum((t * t for t in z), start=jnp.zeros_like(y[..., 0]))
    if _are_many(L, y):
        return reduce(add, map(squared_norm, _substitution(L, y, _strips(L, y, APART))))
    return squared_norm(solve_lower(L, y))


def squared_norm(y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
    """|y|² at every point."""
    return (y * y).sum(-1)


def diagonal(L: Float[Array, "*batch d d"]) -> Float[Array, "*batch d"]:
    """l_ii, the logarithms of which sum to log det L: every (d+1)th entry, which costs less than to gather them."""
    d = L.shape[-1]
    return L.reshape(*L.shape[:-2], d * d)[..., :: d + 1]


def _strips(L: Array, y: Array, wide: int) -> list[slice]:
    """The rows of L in STRIPS parts, or in one where it is not as wide, or the points are few."""
    d = L.shape[-1]
    count = STRIPS if L.ndim == 2 and d >= wide and _are_many(L, y) else 1
    return [slice(*ends) for ends in pairwise(i * d // count for i in range(count + 1))]


def _product(L: Array, y: Array, strips: list[slice]) -> list[Array]:
    """L y strip by strip, without the blocks above the diagonal."""
    columns = [y[..., strip] for strip in strips]
    blocks = [[L[..., rows, strip] for strip in strips[: i + 1]] for i, rows in enumerate(strips)]
    return [reduce(add, map(apply, row, columns)) for row in blocks]


def _substitution(L: Array, y: Array, strips: list[slice]) -> list[Array]:
    """L⁻¹ y strip by strip: forward substitution, of which only the blocks on the diagonal are inverted."""
    z: list[Array] = []
    for rows in strips:
        known = (apply(L[..., rows, strip], part) for strip, part in zip(strips, z, strict=False))
        z.append(apply(invert_lower(L[..., rows, rows]), reduce(sub, known, y[..., rows])))
    return z


def _solve(L: Array, B: Array) -> Array:
    dtype = jnp.result_type(L, B)  # one for both is what LAPACK asks for
    return lax.linalg.triangular_solve(L.astype(dtype), B.astype(dtype), left_side=True, lower=True)


def _are_many(L: Array, y: Array) -> bool:
    """Whether matrix products with an inverse pay, which LAPACK's solve does without."""
    return _points(L, y) > max(L.shape[-1] // 4, LEAF + 1)


def _points(L: Array, y: Array) -> int:
    """Points for each matrix."""
    return math.prod(y.shape[: y.ndim - L.ndim + 1])
