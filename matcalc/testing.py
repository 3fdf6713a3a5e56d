"""Assertions for a user's own tests: the message of a failure is the diagnosis."""

from typing import Any

from matcalc.claims.problem import Statement
from matcalc.expression.scope import Declarations
from matcalc.structure import Reading
from matcalc.verdict import Verdict, check


def assert_gradient(
    f: Statement,
    claimed: Statement,
    wrt: str = "X",
    let: Declarations = (),
    reading: "str | Reading | None" = None,
    **options: Any,
) -> Verdict:
    """Assert that a formula or a JAX function is the derivative of another.

    Args:
        f: a text, an expression or a JAX function.
        claimed: its derivative by `wrt`, in the same forms.
        wrt: the variable.
        let: declarations such as `"X: n x n symmetric"`, or a mapping of names to what stands after the colon.
        reading: the reading that is meant; without it the claim must be right in all readings.
        **options: `order` and `layout`, as `check` takes them.

    Returns:
        the verdict.

    Raises:
        AssertionError: the claim is not right; the message says why, and what would be right.
    """
    return _asserted(check(f, claimed, wrt, let, reading, **options), claimed)


def assert_equal(a: Statement, b: Statement, let: Declarations = ()) -> Verdict:
    """Assert that two formulas have the same value.

    Args:
        a: a text or an expression.
        b: the same.
        let: declarations.

    Returns:
        the verdict.

    Raises:
        AssertionError: they are not equal; the message says why.
    """
    return _asserted(check(a, b, None, let), b)


def _asserted(verdict: Verdict, claimed: Statement) -> Verdict:
    if verdict.is_right:
        return verdict
    shown = getattr(claimed, "__name__", None) or str(claimed)
    raise AssertionError(f"{shown}: {verdict}")
