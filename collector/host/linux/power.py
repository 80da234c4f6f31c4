"""Mains and batteries, from sysfs (Documentation/ABI/testing/sysfs-class-power)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

from collector import text
from collector.host import HostError
from collector.host.linux import files

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots
    from collector.model import Json

MAX_SUPPLIES = 32
"""Most supplies looked at; a laptop has two or three, a mouse brings one of its own."""

_CHARGERS = (b"Mains", b"USB", b"Wireless")
_BATTERIES = (b"Battery", b"UPS")
_MAX_VALUE = 4096


def state(roots: Roots) -> dict[str, Json]:
    """Return `mains`, and the system's own `batteries`.

    `mains` is true where a charger is plugged in, false where one is told to be out or a battery
    is being emptied, null where nothing tells. Raises `HostError` where the folder can't be read;
    a machine without it tells of neither.
    """
    folder = os.fsencode(roots.sys) + b"/class/power_supply"
    try:
        names = files.names(folder, kernel=True)
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise HostError(files.gap_of(error, "the power supplies can't be listed")) from error
    online: list[bytes | None] = []
    is_unplugged = is_discharging = False
    batteries: list[Json] = []
    for name in names[:MAX_SUPPLIES]:
        supply = folder + b"/" + name
        kind = _value(supply, b"type")
        if _value(supply, b"scope") == b"Device":  # of a mouse or a phone, not of the system
            continue
        if kind in _CHARGERS:
            online.append(_value(supply, b"online"))
            is_unplugged |= kind == b"Mains" and online[-1] == b"0"  # a USB-C socket with nothing in it says so too
        elif kind in _BATTERIES and _value(supply, b"present") != b"0":
            capacity, status = _value(supply, b"capacity"), _value(supply, b"status")
            is_discharging |= status == b"Discharging"
            batteries.append(
                {
                    "name": cast("Json", text.from_bytes(name)),
                    "percent": int(capacity) if capacity is not None and _is_percent(capacity) else None,
                    "status": _text(status),
                }
            )
    plugged = any(value in (b"1", b"2") for value in online)  # 2: a charger whose voltage can be set
    mains = True if plugged else False if is_discharging or is_unplugged else None
    return {"mains": mains, "batteries": batteries}


def _value(supply: bytes, name: bytes) -> bytes | None:
    """Return one attribute, `None` where the driver has none or it can't be read just now."""
    try:
        return files.read_kernel(supply + b"/" + name, limit=_MAX_VALUE).strip()
    except OSError:
        return None


def _is_percent(value: bytes) -> bool:
    return value.isdigit() and len(value) <= 3 and int(value) <= 100  # noqa: PLR2004 - percent


def _text(value: bytes | None) -> Json:
    return None if value is None else cast("Json", text.from_bytes(value[:64]))
