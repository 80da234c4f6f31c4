"""The kernel's tables of sockets: read raw and at once, parsed later.

The tables and their columns: proc(5) and net/*/ of the kernel's source; `TABLES` lists them. They belong
to a network namespace, so each namespace that a process lives in is read through that process's folder.
"""

from __future__ import annotations

import re
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from collector import text
from collector.host.linux import files
from collector.model import Gap, Outcome

assert sys.platform == "linux"

MAX_NAMESPACES: Final = 64
"""Most network namespaces whose tables are read: a container host has tens."""
MAX_TABLE: Final = 32 << 20
"""Most bytes of one table: 200,000 TCP sockets."""
MAX_ALL_TABLES: Final = 64 << 20
"""Most bytes of all tables together, since they are held in memory until they are parsed."""

_TCP_STATES: Final = {
    b"01": "ESTABLISHED",
    b"02": "SYN_SENT",
    b"03": "SYN_RECV",
    b"04": "FIN_WAIT1",
    b"05": "FIN_WAIT2",
    b"06": "TIME_WAIT",
    b"07": "CLOSE",
    b"08": "CLOSE_WAIT",
    b"09": "LAST_ACK",
    b"0A": "LISTEN",
    b"0B": "CLOSING",
    b"0C": "SYN_RECV",
}
"""include/net/tcp_states.h; names as ss and netstat show them."""
_UNIX_STATES: Final = {b"01": "UNCONNECTED", b"02": "CONNECTING", b"03": "CONNECTED", b"04": "DISCONNECTING"}
_UNIX_ACCEPTS: Final = 1 << 16
"""__SO_ACCEPTCON in the flags: it listens."""
_TYPES: Final = {1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket", 10: "raw"}
"""SOCK_*; SOCK_PACKET (10) is the old way to a raw packet socket."""
_UNIX_LINE: Final = re.compile(
    rb"[0-9a-f]{8,16}: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{4}) ([0-9A-F]{2}) +(\d{1,20})(?: (.*))?",
    re.DOTALL,
)
_IPV4_DIGITS: Final = 8
_ADDRESSES_REMEMBERED: Final = 4096
_MOST_COUNTED: Final = 65_536


@dataclass(frozen=True, slots=True)
class Socket:
    """One line of a table; `inode` 0 is a socket that no process holds any more."""

    family: str
    type: str | None
    laddr: text.Text | None
    raddr: str | None
    status: str | None
    uid: int | None
    inode: int


Parser: TypeAlias = Callable[[bytes], Iterator[Socket]]


@lru_cache(_ADDRESSES_REMEMBERED)
def _address(digits: bytes) -> str:
    """Return an address from the kernel's spelling: 32-bit words in hexadecimal, in the machine's byte order."""
    words = bytes.fromhex(digits.decode("ascii"))
    raw = struct.pack(f"={len(words) // 4}I", *struct.unpack(f">{len(words) // 4}I", words))
    if len(digits) == _IPV4_DIGITS:
        return socket.inet_ntop(socket.AF_INET, raw)
    return f"[{socket.inet_ntop(socket.AF_INET6, raw)}]"


def _end(spelled: bytes) -> str | None:
    """Return `address:port`; `None` where both are zero, which means "not set"."""
    digits, _, port = spelled.partition(b":")
    number = int(port, 16)
    if not number and not digits.strip(b"0"):
        return None
    return f"{_address(digits)}:{number}"


def _inet(family: str, kind: str) -> Parser:
    """Return the parser of a table of tcp, udp, udplite, raw or icmp.

    A local end that is not set is `None`, too. Of a raw socket, the port is the protocol's number.
    """

    def parse(table: bytes) -> Iterator[Socket]:
        for line in table.split(b"\n")[1:]:
            fields = line.split(None, 10)
            if len(fields) < 10:  # noqa: PLR2004 - up to the inode
                continue
            state = _TCP_STATES.get(fields[3]) if kind == "stream" else None
            uid = None if state == "TIME_WAIT" else int(fields[7])  # the kernel writes 0 for it
            yield Socket(family, kind, _end(fields[1]), _end(fields[2]), state, uid, int(fields[9]))

    return parse


def _unix(table: bytes) -> Iterator[Socket]:
    """Parse the table of unix sockets; a path may hold anything, and its line feeds are written as they are.

    A line that isn't one goes on with the path before it. A path can be made to look like a
    line of its own (108 bytes suffice): such a row has a forged inode that no process holds.
    """
    lines = table.split(b"\n")
    entry = b""
    for line in [*lines[1:-1], None]:
        if line is not None and not _UNIX_LINE.fullmatch(line):
            entry += b"\n" + line
            continue
        if found := _UNIX_LINE.fullmatch(entry):
            flags, kind, state, inode, path = found.groups()
            status = "LISTEN" if int(flags, 16) & _UNIX_ACCEPTS else _UNIX_STATES.get(state)
            laddr = text.from_bytes(path) if path else None
            yield Socket("unix", _TYPES.get(int(kind, 16)), laddr, None, status, None, int(inode))
        entry = line or b""


def _packet(table: bytes) -> Iterator[Socket]:
    """Parse the table of packet sockets (sniffers, DHCP): laddr is `interface index:protocol in hexadecimal`."""
    for line in table.split(b"\n")[1:]:
        fields = line.split()
        if len(fields) >= 9:  # noqa: PLR2004 - up to the inode
            laddr = f"{int(fields[4])}:{int(fields[3], 16):04x}"
            yield Socket("packet", _TYPES.get(int(fields[2])), laddr, None, None, int(fields[7]), int(fields[8]))


def _netlink(table: bytes) -> Iterator[Socket]:
    """Parse the table of netlink sockets: laddr is `protocol:port id`, both decimal (netlink(7))."""
    for line in table.split(b"\n")[1:]:
        fields = line.split()
        if len(fields) >= 10:  # noqa: PLR2004 - up to the inode
            yield Socket("netlink", "raw", f"{int(fields[1])}:{int(fields[2])}", None, None, None, int(fields[9]))


TABLES: Final[dict[str, Parser]] = {
    "tcp": _inet("inet", "stream"),
    "tcp6": _inet("inet6", "stream"),
    "udp": _inet("inet", "dgram"),
    "udp6": _inet("inet6", "dgram"),
    "udplite": _inet("inet", "dgram"),
    "udplite6": _inet("inet6", "dgram"),
    "raw": _inet("inet", "raw"),
    "raw6": _inet("inet6", "raw"),
    "icmp": _inet("inet", "dgram"),
    "icmp6": _inet("inet6", "dgram"),
    "unix": _unix,
    "packet": _packet,
    "netlink": _netlink,
}
"""Files of /proc/net and the parser of each."""
_IPV6: Final = tuple(name for name in TABLES if name.endswith("6"))


@dataclass(slots=True)
class SocketTables:
    """The raw tables of every network namespace seen, in the order they were read."""

    raw: list[tuple[str | None, dict[str, bytes]]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    _namespaces: set[str] = field(default_factory=set)
    _left: int = MAX_ALL_TABLES
    _not_read: set[str] = field(default_factory=set)

    def read_own(self, net: str, namespace: str | None) -> None:
        """Read the tables of our own namespace from the folder `net`; what is absent is a gap."""
        absent = []
        tables: dict[str, bytes] = {}
        for name in TABLES:
            try:
                self._read(tables, name, f"{net}/{name}")
            except OSError as error:
                if files.outcome_of(error) is Outcome.ABSENT:
                    absent.append(name)
                else:
                    self.gaps.append(files.gap_of(error, f"the table of {name} sockets could not be read"))
        if set(_IPV6) <= set(absent):
            absent = [name for name in absent if name not in _IPV6]
            self.gaps.append(Gap(Outcome.ABSENT, "the kernel has no table of IPv6 sockets"))
        self.gaps += [Gap(Outcome.ABSENT, f"the kernel has no table of {name} sockets") for name in absent]
        self.raw.append((namespace, tables))
        if namespace is not None:
            self._namespaces.add(namespace)

    def read_other(self, namespace: str, dir_fd: int) -> None:
        """Read the tables of a process's namespace through its folder, once for each namespace."""
        if namespace in self._namespaces:
            return
        if len(self._namespaces) >= MAX_NAMESPACES:
            if len(self._not_read) < _MOST_COUNTED:
                self._not_read.add(namespace)
            return
        self._namespaces.add(namespace)
        tables: dict[str, bytes] = {}
        for name in TABLES:
            try:
                self._read(tables, name, f"net/{name}", dir_fd)
            except OSError as error:
                if files.outcome_of(error) is not Outcome.ABSENT:
                    what = f"the table of {name} sockets of another network namespace could not be read"
                    self.gaps.append(files.gap_of(error, what, namespace))
        if tables:
            self.raw.append((namespace, tables))
        else:  # the process ended meanwhile: the next one in this namespace is asked
            self._namespaces.discard(namespace)

    def _read(self, tables: dict[str, bytes], name: str, path: str, dir_fd: int | None = None) -> None:
        """Keep one table; raises `OSError`. One that is longer than the limits is cut, with a gap."""
        limit = min(MAX_TABLE, self._left)
        table, cut = files.read_kernel_start(path, dir_fd=dir_fd, limit=limit)
        if cut:
            table = table[: table.rfind(b"\n") + 1]
            self.gaps.append(Gap(Outcome.OVER_LIMIT, f"the table of {name} sockets was cut after {len(table)} bytes"))
        self._left -= len(table)
        tables[name] = table

    def sockets(self) -> Iterator[tuple[str | None, Socket]]:
        """Yield the namespace and the socket for each line of each table."""
        for namespace, tables in self.raw:
            for name, table in tables.items():
                for one in TABLES[name](table):
                    yield namespace, one

    def all_gaps(self) -> list[Gap]:
        """Return what could not be read, bounded: the namespaces beyond the limit are one gap."""
        if not self._not_read:
            return self.gaps
        reason = (
            f"sockets of {len(self._not_read)} more network namespaces were not read: the limit is {MAX_NAMESPACES}"
        )
        return [*self.gaps, Gap(Outcome.OVER_LIMIT, reason)]
