"""`csv`: a folder with one file for each kind of table, its columns those of the table's header.

Before them stand `host`, `sid` and `verdict`; a table's own column of that name is `row_host` and so on. Beside the
tables, under names that no kind can have: `_bundles.csv` (where it comes from, how far each clock was off: nothing here
is corrected), `_gaps.csv` (what was not obtained), `_files.csv` (every artifact with its hash), `_observations.csv`,
`_custody.csv`.

A cell that a spreadsheet would take for a formula (= + - @, also their wide forms, and after a semicolon, which
separates cells in French Excel) gets an apostrophe in front; how many is told. Cells end after 32,000 characters, the
most that Excel holds being 32,767. Everything is quoted, in UTF-8, one row a line whatever the host called its files.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Self

from collector.handover import export_texts
from collector.handover.archive import is_top
from collector.handover.export_output import NewFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from collector.handover.export_evidence import Evidence
    from collector.inventory import Stored
    from collector.manifest import Record
    from collector.model import Json, Row

MAX_CELL = 32_000
MAX_COLUMNS = 256
"""Columns of one table: ours have 21 at most. What a header names beyond goes into `_other`."""
_FIRST = ("host", "sid", "verdict")
_OTHER = "_other"
"""Column for what stands in a row and not in its header, as JSON."""
_RECORDS = {
    "gap": ("_gaps", ("utc", "source", "outcome", "subject", "reason", "path")),
    "artifact": (
        "_files",
        ("path", "kind", "source", "subject", "method", "outcome", "started", "ended", "size", "sha256",
         "content_sha256", "rows", "source_times", "flags"),
    ),
    "observation": ("_observations", ("utc", "local", "what", "data")),
}  # fmt: skip
_CUSTODY = ("seq", "utc", "local", "type", "observed", "by", "to", "role", "reason", "place", "condition",
            "text", "what", "data", "subject", "path", "size", "sha256", "content_sha256", "flags", "key",
            "checked")  # fmt: skip
_BUNDLES = ("case", "folder", "operator", "witness", "began", "timezone", "clock", "watch_offset_s", "seal_code",
            "records", "artifacts", "ended", "outcome", "isolation")  # fmt: skip


def write(evidence: Sequence[Evidence], folder: Path) -> list[str]:
    """Write every table of all bundles into an empty folder; return the names of the files."""
    made = [_bundles(evidence, folder), *_records(evidence, folder)]
    kinds: dict[str, list[tuple[Evidence, Stored]]] = {}
    for one in evidence:
        for stored in one.tables():
            kinds.setdefault(stored.kind, []).append((one, stored))
    for kind, tables in kinds.items():
        columns: dict[str, None] = {}
        for one, stored in tables:
            named = one.header(stored).get("columns")
            columns |= dict.fromkeys(named if isinstance(named, dict) else ())
        names = [name for name in columns if name != _OTHER][:MAX_COLUMNS]
        with _Table(folder / _file_name(kind), [*names, _OTHER]) as table:
            for one, stored in tables:
                one.rows(stored, lambda row, one=one, table=table: table.row(one, row))  # type: ignore[misc]
        made.append(table.path.name)
    return made


def _file_name(kind: str) -> str:
    """Return the file for a kind, one of our own words; `con` and the like are devices of Windows."""
    return f"{kind}.csv" if is_top(kind) else f"_{kind}.csv"


def _bundles(evidence: Sequence[Evidence], folder: Path) -> str:
    with _Table(folder / "_bundles.csv", _BUNDLES) as table:
        for one in evidence:
            opening, report = one.opening, one.bundle.report
            row: Row = {
                **{name: opening.get(name) for name in ("case", "operator", "witness", "clock")},
                "folder": one.bundle.path.resolve().name.encode("utf-8", "backslashreplace").decode(),
                "began": opening["utc"],
                "timezone": one.timezone,
                "watch_offset_s": one.correction_s,
                "seal_code": report.seal_code,
                "records": report.records,
                "artifacts": report.artifacts,
                **_ended(one),
            }
            table.row(one, row)
    return table.path.name


def _ended(one: Evidence) -> Row:
    """Return how the run ended; nothing where it never did."""
    closing: Record = one.bundle.inventory.closing or {}
    return {"ended": closing.get("utc"), **{name: closing.get(name) for name in ("outcome", "isolation")}}


def _records(evidence: Sequence[Evidence], folder: Path) -> list[str]:
    tables = {kind: _Table(folder / f"{name}.csv", columns) for kind, (name, columns) in _RECORDS.items()}
    custody = _Table(folder / "_custody.csv", _CUSTODY)
    every = [*tables.values(), custody]
    try:
        for one in evidence:

            def record(found: Record, one: Evidence = one) -> None:
                if str(found["type"]) in tables:
                    tables[str(found["type"])].row(one, _held(one, found), whole=False)

            one.records(record)
            one.custody(lambda found, one=one: custody.row(one, _held(one, found), whole=False))  # type: ignore[misc]
        for table in every:
            table.finish()
    finally:
        for table in every:
            table.close()
    return [table.path.name for table in every]


def _held(one: Evidence, found: Record) -> Record:
    """Return a record with no `content_sha256` but one that its file was held against."""
    return {**found, "content_sha256": one.content_sha256(found)} if "content_sha256" in found else found


def _heads(columns: Iterable[str]) -> list[str]:
    """Return the first line: ours, then the columns', each name once; the host's `host` is `row_host`."""
    heads = dict.fromkeys(_FIRST)
    for name in columns:
        head = export_texts.safe(export_texts.cell(name, MAX_CELL)[0])[0]
        while head in heads:
            head = f"row_{head}"
        heads[head] = None
    return [*heads]


class _Table:
    """One file of cells."""

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        self.path = path
        self._columns = list(columns)
        self._known = frozenset(self._columns[:-1])
        self._file = NewFile(path)
        self._writer = csv.writer(self, quoting=csv.QUOTE_ALL)
        self._writer.writerow(_heads(self._columns))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()

    def write(self, text: str) -> None:
        """Take what the csv module made of a row."""
        self._file.write(text.encode("utf-8"))

    def row(self, evidence: Evidence, row: Row | Record, *, whole: bool = True) -> None:
        """Write one row; what has no column goes into the last one, unless it is not `whole` that is wanted."""
        cells = [self._cell(evidence, row.get(name)) for name in self._columns]
        if whole and self._columns[-1] == _OTHER:
            rest: dict[str, Json] = {name: value for name, value in row.items() if name not in self._known}
            cells[-1] = self._cell(evidence, rest or None)
        host, changed = export_texts.safe(evidence.host)  # printable already
        evidence.tally.neutralised += changed
        self._writer.writerow([host, evidence.sid, evidence.verdict, *cells])
        evidence.tally.written += 1

    def finish(self) -> None:
        """Bring it onto the medium."""
        self._file.finish()

    def close(self) -> None:
        """Close it as it is."""
        self._file.close()

    def _cell(self, evidence: Evidence, value: Json) -> str:
        text, cut = export_texts.cell(value, MAX_CELL)
        evidence.tally.cut += cut
        safe, changed = export_texts.safe(text)
        evidence.tally.neutralised += changed
        return safe
