"""A coverage-guided fuzzer on both parsers: whatever the text, an expression or an error that a user may see.

python tests/fuzz_parsers.py -max_total_time=60
"""

import sys

import atheris

with atheris.instrument_imports(include=["matcalc"]):
    from matcalc.errors import MatcalcError
    from matcalc.expression.scope import Scope
    from matcalc.language.latex_syntax import parse_latex

LONGEST = 300


def read_text(text: str) -> None:
    """The plain-text language, as far as an expression."""
    Scope(wrt="X").read(text)


def read_latex(text: str) -> None:
    """LaTeX, as far as a syntax tree."""
    parse_latex(text, Scope().shape_of)


def one_input(data: bytes) -> None:
    """One text through one of the parsers; any error but the library's own ends the run."""
    provider = atheris.FuzzedDataProvider(data)
    read = read_latex if provider.ConsumeBool() else read_text
    text = provider.ConsumeUnicodeNoSurrogates(LONGEST)
    try:
        read(text)
    except MatcalcError as error:
        position = getattr(error, "position", None)
        if position is not None and not 0 <= position <= len(text):
            raise AssertionError(f"position {position} of {len(text)} characters: {error}") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
