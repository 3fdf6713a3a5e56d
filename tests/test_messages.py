"""Errors on the command line: one line that names the object, what was expected, what came, what to do."""

import pytest

from matcalc import check, derivation, derivative, derive
from matcalc.cli import main
from matcalc.errors import ArgumentError, UnverifiedError

BAD_INPUT = [
    (
        ["check", "x_1^2 + x_2^2", "--claim", "2*x", "--wrt", "x", "--let", "x: 2"],
        "x1 is not declared: is it an entry of x?",
    ),
    (["check", r"\log\det X", "--claim", "X^{-T}", "--wrt", "X", "--let", "X: n x n; T: scalar"], r"Write \top"),
    (["derive", "x'*", "--wrt", "x"], '"x\'*" ends too early: an operand or a closing ) is missing'),
    (["derive", "--wrt", "x"], "the expression is missing"),
    (["derive", "x'*x"], "wrt is missing"),
    (["check", "x'*x", "--wrt", "x"], "claim is missing"),
    (["derive", "foo(x)", "--wrt", "x"], "foo() at character 1: there is no such function"),
    (["derive", "x", "--wrt", "x", "--nonsense"], "unrecognized arguments: --nonsense; see matcalc --help"),
    (
        ["derive", "x", "--wrt", "x", "--batch", "/nowhere.jsonl"],
        "--batch /nowhere.jsonl: cannot be read, No such file",
    ),
    (["derive", "x'*x", "--wrt", "x", "--order", "3"], "argument --order: invalid choice: 3"),
    (["derive", "A*B", "--wrt", "A", "--let", "A: n x p", "--let", "B: m x n"], "p is not m"),
    (["derive", "x", "--wrt", "x", "--let", "x: n complex"], "complex matrices are not supported"),
    (["derive", "(" * 10_000, "--wrt", "x"], "nested deeper than 100 at character 101"),
    (["derive", "x+" * 15_000 + "x", "--wrt", "x"], "the expression has 30001 characters; at most 20000 are read"),
    (["simplify", "X + 1"], "to add a scalar to every entry write it times matrix(1)"),
    (["check", "det(X)", "--wrt", "X", "--claim", "det(X)*X^-T"], "use .^ for elementwise powers, ' for a transpose"),
    (["no-such-command"], "invalid choice: 'no-such-command'"),
    ([], "the following arguments are required: COMMAND; see matcalc --help"),
]


def failure(capsys, arguments):
    status = main(arguments)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("matcalc: ")
    assert captured.err.count("\n") == 1
    return status, captured.err


@pytest.mark.parametrize(("arguments", "message"), BAD_INPUT, ids=[m[:40] for _, m in BAD_INPUT])
def test_bad_input_is_2_and_one_line(capsys, arguments, message):
    status, err = failure(capsys, arguments)
    assert status == 2
    assert message in err


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UnverifiedError("withheld"), 3, "matcalc: withheld\n"),
        (KeyError("X"), 2, "matcalc: internal error, please report it: KeyError: 'X'\n"),
        (RecursionError("too\ndeep"), 2, "matcalc: internal error, please report it: RecursionError: too deep\n"),
        (KeyboardInterrupt(), 130, "matcalc: interrupted\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_fails_fails_in_one_line(capsys, monkeypatch, error, status, message):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(derivative, "derive", fail)
    assert failure(capsys, ["derive", "x", "--wrt", "x"]) == (status, message)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: derive(3, "x"), "expression: expected text or an expression of symbols, got 3"),
        (lambda: derive(lambda x: x, "x"), "expression: .*, got a function; check compares it with a claim"),
        (lambda: derive("x'*x", "x", let=3), "let: expected declarations such as 'X: n x n symmetric', got 3"),
        (lambda: check(3, "x", "x"), "expression: expected text, an expression or a JAX function, got 3"),
        (lambda: check("x'*x", None, "x"), "claim: expected text, an expression or a JAX function, got None"),
        (lambda: check(None, "x"), "expression: expected text, an expression or a JAX function, got None"),
        (lambda: check("x'*x", "2*x", "x", let=3), "let: expected declarations"),
        (lambda: derivation("x = x", let=3), "let: expected declarations"),
    ],
)
def test_what_is_no_text_is_refused_by_name(call, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        call()
