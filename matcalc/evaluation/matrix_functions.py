"""Square root, logarithm and adjugate of a matrix, and the Fréchet derivatives, for NumPy and for JAX.

They are iterations of products and inverses, hence analytic, with derivatives of every order, and none is lost at
repeated eigenvalues. Matrices are (..., n, n); the operations of a namespace come first, as in `kernels`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any

ADJUGATE_BY_TRACES = 8
SQRT_ITERATIONS, LOG_ROOTS, LOG_NODES = 16, 7, 8
NEAR = 1e-8  # of a quadratic iteration: the next step is beyond rounding, and the one after it in derivatives too


def adjugate(ops: Any, a: Array) -> Array:
    """adj A: Faddeev-LeVerrier up to 8 x 8, where A may be singular; det(A) A⁻¹ beyond, where it loses accuracy."""
    n = a.shape[-1]
    if n > ADJUGATE_BY_TRACES:
        factor = ops.factorise(a)
        return factor.determinant * factor.inverse
    i = ops.xp.eye(n, dtype=a.dtype)
    m = i + 0 * a
    for k in range(1, n):
        am = a @ m
        m = am - ops.xp.trace(am, axis1=-2, axis2=-1)[..., None, None] / k * i
    return m if n % 2 else -m


def sqrtm(ops: Any, a: Array) -> Array:
    """The principal square root; NaN where there is none (a negative or zero eigenvalue).

    The product form of the Denman-Beavers iteration, scaled by determinants (Higham 2008, eq. 6.29): M tends to I, X to
    the root, for every choice of the scale μ, which is therefore a constant to derivatives.
    """
    xp, i = ops.xp, ops.xp.eye(a.shape[-1], dtype=a.dtype)

    def newton(state: tuple[Array, Array]) -> tuple[Array, Array]:
        m, x = state
        factor = ops.factorise(m)
        scale = xp.exp(-ops.constant(factor.log_determinant) / (2 * a.shape[-1]))  # μ
        scale = xp.where(xp.isfinite(scale), scale, 1)
        inverse = factor.inverse / scale**2
        return (2 * i + scale**2 * m + inverse) / 4, scale * x @ (i + inverse) / 2

    def is_near(state: tuple[Array, Array]) -> bool:
        return not (_largest(xp, state[0] - i) > NEAR).any()  # what is NaN stays so

    m, x = ops.iterate(SQRT_ITERATIONS, newton, (a, a), is_near)
    square, goal = ops.constant(x @ x), ops.constant(a)  # of negative eigenvalues M may tend to I, and X to no root
    converged = _largest(xp, ops.constant(m - i)) < 1e-2
    return xp.where(converged & (_largest(xp, square - goal) <= 1e-2 * _largest(xp, goal)), x, xp.nan)


def _largest(xp: Any, a: Array) -> Array:
    return xp.max(xp.abs(a), axis=(-2, -1), keepdims=True, initial=0)


def logm(ops: Any, a: Array) -> Array:
    """The principal logarithm: square roots, then Gauss-Legendre quadrature of log(I + E) (Higham 2008, chapter 11).

    A is first scaled to determinant ±1, which adds a multiple of I to the logarithm.
    """
    xp, n = ops.xp, a.shape[-1]
    i = xp.eye(n, dtype=a.dtype)
    level = ops.constant(ops.factorise(a).log_determinant) / n
    level = xp.where(xp.isfinite(level), level, 0)
    root = ops.repeat(LOG_ROOTS, lambda r: sqrtm(ops, r), a * xp.exp(-level))
    e = root - i
    rule = np.polynomial.legendre.leggauss(LOG_NODES)
    at, weights = (v.reshape(-1, *e.ndim * (1,)).astype(level.dtype) for v in rule)
    terms = weights / 2 * (e @ ops.factorise(i + (at + 1) / 2 * e).inverse)
    return 2**LOG_ROOTS * xp.sum(terms, axis=0) + level * i


MATRIX_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "expm": lambda ops, a: ops.expm(a),
    "logm": logm,
    "sqrtm": sqrtm,
}


def frechet(name: str) -> Callable[..., Array]:
    """The Fréchet derivative of a matrix function, D^k f(X)[E_1, ..., E_k]."""
    return lambda ops, x, *along: ops.frechet(lambda a: MATRIX_FUNCTIONS[name](ops, a), x, list(along))
