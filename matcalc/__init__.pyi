"""The public names: what `import matcalc` offers, each loaded when it is first used."""

from .catalogue import (
    verify as verify,
)
from .algebra import (
    substitute as substitute,
)
from .claims import (
    check_inequality as check_inequality,
)
from .claims import (
    check_stationary as check_stationary,
)
from .derivations import (
    Derivation as Derivation,
)
from .derivations import (
    derivation as derivation,
)
from .derivative import (
    Derivative as Derivative,
    derive as derive,
    derive_each as derive_each,
)
from .errors import (
    DeclarationError as DeclarationError,
    DomainError as DomainError,
    MatcalcError as MatcalcError,
    NoRuleError as NoRuleError,
    ParseError as ParseError,
    ShapeError as ShapeError,
    UnverifiedError as UnverifiedError,
)
from .evaluate import (
    function as function,
)
from .expr import (
    Expr as Expr,
    Symbol as Symbol,
)
from .functions import (
    I as I,
    adj as adj,
    arccos as arccos,
    arcsin as arcsin,
    arctan as arctan,
    blocktrace as blocktrace,
    chol as chol,
    cols as cols,
    commutation as commutation,
    cos as cos,
    cosh as cosh,
    det as det,
    diag as diag,
    divide as divide,
    exp as exp,
    expm as expm,
    eye as eye,
    frechet_expm as frechet_expm,
    frechet_logm as frechet_logm,
    frechet_sqrtm as frechet_sqrtm,
    hadamard as hadamard,
    inv as inv,
    kron as kron,
    log as log,
    logdet as logdet,
    logm as logm,
    logsumexp as logsumexp,
    norm1 as norm1,
    norm2 as norm2,
    ones as ones,
    relu as relu,
    rows as rows,
    sigmoid as sigmoid,
    sign as sign,
    sin as sin,
    sinh as sinh,
    softmax as softmax,
    sqrt as sqrt,
    sqrtm as sqrtm,
    step as step,
    tan as tan,
    tanh as tanh,
    toeplitz as toeplitz,
    toeplitz_mean as toeplitz_mean,
    total as total,
    tr as tr,
    tril as tril,
    triu as triu,
    unvec as unvec,
    vec as vec,
    zeros as zeros,
)
from .gradient import (
    grad as grad,
    hadamard_correction as hadamard_correction,
    value_and_grad as value_and_grad,
)
from .proofreading import (
    proofread as proofread,
)
from .scope import (
    parse as parse,
    symbols as symbols,
)
from .simplification import (
    simplify as simplify,
)
from .structure import (
    Reading as Reading,
    Structure as Structure,
    structure_named as structure_named,
)
from .vectorisation import (
    commutation_matrix as commutation_matrix,
    duplication_matrix as duplication_matrix,
    elimination_matrix as elimination_matrix,
    unvech as unvech,
    vech as vech,
)
from .verdict import (
    Verdict as Verdict,
    check as check,
    equal as equal,
)

__version__: str
