"""What the rows of Windows mean as links: which are real, which reach nobody by themselves, which are none at all.

Beside its links Windows lists its own plumbing: the modules that filter a link (each with a row of its own), and the
ports on which dial-up would stand (WAN Miniport), which are "up" on every machine. IP stands on none of them, and
what is beneath a filter has its own row: they are left out. A default route over one of them makes the verdict UNKNOWN
all the same (`isolation`, `route_without_link`). Whatever else is not known to be internal counts as a way out.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector import text
from collector.facts import Link
from collector.isolation import INTERNAL_KINDS

if TYPE_CHECKING:
    from collector.text import Text
    from collector.winformats.networktables import Interface

UP, DOWN, TESTING = 1, 2, 3
"""NET_IF_ADMIN_STATUS; IF_OPER_STATUS begins alike (ifdef.h)."""
CONNECTED, DISCONNECTED = 1, 2
"""NET_IF_MEDIA_CONNECT_STATE (ifdef.h)."""
_NOT_PRESENT: Final = 6
_OPERSTATES: Final = {
    1: "up",
    2: "down",
    3: "testing",
    4: "unknown",
    5: "dormant",
    6: "notpresent",
    7: "lowerlayerdown",
}

_ETHERNET: Final = 6
_TUNNEL_TYPE: Final = 131
_KINDS: Final = {
    23: "vpn",  # IF_TYPE_PPP: dial-up and the system's own VPN
    24: "loopback",  # IF_TYPE_SOFTWARE_LOOPBACK
    53: "vpn",  # IF_TYPE_PROP_VIRTUAL: WireGuard and its like
    71: "wifi",  # IF_TYPE_IEEE80211
    _TUNNEL_TYPE: "tunnel",
    135: "vlan",  # IF_TYPE_L2_VLAN
    161: "bond",  # IF_TYPE_IEEE8023AD_LAG
    243: "cellular",  # IF_TYPE_WWANPP
    244: "cellular",  # IF_TYPE_WWANPP2
}
"""ipifcons.h."""
_MEDIA: Final = {1: "wifi", 8: "cellular", 9: "wifi", 10: "bluetooth"}
"""NDIS_PHYSICAL_MEDIUM (ntddndis.h): an Ethernet interface may be a radio by what is behind it."""
_AUTOMATIC: Final = frozenset({11, 13, 14})
"""TUNNEL_TYPE_6TO4, _ISATAP, _TEREDO (ifdef.h): the system makes them unasked, and they ride on the IPv4 of other
links. As long as one has no address but a link-local one it drops what it is given, like a dummy."""
_BY_DRIVER: Final = {
    "vms_mp": "veth",  # Hyper-V: the host's own end of a virtual switch; what leads out of it has a row of its own
    "vms_vsmp": "veth",
    "*vmnetadapter": "tap",  # VMware's host-only networks and NAT: a program stands behind, which uses other links
    "sun_vboxnetadp": "tap",  # VirtualBox's host-only network
    "vboxnetadp": "tap",
    "*msloop": "dummy",  # Microsoft's loopback adapter
    "msloop": "dummy",
    "npcap_loopback": "dummy",
    "ms_bridgemp": "bridge",  # its ports have rows of their own
    "compositebus\\ms_implat_mp": "bond",
    "tap": "vpn",  # OpenVPN: tap0801, tap0901
    "root\\tap": "vpn",
    "ovpn-dco": "vpn",
    "wintun": "vpn",
}
"""Component ids of drivers, in small letters, and what they make; an id that ends in digits is found without them."""


@dataclass(frozen=True, slots=True)
class Station:
    """A Wi-Fi interface as its service tells; `None` is not told. `off`: every radio of it is switched off."""

    associated: bool | None = None
    network: bytes | None = None
    off: bool = False
    unread: str | None = None
    """Why the name of its network could not be had, as an outcome."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What other tables say of an interface; `None` where that table could not be read."""

    addresses: tuple[str, ...] | None
    """With prefix length; `None` also where IP does not stand on it, which `has_ip` tells apart."""
    has_ip: bool | None
    driver: str | None = None
    """Component id of its driver, in small letters."""
    station: Station | None = None


def is_plumbing(row: Interface, beside: Beside) -> bool:
    """Tell whether a row is no link at all but a part of Windows itself."""
    if beside.has_ip is not False:
        return False
    return row.filter or (row.admin == UP and not row.hardware)


def link(row: Interface, beside: Beside) -> Link:
    """Return the link that a row stands for."""
    kind = kind_of(row, beside)
    carrier, admin = _carrier(row), _admin(row)
    physical = row.hardware and _made_by(beside.driver) is None
    if row.oper == UP and not physical and kind in INTERNAL_KINDS:
        carrier = True  # it has no medium that could be in or out: that it is up says enough
    station = beside.station
    if station is not None and station.off and not carrier and not station.associated:
        admin = False  # airplane mode, or its own switch
    unread: dict[str, str] = {}
    if admin is None:
        unread["admin_up"] = "failed"
    if carrier is None and admin is not False:
        unread["carrier"] = "failed"
    if beside.addresses is None and beside.has_ip is None:
        unread["addresses"] = "failed"
    if station is not None and station.unread is not None:
        unread["wifi"] = station.unread
    return Link(
        name=text.from_native(row.alias),
        index=row.index,
        kind=kind,
        admin_up=admin,
        carrier=None if admin is False else carrier,
        operstate=_OPERSTATES.get(row.oper, str(row.oper)),
        addresses=beside.addresses or (),
        mac=row.mac.hex(":") or None,
        permanent_mac=row.permanent_mac.hex(":") if any(row.permanent_mac) else None,
        driver=text.from_native(row.description) if row.description else None,
        physical=physical,
        wifi=_network(station),
        associated=None if station is None else station.associated,
        unread=unread,
    )


def kind_of(row: Interface, beside: Beside) -> str | None:
    """Return what kind of link a row is, in the words of the source `interfaces`; `None`: it can't be told."""
    if row.tunnel in _AUTOMATIC and row.type == _TUNNEL_TYPE:
        if beside.has_ip is None:
            return None
        return "tunnel" if any(_leads_on(address) for address in beside.addresses or ()) else "dummy"
    made = _made_by(beside.driver)
    if made is not None:
        return made
    if row.type != _ETHERNET:
        return _KINDS.get(row.type, "other")
    return _MEDIA.get(row.physical_medium, "ethernet" if row.hardware else "other")


def _made_by(driver: str | None) -> str | None:
    if driver is None:
        return None
    return _BY_DRIVER.get(driver) or _BY_DRIVER.get(driver.rstrip("0123456789"))


def _admin(row: Interface) -> bool | None:
    """Tell whether a link is switched on; a row that contradicts itself is not believed."""
    if row.oper == _NOT_PRESENT and row.media != CONNECTED:
        return False  # its device is gone, or halted by the device manager
    if row.admin == DOWN and row.oper == UP:
        return None
    return {UP: True, DOWN: False}.get(row.admin)


def _carrier(row: Interface) -> bool | None:
    """Tell whether a cable or radio link is there: the medium says so, or else the state that follows from it."""
    if row.media == CONNECTED:
        return None if row.oper == _NOT_PRESENT else True
    if row.media == DISCONNECTED:
        return False
    return {UP: True, DOWN: False, _NOT_PRESENT: False, 7: False}.get(row.oper)


def _leads_on(address: str) -> bool:
    """Tell whether an address is more than link-local; one that can't be read is."""
    try:
        known = ipaddress.ip_interface(address.partition("%")[0])
    except ValueError:
        return True
    return not (known.ip.is_link_local or known.ip.is_loopback)


def _network(station: Station | None) -> Text | None:
    return None if station is None or not station.network else text.from_bytes(station.network)
