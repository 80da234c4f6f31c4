"""How Windows is called: its own libraries only, its errors as gaps, its names as bytes.

Libraries come from the system's folder alone (LOAD_LIBRARY_SEARCH_SYSTEM32): one of the same name that lies beside
us or in the working folder is never loaded. Names are UTF-16 there, and not always valid: they are kept as UTF-8 with
lone surrogates (`os.fsencode`), so that each has its own bytes.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import errno
import os
from contextlib import contextmanager, suppress
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.text import Text

_SYSTEM32_ONLY: Final = 0x800
"""LOAD_LIBRARY_SEARCH_SYSTEM32 (libloaderapi.h)."""

_OUTCOMES: Final = {
    1: Outcome.UNSUPPORTED,  # ERROR_INVALID_FUNCTION
    2: Outcome.ABSENT,  # ERROR_FILE_NOT_FOUND
    3: Outcome.ABSENT,  # ERROR_PATH_NOT_FOUND
    5: Outcome.DENIED,  # ERROR_ACCESS_DENIED
    21: Outcome.ABSENT,  # ERROR_NOT_READY: no medium in the drive
    32: Outcome.LOCKED,  # ERROR_SHARING_VIOLATION
    33: Outcome.LOCKED,  # ERROR_LOCK_VIOLATION
    50: Outcome.UNSUPPORTED,  # ERROR_NOT_SUPPORTED
    87: Outcome.UNSUPPORTED,  # ERROR_INVALID_PARAMETER: this Windows knows no such class of information
    120: Outcome.UNSUPPORTED,  # ERROR_CALL_NOT_IMPLEMENTED
    127: Outcome.UNSUPPORTED,  # ERROR_PROC_NOT_FOUND
    225: Outcome.DENIED,  # ERROR_VIRUS_INFECTED: the antivirus program keeps it from everybody
    1920: Outcome.UNSUPPORTED,  # ERROR_CANT_ACCESS_FILE: a reparse point that nobody answers for
    206: Outcome.OVER_LIMIT,  # ERROR_FILENAME_EXCED_RANGE
    267: Outcome.ABSENT,  # ERROR_DIRECTORY: a file stands where a folder was
    303: Outcome.ABSENT,  # ERROR_DELETE_PENDING
    170: Outcome.LOCKED,  # ERROR_BUSY
    1168: Outcome.ABSENT,  # ERROR_NOT_FOUND
    1314: Outcome.DENIED,  # ERROR_PRIVILEGE_NOT_HELD
    1460: Outcome.TIMED_OUT,  # ERROR_TIMEOUT
    1005: Outcome.UNSUPPORTED,  # ERROR_UNRECOGNIZED_VOLUME: no file system that Windows knows
    0x80310000 - (1 << 32): Outcome.LOCKED,  # FVE_E_LOCKED_VOLUME: BitLocker, and nobody has given the key
}
"""Error codes of Windows (winerror.h)."""
_BY_ERRNO: Final = {
    errno.ENOENT: Outcome.ABSENT,
    errno.EACCES: Outcome.DENIED,
    errno.EPERM: Outcome.DENIED,
    errno.ETIMEDOUT: Outcome.TIMED_OUT,
    errno.ENXIO: Outcome.UNSUPPORTED,
    errno.ELOOP: Outcome.UNSUPPORTED,
    errno.EFBIG: Outcome.OVER_LIMIT,
}


def outcome_of(error: OSError) -> Outcome:
    """Return the outcome that a system error stands for."""
    if error.winerror:
        return _OUTCOMES.get(error.winerror, Outcome.FAILED)
    return _BY_ERRNO.get(error.errno or 0, Outcome.FAILED)


def gap_of(error: OSError, what: str, subject: Text | None = None) -> Gap:
    """Return the gap for a system error: `what` is a plain phrase, without names from the host.

    The system's own sentence is in the language of the host; its number says the same everywhere.
    """
    number = error.winerror or 0
    told = number if number >= 0 else f"{number + (1 << 32):08x}"
    why = f"error {told} of Windows" if number else os.strerror(error.errno or 0)
    return Gap(outcome_of(error), f"{what}: {why}", subject)


@cache
def library(name: str) -> ctypes.WinDLL:
    """Return a library of the system's own folder; raises `OSError` where there is none."""
    return ctypes.WinDLL(name, use_last_error=True, winmode=_SYSTEM32_ONLY)


def function(library_name: str, name: str, result: type | None, *arguments: type) -> Callable[..., Any]:
    """Return a function of the system with its types; raises `OSError` where there is no such function or library.

    It is the caller's own: what another room says of the types of the same function doesn't touch it.
    """
    prototype = ctypes.WINFUNCTYPE(result, *arguments, use_last_error=True)
    try:
        return prototype((name, library(library_name)))
    except AttributeError as error:
        raise ctypes.WinError(127) from error  # ERROR_PROC_NOT_FOUND


function("kernel32", "SetErrorMode", wintypes.UINT, wintypes.UINT)(0x8001)
# SEM_FAILCRITICALERRORS, SEM_NOOPENFILEERRORBOX (errhandlingapi.h): a drive without a medium is an error for us, and
# no window that asks the victim to put one in.


with suppress(OSError):  # since Windows 10 1803
    function("ntdll", "RtlSetProcessPlaceholderCompatibilityMode", ctypes.c_byte, ctypes.c_byte)(2)
# PHCM_EXPOSE_PLACEHOLDERS (ntifs.h): Windows may hide from a program, for its compatibility's sake, that a file lies in
# a cloud. It would look like any other, and reading it would fetch it over the network.


def error_of(code: int) -> OSError:
    """Return the error for a code of 32 bits.

    Some have the highest bit, as 80310000 of a volume that BitLocker keeps; to Python those are negative.
    """
    return ctypes.WinError(ctypes.c_int32(code).value)


_dos_error = function("ntdll", "RtlNtStatusToDosError", wintypes.ULONG, wintypes.ULONG)


def status_error(status: int) -> OSError:
    """Return the error of Windows that a status of its kernel (NTSTATUS, signed or not) stands for."""
    return error_of(_dos_error(status & 0xFFFFFFFF))


def last_error() -> OSError:
    """Return the error of the last call made through `library`."""
    return ctypes.WinError(ctypes.get_last_error())


@contextmanager
def closing(handle: int) -> Iterator[int]:
    """Close a kernel handle at the end."""
    try:
        yield handle
    finally:
        library("kernel32").CloseHandle(wintypes.HANDLE(handle))


def under_wine() -> bool:
    """Tell whether this is Wine: what it can't do is said of it, not of Windows."""
    return hasattr(library("ntdll"), "wine_get_version")
