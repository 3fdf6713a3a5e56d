"""Products of matrices on arrays: in the cheapest order, with factors applied rather than written out.

diag(v) scales, a commutation permutes, a Kronecker product acts by its two factors, an inverse solves, ones sum, and a
sum beside a thin matrix is distributed over it. Of a product under tr, diag, sum or blocktrace only what is asked for
is computed.
"""

import operator
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

from matcalc import chains, kernels
from matcalc.algebra import call, multiply, number, ones, power, transpose
from matcalc.expr import Call, Commutation, Expr, Identity, Number, Ones, Power, Product, Sum, Transpose
from matcalc.shape import ONE, Dim
from matcalc.simplification import settle
from matcalc.triangles import is_diagonal

if TYPE_CHECKING:
    from matcalc.evaluate import Evaluation

Array = Any
Chain = Sequence[Expr]

THIN = 4  # a matrix with at most n / THIN columns is thin beside one with n rows and columns
MAX_UNFOLDED = 8


@lru_cache(maxsize=4096)
def transposed(e: Expr, use_structure: bool) -> Expr:
    """The transpose, with Sᵀ = S for a symmetric S where the structure of symbols is used."""
    return settle(transpose(e)) if use_structure else transpose(e)


class Products:
    """The products of one evaluation; what is common to two of them is multiplied once."""

    def __init__(self, evaluate: "Evaluation") -> None:
        self.evaluate, self.ops, self.size = evaluate, evaluate.ops, evaluate.size
        self._known: dict[tuple[int, ...], Array] = {}

    def product(self, chain: Chain) -> Array:
        """The product of a chain, or the transpose of the product of its transpose."""
        if len(chain) == 1:
            return self.evaluate(chain[0])
        chain = self._unfolded(chain)
        key = _key(chain)
        if key not in self._known:
            turned = _key(list(map(self.turned, reversed(chain))))
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
        if _key(chain) in self._known:
            return kernels.diagonal(self.ops, self.product(chain))
        middle = chains.cut_for_diagonal(*self._costs(chain))
        p, q = self.product(chain[:middle]), self.product(chain[middle:])
        return self.ops.xp.sum(p * q.mT, axis=-1, keepdims=True)

    def total(self, chain: Chain) -> Array:
        """The sum of the entries as 1ᵀ (chain) 1, (..., 1, 1)."""
        return self.product((ones((ONE, chain[0].shape[0])), *chain, ones((chain[-1].shape[1], ONE))))

    def blocktrace(self, left: Expr, right: Expr, chain: Chain, count: int) -> Array:
        """The sum of the diagonal blocks of (L ⊗ R) M: R times the sum of l_ik M_ki over the blocks of M."""
        outer, m = self.evaluate(left), self.product(chain)
        blocks = m.reshape(*m.shape[:-2], outer.shape[-1], -1, count, m.shape[-1] // count)
        return self._times(right, self.ops.xp.einsum("...ik,...kris->...rs", outer, blocks))

    def turned(self, e: Expr) -> Expr:
        """The transpose of an expression."""
        return transposed(e, self.ops.uses_structure)

    def _split(self, chain: Chain) -> Array:
        at = chains.order(*self._costs(chain))
        left, right = chain[:at], chain[at:]
        if len(left) == 1 and self._acts(left[0], right[-1].shape[1]):
            return self._times(left[0], self.product(right))
        if len(right) == 1 and self._acts(right[0], left[0].shape[0]):
            return self._times(self.turned(right[0]), self.product(left).mT).mT
        if len(left) == 1 and _is_transposed(left[0]):
            return self.ops.transposed_product(self.evaluate(self.turned(left[0])), self.product(right))
        return self.product(left) @ self.product(right)

    # --- what it costs ------------------------------------------------------------------------------------------------

    def _costs(self, chain: Chain) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
        sizes = (self.size(chain[0].shape[0]), *(self.size(f.shape[1]) for f in chain))
        return sizes, tuple(map(self._price, chain))

    def _price(self, e: Expr) -> int | None:
        """What one column costs that e is applied to; None for a full matrix."""
        if isinstance(e, (Commutation, Ones)) or self._is_diagonal(e):
            return self.size(e.shape[0]) + self.size(e.shape[1])
        if isinstance(e, Call) and e.function == "kron":
            (p, q), (r, s) = (map(self.size, f.shape) for f in e.arguments)
            return q * r * s + p * q * r
        return None

    def _is_thin(self, columns: int, e: Expr) -> bool:
        """Whether a matrix of so many columns is thin beside e."""
        return columns * THIN <= min(map(self.size, e.shape))

    def _unfolded(self, chain: Chain) -> Chain:
        """The chain with A^k as k factors where a thin matrix is multiplied by it."""
        thin = min(map(self.size, (chain[0].shape[0], *(f.shape[1] for f in chain))))
        return [g for f in chain for g in (_unfold(f) if self._is_thin(thin, f) else (f,))]

    # --- factors as operations ----------------------------------------------------------------------------------------

    def _is_diagonal(self, e: Expr) -> bool:
        if isinstance(e, Call) and e.function == "diag":
            return e.shape[1] != ONE  # of a vector; the diagonal of a matrix is a vector itself
        return self.ops.uses_structure and is_diagonal(e)

    def _acts(self, e: Expr, columns: Dim) -> bool:
        """Whether there is a better way to multiply so many columns by e than the product of matrices."""
        match e:
            case Commutation() | Ones() | Call("kron"):
                return True
            case Power(base, Number(k)) if k == -1:
                return self.evaluate.factor(base)[0].solves(self.size(columns))
            case Sum():
                return self._is_thin(self.size(columns), e) and not self.evaluate.knows(e)
        return self._is_diagonal(e)

    def _times(self, e: Expr, b: Array) -> Array:
        """e B, by what e does to columns."""
        match e:
            case Identity():
                return b
            case _ if self._is_diagonal(e):
                return self.evaluate(call("diag", e)) * b
            case Power(base, Number(k)) if k == -1:
                factor, is_turned = self.evaluate.factor(base)
                return factor.solve(b, is_turned)
            case Commutation(of=(n, m)):
                return b[..., kernels.commutation_order(self.size(n), self.size(m)), :]
            case Call("kron", (left, right)):
                return self._kron(left, right, b)
            case Ones((n, _)):
                row = self.ops.xp.sum(b, axis=-2, keepdims=True)
                return self.ops.xp.broadcast_to(row, (*row.shape[:-2], self.size(n), row.shape[-1]))
            case Sum(terms) if self._is_thin(b.shape[-1], e) and not self.evaluate.knows(e):
                return reduce(operator.add, (self._times(t, b) for t in terms))
            case Product(coefficient, scalars, chain):
                scalar = self.evaluate(multiply(Number(coefficient), *scalars))
                return scalar * reduce(lambda c, f: self._times(f, c), reversed(chain), b)
        if _is_transposed(e):
            return self.ops.transposed_product(self.evaluate(self.turned(e)), b)
        return self.evaluate(e) @ b

    def _kron(self, left: Expr, right: Expr, b: Array) -> Array:
        """(L ⊗ R) vec(B) = vec(R B Lᵀ), for every column of b: R on the inner index, then L on the outer one."""
        q, s, k = self.size(left.shape[1]), self.size(right.shape[1]), b.shape[-1]
        inner = self.ops.xp.swapaxes(b.reshape(*b.shape[:-2], q, s, k), -3, -2)
        inner = self._times(right, inner.reshape(*inner.shape[:-3], s, q * k))
        outer = self.ops.xp.swapaxes(inner.reshape(*inner.shape[:-1], q, k), -3, -2)
        outer = self._times(left, outer.reshape(*outer.shape[:-3], q, outer.shape[-2] * k))
        return outer.reshape(*outer.shape[:-2], -1, k)


def _key(chain: Chain) -> tuple[int, ...]:
    return tuple(f.identity for f in chain)


def _is_transposed(e: Expr) -> bool:
    return isinstance(e, Transpose) or (isinstance(e, Power) and isinstance(e.base, Transpose))


def _unfold(e: Expr) -> Sequence[Expr]:
    """A^k as k factors."""
    if isinstance(e, Power) and isinstance(e.exponent, Number) and abs(e.exponent.value) <= MAX_UNFOLDED:
        k = int(e.exponent.value)
        return [power(e.base, number(1 if k > 0 else -1))] * abs(k)
    return [e]
