r"""The kernel's own calls for files: open a name below a handle, ask a handle, read at a place.

Why not CreateFileW: it opens by whole paths only, through every junction on the way, and makes devices of some names.
NtCreateFile (winternl.h) opens one name below the handle of its folder. The kernel's names are those of `\??\`.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import errno
import os
import struct
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

READ: Final = 0x8000_0000
"""GENERIC_READ."""
LOOK: Final = 0x0002_0080
"""READ_CONTROL | FILE_READ_ATTRIBUTES: is never refused because somebody has the file open."""
LOOK_ONLY: Final = 0x0000_0080
"""FILE_READ_ATTRIBUTES: nor does that make anybody let go of it (an oplock)."""
LIST: Final = 0x0000_00A1
"""FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES."""
PASS: Final = 0x0000_00A0
"""FILE_TRAVERSE | FILE_READ_ATTRIBUTES: to go on below a folder."""
_SYNCHRONIZE: Final = 0x0010_0000

FOLDER: Final = 0x0000_0001
"""FILE_DIRECTORY_FILE."""
NOT_FOLDER: Final = 0x0000_0040
"""FILE_NON_DIRECTORY_FILE."""
NO_FOLLOW: Final = 0x0020_0000
"""FILE_OPEN_REPARSE_POINT."""
_WAITING: Final = 0x0000_0020
"""FILE_SYNCHRONOUS_IO_NONALERT: a call returns when it is done."""
_ALWAYS: Final = 0x0000_0100 | 0x0000_4000 | 0x0040_0000
"""FILE_COMPLETE_IF_OPLOCKED | FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_NO_RECALL."""

_SHARE_ALL: Final = 7
_OPEN: Final = 1
_ANY_CASE: Final = 0x40
"""OBJ_CASE_INSENSITIVE."""
_OPLOCK_BREAKS: Final = 0x108
"""STATUS_OPLOCK_BREAK_IN_PROGRESS: open, but whoever holds the file has not let go yet; a read would wait for him."""
OPLOCK_BREAKS_ERROR: Final = 170
"""ERROR_BUSY: what we make of it."""
_NO_MORE: Final = 0x8000_001A
"""STATUS_NO_MORE_ENTRIES."""
_IS_FOLDER: Final = 0xC000_00BA
"""STATUS_FILE_IS_A_DIRECTORY, of which Windows itself makes "access denied"."""
_EOF: Final = 38
_LARGEST_LIST: Final = 4096
_PROCESS_IDS: Final = 47
"""FileProcessIdsUsingFileInformation."""


class _String(ctypes.Structure):
    """UNICODE_STRING."""

    _fields_ = [("length", wintypes.USHORT), ("room", wintypes.USHORT), ("buffer", ctypes.c_void_p)]


class _Attributes(ctypes.Structure):
    """OBJECT_ATTRIBUTES."""

    _fields_ = [
        ("length", wintypes.ULONG),
        ("root", wintypes.HANDLE),
        ("name", ctypes.POINTER(_String)),
        ("attributes", wintypes.ULONG),
        ("descriptor", ctypes.c_void_p),
        ("quality", ctypes.c_void_p),
    ]


class _Status(ctypes.Structure):
    """IO_STATUS_BLOCK."""

    _fields_ = [("status", ctypes.c_void_p), ("information", ctypes.c_void_p)]


class Information(ctypes.Structure):
    """BY_HANDLE_FILE_INFORMATION (fileapi.h), its times as pairs of halves."""

    _fields_ = [
        ("attributes", wintypes.DWORD),
        ("times", wintypes.FILETIME * 3),
        ("serial", wintypes.DWORD),
        ("size_high", wintypes.DWORD),
        ("size_low", wintypes.DWORD),
        ("links", wintypes.DWORD),
        ("index_high", wintypes.DWORD),
        ("index_low", wintypes.DWORD),
    ]


class Overlapped(ctypes.Structure):
    """OVERLAPPED: where to read, or what to ring when something came."""

    _fields_ = [
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", ctypes.c_uint64),
        ("event", wintypes.HANDLE),
    ]


_H, _D, _P, _U = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.ULONG
_read_file = calls.function("kernel32", "ReadFile", wintypes.BOOL, _H, _P, _D, _P, _P)
_close_handle = calls.function("kernel32", "CloseHandle", wintypes.BOOL, _H)
_by_handle = calls.function("kernel32", "GetFileInformationByHandle", wintypes.BOOL, _H, _P)
_by_handle_ex = calls.function("kernel32", "GetFileInformationByHandleEx", wintypes.BOOL, _H, ctypes.c_int, _P, _D)
_file_type = calls.function("kernel32", "GetFileType", _D, _H)
_re_open_file = calls.function("kernel32", "ReOpenFile", _H, _H, _D, _D, _D)
_create_file = calls.function("ntdll", "NtCreateFile", _U, _P, _U, _P, _P, _P, _U, _U, _U, _U, _P, _U)
_open_directory_object = calls.function("ntdll", "NtOpenDirectoryObject", _U, _P, _U, _P)
_query_directory_object = calls.function(
    "ntdll", "NtQueryDirectoryObject", _U, _H, _P, _U, wintypes.BOOLEAN, wintypes.BOOLEAN, _P, _P
)
_kernel_security = calls.function("advapi32", "GetKernelObjectSecurity", wintypes.BOOL, _H, _D, _P, _D, _P)
_query_file = calls.function("ntdll", "NtQueryInformationFile", _U, _H, _P, _P, _U, ctypes.c_int)


class _Named:
    """OBJECT_ATTRIBUTES of a name, with the memory that they point to."""

    def __init__(self, name: str, above: int | None = None, *, exact: bool = False) -> None:
        raw = name.encode("utf-16-le", "surrogatepass")
        if len(raw) > 0xFFFE:  # noqa: PLR2004 - UNICODE_STRING counts bytes in 16 bits
            raise ctypes.WinError(206)  # ERROR_FILENAME_EXCED_RANGE
        self._raw = ctypes.create_string_buffer(raw, len(raw) + 2)
        self._string = _String(len(raw), len(raw), ctypes.addressof(self._raw))
        case = 0 if exact else _ANY_CASE
        size = ctypes.sizeof(_Attributes)
        self.attributes = _Attributes(size, above, ctypes.pointer(self._string), case, None, None)


def open_name(
    name: str, above: int | None, access: int, options: int, *, exact: bool = False, waiting: bool = False
) -> int:
    """Open what exists, shared with everybody, and return its handle; raises `OSError`.

    `name` is one of the kernel's, or lies below the open folder `above`; `exact`: in this very case; `waiting`:
    calls return before they are done (OVERLAPPED).
    """
    handle, named = wintypes.HANDLE(), _Named(name, above, exact=exact)
    status = _create_file(
        *(ctypes.byref(handle), access | _SYNCHRONIZE, ctypes.byref(named.attributes), ctypes.byref(_Status())),
        *(None, 0, _SHARE_ALL, _OPEN, options | _ALWAYS | (0 if waiting else _WAITING), None, 0),
    )
    if status == _OPLOCK_BREAKS and handle.value is not None and options & NOT_FOLDER:
        close(handle.value)
        raise ctypes.WinError(OPLOCK_BREAKS_ERROR)
    if status == _IS_FOLDER:
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    if status >= 0x8000_0000 or handle.value is None:  # noqa: PLR2004 - warnings and errors
        raise calls.status_error(status)
    return handle.value


def close(handle: int) -> None:
    """Close a handle."""
    _close_handle(handle)


def information(handle: int) -> Information:
    """Return what GetFileInformationByHandle says; raises `OSError`."""
    found = Information()
    if not _by_handle(handle, ctypes.byref(found)):
        raise calls.last_error()
    return found


def ask(handle: int, number: int, buffer: ctypes.Array[ctypes.c_char]) -> None:
    """Fill a buffer by GetFileInformationByHandleEx with the class of that number; raises `OSError`."""
    if not _by_handle_ex(handle, number, buffer, len(buffer)):
        raise calls.last_error()


def descriptor(handle: int) -> bytes:
    """Return the security descriptor of an open file, of which its owner is asked only; raises `OSError`."""
    buffer, needed = ctypes.create_string_buffer(_LARGEST_LIST), wintypes.DWORD()
    if not _kernel_security(handle, 1, buffer, len(buffer), ctypes.byref(needed)):  # OWNER_SECURITY_INFORMATION
        raise calls.last_error()
    return buffer.raw[: needed.value]


def users(handle: int) -> list[int]:
    """Return the processes that have an open file open, our own among them; raises `OSError`.

    FILE_PROCESS_IDS_USING_FILE_INFORMATION (ntifs.h): a count, then as many numbers, each as wide as a pointer.
    """
    buffer = ctypes.create_string_buffer(_LARGEST_LIST)
    status = _query_file(handle, ctypes.byref(_Status()), buffer, len(buffer), _PROCESS_IDS)
    if status:
        raise calls.status_error(status)
    count = min(int.from_bytes(buffer.raw[:4], "little"), (len(buffer) - 8) // 8)
    return list(struct.unpack_from(f"<{count}Q", buffer, 8))


def is_on_disk(handle: int) -> bool:
    """Tell whether a handle is of a file system, not of a device or pipe (GetFileType)."""
    return bool(_file_type(handle) == 1)


def reopened(handle: int, access: int, flags: int) -> int:
    """Open the file of a handle once more, by no name, and return the new handle; raises `OSError`."""
    found = _re_open_file(handle, access, _SHARE_ALL, flags)
    if found is None or found == wintypes.HANDLE(-1).value:
        raise calls.last_error()
    return int(found)


def read_at(handle: int, address: int, length: int, offset: int) -> int:
    """Read bytes of a file from a place on into memory and return how many came, 0 at the end; raises `OSError`."""
    done, place = wintypes.DWORD(), Overlapped(None, None, offset, None)
    if not _read_file(handle, address, length, ctypes.byref(done), ctypes.byref(place)):
        error = calls.last_error()
        if error.winerror == _EOF:
            return 0
        raise error
    return done.value


def objects(folder: str) -> Iterator[str]:
    """Yield the names of the kernel's objects in one of its folders; raises `OSError`."""
    handle, named = wintypes.HANDLE(), _Named(folder)
    status = _open_directory_object(ctypes.byref(handle), 1, ctypes.byref(named.attributes))
    if status or handle.value is None:
        raise calls.status_error(status)
    try:
        buffer = ctypes.create_string_buffer(_LARGEST_LIST)
        context, length = wintypes.ULONG(), wintypes.ULONG()
        while True:
            status = _query_directory_object(
                handle, buffer, len(buffer), True, False, ctypes.byref(context), ctypes.byref(length)  # noqa: FBT003 - BOOLEAN
            )
            if status == _NO_MORE:
                return
            if status:
                raise calls.status_error(status)
            name = _String.from_buffer(buffer)
            yield ctypes.string_at(name.buffer, name.length).decode("utf-16-le", "surrogatepass")
    finally:
        close(handle.value)
