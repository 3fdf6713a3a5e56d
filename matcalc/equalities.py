"""Records that are no derivatives: equalities, integrals, and properties of the members of a structure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from matcalc.evaluation import arrays
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.latex import to_latex
from matcalc.expression.scope import Scope, symbols
from matcalc.expression.simplification import same_by_form
from matcalc.expression.text import to_unicode
from matcalc.indices import Formula
from matcalc.indices import to_latex as indices_to_latex
from matcalc.lazy import cached_property
from matcalc.oracle.measurement import Question, magnitude, relative_error, weigh
from matcalc.oracle.sampling import Points, sample, size_assignments
from matcalc.proof import Proof, fixed_sizes, single
from matcalc.records import Printed, Record

Array = np.ndarray

BY_NUMPY = ("NumPy",)


@dataclass(frozen=True)
class Quantity:
    """What has no name in the language: how it prints, its value at points, (points, rows, columns), and by what.

    `size` is that of the terms of its value at every point, where they may cancel: what rounding is measured against.
    """

    unicode: str
    latex: str
    value: Callable[[Points], Array]
    by: tuple[str, ...] = BY_NUMPY
    size: Callable[[Points], Array] | None = None

    def magnitude(self, at: Points) -> Array:
        """Its size at every point: that of its value, unless `size` says better."""
        return self.size(at) if self.size is not None else np.abs(self.value(at)).max((-2, -1))


def entries(formula: str, **matrices: str) -> Quantity:
    """The matrix whose entries are given in index notation: `entries("a_ij b_ij", a="A", b="B")`."""
    read = Formula.read(formula)

    def value(at: Points) -> Array:
        return read({letter: at.values[name] for letter, name in matrices.items()}, "ij")

    return Quantity(f"({formula})", f"({indices_to_latex(formula)})", value)


@dataclass(frozen=True, eq=False, kw_only=True)
class Equality(Record):
    """Two sides are equal wherever both have a value; each is text of the language or a quantity."""

    kind = "equality"
    left: str | Quantity
    right: str | Quantity

    @cached_property
    def _scope(self) -> Scope:
        return Scope(self.declarations)

    @cached_property
    def _sides(self) -> tuple[Expr | Quantity, Expr | Quantity]:
        left = self._read(self.left, like=None)
        return left, self._read(self.right, like=left)

    def _read(self, side: str | Quantity, like: Expr | Quantity | None) -> Expr | Quantity:
        if isinstance(side, Quantity):
            return side
        return self._scope.read(side, like=like.shape if isinstance(like, Expr) else None)[0]

    def attempt(self) -> Proof:
        written = [side for side in self._sides if isinstance(side, Expr)]
        points = sample(written, self.symbols, sizes=size_assignments)  # the nodes of a quadrature grow with the size
        trials = [(at, self._error(at)) for at in points]
        others = {"equal by form": single(0.0)} if len(written) == 2 and same_by_form(*written) else {}
        by = dict.fromkeys(name for side in self._sides for name in (BY_NUMPY if isinstance(side, Expr) else side.by))
        return Proof(weigh(trials, oracles=tuple(by)), others, self.structures, tuple(self._questions(written)))

    def _error(self, at: Points) -> Array:
        left, right = self._sides
        scale = np.maximum(_magnitude(left, at), _magnitude(right, at))
        return relative_error(_value(left, at), _value(right, at), scale)

    def _questions(self, written: list[Expr]) -> Iterator[Question]:
        """Whether JAX gives what is written in the language the value that NumPy does."""
        (at,) = sample(written, self.symbols, per_size=1, sizes=fixed_sizes)
        for e in written:
            yield Question(lambda values, e=e: _value_in_jax(e, values, at), (at.values,), at(e), route="JAX")

    @cached_property
    def symbols(self) -> frozenset[Symbol]:
        assert self._sides
        self._scope.read()  # what is declared and not written
        return frozenset(self._scope.symbols.values())

    @property
    def sides(self) -> tuple[Printed, Printed]:
        left, right = self._sides
        return _printed(left), _printed(right)


class Integral(Equality):
    """An equality with an integral, as a quantity by quadrature."""

    kind = "integral"


@dataclass(frozen=True, eq=False, kw_only=True)
class Property(Record):
    """What is so of every member of a structure; `error` says of every point by how much it is not."""

    kind = "property"
    says: str
    in_latex: str
    error: Callable[[Points], Array]

    def attempt(self) -> Proof:
        with np.errstate(all="ignore"):
            trials = [(at, np.asarray(self.error(at), float)) for at in sample([], self.symbols)]
        return Proof(weigh(trials, oracles=("NumPy",)), {}, self.structures)

    @cached_property
    def symbols(self) -> frozenset[Symbol]:
        return frozenset(symbols(*self.declarations))

    @property
    def statement(self) -> str:
        return self.says

    @property
    def latex(self) -> str:
        return self.in_latex


def _printed(side: Expr | Quantity) -> Printed:
    return (to_unicode(side), to_latex(side)) if isinstance(side, Expr) else (side.unicode, side.latex)


def _value(side: Expr | Quantity, at: Points) -> Array:
    with np.errstate(all="ignore"):
        return at(side) if isinstance(side, Expr) else side.value(at)


def _magnitude(side: Expr | Quantity, at: Points) -> Array:
    return magnitude(side, at) if isinstance(side, Expr) else side.magnitude(at)


def _value_in_jax(e: Expr, values: Mapping[str, Any], at: Points) -> Any:
    return jnp.broadcast_to(Evaluation(values, at.sizes, arrays.Jax())(e), at(e).shape)
