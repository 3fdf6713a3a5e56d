"""Second derivatives as closed linear maps against JAX, jitted, as ratios: above 1 the closed form is faster.

The closed form is the differential of the gradient along a direction dX: the Hessian as a linear map, which keeps its
structure. The rivals are `jax.jvp` of `jax.grad`, which computes the same, and `jax.hessian`, which computes the
matrix; for a vector there is a closed form of the matrix too, and the last column compares these two.

    OPENBLAS_NUM_THREADS=1 python benchmarks/second_derivatives.py
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from closed_forms import GP, LOGISTIC, Case, derivative, draw, gp, interleaved, logistic, sizes, slogdet
from rich.console import Console
from rich.table import Table

from matcalc.differentiation.differential import differential
from matcalc.differentiation.transpose import matrix_form
from matcalc.evaluation.evaluate import function
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.simplification import simplify
from matcalc.shape import ONE

ROUNDS = 15
CASES = [
    Case("norm2(U*V' - A)^2", "U", "U: m x r, V: n x r, A: m x n", sizes(200, m=200, r=5),
         lambda A, U, V: jnp.sum((U @ V.T - A) ** 2)),
    Case("x'*A*x", "x", "A: n x n, x: n", sizes(100, 1000), lambda A, x: x @ A @ x),
    Case("logdet(X)", "X", "X: n x n spd", sizes(16, 32), slogdet),
    Case(LOGISTIC, "w", "M: m x n, w: n, y: m", sizes(100, 500, m=1000), logistic),
    Case(GP, "K", "K: n x n spd, s: positive, y: n", sizes(16, 32), gp),
    Case("logsumexp(A*x)", "x", "A: m x n, x: n", sizes(100, m=500), lambda A, x: jax.nn.logsumexp(A @ x)),
    Case("tr(A*X*B*X)", "X", "X: n x n, A: n x n, B: n x n", sizes(32), lambda A, B, X: jnp.trace(A @ X @ B @ X)),
]  # fmt: skip


def linear_map(case: Case) -> tuple[list[Symbol], Symbol, Expr]:
    """The symbols of the expression, the direction, and the second derivative along it."""
    e, closed = derivative(case)
    symbols = sorted(e.symbols, key=lambda s: s.name)
    variable = next(s for s in symbols if s.name == case.wrt)
    direction = Symbol(f"d{case.wrt}", variable.shape)
    return symbols, direction, simplify(differential(closed, {case.wrt: direction}))


def ratios(case: Case, of: dict[str, int]) -> tuple[float, float, float, float]:
    """Seconds of the closed map, the times of both rivals over it, and that of the second over the closed matrix."""
    symbols, direction, second = linear_map(case)
    at = [s.name for s in symbols].index(case.wrt)
    arguments = [draw(s, of, np.random.default_rng(k)) for k, s in enumerate(symbols)]
    along = arguments[at]  # a member of the structure itself, so that its representative is no matter
    gradient = jax.grad(case.by_hand, at)

    def by_jvp(*given: Any) -> Any:
        *values, d = given
        moving = [d if k == at else jnp.zeros_like(v) for k, v in enumerate(values)]
        return jax.jvp(gradient, tuple(values), tuple(moving))[1]

    def by_hessian(*given: Any) -> Any:
        return jax.hessian(case.by_hand, at)(*given[:-1])

    closed, jvp, hessian = map(jax.jit, (function(second, [*symbols, direction]), by_jvp, by_hessian))
    given = [*arguments, along]
    np.testing.assert_allclose(closed(*given), jvp(*given), rtol=1e-6, atol=1e-8)
    ours, same = interleaved([closed, jvp], given, ROUNDS)
    (dense,) = interleaved([hessian], given, ROUNDS)  # apart: its memory would slow the others down
    if direction.shape[1] != ONE:
        return ours, same / ours, dense / ours, float("nan")
    matrix = jax.jit(function(simplify(matrix_form(second, direction)), symbols))
    np.testing.assert_allclose(matrix(*arguments), hessian(*given), rtol=1e-6, atol=1e-8)
    return ours, same / ours, dense / ours, dense / interleaved([matrix], arguments, ROUNDS)[0]


def main() -> None:
    table = Table("expression", "wrt", "sizes", "ms", "jvp of jax.grad", "jax.hessian", "jax.hessian over matrix")
    with jax.enable_x64(True):
        for case in CASES:
            for of in case.sizes:
                ours, jvp, hessian, matrix = ratios(case, of)
                where = " ".join(f"{k}={v}" for k, v in of.items())
                numbers = (f"{ours * 1e3:.3f}", f"{jvp:.2f}", f"{hessian:.1f}", f"{matrix:.2f}".replace("nan", ""))
                table.add_row(case.expression, case.wrt, where, *numbers)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
