"""The command line: its JSON keys, its exit codes, its formats, in a pipe and on a terminal."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import matcalc
from matcalc import cli, report
from matcalc.cli import main
from matcalc.structure import Reading

SYMMETRIC = ("--let", "X: n x n symmetric")
FORM = {"text", "latex", "python"}


def run(capsys, *arguments):
    """The status, standard output and standard error of a command."""
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def run_json(capsys, *arguments):
    status, out, _ = run(capsys, *arguments, "--json")
    return status, json.loads(out)


def batch(tmp_path, *problems):
    path = tmp_path / "problems.jsonl"
    path.write_text("\n".join(p if isinstance(p, str) else json.dumps(p) for p in problems), encoding="utf-8")
    return str(path)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(report, "on_terminal", lambda: True)


# --- derive -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("text", "A'*B' + B*A - (A'*B') .* I"),
        ("latex", r"A^\top B^\top + B A - (A^\top B^\top) \odot I"),
        ("python", "A.T @ B.T + B @ A - hadamard(A.T @ B.T, eye(A.shape[1]))"),
    ],
)
def test_derive_prints_the_formula_alone_in_a_pipe(capsys, style, expected):
    status, out, err = run(capsys, "derive", "tr(A*X*B)", "--wrt", "X", *SYMMETRIC, "--format", style)
    assert (status, out, err) == (0, expected + "\n", "")


def test_derive_json_has_the_keys_of_the_contract(capsys):
    status, found = run_json(capsys, "derive", "tr(A*X*B)", "--wrt", "X", *SYMMETRIC)
    assert status == 0
    assert set(found) == {"expr", "wrt", "order", "kind", "structure", "shape", "readings", "verified"}
    assert set(found["readings"]) == {"ambient", "tangent", "entrywise"}
    assert all(set(form) == FORM for form in found["readings"].values())
    assert set(found["verified"]) == {"ok", "instances", "max_relative_error"}
    assert (found["kind"], found["structure"], found["shape"]) == ("gradient", "symmetric", ["n", "n"])


def test_a_differential_has_the_matrix_of_its_vec(capsys):
    _, found = run_json(capsys, "derive", "X*X", "--wrt", "X")
    assert found["kind"] == "differential"
    assert set(found["readings"]["ambient"]) == FORM | {"vec"}


def test_a_second_differential_has_no_matrix(capsys):
    _, found = run_json(capsys, "derive", "inv(X)", "--wrt", "X", "--order", "2")
    assert (found["kind"], found["order"], found["shape"]) == ("second-differential", 2, ["n", "n"])
    assert set(found["readings"]["ambient"]) == FORM
    assert found["readings"]["ambient"]["text"] == "2*X^-1*dX*X^-1*dX*X^-1"


def test_the_reading_chooses_what_is_shown(capsys):
    _, out, _ = run(capsys, "derive", "tr(A*X)", "--wrt", "X", *SYMMETRIC, "--reading", "ambient")
    assert out == "A'\n"


@pytest.mark.parametrize(("expression", "expected"), [("-x'*x", "-2*x"), ("--x'*x", "2*x"), ("-(a'*x)", "-a")])
def test_an_expression_may_begin_with_a_minus(capsys, expression, expected):
    assert run(capsys, "derive", expression, "--wrt", "x", "--let", "a: n")[1] == expected + "\n"


def test_explain_shows_the_steps_to_the_reading_shown(capsys):
    _, out, _ = run(capsys, "derive", "tr(A*X)", "--wrt", "X", *SYMMETRIC, "--explain")
    assert out.splitlines()[:2] == ["differential: tr(A*dX)", "transposed: A'"]
    assert "tangent" not in out


def test_a_variable_that_does_not_occur_is_said_so(capsys):
    status, out, err = run(capsys, "derive", "a^2", "--wrt", "x", "--let", "x: n")
    assert (status, out) == (0, "zeros(n,1)\n")
    assert err == "matcalc: x does not occur in the expression: the derivative is zero\n"


def test_a_terminal_shows_unicode_the_readings_and_the_evidence(capsys, terminal):
    _, out, _ = run(capsys, "derive", "logdet(X)", "--wrt", "X", *SYMMETRIC)
    assert "2 X⁻¹ - X⁻¹ ⊙ I" in out
    assert "tangent reading" in out
    assert "verified" in out


def test_simplify(capsys):
    assert run(capsys, "simplify", "-(X + X')", *SYMMETRIC)[1] == "-2*X\n"
    assert set(run_json(capsys, "simplify", "A*A^-1*x")[1]) == FORM | {"expr"}


# --- check ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "verdict", "status"),
    [("A'*B' + B*A - (A'*B') .* I", "convention-dependent", 1), ("A*B", "wrong", 1)],
)
def test_check_has_the_keys_of_the_contract(capsys, claim, verdict, status):
    found_status, found = run_json(capsys, "check", "tr(A*X*B)", "--wrt", "X", *SYMMETRIC, "--claim", claim)
    assert (found_status, found["verdict"]) == (status, verdict)
    assert set(found) == {"verdict", "reading", "right_under", "diagnosis", "correct", "evidence"}
    assert set(found["correct"]) == {"text", "latex"}
    assert set(found["evidence"]) == {"instances", "max_relative_error", "counterexample"}


def test_right_is_0(capsys):
    assert run(capsys, "check", "-tr(A)", "--claim", "-tr(A')")[0] == 0


def test_a_wrong_claim_is_shown_with_what_is_right(capsys):
    status, out, _ = run(capsys, "check", "x'*x", "--wrt", "x", "--claim", "-2*x")
    lines = out.splitlines()
    assert (status, lines[0]) == (1, "wrong")
    assert "correct: 2*x" in lines
    assert any(line.startswith("counterexample: at x = [") for line in lines)


# --- many at once -----------------------------------------------------------------------------------------------------


def test_a_batch_answers_in_order_and_goes_on_after_an_error(capsys, tmp_path):
    path = batch(
        tmp_path,
        {"id": 1, "expr": "x'*x", "wrt": "x"},
        "",
        {"id": "two", "expr": "x +", "wrt": "x"},
        "not JSON",
        "[" * 100_000,
        {"id": 3, "expr": "x'*x", "wrt": "x", "order": True},
        {"id": 4, "expr": "tr(X)", "wrt": "X", "let": ["X: n x n symmetric"], "reading": "tangent"},
    )
    status, out, _ = run(capsys, "derive", "--batch", path)
    answers = [json.loads(line) for line in out.splitlines()]
    assert status == 2
    assert [a["id"] for a in answers] == [1, "two", None, None, 3, 4]
    assert [a["error"]["kind"] for a in answers if "error" in a] == ["parse", "input", "input", "input"]


def test_a_batch_from_standard_input_is_0_when_every_line_is_answered(capsys, monkeypatch):
    line = json.dumps({"id": 1, "expr": "x'*x", "wrt": "x", "claim": "3*x"})
    monkeypatch.setattr(sys, "stdin", io.StringIO(line))
    status, out, _ = run(capsys, "check", "--batch", "-")
    assert status == 0
    assert json.loads(out)["verdict"] == "wrong"


def test_a_batch_takes_stationary_points(capsys, tmp_path):
    about = {"expr": "1/2*x'*A*x - b'*x", "wrt": "x", "let": ["A: n x n spd", "b: n", "x: n"]}
    path = batch(tmp_path, about | {"stationary-at": "inv(A)*b"}, about | {"stationary_at": "A*b"})
    _, out, _ = run(capsys, "check", "--batch", path)
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["right", "wrong"]


def test_options_are_the_defaults_of_a_batch(capsys, tmp_path):
    path = batch(tmp_path, {"id": 1, "expr": "tr(A*X)"}, {"id": 2, "expr": "x'*x", "wrt": "x", "let": []})
    _, out, _ = run(capsys, "derive", "--batch", path, "--wrt", "X", *SYMMETRIC)
    assert [json.loads(line)["structure"] for line in out.splitlines()] == ["symmetric", "general"]


def test_json_holds_no_nan():
    assert report.to_json({"a": [float("nan"), 1.5], "b": (float("inf"),)}) == '{"a": [null, 1.5], "b": [null]}'


# --- the catalogue ----------------------------------------------------------------------------------------------------


def row(key):
    verdict = "refuted" if key in ("spoilt", "misprint") else "proved"
    return SimpleNamespace(
        key=key, statement="tr(A)' = tr(A)", latex="", source="PP2012", structures="general", instances=12,
        max_relative_error=1e-16, verdict=verdict, ok=key != "spoilt", route="three ways", remark="a sign",
    )  # fmt: skip


def record(key, statement, source):
    return SimpleNamespace(key=key, kind="identity", statement=statement, latex=rf"\{key}", source=source)


@pytest.fixture
def catalogue(monkeypatch):
    """A catalogue of two identities in the place of the real one."""
    records = [record("trace", "d tr(A*X) = A'", "PP2012"), record("logdet", "d logdet(X) = X^-1'", "MN2019")]
    stub = ModuleType("matcalc.catalogue")
    stub.catalogue = lambda: records
    stub.select = lambda keys: [SimpleNamespace(key=key) for key in keys or ["trace", "logdet"]]
    stub.verify_by_two = lambda keys: map(row, reversed(keys or ["trace", "logdet"]))
    monkeypatch.setitem(sys.modules, "matcalc.catalogue", stub)
    monkeypatch.setattr(matcalc, "catalogue", stub, raising=False)


@pytest.mark.parametrize(("keys", "expected"), [([], 0), (["trace"], 0), (["trace", "spoilt"], 1)])
def test_verify_fails_when_anything_is_not_as_the_catalogue_says(capsys, catalogue, keys, expected):
    assert run(capsys, "verify", *keys)[0] == expected


def test_verify_prints_a_table(capsys, catalogue):
    lines = run(capsys, "verify")[1].splitlines()
    assert lines[0].split() == ["key", "identity", "source", "structures", "instances", "error", "verdict"]
    assert lines[-1] == "2 of 2 identities are as the catalogue says"
    assert run_json(capsys, "verify")[1][0]["verdict"] == "proved"


def test_verify_says_why_what_is_printed_does_not_hold(capsys, catalogue):
    lines = run(capsys, "verify", "misprint", "trace")[1].splitlines()
    assert lines[-2:] == [
        "misprint does not hold as printed: a sign",
        "2 of 2 identities are as the catalogue says",
    ]
    assert run_json(capsys, "verify", "misprint")[1][0]["remark"] == "a sign"


def test_catalog_searches_for_all_the_words(capsys, catalogue):
    assert [r["key"] for r in run_json(capsys, "catalog")[1]] == ["trace", "logdet"]
    assert [r["key"] for r in run_json(capsys, "catalog", "TR pp2012")[1]] == ["trace"]
    assert r"\logdet" in run(capsys, "catalog", "logdet", "--format", "latex")[1]


def test_tables_on_a_terminal(capsys, catalogue, terminal):
    assert "proved" in run(capsys, "verify")[1]


# --- the program ------------------------------------------------------------------------------------------------------


def test_the_readings_are_those_of_the_library():
    assert set(cli.READINGS) == set(Reading)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["derive", "--help"]])
def test_help_and_version(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0
    assert "matcalc" in capsys.readouterr().out


def test_the_exit_status_is_told_in_the_help_and_the_readme(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    readme = " ".join((Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8").split())
    assert " ".join(cli.STATUS.split()) in told
    for status in {*cli.EXIT.values(), cli.BAD_INPUT}:
        assert re.search(rf"\b{status} (for )?\w", told[told.index("Exit status") :])
        assert f"{status} for " in readme[readme.index("The exit status") :]


def test_the_command_line_imports_nothing_heavy():
    code = "import sys, matcalc.cli; print([m for m in ('numpy', 'jax', 'rich', 'lark') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_closed_pipe_is_quiet():
    command = f'{sys.executable} -m matcalc derive "x\'*x" --wrt x | true'
    assert subprocess.run(command, shell=True, capture_output=True, text=True).stderr == ""
