"""Powers of a square matrix."""

from matcalc.records import identity

RECORDS = (
    *identity(
        "square",
        of="X^2",
        wrt="X",
        let={"X": "n x n"},
        derivative="dX*X + X*dX",
        source="PP2012 eq. 37",
    ),
    *identity(
        "cube",
        of="X^3",
        wrt="X",
        let={"X": "n x n"},
        derivative="dX*X^2 + X*dX*X + X^2*dX",
        source="PP2012 eq. 90",
    ),
    *identity(
        "bilinear-power",
        of="a'*X^3*b",
        wrt="X",
        let={"X": "n x n", "a": "vector", "b": "vector"},
        derivative="a*b'*(X^2)' + X'*a*b'*X' + (X^2)'*a*b'",
        source="PP2012 eq. 91",
    ),
    *identity(
        "tr-power",
        of="tr(X^4)",
        wrt="X",
        let={"X": "n x n"},
        derivative="4*(X^3)'",
        source="PP2012 eq. 121",
    ),
    *identity(
        "tr-A-power",
        of="tr(A*X^3)",
        wrt="X",
        let={"X": "n x n"},
        derivative="(A*X^2 + X*A*X + X^2*A)'",
        source="PP2012 eq. 122",
    ),
    *identity(
        "tr-inverse-square",
        of="tr(X^-2)",
        wrt="X",
        let={"X": "n x n"},
        derivative="-2*(X^-3)'",
        source="PP2012 sec. 2.5",
    ),
)
