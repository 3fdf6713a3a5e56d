"""Every identity, of a derivative or of two expressions, under every spoiling edit is refuted, and the edit is named.

The table is printed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import pytest

from matcalc.derivative import Form
from matcalc.diagnosis.tree import everywhere, is_square
from matcalc.equalities import Equality
from matcalc.errors import MatcalcError
from matcalc.expression.algebra import (
    add,
    call,
    eye,
    hadamard,
    inv,
    multiply,
    negative,
    number,
    power,
    scale,
    substitute,
    transpose,
)
from matcalc.expression.expr import Call, Expr, Number, Power, Product, Sum, Symbol
from matcalc.expression.scope import Scope, SizeNames
from matcalc.identities import CATALOGUE
from matcalc.records import Identity
from matcalc.verdict import Verdict, check, equal

# What the catalogue does not have: log densities, and structures with more than one term.
BESIDES = tuple(
    Identity(key=f"{of} by {wrt}", of=of, wrt=wrt, let=let, derivative=derivative, source="")
    for of, wrt, let, derivative in (
        ("-1/2*(x-mu)'*inv(Sigma)*(x-mu) - 1/2*logdet(Sigma)", "mu", {"Sigma": "n x n spd", "x": "n", "mu": "n"},
         "inv(Sigma)*(x - mu)"),
        ("1/2*logdet(L) - 1/2*x'*L*x", "L", {"L": "n x n spd", "x": "n"},
         "inv(L) - 1/2*inv(L).*I - (x*x' - 1/2*(x*x').*I)"),
        ("exp(-1/2*x'*inv(S)*x)", "x", {"S": "n x n spd", "x": "n"}, "-exp(-1/2*x'*inv(S)*x)*inv(S)*x"),
        ("tr(A*X) + logdet(X)", "X", {"X": "n x n lower", "A": "n x n"}, "tril(A') + tril(inv(X)')"),
        ("tr(A*X*B) + tr(X*C)", "X", {"X": "n x n skew", "A": "n x n", "B": "n x n", "C": "n x n"},
         "(A'*B' - B*A) + (C' - C)"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Stated:
    """What an identity claims, what checks another claim in its place, and what it is about."""

    key: str
    claim: Expr
    check: Callable[[str], Verdict]
    size_names: SizeNames
    variable: Symbol | None = None
    symmetric: bool = False


def derivative(identity: Identity) -> Stated:
    derived = identity.derived
    structured = derived.kind == "gradient" and derived.structure not in ("general", "orthogonal")
    symmetric = derived.structure in ("symmetric", "spd") and derived.kind == "gradient"

    def checked(claim: str) -> Verdict:
        reading = "entrywise" if structured else None
        let, order, layout = identity.declarations, identity.order, identity.layout
        return check(identity.of, claim, identity.wrt, let, reading, order, layout)

    return Stated(identity.key, identity.claim, checked, derived.scope.size_names, derived.variable, symmetric)


def equality(record: Equality) -> Stated:
    scope = Scope(record.declarations)
    (left,) = scope.read(record.left)
    (right,) = scope.read(record.right, like=left.shape)
    return Stated(record.key, right, partial(check, record.left, let=record.declarations), scope.size_names)


def in_the_language(record: Equality) -> bool:
    return isinstance(record.left, str) and isinstance(record.right, str)


STATED = [
    *(derivative(r) for r in (*CATALOGUE, *BESIDES) if isinstance(r, Identity) and r.holds),
    *(equality(r) for r in CATALOGUE if isinstance(r, Equality) and r.holds and in_the_language(r)),
]


@dataclass(frozen=True)
class Edit:
    """A way to spoil a claim, and the names that are fair for it."""

    kinds: set[str]
    spoilt: Callable[[Stated], Iterator[Expr]]


def at_nodes(rule: Callable[[Expr], Iterator[Expr]]) -> Callable[[Stated], Iterator[Expr]]:
    def spoilt(identity: Stated) -> Iterator[Expr]:
        for node, place in everywhere(identity.claim):
            for new in rule(node):
                try:
                    yield place(new)
                except MatcalcError:
                    continue

    return spoilt


def whole(rule: Callable[[Expr], Expr]) -> Callable[[Stated], Iterator[Expr]]:
    return lambda identity: iter([rule(identity.claim)])


def opposite_terms(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Sum):
        yield from (add(node, scale(number(-2).value, t)) for t in node.terms)


def fewer_terms(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Sum):
        yield from (add(node, negative(t)) for t in node.terms)


def one_more_term(identity: Stated) -> Iterator[Expr]:
    x = identity.variable
    if x is not None and x.shape == identity.claim.shape and not isinstance(identity.claim, Number):
        yield add(identity.claim, x)


def transposed_factors(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Product):
        for k, f in enumerate(node.args):
            if is_square(f):
                yield multiply(number(node.coefficient), *node.args[:k], transpose(f), *node.args[k + 1 :])


def swapped_factors(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Product):
        c = node.chain
        for k in range(len(c) - 1):
            if is_square(c[k]) and c[k].shape == c[k + 1].shape:
                yield multiply(number(node.coefficient), *node.scalars, *c[:k], c[k + 1], c[k], *c[k + 2 :])


def exchanged_symbols(identity: Stated) -> Iterator[Expr]:
    for a, b in combinations(sorted(identity.claim.symbols, key=lambda s: s.name), 2):
        if a.shape == b.shape:
            yield substitute(identity.claim, {a: b, b: a})


def without_inverse(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Power) and is_square(node):
        yield node.base


def with_inverse(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Product):
        for k, f in enumerate(node.chain):
            if isinstance(f, Symbol) and is_square(f) and f.name != "dX":
                yield multiply(number(node.coefficient), *node.scalars, *node.chain[:k], inv(f), *node.chain[k + 1 :])


def other_powers(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Call) and node.function in ("det", "norm2"):
        yield power(node, number(2))
    if isinstance(node, Power) and isinstance(node.exponent, Number) and node.exponent.value not in (-1, 1):
        yield power(node.base, number(node.exponent.value + 1))


def fewer_factors(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Product):
        for k, f in enumerate(node.args):
            if len(node.args) > 1 and f.shape[0] == f.shape[1]:
                yield multiply(number(node.coefficient), *node.args[:k], *node.args[k + 1 :])


def diagonal_times(share: int) -> Callable[[Stated], Iterator[Expr]]:
    def spoilt(identity: Stated) -> Iterator[Expr]:
        g = identity.claim
        if identity.symmetric:
            yield add(g, scale(number(share - 1).value, hadamard(g, eye(g.shape[0]))))

    return spoilt


def inverted_throughout(identity: Stated) -> Iterator[Expr]:
    for s in sorted(identity.claim.symbols, key=lambda s: s.name):
        if s.structure == "spd":
            yield substitute(identity.claim, {s: inv(s)})


def without_projection(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Call) and node.function in ("tril", "triu"):
        yield node.arguments[0]


def other_triangle(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Call) and node.function == "tril":
        yield call("triu", *node.arguments)


EDITS = {
    "sign": Edit({"sign"}, whole(negative)),
    "twice": Edit({"scale"}, whole(lambda e: scale(number(2).value, e))),
    "half": Edit({"scale", "convention"}, whole(lambda e: scale(number(1).value / 2, e))),
    "sign of a term": Edit({"sign", "correction-sign"}, at_nodes(opposite_terms)),
    "term dropped": Edit(
        {"missing-term", "missing-factor", "missing-correction", "missing-projection"}, at_nodes(fewer_terms)
    ),
    "term added": Edit({"extra-term", "scale"}, one_more_term),
    "transposed": Edit(
        {"transpose", "factor-order", "sign"}, lambda i: iter([transpose(i.claim)] if is_square(i.claim) else [])
    ),
    "factor transposed": Edit({"transpose", "factor-order", "needs-assumption"}, at_nodes(transposed_factors)),
    "factors swapped": Edit(
        {"factor-order", "transpose", "needs-assumption", "wrong-term", "missing-term"}, at_nodes(swapped_factors)
    ),
    "symbols exchanged": Edit({"factor-order", "transpose", "sign"}, exchanged_symbols),
    "inverse dropped": Edit({"inverse", "covariance-precision", "wrong-power"}, at_nodes(without_inverse)),
    "inverse added": Edit({"inverse", "covariance-precision"}, at_nodes(with_inverse)),
    "other power": Edit({"wrong-power", "extra-term"}, at_nodes(other_powers)),
    "factor dropped": Edit({"missing-factor", "wrong-power", "inverse"}, at_nodes(fewer_factors)),
    "correction dropped": Edit({"missing-correction"}, diagonal_times(2)),
    "correction doubled": Edit({"doubled-correction"}, diagonal_times(0)),
    "correction flipped": Edit({"correction-sign"}, diagonal_times(3)),
    "covariance for precision": Edit({"covariance-precision", "inverse", "wrong-power"}, inverted_throughout),
    "projection dropped": Edit({"missing-projection"}, at_nodes(without_projection)),
    "other triangle": Edit({"missing-projection"}, at_nodes(other_triangle)),
}
LEAST_NAMED = 0.95


def kind_of(identity: Stated, spoilt: Expr) -> str | None:
    """The kind of the diagnosis; None where the edit changes nothing."""
    if spoilt == identity.claim or spoilt.shape != identity.claim.shape or equal(spoilt, identity.claim).ok:
        return None
    text = Form(spoilt, identity.size_names).text
    verdict = identity.check(text)
    assert verdict.verdict != "right", (identity.key, text)
    assert verdict.diagnosis is not None, (identity.key, text)
    return verdict.diagnosis.kind


@pytest.mark.parametrize("name", EDITS)
def test_a_spoiling_edit_is_refuted_and_named(name: str, capsys: pytest.CaptureFixture[str]):
    tried, missed = 0, []
    for k, identity in enumerate(STATED):
        forms = list(EDITS[name].spoilt(identity))
        spoilt = forms[k % len(forms)] if forms else identity.claim
        kind = kind_of(identity, spoilt)
        if kind is not None:
            tried += 1
            if kind not in EDITS[name].kinds:
                missed.append(f"{identity.key}: {Form(spoilt).text}: {kind}")
    with capsys.disabled():
        print(f"\n{name:26} named {tried - len(missed):3} of {tried:3}", end=" ")
    assert tried
    assert len(missed) <= (1 - LEAST_NAMED) * tried, missed
