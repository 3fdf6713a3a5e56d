"""Moments and cumulants from the normaliser agree over all routes, with quadrature and with closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gaussian_cases import COVARIANCE, MEAN, RNG, D, assert_same, held_by

from gaussian import ROUTES, Gaussian, central_moment, expectation, expected_product, integral, raw_moment
from gaussian.normaliser import log_normaliser, normalising_constant
from gaussian.parameters import MeanCovariance, Natural
from matcalc.errors import MatcalcError, ShapeError

SECOND = COVARIANCE + np.outer(MEAN, MEAN)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def g():
    return held_by("covariance")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("held", ["covariance", "precision"])
def test_every_route_leads_to_the_moments(route, held):
    moments = held_by(held).moments(route)
    assert_same((moments.mean, moments.second, moments.covariance), (MEAN, SECOND, COVARIANCE))


def test_every_route_leads_to_the_quadrature(g):
    mean = expectation(lambda x: x, g)
    second = expectation(lambda x: jnp.outer(x, x), g)
    for route in ROUTES:
        moments = g.moments(route)
        assert_same((moments.mean, moments.second), (mean, second))


def test_an_unknown_route_is_refused(g):
    with pytest.raises(MatcalcError, match=r"unknown route 'cholesky factor' .*: expected one of mean, covariance"):
        g.moments("cholesky factor")


SPOILT = {
    "scaled": lambda A: 1.001 * A,
    "the Hadamard correction dropped": lambda P: -0.5 * log_normaliser_of_precision_gradient(P),
    "a sign": lambda A: -A,
    "a transposed factor": lambda A: np.linalg.cholesky(A).T @ np.linalg.cholesky(A),
}


def log_normaliser_of_precision_gradient(S):
    """The gradient of log det Σ⁻¹ by the free entries of Σ⁻¹, up to sign, taken for the second moment."""
    return -2 * (2 * S - np.diag(np.diag(S)))


@pytest.mark.parametrize("spoil", SPOILT)
def test_the_comparison_can_fail(spoil, g):
    with pytest.raises(AssertionError):
        assert_same(SPOILT[spoil](COVARIANCE), g.moments("precision").covariance)


# The integrals as the note writes them, exponential included, beside their closed forms.
def exponential(y):
    return jnp.exp(-y @ np.linalg.inv(COVARIANCE) @ y / 2)


C_INVERSE = np.sqrt(np.linalg.det(2 * np.pi * COVARIANCE))
PRECISION = np.linalg.inv(COVARIANCE)
INTEGRALS = {
    "N1: the density": (lambda x: Gaussian.from_covariance(MEAN, COVARIANCE).prob(x), MEAN, 1.0),
    "N9: a derivative": (lambda z: jax.grad(lambda z: jnp.exp(-z @ z / 2))(z), None, np.zeros(D)),
    "N13: by the mean": (lambda x: (x - MEAN) * exponential(x - MEAN), MEAN, np.zeros(D)),
    "N16: the unit second moment": (
        lambda z: jnp.outer(z, z) * jnp.exp(-z @ z / 2),
        None,
        (2 * np.pi) ** (D / 2) * np.eye(D),
    ),
    "N31: by the covariance": (
        lambda y: PRECISION @ jnp.outer(y, y) @ PRECISION * exponential(y),
        np.zeros(D),
        C_INVERSE * PRECISION,
    ),
    "N34: by the precision": (lambda y: jnp.outer(y, y) * exponential(y), np.zeros(D), C_INVERSE * COVARIANCE),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_the_integrals_of_the_note(name):
    integrand, mean, closed_form = INTEGRALS[name]
    where = Gaussian.standard(D) if mean is None else Gaussian.from_covariance(mean, COVARIANCE)
    assert_same(integral(integrand, where), closed_form)


def test_n17_holds_without_its_half():
    value = integral(lambda x: x[0] ** 2 * jnp.exp(-(x[0] ** 2) / 2), Gaussian.standard(1))
    assert_same(value, np.sqrt(2 * np.pi))
    with pytest.raises(AssertionError):
        assert_same(value, np.sqrt(np.pi) / 2)


def test_quadrature_is_inexact_beyond_its_degree_and_says_when_it_is_too_large(g):
    with pytest.raises(AssertionError):
        assert_same(expectation(lambda x: x[0] ** 4, g, nodes=2), raw_moment(g, 4)[0, 0, 0, 0])
    with pytest.raises(MatcalcError, match="200 nodes along each of 3 axes are 8000000 in all"):
        expectation(lambda x: x, g, nodes=200)
    with pytest.raises(ShapeError, match=r"expected one Gaussian, got a batch \(2,\)"):
        expectation(lambda x: x, Gaussian.from_covariance(np.zeros((2, D)), COVARIANCE))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_cumulants_are_the_mean_the_covariance_and_then_exactly_nothing(order, g):
    expected = {1: MEAN, 2: COVARIANCE}.get(order, np.zeros((D,) * order))
    assert_same(g.cumulant(order), expected, 0 if order > 2 else 1e-11)


def test_moments_and_cumulants_of_a_batch():
    g = Gaussian.from_covariance(np.stack([MEAN, -MEAN]), COVARIANCE)
    assert_same(g.moments("cholesky").mean, np.stack([MEAN, -MEAN]))
    assert_same(g.cumulant(2), np.stack([COVARIANCE, COVARIANCE]))


@pytest.mark.parametrize("order", range(6))
def test_moments_of_any_order_are_their_quadrature(order, g):
    def power(x, order=order):
        return jnp.ones(()) if order == 0 else jnp.tensordot(power(x, order - 1), x, 0)

    assert_same(raw_moment(g, order), expectation(power, g))
    assert_same(central_moment(g, order), expectation(lambda x: power(x - MEAN), g))


def test_moments_are_derivatives_of_the_moment_generating_function(g):
    eta = g.to(Natural)

    def generating(t):
        return jnp.exp(log_normaliser(Natural(eta.eta1 + t, eta.eta2)) - log_normaliser(eta))

    third = jax.jacfwd(jax.jacfwd(jax.jacfwd(generating)))(jnp.zeros(D))
    assert_same(raw_moment(g, 3), third)


A, B, C, E = RNG.standard_normal((4, 2, D))
a, b, c, e = RNG.standard_normal((4, 2))
FORMS = {
    "linear": ("i->i", [(A, a)]),
    "quadratic": ("i,i->", [(A, a), (B, b)]),
    "outer": ("i,j->ij", [(A, a), (B, b)]),
    "cubic": ("i,j,j->i", [(A, a), (B, b), (C, c)]),
    "quartic": ("i,i,j,j->", [(A, a), (B, b), (C, c), (E, e)]),
    "quartic outer": ("i,j,j,k->ik", [(A, a), (B, b), (C, c), (E, e)]),
}


@pytest.mark.parametrize("name", FORMS)
def test_expected_products_of_affine_forms_are_their_quadrature(name, g):
    subscripts, forms = FORMS[name]
    product = expectation(lambda x: jnp.einsum(subscripts, *(A @ x + a for A, a in forms)), g)
    assert_same(expected_product(g, subscripts, *forms), product)


def test_quadratic_forms_of_the_note(g):
    """E[(x-μ)ᵀΣ⁻¹(x-μ)] = tr(Σ⁻¹Σ) = D (N36), and E[xᵀAx] = tr(AΣ) + μᵀAμ."""
    eye, M = np.eye(D), RNG.standard_normal((D, D))
    assert_same(expected_product(g, "i,i->", (eye, -MEAN), (PRECISION, -PRECISION @ MEAN)), float(D))
    assert_same(expected_product(g, "i,i->", (eye, 0), (M, 0)), np.trace(M @ COVARIANCE) + MEAN @ M @ MEAN)


def test_forms_that_do_not_fit_are_refused(g):
    with pytest.raises(MatcalcError, match="expected one letter for each of 1 forms and an arrow, got 'i,i'"):
        expected_product(g, "i,i", (A, a))
    with pytest.raises(ShapeError, match=r"form 0: expected a matrix of shape \(k, 3\), got \(2, 2\)"):
        expected_product(g, "i->i", (np.eye(2), 0))


def test_c_is_the_constant_that_makes_the_density_integrate_to_one():
    constant = normalising_constant(MeanCovariance(jnp.asarray(MEAN), jnp.asarray(COVARIANCE)))
    assert_same(constant * integral(exponential, Gaussian.from_covariance(np.zeros(D), COVARIANCE)), 1.0)
