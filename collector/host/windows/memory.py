"""The memory of one process as a minidump, read while the process runs on: nothing is attached, stopped or changed.

So it is no picture of one instant, and no registers are in it. What vanishes between the look at the ranges and the
read is filled with zeros and flagged. Windows' own MiniDumpWriteDump is not used: it writes to a file of its choosing
in one go, holds all threads for as long as it takes, and takes the whole or nothing of what is there.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import json
import time
from ctypes import wintypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.host.windows import calls, system
from collector.model import Blob, Gap, Outcome
from collector.winformats import minidump

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from collector.text import Text
    from collector.winformats.minidump import Region

PAGE: Final = 4096
MAX_REGIONS: Final = 200_000
"""Most ranges of addresses that are looked at."""

_CHUNK: Final = 1 << 20
_LOOK_AT_THREAD: Final = 0x0800
"""THREAD_QUERY_LIMITED_INFORMATION (winnt.h)."""
_MAX_NAME: Final = 32_768
_COMMIT: Final = 0x1000
_NO_ACCESS: Final = 0x01
_GUARD: Final = 0x100
_EXECUTE: Final = 0x10 | 0x20 | 0x40 | 0x80
_WRITE: Final = 0x04 | 0x08 | 0x40 | 0x80
"""Protections of memory (winnt.h)."""
_REMOTE: Final = ("\\device\\mup\\", "\\device\\lanmanredirector\\", "\\device\\webdavredirector\\")
"""How the kernel names files of servers: a page of one would be fetched over the network."""


class _Information(ctypes.Structure):
    """MEMORY_BASIC_INFORMATION (winnt.h) of 64-bit processes."""

    _fields_ = (
        ("base", ctypes.c_uint64),
        ("allocation", ctypes.c_uint64),
        ("first_protect", wintypes.DWORD),
        ("partition", wintypes.DWORD),
        ("size", ctypes.c_uint64),
        ("state", wintypes.DWORD),
        ("protect", wintypes.DWORD),
        ("type", wintypes.DWORD),
        ("padding", wintypes.DWORD),
    )


_H, _D, _P = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p
_query = calls.function("kernel32", "VirtualQueryEx", ctypes.c_size_t, _H, _P, _P, ctypes.c_size_t)
_read = calls.function("kernel32", "ReadProcessMemory", wintypes.BOOL, _H, _P, _P, ctypes.c_size_t, _P)
_mapped_name = calls.function("kernel32", "K32GetMappedFileNameW", _D, _H, _P, _P, _D)


_open_thread = calls.function("kernel32", "OpenThread", _H, _D, wintypes.BOOL, _D)
_about_thread = calls.function("ntdll", "NtQueryInformationThread", ctypes.c_uint32, _H, ctypes.c_int, _P, _D, _P)


@dataclass(slots=True)
class Plan:
    """What of a process is going to be stored, and what not."""

    regions: list[Region] = field(default_factory=list)
    ranges: list[minidump.Range] = field(default_factory=list)
    why: list[tuple[Region, str, int]] = field(default_factory=list)
    """Each committed range with its rank's word, and how many bytes of it are stored."""
    size: int = 0
    left: int = 0
    more: bool = False
    remote: int = 0


def plan(held: int, most: int) -> Plan:
    """Look which ranges there are and choose the best `most` bytes of them; raises `OSError`."""
    result = Plan()
    result.regions, result.more = _regions(held)
    if not result.regions:
        raise calls.last_error()
    chosen: list[tuple[int, int, Region, str]] = []
    for number, region in enumerate(result.regions):
        rank, why = choose(region)
        if rank is None:
            result.remote += why == "remote"
            if why == "remote":
                result.why.append((region, why, 0))
            continue
        chosen.append((rank, number, region, why))
    left = most // PAGE * PAGE
    for _, _, region, why in sorted(chosen, key=lambda one: one[:2]):
        take = min(region.size, left) if len(result.ranges) < minidump.MAX_RANGES else 0
        if take:
            result.ranges.append(minidump.Range(region.base, take))
        left -= take
        result.left += region.size - take
        result.why.append((region, why, take))
    result.size = sum(one.size for one in result.ranges)
    return result


def choose(region: Region) -> tuple[int | None, str]:
    """Return the rank of a range, the best first, and what it is; no rank: it is not to be touched, or holds nothing.

    What was made to be run without a file comes first: code that was put there. Then the process' own data, what it
    shares, what of programs it may have changed, and last what the file has as well.
    """
    if region.state != _COMMIT or region.protect & (_NO_ACCESS | _GUARD) or not region.protect:
        return None, "unreadable"
    if region.name.lower().startswith(_REMOTE):
        return None, "remote"
    if region.type == minidump.PRIVATE:
        return (0, "executable") if region.protect & _EXECUTE else (1, "own")
    if region.type == minidump.MAPPED:
        return (2, "executable") if region.protect & _EXECUTE else (4 if region.name else 2, "mapped")
    return (3, "image-writable") if region.protect & _WRITE else (5, "image")


def _regions(held: int) -> tuple[list[Region], bool]:
    """Return the ranges of a process in ascending order, and whether there were more."""
    found: list[Region] = []
    names: dict[int, str] = {}
    address = 0
    info = _Information()
    while _query(held, address, ctypes.byref(info), ctypes.sizeof(info)):
        name = ""
        if info.type in (minidump.IMAGE, minidump.MAPPED):
            if info.allocation not in names:
                names[info.allocation] = _name(held, info.base)
            name = names[info.allocation]
        if info.state != 0x10000:  # noqa: PLR2004 - MEM_FREE: nothing is there
            found.append(
                minidump.Region(
                    info.base, info.size, info.allocation or 0, info.first_protect, info.state, info.protect, info.type,
                    name,
                )
            )  # fmt: skip
        if len(found) == MAX_REGIONS:
            return found, True
        if not info.size or info.base + info.size <= address:
            break
        address = info.base + info.size
    return found, False


def _name(held: int, address: int) -> str:
    """Return the kernel's name of the file that is mapped at an address; empty where there is none."""
    buffer = ctypes.create_unicode_buffer(_MAX_NAME)
    length = _mapped_name(held, address, buffer, _MAX_NAME)
    return "".join(buffer[:length])


class Dump:
    """One process's memory on its way into the bundle: consume `blob`, then ask for `gaps`."""

    def __init__(self, held: int, planned: Plan, threads: Sequence[int], subject: Text, seconds: float) -> None:
        self._held = held
        self._plan = planned
        self._threads = threads
        self._subject = subject
        self._seconds = seconds
        self._zeroed = 0
        self._lost = 0
        self._why = Outcome.ABSENT
        self.blob = Blob("process-memory", ".dmp", "read from the running process", self._chunks(), subject)

    def _chunks(self) -> Iterator[bytes]:
        planned = self._plan
        threads = [(tid, _block(tid)) for tid in self._threads]
        now = int(time.time())
        about = minidump.About(threads, planned.regions, _version(), system.processor(), now, self._comment())
        yield minidump.head(about, planned.ranges)
        until = time.monotonic() + self._seconds
        left = planned.size
        buffer = ctypes.create_string_buffer(_CHUNK)
        for one in planned.ranges:
            for data in self._range(one, buffer):
                yield data
                left -= len(data)
                if time.monotonic() > until:
                    self._why = Outcome.TIMED_OUT
                    self._lost = left
                    break
            if self._lost:
                self._lost = left
                self.blob.flags.append("cut")
                break
        if self._zeroed:
            self.blob.flags.append("zero-filled")

    def _range(self, one: minidump.Range, buffer: ctypes.Array[ctypes.c_char]) -> Iterator[bytes]:
        """Yield the bytes of a range; a page that can't be had is zeros. Ends early where the process does."""
        address, end, step = one.start, one.start + one.size, _CHUNK
        taken = ctypes.c_size_t()
        while address < end:
            length = min(step, end - address)
            if _read(self._held, address, buffer, length, ctypes.byref(taken)) and taken.value == length:
                yield buffer.raw[:length]
                step = min(_CHUNK, step * 2)
            elif step > PAGE:
                step = PAGE
                continue
            elif self._has_ended():
                self._lost = end - address
                return
            else:
                yield bytes(length)
                self._zeroed += length
            address += length

    def _has_ended(self) -> bool:
        """Tell whether the process has no memory any more."""
        info = _Information()
        return not _query(self._held, self._plan.ranges[0].start, ctypes.byref(info), ctypes.sizeof(info))

    def gaps(self) -> Iterator[Gap]:
        """Yield what could not be had of it; to be asked once the blob is consumed."""
        planned, subject = self._plan, self._subject
        if self._lost:
            what = "the time was over" if self._why is Outcome.TIMED_OUT else "the process ended"
            yield Gap(self._why, f"{what} while its memory was read: {self._lost} bytes were left", subject)
        if self._zeroed:
            reason = f"{self._zeroed} bytes of memory were gone or not to be had when they were read: zeros stand there"
            yield Gap(Outcome.ABSENT, reason, subject)
        if planned.left:
            yield Gap(Outcome.OVER_LIMIT, f"{planned.left} bytes of memory are beyond the limit and were left", subject)
        if planned.more:
            yield Gap(Outcome.OVER_LIMIT, "there are more ranges of memory than are looked at", subject)
        if planned.remote:
            reason = f"{planned.remote} mappings of files in the network were not touched"
            yield Gap(Outcome.UNSUPPORTED, reason, subject)

    def _comment(self) -> bytes:
        """Return our own index: a JSON line for each range, what it is, and what of it is stored."""
        lines = [
            json.dumps({"start": f"{one.base:x}", "size": one.size, "what": why, "stored": stored, "file": one.name})
            for one, why, stored in self._plan.why
        ]
        return ("evidence-collector\n" + "\n".join(lines) + "\n").encode("ascii")


def _block(tid: int) -> int:
    """Return where a thread's block (TEB) lies, from which readers find all else; 0 where it isn't told."""
    handle = _open_thread(_LOOK_AT_THREAD, 0, tid)
    if not handle:
        return 0
    with calls.closing(handle) as held:
        buffer = ctypes.create_string_buffer(48)  # THREAD_BASIC_INFORMATION (phnt, ntpsapi.h)
        if _about_thread(held, 0, buffer, 48, None):
            return 0
        return int.from_bytes(buffer.raw[8:16], "little")


def _version() -> tuple[int, int, int]:
    """Return the version of the system as it tells us."""
    told = sys.getwindowsversion()
    return told.platform_version if any(told.platform_version) else (told.major, told.minor, told.build)
