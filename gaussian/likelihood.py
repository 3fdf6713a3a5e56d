"""The log likelihood of a sample and its gradients in μ, Σ, Λ, L, η₁, η₂, in closed form, from sufficient statistics.

Its cost does not grow with the number of points. With n points of mean m and scatter S, y = m - μ and
M = S + n y yᵀ = Σ (x_i - μ)(x_i - μ)ᵀ, the gradients are

    ∂/∂μ = nΛy,   ∂/∂Σ: ½ (ΛMΛ - nΛ),   ∂/∂Λ: ½ (nΣ - M),   ∂/∂L: Wᵀ (WMWᵀ - nI), W = L⁻¹,
    ∂/∂η₁ = ny,   ∂/∂η₂: M - nΣ + n (yμᵀ + μyᵀ).

Those by a matrix are what `jax.grad` of the formula as typed gives, and are read as their structure asks: see
`matcalc.structure.Reading`. A single point has n = 1, m = x, S = 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian.arguments import require, require_one_batch
from gaussian.distribution import Gaussian
from gaussian.domain import as_real
from gaussian.normaliser import log_integral
from gaussian.parameters import (
    MeanCholesky,
    MeanCovariance,
    MeanPrecision,
    Natural,
    Parameters,
    require_parametrisation,
)
from gaussian.statistics import SufficientStatistics
from gaussian.triangular import apply, lower
from matcalc.errors import ShapeError
from matcalc.structure import Reading


def log_likelihood(g: Gaussian, statistics: SufficientStatistics) -> Float[Array, "*batch"]:
    """Σ w_i log N(x_i|μ,Σ) = -½ (tr(Σ⁻¹S) + n (m-μ)ᵀΣ⁻¹(m-μ)) - n A; ShapeError if the dimensions differ [N2, N36].

    From Σ⁻¹ and the scatter, so its relative error grows with κ(Σ) ε; a badly conditioned Σ wants float64, or the sum
    of `log_prob` over the points. Of points in place of statistics it is `log_prob` at each, NaN for NaN in it.
    """
    require(g, "log_likelihood", Gaussian)
    return _value(g, _sample(g, statistics))


def score(
    g: Gaussian,
    data: Float[Array, "*points d"] | SufficientStatistics,
    parametrisation: type[Parameters] = MeanCovariance,
    reading: Reading | str = Reading.ENTRYWISE,
) -> Any:
    """The gradient of the log density at a point, or of the log likelihood of statistics, as parameters of that kind.

    For the formulas see `gaussian.likelihood`. By a symmetric matrix, entrywise is G + Gᵀ - G⊙I; by L, entrywise and
    tangent are both tril(G). At points the leaves have shapes (*points, d) and (*points, d, d), NaN for NaN in a point.
    ShapeError if the dimensions differ, MatcalcError for an unknown reading or parametrisation [N12, N27; PP2012,
    sec. 8.4].
    """
    return value_and_score(g, data, parametrisation, reading)[1]


def value_and_score(
    g: Gaussian,
    data: Float[Array, "*points d"] | SufficientStatistics,
    parametrisation: type[Parameters] = MeanCovariance,
    reading: Reading | str = Reading.ENTRYWISE,
) -> tuple[Float[Array, "*points"], Any]:
    """The log density or log likelihood, and its `score`, sharing the work."""
    require(g, "score", Gaussian)
    require_parametrisation(parametrisation)
    sample = data if isinstance(data, SufficientStatistics) else as_real(data, "x")
    return _value_and_score(g, sample, parametrisation, Reading(reading))


@dataclass(frozen=True)
class _Sample:
    """n, y and S, None for single points; μ taken off."""

    n: Float[Array, "*points"]
    y: Float[Array, "*points d"]
    scatter: Float[Array, "*points d d"] | None

    def spread(self, A: Array) -> Array:
        """A M Aᵀ."""
        v = apply(A, self.y)
        square = self.times(v[..., :, None] * v[..., None, :])
        return square if self.scatter is None else A @ self.scatter @ A.mT + square

    def times(self, A: Array) -> Array:
        """n A."""
        return self.n[..., None, None] * A


def _sample(g: Gaussian, data: Any) -> _Sample:
    if isinstance(data, SufficientStatistics):
        if data.mean.shape[-1] != g.dimension:
            raise ShapeError(f"statistics: expected dimension {g.dimension}, got {data.mean.shape[-1]}.")
        require_one_batch("statistics, Gaussian", data.mean.shape[:-1], g.batch_shape)
        return _Sample(data.weight, data.mean - g.mean, data.scatter)
    y = g.deviation(data)
    return _Sample(jnp.ones(y.shape[:-1], y.dtype), y, None)


def _value(g: Gaussian, s: _Sample) -> Array:
    square = s.n * g.factor.squared_norm(s.y)
    if s.scatter is not None:
        square += (g.precision * s.scatter).sum((-1, -2))
    return -square / 2 - s.n * log_integral(g.factor)


@partial(jax.jit, static_argnums=(2, 3))
def _value_and_score(g: Gaussian, data: Any, parametrisation: type[Any], reading: Reading) -> tuple[Array, Any]:
    s = _sample(g, data)
    by_vector, by_matrix = _GRADIENTS[parametrisation](g, s)
    # no structure here has a tangent space that depends on the point, so by_matrix may stand in for it
    by_matrix = parametrisation.structure.read(reading, by_matrix, by_matrix)
    return _value(g, s), parametrisation(by_vector, by_matrix)


def _by_mean(g: Gaussian, s: _Sample) -> Array:
    return s.n[..., None] * apply(g.precision, s.y)


def _by_covariance(g: Gaussian, s: _Sample) -> tuple[Array, Array]:
    P = g.precision
    return _by_mean(g, s), (s.spread(P) - s.times(P)) / 2


def _by_precision(g: Gaussian, s: _Sample) -> tuple[Array, Array]:
    return _by_mean(g, s), (s.times(g.covariance) - s.spread(_identity(g))) / 2


def _by_cholesky(g: Gaussian, s: _Sample) -> tuple[Array, Array]:
    W = lower(g.factor.whitener)
    return _by_mean(g, s), W.mT @ (s.spread(W) - s.times(_identity(g)))


def _by_natural(g: Gaussian, s: _Sample) -> tuple[Array, Array]:
    step = s.n[..., None] * s.y
    cross = step[..., :, None] * g.mean[..., None, :]
    return step, s.spread(_identity(g)) - s.times(g.covariance) + cross + cross.mT


def _identity(g: Gaussian) -> Array:
    return jnp.eye(g.dimension, dtype=g.mean.dtype)


_GRADIENTS: dict[Any, Callable[[Gaussian, _Sample], tuple[Array, Array]]] = {
    MeanCovariance: _by_covariance,
    MeanPrecision: _by_precision,
    MeanCholesky: _by_cholesky,
    Natural: _by_natural,
}
