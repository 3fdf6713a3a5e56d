"""The first two moments, and the cumulants of any order, as derivatives of the log normaliser: none is typed in.

There are six routes. Each takes (μ, Σ), differentiates `log_normaliser` in its own parametrisation by
`matcalc.gradient.grad`, and solves what differentiating under the integral sign says for the moment. With y = x - μ:

    mean          ∂A/∂μ = Σ⁻¹E[y], and ∂²A/∂μ² + ∂A/∂μ ∂A/∂μᵀ = Σ⁻¹E[yyᵀ]Σ⁻¹ - Σ⁻¹                            [N12, N13]
    covariance    ∂A/∂Σ = ½ (2S - S⊙I), S = Σ⁻¹E[yyᵀ]Σ⁻¹                                                      [N28-N32]
    precision     ∂A/∂Λ = -½ (2S - S⊙I), S = E[yyᵀ]                                                          [N33, N34]
    cholesky      ∂A/∂L = tril(L⁻ᵀS), S = E[zzᵀ], z = L⁻¹y                                                        [N35]
    natural       ∂A/∂η₁ = E[x], ∂A/∂η₂ = 2S - S⊙I, S = E[xxᵀ]; ∂²A/∂η₁² is the covariance
    substitution  x = Σ^(1/2) z + μ, and each z_i has the one-dimensional moments                      [N7-N10, N15-N18]

Derivatives by a symmetric matrix are by its free entries, as in the note, whence 2S - S⊙I; it is undone by `_undo`.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian.normaliser import log_normaliser
from gaussian.parameters import MeanCholesky, MeanCovariance, MeanPrecision, Natural
from gaussian.pytree import pytree
from gaussian.roots import symmetric_root
from gaussian.triangular import apply
from matcalc.errors import MatcalcError
from matcalc.evaluation.factorisation import invert_lower
from matcalc.gradient import grad
from matcalc.structure import ARRAYS, LOWER, SPD, SYMMETRIC


@pytree
class Moments:
    """E[x], E[x xᵀ] and the covariance E[x xᵀ] - E[x] E[x]ᵀ."""

    mean: Float[Array, "*batch d"]
    second: Float[Array, "*batch d d"]
    covariance: Float[Array, "*batch d d"]


@partial(jax.jit, static_argnames="route")
def moments(mean: Float[Array, " d"], covariance: Float[Array, "d d"], route: str = "natural") -> Moments:
    """The moments of N(μ, Σ) by one of the six routes of this module; MatcalcError for another one.

    No closed form is used: what comes out agrees with (μ, Σ) because the derivatives do [N10, N13, N18, N32, N34, N35].
    """
    if route not in ROUTES:
        raise MatcalcError(f"unknown route {route!r} to the moments: expected one of {', '.join(ROUTES)}.")
    return ROUTES[route](mean, covariance)


def _by_mean(mu: Array, S: Array) -> Moments:
    def A(m: Array) -> Array:
        return log_normaliser(MeanCovariance(m, S))

    g = jax.grad(A)(mu)
    H = jax.hessian(A)(mu) + jnp.outer(g, g)
    return _from_deviation(mu, S @ g, S @ (H + jnp.linalg.inv(S)) @ S)


def _by_covariance(mu: Array, S: Array) -> Moments:
    G = grad(lambda S: log_normaliser(MeanCovariance(mu, S)), SPD)(S)
    return _from_deviation(mu, jnp.zeros_like(mu), S @ (2 * _undo(G)) @ S)


def _by_precision(mu: Array, S: Array) -> Moments:
    G = grad(lambda P: log_normaliser(MeanPrecision(mu, P)), SPD)(jnp.linalg.inv(S))
    return _from_deviation(mu, jnp.zeros_like(mu), -2 * _undo(G))


def _by_cholesky(mu: Array, S: Array) -> Moments:
    L = jnp.linalg.cholesky(S)
    G = grad(lambda L: log_normaliser(MeanCholesky(mu, L)), LOWER)(L)
    # L⁻ᵀE[zzᵀ] = G + U with U strictly upper, so E[zzᵀ] = LᵀG + LᵀU, and LᵀU is strictly upper too
    below = jnp.tril(L.T @ G)
    zz = below + jnp.tril(below, -1).T
    return _from_deviation(mu, jnp.zeros_like(mu), L @ zz @ L.T)


def _by_natural(mu: Array, S: Array) -> Moments:
    P = jnp.linalg.inv(S)
    eta1, eta2 = P @ mu, -(P + P.T) / 4
    mean = jax.grad(lambda h: log_normaliser(Natural(h, eta2)))(eta1)
    second = _undo(grad(lambda J: log_normaliser(Natural(eta1, J)), SYMMETRIC)(eta2))
    return Moments(mean, second, jax.hessian(lambda h: log_normaliser(Natural(h, eta2)))(eta1))


def _by_substitution(mu: Array, S: Array) -> Moments:
    one, none = jnp.ones((1, 1), mu.dtype), jnp.zeros(1, mu.dtype)
    z = jax.grad(lambda h: log_normaliser(Natural(h, -one / 2)))(none)[0]
    z_squared = -2 * jax.grad(lambda P: log_normaliser(MeanPrecision(none, P)))(one)[0, 0]
    d = len(mu)
    zz = jnp.where(jnp.eye(d, dtype=bool), z_squared, z * z)  # the integral factorises off the diagonal
    root = symmetric_root(S)
    return _from_deviation(mu, root @ jnp.full(d, z), root @ zz @ root)


ROUTES: dict[str, Callable[[Array, Array], Moments]] = {
    "mean": _by_mean,
    "covariance": _by_covariance,
    "precision": _by_precision,
    "cholesky": _by_cholesky,
    "natural": _by_natural,
    "substitution": _by_substitution,
}


def _from_deviation(mu: Array, y: Array, yy: Array) -> Moments:
    """From E[y] and E[yyᵀ], y = x - μ."""
    mean = mu + y
    return Moments(mean, yy + jnp.outer(mean, mean), yy - jnp.outer(y, y))


def _undo(G: Array) -> Array:
    """S from G = 2S - S⊙I: half of G + G⊙I."""
    return (G + ARRAYS.diagonal_part(G)) / 2


@partial(jax.jit, static_argnames="order")
def cumulant(mean: Float[Array, " d"], covariance: Float[Array, "d d"], order: int) -> Float[Array, "*d"]:
    """The cumulant of that order, ∂ᵏA/∂η₁ᵏ: the mean, the covariance, and 0 beyond; an array with `order` axes.

    The cumulant generating function is A(η₁ + t, η₂) - A(η₁, η₂), so its derivatives at 0 are those of A.
    """
    W = invert_lower(jnp.linalg.cholesky(covariance))
    P = W.T @ W

    def derivative(h: Array) -> Array:
        return log_normaliser(Natural(h, -P / 2))

    for _ in range(order):
        derivative = jax.jacfwd(derivative)
    return derivative(apply(P, mean))
