"""Programs that let somebody use this computer from elsewhere, found among the running ones by their names.

The names come from the kernel's list of all processes (`snapshot`): no process is opened.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

from typing import Final

from collector import rules, text
from collector.errors import RuleError
from collector.facts import RemoteAccess, Unread
from collector.host.windows import calls, snapshot
from collector.model import Gap, Outcome
from collector.winformats import networktables

MAX_FOUND: Final = 50
"""Most programs told; somebody who starts more of them has made the point."""


def running(unread: list[Unread]) -> tuple[RemoteAccess, ...]:
    """Return every running program of the table, by process number."""
    try:
        table = {name.lower(): product for name, product in rules.remote_access().items()}
        named = sorted((one.pid, networktables.wide(one.name)) for one in snapshot.processes())
    except RuleError as error:
        unread.append(Unread("remote", Gap(Outcome.FAILED, str(error))))
        return ()
    except OSError as error:
        unread.append(Unread("remote", calls.gap_of(error, "the processes can't be listed")))
        return ()
    except ValueError:
        unread.append(Unread("remote", Gap(Outcome.FAILED, "the list of processes is not in the form that is known")))
        return ()
    found = []
    for pid, name in named:
        product = table.get(name.lower().removesuffix(".exe"))
        if product is not None:
            found.append(RemoteAccess(product, text.from_native(name), pid))
    return tuple(found[:MAX_FOUND])
