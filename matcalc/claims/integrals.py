"""Gaussian integrals by Gauss-Hermite quadrature, exact for a polynomial times a Gaussian, and refused for the rest.

The Gaussian is found in the formula: the exponents of its `exp` must be a quadratic form in the variable of
integration, negative definite, which is checked by numbers. Two rules of different order must then agree to rounding;
they do when what remains is a polynomial, and an integrand of any other kind is refused rather than approximated.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import numpy as np

from matcalc.errors import MatcalcError
from matcalc.language.syntax import Syntax, walk

ORDERS = (6, 8)
AGREEMENT = 1e-9


def exponents(tree: Syntax) -> Iterator[Syntax]:
    """The arguments of the exponentials that a formula is a product of; of a sum, those of its first term."""
    match tree.operation:
        case "call" if tree.value == "exp":
            yield tree.operands[0]
        case "multiply" | "juxtapose" | "hadamard":
            for operand in tree.operands:
                yield from exponents(operand)
        case "iterated_product" if inner := list(exponents(tree.operands[0])):
            for exponent in inner:
                yield Syntax("summation", (exponent, *tree.operands[1:]), tree.value, tree.start, tree.end)
        case "add" | "subtract":
            first, second = map(list, map(exponents, tree.operands))
            yield from first or second
        case "call" | "apply" if tree.value in ("log", "det", "logdet"):
            return
        case "power" | "subscript" | "derivative" | "summation" | "call":
            yield from exponents(tree.operands[0])
        case "group" | "negative" | "transpose" | "divide" | "annotated":
            yield from exponents(tree.operands[0])


def mentions(tree: Syntax, name: str) -> bool:
    """Whether a name occurs in a formula, be it by the entries x_ij of X."""
    entry = name[0].lower() + name[1:]
    names = {node.value for node in walk(tree) if node.operation == "name"}
    entries = [node for node in walk(tree) if node.operation == "subscript" and len(node.operands) == 3]
    owners = {node.operands[0].value for node in entries}
    return name in names or entry in owners


def integrate(f: Callable[[np.ndarray], np.ndarray], q: Callable[[np.ndarray], np.ndarray], n: int) -> np.ndarray:
    """The integral over R^n of f, whose Gaussian factor is exp(q).

    Args:
        f: the integrand at points (k, n, 1), with values (..., k, rows, columns).
        q: the exponent at points (k, n, 1), with values (k,).
        n: the number of variables.

    Raises:
        MatcalcError: q is not a negative definite quadratic form, or f is not a polynomial times exp(q).
    """
    mean, covariance = _gaussian(q, n)
    coarse, fine = (_quadrature(f, mean, covariance, order) for order in ORDERS)
    value, size = fine
    if not np.isfinite(value).all() or np.abs(value - coarse[0]).max() > AGREEMENT * max(size, np.finfo(float).tiny):
        raise MatcalcError("the integrand is not a polynomial times a Gaussian: only such integrals are exact here")
    return value


def _gaussian(q: Callable[[np.ndarray], np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the covariance of the Gaussian exp(q), from the values of q at a few points."""
    e = np.eye(n)
    probes = np.vstack([np.zeros((1, n)), e, -e, *(e[i] + e[j] for i in range(n) for j in range(n))])
    values = q(probes[:, :, None])
    centre, plus, minus = values[0], values[1 : n + 1], values[n + 1 : 2 * n + 1]
    slope = (plus - minus) / 2
    curvature = values[2 * n + 1 :].reshape(n, n) - plus[:, None] - plus[None, :] + centre
    elsewhere = np.random.default_rng(0).uniform(-2, 2, (5, n))
    predicted = centre + elsewhere @ slope + np.einsum("ki,ij,kj->k", elsewhere, curvature, elsewhere) / 2
    if not np.allclose(q(elsewhere[:, :, None]), predicted, rtol=1e-8, atol=1e-8 * (1 + np.abs(values).max())):
        raise MatcalcError("the exponent of the integrand is not a quadratic form in the variable of integration")
    if not (np.linalg.eigvalsh(-curvature) > 1e-10).all():
        raise MatcalcError("the integral does not converge: the exponent of its Gaussian is not negative definite")
    covariance = np.linalg.inv(-curvature)
    return covariance @ slope, covariance


def _quadrature(f: Callable, mean: np.ndarray, covariance: np.ndarray, order: int) -> tuple[np.ndarray, float]:
    """The integral of f by a rule of an order, and the size of what was summed."""
    n = len(mean)
    nodes, weights = _rule(order, n)
    points = mean + nodes @ np.linalg.cholesky(covariance).T
    density = np.exp(-np.sum(nodes**2, 1) / 2) / np.sqrt(np.linalg.det(2 * np.pi * covariance))
    terms = np.asarray(f(points[:, :, None])) * (weights / density)[:, None, None]
    return terms.sum(-3), float(np.abs(terms).sum(-3).max())


@cache
def _rule(order: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (k, n) and weights (k,) for the standard Gaussian in n variables."""
    x, w = np.polynomial.hermite_e.hermegauss(order)
    w = w / w.sum()
    nodes = np.array(list(product(x, repeat=n)))
    weights = np.array([np.prod(c) for c in product(w, repeat=n)])
    return nodes, weights
