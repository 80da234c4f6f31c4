"""The QR code of a digest, as runs of dark modules: both papers draw it from these."""

from __future__ import annotations

import segno

BORDER = 4
"""Light modules around the code: what the standard asks for."""


def runs(sha256: str) -> tuple[int, list[tuple[int, int, int]]]:
    """Return the side in modules, border included, and each dark run: its row, where it starts, how long it is.

    What it holds is the digest in capital hexadecimal, as the code on the screen at the end of a run does.
    """
    code = segno.make_qr(sha256.upper(), error="m", boost_error=False)
    found = []
    side = 0
    for row, line in enumerate(code.matrix_iter(border=BORDER)):
        modules = list(line)
        side = len(modules)
        start = 0
        while start < side:
            end = start
            while end < side and modules[end] == modules[start]:
                end += 1
            if modules[start]:
                found.append((row, start, end - start))
            start = end
    return side, found
