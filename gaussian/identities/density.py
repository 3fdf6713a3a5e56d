"""The density, its logarithm, whitening, and what a change of variables does to a volume."""

from dataclasses import replace
from itertools import permutations
from math import factorial

import numpy as np

from gaussian.identities.measured import P, density, formula, integral, let
from matcalc.equalities import Equality, Integral, Quantity
from matcalc.oracle.sampling import Points
from matcalc.records import identity

DENSITY = density("mu", "Sigma")
LOG_DENSITY = "-1/2*((x - mu)'*Sigma^-1*(x - mu) + logdet(Sigma) + n*log(2*pi))"
SIDE = 1e-5  # of the small box: its image is measured up to the square of that


def _volumes(at: Points) -> np.ndarray:
    """Of the images of small boxes under u ↦ exp(A u), over those of the boxes.

    A box is cut into n! simplices, whose corners ascend from the least one by one coordinate after another.
    """
    A, u = at.values["A"], at.values["u"]
    n = A.shape[-1]
    volumes = []
    for order in permutations(range(n)):
        steps = np.concatenate([np.zeros((1, n)), np.cumsum(np.eye(n)[list(order)], 0)]) - 1 / 2
        images = np.exp(A @ (u + SIDE * steps.T))
        volumes.append(np.abs(np.linalg.det(np.diff(images))) / factorial(n))
    return np.sum(volumes, 0)[:, None, None] / SIDE**n


RECORDS = (
    Integral(
        key="N1",
        left=formula("J", J=integral("1", replace(P, name=None))),
        right="1",
        let=let("mu Sigma"),
        source="N1",
    ),
    Equality(
        key="N2",
        left=f"log({DENSITY})",
        right=LOG_DENSITY,
        let=let("x mu Sigma"),
        source="N2",
    ),
    Equality(
        key="N7(1)",
        left="(x - mu)'*Sigma^-1*(x - mu)",
        right="norm2(inv(sqrtm(Sigma))*(x - mu))^2",
        let=let("x mu Sigma"),
        source="N7",
        remark="the right side is zᵀ z, z = Σ^(-1/2) (x - μ)",
    ),
    Equality(
        key="N7(2)",
        left="z'*sqrtm(Sigma)*Sigma^-1*sqrtm(Sigma)*z",
        right="z'*z",
        let=let("z Sigma"),
        source="N7",
        remark="x - μ = Σ^(1/2) z",
    ),
    *identity(
        "N14(1)",
        of="exp(A*u)",
        wrt="u",
        let={"A": "n x n", "u": "n"},
        derivative="diag(exp(A*u))*A",
        source="N14",
        remark="J of a change of variables that is not linear",
    ),
    Equality(
        key="N14(2)",
        left=Quantity("vol{exp(A v): v in the box du at u} / vol(du)", r"\frac{\mathrm{d}x}{\mathrm{d}u}", _volumes),
        right="abs(det(diag(exp(A*u))*A))",
        let={"A": "n x n", "u": "n"},
        source="N14",
        remark="dx = |det J| du, by volumes of simplices; du is a box of side 1e-5",
    ),
)
