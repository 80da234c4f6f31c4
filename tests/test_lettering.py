"""Letters that the fonts of PDF lack: drawn, found again by stock programs, and never one that looks like another."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.handover import accents, lettering
from collector.handover.lettering import Lettering, drawn_length, is_drawn

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

    def __init__(self, *lines, font="helvetica", style="", size=20.0, width=180.0, colour=0):
        """Write each text, broken into lines of so many millimetres."""
        super().__init__()
        self._pdf.add_page()
        self._pdf.set_text_color(colour)
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
    assert page.text.isascii()


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


def test_accents_have_the_colour_of_their_letter():
    """Grey as the foot of a page is, whatever lines are drawn with; a line that follows is as it would have been."""
    page = Page(colour=150)
    page._pdf.set_draw_color(60)
    page._text("ȘıłĐộ ỹ", 15, 15, 20.0)
    page._pdf.line(15, 60, 90, 60)
    picture = page.asked("pdftoppm", "-r", "60", "-gray", "-singlefile", "-")
    _kind, size, _most, pixels = picture.split(b"\n", 3)
    across = int(size.split()[0])
    text, line = pixels[: across * 110], pixels[across * 130 : across * 150]
    assert min(text) == 150
    assert 60 <= min(line) < 150


@pytest.mark.parametrize("char", ["\u212a", "\u037e", "\u1fef", "\u0387", "\u212b", "\u2126"])
def test_a_sign_that_unicode_takes_for_another_stays_escaped(char):
    """The sign of the kelvin is printed as what it is, not as the letter K."""
    page = Page(f"x{char}x")
    assert (page.text, page.has_escapes) == (f"x\\u{ord(char):04x}x", True)
    assert not is_drawn(char)


@pytest.mark.parametrize("text", ["W", "o", "ộ", "漢", "\u0301", "\u202e", "W ", "\u202e ", " "], ids=ascii)
@pytest.mark.parametrize("font", ["helvetica", "courier"])
def test_each_letter_is_measured_once_however_long_a_text_is(text, font, monkeypatch):
    """A text of twice the length takes twice the steps, in any script: a paper of many notes is made in seconds."""
    counts = []
    for times in (1000, 2000):
        page, steps = Page(), []
        with monkeypatch.context() as patch:
            for owner, name in ((lettering._Widths, "of"), (Lettering, "_millimetres")):
                real = getattr(owner, name)
                patch.setattr(
                    owner, name, lambda self, *args, real=real, steps=steps: steps.append(1) or real(self, *args)
                )
            lines = page._wrapped(text * times, 8.6, 48.0, font=font, most=10_000)
        assert "".join(lines).replace(" ", "") == page._known(text * times, font).replace(" ", "")
        counts.append(len(steps))
    assert counts[1] < 2.2 * counts[0] + 20
    assert counts[1] < 2000 * 25


def lines_as_defined(page, text, size, width, most, font):
    """Return what `_wrapped` promises, found by measuring whole lines with fpdf2 itself."""

    def fits(line):
        bare = "".join(char if (one := lettering._lacking(char)) is None else one.letter for char in line)
        page._pdf.set_font(font, "", size)
        return page._pdf.get_string_width(bare) <= width

    lines = [""]
    for at, word in enumerate(page._known(text, font).split(" ")):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if fits(joined):
            lines[-1] = joined
            continue
        lines += [""] if at and lines[-1] else []
        for char in word:
            if lines[-1] and not fits(lines[-1] + char):
                lines.append("")
            lines[-1] += char
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and not fits(last + "…"):
        last = last[:-1]
    return [*lines[: most - 1], last + "…"]


@settings(max_examples=150)
@given(
    st.text("aWi.é…ĄńŞ漢\u0301\u202e\x1f   ", max_size=120),
    st.sampled_from([5.8, 7.6, 8.6, 17.0]),
    st.sampled_from([9.1, 48.3, 79.0]),
    st.sampled_from([1, 3, 100]),
    st.sampled_from(["helvetica", "courier"]),
)
def test_lines_end_where_fpdf_measures_that_they_must(text, size, width, most, font):
    """Widths are added up; what comes out is what measuring each whole line gives."""
    page = Page()
    assert page._wrapped(text, size, width, font=font, most=most) == lines_as_defined(
        page, text, size, width, most, font
    )


@given(st.text("aé…ĄŞ漢\u0301\u202e😀", max_size=60))
def test_the_length_of_a_text_is_that_of_what_is_drawn(text):
    """What the fonts lack counts as its escaped form; an accent that another letter takes in counts at most as that."""
    assert drawn_length(text) >= len(Page()._known(text, "helvetica"))
    assert drawn_length("漢é") == len("\\u6f22é")


def test_a_letter_and_its_accents_are_ink_in_different_places():
    """Rendered: each letter of an alphabet looks unlike its bare letter and unlike every other."""
    seen = {}
    for char in "sşșśšŝSŞȘtţțťiıīįịdđďDĐaăāąạảấầ":
        pixels = Page(char, size=60.0).asked("pdftoppm", "-r", "40", "-gray", "-singlefile", "-")
        assert pixels not in seen, (char, seen.get(pixels))
        seen[pixels] = char


def test_strokes_stay_beside_their_letter():
    """None strays: below no deeper than a dot under a y, above no higher than a second accent over a capital."""
    for char in {*"".join(ALPHABETS.values())}:
        drawing = accents.drawing(char)
        if drawing is None:
            assert is_drawn(char)
            continue
        for stroke in drawing.strokes:
            for x, y in stroke.points:
                assert -390 <= y <= 1120, (char, y)
                assert abs(x) <= 380, (char, x)
