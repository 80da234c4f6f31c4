"""How a file of the host is read on macOS: regular, bounded, never through a link, never fetched from a cloud.

Every room of `host/darwin/` reads through here. That no time of last access moves, and that the system fetches nothing,
is asked of it once for the whole process (`live.quiet`: setiopolicy_np(3)). Nothing here is of macOS alone but the
flag of a file whose content lies elsewhere, so that tests run it on every POSIX system.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from collector.host.posix import descriptors
from collector.host.posix.descriptors import SMALL
from collector.host.posix.outcomes import COUNTERS, gap_of, outcome_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["COUNTERS", "SMALL", "gap_of", "hold_folder", "names", "open_source", "opened", "outcome_of", "read_small"]

DATALESS: Final = 0x4000_0000
"""SF_DATALESS of `st_flags`: the content lies in a cloud, and reading it would fetch it (sys/stat.h)."""

_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW


def open_source(path: bytes | str, *, dir_fd: int | None = None, folder: bool = False, follow: bool = False) -> int:
    """Open a path of the host for reading and return the descriptor; raises `OSError`.

    Never opens a device, nor a FIFO unless one takes a file's place at that very moment (then it is closed unread,
    ENXIO), never follows a link in the last part unless `follow`, and leaves what lies in a cloud there (EDEADLK).
    """
    _demand(os.stat(path, dir_fd=dir_fd, follow_symlinks=follow), folder=folder)
    flags = _FLAGS & ~os.O_NOFOLLOW if follow else _FLAGS
    fd = os.open(path, flags | (os.O_DIRECTORY if folder else 0), dir_fd=dir_fd)
    try:
        _demand(os.fstat(fd), folder=folder)
    except OSError:
        os.close(fd)
        raise
    if folder:
        COUNTERS.folders += 1
    else:
        COUNTERS.files += 1
    return fd


def _demand(status: os.stat_result, *, folder: bool) -> None:
    """Raise `OSError` unless it is a regular file, or a folder, whose content lies here."""
    code = None
    if stat.S_ISLNK(status.st_mode):
        code = errno.ENOTDIR if folder else errno.ELOOP
    elif folder and not stat.S_ISDIR(status.st_mode):
        code = errno.ENOTDIR
    elif not folder and not stat.S_ISREG(status.st_mode):
        code = errno.ENXIO
    elif getattr(status, "st_flags", 0) & DATALESS:
        code = errno.EDEADLK  # what the kernel answers, too, where it was told not to fetch
    if code is not None:
        raise OSError(code, os.strerror(code))


def hold_folder(name: bytes, *, dir_fd: int | None = None) -> int:
    """Take hold of a folder to go on below it, and return the descriptor; raises `OSError`, ENOTDIR for a link."""
    return open_source(name, dir_fd=dir_fd, folder=True)


def opened(path: bytes | str, *, dir_fd: int | None = None, follow: bool = False) -> AbstractContextManager[int]:
    """Open a file of the host for reading, closed as the context ends; raises `OSError`."""
    return descriptors.held(open_source(path, dir_fd=dir_fd, follow=follow))


def read_small(path: bytes | str, *, dir_fd: int | None = None, limit: int = SMALL, follow: bool = False) -> bytes:
    """Return a small file whole; raises `OSError`, EFBIG where it holds more than `limit` bytes."""
    with opened(path, dir_fd=dir_fd, follow=follow) as fd:
        return descriptors.whole(fd, limit)


def names(path: bytes | str) -> list[bytes]:
    """Return the names in a folder in order; raises `OSError`."""
    with descriptors.held(open_source(path, folder=True)) as fd:
        return descriptors.names(fd)
