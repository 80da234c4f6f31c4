"""The file of every running program, hashed through the kernel's own link, so even where its name is gone."""

from __future__ import annotations

import errno
import os
import stat
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.linux import files, process
from collector.host.posix import descriptors
from collector.model import Gap, Outcome, number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.host.linux.processes import ProcessTable
    from collector.host.posix.mounts import MountTable
    from collector.model import Json, Row

_SPECIAL: Final = {stat.S_ISUID: "setuid", stat.S_ISGID: "setgid"}
_MEMFD: Final = b"/memfd:"
"""How the kernel names memory that a program was started from (memfd_create(2))."""


@dataclass(slots=True)
class Executable:
    """A file that at least one process runs, known by device and inode."""

    link: bytes
    deleted: bool
    pids: list[int] = field(default_factory=list)
    exes: list[str] = field(default_factory=list)
    """The kernel's link in the folder of each of these processes: any of them leads to the file."""


@dataclass(slots=True)
class _Tally:
    """What could not be looked at, counted for the gaps at the end."""

    ended: int = 0
    denied: int = 0
    failed: int = 0
    remote: dict[bytes, list[int]] = field(default_factory=dict)


def rows(roots: Roots, table: ProcessTable) -> Iterator[Row | Gap]:
    """Yield a row for each executable of the processes last seen, deleted ones first, then by lowest pid.

    One that lies in a network or FUSE file system is not touched, since that may hang: it is
    a gap. Where no processes were seen, their list is read now.
    """
    from collector.host.linux import mounts

    try:
        known: MountTable | None = mounts.MountTable(roots)
    except OSError as error:
        known = None
        yield files.gap_of(error, "the mounts could not be read, so executables of network file systems may hang")
    tally = _Tally()
    found = _running(roots, table.pids or table.list_pids(), known, tally)
    for (device, inode), executable in sorted(found.items(), key=lambda item: (not item[1].deleted, item[1].pids)):
        yield _row(device, inode, executable)
    for link, pids in sorted(tally.remote.items()):
        reason = f"the executable of {len(pids)} processes lies in a network or FUSE file system and was not touched"
        yield Gap(Outcome.UNSUPPORTED, reason, text.from_bytes(link))
    if tally.ended:
        yield Gap(Outcome.ABSENT, f"{tally.ended} processes ended before their executable was looked at")
    if tally.denied:
        yield Gap(Outcome.DENIED, f"the executables of {tally.denied} processes may not be seen")
    if tally.failed:
        yield Gap(Outcome.FAILED, f"the executables of {tally.failed} processes could not be looked at")


def _running(
    roots: Roots, pids: list[int], known: MountTable | None, tally: _Tally
) -> dict[tuple[int, int], Executable]:
    """Return the executables by device and inode."""
    found: dict[tuple[int, int], Executable] = {}
    for pid in pids:
        folder = f"{roots.proc}/{pid}"
        try:
            exe, link = _link(folder, pid)
            if known is not None and known.is_remote(link.removesuffix(process.DELETED)):
                tally.remote.setdefault(link, []).append(pid)
                continue
            status = os.stat(exe)  # follows the kernel's own link
        except (OSError, ValueError) as error:
            _count(error, folder, tally)
            continue
        one = found.setdefault((status.st_dev, status.st_ino), Executable(link, _is_deleted(link, status)))
        one.pids.append(pid)
        one.exes.append(exe)
    return found


def _link(folder: str, pid: int) -> tuple[str, bytes]:
    """Return the path of a process's link to its executable and what it says; raises `OSError`.

    A leader that has ended before its threads has none: theirs is taken.
    """
    try:
        return f"{folder}/exe", os.readlink(os.fsencode(f"{folder}/exe"))
    except FileNotFoundError:
        if process.parse_stat(files.read_kernel(f"{folder}/stat")).threads < 2:  # noqa: PLR2004 - itself and another
            raise
        for thread in map(os.fsdecode, files.names(f"{folder}/task", kernel=True)):
            if thread != str(pid):
                exe = f"{folder}/task/{thread}/exe"
                return exe, os.readlink(os.fsencode(exe))
        raise


def _count(error: OSError | ValueError, folder: str, tally: _Tally) -> None:
    """Count a process whose executable can't be seen; kernel threads and zombies have none, which is no gap."""
    try:
        stat_now = process.parse_stat(files.read_kernel(f"{folder}/stat"))
    except (OSError, ValueError):
        tally.ended += 1
        return
    if stat_now.has_no_program:
        return
    if isinstance(error, OSError) and files.outcome_of(error) is Outcome.DENIED:
        tally.denied += 1
    else:
        tally.failed += 1


def _is_deleted(link: bytes, status: os.stat_result) -> bool:
    """Return whether the name is gone: the kernel's suffix alone may be part of the name."""
    if not link.endswith(process.DELETED):
        return False
    try:
        named = os.lstat(link)
    except OSError:
        return True
    return (named.st_dev, named.st_ino) != (status.st_dev, status.st_ino)


def _row(device: int, inode: int, executable: Executable) -> Row:
    """Return the row of one executable, hashed as far as it may be read."""
    link = executable.link
    path = link.removesuffix(process.DELETED) if executable.deleted else link
    pids: list[Json] = list(executable.pids)
    row: Row = {
        "path": cast("Json", text.from_bytes(path)),
        "pids": pids,
        "sha256": None,
        "size": None,
        "deleted": executable.deleted,
        "device": f"{os.major(device)}:{os.minor(device)}",
        "inode": str(inode),
        "mtime_ns": None,
        "mode": None,
        "owner": None,
        "flags": [],
        "signature": None,
        "unread": {},
    }
    flags: list[Json] = ["memfd"] if link.startswith(_MEMFD) else []
    row["flags"] = flags
    try:
        fd = _opened(executable.exes, (device, inode))
    except OSError as error:
        row["unread"] = dict.fromkeys(("sha256", "size", "mtime_ns", "mode", "owner"), str(files.outcome_of(error)))
        return row
    try:
        status = os.fstat(fd)
        row |= {"size": number(status.st_size), "mtime_ns": str(status.st_mtime_ns), "owner": status.st_uid}
        row["mode"] = f"{stat.S_IMODE(status.st_mode):04o}"
        flags += [name for bit, name in _SPECIAL.items() if status.st_mode & bit]
        row["sha256"], changed = descriptors.digest(fd)
        flags += ["changed-while-reading"] if changed else []
    except OSError as error:
        row["unread"] = {"sha256": str(files.outcome_of(error))}
    finally:
        os.close(fd)
    return row


def _opened(exes: list[str], identity: tuple[int, int]) -> int:
    """Open the file through the first process that still runs it; raises `OSError`, that of the last attempt."""
    failure = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    for exe in exes:
        try:
            fd = files.open_source(exe, follow=True)
        except FileNotFoundError:
            continue
        status = os.fstat(fd)
        if (status.st_dev, status.st_ino) == identity:
            return fd
        os.close(fd)  # the number of the process was given again, or it runs another program now
    raise failure
