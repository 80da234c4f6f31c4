"""File events as ReadDirectoryChangesW hands them over: FILE_NOTIFY_INFORMATION and its extended form (winnt.h)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.winformats import reparse
from collector.winformats.folders import utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATED, DELETED, MODIFIED, MOVED_FROM, MOVED_TO = "created", "deleted", "modified", "moved-from", "moved-to"
_EVENTS: Final = {1: CREATED, 2: DELETED, 3: MODIFIED, 4: MOVED_FROM, 5: MOVED_TO}
"""FILE_ACTION_… in our words."""

_PLAIN: Final = struct.Struct("<III")
_EXTENDED: Final = struct.Struct("<II48xI4x16xI")
"""What follows, the action, (four times and two sizes), attributes, (tag, two numbers), length of the name."""


class Notification(NamedTuple):
    """One file event: the name below the folder that is watched, and whether it is a folder, where that is told."""

    event: str
    name: bytes
    folder: bool | None


def notifications(raw: bytes, *, extended: bool) -> Iterator[Notification]:
    """Yield the events of one buffer, oldest first; raises `ValueError` where it is none."""
    form = _EXTENDED if extended else _PLAIN
    at = 0
    while True:
        if at + form.size > len(raw):
            raise ValueError("a file event is cut off")
        if extended:
            following, action, attributes, length = form.unpack_from(raw, at)
            folder = bool(attributes & reparse.DIRECTORY)
        else:
            following, action, length = form.unpack_from(raw, at)
            folder = None
        start = at + form.size
        if start + length > len(raw) or length % 2:
            raise ValueError("the name of a file event is cut off")
        if action in _EVENTS:
            yield Notification(_EVENTS[action], utf8(raw[start : start + length]), folder)
        if not following:
            return
        at += following
