"""The disks: what each says of itself, which volumes lie on it, and whether one of them is encrypted.

Disks are opened without any right (0) for what they say of themselves, which everybody may. Only as administrator
are the first sectors of their partitions read, as they lie on the disk. Nothing is written.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import winreg
from contextlib import contextmanager
from ctypes import wintypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.windows import accounts, calls, volumes
from collector.model import Outcome, number
from collector.winformats import storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json

MAX_DISKS: Final = 64
MAX_VOLUMES: Final = 256

_SHARED: Final = 0x7
"""FILE_SHARE_READ, _WRITE, _DELETE."""
_READ: Final = 0x8000_0000
_EXISTING: Final = 3
_QUERY_PROPERTY: Final = 0x2D1400
_GEOMETRY: Final = 0x700A0
_LAYOUT: Final = 0x70050
_EXTENTS: Final = 0x560000
"""IOCTL_STORAGE_QUERY_PROPERTY, IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, IOCTL_DISK_GET_DRIVE_LAYOUT_EX,
IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS (winioctl.h): all FILE_ANY_ACCESS."""
_SECTOR: Final = 4096
"""What is read of the start of a partition: a multiple of every sector's size."""
_NAMES: Final = 32_768
_INVALID: Final = ctypes.c_void_p(-1).value
_MOST_ANSWER: Final = 64 << 10


_H, _D, _P, _W, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.LPCWSTR, wintypes.BOOL
_create = calls.function("kernel32", "CreateFileW", _H, _W, _D, _D, _P, _D, _D, _H)
_control = calls.function("kernel32", "DeviceIoControl", _B, _H, _D, _P, _D, _P, _D, _P, _P)
_find_first = calls.function("kernel32", "FindFirstVolumeW", _H, _P, _D)
_find_next = calls.function("kernel32", "FindNextVolumeW", _B, _H, _P, _D)
_find_close = calls.function("kernel32", "FindVolumeClose", _B, _H)
_mounts_of = calls.function("kernel32", "GetVolumePathNamesForVolumeNameW", _B, _W, _P, _D, _P)
_about_volume = calls.function("kernel32", "GetVolumeInformationW", _B, _W, _P, _D, _P, _P, _P, _P, _D)


@dataclass(frozen=True, slots=True)
class _Volume:
    """A volume: its name, where it is seen, its file system, and the disks that it lies on."""

    name: str
    mounts: tuple[str, ...]
    kind: str | None
    disks: frozenset[int]


def disks() -> list[Json]:
    """Return one object for each disk, in the order of their numbers; raises `OSError` where none can be seen.

    `encryption` is `bitlk` or `luks` where a partition begins so, `none_seen` where none of those that could be read
    does, and `unknown` where they may not be read.
    """
    found: list[Json] = []
    known = _volumes()
    failure: OSError | None = None
    for disk in range(MAX_DISKS):
        try:
            with _opened(f"\\\\.\\PhysicalDrive{disk}") as held:
                found.append(_disk(disk, held, known))
        except OSError as error:
            if calls.outcome_of(error) is not Outcome.ABSENT:
                failure = error
    if not found and failure is not None:
        raise failure
    return found


def _disk(disk: int, held: int, known: list[_Volume] | None) -> Json:
    said = _described(held)
    geometry = _answer(held, _GEOMETRY)
    size = int.from_bytes(geometry[24:32], "little") if geometry is not None else None
    maker, model = (said.maker, said.model) if said else (None, None)
    own = [volume for volume in known or () if disk in volume.disks]
    seen: list[Json] = [
        {
            "device": _name(volume.name),
            "mount": _name(volume.mounts[0]) if volume.mounts else None,
            "type": volume.kind,
        }
        for volume in own[:MAX_VOLUMES]
    ]
    return {
        "name": f"PhysicalDrive{disk}",
        "model": _text(b" ".join(part for part in (maker, model) if part) or None),
        "serial": _text(said.serial if said else None),
        "size": None if size is None else number(size),
        "removable": said.removable if said else None,
        "encryption": _encryption(disk, held, own),
        "file_systems": None if known is None else seen,
    }


def _described(held: int) -> storage.Device | None:
    """Return what the disk says of itself: STORAGE_PROPERTY_QUERY for its device descriptor."""
    raw = _answer(held, _QUERY_PROPERTY, bytes(12))
    try:
        return None if raw is None else storage.device(raw)
    except ValueError:
        return None


def _encryption(disk: int, held: int, own: list[_Volume]) -> str:
    layout = _answer(held, _LAYOUT)
    places = storage.partitions(layout) if layout is not None else []
    read = 0
    for place in places:
        first = _first_sectors(disk, place)
        read += first is not None
        if first is not None and (found := storage.encryption(first)):
            return found
    drive = volumes.windows_folder()[:2].upper()
    if any(mount.upper().startswith(drive) for volume in own for mount in volume.mounts) and _started_from_bitlocker():
        return "bitlk"
    return "none_seen" if places and read == len(places) else "unknown"


def _first_sectors(disk: int, place: int) -> bytes | None:
    """Return the start of a partition as it lies on the disk; `None` where it may not be read."""
    try:
        with open(f"\\\\.\\PhysicalDrive{disk}", "rb", buffering=0) as file:
            file.seek(place)
            return file.read(_SECTOR)
    except OSError:
        return None


def _started_from_bitlocker() -> bool:
    """Tell whether Windows was started from a volume that BitLocker protects, as it notes at its start."""
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\BitlockerStatus") as key:
            return bool(winreg.QueryValueEx(key, "BootStatus")[0] == 1)
    except OSError:
        return False


def _volumes() -> list[_Volume] | None:
    """Return the volumes that the system knows, in its order; one that can't be asked has no disks.

    `None` where they can't be listed.
    """
    buffer = ctypes.create_unicode_buffer(_NAMES)
    search = _find_first(buffer, _NAMES)
    if not search or search == _INVALID:
        return None
    found: list[_Volume] = []
    try:
        while len(found) < MAX_VOLUMES:
            found.append(_volume(buffer.value))
            if not _find_next(search, buffer, _NAMES):
                break
    finally:
        _find_close(search)
    return found


def _volume(name: str) -> _Volume:
    buffer, length = ctypes.create_unicode_buffer(_NAMES), wintypes.DWORD()
    mounts: tuple[str, ...] = ()
    if _mounts_of(name, buffer, _NAMES, ctypes.byref(length)):
        mounts = tuple(filter(None, "".join(buffer[: length.value]).split("\0")))
    kind = ctypes.create_unicode_buffer(64)
    is_told = _about_volume(name, None, 0, None, None, None, kind, 64)
    on: frozenset[int] = frozenset()
    try:
        with _opened(name.rstrip("\\")) as held:
            raw = _answer(held, _EXTENTS)
            on = frozenset(extent.disk for extent in storage.extents(raw or b""))
    except OSError:
        pass  # a CD drive, or one without a medium: it lies on no disk
    return _Volume(name, mounts, kind.value if is_told else None, on)


@contextmanager
def _opened(name: str) -> Iterator[int]:
    """Hold a device open without any right; raises `OSError`."""
    handle = _create(name, 0, _SHARED, None, _EXISTING, 0, None)
    if not handle or handle == _INVALID:
        raise calls.last_error()
    with calls.closing(handle) as held:
        yield held


def _answer(held: int, code: int, question: bytes = b"") -> bytes | None:
    """Return what a device answers; `None` where it doesn't."""
    buffer = ctypes.create_string_buffer(_MOST_ANSWER)
    length = wintypes.DWORD()
    if not _control(held, code, question or None, len(question), buffer, len(buffer), ctypes.byref(length), None):
        return None
    return buffer.raw[: length.value]


def _text(raw: bytes | None) -> Json:
    return None if raw is None else cast("Json", text.from_bytes(raw))


def _name(name: str) -> Json:
    return cast("Json", accounts.native(name))
