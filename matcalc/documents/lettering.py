r"""In which font each letter of a text was given its meaning: \mathcal{L} is another name than L."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from matcalc.errors import ParseError
from matcalc.language.fonts import DISTINCT, bold_formulas, fonts, is_bold


@dataclass(frozen=True)
class Lettering:
    """The fonts in which letters first had a meaning.

    `apart` are the letters whose bold one is not the plain one, each with the font in which it is a name of its own.
    """

    given: Mapping[str, set[str]] = field(default_factory=lambda: {"I": {"plain"}})  # \mathcal{I} is no identity
    apart: Mapping[str, str] = field(default_factory=dict)

    def others(self, text: str) -> dict[str, str]:
        """The letters of a formula that are in another font than at first, each with a name of its own."""
        used = fonts(text)
        differ = [n for n, was in self.given.items() if n in used and was & DISTINCT != used[n] & DISTINCT]
        return {n: f"{n}_{min(used[n] & DISTINCT, default='plain')}" for n in differ}

    def by_weight(self, letter: str, written: str) -> str:
        """The name of a letter as it is written, bold or plain, where these are two."""
        weight = "bold" if is_bold(written) else "plain"
        return f"{letter}_{weight}" if self.apart.get(letter) == weight else letter

    def require_one_weight(self, text: str) -> None:
        """Raise where a bold letter that is not the plain one stands in a longer bold formula.

        Raises:
            ParseError: it is so.
        """
        for letter in self.apart:
            if any(re.search(rf"(?<![A-Za-z]){letter}(?![A-Za-z])", inner) for inner in bold_formulas(text)):
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
                (font,) = used
                return replace(self, apart={letter: font, **self.apart})
        return self
