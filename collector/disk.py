"""How the files of a bundle are written and opened: whole, synced, and never through a link.

Only the bundle's own folder is meant here; files of the host are `collector/host/`'s.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from collector import handles, layout
from collector.errors import DiskFullError, UsageError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 20
"""Bytes read at once: larger ones are no faster (measured: 64 KiB to 4 MiB within 3 %)."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def refuse_inside_bundle(folder: Path, option: str) -> None:
    """Raise `UsageError` for a folder of some bundle: one more file in there, and that bundle verifies as ALTERED."""
    inside = real(folder)
    for around in (inside, *inside.parents):
        if os.path.lexists(around / layout.MANIFEST):
            hint = f"give another with {option}"
            raise UsageError("the folder is inside the bundle, where nothing may be added", hint=hint)


def is_full(error: OSError) -> bool:
    """Tell whether a medium has no more room."""
    return error.errno in _FULL


def real(path: Path) -> Path:
    """Return a path without links, as far as the system tells it: Windows does not on every network drive."""
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return Path(os.path.abspath(path))  # noqa: PTH100 - as realpath, it does not ask the system


def translated(error: OSError) -> DiskFullError | WriteError:
    """Return our own error for one of the folder we write to."""
    number = handles.number(error)
    reason = os.strerror(number)
    if number in _FULL:
        return DiskFullError(f"the folder of the bundle is full ({reason})")
    return WriteError(f"the folder of the bundle can't be written any more ({reason})")


def write_all(
    fd: int,
    data: bytes,
    on_full: Callable[[], bool] | None = None,
    counted: Callable[[bytes], None] | None = None,
) -> None:
    """Write every byte; raises `DiskFullError` or `WriteError`.

    A full disk shows as a short write without an error and only then as ENOSPC. `on_full`
    is asked to make room and tells whether it did; `counted` gets what really was written.
    """
    view = memoryview(data)
    while view:
        try:
            written = os.write(fd, view)
        except OSError as error:
            if handles.number(error) in _FULL and on_full is not None and on_full():
                continue
            raise translated(error) from error
        if written == 0:
            raise WriteError("the folder of the bundle takes no more bytes")
        if counted is not None:
            counted(data if written == len(data) else bytes(view[:written]))
        view = view[written:]


def sync(fd: int) -> None:
    """Bring a file's bytes onto the medium; raises `DiskFullError` or `WriteError`."""
    try:
        os.fsync(fd)
    except OSError as error:
        raise translated(error) from error


def sync_name(path: Path) -> None:
    """Bring a file onto the medium once more, under the name that it was just given.

    The kernel's FAT gives a renamed file a new entry of no length, and writes the length there with the file's next
    sync only: without it a file that was synced and renamed is empty once the power was lost.
    """
    try:
        handles.sync_name(path)
    except OSError as error:
        raise translated(error) from error


def sync_folder(path: Path) -> None:
    """Bring a folder's entries onto the medium, where the system can."""
    try:
        handles.sync_folder(path)
    except OSError as error:
        raise translated(error) from error


def create(path: Path) -> int:
    """Make a new file for writing; raises `DiskFullError` or `WriteError`, also where the name is taken."""
    try:
        return handles.new(path)
    except OSError as error:
        raise translated(error) from error


def rename(*names: tuple[Path, Path]) -> None:
    """Give finished files their names, old to new, and sync them under those; a name must be free."""
    for old, new in names:
        try:
            if stands(new):
                raise WriteError(f"{new.name} stands in the folder of the bundle already")
            handles.patiently(partial(old.rename, new))
        except OSError as error:
            raise translated(error) from error
    for _, new in names:
        sync_name(new)


def rename_held(fd: int, old: Path, new: Path) -> None:
    """Give a file that we hold open as its one writer its name, which must be free, and sync it under that."""
    try:
        if stands(new):
            raise WriteError(f"{new.name} stands in the folder of the bundle already")
        handles.rename_held(fd, old, new)
    except OSError as error:
        raise translated(error) from error


def put_file(path: Path, data: bytes) -> None:
    """Write a small file whole: temporary name, synced, renamed over whatever an earlier try left."""
    part = path.with_name(path.name + ".part")
    try:
        remove(part, missing_ok=True)
    except OSError as error:
        raise translated(error) from error
    fd = create(part)
    try:
        write_all(fd, data)
        sync(fd)
    finally:
        os.close(fd)
    try:
        handles.patiently(lambda: part.replace(path))
    except OSError as error:
        raise translated(error) from error
    sync_name(path)


def remove(path: Path, *, missing_ok: bool = False) -> None:
    """Remove a file of ours; raises `OSError`."""
    handles.patiently(lambda: path.unlink(missing_ok=missing_ok))


def stands(path: Path) -> bool:
    """Tell whether anything has this name; raises `WriteError` where the medium does not say."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # `os.path.lexists` would say no, and a sealed bundle would be taken for an open one
        raise translated(error) from error
    return True


def kind(path: Path | str) -> int:
    """Return the type of an entry, S_IFLNK for whatever stands for another name; raises `OSError`."""
    return handles.kind(os.lstat(path))


def is_regular(path: Path) -> bool:
    """Tell whether a regular file stands here itself: no link, FIFO, folder or device."""
    try:
        return kind(path) == stat.S_IFREG
    except OSError:
        return False


def open_regular(path: Path | str) -> int:
    """Open a file of a bundle for reading; raises `OSError`, ENXIO for anything but a regular file."""
    if kind(path) != stat.S_IFREG:  # opening a device may do something
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    fd = handles.reading(path)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    return fd


def chunks(fd: int) -> Iterator[memoryview]:
    """Yield a file's bytes in one reused buffer: use each view before taking the next."""
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    with open(fd, "rb", buffering=0, closefd=False) as file:
        while count := file.readinto(buffer):
            yield view[:count]


def read_regular(path: Path, limit: int) -> bytes:
    """Return a small file of a bundle; raises `OSError`, EFBIG beyond `limit` bytes."""
    fd = open_regular(path)
    try:
        parts = []
        left = limit + 1
        while left and (part := os.read(fd, min(left, CHUNK))):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(fd)
    if not left:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return b"".join(parts)


def length(path: Path | str) -> int:
    """Return the bytes of a file of a bundle, which is not opened; raises `OSError`, ENXIO for what is no file."""
    found = os.lstat(path)
    if handles.kind(found) != stat.S_IFREG:
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    return found.st_size


def begins(part: Path, whole: Path) -> bool:
    """Tell whether a file's bytes, one at least, are the beginning of another's; raises `OSError`.

    Such a `.part` beside the file of its name is left where power was lost inside a rename: FAT writes the new entry
    before the old one is gone, and both have the same clusters. To remove it would give those of the file away.
    """
    first = open_regular(part)
    try:
        second = open_regular(whole)
        try:
            left = os.fstat(first).st_size
            if not 0 < left <= os.fstat(second).st_size:
                return False
            while left and (data := os.read(first, min(left, CHUNK))) and data == os.read(second, len(data)):
                left -= len(data)
        finally:
            os.close(second)
    finally:
        os.close(first)
    return not left


def digest(path: Path | str, size: int | None = None) -> tuple[int, str]:
    """Return size and SHA-256 of a file of a bundle as it lies there; raises `OSError`.

    Where `size` is given and is not the file's, nothing is read and the hash is empty.
    """
    fd = open_regular(path)
    try:
        found = os.fstat(fd).st_size
        if size is not None and found != size:
            return found, ""
        if found <= CHUNK:  # 20,000 small artifacts: one buffer each would cost more than the hash
            data = os.read(fd, found + 1)
            if len(data) == found:  # less than was asked for: its end
                return found, hashlib.sha256(data).hexdigest()
            os.lseek(fd, 0, os.SEEK_SET)
        length, total = 0, hashlib.sha256()
        for chunk in chunks(fd):
            length += len(chunk)
            total.update(chunk)
        return length, total.hexdigest()
    finally:
        os.close(fd)
