"""What an argument must be: an object of some kind, objects on one space, an integer from some number on."""

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np
from jax import Array

from matcalc.errors import ArgumentError, ShapeError

P = ParamSpec("P")
T = TypeVar("T")


def refusal(value: Any, name: str, *kinds: type) -> ArgumentError:
    """The error that says which kinds of object were expected and what came."""
    *others, last = (kind.__name__ for kind in kinds)
    expected = f"{', '.join(others)} or {last}" if others else last
    got = "an array" if isinstance(value, Array) else type(value).__name__  # no user knows the classes of tracers
    return ArgumentError(f"{name}: expected {expected}, got {got}.")


def require(value: Any, name: str, *kinds: type) -> None:
    """Raise an ArgumentError unless the value is of one of these kinds."""
    if not isinstance(value, kinds):
        raise refusal(value, name, *kinds)


def as_integer(value: Any, name: str, least: int) -> int:
    """The value as an int; ArgumentError unless it is an integer, and at least that."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ArgumentError(f"{name}: expected an integer of at least {least}, got {value!r}.")
    return number


def on_one_space(kind: type) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Compile a function of objects of that kind, each with a mean; ArgumentError or ShapeError if they do not fit."""

    def decorate(f: Callable[P, T]) -> Callable[P, T]:
        compiled = jax.jit(f)

        @wraps(f)
        def checked(*objects: P.args, **named: P.kwargs) -> T:
            _require_one_space(f.__name__, kind, [*objects, *named.values()])
            return compiled(*objects, **named)

        return checked

    return decorate


def _require_one_space(name: str, kind: type, objects: list[Any]) -> None:
    for each in objects:
        require(each, name, kind)
    shapes = [each.mean.shape for each in objects]
    if len({shape[-1] for shape in shapes}) > 1:
        raise ShapeError(f"{name}: expected one dimension, got {' and '.join(str(shape[-1]) for shape in shapes)}.")
    require_one_batch(name, *(shape[:-1] for shape in shapes))


def require_one_batch(name: str, *batches: tuple[int, ...]) -> None:
    """Raise a ShapeError unless these batch shapes broadcast."""
    if len(set(batches)) > 1 and not do_broadcast(*batches):
        raise ShapeError(
            f"{name}: batch shapes {' and '.join(map(str, batches))} do not broadcast; make the leading axes equal."
        )


def do_broadcast(*shapes: tuple[int, ...]) -> bool:
    """Whether arrays of these shapes broadcast together."""
    try:
        return np.broadcast_shapes(*shapes) is not None
    except ValueError:
        return False
