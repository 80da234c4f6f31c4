"""FILETIME (minwinbase.h): 100 nanoseconds since 1601 UTC, and how we spell it."""

from __future__ import annotations

from typing import Final

from collector.times import utc_text

SIZE: Final = 8
"""Bytes of one."""
TICK_NS: Final = 100
"""Nanoseconds of one unit."""
EPOCH: Final = 116_444_736_000_000_000
"""The first of January 1970."""
_LAST: Final = (253_370_764_800 * 10**9) // TICK_NS + EPOCH
"""The end of the year 9998, as in SPEC 3.3."""


def utc_ns(filetime: int) -> int:
    """Return nanoseconds since 1970 UTC; negative before it."""
    return (filetime - EPOCH) * TICK_NS


def known_ns(filetime: int) -> int | None:
    """Return the same, `None` for 0: that file system keeps no such time."""
    return utc_ns(filetime) if filetime else None


def of_ns(ns: int) -> int:
    """Return nanoseconds since 1970 UTC in the time of Windows, rounded down."""
    return ns // TICK_NS + EPOCH


def utc(filetime: int) -> str | None:
    """Return `YYYY-MM-DDTHH:MM:SS.ffffffZ`; `None` for 0 and whatever lies before 1970 or beyond 9998."""
    return utc_text(utc_ns(filetime)) if EPOCH <= filetime <= _LAST else None
