"""Products of matrices on arrays: in the cheapest order, with factors applied rather than written out.

diag(v) scales, a commutation permutes, a Kronecker product acts by its two factors, an inverse solves, and ones sum. Of
a product under tr, diag or sum only what is asked for is computed.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from matcalc import chains, kernels
from matcalc.algebra import call, ones, transpose
from matcalc.expr import Call, Commutation, Expr, Identity, Number, Ones, Power
from matcalc.shape import ONE
from matcalc.simplification import settle
from matcalc.triangles import is_diagonal

if TYPE_CHECKING:
    from matcalc.evaluate import Evaluation

Array = Any
Chain = Sequence[Expr]


@lru_cache(maxsize=4096)
def transposed(e: Expr, use_structure: bool) -> Expr:
    """The transpose, with Sᵀ = S for a symmetric S where the structure of symbols is used."""
    return settle(transpose(e)) if use_structure else transpose(e)


class Products:
    """The products of one evaluation; what is common to two of them is multiplied once."""

    def __init__(self, evaluate: "Evaluation") -> None:
        self.evaluate, self.ops = evaluate, evaluate.ops
        self._known: dict[tuple[int, ...], Array] = {}

    def product(self, chain: Chain) -> Array:
        """The product of a chain, or the transpose of the product of its transpose."""
        if len(chain) == 1:
            return self.evaluate(chain[0])
        key = tuple(f.identity for f in chain)
        if key not in self._known:
            turned = tuple(self.turned(f).identity for f in reversed(chain))
            self._known[key] = self._known[turned].mT if turned in self._known else self._split(chain)
        return self._known[key]

    def trace(self, chain: Chain) -> Array:
        """tr(P Q) as the sum of P ⊙ Qᵀ, (..., 1, 1)."""
        start, middle = chains.cut_for_trace(*self._costs(chain))
        around = (*chain, *chain)
        p, q = around[start:middle], around[middle : start + len(chain)]
        return kernels.total(self.ops, self.product(p) * self.product(q).mT)

    def diagonal(self, chain: Chain) -> Array:
        """diag(P Q) as the row sums of P ⊙ Qᵀ, (..., n, 1)."""
        middle = chains.cut_for_diagonal(*self._costs(chain))
        p, q = self.product(chain[:middle]), self.product(chain[middle:])
        return self.ops.xp.sum(p * q.mT, axis=-1, keepdims=True)

    def total(self, chain: Chain) -> Array:
        """The sum of the entries as 1ᵀ (chain) 1, (..., 1, 1)."""
        return self.product((ones((ONE, chain[0].shape[0])), *chain, ones((chain[-1].shape[1], ONE))))

    def turned(self, e: Expr) -> Expr:
        """The transpose of an expression."""
        return transposed(e, self.ops.uses_structure)

    def _split(self, chain: Chain) -> Array:
        at = chains.order(*self._costs(chain))
        left, right = chain[:at], chain[at:]
        from_left = self._operator(left[0]) if len(left) == 1 else None
        if from_left is not None:
            return from_left(self.product(right))
        from_right = self._operator(self.turned(right[0])) if len(right) == 1 else None
        if from_right is not None:
            return from_right(self.product(left).mT).mT
        return self.product(left) @ self.product(right)

    def _costs(self, chain: Chain) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
        size = self.evaluate.size
        sizes = (size(chain[0].shape[0]), *(size(f.shape[1]) for f in chain))
        return sizes, tuple(self._price(f, n) for f, n in zip(chain, sizes, strict=False))

    def _price(self, e: Expr, rows: int) -> int | None:
        """What one column costs that e is applied to; None for a full matrix."""
        if isinstance(e, (Commutation, Ones)) or self._is_diagonal(e):
            return rows + self.evaluate.size(e.shape[1])
        if isinstance(e, Call) and e.function == "kron":
            (p, q), (r, s) = (map(self.evaluate.size, f.shape) for f in e.arguments)
            return q * r * s + p * q * r
        return None

    def _is_diagonal(self, e: Expr) -> bool:
        return (isinstance(e, Call) and e.function == "diag") or (self.ops.uses_structure and is_diagonal(e))

    def _operator(self, e: Expr) -> Callable[[Array], Array] | None:
        """The function that multiplies by e from the left, if there is a better one than the product of matrices."""
        match e:
            case _ if self._is_diagonal(e):
                return lambda b: self.evaluate(call("diag", e)) * b
            case Power(base, Number(k)) if k == -1:
                factor, is_turned = self.evaluate.factor(base)
                return lambda b: factor.solve(b, is_turned)
            case Commutation(of=(n, m)):
                order = kernels.commutation_order(self.evaluate.size(n), self.evaluate.size(m))
                return lambda b: b[..., order, :]
            case Call("kron", (left, right)):
                return lambda b: self._kron(left, right, b)
            case Ones((n, _)):
                return lambda b: self._repeated(self.ops.xp.sum(b, axis=-2, keepdims=True), self.evaluate.size(n))
        return None

    def _repeated(self, row: Array, count: int) -> Array:
        return self.ops.xp.broadcast_to(row, (*row.shape[:-2], count, row.shape[-1]))

    def _apply(self, e: Expr, b: Array) -> Array:
        operator = self._operator(e)
        if isinstance(e, Identity):
            return b
        return self.evaluate(e) @ b if operator is None else operator(b)

    def _kron(self, left: Expr, right: Expr, b: Array) -> Array:
        """(L ⊗ R) vec(B) = vec(R B Lᵀ), for every column of b: R on the inner index, then L on the outer one."""
        q, s, k = self.evaluate.size(left.shape[1]), self.evaluate.size(right.shape[1]), b.shape[-1]
        swap = lambda a: self.ops.xp.swapaxes(a, -3, -2)  # noqa: E731
        inner = swap(b.reshape(*b.shape[:-2], q, s, k))
        inner = self._apply(right, inner.reshape(*inner.shape[:-3], s, q * k))
        outer = swap(inner.reshape(*inner.shape[:-1], q, k))
        outer = self._apply(left, outer.reshape(*outer.shape[:-3], q, outer.shape[-2] * k))
        return outer.reshape(*outer.shape[:-2], -1, k)
