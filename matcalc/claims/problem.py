"""A claim that is read: what it is about, at which sizes, and how it is to be compared."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matcalc import shape
from matcalc.claims.sums import has_sums, read_with_sums
from matcalc.differentiation.differential import differential
from matcalc.differentiation.formulation import (
    check_second_differential,
    derivative_shape,
    is_read,
    kind_of,
    through_cholesky,
    vectorised_shape,
)
from matcalc.errors import ArgumentError, MatcalcError, ParseError, ShapeError
from matcalc.expression.algebra import ONE, is_zero, zeros
from matcalc.expression.beside import beside
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.scope import Scope, name_of
from matcalc.expression.simplification import simplify
from matcalc.oracle.blackbox import argument_names, blackbox
from matcalc.oracle.comparison import Comparison
from matcalc.oracle.exact import ExactClaim
from matcalc.oracle.measurement import IN_DIFFERENTIAL, SECOND_DIFFERENTIAL, structure_of
from matcalc.oracle.sampling import Points
from matcalc.shape import Shape
from matcalc.structure import Reading

_SECOND = re.compile(r"\s*(?:\\mathrm\s*)?\{?d\}?\s*(?:\^\s*\{?\s*2\s*\}?|2)\s*[A-Za-z(\\][^=]*=")
Statement = str | Expr | Callable[..., Any]


@dataclass(frozen=True)
class Problem:
    """A claim that is read: what it is about, and how it is to be compared.

    What is `cancelled` is in neither side, but was written, and the claim says nothing of where it has no value.
    """

    scope: Scope
    e: Expr
    claim: Expr
    variable: Symbol
    kind: str
    order: int
    layout: str
    wanted: Shape
    cancelled: tuple[Expr, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the claim has the shape of what is claimed."""
        return self.claim.shape == self.wanted

    @property
    def has_layout(self) -> bool:
        """Whether what is claimed is a Jacobian, which may be given in the other layout."""
        return self.kind == "jacobian" or (self.kind == "vectorised" and self.order == 1)

    @property
    def turned(self) -> "Problem":
        """The problem with its claim transposed."""
        return replace(self, claim=self.claim.T)

    def comparison(self, points: Points) -> Comparison:
        """The claim's truth at some points."""
        return Comparison(self.e, self.variable, points, self.kind, self.order)

    @property
    def exact(self) -> ExactClaim:
        """The claim for the exact oracle."""
        return ExactClaim(self.e, self.claim, self.variable, self.kind, self.order, self.layout)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings in which a claim of this kind can be right."""
        if not is_read(self.variable, self.kind, self.order):
            return (Reading.TANGENT,) if self.kind in IN_DIFFERENTIAL else (Reading.AMBIENT,)
        is_linear = structure_of(self.variable).is_linear
        readings = (Reading.AMBIENT, Reading.TANGENT, *((Reading.ENTRYWISE,) if is_linear else ()))
        return readings[1:] if through_cholesky(self.e, self.variable.name) else readings


def split_equation(claim: str, differential: str | None) -> str:
    """The right side of `dF = ...`; the left side may be any name that begins with d, or the derivative written out."""
    if "=" not in claim:
        return claim
    left, right = _at_equal_sign(claim)
    if not right:
        return claim
    if _at_equal_sign(right)[1]:
        raise ParseError("the claim has more than one =; check one equation at a time", claim.index("="))
    in_latex = re.match(r"\s*(\\[dt]?frac\s*\{\s*(\\partial|d|\\mathrm)|\\nabla|\\partial|\\mathrm\s*\{?\s*d)", left)
    if in_latex is None and not re.fullmatch(r"\s*(d\s*/\s*d\w+|d|∂|∇)?[\w\s().,'^*+/ᵀ⁻¹∂∇-]*", left):
        raise ParseError(f"the left side {left.strip()!r} of the claim cannot be read", 0)
    return right


def _at_equal_sign(text: str) -> tuple[str, str]:
    """What stands before and behind the first = that is in no bracket."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "=" and depth <= 0:
            return text[:k], text[k + 1 :]
    return text, ""


def read_claim(
    expression: Statement, claim: Statement, wrt: str | Symbol, let: list[str], order: int, layout: str
) -> Problem:
    """The problem that an expression, a claim and a variable make together.

    Raises:
        ParseError, DeclarationError, ShapeError: one of them cannot be read, or does not fit in itself.
    """
    name = name_of(wrt)
    if order == 1 and isinstance(claim, str) and _SECOND.match(claim):
        raise ParseError("the claim is a second differential: ask with order=2 (--order 2)", 0)
    if not (isinstance(expression, str | Expr) and isinstance(claim, str | Expr)):
        return _problem(*read_functions(expression, claim, let, name), order, layout)
    if isinstance(expression, Expr):
        symbols = expression.symbols | (claim.symbols if isinstance(claim, Expr) else set())
        symbols |= {wrt} if isinstance(wrt, Symbol) else set()
        scope = Scope.of({s for s in symbols if s.name != "d" + name}, name)
        if isinstance(claim, Expr):
            return _problem(scope, expression, claim, order, layout)
        (c,) = scope.read(split_equation(claim, scope.differential_name))
        return _problem(scope, expression, c, order, layout)
    if not isinstance(claim, str):
        raise MatcalcError("claim: expected text, as the expression is text")
    expression, right = beside(expression, split_equation(claim, "d" + name), Scope(let, wrt=name))
    about = _Target(order, layout, _mentions_differential(claim, name))
    if has_sums(expression) or has_sums(right):
        scope = Scope(let, wrt=name)
        return _problem(scope, *read_with_sums(scope, expression, right, about.shape), order, layout)
    for attempt in (_one_after_the_other, _together):
        scope = Scope(let, wrt=name)
        try:
            e, c = attempt(scope, expression, right, about)
            return _problem(scope, e, c, order, layout)
        except ShapeError:  # what does not fit is said below, where each is read for itself
            continue
    scope = Scope(let, wrt=name)
    (e,) = scope.read(expression)
    (c,) = scope.read(right)
    return _problem(scope, e, c, order, layout)


def read_functions(
    expression: Statement, claim: Statement, let: list[str], wrt: str | None
) -> tuple[Scope, Expr, Expr]:
    """Texts and functions together; the arguments of functions are symbols by their names."""
    scope = Scope(let, wrt)
    texts = [s for s in (expression, claim) if isinstance(s, str)]
    read = iter(scope.read(*texts))
    sides = (expression, "given"), (claim, "claimed")
    for statement, role in sides:
        if not isinstance(statement, str | Expr):
            if not callable(statement):
                name = "expression" if role == "given" else "claim"
                raise ArgumentError(f"{name}: expected text, an expression or a JAX function, got {statement!r}")
            scope.introduce(argument_names(statement, _label(statement, role)))

    def made(statement: Statement, role: str) -> Expr:
        if isinstance(statement, str):
            return next(read)
        return statement if isinstance(statement, Expr) else blackbox(statement, scope.symbols, _label(statement, role))

    e, claimed = (made(*side) for side in sides)
    return scope, e, claimed


def _label(function: Callable[..., Any], role: str) -> str:
    name = getattr(function, "__name__", role)
    return name if name.isidentifier() else role


@dataclass(frozen=True)
class _Target:
    """What a claim is about, and so what shape it should have."""

    order: int
    layout: str
    differential: bool

    def shape(self, others: Sequence[shape.Shape], variable: shape.Shape) -> shape.Shape:
        if self.differential and self.order == 1:
            return others[0]
        return derivative_shape(others[0], variable, self.order, self.layout)


def _one_after_the_other(scope: Scope, expression: str, claim: str, about: _Target) -> tuple[Expr, Expr]:
    """The claim at the sizes that the expression leaves open; as a row or in the other layout where that fits."""
    (e,) = scope.read(expression)
    wanted = about.shape([e.shape], scope.variable.shape)
    try:
        (c,) = scope.read(claim, like=wanted)
    except ShapeError:
        if shape.ONE not in scope.variable.shape:
            raise
        (c,) = scope.read(claim, like=(wanted[1], wanted[0]))
    return e, c


def _together(scope: Scope, expression: str, claim: str, about: _Target) -> tuple[Expr, Expr]:
    """The claim may settle sizes that the expression leaves open: inv(X) says that X is square."""
    e, c = scope.read(expression, claim, like=about.shape)
    return e, c


def _mentions_differential(claim: str, name: str) -> bool:
    return re.search(rf"(?<!\w)d{re.escape(name)}(?!\w)", claim) is not None


def in_shape(claim: Expr, wanted: Shape) -> Expr:
    """A claim, or the zero of the shape wanted where it is the number 0."""
    return zeros(wanted) if claim.is_scalar and is_zero(claim) else claim


def _kind_in_differential(e: Expr, claim: Expr, scope: Scope, order: int) -> str:
    """Of a claim in dX: the differential of the gradient where it has the shape of X, else d²F, quadratic in dX."""
    variable = scope.variable
    if order == 1 or (e.is_scalar and not claim.is_scalar):
        return "differential"
    if e.is_scalar and variable.is_scalar and _is_linear(claim, scope.differential):
        return "differential"
    check_second_differential(variable)
    return SECOND_DIFFERENTIAL


def _is_linear(claim: Expr, d: Symbol) -> bool:
    """Whether the second derivative by a scalar is 0."""
    once = differential(claim, {d.name: ONE})
    return is_zero(simplify(differential(once, {d.name: ONE})))


def _problem(scope: Scope, e: Expr, claim: Expr, order: int, layout: str) -> Problem:
    variable = scope.variable
    kind = kind_of(e.shape, variable.shape, order)
    if scope.differential_name in claim.names:
        kind = _kind_in_differential(e, claim, scope, order)
        wanted = variable.shape if (kind, order) == ("differential", 2) else e.shape
    else:
        wanted = derivative_shape(e.shape, variable.shape, order, layout)
        claim = in_shape(claim, wanted)
        by_vec = vectorised_shape(e.shape, variable.shape, order, layout)
        if kind == "differential" and claim.shape in (by_vec, by_vec[::-1]):
            kind, wanted = "vectorised", by_vec
        if kind == SECOND_DIFFERENTIAL:
            check_second_differential(variable)
    return Problem(scope, e, claim, variable, kind, order, layout, wanted, tuple(scope.cancelled))
