"""One folder and all below it, watched by ReadDirectoryChangesExW, or ReadDirectoryChangesW where it is missing.

Why not watchdog: on Windows it hands its events over only after a second without any, and loses those of the last one.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from collector.host.windows import calls, files, ntcalls
from collector.winformats.notifications import Notification, notifications

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BUFFER: Final = 256 << 10
"""Bytes that the kernel keeps for a folder until we fetch them: some 2,000 events."""

_WANTED: Final = 0x1 | 0x2 | 0x8 | 0x10
"""FILE_NOTIFY_CHANGE_FILE_NAME | DIR_NAME | SIZE | LAST_WRITE."""
_EXTENDED: Final = 2
"""ReadDirectoryNotifyExtendedInformation."""
_ONLY_PLAIN: Final = (1, 50, 87)
"""ERROR_INVALID_FUNCTION, _NOT_SUPPORTED, _INVALID_PARAMETER: what file systems but NTFS say to the newer call."""
_TOO_MANY: Final = 1022
"""ERROR_NOTIFY_ENUM_DIR: the buffer was full, all of it is lost."""
_SIGNALLED: Final = 0x80
"""Fewer are indexes of handles (WAIT_OBJECT_0 on)."""

_H, _D, _P, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.BOOL
_create_event = calls.function("kernel32", "CreateEventW", _H, _P, _B, _B, _P)
_set_event = calls.function("kernel32", "SetEvent", _B, _H)
_result = calls.function("kernel32", "GetOverlappedResult", _B, _H, _P, _P, _B)
_cancel = calls.function("kernel32", "CancelIoEx", _B, _H, _P)
_wait = calls.function("kernel32", "WaitForMultipleObjects", _D, _D, _P, _B, _D)
_read = calls.function("kernel32", "ReadDirectoryChangesW", _B, _H, _P, _D, _B, _D, _P, _P, _P)


@cache
def _read_extended() -> Callable[..., Any] | None:
    """Return the newer call, of Windows 10 since 1709."""
    try:
        return calls.function("kernel32", "ReadDirectoryChangesExW", _B, _H, _P, _D, _B, _D, _P, _P, _P, ctypes.c_int)
    except OSError:
        return None


class LostError(Exception):
    """The kernel dropped events of a folder."""


class EndedError(Exception):
    """Nothing more comes of a folder: it was deleted, or its drive is gone."""


class Bell:
    """Something a thread waits for (an event of the kernel)."""

    def __init__(self) -> None:
        self.handle = int(_create_event(None, 1, 0, None) or 0)
        if not self.handle:
            raise calls.last_error()

    def ring(self) -> None:
        """Wake whoever waits."""
        _set_event(self.handle)

    def close(self) -> None:
        """Let go of it."""
        ntcalls.close(self.handle)


class Notices:
    """A folder that is watched; raises `OSError` where it can't be."""

    def __init__(self, path: bytes) -> None:
        self.path = path
        self._folder = files.open_folder(path, waiting=True)
        try:
            self.bell = Bell()
        except OSError:
            self._folder.close()
            raise
        self._buffer = ctypes.create_string_buffer(BUFFER)
        self._overlapped = ntcalls.Overlapped(None, None, 0, self.bell.handle)
        self._extended = _read_extended()
        try:
            self._begin()
        except OSError:
            self.close()
            raise

    def _begin(self) -> None:
        """Ask for the first time, by the older call where the file system (FAT, exFAT) doesn't know the newer one."""
        try:
            self._ask()
        except OSError as error:
            if self._extended is None or error.winerror not in _ONLY_PLAIN:
                raise
            self._extended = None
            self._ask()

    def _ask(self) -> None:
        """Ask for the next events; the kernel keeps those that come meanwhile."""
        extended = self._extended
        arguments = (self._folder.handle, self._buffer, BUFFER, 1, _WANTED, None, ctypes.byref(self._overlapped), None)
        done = _read(*arguments) if extended is None else extended(*arguments, _EXTENDED)
        if not done:
            raise calls.last_error()

    def fetch(self) -> list[Notification]:
        """Return what came, and ask for more; call it when the bell has rung.

        Raises `LostError` where events were dropped (the watch goes on) and `EndedError` where it is over.
        """
        done = wintypes.DWORD()
        lost, raw = False, b""
        if _result(self._folder.handle, ctypes.byref(self._overlapped), ctypes.byref(done), 0):
            raw = self._buffer.raw[: done.value]
            lost = not raw
        elif ctypes.get_last_error() == _TOO_MANY:
            lost = True
        else:
            raise EndedError
        try:
            self._ask()
        except OSError as error:
            if error.winerror != _TOO_MANY:
                raise EndedError from error
            lost = True
        if lost:
            raise LostError
        return list(notifications(raw, extended=self._extended is not None))

    def close(self) -> None:
        """End the watch; waits until the kernel has let go of our memory."""
        if self._folder.handle:
            done = wintypes.DWORD()
            if _cancel(self._folder.handle, ctypes.byref(self._overlapped)):
                _result(self._folder.handle, ctypes.byref(self._overlapped), ctypes.byref(done), 1)
            self._folder.close()
            self.bell.close()


def first(bells: Sequence[Bell], seconds: float) -> int | None:
    """Wait until one of some bells has rung, 64 at most, and return its place; `None` where none did in that time."""
    handles = (wintypes.HANDLE * len(bells))(*(bell.handle for bell in bells))
    found = _wait(len(bells), handles, 0, int(seconds * 1000))
    return int(found) if found < min(_SIGNALLED, len(bells)) else None
