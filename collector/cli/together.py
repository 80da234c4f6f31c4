"""Several bundles at once: worked on side by side, told in the order in which they were named.

Threads do: what takes long, hashing and reading, lets go of the interpreter. Signals come to the thread that waits,
which looks up twice a second, since Windows wakes nobody who waits without an end. No thread holds the process.
"""

from __future__ import annotations

import os
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from collector.errors import CollectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_Done = TypeVar("_Done")

MOST = 8
"""Bundles at once: one disk or share feeds them all, and each holds the names of its files."""
_PATIENCE = 0.5


def each(bundles: Sequence[Path], work: Callable[[Path], _Done]) -> Iterator[tuple[Path, _Done | CollectorError]]:
    """Yield each bundle with what `work` returned or refused, in the order given, as soon as it may be told.

    Any other exception is raised in its turn. Whoever stops early goes on without waiting for the rest.
    """
    turns = [_Turn(bundle, work) for bundle in bundles]
    crew = _Crew(turns)
    for _ in range(min(len(turns), MOST, os.cpu_count() or 1) if len(turns) > 1 else 0):
        Thread(target=crew.work, daemon=True).start()
    try:
        for turn in turns:
            if len(turns) == 1:
                turn.take()
            yield turn.bundle, turn.waited()
    finally:
        crew.stop()


class _Turn(Generic[_Done]):
    """One bundle, and what came of it."""

    def __init__(self, bundle: Path, work: Callable[[Path], _Done]) -> None:
        self.bundle = bundle
        self._work = work
        self._over = Event()
        self._found: list[_Done | CollectorError] = []
        self._failed: BaseException | None = None

    def take(self) -> None:
        """Do the work; raises nothing."""
        try:
            self._found.append(self._work(self.bundle))
        except CollectorError as error:
            self._found.append(error)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._failed = error
        self._over.set()

    def waited(self) -> _Done | CollectorError:
        """Return what came of it, once something has."""
        while not self._over.wait(_PATIENCE):
            pass
        if self._failed is not None:
            raise self._failed
        return self._found.pop()


class _Crew(Generic[_Done]):
    """Those who take the next bundle that nobody has, until there is none or it is over."""

    def __init__(self, turns: Sequence[_Turn[_Done]]) -> None:
        self._left = iter(turns)
        self._lock = Lock()

    def work(self) -> None:
        """Take one after the other."""
        while (turn := self._next()) is not None:
            turn.take()

    def stop(self) -> None:
        """Let nobody take another one."""
        with self._lock:
            self._left = iter(())

    def _next(self) -> _Turn[_Done] | None:
        with self._lock:
            return next(self._left, None)
