"""Which desktop is in front, and which others there are: Windows keeps windows and pixels apart by desktop.

A session has a window station, and that has desktops: `Default` where people work, `Winlogon` where the machine is
locked, logged on to or asks for rights, and any that a program makes. Some ransomware makes one of its own and puts
it in front. ("Desktops", "Window Stations", learn.microsoft.com/windows/win32/winstation)
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from collector.host import HostError
from collector.host.windows import calls
from collector.model import Gap, Outcome
from collector.text import from_native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.text import Text

INTERACTIVE: Final = "WinSta0"
"""The only window station that has a screen."""
WINDOWS_OWN: Final = frozenset(("winlogon", "disconnect", "screen-saver"))
"""Desktops of Windows itself, which it lets no program of people look into."""
MAX_DESKTOPS: Final = 64

_READ: Final = 0x0001 | 0x0040  # DESKTOP_READOBJECTS | DESKTOP_ENUMERATE (winuser.h)
_NAME: Final = 2  # UOI_NAME
_ANY_DPI: Final = (-4, -3)  # DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2, since 1703, and without V2 (windef.h)
_NAME_BYTES: Final = 1024

_Callback = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.LPWSTR, wintypes.LPARAM)


@cache
def user32() -> ctypes.WinDLL:
    """Return user32 with what is called of it here declared."""
    dll = calls.library("user32")
    dll.GetProcessWindowStation.argtypes = []
    dll.GetProcessWindowStation.restype = wintypes.HANDLE
    dll.GetThreadDesktop.argtypes = [wintypes.DWORD]
    dll.GetThreadDesktop.restype = wintypes.HANDLE
    dll.SetThreadDesktop.argtypes = [wintypes.HANDLE]
    dll.OpenInputDesktop.argtypes = [wintypes.DWORD, wintypes.BOOL, wintypes.DWORD]
    dll.OpenInputDesktop.restype = wintypes.HANDLE
    dll.OpenDesktopW.argtypes = [wintypes.LPCWSTR, wintypes.DWORD, wintypes.BOOL, wintypes.DWORD]
    dll.OpenDesktopW.restype = wintypes.HANDLE
    dll.CloseDesktop.argtypes = [wintypes.HANDLE]
    dll.EnumDesktopsW.argtypes = [wintypes.HANDLE, _Callback, wintypes.LPARAM]
    dll.GetUserObjectInformationW.argtypes = [
        *(wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD)),
    ]
    return dll


def name_of(handle: int | None) -> str:
    """Return the name of a desktop or window station; empty where Windows does not tell."""
    raw = ctypes.create_string_buffer(_NAME_BYTES)
    needed = wintypes.DWORD()
    if handle is None or not user32().GetUserObjectInformationW(handle, _NAME, raw, len(raw), ctypes.byref(needed)):
        return ""
    return raw.raw[: needed.value].decode("utf-16-le", "surrogatepass").split("\0", 1)[0]


def shown(name: str) -> Text:
    """Return a desktop as it is told in rows and gaps."""
    return from_native(f"{station()}\\{name}")


def station() -> str:
    """Return the name of our window station."""
    return name_of(user32().GetProcessWindowStation())


def demand_interactive() -> None:
    """Raise `HostError` where this process stands outside of any session with a screen (a service, a remote shell)."""
    name = station()
    if name.lower() != INTERACTIVE.lower():
        reason = "the tool runs outside of a session with a screen: what is shown there can't be seen from here"
        raise HostError(Gap(Outcome.UNSUPPORTED, reason, from_native(name)))


@contextmanager
def in_front() -> Iterator[str]:
    """Look at the desktop that is in front, for this thread, and give its name; raises `HostError`.

    Where Windows shows one of its own (locked, logged off, a question for rights), nobody may: `locked`.
    """
    demand_interactive()
    dll = user32()
    handle = dll.OpenInputDesktop(0, False, _READ)  # noqa: FBT003 - BOOL of the call
    if not handle:
        outcome = calls.outcome_of(calls.last_error())
        reason = "Windows shows its own desktop (locked, nobody logged on here, or a question for rights)"
        told = Outcome.LOCKED if outcome is Outcome.DENIED else outcome
        raise HostError(Gap(told, f"{reason}: what lies behind can't be seen until somebody unlocks it"))
    name = name_of(handle)
    before = dll.GetThreadDesktop(_thread())
    moved = False
    try:
        if name != name_of(before):
            moved = bool(dll.SetThreadDesktop(handle))
            if not moved:
                reason = "another desktop than ours is in front, and Windows does not let us onto it"
                raise HostError(calls.gap_of(calls.last_error(), reason, shown(name)))
        with true_pixels():
            yield name
    finally:
        if moved:
            dll.SetThreadDesktop(before)
        dll.CloseDesktop(handle)


@contextmanager
def true_pixels() -> Iterator[None]:
    """Have Windows give this thread true pixels, not what it scales for programs that know one density only.

    Windows before 10 (1607) has no such call: what mss then asks for, for the whole process, has to do.
    """
    change = getattr(user32(), "SetThreadDpiAwarenessContext", None)
    if change is None:
        yield
        return
    change.argtypes, change.restype = [ctypes.c_void_p], ctypes.c_void_p
    before = next((was for was in map(change, _ANY_DPI) if was), None)
    try:
        yield
    finally:
        if before:
            change(before)


def others(front: str | None) -> Iterator[tuple[str, int] | Gap]:
    """Yield name and handle of every desktop of our station that may be looked into, that in front first.

    A handle is open until the next one is asked for. Those of Windows itself are left out without a word: they
    always are closed to us, and `in_front` tells where one of them stands in front.
    """
    names = [] if front is None else [front]
    callback = _Callback(lambda name, _: int(_keep(names, name or "")))
    if not user32().EnumDesktopsW(user32().GetProcessWindowStation(), callback, 0) and len(names) <= MAX_DESKTOPS:
        yield calls.gap_of(calls.last_error(), "the desktops of the session can't be listed, or not all of them")
    for name in names[:MAX_DESKTOPS]:
        handle = user32().OpenDesktopW(name, 0, False, _READ)  # noqa: FBT003 - BOOL of the call
        if handle:
            try:
                yield name, handle
            finally:
                user32().CloseDesktop(handle)
        elif name.lower() not in WINDOWS_OWN:
            yield calls.gap_of(calls.last_error(), "a desktop can't be looked into", shown(name))
    if len(names) > MAX_DESKTOPS:
        yield Gap(Outcome.OVER_LIMIT, f"more desktops than the limit of {MAX_DESKTOPS} of a session")


def _keep(names: list[str], name: str) -> bool:
    if name not in names:
        names.append(name)
    return len(names) <= MAX_DESKTOPS


def _thread() -> int:
    kernel32 = calls.library("kernel32")
    kernel32.GetCurrentThreadId.restype = wintypes.DWORD
    return int(kernel32.GetCurrentThreadId())
