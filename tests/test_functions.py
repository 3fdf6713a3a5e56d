"""The public functions: one name for arrays and for symbols, and the same values as NumPy and SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.special

from matcalc import functions
from matcalc.errors import MatcalcError, ShapeError
from matcalc.evaluation import kernels
from matcalc.evaluation.arrays import Jax, NumPy
from matcalc.expression.expr import Expr
from matcalc.expression.scope import symbols
from matcalc.functions import Function, I
from matcalc.oracle.measurement import run
from matcalc.shape import ELEMENTWISE, SIGNATURES

N = 4
rng = np.random.default_rng(0)
A, E = rng.standard_normal((2, N, N)) / 2 + np.eye(N)
S = A @ A.T + np.eye(N)
x, positive = rng.standard_normal(N), rng.uniform(0.2, 0.8, N)
M = rng.standard_normal((N, 3))


def along(f):
    """The Fréchet derivative by SciPy: the corner of f at a block matrix."""
    block = np.block([[S, E], [np.zeros_like(S), S]])
    return np.real(f(block))[:N, N:]


def diagonals(combine):
    below, above = ([combine(np.diagonal(A, side * k)) for k in range(N)] for side in (-1, 1))
    return scipy.linalg.toeplitz(below, above)


# What is given to each function, and what NumPy or SciPy make of it.
REFERENCE = {
    "tr": ((A,), np.trace(A)),
    "det": ((A,), np.linalg.det(A)),
    "logdet": ((-A[:3, :3],), np.linalg.slogdet(A[:3, :3])[1]),
    "inv": ((A,), np.linalg.inv(A)),
    "adj": ((A,), np.linalg.det(A) * np.linalg.inv(A)),
    "sum": ((M,), M.sum()),
    "norm2": ((M,), np.linalg.norm(M)),
    "norm1": ((M,), np.abs(M).sum()),
    "diag": ((x,), np.diag(x)),
    "vec": ((M,), M.ravel(order="F")),
    "kron": ((A, M), np.kron(A, M)),
    "expm": ((A,), scipy.linalg.expm(A)),
    "logm": ((S,), scipy.linalg.logm(S)),
    "sqrtm": ((S,), scipy.linalg.sqrtm(S)),
    "chol": ((S,), np.linalg.cholesky(S)),
    "logsumexp": ((x,), scipy.special.logsumexp(x)),
    "softmax": ((x,), scipy.special.softmax(x)),
    "tril": ((A,), np.tril(A)),
    "triu": ((A,), np.triu(A)),
    "toeplitz": ((A,), diagonals(np.sum)),
    "toeplitz_mean": ((A,), diagonals(np.mean)),
    "frechet_expm": ((S, E), along(scipy.linalg.expm)),
    "frechet_logm": ((S, E), along(scipy.linalg.logm)),
    "frechet_sqrtm": ((S, E), along(scipy.linalg.sqrtm)),
    "sign": ((M,), np.sign(M)),
    "relu": ((M,), np.maximum(M, 0)),
    "step": ((M,), np.heaviside(M, 0)),
    "sigmoid": ((M,), scipy.special.expit(M)),
    **{name: ((positive,), getattr(np, name)(positive)) for name in kernels.SAME_NAME},
    "abs": ((M,), np.abs(M)),
}
WITH_SIZES = {"unvec", "blocktrace", "rearrange", "commutation"}
every = pytest.mark.parametrize("name", REFERENCE)


def function(name: str) -> Function:
    return getattr(functions, name)


def test_every_function_of_the_language_is_here():
    assert set(REFERENCE) == set(SIGNATURES) - WITH_SIZES
    assert all(isinstance(function(name), Function) for name in REFERENCE)
    assert all(callable(getattr(functions, name)) for name in WITH_SIZES)


@every
def test_numpy_arrays_give_the_value_of_numpy(name):
    arguments, expected = REFERENCE[name]
    value = function(name)(*arguments)
    assert isinstance(value, np.ndarray | np.generic)
    assert value.shape == np.shape(expected)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)


@every
def test_jax_arrays_give_it_too_under_vmap_in_their_dtype(name):
    arguments, expected = REFERENCE[name]
    batches = [np.stack([a, 2 * a / 3]) for a in arguments]
    value, batch = run(lambda a, b: (function(name)(*a), jax.vmap(function(name))(*b)), arguments, batches)
    for found in (value, batch[0]):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())
    with jax.enable_x64(True):
        for dtype in (jnp.float32, jnp.float64):
            shapes = [jax.ShapeDtypeStruct(a.shape, dtype) for a in arguments]
            assert jax.eval_shape(function(name), *shapes).dtype == dtype


@every
def test_the_derivative_by_a_complex_step_is_that_of_jax(name):
    arguments, expected = REFERENCE[name]
    kernel = kernels.ELEMENTWISE.get(name) or kernels.FUNCTIONS[name]
    columns = [a[:, None] if a.ndim == 1 else a for a in arguments]
    tangents = [rng.standard_normal(c.shape) for c in columns]
    if name == "chol":
        tangents = [t + t.T for t in tangents]
    stepped = kernel(NumPy(), *(c + 1e-30j * t for c, t in zip(columns, tangents, strict=True))).imag / 1e-30
    weights = rng.standard_normal(stepped.shape)

    def derivatives(at, along):
        _, slope = jax.jvp(lambda a: kernel(Jax(), *a), (at,), (along,))
        return slope, jax.grad(lambda a: jnp.sum(weights * kernel(Jax(), *a)))(at)

    slope, gradient = run(derivatives, columns, tangents)
    backward = sum(np.sum(g * t) for g, t in zip(gradient, tangents, strict=True))
    np.testing.assert_allclose(stepped, slope, rtol=1e-10, atol=1e-10 * max(1, np.abs(expected).max()))
    np.testing.assert_allclose(backward, np.sum(weights * slope), rtol=1e-9, atol=1e-9)


@every
def test_symbols_give_an_expression(name):
    X, Y, v = symbols("X: n x n", "Y: n x n", "v: n")
    vectors = ("logsumexp", "softmax")
    built = function(name)(*((v,) if name in vectors else (X, Y)[: SIGNATURES[name].arguments]))
    assert isinstance(built, Expr)
    assert name in str(built) or name in ("inv", "kron", "sqrt")


def test_one_formula_for_arrays_and_for_symbols():
    def formula(a, b):
        return functions.tr(a @ b @ a) + functions.logdet(b)

    (X, Y) = symbols("X: n x n", "Y: n x n")
    assert str(formula(X, Y)) == "tr(X Y X) + logdet(Y)"
    np.testing.assert_allclose(formula(A, S), np.trace(A @ S @ A) + np.linalg.slogdet(S)[1])


def test_hadamard_with_an_identity_of_inferred_size():
    (X,) = symbols("X: n x n")
    assert str(functions.hadamard(functions.inv(X), I)) == "X⁻¹ ⊙ I"
    np.testing.assert_array_equal(functions.hadamard(A, I), np.diag(np.diag(A)))
    np.testing.assert_allclose(functions.hadamard(M, M, M), M**3)
    infinite = np.array([[1.0, np.inf], [np.inf, 2.0]])
    np.testing.assert_array_equal(functions.hadamard(infinite, I), np.diag([1.0, 2.0]))


def test_shapes_at_the_border():
    assert functions.softmax(x[:, None]).shape == (N, 1)
    assert functions.diag(A).shape == (N,)
    assert functions.inv(np.ones((1, 1))).shape == (1, 1)
    assert functions.det(np.stack([A, S])).shape == (2,)
    assert functions.total(2.0).shape == ()
    assert functions.unvec(M.ravel(order="F"), N, 3).tolist() == M.tolist()
    np.testing.assert_allclose(functions.blocktrace(np.kron(A, M), N), np.trace(A) * M)
    by_vec = np.outer(functions.vec(A), functions.vec(M))
    np.testing.assert_allclose(functions.rearrange(np.kron(A, M), N, N), by_vec, rtol=1e-6)
    np.testing.assert_allclose(functions.commutation(N, 3) @ functions.vec(M), functions.vec(M.T), rtol=1e-6)
    np.testing.assert_allclose(functions.divide(M, M + 9), M / (M + 9))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: functions.tr(M), "tr: argument 1 (4 x 3) must be square, 4 is not 3"),
        (lambda: functions.softmax(M), "softmax: argument 1 (4 x 3) must be a column vector"),
        (lambda: functions.kron(A), "kron: expected 2 argument(s), got 1"),
        (lambda: functions.det(1j * A), "complex arrays are not supported: every matrix is real"),
        (lambda: functions.hadamard(A, M), "hadamard: shapes (4, 4) and (4, 3) differ"),
        (lambda: functions.hadamard(I, I), "hadamard: the size of I cannot be told without another factor"),
        (lambda: functions.blocktrace(A, 3), "blocktrace: an array of shape (4, 4) does not fall into 3 x 3 blocks"),
        (lambda: functions.rearrange(A, 2, 3), "rearrange: an array of shape (4, 4) does not fall into 2 x 3 blocks"),
        (lambda: functions.tr(symbols("X: n x m")[0]), "tr: X (n x m) must be square, n is not m"),
        (lambda: symbols("X: n x n")[0] + I, "write eye(n)"),
    ],
)
def test_messages(call, message):
    with pytest.raises(MatcalcError) as error:
        call()
    assert message in str(error.value)


# --- hard cases ------------------------------------------------------------------------------------------------------

ILL_SCALED = np.diag([1e-3, 1.0, 1e3]) @ np.array([[1, 0.2, 0], [0, 1, 0.3], [0.1, 0, 1]])


@pytest.mark.parametrize("a", [1e12 * S, 1e-12 * S, ILL_SCALED, S @ S @ S], ids=["large", "small", "ill", "cubed"])
def test_root_and_logarithm_of_badly_scaled_matrices(a):
    size = np.abs(a).max()
    np.testing.assert_allclose(functions.sqrtm(a), np.real(scipy.linalg.sqrtm(a)), rtol=1e-9, atol=1e-12 * size**0.5)
    np.testing.assert_allclose(functions.logm(a), np.real(scipy.linalg.logm(a)), rtol=1e-9, atol=1e-8)
    root = functions.sqrtm(a)
    np.testing.assert_allclose(root @ root, a, rtol=1e-9, atol=1e-12 * size)


def test_no_garbage_where_there_is_no_value():
    negative = np.diag([1.0, -2.0, 3.0])
    for f in (functions.chol, functions.sqrtm, functions.logm):
        assert np.isnan(f(negative)).any()
        assert np.isnan(f(jnp.asarray(negative))).any()
    assert np.isnan(functions.inv(np.stack([np.ones((2, 2)), np.eye(2)]))[0]).all()
    assert functions.logdet(np.zeros((2, 2))) == -np.inf


def test_expm_of_a_batch_of_different_norms():
    batch = np.stack([1e-3 * A, A, 30 * A, -300 * S, np.zeros((N, N))])
    for value, a in zip(functions.expm(batch), batch, strict=True):
        expected = scipy.linalg.expm(a)
        np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())


def test_large_arguments_do_not_overflow():
    large = np.array([-1e4, -40.0, 0.0, 1e4])
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(functions.sigmoid(large), scipy.special.expit(large), rtol=1e-14)
        np.testing.assert_allclose(functions.logsumexp(large), 1e4)
        assert functions.softmax(large).tolist() == [0, 0, 0, 1]
    assert np.isfinite(jax.grad(lambda a: jnp.sum(functions.sigmoid(a)))(jnp.asarray(large))).all()
    assert functions.logsumexp(jnp.full(3, -jnp.inf)) == -jnp.inf


@pytest.mark.parametrize("name", ["norm2", "norm1", "abs", "relu"])
def test_the_derivative_at_a_kink_is_0(name):
    gradient = jax.grad(lambda a: jnp.sum(function(name)(a)))(jnp.zeros(3))
    np.testing.assert_array_equal(gradient, 0)


def test_the_adjugate_of_a_singular_matrix():
    singular = np.diag([0.0, 2.0, 3.0])
    np.testing.assert_allclose(functions.adj(singular), np.diag([6.0, 0.0, 0.0]))
    big = scipy.linalg.block_diag(A, S, E)
    np.testing.assert_allclose(functions.adj(big), np.linalg.det(big) * np.linalg.inv(big), rtol=1e-10)


def test_elementwise_names_agree():
    assert set(kernels.ELEMENTWISE) == set(ELEMENTWISE)
    with pytest.raises(ShapeError):
        functions.exp(*symbols("X: n x n", "Y: n x n"))
