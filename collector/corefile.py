"""A process's memory as an ELF core file: what gdb, readelf, volatility and `strings` open.

Layout (System V ABI, chapters 4 and 5; core(5)): the ELF header, the program headers, the notes, then the pages that
are stored, each run of them at a multiple of the page size. Program headers ascend by address, as
readers expect; the pages stand in the order of worth, so that a file that was cut has the best of them.
A range that is known but not stored has a header with a file size of 0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SEGMENTS: Final = 60_000
"""Most program headers: their number has 16 bits, and 65,535 has a meaning of its own."""

NT_AUXV: Final = 6
NT_FILE: Final = 0x46494C45
INDEX_OWNER: Final = b"evidence-collector"
INDEX: Final = 0x45564944
"""Owner and type of our own note: JSON lines, one for each mapping, that say what of it is stored and why not."""
CORE_OWNER: Final = b"CORE"

MACHINES: Final = {"x86_64": 62, "aarch64": 183, "riscv64": 243, "ppc64le": 21, "loongarch64": 258}
"""`e_machine` by what uname(2) says."""

_EHDR: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_PHDR: Final = struct.Struct("<IIQQQQQQ")
_CORE: Final = 4
_LOAD: Final = 1
_NOTE: Final = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of addresses: `stored` bytes from its start are in the file; `flags` as in `p_flags` (4 r, 2 w, 1 x)."""

    address: int
    length: int
    stored: int
    flags: int


@dataclass(frozen=True, slots=True)
class Note:
    """One note of the file."""

    owner: bytes
    number: int
    data: bytes


def head(segments: Sequence[Segment], notes: Sequence[Note], machine: int, page: int) -> bytes:
    """Return everything before the pages, padded to a page; `segments` in the order in which their pages follow.

    The caller writes the stored bytes of each, in this order and with nothing between them; each
    `stored` is a multiple of `page`. Raises `ValueError` for more segments than the format holds.
    """
    if len(segments) > MAX_SEGMENTS:
        raise ValueError("too many segments")
    packed = b"".join(_note(note) for note in notes)
    place = _EHDR.size + _PHDR.size * (len(segments) + 1)
    start = -(-(place + len(packed)) // page) * page
    headers = []
    offset = start
    for segment in segments:
        if segment.stored % page:
            raise ValueError("not whole pages")
        fields = (_LOAD, segment.flags, offset, segment.address, 0, segment.stored, segment.length, page)
        headers.append((segment.address, _PHDR.pack(*fields)))
        offset += segment.stored
    headers.sort()
    identity = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)  # 64 bits, little-endian, version 1, System V
    first = _EHDR.pack(
        identity, _CORE, machine, 1, 0, _EHDR.size, 0, 0, _EHDR.size, _PHDR.size, len(segments) + 1, 0, 0, 0
    )
    about_notes = _PHDR.pack(_NOTE, 0, place, 0, 0, len(packed), 0, 4)
    whole = first + about_notes + b"".join(header for _, header in headers) + packed
    return whole + bytes(start - len(whole))


def file_note(mappings: Sequence[tuple[int, int, int, bytes]], page: int) -> Note:
    """Return the note that tells debuggers which file is mapped where: start, end, offset in bytes, path."""
    table = b"".join(struct.pack("<QQQ", start, end, offset // page) for start, end, offset, _ in mappings)
    names = b"".join(path.replace(b"\0", b"") + b"\0" for *_, path in mappings)
    return Note(CORE_OWNER, NT_FILE, struct.pack("<QQ", len(mappings), page) + table + names)


def _note(note: Note) -> bytes:
    owner = note.owner + b"\0"
    words = struct.pack("<III", len(owner), len(note.data), note.number)
    return words + _padded(owner) + _padded(note.data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
