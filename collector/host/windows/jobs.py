"""A program that we run, and all that it starts, in a job that ends with us: "Job Objects", jobapi2.h.

The program is made suspended, put into the job, and only then runs, so that nothing it starts is outside. The job is
killed when its last handle is closed, also where this process is ended without a word.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
import contextlib
import ctypes
import msvcrt
import os
import struct
import subprocess
import time
from ctypes import wintypes
from typing import IO, TYPE_CHECKING, Final

from collector.host.windows import calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SUSPENDED: Final = 0x4  # CREATE_SUSPENDED (processthreadsapi.h)
_ACCOUNTING, _LIMITS = 1, 9  # JobObjectBasicAccountingInformation, JobObjectExtendedLimitInformation
_KILL_ON_CLOSE, _NO_BOX = 0x2000, 0x400  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, …_DIE_ON_UNHANDLED_EXCEPTION
_FLAGS_AT: Final = 16
"""Where LimitFlags stands in JOBOBJECT_BASIC_LIMIT_INFORMATION."""
_LIMITS_SIZE: Final = 144
"""Bytes of JOBOBJECT_EXTENDED_LIMIT_INFORMATION on x64."""
_ACTIVE = struct.Struct("<4q4I")
"""JOBOBJECT_BASIC_ACCOUNTING_INFORMATION: the third of its four counts is the processes that live."""
_READ: Final = 1 << 16
_ENDING: Final = 5.0
"""Seconds in which what was killed must have ended."""

_H, _D, _P, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.BOOL
_create = calls.function("kernel32", "CreateJobObjectW", _H, _P, wintypes.LPCWSTR)
_set = calls.function("kernel32", "SetInformationJobObject", _B, _H, ctypes.c_int, _P, _D)
_ask = calls.function("kernel32", "QueryInformationJobObject", _B, _H, ctypes.c_int, _P, _D, _P)
_assign = calls.function("kernel32", "AssignProcessToJobObject", _B, _H, _H)
_terminate = calls.function("kernel32", "TerminateJobObject", _B, _H, wintypes.UINT)
_resume = calls.function("ntdll", "NtResumeProcess", ctypes.c_long, _H)
_close = calls.function("kernel32", "CloseHandle", _B, _H)


class Job:
    """A job of our own; `start` runs one program in it, `end` ends all of it."""

    def __init__(self) -> None:
        """Make it; raises `OSError`."""
        self._handle: int | None = _create(None, None)
        if not self._handle:
            raise calls.last_error()
        limits = bytearray(_LIMITS_SIZE)
        struct.pack_into("<I", limits, _FLAGS_AT, _KILL_ON_CLOSE | _NO_BOX)
        if not _set(self._handle, _LIMITS, (ctypes.c_char * _LIMITS_SIZE).from_buffer(limits), _LIMITS_SIZE):
            error = calls.last_error()
            self.close()
            raise error

    def start(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Run a program by its absolute path, without a window, and return it; raises `OSError`, the job closed."""
        try:
            child = subprocess.Popen(  # noqa: S603 - an argument list, no shell; the caller looked at what it names
                list(command),
                executable=command[0],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=dict(environment),
                creationflags=_SUSPENDED | subprocess.CREATE_NO_WINDOW,
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            self.close()
            raise error if isinstance(error, OSError) else ctypes.WinError(87) from error
        process = int(child._handle)  # type: ignore[attr-defined] # noqa: SLF001 - Popen has no other way to give it
        refused = None if _assign(self._handle, process) else calls.last_error()
        if refused is None and (status := _resume(process)) < 0:
            refused = calls.status_error(status)
        if refused is not None:
            with child:  # its pipes are closed, and it is waited for
                child.kill()
            self.close()
            raise refused
        return child

    def end(self, child: subprocess.Popen[bytes]) -> bool:
        """End all that runs in the job and tell whether it has ended; the job takes no other program."""
        _terminate(self._handle, 1)
        until = time.monotonic() + _ENDING
        while self._living() and time.monotonic() < until:
            time.sleep(0.01)
        ended = not self._living()
        if child.poll() is None:
            try:
                child.wait(_ENDING)
            except subprocess.TimeoutExpired:
                ended = False
        self.close()
        return ended

    def _living(self) -> int:
        told = ctypes.create_string_buffer(_ACTIVE.size)
        if not _ask(self._handle, _ACCOUNTING, told, len(told), None):
            return 0  # it is killed anyway when it is closed
        return int(_ACTIVE.unpack(told.raw)[6])

    def close(self) -> None:
        """Close the job, which kills what still runs in it; may be called twice."""
        handle, self._handle = self._handle, None
        if handle:
            _close(handle)


def waiting(pipe: IO[bytes] | None) -> bytes:
    """Return what waits in a pipe of a program, which may be nothing; never waits itself."""
    if pipe is None:
        return b""
    with contextlib.suppress(OSError):  # closed at the other end
        there = int(_winapi.PeekNamedPipe(msvcrt.get_osfhandle(pipe.fileno()), 0)[0])
        if there:
            return os.read(pipe.fileno(), min(there, _READ))
    return b""
