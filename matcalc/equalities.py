"""Records that are no derivatives: equalities, integrals, and properties of the members of a structure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np

from matcalc import arrays
from matcalc.evaluate import Evaluation
from matcalc.expr import Expr, Symbol
from matcalc.indices import Formula
from matcalc.indices import to_latex as indices_to_latex
from matcalc.latex import to_latex
from matcalc.oracle import Question, relative_error, weigh
from matcalc.proof import Proof, fixed_sizes, single
from matcalc.records import Printed, Record
from matcalc.sampling import Points, sample
from matcalc.scope import Scope, symbols
from matcalc.simplification import same_by_form
from matcalc.text import to_unicode

Array = np.ndarray


@dataclass(frozen=True)
class Quantity:
    """What has no name in the language: how it prints, its value at points, (points, rows, columns), and by what."""

    unicode: str
    latex: str
    value: Callable[[Points], Array]
    by: str = "NumPy"


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
        trials = [
            (at, relative_error(*(_value(side, at) for side in self._sides))) for at in sample(written, self.symbols)
        ]
        others = {"equal by form": single(0.0)} if len(written) == 2 and same_by_form(*written) else {}
        by = tuple(dict.fromkeys("NumPy" if isinstance(side, Expr) else side.by for side in self._sides))
        return Proof(weigh(trials, oracles=by), others, self.structures, tuple(self._questions(written)))

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


def _value_in_jax(e: Expr, values: Mapping[str, Any], at: Points) -> Any:
    return jnp.broadcast_to(Evaluation(values, at.sizes, arrays.Jax())(e), at(e).shape)
