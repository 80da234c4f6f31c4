"""Looks for what patterns name, part by part below handles: nothing leads away, nothing is fetched from elsewhere.

A junction, a symbolic link or any other reparse point is told and never followed; a folder whose content lies in the
cloud is not entered. Folders of the bundle are never looked into. A name matches in either case.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.expansion import Deep, Glob
from collector.host import ways
from collector.host.ways import Way
from collector.host.windows import files, ntcalls
from collector.model import Gap, Outcome
from collector.text import from_bytes
from collector.winformats import folders, paths, reparse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.expansion import Pattern
    from collector.winformats.folders import Facts

_KERNEL: Final = b"Device"
"""First part of a path of the kernel's objects (`collector.expansion.KERNEL`)."""
_NOT_A_FOLDER: Final = 267  # ERROR_DIRECTORY
_NEVER_A_NAME: Final = frozenset('"*:<>?|/')
"""Letters that no file system of Windows has in a name; a colon would open an alternate data stream."""


@dataclass(frozen=True, slots=True)
class Match:
    """Something that a pattern names."""

    path: bytes
    facts: Facts | None
    """What the file system says of it; a device of the kernel is only named."""


class Finder:
    """Finds what patterns name, until a deadline; `excluded` are raw paths that are never looked into."""

    def __init__(self, excluded: tuple[bytes, ...], deadline: float) -> None:
        self._deadline = deadline
        self._excluded = {paths.folded(os.path.abspath(path)) for path in excluded}

    def find(self, pattern: Pattern) -> Iterator[Match | Gap]:
        """Yield what a pattern names, in order of name; what can't be looked at is a gap, what isn't there nothing."""
        way = Way(self._deadline)
        plain = _plain(pattern)
        above = plain if len(plain) < len(pattern) else plain[:-1]
        path = b"\\".join(above)
        if above == [_KERNEL]:
            yield from _objects(pattern[1:])
            return
        if not above or any(_is_no_name(part) for part in above[1:]):
            return
        if self._barred(path):
            return
        try:
            folder = files.open_folder(path + b"\\" if len(above) == 1 else path)
        except OSError as e:
            if not _is_absent(e):
                yield _gap_of(e, "a folder can't be opened", path)
            return
        with folder:
            for found in self._below(folder.handle, path, pattern[len(above) :], way):
                if isinstance(found, Match):
                    if (key := paths.folded(found.path)) in way.seen:
                        continue
                    way.seen.add(key)
                yield found

    def _below(self, folder: int, path: bytes, parts: Pattern, way: Way) -> Iterator[Match | Gap]:
        """Yield what `parts` name below an open folder."""
        if (ended := way.ends(parts, path)) is not None:
            yield from ended
            return
        way.level += 1
        part, rest = parts[0], parts[1:]
        if isinstance(part, bytes):
            yield from self._named(folder, path, part, rest, way)
        else:
            if isinstance(part, Deep) and rest:  # no folder between, too
                yield from self._below(folder, path, rest, way)
            entries: list[tuple[bytes, Facts]] = []
            yield from _entries(folder, path, entries)
            for name, facts in entries:
                yield from self._one(folder, path, (name, facts), parts, way)
        way.level -= 1

    def _one(
        self, folder: int, path: bytes, entry: tuple[bytes, Facts], parts: Pattern, way: Way
    ) -> Iterator[Match | Gap]:
        """Yield what one entry of a folder leads to, whose first part many names may match."""
        (name, facts), part, rest = entry, parts[0], parts[1:]
        here = path + b"\\" + name
        if isinstance(part, Glob) and not part.matches(name):
            return
        if self._barred(here):
            return
        if not rest:
            yield Match(here, facts)
        if isinstance(part, Deep):
            deeper: Pattern = (Deep(part.levels - 1), *rest) if part.levels > 1 else rest
        else:
            deeper = rest
        if deeper and reparse.is_entered(facts.attributes, facts.tag):
            yield from self._descend(folder, here, name, deeper, way, exact=True)

    def _named(self, folder: int, path: bytes, name: bytes, rest: Pattern, way: Way) -> Iterator[Match | Gap]:
        """Follow one name that the pattern says: to what it is, if the pattern ends here, else into it."""
        here = path + b"\\" + name
        if _is_no_name(name) or self._barred(here):
            return
        if rest:
            yield from self._descend(folder, here, name, rest, way, exact=False)
            return
        try:
            with files.File(ntcalls.open_name(os.fsdecode(name), folder, ntcalls.LOOK, ntcalls.NO_FOLLOW)) as seen:
                facts = seen.facts()
        except OSError as e:
            if not _is_absent(e):
                yield _gap_of(e, "an entry can't be looked at", here)
            return
        yield Match(here, facts)

    def _descend(
        self, folder: int, here: bytes, name: bytes, rest: Pattern, way: Way, *, exact: bool
    ) -> Iterator[Match | Gap]:
        """Go on in a folder; a name that is none leads nowhere."""
        try:
            below = files.open_folder_below(os.fsdecode(name), folder, exact=exact)
        except OSError as e:
            if not _is_absent(e):
                yield _gap_of(e, "a folder can't be entered", here)
            return
        with below:
            yield from self._below(below.handle, here, rest, way)

    def _barred(self, here: bytes) -> bool:
        return bool(self._excluded) and paths.folded(here) in self._excluded


def _objects(parts: Pattern) -> Iterator[Match | Gap]:
    """Yield the kernel's devices that a name matches, without opening one; of a volume the root says what it is."""
    if len(parts) != 1 or isinstance(parts[0], Deep):
        return
    wanted = parts[0]
    try:
        names = sorted(ntcalls.objects("\\Device"))
    except OSError as e:
        yield files.gap_of(e, "the devices of the kernel can't be listed")
        return
    for name in (os.fsencode(name) for name in names):
        if wanted.matches(name) if isinstance(wanted, Glob) else wanted.lower() == name.lower():
            yield Match(b"\\Device\\" + name, None)


def _plain(pattern: Pattern) -> list[bytes]:
    """Return the plain names that a pattern begins with."""
    found = []
    for part in pattern:
        if not isinstance(part, bytes):
            break
        found.append(part)
    return found


def _is_no_name(name: bytes) -> bool:
    return not _NEVER_A_NAME.isdisjoint(os.fsdecode(name))


def _is_absent(error: OSError) -> bool:
    return error.winerror == _NOT_A_FOLDER or files.outcome_of(error) is Outcome.ABSENT


def _gap_of(error: OSError, what: str, path: bytes) -> Gap:
    if error.errno == errno.ELOOP:
        return Gap(Outcome.UNSUPPORTED, "a junction or link on the way is not followed", from_bytes(path))
    return files.gap_of(error, what, from_bytes(path))


def _entries(folder: int, path: bytes, entries: list[tuple[bytes, Facts]]) -> Iterator[Gap]:
    """Fill in the entries of a folder in order; yield a gap where they, or not all of them, can be had."""
    try:
        device = ntcalls.information(folder).serial
        for raw in files.slices(folder):
            entries.extend(folders.all_of(raw, device))
            if len(entries) > ways.MAX_ENTRIES:
                yield ways.too_many(path)
                del entries[ways.MAX_ENTRIES :]
                break
    except OSError as e:
        yield files.gap_of(e, "a folder can't be read to its end", from_bytes(path))
    except ValueError:
        yield Gap(Outcome.FAILED, "the file system gave entries of a folder that are none", from_bytes(path))
    entries.sort(key=lambda entry: entry[0])
