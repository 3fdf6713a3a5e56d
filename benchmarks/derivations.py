"""The same expressions differentiated by matcalc, SymPy and tensorgrad in one run: right or wrong, and how fast.

    python benchmarks/derivations.py [--each]

Rivals that cannot be imported are left out. An answer is right when its value agrees with the derivative as matcalc's
oracle measures it, by a complex step, which none of the engines has a part in. Time is processor time, for reading the
expression and for its derivative, simplified; the median of the ratios is over the expressions that both get right.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from derivation_cases import CASES, Case
from named_edges import Named

from matcalc import derive
from matcalc.derivative import Derivative, differentiate
from matcalc.oracle.comparison import Comparison
from matcalc.oracle.sampling import Points, sample

SIZES = {"n": 3, "m": 2, "p": 4}
TOLERANCE = 1e-6
SECONDS = 30
Values = dict[str, np.ndarray]


class Answer(NamedTuple):
    verdict: str
    seconds: float


class Problem:
    """A case read by matcalc: a point to try it at, and the measured derivative there."""

    def __init__(self, case: Case) -> None:
        self.case, self.let = case, case.let.split("; ")
        self.derivative = differentiate(case.expr, case.wrt, self.let, order=case.order)
        d = self.derivative
        (self.at,) = sample(
            [d.expression], [d.variable], 1, sizes=lambda names: [{name: SIZES[name] for name in names}]
        )
        self.truth = Comparison(d.expression, d.variable, self.at, d.kind, case.order).truth(d.reading)[0]

    @property
    def shapes(self) -> dict[str, tuple[Any, Any]]:
        """The symbolic rows and columns of every symbol."""
        return {s.name: s.shape for s in self.derivative.expression.symbols}

    @property
    def values(self) -> Values:
        return {name: value[0] for name, value in self.at.values.items()}

    def is_right(self, value: np.ndarray) -> bool:
        """Whether a value is the derivative, in either layout."""
        value = np.squeeze(np.asarray(value, float))
        truth = np.squeeze(self.truth)
        size = np.abs(truth).max()
        return any(v.shape == truth.shape and np.abs(v - truth).max() <= TOLERANCE * size for v in (value, value.T))


# --- the three --------------------------------------------------------------------------------------------------------


class Matcalc:
    name = "matcalc"
    derive: Callable[..., Derivative] = staticmethod(differentiate)

    def source(self, case: Case) -> str:
        return case.expr

    def differentiate(self, problem: Problem) -> Derivative:
        case = problem.case
        return self.derive(case.expr, case.wrt, problem.let, order=case.order)

    def value(self, derived: Derivative, problem: Problem) -> np.ndarray:
        at: Points = problem.at
        return at(derived.expr)[0]


class MatcalcVerified(Matcalc):
    name = "matcalc, verified"
    derive = staticmethod(derive)


class SymPy:
    name = "SymPy"

    def __init__(self) -> None:
        import sympy

        self.sympy = sympy
        self.sizes = {name: sympy.Symbol(name, integer=True, positive=True) for name in SIZES}
        self.names = {name: getattr(sympy, name) for name in sympy.__all__} | self.sizes
        self.names |= {"t": sympy.Dummy("t"), "ones": lambda size: sympy.OneMatrix(size, 1)}

    def source(self, case: Case) -> str | None:
        return case.sympy

    def symbols(self, problem: Problem) -> dict[str, Any]:
        return {
            name: self.sympy.MatrixSymbol(name, *(self.sizes.get(str(size), 1) for size in shape))
            for name, shape in problem.shapes.items()
        }

    def differentiate(self, problem: Problem) -> Any:
        symbols = self.symbols(problem)
        e = eval(self.source(problem.case), self.names | symbols)
        for _ in range(problem.case.order):
            e = e.diff(symbols[problem.case.wrt])
        return e.doit()

    def value(self, derived: Any, problem: Problem) -> np.ndarray:
        """By substitution, and by SymPy's NumPy printer where that does not come to numbers."""
        at = {self.sizes[name]: size for name, size in problem.at.sizes.items()}
        symbols = {s.subs(at): problem.values[name] for name, s in self.symbols(problem).items()}
        derived = derived.subs(at)
        try:
            matrices = {s: self.sympy.ImmutableDenseMatrix(value) for s, value in symbols.items()}
            return np.array(self.explicit(derived.subs(matrices).doit()).tolist(), float)
        except (TypeError, ValueError, AttributeError, NotImplementedError):
            return self.sympy.lambdify(list(symbols), derived, "numpy")(*symbols.values())

    def explicit(self, e: Any) -> Any:
        e = e.as_explicit() if hasattr(e, "as_explicit") else e
        return e if hasattr(e, "tolist") else self.sympy.Matrix([[e]])


class Tensorgrad:
    name = "tensorgrad"

    def __init__(self) -> None:
        import tensorgrad
        import torch
        from tensorgrad import functions
        from tensorgrad.extras import evaluate

        if not hasattr(torch.Tensor, "rename"):
            raise ImportError(
                "tensorgrad 0.3 evaluates by named tensors, which this torch has no more: install torch 2.7"
            )
        torch.set_default_dtype(torch.float64)
        self.torch, self.tensorgrad, self.functions, self.evaluate = torch, tensorgrad, functions, evaluate
        self.sizes = {name: tensorgrad.symbols(name) for name in SIZES}
        self.names = Named.language(functions)
        self._mend_the_evaluation()

    def _mend_the_evaluation(self) -> None:
        """tensorgrad 0.3 differentiates determinants but cannot evaluate them, and takes 1/x in float32."""
        register = self.evaluate.evaluate_function.register
        register(self.functions._DeterminantFunction)(lambda f, x: self.torch.linalg.det(x.rename(None)))
        register(self.functions._PowerFunction)(lambda f, x: self.torch.pow(x, float(f.k)))

    def source(self, case: Case) -> str | None:
        return case.tensorgrad

    def variables(self, problem: Problem) -> dict[str, Any]:
        shapes = {name: (self.sizes.get(str(r)), self.sizes.get(str(c))) for name, (r, c) in problem.shapes.items()}
        return {name: self.variable(name, *shape) for name, shape in shapes.items()}

    def variable(self, name: str, rows: Any, columns: Any) -> Any:
        edges = {f"{name}{edge}": size for edge, size in (("row", rows), ("col", columns)) if size is not None}
        return self.tensorgrad.Variable(name, **edges)

    def differentiate(self, problem: Problem) -> Any:
        variables = self.variables(problem)
        named = {name: Named(v, *v.edges) for name, v in variables.items()}
        e = eval(self.source(problem.case), self.names | named)
        edges = [edge for edge in (e.row, e.col) if edge is not None]
        tensor, x = e.tensor, variables[problem.case.wrt]
        for k in range(problem.case.order):
            new = {edge: f"{edge}d{k}" for edge in x.edges}
            tensor = tensor.grad(x, new)
            edges += new.values()
        return tensor.full_simplify(), edges

    def value(self, derived: Any, problem: Problem) -> np.ndarray:
        tensor, edges = derived
        values = {v: self.at(v, problem.values[name]) for name, v in self.variables(problem).items()}
        sizes = {symbol: SIZES[name] for name, symbol in self.sizes.items()}
        return self.evaluate.evaluate(tensor, values, sizes).align_to(*edges).rename(None).numpy()

    def at(self, variable: Any, value: np.ndarray) -> Any:
        """The value of a variable, its edges named; a vector has one and a scalar none."""
        sizes = [SIZES[str(size)] for size in variable.shape.values()]
        return self.torch.tensor(value.reshape(sizes)).rename(*variable.edges)


# --- the run ----------------------------------------------------------------------------------------------------------


def ask(engine: Any, problem: Problem) -> Answer:
    """What an engine makes of a problem."""
    if engine.source(problem.case) is None:
        return Answer("unable", float("nan"))
    start = time.process_time()
    try:
        with_limit(SECONDS)
        derived = engine.differentiate(problem)
        seconds = time.process_time() - start
        value = engine.value(derived, problem)
    except Exception:  # whatever an engine raises, and running out of time: it has no answer
        return Answer("unable", float("nan"))
    finally:
        with_limit(0)
    return Answer("right" if problem.is_right(value) else "wrong", seconds)


def with_limit(seconds: int) -> None:
    """Raise TimeoutError after some seconds, 0 for never."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)


def engines() -> list[Any]:
    """matcalc, and the rivals that are installed."""
    found: list[Any] = []
    for engine in (Matcalc, MatcalcVerified, SymPy, Tensorgrad):
        try:
            found.append(engine())
        except ImportError as error:
            print(f"left out: {engine.name} ({error})")
    return found


def table(problems: list[Problem], answers: dict[Any, list[Answer]]) -> str:
    """What becomes of every expression: a row each, and a column for every engine."""
    lines = [" ".join([f"{'expression by variable':50}", *(f"{engine.name:18}" for engine in answers)])]
    for problem, row in zip(problems, zip(*answers.values(), strict=True), strict=True):
        case = problem.case
        label = f"{case.expr} by {case.wrt}" + (", twice" if case.order == 2 else "")
        lines.append(" ".join([f"{label:50}", *(f"{show(answer):18}" for answer in row)]))
    return "\n".join([*lines, ""])


def show(answer: Answer) -> str:
    return answer.verdict + (f" {1e3 * answer.seconds:8.1f} ms" if answer.verdict != "unable" else "")


def summary(engine: Any, answers: list[Answer], ours: list[Answer]) -> str:
    """A row: how many are right, wrong, without an answer, and the median time over the right ones."""
    counts = Counter(a.verdict for a in answers)
    right = [(a.seconds, b.seconds) for a, b in zip(answers, ours, strict=True) if a.verdict == b.verdict == "right"]
    median = 1e3 * statistics.median([a for a, _ in right] or [float("nan")])
    ratio = statistics.median([a / b for a, b in right] or [float("nan")])
    return f"{engine.name:18}{counts['right']:7}{counts['wrong']:7}{counts['unable']:8}{median:11.1f}{ratio:10.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--each", action="store_true", help="show what becomes of every expression as well")
    each = parser.parse_args().each
    warm_up, *problems = map(
        Problem, [Case("", "tr(A*X)", "X", "A: m x n; X: n x m", "Trace(A*X)", "tr(A @ X)"), *CASES]
    )
    answers = {}
    for engine in engines():
        ask(engine, warm_up)
        answers[engine] = [ask(engine, problem) for problem in problems]
    if each:
        print(table(problems, answers))
    print(f"{len(problems)} expressions   right  wrong  unable  median ms  / matcalc")
    ours = next(iter(answers.values()))
    for engine, found in answers.items():
        print(summary(engine, found, ours))


if __name__ == "__main__":
    main()
