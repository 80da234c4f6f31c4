"""When the encryption began, estimated from the rows of `recent-files` as they pass by. Pure, of bounded memory.

A file that got an unknown extension kept its last change of entry (ctime) from that moment: no program sets it, and
what puts the content's time (mtime) back moves it. So the first ctime of the group that was encrypted is the latest
moment at which it began. What is no such group is no encryption: then there is no estimate, and a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Final

from collector import heads, suffixes
from collector.text import parted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.activity_rules import Activity
    from collector.model import Row

MINUTE_NS: Final = 60 * 10**9
ENCRYPTED: Final = "encrypted"
NOTE: Final = "note"
"""What a rule may have said of a row, in its column `judged`."""

_MOST_GROUPS: Final = 256
_MOST_BINS: Final = 256
_MOST_TYPES: Final = 32
_MOST_FOLDERS: Final = 64
_MOST_LOOKED_AT: Final = 4
_MOST_JUDGED: Final = 2
"""Groups whose heads are looked at, and of them those that a rule judged: so few that each gets enough heads."""
_FEWEST_JUDGED: Final = 3
_NOTE_FOLDERS: Final = 3
"""Folders in which notes of one name stand where notes alone tell: texts that look like one have a name each."""
_SHARE: Final = 10
"""A part of a group counts from a tenth of it on: a single older file is not its beginning."""


@dataclass(slots=True)
class _Bin:
    """The files of a group whose entry changed in one stretch of time."""

    files: int
    first: int
    last: int
    content: int
    """The first change of content."""


@dataclass(slots=True)
class _Group:
    files: int = 0
    width: int = MINUTE_NS
    bins: dict[int, _Bin] = field(default_factory=dict)
    types: set[bytes] = field(default_factory=set)
    folders: set[bytes] = field(default_factory=set)
    paths: list[bytes] = field(default_factory=list)

    def add(self, path: bytes, kind: bytes, changed: int, content: int) -> None:
        self.files += 1
        if len(self.types) < _MOST_TYPES:
            self.types.add(kind)
        if len(self.folders) < _MOST_FOLDERS:
            self.folders.add(parted(path)[0])
        # every file, then every second one, …: they come from the whole of the list
        if len(self.paths) < heads.MOST:
            self.paths.append(path)
        elif self.files & (self.files - 1) == 0:
            self.paths[self.files.bit_length() % heads.MOST] = path
        self._put(_Bin(1, changed, changed, content))
        self._widen()

    def with_bins_of(self, other: _Group) -> _Group:
        """Return a group of the files of both, as far as times tell of them."""
        both = _Group(self.files + other.files, max(self.width, other.width))
        for one in (*self.bins.values(), *other.bins.values()):
            both._put(_Bin(one.files, one.first, one.last, one.content))
        both._widen()
        return both

    def _widen(self) -> None:
        while len(self.bins) > _MOST_BINS:
            self.width *= 2
            bins, self.bins = self.bins, {}
            for one in bins.values():
                self._put(one)

    def _put(self, one: _Bin) -> None:
        there = self.bins.setdefault(one.first // self.width, one)
        if there is not one:
            there.files += one.files
            there.first, there.last = min(there.first, one.first), max(there.last, one.last)
            there.content = min(there.content, one.content)


@dataclass(frozen=True, slots=True)
class Start:
    """When it began: nanoseconds since 1970 UTC, `None` for none, and then the reason.

    It began at `estimate_ns` at the latest. `from_ns` is the first change of content of the same files shortly
    before, or the same moment. `basis` are words of ours: judged, names, heads, notes.
    """

    estimate_ns: int | None
    reason: str | None = None
    from_ns: int | None = None
    basis: tuple[str, ...] = ()
    extension: bytes | None = None
    files: int = 0
    """Of the group, in all."""
    last_ns: int | None = None
    """The last change of entry in the group."""
    content_ns: int | None = None
    """The first change of content in the group, however long before; a program may have set it."""


class Onset:
    """Takes rows as they come; `paths` and `judge` are asked at the end."""

    def __init__(self, rules: Activity) -> None:
        self._rules = rules
        self._rows = 0
        self._notes = _Group()
        self._notes_named: dict[bytes, _Group] = {}
        self._judged: dict[bytes, _Group] = {}
        self._named: dict[bytes, _Group] = {}

    def take(self, rows: Iterable[Row]) -> None:
        """Take some rows of `recent-files`."""
        for row in rows:
            if row.get("type") == "file":
                self._take(row)

    def _take(self, row: Row) -> None:
        path = row["path"]
        raw = bytes.fromhex(str(path["hex"])) if isinstance(path, dict) else str(path).encode()
        content = int(str(row["mtime_ns"]))
        changed = content if row["ctime_ns"] is None else int(str(row["ctime_ns"]))  # FAT keeps none
        judged = row.get("judged")
        self._rows += 1
        name = parted(raw)[1]
        if isinstance(judged, list) and judged:
            if ENCRYPTED in judged:
                _of(self._judged, suffixes.extension(name)).add(raw, b"", changed, content)
            if NOTE in judged:
                self._notes.add(raw, b"", changed, content)
                _of(self._notes_named, name).add(raw, b"", changed, content)
        told = suffixes.appended(name, self._rules)
        if told is not None:
            _of(self._named, told.extension).add(raw, told.type, changed, content)

    def _largest_judged(self) -> list[tuple[bytes, _Group]]:
        return _by_files(self._judged)[:_MOST_JUDGED]

    def _candidates(self) -> list[tuple[bytes, _Group]]:
        limits, judged = self._rules.limits, dict(self._largest_judged())
        found = {
            extension: group
            for extension, group in self._named.items()
            if group.files >= limits.onset_files and len(group.types) >= limits.onset_types and extension not in judged
        }
        return _by_files(found)[: _MOST_LOOKED_AT - len(judged)]

    def paths(self) -> tuple[bytes, ...]:
        """Return the files whose heads `judge` wants: of the largest groups, `heads.MOST` in all."""
        groups = [group.paths for _, group in (*self._largest_judged(), *self._candidates())]
        share = heads.MOST // max(1, len(groups))
        return tuple(path for paths in groups for path in paths[:share])

    def judge(self, seen: Iterable[heads.Head]) -> Start:
        """Return when it began: by what was judged, else by names and heads, else by notes alone."""
        by_path = {head.path: head for head in seen}
        judged = [item for item in self._largest_judged() if not _stand_beside(_heads_of(item[1], by_path))]
        if sum(group.files for _, group in judged) >= _FEWEST_JUDGED:
            whole = reduce(_Group.with_bins_of, (group for _, group in judged))
            return self._start(whole, ("judged",), (judged[0][0] or None) if len(judged) == 1 else None)
        for extension, group in self._candidates():
            own = _heads_of(group, by_path)
            looked = heads.look(own)
            if _stand_beside(own):
                continue
            if looked.decides(self._rules):
                return self._start(group, ("names", "heads"), extension)
            if self._is_alone(group) and not _is_one_format(own):  # what spares the start of a file
                return self._start(group, ("names",), extension)
        notes = [group for _, group in _by_files(self._notes_named) if len(group.folders) >= _NOTE_FOLDERS]
        if notes:
            return self._start(notes[0], ("notes",), None)
        if not self._rows:
            return Start(None, "no recent file was listed")
        return Start(None, "no group of recent files looks encrypted, and no note was found in several folders")

    def _is_alone(self, group: _Group) -> bool:
        limits = self._rules.limits
        wide = len(group.types) >= limits.alone_types and len(group.folders) >= limits.alone_folders
        return wide and group.files >= limits.alone_files

    def _start(self, group: _Group, basis: tuple[str, ...], extension: bytes | None) -> Start:
        """Return the beginning of the first part of a group that is not just a few of its files."""
        pause = self._rules.limits.pause_s * 10**9
        parts: list[list[_Bin]] = []
        for one in sorted(group.bins.values(), key=lambda one: one.first):
            if not parts or one.first - parts[-1][-1].last > pause:
                parts.append([])
            parts[-1].append(one)
        part = next(part for part in parts if _SHARE * sum(one.files for one in part) >= group.files)
        start = part[0].first
        content = min(one.content for one in part)
        notes = any(start - pause <= one.first <= part[-1].last + pause for one in self._notes.bins.values())
        return Start(
            estimate_ns=start,
            from_ns=part[0].content if start - pause <= part[0].content <= start else start,
            basis=(*basis, "notes") if notes and "notes" not in basis else basis,
            extension=extension,
            files=group.files,
            last_ns=parts[-1][-1].last,
            content_ns=content,
        )


def _is_one_format(seen: list[heads.Head]) -> bool:
    """Tell whether files begin alike though they were of several types: an archive's or a program's own format."""
    starts = [head.data[:4] for head in seen if head.data]
    return len(starts) > 1 and len(set(starts)) == 1


def _of(groups: dict[bytes, _Group], name: bytes) -> _Group:
    """Return the group of that name; where there are too many, the smallest half is forgotten first."""
    if name not in groups and len(groups) >= _MOST_GROUPS:
        for small in sorted(groups, key=lambda name: groups[name].files)[: _MOST_GROUPS // 2]:
            del groups[small]
    return groups.setdefault(name, _Group())


def _by_files(groups: dict[bytes, _Group]) -> list[tuple[bytes, _Group]]:
    """Return groups and their names, the largest first."""
    return sorted(groups.items(), key=lambda item: (-item[1].files, item[0]))


def _heads_of(group: _Group, by_path: dict[bytes, heads.Head]) -> list[heads.Head]:
    return [by_path[path] for path in group.paths if path in by_path]


def _stand_beside(seen: list[heads.Head]) -> bool:
    """Tell whether most were made beside what is still there: so are copies of one's own, not what was taken."""
    return 2 * sum(head.companion for head in seen) > len(seen)
