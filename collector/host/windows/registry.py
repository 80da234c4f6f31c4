"""The registry as the kernel holds it: names with their length, data byte for byte, the time a key was last written.

Asked through ZwOpenKey, ZwQueryKey, ZwEnumerateKey and ZwEnumerateValueKey (Windows Driver Kit, wdm.h), not through
winreg: that cuts names and texts at the first NUL, behind which programs hide from it. Nothing is ever written, no
hive is loaded, and a 64-bit program like ours sees the 64-bit view.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import struct
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.host.windows import calls
from collector.winformats import filetimes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOTS: Final = {
    "HKEY_LOCAL_MACHINE": "\\Registry\\Machine",
    "HKEY_USERS": "\\Registry\\User",
    "HKEY_CLASSES_ROOT": "\\Registry\\Machine\\Software\\Classes",
    "HKEY_CURRENT_CONFIG": "\\Registry\\Machine\\System\\CurrentControlSet\\Hardware Profiles\\Current",
    "HKLM": "\\Registry\\Machine",
    "HKU": "\\Registry\\User",
}
"""Where the kernel keeps what programs call so ("Registry Key Object Routines"). Of HKEY_CLASSES_ROOT, which mixes
the machine's classes with those of whoever runs us, the machine's."""

MAX_VALUE: Final = 64 << 20
"""Most bytes of one value that are asked for; the largest that Windows itself makes has some MiB."""

LINK: Final = 6
"""REG_LINK (winnt.h)."""

_READ: Final = 0x0001 | 0x0008 | 0x0100  # KEY_QUERY_VALUE | KEY_ENUMERATE_SUB_KEYS | KEY_WOW64_64KEY
_CASELESS, _OPEN_LINK = 0x40, 0x100  # OBJ_CASE_INSENSITIVE, OBJ_OPENLINK
_BASIC, _FULL = 0, 2  # KeyBasicInformation, KeyFullInformation
_VALUE_FULL: Final = 1  # KeyValueFullInformation
_NO_MORE: Final = 0x8000001A  # STATUS_NO_MORE_ENTRIES
_TOO_SMALL: Final = (0x80000005, 0xC0000023)  # STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL
_DELETED: Final = 0xC000017C  # STATUS_KEY_DELETED
_NAME_LIMIT: Final = 0xFFFE

_KEY = struct.Struct("<qII")
_KEY_FULL = struct.Struct("<q8I")
_VALUE = struct.Struct("<5I")


class _Name(ctypes.Structure):
    """UNICODE_STRING (ntdef.h)."""

    _fields_ = (("length", wintypes.USHORT), ("room", wintypes.USHORT), ("text", ctypes.c_void_p))


class _Attributes(ctypes.Structure):
    """OBJECT_ATTRIBUTES (ntdef.h)."""

    _fields_ = (
        ("length", wintypes.ULONG),
        ("root", wintypes.HANDLE),
        ("name", ctypes.POINTER(_Name)),
        ("attributes", wintypes.ULONG),
        ("descriptor", ctypes.c_void_p),
        ("quality", ctypes.c_void_p),
    )


class Info(NamedTuple):
    """What the kernel says of a key; the time in nanoseconds since 1970 UTC."""

    written_ns: int
    subkeys: int
    values: int


class Value(NamedTuple):
    """A value of a key: `size` is that of its data, which is `None` where it is larger than may be asked for."""

    name: str
    kind: int
    size: int
    raw: bytes | None


@contextmanager
def opened(path: str, parent: int | None = None, *, link: bool = False) -> Iterator[int]:
    """Hold a key open: its path below `parent`, or one that begins with a root; raises `OSError`.

    With `link` a key that is a link to another is opened itself.
    """
    if parent is None:
        path = native(path)
    raw = path.encode("utf-16-le", "surrogatepass")
    if len(raw) > _NAME_LIMIT:
        raise ctypes.WinError(3)
    text = ctypes.create_string_buffer(raw, len(raw) + 2)
    name = _Name(len(raw), len(raw), ctypes.addressof(text))
    wanted = _CASELESS | (_OPEN_LINK if link else 0)
    attributes = _Attributes(ctypes.sizeof(_Attributes), parent, ctypes.pointer(name), wanted, None, None)
    handle = wintypes.HANDLE()
    status = _ntdll().NtOpenKey(ctypes.byref(handle), _READ, ctypes.byref(attributes))
    if status or handle.value is None:
        raise _error(status)
    with calls.closing(handle.value) as key:
        yield key


def native(path: str) -> str:
    """Return the kernel's name of a path that begins with a root; raises `OSError` for any other root."""
    root, _, rest = path.partition("\\")
    if root.upper() not in ROOTS:
        raise ctypes.WinError(2)
    return ROOTS[root.upper()] + ("\\" + rest if rest else "")


def info(key: int) -> Info:
    """Return what the kernel says of an open key; raises `OSError`."""
    room = ctypes.create_string_buffer(512)
    needed = wintypes.ULONG()
    status = _ntdll().NtQueryKey(key, _FULL, room, len(room), ctypes.byref(needed)) & 0xFFFFFFFF
    if status and status not in _TOO_SMALL:  # the class of a key, which is not told, may not fit
        raise _error(status)
    written, _, _, _, subkeys, _, _, values, _ = _KEY_FULL.unpack_from(room.raw)
    return Info(filetimes.utc_ns(written), subkeys, values)


def subkeys(key: int) -> Iterator[str]:
    """Yield the names of what lies below an open key; raises `OSError`."""
    for raw in _each(key, _ntdll().NtEnumerateKey, _BASIC, 1 << 11, 1 << 17):
        _, _, length = _KEY.unpack_from(raw)
        yield raw[_KEY.size : _KEY.size + length].decode("utf-16-le", "surrogatepass")


def values(key: int) -> Iterator[Value]:
    """Yield the values of an open key; raises `OSError`."""
    for raw in _each(key, _ntdll().NtEnumerateValueKey, _VALUE_FULL, 1 << 16, MAX_VALUE):
        _, kind, start, size, length = _VALUE.unpack_from(raw)
        name = raw[_VALUE.size : _VALUE.size + length].decode("utf-16-le", "surrogatepass")
        yield Value(name, kind, size, raw[start : start + size] if start + size <= len(raw) else None)


def value(path: str, name: str) -> Value | None:
    """Return one value of a key by its name, or `None` where there is none; raises `OSError` for the key."""
    with opened(path) as key:
        return next((one for one in values(key) if one.name.lower() == name.lower()), None)


def _each(key: int, call: ctypes._NamedFuncPointer, form: int, room: int, most: int) -> Iterator[bytes]:
    """Yield each answer of a call that counts from 0; one that is larger than `most` keeps its first part."""
    buffer = ctypes.create_string_buffer(room)
    needed = wintypes.ULONG()
    index = 0
    while True:
        status = call(key, index, form, buffer, len(buffer), ctypes.byref(needed)) & 0xFFFFFFFF
        if status == _NO_MORE:
            return
        if status in _TOO_SMALL and len(buffer) < needed.value <= most:
            buffer = ctypes.create_string_buffer(needed.value)
            continue
        if status and not (status == _TOO_SMALL[0] and needed.value > most):
            raise _error(status)
        yield buffer.raw[: needed.value]
        index += 1


def _error(status: int) -> OSError:
    """Return the error of Windows for a status of its kernel."""
    if status & 0xFFFFFFFF == _DELETED:
        return ctypes.WinError(2)
    return calls.status_error(status)


@cache
def _ntdll() -> ctypes.WinDLL:
    dll = calls.library("ntdll")
    answer = (ctypes.c_void_p, wintypes.ULONG, ctypes.POINTER(wintypes.ULONG))
    dll.NtOpenKey.argtypes = [ctypes.POINTER(wintypes.HANDLE), wintypes.DWORD, ctypes.POINTER(_Attributes)]
    dll.NtQueryKey.argtypes = [wintypes.HANDLE, ctypes.c_int, *answer]
    dll.NtEnumerateKey.argtypes = [wintypes.HANDLE, wintypes.ULONG, ctypes.c_int, *answer]
    dll.NtEnumerateValueKey.argtypes = [wintypes.HANDLE, wintypes.ULONG, ctypes.c_int, *answer]
    for call in (dll.NtOpenKey, dll.NtQueryKey, dll.NtEnumerateKey, dll.NtEnumerateValueKey):
        call.restype = ctypes.c_long
    return dll
