"""The command `matcalc`: derive, check, proofread, verify, catalog, simplify."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn, TextIO

from matcalc import report
from matcalc.batch import Problem, answers, error_message
from matcalc.errors import MatcalcError, UnverifiedError

READINGS = ("entrywise", "tangent", "ambient")
STATUS = """Exit status: 0 right as asked, 1 wrong or convention-dependent, 2 input that cannot be read or does not fit,
3 undecided or not verified."""
BAD_INPUT, UNDECIDED, INTERRUPTED, BROKEN_PIPE = 2, 3, 130, 141
THREADS = 2  # compiling by XLA, most of a check, runs beside Python
EXIT = {"right": 0, "wrong": 1, "convention-dependent": 1, "undecided": UNDECIDED}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(_shielded(sys.argv[1:] if arguments is None else arguments))
        status = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("matcalc: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        print(f"matcalc: {error_message(error)}", file=sys.stderr)
        return UNDECIDED if isinstance(error, UnverifiedError) else BAD_INPUT


# --- the options ------------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Errors become one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        raise MatcalcError(f"{message}; see {self.prog} --help")


def _shielded(arguments: Sequence[str]) -> list[str]:
    """Expressions may begin with a minus: a space before it keeps them from being taken for options."""
    option = re.compile(r"--[a-z-]*(=.*)?|-h?", re.DOTALL)
    return [f" {a}" if a.startswith("-") and not option.fullmatch(a) else a for a in arguments]


def _parser() -> argparse.ArgumentParser:
    summary = "Derive, check and prove matrix derivatives."
    parser = _Parser(prog="matcalc", description=summary, epilog=STATUS, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_derive(commands)
    _add_check(commands)
    _add_proofread(commands)
    _add_verify(commands)
    _add_catalog(commands)
    _add_simplify(commands)
    return parser


def _version() -> str:
    from importlib.metadata import version

    return f"matcalc {version('matcalc-jax')}"


def _command(commands: Any, run: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.set_defaults(run=run)
    return parser


def _add_derive(commands: Any) -> None:
    parser = _command(commands, _derive, "derive", "The derivative of an expression in closed form, verified.")
    _add_problem(parser)
    _add_format(parser, "text", "latex", "python", "json")
    parser.add_argument("--explain", action="store_true", help="show the steps")


def _add_check(commands: Any) -> None:
    parser = _command(commands, _check, "check", "Whether a claimed derivative, or a claimed equality, is right.")
    _add_problem(parser)
    parser.add_argument(
        "--claim", metavar="CLAIM", help='the derivative of EXPR by --wrt; without --wrt, equal to EXPR, or ">= 0"'
    )
    parser.add_argument("--stationary-at", metavar="X", help="claim that the gradient by --wrt vanishes at this point")
    _add_format(parser, "text", "json")


def _add_problem(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expr", metavar="EXPR", nargs="?", help='an expression, such as "tr(A*X*B)"')
    parser.add_argument("--wrt", metavar="X", help="the variable")
    _add_let(parser)
    parser.add_argument("--reading", choices=READINGS, help="what a derivative by a structured matrix means")
    parser.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: the Hessian, or second differential")
    parser.add_argument("--layout", choices=("numerator", "denominator"), default="numerator", help="of Jacobians")
    parser.add_argument("--batch", metavar="FILE", help="a JSON object a line, with these options as keys; - is stdin")


def _add_let(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--let", metavar="DECL", action="append", default=[],
                        help="a declaration, such as \"X: n x n symmetric\"; may be repeated")  # fmt: skip


def _add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    parser.add_argument("--format", choices=formats, default="text", help="of the answer")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="short for --format json")


def _add_proofread(commands: Any) -> None:
    summary = "Every equality of a .tex or .md file, or of a derivation in plain text, checked."
    parser = _command(commands, _proofread, "proofread", summary)
    parser.add_argument("file", metavar="FILE", help="the document; - is standard input, read as a derivation")
    _add_let(parser)
    parser.add_argument("--declarations", metavar="FILE", help="declarations, a line each; 'from line 40' dates them")
    parser.add_argument("--reading", choices=READINGS, help="what a derivative by a structured matrix means")
    parser.add_argument("--layout", choices=("numerator", "denominator"), help="of Jacobians")
    parser.add_argument("--strict", action="store_true", help="fail when a statement could not be read")
    _add_format(parser, "text", "json")


def _add_verify(commands: Any) -> None:
    parser = _command(commands, _verify, "verify", "Prove the catalogue, or the identities named.")
    parser.add_argument("keys", metavar="KEY", nargs="*")
    _add_format(parser, "text", "json")


def _add_catalog(commands: Any) -> None:
    parser = _command(commands, _catalog, "catalog", "List or search the identities.")
    parser.add_argument("query", metavar="QUERY", nargs="?", default="", help="words that all occur in the entry")
    _add_format(parser, "text", "latex", "json")


def _add_simplify(commands: Any) -> None:
    parser = _command(commands, _simplify, "simplify", "An expression as a person would print it.")
    parser.add_argument("expr", metavar="EXPR")
    _add_let(parser)
    _add_format(parser, "text", "latex", "python", "json")


# --- derive and check -------------------------------------------------------------------------------------------------


def _derive(options: argparse.Namespace) -> int:
    if options.batch:
        return _batch(options, lambda problem: _derivative(problem).to_json())
    report.show_derivative(_derivative(_given(options)), options.format, options.explain)
    return 0


def _check(options: argparse.Namespace) -> int:
    if options.batch:
        return _batch(options, lambda problem: _verdict(problem).to_json())
    verdict = _verdict(_given(options))
    report.show_verdict(verdict, options.format)
    return EXIT[verdict.verdict]


def _proofread(options: argparse.Namespace) -> int:
    from matcalc.proofreading import proofread

    found = proofread(options.file, options.let, options.declarations, options.reading, options.layout)
    report.show_derivation(found, options.format)
    if found.first_wrong is not None:
        return EXIT["wrong"]
    if found.with_status("undecided"):
        return UNDECIDED
    is_unread = bool(found.unread) and (options.strict or not found.with_status("right"))
    return BAD_INPUT if is_unread else 0


def _given(options: argparse.Namespace) -> Problem:
    keys = ("expr", "wrt", "claim", "let", "reading", "order", "layout", "stationary_at")
    return {key: value for key in keys if (value := getattr(options, key, None)) is not None}


def _derivative(problem: Problem) -> Any:
    from matcalc.derivative import derive

    _require(problem, "expr", "wrt")
    expression = problem.pop("expr")
    for other in ("claim", "stationary_at"):
        problem.pop(other, None)
    return derive(expression, **problem)


def _verdict(problem: Problem) -> Any:
    from matcalc.inequalities import check_inequality
    from matcalc.language.statements import is_inequality
    from matcalc.stationarity import check_stationary
    from matcalc.verdict import check

    if "stationary_at" in problem:
        _require(problem, "expr", "wrt")
        return check_stationary(problem["expr"], problem["wrt"], problem["stationary_at"], problem.get("let", ()))
    _require(problem, "expr", "claim")
    if "wrt" not in problem and is_inequality(problem["claim"]):
        return check_inequality(problem["expr"], problem["claim"], problem.get("let", ()))
    return check(problem.pop("expr"), problem.pop("claim"), **problem)


def _require(problem: Problem, *keys: str) -> None:
    """Say what is missing as one would type it: the expression, or an option."""
    for key in keys:
        if key not in problem:
            raise MatcalcError("the expression is missing" if key == "expr" else f"{key} is missing")


def _batch(options: argparse.Namespace, solve: Any) -> int:
    from concurrent.futures import ThreadPoolExecutor

    failed = False
    with _opened(options.batch) as file, ThreadPoolExecutor(THREADS) as pool:
        # a file is read ahead; who writes to standard input may wait for one answer before asking the next
        each = map if file is sys.stdin else pool.map
        found = answers(file, solve, _given(options), each)
        for answer in found if sys.stdout.isatty() else report.progress(found, "lines"):
            failed = failed or "error" in answer
            print(report.to_json(answer), flush=True)
    return BAD_INPUT if failed else 0


def _opened(path: str) -> AbstractContextManager[TextIO]:
    if path == "-":
        return nullcontext(sys.stdin)
    try:
        return open(path, encoding="utf-8", errors="replace")
    except OSError as error:
        raise MatcalcError(f"--batch {path}: cannot be read, {error.strerror}") from None


# --- the catalogue and the rest ---------------------------------------------------------------------------------------


def _verify(options: argparse.Namespace) -> int:
    from matcalc.catalogue import select, verify_by_two

    place = {record.key: k for k, record in enumerate(select(options.keys or None))}
    found = report.progress(verify_by_two(options.keys or None), "proving", len(place))
    rows = sorted(found, key=lambda row: place[row.key])
    report.show_proofs(rows, options.format)
    return 0 if all(row.ok for row in rows) else 1


def _catalog(options: argparse.Namespace) -> int:
    from matcalc.catalogue import catalogue

    words = options.query.lower().split()
    report.show_catalogue([r for r in catalogue() if report.mentions(r, words)], options.format)
    return 0


def _simplify(options: argparse.Namespace) -> int:
    from matcalc.differentiation.form import Form
    from matcalc.expression.scope import Scope
    from matcalc.expression.simplification import simplify

    scope = Scope(options.let)
    (e,) = scope.read(options.expr)
    form = Form(simplify(e), scope.size_names)
    print(report.to_json({"expr": options.expr.strip()} | form.to_json()) if options.format == "json"
          else report.show(form, options.format))  # fmt: skip
    return 0
