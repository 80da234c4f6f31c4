"""SYSTEM_POWER_STATUS (winbase.h), taken apart."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collector.model import Json

_STATUS: Final = struct.Struct("<BBBBII")  # mains, flags, percent, saver, seconds left, seconds of a full one
BYTES: Final = _STATUS.size

_UNKNOWN: Final = 255
_NO_BATTERY: Final = 128
_CHARGING: Final = 8
_MOST_PERCENT: Final = 100
_NAME: Final = "all"
"""Windows tells one figure for all batteries together."""


def parse(raw: bytes) -> dict[str, Json]:
    """Return `mains` and `batteries` as `collector.host.Host.power` promises; what is not known is null."""
    line, flags, percent, _, _, _ = _STATUS.unpack_from(raw)
    mains = {0: False, 1: True}.get(line)
    batteries: list[Json] = []
    if flags == _UNKNOWN or not flags & _NO_BATTERY:
        known = flags != _UNKNOWN
        charging = "Charging" if known and flags & _CHARGING else None
        status = charging or ("Discharging" if mains is False else "Not charging" if known and mains else None)
        if known or percent <= _MOST_PERCENT:
            told = percent if percent <= _MOST_PERCENT else None
            batteries.append({"name": _NAME, "percent": told, "status": status})
    return {"mains": mains, "batteries": batteries}
