"""The entries of a folder and the times of each on macOS: scandir and stat, which tell the time of birth there.

`getattrlistbulk` would take one call for a whole folder; it is not used before it can be tried on a Mac.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Final

from collector.host.posix.entry import Facts, sort
from collector.host.walking import Slice

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

SLICE: Final = 1024
"""Entries of one slice of a folder."""

_HERE: Final = -1
_MILLION: Final = 10**6


class Reader:
    """Reads folders for one thread."""

    def facts(self, name: bytes, fd: int = _HERE) -> Facts:
        """Return the facts of an entry of an open folder or of a path, of a link itself; raises `OSError`."""
        return facts_of(os.stat(name, dir_fd=None if fd == _HERE else fd, follow_symlinks=False))

    def slices(self, fd: int, since_ns: int, never: Container[bytes] = ()) -> Iterator[Slice[Facts]]:
        """Yield an open folder slice by slice; names in `never` are left out untouched; raises `OSError`."""
        with os.scandir(fd) as entries:
            while part := list(islice(entries, SLICE)):
                found: Slice[Facts] = Slice([], [])
                for name in (os.fsencode(entry.name) for entry in part):
                    if name in never:
                        continue
                    try:
                        sort(name, self.facts(name, fd), since_ns, found)
                    except OSError as error:
                        found.changed.append((name, error))
                yield found


def facts_of(status: os.stat_result) -> Facts:
    """Return the facts of a stat; the birth is a float in Python, so it is told to the microsecond."""
    birth = getattr(status, "st_birthtime", None)
    return Facts(
        *(status.st_mode, status.st_size, status.st_nlink, status.st_uid, status.st_gid),
        *(status.st_ino, status.st_dev, status.st_atime_ns),
        None if birth is None else round(birth * _MILLION) * 1000,
        status.st_ctime_ns,
        status.st_mtime_ns,
    )
