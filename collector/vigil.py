"""The vigil over one run: what network, power and clocks do from `open` to `close`, as observations.

It begins to listen before the bundle is born and looks whenever the run gives it a moment.
Every change of the network is judged at the moment it came; once it is quiet again,
everything is read anew. What could not be watched makes the run's verdict UNKNOWN.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from collector import isolation, uptime
from collector.clocks import events_between
from collector.host import HostError
from collector.isolation import Reason
from collector.ledger import as_json
from collector.model import Gap, Outcome
from collector.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.facts import Facts, LinkChange
    from collector.host import Awake, Host, LinkWatch
    from collector.isolation import Verdict
    from collector.model import Json, Moment

QUIET_S = 0.3
"""So long after the last change everything is read anew: the kernel has then settled what follows from it."""
LONGEST_UNREAD_S = 5.0
"""At the latest after so long, though changes keep coming."""
JUDGING_S = 1.0
"""Longest that changes are judged one by one at one look: whoever makes more of them does not hold the run up."""
CLOCKS_S = 0.1
"""Shortest time between two looks at the clocks."""
MOST_CHANGES = 1000
"""Most changes that get an observation each; all are judged and counted. A cable pulled and put back makes ten."""
MOST_VERDICTS = 200
"""Most verdicts of changes that are recorded, for the same reason."""
MOST_LINKS = 100
"""Most links whose state an observation carries."""


MOST_PROGRAMS = 50
"""Most radios, and programs for remote access, that an observation names."""


class Record(Protocol):
    """Where the vigil writes: a run's bundle and who looks on."""

    def observe(self, what: str, data: Mapping[str, Json], *, synced: bool = True) -> None:
        """Record an observation; several may share the sync of the last one. Raises `DiskFullError`, `WriteError`."""

    def missed(self, source: str, gap: Gap) -> None:
        """Record a gap; raises the same."""

    def powered(self, *, on_battery: bool, percent: int | None) -> None:
        """Tell who looks on."""

    def judged(self, when: str, verdict: Verdict) -> None:
        """Tell who looks on."""


class Vigil:
    """Watches one run; `record` is set once there is a bundle."""

    def __init__(self, host: Host, seen: list[str] | None = None, last_moment: Moment | None = None) -> None:
        """Begin to listen. `seen` and `last_moment` are what an earlier part of the run left (resume)."""
        self._host = host
        self.verdicts: dict[str, str | None] = {"open": None, "close": None}
        self.seen = seen if seen is not None else []
        """Every verdict so far; the worst is that of the run."""
        self.facts: Facts | None = None
        """The network as it is now, as far as it could be read."""
        self.never_off_verdict: str = "unknown"
        """Whether the machine was on ever since the attack (`uptime`), and the codes of the reasons."""
        self.never_off_codes: tuple[str, ...] = ()
        self._resumed = last_moment is not None
        self._last_moment = last_moment
        self._happened: list[Reason] = []
        self._verdict: Verdict | None = None
        self._timeline: Timeline | None = None
        self._changes = self._told = 0
        self._changed_at: float | None = None
        self._read_at = time.monotonic()
        self._awake: Awake | None = None
        self._power: dict[str, Json] = {}
        self._slept = False
        self._suspends = host.suspends()
        self._looked_at = 0.0
        self._watch: LinkWatch | Gap = self._listen()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What happened during the run that speaks against it, then the reasons of the last verdict."""
        if self._verdict is None:
            return tuple(self._happened)
        still = {reason.name for reason in self._verdict.connected}
        past = [one for one in self._happened if one.code != "came_up" or one.name not in still]
        return (*past, *self._verdict.reasons)

    @property
    def run(self) -> str:
        """The verdict of the whole run so far."""
        return isolation.worst(self.seen)

    def begin(self, record: Record) -> None:
        """Judge how the machine is found; again where the run goes on in another bundle."""
        self.verdicts.update(open=None, close=None)
        self.clocks(record)
        if isinstance(self._watch, Gap):
            record.missed("network-watch", self._watch)
        if isinstance(self._watch, Gap) or self._resumed:
            self._against("unwatched", "UNKNOWN")
        self.judge(record, "open")

    def hold(self, record: Record) -> None:
        """Keep the machine awake and note how it is powered: after the volatile phase, for it may take seconds."""
        try:
            if self._awake is None:
                self._awake = self._host.keep_awake()
            record.observe("awake", {"holds": self._awake.what, "mode": self._awake.mode})
        except HostError as error:
            record.missed("awake", error.gap)
        self._note_power(record, "open")

    def look(self, record: Record) -> None:
        """Take in what came since the last look; returns soon, unless something changed."""
        now = time.monotonic()
        if now - self._looked_at >= CLOCKS_S:
            self._looked_at = now
            self.clocks(record)
        if isinstance(self._watch, Gap):
            return
        changes = self._watch.changes()
        for number, change in enumerate(changes, 1):
            late = time.monotonic() - now >= JUDGING_S
            self._take(record, change, last=late or number == len(changes))
            self._changed_at = now
            if late and number < len(changes):  # judging each would hold the run up: it is read anew, and said
                rest = [one for one in changes[number:] if _may_connect(one)][:MOST_VERDICTS]
                self._changes += len(changes) - number - len(rest)
                self._against("changes_lost", "UNKNOWN")
                for one in rest:
                    self._take(record, one, last=True)
                break
        if self._changed_at is None:
            return
        if now - self._changed_at >= QUIET_S or now - self._read_at >= LONGEST_UNREAD_S:
            self._changed_at = None
            self.judge(record, "settled")

    def judge(self, record: Record, when: str) -> None:
        """Read everything anew, judge and record it: `when` as in SPEC, `isolation`."""
        try:
            facts = self._host.link_facts()
        except (HostError, OSError) as error:
            why = error.gap.reason if isinstance(error, HostError) else str(error.strerror)
            record.observe("isolation", {"when": when, "verdict": "UNKNOWN", "reasons": [why]})
            self._count(when, "UNKNOWN")
            return
        self._read_at = time.monotonic()
        if self._timeline is None:
            self._timeline = Timeline(facts)
        judged = self._timeline.settle(facts)
        self.facts = facts
        for reason in judged.between:
            self._happen(reason)
            self.seen.append("CONNECTED")
        self._verdict = judged.verdict
        self._remember(judged.verdict)
        record.observe("isolation", _as_data(when, judged.verdict, judged.between))
        self._count(when, judged.verdict.verdict)
        record.judged(when, judged.verdict)

    def end(self, record: Record) -> None:
        """Judge how the machine is left, and whether it was ever powered off."""
        self.look(record)
        self.clocks(record)
        self.judge(record, "close")
        self._note_power(record, "close")
        if self._changes > MOST_CHANGES:
            record.observe("link-changes", {"counted": self._changes, "recorded": MOST_CHANGES})

    def never_off(self, record: Record, *, same_boot: bool | None, first_sign_ns: int | None = None) -> None:
        """Record what logs and clocks say of starts and shutdowns, and the verdict on them.

        `first_sign_ns` is the start of the encryption, as far as it is known (`alarm`).
        """
        events = []
        for item in self._host.power_events():
            if isinstance(item, Gap):
                record.missed("power-events", item)
            else:
                events.append(item)
        times = uptime.Times(self._host.boot_time_ns(), first_sign_ns, same_boot, self._slept)
        self.never_off_verdict, self.never_off_codes = uptime.judge(times)
        record.observe("uptime", {"events": list(events), **uptime.as_data(times)})

    def clocks(self, record: Record) -> None:
        """Record what happened to the clocks since the last look, and whether the machine slept."""
        now = self._host.clock.now()
        before, self._last_moment = self._last_moment, now
        events = {event.what: event.data for event in (events_between(before, now) if before is not None else ())}
        counted = self._suspended()
        if before is not None and (counted or "suspend" in events):
            # Some machines sleep without any clock standing still: then the time since the last look bounds it.
            within = {"counted": counted, "within_ns": str(now.boot_ns - before.boot_ns)}
            events["suspend"] = {"for_ns": None, **events.get("suspend", {}), **within}
        for what, data in events.items():
            record.observe(what, data)
            if what in ("suspend", "reboot"):
                self._slept |= what == "suspend"
                self._against("slept" if what == "suspend" else "restarted", "UNKNOWN")

    def _suspended(self) -> int | None:
        """Return how often the system slept since the last look, as it counts itself; `None`: not told."""
        before, self._suspends = self._suspends, self._host.suspends()
        if before is None or self._suspends is None:
            return None
        return max(0, self._suspends - before)

    def stop(self) -> None:
        """Listen no more and let the machine sleep again; may be called twice."""
        if not isinstance(self._watch, Gap):
            self._watch.stop()
        if self._awake is not None:
            self._awake.release()

    def _listen(self) -> LinkWatch | Gap:
        try:
            return self._host.watch_links()
        except HostError as error:
            return error.gap
        except RuntimeError:  # no thread is to be had: too many processes, or too little memory
            return Gap(Outcome.FAILED, "the system gives no thread to watch with")

    def _take(self, record: Record, change: LinkChange, *, last: bool) -> None:
        self._changes += 1
        if self._changes <= MOST_CHANGES:
            record.observe("link-change", change_data(change), synced=last or self._changes == MOST_CHANGES)
        if change.what == "lost":
            self._against("changes_lost", "UNKNOWN")
        if self._timeline is None:  # the first reading failed: nothing to apply it to
            return
        judged = self._timeline.take(change)
        if judged.worst != "CONNECTED":
            return  # UNKNOWN in the middle of a change is not final: it is read anew once it is quiet
        before = self._verdict.verdict if self._verdict is not None else None
        for reason in judged.between:
            self._happen(reason)
        self._remember(judged.verdict)
        self.seen.append("CONNECTED")
        if before != "CONNECTED":
            self._verdict = judged.verdict
            if self._told < MOST_VERDICTS:
                self._told += 1
                record.observe("isolation", _as_data("change", judged.verdict, judged.between))
                record.judged("change", judged.verdict)

    def _remember(self, verdict: Verdict) -> None:
        """Keep what connects: it is named at the end though it may be gone by then."""
        for reason in verdict.connected:
            if reason.subject is not None:
                self._happen(Reason("came_up", reason.subject, reason.namespace))

    def _against(self, code: str, verdict: str) -> None:
        self._happen(Reason(code))
        self.seen.append(verdict)

    def _happen(self, reason: Reason) -> None:
        if reason not in self._happened and len(self._happened) < MOST_LINKS:
            self._happened.append(reason)

    def _count(self, when: str, verdict: str) -> None:
        self.seen.append(verdict)
        if when in self.verdicts:
            self.verdicts[when] = verdict

    def _note_power(self, record: Record, when: str) -> None:
        try:
            self._power = self._host.power()
        except HostError as error:
            record.missed("power", error.gap)
            return
        record.observe("power", {"when": when, **self._power})
        record.powered(on_battery=_on_battery(self._power), percent=_fullest(self._power))


def _may_connect(change: LinkChange) -> bool:
    """Tell whether a change is of those that connect a machine: a way outside, or a live link that is not internal."""
    link = change.link
    live = link is not None and link.admin_up and (link.carrier or link.associated)
    return change.what == "route" or bool(live and link is not None and link.kind not in isolation.INTERNAL_KINDS)


def _batteries(power: Mapping[str, Json]) -> list[dict[str, Json]]:
    found = power["batteries"]
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _on_battery(power: Mapping[str, Json]) -> bool:
    """Tell whether no mains is plugged in, as far as it is told, and a battery is there."""
    batteries = _batteries(power)
    if power["mains"] is None:
        return any(one["status"] == "Discharging" for one in batteries)
    return power["mains"] is False and bool(batteries)


def _fullest(power: Mapping[str, Json]) -> int | None:
    return max((one["percent"] for one in _batteries(power) if isinstance(one["percent"], int)), default=None)


def change_data(change: LinkChange) -> dict[str, Json]:
    """Return the data of a `link-change` observation: the change under the clocks at which it was received."""
    from collector.times import utc_text  # noqa: PLC0415 - most runs see no change

    data: dict[str, Json] = {
        "what": change.what,
        "received": utc_text(change.moment.utc_ns),
        "received_mono_ns": str(change.moment.mono_ns),
        "namespace": change.namespace,
        "index": change.index,
    }
    if change.link is not None:
        link = change.link
        data |= {
            "interface": as_json(link.name),
            "kind": link.kind,
            "admin_up": link.admin_up,
            "carrier": link.carrier,
            "operstate": link.operstate,
            "carrier_ups": link.carrier_ups,
        }
    if change.address is not None:
        data |= {"address": change.address, "interface": None if change.name is None else as_json(change.name)}
    if change.route is not None:
        row = change.route.row
        data |= {key: row[key] for key in ("destination", "gateway", "interface", "metric", "table")}
    return data


def _as_data(when: str, verdict: Verdict, between: tuple[Reason, ...]) -> dict[str, Json]:
    """Return the data of an `isolation` observation."""
    states: dict[str, Json] = {}
    for row in verdict.interfaces[:MOST_LINKS]:
        where = f"@{row['namespace']}" if row.get("namespace") else ""
        states[_key(row["name"]) + where] = row["state"]
    reasons: list[Json] = [one.text[:300] for one in (*between, *verdict.reasons)[:50]]
    data: dict[str, Json] = {"when": when, "verdict": verdict.verdict, "scope": verdict.scope, "states": states}
    if when in ("open", "close"):
        data |= {
            "radios": list(verdict.radios[:MOST_PROGRAMS]),
            "remote_access": list(verdict.remote_access[:MOST_PROGRAMS]),
            "hidden_processes": verdict.hidden_processes,
        }
    return {**data, "reasons": reasons}


def _key(name: Json) -> str:
    """Return a link's name as a field name: a text that is not UTF-8 by its readable form."""
    return str(name["text"] if isinstance(name, dict) else name)[:64]
