"""`timesketch`: every event of the bundles as JSON lines, one event a line, for Timesketch's own import.

Each has `message`, `datetime` (ISO 8601, +00:00) and `timestamp_desc`, which Timesketch asks for, then `hostname`,
`case`, `sid`, `verdict` of the bundle, `data_type` (`collect:` and the kind of table or record), and the row's columns.
All of these are texts, so that two hosts never give one field two types; what has parts is JSON in a text. Times of
the host are moved by the difference to the operator's watch where somebody recorded one, and then
`clock_correction_s` and `host_datetime` say so. Custody is written by other machines' clocks: it is never moved.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from collector.handover import export_events
from collector.handover.export_moments import SECOND, iso
from collector.handover.export_texts import cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.handover.export_events import Event
    from collector.handover.export_evidence import Evidence
    from collector.handover.export_output import NewFile
    from collector.inventory import Stored
    from collector.manifest import Record
    from collector.model import Json, Row

MAX_TEXT = 8000
"""Characters of one field: at most 32,000 bytes, and OpenSearch keeps keywords of 32,766."""
MAX_FIELDS = 64
"""Fields of one event that come from its row: OpenSearch takes 1,000 different ones in an index."""
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_TAKEN = frozenset({
    "message", "datetime", "timestamp", "timestamp_desc", "tag", "label", "hostname", "case", "sid", "verdict",
    "data_type", "clock_correction_s", "host_datetime",
})  # fmt: skip
_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def write(evidence: Sequence[Evidence], out: NewFile) -> None:
    """Write the events of all bundles, bundle after bundle; Timesketch sorts them."""
    for one in evidence:
        _Timeline(one, out).write()


class _Timeline:
    """The events of one bundle."""

    def __init__(self, evidence: Evidence, out: NewFile) -> None:
        self._evidence = evidence
        self._out = out
        self._shift = evidence.correction_s or 0

    def write(self) -> None:
        evidence = self._evidence
        evidence.records(lambda record: self._events(f"{record['type']}", record, export_events.of_record(record)))
        for stored in evidence.tables():
            self._table(stored)
        evidence.custody(self._custody)

    def _custody(self, record: Record) -> None:
        self._events(f"custody:{record['type']}", record, export_events.of_record(record), moved=False)

    def _table(self, stored: Stored) -> None:
        """Tell every time of a table's rows, whatever its header says of them; rows without times tell of nothing."""
        kind = stored.kind
        self._evidence.rows(stored, lambda row: self._events(kind, row, export_events.of_row(kind, row)))

    def _events(self, kind: str, row: Row, events: Sequence[Event], *, moved: bool = True) -> None:
        if not events:
            return
        fields: dict[str, object] | None = None
        for event in events:
            told = None if event.when is None else iso(event.when)
            shifted = None if event.when is None else iso(event.when + self._shift * SECOND * moved)
            if told is None or shifted is None:
                self._evidence.tally.undated += 1
                continue
            fields = fields or self._fields(kind, row)
            entry: dict[str, object] = {
                "message": self._shown(line(event.message, MAX_TEXT)),
                "datetime": shifted,
                "timestamp_desc": event.what,
                **fields,
            }
            if self._shift and moved:
                entry |= {"clock_correction_s": str(self._shift), "host_datetime": told}
            if event.tags:
                entry["tag"] = list(event.tags)
            self._out.write((_ENCODER.encode(entry) + "\n").encode("ascii"))
            self._evidence.tally.written += 1

    def _fields(self, kind: str, row: Row) -> dict[str, object]:
        evidence = self._evidence
        fields: dict[str, object] = {
            "hostname": evidence.host,
            "case": str(evidence.opening["case"]),
            "sid": evidence.sid,
            "verdict": evidence.verdict,
            "data_type": f"collect:{kind}",
        }
        found = [(name, value) for name, value in row.items() if value is not None and value not in ("", [], {})]
        for name, value in found[:MAX_FIELDS]:
            if name in export_events.CHAIN or _FIELD.fullmatch(name) is None:
                continue
            told = name
            while told in _TAKEN or told in fields:
                told = f"row_{told}"
            fields[told] = self._text(value)
        return fields

    def _text(self, value: Json) -> str:
        return self._shown(cell(value, MAX_TEXT))

    def _shown(self, found: tuple[str, bool]) -> str:
        text, cut = found
        self._evidence.tally.cut += cut
        return text
