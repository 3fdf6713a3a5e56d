"""Likelihood and fit: closed-form gradients are the derivatives, statistics merge, and estimates converge."""

from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gaussian_cases import COVARIANCE, MEAN, PARAMETRISATIONS, POINT, RNG, D, assert_same, held_by, jit

from gaussian import (
    Gaussian,
    MeanCovariance,
    Natural,
    cross_entropy,
    fisher_information,
    fisher_product,
    fit,
    log_likelihood,
    log_normaliser,
    merge,
    oracle_shrinkage,
    score,
    statistics_of,
    value_and_score,
)
from gaussian.statistics import CHUNK
from matcalc.errors import DomainError, MatcalcError, ShapeError
from matcalc.gradient import grad
from matcalc.structure import Reading

X = RNG.standard_normal((40, D)) @ RNG.standard_normal((D, D)) + MEAN
WEIGHTS = RNG.uniform(0.5, 2, 40)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


READINGS = [Reading.ENTRYWISE, Reading.TANGENT]


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_the_score_is_the_derivative_of_the_log_density_in_every_reading(name):
    kind = PARAMETRISATIONS[name]

    def log_prob(vector, matrix):
        return Gaussian.from_parameters(kind(vector, matrix)).log_prob(POINT)

    @jit
    def gradients(at):
        by_vector = jax.grad(log_prob)(*at)
        return [kind(by_vector, grad(log_prob, kind.structure, r, argnums=1)(*at)) for r in READINGS]

    @jit
    def scores(*held):
        return [[score(g, POINT, kind, r) for r in READINGS] for g in held]

    measured = gradients(jax.tree.leaves(held_by(name).to(kind)))
    assert_same(scores(held_by("covariance"), held_by("precision")), [measured, measured])


AS_TYPED = {
    "covariance": lambda S, y: -(y @ jnp.linalg.inv(S) @ y + jnp.linalg.slogdet(S)[1]) / 2,
    "precision": lambda P, y: -(y @ P @ y - jnp.linalg.slogdet(P)[1]) / 2,
    "cholesky": lambda L, y: -((jnp.linalg.inv(L) @ y) ** 2).sum() / 2 - jnp.linalg.slogdet(L)[1],
    "natural": lambda J, y: (
        (y + MEAN) @ J @ (y + MEAN) + ETA1 @ jnp.linalg.inv(J) @ ETA1 / 4 + jnp.linalg.slogdet(-2 * J)[1] / 2
    ),
}
ETA1 = np.linalg.inv(COVARIANCE) @ MEAN


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_the_ambient_score_is_the_derivative_of_the_formula_as_typed(name):
    matrix = jax.tree.leaves(held_by(name).to(PARAMETRISATIONS[name]))[1]
    closed = jax.tree.leaves(score(held_by(name), POINT, PARAMETRISATIONS[name], "ambient"))[1]
    assert_same(closed, jax.grad(AS_TYPED[name])(matrix, POINT - MEAN))


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_the_score_of_statistics_is_the_sum_over_the_points(name, weights):
    g, kind = held_by(name), PARAMETRISATIONS[name]
    w = np.ones(len(X)) if weights is None else weights
    value, total = value_and_score(g, statistics_of(X, weights), kind)
    assert_same(value, (w * g.log_prob(X)).sum())
    assert_same(log_likelihood(g, statistics_of(X, weights)), value)
    assert_same(total, jax.tree.map(lambda leaf: jnp.tensordot(w, leaf, 1), score(g, X, kind)))


def test_the_reading_matters():
    entrywise, tangent = (score(held_by("covariance"), POINT, reading=r).covariance for r in ("entrywise", "tangent"))
    assert_same(entrywise, 2 * tangent - np.diag(np.diag(tangent)))
    with pytest.raises(AssertionError):
        assert_same(entrywise, tangent)


def test_requests_for_another_gradient_are_refused():
    g = held_by("covariance")
    with pytest.raises(MatcalcError, match="unknown reading 'symmetric'"):
        score(g, POINT, reading="symmetric")
    with pytest.raises(MatcalcError, match=r"parametrisation: expected one of MeanCovariance, .*, got <class 'float'>"):
        score(g, POINT, float)
    with pytest.raises(ShapeError, match="statistics: expected dimension 3, got 2"):
        score(g, statistics_of(X[:, :2]))


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_the_likelihood_is_stationary_in_every_parameter_at_its_maximum(name):
    statistics = statistics_of(X)
    assert_same(
        score(fit(statistics), statistics, PARAMETRISATIONS[name]),
        jax.tree.map(jnp.zeros_like, held_by(name).to(PARAMETRISATIONS[name])),
    )


@partial(jit, static_argnums=0)
def free(kind, parameters):
    vector, matrix = jax.tree.leaves(parameters)
    return jnp.concatenate([vector, kind.structure.free(matrix)])


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_fisher_information_is_the_hessian_of_the_cross_entropy(name):
    kind, g = PARAMETRISATIONS[name], held_by(name)

    def f(theta):
        return cross_entropy(g, Gaussian.from_parameters(kind(theta[:D], kind.structure.fill(theta[D:], D))))

    assert_same(fisher_information(g, kind), jit(jax.hessian(f))(free(kind, g.to(kind))), 1e-9)


def test_fisher_information_is_the_hessian_of_the_normaliser_in_the_natural_parameters():
    def A(theta):
        return log_normaliser(Natural(theta[:D], Natural.structure.fill(theta[D:], D)))

    g = held_by("natural")
    assert_same(fisher_information(g, Natural), jit(jax.hessian(A))(free(Natural, g.to(Natural))))


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_fisher_information_is_the_covariance_of_the_score(name):
    """E[s sᵀ] in the free entries, by quadrature: a route without second derivatives."""
    from gaussian import expectation

    kind, g = PARAMETRISATIONS[name], held_by(name)

    def square(x):
        s = free(kind, score(g, x, kind, "entrywise"))
        return jnp.outer(s, s)

    assert_same(fisher_information(g, kind), expectation(square, g))


def test_fisher_requests_that_make_no_sense_are_refused():
    with pytest.raises(TypeError, match=r"tangent: expected MeanCovariance, .* or Natural, got float"):
        fisher_product(held_by("covariance"), 1.0)
    with pytest.raises(ShapeError, match=r"expected one Gaussian, got a batch \(2,\)"):
        fisher_information(Gaussian.from_covariance(np.zeros((2, D)), np.eye(D)))


def direct(x, w):
    mean = (w[:, None] * x).sum(0) / w.sum()
    return w.sum(), mean, (w[:, None] * (x - mean)).T @ (x - mean)


def test_more_points_than_are_read_at_a_time_are_all_counted():
    x = np.random.default_rng(3).standard_normal((CHUNK // (8 * D) + 1001, D)) + 1e6
    statistics = statistics_of(x)
    assert_same(statistics.mean, x.mean(0))
    assert_same(statistics.scatter, (x - x.mean(0)).T @ (x - x.mean(0)), 1e-9)


def test_a_weight_of_0_has_the_derivative_that_it_has_by_differences():
    weights, step = jnp.asarray(WEIGHTS).at[3].set(0.0), 1e-6

    def total(w):
        return statistics_of(X, w).scatter.sum()

    found = jax.grad(total)(weights)
    assert_same(statistics_of(X, weights).scatter, statistics_of(X, weights).scatter.T)
    np.testing.assert_allclose(found[3], (total(weights.at[3].set(step)) - total(weights)) / step, rtol=1e-5)
    assert np.isfinite(jax.grad(lambda w: fit(X, w).log_prob(X[0]))(weights)).all()


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("cuts", [[1], [20], [1, 2, 3, 30]], ids=str)
def test_a_stream_of_chunks_is_the_batch(weights, cuts):
    chunks = zip(np.split(X, cuts), np.split(WEIGHTS, cuts), strict=True)
    parts = [statistics_of(x, None if weights is None else w) for x, w in chunks]
    whole = statistics_of(X, weights)
    assert_same(reduce(merge, parts), whole)
    assert_same(reduce(merge, parts[::-1]), whole)
    n, mean, scatter = direct(X, np.ones(len(X)) if weights is None else weights)
    assert_same((whole.weight, whole.mean, whole.scatter), (n, mean, scatter))


def test_statistics_of_a_batch_are_those_of_its_members():
    both = statistics_of(np.stack([X, -2 * X]))
    for k, x in enumerate((X, -2 * X)):
        assert_same(jax.tree.map(lambda leaf, k=k: leaf[k], both), statistics_of(x))


@pytest.mark.parametrize("order", ["shuffled", "sorted", "one far away"])
@pytest.mark.parametrize(("dtype", "offset", "tolerance"), [(np.float64, 1e8, 1e-6), (np.float32, 1e3, 1e-3)])
def test_data_far_from_the_origin_lose_no_digits(dtype, offset, tolerance, order):
    """Bounded by the rounding of the data themselves: the naive E[xxᵀ] - E[x]E[x]ᵀ has no digit left."""
    x = np.random.default_rng(0).standard_normal((1000, D))
    if order == "sorted":
        x = np.sort(x, 0)
    elif order == "one far away":
        x[0] += 1e2
    exact = np.cov(x.T, bias=True)
    shifted = (x + offset).astype(dtype)
    assert_same(fit(shifted).covariance, exact, tolerance)
    naive = shifted.T @ shifted / dtype(1000) - np.outer(shifted.mean(0), shifted.mean(0))
    with pytest.raises(AssertionError):
        assert_same(naive, exact, tolerance)
    parts = list(map(statistics_of, np.split(shifted, 10)))
    assert_same(fit(reduce(merge, parts)).covariance, exact, tolerance)


@pytest.mark.parametrize("weights", [None, "uniform"], ids=["unweighted", "weighted"])
def test_many_thin_points_in_float32_keep_their_digits(weights):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((700_000, D)) * [1, 1e2, 1e4] + [0, 1e3, 1e4]).astype(np.float32)
    w = None if weights is None else rng.uniform(size=len(x)).astype(np.float32)
    exact = np.cov(x.T.astype(float), bias=True, aweights=w)
    assert np.abs(np.diagonal(fit(x, w).covariance) / np.diagonal(exact) - 1).max() < 1e-5


def test_an_integer_weight_is_a_repetition():
    repeats = np.arange(40) % 3 + 1
    assert_same(fit(X, repeats).to(MeanCovariance), fit(np.repeat(X, repeats, 0)).to(MeanCovariance))


def test_the_fit_of_samples_converges_at_the_root_of_their_number():
    """Over 16 times the points the error of the mean and the covariance falls by about 4."""
    g = held_by("covariance")
    x = np.asarray(g.sample(jax.random.key(2), (200, 1600)))

    def root_mean_square(n):
        f = fit(x[:, :n])
        squares = ((f.mean - MEAN) ** 2).sum(-1) + ((f.covariance - COVARIANCE) ** 2).sum((-1, -2))
        return float(np.sqrt(squares.mean()))

    ratio = root_mean_square(100) / root_mean_square(1600)
    assert 3.5 < ratio < 4.5


def test_shrinkage_leads_from_the_sample_to_a_multiple_of_the_identity():
    S = np.cov(X.T, bias=True)
    target = np.trace(S) / D * np.eye(D)
    for alpha in (0.0, 0.25, 1.0):
        assert_same(fit(X, shrinkage=alpha).covariance, (1 - alpha) * S + alpha * target)


def test_oracle_shrinkage_brings_few_points_nearer_to_the_truth():
    d, g = 20, Gaussian.from_covariance(np.zeros(20), np.diag(np.linspace(1, 2, 20)))
    x = np.random.default_rng(0).standard_normal((15, d)) @ g.cholesky.T
    statistics = statistics_of(x)
    alpha = oracle_shrinkage(statistics)
    assert 0 < alpha < 1
    shrunk = fit(statistics, shrinkage=alpha)
    assert shrunk.dimension == d
    plain = statistics.scatter / statistics.weight
    assert jnp.linalg.norm(shrunk.covariance - g.covariance) < jnp.linalg.norm(plain - g.covariance)


NAN_ROW = np.where(np.arange(40)[:, None] == 7, np.nan, X)
BAD_DATA = {
    "empty": (np.zeros((0, 3)), None, ShapeError, r"expected points in rows, .* got \(0, 3\)"),
    "numbers not in a column": (np.zeros(3), None, ShapeError, r"got \(3,\); .* make a column: x.reshape\(-1, 1\)"),
    "NaN": (NAN_ROW, None, DomainError, "1 of 40 rows contain NaN or infinity, the first is row 7"),
    "NaN of no weight": (NAN_ROW, np.arange(40) != 7, DomainError, "1 of 40 rows contain NaN or infinity"),
    "too few": (
        X[:3],
        None,
        DomainError,
        "in dimension 3 a regular covariance needs at least 4 points, got 3; from 2 points on pass shrinkage",
    ),
    "too few of weight": (X, np.arange(40) < 3, DomainError, "a regular covariance needs at least 4 points, got 3"),
    "constant": (np.ones((9, 3)), None, DomainError, r"in coordinates \[0, 1, 2\] their variance is 0 in float64"),
    "constant in one coordinate": (X * [1, 0, 1], None, DomainError, r"data: .* in coordinates \[1\] their variance"),
    "underflow": (X * 1e-200, None, DomainError, "variance is 0 in float64; .* change their unit"),
    "weights of another length": (X, np.ones(39), ShapeError, r"expected shape \(40,\), one for each row, got \(39,\)"),
    "negative weights": (X, -np.ones(40), DomainError, "expected finite weights ≥ 0, not all 0"),
    "infinite weights": (X, np.full(40, np.inf), DomainError, "finite weights ≥ 0, .* they reach from inf to inf"),
    "no weight": (X, np.zeros(40), DomainError, "expected finite weights ≥ 0, not all 0"),
    "overflow": (X * 1e200, None, MatcalcError, "its scatter overflows"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_data_that_determine_no_gaussian_are_refused(case):
    x, weights, error, message = BAD_DATA[case]
    with pytest.raises(error, match=message):
        fit(x, weights)


entropy_of_fit = jit(lambda x, w: fit(x, w).entropy())


NAN_UNDER_JIT = [case for case, (_, _, error, _) in BAD_DATA.items() if error is DomainError]


@pytest.mark.parametrize("case", NAN_UNDER_JIT)
def test_data_that_determine_no_gaussian_give_nan_under_jit(case):
    x, weights, *_ = BAD_DATA[case]
    assert np.isnan(entropy_of_fit(x, weights))


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(DomainError, match=r"shrinkage: expected a number from 0 \(none\) to 1 .*, got 1.5"):
        fit(X, shrinkage=1.5)
    assert np.isnan(jit(lambda a: fit(X, shrinkage=a).entropy())(-0.5))
    one = statistics_of(X[:1])
    with pytest.raises(DomainError, match=r"data: expected points that differ, but in coordinates \[0, 1, 2\]"):
        fit(one, shrinkage=oracle_shrinkage(one))
    with pytest.raises(MatcalcError, match="sufficient statistics are weighted already"):
        fit(statistics_of(X), WEIGHTS)


def test_statistics_of_different_dimensions_do_not_merge():
    with pytest.raises(ShapeError, match="merge: expected one dimension, got 3 and 1"):
        merge(statistics_of(X), statistics_of(X[:, :1]))


def test_the_shrinkage_has_no_unit_and_is_nan_for_nan():
    x = X[:20].astype(np.float32)
    small = [float(oracle_shrinkage(statistics_of(np.float32(scale) * x))) for scale in (1, 1e9, 1e-10)]
    assert_same(np.array(small), np.full(3, small[0]), 1e-4)
    assert np.isnan(jit(lambda x: oracle_shrinkage(statistics_of(x)))(jnp.full((5, 2), jnp.nan)))
