"""What paths of definitions are expanded from on Linux: the homes of local accounts, and those that just lie there."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "linux"

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from collector.expansion import Facts
from collector.host.linux import accounts, files
from collector.text import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.host.posix.mounts import MountTable
    from collector.model import Gap

MAX_HOMES: Final = 1000

NOT_HOMES: Final = frozenset(
    (b"", b"bin", b"boot", b"dev", b"etc", b"lib", b"lib64", b"nonexistent", b"proc", b"sbin", b"sys", b"usr")
)
"""First parts of paths that accounts of services have as home: a `**` below them would walk the whole system."""

TOO_WIDE: Final = frozenset((b"home", b"media", b"mnt", b"opt", b"run", b"srv", b"tmp", b"var"))
"""Folders that hold much else, and so are no home themselves."""


_SHARED: Final = (b"/home", b"/srv", b"/var/www", b"/mnt", b"/media", b"/tmp", b"/var/tmp", b"/dev/shm")
"""Where people, and attackers, keep files beside homes that a local account has (hier(7)); those of a domain too."""


def people(roots: Roots) -> list[bytes]:
    """Return the homes of local accounts of people and root, then the places that people share; unresolved."""
    known: list[accounts.Account] = []
    with suppress(OSError):
        known = [one for one in accounts.accounts(roots) if one.uid == 0 or one.uid >= accounts.FIRST_PERSON]
    return [*(to_bytes(account.home) for account in sorted(known, key=lambda one: one.uid == 0)), *_SHARED]


def facts(roots: Roots, table: MountTable) -> tuple[Facts, Gap | None]:
    """Return the facts, and a gap where the accounts can't be read; `/home/*` counts then, too.

    A home under `/home` without a local account belongs to somebody of a domain, or to one who was deleted.
    """
    gap = None
    homes: dict[bytes, bytes] = {b"/root": b"root"}
    try:
        known = accounts.accounts(roots)
    except OSError as e:
        known, gap = [], files.gap_of(e, "the local accounts can't be read: homes are those in /home")
    for account in sorted(known, key=lambda one: 0 < one.uid < accounts.FIRST_PERSON):
        home = b"/" + b"/".join(part for part in to_bytes(account.home).split(b"/") if part not in (b"", b"."))
        if _is_home(home):
            homes.setdefault(home, to_bytes(account.name))
    for name in _in_home(table):
        homes.setdefault(b"/home/" + name, name)
    kept = list(homes.items())[:MAX_HOMES]
    return Facts("Linux", {}, tuple({"users.homedir": home, "users.username": name} for home, name in kept)), gap


def _is_home(home: bytes) -> bool:
    parts = home.split(b"/")[1:]
    too_wide = len(parts) == 1 and parts[0] in TOO_WIDE
    return parts[0] not in NOT_HOMES and b".." not in parts and not too_wide


def _in_home(table: MountTable) -> Iterator[bytes]:
    if table.is_remote(b"/home"):
        return
    try:
        yield from files.names(b"/home")
    except OSError:
        return  # none, or not ours to read: then every home says so itself
