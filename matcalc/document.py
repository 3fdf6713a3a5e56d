"""What a document says, part by part: its formulas and its declarations, each with the line where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from matcalc.errors import ParseError
from matcalc.statements import chains

FORMULA, ASSUMPTION = "formula", "assumption"
MARKED = (".tex", ".md", ".markdown")
_ENVIRONMENTS = "equation|align|gather|multline|eqnarray|flalign|alignat|displaymath|math|dmath"
_DISPLAYS = (
    r"\$\$(?P<dollars>.*?)(?<!\\)\$\$",
    r"\\\[(?P<brackets>.*?)\\\]",
    rf"\\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}}(?:\{{\d+\}})?(?P<environment>.*?)\\end\{{(?P=name)\}}",
)
_ALONE = r"(?m:^[ \t]*\$(?!\$)(?P<alone>[^$\n]+)(?<!\\)\$(?!\$)[ \t]*$)"
_ROUND = r"\\\((?P<round>.*?)\\\)"
_INLINE_TEX = r"(?<![\\$])\$(?!\$)(?P<inline>(?:[^$\n]|\n(?!\s*\n))*?)(?<!\\)\$(?!\$)"
_TIGHT = r"(?<![\\$])\$(?![\s$])(?P<tight>(?:[^$\n]|\n(?!\s*\n))*?)(?<![\\\s])\$(?![\d$])"  # $5 and $7 are no formula
_LOOSE = r"(?<![\\$])\$(?!\$)(?P<inline>[^$]*?=[^$]*?)(?<!\\)\$(?!\$)"
_CODE = r"(?<!`)`[^`\n]+`(?!`)"
_FENCE = r"```(?P<language>\w*)\n(?P<code>.*?)```"
_TEX = re.compile(
    "|".join((r"(?<!\\)%[ \t]*let:?[ \t]+(?P<let>[^\n]*)", r"(?<!\\)%[^\n]*", *_DISPLAYS, _ALONE, _INLINE_TEX, _ROUND)),
    re.DOTALL,
)
_MARKDOWN = re.compile(
    "|".join(
        (r"<!--\s*let:?\s(?P<let>.*?)-->", r"<!--.*?-->", _FENCE, _CODE, *_DISPLAYS, _ALONE, _TIGHT, _LOOSE, _ROUND)
    ),
    re.DOTALL,
)
_IN_TEXT = ("tight", "inline", "round")
_FORMULAS = ("dollars", "brackets", "environment", "alone", *_IN_TEXT, "code")
NEAR = 20


@dataclass(frozen=True)
class Part:
    """A formula or an assumption, its line, whether it is displayed, whether little stands before it, its notation."""

    kind: str
    text: str
    line: int
    is_display: bool = True
    is_near: bool = True
    is_latex: bool = False


def parts(text: str, suffix: str) -> Iterator[Part]:
    """The parts of a document: .tex, .md, or else lines of a derivation in plain text."""
    if suffix in MARKED:
        yield from _joined(_marked(text, _TEX if suffix == ".tex" else _MARKDOWN))
    else:
        yield from lines(text)


def _marked(text: str, pattern: "re.Pattern[str]") -> Iterator[Part]:
    end = 0
    for match in pattern.finditer(text):
        groups = match.groupdict()
        if groups.get("let") is not None:
            yield from (
                Part(ASSUMPTION, s, _line(text, match.start("let"))) for s in groups["let"].split("\n") if s.strip()
            )
            continue
        name = next((n for n in _FORMULAS if groups.get(n) is not None), None)
        if name is None or (name == "code" and groups["language"] != "math"):
            continue
        if name in _IN_TEXT and "=" not in groups[name]:
            continue
        start = match.start(name) + len(groups[name]) - len(groups[name].lstrip())
        if groups[name].strip():
            is_display = name not in _IN_TEXT
            is_near = len("".join(text[end : match.start()].split())) <= NEAR
            yield Part(FORMULA, groups[name].strip(), _line(text, start), is_display, is_near, True)
            end = match.end() if is_display else end


def _joined(found: Iterator[Part]) -> Iterator[Part]:
    """A display that begins with a sign and has no relation goes on with the display before it."""
    waiting: Part | None = None
    for part in found:
        if waiting is not None and _goes_on(part):
            gap = "\n" * max(1, part.line - waiting.line - waiting.text.count("\n"))
            waiting = replace(waiting, text=f"{waiting.text}{gap}{part.text}")
            continue
        if waiting is not None:
            yield waiting
        waiting = part
    if waiting is not None:
        yield waiting


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
    begins = part.kind == FORMULA and part.is_display and part.is_near and part.text[0] in "+-"
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
