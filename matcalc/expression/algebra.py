"""The constructors: every expression is built here, and comes out in normal form.

Products are flattened and their rational coefficients exact, scalars stand apart from the chain of matrices, transposes
sit at the leaves, I and 0 are absorbed, X X^-1 cancels, like terms are collected. Nothing here uses the structure of a
symbol (Xᵀ = X for a symmetric X): that is `simplify`'s, so that an expression stays as it was typed until then.
Products of sums are never expanded.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction

from matcalc import shape as shapes
from matcalc.errors import MatcalcError, ShapeError
from matcalc.expression.expr import (
    Apply,
    Call,
    Commutation,
    Compound,
    Constant,
    ElementwisePower,
    Expr,
    Filled,
    Hadamard,
    Identity,
    Number,
    Ones,
    Pi,
    Power,
    Product,
    Scalar,
    Size,
    Sum,
    Symbol,
    Transpose,
    Zeros,
)
from matcalc.shape import ONE as ONE_DIM
from matcalc.shape import RIGID, SCALAR, Dim, Operand, Shape

ONE, ZERO, HALF = Number(Fraction(1)), Number(Fraction(0)), Number(Fraction(1, 2))
MINUS_ONE = Number(Fraction(-1))
PI = Pi()


def expr(value: Expr | Scalar) -> Expr:
    """An expression as it is, or a number as an exact rational."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, (int, float, Fraction)) and not isinstance(value, bool):
        return Number(Fraction(str(value)) if isinstance(value, float) else Fraction(value))
    raise MatcalcError(f"{value!r} of type {type(value).__name__}: expected an expression or a number")


def number(value: Scalar) -> Number:
    """An exact rational constant."""
    return Number(Fraction(value))


def zeros(shape: Shape) -> Expr:
    """The zero of a shape."""
    return ZERO if shape == SCALAR else Zeros(shape)


def ones(shape: Shape) -> Expr:
    """The matrix of ones of a shape."""
    return ONE if shape == SCALAR else Ones(shape)


def eye(n: Dim) -> Expr:
    """The identity matrix."""
    return ONE if n == ONE_DIM else Identity((n, n))


def identity(shape: Shape) -> Expr:
    """The identity matrix of a square shape."""
    return eye(shape[0])


def commutation(n: Dim, m: Dim) -> Expr:
    """K with K vec(A) = vec(A') for A of shape n x m."""
    return eye(n * m) if ONE_DIM in (n, m) else Commutation(n, m)


def size(d: Dim) -> Expr:
    """A dimension as a scalar."""
    return multiply(number(d.factor), *(Size(Dim(1, (name,))) for name in d.names))


def is_zero(e: Expr) -> bool:
    """Whether an expression is the zero of its shape, by its form."""
    return isinstance(e, Zeros) or e == ZERO


def is_natural(e: Expr) -> bool:
    """Whether an expression is a natural number or 0: a power that every scalar, matrix and entry has."""
    return isinstance(e, Number) and e.value >= 0 and e.value.denominator == 1


def _operand(e: Expr) -> Operand:
    from matcalc.expression.text import to_text  # messages only

    return Operand(e.shape, to_text(e))


def _check_same(what: str, items: Iterable[Expr]) -> None:
    first, *rest = items
    for other in rest:
        if first.shape != other.shape:
            rule = shapes.add if what == "sum" else shapes.hadamard
            rule(_operand(first), _operand(other), RIGID)


# --- sums ------------------------------------------------------------------------------------------------------------


def split_coefficient(e: Expr) -> tuple[Fraction, Expr]:
    """An expression as rational coefficient times the rest."""
    if isinstance(e, Number):
        return e.value, ONE
    if isinstance(e, Product) and e.coefficient != 1:
        return e.coefficient, product_of(Fraction(1), e.scalars, e.chain)
    return Fraction(1), e


def add(*operands: Expr | Scalar) -> Expr:
    """The sum of expressions of one shape, like terms collected."""
    terms = [expr(o) for o in operands]
    _check_same("sum", terms)
    collected: dict[Expr, Fraction] = {}
    for term in _flat_terms(terms):
        coefficient, body = split_coefficient(term)
        collected[body] = collected.get(body, Fraction(0)) + coefficient
    result = [scale(c, body) for body, c in collected.items() if c != 0 and not is_zero(body)]
    if not result:
        return zeros(terms[0].shape)
    return result[0] if len(result) == 1 else Sum(tuple(result))


def _flat_terms(terms: Iterable[Expr]) -> Iterable[Expr]:
    for term in terms:
        if isinstance(term, Sum):
            yield from term.terms
        elif (inner := _negated_sum(term)) is not None:
            yield from (negative(t) for t in inner.terms)
        else:
            yield term


def _negated_sum(e: Expr) -> Sum | None:
    if isinstance(e, Product) and e.coefficient == -1 and len(e.args) == 1 and isinstance(e.args[0], Sum):
        return e.args[0]
    return None


def subtract(a: Expr | Scalar, b: Expr | Scalar) -> Expr:
    """a - b."""
    return add(a, negative(b))


def negative(e: Expr | Scalar) -> Expr:
    """-e."""
    return scale(Fraction(-1), expr(e))


# --- products --------------------------------------------------------------------------------------------------------


def scale(coefficient: Fraction, e: Expr) -> Expr:
    """A rational times an expression."""
    if coefficient == 1:
        return e
    if coefficient == 0:
        return zeros(e.shape)
    if isinstance(e, Number):
        return Number(coefficient * e.value)
    if isinstance(e, Product) and not (e.chain and e.is_scalar):
        return product_of(coefficient * e.coefficient, e.scalars, e.chain)
    if isinstance(e, Zeros):
        return e
    return Product(coefficient, (e,), ()) if e.is_scalar else Product(coefficient, (), (e,))


def product_of(coefficient: Fraction, scalars: tuple[Expr, ...], chain: tuple[Expr, ...]) -> Expr:
    """The record of a product, or what it is when little is left."""
    if not scalars and not chain:
        return Number(coefficient)
    if coefficient == 1 and len(scalars) + len(chain) == 1:
        return (scalars + chain)[0]
    return Product(coefficient, scalars, chain)


def multiply(*operands: Expr | Scalar) -> Expr:
    """The product in the given order: scalars commute, matrices chain."""
    coefficient, scalars, chain = Fraction(1), list[Expr](), list[Expr]()
    for factor in map(expr, operands):
        if not factor.is_scalar and chain:
            left = chain[-1]
            if left.shape[1] != factor.shape[0]:
                shapes.multiply(_operand(product_of(Fraction(1), (), tuple(chain))), _operand(factor), RIGID)
        if isinstance(factor, Product):
            coefficient *= factor.coefficient
            if factor.chain and factor.is_scalar:
                scalars.append(factor)
            else:
                scalars += factor.scalars
                chain += factor.chain
        elif isinstance(factor, Number):
            coefficient *= factor.value
        elif factor.is_scalar:
            scalars.append(factor)
        else:
            chain.append(factor)
    shape = (chain[0].shape[0], chain[-1].shape[1]) if chain else SCALAR
    if coefficient == 0 or any(isinstance(f, Zeros) for f in chain):
        return zeros(shape)
    pulled, pieces = _cut(_cancel(chain))
    for piece in pulled:
        coefficient *= piece.value if isinstance(piece, Number) else 1
    scalars += [p for p in pulled if not isinstance(p, Number)]
    factor_out, merged = _merge_scalars(scalars)
    coefficient *= factor_out
    if coefficient == 0:
        return zeros(shape)
    if not pieces and shape != SCALAR:
        pieces = [Identity(shape)]
    inner, rest = _pull_out(pieces)
    if inner:
        return multiply(Number(coefficient), *merged, *inner, *rest)
    return product_of(coefficient, tuple(merged), tuple(pieces))


def _pull_out(chain: list[Expr]) -> tuple[list[Expr], list[Expr]]:
    """Coefficients and scalars that stand inside the factors of a chain, and the chain without them."""
    if not any(isinstance(f, Product) for f in chain):
        return [], chain
    inner: list[Expr] = []
    rest: list[Expr] = []
    for f in chain:
        if isinstance(f, Product):
            inner += [Number(f.coefficient), *f.scalars]
            rest += f.chain
        else:
            rest.append(f)
    return inner, rest


def _base(e: Expr) -> tuple[Expr, Expr]:
    return (e.base, e.exponent) if isinstance(e, Power) else (e, ONE)


def _cancel(chain: list[Expr]) -> list[Expr]:
    """Drop identities, merge neighbouring powers of one base, cancel an inverse against the product it inverts."""
    result: list[Expr] = []
    for factor in chain:
        if isinstance(factor, Identity):
            continue
        result.append(factor)
        while len(result) >= 2 or (result and isinstance(result[-1], Power)):
            if not (_merge_last(result) or _cancel_product(result)):
                break
    return result


def _merge_last(chain: list[Expr]) -> bool:
    if len(chain) < 2:
        return False
    (a, j), (b, k) = _base(chain[-2]), _base(chain[-1])
    if a.shape[0] != a.shape[1] or a != b:
        return False
    merged = power(a, add(j, k))
    chain[-2:] = [] if isinstance(merged, Identity) else [merged]
    return True


def _cancel_product(chain: list[Expr]) -> bool:
    """(A B)^-1 A B, or A B (A B)^-1, at the end of a chain."""
    for start in range(len(chain) - 1):
        for inverse_at, rest in ((start, chain[start + 1 :]), (len(chain) - 1, chain[start:-1])):
            inverse = chain[inverse_at]
            if not (isinstance(inverse, Power) and inverse.exponent == Number(Fraction(-1))):
                continue
            if isinstance(inverse.base, Product) and inverse.base == product_of(Fraction(1), (), tuple(rest)):
                del chain[start:]
                return True
    return False


def _cut(chain: list[Expr]) -> tuple[list[Expr], list[Expr]]:
    """Cut a chain where its inner dimension is 1: the pieces that are scalars, and what stays a chain."""
    scalars: list[Expr] = []
    rest: list[Expr] = []
    piece: list[Expr] = []
    for factor in chain:
        piece.append(factor)
        if factor.shape[1] == ONE_DIM:
            if piece[0].shape[0] == ONE_DIM:
                scalars.append(_scalar_chain(piece))
            else:
                rest += piece
            piece = []
    return scalars, rest + piece


def _scalar_chain(chain: list[Expr]) -> Expr:
    """A 1 x 1 chain, turned so that it is written with the fewer transposes."""
    if len(chain) == 1:
        return chain[0]
    inner, rest = _pull_out(chain)
    if inner:
        return multiply(*inner, *rest)
    turned = [transpose(f) for f in reversed(chain)]
    if _transposes(turned) < _transposes(chain):
        chain = turned
    if len(chain) == 2 and isinstance(chain[0], Ones):
        return chain[1] if chain[1].is_scalar else call("sum", chain[1])
    return Product(Fraction(1), (), tuple(chain))


def _transposes(chain: Iterable[Expr]) -> int:
    return sum(isinstance(f, Transpose) or (isinstance(f, Power) and isinstance(f.base, Transpose)) for f in chain)


def _merge_scalars(scalars: Iterable[Expr]) -> tuple[Fraction, list[Expr]]:
    """Collect powers of one base; the rational part apart."""
    exponents: dict[Expr, Expr] = {}
    for s in scalars:
        base, exponent = _base(s)
        exponents[base] = add(exponents[base], exponent) if base in exponents else exponent
    _absorb(exponents)
    coefficient, result = Fraction(1), list[Expr]()
    for base, exponent in exponents.items():
        factor = power(base, exponent)
        if isinstance(factor, Number):
            coefficient *= factor.value
        elif isinstance(factor, Product) and not (factor.chain and factor.is_scalar):
            coefficient *= factor.coefficient
            result += factor.scalars
        else:
            result.append(factor)
    return coefficient, result


def _absorb(exponents: dict[Expr, Expr]) -> None:
    """(c d)^(-1/2) · c · d is (c d)^(1/2): a root of a product takes in its own factors."""
    for base, exponent in list(exponents.items()):
        if isinstance(base, Product) and not base.chain and isinstance(exponent, Number):
            for sign in (ONE, MINUS_ONE):
                _absorb_whole(exponents, base, sign)


def _absorb_whole(exponents: dict[Expr, Expr], base: Product, sign: Expr) -> None:
    parts = [(b, multiply(sign, k)) for b, k in map(_base, base.scalars)]
    coefficient = Number(base.coefficient)
    while all(b in exponents and _covers(exponents[b], k) for b, k in parts):
        for b, k in parts:
            exponents[b] = subtract(exponents[b], k)
        exponents[base] = add(exponents[base], sign)
        exponents[coefficient] = subtract(exponents.get(coefficient, ZERO), sign)


def _covers(exponent: Expr, part: Expr) -> bool:
    """Whether a power contains another: 3 and 2, n and n, but not 1 and 2."""
    if exponent == part:
        return True
    return (isinstance(exponent, Number) and isinstance(part, Number)
            and exponent.value * part.value > 0 and abs(exponent.value) >= abs(part.value))  # fmt: skip


def divide(a: Expr | Scalar, b: Expr | Scalar) -> Expr:
    """a / b for a scalar b."""
    a, b = expr(a), expr(b)
    if not b.is_scalar:
        shapes.divide(_operand(a), _operand(b), RIGID)
    if b == ZERO:
        raise MatcalcError(f"division of {_operand(a).text} by zero")
    return multiply(a, power(b, MINUS_ONE))


# --- transpose, powers -----------------------------------------------------------------------------------------------

# f(Aᵀ) = f(A)ᵀ for these; the triangles change places.
_TRANSPOSE_INSIDE = {name: name for name in ("adj", "expm", "logm", "sqrtm", "kron", "toeplitz", "toeplitz_mean",
                     "frechet_expm", "frechet_logm", "frechet_sqrtm")} | {"tril": "triu", "triu": "tril"}  # fmt: skip


def transpose(e: Expr | Scalar) -> Expr:
    """The transpose, pushed to the leaves."""
    e = expr(e)
    match e:
        case Transpose(of):
            return of
        case _ if e.is_scalar:
            return e
        case Sum(terms):
            return add(*map(transpose, terms))
        case Product(coefficient, scalars, chain):
            return product_of(coefficient, scalars, tuple(transpose(f) for f in reversed(chain)))
        case Power(base, exponent):
            return power(transpose(base), exponent)
        case Hadamard(factors):
            return hadamard(*map(transpose, factors))
        case ElementwisePower(base, exponent):
            return elementwise_power(transpose(base), exponent)
        case Apply(function, argument):
            return apply(function, transpose(argument))
        case Call(function, arguments) if function in _TRANSPOSE_INSIDE:
            return call(_TRANSPOSE_INSIDE[function], *map(transpose, arguments), sizes=e.sizes)
        case Call("diag") if e.shape[0] == e.shape[1]:
            return e
        case Commutation(of=(n, m)):
            return commutation(m, n)
        case Filled((n, m)):
            return type(e)((m, n))
    return Transpose(e)


def power(base: Expr | Scalar, exponent: Expr | Scalar) -> Expr:
    """A scalar to any power, or a square matrix to an integer power."""
    base, exponent = expr(base), expr(exponent)
    if exponent == ONE:
        return base
    if not base.is_scalar:
        return _matrix_power(base, exponent)
    if exponent == ZERO:
        return ONE
    if base == ONE:
        return ONE
    if isinstance(exponent, Number):
        return _rational_power(base, exponent.value)
    if isinstance(base, Power) and is_positive(base.base):
        return power(base.base, multiply(base.exponent, exponent))
    return Power(base, exponent)


def _rational_power(base: Expr, k: Fraction) -> Expr:
    if isinstance(base, Number):
        return _number_power(base, k)
    if isinstance(base, Power) and (k.denominator == 1 or is_positive(base.base)):
        return power(base.base, multiply(base.exponent, number(k)))
    if isinstance(base, Apply) and base.function == "exp":
        return apply("exp", multiply(number(k), base.argument))
    if isinstance(base, Product) and not base.chain and k.denominator == 1:
        return multiply(_number_power(Number(base.coefficient), k), *(power(s, number(k)) for s in base.scalars))
    return Power(base, Number(k))


def _number_power(base: Number, k: Fraction) -> Expr:
    if base.value == 0 and k < 0:
        raise MatcalcError("division by zero")
    if k.denominator == 1:
        if abs(k) * max(base.value.numerator.bit_length(), base.value.denominator.bit_length()) > 4096:
            return Power(base, Number(k))
        return Number(base.value ** int(k))
    if base.value < 0:
        raise MatcalcError(f"{base.value} to the power {k} is not real")
    roots = [round(part ** (1 / k.denominator)) for part in (base.value.numerator, base.value.denominator)]
    if [r**k.denominator for r in roots] == [base.value.numerator, base.value.denominator]:
        return Number(Fraction(*roots) ** k.numerator)
    return Power(base, Number(k))


def _matrix_power(base: Expr, exponent: Expr) -> Expr:
    if base.shape[0] != base.shape[1] or not exponent.is_scalar:
        shapes.power(_operand(base), _operand(exponent), RIGID)
    if not (isinstance(exponent, Number) and exponent.value.denominator == 1):
        raise ShapeError(
            f"power: {_operand(base)} can be raised to an integer only, not to {_operand(exponent).text}; "
            "sqrtm, expm and logm give other functions of a matrix"
        )
    k = exponent.value
    if k == 0:
        return Identity(base.shape)
    if isinstance(base, (Identity, Power)):
        return base if isinstance(base, Identity) else power(base.base, multiply(base.exponent, exponent))
    if isinstance(base, Zeros):
        if k < 0:
            raise MatcalcError("the inverse of a zero matrix does not exist")
        return base
    if isinstance(base, Product) and (base.coefficient != 1 or base.scalars):
        bare = product_of(Fraction(1), (), base.chain)
        return multiply(power(Number(base.coefficient), exponent), *(power(s, exponent) for s in base.scalars),
                        power(bare, exponent))  # fmt: skip
    if isinstance(base, Call) and base.function == "diag" and base.arguments[0].shape[1] == ONE_DIM:
        return call("diag", elementwise_power(base.arguments[0], exponent))
    match base:
        case Commutation(of=(n, m)) if n == m:
            return base if k % 2 else Identity(base.shape)
        case Commutation() if k == -1:
            return transpose(base)
    if isinstance(base, Ones) and k < 0:
        raise MatcalcError(f"the inverse of {_operand(base).text} does not exist: it has rank 1")
    return Power(base, exponent)


def inv(e: Expr) -> Expr:
    """The inverse."""
    return power(e, MINUS_ONE)


def is_positive(e: Expr) -> bool:
    """Whether a scalar is positive by its form: declared so, a positive number, exp, a sum or product of such."""
    match e:
        case Symbol(structure="positive") | Pi() | Size() | Apply("exp" | "sigmoid" | "cosh"):
            return True
        case Number(value):
            return value > 0
        case Product(coefficient, scalars, ()):
            return coefficient > 0 and all(map(is_positive, scalars))
        case Power(base):
            return e.is_scalar and is_positive(base)
        case Sum(terms):
            return e.is_scalar and all(map(is_positive, terms))
    return False


# --- elementwise -----------------------------------------------------------------------------------------------------


def hadamard(*operands: Expr | Scalar) -> Expr:
    """The elementwise product; scalars multiply."""
    items = [expr(o) for o in operands]
    scalars = [e for e in items if e.is_scalar]
    matrices = [e for e in items if not e.is_scalar]
    if not matrices:
        return multiply(*scalars)
    _check_same("elementwise product or quotient", matrices)
    coefficient = Fraction(1)
    exponents: dict[Expr, Expr] = {}
    for factor in _flat_factors(matrices):
        if isinstance(factor, Product):
            coefficient *= factor.coefficient
            scalars += factor.scalars
            factor = product_of(Fraction(1), (), factor.chain)
        base, k = (factor.base, factor.exponent) if isinstance(factor, ElementwisePower) else (factor, ONE)
        if not isinstance(base, Ones):
            exponents[base] = add(exponents[base], k) if base in exponents else k
    shape = matrices[0].shape
    if any(isinstance(base, Zeros) for base in exponents):
        return zeros(shape)
    factors = [f for b, k in exponents.items() if not isinstance(f := elementwise_power(b, k), Ones)]
    body = ones(shape) if not factors else factors[0] if len(factors) == 1 else Hadamard(tuple(factors))
    return multiply(Number(coefficient), *scalars, body)


def _flat_factors(factors: Iterable[Expr]) -> Iterable[Expr]:
    for f in factors:
        match f:
            case Hadamard(inner):
                yield from inner
            case Product(coefficient, scalars, (Hadamard(inner),)):
                yield from inner
                yield multiply(Number(coefficient), *scalars, ones(f.shape))
            case _:
                yield f


def elementwise_divide(a: Expr | Scalar, b: Expr | Scalar) -> Expr:
    """a ./ b."""
    return hadamard(a, elementwise_power(b, MINUS_ONE))


def elementwise_power(base: Expr | Scalar, exponent: Expr | Scalar) -> Expr:
    """Every entry to a scalar power, or to the power in the same place."""
    base, exponent = expr(base), expr(exponent)
    if not exponent.is_scalar:
        shapes.elementwise_power(_operand(base), _operand(exponent), RIGID)
        if base.is_scalar:
            base = multiply(base, ones(exponent.shape))
        return apply("exp", hadamard(exponent, apply("log", base)))
    if base.is_scalar:
        return power(base, exponent)
    if exponent == ONE:
        return base
    if exponent == ZERO:
        return ones(base.shape)
    match base:
        case Ones():
            return base
        case Identity() | Zeros() if isinstance(exponent, Number) and exponent.value > 0:
            return base
        case ElementwisePower(inner, k) if isinstance(exponent, Number) and exponent.value.denominator == 1:
            return elementwise_power(inner, multiply(k, exponent))
        case Apply("exp", argument):
            return apply("exp", multiply(exponent, argument))
        case Product(coefficient, scalars, chain) if coefficient != 1 or scalars:
            if isinstance(exponent, Number) and exponent.value.denominator == 1:
                outside = power(product_of(coefficient, scalars, ()), exponent)
                return multiply(outside, elementwise_power(product_of(Fraction(1), (), chain), exponent))
        case Hadamard(factors) if isinstance(exponent, Number) and exponent.value.denominator == 1:
            return hadamard(*(elementwise_power(f, exponent) for f in factors))
    return ElementwisePower(base, exponent)


_AT_ZERO = {"exp": 1, "cos": 1, "cosh": 1, "sin": 0, "tan": 0, "tanh": 0, "sinh": 0, "arcsin": 0, "arctan": 0,
            "abs": 0, "sign": 0, "relu": 0, "step": 0}  # fmt: skip


def apply(function: str, argument: Expr | Scalar) -> Expr:
    """A function of one variable on every entry."""
    argument = expr(argument)
    if function not in shapes.ELEMENTWISE:
        raise MatcalcError(f"{function}: not an elementwise function; there are {', '.join(shapes.ELEMENTWISE)}")
    if function == "sqrt":
        return elementwise_power(argument, HALF)
    if is_zero(argument) and function in _AT_ZERO:
        return multiply(number(_AT_ZERO[function]), ones(argument.shape))
    if function == "log" and argument == ONE:
        return ZERO
    if function == "log" and isinstance(argument, Apply) and argument.function == "exp":
        return argument.argument
    if function == "exp" and isinstance(argument, Apply) and argument.function == "log":
        return argument.argument
    if isinstance(argument, Number) and function in ("abs", "sign", "relu", "step"):
        v = argument.value
        step = Fraction(v > 0)
        return Number({"abs": abs(v), "sign": step - (v < 0), "relu": v * step, "step": step}[function])
    return Apply(function, argument)


# --- functions of matrices -------------------------------------------------------------------------------------------


def call(function: str, *operands: Expr | Scalar, sizes: tuple[Dim, ...] = ()) -> Expr:
    """A function of the language by its name."""
    from matcalc.expression.shortcuts import SHORTCUTS  # they are built on this module

    args = tuple(expr(o) for o in operands)
    if function in shapes.ELEMENTWISE:
        shapes.call(function, [Operand(a.shape, "") for a in args], sizes, RIGID)
        return apply(function, *args)
    if function not in shapes.SIGNATURES:
        raise MatcalcError(f"{function}: there is no such function")
    try:
        result_shape = shapes.call(function, [Operand(a.shape, "") for a in args], sizes, RIGID)
    except ShapeError:
        result_shape = shapes.call(function, [_operand(a) for a in args], sizes, RIGID)
    if function == "inv":
        return inv(args[0])
    if function == "commutation":
        return commutation(*sizes)
    if any(is_zero(a) for a in args) and (
        function in LINEAR or (function.startswith("frechet") and any(map(is_zero, args[1:])))
    ):
        return zeros(result_shape)
    shortcut = SHORTCUTS.get(function)
    if shortcut is not None and (short := shortcut(*args, *sizes)) is not None:
        return short
    if len(args) == 1 and function in LINEAR and isinstance(args[0], Product):
        coefficient, scalars, chain = args[0].coefficient, args[0].scalars, args[0].chain
        if chain and (coefficient != 1 or scalars):
            return multiply(
                Number(coefficient), *scalars, call(function, product_of(Fraction(1), (), chain), sizes=sizes)
            )
    return Call(function, args, tuple(sizes), result_shape)


LINEAR = frozenset({"tr", "sum", "vec", "unvec", "diag", "tril", "triu", "toeplitz", "toeplitz_mean", "blocktrace",
                    "rearrange", "kron"})  # fmt: skip


def is_constant(e: Expr) -> bool:
    """Whether no symbol occurs."""
    return isinstance(e, Constant) or not e.symbols


def substitute(e: Expr, replacements: dict[Symbol, Expr]) -> Expr:
    """Replace symbols by expressions of the same shape, all at once: X by X^-1, or A by B and B by A.

    Raises:
        ShapeError: a replacement has another shape than its symbol.
    """
    for symbol, value in replacements.items():
        if symbol.shape != value.shape:
            raise ShapeError(f"substitution: {_operand(value)} cannot stand for {_operand(symbol)}")
    memo: dict[int, Expr] = {}

    def walk(node: Expr) -> Expr:
        if isinstance(node, Symbol):
            return replacements.get(node, node)
        if id(node) not in memo:
            args = tuple(map(walk, node.args))
            changed = any(a is not b for a, b in zip(args, node.args, strict=True))
            memo[id(node)] = node.rebuild(args) if changed else node  # type: ignore[attr-defined]
        return memo[id(node)]

    return walk(e)


def rewrite(e: Expr, rule: Callable[[Expr], Expr | None]) -> Expr:
    """Rebuild an expression from its leaves, taking `rule(node)` wherever it gives something."""
    memo: dict[int, Expr] = {}

    def walk(node: Expr) -> Expr:
        key = id(node)
        if key not in memo:
            now = node
            if isinstance(node, Compound):
                args = [walk(a) for a in node.args]
                if any(a is not b for a, b in zip(args, node.args, strict=True)):
                    now = node.rebuild(tuple(args))
            replaced = rule(now)
            memo[key] = now if replaced is None else replaced
        return memo[key]

    return walk(e)
