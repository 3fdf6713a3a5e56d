"""The closed set of nodes an expression is made of.

Nodes are immutable; two nodes are equal when they are the same up to the order of sums and commuting factors, cyclic
rotation and transposition under a trace, and transposition of a scalar. Build them with the functions of `algebra`
(or the operators, which call these), never directly: the constructors there keep the normal form.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any, ClassVar

from matcalc.lazy import cached_property
from matcalc.shape import SCALAR, Dim, Shape, is_scalar

_IDENTITIES: dict[tuple[Any, ...], int] = {}
_NEXT = count()

Scalar = int | float | Fraction


@dataclass(frozen=True, eq=False, repr=False)
class Expr:
    """A scalar, vector (n x 1) or matrix expression of known symbolic shape."""

    __array_priority__ = 1000  # let numpy and jax arrays leave the operators to us

    @cached_property
    def shape(self) -> Shape:
        """Rows and columns, as symbolic dimensions."""
        raise NotImplementedError

    @property
    def args(self) -> "tuple[Expr, ...]":
        """The operands."""
        return ()

    @property
    def key(self) -> tuple[Any, ...]:
        """What equality compares: the class, the parameters and the identities of the operands."""
        return (type(self).__name__, *(a.identity for a in self.args))

    @cached_property
    def identity(self) -> int:
        """A number that equal expressions share."""
        return _IDENTITIES.setdefault(self.key, next(_NEXT))

    @cached_property
    def symbols(self) -> "frozenset[Symbol]":
        """The symbols that occur."""
        return frozenset().union(*(a.symbols for a in self.args))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the symbols that occur."""
        return frozenset(s.name for s in self.symbols)

    @cached_property
    def weight(self) -> int:
        """How long the expression is in print: the number of its leaves and functions."""
        return 1 + sum(a.weight for a in self.args)

    @property
    def is_scalar(self) -> bool:
        """Whether the shape is 1 x 1 by its symbols."""
        return is_scalar(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expr) and self.identity == other.identity

    def __hash__(self) -> int:
        return self.identity

    # The operators speak the language of `algebra`, which is built on these nodes: hence the late import.
    def __add__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.add(self, other)

    def __radd__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.add(other, self)

    def __sub__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.subtract(self, other)

    def __rsub__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.subtract(other, self)

    def __neg__(self) -> "Expr":
        from matcalc.expression import algebra

        return algebra.negative(self)

    def __mul__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.multiply(self, other)

    def __rmul__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.multiply(other, self)

    __matmul__ = __mul__
    __rmatmul__ = __rmul__

    def __truediv__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.divide(self, other)

    def __rtruediv__(self, other: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.divide(other, self)

    def __pow__(self, exponent: "Expr | Scalar") -> "Expr":
        from matcalc.expression import algebra

        return algebra.power(self, exponent)

    @property
    def T(self) -> "Expr":
        """The transpose."""
        from matcalc.expression import algebra

        return algebra.transpose(self)

    def __str__(self) -> str:
        from matcalc.expression import text

        return text.to_unicode(self)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        from matcalc.expression import latex

        return f"$\\displaystyle {latex.to_latex(self)}$"


@dataclass(frozen=True, eq=False, repr=False)
class Symbol(Expr):
    """A named variable: its shape and the structure it lives in (`positive` for a positive scalar)."""

    name: str
    declared_shape: Shape
    structure: str = "general"

    @cached_property
    def shape(self) -> Shape:
        return self.declared_shape

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Symbol", self.name, self.declared_shape, self.structure)

    @cached_property
    def symbols(self) -> "frozenset[Symbol]":
        return frozenset([self])


@dataclass(frozen=True, eq=False, repr=False)
class Constant(Expr):
    """A node without operands."""


@dataclass(frozen=True, eq=False, repr=False)
class Number(Constant):
    """An exact rational."""

    value: Fraction
    shape = SCALAR

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Number", self.value)


@dataclass(frozen=True, eq=False, repr=False)
class Pi(Constant):
    """The number pi."""

    shape = SCALAR


@dataclass(frozen=True, eq=False, repr=False)
class Size(Constant):
    """A dimension as a scalar: the number of rows or columns of something."""

    dim: Dim
    shape = SCALAR

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Size", self.dim)


@dataclass(frozen=True, eq=False, repr=False)
class Filled(Constant):
    """A constant matrix given by its shape alone."""

    filled_shape: Shape

    @cached_property
    def shape(self) -> Shape:
        return self.filled_shape

    @property
    def key(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.filled_shape)


class Identity(Filled):
    """The identity matrix."""


class Ones(Filled):
    """The matrix of ones."""


class Zeros(Filled):
    """The zero matrix."""


class Commutation(Filled):
    """K with K vec(A) = vec(A') for A of shape n x m; `filled_shape` is nm x nm (MN2019, section 3.7)."""

    def __init__(self, rows: Dim, columns: Dim) -> None:
        object.__setattr__(self, "filled_shape", (rows * columns, rows * columns))
        object.__setattr__(self, "of", (rows, columns))

    of: Shape

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Commutation", self.of)


@dataclass(frozen=True, eq=False, repr=False)
class Opaque(Expr):
    """A function of arrays whose formula is unknown, in place of an expression; see `blackbox`."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Symbol, ...]
    declared_shape: Shape
    may_name_a_size: ClassVar[bool] = False

    @cached_property
    def shape(self) -> Shape:
        return self.declared_shape

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Opaque", self.name, id(self.function))

    @cached_property
    def symbols(self) -> frozenset[Symbol]:
        return frozenset(self.arguments)

    def value(self, values: Mapping[str, Any]) -> Any:
        """The value at arrays (points, rows, columns)."""
        raise NotImplementedError

    def along(self, name: str, values: Mapping[str, Any], directions: Any) -> Any:
        """The derivative along each direction, (points, directions, rows, columns)."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class Compound(Expr):
    """A node with operands: a transparent record of them."""

    def rebuild(self, args: "tuple[Expr, ...]") -> Expr:
        """The same operation on other operands, through its constructor."""
        raise NotImplementedError


def _algebra(name: str) -> Callable[..., Expr]:
    from matcalc.expression import algebra

    return getattr(algebra, name)


@dataclass(frozen=True, eq=False, repr=False)
class Sum(Compound):
    """The sum of two or more terms of one shape; no two terms differ in their rational coefficient alone."""

    terms: tuple[Expr, ...]

    @cached_property
    def shape(self) -> Shape:
        return self.terms[0].shape

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.terms

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Sum", *sorted(t.identity for t in self.terms))

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("add")(*args)


@dataclass(frozen=True, eq=False, repr=False)
class Product(Compound):
    """coefficient · scalars · (chain of matrix factors, in order).

    A chain whose overall shape is 1 x 1 stands alone, with coefficient 1 and no scalars: it is itself a scalar factor.
    """

    coefficient: Fraction
    scalars: tuple[Expr, ...]
    chain: tuple[Expr, ...]

    @cached_property
    def shape(self) -> Shape:
        return (self.chain[0].shape[0], self.chain[-1].shape[1]) if self.chain else SCALAR

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.scalars + self.chain

    @cached_property
    def weight(self) -> int:
        return sum(a.weight for a in self.args) + (self.coefficient != 1)

    @property
    def key(self) -> tuple[Any, ...]:
        chain = tuple(f.identity for f in self.chain)
        if self.chain and self.shape == SCALAR:  # a scalar equals its transpose
            chain = min(chain, tuple(_algebra("transpose")(f).identity for f in reversed(self.chain)))
        return ("Product", self.coefficient, tuple(sorted(s.identity for s in self.scalars)), chain)

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("multiply")(Number(self.coefficient), *args)


@dataclass(frozen=True, eq=False, repr=False)
class Transpose(Compound):
    """The transpose of a node that cannot pass it on to its operands."""

    of: Expr

    @cached_property
    def shape(self) -> Shape:
        return self.of.shape[1], self.of.shape[0]

    @property
    def args(self) -> tuple[Expr, ...]:
        return (self.of,)

    @cached_property
    def weight(self) -> int:
        return self.of.weight

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("transpose")(*args)


@dataclass(frozen=True, eq=False, repr=False)
class Raised(Compound):
    """A base with an exponent."""

    base: Expr
    exponent: Expr

    @cached_property
    def shape(self) -> Shape:
        return self.base.shape

    @property
    def args(self) -> tuple[Expr, ...]:
        return (self.base, self.exponent)


@dataclass(frozen=True, eq=False, repr=False)
class Power(Raised):
    """A scalar to any power, or a square matrix to an integer power; exponent -1 is the inverse."""

    @cached_property
    def weight(self) -> int:
        return self.base.weight + (0 if isinstance(self.exponent, Number) else self.exponent.weight)

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("power")(*args)


@dataclass(frozen=True, eq=False, repr=False)
class Hadamard(Compound):
    """The elementwise product of two or more factors of one shape."""

    factors: tuple[Expr, ...]

    @cached_property
    def shape(self) -> Shape:
        return self.factors[0].shape

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.factors

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Hadamard", *sorted(f.identity for f in self.factors))

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("hadamard")(*args)


@dataclass(frozen=True, eq=False, repr=False)
class ElementwisePower(Raised):
    """Every entry of a vector or matrix to the same scalar power."""

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("elementwise_power")(*args)


@dataclass(frozen=True, eq=False, repr=False)
class Apply(Compound):
    """A function of one variable applied to every entry: `exp`, `log`, `sin`, ..."""

    function: str
    argument: Expr

    @cached_property
    def shape(self) -> Shape:
        return self.argument.shape

    @property
    def args(self) -> tuple[Expr, ...]:
        return (self.argument,)

    @property
    def key(self) -> tuple[Any, ...]:
        return ("Apply", self.function, self.argument.identity)

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("apply")(self.function, *args)


@dataclass(frozen=True, eq=False, repr=False)
class Call(Compound):
    """A function of matrices by its name in the language: `tr`, `det`, `vec`, `kron`, `expm`, ..."""

    function: str
    arguments: tuple[Expr, ...]
    sizes: tuple[Dim, ...]
    result_shape: Shape

    @cached_property
    def shape(self) -> Shape:
        return self.result_shape

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.arguments

    @property
    def key(self) -> tuple[Any, ...]:
        arguments = [a.identity for a in self.arguments]
        if self.function == "tr":
            arguments = [_trace_identity(self.arguments[0])]
        elif self.function in ("det", "logdet"):
            arguments = [min(arguments[0], _algebra("transpose")(self.arguments[0]).identity)]
        elif self.function.startswith("frechet"):  # symmetric in its directions
            arguments[1:] = sorted(arguments[1:])
        return ("Call", self.function, tuple(arguments), self.sizes)

    def rebuild(self, args: tuple[Expr, ...]) -> Expr:
        return _algebra("call")(self.function, *args, sizes=self.sizes)


def _trace_identity(argument: Expr) -> Any:
    """The same for every rotation of the product under the trace, and for its transpose."""
    if not isinstance(argument, Product):
        return min(argument.identity, _algebra("transpose")(argument).identity)
    forward = [f.identity for f in argument.chain]
    backward = [_algebra("transpose")(f).identity for f in reversed(argument.chain)]
    rotations = [tuple(c[k:] + c[:k]) for c in (forward, backward) for k in range(len(c))]
    return min(rotations)


def own_number(e: Expr) -> Fraction:
    """The number that stands in an expression itself: its value or its coefficient; 0 for none."""
    return Fraction(e.value if isinstance(e, Number) else e.coefficient if isinstance(e, Product) else 0)


def parts(expressions: Iterable[Expr]) -> Iterator[Expr]:
    """Every expression that is one of these or inside one, each once."""
    waiting, seen = list(expressions), set()
    while waiting:
        e = waiting.pop()
        if e not in seen:
            seen.add(e)
            waiting.extend(e.args)
            yield e
