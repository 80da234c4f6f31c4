"""Letters of five by seven dots, for the lines below a QR code: enough for a digest and the name before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH: Final = 6
"""Dots from one letter to the next."""
HEIGHT: Final = 9
"""Rows from one line to the next; the last two are empty."""

_INK: Final = 7
_LETTERS: Final = {
    " ": (0, 0, 0, 0, 0, 0, 0),
    "(": (2, 4, 8, 8, 8, 4, 2),
    ")": (8, 4, 2, 2, 2, 4, 8),
    "-": (0, 0, 0, 31, 0, 0, 0),
    ":": (0, 12, 12, 0, 12, 12, 0),
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "H": (17, 17, 17, 31, 17, 17, 17),
    "S": (15, 16, 16, 14, 1, 1, 30),
    "a": (0, 0, 14, 1, 15, 17, 15),
    "b": (16, 16, 22, 25, 17, 17, 30),
    "c": (0, 0, 14, 16, 16, 17, 14),
    "d": (1, 1, 13, 19, 17, 17, 15),
    "e": (0, 0, 14, 17, 31, 16, 14),
    "f": (6, 9, 8, 28, 8, 8, 8),
    "h": (16, 16, 22, 25, 17, 17, 17),
    "i": (4, 0, 12, 4, 4, 4, 14),
    "k": (16, 16, 18, 20, 24, 20, 18),
    "n": (0, 0, 22, 25, 17, 17, 17),
    "o": (0, 0, 14, 17, 17, 17, 14),
    "p": (0, 0, 30, 17, 30, 16, 16),
    "t": (8, 8, 28, 8, 8, 9, 6),
}
"""Each row of a letter, the leftmost dot as 16."""


def rows(text: str) -> Iterator[list[bool]]:
    """Yield the rows of dots of a line; True is ink. Raises `KeyError` for a letter that isn't there."""
    letters = [_LETTERS[letter] for letter in text]
    for row in range(HEIGHT):
        yield [row < _INK and bool(letter[row] << 1 >> dot & 1) for letter in letters for dot in reversed(range(WIDTH))]
