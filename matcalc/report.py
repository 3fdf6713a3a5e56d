"""How answers are shown: tables and Unicode on a terminal, plain text in a pipe, JSON for programs."""

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

    from matcalc.catalogue import Row
    from matcalc.derivative import Derivative
    from matcalc.differentiation.form import Form
    from matcalc.documents.steps import Derivation
    from matcalc.verdict import Verdict

Item = TypeVar("Item")
Pairs = Sequence[tuple[str, str]]
COLOURS = {"right": "green", "wrong": "red", "convention-dependent": "yellow", "undecided": "yellow"}


def to_json(value: Any) -> str:
    """One line of JSON; what is not finite is null."""
    return json.dumps(_plain(value), allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # an array or a number of NumPy or JAX
        return _plain(value.tolist())
    return value


def on_terminal() -> bool:
    """Whether the answer goes to a person's terminal."""
    return sys.stdout.isatty()


def show(form: "Form", style: str) -> str:
    """A formula as `text`, `latex` or `python`; text is in Unicode on a terminal."""
    return form.unicode if style == "text" and on_terminal() else str(getattr(form, style))


def show_pairs(title: str, pairs: Pairs, colour: str = "") -> None:
    """A title, and a label and a text to a line."""
    if not on_terminal():
        print("\n".join([title, *(f"{label}: {text}" for label, text in pairs)]))
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for label, text in pairs:
        grid.add_row(Text(label, style="dim"), Text(text))
    _console().print(Text(title, style=f"bold {colour}"), grid, sep="\n")


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str] = ()) -> None:
    """Rows under a header, the last column in colour; aligned by spaces in a pipe."""
    if not on_terminal():
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        for row in (header, *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, header_style="bold")
    for row, colour in zip(rows, colours or [""] * len(rows), strict=True):
        table.add_row(*map(Text, row[:-1]), Text(row[-1], style=colour))
    _console().print(table)


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """The items, with a progress bar on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import Progress

    with Progress(console=_console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(what, total=total)
        for item in items:
            yield item
            bar.advance(task)


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False)


def show_derivative(derivative: "Derivative", style: str, explain: bool) -> None:
    """The formula alone in a pipe; with its readings and the evidence on a terminal."""
    steps = _steps(derivative) if explain else []
    if style == "json":
        extra = {"steps": [{"step": name, "text": text} for name, text in steps]} if explain else {}
        print(to_json(derivative.to_json() | extra))
    elif style == "text" and on_terminal():
        notes = [("note", note) for note in derivative.notes]
        show_pairs(
            show(derivative.form, style), [*notes, *steps, *_readings(derivative), *_evidence(derivative)], "cyan"
        )
    else:
        for label, text in steps:
            print(f"{label}: {text}")
        print(show(derivative.form, style))
        for note in derivative.notes:
            print(f"matcalc: {note}", file=sys.stderr)


def _steps(derivative: "Derivative") -> Pairs:
    """The steps that lead to the reading shown."""
    others = tuple(f" {reading}" for reading in derivative.readings if reading != derivative.reading)
    return [(name, text) for name, text in derivative.steps if not name.endswith(others)]


def _readings(derivative: "Derivative") -> Pairs:
    if derivative.structure in ("general", "positive"):
        return []
    return [
        (f"{name} reading", show(form, "text") if form is not None else "not defined")
        for name, form in derivative.readings.items()
    ]


def _evidence(derivative: "Derivative") -> Pairs:
    rows, columns = derivative.shape
    found = derivative.verified
    pairs = [(derivative.kind, f"by {derivative.wrt} ({derivative.structure}), {rows} x {columns}")]
    if found is not None:
        pairs.append(("verified", f"on {found.instances} instances, relative error {found.max_relative_error:.1e}"))
    return pairs


def show_verdict(verdict: "Verdict", style: str) -> None:
    """The verdict, the cause, the right form and the evidence."""
    if style == "json":
        print(to_json(verdict.to_json()))
    else:
        show_pairs(verdict.verdict, [*_causes(verdict), *_grounds(verdict)], COLOURS[verdict.verdict])


def _causes(verdict: "Verdict") -> Iterator[tuple[str, str]]:
    diagnosis = verdict.diagnosis
    if diagnosis is not None:
        yield diagnosis.kind, diagnosis.message
        if diagnosis.edit is not None and (verdict.correct is None or diagnosis.edit != verdict.correct.text):
            yield "mended", diagnosis.edit
    if verdict.correct is not None:
        yield "correct", show(verdict.correct, "text")
    if verdict.right_under:
        yield "right under", ", ".join(map(str, verdict.right_under))


def _grounds(verdict: "Verdict") -> Iterator[tuple[str, str]]:
    for note in verdict.notes:
        yield "note", note
    found = verdict.evidence
    if found.instances:
        yield "evidence", f"{found.instances} instances, relative error {found.max_relative_error:.1e}"
    example = found.counterexample
    if example is not None:
        point = ", ".join(f"{name} = {_numbers(value)}" for name, value in example["at"].items())
        yield (
            "counterexample",
            f"at {point}: claimed {_numbers(example['claimed'])}, right {_numbers(example['right'])}",
        )


def _numbers(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_numbers, value))}]"
    return f"{value:.6g}" if isinstance(value, (int, float)) else str(value)


def show_derivation(derivation: "Derivation", style: str) -> None:
    """A row a statement: its line, the formula, what is to be said of it and the verdict; then what they come to."""
    if style == "json":
        print(to_json(derivation.to_json()))
        return
    rows = [(str(s.line), _shortened(s.formula), s.message, s.status) for s in derivation.steps]
    colours = [COLOURS.get(s.status, "dim") for s in derivation.steps]
    if rows:
        show_table(("line", "formula", "why", "verdict"), rows, colours)
    print(derivation.summary)


def _shortened(text: str, length: int = 70) -> str:
    return text if len(text) <= length or on_terminal() else f"{text[: length - 1]}…"


PROOF = (
    "key",
    "statement",
    "latex",
    "source",
    "structures",
    "instances",
    "max_relative_error",
    "verdict",
    "ok",
    "route",
    "remark",
)
RECORD = ("key", "kind", "statement", "latex", "source")


def show_proofs(rows: Sequence["Row"], style: str) -> None:
    """What `verify` found: a row an identity, why some do not hold, and how many are as the catalogue says."""
    if style == "json":
        print(to_json([{key: getattr(row, key) for key in PROOF} for row in rows]))
        return
    cells = [
        (r.key, r.statement, r.source, r.structures, str(r.instances), f"{r.max_relative_error:.1e}", r.verdict)
        for r in rows
    ]
    header = ("key", "identity", "source", "structures", "instances", "error", "verdict")
    show_table(header, cells, ["green" if r.ok else "red" for r in rows])
    for r in rows:
        if r.ok and r.verdict == "refuted":
            print(f"{r.key} does not hold as printed: {r.remark}")
    print(f"{sum(r.ok for r in rows)} of {len(rows)} identities are as the catalogue says")


def show_catalogue(records: Sequence[Any], style: str) -> None:
    """The records, each with its formula as text or LaTeX."""
    if style == "json":
        print(to_json([{key: getattr(record, key) for key in RECORD} for record in records]))
        return
    formula = "latex" if style == "latex" else "statement"
    rows = [(r.key, r.kind, r.source, getattr(r, formula)) for r in records]
    show_table(("key", "kind", "source", "identity"), rows)


def mentions(record: Any, words: Sequence[str]) -> bool:
    """Whether every word occurs in a record, in whatever case."""
    text = " ".join(str(getattr(record, key)) for key in RECORD).lower()
    return all(word in text for word in words)
