"""How far one Gaussian is from another: cross entropy, Kullback-Leibler divergence, Bures-Wasserstein distance."""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian.arguments import on_one_space
from gaussian.distribution import Gaussian
from gaussian.factor import relative
from gaussian.roots import polar, smooth_root
from gaussian.triangular import diagonal, squared_norm


@on_one_space(Gaussian)
def kl(q: Gaussian, p: Gaussian) -> Float[Array, "*batch"]:
    """KL[q ‖ p] = ½ (tr(Σ_p⁻¹ Σ_q) + (μ_p-μ_q)ᵀΣ_p⁻¹(μ_p-μ_q) - D + log det Σ_p - log det Σ_q) [N39, corrected].

    With E = L_p⁻¹ L_q - I it is ½ (|μ_q - μ_p|²_p + Σ_{i>j} e_ij² + Σ_i (e_ii² + 2 e_ii - 2 log(1 + e_ii))): a sum of
    terms that are never negative, without cancellation, and exactly 0 for equal parameters. ShapeError if the
    dimensions differ.
    """
    E, z = relative(p.factor, q.factor, q.mean - p.mean)
    e = diagonal(E)
    near = e > -0.5  # further away 1 + e would cancel
    log_ratio = jnp.where(near, jnp.log1p(jnp.where(near, e, 0)), q.factor.log_diagonal - p.factor.log_diagonal)
    shape = (E * E).sum((-1, -2)) + 2 * (e - log_ratio).sum(-1)
    return (squared_norm(z) + shape) / 2


@on_one_space(Gaussian)
def cross_entropy(q: Gaussian, p: Gaussian) -> Float[Array, "*batch"]:
    """-E_q[log p] = ½ (tr(((μ_p-μ_q)(μ_p-μ_q)ᵀ + Σ_q)Σ_p⁻¹) + log det Σ_p + D log 2π) = H[q] + KL[q ‖ p] [N38].

    ShapeError if the dimensions differ.
    """
    return q.entropy() + kl(q, p)


@on_one_space(Gaussian)
def squared_bures_wasserstein(p: Gaussian, q: Gaussian) -> Float[Array, "*batch"]:
    """|μ_p - μ_q|² + |L_p - L_q Q|²_F, with Q the rotation that brings the two nearest: smooth, 0 only at equality.

    Equal to |μ_p-μ_q|² + tr(Σ_p + Σ_q - 2 (Σ_p^½ Σ_q Σ_p^½)^½), but a sum of squares, so nothing cancels. Q is
    the orthogonal polar factor of L_qᵀ L_p. ShapeError if the dimensions differ [Bhatia, Jain & Lim 2019].
    """
    A, B = p.cholesky, q.cholesky
    return squared_norm(p.mean - q.mean) + ((A - B @ polar(B.mT @ A)) ** 2).sum((-1, -2))


@on_one_space(Gaussian)
def bures_wasserstein(p: Gaussian, q: Gaussian) -> Float[Array, "*batch"]:
    """The 2-Wasserstein distance, root of `squared_bures_wasserstein`; its gradient at p = q is defined as 0.

    Equality is up to rounding: a distance below 16 D ε (tr Σ_p + tr Σ_q)^½. ShapeError if the dimensions differ.
    """
    size = sum((g.cholesky**2).sum((-1, -2)) for g in (p, q))
    rounding = 16 * p.dimension * float(jnp.finfo(p.mean.dtype).eps)
    return smooth_root(squared_bures_wasserstein(p, q), jax.lax.stop_gradient(rounding**2 * size))
