"""What a dossier says, read out of a verified bundle: records and custody, decrypted where that is needed.

Every text comes out of here printable and cut. Names of files and folders of the host never come out, but for the
names of ransom notes: a file's name may be a patient's.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector import answers, isolation, layout, schema
from collector.handover import pictures
from collector.handover.export_evidence import opened
from collector.journal import Journal
from collector.text import printable, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrage.x25519 import Identity

    from collector.answers import Answer
    from collector.handover.export_evidence import Evidence
    from collector.manifest import Record
    from collector.model import Json
    from collector.verify import VerifiedBundle

MAX_ENTRIES = 200
"""Entries of the journal that are printed; a person writes a few dozen."""
MAX_SAID = 150_000
"""Letters of what the printed entries say, as they are drawn: forty pages. What no longer fits is named."""
MAX_EXHIBITS = 250
"""Files that are listed one by one; the others are counted by what they are."""
MAX_GAP_KINDS = 500
_MOST = 40
"""Observations of one name, and names of such: the first and the latest tell enough, and memory is bounded."""
MAX_LINES = 120
"""Lines of one entry."""
LONGEST_LINE = 2500
STOPPED = ("signal", "max_time", "disk_full")
"""What stops a run before its end (SPEC, `close`)."""
NOT_STARTED = "not_started_"
"""Before one of those: why a source was not begun."""
CUT_SHORT = "cut_short_"
"""The same: why one ended before its end."""
_YEARS = (1970, 2100)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A file of the bundle."""

    path: str
    kind: str
    source: str
    size: int
    sha256: str
    ended: datetime
    subject: str

    @property
    def number(self) -> str:
        """Return its number in the bundle, as its name has it."""
        return self.path.partition("/")[2].partition("-")[0].lstrip("0") or "0"

    @property
    def label(self) -> str:
        """Return its number as papers have it: attachments are counted apart."""
        return f"A{self.number}" if self.is_attachment else self.number

    @property
    def is_attachment(self) -> bool:
        """Tell whether a person added it after the seal."""
        return self.path.startswith(layout.ATTACHMENTS)


@dataclass(slots=True)
class Facts:
    """Everything that records say; rows and pictures are read by `dossier_rows`."""

    evidence: Evidence
    answers: dict[str, Answer] = field(default_factory=dict)
    aware: list[tuple[datetime, Answer]] = field(default_factory=list)
    """Each time that the moment of awareness was said: when that was written, and what."""
    observed: dict[str, list[Record]] = field(default_factory=dict)
    """Data of observations, by what was observed, oldest first, with `utc` of the record as `_utc`."""
    verdicts: dict[str, None] = field(default_factory=dict)
    """Every verdict on the network, once, the last one last."""
    journal: Journal = field(default_factory=Journal)
    exhibits: list[Exhibit] = field(default_factory=list)
    more_exhibits: Counter[str] = field(default_factory=Counter)
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By source and outcome, in place of it `NOT_STARTED` or `CUT_SHORT` with what stopped the run."""
    phases: list[tuple[str, datetime]] = field(default_factory=list)
    started: datetime = _LONG_AGO
    ended: datetime = _LONG_AGO
    """Of the run, as far as it goes."""
    last: datetime = _LONG_AGO
    """Of the last record of all."""
    resumes: int = 0
    blurred: dict[str, str] = field(default_factory=dict)
    """Paths of attached pictures that are blurred copies (`collect picture --blur`), by the number of the original."""

    @property
    def opening(self) -> Record:
        """Return the first record, in the clear."""
        return self.evidence.opening

    @property
    def case(self) -> str:
        """Return the number of the case."""
        return str(self.opening["case"])

    def latest(self, what: str) -> Record:
        """Return the data of the last observation of this name, empty where there is none."""
        return self.observed.get(what, [{}])[-1]

    @property
    def is_torn(self) -> bool:
        """Tell whether the run was closed, and something that was added after it is not whole."""
        return self.evidence.incomplete and self.evidence.bundle.inventory.closing is not None

    @property
    def level(self) -> str:
        """Return the level of privacy that the run was asked for (docs/PRIVACY.md); `C` where none is named."""
        return min((level for level in "ABC" if f"level-{level.lower()}" in self.observed), default="C")

    def isolation(self) -> dict[str, str]:
        """Return the tool's verdicts on the network, as far as there are any.

        At `open`, at `close`, the worst of the `run`, the `last`: a run that was killed has no close.
        """
        told = (self.evidence.bundle.inventory.closing or {}).get("isolation")
        seen = {"run": isolation.worst(self.verdicts), "last": [*self.verdicts][-1]} if self.verdicts else {}
        seen |= {str(one.get("when")): str(one.get("verdict")) for one in self.observed.get("isolation", [])}
        closed = {name: str(told.get(name)) for name in ("open", "close", "run")} if isinstance(told, dict) else {}
        seen |= {name: one for name, one in closed.items() if one in isolation.EXIT_CODES}
        return {name: seen[name] for name in ("open", "close", "run", "last") if seen.get(name) in isolation.EXIT_CODES}

    def host(self, name: str) -> str:
        """Return what `open` says of the host."""
        told = self.opening.get("host")
        return text_of(told.get(name)) if isinstance(told, dict) else ""


def facts_of(bundle: VerifiedBundle, identities: Sequence[Identity]) -> Facts:
    """Return the facts; raises what `export_evidence` raises for a key that is missing or does not fit."""
    facts = Facts(opened(bundle, identities))
    facts.evidence.records(lambda record: _take(record, facts, layout.MANIFEST))
    facts.ended = facts.last
    facts.evidence.custody(lambda record: _take(record, facts, layout.CUSTODY))
    return facts


def _take(record: Record, facts: Facts, place: str) -> None:
    written = moment_of(record["utc"]) or facts.last
    facts.last = max(facts.last, written)
    take = facts.journal.manifest if place == layout.MANIFEST else facts.journal.custody
    take(record, hidden="private" in record)
    match record["type"]:
        case "open":
            facts.started = written
        case "phase":
            if len(facts.phases) < _MOST:
                facts.phases.append((str(record["name"]), written))
        case "resume":
            facts.resumes += place == layout.MANIFEST
        case "gap":
            pair = (str(record["source"]), _why(record))
            if pair in facts.gaps or len(facts.gaps) < MAX_GAP_KINDS:
                facts.gaps[pair] += 1
        case "artifact":
            _exhibit(record, facts)
        case "observation":
            _observed(record, facts, written)
        case _:
            pass


def _why(record: Record) -> str:
    """Return the outcome of a gap; of a source that was never begun, or cut short, what stopped the run."""
    words = {"not started": NOT_STARTED, "cut short": CUT_SHORT}
    stopped = (
        mark + name for said, mark in words.items() for name in STOPPED if record.get("reason") == f"{said}: {name}"
    )
    return next(stopped, str(record["outcome"]))


def _observed(record: Record, facts: Facts, written: datetime) -> None:
    what, data = str(record["what"]), record.get("data")
    if not isinstance(data, dict):  # this key does not read it
        return
    if what == answers.WHAT:
        said = answers.latest([data])
        facts.answers.update(said)
        if "aware" in said:
            facts.aware.append((written, said["aware"]))
            del facts.aware[1 : len(facts.aware) - _MOST]  # the first, and the latest
        return
    verdict = str(data.get("verdict"))
    if what == "isolation" and verdict in isolation.EXIT_CODES:
        facts.verdicts.pop(verdict, None)
        facts.verdicts[verdict] = None
    if what not in facts.observed and len(facts.observed) >= _MOST:
        return
    seen = facts.observed.setdefault(what, [])
    seen.append({**data, "_utc": record["utc"]})
    del seen[1 : len(seen) - _MOST]


def _exhibit(record: Record, facts: Facts) -> None:
    path, kind = str(record["path"]), str(record["kind"])
    written = moment_of(record["utc"]) or facts.last
    original = pictures.original_of(text_of(record.get("subject"))) if path.startswith(layout.ATTACHMENTS) else None
    if original is not None:
        facts.blurred[original] = path
    special = path.startswith(layout.ATTACHMENTS) or kind == "screen"
    if len(facts.exhibits) >= (2 * MAX_EXHIBITS if special else MAX_EXHIBITS):
        facts.more_exhibits[kind] += 1
        return
    facts.exhibits.append(
        Exhibit(
            path=path,
            kind=kind,
            source=str(record["source"]),
            size=int(str(record["size"])),
            sha256=str(record["sha256"]),
            ended=moment_of(record["ended"]) or written,
            subject=text_of(record.get("subject")) if kind == "screen" else "",
        )
    )


def text_of(value: Json, limit: int = 160) -> str:
    """Return a text of the bundle as it may be shown; what is none is nothing."""
    if not schema.is_text(value):
        return ""
    return printable(value, limit).strip()  # type: ignore[arg-type]  # is_text has looked


def lines_of(value: Json) -> tuple[str, ...]:
    """Return a text's lines as they may be shown."""
    if not schema.is_text(value):
        return ()
    whole = readable(value).replace("\t", "    ").splitlines()  # type: ignore[arg-type]  # is_text has looked
    lines = [printable(line, LONGEST_LINE).rstrip() for line in whole[:MAX_LINES]]
    return (*lines, "\u2026") if len(whole) > MAX_LINES else tuple(lines)


def moment_of(value: Json) -> datetime | None:
    """Return the moment of a `utc` of the bundle between 1970 and 2100, `None` for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        utc = found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):  # the last hours of the year 9999 have no time elsewhere
        return None
    return utc if utc is not None and _YEARS[0] <= utc.year <= _YEARS[1] else None


def whole(value: Json) -> int | None:
    """Return an integer of at most 19 digits, as a number or as decimal digits; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)[:20] if isinstance(value, str) else f"{value:d}" if abs(value) < 1 << 63 else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None  # noqa: PLR2004 - digits


def from_ns(value: Json) -> datetime | None:
    """Return the moment of nanoseconds since 1970, between the years 1980 and 2100; `None` for anything else."""
    seconds = (whole(value) or 0) // 10**9
    return datetime.fromtimestamp(seconds, UTC) if 315_532_800 <= seconds < 4_102_444_800 else None  # noqa: PLR2004


def digest(data: bytes) -> str:
    """Return the fingerprint of what a file holds in the clear."""
    return hashlib.sha256(data).hexdigest()
