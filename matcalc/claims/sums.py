"""Expressions and claims with sums and products over indices: measured, where no closed form of them is known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.closed import is_beyond, written_out
from matcalc.claims.measured import Measured, free_indices, lengths, measured
from matcalc.errors import DeclarationError, ParseError, ShapeError
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.scope import Scope
from matcalc.language.latex_syntax import parse_formula
from matcalc.language.latex_tokens import tokenise
from matcalc.language.plain import in_paper
from matcalc.language.syntax import LOOPS, Syntax, is_latex, walk
from matcalc.oracle.sampling import sample
from matcalc.shape import SCALAR, Dim, Shape

Expected = Callable[[Sequence[Shape], Shape], Shape]


def has_sums(text: str) -> bool:
    """Whether a text in LaTeX has sums or products over indices."""
    return is_latex(text) and any(node.operation in LOOPS for node in walk(parse_formula(tokenise(text), text)))


def read_with_sums(scope: Scope, expression: str, claim: str, like: Expected) -> tuple[Expr, Expr]:
    """An expression and a claim, of the shape that `like` gives, of which one has sums or products over indices.

    Raises:
        ParseError, DeclarationError, ShapeError: one of them cannot be read, or a name in it is not declared.
    """
    scope.introduce(())
    if scope.wrt is not None and scope.wrt not in scope.symbols and has_sums(expression):
        name = scope.wrt
        raise DeclarationError(f"{name} is not declared: indices take their range from what is; declare '{name}: n'")
    e = _read(scope, expression)
    wanted = like([e.shape], scope.variable.shape if scope.wrt is not None else SCALAR)
    return e, _in_shape(scope, claim, wanted)


def _in_shape(scope: Scope, claim: str, wanted: Shape) -> Expr:
    """A claim in a shape, or as a row or in the other layout where that fits; else in its own."""
    for shape in (wanted, wanted[::-1]):
        try:
            return _read(scope, claim, shape)
        except ShapeError:
            continue
    return _read(scope, claim)


def _read(scope: Scope, text: str, like: Shape | None = None) -> Expr:
    if is_latex(text):
        tree = parse_formula(tokenise(text), text)
        known = _known(tree, scope)
        beyond = {node.operation for node in walk(tree) if is_beyond(node, known)}
        if beyond and beyond <= {*LOOPS, "subscript"}:
            return _measured(tree, text.strip(), known, scope)
    return scope.read(text, like=like)[0]


def _known(tree: Syntax, scope: Scope) -> Assumptions:
    """What the names in a scope stand for, that of the differential with them where it is in the formula."""
    symbols = dict(scope.symbols)
    if scope.wrt in symbols and any(n.operation == "name" and n.value == scope.differential_name for n in walk(tree)):
        symbols[scope.differential_name] = scope.differential
    return Assumptions({name: _declaration(symbol) for name, symbol in symbols.items()})


def _declaration(symbol: Symbol) -> str:
    rows, columns = symbol.shape
    return f"{rows} x {columns} {symbol.structure}"


def _measured(tree: Syntax, text: str, known: Assumptions, scope: Scope) -> Measured:
    meaning = known.meaning()
    for name in sorted(_indices(tree) & {*known.declared, *meaning.sizes}):
        raise ParseError(f"{name} is declared, and an index in {text!r}: call the index by another letter", 0)
    free = sorted(set(free_indices(tree, lengths(meaning.sizes))))
    if free:
        raise ParseError(f"the index {free[0]} is free in {text!r}: write the whole of it, not one entry", 0)
    tree = written_out(in_paper(tree, scope.shape_of), known, meaning)
    of_any_shape = measured(tree, meaning, SCALAR, text)
    return replace(of_any_shape, declared_shape=_shape(of_any_shape))


def _indices(tree: Syntax) -> set[str]:
    """The names over which sums and products run; k of Σ_{j ≠ k} is one too, or free."""
    return {name for node in walk(tree) if node.operation in LOOPS for name in node.value[1] if name[:1].isalpha()}


def _shape(e: Measured) -> Shape:
    """The symbolic shape of a formula, found by evaluating it.

    Raises:
        ShapeError: it is not one of the sizes of its symbols.
    """
    with np.errstate(all="ignore"):
        points = [at for at in sample([], e.arguments, 1) if min(at.sizes.values(), default=2) > 1]
        tried = [(at.sizes, e.function(at.sizes, at.values).shape) for at in points[:3]]
    rows, columns = (_size([(sizes, found[axis]) for sizes, found in tried]) for axis in (-2, -1))
    return rows, columns


def _size(tried: Sequence[tuple[Mapping[str, int], int]]) -> Dim:
    names = [name for name in tried[0][0] if all(sizes[name] == size for sizes, size in tried)]
    if not names and len({size for _, size in tried}) > 1:
        raise ShapeError("the size of a formula with indices is none of the sizes of its symbols")
    return Dim(1, (names[0],)) if names else Dim(tried[0][1])
