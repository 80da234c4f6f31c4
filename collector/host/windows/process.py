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
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls, files, volumes
from collector.model import Outcome
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

_KEEPER: Final = "lsass.exe"
_MAX_PATH: Final = 32_768
_NO_PROGRAM: Final = (0, 4)
"""The idle process and System: the kernel itself."""
_KERNEL_NAMES: Final = frozenset(("registry", "memory compression", "secure system", "memcompression"))
"""Processes of the kernel that have no program, by their names; they are children of System."""


_H, _D, _P = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p
_open_process = calls.function("kernel32", "OpenProcess", _H, _D, wintypes.BOOL, _D)
_process_times = calls.function("kernel32", "GetProcessTimes", wintypes.BOOL, _H, _P, _P, _P, _P)
_image_name = calls.function("kernel32", "QueryFullProcessImageNameW", wintypes.BOOL, _H, _D, _P, _P)


@contextmanager
def opened(listed: Listed, access: int = LOOK) -> Iterator[int]:
    """Hold a process open; raises `OSError`, ESRCH where its number is another process's now."""
    handle = _open_process(access, 0, listed.pid)
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
    return _times(handle)[0]


def cpu_seconds(handle: int) -> float:
    """Return the processor time that a process has used; raises `OSError`."""
    _, _, kernel, user = _times(handle)
    return (kernel + user) * filetimes.TICK_NS / 1e9


def _times(handle: int) -> tuple[int, ...]:
    """Return start and end, and the time in the kernel and out of it."""
    times = (ctypes.c_uint64 * 4)()
    at = ctypes.addressof(times)
    if not _process_times(handle, at, at + 8, at + 16, at + 24):
        raise calls.last_error()
    return tuple(times)


def path(handle: int) -> str:
    """Return the path of a process's program as Windows names it now; raises `OSError`."""
    buffer = ctypes.create_unicode_buffer(_MAX_PATH)
    length = wintypes.DWORD(_MAX_PATH)
    if not _image_name(handle, 0, buffer, ctypes.byref(length)):
        raise calls.last_error()
    return "".join(buffer[: length.value])


def name_of(listed: Listed) -> str:
    """Return the name that the kernel lists; the idle process has none."""
    return listed.name.decode("utf-16-le", "surrogatepass") or ("System Idle Process" if listed.pid == 0 else "")


def is_of_kernel(listed: Listed) -> bool:
    """Tell whether a process has no program, no arguments and no folder: the kernel runs in it."""
    return listed.pid in _NO_PROGRAM or (listed.ppid in _NO_PROGRAM and name_of(listed).lower() in _KERNEL_NAMES)


def is_guarded(listed: Listed) -> bool:
    """Tell whether a process is Windows' own keeper of passwords: asked for what its list tells, and no more.

    Who opens it to read its memory or to copy its handles does what thieves of passwords do: Defender blocks it and
    says so (attack surface reduction), other programs end whoever tries. One of its name elsewhere is like any other.
    """
    if name_of(listed).lower() != _KEEPER:
        return False
    try:
        with opened(listed) as held:
            return path(held).lower() == rf"{volumes.windows_folder()}\system32\{_KEEPER}".lower()
    except OSError:
        return True


def is_gone(name: str) -> bool | None:
    """Tell whether no file of this name is there any more; `None` where it isn't known, or lies elsewhere."""
    try:
        files.open_file(os.fsencode(name), look=True).close()
    except OSError as error:
        return True if files.outcome_of(error) is Outcome.ABSENT else None
    return False
