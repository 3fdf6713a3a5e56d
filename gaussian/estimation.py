"""Maximum likelihood, from points or from their sufficient statistics, with shrinkage where points are few."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from gaussian.arguments import on_one_space, require_one_batch
from gaussian.distribution import Gaussian
from gaussian.domain import as_real
from gaussian.statistics import SufficientStatistics, statistics_of
from matcalc.errors import DomainError


def fit(
    data: ArrayLike | SufficientStatistics, weights: ArrayLike | None = None, shrinkage: ArrayLike = 0.0
) -> Gaussian:
    """The most likely Gaussian: μ = m and Σ = (1 - α) S/n + α tr(S/n)/d I, with α the shrinkage, 0 for none.

    Data are points in rows, (*batch, n, d), with optional weights, (*batch, n), or `SufficientStatistics`, as merged
    from a stream. Σ is the maximum likelihood estimate: it divides by n, not n - 1. DomainError if there are too few
    points for a definite covariance and nothing is shrunk, or α is not in [0, 1], or as in `statistics_of`; NaN in its
    place under jit. MatcalcError for weights beside statistics, which have theirs.
    """
    if not isinstance(data, SufficientStatistics):
        statistics = statistics_of(data, weights)
    elif weights is None:
        statistics = data
    else:
        raise DomainError("weights: sufficient statistics are weighted already; pass weights to `statistics_of`.")
    alpha = as_real(shrinkage, "shrinkage").astype(statistics.mean.dtype)
    require_one_batch("shrinkage, data", alpha.shape, statistics.mean.shape[:-1])
    _require_shrinkage(alpha)
    _require_points(statistics, alpha)
    covariance = _shrunk(statistics, alpha)
    try:
        return Gaussian.from_covariance(statistics.mean, covariance)
    except DomainError:
        _require_spread(np.asarray(covariance))
        raise


@on_one_space(SufficientStatistics)
def oracle_shrinkage(statistics: SufficientStatistics) -> Float[Array, "*batch"]:
    """The shrinkage α for which `fit` is nearest to Σ in mean square, as the sample itself estimates it.

    α = min(1, ((1 - 2/d) tr(C²) + tr(C)²) / ((n + 1 - 2/d) (tr(C²) - tr(C)²/d))) with C = S/n
    [Chen, Wiesel, Eldar & Hero 2010, eq. 23].
    """
    C, n, d = statistics.scatter / statistics.weight[..., None, None], statistics.count, statistics.mean.shape[-1]
    scale = jnp.trace(C, axis1=-2, axis2=-1)[..., None, None]
    C = C / jnp.where(scale > 0, scale, 1)  # no square over- or underflows, and the quotient below has no unit
    square, trace = (C * C).sum((-1, -2)), jnp.trace(C, axis1=-2, axis2=-1)
    spread = (n + 1 - 2 / d) * (square - trace**2 / d)
    weight = (1 - 2 / d) * square + trace**2
    return jnp.where(weight < spread, weight / jnp.where(spread > 0, spread, 1), 1.0) + 0 * trace  # NaN for NaN


@jax.jit
def _shrunk(statistics: SufficientStatistics, alpha: Array) -> Array:
    C, d = statistics.scatter / statistics.weight[..., None, None], statistics.mean.shape[-1]
    scale = jnp.trace(C, axis1=-2, axis2=-1) / d
    alpha = jnp.where((alpha >= 0) & (alpha <= 1), alpha, jnp.nan)
    return (1 - alpha)[..., None, None] * C + (alpha * scale)[..., None, None] * jnp.eye(d, dtype=C.dtype)


def _require_shrinkage(alpha: Array) -> None:
    if not isinstance(alpha, jax.core.Tracer) and not ((alpha >= 0) & (alpha <= 1)).all():
        raise DomainError(f"shrinkage: expected a number from 0 (none) to 1 (a multiple of I), got {alpha}.")


def _require_points(statistics: SufficientStatistics, alpha: Array) -> None:
    count, d = statistics.count, statistics.mean.shape[-1]
    if isinstance(count, jax.core.Tracer) or isinstance(alpha, jax.core.Tracer):
        return
    if ((np.asarray(count) <= d) & (np.asarray(alpha) == 0)).any():
        raise DomainError(
            f"data: in dimension {d} a regular covariance needs at least {d + 1} points, got {int(np.min(count))}; "
            "from 2 points on pass shrinkage instead, for example `oracle_shrinkage(statistics_of(x))`."
        )


def _require_spread(covariance: np.ndarray) -> None:
    variances = np.diagonal(covariance, axis1=-2, axis2=-1).reshape(-1, covariance.shape[-1]).min(0)
    constant = np.flatnonzero(variances < np.finfo(covariance.dtype).tiny)
    if len(constant):
        raise DomainError(
            f"data: expected points that differ, but in coordinates {constant.tolist()} their variance is 0 in "
            f"{covariance.dtype}; drop these, or where they do differ change their unit, or use a wider dtype."
        )
