"""The readings of the Mac that we run on: psutil for processes, `calls` for the rest."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "darwin"

import errno
import os
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

from collector.host import HostError
from collector.host.darwin import calls
from collector.host.darwin.files import COUNTERS
from collector.host.darwin.readings import Battery, SocketReading, text_of
from collector.host.posix.outcomes import outcome_of
from collector.macformats import statfs
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TRIES: Final = 16
_NEAR_NS: Final = 50_000
_FAMILIES: Final = {"AF_INET": "inet", "AF_INET6": "inet6", "AF_UNIX": "unix"}
_TYPES: Final = {"SOCK_STREAM": "stream", "SOCK_DGRAM": "dgram", "SOCK_RAW": "raw", "SOCK_SEQPACKET": "seqpacket"}


class LiveReadings:
    """This Mac (see `collector.host.darwin.readings.Readings`)."""

    root = ""

    def __init__(self) -> None:
        if calls.quiet():
            COUNTERS.atime_moved += 1  # reading may move times of access: the footprint says so

    def clocks(self) -> tuple[int, int, int]:
        """Return three clocks, the last two as nearly at one instant as the system lets us."""
        best = (0, 0, 1 << 63)
        for _ in range(_TRIES):
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
            awake = time.clock_gettime_ns(time.CLOCK_UPTIME_RAW)
            running = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
            if running - before < best[2]:
                best = (awake, running, running - before)
            if best[2] < _NEAR_NS:
                break
        return time.time_ns(), best[0], best[1]

    def sysctl(self, name: str) -> bytes:
        return calls.sysctl(name)

    def routing(self, family: int, what: int, argument: int) -> bytes:
        return calls.routing(family, what, argument)

    def media(self, name: bytes) -> tuple[int, int]:
        return calls.media(name)

    def functional_type(self, name: bytes) -> int:
        return calls.functional_type(name)

    def switch_off(self, name: bytes) -> None:
        calls.switch_off(name)

    def filesystems(self) -> bytes:
        return calls.filesystems(statfs.SIZE)

    def registry(self, name: str) -> str:
        return calls.registry(name)

    def battery(self) -> Battery | None:
        told = psutil.sensors_battery()
        if told is None:
            return None
        percent = round(told.percent) if told.percent is not None else None
        return Battery(told.power_plugged, percent if percent is not None and 0 <= percent <= 100 else None)  # noqa: PLR2004 - percent

    def swap(self) -> tuple[int, int]:
        told = _asked(psutil.swap_memory)
        return told.total, told.free

    def available(self) -> int:
        return int(_asked(psutil.virtual_memory).available)

    def effective_user(self) -> int:
        return os.geteuid()

    def pids(self) -> list[int]:
        return list(_asked(psutil.pids))

    def process(self, pid: int) -> Mapping[str, object] | None:
        try:
            one = psutil.Process(pid)
            with one.oneshot():
                return {key: _value(one, ask) for key, ask in _KEYS.items()}
        except psutil.NoSuchProcess:
            return None
        except (psutil.Error, OSError) as error:
            return dict.fromkeys(_KEYS, _outcome(error))

    def program(self, pid: int) -> tuple[str | None, str | None]:
        try:
            one = psutil.Process(pid)
            told = [_value(one, _KEYS[key]) for key in ("name", "exe")]
        except (psutil.Error, OSError):
            return None, None
        return text_of(told[0]), text_of(told[1])

    def sockets(self, pid: int) -> list[SocketReading]:
        found = _asked(lambda: psutil.Process(pid).net_connections("all"))
        return [
            SocketReading(
                _FAMILIES.get(getattr(one.family, "name", ""), str(one.family)),
                _TYPES.get(getattr(one.type, "name", ""), str(one.type)),
                _end(one.laddr),
                _end(one.raddr),
                None if one.status == psutil.CONN_NONE else one.status,
            )
            for one in found
        ]

    def screens(self) -> list[bytes]:
        if not calls.may_draw():
            reason = "the user of this Mac has not allowed this program to see the screen (Privacy, Screen Recording)"
            raise HostError(Gap(Outcome.DENIED, reason))
        import mss
        import mss.tools
        from mss.exception import ScreenShotError

        try:
            with mss.MSS() as screen:
                shots = [screen.grab(monitor) for monitor in screen.monitors[1:]]
        except (ScreenShotError, OSError) as error:
            raise HostError(Gap(Outcome.FAILED, "the screens can't be drawn")) from error
        return [picture for shot in shots if (picture := mss.tools.to_png(shot.rgb, shot.size)) is not None]

    def hold_awake(self, reason: str) -> Callable[[], None]:
        return calls.hold_awake(reason)


def _value(one: psutil.Process, ask: Callable[[psutil.Process], object]) -> object:
    """Return what is asked of a process, or the `Outcome`; raises `NoSuchProcess` where it has ended."""
    try:
        return ask(one)
    except psutil.ZombieProcess:
        return Outcome.ABSENT
    except psutil.NoSuchProcess:
        raise
    except (psutil.Error, OSError, ValueError, RuntimeError) as error:
        return _outcome(error)


def _open_files(one: psutil.Process) -> list[tuple[int, str]]:
    return [(file.fd, file.path) for file in one.open_files()]


_KEYS: Final[dict[str, Callable[[psutil.Process], object]]] = {
    "ppid": lambda one: one.ppid(),
    "name": lambda one: one.name(),
    "uid": lambda one: one.uids().effective,
    "exe": lambda one: one.exe(),
    "cmdline": lambda one: one.cmdline(),
    "cwd": lambda one: one.cwd(),
    "open_files": _open_files,
    "status": lambda one: str(one.status()),
    "create_time": lambda one: one.create_time(),
    "threads": lambda one: one.num_threads(),
    "rss": lambda one: one.memory_info().rss,
}


def _outcome(error: Exception) -> Outcome:
    if isinstance(error, psutil.AccessDenied):
        return Outcome.DENIED
    return outcome_of(error) if isinstance(error, OSError) else Outcome.FAILED


def _asked(ask: Callable[[], Any]) -> Any:
    """Return what psutil answers; its own errors become `OSError`."""
    try:
        return ask()
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from error
    except psutil.AccessDenied as error:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM)) from error
    except (psutil.Error, RuntimeError, ValueError) as error:
        raise OSError(errno.EIO, os.strerror(errno.EIO)) from error


def _end(value: Any) -> tuple[str, int] | str | None:
    if not value:
        return None
    return value if isinstance(value, str) else (str(value[0]), int(value[1]))
