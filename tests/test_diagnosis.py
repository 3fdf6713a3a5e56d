"""The cause that a person would name, the claim mended, and nothing that is not verified."""

import jax.numpy as jnp
import pytest

from matcalc.diagnosis import search
from matcalc.verdict import check

SQUARE = ("A: n x n", "B: n x n", "X: n x n")
SYMMETRIC = ("A: n x n", "X: n x n symmetric")
CASES = [
    # expression, wrt, let, claim, kind, the claim mended
    ("sum((A*X).^3)", "X", ["A: p x n, X: n x m"], "3*A'*(A*X)", "wrong-power", "3*A'*(A*X).^2"),
    ("sum(exp(A*X))", "X", ["A: p x n, X: n x m"], "A'*(A*X)", "missing-factor", "A'*exp(A*X)"),
    ("sum(X.^3)", "X", SQUARE, "3*X^2", "wrong-power", "3*X.^2"),
    ("adj(A)*A", None, ["A: n x n"], "I", "missing-factor", "det(A)*eye(n)"),
    ("det(2*A)", None, ["A: n x n"], "2*det(A)", "wrong-power", "det(A)*2^n"),
    ("det(c*A)", None, ["A: n x n, c: scalar"], "c*det(A)", "wrong-power", "c^n*det(A)"),
    ("logdet(kron(A,B))", None, ["A: n x n spd, B: m x m spd"], "rows(A)*logdet(A) + rows(B)*logdet(B)",
     "wrong-term", "m*logdet(A) + n*logdet(B)"),
    ("logdet(kron(A,B))", None, ["A: n x n spd, B: m x m spd"], "logdet(A) + logdet(B)",
     "missing-factor", "m*logdet(A) + n*logdet(B)"),
    ("det(2*A)", None, ["A: n x n"], "4*det(A)", "wrong-power", "det(A)*2^n"),
    ("tr(X*inv(X'*X)*X')", None, ["X: m x n"], "rows(X)", "wrong-term", "n"),
    ("inv(A + u*v')", None, ["A: n x n, u: n, v: n"],
     "inv(A) - inv(A)*u*v'*inv(A)/(v'*inv(A)*u)", "missing-term", None),
    ("det(X)", "X", ["X: n x n symmetric"], "2*det(X)*inv(X) - inv(X).*I", "missing-factor", None),
    ("logdet(2*pi*S)", None, ["S: n x n spd"], "log(2*pi) + logdet(S)",
     "missing-factor", "n*log(2*pi) + logdet(S)"),
    ("det(-A)", None, ["A: n x n"], "-det(A)", "wrong-power", "det(A)*(-1)^n"),
    ("tr(kron(A,B))", None, ["A: n x n, B: m x m"], "tr(A) + tr(B)", "wrong-term", "tr(A)*tr(B)"),
    ("log(a*b)", None, ["a: positive, b: positive"], "log(a)*log(b)", "wrong-term", "log(a) + log(b)"),
    ("sum((A*x).*(B*x))", "x", ["A: m x n, B: m x n"], "A'*A*x + B'*B*x", "wrong-term", "A'*B*x + B'*A*x"),
    ("inv(A + U*C*V)", None, ["A: n x n, U: n x k, C: k x k, V: k x n"],
     "inv(A) - U*inv(inv(C) + V*inv(A)*U)*V", "missing-factor", None),
    ("sum(relu(A*x))", "x", ["A: m x n"], "A'*relu(A*x)", "missing-factor", "A'*step(A*x)"),
    ("tr(expm(X))", "X", SQUARE, "exp(X')", "missing-factor", "expm(X')"),
    ("tr(A*B*C)", None, ["A: n x n, B: n x n, C: n x n"], "tr(A*C*B)", "factor-order", "tr(A*B*C)"),
    ("norm2(V*tanh(W*x)-y)^2", "x", ["W: m x n, V: p x m, y: p"], "2*W'*V'*(V*tanh(W*x)-y)", "missing-factor",
     "2*W'*((ones(m,1) - tanh(W*x).^2) .* (V'*(V*tanh(W*x) - y)))"),
    ("tr(X'*B*X)", "X", [*SQUARE, "B: n x n"], "X*B + X*B'", "factor-order", "B*X + B'*X"),
    ("tr(A*B)", None, ["A: n x n, B: n x n"], "tr(A)*tr(B)", "wrong-term", "tr(A*B)"),
    ("inv(A + B)", None, ["A: n x n, B: n x n"], "inv(A) + inv(B)", "wrong-term", "(A + B)^-1"),
    ("tr(A*X*B)", "X", SQUARE, "-A'*B'", "sign", "A'*B'"),
    ("x'*A*x", "x", ["A: n x n symmetric"], "A*x", "scale", "2*A*x"),
    ("sqrt(2*pi)", None, [], "1/2*sqrt(2*pi)", "scale", "sqrt(2*pi)"),
    ("norm2(A*x - y)^2", "x", [], "2*A'*A*x + 2*A'*y", "sign", "2*A'*A*x - 2*A'*y"),
    ("sum(log(vector(1) + exp(-y.*(X*w))))", "w", ["X: m x n"], "-X'*(y.*sigmoid(y.*(X*w)))", "sign",
     "-X'*(y .* sigmoid(-y .* (X*w)))"),
    ("norm2(w)^2 + c*norm2(x - w)^2", "w", ["c: scalar"], "2*w + 4*c*(w - x)", "wrong-term", "2*w + 2*c*(w - x)"),
    ("x'*A*x + b'*x", "x", ["A: n x n", "b: n"], "(A + A')*x + b + x", "extra-term", "(A + A')*x + b"),
    ("logdet(X)", "X", [], "det(X)*inv(X)'", "extra-term", "X^-1'"),
    ("tr(A*X*B)", "X", SQUARE, "B*A", "transpose", "A'*B'"),
    ("tr(A*X*B)", "X", SQUARE, "A'*B", "transpose", "A'*B'"),
    ("tr(A*X*B)", "X", SQUARE, "B'*A'", "factor-order", "A'*B'"),
    ("u'*inv(X)*v", "X", [], "-inv(X)'*v*u'*inv(X)'", "factor-order", "-X^-1'*u*v'*X^-1'"),
    ("vec(A*X*B)", None, SQUARE, "kron(A,B')*vec(X)", "factor-order", "kron(B', A)*vec(X)"),
    ("inv(X)", "X", [], "-inv(X)^2*dX", "factor-order", "-X^-1*dX*X^-1"),
    ("logdet(A + X*X')", "X", ["A: n x n spd", "X: n x k"], "2*(A + X*X')*X", "inverse", "2*(A + X*X')^-1*X"),
    ("det(X)^3", "X", [], "3*det(X)^2*inv(X)'", "wrong-power", "3*det(X)^3*X^-1'"),
    ("det(kron(A,B))", None, ["A: 2 x 2", "B: 3 x 3"], "det(A)^2*det(B)^3", "wrong-power", "det(A)^3*det(B)^2"),
    ("x'*A*x", "x", [], "A*x", "missing-term", "A*x + A'*x"),
    ("X'*X", "X", [], "X'*dX", "missing-term", "X'*dX + dX'*X"),
    ("inv(inv(P) + H'*inv(R)*H)", None, ["P: n x n spd", "R: k x k spd", "H: k x n"],
     "P - P*H'*inv(H*P*H')*H*P", "missing-term", "P - P*H'*(H*P*H' + R)^-1*H*P"),
    ("exp(-1/2*x'*A*x)", "x", ["A: n x n symmetric"], "-A*x", "missing-factor", None),
    ("sum(exp(A*x).^2)", "x", ["A: m x n"], "2*A'*exp(A*x)", "wrong-power", "2*A'*exp(2*A*x)"),
    ("sqrt(x'*A*x)", "x", ["A: n x n spd"], "A*x", "missing-factor", None),
    ("tr(X^3*A)", "X", ["A: n x n"], "(A*X^2 + X^2 + X^2*A)'", "missing-factor", None),
    ("x'*(A.*B)*y", None, ["A: n x n", "B: n x n"], "tr(diag(x)*A*B')", "missing-factor", "tr(diag(x)*A*diag(y)*B')"),
    ("norm2(X*A - B)^2", "X", ["A: m x m", "B: n x m"], "2*(X*A - B)", "missing-factor", "2*(X*A - B)*A'"),
    ("tr(A*X)", "X", SYMMETRIC, "A + A'", "missing-correction", "A' + A - A' .* I"),
    ("tr(A*X)", "X", SYMMETRIC, "A + A' + A.*I", "correction-sign", "A' + A - A' .* I"),
    ("tr(A*X)", "X", SYMMETRIC, "A + A' - 2*A.*I", "doubled-correction", "A' + A - A' .* I"),
    ("logdet(X) - tr(A*X)", "X", ["A: n x n spd", "X: n x n spd"], "2*inv(X) - inv(X).*I - 2*A",
     "missing-correction", None),
    ("tr(A*X) + logdet(X)", "X", ["X: n x n lower"], "A' + inv(X).*I", "missing-projection", None),
    ("tr(A*X)", "X", ["X: n x n lower"], "triu(A')", "missing-projection", "tril(A')"),
    ("tr(X'*A*X)", "X", ["A: n x n"], "2*A*X", "needs-assumption", None),
    ("inv(A + x*y')", None, ["A: n x n", "x y: n"], "inv(A) - inv(A)*y*x'*inv(A)/(1 + y'*inv(A)*x)",
     "factor-order", None),
    ("y'*inv(K)*y + logdet(K)", "K", ["K: n x n", "y: n"], "inv(K)' - (K*y*y'*K)'", "inverse",
     "K^-1' - K^-1'*y*y'*K^-1'"),
    ("x'*x/rows(x)", "x", ["x: n"], "2*x", "missing-factor", "2*x/n"),
    ("inv(A + a*B)*x", "a", ["A: n x n", "B: n x n"], "-inv(A + a*B)^2*B*x", "factor-order", None),
    ("-1/2*(x-mu)'*inv(Sigma)*(x-mu)", "mu", ["Sigma: n x n spd", "mu: n"], "Sigma*(x-mu)",
     "covariance-precision", "Sigma^-1*(x - mu)"),
    ("-norm2(x - y)^2/(2*s^2)", "x", ["s: positive"], "-(x-y)/s", "wrong-power", "-(x - y)/s^2"),
    ("chol(X)", "X", ["X: n x n spd"], "chol(X)*(chol(X)^-1*dX*chol(X)^-1' - 1/2*(chol(X)^-1*dX*chol(X)^-1').*I)",
     "missing-projection", None),
    ("x.*y", "x", [], "diag(x)", "wrong-term", "diag(y)"),
    ("logdet(A + X*X')", "X", ["A: n x n spd", "X: n x k"], "2*inv(A + X*X')", "not-conformable",
     "2*(A + X*X')^-1*X"),
    ("sum(exp(X))", "X", ["X: n x m"], "exp(X)'", "not-conformable", "exp(X)"),
    ("sum(exp(X))", "X", ["X: n x n"], "expm(X)", "missing-factor", "exp(X)"),
    ("tr(expm(X))", "X", ["X: n x n"], "exp(X)'", "missing-factor", "expm(X')"),
    ("norm2(A*x - y)^2", "x", ["A: m x n", "x: n"], "2*(A*x - y)", "not-conformable", "2*A'*(A*x - y)"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "wrt", "let", "claim", "kind", "mended"), CASES, ids=[c[3] for c in CASES])
def test_the_cause_and_the_mended_claim(expression, wrt, let, claim, kind, mended):
    reading = "entrywise" if wrt == "X" and any("X: n x n " in d for d in let) else None
    found = check(expression, claim, wrt, let, reading).diagnosis
    assert found.kind == kind, found
    assert found.edit is not None
    assert mended in (None, found.edit)
    assert check(expression, found.edit, wrt, let, reading).verdict == "right"


WITHOUT_AN_EDIT = [
    ("pi*x'*x", "x", ["x: n"], "6.2831853*x", "scale"),
    ("det(A)", None, ["A: n x n"], "1/2*(tr(A)^2 - tr(A^2))", "unknown"),
    ("X*inv(X'*X)*X'", None, ["X: n x m"], "I", "unknown"),
]


@pytest.mark.parametrize("case", WITHOUT_AN_EDIT, ids=[c[3] for c in WITHOUT_AN_EDIT])
def test_a_number_is_no_fraction_and_what_repeats_the_left_side_no_cause(case):
    expression, wrt, let, claim, kind = case
    found = check(expression, claim, wrt, let).diagnosis
    assert (found.kind, found.edit) == (kind, None)


ASSUMED = [
    ("X^3", "X", ["X: n x n"], "dF = 3*X^2*dX", "X and dX commute"),
    ("expm(X)", "X", ["X: n x n"], "dF = expm(X)*dX", "X and dX commute"),
    ("arcsin(sin(x))", None, ["x: n"], "x", "x is close to 0"),
    ("x'*A*x", "x", ["A: n x n"], "2*A*x", "A is symmetric"),
    ("vec(X)'*kron(A,B)*vec(X)", "X", ["X: p x n", "A: n x n", "B: p x p"], "2*B*X*A",
     "A is symmetric and B is symmetric"),
    ("norm2(X*A)^2", "A", ["X: m x n", "A: n x n"], "2*A", "the columns of X are orthonormal"),
    ("-y'*log(softmax(x))", "x", [], "softmax(x) - y", "the entries of y sum to one"),
    ("tr(A*X*B)", "X", SQUARE, "(A*B)'", "A and B commute"),
    ("norm1(x)", "x", [], "vector(1)", "the entries of x are positive"),
    ("expm(A + B)", None, ["A: n x n skew", "B: n x n skew"], "expm(A)*expm(B)", "A and B commute"),
    ("inv(expm(A))", None, ["A: n x n"], "expm(A')", "A is skew-symmetric"),
    ("sqrtm(A*A)", None, ["A: n x n"], "A", "A is symmetric positive definite"),
    ("exp(logdet(A))", None, ["A: n x n"], "det(A)", "the determinant of A is positive"),
    ("inv(A)", None, ["A: n x n"], "A'", "A is orthogonal"),
    ("x'*A*x", None, ["A: n x n"], "0", "A is skew-symmetric"),
    ("tr(A*S)", None, ["A: n x n", "S: n x n symmetric"], "0", "A is skew-symmetric"),
]  # fmt: skip


NOT_BY_ASSUMPTION = [  # both sides would be 0, differ in the last digits only, or in one of two orientations
    ("adj(adj(X))", None, ["X: n x n"], "X"),
    ("adj(X)", None, ["X: n x n"], "X'"),
    ("a*tr(A)", None, ["A: n x n", "a: scalar"], "3*tr(A)"),
    ("1e12*x'*x + sum(x)", "x", [], "2e12*x"),
    ("tr(A*X) + 1e-17*tr(X*X)", "X", SQUARE, "A'"),
    ("inv(S + 1e-16*I)", None, ["S: n x n spd"], "inv(S)"),
]


@pytest.mark.parametrize(
    ("expression", "wrt", "let", "claim"), NOT_BY_ASSUMPTION, ids=[a[-1] for a in NOT_BY_ASSUMPTION]
)
def test_no_assumption_is_named_that_explains_nothing(expression, wrt, let, claim):
    verdict = check(expression, claim, wrt, let)
    assert verdict.verdict == "wrong"
    assert verdict.diagnosis.kind != "needs-assumption"


@pytest.mark.parametrize(("expression", "wrt", "let", "claim", "assumption"), ASSUMED, ids=[a[-1] for a in ASSUMED])
def test_the_assumption_is_named(expression, wrt, let, claim, assumption, monkeypatch):
    monkeypatch.setattr(search, "SINGLE", ())  # an edit may do as well
    found = check(expression, claim, wrt, let).diagnosis
    assert (found.kind, found.message) == ("needs-assumption", f"right only if {assumption}")
    assert check(expression, found.edit, wrt, let).verdict == "right"


def test_the_message_names_what_is_to_be_replaced():
    found = check("logdet(X'*X)", "2*X", "X", ["X: m x n"]).diagnosis
    assert found.message == "the factor (X'*X)^-1 is missing: 2*X should be 2*X*(X'*X)^-1"


@pytest.mark.parametrize(
    ("expression", "claim", "let"),
    [
        ("softmax(1000*x)", "softmax(2000*x)", ["x: n"]),
        ("sign(a)*sign(b)", "sign(a + b)", ["a: positive", "b: scalar"]),
    ],
)
def test_no_edit_is_right_only_where_all_is_saturated_or_has_a_value(expression, claim, let):
    found = check(expression, claim, let=let).diagnosis
    assert found.edit is None or check(expression, found.edit, let=let).verdict == "right"


def test_the_left_side_is_no_factor_that_is_missing():
    found = check("inv(A)", "A'", let=["A: n x n"]).diagnosis
    assert found.message == "right only if A is orthogonal"


def test_terms_that_do_not_belong_there_are_named_together():
    found = check("tr(A*X)", "A' + B - B'", "X", ["A: n x n, B: n x n"]).diagnosis
    assert found.message == "the terms B and -B' do not belong there"


def test_an_edit_and_a_factor_of_the_whole():
    found = check("norm2(A*x - y)^2", "A*(A*x - y)", "x", ["A: n x n"]).diagnosis
    assert (found.kind, found.edit) == ("transpose", "2*A'*(A*x - y)")
    assert found.message.endswith("and the whole must be multiplied by 2")


def test_nothing_is_said_of_what_cannot_be_mended():
    found = check("tr(A*X)", "logm(X)*B", "X", SQUARE).diagnosis
    assert (found.kind, found.edit) == ("unknown", None)


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        (lambda A, X: -A.T, "sign"),
        (lambda A, X: 3 * A.T, "scale"),
        (lambda A, X: A, "transpose"),
    ],
)
def test_a_function_is_diagnosed_by_its_values(claim, kind):
    found = check(lambda A, X: jnp.trace(A @ X), claim, "X", {"X": "n x n", "A": "n x n"}).diagnosis
    assert (found.kind, found.edit) == (kind, None)
    assert check("tr(A*X)", claim, "X", {"X": "n x n", "A": "n x n"}).diagnosis.edit == "A'"


def test_the_search_ends_in_time(monkeypatch):
    monkeypatch.setattr(search, "TIME_LIMIT", 0.0)
    assert check("tr(A*X)", "-A'", "X").diagnosis.kind == "unknown"


def test_what_is_saturated_needs_no_length():
    """exp(-1000 x'x) is no number but 0 where x has length one, and where it has length two."""
    assert check("x'*x", "1", let="x: n").diagnosis.message == "right only if x has length one"
    for wrt in (None, "x"):
        found = check("exp(-1000*x'*x)", "0", wrt, "x: n")
        assert (found.verdict, found.diagnosis.kind == "needs-assumption") == ("wrong", False)
