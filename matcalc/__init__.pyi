"""The public names: what `import matcalc` offers, each loaded when it is first used."""

from .catalogue import (
    verify as verify,
)
from .derivations import (
    Derivation as Derivation,
)
from .derivations import (
    derivation as derivation,
)
from .derivative import (
    Derivative as Derivative,
)
from .derivative import (
    derive as derive,
)
from .derivative import (
    derive_each as derive_each,
)
from .errors import (
    DeclarationError as DeclarationError,
)
from .errors import (
    DomainError as DomainError,
)
from .errors import (
    MatcalcError as MatcalcError,
)
from .errors import (
    NoRuleError as NoRuleError,
)
from .errors import (
    ParseError as ParseError,
)
from .errors import (
    ShapeError as ShapeError,
)
from .errors import (
    UnverifiedError as UnverifiedError,
)
from .evaluation.evaluate import (
    function as function,
)
from .expression.algebra import (
    substitute as substitute,
)
from .expression.expr import (
    Expr as Expr,
)
from .expression.expr import (
    Symbol as Symbol,
)
from .expression.scope import (
    parse as parse,
)
from .expression.scope import (
    symbols as symbols,
)
from .expression.simplification import (
    simplify as simplify,
)
from .functions import (
    I as I,
)
from .functions import (
    adj as adj,
)
from .functions import (
    arccos as arccos,
)
from .functions import (
    arcsin as arcsin,
)
from .functions import (
    arctan as arctan,
)
from .functions import (
    blocktrace as blocktrace,
)
from .functions import (
    chol as chol,
)
from .functions import (
    cols as cols,
)
from .functions import (
    commutation as commutation,
)
from .functions import (
    cos as cos,
)
from .functions import (
    cosh as cosh,
)
from .functions import (
    det as det,
)
from .functions import (
    diag as diag,
)
from .functions import (
    divide as divide,
)
from .functions import (
    exp as exp,
)
from .functions import (
    expm as expm,
)
from .functions import (
    eye as eye,
)
from .functions import (
    frechet_expm as frechet_expm,
)
from .functions import (
    frechet_logm as frechet_logm,
)
from .functions import (
    frechet_sqrtm as frechet_sqrtm,
)
from .functions import (
    hadamard as hadamard,
)
from .functions import (
    inv as inv,
)
from .functions import (
    kron as kron,
)
from .functions import (
    log as log,
)
from .functions import (
    logdet as logdet,
)
from .functions import (
    logm as logm,
)
from .functions import (
    logsumexp as logsumexp,
)
from .functions import (
    norm1 as norm1,
)
from .functions import (
    norm2 as norm2,
)
from .functions import (
    ones as ones,
)
from .functions import (
    relu as relu,
)
from .functions import (
    rows as rows,
)
from .functions import (
    sigmoid as sigmoid,
)
from .functions import (
    sign as sign,
)
from .functions import (
    sin as sin,
)
from .functions import (
    sinh as sinh,
)
from .functions import (
    softmax as softmax,
)
from .functions import (
    sqrt as sqrt,
)
from .functions import (
    sqrtm as sqrtm,
)
from .functions import (
    step as step,
)
from .functions import (
    tan as tan,
)
from .functions import (
    tanh as tanh,
)
from .functions import (
    toeplitz as toeplitz,
)
from .functions import (
    toeplitz_mean as toeplitz_mean,
)
from .functions import (
    total as total,
)
from .functions import (
    tr as tr,
)
from .functions import (
    tril as tril,
)
from .functions import (
    triu as triu,
)
from .functions import (
    unvec as unvec,
)
from .functions import (
    vec as vec,
)
from .functions import (
    zeros as zeros,
)
from .gradient import (
    grad as grad,
)
from .gradient import (
    hadamard_correction as hadamard_correction,
)
from .gradient import (
    value_and_grad as value_and_grad,
)
from .inequalities import (
    check_inequality as check_inequality,
)
from .proofreading import (
    proofread as proofread,
)
from .stationarity import (
    check_stationary as check_stationary,
)
from .structure import (
    Reading as Reading,
)
from .structure import (
    Structure as Structure,
)
from .structure import (
    structure_named as structure_named,
)
from .vectorisation import (
    commutation_matrix as commutation_matrix,
)
from .vectorisation import (
    duplication_matrix as duplication_matrix,
)
from .vectorisation import (
    elimination_matrix as elimination_matrix,
)
from .vectorisation import (
    unvech as unvech,
)
from .vectorisation import (
    vech as vech,
)
from .verdict import (
    Verdict as Verdict,
)
from .verdict import (
    check as check,
)
from .verdict import (
    equal as equal,
)

__version__: str
