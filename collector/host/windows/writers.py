"""Who writes in some folders at this moment, and the first bytes of what was written. Bounded in time and in number.

The file system names the processes that have a file open (FileProcessIdsUsingFileInformation, ntifs.h): the files that
changed last are asked again and again, since one is open for a few milliseconds only. Where nobody was seen so, those
who wrote anything at all are told as such. The Restart Manager would tell the same, and writes to the registry for it.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
import time
from collections import Counter
from contextlib import suppress
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from collector.bursts import Writer, Writers
from collector.heads import BYTES, MOST, Head
from collector.host.windows import calls, files, ntcalls, snapshot
from collector.text import from_native
from collector.winformats import folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

POLLING_S: Final = 1.4
"""How long files are asked who has them open."""
MOST_NAMED: Final = 5
MOST_FOLDERS: Final = 16
MOST_ENTRIES: Final = 5_000
MOST_ASKED: Final = 8
"""Files of one folder that are asked in one round, those that changed last."""

_PAUSE_S: Final = 0.01
_QUERY_LIMITED: Final = 0x1000
_LONGEST: Final = 32_768


def heads(paths: Sequence[bytes]) -> list[Head]:
    """Return the first bytes of some files; see `collector.host.Host`."""
    return [_head(path) for path in paths[:MOST]]


def _head(path: bytes) -> Head:
    try:
        with files.open_file(path) as file:
            return Head(path, file.read(BYTES, 0), _has_companion(path))
    except (OSError, ValueError):
        return Head(path, None)


def _has_companion(path: bytes) -> bool:
    try:
        files.open_file(path.rpartition(b".")[0], look=True).close()
    except (OSError, ValueError):
        return False
    return True


def find(places: Sequence[bytes]) -> Writers:
    """Return who writes in the folders, our own process left out; see `collector.host.Host`."""
    before = _written()
    opened, told = _polled(places[:MOST_FOLDERS])
    after = _written()
    found = [_writer(pid, "open-files", count) for pid, count in opened.most_common(MOST_NAMED)]
    if not found:  # nobody was seen in the act: those who wrote anything at all, told as such
        grown = Counter({pid: count - before.get(pid, 0) for pid, count in after.items()})
        found = [_writer(pid, "bytes", count) for pid, count in grown.most_common(MOST_NAMED) if count > 0]
    return Writers(tuple(found), 0 if told else len(after))


def _written() -> dict[int, int]:
    """Return how many bytes each process has written so far, our own and the idle one left out."""
    try:
        return {one.pid: one.written for one in snapshot.processes() if one.pid not in (0, os.getpid())}
    except OSError:
        return {}


def _polled(places: Sequence[bytes]) -> tuple[Counter[int], bool]:
    """Return how often each process was seen with one of the files that changed last open, and whether that was told.

    Our own process, which holds what it asks about, is told too wherever the file system tells at all.
    """
    deadline = time.monotonic() + POLLING_S
    seen: Counter[int] = Counter()
    while time.monotonic() < deadline:
        for place in places:
            with suppress(OSError, ValueError):
                seen.update(set(_users(place, deadline)))
        time.sleep(_PAUSE_S)
    told = bool(seen.pop(os.getpid(), 0))
    return seen, told


def _users(place: bytes, deadline: float) -> Iterator[int]:
    """Yield the processes that have the files of a folder open which changed last; raises `OSError`."""
    changed: list[tuple[int, bytes]] = []
    with files.open_folder(place) as folder:
        for raw in files.slices(folder.handle):
            for name, facts in folders.all_of(raw, 0):
                if facts.type == "file":
                    times = (facts.mtime_ns, facts.ctime_ns or 0, facts.btime_ns or 0)
                    changed.append((max(times), name))
            if len(changed) > MOST_ENTRIES or time.monotonic() > deadline:
                break
        for _, name in sorted(changed, reverse=True)[:MOST_ASKED]:
            with suppress(OSError), files.open_below(os.fsdecode(name), folder.handle, look=True) as file:
                yield from ntcalls.users(file.handle)


def _writer(pid: int, basis: str, count: int) -> Writer:
    exe = _program(pid)
    name = None if exe is None else exe.rpartition("\\")[2]
    return Writer(
        pid,
        "System" if pid == _SYSTEM else None if name is None else from_native(name),
        None if exe is None else from_native(exe[:1024]),
        basis,
        count,
    )


_SYSTEM: Final = 4
"""The kernel itself: what others write here over the network is written by it."""

_D = wintypes.DWORD
_open_process = calls.function("kernel32", "OpenProcess", wintypes.HANDLE, _D, wintypes.BOOL, _D)
_image_name = calls.function(
    "kernel32", "QueryFullProcessImageNameW", wintypes.BOOL, wintypes.HANDLE, _D, ctypes.c_void_p, ctypes.c_void_p
)


def _program(pid: int) -> str | None:
    """Return the path of the program of a process."""
    handle = _open_process(_QUERY_LIMITED, 0, pid)
    if not handle:
        return None
    with calls.closing(handle):
        buffer, length = ctypes.create_unicode_buffer(_LONGEST), wintypes.DWORD(_LONGEST)
        return buffer.value if _image_name(handle, 0, buffer, ctypes.byref(length)) else None
