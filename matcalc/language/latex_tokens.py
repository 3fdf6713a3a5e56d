"""LaTeX as a list of tokens: what only their neighbours tell of lexemes is settled, pass by pass."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from lark import Token

from matcalc.errors import ParseError
from matcalc.language.fonts import DISTINCT, fonts
from matcalc.language.latex_lexemes import lexemes, token_at
from matcalc.language.latex_words import BREAKS, RELATIONS
from matcalc.language.syntax import MAX_LENGTH, MAX_NESTING

_CLOSERS = {f"{kind}OPEN": f"{kind}CLOSE" for kind in ("", "BAR_", "NORM_", "ANGLE_")} | {"BEGIN": "END"}
_STARS = ("*", "ast", "star")
_TAKES_ARGUMENT = ("SUB", "SUPER", "FRACTION", "ROOT", "UNDERBRACE", "STACK", "ACCENT")
_EQUALS = ("EQUAL", "DEFINES", "DEFINED_BY")
_COUNTERS = tuple("ijklmnpqrst")
_STARTS = ("NAME", "NUMBER", "FUNCTION", "FRACTION", "ROOT", "ACCENT", "ONES", *_CLOSERS)
_ENDS = ("NAME", "NUMBER", "TOP", "PRIME", "ONES", *_CLOSERS.values())
_EVALUATIONS = [[bar, "SUB", "BEGIN", "NAME", "EQUAL"] for bar in ("BAR", "BAR_CLOSE")]  # |_{t=0}
UNDER_NOTES = ("EQUAL", "AT_LEAST", "AT_MOST", "ABOVE", "BELOW")


def tokenise(text: str) -> list[Token]:
    """The tokens of LaTeX in mathematics mode, with their positions.

    Raises:
        ParseError: a macro or a character that is not known, brackets that do not match, or text out of bounds.
    """
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the formula has {len(text)} characters; at most {MAX_LENGTH} are read", MAX_LENGTH)
    _refuse_two_fonts(text)
    tokens = list(lexemes(text))
    for refine in (
        _drop_notes_on_relations,
        _read_arrows,
        _join_names,
        _unbox,
        _refuse_enclosed,
        _read_zeros,
        _name_bare_sums,
        _name_expectations,
        _pair_bars,
        _stack_derivatives,
        _mark_derivatives,
        _mark_volumes,
        _read_partials,
        _join_differentials,
        _keep_thin_spaces,
    ):
        tokens = refine(tokens)
    return tokens


def _refuse_two_fonts(text: str) -> None:
    r"""Refuse A beside \mathcal{A}: fonts are not told apart, and these are two things."""
    for letter, used in fonts(text).items():
        if letter != "N" and used & DISTINCT and used - DISTINCT:
            raise ParseError(f"{letter} stands in two fonts: call one of them by another letter", text.find(letter))


def _name_expectations(tokens: Sequence[Token]) -> list[Token]:
    """An E before a square bracket is an expectation."""
    return [
        t.update(type="EXPECTATION") if t == "E" and t.type == "NAME" and after == "[" else t
        for t, after in zip(tokens, [*tokens[1:], None], strict=False)
    ]


def _name_bare_sums(tokens: Sequence[Token]) -> list[Token]:
    r"""A `\sum` without an index cannot be one: it is Σ, as scanners print it."""
    following = [*tokens[1:], None]
    return [
        token_at("NAME", "Sigma", t.start_pos, t.end_pos)
        if t.type == "SUM" and (after is None or after.type not in ("SUB", "SUPER"))
        else t
        for t, after in zip(tokens, following, strict=False)
    ]


def _pair_bars(tokens: Sequence[Token]) -> list[Token]:
    """Every bar as an opening or a closing one, as that of N(x | mu, Sigma) or of a value at t = 0; brackets match."""
    result: list[Token] = []
    stack: list[int] = []
    for k, token in enumerate(tokens):
        if [t.type for t in tokens[k : k + 5]] in _EVALUATIONS:
            token = token.update(type="AT")
        kind = token.type
        if kind in ("BAR", "NORM"):
            token = _bar(token, result, stack)
            kind = token.type
        elif kind == "GIVEN" and stack:
            _is_density(result, stack[-1])
        if kind in _CLOSERS:
            stack.append(len(result))
            if len(stack) > MAX_NESTING:
                raise ParseError(
                    f"nested deeper than {MAX_NESTING} at character {(token.start_pos or 0) + 1}", token.start_pos
                )
        elif kind in _CLOSERS.values():
            if not stack or _CLOSERS[result[stack[-1]].type] != kind:
                raise ParseError(
                    f"{token.value} at character {(token.start_pos or 0) + 1} closes nothing", token.start_pos
                )
            stack.pop()
        result.append(token)
    for opening in (result[k] for k in stack):
        if opening.type in ("BAR_OPEN", "NORM_OPEN"):
            start = opening.start_pos or 0
            raise ParseError(f"{opening.value} at character {start + 1} is not closed", start)
    return result


def _bar(token: Token, before: list[Token], stack: Sequence[int]) -> Token:
    opened = f"{token.type}_OPEN"
    after_operand = bool(before) and before[-1].type in _ENDS
    if stack and before[stack[-1]].type == opened and after_operand:
        return token.update(type=f"{token.type}_CLOSE")
    if stack and after_operand and _is_density(before, stack[-1]):
        return token.update(type="GIVEN")
    return token.update(type=opened)


def _is_density(tokens: list[Token], opening: int) -> bool:
    """Whether a bracket is that of N(...), which is then the Gaussian density."""
    if opening == 0 or tokens[opening].type != "OPEN":
        return False
    before = tokens[opening - 1]
    if before.type == "NAME" and before.value == "N":
        tokens[opening - 1] = before.update(type="DENSITY")
    return tokens[opening - 1].type == "DENSITY"


def depth_change(token: Token) -> int:
    """How much deeper one is in brackets after a token."""
    return (token.type in _CLOSERS) - (token.type in _CLOSERS.values())


def matching(tokens: Sequence[Token], opening: int) -> int:
    """The index of the token that closes what is opened at an index, or the end."""
    depth = 0
    for k in range(opening, len(tokens)):
        depth += depth_change(tokens[k])
        if depth == 0:
            return k
    return len(tokens)


def _drop_notes_on_relations(tokens: Sequence[Token]) -> list[Token]:
    r"""`\stackrel{(a)}{=}` is =."""
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        if tokens[k].type == "STACK" and k + 1 < len(tokens):
            note_ends = matching(tokens, k + 1)
            inner = tokens[note_ends + 1 : matching(tokens, note_ends + 1) + 1] if note_ends + 1 < len(tokens) else ()
            if len(inner) == 3 and inner[1].type in UNDER_NOTES:
                result.append(inner[1])
                k = note_ends + 1 + len(inner)
                continue
        result.append(tokens[k])
        k += 1
    return result


def _read_arrows(tokens: Sequence[Token]) -> list[Token]:
    r"""The arrow of `w \leftarrow w - g` gives w a value; one behind an equality points at words."""
    result: list[Token] = []
    is_first = True
    for k, token in enumerate(tokens):
        if token.type == "ASSIGNS" and not (is_first and 0 < k < len(tokens) - 1 and tokens[k + 1].type not in BREAKS):
            token = token.update(type="REMARK")
        is_first = token.type in BREAKS or (is_first and token.type not in RELATIONS)
        result.append(token)
    return result


def _join_names(tokens: Sequence[Token]) -> list[Token]:
    r"""Accents, words as indices and stars as part of the name: `\hat{w}`, `w_{\text{MAP}}`, `w^*`."""
    tokens = _join_accents(tokens)
    closes, _ = _pairs(tokens)
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        token, end = tokens[k], k + 1
        if token.type == "NAME":
            token, end = _labelled(tokens, k)
            token, indices, end = _starred(tokens, token, end, closes)
            result += [token, *indices]
        else:
            result.append(token.update(type="NAME") if token.type == "LABEL" else token)
        k = end
    return result


def _join_accents(tokens: Sequence[Token]) -> list[Token]:
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        name, end = _accented(tokens, k) if tokens[k].type == "ACCENT" else (tokens[k], k + 1)
        result.append(name)
        k = end
    return result


def _accented(tokens: Sequence[Token], k: int) -> tuple[Token, int]:
    """The name that an accent is put on, in braces or not, and where it ends; else the accent itself."""
    inner = k + 1
    while inner < len(tokens) and tokens[inner].type == "BEGIN":
        inner += 1
    end = 2 * inner - k
    closing = tokens[inner + 1 : end]
    is_closed = len(closing) == end - inner - 1 and all(t.type == "END" for t in closing)
    if inner == len(tokens) or tokens[inner].type != "NAME" or not is_closed:
        return tokens[k], k + 1
    name = f"{tokens[inner].value}{tokens[k].value}"
    return token_at("NAME", name, tokens[k].start_pos, tokens[end - 1].end_pos), end


def _labelled(tokens: Sequence[Token], k: int) -> tuple[Token, int]:
    """A name with the word that is its index, and where it ends."""
    kinds = [t.type for t in tokens[k + 1 : k + 5]]
    label = k + 2 if kinds[:2] == ["SUB", "LABEL"] else k + 3
    is_labelled = kinds[:2] == ["SUB", "LABEL"] or kinds == ["SUB", "BEGIN", "LABEL", "END"]
    if not is_labelled or tokens[k].value == "I":  # the index of I is its size
        return tokens[k], k + 1
    end = label + 1 + (label == k + 3)
    name = f"{tokens[k].value}_{tokens[label].value}"
    return token_at("NAME", name, tokens[k].start_pos, tokens[end - 1].end_pos), end


def _starred(
    tokens: Sequence[Token], name: Token, k: int, closes: Mapping[int, int]
) -> tuple[Token, Sequence[Token], int]:
    """A name with its star, its indices with what is left of the exponent, and where the next token stands."""
    end = k
    if k + 1 < len(tokens) and tokens[k].type == "SUB":
        end = closes.get(k + 1, k + 1) + 1
    indices = tokens[k:end]
    opened = end + 1 < len(tokens) and tokens[end + 1].type == "BEGIN"
    star = end + 2 if opened else end + 1
    if star >= len(tokens) or tokens[end].type != "SUPER" or tokens[star].value not in _STARS:
        return name, (), k
    after = star + 1 + (opened and star + 1 < len(tokens) and tokens[star + 1].type == "END")
    ends = name.end_pos if indices else tokens[after - 1].end_pos
    starred = token_at("NAME", f"{name.value}_star", name.start_pos, ends)
    if opened and after == star + 1:
        return starred, [*indices, tokens[end], tokens[end + 1]], after
    return starred, indices, after


def _pairs(tokens: Sequence[Token]) -> tuple[dict[int, int], dict[int, int]]:
    """The place that closes each opened bracket, and the innermost bracket around each place; -1 for none."""
    closes: dict[int, int] = {}
    around: dict[int, int] = {}
    stack: list[int] = []
    for k, token in enumerate(tokens):
        if stack and token.type == _CLOSERS[tokens[stack[-1]].type]:
            closes[stack.pop()] = k
        around[k] = stack[-1] if stack else -1
        if token.type in _CLOSERS:
            stack.append(k)
    return closes, around


def _unbox(tokens: Sequence[Token]) -> list[Token]:
    r"""A statement without the box, the braces or the brackets around it: `\boxed{a = b}`, `\left\{ a = b \right.`"""
    closes, around = _pairs(tokens)
    holding = {around[k] for k, t in enumerate(tokens) if t.type in RELATIONS}
    divided = {around[k] for k, t in enumerate(tokens) if t.type in ("COMMA", "SEPARATOR", "GIVEN", "BAR")}
    dropped = {k for k, t in enumerate(tokens) if t.type == "BOX"}
    result = list(tokens)
    for k, token in enumerate(tokens):
        end = closes.get(k, len(tokens))
        before = next((tokens[j].type for j in range(k - 1, -1, -1) if j not in dropped), "ROW")
        after = tokens[end + 1].type if end + 1 < len(tokens) else "ROW"
        is_whole = before == "ROW" and after in BREAKS and k in holding
        if token.type == "BEGIN" and k in closes:
            is_box = k > 0 and tokens[k - 1].type == "BOX" and (k in holding or end == k + 2)
            kinds = [t.type for t in tokens[k + 1 : min(end, k + 5)]]
            if kinds == ["FUNCTION"] and before not in _TAKES_ARGUMENT:
                result[k] = token_at("FUNCTION", tokens[k + 1].value, token.start_pos, tokens[end].end_pos)
                dropped |= {k + 1, end}
            elif is_box or is_whole or kinds == ["BEGIN", "NAME", "END"]:
                dropped |= {k, end}
        elif token.type == "OPEN" and is_whole and k not in divided:
            dropped |= {k, end}
        elif token.type == "OPEN" and token.value == "{" and k not in closes and before == "ROW" and k in holding:
            dropped.add(k)
    return [token for k, token in enumerate(result) if k not in dropped]


def _refuse_enclosed(tokens: Sequence[Token]) -> list[Token]:
    """An equality in brackets among others is not read, and must not be passed over; (i = 1) is no claim."""
    _, around = _pairs(tokens)
    result = list(tokens)
    scripts: dict[int, bool] = {-1: False}
    for k, token in enumerate(tokens):
        outer = around[k]
        if token.type in _CLOSERS:
            scripts[k] = scripts[outer] or (k > 0 and tokens[k - 1].type in ("SUB", "SUPER"))
        is_index = k == outer + 2 and tokens[k - 1].type == "NAME" and tokens[k - 1].value in _COUNTERS
        if token.type in _EQUALS and outer >= 0 and not scripts[outer] and not is_index:
            result[k] = token.update(type="UNKNOWN", value="an equality in brackets is not read: write it without")
    return result


def _read_zeros(tokens: Sequence[Token]) -> list[Token]:
    r"""`\mathbf{0}` where it is a side, a term or a mean, which has the shape of what it is beside."""
    closes, around = _pairs(tokens)
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        token, end = tokens[k], k + 1
        if token.type == "ZERO":
            if end + 1 < len(tokens) and tokens[end].type == "SUB":  # its size
                end = closes.get(end + 1, end + 1) + 1
            before = tokens[k - 1].type if k else "ROW"
            after = tokens[end].type if end < len(tokens) else "ROW"
            is_term = around[k] < 0 and {before, after} <= {*RELATIONS, *BREAKS, "PLUS", "MINUS"}
            is_mean = around[k] > 0 and tokens[around[k] - 1] in ("N", r"\mathcal{N}") and after in ("COMMA", "CLOSE")
            reason = r"the zero vector is read only as a side, a term or a mean: write 0, or leave it out"
            token = token.update(type="NUMBER") if is_term or is_mean else token.update(type="UNKNOWN", value=reason)
        result.append(token)
        k = end
    return result


def _is_d(tokens: Sequence[Token], k: int) -> bool:
    return k < len(tokens) and tokens[k].type == "NAME" and tokens[k].value == "d"


def _stack_derivatives(tokens: Sequence[Token]) -> list[Token]:
    r"""`\partial f / \partial x` as `\frac{\partial f}{\partial x}`."""
    result: list[Token] = []
    k = 0
    while k < len(tokens):
        slash = _end_of_operand(tokens, k + 1) if _is_operator(tokens, k) else len(tokens)
        is_quotient = slash < len(tokens) and tokens[slash].type == "SLASH" and _is_operator(tokens, slash + 1)
        end = _end_of_operand(tokens, slash + 2) if is_quotient else 0
        if slash == k + 1 or end <= slash + 2:
            result.append(tokens[k])
            k += 1
            continue
        at = tokens[slash].start_pos
        result.append(token_at("FRACTION", "frac", tokens[k].start_pos, tokens[k].start_pos))
        for part in (tokens[k:slash], tokens[slash + 1 : end]):
            result += [token_at("BEGIN", "{", part[0].start_pos, part[0].start_pos), part[0].update(type="PARTIAL")]
            result += [*part[1:], token_at("END", "}", part[-1].end_pos, part[-1].end_pos or at)]
        k = end
    return result


def _is_operator(tokens: Sequence[Token], k: int) -> bool:
    """Whether a ∂ stands at an index, or a d close to what it is put on."""
    if k + 1 >= len(tokens):
        return False
    return tokens[k].type == "PARTIAL" or (_is_d(tokens, k) and tokens[k].end_pos == tokens[k + 1].start_pos)


def _end_of_operand(tokens: Sequence[Token], k: int) -> int:
    """Where a name with its indices and arguments ends, a function of something, or what is in brackets."""
    kinds = [t.type for t in tokens]
    start = k
    while k < len(kinds) and kinds[k] == "FUNCTION":
        k += 1
    if k < len(kinds) and kinds[k] == "NAME":
        k += 1
    elif k == len(kinds) or kinds[k] not in _CLOSERS:
        return start
    while k + 1 < len(kinds) and (kinds[k] in _CLOSERS or kinds[k] == "SUB"):
        opening = k + (kinds[k] == "SUB")
        k = matching(tokens, opening) + 1 if kinds[opening] in _CLOSERS else opening + 1
    return k


def _mark_derivatives(tokens: Sequence[Token]) -> list[Token]:
    r"""The d of `\frac{d f}{d x}` is a derivative's."""
    result = list(tokens)
    for k, token in enumerate(tokens):
        if token.type != "FRACTION" or not _is_d(tokens, k + 2):
            continue
        below = matching(tokens, k + 1) + 2
        if _is_d(tokens, below) and below + 1 < len(tokens) and tokens[below + 1].type in ("NAME", "BEGIN", "ACCENT"):
            for d in (k + 2, below):
                result[d] = tokens[d].update(type="PARTIAL")
    return result


def _mark_volumes(tokens: Sequence[Token]) -> list[Token]:
    r"""The d of `dx` that closes an integral; `dz_1 \cdots dz_D` is `dz`."""
    result: list[Token] = []
    open_integrals, k = 0, 0
    while k < len(tokens):
        token = tokens[k]
        open_integrals += token.type == "INTEGRAL"
        scripted = _is_argument(tokens, k)
        follows = k + 1 < len(tokens) and tokens[k + 1].type in ("NAME", "BEGIN", "ACCENT")
        if open_integrals and _is_d(tokens, k) and follows and not scripted:
            token = token.update(type="DIFFERENTIAL")
            open_integrals -= 1
            if k + 4 < len(tokens) and tokens[k + 4].type == "DOTS":
                result += [token, tokens[k + 1]]
                k += 9
                continue
        result.append(token)
        k += 1
    return result


def _read_partials(tokens: Sequence[Token]) -> list[Token]:
    r"""A ∂ that is no derivative's is a d: `\partial X^{-1} = -X^{-1} (\partial X) X^{-1}` [PP2012]."""
    result = list(tokens)
    derivative_ends = -1
    for k, (token, following) in enumerate(pairwise(tokens)):
        if token.type == "FRACTION":
            derivative_ends = max(derivative_ends, matching(tokens, matching(tokens, k + 1) + 1))
        if token.type == "PARTIAL" and k > derivative_ends and following.type != "SUB":
            result[k] = token_at("NAME", "d", token.start_pos, following.start_pos)
    return result


def _is_argument(tokens: Sequence[Token], k: int) -> bool:
    r"""Whether a letter is an index or an argument without braces: the d of `x_d`, `\frac1d`."""
    before = [t.type for t in tokens[max(0, k - 2) : k]]
    return before[-1:] in (["SUB"], ["FRACTION"], ["ROOT"]) or before in (["FRACTION", "NUMBER"], ["FRACTION", "NAME"])


def _join_differentials(tokens: Sequence[Token]) -> list[Token]:
    """The differential `dX` as one name."""
    result: list[Token] = []
    for token in tokens:
        last = result[-1] if result else None
        if token.type == "NAME" and last is not None and last.type == "NAME" and last.value == "d" and (
            last.end_pos == token.start_pos and not _is_argument(result, len(result) - 1)
        ):  # fmt: skip
            result[-1] = token_at("NAME", f"d{token.value}", last.start_pos, token.end_pos)
        else:
            result.append(token)
    return result


def _keep_thin_spaces(tokens: Sequence[Token]) -> list[Token]:
    r"""A thin space between two factors separates them: `\det X \, X^{-1}` is det(X) X⁻¹."""
    result: list[Token] = []
    for k, token in enumerate(tokens):
        if token.type != "THIN":
            result.append(token)
        elif _ends_in_factor(result) and k + 1 < len(tokens) and tokens[k + 1].type in _STARTS:
            result.append(token.update(type="TIMES"))
    return result


def _ends_in_factor(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[-1].type in _ENDS and not _ends_in_operator([t.type for t in tokens])


def _ends_in_operator(kinds: Sequence[str]) -> bool:
    r"""Whether tokens end in `\nabla_x`, `\partial_{X}` or `\frac{\partial}{\partial X}`, which are no factors."""
    start = _last_group(kinds)
    if kinds[:start][-2:] in (["NABLA", "SUB"], ["PARTIAL", "SUB"]):
        return True
    numerator = kinds[_last_group(kinds[:start]) : start]
    return numerator in (["BEGIN", "PARTIAL", "END"], ["BEGIN", "PARTIAL", "SUPER", "NUMBER", "END"])


def _last_group(kinds: Sequence[str]) -> int:
    """Where the braces that end the tokens begin; the place of the last token where there are none."""
    depth = 0
    for k in range(len(kinds) - 1, -1, -1):
        depth += (kinds[k] == "END") - (kinds[k] == "BEGIN")
        if depth <= 0:
            return k
    return 0
