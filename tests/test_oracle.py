"""What is measured: the two routes agree, rounding is told from a difference, and neither is fooled."""

import jax.numpy as jnp
import numpy as np
import pytest

from matcalc import parse, symbols
from matcalc.errors import DomainError
from matcalc.expression.scope import Scope
from matcalc.oracle.comparison import Comparison
from matcalc.oracle.measurement import Measurement, relative_error, structure_of, weigh
from matcalc.oracle.routes import gap_between_routes
from matcalc.oracle.sampling import Points, integer_points, sample, size_assignments
from matcalc.structure import STRUCTURES, Reading

SCALARS = ["tr(A*X*X)", "logdet(X)", "det(X)", "sum(exp(X))", "norm2(X)", "tr(A*inv(X))", "norm1(A*X)"]


def problem(text, structure):
    scope = Scope([f"X: n x n {structure}", "A: n x n"], wrt="X")
    (e,) = scope.read(text)
    return e, scope.variable


@pytest.mark.parametrize("structure", [s for s in STRUCTURES if s != "skew"])
@pytest.mark.parametrize("text", SCALARS)
def test_the_two_routes_agree(text, structure):
    assert gap_between_routes(*problem(text, structure)) < 1e-9


@pytest.mark.parametrize("structure", [s for s in STRUCTURES if s not in ("orthogonal", "skew")])
def test_readings_pair_with_the_basis(structure):
    """<tangent, B_k> is the slope along B_k, and the entrywise reading holds the slopes themselves."""
    e, X = problem("tr(A*X*X) + logdet(X)", structure)
    m = Measurement(e, X, sample([e], [X])[0])
    tangent = np.einsum("pij,pkij->pk", m.gradient(Reading.TANGENT), m.directions)
    np.testing.assert_allclose(tangent, m.slopes[..., 0, 0], rtol=1e-10)
    gram = np.einsum("pkij,plij->pkl", m.directions, m.directions)
    entrywise = np.einsum("pij,pkij->pk", m.gradient(Reading.ENTRYWISE), m.directions)
    np.testing.assert_allclose(entrywise, np.einsum("pkl,pl->pk", gram, m.slopes[..., 0, 0]), rtol=1e-10)


@pytest.mark.parametrize("text", ["sum(chol(X))", "tr(A*sqrtm(X))"])
def test_it_does_not_matter_what_jax_returns_for_the_matrix_itself(text):
    """jax.grad symmetrises through the Cholesky factor; along the free parameters there is nothing to symmetrise."""
    assert gap_between_routes(*problem(text, "spd")) < 1e-9


def test_sizes_tell_dimensions_apart():
    for sizes in size_assignments(["m", "n", "p"]):
        assert len(set(sizes.values())) == 3
    assert any(1 in sizes.values() for sizes in size_assignments(["n"]))


def test_samples_are_members_and_in_the_domain():
    symbol_list = symbols(*(f"{name[0].upper()}{k}: n x n {name}" for k, name in enumerate(STRUCTURES)))
    for points in sample([], symbol_list):
        for s in symbol_list:
            assert structure_of(s).contains(points.values[s.name])
    e = parse("sum(log(x)) + logdet(X)", ["x: n", "X: n x n"])
    assert all(np.isfinite(p(e)).all() for p in sample([e], ()))


def test_without_a_domain_it_says_so():
    e = parse("log(-x'*x - 1)")
    with pytest.raises(DomainError, match="no point was found"):
        sample([e], ())


def test_a_singular_matrix_has_no_inverse_instead_of_a_huge_one():
    e = parse("inv(x*x')", ["x: n"])
    points = Points({"n": 3}, {"x": np.ones((1, 3, 1))})
    assert np.isnan(points(e)).all()


def test_a_singular_matrix_has_the_determinant_0_instead_of_noise():
    e = parse("det(X)", ["X: n x n skew"])
    (X,) = e.symbols
    even, odd = ([p for p in sample([e], [X]) if p.sizes["n"] % 2 == k] for k in (0, 1))
    assert all((p(e) == 0).all() for p in odd)
    assert all((np.abs(p(e)) > 0.01).all() for p in even)


def test_integer_points_are_members():
    (X,) = symbols("X: n x n spd")
    at = next(integer_points([], [X]))
    assert (at.values["X"] == np.round(at.values["X"])).all()
    assert structure_of(X).contains(at.values["X"])


def test_relative_error_sees_a_badly_scaled_difference():
    tiny = np.full((1, 2, 2), 1e-12)
    assert relative_error(2 * tiny, tiny, 1e-12)[0] > 0.1
    assert relative_error(tiny * 1e-8, 0 * tiny, 1.0)[0] < 1e-8


def points_of(*sizes):
    return Points(dict(zip("nm", sizes, strict=False)), {})


WEIGHED = [
    ([((3, 2), [1e-15]), ((2, 3), [1e-14])], (True, True)),
    ([((3, 2), [1e-15]), ((2, 3), [1e-2])], (False, True)),  # one point refutes
    ([((1, 1), [1e-15]), ((3, 2), [np.nan])], (False, False)),  # right only where everything is 1 x 1
    ([((3, 2), [1e-15]), ((2, 3), [np.nan])], (False, False)),  # tried at one set of sizes only
    ([((3, 2), [np.nan]), ((2, 3), [np.nan])], (False, False)),
]


@pytest.mark.parametrize(("trials", "expected"), WEIGHED)
def test_what_is_enough_to_decide(trials, expected):
    found = weigh([(points_of(*sizes), np.array(errors)) for sizes, errors in trials])
    assert (found.ok, found.decided) == expected


@pytest.mark.parametrize("claim", ["A'*X' + X'*A'", "2*A'*X'", "X'*A' + A'*X' + 1e-6*I", "(A*X + X*A)"])
def test_the_comparison_can_fail(claim):
    scope = Scope(["X: n x n", "A: n x n"], wrt="X")
    e, c = scope.read("tr(A*X*X)", claim)
    at = sample([e, c], ())[0]
    error = Comparison(e, scope.variable, at, "gradient").error(c, Reading.AMBIENT).max()
    assert (error < 1e-12) == (claim == "A'*X' + X'*A'")


def test_a_wrong_custom_derivative_is_caught():
    """`jax.grad` of a function with a false rule differs from the differences of its values."""
    import jax

    from matcalc.oracle.blackbox import blackbox

    @jax.custom_jvp
    def f(x):
        return jnp.sum(x**2)

    f.defjvp(lambda primals, tangents: (f(*primals), 3 * jnp.sum(primals[0] * tangents[0])))
    (x,) = symbols("x: n")
    assert gap_between_routes(blackbox(lambda x: f(x), {"x": x}, "f"), x) > 0.1
