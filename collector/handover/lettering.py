"""Letters on a page of PDF: measured, broken into lines, cut where they must be, never outside of what the fonts have.

Only the fonts that every reader of PDF has are used. They know the characters of cp1252; other Latin letters are drawn
as `accents` says, but for what stands in courier (paths, commands, codes); any other one in the escaped form of
`collector.text`.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, cast

from fpdf import FPDF

from collector.handover import accents
from collector.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fpdf.fonts import CoreFont

    from collector.handover.accents import Drawing

MM = 25.4 / 72
"""Millimetres of a point."""


_CP1252: Final = frozenset(bytes(range(0x100)).decode("cp1252", "ignore"))


class Lettering:
    """Writes on an A4 document; places in millimetres, sizes of type in points."""

    def __init__(self, pdf: FPDF | None = None) -> None:
        """`pdf`: a document that somebody else draws pages of, too."""
        if pdf is None:
            pdf = FPDF(format="A4")
            pdf.core_fonts_encoding = "cp1252"
            pdf.set_auto_page_break(auto=False)
        self._pdf = pdf
        self._widths: dict[tuple[str, str], _Widths] = {}
        self.has_escapes = False
        """Whether a letter was drawn in its escaped form because the fonts have it not."""

    def _text(self, text: str, x: float, y: float, size: float, *, font: str = "helvetica", style: str = "") -> None:
        """Draw one line; `y` is its upper edge."""
        self._pdf.set_font(font, style, size)
        y += size * MM * 0.78
        for piece in _pieces(self._known(text, font)):
            if isinstance(piece, str):
                self._pdf.text(x, y, piece)
                x += self._pdf.get_string_width(piece)
            else:
                x += self._draw(*piece, x, y, size, 1.3 if "B" in style else 1.0)

    def _draw(self, char: str, drawing: Drawing, x: float, y: float, size: float, weight: float) -> float:
        """Draw a letter that the fonts lack, with what it stands for, so that it can be searched and copied.

        Returns its width.
        """
        pdf, unit = self._pdf, size * MM / 1000
        width = float(pdf.get_string_width(drawing.letter))
        says = char.encode("utf-16-be").hex()
        pdf._out(f"/Span <</ActualText <FEFF{says}>>> BDC")  # noqa: SLF001 - fpdf2 has no other way
        pdf.text(x, y, " " if drawing.without else drawing.letter)  # what it stands for goes with some text
        thick, colour = pdf.line_width, pdf.draw_color
        pdf.set_draw_color(pdf.text_color or 0)
        for stroke in drawing.strokes:
            start = x + width if stroke.from_right else x + width / 2
            pdf.set_line_width(stroke.width * weight * unit)
            pdf.polyline([(start + across * unit, y - up * unit) for across, up in stroke.points])
        pdf.set_line_width(thick)
        pdf.set_draw_color(colour or 0)
        pdf._out("EMC")  # noqa: SLF001 - the same
        return width

    def _width(self, text: str, size: float, *, font: str = "helvetica", style: str = "") -> float:
        return self._millimetres(self._of(font, style).of(self._known(text, font)), size)

    def _of(self, font: str, style: str) -> _Widths:
        """Return the widths of a font's letters."""
        if (font, style) not in self._widths:
            self._pdf.set_font(font, style)
            self._widths[font, style] = _Widths(cast("CoreFont", self._pdf.current_font).cw)
        return self._widths[font, style]

    def _millimetres(self, width: int, size: float) -> float:
        return width * size * 0.001 / float(self._pdf.k)

    def _wrapped(
        self, text: str, size: float, width: float, *, font: str = "helvetica", style: str = "", most: int = 100
    ) -> list[str]:
        """Return a text as at most `most` lines that fit a width; where it is cut, it ends in an ellipsis.

        Each letter is measured once, however long a word is.
        """
        widths = self._of(font, style)
        lines: list[str] = []
        line, used = "", 0
        for word in self._known(text, font).split(" "):
            if len(lines) > most:  # what follows is cut off
                break
            wide = widths.of(word)
            joined = used + widths[" "] + wide if line else wide
            if self._millimetres(joined, size) <= width:
                line, used = f"{line} {word}" if line else word, joined
                continue
            if line:
                lines.append(line)
            start = 0
            while len(lines) <= most and self._millimetres(wide, size) > width:
                end, taken = self._fitting(word, start, widths, size, width)
                lines.append(word[start:end])
                start, wide = end, wide - taken
            line, used = word[start:], wide
        lines.append(line)
        if len(lines) <= most:
            return lines
        last = lines[most - 1]
        while last and self._millimetres(widths.of(last + "…"), size) > width:
            last = last[:-1]
        return [*lines[: most - 1], last + "…"]

    def _fitting(self, word: str, start: int, widths: _Widths, size: float, width: float) -> tuple[int, int]:
        """Return where a line ends that begins inside a word, behind one letter at least, and how wide it is."""
        end, taken = start + 1, widths[word[start]]
        while end < len(word) and self._millimetres(taken + widths[word[end]], size) <= width:
            taken += widths[word[end]]
            end += 1
        return end, taken

    def _known(self, text: str, font: str) -> str:
        """Return a text in letters that can be drawn; any other one escaped as `collector.text.printable` does."""
        if _has(text):  # as nearly every text is
            return text
        kept = "".join(escaped(char) if _is_another(char) else char for char in text)
        whole = unicodedata.normalize("NFC", kept)  # a letter and the accent that follows it are one character there
        known = "".join(char if is_drawn(char, font) else escaped(char) for char in whole)
        self.has_escapes |= known != whole or kept != text
        return known


class _Widths(dict[str, int]):
    """Widths of letters in thousandths of a font's size; a letter that is drawn is as wide as the one under it."""

    def __init__(self, known: Mapping[str, int]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, char: str) -> int:
        drawing = _lacking(char)
        letter = char if drawing is None else drawing.letter
        self[char] = self._known[letter.encode("cp1252").decode("latin-1")]
        return self[char]

    def of(self, text: str) -> int:
        """Return the width of a text."""
        return sum(map(self.__getitem__, text))


def drawn_length(text: str) -> int:
    """Return how many letters a text has as it is drawn: what the fonts lack is drawn in its escaped form."""
    return len(text) if _has(text) else sum(1 if is_drawn(char) else len(escaped(char)) for char in text)


def is_drawn(char: str, font: str = "helvetica") -> bool:
    """Tell whether a character is drawn as itself."""
    return _has(char) or (font == "helvetica" and not _is_another(char) and accents.drawing(char) is not None)


def _has(text: str) -> bool:
    """Tell whether the fonts have every character."""
    return _CP1252.issuperset(text)


def _is_another(char: str) -> bool:
    """Tell whether Unicode's normal form puts another character in its place: the sign of the kelvin is no K."""
    apart = unicodedata.decomposition(char)
    return bool(apart) and " " not in apart


def _lacking(char: str) -> Drawing | None:
    """Return how a character is drawn that the fonts lack."""
    return None if char in _CP1252 else accents.drawing(char)


def _pieces(text: str) -> Iterator[str | tuple[str, Drawing]]:
    """Yield what the fonts have in one piece, and each letter that is drawn, with how."""
    start = 0
    for at, char in enumerate(text):
        if (drawing := _lacking(char)) is None:
            continue
        if start < at:
            yield text[start:at]
        yield char, drawing
        start = at + 1
    if start < len(text) or not text:
        yield text[start:]
