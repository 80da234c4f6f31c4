"""EXIF: when a picture was taken and with which camera (CIPA DC-008, TIFF 6.0). Pure, bounded, raises nothing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json

LONGEST: Final = 64
"""Characters of a maker's or model's name that are kept."""
_MOST_SEGMENTS, _MOST_ENTRIES = 64, 512
_ENDS = (0xD9, 0xDA)
"""Markers after which a JPEG has no more metadata: its end, and the beginning of the picture itself."""
_APP1, _MARK = 0xE1, b"Exif\0\0"

_ASCII, _LONG = 2, 4
_INLINE = 4
"""Bytes of a value that stand in the entry itself."""
_MAKER, _MODEL, _EXIF, _PLACE = 0x010F, 0x0110, 0x8769, 0x8825
_TAKEN, _STORED, _CHANGED = 0x9003, 0x9004, 0x0132
_TAKEN_OFFSET, _STORED_OFFSET, _CHANGED_OFFSET = 0x9011, 0x9012, 0x9010
_TIMES = ((_TAKEN, _TAKEN_OFFSET), (_STORED, _STORED_OFFSET), (_CHANGED, _CHANGED_OFFSET))
"""Each time with its offset, the best one first: taken, digitised, and last changed."""
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", re.ASCII)
_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d", re.ASCII)


def in_jpeg(data: bytes) -> bytes:
    """Return the TIFF block of a JPEG's EXIF segment, empty where there is none."""
    at = 2
    for _segment in range(_MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] in _ENDS:  # noqa: PLR2004 - every marker begins so
            break
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + size]
        if data[at + 1] == _APP1 and body.startswith(_MARK):
            return body[len(_MARK) :]
        at += 2 + size
    return b""


def taken(tiff: bytes) -> dict[str, Json]:
    """Return `taken`, `taken_offset`, `maker`, `model` and `has_place` of a TIFF block, `None` where it has none."""
    block = _Block(tiff)
    first = dict(block.entries(block.start))
    values = {**first, **dict(block.entries(block.number(first.get(_EXIF))))}
    found: dict[str, Json] = {"taken": None, "taken_offset": None}
    for time, offset in _TIMES:
        moment = _time(block.text(values.get(time)))
        if moment is not None:
            zone = block.text(values.get(offset))
            found = {"taken": moment, "taken_offset": zone if _OFFSET.fullmatch(zone) else None}
            break
    return {
        **found,
        "maker": block.text(first.get(_MAKER)) or None,
        "model": block.text(first.get(_MODEL)) or None,
        "has_place": _PLACE in first,
    }


def _time(text: str) -> str | None:
    """Return a time in ISO form, or `None` for none: cameras whose clock was never set write blanks and zeros."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    moment = f"{match[1]}-{match[2]}-{match[3]}T{match[4]}"
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        return None
    return moment


class _Block:
    """A TIFF block: directories of entries, each with its values inside it or elsewhere in the block."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        order = {b"II*\0": "little", b"MM\0*": "big"}.get(data[:4])
        self._big = order == "big"
        self.start = 0 if order is None else self._int(4, 4)
        """Where the first directory stands; 0: nowhere."""

    def _int(self, at: int, size: int) -> int:
        return int.from_bytes(self._data[at : at + size], "big" if self._big else "little")

    def entries(self, at: int) -> Iterator[tuple[int, int]]:
        """Yield tag and place of each entry of a directory; none where it isn't whole."""
        if at <= 0 or at + 2 > len(self._data):
            return
        for number in range(min(self._int(at, 2), _MOST_ENTRIES)):
            place = at + 2 + 12 * number
            if place + 12 > len(self._data):
                return
            yield self._int(place, 2), place

    def number(self, entry: int | None) -> int:
        """Return the value of an entry of one 32-bit number, 0 for any other."""
        if entry is None or self._int(entry + 2, 2) != _LONG or self._int(entry + 4, 4) != 1:
            return 0
        return self._int(entry + 8, 4)

    def text(self, entry: int | None) -> str:
        """Return the text of an entry up to its NUL, cut; empty where it has none."""
        if entry is None or self._int(entry + 2, 2) != _ASCII:
            return ""
        size = self._int(entry + 4, 4)
        at = entry + 8 if size <= _INLINE else self._int(entry + 8, 4)
        raw = self._data[at : at + min(size, 4 * LONGEST)].split(b"\0")[0]
        return raw.decode("utf-8", "replace").strip()[:LONGEST]
