"""Turn around: a linear expression in dX made into the gradient or the matrix that it stands for.

`gradient`: from df = <g, L dX> to df = <L* g, dX>, one rule per linear node. `matrix_form`: from dF linear in dX to J
with vec dF = J vec dX, columns stacked (MN2019, chapter 9).
"""

from functools import singledispatch

from matcalc.differentiation.differential import inner_product
from matcalc.errors import NoRuleError
from matcalc.expression.algebra import (
    ONE,
    add,
    apply,
    call,
    commutation,
    eye,
    hadamard,
    inv,
    is_zero,
    multiply,
    ones,
    subtract,
    transpose,
    zeros,
)
from matcalc.expression.expr import Call, Constant, Expr, Hadamard, Number, Product, Sum, Symbol, Transpose
from matcalc.shape import ONE as ONE_DIM
from matcalc.shape import Dim, Shape


def gradient(linear: Expr, d: Symbol) -> Expr:
    """G with `linear` = <G, d> for a scalar expression that is linear in `d`.

    Raises:
        NoRuleError: an operation in it is not linear, or has no adjoint here.
    """
    return pull(linear, ONE, d)


def pull(e: Expr, g: Expr, d: Symbol) -> Expr:
    """The G with <g, e> = <G, d>."""
    if d.name not in e.names or is_zero(g):
        return zeros(d.shape)
    return adjoint(e, g, d)


@singledispatch
def adjoint(e: Expr, g: Expr, d: Symbol) -> Expr:
    """The rule of a node in which `d` occurs."""
    raise NoRuleError(f"{type(e).__name__}: not linear in {d.name}, or no rule for its adjoint")


@adjoint.register
def _(e: Constant, g: Expr, d: Symbol) -> Expr:
    return zeros(d.shape)


@adjoint.register
def _(e: Symbol, g: Expr, d: Symbol) -> Expr:
    return g


@adjoint.register
def _(e: Sum, g: Expr, d: Symbol) -> Expr:
    return add(*(pull(t, g, d) for t in e.terms))


def _moving(e: Product | Hadamard | Call, d: Symbol) -> int:
    """The place of the one operand that moves."""
    places = [k for k, a in enumerate(e.args) if d.name in a.names]
    if len(places) != 1:
        raise NoRuleError(f"a product with {d.name} in {len(places)} factors is not linear in it")
    return places[0]


@adjoint.register
def _(e: Product, g: Expr, d: Symbol) -> Expr:
    """<g, c L M R> = <c L' g R', M>, and <g, s M> = <<g, M>, s>."""
    k = _moving(e, d)
    factor, before, after = e.args[k], e.args[:k], e.args[k + 1 :]
    if factor.is_scalar:
        rest = multiply(Number(e.coefficient), *before, *after)
        return pull(factor, inner_product(g, rest), d)
    scalars = [f for f in before if f.is_scalar]
    left = [transpose(f) for f in reversed(before) if not f.is_scalar]
    right = [transpose(f) for f in reversed(after)]
    return pull(factor, multiply(Number(e.coefficient), *scalars, *left, g, *right), d)


@adjoint.register
def _(e: Transpose, g: Expr, d: Symbol) -> Expr:
    return pull(e.of, transpose(g), d)


@adjoint.register
def _(e: Hadamard, g: Expr, d: Symbol) -> Expr:
    k = _moving(e, d)
    return pull(e.factors[k], hadamard(*e.factors[:k], g, *e.factors[k + 1 :]), d)


@adjoint.register
def _(e: Call, g: Expr, d: Symbol) -> Expr:
    if e.function not in ADJOINTS:
        raise NoRuleError(f"{e.function}: not linear, or no rule for its adjoint")
    return ADJOINTS[e.function](e, g, d)


def _kronecker(e: Call, g: Expr, d: Symbol) -> Expr:
    """<g, A ⊗ M> = <blocktrace((A' ⊗ I) g), M>; M ⊗ B is turned into B ⊗ M by two commutations."""
    a, b = e.arguments
    if (columns := _columns_of_outer(g)) is not None:
        return _kronecker_of_outer(e, *columns, d)
    if _moving(e, d) == 1:
        fixed, moving = a, b
    else:
        fixed, moving = b, a
        (p, q), (r, s) = a.shape, b.shape
        g = multiply(commutation(r, p), g, commutation(q, s))
    back = multiply(call("kron", transpose(fixed), eye(moving.shape[0])), g)
    return pull(moving, call("blocktrace", back, sizes=(fixed.shape[1],)), d)


def _columns_of_outer(g: Expr) -> tuple[Expr, Expr] | None:
    """u and w of a matrix u w'; a column is one, and a row."""
    if g.shape[1] == ONE_DIM:
        return g, ONE
    chain = g.chain if isinstance(g, Product) else (g,)
    for k, factor in enumerate(chain):
        if factor.shape[0] == ONE_DIM:
            scalars = [Number(g.coefficient), *g.scalars] if isinstance(g, Product) else []
            return multiply(*scalars, *chain[:k]), transpose(multiply(*chain[k:]))
    return None


def _kronecker_of_outer(e: Call, u: Expr, w: Expr, d: Symbol) -> Expr:
    """<u w', A ⊗ B> = u' (A ⊗ B) w = tr(U' B W A') with u = vec U and w = vec W."""
    a, b = e.arguments
    U = call("unvec", u, sizes=(b.shape[0], a.shape[0]))
    W = call("unvec", w, sizes=(b.shape[1], a.shape[1]))
    if _moving(e, d) == 1:
        return pull(b, multiply(U, a, transpose(W)), d)
    return pull(a, multiply(transpose(U), b, W), d)


def _rearrange(e: Call, g: Expr, d: Symbol) -> Expr:
    """<vec(A) vec(B)', R(M)> = <A ⊗ B, M>, and A' ⊗ B' is vec(A) vec(B)' rearranged, up to two commutations."""
    (p, q), (r, s) = e.sizes, _inner_block(e)
    back = multiply(commutation(q, s), call("rearrange", g, sizes=(q, s)), commutation(r, p))
    return pull(e.arguments[0], transpose(back), d)


def _inner_block(e: Call) -> Shape:
    """The shape of the blocks that `rearrange` turns into rows."""
    rows, columns = (whole.over(count) for whole, count in zip(e.arguments[0].shape, e.sizes, strict=True))
    assert rows is not None, "checked when the call was built"
    assert columns is not None
    return rows, columns


def _frechet(e: Call, g: Expr, d: Symbol) -> Expr:
    """<g, Df(X)[E]> = <Df(X')[g], E>; further directions are transposed along."""
    x, moving, others = _direction(e, d)
    return pull(moving, call(e.function, transpose(x), *map(transpose, others), g), d)


def _direction(e: Call, d: Symbol) -> tuple[Expr, Expr, list[Expr]]:
    """The point of a Fréchet derivative, the direction that moves, and the other directions."""
    k = _moving(e, d)
    x, *along = e.arguments
    if k == 0:
        raise NoRuleError(f"{e.function}: not linear in its first argument")
    return x, along.pop(k - 1), along


ADJOINTS = {
    "tr": lambda e, g, d: pull(e.arguments[0], multiply(g, eye(e.arguments[0].shape[0])), d),
    "sum": lambda e, g, d: pull(e.arguments[0], multiply(g, ones(e.arguments[0].shape)), d),
    "vec": lambda e, g, d: pull(e.arguments[0], call("unvec", g, sizes=e.arguments[0].shape), d),
    "unvec": lambda e, g, d: pull(e.arguments[0], call("vec", g), d),
    "diag": lambda e, g, d: pull(e.arguments[0], call("diag", g), d),
    "kron": _kronecker,
    "blocktrace": lambda e, g, d: pull(e.arguments[0], call("kron", eye(e.sizes[0]), g), d),
    "rearrange": _rearrange,
    **{name: (lambda e, g, d: pull(e.arguments[0], call(e.function, g), d))
       for name in ("tril", "triu", "toeplitz", "toeplitz_mean")},
    **{f"frechet_{name}": _frechet for name in ("expm", "logm", "sqrtm")},
}  # fmt: skip


def matrix_form(e: Expr, d: Symbol) -> Expr:
    """J with vec(e) = J vec(d), for an expression that is linear in `d`.

    Raises:
        NoRuleError: the linear map has no matrix in the language.
    """
    if d.name not in e.names:
        return zeros((e.shape[0] * e.shape[1], d.shape[0] * d.shape[1]))
    return vectorised(e, d)


@singledispatch
def vectorised(e: Expr, d: Symbol) -> Expr:
    """The rule of a node in which `d` occurs."""
    raise NoRuleError(f"{type(e).__name__}: no rule for its matrix form")


@vectorised.register
def _(e: Symbol, d: Symbol) -> Expr:
    return eye(e.shape[0] * e.shape[1])


@vectorised.register
def _(e: Sum, d: Symbol) -> Expr:
    return add(*(matrix_form(t, d) for t in e.terms))


@vectorised.register
def _(e: Transpose, d: Symbol) -> Expr:
    """vec(M') = K vec(M)."""
    return multiply(commutation(*e.of.shape), matrix_form(e.of, d))


@vectorised.register
def _(e: Product, d: Symbol) -> Expr:
    """vec(A M B) = (B' ⊗ A) vec(M), and vec(s M) = vec(M) vec(grad s)'."""
    k = _moving(e, d)
    factor, before, after = e.args[k], e.args[:k], e.args[k + 1 :]
    if factor.is_scalar:
        rest = multiply(Number(e.coefficient), *before, *after)
        return multiply(call("vec", rest), transpose(call("vec", gradient(factor, d))))
    scalars = [f for f in before if f.is_scalar]
    left = [f for f in before if not f.is_scalar]
    if _is_diagonal_matrix(factor) and after and after[-1].shape[1] == ONE_DIM:
        # diag(u) v = v ⊙ u keeps the Jacobian of a vector free of Kronecker products
        swapped = hadamard(multiply(*after), factor.args[0])
        return matrix_form(multiply(Number(e.coefficient), *scalars, *left, swapped), d)
    if isinstance(factor, Sum) and e.shape[1] == d.shape[1] == ONE_DIM != factor.shape[1]:
        # (dx x' + x dx') y is (x'y) dx + (dx'y) x: no Kronecker product in the Jacobian of a vector
        terms = (multiply(Number(e.coefficient), *before, t, *after) for t in factor.terms)
        return matrix_form(add(*terms), d)
    outer = multiply(*left) if left else eye(factor.shape[0])
    inner = transpose(multiply(*after)) if after else eye(factor.shape[1])
    return multiply(Number(e.coefficient), *scalars, call("kron", inner, outer), matrix_form(factor, d))


def _is_diagonal_matrix(e: Expr) -> bool:
    """Whether an expression is diag(v) of a column v."""
    return isinstance(e, Call) and e.function == "diag" and e.shape[1] != ONE_DIM


@vectorised.register
def _(e: Hadamard, d: Symbol) -> Expr:
    """vec(H ⊙ M) = diag(vec H) vec(M)."""
    k = _moving(e, d)
    rest = hadamard(*e.factors[:k], *e.factors[k + 1 :])
    return multiply(call("diag", call("vec", rest)), matrix_form(e.factors[k], d))


@vectorised.register
def _(e: Call, d: Symbol) -> Expr:
    if e.function not in MATRIX_FORMS:
        raise NoRuleError(f"{e.function}: this linear map has no matrix in the language")
    return MATRIX_FORMS[e.function](e, d)


def _selection(n: Dim) -> Expr:
    """E with vec(diag(v)) = E v: (I ⊗ 1) ⊙ (1 ⊗ I)."""
    column = ones((n, ONE_DIM))
    return hadamard(call("kron", eye(n), column), call("kron", column, eye(n)))


def _diag(e: Call, d: Symbol) -> Expr:
    m = e.arguments[0]
    if m.shape[1] == ONE_DIM:
        return multiply(_selection(m.shape[0]), matrix_form(m, d))
    if isinstance(m, Product) and (swapped := _diagonal_of_product(m, d)) is not None:
        return swapped
    return multiply(transpose(_selection(m.shape[0])), matrix_form(m, d))


def _diagonal_of_product(m: Product, d: Symbol) -> Expr | None:
    """diag(A diag(w) B) = (A ⊙ B') w."""
    k = _moving(m, d)
    factor = m.args[k]
    if not _is_diagonal_matrix(factor):
        return None
    n = factor.shape[0]
    scalars = [f for f in m.args[:k] if f.is_scalar]
    left = multiply(*[f for f in m.args[:k] if not f.is_scalar]) if len(scalars) < k else eye(n)
    right = multiply(*m.args[k + 1 :]) if m.args[k + 1 :] else eye(n)
    weights = hadamard(left, transpose(right))
    return multiply(Number(m.coefficient), *scalars, weights, matrix_form(factor.args[0], d))


def _kron(e: Call, d: Symbol) -> Expr:
    """vec(A ⊗ B) = (I_q ⊗ K_sp ⊗ I_r)(vec A ⊗ vec B) for A p x q, B r x s (MN2019, theorem 3.10)."""
    a, b = e.arguments
    shuffle = _shuffle(a.shape, b.shape)
    if _moving(e, d) == 1:
        return multiply(shuffle, _beside(a, b.shape), matrix_form(b, d))
    split = call("kron", eye(a.shape[0] * a.shape[1]), call("vec", b))
    return multiply(shuffle, split, matrix_form(a, d))


def _shuffle(of_a: Shape, of_b: Shape) -> Expr:
    (p, q), (r, s) = of_a, of_b
    return call("kron", eye(q), call("kron", commutation(s, p), eye(r)))


def _beside(a: Expr, of_b: Shape) -> Expr:
    """vec A ⊗ I: what takes vec B to vec A ⊗ vec B."""
    return call("kron", call("vec", a), eye(of_b[0] * of_b[1]))


def _blocktrace(e: Call, d: Symbol) -> Expr:
    """The trace over blocks is the adjoint of M -> I ⊗ M, and so is its matrix."""
    identity = eye(e.sizes[0])
    spread = multiply(_shuffle(identity.shape, e.shape), _beside(identity, e.shape))
    return multiply(transpose(spread), matrix_form(e.arguments[0], d))


def _rearranged(e: Call, d: Symbol) -> Expr:
    """vec R(A ⊗ B) = vec B ⊗ vec A."""
    (p, q), (r, s) = e.sizes, _inner_block(e)
    order = multiply(commutation(r * s, p * q), transpose(_shuffle((p, q), (r, s))))
    return multiply(order, matrix_form(e.arguments[0], d))


def _toeplitz(e: Call, d: Symbol) -> Expr:
    return multiply(_same_diagonal(e.shape[0]), matrix_form(e.arguments[0], d))


def _toeplitz_mean(e: Call, d: Symbol) -> Expr:
    """The sum over a diagonal divided by its length, which is the sum over a diagonal of ones."""
    same = _same_diagonal(e.shape[0])
    lengths = call("diag", multiply(same, ones((same.shape[0], ONE_DIM))))
    return multiply(inv(lengths), same, matrix_form(e.arguments[0], d))


def _same_diagonal(n: Dim) -> Expr:
    """1 where two entries of an n x n matrix, in the order of vec, lie on one diagonal, and 0 elsewhere."""
    column = ones((n, ONE_DIM))
    place = multiply(call("tril", ones((n, n))), column)
    diagonal = subtract(call("kron", column, place), call("kron", place, column))
    row = ones((ONE_DIM, n * n))
    apart = apply("sign", subtract(multiply(diagonal, row), multiply(transpose(row), transpose(diagonal))))
    return subtract(ones(apart.shape), hadamard(apart, apart))


def _choi(e: Call, d: Symbol) -> Expr:
    """From Σ L(E_ij) ⊗ E_ij, which is L for X ⊗ I along vec(I) vec(I)', to Σ vec(L(E_ij)) vec(E_ij)'.

    Further directions E become E ⊗ I (VP1993).
    """
    x, moving, others = _direction(e, d)
    n = eye(x.shape[0])
    units = multiply(call("vec", n), transpose(call("vec", n)))
    together = call(e.function, *(call("kron", a, n) for a in (x, *others)), units)
    return multiply(call("rearrange", together, sizes=x.shape), matrix_form(moving, d))


def _triangle(e: Call, d: Symbol) -> Expr:
    mask = call(e.function, ones(e.shape))
    return multiply(call("diag", call("vec", mask)), matrix_form(e.arguments[0], d))


def _sqrtm(e: Call, d: Symbol) -> Expr:
    """L = Dsqrt(X)[E] solves S L + L S = E with S = sqrtm(X)."""
    if len(e.arguments) > 2:
        return _choi(e, d)
    root = call("sqrtm", e.arguments[0])
    n = eye(root.shape[0])
    sylvester = add(call("kron", n, root), call("kron", transpose(root), n))
    return multiply(inv(sylvester), matrix_form(e.arguments[1], d))


MATRIX_FORMS = {
    "tr": lambda e, d: transpose(call("vec", gradient(e, d))),
    "sum": lambda e, d: transpose(call("vec", gradient(e, d))),
    "vec": lambda e, d: matrix_form(e.arguments[0], d),
    "unvec": lambda e, d: matrix_form(e.arguments[0], d),
    "diag": _diag,
    "kron": _kron,
    "blocktrace": _blocktrace,
    "tril": _triangle,
    "triu": _triangle,
    "rearrange": _rearranged,
    "toeplitz": _toeplitz,
    "toeplitz_mean": _toeplitz_mean,
    "frechet_expm": _choi,
    "frechet_logm": _choi,
    "frechet_sqrtm": _sqrtm,
}
