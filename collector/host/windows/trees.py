"""Files of people's trees for whoever judges them: come by once, read in part, copied whole or at both ends.

The walk is that of recent files (`walk`): what is found is held by its folder's handle and known by its number, so
that nothing that was swapped meanwhile is read in its place.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from collector.host import Batch, HostError, Seen
from collector.host.treefiles import State, TreeFiles, batched
from collector.host.walking import MAX_PATH
from collector.host.windows import files
from collector.host.windows.recent import tops_of
from collector.host.windows.scope import people_first, people_unreached, scope_of
from collector.host.windows.walk import Folder, OpenFolders, Trouble, Walk
from collector.model import Gap, Outcome
from collector.text import from_bytes
from collector.winformats import paths
from collector.winformats.folders import NO_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.windows.scope import Scope
    from collector.host.windows.walk import Found
    from collector.model import Request
    from collector.text import Text
    from collector.winformats.folders import Facts


class Trees(TreeFiles[files.File]):
    """The trees of a request, people's folders first (see `collector.host.Trees`)."""

    def __init__(self, request: Request) -> None:
        """Raise `HostError` where there is no tree that can be walked."""
        self._since_ns = request.since_ns
        self._scope: Scope = scope_of(request)
        if not self._scope.trees:
            why = "there is no local volume or folder to walk"
            raise HostError(next(iter(self._scope.gaps), Gap(Outcome.ABSENT, why)))
        self._first = people_first(self._scope)
        self._unreached = [*people_unreached()] if request.scan is None else []
        self._folders = OpenFolders()

    def people(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of people's folders: profiles, then what is shared."""
        yield from self._scope.gaps
        yield from self._unreached
        yield from self._walk(self._first, frozenset())

    def rest(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of all other trees of the request."""
        trees = [tree for tree in self._scope.trees if tree not in self._first]
        yield from self._walk(trees, frozenset(self._done()))

    def _done(self) -> Iterator[tuple[int, int]]:
        """Yield what people's folders are on disk: the walk over the rest leaves them out."""
        for path in self._first:
            with suppress(OSError), files.open_folder(path) as folder:
                facts = folder.facts()
                if facts.inode not in NO_NUMBERS:
                    yield facts.identity

    def _walk(self, trees: list[bytes], done: frozenset[tuple[int, int]]) -> Iterator[Batch | Gap]:
        tops: list[Folder] = []
        for tree in trees:
            for top in tops_of(tree, self._since_ns):
                if isinstance(top, Folder):
                    tops.append(top)
                elif tree in self._scope.trees or not _is_absent(top):  # not every place of people is on every machine
                    yield from batched([top], _file, self.gap_of)
            self.entered += 1
        walk = Walk(tops, self._since_ns, self._scope.exclude | done)
        try:
            for part in walk:
                if not part:
                    yield Batch(b"", None, [])  # time goes by: whoever has a limit looks at it
                yield from batched(part, _file, self.gap_of)
        finally:
            walk.close()

    def locate(self, folder: bytes, name: bytes) -> Seen | Gap:
        """Return a file that the walk came by before, by the paths it was told under.

        The way is opened part by part from the top of its tree, so that no link leads elsewhere.
        """
        tops = [tree for tree in (*self._first, *self._scope.trees) if paths.is_in(folder, tree)]
        try:
            top = max(tops, key=len, default=None) or os.fsencode(files.place_of(folder)._replace(names=()).text)
            place = Folder(None, top)
            for part in filter(None, folder[len(top) :].split(b"\\")):
                place = Folder(place, part)
            with files.open_below(os.fsdecode(name), self._folders.of(place), look=True) as file:
                return _seen(place, name, file.facts())
        except OSError as e:
            path = Folder(None, folder).path(name)
            return files.gap_of(e, "a file can't be looked at again", from_bytes(path[:MAX_PATH]))

    def opened(self, seen: Seen) -> tuple[files.File, State]:
        """See `TreeFiles`."""
        file = files.open_below(os.fsdecode(seen.name), self._folders.of(cast("Folder", seen.place)))
        try:
            facts = file.facts()
            unnumbered = seen.identity[1] in NO_NUMBERS and (facts.btime_ns, facts.size) == (seen.btime_ns, seen.size)
            if facts.identity != seen.identity and not unnumbered:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        except OSError:
            file.close()
            raise
        return file, _state(facts)

    def bytes_at(self, file: files.File, length: int, offset: int) -> bytes:
        """See `TreeFiles`."""
        return file.read(length, offset)

    def state(self, file: files.File) -> State:
        """See `TreeFiles`."""
        return _state(file.facts())

    def let_go(self, file: files.File) -> None:
        """See `TreeFiles`."""
        file.close()

    def gap_of(self, error: OSError, what: str, subject: Text) -> Gap:
        """See `TreeFiles`."""
        return files.gap_of(error, what, subject)

    def close(self) -> None:
        """Let go of what is held open."""
        self._folders.close()


def _is_absent(top: Found | Trouble) -> bool:
    return isinstance(top, Trouble) and files.outcome_of(top.error) is Outcome.ABSENT


def _file(found: Found) -> Seen | None:
    return _seen(found.folder, found.name, found.facts) if found.facts.type == "file" else None


def _seen(folder: Folder, name: bytes, facts: Facts) -> Seen:
    changed = facts.mtime_ns if facts.ctime_ns is None else facts.ctime_ns  # FAT keeps none
    return Seen(folder, name, facts.size, facts.mtime_ns, changed, facts.btime_ns, facts.identity)


def _state(facts: Facts) -> State:
    moments = {
        "atime_ns": facts.atime_ns,
        "btime_ns": facts.btime_ns,
        "ctime_ns": facts.ctime_ns,
        "mtime_ns": facts.mtime_ns,
    }
    return State(facts.size, facts.mtime_ns, {name: str(ns) for name, ns in moments.items() if ns is not None})
