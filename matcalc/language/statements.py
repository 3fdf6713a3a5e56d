"""The statements of a formula: chains of sides with = between them, split where a paper starts a new one."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from matcalc.errors import ParseError
from matcalc.language.latex_words import BREAKS, FONTS, PASSED_OVER, RELATIONS
from matcalc.language.syntax import Syntax, is_latex, parse

_WIDE = ("quad", "qquad")
IMPLIES = {"implies", "Rightarrow", "Longrightarrow", "iff", "Leftrightarrow"}
_CONTINUES = ("PLUS", "MINUS", "TIMES", "HADAMARD", "KRONECKER", "SLASH")
_PLAIN_RELATION = re.compile(r":=|=:|!=|>=|<=|≥|≤|≠|=|>|<")
_PLAIN = {"≥": ">=", "≤": "<=", "≠": "!="}
INEQUALITY = re.compile(
    r"\s*(?P<relation>>=|<=|>|<|[≥≤⪰⪯≻≺]|\\(?:geq?|leq?|succeq|preceq|succ|prec|gt|lt)(?![A-Za-z]))(?P<right>.*)$",
    re.DOTALL,
)
Tokens = Sequence[Any]
_HEAD = re.compile(
    r"\s*(?:(?:d|∂)\s*/\s*(?:d|∂)\s*(?P<by>\w+)|(?:∇|grad|nabla)_?(?P<nabla>\w+))\s*(?P<of>\S.*)$"
    r"|\s*(?:d|∂)\s*\((?P<inner>.*)\)\s*/\s*(?:d|∂)\s*(?P<under>\w+)\s*$",
    re.DOTALL,
)


def is_inequality(claim: str) -> bool:
    """Whether a claim is one such as `>= 0`."""
    return INEQUALITY.match(claim) is not None


_TWICE = re.compile(r"\s*(?:d|∂)\^?2\s*/\s*(?:d|∂)\s*(?P<by>[^\W\d]\w*?)\^?2\s+(?P<of>\S.*)$", re.DOTALL)


@dataclass(frozen=True)
class Side:
    """One side of a statement: the relation it stands after, its text, and where it begins in the formula."""

    relation: str
    text: str
    start: int = 0
    tokens: tuple[Any, ...] = ()

    def tree(self, functions: Collection[str] = ()) -> Syntax:
        """The side as a tree.

        Raises:
            ParseError: what cannot be read; the position is that in the formula.
        """
        if not self.tokens:
            return read(self.text)
        from matcalc.language.latex_syntax import parse_formula

        return parse_formula(self.tokens, self._formula, functions)

    def retold(self, text: str) -> "Side":
        """The side with another text, in the same notation."""
        if not self.tokens:
            return replace(self, text=text, start=0)
        from matcalc.language.latex_tokens import tokenise

        return replace(self, text=text, start=0, tokens=tuple(t for t in tokenise(text) if t.type != "ROW"))

    @property
    def _formula(self) -> str:
        return " " * self.start + self.text


def read(text: str, functions: Collection[str] = ()) -> Syntax:
    """A formula in LaTeX or in the plain language, where it may begin with d/dX or ∇_X."""
    if is_latex(text):
        from matcalc.language.latex_syntax import parse_formula
        from matcalc.language.latex_tokens import tokenise

        return parse_formula(tokenise(text), text, functions)
    twice = _TWICE.match(text)
    if twice is not None:
        return Syntax("derivative", (parse(twice["of"]), parse(twice["by"])), 2, 0, len(text))
    head = _HEAD.match(text)
    if head is None:
        return parse(text)
    of, by = (head["of"], head["by"] or head["nabla"]) if head["of"] else (head["inner"], head["under"])
    return Syntax("derivative", (parse(of), parse(by)), 1, 0, len(text))


@dataclass(frozen=True)
class Chain:
    """A statement: its sides, of which the first has a relation when it continues another statement.

    A remark stands beside another statement, behind words or an arrow; the next line does not continue it. The lead
    is what stands before it in the formula: words, an arrow.
    """

    sides: tuple[Side, ...]
    is_remark: bool = False
    lead: str = ""

    @property
    def follows(self) -> bool:
        """Whether it is said to follow from the statement before it."""
        return not IMPLIES.isdisjoint(self.lead.split())

    @property
    def is_meaning(self) -> bool:
        """Whether it says what a name in the statement before it means: `..., where r = y - Xw`."""
        return re.search(r"\b(?:where|with|using)\b", self.lead, re.IGNORECASE) is not None

    @property
    def is_condition(self) -> bool:
        """Whether it says when the statement before it holds: `..., if A = A'`."""
        return re.search(r"\b(?:if|when|whenever|provided|assuming|unless)\b", self.lead, re.IGNORECASE) is not None

    @property
    def is_place(self) -> bool:
        """Whether it may say where the statement before it holds: `..., for x = y`."""
        return re.search(r"\b(?:for|at)\s*$", self.lead, re.IGNORECASE) is not None and len(self.sides) == 2


def chains(text: str, latex: bool = False) -> Iterator[Chain]:
    """The statements of a formula, in LaTeX if it is said or seen to be.

    Raises:
        ParseError: brackets that do not match, or a formula out of bounds.
    """
    if not latex and not is_latex(text):
        yield Chain(tuple(_plain_sides(text)))
        return
    from matcalc.language.latex_tokens import tokenise

    for tokens, is_remark, lead in _statements(tokenise(text), text):
        yield Chain(tuple(_sides(tokens, text)), is_remark, lead)


def _plain_sides(text: str) -> Iterator[Side]:
    relation, start, depth = "", 0, 0
    position = 0
    while position < len(text):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        match = _PLAIN_RELATION.match(text, position) if depth == 0 else None
        if match is None:
            position += 1
            continue
        if text[start:position].strip() or relation:
            yield Side(relation, text[start:position].strip(), start)
        relation = _PLAIN.get(match.group(), match.group())
        start = position = match.end()
    yield Side(relation, text[start:].strip(), start)


def _statements(tokens: Tokens, text: str) -> Iterator[tuple[list[Any], bool, str]]:
    """The tokens between the places where a new statement starts: prose, a comma, a row that does not continue."""
    from matcalc.language.latex_tokens import depth_change

    current: list[Any] = []
    depth, remark, stated, lead = 0, False, False, ""
    for k, token in enumerate(tokens):
        depth += depth_change(token)
        if depth > 0 and (token.type == "ROW" or _is_spacing(token, current)):
            continue
        if depth > 0 or token.type not in BREAKS:
            current.append(token)
            continue
        goes_on = not remark and _continues(tokens[k + 1 :]) and not _is_signed_row(tokens[k:], text)
        if current and not goes_on and not _is_open(current[-1]):
            found = list(_unnumbered(current))
            yield from ((tokens, remark, lead) for tokens in found)
            current, stated, lead = [], stated or bool(found), ""
        if not current:
            remark = (remark or (stated and _is_aside(token))) and token.type != "ROW"
            lead = f"{lead} {token.value}"
    yield from ((tokens, remark, lead) for tokens in _unnumbered(current))


def _is_aside(token: Any) -> bool:
    """Whether what comes after a break stands beside the statement before it: behind words, an arrow, a wide space."""
    return token.type == "REMARK" or token.value in _WIDE


def _is_spacing(token: Any, before: list[Any]) -> bool:
    """Spacing inside of brackets, or words under a brace."""
    opened = bool(before) and before[-1].type == "BEGIN"
    return token.type in BREAKS[1:3] and token.value != ":" and (opened or token.value in _WIDE)


def _continues(tokens: Tokens) -> bool:
    """Whether what follows, past spacing and words, goes on with the statement: with a relation or a sign."""
    following = next((t.type for t in tokens if t.type not in BREAKS), "")
    return following in _CONTINUES or following in RELATIONS


def _is_signed_row(tokens: Tokens, text: str) -> bool:
    r"""Whether a break and what follows are a row `\\ -x &= y`: a sign and a relation, no & before the sign."""
    row, sign = tokens[0], tokens[1] if len(tokens) > 1 else None
    if (
        row.type != "ROW"
        or sign is None
        or sign.type not in ("PLUS", "MINUS")
        or "&" in text[row.end_pos : sign.start_pos]
    ):
        return False
    following = takewhile(lambda t: t.type not in ("ROW", "SEPARATOR"), tokens[2:])
    return any(t.type in RELATIONS for t in following)


def _is_open(token: Any) -> bool:
    return token.type in _CONTINUES or token.type in RELATIONS


def _unnumbered(tokens: list[Any]) -> Iterator[list[Any]]:
    """A statement, if there is one, without the number or the arrow in brackets before it: (1), (⇐)."""
    kinds = [t.type for t in tokens[:3]]
    rest = tokens[3:] if kinds in (["OPEN", "NUMBER", "CLOSE"], ["OPEN", "CLOSE"]) and len(tokens) > 3 else tokens
    if rest and kinds[: len(rest)] != ["OPEN", "NUMBER", "CLOSE"]:
        yield rest


def _sides(tokens: Tokens, text: str) -> Iterator[Side]:
    from matcalc.language.latex_tokens import depth_change

    relation: str = ""
    current: list[Any] = []
    depth = 0
    for token in tokens:
        depth += depth_change(token)
        if depth == 0 and token.type in RELATIONS:
            if current or relation:
                yield _side(relation, current, text, token.start_pos)
            relation, current = RELATIONS[token.type], []
        else:
            current.append(token)
    yield _side(relation, current, text, len(text))


def _side(relation: str, tokens: Tokens, text: str, end: int) -> Side:
    if not tokens:
        raise ParseError(f"nothing stands beside the {relation} before character {end + 1}", end)
    start = _with_font(text, tokens[0].start_pos)
    return Side(relation, text[start : tokens[-1].end_pos], start, tuple(tokens))


def _with_font(text: str, start: int) -> int:
    """Where a side begins, with the macro of the font or the bracket size that is put on its first letter."""
    match = re.search(r"\\([A-Za-z]+)\s*$", text[max(0, start - 20) : start])
    return start - len(match.group()) if match is not None and match[1] in (*FONTS, *PASSED_OVER) else start
