"""What is mounted: the array of `struct statfs` that getfsstat(2) fills (xnu, bsd/sys/mount.h, 64-bit inodes)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

LOCAL: Final = 0x1000
"""MNT_LOCAL: the file system is stored on this machine."""
SNAPSHOT: Final = 0x4000_0000
"""MNT_SNAPSHOT."""

_STATFS: Final = struct.Struct("<IiQQQQQiiIIII16s1024s1024sI28x")
SIZE: Final = _STATFS.size
"""2,168 bytes."""


@dataclass(frozen=True, slots=True)
class Filesystem:
    """One file system: `device` is its number in stat(2), `source` what is mounted, `size` in bytes."""

    device: int
    flags: int
    kind: str
    path: bytes
    source: bytes
    size: int


def parse(raw: bytes) -> list[Filesystem]:
    """Return the file systems in the kernel's order; a torn one at the end raises `ValueError`."""
    if len(raw) % SIZE:
        raise ValueError("a torn table of file systems")
    found = []
    for fields in _STATFS.iter_unpack(raw):
        block, _, blocks, _, _, _, _, device, _, _, _, flags, _, kind, path, source, _ = fields
        name = _string(kind).decode("ascii", "backslashreplace")
        found.append(Filesystem(device & 0xFFFF_FFFF, flags, name, _string(path), _string(source), block * blocks))
    return found


def _string(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
