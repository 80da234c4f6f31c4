"""Changes of the network between the thread that notices them and whoever fetches them: kept in order, and bounded."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from collector.facts import LinkChange

if TYPE_CHECKING:
    from collector.model import Clock

MAX_CHANGES: Final = 10_000
"""Most changes kept until they are fetched, which happens ten times a second."""


class KeptChanges:
    """What every `collector.host.LinkWatch` gives of what it noticed; each system's own notices, and stops."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[LinkChange] = deque()
        self._overflow = False
        self._there = threading.Condition()

    def changes(self) -> list[LinkChange]:
        """See `LinkWatch`."""
        with self._there:
            found = list(self._kept)
            self._kept.clear()
            if self._overflow:
                self._overflow = False
                found.append(LinkChange(self._clock.now(), "lost"))
            return found

    def wait(self, seconds: float) -> bool:
        """See `LinkWatch`."""
        with self._there:
            return self._there.wait_for(lambda: bool(self._kept) or self._overflow, seconds)

    def _keep(self, change: LinkChange) -> None:
        with self._there:
            if len(self._kept) >= MAX_CHANGES:
                self._overflow = True
            else:
                self._kept.append(change)
            self._there.notify_all()

    def _miss(self) -> None:
        """Keep that changes are missing without saying since when: told once, after all that is kept."""
        with self._there:
            self._overflow = True
            self._there.notify_all()

    def _lost(self, namespace: str | None = None) -> None:
        """Keep that changes are missing from here on, in one namespace or, where none is named, our own."""
        self._keep(LinkChange(self._clock.now(), "lost", namespace))
