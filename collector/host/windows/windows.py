"""The top-level windows of every desktop of our session that may be looked into.

Nothing is sent to any window: a program that hangs, or that wants us to, keeps nobody waiting. Titles come from
`InternalGetWindowText`, which reads what the kernel holds of a window; owner, class and place are the kernel's, too.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from contextlib import ExitStack
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from collector.host import HostError
from collector.host.windows import calls, desktops
from collector.model import Gap, Outcome, number
from collector.text import from_native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json, Row

MAX_WINDOWS: Final = 5_000
"""Most windows of a desktop that are looked at."""
MAX_TITLE: Final = 4_096
"""Most UTF-16 units kept of a title; a class has 256 at most (WNDCLASSEX)."""

_CLOAKED: Final = 14  # DWMWA_CLOAKED (dwmapi.h)
_GONE: Final = 1400  # ERROR_INVALID_WINDOW_HANDLE

_Callback = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)


def rows() -> Iterator[Row | Gap]:
    """Yield a row for each window that is shown or has a title, the front desktop's first, each from the top down."""
    front = None
    with ExitStack() as standing:
        try:
            front = standing.enter_context(desktops.in_front())
        except HostError as e:
            yield e.gap
            if e.gap.outcome is Outcome.UNSUPPORTED:
                return
        with desktops.true_pixels():
            for found in desktops.others(front):
                if isinstance(found, Gap):
                    yield found
                else:
                    yield from _of_desktop(*found)


def _of_desktop(name: str, handle: int) -> Iterator[Row | Gap]:
    """Yield the windows of one desktop."""
    listed: list[int] = []
    ctypes.set_last_error(0)
    whole = _user32().EnumDesktopWindows(handle, _Callback(lambda window, _: int(_keep(listed, window))), 0)
    error = calls.last_error()
    if not whole and len(listed) <= MAX_WINDOWS and error.winerror:  # an empty desktop is "failed", with no error
        yield calls.gap_of(error, "the windows of a desktop can't be listed", desktops.shown(name))
    vanished = 0
    for window in listed[:MAX_WINDOWS]:
        row = _row(window, name)
        if row is None:
            vanished += 1
        elif row["visible"] or row["title"] is not None:
            yield row
    if len(listed) > MAX_WINDOWS:
        reason = f"more windows than the limit of {MAX_WINDOWS} of a display"
        yield Gap(Outcome.OVER_LIMIT, reason, desktops.shown(name))
    if vanished:
        yield Gap(Outcome.ABSENT, f"{vanished} window(s) vanished while they were read", desktops.shown(name))


def _keep(listed: list[int], window: int | None) -> bool:
    if window is not None:
        listed.append(window)
    return len(listed) <= MAX_WINDOWS


def _row(window: int, desktop: str) -> Row | None:
    """Return the row of a window, or `None` where it has gone."""
    dll = _user32()
    pid = wintypes.DWORD()
    if not dll.GetWindowThreadProcessId(window, ctypes.byref(pid)):
        return None
    box = wintypes.RECT()
    if not dll.GetWindowRect(window, ctypes.byref(box)) and calls.last_error().winerror == _GONE:
        return None
    title = _text(dll.InternalGetWindowText, window, MAX_TITLE)
    return {
        "title": cast("Json", title),
        "pid": pid.value,
        "pid_from": "server",
        "class_name": cast("Json", _text(dll.GetClassNameW, window, 257)),
        "geometry": [number(box.left), number(box.top), number(box.right - box.left), number(box.bottom - box.top)],
        "visible": bool(dll.IsWindowVisible(window)) and not dll.IsIconic(window) and not _cloaked(window),
        "display": cast("Json", desktops.shown(desktop)),
        "user": None,  # a desktop has none; that of the process is in `processes`
    }


def _text(call: ctypes._NamedFuncPointer, window: int, units: int) -> object:
    """Return a text that a window has, byte for byte, or `None` where it has none."""
    raw = ctypes.create_string_buffer(units * 2)
    size = call(window, ctypes.cast(raw, wintypes.LPWSTR), units)
    if size <= 0:
        return None
    return from_native(raw.raw[: min(size, units) * 2].decode("utf-16-le", "surrogatepass"))


def _cloaked(window: int) -> bool:
    """Tell whether the window manager keeps a window from view: on another virtual desktop, or put to sleep."""
    call = _dwm()
    told = wintypes.DWORD()
    return (
        call is not None
        and call(window, _CLOAKED, ctypes.byref(told), ctypes.sizeof(told)) == 0
        and told.value != 0
    )


@cache
def _dwm() -> ctypes._NamedFuncPointer | None:
    try:
        call = calls.library("dwmapi").DwmGetWindowAttribute
    except (OSError, AttributeError):
        return None
    call.argtypes = [wintypes.HWND, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD]
    call.restype = ctypes.c_long
    return call


@cache
def _user32() -> ctypes.WinDLL:
    dll = desktops.user32()
    dll.EnumDesktopWindows.argtypes = [wintypes.HANDLE, _Callback, wintypes.LPARAM]
    dll.GetWindowThreadProcessId.argtypes = [wintypes.HWND, ctypes.POINTER(wintypes.DWORD)]
    dll.GetWindowThreadProcessId.restype = wintypes.DWORD
    dll.GetWindowRect.argtypes = [wintypes.HWND, ctypes.POINTER(wintypes.RECT)]
    dll.InternalGetWindowText.argtypes = [wintypes.HWND, wintypes.LPWSTR, ctypes.c_int]
    dll.GetClassNameW.argtypes = [wintypes.HWND, wintypes.LPWSTR, ctypes.c_int]
    dll.IsWindowVisible.argtypes = [wintypes.HWND]
    dll.IsIconic.argtypes = [wintypes.HWND]
    return dll
