"""Tensors with named edges, written as matrices: what lets a user of tensorgrad type `a.T @ inv(X) @ b`."""

import itertools
from collections.abc import Callable
from typing import Any


class Named:
    """A tensor with at most a row and a column edge, written as a matrix."""

    fresh = itertools.count()

    def __init__(self, tensor: Any, row: str | None = None, col: str | None = None) -> None:
        self.tensor, self.row, self.col = tensor, row, col

    @staticmethod
    def language(functions: Any) -> dict[str, Callable]:
        """The functions that the cases use."""

        def elementwise(f: Callable) -> Callable:
            return lambda x: Named(f(x.tensor), x.row, x.col)

        def times(*factors: Named) -> Named:
            first, *others = factors
            return Named(functions.prod(first.tensor, *(o.like(first) for o in others)), first.row, first.col)

        def diag(x: Named) -> Named:
            row, col = Named.edge(), Named.edge()
            return Named(functions.diag(x.tensor, [row, col]), row, col)

        return {
            **{f: elementwise(getattr(functions, f)) for f in ("exp", "log", "tanh", "sigmoid", "sqrt")},
            "tr": lambda x: Named(functions.trace(x.tensor)),
            "det": lambda x: Named(functions.det(x.tensor)),
            "inv": lambda x: Named(functions.inverse(x.tensor), x.col, x.row),
            "power": lambda x, k: Named(functions.pow(x.tensor, k)),
            "squares": lambda x: Named(functions.frobenius2(x.tensor)),
            "squares_of_kronecker": lambda x, y: Named(functions.frobenius2(functions.kronecker(x.tensor, y.tensor))),
            "total": lambda x: Named(functions.sum(x.tensor)),
            "softmax": lambda x: Named(functions.softmax(x.tensor, x.row), x.row, x.col),
            "times": times,
            "diag": diag,
        }

    @classmethod
    def edge(cls) -> str:
        return f"e{next(cls.fresh)}"

    @property
    def T(self) -> "Named":
        return Named(self.tensor, self.col, self.row)

    def like(self, other: "Named") -> Any:
        """The tensor with the edges of another."""
        edges = {mine: its for mine, its in ((self.row, other.row), (self.col, other.col)) if mine is not None}
        return self.tensor.rename(**edges)

    def __matmul__(self, other: "Named") -> "Named":
        row, col = self.row and self.edge(), other.col and self.edge()
        inner = self.edge()
        return Named(self.like(Named(None, row, inner)) @ other.like(Named(None, inner, col)), row, col)

    def __add__(self, other: "Named") -> "Named":
        return Named(self.tensor + other.like(self), self.row, self.col)

    def __radd__(self, number: int) -> "Named":
        return Named(number + self.tensor, self.row, self.col)

    def __sub__(self, other: "Named") -> "Named":
        return Named(self.tensor - other.like(self), self.row, self.col)

    def __neg__(self) -> "Named":
        return Named(-self.tensor, self.row, self.col)

    def __mul__(self, other: "Named") -> "Named":
        return Named(self.tensor * other.tensor, self.row or other.row, self.col or other.col)

    def __truediv__(self, other: "Named | int") -> "Named":
        return Named(self.tensor / (other.tensor if isinstance(other, Named) else other), self.row, self.col)
