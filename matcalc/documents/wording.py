"""How a text words its formulas: a side as a tree, by what has been declared and named so far."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.meaning import inserted
from matcalc.documents.customs import (
    as_derivatives,
    at_arguments,
    by_argument,
    entry_by_entry,
    with_e,
    with_functions,
    with_products,
    with_weighted_norms,
    with_zeros,
)
from matcalc.documents.glossary import Glossary, Heading, heading_of
from matcalc.documents.lettering import Lettering
from matcalc.documents.precedence import with_fitting_products
from matcalc.errors import MatcalcError, ParseError
from matcalc.expression.scope import Scope
from matcalc.language.plain import PRIMED, PRODUCTS, bare, constant, in_paper, plain
from matcalc.language.statements import Side
from matcalc.language.syntax import Syntax, parse, transform, walk, with_transposes
from matcalc.shape import Shape, is_scalar

GIVEN_PI = "pi_given"
PRIME = r"a prime: a transpose, a derivative or another name? Write ^\top or \tilde"


@dataclass(frozen=True)
class Wording:
    """What a text has declared, and the names that it has given."""

    known: Assumptions
    glossary: Glossary
    lettering: Lettering = field(default_factory=Lettering)
    norms_by_inverse: bool = False  # the square of \|x\|_S is x'S^{-1} x

    def tree(self, side: Side, also: Collection[str] = ()) -> Syntax:
        """A side as a tree in the words of the language.

        Raises:
            ParseError: what cannot be read, or may be read in two ways.
        """
        others = self.lettering.others(side.text) if side.tokens else {}
        functions = {*self.known.functions, *self.glossary.functions} - others.keys()
        functions |= {*also, *(letter for letter, name in others.items() if name in self.glossary.functions)}
        tree = transform(side.tree(functions), lambda n: replace(n, value=others[n.value]) if _is_one(n, others) else n)
        tree = self._by_weight(transform(tree, self._with_indexed_pi), side)
        tree = self.glossary.named(tree, self.known)
        if not side.tokens:
            tree = with_functions(tree, functions)
            return tree if self.known.is_name("T") else with_transposes(tree)
        self._refuse_primes(tree)
        definitions = {**self.known.definitions, **self.glossary.definitions}
        parameters = {n: d.parameters for n, d in definitions.items()}
        tree = with_products(tree, self._is_name) if self._is_name("d") else tree
        tree = tree if self._is_name("e") or bare(tree).value == "e" else with_e(tree)
        tree = with_weighted_norms(tree, self.shape_of, by_inverse=self.norms_by_inverse)
        tree = as_derivatives(tree, self.shape_of, self.known.layout)
        tree = with_zeros(tree, parameters, self.shape_of)
        tree = by_argument(tree, parameters | {f: (x,) for f, x in self.known.unspecified.items()})
        tree = at_arguments(tree, parameters, self.glossary.reached)
        tree = in_paper(entry_by_entry(tree, definitions, self.shape_of), self.shape_of)
        return with_fitting_products(tree, self.shape_of)

    def _with_indexed_pi(self, node: Syntax) -> Syntax:
        r"""`\pi_k` is no entry of the constant; where the text has given such a name, `\pi` is that, but in `2\pi`."""
        if node.operation == "subscript" and (node.operands[0].operation, node.operands[0].value) == ("name", "pi"):
            return replace(node, operands=(replace(node.operands[0], value=GIVEN_PI), *node.operands[1:]))
        if node.operation in PRODUCTS and constant(node.operands[0]) is not None:
            number, other = node.operands
            return replace(node, operands=(number, replace(other, value="pi"))) if other.value == GIVEN_PI else node
        is_given = (node.operation, node.value) == ("name", "pi") and self._is_name(GIVEN_PI)
        return replace(node, value=GIVEN_PI) if is_given else node

    def _by_weight(self, tree: Syntax, side: Side) -> Syntax:
        """A formula with names of their own for bold letters that are not the plain ones."""

        def rule(node: Syntax) -> Syntax:
            if node.operation != "name" or node.value not in self.lettering.apart:
                return node
            written = side.text[node.start - side.start : node.end - side.start]
            return replace(node, value=self.lettering.by_weight(node.value, written))

        return transform(tree, rule) if self.lettering.apart else tree

    def heading(self, side: Side) -> Heading | None:
        """What a side names that is nothing but a name, with its arguments."""
        named = self._function_named(side)
        apart = replace(self, glossary=self.glossary.without(named))  # its former meaning is not put in
        return heading_of(apart.tree(side, named))

    def shape_of(self, tree: Syntax) -> Shape:
        """The shape of a formula, with what is defined in it."""
        known = self.glossary.meant((tree,), self.known)
        scope = Scope(known.let)
        whole = transform(inserted(tree, known.definitions), _of_shape)
        return scope.shape_of(plain(whole, scope.shape_of))

    def _is_name(self, name: str) -> bool:
        return self.known.is_name(name) or name in self.glossary

    def _function_named(self, side: Side) -> set[str]:
        """f of a side f(x, y), or E_D of E_D(x), that is nothing else."""
        if not side.tokens:
            return set()
        from matcalc.language.latex_syntax import indexed_name

        name, end = indexed_name(side.tokens, 0)
        kinds = [t.type for t in side.tokens[end:]]
        called = bool(name) and kinds[:1] == ["OPEN"] and kinds[-1] == "CLOSE" and {*kinds[1:-1]} <= {"NAME", "COMMA"}
        return {name} - self.known.declared.keys() if called else set()

    def _refuse_primes(self, tree: Syntax) -> None:
        """A prime is the transpose, but seldom of a number or of a function."""
        for node in walk(tree):
            if is_primed(node) and self._is_no_matrix(bare(node.operands[0])):
                raise ParseError(PRIME, node.start)

    def _is_no_matrix(self, named: Syntax) -> bool:
        if named.operation != "name" or named.value in self.known.functions | self.glossary.functions:
            return named.operation == "name"
        with suppress(MatcalcError):
            return is_scalar(self.shape_of(named))
        return False


def _of_shape(node: Syntax) -> Syntax:
    """What is given by its entries as zeros of the same shape, where that is known."""
    if node.operation != "entries" or not all(node.value):
        return node
    sizes = [parse(size) for size in (*node.value, "1")[:2]]
    return replace(node, operation="call", operands=tuple(sizes), value="zeros")


def _is_one(node: Syntax, names: Collection[str]) -> bool:
    return node.operation in ("name", "apply") and node.value in names


def is_primed(tree: Syntax) -> bool:
    """Whether a formula is a name with a prime."""
    return tree.operation == "transpose" and tree.value == PRIMED and bare(tree.operands[0]).operation == "name"
