"""One process, read through one descriptor of its folder, so that a reused number can't mix two of them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host import columns
from collector.host.linux import clock, files
from collector.model import Outcome, Row, number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.model import Json
    from collector.text import Text

MAX_CMDLINE: Final = 64 << 10
"""Most bytes of arguments kept of a process (the kernel allows 6 MiB)."""
MAX_OPEN_FILES: Final = 1_000
"""Most open files in a row."""
MAX_DESCRIPTORS: Final = 65_536
"""Most descriptors of a process that are looked at for sockets."""

DELETED: Final = b" (deleted)"
"""What the kernel appends to the path of a file whose name is gone (a name may end so itself)."""

_KERNEL_THREAD: Final = 0x0020_0000
"""PF_KTHREAD in the flags of /proc/PID/stat (include/linux/sched.h)."""
_STATES: Final = {
    b"R": "running",
    b"S": "sleeping",
    b"D": "disk-sleep",
    b"T": "stopped",
    b"t": "stopped",
    b"Z": "zombie",
    b"X": "dead",
    b"x": "dead",
    b"I": "idle",
    b"P": "idle",
}
_SECOND: Final = 10**9
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Stat:
    """What is used of /proc/PID/stat (proc(5)); `start` counts ticks since the system's start."""

    name: bytes
    state: bytes
    ppid: int
    flags: int
    threads: int
    start: int
    pages: int

    @property
    def is_kernel_thread(self) -> bool:
        """Whether it has no program, no folders and no files of its own."""
        return bool(self.flags & _KERNEL_THREAD)

    @property
    def has_ended(self) -> bool:
        """Whether its leader has ended: other threads of it may live on."""
        return self.state in (b"Z", b"X", b"x")

    @property
    def has_no_program(self) -> bool:
        """Whether there is no executable to be seen: a kernel thread, or ended as a whole."""
        return self.is_kernel_thread or (self.has_ended and self.threads <= 1)


def parse_stat(raw: bytes) -> Stat:
    """Return the fields; the name may hold anything, parentheses too. Raises `ValueError`."""
    first, last = raw.index(b"("), raw.rindex(b")")
    rest = raw[last + 2 :].split()
    if len(rest) < 22:  # noqa: PLR2004 - field 24 of proc(5) is the last one used
        raise ValueError("too few fields")
    return Stat(raw[first + 1 : last], rest[0], int(rest[1]), int(rest[6]), int(rest[17]), int(rest[19]), int(rest[21]))


def parse_uid(status: bytes) -> int:
    """Return the effective user number of /proc/PID/status; raises `ValueError`.

    It tells the rights the process acts with, as ps does. The owner of /proc/PID would tell it
    too, but not of a file below it: those of a process that may not be dumped belong to root.
    """
    start = status.index(b"\nUid:\t") + 6
    return int(status[start : status.index(b"\n", start)].split()[1])


def split_arguments(raw: bytes) -> list[Json]:
    """Return the arguments of /proc/PID/cmdline: each ends with a NUL, the last one not always."""
    if not raw:
        return []
    parts = raw.split(b"\0")
    if not parts[-1]:
        parts.pop()
    return [_text(part) for part in parts]


def socket_inodes(found: list[tuple[int, bytes | None]]) -> set[int]:
    """Return the inodes of the links `socket:[N]`; a path can't look so, it starts with a slash."""
    return {int(link[8:-1]) for _, link in found if link is not None and link.startswith(b"socket:[")}


def descriptors(dir_fd: int, limit: int = MAX_DESCRIPTORS) -> tuple[list[tuple[int, bytes | None]], bool]:
    """Return number and link of each open file and whether there were more; raises `OSError`.

    One that is closed meanwhile has the link `None`.
    """
    found: list[tuple[int, bytes | None]] = []
    folder = files.open_kernel("fd", dir_fd=dir_fd, folder=True)
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, limit):
                name = entry.name
                try:
                    found.append((int(name), os.readlink(name.encode(), dir_fd=folder)))
                except FileNotFoundError:
                    found.append((int(name), None))
            more = next(entries, None) is not None
    finally:
        os.close(folder)
    return found, more


@dataclass(slots=True)
class Process:
    """What was read of one process: its row, and what the other sources join to."""

    row: Row
    namespace: str | None = None
    inodes: set[int] = field(default_factory=set)
    unread: dict[str, Json] = field(default_factory=dict)


class ProcessReader:
    """Reads processes; `boot_ns` and `names` are what start times and user numbers are resolved with."""

    def __init__(self, boot_ns: int | None, names: dict[int, Text] | Outcome) -> None:
        self._boot_ns = boot_ns
        self._names = names

    def read(self, pid: int, dir_fd: int) -> Process | None:
        """Return the process behind the descriptor of its folder, or `None` where it has ended.

        What can't be read is `None` in the row and named in `unread`; nothing is raised.
        """
        try:
            stat = parse_stat(files.read_kernel("stat", dir_fd=dir_fd))
        except (OSError, ValueError) as error:
            return None if _outcome(error) is Outcome.ABSENT else unreadable(pid, error)
        process = _blank(pid)
        row = process.row
        row["name"] = _text(stat.name)
        row["ppid"] = stat.ppid
        row["status"] = _STATES.get(stat.state)
        row["threads"] = stat.threads
        row["rss"] = number(stat.pages * _PAGE)
        self._start(process, stat)
        self._user(process, dir_fd)
        if not stat.is_kernel_thread:
            self._body(process, stat, dir_fd)
        return process

    def _start(self, process: Process, stat: Stat) -> None:
        if self._boot_ns is not None:
            process.row["create_time"] = clock.utc(self._boot_ns + stat.start * _SECOND // _TICKS)
        if process.row["create_time"] is None:
            process.unread["create_time"] = str(Outcome.FAILED)

    def _user(self, process: Process, dir_fd: int) -> None:
        try:
            uid = parse_uid(files.read_kernel("status", dir_fd=dir_fd))
        except (OSError, ValueError) as error:
            process.unread.update(dict.fromkeys(("uid", "username"), str(_outcome(error))))
            return
        process.row["uid"] = uid
        if isinstance(self._names, Outcome):
            process.unread["username"] = str(self._names)
        else:
            process.row["username"] = cast("Json", self._names.get(uid))

    def _body(self, process: Process, stat: Stat, dir_fd: int) -> None:
        """Read what a kernel thread hasn't; of a leader that has ended before its threads, through one of them."""
        if not stat.has_ended:
            self._memory(process, dir_fd)
            return
        thread = live_thread(process.row["pid"], dir_fd) if stat.threads > 1 else None
        if thread is not None:
            try:
                self._memory(process, thread)
            finally:
                os.close(thread)

    def _memory(self, process: Process, dir_fd: int) -> None:
        row, unread = process.row, process.unread
        try:
            arguments, cut = files.read_kernel_start("cmdline", dir_fd=dir_fd, limit=MAX_CMDLINE)
            row["cmdline"] = split_arguments(arguments)
            if cut:
                unread["cmdline"] = str(Outcome.OVER_LIMIT)
        except OSError as error:
            unread["cmdline"] = str(files.outcome_of(error))
        exe = _link(process, "exe", b"exe", dir_fd)
        if exe is not None:
            row["exe"] = _text(exe.removesuffix(DELETED))
            row["exe_deleted"] = exe.endswith(DELETED)
        elif "exe" in unread:
            unread["exe_deleted"] = unread["exe"]
        if (cwd := _link(process, "cwd", b"cwd", dir_fd)) is not None:
            row["cwd"] = _text(cwd)
        if (root := _link(process, "root", b"root", dir_fd)) is not None and root != b"/":
            row["root"] = _text(root)
        if (namespace := _link(process, "namespace", b"ns/net", dir_fd)) is not None:
            row["namespace"] = process.namespace = namespace.decode("ascii", "replace")
        self._open_files(process, dir_fd)

    def _open_files(self, process: Process, dir_fd: int) -> None:
        try:
            found, more = descriptors(dir_fd)
        except OSError as error:
            process.unread["open_files"] = str(files.outcome_of(error))
            return
        if more or len(found) > MAX_OPEN_FILES:
            process.unread["open_files"] = str(Outcome.OVER_LIMIT)
        process.inodes = socket_inodes(found)
        process.row["open_files"] = [
            {"fd": fd, "path": None if link is None else _text(link)} for fd, link in found[:MAX_OPEN_FILES]
        ]


def unreadable(pid: int, error: OSError | ValueError) -> Process:
    """Return a process of which nothing could be read but its number."""
    process = _blank(pid)
    process.unread.update(dict.fromkeys(columns.OF_PROCESS, str(_outcome(error))))
    return process


def _blank(pid: int) -> Process:
    row: Row = {"pid": pid}
    row.update(dict.fromkeys(columns.OF_PROCESS))
    process = Process(row)
    row["unread"] = process.unread
    return process


def _text(raw: bytes) -> Json:
    return cast("Json", text.from_bytes(raw))


def _outcome(error: OSError | ValueError) -> Outcome:
    return files.outcome_of(error) if isinstance(error, OSError) else Outcome.FAILED


def _link(process: Process, column: str, name: bytes, dir_fd: int) -> bytes | None:
    """Return what a link of the process's folder says, without following it; a failure goes to `unread`."""
    try:
        return os.readlink(name, dir_fd=dir_fd)
    except OSError as error:
        process.unread[column] = str(files.outcome_of(error))
        return None


def live_thread(leader: Json, dir_fd: int) -> int | None:
    """Return a descriptor of the folder of another thread than the leader; `None` where all have ended."""
    try:
        tasks = files.open_kernel("task", dir_fd=dir_fd, folder=True)
    except OSError:
        return None  # ended: the row says zombie
    try:
        with os.scandir(tasks) as entries:
            other = next((entry.name for entry in entries if entry.name != str(leader)), None)
        return files.open_kernel(other, dir_fd=tasks, folder=True) if other else None
    except OSError:
        return None
    finally:
        os.close(tasks)
