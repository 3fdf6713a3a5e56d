"""The second moment and the covariance: by substitution, and by differentiating the normaliser by Σ and by Σ⁻¹."""

from gaussian.identities.measured import BY_LAMBDA, BY_SIGMA, STANDARD, UNIVARIATE, P, formula, integral, let, slope
from matcalc.equalities import Equality, Integral
from matcalc.records import as_printed, identity

C = "((2*pi)^n*det(Sigma))^(-1/2)"
INVERSE_C = "sqrt((2*pi)^n*det(Sigma))"
INVERSE_C_OF_PRECISION = "sqrt((2*pi)^n/det(Lambda))"
CORRECTED = "(Sigma^-1*y*y'*Sigma^-1 - 1/2*(Sigma^-1*y*y'*Sigma^-1) .* I)"
OUTER = integral("y*y'", BY_SIGMA)
DIAGONAL = "(Sigma^-1*y*y'*Sigma^-1) .* I"

SUBSTITUTION = (
    Integral(
        key="N15(1)",
        left=formula("J", J=integral("x*x'", P)),
        right=formula("mu*mu' + J", J=integral("(x - mu)*(x - mu)'", P)),
        let=let("mu Sigma"),
        source="N15",
    ),
    Integral(
        key="N15(2)",
        left=formula("J", J=integral("x*x'", P)),
        right=formula("mu*mu' + (2*pi)^(-n/2)*sqrtm(Sigma)*J*sqrtm(Sigma)", J=integral("z*z'", STANDARD)),
        let=let("mu Sigma"),
        source="N15",
        remark="by the substitution of N7 and N8",
    ),
    Integral(
        key="N16(1)",
        left=formula("J", J=integral("z*z'", STANDARD)),
        right="(2*pi)^(n/2)*eye(n)",
        let=let("z"),
        source="N16",
    ),
    Integral(
        key="N16(2)",
        left=formula("J", J=integral("z*z' - (z*z') .* I", STANDARD)),
        right="zeros(n,n)",
        let=let("z"),
        source="N16",
        remark="the entries off the diagonal",
    ),
    *as_printed(
        Integral(
            key="N17(1)",
            left=formula("J", J=integral("t^2", UNIVARIATE)),
            right=formula("J", J=integral("1", UNIVARIATE)),
            source="N17",
            remark="the whole is off by a factor: it must be multiplied by 2",
        ),
        right=formula("1/2*J", J=integral("1", UNIVARIATE)),
    ),
    *as_printed(
        Integral(
            key="N17(2)",
            left=formula("1/2*J", J=integral("1", UNIVARIATE)),
            right="sqrt(2*pi)/2",
            source="N17",
            remark="sqrt(pi) should be sqrt(2*pi)",
        ),
        right="sqrt(pi)/2",
    ),
    Integral(
        key="N17(3)",
        left=formula("J", J=integral("t^2", UNIVARIATE)),
        right="sqrt(2*pi)",
        source="N17",
    ),
    Integral(
        key="N18(1)",
        left=formula("J", J=integral("x*x'", P)),
        right="mu*mu' + Sigma",
        let=let("mu Sigma"),
        source="N18",
    ),
    Integral(
        key="N18(2)",
        left=formula("J - mu*mu'", J=integral("x*x'", P)),
        right="Sigma",
        let=let("mu Sigma"),
        source="N18",
    ),
)

BY_THE_COVARIANCE = (
    *identity(
        "N28",
        of=BY_SIGMA.text,
        wrt="Sigma",
        let=let("Sigma y"),
        derivative=f"{CORRECTED}*{BY_SIGMA.text}",
        source="N28",
    ),
    Equality(
        key="N29",
        left=f"{BY_SIGMA.text}*y*y'",
        right=formula(f"Sigma*J*Sigma + 1/2*Sigma*({DIAGONAL})*Sigma*{BY_SIGMA.text}", J=slope(BY_SIGMA.text, "Sigma")),
        let=let("Sigma y"),
        source="N29",
    ),
    Integral(
        key="N31",
        left=formula("J", J=integral("Sigma^-1*y*y'*Sigma^-1", BY_SIGMA)),
        right=f"{INVERSE_C}*Sigma^-1",
        let=let("Sigma"),
        source="N31",
    ),
    Integral(
        key="N32(1)",
        left=formula("J", J=integral("1", BY_SIGMA, by="Sigma")),
        right=f"{INVERSE_C}*(Sigma^-1 - 1/2*Sigma^-1 .* I)",
        let=let("Sigma"),
        source="N32",
        remark="∂C(Σ)⁻¹/∂Σ of N30, under the integral sign",
    ),
    Integral(
        key="N32(2)",
        left=formula("J", J=OUTER),
        right=formula(
            "Sigma*J*Sigma + 1/2*Sigma*K*Sigma",
            J=integral("1", BY_SIGMA, by="Sigma"),
            K=integral(DIAGONAL, BY_SIGMA),
        ),
        let=let("Sigma"),
        source="N32",
    ),
    Integral(
        key="N32(3)",
        left=formula(f"{C}*J", J=OUTER),
        right="Sigma",
        let=let("Sigma"),
        source="N32",
    ),
)

BY_THE_PRECISION = (
    *as_printed(
        *identity(
            "N33",
            of=INVERSE_C_OF_PRECISION,
            wrt="Lambda",
            let=let("Lambda"),
            derivative="sqrt((2*pi)^n)*(-1/2*det(Lambda)^(-3/2)*det(Lambda)*(2*Lambda^-1 - Lambda^-1 .* I))",
            source="N33",
            remark="the power of det(Lambda)^2 is wrong: it should be 1/sqrt(det(Lambda))",
        ),
        derivative="sqrt((2*pi)^n)*(-1/2*sqrt(det(Lambda^-1))^-2*det(Lambda)*(2*Lambda^-1 - Lambda^-1 .* I))",
    ),
    Integral(
        key="N34(1)",
        left=formula("J", J=integral("y*y'", BY_LAMBDA)),
        right=formula("-J + 1/2*K", J=slope(INVERSE_C_OF_PRECISION, "Lambda"), K=integral("(y*y') .* I", BY_LAMBDA)),
        let=let("Lambda"),
        source="N34",
    ),
    Integral(
        key="N34(2)",
        left=formula("J", J=integral("1", BY_LAMBDA, by="Lambda")),
        right=f"-{INVERSE_C_OF_PRECISION}*(Lambda^-1 - 1/2*Lambda^-1 .* I)",
        let=let("Lambda"),
        source="N34",
        remark="∂C⁻¹/∂Σ⁻¹, under the integral sign",
    ),
    *as_printed(
        Integral(
            key="N34(3)",
            left=formula("J", J=OUTER),
            right=formula(
                "sqrtm(Sigma)*J*sqrtm(Sigma)", J=integral("inv(sqrtm(Sigma))*y*y'*inv(sqrtm(Sigma))", BY_SIGMA)
            ),
            let=let("Sigma"),
            source="N34",
            remark="Sigma and its inverse are exchanged: covariance for precision",
        ),
        right=formula("sqrtm(Sigma)*J*sqrtm(Sigma)", J=integral("sqrtm(Sigma)*y*y'*inv(sqrtm(Sigma))", BY_SIGMA)),
    ),
    Integral(
        key="N34(4)",
        left=formula("(2*pi)^(-n/2)*sqrt(det(Lambda))*J", J=integral("y*y'", BY_LAMBDA)),
        right="Lambda^-1",
        let=let("Lambda"),
        source="N34",
    ),
)

RECORDS = (*SUBSTITUTION, *BY_THE_COVARIANCE, *BY_THE_PRECISION)
