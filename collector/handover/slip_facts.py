"""What a « bordereau de remise » says, read out of a verified bundle; what is not there stays a blank, never a guess.

Every text of the bundle is attacker-chosen: it comes out of here in its printable form and cut, so that no paper has
to think of control characters again. How many rows and lines are kept is bounded as well.
"""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import countersign, layout, schema
from collector.chainfile import read_chain
from collector.errors import AlteredError, NotClosedError, RefusedError
from collector.findings import Verdict
from collector.inventory import recipients_of
from collector.text import printable, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.chainfile import ChainFile
    from collector.manifest import Record
    from collector.model import Json
    from collector.verify import VerifiedBundle

LONGEST = 160
"""Characters of one text of the bundle that are kept; the bundle has the rest."""
LONGEST_COMMAND = 360
MAX_TRANSFERS = 30
"""Hand-overs and receipts that are kept: the first, and the latest; a page holds them and room to go on by hand."""
MAX_GAP_LINES = 6
"""Sources that are named with what they missed; the page has no room for more."""
MAX_GAP_KINDS = 2000
"""Pairs of source and outcome that are counted apart; a manifest of garbage must not fill memory."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the form: safe to show; empty where the bundle does not say it, `hidden` where it is encrypted."""

    text: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """A moment in the two spellings of a record (SPEC 3.3)."""

    utc: str
    local: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The computer that was collected from, and what it said of its clock."""

    name: Entry
    maker: Entry
    model: Entry
    serial: Entry
    system: Entry
    timezone: Entry
    ntp: str


@dataclass(frozen=True, slots=True)
class Tool:
    """What collected, and how it was called."""

    version: str
    sha256: str
    privileges: str
    arguments: Entry
    kit_nonce: str | None


@dataclass(frozen=True, slots=True)
class Collected:
    """What the run came to."""

    files: int
    size: int
    records: int
    resumes: int
    cut_short: bool
    reason: str | None
    same_boot: bool
    isolation: dict[str, str | None]
    """`run`, `open`, `close`: a verdict each, or none."""
    gaps: int
    missing: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    """At most `MAX_GAP_LINES` sources, the most often missed first, each with its outcomes and how often."""
    more_gaps: int
    """Gaps of the sources that are not in `missing`."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What ties the paper to the bundle."""

    start_code: str
    start_sha256: str
    seal_code: str
    seal_sha256: str
    manifest_sha256: str
    key: str
    """Fingerprint of the key that signed, as `ssh-keygen -lf` writes it."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A hand-over or a receipt, as custody has it."""

    number: int
    received: bool
    when: When
    by: Entry
    to: Entry
    role: Entry
    reason: Entry
    place: Entry
    condition: Entry
    verdict: str
    files: int
    size: int
    key: str | None
    """Fingerprint of the key that countersigned this receipt."""


@dataclass(frozen=True, slots=True)
class SlipFacts:
    """Everything that the form says of one bundle."""

    case: str
    sid: str
    folder: str
    operator: Entry
    witness: Entry
    started: When
    ended: When
    machine: Machine
    tool: Tool
    collected: Collected
    recipients: tuple[str, ...]
    codes: Codes
    verdict: str
    checked: int
    """Files whose every byte was just read again."""
    transfers: tuple[Transfer, ...]
    more_transfers: int
    """Hand-overs and receipts between the first and the second that are kept."""
    answered: Mapping[str, str] = field(default_factory=dict)
    """Boxes `complaint`, `place` and `function`, where somebody answered that: of a dossier alone."""


def facts_of(bundle: VerifiedBundle, clear: Record | None = None) -> SlipFacts:
    """Return what the form says of a bundle that is whole; `clear` is its first record, decrypted by who has a key.

    Raises `NotClosedError` for one that is not, `AlteredError` where a file is no longer what was verified,
    and `RefusedError` where it can't be read.
    """
    opening, closing, checkpoint = bundle.inventory.opening, bundle.inventory.closing, bundle.checkpoint
    if opening is None or closing is None or checkpoint is None:
        raise NotClosedError("no slip is made: this bundle was never sealed", hint="`collect resume` ends its run")
    if bundle.report.verdict is Verdict.INCOMPLETE:
        raise NotClosedError(
            "no slip is made: something that was added after the seal was cut off",
            hint="the next `collect note` or `collect handover` puts custody in order",
        )
    gaps, custody = _Gaps(), _Custody()
    manifest_sha256 = checkpoint.split(b"\n")[3].decode("ascii")
    manifest = _read_again(bundle, custody=None, seen=gaps)
    if manifest.head.sha256 != manifest_sha256:
        raise _changed()
    if bundle.custody is not None:
        chain = _read_again(bundle, custody=hashlib.sha256(checkpoint).hexdigest(), seen=custody)
        if chain.head.sha256 != bundle.custody.head.sha256:
            raise _changed()
    recipients = recipients_of(opening)
    private = _Private(hidden=bool(recipients) and clear is None)
    opening = clear or opening
    started = hashlib.sha256(manifest.first_line or b"").hexdigest()
    return SlipFacts(
        case=str(opening["case"]),
        sid=str(opening["sid"]),
        folder=printable(bundle.path.resolve().name, LONGEST),
        operator=private.entry(opening.get("operator")),
        witness=private.entry(opening.get("witness")),
        started=_when(opening),
        ended=_when(closing),
        machine=_machine(opening, private),
        tool=_tool(opening, private),
        collected=_collected(bundle, closing, gaps),
        recipients=recipients,
        codes=Codes(
            start_code=str(bundle.report.start_code),
            start_sha256=started,
            seal_code=str(bundle.report.seal_code),
            seal_sha256=str(bundle.report.seal_sha256),
            manifest_sha256=manifest_sha256,
            key=countersign.fingerprint(bundle.inventory.keys[-1]),
        ),
        verdict=bundle.report.verdict.value,
        checked=bundle.report.artifacts + bundle.report.attachments,
        transfers=custody.kept(),
        more_transfers=custody.count - len(custody.kept()),
    )


def _read_again(bundle: VerifiedBundle, *, custody: str | None, seen: _Gaps | _Custody) -> ChainFile:
    """Read the manifest, or the custody chain that starts from the checkpoint with this hash, record by record."""
    sid = str((bundle.inventory.opening or {})["sid"])
    try:
        if custody is None:
            return read_chain(bundle.path / layout.MANIFEST, folder=layout.ARTIFACTS, sid=sid, seen=seen.take)
        return read_chain(
            bundle.path / layout.CUSTODY,
            folder=layout.ATTACHMENTS,
            tables=schema.CUSTODY,
            sid=sid,
            first=custody,
            seen=seen.take,
            encrypted=bool(recipients_of(bundle.inventory.opening)),
        )
    except OSError as error:
        raise RefusedError("no slip is made: the bundle can't be read any more") from error


def _changed() -> AlteredError:
    return AlteredError("no slip is made: the bundle changed while it was read", hint="`collect verify` says where")


@dataclass(slots=True)
class _Gaps:
    """Counts gaps by source and outcome."""

    total: int = 0
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, record: Record) -> None:
        """Take the next record of the manifest."""
        if record["type"] != "gap":
            return
        self.total += 1
        pair = (str(record["source"]), str(record["outcome"]))
        if pair in self.counted or len(self.counted) < MAX_GAP_KINDS:
            self.counted[pair] += 1

    def by_source(self) -> list[tuple[str, tuple[tuple[str, int], ...]]]:
        """Return each source with its outcomes and how often; the most often missed first."""
        sources: dict[str, list[tuple[str, int]]] = {}
        for (source, outcome), times in sorted(self.counted.items(), key=lambda item: (-item[1], item[0])):
            sources.setdefault(source, []).append((outcome, times))
        ranked = sorted(sources.items(), key=lambda item: (-sum(times for _, times in item[1]), item[0]))
        return [(source, tuple(outcomes)) for source, outcomes in ranked]


@dataclass(slots=True)
class _Custody:
    """Keeps the first and the latest hand-overs and receipts."""

    count: int = 0
    first: Transfer | None = None
    latest: deque[Transfer] = field(default_factory=lambda: deque(maxlen=MAX_TRANSFERS - 1))
    before: Record | None = None

    def take(self, record: Record) -> None:
        """Take the next record of custody; a signature belongs to the receipt right before it (SPEC 10.2)."""
        kind = record["type"]
        if kind in ("handover", "receipt"):
            self._add(record, None)
        elif kind == "signature" and self.before is not None and self.before["type"] == "receipt":
            self._countersigned(countersign.fingerprint(str(record["key"])))
        self.before = record

    def _add(self, record: Record, key: str | None) -> None:
        self.count += 1
        transfer = _transfer(self.count, record, key)
        if self.first is None:
            self.first = transfer
        else:
            self.latest.append(transfer)

    def _countersigned(self, key: str) -> None:
        receipt = _transfer(self.count, self.before or {}, key)
        if self.latest:
            self.latest[-1] = receipt
        else:
            self.first = receipt

    def kept(self) -> tuple[Transfer, ...]:
        """Return what is kept, in order."""
        return () if self.first is None else (self.first, *self.latest)


@dataclass(frozen=True, slots=True)
class _Private:
    """Reads private fields: in an encrypted bundle each is `hidden`."""

    hidden: bool

    def entry(self, value: Json, limit: int = LONGEST) -> Entry:
        """Return a value's entry."""
        return Entry(hidden=True) if self.hidden else _entry(value, limit)


def _entry(value: Json, limit: int = LONGEST) -> Entry:
    """Return a text's entry; what is no text (a free object may hold anything) is no value."""
    if not schema.is_text(value):
        return Entry()
    return Entry(printable(value, limit).strip())  # type: ignore[arg-type]  # is_text has looked


def _when(record: Record) -> When:
    return When(str(record["utc"]), str(record["local"]))


def _machine(opening: Record, private: _Private) -> Machine:
    host, clock = opening.get("host"), opening["clock"]
    told = host if isinstance(host, dict) else {}
    said = clock if isinstance(clock, dict) else {}
    parts = [_entry(told.get(name), 60).text for name in ("os", "version", "kernel")]
    ntp = said.get("ntp")
    return Machine(
        name=private.entry(told.get("hostname")),
        maker=private.entry(told.get("maker")),
        model=private.entry(told.get("model")),
        serial=private.entry(told.get("serial")),
        system=Entry(hidden=True) if private.hidden else Entry(" ".join(part for part in parts if part)),
        timezone=_entry(said.get("timezone"), 60),
        ntp=ntp if ntp in ("synchronized", "unsynchronized") else "unknown",
    )


def _tool(opening: Record, private: _Private) -> Tool:
    tool = opening["tool"]
    said = tool if isinstance(tool, dict) else {}
    arguments = opening.get("arguments")
    words = [shlex.quote(readable(word)[:LONGEST_COMMAND]) for word in _texts(arguments)]
    nonce = opening["kit_nonce"]
    return Tool(
        version=printable(str(said["version"]), 60),
        sha256=str(said["sha256"]),
        privileges=str(said["privileges"]),
        arguments=private.entry(" ".join(words), LONGEST_COMMAND),
        kit_nonce=None if nonce is None else str(nonce),
    )


def _texts(value: Json) -> list[str | dict[str, str]]:
    """Return the texts of a list, as many as could ever be shown."""
    return [item for item in value[:LONGEST_COMMAND] if schema.is_text(item)] if isinstance(value, list) else []  # type: ignore[misc]  # is_text has looked


def _collected(bundle: VerifiedBundle, closing: Record, gaps: _Gaps) -> Collected:
    isolation = closing["isolation"]
    verdicts = isolation if isinstance(isolation, dict) else {}
    missing = tuple(gaps.by_source()[:MAX_GAP_LINES])
    return Collected(
        files=len(bundle.inventory.stored),
        size=sum(stored.size for stored in bundle.inventory.stored.values()),
        records=bundle.report.records,
        resumes=len(bundle.report.resumed),
        cut_short=closing["outcome"] == "cut_short",
        reason=None if closing["reason"] is None else str(closing["reason"]),
        same_boot=closing["same_boot"] is True,
        isolation={name: None if verdicts[name] is None else str(verdicts[name]) for name in ("run", "open", "close")},
        gaps=gaps.total,
        missing=missing,
        more_gaps=gaps.total - sum(times for _, outcomes in missing for _, times in outcomes),
    )


def _transfer(number: int, record: Record, key: str | None) -> Transfer:
    checked = record["checked"]
    found = checked if isinstance(checked, dict) else {}
    return Transfer(
        number=number,
        received=record["type"] == "receipt",
        when=_when(record),
        by=_entry(record["by"]),
        to=_entry(record["to"]),
        role=_entry(record["role"]),
        reason=_entry(record["reason"]),
        place=_entry(record["place"]),
        condition=_entry(record["condition"]),
        verdict=str(found["verdict"]),
        files=int(str(found["files"])),
        size=int(str(found["bytes"])),
        key=key,
    )
