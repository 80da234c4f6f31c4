"""The file, or numbered files, that a stream goes to and comes from: FAT32 ends each at 4 GiB (SPEC 13.3)."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from collector import disk, layout
from collector.errors import DiskFullError, RefusedError, UsageError, WriteError
from collector.handover.behind import Behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYNC_EVERY = 64 << 20
"""Bytes after which what was written is brought onto the medium, while more is made: else all waits for the end."""
MAX_PARTS = 999
"""As many as three digits name."""

_FAT_END = 1 << 32
"""First size that FAT32 has not. Linux says EFBIG there; other systems and FUSE drivers may say something else."""
_NEAR = 1 << 21
"""Bytes before that end within which any error is taken for it: a cluster, and what is written at once."""

_NUMBERED = re.compile(r"(.+)\.([0-9]{3})", re.DOTALL)
_HINT_ROOM = "make room there, or give another folder with --out; the bundle itself is untouched"


class Written(NamedTuple):
    """One file that was written whole and has its name."""

    path: Path
    size: int
    sha256: str


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turn what a medium refuses into a refusal of ours: exit 3 would say that the bundle is not closed."""
    try:
        yield
    except (DiskFullError, WriteError) as error:
        cause = error.__cause__
        what = os.strerror(cause.errno or 0) if isinstance(cause, OSError) else str(error)
        raise RefusedError(f"the hand-over file can't be written: {what}", hint=_HINT_ROOM) from error
    except OSError as error:
        what = os.strerror(error.errno or 0)
        raise RefusedError(f"the hand-over file can't be written: {what}", hint=_HINT_ROOM) from error


class PartWriter:
    """Takes a stream and puts it into new files under temporary names; `commit` gives them theirs.

    Goes on in the next file where one reaches `limit` or the medium's own end (EFBIG). Nothing that exists is ever
    opened or replaced. `discard` removes all that was made here, before and after `commit`.
    """

    def __init__(self, folder: Path, name: str, limit: int | None = None) -> None:
        self._folder, self._name, self._limit = folder, name, limit
        self._made: list[Path] = []
        self._sums: list[tuple[int, str]] = []
        self._fd = -1
        self._size = 0
        self._sum = hashlib.sha256()
        self._syncing: Behind[int] | None = None
        self._unsynced = 0
        self._refuse_taken()

    def _refuse_taken(self) -> None:
        start = self._name + "."
        with refusals():
            names = [one.name for one in self._folder.iterdir()]
        taken = [name for name in names if name == self._name or name.startswith(start)]
        if not taken:
            return
        hint = "nothing is written over: move it away, or give another folder with --out"
        if min(taken).endswith(layout.PART):
            hint = "an earlier `collect pack` was killed and left it unfinished: delete it, unless one is at work there"
        raise RefusedError(f"{min(taken)} stands in the folder already", hint=hint)

    def write(self, data: bytes) -> int:
        """Write every byte and return their number; raises `RefusedError`."""
        view = memoryview(data)
        with refusals():
            while view:
                view = view[self._some(view) :]
        return len(data)

    def _some(self, view: memoryview) -> int:
        """Write what one call takes, and return how much that was: none where the next file was begun."""
        if self._fd < 0 or self._size == self._limit:
            self._next()
        if self._limit is not None:
            view = view[: self._limit - self._size]
        try:
            count = os.write(self._fd, view)
        except OSError as error:
            at_the_end = error.errno == errno.EFBIG or _FAT_END - _NEAR < self._size < _FAT_END
            if not at_the_end or not self._size:
                raise
            self._next()
            return 0
        if not count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._sum.update(view[:count])
        self._size += count
        self._unsynced += count
        if self._unsynced >= SYNC_EVERY and self._syncing is not None:
            self._unsynced = 0
            self._syncing.put(self._fd)
        return count

    def _next(self) -> None:
        self._end()
        if len(self._made) == MAX_PARTS:
            raise RefusedError(f"it does not fit into {MAX_PARTS} parts", hint="give a larger size with --split")
        path = self._folder / f"{self._name}.{len(self._made) + 1:03d}{layout.PART}"
        self._fd = disk.create(path)
        self._made.append(path)
        self._size, self._sum = 0, hashlib.sha256()
        self._syncing, self._unsynced = Behind(os.fsync), 0

    def _end(self) -> None:
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        self._sums.append((self._size, self._sum.hexdigest()))
        try:
            if self._syncing is not None:
                self._syncing.finish()
            os.fsync(fd)
        finally:
            os.close(fd)

    def commit(self) -> list[Written]:
        """Give the files their names, the list of their sums last."""
        with refusals():
            self._end()
            names = [f"{self._name}.{number + 1:03d}" for number in range(len(self._made))]
            if len(names) == 1:
                names = [self._name]
            done = [Written(self._named(at, name), *self._sums[at]) for at, name in enumerate(names)]
            text = "".join(f"{one.sha256}  {one.path.name}\n" for one in done).encode("ascii")
            fd = disk.create(self._folder / f"{self._name}.sha256{layout.PART}")
            self._made.append(self._folder / f"{self._name}.sha256{layout.PART}")
            try:
                disk.write_all(fd, text)
                os.fsync(fd)
            finally:
                os.close(fd)
            path = self._named(len(names), f"{self._name}.sha256")
            disk.sync_folder(self._folder)
        return [*done, Written(path, len(text), hashlib.sha256(text).hexdigest())]

    def _named(self, at: int, name: str) -> Path:
        """Give a file that was made here its name, which must be free."""
        path = self._folder / name
        try:
            disk.rename((self._made[at], path))
        finally:
            if not os.path.lexists(self._made[at]):  # it has its name, even where the sync after that failed
                self._made[at] = path
        return path

    def discard(self) -> None:
        """Remove every file that was made here, as far as the medium still lets itself be written."""
        if self._syncing is not None:
            self._syncing.stop()
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1
        for path in self._made:
            with contextlib.suppress(OSError):
                disk.remove(path)
        with contextlib.suppress(DiskFullError, WriteError):
            disk.sync_folder(self._folder)


def all_of(path: Path) -> list[Path]:
    """Return the files that a stream was put into, given one of them; raises `RefusedError` for a missing one."""
    numbered = _NUMBERED.fullmatch(path.name)
    if numbered is None:
        return [path]
    start = numbered[1] + "."
    try:
        names = [one.name for one in path.parent.iterdir() if one.name.startswith(start)]
    except OSError as error:
        raise UsageError(f"the folder of the file can't be listed: {os.strerror(error.errno or 0)}") from error
    numbers = {int(found[2]) for name in names if (found := _NUMBERED.fullmatch(name)) and found[1] == numbered[1]}
    missing = sorted(set(range(1, max(numbers, default=1) + 1)) - numbers)
    if missing or 0 in numbers:
        raise RefusedError(
            f"part {missing[0] if missing else 0:03d} of this file is missing or has no place",
            hint="put all parts, .001 and those that follow, into one folder",
        )
    return [path.with_name(f"{numbered[1]}.{number:03d}") for number in sorted(numbers)]


class PartReader:
    """The bytes of one or several files, one after the other, in bounded memory; `length` is their sum.

    Raises `RefusedError` for what is no regular file, and, while reading, `OSError`.
    """

    def __init__(self, paths: list[Path]) -> None:
        self._paths = list(paths)
        self._fd = -1
        self._chunk = b""
        self._at = 0
        self.length = 0
        for path in paths:
            try:
                fd = disk.open_regular(path)
            except OSError as error:
                detail = "it is no regular file" if error.errno == errno.ENXIO else os.strerror(error.errno or 0)
                hint = "give the .tar.age file that `collect pack` wrote, or its first part .tar.age.001"
                raise RefusedError(f"the file can't be read: {detail}", hint=hint) from error
            self.length += os.fstat(fd).st_size
            os.close(fd)

    def peek(self, most: int) -> bytes:
        """Return up to `most` bytes of the beginning; they are read again."""
        while len(self._chunk) < most and (more := self._more()):
            self._chunk += more
        return self._chunk[:most]

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, none at the end."""
        if self._at >= len(self._chunk):
            self._chunk, self._at = self._more(), 0
        data = self._chunk[self._at : self._at + size] if size >= 0 else self._chunk[self._at :]
        self._at += len(data)
        return data

    def _more(self) -> bytes:
        while self._fd >= 0 or self._paths:
            if self._fd < 0:
                self._fd = disk.open_regular(self._paths.pop(0))
            if data := os.read(self._fd, disk.CHUNK):
                return data
            self.close()
        return b""

    def close(self) -> None:
        """Close the file that is open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
