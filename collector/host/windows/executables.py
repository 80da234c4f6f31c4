"""The file of every running program, hashed once, with what Windows says of its signature.

Windows tells the path under which a program was started. A running program's file can't be deleted, but renamed, and
another put in its place: one that is younger than the process is flagged.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import errno
import hashlib
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from collector.host.windows import accounts, files, process, signatures
from collector.model import Gap, Outcome, number
from collector.winformats import filetimes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.windows.processes import ProcessTable
    from collector.model import Json, Row
    from collector.winformats.folders import Facts
    from collector.winformats.processlist import Listed

MAX_HASHED: Final = 512 << 20
"""Most bytes of one executable that are hashed: larger ones are rare and would eat the source's time."""
CHUNK: Final = 1 << 20
SIGNATURE_SECONDS: Final = 20.0
"""The longest that all signatures may take: a third of the source's time."""
_OF_FILE: Final = ("sha256", "size", "mtime_ns", "owner", "signature")


@dataclass(slots=True)
class Executable:
    """A file that at least one process runs, known by volume and number, or by its path where it can't be opened."""

    path: str
    listed: list[Listed] = field(default_factory=list)
    error: OSError | None = None
    facts: Facts | None = None

    @property
    def is_deleted(self) -> bool | None:
        """Whether no file has this name any more; `None`: it isn't known."""
        if self.error is None:
            return False
        return True if files.outcome_of(self.error) is Outcome.ABSENT else None


def rows(table: ProcessTable) -> Iterator[Row | Gap]:
    """Yield a row for each executable of the processes last seen, those whose name is gone first, then by lowest pid.

    One that lies in the network is not touched. Where no processes were seen, their list is read now.
    """
    gaps: list[Gap] = []
    try:
        paths = programs(table, gaps)
    except (OSError, ValueError):
        yield Gap(Outcome.FAILED, "the list of processes could not be read")
        return
    asks = _signatures_asked(gaps)
    until = time.monotonic() + SIGNATURE_SECONDS
    found = _identified(paths)
    for one in sorted(found, key=lambda one: (not one.is_deleted, one.listed[0].pid)):
        row = _row(one, signed=asks and time.monotonic() < until)
        if asks and row["signature"] is None and not row["unread"]:
            row["unread"] = {"signature": str(Outcome.TIMED_OUT)}
        yield row
    if asks and time.monotonic() >= until:
        gaps.append(Gap(Outcome.TIMED_OUT, "signatures took too long: see the column unread"))
    yield from gaps


def _signatures_asked(gaps: list[Gap]) -> bool:
    try:
        told = signatures.replaced()
    except OSError as error:  # a key that even we may not read: somebody has seen to that
        gaps.append(files.gap_of(error, "what judges signatures here can't be looked up, so it was not asked"))
        return False
    if told:
        reason = "what judges signatures on this system has been replaced by another program, so it was not asked"
        gaps.append(Gap(Outcome.UNSUPPORTED, reason))
    return told is False


def programs(table: ProcessTable, gaps: list[Gap]) -> dict[str, list[Listed]]:
    """Return the processes of each program by its path; raises `OSError` or `ValueError`."""
    listed = table.listed or table.refresh()
    found: dict[str, list[Listed]] = {}
    hidden = ended = 0
    for one in listed:
        if process.is_of_kernel(one):
            continue
        path = table.paths.get(one.pid)
        if path is None:
            try:
                with process.opened(one) as held:
                    path = process.path(held)
            except ProcessLookupError:
                ended += 1
                continue
            except OSError:
                hidden += 1
                continue
        found.setdefault(path, []).append(one)
    if ended:
        gaps.append(Gap(Outcome.ABSENT, f"{ended} processes ended before their executable was looked at"))
    if hidden:
        gaps.append(Gap(Outcome.DENIED, f"the executables of {hidden} processes may not be seen"))
    return found


def _identified(paths: dict[str, list[Listed]]) -> list[Executable]:
    """Return each file once, whatever names it was started by."""
    found: dict[object, Executable] = {}
    for path, listed in paths.items():
        one = Executable(path, listed)
        try:
            with files.open_file(os.fsencode(path), look=True) as file:
                one.facts = file.facts()
        except OSError as error:
            one.error = error
        key = path if one.facts is None else one.facts.identity
        if key in found:
            found[key].listed = sorted([*found[key].listed, *listed], key=lambda each: each.pid)
        else:
            found[key] = one
    return list(found.values())


def _row(one: Executable, *, signed: bool) -> Row:
    flags: list[Json] = []
    row: Row = {
        "path": cast("Json", accounts.native(one.path)),
        "pids": [listed.pid for listed in one.listed],
        "sha256": None,
        "size": None,
        "deleted": one.is_deleted,
        "device": None,
        "inode": None,
        "mtime_ns": None,
        "mode": None,
        "owner": None,
        "flags": flags,
        "signature": None,
        "unread": {},
    }
    if one.facts is None:
        outcome = files.outcome_of(one.error) if one.error is not None else Outcome.FAILED
        row["unread"] = dict.fromkeys((*_OF_FILE, "device", "inode"), str(outcome))
        return row
    row |= {"device": f"{one.facts.device:08x}", "inode": str(one.facts.inode), "size": number(one.facts.size)}
    row["mtime_ns"] = str(one.facts.mtime_ns)
    started = min(filetimes.utc_ns(listed.created) for listed in one.listed)
    if one.facts.since(started):
        flags.append("newer-than-process")
    try:
        _read(one, one.facts, row, flags, signed=signed)
    except OSError as error:
        row["unread"] = {name: str(files.outcome_of(error)) for name in ("sha256", "owner") if row[name] is None}
        if signed and row["signature"] is None:
            cast("dict[str, Json]", row["unread"])["signature"] = str(files.outcome_of(error))
    return row


def _read(one: Executable, seen: Facts, row: Row, flags: list[Json], *, signed: bool) -> None:
    """Add what the file itself tells; raises `OSError`."""
    with files.open_file(os.fsencode(one.path)) as file:
        if file.facts().identity != seen.identity:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        row["owner"] = file.owner()
        if signed:
            row["signature"] = signatures.verdict(one.path, file.handle)
        row["sha256"] = digest(file)
        after = file.facts()
        if (after.size, after.mtime_ns, after.ctime_ns) != (seen.size, seen.mtime_ns, seen.ctime_ns):
            flags.append("changed-while-reading")


def digest(file: files.File, limit: int = MAX_HASHED) -> str:
    """Return the SHA-256 of an open file; raises `OSError`, EFBIG where it holds more than `limit` bytes."""
    sha256, at = hashlib.sha256(), 0
    while at <= limit and (data := file.read(CHUNK, at)):
        sha256.update(data)
        at += len(data)
    if at > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return sha256.hexdigest()
