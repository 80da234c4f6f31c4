"""How a moment is spelled in a record (docs/SPEC.md, section 3.3). Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

_LAST_SECOND = 253_370_764_800
"""3.3: a clock set beyond the year 9998 is written as its end."""


def _instant(utc_ns: int) -> datetime:
    bounded = min(max(utc_ns, 0), _LAST_SECOND * 10**9)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=bounded // 1000)


def utc_text(utc_ns: int) -> str:
    """Return a time in the spelling of clause 3.3, cut (not rounded) to the microsecond."""
    return _instant(utc_ns).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def local_text(utc_ns: int, offset_s: int) -> str:
    """Return the same time on the host's own clock, with its offset in whole minutes."""
    zone = timezone(timedelta(minutes=offset_s // 60))
    return _instant(utc_ns).astimezone(zone).isoformat(timespec="microseconds")
