"""Letters of five by seven points, to write on a picture what it is a copy of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH: Final = 6
"""Points from one letter to the next."""
HEIGHT: Final = 10
"""Points from one line to the next."""
_TALL: Final = 7
_MARGIN: Final = 4
_LARGE: Final = 1100
"""From this width on a point is two pixels: the label is to be read on paper, too."""

_POINTS: Final = {
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1E11111111111E",
    "E": "1F10101E10101F", "F": "1F10101E101010", "G": "0E11101713110F", "H": "1111111F111111",
    "I": "0E04040404040E", "J": "0702020202120C", "K": "11121418141211", "L": "1010101010101F",
    "M": "111B1515111111", "N": "11191513111111", "O": "0E11111111110E", "P": "1E11111E101010",
    "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "11111115151B11", "X": "11110A040A1111",
    "Y": "11110A04040404", "Z": "1F01020408101F", "0": "0E11131519110E", "1": "040C040404040E",
    "2": "0E11010204081F", "3": "1F02040201110E", "4": "02060A121F0202", "5": "1F101E0101110E",
    "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01020C",
    "-": "0000001F000000", ".": "00000000000C0C", ":": "000C0C000C0C00", ",": "00000000040408",
    "/": "00010204081000", "(": "02040808080402", ")": "08040202020408",
}  # fmt: skip
"""Each letter's seven rows of five points, two hexadecimal digits a row."""


def _scale(width: int) -> int:
    return 2 if width >= _LARGE else 1


def folded(label: Sequence[str], width: int) -> list[str]:
    """Return the lines of a label as they fit a picture of a width, in capitals."""
    most = max(1, (width // _scale(width) - 2 * _MARGIN) // WIDTH)
    return [line[at : at + most] for line in (one.upper() for one in label) for at in range(0, len(line), most)]


def rows(lines: Sequence[str], width: int) -> Iterator[list[bool]]:
    """Yield rows of pixels, dark or not, that hold these lines; none where there is no line."""
    scale = _scale(width)
    for line in lines:
        for row in range(HEIGHT):
            points = [False] * _MARGIN + [point for letter in line for point in _row(letter, row)]
            pixels = [point for point in points for _ in range(scale)][:width]
            for _ in range(scale):
                yield pixels + [False] * (width - len(pixels))


def _row(letter: str, row: int) -> list[bool]:
    drawn = _POINTS.get(letter)
    at = row - (HEIGHT - _TALL) // 2
    if drawn is None or not 0 <= at < _TALL:
        return [False] * WIDTH
    bits = int(drawn[at * 2 : at * 2 + 2], 16)
    return [bool(bits >> shift & 1) for shift in (4, 3, 2, 1, 0)] + [False]
