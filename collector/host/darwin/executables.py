"""The file of every running program, hashed by its path: macOS keeps no link to one whose name is gone."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.darwin import mounts
from collector.host.darwin.processes import name_gone
from collector.host.posix import descriptors
from collector.host.posix.low import files
from collector.model import Gap, Outcome, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.processes import ProcessTable
    from collector.host.darwin.readings import Readings
    from collector.model import Json, Row

_SPECIAL: Final = {stat.S_ISUID: "setuid", stat.S_ISGID: "setgid"}


@dataclass(slots=True)
class _Program:
    """A path that at least one process runs; `identity` is `None` where it can't be looked at."""

    path: bytes
    identity: tuple[int, int] | None
    deleted: bool | None = None
    pids: list[int] = field(default_factory=list)


def rows(readings: Readings, table: ProcessTable) -> Iterator[Row | Gap]:
    """Yield a row for each executable of the processes last seen, deleted ones first, then by lowest pid.

    What lies in a network or FUSE file system is not touched: it is a gap. That a file was replaced since its process
    began can't be told.
    """
    try:
        known = mounts.table(readings)
    except OSError as error:  # without it any path may hang
        yield files.gap_of(error, "the mounts could not be read, so no executable was looked at")
        return
    found: dict[object, _Program] = {}
    remote: dict[bytes, int] = {}
    unknown = 0
    for pid, exe in table.find().items():
        if exe is None:
            unknown += 1
            continue
        path = os.fsencode(exe)
        if known.is_remote(path):
            remote[path] = remote.get(path, 0) + 1
            continue
        identity = _identity(path)
        found.setdefault(identity or path, _Program(path, identity, name_gone(path))).pids.append(pid)
    for one in sorted(found.values(), key=lambda one: (not one.deleted, one.pids)):
        yield _row(one)
    for path, count in sorted(remote.items()):
        reason = f"the executable of {count} processes lies in a network or FUSE file system and was not touched"
        yield Gap(Outcome.UNSUPPORTED, reason, text.from_bytes(path))
    if unknown:
        yield Gap(Outcome.DENIED, f"the executables of {unknown} processes are not told: the kernel's own, or hidden")


def _identity(path: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _row(one: _Program) -> Row:
    pids: list[Json] = list(one.pids)
    flags: list[Json] = []
    unread: dict[str, Json] = {}
    row: Row = {
        "path": cast("Json", text.from_bytes(one.path)),
        "pids": pids,
        "sha256": None,
        "size": None,
        "deleted": one.deleted,
        "device": None if one.identity is None else f"{os.major(one.identity[0])}:{os.minor(one.identity[0])}",
        "inode": None if one.identity is None else str(one.identity[1]),
        "mtime_ns": None,
        "mode": None,
        "owner": None,
        "signature": None,
        "flags": flags,
        "unread": unread,
    }
    try:
        with files.opened(one.path, follow=True) as fd:
            status = os.fstat(fd)
            row |= {"size": number(status.st_size), "mtime_ns": str(status.st_mtime_ns), "owner": status.st_uid}
            row["mode"] = f"{stat.S_IMODE(status.st_mode):04o}"
            flags += [name for bit, name in _SPECIAL.items() if status.st_mode & bit]
            row["sha256"], changed = descriptors.digest(fd)
            flags += ["changed-while-reading"] if changed else []
    except OSError as error:
        lost = ("sha256", "size", "deleted", "mtime_ns", "mode", "owner", "device", "inode")
        unread.update({name: str(files.outcome_of(error)) for name in lost if row[name] is None})
    return row
