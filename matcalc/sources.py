"""Where the statements come from: citation keys and what they stand for."""

from matcalc.errors import MatcalcError

NOTE = "The handwritten note on the multivariate Gaussian that this library implements"

SOURCES = {
    **{f"N{k}": f"{NOTE}, statement {k}" for k in range(1, 40)},
    "B2006": "C. M. Bishop, Pattern Recognition and Machine Learning, Springer, 2006",
    "H2008": "N. J. Higham, Functions of Matrices: Theory and Computation, SIAM, 2008",
    "HJ2013": "R. A. Horn and C. R. Johnson, Matrix Analysis, 2nd edition, Cambridge University Press, 2013",
    "M2016": "I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527, 2016",
    "MN2019": "J. R. Magnus and H. Neudecker, Matrix Differential Calculus with Applications in Statistics and "
    "Econometrics, 3rd edition, Wiley, 2019",
    "PP2012": "K. B. Petersen and M. S. Pedersen, The Matrix Cookbook, version of 15 November 2012",
    "RW2006": "C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press, 2006",
    "SP2019": "S. Srinivasan and N. Panda, What is the gradient of a scalar function of a symmetric matrix?, "
    "arXiv:1911.06491, 2019",
    "VP1993": "C. F. Van Loan and N. Pitsianis, Approximation with Kronecker products, in Linear Algebra for Large "
    "Scale and Real-Time Applications, Kluwer, 1993",
}


def references(source: str) -> list[str]:
    """The references that a source such as `N20; PP2012 eq. 101, 138` cites, each with the place in it.

    Raises:
        MatcalcError: a citation key that is not in `SOURCES`.
    """
    return [_reference(*citation.strip().partition(" ")) for citation in source.split(";")]


def _reference(key: str, separator: str, place: str) -> str:
    if key not in SOURCES:
        raise MatcalcError(f"the source {key!r} is not known; there are {', '.join(SOURCES)}")
    return SOURCES[key] + (f", {place}" if separator else "")
