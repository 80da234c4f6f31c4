"""The disks, as sysfs describes them; no device is opened."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.linux import files
from collector.model import number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots
    from collector.model import Json

MAX_DISKS: Final = 256
MAX_VOLUMES: Final = 256
"""Most partitions and mapped devices followed of one disk, and file systems listed."""

_SECTOR: Final = 512
"""Unit of /sys/block/*/size, whatever the disk's own sectors are."""
_NOT_DISKS: Final = ("ram", "zram", "dm-", "md")
"""Memory, and devices that are seen as holders of the disks they lie on."""
_CRYPT: Final = "CRYPT-"
"""How cryptsetup begins the uuid of a mapping; LUKS, PLAIN, TCRYPT or BITLK follows."""
_PAGE_HEADER: Final = 4


@dataclass(slots=True)
class _Volumes:
    """What lies on a disk: its own device number and those of its partitions and of what is mapped on them."""

    devices: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    encryption: str | None = None
    unreadable: bool = False


def disks(roots: Roots, mounted: list[tuple[str, bytes, bytes, str]]) -> list[Json]:
    """Return one object for each disk in order of name; raises `OSError` where sysfs can't be listed.

    `mounted` holds device (major:minor), source, mount point and type of each file system.
    Encryption is `luks` or another form of cryptsetup where a mapping is open now;
    `none_seen` says only that none is, since no device is read.
    """
    block = f"{roots.sys}/block"
    found: list[Json] = []
    for name in map(os.fsdecode, files.names(block, kernel=True)):
        sectors = _text(f"{block}/{name}/size")
        if name.startswith(_NOT_DISKS) or not (sectors or "").isdigit() or not int(sectors or 0):
            continue  # not a disk, or a loop device or drive with nothing in it
        found.append(_disk(roots, name, int(sectors or 0) * _SECTOR, mounted))
        if len(found) == MAX_DISKS:
            break
    return found


def _disk(roots: Roots, name: str, size: int, mounted: list[tuple[str, bytes, bytes, str]]) -> Json:
    path = f"{roots.sys}/block/{name}"
    volumes = _Volumes()
    _follow(roots, path, name, volumes)
    file_systems: list[Json] = [
        cast("Json", {"device": text.from_bytes(source), "mount": text.from_bytes(point), "type": kind})
        for device, source, point, kind in mounted
        if device in volumes.devices or os.fsdecode(source.removeprefix(b"/dev/")) in volumes.names
    ]
    removable = _text(f"{path}/removable")
    return {
        "name": name,
        "model": _text(f"{path}/device/model"),
        "serial": _text(f"{path}/serial") or _text(f"{path}/device/serial") or _page_80(path),
        "size": number(size),
        "removable": None if removable is None else removable == "1",
        "encryption": volumes.encryption or ("unknown" if volumes.unreadable else "none_seen"),
        "file_systems": file_systems[:MAX_VOLUMES],
    }


def _follow(roots: Roots, path: str, name: str, volumes: _Volumes) -> None:
    """Add a device, its partitions and what is mapped on them."""
    if name in volumes.names or len(volumes.names) >= MAX_VOLUMES:
        return
    volumes.names.add(name)
    if device := _text(f"{path}/dev"):
        volumes.devices.add(device)
    uuid = _text(f"{path}/dm/uuid") or ""
    if uuid.startswith(_CRYPT):
        kind = uuid.removeprefix(_CRYPT).partition("-")[0]
        volumes.encryption = "luks" if kind.startswith("LUKS") else kind.lower()
    if mapped := _text(f"{path}/dm/name"):
        volumes.names.add(f"mapper/{mapped}")
    try:
        inside = [os.fsdecode(one) for one in files.names(path, kernel=True)]
        holders = [os.fsdecode(one) for one in files.names(f"{path}/holders", kernel=True)]
    except OSError:
        volumes.unreadable = True
        return
    for holder in holders:
        _follow(roots, f"{roots.sys}/block/{holder}", holder, volumes)
    for part in inside:
        if part.startswith(name) and os.path.lexists(f"{path}/{part}/partition"):
            _follow(roots, f"{path}/{part}", part, volumes)


def _page_80(path: str) -> str | None:
    """Return the serial number of a SCSI or SATA disk: its unit serial number page (SPC-4, 7.8.15)."""
    try:
        page = files.read_kernel(f"{path}/device/vpd_pg80", limit=1024)
    except OSError:
        return None
    return page[_PAGE_HEADER:].decode("ascii", "replace").strip("\0 ") or None


def _text(path: str) -> str | None:
    """Return one line of sysfs without the spaces around; `None` where the device has none or may not tell."""
    try:
        return files.read_kernel(path, limit=4096).decode("utf-8", "replace").strip() or None
    except OSError:
        return None
