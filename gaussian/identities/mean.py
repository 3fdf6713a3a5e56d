"""The mean: by the substitution z = Σ^(-1/2) (x - μ), and by differentiating the normaliser by μ."""

from gaussian.identities.measured import STANDARD, P, formula, integral, let, slope
from matcalc.equalities import Equality, Integral
from matcalc.records import identity

EXPONENTIAL = "exp(-1/2*(x - mu)'*Sigma^-1*(x - mu))"
MEAN = integral("x", P)

RECORDS = (
    *identity(
        "N9(1)",
        of=STANDARD.text,
        wrt="z",
        let=let("z"),
        derivative=f"-{STANDARD.text}*z",
        source="N9",
    ),
    Integral(
        key="N9(2)",
        left=formula("J", J=integral("1", STANDARD, by="z")),
        right="zeros(n,1)",
        let=let("z"),
        source="N9",
    ),
    Integral(
        key="N10(1)",
        left=formula("J", J=MEAN),
        right=formula("mu + J", J=integral("x - mu", P)),
        let=let("mu Sigma"),
        source="N10",
    ),
    Integral(
        key="N10(2)",
        left=formula("J", J=MEAN),
        right=formula("mu + (2*pi)^(-n/2)*sqrtm(Sigma)*J", J=integral("z", STANDARD)),
        let=let("mu Sigma"),
        source="N10",
        remark="by the substitution of N7 and N8",
    ),
    Integral(
        key="N10(3)",
        left=formula("J", J=MEAN),
        right=formula("mu - (2*pi)^(-n/2)*sqrtm(Sigma)*J", J=integral("1", STANDARD, by="z")),
        let=let("mu Sigma"),
        source="N10",
        remark="by N9",
    ),
    Integral(
        key="N10(4)",
        left=formula("J", J=MEAN),
        right="mu",
        let=let("mu Sigma"),
        source="N10",
    ),
    *identity(
        "N12",
        of=EXPONENTIAL,
        wrt="mu",
        let=let("x mu Sigma"),
        derivative=f"{EXPONENTIAL}*Sigma^-1*(x - mu)",
        source="N12; PP2012 eq. 86",
    ),
    Equality(
        key="N13(1)",
        left=f"{P.text}*(x - mu)",
        right=formula("Sigma*J", J=slope(P.text, by="mu")),
        let=let("x mu Sigma"),
        source="N13",
        remark="under the integral sign, by N12",
    ),
    Integral(
        key="N13(2)",
        left=formula("J", J=integral("1", P, by="mu")),
        right="zeros(n,1)",
        let=let("mu Sigma"),
        source="N13",
        remark="the derivative of 1: the normaliser does not depend on μ",
    ),
    Integral(
        key="N13(3)",
        left=formula("J", J=MEAN),
        right=formula("mu + Sigma*J", J=integral("1", P, by="mu")),
        let=let("mu Sigma"),
        source="N13",
    ),
)
