"""LaTeX as in print, and Python source that computes what the expression says."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings
from random_expressions import SYMBOLS, evaluation, expressions

from matcalc import derive
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression import algebra
from matcalc.expression.expr import Symbol
from matcalc.expression.latex import latex_name, to_latex
from matcalc.expression.python_text import to_python
from matcalc.expression.scope import Scope
from matcalc.shape import SIGNATURES, Dim

PRINTED = [
    ("tr(A*X*B)", r"\operatorname{tr}(A X B)"),
    ("A'*B' + B*A - (A'*B').*I", r"A^\top B^\top + B A - (A^\top B^\top) \odot I"),
    ("det(X)*(2*X^-1 - X^-1.*I)", r"\det(X) (2 X^{-1} - X^{-1} \odot I)"),
    ("X'^-1", r"(X^{-1})^\top"),
    ("-1/2*y'*Sigma^-1*y", r"-\tfrac{1}{2} y^\top \Sigma^{-1} y"),
    ("x'*A*x/(2*x'*x)", r"\frac{x^\top A x}{2 x^\top x}"),
    ("x*exp(-x'*x/2)", r"x \exp\left(-\tfrac{1}{2} x^\top x\right)"),
    ("norm2(x)^2 + norm2(X)", r"\lVert x \rVert_2^{2} + \lVert X \rVert_F"),
    ("norm1(x)", r"\lVert x \rVert_1"),
    ("logdet(X) + logdet(X*Y)", r"\log\lvert\det X\rvert + \log\lvert\det (X Y)\rvert"),
    ("sqrt(det(X))", r"\sqrt{\det(X)}"),
    ("sigmoid(x) .* abs(x)", r"\sigma(x) \odot \lvert x \rvert"),
    ("x.^2 ./ y", r"x^{\odot 2} \oslash y"),
    ("x.^(1/3)", r"x^{\odot (1/3)}"),
    ("a^(1/3)", "a^{1/3}"),
    ("A.^2 + A.^2'", r"A^{\odot 2} + (A^\top)^{\odot 2}"),
    ("kron(A, B)*C", r"(A \otimes B) C"),
    ("A*vector(1)", r"A \mathbf{1}"),
    ("tr(X)*eye(rows(X))", r"\operatorname{tr}(X) I_{n}"),
    ("X + I", "X + I"),
    ("commutation(n,m)*x", "K_{n,m} x"),
    ("sqrtm(X*Y)*Sigma", r"(X Y)^{1/2} \Sigma"),
    ("sqrtm(Sigma)^-1*x", r"\Sigma^{-1/2} x"),
    ("frechet_expm(X, Y)", r"\mathrm{D}\operatorname{expm}(X)[Y]"),
    ("toeplitz_mean(X)", r"\operatorname{toeplitz\_mean}(X)"),
    ("2*3^a*pi", r"2 \pi \cdot 3^{a}"),
    ("(2*pi)^(a/2)", r"(2 \pi)^{\tfrac{1}{2} a}"),
]
NAMES = {
    "X": "X", "Sigma": r"\Sigma", "Alpha": r"\mathrm{A}", "mu_hat": r"\hat{\mu}", "mu_hat1": r"\hat{\mu}_{1}",
    "x1": "x_{1}", "x_10": "x_{10}", "x_test": r"x_{\mathit{test}}", "loss": r"\mathit{loss}", "dX": r"\mathrm{d}X",
    "dmu_hat": r"\mathrm{d}\hat{\mu}", "Sigma_a_b": r"\Sigma_{\mathit{a,b}}",
}  # fmt: skip


@pytest.mark.parametrize(("typed", "latex"), PRINTED, ids=[typed for typed, _ in PRINTED])
def test_latex_as_in_print(typed, latex):
    assert to_latex(Scope().read(typed)[0]) == latex


@pytest.mark.parametrize(("name", "latex"), NAMES.items())
def test_names(name, latex):
    assert latex_name(name) == latex


def test_a_notebook_shows_latex():
    assert Scope().read("A*x")[0]._repr_latex_() == r"$\displaystyle A x$"


@given(expression=expressions())
@settings(max_examples=60, deadline=None)
def test_latex_is_well_formed(expression):
    latex = to_latex(expression)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left(") == latex.count(r"\right)")
    assert not re.search(r"\^(\\top|\{[^{}]*\})\^", latex), "two superscripts on one base"


def applied(name):
    """A function of the language on arrays, by way of an expression of it."""

    def function(*arrays):
        values = {f"x{k}": np.atleast_2d(a) for k, a in enumerate(arrays)}
        operands = [Symbol(key, (Dim(v.shape[0]), Dim(v.shape[1]))) for key, v in values.items()]
        return Evaluation(values, {})(algebra.call(name, *operands))

    return function


NAMESPACE = {name: applied(name) for name in SIGNATURES} | {
    "eye": np.eye,
    "ones": lambda n, m: np.ones((n, m)),
    "zeros": lambda n, m: np.zeros((n, m)),
    "hadamard": np.multiply,
    "pi": np.pi,
    "jnp": SimpleNamespace(linalg=np.linalg),
}


@given(expression=expressions())
@settings(max_examples=60, deadline=None)
def test_python_source_computes_the_expression(expression):
    at = evaluation()
    with np.errstate(all="ignore"):
        try:
            expected = at(expression)
        except np.linalg.LinAlgError:
            reject()
        assume(np.isfinite(expected).all())
        source = to_python(expression)
        found = eval(source, NAMESPACE | at.values | at.sizes)
    found = np.broadcast_to(found, np.shape(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-14, err_msg=source)


@pytest.mark.parametrize(
    ("typed", "source"),
    [
        ("-1/2*y'*S^-1*y", "-1/2 * y.T @ inv(S) @ y"),
        ("(A .* B)'", "hadamard(A.T, B.T)"),
        ("X^3 + X'^-1", "jnp.linalg.matrix_power(X, 3) + inv(X).T"),
        ("X .* I", "hadamard(X, eye(X.shape[0]))"),
        ("lambda'*x", "lambda_.T @ x"),
        ("x*exp(a)/tr(X)", "x * exp(a) / tr(X)"),
        ("(x'*y)*A", "(x.T @ y) * A"),
    ],
)
def test_python_source(typed, source):
    assert to_python(Scope().read(typed)[0]) == source


def test_every_symbol_of_the_random_expressions_has_latex():
    assert [to_latex(s) for s in SYMBOLS][:7] == ["A", "B", "C", "X", "Y", r"\Sigma", "x"]


@pytest.mark.parametrize(
    ("f", "wrt", "order", "size"),
    [
        ("tr(X)", "X", 1, "X.shape[0]"),
        ("norm2(A - x*y')^2", "y", 2, "A.shape[1]"),
        ("vector(1)'*x", "x", 1, "x.shape[0]"),
    ],
)
def test_a_size_whose_owner_is_not_in_the_formula_is_read_off_it_all_the_same(f, wrt, order, size):
    assert size in derive(f, wrt, order=order).form.python
