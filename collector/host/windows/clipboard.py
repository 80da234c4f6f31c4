"""Text in the clipboard of our session: read while it is held open for an instant, never changed.

A program may have promised a text and make it only when somebody asks; Windows then sends that program a message. One
that hangs is not asked, nor the program of a Remote Desktop connection, which would fetch it over the network.
("Clipboard", learn.microsoft.com/windows/win32/dataxchg)
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import time
from contextlib import contextmanager
from ctypes import wintypes
from typing import TYPE_CHECKING, Final, cast

from collector.host import HostError
from collector.host.windows import calls, desktops
from collector.model import Gap, Outcome
from collector.text import from_native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json, Row

MAX_TEXT: Final = 1 << 20
"""Most bytes kept of the text."""
MAX_FORMATS: Final = 200
REMOTE: Final = ("rdpclip.exe", "vmtoolsd.exe")
"""Programs that bring the clipboard of another machine."""

_TEXT: Final = 13  # CF_UNICODETEXT (winuser.h)
_TRIES, _PAUSE_S = 10, 0.05
_QUERY: Final = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_STANDARD: Final = {1: "text", 2: "bitmap", 3: "metafile", 8: "dib", 13: "unicode-text", 15: "files", 16: "locale"}

_H, _D, _B, _I = wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL, ctypes.c_int
_open = calls.function("user32", "OpenClipboard", _B, wintypes.HWND)
_close = calls.function("user32", "CloseClipboard", _B)
_next = calls.function("user32", "EnumClipboardFormats", wintypes.UINT, wintypes.UINT)
_name = calls.function("user32", "GetClipboardFormatNameW", _I, wintypes.UINT, wintypes.LPWSTR, _I)
_has = calls.function("user32", "IsClipboardFormatAvailable", _B, wintypes.UINT)
_data = calls.function("user32", "GetClipboardData", _H, wintypes.UINT)
_owner = calls.function("user32", "GetClipboardOwner", wintypes.HWND)
_changes = calls.function("user32", "GetClipboardSequenceNumber", _D)
_hangs = calls.function("user32", "IsHungAppWindow", _B, wintypes.HWND)
_thread_of = calls.function("user32", "GetWindowThreadProcessId", _D, wintypes.HWND, ctypes.POINTER(_D))
_size = calls.function("kernel32", "GlobalSize", ctypes.c_size_t, _H)
_lock = calls.function("kernel32", "GlobalLock", ctypes.c_void_p, _H)
_unlock = calls.function("kernel32", "GlobalUnlock", _B, _H)
_open_process = calls.function("kernel32", "OpenProcess", _H, _D, _B, _D)
_image = calls.function("kernel32", "QueryFullProcessImageNameW", _B, _H, _D, wintypes.LPWSTR, ctypes.POINTER(_D))


def rows() -> Iterator[Row | Gap]:
    """Yield one row, or a gap that says why there is none."""
    try:
        desktops.demand_interactive()
        window = _owner()
        pid = _pid(window)
        if window and (_hangs(window) or _program(pid).lower().endswith(REMOTE)):
            reason = "what lies in the clipboard is another machine's, or a program's that hangs: it was not asked for"
            raise HostError(Gap(Outcome.UNSUPPORTED, reason))
        with _held():
            text, size = _text() if _has(_TEXT) else (None, None)
            formats = _formats()
    except HostError as e:
        yield e.gap
        return
    yield {
        "text": None if text is None else cast("Json", from_native(text)),
        "size": size,
        "formats": cast("Json", [from_native(name) for name in formats]),
        "pid": pid,
        "changes": _changes(),
        "flags": ["cut"] if size is not None and size > MAX_TEXT else [],
    }


@contextmanager
def _held() -> Iterator[None]:
    """Hold the clipboard open, which keeps others from it; raises `HostError` where another program does."""
    for _ in range(_TRIES):
        if _open(None):
            try:
                yield
            finally:
                _close()
            return
        time.sleep(_PAUSE_S)
    raise HostError(Gap(Outcome.LOCKED, "another program held the clipboard open all the time"))


def _text() -> tuple[str, int]:
    """Return the text, up to its first NUL, and its bytes; raises `HostError`."""
    handle = _data(_TEXT)
    address = _lock(handle) if handle else None
    if not address:
        raise HostError(calls.gap_of(calls.last_error(), "the text of the clipboard can't be had"))
    try:
        whole = _size(handle)
        raw = ctypes.string_at(address, min(whole, MAX_TEXT) & ~1)
    finally:
        _unlock(handle)
    text = raw.decode("utf-16-le", "surrogatepass").split("\0", 1)[0]
    return text, whole


def _formats() -> list[str]:
    """Return the names of what lies there, numbers where they have none of their own."""
    found: list[str] = []
    form = _next(0)
    while form and len(found) < MAX_FORMATS:
        name = ctypes.create_unicode_buffer(256)
        found.append(name.value if _name(form, name, len(name)) else _STANDARD.get(form, str(form)))
        form = _next(form)
    return found


def _pid(window: int | None) -> int | None:
    pid = _D()
    return pid.value if window and _thread_of(window, ctypes.byref(pid)) else None


def _program(pid: int | None) -> str:
    """Return the path of the program of a process, empty where it can't be had."""
    handle = _open_process(_QUERY, 0, pid) if pid else None
    if not handle:
        return ""
    with calls.closing(handle):
        room, size = ctypes.create_unicode_buffer(1024), _D(1024)
        return room.value if _image(handle, 0, room, ctypes.byref(size)) else ""
