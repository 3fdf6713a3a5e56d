"""Structures: the sets a matrix can live in, each stated once, and the three readings of a derivative on them.

A linear structure says of every entry which free entry it copies, and with what sign. The free entries θ are numbered
column by column (θ = vech X for a symmetric X, Magnus & Neudecker), and the map vec X = D θ, its basis, the membership
test and the sampler follow. The readings are closed formulas over a few operations, so that arrays and symbolic
expressions share them and no projection matrix is ever built.
"""

import difflib
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Num

from matcalc.errors import DeclarationError, MatcalcError, NoRuleError, ShapeError

Array = np.ndarray | jax.Array
HALF = Fraction(1, 2)


class Reading(StrEnum):
    """How a derivative G of f is read: df = ⟨G, dX⟩, its tangent projection, or the derivative by the free entries."""

    AMBIENT = "ambient"
    TANGENT = "tangent"
    ENTRYWISE = "entrywise"

    @classmethod
    def _missing_(cls, value: object) -> "Reading":
        raise MatcalcError(f"unknown reading {value!r}: expected one of {', '.join(cls)}{_nearest(value, cls)}")


@dataclass(frozen=True)
class Operations:
    """What a reading is written in: nine functions, for arrays (`ARRAYS`) or for anything else, such as expressions."""

    transpose: Callable[[Any], Any]
    add: Callable[[Any, Any], Any]
    subtract: Callable[[Any, Any], Any]
    scale: Callable[[Fraction, Any], Any]
    multiply: Callable[[Any, Any], Any]  # the matrix product
    diagonal_part: Callable[[Any], Any]  # G ⊙ I
    tril: Callable[[Any], Any]
    triu: Callable[[Any], Any]
    toeplitz: Callable[[Any], Any]  # each diagonal replaced by its sum
    toeplitz_mean: Callable[[Any], Any]  # each diagonal replaced by its mean


def namespace(X: Array) -> Any:
    """The module, `numpy` or `jax.numpy`, whose functions take X; TypeError for what is not an array."""
    if not hasattr(X, "__array_namespace__"):
        raise TypeError(f"expected a NumPy or JAX array, got {type(X).__name__}; convert it with jax.numpy.asarray.")
    return X.__array_namespace__()


def _diagonal_sums(G: Array) -> Array:
    """Sums by i - j: rows of width 2n read at width 2n - 1 are shifted by one each, so diagonals become columns."""
    *batch, n, _ = G.shape
    xp = namespace(G)
    padded = xp.concatenate([G[..., ::-1], xp.zeros_like(G)], -1).reshape(*batch, 2 * n * n)
    return padded[..., : n * (2 * n - 1)].reshape(*batch, n, 2 * n - 1).sum(-2)


def _diagonal_lengths(G: Array) -> np.ndarray:
    n = G.shape[-1]
    return (n - abs(np.arange(1 - n, n))).astype(G.dtype)


def _lay_diagonals(values: Array) -> Array:
    n = (values.shape[-1] + 1) // 2
    return values[..., np.arange(n)[:, None] - np.arange(n) + n - 1]


# NumPy and JAX arrays: the last two axes are the matrix; the kind of array and its dtype stay.
ARRAYS = Operations(
    transpose=lambda G: namespace(G).swapaxes(G, -1, -2),
    add=operator.add,
    subtract=operator.sub,
    scale=lambda c, A: float(c) * A,
    multiply=operator.matmul,
    diagonal_part=lambda G: namespace(G).tril(namespace(G).triu(G)),  # G * I would make NaN of an infinity beside it
    tril=lambda G: namespace(G).tril(G),
    triu=lambda G: namespace(G).triu(G),
    toeplitz=lambda G: _lay_diagonals(_diagonal_sums(G)),
    toeplitz_mean=lambda G: _lay_diagonals(_diagonal_sums(G) / _diagonal_lengths(G)),
)


@dataclass(frozen=True, eq=False, repr=False)
class Structure:
    """A set of matrices, its free entries if it is linear, and the readings of a derivative on it.

    `copies(i, j)` gives (sign, i', j'): X[i, j] = sign X[i', j'], and an entry that copies itself is free. It is None
    for a curved set, which has `residual` (zero exactly on the set) and `directions` (a basis of its tangent space at
    X) instead. An open condition is a `margin`, positive exactly where it holds. `inside` names every other structure
    that all members belong to.
    """

    name: str
    latex: str
    inside: tuple[str, ...]
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    tangent_formula: Callable[[Operations, Any, Any], Any]
    entrywise_formula: Callable[[Operations, Any], Any] | None = None
    copies: Callable[[np.ndarray, np.ndarray], tuple[Any, np.ndarray, np.ndarray]] | None = None
    residual: Callable[[np.ndarray], np.ndarray] | None = None
    directions: Callable[[np.ndarray], np.ndarray] | None = None
    margin: Callable[[np.ndarray], np.ndarray] | None = None
    is_unconstrained: bool = False

    def __repr__(self) -> str:
        return f"<structure {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return structure_named, (self.name,)  # a structure is itself wherever it is copied or sent

    @property
    def is_linear(self) -> bool:
        """Whether the set is, up to open conditions, a linear space: whether it has free entries."""
        return self.copies is not None

    @property
    def is_square(self) -> bool:
        """Whether members must be square; vectors (n x 1) and scalars (1 x 1) are general."""
        return not self.is_unconstrained

    def free_count(self, n: int, m: int | None = None) -> int:
        """The number of free entries of an n x m member (m = n if not given); NoRuleError for a curved set."""
        return len(self._layout(n, m).rows)

    def fill(self, theta: Num[Array, "*batch k"], n: int, m: int | None = None) -> Num[Array, "*batch n m"]:
        """The matrix with free entries θ: vec X = D θ [MN2019]; the array stays of its kind and dtype.

        ShapeError if θ has another length than `free_count(n, m)`; NoRuleError for a curved set.
        """
        layout = self._layout(n, m)
        k = len(layout.rows)
        if theta.shape[-1:] != (k,):
            raise ShapeError(
                f"{self.name}: {k} free entries fill a {n} x {m or n} matrix, got theta of shape {theta.shape}; "
                f"pass theta of shape (..., {k})."
            )
        xp = namespace(theta)
        slots = xp.concatenate([theta, xp.zeros((*theta.shape[:-1], 1), theta.dtype)], -1)  # the last is the zero
        return slots[..., layout.slot] * layout.sign.astype(theta.dtype)

    def free(self, X: Num[Array, "*batch n m"]) -> Num[Array, "*batch k"]:
        """The free entries of X, column by column: the inverse of `fill` on members, vech X for a symmetric X [MN2019].

        ShapeError if X is not a matrix of the right shape; NoRuleError for a curved set.
        """
        self.require_shape(X.shape)
        layout = self._layout(*X.shape[-2:])
        return X[..., layout.rows, layout.columns]

    def basis(self, n: int, m: int | None = None) -> Float[np.ndarray, "k n m"]:
        """∂X/∂θ_k for every free entry, in float64: the columns of D as matrices. Dense: for small n."""
        return np.asarray(self.fill(np.eye(self.free_count(n, m)), n, m))

    def tangent_basis(self, X: Num[np.ndarray, "*batch n m"]) -> Num[np.ndarray, "*batch k n m"]:
        """A basis of the tangent space at X: `basis` of a linear structure, an orthonormal one of a curved set."""
        self.require_shape(X.shape)
        if self.directions is not None:
            return self.directions(X)
        basis = self.basis(*X.shape[-2:])
        return np.broadcast_to(basis, X.shape[:-2] + basis.shape)

    def sample(
        self, rng: np.random.Generator, n: int, m: int | None = None, batch: tuple[int, ...] = ()
    ) -> Float[np.ndarray, "*batch n m"]:
        """Random members in float64, well-conditioned: singular values within [0.5, 3], eigenvalues distinct.

        The eigenvectors are random. A skew matrix of odd order has one singular value 0, as it must.
        """
        shape = (*batch, n, m or n)
        self.require_shape(shape)
        X = self.draw(rng, shape)
        return np.asarray(self.fill(self.free(X), n, m)) if self.is_linear else X  # members exactly, not up to rounding

    def contains(self, X: Num[Array, "..."], tolerance: float = 1e-10) -> bool:
        """Whether X, or every matrix of a batch, is a member, up to `tolerance` relative to its largest entry.

        Open conditions hold strictly: the smallest eigenvalue of an spd matrix must exceed the tolerance too.
        """
        X = np.asarray(X)
        if X.ndim < 2 or (self.is_square and X.shape[-1] != X.shape[-2]):
            return False
        error = self.residual(X) if self.residual is not None else X - self.fill(self.free(X), *X.shape[-2:])
        bound = tolerance * abs(X).max((-2, -1))
        holds = (abs(error).max((-2, -1)) <= bound) & np.isfinite(bound)
        return bool(holds.all() and (self.margin is None or (self.margin(X) > bound).all()))

    def project(self, X: Any, G: Any, ops: Operations = ARRAYS) -> Any:
        """The tangent reading: the Frobenius-orthogonal projection of G on the tangent space at X, shape of X."""
        return self.tangent_formula(ops, X, G)

    def entrywise(self, G: Any, ops: Operations = ARRAYS) -> Any:
        """The entrywise reading: ∂f/∂θ, with Dᵀ vec G laid out in the shape of X [PP2012, sec. 2.8; SP2019].

        It is not a Frobenius gradient, and not a direction to step in. NoRuleError for a curved set.
        """
        if self.entrywise_formula is None:
            raise self._no_free_entries("there is no entrywise reading. Use reading='tangent'")
        return self.entrywise_formula(ops, G)

    def read(self, reading: Reading | str, X: Any, G: Any, ops: Operations = ARRAYS) -> Any:
        """G in a reading: as it is, projected, or entrywise; for G with df = ⟨G, dX⟩ at X."""
        match Reading(reading):
            case Reading.AMBIENT:
                return G
            case Reading.TANGENT:
                return self.project(X, G, ops)
            case Reading.ENTRYWISE:
                return self.entrywise(G, ops)

    def require_shape(self, shape: tuple[int, ...], what: str = "X") -> None:
        """Raise a ShapeError, naming `what`, unless a member (or a batch of members) can have this shape."""
        if len(shape) < 2 or (self.is_square and shape[-1] != shape[-2]):
            wanted = "(..., n, n)" if self.is_square else "(..., n, m)"
            cure = "pass a square matrix or use the structure 'general'" if self.is_square else "reshape it to n x 1"
            raise ShapeError(f"{what}: {self.name} matrices have shape {wanted}, got {tuple(shape)}; {cure}.")

    def _layout(self, n: int, m: int | None) -> "_Layout":
        if self.copies is None:
            raise self._no_free_entries("nothing to fill or count. Use tangent_basis(X) and project(X, G)")
        self.require_shape((n, m or n))
        return _layout(self, n, m or n)

    def _no_free_entries(self, so: str) -> NoRuleError:
        return NoRuleError(f"{self.name}: the set is curved and has no free entries, so {so}.")


@dataclass(frozen=True, eq=False)
class _Layout:
    """Where the free entries stand (`rows`, `columns`), and for every entry its sign and the slot it is filled from."""

    rows: np.ndarray
    columns: np.ndarray
    slot: np.ndarray
    sign: np.ndarray


@lru_cache(maxsize=16)
def _layout(structure: Structure, n: int, m: int) -> _Layout:
    i, j = np.indices((n, m), np.int32)
    assert structure.copies is not None
    sign, row, column = np.broadcast_arrays(*structure.copies(i, j))
    is_free = (row == i) & (column == j) & (sign != 0)
    columns, rows = np.nonzero(is_free.T)
    slot = np.full((n, m), len(rows), np.int32)
    slot[rows, columns] = np.arange(len(rows))
    return _Layout(rows.astype(np.int32), columns.astype(np.int32), slot[row, column], sign.astype(np.int8))


def _spectrum(rng: np.random.Generator, k: int, batch: tuple[int, ...]) -> np.ndarray:
    """k values in [0.5, 3], apart from each other, in random order."""
    return rng.permuted(0.5 + 2.5 * (np.arange(k) + rng.uniform(0.2, 0.8, (*batch, k))) / max(k, 1), axis=-1)


def _signed(rng: np.random.Generator, k: int, batch: tuple[int, ...]) -> np.ndarray:
    return rng.choice([-1.0, 1.0], (*batch, k)) * _spectrum(rng, k, batch)


def _draw_orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    Q, R = np.linalg.qr(rng.standard_normal(shape))
    return Q * np.sign(np.diagonal(R, axis1=-2, axis2=-1))[..., None, :]  # Haar: either determinant, also at n = 1


def _draw_general(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    *batch, n, m = shape
    k = min(n, m)
    U, V = (_draw_orthogonal(rng, (*batch, size, size))[..., :k] for size in (n, m))
    return U * _spectrum(rng, k, tuple(batch))[..., None, :] @ V.mT


def _draw_symmetric(rng: np.random.Generator, shape: tuple[int, ...], spectrum: Any = _signed) -> np.ndarray:
    Q = _draw_orthogonal(rng, shape)
    return Q * spectrum(rng, shape[-1], shape[:-2])[..., None, :] @ Q.mT


def _draw_diagonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[-1]) * _signed(rng, shape[-1], shape[:-2])[..., None, :]


def _draw_upper(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.linalg.qr(_draw_general(rng, shape))[1]  # R has the singular values of the matrix it comes from


def _draw_lower(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return _draw_upper(rng, shape).mT


def _draw_skew(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    Q, B = _draw_orthogonal(rng, shape), np.zeros(shape)
    even = np.arange(0, shape[-1] - 1, 2)
    B[..., even, even + 1] = _spectrum(rng, len(even), shape[:-2])  # eigenvalues ±is, in 2 x 2 blocks
    return Q @ (B - B.mT) @ Q.mT


def _draw_toeplitz(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    N = ARRAYS.toeplitz_mean(rng.standard_normal(shape))
    N = N / np.linalg.norm(N, 2, axis=(-2, -1), keepdims=True)
    return rng.choice([-1.0, 1.0], (*shape[:-2], 1, 1)) * (1.75 * np.eye(shape[-1]) + 1.2 * N)


GENERAL = Structure(
    name="general",
    latex=r"\mathbb{R}^{n \times m}",
    inside=(),
    draw=_draw_general,
    copies=lambda i, j: (1, i, j),
    tangent_formula=lambda ops, X, G: G,
    entrywise_formula=lambda ops, G: G,
    is_unconstrained=True,
)

SYMMETRIC = Structure(
    name="symmetric",
    latex=r"\mathbb{S}^{n}",
    inside=("general",),
    draw=_draw_symmetric,
    copies=lambda i, j: (1, np.maximum(i, j), np.minimum(i, j)),
    tangent_formula=lambda ops, X, G: ops.scale(HALF, ops.add(G, ops.transpose(G))),
    entrywise_formula=lambda ops, G: ops.subtract(ops.add(G, ops.transpose(G)), ops.diagonal_part(G)),
)

SPD = replace(
    SYMMETRIC,
    name="spd",
    latex=r"\mathbb{S}^{n}_{++}",
    inside=("general", "symmetric"),
    draw=partial(_draw_symmetric, spectrum=_spectrum),
    margin=lambda X: np.linalg.eigvalsh(X)[..., 0],
)

DIAGONAL = Structure(
    name="diagonal",
    latex=r"\mathbb{D}^{n}",
    inside=("general", "symmetric", "lower", "upper"),
    draw=_draw_diagonal,
    copies=lambda i, j: (i == j, i, j),
    tangent_formula=lambda ops, X, G: ops.diagonal_part(G),
    entrywise_formula=lambda ops, G: ops.diagonal_part(G),
)

LOWER = Structure(
    name="lower",
    latex=r"\mathbb{L}^{n}",
    inside=("general",),
    draw=_draw_lower,
    copies=lambda i, j: (i >= j, i, j),
    tangent_formula=lambda ops, X, G: ops.tril(G),
    entrywise_formula=lambda ops, G: ops.tril(G),
)

UPPER = Structure(
    name="upper",
    latex=r"\mathbb{U}^{n}",
    inside=("general",),
    draw=_draw_upper,
    copies=lambda i, j: (i <= j, i, j),
    tangent_formula=lambda ops, X, G: ops.triu(G),
    entrywise_formula=lambda ops, G: ops.triu(G),
)

SKEW = Structure(
    name="skew",
    latex=r"\mathfrak{so}(n)",
    inside=("general",),
    draw=_draw_skew,
    copies=lambda i, j: (np.sign(i - j), np.maximum(i, j), np.minimum(i, j)),
    tangent_formula=lambda ops, X, G: ops.scale(HALF, ops.subtract(G, ops.transpose(G))),
    entrywise_formula=lambda ops, G: ops.subtract(G, ops.transpose(G)),
)

TOEPLITZ = Structure(
    name="toeplitz",
    latex=r"\mathbb{T}^{n}",
    inside=("general",),
    draw=_draw_toeplitz,
    copies=lambda i, j: (1, i - np.minimum(i, j), j - np.minimum(i, j)),
    tangent_formula=lambda ops, X, G: ops.toeplitz_mean(G),
    entrywise_formula=lambda ops, G: ops.toeplitz(G),
)

ORTHOGONAL = Structure(
    name="orthogonal",
    latex=r"\mathrm{O}(n)",
    inside=("general",),
    draw=_draw_orthogonal,
    tangent_formula=lambda ops, X, G: ops.scale(
        HALF, ops.subtract(G, ops.multiply(ops.multiply(X, ops.transpose(G)), X))
    ),
    residual=lambda X: X.mT @ X - np.eye(X.shape[-1]),
    directions=lambda X: X[..., None, :, :] @ SKEW.basis(X.shape[-1]) / np.sqrt(2),
)

STRUCTURES = {
    structure.name: structure
    for structure in (GENERAL, SYMMETRIC, SPD, DIAGONAL, LOWER, UPPER, SKEW, TOEPLITZ, ORTHOGONAL)
}


def structure_named(name: str) -> Structure:
    """The structure of that name; DeclarationError, with the names there are and the nearest one, if there is none."""
    if name not in STRUCTURES:
        raise DeclarationError(
            f"unknown structure {name!r}: expected one of {', '.join(STRUCTURES)}{_nearest(name, STRUCTURES)}"
        )
    return STRUCTURES[name]


def _nearest(word: object, words: Iterable[str]) -> str:
    """The end of an error about an unknown word: did you mean the one most like it?"""
    near = difflib.get_close_matches(str(word), [str(known) for known in words], 1)
    return f"; did you mean {near[0]!r}?" if near else "."
