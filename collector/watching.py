"""`collect isolation --watch`: looks on for a while and judges every moment. Writes and sends nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from collector import isolation
from collector.timeline import Timeline
from collector.vigil import JUDGING_S, LONGEST_UNREAD_S, MOST_CHANGES, MOST_LINKS, QUIET_S

if TYPE_CHECKING:
    from collector.facts import LinkChange
    from collector.host import Host
    from collector.isolation import Reason, Verdict
    from collector.result import Stop

PATIENCE_S = 0.1
"""Longest wait for a change: so soon a signal ends the watch."""


class Spectator(Protocol):
    """Who is told, at once."""

    def verdict(self, verdict: Verdict) -> None:
        """Tell the first verdict and each that differs from the one before."""

    def change(self, change: LinkChange) -> None:
        """Tell what the kernel told."""


@dataclass(slots=True)
class Watched:
    """What was seen: the verdict at the end, the worst of all, the first changes and how many there were."""

    verdict: Verdict
    worst: str
    seconds: float
    changes: list[LinkChange] = field(default_factory=list)
    counted: int = 0
    happened: list[Reason] = field(default_factory=list)
    """What was connected in between and no longer is."""


def watch(host: Host, seconds: float, spectator: Spectator, stop: Stop) -> Watched:
    """Look on for so many seconds, or until `stop` has a reason; raises `HostError` where nothing can be watched.

    No seconds are one look.
    """
    started = time.monotonic()
    kernel = host.watch_links()
    try:
        timeline = Timeline(host.link_facts())
        verdict = isolation.judge(timeline.facts)
        seen = Watched(verdict, verdict.verdict, 0.0)
        spectator.verdict(verdict)
        read = time.monotonic()
        changed: float | None = None
        while stop.reason is None and time.monotonic() - started < seconds:
            kernel.wait(max(0.0, min(PATIENCE_S, seconds - (time.monotonic() - started))))
            if _take_all(seen, timeline, kernel.changes(), spectator):
                changed = time.monotonic()
            now = time.monotonic()
            if changed is not None and (now - changed >= QUIET_S or now - read >= LONGEST_UNREAD_S):
                changed, read = None, now
                _settle(seen, timeline, host, spectator)
        kernel.stop()
        _take_all(seen, timeline, kernel.changes(), spectator)
        _settle(seen, timeline, host, spectator)
    finally:
        kernel.stop()
    seen.seconds = time.monotonic() - started
    return seen


def _take_all(seen: Watched, timeline: Timeline, changes: list[LinkChange], spectator: Spectator) -> bool:
    """Take in what came, and tell whether anything did."""
    until = time.monotonic() + JUDGING_S
    for number, change in enumerate(changes):
        if time.monotonic() >= until:
            seen.counted += len(changes) - number
            _worsen(seen, "UNKNOWN", isolation.Reason("changes_lost"))
            break
        _take(seen, timeline, change, spectator)
    return bool(changes)


def _take(seen: Watched, timeline: Timeline, change: LinkChange, spectator: Spectator) -> None:
    seen.counted += 1
    if len(seen.changes) < MOST_CHANGES:
        seen.changes.append(change)
    spectator.change(change)
    judged = timeline.take(change)
    if change.what == "lost":
        _worsen(seen, "UNKNOWN", isolation.Reason("changes_lost"))
    for reason in judged.between:
        _worsen(seen, "CONNECTED", reason)
    if judged.verdict.verdict == "CONNECTED":  # UNKNOWN in the middle of a change is not final
        for reason in judged.verdict.connected:
            if reason.subject is not None:
                _worsen(seen, "CONNECTED", isolation.Reason("came_up", reason.subject, reason.namespace))
        _show(seen, judged.verdict, spectator)


def _settle(seen: Watched, timeline: Timeline, host: Host, spectator: Spectator) -> None:
    judged = timeline.settle(host.link_facts())
    for reason in judged.between:
        _worsen(seen, "CONNECTED", reason)
    seen.worst = isolation.worst((seen.worst, judged.verdict.verdict))
    _show(seen, judged.verdict, spectator)


def _worsen(seen: Watched, verdict: str, reason: Reason) -> None:
    seen.worst = isolation.worst((seen.worst, verdict))
    if len(seen.happened) < MOST_LINKS and reason not in seen.happened:
        seen.happened.append(reason)


def _show(seen: Watched, verdict: Verdict, spectator: Spectator) -> None:
    before, seen.verdict = seen.verdict, verdict
    if verdict.verdict != before.verdict:
        spectator.verdict(verdict)
