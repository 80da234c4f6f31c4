"""Routes and neighbours of both families, from the kernel's own tables (netioapi.h); nothing is sent."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

from typing import TYPE_CHECKING, Final, TypeVar

from collector import text
from collector.facts import DefaultRoute, Unread
from collector.host.windows import calls, iphelper
from collector.model import Gap, Outcome
from collector.winformats import networktables

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from collector.model import Json, Row
    from collector.text import Text
    from collector.winformats.networktables import Neighbour, Route

    _Entry = TypeVar("_Entry", Route, Neighbour)

_ORIGINS: Final = {0: "static", 1: "kernel", 2: "dhcp", 3: "ra"}
"""NL_ROUTE_ORIGIN (nldef.h): NlroManual, NlroWellKnown, NlroDHCP, NlroRouterAdvertisement."""
_LOCAL: Final = 2  # RouteProtocolLocal: made with an address or an interface
_STATES: Final = {
    0: "failed",
    1: "incomplete",
    2: "probe",
    3: "delay",
    4: "stale",
    5: "reachable",
    6: "permanent",
}
"""NL_NEIGHBOR_STATE (nldef.h); NlnsUnreachable is what others call failed."""

_NOT_SUPPORTED: Final = 50
_NO_STACK: Final = {
    word: Gap(Outcome.ABSENT, f"this system has no {word}") for word in networktables.FAMILIES.values()
}
"""What ERROR_NOT_SUPPORTED means by the documentation of these tables: then nothing leads outside by that family."""


def routes() -> Iterator[Row | Gap]:
    """Yield a row for each route; Windows has one table, and tells no scope and no source address."""
    names = yield from _names()
    nameless = 0
    for route in _entries("GetIpForwardTable2", networktables.ROUTE_ROW_BYTES, networktables.route, "routes"):
        if isinstance(route, Gap):
            yield route
        else:
            nameless += route.index not in names
            yield _row(route, names)
    if nameless:
        yield Gap(Outcome.ABSENT, f"{nameless} routes name an interface that was not listed")


def default_routes(unread: list[Unread]) -> tuple[DefaultRoute, ...]:
    """Return the routes that lead outside (`networktables.Route.is_default`)."""
    names: dict[int, Text] = {}
    found = []
    unread.extend(Unread("names", gap) for gap in _names(names))
    for route in _entries("GetIpForwardTable2", networktables.ROUTE_ROW_BYTES, networktables.route, "routes"):
        if isinstance(route, Gap):
            if route not in _NO_STACK.values():
                unread.append(Unread("routes", route))
        elif route.is_default and not route.loopback:
            found.append(DefaultRoute(route.index, _row(route, names)))
    return tuple(found)


def neighbours() -> Iterator[Row | Gap]:
    """Yield a row for each ARP or ND entry."""
    names = yield from _names()
    nameless = 0
    for one in _entries("GetIpNetTable2", networktables.NEIGHBOUR_ROW_BYTES, networktables.neighbour, "neighbours"):
        if isinstance(one, Gap):
            yield one
            continue
        nameless += one.index not in names
        yield {
            "family": networktables.FAMILIES[one.family],
            "address": one.address,
            "mac": one.mac.hex(":") or None,
            "interface": _name(names, one.index),
            "state": _STATES.get(one.state, str(one.state)),
            "router": one.router,
        }
    if nameless:
        yield Gap(Outcome.ABSENT, f"{nameless} neighbours name an interface that was not listed")


def _entries(
    function: str, size: int, parse: Callable[[bytes], _Entry], what: str
) -> Iterator[_Entry | Gap]:
    """Yield each entry of a table, family by family, for one may be refused alone; then a gap for what is missing."""
    for family, word in networktables.FAMILIES.items():
        try:
            table = iphelper.table(function, size, family)
        except OSError as error:
            missing = _NO_STACK[word] if error.winerror == _NOT_SUPPORTED else None
            yield missing or calls.gap_of(error, f"the {what} of {word} can't be read")
            continue
        torn = 0
        for body in table.bodies:
            try:
                yield parse(body)
            except ValueError:
                torn += 1
        if torn:
            yield Gap(Outcome.FAILED, f"{torn} {what} of {word} are not in the form that Windows documents")
        if table.count > len(table.bodies):
            yield Gap(Outcome.OVER_LIMIT, f"only the first {iphelper.MAX_ROWS} {what} of {word} were kept")


def _names(names: dict[int, Text] | None = None) -> Generator[Gap, None, dict[int, Text]]:
    """Yield a gap where the names of the interfaces can't be had; return them by index."""
    names = {} if names is None else names
    try:
        for body in iphelper.table("GetIfTable2", networktables.IF_ROW_BYTES).bodies:
            row = networktables.interface(body)
            names[row.index] = text.from_native(row.alias)
    except OSError as error:
        yield calls.gap_of(error, "the names of the interfaces can't be read")
    except ValueError:
        yield Gap(Outcome.FAILED, "the names of the interfaces are not in the form that Windows documents")
    return names


def _row(route: Route, names: dict[int, Text]) -> Row:
    made = "kernel" if route.protocol == _LOCAL else _ORIGINS.get(route.origin, str(route.protocol))
    return {
        "family": networktables.FAMILIES[route.family],
        "destination": route.prefix,
        "gateway": route.gateway,
        "interface": _name(names, route.index),
        "source": None,
        "metric": route.metric,
        "table": None,
        "protocol": made,
        "scope": None,
        "type": route.kind,
    }


def _name(names: dict[int, Text], index: int) -> Json:
    name = names.get(index)
    return None if name is None else name if isinstance(name, str) else dict(name)
