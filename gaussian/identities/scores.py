"""The gradient of the log density in each of its parameters; every reading of it follows."""

from gaussian.identities.density import LOG_DENSITY
from gaussian.identities.measured import let
from matcalc.records import identity

RECORDS = (
    *identity(
        "score-mean",
        of=LOG_DENSITY,
        wrt="mu",
        let=let("x mu Sigma"),
        derivative="Sigma^-1*(x - mu)",
        source="N12; PP2012 eq. 86",
    ),
    *identity(
        "score-point",
        of=LOG_DENSITY,
        wrt="x",
        let=let("x mu Sigma"),
        derivative="-Sigma^-1*(x - mu)",
        source="PP2012 eq. 85",
    ),
    *identity(
        "score-covariance",
        of=LOG_DENSITY,
        wrt="Sigma",
        let=let("x mu Sigma"),
        derivative="Sigma^-1*(x - mu)*(x - mu)'*Sigma^-1 - Sigma^-1"
        " - 1/2*(Sigma^-1*(x - mu)*(x - mu)'*Sigma^-1 - Sigma^-1) .* I",
        source="N28; N30",
    ),
    *identity(
        "score-precision",
        of="-1/2*((x - mu)'*Lambda*(x - mu) - logdet(Lambda) + n*log(2*pi))",
        wrt="Lambda",
        let=let("x mu Lambda"),
        derivative="Lambda^-1 - (x - mu)*(x - mu)' - 1/2*(Lambda^-1 - (x - mu)*(x - mu)') .* I",
        source="N27; N33",
    ),
    *identity(
        "score-cholesky",
        of="-1/2*((x - mu)'*(L*L')^-1*(x - mu) + logdet(L*L') + n*log(2*pi))",
        wrt="L",
        let=let("x mu L"),
        derivative="tril((L*L')^-1*(x - mu)*(x - mu)'*L^-1') - L^-1 .* I",
        source="N35; M2016",
    ),
)
