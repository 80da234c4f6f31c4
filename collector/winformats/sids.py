"""Security identifiers: their bytes, their spelling, and whether this machine itself knows the name (MS-DTYP 2.4.2)."""

from __future__ import annotations

import struct
from typing import Final

_HEAD: Final = 8
_DESCRIPTOR: Final = struct.Struct("<BBHIIII")
"""The head of a self-relative security descriptor (MS-DTYP 2.4.6): the fourth is where its owner stands."""
_MOST: Final = 15
"""Most parts after the authority (SID_MAX_SUB_AUTHORITIES, winnt.h)."""
_DOMAIN: Final = "S-1-5-21-"
"""How identifiers begin that a domain, or a machine as its own domain, has given."""
_DIRECTORY: Final = "S-1-12-"
"""How those of Microsoft's directory (Entra) begin."""


def spelled(raw: bytes) -> str:
    """Return `S-1-…` for the bytes of an identifier; raises `ValueError` where they are none."""
    if len(raw) < _HEAD or raw[0] != 1 or raw[1] > _MOST or len(raw) < _HEAD + 4 * raw[1]:
        raise ValueError("no security identifier")
    parts = struct.unpack_from(f"<{raw[1]}I", raw, _HEAD)
    return "-".join(("S-1", str(int.from_bytes(raw[2:8], "big")), *map(str, parts)))


def owner(descriptor: bytes) -> str | None:
    """Return the owner as `S-1-…`, `None` where none is named or the bytes are no security descriptor."""
    if len(descriptor) < _DESCRIPTOR.size:
        return None
    at = _DESCRIPTOR.unpack_from(descriptor)[3]
    try:
        return spelled(descriptor[at:]) if at else None
    except ValueError:
        return None


def is_known_here(sid: str, machine: str | None) -> bool:
    """Tell whether the machine can name it without asking a domain: well-known, a service's, or an account of its own.

    `machine` is the machine's own identifier, `None` where it is not known.
    """
    if sid.startswith(_DOMAIN):
        return machine is not None and sid.rpartition("-")[0] == machine
    return not sid.startswith(_DIRECTORY)
