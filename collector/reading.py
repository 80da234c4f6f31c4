"""Reads one source in a thread of its own, so that nothing on the host can stall the run.

A read that hangs in the system (a dead display, a lost mount) can't be interrupted from
Python; it is left behind, and what it had delivered is kept, to the last row.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from collector.host import HostError
from collector.model import Blob, Gap, Outcome
from collector.text import from_native

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.model import Item, Row

BATCH = 256
"""Rows that are handed over together; one by one the hand-over would cost more than the row."""
BATCH_SECONDS = 0.2
ENDING_S = 1.0
"""How long a thread that is left behind may take to end what it reads from."""
_WAITING = 16
"""Batches that may wait: with it memory stays bounded however fast the host delivers."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next bytes of the `Blob` handed over before."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BlobEnd:
    """No more bytes of the `Blob` follow."""


Delivery: TypeAlias = "list[Row] | Gap | Blob | Chunk | BlobEnd"


class Reading(threading.Thread):
    """One source being read; iterate `deliveries` from the run's own thread."""

    def __init__(self, name: str, items: Iterable[Item]) -> None:
        super().__init__(name=f"source-{name}", daemon=True)
        self._items = items
        self._queue: queue.Queue[Delivery | None] = queue.Queue(_WAITING)
        self._abandoned = threading.Event()
        self._rows: list[Row] = []
        self._lock = threading.Lock()
        """Held by whoever touches `_rows`: what waits there is handed over by either thread."""

    def run(self) -> None:
        """Hand over whatever the source yields; whatever it raises becomes a gap."""
        try:
            self._read()
        except HostError as error:
            self._hand_over()
            self._put(error.gap)
        except MemoryError:
            self._hand_over()
            self._put(Gap(Outcome.OVER_LIMIT, "memory ran out while this was read"))
        except Exception as error:  # noqa: BLE001 - the run goes on; the gap says what it was
            self._hand_over()
            self._put(
                Gap(Outcome.FAILED, f"reading stopped with {type(error).__name__}", from_native(str(error)[:2000]))
            )
        finally:
            self._hand_over()  # also where the process ends
            self._put(None)

    def _read(self) -> None:
        due = time.monotonic() + BATCH_SECONDS
        for item in self._items:
            if isinstance(item, dict):
                with self._lock:
                    self._rows.append(item)
                if len(self._rows) < BATCH and time.monotonic() < due:
                    continue
            self._hand_over()
            due = time.monotonic() + BATCH_SECONDS
            if isinstance(item, Gap):
                self._put(item)
            elif isinstance(item, Blob):
                self._put(item)
                for data in item.chunks:
                    self._put(Chunk(data))
                    if self._abandoned.is_set():  # what the chunks come from ends with them: a program is killed
                        close = getattr(item.chunks, "close", None)
                        if close is not None:
                            close()
                        return
                self._put(BlobEnd())
            if self._abandoned.is_set():
                return
        self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            rows, self._rows = self._rows, []
        if rows:
            self._put(rows)

    def _waiting(self) -> list[Row] | None:
        """Take the rows that wait for more while the next item keeps us waiting: it may hang for ever."""
        with self._lock:
            if not self._rows or not self._queue.empty():  # those in the queue come first
                return None
            rows, self._rows = self._rows, []
            return rows

    def _put(self, delivery: Delivery | None) -> None:
        while not self._abandoned.is_set():
            try:
                self._queue.put(delivery, timeout=0.5)
            except queue.Full:
                continue
            return

    def deliveries(self, patience: float = 0.1) -> Iterator[Delivery | None]:
        """Yield deliveries, and `None` whenever there was none for `patience` seconds; ends with the source."""
        while True:
            try:
                delivery = self._queue.get(timeout=patience)
            except queue.Empty:
                yield self._waiting()
                continue
            if delivery is None:
                return
            yield delivery

    def rest(self) -> Iterator[Delivery]:
        """Yield what was delivered and not taken yet, when whoever takes it has to end."""
        for _ in range(_WAITING):
            try:
                delivery = self._queue.get_nowait()
            except queue.Empty:
                break
            if delivery is None:
                return
            yield delivery
        with self._lock:
            rows, self._rows = self._rows, []
        if rows:
            yield rows

    def abandon(self) -> None:
        """Leave the thread behind: it ends at its next delivery, or with the process.

        For a moment it is waited for: a program of which it reads is to end before we do.
        """
        self._abandoned.set()
        if self.is_alive():
            self.join(ENDING_S)
