"""Points at which an expression is tried: sizes all different, 1 among them, values in the domain of the expression."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from matcalc.errors import DomainError
from matcalc.evaluation.arrays import NumPy
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.expr import Expr, Number, Opaque, Power, Product, Size, Symbol, parts
from matcalc.lazy import cached_property
from matcalc.shape import SCALAR
from matcalc.structure import GENERAL, STRUCTURES

MAX_CONDITION = 1e7
DETERMINANT_NOISE = 1e-14  # of what a determinant with rows so long is at random: √e less for every row
CANDIDATES = 6
LARGE = (6, 5)  # one point of these is enough
LARGER = (11, 9)  # for what may depend on a size itself
LARGEST = 26  # for long products


class GuardedNumPy(NumPy):
    """NumPy that answers NaN, or a determinant of 0, instead of noise where a matrix is singular by its rounding."""

    def inverse(self, a: np.ndarray) -> np.ndarray:
        inverse = super().inverse(a)
        return np.where(_is_regular(a, inverse), inverse, np.nan)

    def determinant(self, a: np.ndarray) -> np.ndarray:
        det = super().determinant(a)
        usual = np.prod(np.linalg.norm(a.real, axis=-1) / np.sqrt(np.e), axis=-1)[..., None, None]
        return det - np.where(np.abs(det.real) < DETERMINANT_NOISE * usual, det.real, 0)

    def log_determinant(self, a: np.ndarray) -> np.ndarray:
        return np.where(_is_regular(a, super().inverse(a.real)), super().log_determinant(a), np.nan)


def _is_regular(a: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Whether the condition number is moderate, in the 1-norm, for which the inverse is known: (..., 1, 1)."""
    with np.errstate(all="ignore"):
        return _norm1(a) * _norm1(inverse) < MAX_CONDITION


def _norm1(a: np.ndarray) -> np.ndarray:
    return np.abs(a.real).sum(-2, keepdims=True).max(-1, keepdims=True, initial=0)


GUARDED = GuardedNumPy()


@dataclass(frozen=True, eq=False)
class Points:
    """Several points of one set of sizes: `values[name]` is (points, rows, columns)."""

    sizes: Mapping[str, int]
    values: Mapping[str, np.ndarray]

    def evaluation(self, values: Mapping[str, np.ndarray]) -> Evaluation:
        """How expressions are evaluated at these points, of which some values are replaced."""
        return Evaluation(values, self.sizes, GUARDED)

    @cached_property
    def _evaluation(self) -> Evaluation:
        return self.evaluation(self.values)

    @property
    def count(self) -> int:
        """How many points there are."""
        return max((len(v) for v in self.values.values()), default=1)

    def take(self, keep: np.ndarray) -> "Points":
        """The points of some indices."""
        return replace(self, values={n: v[keep] for n, v in self.values.items()})

    def at(self, **values: np.ndarray) -> "Points":
        """The same points with some values replaced."""
        return replace(self, values={**self.values, **values})

    def __call__(self, e: Expr) -> np.ndarray:
        """The value of an expression at every point, (points, rows, columns); NaN where it has none."""
        with np.errstate(all="ignore"):
            try:
                value = self._evaluation(e)
            except np.linalg.LinAlgError:
                value = np.asarray(np.nan)
        rows, columns = (d.size(self.sizes) for d in e.shape)
        return np.broadcast_to(value, np.broadcast_shapes(np.shape(value), (self.count, rows, columns)))


def few_sizes(names: Iterable[str]) -> Iterator[dict[str, int]]:
    """Sizes that tell every dimension apart: no two equal in one assignment, and a 1 in the third."""
    ordered = sorted(names)
    k = len(ordered)
    pool = list(range(2, k + 3))
    yield dict(zip(ordered, pool[1:] + pool[:1], strict=False))
    yield dict(zip(ordered, reversed(pool), strict=False))
    for one in range(min(max(k, 1), 3)):
        rest = iter(pool[1:] + pool[:1])
        yield {n: 1 if i == one else next(rest) for i, n in enumerate(ordered)}
    yield dict(zip(ordered, pool, strict=False))


def size_assignments(names: Iterable[str], large: Sequence[int] = LARGE) -> Iterator[dict[str, int]]:
    """Such sizes, and those above 4 at last: for one dimension or two as large as is said.

    For some identities hold in few dimensions only: tr X⁴ = ½ (tr X²)² for a skew X up to 3 x 3.
    """
    ordered = sorted(names)
    yield from few_sizes(ordered)
    if len(ordered) > len(large):
        large = range(LARGE[0], LARGE[0] + len(ordered))
    if ordered:
        yield dict(zip(ordered, large, strict=False))


def names_a_size(e: Expr) -> bool:
    """Whether an expression depends on a size itself, as far as is known."""
    is_open = isinstance(e, Size) or (isinstance(e, Opaque) and e.may_name_a_size)
    return is_open or any(map(names_a_size, e.args))


def longest_product(e: Expr) -> int:
    """How many square matrices are multiplied in an expression: strictly triangular ones, if no larger, give 0."""
    match e:
        case Product(_, scalars, chain):
            return sum(map(longest_product, (*scalars, *chain)))
        case Power(base, Number(exponent)):
            return math.ceil(abs(exponent)) * longest_product(base)
    own = int(e.shape[0] == e.shape[1] and not e.is_scalar)
    return max([own, *map(longest_product, e.args)])


def _beyond(expressions: Sequence[Expr]) -> tuple[int, int]:
    """Sizes at which no product in expressions is 0, nor the next ones, for all of its factors being nilpotent."""
    longest = max(map(longest_product, expressions), default=0)
    size = min(2 + longest + longest // 3, LARGEST)
    return size, size - 1


def _positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.3, 1.7, shape)


def _small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-0.6, 0.6, shape)


def _near_identity(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    small = rng.uniform(0.02, 0.25, shape)
    return small + np.eye(shape[-1]) if shape[-1] == shape[-2] else small


def _well_conditioned(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    if shape[-1] == shape[-2] > 1:
        return GENERAL.sample(rng, shape[-2], shape[-1], batch=shape[:-2])
    return rng.standard_normal(shape)


# From the plainest to the tamest: the first under which the expressions have a value is taken.
FLAVOURS = (_well_conditioned, _positive, _near_identity, _small)


def draw(symbol: Symbol, sizes: Mapping[str, int], rng: np.random.Generator, count: int, flavour) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Random values of a symbol that are members of its structure, (count, rows, columns)."""
    rows, columns = (d.size(sizes) for d in symbol.shape)
    if symbol.structure == "positive":
        return _positive(rng, (count, 1, 1))
    structure = STRUCTURES[symbol.structure]
    if structure is not GENERAL:
        return structure.sample(rng, rows, columns, batch=(count,))
    if symbol.shape == SCALAR and flavour is _well_conditioned:
        return rng.uniform(0.4, 1.9, (count, 1, 1)) * rng.choice([-1, 1], (count, 1, 1))
    return flavour(rng, (count, rows, columns))


def dimension_names(expressions: Sequence[Expr], symbols: Iterable[Symbol]) -> set[str]:
    """The names of all sizes in expressions and symbols."""
    return {
        name
        for e in parts([*expressions, *symbols])
        for d in (*e.shape, *([e.dim] if isinstance(e, Size) else []))
        for name in d.names
    }


def sample(
    expressions: Sequence[Expr],
    symbols: Iterable[Symbol],
    per_size: int = 3,
    seed: int = 0,
    sizes: Callable[[Iterable[str]], Iterable[dict[str, int]]] | None = None,
) -> list[Points]:
    """Points in the common domain of expressions, at several sets of sizes: what `sizes` says of the names of all.

    Raises:
        DomainError: no point was found at which every expression has a finite value.
    """
    ordered = sorted(set(symbols).union(*(e.symbols for e in expressions)), key=lambda s: s.name)
    found: list[Points] = []
    overflows = False
    if sizes is None:
        usual = LARGER if any(map(names_a_size, expressions)) else LARGE
        sizes = partial(size_assignments, large=max(usual, _beyond(expressions)))
    for k, assigned in enumerate(sizes(dimension_names(expressions, ordered))):
        for f, flavour in enumerate(FLAVOURS):
            rng = np.random.default_rng([seed, k, f])
            values = {s.name: draw(s, assigned, rng, CANDIDATES, flavour) for s in ordered}
            points = Points(assigned, values)
            finite = np.ones(CANDIDATES, bool)
            for value in map(points, expressions):
                has_value = np.isfinite(value).all((-2, -1))
                finite &= has_value
                overflows |= not has_value.all() and bool(np.isinf(value).any())
            wanted = 1 if max(assigned.values(), default=0) >= LARGE[0] else per_size
            keep = np.flatnonzero(finite)[:wanted]
            if len(keep) == wanted or (len(keep) and f == len(FLAVOURS) - 1):
                found.append(points.take(keep))
                break
    if not found:
        reason = (
            "a value is beyond the largest number" if overflows else
            "a logarithm or a root of a negative number, or a matrix that is singular at every size; declare "
            "structures (spd, positive) to say where it lives"
        )  # fmt: skip
        raise DomainError(f"no point was found at which the expression has a finite value: {reason}")
    return found


def spread(
    expressions: Sequence[Expr], symbols: Iterable[Symbol], factors: Sequence[float], seed: int = 0
) -> Iterator[Points]:
    """Points `factors` times as far from 0 as those of `sample`, at which all expressions have a value, if any.

    What is right around 1 may saturate, have a kink or another branch elsewhere, or be too small there to be seen: the
    next term of a long series.
    """
    ordered = sorted(set(symbols).union(*(e.symbols for e in expressions)), key=lambda s: s.name)
    beyond = _beyond(expressions)
    at, count = (-1, 1) if beyond > LARGE else (0, CANDIDATES)
    assigned = list(size_assignments(dimension_names(expressions, ordered), beyond))[at]
    for k, factor in enumerate(factors):
        rng = np.random.default_rng([seed, k])
        values = {s.name: draw(s, assigned, rng, count, _well_conditioned) for s in ordered}
        values = {s.name: _further(s, values[s.name], factor) for s in ordered}
        points = Points(assigned, values)
        finite = np.all([np.isfinite(points(e)).all((-2, -1)) for e in expressions], axis=0)
        keep = np.flatnonzero(np.broadcast_to(finite, (2 * count,)))
        if len(keep):
            yield points.take(keep)


# Members unlike those that are drawn, whose eigenvalues are of one order of magnitude, made of these: A B + B A is
# definite for spd A and B that are nearly multiples of I.
UNEVEN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "spd": lambda a: np.linalg.matrix_power(a, 4),
    "positive": lambda a: a**4,
    "toeplitz": lambda a: 0.9 * a * np.eye(a.shape[-1]) - a,
}


def _further(symbol: Symbol, values: np.ndarray, factor: float) -> np.ndarray:
    """Values that much further from 0, on both sides of it where the structure allows, else some of them uneven."""
    if symbol.structure == "orthogonal":
        return np.concatenate([values, values])
    return np.concatenate([values, UNEVEN.get(symbol.structure, np.negative)(values)]) * factor


def gaps(e: Expr, claim: Expr, symbols: Iterable[Symbol]) -> Iterator[tuple[Points, np.ndarray]]:
    """Points at which an expression has a value, and which of them a claim has none at, for each set of sizes."""
    for points in sample(
        [e], {*symbols, *claim.symbols}, CANDIDATES // 4
    ):  # of those tried first, without signs forced
        yield points, ~np.isfinite(points(claim)).all((-2, -1))


def integer_points(
    expressions: Sequence[Expr], symbols: Iterable[Symbol], without: str | None = None, seed: int = 0
) -> Iterator[Points]:
    """Single points with small integers as entries, sizes 2, 3, ..., at which every expression has a value."""
    ordered = sorted(set(symbols).union(*(e.symbols for e in expressions)), key=lambda s: s.name)
    ordered = [s for s in ordered if s.name != without]
    sizes = {n: 2 + k for k, n in enumerate(sorted(dimension_names(expressions, ordered)))}
    rng = np.random.default_rng(seed)
    evaluated = [e for e in expressions if without not in e.names]
    for _ in range(20):
        points = Points(sizes, {s.name: _integers(s, sizes, rng) for s in ordered})
        if all(np.isfinite(points(e)).all() for e in evaluated):
            yield points


def _integers(symbol: Symbol, sizes: Mapping[str, int], rng: np.random.Generator) -> np.ndarray:
    rows, columns = (d.size(sizes) for d in symbol.shape)
    values = rng.integers(-2, 4, (1, rows, columns)).astype(float)
    match symbol.structure:
        case "positive":
            return np.abs(values) + 1
        case "spd":
            return values @ values.mT + np.eye(rows)
        case "orthogonal":
            return np.eye(rows)[None, rng.permutation(rows)]
        case "general":
            return values
    structure = STRUCTURES[symbol.structure]
    return np.asarray(structure.fill(structure.free(values), rows, columns))
