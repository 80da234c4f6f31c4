"""Files of this machine whose content, entry or birth is recent, with their hashes within a budget.

What is scanned is chosen from the table of mounts; two threads walk (`walk`), and the
thread that takes the rows hashes, so that neither waits long for the other.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from collector.host.posix import entry
from collector.host.posix.low import files
from collector.host.posix.scope import is_below, scope_of
from collector.host.posix.walk import Descriptors, Folder, Found, Trouble, Walk, top_of
from collector.host.scanning import OVER_BUDGET, Hashes, Troubles
from collector.host.walking import MAX_PATH
from collector.model import Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.posix.ground import Ground
    from collector.host.posix.mounts import MountTable, Tree
    from collector.host.posix.scope import Scope
    from collector.model import Gap, Request, Row


def rows(ground: Ground, request: Request) -> Iterator[Row | Gap]:
    """Yield a row for each recent entry that is no folder, then the gaps that only the end knows.

    Scans every local file system, each once, or the trees of `request.scan`. Network, FUSE
    and unknown file systems are gaps and never touched. Raises `RuleError` for a wrong table
    of file systems. Not found: what changed before the walk came by and was gone by then.
    """
    try:
        table = ground.mount_table()
    except OSError as e:  # without it any path may hang
        yield files.gap_of(e, "the table of mounts can't be read, so nothing was scanned")
        return
    scope = scope_of(table, request)
    yield from scope.gaps
    yield from _Scan(table, scope, request).rows()


class _Scan:
    """One scan: makes rows of what the walk found, hashes within the budget and counts what is left out."""

    def __init__(self, table: MountTable, scope: Scope, request: Request) -> None:
        self._request = request
        self._scope = scope
        self._never = [*table.visible, *scope.exclude]
        self._descriptors = Descriptors()
        self._troubles = Troubles()
        self._hashes = Hashes(request)

    def rows(self) -> Iterator[Row | Gap]:
        """Yield rows and gaps; the threads of the walk end when this does."""
        tops: list[Folder] = []
        for tree in self._scope.trees:
            for top in self._top(tree):
                if isinstance(top, Folder):
                    tops.append(top)
                else:
                    yield from self._item(top)
        walk = Walk(tops, self._request.since_ns, self._scope.identities)
        try:
            for part in walk:
                for found in part:
                    yield from self._item(found)
        finally:
            walk.close()
            self._descriptors.close()
        yield from self._troubles.rest()
        yield from self._hashes.left_out()

    def _top(self, tree: Tree) -> Iterator[Folder | Found | Trouble]:
        if tree.path not in self._scope.exclude and not is_below(tree.path, self._scope.exclude):
            yield from top_of(tree.path, self._request.since_ns, self._never)

    def _item(self, item: Found | Trouble) -> Iterator[Row | Gap]:
        if not isinstance(item, Trouble):
            yield self._row(item)
            return
        path = item.folder.path(item.name)[:MAX_PATH]
        yield from self._troubles.one(
            item.what, files.outcome_of(item.error), lambda: files.gap_of(item.error, item.what, from_bytes(path))
        )

    def _row(self, found: Found) -> Row:
        facts = found.facts
        flags: list[str] = []
        path = found.folder.path(found.name)
        if len(path) > MAX_PATH:
            path = path[:MAX_PATH]
            flags.append("path-cut")
        row: Row = {
            "path": from_bytes(path),  # type: ignore[dict-item] # Text is Json; mypy can't see it
            **entry.described(facts),
            "links": facts.links,
            "sha256": self._sha256(found, flags) if stat.S_ISREG(facts.mode) else None,
            "judged": [],
            "short_name": None,
            "streams": None,
        }
        row["flags"] = [*flags]
        return row

    def _sha256(self, found: Found, flags: list[str]) -> str | None:
        """Return the digest of a recent file, or `None` and the flag that says why."""
        digest = None
        with self._hashes.timed(found.facts.size, flags):
            try:
                if self._hashes.is_affordable(found.facts.size):
                    digest = self._hashed(found, flags)
                else:
                    flags.append(OVER_BUDGET)
            except OSError as e:
                outcome = files.outcome_of(e)
                flags.append({Outcome.ABSENT: "vanished", Outcome.DENIED: "denied"}.get(outcome, "unreadable"))
                if e.errno in (errno.ESTALE, errno.ELOOP, errno.ENXIO):  # another folder, a link, a FIFO stands there
                    flags[-1] = "replaced"
        return digest

    def _hashed(self, found: Found, flags: list[str]) -> str | None:
        """Hash a file up to the size it had when it was opened."""
        with files.opened(found.name, dir_fd=self._descriptors.of(found.folder)) as fd:
            before = os.fstat(fd)
            if (before.st_dev, before.st_ino) != (found.facts.device, found.facts.inode):
                flags.append("replaced")
                return None
            if not self._hashes.is_affordable(before.st_size):
                flags.append(OVER_BUDGET)
                return None
            digest = self._hashes.digest(before.st_size, lambda view: os.readv(fd, [view]), flags)
            if digest is None:
                return None
            after = os.fstat(fd)
        seen = (found.facts.size, found.facts.mtime_ns, found.facts.ctime_ns)
        if any(seen != (st.st_size, st.st_mtime_ns, st.st_ctime_ns) for st in (before, after)):
            flags.append("changed-while-reading")
        return digest
