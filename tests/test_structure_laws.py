"""Laws that every structure obeys, and proof that each law can be broken."""

import copy
import pickle
from dataclasses import replace
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from matcalc import structure as module
from matcalc.errors import DeclarationError, MatcalcError, NoRuleError, ShapeError
from matcalc.structure import (
    DIAGONAL,
    GENERAL,
    LOWER,
    ORTHOGONAL,
    SKEW,
    SPD,
    STRUCTURES,
    SYMMETRIC,
    TOEPLITZ,
    Operations,
    Reading,
    Structure,
    structure_named,
)

ALL = list(STRUCTURES.values())
LINEAR = [structure for structure in ALL if structure.is_linear]
every = pytest.mark.parametrize("structure", ALL, ids=STRUCTURES)
every_linear = pytest.mark.parametrize("structure", LINEAR, ids=[structure.name for structure in LINEAR])


def inner(A, B):
    return np.sum(A * B, (-2, -1))


# The laws, as functions, so that a wrong structure can be shown to break them.


def law_projection(structure: Structure, n: int = 4) -> None:
    """Idempotent, self-adjoint, fixes tangent vectors, and leaves nothing tangent behind."""
    rng = np.random.default_rng(1)
    X = structure.sample(rng, n)
    G, H = rng.standard_normal((2, n, n))
    T = structure.tangent_basis(X)
    projected = structure.project(X, G)
    np.testing.assert_allclose(structure.project(X, projected), projected, atol=1e-13)
    np.testing.assert_allclose(inner(projected, H), inner(G, structure.project(X, H)), rtol=1e-12)
    np.testing.assert_allclose(structure.project(X, T), T, atol=1e-13)
    np.testing.assert_allclose(inner(G - projected, T), 0, atol=1e-13)


def law_entrywise(structure: Structure, n: int = 4) -> None:
    """Its free entries are ⟨G, ∂X/∂θ_k⟩, and the rest are their copies."""
    G = np.random.default_rng(2).standard_normal((n, n))
    entries = structure.entrywise(G)
    np.testing.assert_allclose(structure.free(entries), inner(G, structure.basis(n)), rtol=1e-12)
    np.testing.assert_allclose(structure.fill(structure.free(entries), n), entries, rtol=1e-12)


def law_members(structure: Structure, n: int = 4) -> None:
    """Samples are members, and also of everything the structure says it is inside, and of nothing else."""
    X = structure.sample(np.random.default_rng(3), n, batch=(3,))
    assert {name for name, other in STRUCTURES.items() if other.contains(X)} == {structure.name, *structure.inside}


def law_free_entries(structure: Structure, n: int, m: int) -> None:
    """`free` undoes `fill`, `fill` undoes `free` on members, and D has full column rank."""
    rng = np.random.default_rng(4)
    k = structure.free_count(n, m)
    theta, X = rng.standard_normal((2, k)), structure.sample(rng, n, m, batch=(2,))
    np.testing.assert_array_equal(structure.free(structure.fill(theta, n, m)), theta)
    np.testing.assert_array_equal(structure.fill(structure.free(X), n, m), X)
    D = structure.basis(n, m).reshape(k, n * m).T
    assert k == 0 or np.linalg.matrix_rank(D) == k


@every
@pytest.mark.parametrize("n", [1, 2, 5])
def test_projection(structure, n):
    law_projection(structure, n)


@every_linear
@pytest.mark.parametrize("n", [1, 2, 5])
def test_entrywise(structure, n):
    law_entrywise(structure, n)


@every
@pytest.mark.parametrize("n", [3, 4])
def test_members(structure, n):
    law_members(structure, n)


@every
@pytest.mark.parametrize("n", [1, 2])  # small enough for coincidences: every skew 2 x 2 matrix is Toeplitz
def test_small_members(structure, n):
    X = structure.sample(np.random.default_rng(3), n, batch=(3,))
    assert all(structure_named(name).contains(X) for name in (structure.name, *structure.inside))


@every_linear
@pytest.mark.parametrize("n", [1, 2, 5])
def test_free_entries(structure, n):
    law_free_entries(structure, n, n)


@pytest.mark.parametrize(("n", "m"), [(2, 3), (3, 1), (1, 4), (1, 1)])
def test_general_is_rectangular(n, m):
    law_free_entries(GENERAL, n, m)


@pytest.mark.parametrize(
    ("law", "wrong"),
    [
        (law_projection, replace(SYMMETRIC, tangent_formula=lambda ops, X, G: ops.add(G, ops.transpose(G)))),
        (law_projection, replace(SYMMETRIC, tangent_formula=lambda ops, X, G: ops.diagonal_part(G))),
        (law_projection, replace(SYMMETRIC, tangent_formula=lambda ops, X, G: ops.tril(G))),
        (law_projection, replace(TOEPLITZ, tangent_formula=lambda ops, X, G: ops.toeplitz(G))),
        (law_projection, replace(ORTHOGONAL, tangent_formula=SKEW.tangent_formula)),
        (law_entrywise, replace(SYMMETRIC, entrywise_formula=lambda ops, G: ops.add(G, ops.transpose(G)))),
        (law_entrywise, replace(TOEPLITZ, entrywise_formula=lambda ops, G: ops.toeplitz_mean(G))),
        (law_entrywise, replace(LOWER, entrywise_formula=lambda ops, G: G)),
        (law_members, replace(SPD, name="symmetric", inside=("general",))),
        (law_members, replace(DIAGONAL, inside=("general", "symmetric"))),
        (law_members, replace(ORTHOGONAL, inside=("general", "spd"))),
    ],
    ids=lambda value: getattr(value, "__name__", None) or value.name,
)
def test_a_wrong_structure_breaks_its_law(law, wrong):
    with pytest.raises(AssertionError):
        law(wrong)


@every
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_samples_are_well_conditioned(structure, n):
    X = structure.sample(np.random.default_rng(5), n, batch=(20,))
    singular = np.linalg.svd(X, compute_uv=False)
    if structure is SKEW and n % 2:  # the determinant of a skew matrix of odd order is 0
        singular = singular[:, :-1]
    assert ((singular > 0.5 - 1e-9) & (singular < 3 + 1e-9)).all()
    eigenvalues = np.linalg.eigvals(X)
    gaps = abs(eigenvalues[..., None] - eigenvalues[..., None, :]) + 9 * np.eye(n)
    assert gaps.min() > 1e-4


def test_samples_reach_both_determinants_and_depend_on_the_seed_alone():
    determinants = np.linalg.det(ORTHOGONAL.sample(np.random.default_rng(6), 3, batch=(20,)))
    np.testing.assert_allclose(np.unique(determinants.round(9)), [-1, 1])
    first, again = (GENERAL.sample(np.random.default_rng(7), 3, 2, batch=(4,)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (4, 3, 2)
    assert first.dtype == np.float64


@every
def test_contains_can_say_no(structure):
    X = structure.sample(np.random.default_rng(8), 3)
    assert not structure.contains(np.full((3, 3), np.nan))
    assert not structure.contains(X[0])
    if structure.is_square:
        spoilt = X + 1e-6 * np.random.default_rng(9).standard_normal((3, 3))
        assert not structure.contains(spoilt)
        assert structure.contains(spoilt, tolerance=1e-3)
        assert not structure.contains(np.stack([X, spoilt]))
        assert not structure.contains(X[:, :2])


def test_contains_knows_open_conditions_and_scale():
    X = SPD.sample(np.random.default_rng(10), 3)
    assert SPD.contains(1e-12 * X)
    assert not SPD.contains(-X)
    assert not SPD.contains(np.ones((3, 3)))
    assert not SYMMETRIC.contains(1e-12 * np.triu(np.ones((3, 3))))
    assert SYMMETRIC.contains(np.zeros((3, 3)))


def test_free_entries_are_numbered_column_by_column():
    theta = np.arange(1, 7)
    np.testing.assert_array_equal(SYMMETRIC.fill(theta, 3), [[1, 2, 3], [2, 4, 5], [3, 5, 6]])
    np.testing.assert_array_equal(LOWER.fill(theta, 3), [[1, 0, 0], [2, 4, 0], [3, 5, 6]])
    np.testing.assert_array_equal(structure_named("upper").fill(theta, 3), [[1, 2, 4], [0, 3, 5], [0, 0, 6]])
    np.testing.assert_array_equal(SKEW.fill(theta[:3], 3), [[0, -1, -2], [1, 0, -3], [2, 3, 0]])
    np.testing.assert_array_equal(TOEPLITZ.fill(theta[:5], 3), [[1, 4, 5], [2, 1, 4], [3, 2, 1]])
    np.testing.assert_array_equal(DIAGONAL.fill(theta[:2], 2), [[1, 0], [0, 2]])
    np.testing.assert_array_equal(GENERAL.fill(theta, 3, 2), [[1, 4], [2, 5], [3, 6]])


def test_toeplitz_sums_and_averages_diagonals():
    G = np.arange(1.0, 10).reshape(3, 3)
    np.testing.assert_allclose(TOEPLITZ.entrywise(G), [[15, 8, 3], [12, 15, 8], [7, 12, 15]])
    np.testing.assert_allclose(TOEPLITZ.project(G, G), [[5, 4, 3], [6, 5, 4], [7, 6, 5]])


def test_the_orthogonal_tangent_basis_is_orthonormal_and_batched():
    X = ORTHOGONAL.sample(np.random.default_rng(11), 3, batch=(2,))
    T = ORTHOGONAL.tangent_basis(X)
    assert T.shape == (2, 3, 3, 3)
    np.testing.assert_allclose(np.einsum("bkij,blij->bkl", T, T), np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-14)
    step = X + 1e-6 * T[:, 0]
    np.testing.assert_allclose(step.mT @ step, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-11)
    assert SYMMETRIC.tangent_basis(X).shape == (2, 6, 3, 3)


@every_linear
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_and_jax_agree_and_keep_kind_and_dtype(structure, dtype):
    rng = np.random.default_rng(12)
    theta = rng.standard_normal((2, structure.free_count(3))).astype(dtype)
    G = rng.standard_normal((2, 3, 3)).astype(dtype)
    calls = [
        (lambda value: structure.fill(value, 3), theta),
        (structure.free, G),
        (structure.entrywise, G),
        (lambda value: structure.project(value, value), G),
    ]
    with jax.enable_x64(True):
        for call, value in calls:
            plain, traced = call(value), jax.jit(jax.vmap(call))(value)
            assert isinstance(plain, np.ndarray)
            assert isinstance(traced, jax.Array)
            assert plain.dtype == traced.dtype == dtype
            np.testing.assert_allclose(plain, traced, rtol=1e-5 if dtype == np.float32 else 1e-13)


@every_linear
def test_fill_is_differentiable(structure):
    G = np.random.default_rng(13).standard_normal((3, 3)).astype(np.float32)
    theta = jnp.ones(structure.free_count(3))
    along = jax.grad(lambda value: jnp.sum(G * structure.fill(value, 3)))(theta)
    np.testing.assert_allclose(along, structure.free(structure.entrywise(G)), rtol=1e-5)


def test_no_infinity_leaks_through_structural_zeros():
    G = np.array([[1.0, np.inf], [np.nan, 2.0]])
    np.testing.assert_array_equal(DIAGONAL.entrywise(G), [[1, 0], [0, 2]])
    np.testing.assert_array_equal(LOWER.project(G, np.array([[1.0, np.inf], [3.0, 2.0]])), [[1, 0], [3, 2]])


def test_a_large_symmetric_matrix_needs_no_duplication_matrix():
    G = np.random.default_rng(14).standard_normal((2000, 2000)).astype(np.float32)
    entries = SYMMETRIC.entrywise(G)
    np.testing.assert_array_equal(SYMMETRIC.fill(SYMMETRIC.free(entries), 2000), entries)
    assert TOEPLITZ.project(G, G).shape == G.shape


TEXT = Operations(
    transpose=lambda G: f"{G}'",
    add=lambda A, B: f"{A} + {B}",
    subtract=lambda A, B: f"{A} - {B}",
    scale=lambda c, A: f"{c} ({A})" if isinstance(c, Fraction) else "inexact",
    multiply=lambda A, B: f"{A} {B}",
    diagonal_part=lambda G: f"{G}.*I",
    tril=lambda G: f"tril({G})",
    triu=lambda G: f"triu({G})",
    toeplitz=lambda G: f"toeplitz({G})",
    toeplitz_mean=lambda G: f"toeplitz_mean({G})",
)


@pytest.mark.parametrize(
    ("name", "tangent", "entrywise"),
    [
        ("general", "G", "G"),
        ("symmetric", "1/2 (G + G')", "G + G' - G.*I"),
        ("spd", "1/2 (G + G')", "G + G' - G.*I"),
        ("diagonal", "G.*I", "G.*I"),
        ("lower", "tril(G)", "tril(G)"),
        ("upper", "triu(G)", "triu(G)"),
        ("skew", "1/2 (G - G')", "G - G'"),
        ("toeplitz", "toeplitz_mean(G)", "toeplitz(G)"),
        ("orthogonal", "1/2 (G - X G' X)", None),
    ],
)
def test_the_readings_are_formulas_over_any_operations(name, tangent, entrywise):
    structure = structure_named(name)
    assert structure.read(Reading.AMBIENT, "X", "G", TEXT) == "G"
    assert structure.read("tangent", "X", "G", TEXT) == tangent
    if entrywise is not None:
        assert structure.read("entrywise", "X", "G", TEXT) == entrywise


def test_every_structure_is_registered_once_and_stays_itself():
    defined = [value for value in vars(module).values() if isinstance(value, Structure)]
    assert defined == ALL
    for structure in ALL:
        assert set(structure.inside) <= set(STRUCTURES)
        assert copy.deepcopy(structure) is structure
        assert pickle.loads(pickle.dumps(structure)) is structure
        assert repr(structure) == f"<structure {structure.name}>"
        assert structure.is_unconstrained == (structure is GENERAL) != structure.is_square


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: structure_named("symetric"), DeclarationError, "unknown structure 'symetric': expected one of "
         "general, symmetric, spd, diagonal, lower, upper, skew, toeplitz, orthogonal; did you mean 'symmetric'?"),
        (lambda: structure_named("positive-definite"), DeclarationError, "unknown structure 'positive-definite': "),
        (lambda: Reading("entrywize"), MatcalcError,
         "unknown reading 'entrywize': expected one of ambient, tangent, entrywise; did you mean 'entrywise'?"),
        (lambda: SYMMETRIC.fill(np.ones(5), 3), ShapeError, "symmetric: 6 free entries fill a 3 x 3 matrix, "
         "got theta of shape (5,); pass theta of shape (..., 6)."),
        (lambda: SKEW.free(np.ones((3, 2))), ShapeError, "X: skew matrices have shape (..., n, n), got (3, 2); "
         "pass a square matrix or use the structure 'general'."),
        (lambda: GENERAL.free(np.ones(3)), ShapeError, "X: general matrices have shape (..., n, m), got (3,); "
         "reshape it to n x 1."),
        (lambda: SPD.sample(np.random.default_rng(0), 3, 2), ShapeError, "X: spd matrices have shape (..., n, n)"),
        (lambda: ORTHOGONAL.entrywise(np.eye(2)), NoRuleError, "orthogonal: the set is curved and has no free entries, "
         "so there is no entrywise reading. Use reading='tangent'."),
        (lambda: ORTHOGONAL.free_count(3), NoRuleError, "orthogonal: the set is curved and has no free entries, "
         "so nothing to fill or count. Use tangent_basis(X) and project(X, G)."),
        (lambda: SYMMETRIC.entrywise([[1.0]]), TypeError, "expected a NumPy or JAX array, got list; "
         "convert it with jax.numpy.asarray."),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)
