"""One factorisation of a matrix for its inverse, determinant and linear systems, in JAX.

A matrix is factorised once, on a constant copy, and what is asked of it has a derivative of its own, so that none goes
through a factorisation. Triangles are inverted by halves: nearly all of that is matrix products, which take XLA a third
of the time of LAPACK's triangular solves with as many right-hand sides as rows.
"""

from functools import partial
from typing import Any, NamedTuple, Protocol, Self

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Float, Int

from matcalc.evaluation.arrays import Jax, transposed_product
from matcalc.evaluation.matrix_functions import ADJUGATE_BY_TRACES, adjugate
from matcalc.lazy import cached_property

Matrix = Float[jax.Array, "*batch n n"]
Columns = Float[jax.Array, "*batch n k"]
Rows = Float[jax.Array, "*batch k n"]
Scalar = Float[jax.Array, "*batch"]

LEAF = 64  # up to this size one triangular solve is faster than two halves
NARROW = 2  # a system with at most n / NARROW right-hand sides is solved, a wider one takes the inverse
LARGE = 256  # and up to this size two triangular solves are faster than inverting both factors of A = L U

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


def gram(v: Matrix, w: Matrix | None = None) -> Matrix:
    """Vᵀ W for two lower triangles, or Vᵀ V, for half the price of a full product."""
    if v.shape[-1] <= LEAF:
        return v.mT @ (v if w is None else w)
    v11, _, v21, v22 = _quarters(v)
    w11, _, w21, w22 = _quarters(v if w is None else w)
    left, right = lax.optimization_barrier((v21.mT, v22.mT))  # a product with a transposed copy is faster
    upper = left @ w22
    if w is None:
        return _join(gram(v11) + left @ v21, upper, upper.mT, gram(v22))
    return _join(gram(v11, w11) + left @ w21, upper, right @ w21, gram(v22, w22))


# --- the parts of a factorised matrix --------------------------------------------------------------------------------


def _diagonal(a: Matrix) -> Float[jax.Array, "*batch n"]:
    return jnp.diagonal(a, axis1=-2, axis2=-1)


class _Parts(Protocol):
    """What is known of a factorised matrix, without derivatives."""

    @classmethod
    def of(cls, a: Matrix) -> Self: ...

    def inverse(self) -> Matrix: ...

    def solve(self, b: Columns, transposed: bool) -> Columns: ...

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        """Numbers whose product is the determinant."""


class _Cholesky(NamedTuple):
    """A = L Lᵀ, positive definite, from the lower triangle of A; NaN where it is not."""

    lower: Matrix

    @classmethod
    def of(cls, a: Matrix) -> "_Cholesky":
        return cls(lax.linalg.cholesky(a, symmetrize_input=False))

    def inverse(self) -> Matrix:
        return gram(invert_lower(self.lower))

    def solve(self, b: Columns, transposed: bool) -> Columns:
        y = solve_triangular(self.lower, b, lower=True)
        return solve_triangular(self.lower, y, lower=True, transpose_a=True)

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        return _diagonal(self.lower) ** 2


class _LU(NamedTuple):
    """A[order] = L U, with partial pivoting; both in one matrix."""

    both: Matrix
    pivots: Int[jax.Array, "*batch n"]
    order: Int[jax.Array, "*batch n"]

    @classmethod
    def of(cls, a: Matrix) -> "_LU":
        return cls(*lax.linalg.lu(a))

    def inverse(self) -> Matrix:
        n = self.both.shape[-1]
        if n <= LARGE:
            return self.solve(jnp.broadcast_to(jnp.eye(n, dtype=self.both.dtype), self.both.shape), transposed=False)
        product = gram(invert_lower(self.both.mT), invert_lower(self.both, unit=True))
        return _rows(product.mT, jnp.argsort(self.order)).mT

    def solve(self, b: Columns, transposed: bool) -> Columns:
        if transposed:
            y = solve_triangular(self.both, b, transpose_a=True)
            y = solve_triangular(self.both, y, lower=True, unit_diagonal=True, transpose_a=True)
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
        return solve_triangular(self.lower, b, lower=True, transpose_a=transposed)

    def solve_right(self, b: Rows, transposed: bool) -> Rows:
        """B L⁻¹, or B L⁻ᵀ."""
        return lax.linalg.triangular_solve(self.lower, b, left_side=False, lower=True, transpose_a=transposed)

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
        return jnp.where(jnp.eye(n, dtype=bool), 1 / self.entries[..., None, :], 0)

    def solve(self, b: Columns, transposed: bool) -> Columns:
        return b / self.entries[..., None]

    def diagonal(self) -> Float[jax.Array, "*batch n"]:
        return self.entries


# A psd matrix with an inverse is spd.
KINDS: dict[str, type[_Parts]] = {
    "diagonal": _Diagonal,
    "lower": _Lower,
    "spd": _Cholesky,
    "psd": _Cholesky,
    "general": _LU,
}


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
    """det A, with d det A = tr(adj(A) dA): it has a derivative where A is singular."""
    return jnp.prod(parts.diagonal(), -1)


@_determinant.defjvp
def _(primals: Any, tangents: Any) -> tuple[Scalar, Scalar]:
    a, parts = primals
    determinant = _determinant(a, parts)
    return determinant, jnp.sum(_adjugate(a, parts, determinant).mT * tangents[0], (-2, -1))


def _adjugate(a: Matrix, parts: _Parts, determinant: Scalar) -> Matrix:
    """adj A = det(A) A⁻¹, and by other means where that is 0 times infinity."""
    regular = (jnp.abs(parts.diagonal()) > 0).all()
    return lax.cond(
        regular, lambda: determinant[..., None, None] * _inverse(a, parts), lambda: _adjugate_of_singular(a)
    )


def _adjugate_of_singular(a: Matrix) -> Matrix:
    """adj(U S Vᵀ) = det(U) det(V) V adj(S) Uᵀ, with the product of all the other singular values for each."""
    if a.shape[-1] <= ADJUGATE_BY_TRACES:
        return adjugate(FactorisingJax(), a)
    u, s, vt = jnp.linalg.svd(a)
    one = jnp.ones_like(s[..., :1])
    before = jnp.concatenate([one, jnp.cumprod(s[..., :-1], -1)], -1)
    after = jnp.concatenate([jnp.cumprod(s[..., :0:-1], -1)[..., ::-1], one], -1)
    orientation = lax.stop_gradient(jnp.sign(jnp.linalg.det(u) * jnp.linalg.det(vt)))[..., None, None]
    return orientation * (vt.mT * (before * after)[..., None, :]) @ u.mT


class Factorised:
    """A matrix and its factorisation, for everything that is asked of it."""

    def __init__(self, a: Matrix, kind: str = "general") -> None:
        self.a, self.kind = a, kind
        self.parts = KINDS[kind].of(lax.stop_gradient(a))

    @cached_property
    def inverse(self) -> Matrix:
        """A⁻¹."""
        return _inverse(self.a, self.parts)

    @cached_property
    def determinant(self) -> Float[jax.Array, "*batch 1 1"]:
        """det A; 0 for a psd matrix that has no Cholesky factor."""
        value = _determinant(self.a, self.parts)[..., None, None]
        if self.kind != "psd":
            return value
        return jnp.where(jnp.isnan(value) & jnp.isfinite(self.a).all((-2, -1), keepdims=True), 0, value)

    @cached_property
    def log_determinant(self) -> Float[jax.Array, "*batch 1 1"]:
        """log |det A|."""
        return _log_determinant(self.a, self.parts)[..., None, None]

    def solves(self, columns: int) -> bool:
        """Whether a system with so many right-hand sides is better solved than multiplied by the inverse."""
        n = self.a.shape[-1]
        is_cheap = columns * NARROW <= n or self.kind == "diagonal" or (self.kind == "lower" and n <= LEAF)
        return is_cheap and "inverse" not in self.__dict__

    def solve(self, b: Columns, transposed: bool = False) -> Columns:
        """A⁻¹ B, or A⁻ᵀ B."""
        if not self.solves(b.shape[-1]):
            return transposed_product(self.inverse, b) if transposed else self.inverse @ b
        a = self.a.mT if transposed else self.a
        return lax.custom_linear_solve(
            lambda x: a @ x,
            _broadcast(b, a),
            lambda _, r: self.parts.solve(r, transposed),
            lambda _, r: self.parts.solve(r, not transposed),
        )

    def solve_right(self, b: Rows, transposed: bool = False) -> Rows:
        """B A⁻¹, or B A⁻ᵀ; for a triangle without a transposed copy of B."""
        if not (isinstance(self.parts, _Lower) and self.solves(b.shape[-2])):
            return self.solve(b.mT, not transposed).mT
        a, solve = self.a.mT if transposed else self.a, self.parts.solve_right
        return lax.custom_linear_solve(
            lambda x: x @ a,
            _broadcast(b, a),
            lambda _, r: solve(r, transposed),
            lambda _, r: solve(r, not transposed),
        )


def _broadcast(b: jax.Array, a: Matrix) -> jax.Array:
    return jnp.broadcast_to(b, (*jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))


class FactorisingJax(Jax):
    """JAX with these factorisations, for an expression whose symbols are what they are declared to be."""

    uses_structure = True

    def factorise(self, a: Matrix, kind: str = "general") -> Factorised:
        """The factorisation of one matrix of a kind, for everything that is asked of it."""
        return Factorised(a, kind)
