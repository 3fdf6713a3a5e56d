"""vec, vech and the matrices D, L and K, in the convention of Magnus & Neudecker."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from matcalc.errors import ShapeError
from matcalc.gradient import hadamard_correction
from matcalc.structure import SYMMETRIC
from matcalc.vectorisation import (
    commutation_matrix,
    duplication_matrix,
    elimination_matrix,
    unvec,
    unvech,
    vec,
    vech,
)

RNG = np.random.default_rng(20)
A = RNG.standard_normal((2, 3))
G = RNG.standard_normal((4, 4))
S = SYMMETRIC.sample(RNG, 4)
D3 = [  # as printed: Magnus & Neudecker, sec. 3.8
    [1, 0, 0, 0, 0, 0],
    [0, 1, 0, 0, 0, 0],
    [0, 0, 1, 0, 0, 0],
    [0, 1, 0, 0, 0, 0],
    [0, 0, 0, 1, 0, 0],
    [0, 0, 0, 0, 1, 0],
    [0, 0, 1, 0, 0, 0],
    [0, 0, 0, 0, 1, 0],
    [0, 0, 0, 0, 0, 1],
]


def test_columns_are_stacked():
    np.testing.assert_array_equal(vec(np.array([[1, 2, 3], [4, 5, 6]])), [1, 4, 2, 5, 3, 6])
    np.testing.assert_array_equal(vech(np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])), [1, 4, 7, 5, 8, 9])


def test_the_duplication_matrix_is_the_printed_one():
    np.testing.assert_array_equal(duplication_matrix(3), D3)


def test_vech_row_by_row_is_not_vech():
    """From n = 3 the order of the triangle shows: what `tril_indices` gives does not go with D."""
    rows = S[np.tril_indices(4)]
    assert not np.allclose(duplication_matrix(4) @ rows, vec(S))
    assert not np.array_equal(rows, vech(S))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_duplication_and_elimination(n):
    S, G = SYMMETRIC.sample(RNG, n), RNG.standard_normal((n, n))
    D, L = np.asarray(duplication_matrix(n)), np.asarray(elimination_matrix(n))
    np.testing.assert_allclose(D @ vech(S), vec(S), rtol=1e-14)
    np.testing.assert_allclose(L @ vec(G), vech(G), rtol=1e-14)
    np.testing.assert_array_equal(L @ D, np.eye(n * (n + 1) // 2))
    np.testing.assert_allclose(D.T @ vec(G), vech(hadamard_correction(G)), rtol=1e-12)
    np.testing.assert_array_equal(np.asarray(commutation_matrix(n, n)) @ D, D)
    assert np.linalg.matrix_rank(D) == n * (n + 1) // 2


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 3), (2, 3), (4, 2)])
def test_commutation(m, n):
    A, K = RNG.standard_normal((m, n)), np.asarray(commutation_matrix(m, n))
    np.testing.assert_allclose(K @ vec(A), vec(A.T), rtol=1e-14)
    np.testing.assert_array_equal(K @ commutation_matrix(n, m), np.eye(m * n))
    np.testing.assert_array_equal(K.T, commutation_matrix(n, m))


def test_commutation_the_wrong_way_round_is_seen():
    assert not np.allclose(commutation_matrix(3, 2) @ vec(A), vec(A.T))


def test_duplication_does_not_duplicate_what_is_not_symmetric():
    assert not np.allclose(duplication_matrix(4) @ vech(G), vec(G))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverses_batched_traced_and_in_the_dtype_given(dtype):
    batch = np.stack([S, 2 * S]).astype(dtype)
    with jax.enable_x64(True):
        for there, back in [(vec, lambda v: unvec(v, 4, 4)), (vech, unvech)]:
            plain, traced = there(batch), jax.jit(jax.vmap(there))(batch)
            assert plain.dtype == traced.dtype == dtype
            np.testing.assert_array_equal(plain, traced)
            np.testing.assert_array_equal(back(plain), batch)
            np.testing.assert_array_equal(jax.jit(back)(jnp.asarray(plain)), batch)
    np.testing.assert_array_equal(unvec(vec(A), 2, 3), A)


def test_the_matrices_take_the_default_dtype_or_the_one_asked():
    assert duplication_matrix(2).dtype == commutation_matrix(2, 3).dtype == jnp.zeros(1).dtype
    assert elimination_matrix(2, dtype=jnp.bfloat16).dtype == jnp.bfloat16
    assert jax.jit(lambda v: duplication_matrix(2) @ v)(jnp.ones(3)).shape == (4,)
    with jax.enable_x64(True):
        assert duplication_matrix(2).dtype == jnp.float64


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: vec(np.ones(3)), "A: general matrices have shape (..., n, m), got (3,); reshape it to n x 1."),
        (lambda: vech(A), "A: symmetric matrices have shape (..., n, n), got (2, 3); pass a square matrix"),
        (lambda: unvec(np.ones(5), 2, 3), "v: a vec of a 2 x 3 matrix has shape (..., 6), got (5,); check m and n."),
        (lambda: unvech(np.ones(5)), "so 1, 3, 6, 10, ... entries, got (5,); use unvec for all entries of a matrix."),
        (lambda: unvech(np.float64(1.0)), "so 1, 3, 6, 10, ... entries, got ();"),
        (lambda: hadamard_correction(A), "G: symmetric matrices have shape (..., n, n), got (2, 3);"),
    ],
)
def test_errors_say_what_to_do(call, text):
    with pytest.raises(ShapeError) as caught:
        call()
    assert text in str(caught.value)
