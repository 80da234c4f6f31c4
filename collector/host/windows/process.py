"""One process, held open while it is read, so that its number stays its own."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import errno
import os
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls
from collector.winformats import filetimes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.winformats.processlist import Listed

LOOK: Final = 0x1000
"""PROCESS_QUERY_LIMITED_INFORMATION (winnt.h)."""
READ_MEMORY: Final = 0x0400 | 0x0010
"""PROCESS_QUERY_INFORMATION, PROCESS_VM_READ."""
DUPLICATE: Final = 0x0040
"""PROCESS_DUP_HANDLE."""

_MAX_PATH: Final = 32_768
_NO_PROGRAM: Final = (0, 4)
"""The idle process and System: the kernel itself."""
_KERNEL_NAMES: Final = frozenset(("registry", "memory compression", "secure system", "memcompression"))
"""Processes of the kernel that have no program, by their names; they are children of System."""
_LOCAL_DRIVES: Final = (2, 3, 5, 6)
"""Removable, fixed, CD and RAM disk (GetDriveTypeW); a network's is touched by nobody here."""


@contextmanager
def opened(listed: Listed, access: int = LOOK) -> Iterator[int]:
    """Hold a process open; raises `OSError`, ESRCH where its number is another process's now."""
    open_process = calls.library("kernel32").OpenProcess
    open_process.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    open_process.restype = wintypes.HANDLE
    handle = open_process(access, False, listed.pid)  # noqa: FBT003 - the third parameter of OpenProcess
    if not handle:
        error = calls.last_error()
        if error.winerror == 87:  # noqa: PLR2004 - ERROR_INVALID_PARAMETER: here, no such process
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        raise error
    with calls.closing(handle) as held:
        if created(held) != listed.created:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        yield held


def created(handle: int) -> int:
    """Return when a process started, as FILETIME; raises `OSError`."""
    ask = calls.library("kernel32").GetProcessTimes
    ask.argtypes = (wintypes.HANDLE, *([ctypes.POINTER(ctypes.c_uint64)] * 4))
    times = [ctypes.c_uint64() for _ in range(4)]
    if not ask(handle, *map(ctypes.byref, times)):
        raise calls.last_error()
    return times[0].value


def cpu_seconds(handle: int) -> float:
    """Return the processor time that a process has used; raises `OSError`."""
    ask = calls.library("kernel32").GetProcessTimes
    ask.argtypes = (wintypes.HANDLE, *([ctypes.POINTER(ctypes.c_uint64)] * 4))
    times = [ctypes.c_uint64() for _ in range(4)]
    if not ask(handle, *map(ctypes.byref, times)):
        raise calls.last_error()
    return (times[2].value + times[3].value) * filetimes.TICK_NS / 1e9


def path(handle: int) -> str:
    """Return the path of a process's program as Windows names it now; raises `OSError`."""
    ask = calls.library("kernel32").QueryFullProcessImageNameW
    ask.argtypes = (wintypes.HANDLE, wintypes.DWORD, wintypes.LPWSTR, ctypes.POINTER(wintypes.DWORD))
    buffer = ctypes.create_unicode_buffer(_MAX_PATH)
    length = wintypes.DWORD(_MAX_PATH)
    if not ask(handle, 0, buffer, ctypes.byref(length)):
        raise calls.last_error()
    return "".join(buffer[: length.value])


def name_of(listed: Listed) -> str:
    """Return the name that the kernel lists; the idle process has none."""
    return listed.name.decode("utf-16-le", "surrogatepass") or ("System Idle Process" if listed.pid == 0 else "")


def is_of_kernel(listed: Listed) -> bool:
    """Tell whether a process has no program, no arguments and no folder: the kernel runs in it."""
    return listed.pid in _NO_PROGRAM or (listed.ppid in _NO_PROGRAM and name_of(listed).lower() in _KERNEL_NAMES)


def is_local(name: str) -> bool:
    r"""Tell whether a path lies on a drive of this machine: `C:\…`, not `\\server\share` or a network drive."""
    plain = name.removeprefix("\\\\?\\")
    return plain[1:3] == ":\\" and _drive_type(plain[:3].upper()) in _LOCAL_DRIVES


@cache
def _drive_type(root: str) -> int:
    ask = calls.library("kernel32").GetDriveTypeW
    ask.argtypes = (wintypes.LPCWSTR,)
    return int(ask(root))


def is_gone(name: str) -> bool | None:
    """Tell whether no file of this name is there any more; `None` where it isn't known, or lies elsewhere."""
    if not is_local(name) or "\0" in name:
        return None
    try:
        os.lstat(long(name))
    except FileNotFoundError:
        return True
    except OSError:
        return None
    return False


def long(name: str) -> str:
    r"""Return a path in the form that Windows takes as it stands, at any length: `\\?\C:\…`."""
    return name if name.startswith("\\\\") else f"\\\\?\\{name}"
