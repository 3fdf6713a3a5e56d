"""The values of rational expressions over a large prime field, with nilpotents for derivatives."""

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from matcalc.evaluation import kernels
from matcalc.evaluation.arrays import NumPy
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
    Pi,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
    Transpose,
    Zeros,
)
from matcalc.oracle.jets import InexactError, Jet, Residues, as_residue, constant

MAX_ENTRIES = 400  # of a matrix: beyond, a point takes too long
PI_RESIDUE = 1_414_213_562_373_095_049  # pi meets no polynomial equation, so any residue stands for it

_NUMPY = NumPy()


class ExactEvaluation:
    """The values of expressions at one point of the field."""

    def __init__(self, values: Mapping[str, Jet], sizes: Mapping[str, int]) -> None:
        self.values, self.sizes, self._known = values, sizes, dict[int, Jet]()

    def __call__(self, e: Expr) -> Jet:
        """The value of an expression.

        Raises:
            InexactError: the expression is not rational, too large, or singular at this point.
        """
        if e.identity not in self._known:
            rows, columns = (d.size(self.sizes) for d in e.shape)
            if rows * columns > MAX_ENTRIES:
                raise InexactError(f"{rows} x {columns} is too large")
            self._known[e.identity] = self._value(e, rows, columns)
        return self._known[e.identity]

    def _value(self, e: Expr, rows: int, columns: int) -> Jet:
        match e:
            case Symbol(name):
                return self.values[name]
            case Number(value):
                return constant(value)
            case Pi():
                return constant(PI_RESIDUE)
            case Size(d):
                return constant(d.size(self.sizes))
            case Identity():
                return Jet({0: np.eye(rows, dtype=object)})
            case Ones() | Zeros():
                return Jet({0: np.full((rows, columns), int(isinstance(e, Ones)), object)})
            case Commutation(of=of):
                order = kernels.commutation_order(*(d.size(self.sizes) for d in of))
                return Jet({0: np.eye(rows, dtype=object)[order]})
            case Sum(terms):
                return sum((self(t) for t in terms[1:]), self(terms[0]))
            case Product(coefficient, scalars, chain):
                return self._product(coefficient, scalars, chain)
            case Hadamard(factors):
                return self._elementwise_product(factors)
            case Transpose(of):
                return self(of).map(np.transpose)
            case Power(Call("norm2", (a,)), Number(k)) if k % 2 == 0:
                return (self(a) * self(a)).total().power(int(k / 2))
            case Power(base, exponent) if not e.is_scalar:
                return self(base).matrix_power(self._integer(exponent))
            case Power(base, exponent) | ElementwisePower(base, exponent):
                return self(base).power(self._integer(exponent))
            case Apply("log", argument):
                return self(argument).logarithm()
            case Call(function, arguments) if function in CALLS:
                return CALLS[function](*map(self, arguments), *(d.size(self.sizes) for d in e.sizes))
        raise InexactError(f"{type(e).__name__} is not rational")

    def _product(self, coefficient: Fraction, scalars: tuple[Expr, ...], chain: tuple[Expr, ...]) -> Jet:
        result = self._elementwise_product(scalars).scaled(coefficient)
        if not chain:
            return result
        product = self(chain[0])
        for factor in chain[1:]:
            product = product @ self(factor)
        return result * product

    def _elementwise_product(self, factors: tuple[Expr, ...]) -> Jet:
        result = constant(1)
        for f in factors:
            result = result * self(f)
        return result

    def _integer(self, exponent: Expr) -> int:
        """An exponent as an integer: a number, or a size less a number."""
        match exponent:
            case Number(value) if value.denominator == 1:
                return int(value)
            case Size(d):
                return d.size(self.sizes)
            case Sum(terms):
                return sum(map(self._integer, terms))
        raise InexactError("the power is not an integer")


def _linear(kernel: Callable[..., Residues]) -> Callable[..., Jet]:
    return lambda a, *sizes: a.map(lambda part: kernel(_NUMPY, part, *sizes))


def _block_trace(part: Residues, count: int) -> Residues:
    rows, columns = len(part) // count, part.shape[1] // count
    return part.reshape(count, rows, count, columns)[range(count), :, range(count)].sum(0)


def _diagonals(part: Residues, weight: Callable[[int], int]) -> Residues:
    """Every diagonal replaced by its sum times a weight that its length gives."""
    n = len(part)
    sums = {k: sum(np.diagonal(part, k)) * weight(n - abs(k)) for k in range(1 - n, n)}
    return np.array([[sums[j - i] for j in range(n)] for i in range(n)], object)


CALLS: dict[str, Callable[..., Jet]] = {
    "tr": Jet.trace,
    "sum": Jet.total,
    "det": lambda a: a.determinant_and_adjugate()[0],
    "adj": lambda a: a.determinant_and_adjugate()[1],
    "logdet": lambda a: a.determinant_and_adjugate()[0].logarithm(),
    "kron": lambda a, b: a.times(b, lambda p, q: kernels.kron(_NUMPY, p, q)),
    "blocktrace": lambda a, count: a.map(lambda part: _block_trace(part, count)),
    "toeplitz": lambda a: a.map(lambda part: _diagonals(part, lambda length: 1)),
    "toeplitz_mean": lambda a: a.map(lambda part: _diagonals(part, lambda n: as_residue(Fraction(1, n)))),
    "tril": lambda a: a.map(np.tril),
    "triu": lambda a: a.map(np.triu),
    "vec": _linear(kernels.vec),
    "unvec": _linear(kernels.unvec),
    "diag": _linear(kernels.diagonal),
    "rearrange": _linear(kernels.rearrange),
}
