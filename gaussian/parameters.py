"""The four ways to write a Gaussian down, each a pytree, and the conversions between them.

Every conversion goes through the triangular factor (`gaussian.factor`) that the parameters lead to without an inverse:
from Σ to L, from Λ to W, and from there to what is asked for. Between Λ and the natural parameters nothing is factored
that is not needed for the check of admissibility.
"""

from typing import Any, ClassVar, Self, get_args

from jax import Array
from jaxtyping import Float

from gaussian import arguments, domain
from gaussian.factor import CovarianceFactor, Factor, PrecisionFactor
from gaussian.pytree import pytree
from gaussian.triangular import apply, lower
from matcalc.errors import ArgumentError
from matcalc.structure import LOWER, SPD, SYMMETRIC, Structure


@pytree
class MeanCovariance:
    """(μ, Σ)."""

    mean: Float[Array, "*batch d"]
    covariance: Float[Array, "*batch d d"]
    structure: ClassVar[Structure] = SPD

    def factored(self) -> tuple[Array, Factor]:
        """μ and L; DomainError or ShapeError as in `gaussian.domain`."""
        mean, S = domain.as_vector_and_matrix(self.mean, self.covariance, "mean", "covariance")
        held, L, diagonal, known, ok = domain.cholesky(mean, S)
        if domain.is_known_false(ok):
            domain.explain(mean, S, "mean", "covariance")
        return held, CovarianceFactor(L, diagonal, known)

    @classmethod
    def of(cls, mean: Float[Array, "*batch d"], factor: Factor) -> Self:
        """These parameters from the mean and a factor."""
        return cls(mean, factor.covariance)


@pytree
class MeanPrecision:
    """(μ, Λ), Λ = Σ⁻¹."""

    mean: Float[Array, "*batch d"]
    precision: Float[Array, "*batch d d"]
    structure: ClassVar[Structure] = SPD

    def factored(self) -> tuple[Array, Factor]:
        """μ and W; DomainError or ShapeError as in `gaussian.domain`."""
        mean, P = domain.as_vector_and_matrix(self.mean, self.precision, "mean", "precision")
        held, W, diagonal, known, ok = domain.reversed_cholesky(mean, P)
        if domain.is_known_false(ok):
            domain.explain(mean, P, "mean", "precision")
        return held, PrecisionFactor(W, diagonal, known)

    @classmethod
    def of(cls, mean: Float[Array, "*batch d"], factor: Factor) -> Self:
        """These parameters from the mean and a factor."""
        return cls(mean, factor.precision)


@pytree
class MeanCholesky:
    """(μ, L), L lower triangular with a positive diagonal, Σ = L Lᵀ."""

    mean: Float[Array, "*batch d"]
    cholesky: Float[Array, "*batch d d"]
    structure: ClassVar[Structure] = LOWER

    def factored(self) -> tuple[Array, Factor]:
        """μ and L; DomainError or ShapeError as in `gaussian.domain`."""
        mean, L = domain.as_vector_and_matrix(self.mean, self.cholesky, "mean", "cholesky")
        held, factor, diagonal, _, ok = domain.lower_factor(mean, L)
        if domain.is_known_false(ok):
            domain.explain_lower(mean, L, "mean", "cholesky")
        return held, CovarianceFactor(factor, diagonal)

    @classmethod
    def of(cls, mean: Float[Array, "*batch d"], factor: Factor) -> Self:
        """These parameters from the mean and a factor."""
        return cls(mean, lower(factor.cholesky))


@pytree
class Natural:
    """(η₁, η₂) with log N(x) = η₁ᵀx + xᵀη₂x - A: η₁ = Λμ, η₂ = -½Λ, symmetric and negative definite."""

    eta1: Float[Array, "*batch d"]
    eta2: Float[Array, "*batch d d"]
    structure: ClassVar[Structure] = SYMMETRIC

    def factored(self) -> tuple[Array, Factor]:
        """μ = W⁻¹ W⁻ᵀ η₁ and W; DomainError or ShapeError as in `gaussian.domain`, of -2η₂."""
        eta1, eta2 = domain.as_vector_and_matrix(self.eta1, self.eta2, "eta1", "eta2")
        held, W, diagonal, known, ok = domain.reversed_cholesky(eta1, -2 * eta2)
        if domain.is_known_false(ok):
            domain.explain(eta1, -2 * eta2, "eta1", "-2 eta2, the precision")
        factor = PrecisionFactor(W, diagonal, known)
        L = factor.cholesky
        return apply(L, apply(L.mT, held)), factor

    @classmethod
    def of(cls, mean: Float[Array, "*batch d"], factor: Factor) -> Self:
        """These parameters from the mean and a factor."""
        precision = factor.precision
        return cls(apply(precision, mean), -precision / 2)


Parameters = MeanCovariance | MeanPrecision | MeanCholesky | Natural
PARAMETRISATIONS: tuple[type[Any], ...] = get_args(Parameters)


def require_parametrisation(kind: Any) -> None:
    """Raise an ArgumentError unless that is one of the four."""
    if not any(kind is each for each in PARAMETRISATIONS):
        names = ", ".join(each.__name__ for each in PARAMETRISATIONS)
        raise ArgumentError(f"parametrisation: expected one of {names}, got {kind!r}.")


def convert(parameters: Parameters, to: type[Any]) -> Any:
    """The same Gaussian in another parametrisation, `convert(MeanCovariance(mu, S), Natural)`.

    A parametrisation is returned as it is if it is already the wanted one. ArgumentError for anything but parameters
    and one of their kinds, other errors as in `gaussian.domain`.
    """
    arguments.require(parameters, "parameters", *PARAMETRISATIONS)
    require_parametrisation(to)
    if isinstance(parameters, to):
        return parameters
    return to.of(*parameters.factored())
