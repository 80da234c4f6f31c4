"""All processes as the kernel lists them at one instant; no process is opened for it."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from typing import Final

from collector.host.windows import calls
from collector.winformats import processlist

PROCESS_INFORMATION: Final = 5
"""SystemProcessInformation (winternl.h)."""
MAX_LIST: Final = 256 << 20
"""Most bytes of a list of the kernel's: a busy server's is of some megabytes."""

_TOO_SMALL: Final = 0xC0000004
"""STATUS_INFO_LENGTH_MISMATCH (ntstatus.h)."""
_TRIES: Final = 24

_U, _P = ctypes.c_ulong, ctypes.c_void_p
_query = calls.function("ntdll", "NtQuerySystemInformation", _U, _U, _P, _U, _P)


def query(kind: int, first: int = 1 << 20) -> tuple[bytes, int]:
    """Return what NtQuerySystemInformation tells, and the address at which it lay; raises `OSError`."""
    size = first
    for _ in range(_TRIES):
        buffer = ctypes.create_string_buffer(size)
        length = ctypes.c_ulong()
        status = _query(kind, buffer, size, ctypes.byref(length))
        if status == 0:
            return buffer.raw[: min(length.value or size, size)], ctypes.addressof(buffer)
        if status != _TOO_SMALL or size >= MAX_LIST:
            break
        size = min(MAX_LIST, max(size * 2, length.value + (64 << 10)))
    raise calls.status_error(status)


def processes() -> list[processlist.Listed]:
    """Return all processes of now; raises `OSError`, or `ValueError` where the list makes no sense."""
    return list(processlist.parse(*query(PROCESS_INFORMATION)))
