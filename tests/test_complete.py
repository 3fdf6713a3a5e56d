"""Nothing is forgotten: every node and every function has its rule in every operation, or a reason why it has none."""

import inspect
from collections.abc import Iterable, Mapping

import numpy as np
import pytest

from matcalc import functions
from matcalc.differentiation import differential, transpose
from matcalc.evaluation import kernels
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression import algebra, expr, latex, python_text, text
from matcalc.expression.expr import Compound, Expr
from matcalc.expression.scope import Scope
from matcalc.shape import ELEMENTWISE, SIGNATURES

# --- the checker -----------------------------------------------------------------------------------------------------


def wrong(names: Iterable[str], *tables: Iterable[str], without: Mapping[str, str]) -> set[str]:
    """The names that have no rule though they need one, and those excused though they have one."""
    return (set(names) - set().union(*tables)) ^ set(without)


def registered(operation) -> set[str]:
    """The nodes for which a `singledispatch` operation has a rule, its own or that of a base class."""
    return {node.__name__ for node in NODES if operation.dispatch(node) is not operation.dispatch(object)}


CLASSES = [c for c in vars(expr).values() if inspect.isclass(c) and issubclass(c, Expr)]
NODES = [node for node in CLASSES if not any(node in other.__bases__ for other in CLASSES)]
NODE_NAMES = {node.__name__ for node in NODES}
CONSTANTS = {node.__name__ for node in NODES if issubclass(node, expr.Constant)}

BLACK_BOX = {"Opaque": "a function without a formula is measured, not differentiated"}
NOT_LINEAR = {
    "Power": "moves only in its base or exponent, and then not linearly",
    "ElementwisePower": "moves only in its base or exponent, and then not linearly",
    "Apply": "an elementwise function of the variable is not linear",
}
NODES_OF_THEIR_OWN = {
    "inv": "is the power -1",
    "sqrt": "is the elementwise power 1/2",
    "commutation": "is a constant node",
}
FRECHET = {name for name in SIGNATURES if name.startswith("frechet_")}


# --- nodes -----------------------------------------------------------------------------------------------------------


def test_every_node_has_a_differential():
    assert not wrong(NODE_NAMES, registered(differential.rule), without=BLACK_BOX)


def test_every_linear_node_can_be_turned_around():
    assert not wrong(NODE_NAMES, registered(transpose.adjoint), without=BLACK_BOX | NOT_LINEAR)
    no_matrix = dict.fromkeys(CONSTANTS, "does not move")
    assert not wrong(NODE_NAMES, registered(transpose.vectorised), without=BLACK_BOX | NOT_LINEAR | no_matrix)


# --- functions -------------------------------------------------------------------------------------------------------


def test_every_function_has_a_kernel():
    constant = {"commutation": NODES_OF_THEIR_OWN["commutation"]}
    assert not wrong(SIGNATURES, kernels.FUNCTIONS, kernels.ELEMENTWISE, without=constant)


def test_every_function_has_a_differential():
    tables = differential.FUNCTION_RULES, differential.DERIVATIVES
    assert not wrong(SIGNATURES, *tables, without=NODES_OF_THEIR_OWN)


def test_every_linear_function_has_an_adjoint_and_a_matrix():
    assert not wrong(algebra.LINEAR | FRECHET, transpose.ADJOINTS, without={})
    assert not wrong(algebra.LINEAR | FRECHET, transpose.MATRIX_FORMS, without={})


def test_every_function_has_a_public_name():
    assert not wrong(SIGNATURES, vars(functions), without={})
    assert set(kernels.ELEMENTWISE) == set(ELEMENTWISE)


# --- every rule does what it says ------------------------------------------------------------------------------------

DECLARED = "X: n x n, B: n x n, S: n x n spd, x: n, b: n, v: n*n, A: m x n, a: scalar"
SIZES = {"n": 3, "m": 2}
SPECIMENS = {
    "Symbol": "X",
    "Number": "3/2*X",
    "Pi": "pi*X",
    "Size": "rows(X)*diag(X)",
    "Identity": "X + I",
    "Ones": "X*ones(n,m)",
    "Zeros": "X + zeros(n,n)",
    "Commutation": "commutation(n,m)*vec(A)",
    "Sum": "X + B",
    "Product": "-2*a*X*B*X",
    "Transpose": "X'",
    "Power": "X^-2",
    "ElementwisePower": "X.^3",
    "Hadamard": "X .* B .* exp(X)",
    "Apply": "tanh(X)",
    "Call": "expm(X)",
    "unvec": "unvec(v, n, n)",
    "blocktrace": "blocktrace(kron(X,A), n)",
    "rearrange": "rearrange(kron(X,A), m, n)",
    "kron": "kron(X, A)",
    "commutation": "commutation(n,m)*vec(A)",
    "diag": "diag(B*x)",
    **{name: f"{name}(x)" for name in ("softmax", "logsumexp")},
    **{name: f"{name}(A)" for name in ("arcsin", "arccos")},
    **{name: f"{name}(S)" for name in ("chol", "logm", "sqrtm")},
    **{name: f"{name}(S, X)" for name in sorted(FRECHET)},
}
SPECIMENS |= {name: f"{name}(X)" for name in SIGNATURES if name not in SPECIMENS}
every_specimen = pytest.mark.parametrize("name", SPECIMENS)


def specimen(name: str) -> tuple[Scope, Expr]:
    scope = Scope([DECLARED])
    return scope, scope.read(SPECIMENS[name])[0]


def draw(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(0.2, 0.6, shape) + (np.eye(*shape) if shape[0] == shape[-1] else 0)


def values_of(e: Expr, seed: int) -> dict[str, np.ndarray]:
    """Values within every domain, symmetric where they must be; the same name has the same value for one seed."""
    values = {}
    for symbol in e.symbols:
        rng = np.random.default_rng([seed, *map(ord, symbol.name)])
        value = draw(tuple(d.size(SIZES) for d in symbol.shape), rng)
        values[symbol.name] = value + value.T if symbol.structure == "spd" else value
    return values


def test_there_is_a_specimen_of_everything():
    assert not wrong(NODE_NAMES | set(SIGNATURES), SPECIMENS, without=BLACK_BOX)


@every_specimen
def test_it_prints_and_is_read_back(name):
    scope, e = specimen(name)
    for printed in (text.to_text(e, scope.size_names), text.to_unicode(e, scope.size_names)):
        assert scope.read(printed)[0] == e
    assert latex.to_latex(e)
    assert python_text.to_python(e)


@every_specimen
def test_it_is_rebuilt_from_its_operands(name):
    _, e = specimen(name)
    if isinstance(e, Compound):
        assert e.rebuild(e.args) == e


@every_specimen
def test_its_differential_is_the_complex_step_and_its_adjoint_the_adjoint(name):
    _, e = specimen(name)
    at, along = values_of(e, 1), {f"d{n}": v for n, v in values_of(e, 2).items()}
    directions = {s.name: expr.Symbol(f"d{s.name}", s.shape) for s in e.symbols}
    d = differential.differential(e, directions)
    here = Evaluation(at | along, SIZES)
    slope = here(d)
    stepped = Evaluation({n: v + 1e-30j * along[f"d{n}"] for n, v in at.items()}, SIZES)(e).imag / 1e-30
    np.testing.assert_allclose(np.broadcast_to(slope, stepped.shape), stepped, rtol=1e-9, atol=1e-10)
    for direction in directions.values():
        weights = expr.Symbol("weights", e.shape)
        here.values["weights"] = np.random.default_rng(3).standard_normal(stepped.shape)
        pushed = differential.differential(e, {direction.name[1:]: direction})
        pulled = transpose.pull(pushed, weights, direction)
        left, right = np.sum(here(weights) * here(pushed)), np.sum(here(pulled) * here(direction))
        np.testing.assert_allclose(right, left, rtol=1e-9, atol=1e-10)


SECOND_ORDER = {f"{name} along two": f"{name}(S, B, X)" for name in sorted(FRECHET)}


@pytest.mark.parametrize("name", sorted({*transpose.MATRIX_FORMS, *SECOND_ORDER}))
def test_its_matrix_is_that_of_the_linear_map(name):
    e = Scope([DECLARED]).read((SPECIMENS | SECOND_ORDER)[name])[0]
    variable = next(s for s in e.symbols if s.name in "Xxv")
    direction = expr.Symbol("d", variable.shape)
    pushed = algebra.substitute(e, {variable: direction})
    here = Evaluation(values_of(pushed, 1), SIZES)
    matrix = transpose.matrix_form(pushed, direction)
    by_matrix = here(matrix) @ here(algebra.call("vec", direction))
    np.testing.assert_allclose(by_matrix, here(algebra.call("vec", pushed)), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", ["expm", "logm", "sqrtm", "toeplitz", "toeplitz_mean", "rearrange"])
def test_the_matrix_of_its_differential_has_a_differential_and_a_matrix_again(name):
    _, e = specimen(name)
    variable = next(s for s in e.symbols if s.name in "XS")
    direction = expr.Symbol("d", variable.shape)
    here = Evaluation(values_of(e, 1) | {"d": draw((3, 3), np.random.default_rng(4))}, SIZES)
    for _ in range(2):
        pushed = differential.differential(e, {variable.name: direction})
        e = transpose.matrix_form(pushed, direction)
        along = here(e) @ here(algebra.call("vec", direction))
        np.testing.assert_allclose(along, here(algebra.call("vec", pushed)), rtol=1e-9, atol=1e-10)


# --- the checker can fail --------------------------------------------------------------------------------------------


def test_a_forgotten_function_and_a_stale_excuse_are_found():
    table = {name: rule for name, rule in differential.FUNCTION_RULES.items() if name != "chol"}
    tables = table, differential.DERIVATIVES
    assert wrong(SIGNATURES, *tables, without=NODES_OF_THEIR_OWN) == {"chol"}
    assert wrong(["tr"], ["tr"], without={"tr": "stale"}) == {"tr"}


def test_a_forgotten_node_is_found(monkeypatch):
    forgotten = type("Forgotten", (Expr,), {})
    monkeypatch.setattr(f"{__name__}.NODES", [*NODES, forgotten])
    assert wrong([*NODE_NAMES, "Forgotten"], registered(differential.rule), without=BLACK_BOX) == {"Forgotten"}


def test_a_wrong_rule_is_found(monkeypatch):
    monkeypatch.setitem(differential.FUNCTION_RULES, "tr", lambda e, d: algebra.multiply(2, differential._trace(e, d)))
    with pytest.raises(AssertionError):
        test_its_differential_is_the_complex_step_and_its_adjoint_the_adjoint("tr")
