"""The networks of this machine put together: interfaces, addresses, default routes, radios, remote access.

Nothing is sent, and no other program is asked but the Wi-Fi service of this computer. What the rows mean is said by
`collector.winformats.links`. Virtual machines reach others through a link of this machine, which is listed here.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import winreg
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.facts import Facts, Unread
from collector.host.windows import calls, iphelper, radios, remote, routes
from collector.model import Gap, Outcome
from collector.winformats import links, networktables

if TYPE_CHECKING:
    from collector.facts import Link
    from collector.winformats.adapters import Adapter

MAX_DRIVERS: Final = 2000
"""Most adapters looked up; each that was ever plugged in has left an entry."""
_CLASS: Final = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"
"""GUID_DEVCLASS_NET (devguid.h)."""
_NO_MORE: Final = 259  # ERROR_NO_MORE_ITEMS


class Read(NamedTuple):
    """The links as they were read, and what of them could not be read."""

    links: tuple[Link, ...]
    unread: tuple[Unread, ...]


def facts() -> Facts:
    """Return what is known of every network of this machine; never raises for what the host does."""
    unread: list[Unread] = []
    wifi_unread: list[Unread] = []
    stations, wifi = radios.wifi(wifi_unread)
    read = look(stations)
    if any(link.kind == "wifi" for link in read.links):
        unread += wifi_unread
    on = [*wifi, *radios.bluetooth(len(wifi), unread)]
    outside = routes.default_routes(unread)
    programs = remote.running(unread)
    return Facts(
        links=read.links,
        default_routes=outside,
        unread=(*read.unread, *unread),
        radios=tuple(on),
        remote_access=programs,
    )


def look(stations: dict[str, links.Station], known: dict[str, str] | None = None) -> Read:
    """Return every link; `known` are the drivers where they were read before."""
    unread: list[Unread] = []
    addresses: dict[int, Adapter] | None = None
    try:
        addresses = {one.index: one for one in iphelper.with_ip()}
    except (OSError, ValueError) as error:
        unread.append(Unread("addresses", _gap(error, "the addresses can't be read")))
    if known is None:
        known = drivers(unread)
    found = []
    try:
        table = iphelper.table("GetIfTable2", networktables.IF_ROW_BYTES)
        for body in table.bodies:
            row = networktables.interface(body)
            beside = _beside(row, addresses, known, stations)
            if not links.is_plumbing(row, beside):
                found.append(links.link(row, beside))
        if table.count > len(table.bodies):
            unread.append(Unread("links", Gap(Outcome.OVER_LIMIT, "more links than are looked at")))
    except (OSError, ValueError) as error:
        unread.append(Unread("links", _gap(error, "the links can't be listed")))
    return Read(tuple(found), tuple(unread))


def drivers(unread: list[Unread]) -> dict[str, str]:
    """Return the component id of the driver behind each interface, by its GUID, in small letters."""
    found: dict[str, str] = {}
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _CLASS) as key:
            for number in range(MAX_DRIVERS):
                try:
                    with winreg.OpenKey(key, winreg.EnumKey(key, number)) as one:
                        guid, _ = winreg.QueryValueEx(one, "NetCfgInstanceId")
                        component, _ = winreg.QueryValueEx(one, "ComponentId")
                except OSError as error:
                    if error.winerror == _NO_MORE:
                        break
                    continue  # `Properties`, which nobody may read, or an entry without a device
                if isinstance(guid, str) and isinstance(component, str):
                    found[guid.lower()] = component.lower()
    except OSError as error:
        unread.append(Unread("drivers", calls.gap_of(error, "the drivers of the links can't be read")))
    return found


def _beside(
    row: networktables.Interface,
    addresses: dict[int, Adapter] | None,
    known: dict[str, str],
    stations: dict[str, links.Station],
) -> links.Beside:
    driver, station = known.get(row.name), stations.get(row.name)
    if addresses is None:
        return links.Beside(None, None, driver, station)
    adapter = addresses.get(row.index)
    return links.Beside(() if adapter is None else adapter.addresses, adapter is not None, driver, station)


def _gap(error: OSError | ValueError, what: str) -> Gap:
    if isinstance(error, OSError):
        return calls.gap_of(error, what)
    return Gap(Outcome.FAILED, f"{what}: they are not in the form that Windows documents")
