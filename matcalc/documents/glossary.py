"""What a text says new names are, in passing: `r = y - X w`, `f(x) = x'A x`, `E_D = ...` stand for their formulas."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from matcalc.claims.assumptions import Assumptions
from matcalc.claims.closed import closed_text
from matcalc.claims.entries import index_name, joined_name
from matcalc.claims.meaning import Definition, capital
from matcalc.claims.measured import free_indices, lengths
from matcalc.documents.families import family, require_each
from matcalc.documents.judgement import is_free
from matcalc.errors import DeclarationError, ParseError
from matcalc.expression.facts import is_spd
from matcalc.expression.scope import Scope
from matcalc.expression.simplification import is_symmetric
from matcalc.language.plain import bare, constant
from matcalc.language.syntax import Syntax, transform, walk

_INDEX = ("name", "number", "add", "subtract")
NOISE = ("epsilon", "eta", "xi", "nu", "e", "u", "delta", "zeta")


@dataclass(frozen=True)
class Heading:
    """The name that a side of an equality gives to the other side, and the arguments it is given there."""

    name: str
    parameters: tuple[str, ...] = ()
    letter: str = ""  # E of E_D
    index: Any = None  # D of E_D


@dataclass(frozen=True)
class Entry:
    """What a name was said to be, and in which line; nothing where that could not be read; what it was before."""

    line: int
    definition: Definition | None = None
    before: "Entry | None" = None

    def with_name(self, old: str, new: str) -> "Entry":
        """The entry with another name for one in its formula, and in what it was before."""
        before = self.before.with_name(old, new) if self.before is not None else None
        if self.definition is None or old not in names(self.definition.body):
            return replace(self, before=before)
        body = transform(self.definition.body, lambda n: replace(n, value=new) if n.value == old else n)
        return replace(self, definition=replace(self.definition, body=body), before=before)

    def meanings(self) -> Iterator[tuple["Entry", Definition]]:
        """What it was said to be, as far as that could be read, the last first."""
        entry: Entry | None = self
        while entry is not None:
            if entry.definition is not None:
                yield entry, entry.definition
            entry = entry.before


@dataclass(frozen=True)
class Glossary:
    """The names that were given in passing so far.

    A premise is said of a name that is declared: what it may be, or what holds for the values at hand only. It casts
    doubt on what rests on it, and proves nothing.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    premises: Mapping[str, Entry] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> Entry:
        return self.entries[name]

    @property
    def functions(self) -> set[str]:
        """The names that are applied to what follows them in brackets."""
        return {n for n, d in self.definitions.items() if d.parameters}

    @property
    def definitions(self) -> dict[str, Definition]:
        """What the names stand for."""
        return {n: e.definition for n, e in self.entries.items() if e.definition is not None}

    @property
    def models(self) -> set[str]:
        """The data that are said to be something and noise, as y = X w + ε."""
        bodies = {n: bare(e.definition.body) for n, e in self.premises.items() if e.definition is not None}
        return {n for n, b in bodies.items() if b.operation == "add" and bare(b.operands[1]).value in NOISE}

    def with_premise(self, name: str, entry: Entry) -> "Glossary":
        """The glossary with something said of a declared name, in place of what was said of others by it."""
        others = {
            n: e for n, e in self.premises.items() if e.definition is None or name not in names(e.definition.body)
        }
        return replace(self, premises={**others, name: entry})

    def supposing(self, names: Collection[str]) -> "Glossary":
        """The glossary in which some declared names are what is said of them."""
        return replace(self, entries={**self.entries, **{n: e for n, e in self.premises.items() if n in names}})

    def with_entry(self, name: str, entry: Entry) -> "Glossary":
        """The glossary with a name given, or given anew."""
        return replace(self, entries={**self.entries, name: entry})

    def renewed(self, name: str, entry: Entry) -> "Glossary":
        """The glossary with a name given anew, where what was made of its former meaning keeps that."""
        old = self.entries.get(name)
        if old is None or old.definition is None:
            return self.with_entry(name, entry)
        kept = f"{name}_of_line_{old.line}"
        entries = {n: e.with_name(name, kept) for n, e in self.entries.items() if n != name}
        premises = {n: e.with_name(name, kept) for n, e in self.premises.items()}
        return Glossary({**entries, kept: old, name: entry}, premises)

    def without(self, names: Iterable[str]) -> "Glossary":
        """The glossary without some names."""
        gone = set(names)
        kept = ({n: e for n, e in given.items() if n not in gone} for given in (self.entries, self.premises))
        return Glossary(*kept)

    def earlier(self, used: Iterable[str]) -> Iterator[tuple[str, "Glossary"]]:
        """The glossary as it was before a name that some names rest on was given another meaning; how it differs."""
        for name in sorted(self.reached(used) & self.entries.keys()):
            for entry, _ in list(self.entries[name].meanings())[1:]:
                yield f"{name} as it was said to be in line {entry.line}", self.with_entry(name, entry)

    def reached(self, used: Iterable[str]) -> set[str]:
        """Some names, and those that they rest on."""
        reached, waiting = set[str](), set(used)
        while waiting:
            reached |= waiting
            bodies = [self.definitions[n].body for n in waiting & self.definitions.keys()]
            waiting = set[str]().union(*map(names, bodies)) - reached
        return reached

    def named(self, tree: Syntax, known: Assumptions) -> Syntax:
        """A formula with E_D as one name where that is one, and z_{2,j} as an entry of it where that is z_2.

        Raises:
            ParseError: there is a sum over i of a name x_i that is declared as one thing.
        """
        require_each(tree, lambda n: n in known.declared)

        def is_one(name: str) -> bool:
            return name in self.entries or known.is_name(name)

        def rule(node: Syntax) -> Syntax:
            if node.operation != "subscript" or node.operands[0].operation != "name":
                return node
            base, first, *rest = node.operands
            if is_one(joined := joined_name(node)):
                return replace(node, operation="name", operands=(), value=joined)
            owner = joined_name(replace(node, operands=(base, first)))
            if known.is_name(each := family(base.value, 1 + len(rest))):
                return replace(node, operands=(replace(base, value=each), first, *rest))
            if rest and is_one(owner) and not is_one(base.value) and not is_one(capital(base.value)):
                return replace(node, operands=(replace(base, value=owner), *rest))
            return node

        return transform(tree, rule)

    def meant(self, sides: Iterable[Syntax], known: Assumptions) -> Assumptions:
        """What holds for a statement: the names in it stand for what they were said to be.

        What is differentiated by is a variable, of the shape of what it was said to be.

        Raises:
            ParseError: what a name in it was said to be could not be read; or what is differentiated is not written in
                its variable, but in what that is made of.
        """
        sides = list(sides)
        result = self.at_values(sides, known).forget([n for n in variables(sides) if known.is_name(n)])
        for of, by in (n.operands for side in sides for n in walk(side) if n.operation == "derivative"):
            name = bare(by).value
            if self._gives(name, known):
                body, used = self.definitions[name].body, self.reached(names(of))
                if name in used or not used & self.reached(names(body)):
                    result = _as_variable(name, body, self.at_values([body], known), result)
                elif not _is_inverse(body):
                    raise ParseError(f"a derivative by {name} of what is not written in {name}", by.start)
        return result

    def at_values(self, sides: Iterable[Syntax], known: Assumptions) -> Assumptions:
        """What holds for a statement where a variable has the value that it was said to be.

        Raises:
            ParseError: what a name in it was said to be could not be read.
        """
        waiting = list(sides)
        while waiting:
            tree = waiting.pop()
            used = names(tree)
            moved = {n[1:] for n in used if n[:1] == "d" and n not in self.entries and not known.is_name(n)}
            for name in sorted((used | moved) & self.entries.keys()):
                entry = self.entries[name]
                if name in known.definitions or (known.is_name(name) and name not in self.premises):
                    continue
                if entry.definition is None:
                    raise ParseError(f"what {name} is said to be in line {entry.line} could not be read", 0)
                waiting.append(entry.definition.body)
                known = known.define(name, entry.definition.parameters, entry.definition.body)
        return known

    def _gives(self, name: str, known: Assumptions) -> bool:
        """Whether a name is what it was said to be, and nothing else."""
        return name in self.definitions and not known.is_name(name)


def _as_variable(name: str, body: Syntax, there: Assumptions, known: Assumptions) -> Assumptions:
    """The assumptions with a name declared of the shape that a formula has, and symmetric if that is by its form."""
    text = closed_text(body, there)
    if text is None:
        raise DeclarationError(f"{name} is not declared")
    (e,) = Scope(there.let).read(text)
    rows, columns = e.shape
    structure = "spd" if is_spd(e) else "symmetric" if rows == columns and is_symmetric(e) else ""
    return known.declare([name], f"{rows} x {columns} {structure if not e.is_scalar else ''}".strip())


def _is_inverse(body: Syntax) -> bool:
    body = bare(body)
    return body.operation == "power" and bare(body.operands[0]).operation == "name" and constant(body.operands[1]) == -1


def names(tree: Syntax) -> set[str]:
    """The names in a formula, of functions too."""
    return {n.value for n in walk(tree) if n.operation in ("name", "apply")}


def variables(sides: Iterable[Syntax]) -> set[str]:
    """What is differentiated by."""
    return {bare(n.operands[1]).value for side in sides for n in walk(side) if n.operation == "derivative"}


def names_formula(found: Heading, formula: Syntax, known: Assumptions) -> bool:
    """Whether a name is new and a formula without it stands on the other side, so that this is what the name means."""
    taken = {law.name for law in known.laws.values()} | known.unspecified.keys()
    owners = (found.letter, capital(found.letter)) if found.letter and found.index != 0 else ()  # no entry has index 0
    is_function = found.parameters and all(map(known.is_name, found.parameters))  # m(x), where m is a size too
    if any(map(known.is_name, (found.name, *owners))) or found.name in taken:
        return False
    if not is_free(found.name, known) and not is_function:
        return False
    used = names(formula)
    places = {p.value for n in walk(formula) if n.operation == "subscript" for p in n.operands[1:]}
    is_of_each = found.index in places  # z_i = x_i'w is said of every i
    is_differential = used & {f"d{name}" for name in known.declared}
    return bool(used) and found.name not in used and not (is_of_each or is_differential or names_entries(formula))


def entries_of(side: Syntax, formula: Syntax, known: Assumptions) -> tuple[str, tuple[Syntax, ...]] | None:
    """The new name whose entries a formula gives, with their indices: p and i of p_i = exp(z_i)."""
    found = entries_said(side, formula, known)
    if found is None:
        return None
    owners = {found[0], capital(found[0])} if len(found[1]) == 2 else {found[0]}
    is_new = not any(map(known.is_name, owners)) and is_free(found[0], known) and not owners & names(formula)
    return found if is_new else None


def entries_said(side: Syntax, formula: Syntax, known: Assumptions) -> tuple[str, tuple[Syntax, ...]] | None:
    """The name of which a formula says what every entry is, with their indices."""
    if side.operation != "subscript" or not _is_letter(side.operands[0]):
        return None
    base, *places = side.operands
    letters = [p.value for p in places if p.operation == "name"]
    free = set(free_indices(formula, lengths(known.meaning().sizes)))
    are_indices = len(set(letters)) == len(places) <= 2 and not any(map(known.is_name, letters))
    is_said = are_indices and free == set(letters) and base.value not in names(formula)
    return (base.value, tuple(places)) if is_said else None


def heading_of(side: Syntax) -> Heading | None:
    """The name and the arguments of a side that is `f`, `E_D` or `f(x, y)`."""
    side = bare(side)
    match side.operation, side.operands:
        case "name", ():
            return Heading(side.value)
        case "subscript", (base, place) if _is_letter(base) and place.operation in _INDEX:
            is_moved = place.operation not in ("name", "number")
            return Heading(joined_name(side), (), base.value, index_name(place) if is_moved else place.value)
        case "apply", arguments if all(a.operation == "name" for a in arguments):
            return Heading(side.value, tuple(a.value for a in arguments))
        case "juxtapose", (function, group) if function.operation == "name" and group.operation == "group":
            argument = bare(group)
            return Heading(function.value, (argument.value,)) if argument.operation == "name" else None
    return None


def _is_letter(base: Syntax) -> bool:
    return base.operation == "name" and base.value != "I"


def names_entries(side: Syntax) -> bool:
    """Whether a side is (x_ij), the matrix of these entries."""
    inner = side.operands[0] if side.operation == "group" else side
    is_entry = inner.operation == "subscript" and len(inner.operands) == 3
    return side.operation == "group" and is_entry and all(p.operation == "name" for p in inner.operands)


def is_point(name: str, variable: str) -> bool:
    """Whether a name is that of a value of a variable: w_hat, w_star, w0."""
    return re.fullmatch(rf"{re.escape(variable)}(_.+|\d+|\u0302)", name) is not None
