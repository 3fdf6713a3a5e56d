"""An exact oracle for rational claims: both sides at random points of a large prime field.

A claim made of + - * /, inverse, det, tr, transpose, Hadamard, kron and integer powers equates rational functions of
the entries; a logarithm counts as one where only its derivative enters. A wrong equation of degree d holds at a random
point of the field with probability at most d / 2^61 (Schwartz 1980, Zippel 1979).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from random import Random
from typing import Any

import numpy as np

from matcalc.expression.expr import Expr, Symbol
from matcalc.oracle.exact_evaluation import ExactEvaluation
from matcalc.oracle.jets import PRIME, InexactError, Jet, Residues, Unknown
from matcalc.oracle.measurement import SECOND_DIFFERENTIAL, Evidence, structure_of
from matcalc.oracle.sampling import dimension_names, size_assignments
from matcalc.structure import GENERAL, HALF, STRUCTURES, Reading, Structure

ORACLE = "exact arithmetic modulo 2^61 - 1"
INSTANCES = 2
ATTEMPTS = 3
ROUNDING = 1e-3  # of a relative error: beyond it two sides differ in more than rounding

FIRST, SECOND = 1, 2  # the bits of the nilpotents


# --- points ----------------------------------------------------------------------------------------------------------


def _random(rng: Random, rows: int, columns: int) -> Residues:
    return np.array([[rng.randrange(1, PRIME) for _ in range(columns)] for _ in range(rows)], object)


def _member(structure: Structure, rng: Random, rows: int, columns: int) -> Residues:
    """A random matrix of a structure; an orthogonal one by Cayley's transform of a skew one."""
    if structure.is_linear:
        theta = np.array([rng.randrange(1, PRIME) for _ in range(structure.free_count(rows, columns))], object)
        return np.asarray(structure.fill(theta, rows, columns)) % PRIME
    skew, eye = Jet({0: _member(STRUCTURES["skew"], rng, rows, rows)}), Jet({0: np.eye(rows, dtype=object)})
    return ((eye + skew.scaled(-1)) @ (eye + skew).inverse()).parts[0]


def _tangent(structure: Structure, rng: Random, position: Residues) -> Residues:
    """A random direction in which a structure goes on: X times a skew matrix for orthogonal matrices."""
    if structure.is_linear:
        return _member(structure, rng, *position.shape)
    return position @ _member(STRUCTURES["skew"], rng, *position.shape) % PRIME


# --- agreement -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExactClaim:
    """A claim about an expression: equal to it, without a variable, or its derivative."""

    e: Expr
    claim: Expr
    variable: Symbol | None = None
    kind: str = "equality"
    order: int = 1
    layout: str = "numerator"

    def holds(self, reading: Reading = Reading.AMBIENT, seed: int = 0) -> bool | None:
        """Whether the claim is right at points of several sizes; None where it is not rational."""
        symbols = self.e.symbols | self.claim.symbols | ({self.variable} if self.variable is not None else set())
        sizes = islice(size_assignments(dimension_names([self.e, self.claim], symbols)), INSTANCES)
        found = [self._holds_at(s, reading, seed + k) for k, s in enumerate(sizes)]
        decided = [f for f in found if f is not None]
        return all(decided) if decided else None

    def decide(self, found: Evidence, reading: Reading = Reading.AMBIENT) -> Evidence:
        """The evidence of floating point with the word of exact arithmetic, which decides where rounding might hide.

        Where floating point decides nothing, what holds exactly may still have no value in the reals.
        """
        if found.decided and found.max_relative_error > ROUNDING:
            return found
        holds = self.holds(reading)
        if holds is None or (holds and not found.decided):
            return found
        return replace(found, ok=holds, decided=True, oracles=(*found.oracles, ORACLE))

    def _holds_at(self, sizes: Mapping[str, int], reading: Reading, seed: int) -> bool | None:
        for attempt in range(ATTEMPTS):
            try:
                return _Point(self, sizes, reading, Random(1000 * seed + attempt)).agrees()
            except InexactError:
                continue
        return None


class _Point:
    """A claim at one random point, along one or two random directions."""

    def __init__(self, about: ExactClaim, sizes: Mapping[str, int], reading: Reading, rng: Random) -> None:
        self.about, self.sizes, self.reading = about, sizes, reading
        self.structure = GENERAL if about.variable is None else structure_of(about.variable)
        own = {about.variable.name, "d" + about.variable.name} if about.variable is not None else set()
        symbols = sorted(about.e.symbols | about.claim.symbols, key=lambda s: s.name)
        self.values = {s.name: Jet({0: self._draw(s, rng)}) for s in symbols if s.name not in own}
        if about.variable is not None:
            self.position = self._draw(about.variable, rng)
            self.directions = [self._direction(rng), self._direction(rng)]
            if self._turns:
                self.directions[1] = _random(rng, *self.position.shape)
            if about.kind == SECOND_DIFFERENTIAL:  # along one direction twice
                self.directions[1] = self.directions[0]

    def _draw(self, s: Symbol, rng: Random) -> Residues:
        return _member(structure_of(s), rng, *(d.size(self.sizes) for d in s.shape))

    def _direction(self, rng: Random) -> Residues:
        if self.reading is Reading.AMBIENT:
            return _random(rng, *self.position.shape)
        return _tangent(self.structure, rng, self.position)

    @property
    def _turns(self) -> bool:
        """Whether the tangent space, on which a gradient is projected, turns as the point moves."""
        return self.about.order == 2 and self.reading is Reading.TANGENT and not self.structure.is_linear

    def agrees(self) -> bool:
        """Whether the two sides are the same."""
        about = self.about
        if about.variable is None:
            return _same(self._value(about.e, {}), self._value(about.claim, {}))
        claimed, measured = self._claimed(), self._measured()
        if about.kind == SECOND_DIFFERENTIAL or (about.kind == "differential" and about.order == 1):
            return _same(claimed, measured)
        if about.kind == "gradient" or (about.order == 2 and about.kind != "hessian"):
            return _same(self._paired(claimed), measured) and self._is_read(claimed)
        if about.variable.is_scalar:
            factor = prod(d[0, 0] for d in self.directions[: about.order])
            return _same(claimed * factor, measured)
        first, second = map(_vec, self.directions)
        if about.kind == "hessian":
            return _same(first.T @ claimed @ second, measured)
        jacobian = claimed if about.layout == "numerator" else claimed.T
        return _same(jacobian @ first, _vec(measured))

    def _value(self, e: Expr, own: Mapping[str, Jet], bits: int = 0) -> Residues:
        """A coefficient of the value of an expression."""
        rows, columns = (d.size(self.sizes) for d in e.shape)
        value = ExactEvaluation({**self.values, **own}, self.sizes)(e).parts.get(bits, np.zeros((1, 1), object))
        if any(isinstance(v, Unknown) for v in value.flat):
            raise InexactError("the value of a logarithm")
        return np.broadcast_to(value, (rows, columns))

    def _claimed(self) -> Residues:
        assert self.about.variable is not None
        name = self.about.variable.name
        own = {name: Jet({0: self.position}), "d" + name: Jet({0: self.directions[0]})}
        claimed = self._value(self.about.claim, own)
        if self.about.kind == "vectorised" and self.about.order == 2:
            return (claimed @ _vec(self.directions[0])).reshape(self.position.shape[::-1]).T
        return claimed

    def _measured(self) -> Residues:
        """The derivative of the expression along the first direction, or along both."""
        assert self.about.variable is not None
        moved = Jet({0: self.position, FIRST: self.directions[0]})
        if self.about.order == 1:
            return self._value(self.about.e, {self.about.variable.name: moved}, FIRST)
        second = Jet({0: self.directions[1]})
        if self._turns:  # the projection of W at Y is (W - Y W' Y) / 2, and is its own transpose
            second = (second + (moved @ second.map(np.transpose) @ moved).scaled(-1)).scaled(HALF)
        both = moved + second * Jet({SECOND: np.array([[1]], object)})
        return self._value(self.about.e, {self.about.variable.name: both}, FIRST | SECOND)

    def _paired(self, claimed: Residues) -> Residues:
        """What a gradient says of the derivative along a direction, in its reading."""
        direction = self.directions[self.about.order - 1]
        if self.reading is Reading.ENTRYWISE:
            return np.array([[self.structure.free(claimed) @ self.structure.free(direction)]], object)
        return np.array([[np.sum(claimed * direction)]], object)

    def _is_read(self, claimed: Residues) -> bool:
        """Whether a gradient lies where its reading says: in the tangent space, or laid out like the variable."""
        if self.reading is Reading.AMBIENT or self._turns:  # paired with any matrix
            return True
        if self.structure.is_linear:
            return _same(self.structure.fill(self.structure.free(claimed), *claimed.shape), claimed)
        return _same(self.position.T @ claimed, -claimed.T @ self.position)


def _vec(a: Residues) -> Residues:
    return a.T.reshape(-1, 1)


def _same(a: Any, b: Any) -> bool:
    return not np.any((a - b) % PRIME)
