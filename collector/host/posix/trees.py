"""Files of people's trees for whoever judges them: come by once, read in part, copied whole or at both ends.

The walk is that of recent files (`walk`): what is found is held by its folder's descriptor, so that nothing that was
swapped meanwhile is read in its place.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, cast

from collector.host import Batch, HostError, Seen
from collector.host.posix.low import entries, files
from collector.host.posix.scope import is_below, people_first, people_untouched, scope_of
from collector.host.posix.walk import Descriptors, Folder, Trouble, Walk, top_of
from collector.host.treefiles import State, TreeFiles, batched
from collector.host.walking import MAX_PATH
from collector.model import Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.posix.entry import Facts
    from collector.host.posix.ground import Ground
    from collector.host.posix.mounts import Tree
    from collector.host.posix.scope import Scope
    from collector.host.posix.walk import Found
    from collector.model import Request
    from collector.text import Text


class Trees(TreeFiles[int]):
    """The trees of a request, people's folders first (see `collector.host.Trees`)."""

    def __init__(self, ground: Ground, request: Request) -> None:
        """Raise `HostError` where the table of mounts can't be read, and `RuleError` for a wrong table of types."""
        try:
            self._table = ground.mount_table()
        except OSError as e:  # without it any path may hang
            raise HostError(files.gap_of(e, "the table of mounts can't be read, so nothing was scanned")) from e
        self._ground = ground
        self._since_ns = request.since_ns
        self._scope: Scope = scope_of(self._table, request)
        self._first = people_first(self._table, self._scope, ground)
        self._told = list(people_untouched(self._table, self._scope, ground))
        """What of people's folders is not walked."""
        self._descriptors = Descriptors()

    def people(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of people's folders: homes, then what is shared."""
        yield from self._told
        yield from self._walk(self._first, ())

    def rest(self) -> Iterator[Batch | Gap]:
        """Yield the recent files of all other trees of the request."""
        yield from (gap for gap in self._scope.gaps if gap not in self._told)
        yield from self._walk(list(self._scope.trees), tuple(tree.path for tree in self._first))

    def _walk(self, trees: list[Tree], done: tuple[bytes, ...]) -> Iterator[Batch | Gap]:
        never = [*self._table.visible, *self._scope.exclude, *done]
        tops: list[Folder] = []
        for tree in trees:
            if tree.path in done or tree.path in self._scope.exclude or is_below(tree.path, self._scope.exclude):
                continue
            for top in top_of(tree.path, self._since_ns, never):
                if isinstance(top, Folder):
                    tops.append(top)
                else:
                    yield from self._top(top)
            self.entered += 1
        walk = Walk(tops, self._since_ns, self._scope.identities)
        try:
            for part in walk:
                if not part:
                    yield Batch(b"", None, [])  # time goes by: whoever has a limit looks at it
                yield from batched(part, _file, self.gap_of)
        finally:
            walk.close()

    def _top(self, top: Found | Trouble) -> Iterator[Batch | Gap]:
        """Yield the file that was named in place of a folder; what is neither is not read."""
        if isinstance(top, Trouble) or stat.S_ISREG(top.facts.mode):
            yield from batched([top], _file, self.gap_of)
        else:
            path = from_bytes(top.folder.path(top.name)[:MAX_PATH])
            yield Gap(Outcome.UNSUPPORTED, "the top of a tree is neither a folder nor a file", path)

    def locate(self, folder: bytes, name: bytes) -> Seen | Gap:
        """Return a file that the walk came by before, by the paths it was told under.

        The way is opened part by part from the top of its tree, so that no link leads elsewhere.
        """
        trees = [tree.path for tree in (*self._first, *self._scope.trees)]
        tops = [top for top in trees if top == folder or is_below(folder, [top])]
        place = Folder(None, max(tops, key=len, default=b"/"))
        rest = folder[len(place.name.rstrip(b"/")) :]
        for part in filter(None, rest.split(b"/")):
            place = Folder(place, part)
        try:
            return _seen(place, name, entries.Reader().facts(name, self._descriptors.of(place)))
        except OSError as e:
            path = os.path.join(folder, name)
            return files.gap_of(e, "a file can't be looked at again", from_bytes(path[:MAX_PATH]))

    def opened(self, seen: Seen) -> tuple[int, State]:
        """See `TreeFiles`."""
        fd = files.open_source(seen.name, dir_fd=self._descriptors.of(cast("Folder", seen.place)))
        try:
            status = os.fstat(fd)
            if (status.st_dev, status.st_ino) != seen.identity:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        except OSError:
            os.close(fd)
            raise
        return fd, _state(status)

    def bytes_at(self, file: int, length: int, offset: int) -> bytes:
        """See `TreeFiles`."""
        return os.pread(file, length, offset)

    def state(self, file: int) -> State:
        """See `TreeFiles`."""
        return _state(os.fstat(file))

    def let_go(self, file: int) -> None:
        """See `TreeFiles`."""
        os.close(file)

    def gap_of(self, error: OSError, what: str, subject: Text) -> Gap:
        """See `TreeFiles`."""
        return files.gap_of(error, what, subject)

    def close(self) -> None:
        """Let go of what is held open."""
        self._descriptors.close()


def _file(found: Found) -> Seen | None:
    return _seen(found.folder, found.name, found.facts) if stat.S_ISREG(found.facts.mode) else None


def _seen(folder: Folder, name: bytes, facts: Facts) -> Seen:
    return Seen(
        folder,
        name,
        facts.size,
        facts.mtime_ns,
        facts.ctime_ns,
        facts.btime_ns,
        (facts.device, facts.inode),
    )


def _state(status: os.stat_result) -> State:
    moments = {"atime_ns": status.st_atime_ns, "ctime_ns": status.st_ctime_ns, "mtime_ns": status.st_mtime_ns}
    return State(status.st_size, status.st_mtime_ns, {name: str(ns) for name, ns in moments.items()})
