"""Property lists of the system: its version, its accounts, the jobs of launchd; read with limits."""

from __future__ import annotations

import plistlib
import re
from dataclasses import dataclass
from typing import Any, Final

MAX_TEXT: Final = 64 << 10
"""Characters of one string that is kept."""
MAX_ARGUMENTS: Final = 1000

_UID: Final = re.compile(r"-?[0-9]{1,10}")


def read(raw: bytes) -> dict[str, Any]:
    """Return the dictionary of a property list, XML or binary; raises `ValueError` for anything else."""
    try:
        value = plistlib.loads(raw)
    except Exception as error:  # plistlib lets through whatever its parsers raise on hostile bytes
        raise ValueError("no property list") from error
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise ValueError("no dictionary")
    return value


def text(value: object) -> str | None:
    """Return a string of a property list, cut; `None` where it is none or empty."""
    return value[:MAX_TEXT] if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class Job:
    """A job of launchd (launchd.plist(5)); `keeps_alive` and `at_load` are so only where that is plainly said."""

    label: str | None
    program: str | None
    arguments: tuple[str, ...]
    user: str | None
    disabled: bool
    at_load: bool
    keeps_alive: bool


def job(value: dict[str, Any]) -> Job:
    """Return what a job's property list says."""
    given = value.get("ProgramArguments")
    told = given[:MAX_ARGUMENTS] if isinstance(given, list) else []
    arguments = tuple(one[:MAX_TEXT] for one in told if isinstance(one, str))
    program = text(value.get("Program")) or (arguments[0] if arguments else None)
    return Job(
        text(value.get("Label")),
        program,
        arguments,
        text(value.get("UserName")),
        value.get("Disabled") is True,
        value.get("RunAtLoad") is True,
        value.get("KeepAlive") is True,
    )


@dataclass(frozen=True, slots=True)
class Account:
    """A local account, as /var/db/dslocal/nodes/Default/users holds it."""

    name: str
    uid: int
    home: str | None
    shell: str | None


def account(value: dict[str, Any]) -> Account | None:
    """Return an account; each of its values is a list of one string. `None` where name or number are missing."""
    name, uid = _first(value, "name"), _first(value, "uid")
    if name is None or uid is None or not _UID.fullmatch(uid):
        return None
    return Account(name, int(uid), _first(value, "home"), _first(value, "shell"))


def _first(value: dict[str, Any], name: str) -> str | None:
    given = value.get(name)
    return text(given[0]) if isinstance(given, list) and given else None


def overrides(value: dict[str, Any]) -> dict[str, bool]:
    """Return which jobs were switched off (true) or on, by label: /var/db/com.apple.xpc.launchd/disabled.plist."""
    return {label: state for label, state in value.items() if isinstance(state, bool)}


def firmlinks(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return path on the system volume and path on the data volume of each line of /usr/share/firmlinks."""
    found = []
    for line in raw.split(b"\n"):
        path, tab, target = line.partition(b"\t")
        parts = target.strip(b"/").split(b"/")
        if tab and path.startswith(b"/") and all(parts) and b".." not in parts:
            found.append((path.rstrip(b"/"), b"/".join(parts)))
    return found
