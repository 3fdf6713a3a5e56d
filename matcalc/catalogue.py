"""The catalogue: every record of every installed catalogue, found by entry point, and the proof of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from matcalc.errors import MatcalcError
from matcalc.records import Record
from matcalc.syntax import nearest

GROUP = "matcalc.catalogue"
THREADS = 2


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

    latex = statement


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
        raise MatcalcError(f"there is no identity {key!r}{nearest(key, [r.key for r in catalogue()])}")
    return found


def verify(keys: Iterable[str] | None = None) -> Iterator[Row]:
    """Prove the records of some keys, or the whole catalogue: a row for each, in order, as soon as it is known.

    A record that is marked as not holding is as the catalogue says when it is refuted.
    """
    return _rows(select(keys))


def _rows(records: Sequence[Record]) -> Iterator[Row]:
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            yield from pool.map(prove, records)
        finally:
            pool.shutdown(cancel_futures=True)


def prove(record: Record) -> Row:
    """The row of one record; one that cannot be proved for an error in it says so."""
    if isinstance(record, Unreadable):
        return _failed(record, record.statement, record.remark)
    try:
        proof = record.prove()
        statement, latex = record.statement, record.latex
    except MatcalcError as error:
        return _failed(record, record.key, str(error))
    return Row(
        key=record.key,
        statement=statement,
        latex=latex,
        source=record.source,
        structures=", ".join(proof.structures),
        instances=proof.stated.instances,
        max_relative_error=proof.max_relative_error,
        verdict=proof.verdict,
        ok=proof.verdict == ("proved" if record.holds else "refuted"),
        route=proof.route,
        remark=record.remark,
    )


def _failed(record: Record, statement: str, message: str) -> Row:
    return Row(record.key, statement, "", record.source, "", 0, 0.0, "error", False, "", message)
