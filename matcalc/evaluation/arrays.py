"""The operations that NumPy and JAX do differently, behind one set of names.

Every array is (..., rows, columns), scalars 1 x 1, vectors n x 1. The NumPy versions are analytic: they take a complex
step, x + ih, for which the derivative is the imaginary part over h, so nothing here conjugates or takes a modulus.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np
from jax import lax

from matcalc.lazy import cached_property

Array = Any
Step = Callable[[Any], Any]

LARGE = 128  # from this size on, XLA multiplies a transposed copy faster than it multiplies by the transpose


def _scalar(a: Array) -> Array:
    return a[..., None, None]


class NumPy:
    """The operations as NumPy does them, for real arrays and for a complex step; eager, so nothing is compiled."""

    xp: Any = np
    uses_structure = False  # what is measured may leave the structure that an expression is declared on

    def constant(self, a: Array) -> Array:
        """An array that a derivative takes as a constant: the real part."""
        return a.real

    def transposed_product(self, a: Array, b: Array) -> Array:
        """Aᵀ B."""
        return a.mT @ b

    def factorise(self, a: Array, kind: str = "general") -> "Inverted":
        """What is asked of one matrix; its kind is no matter here."""
        return Inverted(self, a)

    def inverse(self, a: Array) -> Array:
        """A⁻¹; NaN where A is singular."""
        try:
            return np.linalg.inv(a)
        except np.linalg.LinAlgError:
            singular = (np.linalg.slogdet(a)[0] == 0)[..., None, None]
            return np.where(singular, np.nan, np.linalg.inv(np.where(singular, np.eye(a.shape[-1]), a)))

    def determinant(self, a: Array) -> Array:
        """det A, (..., 1, 1)."""
        return _scalar(np.linalg.det(a))

    def log_determinant(self, a: Array) -> Array:
        """log |det A|, (..., 1, 1); the phase is turned next to 1, and its logarithm is the imaginary part."""
        with np.errstate(invalid="ignore"):  # NaN in, NaN out
            phase, logarithm = np.linalg.slogdet(a)
        regular = phase != 0
        turned = np.where(regular, phase * np.where(phase.real < 0, -1, 1), 1)
        return _scalar(np.where(regular, logarithm.real + np.log(turned), -np.inf))

    def cholesky(self, a: Array) -> Array:
        """The factor of (A + Aᵀ)/2, column by column; NaN where that is not positive definite."""
        a = (a + a.mT) / 2
        lower = np.zeros_like(a)
        for j in range(a.shape[-1]):
            row = lower[..., j : j + 1, :j]
            column = a[..., j:, j] - (lower[..., j:, :j] @ row.mT)[..., 0]
            pivot = column[..., :1]
            lower[..., j:, j] = column / np.sqrt(np.where(pivot.real > 0, pivot, np.nan))
        return lower

    def expm(self, a: Array) -> Array:
        """Scaling, the [13/13] Padé approximant, squaring; every matrix of a batch by its own norm (Higham 2005)."""
        norm = np.max(np.sum(np.abs(a.real), -2, keepdims=True), -1, keepdims=True, initial=0.0)
        possible = norm < 2.0**32
        squarings = np.ceil(np.log2(np.maximum(np.where(possible, norm, 1) / 4, 1)))
        result = _pade(np.where(possible, a, 0) / 2**squarings)
        for k in range(int(np.max(squarings, initial=0))):
            result = np.where(k < squarings, result @ result, result)
        return np.where(possible, result, np.nan)

    def sigmoid(self, a: Array) -> Array:
        """1 / (1 + exp(-a)), with only the exponential that is less than 1."""
        small = np.exp(np.where(a.real > 0, -a, a))
        return np.where(a.real > 0, 1, small) / (1 + small)

    def repeat(self, count: int, step: Step, start: Any) -> Any:
        """`step` so many times over."""
        return reduce(lambda state, _: step(state), range(count), start)

    def iterate(self, count: int, step: Step, start: Any, is_near: Callable[[Any], bool]) -> Any:
        """The limit of `step`: two steps beyond where it is near, and no more than so many."""
        state = start
        for done in range(count):
            if is_near(state):
                return self.repeat(min(2, count - done), step, state)
            state = step(state)
        return state

    def frechet(self, f: Step, x: Array, directions: list[Array]) -> Array:
        """D^k f(X)[E_1, ..., E_k] as the corner block of f at a block triangular matrix (Mathias 1996)."""
        n = x.shape[-1]
        x, *directions = np.broadcast_arrays(x, *directions)
        while directions:
            e, *rest = directions
            x = _block(x, e)
            directions = [_block(r, np.zeros_like(r)) for r in rest]
        return f(x)[..., :n, -n:]


def _pade(a: Array) -> Array:
    b = [64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
         10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1]  # fmt: skip
    i = np.eye(a.shape[-1], dtype=a.dtype)
    a2 = a @ a
    a4, a6 = a2 @ a2, a2 @ a2 @ a2
    u = a @ (a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * i)
    v = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * i
    return np.linalg.solve(v - u, v + u)


def _block(a: Array, b: Array) -> Array:
    """[A B; 0 A]."""
    return np.concatenate([np.concatenate([a, b], -1), np.concatenate([np.zeros_like(a), a], -1)], -2)


class Inverted:
    """A matrix by its inverse."""

    def __init__(self, ops: Any, a: Array) -> None:
        self.ops, self.a = ops, a

    @cached_property
    def inverse(self) -> Array:
        """A⁻¹."""
        return self.ops.inverse(self.a)

    @cached_property
    def determinant(self) -> Array:
        """det A, (..., 1, 1)."""
        return self.ops.determinant(self.a)

    @cached_property
    def log_determinant(self) -> Array:
        """log |det A|, (..., 1, 1)."""
        return self.ops.log_determinant(self.a)

    def solves(self, columns: int) -> bool:
        """Whether a system with so many right-hand sides is better solved than multiplied by the inverse: never."""
        return False

    def solve(self, b: Array, transposed: bool = False) -> Array:
        """A⁻¹ B, or A⁻ᵀ B."""
        return (self.inverse.mT if transposed else self.inverse) @ b

    def solve_right(self, b: Array, transposed: bool = False) -> Array:
        """B A⁻¹, or B A⁻ᵀ."""
        return b @ (self.inverse.mT if transposed else self.inverse)


class Jax:
    """The operations as JAX does them, jit-, vmap- and grad-compatible."""

    xp: Any = jnp
    uses_structure = False

    def constant(self, a: Array) -> Array:
        """An array that a derivative takes as a constant."""
        return lax.stop_gradient(a)

    def transposed_product(self, a: Array, b: Array) -> Array:
        """Aᵀ B."""
        return transposed_product(a, b)

    def factorise(self, a: Array, kind: str = "general") -> Any:
        """What is asked of one matrix; its kind is no matter here."""
        return Inverted(self, a)

    def inverse(self, a: Array) -> Array:
        """A⁻¹."""
        return jnp.linalg.inv(a)

    def determinant(self, a: Array) -> Array:
        """det A, (..., 1, 1)."""
        return _scalar(jnp.linalg.det(a))

    def log_determinant(self, a: Array) -> Array:
        """log |det A|, (..., 1, 1)."""
        return _scalar(jnp.linalg.slogdet(a)[1])

    def cholesky(self, a: Array) -> Array:
        """The factor of (A + Aᵀ)/2; NaN where that is not positive definite."""
        return jnp.linalg.cholesky(a)

    def expm(self, a: Array) -> Array:
        """The matrix exponential (Higham 2005)."""
        return jax.scipy.linalg.expm(a, max_squarings=48)

    def sigmoid(self, a: Array) -> Array:
        """1 / (1 + exp(-a)), with a derivative that does not overflow."""
        return lax.logistic(a)

    def repeat(self, count: int, step: Step, start: Any) -> Any:
        """`step` so many times over, compiled once."""
        return lax.fori_loop(0, count, lambda _, state: step(state), start)

    def iterate(self, count: int, step: Step, start: Any, is_near: Callable[[Any], bool]) -> Any:
        """The limit of `step`, after so many: a loop of no fixed length has no derivative in reverse."""
        return self.repeat(count, step, start)

    def frechet(self, f: Step, x: Array, directions: list[Array]) -> Array:
        """D^k f(X)[E_1, ..., E_k], forward through f."""
        for e in directions:
            f = _along(f, jnp.broadcast_to(e, x.shape))
        return f(x)


def _along(f: Step, e: Array) -> Step:
    return lambda x: jax.jvp(f, (x,), (e,))[1]


def transposed_product(a: Array, b: Array) -> Array:
    """Aᵀ B as XLA does it fast on a CPU: bᵀ A for one column b, a transposed copy of A where all is large."""
    if b.shape[-1] == 1:
        return (b.mT @ a).mT
    if min(*a.shape[-2:], b.shape[-1]) >= LARGE:
        return lax.optimization_barrier(a.mT) @ b
    return a.mT @ b
