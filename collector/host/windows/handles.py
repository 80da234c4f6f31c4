"""The files that processes hold open: the kernel's table of handles, each looked at through a copy of it.

Asking what a handle is may wait for ever (a pipe that somebody reads). So it is asked by a thread that is left behind
where it doesn't come back, what is at rest is asked first, and all of it has a limit of time.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import functools
import msvcrt
import os
import time
from collections import defaultdict
from ctypes import wintypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.host.patience import LostError, Patience
from collector.host.windows import calls, process, snapshot
from collector.model import Outcome
from collector.winformats import handles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.winformats.processlist import Listed

SECONDS: Final = 8.0
"""The longest that the open files of all processes may take."""
PATIENCE: Final = 0.1
"""The longest that one of them may take to be asked."""
MAX_FILES: Final = 1_000
"""Most open files kept of a process."""

_HANDLES: Final = 64
"""SystemExtendedHandleInformation."""
_SAME_ACCESS: Final = 2
_DISK: Final = 1
"""FILE_TYPE_DISK (GetFileType)."""
_OPENED_NAME: Final = 0x8
"""FILE_NAME_OPENED: as it was opened; the other way asks the server of a file on a network."""
_MAX_PATH: Final = 32_768


_H, _D, _P, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.BOOL
_duplicate = calls.function("kernel32", "DuplicateHandle", _B, _H, _H, _H, _P, _D, _B, _D)
_file_type = calls.function("kernel32", "GetFileType", _D, _H)
_wait = calls.function("kernel32", "WaitForSingleObject", _D, _H, _D)
_final_path = calls.function("kernel32", "GetFinalPathNameByHandleW", _D, _H, _P, _D, _D)


class OpenFile(NamedTuple):
    """One open file or folder: the number of its handle, its path, and whether it is open for writing."""

    value: int
    path: str
    writes: bool


@dataclass(slots=True)
class OpenFiles:
    """What each process holds open; `unread` are processes of which it isn't known whole, with the outcome."""

    files: dict[int, list[OpenFile]] = field(default_factory=lambda: defaultdict(list))
    unread: dict[int, Outcome] = field(default_factory=dict)


def find(wanted: Iterable[Listed], seconds: float = SECONDS, *, writing: bool = False) -> OpenFiles:
    """Return the open files of some processes, or, if so asked, those open for writing only. Raises `OSError`."""
    table = _table(writing=writing)
    search = _Search(time.monotonic() + seconds)
    try:
        for one in wanted:
            search.quick(one, table.get(one.pid, []))
        search.rest()
    finally:
        search.patience.end()
    return search.found


def _table(*, writing: bool) -> dict[int, list[handles.Handle]]:
    """Return the handles of files of each process: their type has the number that a file of ours has."""
    table: dict[int, list[handles.Handle]] = defaultdict(list)
    with open(os.devnull, "rb") as ours:
        value = msvcrt.get_osfhandle(ours.fileno())
        listed = list(handles.parse(snapshot.query(_HANDLES, 4 << 20)[0]))
    kind = next((one.type for one in listed if one.pid == os.getpid() and one.value == value), None)
    if kind is None:
        raise ctypes.WinError(50)  # the table does not hold what we know to be open
    for one in listed:
        if one.type == kind and (one.access & handles.WRITES or not writing):
            table[one.pid].append(one)
    return table


class _Search:
    """Looks at handles: first at those on which nothing is under way, which answer at once, then at the others."""

    def __init__(self, until: float) -> None:
        self.found = OpenFiles()
        self.patience = Patience(PATIENCE)
        self._until = until
        self._busy: list[tuple[Listed, handles.Handle]] = []

    def quick(self, one: Listed, entries: list[handles.Handle]) -> None:
        """Look at the handles of one process; one on which something is under way is left for `rest`."""
        if time.monotonic() > self._until:
            self.found.unread[one.pid] = Outcome.TIMED_OUT
            return
        if process.is_guarded(one):
            self.found.unread[one.pid] = Outcome.UNSUPPORTED
            return
        try:
            with process.opened(one, process.LOOK | process.DUPLICATE) as held:
                self.found.files[one.pid] = []
                for entry in entries:
                    if self._is_over(one.pid):
                        return
                    if _is_idle(held, entry.value):
                        self._add(one, entry, held)
                    else:
                        self._busy.append((one, entry))
        except OSError as error:
            self.found.unread[one.pid] = Outcome.ABSENT if _has_ended(error) else calls.outcome_of(error)

    def rest(self) -> None:
        """Look at the others: files that are read and written just now, then what is mostly pipes."""
        for one, entry in sorted(self._busy, key=lambda each: each[1].access in handles.WAITING):
            key = (one.pid, one.created, entry.value)
            if key in _STUCK or self._is_over(one.pid):
                continue
            try:
                with process.opened(one, process.LOOK | process.DUPLICATE) as held:
                    if not self._add(one, entry, held):
                        _STUCK.add(key)
            except OSError:
                continue  # it has ended, or the handle was closed

    def _is_over(self, pid: int) -> bool:
        """Tell whether no more is asked of a process, and note why."""
        if len(self.found.files[pid]) >= MAX_FILES:
            self.found.unread[pid] = Outcome.OVER_LIMIT
            return True
        if time.monotonic() > self._until:
            self.found.unread[pid] = Outcome.TIMED_OUT
            return True
        return False

    def _add(self, one: Listed, entry: handles.Handle, held: int) -> bool:
        """Add what stands behind a handle; tells whether it answered."""
        try:
            name = self.patience.call(functools.partial(_name, held, entry.value))
        except LostError:
            self.found.unread[one.pid] = Outcome.TIMED_OUT
            return False
        except OSError:
            return True  # closed since
        if name is not None:
            writes = bool(entry.access & handles.WRITES)
            self.found.files[one.pid].append(OpenFile(entry.value, name, writes))
        return True


def _has_ended(error: OSError) -> bool:
    return isinstance(error, ProcessLookupError)


_STUCK: Final[set[tuple[int, int, int]]] = set()
"""Handles that did not answer once: process, its start, number. They are not asked again."""


def _is_idle(held: int, value: int) -> bool:
    """Tell whether nothing is under way on a file: it is signalled then ("File objects and I/O completion").

    A handle that may not be waited for counts as one on which something is.
    """
    copy = wintypes.HANDLE()
    if not _duplicate(held, value, -1, ctypes.byref(copy), 0, 0, _SAME_ACCESS):
        return False
    with calls.closing(copy.value or 0) as file:
        return bool(_wait(file, 0) == 0)


def _name(held: int, value: int) -> str | None:
    """Return the path behind a handle of another process; `None` where it is no file of a disk. Raises `OSError`."""
    copy = wintypes.HANDLE()
    if not _duplicate(held, value, -1, ctypes.byref(copy), 0, 0, _SAME_ACCESS):
        raise calls.last_error()
    with calls.closing(copy.value or 0) as file:
        if _file_type(file) != _DISK:
            return None
        buffer = ctypes.create_unicode_buffer(_MAX_PATH)
        length = _final_path(file, buffer, _MAX_PATH, _OPENED_NAME)
        if not length or length >= _MAX_PATH:
            raise calls.last_error()
        return plain("".join(buffer[:length]))


def plain(name: str) -> str:
    r"""Return a path as people write it: without `\\?\`, and `\\?\UNC\server` as `\\server`."""
    if name.startswith("\\\\?\\UNC\\"):
        return "\\\\" + name[8:]
    return name.removeprefix("\\\\?\\")
