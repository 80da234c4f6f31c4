"""Files that a walk came by, for whoever judges them: read in part, copied whole or at both ends.

A file is opened again below its folder and must be the one that was found, so that nothing that was swapped meanwhile
is read in its place. What an open file is (a descriptor, a handle) is each system's own.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar, cast

from collector.host import Batch, Part
from collector.host.walking import MAX_PATH, Trouble
from collector.model import Blob, Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.host import Seen
    from collector.host.walking import Folder, Found
    from collector.text import Text

_CHUNK: Final = 1 << 18
CHANGED: Final = "changed-while-reading"
ENDS: Final = "head-and-tail"
"""Flag of a copy that holds the first and the last bytes of a file and not what lies between."""

F = TypeVar("F")
"""What a system says of one entry."""
H = TypeVar("H")
"""What an open file is to a system."""


class State(NamedTuple):
    """What a system says of an open file; `times` as its artifact has them."""

    size: int
    mtime_ns: int
    times: dict[str, str]


class TreeFiles(Generic[H]):
    """The part of `collector.host.Trees` that looks into files; a system's own class opens, reads and closes them."""

    entered = 0
    """Trees that were walked, or whose gap was yielded."""

    def opened(self, seen: Seen) -> tuple[H, State]:
        """Open a file again; raises `OSError`, ESTALE where another one has its name now."""
        raise NotImplementedError

    def bytes_at(self, file: H, length: int, offset: int) -> bytes:
        """Return bytes from a place on, fewer at the end; raises `OSError`."""
        raise NotImplementedError

    def state(self, file: H) -> State:
        """Return what the system says of it now; raises `OSError`."""
        raise NotImplementedError

    def let_go(self, file: H) -> None:
        """Close it."""
        raise NotImplementedError

    def gap_of(self, error: OSError, what: str, subject: Text) -> Gap:
        """Return the gap for an error of the system."""
        raise NotImplementedError

    def read(self, seen: Seen, head: int, tail: int) -> Part | Gap:
        """Return the first and the last bytes of a file."""
        try:
            with self._held(seen) as (file, size):
                first = self._exactly(file, 0, min(head, size))
                left = min(tail, size - len(first))
                return Part(first, self._exactly(file, size - left, left) if left > 0 else b"", size)
        except OSError as e:
            return self._gap(e, "a file can't be read", seen)

    def probe(self, seen: Seen, offsets: tuple[int, ...], length: int) -> bytes | Gap:
        """Return `length` bytes at each place of a file, joined."""
        try:
            with self._held(seen) as (file, _):
                return b"".join(self._exactly(file, offset, length) for offset in offsets)
        except OSError as e:
            return self._gap(e, "a file can't be read", seen)

    def copy(self, seen: Seen, limit: int, kind: str = "file") -> Blob | Gap:
        """Return a file as an artifact: whole, or its first and last `limit / 2` bytes, flagged `ENDS`.

        What happens while it is read is told by its flags.
        """
        try:
            file, before = self.opened(seen)
        except OSError as e:
            return self._gap(e, "a file can't be copied", seen)
        flags: list[str] = []
        return Blob(
            kind=kind,
            suffix=".bin",
            method="read through the system's interfaces",
            chunks=self._chunks(file, seen, before, limit, flags),
            subject=from_bytes(path_of(seen)[:MAX_PATH]),
            source_times=before.times,
            flags=flags,
        )

    @contextmanager
    def _held(self, seen: Seen) -> Iterator[tuple[H, int]]:
        """Hold a file open, and tell its size; raises `OSError`."""
        file, state = self.opened(seen)
        try:
            yield file, state.size
        finally:
            self.let_go(file)

    def _exactly(self, file: H, start: int, length: int) -> bytes:
        """Return bytes of an open file, fewer where it has become shorter; raises `OSError`."""
        return b"".join(self._span(file, start, length))

    def _span(self, file: H, start: int, length: int) -> Iterator[bytes]:
        at, end = start, start + length
        while at < end and (part := self.bytes_at(file, min(end - at, _CHUNK), at)):
            at += len(part)
            yield part

    def _chunks(self, file: H, seen: Seen, before: State, limit: int, flags: list[str]) -> Iterator[bytes]:
        """Yield a file's bytes up to the size it had when it was opened, and close it."""
        try:
            size = before.size
            spans = [(0, size)] if size <= limit else [(0, limit // 2), (size - limit // 2, limit // 2)]
            if size > limit:
                flags.append(ENDS)
            for start, length in spans:
                yield from self._span(file, start, length)
            after = self.state(file)
            if (after.size, after.mtime_ns) != (before.size, before.mtime_ns):
                flags.append(CHANGED)
        except OSError as e:
            gone = self._gap(e, "a file can't be copied", seen).outcome is Outcome.ABSENT
            flags.append("vanished" if gone else "unreadable")
        finally:
            self.let_go(file)

    def _gap(self, error: OSError, what: str, seen: Seen) -> Gap:
        return self.gap_of(error, what, from_bytes(path_of(seen)[:MAX_PATH]))


def path_of(seen: Seen) -> bytes:
    """Return the whole path of a file that was come by."""
    return cast("Folder", seen.place).path(seen.name)


def batched(
    part: list[Found[F] | Trouble],
    seen: Callable[[Found[F]], Seen | None],
    gap_of: Callable[[OSError, str, Text], Gap],
) -> Iterator[Batch | Gap]:
    """Yield the regular files of one slice of a folder together, and a gap for what can't be looked at.

    `seen` returns `None` for what is no regular file.
    """
    batch: Batch | None = None
    for one in part:
        if isinstance(one, Trouble):
            yield gap_of(one.error, one.what, from_bytes(one.folder.path(one.name)[:MAX_PATH]))
            continue
        file = seen(one)
        if file is None:
            continue
        if batch is None or batch.place is not one.folder:
            if batch is not None:
                yield batch
            batch = Batch(one.folder.path(), one.folder, [])
        batch.files.append(file)
    if batch is not None:
        yield batch
