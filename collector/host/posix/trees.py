"""Files of people's trees for whoever judges them: come by once, read in part, copied whole or at both ends.

The walk is that of recent files (`walk`): what is found is held by its folder's descriptor, so that nothing that was
swapped meanwhile is read in its place.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final, cast

from collector.host import Batch, HostError, Part, Seen
from collector.host.posix.low import entries, files
from collector.host.posix.scope import MAX_PATH, is_below, people_first, scope_of
from collector.host.posix.walk import Descriptors, Folder, Found, Trouble, Walk, marks_of
from collector.model import Blob, Gap
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.posix.entry import Facts
    from collector.host.posix.ground import Ground
    from collector.host.posix.mounts import Tree
    from collector.host.posix.scope import Scope
    from collector.model import Request

_CHUNK: Final = 1 << 18
CHANGED: Final = "changed-while-reading"
ENDS: Final = "head-and-tail"
"""Flag of a copy that holds the first and the last bytes of a file and not what lies between."""


class Trees:
    """The trees of a request, people's folders first (see `collector.host.Trees`)."""

    def __init__(self, ground: Ground, request: Request) -> None:
        """Raise `HostError` where the table of mounts can't be read, and `RuleError` for a wrong table of types."""
        try:
            self._table = ground.mount_table()
        except OSError as e:  # without it any path may hang
            raise HostError(files.gap_of(e, "the table of mounts can't be read, so nothing was scanned")) from e
        self._ground = ground
        self._since_ns = request.since_ns
        self._scope: Scope = scope_of(self._table, request)
        self._first = people_first(self._table, self._scope, ground)
        self._descriptors = Descriptors()

    def people(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of people's folders: homes, then what is shared."""
        yield from self._walk(self._first, ())

    def rest(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of all other trees of the request, then the gaps that `recent-files` doesn't tell."""
        yield from self._walk(list(self._scope.trees), tuple(tree.path for tree in self._first))

    def _walk(self, trees: list[Tree], done: tuple[bytes, ...]) -> Iterator[Batch | Gap]:
        never = [*self._table.visible, *self._scope.exclude, *done]
        tops = [
            Folder(None, tree.path, marks_of(tree.path, never)) for tree in trees if self._is_folder(tree.path, done)
        ]
        walk = Walk(tops, self._since_ns, self._scope.identities)
        try:
            for part in walk:
                if not part:
                    yield Batch(b"", None, [])  # time goes by: whoever has a limit looks at it
                yield from _batched(part)
        finally:
            walk.close()

    def _is_folder(self, path: bytes, done: tuple[bytes, ...]) -> bool:
        if path in done or path in self._scope.exclude:
            return False
        try:
            return stat.S_ISDIR(entries.Reader().facts(path).mode)
        except OSError:
            return False  # `recent-files` walks the same trees and tells it

    def locate(self, folder: bytes, name: bytes) -> Seen | Gap:
        """Return a file that the walk came by before, by the paths it was told under.

        The way is opened part by part from the top of its tree, so that no link leads elsewhere.
        """
        trees = [tree.path for tree in (*self._first, *self._scope.trees)]
        tops = [top for top in trees if top == folder or is_below(folder, [top])]
        place = Folder(None, max(tops, key=len, default=b"/"))
        rest = folder[len(place.name.rstrip(b"/")) :]
        for part in filter(None, rest.split(b"/")):
            place = Folder(place, part)
        try:
            return _seen(place, name, entries.Reader().facts(name, self._descriptors.of(place)))
        except OSError as e:
            path = os.path.join(folder, name)
            return files.gap_of(e, "a file can't be looked at again", from_bytes(path[:MAX_PATH]))

    def read(self, seen: Seen, head: int, tail: int) -> Part | Gap:
        """Return the first and the last bytes of a file."""
        try:
            with files.opened(seen.name, dir_fd=self._descriptors.of(cast("Folder", seen.place))) as fd:
                size = _demand_same(fd, seen).st_size
                first = _exactly(fd, 0, min(head, size))
                left = min(tail, size - len(first))
                return Part(first, _exactly(fd, size - left, left) if left > 0 else b"", size)
        except OSError as e:
            return _gap(e, "a file can't be read", seen)

    def probe(self, seen: Seen, offsets: tuple[int, ...], length: int) -> bytes | Gap:
        """Return `length` bytes at each place of a file, joined."""
        try:
            with files.opened(seen.name, dir_fd=self._descriptors.of(cast("Folder", seen.place))) as fd:
                _demand_same(fd, seen)
                return b"".join(_exactly(fd, offset, length) for offset in offsets)
        except OSError as e:
            return _gap(e, "a file can't be read", seen)

    def copy(self, seen: Seen, limit: int, kind: str = "file") -> Blob | Gap:
        """Return a file as an artifact: whole, or its first and last `limit / 2` bytes, flagged `ENDS`.

        What happens while it is read is told by its flags.
        """
        try:
            fd = files.open_source(seen.name, dir_fd=self._descriptors.of(cast("Folder", seen.place)))
        except OSError as e:
            return _gap(e, "a file can't be copied", seen)
        try:
            before = _demand_same(fd, seen)
        except OSError as e:
            os.close(fd)
            return _gap(e, "a file can't be copied", seen)
        flags: list[str] = []
        return Blob(
            kind=kind,
            suffix=".bin",
            method="read through the system's interfaces",
            chunks=_chunks(fd, before, limit, flags),
            subject=from_bytes(path_of(seen)[:MAX_PATH]),
            source_times=_times(before),
            flags=flags,
        )

    def close(self) -> None:
        """Let go of what is held open."""
        self._descriptors.close()


def path_of(seen: Seen) -> bytes:
    """Return the whole path of a file that was come by."""
    return cast("Folder", seen.place).path(seen.name)


def _batched(part: list[Found | Trouble]) -> Iterator[Batch | Gap]:
    """Yield the regular files of one slice of a folder together; what can't be looked at `recent-files` tells."""
    batch: Batch | None = None
    for one in part:
        if isinstance(one, Trouble) or not stat.S_ISREG(one.facts.mode):
            continue
        if batch is None or batch.place is not one.folder:
            if batch is not None:
                yield batch
            batch = Batch(one.folder.path(), one.folder, [])
        batch.files.append(_seen(one.folder, one.name, one.facts))
    if batch is not None:
        yield batch


def _seen(folder: Folder, name: bytes, facts: Facts) -> Seen:
    return Seen(
        folder,
        name,
        facts.size,
        facts.mtime_ns,
        facts.ctime_ns,
        facts.btime_ns,
        (facts.device, facts.inode),
    )


def _demand_same(fd: int, seen: Seen) -> os.stat_result:
    status = os.fstat(fd)
    if (status.st_dev, status.st_ino) != seen.identity:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
    return status


def _exactly(fd: int, start: int, length: int) -> bytes:
    """Return bytes of an open file, fewer where it has become shorter; raises `OSError`."""
    parts: list[bytes] = []
    while length > 0 and (part := os.pread(fd, min(length, _CHUNK), start)):
        parts.append(part)
        start += len(part)
        length -= len(part)
    return b"".join(parts)


def _chunks(fd: int, before: os.stat_result, limit: int, flags: list[str]) -> Iterator[bytes]:
    """Yield a file's bytes up to the size it had when it was opened, and close it."""
    try:
        size = before.st_size
        spans = [(0, size)] if size <= limit else [(0, limit // 2), (size - limit // 2, limit // 2)]
        if size > limit:
            flags.append(ENDS)
        for start, length in spans:
            at, end = start, start + length
            while at < end and (part := os.pread(fd, min(end - at, _CHUNK), at)):
                at += len(part)
                yield part
        after = os.fstat(fd)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            flags.append(CHANGED)
    except OSError as e:
        flags.append("unreadable" if files.outcome_of(e).value != "absent" else "vanished")
    finally:
        os.close(fd)


def _times(status: os.stat_result) -> dict[str, str]:
    moments = {"atime_ns": status.st_atime_ns, "ctime_ns": status.st_ctime_ns, "mtime_ns": status.st_mtime_ns}
    return {name: str(ns) for name, ns in moments.items()}


def _gap(error: OSError, what: str, seen: Seen) -> Gap:
    return files.gap_of(error, what, from_bytes(path_of(seen)[:MAX_PATH]))
