"""Loss functions of statistics and machine learning."""

from matcalc.records import identity

RECORDS = (
    *identity(
        "logsumexp",
        of="logsumexp(x)",
        wrt="x",
        derivative="softmax(x)",
        source="B2006 sec. 4.3.4",
    ),
    *identity(
        "softmax",
        of="softmax(x)",
        wrt="x",
        derivative="diag(softmax(x)) - softmax(x)*softmax(x)'",
        source="B2006 eq. 4.106",
    ),
    *identity(
        "cross-entropy",
        of="logsumexp(W*x) - y'*W*x",
        wrt="W",
        derivative="(softmax(W*x) - y)*x'",
        source="B2006 eq. 4.109",
    ),
    *identity(
        "logistic-loss",
        of="sum(log(vector(1) + exp(-M*w)))",
        wrt="w",
        derivative="-M'*sigmoid(-M*w)",
        source="B2006 sec. 7.1.2",
        remark="the rows of M are the points, each with the sign of its class",
    ),
    *identity(
        "logistic-regression",
        of="sum(log(vector(1) + exp(X*w))) - y'*X*w",
        wrt="w",
        derivative="X'*(sigmoid(X*w) - y)",
        source="B2006 eq. 4.91",
    ),
    *identity(
        "logistic-hessian",
        of="sum(log(vector(1) + exp(X*w))) - y'*X*w",
        wrt="w",
        order=2,
        derivative="X'*diag(sigmoid(X*w) .* (vector(1) - sigmoid(X*w)))*X",
        source="B2006 eq. 4.97",
    ),
    *identity(
        "ridge",
        of="norm2(X*w - y)^2 + a*norm2(w)^2",
        wrt="w",
        derivative="2*X'*(X*w - y) + 2*a*w",
        source="B2006 sec. 3.1.4",
    ),
    *identity(
        "marginal-likelihood",
        of="-1/2*y'*K^-1*y - 1/2*logdet(K)",
        wrt="K",
        let={"K": "n x n spd"},
        derivative="K^-1*(y*y' - K)*K^-1 - 1/2*(K^-1*(y*y' - K)*K^-1) .* I",
        source="RW2006 eq. 5.9",
        remark="½ (α αᵀ - K⁻¹) with α = K⁻¹y, by the free entries",
    ),
)
