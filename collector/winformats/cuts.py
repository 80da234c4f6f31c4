"""What `--isolate` would switch off on Windows, and the PowerShell lines that bring it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector.facts import Change
from collector.isolation import INTERNAL_KINDS
from collector.winformats.networktables import AF_INET, AF_INET6

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collector.facts import Facts, Link, Radio
    from collector.winformats.networktables import Interface, Route

MOST_ROUTES: Final = 100
"""Most routes of one link that are brought back by name; who sets more by hand keeps them in a script."""

_UPPER_FIRST: Final = ("vpn", "tunnel", "vlan", "bond")
"""Links that stand on others go first."""
_BY_MANAGEMENT: Final = 3  # RouteProtocolNetMgmt (nldef.h): set by a program or by hand
_BY_HAND: Final = 0  # NlroManual
_ON_LINK: Final = {AF_INET: "0.0.0.0", AF_INET6: "::"}  # noqa: S104 - what a route on the link itself is written with
_WIFI_BACK: Final = "# Wi-Fi: icone du reseau de Windows, rallumer / network icon of Windows, switch it on again"


def plan(facts: Facts, rows: Mapping[int, Interface], routes: Iterable[Route]) -> tuple[Change, ...]:
    """Return the changes in their order: Wi-Fi radios first, then links, those that stand on others first."""
    outside = {route.index for route in facts.default_routes}
    by_hand: dict[int, list[Route]] = {}
    for route in routes:
        if route.protocol == _BY_MANAGEMENT and route.origin == _BY_HAND:
            by_hand.setdefault(route.index, []).append(route)
    cut = [link for link in facts.links if link.index in rows and _is_cut(link, outside)]
    cut.sort(key=lambda link: (link.kind not in _UPPER_FIRST, link.index))
    radios = [_block(radio) for radio in facts.radios if radio.kind == "wifi" and not radio.soft_blocked]
    return (
        *radios,
        *(
            Change("down", link.index, link.name, link.kind, undo(rows[link.index], by_hand.get(link.index, [])))
            for link in cut
        ),
    )


def undo(row: Interface, routes: Iterable[Route]) -> tuple[str, ...]:
    """Return the lines that bring a link back, and the routes that somebody set over it until the next start.

    Named by its GUID, which holds digits only, and through WMI, which every Windows PowerShell has.
    """
    again = f"Get-WmiObject Win32_NetworkAdapter -Filter \"GUID='{row.name.upper()}'\""
    lines = [f"{again} | ForEach-Object {{ $_.Disable(); $_.Enable() }}"]
    for route in list(routes)[:MOST_ROUTES]:
        hop = (route.gateway or _ON_LINK[route.family]).partition("%")[0]
        lines.append(
            f"New-NetRoute -InterfaceIndex {row.index} -DestinationPrefix '{route.prefix}' -NextHop '{hop}'"
            f" -RouteMetric {route.metric} -PolicyStore ActiveStore"
        )
    return tuple(lines)


def _block(radio: Radio) -> Change:
    return Change("block", radio.index, radio.name, radio.kind, (_WIFI_BACK,))


def _is_cut(link: Link, outside: set[int | None]) -> bool:
    """Tell whether a link leads outside, now or as soon as it is plugged in; what could not be read is cut, too.

    A link that is no device and has no carrier comes up over another one only, which is cut.
    """
    if link.admin_up is False or link.kind == "loopback":
        return False
    if link.index in outside:
        return True
    real = link.physical is True or link.kind not in INTERNAL_KINDS
    return real and (link.physical is True or link.carrier is not False)
