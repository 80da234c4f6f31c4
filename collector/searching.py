"""One search through the trees for traces of ransomware: what is read, in which order, and what is told of it.

Each note is told and copied when it is come by, samples of encrypted files as soon as their group is known: a search
that is stopped at any moment has handed over the most telling of what it had seen.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from collector import tracing
from collector.hunt import Sampling, extension_of, is_telling, may_be_note
from collector.model import Gap, Outcome
from collector.ransom import files, notes, recovery
from collector.ransom.groups import Groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from collector.host import Batch, Part, Seen, Trees
    from collector.hunt import Limits
    from collector.model import Item, Known, Row
    from collector.ransom.files import FileJudgement
    from collector.ransom.groups import Group

_Judgement = TypeVar("_Judgement")

SINGLE_GAPS: Final = 20
"""Files that could not be read which are told one by one; the rest are counted."""
_NOTES_SHARE: Final = 0.6
"""Part of the time that judging texts may take: the rest is for encrypted files."""
LOOK_EVERY: Final = 2.0
"""Seconds after which groups are looked at while the walk goes on."""

_LEFT: Final = {
    "note": "files that may be notes were not read: over the limit of files read as notes",
    "place": "places of notes were not told one by one: over the limit of places",
    "file": "files were counted by their names only: over the limit of files read",
    "copy": "files were not copied: over the limit of bytes copied",
    "pooled": "files bear one of too many extensions to be told apart: few of them were read",
    "forgotten": "extensions or folders were forgotten while groups were sought: there were too many",
    "history": "histories of commands could not be judged",
}
"""What a limit left out, as the end of a gap's reason."""


@dataclass(slots=True)
class _Note:
    """A distinct note: its judgement, how often it was come by, and in how many folders."""

    judgement: notes.NoteJudgement
    count: int = 0
    folders: set[int] = field(default_factory=set)


class Search:
    """One search; iterate `items` once. Memory is bounded by its limits, whatever the files are."""

    def __init__(self, trees: Trees, limits: Limits, known: Known) -> None:
        self._trees = trees
        self._limits = limits
        self._known = known
        self._groups = Groups()
        self._sampling = Sampling()
        self._notes: dict[bytes, _Note] = {}
        """The notes, by digest."""
        self._no_notes: set[tuple[bytes, str]] = set()
        """Texts that are no note under that name: under another they may be one."""
        self._judging = 0.0
        """Seconds that judging texts took so far."""
        self._sampled: dict[tuple[str, str], int] = {}
        """The groups that were told, with the number of their files then."""
        self._kept: set[tuple[int, int]] = set()
        """The files that were copied, by device and inode."""
        self._reads: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        self._places = 0
        self._bytes = 0
        self._unwalked: Counter[tuple[Outcome, str]] = Counter()
        """Folders that could not be walked, by kind."""
        self._unread: list[Gap] = []
        self._more_unread: Counter[Outcome] = Counter()
        self._broken: Counter[str] = Counter()
        self._looked = time.monotonic()
        self._people = True
        """Whether every text may be a note here: in people's folders, and in those that were named."""

    def items(self) -> Iterator[Item]:
        """Yield rows, files and gaps."""
        try:
            yield from self._stage(self._trees.people(), "people's folders")
            if self._limits.everywhere:
                self._people = self._limits.named
                yield from self._stage(self._trees.rest(), "the other folders")
            yield from self._ends()
        finally:
            self._trees.close()

    def _stage(self, batches: Iterable[Batch | Gap], where: str) -> Iterator[Item]:
        """Look through some trees for as long as that may take, then tell the groups that are known."""
        deadline = time.monotonic() + self._limits.seconds
        for batch in batches:
            if isinstance(batch, Gap):
                yield from self._not_walked(batch)
                continue
            for seen in batch.files:
                yield from self._file(batch, seen)
                if time.monotonic() > deadline:
                    yield from self._late(where)
                    return
            if time.monotonic() > deadline:
                yield from self._late(where)
                return
            if time.monotonic() - self._looked > LOOK_EVERY:
                yield from self._news()
        yield from self._news()

    def _not_walked(self, gap: Gap) -> Iterator[Gap]:
        kind = (gap.outcome, gap.reason)
        self._unwalked[kind] += 1
        if self._unwalked[kind] <= self._singles(gap.outcome):
            yield gap

    def _singles(self, outcome: Outcome) -> int:
        """Return how many gaps of a kind are told one by one: of files that come and go on a running host, one."""
        return 1 if outcome is Outcome.ABSENT else self._limits.single_gaps

    def _late(self, where: str) -> Iterator[Item]:
        cut = f"the search through {where} took longer than it may: the rest is left"
        yield Gap(Outcome.TIMED_OUT, cut)
        yield from self._news()

    def _file(self, batch: Batch, seen: Seen) -> Iterator[Item]:
        name = tracing.native(seen.name)
        if name.lower() in recovery.HISTORIES:
            yield from self._history(batch, seen)
        if not seen.size and name in recovery.LOGS and batch.folder.startswith(b"/var/log"):
            yield tracing.file_row("recovery", seen, batch.folder, reasons=[recovery.EMPTIED])
        part = None
        if may_be_note(name, seen.size, people=self._people):
            part, note = self._read_note(batch, seen, name)
            if note is not None:
                yield from self._tell_note(batch, seen, note)
                return
        wanted = self._sampling.wants(extension_of(name), seen.size, batch.folder)
        judgement = self._judged(seen, name, part) if wanted else None
        self._groups.add(tracing.native(batch.folder), name, judgement, seen.size, seen.mtime_ns)

    # Notes.

    def _read_note(self, batch: Batch, seen: Seen, name: str) -> tuple[Part | None, _Note | None]:
        """Read what may be a note; return what was read, and the note where it is one."""
        kind = "telling" if is_telling(name) else "note"
        over_time = kind == "note" and self._judging > self._limits.seconds * _NOTES_SHARE
        if over_time or self._reads[kind] >= self._limits.note_reads:
            self._left["note"] += 1
            return None, None
        self._reads[kind] += 1
        part = self._trees.read(seen, notes.HEAD, notes.TAIL)
        if isinstance(part, Gap):
            self._missed(part)
            return None, None
        data = part.head + part.tail
        digest = hashlib.sha256(data).digest()
        note = self._notes.get(digest)
        if note is None and (digest, name) not in self._no_notes:
            started = time.monotonic()
            judgement = self._unbroken(lambda: notes.judge_note(name, data))
            self._judging += time.monotonic() - started
            if judgement is not None and judgement.is_note:
                note = self._notes[digest] = _Note(judgement)
            else:
                self._no_notes.add((digest, name))
        if note is not None:
            note.count += 1
            note.folders.add(hash(batch.folder))
            if note.judgement.confidence != "low":  # a weak one is for the expert, no sign of when it began
                self._known.notes.add((seen.name, seen.size))
        return part, note

    def _tell_note(self, batch: Batch, seen: Seen, note: _Note) -> Iterator[Item]:
        """Yield the note itself where it is the first of its text, and a row for each place."""
        self._places += 1
        if self._places > self._limits.places:
            self._left["place"] += 1
            return
        judgement, first = note.judgement, note.count == 1
        is_taken = judgement.confidence != "low" or self._limits.weak_notes
        row = tracing.file_row(
            "note",
            seen,
            batch.folder,
            count=note.count,
            folders=len(note.folders),
            family=judgement.family,
            confidence=judgement.confidence,
            score=judgement.score,
            reasons=[*judgement.reasons],
            contacts=tracing.contacts(judgement) if first and is_taken else None,
        )
        yield self._copy(seen, row) if is_taken and first and len(self._notes) <= self._limits.notes else row

    # Encrypted files.

    def _judged(self, seen: Seen, name: str, part: Part | None) -> FileJudgement | None:
        """Return what is said of a file by its ends and some of its middle, or `None` where it was not read."""
        if part is not None and part.size <= len(part.head):
            head = part.head
            return self._unbroken(
                lambda: files.judge_bytes(name, head[: files.HEAD], head[-files.TAIL :], len(head))
            )
        if self._reads["file"] >= self._limits.file_reads:
            self._left["file"] += 1
            return None
        self._reads["file"] += 1
        ends = self._trees.read(seen, files.HEAD, files.TAIL)
        if isinstance(ends, Gap):
            self._missed(ends)
            return None
        judgement = self._unbroken(lambda: files.judge_bytes(name, *ends))
        if judgement is not None and files.wants_probes(judgement, ends.size):
            middle = self._trees.probe(seen, files.probe_offsets(ends.size), files.PROBE)
            if isinstance(middle, Gap):
                self._missed(middle)
            else:
                judgement = self._unbroken(lambda: files.judge_bytes(name, *ends, middle))
        return judgement

    def _news(self) -> Iterator[Item]:
        """Yield the groups that were not known before, with samples of their files and the originals beside them."""
        self._looked = time.monotonic()
        for group in self._groups.groups()[: self._limits.groups]:
            key = (group.how, group.pattern)
            if key in self._sampled:
                continue
            self._sampled[key] = group.files
            if group.how == "extension" and group.confidence != "low":
                self._known.extensions.add(group.pattern)
            yield tracing.group_row(group)
            yield from self._files_of(group)

    def _files_of(self, group: Group) -> Iterator[Item]:
        for pair in group.pairs[: self._limits.pairs] if group.confidence != "low" else ():
            yield from self._copied("original", pair.folder, pair.original, group.pattern)
            yield from self._copied("sample", pair.folder, pair.encrypted, group.pattern)
        for sample in group.samples:
            yield from self._copied("sample", sample.folder, sample.name, group.pattern)

    def _copied(self, what: str, folder: str, name: str, extension: str) -> Iterator[Item]:
        """Yield a file once, as it is or its ends, and its row."""
        seen = self._trees.locate(tracing.raw(folder), tracing.raw(name))
        if isinstance(seen, Gap):
            self._missed(seen)
            return
        if seen.identity in self._kept:
            return
        self._kept.add(seen.identity)
        row = tracing.file_row(what, seen, tracing.raw(folder), extension=tracing.told(extension))
        yield self._copy(seen, row) if self._limits.samples else row

    def _copy(self, seen: Seen, row: Row) -> Item:
        """Return a file as an artifact with its row, or the row alone where it is not copied."""
        size = min(seen.size, self._limits.sample_bytes)
        if self._bytes + size > self._limits.copied_bytes:
            self._left["copy"] += 1
            return row
        blob = self._trees.copy(seen, self._limits.sample_bytes)
        if isinstance(blob, Gap):
            self._missed(blob)
            return row
        self._bytes += size
        row["copied"] = "whole" if seen.size <= self._limits.sample_bytes else "ends"
        return replace(blob, chunks=_hashing(blob.chunks, row), row=row)

    # What was typed.

    def _history(self, batch: Batch, seen: Seen) -> Iterator[Row]:
        part = self._trees.read(seen, 0, recovery.LOOKED_AT)
        if isinstance(part, Gap):
            self._missed(part)
            return
        reasons = recovery.judge_history(part.tail)
        if reasons is None:
            self._left["history"] += 1
        elif reasons:
            yield tracing.file_row("recovery", seen, batch.folder, reasons=[*reasons])

    # What is told at the end.

    def _ends(self) -> Iterator[Item]:
        """Yield the groups that have grown, the families, the extensions, and the gaps that only the end knows."""
        found = self._groups.groups()[: self._limits.groups]
        for group in found:
            if self._sampled.get((group.how, group.pattern)) != group.files:
                yield tracing.group_row(group)
        extensions = [group.pattern for group in found if group.how == "extension"]
        yield from tracing.families_of([one.judgement for one in self._notes.values()], extensions)
        yield from map(tracing.extension_row, self._groups.histogram())
        if not self._trees.entered and not self._unwalked:
            yield Gap(Outcome.ABSENT, "there was no folder to look through for traces")
        for (outcome, reason), count in self._unwalked.items():
            if (more := count - self._singles(outcome)) > 0:
                yield Gap(outcome, f"{reason}: {more} more times")
        yield from self._unread
        for outcome, count in self._more_unread.items():
            yield Gap(outcome, f"{count} more files could not be looked into for traces")
        for name, count in self._broken.items():
            yield Gap(Outcome.FAILED, f"{count} files could not be judged: {name}")
        self._left["pooled"] = self._sampling.pooled
        self._left["forgotten"] = self._groups.forgotten
        for what, reason in _LEFT.items():
            if self._left[what]:
                yield Gap(Outcome.OVER_LIMIT, f"{self._left[what]} {reason}")

    def _unbroken(self, judge: Callable[[], _Judgement]) -> _Judgement | None:
        """Return a judgement; where a judge breaks on what somebody made for it, that one file is left unjudged."""
        try:
            return judge()
        except Exception as error:  # noqa: BLE001 - one file of a million must not end the search; the gap names it
            self._broken[type(error).__name__] += 1
            return None

    def _missed(self, gap: Gap) -> None:
        """Keep why a file could not be read, the first ones one by one. One that has gone meanwhile is only counted."""
        if gap.outcome is Outcome.ABSENT or len(self._unread) >= SINGLE_GAPS:
            self._more_unread[gap.outcome] += 1
        else:
            self._unread.append(gap)


def _hashing(chunks: Iterator[bytes], row: Row) -> Iterator[bytes]:
    """Yield the same bytes, and put their hash into a row once all went by."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    row["sha256"] = digest.hexdigest()
