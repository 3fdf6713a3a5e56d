"""Factors that a claim lacks or has too many: parts of the correct form and of the expression are tried."""

from collections.abc import Iterator
from itertools import combinations

from matcalc.diagnosis.case import Case
from matcalc.diagnosis.edits import Change
from matcalc.diagnosis.tree import chain_of, everywhere, is_square, runs
from matcalc.expression.algebra import apply, call, hadamard, multiply, number, transpose
from matcalc.expression.expr import Apply, Call, Expr, Hadamard, Number, Product, Size
from matcalc.language.plain import OF_THE_MATRIX

OF_EVERY_ENTRY = {of_matrix: of_entries for of_entries, of_matrix in OF_THE_MATRIX.items()}

MISSING = "the factor {part} is missing: {old} should be {new}"


def missing(case: Case, node: Expr) -> Iterator[Change]:
    """A node times a part of the correct form: a scalar, or a factor at any place or on both sides."""
    if isinstance(node, Number | Size):
        return
    scalars, chain = chain_of(node)
    gaps = [*(f.shape[0] for f in chain[:1]), *(f.shape[1] for f in chain)]
    for f in case.parts:
        if f.is_scalar:
            yield Change(MISSING, multiply, (f, node), f)
        elif is_square(f) and not node.is_scalar:
            for k in (k for k, d in enumerate(gaps) if d == f.shape[0]):
                yield Change(MISSING, multiply, (*scalars, *chain[:k], f, *chain[k:]), f)
            if f.shape == node.shape:
                both = "the factor {part} is missing on both sides: {old} should be {new}"
                yield Change(both, multiply, (f, node, transpose(f)), f)
                yield Change(both, multiply, (f, node, f), f)


def missing_elementwise(case: Case, node: Expr) -> Iterator[Change]:
    """A node times a part of the correct form, entry by entry."""
    if not (node.is_scalar or isinstance(node, Hadamard)):
        for f in case.parts:
            if f.shape == node.shape:
                yield Change(MISSING, hadamard, (f, node), f)
            for run, place in runs(node):
                if f.shape == run.shape:
                    yield Change(MISSING, lambda f, run, place=place: place(hadamard(f, run)), (f, run), f)


def conforming(case: Case, node: Expr) -> Iterator[Change]:
    """A part of the correct form, of any shape, before or after a node."""
    for f in case.parts:
        if not f.is_scalar:
            for factor in (f, transpose(f)):
                yield Change(MISSING, multiply, (factor, node), factor)
                yield Change(MISSING, multiply, (node, factor), factor)


def extra(case: Case, node: Expr) -> Iterator[Change]:
    """A product without one or two of its factors; the argument without its function."""
    says = "{old} has a factor too many: it should be {new}"
    match node:
        case Product() | Hadamard():
            coefficient = number(node.coefficient if isinstance(node, Product) else 1)
            combine = multiply if isinstance(node, Product) else hadamard
            for count in range(1, min(3, len(node.args))):
                for kept in combinations(node.args, len(node.args) - count):
                    yield Change(says, combine, (coefficient, *kept))
        case Apply(function, argument):
            yield Change(f"the function {function} is too many: {{old}} should be {{new}}", lambda a: a, (argument,))


def functions(case: Case, node: Expr) -> Iterator[Change]:
    """A function of the expression applied to a node, or in place of another."""
    wrong = "the function is wrong: {old} should be {new}"
    if is_square(node) and isinstance(node, Apply) and node.function in OF_THE_MATRIX:
        yield Change(wrong, call, (OF_THE_MATRIX[node.function], node.argument))
    if isinstance(node, Call) and node.function in OF_EVERY_ENTRY:
        yield Change(wrong, apply, (OF_EVERY_ENTRY[node.function], *node.arguments))
    used = dict.fromkeys(n.function for e in case.sources for n, _ in everywhere(e) if isinstance(n, Apply))
    for f in used:
        if isinstance(node, Apply) and f != node.function:
            yield Change(wrong, apply, (f, node.argument))
    for f in used:
        says = f"the function {f} is missing: {{old}} should be {{new}}"
        yield Change(says, apply, (f, node))
        for run, place in runs(node):
            yield Change(says, lambda run, f=f, place=place: place(apply(f, run)), (run,))


def replaced(case: Case, node: Expr) -> Iterator[Change]:
    """Another part of the correct form in the place of a node."""
    if node is not case.claim and not isinstance(node, Number):
        for f in case.parts:
            if f.shape == node.shape:
                yield Change("{old} should be {new}", lambda f: f, (f,))
