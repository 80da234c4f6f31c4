"""Radios: Wi-Fi as its service tells (wlanapi.h), Bluetooth radios that are switched on (bluetoothapis.h).

Only what the service knows already is asked: no scan, and nothing is sent. Since Windows 11 24H2 the name of the Wi-Fi
network is kept from programs that may not know the place of the computer, and who asks for it all the same makes
Windows put a question on the screen of whoever sits there: it is asked for only where that was allowed before.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import winreg
from contextlib import contextmanager
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from collector import text
from collector.facts import Radio, Unread
from collector.host.windows import calls
from collector.model import Outcome
from collector.winformats import networktables, wlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.winformats.links import Station

MAX_BLUETOOTH: Final = 16
"""Most Bluetooth radios; a computer has one."""
RADIO_STATE: Final = 4
"""wlan_intf_opcode_radio_state."""
_CURRENT_CONNECTION: Final = 7
_NOT_RUNNING: Final = 1062  # ERROR_SERVICE_NOT_ACTIVE
_NOT_JOINED: Final = (5023, 1168)  # ERROR_INVALID_STATE, ERROR_NOT_FOUND
_NO_MORE: Final = (259, 1168)  # ERROR_NO_MORE_ITEMS
_NO_LIBRARY: Final = 126  # ERROR_MOD_NOT_FOUND
_ASKS_A_PERSON: Final = 26_100
"""Build of Windows 11 24H2 ("Changes to API behavior for Wi-Fi access and location", learn.microsoft.com)."""
_CONSENT: Final = r"SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\location"
_CONSENTS: Final = (
    (winreg.HKEY_LOCAL_MACHINE, _CONSENT),
    (winreg.HKEY_CURRENT_USER, _CONSENT),
    (winreg.HKEY_CURRENT_USER, rf"{_CONSENT}\NonPackaged"),
)
"""Where Settings keeps who may know the place: this computer, this user, this user's programs that are no apps."""
_VERSION: Final = 2  # of the client, Windows Vista and later


class _FindParams(ctypes.Structure):
    """BLUETOOTH_FIND_RADIO_PARAMS."""

    _fields_ = (("dwSize", wintypes.DWORD),)


class _RadioInfo(ctypes.Structure):
    """BLUETOOTH_RADIO_INFO."""

    _fields_ = (
        ("dwSize", wintypes.DWORD),
        ("address", ctypes.c_ulonglong),
        ("szName", ctypes.c_byte * 496),
        ("ulClassofDevice", wintypes.ULONG),
        ("lmpSubversion", wintypes.USHORT),
        ("manufacturer", wintypes.USHORT),
    )


def wifi(unread: list[Unread]) -> tuple[dict[str, Station], list[Radio]]:
    """Return the Wi-Fi interfaces by their GUID, and their radios; none where Windows has no Wi-Fi."""
    stations: dict[str, Station] = {}
    radios: list[Radio] = []
    try:
        with opened() as client:
            for seen in listed(client):
                state = radio(client, seen)
                missing: list[str] = []
                joined = None
                if seen.associated is not False and not may_name():
                    missing.append(str(Outcome.DENIED))
                elif seen.associated is not False:
                    joined = wlan.network(_asked(client, seen.guid, _CURRENT_CONNECTION, missing))
                stations[seen.name] = wlan.station(seen, joined, state, missing[0] if missing else None)
                if state is not None:
                    name = text.from_native(seen.description)
                    radios.append(Radio(len(radios), name, "wifi", state.software_off, state.hardware_off))
    except OSError as error:
        if error.winerror not in (_NO_LIBRARY, _NOT_RUNNING):  # no Wi-Fi at all, or nobody who would join a network
            unread.append(Unread("radios", calls.gap_of(error, "the Wi-Fi links can't be listed")))
    return stations, radios


def may_name() -> bool:
    """Tell whether the name of a network may be asked for without a question to whoever sits at the screen."""
    if sys.getwindowsversion().build < _ASKS_A_PERSON:
        return True
    try:
        for root, path in _CONSENTS:
            with winreg.OpenKey(root, path) as key:
                if winreg.QueryValueEx(key, "Value")[0] != "Allow":
                    return False
    except OSError:
        return False
    return True


def bluetooth(first: int, unread: list[Unread]) -> list[Radio]:
    """Return every Bluetooth radio that is switched on, numbered from `first`: Windows lists no other."""
    found: list[Radio] = []
    try:
        library = calls.library("bthprops.cpl")
        library.BluetoothFindFirstRadio.restype = ctypes.c_void_p
        handle = wintypes.HANDLE()
        search = library.BluetoothFindFirstRadio(
            ctypes.byref(_FindParams(ctypes.sizeof(_FindParams))), ctypes.byref(handle)
        )
        if not search:
            error = calls.last_error()
            if error.winerror in _NO_MORE:
                return []
            raise error
        try:
            while len(found) < MAX_BLUETOOTH:
                with calls.closing(handle.value or 0):
                    found.append(Radio(first + len(found), _bluetooth_name(handle), "bluetooth", False, False))  # noqa: FBT003 - in the order of its fields
                if not library.BluetoothFindNextRadio(ctypes.c_void_p(search), ctypes.byref(handle)):
                    break
        finally:
            library.BluetoothFindRadioClose(ctypes.c_void_p(search))
    except OSError as error:
        if error.winerror != _NO_LIBRARY:
            unread.append(Unread("radios", calls.gap_of(error, "the Bluetooth radios can't be listed")))
    return found


@contextmanager
def opened() -> Iterator[wintypes.HANDLE]:
    """Hold a conversation with the Wi-Fi service of this computer; raises `OSError`."""
    library = calls.library("wlanapi")
    client, version = wintypes.HANDLE(), wintypes.DWORD()
    error = library.WlanOpenHandle(_VERSION, None, ctypes.byref(version), ctypes.byref(client))
    if error:
        raise ctypes.WinError(error)
    try:
        yield client
    finally:
        library.WlanCloseHandle(client, None)


def listed(client: wintypes.HANDLE) -> list[wlan.Interface]:
    """Return the Wi-Fi interfaces that the service knows; raises `OSError`."""
    library = calls.library("wlanapi")
    where = ctypes.c_void_p()
    error = library.WlanEnumInterfaces(client, None, ctypes.byref(where))
    if error or not where.value:
        raise ctypes.WinError(error or 13)  # ERROR_INVALID_DATA
    try:
        count = int.from_bytes(ctypes.string_at(where.value, 4), "little")
        raw = ctypes.string_at(where.value, 8 + min(count, wlan.MAX_INTERFACES) * wlan.INTERFACE_BYTES)
    finally:
        _free(where)
    return wlan.interfaces(raw)


def radio(client: wintypes.HANDLE, seen: wlan.Interface) -> wlan.Radio | None:
    """Return whether the radios of an interface are off, `None` where the service doesn't tell."""
    return wlan.radio(_asked(client, seen.guid, RADIO_STATE, []))


def phys(client: wintypes.HANDLE, seen: wlan.Interface) -> list[int]:
    """Return the numbers of the radios of an interface."""
    return wlan.phys(_asked(client, seen.guid, RADIO_STATE, []))


def _asked(client: wintypes.HANDLE, guid: bytes, code: int, missing: list[str]) -> bytes:
    """Return what the service tells of an interface; nothing, and the outcome in `missing`, where it doesn't."""
    library = calls.library("wlanapi")
    size, where = wintypes.DWORD(), ctypes.c_void_p()
    error = library.WlanQueryInterface(
        client, ctypes.c_char_p(guid), code, None, ctypes.byref(size), ctypes.byref(where), None
    )
    if error or not where.value:
        if error and error not in _NOT_JOINED:
            missing.append(str(calls.outcome_of(ctypes.WinError(error))))
        return b""
    try:
        return ctypes.string_at(where.value, min(size.value, 1 << 16))
    finally:
        _free(where)


def _free(where: ctypes.c_void_p) -> None:
    free = calls.library("wlanapi").WlanFreeMemory
    free.argtypes = [ctypes.c_void_p]
    free.restype = None
    free(where)


def _bluetooth_name(handle: wintypes.HANDLE) -> text.Text:
    info = _RadioInfo(ctypes.sizeof(_RadioInfo))
    if calls.library("bthprops.cpl").BluetoothGetRadioInfo(handle, ctypes.byref(info)):
        return "Bluetooth"  # it has no name that can be had: what it is
    return text.from_native(networktables.wide(bytes(info.szName))) or "Bluetooth"
