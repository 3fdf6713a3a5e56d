"""Derivations: every step checked, assumptions from where they stand, integrals and indices by their meaning."""

import pytest

import matcalc
from matcalc.errors import DeclarationError, MatcalcError
from matcalc.language.statements import chains

ENTRIES = r"""
X: n x n; A: p x n, B: n x p
\operatorname{tr}(AXB) = \sum_{k=1}^p \sum_{s=1}^n \sum_{t=1}^n a_{ks} x_{st} b_{tk}
\frac{\partial x_{st}}{\partial x_{ij}} = \delta_{si} \delta_{tj}
(BA)_{ji} = (A^T B^T)_{ij}
where Xi = X^-1
\frac{\partial \xi_{kl}}{\partial x_{ij}} = -\xi_{ki} \xi_{jl}
\frac{\partial X^{-1}}{\partial x_{ij}} = -X^{-1} \frac{\partial X}{\partial x_{ij}} X^{-1}
f: function of X
\frac{\partial f(X)}{\partial X} = -(X^{-1})^T \frac{\partial f(X)}{\partial X^{-1}} (X^{-1})^T
\frac{\partial f(X)}{\partial x_{ij}} = \sum_{k=1}^n \sum_{l=1}^n \frac{\partial \xi_{kl}}{\partial x_{ij}} \frac{\partial f(X)}{\partial \xi_{kl}}
where Delta = adj(X)'
\det X = \sum_{t=1}^n x_{it} \Delta_{it}
x y: n; A: n x n
\langle A x, y \rangle = \left\langle x, A^T y \right\rangle
\langle X, A \rangle_F = \sum_{i,j} X_{ij} A_{ij}
(x + y) \cdot (x - y) = x \cdot x - \sum_i y_i^2
\nabla_x (2 x \cdot A y) = 2 A y
\prod_{j\neq k} x_j = \frac{1}{x_k}\prod_{j=1}^n x_j
x_k + \sum_{j\neq k} x_j = \sum_{j=1}^n x_j
\sum_{i<j} (x_i - x_j)^2 = n x^T x - (\mathbf{1}^T x)^2
\sum_{i=1}^n (x_i - \frac1n \sum_{j=1}^n x_j)^2 = x^T (I - \frac1n \mathbf{1} \mathbf{1}^T) x
\sum_{i\neq j} x_i x_j = \left(\sum_{i=1}^n x_i\right)^2 - \sum_{i=1}^n x_i^2
\frac{\partial}{\partial x_{ij}} \log\det X = \xi_{ji}
\frac{\partial \log\det X}{\partial X_{ij}} = X^{-1}_{ji}
\frac{\partial X^{-1}_{kl}}{\partial X_{ij}} = -X^{-1}_{ki} X^{-1}_{jl}
X^{-\top}_{ij} = (X^{-1})_{ji}
X_{ij}^\top + X^T_{ij} = 2 X_{ji}
\|X\|_F^2 = \sum_{ij} X_{ij}^2
t: scalar
\frac{d}{dt} \log\det(A + tX)\Big|_{t=0} = \operatorname{tr}(A^{-1}X)
\left.\frac{\partial}{\partial t} (A + tX)^{-1}\right|_{t=0} = -A^{-1}XA^{-1}
\frac{\partial x^T A x}{\partial x}\Big|_{x=y} = (A + A^T) y
D: n x n diagonal
D_{ii}^{-1} = D^{-1}_{ii}
\sum_i D_{ii}^{-1/2} = \operatorname{tr}(D^{-1/2})
X: n x n symmetric
\frac{\partial x_{st}}{\partial x_{ij}} = \delta_{si} \delta_{tj} + \delta_{sj} \delta_{ti} - \delta_{si} \delta_{tj} \delta_{ij}
"""  # noqa: E501
INTEGRALS = r"""
x mu z y: D; Sigma: D x D spd
x ~ N(mu, Sigma)
\int_{\mathbb{R}^D} \mathcal{N}(x|\mu,\Sigma) dx = 1
\mathbb{E}[x] = \mu
\mathbb{E}[x x^T] = \mu\mu^T + \Sigma
\mathbb{V}[x] = \Sigma
\mathbb{E}[(x-\mu)^T \Sigma^{-1} (x-\mu)] = D
\int_{\mathbb{R}^D} z z^T e^{-z^T z/2} dz = \sqrt{(2\pi)^D} I_D
\int_{\mathbb{R}^D} z_1^2 \exp\left(-\frac12 \sum_{i=1}^D z_i^2\right) dz_1 \cdots dz_D = (2\pi)^{D/2}
\int_{-\infty}^{\infty} t^4 e^{-t^2/2} dt = 3 \sqrt{2\pi}
\frac{\partial}{\partial \mu} \int_{\mathbb{R}^D} \mathcal{N}(x|\mu,\Sigma) dx = 0
\int_{\mathbb{R}^D} \frac{\partial}{\partial \Sigma} \exp\left(-\frac12 y^T \Sigma^{-1} y\right) dy = \frac{\partial}{\partial \Sigma} \sqrt{(2\pi)^D \det\Sigma}
x ~ N(y, 2*Sigma) under q
\mathbb{E}_q[(x-\mu)^T \Sigma^{-1} (x-\mu)] = \operatorname{tr}(((\mu-y)(\mu-y)^T + 2\Sigma)\Sigma^{-1})
\mathbb{E}_{x \sim \mathcal{N}(y, 2\Sigma)}[x x^T] = 2\Sigma + y y^T
\operatorname{cov}_{x \sim \mathcal{N}(y, 2\Sigma)}[2 x] = 8 \Sigma
\mathcal{N}(x; \mu, \Sigma) = \mathcal{N}(\mu \mid x, \Sigma)
"""  # noqa: E501
SECOND = {
    "d2/dy2 y'*B*y = B + B'": "right",
    "d^2/dy^2 y'*B*y = 2*B": "wrong",
    r"\frac{\partial^2}{\partial x \partial y^T} x^T A y = A": "right",
    r"\frac{\partial^2 x^T A y}{\partial y \partial x^T} = A": "wrong",
    r"\frac{\partial^2 x^T A y}{\partial x_i \partial y_j} = A_{ij}": "right",
    r"\frac{\partial^2 y^T B y}{\partial y_i \partial y_j} = 2 B_{ij}": "wrong",
    r"\frac{\partial^2 y^T B y}{\partial y_i^2} = 2 B_{ii}": "right",
    r"\frac{\partial^2}{\partial\mu\partial\mu^T} \sum_{i=1}^n (z_i - \mu)^T (z_i - \mu) = 2 n I_d": "right",
    r"\frac{\partial^2}{\partial\mu\partial\mu^T} \sum_{i=1}^n (z_i - \mu)^T (z_i - \mu) = n I_d": "wrong",
    r"\nabla_y^2 \log \sum_k e^{y_k} = \operatorname{diag}(p) - p p^T": "right",
    r"\nabla_y^2 \log \sum_k e^{y_k} = p p^T - \operatorname{diag}(p)": "wrong",
    r"\frac{\partial^2}{\partial t^2} \sum_i e^{t y_i} = \sum_i y_i^2 e^{t y_i}": "right",
    r"\frac{\partial^2}{\partial t \partial y} e^{t y^T w} = e^{t y^T w} (w + t (y^T w) w)": "right",
}


@pytest.mark.parametrize(("claim", "status"), SECOND.items())
def test_second_derivatives(claim, status):
    let = ["A: m x n; B: n x n; x: m; y w: n; z: d x n; mu: d; t: scalar", "where p = exp(y)/sum(exp(y))"]
    (step,) = matcalc.derivation(claim, let).steps
    assert step.status == status


DIFFERENTIALS_THAT_VANISH = {
    "d(X*inv(X)) = 0": "right",
    "d(tr(X)) = 0": "wrong",
    "d(Q'*Q) = 0": "right",
    r"\mathrm{d}\operatorname{tr}(QQ^T) = 0": "right",
    r"dQ^T Q + Q^T dQ = 0": "right",
    r"dQ^T Q = Q^T dQ": "wrong",
    r"dX^T X + X^T dX = 0": "wrong",
}


@pytest.mark.parametrize(("claim", "status"), DIFFERENTIALS_THAT_VANISH.items())
def test_differentials_that_vanish(claim, status):
    (step,) = matcalc.derivation(claim, ["X: n x n; Q: n x n orthogonal"]).steps
    assert step.status == status


WRONG = {  # one claim, and what is said of it
    r"\frac{\partial x^T A x}{\partial x}\Big|_{x=\mu} = (A + A^T) x": "x stands where",
    r"X^{-1}_{ij} = 1 / X_{ij}": "",
    r"\langle A x, x \rangle = 2 x^T A x": "multiplied by 1/2",
    r"X_{ij}^\top = X_{ij}": "X_ij is printed for X_ji",
    r"\frac{\partial}{\partial X} \operatorname{tr}(AX) = A": "transposed",
    r"\frac{\partial \xi_{kl}}{\partial x_{ij}} = -\xi_{ki} \xi_{lj}": "xi_lj is printed for xi_jl",
    r"\mathbb{E}[x x^T] = -(\mu\mu^T + \Sigma)": "sign",
    r"\int_{-\infty}^{\infty} t^2 e^{-t^2/2} dt = \frac12 \int_{-\infty}^{\infty} e^{-t^2/2} dt": "multiplied by 2",
    r"\int_{-\infty}^{\infty} e^{-t^2/2} dt = \sqrt{\pi}": "multiplied by sqrt(2)",
    r"\sum_{i=1}^n x_{ii} = \operatorname{tr}(X) + 1": "the term 1 does not belong there",
    r"\sum_{i=1}^n x_{ii} = \operatorname{tr}(X) + \det X \sum_{i=1}^n x_i": "does not belong there",
    r"\mathbb{E}[x x^T] = \Sigma - \mu\mu^T": "the sign of the term -mu*mu' is wrong",
    r"\mathbb{E}[x x^T] = \Sigma": "a term is missing: mu*mu'",
    r"\mathbb{E}[x^T A x] = \operatorname{tr}(A\Sigma) + \mu^T\mu": "the factor A is missing",
    r"\mathbb{E}[(x - \mu)(x - \mu)^T] = \Sigma^{-1}": "covariance for precision",
    r"\operatorname{Cov}[A x + \mu] = A^T \Sigma A": "A is transposed throughout",
    r"\operatorname{Cov}[A x] = A \Sigma A": "A*Sigma*A'",
    r"\int_{\mathbb{R}^n} e^{-\frac12 x^T \Sigma^{-1} x} dx = (2\pi)^{n/2} |\Sigma|": "sqrt(det(Sigma))",
    r"\sum_{i=1}^n (x_i + x^T x) = \mathbf{1}^T x + x^T x": "the factor n",
    r"\mathbb{E}[x] = \exp(A)\mu": "expm(A)*mu has a factor too many",
    r"\mathbb{E}[x] x^T \odot I_n = \mathbb{E}[x] x^T \otimes I_n": "⊗ is printed for ⊙",
}
UNREAD = {
    r"\langle x, x \rangle_A = x^T A x": "write x^T W y",
    r"\langle x \rangle = x": "at character 11",
    r"X_{ij}^{-1} = 1 / X_{ij}": "Write (X^{-1})_{ij} or (X_{ij})^{-1}",
    r"\sum_{i=1}^n X^2_{ii} = \operatorname{tr}(X^2)": "an entry of a power, or the power of an entry?",
    r"\int_{\mathbb{R}^n} \sin(x^T x) dx = 1": "without a Gaussian",
    r"\int_{\mathbb{R}^n} \sin(x^T x) e^{-x^T x} dx = 1": "polynomial times a Gaussian",
    r"\int_{\mathbb{R}^n} e^{x^T x} dx = 1": "does not converge",
    r"\int_{\mathbb{R}^n} e^{-(x^T x)^2} dx = 1": "not a quadratic form",
    r"\det X_{ij} = 1": "submatrix",
    r"\delta_{ij} = \delta_{ji}": "range of the index",
    r"\sum_{k=1}^n x_{ik} = w_i": "w is not declared",
    r"\mathbb{E}_q[x] = \mu": "under q",
    r"\sum_{k=1}^n x_{kk} + x = 1": "do not fit",
    r"\sum_{k=1}^{9} x_{kk} = 1": "outside",
    r"d^2 \log\det X = -\operatorname{tr}(X^{-1} dX X^{-1} dX)": "a second differential",
}
LET = ["X: n x n; A: n x n; mu: n; x: n; Sigma: n x n spd", "where Xi = X^-1", "x ~ N(mu, Sigma)"]


@pytest.mark.parametrize("text", [ENTRIES, INTEGRALS], ids=["entries", "integrals"])
def test_what_is_right_is_found_right(text):
    found = matcalc.derivation(text, reading="entrywise")
    assert [s.formula for s in found.steps if s.status != "right"] == []
    assert found.is_right
    found.raise_if_wrong()


@pytest.mark.parametrize(("claim", "message"), WRONG.items())
def test_what_is_wrong_is_found_wrong(claim, message):
    (step,) = matcalc.derivation(claim, LET, "entrywise").steps
    assert step.status == "wrong"
    assert message in step.message


@pytest.mark.parametrize(("claim", "reason"), UNREAD.items())
def test_what_is_not_read_says_why(claim, reason):
    (step,) = matcalc.derivation(claim, LET, "entrywise").steps
    assert step.status == "not read"
    assert reason in step.message


def test_the_first_wrong_step_is_named_and_the_next_is_checked_against_its_neighbour():
    found = matcalc.derivation("d/dX tr(A*X*B) = A'*B'\n = B*A\n = (A'*B')'")
    assert [s.status for s in found.steps] == ["right", "wrong", "right"]
    assert found.first_wrong is found.steps[1]
    assert found.first_wrong.line == 2
    assert "transposed" in found.first_wrong.message
    with pytest.raises(AssertionError, match="line 2"):
        found.raise_if_wrong()


def test_assumptions_hold_from_where_they_stand():
    found = matcalc.derivation("""
        A: n x n
        d/dx x'*A*x = 2*A*x
        assume A symmetric
        d/dx x'*A*x = 2*A*x
        where y = x - mu
        d(y'*y)/dmu = -2*y
        ∇_mu y'*y = -2*(x - mu)
        forget y
        d/dmu y'*y = -2*y
    """)
    assert [s.status for s in found.steps] == ["wrong", "right", "right", "right", "wrong"]


def test_inequalities_are_searched_and_never_called_right():
    found = matcalc.derivation("A: n x n spd; B: n x n symmetric; x: n\nx'*A*x >= 0\nx'*B*x >= 0\nA > 0\n0 >= A")
    assert [s.status for s in found.steps] == ["undecided", "wrong", "undecided", "wrong"]
    assert "not refuted in" in found.steps[0].message


@pytest.mark.parametrize("claim", [">= 0", "<= 0"])
@pytest.mark.parametrize("zero", ["log(sum(softmax(x)))", "adj(x*x')", "sin(pi)"])
def test_rounding_refutes_no_inequality(zero, claim):
    assert matcalc.check_inequality(zero, claim, ["x: 3"]).verdict == "undecided"


def test_a_new_name_alone_is_a_definition():
    assert [s.status for s in matcalc.derivation(r"z = \mathbf{A} x = A I_n x").steps] == ["definition", "right"]


def test_a_definition_holds_in_the_plain_language():
    text = "R = X - U*V'\nd/dX tr(R'*R) = 2*R\ng(x) = x'*A*x\ng(2*x) = 4*g(x)\ng(2*x) = 2*g(x)"
    found = matcalc.derivation(text, ["X: m x n; U: m x r; V: n x r; A: n x n; x: n"]).steps
    assert [s.status for s in found] == ["definition", "right", "definition", "right", "wrong"]


def test_shown_as_a_table_and_as_json():
    found = matcalc.derivation("d/dX tr(A*X) = A'\n\\operatorname{tr}(A) = \\operatorname{tr}(A^T)\n x < > y")
    html = found._repr_html_()
    assert r"$\displaystyle \frac{\partial}{\partial X} \operatorname{tr}(A X) = A^\top$" in html
    assert r"\operatorname{tr}(A^T)" in html
    assert {"line", "formula", "status", "message", "display", "verdict"} == set(found.to_json()["statements"][0])
    assert str(found).endswith(found.summary)


@pytest.mark.parametrize("text", ["assume A round", "x ~ N(mu", "let X: n by n", "layout sideways", "forget"])
def test_an_assumption_that_cannot_be_read(text):
    found = matcalc.derivation(text)
    assert found.unread
    with pytest.raises(DeclarationError):
        matcalc.derivation("1 = 1", [text])


def test_rows_and_remarks_of_aligned_blocks():
    block = r"""\begin{aligned} (1) \quad f &= a \quad \downarrow \text{because} \\
        &\quad + c \\ &= d, \\ \therefore g &= h \end{aligned}"""
    found = [[" ".join(side.text.split()) for side in chain.sides] for chain in chains(block)]
    assert found == [["f", r"a \quad \downarrow \text{because} \\ &\quad + c", "d"], ["g", "h"]]


CLAIMS = [
    ("norm2(A*x - y)^2", "x", "x = inv(A'*A)*A'*y", ("A: m x n",), "right"),
    ("norm2(A*x - y)^2", "x", "inv(A'*A)*A'*y + ones(n,1)", ("A: m x n",), "wrong"),
    ("logdet(X) - tr(S*X)", "X", "inv(S)", ("X: n x n spd", "S: n x n spd"), "right"),
    ("logdet(X) - tr(S*X)", "X", "S", ("X: n x n spd", "S: n x n spd"), "wrong"),
    ("tr(X*S)", "X", "A", ("X: n x n symmetric", "A: n x n"), "wrong"),
    ("tr(X'*A*X)", "X", "eye(n)", ("X: n x n orthogonal", "A: n x n"), "right"),
    ("norm2(x)^2", "x", "0*y", (), "right"),
    ("norm2(x)", "x", "0*y", (), "undecided"),
    ("norm1(x - y) + x'*x", "x", "y", (), "undecided"),
    (r"\lVert Ax - b \rVert^2", "x", "x = (A'A)^{-1}A^T b", ("A: m x n", "b: m"), "right"),
    (r"a^2 - 2\mu a + \mu^2", "mu", r"\mu = a", ("mu: scalar", "a: scalar"), "right"),
    *(
        (f, "a", at, ("a: scalar", "b: scalar"), found)
        for f, at, found in (
            ("exp(a)", "-10", "wrong"),
            ("exp(a)", "-25", "wrong"),
            ("exp(a)", "-700", "undecided"),
            ("tanh(a)", "20", "wrong"),
            ("tanh(a)", "400", "undecided"),
            ("sigmoid(a)", "40", "wrong"),
            ("log(1 + exp(a)) - a", "34", "undecided"),
            ("exp(-100*(a - b)^2)", "b + 2", "wrong"),
            ("1/a", "10^6", "wrong"),
            ("1/(1 + a^2)", "10^100", "undecided"),
            ("1/(1 + relu(a)^2)", "10^100", "undecided"),
            ("relu(a)", "-1", "right"),
            ("relu(a)", "0", "undecided"),
            ("sin(a)", "pi/2", "right"),
            ("sin(a)", "1.5707963", "wrong"),
            ("(a - b)^4", "b", "right"),
            ("(a - b)^4", "b + 10^-6", "wrong"),
        )
    ),
    ("log(a)", "a", "10^10", ("a: positive",), "wrong"),
    ("exp(-x'*x)", "x", "30*ones(n,1)", ("x: n",), "undecided"),
    ("exp(-1/2*norm2(x - h)^2)", "x", "h", ("x h: n",), "right"),
    ("norm2(X - A)^2", "X", "1.00000001*A", ("X A: n x m",), "wrong"),
    ("norm2(x - h)^2", "x", "h + 10^-13*ones(n,1)", ("x h: n",), "wrong"),
    ("norm2(x - h)^2", "x", "2*h/(1 + rows(h))", ("x h: n",), "wrong"),
    ("x'*x", "x", "10^-5*h", ("x h: n",), "wrong"),
    ("w'*A*w", "w", "zeros(n,1)", ("w: n", "A: n x n"), "right"),
    ("x'*A*x", "x", "y", ("x y: n", "A: n x n skew"), "right"),
    ("tr(X^3)", "X", "zeros(n,n)", ("X: n x n",), "right"),
    ("norm2(expm(X) - A)^2", "X", "logm(A)", ("A: n x n spd", "X: n x n symmetric"), "right"),
    ("rows(x)*log(s) + x'*x/s", "s", "x'*x/rows(x)", ("x: n", "s: positive"), "right"),
    ("rows(x)*log(s) + x'*x/s", "s", "x'*x", ("x: n", "s: positive"), "wrong"),
    ("5*logdet(S) + tr(inv(S)*X'*X)", "S", "X'*X/5", ("X: 5 x 3", "S: 3 x 3 spd"), "right"),
    ("logdet(X) + 1/2*tr(Q*inv(X))", "X", "inv(Q)/(1 + rows(Q))", ("X Q: p x p spd",), "wrong"),
    ("norm2(X - A)^2", "X", "A", ("X: n x n symmetric", "A: n x n"), "wrong"),
    ("logdet(X) - tr(A*X)", "X", "-inv(A)", ("X A: n x n spd",), "wrong"),
    ("log(a) - b*a", "a", "-1/b", ("a b: positive",), "wrong"),
    ("logdet(X) + tr(A*X)", "X", "-inv(A)", ("X A: n x n spd",), "undecided"),
    ("x'*x - 2*y'*x", "x", "y + 10^-17*ones(n,1)", ("x y: n",), "undecided"),
    ("a^3/a", "a", "0", ("a: scalar",), "undecided"),
    ("logdet(X) - logdet(X)", "X", "0*X", ("X: n x n",), "undecided"),
    ("x'*inv(A)*A*x", "x", "0*x", ("A: 3 x 3 skew", "x: 3"), "undecided"),
]
SCATTER = "rows(X)*logdet(S) + tr(inv(S)*X'*X)", "S", ("X: n x p", "S: p x p spd")
PRECISION = "logdet(X) - tr(S*X)", "X", ("X: p x p spd", "S: p x p symmetric")
WISHART = "(a - rows(X) - 1)/2*logdet(X) - 1/2*tr(inv(V)*X)", "X", ("a: scalar", "X V: p x p spd")
FOR_SOME_VALUES = [
    (*SCATTER, "X'*X/rows(X)", "right"),
    (*SCATTER, "X'*X", "wrong"),
    (*PRECISION, "inv(S)", "right"),
    (*PRECISION, "2*inv(S)", "wrong"),
    (*WISHART, "(a - rows(V) - 1)*V", "right"),
    (*WISHART, "(a - rows(V))*V", "wrong"),
    ("log(a) - b*a", "a", ("a: positive", "b: scalar"), "1/b", "right"),
]


@pytest.mark.parametrize(("f", "wrt", "at", "let", "verdict"), CLAIMS)
def test_stationary_points(f, wrt, at, let, verdict):
    assert matcalc.check_stationary(f, wrt, at, let).verdict == verdict


@pytest.mark.parametrize(("f", "wrt", "let", "at", "verdict"), FOR_SOME_VALUES)
def test_a_point_is_tried_where_it_is_a_member(f, wrt, let, at, verdict):
    found = matcalc.check_stationary(f, wrt, at, let)
    assert found.verdict == verdict
    assert found.notes[0].endswith("for some values only, and was tried at those")


NOTES = [
    ("exp(-a)", "800", "around the point the gradient is too small to be told from zero"),
    ("exp(a)", "800", "the gradient has no value there"),
    ("abs(a)", "0", "the expression has a kink there, and so no gradient that could vanish"),
]


@pytest.mark.parametrize(("f", "at", "note"), NOTES)
def test_why_nothing_is_decided_of_a_point(f, at, note):
    assert matcalc.check_stationary(f, "a", at, ["a: scalar"]).notes == (note,)


RIDGE = "norm2(A*x - y)^2 + c*x'*x", "x", ["A: m x n", "c: positive"]
MENDED = [
    (*RIDGE, "-(A'*A + c*I)^-1*A'*y", "sign"),
    (*RIDGE, "2*(A'*A + c*I)^-1*A'*y", "scale"),
    (*RIDGE, "(A'*A)^-1*A'*y", "missing-term"),
    (*RIDGE, "(A'*A + c^2*I)^-1*A'*y", "wrong-power"),
    (*RIDGE, "(A'*A + c*I)*A'*y", "inverse"),
    ("(y - A*x)'*W*(y - A*x)", "x", ["A: m x n", "W: m x m spd"], "(A'*A)^-1*A'*W*y", "missing-factor"),
    ("norm2(A*x - y)^2", "x", ["A: n x n"], "(A*A')^-1*A*y", "transpose"),
    ("logdet(X) - tr(S*X)", "X", ["S: n x n spd", "X: n x n spd"], "S", "inverse"),
]


@pytest.mark.parametrize(("f", "wrt", "let", "at", "kind"), MENDED, ids=[f"{m[3]} {m[4]}" for m in MENDED])
def test_a_point_that_is_not_stationary_is_mended(f, wrt, let, at, kind):
    found = matcalc.check_stationary(f, wrt, at, let).diagnosis
    assert kind in (found.kind, found.kind.replace("covariance-precision", "inverse"))
    assert matcalc.check_stationary(f, wrt, found.edit, let).verdict == "right"


def test_what_a_stationary_point_takes_for_granted_is_named():
    found = matcalc.check_stationary("x'*A*x - 2*b'*x", "x", "inv(A)*b", ["A: n x n", "x b: n"]).diagnosis
    assert found.message == "the gradient does not vanish there: right only if A is symmetric"
    small = matcalc.check_stationary("norm2(X - A)^2", "X", "1.00000001*A", ["X A: n x m"]).diagnosis
    assert small.message == "the gradient does not vanish there"
    same = matcalc.check_stationary("exp(-norm2(x))", "x", "100*y", ["x y: n"]).diagnosis
    assert (same.message, same.edit) == ("the gradient does not vanish there", None)
    nothing = matcalc.check_stationary("norm2(x - y)^2", "x", "exp(y)", ["x y: n"]).diagnosis
    assert nothing.message != "the gradient does not vanish there"
    assert matcalc.check_stationary("norm2(x - y)^2", "x", nothing.edit, ["x y: n"]).verdict == "right"


DIFFERENTIALS = [
    (r"d \log |X| = \operatorname{tr}(X^{-1} dX)", "right"),
    (r"d \log |X| = -\operatorname{tr}(X^{-1} dX)", "sign"),
    (r"d \operatorname{tr}(A X^{-1}) = -\operatorname{tr}(X^{-1} A^T X^{-1} dX)", "transpose"),
    (r"\partial(X^{-1}) = -X^{-1}(\partial X)X^{-1}", "right"),
    (r"\partial(X \circ Y) = (\partial X)\circ Y + X \circ (\partial Y)", "right"),
    (r"d(X\,Y) = dX\,Y + X\,dY", "right"),
    (r"d(X\,Y) = dX\,Y + Y\,dX", "wrong"),
    (r"d(X\,Y) = dX\,Y + X\,dY + dX\,dY", "wrong"),
    (r"\operatorname{tr}(X^T A\,\mathrm{d}X) = \operatorname{tr}(A^T X \, \mathrm{d} X^T)", "right"),
    ("tr(A*dX*Y) = tr(A*Y*dX)", "wrong"),
]


@pytest.mark.parametrize(("statement", "found"), DIFFERENTIALS, ids=[s for s, _ in DIFFERENTIALS])
def test_a_statement_about_differentials_is_one(statement, found):
    (step,) = matcalc.derivation(f"X: n x n; Y: n x n; A: n x n\n{statement}").steps
    kind = step.verdict.diagnosis.kind if step.verdict.diagnosis else None
    assert found in (step.status, kind)


@pytest.mark.parametrize("declared", ["X: n x n; Y: n x n\n", ""], ids=["declared", "by convention"])
def test_what_stands_still_in_a_right_total_differential_is_named(declared):
    """`d(XY) = dX Y` holds while Y rests and drops a term where it moves: only the reader knows which is meant."""
    dropped, whole = matcalc.derivation(rf"{declared}d(X\,Y) = dX\,Y" + "\n" + r"d(X\,Y) = dX\,Y + X\,dY").steps
    assert (dropped.status, dropped.message) == ("right", "while Y stands still")
    assert (whole.status, whole.message or None, whole.verdict.notes) == ("right", None, ())
    assert whole.verdict.correct.text == "dX*Y + X*dY"


INEQUALITIES = [
    ("exp(a)", "> 0", "", "undecided"),
    ("exp(-100*x'*x)", "> 0", "x: n", "undecided"),
    ("1 - tanh(a)^2", "> 0", "", "undecided"),
    ("diag(exp(x))", "> 0", "x: n", "undecided"),
    ("det(X*X')", ">= 0", "X: n x m", "undecided"),
    ("det(X*X')", "> 0", "X: n x m", "vanishes"),
    ("tr(A'*A)", ">= tr(A*A')", "A: n x m", "undecided"),
    ("tr(A'*A)", "> tr(A*A')", "A: n x m", "vanishes"),
    ("(a - 3)^2", "> 0", "", "vanishes"),
    ("sum(relu(x))", "> 0", "x: n", "vanishes"),
    ("A*A'", "> 0", "A: n x m", "is singular"),
    ("det(A)", ">= 0", "A: n x n orthogonal", "is negative"),
    ("norm1(x)", "<= norm2(x)", "x: n", "is negative"),
    ("0", "> 0", "", "vanishes"),
]


@pytest.mark.parametrize(("f", "claim", "let", "found"), INEQUALITIES, ids=[f"{i[0]} {i[1]}" for i in INEQUALITIES])
def test_what_is_small_is_told_from_what_is_zero_and_noise_from_what_is_negative(f, claim, let, found):
    verdict = matcalc.check_inequality(f, claim, [let] if let else [])
    assert found in (
        verdict.verdict,
        str(verdict.diagnosis and verdict.diagnosis.message.split(" side ")[-1].split(";")[0]),
    )


@pytest.mark.parametrize(
    ("f", "claim", "let", "kind", "cause"),
    [
        ("inv(A + B)", ">= inv(A)", ["A B: n x n spd"], "sign", "the other direction was not refuted"),
        ("(x'*y)^2", "> (x'*x)*(y'*y)", ["x y: n"], "sign", "the other direction was not refuted"),
        ("det(X*X')", "> 0", ["X: n x m"], "unknown", "with equality allowed it was not refuted"),
        ("x'*A*x", ">= 0", ["A: n x n symmetric", "x: n"], "unknown", "is negative"),
        (r"x^\top A x", r"\leq 0", ["A: n x n spd", "x: n"], "sign", "the other direction was not refuted"),
        (r"(A + B)^{-1}", r"\succeq A^{-1}", ["A B: n x n spd"], "sign", "the other direction was not refuted"),
    ],
)
def test_what_holds_instead_of_an_inequality_is_named(f, claim, let, kind, cause):
    found = matcalc.check_inequality(f, claim, let).diagnosis
    assert found.kind == kind
    assert found.message.endswith(cause)


def test_a_refuted_inequality_has_a_counterexample():
    verdict = matcalc.check_inequality("A + A'", ">= 0", ["A: n x n"])
    assert verdict.verdict == "wrong"
    assert verdict.evidence.counterexample["at"]["A"]
    assert matcalc.check_inequality("A - A'", "≥ 0", ["A: n x n"]).diagnosis.message.endswith("is not symmetric")
    with pytest.raises(MatcalcError, match="square"):
        matcalc.check_inequality("A", ">= 0", ["A: n x m"])


SPACED = r"""
P: d x d spd; x: d; X: d x d
\frac{\partial}{\partial x}\, x^T P x = 2 P x
\nabla_{x}\, x^T P x = 2 P x
\frac{\partial}{\partial x_{i}}\, x^T P x = 2\, (P x)_i
\frac{\partial \det X}{\partial X}\, X^T = \det X\, I_d
"""


def test_a_name_that_begins_with_a_d_is_no_differential():
    text = ["delta: scalar", r"\delta^2 = \delta\,\delta", r"\delta^3 = 3\delta"]
    assert [s.status for s in matcalc.derivation(text).steps] == ["right", "wrong"]


def test_a_thin_space_after_an_operator_is_no_product():
    assert [s.status for s in matcalc.derivation(SPACED, reading="entrywise").steps] == ["right"] * 4


STATIONARY = r"""
P: d x d spd; z x: d; X: n x d; y: n; w: d; S V: n x n spd
\nabla_x (\tfrac12 x^T P x - z^T x) = 0 \Rightarrow x = P^{-1} z
\frac{\partial}{\partial w} \|y - X w\|^2 = -2 X^T (y - X w) = 0 \implies w = (X^T X)^{-1} X^T y
\frac{\partial}{\partial w} \|y - X w\|^2 = 0 \implies w = X^T y
\frac{\partial}{\partial V} (\log|V| + \operatorname{tr}(V^{-1} S)) = 0 \Rightarrow V = S
\frac{\partial}{\partial x} z^T z = 0
X^T y - z = 0
"""


def test_a_derivative_set_to_zero_is_an_equation_and_its_solution_is_checked():
    found = [(s.right, s.status) for s in matcalc.derivation(STATIONARY).steps]
    zero, aside, right = "0", "not a claim", "right"
    assert found == [
        (zero, aside), ("P^{-1} z", right),
        ("-2 X^T (y - X w)", right), (zero, aside), ("(X^T X)^{-1} X^T y", right),
        (zero, aside), ("X^T y", "wrong"),
        (zero, aside), ("S", right),
        (zero, right), (zero, "wrong"),
    ]  # fmt: skip


SLIPS = [
    (r"\sum_i (x_i - \mu_i)^2", r"\sum_i (x_i^2 - x_i\mu_i + \mu_i^2)", "wrong-term"),
    (r"\sum_i x_i y_i + \sum_i w_i^2", r"\sum_i (x_i y_i - w_i^2)", "sign"),
    (r"\sum_i \frac{(x_i - \mu_i)^2}{s_i^2}", r"\sum_i \frac{x_i^2 - 2 x_i \mu_i + \mu_i^2}{s_i}", "wrong-power"),
    (r"\frac{\partial}{\partial x_j} \log \sum_i e^{x_i}", r"\frac{e^{x_j}}{\sum_i x_i}", "missing-factor"),
    (r"\frac{\partial}{\partial x_j} \sum_i x_i^2 y_i", r"2 x_j", "missing-factor"),
    (r"\sum_{i,j} A_{ij} x_i x_j", r"\sum_{i,j} A_{ij} x_i y_j", "wrong-term"),
    (r"\frac{\partial}{\partial x_k} \sum_{i,j} x_i A_{ij} x_j", r"\sum_j A_{kj} x_j - \sum_j A_{jk} x_j", "sign"),
    (r"\prod_i e^{x_i}", r"e^{-\sum_i x_i}", "sign"),
    (r"\sum_i x_i (y_i + w_i)", r"\sum_i x_i y_i + \sum_i w_i", "missing-factor"),
    (r"\sum_i x_i", r"\sum_i x_i + \sum_i \mu_i", "extra-term"),
]


@pytest.mark.parametrize(("left", "right", "kind"), SLIPS, ids=[f"{s[1]} {s[2]}" for s in SLIPS])
def test_a_slip_in_a_sum_over_an_index_is_undone_in_the_text(left, right, kind):
    let = "x: n; y: n; w: n; s: n; mu: n; A: n x n\n"
    (step,) = matcalc.derivation(f"{let}{left} = {right}").steps
    found = step.verdict.diagnosis
    assert (step.status, found.kind) == ("wrong", kind)
    mended = f"{found.edit} = {right}" if found.message.startswith("on the left") else f"{left} = {found.edit}"
    assert matcalc.derivation(let + mended).steps[0].status == "right"


def test_what_no_slip_explains_stays_unknown():
    (step,) = matcalc.derivation(r"x: n" + "\n" + r"\sum_i x_i^2 = \sum_i \tanh(x_i) + 7").steps
    assert (step.status, step.verdict.diagnosis.kind, step.verdict.diagnosis.edit) == ("wrong", "unknown", None)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (r"\sum_{i=1}^y x_i = 0", "the end of a range is a number, got n x 1"),
        (r"\sum_i x_i^{y} = 0", "an exponent is a number"),
    ],
)
def test_a_range_and_an_exponent_are_numbers(statement, reason):
    (step,) = matcalc.derivation("x: n; y: n\n" + statement).steps
    assert step.status == "not read"
    assert "internal" not in step.reason


FONTS_ALONE = [
    r"\mathbb E_{x\sim\mathcal N(\mu, S)}[x x^\top] = \mu\mu^\top + S",
    r"\int_{\mathbb R^n} \mathcal N(x|\mu,S) x \, dx = \mu",
    r"x^\top \mathbf 1 = \sum_i x_i",
]


@pytest.mark.parametrize("statement", FONTS_ALONE)
def test_a_font_may_stand_before_a_letter_without_braces(statement):
    (step,) = matcalc.derivation("x: n; mu: n; S: n x n spd\n" + statement).steps
    assert step.status == "right"


FILLED = [
    (r"\nabla_x v^T \tanh(Wx) = W^T((1 - \tanh^2(Wx)) \odot v)", "right"),
    (r"\nabla_x v^T \tanh(Wx) = W^T((1 + \tanh^2(Wx)) \odot v)", "wrong"),
    (r"\nabla_W v^T \tanh(Wx) = ((1 - \tanh^2(Wx)) \odot v) x^T", "right"),
    (r"\sum_i (1 - x_i)^2 = (1 - x)^T (1 - x)", "right"),
    (r"\sum_i (2 - x_i)^2 = (1 - x)^T (1 - x)", "wrong"),
    (r"A \odot A = A \odot A + 1 - 1", "right"),
    (r"(1 - A)(1 + A) = 1 - A^2", "not read"),
    (r"1 - x^T y = 1 - y^T x", "right"),
]


@pytest.mark.parametrize(("statement", "status"), FILLED, ids=[s for s, _ in FILLED])
def test_a_number_beside_a_vector_is_added_to_every_entry(statement, status):
    (step,) = matcalc.derivation("W: m x n; x: n; y: n; v: m; A: n x n\n" + statement).steps
    assert step.status == status
    is_filled = "x^T y" not in statement and status != "not read"
    assert ("added to every entry" in step.reason) == is_filled


AS_PRINTED = [  # declarations, statement, the statuses of its steps
    ("W: n x n", r"W^{(1)} W^{(2)} = W^{(2)} W^{(1)}", ["not read"]),
    ("x: n", r"x^{(k)} = x", ["not read"]),
    ("C: n x n", r"\|C\|_2 = \|C\|_F", ["not read"]),
    ("C: n x n", r"\sum_{i,j} C_{ij}^2 = \|C\|_2^2", ["not read"]),
    ("x: n", r"\sum_i x_i^2 = \|x\|_2^2", ["right"]),
    ("x y: n; A: n x n", r"x^T A y &= y^T A^T x \\ -x^T A y &= -y^T A^T x", ["right", "right"]),
    ("x b: n; A: n x n", r"x^T A x &= b^T b \\ &\quad - b^T b + x^T A x \\ &= x^T A^T x", ["right", "right"]),
    ("A: n x n", r"P_{t|t-1} &= A \\ A + A &= 2A", ["right"]),
    ("A: n x n", r"\frac{d}{dt}(I + tA)\Big|_{t=0} = A", ["not read"]),
    ("S: n x n spd; x y: n", r"0 = \nabla_y (y^T S y - 2x^T y) = 2Sy - 2x", ["not a claim", "right"]),
    ("x: n; S: n x n spd", r"\int \mathcal N(x|0,S) \, dx = 1", ["right"]),
    ("x: n; S: n x n spd", r"\mathbb{E}_{x \sim \mathcal N(0,S)}[x x^T] = 2S", ["wrong"]),
    ("L: n x n lower", r"\sum_i \log L_{ii}^2 = 2 \sum_i \log |L_{ii}|", ["right"]),
    ("V: n x m", r"\sum_{i,j} e^{V_{ij}} = 1^T e^V 1", ["not read"]),
    ("w x: n; a: scalar; L := (w'*x - a)^2", r"\partial L / \partial w = 2(w^T x - a) x", ["right"]),
    ("w x: n; a: scalar; L := (w'*x - a)^2", r"\partial L / \partial w_i = 2(w^T x - a) x_i", ["right"]),
    ("w x: n; a: scalar; L := (w'*x - a)^2", r"\partial L / \partial w = (w^T x - a) x", ["wrong"]),
    ("x: n; A: n x n; f(x) := x'*A*x", r"\partial f / \partial x = (A + A^T) x", ["right"]),
    ("X: n x n", r"\partial \log|X| / \partial X = X^{-T}", ["right"]),
    ("w x: n; ell := w'*x", r"\nabla_w \ell = x", ["right"]),
    ("x: n; A: n x n", r"\|x\|^2_A = x^T x", ["wrong"]),
    ("x: n; A: n x n", r"\|x\|^2_A = x^T A x", ["right"]),
    ("A: n x n", r"\|A\|^2_{op} = \operatorname{tr}(A^T A)", ["not read"]),
    ("x y: n", r"\nabla_x \|x - y\|^2_2 = 2(x - y)", ["right"]),
    ("x: n", r"\sum_i x^2_i = x^T x", ["right"]),
    ("x: n", r"\int_{-\infty}^\infty e^{-x^T x} \, dx = \pi^{1/2}", ["not read"]),
    ("x: n", r"\int_{\mathbb R} e^{-x^T x} \, dx = \pi^{n/2}", ["not read"]),
    ("x: n", r"\int_{\mathbb R^n} e^{-x_i^2} \, dx_i = \pi^{1/2}", ["not read"]),
    ("x: n", r"\int_{\mathbb R^n} e^{-x^T x} \, dx = \pi^{n/2}", ["right"]),
    ("a: scalar", r"\sin^{-1} a = 1/\sin a", ["not read"]),
    ("x: n", r"x_{:i} = x_i", ["not read"]),
    ("A: n x n", r"\mathcal A A = A^2", ["not read"]),
    ("x: n", r"\sum_{i=1}^{1000000} x_i = 1", ["not read"]),
    ("B: n x m; C: m x n", r"\det B = \det C \left| B \right|", ["not read"]),
    ("x: n", r"\mathbf 1_m^T x = 1", ["wrong"]),
    ("A: m x n; x: n; y: m", r"\nabla_x \|Ax - y\|^2 = 0 \Rightarrow A^T A x = A^T y", ["not a claim", "right"]),
    (
        "A: m x n; x: n; y: m",
        r"\nabla_x \|Ax - y\|^2 = 0 \Rightarrow A^T A x = A^T y + x",
        ["not a claim", "undecided"],
    ),
    ("W: m x n; x: n; v: m; L := v'*W*x", r"\partial L / \partial W_{ij} = \sum_k v_k x_i", ["not read"]),
    ("X: m x n; w: n; y: m", r"\nabla_w \|Xw - y\|^2 = 2X(Xw - y)", ["wrong"]),
]


@pytest.mark.parametrize(("let", "statement", "statuses"), AS_PRINTED, ids=[s for _, s, _ in AS_PRINTED])
def test_statements_as_papers_print_them(let, statement, statuses):
    steps = matcalc.derivation(let.replace("; ", "\n") + "\n" + statement).steps
    claims = [s for s in steps if s.status != "definition"]
    assert [s.status for s in claims] == statuses
    assert not any("internal error" in s.reason for s in claims)


def test_what_does_not_fit_is_mended():
    (step,) = matcalc.derivation("X: m x n\nw: n\ny: m\n" + r"\nabla_w \|Xw - y\|^2 = 2X(Xw - y)").steps
    assert step.verdict.diagnosis.kind == "not-conformable"
    assert step.verdict.diagnosis.edit == r"2X^\top(Xw - y)"
