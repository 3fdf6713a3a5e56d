"""Print expressions: plain ASCII text (which is read back), Unicode, LaTeX and Python, from one traversal.

A `Style` says how each kind of operation looks; `Printer` decides where parentheses stand. Everything that the ASCII
and the Unicode style print is read by `Scope.read`.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from matcalc.expr import (
    Apply,
    Call,
    Commutation,
    ElementwisePower,
    Expr,
    Filled,
    Hadamard,
    Identity,
    Number,
    Ones,
    Pi,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
    Transpose,
)
from matcalc.shape import SCALAR, Dim
from matcalc.syntax import GREEK

SUM, PRODUCT, UNARY, POSTFIX, ATOM = range(5)
MINUS_ONE = Number(Fraction(-1))
HALF = Number(Fraction(1, 2))
Printed = tuple[str, int]


class Style:
    """ASCII text of the language."""

    times, dot, quotient, kronecker = "*", " .* ", " ./ ", None
    pi = "pi"

    def name(self, name: str) -> str:
        return name

    def group(self, text: str) -> str:
        return f"({text})"

    def number(self, value: Fraction) -> Printed:
        return (str(value), ATOM if value.denominator == 1 and value >= 0 else PRODUCT if value >= 0 else UNARY)

    def transpose(self, text: str) -> Printed:
        return text + "'", POSTFIX

    def power(self, base: str, exponent: Printed) -> Printed:
        return f"{base}^{self.tight(exponent)}", POSTFIX

    def elementwise_power(self, base: str, exponent: Printed) -> Printed:
        return f"{base}.^{self.tight(exponent)}", POSTFIX

    def tight(self, exponent: Printed) -> str:
        text, level = exponent
        return text if level >= ATOM or text.lstrip("-").isdigit() else f"({text})"

    def transposed_power(self, base: str, exponent: Printed) -> Printed:
        return self.transpose(self.power(base, exponent)[0])

    def product(self, factors: Sequence[str]) -> str:
        return self.times.join(factors)

    def fraction(self, numerator: str, denominators: Sequence[str]) -> Printed:
        return "/".join([numerator, *denominators]), PRODUCT

    def denominator_level(self) -> int:
        return POSTFIX

    def numerator_level(self) -> int:
        return PRODUCT

    def call(self, function: str, arguments: Sequence[str]) -> Printed:
        return f"{function}({', '.join(arguments)})", ATOM

    def identity(self, n: str, determined: bool) -> str:
        return "I" if determined else f"eye({n})"

    def ones(self, n: str, m: str) -> str:
        return f"ones({n},{m})"

    def zeros(self, n: str, m: str) -> str:
        return f"zeros({n},{m})"


class Unicode(Style):
    """Unicode text, as terminals show it; read back as well."""

    times, dot, quotient, kronecker = " ", " ⊙ ", " ./ ", " ⊗ "
    pi = "π"

    def name(self, name: str) -> str:
        for ascii_name in sorted(GREEK, key=len, reverse=True):
            rest = name[len(ascii_name) :]
            if name.startswith(ascii_name) and (not rest or not rest[0].isalpha()):
                name = GREEK[ascii_name] + rest
                break
        return name.removesuffix("_hat") + "\u0302" if name.endswith("_hat") and len(name) == 5 else name

    def transpose(self, text: str) -> Printed:
        return text + "ᵀ", POSTFIX

    def power(self, base: str, exponent: Printed) -> Printed:
        text = exponent[0]
        if text.lstrip("-").isdigit():
            return base + text.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")), POSTFIX
        return super().power(base, exponent)

    def transposed_power(self, base: str, exponent: Printed) -> Printed:
        return self.transpose(f"({self.power(base, exponent)[0]})")

    def fraction(self, numerator: str, denominators: Sequence[str]) -> Printed:
        return " / ".join([numerator, *denominators]), PRODUCT


class Printer:
    """Turns an expression into text of a style; `sizes` says how a dimension is written."""

    def __init__(self, style: Style, sizes: Mapping[str, str] | None = None) -> None:
        self.style, self.sizes = style, sizes or {}

    def print(self, e: Expr) -> str:
        """The text of a whole expression."""
        return self.text(e)[0]

    def at(self, e: Expr, level: int, determined: bool = False) -> str:
        """The text of an operand, in parentheses unless it binds at least as tightly as `level`."""
        text, found = self.text(e, determined)
        return text if found >= level else self.style.group(text)

    def dim(self, d: Dim) -> str:
        parts = [str(d.factor)] if d.factor != 1 or not d.names else []
        return "*".join(parts + [self.sizes.get(n, n) for n in d.names])

    def text(self, e: Expr, determined: bool = False) -> Printed:
        """The text of an expression and how tightly it binds; `determined`: an I in its place is of known size."""
        style = self.style
        match e:
            case Symbol(name):
                return style.name(name), ATOM
            case Number(value):
                return style.number(value)
            case Pi():
                return style.pi, ATOM
            case Size(d):
                return self.size(d)
            case Identity((n, _)):
                return style.identity(self.dim(n), determined), ATOM
            case Commutation(of=(n, m)):
                return style.call("commutation", [self.dim(n), self.dim(m)])
            case Filled((n, m)):
                return (style.ones if isinstance(e, Ones) else style.zeros)(self.dim(n), self.dim(m)), ATOM
            case Sum(terms):
                return self.sum(terms), SUM
            case Product():
                return self.product(e)
            case Hadamard(factors):
                return self.hadamard(factors)
            case Transpose(of):
                return style.transpose(self.at(of, POSTFIX))
            case Power(base, exponent):
                return self.power(base, exponent)
            case ElementwisePower(base, exponent):
                if exponent == HALF:
                    return style.call("sqrt", [self.print(base)])
                return style.elementwise_power(self.at(base, POSTFIX), self.text(exponent))
            case Apply(function, argument):
                return style.call(function, [self.print(argument)])
            case Call("kron", (a, b)) if style.kronecker:
                return self.at(a, POSTFIX) + style.kronecker + self.at(b, POSTFIX), PRODUCT
            case Call(function, arguments):
                return style.call(function, [*map(self.print, arguments), *map(self.dim, e.sizes)])
        raise TypeError(f"no way to print {type(e).__name__}")

    def size(self, d: Dim) -> Printed:
        return self.dim(d), ATOM

    def sum(self, terms: Sequence[Expr]) -> str:
        determined = any(not isinstance(bare(t), Identity) for t in terms)
        result = ""
        for term in terms:
            text, level = self.text(term, determined)
            if not result:
                result = text
            elif text.startswith("-"):
                result += f" - {text[1:]}"
            else:
                result += f" + {text}"
        return result

    def power(self, base: Expr, exponent: Expr) -> Printed:
        style = self.style
        if base.shape == SCALAR:
            if isinstance(exponent, Number) and exponent.value < 0:
                return self.product(Product(Fraction(1), (Power(base, exponent),), ()))
            if exponent == HALF:
                return style.call("sqrt", [self.print(base)])
        if isinstance(base, Transpose):
            return style.transposed_power(self.at(base.of, POSTFIX + isinstance(base.of, Power)), self.text(exponent))
        return style.power(self.at(base, ATOM), self.text(exponent))

    def product(self, e: Product) -> Printed:
        """coefficient, scalars, chain, then exponentials; negative powers of scalars below the line."""
        above, below, last = [], [], []
        for s in e.scalars:
            if isinstance(s, Power) and isinstance(s.exponent, Number) and s.exponent.value < 0:
                below.append(s.base if s.exponent == MINUS_ONE else Power(s.base, Number(-s.exponent.value)))
            elif isinstance(s, Apply) and s.function == "exp" and e.chain:
                last.append(s)
            else:
                above.append(s)
        sign = "-" if e.coefficient < 0 else ""
        return self.assemble(sign, abs(e.coefficient), above + list(e.chain) + last, below)

    def assemble(self, sign: str, coefficient: Fraction, above: Sequence[Expr], below: Sequence[Expr]) -> Printed:
        style = self.style
        factors = [self.at(f, POSTFIX) for f in above]
        if coefficient != 1 or not factors:
            factors.insert(0, style.number(coefficient)[0])
        text = style.product(factors)
        level = PRODUCT if len(factors) > 1 or coefficient.denominator != 1 else POSTFIX
        if below:
            text, level = style.fraction(text, [self.at(b, style.denominator_level()) for b in below])
        return (sign + text, UNARY if level > UNARY else PRODUCT) if sign else (text, level)

    def hadamard(self, factors: Sequence[Expr]) -> Printed:
        style = self.style
        determined = any(not isinstance(bare(f), Identity) for f in factors)
        upper = [f for f in factors if not _is_reciprocal(f)]
        lower = [f for f in factors if _is_reciprocal(f)]
        if not upper:
            return style.dot.join(self.at(f, POSTFIX) for f in factors), PRODUCT
        text = style.dot.join(self.at(f, POSTFIX, determined) for f in upper)
        for f in lower:
            assert isinstance(f, ElementwisePower) and isinstance(f.exponent, Number)
            inverse = f.base if f.exponent == MINUS_ONE else ElementwisePower(f.base, Number(-f.exponent.value))
            text += style.quotient + self.at(inverse, POSTFIX)
        return text, PRODUCT


def bare(e: Expr) -> Expr:
    """What a scalar multiple is a multiple of."""
    return e.chain[0] if isinstance(e, Product) and len(e.chain) == 1 else e


def _is_reciprocal(e: Expr) -> bool:
    return isinstance(e, ElementwisePower) and isinstance(e.exponent, Number) and e.exponent.value < 0


def to_text(e: Expr, sizes: Mapping[str, str] | None = None) -> str:
    """ASCII text in the language; `Scope.read` gives the expression back."""
    return Printer(Style(), sizes).print(e)


def to_unicode(e: Expr, sizes: Mapping[str, str] | None = None) -> str:
    """Unicode text, as a terminal shows it; read back as well."""
    return Printer(Unicode(), sizes).print(e)
