"""Files of this machine whose content, entry or birth is recent, with their hashes within a budget.

Times, number and 8.3 name come with the listing of a folder; each recent file is then opened once to look at its
owner, links and streams, and once more to hash it where that is affordable. A listing tells the state of the last time
that a file was closed (NTFS): one that somebody holds open all the while may be missed.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import errno
import os
import time
from typing import TYPE_CHECKING, Final, cast

from collector.host.scanning import OVER_BUDGET, Hashes, Troubles
from collector.host.walking import MAX_PATH
from collector.host.windows import files, ntcalls
from collector.host.windows.scope import scope_of
from collector.host.windows.walk import Folder, OpenFolders, Trouble, Walk
from collector.model import Gap, Outcome, number
from collector.text import from_bytes, from_native, parted
from collector.winformats import reparse, streams
from collector.winformats.folders import NO_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.windows.scope import Scope
    from collector.host.windows.walk import Found
    from collector.model import Json, Request, Row
    from collector.winformats.folders import Facts

LOOK_SECONDS: Final = 120.0
"""How long recent files are opened to look at owner, links and streams, in all."""
_KNOWN: Final = 4_096
"""Digests of files with several names that are kept, so that each is read once."""


def rows(request: Request) -> Iterator[Row | Gap]:
    """Yield a row for each recent entry that is no folder, then the gaps that only the end knows.

    Scans every local volume, each once, or the trees of `request.scan`. Drives of the network are gaps and never
    touched, reparse points are rows and never followed, placeholders are rows and never opened.
    """
    scope = scope_of(request)
    yield from scope.gaps
    yield from _Scan(scope, request).rows()


class _Scan:
    """One scan: makes rows of what the walk found, hashes within the budget and counts what is left out."""

    def __init__(self, scope: Scope, request: Request) -> None:
        self._request = request
        self._scope = scope
        self._folders = OpenFolders()
        self._troubles = Troubles()
        self._hashes = Hashes(request)
        self._digests: dict[tuple[int, int, int, int], str] = {}
        self._seconds = 0.0
        self._unlooked = self._streamless = 0

    def rows(self) -> Iterator[Row | Gap]:
        """Yield rows and gaps; the threads of the walk end when this does."""
        tops: list[Folder] = []
        for tree in self._scope.trees:
            for top in tops_of(tree, self._request.since_ns):
                if isinstance(top, Folder):
                    tops.append(top)
                else:
                    yield from self._item(top)
        walk = Walk(tops, self._request.since_ns, self._scope.exclude)
        try:
            for part in walk:
                for found in part:
                    yield from self._item(found)
        finally:
            walk.close()
            self._folders.close()
        yield from self._troubles.rest()
        yield from self._hashes.left_out()
        if self._unlooked:
            what = "owner, links and streams of so many recent files were not looked at: over the limit of time"
            yield Gap(Outcome.TIMED_OUT, f"{what}: {self._unlooked}")
        if self._streamless:
            what = "alternate data streams of so many recent files can't be listed by this system"
            yield Gap(Outcome.UNSUPPORTED, f"{what}: {self._streamless}")

    def _item(self, item: Found | Trouble) -> Iterator[Row | Gap]:
        if not isinstance(item, Trouble):
            yield self._row(item)
            return
        path = item.folder.path(item.name)[:MAX_PATH]
        outcome = Outcome.UNSUPPORTED if isinstance(item.error, files.RefusedError) else files.outcome_of(item.error)
        yield from self._troubles.one(
            item.what, outcome, lambda: files.gap_of(item.error, item.what, from_bytes(path))
        )

    def _row(self, found: Found) -> Row:
        facts = found.facts
        flags: list[str] = []
        path = found.folder.path(found.name)
        if len(path) > MAX_PATH:
            path = path[:MAX_PATH]
            flags.append("path-cut")
        row: Row = {
            "path": cast("Json", from_bytes(path)),
            **described(facts),
            "sha256": None,
            "judged": [],
            "streams": None,
        }
        if facts.type == "file":
            self._look(found, row, flags)
            row["sha256"] = self._sha256(found, flags)
        row["flags"] = [*flags]
        return row

    def _look(self, found: Found, row: Row, flags: list[str]) -> None:
        """Fill in what only an open file tells; that needs no right to read it, and nobody's lock hinders it."""
        if self._seconds > LOOK_SECONDS:
            self._unlooked += 1
            return
        started = time.monotonic()
        try:
            with self._opened(found, look=True) as file:
                now = file.facts()
                if not now.is_same(found.facts):
                    return  # told by the flag of the hash
                row["links"] = now.links
                row["streams"] = self._streams(file, flags)
                row["owner"] = file.owner()
        except OSError:
            pass  # a file that is gone or refused is told by the flag of the hash; an owner may be kept from us alone
        finally:
            self._seconds += time.monotonic() - started

    def _streams(self, file: files.File, flags: list[str]) -> Json:
        """Return the alternate streams of a file, `None` where they can't be listed."""
        try:
            found = file.streams()
        except (OSError, ValueError):
            self._streamless += 1
            return None
        if len(found) > streams.MOST:
            flags.append("streams-cut")
        told: list[Json] = []
        for one in found[: streams.MOST]:
            text: Json = None
            if one.name == streams.MARK:
                try:
                    text = cast("Json", from_bytes(file.mark()))
                except OSError:
                    flags.append("mark-unread")
            told.append({"name": cast("Json", from_native(one.name)), "size": number(one.size), "text": text})
        return told

    def _sha256(self, found: Found, flags: list[str]) -> str | None:
        """Return the digest of a recent file, or `None` and the flag that says why."""
        facts = found.facts
        if reparse.is_placeholder(facts.attributes, facts.tag):
            flags.append("elsewhere")
            return None
        key = (*facts.identity, facts.size, facts.mtime_ns)
        if key in self._digests:
            return self._digests[key]
        digest = None
        with self._hashes.timed(facts.size, flags):
            try:
                if self._hashes.is_affordable(facts.size):
                    digest = self._hashed(found, flags)
                else:
                    flags.append(OVER_BUDGET)
            except OSError as e:
                flags.append(why(e))
        if digest is not None and not flags and facts.inode not in NO_NUMBERS and len(self._digests) < _KNOWN:
            self._digests[key] = digest
        return digest

    def _hashed(self, found: Found, flags: list[str]) -> str | None:
        """Hash a file up to the size it had when it was opened."""
        with self._opened(found) as file:
            before = file.facts()
            if not before.is_same(found.facts):
                flags.append("replaced")
                return None
            if not self._hashes.is_affordable(before.size):
                flags.append(OVER_BUDGET)
                return None
            at = 0

            def read(view: memoryview) -> int:
                nonlocal at
                address = ctypes.addressof(ctypes.c_char.from_buffer(view))
                done = ntcalls.read_at(file.handle, address, len(view), at)
                at += done
                return done

            digest = self._hashes.digest(before.size, read, flags)
            if digest is None:
                return None
            after = file.facts()
        seen = (found.facts.size, found.facts.mtime_ns, found.facts.ctime_ns)
        if any(seen != (one.size, one.mtime_ns, one.ctime_ns) for one in (before, after)):
            flags.append("changed-while-reading")
        return digest

    def _opened(self, found: Found, *, look: bool = False) -> files.File:
        return files.open_below(os.fsdecode(found.name), self._folders.of(found.folder), look=look)


def why(error: OSError) -> str:
    """Return the flag for a file that could not be read."""
    if isinstance(error, files.RefusedError):
        return "elsewhere"
    if error.errno in (errno.ESTALE, errno.ELOOP, errno.ENXIO):  # another folder, a link, a folder stands there
        return "replaced"
    known = {Outcome.ABSENT: "vanished", Outcome.DENIED: "denied", Outcome.LOCKED: "locked"}
    return known.get(files.outcome_of(error), "unreadable")


def tops_of(tree: bytes, since_ns: int) -> Iterator[Folder | Found | Trouble]:
    """Yield the folder at the top of a tree, or the recent file that stands there."""
    from collector.host import walking

    above, name = parted(tree)
    folder = Folder(None, above if above.endswith(b"\\") or above.rpartition(b"\\")[2][1:] != b":" else above + b"\\")
    try:
        files.open_folder(tree).close()
    except OSError as error:
        if not name:  # a drive, which may have no medium: no file can stand there
            yield Trouble(Folder(None, tree), name, error, "the top of a tree can't be looked at")
            return
        if error.errno != errno.ENOENT and files.outcome_of(error) is not Outcome.ABSENT:
            yield Trouble(folder, name, error, "the top of a tree can't be looked at")
            return
    else:
        yield Folder(None, tree)
        return
    try:
        with files.open_file(tree, look=True) as file:
            facts = file.facts()
    except OSError as error:
        yield Trouble(folder, name, error, "the top of a tree can't be looked at")
        return
    if facts.since(since_ns):
        yield walking.Found(folder, name, facts)


def described(facts: Facts) -> Row:
    """Return the columns of a row that say what an entry is, whose, and when it changed."""
    return {
        "type": facts.type,
        "size": number(facts.size),
        "mtime_ns": str(facts.mtime_ns),
        "ctime_ns": None if facts.ctime_ns is None else str(facts.ctime_ns),
        "btime_ns": None if facts.btime_ns is None else str(facts.btime_ns),
        "atime_ns": str(facts.atime_ns),
        "mode": None,
        "owner": None,
        "group": None,
        "inode": str(facts.inode),
        "device": f"{facts.device >> 16:04X}-{facts.device & 0xFFFF:04X}",
        "links": facts.links,
        "short_name": None if facts.short is None else cast("Json", from_native(facts.short)),
    }
