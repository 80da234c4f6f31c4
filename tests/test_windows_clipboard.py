"""The clipboard is taken where it was asked for, as it is, and never into a bundle that everybody can read."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from collector.host.windows import clipboard
from collector.model import Outcome
from collector.sources.clipboard import ClipboardSource
from collector.text import to_bytes

OWNER = """
import ctypes, sys, time
from ctypes import wintypes
user32, kernel32 = ctypes.WinDLL("user32"), ctypes.WinDLL("kernel32")
kernel32.GlobalAlloc.restype = kernel32.GlobalLock.restype = ctypes.c_void_p
kernel32.GlobalAlloc.argtypes = [wintypes.UINT, ctypes.c_size_t]
kernel32.GlobalLock.argtypes = kernel32.GlobalUnlock.argtypes = [ctypes.c_void_p]
user32.SetClipboardData.argtypes = [wintypes.UINT, ctypes.c_void_p]
user32.CreateWindowExW.argtypes = [wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD,
    *[ctypes.c_int] * 4, *[ctypes.c_void_p] * 4]
user32.CreateWindowExW.restype = wintypes.HWND
window = user32.CreateWindowExW(0, "STATIC", "owner", 0, 0, 0, 9, 9, 0, 0, 0, 0)
assert user32.OpenClipboard(wintypes.HWND(window))
user32.EmptyClipboard()
raw = bytes.fromhex(sys.argv[1]) * int(sys.argv[2]) + bytes(2)
if len(raw) > 2:
    memory = kernel32.GlobalAlloc(2, len(raw))
    ctypes.memmove(kernel32.GlobalLock(memory), raw, len(raw))
    kernel32.GlobalUnlock(memory)
    user32.SetClipboardData(13, memory)
if sys.argv[3] == "close":
    user32.CloseClipboard()
print("ready", flush=True)
message = wintypes.MSG()
while True:
    while user32.PeekMessageW(ctypes.byref(message), None, 0, 0, 1):
        user32.DispatchMessageW(ctypes.byref(message))
    time.sleep(0.02)
"""


@contextmanager
def holding(text: str, times: int = 1, end: str = "close"):
    """Put a text into the clipboard by another process, which lives on; yield it."""
    arguments = [text.encode("utf-16-le", "surrogatepass").hex(), str(times), end]
    with subprocess.Popen([sys.executable, "-c", OWNER, *arguments], stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout.readline().strip() == b"ready"
            yield child
        finally:
            child.kill()


def one():
    """Return the only item."""
    (item,) = clipboard.rows()
    return item


@pytest.mark.parametrize("text", ["mot de passe : été", "\x1b[2J", "a\u202eb", "\ud83d", "two\r\nlines"])
def test_the_text_is_told_as_it_is(text):
    """Accents, control characters, half a character; and who put it there."""
    with holding(text) as child:
        row = one()
    assert list(row) == list(ClipboardSource.columns)
    assert to_bytes(row["text"]) == text.encode("utf-8", "surrogatepass")
    assert (row["pid"], row["flags"]) == (child.pid, [])
    assert "unicode-text" in row["formats"]


def test_an_empty_clipboard_is_a_row_without_text():
    """Nothing lay there: told, not left out."""
    with holding(""):
        row = one()
    assert (row["text"], row["size"], row["formats"]) == (None, None, [])


def test_a_long_text_is_cut():
    """A program that puts 4 MiB there does not fill the table."""
    with holding("x", 2 << 20):
        row = one()
    assert (len(row["text"]), row["flags"]) == (clipboard.MAX_TEXT // 2, ["cut"])
    assert row["size"] >= 4 << 20


def test_a_clipboard_that_somebody_holds_is_a_gap():
    """Another program keeps it open without end: we don't wait for it."""
    with holding("x", end="keep"):
        started = time.monotonic()
        gap = one()
    assert gap.outcome is Outcome.LOCKED
    assert time.monotonic() - started < 30


def test_another_machines_clipboard_is_not_fetched(monkeypatch):
    """What a Remote Desktop connection promised would come over the network."""
    monkeypatch.setattr(clipboard, "REMOTE", (sys.executable.rpartition("\\")[2].lower(),))
    with holding("theirs"):
        gap = one()
    assert gap.outcome is Outcome.UNSUPPORTED
