"""Evaluation: one value by every route, and no more work than it takes."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from random_expressions import SIZES, SYMBOLS, expressions

from matcalc.errors import MatcalcError, ShapeError
from matcalc.evaluation import chains, factorisation
from matcalc.evaluation.arrays import Jax
from matcalc.evaluation.evaluate import Evaluation, from_columns, function
from matcalc.expression.algebra import add, multiply
from matcalc.expression.scope import Scope
from matcalc.oracle.measurement import run
from matcalc.oracle.sampling import GUARDED
from matcalc.structure import STRUCTURES

rng = np.random.default_rng(0)
lenient = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def read(text, *declarations):
    return Scope(declarations).read(text)[0]


def draw(e, sizes, seed=0):
    """Values of the symbols of an expression, members of their structures, as (rows, columns)."""
    generator = np.random.default_rng(seed)
    shapes = {s: tuple(d.size(sizes) for d in s.shape) for s in sorted(e.symbols, key=lambda s: s.name)}
    return {
        s.name: generator.uniform(0.5, 1.5, (1, 1)) if s.structure == "positive"
        else STRUCTURES[s.structure].sample(generator, *shape)
        for s, shape in shapes.items()
    }  # fmt: skip


def as_given(e, values):
    """The same values as a user has them: vectors 1-D, scalars 0-D."""
    return {s.name: from_columns(s, values[s.name]) for s in e.symbols}


# --- one value -------------------------------------------------------------------------------------------------------


@lenient
@given(expressions())
def test_numpy_and_jax_and_the_compiled_function_agree(e):
    generator = np.random.default_rng(1)
    values = {s.name: generator.uniform(0.5, 1.5, [d.size(SIZES) for d in s.shape]) for s in SYMBOLS}
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(Evaluation(values, SIZES)(e), [d.size(SIZES) for d in e.shape])
        regular = np.isfinite(Evaluation(values, SIZES, GUARDED)(e)).all()  # det 0 may come out as rounding noise
    size = np.abs(expected).max(initial=1) if np.isfinite(expected).all() else np.inf
    assume(regular and size < 1e6)
    given_values = {s.name: from_columns(s, values[s.name]) for s in SYMBOLS}
    compiled, plain = run(
        lambda a, b: (function(e, SYMBOLS)(**a), Evaluation(b, SIZES, Jax())(e)), given_values, values
    )
    np.testing.assert_allclose(compiled, from_columns(e, expected), rtol=1e-6, atol=1e-8 * size)
    np.testing.assert_allclose(np.broadcast_to(plain, expected.shape), expected, rtol=1e-6, atol=1e-8 * size)


EXPRESSIONS = [
    ("logdet(X)", "X: n x n spd"),
    ("logdet(2*pi*X) + x'*X^-1*x", "X: n x n spd, x: n"),
    ("det(X)*X^-1'", "X: n x n"),
    ("X^-1*A*X^-1'", "X: n x n, A: n x n"),
    ("x'*X^-1*y*x'*X'^-1*y", "X: n x n, x: n, y: n"),
    ("tr(L^-1*A) + det(L)", "L: n x n lower, A: n x n"),
    ("tr(A*U^-1) + logdet(U)", "U: n x n upper, A: n x n"),
    ("D^-1*A*D*x", "D: n x n diagonal, A: n x n, x: n"),
    ("det(X'*X) + logdet(X'*C*X)", "X: m x n, C: m x m spd"),
    ("(A*A' + s*I)^-1*x", "A: n x n, s: positive, x: n"),
    ("kron(A,B)*vec(X)", "A: p x m, B: q x n, X: n x m"),
    ("y'*kron(A,kron(B,I))*commutation(n,m)*x", "A: n x n, B: m x m, y: n*m*q, x: n*m"),
    ("blocktrace(kron(A,B)*C, m)", "A: m x n, B: p x q, C: n*q x m*n"),
    ("(A + A')*x + (x*x' + A)^3*x", "A: n x n, x: n"),
    ("tr(A*diag(x)*B*A) + sum(A*B) + tr((A*B) .* I)", "A: n x n, B: n x n, x: n"),
    ("diag(A*ones(n,n)*B + A)", "A: n x n, B: n x n"),
    ("chol(X)^-1*A*chol(X)^-1'", "X: n x n spd, A: n x n"),
    ("A*x/norm2(x)", "A: n x n, x: n"),
    ("diag(A)*x'*diag(x)", "A: n x n, x: n"),
]
FITTING = [(e, let) for e, let in EXPRESSIONS if not e.startswith(("y'*kron", "blocktrace"))]


@pytest.mark.parametrize(("text", "let"), FITTING)
@pytest.mark.parametrize("sizes", [{"n": 3, "m": 5, "p": 2, "q": 4}, {"n": 1, "m": 2, "p": 3, "q": 1}], ids=str)
def test_value_and_derivatives_of_the_compiled_function(text, let, sizes):
    """First and second derivatives through the factorisations are those of NumPy's complex step and plain JAX."""
    e = read(text, let)
    values, directions = draw(e, sizes), draw(e, sizes, seed=1)

    def plain(at):
        columns = {s.name: at[s.name].reshape(values[s.name].shape) for s in e.symbols}
        return from_columns(e, Evaluation(columns, sizes, Jax())(e))

    def compiled(at):
        return function(e)(**at)

    value, expected, found = run(
        lambda at, along: (compiled(at), derivatives(plain, at, along), derivatives(compiled, at, along)),
        as_given(e, values),
        as_given(e, directions),
    )
    np.testing.assert_allclose(value, from_columns(e, Evaluation(values, sizes)(e)), rtol=1e-9, atol=1e-12)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-8, atol=1e-9)
    stepped = {n: v + 1e-30j * directions[n] for n, v in values.items()}
    by_step = from_columns(e, Evaluation(stepped, sizes)(e)).imag / 1e-30
    np.testing.assert_allclose(found[0], by_step, rtol=1e-9, atol=1e-9)


def derivatives(f, at, along):
    """The first and the second derivative along a direction, forward, and the first of the sum, backward."""

    def slope(a):
        return jax.jvp(f, (a,), (along,))[1]

    gradient = jax.grad(lambda a: jnp.sum(f(a)))(at)
    backward = sum(jnp.sum(gradient[n] * along[n]) for n in at)
    return *jax.jvp(slope, (at,), (along,)), backward


@pytest.mark.parametrize(("text", "let"), FITTING)
def test_the_dtype_stays_and_vmap_is_a_loop(text, let):
    e, sizes = read(text, let), {"n": 3, "m": 4, "p": 2, "q": 2}
    f, first, second = function(e), as_given(e, draw(e, sizes)), as_given(e, draw(e, sizes, seed=1))
    both = {n: np.stack([first[n], second[n]]) for n in first}
    batch, *alone = run(lambda b, *one: [jax.vmap(lambda v: f(**v))(b), *(f(**v) for v in one)], both, first, second)
    np.testing.assert_allclose(batch, alone, rtol=1e-9, atol=1e-12)
    with jax.enable_x64(True):
        given_values = {n: jax.ShapeDtypeStruct(np.shape(v), jnp.float32) for n, v in first.items()}
        assert jax.eval_shape(lambda v: f(**v), given_values).dtype == jnp.float32


# --- no more work than it takes --------------------------------------------------------------------------------------


def program(text, let, sizes):
    """The primitives of the compiled expression, each with the shapes that it makes."""
    e = read(text, let)
    values = as_given(e, draw(e, sizes))
    jaxpr = jax.make_jaxpr(lambda v: function(e)(**v))(values)
    return list(equations(jaxpr.jaxpr))


def equations(jaxpr):
    for equation in jaxpr.eqns:
        inner = [p for p in jax.tree.leaves(list(equation.params.values()), is_leaf=is_jaxpr) if is_jaxpr(p)]
        if not inner:
            yield equation.primitive.name, [v.aval.shape for v in equation.outvars]
        for p in inner:
            yield from equations(getattr(p, "jaxpr", p))


def is_jaxpr(value):
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")


def count(steps, name):
    return sum(primitive == name for primitive, _ in steps)


def largest(steps):
    return max(int(np.prod(shape)) for _, shapes in steps for shape in shapes)


def products_of_matrices(steps):
    return [shapes[0] for name, shapes in steps if name == "dot_general" and min(shapes[0], default=0) > 1]


@pytest.mark.parametrize(
    ("text", "let", "cholesky", "lu"),
    [
        ("y'*(K + s*I)^-1*y + logdet(K + s*I) + tr((K + s*I)^-1)", "K: n x n spd, s: positive, y: n", 1, 0),
        ("logdet(X'*C*X) + tr((X'*C*X)^-1)", "X: m x n, C: m x m spd", 1, 0),
        ("det(X)*X^-1'*(x'*X^-1*y) + logdet(X')*X", "X: n x n, x: n, y: n", 0, 1),
        ("logdet(L) + x'*L^-1*x + tr(U^-1*D^-1)", "L: n x n lower, U: n x n upper, D: n x n diagonal, x: n", 0, 0),
    ],
)
def test_a_matrix_is_factorised_once(text, let, cholesky, lu):
    steps = program(text, let, {"n": 6, "m": 9})
    assert (count(steps, "cholesky"), count(steps, "lu")) == (cholesky, lu)


def test_a_system_is_solved_without_the_inverse():
    steps = program("x'*X^-1*y", "X: n x n, x: n, y: n", {"n": 9})
    assert all(shapes == [(9, 1)] for name, shapes in steps if name == "triangular_solve")


@pytest.mark.parametrize(
    ("text", "products"),
    [("A*X*B - 2*B'*X'*A' + (A*X*B) .* I", 2), ("X*A*X^2 + X^2*A*X", 4), ("tr(A*B)*X^4", 2), ("A*(X*B) + X*B*A", 3)],
)
def test_what_is_common_is_computed_once(text, products):
    steps = program(text, "A: n x n, X: n x n, B: n x n", {"n": 5})
    assert len(products_of_matrices(steps)) == products


@pytest.mark.parametrize(
    ("text", "let", "sizes", "bound"),
    [
        ("tr(A*B)", "A: n x m, B: m x n", {"n": 30, "m": 4}, 120),
        ("sum(A*B)", "A: n x m, B: m x n", {"n": 30, "m": 4}, 120),
        ("diag(A*B)", "A: n x m, B: m x n", {"n": 30, "m": 4}, 120),
        ("kron(A,B)*vec(X)", "A: n x n, B: n x n, X: n x n", {"n": 6}, 36),
        ("commutation(n,m)*vec(X)", "X: n x m", {"n": 6, "m": 5}, 30),
        ("diag(x)*A*diag(x)*y", "A: n x n, x: n, y: n", {"n": 9}, 81),
        ("(U*V' - A)*V", "U: n x r, V: n x r, A: n x n", {"n": 20, "r": 2}, 40),
        ("(x*y' + A)*z", "A: n x n, x: n, y: n, z: n", {"n": 20}, 20),
        ("x'*A^5*y", "A: n x n, x: n, y: n", {"n": 20}, 20),
    ],
)
def test_nothing_large_is_written_out(text, let, sizes, bound):
    assert largest(program(text, let, sizes)) <= bound


def parenthesised(sizes):
    """The least number of multiplications, over every way to put the parentheses."""
    if len(sizes) == 2:
        return 0
    inner = range(1, len(sizes) - 1)
    return min(
        parenthesised(sizes[: k + 1]) + parenthesised(sizes[k:]) + sizes[0] * sizes[k] * sizes[-1] for k in inner
    )


def multiplied_in_order(sizes):
    if len(sizes) == 2:
        return 0
    entries = tuple(p * q for p, q in pairwise(sizes))
    k = chains.order(chains.Costs(sizes, entries))
    return multiplied_in_order(sizes[: k + 1]) + multiplied_in_order(sizes[k:]) + sizes[0] * sizes[k] * sizes[-1]


def test_chains_are_multiplied_in_the_cheapest_order():
    for _ in range(100):
        sizes = tuple(rng.integers(1, 20, rng.integers(3, 8)).tolist())
        assert multiplied_in_order(sizes) == parenthesised(sizes)
    assert parenthesised((2, 9, 2, 9)) == 72 < 9 * 2 * 9 + 2 * 9 * 9  # the law can fail: from the right it costs more


# --- factorisations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 7, 64, 65, 130])
def test_triangles_by_halves(n):
    with jax.enable_x64(True):
        lower, other = np.tril(rng.standard_normal((2, n, n)) / n) + np.eye(n)
        np.testing.assert_allclose(factorisation.invert_lower(jnp.asarray(lower)) @ lower, np.eye(n), atol=1e-12)
        np.testing.assert_allclose(factorisation.gram(jnp.asarray(lower)), lower.T @ lower, rtol=1e-11, atol=1e-12)
        both = factorisation.gram(jnp.asarray(lower), jnp.asarray(other))
        np.testing.assert_allclose(both, lower.T @ other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("structure", "n"), [("general", 3), ("general", 260), ("spd", 3), ("spd", 70), ("lower", 70), ("diagonal", 3)]
)
def test_a_factorised_matrix(structure, n):
    with jax.enable_x64(True):
        a = STRUCTURES[structure].sample(np.random.default_rng(n), n)
        b = rng.standard_normal((n, 2))
        factor = factorisation.Factorised(jnp.asarray(a), structure)
        np.testing.assert_allclose(factor.solve(b), np.linalg.solve(a, b), rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(factor.solve(b, transposed=True), np.linalg.solve(a.T, b), rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(factor.inverse, np.linalg.inv(a), rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(factor.determinant[0, 0], np.linalg.det(a), rtol=1e-9)
        np.testing.assert_allclose(factor.log_determinant[0, 0], np.linalg.slogdet(a)[1], rtol=1e-9, atol=1e-9)


def test_a_psd_matrix_that_is_singular_has_determinant_0():
    wide = jnp.asarray(rng.integers(-2, 3, (2, 4)).astype(float))
    assert abs(function(read("det(X'*X)", "X: m x n"))(wide)) < 1e-4
    assert np.isnan(function(read("det(X'*X)", "X: m x n"))(wide.at[0, 0].set(jnp.nan)))


def test_a_matrix_that_is_not_what_it_is_declared_to_be_gives_nan():
    assert np.isnan(function(read("logdet(X)", "X: n x n spd"))(jnp.diag(jnp.array([1.0, -1.0]))))


@pytest.fixture(scope="module")
def cofactors():
    """The gradient of the determinant, and its derivative along a direction, compiled once for each size."""
    gradient = jax.grad(function(read("det(X)", "X: n x n")))
    return jax.jit(gradient), jax.jit(lambda X, along: jax.jvp(gradient, (X,), (along,))[1])


@pytest.mark.parametrize("n", [2, 5, 8, 9, 12])
@pytest.mark.parametrize("rank", [0, 1, 2], ids=["regular", "singular", "of rank n - 2"])
def test_the_determinant_has_a_derivative_where_it_is_0(cofactors, n, rank):
    """By a basis that is not the standard one, and by columns of zeros, which leave pivots that are exactly 0."""
    with jax.enable_x64(True):
        X = np.random.default_rng(n).standard_normal((n, n))
        for singular in (X @ np.diag([0.0] * rank + [1.0] * (n - rank)), np.diag([0.0] * rank + [2.0] * (n - rank))):
            expected = [[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(singular, i, 0), j, 1))
                         for j in range(n)] for i in range(n)]  # fmt: skip
            np.testing.assert_allclose(cofactors[0](singular), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n", [2, 5, 8])  # beyond, by singular values, which have no derivative where they are equal
def test_the_determinant_has_a_second_derivative_where_it_is_0(cofactors, n):
    with jax.enable_x64(True):
        second = cofactors[1](np.diag([0.0] + [1.0] * (n - 1)), np.eye(n))
        np.testing.assert_allclose(second, np.diag([n - 1.0] + [1.0] * (n - 1)), atol=1e-9)


def test_the_logarithm_of_a_determinant_out_of_range():
    large = jnp.eye(400) * 1e3
    for structure in ("spd", "general"):
        np.testing.assert_allclose(
            function(read("logdet(X)", f"X: n x n {structure}"))(large), 400 * np.log(1e3), rtol=1e-5
        )


def test_a_vector_over_its_norm_is_0_at_0():
    np.testing.assert_array_equal(function(read("x/norm2(x)", "x: n"))(jnp.zeros(3)), 0)
    assert np.isinf(function(read("a/norm2(x)", "x: n"))(1.0, jnp.zeros(3)))


# --- the border ------------------------------------------------------------------------------------------------------


def test_arguments_by_position_and_by_name():
    e = read("tr(A*X) + a", "A: n x n, X: n x n")
    A, X = rng.standard_normal((2, 3, 3))
    expected = np.trace(A @ X) + 2
    np.testing.assert_allclose(function(e)(A, X, 2), expected, rtol=1e-5)
    np.testing.assert_allclose(function(e, ["X", "a", "A"])(X, 2, A=A), expected, rtol=1e-5)
    np.testing.assert_allclose(function(add(multiply(1, 2), 1))(), 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: f(np.eye(3), np.eye(4), 1.0), ShapeError, "X: expected n = 3 as in A, got 4"),
        (lambda f: f(np.eye(3)[None], np.eye(3), 1.0), ShapeError, "got shape (1, 3, 3); batches go through vmap"),
        (lambda f: f(np.eye(3), np.eye(3), np.ones(3)), ShapeError, "a: expected a scalar, got shape (3,)"),
        (lambda f: f(np.eye(3), np.eye(3)), MatcalcError, "the argument a is missing"),
        (lambda f: f(np.eye(3), B=1), MatcalcError, "expected the arguments A, X, a; got 1 positional ones and B"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call(function(read("tr(A*X) + a", "A: n x n, X: n x n")))
    assert message in str(raised.value)


def test_every_symbol_is_an_argument():
    with pytest.raises(MatcalcError, match="a occurs in the expression but not in the arguments"):
        function(read("a*b"), ["b"])
