"""What a derivative in the middle of a formula is by: a symbol, its inverse or an entry, and how it moves."""

from dataclasses import dataclass, replace

import numpy as np

from matcalc.claims.meaning import Meaning
from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.oracle.measurement import structure_of
from matcalc.structure import GENERAL, Reading, Structure

CLOSED_UNDER_INVERSE = ("general", "symmetric", "spd", "diagonal", "lower", "upper", "skew")


@dataclass(frozen=True)
class Variable:
    """What a derivative is by: a symbol, or its inverse, along the directions of its free entries.

    A gradient is the sum of its slopes times `duals`, which belong to the reading.
    """

    name: str
    value: np.ndarray
    directions: np.ndarray
    duals: np.ndarray
    inverted: bool = False

    @property
    def moves(self) -> np.ndarray:
        """The directions in which the symbol itself moves."""
        return -self.value @ self.directions @ self.value if self.inverted else self.directions

    def along_entry(self, indices: tuple[int, ...], start: int) -> "Variable":
        """One entry of it, written at `start`, which moves with whatever it stands for elsewhere."""
        if len(indices) == 1 and self.directions.shape[-1] > 1:
            return self._along_column(indices[0], start)
        place = (*indices, 0)[:2]
        if not all(0 <= k < n for k, n in zip(place, self.directions.shape[1:], strict=True)):
            outside = ",".join(str(i + 1) for i in place)
            raise ShapeError(f"the index {outside} is outside of {shown_shape(self.directions)}")
        entry = self.directions[:, place[0], place[1]]
        chosen = np.flatnonzero(entry)[:1]
        if not len(chosen):
            raise ParseError("a derivative by an entry that is fixed", start)
        return replace(self, directions=self.directions[chosen] * entry[chosen, None, None])

    def _along_column(self, k: int, start: int) -> "Variable":
        """One column of it, which has one index as the entry of a vector has."""
        count, rows, columns = self.directions.shape
        if not 0 <= k < columns:
            raise ShapeError(f"the index {k + 1} is outside of {shown_shape(self.directions)}")
        if count != rows * columns or self.inverted:
            raise ParseError("a derivative by a column of a structured matrix, or of an inverse, is not read", start)
        chosen = self.directions[self.directions[:, :, k].any(axis=-1)]
        return replace(self, directions=chosen, duals=chosen[:, :, k : k + 1])

    def laid_out(self, slopes: np.ndarray, layout: str) -> np.ndarray:
        """The derivative in its shape, from the slopes (..., directions, rows, columns)."""
        basis = self.duals  # of a column its own, and of what is a vector the directions
        rows, columns = slopes.shape[-2:]
        if basis.shape == (1, 1, 1):
            return slopes[..., 0, :, :]
        if (rows, columns) == (1, 1):
            return np.einsum("...k,kij->...ij", slopes[..., 0, 0], self.duals)
        if columns == basis.shape[-1] == 1:
            jacobian = np.einsum("...ki,kj->...ij", slopes[..., 0], basis[..., 0])
            return jacobian if layout == "numerator" else jacobian.swapaxes(-1, -2)
        raise ShapeError("the derivative of a matrix by a matrix has no matrix form")


def moving(name: str, value: np.ndarray, meaning: Meaning) -> Variable:
    """A symbol as what a derivative is by, in the reading that is meant."""
    return Variable(name, value, *_directions(name, value, meaning))


def moving_inverse(name: str, value: np.ndarray, meaning: Meaning, start: int) -> Variable:
    """The inverse of a symbol, written at `start`, as what a derivative is by.

    Raises:
        ParseError, ShapeError: the inverse has another structure, or there is none.
    """
    if _structure(name, meaning).name not in CLOSED_UNDER_INVERSE:
        raise ParseError("a derivative by this inverse is not read", start)
    if value.shape[-1] != value.shape[-2]:
        raise ShapeError(f"a derivative by an inverse: {shown_shape(value)} has none")
    return replace(moving(name, value, meaning), inverted=True)


def _directions(name: str, value: np.ndarray, meaning: Meaning) -> tuple[np.ndarray, np.ndarray]:
    """In which a symbol moves, and what the slopes along them are multiplied by to make a gradient."""
    structure = GENERAL if meaning.reading is Reading.AMBIENT else _structure(name, meaning)
    basis = structure.basis(*value.shape[-2:])
    if meaning.reading is not Reading.TANGENT:
        return basis, basis
    gram = np.einsum("kij,lij->kl", basis, basis)
    return basis, np.einsum("kl,lij->kij", np.linalg.inv(gram), basis)


def _structure(name: str, meaning: Meaning) -> Structure:
    symbol = meaning.symbols.get(name)
    structure = structure_of(symbol) if symbol is not None else GENERAL
    if not structure.is_linear:
        raise MatcalcError(f"{name} is {structure.name}: it has no free entries")
    return structure


def shown_shape(value: np.ndarray) -> str:
    """A shape as a message shows it."""
    rows, columns = value.shape[-2:]
    return f"a {rows} x {columns} matrix" if rows * columns > 1 else "a scalar"
