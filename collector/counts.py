"""Counts of a run without any name: the artifact `summary`, which everybody may read, even of an encrypted bundle.

What a name could hide in is counted as `other`: an extension is told only where it is one that everybody knows, or one
that an attack gave to many files in several folders. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.model import Blob
from collector.text import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collector.model import Json, Row

COLUMNS: Final = {
    "level": "Level of what was asked for: A, B or C (docs/PRIVACY.md).",
    "left_out": "What the level left out and so nobody asked for: parts, by source. These are no gaps.",
    "rows": "Rows or files written, by source.",
    "gaps": "Gaps, by source and outcome.",
    "isolation": "The worst isolation verdict of the run.",
    "extensions": "Files looked at for traces, by extension: those that everybody knows, and one that an attack gave "
    "to 20 files or more in three folders or more and that doesn't hold the machine's name; all the rest as other.",
    "traces": "Places of ransom notes, and files that look encrypted.",
    "judged": "Recent files by what is said of them: note, encrypted, executable, none; null: they were not asked for.",
    "depths": "Recent files by the number of folders above them; null: they were not asked for.",
}
LEAST_FILES: Final = 20
"""Fewer files of one strange extension may be one patient's …"""
LEAST_FOLDERS: Final = 3
"""… as may be those of one folder."""
DEEPEST: Final = 32
"""Deeper files are counted with these."""
OTHER: Final = "other"
_SHAPE: Final = re.compile(r"\.[a-z0-9_-]{1,16}")
"""What an extension may look like that is told: no second dot, no name or address of whoever."""
_OPEN: Final = (None, "none_seen", "unknown")
"""What a disk's encryption is called where none is known of."""


@dataclass(slots=True)
class Counts:
    """Takes what sources deliver; memory stays small, whatever they deliver."""

    hostname: str = ""
    """The machine's own name: an extension that holds it is not told."""
    disks: tuple[str, ...] = ()
    """How the fixed disks are encrypted, as the system told, each word once: `bitlk`, `luks`, …"""
    _extensions: Counter[str] = field(default_factory=Counter)
    _ordinary: set[str] = field(default_factory=set)
    _groups: dict[str, int] = field(default_factory=dict)
    _shared: set[str] = field(default_factory=set)
    _notes: int = 0
    _judged: Counter[str] = field(default_factory=Counter)
    _depths: Counter[str] = field(default_factory=Counter)

    def take(self, source: str, delivery: object) -> None:
        """Count what a source delivered: rows, or a file that has a row."""
        rows: Iterable[Row] = delivery if isinstance(delivery, list) else ()
        if isinstance(delivery, Blob) and delivery.row is not None:
            rows = [delivery.row]
        for row in rows:
            if source == "ransom":
                self._trace(row)
            elif source == "recent-files":
                self._recent(row)
            elif source == "system":
                self._disks(row)

    def _trace(self, row: Row) -> None:
        extension = _plain(row["extension"])
        if row["what"] == "note":
            self._notes += 1
        elif row["what"] == "extension":
            self._extensions[extension] += _number(row["count"])
            if row["reasons"] == ["ordinary"]:
                self._ordinary.add(extension)
        elif row["what"] == "encrypted":
            how = row["reasons"][0] if isinstance(row["reasons"], list) and row["reasons"] else None
            self._groups[f"{how} {extension}"] = _number(row["count"])  # the last row of a group counts
            many = _number(row["count"]) >= LEAST_FILES and _number(row["folders"]) >= LEAST_FOLDERS
            if many and how == "extension" and row["confidence"] != "low" and _SHAPE.fullmatch(extension):
                self._shared.add(extension)

    def _recent(self, row: Row) -> None:
        judged = row["judged"]
        for word in judged if isinstance(judged, list) and judged else ("none",):
            self._judged[str(word)] += 1
        path = to_bytes(row["path"]).replace(b"\\", b"/")  # type: ignore[arg-type]  # a path is a text
        self._depths[str(min(DEEPEST, max(0, path.count(b"/") - 1)))] += 1

    def _disks(self, row: Row) -> None:
        disks = row.get("disks")
        found = [
            str(disk["encryption"])
            for disk in (disks if isinstance(disks, list) else ())
            if isinstance(disk, dict) and disk.get("encryption") not in _OPEN and disk.get("removable") is not True
        ]
        self.disks = tuple(dict.fromkeys((*self.disks, *found)))

    def row(
        self,
        level: str,
        left_out: Mapping[str, list[str]],
        rows: Mapping[str, int],
        missed: Iterable[tuple[str, str]],
        isolation: str | None,
    ) -> Row:
        """Return the one row of `summary`."""
        gaps = Counter(f"{source}:{outcome}" for source, outcome in missed)
        asked = "recent-files" not in left_out
        return {
            "level": level,
            "left_out": {source: [*parts] for source, parts in left_out.items()},
            "rows": {**rows},
            "gaps": {**gaps},
            "isolation": isolation,
            "extensions": self._told(),
            "traces": {"note": self._notes, "encrypted": sum(self._groups.values())},
            "judged": {**self._judged} if asked else None,
            "depths": {**self._depths} if asked else None,
        }

    def _told(self) -> dict[str, Json]:
        found: Counter[str] = Counter()
        for extension, count in self._extensions.items():
            names = bool(self.hostname) and self.hostname.casefold() in extension.casefold()
            is_told = not extension or extension in self._ordinary or (extension in self._shared and not names)
            found[(extension or "none") if is_told else OTHER] += count
        return {**found}


def _plain(text: Json) -> str:
    """Return an extension; of one that is no text of Unicode something that is never told."""
    return text if isinstance(text, str) else "\0"


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0
