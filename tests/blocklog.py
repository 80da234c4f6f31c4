"""Every write that reached a disk, in order, and the disk as it was after each: what power cut there would leave.

qemu's `blklogwrites` keeps the log (the format is Linux's Documentation/admin-guide/device-mapper/log-writes.rst):
what the machine wrote and when it asked for a flush. So one start of a machine shows a lost power at every write.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAGIC = 0x6A736677736872
SECTOR = 512
FLUSH, FUA, DISCARD = 1, 2, 4


@dataclass(frozen=True)
class Entry:
    """A write (or a discard, which is taken as one of zeros) at a byte of the disk; a flush writes nothing."""

    at: int
    data: bytes
    is_flush: bool
    ends: int
    """Where the log ended once this was in it."""


def entries(log: Path) -> list[Entry]:
    """Return what the log holds, as far as it is whole."""
    raw = log.read_bytes()
    magic, version, _, size = struct.unpack_from("<QQQI", raw)
    assert (magic, version, size) == (MAGIC, 1, SECTOR), "no log of writes"
    found = []
    place = SECTOR
    while place + SECTOR <= len(raw):
        sector, sectors, flags, _ = struct.unpack_from("<QQQQ", raw, place)
        place += SECTOR
        data = b""
        if not flags & DISCARD:
            data = raw[place : place + sectors * SECTOR]
            place += sectors * SECTOR
        elif sectors:
            data = bytes(sectors * SECTOR)
        if place > len(raw):
            break
        found.append(Entry(sector * SECTOR, data, bool(flags & (FLUSH | FUA)), place))
    return found


def apply(image: Path, done: Sequence[Entry]) -> None:
    """Do these writes to the image."""
    with image.open("r+b") as file:
        for entry in done:
            if entry.data:
                file.seek(entry.at)
                file.write(entry.data)
