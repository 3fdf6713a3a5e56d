"""What `derive` answers: in the form a person prints, verified on the printed text, in every reading."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from matcalc import (
    NoRuleError,
    ShapeError,
    UnverifiedError,
    check,
    check_inequality,
    check_stationary,
    derivation,
    derive,
    derive_each,
    parse,
    proofread,
    symbols,
    tr,
)
from matcalc.derivative import Derivative, differentiate, evidence
from matcalc.differentiation.form import Form
from matcalc.errors import ArgumentError, DeclarationError, DomainError, MatcalcError
from matcalc.structure import SKEW, Reading
from matcalc.testing import assert_equal, assert_gradient

N20 = ["A: p x n", "X: n x n symmetric", "B: n x p"]

# expression, variable, declarations, what is printed in the default reading
PRINTED = [
    ("tr(A*X*B)", "X", [], "Aᵀ Bᵀ"),
    ("tr(A*X*B)", "X", N20, "Aᵀ Bᵀ + B A - (Aᵀ Bᵀ) ⊙ I"),
    ("a'*X*b", "X", ["a: n, b: n, X: symmetric"], "a bᵀ + b aᵀ - (a bᵀ) ⊙ I"),
    ("det(X)", "X", [], "det(X) (X⁻¹)ᵀ"),
    ("det(X)", "X", ["X: symmetric"], "det(X) (2 X⁻¹ - X⁻¹ ⊙ I)"),
    ("y'*inv(Sigma)*y", "Sigma", ["Sigma: symmetric"], "-2 Σ⁻¹ y yᵀ Σ⁻¹ + (Σ⁻¹ y yᵀ Σ⁻¹) ⊙ I"),
    ("y'*Lambda*y", "Lambda", ["Lambda: symmetric"], "2 y yᵀ - (y yᵀ) ⊙ I"),
    ("x'*A*x", "x", [], "(A + Aᵀ) x"),
    ("x'*A*x", "x", ["A: symmetric"], "2 A x"),
    ("norm2(A*x - b)^2", "x", ["b: m"], "2 Aᵀ (A x - b)"),
    ("norm2(X)", "X", [], "X / norm2(X)"),
    ("logdet(X'*C*X)", "X", [], "C X (Xᵀ C X)⁻¹ + Cᵀ X (Xᵀ Cᵀ X)⁻¹"),
    ("tr(X^3)", "X", [], "3 (X²)ᵀ"),
    ("tr(expm(X))", "X", [], "expm(Xᵀ)"),
    ("logsumexp(A*x)", "x", [], "Aᵀ softmax(A x)"),
    ("-1/2*(x-mu)'*inv(S)*(x-mu)", "mu", ["S: spd"], "S⁻¹ (x - μ)"),
    ("tr(A*X)", "X", ["X: lower"], "tril(Aᵀ)"),
    ("tr(A*X)", "X", ["X: skew"], "Aᵀ - A"),
    ("norm2(X)", "X", ["X: skew"], "2 X / norm2(X)"),
    ("tr(A*X)^3", "X", ["X: skew"], "3 tr(A X)² (Aᵀ - A)"),
    ("det(X)", "X", ["X: skew"], "adj(-X) - adj(X)"),
    ("log(1 + det(X)^2)", "X", ["X: skew"], "2 det(X) (adj(-X) - adj(X)) / (1 + det(X)²)"),
    ("det(X)", "X", ["X: 3 x 3 skew"], "zeros(3,3)"),
    ("det(X)", "X", ["X: 4 x 4 skew"], "-2 det(X) X⁻¹"),
    ("tr(A*X)", "X", ["X: toeplitz"], "toeplitz(Aᵀ)"),
    ("logdet(X)", "X", ["X: diagonal"], "X⁻¹"),
    ("tr(A*X*B*X')", "X", ["X: orthogonal"], "1/2 (Aᵀ X Bᵀ + A X B - X (B Xᵀ A + Bᵀ Xᵀ Aᵀ) X)"),
    ("norm2(kron(A,X))^2", "X", [], "2 tr(Aᵀ A) X"),
    ("log(softmax(x))", "x", ["x: n"], "I - ones(n,1) softmax(x)ᵀ"),
    ("log(1 + exp(-b*w'*x))", "w", [], "-b sigmoid(-b wᵀ x) x"),
    ("sum(log(diag(chol(X))))", "X", ["X: spd"], "X⁻¹ - 1/2 (X⁻¹ ⊙ I)"),
    ("-1/2*norm2(inv(chol(X))*y)^2", "X", ["X: spd", "y: n"], "X⁻¹ y yᵀ X⁻¹ - 1/2 ((X⁻¹ y yᵀ X⁻¹) ⊙ I)"),
    ("tr(expm(X))", "X", ["X: diagonal"], "expm(X)"),
    ("abs(det(X))", "X", [], "abs(det(X)) (X⁻¹)ᵀ"),
    ("norm2(y - V*tanh(W*x))^2", "V", [], "-2 (y - V tanh(W x)) tanh(W x)ᵀ"),
    ("y'*inv(A + x*x')*y", "x", ["A: spd"], "-2 (yᵀ (A + x xᵀ)⁻¹ x) (A + x xᵀ)⁻¹ y"),
    ("-y'*log(softmax(x))", "x", [], "sum(y) softmax(x) - y"),
    ("inv(X)", "X", [], "-X⁻¹ dX X⁻¹"),
    ("X'*X", "X", ["X: symmetric"], "dX X + X dX"),
    ("A*x", "x", [], "A"),
    ("softmax(x)", "x", [], "diag(softmax(x)) - softmax(x) softmax(x)ᵀ"),
    ("tr(inv(A + s*I))", "s", ["A: spd", "s: positive"], "-tr((A + s I)⁻²)"),
    ("expm(s*A)", "s", ["s: scalar"], None),
    ("sum(chol(X))", "X", ["X: spd"], None),
    ("tr(A*logm(X*X'))", "X", [], None),
    ("tr(adj(X)*A)", "X", [], "tr(A adj(X)) (X⁻¹)ᵀ - (X⁻¹)ᵀ Aᵀ adj(Xᵀ)"),
    ("(x'*A*x)/(x'*x)", "x", ["A: symmetric"], "2 (A x - (xᵀ A x) x / (xᵀ x)) / (xᵀ x)"),
    ("x/norm2(x)", "x", ["x: n"], "(I - x xᵀ / norm2(x)²) / norm2(x)"),
    ("sigmoid(w'*x)", "w", [], "sigmoid(wᵀ x) (1 - sigmoid(wᵀ x)) x"),
    ("tr(X)*tr(A*X)", "X", ["X: symmetric"], "tr(A X) I + tr(X) (Aᵀ + A - Aᵀ ⊙ I)"),
    ("norm2(y - X*x)^2", "X", ["X: symmetric"], "2 ((X x - y) xᵀ + x (X x - y)ᵀ - ((X x - y) xᵀ) ⊙ I)"),
    ("log(1 + y'*inv(S)*y/a)", "y", ["S: spd", "a: scalar"], "2 S⁻¹ y / (a + yᵀ S⁻¹ y)"),
    ("vec(B)'*inv(kron(A,X))*vec(B)", "X", ["A: m x m spd", "X: n x n spd"], None),
    ("inv(A + x*x')*y", "x", ["A: spd"], "-((xᵀ (A + x xᵀ)⁻¹ y) (A + x xᵀ)⁻¹ + (A + x xᵀ)⁻¹ x yᵀ (A + x xᵀ)⁻¹)"),
    ("sum(kron(A,X))", "X", ["A: p x q, X: n x m"], "sum(A) ones(n,m)"),
    ("tr(X)^2", "X", ["X: n x n toeplitz"], "2 n tr(X) eye(n)"),
    ("norm2(y - X*z)^2", "X", ["X: skew"], "2 (z (y - X z)ᵀ - (y - X z) zᵀ)"),
    ("y'*inv(kron(K,S))*y", "S", ["S: m x m spd, K: n x n spd, y: n*m"], None),
    ("kron(a,X*b)'*c", "X", ["X: n x m, a: k, b: m, c: k*n"], "unvec(c, n, k) a bᵀ"),
    ("kron(X*b,a)'*c", "X", ["X: n x m, a: k, b: m, c: k*n"], "unvec(c, k, n)ᵀ a bᵀ"),
    ("kron(x,y)'*A*kron(x,y)", "x", ["x: n, y: m"], None),
    ("x'*kron(A,X)*B*y", "X", ["X: n x m, A: p x q, y: r"], None),
    ("sum(log(cosh(x)))", "x", ["x: n"], "tanh(x)"),
    ("tr(adj(X))", "X", ["X: n x n"], "tr(adj(X)) (X⁻¹)ᵀ - det(X) (X⁻²)ᵀ"),
]


NAMES = [f"{e}|{w}|{','.join(d)}" for e, w, d, _ in PRINTED]


@pytest.mark.parametrize(("expression", "wrt", "let", "printed"), PRINTED, ids=NAMES)
def test_the_answer_is_verified_and_printed_as_a_person_would(expression, wrt, let, printed):
    derivative = derive(expression, wrt, let)
    assert derivative.verified.ok
    assert derivative.verified.max_relative_error < 1e-8
    if printed is not None:
        assert str(derivative) == printed


SECOND = [
    ("x'*A*x", [], "A + Aᵀ"),
    ("logsumexp(x)", [], "diag(softmax(x)) - softmax(x) softmax(x)ᵀ"),
    ("log(a*x'*x)", ["x: n"], None),
    ("x^3", ["x: scalar"], "6 x"),
    ("sum(sqrt(ones(n,1) + x.^2))", ["x: n"], "diag((ones(n,1) + x.^2).^(-3/2))"),
    ("exp(-norm2(x-y)^2/2)", ["x: n", "y: n"], "((x - y) (x - y)ᵀ - I) exp(-1/2 norm2(x - y)²)"),
    ("sum(log(ones(n,1) + exp(x)))", ["x: n"], "diag(sigmoid(x) ⊙ (ones(n,1) - sigmoid(x)))"),
]


@pytest.mark.parametrize(("expression", "let", "printed"), SECOND)
def test_hessians(expression, let, printed):
    derivative = derive(expression, "x", let, order=2)
    assert derivative.kind == "hessian"
    assert printed is None or str(derivative) == printed


def test_a_differential_comes_with_its_matrix():
    derivative = derive("logdet(X)", "X", order=2)
    assert (derivative.kind, str(derivative)) == ("differential", "-(X⁻¹)ᵀ dXᵀ (X⁻¹)ᵀ")
    assert derivative.form.vec is not None
    assert str(derivative.form.vec) == "-(X⁻¹ ⊗ (X⁻¹)ᵀ) commutation(rows(X), rows(X))"


SECOND_DIFFERENTIALS = [
    ("inv(X)", "X", [], "2 X⁻¹ dX X⁻¹ dX X⁻¹"),
    ("X'*X", "X", [], "2 dXᵀ dX"),
    ("X*A*X", "X", ["X: symmetric"], "2 dX A dX"),
    ("X*X'", "X", ["X: lower"], "2 dX dXᵀ"),
    ("X^3", "X", [], "2 (dX² X + dX X dX + X dX²)"),
    ("logdet(X)*X", "X", ["X: spd"], "2 tr(X⁻¹ dX) dX - tr(X⁻¹ dX X⁻¹ dX) X"),
    ("inv(X)*y", "X", ["X: toeplitz"], "2 X⁻¹ dX X⁻¹ dX X⁻¹ y"),
    ("kron(X,X)", "X", [], "2 (dX ⊗ dX)"),
    ("expm(X)", "X", ["X: skew"], "frechet_expm(X, dX, dX)"),
    ("chol(X)", "X", ["X: spd"], None),
    ("exp(x)", "x", ["x: n"], "exp(x) ⊙ dx.^2"),
    ("x*x'", "x", ["x: n"], "2 dx dxᵀ"),
    ("A*x", "x", ["A: m x n"], "zeros(m,1)"),
]


@pytest.mark.parametrize(("expression", "wrt", "let", "printed"), SECOND_DIFFERENTIALS)
def test_second_differentials_of_what_is_no_scalar(expression, wrt, let, printed):
    derivative = derive(expression, wrt, let, order=2)
    assert derivative.kind == "second-differential"
    assert derivative.verified.ok
    assert derivative.expr.shape == derivative.expression.shape
    assert printed is None or str(derivative) == printed


@pytest.mark.parametrize("spoilt", ["X^-1*dX*X^-1*dX*X^-1", "2*X^-1*dX*X^-1*dX'*X^-1", "2*X^-1*dX*X^-1"])
def test_a_spoilt_second_differential_is_withheld(spoilt):
    right = differentiate("inv(X)", "X", order=2)
    (e,) = right.scope.read(spoilt)
    fields = {k: getattr(right, k) for k in Derivative.__dataclass_fields__}
    readings = dict.fromkeys(Reading, Form(e, right.form.sizes))
    assert evidence(right).ok
    assert not evidence(Derivative(**{**fields, "readings": readings})).ok


@pytest.mark.parametrize(
    ("expression", "let", "order"),
    [
        ("expm(X)", "X: n x n", 1),
        ("logm(X)", "X: n x n spd", 1),
        ("toeplitz(A*X)", "A X: n x n", 1),
        ("toeplitz_mean(X)*X", "X: n x n", 1),
        ("tr(A*expm(X))", "A X: n x n", 2),
        ("tr(A*sqrtm(X))", "A X: n x n", 2),
    ],
)
def test_every_differential_of_a_matrix_function_has_a_matrix(expression, let, order):
    derivative = derive(expression, "X", [let], order=order)
    assert derivative.form.vec is not None
    assert derivative.verified.ok


def test_the_readings_of_an_unstructured_variable_are_one():
    readings = derive("tr(A*X)", "X").readings
    assert len({id(form) for form in readings.values()}) == 1


def test_through_the_cholesky_factor_there_is_no_ambient_reading():
    assert derive("sum(chol(X))", "X", ["X: spd"]).readings[Reading.AMBIENT] is None


def test_on_the_orthogonal_matrices_there_is_no_entrywise_reading():
    derivative = derive("tr(A*X)", "X", ["X: orthogonal"])
    assert derivative.readings[Reading.ENTRYWISE] is None
    assert derivative.reading is Reading.TANGENT
    with pytest.raises(NoRuleError, match="no free entries"):
        derive("tr(A*X)", "X", ["X: orthogonal"], reading="entrywise")


def test_ambient_is_the_derivative_as_typed():
    """tr(A Xᵀ) and tr(A X) are the same function on symmetric matrices, and not off them."""
    one, other = (derive(e, "X", ["X: symmetric"], reading="ambient") for e in ("tr(A*X')", "tr(A*X)"))
    assert (str(one), str(other)) == ("A", "Aᵀ")


def test_a_variable_that_does_not_occur_has_derivative_zero_and_it_says_so():
    derivative = derive("tr(A)", "X", ["X: n x m"])
    assert str(derivative) == "zeros(n,m)"
    assert derivative.notes == ["X does not occur in the expression: the derivative is zero"]


def test_by_several_variables():
    found = derive_each("norm2(A - U*V')^2", ["U", "V"])
    assert {n: str(d) for n, d in found.items()} == {"U": "-2 (A - U Vᵀ) V", "V": "-2 (Aᵀ - V Uᵀ) U"}


@pytest.mark.parametrize("wrt", [["U", "V"], 3])
@pytest.mark.parametrize(
    "ask", [derive, lambda e, wrt: check(e, e, wrt), lambda e, wrt: check_stationary(e, wrt, "0", [])]
)
def test_what_is_no_variable_is_refused_by_name(ask, wrt):
    with pytest.raises(ArgumentError, match="wrt: expected the name of a variable or its symbol, got"):
        ask("norm2(A - U*V')^2", wrt)


def test_the_layout_turns_a_jacobian():
    assert str(derive("A*x", "x", layout="denominator")) == "Aᵀ"


def test_expressions_of_symbols():
    X, A, B = symbols("X: n x n symmetric, A: p x n, B: n x p")
    assert str(derive(tr(A @ X @ B), X)) == "Aᵀ Bᵀ + B A - (Aᵀ Bᵀ) ⊙ I"


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_the_closed_form_is_a_jax_function(dtype):
    derivative = derive("logdet(X)", "X", ["X: n x n spd"], reading="tangent")
    with jax.enable_x64(dtype == jnp.float64):
        x = jnp.array([[2.0, 0.5], [0.5, 1.0]], dtype)
        found = jax.jit(derivative.function())(x)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, np.linalg.inv(x), rtol=1e-5)
        np.testing.assert_allclose(jax.vmap(derivative)(jnp.stack([x, 2 * x]))[1], found / 2, rtol=1e-5)


def test_the_hessian_contract_of_json():
    found = derive("tr(A*X*B)", "X", N20).to_json()
    assert found.keys() == {"expr", "wrt", "order", "kind", "structure", "shape", "readings", "verified"}
    assert found["shape"] == ["n", "n"]
    assert found["readings"]["tangent"]["text"] == "1/2*(A'*B' + B*A)"
    assert found["verified"]["ok"] is True


def test_an_answer_that_does_not_verify_is_withheld():
    """The verification can fail: a spoilt closed form is refuted."""
    right = differentiate("tr(A*X*B)", "X")
    wrong = Form(2 * right.expr, right.form.sizes)
    fields = {k: getattr(right, k) for k in Derivative.__dataclass_fields__}
    spoilt = Derivative(**{**fields, "readings": dict.fromkeys(Reading, wrong)})
    assert evidence(right).ok
    assert not evidence(spoilt).ok


BAD = [
    (("chol(X)", "X"), NoRuleError, "declare it spd"),
    (("tr(A*X)", "X", (), None, 3), MatcalcError, "expected 1 or 2"),
    (("X^2", "X", ["X: n x n orthogonal"], None, 2), NoRuleError, "has a part in d^2X besides"),
    (("tr(dX*X)", "X"), DeclarationError, "dX is the differential of X"),
    (("tr(A*X)", "X", ["A: p x n", "X: m x p"]), ShapeError, "A (p x n)"),
    (("log(-x'*x)", "x"), MatcalcError, "no point was found"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_what_cannot_be_done_says_so(arguments, error, message):
    with pytest.raises(error) as caught:
        derive(*arguments)
    assert message in str(caught.value)
    assert not isinstance(caught.value, UnverifiedError)


@pytest.mark.parametrize(("f", "second"), [("a^2*A", "2*A"), ("a^2*x'", "2*x'"), ("expm(a*B)", "expm(a*B)*B^2")])
def test_a_second_derivative_by_a_scalar_has_the_shape_of_what_is_differentiated(f, second):
    assert check(f, second, "a", ["A: m x n", "B: n x n", "x: n"], order=2).verdict == "right"
    assert derive(f, "a", ["A: m x n", "B: n x n", "x: n"], order=2).form.text.replace(", ", ",") == second.replace(
        ", ", ","
    )


@pytest.mark.parametrize(
    ("f", "structure", "order"), [("tr(X^2)", "skew", 2), ("X*A*X'", "skew", 1), ("tr(X'*A*X)", "orthogonal", 2)]
)
def test_a_structure_that_does_not_move_in_one_dimension_is_no_obstacle(f, structure, order):
    assert derive(f, "X", [f"X: n x n {structure}", "A: n x n"], order=order).verified.ok


@pytest.mark.parametrize("n", [2, 3])
def test_the_determinant_of_a_skew_matrix_has_its_derivative_at_every_order(n):
    X = SKEW.sample(np.random.default_rng(n), n, n)
    derivative = derive("det(X)", "X", ["X: n x n skew"])
    adjugate = np.array([[X[1, 1], -X[0, 1]], [-X[1, 0], X[0, 0]]]) if n == 2 else cofactors(X).T
    np.testing.assert_allclose(derivative.function("ambient")(X=X), adjugate.T, atol=1e-6)
    np.testing.assert_allclose(derivative(X=X), adjugate.T - adjugate, atol=1e-6)


def cofactors(a):
    """The 3 x 3 cofactors: the cross products of the rows."""
    return np.stack([np.cross(a[1], a[2]), np.cross(a[2], a[0]), np.cross(a[0], a[1])])


@pytest.mark.parametrize(
    ("f", "let", "noted"),
    [
        ("logdet(X)", "X: n x n skew", ["X is singular where its order is odd: there the form has no value"]),
        ("det(inv(X))", "X: n x n skew", ["X is singular where its order is odd: there the form has no value"]),
        ("logdet(X)", "X: 4 x 4 skew", []),
        ("logdet(X)", "X: n x n symmetric", []),
        ("logdet(I + X)", "X: n x n skew", []),
    ],
)
def test_a_form_without_a_value_at_some_sizes_is_noted(f, let, noted):
    assert derive(f, "X", [let]).notes == noted


def test_the_logistic_loss_has_a_derivative_far_from_0():
    derivative = derive("log(1 + exp(w'*x))", "w")
    for sign in (1, -1):
        np.testing.assert_allclose(derivative(w=[sign * 1000.0, 0.0], x=[1.0, 2.0]), [sign > 0, 2 * (sign > 0)])


@pytest.mark.parametrize("f", ["(tr(X) - tr(X))*sum(y) + tr(X)", "tr(X)"])
def test_what_is_declared_may_be_given_though_the_derivative_is_free_of_it(f):
    derivative = derive(f, "X", ["X: n x n", "y: n"])
    np.testing.assert_array_equal(derivative(X=np.ones((2, 2)), y=np.ones(2)), np.eye(2))
    np.testing.assert_array_equal(derivative(np.ones((2, 2))), np.eye(2))
    with pytest.raises(ShapeError):
        derivative(X=np.ones((2, 2)), y=np.ones(3))


OFF = np.array([[2.0, 1.0], [3.0, 4.0]])
BREAKING = [  # a structure, a member, an array that is none
    ("symmetric", OFF + OFF.T, OFF),
    ("spd", OFF + OFF.T, OFF),
    ("diagonal", np.diag([1.0, 2.0]), OFF),
    ("lower", np.tril(OFF), OFF),
    ("upper", np.triu(OFF), OFF),
    ("skew", OFF - OFF.T, OFF),
    ("toeplitz", np.array([[1.0, 2.0], [3.0, 1.0]]), OFF),
    ("orthogonal", np.array([[0.6, -0.8], [0.8, 0.6]]), OFF),
]


@pytest.mark.parametrize(("structure", "member", "other"), BREAKING, ids=[b[0] for b in BREAKING])
def test_an_array_that_breaks_its_declaration_is_refused(structure, member, other):
    derivative = derive("tr(A*X*X)", "X", [f"X: n x n {structure}, A: n x n"])
    arrays = {"A": np.eye(2)}
    assert np.isfinite(derivative(X=member, **arrays)).all()
    assert np.isfinite(derivative(X=np.float32(member) * np.float32(1 + 1e-7), **arrays)).all()
    with pytest.raises(DomainError, match=f"X: expected a matrix that is {structure}, as declared; entry"):
        derivative(X=other, **arrays)
    jax.jit(derivative.function())(X=other, **arrays)  # values are not known: nothing is checked
    assert np.isnan(derivative(X=np.full((2, 2), np.nan), **arrays)).any()


def test_a_scalar_declared_positive_is_positive():
    derivative = derive("log(s)", "s", ["s: positive"])
    assert derivative(s=2.0) == 0.5
    with pytest.raises(DomainError, match="s: expected a positive number, as declared, got -2; pass one"):
        derivative(s=-2.0)


def test_the_direction_of_a_differential_lies_along_the_structure():
    derivative = derive("X*X'", "X", ["X: n x n symmetric"])
    with pytest.raises(DomainError, match="dX: expected a matrix that is symmetric"):
        derivative(X=np.eye(2), dX=OFF)


WAYS_TO_DECLARE = {
    "a text": "X: n x n symmetric, A: n x n",
    "a list": ["X: n x n symmetric", "A: n x n"],
    "a mapping": {"X": "n x n symmetric", "A": "n x n"},
}


@pytest.mark.parametrize("let", WAYS_TO_DECLARE.values(), ids=WAYS_TO_DECLARE)
def test_every_function_reads_declarations_in_every_way(let, tmp_path):
    document = tmp_path / "paper.tex"
    document.write_text("$$\\operatorname{tr}(X^T A) = \\operatorname{tr}(X A)$$")
    assert str(derive("tr(A*X)", "X", let)) == str(derive("tr(A*X)", "X", WAYS_TO_DECLARE["a list"]))
    assert list(derive_each("tr(A*X)", ["X", "A"], let)) == ["X", "A"]
    assert {s.structure for s in parse("tr(A*X)", let).symbols} == {"symmetric", "general"}
    assert check("tr(A*X)", "A + A' - A .* I", "X", let).right_under == ("entrywise",)
    assert derivation("tr(X'*A) = tr(X*A)", let).steps[0].verdict.is_right
    assert proofread(document, let).steps[0].verdict.is_right
    assert check_stationary("tr(X*X)", "X", "0*A", let).verdict == "right"
    assert check_inequality("tr(X*X)", ">= 0", let).verdict == "undecided"
    assert_equal("tr(X'*A)", "tr(X*A)", let)
    assert_gradient("tr(A*X)", "A + A' - A .* I", "X", let, reading="entrywise")
