"""The tables of interfaces, routes and neighbours that Windows fills, taken apart.

MIB_IF_TABLE2, MIB_IPFORWARD_TABLE2 and MIB_IPNET_TABLE2 (netioapi.h) are a count, four bytes of padding and the rows;
the offsets are those of 64-bit Windows. Names are UTF-16 up to their NUL, and not always valid: lone surrogates stay.
"""

from __future__ import annotations

import ipaddress
import struct
import uuid
from dataclasses import dataclass
from typing import Any, Final

HEAD_BYTES: Final = 8
"""The count, and what pads it to the alignment of a NET_LUID."""
IF_ROW_BYTES: Final = 1352
ROUTE_ROW_BYTES: Final = 104
NEIGHBOUR_ROW_BYTES: Final = 88

AF_INET: Final = 2
AF_INET6: Final = 23
FAMILIES: Final = {AF_INET: "inet", AF_INET6: "inet6"}
"""As Windows numbers them (ws2def.h)."""

_COUNT: Final = struct.Struct("<I")
_INTERFACE: Final = struct.Struct("<QI16s514s514sI32s32s7IB3x3I")
"""MIB_IF_ROW2 up to MediaConnectState; the network's GUID, speeds and counters follow."""
_SOCKADDR_BYTES: Final = 28  # sizeof(SOCKADDR_INET) (ws2ipdef.h)
_ROUTE: Final = struct.Struct("<QI28sB3x28s4xIIIIB3xII")
"""MIB_IPFORWARD_ROW2."""
_NEIGHBOUR: Final = struct.Struct("<28sIQ32sIIB3xI")
"""MIB_IPNET_ROW2."""

WIDEST: Final = {AF_INET: 7, AF_INET6: 6}
"""A route this wide or wider leads outside like a default: VPN clients cover the default with halves (0.0.0.0/1,
128.0.0.0/1) or quarters without replacing it, and no network of one's own is wider than 10.0.0.0/8 or fc00::/7."""
_HOST_BITS: Final = {AF_INET: 32, AF_INET6: 128}


@dataclass(frozen=True, slots=True)
class Interface:
    """One row of MIB_IF_TABLE2; the names of the numbers are those of the SDK."""

    luid: int
    index: int
    guid: bytes
    alias: str
    description: str
    mac: bytes
    permanent_mac: bytes
    type: int
    tunnel: int
    medium: int
    physical_medium: int
    hardware: bool
    filter: bool
    oper: int
    admin: int
    media: int

    @property
    def name(self) -> str:
        """Its GUID in braces and small letters: what the registry and other tables call it."""
        return guid_text(self.guid)


@dataclass(frozen=True, slots=True)
class Route:
    """One row of MIB_IPFORWARD_TABLE2; no `gateway`: the destination is on the link."""

    index: int
    family: int
    destination: ipaddress.IPv4Address | ipaddress.IPv6Address
    length: int
    gateway: str | None
    metric: int
    protocol: int
    origin: int
    loopback: bool

    @property
    def prefix(self) -> str:
        """The destination with its length."""
        return f"{self.destination}/{self.length}"

    @property
    def kind(self) -> str:
        """What it leads to, in the words of the source `routes`."""
        if self.destination.is_multicast:
            return "multicast"
        if self.length == _HOST_BITS[self.family]:
            if self.family == AF_INET and self.destination == ipaddress.IPv4Address("255.255.255.255"):
                return "broadcast"
            if self.loopback:
                return "local"
        return "unicast"

    @property
    def is_default(self) -> bool:
        """Whether it leads outside: to everywhere, or to a large part of it."""
        return self.length <= WIDEST[self.family] and not self.destination.is_multicast


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row of MIB_IPNET_TABLE2."""

    index: int
    family: int
    address: str
    mac: bytes
    state: int
    router: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that are there, and how many the table says that it holds."""

    bodies: list[bytes]
    count: int


def bodies(raw: bytes, row: int, most: int) -> Rows:
    """Return the bytes of each whole row of a table, so many at most."""
    if len(raw) < HEAD_BYTES:
        return Rows([], 0)
    (count,) = _COUNT.unpack_from(raw)
    there = min(count, (len(raw) - HEAD_BYTES) // row, most)
    starts = range(HEAD_BYTES, HEAD_BYTES + there * row, row)
    return Rows([raw[start : start + row] for start in starts], count)


def interface(body: bytes) -> Interface:
    """Return one interface; raises `ValueError` where the bytes are too few."""
    values = _unpacked(_INTERFACE, body)
    luid, index, guid, alias, description, mac_bytes, mac, permanent = values[:8]
    _, kind, tunnel, medium, physical_medium, _, _ = values[8:15]
    flags, oper, admin, media = values[15:]
    return Interface(
        luid,
        index,
        guid,
        wide(alias),
        wide(description),
        mac[:mac_bytes],
        permanent[:mac_bytes],
        kind,
        tunnel,
        medium,
        physical_medium,
        bool(flags & 0x01),
        bool(flags & 0x02),
        oper,
        admin,
        media,
    )


def route(body: bytes) -> Route:
    """Return one route; raises `ValueError` for bytes that are none."""
    _, index, raw, length, hop, _, _, metric, protocol, loopback, _, origin = _unpacked(_ROUTE, body)
    family, destination, _ = sockaddr(raw)
    if length > _HOST_BITS[family]:
        raise ValueError("a prefix is longer than an address")
    there, gateway, scope = sockaddr(hop)
    zone = f"%{scope}" if scope and there == AF_INET6 and gateway.is_link_local else ""
    shown = None if gateway.is_unspecified else f"{gateway}{zone}"
    return Route(index, family, destination, length, shown, metric, protocol, origin, bool(loopback))


def neighbour(body: bytes) -> Neighbour:
    """Return one neighbour; raises `ValueError` for bytes that are none."""
    raw, index, _, mac, length, state, flags, _ = _unpacked(_NEIGHBOUR, body)
    family, address, _ = sockaddr(raw)
    return Neighbour(index, family, str(address), mac[:length], state, bool(flags & 0x01))


def sockaddr(raw: bytes) -> tuple[int, ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    """Return family, address and scope of a SOCKADDR_INET; raises `ValueError` for another family."""
    family = int.from_bytes(raw[:2], "little")
    if family == AF_INET and len(raw) >= 8:  # noqa: PLR2004 - sizeof(SOCKADDR_IN) without what is never set
        return family, ipaddress.IPv4Address(raw[4:8]), 0
    if family == AF_INET6 and len(raw) >= _SOCKADDR_BYTES:
        return family, ipaddress.IPv6Address(raw[8:24]), int.from_bytes(raw[24:28], "little")
    raise ValueError("neither IPv4 nor IPv6")


def guid_text(raw: bytes) -> str:
    """Return a GUID as the registry writes it, in small letters."""
    return f"{{{uuid.UUID(bytes_le=raw)}}}"


def wide(raw: bytes) -> str:
    """Return a UTF-16 name up to its NUL; lone surrogates stay in it."""
    return raw[: len(raw) & ~1].decode("utf-16-le", "surrogatepass").partition("\0")[0]


def _unpacked(form: struct.Struct, body: bytes) -> tuple[Any, ...]:
    if len(body) < form.size:
        raise ValueError("a row is too short")
    return form.unpack_from(body)
