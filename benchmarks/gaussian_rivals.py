"""Side by side in one run: this package, numpyro, torch, SciPy and efax, whichever can be imported.

    python benchmarks/gaussian_rivals.py [--dtype float32] [--rounds 15]

Every entry builds its distribution from (μ, Σ) and then does the task; what a rival lacks (gradients from sufficient
statistics, conditioning, fitting) is written out for it as its users would write it. JAX libraries are jitted, and
`eager` is this package without. Medians of interleaved rounds, more of them where the tasks are short, as ratios to
this package, jitted; above 1 it is ahead.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib.util
import random
import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

import gaussian
from gaussian import Gaussian

SIZES = [(100_000, 16), (10_000, 128), (1_000, 512)]
ROUNDS_SECONDS, MOST_ROUNDS = 1.0, 400
Task = Callable[[], object]


class Problem:
    def __init__(self, n: int, d: int, dtype: str) -> None:
        rng = np.random.default_rng(0)
        A, B = rng.standard_normal((2, d, d))
        self.n, self.d, self.dtype = n, d, dtype
        self.mu, self.nu = rng.standard_normal((2, d)).astype(dtype)
        self.S, self.T = ((M @ M.T / d + np.eye(d)).astype(dtype) for M in (A, B))
        self.S, self.T = (self.S + self.S.T) / 2, (self.T + self.T.T) / 2
        self.X = (self.mu + rng.standard_normal((n, d)) @ np.linalg.cholesky(self.S).T).astype(dtype)
        self.given = np.sort(rng.permutation(d)[: d // 2])
        self.free = np.setdiff1d(np.arange(d), self.given)
        self.values = rng.standard_normal(d // 2).astype(dtype)


def jitted(f: Callable, *args: object) -> Task:
    arrays = [jax.tree.map(jnp.asarray, a) for a in args]
    compiled = jax.jit(f)
    return lambda: jax.block_until_ready(compiled(*arrays))


def eager(f: Callable, *args: object) -> Task:
    arrays = [jax.tree.map(jnp.asarray, a) for a in args]
    return lambda: jax.block_until_ready(f(*arrays))


def ours(p: Problem, run: Callable[..., Task]) -> dict[str, Task]:
    make = Gaussian.from_covariance
    key, given = jax.random.key(0), tuple(p.given.tolist())

    def gradient(mu, S, X):
        return gaussian.value_and_score(make(mu, S), gaussian.statistics_of(X), reading="tangent")

    def condition(mu, S, v):
        c = make(mu, S).condition(given, v)
        return c.mean, c.factor

    return {
        "log_prob": run(lambda mu, S, X: make(mu, S).log_prob(X), p.mu, p.S, p.X),
        "value and gradient": run(gradient, p.mu, p.S, p.X),
        "entropy": run(lambda mu, S: make(mu, S).entropy(), p.mu, p.S),
        "kl": run(lambda mu, S, nu, T: gaussian.kl(make(mu, S), make(nu, T)), p.mu, p.S, p.nu, p.T),
        "sample": run(lambda mu, S: make(mu, S).sample(key, (p.n,)), p.mu, p.S),
        "fit": run(gaussian.fit, p.X),
        "condition": run(condition, p.mu, p.S, p.values),
    }


def kept(p: Problem) -> dict[str, Task]:
    s = gaussian.statistics_of(p.X)
    f = jitted(lambda mu, S: gaussian.value_and_score(Gaussian.from_covariance(mu, S), s), p.mu, p.S)
    return {"value and gradient": f}


def bare(p: Problem) -> dict[str, Task]:
    L = np.linalg.cholesky(p.S)
    solve = jitted(lambda L, X: jax.scipy.linalg.solve_triangular(L, X.T, lower=True), L, p.X)
    return {"log_prob": solve}


def bare_product(p: Problem) -> dict[str, Task]:
    return {"log_prob": jitted(lambda W, X: X @ W.T, np.linalg.inv(np.linalg.cholesky(p.S)), p.X)}


def by_hand_jax(p: Problem, make: Callable) -> dict[str, Task]:
    a, b = p.free, p.given

    def condition(mu, S, v):
        K = jax.scipy.linalg.solve(S[b[:, None], b], S[b[:, None], a], assume_a="pos").T
        return make(mu[a] + K @ (v - mu[b]), S[a[:, None], a] - K @ S[b[:, None], a])

    return {
        "fit": jitted(lambda X: make(X.mean(0), jnp.cov(X.T, bias=True)), p.X),
        "condition": jitted(condition, p.mu, p.S, p.values),
    }


def numpyro(p: Problem) -> dict[str, Task]:
    from numpyro.distributions import MultivariateNormal as Normal
    from numpyro.distributions import kl_divergence

    key = jax.random.key(0)
    total = jax.value_and_grad(lambda mu, S, X: Normal(mu, S).log_prob(X).sum(), (0, 1))
    return {
        "log_prob": jitted(lambda mu, S, X: Normal(mu, S).log_prob(X), p.mu, p.S, p.X),
        "value and gradient": jitted(total, p.mu, p.S, p.X),
        "entropy": jitted(lambda mu, S: Normal(mu, S).entropy(), p.mu, p.S),
        "kl": jitted(lambda mu, S, nu, T: kl_divergence(Normal(mu, S), Normal(nu, T)), p.mu, p.S, p.nu, p.T),
        "sample": jitted(lambda mu, S: Normal(mu, S).sample(key, (p.n,)), p.mu, p.S),
        **by_hand_jax(p, lambda m, C: (m, Normal(m, C).scale_tril)),
    }


def efax(p: Problem) -> dict[str, Task]:
    from efax import MultivariateNormalVP

    def make(mu, S):
        return MultivariateNormalVP(mu, S).to_exp().to_nat()

    key = jax.random.key(0)
    total = jax.value_and_grad(lambda mu, S, X: make(mu, S).log_pdf(X).sum(), (0, 1))
    return {
        "log_prob": jitted(lambda mu, S, X: make(mu, S).log_pdf(X), p.mu, p.S, p.X),
        "value and gradient": jitted(total, p.mu, p.S, p.X),
        "entropy": jitted(lambda mu, S: make(mu, S).entropy(), p.mu, p.S),
        "kl": jitted(lambda mu, S, nu, T: make(mu, S).kl_divergence(make(nu, T)), p.mu, p.S, p.nu, p.T),
        "sample": jitted(lambda mu, S: make(mu, S).sample(key, (p.n,)), p.mu, p.S),
        **by_hand_jax(p, lambda m, C: jax.tree.leaves(make(m, C))),
    }


def torch(p: Problem) -> dict[str, Task]:
    import torch
    from torch.distributions import MultivariateNormal as Normal
    from torch.distributions import kl_divergence

    mu, nu, S, T, X, v = (torch.tensor(a) for a in (p.mu, p.nu, p.S, p.T, p.X, p.values))
    a, b = torch.tensor(p.free), torch.tensor(p.given)

    def gradient():
        m, C = mu.clone().requires_grad_(), S.clone().requires_grad_()
        Normal(m, C).log_prob(X).sum().backward()
        return m.grad, C.grad

    def condition():
        K = torch.linalg.solve(S[b[:, None], b], S[b[:, None], a]).T
        return Normal(mu[a] + K @ (v - mu[b]), S[a[:, None], a] - K @ S[b[:, None], a])

    return {
        "log_prob": lambda: Normal(mu, S).log_prob(X),
        "value and gradient": gradient,
        "entropy": lambda: Normal(mu, S).entropy(),
        "kl": lambda: kl_divergence(Normal(mu, S), Normal(nu, T)),
        "sample": lambda: Normal(mu, S).sample((p.n,)),
        "fit": lambda: Normal(X.mean(0), torch.cov(X.T, correction=0)),
        "condition": condition,
    }


def scipy(p: Problem) -> dict[str, Task]:
    from scipy.linalg import solve
    from scipy.stats import multivariate_normal as normal

    a, b, rng = p.free, p.given, np.random.default_rng(0)

    def condition():
        K = solve(p.S[b[:, None], b], p.S[b[:, None], a], assume_a="pos").T
        return normal(p.mu[a] + K @ (p.values - p.mu[b]), p.S[a[:, None], a] - K @ p.S[b[:, None], a])

    return {
        "log_prob": lambda: normal(p.mu, p.S).logpdf(p.X),
        "entropy": lambda: normal(p.mu, p.S).entropy(),
        "sample": lambda: normal(p.mu, p.S).rvs(p.n, rng),
        "fit": lambda: normal(*normal.fit(p.X)),
        "condition": condition,
    }


RIVALS = {"numpyro": numpyro, "torch": torch, "scipy": scipy, "efax": efax}


def contenders(p: Problem) -> dict[str, dict[str, Task]]:
    mine = {"gaussian": ours(p, jitted), "eager": ours(p, eager), "statistics kept": kept(p)}
    rivals = {name: make(p) for name, make in RIVALS.items() if importlib.util.find_spec(name)}
    return {**mine, "bare solve": bare(p), "bare product": bare_product(p), **rivals}


def medians(tasks: dict[str, Task], rounds: int) -> dict[str, float]:
    """Of each task in rounds of all, in an order drawn anew each time; the shorter they are, the more rounds."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    order = list(tasks)
    for task in tasks.values():
        task()
    longest = max(timed(task) for task in tasks.values())
    for _ in range(max(rounds, min(MOST_ROUNDS, int(ROUNDS_SECONDS / longest)))):
        random.shuffle(order)
        for name in order:
            times[name].append(timed(tasks[name]))
    return {name: statistics.median(t) for name, t in times.items()}


def timed(task: Task) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with jax.enable_x64(arguments.dtype == "float64"):
        table = None
        for n, d in SIZES:
            who = contenders(Problem(n, d, arguments.dtype))
            if table is None:
                table = Table("N, D", "task", "ms", *list(who)[1:], title=arguments.dtype)
            for task in who["gaussian"]:
                median = medians({name: tasks[task] for name, tasks in who.items() if task in tasks}, arguments.rounds)
                unit = median.pop("gaussian")
                ratios = [f"{median[name] / unit:.2f}" if name in median else "" for name in list(who)[1:]]
                table.add_row(f"{n}, {d}", task, f"{unit * 1e3:.3f}", *ratios)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
