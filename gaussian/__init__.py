"""The multivariate Gaussian, from its normaliser: everything that can be had by differentiating it is had that way."""

from gaussian.distribution import Gaussian, product
from gaussian.divergence import bures_wasserstein, cross_entropy, kl, squared_bures_wasserstein
from gaussian.estimation import fit, oracle_shrinkage
from gaussian.fisher import fisher_information, fisher_product
from gaussian.interop import from_numpyro, from_scipy, to_numpyro, to_scipy
from gaussian.isserlis import central_moment, expected_product, raw_moment
from gaussian.likelihood import log_likelihood, score, value_and_score
from gaussian.moments import ROUTES, Moments
from gaussian.normaliser import log_normaliser, normalising_constant
from gaussian.parameters import MeanCholesky, MeanCovariance, MeanPrecision, Natural, convert
from gaussian.quadrature import expectation, integral
from gaussian.statistics import SufficientStatistics, merge, statistics_of

__all__ = [
    "ROUTES",
    "Gaussian",
    "MeanCholesky",
    "MeanCovariance",
    "MeanPrecision",
    "Moments",
    "Natural",
    "SufficientStatistics",
    "bures_wasserstein",
    "central_moment",
    "convert",
    "cross_entropy",
    "expectation",
    "expected_product",
    "fisher_information",
    "fisher_product",
    "fit",
    "from_numpyro",
    "from_scipy",
    "integral",
    "kl",
    "log_likelihood",
    "log_normaliser",
    "merge",
    "normalising_constant",
    "oracle_shrinkage",
    "product",
    "raw_moment",
    "score",
    "squared_bures_wasserstein",
    "statistics_of",
    "to_numpyro",
    "to_scipy",
    "value_and_score",
]


def __dir__() -> list[str]:
    return __all__  # not the modules as well
