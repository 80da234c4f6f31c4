"""One search through the trees for traces of ransomware: what is read, in which order, and what is told of it.

Each note is told and copied when it is come by, samples of encrypted files as soon as their group is known: a search
that is stopped at any moment has handed over the most telling of what it had seen.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from collector.host import HostError
from collector.hunt import Sampling, extension_of, may_be_note
from collector.model import Gap, Outcome, number
from collector.ransom import families, files, notes, recovery
from collector.ransom.groups import Groups
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.host import Batch, Part, Seen, Trees
    from collector.hunt import Limits
    from collector.model import Item, Json, Known, Row
    from collector.ransom.files import FileJudgement
    from collector.ransom.groups import Group

SINGLE_GAPS: Final = 20
"""Files that could not be read which are told one by one; the rest are counted."""
_LOOK_EVERY: Final = 2.0
"""Seconds after which groups are looked at while the walk goes on."""
_HASHED: Final = 4 << 20
"""Most bytes of a file that are hashed to see whether it is the twin of another."""

COLUMNS: Final = (
    "what", "path", "size", "mtime_ns", "ctime_ns", "btime_ns", "sha256", "copied", "extension", "count", "folders",
    "types", "family", "confidence", "score", "reasons", "contacts",
)  # fmt: skip


@dataclass(slots=True)
class _Note:
    """A distinct note: its judgement and how often it was come by."""

    judgement: notes.NoteJudgement
    count: int = 0
    folders: set[int] = field(default_factory=set)


class Search:
    """One search; iterate `items` once."""

    def __init__(self, trees: Trees, limits: Limits, known: Known) -> None:
        self._trees = trees
        self._limits = limits
        self._known = known
        """What later sources use of what is found here."""
        self._groups = Groups()
        self._sampling = Sampling()
        self._judged: dict[bytes, _Note | None] = {}
        """What was read as a note, by digest: the note, or that it is none."""
        self._told = 0
        self._reads: Counter[str] = Counter()
        self._copied = 0
        self._sampled: set[str] = set()
        self._unread: Counter[Outcome] = Counter()
        self._left: Counter[str] = Counter()
        self._looked = time.monotonic()

    def items(self) -> Iterator[Item]:
        """Yield rows, files and gaps."""
        try:
            yield from self._stage(self._trees.people(), "people's folders")
            if self._limits.everywhere:
                yield from self._stage(self._trees.rest(), "the other folders")
            yield from self._ends()
        finally:
            self._trees.close()

    def _stage(self, batches: Iterable[Batch | Gap], where: str) -> Iterator[Item]:
        """Look through some trees for as long as that may take, then tell the groups that are known."""
        deadline = time.monotonic() + self._limits.seconds
        for batch in batches:
            if isinstance(batch, Gap):
                yield batch
                continue
            for seen in batch.files:
                yield from self._file(batch, seen)
                if time.monotonic() > deadline:
                    yield Gap(Outcome.TIMED_OUT, f"the search through {where} took longer than it may: the rest is left")
                    yield from self._samples()
                    return
            if time.monotonic() - self._looked > _LOOK_EVERY:
                yield from self._samples()
        yield from self._samples()

    def _file(self, batch: Batch, seen: Seen) -> Iterator[Item]:
        name = seen.name.decode("utf-8", "surrogateescape")
        extension = extension_of(name)
        judgement = None
        if name.lower() in recovery.HISTORIES:
            yield from self._history(batch, seen)
        if seen.size == 0 and name in recovery.LOGS and batch.folder.startswith(b"/var/log"):
            yield self._row("recovery", batch, seen, reasons=[recovery.EMPTIED])
        part = None
        if may_be_note(name, seen.size):
            part, told = self._note(batch, seen, name)
            yield from told
            if told:
                return
        if self._sampling.wants(extension):
            judgement = yield from self._ends_of(seen, name, part)
        self._groups.add(batch.folder, name, judgement, seen.size, seen.mtime_ns, seen)

    # Notes.

    def _note(self, batch: Batch, seen: Seen, name: str) -> tuple[Part | None, list[Item]]:
        """Read what may be a note; return what was read and, where it is one, what is told of it."""
        if self._reads["note"] >= self._limits.note_reads:
            self._left["note"] += 1
            return None, []
        self._reads["note"] += 1
        try:
            part = self._trees.read(seen, notes.HEAD, notes.TAIL)
        except HostError as error:
            return None, [*self._missed(error)]
        data = part.head + part.tail
        digest = hashlib.sha256(data).digest()
        if digest not in self._judged:
            judgement = notes.judge_note(name, data)
            if len(self._judged) < self._limits.note_reads:
                self._judged[digest] = _Note(judgement) if judgement.is_note else None
            if not judgement.is_note:
                return part, []
        note = self._judged.get(digest)
        if note is None:
            return part, []
        note.count += 1
        note.folders.add(hash(batch.folder))
        self._known.notes.add((seen.name, seen.size))
        return part, [*self._tell(batch, seen, note, hashlib.sha256(data).hexdigest() if not part.tail else None)]

    def _tell(self, batch: Batch, seen: Seen, note: _Note, digest: str | None) -> Iterator[Item]:
        """Yield the row of a note, and the note itself where it is the first of its text."""
        self._told += 1
        if self._told > self._limits.places:
            self._left["place"] += 1
            return
        first = note.count == 1
        judgement = note.judgement
        yield self._row(
            "note",
            batch,
            seen,
            sha256=digest,
            copied="whole" if first else None,
            count=note.count,
            folders=len(note.folders),
            family=judgement.family,
            confidence=judgement.confidence,
            score=judgement.score,
            reasons=[*judgement.reasons],
            contacts=[{"kind": c.kind, "value": c.value, "checked": c.checked} for c in judgement.contacts]
            if first
            else None,
        )
        if first:
            yield from self._copy(seen)

    # Encrypted files.

    def _judged_file(self, seen: Seen, name: str, part: Part | None) -> FileJudgement | None:
        """Return what is said of a file by its ends, or `None` where it was not read."""
        if part is not None and part.size <= len(part.head):
            return files.judge_bytes(name, part.head[: files.HEAD], part.head[-files.TAIL :], part.size)
        if self._reads["file"] >= self._limits.file_reads:
            self._left["file"] += 1
            return None
        self._reads["file"] += 1
        try:
            part = self._trees.read(seen, files.HEAD, files.TAIL)
            judgement = files.judge_bytes(name, part.head, part.tail, part.size)
            if files.wants_probes(judgement, part.size):
                middle = self._trees.probe(seen, files.probe_offsets(part.size), files.PROBE)
                judgement = files.judge_bytes(name, part.head, part.tail, part.size, middle)
        except HostError as error:
            self._unread.append(error.gap)
            return None
        return judgement

    def _news(self) -> Iterator[Item]:
        """Yield the groups that were not known before, with samples of their files and originals beside them."""
        self._looked = time.monotonic()
        for group in self._groups.groups()[: self._limits.groups]:
            if (key := (group.how, group.pattern)) in self._sampled:
                continue
            self._sampled[key] = group.files
            self._known.forms.add(key)
            yield self._group(group)
            for sample in group.samples:
                yield from self._copied("sample", sample.folder, sample.name, group.pattern)
            for pair in group.pairs:
                yield from self._copied("original", pair.folder, pair.original, group.pattern)
                yield from self._copied("sample", pair.folder, pair.encrypted, group.pattern)

    def _group(self, group: Group) -> Row:
        likely = families.likenesses(extensions=[group.pattern]) if group.how == "extension" else ()
        first = group.samples[0] if group.samples else None
        return _row(
            "encrypted",
            path=None if first is None else _text(f"{first.folder.rstrip('/')}/{first.name}"),
            size=number(group.bytes),
            mtime_ns=str(group.first_ns),
            ctime_ns=str(group.last_ns),
            extension=_text(group.pattern),
            count=group.files,
            folders=group.folders,
            types={name: count for name, count in group.originals},
            family=likely[0].family if likely else None,
            confidence=group.confidence,
            score=group.encrypted,
            reasons=[group.how, *group.reasons],
        )

    def _copied(self, what: str, folder: str, name: str, extension: str) -> Iterator[Item]:
        """Yield a file once, as it is or its ends, and its row."""
        try:
            seen = self._trees.locate(_raw(folder), _raw(name))
            if seen.identity in self._kept:
                return
            self._kept.add(seen.identity)
            digest = yield from self._copy(seen)
        except HostError as error:
            self._unread.append(error.gap)
            return
        if digest is not None:
            whole = seen.size <= self._limits.sample_bytes
            path = f"{folder.rstrip('/')}/{name}"
            yield self._file_row(what, seen, path, digest, copied="whole" if whole else "ends", extension=_text(extension))

    def _copy(self, seen: Seen) -> Generator[Item, None, str | None]:
        """Yield a file as an artifact and return the digest of what was copied; raises `HostError`."""
        size = min(seen.size, self._limits.sample_bytes)
        if self._bytes + size > self._limits.copied_bytes:
            self._left["copy"] += 1
            return None
        self._bytes += size
        digest = hashlib.sha256()
        blob = self._trees.copy(seen, self._limits.sample_bytes)
        yield replace(blob, chunks=_hashing(blob.chunks, digest))
        return digest.hexdigest()

    # What was typed, and what was emptied.

    def _history(self, seen: Seen, path: str) -> Iterator[Row]:
        try:
            part = self._trees.read(seen, 0, recovery.LOOKED_AT)
        except HostError as error:
            self._unread.append(error.gap)
            return
        reasons = recovery.judge_history(part.tail)
        if reasons is None:
            self._left["history"] += 1
        elif reasons:
            yield self._file_row("recovery", seen, path, None, reasons=[*reasons])

    # What is told at the end.

    def _ends(self) -> Iterator[Item]:
        """Yield groups that have grown, the families, the extensions, and the gaps that only the end knows."""
        found = self._groups.groups()
        for group in found[: self._limits.groups]:
            if self._sampled.get((group.how, group.pattern)) != group.files:
                yield self._group(group)
        extensions = [group.pattern for group in found if group.how == "extension"]
        yield from self._families(extensions)
        for line in self._groups.histogram():
            yield _row(
                "extension",
                size=number(line.bytes),
                extension=_text(line.extension),
                count=line.files,
                reasons=["ordinary"] if line.is_known else [],
            )
        yield from self._gaps()

    def _families(self, extensions: list[str]) -> Iterator[Row]:
        """Yield the families that notes and extensions together resemble, the likeliest first."""
        weights: Counter[str] = Counter()
        reasons: dict[str, list[str]] = {}
        likely = [*families.likenesses(extensions=extensions)]
        for note in self._notes:
            likely += note.judgement.likenesses
        for one in likely:
            weights[one.family] += _WEIGHTS[one.confidence]
            reasons.setdefault(one.family, []).extend(one.reasons)
        for family, weight in weights.most_common(families.MOST):
            yield _row(
                "family",
                family=_text(family),
                score=weight,
                confidence="high" if weight >= _SURE else "medium" if weight >= _WEIGHTS["medium"] else "low",
                reasons=[_text(reason) for reason in dict.fromkeys(reasons[family])],
            )

    def _gaps(self) -> Iterator[Gap]:
        yield from self._unread[:SINGLE_GAPS]
        counted = Counter(gap.outcome for gap in self._unread[SINGLE_GAPS:])
        for outcome, count in counted.items():
            yield Gap(outcome, f"{count} more files could not be read")
        for what, reason in _LEFT.items():
            if self._left[what]:
                yield Gap(Outcome.OVER_LIMIT, f"{self._left[what]} {reason}")


def _file_row_times(seen: Seen) -> dict[str, Json]:
    return {
        "size": number(seen.size),
        "mtime_ns": str(seen.mtime_ns),
        "ctime_ns": str(seen.ctime_ns),
        "btime_ns": None if seen.btime_ns is None else str(seen.btime_ns),
    }
