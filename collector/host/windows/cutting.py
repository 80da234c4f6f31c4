"""What `--isolate` changes: interfaces switched off (SetIfEntry, iphlpapi.h), Wi-Fi radios too (WlanSetInterface).

Administrators only. The plan says first what would be done and how it is undone (`collector.winformats.cuts`); a step
is taken only on the very interface that it was planned for, and looked at afterwards. Windows forgets it at its next
start. The radio of Bluetooth is left to a person: only what Windows shows on its screen switches it.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import struct
import time
from typing import TYPE_CHECKING, Final

from collector import text
from collector.host import HostError
from collector.host.windows import calls, iphelper, radios
from collector.model import Gap, Outcome
from collector.winformats import cuts, links, networktables, wlan

if TYPE_CHECKING:
    from ctypes import wintypes

    from collector.facts import Change, Facts
    from collector.winformats.networktables import Interface, Route

SECONDS: Final = 5.0
"""Longest wait until Windows shows that what was switched off is off."""

_ROW_BYTES, _INDEX_AT, _ADMIN_AT = 860, 512, 540  # MIB_IFROW (ifmib.h)
_OFF: Final = 2  # dot11_radio_state_off


def plan(facts: Facts) -> tuple[Change, ...]:
    """Return what would cut this machine off, in its order; changes nothing. Raises `HostError`."""
    try:
        return cuts.plan(facts, _interfaces(), _routes())
    except (OSError, ValueError) as error:
        raise HostError(_gap(error, "what can be switched off can't be listed")) from error


def carry_out(change: Change) -> None:
    """Do one change and see that it is done; raises `HostError` where it is not."""
    what = "the radio can't be blocked" if change.what == "block" else "the link can't be switched off"
    try:
        if change.what == "block":
            _block(change)
        else:
            _switch_off(change)
    except (OSError, ValueError) as error:
        raise HostError(_gap(error, what, change.name)) from error


def _switch_off(change: Change) -> None:
    _same(change)
    row = bytearray(_ROW_BYTES)
    struct.pack_into("<I", row, _INDEX_AT, change.index)
    struct.pack_into("<I", row, _ADMIN_AT, links.DOWN)
    call = calls.library("iphlpapi").SetIfEntry
    call.argtypes = [ctypes.c_void_p]
    call.restype = ctypes.c_ulong
    error = call(ctypes.create_string_buffer(bytes(row), _ROW_BYTES))
    if error:
        raise ctypes.WinError(error)
    until = time.monotonic() + SECONDS
    while _is_live(_same(change)):
        if time.monotonic() >= until:
            raise HostError(Gap(Outcome.FAILED, "the link was switched off and is on again", change.name))
        time.sleep(0.1)


def _is_live(row: Interface) -> bool:
    return row.admin != links.DOWN or row.oper == links.UP


def _same(change: Change) -> Interface:
    row = _interfaces().get(change.index)
    if row is None or text.from_native(row.alias) != change.name:
        raise HostError(Gap(Outcome.ABSENT, "the link is gone, or another one has its number", change.name))
    return row


def _block(change: Change) -> None:
    """Switch off each radio of one Wi-Fi interface, and see that they are off."""
    with radios.opened() as client:
        told = [(one, radios.radio(client, one)) for one in radios.listed(client)]
        with_radio = [one for one, state in told if state is not None]
        if change.index >= len(with_radio) or text.from_native(with_radio[change.index].description) != change.name:
            raise HostError(Gap(Outcome.ABSENT, "the radio is gone, or another one has its number", change.name))
        chosen = with_radio[change.index]
        for phy in radios.phys(client, chosen):
            _set(client, chosen, phy)
        state = radios.radio(client, chosen)
    if state is None or not (state.software_off or state.hardware_off):
        raise HostError(Gap(Outcome.FAILED, "the radio was blocked and is not blocked", change.name))


def _set(client: wintypes.HANDLE, chosen: wlan.Interface, phy: int) -> None:
    wanted = struct.pack("<III", phy, _OFF, 0)  # WLAN_PHY_RADIO_STATE
    call = calls.library("wlanapi").WlanSetInterface
    error = call(client, ctypes.c_char_p(chosen.guid), radios.RADIO_STATE, len(wanted), ctypes.c_char_p(wanted), None)
    if error:
        raise ctypes.WinError(error)


def _interfaces() -> dict[int, Interface]:
    """Return every interface by its index; raises `OSError`, `ValueError`."""
    table = iphelper.table("GetIfTable2", networktables.IF_ROW_BYTES)
    return {row.index: row for row in map(networktables.interface, table.bodies)}


def _routes() -> list[Route]:
    """Return the routes that can be read: those that somebody set are brought back by name."""
    found: list[Route] = []
    for family in networktables.FAMILIES:
        try:
            bodies = iphelper.table("GetIpForwardTable2", networktables.ROUTE_ROW_BYTES, family).bodies
        except OSError:
            continue  # `routes` tells it as a gap
        found += [networktables.route(body) for body in bodies]
    return found


def _gap(error: OSError | ValueError, what: str, subject: text.Text | None = None) -> Gap:
    if isinstance(error, OSError):
        return calls.gap_of(error, what, subject)
    return Gap(Outcome.FAILED, f"{what}: the tables are not in the form that Windows documents", subject)
