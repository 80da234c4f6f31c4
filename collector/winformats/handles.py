"""The table of all open handles: SYSTEM_HANDLE_INFORMATION_EX of 64-bit Windows (phnt, ntexapi.h; since Windows XP)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HANDLES: Final = 4_000_000
"""Most handles that are looked at; a busy desktop has some hundred thousand."""

_HEAD: Final = struct.Struct("<QQ")
_ENTRY: Final = struct.Struct("<8xQQI2xHI4x")

WRITES: Final = 0x2 | 0x4
"""FILE_WRITE_DATA and FILE_APPEND_DATA (winnt.h)."""
WAITING: Final = frozenset((0x0012019F, 0x001A019F, 0x00120189, 0x0012008D, 0x00100000))
"""Rights that handles of pipes mostly have, and files as well: who asks a pipe for its name may wait for ever."""


class Handle(NamedTuple):
    """One handle: of which process, its number there, the number of its type, and its rights."""

    pid: int
    value: int
    type: int
    access: int


def parse(raw: bytes) -> Iterator[Handle]:
    """Yield the handles in the order of the table; a torn one at the end is left out."""
    if len(raw) < _HEAD.size:
        return
    count = min(_HEAD.unpack_from(raw)[0], (len(raw) - _HEAD.size) // _ENTRY.size, MAX_HANDLES)
    for at in range(_HEAD.size, _HEAD.size + count * _ENTRY.size, _ENTRY.size):
        pid, value, access, kind, _ = _ENTRY.unpack_from(raw, at)
        yield Handle(pid, value, kind, access)
