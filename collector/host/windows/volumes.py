"""Which volumes there are, what a letter stands for, and where a path lies: asked of no server and no drive.

A letter is looked up among the kernel's names (`collector.winformats.volumes`) before anything of it is opened.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.host.windows import calls
from collector.winformats import paths
from collector.winformats.volumes import SUBSTITUTED, Kind, kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.winformats.paths import Place

_LONGEST: Final = 32_768
_INVALID: Final = wintypes.HANDLE(-1).value
_DEEPEST: Final = 4
"""Letters that stand for folders of others (`subst`), one behind the other."""
_REFUSED: Final = {
    Kind.NETWORK: "a drive of the network is not touched",
    Kind.UNKNOWN: "a drive of a kind that we don't know is not touched",
}
_CD: Final = 5
"""DRIVE_CDROM of GetDriveTypeW."""

_P, _D, _W = ctypes.c_void_p, wintypes.DWORD, wintypes.LPCWSTR
_query_dos_device = calls.function("kernel32", "QueryDosDeviceW", _D, _W, _P, _D)
_logical_drives = calls.function("kernel32", "GetLogicalDrives", _D)
_drive_type = calls.function("kernel32", "GetDriveTypeW", wintypes.UINT, _W)
_find_first = calls.function("kernel32", "FindFirstVolumeW", wintypes.HANDLE, _P, _D)
_find_next = calls.function("kernel32", "FindNextVolumeW", wintypes.BOOL, wintypes.HANDLE, _P, _D)
_find_close = calls.function("kernel32", "FindVolumeClose", wintypes.BOOL, wintypes.HANDLE)
_paths_of = calls.function("kernel32", "GetVolumePathNamesForVolumeNameW", wintypes.BOOL, _W, _P, _D, _P)


_windows_directory = calls.function("kernel32", "GetSystemWindowsDirectoryW", wintypes.UINT, _P, wintypes.UINT)


class Volume(NamedTuple):
    r"""A volume of this machine: the path that it is reached by (`C:\`, `\\?\Volume{…}\`), and what it is."""

    path: str
    kind: Kind


def target(letter: str) -> str:
    """Return what a letter with its colon stands for among the kernel's names; raises `OSError`."""
    buffer = ctypes.create_unicode_buffer(_LONGEST)
    if not _query_dos_device(letter, buffer, len(buffer)):
        raise calls.last_error()
    return buffer.value


def windows_folder() -> str:
    """Return the folder of Windows itself, whatever our environment says."""
    buffer = ctypes.create_unicode_buffer(_LONGEST)
    return buffer.value if _windows_directory(buffer, len(buffer)) else r"C:\Windows"


def local(place: Place) -> Place:
    """Return a place by the volume that it really lies on; raises `OSError` where that is none of this machine's."""
    for _ in range(_DEEPEST):
        if not paths.is_letter(place.volume):
            return place
        found = target(place.volume)
        sort = kind(found)
        if sort is Kind.FOLDER:
            above = paths.place("\\\\?\\" + found.removeprefix(SUBSTITUTED))
            place = above._replace(names=(*above.names, *place.names))
            continue
        if sort in _REFUSED:
            raise paths.PathError(_REFUSED[sort])
        return place
    raise paths.PathError("a drive that stands for itself")


def letters() -> Iterator[tuple[str, Kind]]:
    """Yield each drive letter with its colon, and what it stands for."""
    mask = _logical_drives()
    for number in range(26):
        if mask >> number & 1:
            letter = f"{chr(ord('A') + number)}:"
            try:
                yield letter, kind(target(letter))
            except OSError:
                continue  # gone since


def volumes() -> Iterator[Volume]:
    """Yield each volume of this machine once, by its letter, else the folder it is mounted in, else its own name.

    A letter that no volume claims (a disc of memory, a container) comes after them.
    """
    known = dict(letters())
    seen: set[str] = set()
    for name in _names():
        ways = _ways(name)
        first = next((way for way in ways if len(way) == 3), None)  # noqa: PLR2004 - a letter, a colon, a backslash
        if first is None:
            sort = Kind.DISC if _drive_type(name) == _CD else Kind.LOCAL
        else:
            sort = known.get(first[:2].upper(), Kind.UNKNOWN)
        seen.update(way[:2].upper() for way in ways if len(way) == 3)  # noqa: PLR2004 - the same
        yield Volume(first or next(iter(ways), name), sort)
    for letter, sort in known.items():
        if letter not in seen:
            yield Volume(f"{letter}\\", sort)


def _names() -> Iterator[str]:
    buffer = ctypes.create_unicode_buffer(_LONGEST)
    handle = _find_first(buffer, len(buffer))
    if handle in (None, _INVALID):
        return
    try:
        yield buffer.value
        while _find_next(handle, buffer, len(buffer)):
            yield buffer.value
    finally:
        _find_close(handle)


def _ways(name: str) -> list[str]:
    buffer, length = ctypes.create_unicode_buffer(_LONGEST), wintypes.DWORD()
    if not _paths_of(name, buffer, len(buffer), ctypes.byref(length)):
        return []
    return [way for way in "".join(buffer[: length.value]).split("\0") if way]
