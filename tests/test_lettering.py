"""Letters that the fonts of PDF lack: drawn, found again by stock programs, and never one that looks like another."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest
from fpdf import FPDF

from collector.handover import accents
from collector.handover.lettering import Lettering, is_drawn

ALPHABETS = {
    "cs": "ÁČĎÉĚÍŇÓŘŠŤÚŮÝŽáčďéěíňóřšťúůýž",
    "hu": "ÁÉÍÓÖŐÚÜŰáéíóöőúüű",
    "lt": "ĄČĘĖĮŠŲŪŽąčęėįšųūž",
    "lv": "ĀČĒĢĪĶĻŅŠŪŽāčēģīķļņšūž",
    "mt": "ĊĠĦŻċġħż",
    "pl": "ĄĆĘŁŃÓŚŹŻąćęłńóśźż",
    "ro": "ĂÂÎȘȚŞŢăâîșțşţ",
    "hr": "ČĆĐŠŽčćđšž",
    "tr": "ÇĞIİÖŞÜçğıiöşü",
    "vi": "ĂÂĐÊÔƠƯẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
}


class Page(Lettering):
    """One page with what is written on it."""

    def __init__(self, *lines, font="helvetica", style="", size=20.0, width=180.0):
        """Write each text, broken into lines of so many millimetres."""
        super().__init__()
        self._pdf.add_page()
        self._pdf.set_draw_color(200)
        self._pdf.set_line_width(0.3)
        wrapped = [one for line in lines for one in self._wrapped(line, size, width, font=font, style=style)]
        for number, line in enumerate(wrapped):
            self._text(line, 15, 15 + number * size / 2, size, font=font, style=style)
        self.widths = [self._width(line, size, font=font, style=style) for line in wrapped]
        self.left = (self._pdf.draw_color, self._pdf.line_width)

    def asked(self, *words):
        """Return what a stock program makes of it."""
        return subprocess.run(words, input=bytes(self._pdf.output()), capture_output=True, check=True).stdout

    @property
    def text(self):
        return " ".join(self.asked("pdftotext", "-enc", "UTF-8", "-", "-").decode().split())


@pytest.mark.parametrize("language", ALPHABETS)
@pytest.mark.parametrize("style", ["", "B"])
def test_every_letter_of_a_language_is_drawn_and_can_be_copied(language, style):
    """As words, between letters that the fonts have; nothing is escaped."""
    words = [f"a{char}o" for char in ALPHABETS[language]]
    page = Page(*words, style=style, size=5.0)
    assert page.text == " ".join(words)
    assert page.has_escapes is False


@pytest.mark.parametrize("stored", ["Dr Ștefănescu, Łukasz Yılmaz, Nguyễn"])
def test_a_name_is_the_same_however_its_accents_are_stored(stored):
    assert Page(unicodedata.normalize("NFD", stored)).text == stored


@pytest.mark.parametrize(
    "char",
    ["а", "е", "о", "і", "α", "ο", "Ω", "漢", "😀", "ə", "ʼ", "a\u0334", "\u0301", "\u202e", "ſ", "ﬁ", "Ａ"],
)  # fmt: skip
def test_what_could_be_taken_for_another_letter_stays_escaped(char):
    """Cyrillic, Greek, letters of full width and ligatures look like ours; others can't be drawn."""
    page = Page(f"x{char}x")
    assert page.has_escapes is True
    assert "\\" in page.text
    assert page.text.isascii() or char[0].isascii()


def test_paths_and_commands_stay_escaped():
    """What stands in courier is to be typed or compared letter by letter."""
    page = Page("Ștefan", font="courier")
    assert page.text == r"\u0218tefan"
    assert (is_drawn("Ș"), is_drawn("Ș", "courier")) == (True, False)


@pytest.mark.parametrize("style", ["", "B"])
def test_lines_are_as_wide_as_they_say(style):
    """A long name of such letters is broken, whole, and none of its lines is wider than was asked."""
    page = Page("Ștęŗńĭệ" * 60, style=style, width=90.0)
    assert len(page.widths) > 3
    assert max(page.widths) <= 90
    assert page.text.replace(" ", "") == "Ștęŗńĭệ" * 60


def test_what_is_drawn_next_is_drawn_as_before():
    """Colour and width of lines are those of before; the same text gives the same bytes."""
    page = Page("Łódź ı")
    assert page.left == Page("Lodz").left
    assert bytes(page._pdf.output()) == bytes(Page("Łódź ı")._pdf.output())


def test_a_letter_and_its_accents_are_ink_in_different_places():
    """Rendered: each letter of an alphabet looks unlike its bare letter and unlike every other."""
    seen = {}
    for char in "sşșśšŝSŞȘtţțťiıīįịdđďDĐaăāąạảấầ":
        pixels = Page(char, size=60.0).asked("pdftoppm", "-r", "40", "-gray", "-singlefile", "-")
        assert pixels not in seen, (char, seen.get(pixels))
        seen[pixels] = char


def test_strokes_stay_beside_their_letter():
    """Within a line of type: nothing reaches into the line above or below, or far to a side."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=1000 / pdf.k)
    for char in {*"".join(ALPHABETS.values())}:
        drawing = accents.drawing(char)
        if drawing is None:
            assert is_drawn(char)
            continue
        for stroke in drawing.strokes:
            for x, y in stroke.points:
                assert -390 <= y <= 1120, (char, y)
                assert abs(x) <= 380, (char, x)
