"""What tells the time on macOS, and since when the system runs."""

from __future__ import annotations

import errno
import os
import struct
import time
from typing import TYPE_CHECKING, Final

from collector.model import UNKNOWN_BOOT, Moment
from collector.times import utc_text

if TYPE_CHECKING:
    from collector.host.darwin.readings import Readings

_SECOND: Final = 10**9
_TIMEVAL: Final = struct.Struct("<qi")
_LAST: Final = 253_370_764_800 * _SECOND


class DarwinClock:
    """The clocks of the kernel (see `collector.model.Clock`).

    `mono_ns` is CLOCK_UPTIME_RAW, which stands still in sleep; `boot_ns` is CLOCK_MONOTONIC_RAW, which does not: on
    macOS "monotonic" goes on in sleep (clock_gettime(3)). The boot is named by `kern.bootsessionuuid`.
    """

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def now(self) -> Moment:
        """Return one reading; never raises."""
        utc_ns, awake_ns, running_ns = self._readings.clocks()
        return Moment(
            utc_ns=utc_ns,
            offset_s=time.localtime(utc_ns // _SECOND).tm_gmtoff,
            mono_ns=awake_ns,
            boot_ns=running_ns,
            boot_id=boot_id(self._readings),
        )


def boot_id(readings: Readings) -> str:
    """Return the identity of this start of the system, or `UNKNOWN_BOOT`; never raises."""
    try:
        told = readings.sysctl("kern.bootsessionuuid").rstrip(b"\0").decode("ascii")
    except (OSError, UnicodeDecodeError):
        return UNKNOWN_BOOT
    return told.lower() or UNKNOWN_BOOT


def boot_time_ns(readings: Readings) -> int:
    """Return when the system started by the wall clock of now (`kern.boottime`, a timeval); raises `OSError`."""
    raw = readings.sysctl("kern.boottime")
    if len(raw) < _TIMEVAL.size:
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    seconds, micros = _TIMEVAL.unpack_from(raw)
    return int(seconds) * _SECOND + int(micros) * 1000


def uptime_s(readings: Readings) -> int:
    """Return whole seconds since the start, sleep included."""
    return readings.clocks()[2] // _SECOND


def moment(nanoseconds: int) -> str | None:
    """Return the spelling of a moment, or `None` where it is before 1970 or beyond the year 9998."""
    return utc_text(nanoseconds) if 0 <= nanoseconds < _LAST else None
