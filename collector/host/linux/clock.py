"""What tells the time on Linux, and since when the system runs."""

from __future__ import annotations

import re
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from collector.host.linux import files
from collector.model import Moment

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots

UNKNOWN_BOOT = "unknown"
"""The boot id where the kernel doesn't tell one: the same at each reading."""

_SECOND = 10**9
_BTIME_AGREES_NS = 2 * _SECOND
"""/proc/stat tells whole seconds, rounded down; a larger distance means a recorded tree or another time namespace."""

_TRIES = 16
_NEAR_NS = 50_000
"""How near two readings around the other clock must be; a millisecond apart counts as sleep (`clocks.SUSPEND_NS`)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MICROSECOND = (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class LinuxClock:
    """The clocks of the kernel (see `collector.model.Clock`)."""

    def __init__(self, roots: Roots) -> None:
        self._boot_id = f"{roots.proc}/sys/kernel/random/boot_id"

    def now(self) -> Moment:
        """Return one reading; never raises. The boot id is read anew each time (it is cheap)."""
        utc_ns, (mono_ns, boot_ns) = time.time_ns(), _running()
        return Moment(
            utc_ns=utc_ns,
            offset_s=time.localtime(utc_ns // _SECOND).tm_gmtoff,
            mono_ns=mono_ns,
            boot_ns=boot_ns,
            boot_id=boot_id(self._boot_id),
        )


def _running() -> tuple[int, int]:
    """Return both clocks that only run forward, as nearly at one instant as the system lets us.

    Whoever is put aside between the two readings, on a machine that is busy encrypting, would see them apart by
    milliseconds, and take that for sleep.
    """
    best = (0, 0, _SECOND * _SECOND)
    for _ in range(_TRIES):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        mono_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        spread = boot_ns - before
        if spread < best[2]:
            best = (mono_ns, boot_ns, spread)
        if spread < _NEAR_NS:
            break
    return best[:2]


def boot_id(path: str) -> str:
    """Return the identity of this start of the system, or `UNKNOWN_BOOT`; never raises."""
    try:
        text = files.read_kernel(path, limit=64).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return UNKNOWN_BOOT
    return text or UNKNOWN_BOOT


def suspends(roots: Roots) -> int | None:
    """Return how often the system slept since its start, or `None` where it does not count; never raises.

    Where a processor has no idle state of its own for it, suspend-to-idle moves no clock: only this counter tells
    (Documentation/ABI/testing/sysfs-power; seen in a virtual machine).
    """
    try:
        return int(files.read_kernel(f"{roots.sys}/power/suspend_stats/success", limit=64))
    except (OSError, ValueError):
        return None


def boot_time_ns(roots: Roots) -> int:
    """Return when the system started, in nanoseconds since 1970 UTC, by the wall clock of now.

    The kernel writes whole seconds (`btime` in /proc/stat); where the running clocks agree
    with it, theirs is given, since the start of a process is counted from it. Raises `OSError`
    or `ValueError`.
    """
    found = re.search(rb"^btime (\d{1,18})$", files.read_kernel(f"{roots.proc}/stat"), re.MULTILINE)
    if not found:
        raise ValueError("no btime in /proc/stat")
    written = int(found[1]) * _SECOND
    live = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return live if abs(live - written) <= _BTIME_AGREES_NS else written


def utc(nanoseconds: int) -> str | None:
    """Return `YYYY-MM-DDTHH:MM:SS.ffffffZ`, or `None` where the year is not between 1970 and 9999."""
    microseconds = nanoseconds // 1000
    if not 0 <= microseconds <= _LAST_MICROSECOND:
        return None
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z"
