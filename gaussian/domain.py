"""What may be a mean, a covariance, a precision or a Cholesky factor: checks, and errors that explain a failure.

Outside jit an inadmissible argument raises, with its diagnosis. Under jit, vmap or grad, where values are not known,
the factor becomes NaN in every entry, or the mean in those that are not finite, and so does everything computed from
it: never a plausible wrong number.

Admissible means: finite; symmetric up to about √ε relative to √(s_ii s_jj), ε the rounding unit of the dtype, and then
one triangle is factored; positive definite, and the inverse of the correlation matrix of a trace below 1 / (d ε), so
that a singular matrix is not let through by its rounding errors.
"""

import math
import reprlib
from typing import NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from gaussian.arguments import require_one_batch
from gaussian.triangular import diagonal
from matcalc.errors import ArgumentError, DomainError, ShapeError

SMALL = 64  # up to this side a matrix is read twice from the nearest cache
BLOCK = 16  # entries of a row compared at a time with those of a column: one or two cache lines


def as_real(x: ArrayLike, name: str) -> Float[Array, "*shape"]:
    """x as an array of real numbers; ArgumentError if it is none, DomainError if it is complex."""
    try:
        array = jnp.asarray(x)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(
            f"{name}: expected an array of real numbers, all its rows of one length, got {reprlib.repr(x)}."
        ) from None
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise DomainError(f"{name}: expected real numbers, got {array.dtype}; pass real arrays.")
    return array


def as_vector_and_matrix(
    vector: ArrayLike, matrix: ArrayLike, vector_name: str, matrix_name: str
) -> tuple[Float[Array, "*batch d"], Float[Array, "*batch d d"]]:
    """Both as arrays of one floating dtype and one batch shape; ShapeError if their sizes do not fit together."""
    v, A = as_real(vector, vector_name), as_real(matrix, matrix_name)
    dtype = jnp.result_type(v, A, jnp.float32)
    if v.ndim < 1 or A.ndim < 2 or A.shape[-1] != A.shape[-2] or A.shape[-1] != v.shape[-1] or v.shape[-1] == 0:
        raise ShapeError(
            f"{vector_name}, {matrix_name}: expected shapes (..., d) and (..., d, d) with d > 0, "
            f"got {v.shape} and {A.shape}; one entry and one row for each coordinate."
        )
    if v.ndim > 1 or A.ndim > 2:
        require_one_batch(f"{vector_name}, {matrix_name}", v.shape[:-1], A.shape[:-2])
        batch = np.broadcast_shapes(v.shape[:-1], A.shape[:-2])
        v, A = jnp.broadcast_to(v, (*batch, v.shape[-1])), jnp.broadcast_to(A, (*batch, *A.shape[-2:]))
    return v.astype(dtype), A.astype(dtype)


class Factored(NamedTuple):
    """The vector, a triangular factor and its diagonal, NaN where not admissible; the matrix as given; if all were."""

    vector: Float[Array, "*batch d"]
    factor: Float[Array, "*batch d d"]
    diagonal: Float[Array, "*batch d"]
    matrix: Float[Array, "*batch d d"]
    ok: Bool[Array, ""]


@jax.jit
def cholesky(vector: Float[Array, "*batch d"], S: Float[Array, "*batch d d"]) -> Factored:
    """L with S = L Lᵀ."""
    L = jnp.linalg.cholesky(_columns(S), symmetrize_input=False)
    pivots = diagonal(L.mT)
    return _factored(vector, L, pivots, S, _is_admissible(*lax.stop_gradient((pivots, diagonal(S), S))))


@jax.jit
def reversed_cholesky(vector: Float[Array, "*batch d"], S: Float[Array, "*batch d d"]) -> Factored:
    """W, lower triangular, with S = WᵀW: the Cholesky factor from the last coordinate to the first."""
    vector, L, pivots, _, ok = cholesky(vector, _reversed(S))
    return Factored(vector, _reversed(L), pivots[..., ::-1], S, ok)


def _reversed(A: Array) -> Array:
    """The transpose from the last coordinate to the first: what was below the diagonal stays there."""
    return A.mT[..., ::-1, ::-1]


@jax.jit
def lower_factor(vector: Float[Array, "*batch d"], L: Float[Array, "*batch d d"]) -> Factored:
    """L itself, if it is finite, lower triangular and of positive diagonal."""
    ok = (diagonal(L) > 0).all(-1) & (jnp.triu(L, 1) == 0).all((-1, -2)) & jnp.isfinite(L).all((-1, -2))
    return _factored(vector, L, diagonal(L), L, ok)


def _factored(vector: Array, factor: Array, pivots: Array, matrix: Array, ok: Array) -> Factored:
    mark, finite = nan_unless(ok)[..., None], jnp.isfinite(vector)
    vector = jnp.where(finite, vector, jnp.nan)
    return Factored(vector, factor + mark[..., None], pivots + mark, matrix, ok.all() & finite.all())


def nan_unless(ok: Bool[Array, "*batch"]) -> Float[Array, "*batch"]:
    """0 where ok, else NaN: to be added to what must not pass for a result."""
    return jnp.where(ok, 0.0, jnp.nan)


def is_known_false(ok: Bool[Array, ""]) -> bool:
    """Whether a check failed, as far as values are known: False while tracing."""
    return not isinstance(ok, jax.core.Tracer) and not bool(ok)


def explain(vector: Array, matrix: Array, vector_name: str, matrix_name: str) -> NoReturn:
    """Raise the DomainError that says why `matrix` or `vector` is inadmissible."""
    require_finite(vector, vector_name)
    require_finite(matrix, matrix_name)
    for index in np.ndindex(matrix.shape[:-2]):
        S = np.asarray(matrix[index])
        where = f" at batch index {index}" if index else ""
        gap, size = np.abs(S - S.T), np.sqrt(np.abs(np.diagonal(S)))
        if (gap > _symmetry_tolerance(S) * size[:, None] * size).any():
            i, j = np.unravel_index(np.argmax(gap), gap.shape)
            raise DomainError(
                f"{matrix_name}{where}: expected a symmetric matrix, but entries ({i}, {j}) and ({j}, {i}) are "
                f"{S[i, j]:.6g} and {S[j, i]:.6g}, {gap[i, j]:.3g} apart; pass (A + A.T) / 2 if that is meant."
            )
        if bool(cholesky(vector[index], matrix[index]).ok):
            continue
        eigenvalues = np.linalg.eigvalsh((S + S.T) / 2)
        if not S.any():
            raise DomainError(f"{matrix_name}{where}: expected a positive definite matrix, but all its entries are 0.")
        if eigenvalues[0] <= -len(S) * np.finfo(S.dtype).eps * np.abs(eigenvalues).max():
            raise DomainError(
                f"{matrix_name}{where}: expected a positive definite matrix, but {(eigenvalues < 0).sum()} of its "
                f"{len(S)} eigenvalues are negative, the smallest {eigenvalues[0]:.6g}; check how it was made."
            )
        i, tiny = np.argmin(np.diagonal(S)), np.finfo(S.dtype).tiny
        if S[i, i] < tiny:
            raise DomainError(
                f"{matrix_name}{where}: its diagonal entry {i} is {S[i, i]:.3g}, and in {S.dtype} nothing below "
                f"{tiny:.3g} counts; drop that coordinate, change its unit, or use a wider dtype."
            )
        raise DomainError(
            f"{matrix_name}{where}: singular to working precision: its eigenvalues reach from {eigenvalues[0]:.3g} "
            f"to {eigenvalues[-1]:.3g}, too far apart for {S.dtype}; drop the dependent coordinates, "
            "add a multiple of the identity, or use a wider dtype."
        )
    raise DomainError(f"{matrix_name}: inadmissible only as part of this batch; factor its members one by one.")


def explain_lower(vector: Array, L: Array, vector_name: str, matrix_name: str) -> NoReturn:
    """Raise the DomainError that says why L is not a Cholesky factor, or the vector not finite."""
    require_finite(vector, vector_name)
    require_finite(L, matrix_name)
    entries = np.asarray(L)
    above = np.abs(np.triu(entries, 1))
    if above.any():
        *_, i, j = np.unravel_index(np.argmax(above), above.shape)
        raise DomainError(
            f"{matrix_name}: expected a lower triangular matrix, but entry ({i}, {j}) is {above.max():.6g} in size; "
            "pass its lower triangle, or the covariance."
        )
    diagonal = np.diagonal(entries, axis1=-2, axis2=-1)
    raise DomainError(
        f"{matrix_name}: expected a positive diagonal, but its smallest entry is {diagonal.min():.6g}; "
        "change the sign of that column, or drop the coordinate if it is 0."
    )


@jax.custom_jvp
def symmetric(S: Float[Array, "*batch d d"]) -> Float[Array, "*batch d d"]:
    """S by its upper triangle, the one that is factored, on both sides; of the tangent the symmetric part counts."""
    return jnp.where(np.tri(S.shape[-1], k=-1, dtype=bool), S.mT, S)


def factor_in_order(S: Float[Array, "*batch d d"], order: Int[Array, " d"]) -> Float[Array, "*batch d d"]:
    """L with S = L Lᵀ, rows and columns of S taken in that order; NaN where S is inadmissible."""
    held = lax.stop_gradient(S)
    entries = jnp.where(_is_mirrored(held), symmetric(S), jnp.nan) if S.shape[-1] <= SMALL else symmetric(S)
    L = jnp.linalg.cholesky(entries[..., order[:, None], order], symmetrize_input=False)
    ok = _is_admissible(lax.stop_gradient(diagonal(L)), diagonal(held)[..., order], held)
    return L + nan_unless(ok)[..., None, None]


@jax.custom_jvp
def _columns(S: Array) -> Array:
    """S column by column, as LAPACK reads it; of a small S entries that are not as their mirror images are NaN.

    Of the tangent one triangle stands for both, so only its symmetric part counts.
    """
    return jnp.where(_is_mirrored(S), S.mT, jnp.nan) if S.shape[-1] <= SMALL else S.mT


@symmetric.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return symmetric(primals[0]), _symmetric_part(tangents[0])


@_columns.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return _columns(primals[0]), _symmetric_part(tangents[0])


def _symmetric_part(A: Array) -> Array:
    return (A + A.mT) / 2


def _is_mirrored(S: Array) -> Array:
    """Whether |s_ij - s_ji| ≤ τ √(s_ii s_jj), entry by entry and without a root, in the loop that copies S."""
    gap, size = S - S.mT, diagonal(S)
    return gap * (gap / size[..., :, None]) <= _symmetry_tolerance(S) ** 2 * size[..., None, :]


def _is_symmetric(S: Array) -> Array:
    """Whether |s_ij - s_ji| ≤ τ √(s_ii s_jj) for every i and j."""
    along, across = _mirrored(S)
    n, b = along.shape[-3], along.shape[-1]
    size = lax.optimization_barrier(_scale(S)).reshape(*S.shape[:-2], n, b)  # taken once, not d times
    bound = _symmetry_tolerance(S) * size[..., :, None, :, None] * size[..., None, :, None, :]
    return (jnp.abs(along - across) <= bound).all((-1, -2, -3, -4))


def _mirrored(S: Array) -> tuple[Array, Array]:
    """S and its transpose block by block, so that what is read across is read while it is near."""
    d = S.shape[-1]
    b = math.gcd(d, BLOCK)
    blocks = S.reshape(*S.shape[:-2], d // b, b, d // b, b)
    return jnp.moveaxis(blocks, -3, -2), jnp.moveaxis(blocks, (-2, -1), (-4, -2))


def _scale(S: Array) -> Array:
    """√|s_ii|."""
    return jnp.sqrt(jnp.abs(diagonal(S)))


def _symmetry_tolerance(S: Array | np.ndarray) -> float:
    return float(jnp.finfo(S.dtype).eps) ** 0.5


def _is_admissible(pivots: Array, variances: Array, S: Array) -> Array:
    """Whether S, of Cholesky pivots l_ii and s_ii in any one order, is symmetric and regular; false for NaN.

    Nearly every matrix is symmetric to the last digit, and only of others is the tolerance asked; a small one that is
    not symmetric has NaN for pivots.
    """
    large, yes = _has_large(pivots, variances), jnp.ones(S.shape[:-2], bool)
    if S.shape[-1] <= SMALL:
        return lax.cond(large, lambda: yes, lambda: _has_inverse(S))
    return lax.cond(large & _is_same(*_mirrored(S)), lambda: yes, lambda: _is_symmetric(S) & _has_inverse(S))


def _is_same(A: Array, B: Array) -> Array:
    """Whether both are the same bit by bit, matrix by matrix of blocks: a loop that needs no order and no branch."""
    bits = jnp.dtype(f"uint{8 * A.dtype.itemsize}")
    apart = lax.bitcast_convert_type(A, bits) ^ lax.bitcast_convert_type(B, bits)
    return lax.reduce_or(apart, tuple(range(A.ndim - 4, A.ndim))) == 0


def _has_large(pivots: Array, variances: Array) -> Array:
    """Whether no pivot is tiny beside its diagonal entry.

    A singular matrix leaves a pivot of rounding errors, tiny but seldom 0. Only where there is a tiny pivot is the
    inverse formed, whose trace tells a singular matrix from a badly conditioned one.
    """
    return (jnp.square(pivots) > _symmetry_tolerance(pivots) * variances).all()


def _has_inverse(S: Array) -> Array:
    return _inverse_trace(S) < 1 / (S.shape[-1] * float(jnp.finfo(S.dtype).eps))


def _inverse_trace(S: Array) -> Array:
    """tr R⁻¹ of the correlation matrix R of S: between 1/λ and d/λ, λ its smallest eigenvalue.

    S is factored again, for a factor handed to a branch that is seldom taken would be copied every time.
    """
    L = jnp.linalg.cholesky(_columns(S), symmetrize_input=False)
    size = _scale(S)[..., None, :] * np.eye(S.shape[-1], dtype=S.dtype)
    return jnp.square(lax.linalg.triangular_solve(L, size, left_side=True, lower=True)).sum((-1, -2))


def require_finite(x: Array, name: str) -> None:
    """Raise a DomainError that names the first entry which is NaN or infinite, if there is one."""
    bad = ~np.isfinite(x)
    if bad.any():
        index = tuple(int(k) for k in np.argwhere(bad)[0])
        raise DomainError(
            f"{name}: expected finite entries, but {int(bad.sum())} of {bad.size} are NaN or infinite, the first at "
            f"{index[0] if len(index) == 1 else index}; remove or replace them."
        )
