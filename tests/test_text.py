"""Text and Unicode: what is printed can be read back, and looks as in print."""

import pytest
from hypothesis import given, settings
from random_expressions import DECLARATIONS, expressions, same

from matcalc.expression.expr import Apply, Call, Expr, Opaque
from matcalc.expression.latex import to_latex
from matcalc.expression.python_text import to_python
from matcalc.expression.scope import Scope
from matcalc.expression.text import to_text, to_unicode
from matcalc.shape import ELEMENTWISE, SIGNATURES

NOTE = [  # as typed, in ASCII, and as the note prints it
    ("A'*B' + B*A - (A'*B').*I", "A'*B' + B*A - (A'*B') .* I", "Aᵀ Bᵀ + B A - (Aᵀ Bᵀ) ⊙ I"),
    ("det(X)*(2*X^-1 - X^-1.*I)", "det(X)*(2*X^-1 - X^-1 .* I)", "det(X) (2 X⁻¹ - X⁻¹ ⊙ I)"),
    (
        "-2*Sigma^-1*y*y'*Sigma^-1 + (Sigma^-1*y*y'*Sigma^-1).*I",
        "-2*Sigma^-1*y*y'*Sigma^-1 + (Sigma^-1*y*y'*Sigma^-1) .* I",
        "-2 Σ⁻¹ y yᵀ Σ⁻¹ + (Σ⁻¹ y yᵀ Σ⁻¹) ⊙ I",
    ),
    ("inv(X)'", "X^-1'", "(X⁻¹)ᵀ"),
    ("-1/2*(y'*S^-1*y)", "-1/2*y'*S^-1*y", "-1/2 yᵀ S⁻¹ y"),
]
LOOKS = [  # as typed, and in ASCII
    ("-(A .* B)", "-A .* B"),
    ("2*(A .* B)", "2*(A .* B)"),
    ("(A .* B)*x", "(A .* B)*x"),
    ("A ./ B", "A ./ B"),
    ("-(A+B)*x", "-(A + B)*x"),
    ("1/2*(A + B)", "1/2*(A + B)"),
    ("(x'*y)*A", "(x'*y)*A"),
    ("(x'*y)*(y'*z)", "(x'*y)*(y'*z)"),
    ("a*(x'*y)*b", "a*b*x'*y"),
    ("x'*A*x/(x'*x)", "x'*A*x/(x'*x)"),
    ("x'*A*x/(2*(x'*x))", "x'*A*x/(2*x'*x)"),
    ("x/(2*a)", "x/(2*a)"),
    ("x/a/b", "x/(a*b)"),
    ("2/(3*a)", "2/(3*a)"),
    ("-(a+b)/c", "-(a + b)/c"),
    ("(a + b)^-2", "1/(a + b)^2"),
    ("(-2)^a", "(-2)^a"),
    ("(1/2)^a", "(1/2)^a"),
    ("a^(1/3)", "a^(1/3)"),
    ("a^(-b)", "a^(-b)"),
    ("a^(1/2)", "sqrt(a)"),
    ("A^2'", "A^2'"),
    ("(A+B)^2", "(A + B)^2"),
    ("x.^-1", "x.^-1"),
    ("exp(a)*x", "x*exp(a)"),
    ("exp(a)*b*pi*2", "2*pi*b*exp(a)"),
    ("X + 2*I", "X + 2*I"),
    ("X .* I", "X .* I"),
    ("tr(X)*eye(n)", "tr(X)*eye(n)"),
    ("kron(A, B)*C", "kron(A, B)*C"),
]
SIZED = ("X Y: n x n", "x: n", "Z: p*n x p*n", "a: scalar")
EVERYTHING = [  # every kind of node and every function of the language
    "(X*Y' + X^-1)*x + vec(x') + ones(n,p)*ones(p,1)",
    "2*eye(n) + a*pi*rows(X)*(X .* Y ./ X.^a)",
    "zeros(n,n)",
    "commutation(n,p)*vec(ones(n,p)) + Z*kron(ones(p,1), x)",
    "unvec(Z*kron(ones(p,1), x), n, p) + blocktrace(Z, p)*ones(n,p)",
    "rearrange(Z, p, p)",
    "x*vec(X)'",
    "diag(x) + tril(X) + triu(X) + toeplitz(X) + toeplitz_mean(X)",
    "tr(X) + det(X) + logdet(X) + sum(x) + norm2(x) + norm1(x) + logsumexp(x)",
    "adj(X) + expm(X) + logm(X) + sqrtm(X) + chol(X) + softmax(x)*x'",
    "frechet_expm(X, Y) + frechet_logm(X, Y, Y) + frechet_sqrtm(X, Y)",
    " + ".join(f"{function}(X)" for function in ELEMENTWISE),
]


def read(text: str, *declarations: str):
    return Scope(declarations).read(text)[0]


@pytest.mark.parametrize(("typed", "ascii_text", "unicode_text"), NOTE, ids=lambda t: t)
def test_the_forms_of_the_note(typed, ascii_text, unicode_text):
    assert to_text(read(typed)) == ascii_text
    assert to_unicode(read(typed)) == unicode_text
    assert read(unicode_text) == read(typed)


@pytest.mark.parametrize(("typed", "printed"), LOOKS, ids=[typed for typed, _ in LOOKS])
def test_parentheses_stand_where_they_are_needed(typed, printed):
    expression = read(typed, "X: n x n")
    assert to_text(expression) == printed
    assert read(printed, "X: n x n") == expression


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sigma", "Σ"),
        ("mu_hat", "μ̂"),
        ("dSigma", "dΣ"),
        ("x_hat", "x̂"),
        ("eta1", "η1"),
        ("beta_0", "β0"),
        ("xis", "xis"),
    ],
)
def test_greek_names(name, shown):
    symbol = read(name)
    assert to_unicode(symbol) == shown
    assert read(shown) == symbol


def test_kronecker_products_nest():
    assert to_unicode(read("kron(kron(A, B), C)*D")) == "((A ⊗ B) ⊗ C) D"


def test_sizes_that_were_not_declared_are_printed_as_rows_and_columns():
    scope = Scope()
    (expression,) = scope.read("tr(X)*eye(rows(X))")
    text = to_text(expression, scope.size_names)
    assert text == "tr(X)*eye(rows(X))"
    assert scope.read(text)[0] == expression


@pytest.mark.parametrize("style", [to_text, to_unicode])
@given(expression=expressions())
@settings(max_examples=60, deadline=None)
def test_what_is_printed_can_be_read_back(style, expression):
    printed = style(expression)
    (back,) = Scope(DECLARATIONS).read(printed, like=expression.shape)
    assert same(back, expression), printed


def nodes(e: Expr):
    yield e
    for argument in e.args:
        yield from nodes(argument)


def kinds(cls: type) -> set[type]:
    """The kinds of node that are instances, not families of others."""
    below = cls.__subclasses__()
    return set().union(*map(kinds, below)) if below else {cls}


def test_everything_is_everything():
    seen = [node for text in EVERYTHING for node in nodes(read(text, *SIZED))]
    formulas = {kind for kind in kinds(Expr) if not issubclass(kind, Opaque)}  # an opaque function has none to print
    assert {type(node) for node in seen} == formulas
    functions = {node.function for node in seen if isinstance(node, (Apply, Call))}
    assert functions == SIGNATURES.keys() - {"inv", "sqrt", "commutation"}, "these three have nodes of their own"


@pytest.mark.parametrize("text", EVERYTHING)
def test_every_kind_of_node_prints_in_every_style(text):
    expression = read(text, *SIZED)
    for style in (to_text, to_unicode):
        printed = style(expression)
        assert read(printed, *SIZED) == expression, printed
    for style in (to_latex, to_python):
        assert "object at" not in style(expression)
