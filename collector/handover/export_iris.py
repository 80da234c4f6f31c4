"""`iris`: a folder with the two files that DFIR-IRIS imports, its timeline and its IOCs, under its own exact headers.

The importers (iris-web, `case_timeline_routes.py` and `case_ioc_routes.py`) split at every line end that Python knows,
want the first line without quotes, two letters of title at least, a date `YYYY-MM-DDTHH:MM:SS.ffffff` beside its
offset, names of their own for categories, types and TLP, and tags between `|`. Assets and IOCs of an event must be
there already, so these columns stay empty.

IRIS's timeline is what an analyst writes down, not every time of every file (that is `timesketch`): traces of
ransomware, suspicious programs, sessions, starts of the system, observations, notes, hand-overs and the collection.
What IRIS shows as Markdown or HTML is inert: texts of the host stand in a code span, and `<` is no tag in any cell.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from collector.handover import export_events, export_texts
from collector.handover.export_indicators import indicators
from collector.handover.export_moments import SECOND, iso
from collector.handover.export_output import NewFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collector.handover.export_events import Event
    from collector.handover.export_evidence import Evidence
    from collector.handover.export_indicators import Indicator
    from collector.manifest import Record
    from collector.model import Row

TIMELINE, IOCS = "iris-timeline.csv", "iris-iocs.csv"
EVENT_COLUMNS = ("event_date", "event_tz", "event_title", "event_category", "event_content", "event_raw",
                 "event_source", "event_assets", "event_iocs", "event_tags")  # fmt: skip
IOC_COLUMNS = ("ioc_value", "ioc_type", "ioc_description", "ioc_tags", "ioc_tlp")
MOST = 3000
"""Events of one bundle: an import is one request, and a person reads the timeline."""
_MAX_TITLE, _MAX_CONTENT, _MAX_RAW = 200, 1000, 4000
_RECORDS = {
    "open": "Legitimate", "resume": "Legitimate", "close": "Legitimate", "handover": "Legitimate",
    "receipt": "Legitimate", "signature": "Legitimate", "note": "Unspecified", "observation": "Unspecified",
}  # fmt: skip
"""Records that are events, with IRIS's category: what we and the practice did is legitimate."""
_OBSERVED = {"encryption-start": "Impact", "encryption-running": "Impact", "isolate": "Remediation"}
_ROWS = {"suspects": "Execution", "sessions": "Unspecified", "system": "Unspecified", "ransom": "Impact"}
_TRACES = ("note", "encrypted", "recovery")
"""Rows of `ransom` that are events of the attack; a copied sample is none."""
_TYPES = {
    "onion": "domain", "url": "domain", "ip": "ip-dst", "email": "email", "bitcoin": "btc", "monero": "xmr",
    "dash": "dash", "note-sha256": "sha256", "program-sha256": "sha256", "note-name": "filename",
    "ending": "filename-pattern",
}  # fmt: skip
"""IRIS's names for what it has a type for; the others are `text`."""
_TLP = "amber"
_DATED = 2
"""The first cells of an event, date and offset: a spreadsheet may take `+00:00` for what it likes, IRIS may not."""


def write(evidence: Sequence[Evidence], folder: Path) -> list[str]:
    """Write both files into an empty folder; return their names."""
    timeline = _Sheet(folder / TIMELINE, EVENT_COLUMNS)
    try:
        for one in evidence:
            _Timeline(one, timeline).write()
        timeline.finish()
    finally:
        timeline.close()
    iocs = _Sheet(folder / IOCS, IOC_COLUMNS)
    try:
        for indicator in indicators(evidence):
            if _inert(indicator.value) == indicator.value:
                iocs.row(evidence[0], _ioc(indicator))
            else:  # changed it would be another value
                evidence[0].tally.left_out += 1
                evidence[0].tally.written -= 1
        iocs.finish()
    finally:
        iocs.close()
    return [TIMELINE, IOCS]


def _ioc(found: Indicator) -> list[str]:
    tags = "|".join(dict.fromkeys(["ransomware", found.kind]))
    return [found.value, _TYPES.get(found.kind, "text"), _inert(found.said), tags, _TLP]


class _Timeline:
    """The events of one bundle."""

    def __init__(self, evidence: Evidence, sheet: _Sheet) -> None:
        self._evidence = evidence
        self._sheet = sheet
        self._shift = evidence.correction_s or 0
        self._rows = 0

    def write(self) -> None:
        evidence = self._evidence
        evidence.records(self._record)
        for stored in evidence.tables():
            if stored.kind in _ROWS:
                kind = stored.kind
                evidence.rows(stored, lambda row, kind=kind: self._row(kind, row))  # type: ignore[misc]
        evidence.custody(lambda record: self._record(record, moved=False))

    def _record(self, record: Record, *, moved: bool = True) -> None:
        kind = str(record["type"])
        if kind in _RECORDS:
            category = _OBSERVED.get(str(record.get("what")), _RECORDS[kind])
            if category == "Impact" and not _seen(record):
                category = _RECORDS[kind]
            where = kind if moved else f"custody {kind}"
            self._events(category, where, record, export_events.of_record(record), moved=moved)

    def _row(self, kind: str, row: Row) -> None:
        if kind == "ransom" and row.get("what") not in _TRACES:
            return
        events = export_events.of_row(kind, row)
        if kind == "ransom":  # one event a trace: when its content was written, not each of its four times
            events = events[:1]
        self._events(_ROWS[kind], kind, row, events)

    def _events(self, category: str, where: str, row: Row, events: Sequence[Event], *, moved: bool = True) -> None:
        for event in events:
            shift = self._shift if moved else 0
            told = None if event.when is None else iso(event.when)
            shifted = None if event.when is None else iso(event.when + shift * SECOND)
            if told is None or shifted is None:
                self._evidence.tally.undated += 1
            elif self._rows >= MOST:
                self._evidence.tally.left_out += 1
            else:
                self._rows += 1
                self._evidence.tally.written += 1
                self._sheet.row(self._evidence, self._cells(category, where, row, event, (told, shifted)), _DATED)

    def _cells(self, category: str, where: str, row: Row, event: Event, times: tuple[str, str]) -> list[str]:
        evidence = self._evidence
        told, shifted = times
        title = export_texts.line(f"{evidence.host}: {event.what}: {event.message}", _MAX_TITLE)[0]
        content = f"{event.what}, from {where} of bundle {evidence.sid}, {evidence.verdict}."
        if told != shifted:
            content += f" Clock: {evidence.correction_s} seconds were added, the host had {told}."
        message, cut = export_texts.line(event.message, _MAX_CONTENT)
        content += f" `{_inert(message).replace('`', chr(39))}`"
        raw, raw_cut = export_texts.line(_plain(row), _MAX_RAW)
        evidence.tally.cut += cut + raw_cut
        tags = ["collect", evidence.host, evidence.verdict, *event.tags]
        return [
            shifted.partition("+")[0], "+00:00", _inert(title), category, content,
            raw, _inert(f"collect {where}, {evidence.host}"), "", "", "|".join(_tag(tag) for tag in tags),
        ]  # fmt: skip


class _Sheet:
    """One file of cells: its first line bare, as the importers compare it; below it everything quoted."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = NewFile(path)
        self._file.write((",".join(columns) + "\r\n").encode("ascii"))

    def row(self, evidence: Evidence, values: Sequence[str], ours: int = 0) -> None:
        """Write one row, each of its cells one line that nothing calculates; the first `ours` are of our making."""
        made = io.StringIO()
        cells = [*values[:ours]]
        for value in values[ours:]:
            cell, changed = export_texts.safe(export_texts.escaped(value))
            evidence.tally.neutralised += changed
            cells.append(cell)
        csv.writer(made, quoting=csv.QUOTE_ALL).writerow(cells)
        self._file.write(made.getvalue().encode("utf-8"))

    def finish(self) -> None:
        """Bring it onto the medium."""
        self._file.finish()

    def close(self) -> None:
        """Close it as it is."""
        self._file.close()


def _seen(record: Record) -> bool:
    """Tell whether an observation of an encryption says that there was one."""
    data = record.get("data")
    if not isinstance(data, dict):
        return False
    return data.get("state") in ("running", "stopped") or data.get("estimate_utc") is not None


def _plain(row: Row | Record) -> str:
    """Return a row as JSON without what holds the chain together; no `<` of it opens a tag."""
    names = [name for name, value in row.items() if name not in export_events.CHAIN and value not in (None, "", [])]
    kept = {name: row[name] for name in names}
    try:
        return json.dumps(kept, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
    except (ValueError, RecursionError):  # a number of 5,000 digits, or more brackets than Python likes
        return "(not shown)"


def _inert(text: str) -> str:
    return text.replace("<", "\u2039").replace(">", "\u203a")


def _tag(text: str) -> str:
    return _inert(export_texts.escaped(text)).replace("|", "/").replace(",", " ")
