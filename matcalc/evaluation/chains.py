"""In which order to multiply a chain of matrices: dynamic programming over the actual sizes."""

from dataclasses import dataclass
from functools import lru_cache

from matcalc.lazy import cached_property

Part = tuple[int, int]  # the first and the last factor


@dataclass(frozen=True)
class Costs:
    """What the products of a chain cost, in multiplications.

    Factor i has `sizes[i]` rows and `sizes[i + 1]` columns, and `prices[i]` is what it costs to apply it to one column:
    the number of its entries for a full matrix, less for diag(v), a permutation or a Kronecker product. `shares` says
    which part of its cost a product takes that is wanted elsewhere too: 0 where it is known.
    """

    sizes: tuple[int, ...]
    prices: tuple[int, ...]
    shares: tuple[tuple[Part, float], ...] = ()

    @cached_property
    def length(self) -> int:
        return len(self.prices)

    @cached_property
    def least(self) -> dict[Part, float]:
        """The cost of every part in its cheapest order."""
        shares = dict(self.shares)
        least: dict[Part, float] = {(i, i): 0 for i in range(self.length)}
        for more in range(1, self.length):
            for i in range(self.length - more):
                j = i + more
                cheapest = min(least[i, k] + least[k + 1, j] + self.of_product(i, k, j) for k in range(i, j))
                least[i, j] = shares.get((i, j), 1) * cheapest
        return least

    def of_product(self, i: int, k: int, j: int) -> int:
        """What it costs to multiply factors i to k by factors k + 1 to j, both known."""
        rows, inner, columns = self.sizes[i], self.sizes[k + 1], self.sizes[j + 1]
        from_left = self.prices[i] * columns if i == k else rows * inner * columns
        from_right = self.prices[j] * rows if j == k + 1 else rows * inner * columns
        return min(from_left, from_right)


@lru_cache(maxsize=1024)
def order(costs: Costs) -> int:
    """How many factors the left one of the two parts has whose product comes last."""
    last = costs.length - 1
    return min(
        range(1, costs.length),
        key=lambda k: costs.least[0, k - 1] + costs.least[k, last] + costs.of_product(0, k - 1, last),
    )


@lru_cache(maxsize=1024)
def cut_for_trace(costs: Costs) -> Part:
    """tr(chain) = tr(P Q) = sum of P ⊙ Qᵀ: where P begins, and where Q does, for the cheapest P and Q.

    Positions run past the end of the chain and start anew there, as the trace allows.
    """
    n = costs.length
    around = Costs(costs.sizes + costs.sizes[1:], costs.prices * 2)

    def total(cut: Part) -> float:
        start, middle = cut
        entries = around.sizes[start] * around.sizes[middle]
        return around.least[start, middle - 1] + around.least[middle, start + n - 1] + entries

    return min(((i, k) for i in range(n) for k in range(i + 1, i + n)), key=total)


@lru_cache(maxsize=1024)
def cut_for_diagonal(costs: Costs) -> int:
    """diag(chain) = diag(P Q), the sums of the rows of P ⊙ Qᵀ: where Q begins, for the cheapest P and Q."""
    n = costs.length
    return min(
        range(1, n),
        key=lambda k: costs.least[0, k - 1] + costs.least[k, n - 1] + costs.sizes[0] * costs.sizes[k],
    )
