"""Whose a file is: the owner in a self-relative security descriptor (MS-DTYP 2.4.6), spelled as an identifier."""

from __future__ import annotations

import struct
from typing import Final

_HEAD: Final = struct.Struct("<BBHIIII")
_SID_HEAD: Final = 8
_MOST_PARTS: Final = 15


def owner(raw: bytes) -> str | None:
    """Return the owner as `S-1-…`, `None` where none is named or the bytes are no descriptor."""
    if len(raw) < _HEAD.size:
        return None
    at = _HEAD.unpack_from(raw)[3]
    if not at or at + _SID_HEAD > len(raw) or raw[at] != 1 or raw[at + 1] > _MOST_PARTS:
        return None
    count = raw[at + 1]
    if at + _SID_HEAD + 4 * count > len(raw):
        return None
    parts = struct.unpack_from(f"<{count}I", raw, at + _SID_HEAD)
    authority = int.from_bytes(raw[at + 2 : at + _SID_HEAD], "big")
    return "-".join(("S-1", str(authority), *map(str, parts)))
