"""What artifact definitions name on this machine: each file copied once, output of programs, a row for all of it.

A file that Windows holds open (hives, the databases of services) comes from a shadow copy, if one exists and we may
read it; else it is a `locked` gap that says how the expert gets it. The registry is a source of its own.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

from typing import TYPE_CHECKING, Final, cast

from collector.host import taking
from collector.host.windows import files, profiles
from collector.host.windows.places import Finder, Match
from collector.model import Blob, Gap, Outcome, number
from collector.text import from_bytes
from collector.winformats import paths, reparse
from collector.winformats.folders import NO_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector import expansion
    from collector.definitions import Definition, Source
    from collector.expansion import Pattern
    from collector.model import Item, Json, Request, Row
    from collector.winformats.folders import Facts

SHADOW: Final = "shadow-copy"
"""Flag: the file was locked; what was copied is an older state of it."""

LOCKED: Final = (
    "a file is held open by Windows, and no shadow copy has it that we may read: an image of the disk has it, and of a "
    "hive of the registry, `reg save` makes a copy"
)


def items(request: Request, chosen: Iterable[Definition]) -> Iterator[Item]:
    """Yield a row for each thing that the chosen definitions name here, copies of files, output of programs, gaps.

    A definition that applies and finds nothing is a row, too: `absent`, or why it could not be looked for.
    """
    one = Taking(profiles.profiles().facts, request)  # what profiles lack, the registry's source tells
    for definition in chosen:
        yield from one.definition(definition)
    yield from one.ends()


class Taking(taking.Taking[Match]):
    """One pass over definitions, and what was copied already."""

    def __init__(self, facts: expansion.Facts, request: Request) -> None:
        super().__init__(facts, request)
        self._finder = Finder(request.exclude, self.deadline)
        self._copied: set[object] = set()

    def find(self, pattern: Pattern) -> Iterator[Match | Gap]:
        """Yield what a pattern names."""
        yield from self._finder.find(pattern)

    def run_program(self, row: Row, source: Source) -> Iterator[Item]:
        """Run a program of the system."""
        from collector.host.windows import commands

        yield from commands.run(self.facts, row, source, self.deadline)

    def thing(self, definition: Definition, source: Source, match: Match) -> Iterator[Item]:
        """Yield what becomes of one thing that was found."""
        facts = match.facts
        if facts is None:
            listed = {"path": cast("Json", from_bytes(match.path)), "type": "block", "outcome": "listed"}
            yield taking.empty_row(definition, Outcome.COLLECTED) | listed
            return
        row = _row(definition, match.path, facts)
        kind = facts.type
        if source.type != "FILE":
            yield row | {"outcome": "listed"}
        elif kind == "folder":
            return  # `*` names folders, too
        elif kind != "file":
            yield row | {"outcome": "listed"}
        elif reparse.is_placeholder(facts.attributes, facts.tag):
            yield row | {"outcome": Outcome.UNSUPPORTED.value}
            reason = "the content of a file lies elsewhere: opening it would fetch it over the network"
            yield from self.gap(Gap(Outcome.UNSUPPORTED, reason, from_bytes(match.path)))
        elif _key(match.path, facts) in self._copied:
            yield row | {"outcome": "again"}
        else:
            yield from self._copy(match.path, facts, row)

    def _copy(self, raw: bytes, facts: Facts, row: Row) -> Iterator[Item]:
        """Copy a file within the budgets."""
        path = from_bytes(raw)
        if facts.size > self.file_bytes:
            yield self.too_large(row, facts.size)
            yield from self.gap(Gap(Outcome.OVER_LIMIT, "a file is larger than one may be: not copied", path))
            return
        if facts.size > self.left or self.files <= 0:
            yield self.left_out(row, facts.size)
            return
        try:
            file = files.open_or_shadow(raw)
        except OSError as e:
            gap = files.gap_of(e, "a file can't be opened", path)
            yield row | {"outcome": gap.outcome.value}
            yield from self.gap(Gap(gap.outcome, LOCKED, path) if gap.outcome is Outcome.LOCKED else gap)
            return
        with file:
            yield from self._opened(raw, facts, row, file)

    def _opened(self, raw: bytes, facts: Facts, row: Row, file: files.File) -> Iterator[Item]:
        """Copy an open file: the one that was found, or an older state of it from a shadow copy."""
        path = from_bytes(raw)
        try:
            before = file.facts()
        except OSError as e:
            yield row | {"outcome": files.outcome_of(e).value}
            yield from self.gap(files.gap_of(e, "a file can't be looked at", path))
            return
        if file.shadow is None and not before.is_same(facts):
            yield row | {"outcome": Outcome.FAILED.value}
            yield from self.gap(Gap(Outcome.FAILED, "another file took the place of one that was found", path))
            return
        if before.size > min(self.file_bytes, self.left):
            yield self.left_out(row, before.size)
            return
        self._copied.add(_key(raw, facts))
        flags = [] if file.shadow is None else [SHADOW]
        if not before.size:
            yield row | {"outcome": Outcome.EMPTY.value, "flags": [*flags]}
            return
        self.files -= 1
        place = 0

        def read(most: int) -> bytes:
            nonlocal place
            data = file.read(most, place)
            place += len(data)
            return data

        def state() -> tuple[int, ...]:
            told = file.facts()
            return told.size, told.mtime_ns, told.ctime_ns or 0

        method = "copied as it is"
        if file.shadow is not None:
            method = "copied from a shadow copy: an older state of the file, which is locked"
        chunks = self.chunks(read, state, before.size, row, flags)
        yield Blob("file", ".bin", method, chunks, path, _times(before), flags, row)
        for outcome, reason in taking.gaps_of(flags):
            yield from self.gap(Gap(outcome, reason, path))


def _key(path: bytes, facts: Facts) -> object:
    """Return what tells one file from another: its number on its volume, or its path where it has none."""
    return paths.folded(path) if facts.inode in NO_NUMBERS else facts.identity


def _times(facts: Facts) -> dict[str, str]:
    times = {
        "mtime_ns": facts.mtime_ns,
        "ctime_ns": facts.ctime_ns,
        "btime_ns": facts.btime_ns,
        "atime_ns": facts.atime_ns,
    }
    return {name: str(value) for name, value in times.items() if value}


def _row(definition: Definition, path: bytes, facts: Facts) -> Row:
    return taking.empty_row(definition, Outcome.COLLECTED) | {
        "path": cast("Json", from_bytes(path)),
        "type": facts.type,
        "size": number(facts.size),
        "mtime_ns": str(facts.mtime_ns),
        "ctime_ns": None if facts.ctime_ns is None else str(facts.ctime_ns),
        "btime_ns": None if facts.btime_ns is None else str(facts.btime_ns),
        "atime_ns": str(facts.atime_ns),
        "owner": _owner(path, facts),
        "inode": None if facts.inode in NO_NUMBERS else str(facts.inode),
        "device": f"{facts.device >> 16:04X}-{facts.device & 0xFFFF:04X}",
    }


def _owner(path: bytes, facts: Facts) -> str | None:
    """Return the identifier of a file's owner, `None` where it can't be had."""
    if facts.type != "file":
        return None
    try:
        with files.open_file(path, look=True) as file:
            return file.owner()
    except OSError:
        return None
