"""Local accounts and homes: from the system's own records where we may read them, else from the folders of /Users.

Open Directory is not asked: it may ask a server.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from collector.expansion import Facts
from collector.host.posix.low import files
from collector.macformats import plists
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collector.host.darwin.readings import Readings
    from collector.macformats.plists import Account

MAX_ACCOUNTS: Final = 2000
FIRST_PERSON: Final = 500
"""User numbers of people begin at 501; services come before them."""

_RECORDS: Final = "/private/var/db/dslocal/nodes/Default/users"
_SHARED: Final = (b"/Users/Shared", b"/private/tmp", b"/private/var/tmp", b"/Volumes")
"""Where people, and attackers, keep files beside their homes."""


def accounts(readings: Readings) -> list[Account]:
    """Return the local accounts as the system records them; raises `OSError` (only root may read them)."""
    folder = f"{readings.root}{_RECORDS}"
    found = []
    for name in files.names(folder)[:MAX_ACCOUNTS]:
        if name.endswith(b".plist"):
            with suppress(OSError, ValueError):  # one record that can't be read hides no other
                account = plists.account(plists.read(files.read_small(os.fsencode(folder) + b"/" + name)))
                found += [account] if account is not None else []
    return found


def seen_homes(readings: Readings) -> list[tuple[bytes, int]]:
    """Return the folders of /Users with the number of their owner; raises `OSError`."""
    found = []
    for name in files.names(f"{readings.root}/Users")[:MAX_ACCOUNTS]:
        with suppress(OSError):
            status = os.lstat(os.fsencode(readings.root) + b"/Users/" + name)
            if stat.S_ISDIR(status.st_mode) and name != b"Shared" and not name.startswith(b"."):
                found.append((b"/Users/" + name, status.st_uid))
    return found


def names(readings: Readings) -> dict[int, str]:
    """Return the name of each user number that is known; of the folders in /Users where nothing else may be read."""
    found: dict[int, str] = {0: "root"}
    with suppress(OSError):
        for home, uid in seen_homes(readings):
            found.setdefault(uid, os.fsdecode(home.rpartition(b"/")[2]))
    with suppress(OSError):
        found |= {one.uid: one.name for one in accounts(readings)}
    return found


def homes(readings: Readings) -> dict[bytes, bytes]:
    """Return the homes of people and root with the name of each, people first; raises `OSError` where none is seen."""
    found: dict[bytes, bytes] = {}
    with suppress(OSError):
        for one in accounts(readings):
            home = os.fsencode(one.home or "")
            if one.uid >= FIRST_PERSON and home.startswith(b"/") and home.strip(b"/") and b".." not in home.split(b"/"):
                found.setdefault(home.rstrip(b"/"), os.fsencode(one.name))
    for home, _ in seen_homes(readings):
        found.setdefault(home, home.rpartition(b"/")[2])
    found.setdefault(b"/private/var/root", b"root")
    return found


def people(readings: Readings) -> list[bytes]:
    """Return the homes of people, then the places that they share."""
    with suppress(OSError):
        return [*homes(readings), *_SHARED]
    return [*_SHARED]


def expansion_facts(readings: Readings) -> tuple[Facts, Gap | None]:
    """Return what paths of definitions are expanded from, and a gap where no home can be seen."""
    try:
        found = homes(readings)
    except OSError as error:
        return Facts("Darwin", {}, ()), files.gap_of(error, "the homes can't be listed")
    users = tuple({"users.homedir": home, "users.username": name} for home, name in found.items())
    return Facts("Darwin", {}, users), None if users else Gap(Outcome.ABSENT, "there is no home")
