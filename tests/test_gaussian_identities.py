"""Every statement of the note is in the catalogue; the Gaussian's are proved, or refuted with what is right beside."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import jax
import numpy as np
import pytest
from test_checker_can_fail import spoilt

from gaussian import Gaussian, expectation
from gaussian.identities import CATALOGUE
from gaussian.identities.measured import UNIVARIATE, P, formula, integral, let
from matcalc import catalogue as module
from matcalc import check
from matcalc.catalogue import catalogue, select, verify
from matcalc.equalities import Equality, Integral
from matcalc.identities import CATALOGUE as OF_MATCALC
from matcalc.oracle.sampling import sample
from matcalc.records import Identity
from matcalc.sources import references

BY_KEY = {record.key: record for record in CATALOGUE}
REFUTED = ["N17(1)", "N17(2)", "N33", "N34(3)", "N39"]
HOLDING = [record for record in CATALOGUE if record.holds]
LETTERS = {  # what stands on the right of a refuted record and of the right one, where an integral is in it
    "N17(1)": ("J", "1/2*J", {"J": "scalar"}),
    "N34(3)": ("inv(sqrtm(Sigma))*Y", "sqrtm(Sigma)*Y", let("Sigma")),
}


@pytest.fixture(scope="module")
def rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "catalogue", lambda: CATALOGUE)
        return {row.key: row for row in verify()}


@pytest.mark.parametrize("record", CATALOGUE, ids=BY_KEY)
def test_a_record_is_as_it_is_marked(record, rows):
    row = rows[record.key]
    assert row.ok, row
    assert row.verdict == ("proved" if record.holds else "refuted")
    assert record.holds == (row.max_relative_error < 1e-8)
    assert row.instances >= (9 if record.let else 4)


@pytest.mark.parametrize("k", range(1, 40))
def test_every_statement_of_the_note_is_in_the_catalogue(k):
    assert any(record.key.partition("(")[0] == f"N{k}" for record in (*OF_MATCALC, *CATALOGUE))


def test_the_catalogue_is_found_by_its_entry_point():
    assert EntryPoint("gaussian", "gaussian.identities:CATALOGUE", module.GROUP).load() is CATALOGUE
    assert BY_KEY.keys() <= {record.key for record in catalogue()}
    assert [record.key for record in select(["N39"])] == ["N39", "N39-right"]


def test_what_does_not_hold_as_printed_is_refuted_with_what_is_right_beside_it(rows):
    assert [record.key for record in CATALOGUE if not record.holds] == REFUTED
    assert all(rows[f"{key}-right"].verdict == "proved" for key in REFUTED)


@pytest.mark.parametrize("key", REFUTED)
def test_the_remark_is_the_diagnosis_of_the_checker(key):
    printed, right = BY_KEY[key], BY_KEY[f"{key}-right"]
    if isinstance(printed, Identity):
        verdict = check(printed.of, printed.derivative, printed.wrt, printed.let)
    else:
        left, claim, let_ = LETTERS.get(key, (right.right, printed.right, printed.let))
        verdict = check(left, claim, let=let_)
    assert verdict.verdict == "wrong"
    assert printed.remark == verdict.diagnosis.message


@pytest.mark.parametrize("record", [r for r in CATALOGUE if isinstance(r, Integral)], ids=lambda r: r.key)
def test_an_integral_is_known_by_quadrature(record, rows):
    assert rows[record.key].route.startswith("quadrature")


@pytest.mark.parametrize("record", [r for r in CATALOGUE if isinstance(r, Identity)], ids=lambda r: r.key)
def test_a_derivative_is_known_by_three_routes(record, rows):
    assert all(name in rows[record.key].route for name in ("complex step", "derived", "jax.grad"))


@pytest.mark.parametrize("record", HOLDING, ids=lambda r: r.key)
def test_a_spoilt_record_is_refuted(record):
    is_zero = isinstance(record, Equality) and str(record.right).startswith("zeros")
    for _, wrong in [("", replace(record, right=record.right.replace("zeros", "ones")))] if is_zero else spoilt(record):
        found = wrong.attempt().stated
        assert found.decided
        assert not found.ok


@pytest.mark.parametrize(
    ("power", "value", "verdict"), [(6, "15*sqrt(2*pi)", "proved"), (8, "105*sqrt(2*pi)", "refuted")]
)
def test_the_quadrature_is_exact_to_degree_seven_and_no_further(power, value, verdict):
    left = formula("J", J=integral(f"t^{power}", UNIVARIATE))
    assert Integral(key="moment", left=left, right=value, source="N17").prove().verdict == verdict


def test_an_integral_agrees_with_the_expectation_by_jax():
    quartic = formula("J", J=integral("x'*A*x*x'*B*x", P))
    at = sample([], BY_KEY["expected-quartic"].symbols)[0]
    A, B, mu, Sigma = (at.values[name][0] for name in ("A", "B", "mu", "Sigma"))
    with jax.enable_x64(True):
        g = Gaussian.from_covariance(mu[:, 0], Sigma)
        expected = expectation(lambda x: (x @ A @ x) * (x @ B @ x), g)
    assert np.allclose(quartic.value(at)[0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("key", "statement"),
    [
        ("N1", "∫ exp(-1/2 (x - μ)ᵀ Σ⁻¹ (x - μ)) / sqrt((2 π)^n det(Σ)) dx = 1, Σ spd"),
        ("N9(2)", "∫ ∂/∂z exp(-1/2 zᵀ z) dz = zeros(n,1)"),
        ("N10(4)", "∫ x N(x|μ,Σ) dx = μ, Σ spd"),
        ("N17(1)", "∫ t² exp(-1/2 t²) dt = 1/2 (∫ exp(-1/2 t²) dt)"),
        ("N37", "-(∫ log(N(x|μ,Σ)) N(x|μ,Σ) dx) = 1/2 (logdet(Σ) + n (log(2 π) + 1)), Σ spd"),
    ],
)
def test_a_record_prints_as_in_the_note(key, statement):
    assert BY_KEY[key].statement == statement


@pytest.mark.parametrize("record", CATALOGUE, ids=BY_KEY)
def test_every_record_prints_and_cites(record):
    assert record.statement
    assert record.latex.count("{") == record.latex.count("}")
    assert references(record.source)


def test_a_score_is_had_in_every_reading():
    score = BY_KEY["score-covariance"].derived
    assert score.readings["tangent"].unicode == "1/2 (Σ⁻¹ (x - μ) (x - μ)ᵀ Σ⁻¹ - Σ⁻¹)"
