"""What `check` answers: the verdict, the readings it holds in, the cause, and a small counterexample."""

import json
import re

import jax.numpy as jnp
import pytest

from matcalc import (
    DeclarationError,
    MatcalcError,
    NoRuleError,
    ParseError,
    ShapeError,
    check,
    derive,
    equal,
    parse,
    symbols,
    tr,
)
from matcalc.structure import STRUCTURES
from matcalc.verdict import CONVENTION, RIGHT, WRONG

N20 = ["A: p x n", "X: n x n symmetric", "B: n x p"]
ALL = ("ambient", "tangent", "entrywise")

# expression, claim, wrt, declarations, options, verdict, right_under, kind
CLAIMS = [
    ("tr(A*X*B)", "A'*B'", "X", [], {}, RIGHT, ALL, None),
    ("tr(A*X*B)", "(B*A)'", "X", [], {}, RIGHT, ALL, None),
    ("tr(A*X*B)", "-A'*B'", "X", [], {}, WRONG, (), "sign"),
    ("tr(A*X*B)", "3*A'*B'", "X", [], {}, WRONG, (), "scale"),
    ("tr(A*X)", "A", "X", ["A: n x n", "X: n x n"], {}, WRONG, (), "transpose"),
    ("tr(A*X)", "A", "X", ["A: m x n", "X: n x m"], {}, WRONG, (), "not-conformable"),
    ("tr(A*X*B)", "A'*B'", "X", N20, {}, CONVENTION, ("ambient",), "convention"),
    ("tr(A*X*B)", "A'*B' + B*A - (A'*B').*I", "X", N20, {"reading": "entrywise"}, RIGHT, ("entrywise",), None),
    ("tr(A*X*B)", "A'*B' + B*A", "X", N20, {"reading": "entrywise"}, WRONG, (), "missing-correction"),
    ("logdet(X)", "inv(X)", "X", ["X: spd"], {"reading": "tangent"}, RIGHT, ("ambient", "tangent"), None),
    ("A*x", "A'", "x", [], {}, CONVENTION, (), "convention"),
    ("A*x", "A'", "x", [], {"layout": "denominator"}, RIGHT, ALL, None),
    ("x'*y", "y'", "x", [], {}, CONVENTION, (), "convention"),
    ("x'*A*x", "A + A'", "x", [], {"order": 2}, RIGHT, ALL, None),
    ("inv(X)", "dF = -inv(X)*dX*inv(X)", "X", [], {}, RIGHT, (), None),
    ("inv(X)", "dF = inv(X)*dX*inv(X)", "X", [], {}, WRONG, (), "sign"),
    ("inv(X)", "-kron(inv(X)', inv(X))", "X", [], {}, RIGHT, (), None),
    ("logdet(X)", "df = tr(inv(X)*dX)", "X", [], {}, RIGHT, (), None),
    ("tr(A*B)", "tr(B*A)", None, [], {}, RIGHT, (), None),
    ("tr(A*B)", "tr(A)*tr(B)", None, [], {}, WRONG, (), "unknown"),
    ("h'*X*h", "zeros(n,n)", "X", ["X: n x n skew", "h: n"], {"reading": "tangent"}, RIGHT, ALL[1:], None),
    ("1e-9*tr(X)", "2e-9*I", "X", [], {}, WRONG, (), "scale"),
    ("det(S)", "0*S", "S", ["S: 3 x 3 skew"], {}, CONVENTION, ALL[1:], "convention"),
    ("det(X*X')", "2*adj(X*X')*X", "X", ["X: 3 x 2"], {}, RIGHT, ALL, None),
    ("norm2(X - X')", "0*X", "X", ["X: n x n symmetric"], {}, CONVENTION, ALL[1:], "convention"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "claim", "wrt", "let", "options", "verdict", "right_under", "kind"),
    CLAIMS,
    ids=[f"{c[0]} | {c[1]}" for c in CLAIMS],
)
def test_claims(expression, claim, wrt, let, options, verdict, right_under, kind):
    found = check(expression, claim, wrt, let, **options)
    assert (found.verdict, found.right_under) == (verdict, right_under)
    assert kind in (found.diagnosis.kind if found.diagnosis else None, "unknown")
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["verdict"] == verdict


def test_through_the_cholesky_factor_the_ambient_reading_is_not_asked():
    right = "1/2*chol(X)'^-1*chol(X)^-1"
    assert check("logdet(chol(X))", right, "X", ["X: spd"]).right_under == ("tangent",)


def test_a_wrong_claim_comes_with_a_counterexample_in_integers():
    found = check("x'*A*x", "2*A*x", "x").evidence.counterexample
    assert all(isinstance(v, int) for row in found["at"]["A"] for v in row)
    assert found["claimed"] != found["right"]


def test_the_edit_is_itself_right():
    found = check("tr(A*X*B)", "-A'*B'", "X")
    assert check("tr(A*X*B)", found.diagnosis.edit, "X").verdict == RIGHT


SECOND = [
    ("tr(X^3)", "3*tr(X*dX*dX)", "X", []),
    ("det(X)", "-det(X)*tr(inv(X)*dX*inv(X)*dX)", "X", []),
    ("tr((Y - X*B)'*(Y - X*B))", "tr(dB'*X'*X*dB)", "B", ["X: n x p", "B: p x q", "Y: n x q"]),
    ("x'*A*x", "dx'*A*dx", "x", []),
]


@pytest.mark.parametrize(("expression", "claim", "wrt", "let"), SECOND, ids=[s[0] for s in SECOND])
def test_the_edit_of_a_second_differential_is_one(expression, claim, wrt, let):
    found = check(expression, f"d2F = {claim}", wrt, let, order=2)
    assert found.verdict == WRONG
    assert check(expression, f"d2F = {found.diagnosis.edit}", wrt, let, order=2).verdict == RIGHT
    assert check(expression, f"d2F = {found.diagnosis.edit}", wrt, let, order=2).verdict == RIGHT


def test_no_entrywise_reading_is_named_where_there_is_none():
    found = check("tr(A*X)", "1/2*(A' - X*A*X)", "X", ["A: n x n", "X: n x n orthogonal"])
    assert found.diagnosis.message == "right in the tangent reading only, not in the ambient one"


def test_a_value_beyond_floating_point_is_told_as_that():
    found = check("exp(1000)*a", "exp(1000)", "a", ["a: scalar"])
    assert found.verdict == "undecided"
    assert "beyond the largest number" in found.notes[0]


LET = {"X": "n x m", "A": "m x n"}


def trace_product(X, A):
    return jnp.trace(A @ X)


FUNCTIONS = [
    (lambda X, A: A.T, LET, {}, RIGHT),
    (lambda X, A: -A.T, LET, {}, WRONG),
    (lambda X, A: A.T, {"X": "n x n symmetric", "A": "n x n"}, {"reading": "entrywise"}, CONVENTION),
    ("A'", LET, {}, RIGHT),
]


@pytest.mark.parametrize(("claim", "let", "options", "verdict"), FUNCTIONS)
def test_functions_on_either_side(claim, let, options, verdict):
    assert check(trace_product, claim, wrt="X", let=let, **options).verdict == verdict


def test_a_function_that_fails_is_told_as_what_it_is():
    with pytest.raises(MatcalcError, match="fails on arrays of the declared shapes"):
        check(trace_product, lambda X, A: X @ X, wrt="X", let=LET)
    with pytest.raises(MatcalcError, match="given fails on arrays"):
        check(lambda x: None, lambda x: x, "x", {"x": "n"})


def test_raise_if_wrong():
    assert check("tr(X)", "I", "X").raise_if_wrong().is_right
    with pytest.raises(AssertionError, match="sign"):
        check("tr(X)", "-I", "X").raise_if_wrong()


def test_equal_is_decided_by_numbers():
    X, Y = symbols("X: n x n, Y: n x n")
    assert equal(tr(X @ Y), tr(Y.T @ X.T)).ok
    found = equal(tr(X @ Y), tr(X) * tr(Y))
    assert not found.ok
    assert found.counterexample is not None


def test_an_answer_is_true_when_it_holds():
    X, Y = symbols("X: n x n, Y: n x n")
    assert equal(X @ Y, X @ Y)
    assert not equal(X @ Y, Y @ X)
    assert check("tr(X)", "I", "X")
    assert not check("tr(X)", "-I", "X")


def test_texts_are_checked_not_equalled():
    with pytest.raises(MatcalcError, match="expected expressions"):
        equal("A*B", "B*A")


def test_one_name_is_one_symbol():
    with pytest.raises(DeclarationError, match="X stands for two different symbols"):
        equal(parse("tr(X)", ["X: n x n"]), parse("tr(X)", ["X: n x n symmetric"]))


BAD = [
    (("tr(X)", "A*B", "X", ["A: m x n", "B: m x n"]), ShapeError),
    (("tr(X)", "X +", "X"), ParseError),
    (("tr(X)", "dF = I = I", "X"), ParseError),
    (("tr(X)", "foo(X)", "X"), ParseError),
    (("tr(X)", "I", "X", (), None, 3), MatcalcError),
    (("tr(X)", "I", "X", (), None, 1, "rows"), MatcalcError),
]


@pytest.mark.parametrize(("arguments", "error"), BAD, ids=[a[1] for a, _ in BAD])
def test_a_claim_that_cannot_be_read_is_bad_input(arguments, error):
    with pytest.raises(error):
        check(*arguments)


def test_a_differential_may_name_what_the_expression_does_not():
    verdict = check("A*X", "B*dX", "X")
    assert verdict.verdict == "wrong"
    assert "B" in verdict.diagnosis.message


TRACE, QUADRATIC = r"\operatorname{tr}(AXB)", r"x^\top A x"

# an expression, a claim and a variable; one of the first two shows that it is LaTeX
BESIDE_LATEX = [
    (TRACE, "A^TB^T", "X", [], RIGHT),
    (TRACE, "A'*B'", "X", [], RIGHT),
    (TRACE, "(BA)^T", "X", [], RIGHT),
    (TRACE, "BA", "X", [], WRONG),
    (TRACE, "2A^TB^T", "X", [], WRONG),
    (r"\operatorname{tr}(A X)", "foo", "X", ["A: n x m", "X: m x n", "foo: m x n"], WRONG),
    (r"a^\top X b", "ab^T", "X", ["a: n", "b: m"], RIGHT),
    (r"a^\top X b", "-ab^T", "X", ["a: n", "b: m", "X: n x m"], WRONG),
    (QUADRATIC, "Ax+A^Tx", "x", [], RIGHT),
    (QUADRATIC, "(A+A')x", "x", [], RIGHT),
    (QUADRATIC, "df = x^T(A + A^T)dx", "x", [], RIGHT),
    (QUADRATIC, "nx", "x", ["A: n x n", "x: n"], WRONG),
    (r"\log\det X", "inv(X)'", "X", [], RIGHT),
    (r"\log\det X", "X^-1'", "X", [], RIGHT),
    (r"\exp_{\odot}(X)", "dF = exp(X) .* dX", "X", ["X: n x m"], RIGHT),
    (r"\mathbf{1}^\top e^{x}", "e^x", "x", [], RIGHT),
    (r"x_1^\top A x", "A'*x1", "x", [], RIGHT),
    (r"a^{\top} a x^2", "2x^1a'a", "x", ["x: scalar", "a: n"], RIGHT),
    (r"\det X", "x^12", "X", ["x: scalar"], WRONG),
    ("x^TAx", r"(A + A^\top) x", "x", [], RIGHT),
    ("x^TAx", r"2 A \mathbf{x}", "x", ["A: n x n symmetric"], RIGHT),
    ("tr(A*X*B)", r"A^\top B^\top", "X", [], RIGHT),
    (r"\operatorname{tr}(AB)", "tr(B*A)", None, [], RIGHT),
    (r"(AB)^\top", "B^TA^T", None, [], RIGHT),
    (r"(AB)^\top", "A^TB^T", None, ["A: n x n", "B: n x n"], WRONG),
]


@pytest.mark.parametrize(
    ("expression", "claim", "wrt", "let", "verdict"), BESIDE_LATEX, ids=[f"{c[0]} | {c[1]}" for c in BESIDE_LATEX]
)
def test_what_stands_beside_latex_is_read_as_it_is_meant(expression, claim, wrt, let, verdict):
    found = check(expression, claim, wrt, let)
    assert found.verdict == verdict
    assert "BA is" not in str(found)


NEITHER = [
    (TRACE, "BA", ["A: p x n", "X: n x p", "B: p x p", "BA: p x n"], "BA is one name or the product B A"),
    (TRACE, "CA", [], "CA is one name or the product C A"),
    (TRACE, "inv(BA)", [], "BA is one name here and not declared: write B\\*A"),
    (r"\operatorname{tr}(AX)", "A ⊙ B X", ["A: n x n", "B: n x n", "X: n x n"], "reads otherwise in LaTeX"),
]


@pytest.mark.parametrize(("expression", "claim", "let", "reason"), NEITHER, ids=[f"{c[0]} | {c[1]}" for c in NEITHER])
def test_what_can_be_meant_in_two_ways_beside_latex_is_refused(expression, claim, let, reason):
    with pytest.raises(ParseError, match=reason):
        check(expression, claim, "X", let)


VECTOR, MATRICES = {"x": "n"}, {"A": "n x m", "X": "n x m"}
SQUARES, LOG_SUM, INNER = r"\sum_{i=1}^n x_i^2", r"\log\sum_i e^{x_i}", r"\sum_{i,j} A_{ij} X_{ij}"
SYMMETRIC, ROWS = {"A": "n x n", "X": "n x n symmetric"}, {"A": "m x n", "x": "m", "b": "n"}

# expression, claim, wrt, declarations, options, verdict, kind of diagnosis
SUMS = [
    (SQUARES, "2x", "x", VECTOR, {}, RIGHT, None),
    (SQUARES, "3x", "x", VECTOR, {}, WRONG, "scale"),
    (SQUARES, "x", "x", VECTOR, {}, WRONG, "scale"),
    (SQUARES, "-2x", "x", VECTOR, {}, WRONG, "sign"),
    (SQUARES, "2x'", "x", VECTOR, {}, CONVENTION, "convention"),
    (SQUARES, "2*x*x'", "x", VECTOR, {}, WRONG, "not-conformable"),
    (SQUARES, r"\frac{\partial f}{\partial x} = 2 x", "x", VECTOR, {}, RIGHT, None),
    (SQUARES, "df = 2x'dx", "x", VECTOR, {}, RIGHT, None),
    (SQUARES, r"df = 2\sum_i x_i dx_i", "x", VECTOR, {}, RIGHT, None),
    (SQUARES, "2*I", "x", VECTOR, {"order": 2}, RIGHT, None),
    (SQUARES, "I", "x", VECTOR, {"order": 2}, WRONG, "scale"),
    ("x'*x", r"\sum_i x_i^2", None, VECTOR, {}, RIGHT, None),
    (SQUARES, "x'*x", None, VECTOR, {}, RIGHT, None),
    (SQUARES, "x'*x + 1", None, VECTOR, {}, WRONG, None),
    (LOG_SUM, "softmax(x)", "x", VECTOR, {}, RIGHT, None),
    (LOG_SUM, "exp(x)", "x", VECTOR, {}, WRONG, None),
    (LOG_SUM, r"\frac{e^x}{\sum_j e^{x_j}}", "x", VECTOR, {}, RIGHT, None),
    ("logsumexp(x)", r"\frac{e^x}{\sum_j e^{x_j}}", "x", VECTOR, {}, RIGHT, None),
    ("logsumexp(x)", r"\frac{e^x}{\sum_j e^{2 x_j}}", "x", VECTOR, {}, WRONG, None),
    (INNER, "A", "X", MATRICES, {}, RIGHT, None),
    (INNER, "A'", "X", MATRICES, {}, WRONG, "not-conformable"),
    (INNER, "A'", "X", {"A": "n x n", "X": "n x n"}, {}, WRONG, "transpose"),
    (INNER, "A + A' - A.*I", "X", SYMMETRIC, {"reading": "entrywise"}, RIGHT, None),
    (INNER, "A", "X", SYMMETRIC, {}, CONVENTION, "convention"),
    (r"\sum_{i \ne j} x_i x_j", "2*sum(x)*ones(n,1) - 2*x", "x", VECTOR, {}, RIGHT, None),
    (r"\prod_i x_i", r"(\prod_i x_i) x^{\odot -1}", "x", VECTOR, {}, RIGHT, None),
    (r"\sum_i (A_i^\top x - b_i)^2", "2*A*(A'*x - b)", "x", ROWS, {}, RIGHT, None),
    (r"\sum_i (b_i - A_i^\top x)^2", "2*A*(A'*x - b)", "x", ROWS, {}, RIGHT, None),
    (r"\sum_i (A_i^\top x - b_i)^2", "2*A*(A'*x + b)", "x", ROWS, {}, WRONG, "sign"),
    (r"\sum_k A_{ik} X_{kj}", "A*X", None, MATRICES, {}, None, "the index i is free"),
    (SQUARES, "2x_i", "x", VECTOR, {}, None, "the index i is free"),
    (SQUARES, "2x", "x", {}, {}, None, "x is not declared"),
    (SQUARES, "2x", "x", {"x": "m"}, {}, None, "n is not declared"),
    (r"\sum_n x_n^2", "2x", "x", VECTOR, {}, None, "n is declared, and an index"),
    (r"\sum_{i=1}^{n-1} x_i x_{i+1}", "2x", "x", VECTOR, {}, WRONG, None),
    (r"\sum_i x_i \int x dx", "2x", "x", VECTOR, {}, None, "an integral"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "claim", "wrt", "let", "options", "verdict", "told"), SUMS, ids=[f"{c[0]} | {c[1]}" for c in SUMS]
)
def test_sums_over_indices(expression, claim, wrt, let, options, verdict, told):
    if verdict is None:
        with pytest.raises(MatcalcError, match=told):
            check(expression, claim, wrt, let, **options)
        return
    found = check(expression, claim, wrt, let, **options)
    assert found.verdict == verdict
    assert told in (found.diagnosis.kind if found.diagnosis else None, None)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["verdict"] == verdict


NUMBERED = [
    (r"\log|\Sigma_1|", r"\Sigma_1^{-1}", "Sigma_1", ["Sigma_1: n x n spd"], {"reading": "tangent"}, RIGHT),
    (r"\operatorname{tr}(\Sigma_1)", "0*I", "Sigma_1", ["Sigma_1: n x n spd"], {}, WRONG),
    (r"\lVert W_1 x\rVert^2", r"2W_1xx^\top", "W_1", ["W_1: m x n; x: n"], {}, RIGHT),
    ("x'*W_1*x", "2*W1*x", "x", ["W_1: n x n symmetric"], {}, RIGHT),
]


@pytest.mark.parametrize(("expression", "claim", "wrt", "let", "options", "verdict"), NUMBERED)
def test_a_name_with_a_number_is_one_however_it_is_written(expression, claim, wrt, let, options, verdict):
    assert check(expression, claim, wrt, let, **options).verdict == verdict


def test_a_function_may_have_arguments_with_numbers():
    assert check(lambda W_1: jnp.sum(W_1**2), lambda W_1: 2 * W_1, "W_1", {"W_1": "m x n"}).is_right


@pytest.mark.parametrize(
    ("expression", "claim", "wrt", "let", "written"),
    [
        ("Ax", "A", "x", ["A: m x n; x: n"], "A*x"),
        ("Ax", "A", "x", [], "A*x"),
        ("tr(AX)", "A'", "X", ["A: p x n", "X: n x p"], "A*X"),
        ("2*A*x", "2Ax", None, ["A: n x n; x: n"], "A*x"),
    ],
)
def test_names_that_are_run_together_are_refused(expression, claim, wrt, let, written):
    with pytest.raises(ParseError, match=re.escape(written)):
        check(expression, claim, wrt, let)


SUMS_WITH_BOUNDS = [
    (r"\sum_{i=1}^n (y_i - a x_i)^2", r"-2\sum_{i=1}^n x_i(y_i - a x_i)", "a", RIGHT),
    (r"\sum_{i=1}^n (y_i - a x_i)^2", r"-2\sum_{i=1}^n (y_i - a x_i)", "a", WRONG),
    (r"\sum_{i=1}^n x_i \log x_i", r"\log x + 1", "x", RIGHT),
    (r"(c^\top x)(d^\top x)", r"(cd^\top + dc^\top)x", "x", RIGHT),
]


@pytest.mark.parametrize(("expression", "claim", "wrt", "verdict"), SUMS_WITH_BOUNDS)
def test_claims_with_bounds_and_with_a_vector_d(expression, claim, wrt, verdict):
    let = ["x y: n", "a: scalar"] + (["c d: n"] if "d" in claim else [])
    assert check(expression, claim, wrt, let).verdict == verdict


def test_a_power_by_t_is_a_transpose_unless_t_is_a_name():
    assert check("x^T*A*x", "(A + A^T)*x", "x", ["A: n x n"]).verdict == RIGHT
    assert check("x^T*A*x", "(A - A^T)*x", "x", ["A: n x n"]).verdict == WRONG
    assert check("a^T", "T*a^(T - 1)", "a", ["a: positive", "T: scalar"]).verdict == RIGHT


def test_a_size_that_would_not_fit_in_memory_is_refused():
    with pytest.raises(DeclarationError, match="sizes up to 1000 are tried; declare a letter"):
        check("x'*x", "2*x", "x", ["x: 100000"])


SECOND = [(f, s) for f in ("tr(X^2)", "tr(A*X*X)", "tr(A*X)", "-logdet(X)") for s in STRUCTURES]
SECOND.remove(("-logdet(X)", "skew"))  # singular wherever the order is odd


def squares(structure):
    return [f"X: n x n {structure}", "A: n x n"]


def second_forms(f, structure):
    """What is derived in each reading: the second differential and its matrix."""
    readings = derive(f, "X", squares(structure), order=2).readings
    return [(r, form.text, form.vec.text) for r, form in readings.items() if form is not None]


@pytest.mark.parametrize(("f", "structure"), SECOND)
def test_what_is_derived_at_the_second_order_is_right_in_its_reading(f, structure):
    for reading, form, matrix in second_forms(f, structure):
        assert check(f, form, "X", squares(structure), reading, order=2).verdict == RIGHT
        assert check(f, matrix, "X", squares(structure), reading, order=2).verdict == RIGHT


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_spoilt_second_derivative_is_wrong_in_every_reading(structure):
    for reading, form, matrix in second_forms("tr(A*X*X)", structure):
        for spoilt in (f"{form} + 1/10^4*dX", f"{matrix} + 1/10^4*eye(n*n)"):
            found = check("tr(A*X*X)", spoilt, "X", squares(structure), reading, order=2)
            assert (found.verdict, found.right_under) == (WRONG, ())


@pytest.mark.parametrize(
    ("f", "claim", "structure", "under"),
    [
        ("tr(X^2)", "2*dX", "symmetric", ALL[1:2]),
        ("tr(X^2)", "4*dX - 2*dX .* I", "symmetric", ALL[2:]),
        ("-logdet(X)", "X^-1*dX*X^-1", "spd", ALL[1:2]),
        ("-logdet(X)", "X^-1*dX'*X^-1", "spd", ALL[:2]),
        ("tr(A*X*X)", "A'*dX' + dX'*A'", "skew", ALL[:1]),
        ("tr(X*X)", "2*dX'", "lower", ALL[:1]),
        ("tr(X*X)", "2*dX'.*I", "lower", ALL[1:]),
        ("tr(X*X)", "2*toeplitz(dX')", "toeplitz", ALL[2:]),
        ("tr(A*X)", "-1/2*(dX*A*X + X*A*dX)", "orthogonal", ALL[1:2]),
        ("tr(A*X)", "zeros(n,n)", "orthogonal", ALL[:1]),
    ],
)
def test_a_second_differential_is_held_against_each_reading(f, claim, structure, under):
    for reading in (None, *ALL):
        if (structure, reading) != ("orthogonal", "entrywise"):
            found = check(f, claim, "X", squares(structure), reading, order=2)
            assert found.right_under == under
            assert (found.verdict == RIGHT) == (reading in under)
            assert found.verdict in (RIGHT, CONVENTION)


def test_a_slip_in_a_second_differential_is_told_in_the_reading_asked():
    let = ["X: n x n symmetric"]
    found = check("tr(X^2)", "dX - dX .* I/2", "X", let, "entrywise", order=2)
    assert (found.verdict, found.diagnosis.kind) == (WRONG, "scale")
    assert check("tr(X^2)", found.diagnosis.edit, "X", let, "entrywise", order=2)


QUADRATIC_IN_X = ["X: n x m", "A: n x n", "B: m x m", "C: n*m x n*m"]
HESSIANS_OF_VEC = [
    ("tr(X'*A*X)", "kron(eye(m), A + A')", QUADRATIC_IN_X, RIGHT),
    ("tr(X'*A*X)", "kron(A + A', eye(m))", QUADRATIC_IN_X, WRONG),
    ("tr(X'*A*X)", "kron(eye(m), 2*A)", QUADRATIC_IN_X, WRONG),
    ("tr(X'*A*X*B)", "kron(B', A) + kron(B, A')", QUADRATIC_IN_X, RIGHT),
    ("tr(X'*A*X*B)", "kron(B, A) + kron(B, A')", QUADRATIC_IN_X, WRONG),
    ("vec(X)'*C*vec(X)", "C + C'", QUADRATIC_IN_X, RIGHT),
    ("vec(X)'*C*vec(X)", "2*C", QUADRATIC_IN_X, WRONG),
    ("tr(X^2)", "2*commutation(n,n)", ["X: n x n"], RIGHT),
    ("tr(X^2)", "2*eye(n*n)", ["X: n x n"], WRONG),
    ("-logdet(X)", "kron(inv(X), inv(X))", ["X: n x n"], WRONG),
    ("-logdet(X)", "kron(inv(X), inv(X))", ["X: n x n spd"], CONVENTION),
    ("-logdet(X)", "kron(inv(X), X)", ["X: n x n spd"], WRONG),
]


@pytest.mark.parametrize(
    ("expression", "claim", "let", "verdict"), HESSIANS_OF_VEC, ids=[f"{c[0]} | {c[1]}" for c in HESSIANS_OF_VEC]
)
def test_a_hessian_may_be_the_matrix_of_the_second_differential(expression, claim, let, verdict):
    found = check(expression, claim, "X", let, order=2)
    assert found.verdict == verdict
    assert found.verdict != WRONG or found.evidence.counterexample is not None


def test_the_hessian_by_vec_has_a_reading_on_a_structure():
    let, claim = ["X: n x n spd"], "kron(inv(X), inv(X))"
    found = check("-logdet(X)", claim, "X", let, "ambient", order=2)
    assert (found.verdict, found.right_under) == (CONVENTION, ("tangent",))
    assert check("-logdet(X)", found.diagnosis.edit, "X", let, "ambient", order=2)
    assert check("-logdet(X)", claim, "X", let, "tangent", order=2)


@pytest.mark.parametrize("f", ["tr(X'*A*X)", "tr(X'*A*X*B)"])
def test_a_slip_in_a_hessian_by_vec_is_mended(f):
    found = check(f, "kron(A + A', B)" if "B" in f else "kron(A + A', eye(m))", "X", QUADRATIC_IN_X, order=2)
    mended = found.diagnosis.edit or derive(f, "X", QUADRATIC_IN_X, order=2).form.vec.text
    assert check(f, mended, "X", QUADRATIC_IN_X, order=2)


# the Jacobian in the numerator layout; A: p x n, X: n x m, B: m x q, x: m, Y: n x n
JACOBIANS_OF_VEC = [
    ("A*X*B", "kron(B', A)", "X"),
    ("A*X", "kron(eye(m), A)", "X"),
    ("A*X*x", "kron(x', A)", "X"),
    ("x*x'", "kron(x, eye(m)) + kron(eye(m), x)", "x"),
    ("inv(Y)", "-kron(inv(Y)', inv(Y))", "Y"),
    ("Y*Y", "kron(eye(n), Y) + kron(Y', eye(n))", "Y"),
]


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize(("expression", "claim", "wrt"), JACOBIANS_OF_VEC, ids=[c[0] for c in JACOBIANS_OF_VEC])
def test_a_jacobian_of_vec_has_a_layout_like_any_other(expression, claim, wrt, layout):
    let = ["A: p x n", "X: n x m", "B: m x q", "x: m", "Y: n x n"]
    here, other = (claim, f"({claim})'") if layout == "numerator" else (f"({claim})'", claim)
    assert check(expression, here, wrt, let, layout=layout).verdict == RIGHT
    found = check(expression, other, wrt, let, layout=layout)
    assert (found.verdict, found.diagnosis.kind) == (CONVENTION, "convention")
    assert check(expression, found.diagnosis.edit, wrt, let, layout=layout)
    for wrong in (f"2*({here})", f"2*({other})", f"-({other})"):
        assert check(expression, wrong, wrt, let, layout=layout).verdict == WRONG


def test_a_slip_in_a_jacobian_is_mended_in_the_layout_asked():
    let = ["A: n x n", "X: n x n", "B: n x n"]
    found = check("A*X*B", "kron(B', A')", "X", let, layout="denominator")
    assert (found.verdict, found.diagnosis.kind) == (WRONG, "transpose")
    assert check("A*X*B", found.diagnosis.edit, "X", let, layout="denominator")


# f, claim, wrt, declarations, options, verdict, what the diagnosis says
ZEROS = [
    ("x'*K*x", "0", "x", ["K: n x n skew"], {}, RIGHT, None),
    ("x'*K*x", "0", "x", ["K: n x n"], {}, WRONG, "right only if K is skew-symmetric"),
    ("x'*x", "df = 0", "x", [], {}, WRONG, "the derivative is not zero"),
    ("X*inv(X)", "dF = 0", "X", [], {}, RIGHT, None),
    ("inv(X)", "dF = 0", "X", [], {}, WRONG, "the derivative is not zero"),
    ("Q'*Q", "dF = 0", "Q", ["Q: n x n orthogonal"], {}, RIGHT, None),
    ("Q*Q", "dF = 0", "Q", ["Q: n x n orthogonal"], {}, WRONG, "the derivative is not zero"),
    ("tr(A*X)", "0", "X", ["A: n x n skew", "X: n x n symmetric"], {"reading": "tangent"}, RIGHT, None),
    ("tr(A*X)", "0", "X", ["A: n x n skew", "X: n x n symmetric"], {}, CONVENTION, "not in the ambient one"),
    ("tr(A*X)", "0", "X", ["A: n x n", "X: n x n"], {"order": 2}, RIGHT, None),
    ("tr(X*X)", "0", "X", ["X: n x n"], {"order": 2}, WRONG, "the derivative is not zero"),
    ("s'*x", "0", "x", ["s: n"], {"order": 2}, RIGHT, None),
    ("x'*x", "0", "x", ["x: n"], {"order": 2}, WRONG, "the derivative is not zero"),
    ("A*x", "0", "x", ["A: m x n"], {"layout": "denominator"}, WRONG, "the derivative is not zero"),
    ("A*s", "0", "x", ["A: m x n", "s: n", "x: n"], {}, RIGHT, None),
    ("X*x - (x'*X')'", "0", None, ["X: n x n", "x: n"], {}, RIGHT, None),
    ("X*x - X'*x", "0", None, ["X: n x n", "x: n"], {}, WRONG, None),
    ("x'*x", "1", "x", ["x: n"], {}, WRONG, "the claim is scalar"),
]


@pytest.mark.parametrize(
    ("expression", "claim", "wrt", "let", "options", "verdict", "says"), ZEROS, ids=[f"{c[0]} | {c[1]}" for c in ZEROS]
)
def test_the_number_zero_is_the_zero_of_whatever_is_claimed(expression, claim, wrt, let, options, verdict, says):
    found = check(expression, claim, wrt, let, **options)
    assert found.verdict == verdict
    assert says is None or says in found.diagnosis.message


@pytest.mark.parametrize(("claim", "verdict"), [("2*A", WRONG), ("0", RIGHT)])
def test_a_variable_that_does_not_occur_is_noted(claim, verdict):
    found = check("tr(A*A)", claim, "X", ["A: n x n", "X: n x n"])
    assert found.verdict == verdict
    assert found.notes == ("X does not occur in the expression: the derivative is zero",)
    assert check("tr(A*X)", claim, "X", ["A: n x n", "X: n x n"]).notes == ()


@pytest.mark.parametrize("wrt", [None, "x"])
@pytest.mark.parametrize("claim", [">= 0", "<= x'*x", r"\succeq 0"])
def test_an_inequality_is_shown_where_to_go(claim, wrt):
    with pytest.raises(ParseError, match="is an inequality: ask check_inequality"):
        check("x'*x", claim, wrt, ["x: n"])


KRONECKER = [
    ("A*X", lambda A: jnp.kron(jnp.eye(3), jnp.atleast_2d(A)), {"X": "2 x 3", "A": "p x 2"}, {}, RIGHT),
    ("X'*X", lambda X, Z: jnp.zeros((9, 3 * Z.size)), {"X": "n x 3", "Z": "n"}, {}, WRONG),
    ("tr(X'*X)", lambda Z: 2 * jnp.eye(Z.size), {"X": "n x m", "Z": "n*m"}, {"order": 2}, RIGHT),
    ("tr(X'*X)", lambda y: 2 * jnp.eye(3 * y.size), {"X": "n x 3", "y": "n"}, {"order": 2}, RIGHT),
    ("tr(X'*X)", lambda y: jnp.eye(3 * y.size), {"X": "n x 3", "y": "n"}, {"order": 2}, WRONG),
    ("tr(X'*X)", lambda y, z: 2 * jnp.eye(y.size * z.size), {"X": "n x m", "y": "n", "z": "m"}, {"order": 2}, RIGHT),
]


@pytest.mark.parametrize(("expression", "claim", "let", "options", "verdict"), KRONECKER)
def test_a_function_may_give_the_matrix_of_a_differential(expression, claim, let, options, verdict):
    found = check(expression, claim, "X", let, **options)
    assert found.verdict == verdict
    assert found.diagnosis is None or found.diagnosis.kind != "not-conformable"


@pytest.mark.parametrize(("f", "claim", "wrt"), [("A*x", "log(-A'.*A')", "x"), ("A*X*B", "log(-kron(B, A').^2)", "X")])
def test_a_claim_without_a_value_in_the_other_layout_is_wrong(f, claim, wrt):
    let = ["A: p x n", "X: n x m", "B: m x q", "x: n"]
    assert check(f, claim, wrt, let).verdict == WRONG


QUADRATIC_FORMS = [  # the second differential, in dX twice
    ("tr(X^3)", "6*tr(X*dX*dX)", RIGHT),
    ("tr(X^3)", "d^2F = 3*tr(X*dX*dX)", WRONG),
    ("tr(X^3)", "3*tr(X^2*dX)", WRONG),
    ("logdet(X)", "-tr(inv(X)*dX*inv(X)*dX)", RIGHT),
    ("logdet(X)", "tr(inv(X)*dX*inv(X)*dX)", WRONG),
    (r"\operatorname{tr}(AX^2)", r"\mathrm{d}^2 F = 2\operatorname{tr}(A dX dX)", RIGHT),
    ("tr(X^2) + 1", "2*tr(dX*dX) + 1", WRONG),
    ("tr(X^2)", "d^2F = 2*norm2(dX)^2", WRONG),
    ("inv(X)", "d^2F = 2*inv(X)*dX*inv(X)*dX*inv(X)", RIGHT),
    ("inv(X)", "d^2F = inv(X)*dX*inv(X)*dX*inv(X)", WRONG),
    ("inv(X)", "d^2F = 2*inv(X)*dX*inv(X)", WRONG),
    ("X^2", "2*dX^2", RIGHT),
    ("A*X", "0", RIGHT),
    ("X*A*X'", r"d^2 F = 2 dX A dX^T", RIGHT),
    ("X*A*X'", r"d^2 F = 2 dX A dX", WRONG),
    ("expm(X)", "frechet_expm(X, dX, dX)", RIGHT),
]


@pytest.mark.parametrize(("expression", "claim", "verdict"), QUADRATIC_FORMS)
def test_a_second_differential_may_be_a_quadratic_form(expression, claim, verdict):
    assert check(expression, claim, "X", ["X: n x n", "A: n x n"], order=2).verdict == verdict


@pytest.mark.parametrize("structure", sorted({*STRUCTURES} - {"orthogonal"}))
def test_a_second_differential_is_that_along_the_structure(structure):
    """On the symmetric matrices ‖dX‖² is tr(dX dX), and on the skew ones it is not."""
    let = [f"X: n x n {structure}"]
    assert check("tr(X^2)", "d2F = 2*tr(dX*dX)", "X", let, order=2).verdict == RIGHT
    of_norm = check("tr(X^2)", "d2F = 2*tr(dX'*dX)", "X", let, order=2)
    assert of_norm.is_right == (structure in ("symmetric", "spd", "diagonal"))


@pytest.mark.parametrize("claim", ["d^2F = 6*x*dx^2", "6*x*dx"])
def test_by_a_scalar_both_the_second_differential_and_that_of_the_derivative_are_right(claim):
    assert check("x^3", claim, "x", ["x: scalar"], order=2).verdict == RIGHT


def test_what_a_wrong_second_differential_should_be_is_said_as_one():
    found = check("logdet(X)", "d^2F = tr(inv(X)*dX*inv(X)*dX)", "X", order=2)
    assert (found.diagnosis.kind, found.diagnosis.edit) == ("sign", "-tr(X^-1*dX*X^-1*dX)")
    assert found.correct.text == "-tr(X^-1*dX*X^-1*dX)"


SECOND_NOT_READ = [("", 1, ParseError, "ask with order=2"), ("orthogonal", 2, NoRuleError, r"a part in d\^2X besides")]


@pytest.mark.parametrize(("structure", "order", "error", "message"), SECOND_NOT_READ)
def test_a_second_differential_that_is_not_read_says_why(structure, order, error, message):
    with pytest.raises(error, match=message):
        check("tr(X^2)", "d2F = 2*tr(dX*dX)", "X", [f"X: n x n {structure}"], order=order)


def test_an_identity_of_a_product_of_sizes():
    assert check(r"A \otimes I_{nm}", r"A \otimes I_n \otimes I_m", None, ["A: n x m"]).verdict == RIGHT
    assert check(r"\|X\|_F^2", r"2 I_{nm}", "X", ["X: n x m"], order=2).verdict == RIGHT
