"""Programs that let somebody use this computer from elsewhere, found among the running ones by their names."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from collector import rules, text
from collector.errors import RuleError
from collector.facts import RemoteAccess, Unread
from collector.host.linux import files, namespaces
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots

MAX_FOUND = 50
"""Most programs told; somebody who starts more of them has made the point."""
_COMM_BYTES = 15  # TASK_COMM_LEN without its NUL (include/linux/sched.h)


def running(roots: Roots, unread: list[Unread]) -> tuple[RemoteAccess, ...]:
    """Return every running program of the table, by process number."""
    try:
        table = {name.lower().encode()[:_COMM_BYTES]: product for name, product in rules.remote_access().items()}
    except RuleError as error:
        unread.append(Unread("remote", Gap(Outcome.FAILED, str(error))))
        return ()
    try:
        pids = sorted(int(name) for name in os.listdir(roots.proc) if name.isdecimal())
    except OSError as error:
        unread.append(Unread("remote", files.gap_of(error, "the processes can't be listed")))
        return ()
    found = []
    for pid in pids[: namespaces.MAX_PROCESSES]:
        name = next((name for name in _names(roots, pid) if name.lower()[:_COMM_BYTES] in table), None)
        if name is not None:
            found.append(RemoteAccess(table[name.lower()[:_COMM_BYTES]], text.from_bytes(name), pid))
            if len(found) == MAX_FOUND:
                break
    return tuple(found)


def _names(roots: Roots, pid: int) -> list[bytes]:
    """Return what a process may be called: its own name and that of its executable, as far as they can be read."""
    names = []
    try:
        names.append(files.read_small(f"{roots.proc}/{pid}/comm", limit=4096).rstrip(b"\n"))
        names.append(os.path.basename(os.readlink(os.fsencode(f"{roots.proc}/{pid}/exe"))).removesuffix(b" (deleted)"))
    except OSError:
        pass  # it ended, or it is a kernel thread or somebody else's: its name alone is compared
    return [name.removesuffix(b".exe") for name in names]
