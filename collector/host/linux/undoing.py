"""The command lines that bring back what the kernel drops as a link is switched off.

That is its IPv6 addresses, every route over it, and the neighbours that were set by hand (net/ipv6/addrconf.c
`addrconf_ifdown`, net/ipv4/fib_frontend.c `fib_disable_ip`, net/core/neighbour.c `neigh_ifdown`); IPv4 addresses stay.
Left out is what comes back by itself: what the kernel makes with an address, and what a router or a DHCPv6 server
gives for a time. Lines of a POSIX shell, in ASCII; a comment stands where something can't be put into words.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from collector.host.linux import netlink, routes
from collector.text import to_bytes

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from collector.facts import Link
    from collector.model import Row

DAD_SECONDS = 3
"""Longest that the kernel takes, on a live link, to check that an IPv6 address is nobody else's: a delay of at most
1 s and one probe of 1 s (RFC 4862, section 5.4). Before that no route may have the address as its source."""

_ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg
_HOP = struct.Struct("=HBBI")  # rtnexthop: length, flags, weight less 1, interface
_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg
_NEIGHBOUR = struct.Struct("=BBHiHBB")  # ndmsg
_CACHE = struct.Struct("=II")  # ifa_cacheinfo starts with: preferred, valid
_ROUTE_CACHE = struct.Struct("=IIi")  # rta_cacheinfo starts with: references, last use, expiry

# linux/rtnetlink.h: RTPROT_REDIRECT, RTPROT_KERNEL, RTPROT_RA; RTNH_F_DEAD, RTNH_F_ONLINK; RTM_F_CLONED.
_BY_ITSELF = frozenset({1, 2, 9})
_DEAD, _ONLINK, _CLONED = 0x1, 0x4, 0x200
_SOURCE, _METRICS, _MULTIPATH, _REALMS, _ROUTE_CACHEINFO, _PREFERENCE = 2, 8, 9, 11, 12, 20
# Those, RTA_DST, _OIF, _GATEWAY, _PRIORITY, _PREFSRC, _TABLE and _VIA; RTA_PAD says nothing.
_IN_WORDS = frozenset({1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 15, 18, 20, 27})
_IN_HOP_WORDS = frozenset({4, 5, 11, 18})
_PREFERENCES = {1: "high", 3: "low"}
_HOST = 254  # RT_SCOPE_HOST
_TICKS = 100  # USER_HZ

_LOCK = 1
_LIMITS = {  # RTAX_…
    2: "mtu",
    3: "window",
    6: "ssthresh",
    7: "cwnd",
    8: "advmss",
    9: "reordering",
    10: "hoplimit",
    11: "initcwnd",
    14: "initrwnd",
    15: "quickack",
    17: "fastopen_no_cookie",
}
_CONGESTION = 16

# linux/if_addr.h: IFA_F_…, IFA_…, IFAPROT_KERNEL_RA and _LL.
_TEMPORARY, _PERMANENT, _STABLE_PRIVACY = 0x01, 0x80, 0x800
_ADDRESS_FLAGS = {0x02: "nodad", 0x10: "home", 0x100: "mngtmpaddr", 0x200: "noprefixroute", 0x400: "autojoin"}
_FAR, _LOCAL, _LIFETIMES, _FLAGS, _METRIC, _MADE_BY = 1, 2, 6, 8, 9, 11
_BY_KERNEL = frozenset({2, 3})
_FOREVER = 0xFFFFFFFF

_SET_BY_HAND, _ROUTER, _PROXY = 0x80, 0x80, 0x08  # NUD_PERMANENT, NTF_ROUTER, NTF_PROXY

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_PRINTABLE = frozenset(range(0x20, 0x7F))


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one namespace before anything is cut; `missing` says which can't, or not wholly, be read."""

    addresses: list[bytes] = field(default_factory=list)
    routes: list[bytes] = field(default_factory=list)
    neighbours: list[bytes] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class _Lost(NamedTuple):
    """One thing that a link loses: its line, what puts it in order, and whether it waits for an IPv6 address."""

    link: int
    line: str
    order: tuple[int, int]
    comments: tuple[str, ...] = ()
    waits: bool = False


class _Hop(NamedTuple):
    """One next hop: its row, its link, its flags (RTNH_F_…), weight and the attributes that are its own."""

    row: Row
    link: int | None
    flags: int
    weight: int
    own: dict[int, bytes]


def read(kernel: socket.socket | None) -> Tables:
    """Return the tables of our own namespace, or of that in which `kernel` was made; what can't be read is named."""
    tables = Tables()
    for found, kind, families, what in (
        (tables.addresses, netlink.GET_ADDRESS, [int(socket.AF_INET6)], "addresses"),
        (tables.routes, netlink.GET_ROUTE, list(routes.FAMILIES), "routes"),
        (tables.neighbours, netlink.GET_NEIGHBOUR, list(routes.FAMILIES), "neighbours"),
    ):
        for family in families:
            try:
                answer = netlink.dump(kind, family, kernel)
                found += [body for body in answer.entries() if body[:1] == bytes([family])]
            except OSError as error:
                tables.missing.append(f"the {what} of {routes.FAMILIES[family]} could not be read: {error.strerror}")
            else:
                if answer.cut or answer.interrupted:
                    tables.missing.append(f"the {what} of {routes.FAMILIES[family]} could not all be read")
    return tables


def lines(tables: Tables, cut: Sequence[Link], prefix: str) -> dict[int, tuple[str, ...]]:
    """Return for each link, by its index, what brings it back; `cut` is in the order of cutting.

    The lines are for the opposite order. `prefix` stands before each command.
    """
    names = {link.index: _quoted(to_bytes(link.name)) for link in cut}
    macs = {link.index: link.mac for link in cut}
    found = {index: [f"{prefix}ip link set dev {name} up"] for index, name in names.items()}
    lost: list[_Lost] = []
    unreadable = 0
    for body, read_one in (
        *((body, _address) for body in tables.addresses),
        *((body, _neighbour) for body in tables.neighbours),
        *((body, _route) for body in tables.routes),
    ):
        try:
            lost += read_one(body, names, macs)
        except OSError:
            unreadable += 1
    for one in sorted(lost, key=lambda one: one.order):  # stable: otherwise as the kernel told them
        if one.waits and f"sleep {DAD_SECONDS}" not in found[one.link]:
            found[one.link].append(f"sleep {DAD_SECONDS}")
        found[one.link] += [*one.comments, prefix + one.line]
    told = [*tables.missing, *([f"{unreadable} entries could not be read"] if unreadable else [])]
    if cut:
        found[cut[-1].index][:0] = [f"# {text}" for text in told]  # where the undoing begins
    return {index: tuple(texts) for index, texts in found.items()}


def _address(body: bytes, names: dict[int, str], macs: dict[int, str | None]) -> Iterator[_Lost]:
    """Yield an address that is lost, if it is; this and its neighbours raise `OSError` for malformed bytes."""
    _, length, flags, _, index = netlink.unpack(_ADDRESS, body)
    found = netlink.attributes(body, _ADDRESS.size)
    flags = netlink.integer(found.get(_FLAGS, bytes([flags])))
    far = netlink.address(socket.AF_INET6, found.get(_FAR, b""))
    local = netlink.address(socket.AF_INET6, found.get(_LOCAL, found.get(_FAR, b"")))
    preferred, valid = netlink.unpack(_CACHE, found.get(_LIFETIMES, b"\xff" * 8))
    made_by = netlink.integer(found.get(_MADE_BY, b""))
    # Temporary ones and those with an end come from a router or a server, and come again.
    lasts = flags & _PERMANENT and not flags & _TEMPORARY and valid == _FOREVER
    if index not in names or not lasts or made_by in _BY_KERNEL or _is_kernels(local, flags, macs[index]):
        return
    words = [f"ip -6 addr replace {local}{'' if far == local else f' peer {far}'}/{length} dev {names[index]}"]
    if _METRIC in found:
        words.append(f"metric {netlink.integer(found[_METRIC])}")
    if preferred != _FOREVER:
        words.append(f"valid_lft forever preferred_lft {preferred}")
    words += [word for flag, word in _ADDRESS_FLAGS.items() if flags & flag]
    yield _Lost(index, " ".join(words), (0, 0))


def _is_kernels(address: str, flags: int, mac: str | None) -> bool:
    """Tell whether the kernel makes this link-local address itself; before Linux 5.18 it does not say so."""
    own = ipaddress.IPv6Address(address)
    if not own.is_link_local:
        return False
    octets = bytes.fromhex(mac.replace(":", "")) if mac else b""
    eui64 = bytes([octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]) if len(octets) == 6 else b""  # noqa: PLR2004 - a MAC
    return bool(flags & _STABLE_PRIVACY) or own.packed[8:] == eui64


def _neighbour(body: bytes, names: dict[int, str], _macs: dict[int, str | None]) -> Iterator[_Lost]:
    row, index = routes.parse_neighbour(body, {})
    _, _, _, _, state, flags, _ = netlink.unpack(_NEIGHBOUR, body)
    if index in names and state == _SET_BY_HAND and row["address"] and row["mac"] and not flags & _PROXY:
        line = f"ip neigh replace {row['address']} lladdr {row['mac']} dev {names[index]} nud permanent"
        yield _Lost(index, line + (" router" if flags & _ROUTER else ""), (1, 0))


def _route(body: bytes, names: dict[int, str], _macs: dict[int, str | None]) -> Iterator[_Lost]:
    """Yield a route that is lost, if it is.

    One of several next hops lives as long as one of them does, and is brought back whole once the last of its
    links is up: the one that was cut first.
    """
    family, length, _, _, _, protocol, scope, _, flags = netlink.unpack(_ROUTE, body)
    found = netlink.attributes(body, _ROUTE.size)
    hops = _hops(body, found, flags)
    ours = [hop for hop in hops if hop.link in names]
    stays = any(hop.link not in names and not hop.flags & _DEAD for hop in hops)
    stays |= family == socket.AF_INET and scope == _HOST  # such a route ends with the link itself (fib_sync_down_dev)
    if protocol in _BY_ITSELF or flags & _CLONED or not ours or stays:
        return
    comments = []
    if len(ours) < len(hops):
        comments.append("# of the next route, a next hop over a link that was off already is left out")
    if set(found) - _IN_WORDS or any(set(hop.own) - _IN_HOP_WORDS for hop in ours if len(hops) > 1):
        comments.append("# the next route had more to it than these words say (an encapsulation, a next hop object)")
    owner = next(index for index in names if any(hop.link == index for hop in ours))
    # Nearer ones first: a gateway must be within reach when it is named.
    far = any(hop.row["gateway"] is not None for hop in ours)
    waits = family == socket.AF_INET6 and ours[0].row["source"] is not None
    yield _Lost(owner, _route_line(body, found, ours, names), (3 if far else 2, -length), tuple(comments), waits)


def _hops(body: bytes, found: dict[int, bytes], flags: int) -> list[_Hop]:
    parsed = routes.parse_route(body, {})
    if _MULTIPATH not in found:
        return [_Hop(parsed[0].row, parsed[0].link, flags & 0xFF, 1, found)]
    raw, at, out = found[_MULTIPATH], 0, []
    for one in parsed:
        length, hop_flags, weight, _ = netlink.unpack(_HOP, raw, at)
        out.append(_Hop(one.row, one.link, hop_flags, weight + 1, netlink.attributes(raw[at : at + length], _HOP.size)))
        at += (length + 3) & ~3
    return out


def _route_line(body: bytes, found: dict[int, bytes], hops: list[_Hop], names: dict[int, str]) -> str:
    family, _, source_length, tos, _, _, _, _, _ = netlink.unpack(_ROUTE, body)
    row = hops[0].row
    words = ["ip -6 route append" if family == socket.AF_INET6 else "ip route append"]
    if row["type"] != "unicast":
        words.append(str(row["type"]))
    words.append(str(row["destination"]))
    words += [f"from {netlink.address(family, found.get(_SOURCE, b''))}/{source_length}"] if source_length else []
    words += [f"tos {tos:#x}"] if tos else []
    if len(hops) == 1:
        words += _hop_words(hops[0], names)
    words.append(f"table {row['table']}")
    words += [f"metric {row['metric']}"] if row["metric"] else []
    words.append(f"proto {row['protocol']}")
    words += [f"scope {row['scope']}"] if family == socket.AF_INET else []
    words += [f"src {row['source']}"] if row["source"] is not None else []
    words += _limit_words(netlink.attributes(found.get(_METRICS, b"")))
    words += _ipv6_words(found) if family == socket.AF_INET6 else []
    if len(hops) > 1:
        for hop in hops:
            words += ["nexthop", *_hop_words(hop, names), f"weight {hop.weight}"]
    return " ".join(words)


def _ipv6_words(found: dict[int, bytes]) -> list[str]:
    words = []
    preference = netlink.integer(found.get(_PREFERENCE, b""))
    if preference in _PREFERENCES:
        words.append(f"pref {_PREFERENCES[preference]}")
    if _ROUTE_CACHEINFO in found:
        expires = netlink.unpack(_ROUTE_CACHE, found[_ROUTE_CACHEINFO])[2]
        words += [f"expires {max(1, expires // _TICKS)}"] if expires > 0 else []
    return words


def _hop_words(hop: _Hop, names: dict[int, str]) -> list[str]:
    words = []
    gateway = hop.row["gateway"]
    if gateway is not None:
        other = "inet6 " if ":" in str(gateway) and hop.row["family"] == "inet" else ""
        words.append(f"via {other}{gateway}")
    words.append(f"dev {names[hop.link or 0]}")
    if hop.flags & _ONLINK:
        words.append("onlink")
    if _REALMS in hop.own:
        realms = netlink.integer(hop.own[_REALMS])
        words.append(f"realms {realms >> 16}/{realms & 0xFFFF}")
    return words


def _limit_words(found: dict[int, bytes]) -> list[str]:
    locked = netlink.integer(found.get(_LOCK, b""))
    words = []
    for number, word in _LIMITS.items():
        if number in found:
            lock = "lock " if locked >> number & 1 else ""
            words.append(f"{word} {lock}{netlink.integer(found[number])}")
    if _CONGESTION in found:
        words.append(f"congctl {_quoted(netlink.string(found[_CONGESTION]))}")
    return words


def _quoted(name: bytes) -> str:
    """Return a name as one word of any POSIX shell, in ASCII; bytes that can't be printed as printf(1) makes them."""
    if name and _PLAIN.issuperset(name):
        return name.decode("ascii")
    if name and _PRINTABLE.issuperset(name):
        return "'" + name.decode("ascii").replace("'", "'\\''") + "'"
    return "\"$(printf '" + "".join(chr(byte) if byte in _PLAIN - {0x2D} else f"\\{byte:03o}" for byte in name) + "')\""
