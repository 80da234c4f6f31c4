"""Letters on a page of PDF: measured, broken into lines, cut where they must be, never outside of what the fonts have.

Only the fonts that every reader of PDF has are used. They know the characters of cp1252; other Latin letters are drawn
as `accents` says, but for what stands in courier (paths, commands, codes); any other one in the escaped form of
`collector.text`.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from fpdf import FPDF

from collector.handover import accents
from collector.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        self._pdf.set_font(font, style, size)
        return float(self._pdf.get_string_width(_bare(self._known(text, font))))

    def _wrapped(
        self, text: str, size: float, width: float, *, font: str = "helvetica", style: str = "", most: int = 100
    ) -> list[str]:
        """Return a text as at most `most` lines that fit a width; where it is cut, it ends in an ellipsis."""
        lines: list[str] = []
        line = ""
        for word in self._known(text, font).split(" "):
            if len(lines) > most:  # what follows is cut off
                break
            joined = f"{line} {word}" if line else word
            if self._width(joined, size, font=font, style=style) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            line = word
            while line and len(lines) <= most and self._width(line, size, font=font, style=style) > width:
                fits = self._fitting(line, size, width, font=font, style=style)
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line)
        if len(lines) <= most:
            return lines
        last = lines[most - 1]
        while last and self._width(last + "…", size, font=font, style=style) > width:
            last = last[:-1]
        return [*lines[: most - 1], last + "…"]

    def _fitting(self, text: str, size: float, width: float, *, font: str, style: str) -> int:
        """Return how many characters of a text fit a width, one at least."""
        fits = 1
        while fits < len(text) and self._width(text[: fits + 1], size, font=font, style=style) <= width:
            fits += 1
        return fits

    def _known(self, text: str, font: str) -> str:
        """Return a text in letters that can be drawn; any other one escaped as `collector.text.printable` does."""
        if _has(text):  # as nearly every text is
            return text
        kept = "".join(escaped(char) if _is_another(char) else char for char in text)
        whole = unicodedata.normalize("NFC", kept)  # a letter and the accent that follows it are one character there
        known = "".join(char if is_drawn(char, font) else escaped(char) for char in whole)
        self.has_escapes |= known != whole or kept != text
        return known


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


def _bare(text: str) -> str:
    """Return a text with the letters that are drawn without their accents: as wide as it is."""
    if _has(text):
        return text
    return "".join(char if (drawing := _lacking(char)) is None else drawing.letter for char in text)


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
