"""Expression -> number: over an array namespace (NumPy or JAX), or compiled to a function of arrays.

One factorisation of a matrix serves its inverse, its determinant and every system with it; systems are solved, not
inverted; a Cholesky factor serves where the matrix is positive definite by its form; equal subexpressions are computed
once; a chain of matrices is multiplied in the cheapest order, by operations on diag(v), permutations and Kronecker
products that never write these out.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError, ShapeError
from matcalc.evaluation import arrays, kernels
from matcalc.evaluation.factorisation import FactorisingJax
from matcalc.evaluation.membership import require_member
from matcalc.evaluation.products import Products
from matcalc.expression import algebra, facts
from matcalc.expression.algebra import MINUS_ONE, add, apply, call, multiply
from matcalc.expression.expr import (
    Apply,
    Call,
    Commutation,
    ElementwisePower,
    Expr,
    Hadamard,
    Identity,
    Number,
    Ones,
    Opaque,
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
MAX_POWER = 10_000


class Evaluation:
    """The values of expressions at one point: arrays (..., rows, columns) for the symbols.

    `ops` says with which library: `arrays.NumPy()`, which takes a complex step, or `arrays.Jax()`. Neither uses the
    structure of a symbol, because what is measured may leave it; `factorisation.FactorisingJax()` does.
    """

    def __init__(self, values: Mapping[str, Array], sizes: Mapping[str, int], ops: Any = NUMPY) -> None:
        self.values, self.sizes, self.ops = values, sizes, ops
        self.dtype = ops.xp.result_type(*values.values()) if values else ops.xp.result_type(float)
        self._known: dict[int, Array] = {}
        self._factors: dict[int, Any] = {}
        self._products = Products(self)

    def __call__(self, e: Expr) -> Array:
        """The value of an expression."""
        if e.identity not in self._known:
            self._known[e.identity] = self._value(e)
        return self._known[e.identity]

    def knows(self, e: Expr) -> bool:
        """Whether an expression has been evaluated."""
        return e.identity in self._known

    def size(self, d: Dim) -> int:
        """The size of a dimension."""
        return d.size(self.sizes)

    def _full(self, e: Expr, value: float) -> Array:
        return self.ops.xp.full((self.size(e.shape[0]), self.size(e.shape[1])), value, self.dtype)

    def _value(self, e: Expr) -> Array:
        match e:
            case Symbol(name):
                return self.values[name]
            case Number(value):
                return self._full(e, float(value))
            case Opaque():
                return e.value(self.values)
            case Pi():
                return self._full(e, np.pi)
            case Size(d):
                return self._full(e, self.size(d))
            case Identity((n, _)):
                return self.ops.xp.eye(self.size(n), dtype=self.dtype)
            case Ones() | Zeros():
                return self._full(e, float(isinstance(e, Ones)))
            case Commutation(of=(n, m)):
                return kernels.commutation(self.ops, self.size(n), self.size(m), self.dtype)
            case Sum(terms):
                self._products.announce(t.chain for t in terms if isinstance(t, Product) and t.chain)
                lightest_first = sorted(terms, key=lambda t: t.weight)  # a bare inverse serves the terms after it
                return reduce(operator.add, map(self, lightest_first))
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
                return kernels.ELEMENTWISE[function](self.ops, self(argument))
            case Call():
                return self._call(e)
        raise TypeError(f"no way to evaluate {type(e).__name__}")

    # --- scalars and entries ------------------------------------------------------------------------------------------

    def _hadamard(self, factors: Sequence[Expr]) -> Array:
        """The elementwise product; of a product with I only the diagonals are computed."""
        others = [f for f in factors if not isinstance(f, Identity)]
        if len(others) < len(factors):
            return kernels.diagonal(self.ops, reduce(operator.mul, (self(call("diag", f)) for f in others)))
        return reduce(operator.mul, map(self, factors))

    def _scalar_power(self, base: Expr, exponent: Expr) -> Array:
        value = self(base)
        k = self._fixed(exponent)
        if k is not None:
            if k.denominator == 1 and abs(k) <= MAX_POWER:
                return kernels.integer_power(value, int(k)) if k > 0 else 1 / kernels.integer_power(value, int(-k))
            if k.denominator == 2 and abs(k) <= 16:
                root = self.ops.xp.sqrt(value)
                return root ** int(2 * k) if k > 0 else 1 / root ** int(-2 * k)
            return value ** float(k)
        return self.ops.xp.exp(self(exponent) * self.ops.xp.log(value))

    def _fixed(self, e: Expr) -> Fraction | None:
        """The value of an exponent that numbers and sizes fix, as in c^n or c^(n-1)."""
        match e:
            case Number(value):
                return value
            case Size(d):
                return Fraction(self.size(d))
            case Sum(terms):
                parts = [self._fixed(t) for t in terms]
                return None if None in parts else sum(p for p in parts if p is not None)  # type: ignore[return-value]
            case Product(coefficient, scalars, ()):
                factors = [self._fixed(s) for s in scalars]
                return None if None in factors else math.prod((f for f in factors if f is not None), start=coefficient)
        return None

    def _product(self, e: Product) -> Array:
        """coefficient · scalars · chain; x / norm2(x) is 0 at 0, as is the derivative of norm2 that it stands for."""
        norms = [norm for s in e.scalars for norm in _norm_below(s)]
        factors = [self(s) for s in e.scalars if not _norm_below(s)]
        factors += [self._reciprocal(n) for n in norms if n.args[0] in e.chain]
        factors += [self._products.product(e.chain)] if e.chain else []
        value = reduce(operator.mul, factors, _float(e.coefficient))
        for norm in (self(n) for n in norms if n.args[0] not in e.chain):
            value = self.ops.xp.where((norm == 0) & (value == 0), 0, value * (1 / norm))
        return value

    def _reciprocal(self, norm: Call) -> Array:
        """1 / norm2(x) beside x itself, where both may be 0."""
        zero = self(norm) == 0
        return self.ops.xp.where(zero, 0, 1 / self.ops.xp.where(zero, 1, self(norm)))

    # --- functions of matrices ----------------------------------------------------------------------------------------

    def _call(self, e: Call) -> Array:
        match e:
            case Call("det" | "logdet"):
                return self._determinant(e)
            case Call("tr" | "sum" | "diag", (Sum(terms) as inner,)) if not self.knows(inner):
                return self(add(*(call(e.function, t) for t in terms)))
            case Call("tr", (Product(chain=chain),)):
                return self._products.trace(chain)
            case Call("sum", (Product(chain=chain),)):
                return self._products.total(chain)
            case Call("diag", (Product(chain=chain),)) if e.shape[1] == ONE:
                return self._products.diagonal(chain)
            case Call("blocktrace", (Product(chain=(Call("kron", (left, right)), *chain)),)) if chain:
                if e.sizes[0] == left.shape[0]:
                    return self._products.blocktrace(left, right, chain, self.size(e.sizes[0]))
        return kernels.FUNCTIONS[e.function](self.ops, *map(self, e.arguments), *map(self.size, e.sizes))

    def factor(self, base: Expr) -> tuple[Any, bool]:
        """The factorisation of a matrix or of its transpose, and whether it is that of the transpose."""
        turned = self._products.turned(base)
        if turned.identity in self._factors:
            return self._factors[turned.identity], turned != base
        if base.identity not in self._factors:
            kind = facts.factorisation_kind(base) if self.ops.uses_structure else "general"
            if kind == "upper" or (kind == "general" and isinstance(base, Transpose)):
                return self.factor(turned)[0], True
            self._factors[base.identity] = self.ops.factorise(self(base), kind)
        return self._factors[base.identity], False

    def _matrix_power(self, e: Power) -> Array:
        assert isinstance(e.exponent, Number)
        k = int(e.exponent.value)
        if k == -1:
            factor, is_turned = self.factor(e.base)
            return factor.inverse.mT if is_turned else factor.inverse
        base = self(e.base) if k > 0 else self(Power(e.base, MINUS_ONE))
        return self.ops.xp.linalg.matrix_power(base, abs(k))

    def _determinant(self, e: Call) -> Array:
        """det(c M) = c^n det M, so that M alone is factorised."""
        scalar, body = _split_scalars(e.arguments[0])
        factor, n = self.factor(body)[0], self.size(body.shape[0])
        if e.function == "logdet":
            return factor.log_determinant + n * self(apply("log", apply("abs", scalar)))
        return factor.determinant * self(scalar) ** n


def _float(value: Fraction) -> float:
    """A number, infinite where it is beyond floating point."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _norm_below(e: Expr) -> list[Call]:
    """The norm of 1 / norm2(x)."""
    match e:
        case Power(Call("norm2") as norm, exponent) if exponent == MINUS_ONE:
            return [norm]
    return []


def _split_scalars(e: Expr) -> tuple[Expr, Expr]:
    """c and M of an expression c M."""
    if isinstance(e, Product):
        return multiply(Number(e.coefficient), *e.scalars), multiply(*e.chain)
    return algebra.ONE, e


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
        raise ShapeError(f"{symbol.name}: expected {kind}, got shape {array.shape}; batches go through vmap")
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
        a function of one array per argument: 1-D for a vector, 0-D for a scalar; keywords work too. Outside jit, vmap
        and grad it raises a DomainError for an array that is not what its symbol is declared to be.

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
        ops = FactorisingJax()
        values = dict(zip(order, positional, strict=False)) | named
        absent = by_name.keys() - values.keys()
        if absent:
            raise MatcalcError(f"the argument {', '.join(sorted(absent))} is missing")
        columns = {n: to_columns(given[n], ops.xp.asarray(v)) for n, v in values.items() if n in given}
        sizes = sizes_of([given[n] for n in columns], {n: c.shape for n, c in columns.items()})
        dtype = ops.xp.result_type(float, *columns.values()) if columns else None
        columns = {n: c.astype(dtype) for n, c in columns.items()}
        for name, column in columns.items():
            require_member(given[name], column)
        result = Evaluation(columns, sizes, ops)(e)
        full = tuple(d.size(sizes) for d in e.shape)
        return from_columns(e, ops.xp.broadcast_to(result, full))

    compiled.__name__ = "expression"
    compiled.__doc__ = f"{e} as a function of {', '.join(order)}."
    return compiled
