"""LaTeX as a list of tokens: macros by what they mean, with spacing, fonts and the sizes of brackets taken away."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lark import Token

from matcalc.errors import ParseError
from matcalc.syntax import ALIASES, FUNCTIONS, GREEK, MAX_LENGTH, MAX_NESTING, canonical_name, nearest


def _table(**kinds: str) -> dict[str, str]:
    """Every word of a kind, the other way round."""
    return {word: kind for kind, words in kinds.items() for word in words.split()}


MACROS = _table(
    FRACTION="frac dfrac tfrac cfrac",
    ROOT="sqrt",
    SUM="sum",
    PRODUCT="prod",
    INTEGRAL="int",
    PARTIAL="partial",
    NABLA="nabla",
    INFINITY="infty",
    TOP="top intercal",
    PRIME="prime",
    UNDERBRACE="underbrace",
    STACK="stackrel overset underset",
    OPEN="lbrace lbrack",
    CLOSE="rbrace rbrack",
    BAR="vert",
    BAR_OPEN="lvert",
    BAR_CLOSE="rvert",
    NORM="Vert |",
    NORM_OPEN="lVert",
    NORM_CLOSE="rVert",
    ANGLE_OPEN="langle",
    ANGLE_CLOSE="rangle",
    GIVEN="mid",
    TIMES="cdot times ast",
    HADAMARD="odot circ",
    QUOTIENT="oslash",
    KRONECKER="otimes",
    DOTS="cdots ldots dots dotsb dotsc",
    ROW=r"\ cr",
    SEPARATOR="therefore because quad qquad implies iff Rightarrow Leftrightarrow Longrightarrow Leftarrow "
    "square blacksquare Box qed qedhere",
    REMARK="downarrow uparrow leftarrow nearrow searrow curvearrowleft curvearrowright",
    THIN=", ; : >",
    DEFINES="coloneqq triangleq",
    DEFINED_BY="eqqcolon",
    UNEQUAL="neq ne",
    AT_LEAST="geq ge geqslant succeq",
    AT_MOST="leq le leqslant preceq",
    ABOVE="gt succ",
    BELOW="lt prec",
    RELATION="propto approx sim simeq equiv in to mapsto rightarrow cong perp",
) | {"{": "OPEN", "}": "CLOSE"}
CHARACTERS = {
    "+": "PLUS", "-": "MINUS", "−": "MINUS", "–": "MINUS", "/": "SLASH", "*": "TIMES", "·": "TIMES", "×": "TIMES",
    "⊙": "HADAMARD", "∘": "HADAMARD", "⊗": "KRONECKER", "⊘": "QUOTIENT", "=": "EQUAL", "≠": "UNEQUAL", "<": "BELOW",
    ">": "ABOVE", "≤": "AT_MOST", "≥": "AT_LEAST", "(": "OPEN", "[": "OPEN", ")": "CLOSE", "]": "CLOSE", "{": "BEGIN",
    "}": "END", "|": "BAR", "‖": "NORM", "^": "SUPER", "_": "SUB", "'": "PRIME", "′": "PRIME", "’": "PRIME",
    ",": "COMMA", "∂": "PARTIAL", "∇": "NABLA", "∑": "SUM", "∏": "PRODUCT", "∫": "INTEGRAL", "∞": "INFINITY",
    "∝": "RELATION", "≈": "RELATION", "∈": "RELATION", "→": "RELATION", ":=": "DEFINES", "=:": "DEFINED_BY",
    ";": "SEPARATOR", ":": "SEPARATOR", "。": "SEPARATOR", "、": "SEPARATOR",
}  # fmt: skip
ROMAN = ("operatorname", "mathrm", "text")
FONT_WORDS = {
    ("mathbb", "R"): "REALS", ("mathcal", "N"): "DENSITY",
    ("mathbb", "V"): "COVARIANCE", ("operatorname", "V"): "COVARIANCE",
    **{(font, "E"): "EXPECTATION" for font in ("mathbb", "mathrm", "operatorname")},
    **{(font, word): "COVARIANCE" for font in ROMAN for word in ("Var", "Cov", "var", "cov")},
    **{(font, "1"): "ONES" for font in ("mathbf", "mathbb", "boldsymbol", "bm", "mathds", "mathbbm")},
}  # fmt: skip
ACCENTS = {
    "hat": "_hat", "widehat": "_hat", "bar": "_bar", "overline": "_bar", "tilde": "_tilde", "widetilde": "_tilde",
    "dot": "_dot", "ddot": "_ddot", "check": "_check",
}  # fmt: skip
FONTS = [
    "mathbf",
    "mathrm",
    "mathit",
    "mathsf",
    "mathtt",
    "mathcal",
    "mathscr",
    "mathfrak",
    "mathbb",
    "mathds",
    "mathbbm",
    "boldsymbol",
    "bm",
    "vec",
    "operatorname",
    "text",
    "textrm",
    "textbf",
    "textit",
    "mbox",
    "intertext",
]
BOLD = ("mathbf", "boldsymbol", "bm")
PASSED_OVER = [
    "rm",
    "bf",
    "it",
    "sf",
    "cal",
    "left",
    "right",
    "middle",
    "big",
    "Big",
    "bigg",
    "Bigg",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "biggl",
    "biggr",
    "Biggl",
    "Biggr",
    "displaystyle",
    "textstyle",
    "scriptstyle",
    "limits",
    "nolimits",
    "nonumber",
    "notag",
    "mathstrut",
    "cancel",
    "bcancel",
    "boxed",
    "underline",
    "mathopen",
    "mathclose",
]
VARIANTS = {
    "varepsilon": "epsilon",
    "vartheta": "theta",
    "varphi": "phi",
    "varrho": "rho",
    "varsigma": "sigma",
    "ell": "ell",
}
SPELLED = {"ln": "log", "lg": "log"} | {name: ALIASES.get(name, name) for name in FUNCTIONS if name != "vec"}

_LEXEME = re.compile(
    r"(?P<space>(?:\s|[~&$]|%[^\n]*|\\!|\\(?:label|tag|vspace|hspace)\*?\{[^{}]*\}|\\(?:left|right)\s*\."
    r"|\\(?:begin|end)\{(?:aligned|alignedat|split|gathered|align|equation|gather|multline|eqnarray|flalign)\*?\})+)"
    r"|\\left\s*(?P<left>\||\\\||\\vert(?![a-z])|\\Vert(?![a-z]))"
    r"|\\right\s*(?P<right>\||\\\||\\vert(?![a-z])|\\Vert(?![a-z]))"
    r"|\\(?P<font>[A-Za-z]+)\*?\s*\{(?P<word>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}"
    r"|\\(?P<macro>[A-Za-z]+|.)"
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<letter>[A-Za-z\u0391-\u03A9\u03B1-\u03C9\u03D1\u03D5\u03F5]\u0302?)"
    r"|(?P<prose>[\u3000-\u30FF\u3400-\u9FFF\uFF00-\uFFEF・■□]+)"
    r"|(?P<stop>\.)"
    r"|(?P<character>:=|=:|.)",
    re.DOTALL,
)
_ENVIRONMENT = re.compile(r"\\begin\{(?P<name>[^{}]*)\}.*?\\end\{(?P=name)\}", re.DOTALL)
_CLOSERS = {f"{kind}OPEN": f"{kind}CLOSE" for kind in ("", "BAR_", "NORM_", "ANGLE_")} | {"BEGIN": "END"}
_STARTS = ("NAME", "NUMBER", "FUNCTION", "FRACTION", "ROOT", "ACCENT", "ONES", *_CLOSERS)
_ENDS = ("NAME", "NUMBER", "TOP", "PRIME", "ONES", *_CLOSERS.values())
UNDER_NOTES = ("EQUAL", "AT_LEAST", "AT_MOST", "ABOVE", "BELOW")


def tokenise(text: str) -> list[Token]:
    """The tokens of LaTeX in mathematics mode, with their positions.

    Raises:
        ParseError: a macro or a character that is not known, brackets that do not match, or text out of bounds.
    """
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the formula has {len(text)} characters; at most {MAX_LENGTH} are read", MAX_LENGTH)
    _refuse_two_fonts(text)
    tokens = list(_lexemes(text))
    for refine in (
        _drop_notes_on_relations,
        _name_bare_sums,
        _name_expectations,
        _pair_bars,
        _stack_derivatives,
        _mark_derivatives,
        _mark_volumes,
        _read_partials,
        _join_differentials,
        _keep_thin_spaces,
    ):
        tokens = refine(tokens)
    return tokens


def _refuse_two_fonts(text: str) -> None:
    r"""Refuse A beside \mathcal{A}: fonts are not told apart, and these are two things."""
    scripts = {m[1] for m in re.finditer(r"\\(?:mathcal|mathscr|mathfrak)\s*\{?\s*([A-Z])\b", text)}
    bare = re.sub(r"\\[A-Za-z]+\s*\{\s*[A-Z]\s*\}|\\(?:mathcal|mathscr|mathfrak)\s+[A-Z]|\\[A-Za-z]+", " ", text)
    for letter in sorted(scripts - {"N"}):
        if (at := bare.find(letter)) >= 0:
            raise ParseError(f"{letter} stands in two fonts: call one of them by another letter", at)


def _token(kind: str, value: str, start: int | None, end: int | None) -> Token:
    return Token(kind, value, start_pos=start, end_pos=end)


def _lexemes(text: str) -> Iterator[Token]:
    position, scripted = 0, False
    while position < len(text):
        match = _LEXEME.match(text, position)
        assert match is not None
        end = match.end()
        if scripted and match["number"]:  # x^12 is x^1 2
            end = position + 1
        found = None if match["space"] else _read(text, match, text[position:end])
        if found is not None:
            kind, value, end = found[0], found[1], found[2] or end
            scripted = kind in ("SUPER", "SUB", "FRACTION", "ROOT") or (kind == "NUMBER" and scripted)
            yield _token(kind, value, position, end)
        position = end if found is not None or match["font"] is None else _after_font(text, position)


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
        return _font(text, match)
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


def _font(text: str, match: "re.Match[str]") -> tuple[str, str, int] | None:
    r"""`\operatorname{tr}`, `\mathbb{E}`, `\text{where}`; nothing for a font put on a longer formula."""
    font, word = match["font"], match["word"].strip().replace(r"\_", "_")
    if font not in FONTS:
        return _macro(font, match.start(), text, match.start() + 1 + len(font))
    if (font, word) in FONT_WORDS:
        return FONT_WORDS[font, word], word, 0
    if word in SPELLED or word == "vec":
        return "FUNCTION", SPELLED.get(word, word), 0
    if font == "intertext":  # a statement of its own follows
        return "SEPARATOR", word, 0
    if font.startswith("text") or font == "mbox":
        return "REMARK", word, 0
    if word == "d":
        return "NAME", "d", 0
    if font in BOLD and word.isalpha():  # letters in bold are a product, those in roman a name
        return None
    if not re.fullmatch(r"[A-Za-z][\w,]+", word) or font == "vec":
        return None
    if font == "operatorname" or re.match(r"\s*(\\left\s*|\\bigl?\s*)?\(", text[match.end() :]):
        return "UNKNOWN", f"{word}(): there is no such function" + nearest(word, list(FUNCTIONS)), 0
    return "NAME", word.replace(",", "_"), 0


def _macro(name: str, start: int, text: str, end: int = 0) -> tuple[str, str, int] | None:
    alone = re.compile(r"\s*([A-Za-z1])(?![A-Za-z])").match(text, start + 1 + len(name)) if name in FONTS else None
    if alone is not None and (name, alone[1]) in FONT_WORDS:  # \mathcal N without braces
        return FONT_WORDS[name, alone[1]], alone[1], alone.end()
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
    if name in FONTS or name in PASSED_OVER or name == " ":
        return None
    if name == "begin" and (environment := _ENVIRONMENT.match(text, start)):
        return "UNKNOWN", f"\\begin{{{environment['name']}}} is not read", environment.end()
    return "UNKNOWN", f"\\{name} is not known" + nearest(name, list(MACROS)), end


def _name_expectations(tokens: Sequence[Token]) -> list[Token]:
    """An E before a square bracket is an expectation."""
    return [
        t.update(type="EXPECTATION") if t == "E" and t.type == "NAME" and after == "[" else t
        for t, after in zip(tokens, [*tokens[1:], None], strict=False)
    ]


def _name_bare_sums(tokens: Sequence[Token]) -> list[Token]:
    r"""A `\sum` without an index cannot be one: it is Σ, as scanners print it."""
    following = [*tokens[1:], None]
    return [
        _token("NAME", "Sigma", t.start_pos, t.end_pos)
        if t.type == "SUM" and (after is None or after.type not in ("SUB", "SUPER"))
        else t
        for t, after in zip(tokens, following, strict=False)
    ]


def _pair_bars(tokens: Sequence[Token]) -> list[Token]:
    """Every bar as an opening or a closing one, or as the bar of N(x | mu, Sigma); brackets match."""
    result: list[Token] = []
    stack: list[int] = []
    for token in tokens:
        kind = token.type
        if kind in ("BAR", "NORM"):
            token = _bar(token, result, stack)
            kind = token.type
        elif kind == "GIVEN" and stack:
            _is_density(result, stack[-1])
        if kind in _CLOSERS:
            stack.append(len(result))
            if len(stack) > MAX_NESTING:
                raise ParseError(
                    f"nested deeper than {MAX_NESTING} at character {(token.start_pos or 0) + 1}", token.start_pos
                )
        elif kind in _CLOSERS.values():
            if not stack or _CLOSERS[result[stack[-1]].type] != kind:
                raise ParseError(
                    f"{token.value} at character {(token.start_pos or 0) + 1} closes nothing", token.start_pos
                )
            stack.pop()
        result.append(token)
    for opening in (result[k] for k in stack):
        if opening.type in ("BAR_OPEN", "NORM_OPEN"):
            start = opening.start_pos or 0
            raise ParseError(f"{opening.value} at character {start + 1} is not closed", start)
    return result


def _bar(token: Token, before: list[Token], stack: Sequence[int]) -> Token:
    opened = f"{token.type}_OPEN"
    after_operand = bool(before) and before[-1].type in _ENDS
    if stack and before[stack[-1]].type == opened and after_operand:
        return token.update(type=f"{token.type}_CLOSE")
    if stack and after_operand and _is_density(before, stack[-1]):
        return token.update(type="GIVEN")
    return token.update(type=opened)


def _is_density(tokens: list[Token], opening: int) -> bool:
    """Whether a bracket is that of N(...), which is then the Gaussian density."""
    if opening == 0 or tokens[opening].type != "OPEN":
        return False
    before = tokens[opening - 1]
    if before.type == "NAME" and before.value == "N":
        tokens[opening - 1] = before.update(type="DENSITY")
    return tokens[opening - 1].type == "DENSITY"


def depth_change(token: Token) -> int:
    """How much deeper one is in brackets after a token."""
    return (token.type in _CLOSERS) - (token.type in _CLOSERS.values())


def matching(tokens: Sequence[Token], opening: int) -> int:
    """The index of the token that closes what is opened at an index, or the end."""
    depth = 0
    for k in range(opening, len(tokens)):
        depth += depth_change(tokens[k])
        if depth == 0:
            return k
    return len(tokens)


def _drop_notes_on_relations(tokens: Sequence[Token]) -> list[Token]:
    r"""`\stackrel{(a)}{=}` is =."""
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        if tokens[k].type == "STACK" and k + 1 < len(tokens):
            note_ends = matching(tokens, k + 1)
            inner = tokens[note_ends + 1 : matching(tokens, note_ends + 1) + 1] if note_ends + 1 < len(tokens) else ()
            if len(inner) == 3 and inner[1].type in UNDER_NOTES:
                result.append(inner[1])
                k = note_ends + 1 + len(inner)
                continue
        result.append(tokens[k])
        k += 1
    return result


def _is_d(tokens: Sequence[Token], k: int) -> bool:
    return k < len(tokens) and tokens[k].type == "NAME" and tokens[k].value == "d"


def _stack_derivatives(tokens: Sequence[Token]) -> list[Token]:
    r"""`\partial f / \partial x` as `\frac{\partial f}{\partial x}`."""
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        slash = _end_of_operand(tokens, k + 1) if _is_operator(tokens, k) else len(tokens)
        is_quotient = slash < len(tokens) and tokens[slash].type == "SLASH" and _is_operator(tokens, slash + 1)
        end = _end_of_operand(tokens, slash + 2) if is_quotient else 0
        if slash == k + 1 or end <= slash + 2:
            result.append(tokens[k])
            k += 1
            continue
        at = tokens[slash].start_pos
        result.append(_token("FRACTION", "frac", tokens[k].start_pos, tokens[k].start_pos))
        for part in (tokens[k:slash], tokens[slash + 1 : end]):
            result += [_token("BEGIN", "{", part[0].start_pos, part[0].start_pos), part[0].update(type="PARTIAL")]
            result += [*part[1:], _token("END", "}", part[-1].end_pos, part[-1].end_pos or at)]
        k = end
    return result


def _is_operator(tokens: Sequence[Token], k: int) -> bool:
    """Whether a ∂ stands at an index, or a d close to what it is put on."""
    if k + 1 >= len(tokens):
        return False
    return tokens[k].type == "PARTIAL" or (_is_d(tokens, k) and tokens[k].end_pos == tokens[k + 1].start_pos)


def _end_of_operand(tokens: Sequence[Token], k: int) -> int:
    """Where a name with its indices and arguments ends, a function of something, or what is in brackets."""
    kinds = [t.type for t in tokens]
    start = k
    while k < len(kinds) and kinds[k] == "FUNCTION":
        k += 1
    if k < len(kinds) and kinds[k] == "NAME":
        k += 1
    elif k == len(kinds) or kinds[k] not in _CLOSERS:
        return start
    while k + 1 < len(kinds) and (kinds[k] in _CLOSERS or kinds[k] == "SUB"):
        opening = k + (kinds[k] == "SUB")
        k = matching(tokens, opening) + 1 if kinds[opening] in _CLOSERS else opening + 1
    return k


def _mark_derivatives(tokens: Sequence[Token]) -> list[Token]:
    r"""The d of `\frac{d f}{d x}` is a derivative's."""
    result = list(tokens)
    for k, token in enumerate(tokens):
        if token.type != "FRACTION" or not _is_d(tokens, k + 2):
            continue
        below = matching(tokens, k + 1) + 2
        if _is_d(tokens, below) and below + 1 < len(tokens) and tokens[below + 1].type in ("NAME", "BEGIN", "ACCENT"):
            for d in (k + 2, below):
                result[d] = tokens[d].update(type="PARTIAL")
    return result


def _mark_volumes(tokens: Sequence[Token]) -> list[Token]:
    r"""The d of `dx` that closes an integral; `dz_1 \cdots dz_D` is `dz`."""
    result: list[Token] = []
    open_integrals, k = 0, 0
    while k < len(tokens):
        token = tokens[k]
        open_integrals += token.type == "INTEGRAL"
        scripted = k > 0 and tokens[k - 1].type == "SUB"
        follows = k + 1 < len(tokens) and tokens[k + 1].type in ("NAME", "BEGIN", "ACCENT")
        if open_integrals and _is_d(tokens, k) and follows and not scripted:
            token = token.update(type="DIFFERENTIAL")
            open_integrals -= 1
            if k + 4 < len(tokens) and tokens[k + 4].type == "DOTS":
                result += [token, tokens[k + 1]]
                k += 9
                continue
        result.append(token)
        k += 1
    return result


def _read_partials(tokens: Sequence[Token]) -> list[Token]:
    r"""A ∂ that is no derivative's is a d: `\partial X^{-1} = -X^{-1} (\partial X) X^{-1}` [PP2012]."""
    result = list(tokens)
    derivative_ends = -1
    for k, (token, following) in enumerate(pairwise(tokens)):
        if token.type == "FRACTION":
            derivative_ends = max(derivative_ends, matching(tokens, matching(tokens, k + 1) + 1))
        if token.type == "PARTIAL" and k > derivative_ends and following.type != "SUB":
            result[k] = _token("NAME", "d", token.start_pos, following.start_pos)
    return result


def _join_differentials(tokens: Sequence[Token]) -> list[Token]:
    """The differential `dX` as one name."""
    result: list[Token] = []
    for token in tokens:
        last = result[-1] if result else None
        if token.type == "NAME" and last is not None and last.type == "NAME" and last.value == "d" and (
            last.end_pos == token.start_pos and not (len(result) > 1 and result[-2].type == "SUB")
        ):  # fmt: skip
            result[-1] = _token("NAME", f"d{token.value}", last.start_pos, token.end_pos)
        else:
            result.append(token)
    return result


def _keep_thin_spaces(tokens: Sequence[Token]) -> list[Token]:
    r"""A thin space between two factors separates them: `\det X \, X^{-1}` is det(X) X⁻¹."""
    result: list[Token] = []
    for k, token in enumerate(tokens):
        if token.type != "THIN":
            result.append(token)
        elif _ends_in_factor(result) and k + 1 < len(tokens) and tokens[k + 1].type in _STARTS:
            result.append(token.update(type="TIMES"))
    return result


def _ends_in_factor(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[-1].type in _ENDS and not _ends_in_operator([t.type for t in tokens])


def _ends_in_operator(kinds: Sequence[str]) -> bool:
    r"""Whether tokens end in `\nabla_x`, `\nabla_{X}` or `\frac{\partial}{\partial X}`, which are no factors."""
    start = _last_group(kinds)
    if kinds[:start][-2:] == ["NABLA", "SUB"]:
        return True
    numerator = kinds[_last_group(kinds[:start]) : start]
    return numerator in (["BEGIN", "PARTIAL", "END"], ["BEGIN", "PARTIAL", "SUPER", "NUMBER", "END"])


def _last_group(kinds: Sequence[str]) -> int:
    """Where the braces that end the tokens begin; the place of the last token where there are none."""
    depth = 0
    for k in range(len(kinds) - 1, -1, -1):
        depth += (kinds[k] == "END") - (kinds[k] == "BEGIN")
        if depth <= 0:
            return k
    return 0
