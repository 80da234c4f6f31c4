"""Every TCP and UDP socket with the process that holds it: four calls in all, no process is opened.

GetExtendedTcpTable and GetExtendedUdpTable (iphlpapi.h) read the kernel's own tables. Windows has none of raw sockets
and none that a program may ask of local ones (AF_UNIX, since Windows 10): those are not told.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls
from collector.model import Gap, Outcome
from collector.winformats import sockettables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json, Row
    from collector.winformats.sockettables import Socket, Table

MAX_SOCKETS: Final = 200_000
"""Most sockets of one table: three times the ports that a machine has."""
ATTEMPTS: Final = 8
"""How often a table is asked for that grows meanwhile."""
_ROOM: Final = 1 << 14
_TOO_SMALL: Final = 122  # ERROR_INSUFFICIENT_BUFFER


def rows() -> Iterator[Row | Gap]:
    """Yield a row for each socket, then a gap for each table that can't, or not wholly, be had."""
    for table in sockettables.TABLES:
        try:
            raw = _asked(table)
        except OSError as error:
            yield calls.gap_of(error, "a table of the sockets can't be read")
            continue
        sockets, count = sockettables.rows_of(table, raw, MAX_SOCKETS)
        yield from (_row(socket) for socket in sockets)
        if count > len(sockets):
            yield Gap(Outcome.OVER_LIMIT, f"{count - len(sockets)} more sockets of a table were not kept")


def _asked(table: Table) -> bytes:
    """Return one table as it was at a moment; raises `OSError`."""
    function = getattr(calls.library("iphlpapi"), table.function)
    function.argtypes = [
        ctypes.c_void_p,
        ctypes.POINTER(wintypes.DWORD),
        wintypes.BOOL,
        wintypes.ULONG,
        ctypes.c_int,
        wintypes.ULONG,
    ]
    function.restype = wintypes.DWORD
    size = wintypes.DWORD(_ROOM)
    error = 0
    for _ in range(ATTEMPTS):
        room = min(size.value + _ROOM, MAX_SOCKETS * table.row)
        buffer = ctypes.create_string_buffer(room)
        size = wintypes.DWORD(room)
        error = function(buffer, ctypes.byref(size), False, table.family, table.kind, 0)  # noqa: FBT003 - not sorted
        if error != _TOO_SMALL:
            break
    if error:
        raise ctypes.WinError(error)
    return buffer.raw


def _row(socket: Socket) -> Row:
    pids: list[Json] = [socket.pid] if socket.pid else []  # 0: its process has let go of it, as in TIME_WAIT
    return {
        "family": socket.family,
        "type": socket.type,
        "laddr": socket.laddr,
        "raddr": socket.raddr,
        "status": socket.status,
        "pid": socket.pid or None,
        "pids": pids,
        "uid": None,
        "inode": None,
        "namespace": None,
    }
