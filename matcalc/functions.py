"""The functions of the language, on arrays and on symbols alike.

`tr(A @ X @ B)` is a number where A, X and B are arrays and an expression where one of them is a symbol. NumPy arrays
give NumPy arrays, everything else goes to JAX, jit-, vmap- and grad-compatible; the dtype stays. A vector is 1-D (or
n x 1, and then so is a vector result), a scalar 0-D, and leading axes of a matrix are a batch.

`total` is the language's `sum`: under its own name, which is here too, it would hide the `sum` of Python.
"""

from collections.abc import Sequence
from functools import reduce
from inspect import Parameter, Signature
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from matcalc import shape, structure, vectorisation
from matcalc.errors import MatcalcError, ShapeError
from matcalc.evaluation import arrays, kernels
from matcalc.expression import algebra
from matcalc.expression.expr import Expr
from matcalc.shape import SCALAR, Dim, Operand, Shape, Unifier

Array = np.ndarray | jax.Array
Size = int | str | Dim
NUMPY, JAX = arrays.NumPy(), arrays.Jax()


class _Unsized:
    """The identity matrix of whatever size its place wants."""

    def __repr__(self) -> str:
        return "I (an identity matrix whose size is not known here: write eye(n))"


I = _Unsized()


class Function:
    """A function of the language, by its name there."""

    def __init__(self, name: str, shapes: str, doc: str) -> None:
        self.__name__ = self.__qualname__ = name
        self.__doc__ = f"{doc}\n\n    Raises:\n        ShapeError: an operand of a shape that does not fit.\n    "
        self.__signature__ = _signature(shapes)

    def __repr__(self) -> str:
        return f"<function {self.__name__} of the language>"

    def __call__(self, *operands: Any) -> Any:
        """The value for arrays and numbers, the expression where there is a symbol."""
        if any(isinstance(o, Expr) for o in operands):
            return algebra.call(self.__name__, *operands)
        values, ops = _arrays(operands)
        result_shape = _result_shape(self.__name__, values)
        kernel = kernels.ELEMENTWISE.get(self.__name__) or kernels.FUNCTIONS[self.__name__]
        return _as_given(kernel(ops, *map(_to_columns, values)), result_shape, values)


def _signature(shapes: str) -> Signature:
    """`"n m, p q -> mn"` as a signature in jaxtyping."""
    given, result = shapes.split("->")
    names = [f"{'A' if ' ' in s.strip() else 'x'}{k or ''}" for k, s in enumerate(given.split(","))]
    parameters = [
        Parameter(name, Parameter.POSITIONAL_ONLY, annotation=Float[Array, s.strip()] | Expr)
        for name, s in zip(names, given.split(","), strict=True)
    ]
    return Signature(parameters, return_annotation=Float[Array, result.strip()] | Expr)


def _arrays(operands: Sequence[Any]) -> tuple[list[Array], Any]:
    """Operands as floating arrays of one library, and its operations: NumPy if all are its arrays, else JAX."""
    ops = NUMPY if all(isinstance(o, np.ndarray | np.generic) for o in operands) else JAX
    values = [ops.xp.asarray(o) for o in operands]
    dtype = ops.xp.result_type(float if ops is NUMPY else jnp.float32, *values)
    for value in values:
        if jnp.issubdtype(value.dtype, jnp.complexfloating):
            raise MatcalcError("complex arrays are not supported: every matrix is real")
    return [v if jnp.issubdtype(v.dtype, jnp.floating) else v.astype(dtype) for v in values], ops


def _to_columns(a: Array) -> Array:
    return a.reshape(a.shape + (1,) * (2 - a.ndim))


def _symbolic_shape(a: Array) -> Shape:
    """The shape of an array with its sizes as names, so that an n x n matrix with n = 1 is not taken for a scalar."""
    if a.ndim == 0:
        return SCALAR
    if a.ndim == 1 or (a.shape[1:] == (1,) and a.shape[0] != 1):
        return Dim(1, (str(a.shape[0]),)), shape.ONE
    return Dim(1, (str(a.shape[-2]),)), Dim(1, (str(a.shape[-1]),))


def _result_shape(name: str, values: Sequence[Array]) -> Shape:
    operands = [Operand(_symbolic_shape(v), f"argument {k + 1}") for k, v in enumerate(values)]
    return shape.call(name, operands, (), Unifier())


def _as_given(value: Array, result_shape: Shape, arguments: Sequence[Array]) -> Array:
    """A scalar as 0-D and a column as 1-D, unless the vectors came as n x 1."""
    if result_shape == SCALAR:
        return value[..., 0, 0]
    is_column = result_shape[1] == shape.ONE
    return value[..., 0] if is_column and not any(a.shape[1:] == (1,) for a in arguments) else value


# --- by the table: name, shapes, meaning -----------------------------------------------------------------------------

tr = Function("tr", "*batch n n -> *batch", "tr A, the sum of the diagonal.")
det = Function("det", "*batch n n -> *batch", "det A.")
logdet = Function("logdet", "*batch n n -> *batch", "log |det A|.")
inv = Function("inv", "*batch n n -> *batch n n", "A⁻¹; NaN where A is singular.")
adj = Function("adj", "*batch n n -> *batch n n", "adj A, the transposed cofactors: A adj A = det(A) I.")
total = Function("sum", "... -> *batch", "1ᵀ A 1, the sum of all entries: the language's `sum`.")
norm2 = Function("norm2", "... -> *batch", "(Σ a_ij²)^½, Euclidean or Frobenius; its derivative at 0 is 0.")
norm1 = Function("norm1", "... -> *batch", "Σ |a_ij|; its derivative at an entry 0 is 0.")
diag = Function("diag", "... -> ...", "diag(x), a vector as a diagonal matrix, or the diagonal of a square matrix.")
vec = Function("vec", "*batch m n -> *batch mn", "vec A, the columns stacked [MN2019, sec. 2.4].")
kron = Function("kron", "*batch m n, *batch p q -> *batch mp nq", "A ⊗ B, the blocks a_ij B [MN2019, sec. 2.2].")
expm = Function("expm", "*batch n n -> *batch n n", "The matrix exponential, Σ Aᵏ/k! (Higham 2008, chapter 10).")
logm = Function("logm", "*batch n n -> *batch n n", "The principal logarithm; NaN if there is none.")
sqrtm = Function("sqrtm", "*batch n n -> *batch n n", "The principal square root; NaN if there is none.")
chol = Function("chol", "*batch n n -> *batch n n", "L, lower, with L Lᵀ = (A + Aᵀ)/2; NaN unless positive definite.")
logsumexp = Function("logsumexp", "n -> ", "log Σ exp x_i, without overflow.")
softmax = Function("softmax", "n -> n", "exp x_i / Σ exp x_j, without overflow.")
tril = Function("tril", "*batch n n -> *batch n n", "The lower triangle, the rest 0.")
triu = Function("triu", "*batch n n -> *batch n n", "The upper triangle, the rest 0.")
toeplitz = Function("toeplitz", "*batch n n -> *batch n n", "Each diagonal replaced by its sum.")
toeplitz_mean = Function("toeplitz_mean", "*batch n n -> *batch n n", "Each diagonal replaced by its mean.")
frechet_expm, frechet_logm, frechet_sqrtm = (
    Function(f"frechet_{f}", "n n, n n -> n n", f"D {f}(X)[E], its derivative along E; more directions, higher order.")
    for f in ("expm", "logm", "sqrtm")
)
exp, log, sin, cos, tan, sinh, cosh, tanh, arcsin, arccos, arctan, sqrt = (
    Function(name, "... -> ...", f"{name} a, entry by entry.")
    for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "sqrt")
)
sign = Function("sign", "... -> ...", "-1, 0 or 1, entry by entry; its derivative is 0.")
relu = Function("relu", "... -> ...", "max(a, 0), entry by entry; its derivative at 0 is 0.")
step = Function("step", "... -> ...", "1 where a > 0, else 0, entry by entry; its derivative is 0.")
sigmoid = Function("sigmoid", "... -> ...", "1 / (1 + exp(-a)), entry by entry, without overflow.")
abs = Function("abs", "... -> ...", "|a|, entry by entry; its derivative at 0 is 0.")  # noqa: A001
sum = total  # noqa: A001


# --- with sizes, or with several operands ----------------------------------------------------------------------------


def _dim(size: Size) -> Dim:
    return size if isinstance(size, Dim) else shape.dim(size)


def eye(n: Size) -> Any:
    """I of size n: an array for an integer, an expression for a name such as "n"."""
    return jnp.eye(n) if isinstance(n, int) else algebra.eye(_dim(n))


def ones(n: Size, m: Size) -> Any:
    """The n x m matrix of ones: an array for integers, an expression for names."""
    return jnp.ones((n, m)) if isinstance(n, int) and isinstance(m, int) else algebra.ones((_dim(n), _dim(m)))


def zeros(n: Size, m: Size) -> Any:
    """The n x m matrix of zeros: an array for integers, an expression for names."""
    return jnp.zeros((n, m)) if isinstance(n, int) and isinstance(m, int) else algebra.zeros((_dim(n), _dim(m)))


def commutation(n: Size, m: Size) -> Any:
    """K with K vec A = vec Aᵀ for A of shape n x m [MN2019, sec. 3.7]: an array for integers, else an expression."""
    if isinstance(n, int) and isinstance(m, int):
        return vectorisation.commutation_matrix(n, m)
    return algebra.commutation(_dim(n), _dim(m))


def unvec(v: Float[Array, "*batch nm"] | Expr, n: Size, m: Size) -> Any:
    """The n x m matrix A with vec A = v; ShapeError if v has not n m entries."""
    if isinstance(v, Expr):
        return algebra.call("unvec", v, sizes=(_dim(n), _dim(m)))
    if not (isinstance(n, int) and isinstance(m, int)):
        raise ShapeError(f"unvec: sizes of an array are integers, got {n!r} and {m!r}")
    return vectorisation.unvec(v, n, m)


def blocktrace(A: Float[Array, "*batch np nq"] | Expr, n: Size) -> Any:
    """The sum of the n diagonal blocks of A; ShapeError if A does not fall into n x n blocks."""
    if isinstance(A, Expr):
        return algebra.call("blocktrace", A, sizes=(_dim(n),))
    (value,), ops = _arrays([A])
    if not isinstance(n, int) or value.ndim < 2 or any(size % n for size in value.shape[-2:]):
        raise ShapeError(f"blocktrace: an array of shape {value.shape} does not fall into {n} x {n} blocks")
    return kernels.blocktrace(ops, value, n)


def rearrange(A: Float[Array, "*batch pr qs"] | Expr, p: Size, q: Size) -> Any:
    """R(A) of shape pq x rs with R(B ⊗ C) = vec(B) vec(C)ᵀ for B of shape p x q [VP1993].

    ShapeError if A does not fall into p x q blocks.
    """
    if isinstance(A, Expr):
        return algebra.call("rearrange", A, sizes=(_dim(p), _dim(q)))
    (value,), ops = _arrays([A])
    rows, columns = value.shape[-2:] if value.ndim > 1 else (1, 1)
    if isinstance(p, int) and isinstance(q, int) and not (rows % p or columns % q):
        return kernels.rearrange(ops, value, p, q)
    raise ShapeError(f"rearrange: an array of shape {value.shape} does not fall into {p} x {q} blocks")


def hadamard(*factors: Any) -> Any:
    """A ⊙ B ⊙ ..., the elementwise product; `I` takes the size of the others, so that G ⊙ I is the diagonal part of G.

    Raises:
        ShapeError: factors of different shapes, or I beside a matrix that is not square.
    """
    others = [f for f in factors if f is not I]
    if not others:
        raise ShapeError("hadamard: the size of I cannot be told without another factor")
    if any(isinstance(f, Expr) for f in others):
        first = next(f for f in others if isinstance(f, Expr) and not f.is_scalar)
        return algebra.hadamard(*(algebra.eye(first.shape[0]) if f is I else f for f in factors))
    product = reduce(_times, _arrays(others)[0])
    if len(others) == len(factors):
        return product
    structure.SYMMETRIC.require_shape(product.shape, "hadamard with I")
    return structure.ARRAYS.diagonal_part(product)


def _times(a: Array, b: Array) -> Array:
    if a.ndim and b.ndim and a.shape != b.shape:
        raise ShapeError(f"hadamard: shapes {a.shape} and {b.shape} differ")
    return a * b


def divide(a: Any, b: Any) -> Any:
    """a ./ b, the elementwise quotient."""
    if isinstance(a, Expr) or isinstance(b, Expr):
        return algebra.elementwise_divide(a, b)
    return hadamard(a, 1 / b)


def rows(A: Float[Array, "..."] | Expr) -> Any:
    """The number of rows of A, as a scalar."""
    return algebra.size(A.shape[0]) if isinstance(A, Expr) else A.shape[-2]


def cols(A: Float[Array, "..."] | Expr) -> Any:
    """The number of columns of A, as a scalar."""
    return algebra.size(A.shape[1]) if isinstance(A, Expr) else A.shape[-1]
