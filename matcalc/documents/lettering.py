r"""In which font each letter of a text was given its meaning: \mathcal{L} is another name than L."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from matcalc.errors import ParseError
from matcalc.language.fonts import DISTINCT, fonts


@dataclass(frozen=True)
class Lettering:
    """The fonts in which letters first had a meaning; `apart` are those whose bold letter is not the plain one."""

    given: Mapping[str, set[str]] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()

    def others(self, text: str) -> dict[str, str]:
        """The letters of a formula that are in another font than at first, each with a name of its own."""
        used = fonts(text)
        differ = [n for n, was in self.given.items() if n in used and was & DISTINCT != used[n] & DISTINCT]
        return {n: f"{n}_{min(used[n] & DISTINCT, default='plain')}" for n in differ}

    def require_one_weight(self, text: str) -> None:
        """Raise where a bold letter is not the plain one, of which alone something is known.

        Raises:
            ParseError: it is so.
        """
        for letter, used in fonts(text).items():
            if letter in self.apart and "bold" in used:
                raise ParseError(f"{letter} stands in two fonts: call one of them by another letter", 0)

    def with_meaning(self, letter: str, text: str) -> "Lettering":
        """The lettering where a side of an equality gives a letter a meaning."""
        return replace(self, given={letter: fonts(text).get(letter, {"plain"}), **self.given})

    def with_statement(self, left: str, right: str) -> "Lettering":
        r"""The lettering after `\mathbf K = K + s I`, where the bold letter cannot be the plain one."""
        alone, others = fonts(left), fonts(right)
        if len(alone) == 1:
            ((letter, used),) = alone.items()
            if {*used, *others.get(letter, ())} == {"bold", "plain"}:
                return replace(self, apart=self.apart | {letter})
        return self
