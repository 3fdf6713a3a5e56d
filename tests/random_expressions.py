"""Random expressions over a few declared symbols, for laws that hold of every expression."""

from functools import cache

import numpy as np
from hypothesis import strategies as st

from matcalc.errors import MatcalcError
from matcalc.evaluation.evaluate import Evaluation
from matcalc.expression import algebra
from matcalc.expression.expr import Expr
from matcalc.expression.scope import symbols
from matcalc.shape import ELEMENTWISE, ONE, SCALAR, Dim, Shape

DECLARATIONS = ("A: n x m, B: m x n, C: m x m, X Y Sigma: n x n, x y mu_hat: n, z: m, a b: scalar, s: positive",)
SYMBOLS = symbols(*DECLARATIONS)
SIZES = {"n": 3, "m": 2}
N, M = Dim(1, ("n",)), Dim(1, ("m",))
DIMS = (N, M, ONE)
_SQUARE = ("adj", "expm", "tril", "triu", "toeplitz", "toeplitz_mean", "inv")
_SCALAR_OF_SQUARE = ("tr", "det", "logdet")
_SCALAR_OF_ANY = ("sum", "norm2", "norm1")
_NUMBERS = st.fractions(-3, 3, max_denominator=4)
_EXPONENTS = st.sampled_from([-2, -1, 2, 3]) | st.fractions(-2, 2, max_denominator=3)


@st.composite
def expressions(draw: st.DrawFn, shape: Shape | None = None, depth: int = 3) -> Expr:
    """An expression of a shape (any shape when not given), built by the constructors of `algebra`."""
    shape = shape or (draw(st.sampled_from(DIMS)), draw(st.sampled_from(DIMS)))
    if depth == 0:
        return draw(_leaves(shape))
    try:
        return draw(_nodes(shape, depth))
    except MatcalcError:  # division by zero and the like: not an expression
        return draw(_leaves(shape))


@cache  # hypothesis checks a strategy anew each time that it is built
def _nodes(shape: Shape, depth: int) -> st.SearchStrategy[Expr]:
    smaller = expressions(shape, depth - 1)
    options = [
        smaller,
        st.builds(algebra.add, smaller, smaller),
        st.builds(algebra.subtract, smaller, smaller),
        st.builds(algebra.multiply, _NUMBERS, smaller),
        st.builds(algebra.multiply, expressions(SCALAR, depth - 1), smaller),
        st.builds(algebra.divide, smaller, expressions(SCALAR, depth - 1)),
        st.builds(algebra.transpose, expressions((shape[1], shape[0]), depth - 1)),
        st.builds(algebra.hadamard, smaller, smaller),
        st.builds(algebra.elementwise_divide, smaller, smaller),
        st.builds(algebra.elementwise_power, smaller, _EXPONENTS),
        st.builds(algebra.apply, st.sampled_from(ELEMENTWISE), smaller),
        _products(shape, depth),
    ]
    if shape[0] == shape[1] != ONE:
        options.append(st.builds(algebra.power, smaller, st.sampled_from([-2, -1, 2])))
        options.append(st.builds(algebra.call, st.sampled_from(_SQUARE), smaller))
        options.append(st.builds(algebra.call, st.just("diag"), expressions((shape[0], ONE), depth - 1)))
    if shape == SCALAR:
        options.append(st.builds(algebra.power, smaller, _EXPONENTS))
        options.append(st.builds(algebra.power, smaller, smaller))
        options.append(st.builds(algebra.call, st.sampled_from(_SCALAR_OF_SQUARE), expressions((N, N), depth - 1)))
        options.append(st.builds(algebra.call, st.sampled_from(_SCALAR_OF_ANY), expressions((N, M), depth - 1)))
    return st.one_of(options)


@st.composite
def _products(draw: st.DrawFn, shape: Shape, depth: int) -> Expr:
    inner = draw(st.sampled_from(DIMS))
    left = draw(expressions((shape[0], inner), depth - 1))
    return algebra.multiply(left, draw(expressions((inner, shape[1]), depth - 1)))


@cache
def _leaves(shape: Shape) -> st.SearchStrategy[Expr]:
    options: list[Expr] = [s for s in SYMBOLS if s.shape == shape]
    options += [algebra.transpose(s) for s in SYMBOLS if s.shape == (shape[1], shape[0])]
    options += [algebra.ones(shape)]
    if shape == SCALAR:
        options += [algebra.PI, algebra.size(N)]
        return st.sampled_from(options) | st.builds(algebra.number, _NUMBERS)
    if shape[0] == shape[1]:
        options.append(algebra.eye(shape[0]))
    return st.sampled_from(options)


def evaluation(seed: int = 0) -> Evaluation:
    """A point at which to compare two expressions."""
    rng = np.random.default_rng(seed)
    shapes = {s.name: tuple(d.size(SIZES) for d in s.shape) for s in SYMBOLS}
    return Evaluation({name: rng.uniform(0.5, 1.5, shape) for name, shape in shapes.items()}, SIZES)


def same(a: Expr, b: Expr) -> bool:
    """Whether two expressions are equal, in form or else in value."""
    if a == b:
        return True
    with np.errstate(all="ignore"):
        left, right = evaluation()(a), evaluation()(b)
    return a.shape == b.shape and np.allclose(left, right, rtol=1e-8, equal_nan=True)
