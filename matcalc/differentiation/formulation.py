"""The closed form of a derivative: differential, transposed, read on the structure, simplified; not yet verified."""

from collections.abc import Callable, Mapping

from matcalc import shape
from matcalc.differentiation.differential import differential, through_adjugates
from matcalc.differentiation.form import Form
from matcalc.differentiation.transpose import gradient, matrix_form
from matcalc.errors import NoRuleError
from matcalc.expression import algebra
from matcalc.expression.algebra import ONE, call, eye, hadamard, multiply, scale, substitute
from matcalc.expression.expr import Call, Expr, Symbol
from matcalc.expression.scope import Scope, differential_structure
from matcalc.expression.simplification import (
    is_singular_at_odd_order,
    is_symmetric,
    same_by_form,
    settle,
    simplify,
)
from matcalc.expression.text import to_text
from matcalc.oracle.measurement import IN_DIFFERENTIAL, SECOND_DIFFERENTIAL, structure_of
from matcalc.structure import Operations, Reading


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


def kind_of(e: shape.Shape, variable: shape.Shape, order: int) -> str:
    """The kind of a derivative, from the shapes of the expression and the variable."""
    vector = shape.ONE in variable
    if order == 2:
        if shape.SCALAR not in (e, variable):
            return SECOND_DIFFERENTIAL
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
    if kind in IN_DIFFERENTIAL or variable == shape.SCALAR:
        return e
    return vectorised_shape(e, variable, order, layout)


def vectorised_shape(e: shape.Shape, variable: shape.Shape, order: int, layout: str) -> shape.Shape:
    """The shape of J in vec dF = J vec dX, or of the Hessian H in vec dG = H vec dX."""
    inputs = variable[0] * variable[1]
    outputs = inputs if order == 2 else e[0] * e[1]
    return (outputs, inputs) if layout == "numerator" else (inputs, outputs)


def is_read(variable: Symbol, kind: str, order: int) -> bool:
    """Whether a derivative is another in each reading: a gradient by a structured matrix, or how that one moves."""
    of_gradient = kind == "gradient" or (order == 2 and kind in ("differential", "vectorised"))
    return of_gradient and not structure_of(variable).is_unconstrained


def check_second_differential(variable: Symbol) -> None:
    """Whether d²F along dX is one thing: on a linear structure, where X can move along dX in a straight line.

    Raises:
        NoRuleError: the structure is curved.
    """
    if not structure_of(variable).is_linear:
        raise NoRuleError(
            f"{variable.name} is {variable.structure}, and moves on a curve: a second differential has a part in "
            f"d^2{variable.name} besides; declare {variable.name} general for the part in d{variable.name}"
        )


def check_cholesky(e: Expr) -> None:
    """Whether every argument of chol is symmetric by its form.

    Raises:
        NoRuleError: one is not, so that its Cholesky factor is not that of a matrix.
    """
    if isinstance(e, Call) and e.function == "chol" and not is_symmetric(e.arguments[0]):
        raise NoRuleError(f"chol({to_text(e.arguments[0])}): the argument is not symmetric by its form; "
                          "declare it spd, or write it so that it is (A*A' + I)")  # fmt: skip
    for a in e.args:
        check_cholesky(a)


def through_cholesky(e: Expr, name: str) -> bool:
    """Whether the variable stands under a Cholesky factor, which is defined on symmetric matrices only."""
    if isinstance(e, Call) and e.function == "chol" and name in e.names:
        return True
    return any(through_cholesky(a, name) for a in e.args)


class Formulation:
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

    def push(self, e: Expr, name: str = "differential") -> Expr:
        """The differential; by a scalar, the derivative itself."""
        direction = ONE if self.variable.is_scalar else self.d
        pushed = differential(e, {self.variable.name: direction})
        if is_singular_at_odd_order(self.variable):
            pushed = through_adjugates(pushed)
        return self.step(name, settle(pushed))

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
        if kind == SECOND_DIFFERENTIAL:
            return self.second_differentials()
        e = self.jacobian() if kind == "jacobian" else self.hessian()
        if kind == "jacobian" and layout == "denominator" and not self.variable.is_scalar:
            e = algebra.transpose(e)
        return dict.fromkeys(Reading, self.form(self.on_structure(e)))

    def gradients(self) -> dict[Reading, Form | None]:
        g = self.on_structure(self.ambient_gradient())
        if self.structure.is_unconstrained:
            return dict.fromkeys(Reading, self.form(g))
        if not self.defined(Reading.AMBIENT):  # then any gradient with the right projection will do
            g = self.structure.read(Reading.TANGENT, self.variable, simplify(g), SYMBOLIC)
        g = simplify(g)
        return {r: self.read(r, g) for r in Reading}

    def read(self, reading: Reading, g: Expr) -> Form | None:
        if not self.defined(reading):
            return None
        read = self.structure.read(reading, self.variable, g, SYMBOLIC)
        return self.form(self.step(f"read {reading}", read), f"simplified {reading}")

    def defined(self, reading: Reading) -> bool:
        if reading is Reading.AMBIENT:
            return not through_cholesky(self.e, self.variable.name)
        return reading is Reading.TANGENT or self.structure.is_linear

    def jacobian(self) -> Expr:
        e = algebra.transpose(self.typed) if self.typed.shape[1] != shape.ONE else self.typed
        pushed = self.push(e)
        if self.variable.is_scalar:
            return algebra.transpose(pushed) if e is not self.typed else pushed
        return self.step("matrix form", matrix_form(pushed, self.d))

    def hessian(self) -> Expr:
        g = settle(self.ambient_gradient())
        if self.variable.is_scalar:
            return self.push(simplify(g))
        g = algebra.transpose(g) if g.shape[1] != shape.ONE else g
        pushed = self.push(simplify(g))
        return self.step("matrix form", matrix_form(pushed, self.d))

    def differentials(self, order: int) -> dict[Reading, Form | None]:
        if order == 1:
            free = self.push(self.typed)
            if self.variable.is_scalar:
                free = algebra.multiply(free, self.d)
            sources = dict.fromkeys(Reading, free)
        else:
            g = simplify(self.ambient_gradient())
            sources = {r: self.push(self.structure.read(r, self.free, g, SYMBOLIC))
                       for r in Reading if self.defined(r)}  # fmt: skip
        return self.in_differential(sources, self.differential_form)

    def second_differentials(self) -> dict[Reading, Form | None]:
        """d²F: the differential of the differential, in which dX stands still."""
        check_second_differential(self.variable)
        pushed = self.push(self.push(self.typed), "second differential")
        if self.variable.is_scalar:
            pushed = multiply(pushed, self.d, self.d)
        return self.in_differential(dict.fromkeys(Reading, pushed), lambda e, _: self.form(e))

    def in_differential(
        self, sources: Mapping[Reading, Expr], form: Callable[[Expr, Symbol], Form]
    ) -> dict[Reading, Form | None]:
        """The forms of what is pushed forward, in a dX that is free in the ambient reading and structured in others."""

        def read(reading: Reading, d: Symbol) -> Form:
            return form(substitute(self.on_structure(sources[reading]), {self.d: d}), d)

        if self.structure.is_unconstrained:
            return dict.fromkeys(Reading, read(Reading.AMBIENT, self.d))
        return {
            r: read(r, self.d if r is Reading.AMBIENT else self.d_structured) if self.defined(r) else None
            for r in Reading
        }

    def differential_form(self, pushed: Expr, d: Symbol) -> Form:
        e = simplify(pushed)
        j = simplify(matrix_form(e, d))
        return Form(self.step("simplified", e), self.scope.size_names, self.form(j, "vec"))
