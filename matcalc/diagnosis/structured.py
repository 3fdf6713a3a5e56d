"""On a structured variable: the Hadamard correction or the projection that a claim lacks, has twice or reversed."""

from collections.abc import Iterator
from fractions import Fraction

from matcalc.diagnosis.case import Case, Edit
from matcalc.diagnosis.edits import Change
from matcalc.diagnosis.tree import is_square
from matcalc.differentiation.formulation import SYMBOLIC
from matcalc.expression.algebra import add, call, eye, hadamard, scale, subtract, transpose
from matcalc.expression.expr import Call, Expr, Sum
from matcalc.expression.simplification import simplify
from matcalc.structure import Reading

SYMMETRIC = ("symmetric", "spd")


def vanishing(case: Case) -> Iterator[Edit]:
    """A derivative that is zero on the structure."""
    if case.structure is not None:
        yield Edit("extra-term", scale(Fraction(0), case.claim), "the derivative is zero on the structure")


def corrections(case: Case) -> Iterator[Edit]:
    """The Hadamard correction - G .* I missing, of the wrong sign, doubled, or made in some terms only."""
    if not _takes_correction(case):
        return
    g, entrywise = case.claim, case.right
    for kind, edited, says in (
        ("missing-correction", _less_diagonal(g, Fraction(1, 2)), "the Hadamard correction - G .* I is missing"),
        ("correction-sign", _less_diagonal(g, Fraction(2, 3)), "the Hadamard correction has the wrong sign"),
    ):
        yield Edit(kind, edited, says, shown=entrywise)
    if entrywise is not None:  # G + G' - 2 G .* I has no diagonal left
        refilled = add(g, _diagonal(entrywise))
        yield Edit("doubled-correction", refilled, "the Hadamard correction is subtracted twice", shown=entrywise)
    for t in g.terms if isinstance(g, Sum) else ():
        edited = add(subtract(g, t), _less_diagonal(t, Fraction(1, 2)))
        yield Edit("missing-correction", edited, "the Hadamard correction of the term {old} is missing", t)


def unsymmetrised(case: Case) -> Iterator[Edit]:
    """Differentiated as if the entries of a symmetric matrix were independent."""
    if _takes_correction(case):
        g = case.claim
        edited = simplify(subtract(add(g, transpose(g)), _diagonal(g)))
        says = "symmetry is not used: the entrywise derivative is G + G' - G .* I"
        yield Edit("missing-correction", edited, says)


def _takes_correction(case: Case) -> bool:
    symmetric = case.structure is not None and case.structure.name in SYMMETRIC
    return symmetric and Reading.ENTRYWISE in case.readings


def _diagonal(g: Expr) -> Expr:
    return hadamard(g, eye(g.shape[0]))


def _less_diagonal(g: Expr, share: Fraction) -> Expr:
    """G less a share of its diagonal."""
    return simplify(subtract(g, scale(share, _diagonal(g))))


def projections(case: Case) -> Iterator[Edit]:
    """A projection missing, of the whole or of a term; on symmetric matrices that is the correction."""
    if case.structure is None or _takes_correction(case):
        return
    says = f"the projection on the {case.structure.name} matrices is missing"
    for reading in case.readings:
        if reading is None or reading is Reading.AMBIENT:
            continue
        yield Edit("missing-projection", _projected(case, reading, case.claim), says)
        for t in case.claim.terms if isinstance(case.claim, Sum) else ():
            edited = add(subtract(case.claim, t), _projected(case, reading, t))
            yield Edit("missing-projection", edited, "the term {old} is not projected like the others", t)


def _projected(case: Case, reading: Reading, e: Expr) -> Expr:
    assert case.structure is not None
    return simplify(case.structure.read(reading, case.variable, e, SYMBOLIC))


def triangles(case: Case, node: Expr) -> Iterator[Change]:
    """The other triangle kept, or a factor whose triangle is not taken."""
    other = {"tril": "triu", "triu": "tril"}
    if isinstance(node, Call) and node.function in other:
        yield Change("the wrong triangle is kept: {old} should be {new}", call, (other[node.function], *node.arguments))
    elif is_square(node):
        for keep in case.triangles:
            yield Change("the projection on a triangle is missing: {old} should be {new}", call, (keep, node))
