"""How the walk (`collector.host.walking`) opens and reads folders on POSIX systems: never across a mount."""

from __future__ import annotations

import os
import resource
import stat
from typing import TYPE_CHECKING

from collector.host import walking
from collector.host.posix.entry import Facts
from collector.host.posix.low import entries, files, open_folder
from collector.host.walking import OPEN_FOLDERS, Folder, Marks, Slice, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["OPEN_FOLDERS", "Descriptors", "Folder", "Found", "Marks", "Trouble", "Walk", "marks_of"]

Found = walking.Found[Facts]


def marks_of(top: bytes, places: Iterable[bytes]) -> Marks:
    """Return the marks below `top` for absolute paths of places that are never touched."""
    marks: Marks = {}
    for place in places:
        if place == top or not place.startswith(top.rstrip(b"/") + b"/"):
            continue
        here: Marks | None = marks
        *above, last = place[len(top.rstrip(b"/")) + 1 :].split(b"/")
        for name in above:
            here = None if here is None else here.setdefault(name, {})
        if here is not None:
            here[last] = None
    return marks


def top_of(path: bytes, since_ns: int, never: Iterable[bytes]) -> Iterator[Folder | Found | Trouble]:
    """Yield the folder at the top of a tree, or the recent entry that stands there."""
    above, _, name = path.rpartition(b"/")
    folder = Folder(None, above or b"/")
    try:
        facts = entries.Reader().facts(path)
    except OSError as e:
        yield Trouble(folder, name, e, "the top of a tree can't be looked at")
        return
    if stat.S_ISDIR(facts.mode):
        yield Folder(None, path, marks_of(path, never))
    elif facts.since(since_ns):
        yield Found(folder, name, facts)


class _Opener:
    def open_folder(self, name: bytes, above: int | None) -> int:
        return files.open_source(name, folder=True) if above is None else open_folder(name, above)

    def identity(self, handle: int) -> tuple[int, int]:
        st = os.fstat(handle)
        return st.st_dev, st.st_ino

    def close(self, handle: int) -> None:
        os.close(handle)


class Descriptors(walking.OpenFolders):
    """The open folders of one thread: an eighth of the descriptors that the system allows us at most."""

    def __init__(self) -> None:
        most = min(OPEN_FOLDERS, max(2, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 8))
        super().__init__(_Opener(), most)


class _Eyes:
    """What one thread looks with."""

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns
        self._reader = entries.Reader()
        self._descriptors = Descriptors()

    def enter(self, folder: Folder) -> int:
        return self._descriptors.of(folder)

    def slices(self, handle: int, folder: Folder) -> Iterator[Slice[Facts]]:
        never = {name for name, below in (folder.marks or {}).items() if below is None}
        return self._reader.slices(handle, self._since_ns, never)

    def close(self) -> None:
        self._descriptors.close()


class Walk(walking.Walk[Facts]):
    """One walk over some trees for what changed since a time."""

    def __init__(self, tops: Sequence[Folder], since_ns: int, exclude: frozenset[tuple[int, int]]) -> None:
        super().__init__(tops, lambda: _Eyes(since_ns), exclude)
