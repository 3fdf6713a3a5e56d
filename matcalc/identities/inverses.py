"""The inverse of a matrix: entry by entry, as a differential, and through any scalar function of it."""

import jax.numpy as jnp

from matcalc.records import ChainRule, Entry, as_printed, identity

ENTRIES = {"ξ": "X^-1", "x": "X"}
# What a chain rule is tried on: texts, which the engine differentiates, and JAX functions as a user would pass them.
FUNCTIONS = {
    "tr(A*Y)": None,
    "u'*Y*v": None,
    "det(Y)": None,
    "logdet(Y)": None,
    "tr(A*Y^3)": None,
    "sum(sin(Y))": lambda Y: jnp.sum(jnp.sin(Y)),
    "log(sum(exp(Y)))": lambda Y: jnp.log(jnp.sum(jnp.exp(Y))),
}
TILDE = "(X^-1*(G + G .* I)*X^-1)"  # the note's X̃

RECORDS = (
    *identity(
        "N23",
        of="X^-1",
        wrt="X",
        let={"X": "n x n"},
        derivative="-X^-1*dX*X^-1",
        source="N23; PP2012 eq. 40, 59",
        remark="along dX = ∂X/∂x_ij for every free entry of X, on every structure",
    ),
    *as_printed(
        Entry(
            key="N24(1)",
            entries="∂ξ_kl/∂x_ij = -ξ_ki ξ_jl",
            where=ENTRIES,
            let={"X": "n x n"},
            source="N24; PP2012 eq. 60",
            remark="the last index pair is exchanged: it holds only where X⁻¹ is symmetric",
        ),
        entries="∂ξ_kl/∂x_ij = -ξ_ki ξ_lj",
        source="N24",
    ),
    Entry(
        key="N24(2)",
        entries="∂ξ_kl/∂x_ij = -ξ_ki ξ_jl - ξ_kj ξ_il + ξ_ki ξ_jl δ_ij",
        where=ENTRIES,
        let={"X": "n x n symmetric"},
        source="N24",
    ),
    ChainRule(
        key="N25(1)",
        through="X^-1",
        derivative="-X^-1'*G*X^-1'",
        functions=FUNCTIONS,
        let={"X": "n x n"},
        source="N25; PP2012 sec. 2.2",
    ),
    ChainRule(
        key="N25(2)",
        through="X^-1",
        derivative=f"-{TILDE} + 1/2*{TILDE} .* I",
        functions=FUNCTIONS,
        let={"X": "n x n symmetric"},
        source="N25",
    ),
    *identity(
        "bilinear-inverse",
        of="a'*X^-1*b",
        wrt="X",
        let={"X": "n x n", "a": "vector", "b": "vector"},
        derivative="-X^-1'*a*b'*X^-1'",
        source="PP2012 eq. 61",
    ),
    *identity(
        "tr-inverse-A",
        of="tr(X^-1*A)",
        wrt="X",
        let={"X": "n x n"},
        derivative="-(X^-1*A*X^-1)'",
        on={"symmetric": "-X^-1*(A + A')*X^-1 + (X^-1*A*X^-1) .* I"},
        source="PP2012 eq. 63, 138",
    ),
    *identity(
        "tr-AXinvB",
        of="tr(A*X^-1*B)",
        wrt="X",
        let={"X": "n x n"},
        derivative="-(X^-1*B*A*X^-1)'",
        source="PP2012 eq. 124",
    ),
    *identity(
        "tr-inverse-sum",
        of="tr((X + A)^-1)",
        wrt="X",
        let={"X": "n x n"},
        derivative="-((X + A)^-1*(X + A)^-1)'",
        source="PP2012 eq. 64",
    ),
    *identity(
        "tr-inverse-XtCX",
        of="tr((X'*C*X)^-1*A)",
        wrt="X",
        let={"C": "n x n symmetric"},
        derivative="-C*X*(X'*C*X)^-1*(A + A')*(X'*C*X)^-1",
        source="PP2012 eq. 125",
    ),
    *identity(
        "tr-ratio",
        of="tr((X'*C*X)^-1*X'*B*X)",
        wrt="X",
        let={"B": "n x n symmetric", "C": "n x n symmetric"},
        derivative="-2*C*X*(X'*C*X)^-1*X'*B*X*(X'*C*X)^-1 + 2*B*X*(X'*C*X)^-1",
        source="PP2012 eq. 126",
    ),
)
