r"""Shadow copies of volumes that exist already, for files that are locked: found among the kernel's devices.

No service is asked and no copy is made: `\Device` lists `HarddiskVolumeShadowCopyN` (administrators only), and a copy
bears the serial number of the volume that it was made of. Which is the newest isn't told there: it is the one that
holds the newest state of the very file.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final

from collector.host.windows import files, ntcalls
from collector.winformats import paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.winformats.paths import Place

MOST: Final = 512
"""Shadow copies that a volume may have (VSS)."""
_NAME: Final = re.compile(r"HarddiskVolumeShadowCopy(\d{1,9})")


def numbers(devices: Iterable[str]) -> list[int]:
    """Return the numbers of the shadow copies among some devices, the highest first."""
    found = (_NAME.fullmatch(device) for device in devices)
    return sorted((int(match[1]) for match in found if match), reverse=True)[:MOST]


@cache
def copies() -> tuple[tuple[int, str], ...]:
    """Return the serial number of the volume of each shadow copy, and the copy's own name as a volume.

    Asked once: those that are made later, or deleted, are not noticed.
    """
    found: list[tuple[int, str]] = []
    devices: list[str] = []
    with suppress(OSError):
        devices = list(ntcalls.objects("\\Device"))
    for number in numbers(devices):
        volume = f"GLOBALROOT\\Device\\HarddiskVolumeShadowCopy{number}"
        with suppress(OSError), files.open_folder(f"\\\\?\\{volume}\\") as root:
            found.append((ntcalls.information(root.handle).serial, volume))
    return tuple(found)


def newest(place: Place) -> files.File | None:
    """Return the newest state of a file that a shadow copy of its volume has, open; `None` where there is none."""
    found: files.File | None = None
    newest_ns = -1
    for volume in _of(place):
        with suppress(OSError), files.open_file(paths.Place(volume, place.names).text) as file:
            changed = file.facts().mtime_ns
            if changed <= newest_ns:
                continue
            if found is not None:
                found.close()
            found = files.File(file.detached(), shadow=volume.rpartition("\\")[2])
            newest_ns = changed
    return found


def _of(place: Place) -> list[str]:
    known = copies()
    if not known:
        return []
    with suppress(OSError), files.open_folder(place._replace(names=()).text) as root:
        serial = ntcalls.information(root.handle).serial
        return [volume for number, volume in known if number == serial]
    return []
