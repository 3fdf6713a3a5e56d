"""Expression -> number: over an array namespace (NumPy or JAX), or compiled to a function of arrays.

Linear systems are solved, not inverted; a Cholesky factor serves where the matrix is positive definite; one
factorisation serves inverse, determinant and solve; equal subexpressions are computed once; a chain of matrices is
multiplied in the cheapest order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from matcalc import arrays
from matcalc.errors import MatcalcError, ShapeError
from matcalc.expr import (
    Apply,
    Call,
    Commutation,
    ElementwisePower,
    Expr,
    Hadamard,
    Identity,
    Number,
    Ones,
    Pi,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
    Transpose,
    Zeros,
)
from matcalc.shape import ONE, SCALAR, Dim

Array = Any
NUMPY = arrays.NumPy()


class Evaluation:
    """The values of expressions at one point: arrays (..., rows, columns) for the symbols."""

    def __init__(self, values: Mapping[str, Array], sizes: Mapping[str, int], ops: Any = NUMPY) -> None:
        self.values, self.sizes, self.ops = values, sizes, ops
        self.dtype = ops.xp.result_type(*values.values()) if values else np.dtype(float)
        self._known: dict[int, Array] = {}

    def __call__(self, e: Expr) -> Array:
        """The value of an expression."""
        if e.identity not in self._known:
            self._known[e.identity] = self._value(e)
        return self._known[e.identity]

    def size(self, d: Dim) -> int:
        return d.size(self.sizes)

    def _full(self, e: Expr, value: float) -> Array:
        return self.ops.xp.full((self.size(e.shape[0]), self.size(e.shape[1])), value, self.dtype)

    def _value(self, e: Expr) -> Array:
        xp = self.ops.xp
        match e:
            case Symbol(name):
                return self.values[name]
            case Number(value):
                return self._full(e, float(value))
            case Pi():
                return self._full(e, np.pi)
            case Size(d):
                return self._full(e, self.size(d))
            case Identity((n, _)):
                return xp.eye(self.size(n), dtype=self.dtype)
            case Ones() | Zeros():
                return self._full(e, float(isinstance(e, Ones)))
            case Commutation(of=(n, m)):
                return arrays.commutation(self.ops, self.size(n), self.size(m), self.dtype)
            case Sum(terms):
                first, *rest = map(self, terms)
                for value in rest:
                    first = first + value
                return first
            case Product():
                return self._product(e)
            case Transpose(of):
                return self(of).mT
            case Power(base, exponent):
                return self._scalar_power(base, exponent) if base.shape == SCALAR else self._matrix_power(e)
            case ElementwisePower(base, exponent):
                return self._scalar_power(base, exponent)
            case Hadamard(factors):
                return self._hadamard(factors)
            case Apply(function, argument):
                return arrays.ELEMENTWISE[function](self.ops, self(argument))
            case Call("det" | "logdet", (m,)):
                f = self.ops.determinant if e.function == "det" else self.ops.log_determinant
                return f(self(m))
            case Call(function, arguments):
                return arrays.FUNCTIONS[function](self.ops, *map(self, arguments), *map(self.size, e.sizes))
        raise TypeError(f"no way to evaluate {type(e).__name__}")

    def _hadamard(self, factors: Sequence[Expr]) -> Array:
        first, *rest = map(self, factors)
        for value in rest:
            first = first * value
        return first

    def _scalar_power(self, base: Expr, exponent: Expr) -> Array:
        value = self(base)
        if isinstance(exponent, Number):
            k = exponent.value
            if k.denominator == 1 and abs(k) <= 64:
                return value ** int(k) if k > 0 else 1 / value ** int(-k)
            if k.denominator == 2 and abs(k) <= 16:
                root = self.ops.xp.sqrt(value)
                return root ** int(2 * k) if k > 0 else 1 / root ** int(-2 * k)
            return value ** float(k)
        return self.ops.xp.exp(self(exponent) * self.ops.xp.log(value))

    def _matrix_power(self, e: Power) -> Array:
        assert isinstance(e.exponent, Number)
        k = int(e.exponent.value)
        if k == -1:
            return self.ops.inverse(self(e.base))
        base = self(e.base) if k > 0 else self(Power(e.base, Number(type(e.exponent.value)(-1))))
        return self.ops.xp.linalg.matrix_power(base, abs(k))

    def _product(self, e: Product) -> Array:
        result = self._chain(e.chain) if e.chain else None
        scalar: Array = float(e.coefficient) if e.coefficient != 1 else None
        for s in e.scalars:
            scalar = self(s) if scalar is None else scalar * self(s)
        if result is None:
            return scalar
        return result if scalar is None else scalar * result

    def _chain(self, chain: Sequence[Expr]) -> Array:
        if len(chain) == 1:
            return self(chain[0])
        sizes = [self.size(chain[0].shape[0])] + [self.size(f.shape[1]) for f in chain]
        split = arrays.chain_order(sizes)

        def part(i: int, j: int) -> Array:
            if i == j:
                return self(chain[i])
            k = split[i, j]
            return part(i, k) @ part(k + 1, j)

        return part(0, len(chain) - 1)


def sizes_of(symbols: Sequence[Symbol], shapes: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """The size of every dimension name, from the shapes of the arrays.

    Raises:
        ShapeError: two arrays disagree on a dimension, or an array does not have the declared shape.
    """
    sizes: dict[str, tuple[int, str]] = {}
    for symbol in symbols:
        for d, actual in zip(symbol.shape, shapes[symbol.name], strict=True):
            if len(d.names) == 1 and actual % d.factor == 0:
                known, owner = sizes.setdefault(d.names[0], (actual // d.factor, symbol.name))
                if known != actual // d.factor:
                    raise ShapeError(f"{symbol.name}: expected {d} = {known * d.factor} as in {owner}, got {actual}")
    found = {name: size for name, (size, _) in sizes.items()}
    for symbol in symbols:
        for d, actual in zip(symbol.shape, shapes[symbol.name], strict=True):
            if all(n in found for n in d.names) and d.size(found) != actual:
                raise ShapeError(f"{symbol.name}: expected {d} = {d.size(found)}, got {actual}")
    return found


def to_columns(symbol: Symbol, array: Array) -> Array:
    """A user's array as rows x columns: a 1-D array is a column, a 0-D one a scalar.

    Raises:
        ShapeError: the array has too many or too few dimensions for the symbol.
    """
    rows, columns = symbol.shape
    wanted = 0 if symbol.shape == SCALAR else 1 if columns == ONE else 2
    if array.ndim == 2 and wanted < 2 and array.shape[1] == 1:
        return array
    if array.ndim != wanted:
        kind = ("a scalar", f"a 1-D array of length {rows}", f"a {rows} x {columns} array")[wanted]
        raise ShapeError(f"{symbol.name}: expected {kind}, got an array of shape {array.shape}; batches go through vmap")
    return array.reshape(array.shape + (1,) * (2 - array.ndim))


def from_columns(e: Expr, array: Array) -> Array:
    """The value of an expression as users see it: scalars 0-D, column vectors 1-D."""
    if e.shape == SCALAR:
        return array[..., 0, 0]
    return array[..., 0] if e.shape[1] == ONE else array


def function(e: Expr, arguments: Sequence[Symbol | str] | None = None) -> Callable[..., Array]:
    """The expression as a JAX function of the named arrays, jit-, vmap- and grad-compatible.

    Args:
        e: the expression.
        arguments: the order of the positional arguments; the symbols in alphabetical order when not given.

    Returns:
        a function of one array per argument: 1-D for a vector, 0-D for a scalar; keywords work too.

    Raises:
        MatcalcError: a symbol of the expression is not among the arguments.
    """
    by_name = {s.name: s for s in e.symbols}
    order = [a if isinstance(a, str) else a.name for a in arguments] if arguments is not None else sorted(by_name)
    given = {a.name: a for a in arguments or () if isinstance(a, Symbol)} | by_name
    missing = by_name.keys() - set(order)
    if missing:
        raise MatcalcError(f"function: {', '.join(sorted(missing))} occurs in the expression but not in the arguments")

    def compiled(*positional: Array, **named: Array) -> Array:
        if len(positional) > len(order) or not named.keys() <= set(order[len(positional) :]):
            raise MatcalcError(f"expected the arguments {', '.join(order)}; got {len(positional)} positional ones"
                               + (f" and {', '.join(named)}" if named else ""))  # fmt: skip
        ops = arrays.Jax()
        values = dict(zip(order, positional, strict=False)) | named
        absent = by_name.keys() - values.keys()
        if absent:
            raise MatcalcError(f"the argument {', '.join(sorted(absent))} is missing")
        columns = {n: to_columns(given[n], ops.xp.asarray(v)) for n, v in values.items() if n in given}
        sizes = sizes_of([given[n] for n in columns], {n: c.shape for n, c in columns.items()})
        dtype = ops.xp.result_type(float, *columns.values()) if columns else None
        columns = {n: c.astype(dtype) for n, c in columns.items()}
        result = Evaluation(columns, sizes, ops)(e)
        full = tuple(d.size(sizes) for d in e.shape)
        return from_columns(e, ops.xp.broadcast_to(result, full))

    compiled.__name__ = "expression"
    compiled.__doc__ = f"{e} as a function of {', '.join(order)}."
    return compiled
