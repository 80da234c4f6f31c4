"""A picture of a monitor as PNG, and which monitors there are to take: the same wherever mss takes it."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MONITORS: Final = 16
"""Most monitors of a display."""
MAX_PIXELS: Final = 64 << 20
"""Most pixels of a monitor (two 8K ones); taking a picture holds 8 bytes for each, keeping it 4."""

_BAND_ROWS: Final = 64
"""Rows compressed at once: what is made of a picture beside the picture stays under 2 MB on a 4K monitor."""


def png(shot: Any) -> Iterator[bytes]:
    """Yield a screenshot as a PNG of 8-bit RGB (PNG, third edition), a band of rows at a time.

    `mss.tools.to_png` gives the same picture and holds it three times over.
    """
    width, height = shot.size
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    packer = zlib.compressobj(6)
    with memoryview(shot.raw) as raw:
        for top in range(0, height, _BAND_ROWS):
            band = bytes(raw[top * width * 4 : (top + _BAND_ROWS) * width * 4])
            rgb = bytearray(len(band) // 4 * 3)
            rgb[::3], rgb[1::3], rgb[2::3] = band[2::4], band[1::4], band[::4]
            lines = (rgb[start : start + width * 3] for start in range(0, len(rgb), width * 3))
            if packed := packer.compress(b"".join(b"\0" + line for line in lines)):
                yield _chunk(b"IDAT", packed)
    yield _chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


def monitors(found: list[dict[str, Any]]) -> list[dict[str, int]]:
    """Return the rectangles of the monitors, each once, cut to the whole screen; else the whole screen.

    `found` is in the form of mss: the whole screen first. Mirrored monitors are the same rectangle; of one that is
    partly outside an X server would refuse the whole picture. On Windows a monitor may lie left of or above zero.
    """
    whole = found[0]
    kept: dict[tuple[int, ...], dict[str, int]] = {}
    for monitor in [*found[1:], whole]:
        left, top = max(whole["left"], monitor["left"]), max(whole["top"], monitor["top"])
        right = min(whole["left"] + whole["width"], monitor["left"] + monitor["width"])
        bottom = min(whole["top"] + whole["height"], monitor["top"] + monitor["height"])
        if right > left and bottom > top and not (monitor is whole and kept):
            box = {"left": left, "top": top, "width": right - left, "height": bottom - top}
            kept.setdefault(tuple(box.values()), box)
    return list(kept.values())
