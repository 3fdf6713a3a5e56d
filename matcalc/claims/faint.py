"""Constants whose influence floating point cannot see: 10^-16 in log(a + 10^-16), 50 in exp(-50) beside 1.

What is right whatever such a constant is, is right. What is right only because it is next to nothing is not known.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from matcalc.claims.limits import FACTORS
from matcalc.claims.problem import Problem
from matcalc.errors import MatcalcError
from matcalc.expression.algebra import multiply, rewrite
from matcalc.expression.expr import Expr, Number, Symbol, own_number, parts
from matcalc.oracle.measurement import magnitude, weigh
from matcalc.oracle.noise import norm
from matcalc.oracle.sampling import Points, sample, spread
from matcalc.structure import Reading

USUAL = (Fraction(1, 5), Fraction(3))  # constants whose influence is seen, if they have any
PLAIN = Fraction(3, 5)  # one of these
ELSEWHERE = Fraction(17, 16)
INVISIBLE = 1e-12
Value = tuple[np.ndarray, np.ndarray]  # at every point, with the size of the terms that may cancel in it
Values = Callable[[Sequence[Expr]], Sequence[Value]]


def relies_on(expressions: Sequence[Expr], values: Values, holds: Callable[[Sequence[Expr]], bool]) -> str | None:
    """That a claim made of expressions holds only because a constant in them is very small or very large.

    Args:
        expressions: what the claim is made of.
        values: what is compared of expressions like these, at the points tried.
        holds: whether the claim made of expressions like these is right.
    """
    constants = sorted(_constants(expressions))
    unmoved = values(expressions) if constants else []
    for constant in constants:
        moved, plain = ([_with(e, constant, to) for e in expressions] for to in (constant * ELSEWHERE, PLAIN))
        if _looks_the_same(unmoved, values(moved)) and not _holds(holds, plain):
            return (
                f"{_shown(constant)} is too far from 1 for its influence to be seen beside the rest, and the claim "
                f"does not hold with {PLAIN} in its place"
            )
    return None


def faint_in_claim(
    problem: Problem, expressions: Sequence[Expr], symbols: Iterable[Symbol], readings: Sequence[Reading]
) -> str | None:
    """That a claim about a derivative is right in these readings only because of the size of a number in it."""

    def values(sides: Sequence[Expr]) -> list[Value]:
        return [(v, np.zeros(len(v))) for at in points for r in readings for v in _sides(problem, sides, at, r)]

    def holds(sides: Sequence[Expr]) -> bool:
        made = replace(problem, e=sides[0], claim=sides[1])
        tried = [made.comparison(at) for at in sample([*sides, *expressions], symbols)]
        trials = ([(c.points, c.trial(made.claim, r, problem.layout)) for c in tried] for r in readings)
        return all(weigh(t, problem.order).ok for t in trials)

    if not _constants([problem.e, problem.claim]):
        return None
    points = [*sample(expressions, symbols), *spread(expressions, symbols, FACTORS)]
    return relies_on([problem.e, problem.claim], values, holds)


def _sides(problem: Problem, sides: Sequence[Expr], at: Points, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    made = replace(problem, e=sides[0], claim=sides[1])
    return made.comparison(at).sides(made.claim, reading, problem.layout, at)


def faint_in_equality(
    a: Expr, b: Expr, cancelled: Sequence[Expr], are_equal: Callable[[Expr, Expr], bool]
) -> str | None:
    """That two expressions are equal only because of the size of a number in them."""
    if not _constants([a, b]):
        return None
    expressions = [a, b, *cancelled]
    points = [*sample(expressions, ()), *spread(expressions, (), FACTORS)]

    def values(sides: Sequence[Expr]) -> list[Value]:
        return [(at(e), magnitude(e, at)) for at in points for e in sides]

    return relies_on([a, b], values, lambda sides: are_equal(*sides))


def _constants(expressions: Sequence[Expr]) -> set[Fraction]:
    """The numbers in expressions, without their signs, that are very small or large."""
    numbers = {abs(own_number(e)) for e in parts(expressions)} - {0}
    return {n for n in numbers if not USUAL[0] <= n <= USUAL[1]}


def _with(e: Expr, constant: Fraction, other: Fraction) -> Expr:
    """An expression with another number wherever one stands, with its sign."""

    def rule(node: Expr) -> Expr | None:
        if abs(own_number(node)) != constant:
            return None
        factor = Number(other / constant)
        return Number(node.value * factor.value) if isinstance(node, Number) else multiply(factor, node)

    return rewrite(e, rule)


def _holds(holds: Callable[[Sequence[Expr]], bool], expressions: Sequence[Expr]) -> bool:
    try:
        return holds(expressions)
    except MatcalcError:  # no value there: nothing is said
        return True


def _looks_the_same(before: Sequence[Value], after: Sequence[Value]) -> bool:
    """Whether values are the same but for rounding wherever both are known."""
    with np.errstate(all="ignore"):
        return not any(
            (norm(a - b) > INVISIBLE * np.maximum(size, np.maximum(norm(a), norm(b)))).any()
            for (a, size), (b, _) in zip(before, after, strict=True)
        )


def _shown(constant: Fraction) -> str:
    return str(constant) if max(constant.numerator, constant.denominator) < 10**6 else f"{float(constant):.0e}"
