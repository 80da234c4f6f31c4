"""Letters on a page of PDF: measured, broken into lines, cut where they must be, never outside of what the fonts have.

Only the fonts that every reader of PDF has are used. They know the characters of cp1252; any other one is drawn in the
escaped form of `collector.text`.
"""

from __future__ import annotations

import unicodedata

from fpdf import FPDF

from collector.text import escaped

MM = 25.4 / 72
"""Millimetres of a point."""


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
        self._pdf.text(x, y + size * MM * 0.78, self._known(text))

    def _width(self, text: str, size: float, *, font: str = "helvetica", style: str = "") -> float:
        self._pdf.set_font(font, style, size)
        return float(self._pdf.get_string_width(self._known(text)))

    def _wrapped(
        self, text: str, size: float, width: float, *, font: str = "helvetica", style: str = "", most: int = 100
    ) -> list[str]:
        """Return a text as at most `most` lines that fit a width; where it is cut, it ends in an ellipsis."""
        lines: list[str] = []
        line = ""
        for word in self._known(text).split(" "):
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

    def _known(self, text: str) -> str:
        """Return a text in the characters of cp1252; any other one escaped as `collector.text.printable` does."""
        whole = unicodedata.normalize("NFC", text)  # a letter and the accent that follows it are one character there
        if _is_known(whole):  # as nearly every text is
            return whole
        known = "".join(char if _is_known(char) else escaped(char) for char in whole)
        self.has_escapes |= known != whole
        return known


def _is_known(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
