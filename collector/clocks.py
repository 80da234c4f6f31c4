"""What the clocks of two records say of the time between them: set, slept, started again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.manifest import Record
    from collector.model import Json, Moment

STEP_NS = 10**9
"""A wall clock that moves a second more or less than the boot clock was set (NTP slews far less)."""
SUSPEND_NS = 10**6
"""Boot clock against monotonic clock: they differ by under a microsecond unless the machine slept (measured)."""


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """Something that happened to the clocks: `what` is clock-step, suspend or reboot."""

    what: str
    data: dict[str, Json]


def events_between(before: Moment, after: Moment) -> list[ClockEvent]:
    """Return what happened to the clocks between two readings on the same host."""
    if before.boot_id != after.boot_id:
        return [ClockEvent("reboot", {"boot_id_before": before.boot_id, "boot_id_after": after.boot_id})]
    events = []
    step = (after.utc_ns - before.utc_ns) - (after.boot_ns - before.boot_ns)
    if abs(step) > STEP_NS:
        events.append(ClockEvent("clock-step", {"by_ns": str(step)}))
    slept = (after.boot_ns - after.mono_ns) - (before.boot_ns - before.mono_ns)
    if slept > SUSPEND_NS:
        events.append(ClockEvent("suspend", {"for_ns": str(slept)}))
    return events


def step_between(before: Record, after: Record) -> str | None:
    """Return what the times of two records, one after the other, say of a clock that was set, or `None`."""
    if before["boot_id"] != after["boot_id"]:
        return None
    start, end = _times(str(before["utc"]), str(before["boot_ns"])), _times(str(after["utc"]), str(after["boot_ns"]))
    step = (end[0] - start[0]).total_seconds() - (end[1] - start[1]) / 1e9
    if end[1] >= start[1] and abs(step) * 1e9 <= STEP_NS:
        return None
    where = f"between record {before['seq']} and record {after['seq']}"
    return (
        f"the boot clock went back {where}" if end[1] < start[1] else f"the wall clock was set by {step:+.1f} s {where}"
    )


@lru_cache(maxsize=2)  # each record is the later one first, then the earlier one
def _times(utc: str, boot_ns: str) -> tuple[datetime, int]:
    return datetime.fromisoformat(utc[:-1]), int(boot_ns)
