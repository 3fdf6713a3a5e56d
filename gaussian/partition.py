"""Coordinates in two groups: which indices, the marginal of one group and the conditional of the other.

For x = (x_a, x_b) the formulas come in two dual pairs [PP2012, sec. 8.1]: a block of Σ is a marginal and its Schur
complement a conditional, a block of Λ is a conditional and its Schur complement a marginal. A Gaussian is served by the
pair that belongs to the matrix it is held by, so nothing is inverted but the block that the formula inverts.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int

from gaussian import arguments, domain
from gaussian.factor import CovarianceFactor, Factor, PrecisionFactor, as_valid
from gaussian.parameters import MeanCovariance, MeanPrecision
from gaussian.triangular import apply, solve_lower
from matcalc.errors import DomainError, MatcalcError, ShapeError
from matcalc.evaluation.factorisation import invert_lower

Indices = Int[np.ndarray, " k"]


def split(indices: Sequence[int], d: int) -> tuple[Indices, Indices]:
    """The indices, negative ones counted from the end, and the others in ascending order.

    MatcalcError if there are none, or one is repeated, out of range or not an integer.
    """
    try:
        array = np.atleast_1d(np.asarray(indices))
    except jax.errors.TracerArrayConversionError:
        raise MatcalcError(
            "indices: expected numbers, got an array whose entries are not known under jit; indices decide shapes, so "
            "make them an argument that is static."
        ) from None
    except ValueError:
        raise MatcalcError(f"indices: expected integers, got {indices!r}; pass one list of them.") from None
    if array.size == 0:
        raise MatcalcError("indices: expected at least one coordinate, got none; name the coordinates meant.")
    if not np.issubdtype(array.dtype, np.integer):
        raise MatcalcError(f"indices: expected integers, got {indices!r}; for a mask pass its numpy.flatnonzero.")
    chosen = array.ravel().tolist()
    outside = [i for i in chosen if not -d <= i < d]
    if outside:
        raise MatcalcError(f"indices: {outside[0]} is out of range for {d} coordinates; use 0 to {d - 1}.")
    chosen = [i % d for i in chosen]
    repeated = {i for i in chosen if chosen.count(i) > 1}
    if repeated:
        raise MatcalcError(f"indices: expected each coordinate once, but {sorted(repeated)} is repeated.")
    return np.array(chosen), np.setdiff1d(np.arange(d), chosen)


def marginal(mean: Array, factor: Factor, kept: Indices, rest: Indices) -> tuple[Array, Factor]:
    """Mean and factor of the coordinates `kept`: N(μ_a, Σ_aa), or of precision Λ_aa - Λ_ab Λ_bb⁻¹ Λ_ba."""
    if isinstance(factor, CovarianceFactor):
        return MeanCovariance(*_block(mean, factor.covariance, kept)).factored()
    return MeanPrecision(mean[..., kept], _schur(factor.precision, kept, rest)).factored()


def condition(
    mean: Array, factor: Factor, given: Indices, free: Indices, values: Float[Array, "*points k"]
) -> tuple[Array, Factor]:
    """Mean and factor of the coordinates `free`, given the others: see `Gaussian.condition`."""
    if len(free) == 0:
        raise MatcalcError("indices: all coordinates are given, so nothing is left to have a distribution; leave one.")
    if values.shape[-1:] != given.shape:
        raise ShapeError(f"values: expected shape (..., {len(given)}), a value for each index, got {values.shape}.")
    arguments.require_one_batch("values, mean", values.shape[:-1], mean.shape[:-1])
    if not isinstance(values, jax.core.Tracer) and not np.isfinite(values).all():
        raise DomainError("values: expected finite values to condition on, got NaN or infinity; leave those out.")
    if isinstance(factor, CovarianceFactor):
        S = factor.covariance if factor.known is None else factor.known
        shifted, L, ok = _condition_covariance(mean, S, given, free, values)
        conditional: Factor = CovarianceFactor(L)
    else:
        P = factor.precision if factor.known is None else factor.known
        shifted, W, ok = _condition_precision(mean, P, factor.whitener, given, free, values)
        conditional = PrecisionFactor(W)
    if domain.is_known_false(ok):
        raise DomainError(
            f"condition: given coordinates {given.tolist()} the others have no density to working precision; "
            "the covariance is next to singular: use float64, or drop the dependent coordinates."
        )
    return shifted, conditional


@jax.jit
def _block(mean: Array, A: Array, a: Indices) -> tuple[Array, Array]:
    return mean[..., a], A[..., a[:, None], a]


@jax.jit
def _schur(A: Array, a: Indices, b: Indices) -> Array:
    """A_aa - A_ab A_bb⁻¹ A_ba."""
    T = invert_lower(jnp.linalg.cholesky(A[..., b[:, None], b])) @ A[..., b[:, None], a]
    return A[..., a[:, None], a] - T.mT @ T


@jax.jit
def _condition_covariance(mean: Array, S: Array, b: Indices, a: Indices, values: Array) -> tuple[Array, Array, Array]:
    """The factor of Σ, b before a, is [[M, 0], [K, L]] with Σ_bb = MMᵀ, Σ_ab = KMᵀ and LLᵀ the covariance sought.

    It says itself whether Σ is admissible, so under jit the factor in the order given is never computed.
    """
    k = len(b)
    joint = domain.factor_in_order(S, jnp.concatenate([b, a]))
    M, K, L = joint[..., :k, :k], joint[..., k:, :k], joint[..., k:, k:]
    return _where_finite(mean[..., a] + apply(K, solve_lower(M, values - mean[..., b])), L)


@jax.jit
def _condition_precision(
    mean: Array, P: Array, held: Array, b: Indices, a: Indices, values: Array
) -> tuple[Array, Array, Array]:
    P, order = as_valid(P, held), a[::-1]
    pull = apply(P[..., a[:, None], b], values - mean[..., b])
    W = jnp.linalg.cholesky(P[..., order[:, None], order], symmetrize_input=False)[..., ::-1, ::-1].mT
    L = invert_lower(W)
    return _where_finite(mean[..., a] - apply(L, apply(L.mT, pull)), W)


def _where_finite(mean: Array, factor: Array) -> tuple[Array, Array, Array]:
    """Both, of one dtype, with NaN for a factor whose mean is not finite, one factor for each mean; if all are."""
    finite = jnp.isfinite(mean).all(-1)
    return mean, factor.astype(mean.dtype) + domain.nan_unless(finite)[..., None, None], finite.all()
