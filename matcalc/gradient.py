"""Gradients of JAX functions of a structured matrix, in a stated reading: `jax.grad` with the structure said aloud.

Why reading the result of `jax.grad` is enough, whichever derivative it is. A function on a linear structure with basis
B_1 ... B_k (the columns of D) determines its derivative only along the structure: G with ⟨G, T⟩ = df(T) for tangent T
is unique up to a normal part N with ⟨N, T⟩ = 0. Factorisations such as `cholesky` and `eigh` symmetrise their input,
so their G differs from that of `inv` or `slogdet` by such an N. Both readings remove it: entrywise is ⟨G, B_k⟩ entry by
entry, and ⟨N, B_k⟩ = 0; tangent is the orthogonal projection, and that of N is 0. The same holds for the tangent
reading on a curved set. Only the ambient reading depends on the representative, and is what `jax.grad` gives.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jaxtyping import Num

from matcalc.errors import MatcalcError
from matcalc.structure import SYMMETRIC, Array, Reading, Structure, structure_named


def hadamard_correction(G: Num[Array, "*batch n n"]) -> Num[Array, "*batch n n"]:
    """G + Gᵀ - G ⊙ I: from a derivative with independent entries to that by the free entries of a symmetric matrix.

    Any G with df = tr(Gᵀ dX) will do [PP2012, sec. 2.8; SP2019 on why it is not a gradient]. ShapeError unless square.
    """
    SYMMETRIC.require_shape(G.shape, "G")
    return SYMMETRIC.entrywise(G)


def grad(
    f: Callable[..., Any],
    structure: Structure | str | Sequence[Structure | str],
    reading: Reading | str = Reading.ENTRYWISE,
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """`jax.grad` of a scalar function of a structured matrix, in a reading; in the shape and dtype of the argument.

    On symmetric X, with df = tr(Gᵀ dX): entrywise G + Gᵀ - G ⊙ I, tangent (G + Gᵀ) / 2, ambient G as `jax.grad` has it.
    The result does not depend on which G the function's own derivative is, except for ambient [SP2019].

    `argnums` as in `jax.grad`; for a tuple give one structure for all or a tuple, and a tuple comes back. Arguments may
    be batched along leading axes. Raises DeclarationError for an unknown structure, MatcalcError for an unknown
    reading; when called, ShapeError for an argument that is not square and NoRuleError for entrywise on orthogonal.

    So `grad(lambda X: jnp.linalg.slogdet(X)[1], "symmetric")(X)` is 2 X⁻¹ - X⁻¹ ⊙ I.
    """
    value_and_gradient = value_and_grad(f, structure, reading, argnums, has_aux)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, G = value_and_gradient(*args, **kwargs)
        return (G, value[1]) if has_aux else G

    return gradient


def value_and_grad(
    f: Callable[..., Any],
    structure: Structure | str | Sequence[Structure | str],
    reading: Reading | str = Reading.ENTRYWISE,
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """`jax.value_and_grad` of a scalar function of a structured matrix: (f(X), derivative), the rest as in `grad`."""
    reading = Reading(reading)
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    structures = _structures(structure, len(positions))
    ambient = jax.value_and_grad(f, positions, has_aux)

    @functools.wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        for position, S in zip(positions, structures, strict=True):
            if S.is_square and position < len(args):  # a missing argument is for jax.grad to report
                S.require_shape(jax.numpy.shape(args[position]), f"argument {position}")
        value, gradients = ambient(*args, **kwargs)
        read = tuple(
            S.read(reading, args[position], G) for position, S, G in zip(positions, structures, gradients, strict=True)
        )
        return value, read[0] if isinstance(argnums, int) else read

    return value_and_gradient


def _structures(structure: Structure | str | Sequence[Structure | str], count: int) -> list[Structure]:
    """One structure for every differentiated argument."""
    given = [structure] * count if isinstance(structure, Structure | str) else list(structure)
    if len(given) != count:
        raise MatcalcError(
            f"structure: expected one structure for each of the {count} arguments in argnums, got {len(given)}; "
            "give a single structure for all, or as many as argnums."
        )
    return [S if isinstance(S, Structure) else structure_named(S) for S in given]
