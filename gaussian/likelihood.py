"""The log likelihood of a sample and its gradients in μ, Σ, Λ, L, η₁, η₂, in closed form, from sufficient statistics.

Its cost does not grow with the number of points. All gradients come from two whitened residuals, with W = L⁻¹,

    z = W (m - μ),    R = W S Wᵀ + n z zᵀ - n I,

for n points of mean m and scatter S; a single point has n = 1, m = x, S = 0. Each is what `jax.grad` of the log density
gives, and each is read as its structure asks: see `matcalc.structure.Reading`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian.distribution import Gaussian
from gaussian.normaliser import log_integral
from gaussian.parameters import MeanCholesky, MeanCovariance, MeanPrecision, Natural, Parameters
from gaussian.statistics import SufficientStatistics
from gaussian.triangular import apply
from matcalc.errors import MatcalcError, ShapeError
from matcalc.structure import Reading


def log_likelihood(g: Gaussian, statistics: SufficientStatistics) -> Float[Array, "*batch"]:
    """Σ w_i log N(x_i|μ,Σ) = -½ (tr(Σ⁻¹S) + n (m-μ)ᵀΣ⁻¹(m-μ)) - n A; ShapeError if the dimensions differ [N2, N36]."""
    return _value(_residual(g, statistics))


def score(
    g: Gaussian,
    data: Float[Array, "*points d"] | SufficientStatistics,
    parametrisation: type[Parameters] = MeanCovariance,
    reading: Reading | str = Reading.ENTRYWISE,
) -> Any:
    """The gradient of the log density at a point, or of the log likelihood of statistics, as parameters of that kind.

    ∂/∂μ = nWᵀz;  ∂/∂Σ: ½WᵀRW;  ∂/∂Λ: -½LRLᵀ;  ∂/∂L: WᵀR;  ∂/∂η₁ = nLz;  ∂/∂η₂: LRLᵀ + n(Lzμᵀ + μzᵀLᵀ); those by a
    matrix in a reading: for symmetric ones entrywise is G + Gᵀ - G⊙I, for L both entrywise and tangent are tril(G).
    At points the leaves have shapes (*points, d) and (*points, d, d). ShapeError if the dimensions differ, MatcalcError
    for an unknown reading or parametrisation [N12, N27; PP2012, sec. 8.4].
    """
    return value_and_score(g, data, parametrisation, reading)[1]


def value_and_score(
    g: Gaussian,
    data: Float[Array, "*points d"] | SufficientStatistics,
    parametrisation: type[Parameters] = MeanCovariance,
    reading: Reading | str = Reading.ENTRYWISE,
) -> tuple[Float[Array, "*points"], Any]:
    """The log density or log likelihood, and its `score`, sharing the work."""
    if parametrisation not in _GRADIENTS:
        names = ", ".join(p.__name__ for p in _GRADIENTS)
        raise MatcalcError(f"parametrisation: expected one of {names}, got {parametrisation!r}.")
    return _value_and_score(g, data, parametrisation, Reading(reading))


@dataclass(frozen=True)
class _Residual:
    """n, z and R + nI, with what they are made of."""

    g: Gaussian
    W: Array
    n: Array
    z: Array
    square: Array

    @property
    def R(self) -> Array:
        return self.square - _column(self.n) * jnp.eye(self.g.dimension, dtype=self.z.dtype)


def _residual(g: Gaussian, data: Any) -> _Residual:
    W = g.factor.whitener
    if isinstance(data, SufficientStatistics):
        if data.mean.shape[-1] != g.dimension:
            raise ShapeError(f"statistics: expected dimension {g.dimension}, got {data.mean.shape[-1]}.")
        n, z, scatter = data.weight, apply(W, data.mean - g.mean), W @ data.scatter @ W.mT
    else:
        z = g.whiten(data)
        n, scatter = jnp.ones(z.shape[:-1], z.dtype), jnp.zeros((), z.dtype)
    return _Residual(g, W, n, z, scatter + _column(n) * z[..., :, None] * z[..., None, :])


def _value(r: _Residual) -> Array:
    return -jnp.trace(r.square, axis1=-2, axis2=-1) / 2 - r.n * log_integral(r.g.factor)


@partial(jax.jit, static_argnums=(2, 3))
def _value_and_score(g: Gaussian, data: Any, parametrisation: type[Any], reading: Reading) -> tuple[Array, Any]:
    r = _residual(g, data)
    by_vector, by_matrix = _GRADIENTS[parametrisation](r)
    # no structure here has a tangent space that depends on the point, so by_matrix may stand in for it
    by_matrix = parametrisation.structure.read(reading, by_matrix, by_matrix)
    return _value(r), parametrisation(by_vector, by_matrix)


def _by_mean(r: _Residual) -> Array:
    return r.n[..., None] * apply(r.W.mT, r.z)


def _by_covariance(r: _Residual) -> tuple[Array, Array]:
    return _by_mean(r), r.W.mT @ r.R @ r.W / 2


def _by_precision(r: _Residual) -> tuple[Array, Array]:
    L = r.g.cholesky
    return _by_mean(r), -(L @ r.R @ L.mT) / 2


def _by_cholesky(r: _Residual) -> tuple[Array, Array]:
    return _by_mean(r), r.W.mT @ r.R


def _by_natural(r: _Residual) -> tuple[Array, Array]:
    L, mu = r.g.cholesky, r.g.mean
    step = r.n[..., None] * apply(L, r.z)
    cross = step[..., :, None] * mu[..., None, :]
    return step, L @ r.R @ L.mT + cross + cross.mT


_GRADIENTS: dict[Any, Callable[[_Residual], tuple[Array, Array]]] = {
    MeanCovariance: _by_covariance,
    MeanPrecision: _by_precision,
    MeanCholesky: _by_cholesky,
    Natural: _by_natural,
}


def _column(n: Array) -> Array:
    return n[..., None, None]
