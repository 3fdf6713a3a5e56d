"""Exponential, logarithm, square root and Cholesky factor of a matrix."""

from matcalc.equalities import Equality
from matcalc.records import identity

RECORDS = (
    *identity(
        "tr-expm",
        of="tr(expm(X))",
        wrt="X",
        let={"X": "n x n"},
        derivative="expm(X)'",
        source="PP2012 sec. 2.5; H2008 sec. 10.2",
    ),
    *identity(
        "tr-A-expm",
        of="tr(A*expm(X))",
        wrt="X",
        let={"X": "n x n"},
        derivative="frechet_expm(X, A)'",
        source="H2008 sec. 10.2",
    ),
    *identity(
        "tr-logm",
        of="tr(logm(X))",
        wrt="X",
        let={"X": "n x n spd"},
        derivative="2*X^-1 - X^-1 .* I",
        source="PP2012 sec. 2.5; H2008 sec. 11.2",
    ),
    *identity(
        "tr-sqrtm",
        of="tr(sqrtm(X))",
        wrt="X",
        let={"X": "n x n spd"},
        derivative="sqrtm(X)^-1 - 1/2*sqrtm(X)^-1 .* I",
        source="PP2012 sec. 2.5; H2008 sec. 6.1",
    ),
    Equality(
        key="sqrtm-sylvester",
        left="sqrtm(X)*frechet_sqrtm(X, E) + frechet_sqrtm(X, E)*sqrtm(X)",
        right="E",
        let={"X": "n x n spd", "E": "n x n"},
        source="H2008 sec. 6.1",
    ),
    *identity(
        "cholesky",
        of="chol(X)",
        wrt="X",
        let={"X": "n x n spd"},
        derivative="chol(X)*(tril(chol(X)^-1*dX*chol(X)^-1') - 1/2*(chol(X)^-1*dX*chol(X)^-1') .* I)",
        source="M2016",
    ),
    *identity(
        "logdet-cholesky",
        of="2*sum(log(diag(chol(X))))",
        wrt="X",
        let={"X": "n x n spd"},
        derivative="2*X^-1 - X^-1 .* I",
        source="PP2012 eq. 141; M2016",
    ),
)
