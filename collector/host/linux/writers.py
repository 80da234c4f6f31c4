"""Who writes in some folders at this moment, and the first bytes of what was written. Bounded in time and in number.

As root the kernel names the process of each event (`fanotify`). Otherwise, and beside it, the processes that wrote the
most are asked again and again for what they hold open, since a file is open for a few milliseconds only.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from collector.bursts import Writer, Writers
from collector.heads import BYTES, MOST, Head
from collector.host.linux import fanotify, files
from collector.text import from_bytes

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.host.linux import Roots
    from collector.text import Text

EVENTS_S: Final = 0.6
"""How long the kernel is listened to."""
POLLING_S: Final = 0.8
"""How long processes are asked what they hold open."""
WALK_S: Final = 0.5
"""Longest that the counters of all processes are read, once at the start and once at the end of the listening."""
MOST_PROCESSES: Final = 4_096
MOST_ASKED: Final = 16
MOST_NAMED: Final = 5
MOST_FILES: Final = 1_024
MOST_FOLDERS: Final = 32

_PAUSE_S: Final = 0.004
_WRITING: Final = os.O_WRONLY | os.O_RDWR


def heads(paths: Sequence[bytes]) -> list[Head]:
    """Return the first bytes of some files; see `collector.host.Host`."""
    return [_head(path) for path in paths[:MOST]]


def _head(path: bytes) -> Head:
    try:
        with files.opened(path) as fd:
            if os.readlink(b"/proc/self/fd/%d" % fd) != path:  # a folder above it became a link
                return Head(path, None)
            return Head(path, os.pread(fd, BYTES, 0), _has_companion(path))
    except (OSError, ValueError):
        return Head(path, None)


def _has_companion(path: bytes) -> bool:
    try:
        os.stat(path.rpartition(b".")[0], follow_symlinks=False)
    except (OSError, ValueError):
        return False
    return True


def find(roots: Roots, folders: Sequence[bytes]) -> Writers:
    """Return who writes in the folders, our own process left out; see `collector.host.Host`."""
    folders = folders[:MOST_FOLDERS]
    before, unknown = _written(roots)
    named = _events(folders)
    after, unknown = _written(roots)
    grown = {pid: count - before.get(pid, 0) for pid, count in after.items() if count > before.get(pid, 0)}
    most = sorted(grown, key=lambda pid: -grown[pid])[:MOST_ASKED]
    likely = list(dict.fromkeys([*named, *most]))[:MOST_ASKED]
    opened = _polled(roots, likely, tuple({_around(folder) for folder in folders}))
    found = [_writer(roots, pid, "events", count) for pid, count in named.items()]
    found += [_writer(roots, pid, "open-files", count) for pid, count in opened.items() if pid not in named]
    if not found:  # nobody was seen in the act: those who wrote anything at all, told as such
        found = [_writer(roots, pid, "bytes", grown[pid]) for pid in most]
    order = {"events": 0, "open-files": 1, "bytes": 2}
    found.sort(key=lambda one: (order[one.basis], -one.count))
    return Writers(tuple(found[:MOST_NAMED]), unknown)


def _events(folders: Sequence[bytes]) -> dict[int, int]:
    try:
        found = fanotify.pids(folders, EVENTS_S)
    except (OSError, AttributeError):  # not root, or a kernel or file system without it: the rest serves
        time.sleep(EVENTS_S)
        return {}
    found.pop(os.getpid(), None)
    return dict(found.most_common(MOST_NAMED))


def _written(roots: Roots) -> tuple[dict[int, int], int]:
    """Return how many bytes each process has written so far, and how many processes don't tell."""
    deadline = time.monotonic() + WALK_S
    found: dict[int, int] = {}
    pids = [int(name) for name in _names(roots.proc) if name.isdigit() and int(name) != os.getpid()]
    for at, pid in enumerate(pids[:MOST_PROCESSES]):
        if time.monotonic() > deadline:
            return found, len(pids) - at + sum(one not in found for one in pids[:at])
        with suppress(OSError, ValueError, IndexError):
            data = files.read_kernel(f"{roots.proc}/{pid}/io", limit=4096)
            found[pid] = int(data.split(b"wchar:", 1)[1].split(b"\n", 1)[0])
    return found, len(pids) - len(found)


def _polled(roots: Roots, pids: Sequence[int], folders: tuple[bytes, ...]) -> dict[int, int]:
    """Return how often each process was seen with a file of the folders open for writing."""
    deadline = time.monotonic() + POLLING_S
    seen: dict[int, int] = {}
    while pids and time.monotonic() < deadline:
        for pid in pids:
            if _holds(f"{roots.proc}/{pid}", folders):
                seen[pid] = seen.get(pid, 0) + 1
            if time.monotonic() > deadline:
                break
        time.sleep(_PAUSE_S)
    return seen


def _holds(process: str, folders: tuple[bytes, ...]) -> bool:
    for name in _names(f"{process}/fd")[:MOST_FILES]:
        with suppress(OSError, ValueError, IndexError):
            path = os.readlink(os.fsencode(f"{process}/fd/{name}"))
            if path.startswith(folders):
                data = files.read_kernel(f"{process}/fdinfo/{name}", limit=4096)
                if int(data.split(b"flags:", 1)[1].split(b"\n", 1)[0], 8) & _WRITING:
                    return True
    return False


def _around(folder: bytes) -> bytes:
    """Return where to look for who works his way on from a folder: what it lies in, unless that is near the root."""
    above = folder.rpartition(b"/")[0]
    return (above if above.count(b"/") > 1 else folder).rstrip(b"/") + b"/"


def _writer(roots: Roots, pid: int, basis: str, count: int) -> Writer:
    name: Text | None = None
    exe: Text | None = None
    with suppress(OSError):
        name = from_bytes(files.read_kernel(f"{roots.proc}/{pid}/comm", limit=64).rstrip(b"\n"))
    with suppress(OSError):
        exe = from_bytes(os.readlink(os.fsencode(f"{roots.proc}/{pid}/exe"))[:1024])
    return Writer(pid, name, exe, basis, count)


def _names(folder: str) -> list[str]:
    try:
        return [os.fsdecode(name) for name in files.names(folder, kernel=True)]
    except OSError:
        return []
