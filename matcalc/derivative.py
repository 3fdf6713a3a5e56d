"""derive(...): the closed form of a derivative in every reading, verified on its printed text."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np

from matcalc import algebra, shape
from matcalc.algebra import ONE, call, eye, hadamard, multiply, scale, substitute
from matcalc.differential import differential
from matcalc.errors import DeclarationError, MatcalcError, NoRuleError, UnverifiedError
from matcalc.evaluate import Evaluation, function
from matcalc.expr import Call, Expr, Symbol
from matcalc.oracle import (
    SECOND_STEP,
    TOLERANCE,
    Evidence,
    Measurement,
    along,
    gap_between_routes,
    relative_error,
    second,
    structure_of,
    weigh,
)
from matcalc.sampling import GUARDED, Points, sample
from matcalc.scope import Scope, differential_structure
from matcalc.simplification import is_symmetric, same_by_form, settle, simplify
from matcalc.structure import Operations, Reading
from matcalc.text import PLAIN, SizeNames, to_text, to_unicode
from matcalc.transpose import gradient, matrix_form


def _transpose_or_same(g: Expr) -> Expr:
    return g if same_by_form(g, algebra.transpose(g)) else algebra.transpose(g)


SYMBOLIC = Operations(
    transpose=_transpose_or_same,
    add=algebra.add,
    subtract=algebra.subtract,
    scale=scale,
    multiply=multiply,
    diagonal_part=lambda g: hadamard(g, eye(g.shape[0])),
    tril=lambda g: call("tril", g),
    triu=lambda g: call("triu", g),
    toeplitz=lambda g: call("toeplitz", g),
    toeplitz_mean=lambda g: call("toeplitz_mean", g),
)


@dataclass(frozen=True)
class Form:
    """A formula, printed in every way; where it is a differential, `vec` is the matrix J of vec dF = J vec dX."""

    expr: Expr
    sizes: SizeNames = PLAIN
    vec: "Form | None" = None

    @cached_property
    def text(self) -> str:
        """ASCII text in the language; it reads back."""
        return to_text(self.expr, self.sizes)

    @cached_property
    def unicode(self) -> str:
        """Unicode text, as terminals show it."""
        return to_unicode(self.expr, self.sizes)

    @cached_property
    def latex(self) -> str:
        """LaTeX."""
        from matcalc.latex import to_latex

        return to_latex(self.expr)

    @cached_property
    def python(self) -> str:
        """Python source over the functions of `matcalc`, vectors being n x 1."""
        from matcalc.python_text import to_python

        return to_python(self.expr)

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line promises."""
        plain: dict[str, Any] = {"text": self.text, "latex": self.latex, "python": self.python}
        return plain | ({"vec": self.vec.to_json()} if self.vec is not None else {})

    def __str__(self) -> str:
        return self.unicode

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"


@dataclass(frozen=True)
class Derivative:
    """A derivative in closed form, in every reading that is defined."""

    expression: Expr
    variable: Symbol
    order: int
    kind: str
    layout: str
    readings: Mapping[Reading, Form | None]
    reading: Reading
    scope: Scope
    steps: tuple[tuple[str, str], ...]
    verified: Evidence | None = None

    @property
    def wrt(self) -> str:
        """The name of the variable."""
        return self.variable.name

    @property
    def structure(self) -> str:
        """The structure of the variable."""
        return self.variable.structure

    @property
    def form(self) -> Form:
        """The formula in the reading asked for."""
        found = self.readings[self.reading]
        assert found is not None
        return found

    @property
    def expr(self) -> Expr:
        """The expression in the reading asked for."""
        return self.form.expr

    @property
    def shape(self) -> tuple[str, str]:
        """Rows and columns of the derivative."""
        rows, columns = self.expr.shape
        return str(rows), str(columns)

    @property
    def notes(self) -> list[str]:
        """What a reader should know besides."""
        if self.wrt not in self.expression.names:
            return [f"{self.wrt} does not occur in the expression: the derivative is zero"]
        return []

    def function(self, reading: str | Reading | None = None) -> Callable[..., Any]:
        """The closed form as a JAX function of its arrays by name, jit-, vmap- and grad-compatible.

        Vectors are 1-D and scalars 0-D; the arguments are the symbols of the expression in alphabetical order, with
        the differential (`dX`) among them where the derivative is a differential.
        """
        form = self.form if reading is None else self.readings[Reading(reading)]
        if form is None:
            raise MatcalcError(f"there is no {reading} reading here")
        symbols = self.expression.symbols | form.expr.symbols | {self.variable}
        order: list[Symbol | str] = [*sorted(symbols, key=attrgetter("name"))]
        return function(form.expr, order)

    @cached_property
    def _compiled(self) -> Callable[..., Any]:
        return self.function()

    def __call__(self, *positional: Any, **arrays: Any) -> Any:
        """The derivative at arrays, as `function()` does it."""
        return self._compiled(*positional, **arrays)

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line promises."""
        return {
            "expr": to_text(self.expression, self.scope.size_names),
            "wrt": self.wrt,
            "order": self.order,
            "kind": self.kind,
            "structure": self.structure,
            "shape": list(self.shape),
            "readings": {str(r): f.to_json() if f is not None else None for r, f in self.readings.items()},
            "verified": self.verified.to_json() if self.verified is not None else None,
        }

    def __str__(self) -> str:
        return self.form.unicode

    def _repr_latex_(self) -> str:
        return self.form._repr_latex_()


def derive(
    expression: str | Expr,
    wrt: str | Symbol,
    let: Iterable[str] = (),
    reading: str | Reading | None = None,
    order: int = 1,
    layout: str = "numerator",
) -> Derivative:
    """The derivative of an expression in closed form, verified before it is handed out.

    Args:
        expression: text of the language, or an expression of symbols.
        wrt: the variable.
        let: declarations such as `"X: n x n symmetric"`; not needed for an expression of symbols.
        reading: which reading to show; `entrywise` where there is a structure (`tangent` for orthogonal) if not given.
        order: 1, or 2 for the Hessian of a scalar.
        layout: of a Jacobian: `numerator` (a row per output) or `denominator` (its transpose).

    Returns:
        the derivative: a gradient has the shape of the variable, df = tr(G' dX).

    Raises:
        ParseError, DeclarationError, ShapeError: the input cannot be read or does not fit.
        NoRuleError: an operation has no rule for what is asked.
        UnverifiedError: the closed form did not agree with the measured derivative.
    """
    return verify(differentiate(expression, wrt, let, reading, order, layout))


def derive_each(expression: str | Expr, wrt: Iterable[str | Symbol], let: Iterable[str] = ()) -> dict[str, Derivative]:
    """The derivatives of one expression by several variables, by name; each as `derive` gives it."""
    let = [let] if isinstance(let, str) else list(let)
    found = (derive(expression, variable, let) for variable in wrt)
    return {derivative.wrt: derivative for derivative in found}


def differentiate(
    expression: str | Expr,
    wrt: str | Symbol,
    let: Iterable[str] = (),
    reading: str | Reading | None = None,
    order: int = 1,
    layout: str = "numerator",
) -> Derivative:
    """As `derive`, but the closed form alone, not verified."""
    scope, e = read_problem(expression, wrt, let)
    if order not in (1, 2):
        raise MatcalcError(f"order: expected 1 or 2, got {order!r}")
    if layout not in ("numerator", "denominator"):
        raise MatcalcError(f"layout: expected 'numerator' or 'denominator', got {layout!r}")
    return formulate(e, scope, reading, order, layout)


def read_problem(expression: str | Expr, wrt: str | Symbol, let: Iterable[str]) -> tuple[Scope, Expr]:
    """The scope of a problem and its expression."""
    let = [let] if isinstance(let, str) else let
    name = wrt.name if isinstance(wrt, Symbol) else wrt
    if isinstance(expression, Expr):
        symbols = set(expression.symbols)
        if isinstance(wrt, Symbol):
            symbols.add(wrt)
        scope = Scope.of(symbols, name)
        return scope, expression
    scope = Scope(let, wrt=name)
    (e,) = scope.read(expression)
    if scope.differential_name in e.names:
        raise DeclarationError(
            f"{scope.differential_name} is the differential of {scope.wrt}; it stands in claims, not here"
        )
    return scope, e


def formulate(e: Expr, scope: Scope, reading: str | Reading | None, order: int, layout: str) -> Derivative:
    """The closed form of a derivative of an expression that is read."""
    variable = scope.variable
    structure = structure_of(variable)
    if reading is not None:
        reading = Reading(reading)
        if reading is Reading.ENTRYWISE and not structure.is_linear:
            raise NoRuleError(
                f"{variable.name} is {structure.name}: it has no free entries and so no entrywise reading; "
                "use tangent or ambient"
            )
    _check_cholesky(e)
    work = _Work(e, variable, scope)
    kind = kind_of(e.shape, variable.shape, order)
    forms = work.forms(kind, order, layout)
    default = Reading.ENTRYWISE if structure.is_linear else Reading.TANGENT
    shown = reading if reading is not None else default
    if forms[shown] is None:
        raise NoRuleError(f"there is no {shown} reading through chol: the expression as typed is defined only where "
                          f"{variable.name} is symmetric; use tangent or entrywise")  # fmt: skip
    return Derivative(e, variable, order, kind, layout, forms, shown, scope, tuple(work.steps))


def kind_of(e: shape.Shape, variable: shape.Shape, order: int) -> str:
    """gradient, jacobian, hessian or differential, from the shapes of the expression and the variable."""
    vector = shape.ONE in variable
    if order == 2:
        if shape.SCALAR not in (e, variable):
            raise NoRuleError(
                f"order 2: expected a scalar expression or a scalar variable, "
                f"got {shape.show(e)} by {shape.show(variable)}"
            )
        return "hessian" if vector else "differential"
    if e == shape.SCALAR:
        return "gradient"
    if variable == shape.SCALAR or (vector and shape.ONE in e):
        return "jacobian"
    return "differential"


def derivative_shape(e: shape.Shape, variable: shape.Shape, order: int, layout: str) -> shape.Shape:
    """The shape of a derivative; a differential has that of what it is the differential of."""
    kind = kind_of(e, variable, order)
    if kind == "gradient" or (kind == "differential" and order == 2):
        return variable
    if kind == "differential" or variable == shape.SCALAR:
        return e
    inputs = variable[0] * variable[1]
    outputs = inputs if kind == "hessian" else e[0] * e[1]
    return (outputs, inputs) if layout == "numerator" else (inputs, outputs)


def _check_cholesky(e: Expr) -> None:
    if isinstance(e, Call) and e.function == "chol" and not is_symmetric(e.arguments[0]):
        raise NoRuleError(f"chol({to_text(e.arguments[0])}): the argument is not symmetric by its form; "
                          "declare it spd, or write it so that it is (A*A' + I)")  # fmt: skip
    for a in e.args:
        _check_cholesky(a)


def _through_cholesky(e: Expr, name: str) -> bool:
    if isinstance(e, Call) and e.function == "chol" and name in e.names:
        return True
    return any(_through_cholesky(a, name) for a in e.args)


class _Work:
    """One derivation: the expression with the structure's facts off, differentiated, read back on the structure."""

    def __init__(self, e: Expr, variable: Symbol, scope: Scope) -> None:
        self.e, self.variable, self.scope = e, variable, scope
        self.structure = structure_of(variable)
        self.free = Symbol(variable.name, variable.shape)
        self.d = Symbol(scope.differential_name, variable.shape)
        self.d_structured = Symbol(self.d.name, variable.shape, differential_structure(variable))
        self.typed = settle(substitute(e, {variable: self.free}) if variable != self.free else e)
        self.steps: list[tuple[str, str]] = []

    def step(self, name: str, e: Expr) -> Expr:
        self.steps.append((name, to_text(e, self.scope.size_names)))
        return e

    def push(self, e: Expr) -> Expr:
        """The differential; by a scalar, the derivative itself."""
        direction = ONE if self.variable.is_scalar else self.d
        return self.step("differential", settle(differential(e, {self.variable.name: direction})))

    def on_structure(self, e: Expr) -> Expr:
        return settle(substitute(e, {self.free: self.variable}) if self.variable != self.free else e)

    def form(self, e: Expr, name: str = "simplified") -> Form:
        return Form(self.step(name, simplify(e)), self.scope.size_names)

    def ambient_gradient(self) -> Expr:
        pushed = self.push(self.typed)
        if self.variable.is_scalar:
            return pushed
        return self.step("transposed", settle(gradient(pushed, self.d)))

    def forms(self, kind: str, order: int, layout: str) -> dict[Reading, Form | None]:
        if kind == "gradient":
            return self.gradients()
        if kind == "differential":
            return self.differentials(order)
        e = self.jacobian() if kind == "jacobian" else self.hessian()
        if kind == "jacobian" and layout == "denominator" and not self.variable.is_scalar:
            e = algebra.transpose(e)
        return dict.fromkeys(Reading, self.form(self.on_structure(e)))

    def gradients(self) -> dict[Reading, Form | None]:
        g = self.on_structure(self.ambient_gradient())
        if self.structure.is_unconstrained:
            return dict.fromkeys(Reading, self.form(g))
        g = simplify(g)
        return {r: self.read(r, g) for r in Reading}

    def read(self, reading: Reading, g: Expr) -> Form | None:
        if not self.defined(reading):
            return None
        read = self.structure.read(reading, self.variable, g, SYMBOLIC)
        return self.form(self.step(f"read {reading}", read), f"simplified {reading}")

    def defined(self, reading: Reading) -> bool:
        if reading is Reading.AMBIENT:
            return not _through_cholesky(self.e, self.variable.name)
        return reading is Reading.TANGENT or self.structure.is_linear

    def jacobian(self) -> Expr:
        e = algebra.transpose(self.typed) if self.typed.shape[1] != shape.ONE else self.typed
        pushed = self.push(e)
        if self.variable.is_scalar:
            return algebra.transpose(pushed) if e is not self.typed else pushed
        return self.step("matrix form", matrix_form(pushed, self.d))

    def hessian(self) -> Expr:
        g = settle(self.ambient_gradient())
        g = algebra.transpose(g) if g.shape[1] != shape.ONE else g
        pushed = self.push(simplify(g))
        return pushed if self.variable.is_scalar else self.step("matrix form", matrix_form(pushed, self.d))

    def differentials(self, order: int) -> dict[Reading, Form | None]:
        if order == 1:
            free = self.push(self.typed)
            sources = dict.fromkeys(Reading, free)
        else:
            g = simplify(self.ambient_gradient())
            sources = {r: self.push(self.structure.read(r, self.free, g, SYMBOLIC))
                       for r in Reading if self.defined(r)}  # fmt: skip
        if self.structure.is_unconstrained:
            return dict.fromkeys(Reading, self.differential_form(sources[Reading.AMBIENT], self.d))
        return {
            r: self.differential_form(sources[r], self.d if r is Reading.AMBIENT else self.d_structured)
            if self.defined(r)
            else None
            for r in Reading
        }

    def differential_form(self, pushed: Expr, d: Symbol) -> Form:
        e = simplify(substitute(self.on_structure(pushed), {self.d: d}))
        try:
            j = simplify(matrix_form(e, d))
        except NoRuleError:  # a linear map without a matrix in the language: the differential is the answer
            return self.form(e)
        return Form(self.step("simplified", e), self.scope.size_names, self.form(j, "vec"))


# --- verification ----------------------------------------------------------------------------------------------------


def verify(derivative: Derivative) -> Derivative:
    """The derivative with its evidence, every reading read back from its printed text and compared with the oracle.

    Raises:
        UnverifiedError: a reading disagrees with the measured derivative, or nothing could be decided.
    """
    found = evidence(derivative)
    if not found.ok:
        reason = f"relative error {found.max_relative_error:.1e}" if found.decided else "no instance decides"
        raise UnverifiedError(
            f"the closed form {derivative.form.text} did not pass its verification ({reason}) and is withheld; "
            "this is a defect of matcalc, please report the expression"
        )
    fields = {k: getattr(derivative, k) for k in Derivative.__dataclass_fields__}
    return Derivative(**{**fields, "verified": found})


def evidence(derivative: Derivative) -> Evidence:
    """How well the printed forms of a derivative agree with the measured one, over all readings."""
    read_back = {r: _read_back(derivative, f) for r, f in derivative.readings.items() if f is not None}
    forms = list(read_back.values()) if derivative.kind != "differential" else []
    points = sample([derivative.expression, *forms], [derivative.variable])
    trials = []
    for at in points:
        comparison = Comparison(derivative.expression, derivative.variable, at, derivative.kind, derivative.order)
        known: dict[int, np.ndarray] = {}
        for reading, e in read_back.items():
            if id(e) not in known:
                known[id(e)] = comparison.error(e, reading, derivative.layout)
                trials.append((at, known[id(e)]))
                form = derivative.readings[reading]
                if form is not None and form.vec is not None:
                    trials.append((at, comparison.vec_error(_read_back(derivative, form.vec), reading)))
    found = weigh(trials, derivative.order, ("complex step", "jax.grad"))
    if not found.ok:
        return found
    gap = gap_between_routes(derivative.expression, derivative.variable)
    worst = max(found.max_relative_error, gap)
    instances = sum(p.count for p in points)
    return Evidence(gap <= TOLERANCE[derivative.order], instances, worst, found.oracles)


def _read_back(derivative: Derivative, form: Form) -> Expr:
    """The expression of the printed text; one object for one text."""
    cache = derivative.__dict__.setdefault("_read", {})
    if form.text not in cache:
        (cache[form.text],) = derivative.scope.read(form.text, like=form.expr.shape)
    return cache[form.text]


@dataclass(frozen=True)
class Comparison:
    """A claimed derivative of `e` against the measured one at some points."""

    e: Expr
    variable: Symbol
    points: Points
    kind: str
    order: int = 1

    @cached_property
    def measurement(self) -> Measurement:
        return Measurement(self.e, self.variable, self.points)

    def truth(self, reading: Reading, layout: str = "numerator") -> np.ndarray:
        """The measured derivative, (points, rows, columns); (points, directions, rows, columns) of a differential."""
        m = self.measurement
        if self.kind == "differential":
            directions = self.directions(reading)
            if self.order == 2:
                return second(self.e, self.variable, self.points, directions, reading)
            return m.free_slopes if reading is Reading.AMBIENT else m.slopes
        if self.kind == "hessian":
            return self._hessian()
        if self.kind == "gradient":
            return m.gradient(reading)
        if self.variable.is_scalar:
            return m.free_slopes[:, 0]
        return m.jacobian() if layout == "numerator" else m.jacobian().mT

    def directions(self, reading: Reading) -> np.ndarray:
        return self.measurement.free_directions if reading is Reading.AMBIENT else self.measurement.directions

    def _hessian(self) -> np.ndarray:
        m = self.measurement
        if not self.e.is_scalar:
            return _second_by_scalar(self.e, self.variable, self.points)
        slopes = second(self.e, self.variable, self.points, m.free_directions, Reading.AMBIENT)
        return slopes.reshape(*slopes.shape[:2], -1)

    def claimed(self, claim: Expr, reading: Reading) -> np.ndarray:
        """The value of a claim at the points, laid out like `truth`."""
        if self.kind != "differential":
            return self.points(claim)
        directions = self.directions(reading)
        values = {n: v[:, None] for n, v in self.points.values.items()} | {"d" + self.variable.name: directions}
        with np.errstate(all="ignore"):
            value = Evaluation(values, self.points.sizes, GUARDED)(claim)
        rows, columns = (d.size(self.points.sizes) for d in claim.shape)
        return np.broadcast_to(value, (*directions.shape[:2], rows, columns))

    def error(self, claim: Expr, reading: Reading, layout: str = "numerator") -> np.ndarray:
        """The relative error of a claim at every point."""
        return relative_error(self.claimed(claim, reading), self.truth(reading, layout), self.scale)

    @property
    def scale(self) -> np.ndarray:
        """What rounding is measured against; a difference quotient has lost half of the digits already."""
        return self.measurement.scale * (1 if self.order == 1 else 1 / SECOND_STEP)

    def vec_error(self, j: Expr, reading: Reading) -> np.ndarray:
        """The relative error of J in vec dF = J vec dX at every point, along every direction."""
        truth = self.truth(reading)
        columns = self.directions(reading).mT.reshape(*truth.shape[:2], -1)
        claimed = np.einsum("poi,pki->pko", self.points(j), columns)
        return relative_error(claimed, truth.mT.reshape(*truth.shape[:2], -1), self.scale)


def _second_by_scalar(e: Expr, variable: Symbol, points: Points) -> np.ndarray:
    from matcalc.oracle import directional

    one = np.ones((points.count, 1, 1, 1))

    def slope(at: Points) -> np.ndarray:
        return along(e, variable.name, at, one)[:, 0]

    return directional(slope, points, variable.name, one[:, 0])
