"""The words of LaTeX: what every macro, character and font means, as data."""

from matcalc.language.syntax import ALIASES, FUNCTIONS


def _table(**kinds: str) -> dict[str, str]:
    """Every word of a kind, the other way round."""
    return {word: kind for kind, words in kinds.items() for word in words.split()}


MACROS = _table(
    FRACTION="frac dfrac tfrac cfrac",
    ROOT="sqrt",
    SUM="sum",
    PRODUCT="prod",
    INTEGRAL="int",
    PARTIAL="partial",
    NABLA="nabla",
    INFINITY="infty",
    TOP="top intercal",
    PRIME="prime",
    UNDERBRACE="underbrace",
    STACK="stackrel overset underset",
    OPEN="lbrace lbrack",
    CLOSE="rbrace rbrack",
    BAR="vert",
    BAR_OPEN="lvert",
    BAR_CLOSE="rvert",
    NORM="Vert |",
    NORM_OPEN="lVert",
    NORM_CLOSE="rVert",
    ANGLE_OPEN="langle",
    ANGLE_CLOSE="rangle",
    GIVEN="mid",
    TIMES="cdot times ast",
    STAR="star",
    BOX="boxed fbox ensuremath tcbhighmath mathop mathrel mathbin mathord hl",
    HADAMARD="odot circ",
    QUOTIENT="oslash",
    KRONECKER="otimes",
    DOTS="cdots ldots dots dotsb dotsc",
    ROW=r"\ cr",
    SEPARATOR="therefore because quad qquad implies iff Rightarrow Leftrightarrow Longrightarrow Leftarrow "
    "square blacksquare Box qed qedhere",
    ASSIGNS="leftarrow gets",
    REMARK="downarrow uparrow nearrow searrow curvearrowleft curvearrowright",
    THIN=", ; : >",
    DEFINES="coloneqq triangleq doteq",
    DEFINED_BY="eqqcolon",
    UNEQUAL="neq ne",
    AT_LEAST="geq ge geqslant succeq",
    AT_MOST="leq le leqslant preceq",
    ABOVE="gt succ",
    BELOW="lt prec",
    EQUAL="equiv",
    RELATION="propto approx sim simeq in to mapsto rightarrow cong perp",
) | {"{": "OPEN", "}": "CLOSE"}
CHARACTERS = {
    "+": "PLUS", "-": "MINUS", "−": "MINUS", "–": "MINUS", "/": "SLASH", "*": "TIMES", "·": "TIMES", "×": "TIMES",
    "⊙": "HADAMARD", "∘": "HADAMARD", "⊗": "KRONECKER", "⊘": "QUOTIENT", "=": "EQUAL", "≠": "UNEQUAL", "<": "BELOW",
    ">": "ABOVE", "≤": "AT_MOST", "≥": "AT_LEAST", "(": "OPEN", "[": "OPEN", ")": "CLOSE", "]": "CLOSE", "{": "BEGIN",
    "}": "END", "|": "BAR", "‖": "NORM", "^": "SUPER", "_": "SUB", "'": "PRIME", "′": "PRIME", "’": "PRIME",
    ",": "COMMA", "∂": "PARTIAL", "∇": "NABLA", "∑": "SUM", "∏": "PRODUCT", "∫": "INTEGRAL", "∞": "INFINITY",
    "∝": "RELATION", "≈": "RELATION", "∈": "RELATION", "→": "RELATION", ":=": "DEFINES", "=:": "DEFINED_BY",
    ";": "SEPARATOR", ":": "SEPARATOR", "。": "SEPARATOR", "、": "SEPARATOR",
}  # fmt: skip
ROMAN = ("operatorname", "mathrm", "text")
FONT_WORDS = {
    ("mathbb", "R"): "REALS", ("mathcal", "N"): "DENSITY",
    ("mathbb", "V"): "COVARIANCE", ("operatorname", "V"): "COVARIANCE",
    **{(font, "E"): "EXPECTATION" for font in ("mathbb", "mathrm", "operatorname")},
    **{(font, word): "COVARIANCE" for font in ROMAN for word in ("Var", "Cov", "var", "cov")},
    **{(font, number): kind for font in ("mathbf", "mathbb", "boldsymbol", "bm", "mathds", "mathbbm")
       for number, kind in (("1", "ONES"), ("0", "ZERO"))},
}  # fmt: skip
ACCENTS = {
    "hat": "_hat", "widehat": "_hat", "bar": "_bar", "overline": "_bar", "tilde": "_tilde", "widetilde": "_tilde",
    "dot": "_dot", "ddot": "_ddot", "check": "_check",
}  # fmt: skip
BOLD = ("mathbf", "boldsymbol", "bm")
INTERTEXT = ("intertext", "shortintertext")
WORDS = ("text", "textrm", "textbf", "textit", "textnormal", "textsf", "mbox", "hbox")
FONTS = [
    "mathbf", "mathrm", "mathit", "mathsf", "mathtt", "mathcal", "mathscr", "mathfrak", "mathbb", "mathds",
    "mathbbm", "boldsymbol", "bm", "vec", "operatorname", *WORDS, *INTERTEXT,
]  # fmt: skip
UPRIGHT = ("mathrm", "mathsf", "mathtt", "operatorname", *WORDS)
SWITCHES = {
    "rm": "mathrm", "bf": "mathbf", "it": "mathit", "sf": "mathsf", "tt": "mathtt", "cal": "mathcal", "mit": "mathit",
    "boldmath": "boldsymbol",
}  # fmt: skip
PASSED_OVER = [
    "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr",
    "Biggl", "Biggr", "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "nonumber", "notag",
    "mathstrut", "cancel", "bcancel", "xspace", "allowbreak", "underline", "mathopen", "mathclose",
]  # fmt: skip
VARIANTS = {
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho", "varsigma": "sigma", "ell": "ell",
}  # fmt: skip
_OTHER_SPELLINGS = {
    "ln": "log", "lg": "log", "ReLU": "relu", "Softmax": "softmax", "LSE": "logsumexp", "Diag": "diag", "sgn": "sign",
}  # fmt: skip
SPELLED = _OTHER_SPELLINGS | {name: ALIASES.get(name, name) for name in FUNCTIONS if name != "vec"}

RELATIONS = {
    "EQUAL": "=", "DEFINES": ":=", "DEFINED_BY": "=:", "UNEQUAL": "!=", "AT_LEAST": ">=", "AT_MOST": "<=",
    "ABOVE": ">", "BELOW": "<", "RELATION": "~", "ASSIGNS": "<-",
}  # fmt: skip
BREAKS = ("ROW", "SEPARATOR", "REMARK", "COMMA")  # between statements
