"""Entries of the main courante as they are written into an open custody chain: texts, files, what is said of each.

Nothing here opens a chain or changes an entry: `custody` opens it, and a correction is a new entry (SPEC 10.4).
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import attached, disk, journal, layout
from collector.errors import DiskFullError, LimitError, RefusedError, UsageError
from collector.ledger import as_json, ordered
from collector.manifest import encode
from collector.model import Gap, Outcome
from collector.text import from_native

if TYPE_CHECKING:
    from pathlib import Path

    from collector.ledger import ArtifactFile, Ledger
    from collector.manifest import Record
    from collector.model import Json
    from collector.paris import Entered
    from collector.text import Text

MAX_NOTE = 2500
"""Longest note in characters: 24 bytes each at most (text and hex), so it fits a line of 64 KiB whatever it says."""

_MOST_HIDDEN = 45_000
"""Bytes of a note in an encrypted bundle: base64 makes four of three, and up to 17 recipients take 2,300 more."""

MAX_SAID = 500
"""Longest field of a hand-over in characters: six of them fit a line (20 bytes each at most)."""

_SUFFIXES = (
    ".csv .doc .docx .eml .gif .heic .html .jpeg .jpg .json .log .m4a .mov .mp3 .mp4 .msg .odt .pdf .png .rtf .tsr "
    ".txt .webp .xls .xlsx .zip"
)
"""Endings that an attachment may keep, so that it opens with a double click; any other becomes `.bin`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of an entry of the main courante beside its text: when it was seen, who writes, what it corrects."""

    observed: Entered | None = None
    who: str | None = None
    corrects: int | None = None
    """A number as people see it: entries after the seal are counted from 1."""

    def text(self) -> Json:
        """Return who writes as a text; raises `LimitError` or `UsageError`."""
        return field(self.who) if self.who else None

    def utc(self) -> str | None:
        """Return when it was seen, as records spell it."""
        return journal.seen_utc(self.observed)


def tie(
    ledger: Ledger,
    entry: int,
    observed: Entered | None,
    who: Json,
    corrects: int | None,
    note: Json = None,
    says: Record | None = None,
) -> None:
    """Record what an entry's own record has no field for, and what it corrects (SPEC 10.4); each named by `seq`."""
    found = {
        journal.ENTRY: journal.entry_data(entry, observed, who, note, says),
        journal.CORRECTION: None if corrects is None else journal.correction_data(corrects, entry),
    }
    for what, data in found.items():
        if data is not None:
            ledger.append("observation", {"what": what, "data": ordered(data)})


def field(text: str) -> Json:
    """Return what somebody typed into a field; raises `LimitError` where it is too long, `UsageError` where blank."""
    if len(text) > MAX_SAID:
        raise LimitError(f"{len(text)} characters are too many for one field; {MAX_SAID} are allowed")
    if not any(_is_seen(char) for char in text):
        raise UsageError("a name or text given is blank: it says nothing", hint="leave it out, or write it out")
    return as_json(from_native(text))


def _is_seen(char: str) -> bool:
    """Tell whether a character leaves a mark; a byte that is no UTF-8 (a name typed in another alphabet) does."""
    return (char.isprintable() and not char.isspace()) or "\udc80" <= char <= "\udcff"


def attachable(file: Path) -> int:
    """Return a file that can be attached, open; raises `RefusedError` for anything else."""
    try:
        return disk.open_regular(file)
    except OSError as error:
        reason = "it is no regular file" if error.errno in (None, errno.ENXIO) else os.strerror(error.errno)
        hint = "give the path of an ordinary file"
        if _is_folder(file):
            hint = "a folder is not attached as such: give the files in it, each by its name"
        raise RefusedError(f"the file can't be attached: {reason}", hint=hint) from error


def _is_folder(file: Path) -> bool:
    return disk.stands(file) and disk.kind(file) == stat.S_IFDIR


def refuse_unfit(ledger: Ledger, text: str) -> None:
    """Raise `LimitError` for a text that no encrypted record can hold: before a file is copied that it goes with."""
    if ledger.recipients and len(encode({"text": as_json(from_native(text))})) > _MOST_HIDDEN:
        raise LimitError("the text is too long for a record that is encrypted", hint="attach it as a file")


def make_folder(ledger: Ledger) -> None:
    """Make the folder of attachments where there is none yet."""
    folder = ledger.path / layout.ATTACHMENTS
    if not disk.stands(folder) or disk.kind(folder) != stat.S_IFDIR:
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise disk.translated(error) from error
        disk.sync_folder(ledger.path)


def copied(ledger: Ledger, source: int, file: Path) -> Record:
    """Copy an open file into the chain and record it; returns what `custody.attach` promises, `again` as `seq`."""
    make_folder(ledger)
    before = os.fstat(source)
    suffix = file.suffix.lower() if file.suffix.lower() in _SUFFIXES.split() else ".bin"
    artifact = ledger.artifact("file", "attachment", suffix, "copied")
    try:
        for chunk in disk.chunks(source):
            artifact.write(bytes(chunk))
        artifact.flush()
    except DiskFullError:
        ledger.abandon(artifact, Gap(Outcome.OVER_LIMIT, "there is no room for it", from_native(file.name)))
        raise
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        _give_up(ledger, artifact, from_native(file.name), reason)
        hint = "what could be read of it is kept; copy the file anew and attach the copy"
        raise RefusedError(f"the file can't be read: {reason}", hint=hint) from error
    after = os.fstat(source)
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    ledger.finish(
        artifact,
        subject=from_native(file.name),
        source_times={"mtime_ns": str(max(0, before.st_mtime_ns))},
        flags=("changed-while-reading",) if changed else (),
    )
    stored = ledger.inventory.stored[artifact.path]
    again = [one.line - 1 for one in ledger.inventory.stored.values() if one.sha256 == stored.sha256 and one != stored]
    return {
        "seq": stored.line - 1,
        "path": stored.path,
        "size": stored.size,
        "sha256": stored.sha256,
        "content_sha256": artifact.content_sha256(),
        "says": _says(source, before.st_size, suffix),
        "again": [*again],
    }


def _says(source: int, size: int, suffix: str) -> Record:
    """Return what a file that was copied says of itself; nothing where it can't be read once more."""

    def read(offset: int, length: int) -> bytes:
        os.lseek(source, min(offset, size), os.SEEK_SET)  # a picture may name an offset that no system takes
        return os.read(source, length)

    try:
        return attached.says(read, suffix)
    except OSError:  # the copy is whole: it is what counts
        return {}


def _give_up(ledger: Ledger, artifact: ArtifactFile, name: Text, reason: str) -> None:
    """Record what was read of a file, and why no more: an intent left open would make the bundle INCOMPLETE."""
    ledger.finish(artifact, subject=name, flags=("partial",))
    ledger.gap("attachment", Gap(Outcome.FAILED, reason, name))


