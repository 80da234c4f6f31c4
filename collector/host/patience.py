"""Waits for a read of the system only so long: a hostile process can make one that never returns.

Linux: arguments and environment of a process lie in its own memory, and its program where it likes. Whoever puts a
page of its own FUSE file system there, or runs from one, holds who looks at it, and no exception gets them out.
Windows: whoever asks what stands behind the handle of a pipe waits until the pipe is read.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LOST: Final = 32
"""Most threads that are left behind; each costs some memory and holds what it had opened."""


class LostError(Exception):
    """What was asked did not answer in time, or so many did not that nothing more is asked."""


class Patience:
    """Does one piece of work at a time in a thread that is left behind where it doesn't come back."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lost = 0
        self._worker: _Worker | None = None

    def call(self, work: Callable[[], Any]) -> Any:
        """Return what the work returns, or raise what it raises; raises `LostError` after the time."""
        if self._lost == MAX_LOST:
            raise LostError
        if self._worker is None:
            self._worker = _Worker()
            self._worker.start()
        worker = self._worker
        worker.asked.put(work)
        try:
            done, result = worker.answers.get(timeout=self._seconds)
        except queue.Empty:
            self._worker = None
            self._lost += 1
            worker.asked.put(None)  # should it ever come back, it ends
            raise LostError from None
        if not done:
            raise result
        return result

    def end(self) -> None:
        """Let the thread end."""
        if self._worker is not None:
            self._worker.asked.put(None)
            self._worker = None


class _Worker(threading.Thread):
    """One thread that does what it is asked until it is told to end."""

    def __init__(self) -> None:
        super().__init__(name="patience", daemon=True)
        self.asked: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def run(self) -> None:
        while (work := self.asked.get()) is not None:
            try:
                self.answers.put((True, work()))
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                self.answers.put((False, error))
