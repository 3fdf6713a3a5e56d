"""Rewriting keeps the value, ends, and uses what is known of symbols."""

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings

from matcalc import parse
from matcalc.expression.simplification import expand, is_symmetric, settle, simplify, unfold_inverses
from matcalc.expression.triangles import is_diagonal, is_lower
from tests.random_expressions import evaluation, expressions


def value(e):
    with np.errstate(all="ignore"):
        try:
            found = np.asarray(evaluation()(e))
        except np.linalg.LinAlgError:
            reject()
    assume(np.isfinite(found).all() and np.abs(found).max() < 1e6)
    return found


@pytest.mark.parametrize("rewrite", [settle, simplify, expand, unfold_inverses])
@given(e=expressions())
@settings(max_examples=40, deadline=None)
def test_the_value_stays(rewrite, e):
    before = value(e)
    after = value(rewrite(e))
    scale = max(1.0, np.abs(before).max())
    np.testing.assert_allclose(np.broadcast_to(after, before.shape), before, atol=1e-6 * scale, rtol=1e-6)


@given(e=expressions())
@settings(max_examples=40, deadline=None)
def test_simplifying_twice_changes_nothing(e):
    once = simplify(e)
    assert simplify(once).weight <= once.weight
    assert settle(settle(e)) == settle(e)


SIMPLER = [
    ("X'", ["X: n x n symmetric"], "X"),
    ("X' + X", ["X: n x n skew"], "zeros(n,n)"),
    ("X'*X", ["X: n x n orthogonal"], "eye(n)"),
    ("inv(X)", ["X: n x n orthogonal"], "X'"),
    ("X .* I", ["X: n x n diagonal"], "X"),
    ("tril(X)", ["X: n x n lower"], "X"),
    ("A*x + A'*x", ["A: n x n", "x: n"], "(A + A')*x"),
    ("X*inv(X)*A", ["X: n x n", "A: n x n"], "A"),
    ("(A*X)*inv(A*X)*A", ["X: n x n", "A: n x n"], "A"),
    ("2*A + 4*B", ["A: n x n", "B: n x n"], "2*(A + 2*B)"),
    ("kron(A,B)*kron(inv(A),inv(B))", ["A: n x n", "B: n x n"], "eye(n*n)"),
    ("diag(x)*y", ["x: n", "y: n"], "x .* y"),
    ("tr(A'*X')", ["A: n x n", "X: n x n"], "tr(X*A)"),
    ("det(X)*inv(X) + det(X)*A", ["X: n x n", "A: n x n"], "det(X)*(X^-1 + A)"),
    ("sqrt(a*b)*a*b/(a*b)", ["a: scalar", "b: scalar"], "sqrt(a*b)"),
    ("x .* sign(x)", ["x: n"], "abs(x)"),
    ("sign(x) ./ abs(x)", ["x: n"], "x.^-1"),
    ("sign(a)*a/abs(a)", ["a: scalar"], "1"),
    ("x'*x/norm2(x)^3", ["x: n"], "1/norm2(x)"),
    ("A'*exp(A*x)/sum(exp(A*x))", ["A: m x n", "x: n"], "A'*softmax(A*x)"),
    ("y'*exp(x)/sum(exp(x))", ["x: n", "y: n"], "softmax(x)'*y"),
    ("exp(x)*exp(x)'/sum(exp(x))^2", ["x: n"], "softmax(x)*softmax(x)'"),
    ("exp(a)/(1 + exp(a))", ["a: scalar"], "sigmoid(a)"),
    ("exp(-a)/(1 + exp(-a))", ["a: scalar"], "sigmoid(-a)"),
    ("exp(2*a)*b/(1 + exp(a))^2", ["a: scalar", "b: scalar"], "b*sigmoid(a)^2"),
    ("exp(a)/(1 + exp(2*a))", ["a: scalar"], "sigmoid(-2*a)*exp(a)"),
    ("exp(A*x) ./ (ones(m,1) + exp(A*x))", ["A: m x n", "x: n"], "sigmoid(A*x)"),
    ("x ./ (exp(-x) + ones(n,1))", ["x: n"], "x .* sigmoid(x)"),
    ("diag(x)*diag(y)*A", ["x: n", "y: n", "A: n x m"], "diag(x .* y)*A"),
    ("(A*X)^2*A", ["A: n x m", "X: m x n"], "A*(X*A)^2"),
    ("(X'*X)^-1*X'", ["X: m x n"], "(X'*X)^-1*X'"),
    ("A*ones(p,1)*ones(1,m)", ["A: n x p"], "A*ones(p,m)"),
    ("(y - x)*(x - y)'", ["x: n", "y: n"], "-(x - y)*(x - y)'"),
    ("-a*(A - B)", ["A: n x m", "B: n x m", "a: scalar"], "a*(B - A)"),
    ("tril(A*B) + triu(A*B) - (A*B) .* I + C", ["A: n x n", "B: n x n", "C: n x n"], "A*B + C"),
    ("tril(A) + triu(A) - 2*(A .* I)", ["A: n x n"], "tril(A) + triu(A) - 2*(A .* I)"),
    ("x'*S*y + y'*S*x", ["x: n", "y: n", "S: n x n symmetric"], "2*x'*S*y"),
    ("x'*S*y*A + y'*S*x*B", ["x: n", "y: n", "S: n x n symmetric", "A: n x m", "B: n x m"], "(x'*S*y)*(A + B)"),
    ("x'*S*y + y'*S*x", ["x: n", "y: n", "S: n x n"], "x'*S*y + y'*S*x"),
    ("tr((A*B*inv(A) + inv(A)*B*A)*B)", ["A: n x n symmetric", "B: n x n symmetric"], "2*tr(A*B*A^-1*B)"),
    ("sum(softmax(x))*x", ["x: n"], "x"),
    ("sign(det(A))*det(A)*B", ["A: n x n", "B: n x n"], "abs(det(A))*B"),
    ("sqrtm(X) .* I", ["X: n x n diagonal"], "sqrtm(X)"),
    ("(A*diag(x)) .* I", ["A: n x n", "x: n"], "diag(diag(A) .* x)"),
    ("chol(S)' .* I", ["S: n x n spd"], "chol(S) .* I"),
    ("A' .* I", ["A: n x n"], "A' .* I"),
    ("diag(x) + 2*diag(y) + A", ["x: n", "y: n", "A: n x n"], "diag(x + 2*y) + A"),
    ("x .* y.^2 - x.^2 .* y", ["x: n", "y: n"], "x .* y .* (y - x)"),
    ("x ./ y - x.^2 ./ y.^2", ["x: n", "y: n"], "x .* (y - x) ./ y.^2"),
    ("x .* y - (x'*y)*x", ["x: n", "y: n"], "x .* y - (x'*y)*x"),
    ("A*ones(m,m)^2", ["A: n x m"], "A*ones(m,m)^2"),
    ("chol(S)*chol(S)'", ["S: n x n spd"], "S"),
    ("inv(chol(S))'*inv(chol(S))", ["S: n x n spd"], "S^-1"),
    ("kron(A,B)*vec(X)", ["A: p x m, X: n x m, B: q x n"], "vec(B*X*A')"),
    ("vec(X)'*kron(A,B)", ["A: m x p, X: n x m, B: n x q"], "vec(B'*X*A)'"),
    ("kron(y', x)", ["x: n, y: m"], "x*y'"),
    ("frechet_logm(S, S)", ["S: n x n spd"], "eye(n)"),
    ("frechet_expm(a*A, A)", ["A: n x n, a: scalar"], "expm(a*A)*A"),
    ("adj(-X)", ["X: 3 x 3"], "adj(X)"),
    ("(ones(n,1) - x) .* y - y", ["x: n, y: n"], "-x .* y"),
    ("y/norm2(x) - x*x'*y/norm2(x)^3", ["x: n", "y: n"], "(y - (x'*y)*x/norm2(x)^2)/norm2(x)"),
    ("I/norm2(x) - x*x'/norm2(x)^3", ["x: n"], "(I - x*x'/norm2(x)^2)/norm2(x)"),
    ("A/sqrt(tr(A)) - B/tr(A)^(3/2)", ["A: n x n", "B: n x n"], "(A - B/tr(A))/sqrt(tr(A))"),
    ("A/s - B/s^2", ["A: n x m", "B: n x m", "s: scalar"], "A/s - B/s^2"),
    ("exp(2*a)*x - exp(a)*y", ["x: n", "y: n", "a: scalar"], "x*exp(2*a) - y*exp(a)"),
    ("sigmoid(a)*x - sigmoid(a)^2*x", ["x: n", "a: scalar"], "sigmoid(a)*(1 - sigmoid(a))*x"),
    ("tr(X)*A + B + tr(X)*C", ["A B C X: n x n"], "tr(X)*(A + C) + B"),
    ("1/2*(2*A + B)", ["A B: n x m"], "A + 1/2*B"),
    ("1/2*(A + 3*B - C)", ["A B C: n x m"], "1/2*(A + 3*B - C)"),
    ("-1/2*(tr(A) - tr(B))", ["A B: n x n"], "1/2*(tr(B) - tr(A))"),
    ("-2*(A - B)", ["A B: n x m"], "2*(B - A)"),
    ("-2*(A - B)*C", ["A B: n x m", "C: m x p"], "-2*(A - B)*C"),
    ("-(x - y)*z' - z*(x - y)' + A", ["x y z: n", "A: n x n"], "(y - x)*z' + z*(y - x)' + A"),
    ("x/(a*(1 + y'*y/a))", ["x y: n", "a: scalar"], "x/(a + y'*y)"),
    ("x/(a^2*(1 + y'*y/a)^2)", ["x y: n", "a: scalar"], "x/(a + y'*y)^2"),
    ("a*(1 + b)*x", ["x: n", "a b: scalar"], "a*(1 + b)*x"),
    ("inv(kron(A,B))*vec(X)", ["A: n x n, B: m x m, X: m x n"], "vec(B^-1*X*A^-1')"),
    ("inv(kron(A,B))", ["A: n x 2*n, B: 2*n x n"], "kron(A, B)^-1"),
    ("sum(kron(A,B))", ["A: n x m, B: p x q"], "sum(A)*sum(B)"),
    ("toeplitz(eye(n))", [], "n*eye(n)"),
    ("diag(A*X*A')", ["A: m x n", "X: n x n skew"], "zeros(m,1)"),
    ("tr(A*X*A')", ["A: m x n", "X: n x n skew"], "0"),
    ("(X + X^3) .* I + A", ["A: n x n", "X: n x n skew"], "A"),
    ("tr(X^2)", ["X: n x n skew"], "tr(X^2)"),
    ("x*(y - z)' + (z - y)*x'", ["x y z: n"], "x*(y - z)' - (y - z)*x'"),
    ("adj(A')*I .* I - adj(A) .* I", ["A: n x n"], "zeros(n,n)"),
    ("tril(A) - 1/2*(A .* I) - 1/2*(A' .* I)", ["A: n x n"], "tril(A) - A .* I"),
    ("A*adj(A)*x", ["A: n x n", "x: n"], "det(A)*x"),
    ("adj(A*B)*A*B", ["A B: n x n"], "det(A*B)*eye(n)"),
    ("adj(A)*A^-1", ["A: n x n"], "det(A)*A^-2"),
    ("adj(A)*B", ["A B: n x n"], "adj(A)*B"),
    ("adj(ones(n,n))*B", ["B: n x n"], "adj(ones(n,n))*B"),
    ("sinh(x) ./ cosh(x)", ["x: n"], "tanh(x)"),
    ("sin(a)^2*b/cos(a)^2", ["a b: scalar"], "b*tan(a)^2"),
    ("sin(a)^2*b/cos(a)", ["a b: scalar"], "b*sin(a)^2/cos(a)"),
    ("A*B*adj(A*B)", ["A B: n x n"], "det(A*B)*eye(n)"),
]


@pytest.mark.parametrize(("text", "let", "simpler"), SIMPLER, ids=[t for t, _, _ in SIMPLER])
def test_to_what_a_person_prints(text, let, simpler):
    from matcalc.expression.text import to_text

    assert to_text(simplify(parse(text, let))) == simpler


def test_nothing_is_expanded_that_was_factored():
    e = parse("2*A'*(A*x - b)", ["A: m x n", "x: n", "b: m"])
    assert simplify(e) == e


FORMS = [
    (is_symmetric, "X'*S*X", ["X: n x m", "S: n x n symmetric"], True),
    (is_symmetric, "X*S", ["X: n x n", "S: n x n symmetric"], False),
    (is_lower, "inv(L)*chol(S)", ["L: n x n lower", "S: n x n spd"], True),
    (is_lower, "L'", ["L: n x n lower"], False),
    (is_diagonal, "diag(x)*D + I", ["D: n x n diagonal", "x: n"], True),
    (is_diagonal, "D*X", ["D: n x n diagonal", "X: n x n"], False),
]


@pytest.mark.parametrize(("test", "text", "let", "expected"), FORMS)
def test_structure_by_form(test, text, let, expected):
    assert test(settle(parse(text, let))) is expected
