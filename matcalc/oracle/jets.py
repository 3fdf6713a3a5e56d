"""Matrices over a large prime field, with nilpotents for derivatives: arithmetic that rounds nothing.

The nilpotents e_1, e_2, ... have e_i² = 0: f(X + e_1 D) = f(X) + e_1 df(D), and the coefficient of e_1 e_2 in
f(X + e_1 D_1 + e_2 D_2) is the second derivative along D_1 and D_2 (hyper-dual numbers, Fike & Alonso 2011).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

PRIME = 2**61 - 1

Residues = np.ndarray  # of Python integers, rows x columns


class InexactError(Exception):
    """An expression has no value in the field: it is not rational, or singular at the point."""


class Unknown:
    """The value of a logarithm: what depends on it has no value in the field, what depends on its derivative has."""

    def _same(self, *_: object) -> "Unknown":
        return self

    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = _same


@dataclass(frozen=True)
class Jet:
    """A matrix: the coefficient of each product of nilpotents, by the bits of those that are in it."""

    parts: Mapping[int, Residues]

    def map(self, linear: Callable[[Residues], Residues]) -> "Jet":
        """A linear function of the matrix."""
        return Jet({bits: linear(part) % PRIME for bits, part in self.parts.items()})

    def times(self, other: "Jet", product: Callable[[Residues, Residues], Residues]) -> "Jet":
        """A function bilinear in two matrices."""
        parts: dict[int, Residues] = {}
        for j, a in self.parts.items():
            for k, b in other.parts.items():
                if not j & k:
                    parts[j | k] = (parts.get(j | k, 0) + product(a, b)) % PRIME
        return Jet(parts)

    def __add__(self, other: "Jet") -> "Jet":
        bits = self.parts.keys() | other.parts.keys()
        return Jet({b: (self.parts.get(b, _ZERO) + other.parts.get(b, _ZERO)) % PRIME for b in bits})

    def __mul__(self, other: "Jet") -> "Jet":
        """Entry by entry; a scalar with every entry."""
        return self.times(other, np.multiply)

    def __matmul__(self, other: "Jet") -> "Jet":
        return self.times(other, np.matmul)

    def scaled(self, factor: Fraction | int) -> "Jet":
        """Times a rational."""
        residue = as_residue(Fraction(factor))
        return self.map(lambda part: part * residue)

    def power(self, k: int) -> "Jet":
        """Every entry to an integer power."""
        base = self if k >= 0 else self.reciprocal()
        result = constant(1)
        for bit in f"{abs(k):b}":
            result = result * result * (base if bit == "1" else constant(1))
        return result

    def reciprocal(self) -> "Jet":
        """One over every entry, by Newton's iteration, which ends as the nilpotents do."""
        result = self._reciprocal_value()
        for _ in range(2):
            result = result * (constant(2) + (result * self).scaled(-1))
        return result

    def logarithm(self) -> "Jet":
        """The logarithm of every entry: its derivatives, up to the second, without its value."""
        u = self * self._reciprocal_value() + constant(-1)
        series = u + (u * u).scaled(Fraction(-1, 2))
        return Jet({**series.parts, 0: np.full(self.parts[0].shape, Unknown())})

    def _reciprocal_value(self) -> "Jet":
        value = self.parts[0]
        return Jet({0: np.array([inverse_residue(v) for v in value.flat], object).reshape(value.shape)})

    def trace(self) -> "Jet":
        """The trace, 1 x 1."""
        return self.map(lambda part: _scalar(np.trace(part)))

    def total(self) -> "Jet":
        """The sum of all entries, 1 x 1."""
        return self.map(lambda part: _scalar(np.sum(part)))

    def determinant_and_adjugate(self) -> "tuple[Jet, Jet]":
        """By the method of Faddeev and LeVerrier, which divides by integers only."""
        n = len(self.parts[0])
        eye = Jet({0: np.eye(n, dtype=object)})
        adjugate, coefficient = eye, self.trace()
        for k in range(2, n + 1):
            adjugate = self @ adjugate + (coefficient * eye).scaled(-1)
            coefficient = (self @ adjugate).trace().scaled(Fraction(1, k))
        sign = 1 if n % 2 else -1
        return coefficient.scaled(sign), adjugate.scaled(sign)

    def inverse(self) -> "Jet":
        """The inverse of the matrix."""
        determinant, adjugate = self.determinant_and_adjugate()
        return adjugate * determinant.reciprocal()

    def matrix_power(self, k: int) -> "Jet":
        """The matrix to an integer power other than 0."""
        result = base = self if k > 0 else self.inverse()
        for _ in range(abs(k) - 1):
            result = result @ base
        return result


def _scalar(value: Any) -> Residues:
    return np.array([[value]], object)


_ZERO = _scalar(0)


def constant(value: Fraction | int) -> Jet:
    """A rational number."""
    return Jet({0: _scalar(as_residue(Fraction(value)))})


def as_residue(value: Fraction) -> int:
    """A rational number as an element of the field."""
    return value.numerator * inverse_residue(value.denominator) % PRIME


def inverse_residue(a: Any) -> int:
    """1 / a in the field.

    Raises:
        InexactError: a is zero, or the value of a logarithm.
    """
    if isinstance(a, Unknown) or a % PRIME == 0:
        raise InexactError("division by what is zero or unknown")
    return pow(a, -1, PRIME)
