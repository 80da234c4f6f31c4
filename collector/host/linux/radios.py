"""Radios: which are blocked (rfkill in sysfs), and which Wi-Fi links are joined to what (nl80211).

Both are only asked: GET commands of generic netlink, which cause no scan and no packet.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import text
from collector.facts import Radio, Unread
from collector.host.linux import files, netlink

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots

MAX_RADIOS = 100
"""Most radios looked at; a laptop has three."""
MAX_STATIONS = 1000
"""Most Wi-Fi links, for the same reason."""

GENERIC = getattr(socket, "NETLINK_GENERIC", 16)  # include/uapi/linux/netlink.h

_KINDS = {b"wlan": "wifi", b"bluetooth": "bluetooth", b"wwan": "cellular"}  # ABI/stable/sysfs-class-rfkill
_COMMAND = struct.Struct("=BBH")  # genlmsghdr: command, version, reserved
_CONTROL, _GET_FAMILY, _FAMILY_ID, _FAMILY_NAME = 16, 3, 1, 2  # include/uapi/linux/genetlink.h
# include/uapi/linux/nl80211.h
_GET_INTERFACE, _GET_STATION = 5, 17
_IFINDEX, _MAC, _IFTYPE, _SSID = 3, 6, 5, 52
_IS_STATION, _IS_ADHOC = 2, 1


@dataclass(frozen=True, slots=True)
class Station:
    """A Wi-Fi link: the name of the network it is joined to, and whether it is joined to one at all."""

    network: bytes | None
    associated: bool | None


def rfkill(roots: Roots, unread: list[Unread]) -> tuple[Radio, ...]:
    """Return every radio that the kernel can switch off; none where it knows no such thing."""
    folder = os.fsencode(roots.sys) + b"/class/rfkill"
    found = []
    try:
        names = sorted(os.fsencode(name) for name in os.listdir(folder))
    except FileNotFoundError:
        return ()
    except OSError as error:
        unread.append(Unread("radios", files.gap_of(error, "the radios can't be listed")))
        return ()
    for name in names[:MAX_RADIOS]:
        try:
            values = [files.read_small(b"/".join((folder, name, part)), limit=4096).strip() for part in _PARTS]
            found.append(
                Radio(
                    int(values[0]),
                    text.from_bytes(values[1]),
                    _KINDS.get(values[2], "other"),
                    values[3] != b"0",
                    values[4] != b"0",
                )
            )
        except (OSError, ValueError) as error:
            failed = error if isinstance(error, OSError) else netlink.malformed()
            unread.append(Unread("radios", files.gap_of(failed, "a radio can't be read")))
    return tuple(found)


_PARTS = (b"index", b"name", b"type", b"soft", b"hard")


def stations(kernel: socket.socket | None = None) -> dict[int, Station]:
    """Return every Wi-Fi link by its index, in our own namespace or in that in which `kernel` was made.

    Raises `OSError`; ENOENT where the kernel has no Wi-Fi (nl80211 is not there).
    """
    if kernel is None:
        with netlink.opened(GENERIC) as own:
            return stations(own)
    family = _family(kernel)
    found = {}
    for body in netlink.ask(family, _COMMAND.pack(_GET_INTERFACE, 1, 0), netlink.DUMP, kernel, MAX_STATIONS):
        told = netlink.attributes(body, _COMMAND.size)
        if _IFINDEX in told:
            index = netlink.integer(told[_IFINDEX])
            found[index] = Station(told.get(_SSID) or None, _associated(kernel, family, index, told))
    return found


def _associated(kernel: socket.socket, family: int, index: int, told: dict[int, bytes]) -> bool | None:
    """Tell whether a link has a partner: the kernel lists those of a station or ad-hoc link, `None` if it won't."""
    if netlink.integer(told.get(_IFTYPE, b"")) not in (_IS_STATION, _IS_ADHOC):
        return None
    request = _COMMAND.pack(_GET_STATION, 1, 0) + netlink.attribute(_IFINDEX, index.to_bytes(4, sys.byteorder))
    with contextlib.suppress(OSError):  # the driver has no such list: the name of a network says enough, or its carrier
        if netlink.ask(family, request, netlink.DUMP, kernel, MAX_STATIONS):
            return True
    return True if told.get(_SSID) else None


def _family(kernel: socket.socket) -> int:
    """Return the number of nl80211, which the kernel gives anew at each start; raises `OSError`, ENOENT without Wi-Fi.

    All families are listed: asked for one by its name, the kernel would load its module (net/netlink/genetlink.c).
    """
    for body in netlink.ask(_CONTROL, _COMMAND.pack(_GET_FAMILY, 1, 0), netlink.DUMP, kernel):
        found = netlink.attributes(body, _COMMAND.size)
        if netlink.string(found.get(_FAMILY_NAME, b"")) == b"nl80211":
            return netlink.integer(found.get(_FAMILY_ID, b""))
    raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
