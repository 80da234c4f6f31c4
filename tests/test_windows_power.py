"""The machine is held awake, shutdown is refused with its reason, and how it is powered is told as Windows says.

The bytes of SYSTEM_POWER_STATUS are made after the documentation (winbase.h; learn.microsoft.com).
"""

from __future__ import annotations

import ctypes
import os
import sys

import pytest

from collector.winformats import powerstatus

if sys.platform == "win32":
    from ctypes import wintypes

    from collector.host.windows import awake, calls

WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="Windows, here under Wine")
QUERY_END_SESSION, CLOSE, QUIT = 0x11, 0x10, 0x12

STATES = [
    ((1, 128, 255), True, []),
    ((255, 128, 255), None, []),
    ((1, 255, 255), True, []),
    ((1, 9, 98), True, [(98, "Charging")]),
    ((1, 1, 100), True, [(100, "Not charging")]),
    ((0, 2, 20), False, [(20, "Discharging")]),
    ((0, 4, 255), False, [(None, "Discharging")]),
    ((255, 255, 60), None, [(60, None)]),
]


@pytest.mark.parametrize(("told", "mains", "batteries"), STATES)
def test_mains_and_battery_are_told_as_they_are(told, mains, batteries):
    """255 is not known, 128 is no battery; what is not known is null, never a figure."""
    found = powerstatus.parse(bytes([*told, 0]) + b"\xff" * 8)
    assert found["mains"] is mains
    assert [(one["percent"], one["status"]) for one in found["batteries"]] == batteries
    assert all(set(one) == {"name", "percent", "status"} for one in found["batteries"])


@WINDOWS
def test_windows_answers_how_it_is_powered():
    """Every field is there; Wine tells of no battery where Linux has none."""
    from collector.host.windows import power  # noqa: PLC0415 - only there

    state = power.state()
    assert set(state) == {"mains", "batteries"}
    assert state["mains"] in (True, False, None)


def ask(window, message):
    """Send a message as the system does and return the answer; `None` where none comes in five seconds."""
    user = calls.library("user32")
    answer = ctypes.c_size_t(99)
    sent = user.SendMessageTimeoutW(wintypes.HWND(window), message, 0, 0, 2, 5000, ctypes.byref(answer))
    return answer.value if sent else None


def own_window():
    """Return our top-level window of that class: another collector on the same desktop has one, too."""
    user = calls.library("user32")
    user.FindWindowExW.restype = ctypes.c_void_p
    window, owner = None, wintypes.DWORD()
    while window := user.FindWindowExW(None, wintypes.HWND(window), ctypes.c_wchar_p(awake.WINDOW_CLASS), None):
        user.GetWindowThreadProcessId(wintypes.HWND(window), ctypes.byref(owner))
        if owner.value == os.getpid():
            return window
    return None


def shutdown_level():
    level, flags = wintypes.DWORD(), wintypes.DWORD()
    assert calls.library("kernel32").GetProcessShutdownParameters(ctypes.byref(level), ctypes.byref(flags))
    return level.value


@WINDOWS
def test_the_end_of_the_session_is_refused_until_we_let_go():
    """The window says no, also after somebody else asked it to close or to quit; then window and level are gone."""
    before = shutdown_level()
    held = awake.keep_awake()
    try:
        assert held.mode == "block"
        assert "idle" in held.what.split(":")
        window = own_window()
        assert window, "a top-level window, for one of messages alone is not asked"
        assert ask(window, QUERY_END_SESSION) == 0
        ask(window, CLOSE)
        thread = calls.library("user32").GetWindowThreadProcessId(wintypes.HWND(window), None)
        assert calls.library("user32").PostThreadMessageW(thread, QUIT, 0, 0)
        assert ask(window, 0) == 0
        assert ask(window, QUERY_END_SESSION) == 0
        assert not calls.library("user32").IsWindowVisible(wintypes.HWND(window))
        assert shutdown_level() == 0x3FF
    finally:
        held.release()
    held.release()
    assert not held._thread.is_alive()
    assert own_window() is None
    assert shutdown_level() == before


@WINDOWS
def test_it_can_be_held_again():
    """A second hold in the same process works like the first."""
    for _ in range(2):
        held = awake.keep_awake()
        assert held.what
        held.release()


@WINDOWS
@pytest.mark.skipif(
    sys.platform == "win32" and calls.under_wine(), reason="Wine 8.0: ShutdownBlockReasonCreate is not implemented"
)
def test_shutdown_is_named_among_what_is_held_off():
    """Only where Windows took the reason."""
    held = awake.keep_awake()
    try:
        assert held.what == "shutdown:idle"
    finally:
        held.release()


class Ending:
    """The user32 of a session that ends, or does not."""

    def __init__(self, ends):
        self.ends = ends
        self.DefWindowProcW = lambda *_: 7

    def GetSystemMetrics(self, _):  # noqa: N802 - as Windows calls it
        return self.ends


@WINDOWS
@pytest.mark.parametrize(("ends", "first", "answer"), [(1, 1, 0), (1, 0, 7), (0, 1, 7)])
def test_a_shutdown_that_somebody_insists_on_closes_the_run(monkeypatch, ends, first, answer):
    """Our window is told, our console is not; whoever else sends the same word while nothing ends is not believed."""
    heard = []
    monkeypatch.setattr(awake.calls, "library", lambda _: Ending(ends))
    monkeypatch.setattr(awake.console, "ending", lambda: heard.append(1))
    assert awake._answer(0, 0x16, first, 0) == answer
    assert bool(heard) == (answer == 0)
    awake._ending.clear()
