"""The two triangular factors a Gaussian can be held by, each reached from its matrix without inverting anything.

Σ = L Lᵀ with L lower triangular, or Λ = Σ⁻¹ = WᵀW with W lower triangular: W = L⁻¹. Whatever is built from a covariance
keeps L, whatever is built from a precision keeps W, and both answer the same questions. The matrix itself is remembered
until a JAX transformation takes the pytree apart, so that within one function nothing is multiplied out again.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian import domain
from gaussian.pytree import pytree
from gaussian.triangular import (
    apply,
    apply_lower,
    diagonal,
    lower,
    solve_lower,
    squared_norm_lower,
    squared_norm_solve,
)
from matcalc.evaluation.factorisation import gram, invert_lower


@pytree
class CovarianceFactor:
    """L, lower triangular with a positive diagonal: Σ = L Lᵀ; its diagonal, and Σ as given, while known."""

    cholesky: Float[Array, "*batch d d"]
    # no leaves: L alone is the state, and what is differentiated
    diagonal: Float[Array, "*batch d"] | None = None
    known: Float[Array, "*batch d d"] | None = None

    @property
    def dimension(self) -> int:
        """D."""
        return self.cholesky.shape[-1]

    @property
    def whitener(self) -> Float[Array, "*batch d d"]:
        """W = L⁻¹."""
        return invert_lower(self.cholesky)

    @property
    def covariance(self) -> Float[Array, "*batch d d"]:
        """Σ = L Lᵀ."""
        if self.known is not None:
            return as_valid(self.known, self.cholesky)
        L = lower(self.cholesky)
        return L @ L.mT

    @property
    def precision(self) -> Float[Array, "*batch d d"]:
        """Λ = WᵀW."""
        return gram(self.whitener)

    @property
    def log_det(self) -> Float[Array, "*batch"]:
        """log det Σ = 2 Σ log l_ii."""
        return 2 * self.log_diagonal.sum(-1)

    @property
    def log_diagonal(self) -> Float[Array, "*batch d"]:
        """log l_ii."""
        return jnp.log(diagonal(self.cholesky) if self.diagonal is None else self.diagonal)

    def whiten(self, y: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """z = L⁻¹ y."""
        return solve_lower(self.cholesky, y)

    def unwhiten(self, z: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """y = L z."""
        return apply_lower(self.cholesky, z)

    def squared_norm(self, y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
        """yᵀ Σ⁻¹ y = |L⁻¹ y|²."""
        return squared_norm_solve(self.cholesky, y)


@pytree
class PrecisionFactor:
    """W, lower triangular with a positive diagonal: Λ = Σ⁻¹ = WᵀW; its diagonal, and Λ as given, while known."""

    whitener: Float[Array, "*batch d d"]
    diagonal: Float[Array, "*batch d"] | None = None
    known: Float[Array, "*batch d d"] | None = None

    @property
    def dimension(self) -> int:
        """D."""
        return self.whitener.shape[-1]

    @property
    def cholesky(self) -> Float[Array, "*batch d d"]:
        """L = W⁻¹."""
        return invert_lower(self.whitener)

    @property
    def covariance(self) -> Float[Array, "*batch d d"]:
        """Σ = L Lᵀ."""
        L = self.cholesky
        return L @ L.mT

    @property
    def precision(self) -> Float[Array, "*batch d d"]:
        """Λ = WᵀW."""
        return gram(lower(self.whitener)) if self.known is None else as_valid(self.known, self.whitener)

    @property
    def log_det(self) -> Float[Array, "*batch"]:
        """log det Σ = -2 Σ log w_ii."""
        return 2 * self.log_diagonal.sum(-1)

    @property
    def log_diagonal(self) -> Float[Array, "*batch d"]:
        """log l_ii = -log w_ii."""
        return -jnp.log(diagonal(self.whitener) if self.diagonal is None else self.diagonal)

    def whiten(self, y: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """z = W y."""
        return apply_lower(self.whitener, y)

    def unwhiten(self, z: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """y = W⁻¹ z."""
        return solve_lower(self.whitener, z)

    def squared_norm(self, y: Float[Array, "*points d"]) -> Float[Array, "*points"]:
        """yᵀ Λ y = |W y|²."""
        return squared_norm_lower(self.whitener, y)


Factor = CovarianceFactor | PrecisionFactor


def as_valid(known: Array, factor: Array) -> Array:
    """The matrix that was given, by the triangle that is factored; NaN where the factor is, for it was inadmissible."""
    return domain.symmetric(known) + 0 * factor[..., :1, :1]


def relative(p: Factor, q: Factor, y: Float[Array, "*batch d"]) -> tuple[Array, Array]:
    """E = L_p⁻¹ L_q - I, lower triangular, and L_p⁻¹ y: how much wider q is than p and how far y is, seen from p.

    E is exactly 0 for equal factors, and accurate also where it is small, for it is formed from differences,
    L_p⁻¹ (L_q - L_p) or (W_p - W_q) W_q⁻¹.
    """
    if isinstance(p, CovarianceFactor) and isinstance(q, CovarianceFactor):
        return _solved(p.cholesky, lower(q.cholesky - p.cholesky), y)
    if isinstance(p, PrecisionFactor) and isinstance(q, PrecisionFactor):
        return lower(p.whitener - q.whitener) @ q.cholesky, p.whiten(y)
    W = lower(p.whitener)
    return W @ lower(q.cholesky) - jnp.eye(W.shape[-1], dtype=W.dtype), apply(W, y)


def _solved(L: Array, A: Array, y: Array) -> tuple[Array, Array]:
    """L⁻¹A and L⁻¹y, as one system of d + 1 columns."""
    columns = jnp.concatenate([A, jnp.broadcast_to(y[..., None], (*A.shape[:-1], 1))], -1)
    solved = jnp.moveaxis(solve_lower(jnp.broadcast_to(L, A.shape), jnp.moveaxis(columns, -1, 0)), 0, -1)
    return solved[..., :-1], solved[..., -1]
