"""Hadamard and Kronecker products, vec and diag."""

from matcalc.equalities import Equality
from matcalc.records import identity

RECORDS = (
    *identity(
        "hadamard",
        of="X .* X .* A",
        wrt="X",
        derivative="2*X .* A .* dX",
        source="PP2012 eq. 38",
    ),
    *identity(
        "kronecker",
        of="kron(X, X)",
        wrt="X",
        derivative="kron(dX, X) + kron(X, dX)",
        source="PP2012 eq. 39",
    ),
    *identity(
        "weighted-residual",
        of="norm2(W .* (X*V' - A))^2",
        wrt="X",
        derivative="2*(W .* W .* (X*V' - A))*V",
        source="PP2012 eq. 38, 119",
    ),
    *identity(
        "diag-quadratic",
        of="x'*diag(w)*x",
        wrt="w",
        derivative="x .* x",
        source="PP2012 eq. 142",
    ),
    Equality(
        key="vec-AXB",
        left="vec(A*X*B)",
        right="kron(B', A)*vec(X)",
        source="PP2012 eq. 520",
    ),
    Equality(
        key="vec-trace",
        left="tr(A'*B)",
        right="vec(A)'*vec(B)",
        source="PP2012 eq. 521",
    ),
    Equality(
        key="vec-transpose",
        left="commutation(n,m)*vec(A)",
        right="vec(A')",
        let={"A": "n x m"},
        source="MN2019 sec. 3.7",
    ),
    Equality(
        key="det-kron",
        left="det(kron(A, B))",
        right="det(A)^m*det(B)^n",
        let={"A": "n x n spd", "B": "m x m spd"},
        source="PP2012 eq. 516",
    ),
    Equality(
        key="hadamard-trace",
        left="x'*(A .* B)*y",
        right="tr(diag(x)*A*diag(y)*B')",
        source="MN2019 sec. 3.6",
    ),
)
