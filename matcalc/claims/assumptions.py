"""What holds at a place of a derivation, from where it stands: declarations, definitions, distributions, conditions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from matcalc.claims.entries import joined_name
from matcalc.claims.meaning import Definition, Law, Meaning
from matcalc.errors import DeclarationError
from matcalc.expression.expr import Symbol
from matcalc.expression.scope import symbols
from matcalc.language.plain import bare
from matcalc.language.statements import read
from matcalc.language.syntax import Syntax, canonical_name, is_latex, nearest, walk
from matcalc.structure import STRUCTURES

_LEAD = re.compile(r"\A\s*(?:assume|where|let|suppose|given|with|and)\b:?\s*", re.IGNORECASE)
_NAME = r"[^\W\d]\w*\u0302?"
_STRUCTURE = re.compile(rf"(?P<name>{_NAME})\s+(?:is\s+)?(?P<structure>[a-z]+)$")
_LAW = re.compile(rf"(?P<name>{_NAME})\s*~\s*N\((?P<mean>.*),(?P<covariance>[^,]*)\)(?:\s+under\s+(?P<label>\w+))?$")
_UNSPECIFIED = re.compile(rf"(?P<name>{_NAME})\s*:\s*function of\s+(?P<argument>{_NAME})$")
_DEFINED = re.compile(rf"(?P<name>{_NAME})(?:\((?P<parameters>[^()]*)\))?\s*:?=(?P<body>[^=].*)$", re.DOTALL)
_CONDITION = re.compile(rf"(?P<left>{_NAME}'?)\s*(?P<sign>!=|>=|<=|>|<)\s*(?P<right>{_NAME}'?)$")
_SETTING = re.compile(r"(?P<key>layout|reading)\s*:?\s+(?P<value>\w+)$")
_FORGET = re.compile(r"forget\s+(?P<names>.*)$")
_SETTINGS = {"layout": ("numerator", "denominator"), "reading": ("entrywise", "tangent", "ambient")}


@dataclass(frozen=True)
class Assumptions:
    """What names stand for and what is taken for granted."""

    declared: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    laws: Mapping[str, Law] = field(default_factory=dict)
    unspecified: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[tuple[str, str, str], ...] = ()
    layout: str = "numerator"
    reading: str | None = None

    @property
    def let(self) -> list[str]:
        """The declarations, as `check` takes them."""
        return [f"{name}: {kind}" for name, kind in self.declared.items()]

    @property
    def functions(self) -> set[str]:
        """The names that are applied to what follows them in brackets."""
        return {n for n, d in self.definitions.items() if d.parameters} | set(self.unspecified)

    def meaning(self) -> Meaning:
        """The same for an evaluation by numbers."""
        known = {s.name: s for s in symbols(*self.let)} if self.declared else {}
        for law in self.laws.values():
            if law.name not in known and law.mean.operation == "name" and law.mean.value in known:
                known[law.name] = Symbol(law.name, known[law.mean.value].shape)
        kept = {name: s for name, s in known.items() if name not in self.definitions}
        return Meaning(kept, self.definitions, self.laws, self.unspecified, self.conditions, self.layout)

    def assume(self, text: str) -> "Assumptions":
        """These assumptions and what a line says: `X: n x n symmetric`, `assume A symmetric`, `where y = x - mu`.

        Raises:
            DeclarationError: the line is not an assumption that can be read.
        """
        result = self
        for part in stated(text):
            result = result._one(_LEAD.sub("", part.strip(), count=1))
        return result

    def _one(self, text: str) -> "Assumptions":
        for pattern, hold in _KINDS:
            match = pattern.match(text)
            if match is not None:
                return hold(self, {k: (v or "").strip() for k, v in match.groupdict().items()})
        names, colon, kind = text.partition(":")
        if not colon or not kind.strip():
            raise DeclarationError(
                f"{text!r} is not an assumption: expected 'X: n x n symmetric', 'assume A symmetric', 'y = x - mu', "
                "'x ~ N(mu, Sigma)', 'f: function of X' or 'i != j'"
            )
        return self.declare(re.split(r"[\s,]+(?![^{}]*\})", names.strip()), kind.strip())

    def declare(self, names: list[str], kind: str) -> "Assumptions":
        """These assumptions with names declared; what they stood for is forgotten."""
        named = [_one_name(n) for n in names]
        result = replace(self.forget(named), declared={**self.declared, **dict.fromkeys(named, kind)})
        symbols(*result.let)  # refuses what cannot be read
        return result

    def define(self, name: str, parameters: tuple[str, ...], body: Syntax) -> "Assumptions":
        """These assumptions with a name standing for a formula.

        Raises:
            DeclarationError: the formula comes back to the name.
        """
        reached, waiting = set(parameters), [body]
        while waiting:
            named = {n.value for n in walk(waiting.pop()) if n.operation in ("name", "apply")} - reached
            reached |= named
            waiting += [self.definitions[n].body for n in named if n in self.definitions and n != name]
        if name in reached - set(parameters):
            raise DeclarationError(f"{name} is defined by itself")
        return replace(self, definitions={**self.definitions, name: Definition(parameters, body)})

    def forget(self, names: list[str]) -> "Assumptions":
        """These assumptions without the definitions of some names."""
        kept = {n: d for n, d in self.definitions.items() if n not in names}
        return replace(
            self, definitions=kept, unspecified={n: a for n, a in self.unspecified.items() if n not in names}
        )

    def hold(self, left: str, sign: str, right: str) -> "Assumptions":
        """These assumptions with a condition on two indices, in place of any other on the same two."""
        others = tuple(c for c in self.conditions if {c[0], c[2]} != {left, right})
        return replace(self, conditions=(*others, (left, sign, right)))

    def is_name(self, text: str) -> bool:
        """Whether a text names something."""
        return text in self.declared or text in self.definitions


def _one_name(text: str) -> str:
    r"""The name that a declaration writes, in LaTeX too: `P_{t|t-1}`, `\hat x`."""
    if not is_latex(text):
        return canonical_name(text)
    tree = bare(read(text))
    if tree.operation == "subscript" and tree.operands[0].operation == "name":
        return joined_name(tree)
    if tree.operation != "name":
        raise DeclarationError(f"{text!r} is not a name")
    return str(tree.value)


def stated(text: str) -> list[str]:
    """Assumptions on one line are separated by semicolons, or by commas before the next colon."""
    return [p for p in re.split(r";|,(?=[^,;()]*:(?!=))", text) if p.strip()]


Groups = Mapping[str, str]


def _assume_structure(known: Assumptions, found: Groups) -> Assumptions:
    name, structure = canonical_name(found["name"]), found["structure"]
    if structure not in STRUCTURES and structure != "positive":
        raise DeclarationError(
            f"assume: {structure!r} is not a structure" + nearest(structure, [*STRUCTURES, "positive"])
        )
    kind = known.declared.get(name, "")
    sizes = re.sub(rf"\b({'|'.join(STRUCTURES)}|positive|matrix|scalar)\b", "", kind).strip()
    return known.declare([name], f"{sizes} {structure}".strip())


def _assume_law(known: Assumptions, found: Groups) -> Assumptions:
    law = Law(canonical_name(found["name"]), read(found["mean"]), read(found["covariance"]))
    return replace(known, laws={**known.laws, found["label"]: law})


def _assume_function(known: Assumptions, found: Groups) -> Assumptions:
    name, argument = (canonical_name(found[k]) for k in ("name", "argument"))
    return replace(known.forget([name]), unspecified={**known.unspecified, name: argument})


def _assume_definition(known: Assumptions, found: Groups) -> Assumptions:
    parameters = tuple(canonical_name(p.strip()) for p in found["parameters"].split(",") if p.strip())
    return known.define(canonical_name(found["name"]), parameters, read(found["body"], known.functions))


def _assume_condition(known: Assumptions, found: Groups) -> Assumptions:
    return known.hold(found["left"], found["sign"], found["right"])


def _assume_setting(known: Assumptions, found: Groups) -> Assumptions:
    key, value = found["key"], found["value"]
    if value not in _SETTINGS[key]:
        raise DeclarationError(f"{key}: expected one of {', '.join(_SETTINGS[key])}, got {value!r}")
    return replace(known, layout=value) if key == "layout" else replace(known, reading=value)


def _forget(known: Assumptions, found: Groups) -> Assumptions:
    names = re.split(r"[\s,]+", found["names"])
    kept = tuple(c for c in known.conditions if not {c[0], c[2]} & set(names))
    return replace(known.forget([canonical_name(n) for n in names]), conditions=kept)


_KINDS = (
    (_SETTING, _assume_setting),
    (_FORGET, _forget),
    (_STRUCTURE, _assume_structure),
    (_LAW, _assume_law),
    (_UNSPECIFIED, _assume_function),
    (_CONDITION, _assume_condition),
    (_DEFINED, _assume_definition),
)
