"""The file of every running program, hashed through the kernel's own link, so even where its name is gone.

Where looking may hang nothing is looked at (`reaching`); what hangs all the same is left behind (`Patience`), so that
one process can't take the fingerprints of all others.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.linux import files, process
from collector.host.linux.reaching import Reach, Reaches
from collector.host.patience import LostError, Patience
from collector.host.posix import descriptors
from collector.model import Gap, Outcome, number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.host.linux import Roots
    from collector.host.linux.processes import ProcessTable
    from collector.host.posix.mounts import MountTable
    from collector.model import Json, Row

LOOK: Final = 2.0
"""Seconds that one process has to be looked at: its file lies in the kernel's memory."""
READ: Final = 5.0
"""Seconds that a part of a file has to be read: a disk that sleeps takes some to wake."""
MAX_HUNG: Final = 10
"""Processes that may keep us waiting; those after them are not looked at: what was found is to be hashed in time."""

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
    hung: int = 0
    left: dict[tuple[Reach, bytes], int] = field(default_factory=dict)
    """Processes of what was not touched, by where it lies and what the link says."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look at one process tells; without identity where its executable was not touched."""

    exe: str
    link: bytes
    reach: Reach
    identity: tuple[int, int] | None = None
    deleted: bool = False


_LEFT: Final = {
    Reach.REMOTE: "lies in a network or FUSE file system and was not touched",
    Reach.UNKNOWN: "lies in a mount that no table of mounts names, so that it may hang, and was not touched",
}


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
    found = _running(_Look(roots, known), table.pids or table.list_pids(), tally)
    patience = Patience(READ)
    for (device, inode), executable in sorted(found.items(), key=lambda item: (not item[1].deleted, item[1].pids)):
        yield _row(device, inode, executable, patience)
    patience.end()
    for (reach, link), count in sorted(tally.left.items(), key=lambda item: item[0][1]):
        yield Gap(Outcome.UNSUPPORTED, f"the executable of {count} processes {_LEFT[reach]}", text.from_bytes(link))
    if tally.ended:
        yield Gap(Outcome.ABSENT, f"{tally.ended} processes ended before their executable was looked at")
    if tally.denied:
        yield Gap(Outcome.DENIED, f"the executables of {tally.denied} processes may not be seen")
    if tally.hung:
        reason = f"the executables of {tally.hung} processes did not answer when they were looked at"
        yield Gap(Outcome.TIMED_OUT, f"{reason}, or came after {MAX_HUNG} that did not")
    if tally.failed:
        yield Gap(Outcome.FAILED, f"the executables of {tally.failed} processes could not be looked at")


def _running(look: _Look, pids: list[int], tally: _Tally) -> dict[tuple[int, int], Executable]:
    """Return the executables by device and inode; those in mounts of their own, where much can be put up, come last."""
    found: dict[tuple[int, int], Executable] = {}
    patience = Patience(LOOK)
    lost = 0
    for pid in sorted(pids, key=look.has_other_mounts):
        folder = f"{look.roots.proc}/{pid}"
        if lost == MAX_HUNG:
            tally.hung += 1
            continue
        try:
            looked = patience.call(look.at(pid))
        except LostError:
            tally.hung, lost = tally.hung + 1, lost + 1
            continue
        except (OSError, ValueError) as error:
            _count(error, folder, tally)
            continue
        if looked.identity is None:
            key = (looked.reach, looked.link)
            tally.left[key] = tally.left.get(key, 0) + 1
            continue
        one = found.setdefault(looked.identity, Executable(looked.link, looked.deleted))
        one.pids.append(pid)
        one.exes.append(looked.exe)
    patience.end()
    for one in found.values():
        order = sorted(zip(one.pids, one.exes, strict=True))
        one.pids, one.exes = [pid for pid, _ in order], [exe for _, exe in order]
    return found


class _Look:
    """Looks at the executable of one process after the other."""

    def __init__(self, roots: Roots, known: MountTable | None) -> None:
        self.roots = roots
        self._known = known
        self._reaches = Reaches(roots, known)

    def has_other_mounts(self, pid: int) -> bool:
        """Tell whether a process has mounts of its own, or doesn't tell."""
        return not self._reaches.has_our_mounts(f"{self.roots.proc}/{pid}/")

    def at(self, pid: int) -> Callable[[], _Looked]:
        """Return the work of looking at a process."""
        return lambda: self._look(pid)

    def _look(self, pid: int) -> _Looked:
        exe, link = _link(f"{self.roots.proc}/{pid}", pid)
        prefix = exe.removesuffix("exe")
        reach = self._reaches.of(link, prefix)
        if reach is not Reach.NEAR:
            return _Looked(exe, link, reach)
        status = os.stat(exe)  # follows the kernel's own link
        deleted = link.endswith(process.DELETED)
        if deleted and self._reaches.has_our_mounts(prefix) and not (self._known and self._known.is_remote(link)):
            deleted = _is_gone(link, status)
        return _Looked(exe, link, reach, (status.st_dev, status.st_ino), deleted)


def _is_gone(link: bytes, status: os.stat_result) -> bool:
    """Return whether no such name is there: the kernel's suffix may be part of the name."""
    try:
        named = os.lstat(link)
    except OSError:
        return True
    return (named.st_dev, named.st_ino) != (status.st_dev, status.st_ino)


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


def _row(device: int, inode: int, executable: Executable, patience: Patience) -> Row:
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
    unread: dict[str, Json] = {}
    row["unread"] = unread
    try:
        fd = patience.call(lambda: _opened(executable.exes, (device, inode)))
    except (OSError, LostError) as error:
        unread.update(dict.fromkeys(("sha256", "size", "mtime_ns", "mode", "owner"), _outcome(error)))
        return row
    try:
        status = patience.call(lambda: os.fstat(fd))
        row |= {"size": number(status.st_size), "mtime_ns": str(status.st_mtime_ns), "owner": status.st_uid}
        row["mode"] = f"{stat.S_IMODE(status.st_mode):04o}"
        flags += [name for bit, name in _SPECIAL.items() if status.st_mode & bit]
        row["sha256"], changed = descriptors.digest(fd, ask=patience.call)
        flags += ["changed-while-reading"] if changed else []
    except (OSError, LostError) as error:
        lost = ("sha256", "size", "mtime_ns", "mode", "owner")
        unread.update({name: _outcome(error) for name in lost if row[name] is None})
        if isinstance(error, LostError):
            return row  # whoever closes a file that hangs may hang, too
    with suppress(OSError, LostError):
        patience.call(lambda: os.close(fd))
    return row


def _outcome(error: OSError | LostError) -> str:
    return str(Outcome.TIMED_OUT if isinstance(error, LostError) else files.outcome_of(error))


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
