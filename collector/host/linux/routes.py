"""Routes of all tables and neighbours of both families, as the kernel's routing socket gives them."""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple, cast

from collector import text
from collector.host.linux import files, netlink
from collector.model import Gap, Outcome, number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from collector.model import Json, Row

FAMILIES: dict[int, str] = {socket.AF_INET: "inet", socket.AF_INET6: "inet6"}

_ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
_HOP = struct.Struct("=HBBI")  # rtnexthop: length, flags, hops, interface
_NEIGHBOUR = struct.Struct("=BBHiHBB")  # ndmsg: family, padding, padding, interface, state, flags, type

_IFNAME = 3
_DESTINATION, _OUT, _GATEWAY, _PRIORITY, _PREFERRED, _MULTIPATH, _TABLE, _VIA = 1, 4, 5, 6, 7, 9, 15, 18
_NEIGHBOUR_ADDRESS, _NEIGHBOUR_MAC = 1, 2

_CLONED = 0x200
_ROUTER = 0x80
_UNICAST = 1
_PROTOCOLS = {2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp"}
_SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
_TYPES = {
    1: "unicast",
    2: "local",
    3: "broadcast",
    4: "anycast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
    9: "throw",
    10: "nat",
}
_STATES = {
    0x00: "none",
    0x01: "incomplete",
    0x02: "reachable",
    0x04: "stale",
    0x08: "delay",
    0x10: "probe",
    0x20: "failed",
    0x40: "noarp",
    0x80: "permanent",
}

_WIDEST: dict[int, int] = {socket.AF_INET: 7, socket.AF_INET6: 6}
"""A route this wide or wider leads outside like a default: VPN clients cover the default with halves (0.0.0.0/1,
128.0.0.0/1) or quarters without replacing it, 2000::/3 is all public IPv6, and no network of one's own is wider than
10.0.0.0/8 or fc00::/7."""
_MULTICAST = "224.0.0.0/"
"""The one wide route that leads to nobody outside (RFC 5771)."""


class Route(NamedTuple):
    """One next hop of a route: its row, the index of its link, and whether it leads outside."""

    row: Row
    link: int | None
    is_default: bool


def routes() -> Iterator[Row | Gap]:
    """Yield a row for each next hop of each route; routes that the kernel only caches have type `cached`."""
    for entry in entries():
        yield entry.row if isinstance(entry, Route) else entry


def entries(kernel: socket.socket | None = None) -> Iterator[Route | Gap]:
    """Yield each next hop of each route of all tables, then a gap for what could not be had.

    Those of our own namespace, or of that in which `kernel` was made.
    """
    names = yield from _link_names(kernel)
    nameless = 0
    for family in FAMILIES:
        for body in _table(netlink.GET_ROUTE, family, "the routes can't be read", kernel):
            if isinstance(body, Gap):
                yield body
                continue
            try:
                hops = parse_route(body, names)
            except OSError as error:
                yield files.gap_of(error, "a route can't be read")
                continue
            nameless += sum(hop.link not in names for hop in hops if hop.link is not None)
            yield from hops
    if nameless:
        yield Gap(Outcome.ABSENT, f"{nameless} routes name an interface that was not listed")


def neighbours() -> Iterator[Row | Gap]:
    """Yield a row for each ARP or ND entry, the kernel's own (`noarp`) included."""
    names = yield from _link_names()
    nameless = 0
    for family in FAMILIES:
        for body in _table(netlink.GET_NEIGHBOUR, family, "the neighbours can't be read"):
            if isinstance(body, Gap):
                yield body
                continue
            try:
                row, index = parse_neighbour(body, names)
            except OSError as error:
                yield files.gap_of(error, "a neighbour can't be read")
                continue
            nameless += index not in names
            yield row
    if nameless:
        yield Gap(Outcome.ABSENT, f"{nameless} neighbours name an interface that was not listed")


def parse_route(body: bytes, names: dict[int, bytes]) -> list[Route]:
    """Return one route as a list of next hops, at least one; raises `OSError` for malformed bytes."""
    family, length, _, _, table, protocol, scope, kind, flags = netlink.unpack(_ROUTE, body)
    found = netlink.attributes(body, _ROUTE.size)
    any_address = bytes(4 if family == socket.AF_INET else 16)
    destination = netlink.address(family, found.get(_DESTINATION, any_address))
    if _TABLE in found:
        table = netlink.integer(found[_TABLE])
    cached = bool(flags & _CLONED)
    common: Row = {
        "family": _family(family),
        "destination": f"{destination}/{length}",
        "gateway": None,
        "interface": None,
        "source": netlink.address(family, found[_PREFERRED]) if _PREFERRED in found else None,
        "metric": number(netlink.integer(found.get(_PRIORITY, b""))),
        "table": table,
        "protocol": _PROTOCOLS.get(protocol, str(protocol)),
        "scope": _SCOPES.get(scope, str(scope)),
        "type": "cached" if cached else _TYPES.get(kind, str(kind)),
    }
    wide = length <= _WIDEST[family] and common["destination"] != f"{_MULTICAST}{length}"
    is_default = kind == _UNICAST and not cached and wide
    hops = [found] if _MULTIPATH not in found else _hops(found[_MULTIPATH])
    out = []
    for hop in hops:
        index = netlink.integer(hop[_OUT]) if _OUT in hop else None
        row = common | {"gateway": _gateway(family, hop), "interface": _name(names, index)}
        out.append(Route(row, index, is_default))
    return out


def parse_neighbour(body: bytes, names: dict[int, bytes]) -> tuple[Row, int]:
    """Return the row of one neighbour and the index of its link; raises `OSError` for malformed bytes."""
    family, _, _, index, state, flags, _ = netlink.unpack(_NEIGHBOUR, body)
    found = netlink.attributes(body, _NEIGHBOUR.size)
    row: Row = {
        "family": _family(family),
        "address": netlink.address(family, found[_NEIGHBOUR_ADDRESS]) if _NEIGHBOUR_ADDRESS in found else None,
        "mac": netlink.mac(found.get(_NEIGHBOUR_MAC, b"")),
        "interface": _name(names, index),
        "state": _STATES.get(state, str(state)),
        "router": bool(flags & _ROUTER),
    }
    return row, index


def _table(kind: int, family: int, what: str, kernel: socket.socket | None = None) -> Iterator[bytes | Gap]:
    """Yield the entries of one family, then a gap for what is missing."""
    try:
        answer = netlink.dump(kind, family, kernel)
        # A kernel without IPv6 answers with every family it has.
        yield from (body for body in answer.entries() if body[:1] == bytes([family]))
    except OSError as error:
        yield files.gap_of(error, what)
        return
    if answer.cut:
        yield Gap(Outcome.OVER_LIMIT, f"only the first {netlink.MAX_MESSAGES} entries of {FAMILIES[family]} were kept")
    elif answer.interrupted:
        yield Gap(Outcome.FAILED, "the table changed each time it was read: entries may be missing or stand twice")


def _link_names(kernel: socket.socket | None = None) -> Generator[Gap, None, dict[int, bytes]]:
    """Yield a gap where the names of the links can't be had; return them by index."""
    names: dict[int, bytes] = {}
    try:
        for body in netlink.dump(netlink.GET_LINK, kernel=kernel).entries():
            found = netlink.attributes(body, 16)
            names[netlink.integer(body[4:8])] = netlink.string(found.get(_IFNAME, b""))
    except OSError as error:
        yield files.gap_of(error, "the names of the interfaces can't be read")
    return names


def _family(family: int) -> str:
    """Return the name of a family; raises `OSError` (EBADMSG) for one that was not asked for."""
    if family not in FAMILIES:
        raise netlink.malformed()
    return FAMILIES[family]


def _hops(raw: bytes) -> list[dict[int, bytes]]:
    """Return the attributes of each next hop of a multipath route."""
    out = []
    at = 0
    while at < len(raw):
        length, _, _, index = netlink.unpack(_HOP, raw, at)
        if length < _HOP.size or at + length > len(raw):
            raise netlink.malformed()
        found = netlink.attributes(raw[at : at + length], _HOP.size)
        out.append(found | {_OUT: index.to_bytes(4, sys.byteorder)})
        at += (length + 3) & ~3
    return out


def _gateway(family: int, hop: dict[int, bytes]) -> str | None:
    """Return the next hop; it may be of the other family (RTA_VIA)."""
    if _GATEWAY in hop:
        return netlink.address(family, hop[_GATEWAY])
    if _VIA in hop:
        return netlink.address(netlink.integer(hop[_VIA][:2]), hop[_VIA][2:])
    return None


def _name(names: dict[int, bytes], index: int | None) -> Json:
    name = names.get(index) if index is not None else None
    return None if name is None else cast("Json", text.from_bytes(name))
