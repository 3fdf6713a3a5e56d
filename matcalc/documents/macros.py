r"""Macros of a document: `\newcommand`, `\def` and their like, read where they stand and expanded from there on.

The text keeps its lines: where a call or a definition ends, as many lines end as it took.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from matcalc.errors import ParseError
from matcalc.language.latex_words import ACCENTS, FONTS, MACROS, PASSED_OVER, VARIANTS
from matcalc.language.syntax import GREEK, MAX_LENGTH

MAX_CALLS = 200  # in the expansion of one, besides one for each token of its arguments
MAX_UNCLOSED = 50  # groups, after which none is looked for
_DEFINES = re.compile(
    r"\\(?:(?:re|provide)?(?:new)?command|(?:re)?newenvironment|[gex]?def|let|DeclareMathOperator|DeclareRobustCommand"
    r"|DeclarePairedDelimiterX?|(?:New|Renew|Provide|Declare)DocumentCommand)(?![A-Za-z])"
)
_TOKEN = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}|\\[A-Za-z@]+|\\.|\#\d|\#\#|\s+|.", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{\s*([^{}]*?)\s*\}")
_OPENING = ("{", r"\begingroup", r"\bgroup")
_CLOSING = ("}", r"\endgroup", r"\egroup")
_OF_LATEX = {*MACROS, *GREEK, *VARIANTS, *ACCENTS, *FONTS, *PASSED_OVER}
Tokens = Sequence[str]


@dataclass(frozen=True)
class Macro:
    """What a macro stands for; `refusal` says why it cannot be expanded."""

    parameters: int = 0
    body: tuple[str, ...] = ()
    default: tuple[str, ...] | None = None  # of the first parameter, which is then optional
    is_delimiter: bool = False  # may be followed by a star or a size
    is_primitive: bool = False  # stands for a macro as LaTeX has it, whatever has been defined since
    refusal: str = ""


@dataclass(frozen=True)
class Expanded:
    """A document without its macros, and where in it one could not be expanded, with the reason."""

    text: str
    refusals: tuple[tuple[int, str], ...] = ()

    def refusal(self, start: int, end: int) -> str:
        """Why a macro between two places is not expanded; nothing where all are."""
        return next((reason for at, reason in self.refusals if start <= at < end), "")


def expanded(text: str, opaque: Iterable[tuple[int, int]]) -> Expanded:
    """A document with its macros expanded; nothing between the places `opaque` is one: comments and code."""
    return _Expander(text, opaque).run() if _DEFINES.search(text) else Expanded(text)


class _Expander:
    """The tokens that are still to come, last first; those below `floor` are the document's own."""

    def __init__(self, text: str, opaque: Iterable[tuple[int, int]]) -> None:
        self._pending: list[str] = []
        self._opaque = set()
        end = 0
        for start, after in (*opaque, (len(text), len(text))):
            self._pending += _TOKEN.findall(text, end, start)
            self._pending += [text[start:after]] if start < after else []
            self._opaque.add(text[start:after])
            end = after
        self._pending.reverse()
        self._floor = len(self._pending)
        self._macros: Mapping[str, Macro] = {}
        self._outer: list[Mapping[str, Macro]] = []
        self._out: list[str] = []
        self._length = 0
        self._lines = 0  # ends of lines that were taken and not yet given back
        self._calls = 0
        self._unclosed = 0
        self._refusals: list[tuple[int, str]] = []

    def run(self) -> Expanded:
        while self._pending:
            if len(self._pending) <= self._floor:
                self._end_call()
            self._read(self._take())
        self._end_call()
        return Expanded("".join(self._out), tuple(self._refusals))

    def _read(self, token: str) -> None:
        environment = _ENVIRONMENT.fullmatch(token)
        name = f"{environment[1]} {environment[2]}" if environment else token
        if token in _OPENING or (environment and environment[1] == "begin"):
            self._outer.append(self._macros)
        macro = self._macros.get(name)
        if token in _DEFINERS:
            self._define(token)
        elif macro is not None and token not in self._opaque:
            self._call(name, token, macro)
        else:
            self._emit(token)
        if (token in _CLOSING or (environment and environment[1] == "end")) and self._outer:
            self._macros = self._outer.pop()

    def _emit(self, token: str) -> None:
        if token[:1].isalpha() and self._out and re.fullmatch(r"\\[A-Za-z@]+", self._out[-1]):
            self._write(" ")
        self._write(token)

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._length += len(text)

    def _end_call(self) -> None:
        """Give back the lines of a call; none is empty, for that would end the formula."""
        self._calls = 0
        if self._lines:
            self._write("\n\\!" * self._lines)
            self._lines = 0

    # --- tokens that are taken ----------------------------------------------------------------------------------------

    def _take(self) -> str:
        token = self._pending.pop()
        self._floor = min(self._floor, len(self._pending))
        return token

    def _take_to(self, bottom: int) -> list[str]:
        """The tokens down to a place, on one line and without comments."""
        taken = self._pending[bottom:][::-1]
        del self._pending[bottom:]
        from_document = taken[len(taken) - max(0, self._floor - bottom) :]
        self._lines += sum(token.count("\n") for token in from_document)
        self._calls -= len(from_document)
        self._floor = min(self._floor, bottom)
        return [" " if token.isspace() else token for token in taken if token not in self._opaque]

    def _skip_spaces(self) -> None:
        k = len(self._pending)
        while k and (self._pending[k - 1].isspace() or self._pending[k - 1] in self._opaque):
            k -= 1
        self._take_to(k)

    def _next(self) -> str:
        """The next token that is no space; nothing is taken."""
        return next((t for t in reversed(self._pending) if not (t.isspace() or t in self._opaque)), "")

    def _has(self, token: str) -> bool:
        """Whether a token comes next, which is then taken."""
        if self._next() != token:
            return False
        self._skip_spaces()
        self._take_to(len(self._pending) - 1)
        return True

    def _until(self, closing: str) -> list[str]:
        """The tokens up to what closes the group or the bracket that has been opened."""
        depth, k = 0, len(self._pending)
        while k and len(self._pending) - k < MAX_LENGTH and self._unclosed < MAX_UNCLOSED:
            k -= 1
            token = self._pending[k]
            if depth == 0 and token == closing:
                return self._take_to(k)[:-1]
            depth += (token == "{") - (token == "}")
            if depth < 0:
                break
        self._unclosed += 1
        raise ParseError(f"{closing} is missing", 0)

    def _argument(self) -> tuple[str, ...]:
        if self._has("{"):
            return tuple(self._until("}"))
        if self._next() in ("", "}"):
            raise ParseError("an argument is missing", 0)
        self._skip_spaces()
        return tuple(self._take_to(len(self._pending) - 1))

    def _optional(self) -> tuple[str, ...] | None:
        return tuple(self._until("]")) if self._has("[") else None

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call(self, name: str, token: str, macro: Macro) -> None:
        self._calls += 1
        reason = macro.refusal
        if self._calls > MAX_CALLS or len(self._pending) - self._floor > MAX_LENGTH:
            reason = "is defined by itself, or expands to too much"
        try:
            arguments = [] if reason else self._arguments(macro)
        except ParseError as error:
            reason = f"is not expanded: {error}"
        if reason:
            del self._pending[self._floor :]
            self._refusals.append((self._length, f"{token} {reason}"))
            self._emit(token)
        elif macro.is_primitive:
            self._emit(macro.body[0])
        else:
            self._pending += reversed([t for item in macro.body for t in _substituted(item, arguments)])

    def _arguments(self, macro: Macro) -> list[tuple[str, ...]]:
        if macro.is_delimiter and not self._has("*"):
            self._optional()
        first: list[tuple[str, ...]] = []
        if macro.default is not None:
            given = self._optional()
            first = [macro.default if given is None else given]
        return first + [self._argument() for _ in range(macro.parameters - len(first))]

    # --- definitions --------------------------------------------------------------------------------------------------

    def _define(self, token: str) -> None:
        try:
            _DEFINERS[token](self, token)
        except ParseError as error:
            self._refusals.append((self._length, f"{token} is not read: {error}"))
            self._emit(token)

    def _set(self, name: str, macro: Macro) -> None:
        self._macros = {**self._macros, name: macro}

    def _name(self) -> str:
        name = "".join(self._argument()).strip()
        if not name.startswith("\\"):
            raise ParseError(f"{name or 'nothing'} is no macro", 0)
        return name

    def _count(self) -> int:
        count = "".join(self._optional() or ("0",)).strip()
        if not count.isdigit() or int(count) > 9:
            raise ParseError(f"{count} is no number of arguments", 0)
        return int(count)

    def _command(self, token: str) -> None:
        self._has("*")
        name = self._name()
        macro = Macro(self._count(), default=self._optional(), body=self._argument())
        if not (token == r"\providecommand" and (name in self._macros or name[1:] in _OF_LATEX)):
            self._set(name, macro)

    def _document_command(self, token: str) -> None:
        name, wanted, body = self._name(), "".join(self._argument()), self._argument()
        match = re.fullmatch(r"\s*(?:O\s*\{(?P<default>[^{}]*)\})?(?P<rest>[m\s]*)", wanted)
        if match is None:
            self._set(name, Macro(refusal=f"takes arguments {wanted.strip()!r}, which are not read"))
            return
        default = None if match["default"] is None else tuple(_TOKEN.findall(match["default"]))
        self._set(name, Macro(match["rest"].count("m") + (default is not None), body, default))

    def _environment(self, token: str) -> None:
        self._has("*")
        name = "".join(self._argument()).strip()
        count, default = self._count(), self._optional()
        self._set(f"begin {name}", Macro(count, self._argument(), default))
        self._set(f"end {name}", Macro(body=self._argument()))

    def _def(self, token: str) -> None:
        self._skip_spaces()
        (name,) = self._take_to(len(self._pending) - 1) or ("",)
        pattern = []
        while self._next() not in ("{", ""):
            self._skip_spaces()
            pattern += self._take_to(len(self._pending) - 1)
        body = self._argument()
        macro = Macro(len(pattern), body)
        if pattern != [f"#{k}" for k in range(1, len(pattern) + 1)]:
            macro = Macro(refusal=f"is defined with arguments {''.join(pattern)!r}, which are not read")
        elif token in (r"\edef", r"\xdef"):
            macro = Macro(refusal=rf"is defined with {token}, which is not read")
        self._set(name, macro)
        if token in (r"\gdef", r"\xdef"):
            self._outer = [{**macros, name: macro} for macros in self._outer]

    def _let(self, token: str) -> None:
        name = self._name()
        self._has("=")
        meant = "".join(self._argument())
        self._set(name, self._macros.get(meant, Macro(body=(meant,), is_primitive=True)))

    def _operator(self, token: str) -> None:
        star = "*" if self._has("*") else ""
        name, word = self._name(), self._argument()
        self._set(name, Macro(body=(r"\operatorname", *star, "{", *word, "}")))

    def _delimiter(self, token: str) -> None:
        name = self._name()
        count = self._count() if token.endswith("X") else 1
        left, right = self._argument(), self._argument()
        inner = self._argument() if token.endswith("X") else ("#1",)
        body = (*left, " ", *(t for t in inner if t != r"\delimsize"), " ", *right)
        self._set(name, Macro(count, body, is_delimiter=True))


def _substituted(item: str, arguments: Sequence[Tokens]) -> Tokens:
    """A token of a body with the argument that it stands for."""
    if item == "##":
        return ("#",)
    k = int(item[1]) - 1 if re.fullmatch(r"#\d", item) else -1
    return arguments[k] if 0 <= k < len(arguments) else (item,)


_DEFINERS: dict[str, Callable[[_Expander, str], None]] = {
    **{
        rf"\{name}": _Expander._command
        for name in ("newcommand", "renewcommand", "providecommand", "DeclareRobustCommand")
    },
    **{rf"\{name}": _Expander._def for name in ("def", "gdef", "edef", "xdef")},
    **{rf"\{name}DocumentCommand": _Expander._document_command for name in ("New", "Renew", "Provide", "Declare")},
    **{rf"\{name}": _Expander._environment for name in ("newenvironment", "renewenvironment")},
    **{rf"\{name}": _Expander._delimiter for name in ("DeclarePairedDelimiter", "DeclarePairedDelimiterX")},
    r"\let": _Expander._let,
    r"\DeclareMathOperator": _Expander._operator,
}
