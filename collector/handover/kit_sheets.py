"""Draws the two sheets of a kit, one A4 page each: what to do, and « ne pas toucher, ne pas éteindre » for the machine.

Every text is broken and cut to its place, so nothing leaves the page, whatever the expert chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.handover.kit_words import said
from collector.handover.lettering import MM, Lettering

if TYPE_CHECKING:
    from datetime import datetime

LEFT, WIDTH, RIGHT = 13.0, 184.0, 197.0
"""Of an A4 page, in millimetres."""
_LEADING = 1.24
_BLACK, _WHITE, _GREY, _PALE = (0, 0, 0), (255, 255, 255), (95, 95, 95), (242, 242, 242)
_RED, _BLUE, _YELLOW = (190, 20, 20), (0, 103, 184), (255, 200, 60)
_DRAWN = 47.0
"""Height of a drawing."""
_QUESTIONS = ("locked", "unseen", "lid", "leave", "antivirus", "full")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What differs from kit to kit; `language` is `fr` or `en`, `systems` names the programs of the kit."""

    contact: str | None
    case: str | None
    nonce: str
    made: datetime
    language: str
    systems: tuple[str, ...]


def instructions(sheet: Sheet) -> bytes:
    """Return the PDF of the page that says what to do: the same bytes for the same sheet."""
    page = _Page(sheet, "title")
    y = page.title(10.0)
    y = page.contact(y, said("call", sheet.language), 17.0)
    windows = "windows" in sheet.systems
    for number in (1, 2, 3):
        y = page.step(number, f"step{number}", f"step{number}_how", y)
    y = page.step(4, "step4", "step4_windows" if windows else "step4_linux", y)
    if windows:
        y = page.step(5, "step5", "step5_how", y)
        y = page.drawings(y)
    y = page.step(6 if windows else 5, "step6", "step6_how", y + 1)
    page.questions(y + 1.5)
    return page.finished()


def warning(sheet: Sheet) -> bytes:
    """Return the PDF of the page that is laid on the machine: the same bytes for the same sheet."""
    page = _Page(sheet, "not_off")
    page.sign(105.0, 62.0, 38.0)
    y = 110.0
    for key in ("not_touch", "not_off"):
        page.centred(said(key, sheet.language), y, page.fitting(said(key, sheet.language), 60.0), colour=_RED)
        y += 24
    y = page.paragraph(said("why", sheet.language), LEFT + 4, y + 3, 18.0, WIDTH - 8, style="B")
    y += 5
    for key in ("not1", "not2", "not3", "not4"):
        page.dot(LEFT + 7, y + 3.2)
        y = page.paragraph(said(key, sheet.language), LEFT + 12, y, 16.5, WIDTH - 12) + 2.5
    y = page.contact(y + 5, said("ask", sheet.language), 24.0)
    page.blanks(y + 4, ("posted", "at", "by"))
    return page.finished()


class _Page(Lettering):
    """One page; each method draws one thing and returns where the next may begin."""

    def __init__(self, sheet: Sheet, title: str) -> None:
        super().__init__()
        self._sheet = sheet
        self._language = sheet.language
        pdf = self._pdf
        pdf.set_creation_date(sheet.made)
        pdf.set_title(self._said(title))
        pdf.set_lang(sheet.language)
        pdf.add_page()
        self._foot()

    def finished(self) -> bytes:
        """Return the file."""
        return bytes(self._pdf.output())

    def _said(self, key: str, **fields: str) -> str:
        return said(key, self._language, **fields)

    def _foot(self) -> None:
        sheet = self._sheet
        text = self._said("kit", nonce=sheet.nonce, day=sheet.made.strftime("%d/%m/%Y"))
        if sheet.case is not None:
            text = f"{self._said('case', case=sheet.case)}  \u2013  {text}"
        self._colour(_GREY)
        self._text(self._wrapped(text, 7.5, WIDTH, most=1)[0], LEFT, 287.0, 7.5)
        self._colour(_BLACK)

    # ---- blocks

    def title(self, y: float) -> float:
        """Draw the title, white on black."""
        text = self._said("title")
        self._box(LEFT, y, WIDTH, 13.0, _BLACK)
        self._colour(_WHITE)
        self._text(text, LEFT + 4, y + 3.2, self.fitting(text, 21.0, WIDTH - 8), style="B")
        self._colour(_BLACK)
        return y + 15.5

    def contact(self, y: float, label: str, height: float) -> float:
        """Draw who is to be called, or a line to write that on."""
        self._pdf.set_line_width(0.9)
        self._pdf.rect(LEFT, y, WIDTH, height)
        self._pdf.set_line_width(0.2)
        self._text(label, LEFT + 4, y + 1.8, 11.0)
        contact = self._sheet.contact
        if contact is None:
            self._pdf.line(LEFT + 4, y + height - 3, RIGHT - 4, y + height - 3)
        else:
            size = self.fitting(contact, (height - 8) / MM * 0.85, WIDTH - 8)
            line = self._wrapped(contact, size, WIDTH - 8, style="B", most=1)[0]
            self._text(line, LEFT + 4, y + 7 + (height - 8.5 - size * MM) / 2, size, style="B")
        return y + height + 2.5

    def step(self, number: int, what: str, how: str, y: float) -> float:
        """Draw a step: its number in a disc, what is done in large letters, and how behind it or below."""
        self._pdf.set_fill_color(*_BLACK)
        self._pdf.circle(LEFT + 4.2, y + 4.2, 4.2, style="F")
        self._colour(_WHITE)
        digit = str(number)
        self._text(digit, LEFT + 4.2 - self._width(digit, 15, style="B") / 2, y + 1.7, 15, style="B")
        self._colour(_BLACK)
        indent = self._width(self._said(what), 15, style="B") + 3
        text, room = self._said(how), WIDTH - 11
        is_short = indent + self._width(text, 12.5) <= room
        self._text(self._said(what), LEFT + 11, y + (1.8 if is_short else 0.1), 15, style="B")
        if is_short:
            self._text(text, LEFT + 11 + indent, y + 2.5, 12.5)
            return y + 10.6
        return max(self.paragraph(text, LEFT + 11, y + 6.0, 12.5, room) + 1.0, y + 10.6)

    def questions(self, y: float) -> None:
        """Draw the questions that people ask, two in a row, each in its box."""
        width, gap = (WIDTH - 4) / 2, 2.5
        height = min((284.5 - y) / 3 - gap, 34.0)
        for at, key in enumerate(_QUESTIONS):
            x, top = LEFT + (at % 2) * (width + 4), y + (at // 2) * (height + gap)
            self._box(x, top, width, height, _PALE)
            self._text(self._said(key), x + 3, top + 1.6, 13.5, style="B")
            self.paragraph(self._said(f"{key}_do"), x + 3, top + 7.6, 11.5, width - 6)

    def blanks(self, y: float, keys: tuple[str, ...]) -> None:
        """Draw lines to be filled in by hand, side by side."""
        width = WIDTH / len(keys)
        for at, key in enumerate(keys):
            x = LEFT + at * width
            self._text(self._said(key), x, y, 12)
            self._pdf.line(x + self._width(self._said(key), 12) + 2, y + 5, x + width - 4, y + 5)

    # ---- drawings

    def drawings(self, y: float) -> float:
        """Draw the two windows that may open, and below each what is clicked."""
        width = (WIDTH - 4) / 2
        self._smartscreen(LEFT, y, width, _DRAWN)
        self._uac(LEFT + width + 4, y, width, _DRAWN)
        ends = [
            self.paragraph(self._said(key), x, y + _DRAWN + 1.5, 11.5, width)
            for key, x in (("blue_do", LEFT), ("uac_do", LEFT + width + 4))
        ]
        return max(ends)

    def _smartscreen(self, x: float, y: float, width: float, height: float) -> None:
        self._box(x, y, width, height, _BLUE)
        self._colour(_WHITE)
        title = self._said("blue_title")
        self._text(title, x + 5, y + 5, self.fitting(title, 13.5, width - 26), style="B")
        bottom = self.paragraph(self._said("blue_text"), x + 5, y + 12.5, 9.5, width - 10)
        more = self._said("blue_more")
        self._text(more, x + 5, bottom + 2.5, 9.5)
        wide = self._width(more, 9.5)
        self._pdf.set_draw_color(*_WHITE)
        self._pdf.line(x + 5, bottom + 6.4, x + 5 + wide, bottom + 6.4)
        self._mark("1", x + 5 + wide + 5, bottom + 4.3)
        button = (width - 18) / 2
        for at, key in enumerate(("blue_run", "blue_not")):
            left = x + 5 + at * (button + 8)
            self._button(self._said(key), left, y + height - 12, button, 7.5, _WHITE, _BLACK)
        self._mark("2", x + 5 + button + 4, y + height - 8.2)
        self._said_to_be_drawn(x, y, width, _WHITE)
        self._pdf.set_draw_color(*_BLACK)

    def _uac(self, x: float, y: float, width: float, height: float) -> None:
        self._box(x, y, width, height, _WHITE)
        self._box(x, y, width, 8.0, _YELLOW)
        self._pdf.set_line_width(0.3)
        self._pdf.rect(x, y, width, height)
        title = self._said("uac_title")
        self._text(title, x + 4, y + 2.2, self.fitting(title, 10, width - 24, style=""))
        bottom = self.paragraph(self._said("uac_text"), x + 4, y + 10.0, 10.5, width - 8, style="B")
        self._box(x + 4, bottom + 2, 7, 7, _GREY)
        self._text(self._said("uac_app"), x + 14, bottom + 1.6, 10, style="B")
        self._text(self._said("uac_publisher"), x + 14, bottom + 6, 9.5)
        button = (width - 14) / 2
        self._button(self._said("uac_yes"), x + 4, y + height - 11, button, 7.5, _BLUE, _WHITE)
        self._button(self._said("uac_no"), x + 10 + button, y + height - 11, button, 7.5, (215, 215, 215), _BLACK)
        self._pdf.set_line_width(0.9)
        self._pdf.set_draw_color(*_RED)
        self._pdf.rect(x + 2.6, y + height - 12.4, button + 2.8, 10.3)
        self._pdf.set_draw_color(*_BLACK)
        self._pdf.set_line_width(0.2)
        self._said_to_be_drawn(x, y, width, _BLACK)

    def _said_to_be_drawn(self, x: float, y: float, width: float, colour: tuple[int, int, int]) -> None:
        text = f"({self._said('drawing')})"
        self._colour(colour)
        self._text(text, x + width - self._width(text, 8.5) - 3, y + 2.4, 8.5)
        self._colour(_BLACK)

    def _button(
        self, text: str, x: float, y: float, width: float, height: float,
        fill: tuple[int, int, int], ink: tuple[int, int, int],
    ) -> None:  # fmt: skip
        self._box(x, y, width, height, fill)
        self._colour(ink)
        size = self.fitting(text, 10.0, width - 2, style="")
        self._text(text, x + (width - self._width(text, size)) / 2, y + (height - size * MM) / 2, size)
        self._colour(_BLACK)

    def _mark(self, digit: str, x: float, y: float) -> None:
        """Draw a small numbered disc: where to click."""
        self._pdf.set_fill_color(*_YELLOW)
        self._pdf.circle(x, y, 2.9, style="F")
        self._colour(_BLACK)
        self._text(digit, x - self._width(digit, 11, style="B") / 2, y - 1.9, 11, style="B")

    def sign(self, x: float, y: float, radius: float) -> None:
        """Draw the sign of a power switch, struck out."""
        pdf = self._pdf
        pdf.set_draw_color(*_BLACK)
        pdf.set_line_width(radius / 8)
        inner = radius * 0.42
        pdf.arc(x - inner, y - inner + radius * 0.06, inner * 2, 305.0, 235.0, inclination=0)
        pdf.line(x, y - radius * 0.56, x, y)
        pdf.set_draw_color(*_RED)
        pdf.set_line_width(radius / 7)
        pdf.circle(x, y, radius * 0.92)
        side = radius * 0.65
        pdf.line(x - side, y - side, x + side, y + side)
        pdf.set_draw_color(*_BLACK)
        pdf.set_line_width(0.2)

    # ---- letters

    def centred(self, text: str, y: float, size: float, *, colour: tuple[int, int, int] = _BLACK) -> None:
        """Draw a line in the middle of the page, in bold."""
        self._colour(colour)
        self._text(text, 105.0 - self._width(text, size, style="B") / 2, y, size, style="B")
        self._colour(_BLACK)

    def paragraph(self, text: str, x: float, y: float, size: float, width: float, *, style: str = "") -> float:
        """Draw a text in lines of a width; return where it ends."""
        for line in self._wrapped(text, size, width, style=style, most=6):
            self._text(line, x, y, size, style=style)
            y += size * MM * _LEADING
        return y

    def dot(self, x: float, y: float) -> None:
        """Draw what stands before a line of a list."""
        self._pdf.set_fill_color(*_RED)
        self._pdf.circle(x, y, 1.6, style="F")

    def fitting(self, text: str, size: float, width: float = WIDTH, *, style: str = "B") -> float:
        """Return the size of type, 8 at least and `size` at most, at which a text takes one line of a width."""
        while size > 8 and self._width(text, size, style=style) > width:  # noqa: PLR2004 - can still be read
            size -= 0.5
        return size

    def _box(self, x: float, y: float, width: float, height: float, fill: tuple[int, int, int]) -> None:
        self._pdf.set_fill_color(*fill)
        self._pdf.rect(x, y, width, height, style="F")

    def _colour(self, colour: tuple[int, int, int]) -> None:
        self._pdf.set_text_color(*colour)
