"""What the note writes with ∫ and ∂, measured: integrals by quadrature, slopes by a complex step, never a closed form.

`formula("J - mu*mu'", J=integral("x*x'", P))` is text of the language in which letters stand for such quantities.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from gaussian.quadrature import rule
from matcalc.equalities import Quantity
from matcalc.expression.algebra import ONE, substitute
from matcalc.expression.expr import Expr, Hadamard, Sum, Symbol
from matcalc.expression.latex import to_latex
from matcalc.expression.scope import Scope
from matcalc.expression.text import to_unicode
from matcalc.oracle.measurement import Measurement, magnitude
from matcalc.oracle.sampling import Points
from matcalc.records import Printed
from matcalc.shape import SCALAR, Shape
from matcalc.structure import Reading

Array = np.ndarray

NODES = 4  # along each axis: exact for polynomials of degree 7 in each coordinate
KINDS = {
    "x y z b mu mu_hat": "n",
    "A B": "n x n",
    "Sigma Sigma_hat Lambda": "n x n spd",
    "L": "n x n lower",
    "t p q": "scalar",
}
DECLARATIONS = {name: kind for names, kind in KINDS.items() for name in names.split()}
SYMBOLS = Scope(f"{name}: {kind}" for name, kind in DECLARATIONS.items()).symbols


def let(names: str) -> dict[str, str]:
    """The declarations of some of the symbols, for a record."""
    return {name: DECLARATIONS[name] for name in names.split()}


@dataclass(frozen=True)
class Weight:
    """A multiple of exp(-½ (v-c)ᵀS⁻¹(v-c)) in the variable v = `over`, with c = `around` and S = `spread`."""

    text: str
    over: str
    around: str = "zeros(n,1)"
    spread: str = "eye(n)"
    name: Printed | None = None


def density(mean: str, covariance: str) -> str:
    """N(x|μ,Σ) in the language [N1]."""
    return f"((2*pi)^n*det({covariance}))^(-1/2)*exp(-1/2*(x - {mean})'*{covariance}^-1*(x - {mean}))"


P = Weight(density("mu", "Sigma"), "x", "mu", "Sigma", ("N(x|μ,Σ)", r"\mathcal{N}(x \mid \mu, \Sigma)"))
Q = Weight(density("mu_hat", "Sigma_hat"), "x", "mu_hat", "Sigma_hat",
           ("N(x|μ̂,Σ̂)", r"\mathcal{N}(x \mid \hat{\mu}, \hat{\Sigma})"))  # fmt: skip
BY_SIGMA = Weight("exp(-1/2*y'*Sigma^-1*y)", "y", spread="Sigma")
BY_LAMBDA = Weight("exp(-1/2*y'*Lambda*y)", "y", spread="Lambda^-1")
BY_L = Weight("exp(-1/2*y'*(L*L')^-1*y)", "y", spread="L*L'")
STANDARD = Weight("exp(-1/2*z'*z)", "z")
UNIVARIATE = Weight("exp(-1/2*t^2)", "t", around="0", spread="1")

DENSITIES = {"p": P, "q": Q}  # what the letters p and q stand for in an integrand
NAMES = {letter: weight.name for letter, weight in DENSITIES.items() if weight.name}


@dataclass(frozen=True)
class Letter(Quantity):
    """A quantity for which a letter stands in a formula; it has a shape."""

    shape: Shape = SCALAR


def integral(integrand: str, weight: Weight, by: str = "") -> Letter:
    """∫ integrand · weight over the variable of the weight, or of its derivative by a symbol, by quadrature."""
    f, w, around, spread = map(_read, (integrand, weight.text, weight.around, weight.spread))
    e = substitute(f * w, {SYMBOLS[letter]: _read(density.text) for letter, density in DENSITIES.items()})

    @lru_cache(maxsize=1)  # for the value and for its size
    def terms(at: Points) -> Array:
        """What the quadrature sums: (points, nodes, rows, columns)."""
        root = np.linalg.cholesky(at(spread))
        z, weights = rule(root.shape[-1], NODES)
        weights = np.linalg.det(root)[:, None] * weights * np.exp((z * z).sum(-1) / 2)
        positions = at(around)[:, None] + root[:, None] @ z[..., None]
        values = {name: np.repeat(value, len(z), 0) for name, value in at.values.items()}
        nodes = Points(at.sizes, {**values, weight.over: positions.reshape(-1, *positions.shape[2:])})
        found = _slope(e, by, nodes) if by else nodes(e)
        return weights[..., None, None] * found.reshape(*weights.shape, *found.shape[1:])

    unicode, latex = _join(_operator(by), _factor(f), weight.name or _show(w))
    space = r"\mathbb{R}" if SYMBOLS[weight.over].is_scalar else r"\mathbb{R}^n"
    return Letter(
        unicode=f"∫ {unicode} d{weight.over}",
        latex=rf"\int_{{{space}}} {latex} \,\mathrm{{d}}{weight.over}",
        value=lambda at: terms(at).sum(1),
        by=("quadrature", "complex step") if by else ("quadrature",),
        size=lambda at: np.abs(terms(at)).sum(1).max((-2, -1)),
        shape=SYMBOLS[by].shape if by else e.shape,
    )


def slope(scalar: str, by: str) -> Letter:
    """The derivative of a scalar by a symbol, entrywise, by a complex step."""
    e = _read(scalar)
    unicode, latex = _join(_operator(by), _show(e))
    return Letter(unicode, latex, lambda at: _slope(e, by, at), by=("complex step",), shape=SYMBOLS[by].shape)


def formula(text: str, **letters: Letter) -> Quantity:
    """Text of the language in which letters stand for quantities."""
    symbols = {name: Symbol(name, letter.shape) for name, letter in letters.items()}
    (e,) = Scope.of([*SYMBOLS.values(), *symbols.values()]).read(text)

    def value(at: Points) -> Array:
        return at.at(**{name: letter.value(at) for name, letter in letters.items()})(e)

    def size(at: Points) -> Array:
        return magnitude(e, at.at(**{name: letter.magnitude(at)[:, None, None] for name, letter in letters.items()}))

    shown = {name: (letter.unicode, letter.latex) for name, letter in letters.items()}
    if e not in symbols.values():
        shown = {name: _in_parentheses(printed) for name, printed in shown.items()}
    unicode, latex = _show(e, shown)
    by = dict.fromkeys(name for letter in letters.values() for name in letter.by)
    return Quantity(unicode, latex, value, tuple(by), size)


@cache
def _read(text: str) -> Expr:
    return Scope.of(SYMBOLS.values()).read(text)[0]


def _slope(e: Expr, by: str, at: Points) -> Array:
    return Measurement(e, SYMBOLS[by], at).gradient(Reading.ENTRYWISE)


# --- printing --------------------------------------------------------------------------------------------------------


def _show(e: Expr, names: Mapping[str, Printed] = NAMES) -> Printed:
    """In Unicode and in LaTeX, with what its letters stand for."""
    letters = rf"\b({'|'.join(names)})\b"
    unicode = re.sub(letters, lambda letter: names[letter[0]][0], to_unicode(e))
    return unicode, re.sub(letters, lambda letter: names[letter[0]][1], to_latex(e))


def _in_parentheses(printed: Printed) -> Printed:
    return f"({printed[0]})", rf"\left({printed[1]}\right)"


def _factor(e: Expr) -> Printed:
    """As the first factor of a product: nothing for 1."""
    return ("", "") if e == ONE else _in_parentheses(_show(e)) if isinstance(e, Sum | Hadamard) else _show(e)


def _operator(by: str) -> Printed:
    if not by:
        return "", ""
    unicode, latex = _show(SYMBOLS[by])
    return f"∂/∂{unicode}", rf"\frac{{\partial}}{{\partial {latex}}}"


def _join(*parts: Printed) -> Printed:
    unicode, latex = (" ".join(filter(None, texts)) for texts in zip(*parts, strict=True))
    return unicode, latex
