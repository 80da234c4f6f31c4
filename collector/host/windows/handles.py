"""The files that processes hold open: the kernel's table of handles, each looked at through a copy of it.

Asking what a handle is may wait for ever (a pipe that somebody reads). So it is asked by a thread that is left behind
where it doesn't come back, and all of it has a limit of time.
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
PATIENCE: Final = 0.25
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
    found = OpenFiles()
    table = _table(writing=writing)
    until = time.monotonic() + seconds
    patience = Patience(PATIENCE)
    try:
        for one in wanted:
            if not table.get(one.pid):
                found.files[one.pid] = []
            elif time.monotonic() > until:
                found.unread[one.pid] = Outcome.TIMED_OUT
            else:
                _of_process(one, table[one.pid], found, patience, until)
    finally:
        patience.end()
    return found


def _table(*, writing: bool) -> dict[int, list[handles.Handle]]:
    """Return the handles of files of each process: their type has the number that a file of ours has."""
    table: dict[int, list[handles.Handle]] = defaultdict(list)
    with open(os.devnull, "rb") as ours:
        value = msvcrt.get_osfhandle(ours.fileno())
        listed = list(handles.parse(snapshot.query(_HANDLES, 4 << 20)[0]))
    kind = next((one.type for one in listed if one.pid == os.getpid() and one.value == value), None)
    for one in listed:
        if one.type == kind and one.access not in handles.WAITING and (one.access & handles.WRITES or not writing):
            table[one.pid].append(one)
    return table


def _of_process(
    one: Listed, entries: list[handles.Handle], found: OpenFiles, patience: Patience, until: float
) -> None:  # fmt: skip
    try:
        with process.opened(one, process.LOOK | process.DUPLICATE) as held:
            for number, entry in enumerate(entries):
                if len(found.files[one.pid]) == MAX_FILES or time.monotonic() > until:
                    over = number < MAX_FILES
                    found.unread[one.pid] = Outcome.TIMED_OUT if over else Outcome.OVER_LIMIT
                    return
                try:
                    name = patience.call(functools.partial(_name, held, entry.value))
                except LostError:
                    found.unread[one.pid] = Outcome.TIMED_OUT
                    continue
                except OSError:
                    continue  # closed since
                if name is not None:
                    found.files[one.pid].append(OpenFile(entry.value, name, bool(entry.access & handles.WRITES)))
    except OSError as error:
        found.unread[one.pid] = calls.outcome_of(error)


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
