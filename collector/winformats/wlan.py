"""What the Wi-Fi service of Windows answers, taken apart (wlanapi.h): interfaces, the network joined, the radios."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from collector.winformats import networktables
from collector.winformats.links import Station

MAX_INTERFACES: Final = 64
"""Most Wi-Fi interfaces; a computer has one."""

_HEAD_BYTES: Final = 8  # WLAN_INTERFACE_INFO_LIST: dwNumberOfItems, dwIndex
_INTERFACE: Final = struct.Struct("<16s512sI")  # WLAN_INTERFACE_INFO
INTERFACE_BYTES: Final = _INTERFACE.size
_SSID: Final = struct.Struct("<I32s")  # DOT11_SSID
_SSID_AT: Final = 4 + 4 + 512  # WLAN_CONNECTION_ATTRIBUTES: isState, wlanConnectionMode, strProfileName
_COUNT: Final = struct.Struct("<I")
_PHY: Final = struct.Struct("<III")  # WLAN_PHY_RADIO_STATE: index, software, hardware
_MOST_PHYS: Final = 64  # WLAN_MAX_PHY_INDEX
_OFF: Final = 2  # dot11_radio_state_off
_ASSOCIATED: Final = {1: True, 2: True, 4: False}
"""WLAN_INTERFACE_STATE: connected, ad_hoc_network_formed, disconnected; the others are on their way to or from."""


class Interface(NamedTuple):
    """One Wi-Fi interface: `name` is its GUID as the registry writes it, in small letters."""

    guid: bytes
    name: str
    description: str
    associated: bool | None


class Radio(NamedTuple):
    """Whether every radio of an interface is switched off, by software or by a switch."""

    software_off: bool
    hardware_off: bool


def interfaces(raw: bytes) -> list[Interface]:
    """Return the interfaces of a WLAN_INTERFACE_INFO_LIST, as many as are wholly there."""
    count = _COUNT.unpack_from(raw)[0] if len(raw) >= _HEAD_BYTES else 0
    found = []
    for number in range(min(count, MAX_INTERFACES, (len(raw) - _HEAD_BYTES) // _INTERFACE.size)):
        guid, description, state = _INTERFACE.unpack_from(raw, _HEAD_BYTES + number * _INTERFACE.size)
        name = networktables.guid_text(guid)
        found.append(Interface(guid, name, networktables.wide(description), _ASSOCIATED.get(state)))
    return found


def network(raw: bytes) -> bytes | None:
    """Return the name of the network of a WLAN_CONNECTION_ATTRIBUTES: at most 32 bytes of any kind."""
    if len(raw) < _SSID_AT + _SSID.size:
        return None
    length, name = _SSID.unpack_from(raw, _SSID_AT)
    return name[:length] or None


def radio(raw: bytes) -> Radio | None:
    """Return what a WLAN_RADIO_STATE tells; `None` where it tells of no radio."""
    states = _states(raw)
    if not states:
        return None
    return Radio(all(one[1] == _OFF for one in states), all(one[2] == _OFF for one in states))


def phys(raw: bytes) -> list[int]:
    """Return the number of each radio of a WLAN_RADIO_STATE."""
    return [one[0] for one in _states(raw)]


def _states(raw: bytes) -> list[tuple[int, int, int]]:
    count = _COUNT.unpack_from(raw)[0] if len(raw) >= _COUNT.size else 0
    there = min(count, _MOST_PHYS, (len(raw) - _COUNT.size) // _PHY.size)
    return [_PHY.unpack_from(raw, _COUNT.size + number * _PHY.size) for number in range(there)]


def station(seen: Interface, joined: bytes | None, state: Radio | None, unread: str | None) -> Station:
    """Return what is known of one interface, put together."""
    off = state is not None and (state.software_off or state.hardware_off)
    return Station(seen.associated, joined, off=off, unread=unread)
