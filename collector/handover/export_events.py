"""What in a bundle happened at a moment: the events of a record and of a row, with the words for each. Pure.

The words of the times of files are those of plaso, so that one search finds them in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.handover.export_bodyfile import GROUPS, is_file
from collector.handover.export_moments import from_number, from_utc
from collector.handover.export_texts import cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.manifest import Record
    from collector.model import Json, Row

CHAIN = frozenset({"v", "prev", "mono_ns", "boot_ns", "boot_id", "private", "signature", "run_key", "sid"})
"""Fields of a record that hold the chain together and tell of no event."""
FILE_TIMES = {
    "mtime_ns": "Content Modification Time",
    "ctime_ns": "Metadata Modification Time",
    "atime_ns": "Last Access Time",
    "btime_ns": "Creation Time",
}
_GROUP_TIMES = {"mtime_ns": "First Encrypted In Fullest Hour", "ctime_ns": "Last Encrypted In Fullest Hour"}
_OTHER_TIMES = {
    "written_ns": "Content Modification Time",
    "create_time": "Start Time",
    "started": "Session Start Time",
    "utc": "File Event Time",
    "boot_time": "System Boot Time",
}
_RECORDS = {
    "open": ("Collection Start Time", "Collection began"),
    "artifact": ("Collection Time", "Collected"),
    "gap": ("Collection Time", "Not obtained"),
    "observation": ("Observation Time", "Observed"),
    "note": ("Note Time", "Note"),
    "phase": ("Collection Time", "Phase signed"),
    "resume": ("Collection Resume Time", "Collection resumed"),
    "close": ("Collection End Time", "Collection ended"),
    "handover": ("Custody Time", "Handed over"),
    "receipt": ("Custody Time", "Received"),
    "signature": ("Custody Time", "Receipt countersigned"),
}
"""What a record's own time is, and the beginning of its message."""
_TOLD = {
    "open": ("case", "operator"),
    "artifact": ("kind", "subject", "path"),
    "gap": ("source", "outcome", "subject", "reason"),
    "observation": ("what", "data"),
    "note": ("text",),
    "phase": ("name", "code"),
    "close": ("outcome", "reason", "isolation"),
    "handover": ("by", "to", "reason"),
    "receipt": ("by", "to", "condition"),
    "signature": ("key",),
}
_OBSERVED = {
    "encryption-start": (("estimate_utc", "Estimated Encryption Start"),),
    "encryption-running": (("since", "Encryption Seen Since"), ("last", "Encryption Last Seen")),
    "link-change": (("received", "Link Change Time"),),
    "entry": (("observed", "Entry Observed Time"),),
}
"""Times inside the data of an observation."""
_ROWS = {
    "processes": ("Process started", ("name", "pid", "username", "cmdline")),
    "suspects": ("Suspicious process started", ("name", "pid", "confidence", "cmdline")),
    "sessions": ("Session", ("user", "terminal", "remote_host", "type")),
    "activity": ("File event", ("event", "path")),
    "registry": ("Registry key", ("key",)),
    "system": ("System started", ("hostname",)),
    "ransom": ("Trace of ransomware", ("what", "path", "family", "extension", "count")),
}
_DEFAULT = ("path", "name")
_PART = 300
"""Characters of each part of a message; the field of its name holds more."""


class Event(NamedTuple):
    """Something that happened: `when` in nanoseconds since 1970, none where what stands there is no time."""

    when: int | None
    what: str
    message: str
    tags: tuple[str, ...] = ()


def of_record(record: Record) -> list[Event]:
    """Return the events of a record of manifest or custody."""
    kind = str(record["type"])
    if kind not in _RECORDS:
        return []
    what, begins = _RECORDS[kind]
    message = _message(begins, record, _TOLD.get(kind, ()))
    moment = "ended" if kind == "artifact" else "utc"
    events = [Event(from_utc(record[moment]), what, message)]
    if kind == "note" and record.get("observed") is not None:
        events.append(Event(from_utc(record["observed"]), "Note Observed Time", message))
    data = record.get("data")
    if kind == "observation" and isinstance(data, dict):
        for name, label in _OBSERVED.get(str(record["what"]), ()):
            if data.get(name) is not None:
                events.append(Event(from_utc(data[name]), label, message))
    times = record.get("source_times")
    if kind == "artifact" and isinstance(times, dict) and record["source"] not in ("artifacts", "ransom"):
        events += _files(times, _message("File", record, ("subject",)), ())
    return events


def of_row(kind: str, row: Row) -> list[Event]:
    """Return the events of a table's row: one for each of its times that is there."""
    begins, names = _ROWS.get(kind, ("", _DEFAULT))
    tags = _tags(kind, row)
    events = []
    for name, what in _OTHER_TIMES.items():
        value = row.get(name)
        if value is not None:
            when = from_number(value) if name.endswith("_ns") else from_utc(value)
            events.append(Event(when, what, _message(begins or kind, row, names), tags))
    message = _message(begins or "File", row, names)
    if kind == "ransom" and row.get("what") in GROUPS:
        found = ((row.get(name), what) for name, what in _GROUP_TIMES.items())
        return [Event(from_number(value), what, message, tags) for value, what in found if value is not None]
    return [*events, *_files(row, message, tags)] if is_file(kind, row) else events


def _files(row: Row, message: str, tags: tuple[str, ...]) -> Iterator[Event]:
    """Yield the four times of a file; 0 is what file systems say that keep none."""
    for name, what in FILE_TIMES.items():
        if row.get(name) not in (None, 0, "0"):
            yield Event(from_number(row[name]), what, message, tags)


def _tags(kind: str, row: Row) -> tuple[str, ...]:
    judged = row.get("judged") if kind == "recent-files" else None
    words = [word for word in judged if word in ("note", "encrypted", "executable")] if isinstance(judged, list) else []
    if kind in ("suspects", "ransom"):
        words.append(kind)
    return tuple(dict.fromkeys(str(word) for word in words))


def _message(begins: str, row: Row, names: tuple[str, ...]) -> str:
    parts = [_part(row[name]) for name in names if row.get(name) not in (None, "", [], {})]
    return ": ".join([begins, ", ".join(parts)]) if parts else begins


def _part(value: Json) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):  # arguments
        value = " ".join(str(one) for one in value[:_PART])
    return cell(value, _PART)[0]
