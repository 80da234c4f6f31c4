"""A copy of a picture that may be handed on: squares of one colour each, but for what is to stay readable. Pure.

The picture in the bundle stays as it is. A blur that only smears can be undone, and one of small squares of exact
colours can be guessed word by word (what `Depix` shows). So a square is larger than a line of text, and its colour one
of eight steps: what is left tells where windows stood, no letter of them.

A picture is attacker-chosen: PNG only, 8 bits, its size bounded before a byte is unpacked, rows one after the other.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.errors import RefusedError
from collector.handover import picture_letters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_BYTES: Final = 256 << 20
"""Of one picture as it is stored: no monitor of 8K takes more."""
MAX_PIXELS: Final = 64 << 20
"""As `host.pictures` takes at most."""
MAX_SIDE: Final = 32_767
LEAST_SIDE: Final = 24
"""Pixels of a square at least: more than a line of text …"""
SQUARES: Final = 32
"""… and the longer side of the picture has no more squares than this: large screens have large letters."""
STEP: Final = 32
"""Colours lie this far apart: 256 of them become eight."""
MAX_KEPT: Final = 20
"""Rectangles that may stay readable."""

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SAMPLES: Final = {0: 1, 2: 3, 4: 2, 6: 4}
"""Bytes of a pixel by the colour type of PNG, at 8 bits; transparency is dropped."""
_HINT: Final = "cover it by hand, or do not hand it on"
_PAPER: Final = b"\xff\xff\xff"
_INK: Final = b"\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a picture, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Form:
    """What the head of a PNG says, and its packed rows."""

    width: int
    height: int
    samples: int
    packed: list[bytes]


def blurred(png: bytes, label: Sequence[str], keep: Sequence[Box] = ()) -> bytes:
    """Return a copy as PNG: blurred but for the rectangles in `keep`, with `label` below it, line by line.

    `label` says on the copy itself that it is one, and of what; letters A to Z, digits and a few signs, of others a
    blank is left. Raises `RefusedError` for what is no such picture, is too large, or ends too early; `ValueError` for
    a rectangle that lies outside.
    """
    form = _head(png)
    for box in keep:
        inside = 0 <= box.x < form.width and 0 <= box.y < form.height and box.width > 0 and box.height > 0
        if not inside or box.x + box.width > form.width or box.y + box.height > form.height:
            raise ValueError(f"the picture has {form.width}x{form.height} pixels")
    lines = picture_letters.folded(label, form.width)
    below = [*_written(lines, form.width)]
    return _packed(form.width, form.height + len(below), _all(_mosaic(form, keep), below))


def opaque(png: bytes) -> bytes:
    """Return the same picture as RGB, its transparency dropped; raises `RefusedError` as `blurred` does."""
    form = _head(png)
    return _packed(form.width, form.height, _rows(form))


def _all(*parts: Iterator[bytes] | list[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield from part


def _head(png: bytes) -> _Form:
    if not png.startswith(SIGNATURE) or len(png) > MAX_BYTES:
        raise RefusedError("the picture is no PNG, or too large, and is not blurred", hint=_HINT)
    at, packed, head = len(SIGNATURE), [], b""
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        name, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if name == b"IHDR":
            head = body
        elif name == b"IDAT":
            packed.append(body)
        elif name == b"IEND":
            break
        at += length + 12
    if len(head) != struct.calcsize(">2I5B") or not packed:
        raise RefusedError("the picture is no PNG that is whole", hint=_HINT)
    width, height, bits, colour, packing, filters, interlace = struct.unpack(">2I5B", head)
    if bits != 8 or colour not in _SAMPLES or (packing, filters, interlace) != (0, 0, 0):  # noqa: PLR2004 - bits
        raise RefusedError("the picture has another form than those taken of a screen", hint=_HINT)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise RefusedError("the picture has too many pixels", hint=_HINT)
    return _Form(width, height, _SAMPLES[colour], packed)


def _rows(form: _Form) -> Iterator[bytes]:
    """Yield each row as RGB; never holds more than what is packed and two rows."""
    length = form.width * form.samples
    before = bytearray(length)
    unpacked = _unpacked(form, length + 1)
    for _row in range(form.height):
        line = next(unpacked, b"")
        if len(line) != length + 1:
            raise RefusedError("the picture ends before its last row", hint=_HINT)
        before = _unfiltered(line[0], bytearray(line[1:]), before, form.samples)
        yield _rgb(bytes(before), form.samples)


def _unpacked(form: _Form, length: int) -> Iterator[bytes]:
    """Yield the filtered rows, unpacked a row at a time: what unpacks to more than the picture has is left."""
    unpacker, held = zlib.decompressobj(), b""
    try:
        for piece in form.packed:
            waiting = piece
            while waiting and not unpacker.eof:
                held += unpacker.decompress(waiting, length)
                waiting = unpacker.unconsumed_tail
                while len(held) >= length:
                    yield held[:length]
                    held = held[length:]
        while more := unpacker.decompress(unpacker.unconsumed_tail, length):
            held += more
            while len(held) >= length:
                yield held[:length]
                held = held[length:]
    except zlib.error as error:
        raise RefusedError("the picture is damaged", hint=_HINT) from error


def _unfiltered(kind: int, line: bytearray, before: bytearray, samples: int) -> bytearray:
    """Return a row as it was before PNG filtered it (PNG, third edition, section 9.2)."""
    if kind > 4:  # noqa: PLR2004 - five filters
        raise RefusedError("the picture is damaged", hint=_HINT)
    if kind == 1:
        for at in range(samples, len(line)):
            line[at] = (line[at] + line[at - samples]) & 255
    elif kind == 2:  # noqa: PLR2004 - Up
        for at, above in enumerate(before):
            line[at] = (line[at] + above) & 255
    elif kind == 3:  # noqa: PLR2004 - Average
        for at, above in enumerate(before):
            left = line[at - samples] if at >= samples else 0
            line[at] = (line[at] + (left + above) // 2) & 255
    elif kind == 4:  # noqa: PLR2004 - Paeth
        _unpaeth(line, before, samples)
    return line


def _unpaeth(line: bytearray, before: bytearray, samples: int) -> None:
    """Undo the filter that guesses by the nearest of left, above and corner, in this order."""
    for at in range(samples):
        line[at] = (line[at] + before[at]) & 255
    for at in range(samples, len(line)):
        left, above, corner = line[at - samples], before[at], before[at - samples]
        by_left, by_above = above - corner, left - corner
        by_corner = abs(by_left + by_above)
        by_left, by_above = abs(by_left), abs(by_above)
        guess = left if by_left <= by_above and by_left <= by_corner else above if by_above <= by_corner else corner
        line[at] = (line[at] + guess) & 255


def _rgb(line: bytes, samples: int) -> bytes:
    if samples == 3:  # noqa: PLR2004 - it is RGB already
        return line
    step = samples
    parts = (line[0::step], line[1::step], line[2::step]) if step == 4 else (line[0::step],) * 3  # noqa: PLR2004 - RGBA
    found = bytearray(len(parts[0]) * 3)
    found[0::3], found[1::3], found[2::3] = parts
    return bytes(found)


def _mosaic(form: _Form, keep: Sequence[Box]) -> Iterator[bytes]:
    """Yield the rows in squares, those of a band alike but for what is kept."""
    side = max(LEAST_SIDE, -(-max(form.width, form.height) // SQUARES))
    band: list[bytes] = []
    top = 0
    for line in _rows(form):
        band.append(line)
        if len(band) == side or top + len(band) == form.height:
            flat = _flat(band, form.width, side)
            for number, own in enumerate(band, top):
                yield _with_kept(flat, own, number, keep)
            top += len(band)
            band = []


def _flat(band: Sequence[bytes], width: int, side: int) -> bytes:
    """Return the one row that stands for a band."""
    out = []
    for left in range(0, width, side):
        right = min(width, left + side)
        count = (right - left) * len(band)
        out.append(bytes(_step(_sum(band, left, right, part) // count) for part in range(3)) * (right - left))
    return b"".join(out)


def _sum(band: Sequence[bytes], left: int, right: int, part: int) -> int:
    return sum(sum(line[left * 3 + part : right * 3 : 3]) for line in band)


def _step(value: int) -> int:
    return value // STEP * STEP + STEP // 2


def _with_kept(flat: bytes, own: bytes, row: int, keep: Sequence[Box]) -> bytes:
    inside = [box for box in keep if box.y <= row < box.y + box.height]
    if not inside:
        return flat
    line = bytearray(flat)
    for box in inside:
        here = slice(box.x * 3, (box.x + box.width) * 3)
        line[here] = own[here]
    return bytes(line)


def _written(lines: Sequence[str], width: int) -> Iterator[bytes]:
    """Yield the rows that hold the label: dark letters on white."""
    for bits in picture_letters.rows(lines, width):
        yield b"".join(_INK if bit else _PAPER for bit in bits)


def _packed(width: int, height: int, lines: Iterator[bytes]) -> bytes:
    packer = zlib.compressobj(6)
    body = b"".join(packer.compress(b"\0" + line) for line in lines) + packer.flush()
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a part of a PNG, with its length and its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
