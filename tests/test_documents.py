"""Documents: every formula found, every equality checked, what cannot be read listed with its reason."""

import json
import re
from pathlib import Path

import jax.numpy as jnp
import pytest

import matcalc
from matcalc.cli import main
from matcalc.documents.document import parts
from matcalc.errors import MatcalcError
from matcalc.testing import assert_equal, assert_gradient

EXAMPLES = Path(__file__).parent.parent / "examples"
TEX = r"""
% let X: n x n symmetric, A: n x n
% let a: n; b: n
The derivative is $\frac{\partial}{\partial X} a^\top X b = ab^\top + ba^\top - (ab^\top) \odot I_n$, and
\begin{align}
  \operatorname{tr}(AX) &= \operatorname{tr}(XA) \label{first} \\
  &= \operatorname{tr}(A^\top X) \\
  &= \operatorname{tr}(A X^\top) + 1.
\end{align}
% \[ 1 = 2 \]
\[ \operatorname{rank}(X) = n, \quad \det(AX) = \det(A)\det(X) \]
It costs \$5 and is $n$ long.  % let A: n x n diagonal
\begin{equation*} A = A^\top \end{equation*}
"""
MARKDOWN = """
<!-- let: X: n x n -->
$$\\frac{\\partial}{\\partial X} \\det X
  = \\det(X) X^{-\\top}$$

```python
x = "$$1 = 2$$"
```

```math
X X^{-1} = I_n
```
$$= X^{-1} X$$

A sentence long enough to end what was said before it.

$$= X$$
"""


def statuses(steps):
    return [(s.line, s.status) for s in steps]


def written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_paper(tmp_path):
    found = matcalc.proofread(written(tmp_path, "paper.tex", TEX), reading="entrywise")
    assert statuses(found.steps) == [
        (4, "right"), (6, "right"), (7, "right"), (8, "wrong"), (11, "not read"), (11, "right"), (13, "right"),
    ]  # fmt: skip
    assert found.first_wrong.formula.startswith(r"\operatorname{tr}(A^\top X)")
    assert "no such function" in found.unread[0].message
    assert [s.is_display for s in found.steps][:2] == [False, True]


def test_a_page_of_markdown(tmp_path):
    found = matcalc.proofread(written(tmp_path, "page.md", MARKDOWN))
    assert statuses(found.steps) == [(4, "right"), (11, "right"), (13, "right"), (17, "not read")]
    assert "nothing before it" in found.unread[0].message


def test_a_document_that_declares_something_must_declare_everything(tmp_path):
    page = written(tmp_path, "page.md", "$$\\operatorname{tr}(AB) = \\operatorname{tr}(BA)$$")
    assert statuses(matcalc.proofread(page).steps) == [(1, "right")]
    (step,) = matcalc.proofread(page, let=["A: n x n"]).steps
    assert (step.status, step.message) == ("not read", "B is not declared")


def test_declarations_hold_from_their_line(tmp_path):
    page = written(tmp_path, "page.md", "$$A = A^\\top$$\n\nA long sentence that stands between.\n\n$$A = A^\\top$$\n")
    dated = written(tmp_path, "page.let", "A: n x n   # any\nfrom line 3\nassume A symmetric\n")
    assert statuses(matcalc.proofread(page, declarations=dated).steps) == [(1, "wrong"), (5, "right")]
    for bad in ("A: n by n", "from line x", "from line 4\nfrom line 3"):
        with pytest.raises(MatcalcError, match=r"line \d of the declarations"):
            matcalc.proofread(page, declarations=written(tmp_path, "bad.let", bad))
    with pytest.raises(MatcalcError, match="cannot be read"):
        matcalc.proofread(tmp_path / "missing.md")


# What is wrong in the note as it is printed, by line, and what is said of it.
NOTE = {
    246: "multiplied by 2", 247: "multiplied by sqrt(2)", 267: "printed for that by X", 269: "printed for that by X",
    346: "xi_lj is printed for xi_jl", 348: "xi_lj is printed for xi_jl", 447: "_jj is printed for",
    530: "1/2 is printed", 535: "⊗ is printed for ⊙; even so",
    537: "on the left side: the power of 1/det(Sigma)^2 is wrong",
    538: "⊗ is printed for ⊙: then", 586: "the sign of the whole is wrong",
}  # fmt: skip


def test_the_note():
    found = matcalc.proofread(EXAMPLES / "note-ja.md", declarations=EXAMPLES / "note.let")
    wrong = {s.line: s.message for s in found.with_status("wrong", "convention-dependent")}
    assert wrong.keys() == NOTE.keys()
    assert all(message in wrong[line] for line, message in NOTE.items())
    displayed = [s for s in found.steps if s.is_display]
    assert sum(s.status == "right" for s in displayed) >= 140
    assert all(s.message for s in found.unread)
    assert not any("internal error" in s.message for s in found.steps)


def test_every_formula_is_found_once():
    found = list(parts("$$a$$ $b=c$ \\[d\\] \\(e=f\\) $g$\n$h$\n\\begin{align*}i\\end{align*}", ".md"))
    assert [p.text for p in found] == ["a", "b=c", "d", "e=f", "h", "i"]


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        ("d/dX tr(A*X) = A'", [], 0),
        ("d/dX tr(A*X) = A", [], 1),
        ("x'*A*x >= 0", ["--let", "A: n x n spd; x: n"], 3),
        ("foo(X) = 1", [], 2),
        ("foo(X) = 1\ntr(A) = tr(A')", [], 0),
        ("foo(X) = 1\ntr(A) = tr(A')", ["--strict"], 2),
        ("A = 1", ["--let", "A: n by n"], 2),
    ],
)
def test_the_command_line(tmp_path, capsys, text, options, status):
    path = written(tmp_path, "steps.txt", text)
    assert main(["proofread", str(path), *options]) == status
    assert "Traceback" not in capsys.readouterr().err


def test_the_command_line_in_json(tmp_path, capsys):
    main(["proofread", str(written(tmp_path, "steps.txt", "d/dX tr(A*X) = A")), "--json"])
    (statement,) = json.loads(capsys.readouterr().out)["statements"]
    assert statement["line"] == 1
    assert statement["verdict"]["diagnosis"]["kind"] == "transpose"


def test_other_claims_on_the_command_line(capsys):
    assert main(["check", "A*A'", "--claim", ">= 0"]) == 3
    assert main(["check", "A", "--claim", ">= 0", "--let", "A: n x n symmetric"]) == 1
    assert main(["check", "norm2(A*x-y)^2", "--wrt", "x", "--stationary-at", "x = inv(A'*A)*A'*y"]) == 0
    assert "not refuted" in capsys.readouterr().out


def minus_transposed(X, A):
    return -A.T


def test_assertions_for_users():
    assert_gradient("tr(A*X*B)", "A'*B'")
    assert_gradient("logdet(X)", r"2X^{-1} - X^{-1} \odot I", let=["X: n x n spd"], reading="entrywise")
    assert_equal("tr(A*B)", r"\operatorname{tr}(BA)")
    with pytest.raises(AssertionError, match="transposed"):
        assert_gradient("tr(A*X)", "A")
    with pytest.raises(AssertionError, match=r"minus_transposed: wrong.*sign"):
        assert_gradient(lambda X, A: jnp.trace(A @ X), minus_transposed, let={"X": "n x m", "A": "m x n"})


def test_a_verdict_in_a_notebook():
    verdict = matcalc.check("tr(A*X)", "A", "X")
    assert r"\text{wrong}" in verdict._repr_latex_()
    assert r"A^\top" in verdict._repr_html_()
    undecided = matcalc.check_inequality("A*A'", ">= 0")
    assert "not refuted" in undecided._repr_html_()
    assert "not refuted" in undecided.to_json()["notes"][0]


@pytest.mark.parametrize(
    ("formula", "status"),
    [
        (r"A + A \overset{(a)}{=} 3A", "wrong"),
        (r"A + A \stackrel{(a)}{=} 2A", "right"),
        (r"\|x\|_1 = \sqrt{\sum_{i=1}^n x_i^2}", "wrong"),
        (r"\|x\|_1 = \sum_{i=1}^n |x_i|", "right"),
        (r"A^{-1^\top} = A^{-1}", "not read"),
    ],
)
def test_a_formula_is_read_as_it_is_meant(tmp_path, formula, status):
    path = written(tmp_path, "paper.tex", f"% let A: n x n; x: n\n$${formula}$$")
    (step,) = matcalc.proofread(path).steps
    assert step.status == status


DOLLARS = r"""
% let: X: n x n symmetric; pi: k; A: n x n
Take $A$ general, at a price of \$5. Then $X^\top = X$ holds.
\begin{equation}
A^\top = A
\end{equation}
for all $A$.
"""


def test_dollars_in_the_text_are_paired_and_a_bad_declaration_spoils_no_other(tmp_path):
    paper = tmp_path / "paper.tex"
    paper.write_text(DOLLARS)
    found = [(s.line, s.status) for s in matcalc.proofread(paper).steps]
    assert found == [(2, "not read"), (3, "right"), (5, "wrong")]


def test_code_and_prices_in_markdown_are_no_formulas(tmp_path):
    paper = tmp_path / "paper.md"
    paper.write_text("<!-- let: A: n x n -->\nIt costs $5 and `$A = 2A$` is code, but $A = A$ and $A + A = 2A$.\n")
    assert [s.status for s in matcalc.proofread(paper).steps] == ["right", "right"]


IN_PASSING = r"""
% let: X: m x n; w: n; y: m; lambda: positive
\begin{align}
L &= \frac12 \|y - Xw\|^2 + \frac{\lambda}{2} w^\top w \\
\frac{\partial L}{\partial w} &= -X^\top (y - Xw) + \lambda w \\
\partial L / \partial w &= X^\top (y - Xw) + \lambda w
\end{align}
With $e = y - Xw$ we have
\[ J = e^\top e, \qquad \frac{\partial J}{\partial w} = -2 X^\top e, \qquad \frac{\partial J}{\partial e} = e \]
\[ \nabla_w L = 0 \Rightarrow w = (X^\top X + \lambda I)^{-1} X^\top y \]
\[ y = Xw \]
\[ \frac{\partial}{\partial y} y^\top y = 2y \]
"""


def test_what_is_said_in_passing_holds_from_there(tmp_path):
    found = matcalc.proofread(written(tmp_path, "paper.tex", IN_PASSING)).steps
    aside, given = "not a claim", "definition"
    assert [s.status for s in found] == [
        *(given, "right", "wrong"),
        *(given, given, "right", "wrong"),
        *(aside, "right"),
        *(aside, "right"),
    ]
    assert found[7].reason.startswith("the derivative is set to zero")
    assert found[-1].reason == ""  # y is declared: y = Xw is no definition


LEAST_SQUARES = "% let: w: d; y: n; X: n x d; A: d x d; lambda: positive; a b x: d\n"
GLOSSARIES = {  # statements, each with its status
    "a name is used in every statement": r"""
r = y - Xw                                                            definition
r^\top r = y^\top y - 2 y^\top X w + w^\top X^\top X w                right
r^\top r = y^\top y + 2 y^\top X w + w^\top X^\top X w                wrong
\frac{\partial r^\top r}{\partial r} = 2r                             right
\frac{\partial r^\top r}{\partial w} = -2X^\top r                     right""",
    "a name with an index": r"""
E_D = \|y - Xw\|^2                                                    definition
E = E_D + \lambda w^\top w                                            definition
\nabla_w E_D = 2X^\top(Xw - y)                                        right
\nabla_w E = 2X^\top(Xw - y) + 2 w                                    wrong""",
    "functions with an index, and derivatives with a prime": r"""
E_D(w) = \frac1{2d}\|y - Xw\|^2                                         definition
f_k(w) = w^\top A w                                                    definition
E(w) = E_D(w) + \lambda f_k(w)                                         definition
\nabla E(w) = \frac1d X^\top(Xw - y) + \lambda(A + A^\top)w            right
\nabla_w E_D = X^\top(Xw - y)                                          wrong
f_k'(w) = (A + A^\top) w                                               right
f_k'(w) = A w                                                          wrong
\operatorname{tr} F_{ab} = 1                                           not read""",
    "functions": r"""
L(w) = \|y - Xw\|^2                                                   definition
\nabla_w L = 2X^\top(Xw - y)                                          right
\nabla_w L(w) = X^\top(Xw - y)                                        wrong
L(2w) = \|y - 2Xw\|^2                                                 right
L(2w) = 2 \|y - Xw\|^2                                                wrong
g(x, b) = x^\top A b                                                  definition
g(b, x) = x^\top A^\top b                                             right""",
    "a gradient without its variable": r"""
f(x) = x^\top A x                                                      definition
\nabla f(x) = (A + A^\top) x                                           right
\nabla f(b) = (A + A^\top) b                                           right
\nabla f = 2 A x                                                       wrong
\nabla f(x)^\top b = b^\top (A + A^\top) x                             right
\nabla^2 f(x) = A + A^\top                                             right
\nabla f(x) b^\top = (A + A^\top) x b^\top                             not read
\nabla f(2x) = 2 (A + A^\top) x                                        right""",
    "a function of a number applied to a vector": r"""
\sigma(a) = \frac{1}{1 + e^{-a}}                                       definition
\mu = \sigma(Xw)                                                      definition
\nabla_w y^\top \mu = X^\top (y \odot \mu \odot (1 - \mu))            right
\nabla_w y^\top \mu = X^\top (y \odot (1 - \mu))                      wrong""",
    "another meaning": r"""
L = \|y - Xw\|^2                                                      definition
L = \|y - Xw\|^2 + \lambda \|w\|^2                                    undecided
\nabla_w L = 2X^\top(Xw - y)                                          undecided
\nabla_w L = 2X^\top(Xw - y) + 2\lambda w                             undecided
\nabla_w L = X^\top(Xw - y)                                           wrong
L = w^\top X^\top X w - 2 w^\top X^\top y + y^\top y                  right""",
    "what was made of a former meaning": r"""
r = y - Xw                                                            definition
E = r^\top r                                                          definition
r = y + Xw                                                            undecided
\nabla_w E = -2X^\top(y - Xw)                                          right
\nabla_w E = 2X^\top(y + Xw)                                           wrong
r - y = Xw                                                            undecided""",
    "arguments reach what a function is made of": r"""
r = y - Xw                                                            definition
L(w) = r^\top r                                                       definition
L(a) = (y - Xa)^\top(y - Xa)                                           right
L(a) = L(w)                                                           wrong
\nabla L(a) = 2X^\top(Xa - y)                                         right
\frac{\partial L}{\partial r} = 2r                                    right""",
    "primes": r"""
f(\lambda) = \lambda^3                                                definition
f''(\lambda) = 6\lambda                                               right
f''(\lambda) = \lambda^4                                              wrong
f' = f                                                                not read
A' + A = (A + A')^\top                                                right
A' = A + A                                                            not read""",
    "a derivative by a name that is symmetric by its form, and a name F": r"""
C = X^\top X + \lambda I_d                                            definition
\frac{\partial}{\partial C} \log\det C = C^{-1}                       convention-dependent
F = \lVert X \rVert_F^2                                               definition
\nabla_X F = 2X                                                       right""",
    "what is no other meaning": r"""
f = w^\top A w                                                         definition
\delta f = 2 w^\top A \delta w                                         not read
\log f = \unknown                                                     not read
S_N = A + A^\top                                                       definition
S_{N+1} = S_N + \unknown                                               not read
\nabla_w f = S_N w                                                     right
\mathcal{f} = \unknown                                                not read
\nabla_w f = S_N w                                                     not read""",
    "another meaning that cannot be read": r"""
L = \|y - Xw\|^2                                                      definition
L = \|y - Xw\|^2 + \mathrm{Pen}(w)                                    not read
\nabla_w L = 2X^\top(Xw - y)                                          not read
L = w^\top w                                                          definition
\nabla_w L = 2w                                                       right""",
    "a declared name is claimed to be what is computed": r"""
g = 2b^\top x                                                         definition
\partial g/\partial x = b                                             wrong
z = Ax                                                                definition
\partial z/\partial x = A                                             right
\nabla_w a^\top w = y                                                 wrong
\operatorname{tr}(A) = b                                              wrong
A = X^\top X                                                          not a claim""",
    "after an equation": r"""
\nabla_w \|y - Xw\|^2 = 0                                              not a claim
X^\top X w = X^\top y                                                  right
X^\top X w = X y - w                                                   wrong
\nabla_w \|y - Xw\|^2 = 0                                              not a claim
X^\top X w = -X^\top y                                                 undecided
\nabla_w^2 \|y - Xw\|^2 = X^\top X                                     wrong""",
    "a value of the variable": r"""
\nabla_w (\|y - Xw\|^2 + \lambda w^\top w) = 0                        not a claim
\hat w = (X^\top X + \lambda I) X^\top y                              wrong
\nabla_w (\|y - Xw\|^2 + \lambda w^\top w) = 0                        not a claim
w_0 = (X^\top X + \lambda I)^{-1} X^\top y                            right
X w_0 = X (X^\top X + \lambda I)^{-1} X^\top y                        right""",
}


@pytest.mark.parametrize("written_so", GLOSSARIES.values(), ids=GLOSSARIES)
def test_what_names_stand_for(written_so, tmp_path):
    lines = [line.split("  ", 1) for line in written_so.strip().splitlines()]
    text = "\n\n".join(f"\\[ {formula} \\]" for formula, _ in lines)
    found = matcalc.proofread(written(tmp_path, "paper.tex", LEAST_SQUARES + text)).steps
    assert [(s.formula, s.status) for s in found] == [(f.strip(), status.strip()) for f, status in lines]


SUPPOSED = {  # the declarations, and statements, each with its status
    "conditions behind and before a statement": r"""
A B: n x n; x: n
\nabla_x x^\top A x = 2Ax \quad\text{if } A = A^\top                            right, not a claim
A = A^\top \implies \nabla_x x^\top A x = 2Ax                                   not a claim, right
A = A^\top \implies \nabla_x x^\top A x = Ax                                    not a claim, wrong
(A + B)^2 = A^2 + 2AB + B^2 \quad\text{when } AB = BA                           undecided, not a claim
\nabla_x x^\top A x = 2Ax                                                       wrong""",
    "equations and their solutions": r"""
X: n x p; y: n; w b: p; A: p x p
X^\top X w = X^\top y \implies w = (X^\top X)^{-1} X^\top y                     not a claim, right
X^\top X w - X^\top y = 0 \quad\Rightarrow\quad \hat w = (X^\top X)^{-1} X^\top y   not a claim, right
w^\top A = b^\top \implies w = A^{-1} b                                         not a claim, wrong
A w - b = 0 \implies 2 A w = 2 b                                                not a claim, right
A w - b = 0 \implies A w = 2 b                                                  not a claim, undecided""",
    "what explains a name may stand behind it": r"""
X: n x d; y: n; w: d
L = r^\top r, \qquad r = y - Xw                                                 definition, definition
\nabla_w L = -2X^\top r                                                         right
\nabla_w \|q\|^2 = 2X^\top q, \quad\text{where } q = y - Xw                     wrong, definition""",
    "in another font it is another thing": r"""
X: n x d; y: n; w: d; K: n x n spd; s: positive
\mathcal{L} = \|y - Xw\|^2                                                      definition
L = w^\top w                                                                    definition
\nabla_w \mathcal{L} = 2w                                                       wrong
\nabla_w L = 2w                                                                 right
\nabla_w \mathcal{L} = -2X^\top(y - Xw)                                         right
\varepsilon(w) = w^\top w                                                       definition
\epsilon = y^\top y                                                             definition
\nabla_w \varepsilon = 2w                                                       right
\nabla_w \epsilon = 2w                                                          wrong
\mathbf{K} = K + sI                                                             definition
\frac{\partial}{\partial s} \log\det\mathbf{K} = \operatorname{tr}\mathbf{K}    wrong""",
    "given anew by other signs than =": r"""
A: n x n; x b: n
g = Ax - b                                                                      definition
\nabla_x g^\top g = 2A^\top g                                                   right
g \equiv 3Ax - b                                                                undecided
h = Ax                                                                          definition
h \leftarrow 3Ax                                                                not a claim
\nabla_x h^\top h = 2A^\top h                                                   not read
\nabla_x x^\top x = 2x \leftarrow \text{by the product rule}                    right""",
    "what could not be read or compared before": r"""
x w: d; S: d x d spd; lambda: positive; X: n x d
L = x^\top w + \lambda w^\top S w                                               definition
L = \clubsuit                                                                   not read
L = x^\top w + \lambda w^\top S^{-1} w                                          undecided
\nabla_w L = x + 2 \lambda S^{-1} w                                             undecided
J = (\mathbf 1 - Xw)^\top (\mathbf 1 - Xw)                                      definition
J = \sum_i (1 + (Xw)_i)^2                                                       undecided
\nabla_w J = 2X^\top(\mathbf 1 + Xw)                                            undecided""",
    "of what is declared": r"""
W: k x d; x: d; z t: k; y: n; X: n x d; w: d; epsilon: n
z = Wx                                                                          not a claim
\nabla_x \|z - t\|^2 = 2W^\top(z - t)                                           undecided
\nabla_x \|z - t\|^2 = 0                                                        undecided
\nabla_x \|z - t\|^2 = 0 \cdot x                                                undecided
z^\top t = x^\top W^\top t                                                      undecided
z^\top t = t^\top z                                                             right
y = Xw + \epsilon                                                               not a claim
\nabla_w \|y - Xw\|^2 = -2X^\top(y - Xw)                                        right""",
    "by a name that was given a meaning": r"""
W: k x d; x: d; t: k; Sigma: n x n spd; A: n x n
z = Wx                                                                          definition
E = \tfrac12 \|z - t\|^2                                                        definition
\frac{\partial E}{\partial z} = z - t                                           right
\frac{\partial E}{\partial z} = Wx - t                                          right
\frac{\partial E}{\partial z} = Wx + t                                          wrong
\frac{\partial E}{\partial W} = \frac{\partial E}{\partial z} x^\top            right
\nabla_x E = 2W^\top \nabla_z E                                                 wrong
q = x^\top W^\top t                                                             definition
\frac{\partial q}{\partial z} = 0 \cdot t                                       not read
\Lambda = \Sigma^{-1}                                                           definition
\frac{\partial}{\partial \Lambda} \log\det\Sigma = -\Sigma                      convention-dependent
\frac{\partial}{\partial \Lambda} \log\det\Sigma = 0 \cdot \Sigma               wrong""",
    "at a point": r"""
A: n x n symmetric; x b: n
f(x) = \tfrac12 x^\top A x - b^\top x                                           definition
x_0 = 2b                                                                        definition
\nabla f(x_0) = 2Ab - b                                                         right
\nabla_x f(x_0) = 2Ab - b                                                       right
\nabla_x f(x_0) = 0 \cdot b                                                     wrong
\nabla f(Ab) = A^2 b - b                                                        right
\nabla f(0) = -b                                                                right
f(0) = 0                                                                        right
\nabla f(0) = b                                                                 wrong
x^\star = A b                                                                   definition
\nabla f(x^\star) = 0                                                           wrong""",
    "customs of notation": r"""
A: n x n; x d y: n; sigma: positive; S: n x n spd; B: n x n symmetric
\frac{\partial x^\top A x}{\partial x^\top} = x^\top (A + A^\top)               right
\frac{\partial A x}{\partial x^\top} = A                                        right
\frac{\partial A x}{\partial x^\top} = A^\top                                   convention-dependent
\ell = -n \log\sigma^2 - \frac{1}{\sigma^2} y^\top y                            definition
\frac{\partial\ell}{\partial\sigma^2} = -\frac{n}{\sigma^2} + \frac{1}{\sigma^4} y^\top y   right
\frac{\partial\ell}{\partial\sigma^2} = -\frac{n}{\sigma^2} + \frac{2}{\sigma^4} y^\top y   wrong
d^\top A d = \operatorname{tr}(A dd^\top)                                       right
d^\top A d = \operatorname{tr}(A^2 dd^\top)                                     wrong
\frac{\partial}{\partial B_{ij}} \operatorname{tr}(AB) = A_{ji}                 convention-dependent
\log\det(2 \pi e S) = n \log(2 \pi e) + \log\det S                              right
\log\det(2 \pi e S) = n \log(2 \pi) + \log\det S                                wrong
S + A ={}& A + S                                                                right""",
    "labels": r"""
K A: n x n; y x t: n; s: positive
K_y = K + sI                                                                    definition
\frac{\partial}{\partial s} \log\det K_y = \operatorname{tr}(K_y^{-1})          right
\frac{\partial}{\partial s} \log\det K_y = \operatorname{tr}(K_y)               wrong
x_1 = Ax                                                                        definition
y_s = (K + sI)^{-1} t                                                           definition
\frac{\partial y_s}{\partial s} = -(K + sI)^{-1} y_s                            right
\nabla_x x_1^\top x_1 = 2A^\top A x                                             right
\delta_1 = Ax - t                                                               definition
\nabla_x \delta_1^\top \delta_1 = 2A^\top \delta_1                              right
P_{t|t-1} = A A^\top + K                                                        definition
P_{+} = 2 P_{t|t-1} - K                                                         definition
P_{+} = 2 A A^\top + K                                                          right""",
    "constraints on declared names": r"""
A: n x n; C: m x n; b nu: m; x y h: n
C x = b                                                                         not a claim
\nabla_x \left(h^\top x + \nu^\top(C x - b)\right) = h + C^\top\nu               right
x = y                                                                           not a claim
x^\top A y = x^\top A x                                                         undecided""",
    "from one display to the next": r"""
X: n x p; y: n; w: p; lambda: positive; Q: p x p spd; c: p
(X^\top X + \lambda I) w = X^\top y                                              not a claim
\Rightarrow w = (X^\top X + \lambda I)^{-1} X^\top y                             right
(X^\top X + \lambda I) w = X^\top y                                              not a claim
\Rightarrow w = (X^\top X - \lambda I)^{-1} X^\top y                             wrong
f(w) = \tfrac12 w^\top Q w - c^\top w                                           definition
\nabla f = 0 \implies Q w = c                                                   not a claim, right
\nabla f = 0 \implies Q w = -c                                                  not a claim, undecided""",
    "what does not fit": r"""
A: n x m; B: n x m; x: m
A B x = B A x                                                                   wrong
\nabla_x x^\top x = A x + x                                                     wrong""",
}


@pytest.mark.parametrize("page", SUPPOSED.values(), ids=SUPPOSED)
def test_what_is_supposed(page, tmp_path):
    let, *rows = page.strip().splitlines()
    statements = [re.split(r"\s{2,}(?=[a-z\-, ]+$)", row) for row in rows]
    text = f"% let {let}\n" + "".join(f"\\[ {statement} \\]\n" for statement, _ in statements)
    found = matcalc.proofread(written(tmp_path, "page.tex", text)).steps
    by_line = {k: ", ".join(s.status for s in found if s.line == k + 2) for k in range(len(rows))}
    assert [(rows[k], status) for k, status in by_line.items()] == [
        (rows[k], expected) for k, (_, expected) in enumerate(statements)
    ]


def test_what_is_supposed_in_prose(tmp_path):
    text = "% let: A B: n x n; x: n; w: n; S: n x n spd\nSuppose $A = A^\\top$. Then\n"
    text += "\\[ \\nabla_x x^\\top A x = 2Ax \\]\n\\[ \\nabla_x x^\\top A x = 3Ax \\]\n"
    text += "subject to $w^\\top S w = 1$ we find\n\\[ w^\\top S w = 1 \\]\n"
    found = [s.status for s in matcalc.proofread(written(tmp_path, "p.tex", text)).steps]
    assert found == ["not a claim", "undecided", "wrong", "not a claim", "wrong"]


def test_what_is_said_of_a_declared_name_is_not_forgotten_where_another_is_declared(tmp_path):
    text = "% let: W: k x d; x: d; z t: k\n\\[ z = Wx \\]\n% let: q: d\n\\[ \\nabla_x \\|z - t\\|^2 = 0 \\cdot x \\]\n"
    text += "% let: z: k\n\\[ \\nabla_x \\|z - t\\|^2 = 0 \\cdot x \\]\n"
    found = [s.status for s in matcalc.proofread(written(tmp_path, "p.tex", text)).steps]
    assert found == ["not a claim", "undecided", "undecided"]


def test_what_is_said_of_a_declared_name_proves_nothing(tmp_path):
    rows = [
        r"y = Xw + \epsilon",
        r"L = \|y - Xw\|^2",
        r"\nabla_w L = 0",
        r"\hat w = X^\top X X^\top y",
        r"L = 2\|y - Xw\|^2",
    ]
    text = "% let: X: n x p; y: n; w: p; epsilon: n\n" + "".join(f"\\[ {row} \\]\n" for row in rows)
    found = [s.status for s in matcalc.proofread(written(tmp_path, "p.tex", text)).steps]
    assert found == ["not a claim", "definition", "not a claim", "wrong", "undecided"]


def test_a_size_with_the_letter_of_a_name_that_was_given_in_passing(tmp_path):
    text = "% let: y k: n; s: positive\nThe mean is $m = k^\\top y$.\n% let: U: n x m\n"
    text += "\\[ \\log\\det(sI + UU^\\top) = (n - m)\\log s + \\log\\det(sI + U^\\top U) \\]\n"
    assert [s.status for s in matcalc.proofread(written(tmp_path, "p.tex", text)).steps] == ["definition", "right"]


def test_ones_and_identities_in_what_a_name_stands_for(tmp_path):
    rows = [
        r"p = A\mathbf 1",
        r"p_i = \sum_j A_{ij}",
        r"p_i = \sum_j A_{ji}",
        "K = I - A",
        r"K_{ij} = \delta_{ij} - A_{ij}",
    ]
    rows += [r"(BA)_{ik} = \sum_j B_{ij} A_{jk}", r"(AF)_{ik} = \sum_j A_{ji} F_{jk}"]  # k is a size too
    text = "% let: A: n x n; B: n x n; F: n x k\n" + "\n\n".join(f"$$ {row} $$" for row in rows)
    found = matcalc.proofread(written(tmp_path, "p.tex", text)).steps
    assert [s.status for s in found] == ["definition", "right", "wrong", "definition", "right", "right", "wrong"]


def test_an_index_may_have_the_letter_of_a_size(tmp_path):
    text = "% let: W: k x d; y z: 5; V: k x m; u: m\n\\[\\sum_{k=1}^5 y_k z_k = y^\\top z\\]\n"
    text += "\\[\\sum_{k=1}^5 y_k z_k = 5 y_k z_k\\]\n\\[\\sum_{k=1}^m u_k = u^\\top \\mathbf{1}\\]\n"
    assert [s.status for s in matcalc.proofread(written(tmp_path, "p.tex", text)).steps] == ["right", "wrong", "right"]


def test_definitions_in_prose_without_declarations(tmp_path):
    text = "Let $f(x) = x^\\top A x$; then $\\nabla_x f(x) = (A + A^\\top) x$ and $\\nabla_x f = A x$.\n"
    text += (
        "With $\\sigma(a) = 1 / (1 + e^{-a})$ we have $\\sigma(-a) = 1 - \\sigma(a)$ and $\\sigma(-a) = \\sigma(a)$.\n"
    )
    found = matcalc.proofread(written(tmp_path, "page.md", text)).steps
    assert [s.status for s in found] == ["definition", "right", "wrong"] * 2


MACROS = r"""
% let A: n x n; B: n x n; X: n x n; x: n; Sigma: n x n spd
% \newcommand{\A}{B}
\begin{verbatim}
\newcommand{\A}{B}
\end{verbatim}
\newcommand{\bSigma}{\boldsymbol{\Sigma}}\newcommand*\T{^\top}
\newcommand{\pd}[2]{\frac{\partial #1}
  {\partial #2}} \newcommand{\by}[2][X]{\frac{\partial #2}{\partial #1}}
\def\A{{\mathbf{A}}} \def\grad#1#2{\nabla_{#1} #2}
\DeclareMathOperator{\Tr}{Tr} \DeclarePairedDelimiter{\norm}{\lVert}{\rVert}
\providecommand{\A}{B} \let\old\vec \renewcommand{\vec}[1]{\old{#1}}
\def\be{\begin{equation}} \def\ee{\end{equation}} \newenvironment{eq}{\begin{equation}}{\end{equation}}
\NewDocumentCommand{\inv}{m}{#1^{-1}} \newcommand{\outer}{\inner} \newcommand{\inner}[1]{#1 #1\T}
\be \pd{\Tr(\A X)}{X} = \A\T \ee
\[ \by{\Tr(
  \A X)} = \A \]
Then $\by
[A]
{\Tr(\A X)} = X\T$ and $\bSigma\T = \bSigma$ hold.
\begin{eq} \norm*{\vec x}^2 = x\T x \end{eq}
\[ \grad{X}{\Tr(X)} = \inv{X} X \]
\[ \outer{x} = x x\T \]
{\renewcommand{\A}{B} \[ \A + \A = 2B \] }
\[ \A + \A = 2B \]
\renewcommand{\T}{^{-1}}
\[ X X\T = I \]
"""


def test_macros_hold_from_where_they_stand(tmp_path):
    found = matcalc.proofread(written(tmp_path, "paper.tex", MACROS)).steps
    assert [(s.line, s.status) for s in found] == [
        (15, "right"), (17, "wrong"), (20, "right"), (20, "right"), (21, "right"), (22, "right"), (23, "right"),
        (24, "right"), (25, "wrong"), (27, "right"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (r"\newcommand{\x}{1 \x}", r"\x is defined by itself, or expands to too much"),
        (r"\def\x{\y\y}\def\y{\x\x}", r"\x is defined by itself, or expands to too much"),
        (r"\def\d#1{#1#1}\def\x{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{aaaa}}}}}}}}}}}}}}}}", "too much"),
        (r"\def\x(#1){#1}", r"\x is defined with arguments '(#1)', which are not read"),
        (r"\edef\x{1}", r"\x is defined with \edef, which is not read"),
        (r"\NewDocumentCommand{\x}{s m}{#2}", r"\x takes arguments 's m', which are not read"),
        (r"{\newcommand{\x}{1}}", r"\x is not known"),
        (r"\newcommand{\y}[1]{#1}\def\x{\y}", r"\y is not expanded: an argument is missing"),
    ],
)
def test_macros_that_are_not_expanded(tmp_path, definition, reason):
    page = written(tmp_path, "paper.tex", f"% let A: n x n\n{definition}\n${{\\x}} = A$\n\\[ A = 2A \\]\n")
    first, second = matcalc.proofread(page).steps
    assert (first.line, first.status, second.line, second.status) == (3, "not read", 4, "wrong")
    assert reason in first.message


def test_a_macro_may_hold_a_long_text_and_what_is_not_closed_ends_at_once(tmp_path):
    text = "\\newcommand{\\T}{^\\top}\\newcommand{\\note}[1]{#1}\n\\note{" + "$A = A\\T$\n" * 300 + "}\n"
    assert len(list(parts(text, ".tex"))) == 300
    assert not list(parts(text.replace("$", "") + "\\note{" * 5000, ".tex"))


def test_macros_in_markdown(tmp_path):
    text = "`\\newcommand{\\A}{B}`\n```\n\\newcommand{\\A}{B}\n```\n$$\\newcommand{\\A}{\\mathbf A}$$\n"
    text += "$$\\A\\A = A^2$$\n$$\\A\\A = B^2$$"
    assert statuses(matcalc.proofread(written(tmp_path, "page.md", text), let=["A: n x n; B: n x n"]).steps) == [
        (6, "right"), (7, "wrong"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "display",
    [
        r"\begin{IEEEeqnarray}{rCl} A &=& 2A \end{IEEEeqnarray}",
        r"\begin{IEEEeqnarray*}[\small]{rCl} A &=& 2A \end{IEEEeqnarray*}",
        r"\begin{alignat*}{2} A &= 2A & \end{alignat*}",
        r"\begin{xalignat}{2} A &= 2A & \end{xalignat}",
        r"\begin{empheq}[box=\fbox]{align*} A &= 2A \end{empheq}",
        r"\begin{tcolorbox}[colback=red, ams align*] A &= 2A \end{tcolorbox}",
        r"\begin{tcolorbox}[colback=red] that $A = 2A$ \end{tcolorbox}",
        r"and \ensuremath{A = 2A}",
        r"\[ A \text{ where $A = 2A$ holds} \]",
    ],
)
def test_formulas_are_found_where_they_stand(tmp_path, display):
    (step,) = matcalc.proofread(written(tmp_path, "paper.tex", f"% let A: n x n\n\n{display}")).steps
    assert (step.line, step.status) == (3, "wrong")
    assert step.formula.replace("&", "") in ("A = 2A", "A  = 2A")


def test_columns_stand_apart(tmp_path):
    text = "% let A: n x n\n\\begin{align} A &= 2A & A &= A \\\\ &= 2A && A = 3A \\end{align}"
    found = matcalc.proofread(written(tmp_path, "paper.tex", text)).steps
    assert [s.status for s in found] == ["wrong", "right", "right", "wrong"]


def test_an_environment_that_is_not_known_is_listed(tmp_path):
    text = "\\begin{myalign} A &= 2A \\end{myalign}\n\\begin{tabular}{c} a &=b \\end{tabular} \\verb|$A = 2A$|"
    (step,) = matcalc.proofread(written(tmp_path, "paper.tex", text)).steps
    assert (step.status, step.message) == ("not read", "the environment myalign is not known")


def test_formulas_and_declarations_in_markdown(tmp_path):
    text = "% let A: n x n\n\n$`A = 2A`$ `$A = 1$`\n\n``` math\nA = A\n```\n~~~python\n"
    text += "% let A: n x n diagonal\n~~~\n$A = A'$"
    found = matcalc.proofread(written(tmp_path, "page.md", text)).steps
    assert statuses(found) == [(3, "wrong"), (6, "right"), (11, "wrong")]


@pytest.mark.parametrize(
    "display",
    [
        r"\boxed{A = 2A}", r"\begin{aligned}[t] A &= A \\ \boxed{A = 2A} \end{aligned}", r"\left\{ A = 2A \right\}",
        r"(A = 2A)", r"{A = 2A}", r"\left\{ \begin{aligned} A &= A \\ A &= 2A \end{aligned} \right.",
        r"\fbox{\ensuremath{A}} = 2A",
    ],
)  # fmt: skip
def test_a_statement_in_a_box_is_read(tmp_path, display):
    *_, step = matcalc.proofread(written(tmp_path, "paper.tex", f"% let A: n x n\n\\[ {display} \\]")).steps
    assert step.status == "wrong"


@pytest.mark.parametrize(
    "display", [r"f(A = 2A)", r"A = A \quad (A = A^\top)", r"A (B = C)", r"\{x : Ax = y\}", r"{{A = B}}"]
)
def test_an_equality_in_brackets_is_listed(tmp_path, display):
    *_, step = matcalc.proofread(written(tmp_path, "paper.tex", f"% let A: n x n\n\\[ {display} \\]")).steps
    assert step.status == "not read"
    assert "an equality in brackets is not read" in step.message


@pytest.mark.parametrize(
    "name",
    [
        r"\mathcal{L}", r"\mathsf{g}", r"\boldsymbol{\delta}", r"{\bf L}", r"J_{\text{ridge}}", r"\ell_{\mathrm W}",
        r"J^*", r"J^\star", r"\bar{\mathbf{r}}", r"\mathbf{\hat{r}}", r"{L}",
    ],
)  # fmt: skip
def test_a_name_is_one_in_whatever_it_is_set(tmp_path, name):
    text = rf"\[ {name} = x^\top A x, \quad \frac{{\partial {name}}}{{\partial x}} = 2 A x \]"
    found = matcalc.proofread(written(tmp_path, "paper.tex", f"% let A: n x n symmetric; x: n\n{text}")).steps
    assert [s.status for s in found] == ["definition", "right"]


def test_the_zero_vector_is_a_side_a_term_or_a_mean(tmp_path):
    text = "% let x: n; S: n x n spd\n\\[ x - x = \\mathbf{0}_n, \\quad x + \\mathbf{0} = 2x \\]"
    text += "\\[ \\mathcal{N}(x | \\mathbf{0}, S) = \\mathcal{N}(x | 0, S) \\]"
    found = matcalc.proofread(written(tmp_path, "paper.tex", text)).steps
    assert [s.status for s in found] == ["right", "wrong", "right"]


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("skew", r"(X^4)_{ij} = \frac12 \operatorname{tr}(X^2) (X^2)_{ij}"),
        ("spd", r"|(X A)_{ii}| = (X A)_{ii}"),
        ("spd", r"\sum_{i=1}^n |(X A)_{ii}| = \operatorname{tr}(X A)"),
    ],
    ids=["up to 3 x 3", "entries", "a sum of entries"],
)
def test_a_claim_about_entries_is_tried_in_more_dimensions_and_away_from_multiples_of_i(tmp_path, kind, claim):
    page = written(tmp_path, "page.md", f"<!-- let X: n x n {kind}; A: n x n spd -->\n\n$${claim}$$\n")
    assert [s.status for s in matcalc.proofread(page).steps] == ["wrong"]
