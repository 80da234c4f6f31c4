"""What the kernel tells of links, addresses, routes and neighbours: the dumps of sysctl(3), CTL_NET PF_ROUTE.

Structures: xnu, bsd/net/route.h (`rt_msghdr`), bsd/net/if.h (`if_msghdr2`, `ifa_msghdr`), bsd/net/if_dl.h
(`sockaddr_dl`); the same on Intel and Apple silicon, little-endian. A message of another version, or one that is torn,
ends what is read: `ValueError`.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = 5
"""RTM_VERSION."""
GET, NEW_ADDRESS, LINK_INFO = 0x4, 0xC, 0x12
"""RTM_GET, RTM_NEWADDR, RTM_IFINFO2: what the dumps of routes and of links consist of."""
INET, LINK, INET6 = 2, 18, 30
"""AF_INET, AF_LINK, AF_INET6 (bsd/sys/socket.h)."""

UP, LOOPBACK, RUNNING = 0x1, 0x8, 0x40
"""IFF_UP, IFF_LOOPBACK, IFF_RUNNING."""

GATEWAY, HOST, REJECT, DYNAMIC, LINK_ENTRY, STATIC, BLACKHOLE = 0x2, 0x4, 0x8, 0x10, 0x400, 0x800, 0x1000
CLONED, LOCAL, BROADCAST, MULTICAST, SCOPED, ROUTER = 0x20000, 0x200000, 0x400000, 0x800000, 0x1000000, 0x10000000
"""RTF_GATEWAY, _HOST, _REJECT, _DYNAMIC, _LLINFO, _STATIC, _BLACKHOLE, _WASCLONED, _LOCAL, _BROADCAST, _MULTICAST,
_IFSCOPE, _ROUTER."""

_HEAD: Final = struct.Struct("<HBB")
_ROUTE: Final = struct.Struct("<HBBH2xiiiiiiI14I")
"""rt_msghdr with rt_metrics, 92 bytes."""
_EXPIRE_AT: Final = 11 + 3
"""rmx_expire among the unpacked fields."""
_LINK: Final = struct.Struct("<HBBiiH2x16xBBBBBBBxIIQQ8xQ64xIIII")
"""if_msghdr2 with if_data64, 160 bytes."""
_PACKETS_AT: Final = slice(16, 18)
"""ifi_ipackets and ifi_opackets among the unpacked fields."""
_ADDRESS: Final = struct.Struct("<HBBiiH2xi")
"""ifa_msghdr, 20 bytes."""
_SOCKADDRS: Final = ("destination", "gateway", "mask", "genmask", "link", "address", "author", "broadcast")
"""The order of RTAX_DST to RTAX_BRD."""
_DL_DATA: Final = 8
_WIDTHS: Final = {INET: (4, 4), INET6: (8, 16)}
"""Where the address stands in sockaddr_in and sockaddr_in6, and its length."""
_EMBEDS_SCOPE: Final = tuple(map(ipaddress.ip_network, ("fe80::/10", "ff01::/16", "ff02::/16")))


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of NET_RT_IFLIST2: `kind` is its IFT_ number; addresses carry their prefix length.

    `packets` are those that it ever received and sent.
    """

    index: int
    name: bytes
    flags: int
    kind: int
    mac: bytes
    addresses: tuple[str, ...]
    packets: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """One route of NET_RT_DUMP or NET_RT_FLAGS; `mac` is the gateway where that is a link-level address."""

    family: int
    flags: int
    index: int
    destination: str
    prefix: int
    gateway: str | None
    mac: bytes | None
    source: str | None
    expire: int


def messages(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of each message; raises `ValueError` at one that can't be read."""
    at = 0
    while at < len(raw):
        if len(raw) - at < _HEAD.size:
            raise ValueError("a torn message")
        length, version, kind = _HEAD.unpack_from(raw, at)
        if version != VERSION or length < _HEAD.size or at + length > len(raw):
            raise ValueError("a message of another version, or a torn one")
        yield kind, raw[at : at + length]
        at += length


def sockaddrs(raw: bytes, mask: int) -> dict[str, bytes]:
    """Return the addresses behind a message's head by their names; each is padded to four bytes (ROUNDUP32)."""
    found: dict[str, bytes] = {}
    at = 0
    for bit, name in enumerate(_SOCKADDRS):
        if not mask & 1 << bit or at >= len(raw):
            continue
        length = raw[at]
        found[name] = raw[at : at + length]
        at += 1 + ((length - 1) | 3) if length else 4
    return found


def interfaces(raw: bytes) -> list[Interface]:
    """Return the interfaces of a dump NET_RT_IFLIST2 with their addresses, in its order; raises `ValueError`."""
    found: dict[int, Interface] = {}
    addresses: dict[int, list[str]] = {}
    for type_, message in messages(raw):
        if type_ == LINK_INFO and len(message) >= _LINK.size:
            fields = _LINK.unpack_from(message)
            present, flags, index, kind = fields[3:7]
            name, mac = link_address(sockaddrs(message[_LINK.size :], present).get("link", b""))
            found[index] = Interface(index, name, flags & 0xFFFF_FFFF, kind, mac, (), sum(fields[_PACKETS_AT]))
        elif type_ == NEW_ADDRESS and len(message) >= _ADDRESS.size:
            _, _, _, present, _, index, _ = _ADDRESS.unpack_from(message)
            given = sockaddrs(message[_ADDRESS.size :], present)
            address = given.get("address", b"")
            family = address[1] if len(address) > 1 else 0
            if family in _WIDTHS:
                text = ip_address(address, family)
                addresses.setdefault(index, []).append(f"{text}/{prefix(given.get('mask', b''), family)}")
    return [replace(one, addresses=tuple(addresses.get(one.index, ()))) for one in found.values()]


def routes(raw: bytes) -> list[Route]:
    """Return the routes of a dump in its order, IPv4 and IPv6 only; raises `ValueError`."""
    found = []
    for type_, message in messages(raw):
        if type_ != GET or len(message) < _ROUTE.size:
            continue
        fields = _ROUTE.unpack_from(message)
        index, flags, present = fields[3], fields[4] & 0xFFFF_FFFF, fields[5]
        given = sockaddrs(message[_ROUTE.size :], present)
        destination = given.get("destination", b"")
        family = destination[1] if len(destination) > 1 else 0
        if family not in _WIDTHS:
            continue
        gateway, source = given.get("gateway", b""), given.get("address", b"")
        whole = _WIDTHS[family][1] * 8
        bits = whole if flags & HOST or "mask" not in given else prefix(given["mask"], family)
        found.append(
            Route(
                family,
                flags,
                index,
                ip_address(destination, family),
                bits,
                ip_address(gateway, gateway[1]) if len(gateway) > 1 and gateway[1] in _WIDTHS else None,
                link_address(gateway)[1] if len(gateway) > 1 and gateway[1] == LINK else None,
                ip_address(source, source[1]) if len(source) > 1 and source[1] in _WIDTHS else None,
                fields[_EXPIRE_AT],
            )
        )
    return found


def link_address(raw: bytes) -> tuple[bytes, bytes]:
    """Return name and hardware address of a sockaddr_dl; empty where it has none."""
    if len(raw) < _DL_DATA:
        return b"", b""
    name_length, address_length = raw[5], raw[6]
    start = _DL_DATA + name_length
    return raw[_DL_DATA:start], raw[start : start + address_length]


def ip_address(raw: bytes, family: int) -> str:
    """Return the address of a sockaddr; one that was cut at its end goes on with zeros, as the kernel means it.

    The kernel writes the index of the interface into a link-local address (KAME); it is taken out again.
    """
    start, width = _WIDTHS[family]
    packed = raw[start : start + width].ljust(width, b"\0")
    if family == INET:
        return str(ipaddress.IPv4Address(packed))
    address = ipaddress.IPv6Address(packed)
    if any(address in network for network in _EMBEDS_SCOPE):
        address = ipaddress.IPv6Address(packed[:2] + b"\0\0" + packed[4:])
    return str(address)


def prefix(mask: bytes, family: int) -> int:
    """Return the length of a prefix; a mask is cut behind its last byte that is not zero."""
    start, width = _WIDTHS[family]
    return sum(byte.bit_count() for byte in mask[start : start + width])
