"""Gaussians to test laws on, and what it means for two results to be the same."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from gaussian import Gaussian, MeanCholesky, MeanCovariance, MeanPrecision, Natural
from matcalc.structure import SPD

RNG = np.random.default_rng(28)
D = 3
MEAN, OTHER_MEAN = RNG.standard_normal((2, D))
COVARIANCE, OTHER_COVARIANCE = SPD.sample(RNG, D, batch=(2,))
POINT = RNG.standard_normal(D)
PARAMETRISATIONS = {
    "covariance": MeanCovariance,
    "precision": MeanPrecision,
    "cholesky": MeanCholesky,
    "natural": Natural,
}


# most of the time of these tests goes into compiling, so what runs once is compiled without being optimised
jit = partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
)


def held_by(name, mean=MEAN, covariance=COVARIANCE):
    """N(mean, covariance), made from the parameters of that name by their definition."""
    precision = np.linalg.inv(covariance)
    precision = (precision + precision.mT) / 2
    match name:
        case "covariance":
            return Gaussian.from_covariance(mean, covariance)
        case "precision":
            return Gaussian.from_precision(mean, precision)
        case "cholesky":
            return Gaussian.from_cholesky(mean, np.linalg.cholesky(covariance))
        case "natural":
            return Gaussian.from_natural((precision @ mean[..., None])[..., 0], -precision / 2)


def assert_same(actual, expected, tolerance=1e-11):
    """Two pytrees of arrays of equal shapes, each leaf within tolerance of the largest entry of the expected one."""
    actual, expected = jax.tree.leaves(actual), jax.tree.leaves(expected)
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        assert jnp.shape(a) == jnp.shape(e)
        scale = np.max(np.abs(e), initial=0.0)
        error = np.max(np.abs(np.asarray(a) - np.asarray(e)), initial=0.0)
        assert error <= tolerance * max(scale, 1.0), f"{error:.3g} apart, at a scale of {scale:.3g}"
