"""Pictures of a dossier: what draws them is kept and nothing else, however they are stored; what is none is none."""

from __future__ import annotations

import io
import random
import struct
import zlib

import dossiers
import pytest
from PIL import Image

from collector.handover.dossier_pictures import drawable, is_black


def jpeg(turn: int = 1, *, size=(60, 40), mode="RGB", **how) -> bytes:
    """Return a photograph whose left half is red, with what telephones write into it."""
    image = Image.new(mode, size, "blue" if mode == "RGB" else 40)
    image.paste("red" if mode == "RGB" else 200, (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010E] = "cabinet du docteur X"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, quality=95, comment=b"a comment", icc_profile=b"a profile of colours", **how)
    return out.getvalue()


def seen(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("progressive", [False, True])
def test_a_photograph_keeps_its_pixels_and_loses_the_rest(progressive):
    """No place, no comment, no profile, no film behind it; what is left is the same picture."""
    whole = jpeg(progressive=progressive)
    found = drawable(whole + b"ftypmp42 a film that a telephone put behind" * 20)
    for kept in (found.data, found.file):
        assert seen(kept).tobytes() == seen(whole).tobytes()
        for secret in (b"docteur", b"comment", b"profile", b"ftyp", b"Exif"):
            assert secret not in kept
    assert (found.width, found.height, found.turn) == (60, 40, 0)


@pytest.mark.parametrize(
    ("told", "turn", "size"), [(1, 0, (60, 40)), (3, 180, (60, 40)), (6, 90, (40, 60)), (8, 270, (40, 60))]
)
def test_a_photograph_stands_upright(told, turn, size):
    """How it is to be turned is all that is kept of its metadata, for a browser; the PDF turns it itself."""
    found = drawable(jpeg(told))
    assert (found.width, found.height, found.turn) == (*size, turn)
    assert Image.open(io.BytesIO(found.file)).getexif().get(0x0112, 1) == told
    assert b"docteur" not in found.file


def test_a_picture_of_a_screen_is_taken_as_it_is():
    whole = dossiers.png(64, 36)
    found = drawable(whole)
    assert found.file == whole
    assert (found.colours, found.width, found.height) == ("DeviceRGB", 64, 36)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_dropped(mode):
    """As Windows and telephones store a picture of their screen; the colours stay."""
    noise = random.Random(1)
    image = Image.frombytes(mode, (31, 17), noise.randbytes(31 * 17 * len(mode)))
    out = io.BytesIO()
    image.save(out, "PNG")
    found = drawable(out.getvalue())
    bands = image.split()[:-1]
    expected = Image.merge("RGB", bands if mode == "RGBA" else bands * 3)
    assert seen(found.file).tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", ["L", "P", "1"])
def test_other_forms_of_png_are_drawn(mode):
    image = Image.new("RGB", (20, 20), "red").convert(mode)
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=None)
    assert seen(drawable(out.getvalue()).file).tobytes() == image.convert("RGB").tobytes()


def test_what_is_no_such_picture_is_none():
    """CMYK, interlaced, HEIC, cut at any byte, one byte changed: never an error."""
    cmyk = io.BytesIO()
    Image.new("CMYK", (8, 8)).save(cmyk, "JPEG")
    others = [b"", b"GIF89a", b"\0\0\0\x18ftypheic", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", cmyk.getvalue()]
    assert [drawable(one) for one in others] == [None] * len(others)
    interlaced = dossiers.png()
    head = struct.pack(">2I5B", 64, 36, 8, 2, 0, 0, 1)
    assert drawable(interlaced[:16] + head + interlaced[29:]) is None
    for whole in (jpeg(6), dossiers.png(9, 9), dossiers.png(9, 9, colour=6, pixel=b"abcd")):
        for at in range(0, len(whole) - 2, 7):
            drawable(whole[:at])
            drawable(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        assert drawable(whole[: len(whole) // 2]) is None


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA"])
def test_a_black_picture_is_known_from_one_with_a_single_point(mode):
    """In every form that is drawn, whatever its filters and palette."""

    def stored(image):
        out = io.BytesIO()
        image.convert(mode).save(out, "PNG")
        return drawable(out.getvalue())

    image = Image.new("RGB", (37, 23), "black")
    assert is_black(stored(image))
    for at in ((0, 0), (36, 22)):
        with_point = image.copy()
        with_point.putpixel(at, (255, 255, 255))
        assert not is_black(stored(with_point))
    assert not is_black(stored(Image.new("RGB", (37, 23), "white")))


def test_a_picture_that_ends_early_or_is_a_photograph_is_not_called_black():
    whole = dossiers.png(40, 40, pixel=b"\0\0\0")
    short = whole.replace(struct.pack(">2I", 40, 40), struct.pack(">2I", 40, 41))
    head = short[12:29]
    short = short[:29] + struct.pack(">I", zlib.crc32(head)) + short[33:]
    assert is_black(drawable(whole))
    assert not is_black(drawable(short))
    assert not is_black(drawable(jpeg()))
