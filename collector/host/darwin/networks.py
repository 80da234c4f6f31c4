"""The links of a Mac as `isolation` judges them; no packet is sent.

What an interface is, the system tells (SIOCGIFFUNCTIONALTYPE; names are no interface: Apple's TN3179), and whether it
has a link (SIOCGIFMEDIA). Where it tells neither, the judgement is unknown, never isolated.

A Mac always has some `utun`: its own services hold them, with link-local addresses only and default routes that count
for whoever asks for that interface by name. Such a one is a program's own end, as a `tap` is: it reaches nobody by
itself, and what its program sends goes out over another link, which is judged. With any other address or route it is
a `vpn`. AirDrop's `awdl` and its like are radio links of their own.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from collector import rules, text
from collector.errors import RuleError
from collector.facts import DefaultRoute, Facts, Link, RemoteAccess, Unread
from collector.host.darwin import routes
from collector.host.darwin.readings import DUMP, LINKS
from collector.host.posix.low import files
from collector.macformats import routing
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collector.host.darwin.readings import Readings
    from collector.macformats.routing import Interface, Route

MAX_FOUND: Final = 50

_VALID, _ACTIVE = 0x1, 0x2
"""IFM_AVALID, IFM_ACTIVE (net/if_media.h)."""
_WIFI_MEDIA, _MEDIA_TYPE = 0x80, 0xE0
"""IFM_IEEE80211 among IFM_NMASK."""

_FUNCTIONS: Final = {
    1: "loopback",
    2: "ethernet",
    3: "wifi",
    4: "wifi",  # AWDL: AirDrop and its like, from Mac to Mac
    5: "cellular",
    6: "veth",  # its other end is the coprocessor inside this computer
    7: "other",  # to a watch or phone that belongs to it
    8: "other",
}
"""IFRTYPE_FUNCTIONAL_… (net/if.h)."""
_TYPES: Final = {
    0x17: "vpn",  # IFT_PPP
    0x18: "loopback",
    0x37: "tunnel",  # IFT_GIF
    0x39: "tunnel",  # IFT_STF
    0x87: "vlan",
    0x88: "bond",
    0xD1: "bridge",
    0xFF: "cellular",
}
"""IFT_… (net/if_types.h): what is more telling than its function."""
_TUNNELS: Final = (b"utun", b"ipsec", b"ppp")
_RADIOS: Final = (b"awdl", b"llw", b"ap")
"""Names of the Wi-Fi chip's other ends, where their function is not told."""


class _Media(NamedTuple):
    """What SIOCGIFMEDIA told: whether there is a link, and whether it is Wi-Fi; `None` where it is not told."""

    active: bool | None
    wifi: bool


class Looked(NamedTuple):
    """One look at the links: `packets` are those that each link ever received and sent, by its index."""

    links: tuple[Link, ...]
    default_routes: tuple[DefaultRoute, ...]
    unread: tuple[Unread, ...]
    packets: dict[int, int]


def facts(readings: Readings) -> Facts:
    """Return what is known of the networks of this machine; never raises for what the host does."""
    seen = look(readings)
    bluetooth = Gap(Outcome.UNSUPPORTED, "not built for macOS yet: whether Bluetooth is switched on")
    unread = [*seen.unread, Unread("radios", bluetooth)]
    programs = _remote(readings, unread)
    return Facts(seen.links, seen.default_routes, unread=tuple(unread), remote_access=programs)


def look(readings: Readings) -> Looked:
    """Return the links and the ways out as they are now; never raises for what the host does."""
    unread: list[Unread] = []
    found = _links(readings, unread)
    ways = _ways(readings, unread)
    links = tuple(_link(readings, one, ways) for one in found)
    idle = {link.index for link in links if link.kind == "tap"}
    names = {one.index: one.name for one in found}
    defaults = tuple(
        DefaultRoute(one.index or None, routes.row(one, names))
        for one in ways
        if is_wide(one) and one.index not in idle
    )
    return Looked(links, defaults, tuple(unread), {one.index: one.packets for one in found})


def _links(readings: Readings, unread: list[Unread]) -> list[Interface]:
    try:
        return routing.interfaces(readings.routing(0, LINKS, 0))
    except OSError as error:
        unread.append(Unread("links", files.gap_of(error, "the network links can't be listed")))
    except ValueError:
        unread.append(Unread("links", Gap(Outcome.FAILED, "the list of network links can't be understood")))
    return []


def _ways(readings: Readings, unread: list[Unread]) -> list[Route]:
    found = []
    for family in (routing.INET, routing.INET6):
        try:
            found += routing.routes(readings.routing(family, DUMP, 0))
        except OSError as error:
            unread.append(Unread("routes", files.gap_of(error, "the routes can't be listed")))
        except ValueError:
            unread.append(Unread("routes", Gap(Outcome.FAILED, "the list of routes can't be understood")))
    return found


def is_wide(route: Route) -> bool:
    """Tell whether a route leads everywhere or to a large part of it (VPNs give two halves), and is no mere cache."""
    if route.flags & (routing.REJECT | routing.BLACKHOLE | routing.CLONED | routing.LOCAL | routing.MULTICAST):
        return False
    everywhere = route.family == routing.INET6 and route.prefix <= 3  # noqa: PLR2004 - 2000::/3 is all that is assigned
    return everywhere or (route.family == routing.INET and route.prefix <= 1)


def _link(readings: Readings, one: Interface, ways: list[Route]) -> Link:
    unread: dict[str, str] = {"permanent_mac": "unsupported", "driver": "unsupported", "operstate": "unsupported"}
    media = _media(readings, one.name)
    kind = _kind(readings, one, media, ways)
    up = bool(one.flags & routing.UP)
    carrier: bool | None = None
    if up:
        carrier = media.active
        if carrier is None and kind in ("loopback", "vpn", "tap", "tunnel"):  # these have no medium: they run or not
            carrier = True if one.flags & routing.RUNNING else None
        if carrier is None:
            unread["carrier"] = str(Outcome.UNSUPPORTED)
    if kind == "wifi":
        unread["wifi"] = str(Outcome.UNSUPPORTED)  # the name of the network is given to apps with a right to the place
    if kind is None:
        unread["kind"] = str(Outcome.UNSUPPORTED)
    return Link(
        name=text.from_bytes(one.name),
        index=one.index,
        kind=kind,
        admin_up=up,
        carrier=carrier,
        addresses=one.addresses,
        mac=one.mac.hex(":") or None,
        physical=True if kind in ("ethernet", "wifi", "cellular", "other", "bridge") else None,
        associated=carrier if kind == "wifi" else None,
        unread=unread,
    )


def _media(readings: Readings, name: bytes) -> _Media:
    try:
        status, active = readings.media(name)
    except OSError:
        return _Media(None, wifi=False)
    return _Media(bool(status & _ACTIVE) if status & _VALID else None, active & _MEDIA_TYPE == _WIFI_MEDIA)


def _kind(readings: Readings, one: Interface, media: _Media, ways: list[Route]) -> str | None:
    """Return what an interface is; a bridge counts as real (`physical`), since who belongs to it is not read."""
    if one.name.startswith(_TUNNELS):
        return "tap" if _is_idle(one, ways) else "vpn"
    if one.kind in _TYPES:
        return _TYPES[one.kind]
    try:
        function = readings.functional_type(one.name)
    except OSError:
        function = 0
    if media.wifi or one.name.startswith(_RADIOS):
        return "wifi"
    if function in _FUNCTIONS:
        return _FUNCTIONS[function]
    return "ethernet" if one.kind == 0x6 else None  # noqa: PLR2004 - IFT_ETHER


def _is_idle(one: Interface, ways: list[Route]) -> bool:
    """Tell whether a tunnel has link-local addresses only, and no route that counts for everybody and leads beyond."""
    if not all(ipaddress.ip_interface(address).is_link_local for address in one.addresses):
        return False
    return not any(_leads_out(route) for route in ways if route.index == one.index)


def _leads_out(route: Route) -> bool:
    if route.flags & (routing.LOCAL | routing.MULTICAST):
        return False
    if is_wide(route):
        own_end = route.gateway is None or ipaddress.ip_address(route.gateway).is_link_local
        return not (route.flags & routing.SCOPED and own_end)
    address = ipaddress.ip_address(route.destination)
    return not (address.is_link_local or address.is_multicast)


def _remote(readings: Readings, unread: list[Unread]) -> tuple[RemoteAccess, ...]:
    """Return the running programs that let somebody use this computer from elsewhere, by process number."""
    try:
        table = {name.lower(): product for name, product in rules.remote_access().items()}
        pids = sorted(readings.pids())
    except RuleError as error:
        unread.append(Unread("remote", Gap(Outcome.FAILED, str(error))))
        return ()
    except OSError as error:
        unread.append(Unread("remote", files.gap_of(error, "the processes can't be listed")))
        return ()
    found: list[RemoteAccess] = []
    for pid in pids:
        called, exe = readings.program(pid)
        name = next((one for one in (called, os.path.basename(exe or "")) if one and one.lower() in table), None)
        if name is not None and len(found) < MAX_FOUND:
            found.append(RemoteAccess(table[name.lower()], text.from_native(name), pid))
    return tuple(found)
