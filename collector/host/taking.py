"""One pass over artifact definitions, the same on every system: budgets, gaps that are counted, rows.

Definitions come in the order of worth and are taken one after the other, so that a run that is stopped at any moment
has the best of them. Budgets are those of the profile; what they leave out is counted in gaps. How a thing is found
and copied, and how a program is run, is each system's own.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from collector import expansion
from collector.expansion import Refusal
from collector.model import Gap, Outcome, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.definitions import Definition, Source
    from collector.expansion import Pattern
    from collector.model import Budget, Item, Profile, Request, Row

SOURCE: Final = "artifacts"

BUDGET: Final = (300, 512 << 20, 64 << 20, 5000)
"""Seconds, bytes in all, bytes of one file and files where the profile says nothing of one of them."""

ORDERLY: Final = 0.95
"""Part of the time after which we end by ourselves: at its end the run cuts us off, whatever is open."""

MAX_MATCHES: Final = 2000
"""Files of one pattern: a folder that somebody filled does not crowd out all others."""

SINGLE_GAPS: Final = 50
"""Gaps of one kind that are told one by one; the rest are counted."""

FILE_SECONDS: Final = 60
"""The longest that one file may take to be read."""

REGISTRY: Final = ("REGISTRY_KEY", "REGISTRY_VALUE")
"""Types of sources that, where there is a registry, the source `registry` takes."""

_READ: Final = 256 << 10

_OVER: Final = "over the bytes or files that the profile takes in all"

_GAPS_OF_FLAGS: Final = {
    "cut-late": (Outcome.TIMED_OUT, "a file took too long to be read: its start is kept"),
    "cut-size": (Outcome.OVER_LIMIT, "a file that the system makes holds more than one may have: its start is kept"),
    "unreadable": (Outcome.FAILED, "a file can't be read to its end: its start is kept"),
}

M = TypeVar("M")
"""What a system finds by a pattern."""


class Taking(Generic[M]):
    """What is left of the budgets, and what was counted; a system's own class finds, copies and runs."""

    def __init__(self, facts: expansion.Facts, request: Request) -> None:
        self.facts = facts
        self.profile: Profile = request.profile
        seconds, self.left, self.file_bytes, self.files = _limits(self.profile.budget(SOURCE))
        self.deadline = time.monotonic() + seconds * ORDERLY
        self._gaps: Counter[tuple[Outcome, str]] = Counter()
        self._summed: Counter[tuple[Outcome, str]] = Counter()
        self._over = [0, 0]
        self._large = [0, 0]
        self._late = 0

    def find(self, pattern: Pattern) -> Iterator[M | Gap]:
        """Yield what a pattern names here, in order of name; what isn't there is nothing."""
        raise NotImplementedError

    def thing(self, definition: Definition, source: Source, match: M) -> Iterator[Item]:
        """Yield what becomes of one thing that was found."""
        raise NotImplementedError

    def run_program(self, row: Row, source: Source) -> Iterator[Item]:
        """Yield the output of a program with its row, or the row and a gap that says why it did not run or end well."""
        raise NotImplementedError

    def definition(self, definition: Definition) -> Iterator[Item]:
        """Yield what one definition names here; that it applies and finds nothing is a row, too."""
        if time.monotonic() >= self.deadline:
            self._late += 1
            return
        applies, found, trouble = False, 0, Outcome.ABSENT
        for source in self._sources(definition):
            if source.type == "COMMAND":
                yield from self._command(definition, source)
                continue
            applies = True
            for item in self._found(definition, source):
                if isinstance(item, Gap):
                    trouble = item.outcome
                    yield from self.gap(item)
                else:
                    found += 1
                    yield from self.thing(definition, source, item)
        if applies and time.monotonic() >= self.deadline:
            yield from self.gap(Gap(Outcome.TIMED_OUT, "a definition was not looked for to its end", definition.name))
            trouble = Outcome.TIMED_OUT
        if applies and not found:
            yield empty_row(definition, trouble)

    def _sources(self, definition: Definition) -> Iterator[Source]:
        """Yield the sources of a definition that mean something here; those that don't are counted."""
        for source in definition.sources:
            if source.type == "ARTIFACT_GROUP" or not definition.applies(source, self.facts.system):
                continue
            refused = expansion.refusal(definition, source, self.facts.system)
            if refused is not None:
                self._summed[refused.outcome, f"{source.type}: {refused.reason}"] += 1
            elif source.type not in REGISTRY:
                yield source

    def _found(self, definition: Definition, source: Source) -> Iterator[M | Gap]:
        """Yield what the patterns of a source find, of each `MAX_MATCHES` at most: one home crowds out no other."""
        for pattern in expansion.patterns(source, self.facts):
            if isinstance(pattern, Refusal):
                yield Gap(pattern.outcome, pattern.reason, definition.name)
                continue
            for count, item in enumerate(self.find(pattern)):
                if count >= MAX_MATCHES:
                    reason = f"a pattern names more than {MAX_MATCHES} things: the rest of it was left"
                    yield Gap(Outcome.OVER_LIMIT, reason, definition.name)
                    break
                yield item

    def too_large(self, row: Row, size: int) -> Row:
        """Count a file that is larger than one may be and return its row."""
        self._large[0] += 1
        self._large[1] += size
        return row | {"outcome": Outcome.OVER_LIMIT.value}

    def left_out(self, row: Row, size: int) -> Row:
        """Count a file that the budgets leave out and return its row."""
        self._over[0] += 1
        self._over[1] += size
        return row | {"outcome": Outcome.OVER_LIMIT.value}

    def chunks(
        self,
        read: Callable[[int], bytes],
        state: Callable[[], tuple[int, ...]],
        limit: int,
        row: Row,
        flags: list[str],
    ) -> Iterator[bytes]:
        """Yield a file's bytes, up to the size that it had when it was opened: one that grows on is bounded.

        `read` gives the next bytes, so many at most; `state` what changes when the file does, its size first (0: the
        system makes it, and its size says nothing). Both may raise `OSError`.
        """
        digest, left = hashlib.sha256(), limit
        deadline = min(self.deadline, time.monotonic() + FILE_SECONDS)
        try:
            before = state()
            while left and (data := read(min(left, _READ))):
                digest.update(data)
                left -= len(data)
                yield data
                if left and time.monotonic() > deadline:
                    flags.append("cut-late")
                    break
            if before != state() or (before[0] and left and "cut-late" not in flags):
                flags.append("changed-while-reading")
            if not before[0] and not left:
                flags.append("cut-size")
        except OSError:
            flags.append("unreadable")
        self.left -= limit - left
        row["size"], row["sha256"] = number(limit - left), digest.hexdigest()
        nothing = Outcome.FAILED if "unreadable" in flags else Outcome.EMPTY
        row["outcome"] = (Outcome.COLLECTED if limit - left else nothing).value

    def _command(self, definition: Definition, source: Source) -> Iterator[Item]:
        """Run a program of the host, where the profile allows that."""
        row = empty_row(definition, Outcome.UNSUPPORTED) | {"type": "command", "path": source.program}
        row["arguments"] = list(source.arguments)
        if not self.profile.runs_programs:
            yield row
            reason = f"the profile {self.profile.name} runs no program of this machine"
            self._summed[Outcome.UNSUPPORTED, reason] += 1
            return
        for item in self.run_program(row, source):
            if isinstance(item, Gap):
                yield from self.gap(item)
            else:
                yield item

    def gap(self, gap: Gap) -> Iterator[Gap]:
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
        for (count, size), why in ((self._large, f"larger than {self.file_bytes} bytes"), (self._over, _OVER)):
            if count:
                reason = f"{count} files of {size} bytes in all were not copied: {why}"
                yield Gap(Outcome.OVER_LIMIT, reason)
        if self._late:
            reason = f"{self._late} definitions were not looked for: the time of the profile is over"
            yield Gap(Outcome.TIMED_OUT, reason)


def gaps_of(flags: list[str]) -> Iterator[tuple[Outcome, str]]:
    """Yield outcome and reason of the gaps that flags of a copy stand for."""
    for flag, told in _GAPS_OF_FLAGS.items():
        if flag in flags:
            yield told


def _limits(budget: Budget) -> tuple[int, int, int, int]:
    given = (budget.seconds, budget.bytes, budget.file_bytes, budget.files)
    seconds, size, one, count = (usual if limit is None else limit for limit, usual in zip(given, BUDGET, strict=True))
    return seconds, size, one, count


def empty_row(definition: Definition, outcome: Outcome) -> Row:
    """Return a row of the source `artifacts` with nothing but a definition and an outcome."""
    return {
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
