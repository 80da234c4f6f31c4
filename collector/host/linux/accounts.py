"""Local accounts, read from /etc/passwd itself: the name service might ask the network."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import text
from collector.host.linux import files

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots
    from collector.text import Text

MAX_ACCOUNTS = 10_000
"""Most accounts kept: a practice has a handful, /etc/passwd of 1 MiB about as many."""

FIRST_PERSON = 1_000
"""User numbers of people begin here (login.defs(5), UID_MIN); services come before them, root aside."""

_FIELDS = 7
_MAX_UID = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Account:
    """One line of /etc/passwd (passwd(5))."""

    name: Text
    uid: int
    home: Text
    shell: Text


def parse_passwd(raw: bytes) -> list[Account]:
    """Return the accounts in the order of the file; a line that is none is left out."""
    accounts = []
    for line in raw.split(b"\n"):
        fields = line.split(b":")
        if len(fields) != _FIELDS or not fields[2].isdigit() or int(fields[2][:12]) > _MAX_UID:
            continue
        name, _, uid, _, _, home, shell = fields
        accounts.append(Account(text.from_bytes(name), int(uid[:12]), text.from_bytes(home), text.from_bytes(shell)))
        if len(accounts) == MAX_ACCOUNTS:
            break
    return accounts


def accounts(roots: Roots) -> list[Account]:
    """Return the local accounts; raises `OSError`."""
    return parse_passwd(files.read_small(f"{roots.etc}/passwd"))


def names(roots: Roots) -> dict[int, Text]:
    """Return the name of each local user number, the first where several share it; raises `OSError`."""
    found: dict[int, Text] = {}
    for account in accounts(roots):
        found.setdefault(account.uid, account.name)
    return found
