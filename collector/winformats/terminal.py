"""What the terminal service tells of a session: WTSINFOW and WTS_CLIENT_ADDRESS (wtsapi32.h)."""

from __future__ import annotations

import ipaddress
import struct
from typing import Final

_TIMES: Final = struct.Struct("<176xqqqqq")
"""Behind state, number, traffic and names: connected, disconnected, last input, logged on, now."""
_ADDRESS: Final = struct.Struct("<I20s")
_IPV4: Final = 2


def logon_time(raw: bytes) -> int:
    """Return when the user logged on, else when the session was connected, as FILETIME; 0: not told."""
    if len(raw) < _TIMES.size:
        return 0
    connected, _, _, logged_on, _ = _TIMES.unpack_from(raw)
    return int(logged_on or connected)


def client_address(raw: bytes) -> str | None:
    """Return the address of the client, which begins two bytes in; `None` for the console and what isn't IPv4."""
    if len(raw) < _ADDRESS.size:
        return None
    family, address = _ADDRESS.unpack_from(raw)
    if family != _IPV4 or not any(address[2:6]):
        return None
    return str(ipaddress.IPv4Address(address[2:6]))
