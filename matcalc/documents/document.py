"""What a document says, part by part: its formulas and its declarations, each with the line where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from matcalc.documents.macros import Expanded, expanded
from matcalc.errors import ParseError
from matcalc.language.latex_words import INTERTEXT, WORDS
from matcalc.language.statements import chains

FORMULA, ASSUMPTION = "formula", "assumption"
MARKED = (".tex", ".md", ".markdown")
_ENVIRONMENTS = "equation|align|gather|multline|eqnarray|flalign|x?x?alignat|displaymath|math|dmath|dgroup"
_INNER = r"(?:(?!\\begin\{|\\end\{|\$).)*"
_NO_FORMULA = r"\w*(?:tabular|array|matrix|cases|tikz|aligned|split|gathered|verbatim|listing)"
_DISPLAYS = (
    r"\$\$(?P<dollars>.*?)(?<!\\)\$\$",
    r"\\\[(?P<brackets>.*?)\\\]",
    rf"\\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}}(?:\{{\d+\}})?(?P<environment>.*?)\\end\{{(?P=name)\}}",
    r"\\begin\{(?P<framed>(?:IEEEeqnarray|empheq)\*?)\}\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}(?P<inside>.*?)\\end\{(?P=framed)\}",
    r"\\begin\{tcolorbox\}\s*\[(?:[^\]]*,)?\s*ams \w+\*?[^\]]*\](?P<box>.*?)\\end\{tcolorbox\}",
    rf"\\begin\{{(?P<unknown>(?!{_NO_FORMULA})\w+\*?)\}}(?P<rows>{_INNER}?&\s*={_INNER})\\end\{{(?P=unknown)\}}",
)
_ALIGNED = re.compile(r"\\begin\{(?:empheq\*?\}\s*(?:\[[^\]]*\])?\s*\{)?(?:x?x?alignat|align|flalign)\*?\}")
_ALONE = r"(?m:^[ \t]*\$(?!\$)(?P<alone>[^$\n]+)(?<!\\)\$(?!\$)[ \t]*$)"
_ROUND = r"\\\((?P<round>.*?)\\\)"
_ENSURED = r"\\ensuremath\s*\{(?P<ensured>(?:[^{}]|\{[^{}]*\})*)\}"
_INLINE_TEX = r"(?<![\\$])\$(?!\$)(?P<inline>(?:[^$\n]|\n(?!\s*\n))*?)(?<!\\)\$(?!\$)"
_TIGHT = r"(?<![\\$])\$(?![\s$])(?P<tight>(?:[^$\n]|\n(?!\s*\n))*?)(?<![\\\s])\$(?![\d$])"  # $5 and $7 are no formula
_LOOSE = r"(?<![\\$])\$(?!\$)(?P<inline>[^$]*?=[^$]*?)(?<!\\)\$(?!\$)"
_COMMENT = r"(?<!\\)%[^\n]*"
_LISTING = (
    r"\\begin\{(?P<listing>(?:verbatim|Verbatim|lstlisting|minted|comment|alltt)\*?)\}.*?\\end\{(?P=listing)\}"
    r"|\\verb\*?(?P<bar>[^A-Za-z\s*])[^\n]*?(?P=bar)|\\iffalse(?![A-Za-z]).*?\\fi(?![A-Za-z])"
)
_GITLAB = r"\$`(?P<quoted>[^`\n]+)`\$"
_CODE = r"(?<!`)`[^`\n]+`(?!`)"
_FENCE = r"(?P<fence>```|~~~)[ \t]*(?P<language>[\w+-]*)[^\n`]*\n(?P<code>.*?)(?P=fence)"
_HIDDEN = r"<!--.*?-->"
_LET = r"%[ \t]*let:?[ \t]+(?P<let>[^\n]*)"
_TEX = re.compile(
    "|".join((rf"(?<!\\){_LET}", _COMMENT, _LISTING, *_DISPLAYS, _ALONE, _INLINE_TEX, _ROUND, _ENSURED)), re.DOTALL
)
_MARKDOWN = re.compile(
    "|".join(
        (r"<!--\s*let:?\s(?P<hidden>.*?)-->", _HIDDEN, _FENCE, _GITLAB, _CODE, rf"(?m:^[ \t]*{_LET}$)", *_DISPLAYS,
         _ALONE, _TIGHT, _LOOSE, _ROUND, _ENSURED)
    ),
    re.DOTALL,
)  # fmt: skip
_OPAQUE_TEX = re.compile(f"{_COMMENT}|{_LISTING}", re.DOTALL)
_OPAQUE_MARKDOWN = re.compile("|".join((_HIDDEN, _FENCE, _GITLAB, _CODE)), re.DOTALL)
_DECLARED = ("let", "hidden")
_IN_TEXT = ("tight", "inline", "quoted", "round", "ensured")
_FORMULAS = ("dollars", "brackets", "environment", "inside", "box", "rows", "alone", *_IN_TEXT, "code")
_BRACES = r"\{(?P<words>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_WORDS = re.compile(rf"\\(?:{'|'.join((*WORDS, *INTERTEXT))})\s*{_BRACES}")
NEAR = 20
_SUPPOSING = re.compile(
    r"\b(?:suppose|assum(?:e|es|ing)|if|when(?:ever)?|provided|with|subject\s+to|such\s+that|under|constraint)"
    r"(?:\s+that|\s+the\s+\w+)?[\s:,~]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Part:
    """A formula or an assumption, its line, whether it is displayed, whether little stands before it, its notation."""

    kind: str
    text: str
    line: int
    is_display: bool = True
    is_near: bool = True
    is_latex: bool = False
    refusal: str = ""  # why it is not read
    is_supposed: bool = False  # by the words before it


def parts(text: str, suffix: str) -> Iterator[Part]:
    """The parts of a document: .tex, .md, or else lines of a derivation in plain text."""
    if suffix in MARKED:
        pattern, opaque = (_TEX, _OPAQUE_TEX) if suffix == ".tex" else (_MARKDOWN, _OPAQUE_MARKDOWN)
        yield from _joined(_marked(expanded(text, _opaque(text, opaque)), pattern))
    else:
        yield from lines(text)


def _opaque(text: str, pattern: "re.Pattern[str]") -> Iterator[tuple[int, int]]:
    """Where comments and code begin and end, in which nothing is a macro."""
    for match in pattern.finditer(text):
        groups = match.groupdict()
        if groups.get("language") != "math" and groups.get("quoted") is None:
            yield match.span()


def _marked(source: Expanded, pattern: "re.Pattern[str]") -> Iterator[Part]:
    text, end = source.text, 0
    for match in pattern.finditer(text):
        groups = match.groupdict()
        if (declared := next((n for n in _DECLARED if groups.get(n) is not None), None)) is not None:
            line = _line(text, match.start(declared))
            yield from (Part(ASSUMPTION, s, line) for s in groups[declared].split("\n") if s.strip())
            continue
        name = next((n for n in _FORMULAS if groups.get(n) is not None), None)
        if name is None or (name == "code" and groups["language"] != "math") or not groups[name].strip():
            continue
        is_display = name not in _IN_TEXT
        is_near = len("".join(text[end : match.start()].split())) <= NEAR
        refusal = source.refusal(*match.span())
        if name == "rows":
            refusal = f"the environment {groups['unknown']} is not known"
        end = match.end() if is_display else end
        if is_display or refusal or "=" in groups[name]:
            start = match.start(name) + len(groups[name]) - len(groups[name].lstrip())
            stated = _apart(groups[name]) if _ALIGNED.match(match.group()) else groups[name]
            is_supposed = _SUPPOSING.search(text, max(0, match.start() - 40), match.start()) is not None
            yield Part(FORMULA, stated.strip(), _line(text, start), is_display, is_near, True, refusal, is_supposed)
        if is_display:
            yield from _in_words(groups[name], _line(text, match.start(name)))


def _apart(display: str) -> str:
    """The rows of an aligned display with every second & as a wide space: it stands between two statements."""
    if r"\begin" in display:
        return display
    found = []
    for row in re.split(r"(\\\\)", display):
        first, *others = re.split(r"(?<!\\)&", row)
        found += [first, *(("&" if k % 2 == 0 else r"\quad ") + other for k, other in enumerate(others))]
    return "".join(found)


def _in_words(display: str, line: int) -> Iterator[Part]:
    r"""The formulas in the words of a display, `\text{where $y = Ax$}`."""
    for words in _WORDS.finditer(display):
        for formula in re.finditer(r"\$([^$]*=[^$]*)\$", words["words"]):
            at = line + display.count("\n", 0, words.start("words") + formula.start(1))
            yield Part(FORMULA, formula[1].strip(), at, is_display=False, is_latex=True)


def _joined(found: Iterator[Part]) -> Iterator[Part]:
    """A display that begins with a sign and has no relation goes on with the display before it."""
    waiting: list[Part] = []  # a display, and what has followed it in the text
    for part in found:
        if waiting and waiting[0].kind == FORMULA and waiting[0].is_display and _goes_on(part):
            gap = "\n" * max(1, part.line - waiting[0].line - waiting[0].text.count("\n"))
            waiting[0] = replace(waiting[0], text=f"{waiting[0].text}{gap}{part.text}")
            continue
        if part.is_display or part.kind == ASSUMPTION:
            yield from waiting
            waiting = []
        waiting.append(part)
    yield from waiting


def rows(part: Part) -> list[Part]:
    """The rows of a formula, each by itself: what is wrong in one must not keep the others from being read."""
    bare = re.sub(r"\\(?:begin|end)\{[a-z]+\*?\}", lambda m: " " * len(m.group()), part.text)
    found, line = [], part.line
    for row in re.split(r"\\\\(?:\[[^\]]*\])?", bare):
        lead = len(row) - len(row.lstrip())
        if row.strip():
            found.append(
                replace(part, text=row.strip(), line=line + row.count("\n", 0, lead), is_near=True, is_latex=True)
            )
        line += row.count("\n")
    return found


def _goes_on(part: Part) -> bool:
    begins = part.kind == FORMULA and part.is_display and part.is_near and not part.refusal and part.text[0] in "+-"
    return begins and (part.text[0] == "+" or _is_alone(part.text))


def _is_alone(text: str) -> bool:
    """Whether a formula has no relation."""
    try:
        return all(len(chain.sides) == 1 for chain in chains(text, latex=True))
    except ParseError:
        return False


def lines(text: str) -> Iterator[Part]:
    """The lines of a derivation: `assume ...`, `where ...`, `X: n x n`, and formulas."""
    for number, line in enumerate(text.splitlines(), 1):
        stated = line.partition("#")[0].strip()
        if stated:
            yield Part(ASSUMPTION if _is_assumption(stated) else FORMULA, stated, number)


def _is_assumption(line: str) -> bool:
    lead = r"(?:assume|where|let|suppose|given|with|forget|layout|reading)\b"
    return re.match(rf"{lead}|[\w\s,\u0302]+:(?!=)|\w+\s*~", line, re.IGNORECASE) is not None


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
