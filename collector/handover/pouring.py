"""How a stored file is read for an export: a source that is summed up, a sink that hands on, lines that are rows."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from collector import disk
from collector.handover.behind import Giving
from collector.rows import MAX_ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.model import Row


class Source(Giving):
    """A stored file, summed up as it is read."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self.sum = hashlib.sha256()
        self.size = 0

    def _next(self, size: int) -> bytes:
        data = os.read(self._fd, size)
        self.sum.update(data)
        self.size += len(data)
        return data

    def drain(self) -> None:
        """Sum up what nobody read."""
        while self.read(disk.CHUNK):
            pass


class Sink:
    """What pyrage writes to: hands on, sums up what it hands on where that is wanted, and keeps what goes wrong.

    pyrage makes text of an error, and after an error it writes again.
    """

    def __init__(self, take: Callable[[bytes], object], *, summed: bool) -> None:
        self._take = take
        self.sum = hashlib.sha256() if summed else None
        self.failed: BaseException | None = None

    def write(self, data: bytes) -> int:
        """Take all of it."""
        if self.failed is not None:
            raise self.failed
        if self.sum is not None:
            self.sum.update(data)
        try:
            self._take(data)
        except BaseException as error:
            self.failed = error
            raise
        return len(data)

    def flush(self) -> None:
        """Have nothing to do: everything was handed on."""


class Lines:
    """Cuts bytes into lines and gives each that is a row, with its number."""

    def __init__(self, take: Callable[[Row, int], None]) -> None:
        self._take = take
        self._held = bytearray()
        self._over = False
        self._number = 0
        self.bad = 0
        """Lines that are no row."""

    def feed(self, data: bytes) -> None:
        """Take all of it."""
        first, *rest = data.split(b"\n")
        self._hold(first)
        for part in rest:
            self._line()
            self._hold(part)

    def end(self) -> None:
        """Take the last line, which has no line end."""
        if self._held or self._over:
            self._line()

    def _hold(self, part: bytes) -> None:
        if self._over or len(self._held) + len(part) > MAX_ROW:
            self._over = True
            self._held.clear()
        else:
            self._held += part

    def _line(self) -> None:
        line, over = bytes(self._held), self._over
        self._held.clear()
        self._over = False
        self._number += 1
        row = None if over else _row(line)
        if row is None:
            self.bad += 1
        else:
            self._take(row, self._number)


def _row(line: bytes) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, a number of 5,000 digits, 100,000 brackets
        return None
    return row if isinstance(row, dict) else None
