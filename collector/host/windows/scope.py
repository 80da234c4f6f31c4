"""Which trees of this machine are walked, which never, and which belong to people and are walked first."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import winreg
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from collector.host.walking import MAX_PATH
from collector.host.windows import files, volumes
from collector.model import Gap, Outcome
from collector.text import from_bytes, joined
from collector.winformats import paths
from collector.winformats.folders import NO_NUMBERS
from collector.winformats.volumes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Request

_PROFILES: Final = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
_PERSONS: Final = ("S-1-5-21-", "S-1-12-1-")
"""How the identifiers of people begin: of this machine, of a domain, of Microsoft's directory."""
_MOST_PROFILES: Final = 1_000
_MOST_AT_ROOT: Final = 1_000

_OF_THE_SYSTEM: Final = frozenset((
    *("windows", "program files", "program files (x86)", "programdata", "users", "$recycle.bin", "recovery"),
    *("system volume information", "$winreagent", "$windows.~bt", "$windows.~ws", "$sysreset", "config.msi"),
    *("msocache", "perflogs"),
    *("windows.old", "boot", "efi", "intel", "amd", "nvidia", "drivers", "swsetup", "inetpub", "onedrivetemp"),
))  # fmt: skip
"""Folders at the root of the system's volume that Windows or a maker puts there; in all others people keep files."""

_NOT_TOUCHED: Final = {
    Kind.NETWORK: "a drive of the network: not touched",
    Kind.DISC: "a disc: not scanned, unless it is named",
    Kind.UNKNOWN: "a drive of a kind that we don't know: not touched",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The trees of one walk, each file of them once, and why others are left out."""

    trees: tuple[bytes, ...]
    exclude: frozenset[tuple[int, int]]
    """What is never looked into, as it is on disk: volume and number."""
    gaps: tuple[Gap, ...]


def scope_of(request: Request) -> Scope:
    """Return what a request is about: the trees it names, or every local volume."""
    exclude = frozenset(_identities(request.exclude))
    if request.scan is not None:
        return _named(request.scan, request.exclude, exclude)
    trees: list[bytes] = []
    gaps: list[Gap] = []
    for volume in volumes.volumes():
        path = os.fsencode(volume.path)
        if volume.kind is Kind.LOCAL:
            trees.append(path)
        elif volume.kind in _NOT_TOUCHED:  # what stands for a folder elsewhere is walked there
            gaps.append(Gap(Outcome.UNSUPPORTED, _NOT_TOUCHED[volume.kind], from_bytes(path)))
    return Scope(tuple(trees), exclude, tuple(gaps))


def _named(scan: tuple[bytes, ...], bundle: tuple[bytes, ...], exclude: frozenset[tuple[int, int]]) -> Scope:
    """Return the trees that somebody named; what lies in another of them is walked there."""
    gaps: list[Gap] = []
    asked: list[bytes] = []
    for path in scan:
        told = from_bytes(path[:MAX_PATH])
        try:
            place = os.fsencode(files.place_of(absolute(path)).text)
        except OSError as e:
            gaps.append(files.gap_of(e, "a path to scan can't be reached", told))
            continue
        if any(paths.is_in(place, os.fsencode(absolute(top))) for top in bundle):
            gaps.append(Gap(Outcome.UNSUPPORTED, "a path to scan lies in the bundle itself", told))
        elif place not in asked:
            asked.append(place)
    trees = [one for one in asked if not any(paths.is_in(one, other) for other in asked if other != one)]
    return Scope(tuple(trees), exclude, tuple(gaps))


def absolute(path: bytes) -> str:
    """Return an absolute path as it is, which Windows' own function would change, and any other below where we are."""
    name = os.fsdecode(path)
    with suppress(paths.PathError):
        return paths.place(name).text
    return name if name.startswith(("\\\\", "//")) else os.path.abspath(name)


def _identities(folders: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
    for path in folders:
        with suppress(OSError):  # not there (yet)
            st = os.stat(path)  # our own folder, by whatever way it was named
            if st.st_ino not in NO_NUMBERS:
                yield st.st_dev & 0xFFFF_FFFF, st.st_ino & 0xFFFF_FFFF_FFFF_FFFF  # Python 3.12 has longer ones


def people_first(scope: Scope) -> list[bytes]:
    """Return trees of people's folders that lie in the scope: profiles, then what they share; each once.

    What can't be reached is left out here: `people_unreached` tells it.
    """
    found: list[bytes] = []
    for named in people():
        with suppress(OSError):
            path = os.fsencode(files.place_of(named).text)
            for tree in scope.trees:
                if paths.is_in(path, tree):
                    inner: bytes | None = path
                elif paths.is_in(tree, path):
                    inner = tree
                else:
                    inner = None
                if inner is not None and not any(paths.is_in(inner, other) for other in found):
                    found = [*(other for other in found if not paths.is_in(other, inner)), inner]
    return found


def people_unreached() -> Iterator[Gap]:
    """Yield a gap for each profile of a person that can't be reached, such as one on a drive of the network."""
    for named in profiles():
        try:
            files.place_of(named)
        except OSError as e:
            if files.outcome_of(e) is not Outcome.ABSENT:
                yield files.gap_of(e, "a folder of people can't be reached", from_bytes(named[:MAX_PATH]))


def people() -> Iterator[bytes]:
    """Yield the profiles of people, then the places that people and attackers share."""
    system = system_drive()
    yield from profiles()
    for name in (b"Users", b"ProgramData", b"Windows\\Temp", b"PerfLogs"):
        yield joined(system, name)
    with suppress(OSError):
        for name, facts in files.entries(system, most=_MOST_AT_ROOT):
            if facts.type == "folder" and os.fsdecode(name).lower() not in _OF_THE_SYSTEM:
                yield joined(system, name)
    for volume in volumes.volumes():
        path = os.fsencode(volume.path)
        if volume.kind is Kind.LOCAL and path != system and not path.startswith(b"\\\\?"):  # no way of people to it
            yield path


def profiles() -> list[bytes]:
    """Return the folders of the profiles that the registry lists, those of people only."""
    found: list[bytes] = []
    with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PROFILES) as key:
        for number in count():
            if number >= _MOST_PROFILES:
                break
            sid = winreg.EnumKey(key, number)
            if sid.startswith(_PERSONS):
                with suppress(OSError, TypeError, ValueError), winreg.OpenKey(key, sid) as profile:
                    value = str(winreg.QueryValueEx(profile, "ProfileImagePath")[0])
                    found.append(os.fsencode(_expanded(value)))
    return found


def _expanded(path: str) -> str:
    """Return a path of the registry with the system's drive in it: our own environment may be anybody's."""
    drive = os.fsdecode(system_drive())[:2]
    for name, value in (("%SystemDrive%", drive), ("%SystemRoot%", f"{drive}\\Windows")):
        if path.lower().startswith(name.lower()):
            return value + path[len(name) :]
    return path


def system_drive() -> bytes:
    r"""Return the root of the volume that Windows runs from: `C:\`."""
    return os.fsencode(volumes.windows_folder()[:3])
