"""Exact integrals by tensor Gauss-Hermite quadrature: what the note writes with ∫, computed as an integral.

With m nodes an axis, ∫ p(z) exp(-½ zᵀz) dz is exact, up to rounding, for polynomials p of degree below 2m in each z_i
[Golub & Welsch 1969]. The nodes number mᴰ: this is a reference to check closed forms with, in a few dimensions.
"""

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from gaussian.arguments import as_integer
from gaussian.distribution import Gaussian, require_one
from matcalc.errors import MatcalcError

MOST_NODES = 2_000_000


def integral(f: Callable[[Float[Array, " d"]], Array], g: Gaussian, nodes: int = 6) -> Array:
    """∫ f(x) dx over ℝᴰ; exact if f is a polynomial of degree below 2 nodes times exp(-½ (x-μ)ᵀΣ⁻¹(x-μ)).

    f takes one point and returns an array of any shape, as the note writes its integrand, exponential included; `g`
    says where f lives. ShapeError for a batch of Gaussians, MatcalcError for more than 2·10⁶ nodes in all.
    """
    z, weights = _rule(g, nodes)
    scale = jnp.exp(g.factor.log_det / 2)  # dx = det L dz [N8]
    return scale * _sum(f, g, z, weights * np.exp((z * z).sum(-1) / 2))


def expectation(f: Callable[[Float[Array, " d"]], Array], g: Gaussian, nodes: int = 6) -> Array:
    """E[f(x)] for x ~ g; exact if f is a polynomial of degree below 2 nodes in each coordinate. Errors as above."""
    z, weights = _rule(g, nodes)
    return _sum(f, g, z, weights / weights.sum())


def _sum(f: Callable[[Array], Array], g: Gaussian, z: np.ndarray, weights: np.ndarray) -> Array:
    values = jax.vmap(f)(g.unwhiten(jnp.asarray(z, g.mean.dtype)))
    return jnp.tensordot(jnp.asarray(weights, g.mean.dtype), values, 1)


def _rule(g: Gaussian, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    require_one(g, "quadrature")
    return rule(g.dimension, as_integer(nodes, "nodes", 1))


@lru_cache(maxsize=16)
def rule(d: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """The nodes z, (mᴰ, d), and weights, (mᴰ,), of ∫ p(z) exp(-½ zᵀz) dz; MatcalcError for more than 2·10⁶ nodes."""
    if nodes**d > MOST_NODES:
        raise MatcalcError(
            f"quadrature: {nodes} nodes along each of {d} axes are {nodes**d} in all; expected at most {MOST_NODES}; "
            "use fewer, or sample."
        )
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    grid = np.stack(np.meshgrid(*[z] * d, indexing="ij"), -1).reshape(-1, d)
    return grid, np.prod(np.meshgrid(*[w] * d, indexing="ij"), axis=0).reshape(-1)
