"""How the IP helper library (iphlpapi) is asked: whole tables, copied at once; nothing is sent.

Each call is answered by the network store of the kernel, from memory.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from typing import Final

from collector.host.windows import calls
from collector.winformats import adapters, networktables

MAX_ROWS: Final = 50_000
"""Most rows of one table: a machine has some dozens, a router some thousand routes."""
ATTEMPTS: Final = 8
"""How often the list of adapters is asked for that grows meanwhile."""
_ROOM: Final = 1 << 15
_MOST_ROOM: Final = 1 << 26
_OVERFLOW: Final = 111  # ERROR_BUFFER_OVERFLOW
_NOTHING: Final = (232, 1168)  # ERROR_NO_DATA, ERROR_NOT_FOUND: there are none
_WITHOUT: Final = 0x2 | 0x4
"""GAA_FLAG_SKIP_ANYCAST | _SKIP_MULTICAST (iptypes.h); without _INCLUDE_ALL_INTERFACES: those that IP stands on."""


def table(function: str, row: int, family: int | None = None) -> networktables.Rows:
    """Return the rows of a table of netioapi.h, of one family where it is asked by family; raises `OSError`."""
    library = calls.library("iphlpapi")
    call = getattr(library, function)
    call.restype = wintypes.DWORD
    where = ctypes.c_void_p()
    family_of = [] if family is None else [ctypes.c_ushort(family)]
    error = call(*family_of, ctypes.byref(where))
    if error in _NOTHING:
        return networktables.Rows([], 0)
    if error or not where.value:
        raise ctypes.WinError(error or 13)  # ERROR_INVALID_DATA
    try:
        count = int.from_bytes(ctypes.string_at(where.value, 4), "little")
        raw = ctypes.string_at(where.value, networktables.HEAD_BYTES + min(count, MAX_ROWS) * row)
    finally:
        library.FreeMibTable.argtypes = [ctypes.c_void_p]
        library.FreeMibTable.restype = None
        library.FreeMibTable(where)
    return networktables.bodies(raw, row, MAX_ROWS)


def with_ip() -> list[adapters.Adapter]:
    """Return the interfaces that IP stands on; raises `OSError`, `ValueError`."""
    call = calls.library("iphlpapi").GetAdaptersAddresses
    call.argtypes = [wintypes.ULONG, wintypes.ULONG, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(wintypes.ULONG)]
    call.restype = wintypes.ULONG
    size = wintypes.ULONG(_ROOM)
    error = _OVERFLOW
    for _ in range(ATTEMPTS):
        room = size.value
        buffer = ctypes.create_string_buffer(room)
        error = call(0, _WITHOUT, None, buffer, ctypes.byref(size))  # AF_UNSPEC
        if error != _OVERFLOW or size.value > _MOST_ROOM:
            break
    if error in _NOTHING:
        return []
    if error:
        raise ctypes.WinError(error)
    return adapters.parse(buffer.raw, ctypes.addressof(buffer))
