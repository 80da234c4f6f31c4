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
from collector.host.readings import Reading, bare, changes

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
    for link in after.links:
        known = earlier.get(link.index)
        silent = known is not None and bare(known) == bare(link) and _is_dark(link)
        if silent and before.packets.get(link.index) != after.packets.get(link.index):
            yield LinkChange(moment, "lost")
    first, second = (Reading.of(looked.links, looked.default_routes) for looked in (before, after))
    yield from changes(first, second, moment)


def _is_dark(link: Link) -> bool:
    return not (link.admin_up and link.carrier)
