"""What is found of a derivation: its statements, each with its verdict, as text, as a table and as JSON."""

from dataclasses import dataclass
from html import escape
from typing import Any

from matcalc.documents.judgement import to_typeset
from matcalc.verdict import RIGHT, WRONG, Verdict

UNREAD, DEFINITION, ASIDE = "not read", "definition", "not a claim"


@dataclass(frozen=True)
class Step:
    """One statement of a derivation: its line, its sides, and what is to be said of it."""

    line: int
    left: str
    relation: str
    right: str
    status: str
    verdict: Verdict | None = None
    reason: str = ""
    is_display: bool = True

    @property
    def formula(self) -> str:
        """The statement as it stands."""
        return " ".join(f"{self.left} {self.relation} {self.right}".split())

    @property
    def message(self) -> str:
        """Why it is wrong or not read, in one sentence."""
        diagnosis = self.verdict.diagnosis if self.verdict is not None else None
        return "; ".join(filter(None, (diagnosis.message if diagnosis is not None else "", self.reason)))

    def to_json(self) -> dict[str, Any]:
        """The statement, its line, and the verdict as `check` gives it."""
        found = self.verdict.to_json() if self.verdict is not None else None
        return {"line": self.line, "formula": self.formula, "status": self.status, "message": self.message or None,
                "display": self.is_display, "verdict": found}  # fmt: skip


@dataclass(frozen=True)
class Derivation:
    """The steps of a derivation with their verdicts."""

    steps: tuple[Step, ...]

    def with_status(self, *statuses: str) -> list[Step]:
        """The steps of some status."""
        return [s for s in self.steps if s.status in statuses]

    @property
    def first_wrong(self) -> Step | None:
        """The first step that is wrong, if any is."""
        return next((s for s in self.steps if s.status in (WRONG, "convention-dependent")), None)

    @property
    def unread(self) -> list[Step]:
        """The statements that could not be read."""
        return self.with_status(UNREAD)

    @property
    def is_right(self) -> bool:
        """Whether every step was read and is right."""
        return all(s.status in (RIGHT, DEFINITION, ASIDE) for s in self.steps)

    @property
    def summary(self) -> str:
        """How many statements there are of each status."""
        statuses = dict.fromkeys(s.status for s in self.steps)
        return ", ".join(f"{len(self.with_status(s))} {s}" for s in statuses) or "no statement"

    def raise_if_wrong(self) -> "Derivation":
        """The derivation itself when every step is right.

        Raises:
            AssertionError: a step is wrong or could not be read; the message names the first one.
        """
        bad = next((s for s in self.steps if s.status not in (RIGHT, DEFINITION, ASIDE)), None)
        if bad is not None:
            raise AssertionError(f"line {bad.line}: {bad.formula}: {bad.status}; {bad.message}")
        return self

    def to_json(self) -> dict[str, Any]:
        """The steps and what they come to."""
        return {"statements": [s.to_json() for s in self.steps], "summary": self.summary}

    def __str__(self) -> str:
        rows = [f"{s.line}: {s.formula}  [{s.status}] {s.message}".rstrip() for s in self.steps]
        return "\n".join([*rows, self.summary])

    def _repr_html_(self) -> str:
        """A table, with the statements in LaTeX."""
        rows = "".join(
            f"<tr><td>{s.line}</td><td>{_in_mathematics(s)}</td><td>{escape(s.status)}</td><td>{escape(s.message)}</td></tr>"
            for s in self.steps
        )
        head = "<tr><th>line</th><th>statement</th><th>verdict</th><th>why</th></tr>"
        return f"<table>{head}{rows}</table><p>{escape(self.summary)}</p>"


def _in_mathematics(step: Step) -> str:
    """A statement as a notebook shows it: typeset where it is LaTeX or can be printed so."""
    sides = [to_typeset(side) for side in (step.left, step.right)]
    if not step.relation or None in sides:
        return f"<code>{escape(step.formula)}</code>"
    return f"$\\displaystyle {sides[0]} {step.relation} {sides[1]}$"
