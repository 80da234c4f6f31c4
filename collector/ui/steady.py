"""Writes to whoever looks on and never waits long for them: a pipe that nobody reads, a terminal that stands still.

A thread of its own writes, since nothing else gets a writer out of a full pipe or a stopped terminal: to ask before
whether there is room says nothing of how much, and a flag that it must not wait would be set for all who share it.
"""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING, Final

from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from typing import TextIO

PATIENCE_SECONDS: Final = 1.0
"""How long a reader that stands still is waited for, once; then for nothing until all that waits is written."""
ROOM: Final = 1 << 16
"""Most characters that wait for a reader; what is told beyond them is dropped, whole from one flush to the next."""
_LOOK_SECONDS: Final = 0.5


class Steady(Terminal):
    """A stream on which nobody can hold up who writes; what waits for its reader is written in its order."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._turn = threading.Condition()
        self._waiting: list[str] = []
        self._words = ""
        self._unwritten = 0
        self._is_over = False
        self._writer: threading.Thread | None = None
        self._may_stall = _may_stall(stream)
        self.is_stalled = False
        """Whether something was not written in time, and is not yet."""

    def write(self, words: str) -> int:
        """Take a text, which goes out with the next flush."""
        if not self._may_stall:
            return super().write(words)
        self._words += words
        return len(words)

    def flush(self) -> None:
        """Have written what was taken: it is, when this returns, unless the stream `is_stalled` (or gone)."""
        if not self._may_stall:
            super().flush()
            return
        words, self._words = self._words, ""
        if not words or self.gone is not None or not self._has_writer():
            return
        with self._turn:
            if self._unwritten + len(words) > ROOM and self._unwritten:
                return
            self._waiting.append(words)
            self._unwritten += len(words)
            self._turn.notify_all()
        if not self.is_stalled:
            self.settle(PATIENCE_SECONDS)

    def settle(self, seconds: float) -> None:
        """Wait until all is written, but no longer than that."""
        with self._turn:
            self.is_stalled = not self._turn.wait_for(self._is_written, seconds)

    def close(self) -> None:
        """Wait until all is written, however long, and end the thread: others may write there now.

        Not for the midst of a run. May be called twice, and a flush afterwards starts anew.
        """
        if self._writer is None:
            return
        with self._turn:
            while self._writer.is_alive() and not self._turn.wait_for(self._is_written, _LOOK_SECONDS):
                pass  # on Windows a signal is heard between two looks
            self._is_over = True
            self._turn.notify_all()
        self._writer.join()
        self._writer, self._is_over, self.is_stalled = None, False, False

    def _is_written(self) -> bool:
        return not self._unwritten

    def _has_writer(self) -> bool:
        if self._writer is None:
            writer = threading.Thread(target=self._work, name="progress", daemon=True)
            try:
                writer.start()
            except RuntimeError:  # no thread is to be had: nothing is told rather than the run held up
                return False
            self._writer = writer
        return True

    def _work(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting or self._is_over)
                if not self._waiting:
                    return
                words = "".join(self._waiting)
                self._waiting.clear()
            try:
                super().write(words)
                super().flush()
            finally:
                with self._turn:
                    self._unwritten -= len(words)
                    self.is_stalled = self.is_stalled and bool(self._unwritten)
                    self._turn.notify_all()


def _may_stall(stream: TextIO) -> bool:
    """Tell whether a reader may stand still there: not in a file, nor where nothing of the system stands behind."""
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False
