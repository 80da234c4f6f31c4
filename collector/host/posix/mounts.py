"""What is mounted where, and whether touching it may hang: judged by paths alone, without a stat.

A stat of a hung network or FUSE mount never returns, so mount points are known by their
path before anything is touched.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_LINKS: Final = 40
"""Links that are followed in a path, as in the kernel (man 7 path_resolution)."""


class Kind(StrEnum):
    """What a file system is to us (rules/filesystems.yaml)."""

    LOCAL = "local"
    PSEUDO = "pseudo"
    NETWORK = "network"
    FUSE = "fuse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: `root` is the folder of the file system that is seen at `path`.

    `device` is major:minor and the same for every mount of one file system.
    """

    mount_id: int
    parent_id: int
    device: str
    root: bytes
    path: bytes
    filesystem: str
    source: bytes
    kind: Kind

    @property
    def remote(self) -> bool:
        """Whether touching it may wait for somebody else; an unknown type counts."""
        return self.kind not in (Kind.LOCAL, Kind.PSEUDO)


@dataclass(frozen=True, slots=True)
class Tree:
    """A path to scan: `root` is where it stands in its own file system."""

    mount: Mount | None
    root: bytes
    path: bytes


class MountTable:
    """Some mounts, as they were when the table was made, in the order in which they were mounted.

    Paths are absolute, without `..`, `.` or links; nothing here touches them.
    """

    def __init__(self, mounts: Sequence[Mount]) -> None:
        self.mounts = mounts
        """All of them, hidden ones too."""
        self.visible = self._visible()
        """The mount that is seen at each mount point: what lies under another one is not here."""

    def at(self, path: bytes) -> Mount | None:
        """Return the mount that a path lies in; `None` in a chroot whose root is no mount."""
        for prefix in _upwards(path):
            if prefix in self.visible:
                return self.visible[prefix]
        return None

    def is_remote(self, path: bytes) -> bool:
        """Return whether touching a path may hang: it lies in a network, FUSE or unknown file system."""
        mount = self.at(path)
        return mount is not None and mount.remote

    def kind(self, path: bytes) -> Kind:
        """Return what the file system of a path is to us; a chroot's own root counts as local."""
        mount = self.at(path)
        return Kind.LOCAL if mount is None else mount.kind

    def local(self, tops: Sequence[bytes] = (b"/",)) -> list[Tree]:
        """Return the trees that together show every local file at or below some paths once, in order of path.

        A tree that another one of the same file system already shows is left out (bind
        mounts, a device mounted twice, a path below another). Not shown twice does not
        mean never missed: what a bind mount shows and the other place hides under a
        further mount is left out with it.
        """
        candidates = [Tree(mount, _root_of(mount, top), top) for top in tops for mount in [self.at(top)]]
        for path, mount in self.visible.items():
            if any(path != top and path.startswith(top.rstrip(b"/") + b"/") for top in tops):
                candidates.append(Tree(mount, mount.root, path))
        chosen: dict[str, list[Tree]] = {}
        for tree in sorted(candidates, key=lambda t: (len(t.root), t.path)):
            same = chosen.setdefault(tree.mount.device if tree.mount else "", [])
            if self.kind(tree.path) is Kind.LOCAL and not any(self._shows(other, tree) for other in same):
                same.append(tree)
        return sorted((tree for same in chosen.values() for tree in same), key=lambda t: t.path)

    def _shows(self, outer: Tree, inner: Tree) -> bool:
        """Return whether the top of `inner` can be reached in `outer`, of the same device."""
        below = outer.root.rstrip(b"/")
        if inner.root != outer.root and not inner.root.startswith(below + b"/"):
            return False
        return self.at((outer.path.rstrip(b"/") + inner.root[len(below) :]).rstrip(b"/") or b"/") is outer.mount

    def _visible(self) -> dict[bytes, Mount]:
        """Follow each mount point down from the root as the kernel does, and keep what is seen there."""
        known = {mount.mount_id for mount in self.mounts}
        below: dict[int, dict[bytes, Mount]] = {}
        for mount in self.mounts:
            parent = mount.parent_id if mount.parent_id in known and mount.parent_id != mount.mount_id else -1
            below.setdefault(parent, {})[mount.path] = mount
        visible = {}
        for mount in self.mounts:
            seen = -1
            for prefix in reversed(list(_upwards(mount.path))):
                while (above := below.get(seen, {}).get(prefix)) is not None:
                    seen = above.mount_id
            if seen == mount.mount_id:
                visible[mount.path] = mount
        return visible


def resolved(table: MountTable, path: bytes) -> bytes:
    """Return an operator's path as it stands, absolute and without links; raises `OSError`.

    Nothing that may hang is touched: the way ends at the first remote mount, and what
    follows is kept as it is.
    """
    whole = path if path.startswith(b"/") else os.path.join(os.getcwdb(), path)  # the working folder may be gone
    waiting = whole.split(b"/")[::-1]
    here = b"/"
    links = 0
    while waiting:
        name = waiting.pop()
        if name in (b"", b"."):
            continue
        if name == b"..":
            here = here.rpartition(b"/")[0] or b"/"
            continue
        here = here.rstrip(b"/") + b"/" + name
        if table.is_remote(here):
            continue
        if not stat.S_ISLNK(os.lstat(here).st_mode):
            continue
        links += 1
        if links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = os.readlink(here)
        here = b"/" if target.startswith(b"/") else here.rpartition(b"/")[0] or b"/"
        waiting.extend(target.split(b"/")[::-1])
    return here


def _root_of(mount: Mount | None, path: bytes) -> bytes:
    """Return where a path of a mount stands in the mount's own file system."""
    if mount is None:
        return path
    rest = path[len(mount.path.rstrip(b"/")) :]
    return (mount.root.rstrip(b"/") + rest) or b"/"


def _upwards(path: bytes) -> Iterator[bytes]:
    """Yield a path and every folder above it, up to the root."""
    while True:
        yield path
        if path == b"/":
            return
        path = path.rpartition(b"/")[0] or b"/"


def kind_of(filesystem: str, classes: Mapping[str, str]) -> Kind:
    """Return the class of a type; a subtype that isn't named takes that of `name.*`."""
    general = filesystem.partition(".")[0] + ".*"
    return Kind(classes.get(filesystem) or ("." in filesystem and classes.get(general)) or Kind.UNKNOWN)
