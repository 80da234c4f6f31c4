"""What is taken of the suspects: a row for each, their files, then their memory."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

import psutil

from collector import text
from collector.host.windows import accounts, calls, files, memory, process, processes
from collector.model import Blob, Gap, Outcome
from collector.winformats import filetimes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.windows.suspects import Suspect
    from collector.model import Json, Request, Row
    from collector.text import Text
    from collector.winformats.processlist import Listed

MAX_ENVIRONMENT: Final = 64 << 10
"""Most characters of an environment."""
MAX_PARENTS: Final = 32
MAX_WRITING: Final = 200
"""Most files open for writing in a row; the list of processes has the others."""
MAX_FILE: Final = 256 << 20
"""Most bytes of one program's file; of a larger one its head is kept."""
MAX_DUMPS: Final = 32
"""Most processes whose memory is taken: those with the most reasons first."""
_CHUNK: Final = 1 << 20

FOLLOWS: Final = "follows"
"""What a row says of a file or of memory that is to be taken; else an outcome, or why it is not wanted."""
NOT_ASKED: Final = "not_asked"
OURS: Final = "ours"
_OF_PROGRAM: Final = frozenset((
    "temporary_folder", "public_folder", "people_folder", "home_folder", "hidden_folder", "deleted", "deleted_system",
    "system_name", "rule",
))  # fmt: skip
"""Reasons that are about the executable itself: with none of them, an interpreter is the system's own."""


@dataclass(slots=True)
class Copies:
    """What is taken of some suspects, within the limits of the request; `listed` are all processes of then."""

    request: Request
    listed: dict[int, Listed]
    _programs: dict[tuple[int, int], Suspect] = field(default_factory=dict)
    _scripts: dict[str, Suspect] = field(default_factory=dict)
    _dumps: list[Suspect] = field(default_factory=list)
    _untaken: list[tuple[Outcome, Suspect]] = field(default_factory=list)
    _undumped: int = 0

    def row(self, suspect: Suspect) -> Row:
        """Return the row of one suspect and remember what is to be taken of it."""
        facts, judged, seen = suspect.facts, suspect.judgement, suspect.seen
        unread: dict[str, Json] = {}
        writing = [seen.names.get(path, path) for path in facts.writing]
        row: Row = {
            "pid": facts.pid,
            "ppid": seen.listed.ppid,
            "name": _native(process.name_of(seen.listed)),
            "exe": _native(seen.path),
            "exe_deleted": facts.name_gone,
            "cmdline": [_native(argument) for argument in facts.arguments],
            "script": _native(seen.script),
            "uid": None,
            "create_time": filetimes.utc(seen.listed.created),
            "cwd": _native(seen.cwd),
            "score": judged.score,
            "confidence": judged.confidence,
            "reasons": [
                {"code": one.code, "weight": one.weight, "detail": _native(seen.names.get(one.detail, one.detail))}
                for one in judged.reasons
            ],
            "ours": suspect.ours,
            "parents": self._parents(seen.listed),
            "environment": None,
            "writing": [_native(path) for path in writing[:MAX_WRITING]],
            "write_rate": facts.write_rate,
            "program": self._program_wanted(suspect),
            "memory": NOT_ASKED,
            "unread": unread,
        }
        if len(writing) > MAX_WRITING:
            unread["writing"] = str(Outcome.OVER_LIMIT)
        if not self.request.copies or not self.request.memory:
            return row
        if suspect.ours is not None:  # ours holds the key of this run; the others, the operator's own shell
            row["memory"] = OURS
            return row
        if process.is_guarded(seen.listed):
            row["memory"] = unread["environment"] = str(Outcome.UNSUPPORTED)
            return row
        row["environment"] = _environment(facts.pid, unread)
        row["memory"] = self._memory_wanted(suspect)
        return row

    def _program_wanted(self, suspect: Suspect) -> str:
        seen = suspect.seen
        if not self.request.copies:
            return NOT_ASKED
        if suspect.ours is not None:
            return OURS
        if seen.script is not None:
            self._scripts.setdefault(suspect.facts.script or "", suspect)
            if seen.identity is not None and not any(one.code in _OF_PROGRAM for one in suspect.judgement.reasons):
                return "interpreter"  # the system's own: what it runs is taken
        if seen.identity is None:
            gone = Outcome.ABSENT if suspect.facts.name_gone else Outcome.UNSUPPORTED
            outcome = Outcome.DENIED if seen.denied else gone
            self._untaken.append((outcome, suspect))
            return str(outcome)
        self._programs.setdefault(seen.identity, suspect)
        return FOLLOWS

    def _memory_wanted(self, suspect: Suspect) -> str:
        if len(self._dumps) == MAX_DUMPS:
            self._undumped += 1
            return str(Outcome.OVER_LIMIT)
        self._dumps.append(suspect)  # where it is refused now, its gap is told in its turn
        try:
            with process.opened(suspect.seen.listed, process.READ_MEMORY):
                return FOLLOWS
        except OSError as error:
            return str(_outcome(error))

    def _parents(self, listed: Listed) -> list[Json]:
        """Return those that started it, the nearest first, as far as they were still there."""
        found: list[Json] = []
        one = listed
        while len(found) < MAX_PARENTS:
            above = self.listed.get(one.ppid)
            if above is None or above.created > one.created or above.pid == one.pid:
                break  # the number was given again: it is none that started it
            exe: Json = None
            with suppress(OSError):
                if not process.is_of_kernel(above):
                    with process.opened(above) as held:
                        exe = _native(process.path(held))
            found.append({"pid": above.pid, "name": _native(process.name_of(above)), "exe": exe})
            one = above
        return found

    def files(self) -> Iterator[Blob | Gap]:
        """Yield the executables and scripts, each once, as far as the limit goes."""
        for outcome, suspect in self._untaken:
            yield Gap(outcome, _UNTAKEN[outcome], _subject(suspect))
        left = self.request.program_bytes
        wanted = [("the executable of a suspicious process", one, one.seen.path) for one in self._programs.values()]
        wanted += [("the script of a suspicious process", one, one.seen.script) for one in self._scripts.values()]
        for what, suspect, path in wanted:
            raw = os.fsencode(path or "")
            subject = text.from_bytes(raw)
            try:
                with files.open_or_shadow(raw) as file:
                    is_program = path == suspect.seen.path
                    if is_program and not file.shadow and file.facts().identity != suspect.seen.identity:
                        yield Gap(Outcome.ABSENT, f"{what} could not be copied: another one has its name now", subject)
                        continue
                    copy = _FileCopy(file, subject, min(left, MAX_FILE))
                    yield copy.blob
                    left -= copy.taken
            except OSError as error:
                yield files.gap_of(error, f"{what} could not be copied", subject)
                continue
            if copy.left:
                yield Gap(Outcome.OVER_LIMIT, f"{what} is larger than the limit: {copy.left} bytes were left", subject)
            if copy.error is not None:
                yield files.gap_of(copy.error, f"{what} could not be read to its end", subject)

    def memory(self) -> Iterator[Blob | Gap]:
        """Yield the memory of the suspects within the limits of bytes and seconds."""
        most = self.request.profile.budget("suspects").bytes
        left = self.request.memory_bytes if most is None else most
        until = time.monotonic() + self.request.memory_seconds
        for suspect in self._dumps:
            subject = _subject(suspect)
            seconds = until - time.monotonic()
            if left <= 0 or seconds <= 0:
                outcome = Outcome.OVER_LIMIT if left <= 0 else Outcome.TIMED_OUT
                yield Gap(outcome, "the memory of the process was not taken: the limit for all is reached", subject)
                continue
            listed = suspect.seen.listed
            try:
                with process.opened(listed, process.READ_MEMORY) as held:
                    share = left if suspect is self._dumps[-1] else left // 2  # one that is large leaves as much again
                    planned = memory.plan(held, min(share, self.request.memory_process_bytes))
                    dump = memory.Dump(held, planned, listed.threads, subject, seconds)
                    yield dump.blob
                    yield from dump.gaps()
            except OSError as error:
                yield _refused(error, subject)
                continue
            left -= planned.size
        if self._undumped:
            reason = f"the memory of {self._undumped} more suspicious processes was left: the limit is {MAX_DUMPS}"
            yield Gap(Outcome.OVER_LIMIT, reason)


_UNTAKEN: Final = {
    Outcome.DENIED: "the executable of a suspicious process was not copied: it may not be seen",
    Outcome.ABSENT: "the executable of a suspicious process was not copied: its name is gone",
    Outcome.UNSUPPORTED: "the executable of a suspicious process lies in the network or can't be opened, and was left",
}


class _FileCopy:
    """An open file on its way into the bundle: consume `blob`, then see `taken`, `left` and `error`."""

    def __init__(self, file: files.File, subject: Text, limit: int) -> None:
        self._file = file
        self._limit = limit
        self.taken = 0
        self.left = 0
        self.error: OSError | None = None
        self._before = file.facts()
        times = {"mtime_ns": str(self._before.mtime_ns)}
        for name, told in (("ctime_ns", self._before.ctime_ns), ("btime_ns", self._before.btime_ns)):
            if told is not None:
                times[name] = str(told)
        method = "read from a shadow copy" if file.shadow else "read from its path"
        self.blob = Blob("file", ".bin", method, self._chunks(), subject, times)

    def _chunks(self) -> Iterator[bytes]:
        try:
            while self.taken < self._limit and (
                data := self._file.read(min(_CHUNK, self._limit - self.taken), self.taken)
            ):  # fmt: skip
                self.taken += len(data)
                yield data
            after = self._file.facts()
        except OSError as error:
            self.error = error
            self.blob.flags.append("cut")
            return
        self.left = max(0, after.size - self.taken)
        if self.left:
            self.blob.flags.append("cut")
        before = self._before
        if (after.size, after.mtime_ns, after.ctime_ns) != (before.size, before.mtime_ns, before.ctime_ns):
            self.blob.flags.append("changed-while-reading")


def _refused(error: OSError, subject: Text) -> Gap:
    """Return the gap of a process whose memory the system doesn't give."""
    outcome = _outcome(error)
    if outcome is Outcome.DENIED:
        reason = "the memory of the process may not be read with the privileges of this run, or Windows protects it"
        return Gap(outcome, reason, subject)
    if outcome is Outcome.ABSENT:
        return Gap(outcome, "the memory of the process could not be read: it has ended", subject)
    return calls.gap_of(error, "the memory of the process could not be read", subject)


def _outcome(error: OSError) -> Outcome:
    return Outcome.ABSENT if isinstance(error, ProcessLookupError) else calls.outcome_of(error)


def _subject(suspect: Suspect) -> Text:
    name = suspect.seen.path or process.name_of(suspect.seen.listed)
    return accounts.native(f"process {suspect.facts.pid}: {name}")


def _environment(pid: int, unread: dict[str, Json]) -> Json:
    told = processes.asked(unread, "environment", lambda: psutil.Process(pid).environ())
    if told is None:
        return None
    kept: list[Json] = []
    left = MAX_ENVIRONMENT
    for name, value in told.items():
        line = f"{name}={value}"
        if len(line) > left:
            unread["environment"] = str(Outcome.OVER_LIMIT)
            break
        left -= len(line)
        kept.append(_native(line))
    return kept


def _native(name: str | None) -> Json:
    return None if name is None else cast("Json", accounts.native(name))
