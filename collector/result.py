"""What a run is allowed, what stops it, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from collector.alarm import Alarm
    from collector.isolation import Reason

OUTCOMES: Final = {"max_time": Outcome.TIMED_OUT, "disk_full": Outcome.OVER_LIMIT, "signal": Outcome.FAILED}
"""What became of a source that the end of the run cut short or left out, by the reason of the `close` record."""


@dataclass(slots=True)
class Stop:
    """Where a signal leaves word that the run is to close; `reason` as in the `close` record."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows a run: seconds from its start and bytes of artifacts, if bounded."""

    seconds: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a run that ended with a sealed bundle."""

    bundle: Path
    case: str
    exit_code: int
    records: int
    artifacts: int
    gaps: int
    isolation: Mapping[str, str | None]
    reasons: tuple[Reason, ...]
    """What happened to the network during the run, then those of the last isolation verdict."""
    never_off: tuple[str, tuple[str, ...]]
    """Whether the machine was on ever since the attack, and why: verdict and codes of `uptime.REASONS`."""
    start_code: str
    seal_code: str
    seal_sha256: str
    seconds: float
    reason: str | None
    """Why the run was cut short, or `None`."""
    recipients: tuple[str, ...]
    """Who can read the bundle; empty: it is not encrypted."""
    practice_identity: str | None
    """The practice's own secret, for paper; `None` where there is none, or an earlier part of the run has shown it."""
    missed: tuple[tuple[str, str], ...]
    """Source and outcome of each gap, in order."""
    alarm: Alarm | None = None
    """Whether an encryption was seen to go on, and still did at the end."""
    parts: tuple[tuple[Path, str], ...] = ()
    """The bundles that this one goes on from, the first one first, each with why it ended (`continuing`)."""
    level: str = "C"
    """Of what was asked for (`levels`)."""
    disks: tuple[str, ...] = ()
    """How the fixed disks are encrypted (`counts.Counts.disks`); empty: nothing is known of it."""
    disturbed: int = 0
    """Files of the bundle that somebody else took, changed or put there while the run lasted."""
