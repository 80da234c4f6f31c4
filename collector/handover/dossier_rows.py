"""What a dossier takes from the files of a bundle: the attack, the machine, the tool's own traces, and the pictures.

Of names of the host only those of ransom notes come out, and the extension that the attackers appended. What is
counted is counted by extension, kind and depth of folder, never by name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from collector.handover import dossier_pictures
from collector.handover.dossier_facts import digest, from_ns, lines_of, text_of, whole
from collector.ransom import reading
from collector.text import parted, to_bytes

if TYPE_CHECKING:
    from datetime import datetime

    from collector.handover.dossier_facts import Exhibit, Facts
    from collector.handover.dossier_pictures import Picture
    from collector.model import Json, Row

MAX_NOTES = 6
SURE = ("medium", "high")
"""Confidences at which a text is taken for a note: below, a patient's letter may be meant, and it is only counted."""
MAX_NOTE_LINES = 70
"""Lines of a note that are printed: notes have a page; the whole of it is in the bundle."""
LONGEST_LINE = 400
MAX_CONTACTS = 24
MAX_GROUPS = 6
MAX_KINDS = 20
"""Extensions and depths of folders that are counted on paper."""
MAX_SERVICES = 12
MAX_PICTURES = 12
"""Screens that are drawn, and as many attached files; the others are named."""
MAX_NAMED = 60
"""Screens that are named; a machine has a few."""
_MOST = 1000
"""Names of one object that are looked at."""
MAX_ALL_BYTES = 64 << 20
"""Of all pictures together: a page that is opened on an old computer."""


@dataclass(slots=True)
class Note:
    """A ransom note: its own name, in how many places it was found, and what it says."""

    name: str
    places: int = 0
    artifact: str = ""
    sha256: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Files that were encrypted together."""

    extension: str
    files: int
    folders: int
    types: tuple[tuple[str, int], ...]
    confidence: str
    first: datetime | None
    last: datetime | None

    @property
    def shown(self) -> str:
        """Return the extension, an ellipsis for one of low confidence: a name may stand behind the last dot."""
        return "…" if self.extension and self.confidence == "low" else self.extension


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture of the bundle; none: the file is in a form that is not drawn, or too large."""

    exhibit: Exhibit
    picture: Picture | None
    sha256: str
    """Of the picture itself, where it is stored encrypted."""
    is_black: bool = False
    """All of it is black: named, and not drawn."""


@dataclass(slots=True)
class Rows:
    """What the files say."""

    system: Row = field(default_factory=dict)
    searched: bool = False
    """Whether a search for traces of ransomware is in the bundle and was read: without one nothing was not found."""
    unread: bool = False
    """Whether a part of that search could not be read."""
    footprint: Row = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    faint: int = 0
    """Texts that only faintly look like a note: nothing of them is printed."""
    untold: int = 0
    """Places of notes of which neither name nor content is known."""
    groups: dict[str, Group] = field(default_factory=dict)
    families: list[tuple[str, str]] = field(default_factory=list)
    contacts: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Kind and value, and whether a checksum of it holds."""
    extensions: list[tuple[str, int]] = field(default_factory=list)
    """Ordinary extensions with their files; others may be anything, and are counted together."""
    other_extensions: int = 0
    counted: set[str] | None = None
    """Extensions that `summary` counts under their own name; none: there is no such count."""
    left_out: list[str] = field(default_factory=list)
    """Sources of which the level left something out."""
    depths: Counter[int] = field(default_factory=Counter)
    """Encrypted files of the window, by how many folders deep they lie."""
    copies: dict[str, str] = field(default_factory=dict)
    """Path of a copied file: what the row of it says that it is (note, sample, original), or `faint`."""
    stopped: list[str] = field(default_factory=list)
    more_stopped: int = 0
    screens: list[Drawn] = field(default_factory=list)
    attached: dict[str, Drawn] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    """Numbers of pictures that are not shown, since a person attached a blurred copy of each."""

    @property
    def tell_of_attack(self) -> bool:
        """Tell whether anything of an attack was found, or the screens are shown, where it may be seen."""
        found = (self.notes, self.faint, self.untold, self.groups, self.families)
        return any(found) or any(one.picture for one in self.screens)


def rows_of(facts: Facts) -> Rows:
    """Return what the files say; raises `AlteredError` where one is not what was verified."""
    rows = Rows()
    evidence, tally = facts.evidence, facts.evidence.tally
    takers = {
        "system": lambda row: rows.system.update(row) if not rows.system else None,
        "footprint": lambda row: rows.footprint.update(row) if not rows.footprint else None,
        "ransom": lambda row: _ransom(row, rows),
        "recent-files": lambda row: _recent(row, rows),
        "services": lambda row: _service(row, rows),
        "summary": lambda row: _summary(row, rows),
    }
    for stored in evidence.tables():
        if stored.kind in takers:
            before = tally.unread_rows, tally.unread_files, tally.mismatched_files
            evidence.rows(stored, takers[stored.kind])
            if stored.kind == "ransom":
                rows.searched = True
                rows.unread |= (tally.unread_rows, tally.unread_files, tally.mismatched_files) != before
    for note in rows.notes.values():
        note.lines = _words_of(note, facts)
    _less_groups(rows)
    _pictures(facts, rows)
    return rows


def _ransom(row: Row, rows: Rows) -> None:
    what, artifact = row.get("what"), row.get("artifact")
    if isinstance(artifact, str) and len(rows.copies) < 10_000:  # noqa: PLR2004 - memory is bounded
        rows.copies[artifact] = "faint" if what == "note" and row.get("confidence") not in SURE else str(what)
    match what:
        case "note":
            _note(row, rows)
        case "encrypted":
            _group(row, rows)
        case "family" if len(rows.families) < MAX_GROUPS:
            rows.families.append((text_of(row.get("family"), 60), text_of(row.get("confidence"), 10)))
        case "extension":
            _extension(row, rows)
        case _:
            pass


def _note(row: Row, rows: Rows) -> None:
    if row.get("confidence") not in SURE:
        rows.faint += 1
        return
    name = _own_name(row.get("path"))
    key = name.casefold() or text_of(row.get("sha256"), 64) or text_of(row.get("artifact"))  # level A tells no name
    if not key:
        rows.untold += 1
        return
    note = rows.notes.get(key)
    if note is None:
        if len(rows.notes) >= MAX_NOTES:
            return
        note = rows.notes[key] = Note(name)
    note.places += 1
    if isinstance(row.get("artifact"), str) and not note.artifact:
        note.artifact, note.sha256 = str(row["artifact"]), text_of(row.get("sha256"), 64)
    found = row.get("contacts")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and len(rows.contacts) < MAX_CONTACTS:
            value = text_of(one.get("value"), 120)
            rows.contacts.setdefault((text_of(one.get("kind"), 20), value), one.get("checked") is True)


def _own_name(path: Json) -> str:
    """Return a file's own name, without the folders that it lies in."""
    if not text_of(path):
        return ""
    name = parted(to_bytes(path))[1]  # type: ignore[arg-type]  # text_of has looked
    return text_of(name.decode("utf-8", "replace"), 80)


def _group(row: Row, rows: Rows) -> None:
    extension = text_of(row.get("extension"), 70)
    if extension not in rows.groups and len(rows.groups) >= MAX_GROUPS:
        return
    types = row.get("types")
    told = types if isinstance(types, dict) else {}
    counted = [(text_of(name, 16), _count(count)) for name, count in islice(told.items(), _MOST)]
    rows.groups[extension] = Group(  # the last row of one counts
        extension,
        _count(row.get("count")),
        _count(row.get("folders")),
        tuple(sorted(counted, key=lambda one: (-one[1], one[0]))[:MAX_KINDS]),
        text_of(row.get("confidence"), 10),
        from_ns(row.get("mtime_ns")),
        from_ns(row.get("ctime_ns")),
    )


def _extension(row: Row, rows: Rows) -> None:
    """Count an extension; the groups stand before in the table, and are not counted twice."""
    reasons = row.get("reasons")
    if text_of(row.get("extension"), 70) in rows.groups:
        return
    files = _count(row.get("count"))
    if isinstance(reasons, list) and "ordinary" in reasons and len(rows.extensions) < MAX_KINDS:
        rows.extensions.append((text_of(row.get("extension"), 16), files))
    else:
        rows.other_extensions += files


def _summary(row: Row, rows: Rows) -> None:
    """Take the counts that hold no name (docs/PRIVACY.md) in place of our own."""
    told, left = row.get("extensions"), row.get("left_out")
    if isinstance(told, dict) and told:
        counted = [(text_of(name, 70), _count(count)) for name, count in islice(told.items(), _MOST)]
        known = sorted((one for one in counted if one[0] not in rows.groups), key=lambda one: (-one[1], one[0]))
        rows.extensions = [one for one in known if one[0] != "other"][:MAX_KINDS]
        rows.other_extensions = sum(count for name, count in counted if name == "other")
        rows.counted = {name for name, _count_ in counted}
    if isinstance(left, dict):
        rows.left_out = [text_of(source, 40) for source in islice(left, MAX_KINDS)]


def _less_groups(rows: Rows) -> None:
    """Take the files of groups out of `other`, where `summary` has counted those that it does not name."""
    if rows.counted is not None:
        hidden = (one.files for one in rows.groups.values() if one.extension and one.extension not in rows.counted)
        rows.other_extensions = max(0, rows.other_extensions - sum(hidden))


def _count(value: Json) -> int:
    return whole(value) or 0


def _recent(row: Row, rows: Rows) -> None:
    judged = row.get("judged")
    if not (isinstance(judged, list) and "encrypted" in judged) or not text_of(row.get("path")):
        return
    path = to_bytes(row["path"])  # type: ignore[arg-type]  # text_of has looked
    depth = min(path.count(b"/" if path.startswith(b"/") else b"\\"), MAX_KINDS)
    rows.depths[depth] += 1


def _service(row: Row, rows: Rows) -> None:
    if (row.get("state"), row.get("state_expected")) != ("stopped", "running"):
        return
    if len(rows.stopped) < MAX_SERVICES:
        rows.stopped.append(text_of(row.get("name"), 60))
    else:
        rows.more_stopped += 1


def _words_of(note: Note, facts: Facts) -> tuple[str, ...]:
    """Return the text of a note, read as whoever judged it did; none of a copy that is not what its record says."""
    stored = facts.evidence.bundle.inventory.stored.get(note.artifact)
    if stored is None:
        return ()
    data = bytearray()

    def take(piece: bytes) -> None:
        data.extend(piece[: reading.MOST_BYTES - len(data)])

    facts.evidence.content(stored, take)
    if facts.evidence.is_mismatched(stored):
        return ()
    lines = [line[:LONGEST_LINE] for line in lines_of(reading.read(bytes(data)).text)]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]  # one empty line after another
    while kept and not kept[-1]:
        kept.pop()
    return (*kept[:MAX_NOTE_LINES], "\u2026") if len(kept) > MAX_NOTE_LINES else tuple(kept)


def _pictures(facts: Facts, rows: Rows) -> None:
    screens = [one for one in facts.exhibits if one.kind == "screen" and ".png" in one.path]
    attached = [one for one in facts.exhibits if one.is_attachment and one.kind == "file"]
    room = MAX_ALL_BYTES
    for exhibit in [*screens[:MAX_NAMED], *attached]:
        others = rows.attached if exhibit.is_attachment else rows.screens
        drawn = None
        if exhibit.label in facts.blurred:
            rows.hidden.append(exhibit.label)
        elif exhibit.size <= min(dossier_pictures.MAX_BYTES, room) and len(others) < MAX_PICTURES:
            drawn = _drawn(exhibit, facts)
            room -= exhibit.size if drawn.picture else 0
        shown = drawn or Drawn(exhibit, None, "")
        if exhibit.is_attachment:
            rows.attached[exhibit.path] = shown
        else:
            rows.screens.append(shown)


def _drawn(exhibit: Exhibit, facts: Facts) -> Drawn:
    custody = facts.evidence.bundle.custody
    known = custody.inventory if exhibit.is_attachment and custody else facts.evidence.bundle.inventory
    data = bytearray()
    whole = facts.evidence.content(known.stored[exhibit.path], data.extend)
    found = dossier_pictures.drawable(bytes(data)) if whole else None
    black = found is not None and dossier_pictures.is_black(found)
    return Drawn(exhibit, None if black else found, digest(bytes(data)), black)
