"""Programs that let somebody use this computer from elsewhere, found among the running ones by their names.

The names come from one list of all processes (CreateToolhelp32Snapshot, tlhelp32.h): no process is opened.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from collector import rules, text
from collector.errors import RuleError
from collector.facts import RemoteAccess, Unread
from collector.host.windows import calls
from collector.model import Gap, Outcome
from collector.winformats import networktables

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FOUND: Final = 50
"""Most programs told; somebody who starts more of them has made the point."""
MAX_PROCESSES: Final = 100_000
"""Most processes looked at."""
_PROCESSES: Final = 2  # TH32CS_SNAPPROCESS
_INVALID: Final = ctypes.c_void_p(-1).value  # INVALID_HANDLE_VALUE
_NO_MORE: Final = 18  # ERROR_NO_MORE_FILES


class _Entry(ctypes.Structure):
    """PROCESSENTRY32W; the name as bytes, for it need not be valid UTF-16."""

    _fields_ = (
        ("dwSize", wintypes.DWORD),
        ("cntUsage", wintypes.DWORD),
        ("th32ProcessID", wintypes.DWORD),
        ("th32DefaultHeapID", ctypes.c_size_t),
        ("th32ModuleID", wintypes.DWORD),
        ("cntThreads", wintypes.DWORD),
        ("th32ParentProcessID", wintypes.DWORD),
        ("pcPriClassBase", wintypes.LONG),
        ("dwFlags", wintypes.DWORD),
        ("szExeFile", ctypes.c_byte * 520),
    )


def running(unread: list[Unread]) -> tuple[RemoteAccess, ...]:
    """Return every running program of the table, by process number."""
    try:
        table = {name.lower(): product for name, product in rules.remote_access().items()}
        named = sorted(names())
    except RuleError as error:
        unread.append(Unread("remote", Gap(Outcome.FAILED, str(error))))
        return ()
    except OSError as error:
        unread.append(Unread("remote", calls.gap_of(error, "the processes can't be listed")))
        return ()
    found = []
    for pid, name in named:
        product = table.get(name.lower().removesuffix(".exe"))
        if product is not None:
            found.append(RemoteAccess(product, text.from_native(name), pid))
    return tuple(found[:MAX_FOUND])


def names() -> Iterator[tuple[int, str]]:
    """Yield number and name of each process, as it was at one moment; raises `OSError`."""
    kernel = calls.library("kernel32")
    kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    snapshot = kernel.CreateToolhelp32Snapshot(_PROCESSES, 0)
    if snapshot in (None, _INVALID):
        raise calls.last_error()
    with calls.closing(snapshot):
        entry = _Entry(ctypes.sizeof(_Entry))
        step = kernel.Process32FirstW
        for _ in range(MAX_PROCESSES):
            if not step(wintypes.HANDLE(snapshot), ctypes.byref(entry)):
                error = calls.last_error()
                if error.winerror != _NO_MORE:
                    raise error
                return
            yield entry.th32ProcessID, networktables.wide(bytes(entry.szExeFile))
            step = kernel.Process32NextW
