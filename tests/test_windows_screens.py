"""What stands on the screen of a Windows host is seen as it is: every pixel, every window, whoever hangs or lies.

Under Wine there is no `Winlogon` desktop, no cloaked window and one density of pixels.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from contextlib import contextmanager

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import ctypes
from ctypes import wintypes

from collector.host import HostError
from collector.host import pictures as shapes
from collector.host.windows import desktops, screens, windows
from collector.model import Blob, Gap, Outcome
from collector.sources.windows import WindowSource
from collector.text import to_bytes

MAKER = """
import ctypes, sys, time
from ctypes import wintypes
user32 = ctypes.WinDLL("user32")
user32.CreateWindowExW.argtypes = [wintypes.DWORD, wintypes.LPCWSTR, ctypes.c_void_p, wintypes.DWORD,
    *[ctypes.c_int] * 4, *[ctypes.c_void_p] * 4]
user32.CreateWindowExW.restype = wintypes.HWND
title = bytes.fromhex(sys.argv[1]) * int(sys.argv[7]) + bytes(2)
window = user32.CreateWindowExW(8, "STATIC", title, 0x90000000 | int(sys.argv[6]), *map(int, sys.argv[2:6]), 0, 0, 0, 0)
user32.UpdateWindow(wintypes.HWND(window))
message = wintypes.MSG()
end = time.monotonic() + 1
while time.monotonic() < end:  # drawn; then it hangs: nothing that is sent to it is ever answered
    while user32.PeekMessageW(ctypes.byref(message), None, 0, 0, 1):
        user32.DispatchMessageW(ctypes.byref(message))
    time.sleep(0.02)
print(window, flush=True)
time.sleep(300)
"""
DARK_RECTANGLE, WHITE_RECTANGLE = 4, 6
"""SS_BLACKRECT (which is the dark colour of the theme) and SS_WHITERECT: a control that is one colour."""


@contextmanager
def hung_window(title: str, box: tuple[int, int, int, int], colour: int, times: int = 1):
    """Show a window of another process that answers nothing any more; yield its process."""
    raw = title.encode("utf-16-le", "surrogatepass").hex()
    arguments = [sys.executable, "-c", MAKER, raw, *map(str, (*box, colour, times))]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as child:
        try:
            child.stdout.readline()
            yield child
        finally:
            child.kill()


def decode(png):
    """Return width, height and rows of an 8-bit RGB PNG without filters."""
    at, packed, head = 8, b"", b""
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        head = data if name == b"IHDR" else head
        packed += data if name == b"IDAT" else b""
        at += length + 12
    width, height = struct.unpack_from(">2I", head)
    lines = zlib.decompress(packed)
    return width, height, [lines[start + 1 : start + width * 3 + 1] for start in range(0, len(lines), width * 3 + 1)]


def found_of(pid, class_name):
    """Return the rows of a process' windows of a class: Windows itself adds hidden ones, of its input methods."""
    rows = [item for item in windows.rows() if isinstance(item, dict)]
    assert all(list(row) == list(WindowSource.columns) for row in rows)
    return [row for row in rows if (row["pid"], row["class_name"]) == (pid, class_name)]


def test_the_picture_is_what_stands_there():
    """Pixels of a window that hangs are in the picture, at their place, and the subject says size and place."""
    with hung_window("w", (100, 60, 40, 30), WHITE_RECTANGLE), hung_window("b", (300, 200, 64, 20), WHITE_RECTANGLE):
        ((blob, data),) = [
            (item, b"".join(item.chunks)) for item in screens.pictures() if isinstance(item, Blob)
        ]
    width, height, rows = decode(data)
    assert (blob.kind, blob.suffix) == ("screen", ".png")
    assert str(blob.subject).endswith(f" {width}x{height}+0+0")
    assert (width, height) == (1280, 1024)
    assert {bytes(row[300:420]) for row in rows[60:90]} == {b"\xff" * 120}
    assert {bytes(row[900 : 900 + 192]) for row in rows[200:220]} == {b"\xff" * 192}
    assert {rows[59][300:303], rows[90][300:303], rows[60][297:300], rows[60][420:423]}.isdisjoint({b"\xff" * 3})


def test_notepad_is_seen_and_listed():
    """A program that somebody opened is a window of its process, shown, and changes the picture."""
    before = next(b"".join(item.chunks) for item in screens.pictures() if isinstance(item, Blob))
    with subprocess.Popen(["notepad.exe"]) as notepad:
        try:
            rows = []
            while not rows:
                rows = [row for row in found_of(notepad.pid, "Notepad") if row["visible"]]
            assert "Notepad" in rows[0]["title"]
            assert rows[0]["display"] == "WinSta0\\Default"
            assert rows[0]["pid_from"] == "server"
            after = before
            while after == before:
                after = next(b"".join(item.chunks) for item in screens.pictures() if isinstance(item, Blob))
        finally:
            notepad.kill()


@pytest.mark.parametrize(
    "title",
    ["VOS FICHIERS SONT CHIFFRÉS « été »", "\x1b[2J\x1b]0;owned\x07", "a\u202egnp.exe", "\ud83d alone", "\n\r\t"],
)
def test_titles_are_kept_byte_for_byte(title):
    """Of a window that hangs, too: control characters, reading direction and half a character stay what they are."""
    with hung_window(title, (0, 0, 50, 40), DARK_RECTANGLE) as child:
        (row,) = found_of(child.pid, "Static")
    assert to_bytes(row["title"]) == title.encode("utf-8", "surrogatepass")
    assert (row["geometry"], row["visible"], row["class_name"]) == ([0, 0, 50, 40], True, "Static")


def test_a_title_is_cut_at_its_limit():
    """30,000 characters of a title do not fill the table."""
    with hung_window("A", (-20, -30, 50, 40), DARK_RECTANGLE, 30_000) as child:
        (row,) = found_of(child.pid, "Static")
    assert row["title"] == "A" * (windows.MAX_TITLE - 1)
    assert row["geometry"] == ["-20", "-30", 50, 40]


def test_a_monitor_beyond_the_limit_is_a_gap(monkeypatch):
    """A picture that would take too much memory is not taken."""
    monkeypatch.setattr(shapes, "MAX_PIXELS", 100)
    (gap,) = screens.pictures()
    assert gap.outcome is Outcome.OVER_LIMIT


def test_windows_beyond_the_limit_are_a_gap(monkeypatch):
    """Somebody who opens windows without end is told, and ends the list."""
    with hung_window("one", (0, 0, 9, 9), DARK_RECTANGLE), hung_window("two", (0, 0, 9, 9), DARK_RECTANGLE):
        monkeypatch.setattr(windows, "MAX_WINDOWS", 1)
        items = list(windows.rows())
    assert sum(isinstance(item, dict) for item in items) <= 1
    assert [item.outcome for item in items if isinstance(item, Gap)] == [Outcome.OVER_LIMIT]


def test_a_window_that_went_is_no_row():
    """Between the list and the look it was closed: no row of zeros."""
    assert windows._row(0x7FFF0, "Default") is None


def test_windows_of_a_desktop_that_a_program_made_are_listed():
    """Lockers make a desktop of their own: what stands on it is told, under its name."""
    user32 = ctypes.WinDLL("user32", use_last_error=True)
    user32.CreateDesktopW.argtypes = [wintypes.LPCWSTR, *[ctypes.c_void_p] * 2, *[wintypes.DWORD] * 2, ctypes.c_void_p]
    user32.CreateDesktopW.restype = wintypes.HANDLE
    assert user32.CreateDesktopW("Rançon", None, None, 0, 0x1FF, None)
    with desktops.in_front() as front:
        names = [found[0] for found in desktops.others(front) if not isinstance(found, Gap)]
    assert names == ["Default", "Rançon"]


def test_desktops_that_can_not_be_listed_are_a_gap(monkeypatch):
    """The one in front is told all the same."""
    monkeypatch.setattr(desktops.user32(), "EnumDesktopsW", lambda *_: 0)
    with desktops.in_front() as front:
        gap, *found = list(desktops.others(front))
    assert "not all of them" in gap.reason
    assert [name for name, _ in found] == [front]


def test_outside_of_a_session_is_a_gap_not_an_empty_list():
    """A service has no screen: picture and list say that, and do not say "no window"."""
    user32 = ctypes.WinDLL("user32", use_last_error=True)
    for call in (user32.CreateWindowStationW, user32.GetProcessWindowStation):
        call.restype = wintypes.HANDLE
    user32.CreateWindowStationW.argtypes = [wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p]
    user32.SetProcessWindowStation.argtypes = [wintypes.HANDLE]
    before = user32.GetProcessWindowStation()
    other = user32.CreateWindowStationW("Service-0x0-3e7$", 0, 0x37F, None)
    assert user32.SetProcessWindowStation(other)
    try:
        items = [*screens.pictures(), *windows.rows()]
        with pytest.raises(HostError), desktops.in_front():
            pass
    finally:
        user32.SetProcessWindowStation(before)
    assert [item.outcome for item in items] == [Outcome.UNSUPPORTED] * 2
    assert items[0].subject == "Service-0x0-3e7$"
