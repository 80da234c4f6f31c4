"""Letters that the fonts of PDF lack, drawn as the letter that they have and its accents: Ștefănescu, Łukasz, Nguyễn.

Only Latin letters: their accents tell them from letters of other scripts, and one that looks like another (a Cyrillic
a) stays escaped. Đ is printed as the Ð that the fonts have, as everywhere; ď, ľ and ť with an apostrophe. Places are in
thousandths of the size of type, y upwards from the line on which letters stand, as the metrics of Helvetica have them
(x-height 523, capitals 718).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

_LINE: Final = 62
"""Width of a stroke that is no dot: that of Helvetica's own accents."""
_HEIGHT: Final = {True: 718, False: 523}
"""Upper edge of a letter: capitals and letters with an ascender, and the others."""
_DOTLESS: Final = "ı"  # noqa: RUF001 - that very letter
"""An i without its dot: the fonts have none, it is a bar of `_STEM`."""
_STEM: Final = 88
_STACK: Final = 165
"""How much higher an accent stands that has another one below it."""

_Points = tuple[tuple[int, int], ...]

_ABOVE: Final[dict[str, tuple[_Points, ...]]] = {
    "\u0300": (((-70, 200), (40, 80)),),
    "\u0301": (((70, 200), (-40, 80)),),
    "\u0302": (((-120, 90), (0, 195), (120, 90)),),
    "\u0303": (((-130, 100), (-95, 150), (-45, 155), (45, 105), (95, 110), (130, 160)),),
    "\u0304": (((-125, 125), (125, 125)),),
    "\u0306": (((-120, 195), (-105, 130), (-60, 90), (0, 78), (60, 90), (105, 130), (120, 195)),),
    "\u0307": (((0, 130), (0, 150)),),
    "\u0308": (((-95, 130), (-95, 150)), ((95, 130), (95, 150))),
    "\u0309": (((-50, 190), (0, 215), (45, 190), (35, 145), (0, 120), (0, 75)),),
    "\u030a": (((0, 70), (-60, 95), (-80, 145), (-60, 195), (0, 220), (60, 195), (80, 145), (60, 95), (0, 70)),),
    "\u030b": (((-20, 200), (-110, 80)), ((120, 200), (30, 80))),
    "\u030c": (((-120, 195), (0, 90), (120, 195)),),
}
"""Strokes from the middle and the upper edge of the letter."""
_BELOW: Final[dict[str, tuple[_Points, ...]]] = {
    "\u0323": (((0, -150), (0, -170)),),
    "\u0326": (((15, -120), (15, -190), (-40, -270)),),
    "\u0327": (((0, -5), (0, -65), (60, -105), (50, -175), (-50, -190)),),
    "\u0331": (((-130, -140), (130, -140)),),
}
"""Strokes from the middle of the letter and its line."""
_AT_THE_RIGHT: Final[dict[str, tuple[_Points, ...]]] = {
    "\u0328": (((-75, 0), (-135, -70), (-140, -140), (-90, -185), (-25, -170)),),
}
"""Strokes from the right edge of the letter and its line."""
_HORN: Final = "\u031b"
_CARON: Final = "\u030c"
_CEDILLA: Final = "\u0327"
_DOTS: Final = frozenset("\u0307\u0308\u0323")
_DOT: Final = 105
_STROKED: Final[dict[str, tuple[str, _Points]]] = {
    "ł": ("l", ((-105, 260), (105, 440))),
    "Ł": ("L", ((-300, 230), (-60, 430))),
    "đ": ("d", ((-30, 610), (275, 610))),
    "Đ": ("D", ((-375, 372), (-80, 372))),
    "ħ": ("h", ((-275, 610), (20, 610))),
    "Ħ": ("H", ((-345, 540), (345, 540))),
    "ŧ": ("t", ((-110, 300), (110, 300))),
    "Ŧ": ("T", ((-160, 360), (160, 360))),
}
"""Letters with a bar, which Unicode doesn't take apart; strokes from the middle of the letter."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points; `from_right`: x counts from the right edge of the letter, else from its middle."""

    points: _Points
    width: int
    from_right: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a letter is drawn: `letter`, which cp1252 has and which is as wide, and its strokes."""

    letter: str
    strokes: tuple[Stroke, ...]
    without: bool = False
    """Whether only its strokes are drawn, and not the letter: an i without its dot."""


@cache
def drawing(char: str) -> Drawing | None:
    """Return how a letter is drawn; `None` where it is none of these."""
    if char in _STROKED:
        letter, points = _STROKED[char]
        return Drawing(letter, (Stroke(points, _LINE),))
    apart = unicodedata.normalize("NFD", char)
    letter, marks = apart[:1], apart[1:]
    if char == _DOTLESS:
        return Drawing("i", (_stem(),), without=True)
    if not marks or not ("a" <= letter.lower() <= "z"):
        return None
    strokes: list[Stroke] = []
    top = _HEIGHT[letter.isupper() or letter in "bdfhklt"]
    for mark in marks:
        found = _strokes(letter, mark, top)
        if not found:
            return None
        strokes += found
        top += _STACK if mark in _ABOVE else 0
    if letter == "i" and any(mark in _ABOVE for mark in marks):
        return Drawing("i", (_stem(), *strokes), without=True)
    return Drawing(letter, tuple(strokes))


def _stem() -> Stroke:
    return Stroke(((0, _STEM // 2), (0, 523 - _STEM // 2)), _STEM)


def _strokes(letter: str, mark: str, top: int) -> list[Stroke]:
    """Return the strokes of an accent; nothing for an unknown one."""
    if mark == _CARON and letter in "dlLt":  # printed as an apostrophe
        return [Stroke(((5, 700), (-15, 600)), _LINE, from_right=True)]
    if mark == _CEDILLA and letter in "KkLlNnRrG":  # of Latvian: printed as a comma
        mark = "\u0326"
    elif mark == _CEDILLA and letter == "g":
        return [Stroke(((25, top + 190), (-15, top + 130), (-15, top + 90)), _LINE)]
    if mark == _HORN:
        return [Stroke(((-60, top - 40), (20, top - 10), (45, top + 60)), _LINE, from_right=True)]
    width = _DOT if mark in _DOTS else _LINE
    if mark in _ABOVE:
        return [Stroke(tuple((x, y + top) for x, y in points), width) for points in _ABOVE[mark]]
    if mark in _BELOW:
        below = 215 if letter in "gjpqy" else 0
        return [Stroke(tuple((x, y - below) for x, y in points), width) for points in _BELOW[mark]]
    return [Stroke(points, width, from_right=True) for points in _AT_THE_RIGHT.get(mark, ())]
