"""The clocks of Windows run forward, agree with one another, and name one start of the system always the same."""

from __future__ import annotations

import re
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import ctypes
import os
import subprocess
import threading
import time
import winreg
from datetime import datetime

from collector import clocks
from collector.host.windows import calls, clock, snapshot
from collector.winformats import filetimes
from collector.winformats.processlist import Listed


def test_two_readings_tell_of_no_sleep_and_no_step():
    """A thousand readings: no clock goes back, and none of them looks like sleep."""
    source = clock.WindowsClock()
    before = source.now()
    for _ in range(1000):
        after = source.now()
        assert after.mono_ns >= before.mono_ns
        assert after.boot_ns >= before.boot_ns
        assert clocks.events_between(before, after) == []
        before = after


def test_the_clock_that_sleeps_is_that_of_the_unbiased_interrupt_time():
    """`mono_ns` lies between two readings of the documented call."""
    value = ctypes.c_uint64()
    ask = calls.library("kernel32").QueryUnbiasedInterruptTime
    ask(ctypes.byref(value))
    first = value.value * 100
    mono_ns, boot_ns = clock.running()
    time.sleep(0.05)
    ask(ctypes.byref(value))
    assert first - 20_000_000 <= mono_ns <= value.value * 100 + 20_000_000
    assert boot_ns >= mono_ns - 20_000_000


def test_the_start_of_the_system_is_the_uptime_ago():
    """Against GetTickCount64, which counts the same in milliseconds."""
    ticks = calls.library("kernel32").GetTickCount64
    ticks.restype = ctypes.c_uint64
    assert abs(clock.boot_time_ns() - (time.time_ns() - ticks() * 10**6)) < 10**9


@pytest.mark.parametrize(
    ("enabled", "ago_s", "is_told"), [(1, 600, True), (0, 600, False), (1, -600, False), (1, 10**9, False)]
)
def test_after_a_fast_shutdown_the_start_is_not_earlier_than_that(enabled, ago_s, is_told, monkeypatch):
    """The kernel slept through it, the memory of the users' programs did not: noted with fast startup on, and past."""
    monkeypatch.setattr(clock, "running", lambda: (3600 * 10**9, 7200 * 10**9))  # started two hours ago
    shut_down = time.time_ns() - ago_s * 10**9
    noted = (shut_down // 100 + filetimes.EPOCH).to_bytes(8, "little")
    values = [(clock._POWER, "HiberbootEnabled", winreg.REG_DWORD, enabled)]
    values += [(clock._SHUTDOWN, "ShutdownTime", winreg.REG_BINARY, noted)]
    for key, name, kind, value in values:
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, key, access=winreg.KEY_SET_VALUE) as opened:
            winreg.SetValueEx(opened, name, 0, kind, value)
    try:
        told = clock.boot_time_ns()
    finally:
        for key, name, *_ in values:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, access=winreg.KEY_SET_VALUE) as opened:
                winreg.DeleteValue(opened, name)
    expected = shut_down if is_told else time.time_ns() - 7200 * 10**9
    assert abs(told - expected) < 10**9


def test_the_identity_of_a_start_is_the_same_in_another_process():
    """As SPEC wants it spelled; what another process of the same start finds is equal."""
    mine = clock.boot_id()
    assert re.fullmatch(r"[A-Za-z0-9-]{1,64}", mine)
    assert mine != "unknown"
    asked = [sys.executable, "-c", "from collector.host.windows import clock; print(clock.boot_id())"]
    told = subprocess.run(asked, capture_output=True, check=True, timeout=60)
    assert told.stdout.decode().strip() == mine


def listed(pid: int, ppid: int, name: str, created: int, session: int = 0) -> Listed:
    return Listed(pid, ppid, name.encode("utf-16-le"), created, session, (), 1, 0, 0, 0, 0, suspended=False)


def test_a_program_that_calls_itself_like_the_session_manager_is_not_taken_for_it():
    """Neither the child of another, nor a later one, nor one of a user's session."""
    real = listed(300, 4, "smss.exe", 1000)
    false = [listed(8, 700, "smss.exe", 1), listed(9, 4, "smss.exe", 2000), listed(10, 4, "smss.exe", 1, session=2)]
    assert clock.first_process([*false, real]) == real
    assert clock.first_process([listed(8, 700, "other.exe", 1)]) is None


def test_the_offset_is_that_of_the_host():
    """As the C library tells it."""
    offset = datetime.now().astimezone().utcoffset()
    assert offset is not None
    assert clock.offset_s() == offset.total_seconds()


def test_the_list_of_processes_holds_us_with_our_threads():
    """One snapshot of the kernel: our number, our parent's, our name, and the thread that asks."""
    (me,) = [one for one in snapshot.processes() if one.pid == os.getpid()]
    assert me.name.decode("utf-16-le").lower().startswith("python")
    assert me.ppid == os.getppid()
    assert threading.get_native_id() in me.threads
    assert me.rss > 0
    assert not me.suspended
