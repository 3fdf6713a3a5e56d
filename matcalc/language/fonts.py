"""Fonts: in how many a letter is written. They are not told apart, and a letter in two of them is two things."""

import re
from collections import defaultdict

_OF_MACRO = {
    "mathcal": "script", "mathscr": "script", "mathfrak": "script", "cal": "script",
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "bf": "bold", "boldmath": "bold",
}  # fmt: skip
DISTINCT = {"script", "variant"}  # of the plain letter; bold ones are often written plain by the same hand
_BOLD = "|".join(macro for macro, font in _OF_MACRO.items() if font == "bold")
_GREEK = "epsilon|theta|phi|rho|sigma"
_INDEX = r"[_^]\s*(?:\{[^{}]*\}|\\[A-Za-z]+|\w)"
_LETTER = r"\\[A-Za-z]+|[A-Za-z]"
_WRITTEN = re.compile(
    rf"\\(?P<font>{'|'.join(_OF_MACRO)})(?![A-Za-z])\s*(?:\{{(?P<dressed>[^{{}}]*)\}}|(?P<one>{_LETTER}))"
    rf"|\{{\s*\\(?P<switch>{'|'.join(_OF_MACRO)})(?![A-Za-z])(?P<switched>[^{{}}]*)\}}"
    rf"|\\var(?P<variant>{_GREEK})(?![A-Za-z])|\\(?P<greek>{_GREEK})(?![A-Za-z])"
    rf"|\\(?:text\w*|mbox|begin|end)\s*\{{[^{{}}]*\}}|{_INDEX}|\\[A-Za-z]+|(?P<indexed>[A-Za-z])(?=\s*_)|(?P<plain>[A-Za-z])"
)


def is_bold(text: str) -> bool:
    r"""Whether what is written is one letter in bold: `\mathbf K`, `{\bf K}`."""
    return re.match(rf"\{{?\s*\\(?:{_BOLD})(?![A-Za-z])", text) is not None


def bold_formulas(text: str) -> list[str]:
    """What stands in bold together, and is more than one letter."""
    found = re.findall(
        rf"\\(?:{_BOLD})(?![A-Za-z])\s*\{{([^{{}}]*)\}}|\{{\s*\\(?:{_BOLD})(?![A-Za-z])([^{{}}]*)\}}", text
    )
    return [inner for pair in found for inner in pair if not re.fullmatch(rf"\s*(?:{_LETTER})?\s*", inner)]


def fonts(text: str) -> dict[str, set[str]]:
    r"""The fonts of each letter of a formula: script, bold, the variant of \varepsilon, plain, or with an index."""
    found: dict[str, set[str]] = defaultdict(set)
    for match in _WRITTEN.finditer(text):
        font = _OF_MACRO.get(match["font"] or match["switch"], match.lastgroup or "")
        font = "plain" if font == "greek" else font
        dressed = match["dressed"] or match["one"] or match["switched"] or ""
        letters = re.findall(_LETTER, re.sub(_INDEX, "", dressed)) if dressed else [match[match.lastgroup or 0]]
        for letter in letters if match.lastgroup else ():
            found[letter.lstrip("\\")].add(font)
    return found
