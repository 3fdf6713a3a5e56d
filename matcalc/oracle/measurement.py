"""What a derivative is, measured.

First route: a complex step in NumPy along every direction of the tangent space, at several sets of sizes; nothing to
compile, exact to rounding, and no automatic differentiation in it. Second route: `jax.grad` along the structure's free
parameters, X = X0 + sum of theta_k B_k, so that it does not matter what representative `jax.grad` would return for X
itself (through `cholesky` or `eigh` it symmetrises). Second derivatives take a fourth-order central difference of the
complex step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from matcalc.evaluation import arrays
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.expr import Call, Expr, Hadamard, Opaque, Product, Sum, Symbol
from matcalc.lazy import cached_property
from matcalc.oracle.sampling import Points
from matcalc.shape import Shape
from matcalc.structure import GENERAL, STRUCTURES, Reading, Structure

STEP = 1e-30
SECOND_STEP = 1e-4
TOLERANCE = {1: 1e-8, 2: 1e-6}
OFTEN = 0.2  # the share of points without a value that is no accident
ROOM = 1e6  # so that nothing is said of what is small beside the terms it is made of
FAINT = 1e-75  # nor of what is next to nothing: e^b/(1 + e^b)^2 is 0 for a large b by overflow
PLAINLY = 1e-3
SECOND_DIFFERENTIAL = "second-differential"
IN_DIFFERENTIAL = ("differential", SECOND_DIFFERENTIAL)  # the kinds of derivatives that are formulas in dX
UNDERFLOW = 1e-250
# What is compiled for one call: not optimised, in one piece.
COMPILE_QUICKLY: dict[str, str | bool] = {
    "xla_backend_optimization_level": "0",
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_parallel_codegen_split_count": "1",
    "xla_cpu_use_fusion_emitters": False,
}


def structure_of(symbol: Symbol) -> Structure:
    """The structure of a symbol; a positive scalar moves like any scalar."""
    return STRUCTURES.get(symbol.structure, GENERAL)


def along(e: Expr, name: str, points: Points, directions: np.ndarray) -> np.ndarray:
    """The derivative of `e` at every point as the variable moves along each direction: (points, directions, r, c)."""
    if isinstance(e, Opaque):
        return e.along(name, points.values, directions)
    step = {n: v[:, None].astype(complex) for n, v in points.values.items()}
    step[name] = step[name] + 1j * STEP * directions
    with np.errstate(all="ignore"):
        value = points.evaluation(step)(e)
    rows, columns = (d.size(points.sizes) for d in e.shape)
    value = np.broadcast_to(value, (points.count, directions.shape[-3], rows, columns))
    return value.imag / STEP


@dataclass(frozen=True)
class Measurement:
    """The derivative of `e` by `variable` at some points, as a linear map on the tangent space."""

    e: Expr
    variable: Symbol
    points: Points

    @cached_property
    def structure(self) -> Structure:
        return structure_of(self.variable)

    @cached_property
    def position(self) -> np.ndarray:
        return self.points.values[self.variable.name]

    @cached_property
    def directions(self) -> np.ndarray:
        """A basis of the tangent space at every point: (points, directions, rows, columns)."""
        return np.asarray(self.structure.tangent_basis(self.position))

    @cached_property
    def free_directions(self) -> np.ndarray:
        """A basis of all matrices of the variable's shape."""
        basis = GENERAL.basis(*self.position.shape[-2:])
        return np.broadcast_to(basis, (self.points.count, *basis.shape))

    @cached_property
    def slopes(self) -> np.ndarray:
        """The derivative along each tangent direction: (points, directions, rows, columns of e)."""
        return along(self.e, self.variable.name, self.points, self.directions)

    @cached_property
    def free_slopes(self) -> np.ndarray:
        """The derivative along every matrix of the variable's shape: that of the expression as typed."""
        return along(self.e, self.variable.name, self.points, self.free_directions)

    def gradient(self, reading: Reading) -> np.ndarray:
        """The gradient of a scalar in a reading: (points, rows, columns)."""
        if reading is Reading.AMBIENT or self.structure.is_unconstrained:
            return np.einsum("pk,pkij->pij", self.free_slopes[..., 0, 0], self.free_directions)
        slopes, basis = self.slopes[..., 0, 0], self.directions
        if reading is Reading.TANGENT:
            gram = np.einsum("pkij,plij->pkl", basis, basis)
            slopes = np.linalg.solve(gram, slopes[..., None])[..., 0]
        return np.einsum("pk,pkij->pij", slopes, basis)

    def jacobian(self) -> np.ndarray:
        """d vec(e) / d vec(variable), a row per output: (points, outputs, inputs)."""
        slopes = self.free_slopes.mT.reshape(*self.free_slopes.shape[:2], -1)
        columns = self.free_directions.mT.reshape(*self.free_directions.shape[:2], -1)
        return np.einsum("pko,pki->poi", slopes, columns)

    @cached_property
    def scale(self) -> np.ndarray:
        """The size of what `e` is made of, at every point: what rounding in the derivative is measured against.

        On a structure also that of the derivative by all entries, of which a tangent direction sums some: that of
        log det X is 0 on the orthogonal matrices by cancellation.
        """
        made_of = magnitude(_moving(self.e, self.variable), self.points)
        if self.structure.is_unconstrained or isinstance(self.e, Opaque):
            return made_of
        return np.fmax(made_of, np.abs(self.free_slopes).max((1, 2, 3)))


def _moving(e: Expr, variable: Symbol) -> Expr:
    """A sum without the terms that do not depend on the variable."""
    kept = [t for t in e.terms if variable in t.symbols] if isinstance(e, Sum) else []
    return Sum(tuple(kept)) if len(kept) > 1 else kept[0] if kept else e


def magnitude(e: Expr, points: Points) -> np.ndarray:
    """The size of the terms of a sum, the factors of a product and the rows of a determinant, whatever cancels."""
    match e:
        case Sum(terms):
            return np.max([magnitude(t, points) for t in terms], axis=0)
        case Product(coefficient):
            return abs(float(coefficient)) * np.prod([magnitude(f, points) for f in e.args], axis=0)
        case Hadamard(factors):
            return np.prod([magnitude(f, points) for f in factors], axis=0)
        case Call("tr" | "sum" | "diag" | "vec", (inner,)):
            return magnitude(inner, points)
        case Call("det", (inner,)):  # Hadamard's bound, far above the determinant where the matrix is singular
            return np.prod(np.linalg.norm(points(inner), axis=-1), axis=-1)
        case Call("adj", (inner,)):  # the same of its minors: all rows but the shortest
            return np.prod(np.sort(np.linalg.norm(points(inner), axis=-1), axis=-1)[..., 1:], axis=-1)
    return np.abs(points(e)).max((-2, -1))


def moved(points: Points, name: str, direction: np.ndarray, step: float) -> Points:
    """The points with the variable moved along a direction."""
    return points.at(**{name: points.values[name] + step * direction})


def directional(field: Callable[[Points], np.ndarray], points: Points, name: str, direction: np.ndarray) -> np.ndarray:
    """The derivative of a field of matrices along a direction, by central differences of fourth order."""
    h = SECOND_STEP
    near = field(moved(points, name, direction, h)) - field(moved(points, name, direction, -h))
    far = field(moved(points, name, direction, 2 * h)) - field(moved(points, name, direction, -2 * h))
    return (8 * near - far) / (12 * h)


def differences(e: Expr, variable: Symbol, points: Points, directions: np.ndarray) -> np.ndarray:
    """The derivative along each direction at the first point, by central differences: (directions, rows, columns)."""
    first = points.take(np.array([0]))
    return np.stack([directional(lambda at: at(e), first, variable.name, d[None])[0] for d in directions[0]])


def second(e: Expr, variable: Symbol, points: Points, directions: np.ndarray, reading: Reading) -> np.ndarray:
    """The derivative of the gradient field of a scalar along each direction: (points, directions, rows, columns)."""
    structure = structure_of(variable)

    def field(at: Points, _: np.ndarray) -> np.ndarray:
        here = Measurement(e, variable, at)
        if structure.is_linear:
            return here.gradient(reading)
        return structure.read(reading, here.position, here.gradient(Reading.AMBIENT))

    return _along_each(field, variable, points, directions, variable.shape)


def second_differential(e: Expr, variable: Symbol, points: Points, directions: np.ndarray) -> np.ndarray:
    """d²e along each direction, taken twice: (points, directions, rows, columns of e)."""

    def field(at: Points, direction: np.ndarray) -> np.ndarray:
        return along(e, variable.name, at, direction[:, None])[:, 0]

    return _along_each(field, variable, points, directions, e.shape)


def _along_each(
    field: Callable[[Points, np.ndarray], np.ndarray],
    variable: Symbol,
    points: Points,
    directions: np.ndarray,
    shape: Shape,
) -> np.ndarray:
    """How a field of matrices moves along each direction; the field may depend on the direction."""
    count, along_each = directions.shape[:2]
    if not along_each:  # a 1 x 1 skew matrix does not move
        return np.zeros((count, 0, *(d.size(points.sizes) for d in shape)))
    everywhere = points.take(np.repeat(np.arange(count), along_each))
    flat = directions.reshape(-1, *directions.shape[2:])
    slopes = directional(lambda at: field(at, flat), everywhere, variable.name, flat)
    return slopes.reshape(count, along_each, *slopes.shape[1:])


# --- agreement -------------------------------------------------------------------------------------------------------


def relative_error(claimed: np.ndarray, measured: np.ndarray, scale: np.ndarray | float = 0.0) -> np.ndarray:
    """‖claimed - measured‖ over the larger norm, at every point; never over less than a millionth of `scale`.

    NaN where both are so small that a complex step underflows.
    """
    axes = tuple(range(1, measured.ndim))
    largest = np.maximum(np.abs(claimed), np.abs(measured)).max(axes, keepdims=True, initial=0)
    unit = np.where((largest > 0) & np.isfinite(largest), largest, 1)  # so that no square over- or underflows
    given = (claimed / unit, measured / unit, claimed / unit - measured / unit)
    norms = [np.sqrt(np.sum(np.square(np.abs(v)), axis=axes)) for v in given]
    floor = 1e-6 * np.asarray(scale) / unit.reshape(len(unit))
    with np.errstate(invalid="ignore"):  # infinite values have no error
        error = norms[2] / np.maximum(np.maximum(norms[0], norms[1]), np.maximum(floor, np.finfo(float).tiny))
    return np.where((unit < UNDERFLOW).reshape(len(unit)), np.nan, error)


def apart(a: Expr, b: Expr, at: Points) -> np.ndarray:
    """The relative error between two expressions, over no less than the terms they are made of, at points not tame."""
    with np.errstate(all="ignore"):
        terms = np.maximum(np.maximum(magnitude(a, at), magnitude(b, at)), FAINT)
        return relative_error(at(b), at(a), ROOM * terms)


def plainly_wrong(errors: np.ndarray) -> int | None:
    """The point with the largest relative error, if that is beyond what rounding may do at points that are not tame."""
    known = np.where(np.isfinite(errors), errors, 0)
    worst = int(np.argmax(known)) if known.size else 0
    return worst if known.size and known[worst] > PLAINLY else None


@dataclass(frozen=True)
class Evidence:
    """What was tried: at how many points, with what largest relative error, and against what."""

    ok: bool
    instances: int
    max_relative_error: float
    oracles: tuple[str, ...] = ("complex step",)
    counterexample: dict[str, Any] | None = None
    decided: bool = True

    def __bool__(self) -> bool:
        """Whether what was tried holds."""
        return self.ok

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line promises."""
        error = self.max_relative_error
        return {"ok": self.ok, "instances": self.instances, "max_relative_error": error if np.isfinite(error) else None}


def weigh(trials: Sequence[tuple[Points, np.ndarray]], order: int = 1, oracles: tuple[str, ...] = ()) -> Evidence:
    """The errors at several sets of points in one statement.

    Points where a side has no value are left out; what is left must hold two sets of sizes (or all there are), one of
    them without a 1, or nothing is decided.
    """
    finite = [(p, errors[np.isfinite(errors)]) for p, errors in trials if np.isfinite(errors).any()]
    known = np.concatenate([e for _, e in finite]) if finite else np.zeros(0)
    worst = float(np.max(known)) if len(known) else float("inf")
    refuted = worst > TOLERANCE[order] and len(known) > 0
    large = any(min(p.sizes.values(), default=2) > 1 for p, _ in finite)
    decided = refuted or (large and len(finite) >= min(2, len(trials)))
    oracles = oracles or (("complex step",) if order == 1 else ("complex step and differences",))
    return Evidence(decided and not refuted, len(known), worst, oracles, None, decided)


# --- the second route: jax -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What JAX is asked: a function of arrays, and the value that it should have, by what `route`."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    expected: np.ndarray
    scale: float = 0.0
    route: str = "jax.grad"


def ask(questions: Sequence[Question]) -> list[float]:
    """How far JAX's answers are from what is expected, relative errors; all from one compilation."""
    values = run(
        lambda arguments: [q.function(*a) for q, a in zip(questions, arguments, strict=True)],
        [q.arguments for q in questions],
    )
    return [
        float(relative_error(v[None], q.expected[None], q.scale)[0]) for v, q in zip(values, questions, strict=True)
    ]


def run(f: Callable[..., Any], *arguments: Any) -> Any:
    """f(arguments) by JAX in float64, as NumPy arrays; compiled for a single use: the least time to compile."""
    import jax

    with jax.enable_x64(True):
        compiled = jax.jit(f).lower(*arguments).compile(compiler_options())
        return jax.tree.map(np.asarray, compiled(*arguments))


@cache
def compiler_options() -> dict[str, str | bool]:
    """Those of `COMPILE_QUICKLY` that this version of XLA has."""
    if _are_known(COMPILE_QUICKLY):
        return COMPILE_QUICKLY
    return {name: value for name, value in COMPILE_QUICKLY.items() if _are_known({name: value})}


def _are_known(options: dict[str, str | bool]) -> bool:
    import jax

    try:
        jax.jit(lambda: 0).lower().compile(options)
    except RuntimeError:
        return False
    return True


def slopes_question(m: Measurement, structured: bool = True) -> Question:
    """The measured slopes at the first point, as d/dtheta_k of <weights, e(X + sum theta_k B_k)> by `jax.grad`."""
    import jax
    import jax.numpy as jnp

    directions, slopes = (m.directions, m.slopes) if structured else (m.free_directions, m.free_slopes)
    weights = np.random.default_rng(0).uniform(0.5, 1.5, slopes.shape[2:])

    def f(theta: Any, basis: Any, values: Mapping[str, Any]) -> Any:
        position = values[m.variable.name] + jnp.tensordot(theta, basis, 1)
        return jnp.sum(Evaluation({**values, m.variable.name: position}, m.points.sizes, arrays.Jax())(m.e) * weights)

    arguments = np.zeros(len(directions[0])), directions[0], {n: v[0] for n, v in m.points.values.items()}
    return Question(jax.grad(f), arguments, np.einsum("kij,ij->k", slopes[0], weights), float(m.scale[0]))
