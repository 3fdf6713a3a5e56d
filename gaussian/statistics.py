"""Sufficient statistics: the weight, the mean and the scatter of a sample, which is all a Gaussian likelihood sees.

They are centred, so data far from the origin lose no digits, and they merge exactly, so a stream needs one pass and
bounded memory: `functools.reduce(merge, map(statistics_of, chunks))` [Chan, Golub & LeVeque 1983].
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from gaussian.arguments import on_one_space
from gaussian.domain import as_real
from gaussian.pytree import pytree
from matcalc.errors import DomainError, MatcalcError, ShapeError
from matcalc.evaluation.factorisation import LEAF

CHUNK = 2_560_000  # bytes read at a time, at most: the points and their deviations fit into a cache of a few MB
ROWS = 16_384  # at most: of a thin chunk the products are summed one after the other, which loses digits in float32


@pytree
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
    x = as_real(x, "x")
    x = x.astype(jnp.result_type(x, jnp.float32))
    if x.ndim < 2 or 0 in x.shape[-2:]:
        raise ShapeError(
            f"x: expected points in rows, shape (..., n, d) with n, d > 0, got {x.shape}; "
            "of numbers, points of one coordinate, make a column: x.reshape(-1, 1)."
        )
    w = jnp.ones((), x.dtype) if weights is None else as_real(weights, "weights").astype(x.dtype)
    if weights is not None and w.shape != x.shape[:-1]:
        raise ShapeError(f"weights: expected shape {x.shape[:-1]}, one for each row, got {w.shape}.")
    statistics, ok = _statistics(x) if weights is None else _weighted_statistics(x, w)
    if not isinstance(ok, jax.core.Tracer) and not bool(ok):
        _explain(np.asarray(x), np.asarray(w))
    return statistics


@on_one_space(SufficientStatistics)
def merge(a: SufficientStatistics, b: SufficientStatistics) -> SufficientStatistics:
    """The statistics of both samples together: associative, and with no cancellation whatever their means.

    ShapeError if the dimensions differ.
    """
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
    total, square = _by_chunks(lambda chunk: _sums(chunk - centre[..., None, :]), x)
    statistics = _centred(n, centre, total, square, n)
    return _checked(statistics, jnp.isfinite(statistics.scatter).all((-1, -2)))


@jax.jit
def _weighted_statistics(x: Array, w: Array) -> tuple[SufficientStatistics, Array]:
    n = w.sum(-1)
    centre = _by_chunks(lambda x, p: (p * x).sum(-2), x, (w / n[..., None])[..., None])
    total, square = _by_chunks(lambda x, w: _weighted_sums(x - centre[..., None, :], w), x, w[..., None])
    statistics = _centred(n, centre, total, square, (w > 0).sum(-1).astype(x.dtype))
    ok = (w >= 0).all(-1) & (n > 0) & jnp.isfinite(n) & jnp.isfinite(statistics.scatter).all((-1, -2))
    return _checked(statistics, ok)


def _centred(n: Array, centre: Array, total: Array, square: Array, count: Array) -> SufficientStatistics:
    """The statistics from Σ w y and Σ w yyᵀ of deviations y from a centre near the mean."""
    shift = total / n[..., None]
    return SufficientStatistics(n, centre + shift, square - _scaled_square(n, shift), count)


def _sums(y: Array) -> tuple[Array, Array]:
    return y.sum(-2), _gram(y, y)


def _weighted_sums(y: Array, w: Array) -> tuple[Array, Array]:
    weighted = w * y
    return weighted.sum(-2), _gram(y, weighted)  # with √w on both sides the derivative by a weight of 0 would be NaN


def _by_chunks(f: Callable[..., Any], *data: Array) -> Any:
    """The sum of f over the rows of data in one pass, by equal chunks that stay in the cache, and what they leave."""
    n, d = data[0].shape[-2:]
    most = min(ROWS, max(1, CHUNK // (d * data[0].dtype.itemsize)))
    rows = n // math.ceil(n / most)
    whole = n // rows * rows

    def add(running: Any, start: Array) -> tuple[Any, None]:
        here = f(*(lax.dynamic_slice_in_dim(a, start, rows, -2) for a in data))
        return jax.tree.map(jnp.add, running, here), None

    return lax.scan(add, f(*(a[..., whole:, :] for a in data)), jnp.arange(0, whole, rows))[0]


def _gram(A: Float[Array, "*batch k d"], B: Float[Array, "*batch k d"]) -> Float[Array, "*batch d d"]:
    """A symmetric AᵀB, to the last digit; by halves of the columns, so that one triangle is not multiplied out."""
    h = A.shape[-1] // 2
    if h <= LEAF:
        product = A.mT @ B
        return (product + product.mT) / 2
    across = A[..., :h].mT @ B[..., h:]
    return jnp.block([[_gram(A[..., :h], B[..., :h]), across], [across.mT, _gram(A[..., h:], B[..., h:])]])


def _scaled_square(n: Array, v: Array) -> Array:
    """n v vᵀ, symmetric to the last digit, as the scatter it is taken from: n v_i first would round otherwise."""
    return n[..., None, None] * (v[..., :, None] * v[..., None, :])


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
        raise DomainError(
            f"weights: expected finite weights ≥ 0, not all 0; they reach from {w.min():.6g} to {w.max():.6g}; "
            "remove the points that have none."
        )
    raise MatcalcError("x: its scatter overflows; scale the data down, or use float64.")
