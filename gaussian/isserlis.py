"""Moments of any order, and expectations of products of affine forms: Isserlis' theorem.

A product of jointly Gaussian variables has as its expectation the sum, over all ways to pair some of the factors and
leave the others alone, of the covariances of the pairs times the means of those left [Isserlis 1918; PP2012, sec. 8.2].
"""

from collections.abc import Iterator, Sequence

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from gaussian.arguments import as_integer
from gaussian.distribution import Gaussian, require_one
from matcalc.errors import MatcalcError, ShapeError

Form = tuple[Float[Array, "k d"], Float[Array, " k"]]


def raw_moment(g: Gaussian, order: int) -> Float[Array, "*d"]:
    """E[x ⊗ … ⊗ x], an array with `order` axes; ArgumentError unless order ≥ 0, ShapeError for a batch (use vmap)."""
    require_one(g, "raw_moment")
    return _moment(g.mean, g.covariance, order)


def central_moment(g: Gaussian, order: int) -> Float[Array, "*d"]:
    """E[(x-μ) ⊗ … ⊗ (x-μ)], 0 for an odd order; errors as for `raw_moment`."""
    require_one(g, "central_moment")
    return _moment(jnp.zeros_like(g.mean), g.covariance, order)


def _moment(mu: Array, S: Array, order: int) -> Array:
    """The first factor is left alone, or paired with each of the others: M_k = μ ⊗ M_(k-1) + Σ_j Σ_(1j) ⊗ M_(k-2)."""
    before, moment = jnp.zeros((), mu.dtype), jnp.ones((), mu.dtype)
    for k in range(1, as_integer(order, "order", 0) + 1):
        pair = jnp.tensordot(S, before, 0) if k > 1 else jnp.zeros_like(mu)
        paired = sum((jnp.moveaxis(pair, 1, j) for j in range(1, k)), start=jnp.zeros_like(pair))
        before, moment = moment, jnp.tensordot(mu, moment, 0) + paired
    return moment


def expected_product(g: Gaussian, subscripts: str, *forms: Form) -> Array:
    """E of a product of affine forms u = A x + a, one subscript each, contracted as `einsum` would.

    E[u] is "i->i", E[uᵀv] "i,i->", E[u vᵀ] "i,j->ij", E[u vᵀw] "i,j,j->i", E[uᵀv wᵀs] "i,i,j,j->". So E[xᵀAx] is
    `expected_product(g, "i,i->", (I, 0), (A, 0))`. Each form is a pair (A, a) of shapes (k, d) and (k,), or a = 0.
    MatcalcError unless there is one letter for each form, ShapeError for a form or batch that does not fit
    [PP2012, sec. 8.2.2-8.2.4].
    """
    require_one(g, "expected_product")
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    letters = inputs.split(",")
    if not arrow or len(letters) != len(forms) or any(len(letter) != 1 for letter in letters):
        raise MatcalcError(
            f"subscripts: expected one letter for each of {len(forms)} forms and an arrow, got {subscripts!r}; "
            'write E[u vᵀw] as "i,j,j->i".'
        )
    matrices = [jnp.asarray(A) for A, _ in forms]
    for number, A in enumerate(matrices):
        if A.ndim != 2 or A.shape[1] != g.dimension:
            raise ShapeError(f"form {number}: expected a matrix of shape (k, {g.dimension}), got {A.shape}.")
    S = g.covariance
    means = [A @ g.mean + a for A, (_, a) in zip(matrices, forms, strict=True)]
    total = jnp.zeros((), g.mean.dtype)
    for pairs, alone in _matchings(range(len(forms))):
        terms = [*(letters[i] + letters[j] for i, j in pairs), *(letters[i] for i in alone)]
        factors = [*(matrices[i] @ S @ matrices[j].T for i, j in pairs), *(means[i] for i in alone)]
        total = total + jnp.einsum(",".join(terms) + "->" + output, *factors)
    return total


def _matchings(items: Sequence[int]) -> Iterator[tuple[list[tuple[int, int]], list[int]]]:
    """Every way to pair some of the items and leave the others alone."""
    if not items:
        yield [], []
        return
    first, rest = items[0], items[1:]
    for pairs, alone in _matchings(rest):
        yield pairs, [first, *alone]
    for k, partner in enumerate(rest):
        for pairs, alone in _matchings([*rest[:k], *rest[k + 1 :]]):
            yield [(first, partner), *pairs], alone
