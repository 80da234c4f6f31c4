"""The memory of one process as an ELF core, read while the process runs on: nothing is attached, stopped or changed.

So it is no picture of one instant. What vanishes between the look at the mappings and the
read is filled with zeros and flagged.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector import corefile, text
from collector.host.linux import files, mappings
from collector.host.linux.mappings import PAGE
from collector.model import Blob, Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.host.linux.mappings import Mapping
    from collector.host.posix.mounts import MountTable
    from collector.model import Json
    from collector.text import Text

MAX_AUXV: Final = 4096
MAX_RUNS: Final = corefile.MAX_SEGMENTS // 2
"""Most runs of pages of one process: each may need a second header for the hole before it."""
_CHUNK: Final = 1 << 20


@dataclass(slots=True)
class _Part:
    """What of one mapping is stored: runs of pages, ascending."""

    mapping: Mapping
    why: str
    rank: int
    runs: list[tuple[int, int]] = field(default_factory=list)
    left: int = 0
    """Bytes that are there and not stored, as far as is known."""


@dataclass(slots=True)
class Plan:
    """What of a process is going to be stored, and what not."""

    parts: list[_Part]
    size: int = 0
    left: int = 0
    """Bytes that are there, and that a limit leaves out."""
    more: bool = False
    """Whether there are mappings that were not even looked at."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Mappings that may not be touched, by the reason."""


def plan(dir_fd: int, known: MountTable | None, most: int) -> Plan:
    """Look which pages there are and choose the best `most` bytes of them; raises `OSError`."""
    found, more = mappings.read(dir_fd)
    result = Plan([], more=more)
    chosen = []
    for mapping in found:
        choice = mappings.choose(mapping, known)
        part = _Part(mapping, choice.why, choice.rank)
        result.parts.append(part)
        if choice.pages is not None:
            chosen.append((choice.rank, mapping.size, part, choice.pages))
        elif choice.why in ("device", "remote"):
            result.skipped[choice.why] = result.skipped.get(choice.why, 0) + 1
    chosen.sort(key=lambda one: one[:2])
    budget = _Budget(most // PAGE * PAGE, mappings.MAX_LOOKED, MAX_RUNS)
    pagemap = files.open_kernel("pagemap", dir_fd=dir_fd)
    try:
        for *_, part, pages in chosen:
            _fill(part, pages, pagemap, budget)
            result.left += part.left
    finally:
        os.close(pagemap)
    result.size = sum(length for part in result.parts for _, length in part.runs)
    return result


@dataclass(slots=True)
class _Budget:
    """What is left of the limits of one process."""

    size: int
    looked: int
    runs: int


def _fill(part: _Part, pages: bytes, pagemap: int, budget: _Budget) -> None:
    """Choose pages of one mapping until a limit is met."""
    mapping = part.mapping
    changed = mapping.anonymous if part.why == "changed" else mapping.resident
    there = (changed or 0) + (mapping.swapped or 0)
    stored = seen = 0
    looks = budget.size > 0 and budget.runs > 0
    for start, length in mappings.runs(pagemap, mapping, pages, budget.looked) if looks else ():
        seen += length
        take = min(length, budget.size)
        part.runs.append((start, take))
        stored += take
        budget.size -= take
        budget.runs -= 1
        if not budget.size or not budget.runs:
            break
    whole = looks and budget.size and budget.runs and mapping.size <= budget.looked
    budget.looked -= min(mapping.size, budget.looked)
    part.left = max(0, seen - stored if whole else max(seen, there) - stored)


class Dump:
    """One process's memory on its way into the bundle: consume `blob`, then ask for `gaps`."""

    def __init__(self, dir_fd: int, planned: Plan, subject: Text, seconds: float) -> None:
        """Take hold of the memory; raises `OSError` where the system doesn't give it."""
        self._plan = planned
        self._subject = subject
        self._seconds = seconds
        self._dir_fd = dir_fd
        self._fd = files.open_kernel("mem", dir_fd=dir_fd)
        self._zeroed = 0
        self._lost = 0
        self._why = Outcome.ABSENT
        self.blob = Blob("process-memory", ".core", "read from the running process", self._chunks(), subject)

    def close(self) -> None:
        """Let go of the memory."""
        os.close(self._fd)

    def _chunks(self) -> Iterator[bytes]:
        parts = sorted(self._plan.parts, key=lambda part: (not part.runs, part.rank, part.mapping.size))
        segments = [segment for part in parts for segment in _segments(part)][: corefile.MAX_SEGMENTS]
        yield corefile.head(segments, self._notes(), corefile.MACHINES.get(os.uname().machine, 0), PAGE)
        until = time.monotonic() + self._seconds
        left = self._plan.size
        for part in parts:
            for start, length in part.runs:
                for data in self._read(start, length):
                    yield data
                    left -= len(data)
                    if time.monotonic() > until:
                        self._why = Outcome.TIMED_OUT
                        self._end(left)
                        return
                if self._lost:
                    self._end(left)
                    return
        if self._zeroed:
            self.blob.flags.append("zero-filled")

    def _end(self, left: int) -> None:
        self._lost = left
        if left:
            self.blob.flags.append("cut")
        if self._zeroed:
            self.blob.flags.append("zero-filled")

    def _read(self, start: int, length: int) -> Iterator[bytes]:
        """Yield the bytes of a run; a page that can't be had is zeros. Ends early where the process does."""
        address, end, step = start, start + length, _CHUNK
        while address < end:
            try:
                data = os.pread(self._fd, min(step, end - address), address)
            except OSError:  # EIO: unmapped meanwhile, or a page that may not be read
                if step > PAGE:
                    step = PAGE
                    continue
                data = bytes(PAGE)
                self._zeroed += PAGE
            else:
                step = min(_CHUNK, step * 2)
            if not data:  # its memory is gone: it has ended
                self._lost = end - address
                return
            yield data
            address += len(data)

    def gaps(self) -> Iterator[Gap]:
        """Yield what could not be had of it; to be asked once the blob is consumed."""
        plan_, subject = self._plan, self._subject
        if self._lost:
            what = "the time was over" if self._why is Outcome.TIMED_OUT else "the process ended"
            yield Gap(self._why, f"{what} while its memory was read: {self._lost} bytes were left", subject)
        if self._zeroed:
            reason = f"{self._zeroed} bytes of memory were gone or not to be had when they were read: zeros stand there"
            yield Gap(Outcome.ABSENT, reason, subject)
        if plan_.left:
            yield Gap(Outcome.OVER_LIMIT, f"{plan_.left} bytes of memory are beyond the limit and were left", subject)
        if plan_.more:
            yield Gap(Outcome.OVER_LIMIT, "there are more mappings of memory than are looked at", subject)
        for why, count in sorted(plan_.skipped.items()):
            of = "devices" if why == "device" else "files in network or FUSE file systems"
            yield Gap(Outcome.UNSUPPORTED, f"{count} mappings of {of} were not touched", subject)

    def _notes(self) -> list[corefile.Note]:
        """Return what debuggers ask for, and our own index of all mappings."""
        parts = self._plan.parts
        notes = []
        try:
            auxv = files.read_kernel("auxv", dir_fd=self._dir_fd, limit=MAX_AUXV)
            notes.append(corefile.Note(corefile.CORE_OWNER, corefile.NT_AUXV, auxv))
        except OSError:
            pass  # a help for debuggers, no evidence: the kernel's own table for the program
        of_files = [
            (part.mapping.start, part.mapping.end, part.mapping.offset, part.mapping.path)
            for part in parts
            if part.mapping.inode and part.mapping.path.startswith(b"/")
        ]
        notes.append(corefile.file_note(of_files, PAGE))
        lines = "".join(json.dumps(_index(part), separators=(",", ":")) + "\n" for part in parts)
        notes.append(corefile.Note(corefile.INDEX_OWNER, corefile.INDEX, lines.encode("ascii")))
        return notes


def _index(part: _Part) -> dict[str, Json]:
    """Return what our own note says of one mapping."""
    mapping = part.mapping
    path = text.from_bytes(mapping.path)
    return {
        "start": f"{mapping.start:x}",
        "end": f"{mapping.end:x}",
        "access": mapping.access,
        "path": path if isinstance(path, str) else dict(path),
        "what": part.why,
        "stored": sum(length for _, length in part.runs),
        "left": part.left,
    }


def _segments(part: _Part) -> Iterator[corefile.Segment]:
    """Yield the whole of a mapping as ranges that begin with what is stored; a hole at its start stands alone."""
    mapping = part.mapping
    starts = [start for start, _ in part.runs]
    if not starts or starts[0] > mapping.start:
        until = starts[0] if starts else mapping.end
        yield corefile.Segment(mapping.start, until - mapping.start, 0, mapping.flags)
    for (start, length), after in zip(part.runs, [*starts[1:], mapping.end], strict=False):
        yield corefile.Segment(start, after - start, length, mapping.flags)


def denied(roots: Roots, error: OSError) -> Gap:
    """Return the gap of a process whose memory the system doesn't give, with what stands behind it."""
    if files.outcome_of(error) is not Outcome.DENIED:
        return files.gap_of(error, "the memory of the process could not be read")
    try:
        scope = files.read_kernel(f"{roots.proc}/sys/kernel/yama/ptrace_scope", limit=16).strip().decode("ascii")
        yama = f"Yama's ptrace_scope is {scope}"
    except (OSError, UnicodeDecodeError):
        yama = "Yama is not there"
    return Gap(Outcome.DENIED, f"the memory of the process may not be read with the privileges of this run; {yama}")
