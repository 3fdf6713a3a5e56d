"""The log normaliser, the one formula of this package: everything else about a Gaussian is had by differentiating it.

    A(h, Λ) = log ∫ exp(hᵀx - ½ xᵀΛx) dx = ½ hᵀΛ⁻¹h + ½ (D log 2π - log det Λ).

With h = η₁ and Λ = -2η₂ it is the log normaliser of the exponential family. With h = 0 it is that of the centred
exponent -½ (x-μ)ᵀΣ⁻¹(x-μ), which does not depend on μ (N13), and C(Σ) = exp(-A) = ((2π)^D det Σ)^(-1/2) (N1).
"""

import math
from functools import singledispatch
from typing import Any

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian.arguments import refusal
from gaussian.factor import CovarianceFactor, Factor, PrecisionFactor
from gaussian.parameters import PARAMETRISATIONS, MeanCholesky, MeanCovariance, MeanPrecision, Natural, Parameters
from gaussian.triangular import solve_lower, squared_norm

LOG_2PI = math.log(2 * math.pi)


def log_integral(factor: Factor) -> Float[Array, "*batch"]:
    """log ∫ exp(-½ yᵀΣ⁻¹y) dy = ½ (D log 2π + log det Σ), for Σ held by a factor [N1, N30]."""
    return (factor.log_det + factor.dimension * LOG_2PI) / 2


@singledispatch
def log_normaliser(parameters: Any) -> Float[Array, "*batch"]:
    """A, the log of the integral of the exponential that the parameters put in the density.

    ½ log det 2πΣ in (μ, Σ), -½ log det(Λ/2π) in (μ, Λ), Σ log l_ii + ½ D log 2π in (μ, L), and
    -¼ η₁ᵀη₂⁻¹η₁ - ½ log det(-η₂/π) in (η₁, η₂). To be differentiated, so values are not checked: NaN where the matrix
    is not positive definite. ArgumentError for anything but a parametrisation [N1, N2].
    """
    raise refusal(parameters, "parameters", *PARAMETRISATIONS)


@log_normaliser.register
def _(parameters: MeanCovariance) -> Array:
    return log_integral(CovarianceFactor(jnp.linalg.cholesky(parameters.covariance)))


@log_normaliser.register
def _(parameters: MeanPrecision) -> Array:
    return log_integral(PrecisionFactor(jnp.linalg.cholesky(parameters.precision)))  # only its determinant is asked for


@log_normaliser.register
def _(parameters: MeanCholesky) -> Array:
    return log_integral(CovarianceFactor(parameters.cholesky))


@log_normaliser.register
def _(parameters: Natural) -> Array:
    P = jnp.linalg.cholesky(-2 * parameters.eta2)  # Λ = P Pᵀ, so hᵀΛ⁻¹h = |P⁻¹h|²
    return squared_norm(solve_lower(P, parameters.eta1)) / 2 + log_integral(PrecisionFactor(P))


def normalising_constant(parameters: Parameters) -> Float[Array, "*batch"]:
    """C = exp(-A), the factor that makes the density integrate to 1; C(Σ) = ((2π)^D det Σ)^(-1/2) [N1]."""
    return jnp.exp(-log_normaliser(parameters))
