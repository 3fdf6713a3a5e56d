"""Symbolic shapes: dimension names, their unification, and the shape rule of every operation.

A dimension is a product of names and an integer (`n`, `3`, `n*m` for a vectorised matrix). A shape is a pair of
dimensions; vectors are n x 1 and scalars 1 x 1, decided by the symbols and never by the size of an instance. This is
the one place where shape errors arise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from matcalc.errors import ShapeError


@dataclass(frozen=True)
class Dim:
    """A dimension: an integer times a product of names, kept sorted; a name that starts with `?` is still open."""

    factor: int = 1
    names: tuple[str, ...] = ()

    def __mul__(self, other: "Dim") -> "Dim":
        return Dim(self.factor * other.factor, tuple(sorted(self.names + other.names)))

    def __str__(self) -> str:
        names = ["?" if name.startswith("?") else name for name in self.names]
        parts = ([str(self.factor)] if self.factor != 1 or not self.names else []) + names
        return "*".join(parts)

    def over(self, part: "Dim") -> "Dim | None":
        """The quotient, where it is a dimension."""
        names = list(self.names)
        for name in part.names:
            if name not in names:
                return None
            names.remove(name)
        return None if self.factor % part.factor else Dim(self.factor // part.factor, tuple(names))

    def size(self, sizes: Mapping[str, int]) -> int:
        """The integer this dimension stands for once every name has a size."""
        return self.factor * prod(sizes[name] for name in self.names)


Shape = tuple[Dim, Dim]
ONE = Dim()
SCALAR: Shape = (ONE, ONE)


def dim(text: str | int) -> Dim:
    """Read a dimension: `n`, `3` or a product such as `n*m`."""
    factor, names = 1, []
    for part in str(text).split("*"):
        part = part.strip()
        if part.isdigit() and int(part) > 0:
            factor *= int(part)
        elif part.isidentifier():
            names.append(part)
        else:
            raise ShapeError(f"dimension {text!r}: expected a name, a positive integer or a product of these")
    return Dim(factor, tuple(sorted(names)))


def is_scalar(shape: Shape) -> bool:
    """Whether a shape is 1 x 1 by its symbols."""
    return shape == SCALAR


def is_open(d: Dim) -> bool:
    """Whether a dimension is one that nothing has settled yet."""
    return any(name.startswith("?") for name in d.names)


def is_column(shape: Shape) -> bool:
    """Whether a shape is n x 1 with n not literally 1."""
    return shape[1] == ONE and shape[0] != ONE


def show(shape: Shape) -> str:
    """A shape as people write it: `n x m`, or `scalar`."""
    return "scalar" if is_scalar(shape) else f"{shape[0]} x {shape[1]}"


class Unifier:
    """Decides when two dimensions are the same; open names (`?k`) are bound on the way, declared ones never."""

    def __init__(self) -> None:
        self._bound: dict[str, Dim] = {}
        self._count = 0

    def fresh(self) -> Dim:
        """A new open dimension."""
        self._count += 1
        return Dim(1, (f"?{self._count}",))

    def resolve(self, d: Dim) -> Dim:
        """Replace the open names that are bound by what they are bound to."""
        result = Dim(d.factor)
        for name in d.names:
            result = result * (self.resolve(self._bound[name]) if name in self._bound else Dim(1, (name,)))
        return result

    def shape(self, shape: Shape) -> Shape:
        """Both dimensions resolved."""
        return self.resolve(shape[0]), self.resolve(shape[1])

    def unify(self, a: Dim, b: Dim) -> bool:
        """Make two dimensions equal if that can be; an open one never becomes the literal 1 (a scalar is declared)."""
        a, b = _cancel(self.resolve(a), self.resolve(b))
        if a == b:
            return True
        if len(a.names) == len(b.names) > 1 and a.factor == b.factor:
            return all(self.unify(Dim(1, (x,)), Dim(1, (y,))) for x, y in zip(a.names, b.names, strict=True))
        for open_side, other in ((a, b), (b, a)):
            if open_side.factor == 1 and len(open_side.names) == 1 and open_side.names[0].startswith("?"):
                if other == ONE or open_side.names[0] in other.names:
                    return False
                self._bound[open_side.names[0]] = other
                return True
        return False

    def bind(self, name: str, d: Dim) -> None:
        """Give an open name its dimension."""
        self._bound[name] = d

    def snapshot(self) -> dict[str, Dim]:
        """The bindings so far, for `restore`."""
        return dict(self._bound)

    def restore(self, bindings: Mapping[str, Dim]) -> None:
        """Go back to an earlier `snapshot`."""
        self._bound = dict(bindings)


def _cancel(a: Dim, b: Dim) -> tuple[Dim, Dim]:
    left, right = list(a.names), list(b.names)
    if len(left) + len(right) > 2:
        for name in a.names:
            if name in right:
                left.remove(name)
                right.remove(name)
    return Dim(a.factor, tuple(left)), Dim(b.factor, tuple(right))


@dataclass(frozen=True)
class Operand:
    """What a shape rule needs to know of an operand: its shape, and its text for the message."""

    shape: Shape
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({show(self.shape)})"


def _clash(what: str, a: Operand, b: Operand, left: Dim, right: Dim, hint: str = "") -> ShapeError:
    return ShapeError(f"{what}: {a} and {b} do not fit, {left} is not {right}{hint}")


def _same(what: str, a: Operand, b: Operand, u: Unifier) -> Shape:
    for left, right in zip(a.shape, b.shape, strict=True):
        if not u.unify(left, right):
            hint = ""
            if SCALAR in (a.shape, b.shape):
                full = b.shape if a.shape == SCALAR else a.shape
                filled = f"ones({full[0]},{full[1]})"
                if "?" in filled:
                    filled = "vector(1)" if is_column(full) else "matrix(1)"
                hint = f"; to add a scalar to every entry write it times {filled}"
            raise _clash(what, a, b, left, right, hint)
    return u.shape(a.shape)


def add(a: Operand, b: Operand, u: Unifier) -> Shape:
    """Equal shapes."""
    return _same("sum", a, b, u)


def multiply(a: Operand, b: Operand, u: Unifier) -> Shape:
    """Scalar times anything, or inner dimensions that agree."""
    if is_scalar(a.shape) or is_scalar(b.shape):
        return b.shape if is_scalar(a.shape) else a.shape
    if not u.unify(a.shape[1], b.shape[0]):
        turned = a.text[:-1] if a.text.endswith("'") else f"{a.text}'"
        hint = f"; did you mean {turned} * {b.text} or {a.text} .* {b.text}?" if is_column(b.shape) else ""
        raise _clash("product", a, b, a.shape[1], b.shape[0], hint)
    return u.shape((a.shape[0], b.shape[1]))


def hadamard(a: Operand, b: Operand, u: Unifier) -> Shape:
    """Equal shapes, or a scalar on either side."""
    if is_scalar(a.shape) or is_scalar(b.shape):
        return b.shape if is_scalar(a.shape) else a.shape
    return _same("elementwise product or quotient", a, b, u)


def divide(a: Operand, b: Operand, u: Unifier) -> Shape:
    """Anything by a scalar."""
    if not is_scalar(b.shape):
        raise ShapeError(f"division: {b} is not a scalar; use ./ for an elementwise quotient or inv() for a matrix")
    return a.shape


def elementwise_power(a: Operand, b: Operand, u: Unifier) -> Shape:
    """A scalar exponent, or one of the same shape."""
    return a.shape if is_scalar(b.shape) else _same("elementwise power", a, b, u)


def power(a: Operand, b: Operand, u: Unifier) -> Shape:
    """A scalar to any power, or a square matrix to an integer power."""
    if not is_scalar(b.shape):
        raise ShapeError(f"power: the exponent {b} must be a scalar; use .^ for elementwise powers, ' for a transpose")
    return a.shape if is_scalar(a.shape) else _square("power", a, u)


def _square(what: str, a: Operand, u: Unifier) -> Shape:
    if not u.unify(*a.shape):
        raise ShapeError(f"{what}: {a} must be square, {a.shape[0]} is not {a.shape[1]}")
    return u.shape(a.shape)


def _vector(what: str, a: Operand) -> None:
    if not (is_column(a.shape) or is_scalar(a.shape)):
        raise ShapeError(f"{what}: {a} must be a column vector")


Rule = Callable[[Sequence[Operand], Sequence[Dim], Unifier, str], Shape]


def _scalar_of_any(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    return SCALAR


def _scalar_of_square(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    _square(name, args[0], u)
    return SCALAR


def _scalar_of_vector(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    _vector(name, args[0])
    return SCALAR


def _vector_to_vector(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    _vector(name, args[0])
    return args[0].shape


def _square_to_square(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    shape = _square(name, args[0], u)
    for other in args[1:]:
        shape = _same(name, args[0], other, u)
    return shape


def _unchanged(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    return args[0].shape


def _vec(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    return u.resolve(args[0].shape[0]) * u.resolve(args[0].shape[1]), ONE


def _unvec(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    rows, columns = dims
    target = Operand((rows * columns, ONE), f"vec of a {rows} x {columns} matrix")
    _same(name, args[0], target, u)
    return rows, columns


def _diag(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    n = args[0].shape[0]
    if is_column(args[0].shape):
        return n, n
    if not u.unify(*args[0].shape):
        raise ShapeError(
            f"diag: {args[0]} must be a column vector (gives a matrix) or a square matrix (gives a vector)"
        )
    return (n, ONE) if not is_scalar(args[0].shape) else SCALAR


def _kron(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    (p, q), (r, s) = (u.shape(a.shape) for a in args)
    return p * r, q * s


def _commutation(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    nm = dims[0] * dims[1]
    return nm, nm


def _blocktrace(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    return _block(name, args[0], (dims[0], dims[0]), u)


def _rearrange(args: Sequence[Operand], dims: Sequence[Dim], u: Unifier, name: str) -> Shape:
    p, q = map(u.resolve, dims)
    r, s = _block(name, args[0], (p, q), u)
    return p * q, r * s


def _block(name: str, operand: Operand, counts: Shape, u: Unifier) -> Shape:
    """The shape of one of the blocks into which an operand falls."""
    rows, columns = (u.resolve(d).over(u.resolve(count)) for d, count in zip(operand.shape, counts, strict=True))
    if rows is None or columns is None:
        raise ShapeError(f"{name}: {operand} does not fall into {counts[0]} x {counts[1]} blocks")
    return rows, columns


@dataclass(frozen=True)
class Signature:
    """How a function of the language is called: how many expressions, how many sizes after them, and its shape."""

    arguments: int
    rule: Rule
    sizes: int = 0
    variadic: bool = False


ELEMENTWISE = (
    *("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arcsin", "arccos", "arctan"),
    *("abs", "sign", "relu", "step", "sqrt", "sigmoid"),
)

SIGNATURES: dict[str, Signature] = {
    **{name: Signature(1, _scalar_of_square) for name in ("tr", "det", "logdet")},
    **{name: Signature(1, _scalar_of_any) for name in ("sum", "norm2", "norm1")},
    **{name: Signature(1, _square_to_square) for name in ("inv", "adj", "expm", "logm", "sqrtm", "chol")},
    **{name: Signature(1, _square_to_square) for name in ("tril", "triu", "toeplitz", "toeplitz_mean")},
    **{name: Signature(2, _square_to_square, variadic=True)
       for name in ("frechet_expm", "frechet_logm", "frechet_sqrtm")},
    **{name: Signature(1, _unchanged) for name in ELEMENTWISE},
    "logsumexp": Signature(1, _scalar_of_vector),
    "softmax": Signature(1, _vector_to_vector),
    "vec": Signature(1, _vec),
    "unvec": Signature(1, _unvec, sizes=2),
    "diag": Signature(1, _diag),
    "kron": Signature(2, _kron),
    "commutation": Signature(0, _commutation, sizes=2),
    "blocktrace": Signature(1, _blocktrace, sizes=1),
    "rearrange": Signature(1, _rearrange, sizes=2),
}  # fmt: skip


def call(name: str, args: Sequence[Operand], dims: Sequence[Dim], u: Unifier) -> Shape:
    """The shape of `name(args..., dims...)`."""
    signature = SIGNATURES[name]
    wrong = len(args) != signature.arguments and not (signature.variadic and len(args) > signature.arguments)
    if wrong or len(dims) != signature.sizes:
        sizes = f" and {signature.sizes} size(s)" if signature.sizes else ""
        raise ShapeError(
            f"{name}: expected {signature.arguments} argument(s){sizes}, got {len(args)}"
            + (f" and {len(dims)} size(s)" if dims or signature.sizes else "")
        )
    return signature.rule(args, dims, u, name)


RIGID = Unifier()
