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
from matcalc.lazy import cached_property
from matcalc.oracle.measurement import compiler_options
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

    def _slopes(self, here: Mapping[str, Any], name: str, directions: Any) -> Any:
        """The derivative at one point along each direction: (rows, columns, directions)."""
        import jax
        import jax.numpy as jnp

        def moved(theta: Any) -> Any:
            return self._call({**here, name: here[name] + jnp.tensordot(theta, directions, 1)})

        return jax.jacrev(moved)(jnp.zeros(len(directions)))

    @cached_property
    def _compiled_call(self) -> Callable[..., Any]:
        return _compiled(self._call)

    @cached_property
    def _compiled_slopes(self) -> Callable[..., Any]:
        return _compiled(self._slopes, "name")

    def value(self, values: Mapping[str, Any]) -> np.ndarray:
        """The value at arrays (points, rows, columns), in float64."""
        import jax

        with jax.enable_x64(True):
            return np.stack([np.asarray(self._compiled_call(values=one), float) for one in _each(values)])

    def along(self, name: str, values: Mapping[str, Any], directions: np.ndarray) -> np.ndarray:
        """The derivative by `jax.jacrev` along each direction: (points, directions, rows, columns)."""
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(True):
            try:
                slopes = [
                    self._compiled_slopes(here=one, name=name, directions=jnp.asarray(d))
                    for one, d in zip(_each(values), directions, strict=True)
                ]
            except (jax.errors.JAXTypeError, TypeError) as error:
                raise MatcalcError(
                    f"{self.name}: JAX cannot differentiate it ({type(error).__name__}); write it with jax.numpy"
                ) from None
        return np.stack([np.moveaxis(np.asarray(s), -1, 0) for s in slopes])


def _each(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The values at each point."""
    import jax.numpy as jnp

    points = range(len(next(iter(values.values()))))
    return [{n: jnp.asarray(v[p]) for n, v in values.items()} for p in points]


def _compiled(f: Callable[..., Any], *static: str) -> Callable[..., Any]:
    """f compiled for every set of sizes; f itself where it cannot be traced, as one with an `if` on a value."""
    import jax

    compiled: Callable[..., Any] = jax.jit(f, static_argnames=static, compiler_options=compiler_options())

    def call(**given: Any) -> Any:
        nonlocal compiled
        try:
            return compiled(**given)
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            compiled = f
            return f(**given)

    return call


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
