"""The exact oracle confirms what is right, refutes what rounding hides, and is silent where it has no value."""

import numpy as np
import pytest

from matcalc.expression.scope import Scope
from matcalc.oracle.exact import ORACLE, ExactClaim
from matcalc.oracle.jets import PRIME, InexactError, Jet, constant, inverse_residue
from matcalc.structure import Reading
from matcalc.verdict import check


def claim(expression, claimed, wrt, *let, **about):
    scope = Scope(let, wrt=wrt)
    e, c = scope.read(expression, claimed)
    return ExactClaim(e, c, scope.variable if wrt else None, **about)


RIGHT = [
    ("tr(A*X*B)", "A'*B'", "X", ["A: p x n", "X: n x m", "B: m x p"], {"kind": "gradient"}),
    ("logdet(X'*X)", "2*X*inv(X'*X)", "X", ["X: n x m"], {"kind": "gradient"}),
    ("det(X)^2", "2*det(X)*adj(X)'", "X", ["X: n x n"], {"kind": "gradient"}),
    ("norm2(A*x - y)^2/2", "A'*(A*x - y)", "x", ["A: m x n"], {"kind": "gradient"}),
    ("inv(X)", "-inv(X)*dX*inv(X)", "X", ["X: n x n"], {"kind": "differential"}),
    ("A*(x.*x)", "2*A*diag(x)", "x", ["A: m x n", "x: n"], {"kind": "jacobian"}),
    ("A*(x.*x)", "2*diag(x)*A'", "x", ["A: m x n", "x: n"], {"kind": "jacobian", "layout": "denominator"}),
    ("log(1 + x'*x)", "2*I/(1 + x'*x) - 4*x*x'/(1 + x'*x)^2", "x", ["x: n"], {"kind": "hessian", "order": 2}),
    ("logdet(A + a*B)", "-tr((inv(A + a*B)*B)^2)", "a", ["A: n x n", "B: n x n"], {"kind": "hessian", "order": 2}),
    ("tr(X^3)", "3*(dX*X + X*dX)'", "X", ["X: n x n"], {"kind": "differential", "order": 2}),
    ("kron(A, B)*vec(X)", "vec(B*X*A')", None, ["A: p x n", "B: q x m", "X: m x n"], {}),
    ("inv(A + U*C*V)", "inv(A) - inv(A)*U*inv(inv(C) + V*inv(A)*U)*V*inv(A)", None,
     ["A: n x n", "U: n x k", "C: k x k", "V: k x n"], {}),
    ("det(adj(A))", "det(A)^(rows(A) - 1)", None, ["A: n x n"], {}),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "claimed", "wrt", "let", "about"), RIGHT, ids=[r[1] for r in RIGHT])
def test_right_claims_hold_and_spoilt_ones_do_not(expression, claimed, wrt, let, about):
    assert claim(expression, claimed, wrt, *let, **about).holds()
    assert claim(expression, f"1001/1000*({claimed})", wrt, *let, **about).holds() is False


@pytest.mark.parametrize(
    ("structure", "reading", "claimed"),
    [
        ("symmetric", "ambient", "A'*B'"),
        ("symmetric", "tangent", "1/2*(A'*B' + B*A)"),
        ("symmetric", "entrywise", "A'*B' + B*A - (A'*B').*I"),
        ("spd", "entrywise", "A'*B' + B*A - (A'*B').*I"),
        ("diagonal", "tangent", "(B*A).*I"),
        ("lower", "entrywise", "tril((B*A)')"),
        ("upper", "tangent", "triu((B*A)')"),
        ("skew", "tangent", "1/2*((B*A)' - B*A)"),
        ("skew", "entrywise", "(B*A)' - B*A"),
        ("toeplitz", "tangent", "toeplitz_mean((B*A)')"),
        ("toeplitz", "entrywise", "toeplitz((B*A)')"),
        ("orthogonal", "tangent", "1/2*((B*A)' - X*B*A*X)"),
    ],
)
def test_readings(structure, reading, claimed):
    about = claim("tr(A*X*B)", claimed, "X", "A: p x n", f"X: n x n {structure}", "B: n x p", kind="gradient")
    assert about.holds(Reading(reading))
    others = [r for r in Reading if r != reading and not (structure == "orthogonal" and r == "entrywise")]
    same = {("diagonal", "entrywise"), ("lower", "tangent"), ("upper", "entrywise")}
    assert not any(about.holds(r) for r in others if (structure, r) not in same)


@pytest.mark.parametrize(
    ("expression", "claimed", "wrt", "let"),
    [
        ("tr(A*X)", "A' + 1/10^15*X", "X", ["A: n x n", "X: n x n"]),
        ("tr(A*X)", "A' + 1/10^15*X'", "X", ["A: n x n", "X: n x n"]),
        ("x'*A*x", "(A + A')*x + 1/10^14*x", "x", ["A: n x n"]),
        ("tr(A*B)", "tr(B*A) + 1/10^15*tr(A)", None, ["A: n x n", "B: n x n"]),
    ],
)
def test_what_rounding_hides_is_refuted(expression, claimed, wrt, let):
    verdict = check(expression, claimed, wrt, let)
    assert verdict.verdict == "wrong"
    assert ORACLE in verdict.evidence.oracles
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.kind == "extra-term"


def test_a_right_claim_names_the_oracle():
    assert ORACLE in check("tr(A*X)", "A'", "X").evidence.oracles
    assert ORACLE not in check("tr(expm(X))", "expm(X)'", "X").evidence.oracles


@pytest.mark.parametrize("expression", ["sum(exp(x))", "norm2(x)", "sum(abs(x))", "log(x'*x)*(x'*x)", "(x'*x)^(3/2)"])
def test_silent_where_the_claim_is_not_rational(expression):
    assert claim(expression, "x", "x", kind="gradient").holds() is None


def random_jet(rng, n, nilpotents):
    return Jet({bits: np.array([[rng.randrange(PRIME) for _ in range(n)] for _ in range(n)], object)
                for bits in range(2**nilpotents)})  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("nilpotents", [0, 1, 2])
def test_jets_form_a_ring(n, nilpotents):
    from random import Random

    rng = Random(n)
    a, b, c = (random_jet(rng, n, nilpotents) for _ in range(3))

    def same(x, y):
        return not any(np.any(v) for v in (x + y.scaled(-1)).parts.values())

    assert same((a @ b) @ c, a @ (b @ c))
    assert same(a @ (b + c), a @ b + a @ c)
    assert same(a.inverse() @ a, Jet({0: np.eye(n, dtype=object)}))
    assert same(a.reciprocal() * a, constant(1) * Jet({0: np.ones((n, n), object)}))
    assert same(
        (a @ b).determinant_and_adjugate()[0], a.determinant_and_adjugate()[0] * b.determinant_and_adjugate()[0]
    )
    assert same(a.power(-3) * a.power(3), Jet({0: np.ones((n, n), object)}))
    assert same(a.matrix_power(-2) @ a @ a, Jet({0: np.eye(n, dtype=object)}))


def test_zero_and_the_value_of_a_logarithm_have_no_inverse():
    for value in (0, PRIME, constant(3).logarithm().parts[0][0, 0]):
        with pytest.raises(InexactError):
            inverse_residue(value)


@pytest.mark.parametrize(
    ("expression", "claimed"),
    [
        ("tr(A*X)", "-1/2*(dX*A*X + X*A*dX)"),
        ("tr(X^2)", "dX' - dX*X^2 - X*dX*X - X^2*dX"),
        ("-logdet(X)", "1/2*(X*dX'*X + dX)"),
    ],
)
def test_the_projection_turns_with_the_point_of_a_curved_set(expression, claimed):
    about = {"kind": "differential", "order": 2}
    let = ["A: n x n", "X: n x n orthogonal"]
    assert claim(expression, claimed, "X", *let, **about).holds(Reading.TANGENT)
    spoilt = claim(expression, f"{claimed} + 1/10^15*dX", "X", *let, **about)
    assert spoilt.holds(Reading.TANGENT) is False
    assert spoilt.holds(Reading.AMBIENT) is False
