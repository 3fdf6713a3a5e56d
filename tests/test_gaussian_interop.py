"""Conversion to and from the multivariate normals of other libraries, none of which is imported unasked."""

import subprocess
import sys

import jax
import numpy as np
import pytest
from gaussian_cases import COVARIANCE, MEAN, POINT, D, assert_same, held_by
from scipy import stats

from gaussian import Gaussian, MeanCovariance, from_numpyro, from_scipy, to_numpyro, to_scipy
from matcalc.errors import MatcalcError, ShapeError

HELD = pytest.mark.parametrize("held", ["covariance", "precision"])


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@HELD
def test_numpyro_and_back(held):
    pytest.importorskip("numpyro")
    g = held_by(held)
    assert_same(to_numpyro(g).log_prob(POINT), g.log_prob(POINT))
    assert_same(from_numpyro(to_numpyro(g)).to(MeanCovariance), g.to(MeanCovariance))


def test_a_location_of_numpyro_may_be_a_scalar_or_a_batch():
    numpyro = pytest.importorskip("numpyro")
    for loc, shape in ((0.5, (D,)), (np.zeros((4, D)), (4, D))):
        theirs = numpyro.distributions.MultivariateNormal(loc, COVARIANCE)
        ours = from_numpyro(theirs)
        assert ours.mean.shape == shape
        assert_same(ours.log_prob(POINT), theirs.log_prob(POINT))


@HELD
def test_scipy_and_back(held):
    g = held_by(held)
    assert_same(to_scipy(g).logpdf(POINT), g.log_prob(POINT))
    assert_same(from_scipy(to_scipy(g)).to(MeanCovariance), g.to(MeanCovariance))
    assert_same(from_scipy(stats.multivariate_normal(MEAN, COVARIANCE)).log_prob(POINT), g.log_prob(POINT))


def test_what_is_no_gaussian_is_refused():
    pytest.importorskip("numpyro")
    with pytest.raises(MatcalcError, match="expected a numpyro MultivariateNormal, got float"):
        from_numpyro(1.0)
    with pytest.raises(MatcalcError, match=r"expected a frozen scipy.stats.multivariate_normal, got float"):
        from_scipy(1.0)
    with pytest.raises(ShapeError, match=r"to_scipy: expected one Gaussian, got a batch \(2,\)"):
        to_scipy(Gaussian.from_covariance(np.zeros((2, 2)), np.eye(2)))


def test_nothing_optional_is_imported_unasked():
    optional = ("scipy.stats", "numpyro", "matplotlib", "mpmath")
    loaded = f"import gaussian, sys; print([name for name in {optional} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True).strip() == "[]"
