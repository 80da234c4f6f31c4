"""What became of our own files while the run lasts: an antivirus, or the ransomware, may take or change them.

Names and sizes only are looked at: that no byte changed is for the seal to prove. What is found is an observation, so
that whoever verifies later finds in the chain when it happened and that it was not afterwards.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import disk, layout, tool
from collector.errors import RefusedError
from collector.ledger import as_json
from collector.text import from_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from collector.bundle import Bundle
    from collector.model import Json

MOST_NAMES = 50
"""Most names of each sort that one observation carries; all are counted."""


@dataclass(slots=True)
class OwnFiles:
    """Looks at the files of one bundle; each that is missing, changed or foreign is told once."""

    bundle: Bundle
    counted: int = 0
    """Files that were found missing, changed or foreign so far."""
    _told: set[str] = field(default_factory=set)
    _readme: int = field(init=False)

    def __post_init__(self) -> None:
        self._readme = _length(self.bundle.path / layout.README)

    def look(self) -> dict[str, Json] | None:
        """Return the data of an `own-files` observation (SPEC 5.2), or `None`: nothing new.

        Call it where no artifact is open; a folder that can't be listed is the next write's affair.
        """
        try:
            with os.scandir(os.fsencode(self.bundle.path / layout.ARTIFACTS)) as entries:
                sizes = {entry.name: _size(entry) for entry in entries}
            with os.scandir(os.fsencode(self.bundle.path)) as entries:
                around = [entry.name for entry in entries]
        except OSError:
            return None
        stored = {path.partition("/")[2]: one.size for path, one in self.bundle.inventory.stored.items()}
        pending = {path.partition("/")[2] for path in self.bundle.inventory.pending}
        known = {*stored, *pending, *(name + layout.PART for name in pending)}
        found: dict[str, list[Json]] = {
            "missing": [name for name in stored if name.encode() not in sizes and self._new(f"-{name}")],
            "changed": [
                name
                for name, size in stored.items()
                if sizes.get(name.encode(), size) != size and self._new(f"={name}")
            ],
            "foreign": [
                as_json(from_bytes(name))
                for name in sizes
                if name.decode("utf-8", "replace") not in known and self._new(f"+{name.hex()}")
            ],
        }
        for what, names in self._around(around).items():
            found[what] += names
        count = sum(map(len, found.values()))
        if not count:
            return None
        self.counted += count
        return {"counted": count, **{what: names[:MOST_NAMES] for what, names in found.items()}}

    def _around(self, names: list[bytes]) -> dict[str, list[Json]]:
        """Return what became of the folder around `artifacts/`: a note of the ransomware is laid into every folder."""
        expected = {layout.README: self._readme, layout.MANIFEST: self.bundle.head().length}
        lengths = {name: _length(self.bundle.path / name) for name in expected}
        ours = {*expected, *layout.FOLDERS, layout.RESERVE, layout.CUSTODY, *layout.SEALED_FILES, layout.SUMS}
        texts = {name: name.decode("utf-8", "surrogateescape") for name in names}
        return {
            "missing": [f"../{name}" for name, size in lengths.items() if size < 0 and self._new(f"-../{name}")],
            "changed": [
                f"../{name}"
                for name, size in lengths.items()
                if size >= 0 and size != expected[name] and self._new(f"=../{name}")
            ],
            "foreign": [
                as_json(from_bytes(b"../" + name))
                for name, text in texts.items()
                if text.removesuffix(layout.PART) not in ours
                and not layout.is_litter(text)
                and not layout.is_torn_name(text)
                and self._new(f"+../{name.hex()}")
            ],
        }

    def _new(self, key: str) -> bool:
        if key in self._told:
            return False
        self._told.add(key)
        return True


def _size(entry: os.DirEntry[bytes]) -> int:
    """Return the size of a regular file; -1 for what is none, or can't be looked at."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1


def _length(path: Path) -> int:
    """Return the size of a regular file as it is now; -1 for what is none: a folder's entry may tell an older one."""
    try:
        return disk.length(path)
    except OSError:
        return -1


def tool_changed(before: str) -> dict[str, Json] | None:
    """Return the data of a `tool-changed` observation (SPEC 5.2), or `None`: our program is what it was."""
    try:
        after: Json = tool.own_sha256()
    except RefusedError:
        after = None
    return None if after == before else {"sha256_before": before, "sha256_after": after}
