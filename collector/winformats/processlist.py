"""The list of all processes as the kernel gives it at one instant: SYSTEM_PROCESS_INFORMATION of 64-bit Windows.

Documented in winternl.h in part; in whole in phnt (ntexapi.h), the same from Windows 7 to 11. It opens no process, so
it shows those, too, that open to nobody.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PROCESSES: Final = 100_000
"""Most processes read; a desktop has some hundreds."""
MAX_THREADS: Final = 65_536
"""Most threads of a process that are looked at."""

_PROCESS: Final = struct.Struct("<II 8x 4x4x8x q 8x8x HH4xQ 4x4x QQ II 8x 8x8x8x 8xQ 8x8x8x8x8x8x8x 8x8x8xQQQ")
_THREAD: Final = struct.Struct("<8x8x8x4x4x8xQQ4x4x4xII4x")
_WAITING: Final = 5
"""KTHREAD_STATE Waiting."""
_SUSPENDED: Final = 5
"""KWAIT_REASON Suspended."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One process: `name` as UTF-16, `created` as FILETIME; bytes are those that it moved through files and devices."""

    pid: int
    ppid: int
    name: bytes
    created: int
    session: int
    threads: tuple[int, ...]
    thread_count: int
    handles: int
    rss: int
    read: int
    written: int
    suspended: bool
    """Whether all its threads are held."""


def parse(raw: bytes, base: int) -> Iterator[Listed]:
    """Yield the processes in the kernel's order; `base` is the address at which the bytes lay, for the names.

    Raises `ValueError` where the list is torn or runs back into itself.
    """
    offset = count = 0
    while True:
        if offset + _PROCESS.size > len(raw):
            raise ValueError("the list of processes is torn")
        (step, threads, created, length, _, pointer, pid, ppid, handles, session, rss, read, written, _) = (
            _PROCESS.unpack_from(raw, offset)
        )
        start = pointer - base
        name = raw[start : start + length] if pointer and 0 <= start <= len(raw) - length else b""
        tids, suspended = _threads(raw, offset + _PROCESS.size, threads)
        yield Listed(
            pid, ppid, name, created, session, tids, threads, handles, rss, read, written, suspended
        )  # fmt: skip
        count += 1
        if not step or count == MAX_PROCESSES:
            return
        if step < _PROCESS.size:
            raise ValueError("the list of processes runs into itself")
        offset += step


def _threads(raw: bytes, start: int, count: int) -> tuple[tuple[int, ...], bool]:
    """Return the numbers of the threads, and whether all of them are held."""
    held = [
        _THREAD.unpack_from(raw, at)
        for at in range(start, start + min(count, MAX_THREADS) * _THREAD.size, _THREAD.size)
        if at + _THREAD.size <= len(raw)
    ]
    suspended = bool(held) and all(state == _WAITING and why == _SUSPENDED for _, _, state, why in held)
    return tuple(tid for _, tid, _, _ in held), suspended
