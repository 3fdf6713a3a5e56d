"""The functions of the language on arrays, for NumPy and for JAX alike.

Every array is (..., rows, columns), scalars 1 x 1, vectors n x 1. The NumPy versions are analytic: they take a complex
step, x + ih, for which the derivative is the imaginary part over h, so nothing here conjugates or takes a modulus.
"""

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any

import numpy as np

Array = Any


def _matrix_transpose(a: Array) -> Array:
    return a.mT


class NumPy:
    """The operations as NumPy does them, for real arrays and for a complex step."""

    xp: Any = np

    def asarray(self, value: Any, dtype: Any) -> Array:
        return np.asarray(value, dtype)

    def inverse(self, a: Array) -> Array:
        return np.linalg.inv(a)

    def determinant(self, a: Array) -> Array:
        return np.linalg.det(a)[..., None, None]

    def log_determinant(self, a: Array) -> Array:
        """log |det|; a negative determinant is turned first, so that the imaginary part stays small."""
        d = self.determinant(a)
        return np.log(d * np.sign(d.real))

    def cholesky(self, a: Array) -> Array:
        """Column by column and without conjugates; NaN where the matrix is not positive definite."""
        n = a.shape[-1]
        lower = np.zeros_like(a)
        for j in range(n):
            pivot = a[..., j, j] - np.sum(lower[..., j, :j] ** 2, -1)
            lower[..., j, j] = np.sqrt(np.where(pivot.real > 0, pivot, np.nan))
            for i in range(j + 1, n):
                rest = a[..., i, j] - np.sum(lower[..., i, :j] * lower[..., j, :j], -1)
                lower[..., i, j] = rest / lower[..., j, j]
        return lower

    def expm(self, a: Array) -> Array:
        """Scaling, the [13/13] Padé approximant, squaring (Higham 2005)."""
        norm = float(np.max(np.sum(np.abs(a.real), -2), initial=0.0))
        s = max(0, int(np.ceil(np.log2(norm / 4)))) if norm > 4 and np.isfinite(norm) else 0
        if s > 30:
            return np.full_like(a, np.nan)
        a = a / 2**s
        b = [64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
             10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1]  # fmt: skip
        i = np.eye(a.shape[-1], dtype=a.dtype)
        a2 = a @ a
        a4, a6 = a2 @ a2, a2 @ a2 @ a2
        u = a @ (a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * i)
        v = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * i
        result = np.linalg.solve(v - u, v + u)
        return reduce(lambda r, _: r @ r, range(s), result)

    def repeat(self, count: int, step: Callable[[Any], Any], start: Any) -> Any:
        return reduce(lambda state, _: step(state), range(count), start)

    def frechet(self, f: Callable[[Array], Array], x: Array, directions: list[Array]) -> Array:
        """D^k f(X)[E_1, ..., E_k] as the corner block of f at a block triangular matrix (Mathias 1996)."""
        n = x.shape[-1]
        x, *directions = np.broadcast_arrays(x, *directions)
        while directions:
            e, *rest = directions
            x = _block(x, e, np.zeros_like(x))
            directions = [_block(r, np.zeros_like(r), np.zeros_like(r)) for r in rest]
        return f(x)[..., :n, -n:]


def _block(a: Array, b: Array, zero: Array) -> Array:
    return np.concatenate([np.concatenate([a, b], -1), np.concatenate([zero, a], -1)], -2)


class Jax:
    """The operations as JAX does them, jit-, vmap- and grad-compatible."""

    def __init__(self) -> None:
        import jax.numpy as jnp

        self.xp: Any = jnp

    def asarray(self, value: Any, dtype: Any) -> Array:
        return self.xp.asarray(value, dtype)

    def inverse(self, a: Array) -> Array:
        return self.xp.linalg.inv(a)

    def determinant(self, a: Array) -> Array:
        return self.xp.linalg.det(a)[..., None, None]

    def log_determinant(self, a: Array) -> Array:
        return self.xp.linalg.slogdet(a)[1][..., None, None]

    def cholesky(self, a: Array) -> Array:
        return self.xp.linalg.cholesky(a)

    def expm(self, a: Array) -> Array:
        import jax.scipy.linalg

        return jax.scipy.linalg.expm(a, max_squarings=48)

    def repeat(self, count: int, step: Callable[[Any], Any], start: Any) -> Any:
        from jax import lax

        return lax.fori_loop(0, count, lambda _, state: step(state), start)

    def frechet(self, f: Callable[[Array], Array], x: Array, directions: list[Array]) -> Array:
        import jax

        for e in directions:
            f = _along(jax.jvp, f, e)
        return f(x)


def _along(jvp: Any, f: Callable[[Array], Array], e: Array) -> Callable[[Array], Array]:
    return lambda x: jvp(f, (x,), (e,))[1]


# --- functions written once for both ---------------------------------------------------------------------------------


def diagonal(ops: Any, a: Array) -> Array:
    """A vector into a matrix, or the diagonal of a matrix as a vector."""
    if a.shape[-1] == 1:
        return a * ops.xp.eye(a.shape[-2], dtype=a.dtype)
    return ops.xp.diagonal(a, axis1=-2, axis2=-1)[..., None]


def trace(ops: Any, a: Array) -> Array:
    return ops.xp.trace(a, axis1=-2, axis2=-1)[..., None, None]


def total(ops: Any, a: Array) -> Array:
    return ops.xp.sum(a, axis=(-2, -1), keepdims=True)


def norm2(ops: Any, a: Array) -> Array:
    """sqrt(sum a²); its derivative at 0 is 0 by convention, not NaN."""
    squares = total(ops, a * a)
    zero = squares == 0
    return ops.xp.where(zero, 0, ops.xp.sqrt(ops.xp.where(zero, 1, squares)))


def _sign(ops: Any, a: Array) -> Array:
    return ops.xp.sign(a.real).astype(a.dtype)


def absolute(ops: Any, a: Array) -> Array:
    return a * _sign(ops, a)


def step(ops: Any, a: Array) -> Array:
    return (a.real > 0).astype(a.dtype)


def relu(ops: Any, a: Array) -> Array:
    return ops.xp.where(a.real > 0, a, 0)


def sigmoid(ops: Any, a: Array) -> Array:
    return 1 / (1 + ops.xp.exp(-a))


def logsumexp(ops: Any, a: Array) -> Array:
    top = ops.xp.max(a.real, axis=-2, keepdims=True)
    return top + ops.xp.log(ops.xp.sum(ops.xp.exp(a - top), axis=-2, keepdims=True))


def softmax(ops: Any, a: Array) -> Array:
    weights = ops.xp.exp(a - ops.xp.max(a.real, axis=-2, keepdims=True))
    return weights / ops.xp.sum(weights, axis=-2, keepdims=True)


def vec(ops: Any, a: Array) -> Array:
    """Columns stacked."""
    return a.mT.reshape(*a.shape[:-2], a.shape[-2] * a.shape[-1], 1)


def unvec(ops: Any, a: Array, rows: int, columns: int) -> Array:
    return a.reshape(*a.shape[:-2], columns, rows).mT


def kron(ops: Any, a: Array, b: Array) -> Array:
    product = a[..., :, None, :, None] * b[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], a.shape[-2] * b.shape[-2], a.shape[-1] * b.shape[-1])


def blocktrace(ops: Any, a: Array, count: int) -> Array:
    """The sum of the `count` diagonal blocks."""
    rows, columns = a.shape[-2] // count, a.shape[-1] // count
    blocks = a.reshape(*a.shape[:-2], count, rows, count, columns)
    return ops.xp.einsum("...iaib->...ab", blocks)


def commutation(ops: Any, rows: int, columns: int, dtype: Any) -> Array:
    """K with K vec(A) = vec(A') for A rows x columns."""
    order = np.arange(rows * columns).reshape(columns, rows).T.reshape(-1)
    return ops.xp.eye(rows * columns, dtype=dtype)[order]


def _offsets(n: int) -> np.ndarray:
    return np.arange(n)[:, None] - np.arange(n) + n - 1


def _diagonal_sums(ops: Any, a: Array) -> Array:
    n = a.shape[-1]
    onto = (_offsets(n).reshape(-1, 1) == np.arange(2 * n - 1)).astype(float)
    return a.reshape(*a.shape[:-2], n * n) @ ops.asarray(onto, a.dtype)


def toeplitz(ops: Any, a: Array) -> Array:
    """Each diagonal replaced by its sum."""
    return _diagonal_sums(ops, a)[..., _offsets(a.shape[-1])]


def toeplitz_mean(ops: Any, a: Array) -> Array:
    """Each diagonal replaced by its mean."""
    n = a.shape[-1]
    counts = ops.asarray(n - np.abs(np.arange(2 * n - 1) - n + 1), a.dtype)
    return (_diagonal_sums(ops, a) / counts)[..., _offsets(n)]


def adjugate(ops: Any, a: Array) -> Array:
    """Faddeev-LeVerrier up to 8 x 8, where it is accurate and needs no inverse; det(A) A^-1 beyond."""
    n = a.shape[-1]
    if n > 8:
        return ops.determinant(a) * ops.inverse(a)
    i = ops.xp.eye(n, dtype=a.dtype)
    m = i + 0 * a
    for k in range(1, n):
        am = a @ m
        m = am - trace(ops, am) / k * i
    return m if n % 2 else -m


SQRT_ITERATIONS, LOG_ROOTS = 12, 7


def sqrtm(ops: Any, a: Array) -> Array:
    """The principal square root, by the product form of the Denman-Beavers iteration (Cheng et al. 2001)."""
    i = ops.xp.eye(a.shape[-1], dtype=a.dtype)

    def newton(state: tuple[Array, Array]) -> tuple[Array, Array]:
        m, x = state
        inverse = ops.inverse(m)
        return (2 * i + m + inverse) / 4, x @ (i + inverse) / 2

    return ops.repeat(SQRT_ITERATIONS, newton, (a, a))[1]


def logm(ops: Any, a: Array) -> Array:
    """The principal logarithm: square roots, then Gauss-Legendre quadrature of log(I + E) (Higham 2008, chapter 11)."""
    i = ops.xp.eye(a.shape[-1], dtype=a.dtype)
    root = ops.repeat(LOG_ROOTS, lambda r: sqrtm(ops, r), a)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    e = root - i
    terms = [w / 2 * e @ ops.inverse(i + (x + 1) / 2 * e) for x, w in zip(nodes.tolist(), weights.tolist(), strict=True)]
    return 2**LOG_ROOTS * sum(terms[1:], terms[0])


def _matrix_function(name: str) -> Callable[..., Array]:
    return {"expm": lambda ops: ops.expm, "sqrtm": lambda ops: lambda a: sqrtm(ops, a),
            "logm": lambda ops: lambda a: logm(ops, a)}[name]  # fmt: skip


def frechet(name: str) -> Callable[..., Array]:
    """The Fréchet derivative of a matrix function, of any order."""
    return lambda ops, x, *along: ops.frechet(_matrix_function(name)(ops), x, list(along))


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "tr": trace,
    "sum": total,
    "norm2": norm2,
    "norm1": lambda ops, a: total(ops, absolute(ops, a)),
    "diag": diagonal,
    "vec": vec,
    "unvec": unvec,
    "kron": kron,
    "blocktrace": blocktrace,
    "tril": lambda ops, a: ops.xp.tril(a),
    "triu": lambda ops, a: ops.xp.triu(a),
    "toeplitz": toeplitz,
    "toeplitz_mean": toeplitz_mean,
    "adj": adjugate,
    "chol": lambda ops, a: ops.cholesky(a),
    "expm": lambda ops, a: ops.expm(a),
    "logm": logm,
    "sqrtm": sqrtm,
    "logsumexp": logsumexp,
    "softmax": softmax,
    **{f"frechet_{name}": frechet(name) for name in ("expm", "logm", "sqrtm")},
}

ELEMENTWISE: dict[str, Callable[..., Array]] = {
    **{name: (lambda ops, a, name=name: getattr(ops.xp, name)(a))
       for name in "exp log sin cos tan tanh sinh cosh arcsin arccos arctan sqrt".split()},
    "abs": absolute,
    "sign": _sign,
    "relu": relu,
    "step": step,
    "sigmoid": sigmoid,
}  # fmt: skip


def chain_order(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each part of a chain of matrices so that the multiplications are fewest (dynamic programming)."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split: dict[tuple[int, int], int] = {}
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            options = [
                (cost[i, k] + cost[k + 1, j] + prod((sizes[i], sizes[k + 1], sizes[j + 1])), k) for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(options)
    return split
