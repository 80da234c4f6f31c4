"""What artifact definitions name on this machine: each file copied once, output of programs, a row for all of it.

Definitions come in the order of worth and are taken one after the other, so that a run that is stopped at any moment
has the best of them. Budgets are those of the profile; what they leave out is counted in gaps.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from collector import expansion
from collector.expansion import Refusal
from collector.host.posix import entry
from collector.host.posix.low import files
from collector.host.posix.mounts import Kind
from collector.host.posix.places import Finder
from collector.model import Blob, Gap, Outcome, number
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.definitions import Definition, Source
    from collector.host.posix.ground import Ground
    from collector.host.posix.mounts import MountTable
    from collector.host.posix.places import Match
    from collector.model import Budget, Item, Profile, Request, Row

SOURCE: Final = "artifacts"

BUDGET: Final = (300, 512 << 20, 64 << 20, 5000)
"""Seconds, bytes in all, bytes of one file and files where the profile says nothing of one of them."""

ORDERLY: Final = 0.95
"""Part of the time after which we end by ourselves: at its end the run cuts us off, whatever is open."""

MAX_MATCHES: Final = 2000
"""Files of one pattern: a folder that somebody filled does not crowd out all others."""

HOLES: Final = 4
"""Divisor of the bytes in all: what files may take that hold nothing there (sparse ones cost an attacker nothing)."""

SINGLE_GAPS: Final = 50
"""Gaps of one kind that are told one by one; the rest are counted."""

FILE_SECONDS: Final = 60
"""The longest that one file may take to be read."""

NEVER: Final = frozenset(
    (b"/proc/kmsg", b"/sys/kernel/debug/tracing/trace_pipe", b"/sys/kernel/tracing/trace_pipe", b"/proc/acpi/event")
)
"""Files that lose what is read from them."""

_READ: Final = 256 << 10

def items(ground: Ground, request: Request, chosen: Iterable[Definition]) -> Iterator[Item]:
    """Yield a row for each thing that the chosen definitions name here, copies of files, output of programs, gaps.

    A definition that applies and finds nothing is a row, too: `absent`, or why it could not be looked for.
    """
    try:
        table = ground.mount_table()
    except OSError as e:  # without it any path may hang
        yield files.gap_of(e, "the table of mounts can't be read, so nothing was looked for")
        return
    facts, gap = ground.expansion_facts(table)
    if gap is not None:
        yield gap
    taking = Taking(ground, table, facts, request)
    for definition in chosen:
        yield from taking.definition(definition)
    yield from taking.ends()


class Taking:
    """One pass over definitions: what is left of the budgets, what was copied already, gaps that are counted."""

    def __init__(self, ground: Ground, table: MountTable, facts: expansion.Facts, request: Request) -> None:
        self._ground = ground
        self._table = table
        self._facts = facts
        self._profile: Profile = request.profile
        seconds, self._left, self._file_bytes, self._files = _limits(self._profile.budget(SOURCE))
        self.deadline = time.monotonic() + seconds * ORDERLY
        self._finder = Finder(table, request.exclude, self.deadline)
        self._copied: set[tuple[int, int]] = set()
        self._gaps: Counter[tuple[Outcome, str]] = Counter()
        self._summed: Counter[tuple[Outcome, str]] = Counter()
        self._over = [0, 0]
        self._large = [0, 0]
        self._late = 0
        self._holes = self._left // HOLES

    def definition(self, definition: Definition) -> Iterator[Item]:
        """Yield what one definition names here."""
        if time.monotonic() > self.deadline:
            self._late += 1
            return
        applies, found, trouble = False, 0, Outcome.ABSENT
        for source in definition.sources:
            refused = expansion.refusal(definition, source, self._facts.system)
            if source.type == "ARTIFACT_GROUP" or not definition.applies(source, self._facts.system):
                continue
            if refused is not None:
                self._summed[refused.outcome, f"{source.type}: {refused.reason}"] += 1
                continue
            if source.type == "COMMAND":
                yield from self._command(definition, source)
                continue
            applies = True
            for item in self._found(definition, source):
                if isinstance(item, Gap):
                    trouble = item.outcome
                    yield from self._gap(item)
                else:
                    found += 1
                    yield from self._thing(definition, source, item)
        if applies and time.monotonic() > self.deadline:
            yield from self._gap(Gap(Outcome.TIMED_OUT, "a definition was not looked for to its end", definition.name))
            trouble = Outcome.TIMED_OUT
        if applies and not found:
            yield _row(definition, None, trouble)

    def _found(self, definition: Definition, source: Source) -> Iterator[Match | Gap]:
        """Yield what the patterns of a source find, of each `MAX_MATCHES` at most: one home crowds out no other."""
        for pattern in expansion.patterns(source, self._facts):
            if isinstance(pattern, Refusal):
                yield Gap(pattern.outcome, pattern.reason, definition.name)
                continue
            for count, item in enumerate(self._finder.find(pattern)):
                if count >= MAX_MATCHES:
                    reason = f"a pattern names more than {MAX_MATCHES} things: the rest of it was left"
                    yield Gap(Outcome.OVER_LIMIT, reason, definition.name)
                    break
                yield item

    def _thing(self, definition: Definition, source: Source, match: Match) -> Iterator[Item]:
        """Yield what becomes of one thing that was found."""
        facts = match.facts
        row = _row(definition, match, Outcome.COLLECTED)
        if not stat.S_ISREG(facts.mode):
            if source.type == "FILE" and (stat.S_ISDIR(facts.mode) or (match.linked and match.target is None)):
                return  # `*` names folders, too; a link to no file (a unit that is masked) is told already
            listed = source.type != "FILE" or stat.S_ISLNK(facts.mode)
            row["outcome"] = "listed" if listed else Outcome.UNSUPPORTED.value
            yield row
            if not listed:
                reason = "a device, FIFO or socket stands in the place of a file: it was not opened"
                yield from self._gap(Gap(Outcome.UNSUPPORTED, reason, from_bytes(match.path)))
        elif source.type != "FILE":
            row["outcome"] = "listed"
            yield row
        elif match.path in NEVER:
            row["outcome"] = Outcome.UNSUPPORTED.value
            yield row
            yield from self._gap(Gap(Outcome.UNSUPPORTED, "reading it would change it: it was not opened"))
        elif (facts.device, facts.inode) in self._copied:
            row["outcome"] = "again"
            yield row
        else:
            yield from self._copy(match, row)

    def _copy(self, match: Match, row: Row) -> Iterator[Item]:
        """Copy a file within the budgets."""
        facts, path = match.facts, from_bytes(match.path)
        made = self._table.kind(match.path) is Kind.PSEUDO  # its size says nothing
        if facts.size > self._file_bytes:
            self._large[0] += 1
            self._large[1] += facts.size
            yield row | {"outcome": Outcome.OVER_LIMIT.value}
            yield from self._gap(Gap(Outcome.OVER_LIMIT, "a file is larger than one may be: not copied", path))
            return
        if facts.size > self._left or self._files <= 0:
            yield self._left_out(row, facts.size)
            return
        try:
            fd = files.open_source(match.name, dir_fd=match.folder)
        except OSError as e:
            yield row | {"outcome": files.outcome_of(e).value}
            yield from self._gap(files.gap_of(e, "a file can't be opened", path))
            return
        try:
            before = os.fstat(fd)
            if (before.st_dev, before.st_ino) != (facts.device, facts.inode):
                yield row | {"outcome": Outcome.FAILED.value}
                yield from self._gap(Gap(Outcome.FAILED, "another file took the place of one that was found", path))
                return
            self._copied.add((facts.device, facts.inode))
            holes = max(0, before.st_size - before.st_blocks * 512)
            if not made and holes > self._holes:
                yield self._left_out(row, before.st_size)
                return
            self._holes -= 0 if made else holes
            if not made and not before.st_size:
                yield row | {"outcome": Outcome.EMPTY.value}
                return
            self._files -= 1
            flags: list[str] = []
            limit = min(self._file_bytes, self._left) if made else min(before.st_size, self._file_bytes)
            times = {name: str(row[name]) for name in ("mtime_ns", "ctime_ns", "btime_ns", "atime_ns") if row[name]}
            chunks = self._chunks(fd, limit, row, flags, before)
            yield Blob("file", ".bin", "copied as it is", chunks, path, times, flags, row)
            for flag, gap in _GAPS_OF_FLAGS.items():
                if flag in flags:
                    yield from self._gap(Gap(*gap, path))
        finally:
            os.close(fd)

    def _left_out(self, row: Row, size: int) -> Row:
        """Count a file that the budgets leave out and return its row."""
        self._over[0] += 1
        self._over[1] += size
        return row | {"outcome": Outcome.OVER_LIMIT.value}

    def _chunks(self, fd: int, limit: int, row: Row, flags: list[str], before: os.stat_result) -> Iterator[bytes]:
        """Yield a file's bytes, up to the size that it had when it was opened: one that grows on is bounded."""
        digest, left = hashlib.sha256(), limit
        deadline = min(self.deadline, time.monotonic() + FILE_SECONDS)
        try:
            while left and (data := os.read(fd, min(left, _READ))):
                digest.update(data)
                left -= len(data)
                yield data
                if left and time.monotonic() > deadline:
                    flags.append("cut-late")
                    break
            after = os.fstat(fd)
            seen = ((st.st_size, st.st_mtime_ns, st.st_ctime_ns) for st in (before, after))
            if len(set(seen)) > 1 or (before.st_size and left and "cut-late" not in flags):
                flags.append("changed-while-reading")
            if not before.st_size and not left:
                flags.append("cut-size")
        except OSError:
            flags.append("unreadable")
        self._left -= limit - left
        row["size"], row["sha256"] = number(limit - left), digest.hexdigest()
        nothing = Outcome.FAILED if "unreadable" in flags else Outcome.EMPTY
        row["outcome"] = (Outcome.COLLECTED if limit - left else nothing).value

    def _command(self, definition: Definition, source: Source) -> Iterator[Item]:
        """Run a program of the host, where the profile allows that."""
        row = _row(definition, None, Outcome.UNSUPPORTED) | {"type": "command", "path": source.program}
        row["arguments"] = list(source.arguments)
        if not self._profile.runs_programs:
            yield row
            reason = f"the profile {self._profile.name} runs no program of this machine"
            self._summed[Outcome.UNSUPPORTED, reason] += 1
            return
        for item in self._ground.run_program(
            self._table, row, source.program, source.arguments, self.deadline
        ):
            if isinstance(item, Gap):
                yield from self._gap(item)
            else:
                yield item

    def _gap(self, gap: Gap) -> Iterator[Gap]:
        """Yield a gap while there are few of its kind, else count it."""
        self._gaps[gap.outcome, gap.reason] += 1
        if self._gaps[gap.outcome, gap.reason] <= SINGLE_GAPS:
            yield gap

    def ends(self) -> Iterator[Gap]:
        """Yield a gap for each kind that was counted, and for what the budgets left out."""
        for (outcome, reason), count in self._gaps.items():
            if count > SINGLE_GAPS:
                yield Gap(outcome, f"{reason}: {count - SINGLE_GAPS} more")
        for (outcome, reason), count in self._summed.items():
            yield Gap(outcome, f"{reason}: {count} sources of definitions")
        for (count, size), why in ((self._large, f"larger than {self._file_bytes} bytes"), (self._over, _OVER)):
            if count:
                reason = f"{count} files of {size} bytes in all were not copied: {why}"
                yield Gap(Outcome.OVER_LIMIT, reason)
        if self._late:
            reason = f"{self._late} definitions were not looked for: the time of the profile is over"
            yield Gap(Outcome.TIMED_OUT, reason)


_OVER: Final = "over the bytes or files that the profile takes in all"

_GAPS_OF_FLAGS: Final = {
    "cut-late": (Outcome.TIMED_OUT, "a file took too long to be read: its start is kept"),
    "cut-size": (Outcome.OVER_LIMIT, "a file that the system makes holds more than one may have: its start is kept"),
    "unreadable": (Outcome.FAILED, "a file can't be read to its end: its start is kept"),
}


def _limits(budget: Budget) -> tuple[int, int, int, int]:
    given = (budget.seconds, budget.bytes, budget.file_bytes, budget.files)
    seconds, size, one, count = (usual if limit is None else limit for limit, usual in zip(given, BUDGET, strict=True))
    return seconds, size, one, count


def _row(definition: Definition, match: Match | None, outcome: Outcome) -> Row:
    row: Row = {
        "definition": definition.name,
        "path": None,
        "type": None,
        "outcome": outcome.value,
        "artifact": None,
        "size": None,
        "sha256": None,
        "mtime_ns": None,
        "ctime_ns": None,
        "btime_ns": None,
        "atime_ns": None,
        "mode": None,
        "owner": None,
        "group": None,
        "inode": None,
        "device": None,
        "target": None,
        "arguments": None,
        "program_sha256": None,
        "exit_code": None,
        "flags": [],
    }
    if match is not None:
        facts = match.facts
        row |= {
            "path": from_bytes(match.path),  # type: ignore[dict-item] # Text is Json; mypy can't see it
            **entry.described(facts),
            "target": None if match.target is None else from_bytes(match.target),  # type: ignore[dict-item] # the same
        }
    return row
