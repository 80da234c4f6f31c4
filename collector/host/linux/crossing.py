"""Opens a folder below another one and stays in its mount: openat2(2) with RESOLVE_NO_XDEV, Linux 5.6.

A mount that appears after the table of mounts was read is in no list of what is never touched, and one that a program
answers (FUSE) holds whoever opens it for as long as that program likes. The kernel refuses it here before it is asked.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

from collector.host.linux import files

if TYPE_CHECKING:
    from collections.abc import Callable

assert sys.platform == "linux"

_OPENAT2: Final = 437
"""The same number on every architecture."""
_NO_XDEV: Final = 0x01
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_DIRECTORY | os.O_NOFOLLOW


class _How(ctypes.Structure):
    """struct open_how (linux/openat2.h)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


@cache
def _syscall() -> Callable[..., int]:
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return function


def open_folder(name: bytes, dir_fd: int) -> int:
    """Open a folder of an open one and return its descriptor; raises `OSError`, EXDEV for another mount's.

    Where the kernel does not know the call, or a filter forbids it, the folder is opened as any other.
    """
    for flags in (_FLAGS | os.O_NOATIME, _FLAGS):
        how = _How(flags, 0, _NO_XDEV)
        fd = _syscall()(_OPENAT2, dir_fd, name, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            files.COUNTERS.folders += 1
            files.COUNTERS.atime_moved += flags == _FLAGS
            return fd
        number = ctypes.get_errno()
        if number == errno.ENOSYS:
            return files.open_source(name, dir_fd=dir_fd, folder=True)
        if number != errno.EPERM:  # O_NOATIME is the owner's right
            raise OSError(number, os.strerror(number))
    return files.open_source(name, dir_fd=dir_fd, folder=True)
