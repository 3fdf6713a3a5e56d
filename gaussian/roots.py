"""Square roots and polar factors, differentiable as often as one likes, also where eigenvalues coincide.

The derivatives of `eigh` and `svd` divide by differences of eigenvalues; those of a root only by their sums. So each
function here carries its own rule, in terms of one Sylvester equation.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float


@jax.custom_jvp
def smooth_root(s: Float[Array, "*batch"], floor: Float[Array, "*batch"] | float = 0.0) -> Float[Array, "*batch"]:
    """√s for a squared distance s ≥ 0; its derivative, infinite at 0, is defined as 0 where s ≤ floor, its rounding."""
    return jnp.sqrt(s)


@smooth_root.defjvp
def _(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    s, floor = primals
    root, vanishes = smooth_root(s, floor), s <= floor
    return root, jnp.where(vanishes, 0, tangents[0] / jnp.where(vanishes, 1, 2 * root))


def sylvester(H: Float[Array, "*batch d d"], C: Float[Array, "*batch d d"]) -> Float[Array, "*batch d d"]:
    """X with H X + X H = C, for symmetric positive definite H: in its eigenbasis x_ij = c_ij / (λ_i + λ_j)."""

    def solve(_: object, C: Array) -> Array:
        eigenvalues, V = jnp.linalg.eigh(H)
        return V @ ((V.mT @ C @ V) / (eigenvalues[..., :, None] + eigenvalues[..., None, :])) @ V.mT

    # the solution is differentiated through the equation, never through `eigh`
    return lax.custom_linear_solve(lambda X: H @ X + X @ H, C, solve, symmetric=True)


@jax.custom_jvp
def symmetric_root(S: Float[Array, "*batch d d"]) -> Float[Array, "*batch d d"]:
    """Σ^(1/2) = U diag(λ^(1/2)) Uᵀ, symmetric positive definite, for Σ = U diag(λ) Uᵀ [N6].

    R = Σ^(1/2) has R dR + dR R = dΣ. The symmetric part of Σ is taken.
    """
    eigenvalues, U = jnp.linalg.eigh(S)
    return (U * jnp.sqrt(eigenvalues)[..., None, :]) @ U.mT


@symmetric_root.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    R, dS = symmetric_root(*primals), tangents[0]
    return R, sylvester(R, (dS + dS.mT) / 2)


@jax.custom_jvp
def polar(M: Float[Array, "*batch d d"]) -> Float[Array, "*batch d d"]:
    """Q orthogonal in M = Q H with H symmetric positive definite: the orthogonal matrix nearest to M.

    dQ = Q Ω with H Ω + Ω H = QᵀdM - dMᵀQ, skew.
    """
    U, _, Vt = jnp.linalg.svd(M)
    return U @ Vt


@polar.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (M,), (dM,) = primals, tangents
    Q = polar(M)
    H = Q.mT @ M
    T = Q.mT @ dM
    return Q, Q @ sylvester((H + H.mT) / 2, T - T.mT)
