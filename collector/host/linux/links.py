"""The interfaces of one network namespace, as facts for `isolation.judge`.

Asked of the routing socket; what stands behind a link (device, driver, radio) is told by
`devices` and `radios`. What a link is: `_LINK_KINDS` for what the kernel names, else its
hardware type and its device. `networks` puts the namespaces of the machine together.
"""

from __future__ import annotations

import struct
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import text
from collector.facts import DefaultRoute, Link, Unread
from collector.host.linux import devices, files, netlink, routes
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from collector.host.linux import Roots
    from collector.host.linux.radios import Station

SAMPLES = 12
"""How often links are read while their states contradict each other (see `_unsettled`)."""

PAUSE = 0.12
"""Seconds between samples: the kernel derives operstate up to a second after carrier changes (1.02 s measured)."""

_LINK = struct.Struct("=BBHiII")  # ifinfomsg: family, padding, hardware type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, index
_UP = 0x1

_MAC, _NAME, _PEER, _MASTER, _OPERSTATE, _INFO, _CARRIER = 1, 3, 5, 10, 16, 18, 33
_PEER_NAMESPACE, _CARRIER_UPS, _PERMANENT_MAC, _PARENT_DEVICE, _PARENT_BUS = 37, 47, 54, 56, 57
_INFO_KIND, _INFO_DATA = 1, 2
_TUN_TYPE, _TUN_IS_TAP = 3, 2
_FAR_ADDRESS, _OWN_ADDRESS = 1, 2

_OPERSTATES = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")

# IFLA_INFO_KIND, all of them links without a device of their own.
_LINK_KINDS = {
    b"bridge": "bridge",
    b"openvswitch": "bridge",
    b"bond": "bond",
    b"team": "bond",
    b"vlan": "vlan",
    b"macvlan": "macvlan",
    b"macvtap": "macvlan",
    b"ipvlan": "macvlan",
    b"ipvtap": "macvlan",
    b"veth": "veth",
    b"netkit": "veth",
    b"dummy": "dummy",
    b"ifb": "ifb",
    b"wireguard": "vpn",
    b"ovpn": "vpn",
    b"xfrm": "vpn",
    b"vti": "vpn",
    b"vti6": "vpn",
    b"ppp": "tunnel",
    b"vxlan": "tunnel",
    b"geneve": "tunnel",
    b"gre": "tunnel",
    b"gretap": "tunnel",
    b"ip6gre": "tunnel",
    b"ip6gretap": "tunnel",
    b"erspan": "tunnel",
    b"ip6erspan": "tunnel",
    b"ipip": "tunnel",
    b"ip6tnl": "tunnel",
    b"sit": "tunnel",
    b"bareudp": "tunnel",
    b"gtp": "tunnel",
}
_CELLULAR_KINDS = frozenset({b"wwan", b"rmnet"})

# ARPHRD_…: what says more than the device does.
_LOOPBACK = 772
_HARDWARE_KINDS = {
    _LOOPBACK: "loopback",
    512: "tunnel",  # PPP
    519: "cellular",  # RAWIP
    768: "tunnel",
    769: "tunnel",
    776: "tunnel",  # SIT
    778: "tunnel",  # IPGRE
    801: "wifi",
    802: "wifi",
    803: "wifi",
    823: "tunnel",  # IP6GRE
}
_ETHERNET = 1


@dataclass(frozen=True, slots=True)
class RawLink:
    """What one RTM_NEWLINK says; `hardware` is its ARPHRD number, `kind` IFLA_INFO_KIND."""

    name: bytes
    index: int
    hardware: int
    admin_up: bool
    carrier: bool | None
    operstate: str | None
    mac: str | None
    kind: bytes
    is_tap: bool
    master: int | None
    peer: int | None
    peer_namespace: int | None
    permanent_mac: str | None
    carrier_ups: int | None
    device: bytes
    bus: bytes
    """Name and bus of the device behind it, since Linux 5.14."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The links of one namespace, its default routes, and the devices behind the links."""

    links: tuple[Link, ...]
    default_routes: tuple[DefaultRoute, ...]
    devices: tuple[bytes, ...]
    unread: tuple[Unread, ...]


def look(roots: Roots, kernel: socket.socket | None, stations: Mapping[int, Station]) -> Seen:
    """Return what is known of our own namespace, or of that in which `kernel` was made; never raises for the host.

    `stations` are the Wi-Fi links there by index, as `radios.stations` tells.
    """
    unread: list[Unread] = []
    raw = _links(unread, kernel)
    addresses = _addresses(unread, kernel)
    default_routes = _default_routes(unread, kernel)
    seen: list[bytes] = []
    links = []
    for link in raw:
        device = device_of(roots, link, own=kernel is None)
        if device.path is not None:
            seen.append(device.path)
        links.append(build(link, device, tuple(addresses.get(link.index, ())), stations.get(link.index)))
    return Seen(tuple(links), default_routes, tuple(seen), tuple(unread))


def device_of(roots: Roots, link: RawLink, *, own: bool) -> devices.Device:
    """Return what stands behind a link: sysfs shows the links of our `own` namespace only, not those of others."""
    if _is_virtual(link):
        return devices.Device()
    if own:
        return devices.behind(roots, link.name, link.index, link.mac)
    return devices.of_bus(roots, link.bus, link.device)


def parse_link(body: bytes) -> RawLink:
    """Return what one RTM_NEWLINK says; raises `OSError` for malformed bytes."""
    _, _, hardware, index, flags, _ = netlink.unpack(_LINK, body)
    found = netlink.attributes(body, _LINK.size)
    info = netlink.attributes(found.get(_INFO, b""))
    kind = netlink.string(info.get(_INFO_KIND, b""))
    operstate = netlink.integer(found[_OPERSTATE]) if _OPERSTATE in found else len(_OPERSTATES)
    # A tun may claim any hardware type (TUNSETLINK): only its own word counts, where the kernel gives it.
    tun = netlink.attributes(info.get(_INFO_DATA, b"")) if kind == b"tun" else {}
    is_tap = netlink.integer(tun[_TUN_TYPE]) == _TUN_IS_TAP if _TUN_TYPE in tun else hardware == _ETHERNET
    return RawLink(
        name=netlink.string(found.get(_NAME, b"")),
        index=index,
        hardware=hardware,
        admin_up=bool(flags & _UP),
        carrier=bool(netlink.integer(found[_CARRIER])) if _CARRIER in found else None,
        operstate=_OPERSTATES[operstate] if operstate < len(_OPERSTATES) else None,
        mac=netlink.mac(found.get(_MAC, b"")),
        kind=kind,
        is_tap=kind == b"tun" and is_tap,
        master=netlink.integer(found[_MASTER]) if _MASTER in found else None,
        peer=netlink.integer(found[_PEER]) if _PEER in found else None,
        # IFLA_LINK is an index of the other namespace where IFLA_LINK_NETNSID stands.
        peer_namespace=_signed(found[_PEER_NAMESPACE]) if _PEER_NAMESPACE in found else None,
        permanent_mac=netlink.mac(found.get(_PERMANENT_MAC, b"")),
        carrier_ups=netlink.integer(found[_CARRIER_UPS]) if _CARRIER_UPS in found else None,
        device=netlink.string(found.get(_PARENT_DEVICE, b"")),
        bus=netlink.string(found.get(_PARENT_BUS, b"")),
    )


def parse_address(body: bytes) -> tuple[int, str]:
    """Return the index of a link and its own address with prefix length; raises `OSError` for malformed bytes."""
    family, length, _, _, index = netlink.unpack(_ADDRESS, body)
    found = netlink.attributes(body, _ADDRESS.size)
    own = found.get(_OWN_ADDRESS, found.get(_FAR_ADDRESS, b""))
    return index, f"{netlink.address(family, own)}/{length}"


def _links(unread: list[Unread], kernel: socket.socket | None) -> list[RawLink]:
    """Return every link, read again while one contradicts itself, for at most 1.4 s."""
    links: list[RawLink] = []
    try:
        for sample in range(SAMPLES):
            if sample:
                time.sleep(PAUSE)
            answer = netlink.dump(netlink.GET_LINK, kernel=kernel)
            links = [parse_link(body) for body in answer.entries()]
            if not any(_unsettled(link) for link in links):
                break
        if (gap := _incomplete(answer)) is not None:
            unread.append(Unread("links", gap))
    except OSError as error:
        unread.append(Unread("links", files.gap_of(error, "the interfaces can't be listed")))
    return links


def _unsettled(link: RawLink) -> bool:
    """Tell whether carrier and operstate disagree, as right after a change (a bridge just switched on)."""
    if not link.admin_up:
        return False
    if link.carrier:
        return link.operstate in ("down", "lowerlayerdown")
    return link.operstate in ("up", "dormant")


def _addresses(unread: list[Unread], kernel: socket.socket | None) -> dict[int, list[str]]:
    """Return the addresses of both families by the index of their link."""
    found: dict[int, list[str]] = {}
    try:
        answer = netlink.dump(netlink.GET_ADDRESS, kernel=kernel)
        for body in answer.entries():
            if body[0] in routes.FAMILIES:
                index, address = parse_address(body)
                found.setdefault(index, []).append(address)
        if (gap := _incomplete(answer)) is not None:
            unread.append(Unread("addresses", gap))
    except OSError as error:
        unread.append(Unread("addresses", files.gap_of(error, "the addresses can't be listed")))
    return found


def _default_routes(unread: list[Unread], kernel: socket.socket | None) -> tuple[DefaultRoute, ...]:
    """Return every next hop that leads outside."""
    found = []
    for entry in routes.entries(kernel):
        if isinstance(entry, Gap):
            unread.append(Unread("routes", entry))
        elif entry.is_default:
            found.append(DefaultRoute(entry.link, entry.row))
    return tuple(found)


def _incomplete(answer: netlink.Dump) -> Gap | None:
    if answer.cut:
        return Gap(Outcome.OVER_LIMIT, f"only the first {netlink.MAX_MESSAGES} entries were kept")
    if answer.interrupted:
        return Gap(Outcome.FAILED, "the table changed each time it was read: entries may be missing or stand twice")
    return None


def _is_virtual(link: RawLink) -> bool:
    """Tell whether the kernel says that no device stands behind the link, so that sysfs needn't be asked."""
    return link.hardware == _LOOPBACK or link.kind == b"tun" or link.kind in _LINK_KINDS


def build(link: RawLink, device: devices.Device, addresses: tuple[str, ...], station: Station | None) -> Link:
    """Return the facts of one link: what the routing socket says, its device, and its radio if it is one."""
    unread: dict[str, str] = {}
    physical: bool | None = device.path is not None
    kind = "wifi" if station is not None else _kind(link, device)
    if device.unread is not None:
        unread["driver"] = str(device.unread)
        physical = True if link.device else None
        if kind is None:
            unread["kind"] = str(device.unread)
    if link.carrier is None:
        unread["carrier"] = str(Outcome.UNSUPPORTED)
    if link.operstate is None:
        unread["operstate"] = str(Outcome.UNSUPPORTED)
    return Link(
        name=text.from_bytes(link.name),
        index=link.index,
        kind=kind,
        admin_up=link.admin_up,
        carrier=link.carrier if link.admin_up else None,
        operstate=link.operstate,
        addresses=addresses,
        mac=link.mac,
        permanent_mac=link.permanent_mac,
        driver=device.driver,
        physical=physical,
        master=link.master,
        peer=link.peer if kind == "veth" else None,
        peer_namespace=link.peer_namespace if kind == "veth" else None,
        wifi=None if station is None or station.network is None else text.from_bytes(station.network),
        associated=None if station is None else station.associated,
        carrier_ups=link.carrier_ups,
        unread=unread,
    )


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, sys.byteorder, signed=True)


def _kind(link: RawLink, device: devices.Device) -> str | None:
    """Return the kind in the words of the interfaces source; `None` where it needs the device, unread."""
    named = _LINK_KINDS.get(link.kind) or _HARDWARE_KINDS.get(link.hardware)
    if link.kind == b"tun":
        named = "tap" if link.is_tap else "vpn"
    elif link.kind in _CELLULAR_KINDS:
        named = "cellular"
    if named is not None or device.unread is not None:
        return named
    ethernet = link.hardware == _ETHERNET and device.path is not None
    return device.radio or ("ethernet" if ethernet else "other")
