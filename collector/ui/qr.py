"""A QR code made of half blocks, for a photograph of the terminal; or as a picture."""

from __future__ import annotations

import struct
import zlib

from collector.ui import glyphs

BORDER = 2
"""Light modules around the code. The standard asks for four; two are read by every telephone tried so far."""
_DARK_ON_LIGHT, _PLAIN = "\x1b[30;107m", "\x1b[0m"
_SCALE, _DOT = 8, 2
"""Of the picture: pixels of a module, and of a dot of a letter."""
_HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def lines(text: str, *, colour: bool) -> list[str]:
    """Return the rows of the code that holds a text in capitals: a digest, a reading key."""
    return drawn(text.upper(), colour=colour)


def drawn(content: str, *, colour: bool) -> list[str]:
    """Return the rows of the code that holds a text as it is, two modules to a row.

    With colour, dark stands on light whatever the terminal's colours are. Without, blocks stand for the light modules,
    which is right on a dark terminal.
    """
    import segno  # noqa: PLC0415 - only the end of a run on a large terminal needs it

    code = segno.make_qr(content, error="m", boost_error=False)
    matrix = [[bool(module) for module in row] for row in code.matrix_iter(border=BORDER)]
    if len(matrix) % 2:
        matrix.append([False] * len(matrix[0]))
    rows = []
    for upper, lower in zip(matrix[::2], matrix[1::2], strict=True):
        pairs = zip(upper, lower, strict=True)
        row = "".join(_HALVES[pair] if colour else _HALVES[not pair[0], not pair[1]] for pair in pairs)
        rows.append(f"{_DARK_ON_LIGHT}{row}{_PLAIN}" if colour else row)
    return rows


def picture(content: str, caption: list[str]) -> bytes:
    """Return a PNG of the code that holds a text, with the quiet zone of the standard and lines of text below it.

    The lines are made of the letters that `glyphs` knows. The same picture for the same content.
    """
    import segno  # noqa: PLC0415 - only a timestamp request needs it

    code = segno.make_qr(content, error="m", boost_error=False)
    page = [[not module for module in row] for row in code.matrix_iter(scale=_SCALE, border=4)]
    left = [True] * 4 * _SCALE
    for line in ("", *caption):
        page += [left + [not ink for ink in row for _ in range(_DOT)] for row in glyphs.rows(line) for _ in range(_DOT)]
    width = max(len(row) for row in page) + len(left) // 2
    return _png([row + [True] * (width - len(row)) for row in page])


def _png(page: list[list[bool]]) -> bytes:
    """Return rows of light and dark as a PNG of one bit a pixel (PNG, third edition)."""
    width = len(page[0])
    spare = -width % 8
    packed = b"".join(
        b"\0" + (sum(light << at for at, light in enumerate(reversed(row))) << spare).to_bytes((width + 7) // 8, "big")
        for row in page
    )
    header = struct.pack(">2I5B", width, len(page), 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(packed, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
