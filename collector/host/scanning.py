"""What a scan for recent files keeps count of, on every system: the budget of hashes, and gaps of one kind."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.model import Request

SINGLE_GAPS: Final = 100
"""Gaps of one kind that are told one by one; the rest are counted."""

OVER_BUDGET: Final = "hash-over-budget"
_READ: Final = 256 << 10


class Troubles:
    """What could not be looked at: the first of each kind one by one, how many more at the end."""

    def __init__(self) -> None:
        self._gaps: Counter[tuple[Outcome, str]] = Counter()

    def one(self, what: str, outcome: Outcome, tell: Callable[[], Gap]) -> Iterator[Gap]:
        """Count one, and yield the gap that `tell` makes of it unless there were too many of its kind."""
        self._gaps[outcome, what] += 1
        # Files come and go on a running host: those that went are counted, not listed.
        if outcome is not Outcome.ABSENT and self._gaps[outcome, what] <= SINGLE_GAPS:
            yield tell()

    def rest(self) -> Iterator[Gap]:
        """Yield a gap for each kind that was counted on."""
        for (outcome, what), count in self._gaps.items():
            told = 0 if outcome is Outcome.ABSENT else SINGLE_GAPS
            if count > told:
                gone = " since it vanished" if outcome is Outcome.ABSENT else ""
                more = f"{count - told} {'more times' if told else 'times'}"
                yield Gap(outcome, f"{what}{gone}: {more}")


class Hashes:
    """The digests of recent files, within the budget of a request: bytes in all, of one file, and time."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._left = request.hash_bytes
        self._seconds = 0.0
        self._unhashed = [0, 0]
        self._buffer = memoryview(bytearray(_READ))

    @contextmanager
    def timed(self, size: int, flags: list[str]) -> Iterator[None]:
        """Count the time that one file takes, and the file where it was left out."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._seconds += time.monotonic() - started
            if OVER_BUDGET in flags:
                self._unhashed[0] += 1
                self._unhashed[1] += size

    def is_affordable(self, size: int) -> bool:
        """Tell whether a file of that size may be hashed now."""
        in_time = self._seconds < self._request.hash_seconds
        return in_time and size <= min(self._left, self._request.hash_file_bytes)

    def digest(self, size: int, read: Callable[[memoryview], int], flags: list[str]) -> str | None:
        """Return the digest of `size` bytes: a file that grows without end stays bounded.

        `read` fills memory and says how many bytes came, 0 at the end. `None` and a flag where it takes too long.
        """
        deadline = time.monotonic() + self._request.hash_seconds - self._seconds
        digest, left = hashlib.sha256(), size
        while left and (done := read(self._buffer[: min(left, _READ)])):
            digest.update(self._buffer[:done])
            left -= done
            self._left -= done
            if left and time.monotonic() > deadline:
                flags.append(OVER_BUDGET)
                return None
        return digest.hexdigest()

    def left_out(self) -> Iterator[Gap]:
        """Yield a gap for what was not hashed."""
        if self._unhashed[0]:
            yield Gap(
                Outcome.OVER_LIMIT,
                f"{self._unhashed[0]} recent files of {self._unhashed[1]} bytes in all were not hashed:"
                " over the budget of hashes",
            )
