"""In which order to multiply a chain of matrices: dynamic programming over the actual sizes.

A factor can be cheaper than a full matrix: diag(v), a permutation, a Kronecker product. `prices[i]` is what it costs to
apply factor i to one column (or row), or None for a full matrix, which costs its number of entries.
"""

from functools import lru_cache

Sizes = tuple[int, ...]  # factor i has sizes[i] rows and sizes[i + 1] columns
Prices = tuple[int | None, ...]


@lru_cache(maxsize=1024)
def order(sizes: Sizes, prices: Prices) -> int:
    """How many factors the left one of the two parts has whose product comes last."""
    n = len(prices)
    cost = _costs(sizes, prices)
    return min(range(1, n), key=lambda k: cost[0, k - 1] + cost[k, n - 1] + _product(sizes, prices, 0, k - 1, n - 1))


@lru_cache(maxsize=1024)
def cut_for_trace(sizes: Sizes, prices: Prices) -> tuple[int, int]:
    """tr(chain) = tr(P Q) = sum of P ⊙ Qᵀ: where P begins, and where Q does, for the cheapest P and Q.

    Positions run past the end of the chain and start anew there, as the trace allows.
    """
    n = len(prices)
    cost = _costs(sizes + sizes[1:], prices + prices)
    cuts = [(i, k) for i in range(n) for k in range(i + 1, i + n)]
    around = sizes + sizes[1:]
    return min(cuts, key=lambda c: cost[c[0], c[1] - 1] + cost[c[1], c[0] + n - 1] + around[c[0]] * around[c[1]])


@lru_cache(maxsize=1024)
def cut_for_diagonal(sizes: Sizes, prices: Prices) -> int:
    """diag(chain) = diag(P Q), the sums of the rows of P ⊙ Qᵀ: where Q begins, for the cheapest P and Q."""
    n = len(prices)
    cost = _costs(sizes, prices)
    return min(range(1, n), key=lambda k: cost[0, k - 1] + cost[k, n - 1] + sizes[0] * sizes[k])


def _costs(sizes: Sizes, prices: Prices) -> dict[tuple[int, int], int]:
    """What the cheapest product of factors i to j costs, for all i and j."""
    n = len(prices)
    cost = {(i, i): 0 for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j] = min(cost[i, k] + cost[k + 1, j] + _product(sizes, prices, i, k, j) for k in range(i, j))
    return cost


def _product(sizes: Sizes, prices: Prices, i: int, k: int, j: int) -> int:
    """What it costs to multiply factors i to k by factors k + 1 to j, both known."""
    rows, inner, columns = sizes[i], sizes[k + 1], sizes[j + 1]
    left, right = prices[i] if i == k else None, prices[j] if j == k + 1 else None
    options = [rows * inner * columns]
    options += [left * columns] if left is not None else []
    options += [right * rows] if right is not None else []
    return min(options)
