"""A checker that cannot fail proves nothing: every record, deliberately spoilt in every way that fits, is refuted."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import singledispatch

import numpy as np
import pytest

from matcalc.equalities import Equality, Property, Quantity
from matcalc.expression.algebra import transpose
from matcalc.expression.expr import Expr
from matcalc.identities import CATALOGUE
from matcalc.oracle.sampling import sample
from matcalc.records import ChainRule, Entry, Identity, Record

HOLDING = [record for record in CATALOGUE if record.holds]
SYMMETRIC = ("symmetric", "spd")

Spoilt = Iterator[tuple[str, Record]]


@singledispatch
def spoilt(record: Record) -> Spoilt:
    """The ways to spoil a record, each with its name."""
    raise TypeError(f"no way to spoil {type(record).__name__}")


def in_text(claim: str, value: Expr, symmetric: bool) -> Iterator[tuple[str, str]]:
    yield "scaled", f"1.001*({claim})"
    yield "negated", f"-({claim})"
    if not equals_its_transpose(value):
        yield "transposed", f"({claim})'"
    if symmetric and value.shape[0] == value.shape[1]:
        yield "correction dropped", f"{claim} + ({claim}) .* I"
        yield "correction doubled", f"{claim} - ({claim}) .* I"


def equals_its_transpose(value: Expr) -> bool:
    """Whether transposing changes nothing, or gives another shape."""
    if value.shape[0] != value.shape[1]:
        return True
    return all(np.allclose(at(value), at(transpose(value))) for at in sample([value], []))


@spoilt.register
def _(record: Identity) -> Spoilt:
    symmetric = record.derived.structure in SYMMETRIC and record.derived.kind == "gradient"
    for name, derivative in in_text(record.derivative, record.claim, symmetric):
        yield name, replace(record, derivative=derivative)


@spoilt.register
def _(record: ChainRule) -> Spoilt:
    symmetric = record.structures[0] in SYMMETRIC
    for name, derivative in in_text(record.derivative, record.expressions[1], symmetric):
        yield name, replace(record, derivative=derivative)


@spoilt.register
def _(record: Entry) -> Spoilt:
    left, right = record.entries.split(" = ")
    signed = right if right.startswith("-") else f"+{right}"
    yield "negated", replace(record, entries=f"{left} = {signed.translate(str.maketrans('+-', '-+'))}")
    if " " in signed and not re.search(" [+-] ", signed):
        yield "transposed", replace(record, entries=f"{left} = {signed.translate(str.maketrans('ij', 'ji'))}")
    for term in re.findall(" [+-] [^+-]+", signed):
        yield f"without {term.strip()}", replace(record, entries=f"{left} = {signed.replace(term, ' ')}")


@spoilt.register
def _(record: Equality) -> Spoilt:
    for name, factor in (("scaled", 1.001), ("negated", -1)):
        if isinstance(record.right, Quantity):
            value = record.right.value
            right = replace(record.right, value=lambda at, value=value, factor=factor: factor * value(at))
        else:
            right = f"{factor}*({record.right})"
        yield name, replace(record, right=right)


@spoilt.register
def _(record: Property) -> Spoilt:
    for structure in SYMMETRIC:
        general = {name: kind.replace(structure, "") for name, kind in record.let.items()}
        if general != record.let:
            yield f"not {structure}", replace(record, let=general)


SPOILT = {record.key: dict(spoilt(record)) for record in HOLDING}


@pytest.mark.parametrize("key", SPOILT)
def test_a_spoilt_record_is_refuted(key):
    for name, record in SPOILT[key].items():
        found = record.attempt().stated
        assert found.decided, name
        assert not found.ok, name


def test_every_record_is_spoilt_in_every_way_that_fits():
    assert all(SPOILT.values())
    ways = [name for variants in SPOILT.values() for name in variants]
    assert len(ways) > 270
    assert ways.count("transposed") >= 30
    assert ways.count("correction dropped") == ways.count("correction doubled") > 10
