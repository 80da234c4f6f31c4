"""A QR code made of half blocks, for a photograph of the terminal; or as a picture."""

from __future__ import annotations

import io

BORDER = 2
"""Light modules around the code. The standard asks for four; two are read by every telephone tried so far."""
_DARK_ON_LIGHT, _PLAIN = "\x1b[30;107m", "\x1b[0m"
_SCALE, _LINE = 8, 24
"""Of the picture: pixels of a module, and of a line of text."""
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
    """Return a PNG of the code that holds a text, with the quiet zone of the standard and lines of text below it."""
    import segno  # noqa: PLC0415 - only a timestamp request needs it
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - the same

    code = segno.make_qr(content, error="m", boost_error=False)
    matrix = [[not module for module in row] for row in code.matrix_iter(scale=_SCALE, border=4)]
    side = len(matrix)
    page = Image.new("1", (side, side + _LINE * (len(caption) + 1)), 1)
    page.putdata([int(light) for row in matrix for light in row] + [1] * (side * (page.height - side)))
    drawing, font = ImageDraw.Draw(page), ImageFont.load_default(_LINE - 6)
    for number, line in enumerate(caption):
        drawing.text((4 * _SCALE, side + _LINE * number), line, font=font)
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()
