"""Products of matrices on arrays: in the cheapest order, with factors applied rather than written out.

diag(v) scales, a commutation permutes, a Kronecker product acts by its two factors, an inverse solves, ones sum, and a
sum beside a thin matrix is distributed over it. Of a product under tr, diag, sum or blocktrace only what is asked for
is computed.
"""

import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

from matcalc.evaluation import chains, kernels
from matcalc.expression.algebra import MINUS_ONE, call, multiply, number, ones, power, transpose
from matcalc.expression.expr import Call, Commutation, Expr, Identity, Number, Ones, Power, Product, Sum, Transpose
from matcalc.expression.simplification import settle
from matcalc.expression.triangles import is_diagonal
from matcalc.shape import ONE

if TYPE_CHECKING:
    from matcalc.evaluation.evaluate import Evaluation

Array = Any
Chain = Sequence[Expr]
Key = tuple[int, ...]

MAX_UNFOLDED = 8


@lru_cache(maxsize=4096)
def transposed(e: Expr, use_structure: bool) -> Expr:
    """The transpose, with Sᵀ = S for a symmetric S where the structure of symbols is used."""
    return settle(transpose(e)) if use_structure else transpose(e)


class Products:
    """The products of one evaluation; what is common to two of them is multiplied once."""

    def __init__(self, evaluate: "Evaluation") -> None:
        self.evaluate, self.ops, self.size = evaluate, evaluate.ops, evaluate.size
        self._known: dict[Key, Array] = {}
        self._wanted: Counter[Key] = Counter()
        self._announced: set[Key] = set()

    def announce(self, wanted: Iterable[Chain]) -> None:
        """Note which chains will be asked for, so that a product in several of them is worth its price."""
        for chain in map(self._unfolded, wanted):
            if _key(chain) not in self._announced:
                self._announced.add(_key(chain))
                self._wanted.update(self._parts(chain).values())

    def product(self, chain: Chain) -> Array:
        """The product of a chain."""
        chain = self._unfolded(chain)
        for f in chain:
            if _is_inverse(f):
                self.evaluate.factor(f.args[0])  # what is multiplied for it may serve the chain
        if len(chain) > 2:
            self.announce([chain])
        return self._product(chain)

    def _product(self, chain: Chain) -> Array:
        if len(chain) == 1:
            return self.evaluate(chain[0])
        key = _key(chain)
        if key not in self._known:
            value = self._split(chain)
            self._known |= {key: value, self._turned_key(chain): value.mT}
        return self._known[key]

    def trace(self, chain: Chain) -> Array:
        """tr(P Q) as the sum of P ⊙ Qᵀ, (..., 1, 1)."""
        start, middle = chains.cut_for_trace(self._costs(chain))
        around = (*chain, *chain)
        p, q = around[start:middle], around[middle : start + len(chain)]
        return kernels.total(self.ops, self.product(p) * self.product(q).mT)

    def diagonal(self, chain: Chain) -> Array:
        """diag(P Q) as the row sums of P ⊙ Qᵀ, (..., n, 1)."""
        if _key(chain) in self._known:
            return kernels.diagonal(self.ops, self.product(chain))
        middle = chains.cut_for_diagonal(self._costs(chain))
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
        at = chains.order(self._costs(chain)) if len(chain) > 2 else 1
        left, right = chain[:at], chain[at:]
        left_acts = len(left) == 1 and self._acts(left[0], self.size(right[-1].shape[1]))
        right_acts = len(right) == 1 and self._acts(right[0], self.size(left[0].shape[0]))
        if right_acts and (not left_acts or _is_inverse(right[0])):  # a system is solved where both could act
            return self._times_right(self._product(left), right[0])
        if left_acts:
            return self._times(left[0], self._product(right))
        if len(left) == 1 and _is_transposed(left[0]):
            return self.ops.transposed_product(self.evaluate(self.turned(left[0])), self._product(right))
        return self._product(left) @ self._product(right)

    # --- what it costs ------------------------------------------------------------------------------------------------

    def _costs(self, chain: Chain) -> chains.Costs:
        sizes = (self.size(chain[0].shape[0]), *(self.size(f.shape[1]) for f in chain))
        shares = {
            part: 0 if key in self._known else 1 / self._wanted[key]
            for part, key in self._parts(chain).items()
            if self._wanted[key] > 1 or key in self._known
        }
        return chains.Costs(sizes, tuple(map(self._price, chain)), tuple(shares.items()))

    def _parts(self, chain: Chain) -> dict[chains.Part, Key]:
        """Every part of two or more factors, by a key that its transpose has too."""
        n, there, back = len(chain), _key(chain), self._turned_key(chain)
        spans = [(i, j) for i in range(n) for j in range(i + 1, n)]
        return {(i, j): min(there[i : j + 1], back[n - 1 - j : n - i]) for i, j in spans}

    def _turned_key(self, chain: Chain) -> Key:
        return tuple(self.turned(f).identity for f in reversed(chain))

    def _entries(self, e: Expr) -> int:
        return self.size(e.shape[0]) * self.size(e.shape[1])

    def _price(self, e: Expr) -> int:
        """What one column costs that e is applied to: never more than the number of entries."""
        match e:
            case Commutation() | Ones():
                return self.size(e.shape[0]) + self.size(e.shape[1])
            case Call("kron", (left, right)):
                price = self.size(left.shape[1]) * self._price(right) + self.size(right.shape[0]) * self._price(left)
            case Sum(terms) if not self.evaluate.knows(e):
                price = sum(map(self._price, terms))
            case Product(chain=chain):
                price = sum(map(self._price, chain))
            case _ if self._is_diagonal(e):
                return self.size(e.shape[0])
            case _:
                return self._entries(e)
        return min(price, self._entries(e))

    def _unfolded(self, chain: Chain) -> Chain:
        """The chain with A^k as k factors."""
        if len(chain) == 1:
            return chain
        return [g for f in chain for g in ((f,) if self.evaluate.knows(f) else _unfold(f))]

    # --- factors as operations ----------------------------------------------------------------------------------------

    def _is_diagonal(self, e: Expr) -> bool:
        if isinstance(e, Call) and e.function == "diag":
            return e.shape[1] != ONE  # of a vector; the diagonal of a matrix is a vector itself
        return self.ops.uses_structure and is_diagonal(e)

    def _acts(self, e: Expr, columns: int) -> bool:
        """Whether there is a better way to multiply so many columns by e than the product of matrices."""
        match e:
            case Commutation() | Ones() | Call("kron"):
                return True
            case Power(base, Number(k)) if k == -1:
                return self.evaluate.factor(base)[0].solves(columns)
            case Sum(terms) if not self.evaluate.knows(e):
                return columns * sum(map(self._price, terms)) <= (columns + len(terms)) * self._entries(e)
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
            case Sum(terms) if self._acts(e, b.shape[-1]):
                return reduce(operator.add, (self._times(t, b) for t in terms))
            case Product(coefficient, scalars, chain):
                scalar = self.evaluate(multiply(Number(coefficient), *scalars))
                return scalar * reduce(lambda c, f: self._times(f, c), reversed(chain), b)
        if _is_transposed(e):
            return self.ops.transposed_product(self.evaluate(self.turned(e)), b)
        return self.evaluate(e) @ b

    def _times_right(self, b: Array, e: Expr) -> Array:
        """B e."""
        match e:
            case Power(base, Number(k)) if k == -1:
                factor, is_turned = self.evaluate.factor(base)
                return factor.solve_right(b, is_turned)
        return self._times(self.turned(e), b.mT).mT

    def _kron(self, left: Expr, right: Expr, b: Array) -> Array:
        """(L ⊗ R) vec(B) = vec(R B Lᵀ), for every column of b: R on the inner index, then L on the outer one."""
        q, s, k = self.size(left.shape[1]), self.size(right.shape[1]), b.shape[-1]
        inner = self.ops.xp.swapaxes(b.reshape(*b.shape[:-2], q, s, k), -3, -2)
        inner = self._times(right, inner.reshape(*inner.shape[:-3], s, q * k))
        outer = self.ops.xp.swapaxes(inner.reshape(*inner.shape[:-1], q, k), -3, -2)
        outer = self._times(left, outer.reshape(*outer.shape[:-3], q, outer.shape[-2] * k))
        return outer.reshape(*outer.shape[:-2], -1, k)


def _key(chain: Chain) -> Key:
    return tuple(f.identity for f in chain)


def _is_transposed(e: Expr) -> bool:
    return isinstance(e, Transpose) or (isinstance(e, Power) and isinstance(e.base, Transpose))


def _is_inverse(e: Expr) -> bool:
    return isinstance(e, Power) and e.exponent == MINUS_ONE


def _unfold(e: Expr) -> Sequence[Expr]:
    """A^k as k factors."""
    if isinstance(e, Power) and isinstance(e.exponent, Number) and abs(e.exponent.value) <= MAX_UNFOLDED:
        k = int(e.exponent.value)
        return [power(e.base, number(1 if k > 0 else -1))] * abs(k)
    return [e]
