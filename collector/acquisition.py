"""One run: the order of volatility, the budgets, and the outcome of every attempt.

Reads the sources one after the other into a bundle, whatever the host does, and closes it.
Nothing here knows which system it runs on, and nothing here prints: whoever looks on is
told through `Onlooker`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import counts, isolate, levels, loading, ownfiles
from collector.alarm import Sentinel
from collector.counts import Counts
from collector.errors import DiskFullError
from collector.host import HostError
from collector.model import UNKNOWN_BOOT, Gap, Outcome
from collector.output import Output
from collector.ownfiles import OwnFiles
from collector.reading import Reading
from collector.result import OUTCOMES, Limits, Result, Stop
from collector.sources import left_out, planned
from collector.sources.activity import ActivitySource
from collector.sources.footprint import FootprintSource
from collector.text import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.alarm import Alarm
    from collector.bundle import Bundle
    from collector.host import ActivityWatch, Host
    from collector.inventory import Inventory
    from collector.isolation import Verdict
    from collector.model import Item, Json, Request, Row
    from collector.onlooker import Onlooker
    from collector.sources import Source
    from collector.vigil import Vigil

FINAL_STEPS = 1
"""Steps of a run beside its sources: closing and sealing."""
_ALWAYS_TOLD = ("open", "isolated", "close")
"""When a verdict is told though it is the same as before."""


@dataclass(slots=True)
class Run:
    """One run into a bundle that is open; `collect` does all of it and closes the bundle."""

    bundle: Bundle
    host: Host
    request: Request
    onlooker: Onlooker
    case: str
    start_code: str
    vigil: Vigil
    limits: Limits = field(default_factory=Limits)
    practice_identity: str | None = None
    """What `Result` has; kept in memory only."""
    isolate: bool = False
    """Whether the operator asked to switch the network off (`--isolate`)."""
    stop: Stop = field(default_factory=Stop)
    done: frozenset[str] = frozenset()
    """Sources that an earlier part of the run has finished, in this bundle (resume) or in one that it continues."""
    earlier: tuple[Inventory, ...] = ()
    """What the bundles hold that this one continues."""
    cut_by_full: set[str] = field(default_factory=set)
    """Sources that a full folder ended: of a file that is cut, the table that names it may be whole."""
    started: float = field(default_factory=time.monotonic)
    counts: Counts = field(default_factory=Counts)
    _size: int = 0
    _missed: list[tuple[str, str]] = field(default_factory=list)
    _core_missing: bool = False
    _rows: dict[str, int] = field(default_factory=dict)
    _over_size: bool = False
    _told_stop: bool = False
    _told_full: bool = False
    _told_verdict: str | None = None
    _sentinel: Sentinel | None = None
    _own: OwnFiles = field(init=False)

    def __post_init__(self) -> None:
        self._own = OwnFiles(self.bundle)

    def collect(self) -> Result:
        """Read every source in its order, then close and seal; raises `WriteError` if the folder is gone.

        The vigil goes on when this returns: whoever began it ends it.
        """
        watch = self._start_watch()
        self._sentinel = Sentinel(self.host, watch)
        try:
            self.vigil.begin(self)
            self._sources()
            self._ending(watch)
            return self._close()
        finally:
            if watch is not None:
                watch.stop()

    def _sources(self) -> None:
        phase = self._planned[0].phase
        for number, source in enumerate(self._planned, 1):
            if source.phase != phase:
                self._phase(phase)
                phase = source.phase
            self._step(number, source)
        self._phase(phase)

    @property
    def _planned(self) -> tuple[Source, ...]:
        asked, system = self.request, self.host.system_word()
        whole_memory = asked.memory_program is not None
        return planned(whole_memory=whole_memory, system=system, clipboard=asked.clipboard, level=asked.level)

    def _step(self, number: int, source: Source) -> None:
        """Read one source, unless an earlier part of the run has, or it has to be left out."""
        seconds = self._seconds(source)
        if seconds:  # what a profile leaves out is no step that somebody waits for
            self.onlooker.step(number, len(self._planned) + FINAL_STEPS, source.name, seconds)
        self._look()
        if source.name in self.done:
            held = (self.bundle.inventory, *self.earlier)
            self._core_missing |= source.core and not any(one.has_rows(source.kind) for one in held)
            return
        self._check_time()
        if self.stop.reason is not None or self._over_size:
            self._not_started(source)
            return
        if not seconds:
            left_out = f"not started: the profile {self.request.profile.name} leaves it out"
            self.missed(source.name, Gap(Outcome.UNSUPPORTED, left_out))
            return
        try:
            self._read(source.name, source.kind, source.columns, source.collect(self.host, self.request), source)
            if source.name == "system" and self.counts.disks:
                self.onlooker.disks(self.counts.disks)
        except DiskFullError:
            self.cut_by_full.add(source.name)
            self._full()

    def _seconds(self, source: Source) -> float:
        """Return the longest that a source may take: its own bound, or what the profile says."""
        return self.request.profile.seconds(source.name, source.seconds, named=self.request.scan is not None)

    def _phase(self, name: str) -> None:
        self.onlooker.phase(name, self.bundle.phase(name))
        self._look_at_own_files()
        if not self.bundle.grouped:  # the volatile phase is over: it syncs at once; what follows may share a sync
            self.bundle.grouped = True
            self._after_volatile()
        else:
            self.vigil.judge(self, "phase")

    def _after_volatile(self) -> None:
        """Do what may take seconds, or changes the machine, now that what vanishes first is sealed."""
        if self.isolate and self.stop.reason is None and self.vigil.facts is not None:
            try:
                isolate.cut_off(self, self.host, self.vigil.facts)
            except DiskFullError:
                self._full()
            self.vigil.judge(self, "isolated")
        loading.rooms_of(self.host.system_word())
        self.vigil.hold(self)

    def _look_on(self) -> None:
        """Let who looks on do so; raises `DiskFullError`."""
        self.vigil.look(self)
        if self._sentinel is not None:
            self._sentinel.look(self)

    def _look_at_own_files(self) -> None:
        """Record what became of our own files; whoever takes them may not be done yet, so the run goes on."""
        try:
            if (data := self._own.look()) is not None:
                self.bundle.observe("own-files", data)
        except DiskFullError:
            self._full()

    def _look(self) -> None:
        try:
            self._look_on()
        except DiskFullError:
            self._full()

    def _read(
        self, name: str, kind: str, columns: Mapping[str, str], items: Iterator[Item], source: Source | None
    ) -> None:
        """Write what one source yields; raises `DiskFullError` once what fits is recorded."""
        without = levels.withheld(self.request.level, name, columns)
        reading = Reading(name, levels.within(items, without) if without else items)
        clear = name == "summary"  # SPEC 11, clause 2
        output = Output(self, name, kind, levels.meanings(columns, without), clear=clear)
        deadline = time.monotonic() + (self._seconds(source) if source is not None else 60)
        try:
            reading.start()
        except RuntimeError:  # no thread is to be had: too many processes, or too little memory
            self.missed(name, Gap(Outcome.FAILED, "the system gives no thread to read this in"))
            self._core_missing |= source is not None and source.core
            return
        try:
            for delivery in reading.deliveries():
                if delivery is not None:
                    output.take(delivery)
                    self.counts.take(name, delivery)
                    if self._sentinel is not None:
                        self._sentinel.take(name, delivery)
                else:
                    self.onlooker.counted(output.count)  # nothing came: the times shown move on
                if self.bundle.is_due():
                    self.bundle.commit()
                self._look_on()
                self._check_time()
                cut = self._cut(deadline) if source is not None else None  # what ends a run is short, and is told
                if cut is not None:
                    for late in reading.rest() if not self._over_size else ():
                        output.take(late)
                    output.missed(cut)
                    output.end("cut")
                    break
            else:
                output.end()
        except DiskFullError:
            output.full()
            raise
        finally:
            reading.abandon()
        self._rows[name] = output.count
        if source is not None and source.core and output.count == 0:
            self._core_missing = True

    def _cut(self, deadline: float) -> Gap | None:
        """Return why the present source must end now, if it must."""
        if self.stop.reason is not None:
            return Gap(OUTCOMES[self.stop.reason], f"cut short: {self.stop.reason}")
        if self._over_size:
            return Gap(Outcome.OVER_LIMIT, "cut short: the bundle has reached --max-size")
        if time.monotonic() > deadline:
            return Gap(Outcome.TIMED_OUT, "cut short: the source took longer than it may")
        return None

    def missed(self, source: str, gap: Gap) -> None:
        """Record a gap and tell who looks on."""
        self._missed.append((source, gap.outcome.value))
        self.bundle.gap(source, gap)
        self.onlooker.gap(source, gap)

    def observe(self, what: str, data: Mapping[str, Json], *, synced: bool = True) -> None:
        """Record an observation, as far as the level goes."""
        self.bundle.observe(what, levels.observed(self.request.level, what, data), synced=synced)

    def judged(self, when: str, verdict: Verdict) -> None:
        """Tell who looks on how the network was judged: at the ends, and whenever the verdict is another one."""
        if when in _ALWAYS_TOLD or verdict.verdict != self._told_verdict:
            self._told_verdict = verdict.verdict
            self.onlooker.isolation(when, verdict)

    def alarmed(self, alarm: Alarm) -> None:
        """Tell who looks on that files are being encrypted."""
        self.onlooker.alarmed(alarm)

    def powered(self, *, on_battery: bool, percent: int | None) -> None:
        """Tell who looks on how the machine is powered."""
        self.onlooker.power(on_battery=on_battery, percent=percent)

    def told(self, count: int) -> None:
        """Tell who looks on how many rows or files of this step there are."""
        self.onlooker.counted(count)

    def counted(self, size: int) -> None:
        """Count bytes of artifacts against `--max-size`."""
        self._size += size
        if self.limits.size is not None and self._size > self.limits.size:
            self._over_size = True

    def _not_started(self, source: Source) -> None:
        reason = self.stop.reason or "the bundle has reached --max-size"
        self.missed(source.name, Gap(OUTCOMES.get(reason, Outcome.OVER_LIMIT), f"not started: {reason}"))
        self._core_missing |= source.core

    def _check_time(self) -> None:
        """Look whether the run must close: its time is over, or a signal left word in `stop`."""
        self.bundle.check_there()
        limit = self.limits.seconds
        if self.stop.reason is None and limit is not None and time.monotonic() - self.started > limit:
            self.stop.reason = "max_time"
        if self.stop.reason is not None and not self._told_stop:
            self._told_stop = True
            self.onlooker.stopping(self.stop.reason)

    def _full(self) -> None:
        if self.stop.reason is None:
            self.stop.reason = "disk_full"
        self._check_time()
        if self._told_full:
            return
        self._told_full = True
        self.bundle.observe("disk-full", {"reason": "the folder of the bundle takes no more bytes"})

    def _start_watch(self) -> ActivityWatch | None:
        try:
            return ActivitySource().start(self.host, self.request)
        except HostError as error:
            self.missed(ActivitySource.name, error.gap)
        except RuntimeError:  # as in `_read`
            self.missed(ActivitySource.name, Gap(Outcome.FAILED, "the system gives no thread to watch with"))
        return None

    def _ending(self, watch: ActivityWatch | None) -> None:
        steps = len(self._planned) + FINAL_STEPS
        self.onlooker.step(steps, steps, "seal", 10)
        activity, footprint = ActivitySource(), FootprintSource()
        try:
            if self._sentinel is not None:
                self._sentinel.end(self, may_wait=self.stop.reason is None)
            if watch is not None and levels.takes(self.request.level, activity.name):
                self._read(activity.name, activity.kind, activity.columns, activity.collect(watch), None)
            self.vigil.end(self)
            sign = self._sentinel.start_ns if self._sentinel is not None else None
            self.vigil.never_off(self, same_boot=self._same_boot(), first_sign_ns=sign)
            if self.stop.reason != "disk_full":
                own: list[Item] = [self.host.footprint()]
                self._read(footprint.name, footprint.kind, footprint.columns, iter(own), None)
                self._read("summary", "summary", counts.COLUMNS, iter([self._summary()]), None)
        except DiskFullError:
            self._full()
        if self.vigil.verdicts["close"] is None:
            self.vigil.judge(self, "close")
        tool = (self.bundle.inventory.opening or {})["tool"]
        changed = ownfiles.tool_changed(str(tool["sha256"])) if isinstance(tool, dict) and not self.done else None
        if changed is not None:
            self.bundle.observe("tool-changed", changed)

    def _summary(self) -> Row:
        level, system = self.request.level, self.host.system_word()
        self.counts.hostname = readable(self.host.hostname())
        return self.counts.row(level, left_out(level, system), self._rows, self._missed, self.vigil.run)

    def _close(self) -> Result:
        inventory = self.bundle.inventory
        self.bundle.commit()
        self._look()  # up to the last record
        self._look_at_own_files()
        run = self.vigil.run
        cut = self.stop.reason
        verdicts = {**self.vigil.verdicts, "run": run}
        outcome = "complete" if cut is None else "cut_short"
        sealed = self.bundle.close(
            outcome=outcome, reason=cut, isolation=dict(verdicts), same_boot=bool(self._same_boot())
        )
        short = cut is not None or self._core_missing or self._own.counted
        exit_code = 3 if short else 0 if run == "ISOLATED" else 4
        return Result(
            bundle=self.bundle.path,
            case=self.case,
            exit_code=exit_code,
            records=sealed.records,
            artifacts=inventory.counts["artifacts"],
            gaps=inventory.counts["gaps"],
            isolation=verdicts,
            reasons=self.vigil.reasons,
            never_off=(self.vigil.never_off_verdict, self.vigil.never_off_codes),
            start_code=self.start_code,
            seal_code=sealed.code,
            seal_sha256=sealed.digest.hex(),
            seconds=time.monotonic() - self.started,
            reason=cut,
            recipients=self.bundle.recipients,
            practice_identity=self.practice_identity,
            missed=tuple(self._missed),
            alarm=self.alarm,
            disturbed=self.disturbed,
            level=self.request.level,
            disks=self.counts.disks,
        )

    @property
    def alarm(self) -> Alarm | None:
        """Whether files were seen to be encrypted so far."""
        return self._sentinel.alarm if self._sentinel is not None else None

    @property
    def missed_so_far(self) -> tuple[tuple[str, str], ...]:
        """Source and outcome of each gap so far."""
        return tuple(self._missed)

    @property
    def disturbed(self) -> int:
        """Files of the bundle that somebody else took, changed or put there so far."""
        return self._own.counted

    def _same_boot(self) -> bool | None:
        """Tell whether the machine was never started anew since `open`; `None` where the system tells no boot id."""
        before, now = (self.bundle.inventory.opening or {})["boot_id"], self.bundle.clock.now().boot_id
        return None if UNKNOWN_BOOT in (before, now) else before == now
