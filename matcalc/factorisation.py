"""One factorisation of a matrix for its inverse, determinant and linear systems, in JAX.

A matrix is factorised once, on a constant copy, and what is asked of it has a derivative of its own, so that none goes
through a factorisation. Triangles are inverted, and the Cholesky factor is found together with its inverse, by halves:
nearly all of that is matrix products, which XLA does about twice as fast as LAPACK's triangular solves, and a product
with L⁻¹ is as accurate as a triangular solve up to a condition number of 1e10.
"""

from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol, Self

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Float, Int

from matcalc.arrays import Jax

Matrix = Float[jax.Array, "*batch n n"]
Columns = Float[jax.Array, "*batch n k"]
Scalar = Float[jax.Array, "*batch"]

LEAF = 64  # up to this size one call of LAPACK is faster than two halves
WIDE = 4  # a system with at least n / WIDE right-hand sides is solved by the inverse triangles


# --- triangles by halves ---------------------------------------------------------------------------------------------

solve_triangular = partial(lax.linalg.triangular_solve, left_side=True)


def _quarters(a: Matrix) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    half = a.shape[-1] // 2
    return a[..., :half, :half], a[..., :half, half:], a[..., half:, :half], a[..., half:, half:]


def _join(a11: jax.Array, a12: jax.Array, a21: jax.Array, a22: jax.Array) -> Matrix:
    upper, lower = jnp.concatenate([a11, a12], -1), jnp.concatenate([a21, a22], -1)
    return jnp.concatenate([upper, lower], -2)


@partial(jax.jit, static_argnames="unit")
def invert_lower(lower: Matrix, unit: bool = False) -> Matrix:
    """L⁻¹; neither the entries above the diagonal are read, nor the diagonal where it is `unit`."""
    if lower.shape[-1] <= LEAF:
        identity = jnp.broadcast_to(jnp.eye(lower.shape[-1], dtype=lower.dtype), lower.shape)
        return solve_triangular(lower, identity, lower=True, unit_diagonal=unit)
    l11, l12, l21, l22 = _quarters(lower)
    w11, w22 = invert_lower(l11, unit), invert_lower(l22, unit)
    return _join(w11, jnp.zeros_like(l12), -w22 @ (l21 @ w11), w22)


@jax.jit
def upper_times_lower(upper: Matrix, lower: Matrix) -> Matrix:
    """U L, for half the price of a full product."""
    if upper.shape[-1] <= 2 * LEAF:
        return upper @ lower
    u11, u12, _, u22 = _quarters(upper)
    l11, _, l21, l22 = _quarters(lower)
    return _join(upper_times_lower(u11, l11) + u12 @ l21, u12 @ l22, u22 @ l21, upper_times_lower(u22, l22))


@jax.jit
def cholesky_and_inverse(a: Matrix) -> tuple[Matrix, Matrix]:
    """L and L⁻¹ with A = L Lᵀ, from the lower triangle of A; NaN where A is not positive definite."""
    if a.shape[-1] <= LEAF:
        lower = lax.linalg.cholesky(a, symmetrize_input=False)
        return lower, invert_lower(lower)
    a11, a12, a21, a22 = _quarters(a)
    l11, w11 = cholesky_and_inverse(a11)
    l21 = a21 @ w11.mT
    l22, w22 = cholesky_and_inverse(a22 - l21 @ l21.mT)
    zero = jnp.zeros_like(a12)
    return _join(l11, zero, l21, l22), _join(w11, zero, -w22 @ (l21 @ w11), w22)


# --- the parts of a factorised matrix --------------------------------------------------------------------------------


def _diagonal(a: Matrix) -> Float[jax.Array, "*batch n"]:
    return jnp.diagonal(a, axis1=-2, axis2=-1)


def _is_wide(b: Columns) -> bool:
    return b.shape[-1] * WIDE >= b.shape[-2] > LEAF


class _Parts(Protocol):
    """What is known of a factorised matrix, without derivatives."""

    @classmethod
    def of(cls, a: Matrix) -> Self: ...

    def inverse(self) -> Matrix: ...

    def solve(self, b: Columns, transposed: bool) -> Columns: ...

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        """Numbers whose product is the determinant."""


class _Cholesky(NamedTuple):
    """A = L Lᵀ, positive definite; W = L⁻¹."""

    lower: Matrix
    inverse_lower: Matrix

    @classmethod
    def of(cls, a: Matrix) -> "_Cholesky":
        return cls(*cholesky_and_inverse(a))

    def inverse(self) -> Matrix:
        return upper_times_lower(self.inverse_lower.mT, self.inverse_lower)

    def solve(self, b: Columns, transposed: bool) -> Columns:
        return self.inverse_lower.mT @ (self.inverse_lower @ b)

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        return _diagonal(self.lower) ** 2


class _LU(NamedTuple):
    """A[order] = L U, by LAPACK with partial pivoting; both in one matrix."""

    both: Matrix
    pivots: Int[jax.Array, "*batch n"]
    order: Int[jax.Array, "*batch n"]

    @classmethod
    def of(cls, a: Matrix) -> "_LU":
        return cls(*lax.linalg.lu(a))

    def inverse(self) -> Matrix:
        u, l = invert_lower(self.both.mT).mT, invert_lower(self.both, unit=True)
        return _rows(upper_times_lower(u, l).mT, jnp.argsort(self.order)).mT

    def solve(self, b: Columns, transposed: bool) -> Columns:
        if _is_wide(b):
            inverse = self.inverse()
            return (inverse.mT if transposed else inverse) @ b
        if transposed:
            y = solve_triangular(self.both, b, transpose_a=True)
            y = solve_triangular(self.both, y, transpose_a=True, lower=True, unit_diagonal=True)
            return _rows(y, jnp.argsort(self.order))
        y = solve_triangular(self.both, _rows(b, self.order), lower=True, unit_diagonal=True)
        return solve_triangular(self.both, y)

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        swapped = self.pivots != jnp.arange(self.pivots.shape[-1])
        return _diagonal(self.both) * jnp.where(swapped, -1, 1).astype(self.both.dtype)


def _rows(b: Columns, order: Int[jax.Array, "*batch n"]) -> Columns:
    return jnp.take_along_axis(b, order[..., None], -2)


class _Lower(NamedTuple):
    """A lower triangular matrix as it is."""

    lower: Matrix

    @classmethod
    def of(cls, a: Matrix) -> "_Lower":
        return cls(a)

    def inverse(self) -> Matrix:
        return invert_lower(self.lower)

    def solve(self, b: Columns, transposed: bool) -> Columns:
        if _is_wide(b):
            inverse = self.inverse()
            return (inverse.mT if transposed else inverse) @ b
        return solve_triangular(self.lower, b, transpose_a=transposed, lower=True)

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        return _diagonal(self.lower)


class _Diagonal(NamedTuple):
    """A diagonal matrix by its diagonal."""

    entries: Float[jax.Array, "*batch n"]

    @classmethod
    def of(cls, a: Matrix) -> "_Diagonal":
        return cls(_diagonal(a))

    def inverse(self) -> Matrix:
        n = self.entries.shape[-1]
        return jnp.where(jnp.eye(n, dtype=bool), 1 / self.entries[..., None], 0)

    def solve(self, b: Columns, transposed: bool) -> Columns:
        return b / self.entries[..., None]

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        return self.entries


KINDS: dict[str, type[_Parts]] = {"spd": _Cholesky, "lower": _Lower, "diagonal": _Diagonal, "general": _LU}


# --- with derivatives ------------------------------------------------------------------------------------------------


@jax.custom_jvp
def _inverse(a: Matrix, parts: _Parts) -> Matrix:
    """A⁻¹, with d(A⁻¹) = -A⁻¹ dA A⁻¹."""
    return parts.inverse()


@_inverse.defjvp
def _(primals: Any, tangents: Any) -> tuple[Matrix, Matrix]:
    inverse = _inverse(*primals)
    return inverse, -inverse @ tangents[0] @ inverse


@jax.custom_jvp
def _log_determinant(a: Matrix, parts: _Parts) -> Scalar:
    """log |det A|, with d log |det A| = tr(A⁻¹ dA)."""
    return jnp.sum(jnp.log(jnp.abs(parts.diagonal())), -1)


@_log_determinant.defjvp
def _(primals: Any, tangents: Any) -> tuple[Scalar, Scalar]:
    return _log_determinant(*primals), jnp.sum(_inverse(*primals).mT * tangents[0], (-2, -1))


@jax.custom_jvp
def _determinant(a: Matrix, parts: _Parts) -> Scalar:
    """det A; JAX's own derivative, because it exists where A is singular."""
    return jnp.prod(parts.diagonal(), -1)


@_determinant.defjvp
def _(primals: Any, tangents: Any) -> tuple[Scalar, Scalar]:
    return _determinant(*primals), jax.jvp(jnp.linalg.det, primals[:1], tangents[:1])[1]


class Factorised:
    """A matrix and its factorisation, for everything that is asked of it."""

    def __init__(self, a: Matrix, kind: str = "general") -> None:
        self.a, self.parts = a, KINDS[kind].of(lax.stop_gradient(a))

    @cached_property
    def inverse(self) -> Matrix:
        """A⁻¹."""
        return _inverse(self.a, self.parts)

    @cached_property
    def determinant(self) -> Float[jax.Array, "*batch 1 1"]:
        """det A."""
        return _determinant(self.a, self.parts)[..., None, None]

    @cached_property
    def log_determinant(self) -> Float[jax.Array, "*batch 1 1"]:
        """log |det A|."""
        return _log_determinant(self.a, self.parts)[..., None, None]

    def solve(self, b: Columns, transposed: bool = False) -> Columns:
        """A⁻¹ B, or A⁻ᵀ B."""
        if "inverse" in self.__dict__:  # it is needed anyway
            return (self.inverse.mT if transposed else self.inverse) @ b
        a = self.a.mT if transposed else self.a
        return lax.custom_linear_solve(
            lambda x: a @ x,
            jnp.broadcast_to(b, jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:]),
            lambda _, r: self.parts.solve(r, transposed),
            lambda _, r: self.parts.solve(r, not transposed),
        )


class FactorisingJax(Jax):
    """JAX with these factorisations, for an expression whose symbols are what they are declared to be."""

    uses_structure = True

    def factorise(self, a: Matrix, kind: str = "general") -> Factorised:
        """The factorisation of one matrix of a kind, for everything that is asked of it."""
        return Factorised(a, kind)
