"""Divergences: never negative, zero only at equality, accurate near it, and differentiable there."""

from functools import partial

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.linalg
from gaussian_cases import (
    COVARIANCE,
    MEAN,
    OTHER_COVARIANCE,
    OTHER_MEAN,
    PARAMETRISATIONS,
    D,
    assert_same,
    held_by,
    jit,
)

from gaussian import (
    Gaussian,
    bures_wasserstein,
    cross_entropy,
    expectation,
    fisher_product,
    kl,
    squared_bures_wasserstein,
)
from gaussian.parameters import MeanCovariance
from gaussian.roots import polar, sylvester, symmetric_root
from matcalc.errors import ShapeError
from matcalc.structure import SPD

DIVERGENCES = {"kl": kl, "squared Bures-Wasserstein": squared_bures_wasserstein, "Bures-Wasserstein": bures_wasserstein}
PAIRS = pytest.mark.parametrize(("of", "to"), [(a, b) for a in PARAMETRISATIONS for b in PARAMETRISATIONS])


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def other(name):
    return held_by(name, OTHER_MEAN, OTHER_COVARIANCE)


@PAIRS
def test_kl_is_its_integral_and_its_closed_form(of, to):
    q, p = held_by(of), other(to)
    step, P = MEAN - OTHER_MEAN, np.linalg.inv(OTHER_COVARIANCE)
    trace = np.trace((np.outer(step, step) + COVARIANCE) @ P)
    log_dets = np.linalg.slogdet(OTHER_COVARIANCE)[1] - np.linalg.slogdet(COVARIANCE)[1]
    assert_same(kl(q, p), (trace + log_dets - D) / 2)
    assert_same(kl(q, p), expectation(lambda x: q.log_prob(x) - p.log_prob(x), q))
    with pytest.raises(AssertionError):  # as the note prints it, with the sign of the whole
        assert_same(kl(q, p), -(trace + log_dets - D) / 2)


@PAIRS
def test_cross_entropy_is_its_integral(of, to):
    q, p = held_by(of), other(to)
    assert_same(cross_entropy(q, p), -expectation(p.log_prob, q))
    assert_same(cross_entropy(q, q), q.entropy())


@pytest.mark.parametrize("name", DIVERGENCES)
@PAIRS
def test_a_divergence_is_positive_and_zero_only_at_equality(name, of, to):
    divergence = DIVERGENCES[name]
    assert divergence(held_by(of), other(to)) > 0.1
    tiny = 1e-7 if name == "Bures-Wasserstein" else 1e-14
    assert 0 <= divergence(held_by(of), held_by(to)) < tiny
    if of == to and name == "kl":
        assert divergence(held_by(of), held_by(to)) == 0


def exact_kl(q_covariance, p_covariance):
    with mpmath.workdps(50):
        Q, P = mpmath.matrix(q_covariance.tolist()), mpmath.matrix(p_covariance.tolist())
        trace = sum((P**-1 * Q)[i, i] for i in range(len(q_covariance)))
        return float((trace - len(q_covariance) + mpmath.log(mpmath.det(P) / mpmath.det(Q))) / 2)


@pytest.mark.parametrize("step", [1e-3, 1e-5, 1e-7])
def test_kl_is_accurate_near_equality(step):
    """It is about step², and has its digits still where a difference of traces has none."""
    S, T = COVARIANCE, COVARIANCE + step * (OTHER_COVARIANCE - COVARIANCE)
    q, p = held_by("covariance", covariance=S), held_by("covariance", covariance=T)
    exact = exact_kl(S, T)
    assert abs(float(kl(q, p.__class__(q.mean, p.factor))) - exact) <= 1e-15 / step * exact


@pytest.mark.parametrize("scale", [1e-24, 1e-3, 1e3, 1e24])
def test_kl_of_scales_far_apart(scale):
    """KL[N(0,sΣ) ‖ N(0,Σ)] = ½ D (s - 1 - log s)."""
    q, p = held_by("covariance", covariance=scale * COVARIANCE), held_by("covariance")
    assert_same(kl(q, p), D * (scale - 1 - np.log(scale)) / 2)


def test_kl_to_second_order_is_fisher_information():
    g, step = held_by("covariance"), 1e-4
    v = MeanCovariance(OTHER_MEAN, OTHER_COVARIANCE)
    there = Gaussian.from_covariance(MEAN + step * v.mean, COVARIANCE + step * v.covariance)
    pairing = sum(
        jnp.vdot(a, b) for a, b in zip(jax.tree.leaves(v), jax.tree.leaves(fisher_product(g, v)), strict=True)
    )
    assert_same(kl(g, there) / step**2, pairing / 2, 1e-2)


@PAIRS
def test_bures_wasserstein_is_its_closed_form(of, to):
    S, T = COVARIANCE, OTHER_COVARIANCE
    root = scipy.linalg.sqrtm(S)
    closed = np.sum((MEAN - OTHER_MEAN) ** 2) + np.trace(S + T - 2 * scipy.linalg.sqrtm(root @ T @ root).real)
    assert_same(squared_bures_wasserstein(held_by(of), other(to)), closed)
    assert_same(bures_wasserstein(held_by(of), other(to)), np.sqrt(closed))
    assert_same(bures_wasserstein(other(to), held_by(of)), np.sqrt(closed))


def test_bures_wasserstein_obeys_the_triangle_inequality():
    means, covariances = (
        np.random.default_rng(0).standard_normal((3, D)),
        SPD.sample(np.random.default_rng(1), D, batch=(3,)),
    )
    p, q, r = (held_by("covariance", m, S) for m, S in zip(means, covariances, strict=True))
    assert bures_wasserstein(p, r) < bures_wasserstein(p, q) + bures_wasserstein(q, r)


@partial(jit, static_argnums=0)
def along_a_line(divergence, S, q, steps):
    """The divergence from q of N(MEAN, S + t OTHER_COVARIANCE), with its first two derivatives, at each step t."""

    def f(t):
        return divergence(Gaussian.from_covariance(MEAN, S + t * OTHER_COVARIANCE), q)

    return jax.lax.map(lambda t: (f(t), jax.grad(f)(t), jax.grad(jax.grad(f))(t)), steps)


@jit
def slopes_at_equality(S):
    """Of the distance and of its square."""
    at = jnp.asarray(MEAN), S
    p = jax.lax.stop_gradient(Gaussian.from_covariance(*at))
    distances = (bures_wasserstein, squared_bures_wasserstein)
    return [jax.grad(lambda m, S, f=f: f(Gaussian.from_covariance(m, S), p), (0, 1))(*at) for f in distances]


@pytest.mark.parametrize("covariance", [COVARIANCE, np.eye(D)], ids=["distinct eigenvalues", "equal eigenvalues"])
def test_the_gradient_of_the_distance_at_equality_is_0_and_that_of_its_square_smooth(covariance):
    assert_same(slopes_at_equality(covariance), [np.zeros(D), np.zeros((D, D))] * 2)
    p, h = held_by("covariance", covariance=covariance), 1e-3
    value, _, second = along_a_line(squared_bures_wasserstein, covariance, p, np.array([-h, 0.0, h]))
    assert_same(second[1], np.diff(value, 2)[0] / h**2, 1e-4)


@pytest.mark.parametrize("function", [kl, squared_bures_wasserstein, bures_wasserstein], ids=lambda f: f.__name__)
def test_divergences_differentiate_as_their_differences_do(function):
    h = 1e-5
    value, first, second = along_a_line(function, COVARIANCE, other("covariance"), np.array([-h, 0.0, h]))
    assert_same(first[1], (value[2] - value[0]) / (2 * h), 1e-7)
    assert_same(second[1], (first[2] - first[0]) / (2 * h), 1e-7)


def test_divergences_of_batches():
    p = Gaussian.from_covariance(np.stack([MEAN, OTHER_MEAN]), np.stack([COVARIANCE, OTHER_COVARIANCE]))
    q = held_by("covariance")
    for f in (kl, cross_entropy, bures_wasserstein):
        assert_same(f(p, q), np.stack([f(held_by("covariance"), q), f(other("covariance"), q)]), 1e-7)


def test_dimensions_that_differ_are_refused():
    for f in (kl, cross_entropy, bures_wasserstein, squared_bures_wasserstein):
        with pytest.raises(ShapeError, match="expected one dimension, got 3 and 2"):
            f(held_by("covariance"), held_by("covariance").marginal([0, 1]))


def test_roots_solve_their_equations_and_differentiate_where_eigenvalues_coincide():
    R = symmetric_root(COVARIANCE)
    assert_same(R @ R, COVARIANCE)
    assert_same(R, R.T)
    X = sylvester(COVARIANCE, OTHER_COVARIANCE)
    assert_same(COVARIANCE @ X + X @ COVARIANCE, OTHER_COVARIANCE)
    Q = polar(OTHER_COVARIANCE @ np.triu(COVARIANCE))
    assert_same(Q.T @ Q, np.eye(D))
    for f in (
        symmetric_root,
        lambda S: polar(S + 0.1 * jnp.triu(OTHER_COVARIANCE)),
        lambda S: sylvester(S, OTHER_COVARIANCE),
    ):
        _, slope = jax.jvp(f, (np.eye(D),), (OTHER_COVARIANCE,))
        h = 1e-5
        differences = (f(np.eye(D) + h * OTHER_COVARIANCE) - f(np.eye(D) - h * OTHER_COVARIANCE)) / (2 * h)
        assert_same(slope, differences, 1e-8)
