"""Rights of our own process that must be switched on before they count (AdjustTokenPrivileges, securitybaseapi.h)."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Final

from collector.host.windows import calls

_ADJUST_AND_QUERY: Final = 0x28
_ENABLED: Final = 2


class _Right(ctypes.Structure):
    """TOKEN_PRIVILEGES with one privilege."""

    _pack_ = 4
    _fields_ = [
        ("count", wintypes.DWORD),
        ("luid", ctypes.c_int64),
        ("attributes", wintypes.DWORD),
    ]


_H, _D, _P = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p
_this_process = calls.function("kernel32", "GetCurrentProcess", _H)
_open_token = calls.function("advapi32", "OpenProcessToken", wintypes.BOOL, _H, _D, _P)
_look_up = calls.function("advapi32", "LookupPrivilegeValueW", wintypes.BOOL, wintypes.LPCWSTR, wintypes.LPCWSTR, _P)
_adjust = calls.function("advapi32", "AdjustTokenPrivileges", wintypes.BOOL, _H, wintypes.BOOL, _P, _D, _P, _P)


@cache
def enable(name: str) -> bool:
    """Switch a right of this process on, `SeBackupPrivilege` for one, and tell whether it has it now.

    It changes this process' own token and nothing else.
    """
    token, right = wintypes.HANDLE(), _Right(1, 0, _ENABLED)
    luid = ctypes.c_int64()
    if not _open_token(_this_process(), _ADJUST_AND_QUERY, ctypes.byref(token)):
        return False
    with calls.closing(token.value or 0):
        if not _look_up(None, name, ctypes.byref(luid)):
            return False
        right.luid = luid.value
        ctypes.set_last_error(0)
        done = _adjust(token, 0, ctypes.byref(right), 0, None, None)
        return bool(done) and ctypes.get_last_error() == 0  # 1300: not all assigned
