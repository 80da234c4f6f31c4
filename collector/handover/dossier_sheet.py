"""Pages of a dossier as PDF: head and foot, text that flows over pages, fields with their blanks, boxes to tick.

A paragraph leaves at least two lines on a page, a heading stands with what follows it, a field is not torn, and the
last of several does not stand alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.handover.lettering import MM, Lettering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.handover.dossier_parts import Dossier, Field, Fields, Text, Tick, Ticks

LEFT, TOP, WIDTH, BOTTOM = 20.0, 19.0, 170.0, 277.0
"""Of an A4 page, in millimetres: a margin to be punched, where drawing begins, how wide it is and where it ends."""
BODY, LETTER, SMALL, HEADING, TITLE = 10.0, 10.2, 8.3, 11.5, 17.0
"""Sizes of type in points."""
LEADING = 1.3
GREY = 90
_HEAD, _FOOT = 9.0, 283.5
_LABEL, _VALUE = 58.0, 61.0
"""Width of a field's label, and where its value begins."""
_LINE = 7.4
"""Height of a dotted line that is written on."""
_BOX = 3.8
_TIMES = 42.0
_LEAST = 2
"""Lines of a paragraph, and last fields of a block, that stand together on a page."""
_PAIR = 70.0
"""Most millimetres of two fields that are worth what they leave empty below the fields before them."""


def height_of(lines: int, size: float) -> float:
    """Return how far down some lines go."""
    return lines * size * MM * LEADING


class _Laid(NamedTuple):
    """A field with its texts in lines; heights in millimetres, `body` that of the value."""

    label: list[str]
    value: list[str]
    note: list[str]
    font: str
    size: float
    style: str
    body: float
    height: float


class Sheet(Lettering):
    """Pages that are filled from the top; `y` is where the next line goes."""

    def __init__(self, dossier: Dossier, pages: int) -> None:
        """`pages`: how many each foot says there are."""
        super().__init__()
        self._dossier = dossier
        self._said_pages = pages
        self._pdf.set_creation_date(dossier.made)
        self._pdf.set_title(f"{dossier.title} — {dossier.foot}")
        self._pdf.set_lang(dossier.language)
        self._running = ""
        self.y = TOP

    @property
    def page(self) -> int:
        """Return the number of the page that is drawn on."""
        return int(self._pdf.page)

    @property
    def pages(self) -> int:
        """Return how many there are."""
        return int(self._pdf.pages_count)

    def finished(self) -> bytes:
        """Return the file."""
        return bytes(self._pdf.output())

    def next_page(self) -> None:
        """Go on at the top of a new page."""
        pdf, dossier = self._pdf, self._dossier
        pdf.add_page()
        pdf.set_line_width(0.15)
        pdf.set_draw_color(0)
        pdf.set_text_color(GREY)
        if dossier.head:
            self._text(dossier.head, LEFT, _HEAD, 7.5, style="B")
        page = dossier.page.format(number=pdf.page, pages=self._said_pages)
        self._text(page, LEFT + WIDTH - self._width(page, SMALL), _FOOT, SMALL)
        foot = f"{dossier.foot}  ·  {self._running}" if self._running else dossier.foot
        room = WIDTH - self._width(page, SMALL) - 4
        self._text(self._wrapped(foot, SMALL, room, most=1)[0], LEFT, _FOOT, SMALL)
        pdf.line(LEFT, _FOOT - 1.4, LEFT + WIDTH, _FOOT - 1.4)
        pdf.set_text_color(0)
        self.y = TOP

    def room_for(self, height: float) -> None:
        """Go to a new page where so much does not fit on this one."""
        if self.y + height > BOTTOM and self.y > TOP:
            self.next_page()

    def _flow(self, lines: Sequence[str], size: float, *, indent: float = 0.0, style: str = "") -> None:
        """Draw lines that belong together, over as many pages as they take."""
        step = height_of(1, size)
        left = [*lines]
        while left:
            fit = int((BOTTOM - self.y) / step)
            if len(left) > fit:
                fit = min(fit, len(left) - _LEAST) if len(left) > _LEAST else 0
                if fit < _LEAST and self.y > TOP:
                    self.next_page()
                    continue
            for line in left[: max(fit, 1)]:
                self._text(line, LEFT + indent, self.y, size, style=style)
                self.y += step
            left = left[max(fit, 1) :]

    def _heading(self, text: str, following: float) -> None:
        """Draw a heading that stands on a page with so much of what follows."""
        lines = self._wrapped(text, HEADING, WIDTH, style="B", most=3)
        height = height_of(len(lines), HEADING)
        self.room_for(height + 5.0 + following)
        if self.y > TOP:
            self.y += 3.2
        for line in lines:
            self._text(line, LEFT, self.y, HEADING, style="B")
            self.y += height_of(1, HEADING)
        self.y += 0.9

    # ---- paragraphs

    def _height(self, block: Text) -> float:
        """Return how far down some paragraphs go, about."""
        size = {"small": SMALL, "letter": LETTER}.get(block.style, BODY)
        width = WIDTH - 8 if block.style == "warning" else WIDTH
        lines = sum(len(self._wrapped(text, size, width, most=400)) for text in block.texts)
        return height_of(lines, size) + 2.2 * len(block.texts) + (6.0 if block.style == "warning" else 0.0)

    def _paragraphs(self, block: Text) -> None:
        size = {"small": SMALL, "letter": LETTER, "strong": LETTER}.get(block.style, BODY)
        style = "B" if block.style == "strong" else ""
        if block.style == "warning":
            self._framed(block.texts)
            return
        for text in block.texts:
            listed = block.style == "list"
            indent = 4.5 if listed else 0.0
            lines = self._wrapped(text, size, WIDTH - indent, style=style, most=400)
            if listed:
                self.room_for(height_of(min(_LEAST, len(lines)), size))
                self._text("•", LEFT + 1.2, self.y, size)
            self._flow(lines, size, indent=indent, style=style)
            self.y += {"letter": 2.2, "list": 0.8, "small": 1.0}.get(block.style, 1.7)
        self.y += 1.6 if block.style == "list" else 0.0

    def _framed(self, texts: tuple[str, ...]) -> None:
        """Draw what must not be passed over in a frame."""
        paragraphs = [self._wrapped(text, BODY, WIDTH - 8, style="B", most=40) for text in texts]
        lines = [line for paragraph in paragraphs for line in (*paragraph, "")][:-1]
        height = sum(height_of(1, BODY) * (1 if line else 0.45) for line in lines) + 4.2
        self.room_for(height)
        self._pdf.set_line_width(0.6)
        self._pdf.rect(LEFT, self.y, WIDTH, height)
        self._pdf.set_line_width(0.15)
        y = self.y + 2.5
        for line in lines:
            self._text(line, LEFT + 4, y, BODY, style="B")
            y += height_of(1, BODY) * (1 if line else 0.45)
        self.y += height + 2.5

    # ---- fields

    def _fields(self, block: Fields) -> None:
        laid = [self._laid(field) for field in block.fields]
        for at, (field, one) in enumerate(zip(block.fields, laid, strict=True)):
            if at == len(laid) - _LEAST:  # the last is not left alone at the top of a page
                self.room_for(min(sum(last.height for last in laid[at:]), _PAIR))
            self._field(field, one)
        self.y += 1.2

    def _laid(self, field: Field) -> _Laid:
        """Break the texts of a field into lines."""
        width = WIDTH - _VALUE
        label = self._wrapped(field.label, SMALL + 0.7, _LABEL, most=4)
        font, size = ("courier", 7.9) if field.mono else ("helvetica", BODY)
        style = "I" if field.unknown else ""
        value = self._wrapped(field.value, size, width, font=font, style=style, most=60) if field.value else []
        note = self._wrapped(field.note, SMALL - 0.8, width, most=6) if field.note else []
        left = height_of(len(label), SMALL + 0.7)
        body = height_of(len(value), size) if value else _LINE * field.lines
        height = max(left, body + height_of(len(note), SMALL - 0.8)) + 1.9
        return _Laid(label, value, note, font, size, style, body, height)

    def _field(self, field: Field, laid: _Laid) -> None:
        width = WIDTH - _VALUE
        label, value, note, font, size, style, body, height = laid
        self.room_for(height)
        self._pdf.set_text_color(GREY)
        for at, line in enumerate(label):
            self._text(line, LEFT, self.y + 0.9 + height_of(at, SMALL + 0.7), SMALL + 0.7)
        self._pdf.set_text_color(0)
        for at, line in enumerate(value):
            self._text(line, LEFT + _VALUE, self.y + 0.6 + height_of(at, size), size, font=font, style=style)
        for at in range(0 if value else field.lines):
            self._dots(LEFT + _VALUE, self.y + _LINE * (at + 1) - 1.2, width)
        self._pdf.set_text_color(GREY)
        for at, line in enumerate(note):
            self._text(line, LEFT + _VALUE, self.y + 0.9 + body + height_of(at, SMALL - 0.8), SMALL - 0.8, style="I")
        self._pdf.set_text_color(0)
        self.y += height
        self._pdf.set_draw_color(205)
        self._pdf.line(LEFT, self.y - 0.4, LEFT + WIDTH, self.y - 0.4)
        self._pdf.set_draw_color(0)

    def _dots(self, x: float, y: float, width: float) -> None:
        """Draw a dotted line to write on."""
        self._pdf.set_dash_pattern(dash=0.3, gap=1.0)
        self._pdf.set_line_width(0.3)
        self._pdf.line(x, y, x + width, y)
        self._pdf.set_dash_pattern()
        self._pdf.set_line_width(0.15)

    # ---- boxes to tick

    def _ticks(self, block: Ticks) -> None:
        if block.times:
            self._pdf.set_text_color(GREY)
            self._text(block.times, LEFT + WIDTH - _TIMES, self.y, SMALL)
            self._pdf.set_text_color(0)
            self.y += height_of(1, SMALL) + 0.6
        for tick in block.rows:
            self._tick(tick, times=bool(block.times))
        self.y += 1.5

    def _tick(self, tick: Tick, *, times: bool) -> None:
        width = WIDTH - 7.5 - (_TIMES + 4 if times else 0)
        lines = self._wrapped(tick.text, BODY, width, most=6)
        note = self._wrapped(tick.note, SMALL, width, style="I", most=4) if tick.note else []
        height = max(height_of(len(lines), BODY) + height_of(len(note), SMALL), _BOX) + 2.6
        self.room_for(height)
        self._pdf.set_line_width(0.35)
        self._pdf.rect(LEFT, self.y + 0.3, _BOX, _BOX)
        if tick.done:
            self._pdf.set_line_width(0.6)
            self._pdf.line(LEFT + 0.7, self.y + 2.2, LEFT + 1.6, self.y + 3.3)
            self._pdf.line(LEFT + 1.6, self.y + 3.3, LEFT + 3.3, self.y + 0.9)
        self._pdf.set_line_width(0.15)
        for at, line in enumerate(lines):
            self._text(line, LEFT + 7.5, self.y + height_of(at, BODY), BODY)
        self._pdf.set_text_color(GREY)
        for at, line in enumerate(note):
            self._text(line, LEFT + 7.5, self.y + height_of(len(lines), BODY) + height_of(at, SMALL), SMALL, style="I")
        self._pdf.set_text_color(0)
        if times and tick.when:
            self._text(tick.when, LEFT + WIDTH - _TIMES, self.y, BODY, style="B")
        elif times:
            self._dots(LEFT + WIDTH - _TIMES, self.y + 4.2, _TIMES)
        self.y += height
