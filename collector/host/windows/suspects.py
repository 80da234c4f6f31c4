"""The processes that deserve a closer look: all are looked at twice, within some seconds, and judged.

What is read is `program_facts`' business, what it means `suspicion`'s; here is the order, the same as on Linux: what
each process has written comes from the kernel's list of all processes, which is asked for twice.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from collector import marks, suspicion, suspicion_rules
from collector.host.windows import files, handles, process, program_facts, snapshot
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.host.windows.program_facts import FactReader, Seen
    from collector.model import Blob, Request, Row
    from collector.suspicion import Judgement, ProcessFacts
    from collector.winformats.processlist import Listed

INTERVAL: Final = 1.0
"""Seconds between the two looks at what a process has written."""
SAMPLES: Final = 4
SAMPLE_SECONDS: Final = 0.2
"""How often, and how far apart, the open files of those that write are looked at."""
SAMPLING_SECONDS: Final = 6.0
"""The longest that this may take: the kernel's table holds some hundred thousand handles."""
MAX_BUSY: Final = 64
"""Most processes whose open files are looked at so; those that wrote the most."""
MAX_WRITING: Final = 1_000
"""Most files open for writing that are kept of a process."""
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
        """What is known of the process, as it was judged."""
        return self.seen.facts


@dataclass(slots=True)
class _Brief:
    """What is remembered of every process between the two looks."""

    seen: Seen
    system: bool
    rate: int | None = None
    opened: tuple[str, ...] = ()
    newly: int = 0
    rules: tuple[str, ...] = ()


def items(request: Request, pids: Iterable[int] | None = None) -> Iterator[Row | Blob | Gap]:
    """Yield a row for each suspect among some processes, then their files, then their memory, heaviest first.

    Without `pids`, all processes of now are looked at: some may have started since the list of them was made.
    """
    from collector.host.windows import copies

    search = Search(request)
    try:
        yield from search.run(None if pids is None else frozenset(pids))
    except (OSError, ValueError):
        yield Gap(Outcome.FAILED, "the list of processes could not be read")
        return
    taking = copies.Copies(request, search.listed)
    for suspect in search.found:
        yield taking.row(suspect)
    if request.copies:
        yield from taking.files()
        if request.memory:
            yield from taking.memory()


@dataclass(slots=True)
class Search:
    """One search over some processes; `found` holds the suspects once `run` is done, heaviest first."""

    request: Request
    found: list[Suspect] = field(default_factory=list)
    listed: dict[int, Listed] = field(default_factory=dict)
    _denied: int = 0
    _unscanned: int = 0
    _briefs: dict[int, _Brief] = field(default_factory=dict)

    def run(self, pids: frozenset[int] | None) -> Iterator[Gap]:
        """Look and judge; yields what could not be looked at.

        Raises `RuleError` for a wrong table of ours, `OSError` or `ValueError` where no process can be listed.
        """
        reader = program_facts.FactReader(suspicion_rules.suspicion(suspicion_rules.WINDOWS), self.request.scan or ())
        yield from reader.gaps
        when = time.monotonic()
        self.listed = {one.pid: one for one in snapshot.processes()}
        self._first_look(reader, pids)
        busy = self._measure(when)
        self._sample(reader, busy)
        self._scan(reader)
        self._judge(reader)
        yield from self._gaps()
        del self.found[MAX_SUSPECTS:]

    def _first_look(self, reader: FactReader, pids: frozenset[int] | None) -> None:
        for pid, listed in sorted(self.listed.items()):
            if pids is not None and pid not in pids:
                continue
            try:
                seen = reader.read(listed)
            except OSError:
                continue  # it has ended
            if seen is None:
                continue
            self._denied += seen.denied
            exe = seen.facts.exe
            system = exe is not None and "system" in suspicion.places(exe, reader.host, reader.rules)
            self._briefs[pid] = _Brief(seen, system)

    def _measure(self, when: float) -> list[int]:
        """Look a second time at what each has written; returns those that wrote, the most first."""
        time.sleep(max(0.0, when + INTERVAL - time.monotonic()))
        try:
            now = snapshot.processes()
        except (OSError, ValueError):
            return []
        seconds = time.monotonic() - when
        moved: dict[int, int] = {}
        for one in now:
            brief, before = self._briefs.get(one.pid), self.listed.get(one.pid)
            if brief is None or before is None or before.created != one.created:
                continue
            moved[one.pid] = max(0, one.written - before.written)
            brief.rate = int(moved[one.pid] / seconds)
        busy = [pid for pid, count in sorted(moved.items(), key=lambda item: -item[1]) if count]
        return busy or [pid for pid in moved if not self._briefs[pid].system]  # Wine counts nothing

    def _sample(self, reader: FactReader, busy: list[int]) -> None:
        """Look several times at what those that write hold open for writing, and how many of people's came later on."""
        wanted = [self.listed[pid] for pid in busy[:MAX_BUSY]]
        later: dict[int, set[str]] = {}
        until = time.monotonic() + SAMPLING_SECONDS
        for number in range(SAMPLES if wanted else 0):
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                opened = handles.find(wanted, left, writing=True)
            except OSError:
                return  # the list of processes tells that it can't be had
            for pid, found in opened.files.items():
                paths = {file.path: None for file in found[:MAX_WRITING]}
                brief = self._briefs[pid]
                if number == 0:
                    brief.opened = tuple(paths)
                elif len(more := later.setdefault(pid, set())) < MAX_WRITING:
                    more.update(
                        path for path in paths
                        if suspicion.is_peoples(reader.judged(path), reader.host, reader.rules)
                    )  # fmt: skip
            time.sleep(SAMPLE_SECONDS)
        for pid, more in later.items():
            brief = self._briefs[pid]
            brief.newly = len(more - {*brief.opened})
            brief.opened = tuple(dict.fromkeys((*brief.opened, *sorted(more))))

    def _scan(self, reader: FactReader) -> None:
        """Let the rules look into every program and script once, as far as the budget goes."""
        programs: dict[tuple[int, int], list[int]] = {}
        scripts: dict[str, list[int]] = {}
        for pid, brief in self._briefs.items():
            if brief.seen.identity is not None:
                programs.setdefault(brief.seen.identity, []).append(pid)
            if brief.seen.script is not None and brief.seen.facts.script_gone is False:
                scripts.setdefault(brief.seen.script, []).append(pid)
        if not programs:
            return
        engine = marks.Marks("programs.yar")
        left, until = SCAN_BYTES, time.monotonic() + SCAN_SECONDS
        in_order = sorted(programs.values(), key=lambda pids: (*self._rank(reader, pids), pids))
        targets = [(path, pids, MAX_SCRIPT) for path, pids in scripts.items()]
        targets += [(self._briefs[pids[0]].seen.path or "", pids, SCAN_FILE) for pids in in_order]
        for path, pids, limit in targets:
            if left <= 0 or time.monotonic() > until:
                self._unscanned += 1
                continue
            try:
                with files.open_file(os.fsencode(path)) as file:
                    data = file.read(min(file.facts().size, limit) + 1, 0)
            except OSError as error:
                self._unscanned += files.outcome_of(error) is not Outcome.ABSENT
                continue
            left -= len(data)
            self._unscanned += len(data) > limit
            self._matched(engine.matches(data), pids)

    def _rank(self, reader: FactReader, pids: list[int]) -> tuple[bool, bool]:
        """Return how late a program is looked into: what is odd already comes first, what is the system's last."""
        briefs = [self._briefs[pid] for pid in pids]
        odd = any(suspicion.judge(brief.seen.facts, reader.host, reader.rules).reasons for brief in briefs)
        return not odd, briefs[0].system

    def _matched(self, names: tuple[str, ...] | None, pids: list[int]) -> None:
        self._unscanned += names is None
        for pid in pids if names else ():
            self._briefs[pid].rules = tuple(sorted({*self._briefs[pid].rules, *(names or ())}))

    def _judge(self, reader: FactReader) -> None:
        ours = self._ours()
        for pid, brief in sorted(self._briefs.items()):
            seen = brief.seen
            facts = replace(
                seen.facts,
                writing=tuple(reader.judged(path) for path in brief.opened),
                newly=brief.newly,
                write_rate=brief.rate,
                rules=brief.rules,
            )
            judgement = suspicion.judge(facts, reader.host, reader.rules)
            if judgement.confidence is not None:
                names = {**seen.names, **{reader.judged(path): path for path in brief.opened}}
                self.found.append(Suspect(replace(seen, facts=facts, names=names), judgement, ours.get(pid)))
        self.found.sort(key=lambda one: (-one.judgement.score, one.facts.pid))

    def _ours(self) -> dict[int, str]:
        """Return our own process and those that started it, as far as they are still there."""
        found = {os.getpid(): "tool"}
        one = self.listed.get(os.getpid())
        while one is not None and len(found) < 64:  # noqa: PLR2004 - nobody is started through more
            above = self.listed.get(one.ppid)
            if above is None or above.created > one.created or above.pid in found or process.is_of_kernel(above):
                break
            found[above.pid] = "started_tool"
            one = above
        return found

    def _gaps(self) -> Iterator[Gap]:
        if self._denied:
            reason = f"of {self._denied} processes at most name and arguments could be judged: the rest is hidden"
            yield Gap(Outcome.DENIED, reason)
        if self._unscanned:
            what = "programs or scripts were not looked into by the rules, or not wholly"
            reason = f"{self._unscanned} {what}: unreadable, a link, too large, or the time was over"
            yield Gap(Outcome.OVER_LIMIT, reason)
        if len(self.found) > MAX_SUSPECTS:
            more = len(self.found) - MAX_SUSPECTS
            yield Gap(Outcome.OVER_LIMIT, f"{more} further suspicious processes are not listed")

