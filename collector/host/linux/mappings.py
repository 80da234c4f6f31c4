"""The mappings of a process and which of their pages hold something: smaps and pagemap, read and judged.

Nothing is touched that isn't there: a page that the kernel would have to make, or to fetch from a device, a network
or a FUSE file system, is never asked for.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.host.linux import files, process

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.posix.mounts import MountTable

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
MAX_SMAPS: Final = 96 << 20
"""Most bytes of smaps that are read: 65,530 mappings (the kernel's usual limit) are about 50 MiB."""
MAX_LOOKED: Final = 256 << 30
"""Most bytes of address space of one process whose pages are looked up: half a gigabyte of pagemap, some seconds."""
MAX_PATH: Final = 4096

_HEADER: Final = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-])([w-])([x-])([ps]) ([0-9a-f]{1,16}) ([0-9a-f:]{3,20}) (\d{1,20}) *(.*)"
)
_FIGURE: Final = re.compile(rb"(Rss|Swap|Anonymous): +(\d{1,15}) kB")
_CHUNK: Final = 1 << 20
_SWAPPED: Final = 0x40
_PRESENT: Final = 0x80
_OF_FILE: Final = 0x20
"""Bits 62, 63 and 61 of an entry of pagemap, in its highest byte (admin-guide/mm/pagemap.rst)."""
_RUN: Final = re.compile(rb"\x01+")
_SHARED_MEMORY: Final = (b"/memfd:", b"/dev/zero", b"/SYSV", b"/dev/shm/", b"[anon_shmem")
"""Names of shared memory that lies in no file of a disk."""


@dataclass(slots=True)
class Mapping:
    """One mapping as smaps tells it; figures in bytes, `None` where the kernel tells only maps."""

    start: int
    end: int
    access: str
    offset: int
    device: str
    inode: int
    path: bytes
    resident: int | None = None
    swapped: int | None = None
    anonymous: int | None = None
    marks: frozenset[bytes] = frozenset()

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.end - self.start

    @property
    def flags(self) -> int:
        """Its rights as in `p_flags` of ELF."""
        return sum(bit for bit, letter in ((4, "r"), (2, "w"), (1, "x")) if letter in self.access)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to become of a mapping: which pages (`None`: none, and why), and its rank, best first."""

    pages: bytes | None
    why: str
    rank: int = 9

_WATCHED: Final = frozenset((b"um", b"uw", b"ui"))
"""Marks of a mapping whose missing pages a program of the host would have to deliver (userfaultfd)."""


def _table(states: bytes, bits: int) -> bytes:
    """Return a table for `bytes.translate`: 1 where these bits of an entry's highest byte are one of the states."""
    return bytes(byte & bits in states for byte in range(256))


_THERE: Final = bytes((_PRESENT, _SWAPPED))
ANY_PAGE: Final = _table(_THERE, _PRESENT | _SWAPPED)
"""Every page that is in memory or in swap."""
OWN_PAGE: Final = _table(_THERE, _PRESENT | _SWAPPED | _OF_FILE)
"""Of a private mapping of a file: pages that the process has changed, so that they are in no file."""
IN_MEMORY: Final = _table(bytes((_PRESENT,)), _PRESENT | _SWAPPED)
"""Only what is in memory: of a userfaultfd mapping somebody else would have to answer for the rest."""


def read(dir_fd: int) -> tuple[list[Mapping], bool]:
    """Return the mappings of the process behind a descriptor of its folder, and whether there were more.

    Raises `OSError` (EACCES, EPERM: the privileges don't suffice; ESRCH: it has ended).
    """
    try:
        return _read(dir_fd, "smaps")
    except FileNotFoundError:  # a kernel without CONFIG_PROC_PAGE_MONITOR
        return _read(dir_fd, "maps")


def _read(dir_fd: int, name: str) -> tuple[list[Mapping], bool]:
    found: list[Mapping] = []
    fd = files.open_kernel(name, dir_fd=dir_fd)
    try:
        rest = b""
        taken = 0
        while data := os.read(fd, 1 << 16):
            taken += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                _take(found, line)
            if taken > MAX_SMAPS:
                return found, True
    finally:
        os.close(fd)
    return found, False


def _take(found: list[Mapping], line: bytes) -> None:
    """Take in one line: the head of a mapping, or a figure of the last one. The kernel escapes a newline in a path."""
    head = _HEADER.fullmatch(line)
    if head is not None:
        start, end, read_, write, execute, share, offset, device, inode, path = head.groups()
        access = (read_ + write + execute + share).decode("ascii")
        sizes = int(start, 16), int(end, 16)
        found.append(
            Mapping(*sizes, access, int(offset, 16), device.decode("ascii"), int(inode), path[:MAX_PATH])
        )
        return
    if not found:
        return
    last = found[-1]
    if line.startswith(b"VmFlags:"):
        last.marks = frozenset(line[8:].split())
        return
    figure = _FIGURE.fullmatch(line)
    if figure is not None:
        value = int(figure[2]) << 10
        if figure[1] == b"Rss":
            last.resident = value
        elif figure[1] == b"Swap":
            last.swapped = value
        else:
            last.anonymous = value


def choose(mapping: Mapping, known: MountTable | None) -> Choice:
    """Return which pages of a mapping are worth storing and may be asked for."""
    path = mapping.path.removesuffix(process.DELETED)
    shared_memory = path.startswith(_SHARED_MEMORY)
    if path.startswith(b"[v") or mapping.start >= 1 << 63:
        return Choice(None, "kernel")  # [vvar] may be a clock's registers, [vsyscall] has no pages
    if mapping.marks & {b"io", b"pf"} or (path.startswith(b"/dev/") and not shared_memory):
        return Choice(None, "device")
    if path.startswith(b"/") and not shared_memory and _is_remote(mapping, path, known):
        return Choice(None, "remote")
    if mapping.resident == 0 and not mapping.swapped:
        return Choice(None, "untouched")
    any_page = IN_MEMORY if mapping.marks & _WATCHED else ANY_PAGE
    if mapping.inode == 0:
        return Choice(any_page, "anonymous", _rank(mapping, path))
    return Choice(any_page, "shared-memory", 2) if shared_memory else _of_file(mapping)


def _of_file(mapping: Mapping) -> Choice:
    """Choose from a mapping of a file on a disk: what is changed in a shared one is in the file."""
    if "p" in mapping.access and mapping.path.endswith(process.DELETED):
        return Choice(IN_MEMORY, "deleted-file", 4)
    return Choice(None, "file") if "s" in mapping.access or mapping.anonymous == 0 else Choice(OWN_PAGE, "changed", 1)


def _rank(mapping: Mapping, path: bytes) -> int:
    if path.startswith((b"[heap]", b"[stack")):
        return 0
    return 1 if "w" in mapping.access else 3


def _is_remote(mapping: Mapping, path: bytes, known: MountTable | None) -> bool:
    """Tell whether a file may lie with somebody else: by its path, by its device, or because no mount is known."""
    if known is None:
        return True
    major, _, minor = mapping.device.partition(":")
    device = f"{int(major or '0', 16)}:{int(minor or '0', 16)}"
    return known.is_remote(path) or any(mount.device == device and mount.remote for mount in known.mounts)


def runs(pagemap: int, mapping: Mapping, pages: bytes, most: int) -> Iterator[tuple[int, int]]:
    """Yield start and length of each run of wanted pages, ascending, looking at `most` bytes of addresses at most.

    `pages` is one of the tables above. Ends early where the process does. Raises `OSError`.
    """
    address = mapping.start
    end = min(mapping.end, mapping.start + most)
    held: tuple[int, int] | None = None
    while address < end:
        data = os.pread(pagemap, min(_CHUNK, (end - address) // PAGE * 8), address // PAGE * 8)
        states = data[7 : len(data) // 8 * 8 : 8].translate(pages)
        if not states:
            break
        for found in _RUN.finditer(states):
            start, stop = address + found.start() * PAGE, address + found.end() * PAGE
            if held is not None and held[1] == start:
                held = held[0], stop
                continue
            if held is not None:
                yield held[0], held[1] - held[0]
            held = start, stop
        address += len(states) * PAGE
    if held is not None:
        yield held[0], held[1] - held[0]
