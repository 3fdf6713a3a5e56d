"""Fisher information in each parametrisation, as a linear map on tangents, and densified on request.

In the natural parameters it is the Hessian of the log normaliser; in any other it is that, pulled back. The closed
forms below act on a tangent, an object of the parametrisation itself, at the cost of a few matrix products.
"""

from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian.arguments import refusal, require
from gaussian.distribution import Gaussian, require_one
from gaussian.parameters import (
    PARAMETRISATIONS,
    MeanCholesky,
    MeanCovariance,
    MeanPrecision,
    Natural,
    Parameters,
    require_parametrisation,
)
from gaussian.triangular import apply, lower


def fisher_product(g: Gaussian, tangent: Parameters) -> Any:
    """F v, with vᵀF v the second-order term of 2 KL: KL[θ ‖ θ + v] = ½ ⟨v, F v⟩ + O(|v|³), in the Frobenius pairing.

    For v = (dμ, dΣ): (Λdμ, ½ΛdΣΛ); (dμ, dΛ): (Λdμ, ½ΣdΛΣ); (dμ, dL): (Λdμ, tril(Wᵀ(M + Mᵀ))), M = W dL; and for
    (dη₁, dη₂): (δ, 2Σdη₂Σ + δμᵀ + μδᵀ), δ = Σ(dη₁ + 2dη₂μ). The matrices of v lie in their structure: symmetric, or
    lower triangular. ArgumentError for anything but parameters [PP2012, sec. 8.4; MN2019, ch. 15].
    """
    require(g, "fisher_product", Gaussian)
    return _product(tangent, g)


@singledispatch
def _product(tangent: Any, g: Gaussian) -> Any:
    raise refusal(tangent, "tangent", *PARAMETRISATIONS)


@_product.register
def _(tangent: MeanCovariance, g: Gaussian) -> MeanCovariance:
    P = g.precision
    return MeanCovariance(apply(P, tangent.mean), P @ tangent.covariance @ P / 2)


@_product.register
def _(tangent: MeanPrecision, g: Gaussian) -> MeanPrecision:
    S = g.covariance
    return MeanPrecision(apply(g.precision, tangent.mean), S @ tangent.precision @ S / 2)


@_product.register
def _(tangent: MeanCholesky, g: Gaussian) -> MeanCholesky:
    W = lower(g.factor.whitener)
    M = W @ tangent.cholesky
    return MeanCholesky(apply(W.mT, apply(W, tangent.mean)), jnp.tril(W.mT @ (M + M.mT)))


@_product.register
def _(tangent: Natural, g: Gaussian) -> Natural:
    S, mu = g.covariance, g.mean
    step = apply(S, tangent.eta1 + 2 * apply(tangent.eta2, mu))
    cross = step[..., :, None] * mu[..., None, :]
    return Natural(step, 2 * S @ tangent.eta2 @ S + cross + cross.mT)


def fisher_information(g: Gaussian, parametrisation: type[Any] = MeanCovariance) -> Float[Array, "k k"]:
    """The Fisher information matrix of one Gaussian in the free entries (vector, vech), k = d + d (d + 1) / 2.

    In (μ, vech Σ) it is diag(Λ, ½ Dᵀ(Λ⊗Λ)D), D the duplication matrix. Dense: for small d, else `fisher_product`.
    ShapeError for a batch; use `jax.vmap` there [MN2019, ch. 15].
    """
    require_one(g, "fisher_information")
    require_parametrisation(parametrisation)
    d, structure = g.dimension, parametrisation.structure

    def column(direction: Array) -> Array:
        tangent = parametrisation(direction[:d], structure.fill(direction[d:], d))
        vector, matrix = jax.tree.leaves(fisher_product(g, tangent))
        return jnp.concatenate([vector, structure.free(structure.entrywise(matrix))])

    return jax.vmap(column)(jnp.eye(d + structure.free_count(d), dtype=g.mean.dtype))
