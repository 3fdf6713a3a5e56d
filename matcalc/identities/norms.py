"""Euclidean and Frobenius norms."""

from matcalc.records import identity

RECORDS = (
    *identity(
        "norm",
        of="norm2(x - y)",
        wrt="x",
        derivative="(x - y)/norm2(x - y)",
        source="PP2012 eq. 129",
    ),
    *identity(
        "direction",
        of="(x - y)/norm2(x - y)",
        wrt="x",
        derivative="I/norm2(x - y) - (x - y)*(x - y)'/norm2(x - y)^3",
        source="PP2012 eq. 130",
    ),
    *identity(
        "norm-squared",
        of="norm2(x)^2",
        wrt="x",
        derivative="2*x",
        source="PP2012 eq. 131",
    ),
    *identity(
        "frobenius-squared",
        of="norm2(X)^2",
        wrt="X",
        derivative="2*X",
        source="PP2012 eq. 132",
    ),
    *identity(
        "least-squares",
        of="norm2(A*x - y)^2",
        wrt="x",
        derivative="2*A'*(A*x - y)",
        source="PP2012 eq. 84",
    ),
    *identity(
        "matrix-factorisation",
        of="norm2(U*V' - A)^2",
        wrt="U",
        derivative="2*(U*V' - A)*V",
        source="PP2012 eq. 119",
    ),
)
