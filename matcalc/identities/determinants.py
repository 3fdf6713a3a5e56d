"""Determinants, their logarithms, and their expansion in cofactors."""

import numpy as np

from matcalc.equalities import Equality, Quantity
from matcalc.oracle.sampling import Points
from matcalc.records import identity


def _cofactors(at: Points) -> np.ndarray:
    """Δ_ij = (-1)^(i+j) det of X without row i and column j (HJ2013, sec. 0.3.1)."""
    X = at.values["X"]
    signs = (-1.0) ** np.add.outer(np.arange(X.shape[-1]), np.arange(X.shape[-1]))
    rows = [np.delete(X, i, -2) for i in range(X.shape[-1])]
    minors = [[np.linalg.det(np.delete(row, j, -1)) for j in range(X.shape[-1])] for row in rows]
    return signs * np.moveaxis(np.array(minors), -1, 0)


def _expansions(at: Points) -> np.ndarray:
    """The Laplace expansion along every row."""
    return np.sum(at.values["X"] * _cofactors(at), -1, keepdims=True)


RECORDS = (
    *identity(
        "N26",
        of="det(X)",
        wrt="X",
        let={"X": "n x n"},
        derivative="det(X)*X^-1'",
        on={"symmetric": "det(X)*(2*X^-1 - X^-1 .* I)"},
        source="N26; PP2012 eq. 49, 140",
    ),
    Equality(
        key="N26(3)",
        left=Quantity("(Δ_ij)", r"(\Delta_{ij})", _cofactors),
        right="det(X)*X^-1'",
        let={"X": "n x n"},
        source="N26; PP2012 sec. 3.1",
    ),
    Equality(
        key="N26(4)",
        left=Quantity("(Σ_t x_it Δ_it)", r"\left(\sum_t x_{it} \Delta_{it}\right)", _expansions),
        right="det(X)*ones(n,1)",
        let={"X": "n x n"},
        source="N26; HJ2013 sec. 0.3.1",
        remark="the Laplace expansion along every row",
    ),
    *identity(
        "det-adjugate",
        of="det(X)",
        wrt="X",
        let={"X": "n x n"},
        derivative="adj(X)'",
        source="PP2012 eq. 41",
    ),
    *identity(
        "logdet",
        of="logdet(X)",
        wrt="X",
        let={"X": "n x n"},
        derivative="X^-1'",
        on={"symmetric": "2*X^-1 - X^-1 .* I", "diagonal": "X^-1"},
        source="PP2012 eq. 57, 141",
    ),
    *identity(
        "det-AXB",
        of="det(A*X*B)",
        wrt="X",
        let={"A": "n x n", "X": "n x n", "B": "n x n"},
        derivative="det(A*X*B)*X^-1'",
        source="PP2012 eq. 51",
    ),
    *identity(
        "det-XtAX-square",
        of="det(X'*A*X)",
        wrt="X",
        let={"X": "n x n"},
        derivative="2*det(X'*A*X)*X^-1'",
        source="PP2012 eq. 52",
    ),
    *identity(
        "det-XtAX-symmetric",
        of="det(X'*A*X)",
        wrt="X",
        let={"A": "n x n symmetric"},
        derivative="2*det(X'*A*X)*A*X*(X'*A*X)^-1",
        source="PP2012 eq. 53",
    ),
    *identity(
        "det-XtAX",
        of="det(X'*A*X)",
        wrt="X",
        derivative="det(X'*A*X)*(A*X*(X'*A*X)^-1 + A'*X*(X'*A'*X)^-1)",
        source="PP2012 eq. 54",
    ),
    *identity(
        "logdet-XtX",
        of="logdet(X'*X)",
        wrt="X",
        derivative="2*X*(X'*X)^-1",
        source="PP2012 eq. 55",
        remark="X (XᵀX)⁻¹ is the transpose of the pseudoinverse, for X of full column rank",
    ),
    *identity(
        "logdet-XtAX",
        of="logdet(X'*A*X)",
        wrt="X",
        derivative="A*X*(X'*A*X)^-1 + A'*X*(X'*A'*X)^-1",
        source="PP2012 eq. 43, 54",
    ),
    *identity(
        "det-power",
        of="det(X^3)",
        wrt="X",
        let={"X": "n x n"},
        derivative="3*det(X^3)*X^-1'",
        source="PP2012 eq. 58",
    ),
    *identity(
        "det-inverse",
        of="det(X^-1)",
        wrt="X",
        let={"X": "n x n"},
        derivative="-det(X^-1)*X^-1'",
        source="PP2012 eq. 62",
    ),
    Equality(
        key="det-rank-one",
        left="det(I + u*v')",
        right="1 + u'*v",
        let={"u": "n", "v": "n"},
        source="PP2012 eq. 24",
    ),
    *identity(
        "N30",
        of="sqrt((2*pi)^n*det(Sigma))",
        wrt="Sigma",
        let={"Sigma": "n x n spd"},
        derivative="sqrt((2*pi)^n*det(Sigma))*(Sigma^-1 - 1/2*Sigma^-1 .* I)",
        source="N30",
        remark="C(Σ)⁻¹ = √((2π)^D det Σ)",
    ),
)
