"""Index notation: `∂ξ_kl/∂x_ij = -ξ_ki ξ_jl` is read as it is printed, and evaluated for all entries at once.

A formula is a signed sum of products of entries; δ is the identity, and an index that the left side does not have is
summed over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matcalc.errors import ParseError

Array = np.ndarray
_LETTER, _ENTRY = r"[^\W\d_]", r"[^\W\d_]_[a-z]{2}"
_TERM = re.compile(rf"([+-]?)\s*({_ENTRY}(?:\s+{_ENTRY})*)\s*")
_DERIVATIVE = re.compile(rf"∂({_LETTER})_([a-z]{{2}})/∂({_LETTER})_([a-z]{{2}}) = (.+)")
_MACROS = {"ξ": r"\xi", "δ": r"\delta", "∂": r"\partial "}


@dataclass(frozen=True)
class Formula:
    """A sum of products of entries: for each term its sign, and a matrix with two indices for each factor."""

    terms: tuple[tuple[int, tuple[tuple[str, str], ...]], ...]

    @classmethod
    def read(cls, text: str) -> "Formula":
        """Read such as `-ξ_ki ξ_jl + ξ_ki ξ_jl δ_ij`; ParseError if it is anything else."""
        if not re.fullmatch(rf"(?:{_TERM.pattern})+", text):
            raise ParseError(f"{text!r}: expected a sum of products of entries such as '-ξ_ki ξ_jl + δ_ij'")
        terms = ((-1 if sign == "-" else 1, product.split()) for sign, product in _TERM.findall(text))
        return cls(tuple((sign, tuple((f[0], f[2:]) for f in factors)) for sign, factors in terms))

    def __call__(self, matrices: Mapping[str, Array], indices: str) -> Array:
        """The value for all entries, (points, *indices), from matrices (points, rows, columns) by their letters."""
        *points, _, n = next(iter(matrices.values())).shape
        matrices = {"δ": np.broadcast_to(np.eye(n), (*points, n, n)), **matrices}
        return np.sum([sign * _product(factors, matrices, indices) for sign, factors in self.terms], axis=0)


def _product(factors: tuple[tuple[str, str], ...], matrices: Mapping[str, Array], indices: str) -> Array:
    subscripts = ",".join(f"...{pair}" for _, pair in factors)
    return np.einsum(f"{subscripts}->...{indices}", *(matrices[letter] for letter, _ in factors))


@dataclass(frozen=True)
class DerivativeFormula:
    """The derivative of every entry of one matrix by every entry of another: ∂(of)_kl/∂(by)_ij."""

    of: str
    by: str
    of_indices: str
    by_indices: str
    right: Formula

    @classmethod
    def read(cls, text: str) -> "DerivativeFormula":
        """Read such as `∂ξ_kl/∂x_ij = -ξ_ki ξ_jl`; ParseError if it is anything else."""
        match = _DERIVATIVE.fullmatch(text)
        if match is None:
            raise ParseError(f"{text!r}: expected a derivative of entries such as '∂ξ_kl/∂x_ij = -ξ_ki ξ_jl'")
        of, of_indices, by, by_indices, right = match.groups()
        return cls(of, by, of_indices, by_indices, Formula.read(right))

    def __call__(self, matrices: Mapping[str, Array]) -> Array:
        """The right side for all entries: (points, k, l, i, j)."""
        return self.right(matrices, self.of_indices + self.by_indices)

    def lay_out(self, slopes: Array, directions: Array) -> Array:
        """The left side for all entries, from the slope of `of` along the direction of each free entry of `by`."""
        k, i = self.of_indices, self.by_indices
        return np.einsum(f"pd{k},pd{i}->p{k}{i}", slopes, directions)


def to_latex(text: str) -> str:
    """A formula in index notation, or one side of it, in LaTeX."""
    text = re.sub(rf"∂({_ENTRY})/∂({_ENTRY})", r"\\frac{∂\1}{∂\2}", text)
    text = re.sub(rf"({_LETTER})_([a-z]+)", r"\1_{\2}", text)
    return "".join(_MACROS.get(c, c) for c in text)
