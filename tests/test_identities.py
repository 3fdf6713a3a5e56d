"""Every record of the note's catalogue: stated, derived and measured agree, and JAX confirms it."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import matcalc
from matcalc.catalogue import verify
from matcalc.identities import CATALOGUE
from matcalc.records import Entry, Identity
from matcalc.sources import SOURCES, references

BY_KEY = {record.key: record for record in CATALOGUE}
PACKAGE = Path(matcalc.__file__).parent
FILES = sorted(path.stem for path in (PACKAGE / "identities").glob("[!_]*.py"))
# The statements of the note that are identities, definitions or properties, and how many variants each has.
OF_THE_NOTE = {"N3": 1, "N4": 2, "N5": 1, "N6": 2, "N8": 4, "N11": 2, "N19": 1, "N20": 2, "N21": 2, "N22": 2, "N23": 1,
               "N24": 3, "N25": 2, "N26": 4, "N27": 2, "N30": 1, "N36": 2}  # fmt: skip
ON_ALL = "general, symmetric, spd, diagonal, lower, upper, skew, toeplitz, orthogonal"


@pytest.fixture(scope="module")
def rows():
    return {row.key: row for row in verify(BY_KEY)}


@pytest.mark.parametrize("record", CATALOGUE, ids=BY_KEY)
def test_stated_derived_and_measured_agree(record, rows):
    row = rows[record.key]
    assert row.ok, row
    assert row.verdict == ("proved" if record.holds else "refuted")
    assert row.instances >= 9
    assert record.holds == (row.max_relative_error < 1e-8)


@pytest.mark.parametrize("record", [r for r in CATALOGUE if isinstance(r, Identity | Entry)], ids=lambda r: r.key)
def test_a_derivative_is_known_by_three_routes(record, rows):
    route = rows[record.key].route
    assert all(re.search(name, route) for name in ("complex step", "derived", "jax.grad")), route


@pytest.mark.parametrize("key", ["N20(1)", "N22(1)", "N23", "N25(1)", "N26(1)", "logdet(1)", "tr-power"])
def test_an_unconstrained_square_matrix_is_tried_on_every_structure(key, rows):
    assert rows[key].structures == ON_ALL


@pytest.mark.parametrize(("key", "variants"), OF_THE_NOTE.items())
def test_the_note_is_covered_in_every_variant(key, variants):
    assert sum(record.key.partition("(")[0] == key for record in CATALOGUE) == variants


def test_the_statement_that_does_not_hold_is_refuted_with_what_is_right_beside_it(rows):
    refuted = [record.key for record in CATALOGUE if not record.holds]
    assert refuted == ["N24(1)"]
    assert rows["N24(1)"].remark == "the last index pair is exchanged: it holds only where X⁻¹ is symmetric"
    assert rows["N24(1)-right"].verdict == "proved"


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_in_the_catalogue(name):
    records = import_module(f"matcalc.identities.{name}").RECORDS
    assert records
    assert all(BY_KEY[record.key] is record for record in records)


@pytest.mark.parametrize("record", CATALOGUE, ids=BY_KEY)
def test_every_record_prints_and_cites(record):
    assert record.statement
    assert record.latex.count("{") == record.latex.count("}")
    assert record._repr_latex_() == f"$\\displaystyle {record.latex}$"
    assert references(record.source)


def test_every_source_is_cited_in_a_record_or_a_docstring():
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "sources.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert [key for key in SOURCES if not re.fullmatch(r"N\d+", key) and key not in text] == []


@pytest.mark.parametrize(
    ("key", "statement", "latex"),
    [
        ("N20(2)", "∂/∂X tr(A X B) = Aᵀ Bᵀ + B A - (Aᵀ Bᵀ) ⊙ I, X symmetric",
         r"\frac{\partial}{\partial X} \operatorname{tr}(A X B) = A^\top B^\top + B A - (A^\top B^\top) \odot I,"
         r"\ X \in \mathbb{S}^{n}"),
        ("N8(1)", "∂/∂z A z = Aᵀ", r"\frac{\partial}{\partial z} A z = A^\top"),
        ("N23", "d(X⁻¹) = -X⁻¹ dX X⁻¹", r"\mathrm{d}\left(X^{-1}\right) = -X^{-1} \, \mathrm{d}X \, X^{-1}"),
        ("N24(1)", "∂ξ_kl/∂x_ij = -ξ_ki ξ_lj", r"\frac{\partial \xi_{kl}}{\partial x_{ij}} = -\xi_{ki} \xi_{lj}"),
        ("N25(1)", "∂/∂X f(X⁻¹) = -(X⁻¹)ᵀ G (X⁻¹)ᵀ, G = ∂f/∂X⁻¹",
         r"\frac{\partial}{\partial X} f(X^{-1}) = -(X^{-1})^\top G (X^{-1})^\top,"
         r"\ G = \frac{\partial f}{\partial X^{-1}}"),
        ("N19", "A ⊙ B = (a_ij b_ij)", r"A \odot B = (a_{ij} b_{ij})"),
    ],
)  # fmt: skip
def test_a_record_prints_as_in_the_note(key, statement, latex):
    assert BY_KEY[key].statement == statement
    assert BY_KEY[key].latex == latex


def test_a_record_gives_the_callable_and_every_reading():
    derived = BY_KEY["N26(2)"].derived
    assert derived.readings["tangent"].unicode == "det(X) X⁻¹"
    assert derived([[2.0, 1.0], [1.0, 3.0]]).tolist() == [[3.0, -2.0], [-2.0, 2.0]]
