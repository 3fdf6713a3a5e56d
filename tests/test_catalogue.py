"""The catalogue: records are found by entry point, chosen by key, and marked right or wrong as they are."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from matcalc import catalogue as module
from matcalc.catalogue import catalogue, gather, select, verify
from matcalc.equalities import Equality, Integral, Property, Quantity
from matcalc.errors import MatcalcError, ParseError
from matcalc.identities import CATALOGUE
from matcalc.indices import DerivativeFormula, Formula
from matcalc.records import Identity, as_printed, identity
from matcalc.sources import references

(TRACE,) = identity("trace", of="tr(A*X)", wrt="X", let={"X": "n x n"}, derivative="A'", source="PP2012 eq. 100")


@pytest.fixture
def install(monkeypatch):
    """Replace what is installed by entry points of the names and values given; `matcalc` stays."""

    def install(**points):
        found = [EntryPoint(name, value, module.GROUP) for name, value in points.items()]
        monkeypatch.setattr(module, "entry_points", lambda group: found)
        catalogue.cache_clear()
        return catalogue()

    yield install
    monkeypatch.undo()
    catalogue.cache_clear()


@pytest.fixture
def prove(monkeypatch):
    """The rows of some records, as `verify` gives them."""

    def prove(*records):
        monkeypatch.setattr(module, "catalogue", lambda: records)
        return list(verify())

    return prove


def test_the_note_is_found_by_its_entry_point():
    assert {record.key for record in CATALOGUE} <= {record.key for record in catalogue()}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["N20"], ["N20(1)", "N20(2)"]),
        (["N20(2)"], ["N20(2)"]),
        (["N24(1)"], ["N24(1)", "N24(1)-right"]),
        (["N20(2)", "N20"], ["N20(2)", "N20(1)"]),
        (["norm"], ["norm", "norm-squared"]),
    ],
)
def test_a_key_stands_for_its_variants(asked, found):
    assert [record.key for record in select(asked)] == found


def test_an_unknown_key_is_an_error_before_anything_is_proved():
    with pytest.raises(MatcalcError, match=r"there is no identity 'logdett'; did you mean logdet\?"):
        verify(["logdett"])


def test_a_key_is_stated_once():
    with pytest.raises(MatcalcError, match="'trace' in here is taken by there; use another key"):
        gather({"there": [TRACE], "here": [TRACE]})


def test_another_package_is_part_of_the_catalogue(install, monkeypatch):
    monkeypatch.setattr("matcalc.testing_catalogue", (TRACE,), raising=False)
    records = install(note="matcalc.identities:CATALOGUE", other="matcalc:testing_catalogue")
    assert records == (*CATALOGUE, TRACE)
    assert [row.verdict for row in verify(["trace"])] == ["proved"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nowhere:CATALOGUE", "the catalogue nowhere:CATALOGUE cannot be read: ModuleNotFoundError"),
        ("matcalc.errors:NOTHING", "the catalogue matcalc.errors:NOTHING cannot be read: AttributeError"),
        ("matcalc.identities.norms:RECORDS", "'norm' in matcalc.identities.norms:RECORDS is taken by matcalc.ident"),
    ],
)
def test_a_broken_catalogue_is_reported_and_takes_nothing_along(install, value, message):
    *records, broken = install(note="matcalc.identities:CATALOGUE", broken=value)
    assert records == list(CATALOGUE)
    assert broken.key == "catalogue broken"
    assert message in broken.statement
    (row,) = verify(["catalogue broken"])
    assert (row.verdict, row.ok) == ("error", False)
    assert message in row.statement


def test_a_record_is_as_it_is_marked(prove):
    wrong = replace(TRACE, key="wrong", derivative="A")
    rows = prove(TRACE, wrong, replace(TRACE, key="denied", holds=False), replace(wrong, key="refuted", holds=False))
    assert [(row.key, row.verdict, row.ok) for row in rows] == [
        ("trace", "proved", True),
        ("wrong", "refuted", False),
        ("denied", "proved", False),
        ("refuted", "refuted", True),
    ]


def test_a_misprint_is_refuted_and_what_is_right_proved(prove):
    rows = prove(*as_printed(replace(TRACE, remark="a transpose is lost"), derivative="A"))
    assert [(row.key, row.verdict, row.ok, row.remark) for row in rows] == [
        ("trace", "refuted", True, "a transpose is lost"),
        ("trace-right", "proved", True, ""),
    ]


def test_a_record_with_an_error_in_it_fails_alone(prove):
    broken = [replace(TRACE, derivative="A' +"), replace(TRACE, derivative="A*x"), replace(TRACE, let={"X": "n x"})]
    rows = prove(TRACE, *broken)
    assert [row.ok for row in rows] == [True, False, False, False]
    assert [row.verdict for row in rows] == ["proved", "error", "error", "error"]
    assert rows[1].statement.startswith("ParseError: ")


def test_a_derivation_that_disagrees_with_the_measurement_is_disputed(prove):
    record = replace(TRACE)
    object.__setattr__(record, "derived", replace(TRACE.derived, readings=dict.fromkeys(
        TRACE.derived.readings, replace(TRACE.derived.form, expr=2 * TRACE.derived.expr))))  # fmt: skip
    (row,) = prove(record)
    assert (row.verdict, row.ok) == ("disputed", False)


def test_an_integral_is_a_quantity_against_the_language(prove):
    half = Quantity("∫₀¹ s x dx", r"\int_0^1 s x \, dx", lambda at: at.values["s"] / 2, by=("quadrature",))
    record = Integral(key="integral", left=half, right="s/2", let={"s": "scalar"}, source="MN2019")
    (row,) = prove(record)
    assert (row.verdict, row.route, record.kind) == ("proved", "quadrature, NumPy, JAX", "integral")
    assert row.statement == "∫₀¹ s x dx = 1/2 s"


def test_an_equality_that_holds_by_form_says_so(prove):
    (row,) = prove(Equality(key="transposes", left="(A*B)'", right="B'*A'", source="PP2012"))
    assert row.route == "NumPy, equal by form, JAX"


def test_a_property_is_measured_on_members(prove):
    record = Property(key="p", says="X is symmetric", in_latex="X = X^\\top", let={"X": "n x n spd"}, source="HJ2013",
                      error=lambda at: abs(at.values["X"] - at.values["X"].mT).max((-2, -1)))  # fmt: skip
    rows = prove(record, replace(record, key="q", let={"X": "n x n"}))
    assert [row.verdict for row in rows] == ["proved", "refuted"]
    assert [row.structures for row in rows] == ["spd", "general"]


def test_kinds_and_variants():
    general, symmetric, spd = identity("k", of="tr(X)", wrt="X", let={"X": "n x n"}, derivative="I", source="MN2019",
                                       on={"symmetric": "I", "spd": "I"})  # fmt: skip
    assert [record.key for record in (general, symmetric, spd)] == ["k(1)", "k(2)", "k(3)"]
    assert spd.derived.structure == "spd"
    assert Identity.kind == "identity"


@pytest.mark.parametrize("text", ["ξ_ki ξ_j", "ξ_ki * ξ_jl", "", "2 ξ_ki", "ξ"])
def test_what_is_not_index_notation_is_refused(text):
    with pytest.raises(ParseError, match="expected a sum of products of entries"):
        Formula.read(text)


def test_what_is_not_a_derivative_of_entries_is_refused():
    with pytest.raises(ParseError, match="expected a derivative of entries such as"):
        DerivativeFormula.read("ξ_kl = x_kl")


def test_sources_resolve_and_unknown_ones_are_refused():
    note, cookbook = references("N20; PP2012 eq. 101, 138")
    assert note.endswith("statement 20")
    assert cookbook.endswith("version of 15 November 2012, eq. 101, 138")
    with pytest.raises(MatcalcError, match="the source 'PP2021' is not known"):
        references("PP2021 eq. 101")
