"""Sufficient statistics: the weight, the mean and the scatter of a sample, which is all a Gaussian likelihood sees.

They are centred, so data far from the origin lose no digits, and they merge exactly, so a stream needs one pass and
bounded memory: `functools.reduce(merge, map(statistics_of, chunks))` [Chan, Golub & LeVeque 1983].
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from gaussian.pytree import pytree
from matcalc.errors import DomainError, MatcalcError, ShapeError
from matcalc.factorisation import LEAF

CHUNK = 1_280_000  # bytes read at a time: the points and their deviations fit into a cache of a few MB


@pytree
@dataclass(frozen=True)
class SufficientStatistics:
    """n = Σ w_i, m = Σ w_i x_i / n, S = Σ w_i (x_i - m)(x_i - m)ᵀ, and how many points they come from."""

    weight: Float[Array, "*batch"]
    mean: Float[Array, "*batch d"]
    scatter: Float[Array, "*batch d d"]
    count: Float[Array, "*batch"]


def statistics_of(x: ArrayLike, weights: ArrayLike | None = None) -> SufficientStatistics:
    """The statistics of points in rows, (*batch, n, d), each counted with its weight, (*batch, n); all 1 if none given.

    ShapeError unless x is a matrix of at least one row (or a batch of them) with a weight for each; DomainError for
    NaN or infinite entries, or weights that are negative or sum to 0; under jit the statistics are NaN then.
    """
    x = jnp.asarray(x)
    x = x.astype(jnp.result_type(x, jnp.float32))
    if x.ndim < 2 or 0 in x.shape:
        raise ShapeError(f"x: expected points in rows, shape (..., n, d) with n, d > 0, got {x.shape}; check the data.")
    w = jnp.ones((), x.dtype) if weights is None else jnp.asarray(weights, x.dtype)
    if weights is not None and w.shape != x.shape[:-1]:
        raise ShapeError(f"weights: expected shape {x.shape[:-1]}, one for each row, got {w.shape}.")
    statistics, ok = _statistics(x) if weights is None else _weighted_statistics(x, w)
    if not isinstance(ok, jax.core.Tracer) and not bool(ok):
        _explain(np.asarray(x), np.asarray(w))
    return statistics


@jax.jit
def merge(a: SufficientStatistics, b: SufficientStatistics) -> SufficientStatistics:
    """The statistics of both samples together: associative, and with no cancellation whatever their means.

    ShapeError if the dimensions differ.
    """
    if a.mean.shape[-1] != b.mean.shape[-1]:
        raise ShapeError(f"two statistics: expected one dimension, got {a.mean.shape[-1]} and {b.mean.shape[-1]}.")
    weight = a.weight + b.weight
    share, step = b.weight / weight, b.mean - a.mean
    scatter = a.scatter + b.scatter + _scaled_square(a.weight * share, step)
    return SufficientStatistics(weight, a.mean + share[..., None] * step, scatter, a.count + b.count)


@jax.jit
def _statistics(x: Array) -> tuple[SufficientStatistics, Array]:
    n = jnp.full(x.shape[:-2], x.shape[-2], x.dtype)
    # centred on every 16th point: its mean is within √15 standard deviations of the mean, whatever the data, so the
    # correction below cancels little more than a digit at worst, and a pass over the data is saved
    centre = x[..., ::16, :].mean(-2)
    total, square = _sums(x, centre)
    shift = total / n[..., None]
    scatter = square - _scaled_square(n, shift)
    return _checked(SufficientStatistics(n, centre + shift, scatter, n), jnp.isfinite(scatter).all((-1, -2)))


def _sums(x: Array, centre: Array) -> tuple[Array, Array]:
    """Σ y and Σ yyᵀ for y = x - centre, in one pass, by chunks that stay in the cache."""

    def sums(chunk: Array) -> tuple[Array, Array]:
        y = chunk - centre[..., None, :]
        return y.sum(-2), _gram(y)

    def add(running: tuple[Array, Array], start: Array) -> tuple[tuple[Array, Array], None]:
        total, square = sums(lax.dynamic_slice_in_dim(x, start, rows, -2))
        return (running[0] + total, running[1] + square), None

    n, d = x.shape[-2:]
    rows = min(n, max(1, CHUNK // (d * x.dtype.itemsize)))
    whole = n // rows * rows
    return lax.scan(add, sums(x[..., whole:, :]), jnp.arange(0, whole, rows))[0]


def _gram(A: Float[Array, "*batch k d"]) -> Float[Array, "*batch d d"]:
    """AᵀA, by halves of the columns of A, so that what is known by symmetry is not multiplied out."""
    h = A.shape[-1] // 2
    if h <= LEAF:
        return A.mT @ A
    left, right = A[..., :h], A[..., h:]
    across = left.mT @ right
    return jnp.block([[_gram(left), across], [across.mT, _gram(right)]])


@jax.jit
def _weighted_statistics(x: Array, w: Array) -> tuple[SufficientStatistics, Array]:
    n = w.sum(-1)
    p = (w / n[..., None])[..., None]
    centre = (p * x).sum(-2)
    y = x - centre[..., None, :]
    shift = (p * y).sum(-2)  # the rounding error of the mean
    scatter = (w[..., None] * y).mT @ y - _scaled_square(n, shift)
    ok = (w >= 0).all(-1) & (n > 0) & jnp.isfinite(x).all((-1, -2))
    count = (w > 0).sum(-1).astype(x.dtype)
    return _checked(SufficientStatistics(n, centre + shift, scatter, count), ok)


def _scaled_square(n: Array, v: Array) -> Array:
    return n[..., None, None] * v[..., :, None] * v[..., None, :]


def _checked(statistics: SufficientStatistics, ok: Array) -> tuple[SufficientStatistics, Array]:
    def mark(leaf: Array) -> Array:
        return jnp.where(ok.reshape(ok.shape + (1,) * (leaf.ndim - ok.ndim)), leaf, jnp.nan)

    return jax.tree.map(mark, statistics), ok.all()


def _explain(x: np.ndarray, w: np.ndarray) -> None:
    bad = ~np.isfinite(x).all(-1)
    if bad.any():
        row = int(np.argwhere(bad)[0][-1])
        raise DomainError(
            f"x: {int(bad.sum())} of {bad.size} rows contain NaN or infinity, the first is row {row}; "
            "drop these rows, or impute them: missing values are not ignored silently."
        )
    if not (np.isfinite(w).all() and (w >= 0).all() and (w.sum(-1) > 0).all()):
        raise DomainError("weights: expected finite weights ≥ 0, not all 0; remove the points that have none.")
    raise MatcalcError("x: its scatter overflows; scale the data down, or use float64.")
