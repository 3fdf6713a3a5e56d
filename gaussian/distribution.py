"""The Gaussian N(μ, Σ): a pytree of its mean and a triangular factor, and what one asks of it.

Leading axes of the mean and the factor are a batch of Gaussians, those of a point a batch of points, and they
broadcast: `x` has shape (*points, d) with the batch shape at the end of *points. Everything works under jit, vmap and
grad. Values are checked where the Gaussian is made (see `gaussian.domain`): an error outside jit, NaN inside. Those of
points are not, for a check would wait for the answer: NaN in a point leads to NaN.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from gaussian import arguments, domain, partition
from gaussian.factor import Factor
from gaussian.moments import Moments, cumulant, moments
from gaussian.normaliser import LOG_2PI, log_integral
from gaussian.parameters import (
    PARAMETRISATIONS,
    MeanCholesky,
    MeanCovariance,
    MeanPrecision,
    Natural,
    Parameters,
    require_parametrisation,
)
from gaussian.pytree import pytree
from gaussian.roots import smooth_root
from gaussian.triangular import apply, lower
from matcalc.errors import ArgumentError, DomainError, MatcalcError, ShapeError

Points = Float[Array, "*points d"]
NUMBERS = "biufc"  # the kinds of NumPy's arrays that JAX takes as they are: no objects, no text


def at_points(method: Callable[["Gaussian", Points], Array]) -> Callable[["Gaussian", Points], Array]:
    """Compile a method at points, which are made an array before: JAX would trace a list number by number."""
    compiled = jax.jit(method)

    @wraps(method)
    def at(self: "Gaussian", x: Points) -> Array:
        is_array = isinstance(x, Array) or (isinstance(x, np.ndarray) and x.dtype.kind in NUMBERS)
        return compiled(self, x if is_array else domain.as_real(x, "x"))

    return at


@pytree
class Gaussian:
    """N(μ, Σ) with Σ held by `factor`: make one with `from_covariance` and its siblings, which check their input."""

    mean: Float[Array, "*batch d"]
    factor: Factor

    def __post_init__(self) -> None:
        if isinstance(self.factor, list | float) or hasattr(self.factor, "shape"):  # not the axes of `jax.vmap`
            raise ArgumentError(
                "Gaussian: expected a factor beside the mean, got numbers; to make one from a covariance call "
                "Gaussian.from_covariance(mean, covariance), from other parameters one of its siblings."
            )

    def __repr__(self) -> str:
        known = [isinstance(leaf, Array) and not isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(self)]
        if known != [True, True]:  # what JAX put there has no covariance
            return f"Gaussian(mean={self.mean!r}, factor={self.factor!r})"
        return f"Gaussian(mean={self.mean!r}, covariance={self.covariance!r})"

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The Gaussian with these parameters; errors as in `convert`, and under jit NaN in place of a DomainError."""
        arguments.require(parameters, "parameters", *PARAMETRISATIONS)
        return cls(*parameters.factored())

    @classmethod
    def from_covariance(cls, mean: ArrayLike, covariance: ArrayLike) -> Self:
        """N(μ, Σ), Σ symmetric positive definite; errors as in `from_parameters`."""
        return cls.from_parameters(MeanCovariance(mean, covariance))  # type: ignore[arg-type]

    @classmethod
    def from_precision(cls, mean: ArrayLike, precision: ArrayLike) -> Self:
        """N(μ, Λ⁻¹), Λ symmetric positive definite, never inverted; errors as in `from_parameters`."""
        return cls.from_parameters(MeanPrecision(mean, precision))  # type: ignore[arg-type]

    @classmethod
    def from_cholesky(cls, mean: ArrayLike, cholesky: ArrayLike) -> Self:
        """N(μ, LLᵀ), L lower triangular of positive diagonal; errors as in `from_parameters`."""
        return cls.from_parameters(MeanCholesky(mean, cholesky))  # type: ignore[arg-type]

    @classmethod
    def from_natural(cls, eta1: ArrayLike, eta2: ArrayLike) -> Self:
        """N(Λ⁻¹η₁, Λ⁻¹) with Λ = -2η₂; errors as in `from_parameters`."""
        return cls.from_parameters(Natural(eta1, eta2))  # type: ignore[arg-type]

    @classmethod
    def standard(cls, d: int) -> Self:
        """N(0, I) in d dimensions, in JAX's default float; ArgumentError unless d ≥ 1."""
        d = arguments.as_integer(d, "d", 1)
        return cls.from_cholesky(jnp.zeros(d), jnp.eye(d))

    def to(self, parametrisation: type[Any]) -> Any:
        """These parameters: `g.to(Natural)`, or MeanCovariance, MeanPrecision, MeanCholesky; else ArgumentError."""
        require_parametrisation(parametrisation)
        return parametrisation.of(self.mean, self.factor)

    @property
    def dimension(self) -> int:
        """D."""
        return self.mean.shape[-1]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The leading axes: () for one Gaussian."""
        return self.mean.shape[:-1]

    @property
    def covariance(self) -> Float[Array, "*batch d d"]:
        """Σ."""
        return self.factor.covariance

    @property
    def precision(self) -> Float[Array, "*batch d d"]:
        """Λ = Σ⁻¹."""
        return self.factor.precision

    @property
    def cholesky(self) -> Float[Array, "*batch d d"]:
        """L, lower triangular of positive diagonal, Σ = L Lᵀ."""
        return lower(self.factor.cholesky)

    @at_points
    def log_prob(self, x: Float[Array, "*points d"]) -> Float[Array, "*points"]:
        """log N(x|μ,Σ) = -½ ((x-μ)ᵀΣ⁻¹(x-μ) + log det Σ + D log 2π); ShapeError if x has not D entries [N2].

        NaN at a point that contains NaN. Its error is below κ(Σ) ε times the size of its terms, ε the rounding unit of
        the dtype, and at points drawn from this Gaussian far below: 10⁻⁶ at κ = 10¹² in float64. In float32 κ = 10⁵
        costs up to three of seven digits.
        """
        return -0.5 * self.factor.squared_norm(self.deviation(x)) - log_integral(self.factor)

    @at_points
    def prob(self, x: Float[Array, "*points d"]) -> Float[Array, "*points"]:
        """N(x|μ,Σ) = C(Σ) exp(-½ (x-μ)ᵀΣ⁻¹(x-μ)) [N1]."""
        return jnp.exp(self.log_prob(x))

    @at_points
    def squared_mahalanobis(self, x: Float[Array, "*points d"]) -> Float[Array, "*points"]:
        """(x-μ)ᵀΣ⁻¹(x-μ), smooth everywhere [N7]."""
        return self.factor.squared_norm(self.deviation(x))

    @at_points
    def mahalanobis(self, x: Float[Array, "*points d"]) -> Float[Array, "*points"]:
        """((x-μ)ᵀΣ⁻¹(x-μ))^½; its gradient is defined as 0 at x = μ, where it has none."""
        return smooth_root(self.squared_mahalanobis(x))

    @at_points
    def coordinate_log_prob(self, x: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """log N(x_d|μ_d,σ_d²) for every coordinate: they sum to `log_prob` if and only if Σ is diagonal [N4]."""
        variance = jnp.diagonal(self.covariance, axis1=-2, axis2=-1)
        return -0.5 * (self.deviation(x) ** 2 / variance + jnp.log(variance) + LOG_2PI)

    @at_points
    def whiten(self, x: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """z = L⁻¹(x-μ), distributed as N(0, I); L stands for the note's Σ^(1/2), another root of Σ [N7]."""
        return self.factor.whiten(self.deviation(x))

    def unwhiten(self, z: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """x = L z + μ, the inverse of `whiten`; ShapeError if z has not D entries [N7]."""
        z = domain.as_real(z, "z")
        self._require_size(z, "z")
        return _unwhiten(self, z)

    def sample(self, key: Array, shape: int | Sequence[int] = ()) -> Float[Array, "*points d"]:
        """Independent draws L z + μ, z ~ N(0, I), from a `jax.random` key; ArgumentError for another key or shape."""
        _require_key(key)
        sizes = shape if np.iterable(shape) else (shape,)
        return _sample(self, key, tuple(arguments.as_integer(size, "shape", 0) for size in sizes))

    def entropy(self) -> Float[Array, "*batch"]:
        """H = ½ (log det Σ + D (log 2π + 1)) [N37]."""
        return log_integral(self.factor) + self.dimension / 2

    def moments(self, route: str = "natural") -> Moments:
        """E[x], E[xxᵀ] and the covariance by differentiating the normaliser; for the routes see `gaussian.moments`."""

        def leaves(mean: Array, covariance: Array) -> tuple[Array, ...]:
            return tuple(jax.tree.leaves(moments(mean, covariance, route)))

        f = jnp.vectorize(leaves, signature="(d),(d,d)->(d),(d,d),(d,d)")
        return Moments(*f(self.mean, self.covariance))

    def cumulant(self, order: int) -> Float[Array, "*axes"]:
        """The cumulant of that order, `order` axes beyond the batch, by differentiating the normaliser.

        ∂ᵏA/∂η₁ᵏ: the mean, the covariance, and 0 beyond. ArgumentError unless order ≥ 1.
        """
        order = arguments.as_integer(order, "order", 1)
        axes = ",".join("d" * order)
        f = jnp.vectorize(partial(cumulant, order=order), signature=f"(d),(d,d)->({axes})")
        return f(self.mean, self.covariance)

    def is_independent(self, tolerance: float = 0.0) -> Bool[Array, "*batch"]:
        """Whether the coordinates are independent: no correlation beyond ±tolerance [N4]."""
        S = self.covariance
        root = jnp.sqrt(jnp.diagonal(S, axis1=-2, axis2=-1))
        correlation = S / root[..., :, None] / root[..., None, :]
        return (jnp.abs(jnp.tril(correlation, -1)) <= tolerance).all((-1, -2))

    def marginal(self, indices: Sequence[int]) -> "Gaussian":
        """The Gaussian of these coordinates, in that order; MatcalcError if none, repeated or out of range.

        N(μ_a, Σ_aa); of a Gaussian held by its precision, the coordinates are integrated out of Λ
        [PP2012, sec. 8.1.2].
        """
        kept, rest = partition.split(indices, self.dimension)
        return Gaussian(*partition.marginal(self.mean, self.factor, kept, rest))

    def condition(self, indices: Sequence[int], values: Float[Array, "*points k"]) -> "Gaussian":
        """The Gaussian of the other coordinates, in ascending order, given these: x_b = values.

        N(μ_a + Σ_ab Σ_bb⁻¹ (x_b - μ_b), Σ_aa - Σ_ab Σ_bb⁻¹ Σ_ba); of a Gaussian held by its precision,
        N(μ_a - Λ_aa⁻¹ Λ_ab (x_b - μ_b), Λ_aa⁻¹). MatcalcError for indices that are none, all, repeated or out of
        range; ShapeError unless there is a value for each; DomainError for values that are not finite, NaN under jit
        [PP2012, sec. 8.1.3].
        """
        given, free = partition.split(indices, self.dimension)
        return Gaussian(*partition.condition(self.mean, self.factor, given, free, domain.as_real(values, "values")))

    def affine(self, A: Float[Array, "*batch k d"], b: Float[Array, "*batch k"] | float = 0.0) -> "Gaussian":
        """The Gaussian of A x + b, N(Aμ + b, AΣAᵀ); A must have full row rank, else it is degenerate: DomainError.

        ShapeError unless A has D columns, NaN instead of DomainError under jit [PP2012, eq. 355].
        """
        A, b = domain.as_real(A, "A"), domain.as_real(b, "b")
        if A.ndim < 2 or A.shape[-1] != self.dimension or A.shape[-2] == 0:
            raise ShapeError(
                f"A: expected shape (..., k, {self.dimension}) with k > 0, got {A.shape}; "
                "one row for each coordinate that is wanted, one column for each that is there."
            )
        if b.ndim and b.shape[-1] != A.shape[-2]:
            raise ShapeError(f"b: expected shape (..., {A.shape[-2]}), one entry a row of A, got {b.shape}.")
        arguments.require_one_batch("A, b, mean", A.shape[:-2], b.shape[:-1], self.batch_shape)
        AL = A @ self.cholesky
        try:
            return Gaussian.from_covariance(apply(A, self.mean) + b, AL @ AL.mT)
        except DomainError as error:
            domain.require_finite(A, "A")
            domain.require_finite(b, "b")
            raise DomainError(f"A: A x + b has a density only if A has full row rank; {error}") from None

    def confidence_ellipse(self, level: float = 0.95, points: int = 200) -> Float[Array, "*batch n 2"]:
        """Points around the ellipse (x-μ)ᵀΣ⁻¹(x-μ) = -2 log(1 - level), which holds that much probability; D = 2.

        ShapeError unless D = 2; MatcalcError unless 0 < level < 1, ArgumentError unless points ≥ 1.
        """
        if self.dimension != 2:
            raise ShapeError(f"confidence_ellipse: expected 2 dimensions, got {self.dimension}; take a marginal first.")
        if not 0 < level < 1:
            raise MatcalcError(f"level: expected a probability between 0 and 1, got {level}.")
        angle = np.linspace(0, 2 * np.pi, arguments.as_integer(points, "points", 1))
        circle = math.sqrt(-2 * math.log1p(-level)) * jnp.stack([jnp.cos(angle), jnp.sin(angle)], -1)
        return circle.astype(self.mean.dtype) @ self.cholesky.mT + self.mean[..., None, :]

    def deviation(self, x: Float[Array, "*points d"]) -> Float[Array, "*points d"]:
        """x - μ; ShapeError if x has not D entries, or not the batch shape before them."""
        x = domain.as_real(x, "x")
        self._require_size(x, "x")
        return x - self.mean

    def _require_size(self, x: Array, name: str) -> None:
        batch = self.batch_shape
        if x.shape[-1:] != self.mean.shape[-1:] or not arguments.do_broadcast(x.shape[:-1], batch):
            raise ShapeError(
                f"{name}: expected shape ({', '.join(map(str, ('...', *batch, self.dimension)))}), got {x.shape}; "
                f"the last axis is the {self.dimension} coordinates" + (", before it the batch." if batch else ".")
            )


def _require_key(key: Any) -> None:
    dtype = key.dtype if isinstance(key, Array | np.ndarray) else np.dtype(object)
    is_typed = jnp.issubdtype(dtype, jax.dtypes.prng_key)
    if dtype != np.uint32 and not is_typed:
        raise ArgumentError(f"key: expected a key of jax.random, got {key!r}; pass jax.random.key(0), say.")
    if key.ndim != (0 if is_typed else 1):
        raise ArgumentError(f"key: expected one key of jax.random, got an array {key.shape}; of many use jax.vmap.")


@jax.jit
def _unwhiten(g: Gaussian, z: Array) -> Array:
    return g.factor.unwhiten(jnp.broadcast_to(z, jnp.broadcast_shapes(z.shape, g.mean.shape))) + g.mean


@jax.jit(static_argnums=2)
def _sample(g: Gaussian, key: Array, shape: tuple[int, ...]) -> Array:
    z = jax.random.normal(key, (*shape, *g.mean.shape), g.mean.dtype)
    return g.factor.unwhiten(z) + g.mean


@arguments.on_one_space(Gaussian)
def product(p: Gaussian, q: Gaussian) -> tuple[Float[Array, "*batch"], Gaussian]:
    """log c and r with p(x) q(x) = c r(x): Λ_r = Λ_p + Λ_q, η₁ adds up likewise, and c = N(μ_p|μ_q, Σ_p + Σ_q).

    ShapeError if the dimensions differ [PP2012, sec. 8.1.8].
    """
    a, b = p.to(Natural), q.to(Natural)
    log_c = Gaussian.from_covariance(q.mean, p.covariance + q.covariance).log_prob(p.mean)
    return log_c, Gaussian.from_natural(a.eta1 + b.eta1, a.eta2 + b.eta2)


def require_one(g: Any, name: str) -> None:
    """Raise an ArgumentError unless that is a Gaussian, a ShapeError for a batch of them."""
    arguments.require(g, name, Gaussian)
    if g.batch_shape:
        raise ShapeError(
            f"{name}: expected one Gaussian, got a batch {g.batch_shape}; take its members one by one, or use jax.vmap."
        )
