"""Files of people's trees for whoever judges them: come by once, read in part, copied whole or at both ends.

The walk is that of recent files (`walk`): what is found is held by its folder's handle and known by its number, so
that nothing that was swapped meanwhile is read in its place.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from collector.host import Batch, HostError, Part, Seen
from collector.host.windows import files
from collector.host.windows.scope import MAX_PATH, people_first, scope_of
from collector.host.windows.walk import Folder, OpenFolders, Trouble, Walk
from collector.model import Blob, Gap, Outcome
from collector.text import from_bytes
from collector.winformats import paths
from collector.winformats.folders import NO_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.windows.scope import Scope
    from collector.host.windows.walk import Found
    from collector.model import Request
    from collector.winformats.folders import Facts

_CHUNK: Final = 1 << 18
CHANGED: Final = "changed-while-reading"
ENDS: Final = "head-and-tail"
"""Flag of a copy that holds the first and the last bytes of a file and not what lies between."""


class Trees:
    """The trees of a request, people's folders first (see `collector.host.Trees`)."""

    def __init__(self, request: Request) -> None:
        """Raise `HostError` where there is no tree that can be walked."""
        self._since_ns = request.since_ns
        self._scope: Scope = scope_of(request)
        if not self._scope.trees:
            why = "there is no local volume or folder to walk"
            raise HostError(next(iter(self._scope.gaps), Gap(Outcome.ABSENT, why)))
        self._first = people_first(self._scope)
        self._folders = OpenFolders()

    def people(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of people's folders: profiles, then what is shared."""
        yield from self._walk(self._first, frozenset())

    def rest(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of all other trees of the request."""
        trees = [tree for tree in self._scope.trees if tree not in self._first]
        yield from self._walk(trees, frozenset(self._done()))

    def _done(self) -> Iterator[tuple[int, int]]:
        """Yield what people's folders are on disk: the walk over the rest leaves them out."""
        for path in self._first:
            with suppress(OSError), files.open_folder(path) as folder:
                facts = folder.facts()
                if facts.inode not in NO_NUMBERS:
                    yield facts.identity

    def _walk(self, trees: list[bytes], done: frozenset[tuple[int, int]]) -> Iterator[Batch | Gap]:
        tops = [Folder(None, tree) for tree in trees if _is_folder(tree)]
        walk = Walk(tops, self._since_ns, self._scope.exclude | done)
        try:
            for part in walk:
                if not part:
                    yield Batch(b"", None, [])  # time goes by: whoever has a limit looks at it
                yield from _batched(part)
        finally:
            walk.close()

    def locate(self, folder: bytes, name: bytes) -> Seen | Gap:
        """Return a file that the walk came by before, by the paths it was told under.

        The way is opened part by part from the top of its tree, so that no link leads elsewhere.
        """
        tops = [tree for tree in (*self._first, *self._scope.trees) if paths.is_in(folder, tree)]
        try:
            top = max(tops, key=len, default=None) or os.fsencode(files.place_of(folder)._replace(names=()).text)
            place = Folder(None, top)
            for part in filter(None, folder[len(top) :].split(b"\\")):
                place = Folder(place, part)
            with files.open_below(os.fsdecode(name), self._folders.of(place), look=True) as file:
                return _seen(place, name, file.facts())
        except OSError as e:
            path = Folder(None, folder).path(name)
            return files.gap_of(e, "a file can't be looked at again", from_bytes(path[:MAX_PATH]))

    def read(self, seen: Seen, head: int, tail: int) -> Part | Gap:
        """Return the first and the last bytes of a file."""
        try:
            with self._opened(seen) as file:
                size = _demand_same(file, seen).size
                first = _exactly(file, 0, min(head, size))
                left = min(tail, size - len(first))
                return Part(first, _exactly(file, size - left, left) if left > 0 else b"", size)
        except OSError as e:
            return _gap(e, "a file can't be read", seen)

    def probe(self, seen: Seen, offsets: tuple[int, ...], length: int) -> bytes | Gap:
        """Return `length` bytes at each place of a file, joined."""
        try:
            with self._opened(seen) as file:
                _demand_same(file, seen)
                return b"".join(_exactly(file, offset, length) for offset in offsets)
        except OSError as e:
            return _gap(e, "a file can't be read", seen)

    def copy(self, seen: Seen, limit: int, kind: str = "file") -> Blob | Gap:
        """Return a file as an artifact: whole, or its first and last `limit / 2` bytes, flagged `ENDS`.

        What happens while it is read is told by its flags.
        """
        try:
            file = self._opened(seen)
        except OSError as e:
            return _gap(e, "a file can't be copied", seen)
        try:
            before = _demand_same(file, seen)
        except OSError as e:
            file.close()
            return _gap(e, "a file can't be copied", seen)
        flags: list[str] = []
        return Blob(
            kind=kind,
            suffix=".bin",
            method="read through the system's interfaces",
            chunks=_chunks(file, before, limit, flags),
            subject=from_bytes(path_of(seen)[:MAX_PATH]),
            source_times=times(before),
            flags=flags,
        )

    def close(self) -> None:
        """Let go of what is held open."""
        self._folders.close()

    def _opened(self, seen: Seen) -> files.File:
        return files.open_below(os.fsdecode(seen.name), self._folders.of(cast("Folder", seen.place)))


def path_of(seen: Seen) -> bytes:
    """Return the whole path of a file that was come by."""
    return cast("Folder", seen.place).path(seen.name)


def times(facts: Facts) -> dict[str, str]:
    """Return the times of a file as its artifact has them."""
    moments = {
        "atime_ns": facts.atime_ns,
        "btime_ns": facts.btime_ns,
        "ctime_ns": facts.ctime_ns,
        "mtime_ns": facts.mtime_ns,
    }
    return {name: str(ns) for name, ns in moments.items() if ns is not None}


def _is_folder(path: bytes) -> bool:
    try:
        files.open_folder(path).close()
    except OSError:
        return False  # `recent-files` walks the same trees and tells it
    return True


def _batched(part: list[Found | Trouble]) -> Iterator[Batch | Gap]:
    """Yield the regular files of one slice of a folder together; what can't be looked at `recent-files` tells."""
    batch: Batch | None = None
    for one in part:
        if isinstance(one, Trouble) or one.facts.type != "file":
            continue
        if batch is None or batch.place is not one.folder:
            if batch is not None:
                yield batch
            batch = Batch(one.folder.path(), one.folder, [])
        batch.files.append(_seen(one.folder, one.name, one.facts))
    if batch is not None:
        yield batch


def _seen(folder: Folder, name: bytes, facts: Facts) -> Seen:
    changed = facts.mtime_ns if facts.ctime_ns is None else facts.ctime_ns  # FAT keeps none
    return Seen(folder, name, facts.size, facts.mtime_ns, changed, facts.btime_ns, facts.identity)


def _demand_same(file: files.File, seen: Seen) -> Facts:
    facts = file.facts()
    unnumbered = seen.identity[1] in NO_NUMBERS and (facts.btime_ns, facts.size) == (seen.btime_ns, seen.size)
    if facts.identity != seen.identity and not unnumbered:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
    return facts


def _exactly(file: files.File, start: int, length: int) -> bytes:
    """Return bytes of an open file, fewer where it has become shorter; raises `OSError`."""
    parts: list[bytes] = []
    while length > 0 and (part := file.read(min(length, _CHUNK), start)):
        parts.append(part)
        start += len(part)
        length -= len(part)
    return b"".join(parts)


def _chunks(file: files.File, before: Facts, limit: int, flags: list[str]) -> Iterator[bytes]:
    """Yield a file's bytes up to the size it had when it was opened, and close it."""
    try:
        size = before.size
        spans = [(0, size)] if size <= limit else [(0, limit // 2), (size - limit // 2, limit // 2)]
        if size > limit:
            flags.append(ENDS)
        for start, length in spans:
            at, end = start, start + length
            while at < end and (part := file.read(min(end - at, _CHUNK), at)):
                at += len(part)
                yield part
        after = file.facts()
        if (after.size, after.mtime_ns) != (before.size, before.mtime_ns):
            flags.append(CHANGED)
    except OSError as e:
        flags.append("unreadable" if files.outcome_of(e) is not Outcome.ABSENT else "vanished")
    finally:
        file.close()


def _gap(error: OSError, what: str, seen: Seen) -> Gap:
    return files.gap_of(error, what, from_bytes(path_of(seen)[:MAX_PATH]))
