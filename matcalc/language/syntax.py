"""The syntax tree of the plain-text language: text in, a tree of named operations out; nothing is evaluated."""

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from importlib.resources import files
from operator import is_
from typing import TYPE_CHECKING, Any

from matcalc.errors import ParseError
from matcalc.shape import SIGNATURES

if TYPE_CHECKING:
    from lark import Lark

MAX_LENGTH = 20_000
MAX_NESTING = 100

CONSTANT_FUNCTIONS = ("eye", "vector", "matrix", "ones", "zeros", "rows", "cols")
LOOPS = ("summation", "iterated_product")
ALIASES = {"trace": "tr", "Tr": "tr"}
FUNCTIONS = (*SIGNATURES, *CONSTANT_FUNCTIONS, *ALIASES)

GREEK = {
    "Alpha": "Α", "Beta": "Β", "Gamma": "Γ", "Delta": "Δ", "Epsilon": "Ε", "Zeta": "Ζ", "Eta": "Η", "Theta": "Θ",
    "Iota": "Ι", "Kappa": "Κ", "Lambda": "Λ", "Mu": "Μ", "Nu": "Ν", "Xi": "Ξ", "Omicron": "Ο", "Pi": "Π",
    "Rho": "Ρ",
    "Sigma": "Σ", "Tau": "Τ", "Upsilon": "Υ", "Phi": "Φ", "Chi": "Χ", "Psi": "Ψ", "Omega": "Ω",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip
_FROM_GREEK = {symbol: name for name, symbol in GREEK.items()} | {"π": "pi", "ϕ": "phi", "ϵ": "epsilon", "ϑ": "theta"}


@dataclass(frozen=True)
class Syntax:
    """An operation of the text, its operands, and where it stands."""

    operation: str
    operands: tuple["Syntax", ...] = ()
    value: Any = None
    start: int = 0
    end: int = 0

    @cached_property
    def names(self) -> frozenset[str]:
        """The names in it, and those that a sum gives to indices or compares them with: k of Σ_{j ≠ k} z_j."""
        own = [self.value] if self.operation == "name" else self.value[1] if self.operation in LOOPS else ()
        return frozenset(own).union(*(operand.names for operand in self.operands))


def canonical_name(name: str) -> str:
    """A name in ASCII: Σ is Sigma, a combining hat is _hat, subscripts are digits, and W_1 is W1 as in LaTeX."""
    name = "".join(_FROM_GREEK.get(c, c) for c in name)
    name = name.replace("\u0302", "_hat")
    name = name.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
    return re.sub(r"(?<=[A-Za-z])_(?=\d+$)", "", name)


class Latex(str):
    """Text that is LaTeX, though nothing in it may show it."""


def with_transposes(tree: Syntax) -> Syntax:
    """X^T as the transpose: for where T is no name."""

    def rule(node: Syntax) -> Syntax:
        if node.operation != "power" or (node.operands[1].operation, node.operands[1].value) != ("name", "T"):
            return node
        return replace(node, operation="transpose", operands=node.operands[:1])

    return transform(tree, rule)


def is_latex(text: str) -> bool:
    """Whether text is LaTeX rather than the plain language, which has no backslash and no braces."""
    return isinstance(text, Latex) or "\\" in text or "^{" in text or "_{" in text


def parse(text: str) -> Syntax:
    """Read an expression of the language into its tree.

    Raises:
        ParseError: not in the language, longer than 20 000 characters or nested deeper than 100; with the position.
    """
    _check_bounds(text)
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    try:
        return _parser().parse(text)  # type: ignore[return-value]
    except UnexpectedCharacters as error:
        raise _unexpected(text, error.pos_in_stream) from None
    except UnexpectedToken as error:
        at = error.token.start_pos if error.token.type != "$END" else None
        raise _unexpected(text, at) from None
    except UnexpectedEOF:
        raise _unexpected(text, None) from None


def _check_bounds(text: str) -> None:
    if not text.strip():
        raise ParseError("nothing to read: the expression is empty", 0)
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are read", MAX_LENGTH)
    depth = 0
    signs = 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        signs = signs + 1 if character in "-−+^'" else 0 if not character.isspace() else signs
        if depth > MAX_NESTING or signs > MAX_NESTING:
            raise ParseError(f"nested deeper than {MAX_NESTING} at character {position + 1}", position)


def _unexpected(text: str, position: int | None) -> ParseError:
    if position is None or position >= len(text):
        return ParseError(
            f"{_excerpt(text, len(text))} ends too early: an operand or a closing ) is missing", len(text)
        )
    character = text[position]
    name = re.match(r"\w+", text[position:])
    what = f"{name.group()!r}" if name else repr(character)
    hint = ""
    if character in "ij" and text[position - 1 : position].isdigit():
        hint = "; complex numbers are not supported, matrices are real"
    elif character in "[{":
        hint = "; only ( ) group"
    elif character == "=":
        hint = "; an expression is expected here, not an equation"
    return ParseError(f"unexpected {what} at character {position + 1} of {_excerpt(text, position)}{hint}", position)


def _excerpt(text: str, position: int) -> str:
    start, end = max(0, position - 25), position + 25
    return repr(("…" if start else "") + text[start:end] + ("…" if end < len(text) else ""))


@cache
def _parser() -> "Lark":
    from lark import Lark, Token, Transformer, v_args

    names = "|".join(sorted(FUNCTIONS, key=len, reverse=True))
    grammar = files("matcalc.language").joinpath("grammar.lark").read_text(encoding="utf-8")
    grammar += f"\nFUNCTION.3: /(?:{names})(?=\\s*\\()/\n"

    def leaf(operation: str, value: Any, token: Token) -> Syntax:
        assert token.start_pos is not None
        return Syntax(operation, (), value, token.start_pos, token.start_pos + len(token))

    def spanning(operation: str, *operands: Syntax, value: Any = None, end: int | None = None) -> Syntax:
        return Syntax(operation, operands, value, operands[0].start, operands[-1].end if end is None else end)

    @v_args(inline=True)
    class Build(Transformer):
        """Builds the tree while the parser reduces, so that depth costs no recursion."""

        def start(self, tree: Syntax) -> Syntax:
            return tree

        def number(self, token: Token) -> Syntax:
            return leaf("number", rational(token), token)

        def name(self, token: Token) -> Syntax:
            return leaf("name", canonical_name(token), token)

        def arguments(self, first: Any, *more: Syntax) -> tuple[Syntax, ...]:
            return (*first, *more) if isinstance(first, tuple) else (first, *more)

        def call(self, token: Token, operands: tuple[Syntax, ...] = ()) -> Syntax:
            called = leaf("call", ALIASES.get(str(token), str(token)), token)
            return replace(called, operands=operands, end=operands[-1].end + 1 if operands else called.end + 2)

        def group(self, left: Token, inner: Syntax) -> Syntax:
            return replace(leaf("group", None, left), operands=(inner,), end=inner.end + 1)

        def transpose(self, inner: Syntax, token: Token) -> Syntax:
            return spanning("transpose", inner, end=token.end_pos)

        def superscript(self, inner: Syntax, token: Token) -> Syntax:
            if token == "⁻ᵀ":
                return spanning("transpose", spanning("power", inner, _integer(-1, token)), end=token.end_pos)
            digits = token.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
            return spanning("power", inner, _integer(int(digits), token))

        def negative(self, inner: Syntax) -> Syntax:
            return spanning("negative", inner)

        def __default__(self, data: str, children: list[Syntax], meta: Any) -> Syntax:
            return spanning(str(data), *children)

    def _integer(value: int, token: Token) -> Syntax:
        return leaf("number", Fraction(value), token)

    return Lark(grammar, parser="lalr", lexer="contextual", transformer=Build(), maybe_placeholders=False)


_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8"}


def rational(token: str) -> Fraction:
    """A decimal number, exactly."""
    if token in _VULGAR:
        return Fraction(_VULGAR[token])
    if len(token) > 40:
        raise ParseError(f"the number {token[:20]}… has more than 40 characters")
    mantissa, _, exponent = token.lower().partition("e")
    if abs(int(exponent or 0)) > 300:
        raise ParseError(f"the number {token} is out of range")
    try:
        return Fraction(mantissa) * Fraction(10) ** int(exponent or 0)
    except ValueError:
        raise ParseError(f"{token!r} is not a number") from None


def walk(tree: Syntax) -> Iterator[Syntax]:
    """Every operation of a tree."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.operands)


def transform(tree: Syntax, rule: Callable[[Syntax], Syntax]) -> Syntax:
    """The tree with a rule applied to every operation, operands first; depth costs no recursion."""
    done: list[Syntax] = []
    stack = [(tree, False)]
    while stack:
        node, ready = stack.pop()
        if not ready and node.operands:
            stack.append((node, True))
            stack += [(operand, False) for operand in reversed(node.operands)]
            continue
        if node.operands:
            operands = tuple(done[-len(node.operands) :])
            del done[-len(node.operands) :]
            node = node if all(map(is_, operands, node.operands)) else replace(node, operands=operands)
        done.append(rule(node))
    return done[0]


def nearest(name: str, known: "list[str] | tuple[str, ...]") -> str:
    """A hint that names the closest known word, or nothing."""
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]}?" if close else ""
