"""Entropy, cross entropy and Kullback-Leibler divergence, with the expectation as an integral."""

from gaussian.identities.measured import P, Q, formula, integral, let
from matcalc.equalities import Integral
from matcalc.records import as_printed

FORM = "(x - mu)'*Sigma^-1*(x - mu)"
ENTROPY = "1/2*(logdet(Sigma_hat) + n*(log(2*pi) + 1))"
DISTANCE = "tr(((mu - mu_hat)*(mu - mu_hat)' + Sigma_hat)*Sigma^-1)"
TWO = let("mu mu_hat Sigma Sigma_hat")

RECORDS = (
    Integral(
        key="N36(3)",
        left=formula("J", J=integral(FORM, P)),
        right="n",
        let=let("mu Sigma"),
        source="N36",
    ),
    Integral(
        key="N37",
        left=formula("-J", J=integral("log(p)", P)),
        right="1/2*(logdet(Sigma) + n*(log(2*pi) + 1))",
        let=let("mu Sigma"),
        source="N37",
    ),
    Integral(
        key="N38(1)",
        left=formula("J", J=integral(FORM, Q)),
        right=DISTANCE,
        let=TWO,
        source="N38",
    ),
    Integral(
        key="N38(2)",
        left=formula("J", J=integral("log(p)", Q)),
        right=f"-1/2*({DISTANCE} + logdet(Sigma) + n*log(2*pi))",
        let=TWO,
        source="N38",
    ),
    *as_printed(
        Integral(
            key="N39",
            left=formula("J", J=integral("log(q) - log(p)", Q)),
            right=f"1/2*({DISTANCE} + log(det(Sigma)/det(Sigma_hat)) - n)",
            let=TWO,
            source="N39",
            remark="the sign of the whole is wrong",
        ),
        right=f"-1/2*({DISTANCE} + log(det(Sigma)/det(Sigma_hat)) - n)",
    ),
)
