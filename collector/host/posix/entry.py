"""What is told of one entry of a folder, and of a part of a folder; the same on every POSIX system."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.model import number

if TYPE_CHECKING:
    from collector.host.walking import Slice
    from collector.model import Row

DOTS: Final = (b".", b"..")

_TYPES: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "block",
    stat.S_IFCHR: "char",
}


class Facts(NamedTuple):
    """What the kernel says of one entry; times in nanoseconds since 1970 UTC, negative ones too."""

    mode: int
    size: int
    links: int
    owner: int
    group: int
    inode: int
    device: int
    atime_ns: int
    btime_ns: int | None
    ctime_ns: int
    mtime_ns: int

    def since(self, since_ns: int) -> bool:
        """Return whether content, entry or birth is of that time or later; malware puts mtime back."""
        born_since = self.btime_ns is not None and self.btime_ns >= since_ns
        return self.mtime_ns >= since_ns or self.ctime_ns >= since_ns or born_since


def described(facts: Facts) -> Row:
    """Return the columns of a row that say what an entry is, whose, and when it changed."""
    return {
        "type": _TYPES.get(stat.S_IFMT(facts.mode), "unknown"),
        "size": number(facts.size),
        "mtime_ns": str(facts.mtime_ns),
        "ctime_ns": str(facts.ctime_ns),
        "btime_ns": None if facts.btime_ns is None else str(facts.btime_ns),
        "atime_ns": str(facts.atime_ns),
        "mode": f"{stat.S_IMODE(facts.mode):04o}",
        "owner": facts.owner,
        "group": facts.group,
        "inode": str(facts.inode),
        "device": f"{os.major(facts.device)}:{os.minor(facts.device)}",
    }


def sort(name: bytes, facts: Facts, since_ns: int, found: Slice[Facts]) -> None:
    """Put an entry among the subfolders of a slice, or, where it is recent, among what changed."""
    if stat.S_ISDIR(facts.mode):
        if name not in DOTS:
            found.subfolders.append(name)
    elif facts.since(since_ns):
        found.changed.append((name, facts))
