"""Expressions as LaTeX, with the macros of amsmath."""

import re
from collections.abc import Sequence
from fractions import Fraction

from matcalc.expression.expr import Expr
from matcalc.expression.text import ATOM, POSTFIX, PRODUCT, Printed, Printer, Style
from matcalc.language.syntax import GREEK
from matcalc.shape import ONE

_LIKE_LATIN = {"Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I", "Kappa": "K", "Mu": "M",
               "Nu": "N", "Omicron": "O", "Rho": "P", "Tau": "T", "Chi": "X", "omicron": "o"}  # fmt: skip
_MACROS = ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arcsin", "arccos", "arctan", "det")
_ROOT = "^{1/2}"  # of a matrix
_AROUND = {
    "abs": r"\lvert {} \rvert",
    "norm1": r"\lVert {} \rVert_1",
    "sqrt": r"\sqrt{{{}}}",
}


def _between(left: str, factor: str) -> str:
    """A dot before a number, a thin space beside a differential, which would run into its neighbour."""
    if factor[0].isdigit():
        return r" \cdot "
    return r" \, " if r"\mathrm{d}" in (factor[:10], left[left.rfind(" ") + 1 :][:10]) else " "


class Latex(Style):
    """LaTeX as in print: A X^{-1} B^\\top, \\odot, fractions, norms."""

    times, dot, quotient = " ", r" \odot ", r" \oslash "
    pi = r"\pi"

    def name(self, name: str) -> str:
        return latex_name(name)

    def dim(self, parts: Sequence[str]) -> str:
        return " ".join(parts)

    def group(self, text: str) -> str:
        return rf"\left({text}\right)" if "frac" in text else f"({text})"

    def number(self, value: Fraction) -> Printed:
        if value.denominator == 1:
            return super().number(value)
        sign = "-" * (value < 0)
        return rf"{sign}\tfrac{{{abs(value.numerator)}}}{{{value.denominator}}}", PRODUCT

    def transpose(self, of: Printed) -> Printed:
        return rf"{self.at(of, ATOM)}^\top", POSTFIX

    def power(self, base: Printed, exponent: Printed) -> Printed:
        if base[0].endswith(_ROOT) and exponent[0] == "-1":
            return f"{base[0].removesuffix(_ROOT)}^{{-1/2}}", POSTFIX
        return f"{self.at(base, ATOM)}^{{{_inline(exponent[0])}}}", POSTFIX

    def elementwise_power(self, base: Printed, exponent: Printed) -> Printed:
        return rf"{self.at(base, ATOM)}^{{\odot {self.exponent((_inline(exponent[0]), exponent[1]))}}}", POSTFIX

    def product(self, scalars: Sequence[str], chain: Sequence[str]) -> str:
        text, *factors = [*scalars, *chain]
        for factor in factors:
            text += _between(text, factor) + factor
        return text

    def fraction(self, numerator: Printed, denominator: Printed) -> Printed:
        return rf"\frac{{{numerator[0]}}}{{{denominator[0]}}}", PRODUCT

    def function(self, name: str, arguments: Sequence[Printed], sizes: Sequence[str], e: Expr) -> Printed:
        texts = [text for text, _ in arguments]
        if name == "kron":
            return r" \otimes ".join(self.at(a, POSTFIX) for a in arguments), PRODUCT
        if name == "norm2":
            return rf"\lVert {texts[0]} \rVert_{'2' if e.args[0].shape[1] == ONE else 'F'}", ATOM
        if name == "logdet":
            return rf"\log\lvert\det {self.at(arguments[0], ATOM)}\rvert", POSTFIX
        if name == "sqrtm":
            return self.at(arguments[0], ATOM) + _ROOT, POSTFIX
        is_square = e.shape[0] == e.shape[1] and not e.is_scalar  # where \exp alone is a function of the matrix
        if name == "sqrt" and is_square:
            return rf"{self.at(arguments[0], ATOM)}^{{\odot 1/2}}", POSTFIX
        if name in _AROUND:
            return _AROUND[name].format(*texts), ATOM
        if name == "commutation":
            return f"K_{{{','.join(sizes)}}}", ATOM
        if name.startswith("frechet_"):
            of, *along = texts
            return rf"\mathrm{{D}}{self.applied(_operator(name[8:]), [of])}[{', '.join(along)}]", ATOM
        index = f"_{{{','.join(sizes)}}}" if sizes else ""
        if name in ("exp", "log") and is_square:
            index = r"_{\odot}"
        return self.applied(_operator(name) + index, texts), ATOM

    def applied(self, operator: str, arguments: Sequence[str]) -> str:
        """An operator before its arguments in parentheses."""
        return operator + self.group(", ".join(arguments))

    def identity(self, n: str, determined: bool) -> str:
        return "I" if determined else f"I_{{{n}}}"

    def filled(self, name: str, rows: str, columns: str) -> Printed:
        digit = "1" if name == "ones" else "0"
        if columns == "1":
            return rf"\mathbf{{{digit}}}", ATOM
        if rows == "1":
            return rf"\mathbf{{{digit}}}^\top", POSTFIX
        return rf"\mathbf{{{digit}}}_{{{rows} \times {columns}}}", ATOM


def _inline(exponent: str) -> str:
    """A fraction on the line where it is the whole exponent: x^{1/2}, but x^{\\tfrac{1}{2} n}."""
    return re.sub(r"^(-?)\\tfrac\{(\d+)\}\{(\d+)\}$", r"\1\2/\3", exponent)


def _operator(name: str) -> str:
    if name == "sigmoid":
        return r"\sigma"
    word = name.replace("_", r"\_")
    return f"\\{name}" if name in _MACROS else rf"\operatorname{{{word}}}"


def latex_name(name: str) -> str:
    """The LaTeX of a name: Greek letters, hats, subscripts, a differential, longer words in italics."""
    match = re.fullmatch(r"([A-Za-z]+)(_hat(?![A-Za-z]))?_*(\w*)", name)
    if match is None:
        return name
    letters, hat, index = match.groups()
    is_differential = letters[0] == "d" and (len(letters) == 2 or letters[1:] in GREEK)
    text = _letters(letters[is_differential:])
    if hat:
        text = rf"\hat{{{text}}}"
    if index:
        text += f"_{{{index if index.isdigit() or len(index) == 1 else _word(index)}}}"
    return r"\mathrm{d}" * is_differential + text


def _letters(letters: str) -> str:
    if letters in GREEK:
        return rf"\mathrm{{{_LIKE_LATIN[letters]}}}" if letters in _LIKE_LATIN else f"\\{letters}"
    return letters if len(letters) == 1 else r"\ell" if letters == "ell" else _word(letters)


def _word(letters: str) -> str:
    return rf"\mathit{{{letters.replace('_', ',')}}}"


def to_latex(e: Expr) -> str:
    """LaTeX for a formula in mathematics mode, without the dollar signs."""
    return Printer(Latex()).print(e)
