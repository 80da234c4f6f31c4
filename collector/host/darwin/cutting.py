"""What `--isolate` changes: interfaces switched off, as `ifconfig NAME down` does (SIOCSIFFLAGS). Root only.

The plan says first what would be done and how it is undone; a step is taken only on the very link that it was planned
for, and looked at afterwards. Wi-Fi is switched off as a link; the radio itself, and Bluetooth's, is left to a person.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from collector import isolation, text
from collector.facts import Change
from collector.host import HostError
from collector.host.darwin.readings import DUMP, LINKS
from collector.host.posix.low import files
from collector.macformats import routing
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collector.facts import Facts, Link
    from collector.host.darwin.readings import Readings
    from collector.macformats.routing import Interface, Route

_UPPER_FIRST: Final = ("vpn", "tunnel", "vlan", "bond", "bridge")
"""Links that stand on others go first: then each is switched off once, by us."""


def plan(readings: Readings, facts: Facts) -> tuple[Change, ...]:
    """Return what would cut this machine off, in its order; changes nothing. Raises `HostError`."""
    outside = {route.index for route in facts.default_routes}
    cut = [link for link in facts.links if _is_cut(link, outside)]
    if not cut:
        return ()
    try:
        ways = [way for family in (routing.INET, routing.INET6) for way in _routes(readings, family)]
    except (OSError, ValueError) as error:
        raise HostError(_gap(error, "the routes that would have to be restored can't be listed")) from error
    cut.sort(key=lambda link: (link.kind not in _UPPER_FIRST, -link.index))
    return tuple(Change("down", link.index, link.name, link.kind, _undo(link, ways)) for link in cut)


def carry_out(readings: Readings, change: Change) -> None:
    """Do one change and see that it is done; raises `HostError` where it is not."""
    try:
        readings.switch_off(_same(readings, change).name)
        if _same(readings, change).flags & routing.UP:
            raise HostError(Gap(Outcome.FAILED, "the link was switched off and is on again", change.name))
    except (OSError, ValueError) as error:
        raise HostError(_gap(error, "the link can't be switched off", change.name)) from error


def _is_cut(link: Link, outside: set[int | None]) -> bool:
    """Tell whether a link leads outside, now or as soon as it is plugged in."""
    if link.admin_up is False or link.kind == "loopback":
        return False
    return link.physical is True or link.kind not in isolation.INTERNAL_KINDS or link.index in outside


def _routes(readings: Readings, family: int) -> list[Route]:
    return routing.routes(readings.routing(family, DUMP, 0))


def _undo(link: Link, ways: list[Route]) -> tuple[str, ...]:
    """Return what switches it on again and brings back the routes that somebody set over it."""
    lines = [f"/sbin/ifconfig {shlex.quote(text.readable(link.name))} up"]
    for way in ways:
        if way.index != link.index or not way.flags & routing.STATIC or way.gateway is None:
            continue
        family = "-inet6" if way.family == routing.INET6 else "-inet"
        gateway = way.gateway
        if gateway.startswith("fe80:"):
            gateway += "%" + text.readable(link.name)
        lines.append(f"/sbin/route -n add {family} {way.destination}/{way.prefix} {shlex.quote(gateway)}")
    return tuple(lines)


def _same(readings: Readings, change: Change) -> Interface:
    for one in routing.interfaces(readings.routing(0, LINKS, 0)):
        if one.index == change.index and text.from_bytes(one.name) == change.name:
            return one
    raise HostError(Gap(Outcome.ABSENT, "the link is gone, or another one has its number", change.name))


def _gap(error: OSError | ValueError, what: str, subject: text.Text | None = None) -> Gap:
    return files.gap_of(error, what, subject) if isinstance(error, OSError) else Gap(Outcome.FAILED, what, subject)
