r"""Formulas with indices, integrals, expectations and derivatives in their middle, evaluated at a point.

What has no closed form in the language is given a meaning by numbers: `\sum_{i=1}^n`, `x_{ij}`, `\delta_{ij}`,
`\int_{\mathbb{R}^D} ... dx`, `\mathbb{E}[...]`, `\frac{\partial f}{\partial x_{ij}}`. Every array is (..., rows,
columns); an index is an integer; a derivative is a complex step along the free entries of its variable, so that it is
exact to rounding, passes through a Gaussian integral, and is read as asked where its variable is structured.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from matcalc import shape
from matcalc.claims.integrals import exponents, integrate
from matcalc.claims.meaning import Meaning, applied, capital
from matcalc.claims.unsized import before_row_of_ones, is_identity, is_ones, is_row_of_ones, is_spread
from matcalc.claims.variables import Variable, moving, moving_inverse, shown_shape
from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.evaluation import kernels
from matcalc.language.plain import BEHIND, DOT, bare, constant, require_vector
from matcalc.language.syntax import Syntax, walk
from matcalc.oracle.measurement import STEP
from matcalc.oracle.sampling import FLAVOURS, GUARDED, UNEVEN, draw, size_assignments
from matcalc.shape import ELEMENTWISE, RIGID, Dim, Operand
from matcalc.structure import Reading

MAX_DEPTH = 150
LONGEST = 10_000  # terms of a sum
MORE = 3  # points where there are uneven members
LARGE = 5  # for what has one dimension only: some identities of skew matrices hold up to 3 x 3
REAL_STEP = 1e-3  # of differences of the fourth order, whose error is about 1e-11 where values are about 1
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


# --- a point ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """Values for the names of a formula, and the evaluation of formulas there.

    `values` may carry leading axes, of integration points or of directions; `still` are the real values without them,
    from which the Gaussians of integrals are taken.
    """

    meaning: Meaning
    sizes: Mapping[str, int]
    values: Mapping[Any, np.ndarray]
    still: Mapping[Any, np.ndarray]
    indices: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    known: dict[Any, Any] = field(default_factory=dict, repr=False)

    def bind(self, key: Any, value: np.ndarray, still: np.ndarray | None = None) -> "Point":
        """The point with a new leading axis, along which one value varies."""
        spread = {k: v[..., None, :, :] if v.ndim > 2 else v for k, v in self.values.items()}
        kept = {k: v for k, v in self.still.items() if k != key} | ({key: still} if still is not None else {})
        return replace(self, values=spread | {key: value}, still=kept, known={})

    def at(self, **indices: int) -> "Point":
        """The point with some indices given."""
        there = {**self.indices, **indices}  # no `replace`, which takes longer than most terms of a sum
        return Point(self.meaning, self.sizes, self.values, self.still, there, self.seed, self.known)

    def __call__(self, tree: Syntax) -> np.ndarray:
        """The value of a formula, computed once for the same values of the indices in it."""
        key = (id(tree), *map(self.indices.get, tree.names))
        found = self.known.get(key)
        if found is None:
            operation = getattr(self, f"_{tree.operation}", None)
            if operation is None:
                raise ParseError(f"{tree.operation} is not read here", tree.start)
            found = self.known[key] = tree, operation(tree)  # the tree is kept, so that its id stays its own
        return found[1]

    # --- leaves ---

    def _number(self, tree: Syntax) -> np.ndarray:
        return np.full((1, 1), float(tree.value))

    def _name(self, tree: Syntax) -> np.ndarray:
        name = tree.value
        if name in self.indices:  # also where a size has the same letter
            return np.full((1, 1), float(self.indices[name] + 1))
        if name in self.values:
            return self.values[name]
        if name in self.meaning.definitions:
            return self._defined(name)(self.meaning.definitions[name].body)
        if name in self.sizes:
            return np.full((1, 1), float(self.sizes[name]))
        if name == "pi":
            return np.full((1, 1), np.pi)
        if name in self.meaning.unspecified:
            return self._unspecified(name, self._name(replace(tree, value=self.meaning.unspecified[name])))
        if name == "I":
            raise ParseError("I needs its size here: write I_n", tree.start)
        raise ParseError(f"{name} is not declared", tree.start)

    def _defined(self, name: str) -> "Point":
        """The point at which the definition of a name is read: itself not among the names."""
        others = {n: d for n, d in self.meaning.definitions.items() if n != name}
        return replace(self, meaning=replace(self.meaning, definitions=others), known={})

    def _unspecified(self, name: str, x: np.ndarray) -> np.ndarray:
        """Some scalar function of a matrix, smooth and without symmetry, the same wherever it is named."""
        rows, columns = x.shape[-2:]
        rng = np.random.default_rng([self.seed, *map(ord, name)])
        a, b, c = rng.uniform(-1, 1, (3, rows, columns))
        linear, twisted = (np.sum(w * x, (-2, -1), keepdims=True) for w in (a, b))
        return linear + linear * twisted + np.sum(c * x**2, (-2, -1), keepdims=True) * twisted

    # --- operations of the language ---

    def _group(self, tree: Syntax) -> np.ndarray:
        return self(tree.operands[0])

    _annotated = _group

    def _negative(self, tree: Syntax) -> np.ndarray:
        return -self(tree.operands[0])

    def _transpose(self, tree: Syntax) -> np.ndarray:
        if self._is_entry(tree.operands[0]):  # X_{ij}^T is that of Xᵀ
            base, i, j = tree.operands[0].operands
            return self(replace(tree.operands[0], operands=(base, j, i)))
        return self(tree.operands[0]).swapaxes(-1, -2)

    def _both(self, tree: Syntax, what: str, *, scalars: bool) -> tuple[np.ndarray, np.ndarray]:
        left, right = tree.operands
        if is_identity(left) != is_identity(right):  # which is as large as what it is beside
            other = self(right if is_identity(left) else left)
            return self._sized_identity(left, other), self._sized_identity(right, other)
        a, b = (self._spread(bare(o)) if is_spread(o) else self(o) for o in tree.operands)
        spread = [v for o, v in zip(tree.operands, (a, b), strict=True) if is_spread(o)]
        scalars |= any(map(_is_scalar, spread))
        if a.shape[-2:] != b.shape[-2:] and not (scalars and (_is_scalar(a) or _is_scalar(b))):
            raise ShapeError(f"{what}: {shown_shape(a)} and {shown_shape(b)} do not fit")
        return a, b

    def _sized_identity(self, tree: Syntax, other: np.ndarray) -> np.ndarray:
        """A multiple of the identity beside a square matrix, and that matrix itself."""
        tree, size = bare(tree), other.shape[-1]
        if not is_identity(tree):
            return other
        if other.shape[-2] != size:
            raise ShapeError(f"the identity beside {shown_shape(other)}")
        match tree.operation:
            case "negative":
                return -self._sized_identity(tree.operands[0], other)
            case "divide":
                return self._sized_identity(tree.operands[0], other) / self._scalar(tree.operands[1])
            case "multiply" | "juxtapose":
                return self._scalar(tree.operands[0]) * np.eye(size)
        return np.eye(size)

    def _spread(self, tree: Syntax) -> np.ndarray:
        """The number that every entry of the ones, or of a number beside a vector, is; a product that is none."""
        if tree.operation == "ones":
            return np.ones((1, 1))
        first = bare(tree.operands[0])
        match tree.operation:
            case "negative":
                return -self._spread(first)
            case "divide":
                return self._spread(first) / self._scalar(tree.operands[1])
        number = self(first)
        return number if tree.operation == "filled" or _is_scalar(number) else self(tree)

    def spread(self, tree: Syntax, shape: tuple[int, int]) -> np.ndarray:
        """The value of a side, where it is c 1 as long as the other side is."""
        if not is_spread(tree):
            return self(tree)
        value = self._spread(bare(tree))
        return np.broadcast_to(value, shape) if _is_scalar(value) and shape[1] == 1 else value

    def _add(self, tree: Syntax) -> np.ndarray:
        a, b = self._both(tree, "sum", scalars=False)
        return a + b

    def _subtract(self, tree: Syntax) -> np.ndarray:
        a, b = self._both(tree, "difference", scalars=False)
        return a - b

    def _hadamard(self, tree: Syntax) -> np.ndarray:
        a, b = self._both(tree, "elementwise product", scalars=True)
        return a * b

    def _elementwise_divide(self, tree: Syntax) -> np.ndarray:
        a, b = self._both(tree, "elementwise quotient", scalars=True)
        return a / b

    def _multiply(self, tree: Syntax) -> np.ndarray:
        left, right = tree.operands
        if is_row_of_ones(left) or (is_ones(right) and not is_row_of_ones(left)):
            return self._along_ones(left, right)
        if (before := before_row_of_ones(left)) is not None:
            return _times(self(before), self._along_ones(left.operands[1], right))
        a, b = map(self, tree.operands)
        is_inner = tree.value == DOT and a.shape[-1] == b.shape[-1] == 1 < min(a.shape[-2], b.shape[-2])
        return self._inner(tree) if is_inner else _times(a, b)

    _juxtapose = _multiply

    def _along_ones(self, left: Syntax, right: Syntax) -> np.ndarray:
        """1ᵀX, the sums of the columns, and X 1, those of the rows."""
        value, axis = (self(right), -2) if is_row_of_ones(left) else (self(left), -1)
        if _is_scalar(value):
            raise ParseError("how long the vector of ones is cannot be told: write 1_n", left.start)
        return value.sum(axis, keepdims=True)

    def _inner(self, tree: Syntax) -> np.ndarray:
        a, b = self._both(tree, "inner product", scalars=False)
        return np.sum(a * b, (-2, -1), keepdims=True)

    def _divide(self, tree: Syntax) -> np.ndarray:
        above, below = tree.operands
        return self(above) / self._scalar(below)

    def _scalar(self, tree: Syntax) -> np.ndarray:
        value = self(tree)
        if not _is_scalar(value):
            raise ShapeError(f"division by {shown_shape(value)}, or a multiple by it: expected a scalar")
        return value

    def _kronecker(self, tree: Syntax) -> np.ndarray:
        return kernels.FUNCTIONS["kron"](GUARDED, *map(self, tree.operands))

    def _power(self, tree: Syntax) -> np.ndarray:
        base, exponent = tree.operands
        value, k = self(base), constant(exponent)
        if _is_scalar(value):
            of_entry = value ** self._exponent(exponent)
            return self._power_of_entry(tree, of_entry, k) if self._is_entry(base) and k is not None else of_entry
        return self._matrix_power(value, k)

    def _matrix_power(self, value: np.ndarray, k: Fraction | None) -> np.ndarray:
        if value.shape[-1] != value.shape[-2] or k is None or k.denominator > 2:
            raise ShapeError(
                f"power: {shown_shape(value)} to the power {k if k is not None else 'of a name'} is not read"
            )
        if k.denominator == 2:
            value, k = kernels.FUNCTIONS["sqrtm"](GUARDED, value), 2 * k
        return np.linalg.matrix_power(GUARDED.inverse(value) if k < 0 else value, abs(int(k)))

    def _power_of_entry(self, tree: Syntax, of_entry: np.ndarray, k: Fraction) -> np.ndarray:
        """X^{-1}_{ij} is an entry of X⁻¹, X_{ij}^2 the square of one; of X_{ij}^{-1} and X^2_{ij} print cannot tell."""
        base, *places = tree.operands[0].operands
        matrix = self(self.owner(base, 2))
        is_natural, is_behind = k > 0 and k.denominator == 1, tree.value == BEHIND
        if matrix.shape[-1] != matrix.shape[-2] or (is_natural and not is_behind):
            return of_entry
        of_power = _entry(self._matrix_power(matrix, k), tuple(map(self._index, places)), tree)
        same = np.isclose(of_power, of_entry, rtol=1e-9, atol=0) | ~np.isfinite(of_power)  # beyond the domain: no point
        if (is_behind and not is_natural) or same.all():
            return of_power
        name, indices = base.value, "".join(str(p.value) for p in places)
        raise ParseError(
            f"an entry of a power, or the power of an entry? Write ({name}^{{{k}}})_{{{indices}}} or "
            f"({name}_{{{indices}}})^{{{k}}} (character {tree.start + 1})",
            tree.start,
        )

    def _is_entry(self, tree: Syntax) -> bool:
        """Whether something is an entry of a matrix, and not a name with two indices."""
        if tree.operation != "subscript" or len(tree.operands) != 3:
            return False
        base, known = self.owner(tree.operands[0], 2), {*self.values, *self.meaning.definitions}
        return base.operation == "name" and base.value in known and joined_name(tree) not in known

    def _elementwise_power(self, tree: Syntax) -> np.ndarray:
        return self(tree.operands[0]) ** self._exponent(tree.operands[1])

    def _exponent(self, tree: Syntax) -> int | np.ndarray:
        k = constant(tree)
        if k is not None and k.denominator == 1:
            return int(k)
        value = self(tree)
        if not _is_scalar(value):
            raise ShapeError(f"an exponent is a number, got {shown_shape(value)}")
        return value

    def _call(self, tree: Syntax) -> np.ndarray:
        name = tree.value
        if not tree.operands:
            raise ParseError(f"{name}: the argument is missing", tree.start)
        if name in ("eye", "ones", "zeros"):
            rows, columns = (self._size(o) for o in (*tree.operands, *tree.operands)[:2])
            return {"eye": lambda r, c: np.eye(r), "ones": lambda r, c: np.ones((r, c)),
                    "zeros": lambda r, c: np.zeros((r, c))}[name](rows, columns)  # fmt: skip
        if name not in shape.SIGNATURES:
            raise ParseError(f"{name} is not read in a formula with indices or integrals", tree.start)
        if name in ELEMENTWISE:
            return kernels.ELEMENTWISE[name](GUARDED, self(tree.operands[0]))
        if any(bare(o).operation == "subscript" and len(bare(o).operands) == 3 for o in tree.operands):
            raise ParseError(f"{name} of a matrix with two indices: a submatrix is not read", tree.start)
        values = [self(o) for o in tree.operands]
        shape.call(name, [Operand((Dim(v.shape[-2]), Dim(v.shape[-1])), shown_shape(v)) for v in values], [], RIGID)
        if name in ("det", "logdet"):
            return (GUARDED.determinant if name == "det" else GUARDED.log_determinant)(*values)
        return kernels.FUNCTIONS[name](GUARDED, *values)

    def _size(self, tree: Syntax) -> int:
        value = self(tree)
        if not _is_scalar(value):
            raise ShapeError(f"a size or the end of a range is a number, got {shown_shape(value)}")
        return round(float(value.item()))

    def _bars(self, tree: Syntax) -> np.ndarray:
        value = self(tree.operands[0])
        if value.shape[-1] != value.shape[-2]:
            raise ShapeError(f"bars around {shown_shape(value)}: expected a scalar or a square matrix")
        return kernels.ELEMENTWISE["abs"](GUARDED, value) if _is_scalar(value) else GUARDED.determinant(value)

    def _norm(self, tree: Syntax) -> np.ndarray:
        return kernels.norm2(GUARDED, self(tree.operands[0]))

    def _apply(self, tree: Syntax) -> np.ndarray:
        name, definitions = tree.value, self.meaning.definitions
        if name in self.meaning.unspecified:
            return self._unspecified(name, self(tree.operands[0]))
        parameters = definitions[name].parameters
        if len(parameters) != len(tree.operands):
            raise ParseError(f"{name}: expected {len(parameters)} argument(s), got {len(tree.operands)}", tree.start)
        return self(applied(name, tree.operands, definitions))

    # --- indices ---

    def _index(self, tree: Syntax) -> int:
        match tree.operation:
            case "number":
                return int(tree.value) - 1
            case "add" | "subtract":
                step = int(tree.operands[1].value)
                return self._index(tree.operands[0]) + (step if tree.operation == "add" else -step)
        if tree.value in self.indices:
            return self.indices[tree.value]
        if tree.value not in self.sizes:
            raise ParseError(f"the index {tree.value} has no range here", tree.start)
        return self.sizes[tree.value] - 1

    def _subscript(self, tree: Syntax) -> np.ndarray:
        base, *places = tree.operands
        joined = joined_name(tree)
        if joined in self.values or joined in self.meaning.definitions:
            return self._name(replace(tree, operation="name", operands=(), value=joined))
        if base.operation == "name" and base.value == "I" and len(places) == 1:
            return np.eye(self._size(places[0]))
        if base.operation == "ones":
            return np.ones((self._size(places[0]), 1))
        if base.operation == "norm":
            value = self(base.operands[0])
            if len(places) != 1 or places[0].value not in (1, 2, "F"):
                raise ParseError("a norm with this index is not read", tree.start)
            if places[0].value == 2:
                require_vector((Dim(value.shape[-2]), Dim(value.shape[-1])), tree)
            return kernels.FUNCTIONS["norm1" if places[0].value == 1 else "norm2"](GUARDED, value)
        indices = tuple(map(self._index, places))
        if base.operation == "name" and base.value == "delta" and len(indices) == 2:
            return np.full((1, 1), float(indices[0] == indices[1]))
        if (_entry_key(base, indices)) in self.values:
            return self.values[_entry_key(base, indices)]
        return _entry(self(self.owner(base, len(indices))), indices, tree)

    def _entries(self, tree: Syntax) -> np.ndarray:
        """What is given by its entries: p_i = exp(z_i), for every i."""
        body, *places = tree.operands
        ranges = [range(self.range(p.value, [body])) for p in places]
        found = [self.at(**dict(zip([p.value for p in places], c, strict=True)))(body) for c in product(*ranges)]
        if not all(map(_is_scalar, found)):
            raise ShapeError("an entry is a number")
        flat = np.concatenate(np.broadcast_arrays(*found), axis=-2)
        return flat.reshape(*flat.shape[:-2], len(ranges[0]), -1)

    def owner(self, base: Syntax, count: int) -> Syntax:
        """The matrix or vector whose entries are meant: x_{ij} are those of X."""
        if base.operation != "name" or count != 2:
            return base
        upper = capital(base.value)
        known = {**self.values, **self.meaning.definitions}
        is_matrix = base.value in self.values and self.values[base.value].shape[-1] > 1
        return replace(base, value=upper) if upper in known and not is_matrix else base

    def _loop(self, tree: Syntax) -> Iterator[np.ndarray]:
        kind, names = tree.value
        body, *bounds = tree.operands
        for chosen in self._choices(kind, names, bounds, body):
            yield self.at(**chosen)(body)

    def _choices(
        self, kind: str, names: tuple[str, ...], bounds: Sequence[Syntax], body: Syntax
    ) -> list[dict[str, int]]:
        if kind == "from":
            first = self._size(bounds[0])
            last = self._size(bounds[1]) if len(bounds) == 2 else self.range(names[0], [body])
            if last - first > LONGEST:
                raise ParseError(
                    f"a sum of {last - first + 1} terms is too long; at most {LONGEST} are added", body.start
                )
            return [{names[0]: k - 1} for k in range(first, last + 1)]
        free = names if kind == "over" else tuple(n for n in (names[0], names[2]) if n not in self.indices)
        last = self._size(bounds[0]) if bounds else 0
        choices = product(*(range(last or self.range(n, [body])) for n in free))
        found = [dict(zip(free, c, strict=True)) for c in choices]
        if kind == "over":
            return found
        holds = COMPARE[names[1]]
        return [c for c in found if holds(*({**self.indices, **c}[n] for n in (names[0], names[2])))]

    def _summation(self, tree: Syntax) -> np.ndarray:
        terms = list(self._loop(tree))
        return sum(terms[1:], terms[0]) if terms else np.zeros((1, 1))

    def _iterated_product(self, tree: Syntax) -> np.ndarray:
        result = np.ones((1, 1))
        for factor in self._loop(tree):
            result = _times(result, factor)
        return result

    def range(self, name: str, trees: Sequence[Syntax]) -> int:
        """How many values an index takes, from the matrices and vectors that it is an index of."""
        found = [node for tree in trees for node in walk(tree) if node.operation == "subscript"]
        for node in sorted(found, key=lambda n: n.operands[0].operation != "name"):
            base, *places = node.operands
            at = [k for k, p in enumerate(places) if p.operation == "name" and p.value == name]
            owner = self.owner(base, len(places))
            if at and owner.value != "delta":
                rows, columns = self._probe(owner).shape[-2:]
                if columns == 1:
                    return int(rows)
                return int((rows, columns)[at[0]] if len(places) == 2 else columns)  # A_i is a column
        raise ParseError(f"the range of the index {name} cannot be told from the formula")

    def _probe(self, tree: Syntax) -> np.ndarray:
        """The value of a formula with its indices at 1: for its shape."""
        places = {p.value for n in walk(tree) if n.operation == "subscript" for p in n.operands[1:]}
        return self.at(**{p: 0 for p in places if isinstance(p, str) and p not in {*self.indices, *self.sizes}})(tree)

    # --- integrals ---

    def _integral(self, tree: Syntax) -> np.ndarray:
        body, variable, *dimension = tree.operands
        key, n = self._measure(tree, variable, dimension)
        found = [e for e in exponents(body) if self._depends(e, variable)]
        if not found:
            raise MatcalcError("an integral without a Gaussian: only a polynomial times a Gaussian is integrated")

        def f(x: np.ndarray) -> np.ndarray:
            return self.bind(key, x)(body)

        def q(x: np.ndarray) -> np.ndarray:
            real = replace(self, values=self.still).bind(key, x)
            total = np.asarray(sum(real(e) for e in found))
            if total.shape[-2:] != (1, 1):
                rows, columns = total.shape[-2:]
                raise ShapeError(f"the exponent of the integrand is {rows} x {columns}, not a scalar")
            return np.broadcast_to(total, (len(x), 1, 1))[:, 0, 0]

        return integrate(f, q, n)

    def _measure(self, tree: Syntax, variable: Syntax, dimension: Sequence[Syntax]) -> tuple[Any, int]:
        """Under what name the variable of integration is bound, and how many numbers it is."""
        if variable.operation == "subscript":
            if dimension:
                raise ParseError("an integral over one entry has a domain of one dimension", tree.start)
            base, *places = variable.operands
            return _entry_key(base, tuple(map(self._index, places))), 1
        if dimension:
            return variable.value, self._size(dimension[0])
        if tree.value == "unsaid":
            return variable.value, self(variable).shape[-2]
        transposed = (bare(n.operands[0]) for n in walk(tree.operands[0]) if n.operation == "transpose")
        if any((n.operation, n.value) == ("name", variable.value) for n in transposed):
            raise ParseError(f"an integral over the line, but {variable.value} is transposed as a vector", tree.start)
        return variable.value, 1

    def _depends(self, tree: Syntax, variable: Syntax) -> bool:
        """Whether a formula, with what is defined in it, names a variable."""
        name = variable.operands[0].value if variable.operation == "subscript" else variable.value
        reached: set[str] = set()
        waiting = [tree]
        while waiting:
            found = {node.value for node in walk(waiting.pop()) if node.operation == "name"} - reached
            reached |= found
            waiting += [self.meaning.definitions[n].body for n in found & set(self.meaning.definitions)]
        return name in reached

    def _evaluated(self, tree: Syntax) -> np.ndarray:
        """A formula where a name has a value: (d/dt f)|_{t=0}."""
        of, name, at = tree.operands
        if name.value not in self.values:
            raise ParseError(f"{name.value} is not declared", name.start)
        value = self(at)
        if value.shape[-2:] != self.values[name.value].shape[-2:]:
            raise ShapeError(
                f"{name.value} is {shown_shape(self.values[name.value])}, its value here {shown_shape(value)}"
            )
        if np.iscomplexobj(value):
            raise ParseError("a derivative of a value at a point is not read", tree.start)
        there = replace(
            self, values={**self.values, name.value: value}, still={**self.still, name.value: value}, known={}
        )
        return there(of)

    # --- derivatives ---

    def _derivative(self, tree: Syntax) -> np.ndarray:
        of, by = tree.operands
        if tree.value == 2:
            of = replace(tree, value=1)
        if any(np.iscomplexobj(v) for v in self.values.values()):
            raise ParseError("a derivative inside a derivative is not read", tree.start)
        variable = self.variable(by)
        slopes = (self._differences if self._has(of, "derivative") else self._complex_steps)(of, variable)
        has_value = np.isfinite(self(of))[..., None, :, :]  # the logarithm of a negative number has a slope, but none
        slopes = np.where(has_value, slopes, np.nan)
        count = len(variable.directions)
        slopes = np.broadcast_to(slopes, np.broadcast_shapes(slopes.shape, (count, 1, 1)))
        return (
            slopes[..., 0, :, :]
            if by.operation == "subscript" and count == 1
            else variable.laid_out(slopes, self.meaning.layout)
        )

    def _complex_steps(self, of: Syntax, variable: Variable) -> np.ndarray:
        position = self.values.get(variable.name, variable.value)[..., None, :, :]
        return self.bind(variable.name, position + 1j * STEP * variable.moves, variable.value)(of).imag / STEP

    def _differences(self, of: Syntax, variable: Variable) -> np.ndarray:
        """Slopes of what has been differentiated once: central differences of the fourth order."""
        if self._has(of, "integral"):
            raise ParseError("the second derivative of an integral is not read", of.start)
        position = self.values.get(variable.name, variable.value)[..., None, :, :]

        def at(k: int) -> np.ndarray:
            return self.bind(variable.name, position + k * REAL_STEP * variable.moves, variable.value)(of)

        return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * REAL_STEP)

    def _has(self, tree: Syntax, operation: str) -> bool:
        """Whether there is some operation in a formula, or in what is defined in it."""
        waiting, seen = [tree], set[str]()
        while waiting:
            nodes = list(walk(waiting.pop()))
            if any(node.operation == operation for node in nodes):
                return True
            named = {n.value for n in nodes if n.operation in ("name", "apply")} - seen
            seen |= named
            waiting += [self.meaning.definitions[n].body for n in named if n in self.meaning.definitions]
        return False

    def variable(self, by: Syntax) -> Variable:
        """What a derivative is by: X, X^{-1}, an entry of either, or an entry of a vector."""
        by = bare(by)
        if by.operation == "subscript" and joined_name(by) not in self.values:
            base, *places = by.operands
            indices = tuple(map(self._index, places))
            if _entry_key(base, indices) in self.values:
                key = _entry_key(base, indices)
                return Variable(key, self.still.get(key, self.values[key]), np.ones((1, 1, 1)), np.ones((1, 1, 1)))
            reading = Reading.AMBIENT if self.meaning.reading is Reading.AMBIENT else Reading.ENTRYWISE
            there = replace(self, meaning=replace(self.meaning, reading=reading))
            whole = there.variable(self.owner(base, len(places)))
            return whole.along_entry(indices, by.start)
        if by.operation == "power" and constant(by.operands[1]) == -1:
            of = bare(by.operands[0])
            if of.operation != "name":
                raise ParseError("a derivative by this inverse is not read", of.start)
            return moving_inverse(of.value, self(of), self.meaning, of.start)
        if by.operation == "subscript":
            by = Syntax("name", (), joined_name(by), by.start, by.end)
        if by.operation != "name":
            raise ParseError("a derivative by this is not read: expected a name, its inverse or an entry", by.start)
        if by.value not in self.values and by.value in self.meaning.definitions:
            body = bare(self.meaning.definitions[by.value].body)
            if body.operation == "power":
                return self.variable(body)
        value = self.still[by.value] if by.value in self.still else self(by)
        return moving(by.value, value, self.meaning)


def joined_name(tree: Syntax) -> str:
    """The one name that a letter with an index may be: mu_x, x1."""
    base, *places = tree.operands
    index = "".join(map(index_name, places))
    return f"{base.value}{'' if index.isdigit() else '_'}{index}"


def index_name(place: Syntax) -> str:
    """An index as part of a name: t, 1, and t_plus1 for t + 1."""
    if place.operation in ("add", "subtract"):
        sign = "plus" if place.operation == "add" else "minus"
        return f"_{sign}".join(map(index_name, place.operands))
    return str(place.value)


def _entry_key(base: Syntax, indices: tuple[int, ...]) -> Any:
    return (base.value, indices)


def _entry(value: np.ndarray, indices: tuple[int, ...], tree: Syntax) -> np.ndarray:
    """One entry; of a matrix with one index, a column."""
    rows, columns = value.shape[-2:]
    if len(indices) == 1:
        i = indices[0]
        inside = 0 <= i < (rows if columns == 1 else columns)
        found = value[..., i : i + 1, :] if columns == 1 else value[..., :, i : i + 1]
    else:
        i, j = indices[:2]
        inside = len(indices) == 2 and 0 <= i < rows and 0 <= j < columns
        found = value[..., i : i + 1, j : j + 1]
    if not inside:
        raise ShapeError(f"the index {','.join(str(i + 1) for i in indices)} is outside of {shown_shape(value)}")
    return found


def _is_scalar(value: np.ndarray) -> bool:
    return value.shape[-2:] == (1, 1)


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of matrices, or by a scalar."""
    if _is_scalar(a) or _is_scalar(b):
        return a * b
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(f"product: {shown_shape(a)} and {shown_shape(b)} do not fit")
    return a @ b


# --- points -----------------------------------------------------------------------------------------------------------


def points(meaning: Meaning, trees: Sequence[Syntax], count: int = 2) -> Iterator[tuple[Point, int]]:
    """Points at a few sets of sizes, from the plainest values to the tamest, with the number of the flavour."""
    meaning, names = meaning.used(trees)
    ordered = sorted(meaning.symbols.values(), key=lambda s: s.name)
    count += MORE * any(s.structure in UNEVEN for s in ordered)
    few = {tuple(s.values()): s for s in size_assignments(names) if min(s.values(), default=2) > 1}
    assignments = [(sizes, count) for sizes in list(few.values())[:2]]
    if len(names) == 1 and not any(n.operation in ("integral", "expectation") for tree in trees for n in walk(tree)):
        assignments.append((dict.fromkeys(names, LARGE), 1))
    for k, (sizes, times) in enumerate(assignments):
        for seed in range(times):
            for f, flavour in enumerate(FLAVOURS):
                rng = np.random.default_rng([seed, k, f])
                values = {s.name: draw(s, sizes, rng, 1, flavour)[0] for s in ordered}
                if seed > 0:
                    values |= {s.name: UNEVEN[s.structure](values[s.name]) for s in ordered if s.structure in UNEVEN}
                yield Point(meaning, sizes, values, values, seed=seed), f
