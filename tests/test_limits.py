"""A claim that is right only in few dimensions, only for some values, or only where it has a value, is wrong."""

import jax.numpy as jnp
import pytest

from matcalc.derivative import derive
from matcalc.verdict import check

SKEW, SQUARE, VECTOR, SCALAR, POSITIVE = ["X: n x n skew"], ["X: n x n"], ["x: n"], ["a: scalar"], ["s: positive"]
IN_FEW_DIMENSIONS = [
    ("X^3", "1/2*tr(X^2)*X", None, SKEW),
    ("(X - X.*I)^7", "0", None, ["X: n x n lower"]),
    ("tr(X^4)", "-2*tr(X^2)*X", "X", SKEW),
    ("a'*a*(b'*b)*tr(X^6)", "a'*a*(b'*b)*(3/4*tr(X^2)*tr(X^4) - tr(X^2)^3/8)", None, [*SKEW, "a: m", "b: p"]),
    ("tr(X)^4 - 6*tr(X)^2*tr(X^2) + 3*tr(X^2)^2 + 8*tr(X)*tr(X^3)", "6*tr(X^4)", None, SQUARE),
    ("(rows(X) - 1)*(rows(X) - 2)*(rows(X) - 3)*tr(X)", "0", None, SQUARE),
    ("*".join(f"(rows(x) - {k})" for k in range(1, 8)) + "*x'*x", "0*x", "x", VECTOR),
]
FOR_SOME_VALUES = [
    ("abs(s - 2)", "-1", "s", POSITIVE),
    ("abs(1 - s/2)", "1 - s/2", None, POSITIVE),
    ("sum(relu(x - 10*vector(1)))", "0*x", "x", VECTOR),
    ("arccos(cos(a))", "abs(a)", None, SCALAR),
    ("logm(expm(X))", "X", None, SKEW),
    ("tanh(200*a)", "0", "a", SCALAR),
    ("tanh(30*s)", "1", None, POSITIVE),
    ("sum(relu(x - 50*vector(1)))", "0*x", "x", VECTOR),
    ("abs(a + 1000)", "1", "a", SCALAR),
    ("sign(a + 20000)", "1", None, SCALAR),
    ("step(a - exp(9))", "0", None, SCALAR),
    ("abs(a - exp(10))", "-1", "a", SCALAR),
    ("relu(a/10000 - 1)", "0", None, SCALAR),
    ("step(log(abs(a)) - 9)", "0", None, SCALAR),
]
TO_SOME_DIGITS = [
    ("a + exp(1)", "a + 2.71828183", None, SCALAR),
    ("sqrt(2)*a", "1.41421356*a", None, SCALAR),
    ("1/2*log(2*pi) + a", "0.9189385332 + a", None, SCALAR),
    ("sum(exp(x))", "(1 + 1e-10)*exp(x)", "x", VECTOR),
    ("norm2(x)", "x/sqrt(x'*x + 1e-12)", "x", VECTOR),
    ("1e9*x'*x + sum(sin(x))", "2e9*x - cos(x)", "x", VECTOR),
]
BELOW_ROUNDING = [("10^-30*a", "0", None, SCALAR), ("log(sum(softmax(x)))", "10^-14*sum(x)", None, VECTOR)]
WHERE_IT_HAS_A_VALUE = [
    ("sum(abs(x).^2.5)", "2.5*x.^1.5", "x", VECTOR),
    ("sum(sqrt(abs(x)))", "1./(2*sqrt(x))", "x", VECTOR),
    ("abs(det(X))^(1/2)", "1/2*det(X)^(1/2)*inv(X)'", "X", SQUARE),
    ("(a^2)^b", "a^(2*b)", None, ["a: scalar", "b: scalar"]),
]
SMALL_AND_LARGE = [
    ("exp(1000*a)", "2*exp(1000*a)", "a", SCALAR),
    ("1e-200*exp(a)", "2e-200*exp(a)", None, SCALAR),
    ("1e16 + exp(a)", "2*exp(a)", "a", SCALAR),
    ("logdet(X*X')", "2*X*inv(X'*X)", "X", ["X: n x m"]),
    ("logm(expm(X))", "X", None, ["X: n x n"]),
]
NOWHERE = [
    ("inv(X)*X", "I", None, ["X: 3 x 3 skew"]),
    ("exp(log(-a))", "-a", None, ["a: positive"]),
    ("sqrt(-a)^2", "-1", "a", ["a: positive"]),
    ("logdet(X) - logdet(X)", "0", None, ["X: 3 x 3 skew"]),
    ("x*y'*inv(x*y')", "I", None, ["x: 3", "y: 3"]),
    ("tr(inv(A'*A)*A'*A)", "3", None, ["A: 2 x 3"]),
    ("y'*inv(X)*X*y", "2*y", "y", ["X: 3 x 3 skew", "y: 3"]),
    ("0*x ./ (x - x)", "0*x", None, VECTOR),
    ("arcsin(1 + a) - arcsin(1 + a)", "0", None, ["a: positive"]),
]
HOLLOW = [
    ("sqrt(x'*X*x)", "sqrt(x'*X*x)", None, ["x: n", *SKEW]),
    ("sqrt(sin(a)^2 + cos(a)^2 - 1)", "0", None, SCALAR),
    ("1/(norm2(Q*x) - norm2(x))", "2/(2*norm2(Q*x) - 2*norm2(x))", None, ["Q: n x n orthogonal", "x: n"]),
    ("(sin(a)^2 + cos(a)^2 - 1)/(sin(a)^2 + cos(a)^2 - 1)", "1", None, SCALAR),
    ("log(norm2(Q*x)^2 - x'*x)", "0*x", "x", ["Q: n x n orthogonal", "x: n"]),
]
TOO_FAINT = [
    ("log(a + 10^-16)", "log(a)", None, ["a: positive"]),
    ("x'*x + exp(-50)", "x'*x", None, VECTOR),
    ("x'*x + exp(-45)*sum(x)", "2*x", "x", VECTOR),
    ("logdet(K + 10^-18*I)", "logdet(K)", None, ["K: n x n spd"]),
    ("tanh(50 + a^2)", "1", None, SCALAR),
    ("log(1 + exp(-50 - x'*x))", "0", None, VECTOR),
    ("x/(norm2(x) + 10^-17)", "x/norm2(x)", None, VECTOR),
    ("log(exp(32) + a) - 32", "0", None, SCALAR),
    ("log(1 + exp(50 + a^2))", "50 + a^2", None, SCALAR),
    ("log(1 + exp(50 + x'*x))", "2*x", "x", VECTOR),
    ("cosh(30 + x'*x)", "sinh(30 + x'*x)", None, VECTOR),
    ("cosh(30 + x'*x)", "2*sinh(30 + x'*x)*x + exp(-30)*x", "x", VECTOR),
    ("sigmoid(50 + a^2)", "1", None, SCALAR),
]
ZERO_BUT_FOR_ROUNDING = [
    ("logdet(Q)", "0", None, ["Q: n x n orthogonal"]),
    ("log(sum(softmax(x)))", "0", None, VECTOR),
    ("log(sum(softmax(x)))", "0*x", "x", VECTOR),
    ("log(sin(a)^2 + cos(a)^2)", "0", "a", SCALAR),
    ("adj(x*y')", "0", None, ["x: 3", "y: 3"]),
    ("sin(pi)", "0", None, []),
]
FAINT_ON_BOTH_SIDES = [
    ("log(a + 10^-16)", "1/(a + 10^-16)", "a", ["a: positive"]),
    ("logdet(K + s*10^-18*I)", "tr(inv(K + s*10^-18*I))/10^18", "s", ["K: n x n spd", "s: positive"]),
    ("log(cosh(40 + x'*x))", "2*tanh(40 + x'*x)*x", "x", VECTOR),
    ("log(50*exp(a))", "log(50) + a", None, SCALAR),
    ("sum(log(ones(n,1) + exp(-50*x)))", "-50*sigmoid(-50*x)", "x", VECTOR),
    ("sqrt(x'*x + 10^-8)", "x/sqrt(x'*x + 10^-8)", "x", VECTOR),
]
RIGHT = [
    *ZERO_BUT_FOR_ROUNDING,
    *FAINT_ON_BOTH_SIDES,
    ("det(X'*A*X)", "2*det(X'*A*X)*A*X*inv(X'*A*X)", "X", ["X: n x p", "A: n x n symmetric"]),
    ("exp(-1/2*x'*A*x)", "-exp(-1/2*x'*A*x)*A*x", "x", ["A: n x n symmetric"]),
    ("sum(log(vector(1) + exp(-y.*(X*w))))", "X'*(y.*(sigmoid(y.*(X*w)) - vector(1)))", "w", ["X: m x n"]),
    ("sum(abs(x).^2.5)", "2.5*sign(x).*abs(x).^1.5", "x", VECTOR),
    ("sum(log(x))", "1./x", "x", VECTOR),
    ("det(a*X)", "a^rows(X)*det(X)", None, [*SQUARE, *SCALAR]),
    ("det(X*X')", "0", None, ["X: 3 x 2"]),
    ("det(X)", "0", None, ["X: 3 x 3 skew"]),
    ("a'*x/(norm2(a)*norm2(x))", "a/(norm2(a)*norm2(x)) - (a'*x)*x/(norm2(a)*norm2(x)^3)", "x", ["a: n", "x: n"]),
    ("log(1 - sigmoid(a))", "-sigmoid(a)", "a", SCALAR),
    ("log(cosh(a))", "1 - 2*exp(-2*a)/(1 + exp(-2*a))", "a", SCALAR),
    ("1 - cos(a)", "2*sin(a/2)^2", None, SCALAR),
    ("logdet(expm(X))", "I", "X", SQUARE),
    ("1/(1 + exp(-a))", "exp(-a)/(1 + exp(-a))^2", "a", SCALAR),
    ("exp(a)/(1 + exp(a))^2", "exp(-a)/(1 + exp(-a))^2", None, SCALAR),
    ("1/cosh(a)", "-sinh(a)/cosh(a)^2", "a", SCALAR),
]

TWO = ["a: n", "x: n"]
SINGULAR_AT_SIZE_ONE = [
    ("a'*x/(norm2(a)*norm2(x))", "a/(norm2(a)*norm2(x)) - (a'*x)*x/(norm2(a)*norm2(x)^3)", "x", TWO),
    ("(a'*x)^4/(exp(a'*a)*(x'*x)^2)",
     "4*(a'*x)^3*a/(exp(a'*a)*(x'*x)^2) - 4*(a'*x)^4*x/(exp(a'*a)*(x'*x)^3)", "x", TWO),
    ("arccos(a'*x/(norm2(a)*norm2(x)))", "-(a - (a'*x)*x/(x'*x))/sqrt((a'*a)*(x'*x) - (a'*x)^2)", "x", TWO),
    ("norm2((I - a*a'/(a'*a))*x)", "(I - a*a'/(a'*a))*x/norm2((I - a*a'/(a'*a))*x)", "x", TWO),
    ("log(x'*x*(a'*a) - (a'*x)^2)", "2*(x*(a'*a) - (a'*x)*a)/(x'*x*(a'*a) - (a'*x)^2)", "x", TWO),
    ("norm2(A*X - X*A)^2", "2*(A'*(A*X - X*A) - (A*X - X*A)*A')", "X", ["A: n x n", *SQUARE]),
]  # fmt: skip


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=[f"{c[0]} {c[1]}" for c in cases])


@pytest.mark.filterwarnings("error::RuntimeWarning")
@named(IN_FEW_DIMENSIONS + SMALL_AND_LARGE + BELOW_ROUNDING)
def test_is_wrong(case):
    assert check(*case).verdict == "wrong"


@named(FOR_SOME_VALUES)
def test_is_wrong_for_other_values(case):
    assert "only for some values: not at" in check(*case).diagnosis.message


@named(TO_SOME_DIGITS)
def test_is_wrong_by_less_than_a_tolerance(case):
    found = check(*case)
    assert found.verdict == "wrong"
    assert "digits only" in found.diagnosis.message


@named(WHERE_IT_HAS_A_VALUE)
def test_is_wrong_where_it_has_no_value(case):
    found = check(*case)
    assert (found.verdict, found.diagnosis.kind) == ("wrong", "needs-assumption")
    assert "only where it has a value" in found.diagnosis.message


@named(NOWHERE)
def test_what_cancels_and_has_no_value_anywhere_is_undecided(case):
    found = check(*case)
    assert found.verdict == "undecided"
    assert found.notes[0].startswith("no point was found")


@named(HOLLOW)
def test_what_is_made_of_what_is_zero_but_for_rounding_is_undecided(case):
    found = check(*case)
    assert found.verdict == "undecided"
    assert "is zero but for rounding" in found.notes[0]


@named(TOO_FAINT)
def test_what_holds_because_a_number_is_next_to_nothing_is_undecided(case):
    found = check(*case)
    assert found.verdict == "undecided"
    assert "for its influence to be seen" in found.notes[0]


@named(RIGHT + SINGULAR_AT_SIZE_ONE)
def test_is_right(case):
    assert check(*case).verdict == "right"


@named(SINGULAR_AT_SIZE_ONE)
def test_is_derived_and_not_twice_as_large(case):
    e, claim, wrt, let = case
    assert derive(e, wrt, let).verified.ok
    assert check(e, f"2*({claim})", wrt, let).verdict == "wrong"


@pytest.mark.parametrize(
    ("e", "claim"),
    [
        ("sum(relu(x - 30*vector(1)).^2)", "0*x*x'"),
        ("sum(relu(x - 3*vector(1)).^2)", "0*x*x'"),
        ("1e9*x'*x + sum(cos(x))", "2e9*I"),
    ],
)
def test_a_hessian_too(e, claim):
    assert check(e, claim, "x", VECTOR, order=2).verdict == "wrong"


SECOND = [
    ("tr(expm(X))", "{}*tr(frechet_expm(X, dX)*dX)", "general"),
    ("tr(X*logm(X))", "{}*tr(dX*frechet_logm(X, dX))", "spd"),
    ("logdet(X)", "-{}*tr(inv(X)*dX*inv(X)*dX')", "spd"),
    ("tr(X^2)", "2*{}*sum(diag(dX).^2)", "lower"),
]


@pytest.mark.parametrize(("e", "claim", "structure"), SECOND, ids=[f"{e}-{s}" for e, _, s in SECOND])
@pytest.mark.parametrize(("factor", "verdict"), [("1", "right"), ("1.0000001", "wrong")])
def test_a_second_differential_to_some_digits(e, claim, structure, factor, verdict):
    assert check(e, f"d2F = {claim.format(factor)}", "X", f"X: n x n {structure}", order=2).verdict == verdict


def test_functions_too():
    assert check(lambda x: jnp.sum(jnp.abs(x)), lambda x: jnp.sqrt(x) / jnp.sqrt(x), "x", {"x": "n"}).verdict == "wrong"
    twice = check(lambda x: jnp.sum(jnp.where(x > 5, x**3, x**2)), lambda x: 2 * x, "x", {"x": "n"})
    assert twice.verdict == "wrong"


TWO = ["A: n x n spd", "B: n x n spd", "x: n"]
BELOW = ["X: n x n lower", "A: n x n"]
N = "(X - X.*I)"
ELSEWHERE = [
    # spd matrices that are nearly multiples of I, and positive numbers that are nearly the same, hide it
    ("sqrtm((A*B + B*A)^2)", "A*B + B*A", None, TWO),
    ("abs(det(A*B + B*A))", "det(A*B + B*A)", None, TWO),
    ("relu(x'*A*B*x)", "x'*A*B*x", None, TWO),
    ("abs(x'*A*B*x)", "A*B*x + B*A*x", "x", TWO),
    ("sqrtm(((A + B)^2 - A^2)^2)", "(A + B)^2 - A^2", None, TWO),
    ("sum(abs(diag(A*B)))", "tr(A*B)", None, TWO),
    ("relu(tr(A)*tr(inv(A)) - 10*n^2)", "0", None, TWO),
    ("sqrt((a + b + c - d)^2)", "a + b + c - d", None, ["a b c d: positive"]),
    ("relu(d - a - b - c)", "0", "d", ["a b c d: positive"]),
    ("abs(tr(X)*(x'*X*x))", "tr(X)*(x'*X*x)", None, ["X: n x n toeplitz", "x: n"]),
    # in few dimensions a product of strictly triangular matrices is 0, and the next term of a series is small
    (f"inv(I - {N})", "I + " + " + ".join(f"{N}^{k}" for k in range(1, 6)), None, BELOW),
    (f"inv(I - {N})", "I + " + " + ".join(f"{N}^{k}" for k in range(1, 9)), None, BELOW),
    (f"{N}^10", "0", None, BELOW),
    (f"{N}^24", "0", None, BELOW),
    (f"({N}^2 + {N}^3)^3", "0", None, BELOW),
    (f"(({N}*{N}).*A)^3", "0", None, BELOW),
    (f"tr(A*({N}^2 + {N}^3)^3)", "0", "X", BELOW),
]


@pytest.mark.parametrize(
    ("e", "claim", "wrt", "let"), ELSEWHERE, ids=[f"{e} = {claim}" for e, claim, _, _ in ELSEWHERE]
)
def test_members_that_are_unlike_each_other_and_long_products(e, claim, wrt, let):
    assert check(e, claim, wrt, let).verdict == "wrong"


RECTANGULAR = {"X": "n x p"}
FUNCTIONS = [
    (lambda x: jnp.sum(x**2), lambda x: 2 * x + 1e-9, {"x": "n"}, "wrong"),
    (lambda x: jnp.sum(jnp.exp(x)), lambda x: jnp.exp(x) * (1 + 1e-10), {"x": "n"}, "wrong"),
    (lambda x: jnp.sum(jnp.exp(x)), lambda x: jnp.exp(x), {"x": "n"}, "right"),
    (lambda x: jnp.sum(x[x > 0] ** 2), lambda x: 2 * x * (x > 0), {"x": "n"}, "right"),  # cannot be compiled
    (lambda a: a**2 if a > 0 else a**3, lambda a: 2 * a if a > 0 else 3 * a**2, {"a": "scalar"}, "right"),
    (lambda a: a**2 if a > 0 else a**3, lambda a: 2 * a, {"a": "scalar"}, "wrong"),
    (lambda x: jnp.sum(x) * (x.shape[0] > 6), lambda x: 0 * x, {"x": "n"}, "wrong"),
    (lambda X: jnp.linalg.slogdet(X.T @ X)[1], lambda X: 2 * X @ jnp.linalg.inv(X.T @ X), RECTANGULAR, "right"),
    (lambda X: jnp.linalg.slogdet(X.T @ X)[1], lambda X: X @ jnp.linalg.inv(X.T @ X), RECTANGULAR, "wrong"),
]


@pytest.mark.parametrize(("f", "claim", "let", "verdict"), FUNCTIONS)
def test_functions_to_some_digits_in_few_dimensions_and_of_singular_matrices(f, claim, let, verdict):
    assert check(f, claim, next(iter(let)), let).verdict == verdict


@pytest.mark.parametrize("power", [100, 101, 1000])
def test_a_high_power_of_a_negative_number(power):
    assert check(f"a^{power}", f"{power}*a^{power - 1}", "a", ["a: scalar"]).verdict == "right"


def test_a_function_of_another_shape_than_the_derivative():
    found = check(lambda x: jnp.sum(x**2), lambda x: 2 * x[:2], "x", {"x": "n"})
    assert found.verdict == "wrong"


def test_a_derivative_that_cannot_be_measured_far_away_refutes_nothing():
    let = ["V: k x n", "x: n", "c t: k"]
    assert check("-t'*log(softmax(V*x + c))", "sum(t)*softmax(V*x + c) - t", "c", let).verdict == "right"
    assert check("-t'*log(softmax(V*x + c))", "softmax(V*x + c) - t", "c", let).verdict == "wrong"


def test_a_root_that_does_not_exist_refutes_nothing():
    assert check("sqrtm(D)*sqrtm(D)", "D", None, ["D: n x n symmetric"]).verdict == "right"
    assert check("sqrtm(D*D)", "D", None, ["D: n x n symmetric"]).verdict == "wrong"
