"""What an attached file says of itself is read from its own bytes, nothing more, and no bytes break the reader."""

from __future__ import annotations

import io
import random
import struct

import pictures_made as made
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as image  # noqa: N813 - a module of one function here

from collector.attached import HEAD, exif, heif, mail, says

TAKEN = {"taken": "2026-11-26T08:31:05", "taken_offset": "+01:00", "maker": "Apple", "model": "iPhone 13",
         "has_place": True}  # fmt: skip
NOTHING = {"taken": None, "taken_offset": None, "maker": None, "model": None, "has_place": False}
LETTER = b"Date: Thu, 26 Nov 2026 08:00:00 +0100\r\nFrom: a@b.example\r\nMessage-ID: <1@b.example>\r\n\r\nbody\r\n"


def said(data, suffix=".bin"):
    """Return what bytes say, read as `custody` reads; no read goes over what is allowed."""

    def read(offset, length):
        assert 0 <= length <= max(HEAD, heif.MOST)
        return data[offset : offset + length]

    return says(read, suffix)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photograph_says_when_and_with_what(order):
    """Both byte orders of TIFF; the place is told to be there, and no byte of it comes out."""
    found = said(made.jpeg(made.tiff(order=order)))
    assert found == {"format": "jpeg", **TAKEN}
    assert made.PLACE.decode() not in str(found)
    assert said(made.jpeg(made.tiff(place=False)))["has_place"] is False


def test_a_picture_of_another_program_says_the_same():
    """Written by Pillow, which has a writer of its own for EXIF."""
    picture, bytes_ = image.new("RGB", (64, 48), "red"), io.BytesIO()
    tags = picture.getexif()
    tags[0x010F], tags[0x0110] = "samsung", "SM-G991B"
    tags.get_ifd(0x8769).update({0x9003: "2026:11:26 08:31:05", 0x9011: "+01:00"})
    tags.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0)})
    picture.save(bytes_, "JPEG", exif=tags)
    assert said(bytes_.getvalue(), ".jpg") == {**TAKEN, "format": "jpeg", "maker": "samsung", "model": "SM-G991B"}


def test_other_segments_may_stand_before_it():
    """JFIF, an APP1 of XMP: as cameras and editors write them; none at all is a picture that says nothing."""
    jfif = b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xe1\x00\x08http:/"
    assert said(made.jpeg(before=jfif)) == {"format": "jpeg", **TAKEN}
    assert said(b"\xff\xd8\xff\xda\x00\x02Exif\0\0" + made.tiff()) == {"format": "jpeg", **NOTHING}


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_telephone_that_writes_heif(version):
    """The EXIF item is found by its place in the file, far behind the head."""
    assert said(made.heic(version=version)) == {"format": "heif", **TAKEN}


def test_an_item_in_pieces_or_elsewhere_says_nothing():
    """What is not in one piece of this file is not put together."""
    assert said(made.heic(pieces=2)) == {"format": "heif", **NOTHING}


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "2026:02:30 08:00:00", "2026:11:26 25:00:00", "    :  :     :  :  ", "\x1b[2J"]
)
def test_a_clock_that_was_never_set_says_nothing(taken):
    """Zeros, blanks, no such day: no time, and the camera is told all the same."""
    found = said(made.jpeg(made.tiff(taken=taken, offset=b"+99:00\0")))
    assert (found["taken"], found["taken_offset"], found["model"]) == (None, None, "iPhone 13")


def test_a_name_is_cut_and_its_bytes_are_not_trusted():
    """Four thousand letters, no NUL, no UTF-8: 64 characters at most; a short one stands in its entry."""
    assert said(made.jpeg(made.tiff(maker=b"\xff" * 4000)))["maker"] == "\ufffd" * exif.LONGEST
    assert said(made.jpeg(made.tiff(maker=b"LG\0")))["maker"] == "LG"


def test_a_letter_says_when_and_from_whom():
    """Folded lines, words in other alphabets, the first of two fields; without a header it is no letter."""
    assert said(LETTER, ".eml") == {
        "format": "mail", "date": "Thu, 26 Nov 2026 08:00:00 +0100", "from": "a@b.example", "to": None,
        "subject": None, "message_id": "<1@b.example>",
    }  # fmt: skip
    text = b"Subject: =?UTF-8?Q?Votre_facture_=C3=A0?=\n =?utf-8?B?IHBheWVy?=\nDATE: x\nSubject: other\n\nFrom: y\n"
    found = said(text, ".eml")
    assert (found["subject"], found["date"], found["from"]) == ("Votre facture à payer", "x", None)
    assert said(b"\x00\x01 no letter", ".eml") == {}
    assert said(b"Subject: alone\n\n", ".eml") == {}
    assert said(LETTER, ".txt") == {}


@pytest.mark.parametrize(
    "word", ["=?utf-7?Q?+AGE-?=", "=?rot13?B?eA==?=", "=?utf-8?B?%%%?=", "=?utf-8?Q?=ZZ?=", "=?idna?Q?x?=", "=?x"]
)
def test_a_word_in_a_strange_alphabet_stays_as_it_is(word):
    """Only the alphabets of ordinary letters are read; nothing else of Python's is asked."""
    assert mail.headers(f"Date: {word}\n\n".encode())["date"] in (word, "=ZZ")


def test_a_letter_of_endless_lines_is_bounded():
    """Long names, long values, folded for ever: cut, and read in one pass."""
    letter = b"From: " + b"x" * 100_000 + b"\n" + b"Date: a\n" + b" b" * 30_000 + b"\n" + b" c\n" * 30_000
    found = mail.headers(letter)
    assert len(found["from"]) == len(found["date"]) == mail.LONGEST


@given(st.binary(max_size=400), st.sampled_from([".eml", ".jpg"]))
def test_any_bytes_are_read_or_say_nothing(data, suffix):
    """Bare, and behind the beginnings of each format."""
    jpeg, heic = b"\xff\xd8\xff\xe1\x01\x00Exif\0\0II*\0\x08\0\0\0", b"\0\0\0\x14ftypheic\0\0\0\0mif1"
    for front in (b"", jpeg, heic, b"Date: "):
        said(front + data, suffix)


@pytest.mark.parametrize("make", [made.jpeg, made.heic])
def test_no_changed_byte_breaks_the_reader(make):
    """Each byte of the metadata changed to each of the worst, any two, cut anywhere: an answer within its bounds."""
    whole = make()
    ends = (range(min(len(whole), 700)), range(max(len(whole) - 300, 700), len(whole)))
    spots = [at for places in ends for at in places]
    changed = [(at, value) for at in spots for value in (0, 1, 0x7F, 0x80, 0xFF)]
    dice = random.Random(7)
    changed += [(dice.choice(spots), dice.randrange(256)) for _time in range(1500)]
    for at, value in changed:
        data = bytearray(whole)
        data[at] = value
        data[dice.choice(spots)] = dice.choice((0, 0xFF, value))
        found = said(bytes(data))
        assert all(text is None or len(text) <= exif.LONGEST for text in found.values() if not isinstance(text, bool))
    for end in spots:
        said(whole[:end])


def test_a_directory_of_directories_ends():
    """Entries that point at themselves, 65,535 of them, boxes of no size: bounded work."""
    loop = b"II*\0\x08\0\0\0" + struct.pack("<H", 0xFFFF) + struct.pack("<HHII", 0x8769, 4, 1, 8) * 5000
    assert exif.taken(loop) == NOTHING
    iloc = struct.pack(">I", 0x30000) + b"iloc\0\0\0\0" + b"\0\0" + struct.pack(">H", 0xFFFF)
    iloc += struct.pack(">HHH", 1, 0, 0xFFFF) * 30_000
    iinf = b"\0\0\0\x20iinf\0\0\0\0\0\x01\0\0\0\x12infe\x02\0\0\0\0\x09\0\0Exif"
    meta = b"\0\0\0\0" + iinf + iloc
    file = b"\0\0\0\x10ftypheic\0\0\0\0" + struct.pack(">I", len(meta) + 8) + b"meta" + meta
    assert said(file) == {"format": "heif", **NOTHING}
