"""LaTeX as lexemes: one after the other, each with its kind and with where in the text it stands."""

import re
from collections.abc import Iterator

from lark import Token

from matcalc.language.latex_words import (
    ACCENTS,
    BOLD,
    CHARACTERS,
    FONT_WORDS,
    FONTS,
    MACROS,
    PASSED_OVER,
    SPELLED,
    SWITCHES,
    UPRIGHT,
    VARIANTS,
    WORDS,
)
from matcalc.language.syntax import FUNCTIONS, GREEK, canonical_name, nearest

_LEXEME = re.compile(
    r"(?P<space>(?:\s|[~&$]|(?<=[=&\s])\{\s*\}|%[^\n]*|\\!|\\(?:label|tag|vspace|hspace)\*?\{[^{}]*\}|\\(?:left|right)\s*\."
    r"|\\(?:begin|end)\{(?:aligned|alignedat|split|gathered|align|equation|gather|multline|eqnarray|flalign)\*?\}"
    r"(?:\[[tbc]\])?)+)"
    r"|\\left\s*(?P<left>\||\\\||\\vert(?![a-z])|\\Vert(?![a-z]))"
    r"|\\right\s*(?P<right>\||\\\||\\vert(?![a-z])|\\Vert(?![a-z]))"
    r"|\\(?P<font>[A-Za-z]+)\*?\s*\{(?P<word>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}"
    rf"|\{{\s*\\(?P<switch>{'|'.join(SWITCHES)})(?![A-Za-z])\s*(?P<switched>[^{{}}]*)\}}"
    r"|\\(?P<macro>[A-Za-z]+|.)"
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<letter>[A-Za-z\u0391-\u03A9\u03B1-\u03C9\u03D1\u03D5\u03F5]\u0302?)"
    r"|(?P<prose>[\u3000-\u30FF\u3400-\u9FFF\uFF00-\uFFEF・■□]+)"
    r"|(?P<stop>\.)"
    r"|(?P<character>:=|=:|.)",
    re.DOTALL,
)
_WORD = r"(?:[A-Za-z](?:[ _-]?[A-Za-z\d])+|[A-Z])"
_LABEL = re.compile(
    rf"\\(?:{'|'.join(UPRIGHT)})(?:\s*\{{\s*(?P<braced>{_WORD})\s*\}}|\s+(?P<letter>[A-Z])(?![A-Za-z]))"
    rf"|\{{\s*\\(?:rm|sf|tt)\s+(?P<switched>{_WORD})\s*\}}"
    r"|\{\s*(?P<sign>[+*-])\s*\}|(?P<bare>[+*])|\{\s*(?P<given>\w\s*(?:[+-]\s*1)?\s*(?:\||\\mid)\s*\w\s*(?:-\s*1)?)\s*\}"
)
_SIGNS = {"+": "plus", "-": "minus", "*": "star"}
_ENVIRONMENT = re.compile(r"\\begin\{(?P<name>[^{}]*)\}.*?\\end\{(?P=name)\}", re.DOTALL)


def token_at(kind: str, value: str, start: int | None, end: int | None) -> Token:
    """A token of a kind, from one place of the text to another."""
    return Token(kind, value, start_pos=start, end_pos=end)


def lexemes(text: str) -> Iterator[Token]:
    """The tokens of a text one after the other, spacing and fonts taken away; what is not known is of kind UNKNOWN."""
    position, scripted = 0, False
    before: tuple[str, ...] = ()
    while position < len(text):
        match = _LEXEME.match(text, position)
        assert match is not None
        end = match.end()
        if scripted and match["number"]:  # x^12 is x^1 2
            end = position + 1
        found = None if match["space"] else _read(text, match, text[position:end])
        if before[-1:] == ("SUB",) or before == ("SUB", "BEGIN"):
            found = _label(text, position) or found
        if found is not None:
            kind, value, end = found[0], found[1], found[2] or end
            scripted = kind in ("SUPER", "SUB", "FRACTION", "ROOT") or (kind == "NUMBER" and scripted)
            before = (*before[-1:], kind)
            yield token_at(kind, value, position, end)
        position = end if found is not None or match["font"] is None else _after_font(text, position)


def _label(text: str, position: int) -> tuple[str, str, int] | None:
    r"""An index that is a word, `w_{\text{MAP}}`, an upright capital, + or `t|t-1`; nothing for one that may count."""
    match = _LABEL.match(text, position)
    if match is None:
        return None
    sign = _SIGNS.get(match["sign"] or match["bare"], "")
    word = match["braced"] or match["switched"] or match["letter"] or match["given"] or sign
    signed = re.sub(r"\s*([+-])\s*", lambda m: f"_{_SIGNS[m[1]]}", word) if match["given"] else word
    return "LABEL", re.sub(r"\W+|mid", "_", signed), match.end()


def _after_font(text: str, position: int) -> int:
    """Past the name of a font alone: what it is put on is read as if it stood there without."""
    return position + re.match(r"\\[A-Za-z]+\*?", text[position : position + 60]).end()  # type: ignore[union-attr]


def _read(text: str, match: "re.Match[str]", lexeme: str) -> tuple[str, str, int] | None:
    """The kind and the value of a lexeme, and where it ends when that is not where the pattern ends."""
    kind = match.lastgroup
    if match["left"] or match["right"]:
        side = "OPEN" if match["left"] else "CLOSE"
        return ("NORM_" if re.search(r"\\\||Vert", lexeme) else "BAR_") + side, lexeme, 0
    if kind == "word":
        return _font(text, match, match["font"], match["word"])
    if kind == "switched":
        found = _font(text, match, SWITCHES[match["switch"]], match["switched"])
        return ("BEGIN", "{", match.start() + 1) if found is None else found
    if kind == "macro":
        return _macro(match["macro"], match.start(), text)
    if kind == "number":
        return "NUMBER", lexeme, 0
    if kind == "letter":
        return "NAME", canonical_name(lexeme), 0
    if kind in ("prose", "stop"):
        return "REMARK" if kind == "prose" else "SEPARATOR", lexeme, 0
    if lexeme in CHARACTERS:
        return CHARACTERS[lexeme], lexeme, 0
    return "UNKNOWN", f"{lexeme!r} is not known", 0


def _font(text: str, match: "re.Match[str]", font: str, word: str) -> tuple[str, str, int] | None:
    r"""`\operatorname{tr}`, `\mathbb{E}`, `\text{where}`; nothing for a font put on a longer formula."""
    word = word.strip().replace(r"\_", "_")
    if font == "operatorname":
        word = re.sub(r"\\[,;! ]|[~\s]", "", word)
    if font not in FONTS:
        return _macro(font, match.start(), text, match.start() + 1 + len(font))
    if (font, word) in FONT_WORDS:
        return FONT_WORDS[font, word], word, 0
    if word in SPELLED or word == "vec":
        return "FUNCTION", SPELLED.get(word, word), 0
    if font.endswith("intertext"):  # a statement of its own follows
        return "SEPARATOR", word, 0
    if font in WORDS and re.fullmatch(r"[A-Za-z]+", match["word"] or "") and text.startswith("(", match.end()):
        return "UNKNOWN", f"{word}(): there is no such function" + nearest(word, list(FUNCTIONS)), 0
    if font in WORDS:
        return "REMARK", word, 0
    if (letter := _letter(word)) and (font, letter) not in [(bold, "d") for bold in BOLD]:
        return "NAME", letter, 0
    if font in BOLD and re.search(r"(?<![\d.])[01](?![\d.])", re.sub(r"[_^]\s*(\{[^{}]*\}|\\?\w+)", "", word)):
        return "UNKNOWN", "a bold number in a longer bold formula is not read: write it alone", 0
    if font in BOLD and word.isalpha():  # letters in bold are a product, those in roman a name
        return None
    if not re.fullmatch(r"[A-Za-z][\w,]+", word) or font == "vec":
        return None
    if font == "operatorname" or re.match(r"\s*(\\left\s*|\\bigl?\s*)?\(", text[match.end() :]):
        return "UNKNOWN", f"{word}(): there is no such function" + nearest(word, list(FUNCTIONS)), 0
    return "NAME", word.replace(",", "_"), 0


def _letter(word: str) -> str:
    """The name of the one letter that a font is put on, if it is one."""
    if re.fullmatch(r"\\[A-Za-z]+", word):
        return VARIANTS.get(word[1:], word[1:]) if word[1:] in (*GREEK, *VARIANTS, "pi") else ""
    return canonical_name(word) if re.fullmatch(r"[A-Za-z\u0391-\u03A9\u03B1-\u03C9]", word) else ""


def _macro(name: str, start: int, text: str, end: int = 0) -> tuple[str, str, int] | None:
    font = "mathbf" if name == "bf" else name
    alone = re.compile(r"\s*([01]|[A-Za-z](?![A-Za-z]))").match(text, start + 1 + len(name)) if font in FONTS else None
    if alone is not None and (font, alone[1]) in FONT_WORDS:  # \mathcal N without braces
        return FONT_WORDS[font, alone[1]], alone[1], alone.end()
    if name in MACROS:
        return MACROS[name], name, end
    if name in GREEK or name in VARIANTS:
        return "NAME", VARIANTS.get(name, name), end
    if name in ACCENTS:
        return "ACCENT", ACCENTS[name], end
    if name == "vec" and re.match(r"\\vec\s*(\\left\s*)?\(", text[start:]):
        return "FUNCTION", "vec", end
    if name == "pi":
        return "NAME", "pi", end
    if name in SPELLED:
        return "FUNCTION", SPELLED[name], end
    if name in FONTS or name in PASSED_OVER or name in SWITCHES or name == " ":
        return None
    if name == "begin" and (environment := _ENVIRONMENT.match(text, start)):
        return "UNKNOWN", f"\\begin{{{environment['name']}}} is not read", environment.end()
    return "UNKNOWN", f"\\{name} is not known" + nearest(name, list(MACROS)), end
