"""Who is logged on: /var/run/utmpx, records of 628 bytes behind one that is the signature.

No header of Apple's describes the file; Libc (`struct utmpx32` in gen/utmpx-darwin.c) and plaso's `utmp.yaml`
(`macosx_utmpx_entry`) do. The types of records are those of utmpx.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

SIGNATURE: Final = b"utmpx-1.00"
TYPES: Final = {1: "runlevel", 2: "boot", 3: "clock", 4: "clock", 5: "init", 6: "login", 7: "user", 8: "dead"}
SHUTDOWN: Final = 11
MAX_RECORDS: Final = 10_000

_RECORD: Final = struct.Struct("<256s4s32sih2xii256s64x")
SIZE: Final = _RECORD.size
"""628 bytes."""
_SIGNATURE_TYPE: Final = 10


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `type` is the number of utmpx.h, `time_ns` since 1970 UTC."""

    user: bytes
    line: bytes
    pid: int
    type: int
    time_ns: int
    host: bytes


def parse(raw: bytes) -> tuple[list[Record], int]:
    """Return the records that are not empty, and how many bytes at the end are no whole one; raises `ValueError`.

    A file without its signature is none: `ValueError`.
    """
    records: list[Record] = []
    for start in range(0, len(raw) - SIZE + 1, SIZE):
        user, _, line, pid, type_, seconds, micros, host = _RECORD.unpack_from(raw, start)
        if start == 0:
            if not user.startswith(SIGNATURE + b"\0") or type_ != _SIGNATURE_TYPE:
                raise ValueError("no signature of utmpx")
            continue
        if type_ and len(records) < MAX_RECORDS:
            records.append(
                Record(
                    _string(user), _string(line), pid, type_, (seconds * 1_000_000 + micros) * 1000, _string(host)
                )
            )
    if len(raw) < SIZE:
        raise ValueError("shorter than one record")
    return records, len(raw) % SIZE


def _string(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
