"""How a file of the host is read: regular, bounded, unlinked from links, its atime left alone.

Every room of `host/linux/` reads through here; nothing else opens a path of the host.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

from collector.host.posix import descriptors
from collector.host.posix.descriptors import SMALL
from collector.host.posix.outcomes import COUNTERS, gap_of, outcome_of

assert sys.platform == "linux"

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = [
    "COUNTERS",
    "SMALL",
    "gap_of",
    "hold_folder",
    "names",
    "open_kernel",
    "open_source",
    "opened",
    "outcome_of",
    "read_kernel",
    "read_kernel_start",
    "read_small",
]


def open_source(path: bytes | str, *, dir_fd: int | None = None, folder: bool = False, follow: bool = False) -> int:
    """Open a path of the host for reading and return the descriptor; raises `OSError`.

    Never opens a FIFO or a device (opening a watchdog or a tape does something; ENXIO), never
    follows a link in the last part unless `follow` (for the kernel's own links in /proc),
    and leaves atime alone where the system allows (O_NOATIME needs the owner or root).
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    flags |= os.O_DIRECTORY if folder else 0
    if folder or follow:
        fd = _open(path, flags | (0 if follow else os.O_NOFOLLOW), dir_fd)
        if folder:
            COUNTERS.folders += 1
            return fd
    else:
        fd = _open_regular(path, flags, dir_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    COUNTERS.files += 1
    return fd


def hold_folder(name: bytes, *, dir_fd: int | None = None) -> int:
    """Take hold of a folder without opening it, to go on below it, and return the descriptor; raises `OSError`.

    Needs no right to read the folder and moves nothing; a link is refused with ENOTDIR.
    """
    return os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)


def _open(path: bytes | str, flags: int, dir_fd: int | None) -> int:
    try:
        return os.open(path, flags | os.O_NOATIME, dir_fd=dir_fd)
    except PermissionError:
        fd = os.open(path, flags, dir_fd=dir_fd)
        COUNTERS.atime_moved += 1
        return fd


def _open_regular(path: bytes | str, flags: int, dir_fd: int | None) -> int:
    """Look what a path is, take hold of it without opening it, and open that very thing if it still is a file."""
    _demand_regular(os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode)
    held = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        _demand_regular(os.fstat(held).st_mode)
        try:
            return _open(f"/proc/self/fd/{held}", flags, None)
        except FileNotFoundError:  # no /proc: by its name after all
            return _open(path, flags | os.O_NOFOLLOW, dir_fd)
    finally:
        os.close(held)


def _demand_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        code = errno.ELOOP if stat.S_ISLNK(mode) else errno.ENXIO
        raise OSError(code, os.strerror(code))


def opened(path: bytes | str, *, dir_fd: int | None = None, follow: bool = False) -> AbstractContextManager[int]:
    """Open a file of the host for reading, closed as the context ends; raises `OSError`."""
    return descriptors.held(open_source(path, dir_fd=dir_fd, follow=follow))


def read_small(path: bytes | str, *, dir_fd: int | None = None, limit: int = SMALL, follow: bool = False) -> bytes:
    """Return a small file whole; raises `OSError`, EFBIG where it holds more than `limit` bytes."""
    with opened(path, dir_fd=dir_fd, follow=follow) as fd:
        return descriptors.whole(fd, limit)


def open_kernel(path: bytes | str, *, dir_fd: int | None = None, folder: bool = False) -> int:
    """Open a path of procfs or sysfs for reading and return the descriptor; raises `OSError`.

    The kernel makes these files as they are read and keeps no atime of them on any disk, so
    O_NOATIME (refused on other users' entries) and the check for a regular file are left out:
    that is a third of the time of a walk over all processes.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(path, flags | os.O_DIRECTORY if folder else flags, dir_fd=dir_fd)
    if folder:
        COUNTERS.folders += 1
    else:
        COUNTERS.files += 1
    return fd


def read_kernel(path: bytes | str, *, dir_fd: int | None = None, limit: int = SMALL) -> bytes:
    """Return a file of procfs or sysfs whole; raises `OSError`, EFBIG where it holds more than `limit` bytes."""
    data, cut = read_kernel_start(path, dir_fd=dir_fd, limit=limit)
    if cut:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return data


def read_kernel_start(path: bytes | str, *, dir_fd: int | None = None, limit: int = SMALL) -> tuple[bytes, bool]:
    """Return at most `limit` bytes of a file of procfs or sysfs and whether it holds more; raises `OSError`."""
    fd = open_kernel(path, dir_fd=dir_fd)
    try:
        data = os.read(fd, min(limit + 1, 1 << 14))
        parts = [data]
        left = limit + 1 - len(data)
        while data and left:
            data = os.read(fd, min(left, 1 << 16))
            parts.append(data)
            left -= len(data)
    finally:
        os.close(fd)
    whole = b"".join(parts)
    return whole[:limit], len(whole) > limit


def names(path: bytes | str, *, kernel: bool = False) -> list[bytes]:
    """Return the names in a folder in order, `kernel` where it is procfs' or sysfs' own; raises `OSError`."""
    with descriptors.held(open_kernel(path, folder=True) if kernel else open_source(path, folder=True)) as fd:
        return descriptors.names(fd)
