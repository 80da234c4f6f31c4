"""Starts and shutdowns of the machine that the login records tell (wtmp; utmp(5))."""

from __future__ import annotations

import errno
import os
import struct
import sys
from typing import TYPE_CHECKING

from collector.host.linux import clock, files
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.model import Row

MAX_EVENTS = 200
"""Most events told, the latest: a machine that is switched off each evening has so many in three months."""
MAX_BYTES = 8 << 20
"""Most that is read of one file, from its end: 20,000 records."""

_UTMP = struct.Struct("=hxxi32s4s32s256shhiii16s20x")  # struct utmp of x86-64 and arm64, 384 bytes
_RUN_LEVEL, _BOOT = 1, 2


def rows(roots: Roots) -> Iterator[Row | Gap]:
    """Yield the latest starts and shutdowns, oldest first, then a gap for each record file that can't be read."""
    found: list[Row] = []
    gaps = []
    for name in ("wtmp.1", "wtmp"):
        try:
            found += parse(_end_of(f"{roots.var}/log/{name}"), name)
        except OSError as error:
            if error.errno != errno.ENOENT or name == "wtmp":  # nothing rotated yet is no gap
                gaps.append(files.gap_of(error, "the record of starts and shutdowns (wtmp) can't be read"))
    if len(found) > MAX_EVENTS:
        gaps.append(Gap(Outcome.OVER_LIMIT, f"{len(found) - MAX_EVENTS} earlier starts and shutdowns are not told"))
    yield from found[-MAX_EVENTS:]
    yield from gaps


def parse(raw: bytes, source: str) -> list[Row]:
    """Return the starts and shutdowns of a record file in its order; a torn record at the end is left out."""
    found: list[Row] = []
    for start in range(0, len(raw) - _UTMP.size + 1, _UTMP.size):
        kind, _, _, _, user, _, _, _, _, seconds, micros, _ = _UTMP.unpack_from(raw, start)
        user = user.partition(b"\0")[0]
        what = "boot" if kind == _BOOT else "shutdown" if kind == _RUN_LEVEL and user == b"shutdown" else None
        if what is not None:
            utc = clock.utc(((seconds & 0xFFFF_FFFF) * 1_000_000 + min(abs(micros), 999_999)) * 1000)
            found.append({"utc": utc, "what": what, "source": source})
    return found


def _end_of(path: str) -> bytes:
    """Return the last whole records of a file; raises `OSError`."""
    with files.opened(path) as fd:
        size = os.fstat(fd).st_size // _UTMP.size * _UTMP.size
        first = max(0, size - MAX_BYTES // _UTMP.size * _UTMP.size)
        parts = []
        while first < size and (part := os.pread(fd, min(1 << 20, size - first), first)):
            parts.append(part)
            first += len(part)
        return b"".join(parts)
