"""Every process that procfs shows, and what connections and executables join to."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from collector.host.linux import accounts, clock, files, process, sockets
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.model import Row
    from collector.text import Text

MAX_PROCESSES: Final = 100_000
"""Most processes read; pid_max is 32,768 on most hosts, and at most 4,194,304."""
MAX_HOLDERS: Final = 1_000_000
"""Most pairs of process and socket that are remembered for the join."""


class ProcessTable:
    """The processes last seen. `rows` fills it; `find_holders` fills only what connections need."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._forget()

    def _forget(self) -> None:
        self.complete = False
        """Whether a walk over all processes has come to its end."""
        self.sockets = sockets.SocketTables()
        """The tables of sockets, read before the walk began; of other namespaces, while it went on."""
        self.holders: dict[int, list[int]] = {}
        """The processes that hold a socket, by its inode, in ascending order."""
        self.holders_unknown = 0
        """How many processes' open files could not all be read, so that they may hold sockets unseen."""
        self.pids: list[int] = []
        """Every process of the walk, in the same order."""
        self._pairs = 0
        self._gaps: list[Gap] = []

    def rows(self) -> Iterator[Row | Gap]:
        """Yield a row for each process in ascending order of pid, then the gaps of the walk, each kind in sum.

        What ends before anything was read of it is only counted; what ends while it is read
        keeps its row. The tables of sockets are read before the first process.
        """
        self._begin()
        reader = self._reader()
        outcomes: Counter[str] = Counter()
        ended = 0
        for pid in self.pids:
            one = self._read(reader, pid)
            if one is None:
                ended += 1
                continue
            if one.unread:
                outcomes.update({str(outcome) for outcome in one.unread.values()})
            yield one.row
        self.complete = True
        if ended or outcomes["absent"]:
            reason = f"{ended + outcomes['absent']} processes ended while they were read, {ended} of them without a row"
            self._gaps.append(Gap(Outcome.ABSENT, reason))
        if not self._sees_kernel():
            hidden = "the processes of other users, or those outside of this container, can't be seen from here"
            self._gaps.append(Gap(Outcome.DENIED, hidden))
        for outcome, what in _SUMMED.items():
            if outcomes[outcome]:
                reason = f"{outcomes[outcome]} of {len(self.pids) - ended} processes {what}: see the column unread"
                self._gaps.append(Gap(outcome, reason))
        yield from self._gaps

    def _sees_kernel(self) -> bool:
        """Tell whether process 2 is the kernel's: it is on every host, unless hidepid or a PID namespace hides it."""
        try:
            return process.parse_stat(files.read_kernel(f"{self._roots.proc}/2/stat")).is_kernel_thread
        except (OSError, ValueError):
            return False

    def find_holders(self) -> None:
        """Read the sockets and who holds them, and nothing else: no memory of a process is touched."""
        self._begin()
        for pid in self.pids:
            with suppress(FileNotFoundError), self._folder(pid) as dir_fd:
                try:
                    found, more = process.descriptors(dir_fd)
                    namespace = os.readlink("ns/net", dir_fd=dir_fd)
                except OSError as error:
                    self.holders_unknown += files.outcome_of(error) is not Outcome.ABSENT
                    continue
                self.holders_unknown += more
                self._join(pid, dir_fd, process.socket_inodes(found), namespace)
        self.complete = True

    def _begin(self) -> None:
        self._forget()
        proc = self._roots.proc
        try:
            namespace = os.readlink(f"{proc}/self/ns/net")
        except OSError:
            namespace = None  # a kernel without network namespaces: the column is empty
        self.sockets.read_own(f"{proc}/net", namespace)
        self.list_pids()

    def list_pids(self) -> list[int]:
        """Read the list of processes into `pids` and return it; where it can't be read, it is empty and a gap."""
        proc = self._roots.proc
        try:
            folder = files.open_kernel(proc, folder=True)
        except OSError as error:
            self._gaps.append(files.gap_of(error, "the list of processes could not be read"))
            return self.pids
        try:
            with os.scandir(folder) as entries:
                numbers = (int(entry.name) for entry in entries if entry.name.isdigit())
                self.pids = sorted(islice(numbers, MAX_PROCESSES))
                if next(numbers, None) is not None:
                    reason = f"processes beyond the limit of {MAX_PROCESSES} were not read"
                    self._gaps.append(Gap(Outcome.OVER_LIMIT, reason))
        finally:
            os.close(folder)
        return self.pids

    def _reader(self) -> process.ProcessReader:
        """Return what reads one process; what it has to do without is a gap."""
        boot_ns: int | None = None
        names: dict[int, Text] | Outcome
        try:
            boot_ns = clock.boot_time_ns(self._roots)
        except (OSError, ValueError):
            reason = "the start of the system could not be read, so no process has a start time"
            self._gaps.append(Gap(Outcome.FAILED, reason))
        try:
            names = accounts.names(self._roots)
        except OSError as error:
            names = files.outcome_of(error)
            self._gaps.append(files.gap_of(error, "the names of the users could not be read"))
        return process.ProcessReader(boot_ns, names)

    def _read(self, reader: process.ProcessReader, pid: int) -> process.Process | None:
        """Return one process and remember what it holds; `None` where it has ended."""
        try:
            with self._folder(pid) as dir_fd:
                one = reader.read(pid, dir_fd)
                if one is not None:
                    self.holders_unknown += "open_files" in one.unread
                    self._join(pid, dir_fd, one.inodes, one.namespace)
                return one
        except OSError as error:
            return None if files.outcome_of(error) is Outcome.ABSENT else process.unreadable(pid, error)

    @contextmanager
    def _folder(self, pid: int) -> Iterator[int]:
        """Hold the folder of a process open: it stays that process's even when its number is given again."""
        dir_fd = files.open_kernel(f"{self._roots.proc}/{pid}", folder=True)
        try:
            yield dir_fd
        finally:
            os.close(dir_fd)

    def _join(self, pid: int, dir_fd: int, inodes: set[int], namespace: str | None) -> None:
        if namespace is not None:
            self.sockets.read_other(namespace, dir_fd)
        self._pairs += len(inodes)
        if self._pairs > MAX_HOLDERS:
            self.holders_unknown += 1
            return
        for inode in inodes:
            self.holders.setdefault(inode, []).append(pid)


_SUMMED: Final = {
    Outcome.DENIED: "belong to somebody else and hide some of their columns",
    Outcome.OVER_LIMIT: f"have over {process.MAX_CMDLINE} bytes of arguments or {process.MAX_OPEN_FILES} open files",
    Outcome.FAILED: "could not be read whole",
}
"""What an outcome among the columns of processes means, for the one gap that sums them up."""
