"""Work that is done in a thread of its own: while the next piece is made, or where no signal may come up in it."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from collector import disk

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTEN = 0.2
"""Seconds after which a wait looks up: Windows hears no signal in one without an end."""
_DEPTH = 4
"""Pieces that wait at most: enough to even out a slow write, little enough to stay in memory."""
_Piece = TypeVar("_Piece")


class Behind(Generic[_Piece]):
    """Calls `work` with each piece in their order; what it raises is raised by the next `put` or by `finish`."""

    def __init__(self, work: Callable[[_Piece], object]) -> None:
        self._work = work
        self.failed: BaseException | None = None
        """What `work` raised, if it did; the last word once `stop` has returned."""
        self._queue: queue.Queue[_Piece | None] = queue.Queue(_DEPTH)
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, piece: _Piece) -> None:
        """Hand over a piece, which may wait for its turn."""
        if self.failed is not None:
            raise self.failed
        self._queue.put(piece)

    def finish(self) -> None:
        """Wait until every piece was worked on."""
        self.stop()
        if self.failed is not None:
            raise self.failed

    def stop(self) -> None:
        """Wait for the thread's end, whatever became of its work; it may be called again, after an interrupt too."""
        if not self._ended.is_set():
            self._queue.put(None)
            _wait(self._ended)

    def _run(self) -> None:
        while (piece := self._queue.get()) is not None:
            if self.failed is None:  # after a failure the rest is taken and dropped, so that no `put` waits for ever
                try:
                    self._work(piece)
                except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked for it
                    self.failed = error
        self._ended.set()


def _wait(ended: threading.Event) -> None:
    """Wait for a thread's last word. A `join` that was interrupted takes the thread for ended (CPython 3.11)."""
    while not ended.wait(_LISTEN):
        pass


def apart(work: Callable[[], object], stop: Callable[[BaseException], None]) -> None:
    """Do work that calls back, away from signals, and wait for its end; raises what it raises.

    What a signal raises comes up in the main thread, wherever that is. Inside what pyrage calls it would become a text,
    and an interrupted file a damaged one. Here it ends the wait instead: `stop` gets it and has to make the work end.
    """
    failed: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked for it
            failed.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=run, daemon=True)
    try:
        thread.start()
        _wait(ended)
    except BaseException as error:
        stop(error)
        if thread.is_alive():
            _wait(ended)
        raise
    if failed:
        raise failed[0]


class Giving:
    """What pyrage reads from: what goes wrong is kept, for pyrage makes text of it, and raised at each later read.

    A read after an error would be taken for the end.
    """

    def __init__(self) -> None:
        self.failed: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """Raise this at the next read."""
        self.failed = error

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        if self.failed is not None:
            raise self.failed
        try:
            return self._next(size)
        except BaseException as error:
            self.failed = error
            raise

    def _next(self, size: int) -> bytes:
        raise NotImplementedError


class Gathering:
    """What pyrage writes to, a few KiB at a time, for a thread behind it; keeps what goes wrong.

    pyrage makes text of an error, aborts the process after a short write, and after an error it writes again.
    """

    def __init__(self, behind: Behind[bytes]) -> None:
        self._behind = behind
        self._held: list[bytes] = []
        self._holding = 0
        self.failed: BaseException | None = None

    def write(self, data: bytes) -> int:
        """Take all of it."""
        if self.failed is not None:
            raise self.failed
        self._held.append(data)
        self._holding += len(data)
        if self._holding >= disk.CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Hand on what is held back; it is small pieces that cost time."""
        data, self._held, self._holding = b"".join(self._held), [], 0
        try:
            self._behind.put(data)
        except BaseException as error:
            self.failed = error
            raise
