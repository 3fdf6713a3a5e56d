"""Constants whose influence floating point cannot see: 10^-16 in log(a + 10^-16), 50 in log(1 + exp(50 + x)).

What is right whatever such a constant is, is right. What is right only because it is next to nothing is not known.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from matcalc.claims.problem import Problem
from matcalc.errors import MatcalcError
from matcalc.expression.algebra import multiply, rewrite
from matcalc.expression.expr import Expr, Number, Symbol, own_number, parts
from matcalc.oracle.measurement import weigh
from matcalc.oracle.sampling import sample
from matcalc.structure import Reading

USUAL = (Fraction(1, 5), Fraction(3))  # constants whose influence is seen, if they have any
PLAIN_SMALL, PLAIN_LARGE = Fraction(3, 5), Fraction(2)  # two of these, on either side of 1: an exponent stays above it
ELSEWHERE = Fraction(17, 16)
Holds = Callable[[Sequence[Expr]], bool]


def relies_on(expressions: Sequence[Expr], holds: Holds) -> str | None:
    """That a claim made of expressions holds only because a constant in them is very small or very large.

    What holds with a little more of a constant as well holds whatever it is, for both sides are analytic in it; if it
    does not with a plain one, the little more was not seen. `holds` says whether the claim made of expressions like
    these is right.
    """
    for constant in sorted(_constants(expressions)):
        plain = PLAIN_SMALL if constant < 1 else PLAIN_LARGE
        if _with(holds, expressions, constant, constant * ELSEWHERE) is True and (
            _with(holds, expressions, constant, plain) is False
        ):
            return (
                f"{_shown(constant)} is too far from 1 for its influence to be seen beside the rest, and the claim "
                f"does not hold with {plain} in its place"
            )
    return None


def faint_in_claim(
    problem: Problem, expressions: Sequence[Expr], symbols: Iterable[Symbol], readings: Sequence[Reading]
) -> str | None:
    """That a claim about a derivative is right in these readings only because of the size of a number in it."""

    def holds(sides: Sequence[Expr]) -> bool:
        made = replace(problem, e=sides[0], claim=sides[1])
        tried = [made.comparison(at) for at in sample([*sides, *expressions], symbols)]
        trials = ([(c.points, c.trial(made.claim, r, problem.layout)) for c in tried] for r in readings)
        return all(weigh(t, problem.order).ok for t in trials)

    return relies_on([problem.e, problem.claim], holds)


def faint_in_equality(a: Expr, b: Expr, are_equal: Callable[[Expr, Expr], bool]) -> str | None:
    """That two expressions are equal only because of the size of a number in them."""
    return relies_on([a, b], lambda sides: are_equal(*sides))


def _constants(expressions: Sequence[Expr]) -> set[Fraction]:
    """The numbers in expressions, without their signs, that are very small or large."""
    numbers = {abs(own_number(e)) for e in parts(expressions)} - {0}
    return {n for n in numbers if not USUAL[0] <= n <= USUAL[1]}


def _with(holds: Holds, expressions: Sequence[Expr], constant: Fraction, other: Fraction) -> bool | None:
    """Whether the claim holds with another number wherever a constant stands; None if nothing has a value then."""
    try:
        return holds([_moved(e, constant, other) for e in expressions])
    except MatcalcError:
        return None


def _moved(e: Expr, constant: Fraction, other: Fraction) -> Expr:
    """An expression with another number wherever one stands, with its sign."""

    def rule(node: Expr) -> Expr | None:
        if abs(own_number(node)) != constant:
            return None
        factor = Number(other / constant)
        return Number(node.value * factor.value) if isinstance(node, Number) else multiply(factor, node)

    return rewrite(e, rule)


def _shown(constant: Fraction) -> str:
    return str(constant) if max(constant.numerator, constant.denominator) < 10**6 else f"{float(constant):.0e}"
