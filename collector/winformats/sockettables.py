"""The tables of sockets that GetExtendedTcpTable and GetExtendedUdpTable fill, taken apart.

The rows are MIB_TCPROW_OWNER_PID, MIB_TCP6ROW_OWNER_PID (tcpmib.h), MIB_UDPROW_OWNER_PID and MIB_UDP6ROW_OWNER_PID
(udpmib.h). A port stands in network order in the first two bytes of its field; what the other two hold is undefined.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNT: Final = struct.Struct("<I")
"""dwNumEntries, with which each table begins."""

_TCP4: Final = struct.Struct("<I4s2s2x4s2s2xI")  # state, local, port, remote, port, pid
_TCP6: Final = struct.Struct("<16sI2s2x16sI2s2xII")  # local, scope, port, remote, scope, port, state, pid
_UDP4: Final = struct.Struct("<4s2s2xI")  # local, port, pid
_UDP6: Final = struct.Struct("<16sI2s2xI")  # local, scope, port, pid

STATES: Final = {
    1: "CLOSE",
    2: "LISTEN",
    3: "SYN_SENT",
    4: "SYN_RECV",
    5: "ESTABLISHED",
    6: "FIN_WAIT1",
    7: "FIN_WAIT2",
    8: "CLOSE_WAIT",
    9: "CLOSING",
    10: "LAST_ACK",
    11: "TIME_WAIT",
    12: "DELETE_TCB",
}
"""MIB_TCP_STATE (tcpmib.h), in the words of the other systems."""
_LISTEN: Final = 2


class Socket(NamedTuple):
    """One row; `pid` 0 is nobody's any more."""

    family: str
    type: str
    laddr: str
    raddr: str | None
    status: str | None
    pid: int


class Table(NamedTuple):
    """How one table is asked for and read; `family` is the number of AF_INET or AF_INET6 on Windows."""

    function: str
    family: int
    kind: int
    row: int
    parse: Callable[[bytes], Iterator[Socket]]


def _tcp4(raw: bytes) -> Iterator[Socket]:
    for state, local, port, remote, far, pid in _TCP4.iter_unpack(raw):
        there = None if state == _LISTEN else _end4(remote, far)
        yield Socket("inet", "stream", _end4(local, port), there, STATES.get(state, str(state)), pid)


def _tcp6(raw: bytes) -> Iterator[Socket]:
    for local, scope, port, remote, far_scope, far, state, pid in _TCP6.iter_unpack(raw):
        there = None if state == _LISTEN else _end6(remote, far_scope, far)
        yield Socket("inet6", "stream", _end6(local, scope, port), there, STATES.get(state, str(state)), pid)


def _udp4(raw: bytes) -> Iterator[Socket]:
    for local, port, pid in _UDP4.iter_unpack(raw):
        yield Socket("inet", "dgram", _end4(local, port), None, None, pid)


def _udp6(raw: bytes) -> Iterator[Socket]:
    for local, scope, port, pid in _UDP6.iter_unpack(raw):
        yield Socket("inet6", "dgram", _end6(local, scope, port), None, None, pid)


TABLES: Final = (
    Table("GetExtendedTcpTable", 2, 5, _TCP4.size, _tcp4),  # TCP_TABLE_OWNER_PID_ALL (iprtrmib.h)
    Table("GetExtendedTcpTable", 23, 5, _TCP6.size, _tcp6),
    Table("GetExtendedUdpTable", 2, 1, _UDP4.size, _udp4),  # UDP_TABLE_OWNER_PID
    Table("GetExtendedUdpTable", 23, 1, _UDP6.size, _udp6),
)


def rows_of(table: Table, raw: bytes, most: int) -> tuple[list[Socket], int]:
    """Return the sockets of a table, so many at most, and how many it says that it holds.

    Bytes behind the last row are not looked at; a row that is not wholly there is not made up.
    """
    if len(raw) < COUNT.size:
        return [], 0
    (count,) = COUNT.unpack_from(raw)
    there = min(count, (len(raw) - COUNT.size) // table.row, most)
    return list(table.parse(raw[COUNT.size : COUNT.size + there * table.row])), count


def _end4(raw: bytes, port: bytes) -> str:
    return f"{ipaddress.IPv4Address(raw)}:{int.from_bytes(port, 'big')}"


def _end6(raw: bytes, scope: int, port: bytes) -> str:
    """Return address and port; an address that means something on one link only names that link's index."""
    address = ipaddress.IPv6Address(raw)
    zone = f"%{scope}" if scope and address.is_link_local else ""
    return f"[{address}{zone}]:{int.from_bytes(port, 'big')}"
