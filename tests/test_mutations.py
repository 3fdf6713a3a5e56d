"""Every identity under every spoiling edit is refuted, and the edit is named: the table is printed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest

from matcalc.algebra import (
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
from matcalc.derivative import Form
from matcalc.diagnosis.tree import everywhere, is_square
from matcalc.errors import MatcalcError
from matcalc.expr import Call, Expr, Number, Power, Product, Sum, Symbol
from matcalc.identities import CATALOGUE
from matcalc.records import Identity
from matcalc.verdict import check, equal

SLOW = ("logm", "sqrtm", "chol", "expm")  # evaluated at every point, these take the time of all others

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
IDENTITIES = [r for r in (*CATALOGUE, *BESIDES)
              if isinstance(r, Identity) and r.holds and not any(f in r.of for f in SLOW)]  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """A way to spoil a claim, and the names that are fair for it."""

    kinds: set[str]
    spoilt: Callable[[Identity], Iterator[Expr]]


def at_nodes(rule: Callable[[Expr], Iterator[Expr]]) -> Callable[[Identity], Iterator[Expr]]:
    def spoilt(identity: Identity) -> Iterator[Expr]:
        for node, place in everywhere(identity.claim):
            for new in rule(node):
                try:
                    yield place(new)
                except MatcalcError:
                    continue

    return spoilt


def whole(rule: Callable[[Expr], Expr]) -> Callable[[Identity], Iterator[Expr]]:
    return lambda identity: iter([rule(identity.claim)])


def opposite_terms(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Sum):
        yield from (add(node, scale(number(-2).value, t)) for t in node.terms)


def fewer_terms(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Sum):
        yield from (add(node, negative(t)) for t in node.terms)


def one_more_term(identity: Identity) -> Iterator[Expr]:
    x = identity.derived.variable
    if x.shape == identity.claim.shape and not isinstance(identity.claim, Number):
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


def exchanged_symbols(identity: Identity) -> Iterator[Expr]:
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


def diagonal_times(share: int) -> Callable[[Identity], Iterator[Expr]]:
    def spoilt(identity: Identity) -> Iterator[Expr]:
        g = identity.claim
        if identity.derived.structure in ("symmetric", "spd") and identity.derived.kind == "gradient":
            yield add(g, scale(number(share - 1).value, hadamard(g, eye(g.shape[0]))))

    return spoilt


def inverted_throughout(identity: Identity) -> Iterator[Expr]:
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


def kind_of(identity: Identity, spoilt: Expr) -> str | None:
    """The kind of the diagnosis; None where the edit changes nothing."""
    if spoilt.shape != identity.claim.shape or equal(spoilt, identity.claim).ok:
        return None
    derived = identity.derived
    text = Form(spoilt, derived.scope.size_names).text
    structured = derived.kind == "gradient" and derived.structure not in ("general", "orthogonal")
    reading = "entrywise" if structured else None
    let = identity.declarations
    verdict = check(identity.of, text, identity.wrt, let, reading, identity.order, identity.layout)
    assert verdict.verdict != "right", (identity.key, text)
    assert verdict.diagnosis is not None, (identity.key, text)
    return verdict.diagnosis.kind


@pytest.mark.parametrize("name", EDITS)
def test_a_spoiling_edit_is_refuted_and_named(name: str, capsys: pytest.CaptureFixture[str]):
    tried, missed = 0, []
    for k, identity in enumerate(IDENTITIES):
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
