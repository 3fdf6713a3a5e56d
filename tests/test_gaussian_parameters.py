"""The four parametrisations: round trips, and what is refused, how, and what becomes of it under jit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gaussian_cases import COVARIANCE, MEAN, PARAMETRISATIONS, POINT, D, assert_same, held_by, jit

from gaussian import Gaussian, MeanCovariance, Natural, convert, kl, log_normaliser, normalising_constant, statistics_of
from matcalc.errors import DomainError, ShapeError


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("via", PARAMETRISATIONS)
@pytest.mark.parametrize("start", PARAMETRISATIONS)
def test_a_conversion_round_trip_returns_the_parameters(start, via):
    parameters = held_by(start).to(PARAMETRISATIONS[start])
    there = convert(parameters, PARAMETRISATIONS[via])
    assert isinstance(there, PARAMETRISATIONS[via])
    assert_same(convert(there, PARAMETRISATIONS[start]), parameters)
    assert_same(there, held_by(via).to(PARAMETRISATIONS[via]))


def test_a_conversion_to_itself_is_the_same_object():
    parameters = MeanCovariance(MEAN, COVARIANCE)
    assert convert(parameters, MeanCovariance) is parameters


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_the_normaliser_has_the_same_value_in_every_parametrisation(name):
    """With η₁ = 0 the natural one is the centred one; C = ((2π)^D det Σ)^(-1/2)."""
    parameters = held_by(name, np.zeros(D)).to(PARAMETRISATIONS[name])
    sign, log_det = np.linalg.slogdet(2 * np.pi * COVARIANCE)
    assert_same(log_normaliser(parameters), log_det / 2)
    assert_same(normalising_constant(parameters), sign * np.exp(-log_det / 2))


def test_the_natural_normaliser_normalises():
    eta = held_by("natural").to(Natural)
    log_density = eta.eta1 @ POINT + POINT @ eta.eta2 @ POINT - log_normaliser(eta)
    assert_same(log_density, held_by("covariance").log_prob(POINT))


def test_what_has_no_normaliser_is_refused():
    with pytest.raises(TypeError, match="expected MeanCovariance, MeanPrecision, MeanCholesky or Natural, got float"):
        log_normaliser(1.0)


@pytest.mark.parametrize("name", PARAMETRISATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_input_stays(name, dtype):
    g = held_by(name, MEAN.astype(dtype), COVARIANCE.astype(dtype))
    results = (g, g.to(Natural), g.log_prob(POINT.astype(dtype)), g.entropy(), g.sample(jax.random.key(0), (2,)))
    assert {leaf.dtype for leaf in jax.tree.leaves(results)} == {np.dtype(dtype)}


def test_integers_become_floats_and_dtypes_are_shared():
    g = Gaussian.from_covariance([0, 1], np.eye(2, dtype=np.int32))
    assert jnp.issubdtype(g.mean.dtype, jnp.floating)
    assert g.mean.dtype == g.cholesky.dtype
    assert Gaussian.from_covariance(np.zeros(2, np.float32), np.eye(2)).mean.dtype == np.float64


BAD_MATRICES = {
    "asymmetric": ([[1.0, 0.25], [0.75, 2.0]], r"entries \(0, 1\) and \(1, 0\) are 0.25 and 0.75, 0.5 apart"),
    "indefinite": ([[1.0, 2.0], [2.0, 1.0]], "1 of its 2 eigenvalues are negative, the smallest -1"),
    "singular": ([[1.0, 1.0], [1.0, 1.0]], "singular to working precision: its eigenvalues reach from"),
    "zero": ([[0.0, 0.0], [0.0, 0.0]], "expected a positive definite matrix, but all its entries are 0"),
    "underflow": ([[1.0, 0.0], [0.0, 1e-310]], "its diagonal entry 1 is .* change its unit"),
    "NaN": ([[1.0, np.nan], [np.nan, 1.0]], r"2 of 4 are NaN or infinite, the first at \(0, 1\)"),
    "infinite": ([[np.inf, 0.0], [0.0, 1.0]], r"1 of 4 are NaN or infinite, the first at \(0, 0\)"),
}
MAKERS = {"covariance": Gaussian.from_covariance, "precision": Gaussian.from_precision}
LOG_PROB = {name: jit(lambda m, A, make=make: make(m, A).log_prob(np.ones(2))) for name, make in MAKERS.items()}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("fault", BAD_MATRICES)
def test_an_inadmissible_matrix_is_an_error_outside_jit_and_nan_inside(maker, fault):
    matrix, message = BAD_MATRICES[fault]
    with pytest.raises(DomainError, match=f"{maker}: .*{message}"):
        MAKERS[maker](np.zeros(2), matrix)
    assert np.isnan(LOG_PROB[maker](np.zeros(2), np.array(matrix)))
    assert np.isfinite(LOG_PROB[maker](np.zeros(2), np.eye(2)))


BEYOND = {
    name: jit(lambda A, make=make: [g := make(np.zeros(3), A), g.condition([2], np.zeros(1)), g.marginal([0, 1])])
    for name, make in MAKERS.items()
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("fault", [*BAD_MATRICES, "deficient rank"])
def test_nothing_made_of_an_inadmissible_matrix_under_jit_passes_for_a_gaussian(maker, fault):
    """Its blocks may well be admissible."""
    if fault == "deficient rank":
        B = np.random.default_rng(0).standard_normal((3, 2))
        matrix = B @ B.T
    else:
        matrix = np.eye(3)
        matrix[:2, :2] = BAD_MATRICES[fault][0]
    assert np.isnan([g.entropy() for g in BEYOND[maker](matrix)]).all()
    assert np.isfinite([g.entropy() for g in BEYOND[maker](np.eye(3))]).all()


@pytest.mark.parametrize("fault", BAD_MATRICES)
def test_natural_parameters_are_refused_by_their_precision(fault):
    matrix, message = BAD_MATRICES[fault]
    with pytest.raises(DomainError, match=f"-2 eta2, the precision: .*{message}"):
        Gaussian.from_natural(np.zeros(2), np.array(matrix) / -2)


def test_one_bad_member_of_a_batch_is_named_and_alone_becomes_nan():
    batch = np.stack([np.eye(2), -np.eye(2), np.eye(2)])
    with pytest.raises(DomainError, match=r"covariance at batch index \(1,\): .* 2 of its 2 eigenvalues are negative"):
        Gaussian.from_covariance(np.zeros(2), batch)
    log_prob = jit(lambda S: Gaussian.from_covariance(np.zeros(2), S).log_prob(np.ones(2)))(batch)
    assert np.isnan(log_prob).tolist() == [False, True, False]


FACTORS = {
    "not triangular": ([[1.0, 0.5], [0.0, 1.0]], r"entry \(0, 1\) is 0.5 in size"),
    "negative diagonal": ([[1.0, 0.0], [0.0, -1.0]], "expected a positive diagonal, but its smallest entry is -1"),
    "zero diagonal": ([[1.0, 0.0], [0.0, 0.0]], "expected a positive diagonal, but its smallest entry is 0"),
    "NaN": ([[1.0, 0.0], [np.nan, 1.0]], "1 of 4 are NaN or infinite"),
}
ENTROPY_OF_CHOLESKY = jit(lambda L: Gaussian.from_cholesky(np.zeros(2), L).entropy())


@pytest.mark.parametrize("fault", FACTORS)
def test_an_inadmissible_factor_is_an_error_outside_jit_and_nan_inside(fault):
    matrix, message = FACTORS[fault]
    with pytest.raises(DomainError, match=f"cholesky: .*{message}"):
        Gaussian.from_cholesky(np.zeros(2), matrix)
    assert np.isnan(ENTROPY_OF_CHOLESKY(np.array(matrix)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_mean_that_is_not_finite_is_an_error_outside_jit_and_nan_inside(value):
    mean = np.array([0.0, value])
    with pytest.raises(
        DomainError, match="mean: expected finite entries, but 1 of 2 are NaN or infinite, the first at 1"
    ):
        Gaussian.from_covariance(mean, np.eye(2))
    assert np.isnan(LOG_PROB["covariance"](mean, np.eye(2)))


SHAPES = {
    "not square": ((2,), (2, 3)),
    "sizes differ": ((3,), (2, 2)),
    "scalar mean": ((), (1, 1)),
    "vector covariance": ((2,), (2,)),
    "no coordinates": ((0,), (0, 0)),
}


@pytest.mark.parametrize("case", SHAPES)
@pytest.mark.parametrize("under", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_wrong_sizes_are_an_error_everywhere(case, under):
    vector, matrix = SHAPES[case]
    with pytest.raises(ShapeError, match=r"mean, covariance: expected shapes \(..., d\) and \(..., d, d\)"):
        under(Gaussian.from_covariance)(np.ones(vector), np.ones(matrix))


@pytest.mark.parametrize("points", [1, 40])
@pytest.mark.parametrize("maker", MAKERS)
def test_points_of_another_precision_widen_the_result(maker, points):
    d = 20
    g = MAKERS[maker](np.zeros(d, np.float32), np.eye(d, dtype=np.float32))
    x = np.random.default_rng(0).standard_normal((points, d))
    assert_same(g.log_prob(x), -0.5 * ((x**2).sum(-1) + d * np.log(2 * np.pi)), 1e-7)
    conditional = g.condition([0], np.zeros(1))
    assert {leaf.dtype for leaf in jax.tree.leaves(conditional)} == {np.dtype(np.float64)}
    assert kl(MAKERS[maker](np.zeros(d), np.eye(d)), g) == 0 == kl(g, MAKERS[maker](np.zeros(d), np.eye(d)))


COMPLEX = {
    "x": lambda g: g.log_prob(1j * POINT),
    "values": lambda g: g.condition([0], np.array([1j])),
    "A": lambda g: g.affine(1j * np.eye(D)),
    "weights": lambda g: statistics_of(np.eye(D), 1j * np.ones(D)),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers_are_refused_by_the_name_of_what_they_are_in(name):
    with pytest.raises(DomainError, match=f"{name}: expected real numbers, got complex128"):
        COMPLEX[name](held_by("covariance"))


def test_batches_that_do_not_fit_and_complex_numbers_are_errors():
    with pytest.raises(ShapeError, match=r"batch shapes \(2,\) and \(4,\) do not broadcast"):
        Gaussian.from_covariance(np.zeros((2, 3)), np.broadcast_to(np.eye(3), (4, 3, 3)))
    with pytest.raises(DomainError, match="expected real numbers, got complex128"):
        Gaussian.from_covariance(np.zeros(2), np.eye(2) * 1j)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [2, 16, 80])
def test_a_matrix_of_deficient_rank_never_passes_by_its_rounding_errors(d, dtype):
    """Its last pivot may well come out positive; κ = 10¹² in float64 and 10⁵ in float32 still pass."""
    rng = np.random.default_rng(d)
    make = jit(lambda S: Gaussian.from_covariance(np.zeros(d, dtype), S).entropy())
    for rank in {1, d // 2, d - 1}:
        B = rng.standard_normal((d, rank)).astype(dtype)
        assert np.isnan(make(B @ B.T))
    Q = np.linalg.qr(rng.standard_normal((d, d)))[0]
    S = (Q * np.logspace(0, -12 if dtype == np.float64 else -4, d)) @ Q.T
    assert np.isfinite(make(((S + S.T) / 2).astype(dtype)))


@pytest.mark.parametrize("maker", MAKERS)
def test_of_a_matrix_that_is_symmetric_up_to_rounding_one_triangle_counts_everywhere(maker):
    """Within the tolerance the triangles differ by more than the rounding unit, so nothing may read the other one."""
    matrix = COVARIANCE + 3e-9 * np.triu(np.ones((D, D)), 1)
    given, mirrored = (MAKERS[maker](MEAN, A) for A in (matrix, np.triu(matrix) + np.triu(matrix, 1).T))
    for question in (
        lambda g: [g.covariance, g.precision, g.log_prob(POINT), g.marginal([2, 0]).covariance],
        lambda g: g.condition([2], POINT[:1]).to(MeanCovariance),
    ):
        assert_same(question(given), question(mirrored), 1e-14)


@pytest.mark.parametrize("maker", MAKERS)
def test_what_is_just_regular_has_conditionals_just_as_regular(maker):
    rng = np.random.default_rng(0)
    for condition in (1e15, 3e15, 6e15):
        Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
        S = (Q * np.geomspace(1, 1 / condition, 6)) @ Q.T
        try:
            g = MAKERS[maker](np.zeros(6), (S + S.T) / 2)
        except DomainError:
            continue
        assert np.isfinite(g.condition([1, 4], np.zeros(2)).entropy())


def test_batches_may_be_empty():
    g = Gaussian.from_covariance(np.zeros((0, 2)), np.zeros((0, 2, 2)))
    assert g.log_prob(np.zeros(2)).shape == (0,)
    assert g.condition([0], np.zeros(1)).batch_shape == (0,)
    assert statistics_of(np.zeros((0, 5, 2))).mean.shape == (0, 2)
    for d in (2, 20):
        assert Gaussian.standard(d).log_prob(np.zeros((0, d))).shape == (0,)


def test_badly_scaled_coordinates_are_not_a_bad_condition():
    scale = np.array([1e-12, 1.0, 1e12])
    g = Gaussian.from_covariance(MEAN * scale, COVARIANCE * scale[:, None] * scale)
    assert_same(g.log_prob(POINT * scale), held_by("covariance").log_prob(POINT))  # the scales have product 1


def test_pytrees_of_different_kinds_never_pass_for_one_another():
    """Or `jit` could run for one what it compiled for the other."""
    kinds = [held_by(name).to(PARAMETRISATIONS[name]) for name in PARAMETRISATIONS]
    kinds += [held_by("covariance"), held_by("precision"), statistics_of(np.eye(D)), held_by("covariance").moments()]
    structures = [jax.tree.structure(kind) for kind in kinds]
    for i, one in enumerate(structures):
        assert [one == other for other in structures] == [i == j for j in range(len(structures))]
