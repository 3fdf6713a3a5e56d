"""A formula, printed in every way."""

from dataclasses import dataclass
from typing import Any

from matcalc.expression.expr import Expr
from matcalc.expression.text import PLAIN, SizeNames, to_text, to_unicode
from matcalc.lazy import cached_property


@dataclass(frozen=True, repr=False)
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
        from matcalc.expression.latex import to_latex

        return to_latex(self.expr)

    @cached_property
    def python(self) -> str:
        """Python source over the functions of `matcalc`, vectors being n x 1."""
        from matcalc.expression.python_text import to_python

        return to_python(self.expr, self.sizes)

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line promises."""
        plain: dict[str, Any] = {"text": self.text, "latex": self.latex, "python": self.python}
        return plain | ({"vec": self.vec.to_json()} if self.vec is not None else {})

    def __str__(self) -> str:
        return self.unicode

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"
