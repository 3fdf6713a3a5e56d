"""Gradients as closed forms against `jax.grad`, jitted, as ratios: above 1 the closed form is faster.

Every expression is differentiated symbolically and compiled; the rivals are `jax.grad` of the same expression as a JAX
user writes it, and `jax.grad` of the expression as compiled here, which has the work of this package in it. All run in
interleaved rounds on the same values. Each is compiled several times, for the same program at another address may take
another time: what the copies of one differ by is the noise, and a ratio within it says nothing.

    OPENBLAS_NUM_THREADS=1 python benchmarks/closed_forms.py [words of an expression ...]
"""

import argparse
import math
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np
from rich.console import Console
from rich.table import Table

from matcalc.differentiation.differential import differential
from matcalc.differentiation.transpose import gradient
from matcalc.evaluation.evaluate import from_columns, function
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.scope import Scope
from matcalc.expression.simplification import simplify
from matcalc.structure import STRUCTURES

LEAST_SECONDS = 2e-3  # of one timing: short calls are repeated
COPIES = 3


@dataclass(frozen=True)
class Case:
    """An expression, its variable, what is declared, the sizes it is tried at, and how a JAX user writes it."""

    expression: str
    wrt: str
    let: str
    sizes: tuple[dict[str, int], ...]
    by_hand: Callable[..., Any]  # of the symbols in alphabetical order


def slogdet(X: Any) -> Any:
    return jnp.linalg.slogdet(X)[1]


def sizes(*numbers: int, **fixed: int) -> tuple[dict[str, int], ...]:
    return tuple({"n": n, **fixed} for n in numbers)


LOGISTIC = "sum(log(ones(m,1) + exp(-y .* (M*w))))"
GP = "-1/2*y'*(K + s*I)^-1*y - 1/2*logdet(K + s*I)"
DENSITY = "-1/2*logdet(S) - 1/2*(x - m)'*S^-1*(x - m)"


def gp(K: Any, s: Any, y: Any) -> Any:
    L = jnp.linalg.cholesky(K + s * jnp.eye(len(K)))
    return -y @ jsl.cho_solve((L, True), y) / 2 - jnp.sum(jnp.log(jnp.diag(L)))


def logistic(M: Any, w: Any, y: Any) -> Any:
    return jnp.sum(jnp.log1p(jnp.exp(-y * (M @ w))))


def density(S: Any, m: Any, x: Any) -> Any:
    L = jnp.linalg.cholesky(S)
    return -jnp.sum(jsl.solve_triangular(L, x - m, lower=True) ** 2) / 2 - jnp.sum(jnp.log(jnp.diag(L)))


CASES = [
    Case("logdet(X)", "X", "X: n x n spd", sizes(8, 32, 128, 512, 1024), slogdet),
    Case("logdet(X)", "X", "X: n x n", sizes(8, 32, 128, 512, 1024), slogdet),
    Case("det(X)", "X", "X: n x n", sizes(8, 64, 256), jnp.linalg.det),
    Case("logdet(X'*C*X)", "X", "X: n x p, C: n x n spd", sizes(8, 64, 256, p=7) + sizes(512, p=128),
         lambda C, X: slogdet(X.T @ C @ X)),
    Case("x'*X^-1*y", "X", "X: n x n spd, x: n, y: n", sizes(8, 64, 512, 1024),
         lambda X, x, y: x @ jnp.linalg.solve(X, y)),
    Case("x'*X^-1*y", "X", "X: n x n, x: n, y: n", sizes(8, 64, 512, 1024),
         lambda X, x, y: x @ jnp.linalg.solve(X, y)),
    Case("tr(A*X^-1*B)", "X", "X: n x n, A: n x n, B: n x n", sizes(8, 64, 256, 512),
         lambda A, B, X: jnp.trace(A @ jnp.linalg.solve(X, B))),
    Case("tr(A*X^-1*B)", "X", "X: n x n spd, A: p x n, B: n x p", sizes(64, 512, p=5),
         lambda A, B, X: jnp.trace(A @ jnp.linalg.solve(X, B))),
    Case("tr(A*X*B)", "X", "X: n x n, A: n x n, B: n x n", sizes(8, 128, 512), lambda A, B, X: jnp.trace(A @ X @ B)),
    Case("tr(X'*A*X*B)", "X", "X: n x n, A: n x n, B: n x n", sizes(8, 128, 512),
         lambda A, B, X: jnp.trace(X.T @ A @ X @ B)),
    Case("tr(X^4)", "X", "X: n x n", sizes(8, 128, 512), lambda X: jnp.trace(X @ X @ X @ X)),
    Case("x'*A*x", "x", "A: n x n, x: n", sizes(8, 128, 1024), lambda A, x: x @ A @ x),
    Case("x'*A*x", "A", "A: n x n, x: n", sizes(8, 1024), lambda A, x: x @ A @ x),
    Case("norm2(A*x - b)^2", "x", "A: m x n, b: m, x: n", sizes(8, 128, m=200) + sizes(500, m=2000),
         lambda A, b, x: jnp.sum((A @ x - b) ** 2)),
    Case("norm2(A*x - b)", "x", "A: m x n, b: m, x: n", sizes(8, 128, m=200) + sizes(500, m=2000),
         lambda A, b, x: jnp.linalg.norm(A @ x - b)),
    Case("norm2(U*V' - A)^2", "U", "U: m x r, V: n x r, A: m x n", sizes(100, 500, m=200, r=5),
         lambda A, U, V: jnp.sum((U @ V.T - A) ** 2)),
    Case(LOGISTIC, "w", "M: m x n, w: n, y: m", sizes(8, 100, m=500) + sizes(500, m=2000), logistic),
    Case("b'*softmax(A*x)", "x", "A: m x n, x: n, b: m", sizes(8, 500, m=200),
         lambda A, b, x: b @ jax.nn.softmax(A @ x)),
    Case("logsumexp(A*x)", "x", "A: m x n, x: n", sizes(8, 500, m=200), lambda A, x: jax.nn.logsumexp(A @ x)),
    Case(GP, "K", "K: n x n spd, s: positive, y: n", sizes(8, 64, 512, 1024), gp),
    Case(GP, "s", "K: n x n spd, s: positive, y: n", sizes(8, 64, 512), gp),
    Case(DENSITY, "S", "S: n x n spd, m: n, x: n", sizes(8, 64, 512), density),
    Case(DENSITY, "m", "S: n x n spd, m: n, x: n", sizes(8, 64, 512), density),
    Case("tr(expm(X))", "X", "X: n x n", sizes(8, 64, 256), lambda X: jnp.trace(jsl.expm(X))),
    Case("tr(A*expm(X))", "X", "A: n x n, X: n x n", sizes(8, 64), lambda A, X: jnp.trace(A @ jsl.expm(X))),
    Case("tr(kron(A,X)*C)", "X", "A: 6 x 6, X: n x n, C: 6*n x 6*n", sizes(8, 64),
         lambda A, C, X: jnp.trace(jnp.kron(A, X) @ C)),
    Case("vec(X)'*kron(A,B)*vec(X)", "X", "X: n x n, A: n x n, B: n x n", sizes(8, 32),
         lambda A, B, X: (v := X.T.ravel()) @ jnp.kron(A, B) @ v),
    Case("sum((A*X) .* B .* X)", "X", "X: n x n, A: n x n, B: n x n", sizes(8, 256),
         lambda A, B, X: jnp.sum((A @ X) * B * X)),
    Case("tr(diag(x)*A*diag(x)*B)", "x", "x: n, A: n x n, B: n x n", sizes(8, 256),
         lambda A, B, x: jnp.trace(jnp.diag(x) @ A @ jnp.diag(x) @ B)),
    Case("norm2(chol(X) - A)^2", "X", "X: n x n spd, A: n x n", sizes(8, 64, 512),
         lambda A, X: jnp.sum((jnp.linalg.cholesky(X) - A) ** 2)),
    Case("sum(exp(X*y))/sum(cosh(X*y))", "X", "X: n x n, y: n", sizes(8, 512),
         lambda X, y: jnp.sum(jnp.exp(X @ y)) / jnp.sum(jnp.cosh(X @ y))),
]  # fmt: skip


def derivative(case: Case) -> tuple[Expr, Expr]:
    """The expression and its gradient in closed form."""
    scope = Scope([case.let], case.wrt)
    (e,) = scope.read(case.expression)
    return e, simplify(gradient(differential(e, {case.wrt: scope.differential}), scope.differential))


def draw(symbol: Symbol, of: Mapping[str, int], rng: np.random.Generator) -> jax.Array:
    rows, columns = (d.size(of) for d in symbol.shape)
    if symbol.structure == "positive":
        return jnp.asarray(rng.uniform(0.5, 1.5))
    value = STRUCTURES[symbol.structure].sample(rng, rows, columns) / (1 if rows == columns else columns**0.5)
    return jnp.asarray(from_columns(symbol, value))


def seconds(f: Callable[..., Any], arguments: list[Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        result = f(*arguments)
    result.block_until_ready()
    return (time.perf_counter() - start) / repeats


def interleaved(compiled: Sequence[Callable[..., Any]], arguments: list[Any], rounds: int) -> list[float]:
    """Seconds a call of each function takes: the best of rounds of all, in an order drawn anew each time."""
    repeats = [max(1, int(LEAST_SECONDS / seconds(f, arguments, 2))) for f in compiled]
    best, order = [math.inf] * len(compiled), list(range(len(compiled)))
    for _ in range(rounds):
        random.shuffle(order)
        for k in order:
            best[k] = min(best[k], seconds(compiled[k], arguments, repeats[k]))
    return best


def ratios(case: Case, of: dict[str, int], rounds: int) -> tuple[float, float, float, float]:
    """Seconds of the closed form, the times of the two rivals over it, and by what copies of one program differ."""
    e, closed = derivative(case)
    symbols = sorted(e.symbols, key=lambda s: s.name)
    arguments = [draw(s, of, np.random.default_rng(k)) for k, s in enumerate(symbols)]
    at = [s.name for s in symbols].index(case.wrt)
    ours, by_hand, here = function(closed, symbols), jax.grad(case.by_hand, at), jax.grad(function(e, symbols), at)
    copies = [jax.jit(lambda *values, f=f: f(*values)) for f in (ours, by_hand, here) for _ in range(COPIES)]
    check(case, symbols[at], [np.asarray(f(*arguments)) for f in copies])
    times = np.reshape(interleaved(copies, arguments, rounds), (3, COPIES))
    closed_form, first, second = times.min(1)
    return closed_form, first / closed_form, second / closed_form, float((times.max(1) / times.min(1)).max())


def check(case: Case, variable: Symbol, values: list[np.ndarray]) -> None:
    """All are one derivative: along the tangent space, since `jax.grad` gives any representative of it."""
    structure = STRUCTURES.get(variable.structure, STRUCTURES["general"])
    read = [v if v.ndim < 2 else np.asarray(structure.project(v, v)) for v in values]
    for other in read[1:]:
        size = np.abs(read[0]).max()
        np.testing.assert_allclose(other, read[0], rtol=1e-6, atol=1e-8 * size, err_msg=case.expression)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only the expressions that contain one of these")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    table = Table("expression", "wrt", "sizes", "ms", "jax.grad by hand", "jax.grad compiled here", "noise")
    with jax.enable_x64(True):
        for case in CASES:
            if options.words and not any(w in case.expression for w in options.words):
                continue
            for of in case.sizes:
                ours, *compared = ratios(case, of, options.rounds)
                where = " ".join(f"{k}={v}" for k, v in of.items())
                numbers = (f"{ours * 1e3:.3f}", *(f"{c:.2f}" for c in compared))
                table.add_row(f"{case.expression}  {case.let}", case.wrt, where, *numbers)
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
