"""The frozen types that the rooms of the house hand to one another.

Words: docs/SPEC.md, section 1. Nothing here reads, writes or looks at a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from collector.text import Text

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
Row: TypeAlias = dict[str, Json]
"""One object of a JSONL artifact: every column of its kind, `None` where it was not obtained."""

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""


class Outcome(StrEnum):
    """What became of an attempt; "empty" never stands for "unreadable"."""

    COLLECTED = "collected"
    EMPTY = "empty"
    ABSENT = "absent"
    DENIED = "denied"
    LOCKED = "locked"
    TIMED_OUT = "timed_out"
    OVER_LIMIT = "over_limit"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was expected and not obtained, with its reason.

    `reason` is a plain English sentence without names from the host; `subject` is the
    thing of the host that it concerns, if one.
    """

    outcome: Outcome
    reason: str
    subject: Text | None = None

    def __post_init__(self) -> None:
        if self.outcome in (Outcome.COLLECTED, Outcome.EMPTY):
            raise ValueError(f"a gap cannot be {self.outcome}")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file artifact of its own (a picture, a collected file), as chunks of bytes.

    `kind` and `suffix` are ours (`screen`, `.png`); `subject` and `source_times` come from
    the host. `flags` may be filled while `chunks` is read (`changed-while-reading`).
    """

    kind: str
    suffix: str
    method: str
    chunks: Iterator[bytes]
    subject: Text | None = None
    source_times: Mapping[str, str] | None = None
    flags: list[str] = field(default_factory=list)
    row: Row | None = None
    """A row about it for the table of its source, with a column `artifact`: written when the file is, under which
    path the table then says. It may be filled while `chunks` is read, too."""


Item: TypeAlias = Row | Gap | Blob
"""What a source yields."""


@dataclass(slots=True)
class Known:
    """What one source of a run found that a later one uses; each run has its own."""

    extensions: set[str] = field(default_factory=set)
    """What was appended to the names of encrypted files, in small letters, with its point."""
    notes: set[tuple[bytes, int]] = field(default_factory=set)
    """Name and size of each place of a ransom note."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a source may cost, where that is bounded: seconds, bytes in all, bytes of one file, files."""

    seconds: int | None = None
    bytes: int | None = None
    file_bytes: int | None = None
    files: int | None = None


LISTING = ("recent-files",)
"""Sources that list the trees which somebody named."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a run takes: definitions in the order of worth, then `everything` else, and a budget for each source.

    Definitions that are named in `without` are never taken, not as members of a group either.
    A source without a budget has its own bounds only; one with 0 seconds is left out. Programs of the host run only
    where `runs_programs` says so.
    """

    name: str = "none"
    definitions: tuple[str, ...] = ()
    everything: bool = False
    runs_programs: bool = False
    without: frozenset[str] = frozenset()
    budgets: Mapping[str, Budget] = field(default_factory=dict)

    def budget(self, source: str) -> Budget:
        """Return the budget of a source."""
        return self.budgets.get(source) or Budget()

    def seconds(self, source: str, own: float, *, named: bool) -> float:
        """Return the longest that a source may take: what is said here, or its own; 0: it is left out.

        `named`: trees were named by whoever runs it (`--scan`); then a source that lists them is not left out.
        """
        told = self.budget(source).seconds
        return own if told is None or (not told and named and source in LISTING) else told


@dataclass(frozen=True, slots=True)
class Request:
    """What the operator asked of the sources.

    `scan` holds raw paths that replace every local file system, or is `None`; `exclude`
    are folders that are never looked into (the bundle itself); `since_ns` is the start of
    the window in nanoseconds since 1970 UTC; `hash_bytes` and `hash_seconds` bound what
    the hashes of recent files may cost in all. `copies`: whether the memory, environment and
    file of suspicious programs are taken (`memory_bytes` of memory in all, of one process
    `memory_process_bytes`, within `memory_seconds`; `program_bytes` of their files), or they are only listed.
    """

    since_ns: int
    scan: tuple[bytes, ...] | None = None
    exclude: tuple[bytes, ...] = ()
    hash_bytes: int = 2**30
    hash_seconds: float = 30.0
    hash_file_bytes: int = 64 * 2**20
    known: Known = field(default_factory=Known)
    profile: Profile = field(default_factory=Profile)
    rules: tuple[Path, ...] = ()
    """Files and folders of an expert's own definitions, checked before; all of them are collected, first."""
    copies: bool = True
    memory_process_bytes: int = 512 * 2**20
    memory_bytes: int = 2 * 2**30
    memory_seconds: float = 90.0
    program_bytes: int = 512 * 2**20
    memory_program: Path | None = None
    """The expert's acquisition program for the memory of the whole machine, if it is to be taken."""
    clipboard: bool = False
    """Whether the text in the clipboard is taken."""
    out: bytes = b"."
    """The folder of the bundle: what is free there bounds that memory."""
    max_size: int | None = None
    """Most bytes of all artifacts (`--max-size`)."""
    level: str = "C"
    """The level of privacy (`levels`)."""
    memory: bool = True
    """Whether, of what `copies` says, memory and environment are taken, too."""


UNKNOWN_BOOT = "unknown"
"""`boot_id` where the system tells none: it is the same boot as no other."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of every clock at once.

    `mono_ns` is CLOCK_MONOTONIC (stands still in suspend), `boot_ns` CLOCK_BOOTTIME (does
    not); `boot_id` changes with each start of the system and never with the wall clock.
    """

    utc_ns: int
    offset_s: int
    mono_ns: int
    boot_ns: int
    boot_id: str


class Clock(Protocol):
    """What tells the time; a test's stands still."""

    def now(self) -> Moment:
        """Return one reading; never raises."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the operator said of the case: `case` is checked, the rest is free text."""

    case: str
    operator: str | None = None
    witness: str | None = None


def number(value: int) -> int | str:
    """Return an integer for a JSONL artifact: beyond 2^53-1 or below zero, a decimal string."""
    return value if 0 <= value <= MAX_SAFE_INTEGER else str(value)
