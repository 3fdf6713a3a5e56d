"""To and from the multivariate normals of numpyro and SciPy; neither is imported before it is asked for."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from gaussian.arguments import require
from gaussian.distribution import Gaussian, require_one
from matcalc.errors import MatcalcError


def to_numpyro(g: Gaussian) -> Any:
    """The same `numpyro.distributions.MultivariateNormal`, by its Cholesky factor; ImportError without numpyro."""
    require(g, "to_numpyro", Gaussian)
    return _numpyro().MultivariateNormal(g.mean, scale_tril=g.cholesky)


def from_numpyro(distribution: Any) -> Gaussian:
    """The same Gaussian as a `numpyro.distributions.MultivariateNormal`, by its Cholesky factor.

    MatcalcError for another distribution, ImportError without numpyro.
    """
    if not isinstance(distribution, _numpyro().MultivariateNormal):
        raise MatcalcError(f"distribution: expected a numpyro MultivariateNormal, got {type(distribution).__name__}.")
    loc, scale_tril = distribution.loc, distribution.scale_tril
    shape = jnp.broadcast_shapes(loc.shape, scale_tril.shape[:-1])  # a scalar stands for a vector there
    return Gaussian.from_cholesky(jnp.broadcast_to(loc, shape), scale_tril)


def to_scipy(g: Gaussian) -> Any:
    """The same frozen `scipy.stats.multivariate_normal`, which works in float64; ShapeError for a batch."""
    from scipy.stats import Covariance, multivariate_normal

    require_one(g, "to_scipy")
    return multivariate_normal(np.asarray(g.mean, float), Covariance.from_cholesky(np.asarray(g.cholesky, float)))


def from_scipy(distribution: Any) -> Gaussian:
    """The same Gaussian as a frozen `scipy.stats.multivariate_normal`; MatcalcError for anything else."""
    if not (hasattr(distribution, "mean") and hasattr(distribution, "cov_object")):
        raise MatcalcError(
            f"distribution: expected a frozen scipy.stats.multivariate_normal, got {type(distribution).__name__}."
        )
    return Gaussian.from_covariance(jnp.asarray(distribution.mean), jnp.asarray(distribution.cov_object.covariance))


def _numpyro() -> Any:
    try:
        import numpyro.distributions
    except ImportError as error:
        raise ImportError("numpyro is not installed; `pip install matcalc-jax[interop]` brings it.") from error
    return numpyro.distributions
