"""All rights, asked for once: Windows shows a person its own question (UAC), and a new process of ours has them.

No process gets more rights while it runs. `ShellExecuteExW` with the verb `runas` is the documented way to start one
that has them (Microsoft Learn, "ShellExecuteExW" and "User Account Control"). Under Wine everybody has them.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
from ctypes import wintypes
from subprocess import list2cmdline  # the quoting that a C program undoes; nothing is run with it
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TOKEN_QUERY: Final = 0x8
_TOKEN_ELEVATION: Final = 20
"""Of TOKEN_INFORMATION_CLASS (winnt.h): whether the process has all rights that its user may have."""
_MASK: Final = 0x40 | 0x100 | 0x400
"""SEE_MASK_NOCLOSEPROCESS, SEE_MASK_NOASYNC, SEE_MASK_FLAG_NO_UI (shellapi.h): no window of its own for an error."""
_SHOW_NORMAL: Final = 1
_CANCELLED: Final = 1223
"""ERROR_CANCELLED (winerror.h): the person said no, or closed the question."""
_APARTMENT: Final = 0x2 | 0x4
"""COINIT_APARTMENTTHREADED, COINIT_DISABLE_OLE1DDE: what ShellExecuteExW asks for."""
_WAIT_MS: Final = 500
"""Between two looks at the end of the other process: Ctrl-C is heard in between."""
_TIMEOUT: Final = 0x102
_LONGEST: Final = 32_000
"""UTF-16 units of a command line that Windows takes."""


class _Execute(ctypes.Structure):
    """SHELLEXECUTEINFOW (shellapi.h)."""

    _fields_ = (
        ("cbSize", wintypes.DWORD),
        ("fMask", wintypes.ULONG),
        ("hwnd", wintypes.HWND),
        ("lpVerb", wintypes.LPCWSTR),
        ("lpFile", wintypes.LPCWSTR),
        ("lpParameters", wintypes.LPCWSTR),
        ("lpDirectory", wintypes.LPCWSTR),
        ("nShow", ctypes.c_int),
        ("hInstApp", wintypes.HINSTANCE),
        ("lpIDList", ctypes.c_void_p),
        ("lpClass", wintypes.LPCWSTR),
        ("hkeyClass", wintypes.HKEY),
        ("dwHotKey", wintypes.DWORD),
        ("hIconOrMonitor", wintypes.HANDLE),
        ("hProcess", wintypes.HANDLE),
    )


def may_rise() -> bool:
    """Tell whether this process lacks rights that it may be given; `False` where Windows doesn't say."""
    kernel, advapi = calls.library("kernel32"), calls.library("advapi32")
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    advapi.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE)]
    advapi.GetTokenInformation.argtypes = [
        wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD),
    ]  # fmt: skip
    token, has_all, length = wintypes.HANDLE(), wintypes.DWORD(1), wintypes.DWORD()
    if not advapi.OpenProcessToken(kernel.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)):
        return False
    with calls.closing(token.value or 0):
        size = ctypes.sizeof(has_all)
        told = advapi.GetTokenInformation(token, _TOKEN_ELEVATION, ctypes.byref(has_all), size, ctypes.byref(length))
    return bool(told) and not has_all.value


def rise(arguments: Sequence[str], began: Callable[[], None], *, verb: str = "runas") -> int | None:
    """Start our own program with all rights and these arguments, wait for its end, and return its exit code.

    `None` if the person refused. It runs in the same folder. Raises `OSError` where Windows could not ask.
    """
    kernel = calls.library("kernel32")
    kernel.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
    kernel.GetExitCodeProcess.argtypes = [wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD)]
    process = _started(list2cmdline(arguments), verb)
    if process is None:
        return None
    with calls.closing(process):
        began()
        while kernel.WaitForSingleObject(process, _WAIT_MS) == _TIMEOUT:
            pass
        code = wintypes.DWORD()
        if not kernel.GetExitCodeProcess(process, ctypes.byref(code)):
            raise calls.last_error()
    return ctypes.c_int32(code.value).value


def _started(parameters: str, verb: str) -> int | None:
    """Return the new process's handle; `None` if the person refused."""
    if len(parameters) > _LONGEST:
        raise OSError(0, "the command line is too long")
    shell, ole = calls.library("shell32"), calls.library("ole32")
    shell.ShellExecuteExW.argtypes = [ctypes.POINTER(_Execute)]
    ole.CoInitializeEx.argtypes = [ctypes.c_void_p, wintypes.DWORD]
    asked = _Execute(
        cbSize=ctypes.sizeof(_Execute),
        fMask=_MASK,
        lpVerb=verb,
        lpFile=sys.executable,
        lpParameters=parameters,
        lpDirectory=os.getcwd(),
        nShow=_SHOW_NORMAL,
    )
    initialised = ole.CoInitializeEx(None, _APARTMENT) >= 0
    try:
        if not shell.ShellExecuteExW(ctypes.byref(asked)):
            error = calls.last_error()
            if error.winerror == _CANCELLED:
                return None
            raise error
    finally:
        if initialised:
            ole.CoUninitialize()
    if not asked.hProcess:
        raise OSError(0, "the new process could not be seen")
    return int(asked.hProcess)
