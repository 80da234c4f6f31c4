"""A QR code made of half blocks, for a photograph of the terminal."""

from __future__ import annotations

BORDER = 2
"""Light modules around the code. The standard asks for four; two are read by every telephone tried so far."""
_DARK_ON_LIGHT, _PLAIN = "\x1b[30;107m", "\x1b[0m"
_HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def lines(text: str, *, colour: bool) -> list[str]:
    """Return the rows of the code that holds a text in capitals (a digest, a reading key), two modules to a row.

    With colour, dark stands on light whatever the terminal's colours are. Without, blocks stand for the light modules,
    which is right on a dark terminal.
    """
    import segno  # noqa: PLC0415 - only the end of a run on a large terminal needs it

    code = segno.make_qr(text.upper(), error="m", boost_error=False)
    matrix = [[bool(module) for module in row] for row in code.matrix_iter(border=BORDER)]
    if len(matrix) % 2:
        matrix.append([False] * len(matrix[0]))
    rows = []
    for upper, lower in zip(matrix[::2], matrix[1::2], strict=True):
        pairs = zip(upper, lower, strict=True)
        drawn = "".join(_HALVES[pair] if colour else _HALVES[not pair[0], not pair[1]] for pair in pairs)
        rows.append(f"{_DARK_ON_LIGHT}{drawn}{_PLAIN}" if colour else drawn)
    return rows
