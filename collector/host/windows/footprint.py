"""What this process itself did to the host so far."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
import time
from ctypes import wintypes
from typing import TYPE_CHECKING, Final, cast

from collector.host.windows import accounts, calls, files, process
from collector.model import number
from collector.winformats import filetimes

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.model import Json, Row

_OURSELVES: Final = -1
"""GetCurrentProcess() is this constant."""
_TRACES: Final = (
    "the memory of the tool's process replaced free memory and what was cached of files",
    "files that were read are in the cache of the system now",
    "Windows notes started programs: Prefetch, Amcache, ShimCache, UserAssist and SRUM may name the tool",
    "the registry holds the USB stick that the tool came on: USBSTOR, MountedDevices, the log of setupapi",
    "the event logs may hold the start of the tool, and the privileges that it used",
    "an antivirus program may have looked at the tool and at what it read, and noted it",
)


_H, _D, _P, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.BOOL
_io_counters = calls.function("kernel32", "GetProcessIoCounters", _B, _H, _P)
_memory_counters = calls.function("kernel32", "K32GetProcessMemoryInfo", _B, _H, _P, _D)


class _Io(ctypes.Structure):
    """IO_COUNTERS (winnt.h)."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("reads", "writes", "others", "read", "written", "other"))


class _Memory(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS (psapi.h)."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("faults", wintypes.DWORD),
        ("peak", ctypes.c_size_t),
        ("rest", ctypes.c_size_t * 7),
    )


def row() -> Row:
    """Return the row; a figure that can't be read is `None` and named in `unread`."""
    unread: dict[str, Json] = {}

    def asked(ask: Callable[[], Json], *columns: str) -> Json:
        try:
            return ask()
        except OSError as error:
            unread.update(dict.fromkeys(columns, str(calls.outcome_of(error))))
            return None

    moved = asked(_moved, "bytes_read", "bytes_written")
    read, written = moved if isinstance(moved, list) else (None, None)
    traces: list[Json] = list(_TRACES)
    return {
        "pids": [os.getpid()],
        "executable": asked(lambda: cast("Json", accounts.native(process.path(_OURSELVES))), "executable"),
        "seconds": asked(_seconds, "seconds"),
        "cpu_seconds": asked(lambda: f"{process.cpu_seconds(_OURSELVES):.3f}", "cpu_seconds"),
        "peak_memory": asked(_peak, "peak_memory"),
        "bytes_read": read,
        "bytes_written": written,
        "files_opened": files.COUNTERS.files,
        "folders_opened": files.COUNTERS.folders,
        "atime_kept": files.COUNTERS.atime_moved == 0,
        "written_outside": [],
        "traces": traces,
        "unread": unread,
    }


def _seconds() -> Json:
    """Return the seconds since the start of the process, by the wall clock: Windows notes it by no other."""
    return f"{max(0, time.time_ns() - filetimes.utc_ns(process.created(_OURSELVES))) / 1e9:.3f}"


def _moved() -> Json:
    """Return the bytes read and written, through whatever."""
    counted = _Io()
    if not _io_counters(_OURSELVES, ctypes.byref(counted)):
        raise calls.last_error()
    if not counted.read:  # Wine counts nothing; whoever runs has read himself
        raise ctypes.WinError(50)
    return [number(counted.read), number(counted.written)]


def _peak() -> Json:
    memory = _Memory(ctypes.sizeof(_Memory))
    if not _memory_counters(_OURSELVES, ctypes.byref(memory), memory.size):
        raise calls.last_error()
    return number(memory.peak)
