"""Draws a dossier as a PDF of A4 pages: tables, pictures, letters, the table of contents, and the slip among them.

It is drawn twice: the table of contents and each foot say numbers that only the first time tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpdf.image_datastructures import RasterImageInfo

from collector.handover import slip_pdf
from collector.handover.dossier_parts import (
    Address,
    Contents,
    Fields,
    Heading,
    NewPage,
    Quote,
    Shown,
    Signature,
    Slip,
    Table,
    Text,
    Ticks,
)
from collector.handover.dossier_sheet import (
    BODY,
    BOTTOM,
    GREY,
    LEFT,
    SMALL,
    TITLE,
    TOP,
    WIDTH,
    Sheet,
    height_of,
)
from collector.handover.slip_parts import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.handover.dossier_parts import Block, Dossier, Part
    from collector.handover.dossier_pictures import Picture

_CELL, _SMALL_CELL, _MONO = 8.6, 7.6, 5.8
_COVER = 26.0
_PAD = 1.1
_MOST = 200
"""Lines of one paragraph of a cell."""
_EMPTY = 9.0
_FEW = 3
"""Empty rows that are worth a page: where so many fit as many are drawn as the page has room for; fewer are not."""
_LEAST: dict[type, float] = {Table: 22.0, Signature: 30.0, Heading: 11.0, Quote: 30.0}
"""Millimetres of a block that stand below its heading; of others a line or two."""
_TALL = 122.0
"""Most millimetres of a picture's height."""
_BESIDE = 96.0
"""Most millimetres of the width of a picture that is higher than wide: what is known of it stands beside it."""


def drawn(dossier: Dossier) -> bytes:
    """Return the PDF: the same bytes for the same dossier."""
    first = _filled(dossier, 0, {}, escapes=False)
    if first.has_escapes:
        first = _filled(dossier, 0, {}, escapes=True)
    return _filled(dossier, first.pages, first.starts, escapes=first.has_escapes).finished()


def _filled(dossier: Dossier, pages: int, starts: dict[int, int], *, escapes: bool) -> _Pages:
    sheet = _Pages(dossier, pages, starts)
    for part in dossier.parts:
        sheet.part(part)
        if escapes and part is dossier.parts[0]:
            sheet.block(Text((dossier.escapes,), "small"), ())
    return sheet


class _Pages(Sheet):
    """The pages of a dossier; `starts` are the pages on which its parts began."""

    def __init__(self, dossier: Dossier, pages: int, known: dict[int, int]) -> None:
        super().__init__(dossier, pages)
        self._known_starts = known
        self._pictures = 0
        self.starts: dict[int, int] = {}

    def part(self, part: Part) -> None:
        """Draw a part, from the top of a new page."""
        self._running = f"{part.number}. {part.title}" if part.number and part.title else ""
        self.next_page()
        self.starts[part.number] = self.page
        if part.title:
            self._title(part)
        for at, block in enumerate(part.blocks):
            self.block(block, part.blocks[at + 1 : at + 3])

    def _title(self, part: Part) -> None:
        text, size = f"{part.number}. {part.title}", TITLE
        if not part.number:
            text, size = self._dossier.title, _COVER
            self.y += 16.0
        for line in self._wrapped(text, size, WIDTH, style="B", most=3):
            self._text(line, LEFT, self.y, size, style="B")
            self.y += height_of(1, size)
        self._pdf.set_line_width(0.6)
        self._pdf.line(LEFT, self.y + 0.6, LEFT + WIDTH, self.y + 0.6)
        self._pdf.set_line_width(0.15)
        self.y += 4.0

    def block(self, block: Block, following: Sequence[Block]) -> None:  # noqa: C901, PLR0912 - one line for each kind
        """Draw a block; a heading stands together with what is `following`."""
        match block:
            case Heading():
                self._heading(block.text, self._least(following))
            case Text():
                self.room_for(self._with_its(block, following))
                self._paragraphs(block)
            case Fields():
                self._fields(block)
            case Ticks():
                self._ticks(block)
            case Table():
                self._table(block)
            case Shown():
                self._shown(block)
            case Quote():
                self._quote(block)
            case Address():
                self._address(block)
            case Signature():
                self._signature(block)
            case Contents():
                self._contents()
            case NewPage():
                self.next_page()
            case Slip():
                self.has_escapes |= slip_pdf.add(block.form, self._pdf, self._said_pages)
            case Command():
                self._command(block)

    def _least(self, following: Sequence[Block]) -> float:
        """Return how much of what follows must stand below a heading."""
        block = following[0] if following else None
        if isinstance(block, Text) and block.style in ("small", "warning"):
            return self._height(block) + self._least(following[1:])
        if isinstance(block, Text):
            return max(14.0, self._with_its(block, following[1:]))
        if isinstance(block, Shown):
            return self._shown_height(block)
        if isinstance(block, Fields) and block.fields:
            return self._laid(block.fields[0]).height
        if isinstance(block, Heading):
            return _LEAST[Heading] + self._least(following[1:])
        return 14.0 if block is None else _LEAST.get(type(block), 14.0)

    def _with_its(self, block: Text, following: Sequence[Block]) -> float:
        """Return how much must stand together with a paragraph: what is signed below it, rows that it explains."""
        after = following[0] if following else None
        if isinstance(after, Signature):
            return self._height(block) + 30.0
        if isinstance(after, Table) and block.style == "small" and not after.rows:
            return self._height(block) + _LEAST[Table] + _FEW * _EMPTY
        return 0.0

    # ---- tables

    def _table(self, table: Table) -> None:
        whole = sum(table.shares)
        widths = [WIDTH * share / whole for share in table.shares]
        self.room_for(20.0)
        self._headings(table, widths)
        for row in table.rows:
            self._row(table, widths, row)
        fit = int((BOTTOM - self.y) / _EMPTY)
        if fit < _FEW <= table.empty:
            self.next_page()
            self._headings(table, widths)
            fit = table.empty
        for _ in range(min(fit, table.empty)):
            self._frame(widths, _EMPTY)
            self.y += _EMPTY
        self.y += 2.2

    def _headings(self, table: Table, widths: Sequence[float]) -> None:
        cells = [
            self._wrapped(text, _SMALL_CELL, width - 2 * _PAD, style="B", most=3)
            for text, width in zip(table.headings, widths, strict=True)
        ]
        height = height_of(max(map(len, cells)), _SMALL_CELL) + 1.6
        self._pdf.set_fill_color(228)
        self._pdf.rect(LEFT, self.y, WIDTH, height, style="F")
        self._cells(cells, widths, _SMALL_CELL, style="B")
        self._frame(widths, height)
        self.y += height

    def _row(self, table: Table, widths: Sequence[float], row: Sequence[str]) -> None:
        """Draw a row; one that is higher than a page goes on on the next."""
        size = _SMALL_CELL if table.small else _CELL
        fonts = [("courier", _MONO if table.small else _SMALL_CELL) if at in table.mono else ("helvetica", size)
                 for at in range(len(row))]  # fmt: skip
        cells = [
            self._lines_of(text, width - 2 * _PAD, font, one)
            for text, width, (font, one) in zip(row, widths, fonts, strict=True)
        ]
        step = height_of(1, size)
        count = max(map(len, cells))
        if self.y + count * step + 1.6 > BOTTOM and (count * step < (BOTTOM - TOP) / 3 or self.y + 4 * step > BOTTOM):
            self.next_page()
            self._headings(table, widths)
        while True:
            fit = max(1, min(count, int((BOTTOM - self.y - 1.6) / step)))
            height = max(fit * step + 1.6, _EMPTY - 1 if table.tall else 0.0)
            for cell, x, (font, one) in zip(cells, _edges(widths), fonts, strict=True):
                for at, line in enumerate(cell[:fit]):
                    self._text(line, x + _PAD, self.y + 0.8 + at * step, one, font=font)
            self._frame(widths, height)
            self.y += height
            count -= fit
            if count <= 0:
                return
            cells = [cell[fit:] for cell in cells]
            self.next_page()
            self._headings(table, widths)

    def _lines_of(self, text: str, width: float, font: str, size: float) -> list[str]:
        return [line for part in text.split("\n") for line in self._wrapped(part, size, width, font=font, most=_MOST)]

    def _cells(self, cells: Sequence[Sequence[str]], widths: Sequence[float], size: float, *, style: str = "") -> None:
        for cell, x in zip(cells, _edges(widths), strict=True):
            for at, line in enumerate(cell):
                self._text(line, x + _PAD, self.y + 0.8 + height_of(at, size), size, style=style)

    def _frame(self, widths: Sequence[float], height: float) -> None:
        for x, width in zip(_edges(widths), widths, strict=True):
            self._pdf.rect(x, self.y, width, height)

    # ---- pictures

    def _shown(self, shown: Shown) -> None:
        width, height, beside = _size(shown.picture)
        self.room_for(self._shown_height(shown))
        self._text(shown.title, LEFT, self.y, BODY, style="B")
        self.y += height_of(1, BODY) + 0.8
        top = self.y
        self._picture(shown.picture, LEFT, top, width, height)
        self._pdf.rect(LEFT, top, width, height)
        x = LEFT + width + 5 if beside else LEFT
        y = top if beside else top + height + 1.5
        for label, lines, font, size in self._facts(shown, beside=beside):
            self._pdf.set_text_color(GREY)
            self._text(label, x, y, SMALL - 0.8)
            self._pdf.set_text_color(0)
            if beside:
                y += height_of(1, SMALL - 0.8)
            for line in lines:
                self._text(line, x if beside else x + 56, y, size, font=font)
                y += height_of(1, SMALL)
            y += 1.0 if beside else 0.2
        self.y = max(y, top + height) + 3.5

    def _facts(self, shown: Shown, *, beside: bool) -> list[tuple[str, list[str], str, float]]:
        room = WIDTH - _size(shown.picture)[0] - 5 if beside else WIDTH - 56
        found = []
        for label, value in shown.facts:
            is_sum = len(value) == 64 and value.isalnum()  # noqa: PLR2004 - digits of a fingerprint
            font, size = ("courier", 7.6 if not beside else 7.2) if is_sum else ("helvetica", SMALL)
            found.append((label, self._wrapped(value, size, room, font=font, most=8), font, size))
        return found

    def _shown_height(self, shown: Shown) -> float:
        _width, height, beside = _size(shown.picture)
        facts = self._facts(shown, beside=beside)
        lines = sum(len(one[1]) for one in facts)
        known = height_of(lines, SMALL) + len(facts) * (height_of(1, SMALL - 0.8) + 1.0 if beside else 0.2)
        title = height_of(1, BODY) + 0.8
        return title + (max(height, known) if beside else height + 1.5 + known) + 3.5

    def _picture(self, picture: Picture, x: float, y: float, width: float, height: float) -> None:
        """Draw a picture from its compressed data, as PDF takes it; no library for pictures decodes it."""
        self._pictures += 1
        name = f"picture-{self._pictures}"
        stored = (picture.height, picture.width) if picture.turn in (90, 270) else (picture.width, picture.height)
        info = RasterImageInfo(
            i=self._pictures,
            usages=0,
            w=stored[0],
            h=stored[1],
            cs=picture.colours,
            bpc=picture.bits,
            f="FlateDecode" if picture.form == "png" else "DCTDecode",
            dp=f"/Predictor 15 /Colors {picture.samples} /Columns {stored[0]}" if picture.form == "png" else "",
            pal=picture.palette,
            data=picture.data,
        )
        self._pdf.image_cache.images[name] = info
        if picture.turn in (90, 270):  # turned around the middle of where it will be
            with self._pdf.rotation(-picture.turn, x + width / 2, y + height / 2):
                self._pdf.image(name, x + (width - height) / 2, y + (height - width) / 2, height, width)
        elif picture.turn:
            with self._pdf.rotation(-picture.turn, x + width / 2, y + height / 2):
                self._pdf.image(name, x, y, width, height)
        else:
            self._pdf.image(name, x, y, width, height)

    # ---- others' words, letters, commands

    def _quote(self, quote: Quote) -> None:
        size = 7.8
        for text in quote.lines:
            lines = self._wrapped(text, size, WIDTH - 7, font="courier", most=12)
            for line in lines:
                self.room_for(height_of(1, size))
                self._pdf.set_line_width(0.8)
                self._pdf.set_draw_color(150)
                self._pdf.line(LEFT + 1, self.y - 0.3, LEFT + 1, self.y + height_of(1, size))
                self._pdf.set_draw_color(0)
                self._pdf.set_line_width(0.15)
                self._text(line, LEFT + 4, self.y, size, font="courier")
                self.y += height_of(1, size)
        self.y += 2.5

    def _address(self, address: Address) -> None:
        x = LEFT + (WIDTH / 2 + 4 if address.right else 0)
        width = WIDTH / 2 - 4 if address.right else WIDTH
        lines = [line for text in address.lines for line in self._wrapped(text, BODY, width, most=8)]
        self.room_for(min(height_of(len(lines), BODY), 60.0))
        for line in lines:
            self.room_for(height_of(1, BODY))
            self._text(line, x, self.y, BODY)
            self.y += height_of(1, BODY)
        self.y += 3.5

    def _signature(self, signature: Signature) -> None:
        width = WIDTH / len(signature.labels)
        self.room_for(30.0)
        self.y += 2.0
        for at, label in enumerate(signature.labels):
            self._pdf.rect(LEFT + at * width, self.y, width, 24.0)
            self._pdf.set_text_color(GREY)
            self._text(label, LEFT + at * width + 1.5, self.y + 1.0, SMALL)
            self._pdf.set_text_color(0)
        self.y += 27.0

    def _contents(self) -> None:
        for part in self._dossier.parts[1:]:
            text = f"{part.number}. {part.title}"
            page = str(self._known_starts.get(part.number, 0))
            self._text(text, LEFT, self.y, BODY + 0.5)
            self._text(page, LEFT + WIDTH - self._width(page, BODY + 0.5), self.y, BODY + 0.5)
            start = LEFT + self._width(text, BODY + 0.5) + 2
            self._dots(start, self.y + 3.4, LEFT + WIDTH - 10 - start)
            self.y += 7.6

    def _command(self, command: Command) -> None:
        says = self._wrapped(command.says, BODY, WIDTH, most=4)
        lines = command.command.split("\n")
        self.room_for(height_of(len(says) + len(lines), BODY) + 4)
        self._flow(says, BODY)
        for text in lines:
            for line in self._wrapped(text, 9.0, WIDTH - 5, font="courier", most=4):
                self._text(line, LEFT + 5, self.y, 9.0, font="courier")
                self.y += height_of(1, 9.0)
        self.y += 2.0


def _size(picture: Picture) -> tuple[float, float, bool]:
    """Return how large a picture is drawn, and whether there is room beside it."""
    beside = picture.height >= picture.width
    most = _BESIDE if beside else WIDTH
    scale = min(most / picture.width, _TALL / picture.height)
    return picture.width * scale, picture.height * scale, beside


def _edges(widths: Sequence[float]) -> list[float]:
    return [LEFT + sum(widths[:at]) for at in range(len(widths))]
