"""Routes and neighbours, from the kernel's dumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector import text
from collector.host.darwin.readings import DUMP, FLAGS, LINKS
from collector.host.posix.low import files
from collector.macformats import routing
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.readings import Readings
    from collector.macformats.routing import Route
    from collector.model import Json, Row

_FAMILIES: Final = {routing.INET: "inet", routing.INET6: "inet6"}
_KINDS: Final = (
    (routing.BLACKHOLE, "blackhole"),
    (routing.REJECT, "unreachable"),
    (routing.BROADCAST, "broadcast"),
    (routing.MULTICAST, "multicast"),
    (routing.LOCAL, "local"),
    (routing.CLONED | routing.LINK_ENTRY, "cached"),
)


def routes(readings: Readings) -> Iterator[Row | Gap]:
    """Yield a row for each route of both families."""
    names = _names(readings)
    for family in _FAMILIES:
        for one in _read(readings, family, DUMP, 0, "the routes"):
            yield one if isinstance(one, Gap) else row(one, names)


def neighbours(readings: Readings) -> Iterator[Row | Gap]:
    """Yield a row for each ARP or ND entry."""
    names = _names(readings)
    for family in _FAMILIES:
        for one in _read(readings, family, FLAGS, routing.LINK_ENTRY, "the neighbours"):
            if isinstance(one, Gap):
                yield one
            elif one.mac is not None:
                yield {
                    "family": _FAMILIES[family],
                    "address": one.destination,
                    "mac": one.mac.hex(":") or None,
                    "interface": _name(names, one.index),
                    "state": "permanent" if one.mac and not one.expire else None if one.mac else "incomplete",
                    "router": bool(one.flags & routing.ROUTER) if family == routing.INET6 else None,
                }


def row(one: Route, names: dict[int, bytes]) -> Row:
    """Return the row of a route (`collector/sources/routes.py`)."""
    is_static, is_learnt = one.flags & routing.STATIC, one.flags & routing.DYNAMIC
    scope = "host" if one.flags & routing.LOCAL else "global" if one.gateway else "link"
    return {
        "family": _FAMILIES[one.family],
        "destination": f"{one.destination}/{one.prefix}",
        "gateway": one.gateway if one.flags & routing.GATEWAY or one.mac is None else None,
        "interface": _name(names, one.index),
        "source": one.source,
        "metric": None,
        "table": None,
        "protocol": "static" if is_static else "redirect" if is_learnt else "kernel",
        "scope": scope,
        "type": next((kind for flag, kind in _KINDS if one.flags & flag), "unicast"),
    }


def _read(readings: Readings, family: int, what: int, argument: int, named: str) -> Iterator[Route | Gap]:
    try:
        yield from routing.routes(readings.routing(family, what, argument))
    except OSError as error:
        yield files.gap_of(error, f"{named} can't be listed")
    except ValueError:
        yield Gap(Outcome.FAILED, f"the list of {named.removeprefix('the ')} can't be understood")


def _names(readings: Readings) -> dict[int, bytes]:
    try:
        return {one.index: one.name for one in routing.interfaces(readings.routing(0, LINKS, 0))}
    except (OSError, ValueError):
        return {}  # the source of interfaces tells it


def _name(names: dict[int, bytes], index: int) -> Json:
    return text.from_bytes(names[index]) if index in names else None  # type: ignore[return-value] # Text is Json; mypy can't see it
