"""Who does what to files in some folders, as the kernel names it: fanotify, for notices only, never for permission.

Needs root. Notices carry no open file (FAN_REPORT_FID), so that nothing is opened and nothing waits for us
(fanotify(7), fanotify_init(2), fanotify_mark(2)).
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from collector.host.linux import files

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_FOLDERS: Final = 32
MOST_EVENTS: Final = 4_096

_CLOEXEC_NONBLOCK_FID: Final = 0x001 | 0x002 | 0x200
_MARK_ADD_ONLYDIR: Final = 0x001 | 0x008
_MODIFY_CLOSE_MOVE_CREATE_DELETE: Final = 0x002 | 0x008 | 0x040 | 0x080 | 0x100 | 0x200
_EVENT_ON_CHILD: Final = 0x0800_0000
_METADATA: Final = struct.Struct("=IBBHQii")  # event_len, vers, reserved, metadata_len, mask, fd, pid
_VERSION: Final = 3


def pids(folders: Sequence[bytes], seconds: float) -> Counter[int]:
    """Return how many file events each process made in some folders while we looked; raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    group: int = libc.fanotify_init(ctypes.c_uint(_CLOEXEC_NONBLOCK_FID), ctypes.c_uint(0))
    if group < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    try:
        marked = sum(_mark(libc, group, folder) for folder in folders[:MOST_FOLDERS])
        if not marked:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return _read(group, time.monotonic() + seconds)
    finally:
        os.close(group)


def _mark(libc: ctypes.CDLL, group: int, folder: bytes) -> bool:
    """Ask for the events of the files in one folder, which must stand there under this very path."""
    with suppress(OSError):
        fd = files.open_source(folder, folder=True)
        try:
            if os.readlink(b"/proc/self/fd/%d" % fd) != folder:
                return False
            mask = ctypes.c_uint64(_MODIFY_CLOSE_MOVE_CREATE_DELETE | _EVENT_ON_CHILD)
            return bool(libc.fanotify_mark(group, ctypes.c_uint(_MARK_ADD_ONLYDIR), mask, fd, None) == 0)
        finally:
            os.close(fd)
    return False


def _read(group: int, deadline: float) -> Counter[int]:
    found: Counter[int] = Counter()
    while found.total() < MOST_EVENTS and (left := deadline - time.monotonic()) > 0:
        if select.select([group], [], [], left)[0]:
            found.update(_parsed(os.read(group, 1 << 16)))
    return found


def _parsed(data: bytes) -> list[int]:
    """Return the process of each notice in a buffer of the kernel; 0 where it is of another namespace."""
    found, at = [], 0
    while at + _METADATA.size <= len(data):
        length, version, _, _, _, fd, pid = _METADATA.unpack_from(data, at)
        if length < _METADATA.size or version != _VERSION:
            break
        if fd >= 0:  # never with FAN_REPORT_FID
            os.close(fd)
        if pid > 0:
            found.append(pid)
        at += length
    return found
