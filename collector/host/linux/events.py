"""One file event as inotify tells it: its name among ours, its row, and how it counts."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from collector import text
from collector.bursts import Place
from collector.host.linux import clock

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.bursts import Counters
    from collector.model import Json, Row

ISDIR: Final = 0x4000_0000
MOVED_FROM: Final = 0x040
MOVED_TO: Final = 0x080
CREATED: Final = 0x100
_MODIFIED: Final = 0x008
_DELETED: Final = 0x200
_NAMES: Final = {
    0x004: "attributes",
    _MODIFIED: "modified",  # closed after writing: once for each writer, not for each write
    MOVED_FROM: "moved-from",
    MOVED_TO: "moved-to",
    CREATED: "created",
    _DELETED: "deleted",
}
ALL: Final = sum(_NAMES)
"""Every event that is asked for."""


class Event(NamedTuple):
    """A file event: `folder` is the path at that moment, `name` is empty for the folder itself."""

    utc_ns: int
    mask: int
    folder: bytes
    name: bytes


def row(event: Event) -> Row:
    """Return the row of an event."""
    return {
        "utc": clock.utc(event.utc_ns),
        "event": next((name for bit, name in _NAMES.items() if event.mask & bit), None),
        "path": cast("Json", text.from_bytes(joined(event.folder, event.name))),
        "folder": bool(event.mask & ISDIR),
    }


def count(counters: Counters, event: Event, cookie: int, now: float) -> None:
    """Count an event of a file; folders and changes of attributes alone are not counted."""
    if event.mask & ISDIR or not event.name:
        return
    place = Place(event.folder, event.name)
    if event.mask & CREATED:
        counters.created(place, now)
    elif event.mask & _MODIFIED:
        counters.written(place, now)
    elif event.mask & MOVED_FROM:
        counters.moved_from(place, cookie)
    elif event.mask & MOVED_TO:
        counters.moved_to(place, cookie, now)
    elif event.mask & _DELETED:
        counters.deleted(place, now)


def joined(folder: bytes, name: bytes) -> bytes:
    """Return the path of a name in a folder, or of the folder itself."""
    return os.path.join(folder, name) if name else folder
