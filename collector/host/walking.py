"""Walks trees for recent files with two threads, without following a link or touching a mount point.

Folders are opened below the handle of their parent, so a path may be longer than the
system's limit, and a folder that is swapped for a link meanwhile leads nowhere. Memory and
handles are bounded: what waits is a folder's names, never its entries' facts. How a folder is
opened and read is each system's affair (`Opener`, `Eyes`).
"""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from collector.text import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

F = TypeVar("F")
"""What a system says of one entry."""

THREADS: Final = 2
"""On two cores one takes 1.5 times as long as `find`, two 1.2 times, and 0.8 times where nothing is cached."""

OPEN_FOLDERS: Final = 64
"""Folders that each thread keeps open at most; one that was closed is opened again from above."""

MAX_PATH: Final = 400_000
"""Bytes of a path in a row, more than 1,000 levels of 255: as JSON it stays below the 4 MiB of a line."""

_WAITING_SLICES: Final = 8
"""Slices of recent files that may wait to be taken, 1 MiB each at most."""

_CHUNK: Final = 256
"""Names of subfolders that are taken apart at once: they wait joined, a tenth of their size in a list."""

_PATIENCE: Final = 0.5
"""Seconds after which a thread that can't hand over its slice looks whether it should stop."""

Marks: TypeAlias = "dict[bytes, Marks | None]"
"""Names below a folder that lead to places never touched (`None`), known by path alone."""


@dataclass(slots=True, eq=False)
class Folder:
    """A folder of the walk; the topmost has its whole path as name."""

    parent: Folder | None
    name: bytes
    marks: Marks | None = None
    identity: tuple[int, int] | None = None
    """Device and number of the file, once it was opened."""

    def path(self, name: bytes = b"") -> bytes:
        """Return the whole path of the folder, or of an entry in it."""
        parts = [name] if name else []
        here: Folder | None = self
        while here is not None:
            parts.append(here.name)
            here = here.parent
        parts.reverse()
        return joined(*parts)


class Found(NamedTuple, Generic[F]):
    """A recent entry that is no folder."""

    folder: Folder
    name: bytes
    facts: F


@dataclass(frozen=True, slots=True)
class Trouble:
    """A folder or entry that could not be looked at; `what` is a plain phrase."""

    folder: Folder
    name: bytes
    error: OSError
    what: str


class Slice(NamedTuple, Generic[F]):
    """Part of a folder: the names of its subfolders, and what is recent among the rest."""

    subfolders: list[bytes]
    changed: list[tuple[bytes, F | OSError]]
    """With the facts, or why they can't be had."""


class Eyes(Protocol[F]):
    """What one thread looks with."""

    def enter(self, folder: Folder) -> int:
        """Open a folder and note its identity; raises `OSError`."""

    def slices(self, handle: int, folder: Folder) -> Iterator[Slice[F]]:
        """Yield what is in a folder that was opened; raises `OSError`."""

    def close(self) -> None:
        """Let go of what is held open."""


class Opener(Protocol):
    """How a system opens folders, knows them again and closes them."""

    def open_folder(self, name: bytes, above: int | None) -> int:
        """Open the top of a tree by its path, or a folder below another; raises `OSError`."""

    def identity(self, handle: int) -> tuple[int, int]:
        """Return device and number of an open folder; raises `OSError`."""

    def close(self, handle: int) -> None:
        """Close a folder."""


class OpenFolders:
    """The open folders of one thread, `most` at most; the one unused longest is closed first."""

    def __init__(self, opener: Opener, most: int = OPEN_FOLDERS) -> None:
        self._open: OrderedDict[Folder, int] = OrderedDict()
        self._opener = opener
        self._most = most

    def of(self, folder: Folder) -> int:
        """Return the handle of a folder, valid until the next call; raises `OSError`.

        Each part of the way is opened below the last one; a folder that is not the one it
        was when the walk came by is refused with ESTALE.
        """
        missing: list[Folder] = []
        here: Folder | None = folder
        while here is not None and here not in self._open:
            missing.append(here)
            here = here.parent
        handle = None
        if here is not None:
            self._open.move_to_end(here)
            handle = self._open[here]
        for below in reversed(missing):
            handle = self._opener.open_folder(below.name, handle)
            self._open[below] = handle
            while len(self._open) > self._most:
                self._opener.close(self._open.popitem(last=False)[1])
            identity = self._opener.identity(handle)
            if below.identity is None:
                below.identity = identity
            elif below.identity != identity:
                self._opener.close(self._open.pop(below))
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        assert handle is not None
        return handle

    def close(self) -> None:
        """Close all of them."""
        while self._open:
            self._opener.close(self._open.popitem()[1])


class Walk(Generic[F]):
    """One walk over some trees: iterate it once, then `close` it.

    Yields lists of what was found, in no promised order, and an empty one now and then. Threads are daemons: one that
    hangs in the system can be left behind.
    """

    def __init__(
        self, tops: Sequence[Folder], eyes: Callable[[], Eyes[F]], exclude: frozenset[tuple[int, int]]
    ) -> None:
        self._eyes = eyes
        self._exclude = exclude
        self._waiting: list[tuple[Folder | None, bytes | Folder]] = [(None, top) for top in reversed(tops)]
        self._changed = threading.Condition()
        self._busy = 0
        self._stop = threading.Event()
        self._crash: Exception | None = None
        self._running = THREADS
        self._found: queue.Queue[list[Found[F] | Trouble] | None] = queue.Queue(_WAITING_SLICES)
        self._threads = [threading.Thread(target=self._work, name="walk", daemon=True) for _ in range(THREADS)]

    def __iter__(self) -> Iterator[list[Found[F] | Trouble]]:
        for thread in self._threads:
            thread.start()
        while (found := self._next_found()) is not None:
            yield found
        if self._crash is not None:
            raise RuntimeError("a thread of the walk broke") from self._crash

    def _next_found(self) -> list[Found[F] | Trouble] | None:
        """Return the next list, an empty one where nothing was found for a while, `None` at the end."""
        try:
            return self._found.get(timeout=_PATIENCE)
        except queue.Empty:
            return []

    def close(self) -> None:
        """Stop the threads and wait a moment for them; may be called at any time."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_PATIENCE * 2)

    def _work(self) -> None:
        eyes = self._eyes()
        try:
            while (folder := self._next()) is not None:
                self._visit(folder, eyes)
                with self._changed:
                    self._busy -= 1
                    if not self._busy and not self._waiting:
                        self._changed.notify_all()
        except Exception as e:  # noqa: BLE001 - carried to the thread that asked
            with self._changed:
                self._crash = e
                self._changed.notify_all()
        finally:
            eyes.close()
            with self._changed:
                self._running -= 1
                last = not self._running
            if last:
                self._end()

    def _end(self) -> None:
        """Tell the consumer that nothing follows: wait for room, unless nobody is there to take it."""
        while True:
            try:
                self._found.put(None, timeout=_PATIENCE)
            except queue.Full:
                if self._stop.is_set():
                    return
            else:
                return

    def _ending(self) -> bool:
        return self._stop.is_set() or self._crash is not None

    def _next(self) -> Folder | None:
        """Return the folder seen last, so that few wait; `None` when all are done or the walk is closed."""
        with self._changed:
            while not self._waiting and self._busy and not self._ending():
                self._changed.wait()
            if not self._waiting or self._ending():
                return None
            self._busy += 1
            parent, names = self._waiting.pop()
            if isinstance(names, Folder):
                return names
            rest, _, name = names.rpartition(b"\0")
            if rest:
                self._waiting.append((parent, rest))
        marks = parent.marks.get(name) if parent is not None and parent.marks else None
        return Folder(parent, name, marks)

    def _later(self, parent: Folder, names: list[bytes]) -> None:
        with self._changed:
            for start in range(0, len(names), _CHUNK):
                self._waiting.append((parent, b"\0".join(names[start : start + _CHUNK])))
            self._changed.notify_all()

    def _hand_over(self, found: list[Found[F] | Trouble]) -> None:
        while found and not self._stop.is_set():
            try:
                self._found.put(found, timeout=_PATIENCE)
            except queue.Full:
                continue
            return

    def _visit(self, folder: Folder, eyes: Eyes[F]) -> None:
        """Look at all entries of a folder, a slice at a time, and leave its subfolders for later."""
        try:
            handle = eyes.enter(folder)
        except OSError as e:
            self._hand_over([Trouble(folder, b"", e, "a folder can't be opened")])
            return
        if folder.identity in self._exclude:
            return
        try:
            for part in eyes.slices(handle, folder):
                if self._stop.is_set():
                    return
                if part.subfolders:
                    self._later(folder, part.subfolders)
                self._hand_over([_told(folder, name, facts) for name, facts in part.changed])
        except OSError as e:
            self._hand_over([Trouble(folder, b"", e, "a folder can't be read to its end")])


def _told(folder: Folder, name: bytes, facts: F | OSError) -> Found[F] | Trouble:
    if isinstance(facts, OSError):
        return Trouble(folder, name, facts, "an entry can't be looked at")
    return Found(folder, name, facts)
