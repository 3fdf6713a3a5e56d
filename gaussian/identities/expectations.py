"""Expectations of forms of second, third and fourth order."""

from gaussian.identities.measured import P, formula, integral, let
from matcalc.equalities import Integral

MOMENT = "(Sigma + mu*mu')"

RECORDS = (
    Integral(
        key="expected-outer-product",
        left=formula("J", J=integral("A*(x - mu)*(x - mu)'*B'", P)),
        right="A*Sigma*B'",
        let=let("A B mu Sigma"),
        source="PP2012 sec. 8.2.1",
    ),
    Integral(
        key="expected-quadratic",
        left=formula("J", J=integral("x'*A*x", P)),
        right="tr(A*Sigma) + mu'*A*mu",
        let=let("A mu Sigma"),
        source="PP2012 sec. 8.2.2",
    ),
    Integral(
        key="expected-cubic",
        left=formula("J", J=integral("x*b'*x*x'", P)),
        right=f"mu*b'*{MOMENT} + {MOMENT}*b*mu' + b'*mu*(Sigma - mu*mu')",
        let=let("b mu Sigma"),
        source="PP2012 sec. 8.2.3",
    ),
    Integral(
        key="expected-quartic",
        left=formula("J", J=integral("x'*A*x*x'*B*x", P)),
        right="tr(A*Sigma*(B + B')*Sigma) + mu'*(A + A')*Sigma*(B + B')*mu"
        " + (tr(A*Sigma) + mu'*A*mu)*(tr(B*Sigma) + mu'*B*mu)",
        let=let("A B mu Sigma"),
        source="PP2012 sec. 8.2.4",
    ),
    Integral(
        key="fisher-mean",
        left=formula("J", J=integral("Sigma^-1*(x - mu)*(x - mu)'*Sigma^-1", P)),
        right="Sigma^-1",
        let=let("mu Sigma"),
        source="MN2019 sec. 15.4",
        remark="the Fisher information in μ: the expected outer product of score-mean",
    ),
)
