"""Expressions to differentiate, in the language of matcalc and as a user of SymPy and of tensorgrad would write them.

In SymPy a vector is an n x 1 `MatrixSymbol`, and `ones(n)` stands for `OneMatrix(n, 1)`. In tensorgrad a tensor has
named edges; `Named` in `named_edges.py` lets them be written as matrices, with no change to what is differentiated.
`None` where there is no way to say it, as for a variable that is symmetric. Of several natural spellings each rival has
one that it gets right, where there is one.
"""

from typing import NamedTuple


class Case(NamedTuple):
    group: str
    expr: str
    wrt: str
    let: str
    sympy: str | None
    tensorgrad: str | None
    order: int = 1


def _on_structures(*cases: tuple[str, str, str, str]) -> list[Case]:
    """Cases that neither rival can state: the variable's structure has no name there that its derivative heeds."""
    return [Case(*case, None, None) for case in cases]


CASES = [
    Case("trace", "tr(A*X*B)", "X", "A: p x n; X: n x m; B: m x p", "Trace(A*X*B)", "tr(A @ X @ B)"),
    Case("trace", "tr(X'*A*X*B)", "X", "A: n x n; X: n x m; B: m x m", "Trace(X.T*A*X*B)", "tr(X.T @ A @ X @ B)"),
    Case("trace", "tr(A*X*B*X'*C)", "X", "A: p x n; X: n x m; B: m x m; C: n x p",
         "Trace(A*X*B*X.T*C)", "tr(A @ X @ B @ X.T @ C)"),
    Case("trace", "tr(X^3)", "X", "X: n x n", "Trace(X**3)", "tr(X @ X @ X)"),
    Case("trace", "tr(A*X)*tr(B*X)", "X", "A: m x n; X: n x m; B: m x n", "Trace(A*X)*Trace(B*X)",
         "tr(A @ X) * tr(B @ X)"),
    Case("determinant", "det(X)", "X", "X: n x n", "Determinant(X)", "det(X)"),
    Case("determinant", "logdet(X)", "X", "X: n x n", "log(Determinant(X))", "log(det(X))"),
    Case("determinant", "det(A*X*B)", "X", "A: n x n; X: n x n; B: n x n", "Determinant(A*X*B)", "det(A @ X @ B)"),
    Case("determinant", "logdet(X'*A*X)", "X", "A: n x n; X: n x m", "log(Determinant(X.T*A*X))",
         "log(det(X.T @ A @ X))"),
    Case("inverse", "a'*inv(X)*b", "X", "X: n x n; a: n; b: n", "a.T*X.I*b", "a.T @ inv(X) @ b"),
    Case("inverse", "tr(A*inv(X)*B)", "X", "A: p x n; X: n x n; B: n x p", "Trace(A*X.I*B)", "tr(A @ inv(X) @ B)"),
    Case("inverse", "tr(inv(X + A))", "X", "X: n x n; A: n x n", "Trace((X + A).I)", "tr(inv(X + A))"),
    Case("inverse", "y'*inv(X'*X)*y", "X", "X: n x m; y: m", "y.T*(X.T*X).I*y", "y.T @ inv(X.T @ X) @ y"),
    Case("quadratic form", "x'*A*x", "x", "A: n x n; x: n", "x.T*A*x", "x.T @ A @ x"),
    Case("quadratic form", "(A*x - b)'*W*(A*x - b)", "x", "A: m x n; x: n; b: m; W: m x m",
         "(A*x - b).T*W*(A*x - b)", "(A @ x - b).T @ W @ (A @ x - b)"),
    Case("quadratic form", "(x'*A*x)^2", "x", "A: n x n; x: n", "Trace(x.T*A*x)**2", "power(x.T @ A @ x, 2)"),
    Case("quadratic form", "exp(-1/2*(x - u)'*W*(x - u))", "x", "W: n x n; x: n; u: n",
         "exp(-Trace((x - u).T*W*(x - u))/2)", "exp(-((x - u).T @ W @ (x - u)) / 2)"),
    Case("quadratic form", "x'*A*x/(x'*x)", "x", "A: n x n; x: n", "(x.T*A*x)*(x.T*x).I",
         "(x.T @ A @ x) / (x.T @ x)"),
    Case("norm", "norm2(A*x - b)^2", "x", "A: m x n; x: n; b: m", "(A*x - b).T*(A*x - b)", "squares(A @ x - b)"),
    Case("norm", "norm2(A*x - b)", "x", "A: m x n; x: n; b: m", "((A*x - b).T*(A*x - b))**Rational(1, 2)",
         "sqrt(squares(A @ x - b))"),
    Case("norm", "norm2(U*V' - A)^2", "U", "U: n x p; V: m x p; A: n x m", "Trace((U*V.T - A).T*(U*V.T - A))",
         "squares(U @ V.T - A)"),
    Case("norm", "norm2(X)", "X", "X: n x m", "sqrt(Trace(X.T*X))", "sqrt(squares(X))"),
    Case("logistic", "sum(log(vector(1) + exp(-M*w)))", "w", "M: m x n; w: n",
         "ones(m).T*(ones(m) + (-M*w).applyfunc(exp)).applyfunc(log)", "total(log(1 + exp(-(M @ w))))"),
    Case("logistic", "sum(log(vector(1) + exp(X*w))) - y'*X*w", "w", "X: m x n; w: n; y: m",
         "ones(m).T*(ones(m) + (X*w).applyfunc(exp)).applyfunc(log) - y.T*X*w",
         "total(log(1 + exp(X @ w))) - y.T @ X @ w"),
    Case("logistic", "y'*tanh(A*x)", "x", "A: m x n; x: n; y: m", "y.T*(A*x).applyfunc(tanh)", "y.T @ tanh(A @ x)"),
    Case("logistic", "sum(sigmoid(W*x))", "W", "W: m x n; x: n",
         "ones(m).T*(W*x).applyfunc(Lambda(t, 1/(1 + exp(-t))))", "total(sigmoid(W @ x))"),
    Case("softmax", "logsumexp(A*x)", "x", "A: m x n; x: n", "log(Trace(ones(m).T*(A*x).applyfunc(exp)))",
         "log(total(exp(A @ x)))"),
    Case("softmax", "softmax(x)", "x", "x: n",
         "x.applyfunc(exp)*(ones(n).T*x.applyfunc(exp)).applyfunc(Lambda(t, 1/t))", "softmax(x)"),
    Case("softmax", "logsumexp(W*x) - y'*W*x", "W", "W: m x n; x: n; y: m",
         "log(Trace(ones(m).T*(W*x).applyfunc(exp))) - Trace(y.T*W*x)", "log(total(exp(W @ x))) - y.T @ W @ x"),
    Case("Hadamard", "sum(A .* X .* X)", "X", "A: n x m; X: n x m", "Trace(A.T*HadamardProduct(X, X))",
         "total(times(A, X, X))"),
    Case("Hadamard", "tr(A*(X .* B))", "X", "A: m x n; X: n x m; B: n x m", "Trace(A*HadamardProduct(X, B))",
         "tr(A @ times(X, B))"),
    Case("Hadamard", "sum(exp(A*X))", "X", "A: p x n; X: n x m", "ones(p).T*(A*X).applyfunc(exp)*ones(m)",
         "total(exp(A @ X))"),
    Case("Hadamard", "tr(diag(x)*A*diag(x)*B)", "x", "x: n; A: n x n; B: n x n",
         "Trace(DiagMatrix(x)*A*DiagMatrix(x)*B)", "tr(diag(x) @ A @ diag(x) @ B)"),
    Case("Kronecker", "tr(kron(A, X))", "X", "A: m x m; X: n x n", "Trace(KroneckerProduct(A, X))", "tr(A) * tr(X)"),
    Case("Kronecker", "norm2(kron(A, X))^2", "X", "A: p x p; X: n x m",
         "Trace(KroneckerProduct(A, X).T*KroneckerProduct(A, X))", "squares_of_kronecker(A, X)"),
    Case("matrix function", "tr(expm(X))", "X", "X: n x n", "Trace(exp(X))", None),
    Case("second order", "x'*A*x", "x", "A: n x n; x: n", "x.T*A*x", "x.T @ A @ x", 2),
    Case("second order", "logsumexp(A*x)", "x", "A: m x n; x: n", "log(Trace(ones(m).T*(A*x).applyfunc(exp)))",
         "log(total(exp(A @ x)))", 2),
    *_on_structures(
        ("structured", "tr(A*X*B)", "X", "A: p x n; X: n x n symmetric; B: n x p"),
        ("structured", "logdet(X)", "X", "X: n x n spd"),
        ("structured", "a'*inv(X)*b", "X", "X: n x n symmetric; a: n; b: n"),
        ("structured", "tr(A*X*B*X)", "X", "A: n x n; X: n x n lower; B: n x n"),
        ("structured", "norm2(X)^2", "X", "X: n x n toeplitz"),
    ),
]  # fmt: skip
