"""derive(...): the closed form of a derivative in every reading, verified on its printed text."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from matcalc.differentiation.form import Form
from matcalc.differentiation.formulation import Formulation, check_cholesky, kind_of
from matcalc.errors import ArgumentError, DeclarationError, MatcalcError, NoRuleError, UnverifiedError
from matcalc.evaluation.evaluate import function
from matcalc.expression.algebra import rewrite
from matcalc.expression.expr import Call, Expr, Number, Power, Symbol
from matcalc.expression.scope import Declarations, Scope, declarations, name_of
from matcalc.expression.simplification import is_singular_at_odd_order
from matcalc.expression.text import to_text
from matcalc.lazy import cached_property
from matcalc.oracle.comparison import Comparison
from matcalc.oracle.measurement import IN_DIFFERENTIAL, TOLERANCE, Evidence, structure_of, weigh
from matcalc.oracle.routes import gap_between_routes
from matcalc.oracle.sampling import sample
from matcalc.structure import Reading


def notes_on(e: Expr, wrt: str) -> list[str]:
    """What a reader should know of an expression that is differentiated."""
    return [] if wrt in e.names else [f"{wrt} does not occur in the expression: the derivative is zero"]


def notes_on_orders(form: Expr) -> list[str]:
    """At what sizes a form has no value, because of a matrix that it inverts, or by whose determinant it divides."""
    inverted: dict[Expr, None] = {}

    def collect(node: Expr) -> None:
        if isinstance(node, Power) and isinstance(node.exponent, Number) and node.exponent.value < 0:
            divisor = node.base
            inverted[divisor.args[0] if isinstance(divisor, Call) and divisor.function == "det" else divisor] = None

    rewrite(form, collect)
    singular = [to_text(m) for m in inverted if is_singular_at_odd_order(m)]
    return [f"{m} is singular where its order is odd: there the form has no value" for m in singular]


@dataclass(frozen=True, repr=False)
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
        return [*notes_on(self.expression, self.wrt), *notes_on_orders(self.expr)]

    def function(self, reading: str | Reading | None = None) -> Callable[..., Any]:
        """The closed form as a JAX function of its arrays by name, jit-, vmap- and grad-compatible.

        Vectors are 1-D and scalars 0-D; the arguments are the symbols of the expression in alphabetical order, with
        the differential (`dX`) among them where the derivative is a differential; what is declared besides may be
        given too, last. An array that breaks its declaration, a matrix that is not symmetric for a symmetric symbol,
        is a DomainError where its values are known: not under jit, vmap or grad.
        """
        form = self.form if reading is None else self.readings[Reading(reading)]
        if form is None:
            raise MatcalcError(f"there is no {reading} reading here")
        symbols = self.expression.symbols | form.expr.symbols | {self.variable}
        besides = {s for s in self.scope.symbols.values() if s.name != self.scope.differential_name} - symbols
        return function(form.expr, [s for group in (symbols, besides) for s in sorted(group, key=attrgetter("name"))])

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

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return self.form._repr_latex_()


def derive(
    expression: str | Expr,
    wrt: str | Symbol,
    let: Declarations = (),
    reading: str | Reading | None = None,
    order: int = 1,
    layout: str = "numerator",
) -> Derivative:
    """The derivative of an expression in closed form, verified before it is handed out.

    Args:
        expression: text of the language, or an expression of symbols.
        wrt: the variable.
        let: declarations such as `"X: n x n symmetric"`, or `{"X": "n x n symmetric"}`; not needed for an expression
            of symbols.
        reading: which reading to show; `entrywise` where there is a structure (`tangent` for orthogonal) if not given.
        order: 1, or 2 for the Hessian of a scalar by a vector, the differential of its gradient by a matrix, and the
            second differential d²F, quadratic in `dX`, of anything else.
        layout: of a Jacobian: `numerator` (a row per output) or `denominator` (its transpose).

    Returns:
        the derivative: a gradient has the shape of the variable, df = tr(G' dX).

    Raises:
        ParseError, DeclarationError, ShapeError: the input cannot be read or does not fit.
        NoRuleError: an operation has no rule for what is asked.
        UnverifiedError: the closed form did not agree with the measured derivative.
    """
    return verify(differentiate(expression, wrt, let, reading, order, layout))


def derive_each(expression: str | Expr, wrt: Iterable[str | Symbol], let: Declarations = ()) -> dict[str, Derivative]:
    """The derivatives of one expression by several variables, by name; each as `derive` gives it."""
    let = declarations(let)
    found = (derive(expression, variable, let) for variable in wrt)
    return {derivative.wrt: derivative for derivative in found}


def differentiate(
    expression: str | Expr,
    wrt: str | Symbol,
    let: Declarations = (),
    reading: str | Reading | None = None,
    order: int = 1,
    layout: str = "numerator",
) -> Derivative:
    """As `derive`, but the closed form alone, not verified."""
    scope, e = read_problem(expression, wrt, let)
    require_order_and_layout(order, layout)
    return formulate(e, scope, reading, order, layout)


def require_order_and_layout(order: int, layout: str) -> None:
    """Raise a MatcalcError unless there are derivatives of this order and in this layout."""
    if order not in (1, 2):
        raise MatcalcError(f"order: expected 1 or 2, got {order!r}")
    if layout not in ("numerator", "denominator"):
        raise MatcalcError(f"layout: expected 'numerator' or 'denominator', got {layout!r}")


def read_problem(expression: str | Expr, wrt: str | Symbol, let: Declarations) -> tuple[Scope, Expr]:
    """The scope of a problem and its expression."""
    name = name_of(wrt)
    if isinstance(expression, Expr):
        symbols = set(expression.symbols)
        if isinstance(wrt, Symbol):
            symbols.add(wrt)
        scope = Scope.of(symbols, name)
        return scope, expression
    if not isinstance(expression, str):
        what = "a function; check compares it with a claim" if callable(expression) else repr(expression)
        raise ArgumentError(f"expression: expected text or an expression of symbols, got {what}")
    scope = Scope(declarations(let), wrt=name)
    (e,) = scope.read(expression)
    if scope.differential_name in e.names:
        raise DeclarationError(
            f"{scope.differential_name} is the differential of {scope.wrt}; it stands in claims, not here"
        )
    if scope.cancelled:  # raises where what is written has no value, as inv(X)*X of a skew X of odd size
        sample([e, *scope.cancelled], [scope.variable], per_size=1)
    return scope, e


def formulate(
    e: Expr, scope: Scope, reading: str | Reading | None, order: int, layout: str, kind: str | None = None
) -> Derivative:
    """The closed form of a derivative of an expression that is read; the kind that its shape has, if none is given."""
    variable = scope.variable
    structure = structure_of(variable)
    if reading is not None:
        reading = Reading(reading)
        if reading is Reading.ENTRYWISE and not structure.is_linear:
            raise NoRuleError(
                f"{variable.name} is {structure.name}: it has no free entries and so no entrywise reading; "
                "use tangent or ambient"
            )
    check_cholesky(e)
    work = Formulation(e, variable, scope)
    kind = kind or kind_of(e.shape, variable.shape, order)
    forms = work.forms(kind, order, layout)
    default = Reading.ENTRYWISE if structure.is_linear else Reading.TANGENT
    shown = reading if reading is not None else default
    if forms[shown] is None:
        raise NoRuleError(f"there is no {shown} reading through chol: the expression as typed is defined only where "
                          f"{variable.name} is symmetric; use tangent or entrywise")  # fmt: skip
    return Derivative(e, variable, order, kind, layout, forms, shown, scope, tuple(work.steps))


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
    forms = {r: f for r, f in derivative.readings.items() if f is not None}
    printed = tuple(
        (r, _read_back(derivative, f), _read_back(derivative, f.vec) if f.vec is not None else None)
        for r, f in forms.items()
    )
    return _agreement(
        derivative.expression, derivative.variable, derivative.kind, derivative.order, derivative.layout, printed
    )


@lru_cache(maxsize=256)  # of many claims about one derivative, each asks what is the right one
def _agreement(
    e: Expr,
    variable: Symbol,
    kind: str,
    order: int,
    layout: str,
    printed: tuple[tuple[Reading, Expr, Expr | None], ...],
) -> Evidence:
    """How well forms and their matrices, each in a reading, agree with the measured derivative."""
    forms = [form for _, form, _ in printed] if kind not in IN_DIFFERENTIAL else []
    points = sample([e, *forms], [variable])
    trials = []
    for at in points:
        comparison = Comparison(e, variable, at, kind, order)
        tried: set[int] = set()
        for reading, form, matrix in printed:
            if id(form) not in tried:  # one text in several readings
                tried.add(id(form))
                trials.append((at, comparison.trial(form, reading, layout)))
                if matrix is not None:
                    trials.append((at, comparison.vec_error(matrix, reading)))
    found = weigh(trials, order, ("complex step", "jax.grad"))
    if not found.ok:
        return found
    gap = gap_between_routes(e, variable)
    worst = max(found.max_relative_error, gap)
    instances = sum(p.count for p in points)
    return Evidence(gap <= TOLERANCE[order], instances, worst, found.oracles)


def _read_back(derivative: Derivative, form: Form) -> Expr:
    """The expression of the printed text; one object for one text."""
    cache = derivative.__dict__.setdefault("_read", {})
    if form.text not in cache:
        (cache[form.text],) = derivative.scope.read(form.text, like=form.expr.shape)
    return cache[form.text]
