"""What definitions are expanded from on Windows: its folders, and the profile of every user, told by the registry.

The environment of this process is never asked: whoever started it may have set it to anything. Folders that people
moved elsewhere (User Shell Folders) count beside the usual ones. A folder on another machine is never touched.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.expansion import Facts
from collector.host.windows import calls, files, registry, volumes
from collector.model import Gap, Outcome
from collector.text import from_native
from collector.winformats.volumes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_PROFILES: Final = 500

_NT: Final = "HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion"
_WINDOWS: Final = "HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion"
_LIST: Final = _NT + "\\ProfileList"
_ENVIRONMENT: Final = "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Control\\Session Manager\\Environment"
_MOVED: Final = "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders"

_FOLDERS: Final = (
    # names of variables, key, value, where it is not told
    (("systemroot", "windir"), _NT, "SystemRoot", "C:\\Windows"),
    (("programfiles",), _WINDOWS, "ProgramFilesDir", "%systemdrive%\\Program Files"),
    (("programfilesx86",), _WINDOWS, "ProgramFilesDir (x86)", "%systemdrive%\\Program Files (x86)"),
    (("commonprogramfiles",), _WINDOWS, "CommonFilesDir", "%programfiles%\\Common Files"),
    (("commonprogramfilesx86",), _WINDOWS, "CommonFilesDir (x86)", "%programfilesx86%\\Common Files"),
    (("programdata", "allusersappdata", "allusersprofile"), _LIST, "ProgramData", "%systemdrive%\\ProgramData"),
    (("profilesdirectory",), _LIST, "ProfilesDirectory", "%systemdrive%\\Users"),
    (("public",), _LIST, "Public", "%profilesdirectory%\\Public"),
    (("temp",), _ENVIRONMENT, "TEMP", "%systemroot%\\Temp"),
    (("comspec",), _ENVIRONMENT, "ComSpec", "%systemroot%\\System32\\cmd.exe"),
)
"""Where Windows keeps them ("Recognized Environment Variables", "Profiles Directory"); a later one may use earlier."""

_BELOW: Final = {
    "userprofile": "",
    "homedir": "",
    "appdata": "\\AppData\\Roaming",
    "localappdata": "\\AppData\\Local",
    "localappdata_low": "\\AppData\\LocalLow",
    "desktop": "\\Desktop",
    "personal": "\\Documents",
    "temp": "\\AppData\\Local\\Temp",
    "recent": "\\AppData\\Roaming\\Microsoft\\Windows\\Recent",
    "startup": "\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup",
    "cookies": "\\AppData\\Local\\Microsoft\\Windows\\INetCookies",
    "internet_cache": "\\AppData\\Local\\Microsoft\\Windows\\INetCache",
    "wallpaper": "\\AppData\\Roaming\\Microsoft\\Windows\\Themes\\TranscodedWallpaper",
}
"""Folders of a profile by variable; `wallpaper`, which is ours, is the picture that Windows shows."""
_SHELL: Final = {
    "AppData": "appdata",
    "Local AppData": "localappdata",
    "Desktop": "desktop",
    "Personal": "personal",
    "Recent": "recent",
    "Startup": "startup",
    "Cookies": "cookies",
    "Cache": "internet_cache",
}
"""Values of User Shell Folders, and the variable that each says."""

_PICTURES: Final = ("Control Panel\\Desktop", "Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System")
"""Keys whose value `Wallpaper` names the picture of the desktop: what the user chose, and what a policy makes it."""

_PERSON: Final = re.compile(r"S-1-(5-21|12-1)-", re.IGNORECASE)
"""Accounts of the machine, a domain, or Entra ID; all others are services."""
_SID: Final = re.compile(r"S-1(-\d{1,20}){1,15}", re.IGNORECASE)
_LOCAL: Final = re.compile(r"[A-Za-z]:\\[^\0:*?\"<>|/]+")
_REFERENCE: Final = re.compile(r"%([^%\\]{1,64})%")
_FLOPPIES: Final = ("A:", "B:")


@dataclass(slots=True)
class Profiles:
    """What was found: facts for files, those for keys (users whose hive is loaded only), and gaps."""

    facts: Facts
    keys: Facts
    gaps: list[Gap] = field(default_factory=list)


@dataclass(slots=True)
class _User:
    """A profile: where it lies, and whose it is, where that is told."""

    home: str
    sid: str | None = None
    loaded: bool = False
    moved: dict[str, str] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)


def profiles() -> Profiles:
    """Return what the registry tells of folders and users; never raises."""
    environ, gaps = _environ(), list[Gap]()
    users = _users(environ, gaps)
    values = {f"environ_{name}": os.fsencode(path) for name, path in environ.items()}
    drives = tuple(os.fsencode(drive) for drive in local_drives())
    everybody = [mapping for user in users for mapping in _mappings(user)]
    with_keys = [mapping for user in users if user.loaded for mapping in _mappings(user)[:1]]
    for user in users:
        if user.sid is not None and not user.loaded:
            reason = "a user is not logged on: what is asked of the registry is in NTUSER.DAT of the profile instead"
            gaps.append(Gap(Outcome.ABSENT, reason, from_native(f"{user.sid} {user.home}")))
    return Profiles(
        Facts("Windows", values, tuple(everybody), drives), Facts("Windows", values, tuple(with_keys), drives), gaps
    )


def local_drives() -> list[str]:
    """Return the letters of drives of this machine with a colon; no network drive, CD or floppy.

    By what they stand for: GetDriveTypeW may ask the server of a network drive, or wait for one that is gone.
    """
    return [letter for letter, sort in volumes.letters() if sort is Kind.LOCAL and letter not in _FLOPPIES]


def is_local(path: str, drives: list[str]) -> bool:
    """Tell whether a path is a plain one on a drive of this machine, below its root and leading nowhere upwards."""
    parts = path.split("\\")
    return bool(_LOCAL.fullmatch(path)) and path[:2].upper() in drives and not {"..", ".", ""} & set(parts)


def _environ() -> dict[str, str]:
    """Return the folders of the system by the name of their variable."""
    drives = local_drives()
    found: dict[str, str] = {}
    for names, key, name, usual in _FOLDERS:
        told = _expanded(_text(key, name) or "", found)
        path = told if is_local(told, drives) else _expanded(usual, found)
        found |= dict.fromkeys(names, path)
        found.setdefault("systemdrive", path[:2])
    return found


def _users(environ: Mapping[str, str], gaps: list[Gap]) -> list[_User]:
    """Return the profiles: people's first, then those of services, then folders that nobody is told to own."""
    drives = local_drives()
    found: dict[str, _User] = {}
    try:
        with registry.opened(_LIST) as key:
            sids = sorted(registry.subkeys(key), key=lambda sid: not _PERSON.match(sid))
    except OSError as e:
        gaps.append(calls.gap_of(e, "the list of profiles can't be read: users are those with a folder"))
        sids = []
    for sid in sids:
        told = _text(f"{_LIST}\\{sid}", "ProfileImagePath") if _SID.fullmatch(sid) else None
        home = _expanded(told or "", environ)
        if not is_local(home, drives):
            where = from_native(f"{sid} {told or ''}"[:300])
            reason = "a profile lies on another machine or nowhere, or is not one of a user: not touched"
            gaps.append(Gap(Outcome.UNSUPPORTED, reason, where))
            continue
        user = _User(home, sid, loaded=_is_loaded(sid))
        if user.loaded:
            user.moved = _moved(sid, home, environ, drives)
            user.pictures = _pictures(sid, home, environ, drives)
        found.setdefault(home.lower(), user)
    for home in _folders(environ["profilesdirectory"]):
        found.setdefault(home.lower(), _User(home))
    if len(found) > MAX_PROFILES:
        gaps.append(Gap(Outcome.OVER_LIMIT, f"{len(found) - MAX_PROFILES} profiles over the limit of {MAX_PROFILES}"))
    return list(found.values())[:MAX_PROFILES]


def _folders(above: str) -> Iterator[str]:
    """Yield what lies beside the profiles: those of accounts that were deleted, and what new ones start from."""
    with suppress(OSError):  # not there, or not ours to read: then each profile says so itself
        for name, told in files.entries(above):  # never through a link: one to a server would send a packet
            if told.type == "folder":
                yield f"{above}\\{os.fsdecode(name)}"


def _is_loaded(sid: str) -> bool:
    try:
        with registry.opened(f"HKEY_USERS\\{sid}"):
            return True
    except OSError:
        return False


def _moved(sid: str, home: str, environ: Mapping[str, str], drives: list[str]) -> dict[str, str]:
    """Return the folders that a user has elsewhere than usual, by variable."""
    own = {**environ, "userprofile": home, "appdata": home + _BELOW["appdata"]}
    moved = {}
    try:
        with registry.opened(f"HKEY_USERS\\{sid}\\{_MOVED}") as key:
            for value in registry.values(key):
                name = _SHELL.get(value.name)
                path = _expanded(_decoded(value) or "", own)
                if name and is_local(path, drives) and path.lower() != (home + _BELOW[name]).lower():
                    moved[name] = path
    except OSError:
        return moved  # a profile that has never been used has none
    return moved


def _pictures(sid: str, home: str, environ: Mapping[str, str], drives: list[str]) -> list[str]:
    """Return where the picture of a user's desktop lies, as its values say; ransomware puts its own there."""
    own = {**environ, "userprofile": home}
    told = [_expanded(_text(f"HKEY_USERS\\{sid}\\{key}", "Wallpaper") or "", own) for key in _PICTURES]
    return [path for path in told if is_local(path, drives)]


def _mappings(user: _User) -> list[dict[str, bytes]]:
    """Return the variables of a user; once more for each place where folders or the wallpaper lie besides."""
    usual = {f"users.{name}": os.fsencode(user.home + below) for name, below in _BELOW.items()}
    usual["users.username"] = os.fsencode(user.home.rpartition("\\")[2])
    if user.sid is not None:
        usual["users.sid"] = os.fsencode(user.sid)
    moved = {f"users.{name}": os.fsencode(path) for name, path in user.moved.items()}
    pictures = [usual | {"users.wallpaper": os.fsencode(path)} for path in user.pictures]
    return [usual, *([usual | moved] if moved else []), *pictures]


def _text(key: str, name: str) -> str | None:
    """Return a value that is text, or `None`."""
    try:
        found = registry.value(key, name)
    except OSError:
        return None
    return None if found is None else _decoded(found)


def _decoded(value: registry.Value) -> str | None:
    """Return the text of a value up to its first NUL, as Windows reads it."""
    if value.kind not in (1, 2) or value.raw is None:  # REG_SZ, REG_EXPAND_SZ
        return None
    return value.raw[: value.size & ~1].decode("utf-16-le", "surrogatepass").split("\0", 1)[0].rstrip("\\")


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """Return a text with `%NAME%` replaced where the name is known; once, so that no value leads to another."""
    return _REFERENCE.sub(lambda found: known.get(found[1].lower(), found[0]), text)
