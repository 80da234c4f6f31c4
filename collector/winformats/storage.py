"""What a disk tells of itself: answers to the IOCTLs of winioctl.h, and how an encrypted volume begins."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

MAX_PARTITIONS: Final = 256

_DESCRIPTOR: Final = struct.Struct("<IIBBBBIIII")
_LAYOUT: Final = 48
"""Offset of the first partition in DRIVE_LAYOUT_INFORMATION_EX."""
_PARTITION: Final = struct.Struct("<I4xQQI")
_PARTITION_SIZE: Final = 144
_EXTENT: Final = struct.Struct("<I4xQQ")
_BITLOCKER: Final = (b"-FVE-FS-", b"MSWIN4.1")
_TO_GO: Final = bytes.fromhex("3bd66749292ed84a8399f6a339e3d001")
"""The identity of BitLocker's metadata, as it lies on the disk."""
_LUKS: Final = b"LUKS\xba\xbe"


class Device(NamedTuple):
    """STORAGE_DEVICE_DESCRIPTOR; names without the blanks around, `None` where the disk gives none."""

    maker: bytes | None
    model: bytes | None
    serial: bytes | None
    removable: bool


class Extent(NamedTuple):
    """A stretch of a disk that a volume lies on."""

    disk: int
    start: int
    length: int


def device(raw: bytes) -> Device:
    """Return what a disk says of itself; raises `ValueError` where it is too short."""
    if len(raw) < _DESCRIPTOR.size:
        raise ValueError("no description of a device")
    _, _, _, _, removable, _, vendor, product, _, serial = _DESCRIPTOR.unpack_from(raw)
    return Device(_string(raw, vendor), _string(raw, product), _string(raw, serial), bool(removable))


def partitions(raw: bytes) -> list[int]:
    """Return where the partitions of a disk begin, in bytes; empty ones are left out."""
    count = min(int.from_bytes(raw[4:8], "little"), MAX_PARTITIONS)
    found = []
    for at in range(_LAYOUT, _LAYOUT + count * _PARTITION_SIZE, _PARTITION_SIZE):
        if at + _PARTITION.size <= len(raw):
            _, start, length, _ = _PARTITION.unpack_from(raw, at)
            found += [start] if length else []
    return found


def extents(raw: bytes) -> list[Extent]:
    """Return on which disks a volume lies (VOLUME_DISK_EXTENTS)."""
    count = min(int.from_bytes(raw[:4], "little"), MAX_PARTITIONS)
    places = range(8, 8 + count * _EXTENT.size, _EXTENT.size)
    return [Extent(*_EXTENT.unpack_from(raw, at)) for at in places if at + _EXTENT.size <= len(raw)]


def encryption(first: bytes) -> str | None:
    """Return `bitlk` or `luks` by the first sector of a partition as it lies on the disk; `None`: no mark of one.

    BitLocker: its name stands where that of the file system does, or, for removable media, behind a false FAT's
    (Microsoft, "BitLocker Drive Encryption"; libbde's description of the format).
    """
    if first[3:11] == _BITLOCKER[0] or (first[3:11] == _BITLOCKER[1] and first[424:440] == _TO_GO):
        return "bitlk"
    return "luks" if first.startswith(_LUKS) else None


def _string(raw: bytes, at: int) -> bytes | None:
    """Return the text at an offset; 0 and what lies outside mean that there is none."""
    if not 0 < at < len(raw):
        return None
    return raw[at:].partition(b"\0")[0].strip() or None
