"""Linear, bilinear and quadratic forms."""

import numpy as np

from matcalc.equalities import Equality, Quantity
from matcalc.oracle.sampling import Points
from matcalc.records import identity


def _trace_of_outer(at: Points) -> np.ndarray:
    A, x = at.values["A"], at.values["x"]
    return np.trace(A @ x @ x.mT, axis1=-2, axis2=-1)[:, None, None]


def _trace_of_identity(at: Points) -> np.ndarray:
    Sigma = at.values["Sigma"]
    return np.trace(np.linalg.solve(Sigma, Sigma), axis1=-2, axis2=-1)[:, None, None]


RECORDS = (
    *identity(
        "N8(1)",
        of="A*z",
        wrt="z",
        layout="denominator",
        derivative="A'",
        source="N8",
    ),
    *identity(
        "N8(2)",
        of="A*z",
        wrt="z",
        layout="denominator",
        let={"A": "n x n symmetric"},
        derivative="A",
        source="N8",
    ),
    *identity(
        "N8(3)",
        of="sqrtm(Sigma)*z + mu",
        wrt="z",
        let={"Sigma": "n x n spd"},
        derivative="sqrtm(Sigma)",
        source="N8",
    ),
    Equality(
        key="N8(4)",
        left="det(sqrtm(Sigma))",
        right="sqrt(det(Sigma))",
        let={"Sigma": "n x n spd"},
        source="N8",
    ),
    *identity(
        "N11(1)",
        of="x'*A*x",
        wrt="x",
        derivative="(A + A')*x",
        source="N11; PP2012 eq. 81",
    ),
    *identity(
        "N11(2)",
        of="x'*A*x",
        wrt="x",
        let={"A": "n x n symmetric"},
        derivative="2*A*x",
        source="N11",
    ),
    *identity(
        "quadratic-hessian",
        of="x'*A*x + b'*x",
        wrt="x",
        let={"b": "vector"},
        order=2,
        derivative="A + A'",
        source="PP2012 eq. 98",
    ),
    *identity(
        "N22",
        of="a'*X*b",
        wrt="X",
        let={"X": "n x n", "a": "vector", "b": "vector"},
        derivative="a*b'",
        on={"symmetric": "a*b' + b*a' - (a*b') .* I"},
        source="N22; PP2012 eq. 70, 138",
    ),
    *identity(
        "bilinear-transpose",
        of="a'*X'*b",
        wrt="X",
        let={"a": "vector", "b": "vector"},
        derivative="b*a'",
        source="PP2012 eq. 71",
    ),
    *identity(
        "aXtXb",
        of="a'*X'*X*b",
        wrt="X",
        let={"a": "vector", "b": "vector"},
        derivative="X*(a*b' + b*a')",
        source="PP2012 eq. 77",
    ),
    *identity(
        "aXtDXb",
        of="a'*X'*D*X*b",
        wrt="X",
        let={"a": "vector", "b": "vector"},
        derivative="D'*X*a*b' + D*X*b*a'",
        source="PP2012 eq. 82",
    ),
    *identity(
        "two-affine",
        of="(B*x + b)'*C*(D*x + d)",
        wrt="x",
        let={"b": "vector", "d": "vector"},
        derivative="B'*C*(D*x + d) + D'*C'*(B*x + b)",
        source="PP2012 eq. 78",
    ),
    *identity(
        "affine-in-X",
        of="(X*b + c)'*D*(X*b + c)",
        wrt="X",
        let={"b": "vector", "c": "vector"},
        derivative="(D + D')*(X*b + c)*b'",
        source="PP2012 eq. 83",
    ),
    *identity(
        "weighted-squares",
        of="(x - A*s)'*W*(x - A*s)",
        wrt="s",
        let={"W": "n x n symmetric"},
        derivative="-2*A'*W*(x - A*s)",
        source="PP2012 eq. 84",
    ),
    *identity(
        "weighted-squares-in-A",
        of="(x - A*s)'*W*(x - A*s)",
        wrt="A",
        let={"W": "n x n symmetric"},
        derivative="-2*W*(x - A*s)*s'",
        source="PP2012 eq. 88",
    ),
    *identity(
        "N27(1)",
        of="y'*Lambda*y",
        wrt="Lambda",
        let={"Lambda": "n x n symmetric"},
        derivative="2*y*y' - (y*y') .* I",
        source="N27",
        remark="Λ = Σ⁻¹",
    ),
    *identity(
        "N27(2)",
        of="y'*Sigma^-1*y",
        wrt="Sigma",
        let={"Sigma": "n x n symmetric"},
        derivative="-2*Sigma^-1*y*y'*Sigma^-1 + (Sigma^-1*y*y'*Sigma^-1) .* I",
        source="N27",
    ),
    Equality(
        key="N36(1)",
        left="x'*A*x",
        right=Quantity("tr(A x xᵀ)", r"\operatorname{tr}(A x x^\top)", _trace_of_outer),
        source="N36; PP2012 eq. 16",
    ),
    Equality(
        key="N36(2)",
        left=Quantity("tr(Σ⁻¹ Σ)", r"\operatorname{tr}(\Sigma^{-1} \Sigma)", _trace_of_identity),
        right="n",
        let={"Sigma": "n x n spd"},
        source="N36",
    ),
)
