"""What tells the time on Windows, and since when the system runs.

Both clocks that only run forward are the kernel's interrupt time: `boot_ns` with the time that the machine slept,
`mono_ns` without it (learn.microsoft.com, "Interrupt Time"). Neither moves with the wall clock.

The identity of a start is made of three things that stay as they are until the next one: the number of boots
(KUSER_SHARED_DATA.BootId, ntddk.h: "incremented for each boot attempt by the OS loader"; Windows 10 and later, else 0),
and process number and start of the session manager, smss.exe, which the kernel starts first and which can't end while
the system runs. Its start is what the wall clock told then; setting the clock later does not change it.
SystemBootEnvironmentInformation's BootIdentifier is not used: on real machines it stayed the same over full restarts.

After a shutdown with "fast startup" Windows wakes its kernel from the disk instead of starting it: the identity is the
same, and both clocks say that the machine slept. It did, for the kernel; the programs of the users are gone. So the
time of the start (`boot_time_ns`) is then that of the shutdown; what the logs say is the business of `power_events`.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import struct
import time
import winreg
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls, snapshot
from collector.model import UNKNOWN_BOOT, Moment
from collector.winformats import filetimes

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.winformats.processlist import Listed

_SHARED: Final = 0x7FFE0000
"""KUSER_SHARED_DATA (ntddk.h): a page that every process may read."""
_INTERRUPT_TIME: Final = _SHARED + 0x08
_BOOT_ID: Final = _SHARED + 0x2C4

_POWER: Final = r"SYSTEM\CurrentControlSet\Control\Session Manager\Power"
_SHUTDOWN: Final = r"SYSTEM\CurrentControlSet\Control\Windows"
_CLOSE_NS: Final = 120 * 10**9
"""A shutdown that was noted so shortly after the start is the one before it, by a clock that was set since."""

_TRIES: Final = 16
_NEAR_NS: Final = 50_000
"""How near two readings around the other clock must be; a millisecond apart counts as sleep (`clocks.SUSPEND_NS`)."""
_SYSTEM: Final = 4
"""Number of the process System, in which the kernel runs."""
_FIRST: Final = ("smss.exe", "wininit.exe", "services.exe")
"""Processes that last as long as the system, the first one first; Wine has only the last."""
_DAYLIGHT: Final = 2
_INVALID_ZONE: Final = 0xFFFFFFFF


class _Zone(ctypes.Structure):
    """TIME_ZONE_INFORMATION (timezoneapi.h)."""

    _fields_ = (
        ("bias", ctypes.c_long),
        ("standard_name", ctypes.c_wchar * 32),
        ("standard_date", ctypes.c_ushort * 8),
        ("standard_bias", ctypes.c_long),
        ("daylight_name", ctypes.c_wchar * 32),
        ("daylight_date", ctypes.c_ushort * 8),
        ("daylight_bias", ctypes.c_long),
    )


_ask_zone = calls.function("kernel32", "GetTimeZoneInformation", wintypes.DWORD, ctypes.c_void_p)


class WindowsClock:
    """The clocks of the kernel (see `collector.model.Clock`)."""

    def __init__(self) -> None:
        self._boot_id = boot_id()  # once: a process doesn't outlive the start of its system

    def now(self) -> Moment:
        """Return one reading; never raises."""
        utc_ns, (mono_ns, boot_ns) = time.time_ns(), running()
        return Moment(utc_ns, offset_s(), mono_ns, boot_ns, self._boot_id)


def running() -> tuple[int, int]:
    """Return both clocks that only run forward, as nearly at one instant as the system lets us (`mono_ns`, `boot_ns`).

    Whoever is put aside between the two readings would see them apart, and take that for sleep.
    """
    awake, all_time = _readers()
    best = (0, 0, 1 << 63)
    for _ in range(_TRIES):
        before = all_time()
        mono_ns = awake()
        boot_ns = all_time()
        spread = boot_ns - before
        if spread < best[2]:
            best = (mono_ns, boot_ns, spread)
        if spread < _NEAR_NS:
            break
    return best[:2]


@cache
def _readers() -> tuple[Callable[[], int], Callable[[], int]]:
    """Return what reads the clock that stands still in sleep, and the one that goes on, in nanoseconds.

    Windows 10 has precise ones; before it both are those of the last tick, so that they agree with one another.
    """
    try:
        return (
            _reader("kernelbase", "QueryUnbiasedInterruptTimePrecise"),
            _reader("kernelbase", "QueryInterruptTimePrecise"),
        )
    except OSError:
        return _reader("kernel32", "QueryUnbiasedInterruptTime"), _tick


def _reader(library: str, name: str) -> Callable[[], int]:
    """Return a reader of one clock, which fills a number of 64 bits (realtimeapiset.h); raises `OSError`."""
    ask = calls.function(library, name, None, ctypes.c_void_p)

    def read() -> int:
        value = ctypes.c_uint64()
        ask(ctypes.byref(value))
        return value.value * filetimes.TICK_NS

    return read


def _tick() -> int:
    """Return the interrupt time of the last tick, with sleep: a KSYSTEM_TIME, whose high part stands twice."""
    while True:
        low, high, again = struct.unpack("<III", ctypes.string_at(_INTERRUPT_TIME, 12))
        if high == again:
            return int(high << 32 | low) * filetimes.TICK_NS


def offset_s() -> int:
    """Return the seconds that the host's own time is ahead of UTC; 0 where it is not told."""
    zone, which = _zone()
    bias = zone.bias + (zone.daylight_bias if which == _DAYLIGHT else zone.standard_bias)
    return 0 if which == _INVALID_ZONE else -60 * bias


def zone_name() -> str:
    """Return the name of the standard time of this zone, in the system's language; may be empty."""
    return str(_zone()[0].standard_name)


def _zone() -> tuple[_Zone, int]:
    zone = _Zone()
    which = int(_ask_zone(ctypes.byref(zone)))
    return zone, which


def boot_id() -> str:
    """Return the identity of this start of the system, or `UNKNOWN_BOOT`; never raises."""
    try:
        first = first_process(snapshot.processes())
    except (OSError, ValueError):
        first = None
    if first is None:
        return UNKNOWN_BOOT
    return f"{_boots()}-{first.pid}-{first.created:x}"


def first_process(listed: list[Listed]) -> Listed | None:
    """Return the process that identifies a start: of the session manager's name, the child of System, the eldest."""
    for name in _FIRST:
        found = [one for one in listed if one.name.decode("utf-16-le", "replace").lower() == name]
        if name == _FIRST[0]:
            found = [one for one in found if one.ppid == _SYSTEM and one.session == 0]
        if found:
            return min(found, key=lambda one: (one.created, one.pid))
    return None


def _boots() -> int:
    """Return how often this Windows was started, as its loader counts; 0 before Windows 10."""
    return int(struct.unpack("<I", ctypes.string_at(_BOOT_ID, 4))[0])


def boot_time_ns() -> int:
    """Return when the system started, in nanoseconds since 1970 UTC, by the wall clock of now.

    After a shutdown with "fast startup" it is the time of that shutdown, as Windows noted it: earlier the machine
    can't have been started again, and what the programs of the users remembered is lost since then.
    """
    utc_ns, (_, boot_ns) = time.time_ns(), running()
    started = utc_ns - boot_ns
    shut_down = _fast_shutdown_ns()
    return shut_down if shut_down is not None and started + _CLOSE_NS < shut_down < utc_ns else started


def _fast_shutdown_ns() -> int | None:
    """Return the time of the last shutdown that was noted, `None` where there is none or fast startup is off."""
    try:
        if not _value(_POWER, "HiberbootEnabled"):
            return None
        noted = _value(_SHUTDOWN, "ShutdownTime")
    except OSError:
        return None
    if not isinstance(noted, bytes) or len(noted) != filetimes.SIZE:
        return None
    return filetimes.utc_ns(int.from_bytes(noted, "little"))


def _value(key: str, name: str) -> object:
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
        return winreg.QueryValueEx(opened, name)[0]
