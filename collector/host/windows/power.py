"""Mains and batteries, as Windows tells them of the whole system (GetSystemPowerStatus, winbase.h)."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from typing import TYPE_CHECKING

from collector.host import HostError
from collector.host.windows import calls
from collector.winformats import powerstatus

if TYPE_CHECKING:
    from collector.model import Json


def state() -> dict[str, Json]:
    """Return `mains`, and `batteries`: Windows tells of all together; raises `HostError`."""
    raw = ctypes.create_string_buffer(powerstatus.BYTES)
    if not calls.library("kernel32").GetSystemPowerStatus(raw):
        raise HostError(calls.gap_of(calls.last_error(), "the power supplies can't be asked"))
    return powerstatus.parse(raw.raw)
