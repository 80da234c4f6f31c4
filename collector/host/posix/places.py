"""Looks for what patterns name, part by part below descriptors: nothing that may hang is touched, no link leads astray.

A link is followed only where root made it, in a folder that only root may change (`/var/run`, a unit that is
enabled), so that nobody else can lead us out of his own home. Folders of the bundle are never looked into.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.expansion import Deep, Glob
from collector.host import ways
from collector.host.posix.low import entries, files
from collector.host.posix.mounts import MAX_LINKS, Kind, resolved
from collector.host.ways import Way
from collector.model import Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.expansion import Pattern
    from collector.host.posix.entry import Facts
    from collector.host.posix.mounts import MountTable


@dataclass(frozen=True, slots=True)
class Match:
    """Something that a pattern names: `folder` is open while it is looked at, and `path` is without links."""

    folder: int
    name: bytes
    path: bytes
    facts: Facts
    target: bytes | None = None
    """Where a link leads, which is itself the match."""
    linked: bool = False
    """Whether a link led here: it is a match of its own where it ends the path."""


class Finder:
    """Finds what patterns name, until a deadline; `excluded` are raw paths that are never looked into."""

    def __init__(self, table: MountTable, excluded: tuple[bytes, ...], deadline: float) -> None:
        self._table = table
        self._deadline = deadline
        self._reader = entries.Reader()
        self._excluded = set()
        for path in excluded:
            try:
                self._excluded.add(resolved(table, path))
            except OSError:  # not there (yet)
                self._excluded.add(os.path.abspath(path))

    def find(self, pattern: Pattern) -> Iterator[Match | Gap]:
        """Yield what a pattern names, in order of name; what can't be looked at is a gap, what isn't there nothing."""
        way = Way(self._deadline)
        for found in self._from_root(pattern, way):
            if isinstance(found, Match):
                if found.path in way.seen:
                    continue
                way.seen.add(found.path)
            yield found

    def _from_root(self, parts: Pattern, way: Way) -> Iterator[Match | Gap]:
        try:
            root = files.hold_folder(b"/")
        except OSError as e:
            yield files.gap_of(e, "the root can't be opened")
            return
        try:
            yield from self._below(root, b"", parts, way)
        finally:
            os.close(root)

    def _below(self, folder: int, path: bytes, parts: Pattern, way: Way) -> Iterator[Match | Gap]:
        """Yield what `parts` name below an open folder whose path is `path` (empty for the root)."""
        if (ended := way.ends(parts, path)) is not None:
            yield from ended
            return
        way.level += 1
        part, rest = parts[0], parts[1:]
        if isinstance(part, bytes):
            yield from self._entry(folder, path, part, rest, way)
        else:
            if isinstance(part, Deep) and rest:  # no folder between, too
                yield from self._below(folder, path, rest, way)
            names: list[bytes] = []
            yield from self._names(folder, path, names)
            for name in names:
                if isinstance(part, Glob) and not part.matches(name):
                    continue
                if not isinstance(part, Deep) or not rest:
                    yield from self._entry(folder, path, name, rest, way, listed=True)
                if isinstance(part, Deep) and (part.levels > 1 or rest):
                    deeper: Pattern = (Deep(part.levels - 1), *rest) if part.levels > 1 else rest
                    yield from self._descend(folder, path + b"/" + name, name, deeper, way, told=not rest)
        way.level -= 1

    def _names(self, folder: int, path: bytes, names: list[bytes]) -> Iterator[Gap]:
        """Fill in the names of a folder in order; yield a gap where they, or not all of them, can be had."""
        try:
            fd = files.open_source(b".", dir_fd=folder, folder=True)
        except OSError as e:
            yield files.gap_of(e, "a folder can't be opened", from_bytes(path or b"/"))
            return
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    if len(names) == ways.MAX_ENTRIES:
                        yield ways.too_many(path)
                        break
                    names.append(os.fsencode(entry.name))
        except OSError as e:
            yield files.gap_of(e, "a folder can't be read to its end", from_bytes(path or b"/"))
        finally:
            os.close(fd)
        names.sort()

    def _entry(
        self, folder: int, path: bytes, name: bytes, rest: Pattern, way: Way, *, listed: bool = False
    ) -> Iterator[Match | Gap]:
        """Follow one name: to what it is, if the pattern ends here, else into it."""
        here = path + b"/" + name
        if (barred := self._barred(here, named=not listed)) is not None:
            yield from barred
            return
        try:
            facts = self._reader.facts(name, folder)
        except OSError as e:
            if files.outcome_of(e) is not Outcome.ABSENT:
                yield files.gap_of(e, "an entry can't be looked at", from_bytes(here))
            return
        if stat.S_ISLNK(facts.mode):
            yield from self._link(folder, here, name, facts, rest, way)
        elif not rest:
            yield Match(folder, name, here, facts, linked=way.links > 0)
        elif stat.S_ISDIR(facts.mode):
            yield from self._descend(folder, here, name, rest, way, named=not listed)

    def _barred(self, here: bytes, *, named: bool) -> list[Gap] | None:
        """Return what is told of a path that is not touched (maybe nothing), or `None` where it may be.

        What the kernel makes itself (`/proc`) is entered only where a pattern names it.
        """
        mount = self._table.visible.get(here)
        if mount is not None and mount.remote:
            reason = "a network or FUSE file system, or one that we don't know: not touched, since that may hang"
            return [Gap(Outcome.UNSUPPORTED, reason, from_bytes(here))]
        hidden = here in self._excluded or (mount is not None and mount.kind is Kind.PSEUDO and not named)
        return [] if hidden else None

    def _descend(
        self,
        folder: int,
        here: bytes,
        name: bytes,
        rest: Pattern,
        way: Way,
        *,
        named: bool = False,
        told: bool = False,
    ) -> Iterator[Match | Gap]:
        """Go on in a folder; a name that is none, or not one for us to enter, leads nowhere."""
        if (barred := self._barred(here, named=named)) is not None:
            yield from () if told else barred
            return
        try:
            below = files.hold_folder(name, dir_fd=folder)
        except OSError as e:
            if files.outcome_of(e) not in (Outcome.ABSENT, Outcome.UNSUPPORTED):
                yield files.gap_of(e, "a folder can't be entered", from_bytes(here))
            return
        try:
            yield from self._below(below, here, rest, way)
        finally:
            os.close(below)

    def _link(
        self, folder: int, here: bytes, name: bytes, facts: Facts, rest: Pattern, way: Way
    ) -> Iterator[Match | Gap]:
        """Tell of a link, and follow it where root made it in a folder that is root's own."""
        try:
            target = os.readlink(name, dir_fd=folder)
            above = os.fstat(folder)
        except OSError as e:
            yield files.gap_of(e, "a link can't be read", from_bytes(here))
            return
        if not rest:
            yield Match(folder, name, here, facts, target, way.links > 0)
        if facts.owner != 0 or above.st_uid != 0 or above.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            if rest:
                yield Gap(Outcome.UNSUPPORTED, "a link that is not the system's own is not followed", from_bytes(here))
            return
        if way.links == MAX_LINKS:
            yield Gap(Outcome.UNSUPPORTED, f"more than {MAX_LINKS} links lead from one to the next", from_bytes(here))
            return
        whole = target if target.startswith(b"/") else here.rpartition(b"/")[0] + b"/" + target
        way.links += 1
        yield from self._from_root((*_normal(whole), *rest), way)
        way.links -= 1


def _normal(path: bytes) -> list[bytes]:
    """Return the parts of an absolute path; `..` takes back the part before as it stands."""
    parts: list[bytes] = []
    for name in path.split(b"/"):
        if name == b"..":
            with suppress(IndexError):
                parts.pop()
        elif name not in (b"", b"."):
            parts.append(name)
    return parts
