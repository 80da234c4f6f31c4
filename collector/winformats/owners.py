"""Whose a file is: the owner in a self-relative security descriptor (MS-DTYP 2.4.6), spelled as an identifier."""

from __future__ import annotations

import struct
from typing import Final

from collector.winformats import sids

_HEAD: Final = struct.Struct("<BBHIIII")


def owner(raw: bytes) -> str | None:
    """Return the owner as `S-1-…`, `None` where none is named or the bytes are no descriptor."""
    if len(raw) < _HEAD.size:
        return None
    at = _HEAD.unpack_from(raw)[3]
    try:
        return sids.spelled(raw[at:]) if at else None
    except ValueError:
        return None
