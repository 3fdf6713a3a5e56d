"""LaTeX is read into the language: what papers write, what the library prints, and whatever else comes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_expressions import SYMBOLS, expressions, same

from matcalc.errors import MatcalcError, ParseError
from matcalc.expression.latex import to_latex
from matcalc.expression.scope import Scope
from matcalc.expression.text import to_text
from matcalc.language.latex_syntax import parse_formula
from matcalc.language.latex_tokens import tokenise
from matcalc.language.latex_words import CHARACTERS, FONTS, MACROS
from matcalc.language.plain import plain
from matcalc.language.statements import chains, read
from matcalc.language.syntax import rational
from matcalc.verdict import check

READ = [  # as papers write it, and in the language
    (r"\operatorname{tr}(AXB)", "tr(A*X*B)"),
    (r"\mathrm{tr}(AXB)", "tr(A*X*B)"),
    (r"\text{tr}\left(A X B\right)", "tr(A*X*B)"),
    (r"\tr AXB", "tr(A*X*B)"),
    (r"A^\top B^T + BA - (A^{\top} B^{T}) \odot I_n", "A'*B' + B*A - (A'*B') .* eye(n)"),
    (r"X^{-1} + X^{-\top} + X^{-T}", "X^-1 + X^-1' + X^-1'"),
    (r"\mathbf{x}^\top \boldsymbol{\Sigma}^{-1} \bm x", "x'*Sigma^-1*x"),
    (r"\bigl(A + B\bigr)' C", "(A + B)'*C"),
    (r"yy^\top \circ I", "(y*y') .* I"),
    (r"A \otimes B", "kron(A, B)"),
    (r"\det X \, X^{-1}", "det(X)*X^-1"),
    (r"|\Sigma|^{-1} + |x^\top x|", "det(Sigma)^-1 + abs(x'*x)"),
    (r"\log\det \Sigma", "log(det(Sigma))"),
    (r"\ln 2\pi", "log(2*pi)"),
    (r"e^{-x^\top x/2}", "exp(-x'*x/2)"),
    (r"\exp\left\{-\frac{1}{2} a\right\}", "exp(-1/2*a)"),
    (r"\lVert y \rVert_2^2 + \|X\|_F^2 + \left\|y\right\|^2", "norm2(y)^2 + norm2(X)^2 + norm2(y)^2"),
    (r"\|y\|_1", "norm1(y)"),
    (r"\sqrt{\det X} + \frac12 \sqrt2", "sqrt(det(X)) + 1/2*sqrt(2)"),
    (r"\Sigma^{-\frac{1}{2}} (x - \hat\mu)", "sqrtm(Sigma)^-1*(x - mu_hat)"),
    (r"\bar{x} + \tilde y", "x_bar + y_tilde"),
    (r"A \mathbf{1}_n", "A*ones(n,1)"),
    (r"x_1 + x_{test}", "x1 + x_test"),
    (r"\underbrace{A B}_{=C} x", "A*B*x"),
    (r"\cancel{A} + 2 \cdot B \times C", "A + 2*B*C"),
    (r"x^{\odot 2}", "x.^2"),
    (r"\operatorname{vec}(X) + \vec{x}", "vec(X) + x"),
    (r"\mathbf{AXB}\,\mathbf{x} + \mathbf{I}_n \boldsymbol{\mu}", "A*X*B*x + eye(n)*mu"),
    (r"\|X\|_{\rm F}^2 + \operatorname{tr}({\bf A}^{\rm T} A)", "norm2(X)^2 + tr(A'*A)"),
    (r"\tanh^2(x) + \exp(x)", "tanh(x).^2 + exp(x)"),
    (r"e^{AA^\top} + \log(A A^\top) + \sqrt{AA^\top}", "expm(A*A') + logm(A*A') + sqrtm(A*A')"),
    (r"\exp_{\odot}(A A^\top) + e^{x^\top x} A A^\top", "exp(A*A') + exp(x'*x)*A*A'"),
    (r"\exp(A) + e^X", "expm(A) + expm(X)"),
    (r"{\bf x}^{\rm T} {\cal A} \mathbf{x}", "x'*A*x"),
    (r"{\rm tr}(A X) + \mathop{\rm tr}(A) + \mathop{\mathrm{tr}}\nolimits(X)", "tr(A*X) + tr(A) + tr(X)"),
    (r"\bar{\mathbf{x}} + \hat{{\bm{x}}} + \tilde{\boldsymbol{\beta}}", "x_bar + x_hat + beta_tilde"),
    (
        r"w_{\mathrm{MAP}} + w_{\text{ML}} + \hat{w}_{\rm test} + w_{\text{k-th step}}",
        "w_MAP + w_ML + w_hat_test + w_k_th_step",
    ),
    (r"w^* + w^{\star} + x^\ast + w_1^*", "w_star + w_star + x_star + w_star1"),
    (r"w^{*\top} A w^*", "w_star'*A*w_star"),
    (r"\frac1dX + \frac2dX^\top", "1/d*X + 2/d*X'"),
    (r"\mathrm{e}^{x^\top x} + \boxed{a + b} c", "exp(x'*x) + (a + b)*c"),
    (r"A \mathbf1_n + A {\bf 1}_n", "A*ones(n,1) + A*ones(n,1)"),
    (r"\boxed{X} \mathbin{+} X", "X + X"),
    (r"X^{-2\top} + X^{\top -1}", "X^-2' + X^-1'"),
]
REFUSED = {
    "": "empty",
    r"\alpha \foo": "foo is not known",
    r"\operatorname{rank}(X)": "no such function",
    r"\mathrm{rank}(X)": "no such function",
    r"\left(A + B": "ends too early",
    r"A + B\right)": "closes nothing",
    r"x^{2": "ends too early",
    r"\frac{A}": "ends too early",
    r"A +": "ends too early",
    r"\frac{a}{b} + a / b c": "ambiguous",
    r"\sum_{i=1}^n x_i": "a sum over indices",
    r"\begin{pmatrix} 1 \end{pmatrix}": "pmatrix",
    r"\int x dx": "an integral",
    r"\log_2 x": "unexpected",
    "{" * 200: "nested deeper",
    r"\alpha" * 5000: "at most",
    r"\frac{\partial^3 f}{\partial x^3}": "order",
    r"\lvert x \rvert": r"its norm is written \lVert x \rVert",
    r"{\bf 1b^\top} x": "a bold number in a longer bold formula",
    r"\mathbf{1b^\top} x": "a bold number in a longer bold formula",
    r"\mathbf{0}^\top x": "the zero vector is read only as",
    r"\exp(\mathbf{0})": "the zero vector is read only as",
    r"\text{rank}(X)": "rank(): there is no such function",
    r"a + (a = b)": "an equality in brackets is not read",
    r"\operatorname{arg\,min} x": "argmin(): there is no such function",
    r"\begin{bmatrix} a \\ b \end{bmatrix}": r"\begin{bmatrix} is not read",
}


@pytest.mark.parametrize(("latex", "text"), READ, ids=[latex for latex, _ in READ])
def test_what_papers_write(latex, text):
    assert Scope().read(latex)[0] == Scope().read(text)[0]


@pytest.mark.parametrize(("latex", "reason"), REFUSED.items())
def test_what_cannot_be_read_says_why_and_where(latex, reason):
    with pytest.raises(ParseError, match=re.escape(reason)) as caught:
        plain(parse_formula(tokenise(latex), latex), Scope().shape_of)
    assert caught.value.position is not None


@pytest.mark.parametrize("ones", [r"\mathbf1", r"{\bf 1}", r"\mathbf{1}", r"\bf 1"])
def test_a_bold_one_is_a_vector_however_it_is_written(ones):
    with pytest.raises(MatcalcError, match="size"):
        check(rf"{ones}b^\top x", "b", "x", ["x: n", "b: n"])
    assert check(rf"{ones}^\top x", r"\mathbf{1}", "x", ["x: n"]).is_right


@settings(max_examples=150, deadline=None)
@given(expressions(depth=2))
def test_what_is_printed_is_read_back(e):
    latex = to_latex(e)
    if re.search(
        r"\\sigma|\\lvert|\\oslash|frechet|mathrm\{D\}|K_\{|I_|mathbf|operatorname\{(step|unvec|blocktrace)", latex
    ):
        return  # σ is a name, |X| a determinant, and sizes of constants are told from their place
    scope = Scope.of(SYMBOLS)
    try:
        (back,) = scope.read(rf"\!{latex}", like=e.shape)
    except MatcalcError as error:
        raise AssertionError(f"{to_text(e)} is printed as {latex}: {error}") from None
    assert same(back, e), latex


@pytest.mark.parametrize(
    "left",
    [r"\frac{\partial f}{\partial X}", r"\nabla_X f", r"\nabla_X \, f", r"\nabla_{X} \, f", r"\frac{d}{dX} f", ""],
)
def test_a_claim_may_be_an_equation(left):
    claim = f"{left} = A^\\top B^\\top" if left else r"A^\top B^\top"
    assert check(r"\operatorname{tr}(AXB)", claim, "X").is_right


def refusal(act) -> MatcalcError | None:
    """The error that something ends in, if it is one that a user may see."""
    try:
        act()
    except MatcalcError as error:
        return error
    return None


PIECES = [*(f"\\{m}" for m in MACROS if m.isalpha()), *CHARACTERS, *(f"\\{f}" for f in FONTS[:4]), "x", "A", "d", "1",
          "12", r"\Sigma", r"\hat", r"\operatorname{tr}", r"\text{tr}", r"\left(", r"\right)", "^{-1}", "_{ij}", "^T",
          r"\mathcal{N}(x|", r"\mathbb{E}", r"\sum_{i=1}^n", r"\int_{\mathbb{R}^D}", "dx", r"\begin{aligned}", " ", "&",
          r"\\", "é", "\u0302", "$", "\\"]  # fmt: skip
SOUPS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40)


@settings(max_examples=400, deadline=2000)
@given(SOUPS)
def test_no_soup_of_tokens_breaks_the_latex_reader(soup):
    error = refusal(lambda: [side.tree({"f", "C"}) for chain in chains("\\, " + soup) for side in chain.sides])
    assert error is None or (isinstance(error, ParseError) and 0 <= (error.position or 0) <= len(soup) + 3)


@settings(max_examples=300, deadline=2000)
@given(st.text(alphabet="aAxX12+-*/^'.()[],= \t∂∇d⊙ᵀ⁻¹Σμ_eI", max_size=40))
def test_no_soup_of_characters_breaks_the_plain_reader(soup):
    error = refusal(lambda: [read(side.text) for chain in chains(soup) for side in chain.sides])
    assert error is None or str(error)
    error = refusal(lambda: Scope(["X: n x n"], "X").read(soup))
    assert error is None or str(error)


def test_text_is_never_code(tmp_path):
    bait = tmp_path / "bait"
    for text in (f"__import__('os').system('touch {bait}')", rf"\input{{{bait}}}", rf"\write18{{touch {bait}}}"):
        with pytest.raises(MatcalcError):
            Scope().read(text)
    assert not bait.exists()


@pytest.mark.parametrize("token", [".", "1.2.3", "1" * 50, "1e999"])
def test_what_is_no_number_says_so(token):
    with pytest.raises(ParseError):
        rational(token)
