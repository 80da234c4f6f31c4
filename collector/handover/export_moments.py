"""Times of records and rows as whole nanoseconds since 1970, and as exports write them. Pure.

Whatever is no time comes out as none: rows are attacker-chosen.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.model import Json

SECOND = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_UTC = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z", re.ASCII)


def from_number(value: Json) -> int | None:
    """Return the nanoseconds of a column `…_ns`: a number or a decimal string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**20 else None
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def from_utc(value: Json) -> int | None:
    """Return the nanoseconds of a time as records and rows spell it: `2026-11-18T11:06:40.001000Z`."""
    match = _UTC.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        whole = datetime.fromisoformat(match[1] + "+00:00") - _EPOCH
    except ValueError:  # the 30th of February
        return None
    return (whole.days * 86_400 + whole.seconds) * SECOND + int((match[2] or "").ljust(9, "0"))


def iso(nanoseconds: int) -> str | None:
    """Return a time in ISO 8601 with microseconds and offset, none outside the years 1 to 9999."""
    try:
        return (_EPOCH + timedelta(microseconds=nanoseconds // 1000)).isoformat(timespec="microseconds")
    except OverflowError:
        return None
