"""The catalogue: every record of every installed catalogue, found by entry point, and the proof of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from multiprocessing import get_context

from matcalc.errors import MatcalcError
from matcalc.language.syntax import nearest
from matcalc.proof import Proof, close
from matcalc.records import Record

GROUP = "matcalc.catalogue"
BATCH = 4  # records for which JAX compiles at once
WORTH_A_PROCESS = 12  # batches


@dataclass(frozen=True)
class Row:
    """What was found of one record; `ok` says whether it is as the catalogue says."""

    key: str
    statement: str
    latex: str
    source: str
    structures: str
    instances: int
    max_relative_error: float
    verdict: str
    ok: bool
    route: str
    remark: str = ""


class Unreadable(Record):
    """A catalogue that is installed and cannot be read: it is listed, and fails."""

    kind = "error"

    @property
    def statement(self) -> str:
        """What went wrong."""
        return self.remark

    @property
    def latex(self) -> str:
        """The same."""
        return self.remark

    def attempt(self) -> Proof:
        """Raise a MatcalcError with what went wrong."""
        raise MatcalcError(self.remark)


def gather(parts: Mapping[str, Iterable[Record]]) -> tuple[Record, ...]:
    """The records of several parts, by the name of each part.

    Raises:
        MatcalcError: two records have the same key; the message says where each is from.
    """
    found: dict[str, tuple[Record, str]] = {}
    for origin, records in parts.items():
        for record in records:
            if record.key in found:
                raise MatcalcError(f"{record.key!r} in {origin} is taken by {found[record.key][1]}; use another key")
            found[record.key] = record, origin
    return tuple(record for record, _ in found.values())


@cache
def catalogue() -> tuple[Record, ...]:
    """All records of all installed catalogues (entry points of the group `matcalc.catalogue`)."""
    parts: dict[str, tuple[Record, ...]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name != "note", point.name)):
        parts[point.value] = _load(point, parts)
    return gather(parts)


def _load(point: EntryPoint, parts: Mapping[str, tuple[Record, ...]]) -> tuple[Record, ...]:
    """The records of an entry point; one that says what went wrong, where they cannot be had or do not fit in."""
    try:
        records = tuple(point.load())
        gather({**parts, point.value: records})
    except Exception as error:  # whatever another package raises: it must not take the rest along
        message = f"the catalogue {point.value} cannot be read: {type(error).__name__}: {error}"
        return (Unreadable(key=f"catalogue {point.name}", source=point.value, remark=message),)
    return records


def select(keys: Iterable[str] | None = None) -> tuple[Record, ...]:
    """The records of some keys, all when none is given; `N20` stands for `N20(1)`, `N20(2)` and so on as well.

    Raises:
        MatcalcError: there is no such key; the message names the nearest one.
    """
    if keys is None:
        return catalogue()
    found = [record for key in keys for record in _of_key(key)]
    return tuple({record.key: record for record in found}.values())


def _of_key(key: str) -> Sequence[Record]:
    found = [r for r in catalogue() if r.key == key or r.key.startswith((f"{key}(", f"{key}-"))]
    if not found:
        known = dict.fromkeys(r.key.partition("(")[0] for r in catalogue())
        raise MatcalcError(f"there is no identity {key!r}{nearest(key, list(known))}")
    return found


def verify(keys: Iterable[str] | None = None) -> Iterator[Row]:
    """Prove the records of some keys, or the whole catalogue: a row for each, in order, as soon as it is known.

    A record that is marked as not holding is as the catalogue says when it is refuted.
    """
    return _rows(select(keys))


def _rows(records: Sequence[Record]) -> Iterator[Row]:
    for batch in _batches(records):
        yield from _prove(batch)


def verify_by_two(keys: Iterable[str] | None = None) -> Iterator[Row]:
    """The rows of `verify`, each as soon as it is known, by two processes if there are enough of them.

    Proving is Python and compiling, of which a process does one thing at a time. This one proves from the first record
    on, the other from the last; it imports the program that runs, which must be guarded as `multiprocessing` asks.
    """
    records = select(keys)
    batches = _batches(records)
    if len(batches) < WORTH_A_PROCESS:
        yield from _rows(records)
        return
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        given = {k: other.submit(_prove_keys, [r.key for r in batches[k]]) for k in reversed(range(len(batches)))}
        try:
            for k, batch in enumerate(batches):
                if k in given and given[k].cancel():
                    del given[k]
                    yield from _prove(batch)
                for known in [k for k, future in given.items() if future.done()]:
                    yield from given.pop(known).result()
            for future in as_completed(given.values()):
                yield from future.result()
        finally:
            other.shutdown(cancel_futures=True)


def _batches(records: Sequence[Record]) -> list[Sequence[Record]]:
    return [records[k : k + BATCH] for k in range(0, len(records), BATCH)]


def _prove_keys(keys: Sequence[str]) -> list[Row]:
    """In the other process, which has records of its own."""
    own = {record.key: record for record in catalogue()}
    return _prove([own[key] for key in keys])


def _prove(records: Sequence[Record]) -> list[Row]:
    attempts = [_attempt(record) for record in records]
    proofs = iter(close([a for a in attempts if isinstance(a, Proof)]))
    return [
        _row(record, next(proofs)) if isinstance(a, Proof) else _failed(record, a)
        for record, a in zip(records, attempts, strict=True)
    ]


def _attempt(record: Record) -> Proof | str:
    try:
        return record.attempt()
    except Exception as error:  # a record of another package may raise anything: its row says so
        return f"{type(error).__name__}: {error}"


def _row(record: Record, proof: Proof) -> Row:
    return Row(
        key=record.key,
        statement=record.statement,
        latex=record.latex,
        source=record.source,
        structures=", ".join(proof.structures),
        instances=proof.stated.instances,
        max_relative_error=proof.max_relative_error,
        verdict=proof.verdict,
        ok=proof.verdict == ("proved" if record.holds else "refuted"),
        route=proof.route,
        remark=record.remark,
    )


def _failed(record: Record, message: str) -> Row:
    return Row(record.key, message, "", record.source, "", 0, 0.0, "error", False, "", record.remark)
