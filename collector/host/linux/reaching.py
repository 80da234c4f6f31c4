"""Whether the program of a process may be touched: told by the mount that it lies in, before anybody is asked.

A look at a file that a program answers for (FUSE) may never return, and whoever waits for it can't even end. The path
of a program means little: a process may have mounts of its own, a root of its own, or run from a mount that was taken
away. So the kernel's link is taken hold of, which asks nobody (O_PATH, open(2)), and the number of its mount is sought
in our own table of mounts and in that of the process.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Final

from collector import rules
from collector.host.linux import files, mounts, process
from collector.host.posix.mounts import MountTable

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.host.linux import Roots
    from collector.host.posix.mounts import Mount

MAX_TABLES: Final = 256
"""Most tables of mounts of other processes that are read: one for each namespace and root."""
_MOUNT: Final = re.compile(rb"^mnt_id:\s+(\d{1,20})$", re.MULTILINE)


class Reach(Enum):
    """Where a program lies, as seen from here."""

    NEAR = "on this machine"
    REMOTE = "network or FUSE"
    UNKNOWN = "in a mount that no table names: taken away, or outside of every root that we see"


class Reaches:
    """Tells it of one program after the other; `known` are our own mounts, `None` where they can't be read."""

    def __init__(self, roots: Roots, known: MountTable | None) -> None:
        self._roots = roots
        self._known = known
        self._remote: dict[int, bool] = {}
        """Whether a mount is remote, by its number: no two mounts of any namespaces have the same."""
        self._own = self._view(f"{roots.proc}/self/", None)[0]
        self._read: set[tuple[str | None, str | None]] = set()
        self._learn(known.mounts if known is not None else ())
        with suppress(OSError):
            self._learn_memory()

    def has_our_mounts(self, prefix: str, dir_fd: int | None = None) -> bool:
        """Tell whether a process sees the mounts that we see, so that what its link says is a path here."""
        return self._own is not None and self._view(prefix, dir_fd)[0] == self._own

    def of(self, link: bytes, prefix: str, dir_fd: int | None = None, name: str = "exe") -> Reach:
        """Return where a program, or a file that a process holds open (`fd/3`), lies; raises `OSError`.

        `prefix` stands before the names in the process's folder, `link` is what that link says.
        """
        number = self._number(f"{prefix}{name}", dir_fd)
        if number is None:  # the kernel tells no number (before 3.15), or it is a recorded one
            ours = self._own is None or self.has_our_mounts(prefix, dir_fd)
            table = self._known if ours else self._table(prefix, dir_fd)
            remote = table is not None and table.is_remote(link.removesuffix(process.DELETED))
            return Reach.REMOTE if remote else Reach.NEAR
        if number not in self._remote:
            self._learn_of(prefix, dir_fd)
        return {True: Reach.REMOTE, False: Reach.NEAR, None: Reach.UNKNOWN}[self._remote.get(number)]

    def _learn_of(self, prefix: str, dir_fd: int | None) -> None:
        view = self._view(prefix, dir_fd)
        if view not in self._read and len(self._read) < MAX_TABLES:
            self._read.add(view)
            table = self._table(prefix, dir_fd)
            self._learn(table.mounts if table is not None else ())

    def _learn(self, found: Iterable[Mount]) -> None:
        for mount in found:
            self._remote.setdefault(mount.mount_id, mount.remote)

    def _learn_memory(self) -> None:
        """Note the kernel's own mount of what never was a file, which stands in no table: one is made and let go."""
        fd = os.memfd_create("mount", os.MFD_CLOEXEC)
        try:
            number = self._number_of(fd)
        finally:
            os.close(fd)
        if number is not None:
            self._remote[number] = False

    def _table(self, prefix: str, dir_fd: int | None) -> MountTable | None:
        """Return the mounts of a process, `None` where they can't be read."""
        try:
            raw = files.read_kernel(f"{prefix}mountinfo", dir_fd=dir_fd, limit=mounts.MAX_TABLE)
        except OSError:
            return None
        return MountTable(mounts.parse(raw, rules.filesystems()))

    def _view(self, prefix: str, dir_fd: int | None) -> tuple[str | None, str | None]:
        """Return the namespace of the mounts of a process, and its root: together what its paths mean."""
        found: list[str | None] = []
        for name in ("ns/mnt", "root"):
            try:
                found.append(os.readlink(f"{prefix}{name}", dir_fd=dir_fd))
            except OSError:
                found.append(None)
        return found[0], found[1]

    def _number(self, place: str, dir_fd: int | None) -> int | None:
        fd = os.open(place, os.O_PATH | os.O_CLOEXEC, dir_fd=dir_fd)
        try:
            return self._number_of(fd)
        finally:
            os.close(fd)

    def _number_of(self, fd: int) -> int | None:
        """Return the number of the mount that an open file lies in, as far as the kernel tells it."""
        try:
            found = _MOUNT.search(files.read_kernel(f"{self._roots.proc}/self/fdinfo/{fd}"))
        except FileNotFoundError:
            return None
        return int(found[1]) if found else None
