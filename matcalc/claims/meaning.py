"""What the names of a formula mean: symbols, definitions, the laws of random vectors; densities and expectations.

A density is written out and an expectation is the integral that it stands for, so that a formula keeps only what can be
evaluated at a point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from matcalc.errors import ParseError
from matcalc.expression.expr import Symbol
from matcalc.language.plain import constant
from matcalc.language.syntax import Syntax, parse, transform, walk
from matcalc.structure import Reading

_DENSITY = "exp(-1/2*(x-m)'*S^-1*(x-m))/sqrt(det(2*pi*S))"
_COVARIANCE = "(x-m)*(x-m)'"


@dataclass(frozen=True)
class Law:
    """A random vector: its name, and the mean and the covariance of its Gaussian."""

    name: str
    mean: Syntax
    covariance: Syntax


@dataclass(frozen=True)
class Definition:
    """A name that stands for a formula, of some parameters when it is a function."""

    parameters: tuple[str, ...]
    body: Syntax


@dataclass(frozen=True)
class Meaning:
    """What the names of a formula stand for."""

    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    laws: Mapping[str, Law] = field(default_factory=dict)
    unspecified: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[tuple[str, str, str], ...] = ()
    layout: str = "numerator"
    reading: Reading = Reading.ENTRYWISE

    @property
    def functions(self) -> set[str]:
        """The names that are applied to what follows them in brackets."""
        return {n for n, d in self.definitions.items() if d.parameters} | set(self.unspecified)

    @property
    def sizes(self) -> set[str]:
        """The names of sizes."""
        return {name for s in self.symbols.values() for d in s.shape for name in d.names}

    def used(self, trees: Sequence[Syntax]) -> "tuple[Meaning, set[str]]":
        """What some formulas need of this, and the names of the sizes in it."""
        reached: set[str] = set()
        waiting = list(trees)
        while waiting:
            names = {node.value for node in walk(waiting.pop()) if node.operation in ("name", "apply")}
            names |= {capital(n) for n in names} | {a for n, a in self.unspecified.items() if n in names}
            waiting += [self.definitions[n].body for n in (names - reached) & set(self.definitions)]
            reached |= names
        kept = replace(self, symbols={n: s for n, s in self.symbols.items() if n in reached})
        return kept, kept.sizes | (reached & self.sizes)


@cache
def _template(text: str) -> Syntax:
    return parse(text)


def _filled(template: str, **parts: Syntax) -> Syntax:
    def rule(node: Syntax) -> Syntax:
        return parts.get(node.value, node) if node.operation == "name" else node

    return transform(_template(template), rule)


def inserted(tree: Syntax, definitions: Mapping[str, Definition]) -> Syntax:
    """A formula with the definitions of its names put in, those of functions at their arguments."""
    for _ in range(len(definitions)):
        changed = transform(tree, lambda node: _insert(node, definitions))
        if changed is tree:
            break
        tree = changed
    return tree


def _insert(node: Syntax, definitions: Mapping[str, Definition]) -> Syntax:
    definition = definitions.get(node.value) if node.operation in ("name", "apply") else None
    if definition is None or (node.operation == "apply" and not definition.parameters):
        return node
    body = definition.body if node.operation == "name" else applied(node.value, node.operands, definitions)
    return Syntax("group", (body,), None, node.start, node.end)


def applied(name: str, arguments: Sequence[Syntax], definitions: Mapping[str, Definition]) -> Syntax:
    """The body of a function at some arguments; the names in it are put in first, for they may hold the parameters."""
    function = definitions[name]
    body = inserted(function.body, {n: d for n, d in definitions.items() if n != name})
    given = {
        parameter: Syntax("group", (argument,), None, argument.start, argument.end)
        for parameter, argument in zip(function.parameters, arguments, strict=True)
    }
    return transform(body, lambda n: given.get(n.value, n) if n.operation == "name" else n)


def expand(tree: Syntax, laws: Mapping[str, Law]) -> Syntax:
    """Densities written out, expectations as integrals."""

    def rule(node: Syntax) -> Syntax:
        match node.operation:
            case "density":
                x, mean, covariance = node.operands
                return replace(_density(x, mean, covariance), start=node.start, end=node.end)
            case "expectation":
                return _expectation(node.operands[0], _law(node, laws))
            case "covariance":
                law, body = _law(node, laws), node.operands[0]
                return _expectation(_filled(_COVARIANCE, x=body, m=_expectation(body, law)), law)
        return node

    return transform(tree, rule)


def _density(x: Syntax, mean: Syntax, covariance: Syntax) -> Syntax:
    """The normal density; the mean 0 is a vector."""
    if constant(mean) == 0:
        mean = Syntax("subtract", (x, x), None, mean.start, mean.end)
    return _filled(_DENSITY, x=x, m=mean, S=covariance)


def _law(node: Syntax, laws: Mapping[str, Law]) -> Law:
    if len(node.operands) > 1:
        _, x, mean, covariance = node.operands
        return Law(x.value, mean, covariance)
    if (named := next((law for law in laws.values() if law.name == node.value), None)) is not None:
        return named  # E_x, where x has a law
    if node.value not in laws:
        label = f" under {node.value}" if node.value else ""
        raise ParseError(f"the distribution{label} is not declared; write 'x ~ N(mu, Sigma){label}'", node.start)
    return laws[node.value]


def _expectation(body: Syntax, law: Law) -> Syntax:
    x = Syntax("name", (), law.name, body.start, body.end)
    weight = _density(x, law.mean, law.covariance)
    return Syntax("integral", (Syntax("multiply", (body, weight)), x), "unsaid", body.start, body.end)


def capital(name: str) -> str:
    """The name of the matrix whose entries have a name: X for x, Xi for xi."""
    return name[0].upper() + name[1:]
