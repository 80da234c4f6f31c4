"""The processes that deserve a closer look: all are looked at twice, within some seconds, and judged.

What is read is `program_facts`' business, what it means `suspicion`'s; here is the order: first what tells
nothing is dropped, then rates are measured, then the rules look into the programs.
"""

from __future__ import annotations

import errno
import functools
import os
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from collector import marks, suspicion, suspicion_rules
from collector.host.linux import files, process, program_facts
from collector.host.patience import LostError, Patience
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.host.linux import Roots
    from collector.host.linux.process import Stat
    from collector.host.linux.program_facts import Seen
    from collector.model import Request
    from collector.suspicion import Judgement, ProcessFacts

INTERVAL: Final = 1.0
"""Seconds between the two looks at what a process has written."""
PATIENCE: Final = 2.0
"""Seconds that one process has to be looked at; most need a thousandth of that."""
SAMPLES: Final = 8
SAMPLE_SECONDS: Final = 0.1
"""How often, and how far apart, the open files of those that write are looked at."""
SAMPLING_SECONDS: Final = 5.0
"""The longest that this may take: one may hold a million files open."""
MAX_BUSY: Final = 64
"""Most processes whose open files are looked at so; those that wrote the most."""
MAX_SUSPECTS: Final = 500
"""Most suspects that are listed, those with the most reasons first."""
SCAN_FILE: Final = 32 << 20
"""Most bytes of one program that the rules look at: reading it whole costs that much memory."""
SCAN_BYTES: Final = 512 << 20
SCAN_SECONDS: Final = 10.0
"""What the rules may look at in all; suspects come first, then what lies outside of the system's folders."""
MAX_SCRIPT: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Suspect:
    """One process with its facts and what speaks against it; `ours`: `tool`, `started_tool` or `None`."""

    seen: Seen
    judgement: Judgement
    ours: str | None

    @property
    def facts(self) -> ProcessFacts:
        """What is known of the process."""
        return self.seen.facts


@dataclass(slots=True)
class _Brief:
    """What is remembered of every process between the two looks."""

    start: int
    when: float
    written: tuple[int, int] | None
    identity: tuple[int, int] | None
    system: bool
    script: str | None
    rate: int = 0
    moved: int = 0
    """Bytes written in the interval, to whatever."""


@dataclass(slots=True)
class Search:
    """One search over some processes; `found` holds the suspects once `run` is done, heaviest first."""

    roots: Roots
    request: Request
    found: list[Suspect] = field(default_factory=list)
    looked: int = 0
    _denied: int = 0
    _hung: int = 0
    _unscanned: int = 0
    _briefs: dict[int, _Brief] = field(default_factory=dict)
    _odd: dict[int, Seen] = field(default_factory=dict)
    _rules: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def run(self, pids: Iterable[int]) -> Iterator[Gap]:
        """Look and judge; yields what could not be looked at. Raises `RuleError` for a wrong table of ours."""
        rules = suspicion_rules.suspicion()
        reader = program_facts.FactReader(self.roots, rules, self.request.scan or ())
        yield from reader.gaps
        self._first_look(reader, rules, pids)
        self._measure()
        opened = self._sample(reader, rules)
        self._scan()
        self._judge(reader, rules, opened)
        yield from self._gaps()
        del self.found[MAX_SUSPECTS:]

    def _first_look(
        self, reader: program_facts.FactReader, rules: suspicion_rules.SuspicionRules, pids: Iterable[int]
    ) -> None:
        patience = Patience(PATIENCE)
        for pid in pids:
            try:
                seen, written = patience.call(functools.partial(self._read, reader, pid))
            except OSError as error:  # mostly: it has ended
                self._denied += files.outcome_of(error) is Outcome.DENIED
                continue
            except LostError:
                self._hung += 1
                continue
            self._look(reader, rules, seen, written)
        patience.end()

    def _judge(
        self,
        reader: program_facts.FactReader,
        rules: suspicion_rules.SuspicionRules,
        opened: dict[int, tuple[tuple[str, ...], int]],
    ) -> None:
        ours = _ours(self.roots)
        for pid in sorted({*self._odd, *opened, *self._rules}):
            seen = self._odd.get(pid) or self._again(reader, pid)
            if seen is None:
                continue
            brief = self._briefs[pid]
            writing, newly = opened.get(pid) or (self._writing(pid), 0)
            rate = brief.rate if brief.written is not None else None
            more = self._rules.get(pid, ())
            facts = replace(seen.facts, writing=writing, newly=newly, write_rate=rate, rules=more)
            judged = suspicion.judge(facts, reader.host, rules)
            if judged.confidence is not None:
                self.found.append(Suspect(replace(seen, facts=facts), judged, ours.get(pid)))
        self.found.sort(key=lambda one: (-one.judgement.score, one.facts.pid))

    def _gaps(self) -> Iterator[Gap]:
        if self._denied:
            reason = f"of {self._denied} processes at most name and arguments could be judged: the rest is hidden"
            yield Gap(Outcome.DENIED, reason)
        if self._hung:
            reason = f"{self._hung} processes did not answer when they were looked at, and were not judged"
            yield Gap(Outcome.TIMED_OUT, reason)
        if self._unscanned:
            what = "programs or scripts were not looked into by the rules, or not wholly"
            reason = f"{self._unscanned} {what}: unreadable, a link, too large, or the time was over"
            yield Gap(Outcome.OVER_LIMIT, reason)
        if len(self.found) > MAX_SUSPECTS:
            more = len(self.found) - MAX_SUSPECTS
            yield Gap(Outcome.OVER_LIMIT, f"{more} further suspicious processes are not listed")

    def _read(self, reader: program_facts.FactReader, pid: int) -> tuple[Seen | None, tuple[int, int] | None]:
        with folder(self.roots, pid) as (dir_fd, now):
            return reader.read(pid, dir_fd, now), program_facts.written(dir_fd)

    def _look(
        self,
        reader: program_facts.FactReader,
        rules: suspicion_rules.SuspicionRules,
        seen: Seen | None,
        written: tuple[int, int] | None,
    ) -> None:
        if seen is None:
            return
        self.looked += 1
        self._denied += seen.denied
        facts = seen.facts
        system = facts.exe is not None and "system" in suspicion.places(facts.exe, reader.host, rules)
        script = facts.script if facts.script_gone is False else None
        self._briefs[facts.pid] = _Brief(seen.start, time.monotonic(), written, seen.identity, system, script)
        if suspicion.judge(facts, reader.host, rules).reasons:
            self._odd[facts.pid] = seen

    def _measure(self) -> None:
        """Look a second time at what each has written."""
        told = [pid for pid, brief in self._briefs.items() if brief.written is not None]
        if not told:
            return
        time.sleep(max(0.0, self._briefs[told[-1]].when + INTERVAL - time.monotonic()))
        for pid in told:
            brief = self._briefs[pid]
            with suppress(OSError), folder(self.roots, pid, brief.start) as (dir_fd, _):
                now = program_facts.written(dir_fd)
                seconds = time.monotonic() - brief.when
                if now is not None and brief.written is not None:
                    brief.rate = max(0, int((now[0] - brief.written[0]) / seconds))
                    brief.moved = max(0, now[1] - brief.written[1], now[0] - brief.written[0])

    def _sample(
        self, reader: program_facts.FactReader, rules: suspicion_rules.SuspicionRules
    ) -> dict[int, tuple[tuple[str, ...], int]]:
        """Return what those that write hold open for writing, and how many of people's files came later on."""
        busy = sorted((pid for pid, brief in self._briefs.items() if brief.moved), key=lambda p: -self._briefs[p].moved)
        first: dict[int, tuple[str, ...]] = {}
        later: dict[int, set[str]] = {}
        until = time.monotonic() + SAMPLING_SECONDS
        for number in range(SAMPLES if busy else 0):
            for pid in busy[:MAX_BUSY]:
                if time.monotonic() > until:
                    break
                paths = self._writing(pid)
                if number == 0:
                    first[pid] = paths
                    continue
                more = later.setdefault(pid, set())
                if len(more) < program_facts.MAX_WRITING:
                    more.update(path for path in paths if suspicion.is_peoples(path, reader.host, rules))
            time.sleep(SAMPLE_SECONDS)
        return {
            pid: (tuple(dict.fromkeys((*paths, *sorted(later.get(pid, ()))))), len(later.get(pid, set()) - {*paths}))
            for pid, paths in first.items()
        }

    def _writing(self, pid: int) -> tuple[str, ...]:
        with suppress(OSError), folder(self.roots, pid, self._briefs[pid].start) as (dir_fd, _):
            return tuple(os.fsdecode(path) for path in program_facts.writing(dir_fd) or ())
        return ()

    def _again(self, reader: program_facts.FactReader, pid: int) -> Seen | None:
        with suppress(OSError), folder(self.roots, pid, self._briefs[pid].start) as (dir_fd, now):
            return reader.read(pid, dir_fd, now)
        return None

    def _scan(self) -> None:
        """Let the rules look into every program and script once, as far as the budget goes."""
        programs: dict[tuple[int, int], list[int]] = {}
        scripts: dict[str, list[int]] = {}
        for pid, brief in self._briefs.items():
            if brief.identity is not None:
                programs.setdefault(brief.identity, []).append(pid)
            if brief.script is not None:
                scripts.setdefault(brief.script, []).append(pid)
        if not programs:
            return
        engine = marks.Marks("programs.yar")
        until = time.monotonic() + SCAN_SECONDS
        left = SCAN_BYTES
        for path, pids in scripts.items():
            try:
                data = files.read_small(os.fsencode(path), limit=MAX_SCRIPT)
            except OSError as error:
                self._unscanned += files.outcome_of(error) is not Outcome.ABSENT
                continue
            left -= len(data)
            self._matched(engine.matches(data), pids)
        rank = {
            identity: (not any(pid in self._odd for pid in pids), self._briefs[pids[0]].system)
            for identity, pids in programs.items()
        }
        for identity, pids in sorted(programs.items(), key=lambda item: (rank[item[0]], item[1])):
            if left <= 0 or time.monotonic() > until:
                self._unscanned += 1
                continue
            try:
                data = self._program(pids, identity)
            except OSError:
                self._unscanned += 1
                continue
            left -= len(data)
            self._unscanned += len(data) > SCAN_FILE
            self._matched(engine.matches(data), pids)

    def _program(self, pids: list[int], identity: tuple[int, int]) -> bytes:
        """Return an executable's bytes, through the first process that still runs it; raises `OSError`."""
        for pid in pids:
            with (
                suppress(FileNotFoundError, ProcessLookupError),
                folder(self.roots, pid) as (dir_fd, _),
                files.opened("exe", dir_fd=dir_fd, follow=True) as fd,
            ):
                status = os.fstat(fd)
                if (status.st_dev, status.st_ino) == identity:
                    return os.read(fd, min(status.st_size, SCAN_FILE) + 1)  # at once: joined parts would cost twice
        return b""

    def _matched(self, names: tuple[str, ...] | None, pids: list[int]) -> None:
        self._unscanned += names is None
        if names:
            for pid in pids:
                self._rules[pid] = tuple(sorted({*self._rules.get(pid, ()), *names}))


@contextmanager
def folder(roots: Roots, pid: int, start: int | None = None) -> Iterator[tuple[int, Stat]]:
    """Hold the folder of a process open, and tell its state; raises `OSError`, ESRCH where it is another process now.

    Of a process whose first thread has ended and others live on, it is the folder of another
    thread: the first has neither memory nor program to be seen any more, which is a way to hide.
    """
    with ExitStack() as held:
        dir_fd = files.open_kernel(f"{roots.proc}/{pid}", folder=True)
        held.callback(os.close, dir_fd)
        try:
            now = process.parse_stat(files.read_kernel("stat", dir_fd=dir_fd))
        except ValueError:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from None
        if start is not None and now.start != start:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        if now.has_ended and (thread := process.live_thread(pid, dir_fd)) is not None:
            held.callback(os.close, thread)
            dir_fd = thread
        yield dir_fd, now


def _ours(roots: Roots) -> dict[int, str]:
    """Return our own process and those that started it, up to the first one of the system."""
    mine = os.getpid()
    found = {mine: "tool"}
    pid = mine
    with suppress(OSError, ValueError):
        while pid > 1 and len(found) < 64:  # noqa: PLR2004 - nobody is started through more
            pid = process.parse_stat(files.read_kernel(f"{roots.proc}/{pid}/stat")).ppid
            if pid > 1:
                found[pid] = "started_tool"
    return found
