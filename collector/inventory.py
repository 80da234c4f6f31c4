"""What the records of a chain add up to: keys, pending intents, stored files, counts.

It holds the rules between records (docs/SPEC.md, section 5.3); the rules inside one record
are in `schema`, those of the chain in `manifest`. Writer, resume, verifier and custody use
the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import levels
from collector.errors import ManifestFormatError

if TYPE_CHECKING:
    from collector.manifest import Record

LEVEL = "level-"
"""How the name of the observation begins that tells the level, in small letters."""
COUNTED = {"intent": "intents", "artifact": "artifacts", "gap": "gaps", "observation": "observations", "note": "notes"}
"""Types that `close` counts, with the name of their count."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that an `artifact` record names, with the bytes it must have."""

    path: str
    kind: str
    size: int
    sha256: str
    line: int
    partial: bool
    whole: bool
    """Whether the source had come to its end: neither partial nor cut."""
    has_rows: bool


@dataclass(slots=True)
class Inventory:
    """The sum of the records so far; `folder` is where the files of this chain stand."""

    folder: str = "artifacts"
    opening: Record | None = None
    closing: Record | None = None
    keys: list[str] = field(default_factory=list)
    resumed: list[int] = field(default_factory=list)
    """`seq` of each `resume`: what follows one is bound by a later key only."""
    holder: Record | None = None
    """The last `handover` or `receipt` of a custody chain: who holds the bundle, as far as it says."""
    level: str | None = None
    """Of what was asked for: A, B or C; `None`: no record tells it."""
    last_type: str = ""
    """Type of the record that was taken in last."""
    phases: set[str] = field(default_factory=set)
    """Names of the phases that were closed."""
    pending: dict[str, Record] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED.values(), 0))

    def has_rows(self, kind: str) -> bool:
        """Tell whether an artifact of this kind holds anything."""
        return any(stored.has_rows for stored in self.stored.values() if stored.kind == kind)

    def add(self, record: Record) -> None:
        """Take the next record in; raises `ManifestFormatError` if it may not stand here."""
        kind = str(record["type"])
        if self.folder == "artifacts" and (self.opening is None) != (kind == "open"):
            raise _fault("the first record, and no other, is open")
        if self.closing is not None and kind != "resume":
            raise ManifestFormatError("DATA_AFTER_CLOSE", "a record follows close")
        if kind == "signature" and self.last_type != "receipt":
            raise _fault("the line before a countersignature is no receipt")
        self.last_type = kind
        self._take(kind, record)
        if "run_key" in record:
            self.keys.append(str(record["run_key"]))
        if kind in COUNTED:
            self.counts[COUNTED[kind]] += 1

    def add_unproven(self, record: Record) -> None:
        """Take in what follows a break: no rule is held against it, so that each file is still looked at."""
        kind, path = str(record["type"]), str(record.get("path"))
        if kind == "open":
            self.opening = self.opening or record
        if kind == "intent":
            self.pending.setdefault(path, record)
        if kind == "artifact":
            self.pending.pop(path, None)
            self._store(record)
        if kind == "close":
            self.closing = record
        if "run_key" in record:
            self.keys.append(str(record["run_key"]))

    def _take(self, kind: str, record: Record) -> None:
        match kind:
            case "open":
                self.opening = record
            case "intent":
                self._intent(record)
            case "artifact":
                self._artifact(record)
            case "gap" if record["path"] is not None:
                self._answer(record)
            case "resume":
                self.closing = None
                self.resumed.append(int(str(record["seq"])))
            case "close":
                self._close(record)
            case "handover" | "receipt":
                self.holder = record
            case "phase":
                self.phases.add(str(record["name"]))
            case "observation":
                self.level = max(filter(None, (self.level, level_of(record))), default=None)  # the least private
            case _:
                pass

    def _intent(self, record: Record) -> None:
        path = str(record["path"])
        folder, _, name = path.partition("/")
        if folder != self.folder or name.split("-", 1)[0] != f"{record['seq']:06d}":
            raise ManifestFormatError("UNSAFE_PATH", "the path does not carry the record's own number and folder")
        self.pending[path] = record

    def _answer(self, record: Record) -> Record:
        intent = self.pending.pop(str(record["path"]), None)
        if intent is None:
            raise _fault("no open intent announced this path")
        if intent["source"] != record["source"]:
            raise _fault("the source is not the one that the intent announced")
        return intent

    def _artifact(self, record: Record) -> None:
        intent = self._answer(record)
        if intent["kind"] != record["kind"]:
            raise _fault("the kind is not the one that the intent announced")
        self._store(record)

    def _store(self, record: Record) -> None:
        path = str(record["path"])
        flags = [str(flag) for flag in record["flags"]] if isinstance(record["flags"], list) else []
        self.stored[path] = Stored(
            path=path,
            kind=str(record["kind"]),
            size=int(str(record["size"])),
            sha256=str(record["sha256"]),
            line=int(str(record["seq"])) + 1,
            partial="partial" in flags,
            whole=not {"partial", "cut"} & set(flags),
            has_rows=record["outcome"] == "collected" and record["rows"] != 0,
        )

    def _close(self, record: Record) -> None:
        if self.pending:
            raise _fault("an intent is open at close")
        if record["counts"] != self.counts:
            raise _fault("the counts of close are not those of the records")
        self.closing = record


def level_of(record: Record) -> str | None:
    """Return the level of privacy that an observation's name tells, or `None`: a name is always clear (SPEC 5.2)."""
    what = str(record["what"])
    level = what.removeprefix(LEVEL).upper()
    return level if what.startswith(LEVEL) and level in levels.LEVELS else None


def recipients_of(opening: Record | None) -> tuple[str, ...]:
    """Return who can read the bundle that an `open` record begins; empty: everybody."""
    recipients = (opening or {}).get("recipients")
    return tuple(str(one) for one in recipients) if isinstance(recipients, list) else ()


def _fault(what: str) -> ManifestFormatError:
    return ManifestFormatError("SCHEMA", what)
