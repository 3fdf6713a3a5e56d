"""A proof-reader for matrix calculus: derive a derivative, check a claimed one, prove the identities against JAX."""

from matcalc.algebra import substitute
from matcalc.claims import check_inequality, check_stationary
from matcalc.derivations import Derivation, derivation
from matcalc.derivative import Derivative, derive, derive_each
from matcalc.errors import (
    DeclarationError,
    DomainError,
    MatcalcError,
    NoRuleError,
    ParseError,
    ShapeError,
    UnverifiedError,
)
from matcalc.evaluate import function
from matcalc.expr import Expr, Symbol
from matcalc.functions import (
    I,
    adj,
    arccos,
    arcsin,
    arctan,
    blocktrace,
    chol,
    cols,
    commutation,
    cos,
    cosh,
    det,
    diag,
    divide,
    exp,
    expm,
    eye,
    frechet_expm,
    frechet_logm,
    frechet_sqrtm,
    hadamard,
    inv,
    kron,
    log,
    logdet,
    logm,
    logsumexp,
    norm1,
    norm2,
    ones,
    relu,
    rows,
    sigmoid,
    sign,
    sin,
    sinh,
    softmax,
    sqrt,
    sqrtm,
    step,
    tan,
    tanh,
    toeplitz,
    toeplitz_mean,
    total,
    tr,
    tril,
    triu,
    unvec,
    vec,
    zeros,
)
from matcalc.gradient import grad, hadamard_correction, value_and_grad
from matcalc.proofreading import proofread
from matcalc.scope import parse, symbols
from matcalc.simplify import simplify
from matcalc.structure import Reading, Structure, structure_named
from matcalc.vectorisation import commutation_matrix, duplication_matrix, elimination_matrix, unvech, vech
from matcalc.verdict import Verdict, check, equal

__version__ = "0.1.0"

__all__ = [name for name in dir() if not name.startswith("_")]
