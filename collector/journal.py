"""The main courante: what was said and brought along, in order, and what corrects what (SPEC 10.4). Pure.

Nothing is ever changed or left out: an entry that was corrected stands where it stood, with the number of what
corrects it, and so does an answer that was given anew. What only recipients can read, and no key was given for, is
told as such.

Entries written after the seal are counted from 1, in order: that is the number that people see and give, and none is
ever missing. Records name each other by `seq`; lines of custody that are no entries are counted apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector import answers, paris, schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.answers import Answer
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
OTHERS: Final = ("intent", "detail", "signature", "resume", "gap", "observation")
"""What a line of custody is that is no entry: a type of record, or a `detail` (`entry`, `correction`)."""
_DETAILS: Final = (ENTRY, CORRECTION)
_DOUBTS: Final = {one.value for one in paris.Doubt}


@dataclass(frozen=True, slots=True)
class Change:
    """An answer that is not the one given before: `before`, said in the entry `earlier`, which stays as it is."""

    answer: Answer
    before: Answer
    earlier: Entry


@dataclass(slots=True)
class Entry:
    """One entry; a field is `None` where it was not said, is not of this kind, or is hidden."""

    kind: str
    """`opened`, `sealed`, `note`, `answers`, `attachment`, `unfinished`, `handover`, `receipt`, `timestamp` …"""
    number: int | None
    """From 1, of those written after the seal; `None` for what was said before it."""
    seq: int
    """Its record's own, in custody or, before the seal, in the manifest."""
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
    """Numbers of entries, as `number`."""
    transfer: int | None = None
    """Of a hand-over or receipt: its number on the slip, where they alone are counted."""
    given: dict[str, Answer] = field(default_factory=dict)
    """Of answers: those that are answers to questions of ours."""
    changes: dict[str, Change] = field(default_factory=dict)
    """Of answers: those that were different before, by the question's name."""
    changed_in: dict[str, Entry] = field(default_factory=dict)
    """Of answers: those that are different later, each with the next entry that says so."""

    @property
    def line(self) -> int:
        """Return its line in the file of its chain, counted from 1 as editors do."""
        return self.seq + 1


class Journal:
    """Takes the records of a bundle in order, manifest first, and keeps what belongs in the main courante."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.more = 0
        """Entries beyond `MOST`."""
        self.hidden = 0
        """Entries of which something can't be read without a key."""
        self.malformed = 0
        """Records, entries or not, of which a key opened the encrypted part, and it is not of its form (SPEC 11)."""
        self.numbered = 0
        """Entries after the seal, those beyond `MOST` as well: the last one's number."""
        self.others: Counter[str] = Counter()
        """Lines of custody that are no entries, by what of `OTHERS` they are."""
        self._transfers = 0
        self._by_seq: dict[int, Entry] = {}
        self._answered: dict[str, Entry] = {}

    @property
    def lines(self) -> int:
        """Return how many lines custody has: entries, and those that are none."""
        return self.numbered + self.others.total()

    def manifest(self, record: Record, *, hidden: bool = False) -> None:
        """Take a record of the manifest: beginning and end of the run, and what people said in between."""
        kind = {"open": "opened", "close": "sealed"}.get(str(record["type"])) or _said(record)
        if kind is not None:
            self._add(Entry(kind, None, int(str(record["seq"])), str(record["utc"]), record, hidden))

    def custody(self, record: Record, *, hidden: bool = False) -> None:
        """Take a record of the custody chain."""
        kind, seq = kind_of(record), int(str(record["seq"]))
        if kind is not None:
            self.numbered += 1
            observed = record.get("observed")
            entry = Entry(kind, self.numbered, seq, str(record["utc"]), record, hidden)
            entry.observed = observed if isinstance(observed, str) else None
            if kind in ("handover", "receipt"):
                self._transfers += 1
                entry.transfer = self._transfers
            self._add(entry)
            return
        self.others[_other(record)] += 1
        if record["type"] == "observation" and not hidden:
            data = record["data"] if isinstance(record["data"], dict) else {}
            self._tie(str(record["what"]), data, seq)

    def _add(self, entry: Entry) -> None:
        self.hidden += entry.hidden and entry.kind not in ("opened", "sealed")
        if len(self.entries) >= MOST:
            self.more += 1
            return
        self.entries.append(entry)
        if entry.number is not None:
            self._by_seq[entry.seq] = entry
        data = entry.record.get("data")
        if entry.kind == "answers" and isinstance(data, dict):  # else no key reads it
            self._answer(entry, answers.latest([data]))

    def _answer(self, entry: Entry, given: dict[str, Answer]) -> None:
        """Take answers, and tie each that is not what was said before to the entry that said it."""
        entry.given = given
        for name, answer in given.items():
            earlier = self._answered.get(name)
            if earlier is not None and not _same(earlier.given[name], answer):
                entry.changes[name] = Change(answer, earlier.given[name], earlier)
                earlier.changed_in[name] = entry
            self._answered[name] = entry

    def _tie(self, what: str, data: Record, seq: int) -> None:
        """Take an observation about an entry; one that fits none that stands before it says nothing."""
        entry, by = self._entry(data.get("entry"), seq), self._entry(data.get("by"), seq)
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
            note = self._entry(data.get("note"), seq)
            if note is not None and note.kind == "note":
                note.about, note.by, note.observed, note.doubt = entry.number, entry.by, entry.observed, entry.doubt

    def _entry(self, seq: Json, before: int) -> Entry | None:
        is_number = isinstance(seq, int) and not isinstance(seq, bool)
        return self._by_seq.get(seq) if is_number and seq < before else None  # type: ignore[operator, arg-type]


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


def _other(record: Record) -> str:
    """Return what a custody record is that is no entry."""
    kind = str(record["type"])
    if kind == "observation" and record["what"] in _DETAILS:
        return "detail"
    return kind if kind in OTHERS else "observation"


def _same(one: Answer, other: Answer) -> bool:
    """Tell whether two answers say the same, in whatever order options were ticked."""
    both = isinstance(one, list) and isinstance(other, list)
    return sorted(one) == sorted(other) if both else one == other  # type: ignore[arg-type]  # lists, as just seen


def seen_utc(observed: Entered | None) -> str | None:
    """Return when something was seen, as records spell it."""
    return None if observed is None else f"{observed.utc:%Y-%m-%dT%H:%M:%S.%fZ}"


def entry_data(
    entry: int, observed: Entered | None, who: Json, note: Json = None, says: Record | None = None
) -> Record | None:
    """Return the data of an `entry` observation (SPEC 10.4), or `None` where its own record says it all.

    `entry` and `note` are the `seq` of their records.
    """
    if says is None and observed is not None and observed.doubt is paris.Doubt.NONE:
        observed = None  # a note's own record has it; that of a file has no field for it
    if observed is None and who is None and note is None and not says:
        return None
    doubt = None if observed is None else observed.doubt.value
    seen = seen_utc(observed)
    return {"doubt": doubt, "entry": entry, "note": note, "observed": seen, "says": says or None, "who": who}


def correction_data(entry: int, by: int) -> Record:
    """Return the data of a `correction` observation: `by` corrects `entry`, each the `seq` of its record."""
    return {"by": by, "entry": entry}


def shortened(numbers: Sequence[int], most: int = 12) -> str:
    """Return the last of some numbers as a text, with a mark where there are more."""
    shown = ", ".join(map(str, numbers[-most:]))
    return f"…, {shown}" if len(numbers) > most else shown
