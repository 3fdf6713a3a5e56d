"""Expressions as Python source: on arrays, with the functions of `matcalc` and with `jax.numpy` as `jnp`.

Vectors are columns (n x 1) there, scalars 1 x 1 or 0-dimensional.
"""

import keyword
import re
from collections.abc import Sequence

from matcalc.expression.expr import Expr
from matcalc.expression.text import ATOM, PLAIN, POSTFIX, PRODUCT, Printed, Printer, SizeNames, Style


class Python(Style):
    """Python source: `@` for matrices, `.T`, `inv(X)`, `hadamard(A, B)`."""

    quotient = " / "

    def name(self, name: str) -> str:
        return f"{name}_" if keyword.iskeyword(name) else name

    def transpose(self, of: Printed) -> Printed:
        return f"{self.at(of, ATOM)}.T", ATOM

    def power(self, base: Printed, exponent: Printed) -> Printed:
        return f"{self.at(base, ATOM)}**{self.exponent(exponent)}", POSTFIX

    def matrix_power(self, base: Printed, exponent: int) -> Printed:
        if exponent == -1:
            return f"inv({base[0]})", ATOM
        return f"jnp.linalg.matrix_power({base[0]}, {exponent})", ATOM

    def elementwise_power(self, base: Printed, exponent: Printed) -> Printed:
        return self.power(base, exponent)

    def product(self, scalars: Sequence[str], chain: Sequence[str]) -> str:
        return " * ".join([*scalars, " @ ".join(chain)] if chain else scalars)

    def fraction(self, numerator: Printed, denominator: Printed) -> Printed:
        return f"{self.at(numerator, PRODUCT)} / {self.at(denominator, POSTFIX)}", PRODUCT

    def hadamard(self, factors: Sequence[Printed], divisors: Sequence[Printed]) -> Printed:
        first, *rest = factors
        for factor in rest:
            first = f"hadamard({first[0]}, {factor[0]})", ATOM
        if not divisors:
            return first
        return self.quotient.join([self.at(first, PRODUCT), *(self.at(d, POSTFIX) for d in divisors)]), PRODUCT

    def identity(self, n: str, determined: bool) -> str:
        return f"eye({n})"

    def filled(self, name: str, rows: str, columns: str) -> Printed:
        return f"{name}({rows}, {columns})", ATOM


def to_python(e: Expr, sizes_elsewhere: SizeNames = PLAIN) -> str:
    """Python source of an expression; sizes are read off the shapes of its symbols, or of what else has them."""
    style = Python()
    sizes: dict[str, str] = {}
    for symbol in sorted(e.symbols, key=lambda s: s.name):
        for axis, d in enumerate(symbol.shape):
            if d.factor == 1 and len(d.names) == 1:
                sizes.setdefault(d.names[0], f"{style.name(symbol.name)}.shape[{axis}]")
    for name, text in sizes_elsewhere.scalars.items():
        if (owner := re.fullmatch(r"(rows|cols)\((\w+)\)", text)) is not None:
            axis = ("rows", "cols").index(owner[1])
            sizes.setdefault(name, f"{style.name(owner[2])}.shape[{axis}]")
    return Printer(style, SizeNames(sizes, sizes)).print(e)
