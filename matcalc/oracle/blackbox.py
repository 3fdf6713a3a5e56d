"""A JAX function in place of an expression: evaluated and measured at the same points, its formula unknown."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError, ShapeError
from matcalc.expression.expr import Opaque, Symbol
from matcalc.language.syntax import canonical_name
from matcalc.oracle.sampling import sample
from matcalc.shape import ONE, SCALAR, Dim
from matcalc.shape import dim as read_dim


@dataclass(frozen=True, eq=False, repr=False)
class Blackbox(Opaque):
    """A function of arrays (vectors 1-D, scalars 0-D) with named arguments."""

    may_name_a_size = True

    def _call(self, values: Mapping[str, Any]) -> Any:
        import jax.numpy as jnp

        given = (_as_argument(s, values[s.name]) for s in self.arguments)
        return _as_matrix(jnp.asarray(self.function(*given)), self.name)

    def value(self, values: Mapping[str, Any]) -> np.ndarray:
        """The value at arrays (points, rows, columns), in float64."""
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(True):
            points = range(len(next(iter(values.values()))))
            each = ({n: jnp.asarray(v[p]) for n, v in values.items()} for p in points)
            return np.stack([np.asarray(self._call(one), float) for one in each])

    def along(self, name: str, values: Mapping[str, Any], directions: np.ndarray) -> np.ndarray:
        """The derivative by `jax.jacrev` along each direction: (points, directions, rows, columns)."""
        import jax
        import jax.numpy as jnp

        def slopes(p: int) -> np.ndarray:
            here = {n: jnp.asarray(v[p]) for n, v in values.items()}

            def moved(theta: Any) -> Any:
                return self._call({**here, name: here[name] + jnp.tensordot(theta, jnp.asarray(directions[p]), 1)})

            return np.moveaxis(np.asarray(jax.jacrev(moved)(jnp.zeros(directions.shape[1]))), -1, 0)

        with jax.enable_x64(True):
            try:
                return np.stack([slopes(p) for p in range(len(directions))])
            except (jax.errors.JAXTypeError, TypeError) as error:
                raise MatcalcError(
                    f"{self.name}: JAX cannot differentiate it ({type(error).__name__}); write it with jax.numpy"
                ) from None


def _as_argument(symbol: Symbol, value: Any) -> Any:
    """A value of rows and columns as users pass it: a scalar 0-D, a column 1-D."""
    if symbol.shape == SCALAR:
        return value.reshape(())
    return value.reshape(-1) if symbol.shape[1] == ONE else value


def _as_matrix(value: Any, name: str) -> Any:
    """A scalar, vector or matrix as rows and columns."""
    if value.ndim > 2:
        raise ShapeError(f"{name}: expected a scalar, a vector or a matrix, got an array of shape {value.shape}")
    return value.reshape(value.shape + (1,) * (2 - value.ndim))


def argument_names(function: Callable[..., Any], name: str) -> list[str]:
    """The names of the arguments that a function must be given.

    Raises:
        MatcalcError: the function takes a variable number of arguments.
    """
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        raise MatcalcError(f"{name}: expected a function with named arguments, such as lambda X, A: ..., got *args")
    return [canonical_name(p.name) for p in parameters if p.default is p.empty]


def blackbox(function: Callable[..., Any], symbols: Mapping[str, Symbol], name: str) -> Blackbox:
    """A function whose arguments are symbols; the symbolic shape of its value is found by calling it.

    Raises:
        MatcalcError: an argument is not declared, or the function fails on arrays of the declared shapes.
    """
    names = argument_names(function, name)
    unknown = [n for n in names if n not in symbols]
    if unknown:
        raise MatcalcError(f"{name}: the argument {unknown[0]} is not declared; add it to let")
    unshaped = Blackbox(name, function, tuple(symbols[n] for n in names), SCALAR)
    tried = []
    for points in sample([], symbols.values(), 1)[:3]:
        try:
            tried.append((points.sizes, unshaped.value(points.values).shape[1:]))
        except Exception as error:  # whatever a user's function raises is told as what it is
            shapes = ", ".join(f"{n}: {v.shape[1:]}" for n, v in points.values.items() if n in names)
            raise MatcalcError(f"{name} fails on arrays of the declared shapes ({shapes}): {error}") from None
    rows, columns = (_symbolic([(sizes, found[axis]) for sizes, found in tried]) for axis in (0, 1))
    return replace(unshaped, declared_shape=(rows, columns))


def _symbolic(tried: Iterable[tuple[Mapping[str, int], int]]) -> Dim:
    """The dimension that explains a size at several assignments: a size, a number of times it, or two of them."""
    tried = list(tried)
    sizes, size = tried[0]
    names = [read_dim(name) for name in sizes]
    multiples = [Dim(size // n.size(sizes)) * n for n in names]
    products = [a * b for a, b in combinations_with_replacement(names, 2)]
    explains = (d for d in (*names, *multiples, *products) if all(d.size(at) == found for at, found in tried))
    return next(explains, Dim(size))
