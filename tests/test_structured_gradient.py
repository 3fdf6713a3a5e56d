"""Gradients in a stated reading: whatever representative a function's own derivative is, the reading is right."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.linalg import cho_factor, cho_solve
from jax.scipy.linalg import solve as solve_assuming

from matcalc.errors import DeclarationError, MatcalcError, NoRuleError, ShapeError
from matcalc.gradient import grad, hadamard_correction, value_and_grad
from matcalc.structure import ORTHOGONAL, SPD, STRUCTURES, SYMMETRIC, Reading

RNG = np.random.default_rng(30)
N = 3
X = SPD.sample(RNG, N)
INVERSE = np.linalg.inv(X)
a, b = RNG.standard_normal((2, N))
A, B = RNG.standard_normal((2, N, N))
LINEAR = [structure for structure in STRUCTURES.values() if structure.is_linear]


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


# Five roads to log det X and five to a' X^-1 b; the factorisations symmetrise, each in its way.
LOG_DETERMINANTS = {
    "slogdet": lambda X: jnp.linalg.slogdet(X)[1],
    "cholesky": lambda X: 2 * jnp.sum(jnp.log(jnp.diagonal(jnp.linalg.cholesky(X)))),
    "cholesky of the lower triangle": lambda X: (
        2 * jnp.sum(jnp.log(jnp.diagonal(jnp.linalg.cholesky(X, symmetrize_input=False))))
    ),
    "eigh": lambda X: jnp.sum(jnp.log(jnp.linalg.eigh(X)[0])),
    "det": lambda X: jnp.log(jnp.linalg.det(X)),
}
QUADRATIC_FORMS = {
    "inv": lambda X: a @ jnp.linalg.inv(X) @ b,
    "solve": lambda X: a @ jnp.linalg.solve(X, b),
    "solve assuming pos": lambda X: a @ solve_assuming(X, b, assume_a="pos"),
    "cho_solve": lambda X: a @ cho_solve(cho_factor(X, lower=True), b),
    "eigh": lambda X: (lambda w, Q: (a @ Q) @ ((Q.T @ b) / w))(*jnp.linalg.eigh(X)),
}
LOG_DET_GRADIENT = INVERSE
QUADRATIC_GRADIENT = -np.outer(INVERSE @ a, INVERSE @ b)
ROADS = [
    *((f"log det by {name}", f, LOG_DET_GRADIENT) for name, f in LOG_DETERMINANTS.items()),
    *((f"quadratic form by {name}", f, QUADRATIC_GRADIENT) for name, f in QUADRATIC_FORMS.items()),
]


@pytest.mark.parametrize(("f", "G"), [road[1:] for road in ROADS], ids=[road[0] for road in ROADS])
def test_every_road_has_the_same_readings(f, G):
    np.testing.assert_allclose(grad(f, SPD)(X), G + G.T - G * np.eye(N), rtol=1e-11)
    np.testing.assert_allclose(grad(f, "symmetric", "tangent")(X), (G + G.T) / 2, rtol=1e-11)
    np.testing.assert_array_equal(grad(f, SPD, Reading.AMBIENT)(X), jax.grad(f)(X))


def test_the_roads_do_disagree_before_they_are_read():
    """Otherwise the test above would prove nothing."""
    raw = [np.asarray(jax.grad(f)(X)) for f in QUADRATIC_FORMS.values()]
    assert not all(np.allclose(G, raw[0]) for G in raw)
    entrywise, tangent = (np.asarray(grad(QUADRATIC_FORMS["inv"], SPD, reading)(X)) for reading in list(Reading)[:0:-1])
    assert not np.allclose(entrywise, tangent)


@pytest.mark.parametrize("structure", LINEAR, ids=lambda structure: structure.name)
def test_entrywise_is_the_derivative_along_the_free_entries(structure):
    def f(X):
        return jnp.trace(A @ X @ B @ X) + jnp.sin(jnp.sum(B * X))

    point = structure.sample(np.random.default_rng(31), N)
    along = jax.grad(lambda theta: f(structure.fill(theta, N)))(structure.free(point))
    np.testing.assert_allclose(structure.free(grad(f, structure)(point)), along, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_tangent_is_tangent_and_predicts_the_change(structure):
    def f(X):
        return jnp.trace(A @ X @ B @ X)

    point = structure.sample(np.random.default_rng(32), N)
    T = structure.tangent_basis(point)
    gradient = np.asarray(grad(f, structure, "tangent")(point))
    change = [jax.jvp(f, (point,), (direction,))[1] for direction in T]
    np.testing.assert_allclose(np.sum(gradient * T, (-2, -1)), change, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(structure.project(point, gradient), gradient, atol=1e-13)


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_a_normal_part_changes_no_reading_but_ambient(structure):
    point = structure.sample(np.random.default_rng(33), N)
    normal = B - structure.project(point, B)
    for reading in Reading if structure.is_linear else [Reading.AMBIENT, Reading.TANGENT]:
        same = np.allclose(structure.read(reading, point, A + normal), structure.read(reading, point, A), atol=1e-13)
        assert same == (reading != Reading.AMBIENT or structure.is_unconstrained)


def loss(x, X, scale=1.0):
    return scale * x @ X @ X @ x


def test_arguments_values_and_auxiliary_output():
    x = jnp.asarray(a)
    expected = grad(lambda X: loss(x, X), SYMMETRIC)(X)
    np.testing.assert_allclose(grad(loss, "symmetric", argnums=1)(x, X), expected)
    np.testing.assert_allclose(grad(loss, "symmetric", argnums=-1)(x, X), expected)
    np.testing.assert_allclose(grad(loss, "symmetric", argnums=1)(x, X, scale=2.0), 2 * expected)
    by_x, by_X = grad(loss, ("general", SYMMETRIC), argnums=(0, 1))(x, X)
    np.testing.assert_allclose(by_x, jax.grad(loss)(x, X))
    np.testing.assert_allclose(by_X, expected)
    value, gradient = value_and_grad(loss, SYMMETRIC, argnums=1)(x, X)
    np.testing.assert_allclose(value, loss(x, X))
    np.testing.assert_allclose(gradient, expected)
    gradient, aux = grad(lambda X: (loss(x, X), "aside"), SYMMETRIC, has_aux=True)(X)
    np.testing.assert_allclose(gradient, expected)
    assert aux == "aside"
    np.testing.assert_allclose(grad(jnp.sin, "general")(2.0), np.cos(2.0))


def test_transformations_compose():
    f = LOG_DETERMINANTS["cholesky"]
    batch = SPD.sample(np.random.default_rng(34), N, batch=(4,))
    one_by_one = np.stack([grad(f, SPD)(point) for point in batch])
    np.testing.assert_allclose(jax.jit(jax.vmap(grad(f, SPD)))(batch), one_by_one, rtol=1e-12)
    np.testing.assert_allclose(grad(lambda X: jnp.sum(jax.vmap(f)(X)), SPD)(batch), one_by_one, rtol=1e-12)

    def second(X):
        return jnp.sum(A * grad(f, SPD)(X))

    direction = SYMMETRIC.sample(np.random.default_rng(35), N)
    dG = -INVERSE @ direction @ INVERSE
    change = np.sum(np.asarray(grad(second, SPD, "tangent")(X)) * direction)
    np.testing.assert_allclose(change, np.sum(A * (2 * dG - dG * np.eye(N))), rtol=1e-10)


@pytest.mark.parametrize("x64", [False, True])
def test_the_dtype_of_the_argument_and_the_configuration_stay(x64):
    with jax.enable_x64(x64):
        point = jnp.asarray(X, jnp.float32)
        for structure in STRUCTURES.values():
            gradient = jax.eval_shape(grad(lambda X: jnp.sum(X**2), structure, "tangent"), point)
            assert gradient.dtype == jnp.float32
            assert gradient.shape == point.shape
        assert hadamard_correction(point).dtype == jnp.float32
        assert jax.config.jax_enable_x64 == x64


def test_hadamard_correction():
    np.testing.assert_array_equal(hadamard_correction(np.array([[1, 2], [3, 4]])), [[1, 5], [5, 4]])
    np.testing.assert_allclose(jax.jit(jax.vmap(hadamard_correction))(np.stack([A, B]))[1], B + B.T - B * np.eye(N))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: grad(loss, SYMMETRIC)(a, X), ShapeError, "argument 0: symmetric matrices have shape (..., n, n), "
         "got (3,); pass a square matrix or use the structure 'general'."),
        (lambda: grad(jnp.sum, "skew")(jnp.ones((2, 3))), ShapeError, "argument 0: skew matrices have shape"),
        (lambda: grad(jnp.sum, "symmetrical"), DeclarationError, "did you mean 'symmetric'?"),
        (lambda: grad(jnp.sum, SPD, "coordinate"), MatcalcError, "unknown reading 'coordinate'"),
        (lambda: grad(jnp.sum, ORTHOGONAL)(X), NoRuleError, "Use reading='tangent'."),
        (lambda: grad(loss, ["spd"], argnums=(0, 1)), MatcalcError, "one structure for each of the 2 arguments in "
         "argnums, got 1; give a single structure for all, or as many as argnums."),
        (lambda: grad(loss, SPD, argnums=2)(a, X), (TypeError, ValueError), "argnums"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)
