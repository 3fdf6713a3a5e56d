"""What is no argument for a function is refused by name, whatever it is: no error of Python or JAX comes through."""

import jax
import numpy as np
import pytest
from gaussian_cases import COVARIANCE, MEAN, POINT, D, assert_same, held_by

import gaussian
from gaussian import Gaussian, MeanCovariance, Natural, convert, kl, log_likelihood, statistics_of
from matcalc.errors import ArgumentError, MatcalcError, ShapeError

KEY = jax.random.key(0)
POINTS = np.stack([POINT, MEAN, 2 * POINT])


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


# every function of a Gaussian, with something else in its place
OF_A_GAUSSIAN = {
    "kl": lambda f, g, other: f(g, other),
    "cross_entropy": lambda f, g, other: f(other, g),
    "bures_wasserstein": lambda f, g, other: f(g, q=other),
    "squared_bures_wasserstein": lambda f, g, other: f(g, other),
    "product": lambda f, g, other: f(g, other),
    "raw_moment": lambda f, g, other: f(other, 2),
    "central_moment": lambda f, g, other: f(other, 2),
    "expected_product": lambda f, g, other: f(other, "i->i", (np.eye(D), 0)),
    "fisher_information": lambda f, g, other: f(other),
    "fisher_product": lambda f, g, other: f(other, g.to(Natural)),
    "log_likelihood": lambda f, g, other: f(other, POINT),
    "score": lambda f, g, other: f(other, POINT),
    "to_scipy": lambda f, g, other: f(other),
    "to_numpyro": lambda f, g, other: f(other),
}


@pytest.mark.parametrize("other", [1, None, "g", np.eye(D), MeanCovariance(MEAN, COVARIANCE)], ids=type)
@pytest.mark.parametrize("name", OF_A_GAUSSIAN)
def test_what_is_no_gaussian_is_refused_by_every_function_of_one(name, other):
    with pytest.raises(ArgumentError, match=f"^{name}: expected Gaussian, got {type(other).__name__}."):
        OF_A_GAUSSIAN[name](getattr(gaussian, name), held_by("covariance"), other)


def test_an_array_under_jit_is_called_an_array():
    with pytest.raises(ArgumentError, match=r"^kl: expected Gaussian, got an array\."):
        jax.jit(lambda x: kl(held_by("covariance"), x))(MEAN)


OTHER_KINDS = {
    "statistics to merge": (lambda: gaussian.merge(statistics_of(POINTS), 2), "merge: expected SufficientStatistics"),
    "statistics to shrink": (
        lambda: gaussian.oracle_shrinkage(POINTS),
        "oracle_shrinkage: expected SufficientStatistics, got ndarray",
    ),
    "the name of a parametrisation": (
        lambda: held_by("covariance").to("natural"),
        "parametrisation: expected one of MeanCovariance, .*, got 'natural'",
    ),
    "another class": (
        lambda: convert(MeanCovariance(MEAN, COVARIANCE), int),
        "parametrisation: expected one of .*, got <class 'int'>",
    ),
    "another class for the information": (
        lambda: gaussian.fisher_information(held_by("covariance"), int),
        "parametrisation: expected one of .*, got <class 'int'>",
    ),
    "a number to convert": (lambda: convert(3, Natural), "parameters: expected MeanCovariance, .* or Natural, got int"),
    "a number for parameters": (
        lambda: Gaussian.from_parameters(3),
        "parameters: expected MeanCovariance, MeanPrecision, MeanCholesky or Natural, got int",
    ),
    "a number for a key": (lambda: held_by("covariance").sample(0), r"key: expected .*; pass jax.random.key\(0\)"),
    "many keys": (
        lambda: held_by("covariance").sample(jax.random.split(KEY)),
        r"key: expected one key of jax.random, got an array \(2,\); of many use jax.vmap",
    ),
    "many keys of the old kind": (
        lambda: held_by("covariance").sample(np.zeros((3, 2), np.uint32)),
        r"key: expected one key of jax.random, got an array \(3, 2\)",
    ),
    "floats for a key": (lambda: held_by("covariance").sample(MEAN), "key: expected a key of jax.random, got array"),
}


@pytest.mark.parametrize("case", OTHER_KINDS)
def test_an_object_of_another_kind_is_refused(case):
    call, message = OTHER_KINDS[case]
    with pytest.raises(ArgumentError, match=f"^{message}"):
        call()


INTEGERS = {
    "d": (1, lambda n: Gaussian.standard(n)),
    "order of a moment": (0, lambda n: gaussian.raw_moment(held_by("covariance"), n)),
    "order of a cumulant": (1, lambda n: held_by("covariance").cumulant(n)),
    "points": (1, lambda n: held_by("covariance").marginal([0, 1]).confidence_ellipse(points=n)),
    "nodes": (1, lambda n: gaussian.expectation(lambda x: x, held_by("covariance"), nodes=n)),
    "shape": (0, lambda n: held_by("covariance").sample(KEY, n)),
    "shape of two": (0, lambda n: held_by("covariance").sample(KEY, (2, n))),
}


@pytest.mark.parametrize("bad", ["too small", 2.5, "2", None])
@pytest.mark.parametrize("name", INTEGERS)
def test_a_number_of_things_is_an_integer(name, bad):
    least, call = INTEGERS[name]
    value = least - 1 if bad == "too small" else bad
    with pytest.raises(ArgumentError, match=f"^{name.split()[0]}: expected an integer of at least {least}, got "):
        call(value)
    call(np.int64(least))


def test_a_list_is_no_order():
    with pytest.raises(ArgumentError, match=r"order: expected an integer of at least 0, got \[0, 0\]"):
        gaussian.raw_moment(held_by("covariance"), [0, 0])


def test_the_shape_of_a_sample_may_be_a_number():
    g = held_by("covariance")
    for shape in (4, [4], np.array([4])):
        assert_same(g.sample(KEY, shape), g.sample(KEY, (4,)))
    assert g.sample(jax.random.PRNGKey(0), 2).shape == (2, D)


NO_ARRAYS = {
    "nothing": None,
    "text": "abc",
    "ragged": [[1.0, 2.0], [3.0]],
    "endless": [10**30],
    "a class": int,
    "objects of numpy": np.array([1.0, None, 2.0]),
    "words of numpy": np.array(["a", "b", "c"]),
}
ARRAYS = {
    "mean": lambda a: Gaussian.from_covariance(a, COVARIANCE),
    "covariance": lambda a: Gaussian.from_covariance(MEAN, a),
    "eta2": lambda a: Gaussian.from_natural(MEAN, a),
    "x": lambda a: held_by("covariance").log_prob(a),
    "x of the score": lambda a: gaussian.score(held_by("covariance"), a),
    "x of the likelihood": lambda a: log_likelihood(held_by("covariance"), a),
    "x to fit": lambda a: gaussian.fit(a),
    "z": lambda a: held_by("covariance").unwhiten(a),
    "values": lambda a: held_by("covariance").condition([0], a),
    "A": lambda a: held_by("covariance").affine(a),
    "shrinkage": lambda a: gaussian.fit(POINTS, shrinkage=a),
}


@pytest.mark.parametrize("kind", NO_ARRAYS)
@pytest.mark.parametrize("name", ARRAYS)
def test_what_is_no_array_of_numbers_is_refused_by_name(name, kind):
    with pytest.raises(ArgumentError, match=f"^{name.split()[0]}: expected an array of real numbers, all its rows of"):
        ARRAYS[name](NO_ARRAYS[kind])


@pytest.mark.parametrize("method", ["log_prob", "prob", "whiten", "unwhiten", "mahalanobis", "squared_mahalanobis"])
def test_points_may_be_lists_and_are_never_traced_number_by_number(method):
    """Which would take seconds for a thousand points, and compile anew for each number of them."""
    f = getattr(held_by("covariance"), method)
    assert_same(f(POINTS.tolist()), f(POINTS))
    inputs = [len(call.invars) for call in jax.make_jaxpr(lambda: f(POINTS.tolist()))().eqns if "jit" in str(call)]
    assert max(inputs) == 3  # the mean, the factor and one array


@pytest.mark.parametrize("method", ["log_prob", "prob", "whiten", "unwhiten", "mahalanobis", "coordinate_log_prob"])
def test_nan_in_a_point_is_nan_there_alone_and_no_error(method):
    f, points = getattr(held_by("covariance"), method), POINTS.copy()
    points[1, 2] = np.nan
    assert np.isnan(f(points)).reshape(3, -1).any(1).tolist() == [False, True, False]


def test_nan_in_a_point_is_nan_in_its_score_and_likelihood():
    g, point = held_by("covariance"), np.where(np.arange(D) == 1, np.nan, POINT)
    for kind in (MeanCovariance, Natural):
        value, gradient = gaussian.value_and_score(g, point, kind)
        assert np.isnan(value)
        assert all(np.isnan(leaf).any() for leaf in jax.tree.leaves(gradient))
    assert np.isnan(log_likelihood(g, point))


def test_what_the_package_shows_is_what_it_offers():
    assert dir(gaussian) == sorted(gaussian.__all__)


def test_batches_that_do_not_fit_together_are_refused():
    p, q = (Gaussian.from_covariance(np.zeros((n, D)), np.eye(D)) for n in (2, 4))
    with pytest.raises(ShapeError, match=r"^kl: batch shapes \(2,\) and \(4,\) do not broadcast"):
        kl(p, q)
    assert kl(q, held_by("covariance")).shape == (4,)


BATCH = np.zeros((3, D))
MISMATCHED = {
    "values, mean": lambda g: g.condition([0], np.zeros((2, 1))),
    "A, b, mean": lambda g: g.affine(np.ones((2, 1, D))),
    "A, b, mean: by b": lambda g: g.affine(np.ones((1, D)), np.zeros((2, 1))),
    "statistics, Gaussian": lambda g: log_likelihood(g, statistics_of(np.zeros((2, 9, D)))),
    "statistics, Gaussian: score": lambda g: gaussian.score(g, statistics_of(np.zeros((2, 9, D)))),
    "shrinkage, data": lambda g: gaussian.fit(np.zeros((3, 9, D)), shrinkage=np.ones(2)),
}


@pytest.mark.parametrize("make", [Gaussian.from_covariance, Gaussian.from_precision])
@pytest.mark.parametrize("case", MISMATCHED)
def test_a_batch_beside_one_of_another_shape_is_refused_by_name(case, make):
    with pytest.raises(ShapeError, match=rf"^{case.split(':')[0]}: batch shapes .*\(2,\).* do not broadcast; make the"):
        MISMATCHED[case](make(BATCH, np.eye(D)))


def test_indices_that_are_no_list_of_known_integers_are_refused():
    g = held_by("covariance")
    with pytest.raises(MatcalcError, match=r"^indices: expected integers, got \[\[0\], \[1, 2\]\]; pass one list"):
        g.marginal([[0], [1, 2]])
    for indices in (lambda i: i, lambda i: [i[0]]):
        with pytest.raises(MatcalcError, match=r"^indices: .* not known under jit; indices decide shapes"):
            jax.jit(lambda i, pick=indices: g.marginal(pick(i)).mean)(np.array([1]))
