"""A text that shows no language, beside LaTeX: `BA` is a product there, and one name in the plain language.

The names that are known, declared or on the other side, tell which is meant.
"""

from collections.abc import Collection, Iterator
from typing import Any

from matcalc.errors import MatcalcError, ParseError
from matcalc.expression.scope import Scope
from matcalc.language.latex_syntax import parse_formula, parse_latex
from matcalc.language.latex_tokens import tokenise
from matcalc.language.syntax import LOOPS, Latex, Syntax, is_latex, parse, transform, walk

Form = tuple[Any, ...]


def beside(left: str, right: str, scope: Scope) -> tuple[str, str]:
    """Two texts, of which one may show that it is LaTeX: the other is marked as LaTeX where it is meant so.

    Raises:
        ParseError: for all that is known it may be in either language, and is not the same in both.
    """
    if is_latex(left) and not is_latex(right):
        return left, _meant(right, _known(left, scope), scope)
    if is_latex(right) and not is_latex(left):
        return _meant(left, _known(right, scope), scope), right
    return left, right


def _known(latex: str, scope: Scope) -> set[str]:
    """The names that are declared or stand in a text in LaTeX, their differentials, and the constants."""
    tree = parse_formula(tokenise(latex), latex)
    has_entries = any(node.operation in LOOPS for node in walk(tree))
    found = {name for names in _names(tree) for name in (names if has_entries else names[:1])}
    found |= {*scope.symbols, *scope.declared_sizes} | ({scope.wrt} if scope.wrt is not None else set())
    return found | {f"d{name}" for name in found} | {"I", "pi"}


def _meant(text: str, known: Collection[str], scope: Scope) -> str:
    try:
        in_plain = parse(text)
    except ParseError:
        return Latex(text) if _in_latex(text, scope) is not None else text
    in_latex = _in_latex(text, scope)
    if in_latex is None or any(node.operation == "call" for node in walk(in_plain)):
        _refuse_products(in_plain, known)
        return text
    if _form(in_plain) == _form(in_latex):
        return Latex(text)
    is_plain, is_product = (_are_known(tree, known) for tree in (in_plain, parse_formula(tokenise(text), text)))
    if is_plain == is_product:
        raise ParseError(_two_readings(text, in_plain, known), 0)
    return text if is_plain else Latex(text)


def _in_latex(text: str, scope: Scope) -> Syntax | None:
    """The text read as LaTeX; None where that is not LaTeX as anyone writes it."""
    try:
        tree = parse_latex(text, scope.shape_of)
    except MatcalcError:  # what it says is in the plain language, or in neither
        return None
    return None if any(map(_ends_in_number, walk(tree))) else tree


def _ends_in_number(node: Syntax) -> bool:
    """Whether a number follows a factor: x1 is a name, and the exponent of x^12 is twelve."""
    return node.operation == "juxtapose" and node.operands[1].operation == "number"


# --- names ------------------------------------------------------------------------------------------------------------


def _are_known(tree: Syntax, known: Collection[str]) -> bool:
    return all(any(name in known for name in names) for names in _names(tree))


def _names(tree: Syntax) -> Iterator[tuple[str, ...]]:
    """What each letter or word of a formula may name: x_1 is x1, or an entry of x; the T of a transpose is none."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        operands = node.operands
        if node.operation == "name":
            yield (node.value,)
        elif node.operation == "subscript" and node.operands[0].operation == "name":
            index = "".join(str(place.value) for place in node.operands[1:])
            base = node.operands[0].value
            yield f"{base}{'' if index.isdigit() else '_'}{index}", base
            operands = ()
        elif node.operation in ("subscript", *LOOPS) or _is_transpose(node):
            operands = node.operands[:1]
        waiting.extend(operands)


def _is_transpose(node: Syntax) -> bool:
    return node.operation == "power" and node.operands[1].operation == "name" and node.operands[1].value == "T"


def _words(tree: Syntax, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """The names of a formula in the plain language that LaTeX takes apart, and their product there."""
    for (name,) in _names(tree):
        if len(name) > 1 and name not in known:
            yield name, "*".join(name)


def _refuse_products(tree: Syntax, known: Collection[str]) -> None:
    for name, product in _words(tree, known):
        if all(letter in known for letter in name):
            raise ParseError(f"{name} is one name here and not declared: write {product}", 0)


def _two_readings(text: str, tree: Syntax, known: Collection[str]) -> str:
    for name, product in (*_words(tree, known), *_words(tree, ())):
        letters = product.replace("*", " ")
        return (f"beside LaTeX {name} is one name or the product {letters}: "
                rf"write {product}, or \mathrm{{{name}}}")  # fmt: skip
    return rf"{text.strip()!r} reads otherwise in LaTeX than in the plain language: write brackets"


# --- the same in both languages ---------------------------------------------------------------------------------------


def _form(tree: Syntax) -> Form:
    """A formula without brackets, its signs before its products: the same for two readings that mean the same."""
    forms: dict[int, Form] = {}
    kept: list[Syntax] = []  # keeps every node alive, so that its id stays its own

    def rule(node: Syntax) -> Syntax:
        forms[id(node)] = _formed(node, [forms[id(o)] for o in node.operands])
        kept.append(node)
        return node

    return forms[id(transform(tree, rule))]


def _formed(node: Syntax, operands: list[Form]) -> Form:
    match node.operation:
        case "name" | "number":
            return node.operation, node.value
        case "group":
            return operands[0]
        case "negative":
            return _product(("product", -1), operands[0])
        case "multiply" | "juxtapose":
            return _product(*operands)
        case "divide":
            return _product(operands[0], ("product", 1, ("over", operands[1])))
        case "add":
            return "sum", *_terms(operands[0]), *_terms(operands[1])
        case "subtract":
            return "sum", *_terms(operands[0]), _product(("product", -1), operands[1])
        case "power" if _is_transpose(node):
            return "transpose", None, operands[0]
    return node.operation, node.value if node.operation == "call" else None, *operands


def _product(left: Form, right: Form) -> Form:
    (_, a, *first), (_, b, *second) = (f if f[0] == "product" else ("product", 1, f) for f in (left, right))
    return "product", a * b, *first, *second


def _terms(form: Form) -> Form:
    return form[1:] if form[0] == "sum" else (form,)
