"""Draws the form of a « bordereau de remise » as a PDF of A4 pages that are filled in by hand.

Only the fonts that every reader of PDF has are used. They know the characters of cp1252; any other one is drawn in the
escaped form of `collector.text`, and the first page then says that the HTML page shows it. Every text is broken and cut
to its box, so nothing leaves its place.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from collector.handover.lettering import MM as _MM
from collector.handover.lettering import Lettering
from collector.handover.slip_parts import (
    EMPTY,
    FULL,
    SAYS,
    WIDTHS,
    Boxes,
    Chain,
    CodePair,
    Command,
    Digest,
    Sentences,
)
from collector.handover.slip_parts import SMALL as SMALL_ROW
from collector.handover.slip_qr import runs

if TYPE_CHECKING:
    from fpdf import FPDF

    from collector.handover.slip_parts import Block, Box, Code, Form, Row, Section

LEFT, TOP, WIDTH, BOTTOM = 12.0, 11.0, 186.0, 283.0
"""Of an A4 page, in millimetres: where drawing begins, how wide it is and where it ends."""
TEXT, SMALL, LABEL = 8.5, 7.0, 6.2
"""Sizes of type in points."""
_LEADING = 1.22
"""From one line to the next, in sizes of type."""
_FOOT = 285.4
"""Upper edge of the two lines at the foot of each page: a case of 64 letters fits the second one whole."""
_THIN, _THICK = 0.15, 0.45
_QR = 27.0
_EMPTY, _SIGNED = 10.0, 14.0
"""Least height of a box that is filled in by hand, and of one that is signed."""
_CELL = 6.0
"""Side of a cell that one character is written into by hand."""


def drawn(form: Form) -> bytes:
    """Return the PDF of a form: the same bytes for the same form."""
    draft = _filled(form, 0)
    if draft.has_escapes:
        form = dataclasses.replace(form, intro=f"{form.intro} {form.escapes}")
        draft = _filled(form, 0)
    return _filled(form, draft.pages).finished()  # each foot says how many there are


def add(form: Form, pdf: FPDF, pages: int) -> bool:
    """Add the form's pages to another document of so many pages; tell whether a letter was drawn escaped."""
    return _filled(form, pages, pdf).has_escapes


def _filled(form: Form, pages: int, pdf: FPDF | None = None) -> _Sheet:
    sheet = _Sheet(form, pages, pdf)
    for number, sections in enumerate(form.pages):
        sheet.next_page()
        if number == 0:
            sheet.head()
        for section in sections:
            sheet.section(section)
    return sheet


class _Sheet(Lettering):
    """Pages that are filled from the top; `y` is where the next block goes."""

    def __init__(self, form: Form, pages: int, pdf: FPDF | None = None) -> None:
        """`pages`: how many each foot says there are; `pdf`: a document that has a title already."""
        self._said_pages = pages
        self._form = form
        super().__init__(pdf)
        if pdf is None:
            self._pdf.set_creation_date(form.closed)
            self._pdf.set_title(form.title)
            self._pdf.set_lang(form.language)
        self.y = TOP

    @property
    def pages(self) -> int:
        """How many there are."""
        return int(self._pdf.pages_count)

    def next_page(self) -> None:
        """Go on at the top of a new page."""
        pdf, form = self._pdf, self._form
        pdf.add_page()
        pdf.set_line_width(_THIN)
        pdf.line(LEFT, _FOOT - 1.1, LEFT + WIDTH, _FOOT - 1.1)
        page = form.page.format(number=pdf.page, pages=self._said_pages)
        right = f"{form.initials} ____________   {page}"
        self._text(right, LEFT + WIDTH - self._width(right, SMALL), _FOOT, SMALL)
        for at, line in enumerate(form.foot):
            self._text(line, LEFT, _FOOT + at * SMALL * _MM * _LEADING, SMALL)
        self.y = TOP

    def finished(self) -> bytes:
        """Return the file."""
        return bytes(self._pdf.output())

    def head(self) -> None:
        """Draw what stands above the first section."""
        form = self._form
        self._text(form.title, LEFT, self.y, 18, style="B")
        self.y += 8
        self._text(form.subtitle, LEFT, self.y, 10.5)
        self.y += 5.5
        self._paragraph(form.intro, SMALL)
        self.y += 1

    def section(self, section: Section) -> None:
        """Draw a section, on a new page where its title and first block do not fit on this one."""
        title = 5.2 if section.title else 0.0
        if self.y + title + self._height(section.blocks[0]) > BOTTOM:
            self.next_page()
        if section.title:
            self._pdf.set_fill_color(228)
            self._pdf.rect(LEFT, self.y, WIDTH, 4.4, style="F")
            self._text(section.title, LEFT + 1, self.y + 0.5, 8.5, style="B")
            self.y += 5.2
        for block in section.blocks:
            if not isinstance(block, Chain) and self.y + self._height(block) > BOTTOM:
                self.next_page()
            self._block(block)
        self.y += 1.6

    def _block(self, block: Block) -> None:
        match block:
            case Boxes():
                self._boxes(block)
            case Sentences():
                self._sentences(block)
            case Command():
                self._paragraph(block.says, SMALL + 0.5)
                for line in block.command.split("\n"):
                    self._text(line, LEFT + 3, self.y, SMALL + 0.5, font="courier")
                    self.y += 3.4
                self.y += 0.4
            case CodePair():
                self._code(block.codes[0], LEFT)
                self._code(block.codes[1], LEFT + WIDTH / 2 + 1)
                self.y += self._height(block)
            case Digest():
                self._digest(block)
            case Chain():
                self._chain(block)

    def _height(self, block: Block) -> float:
        """Return how far down a block goes."""
        match block:
            case Boxes():
                return self._box_height(block)
            case Sentences():
                size, indent = (10.0, 0.0) if block.strong else (SMALL + 0.5, 3.0 if block.listed else 0.0)
                most = 1 if block.short else 100
                lines = sum(len(self._wrapped(text, size, WIDTH - indent, most=most)) for text in block.texts)
                return lines * size * _MM * _LEADING + 0.6 * (len(block.texts) + 1)
            case Command():
                return 3.8 + 3.4 * (1 + block.command.count("\n"))
            case CodePair():
                return _QR + 5
            case Digest():
                return 8.2 + 2 * _CELL + 2.4
            case Chain():
                return 40.0

    # ---- boxes

    def _box_height(self, row: Boxes) -> float:
        lines = max(len(self._value(box, self._shares(row)[at])) for at, box in enumerate(row.boxes))
        blank = any(not box.value for box in row.boxes)
        empty = _SIGNED if row.tall else _EMPTY
        return max(empty if blank else 0.0, 3.2 + max(1, lines) * TEXT * _MM * _LEADING + 1.0)

    @staticmethod
    def _shares(row: Boxes) -> list[float]:
        whole = sum(box.share for box in row.boxes)
        return [WIDTH * box.share / whole for box in row.boxes]

    def _value(self, box: Box, width: float) -> list[str]:
        font = "courier" if box.mono else "helvetica"
        size = TEXT if not box.mono else TEXT - 0.5
        return self._wrapped(box.value, size, width - 2, font=font, most=max(2, box.lines)) if box.value else []

    def _boxes(self, row: Boxes) -> None:
        height, x = self._box_height(row), LEFT
        for box, width in zip(row.boxes, self._shares(row), strict=True):
            self._pdf.rect(x, self.y, width, height)
            label = self._wrapped(f"{box.label} ({box.note})" if box.note else box.label, LABEL, width - 2, most=1)
            self._pdf.set_text_color(70)
            self._text(label[0], x + 1, self.y + 0.6, LABEL)
            self._pdf.set_text_color(0)
            for at, line in enumerate(self._value(box, width)):
                font, size = ("courier", TEXT - 0.5) if box.mono else ("helvetica", TEXT)
                self._text(line, x + 1, self.y + 3.4 + at * TEXT * _MM * _LEADING, size, font=font)
            x += width
        self.y += height

    # ---- sentences

    def _sentences(self, block: Sentences) -> None:
        self.y += 0.6  # from the box above
        for text in block.texts:
            if block.listed:
                self._text("•", LEFT + 0.6, self.y, SMALL + 0.5)
            size = 10.0 if block.strong else SMALL + 0.5
            style, indent = "B" if block.strong else "", 3.0 if block.listed else 0.0
            self._paragraph(text, size, indent=indent, style=style, most=1 if block.short else 100)
            self.y += 0.6

    def _paragraph(self, text: str, size: float, *, indent: float = 0.0, style: str = "", most: int = 100) -> None:
        for line in self._wrapped(text, size, WIDTH - indent, style=style, most=most):
            self._text(line, LEFT + indent, self.y, size, style=style)
            self.y += size * _MM * _LEADING

    # ---- codes

    def _code(self, code: Code, x: float) -> None:
        width = WIDTH / 2 - 1
        self._pdf.rect(x, self.y, width, _QR + 3)
        self._qr(code.sha256, x + width - _QR - 1, self.y + 1.5)
        self._text(code.label, x + 1.5, self.y + 1.2, TEXT, style="B")
        for at, row in enumerate(code.rows):
            self._text(row, x + 1.5, self.y + 6.5 + 6.6 * at, 15.0, font="courier", style="B")
        says = self._wrapped(code.says, SMALL, width - _QR - 4, most=3)
        for at, line in enumerate(says):
            self._text(line, x + 1.5, self.y + 21 + at * SMALL * _MM * _LEADING, SMALL)

    def _qr(self, sha256: str, x: float, y: float) -> None:
        """Draw the code as rectangles: sharp at any size, and no picture to be decoded."""
        side, dark = runs(sha256)
        module = _QR / side
        self._pdf.set_fill_color(0)
        for row, start, length in dark:
            self._pdf.rect(x + start * module, y + row * module, length * module, module, style="F")

    def _digest(self, digest: Digest) -> None:
        self._text(digest.label, LEFT, self.y, SMALL + 0.5)
        self.y += 3.6
        grouped = " ".join(digest.sha256[at : at + 4] for at in range(0, 64, 4))
        self._text(grouped, LEFT, self.y, 10.5, font="courier", style="B")
        self.y += 4.6
        width = WIDTH / 32
        for row in (0, 1):
            top = self.y + row * _CELL
            for at in range(33):
                self._pdf.set_line_width(_THIN if at % 4 else _THICK)
                self._pdf.line(LEFT + at * width, top, LEFT + at * width, top + _CELL)
            self._pdf.set_line_width(_THIN)
            self._pdf.line(LEFT, top, LEFT + WIDTH, top)
        self._pdf.line(LEFT, self.y + 2 * _CELL, LEFT + WIDTH, self.y + 2 * _CELL)
        self.y += 2 * _CELL + 2.4

    # ---- the chain of possession

    def _chain(self, chain: Chain) -> None:
        self._headings(chain.headings)
        for at, row in enumerate(chain.rows):
            if row.full:
                self._full(row)
            else:
                self._small(row)
            if at == 0 and chain.left_out:
                self._line(chain.left_out)
        for _ in range(chain.blanks):
            self._cells(EMPTY)
            self.y += EMPTY

    def _headings(self, headings: tuple[str, ...]) -> None:
        self._cells(7.0)
        for x, width, heading in zip(_edges(), WIDTHS, headings, strict=True):
            for at, line in enumerate(self._wrapped(heading, LABEL, width - 1.4, style="B", most=2)):
                self._text(line, x + 0.7, self.y + 0.8 + at * LABEL * _MM * _LEADING, LABEL, style="B")
        self.y += 7.0

    def _full(self, row: Row) -> None:
        self._cells(FULL)
        for x, width, text in zip(_edges(), WIDTHS, (row.number, *row.cells), strict=False):
            self._cell(text, x, width, 6.5, 4)
        self.y += FULL
        self._line(row.says)

    def _small(self, row: Row) -> None:
        """Draw a row that was signed elsewhere: what was checked stands where the signatures would."""
        cells = (row.number, *row.cells, row.says)
        widths = (*WIDTHS[:-2], WIDTHS[-2] + WIDTHS[-1])
        for x, width, text in zip(_edges(), widths, cells, strict=False):
            self._pdf.rect(x, self.y, width, SMALL_ROW)
            self._cell(text, x, width, 5.4, 2)
        self.y += SMALL_ROW

    def _cell(self, text: str, x: float, width: float, size: float, most: int) -> None:
        for at, line in enumerate(self._wrapped(text, size, width - 1.2, most=most)):
            self._text(line, x + 0.6, self.y + 0.5 + at * size * _MM * 1.15, size)

    def _line(self, text: str) -> None:
        """Draw a line of text across the table."""
        self._pdf.rect(LEFT, self.y, WIDTH, SAYS)
        line = self._wrapped(text, LABEL, WIDTH - WIDTHS[0] - 1.4, most=1)[0]
        self._text(line, LEFT + WIDTHS[0] + 0.6, self.y + 0.5, LABEL)
        self.y += SAYS

    def _cells(self, height: float) -> None:
        for x, width in zip(_edges(), WIDTHS, strict=True):
            self._pdf.rect(x, self.y, width, height)


def _edges() -> list[float]:
    return [LEFT + sum(WIDTHS[:at]) for at in range(len(WIDTHS))]
