"""In which font each name of a text was given its meaning: the same letter in another font is another thing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from matcalc.errors import ParseError
from matcalc.language.fonts import DISTINCT, fonts


@dataclass(frozen=True)
class Lettering:
    """The fonts of the names so far; `apart` are those whose bold letter is not the plain one."""

    given: Mapping[str, set[str]] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()

    def require_one_font(self, text: str) -> None:
        """Raise where a letter of a formula is in another font than that in which it was given its meaning.

        Raises:
            ParseError: it is.
        """
        for letter, used in fonts(text).items():
            was = self.given.get(letter, used)
            if ((was | used) & DISTINCT and was.isdisjoint(used)) or (letter in self.apart and "bold" in used):
                raise ParseError(f"{letter} stands in two fonts in this text: call one of them by another letter", 0)

    def with_meaning(self, name: str, text: str) -> "Lettering":
        """The lettering where a side of an equality gives a name its meaning."""
        return replace(self, given={**self.given, name: fonts(text).get(name, {"plain"})})

    def with_statement(self, left: str, right: str) -> "Lettering":
        r"""The lettering after `\mathbf K = K + s I`, where the bold letter cannot be the plain one."""
        alone, others = fonts(left), fonts(right)
        if len(alone) == 1:
            ((letter, used),) = alone.items()
            if {*used, *others.get(letter, ())} == {"bold", "plain"}:
                return replace(self, apart=self.apart | {letter})
        return self
