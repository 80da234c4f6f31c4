"""What is taken of the suspects: a row for each, their files even where deleted, then their memory."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.linux import clock, files, memory, process, processes, suspects
from collector.host.linux.mounts import MountTable
from collector.host.linux.reaching import Reach, Reaches
from collector.model import Blob, Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.host.linux import Roots
    from collector.host.linux.suspects import Suspect
    from collector.model import Json, Request, Row
    from collector.text import Text

MAX_ENVIRONMENT: Final = 64 << 10
"""Most bytes of an environment."""
MAX_PARENTS: Final = 32
MAX_WRITING: Final = 200
"""Most files open for writing in a row; the list of processes has the others."""
MAX_FILE: Final = 256 << 20
"""Most bytes of one program's file; of a larger one its head is kept."""
MAX_DUMPS: Final = 32
"""Most processes whose memory is taken: those with the most reasons first."""
_CHUNK: Final = 1 << 20
_SECOND: Final = 10**9
_TICKS: Final = os.sysconf("SC_CLK_TCK")

FOLLOWS: Final = "follows"
"""What a row says of a file or of memory that is to be taken; else an outcome, or why it is not wanted."""
NOT_ASKED: Final = "not_asked"
OURS: Final = "ours"


def items(roots: Roots, request: Request, pids: Iterable[int] | None = None) -> Iterator[Row | Blob | Gap]:
    """Yield a row for each suspect among some processes, then their files, then their memory, heaviest first.

    Without `pids`, all processes of now are looked at: some may have started since the list of them was made.
    """
    search = suspects.Search(roots, request)
    if pids is None:
        pids = processes.ProcessTable(roots).list_pids()
        if not pids:
            yield Gap(Outcome.FAILED, "the list of processes could not be read")
    yield from search.run(pids)
    taking = Copies(roots, request)
    for suspect in search.found:
        yield taking.row(suspect)
    if request.copies:
        yield from taking.files()
        if request.memory:
            yield from taking.memory()


@dataclass(slots=True)
class Copies:
    """What is taken of some suspects, within the limits of the request."""

    roots: Roots
    request: Request
    _programs: dict[tuple[int, int], Suspect] = field(default_factory=dict)
    _scripts: dict[str, Suspect] = field(default_factory=dict)
    _dumps: list[Suspect] = field(default_factory=list)
    _untaken: list[tuple[Outcome, Suspect]] = field(default_factory=list)
    _undumped: int = 0
    _mounts: MountTable | None = None
    _boot_ns: int | None = None

    def __post_init__(self) -> None:
        with suppress(OSError, ValueError):  # the gap of it is the search's
            self._mounts = MountTable(self.roots)
        with suppress(OSError, ValueError):
            self._boot_ns = clock.boot_time_ns(self.roots)

    def row(self, suspect: Suspect) -> Row:
        """Return the row of one suspect and remember what is to be taken of it."""
        facts, judged = suspect.facts, suspect.judgement
        unread: dict[str, Json] = {}
        row: Row = {
            "pid": facts.pid,
            "ppid": suspect.seen.ppid,
            "name": _native(facts.name),
            "exe": _native(facts.exe),
            "exe_deleted": facts.name_gone,
            "cmdline": [_native(argument) for argument in facts.arguments],
            "script": _native(facts.script),
            "uid": facts.uid,
            "create_time": None,
            "cwd": _native(facts.cwd),
            "score": judged.score,
            "confidence": judged.confidence,
            "reasons": [
                {"code": reason.code, "weight": reason.weight, "detail": _native(reason.detail)}
                for reason in judged.reasons
            ],
            "ours": suspect.ours,
            "parents": self._parents(suspect),
            "environment": None,
            "writing": [_native(path) for path in facts.writing[:MAX_WRITING]],
            "write_rate": facts.write_rate,
            "program": self._program_wanted(suspect),
            "memory": NOT_ASKED,
            "unread": unread,
        }
        if self._boot_ns is not None:
            row["create_time"] = clock.utc(self._boot_ns + suspect.seen.start * _SECOND // _TICKS)
        if len(facts.writing) > MAX_WRITING:
            unread["writing"] = str(Outcome.OVER_LIMIT)
        if not self.request.copies or not self.request.memory:
            return row
        if suspect.ours is not None:  # ours holds the key of this run; the others, the operator's own shell
            row["memory"] = OURS
            return row
        try:
            with suspects.folder(self.roots, facts.pid, suspect.seen.start) as (dir_fd, _):
                row["environment"] = _environment(dir_fd, unread)
                row["memory"] = self._memory_wanted(suspect, dir_fd)
        except OSError as error:
            row["memory"] = unread["environment"] = str(files.outcome_of(error))
        return row

    def _program_wanted(self, suspect: Suspect) -> str:
        identity = suspect.seen.identity
        if not self.request.copies:
            return NOT_ASKED
        if suspect.ours is not None:
            return OURS
        if suspect.facts.script is not None:
            self._scripts.setdefault(suspect.facts.script, suspect)
            if identity is not None and not any(reason.code in _OF_PROGRAM for reason in suspect.judgement.reasons):
                return "interpreter"  # the system's own: what it runs is taken
        if identity is None:
            outcome = Outcome.DENIED if suspect.seen.denied else Outcome.UNSUPPORTED
            self._untaken.append((outcome, suspect))
            return str(outcome)
        self._programs.setdefault(identity, suspect)
        return FOLLOWS

    def _memory_wanted(self, suspect: Suspect, dir_fd: int) -> str:
        if len(self._dumps) == MAX_DUMPS:
            self._undumped += 1
            return str(Outcome.OVER_LIMIT)
        self._dumps.append(suspect)  # where it is refused now, its gap is told in its turn
        try:
            os.close(files.open_kernel("mem", dir_fd=dir_fd))
        except OSError as error:
            return str(files.outcome_of(error))
        return FOLLOWS

    def _parents(self, suspect: Suspect) -> list[Json]:
        """Return those that started it, the nearest first, as far as they are still there."""
        found: list[Json] = []
        pid = suspect.seen.ppid
        while pid > 0 and len(found) < MAX_PARENTS:
            base = f"{self.roots.proc}/{pid}"
            try:
                now = process.parse_stat(files.read_kernel(f"{base}/stat"))
            except (OSError, ValueError):
                break
            exe: Json = None
            with suppress(OSError):
                exe = cast("Json", text.from_bytes(os.readlink(os.fsencode(f"{base}/exe"))))
            found.append({"pid": pid, "name": cast("Json", text.from_bytes(now.name)), "exe": exe})
            pid = now.ppid
        return found

    def files(self) -> Iterator[Blob | Gap]:
        """Yield the executables and scripts, each once, as far as the limit goes."""
        for outcome, suspect in self._untaken:
            reason = "the executable of a suspicious process was not copied: it may not be seen"
            if outcome is Outcome.UNSUPPORTED:
                where = "in a network or FUSE file system, or in a mount that no table names"
                reason = f"the executable of a suspicious process lies {where}, and was left"
            yield Gap(outcome, reason, _subject(suspect))
        left = self.request.program_bytes
        for number, suspect in enumerate([*self._programs.values(), *self._scripts.values()]):
            is_program = number < len(self._programs)
            path = os.fsencode((suspect.facts.exe if is_program else suspect.facts.script) or "")
            subject = text.from_bytes(path)
            what = "the executable of a suspicious process" if is_program else "the script of a suspicious process"
            try:
                fd = self._opened_program(suspect) if is_program else self._opened_script(suspect, path)
            except OSError as error:
                yield files.gap_of(error, f"{what} could not be copied", subject)
                continue
            with os.fdopen(fd, "rb", buffering=0) as file:
                copy = _FileCopy(file.fileno(), subject, min(left, MAX_FILE))
                yield copy.blob
                left -= copy.taken
                if copy.left:
                    reason = f"{what} is larger than the limit: {copy.left} bytes of it were left"
                    yield Gap(Outcome.OVER_LIMIT, reason, subject)
                if copy.error is not None:
                    yield files.gap_of(copy.error, f"{what} could not be read to its end", subject)

    def _opened_program(self, suspect: Suspect) -> int:
        """Open an executable through the process that runs it, deleted or not; raises `OSError`."""
        with suspects.folder(self.roots, suspect.facts.pid, suspect.seen.start) as (dir_fd, _):
            fd = files.open_source("exe", dir_fd=dir_fd, follow=True)
        status = os.fstat(fd)
        if (status.st_dev, status.st_ino) != suspect.seen.identity:
            os.close(fd)  # it runs another program now
            raise ProcessLookupError(3, os.strerror(3))
        return fd

    def _opened_script(self, suspect: Suspect, path: bytes) -> int:
        """Open a script by its name, or, where that is gone, as its interpreter holds it; raises `OSError`."""
        nameless = suspect.facts.script_gone is None  # in mounts of its own, or with somebody else
        if self._mounts is None or (not nameless and self._mounts.is_remote(path)):
            raise OSError(95, os.strerror(95))
        reaches = Reaches(self.roots, self._mounts)
        with suspects.folder(self.roots, suspect.facts.pid, suspect.seen.start) as (dir_fd, _):
            found, _ = process.descriptors(dir_fd)
            for fd, link in found:
                if link is not None and link.removesuffix(process.DELETED) == path:
                    if reaches.of(link, "", dir_fd, f"fd/{fd}") is not Reach.NEAR:
                        raise OSError(95, os.strerror(95))
                    return files.open_source(f"fd/{fd}", dir_fd=dir_fd, follow=True)
        if nameless:  # the name means nothing here
            raise OSError(95, os.strerror(95))
        return files.open_source(path)

    def memory(self) -> Iterator[Blob | Gap]:
        """Yield the memory of the suspects within the limits of bytes and seconds."""
        most = self.request.profile.budget("suspects").bytes
        left = self.request.memory_bytes if most is None else most
        until = time.monotonic() + self.request.memory_seconds
        for suspect in self._dumps:
            pid, subject = suspect.facts.pid, _subject(suspect)
            seconds = until - time.monotonic()
            if left <= 0 or seconds <= 0:
                outcome = Outcome.OVER_LIMIT if left <= 0 else Outcome.TIMED_OUT
                yield Gap(outcome, "the memory of the process was not taken: the limit for all is reached", subject)
                continue
            try:
                with suspects.folder(self.roots, pid, suspect.seen.start) as (dir_fd, _):
                    share = left if suspect is self._dumps[-1] else left // 2  # one that is large leaves as much again
                    planned = memory.plan(dir_fd, self._mounts, min(share, self.request.memory_process_bytes))
                    dump = memory.Dump(dir_fd, planned, subject, seconds)
                    try:
                        yield dump.blob
                        yield from dump.gaps()
                    finally:
                        dump.close()
            except OSError as error:
                gap = memory.denied(self.roots, error)
                yield Gap(gap.outcome, gap.reason, subject)
                continue
            left -= planned.size
        if self._undumped:
            reason = f"the memory of {self._undumped} more suspicious processes was left: the limit is {MAX_DUMPS}"
            yield Gap(Outcome.OVER_LIMIT, reason)


_OF_PROGRAM: Final = frozenset((
    "temporary_folder", "public_folder", "open_folder", "people_folder", "home_folder", "hidden_folder", "open_file",
    "deleted", "deleted_system", "memory_file", "system_name", "rule",
))  # fmt: skip
"""Reasons that are about the executable itself: with none of them, an interpreter is the system's own."""


class _FileCopy:
    """An open file on its way into the bundle: consume `blob`, then see `taken`, `left` and `error`."""

    def __init__(self, fd: int, subject: Text, limit: int) -> None:
        self._fd = fd
        self._limit = limit
        self.taken = 0
        self.left = 0
        self.error: OSError | None = None
        status = os.fstat(fd)
        times = {"mtime_ns": str(status.st_mtime_ns), "ctime_ns": str(status.st_ctime_ns)}
        self._before = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        self.blob = Blob("file", ".bin", "read through the process that runs it", self._chunks(), subject, times)

    def _chunks(self) -> Iterator[bytes]:
        try:
            while self.taken < self._limit and (data := os.read(self._fd, min(_CHUNK, self._limit - self.taken))):
                self.taken += len(data)
                yield data
            after = os.fstat(self._fd)
        except OSError as error:
            self.error = error
            self.blob.flags.append("cut")
            return
        self.left = max(0, after.st_size - self.taken)
        if self.left:
            self.blob.flags.append("cut")
        if (after.st_size, after.st_mtime_ns, after.st_ctime_ns) != self._before:
            self.blob.flags.append("changed-while-reading")


def _subject(suspect: Suspect) -> Text:
    return text.from_native(f"process {suspect.facts.pid}: {suspect.facts.exe or suspect.facts.name}")


def _environment(dir_fd: int, unread: dict[str, Json]) -> Json:
    try:
        raw, cut = files.read_kernel_start("environ", dir_fd=dir_fd, limit=MAX_ENVIRONMENT)
    except OSError as error:
        unread["environment"] = str(files.outcome_of(error))
        return None
    if cut:
        unread["environment"] = str(Outcome.OVER_LIMIT)
    return process.split_arguments(raw)


def _native(name: str | None) -> Json:
    return None if name is None else cast("Json", text.from_native(name))
