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

_MAINS = (b"Mains", b"USB")
_MAX_VALUE = 4096


def state(roots: Roots) -> dict[str, Json]:
    """Return `mains`, true where one is plugged in, null where none is told of, and the system's `batteries`.

    Raises `HostError` where the folder can't be read; a machine without it tells of neither.
    """
    folder = os.fsencode(roots.sys) + b"/class/power_supply"
    try:
        names = files.names(folder, kernel=True)
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise HostError(files.gap_of(error, "the power supplies can't be listed")) from error
    mains: bool | None = None
    batteries: list[Json] = []
    for name in names[:MAX_SUPPLIES]:
        supply = folder + b"/" + name
        kind = _value(supply, b"type")
        if kind in _MAINS:
            online = _value(supply, b"online")
            if online in (b"0", b"1"):
                mains = bool(mains) or online == b"1"
        elif kind == b"Battery" and _value(supply, b"scope") != b"Device":  # a mouse's is a device's own
            capacity = _value(supply, b"capacity")
            batteries.append(
                {
                    "name": cast("Json", text.from_bytes(name)),
                    "percent": int(capacity) if capacity is not None and _is_percent(capacity) else None,
                    "status": _text(_value(supply, b"status")),
                }
            )
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
