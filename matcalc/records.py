"""What a record is, and the records of derivatives: a statement, made once, that knows how it prints and is proved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

import jax
import numpy as np

from matcalc.derivative import Derivative, differentiate
from matcalc.evaluation import arrays
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression.algebra import split_coefficient, substitute
from matcalc.expression.expr import Expr, Power, Product, Sum, Symbol
from matcalc.expression.latex import to_latex
from matcalc.expression.scope import Scope
from matcalc.expression.text import to_unicode
from matcalc.gradient import grad
from matcalc.indices import DerivativeFormula
from matcalc.indices import to_latex as indices_to_latex
from matcalc.lazy import cached_property
from matcalc.oracle.comparison import Comparison
from matcalc.oracle.measurement import STEP, Question, relative_error, run, structure_of, weigh
from matcalc.oracle.sampling import sample
from matcalc.proof import Proof, close, fixed_sizes, prove, slopes_in_jax, together
from matcalc.structure import GENERAL, STRUCTURES, Reading

Printed = tuple[str, str]  # in Unicode and in LaTeX


@dataclass(frozen=True, eq=False, kw_only=True)
class Record:
    """A statement: its key, what its symbols are, where it is from, and whether it holds as it is stated."""

    kind: ClassVar[str]
    key: str
    source: str
    let: Mapping[str, str] = field(default_factory=dict)
    holds: bool = True
    remark: str = ""

    def prove(self) -> Proof:
        """The proof of the statement, by every route there is."""
        return close([self.attempt()])[0]

    def attempt(self) -> Proof:
        """The statement measured, and derived where it can be; what JAX is to be asked is left open."""
        raise NotImplementedError

    @property
    def sides(self) -> tuple[Printed, Printed]:
        """Both sides of the statement."""
        raise NotImplementedError

    @property
    def symbols(self) -> frozenset[Symbol]:
        """The symbols of the statement."""
        raise NotImplementedError

    @property
    def declarations(self) -> list[str]:
        """`let` in the language."""
        return [f"{name}: {kind}" for name, kind in self.let.items()]

    @property
    def statement(self) -> str:
        """The statement in Unicode, with the structures that it assumes."""
        (left, _), (right, _) = self.sides
        return ", ".join([f"{left} = {right}", *(f"{to_unicode(s)} {s.structure}" for s in self._structured)])

    @property
    def latex(self) -> str:
        """The statement in LaTeX."""
        (_, left), (_, right) = self.sides
        sets = (rf"{to_latex(s)} \in {STRUCTURES[s.structure].latex}" for s in self._structured)
        return r",\ ".join([f"{left} = {right}", *sets])

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"

    @property
    def structures(self) -> tuple[str, ...]:
        """The structures of the symbols, `general` where there is none."""
        return tuple(dict.fromkeys(s.structure for s in self._structured)) or (GENERAL.name,)

    @property
    def _structured(self) -> list[Symbol]:
        structured = (s for s in self.symbols if s.structure in STRUCTURES and s.structure != GENERAL.name)
        return sorted(structured, key=lambda s: s.name)


R = TypeVar("R", bound=Record)


def as_printed(record: R, **printed: Any) -> tuple[R, R]:
    """A record as its source prints it, where that does not hold, and what is right beside it."""
    return replace(record, holds=False, **printed), replace(record, key=f"{record.key}-right", remark="")


# --- derivatives -----------------------------------------------------------------------------------------------------

_OPERATOR = {
    "gradient": ("∂/∂{0} ", r"\frac{{\partial}}{{\partial {0}}} "),
    "jacobian": ("∂/∂{0}ᵀ ", r"\frac{{\partial}}{{\partial {0}^\top}} "),
    "hessian": ("∂²/∂{0}∂{0}ᵀ ", r"\frac{{\partial^2}}{{\partial {0} \partial {0}^\top}} "),
    "differential": ("d", r"\mathrm{{d}}"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity(Record):
    """The derivative of `of` by `wrt` is `derivative`, entrywise where there is a structure; all in the language."""

    kind = "identity"
    of: str
    wrt: str
    derivative: str
    order: int = 1
    layout: str = "numerator"

    @cached_property
    def derived(self) -> Derivative:
        """What the engine derives: the derivative in every reading, printed in every way, and as a function."""
        return differentiate(self.of, self.wrt, self.declarations, order=self.order, layout=self.layout)

    @cached_property
    def claim(self) -> Expr:
        """The derivative as it is stated."""
        return self.derived.scope.read(self.derivative, like=self.derived.expr.shape)[0]

    def attempt(self) -> Proof:
        return prove(self.derived, self.claim)

    @property
    def symbols(self) -> frozenset[Symbol]:
        return self.derived.expression.symbols

    @property
    def sides(self) -> tuple[Printed, Printed]:
        e, kind = self.derived.expression, self.derived.kind
        unicode, latex = _OPERATOR["gradient" if self.layout == "denominator" else kind]
        by = replace(self.derived.variable, structure=GENERAL.name)
        left, left_latex = to_unicode(e), to_latex(e)
        is_longer = isinstance(e, Product) and bool(e.scalars) and len(e.args) > 1
        is_quotient = isinstance(e, Power) and e.is_scalar and split_coefficient(e.exponent)[0] < 0
        if isinstance(e, Sum) or is_longer or is_quotient or kind == "differential":
            left, left_latex = f"({left})", rf"\left({left_latex}\right)"
        before = unicode.format(to_unicode(by)), latex.format(to_latex(by))
        return (before[0] + left, before[1] + left_latex), (to_unicode(self.claim), to_latex(self.claim))


def identity(key: str, *, on: Mapping[str, str] | None = None, **stated: Any) -> tuple[Identity, ...]:
    """A derivative; where `on` says what it is on structures, the variants are numbered: key(1), key(2), ..."""
    general = Identity(key=key, **stated)
    if not on:
        return (general,)
    kind = general.let[general.wrt]
    variants = (
        replace(general, let={**general.let, general.wrt: f"{kind} {structure}"}, derivative=derivative)
        for structure, derivative in on.items()
    )
    return tuple(replace(record, key=f"{key}({k})") for k, record in enumerate((general, *variants), 1))


@dataclass(frozen=True, eq=False, kw_only=True)
class Entry(Record):
    """A derivative entry by entry, `∂ξ_kl/∂x_ij = -ξ_ki ξ_jl`, where the letters stand for matrices in the language."""

    kind = "entry"
    entries: str
    where: Mapping[str, str]

    @cached_property
    def formula(self) -> DerivativeFormula:
        """The statement in its parts."""
        return DerivativeFormula.read(self.entries)

    @cached_property
    def derived(self) -> Derivative:
        """The differential that the engine derives."""
        return differentiate(self.where[self.formula.of], self.where[self.formula.by], self.declarations)

    def attempt(self) -> Proof:
        e, variable = self.derived.expression, self.derived.variable
        stated, derived = [], []
        for at in sample([e], [variable]):
            comparison = Comparison(e, variable, at, "differential")
            directions = comparison.directions(Reading.ENTRYWISE)
            measured = self.formula.lay_out(comparison.truth(Reading.ENTRYWISE), directions)
            engine = self.formula.lay_out(comparison.claimed(self.derived.expr, Reading.ENTRYWISE), directions)
            matrices = {letter: at(self.derived.scope.read(text)[0]) for letter, text in self.where.items()}
            stated.append((at, relative_error(self.formula(matrices), measured)))
            derived.append((at, relative_error(engine, measured)))
        return Proof(weigh(stated), {"derived": weigh(derived)}, (variable.structure,), (slopes_in_jax(e, variable),))

    @property
    def symbols(self) -> frozenset[Symbol]:
        return self.derived.expression.symbols

    @property
    def sides(self) -> tuple[Printed, Printed]:
        left, right = self.entries.split(" = ")
        return (left, indices_to_latex(left)), (right, indices_to_latex(right))


@dataclass(frozen=True, eq=False, kw_only=True)
class ChainRule(Record):
    """∂f/∂X of any scalar f of Y = `through`, in X and in G = ∂f/∂Y; both entrywise where X has a structure.

    Tried on every one of `functions`: on a text of the language, which the engine differentiates, and on a JAX
    function, under the name that is its key.
    """

    kind = "identity"
    through: str
    derivative: str
    functions: Mapping[str, Callable[[Any], Any] | None]

    @cached_property
    def scope(self) -> Scope:
        """X, and G and Y like it."""
        return Scope([f"X Y G: {self.let['X']}"], wrt="X")

    @cached_property
    def expressions(self) -> tuple[Expr, Expr]:
        """Y and the derivative as it is stated."""
        through, derivative = self.scope.read(self.through, self.derivative)
        return through, derivative

    def attempt(self) -> Proof:
        return together([self._on_text(t) if f is None else self._on_function(f) for t, f in self.functions.items()])

    def _on_text(self, f: str) -> Proof:
        X, Y, G = (self.scope.symbols[name] for name in "XYG")
        through, claim = self.expressions
        outer = differentiate(f, "Y", [f"Y: {self.let['X']}"])
        e, g = (substitute(side, {Y: through}) for side in (outer.expression, outer.expr))
        return prove(differentiate(e, X), substitute(claim, {G: g}))

    def _on_function(self, f: Callable[[Any], Any]) -> Proof:
        X = self.scope.symbols["X"]
        through, claim = self.expressions
        structure = structure_of(X)
        (at,) = sample([through], [X], per_size=1, sizes=fixed_sizes)
        position, basis = at.values["X"][0], structure.basis(at.sizes["n"])
        steps = Evaluation({"X": position + 1j * STEP * basis}, at.sizes)(through)
        values, G = run(lambda steps, y: (jax.vmap(f)(steps), grad(f, structure)(y)), steps, at(through)[0])
        measured = np.einsum("k,kij->ij", values.imag / STEP, basis)
        stated = weigh([(at, relative_error(at.at(G=G[None])(claim), measured[None]))])

        def composed(x: Any) -> Any:
            return f(Evaluation({"X": x}, at.sizes, arrays.Jax())(through))

        return Proof(stated, {}, (structure.name,), (Question(grad(composed, structure), (position,), measured),))

    @property
    def symbols(self) -> frozenset[Symbol]:
        return self.expressions[0].symbols

    @property
    def sides(self) -> tuple[Printed, Printed]:
        (y, claim), (y_latex, claim_latex) = (tuple(map(show, self.expressions)) for show in (to_unicode, to_latex))
        left = f"∂/∂X f({y})", rf"\frac{{\partial}}{{\partial X}} f({y_latex})"
        right = f"{claim}, G = ∂f/∂{y}", rf"{claim_latex},\ G = \frac{{\partial f}}{{\partial {y_latex}}}"
        return left, right
