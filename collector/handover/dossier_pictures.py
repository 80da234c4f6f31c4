"""Pictures of a bundle as both papers take them: PNG and JPEG, looked at from outside, never decoded.

A picture is attacker-chosen, and what opens it is a viewer of PDF or a browser. So only the parts that draw it are
kept: no colour profile, no comment, no place where a photograph was taken, nothing behind its end. PDF takes the
compressed data of both forms as they are, so no library for pictures is needed; forms that it can't take (HEIC, a
large PNG with transparency) are not drawn, and that is said.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.errors import RefusedError
from collector.handover import picture

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 24 << 20
"""Of one picture: a 4K monitor takes up to 25 MB where nothing on it is alike."""
MAX_SIDE = 20_000
MAX_CLEAR = 4 << 20
"""Pixels of a picture of which each is looked at: some seconds."""
_MOST_BLACK = 100 << 20
"""Bytes of a picture that are looked at for whether all of it is black."""
_COLOURS = {0: ("DeviceGray", 1), 2: ("DeviceRGB", 3), 3: ("Indexed", 1)}
"""Colour types of PNG that PDF has, with their samples a pixel."""
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive JPEG: what PDF takes."""
_MARK, _APP1, _SCAN, _END = 0xFF, 0xE1, 0xDA, 0xD9
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends a scan: in its data 0xFF stands before a zero, a restart mark or another 0xFF only."""
_DROPPED = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})
"""Segments of programs (where it was taken, profiles, previews) and comments; Adobe's tells what its colours are."""
_ORIENTATION = 0x0112
_TURNS = {3: 180, 6: 90, 8: 270}
"""Clockwise turns in degrees; mirrored photographs do not come from telephones."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: `width` and `height` as it is to be seen, `turn` clockwise from how it is stored."""

    form: str
    width: int
    height: int
    turn: int
    colours: str
    bits: int
    samples: int
    palette: bytes
    data: bytes
    """What stands in the PDF: the compressed rows of a PNG, the whole of a JPEG."""
    file: bytes
    """The whole picture as a file of its own."""

    @property
    def address(self) -> str:
        """Return the picture as a `data:` address."""
        return f"data:image/{self.form};base64,{base64.b64encode(self.file).decode('ascii')}"


def drawable(data: bytes) -> Picture | None:
    """Return the picture of a file's bytes, or `None` where it is none that both papers can draw; never raises."""
    try:
        found = _any_png(data) if data.startswith(picture.SIGNATURE) else _jpeg(data)
    except (struct.error, IndexError, ValueError, RefusedError):  # it ends where something had to stand
        return None
    if found is None or not (0 < found.width <= MAX_SIDE and 0 < found.height <= MAX_SIDE):
        return None
    return found


def is_black(found: Picture) -> bool:
    """Tell whether all of a PNG is black, as a screen that was off or locked is; of other forms it is not known.

    Every filter of PNG makes zeros of zeros and of nothing else, so nothing is decoded but the compression.
    """
    if found.form != "png" or (found.colours == "Indexed" and any(found.palette[:3])):
        return False
    row = (found.width * found.samples * found.bits + 7) // 8 + 1
    if row * found.height > _MOST_BLACK:
        return False
    stream, data, rows = zlib.decompressobj(), found.data, 0
    try:
        while rows < found.height:
            line = b""
            while len(line) < row:
                piece = stream.decompress(data, row - len(line))
                data = stream.unconsumed_tail
                if not piece:
                    return False
                line += piece
            if any(line[1:]):
                return False
            rows += 1
    except zlib.error:
        return False
    return True


def _is_clear(data: bytes) -> bool:
    """Tell whether a PNG has transparency, as pictures that telephones and Windows take of a screen have."""
    width, height, bits, colour = struct.unpack_from(">2I2B", data, 16)
    return bits == 8 and colour in (4, 6) and width * height <= MAX_CLEAR  # noqa: PLR2004 - bits, colour types of PNG


def _any_png(data: bytes) -> Picture | None:
    return _png(picture.opaque(data) if _is_clear(data) else data)


def _png(data: bytes) -> Picture | None:
    at, head, palette, rows = len(picture.SIGNATURE), b"", b"", []
    while True:
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (told,) = struct.unpack_from(">I", data, at + 8 + length)
        if len(body) != length or told != zlib.crc32(body, zlib.crc32(name)):
            return None
        at += length + 12
        match name:
            case b"IHDR":
                head = body
            case b"PLTE":
                palette = body
            case b"tRNS":  # one colour of it is not to be seen: PDF would show it
                return None
            case b"IDAT":
                rows.append(body)
            case b"IEND":
                break
            case _:
                pass
    width, height, bits, colour, packing, filters, interlace = struct.unpack(">2I5B", head)
    if colour not in _COLOURS or (packing, filters, interlace) != (0, 0, 0) or bits not in (1, 2, 4, 8):
        return None
    name_of, samples = _COLOURS[colour]
    if name_of == "Indexed" and not palette:
        return None
    packed = b"".join(rows)
    kept = [(b"IHDR", head), *([(b"PLTE", palette)] if name_of == "Indexed" else []), (b"IDAT", packed), (b"IEND", b"")]
    file = picture.SIGNATURE + b"".join(picture.chunk(name, body) for name, body in kept)
    return Picture("png", width, height, 0, name_of, bits, samples, palette, packed, file)


def _jpeg(data: bytes) -> Picture | None:
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    orientation, frame, kept = 1, b"", []
    for marker, whole in _segments(data):
        body = whole[4:]
        if marker == _APP1 and body.startswith(b"Exif\0\0"):
            orientation = _orientation(body[6:])
        if marker in _FRAMES:
            frame = frame or body
        if marker not in _DROPPED:
            kept.append(whole)
    bits, height, width, samples = struct.unpack_from(">BHHB", frame)
    if (bits, samples) not in ((8, 1), (8, 3)):
        return None
    turn = _TURNS.get(orientation, 0)
    rest = b"".join(kept)
    turned = b"\xff\xd8" + (_exif(orientation) if turn else b"") + rest
    if turn in (90, 270):
        width, height = height, width
    colours = "DeviceGray" if samples == 1 else "DeviceRGB"
    return Picture("jpeg", width, height, turn, colours, bits, samples, b"", b"\xff\xd8" + rest, turned)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each segment with its marker, a scan with its data, up to the end of the picture.

    What stands behind is left: telephones put a film there.
    """
    at = 2
    while True:
        mark, marker = struct.unpack_from(">BB", data, at)
        if mark != _MARK:
            raise ValueError
        if marker == _END:
            yield marker, data[at : at + 2]
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):  # noqa: PLR2004 - its own two bytes
            raise ValueError
        if marker == _SCAN:
            following = _NEXT.search(data, end)
            if following is None:
                raise ValueError
            end = following.start()
        yield marker, data[at:end]
        at = end


def _orientation(tiff: bytes) -> int:
    """Return how a photograph is to be turned, 1 where that is not told (TIFF 6.0, Exif 2.3)."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, first)
        for number in range(min(entries, 100)):
            tag, _form, _count, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + number * 12)
            if tag == _ORIENTATION:
                return int(value)
    except struct.error:
        pass
    return 1


def _exif(orientation: int) -> bytes:
    """Return the one thing of a photograph's metadata that is kept."""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    body = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
