"""What is mounted where on macOS, its firmlinks among it.

The system volume (`/`, sealed) and the volume of everything else (`/System/Volumes/Data`) look like one: firmlinks lead
from `/Users` to `/System/Volumes/Data/Users`, and so on (/usr/share/firmlinks). Here a firmlink counts as a mount of
the data volume, and the place it leads to as one that is not entered: so every file has one path, the one that people
know, and is met once.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from collector import rules
from collector.host.posix.low import files
from collector.host.posix.mounts import Kind, Mount, MountTable, kind_of
from collector.macformats import plists, statfs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collector.host.darwin.readings import Readings
    from collector.macformats.statfs import Filesystem

DATA: Final = b"/System/Volumes/Data"
"""Where the data volume of the system is mounted since macOS 10.15."""


def table(readings: Readings) -> MountTable:
    """Return the mounts of now; raises `OSError`, and `RuleError` for a wrong table of types."""
    found = [_mount(number, one, rules.filesystems()) for number, one in enumerate(filesystems(readings))]
    return MountTable(nested(found + _firmlinks(readings, found)))


def filesystems(readings: Readings) -> list[Filesystem]:
    """Return what is mounted, in the kernel's order; raises `OSError`."""
    try:
        return statfs.parse(readings.filesystems())
    except ValueError as error:
        raise OSError(errno.EIO, os.strerror(errno.EIO)) from error


def nested(mounts: Sequence[Mount]) -> list[Mount]:
    """Return the mounts, each inside the one in which its mount point stood when it was mounted."""
    found: list[Mount] = []
    visible: dict[bytes, int] = {}
    for number, one in enumerate(mounts):
        above = one.path
        while above not in visible and above != b"/":
            above = above.rpartition(b"/")[0] or b"/"
        parent = visible.get(above, -1)
        found.append(Mount(number, parent, one.device, one.root, one.path, one.filesystem, one.source, one.kind))
        visible[one.path] = number
    return found


def device_name(device: int) -> str:
    """Return a device as major:minor, as every other row tells it (`major` and `minor` of sys/types.h on macOS)."""
    return f"{device >> 24 & 0xFF}:{device & 0xFFFFFF}"


def _mount(number: int, one: Filesystem, classes: Mapping[str, str]) -> Mount:
    kind = kind_of(one.kind, classes)
    if kind is Kind.LOCAL and not one.flags & statfs.LOCAL:
        kind = Kind.NETWORK  # a local type over a network (NetBoot): the kernel says that it is not stored here
    if one.flags & statfs.SNAPSHOT and one.path != b"/":
        kind = Kind.UNKNOWN  # an older state of a volume (Time Machine): its files are met where they are now
    return Mount(number, -1, device_name(one.device), b"/", one.path, one.kind, one.source, kind)


def _firmlinks(readings: Readings, mounts: list[Mount]) -> list[Mount]:
    data = next((one for one in mounts if one.path == DATA), None)
    if data is None:
        return []
    try:
        listed = plists.firmlinks(files.read_small(f"{readings.root}/usr/share/firmlinks"))
    except OSError:
        listed = []  # then the data volume is walked where it is mounted, and none of it twice
    found = []
    for path, target in listed:
        if os.path.lexists(os.fsencode(readings.root) + path):
            place = DATA + b"/" + target
            found.append(Mount(-1, -1, data.device, b"/" + target, path, data.filesystem, data.source, data.kind))
            found.append(Mount(-1, -1, data.device, b"/" + target, place, "firmlink", data.source, Kind.PSEUDO))
    return found
