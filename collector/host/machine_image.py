"""An image of the memory of the whole machine, as an acquisition program of the expert's writes it.

It is stored in parts while it is written, bounded in size and in silence, and nothing that went wrong is left unsaid.
How the program is started, heard and ended is each system's own (`whole_memory`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector.host import HostError
from collector.model import Blob, Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from collector.model import Request
    from collector.text import Text

PART: Final = 1 << 30
"""Most bytes of one artifact; joined in their order the parts are what the program wrote. FAT takes no 4 GiB."""
KEPT: Final = 1 << 30
"""Bytes of the medium, and of `--max-size`, that are left to all that is collected after it."""
MAX_PROGRAM: Final = 256 << 20
"""Largest acquisition program: avml is of 10 MiB."""
SILENT_S: Final = 120
"""Longest that the program may write nothing: what comes after it is worth more than waiting."""
PIECE: Final = 1 << 20
PULSE: Final = 0.2


class Image:
    """A program that runs, and what it wrote and was not yet taken; it may write `most` bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = b""
        """What came beyond the part that was read last."""
        self.taken = 0
        self.over = self.silent = self.orphans = False
        """Whether it wrote too much, or nothing any more; whether what it had started was still there after it."""

    def pieces(self) -> Iterator[bytes]:
        """Yield what the program writes until it has ended, and an empty piece where nothing came for a while."""
        raise NotImplementedError

    def end(self, *, is_whole: bool) -> bool:
        """End the program and all that it started; tell whether all of it has ended. May be called again.

        `is_whole`: all that it wrote was read, and it is given a moment to end by itself.
        """
        raise NotImplementedError

    def told(self) -> tuple[int | None, int, bytes]:
        """Return how the program ended, how often it began to write, and what it complained of."""
        raise NotImplementedError

    def take(self, data: bytes) -> bool:
        """Count what the program wrote; tell whether it still may write more."""
        self.taken += len(data)
        self.over = self.taken > self.most
        return not self.over

    def parts(self, method: str, subject: Text) -> Iterator[Blob | Gap]:
        """Yield the image in parts, then what is wrong with it."""
        is_whole = gone = False
        try:
            while True:
                flags: list[str] = []
                yield Blob("memory", ".bin", method, self._part(flags), subject, None, flags)
                if not self.left:
                    break
            is_whole = True
        finally:
            gone = self.end(is_whole=is_whole)
        yield from self._gaps(subject, gone=gone)

    def _part(self, flags: list[str]) -> Generator[bytes, None, None]:
        """Yield up to `PART` bytes, and an empty piece now and then; what came beyond stays in `left`."""
        size, is_whole = 0, False
        pieces = self.pieces()
        try:
            while not self.left or size < PART:
                data, self.left = self.left or next(pieces, None), b""
                if data is None:
                    break
                kept = data[: PART - size]
                size, self.left = size + len(kept), data[len(kept) :]
                yield kept
            is_whole = not (self.over or self.silent)
        finally:
            if self.over or self.silent:
                flags.append("cut")
            if not is_whole:  # whoever reads has left, or it was too much
                self.end(is_whole=False)

    def _gaps(self, subject: Text, *, gone: bool) -> Iterator[Gap]:
        """Yield what is wrong with an image that was read to its end."""
        code, began, complaint = self.told()
        if self.over:
            yield Gap(Outcome.OVER_LIMIT, f"an acquisition program wrote more than {self.most} bytes: ended", subject)
        if self.silent:
            yield Gap(Outcome.TIMED_OUT, f"an acquisition program wrote nothing for {SILENT_S} s: ended", subject)
        if self.orphans:
            reason = "what an acquisition program had started was still there after it: ended"
            yield Gap(Outcome.FAILED, reason, subject)
        if not gone:
            yield Gap(Outcome.LOCKED, "an acquisition program, or what it started, could not be ended", subject)
        if began > 1:
            again = f"an acquisition program began {began} times: what it wrote first is a try that it gave up"
            yield Gap(Outcome.FAILED, again, subject)
        if code and not (self.over or self.silent):
            said = from_bytes(complaint) if complaint else subject
            yield Gap(Outcome.FAILED, f"an acquisition program ended with {code}", said)
        elif not (self.taken or self.silent):
            yield Gap(Outcome.FAILED, "an acquisition program wrote nothing where it was told to", subject)


def room(free: int, request: Request) -> int:
    """Return the bytes that an image may take: what the medium has free, or the run may take, but for `KEPT`."""
    return (free if request.max_size is None else min(free, request.max_size)) - KEPT


def demand_room(needed: int, has: int, subject: Text) -> None:
    """Raise `HostError` where an image would not fit: it is worth nothing in part, and fills the medium."""
    if needed > has:
        told = f"not started: the memory of the machine takes {needed} bytes, there is room for {max(0, has)}"
        raise HostError(Gap(Outcome.OVER_LIMIT, told, subject))
