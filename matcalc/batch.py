"""Many problems at once: a JSON object a line in, a JSON object a line out, in order."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from matcalc import errors
from matcalc.errors import MatcalcError

TEXTS = ("expr", "wrt", "claim", "stationary_at", "reading", "layout")
KEYS = (*TEXTS, "let", "order")
KINDS = {
    errors.ParseError: "parse",
    errors.ShapeError: "shape",
    errors.DeclarationError: "declaration",
    errors.NoRuleError: "no-rule",
    errors.DomainError: "domain",
    errors.UnverifiedError: "unverified",
    MatcalcError: "input",
}
Problem = dict[str, Any]
Each = Callable[[Callable[[tuple[int, str]], Problem], Iterable[tuple[int, str]]], Iterable[Problem]]


def answers(
    lines: Iterable[str], solve: Callable[[Problem], Problem], defaults: Problem, each: Each = map
) -> Iterator[Problem]:
    """The answer to every line that is not empty, or its error, in order.

    `defaults` are for the keys that a line leaves out; `each` is `map`, or that of a pool of threads.
    """
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    yield from each(lambda item: _answer(item[1], item[0], solve, defaults), numbered)


def _answer(line: str, number: int, solve: Callable[[Problem], Problem], defaults: Problem) -> Problem:
    name = None
    try:
        given = _object(line, number)
        name = given.get("id")
        return {"id": name} | solve(defaults | _problem(given))
    except Exception as error:
        return {"id": name, "error": {"kind": error_kind(error), "message": error_message(error)}}


def _object(line: str, number: int) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise MatcalcError(f"line {number} is not JSON: {error}") from None
    except RecursionError:
        raise MatcalcError(f"line {number} is nested too deeply") from None
    if not isinstance(found, dict):
        raise MatcalcError(f"line {number}: expected a JSON object, got {type(found).__name__}")
    return found


def _problem(given: Mapping[str, Any]) -> Problem:
    given = {key.replace("-", "_"): value for key, value in given.items()}
    problem = {key: given[key] for key in KEYS if given.get(key) is not None}
    if isinstance(problem.get("let"), str):
        problem["let"] = [problem["let"]]
    for key, value in problem.items():
        if key in TEXTS and not isinstance(value, str):
            raise MatcalcError(f"{key}: expected text, got {value!r}")
    if type(problem.get("order", 1)) is not int or problem.get("order", 1) not in (1, 2):
        raise MatcalcError(f"order: expected 1 or 2, got {problem['order']!r}")
    return problem


def error_kind(error: Exception) -> str:
    """The `kind` of an error in JSON."""
    return next((kind for cls, kind in KINDS.items() if isinstance(error, cls)), "internal")


def error_message(error: Exception) -> str:
    """One line for a person; an error that is nobody's input asks to be reported."""
    if isinstance(error, MatcalcError):
        return " ".join(str(error).split())
    return f"internal error, please report it: {type(error).__name__}: {' '.join(str(error).split())}"
