"""The distribution: its density, its laws under marginals, conditions, affine maps and products, and its pytree."""

import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from gaussian_cases import (
    COVARIANCE,
    MEAN,
    OTHER_COVARIANCE,
    OTHER_MEAN,
    PARAMETRISATIONS,
    POINT,
    RNG,
    D,
    assert_same,
    held_by,
    jit,
)
from scipy import stats

from gaussian import (
    Gaussian,
    MeanCholesky,
    MeanCovariance,
    Natural,
    expectation,
    kl,
    log_likelihood,
    log_normaliser,
    product,
    score,
    statistics_of,
)
from matcalc.errors import ArgumentError, DomainError, MatcalcError, ShapeError
from matcalc.structure import SPD

POINTS = RNG.standard_normal((5, D))
REFERENCE = stats.multivariate_normal(MEAN, COVARIANCE)
HELD = pytest.mark.parametrize("held", PARAMETRISATIONS)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@HELD
def test_the_density_is_scipys(held):
    g = held_by(held)
    assert_same(g.log_prob(POINTS), REFERENCE.logpdf(POINTS))
    assert_same(g.prob(POINTS), REFERENCE.pdf(POINTS))
    assert_same(
        g.squared_mahalanobis(POINTS), np.einsum("ni,ij,nj->n", POINTS - MEAN, np.linalg.inv(COVARIANCE), POINTS - MEAN)
    )
    assert_same(g.mahalanobis(POINTS) ** 2, g.squared_mahalanobis(POINTS))


@jit
def log_probs(mean, S, P, x):
    return Gaussian.from_covariance(mean, S).log_prob(x), Gaussian.from_precision(mean, P).log_prob(x)


# dimension and points on either side of where another formulation takes over
SIZES = [(1, 1), (2, 40), (16, 1), (16, 40), (17, 40), (64, 40), (65, 1), (65, 40), (150, 700), (258, 70), (515, 140)]


@pytest.mark.parametrize(("d", "points"), SIZES)
def test_every_formulation_by_size_gives_the_same_density(d, points):
    S = SPD.sample(np.random.default_rng(d), d)
    x = np.random.default_rng(points).standard_normal((points, d))
    expected = stats.multivariate_normal(np.zeros(d), S).logpdf(x).reshape(points)
    P = np.linalg.inv(S)
    assert_same(log_probs(np.zeros(d), S, (P + P.T) / 2, x), (expected, expected))


@pytest.mark.parametrize(("d", "points"), SIZES)
@pytest.mark.parametrize("held", ["covariance", "precision"])
def test_every_formulation_by_size_unwhitens_what_it_whitens(held, d, points):
    rng = np.random.default_rng(d)
    g, x = held_by(held, np.zeros(d), SPD.sample(rng, d)), rng.standard_normal((points, d))
    there_and_back, length, norm = whitened(g, x)
    assert_same(there_and_back, x)
    assert_same(length, norm)


@jax.jit
def whitened(g, x):
    z = g.whiten(x)
    return g.unwhiten(z), (z**2).sum(-1), g.squared_mahalanobis(x)


def mpmath_log_density(S, y):
    """log N(y|0,S), S as it is stored, to 50 digits."""
    with mpmath.workdps(50):
        L = mpmath.cholesky(mpmath.matrix(S.tolist()))
        z = []
        for i in range(len(y)):
            z.append((mpmath.mpf(float(y[i])) - sum(L[i, j] * z[j] for j in range(i))) / L[i, i])
        log_det = sum(mpmath.log(L[i, i]) for i in range(len(y)))
        return float(-sum(t * t for t in z) / 2 - log_det - len(y) * mpmath.log(2 * mpmath.pi) / 2)


@pytest.mark.parametrize(("d", "points"), [(4, 1), (16, 100), (40, 1), (40, 100)])
def test_a_condition_of_1e12_keeps_log_prob_to_six_digits(d, points):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        Q, spectrum = np.linalg.qr(rng.standard_normal((d, d)))[0], np.logspace(0, -12, d)
        S = (Q * spectrum) @ Q.T
        S = (S + S.T) / 2
        x = (rng.standard_normal((points, d)) * np.sqrt(spectrum)) @ Q.T
        log_prob = Gaussian.from_covariance(np.zeros(d), S).log_prob(x)
        for k in range(min(points, 3)):
            exact = mpmath_log_density(S, x[k])
            assert abs(float(log_prob[k]) - exact) <= 1e-6 * abs(exact)


@pytest.mark.parametrize(
    ("dtype", "condition"),
    [(np.float64, 1e3), (np.float64, 1e9), (np.float64, 1e12), (np.float32, 1e2), (np.float32, 1e5)],
)
def test_the_relative_error_of_log_prob_is_below_the_condition_times_the_rounding_unit(dtype, condition):
    """At points drawn, at points of no relation to Σ, and where it is worst: along its smallest axis."""
    d, rng = 8, np.random.default_rng(0)
    with jax.enable_x64(dtype == np.float64):
        for _ in range(3):
            Q, spectrum = np.linalg.qr(rng.standard_normal((d, d)))[0], np.logspace(0, -np.log10(condition), d)
            S = (Q * spectrum) @ Q.T
            S = ((S + S.T) / 2).astype(dtype)
            x = np.stack([Q @ (np.sqrt(spectrum) * rng.standard_normal(d)), rng.standard_normal(d), Q[:, -1]]).astype(
                dtype
            )
            log_prob = Gaussian.from_covariance(np.zeros(d, dtype), S).log_prob(x)
            assert log_prob.dtype == dtype
            exact = np.array([mpmath_log_density(S, y) for y in x])
            assert (np.abs(log_prob - exact) <= np.finfo(dtype).eps * condition * np.abs(exact)).all()


@jit
def entropies(g):
    """In closed form, as -E[log p] by quadrature, and as A - ⟨η, ∇A⟩ by the normaliser."""
    eta = g.to(Natural)
    slopes = jax.grad(log_normaliser)(eta)
    pairing = sum(jnp.vdot(a, b) for a, b in zip(jax.tree.leaves(eta), jax.tree.leaves(slopes), strict=True))
    return g.entropy(), -expectation(g.log_prob, g), log_normaliser(eta) - pairing


@HELD
def test_entropy_by_three_routes(held):
    assert_same(entropies(held_by(held)), [REFERENCE.entropy()] * 3)


SUBSETS = [[0], [2, 0], [1, 2], [-1], (0, 1)]


@HELD
@pytest.mark.parametrize("given", SUBSETS, ids=str)
def test_condition_times_marginal_is_the_joint(held, given):
    g = held_by(held)
    free = [i for i in range(D) if i not in [k % D for k in given]]
    x_given, x_free = POINTS[0, list(given)], POINTS[0, free]
    conditional = g.condition(given, x_given)
    assert_same(g.marginal(given).log_prob(x_given) + conditional.log_prob(x_free), g.log_prob(POINTS[0]))
    S = COVARIANCE
    K = S[np.ix_(free, given)] @ np.linalg.inv(S[np.ix_(given, given)])
    assert_same(conditional.mean, MEAN[free] + K @ (x_given - MEAN[list(given)]))
    assert_same(conditional.covariance, S[np.ix_(free, free)] - K @ S[np.ix_(given, free)])


@HELD
def test_a_marginal_is_its_block_and_the_marginal_of_everything_a_permutation(held):
    g = held_by(held)
    assert_same(g.marginal([2, 0]).to(MeanCovariance), MeanCovariance(MEAN[[2, 0]], COVARIANCE[np.ix_([2, 0], [2, 0])]))
    assert_same(g.marginal([2, 0, 1]).log_prob(POINTS[:, [2, 0, 1]]), g.log_prob(POINTS))


@HELD
def test_affine_then_marginal_is_the_marginal_of_the_affine_map(held):
    g, A, b = held_by(held), RNG.standard_normal((D, D)), RNG.standard_normal(D)
    rows = [2, 0]
    assert_same(g.affine(A, b).marginal(rows).to(MeanCovariance), g.affine(A[rows], b[rows]).to(MeanCovariance))


@HELD
def test_an_affine_map_and_its_inverse_change_the_density_by_the_jacobian(held):
    g, A, b = held_by(held), RNG.standard_normal((D, D)), RNG.standard_normal(D)
    image = g.affine(A, b)
    assert_same(image.log_prob(POINTS @ A.T + b), g.log_prob(POINTS) - np.log(abs(np.linalg.det(A))))
    back = np.linalg.inv(A)
    assert_same(image.affine(back, -back @ b).to(MeanCovariance), g.to(MeanCovariance), 1e-9)


@HELD
def test_a_product_is_its_constant_times_its_gaussian(held):
    p, q = held_by(held), held_by(held, OTHER_MEAN, OTHER_COVARIANCE)
    log_c, r = product(p, q)
    assert_same(log_c + r.log_prob(POINTS), p.log_prob(POINTS) + q.log_prob(POINTS))
    normalisers = [log_normaliser(g.to(Natural)) for g in (r, p, q)]
    assert_same(log_c, normalisers[0] - normalisers[1] - normalisers[2])


@HELD
def test_whitening_leads_to_the_standard_gaussian_and_back(held):
    g = held_by(held)
    assert_same((g.whiten(POINTS) ** 2).sum(-1), g.squared_mahalanobis(POINTS))
    assert_same(g.unwhiten(g.whiten(POINTS)), POINTS)
    image = g.affine(g.factor.whitener, -g.factor.whitener @ g.mean)
    assert_same(image.to(MeanCovariance), MeanCovariance(np.zeros(D), np.eye(D)))


@HELD
def test_samples_have_the_moments(held):
    """Means of n draws err by about n^(-1/2); the bounds are five standard deviations."""
    n = 40_000
    x = np.asarray(held_by(held).sample(jax.random.key(0), (n,)))
    assert np.all(abs(x.mean(0) - MEAN) < 5 * np.sqrt(np.diag(COVARIANCE) / n))
    spread = np.sqrt((np.outer(np.diag(COVARIANCE), np.diag(COVARIANCE)) + COVARIANCE**2) / n)
    assert np.all(abs(np.cov(x.T) - COVARIANCE) < 5 * spread)
    z = held_by(held).whiten(x)
    assert stats.kstest(np.asarray(z).ravel(), "norm").pvalue > 1e-3


def test_the_log_density_factorises_exactly_when_the_covariance_is_diagonal():
    independent = Gaussian.from_covariance(MEAN, np.diag([0.5, 1.0, 2.0]))
    assert bool(independent.is_independent())
    assert_same(independent.coordinate_log_prob(POINTS).sum(-1), independent.log_prob(POINTS))
    dependent = held_by("covariance")
    assert not bool(dependent.is_independent())
    assert bool(dependent.is_independent(tolerance=0.999))
    with pytest.raises(AssertionError):
        assert_same(dependent.coordinate_log_prob(POINTS).sum(-1), dependent.log_prob(POINTS))


def test_the_confidence_ellipse_holds_its_level():
    g = held_by("covariance").marginal([0, 2])
    ellipse = g.confidence_ellipse(0.9, points=50)
    assert ellipse.shape == (50, 2)
    assert_same(g.squared_mahalanobis(ellipse), np.full(50, stats.chi2(2).ppf(0.9)))
    inside = g.squared_mahalanobis(g.sample(jax.random.key(1), (20_000,))) < -2 * math.log(0.1)
    assert abs(float(inside.mean()) - 0.9) < 5 * math.sqrt(0.09 / 20_000)


def test_the_gradient_of_the_distance_at_the_mean_is_0_and_never_nan():
    g = held_by("covariance")
    assert_same(jax.grad(g.mahalanobis)(jnp.asarray(MEAN)), np.zeros(D))
    away = jax.grad(g.mahalanobis)(jnp.asarray(POINT))
    assert_same(away, np.linalg.inv(COVARIANCE) @ (POINT - MEAN) / g.mahalanobis(POINT))


@HELD
def test_a_gaussian_is_a_pytree_under_jit_vmap_grad_and_tree_map(held):
    g = held_by(held)
    assert_same(jit(lambda g: g)(g).log_prob(POINTS), g.log_prob(POINTS))
    assert_same(jax.tree.map(lambda leaf: leaf, g).log_prob(POINTS), g.log_prob(POINTS))
    assert_same(jax.vmap(g.log_prob)(POINTS), g.log_prob(POINTS))
    slope = jax.grad(lambda g: g.log_prob(POINT))(g)
    assert isinstance(slope, Gaussian)
    assert_same(slope.mean, np.linalg.inv(COVARIANCE) @ (POINT - MEAN))
    step = 1e-6
    moved = jax.tree.map(lambda leaf, change: leaf + step * change, g, slope)
    rise = sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(slope))
    assert_same((moved.log_prob(POINT) - g.log_prob(POINT)) / step, rise, 1e-4)


@HELD
def test_a_gaussian_is_printed_by_its_mean_and_covariance_and_always_can_be(held):
    g = held_by(held)
    assert repr(g) == f"Gaussian(mean={g.mean!r}, covariance={g.covariance!r})"
    for other in (jax.tree.map(lambda leaf: None, g), jax.eval_shape(lambda: g)):
        assert repr(other).startswith("Gaussian(mean=")
    jax.eval_shape(lambda g: jnp.full(len(repr(g)), 1.0), g)


@HELD
def test_a_gaussian_equals_itself_alone_as_do_its_parts(held):
    g, h = held_by(held), held_by(held)
    for one, other in ((g, h), (g.factor, h.factor), (g.to(Natural), h.to(Natural)), (g.moments(), h.moments())):
        assert one == one
        assert one != other
        assert len({one, other}) == 2


@pytest.mark.parametrize("under", [lambda f: f, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("covariance", [COVARIANCE, jnp.asarray(COVARIANCE), COVARIANCE.tolist(), 1.0], ids=type)
def test_a_covariance_in_place_of_a_factor_is_refused(covariance, under):
    with pytest.raises(ArgumentError, match=r"expected a factor .* call Gaussian.from_covariance\(mean, covariance\)"):
        under(Gaussian)(MEAN, covariance)


def test_axes_for_vmap_may_be_written_as_a_gaussian():
    g = Gaussian.from_covariance(np.stack([MEAN, -MEAN]), COVARIANCE)
    for axes in (Gaussian(0, 0), Gaussian(0, None)):
        factor = jax.tree.map(lambda leaf: leaf[0], g.factor) if axes.factor is None else g.factor
        mapped = jax.vmap(lambda g: g.log_prob(POINT), in_axes=(axes,))(Gaussian(g.mean, factor))
        assert_same(mapped, g.log_prob(POINT))


@jit
def asked(g, x):
    """Of everything that a Gaussian answers, one of each kind."""
    conditional = g.condition([0, 2], POINT[:2])
    kept = (g.log_prob(x), g.whiten(x), g.unwhiten(x), g.entropy(), g.to(MeanCovariance), conditional)
    return jax.tree.leaves((kept, g.marginal([1, 0]), g.affine(np.eye(D)[:2]), g.coordinate_log_prob(x)))


@HELD
def test_a_batch_is_its_members(held):
    means, covariances = RNG.standard_normal((4, D)), SPD.sample(RNG, D, batch=(4,))
    x = RNG.standard_normal((2, 1, D))
    batch = held_by(held, means, covariances)
    members = [held_by(held, m, S) for m, S in zip(means, covariances, strict=True)]
    assert batch.batch_shape == (4,)
    one_by_one = [asked(g, x[:, 0]) for g in members]
    together = asked(batch, x)
    for k, leaf in enumerate(together):
        axis = 1 if leaf.shape[0] == 2 and leaf.ndim > 1 and leaf.shape[1] == 4 else 0
        assert_same(leaf, np.stack([leaves[k] for leaves in one_by_one], axis))
    mapped = jax.vmap(lambda g: g.log_prob(x[:, 0]))(batch)
    assert_same(mapped, np.swapaxes(batch.log_prob(x), 0, 1))
    assert batch.sample(jax.random.key(0), (7,)).shape == (7, 4, D)


def test_many_values_to_condition_on_make_a_batch():
    g = held_by("covariance")
    conditional = g.condition([0], POINTS[:, :1])
    assert conditional.batch_shape == (5,)
    each = jit(jax.vmap(lambda v: g.condition([0], v).log_prob(POINT[1:])))(POINTS[:, :1])
    assert_same(conditional.log_prob(POINT[1:]), each)


CONDITIONS = {
    "everything": ([0, 1, 2], np.zeros(3), MatcalcError, "all coordinates are given, so nothing is left"),
    "nothing": ([], np.zeros(0), MatcalcError, "expected at least one coordinate, got none"),
    "repeated": ([1, 1], np.zeros(2), MatcalcError, r"expected each coordinate once, but \[1\] is repeated"),
    "the same twice": ([2, -1], np.zeros(2), MatcalcError, r"expected each coordinate once, but \[2\] is repeated"),
    "out of range": ([3], np.zeros(1), MatcalcError, "3 is out of range for 3 coordinates; use 0 to 2"),
    "not integers": ([0.5], np.zeros(1), MatcalcError, "expected integers"),
    "a mask": ([True, False, False], np.zeros(1), MatcalcError, "for a mask pass its numpy.flatnonzero"),
    "too few values": (
        [0, 1],
        np.zeros(1),
        ShapeError,
        r"expected shape \(..., 2\), a value for each index, got \(1,\)",
    ),
    "NaN": ([0], np.array([np.nan]), DomainError, "expected finite values to condition on"),
}


@HELD
@pytest.mark.parametrize("case", CONDITIONS)
def test_a_condition_that_makes_no_sense_is_refused(held, case):
    indices, values, error, message = CONDITIONS[case]
    with pytest.raises(error, match=message):
        held_by(held).condition(indices, values)


def test_values_that_are_not_finite_give_nan_under_jit():
    g = held_by("covariance")
    log_prob = jit(lambda v: g.condition([0], v).log_prob(POINT[1:]))
    assert np.isnan([log_prob(np.array([value])) for value in (np.nan, np.inf)]).all()


def test_an_affine_map_onto_too_many_dimensions_is_refused():
    with pytest.raises(DomainError, match=r"A: .* only if A has full row rank; covariance: singular to working"):
        held_by("covariance").affine(RNG.standard_normal((D + 1, D)))
    for A in (np.eye(2), np.zeros((0, D)), np.ones(D)):
        with pytest.raises(ShapeError, match=r"A: expected shape \(..., k, 3\) with k > 0, got"):
            held_by("covariance").affine(A)
    for A, b in ((np.full((2, D), np.nan), np.zeros(2)), (np.eye(D), np.full(D, np.inf))):
        name = "A" if np.isnan(A).any() else "b"
        with pytest.raises(DomainError, match=f"^{name}: expected finite entries"):
            held_by("covariance").affine(A, b)
    with pytest.raises(ShapeError, match=r"b: expected shape \(..., 3\), one entry a row of A, got \(2,\)"):
        held_by("covariance").affine(np.eye(D), np.zeros(2))


@pytest.mark.parametrize("method", ["log_prob", "prob", "whiten", "unwhiten", "mahalanobis", "coordinate_log_prob"])
def test_a_point_of_another_dimension_is_refused(method):
    with pytest.raises(
        ShapeError, match=r"expected shape \(..., 3\), got \(5, 2\); the last axis is the 3 coordinates"
    ):
        getattr(held_by("covariance"), method)(POINTS[:, :2])


def test_other_requests_that_make_no_sense_are_refused():
    g = held_by("covariance")
    with pytest.raises(ShapeError, match="expected one dimension, got 3 and 2"):
        product(g, g.marginal([0, 1]))
    with pytest.raises(ShapeError, match="expected 2 dimensions, got 3; take a marginal first"):
        g.confidence_ellipse()
    with pytest.raises(MatcalcError, match="expected a probability between 0 and 1, got 95"):
        g.marginal([0, 1]).confidence_ellipse(95)


def test_the_configuration_of_jax_stays():
    with jax.enable_x64(False):
        held_by("covariance").log_prob(POINTS)
        assert not jax.config.jax_enable_x64


# --- a Gaussian as what is learned ------------------------------------------------------------------------------------

WEIGHTS = np.arange(1.0, 1 + D * D).reshape(D, D)
LOSSES = {
    "log_prob": lambda g: g.log_prob(POINT),
    "log_prob of many points": lambda g: g.log_prob(np.tile(POINT, (50, 1))).sum(),
    "whiten": lambda g: (g.whiten(POINT) ** 3).sum(),
    "unwhiten": lambda g: (g.unwhiten(POINT) ** 3).sum(),
    "sample": lambda g: (g.sample(jax.random.key(0), 5) ** 3).sum(),
    "cholesky": lambda g: (WEIGHTS * g.cholesky).sum(),
    "parameter": lambda g: (WEIGHTS * g.to(MeanCholesky).cholesky).sum(),
    "covariance": lambda g: (WEIGHTS * g.covariance).sum(),
    "precision": lambda g: (WEIGHTS * g.precision).sum(),
    "condition": lambda g: g.condition([1], POINT[:1]).log_prob(POINT[1:]),
    "kl": lambda g: kl(g, held_by("covariance")),
    "kl backwards": lambda g: kl(held_by("precision"), g),
    "likelihood": lambda g: log_likelihood(g, statistics_of(np.outer(np.arange(1.0, 9), POINT))),
    "score": lambda g: (WEIGHTS * score(g, POINT, MeanCholesky).cholesky).sum(),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("held", ["covariance", "precision"])
def test_a_step_along_a_gradient_leaves_the_factor_triangular(held, loss):
    """Else it would be a full matrix, of which the density takes one triangle and a sample both: no Gaussian at all."""
    g = held_by(held)
    step = jax.jit(jax.grad(LOSSES[loss]))(g)
    stepped = jax.tree.map(lambda leaf, by: leaf - 1e-6 * by, g, step)
    _, factor = jax.tree.leaves(stepped)
    assert (np.triu(factor, 1) == 0).all()
    again = Gaussian.from_covariance(stepped.mean, stepped.covariance)
    assert_same(stepped.log_prob(POINT), again.log_prob(POINT))
