"""A process's memory as a minidump (minidumpapiset.h): what WinDbg, x64dbg, IDA, radare2 and pypykatz open.

Layout: the header, the directory of streams, the streams, and at the end the pages, in the order in which the list of
ranges names them (Memory64ListStream). No thread is stopped for it, so none has its registers in it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_RANGES: Final = 60_000
"""Most ranges of pages in one file."""

_HEADER: Final = struct.Struct("<4sIIIIIQ")
_DIRECTORY: Final = struct.Struct("<III")
_SYSTEM: Final = struct.Struct("<HHHBBIIIIIHH24s")
_THREAD: Final = struct.Struct("<IIIIQQIIII")
_MODULE: Final = struct.Struct("<QIIII52sIIIIQQ")
_INFO_HEAD: Final = struct.Struct("<IIQ")
_INFO: Final = struct.Struct("<QQI4xQIII4x")
_RANGES_HEAD: Final = struct.Struct("<QQ")
_RANGE: Final = struct.Struct("<QQ")
_VERSION: Final = 0xA793
_FULL: Final = 0x2 | 0x800 | 0x20000
"""MiniDumpWithFullMemory, MiniDumpWithFullMemoryInfo, MiniDumpIgnoreInaccessibleMemory."""
_WIN32_NT: Final = 2
_THREADS, _MODULES, _SYSTEM_INFO, _MEMORY64, _COMMENT, _MEMORY_INFO = 3, 4, 7, 9, 10, 16


@dataclass(frozen=True, slots=True)
class Region:
    """A range of addresses as VirtualQueryEx tells it (MEMORY_BASIC_INFORMATION); `name` is that of a mapped file."""

    base: int
    size: int
    allocation: int
    first_protect: int
    state: int
    protect: int
    type: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of pages that is stored."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class About:
    """What is told besides the pages: the process' threads and regions, the system, the time, a comment in ASCII."""

    threads: Sequence[tuple[int, int]]
    """Number of each, and where its block (TEB) lies; 0: not known."""
    regions: Sequence[Region]
    version: tuple[int, int, int]
    architecture: int
    time: int
    comment: bytes = b""


def head(about: About, ranges: Sequence[Range]) -> bytes:
    """Return everything before the pages; the caller writes those of each range, in this order, with nothing between.

    Raises `ValueError` for more ranges than a file of ours holds.
    """
    if len(ranges) > MAX_RANGES:
        raise ValueError("too many ranges")
    count = 6
    at = _HEADER.size + _DIRECTORY.size * count
    placed: list[tuple[int, int, int]] = []
    bodies: list[bytes] = []
    for kind, make in (
        (_SYSTEM_INFO, _system),
        (_THREADS, _threads),
        (_MEMORY_INFO, _infos),
        (_COMMENT, _comment),
        (_MODULES, _modules),
    ):
        data, behind = make(about, at)
        placed.append((kind, len(data), at))
        body = data + behind
        bodies.append(body + bytes(-len(body) % 8))
        at += len(bodies[-1])
    size = _RANGES_HEAD.size + _RANGE.size * len(ranges)
    placed.append((_MEMORY64, size, at))
    table = _RANGES_HEAD.pack(len(ranges), at + size) + b"".join(_RANGE.pack(one.start, one.size) for one in ranges)
    first = _HEADER.pack(b"MDMP", _VERSION, count, _HEADER.size, 0, about.time & 0xFFFFFFFF, _FULL)
    directory = b"".join(_DIRECTORY.pack(*one) for one in placed)
    return first + directory + b"".join(bodies) + table


def _system(about: About, at: int) -> tuple[bytes, bytes]:
    """Return the system, and behind it the name of its service pack, which is empty."""
    numbers = (about.architecture, 0, 0, 1, 1, *about.version, _WIN32_NT, at + _SYSTEM.size, 0, 0, bytes(24))
    return _SYSTEM.pack(*numbers), _string("")


def _threads(about: About, _: int) -> tuple[bytes, bytes]:
    rows = [_THREAD.pack(tid, 0, 0, 0, block, 0, 0, 0, 0, 0) for tid, block in about.threads]
    return struct.pack("<I", len(rows)) + b"".join(rows), b""


def _comment(about: About, _: int) -> tuple[bytes, bytes]:
    return about.comment + b"\0", b""


def _infos(about: About, _: int) -> tuple[bytes, bytes]:
    rows = [
        _INFO.pack(one.base, one.allocation, one.first_protect, one.size, one.state, one.protect, one.type)
        for one in about.regions
    ]
    return _INFO_HEAD.pack(_INFO_HEAD.size, _INFO.size, len(rows)) + b"".join(rows), b""


def _modules(about: About, at: int) -> tuple[bytes, bytes]:
    """Return the list of mapped programs and libraries, and their names behind it."""
    images: dict[int, tuple[int, str]] = {}
    for one in about.regions:
        if one.type == IMAGE and one.name:
            end = max(images.get(one.allocation, (0, ""))[0], one.base + one.size)
            images[one.allocation] = (end, one.name)
    place = at + 4 + _MODULE.size * len(images)
    rows, names = [], b""
    for base, (end, name) in sorted(images.items()):
        length = min(end - base, 0xFFFFFFFF)
        rows.append(_MODULE.pack(base, length, 0, 0, place + len(names), bytes(52), 0, 0, 0, 0, 0, 0))
        names += _string(name)
    return struct.pack("<I", len(rows)) + b"".join(rows), names


def _string(text: str) -> bytes:
    """Return a MINIDUMP_STRING, padded to four bytes."""
    raw = text.encode("utf-16-le", "surrogatepass")
    whole = struct.pack("<I", len(raw)) + raw + b"\0\0"
    return whole + bytes(-len(whole) % 4)


IMAGE: Final = 0x1000000
MAPPED: Final = 0x40000
PRIVATE: Final = 0x20000
"""MEM_IMAGE, MEM_MAPPED, MEM_PRIVATE (winnt.h)."""
