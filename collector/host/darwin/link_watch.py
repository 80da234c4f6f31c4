"""Changes of links, addresses and ways out: looked at again and again, each look compared with the one before.

The kernel's own notices are not listened to before that can be tried on a Mac. What comes and goes between two looks is
not seen as such; but a link that has no carrier at both and has sent or received in between had one: that is told as
`lost`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from collector.facts import LinkChange
from collector.host import HostError
from collector.host.darwin import clock, networks
from collector.host.kept_changes import KeptChanges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.facts import Link
    from collector.host.darwin.networks import Looked
    from collector.host.darwin.readings import Readings
    from collector.model import Moment

EVERY_S: Final = 0.5
"""Seconds between two looks: some calls of the system, and no program."""
STOP_S: Final = 2.0


class PollingWatch(KeptChanges):
    """See `collector.host.LinkWatch`."""

    def __init__(self, readings: Readings, first: Looked) -> None:
        super().__init__(clock.DarwinClock(readings))
        self._readings = readings
        self._seen = first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link-changes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """See `LinkWatch`."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            self._miss()
        else:
            self._look()  # what came since the last look

    def _run(self) -> None:
        try:
            while not self._stop.wait(EVERY_S):
                self._look()
        except Exception:  # noqa: BLE001 - whatever ends this thread: what follows is not watched, and that is told
            self._miss()

    def _look(self) -> None:
        now = networks.look(self._readings)
        if now.unread:
            self._miss()
            return
        before, self._seen = self._seen, now
        for change in compared(before, now, self._clock.now()):
            if change.what == "lost":
                self._miss()
            else:
                self._keep(change)


def watch(readings: Readings) -> PollingWatch:
    """Start watching; raises `HostError` where the links or routes can't be read."""
    first = networks.look(readings)
    if first.unread:
        raise HostError(first.unread[0].gap)
    return PollingWatch(readings, first)


def compared(before: Looked, after: Looked, moment: Moment) -> Iterator[LinkChange]:
    """Yield what became of the links, their addresses and the ways out between two looks."""
    earlier = {link.index: link for link in before.links}
    later = {link.index: link for link in after.links}
    for index, link in earlier.items():
        if index not in later:
            yield LinkChange(moment, "link-gone", index=index, name=link.name)
    for index, link in later.items():
        known = earlier.get(index)
        if known is None or _bare(known) != _bare(link):
            yield LinkChange(moment, "link", index=index, link=link, name=link.name)
        elif _is_dark(link) and before.packets.get(index) != after.packets.get(index):
            yield LinkChange(moment, "lost")
        yield from _addresses(known, link, moment)
    for route in before.default_routes:
        if route not in after.default_routes:
            yield LinkChange(moment, "route-gone", index=route.index, route=route)
    for route in after.default_routes:
        if route not in before.default_routes:
            yield LinkChange(moment, "route", index=route.index, route=route)


def _bare(link: Link) -> tuple[object, ...]:
    return link.name, link.kind, link.admin_up, link.carrier, link.mac, link.associated


def _is_dark(link: Link) -> bool:
    return not (link.admin_up and link.carrier)


def _addresses(known: Link | None, link: Link, moment: Moment) -> Iterator[LinkChange]:
    had = known.addresses if known is not None else ()
    for address in had:
        if address not in link.addresses:
            yield LinkChange(moment, "address-gone", index=link.index, address=address, name=link.name)
    for address in link.addresses:
        if address not in had:
            yield LinkChange(moment, "address", index=link.index, address=address, name=link.name)
