r"""Formulas in LaTeX -> the syntax tree of the plain language, and what papers write besides it.

Besides the operations of the language a tree may hold `subscript`, `derivative`, `summation`, `iterated_product`,
`integral`, `expectation`, `covariance`, `density`, `apply`, `bars`, `norm` and `annotated`; `plain` has the language
alone.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from matcalc.errors import ParseError
from matcalc.language.latex_tokens import tokenise
from matcalc.language.plain import BEHIND, DOT, PRIMED, ShapeOf, bare, constant, in_paper, plain
from matcalc.language.syntax import Syntax, rational
from matcalc.shape import ELEMENTWISE

_COMPARISONS = {"UNEQUAL": "!=", "AT_LEAST": ">=", "AT_MOST": "<=", "ABOVE": ">", "BELOW": "<"}


def parse_latex(text: str, shape_of: ShapeOf) -> Syntax:
    """Read LaTeX into a tree of the plain language.

    Raises:
        ParseError: what cannot be read, or is not of the language, with its position.
    """
    return plain(in_paper(parse_formula(tokenise(text), text), shape_of), shape_of)


def parse_formula(tokens: Sequence[Token], text: str, functions: Collection[str] = ()) -> Syntax:
    """Read the tokens of one formula; `functions` are the names that are applied to what follows in brackets.

    Raises:
        ParseError: what cannot be read, with its position.
    """
    if not tokens:
        raise ParseError("nothing to read: the formula is empty", 0)
    try:
        return _parser().parse(_called(tokens, functions))  # type: ignore[return-value]
    except UnexpectedToken as error:
        raise _unexpected(error.token, tokens, text) from None


def _called(tokens: Sequence[Token], functions: Collection[str]) -> list[Token]:
    """The tokens with the names of functions before a bracket marked as such, those with a prime as derivatives."""
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        name, end = indexed_name(tokens, k)
        primes = 0
        while end + primes < len(tokens) and tokens[end + primes].type == "PRIME":
            primes += 1
        if name in functions and end + primes < len(tokens) and tokens[end + primes].type == "OPEN":
            result.append(tokens[k].update(type="DERIVED" if primes else "CALLED", value=name + "'" * primes))
            k = end + primes
        else:
            result.append(tokens[k])
            k += 1
    return result


def indexed_name(tokens: Sequence[Token], k: int) -> tuple[str, int]:
    """The name that begins at an index, E_D as one, and where it ends; no name where there is none."""
    kinds = [t.type for t in tokens[k : k + 5]]
    if kinds[:1] != ["NAME"]:
        return "", k + 1
    for shape, at in ((["NAME", "SUB"], 2), (["NAME", "SUB", "BEGIN"], 3)):
        rest = kinds[len(shape) : len(shape) + 2]
        if kinds[: len(shape)] == shape and rest[:1] in (["NAME"], ["NUMBER"]) and (at == 2 or rest[1:] == ["END"]):
            index = tokens[k + at].value
            return f"{tokens[k].value}{'' if index.isdigit() else '_'}{index}", k + at + (1 if at == 2 else 2)
    return str(tokens[k].value), k + 1


def _unexpected(token: Token, tokens: Sequence[Token], text: str) -> ParseError:
    if token.type == "$END":
        end = tokens[-1].end_pos or len(text)
        return ParseError(f"the formula ends too early, after {text[max(0, end - 25) : end]!r}", end)
    start = token.start_pos or 0
    if token.type == "UNKNOWN":
        return ParseError(f"{token.value} (character {start + 1})", start)
    near = text[max(0, start - 15) : start + 25]
    return ParseError(f"unexpected {text[start : token.end_pos]!r} at character {start + 1}, near {near!r}", start)


class _Given(Lexer):
    """The tokens as they are given."""

    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, data: Any) -> Any:  # type: ignore[override]
        return iter(data)


@cache
def _parser() -> Lark:
    grammar = files("matcalc.language").joinpath("latex.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=_Given, transformer=_Build())


class _Build(Transformer):
    """Builds the tree while the parser reduces, so that depth costs no recursion."""

    def __default__(self, data: str, children: list[Any], meta: Any) -> Any:
        if data.startswith("_"):  # a repetition: lark puts its children in its place
            return Tree(data, children)
        operands = tuple(c for c in children if isinstance(c, Syntax))
        tokens = [c for c in children if isinstance(c, Token)]
        node = Syntax(str(data), operands, None, _start(children[0]), _end(children[-1]))
        make = _MAKE.get(str(data))
        return make(node, tokens) if make is not None else node


def _start(child: Any) -> int:
    return child.start if isinstance(child, Syntax) else child.start_pos


def _end(child: Any) -> int:
    return child.end if isinstance(child, Syntax) else child.end_pos


# --- what each rule of the grammar makes ------------------------------------------------------------------------------

Make = Callable[[Syntax, list[Token]], Syntax]


def _first(node: Syntax, tokens: list[Token]) -> Syntax:
    return node.operands[0]


def _name(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="name", value=tokens[0].value)


def _accented(node: Syntax, tokens: list[Token]) -> Syntax:
    name = node.operands[0].value if node.operands else tokens[1].value
    return replace(node, operation="name", operands=(), value=name + tokens[0].value)


def _number(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="number", value=rational(tokens[0].value))


def _group(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="group")


def _braces(node: Syntax, tokens: list[Token]) -> Syntax:
    """What stands in braces as a group; a name is the name all the same."""
    inner = node.operands[0]
    return replace(inner, start=node.start, end=node.end) if inner.operation == "name" else _group(node, tokens)


def _power(node: Syntax, tokens: list[Token]) -> Syntax:
    base, exponent = node.operands[0], bare(node.operands[1])
    if _is_label(node.operands[1]):
        raise ParseError(
            f"a superscript in brackets is a label, no power (character {node.start + 1}); write it as an index",
            node.start,
        )
    if exponent.operation == "name" and exponent.value == "T":
        return replace(node, operation="transpose", operands=(base,))
    if exponent.operation == "negative" and bare(exponent.operands[0]).value == "T":
        return _inverse_transpose(node, base)
    if base.operation == "name" and base.value == "e":
        return replace(node, operation="call", operands=(exponent,), value="exp")
    if exponent.operation == "name" and exponent.value in ("dagger", "H"):
        raise ParseError(f"complex matrices are not supported (character {node.start + 1})", node.start)
    return replace(node, operands=(base, exponent))


def _is_label(exponent: Syntax) -> bool:
    """Whether an exponent is (2) or (k), as of the second layer or the k-th step, rather than 2 or k."""
    inner = exponent.operands[0] if exponent.operation == "group" else exponent
    body = bare(inner)
    is_name = body.operation == "name" and body.value != "T"
    return inner.operation == "group" and (is_name or (body.operation == "number" and body.value.denominator == 1))


def _transposed(node: Syntax, tokens: list[Token]) -> Syntax:
    base, mark = node.operands
    if mark.operation == "inverse_top":
        return _inverse_transpose(node, base, mark.value or Fraction(1))
    return replace(node, operation="transpose", operands=(base,))


def _inverse_top(node: Syntax, tokens: list[Token]) -> Syntax:
    r"""The exponent of `X^{-\top}` or `X^{-2\top}`, without its sign."""
    number = next((t.value for t in tokens if t.type == "NUMBER"), "1")
    return replace(node, value=rational(number))


def _inverse_transpose(node: Syntax, base: Syntax, exponent: Fraction = Fraction(1)) -> Syntax:
    below = Syntax("number", (), -exponent, node.end, node.end)
    return replace(node, operation="transpose", operands=(replace(node, operation="power", operands=(base, below)),))


def _primed(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="transpose", value=node.value if node.value == BEHIND else PRIMED)


def _juxtapose(node: Syntax, tokens: list[Token]) -> Syntax:
    left, right = node.operands
    if left.value == DOT and left.operation == "multiply":  # x · A y is x · (A y)
        product = _juxtapose(replace(node, operands=(left.operands[1], right), start=left.operands[1].start), tokens)
        return replace(left, operands=(left.operands[0], product), end=node.end)
    if left.operation == "divide" and left.value == "/" and not all(o.operation == "number" for o in left.operands):
        raise ParseError(
            f"the quotient at character {left.start + 1} is ambiguous: write \\frac or brackets", left.start
        )
    return node


def _divide(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, value="/")


def _fraction(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="divide")


def _call(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="call", operands=node.operands[0].operands, value=tokens[0].value)


def _application(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="call", value=tokens[0].value)


def _powered(node: Syntax, tokens: list[Token]) -> Syntax:
    r"""`\tanh^2(x)`, `\tanh^2 x`: entry by entry where the function is."""
    exponent, argument = node.operands
    if constant(exponent) == -1 and tokens[0].value in ELEMENTWISE:
        raise ParseError(
            f"{tokens[0].value}^{{-1}} (character {node.start + 1}) may be the inverse function or a reciprocal",
            node.start,
        )
    arguments = argument.operands if argument.operation == "arguments" else (argument,)
    inner = replace(node, operation="call", operands=arguments, value=tokens[0].value)
    operation = "elementwise_power" if tokens[0].value in ELEMENTWISE else "power"
    return replace(node, operation=operation, operands=(inner, exponent))


def _run(node: Syntax, tokens: list[Token]) -> Syntax:
    if tokens:
        return replace(node, operation="call", value=tokens[0].value)
    tree = node.operands[0]
    for factor in node.operands[1:]:
        tree = Syntax("juxtapose", (tree, factor), None, tree.start, factor.end)
    return tree


def _root(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="call", value="sqrt")


def _multiply(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, value=DOT) if tokens[0].value in ("cdot", "·") else node


def _apply(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operands=node.operands[0].operands, value=tokens[0].value)


def _subscript(node: Syntax, tokens: list[Token]) -> Syntax:
    """An index, also behind an exponent, where it is remembered: x^2_i is the square of x_i, but X^{-1}_{ij} is not."""
    base, places = node.operands[0], node.operands[1].operands
    if base.operation == "inner":
        if [p.value for p in places] != ["F"]:
            raise ParseError(
                f"an inner product with an index is not read (character {node.start + 1}): write x^T W y", node.start
            )
        return base
    owner = bare(base.operands[0]) if base.operation == "power" else base
    if owner.operation == "norm":  # what names the norm is no name of the formula
        places = tuple(replace(p, operation="label") if p.operation == "name" else p for p in places)
    elif any(p.operation == "power" for p in places):
        raise ParseError(f"an index with an exponent is not read (character {node.start + 1})", node.start)
    if base.operation in ("power", "transpose") and base.operands[0].operation not in ("power", "transpose"):
        entry = replace(node, operands=(base.operands[0], *places))
        return replace(base, operands=(entry, *base.operands[1:]), value=BEHIND)
    return replace(node, operands=(base, *places))


def _indices(node: Syntax, tokens: list[Token]) -> Syntax:
    alone = [t for t in tokens if t.type in ("NAME", "NUMBER")]
    return replace(node, operands=node.operands or tuple(map(_leaf, alone)))


def _inverse_index(node: Syntax, tokens: list[Token]) -> Syntax:
    r"""The weight of a norm, `\|x\|_{S^{-1}}`."""
    of, *places = node.operands
    for place in places:
        of = Syntax("subscript", (of, *place.operands), None, of.start, place.end)
    exponent = Syntax("negative", (_leaf(next(t for t in tokens if t.type == "NUMBER")),), None, node.end, node.end)
    return replace(node, operation="indices", operands=(Syntax("power", (of, exponent), None, of.start, node.end),))


def _leaf(token: Token) -> Syntax:
    value: Any = token.value if token.type == "NAME" else rational(token.value)
    return Syntax(token.type.lower(), (), value, token.start_pos or 0, token.end_pos or 0)


def _place(node: Syntax, tokens: list[Token]) -> Syntax:
    if len(tokens) == 3:
        operation = "add" if tokens[1].type == "PLUS" else "subtract"
        return replace(node, operation=operation, operands=(_leaf(tokens[0]), _leaf(tokens[2])))
    leaf = _leaf(tokens[0])
    return replace(leaf, value=leaf.value + "'") if len(tokens) == 2 else leaf


def _label(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, value="".join(t.value for t in tokens if t.type == "NAME"))


def _moment(node: Syntax, tokens: list[Token]) -> Syntax:
    label = node.operands[0].value if len(node.operands) == 2 else ""
    return replace(node, operands=node.operands[-1:], value=label)


def _law(node: Syntax, tokens: list[Token]) -> Syntax:
    relation = next(t for t in tokens if t.type == "RELATION")
    if relation.value not in ("sim", "~", "∼"):
        start = relation.start_pos or 0
        raise ParseError(f"expected \\sim at character {start + 1}", start)
    return node


def _under(node: Syntax, tokens: list[Token]) -> Syntax:
    """The body of an expectation, and the name, the mean and the covariance of what is random in it."""
    law, body = node.operands
    return replace(node, operation=node.operation.removesuffix("_under"), operands=(body, *law.operands), value="")


def _over(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="over", operands=(), value=tuple(p.value for p in node.operands))


def _from(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="from", operands=node.operands[1:], value=(node.operands[0].value,))


def _where(node: Syntax, tokens: list[Token]) -> Syntax:
    left, right = node.operands
    return replace(node, operands=(), value=(left.value, _COMPARISONS[tokens[0].type], right.value))


def _limits(node: Syntax, tokens: list[Token]) -> Syntax:
    """The condition with the upper bound among its operands."""
    if tokens[1].type == "NAME":
        node = replace(node, operands=(Syntax("over", (), (tokens[1].value,), node.start, node.end), *node.operands))
    condition, *upper = node.operands
    return replace(condition, operands=(*condition.operands, *map(bare, upper)))


def _limits_reversed(node: Syntax, tokens: list[Token]) -> Syntax:
    upper, condition = node.operands
    return replace(condition, operands=(*condition.operands, bare(upper)))


def _big(node: Syntax, tokens: list[Token]) -> Syntax:
    condition = node.operands[0]
    return replace(node, operands=condition.operands, value=(condition.operation, condition.value))


def _derivative_by(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="derivative", operands=tuple(map(bare, node.operands[-1:])), value=1)


def _second_derivative_by(node: Syntax, tokens: list[Token]) -> Syntax:
    by = next(bare(o) for o in node.operands if o.operation != "two")
    return replace(node, operation="derivative", operands=(by,), value=2)


def _derived(node: Syntax, tokens: list[Token]) -> Syntax:
    """f'(x) is the derivative of f(x) by x."""
    arguments = node.operands[0].operands
    if [a.operation for a in arguments] != ["name"]:
        raise ParseError(f"a derivative by what (character {node.start + 1})? Write it of {tokens[0].value} at a name",
                         node.start)  # fmt: skip
    name = tokens[0].value.rstrip("'")
    if len(tokens[0].value) > len(name) + 2:
        raise ParseError(f"a derivative of this order is not read (character {node.start + 1})", node.start)
    of = replace(node, operation="apply", operands=arguments, value=name)
    for _ in range(len(tokens[0].value) - len(name)):
        of = replace(node, operation="derivative", operands=(of, arguments[0]), value=1)
    return of


def _gradient(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operation="gradient", operands=(), value=2 if node.operands else 1)


def _derivative(node: Syntax, tokens: list[Token]) -> Syntax:
    return replace(node, operands=(node.operands[0], bare(node.operands[1])), value=1)


def _second_derivative(node: Syntax, tokens: list[Token]) -> Syntax:
    return _one_after_the_other(replace(node, operation="derivative", operands=node.operands[1:], value=2))


def _two(node: Syntax, tokens: list[Token]) -> Syntax:
    if next(t.value for t in tokens if t.type == "NUMBER") != "2":
        raise ParseError(f"a derivative of this order is not read (character {node.start + 1})", node.start)
    return node


def _seconds(node: Syntax, tokens: list[Token]) -> Syntax:
    """x of `∂x ∂xᵀ` or `∂x²`, both of `∂x ∂yᵀ`."""
    first, *rest = (o.operands[0] if o.operation in ("transpose", "power") else o for o in node.operands)
    return replace(node, operands=(first, rest[0])) if rest and not _is_same(first, rest[0]) else first


def _is_same(a: Syntax, b: Syntax) -> bool:
    """Whether two names, or names with indices, are the same."""
    within = all(_is_same(*pair) for pair in zip(a.operands, b.operands, strict=False))
    return (a.operation, a.value, len(a.operands)) == (b.operation, b.value, len(b.operands)) and within


def _one_after_the_other(node: Syntax) -> Syntax:
    """∂²f/∂x∂yᵀ is the derivative by y of that by x."""
    if node.operation != "derivative" or node.operands[1].operation != "seconds":
        return node
    first, second = node.operands[1].operands
    return replace(node, operands=(replace(node, operands=(node.operands[0], first), value=1), second), value=1)


def _open(node: Syntax, tokens: list[Token]) -> Syntax:
    """An operator put before its operand."""
    operator, operand = node.operands
    return _one_after_the_other(
        replace(node, operation=operator.operation, operands=(operand, *operator.operands), value=operator.value)
    )


def _integral(node: Syntax, tokens: list[Token]) -> Syntax:
    domain, body, variable = node.operands if len(node.operands) == 3 else (Syntax("unsaid"), *node.operands)
    return replace(node, operands=(body, bare(variable), *domain.operands), value=domain.operation)


_MAKE: dict[str, Make] = {
    "start": _first, "positive": _first, "commented": _first,
    "name": _name, "accented": _accented, "number": _number, "digit": _number, "braces": _braces,
    "power": _power, "transposed": _transposed, "inverse_top": _inverse_top,
    "primed": _primed, "juxtapose": _juxtapose, "multiply": _multiply,
    "divide": _divide, "fraction": _fraction, "call": _call, "application": _application, "powered": _powered,
    "elementwise_call": _apply,
    "run": _run, "root": _root, "apply": _apply, "derived": _derived,
    "subscript": _subscript, "indices": _indices, "inverse_index": _inverse_index, "place": _place,
    "label": _label, "expectation": _moment, "covariance": _moment,
    "law": _law, "expectation_under": _under, "covariance_under": _under, "over": _over, "from": _from, "where": _where,
    "limits": _limits, "limits_reversed": _limits_reversed, "summation": _big, "iterated_product": _big,
    "derivative_by": _derivative_by, "second_derivative_by": _second_derivative_by,
    "gradient": _gradient, "second_gradient": _gradient, "derivative": _derivative,
    "second_derivative": _second_derivative, "two": _two, "seconds": _seconds, "open": _open, "integral": _integral,
}  # fmt: skip
