"""Work that is done in a thread of its own while the next piece is made: hashing and writing let others run."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DEPTH = 4
"""Pieces that wait at most: enough to even out a slow write, little enough to stay in memory."""


class Behind:
    """Calls `work` with each piece in their order; what it raises is raised by the next `put` or by `finish`."""

    def __init__(self, work: Callable[[bytes], object]) -> None:
        self._work = work
        self._failed: BaseException | None = None
        self._queue: queue.Queue[bytes | None] = queue.Queue(_DEPTH)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, piece: bytes) -> None:
        """Hand over a piece, which may wait for its turn."""
        if self._failed is not None:
            raise self._failed
        self._queue.put(piece)

    def finish(self) -> None:
        """Wait until every piece was worked on."""
        self.stop()
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        """Wait for the thread's end, whatever became of its work; it may be called again."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (piece := self._queue.get()) is not None:
            if self._failed is None:  # after a failure the rest is taken and dropped, so that no `put` waits for ever
                try:
                    self._work(piece)
                except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked for it
                    self._failed = error
