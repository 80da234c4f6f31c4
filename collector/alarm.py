"""The alarm of one run: is something still encrypting, who, and when did it begin? As observations, and told at once.

It looks at the counters of the watch whenever the run gives it a moment. Only where they cross a threshold are files
read and processes looked for, in a thread of its own: nothing of the host holds the run up.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from collector import activity_rules, bursts
from collector.errors import RuleError
from collector.heads import look
from collector.host import HostError
from collector.ledger import fitting
from collector.model import Gap, Outcome
from collector.onset import Onset, Start
from collector.text import from_bytes
from collector.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collector.bursts import Judgement, Tally, Writer, Writers
    from collector.heads import Looked
    from collector.host import ActivityWatch, Host
    from collector.model import Json
    from collector.reading import Delivery

LOOK_S: Final = 0.5
"""Shortest time between two looks at the counters."""
REPEAT_S: Final = 30.0
"""Shortest time between two records of an encryption that goes on."""
MOST_RECORDS: Final = 80
"""Most records of it, those of forty minutes; the last one, at the end of the run, comes on top."""
PATIENCE_S: Final = 5.0
"""Longest that the end of a run waits for what was asked of the host; what hangs is left behind."""
LINGER_S: Final = 5.0
"""How much longer the end of a run looks on where something stirs."""
FRESH_S: Final = 60
"""Where a file of the group was encrypted so few seconds ago, that is looked at for longer, too."""
BACK_OFF_S: Final = (2.0, 4.0, 8.0, 16.0, 30.0)
"""How long to wait after files were looked at that were no cipher: a busy host is not read over and over."""
MOST_FOLDERS: Final = 10
"""Most folders that a record names."""
SOURCE: Final = "activity-alarm"
ROWS_OF: Final = "recent-files"
"""The source whose rows tell when it began."""

_Answer = TypeVar("_Answer")

_PATH: Final = 500
_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a person is told: an encryption was seen; whether it goes on, how many files, since when, by whom."""

    running: bool
    files: int
    since_ns: int
    offset_s: int
    """Of the host's zone at that moment."""
    writers: tuple[Writer, ...]


class Record(Protocol):
    """Where it writes: a run's bundle and who looks on."""

    def observe(self, what: str, data: Mapping[str, Json], *, synced: bool = True) -> None:
        """Record an observation; raises `DiskFullError`, `WriteError`."""

    def missed(self, source: str, gap: Gap) -> None:
        """Record a gap; raises the same."""

    def alarmed(self, alarm: Alarm) -> None:
        """Tell who looks on."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look at the host came to."""

    judgement: Judgement | None
    writers: Writers | None


class Sentinel:
    """Looks on during one run."""

    def __init__(self, host: Host, watch: ActivityWatch | None) -> None:
        self._host = host
        self._watch = watch
        self._rules: activity_rules.Activity | None = None
        self._onset: Onset | None = None
        self._wrong = ""
        self._asked: _Ask[_Found] | None = None
        self._judgement: Judgement | None = None
        self._writers: dict[int, Writer] = {}
        self._unknown = 0
        self._looked_at = self._not_before = 0.0
        self._missed = self._records = 0
        self.alarm: Alarm | None = None
        """The last that was told, if any."""
        self.start_ns: int | None = None
        """When the encryption began, as `encryption-start` says; `None` before `end`, or where nothing tells."""
        try:
            self._rules = activity_rules.activity()
            self._onset = Onset(self._rules)
        except RuleError as error:
            self._wrong = f"the rules of file activity can't be read: {error}"

    def take(self, source: str, delivery: Delivery) -> None:
        """Take what a source delivered: the rows of recent files tell when it began."""
        if source == ROWS_OF and isinstance(delivery, list) and self._onset is not None:
            self._onset.take(delivery)

    def look(self, record: Record) -> None:
        """Look at the counters, if it is time; returns at once."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_S or self._watch is None or self._rules is None:
            return
        self._looked_at = now
        if self._asked is not None:
            if self._asked.is_over():
                self._tell(record, "alarm" if self._judgement is None else "again")
        elif now >= self._not_before and self._records < MOST_RECORDS:
            self._ask()

    def end(self, record: Record, *, may_wait: bool) -> None:
        """Record whether it was still going on at the end, and when it began; before the watch is stopped.

        Where something stirs and the run was too short to tell, it is looked at for some seconds more, if that may be.
        """
        if self._wrong:
            record.missed(SOURCE, Gap(Outcome.FAILED, self._wrong))
            return
        start = self._estimated()
        if self._asked is not None:
            self._asked.wait()
            self._tell(record, "alarm" if self._judgement is None else "again")
        if self._judgement is None:
            self._look_longer(record, start, LINGER_S if may_wait else 0.0)
        self._at_the_end(record, None if self._watch is None else self._watch.tally())
        start = self._with_activity(start)
        self.start_ns = start.estimate_ns
        record.observe("encryption-start", self._started(start))

    def _look_longer(self, record: Record, start: Start, seconds: float) -> None:
        """Look until it is sure that something goes on, or the time is over, or nothing stirs."""
        deadline = time.monotonic() + seconds
        before = self._host.clock.now().utc_ns - FRESH_S * 10**9
        while self._watch is not None and self._rules is not None and (tally := self._watch.tally()) is not None:
            known = bursts.known(tally, start.extension, self._rules)
            if known is not None:
                self._asked = self._whose(known)
            else:
                self._ask()
            if self._asked is not None:
                self._asked.wait()
                self._tell(record, "alarm")
            fresh = start.last_ns is not None and start.last_ns > before
            quiet = not fresh and not bursts.stirs(tally, self._rules)
            if quiet or time.monotonic() >= deadline or self._judgement is not None:
                return
            time.sleep(LOOK_S)

    def _whose(self, judgement: Judgement) -> _Ask[_Found]:
        """Ask who does what is already judged, and what its files hold."""

        def find() -> _Found:
            looked = look(self._host.heads(bursts.to_look_at((judgement.group,))))
            return _Found(replace(judgement, looked=looked), self._host.writers(judgement.group.folders))

        return _Ask(find)

    def _ask(self) -> None:
        """Have the host looked at, where the counters call for it."""
        tally = self._watch.tally() if self._watch is not None else None
        found = self._rules
        if tally is None or found is None:
            return
        groups = bursts.candidates(tally, found)
        if self._judgement is not None and not any(_goes_on(group, tally, found) for group in groups):
            return
        paths = bursts.to_look_at(groups)
        if paths:
            self._asked = _Ask(lambda: self._find(tally, paths, found))

    def _find(self, tally: Tally, paths: tuple[bytes, ...], limits: activity_rules.Activity) -> _Found:
        """Judge by what the files hold, and find who writes; in a thread of its own."""
        judgement = bursts.judge(tally, self._host.heads(paths), limits)
        return _Found(judgement, None if judgement is None else self._host.writers(judgement.group.folders))

    def _tell(self, record: Record, when: str) -> None:
        """Record and tell what was found, if it is an encryption."""
        asked, self._asked = self._asked, None
        found = asked.result if asked is not None else None
        now = time.monotonic()
        if found is None or found.judgement is None:
            self._not_before = now + BACK_OFF_S[min(self._missed, len(BACK_OFF_S) - 1)]
            self._missed += 1
            return
        self._judgement, self._not_before = found.judgement, now + REPEAT_S
        self._records += 1
        for writer in found.writers.found if found.writers is not None else ():
            if writer.pid not in self._writers or writer.basis != "bytes":
                self._writers[writer.pid] = writer
        self._unknown = found.writers.unknown if found.writers is not None else 0
        tally = self._watch.tally() if self._watch is not None else None
        self._observe(record, when, tally, running=True)

    def _at_the_end(self, record: Record, tally: Tally | None) -> None:
        if tally is None or self._rules is None:
            record.observe("encryption-running", {"when": "close", "state": "unknown"})
        elif self._judgement is None:
            rates: dict[str, Json] = {"totals": dict(tally.totals), "lost": tally.lost}
            record.observe("encryption-running", {"when": "close", "state": "not-seen", **rates})
        else:
            group = _now(self._judgement.group, tally)
            self._observe(record, "close", tally, running=_goes_on(group, tally, self._rules))

    def _observe(self, record: Record, when: str, tally: Tally | None, *, running: bool) -> None:
        judgement = self._judgement
        if judgement is None or tally is None:
            return
        group = _now(judgement.group, tally)
        surest = [one for one in self._writers.values() if one.basis != "bytes"]
        moment = self._host.clock.now()
        zero = moment.utc_ns - moment.mono_ns
        since = zero + int(group.since * 10**9)
        data: dict[str, Json] = {
            "when": when,
            "state": "running" if running else "stopped",
            "since": utc_text(since),
            "last": utc_text(zero + int(group.last * 10**9)),
            **_counted(group, tally),
            "reasons": list(judgement.reasons),
            "basis": _basis(judgement),
            "heads": _of_heads(judgement.looked),
            "note": None if judgement.note is None else _of_note(*judgement.note),
            "processes": [_of_writer(one) for one in self._writers.values()][:MOST_FOLDERS],
            "processes_unknown": self._unknown,
        }
        self.alarm = Alarm(running, group.files, since, moment.offset_s, tuple(surest))
        if when != "close":  # the last screen says how it ended
            record.alarmed(self.alarm)  # first: a full disk must not keep it from a person
        record.observe("encryption-running", data)

    def _estimated(self) -> Start:
        """Return when it began, as far as the recent files tell."""
        onset = self._onset
        if onset is None:
            return Start(None)
        paths = onset.paths()
        return onset.judge(_Ask(lambda: self._host.heads(paths)).wait() or [])

    def _with_activity(self, start: Start) -> Start:
        """Return the start; where no recent file tells, or what was seen to go on was earlier, by that."""
        if self.alarm is None or (start.estimate_ns is not None and start.estimate_ns <= self.alarm.since_ns):
            return start
        return replace(start, estimate_ns=self.alarm.since_ns, from_ns=None, basis=(*start.basis, "activity"))

    def _started(self, start: Start) -> dict[str, Json]:
        """Return the data of `encryption-start`."""
        boot = self._host.boot_time_ns()
        found = start.estimate_ns
        return {
            "estimate_utc": None if found is None else utc_text(found),
            "from_utc": None if start.from_ns is None else utc_text(start.from_ns),
            "basis": list(start.basis),
            "reason": start.reason if found is None else None,
            "extension": None if start.extension is None else fitting(from_bytes(start.extension), _NAME),
            "files": start.files,
            "content_utc": None if start.content_ns is None else utc_text(max(0, start.content_ns)),
            "boot_utc": None if boot is None else utc_text(boot),
            "after_boot": None if found is None or boot is None else found >= boot,
        }


class _Ask(threading.Thread, Generic[_Answer]):
    """One question to the host, in a thread that may be left behind; where no thread is to be had, it has no answer."""

    def __init__(self, question: Callable[[], _Answer]) -> None:
        super().__init__(name="activity-alarm", daemon=True)
        self._question = question
        self._since = time.monotonic()
        self._started_well = True
        self.result: _Answer | None = None
        try:
            self.start()
        except RuntimeError:
            self._started_well = False

    def run(self) -> None:
        """Ask."""
        with suppress(HostError, OSError, MemoryError):  # nothing was learnt
            self.result = self._question()

    def wait(self) -> _Answer | None:
        """Return the answer; `None` where there is none in time."""
        if self._started_well:
            self.join(PATIENCE_S)
        return self.result

    def is_over(self) -> bool:
        """Tell whether there is an answer, or none will be waited for."""
        return not self.is_alive() or time.monotonic() - self._since > PATIENCE_S


def _basis(judgement: Judgement) -> str:
    looked, known = judgement.looked.read, "recent-files" in judgement.reasons
    parts = ("first bytes of files", looked), ("recent files of the same extension", known)
    return ", ".join(["counters of file events", *(part for part, there in parts if there)])


def _now(group: bursts.Group, tally: Tally) -> bursts.Group:
    """Return a group as it stands now, or as it stood if it is no longer kept."""
    every = (*tally.renamed, *tally.born) if group.extension else (tally.mixed, tally.rewritten)
    alike = [one for one in every if one.extension == group.extension and one.since == group.since]
    return alike[0] if alike else group


def _goes_on(group: bursts.Group, tally: Tally, limits: activity_rules.Activity) -> bool:
    return tally.now - group.last <= limits.limits.still_s


def _counted(group: bursts.Group, tally: Tally) -> dict[str, Json]:
    folders: list[Json] = [fitting(from_bytes(folder[:_PATH]), _PATH) for folder in group.folders[:MOST_FOLDERS]]
    return {
        "extension": fitting(from_bytes(group.extension), _NAME) if group.extension else None,
        "files": group.files,
        "types": group.types,
        "folders": folders,
        "folders_more": max(0, len(group.folders) - MOST_FOLDERS),
        "rates": {"over_s": bursts.RATE_S, "peak_per_s": tally.peak, **tally.recent},
        "totals": dict(tally.totals),
        "lost": tally.lost,
    }


def _of_heads(looked: Looked) -> Json:
    return {"read": looked.read, "cipher": looked.cipher, "entropy_millibits": looked.millibits}


def _of_note(name: bytes, folders: int) -> Json:
    return {"name": fitting(from_bytes(name), _NAME), "folders": folders}


def _of_writer(one: Writer) -> Json:
    name, exe = (fitting(text, _PATH) for text in (one.name, one.exe))
    return {"pid": one.pid, "name": name, "exe": exe, "basis": one.basis, "count": one.count}
