"""How the files of a bundle are written and opened: whole, synced, and never through a link.

Only the bundle's own folder is meant here; files of the host are `collector/host/`'s.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from collector import layout
from collector.errors import DiskFullError, UsageError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

try:
    import fcntl
except ImportError:  # Windows: no lock is held there yet
    _flock, _LOCK = None, 0
else:
    _flock = getattr(fcntl, "flock", None)
    _LOCK = getattr(fcntl, "LOCK_EX", 0) | getattr(fcntl, "LOCK_NB", 0)

CHUNK = 1 << 20
"""Bytes read at once: larger ones are no faster (measured: 64 KiB to 4 MiB within 3 %)."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES})
"""What network file systems answer that can't sync a folder, or only a file that is open for writing."""
_SAFE_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""How a file is made that was not there; O_EXCL follows no link either."""


def refuse_inside_bundle(folder: Path, option: str) -> None:
    """Raise `UsageError` for a folder of some bundle: one more file in there, and that bundle verifies as ALTERED."""
    inside = Path(os.path.realpath(folder))
    for around in (inside, *inside.parents):
        if os.path.lexists(around / layout.MANIFEST):
            hint = f"give another with {option}"
            raise UsageError("the folder is inside the bundle, where nothing may be added", hint=hint)


def is_full(error: OSError) -> bool:
    """Tell whether a medium has no more room."""
    return error.errno in _FULL


def translated(error: OSError) -> DiskFullError | WriteError:
    """Return our own error for one of the folder we write to."""
    reason = os.strerror(error.errno or 0)
    if error.errno in _FULL:
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
            if error.errno in _FULL and on_full is not None and on_full():
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
    """Bring a file onto the medium once more, under the name that it was just given (Windows has no such call).

    The kernel's FAT gives a renamed file a new entry of no length, and writes the length there with the file's next
    sync only: without it a file that was synced and renamed is empty once the power was lost.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        fd = open_regular(path)
    except OSError as error:
        raise translated(error) from error
    _sync_and_close(fd)


def sync_folder(path: Path) -> None:
    """Bring a folder's entries onto the medium, where the system can (Windows has no such call)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise translated(error) from error
    _sync_and_close(fd)


def _sync_and_close(fd: int) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise translated(error) from error
    finally:
        os.close(fd)


def create(path: Path) -> int:
    """Make a new file for writing; raises `DiskFullError` or `WriteError`, also where the name is taken."""
    try:
        return os.open(path, NEW, 0o600)
    except OSError as error:
        raise translated(error) from error


def rename(*names: tuple[Path, Path]) -> None:
    """Give finished files their names, old to new, and sync them under those; a name must be free."""
    for old, new in names:
        try:
            if stands(new):
                raise WriteError(f"{new.name} stands in the folder of the bundle already")
            old.rename(new)
        except OSError as error:
            raise translated(error) from error
    for _, new in names:
        sync_name(new)


def put_file(path: Path, data: bytes) -> None:
    """Write a small file whole: temporary name, synced, renamed over whatever an earlier try left."""
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
    except OSError as error:
        raise translated(error) from error
    fd = create(part)
    try:
        write_all(fd, data)
        sync(fd)
    finally:
        os.close(fd)
    try:
        part.replace(path)
    except OSError as error:
        raise translated(error) from error
    sync_name(path)


def lock(fd: int) -> bool:
    """Take the one writer's place of an open manifest; `False` if another process holds it."""
    if _flock is None:
        return True
    try:
        _flock(fd, _LOCK)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES)  # a medium without locks has no other writer
    return True


def stands(path: Path) -> bool:
    """Tell whether anything has this name; raises `WriteError` where the medium does not say."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # `os.path.lexists` would say no, and a sealed bundle would be taken for an open one
        raise translated(error) from error
    return True


def is_regular(path: Path) -> bool:
    """Tell whether a regular file stands here itself: no link, FIFO, folder or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def open_regular(path: Path | str) -> int:
    """Open a file of a bundle for reading; raises `OSError`, ENXIO for anything but a regular file."""
    if not stat.S_ISREG(os.lstat(path).st_mode):  # opening a device may do something
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    fd = os.open(path, _SAFE_READ)
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
    if not stat.S_ISREG(found.st_mode):
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
