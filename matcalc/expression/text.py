"""Print expressions: plain ASCII text (which is read back), Unicode, and by further styles LaTeX and Python.

A `Style` says how each kind of operation looks; `Printer` walks the expression and decides what stands where.
Everything that the ASCII and the Unicode style print is read by `Scope.read`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from matcalc.expression.algebra import transpose
from matcalc.expression.alike import as_structured, transposes
from matcalc.expression.expr import (
    Apply,
    Call,
    Commutation,
    Constant,
    ElementwisePower,
    Expr,
    Filled,
    Hadamard,
    Identity,
    Number,
    Ones,
    Opaque,
    Pi,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
    Transpose,
)
from matcalc.language.syntax import GREEK
from matcalc.shape import ONE, SCALAR, Dim

SUM, PRODUCT, UNARY, POSTFIX, ATOM = range(5)
EXPONENTIAL = 3
HALF = Number(Fraction(1, 2))
Printed = tuple[str, int]
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Style:
    """ASCII text of the language: how each operation looks, given its operands and how tightly they bind."""

    times, dot, quotient = "*", " .* ", " ./ "
    pi = "pi"

    def name(self, name: str) -> str:
        """A symbol."""
        return name

    def dim(self, parts: Sequence[str]) -> str:
        """A dimension: a product of names and an integer."""
        return "*".join(parts)

    def group(self, text: str) -> str:
        """Parentheses."""
        return f"({text})"

    def at(self, printed: Printed, level: int) -> str:
        """An operand, in parentheses unless it binds at least as tightly as `level`."""
        text, found = printed
        return text if found >= level else self.group(text)

    def number(self, value: Fraction) -> Printed:
        """A rational."""
        return str(value), UNARY if value < 0 else ATOM if value.denominator == 1 else PRODUCT

    def transpose(self, of: Printed) -> Printed:
        """The transpose."""
        return self.at(of, POSTFIX) + "'", POSTFIX

    def power(self, base: Printed, exponent: Printed) -> Printed:
        """A scalar to a power."""
        return f"{self.at(base, ATOM)}^{self.exponent(exponent)}", POSTFIX

    def matrix_power(self, base: Printed, exponent: int) -> Printed:
        """An integer power of a matrix; -1 is the inverse."""
        return self.power(base, self.number(Fraction(exponent)))

    def transposed_power(self, base: Printed, exponent: int) -> Printed:
        """The transpose of an integer power of a matrix."""
        return self.transpose(self.matrix_power(base, exponent))

    def elementwise_power(self, base: Printed, exponent: Printed) -> Printed:
        """Every entry to a power."""
        return f"{self.at(base, POSTFIX)}.^{self.exponent(exponent)}", POSTFIX

    def exponent(self, exponent: Printed) -> str:
        """What stands raised: bare when it is an integer."""
        text, level = exponent
        return text if text.lstrip("-").isdigit() else self.at((text, level), ATOM)

    def product(self, scalars: Sequence[str], chain: Sequence[str]) -> str:
        """Scalars, then matrices in their order."""
        return self.times.join([*scalars, *chain])

    def fraction(self, numerator: Printed, denominator: Printed) -> Printed:
        """A quotient by a scalar."""
        return f"{self.at(numerator, PRODUCT)}/{self.at(denominator, POSTFIX)}", PRODUCT

    def hadamard(self, factors: Sequence[Printed], divisors: Sequence[Printed]) -> Printed:
        """Elementwise products and quotients."""
        text = self.dot.join(self.at(f, POSTFIX) for f in factors)
        return text + "".join(self.quotient + self.at(d, POSTFIX) for d in divisors), PRODUCT

    def function(self, name: str, arguments: Sequence[Printed], sizes: Sequence[str], e: Expr) -> Printed:
        """A function by its name in the language; `e` is the call."""
        return f"{name}({', '.join([*(text for text, _ in arguments), *sizes])})", ATOM

    def identity(self, n: str, determined: bool) -> str:
        """The identity matrix; `determined`: its size is clear from its place."""
        return "I" if determined else f"eye({n})"

    def filled(self, name: str, rows: str, columns: str) -> Printed:
        """A matrix of ones or of zeros."""
        return f"{name}({rows},{columns})", ATOM


class Unicode(Style):
    """Unicode text, as terminals show it; read back as well."""

    times, dot, quotient = " ", " ⊙ ", " ⊘ "
    pi = "π"

    def name(self, name: str) -> str:
        for greek in sorted(GREEK, key=len, reverse=True):
            name = re.sub(rf"^(d?){greek}(?![A-Za-z])", rf"\g<1>{GREEK[greek]}", name)
        return re.sub(r"^(d?[^\W\d_])_hat$", "\\g<1>\u0302", name)

    def transpose(self, of: Printed) -> Printed:
        return self.at(of, POSTFIX) + "ᵀ", POSTFIX

    def power(self, base: Printed, exponent: Printed) -> Printed:
        if exponent[0].lstrip("-").isdigit():
            return self.at(base, ATOM) + exponent[0].translate(_RAISED), POSTFIX
        return super().power(base, exponent)

    def transposed_power(self, base: Printed, exponent: int) -> Printed:
        return self.transpose((self.matrix_power(base, exponent)[0], UNARY))

    def product(self, scalars: Sequence[str], chain: Sequence[str]) -> str:
        text, *factors = [*scalars, *chain]
        for factor in factors:
            text += (" · " if factor[0].isdigit() else " ") + factor
        return text

    def fraction(self, numerator: Printed, denominator: Printed) -> Printed:
        return f"{self.at(numerator, PRODUCT)} / {self.at(denominator, POSTFIX)}", PRODUCT

    def function(self, name: str, arguments: Sequence[Printed], sizes: Sequence[str], e: Expr) -> Printed:
        if name == "kron":
            return " ⊗ ".join(self.at(a, POSTFIX) for a in arguments), PRODUCT
        return super().function(name, arguments, sizes, e)


@dataclass(frozen=True)
class SizeNames:
    """How a dimension is written: as an argument (`eye(n)`), and as a scalar, where the language has `rows(X)`."""

    arguments: Mapping[str, str] = field(default_factory=dict)
    scalars: Mapping[str, str] = field(default_factory=dict)


PLAIN = SizeNames()


class Printer:
    """Turns an expression into text of a style; `sizes` says how a dimension is written."""

    def __init__(self, style: Style, sizes: SizeNames = PLAIN) -> None:
        self.style, self.sizes = style, sizes

    def print(self, e: Expr) -> str:
        """The text of a whole expression."""
        return self.text(e)[0]

    def dim(self, d: Dim) -> str:
        """The text of a dimension."""
        return self._dim(d, self.sizes.arguments)

    def _dim(self, d: Dim, written: Mapping[str, str]) -> str:
        names = [written.get(n) or self.style.name(n) for n in d.names]
        return self.style.dim([str(d.factor)] * (d.factor != 1 or not names) + names)

    def text(self, e: Expr, determined: bool = False) -> Printed:
        """The text of an expression and how tightly it binds; `determined`: an I in its place is of known size."""
        style = self.style
        match e:
            case Symbol(name):
                return style.name(name), ATOM
            case Opaque(name):  # a function, or a formula with sums over indices
                return style.name(name), ATOM if name.isidentifier() else SUM
            case Number(value):
                return style.number(value)
            case Pi():
                return style.pi, ATOM
            case Size(d):
                return self._dim(d, self.sizes.scalars), ATOM
            case Identity((n, _)):
                return style.identity(self.dim(n), determined), ATOM
            case Commutation(of=sizes):
                return style.function("commutation", [], [*map(self.dim, sizes)], e)
            case Filled((n, m)):
                return style.filled("ones" if isinstance(e, Ones) else "zeros", self.dim(n), self.dim(m))
            case Sum() | Apply() | Hadamard() if (column := _column(e)) is not None:
                return style.transpose(self.text(column))  # (x - μ)ᵀ rather than xᵀ - μᵀ
            case Sum(terms):
                return self.sum(terms), SUM
            case Product():
                return self.product(e, determined)
            case Hadamard(factors):
                return self.hadamard(factors)
            case Transpose(of):
                return style.transpose(self.text(of))
            case Power(base, exponent):
                return self.scalar_power(e) if base.shape == SCALAR else self.matrix_power(base, exponent)
            case ElementwisePower(base, exponent):
                return self.function("sqrt", e, [base]) if exponent == HALF else style.elementwise_power(
                    self.text(base), self.text(exponent))  # fmt: skip
            case Apply(function, argument):
                return self.function(function, e, [argument])
            case Call(function, arguments):
                return self.function(function, e, arguments, [*map(self.dim, e.sizes)])
        raise TypeError(f"no way to print {type(e).__name__}")

    def function(self, name: str, e: Expr, arguments: Sequence[Expr], sizes: Sequence[str] = ()) -> Printed:
        """A call of a function."""
        return self.style.function(name, [*map(self.text, arguments)], sizes, e)

    def sum(self, terms: Sequence[Expr]) -> str:
        """Terms with their signs, a positive one first where there is one that is not the Hadamard correction."""
        determined = any(not isinstance(_bare(t), Identity) for t in terms)
        texts = [self.text(t, determined)[0] for t in terms]
        positive = (k for k, t in enumerate(texts) if not t.startswith("-"))
        leading = next((k for k in positive if not _is_correction(_bare(terms[k]))), 0)
        first, *rest = texts.pop(leading), *texts
        return first + "".join(f" - {t[1:]}" if t.startswith("-") else f" + {t}" for t in rest)

    def scalar_power(self, e: Power) -> Printed:
        """A power of a scalar: a negative one stands below the line."""
        if _is_below(e):
            return self.product(Product(Fraction(1), (e,), ()))
        if e.exponent == HALF:
            return self.function("sqrt", e, [e.base])
        return self.style.power(self.text(e.base), self.text(e.exponent))

    def matrix_power(self, base: Expr, exponent: Expr) -> Printed:
        """A power of a matrix, perhaps of a transposed one."""
        assert isinstance(exponent, Number)
        k = int(exponent.value)
        if isinstance(base, Transpose):
            return self.style.transposed_power(self.text(base.of), k)
        return self.style.matrix_power(self.text(base), k)

    def product(self, e: Product, determined: bool = False) -> Printed:
        """coefficient, scalars, chain, then exponentials; negative powers of scalars below the line."""
        below = [_reciprocal(s) for s in e.scalars if _is_below(s)]
        above = sorted((s for s in e.scalars if not _is_below(s)), key=_place)
        last = [s for s in above if e.chain and _place(s) == EXPONENTIAL]
        above, chain = _open_last([s for s in above if s not in last], e.chain)
        size = abs(e.coefficient)
        if below:
            numerator = self.factors(Fraction(size.numerator), above, chain, last, determined)
            denominator = self.factors(Fraction(size.denominator), *_open_last(below, ()), ())
            text, level = self.style.fraction(numerator, denominator)
        else:
            text, level = self.factors(size, above, chain, last, determined)
        if e.coefficient > 0:
            return text, level
        return "-" + self.style.at((text, level), PRODUCT), PRODUCT if level == PRODUCT else UNARY

    def factors(self, coefficient: Fraction, scalars: Sequence[Expr], chain: Sequence[Expr], last: Sequence[Expr],
                determined: bool = False) -> Printed:  # fmt: skip
        """A coefficient, scalars, a chain of matrices, and scalars that stand after it."""
        count = len(scalars) + len(chain) + len(last)
        if coefficient == 1 and count == 1:
            return self.text([*scalars, *chain, *last][0], determined)
        number = [self.style.number(coefficient)[0]] if coefficient != 1 or not count else []
        matrices = [self.style.at(self.text(f, determined and len(chain) == 1), POSTFIX) for f in chain]
        text = self.style.product([*number, *map(self.factor, scalars)], matrices)
        text = self.style.product([text, *map(self.factor, last)], [])
        return text, PRODUCT if count or coefficient.denominator != 1 else ATOM

    def factor(self, e: Expr) -> str:
        """A factor of a product, in parentheses where it needs them."""
        return self.style.at(self.text(e), POSTFIX)

    def hadamard(self, factors: Sequence[Expr]) -> Printed:
        """An elementwise product, negative powers as quotients."""
        determined = any(not isinstance(_bare(f), Identity) for f in factors)
        divisors = [_reciprocal(f) for f in factors if _is_below(f)]
        upper = [f for f in factors if not _is_below(f)]
        if not upper:
            upper, divisors = list(factors), []
        return self.style.hadamard([self.text(f, determined) for f in upper], [*map(self.text, divisors)])


def _column(row: Expr) -> Expr | None:
    """The column that a row is the transpose of, where it is written with fewer transposes."""
    if row.shape[0] != ONE or row.shape[1] == ONE:
        return None
    column = as_structured(transpose(row))
    return column if transposes(column) < transposes(row) else None


def _place(scalar: Expr) -> int:
    """Constants, then symbols and their powers, then other functions, exponentials last."""
    if isinstance(scalar, Apply) and scalar.function == "exp":
        return EXPONENTIAL
    base = scalar.base if isinstance(scalar, Power) else scalar
    return 0 if isinstance(scalar, Constant) else 1 if isinstance(base, Symbol) else 2


def _bare(e: Expr) -> Expr:
    """What a scalar multiple is a multiple of."""
    return e.chain[0] if isinstance(e, Product) and len(e.chain) == 1 else e


def _is_correction(e: Expr) -> bool:
    return isinstance(e, Hadamard) and any(isinstance(f, Identity) for f in e.factors)


def _is_below(e: Expr) -> bool:
    """Whether a factor is written below the line: a negative power of a scalar, or an elementwise one."""
    if not isinstance(e, (Power, ElementwisePower)) or (isinstance(e, Power) and not e.is_scalar):
        return False
    return isinstance(e.exponent, Number) and e.exponent.value < 0


def _reciprocal(e: Expr) -> Expr:
    assert isinstance(e, (Power, ElementwisePower))
    assert isinstance(e.exponent, Number)
    return e.base if e.exponent.value == -1 else type(e)(e.base, Number(-e.exponent.value))


def _open_last(scalars: list[Expr], chain: Sequence[Expr]) -> tuple[list[Expr], Sequence[Expr]]:
    """A single 1 x 1 chain among the scalars goes last, where it needs no parentheses: -1/2*y'*S^-1*y."""
    chains = [s for s in scalars if isinstance(s, Product)]
    if chain or len(chains) != 1:
        return scalars, chain
    return [s for s in scalars if s is not chains[0]], chains[0].chain


def to_text(e: Expr, sizes: SizeNames = PLAIN) -> str:
    """ASCII text in the language; `Scope.read` gives the expression back."""
    return Printer(Style(), sizes).print(e)


def to_unicode(e: Expr, sizes: SizeNames = PLAIN) -> str:
    """Unicode text, as a terminal shows it; read back as well."""
    return Printer(Unicode(), sizes).print(e)
