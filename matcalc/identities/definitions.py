"""Definitions, and the properties of positive definite matrices that the Gaussian rests on."""

import numpy as np

from matcalc.equalities import Equality, Property, Quantity, entries
from matcalc.oracle.measurement import relative_error
from matcalc.oracle.sampling import Points
from matcalc.records import Entry, identity

LOG_DENSITY = "-1/2*((x - mu)'*diag(s .^ 2)^-1*(x - mu) + logdet(diag(s .^ 2)) + n*log(2*pi))"
LOG_DENSITIES = "-1/2*sum((x - mu) .^ 2 ./ s .^ 2 + log(s .^ 2) + log(2*pi)*ones(n,1))"


def _smallest_form(A: np.ndarray) -> np.ndarray:
    """The least xᵀAx over the unit sphere, by power iteration on cI - A."""
    x = np.random.default_rng(3).standard_normal((A.shape[-1], 1))
    c = 1 + np.linalg.norm(A, axis=(-2, -1), keepdims=True)
    for _ in range(200):
        x = c * x - A @ x
        x = x / np.linalg.norm(x, axis=-2, keepdims=True)
    return (x.mT @ A @ x)[..., 0, 0]


def _definiteness_differs(at: Points) -> np.ndarray:
    """Whether xᵀAx > 0 for all x and all eigenvalues > 0 disagree, for A and its shifts by multiples of I."""
    A = at.values["A"]
    shifted = [A + shift * np.eye(A.shape[-1]) for shift in (-4, 0, 4)]
    differs = [(_smallest_form(B) > 0) != (np.linalg.eigvals(B).real.min(-1) > 0) for B in shifted]
    return np.any(differs, axis=0)


def _spd_error(X: np.ndarray) -> np.ndarray:
    """0 for a symmetric positive definite matrix: the asymmetry, and 1 where an eigenvalue is not positive."""
    return relative_error(X, X.mT) + (np.linalg.eigvals(X).real.min(-1) <= 0)


def _inverse_error(at: Points) -> np.ndarray:
    """Of Σ⁻¹ being symmetric positive definite, with the eigenvectors of Σ and the inverse eigenvalues."""
    eigenvalues, U = np.linalg.eigh(at.values["Sigma"])
    inverse = np.linalg.inv(at.values["Sigma"])
    return _spd_error(inverse) + relative_error(inverse @ U, U / eigenvalues[..., None, :])


def _inverse_root(at: Points) -> np.ndarray:
    """Σ^(-1/2) from the eigenvectors and eigenvalues of Σ; of |λ|, which is a root of Σ⁻¹ only where Σ is definite."""
    eigenvalues, U = np.linalg.eigh(at.values["Sigma"])
    return U / np.sqrt(np.abs(eigenvalues))[..., None, :] @ U.mT


def _whitening_error(at: Points) -> np.ndarray:
    """Of Σ^(-1/2) being symmetric positive definite, and Σ^(-1/2) Σ Σ^(-1/2) being I."""
    root, Sigma = _inverse_root(at), at.values["Sigma"]
    return _spd_error(root) + relative_error(root @ Sigma @ root, np.broadcast_to(np.eye(Sigma.shape[-1]), Sigma.shape))


def _square_of_inverse_root(at: Points) -> np.ndarray:
    return _inverse_root(at) @ _inverse_root(at)


RECORDS = (
    Property(
        key="N3",
        says="A is positive definite: xᵀ A x > 0 for all x ≠ 0 ⇔ all eigenvalues of A are positive, A symmetric",
        in_latex=r"x^\top A x > 0\ \forall x \ne 0 \iff \lambda_d(A) > 0\ \forall d,\ A \in \mathbb{S}^{n}",
        error=_definiteness_differs,
        let={"A": "n x n symmetric"},
        source="N3; HJ2013 sec. 7.1",
    ),
    Equality(
        key="N4(1)",
        left=LOG_DENSITY,
        right=LOG_DENSITIES,
        let={"s": "n", "x": "n", "mu": "n"},
        source="N4",
        remark="Σ = diag(s²): the log density is the sum of the univariate ones",
    ),
    *identity(
        "N4(2)",
        of="-1/2*(x - mu)'*Sigma^-1*(x - mu)",
        wrt="x",
        order=2,
        let={"Sigma": "n x n spd"},
        derivative="-Sigma^-1",
        source="N4",
        remark="a density factorises where these mixed derivatives vanish: where Σ⁻¹, and so Σ, is diagonal",
    ),
    Property(
        key="N5",
        says="Σ⁻¹ is symmetric positive definite, Σ⁻¹ u_d = u_d/λ_d where Σ u_d = λ_d u_d, Σ spd",
        in_latex=r"\Sigma \in \mathbb{S}^{n}_{++},\ \Sigma u_d = \lambda_d u_d \implies "
        r"\Sigma^{-1} \in \mathbb{S}^{n}_{++},\ \Sigma^{-1} u_d = \lambda_d^{-1} u_d",
        error=_inverse_error,
        let={"Sigma": "n x n spd"},
        source="N5; HJ2013 sec. 7.1",
    ),
    Equality(
        key="N6(1)",
        left=Quantity("Σ^(-1/2) Σ^(-1/2)", r"\Sigma^{-1/2} \Sigma^{-1/2}", _square_of_inverse_root),
        right="Sigma^-1",
        let={"Sigma": "n x n spd"},
        source="N6",
    ),
    Property(
        key="N6(2)",
        says="Σ^(-1/2) = Uᵀ diag(λ^(-1/2)) U is symmetric positive definite, Σ^(-1/2) Σ Σ^(-1/2) = I, Σ spd",
        in_latex=r"\Sigma^{-1/2} = U^\top \operatorname{diag}(\lambda^{-1/2}) U \in \mathbb{S}^{n}_{++},\ "
        r"\Sigma^{-1/2} \Sigma \Sigma^{-1/2} = I,\ \Sigma \in \mathbb{S}^{n}_{++}",
        error=_whitening_error,
        let={"Sigma": "n x n spd"},
        source="N6",
    ),
    Equality(
        key="N19",
        left="A .* B",
        right=entries("a_ij b_ij", a="A", b="B"),
        source="N19",
    ),
    Entry(
        key="N21(1)",
        entries="∂x_st/∂x_ij = δ_si δ_tj",
        where={"x": "X"},
        let={"X": "n x n"},
        source="N21; PP2012 eq. 73",
    ),
    Entry(
        key="N21(2)",
        entries="∂x_st/∂x_ij = δ_si δ_tj + δ_sj δ_ti - δ_si δ_tj δ_ij",
        where={"x": "X"},
        let={"X": "n x n symmetric"},
        source="N21; PP2012 sec. 2.8.2",
    ),
)
