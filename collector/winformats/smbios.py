"""What the firmware says of the machine: the table that GetSystemFirmwareTable('RSMB') gives (DMTF DSP0134, SMBIOS)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_STRUCTURES: Final = 4_096

_HEAD: Final = 8
"""RawSMBIOSData (sysinfoapi.h notes): used20CallingMethod, major, minor, DMI revision, length."""
_FIRMWARE: Final = 0
_SYSTEM: Final = 1
_BOARD: Final = 2
_END: Final = 127
_MIN: Final = 4
_UUID: Final = 8
"""Where the UUID begins in the structure of the system, since SMBIOS 2.1."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is written of the machine; `None` where the table has no such thing."""

    maker: bytes | None = None
    model: bytes | None = None
    serial: bytes | None = None
    uuid: str | None = None
    board: bytes | None = None
    firmware: bytes | None = None


@dataclass(frozen=True, slots=True)
class Structure:
    """One structure: its type, its formatted part, and the strings behind it."""

    kind: int
    body: bytes
    strings: tuple[bytes, ...]

    def string(self, at: int) -> bytes | None:
        """Return the string whose number stands at an offset of the body; `None` where there is none or it is blank."""
        number = self.body[at] if at < len(self.body) else 0
        return (self.strings[number - 1].strip() or None) if 0 < number <= len(self.strings) else None


def parse(raw: bytes) -> Machine:
    """Return what the table says; raises `ValueError` where it holds no structure of the system."""
    found: dict[int, Structure] = {}
    for one in structures(raw):
        found.setdefault(one.kind, one)
    system = found.get(_SYSTEM)
    if system is None:
        raise ValueError("the table does not describe the system")
    board, firmware = found.get(_BOARD), found.get(_FIRMWARE)
    return Machine(
        system.string(4),
        system.string(5),
        system.string(7),
        _uuid(system.body[_UUID : _UUID + 16]),
        board.string(7) if board else None,
        firmware.string(5) if firmware else None,
    )


def structures(raw: bytes) -> Iterator[Structure]:
    """Yield the structures in order; ends at the end mark, and where the table is torn."""
    at = _HEAD
    for _ in range(MAX_STRUCTURES):
        if at + _MIN > len(raw) or raw[at + 1] < _MIN:
            return
        kind, length = raw[at], raw[at + 1]
        end = raw.find(b"\0\0", at + length)
        if end < 0 or kind == _END:
            return
        strings = raw[at + length : end]
        yield Structure(kind, raw[at : at + length], tuple(strings.split(b"\0")) if strings else ())
        at = end + 2


def _uuid(raw: bytes) -> str | None:
    """Return the identity of the machine; all zeros or all ones mean that it has none (7.2.1)."""
    if len(raw) < 16 or raw in (bytes(16), b"\xff" * 16):  # noqa: PLR2004 - a UUID's bytes
        return None
    first, second, third = struct.unpack_from("<IHH", raw)
    return f"{first:08x}-{second:04x}-{third:04x}-{raw[8:10].hex()}-{raw[10:].hex()}"
