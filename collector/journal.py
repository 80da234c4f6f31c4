"""The main courante: what was said and brought along, in order, and what corrects what (SPEC 10.4). Pure.

Nothing is ever changed or left out: an entry that was corrected stands where it stood, with the number of what
corrects it. What only recipients can read, and no key was given for, is told as such.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector import answers, paris, schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.manifest import Record
    from collector.model import Json
    from collector.paris import Entered

ENTRY: Final = "entry"
"""Name of the observation that says of an entry what its own record has no field for."""
CORRECTION: Final = "correction"
"""Name of the observation that ties an entry to the one that corrects it."""
MOST: Final = 10_000
"""Entries that are kept; the chain itself has all."""
_KINDS: Final = {"file": "attachment", "timestamp": "timestamp", "timestamp-request": "timestamp-request"}
"""Kinds of custody files (SPEC 10), with the kind of their entry."""
_DOUBTS: Final = {one.value for one in paris.Doubt}


@dataclass(slots=True)
class Entry:
    """One entry; a field is `None` where it was not said, is not of this kind, or is hidden."""

    kind: str
    """`opened`, `sealed`, `note`, `answers`, `attachment`, `unfinished`, `handover`, `receipt`, `timestamp` …"""
    number: int | None
    """Its record's own in custody; `None` for what was said before the seal."""
    written: str
    """When it was written, by the clock of the machine that wrote it: `utc` of the record."""
    record: Record
    """The record itself, private fields in the clear where a key reads them."""
    hidden: bool
    """Whether its private fields are encrypted and were not read."""
    observed: str | None = None
    """When it was seen, as somebody said: `utc`."""
    doubt: str | None = None
    """What of `observed` was open (`paris.Doubt`)."""
    by: Json = None
    """Who wrote it, as said: a text."""
    about: int | None = None
    """Of a note: the attachment that it was given with."""
    says: Record = field(default_factory=dict)
    """What an attached file says of itself (`collector.attached`)."""
    corrects: list[int] = field(default_factory=list)
    corrected_by: list[int] = field(default_factory=list)


class Journal:
    """Takes the records of a bundle in order, manifest first, and keeps what belongs in the main courante."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.more = 0
        """Entries beyond `MOST`."""
        self.hidden = 0
        """Entries of which something can't be read without a key."""
        self._numbered: dict[int, Entry] = {}

    def manifest(self, record: Record, *, hidden: bool = False) -> None:
        """Take a record of the manifest: beginning and end of the run, and what people said in between."""
        kind = {"open": "opened", "close": "sealed"}.get(str(record["type"])) or _said(record)
        if kind is not None:
            self._add(Entry(kind, None, str(record["utc"]), record, hidden))

    def custody(self, record: Record, *, hidden: bool = False) -> None:
        """Take a record of the custody chain."""
        kind, number = kind_of(record), int(str(record["seq"]))
        if kind is not None:
            observed = record.get("observed")
            entry = Entry(kind, number, str(record["utc"]), record, hidden)
            entry.observed = observed if isinstance(observed, str) else None
            self._add(entry)
        elif record["type"] == "observation" and not hidden:
            data = record["data"] if isinstance(record["data"], dict) else {}
            self._tie(str(record["what"]), data, number)

    def _add(self, entry: Entry) -> None:
        self.hidden += entry.hidden and entry.kind not in ("opened", "sealed")
        if len(self.entries) >= MOST:
            self.more += 1
            return
        self.entries.append(entry)
        if entry.number is not None:
            self._numbered[entry.number] = entry

    def _tie(self, what: str, data: Record, number: int) -> None:
        """Take an observation about an entry; one that fits none that stands before it says nothing."""
        entry, by = self._entry(data.get("entry"), number), self._entry(data.get("by"), number)
        if entry is None or entry.number is None:
            return
        if what == CORRECTION and by is not None and by.number is not None and by.number > entry.number:
            entry.corrected_by.append(by.number)
            by.corrects.append(entry.number)
        if what == ENTRY:
            observed, doubt, who, says = (data.get(name) for name in ("observed", "doubt", "who", "says"))
            if entry.observed is None and schema.is_utc(observed):
                entry.observed = str(observed)
            entry.doubt = doubt if isinstance(doubt, str) and doubt in _DOUBTS else None
            entry.by = who if schema.is_text(who) else None
            entry.says = says if isinstance(says, dict) else {}
            note = self._entry(data.get("note"), number)
            if note is not None and note.kind == "note":
                note.about, note.by, note.observed, note.doubt = entry.number, entry.by, entry.observed, entry.doubt

    def _entry(self, number: Json, before: int) -> Entry | None:
        is_number = isinstance(number, int) and not isinstance(number, bool)
        return self._numbered.get(number) if is_number and number < before else None  # type: ignore[operator, arg-type]


def kind_of(record: Record) -> str | None:
    """Return the kind of entry that a custody record is, or `None` for none."""
    kind = str(record["type"])
    if kind in ("handover", "receipt"):
        return kind
    if kind == "artifact":
        flags = record["flags"] if isinstance(record["flags"], list) else []
        return "unfinished" if "partial" in flags else _KINDS.get(str(record["kind"]))
    return _said(record)


def _said(record: Record) -> str | None:
    kind = str(record["type"])
    if kind == "observation":
        return "answers" if record["what"] == answers.WHAT else None
    return "note" if kind == "note" else None


def seen_utc(observed: Entered | None) -> str | None:
    """Return when something was seen, as records spell it."""
    return None if observed is None else f"{observed.utc:%Y-%m-%dT%H:%M:%S.%fZ}"


def entry_data(
    entry: int, observed: Entered | None, who: Json, note: Json = None, says: Record | None = None
) -> Record | None:
    """Return the data of an `entry` observation (SPEC 10.4), or `None` where its own record says it all."""
    if says is None and observed is not None and observed.doubt is paris.Doubt.NONE:
        observed = None  # a note's own record has it; that of a file has no field for it
    if observed is None and who is None and note is None and not says:
        return None
    doubt = None if observed is None else observed.doubt.value
    seen = seen_utc(observed)
    return {"doubt": doubt, "entry": entry, "note": note, "observed": seen, "says": says or None, "who": who}


def correction_data(entry: int, by: int) -> Record:
    """Return the data of a `correction` observation: `by` corrects `entry`."""
    return {"by": by, "entry": entry}


def shortened(numbers: Sequence[int], most: int = 12) -> str:
    """Return the last of some numbers as a text, with a mark where there are more."""
    shown = ", ".join(map(str, numbers[-most:]))
    return f"…, {shown}" if len(numbers) > most else shown
