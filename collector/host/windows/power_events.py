"""Starts and shutdowns of the machine: from the System log, and the last shutdown that the registry remembers.

The log is asked through its own service on this computer (EvtQuery, winevt.h, without a session): no file of it is
opened here. With "fast startup" the kernel is not started anew, so the log tells of that start in words of its own.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import winreg
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls
from collector.model import Gap, Outcome
from collector.winformats import filetimes, powerlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Row

MAX_EVENTS: Final = 200
"""Most events told, the latest: a machine that is switched off each evening has so many in some weeks."""
AT_ONCE: Final = 32
WAIT_MS: Final = 5000
"""Longest wait for the next events: a log of 20 MB is looked through in a second."""

_PLACE: Final = r"SYSTEM\CurrentControlSet\Control\Windows"
# winevt.h
_CHANNEL, _REVERSE, _AS_XML = 0x1, 0x200, 1
_NO_MORE, _TOO_SMALL, _NOT_IMPLEMENTED = 259, 122, 120  # ERROR_NO_MORE_ITEMS, _INSUFFICIENT_BUFFER, _CALL_…


def rows() -> Iterator[Row | Gap]:
    """Yield the latest starts and shutdowns, oldest first, then a gap for what can't be read."""
    found: list[Row] = []
    gaps: list[Gap] = []
    try:
        _logged(found, gaps)
    except (OSError, AttributeError) as error:
        failed = error if isinstance(error, OSError) else ctypes.WinError(127)
        gaps.append(calls.gap_of(failed, "the System log can't be asked for starts and shutdowns"))
    try:
        found += _remembered()
    except OSError as error:
        gaps.append(calls.gap_of(error, "the time of the last shutdown can't be read in the registry"))
    yield from sorted(found, key=lambda row: str(row["utc"]))
    yield from gaps


def _remembered() -> Iterator[Row]:
    """Yield the last shutdown that came to its end; raises `OSError`."""
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PLACE) as key:
        value, _ = winreg.QueryValueEx(key, "ShutdownTime")
    if isinstance(value, bytes) and len(value) == filetimes.SIZE:
        utc = filetimes.utc(int.from_bytes(value, "little"))
        if utc is not None:
            yield {"utc": utc, "what": "shutdown", "source": "registry, ShutdownTime"}


def _logged(found: list[Row], gaps: list[Gap]) -> None:
    """Add what the log tells, the latest first; raises `OSError`, and what was had before it stays."""
    library = calls.library("wevtapi")
    library.EvtQuery.argtypes = [wintypes.HANDLE, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD]
    library.EvtQuery.restype = ctypes.c_void_p
    answer = library.EvtQuery(None, "System", powerlog.QUERY, _CHANNEL | _REVERSE)
    if not answer:
        error = calls.last_error()
        raise error if error.winerror else ctypes.WinError(_NOT_IMPLEMENTED)  # Wine says nothing at all
    torn = 0
    try:
        for count, xml in enumerate(_events(answer)):
            if count >= MAX_EVENTS:
                gaps.append(Gap(Outcome.OVER_LIMIT, f"only the latest {MAX_EVENTS} starts and shutdowns are told"))
                break
            try:
                row = powerlog.parse(xml)
            except ValueError:
                torn += 1
                continue
            if row is not None:
                found.append(row)
    finally:
        _close(answer)
        if torn:
            reason = f"{torn} events about starts and shutdowns are not in the form that is known"
            gaps.append(Gap(Outcome.FAILED, reason))


def _events(answer: int) -> Iterator[str]:
    """Yield each event as XML; raises `OSError`."""
    step = calls.library("wevtapi").EvtNext
    step.argtypes = [
        wintypes.HANDLE,
        wintypes.DWORD,
        ctypes.c_void_p,
        wintypes.DWORD,
        wintypes.DWORD,
        ctypes.POINTER(wintypes.DWORD),
    ]
    handles, count = (ctypes.c_void_p * AT_ONCE)(), wintypes.DWORD()
    while step(answer, AT_ONCE, handles, WAIT_MS, 0, ctypes.byref(count)):
        events = [handle for handle in handles[: count.value] if handle]
        try:
            for event in events:
                yield _rendered(event)
        finally:
            for event in events:
                _close(event)
    error = calls.last_error()
    if error.winerror != _NO_MORE:
        raise error


def _rendered(event: int) -> str:
    """Return one event as XML, nothing where it is longer than any that we ask for; raises `OSError`."""
    render = calls.library("wevtapi").EvtRender
    render.argtypes = [
        wintypes.HANDLE,
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.DWORD,
        ctypes.c_void_p,
        ctypes.POINTER(wintypes.DWORD),
        ctypes.POINTER(wintypes.DWORD),
    ]
    buffer = ctypes.create_string_buffer(2 * powerlog.MAX_BYTES)
    used, properties = wintypes.DWORD(), wintypes.DWORD()
    if not render(None, event, _AS_XML, len(buffer), buffer, ctypes.byref(used), ctypes.byref(properties)):
        error = calls.last_error()
        if error.winerror == _TOO_SMALL:
            return ""
        raise error
    return buffer.raw[: min(used.value, len(buffer)) & ~1].decode("utf-16-le", "replace").partition("\0")[0]


def _close(handle: int) -> None:
    calls.library("wevtapi").EvtClose(wintypes.HANDLE(handle))
