"""The covariance once more, by differentiating the normaliser by the Cholesky factor, Σ = L Lᵀ."""

from gaussian.identities.measured import BY_L, formula, integral, let
from matcalc.equalities import Integral
from matcalc.records import identity

INVERSE_C = "sqrt((2*pi)^n*det(L*L'))"

RECORDS = (
    *identity(
        "N35(1)",
        of=BY_L.text,
        wrt="L",
        let=let("L y"),
        derivative=f"tril((L*L')^-1*y*y'*L^-1')*{BY_L.text}",
        source="N35",
        remark="tril(L⁻ᵀ z zᵀ), z = L⁻¹ y: nothing to correct, since the entries of L are free",
    ),
    *identity(
        "N35(2)",
        of=INVERSE_C,
        wrt="L",
        let=let("L"),
        derivative=f"{INVERSE_C}*L^-1 .* I",
        source="N35",
    ),
    Integral(
        key="N35(3)",
        left=formula("J", J=integral("1", BY_L, by="L")),
        right=f"{INVERSE_C}*L^-1 .* I",
        let=let("L"),
        source="N35",
        remark="the derivative of the normaliser, under the integral sign",
    ),
    Integral(
        key="N35(4)",
        left=formula("J", J=integral("L^-1*y*y'*L^-1'", BY_L)),
        right=f"{INVERSE_C}*eye(n)",
        let=let("L"),
        source="N35",
        remark="what (1) and (3) say: tril(L⁻ᵀ E[z zᵀ]) = L⁻¹ ⊙ I",
    ),
    Integral(
        key="N35(5)",
        left=formula("((2*pi)^n*det(L*L'))^(-1/2)*J", J=integral("y*y'", BY_L)),
        right="L*L'",
        let=let("L"),
        source="N35",
    ),
)
