"""What proves a derivative: as stated and as derived it agrees with what is measured, and that with `jax.grad`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matcalc.derivative import Derivative
from matcalc.errors import DomainError
from matcalc.expression.algebra import substitute
from matcalc.expression.expr import Expr, Symbol
from matcalc.expression.simplification import same_by_form
from matcalc.oracle.comparison import Comparison
from matcalc.oracle.measurement import (
    TOLERANCE,
    Evidence,
    Measurement,
    Question,
    ask,
    relative_error,
    slopes_question,
    weigh,
)
from matcalc.oracle.sampling import Points, few_sizes, sample
from matcalc.structure import GENERAL, STRUCTURES, Reading, Structure

Trial = tuple[Points, np.ndarray]
_SIZES = {"n": 3, "m": 2, "p": 4}


@dataclass(frozen=True)
class Proof:
    """The statement against what is measured, every other route, by its name, against the same, and what is open."""

    stated: Evidence
    others: Mapping[str, Evidence]
    structures: tuple[str, ...]
    open: tuple[Question, ...] = ()

    @property
    def verdict(self) -> str:
        """proved or refuted; disputed where the other routes do not agree, undecided where too little was tried."""
        if any(e.decided and not e.ok for e in self.others.values()):
            return "disputed"
        if not all(e.decided for e in (self.stated, *self.others.values())):
            return "undecided"
        return "proved" if self.stated.ok else "refuted"

    @property
    def max_relative_error(self) -> float:
        """The largest over all routes."""
        return max(e.max_relative_error for e in (self.stated, *self.others.values()))

    @property
    def route(self) -> str:
        """By what the verdict is known."""
        return ", ".join(dict.fromkeys((*self.stated.oracles, *self.others)))


def together(proofs: Sequence[Proof]) -> Proof:
    """Several proofs as one: all must hold, and one refuted refutes."""
    names = dict.fromkeys(name for p in proofs for name in p.others)
    others = {name: _all(p.others[name] for p in proofs if name in p.others) for name in names}
    structures = dict.fromkeys(s for p in proofs for s in p.structures)
    return Proof(_all(p.stated for p in proofs), others, tuple(structures), tuple(q for p in proofs for q in p.open))


def close(proofs: Sequence[Proof]) -> list[Proof]:
    """The proofs with JAX's answers to what is open in them; it is asked once for all, for compiling is what takes."""
    errors = iter(ask([q for p in proofs for q in p.open]))
    return [_closed(p, [(q.route, next(errors)) for q in p.open]) for p in proofs]


def _closed(proof: Proof, errors: Sequence[tuple[str, float]]) -> Proof:
    routes = dict.fromkeys(route for route, _ in errors)
    answers = {route: _all(single(error) for r, error in errors if r == route) for route in routes}
    return replace(proof, others={**proof.others, **answers}, open=())


def _all(found: Iterable[Evidence]) -> Evidence:
    found = list(found)
    refuted = any(e.decided and not e.ok for e in found)
    oracles = dict.fromkeys(name for e in found for name in e.oracles)
    return Evidence(
        ok=all(e.ok for e in found),
        instances=sum(e.instances for e in found),
        max_relative_error=max(e.max_relative_error for e in found),
        oracles=tuple(oracles),
        decided=refuted or all(e.decided for e in found),
    )


def prove(derivative: Derivative, claim: Expr) -> Proof:
    """A claimed derivative in the default reading, and the engine's, against the measured one; JAX's is left open."""
    e, variable = derivative.expression, derivative.variable
    points = sample([e, claim, derivative.expr], [variable])
    comparisons = [Comparison(e, variable, at, derivative.kind, derivative.order) for at in points]

    def trials(form: Expr) -> list[Trial]:
        return [(c.points, c.error(form, derivative.reading, derivative.layout)) for c in comparisons]

    read = dict(_on_structures(derivative, claim))
    stated = weigh([*trials(claim), *(trial for found in read.values() for trial in found)], derivative.order)
    name = "derived in the same form" if same_by_form(claim, derivative.expr) else "derived"
    others = {name: weigh(trials(derivative.expr), derivative.order)}
    return Proof(stated, others, (variable.structure, *read), (slopes_in_jax(e, variable),))


def _on_structures(derivative: Derivative, claim: Expr) -> Iterator[tuple[str, list[Trial]]]:
    """What is claimed of an unconstrained square matrix, read on every structure that has points in its domain."""
    variable = derivative.variable
    is_square = variable.shape[0] == variable.shape[1] and not variable.is_scalar
    if is_square and variable.structure == GENERAL.name and derivative.order == 1:
        for structure in STRUCTURES.values():
            trials = [] if structure is GENERAL else list(_on_structure(structure, derivative, claim))
            if trials:
                yield structure.name, trials


def _on_structure(structure: Structure, derivative: Derivative, claim: Expr) -> Iterator[Trial]:
    on = replace(derivative.variable, structure=structure.name)
    e, claim = (substitute(side, {derivative.variable: on}) for side in (derivative.expression, claim))
    try:
        points = sample([e, claim], [on], sizes=few_sizes)
    except DomainError:
        return
    reading = Reading.ENTRYWISE if structure.is_linear else Reading.TANGENT
    for at in points:
        yield at, _error_of_reading(Comparison(e, on, at, derivative.kind), claim, reading)


def _error_of_reading(comparison: Comparison, claim: Expr, reading: Reading) -> np.ndarray:
    """The error of a derivative claimed with independent entries, once it is read on the structure."""
    if comparison.kind == "differential":
        return comparison.error(claim, reading)
    m, G = comparison.measurement, comparison.points(claim)
    read = m.structure.read(reading, m.position, G)
    return relative_error(read, comparison.truth(reading), m.scale)


def fixed_sizes(names: Iterable[str]) -> Iterator[dict[str, int]]:
    """The one set of sizes at which JAX is asked."""
    yield {name: _SIZES.get(name, 5) for name in names}


def slopes_in_jax(e: Expr, variable: Symbol) -> Question:
    """Whether `jax.grad` agrees with what is measured."""
    (at,) = sample([e], [variable], per_size=1, sizes=fixed_sizes)
    return slopes_question(Measurement(e, variable, at))


def single(error: float) -> Evidence:
    """The evidence of one comparison."""
    return Evidence(error <= TOLERANCE[1], 1, error, decided=bool(np.isfinite(error)))
