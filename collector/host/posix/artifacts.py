"""What artifact definitions name on this machine: each file copied once, output of programs, a row for all of it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, cast

from collector.host import taking
from collector.host.posix import entry
from collector.host.posix.low import files
from collector.host.posix.mounts import Kind
from collector.host.posix.places import Finder, Match
from collector.model import Blob, Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector import expansion
    from collector.definitions import Definition, Source
    from collector.expansion import Pattern
    from collector.host.posix.ground import Ground
    from collector.host.posix.mounts import MountTable
    from collector.model import Item, Json, Request, Row

HOLES: Final = 4
"""Divisor of the bytes in all: what files may take that hold nothing there (sparse ones cost an attacker nothing)."""

NEVER: Final = frozenset(
    (b"/proc/kmsg", b"/sys/kernel/debug/tracing/trace_pipe", b"/sys/kernel/tracing/trace_pipe", b"/proc/acpi/event")
)
"""Files that lose what is read from them."""


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
    one = Taking(ground, table, facts, request)
    for definition in chosen:
        yield from one.definition(definition)
    yield from one.ends()


class Taking(taking.Taking[Match]):
    """One pass over definitions, and what was copied already."""

    def __init__(self, ground: Ground, table: MountTable, facts: expansion.Facts, request: Request) -> None:
        super().__init__(facts, request)
        self._ground = ground
        self._table = table
        self._finder = Finder(table, request.exclude, self.deadline)
        self._copied: set[tuple[int, int]] = set()
        self._holes = self.left // HOLES

    def find(self, pattern: Pattern) -> Iterator[Match | Gap]:
        """Yield what a pattern names."""
        yield from self._finder.find(pattern)

    def run_program(self, row: Row, source: Source) -> Iterator[Item]:
        """Run a program as the system runs it."""
        yield from self._ground.run_program(self._table, row, source.program, source.arguments, self.deadline)

    def thing(self, definition: Definition, source: Source, match: Match) -> Iterator[Item]:
        """Yield what becomes of one thing that was found."""
        facts = match.facts
        row = _row(definition, match)
        if not stat.S_ISREG(facts.mode):
            if source.type == "FILE" and (stat.S_ISDIR(facts.mode) or (match.linked and match.target is None)):
                return  # `*` names folders, too; a link to no file (a unit that is masked) is told already
            listed = source.type != "FILE" or stat.S_ISLNK(facts.mode)
            row["outcome"] = "listed" if listed else Outcome.UNSUPPORTED.value
            yield row
            if not listed:
                reason = "a device, FIFO or socket stands in the place of a file: it was not opened"
                yield from self.gap(Gap(Outcome.UNSUPPORTED, reason, from_bytes(match.path)))
        elif source.type != "FILE":
            row["outcome"] = "listed"
            yield row
        elif match.path in NEVER:
            row["outcome"] = Outcome.UNSUPPORTED.value
            yield row
            yield from self.gap(Gap(Outcome.UNSUPPORTED, "reading it would change it: it was not opened"))
        elif (facts.device, facts.inode) in self._copied:
            row["outcome"] = "again"
            yield row
        else:
            yield from self._copy(match, row)

    def _copy(self, match: Match, row: Row) -> Iterator[Item]:
        """Copy a file within the budgets."""
        facts, path = match.facts, from_bytes(match.path)
        made = self._table.kind(match.path) is Kind.PSEUDO  # its size says nothing
        if facts.size > self.file_bytes:
            yield self.too_large(row, facts.size)
            yield from self.gap(Gap(Outcome.OVER_LIMIT, "a file is larger than one may be: not copied", path))
            return
        if facts.size > self.left or self.files <= 0:
            yield self.left_out(row, facts.size)
            return
        try:
            fd = files.open_source(match.name, dir_fd=match.folder)
        except OSError as e:
            yield row | {"outcome": files.outcome_of(e).value}
            yield from self.gap(files.gap_of(e, "a file can't be opened", path))
            return
        try:
            before = os.fstat(fd)
            if (before.st_dev, before.st_ino) != (facts.device, facts.inode):
                yield row | {"outcome": Outcome.FAILED.value}
                yield from self.gap(Gap(Outcome.FAILED, "another file took the place of one that was found", path))
                return
            self._copied.add((facts.device, facts.inode))
            holes = max(0, before.st_size - before.st_blocks * 512)
            if not made and holes > self._holes:
                yield self.left_out(row, before.st_size)
                return
            self._holes -= 0 if made else holes
            if not made and not before.st_size:
                yield row | {"outcome": Outcome.EMPTY.value}
                return
            self.files -= 1
            flags: list[str] = []
            limit = min(self.file_bytes, self.left) if made else min(before.st_size, self.file_bytes)
            times = {name: str(row[name]) for name in ("mtime_ns", "ctime_ns", "btime_ns", "atime_ns") if row[name]}
            chunks = self.chunks(lambda most: os.read(fd, most), lambda: _state(fd), limit, row, flags)
            yield Blob("file", ".bin", "copied as it is", chunks, path, times, flags, row)
            for outcome, reason in taking.gaps_of(flags):
                yield from self.gap(Gap(outcome, reason, path))
        finally:
            os.close(fd)


def _state(fd: int) -> tuple[int, ...]:
    """Return what changes when a file does: its size first."""
    told = os.fstat(fd)
    return told.st_size, told.st_mtime_ns, told.st_ctime_ns


def _row(definition: Definition, match: Match) -> Row:
    row = taking.empty_row(definition, Outcome.COLLECTED)
    return row | {
        "path": cast("Json", from_bytes(match.path)),
        **entry.described(match.facts),
        "target": None if match.target is None else cast("Json", from_bytes(match.target)),
    }
