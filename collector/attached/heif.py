"""HEIF: where a telephone's `.heic` has its EXIF block (ISO/IEC 14496-12, 23008-12). Pure, bounded, raises nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST: Final = 64 * 1024
"""Bytes of the longest EXIF block that is read."""
_MOST_BOXES, _MOST_ITEMS = 64, 4096
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_WIDE, _TO_END = 1, 0
"""Sizes of a box that say: 64 bits follow; and: up to the end."""


def is_one(head: bytes) -> bool:
    """Tell whether a file begins as a HEIF picture does."""
    return head[4:8] == b"ftyp" and head[8:12] in _BRANDS


def exif_of(head: bytes, read: Callable[[int, int], bytes]) -> bytes:
    """Return the TIFF block of the EXIF item, empty where there is none; `head` is the beginning of the file."""
    meta = next((body for kind, body in _boxes(head) if kind == b"meta"), b"")
    boxes = dict(_boxes(meta[4:]))
    item = _exif_item(boxes.get(b"iinf", b""))
    offset, length = _place(boxes.get(b"iloc", b""), item) if item is not None else (0, 0)
    block = read(offset, min(length, MOST)) if offset and length else b""
    start = 4 + int.from_bytes(block[:4], "big")  # the block says how much stands before its TIFF header
    return block[start:]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _box in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        size, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == _WIDE:
            size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = len(data) if size == _TO_END else at + size
        if end < start:
            return
        yield data[at + 4 : at + 8], data[start:end]
        at = end


def _exif_item(iinf: bytes) -> int | None:
    """Return the number of the item whose type is Exif."""
    entries = iinf[6:] if iinf[:1] == b"\0" else iinf[8:]
    for kind, body in _boxes(entries):
        wide = body[:1] == b"\x03"
        if kind == b"infe" and body[:1] in (b"\x02", b"\x03"):
            number = int.from_bytes(body[4 : 8 if wide else 6], "big")
            after = 10 if wide else 8
            if body[after : after + 4] == b"Exif":
                return number
    return None


def _place(iloc: bytes, item: int) -> tuple[int, int]:
    """Return offset and length of an item that lies in one piece in the file itself, 0 and 0 for any other."""
    cursor = _Cursor(iloc)
    version = cursor.number(1)
    cursor.number(3)
    sizes = cursor.number(2)
    offset_size, length_size = sizes >> 12 & 15, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, (sizes & 15 if version in (1, 2) else 0)
    wide = 4 if version == 2 else 2  # noqa: PLR2004 - versions of the box
    for _item in range(min(cursor.number(wide), _MOST_ITEMS)):
        number = cursor.number(wide)
        method = cursor.number(2) & 15 if version in (1, 2) else 0
        elsewhere = cursor.number(2)
        base = cursor.number(base_size)
        pieces = cursor.number(2)
        if pieces != 1:
            cursor.skip(pieces * (index_size + offset_size + length_size))
            continue
        cursor.skip(index_size)
        offset, length = base + cursor.number(offset_size), cursor.number(length_size)
        if number == item:
            return (offset, length) if not (method or elsewhere or cursor.over) else (0, 0)
    return 0, 0


class _Cursor:
    """Takes numbers from bytes, one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        self._at += size

    @property
    def over(self) -> bool:
        """Tell whether more was taken than there is."""
        return self._at > len(self._data)

    def number(self, size: int) -> int:
        """Return the next number of so many bytes, big end first; 0 behind the end."""
        value = int.from_bytes(self._data[self._at : self._at + size], "big")
        self._at += size
        return value
