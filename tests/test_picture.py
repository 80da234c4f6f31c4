"""Pictures of a bundle: looked at on another machine, and blurred so that nothing can be read but what was kept."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import struct
import zlib

import live
import made
import pytest

from collector import age, bundle
from collector.errors import RefusedError
from collector.handover import picture, picture_letters, pictures
from collector.handover.picture import Box

SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def head(width: int, height: int, *rest: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">2I", width, height) + bytes(rest or (8, 2, 0, 0, 0)))


def png(width: int, rows: list[bytes], colour: int = 2, kind: int = 0) -> bytes:
    """Return a PNG of rows of pixels, filtered in one way by our own words for it."""
    step, before, lines = SAMPLES[colour], bytes(width * SAMPLES[colour]), []
    for row in rows:
        lines.append(bytes([kind]) + bytes(filtered(kind, row, before, step)))
        before = row
    body = chunk(b"IDAT", zlib.compress(b"".join(lines)))
    return b"\x89PNG\r\n\x1a\n" + head(width, len(rows), 8, colour, 0, 0, 0) + body + chunk(b"IEND", b"")


def filtered(kind: int, row: bytes, before: bytes, step: int):
    for at, value in enumerate(row):
        left = row[at - step] if at >= step else 0
        above, corner = before[at], before[at - step] if at >= step else 0
        guess = left + above - corner
        nearest = min((left, above, corner), key=lambda one: abs(guess - one))
        yield (value - (0, left, above, (left + above) // 2, nearest)[kind]) & 255


def decoded(data: bytes) -> tuple[int, list[bytes]]:
    """Return width and rows of a picture that we made: 8-bit RGB without filters."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, width, height = 8, b"", 0, 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(name + body)
        if name == b"IHDR":
            width, height, *form = struct.unpack(">2I5B", body)
            assert form == [8, 2, 0, 0, 0]
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    raw = zlib.decompress(packed)
    lines = [raw[start : start + 1 + width * 3] for start in range(0, len(raw), 1 + width * 3)]
    assert len(lines) == height
    assert {line[0] for line in lines} == {0}
    return width, [line[1:] for line in lines]


def noise(width: int, height: int, samples: int = 3) -> list[bytes]:
    dice = random.Random(3)
    return [dice.randbytes(width * samples) for _ in range(height)]


# The copy -------------------------------------------------------------------------------------


def test_nothing_is_left_but_squares():
    """Every square has one colour of eight steps a part, and is at least 24 pixels wide; the size is the same."""
    width, rows = decoded(picture.blurred(png(200, noise(200, 130)), []))
    assert (width, len(rows)) == (200, 130)
    side = picture.LEAST_SIDE
    for top in range(0, 130, side):
        for left in range(0, 200, side):
            seen = {bytes(row[at * 3 : at * 3 + 3]) for row in rows[top : top + side]
                    for at in range(left, min(200, left + side))}  # fmt: skip
            assert len(seen) == 1
            assert {part % picture.STEP for part in seen.pop()} == {picture.STEP // 2}


def test_two_names_leave_the_same_squares():
    """What `Depix` does, guessing words by their squares, finds nothing: texts of one length look alike."""
    found = set()
    for name in ("DUPONT JEAN IRM 1961", "MARTIN LEA SIDA 1988", "BERNARD ZOE ECHO2001"):
        lines = [bytes([255, 255, 255]) * 640 for _ in range(60)]
        for at, bits in enumerate(picture_letters.rows([name], 640), 20):
            lines[at] = b"".join(b"\0\0\0" if bit else b"\xff\xff\xff" for bit in bits)
        found.add(picture.blurred(png(640, lines), []))
    assert len(found) == 1


def test_a_large_screen_has_larger_squares():
    """No more than 32 squares on the longer side: on a 4K monitor letters are larger, too."""
    _, rows = decoded(picture.blurred(png(3840, noise(3840, 10)), []))
    assert len(set(rows)) == 1
    colours = [rows[0][at : at + 3] for at in range(0, len(rows[0]), 3)]
    assert sum(one != after for one, after in itertools.pairwise(colours)) < picture.SQUARES


def test_what_is_kept_is_as_it_was():
    """Inside the rectangles every pixel is the original's, outside none but by chance."""
    rows = noise(200, 100)
    boxes = [Box(10, 20, 50, 30), Box(199, 99, 1, 1)]
    _, found = decoded(picture.blurred(png(200, rows), [], boxes))
    for y in range(100):
        for x in range(200):
            inside = any(box.x <= x < box.x + box.width and box.y <= y < box.y + box.height for box in boxes)
            if inside:
                assert found[y][x * 3 : x * 3 + 3] == rows[y][x * 3 : x * 3 + 3]
    outside = [x for x in range(200) if not 10 <= x < 60]
    assert sum(found[25][x * 3 : x * 3 + 3] == rows[25][x * 3 : x * 3 + 3] for x in outside) < 5


@pytest.mark.parametrize("colour", sorted(SAMPLES))
@pytest.mark.parametrize("kind", range(5))
def test_every_filter_and_colour_is_read(colour, kind):
    """A picture kept whole comes out pixel by pixel, however its rows were filtered; transparency is dropped."""
    samples = SAMPLES[colour]
    rows = noise(37, 11, samples)
    _, found = decoded(picture.blurred(png(37, rows, colour, kind), [], [Box(0, 0, 37, 11)]))
    for row, own in zip(found, rows, strict=True):
        step = samples
        parts = [own[at : at + step] for at in range(0, len(own), step)]
        assert row == b"".join(one[:3] if step > 2 else one[:1] * 3 for one in parts)


def test_the_copy_says_what_it_is():
    """Below the picture stands of which exhibit it is a copy, and the original's hash, in letters one can read."""
    original = png(700, noise(700, 40))
    label = pictures.label("26", original)
    assert hashlib.sha256(original).hexdigest() in label[1]
    width, rows = decoded(picture.blurred(original, label))
    below = [[row[at * 3 : at * 3 + 3] == b"\0\0\0" for at in range(width)] for row in rows[40:]]
    drawn = list(picture_letters.rows([line.upper() for line in label], 700))
    assert below == drawn
    assert any(any(row) for row in drawn)


@pytest.mark.parametrize("width", [1, 7, 60, 300, 2000])
def test_a_label_fits_any_width(width):
    """A narrow picture has more lines, none that is wider; no letter is lost but where nothing fits."""
    lines = picture_letters.folded(["Copie floutée"], width)
    assert "".join(lines) == "COPIE FLOUTÉE"
    assert all(len(row) == width for row in picture_letters.rows(lines, width))


def test_every_letter_is_another():
    """Two letters that look the same would make two hashes one."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:,/()"
    drawn = {letter: list(picture_letters.rows([letter], 20)) for letter in letters}
    assert len({str(rows) for rows in drawn.values()}) == len(drawn)


WHOLE = png(30, noise(30, 9))


@pytest.mark.parametrize(
    "data",
    {
        "nothing": b"",
        "text": b"GIF89a",
        "head only": b"\x89PNG\r\n\x1a\n",
        "cut": WHOLE[:-40],
        "no rows": b"\x89PNG\r\n\x1a\n" + head(3, 3) + chunk(b"IEND", b""),
        "huge": b"\x89PNG\r\n\x1a\n" + head(30_000, 30_000) + chunk(b"IDAT", zlib.compress(bytes(10**6))),
        "wide": b"\x89PNG\r\n\x1a\n" + head(2**31, 1) + chunk(b"IDAT", zlib.compress(bytes(10**6))),
        "none": b"\x89PNG\r\n\x1a\n" + head(0, 9) + chunk(b"IDAT", zlib.compress(b"")),
        "interlaced": b"\x89PNG\r\n\x1a\n" + head(3, 3, 8, 2, 0, 0, 1) + chunk(b"IDAT", zlib.compress(bytes(30))),
        "16 bits": b"\x89PNG\r\n\x1a\n" + head(3, 3, 16, 2, 0, 0, 0) + chunk(b"IDAT", zlib.compress(bytes(60))),
        "palette": b"\x89PNG\r\n\x1a\n" + head(3, 3, 8, 3, 0, 0, 0) + chunk(b"IDAT", zlib.compress(bytes(60))),
        "filter 5": b"\x89PNG\r\n\x1a\n" + head(3, 1) + chunk(b"IDAT", zlib.compress(b"\5" + bytes(9))),
        "damaged": b"\x89PNG\r\n\x1a\n" + head(3, 3) + chunk(b"IDAT", b"no deflate"),
        "short head": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"abc") + chunk(b"IDAT", zlib.compress(bytes(9))),
    }.items(),
    ids=lambda one: one[0],
)
def test_what_is_no_picture_of_a_screen_is_refused(data):
    """Before much is unpacked, with what to do instead."""
    with pytest.raises(RefusedError) as caught:
        picture.blurred(data[1], ["x"])
    assert "cover it by hand" in caught.value.hint


def test_a_bomb_gives_no_more_than_the_picture_has():
    """Rows that unpack to a gibibyte are read as far as the picture goes."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    data = b"\x89PNG\r\n\x1a\n" + head(24, 24) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    _, rows = decoded(picture.blurred(data, []))
    assert rows == [bytes([16] * 72)] * 24


@pytest.mark.parametrize("box", [(30, 0, 1, 1), (0, 9, 1, 1), (0, 0, 31, 1), (29, 8, 1, 2), (0, 0, 0, 1)])
def test_a_rectangle_outside_is_an_error(box):
    """Kept would be something else than was meant."""
    with pytest.raises(ValueError, match="30x9 pixels"):
        picture.blurred(WHOLE, [], [Box(*box)])


# The command ----------------------------------------------------------------------------------


def filled(made_bundle: bundle.Bundle) -> bundle.Bundle:
    file = made_bundle.artifact("screen", "screen", ".png", "test")
    file.write(WHOLE)
    made_bundle.finish(file, subject="DUPONT_Jean_IRM")
    text = made_bundle.artifact("screen", "screen", ".txt", "test")
    text.write(b"a console\n")
    made_bundle.finish(text)
    made_bundle.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return made_bundle


@pytest.fixture
def plain(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return filled(bundle.create(folder, "T-1_x", made.opening(), made.README, made.key(), made.MadeClock())).path


@pytest.fixture
def hidden(tmp_path):
    """Return an encrypted bundle, and the file of a key that reads it."""
    secret, own = age.new_identity()
    folder = tmp_path / "hidden"
    folder.mkdir()
    opening = {**made.opening(), "recipients": [own]}
    key = tmp_path / "key.txt"
    key.write_text(secret + "\n")
    return filled(bundle.create(folder, "T-1_x", opening, made.README, made.key(), made.MadeClock())).path, key


def test_pictures_are_listed(plain):
    """Which there are, by the numbers of their paths; a console's text is one."""
    told = live.run("picture", plain, "--json").json["pictures"]
    assert [one["exhibit"] for one in told] == ["1", "3"]
    text = live.run("picture", plain)
    assert text.code == 0
    assert "artifacts/000001-screen.png" in text.out


def test_a_picture_is_looked_at_elsewhere(plain, out):
    """Written as it is, under a name of ours or the one given, never over another file."""
    done = live.run("picture", plain, "1", "--out", out)
    assert done.code == 0
    assert (out / "piece-1.png").read_bytes() == WHOLE
    assert "patients" in done.out
    again = live.run("picture", plain, "000001", "--out", out)
    assert (again.code, (out / "piece-1.png").read_bytes()) == (1, WHOLE)
    assert live.run("picture", plain, "3", "--out", out / "console.txt").code == 0
    assert (out / "console.txt").read_bytes() == b"a console\n"


def test_a_blurred_copy_of_an_encrypted_picture(hidden, out):
    """Made with a key; the original's hash is of what the key reads; the bundle is unchanged."""
    path, key = hidden
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    done = live.run("picture", path, "1", "--out", out, "--blur", "--keep", "0,0,5,4", "--identity", key, "--json")
    assert done.json["blurred"] is True
    copy = (out / "piece-1-floutee.png").read_bytes()
    assert copy == picture.blurred(WHOLE, pictures.label("1", WHOLE), [Box(0, 0, 5, 4)])
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    listed = live.run("picture", path, "--json").json["pictures"]
    assert listed[0]["path"] == "artifacts/000001-screen.png.age", "a list needs no key"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["2"], 2),
        (["0"], 2),
        (["A1"], 2),
        (["x\x1b[2J"], 2),
        (["1", "--keep", "0,0,1,1"], 2),
        (["1", "--blur", "--keep", "a"], 2),
        (["1", "--blur", "--keep", "0,0,99,99"], 2),
        (["1", "--blur", *["--keep", "0,0,1,1"] * 21], 2),
        (["3", "--blur"], 1),
    ],
)
def test_what_is_asked_wrongly_leaves_nothing(plain, out, arguments, code):
    """The promised exit code, a hint, and no file that is half made."""
    done = live.run("picture", plain, *arguments, "--out", out)
    assert done.code == code
    assert "hint: " in done.err
    assert "\x1b" not in done.err
    assert list(out.iterdir()) == []


def test_without_a_key_or_a_place_it_is_said(hidden, plain, out):
    """An encrypted picture needs a key, another key does not do, and no picture is written into a bundle."""
    path, key = hidden
    done = live.run("picture", path, "1", "--out", out)
    assert (done.code, "--identity" in done.err) == (2, True)
    key.write_text(age.new_identity()[0])
    assert live.run("picture", path, "1", "--out", out, "--identity", key).code == 1
    assert list(out.iterdir()) == []
    assert live.run("picture", plain, "1").code == 2
    assert live.run("picture", plain, "1", "--out", plain).code == 2
    changed = plain / "artifacts" / "000001-screen.png"
    changed.write_bytes(WHOLE[:-1] + b"?")
    assert live.run("picture", plain, "1", "--out", out, "--json").code == 1
    assert json.loads(live.run("verify", plain, "--json").out)["verdict"] == "ALTERED"


@pytest.mark.parametrize(
    ("name", "exhibit"),
    [
        (pictures.name_of("42", ".png", blur=True), "42"),
        (pictures.name_of("A7", ".jpg", blur=True), "A7"),
        ("piece-42-floutee (1).png", "42"),
        ("piece-42-floutee - Copie.png", "42"),
        ("piece-42-floutee_1.png", "42"),
        ("piece-42-floutee (2) (1).png", "42"),
        ("PIECE-a7-FLOUTEE.PNG", "A7"),
        ("piece-42-floutee2.png", None),
        (pictures.name_of("42", ".png", blur=False), None),
        ("photo.png", None),
    ],
)
def test_a_second_copy_of_a_blurred_picture_is_known_by_its_name(name, exhibit):
    """Whatever a browser or a file manager makes of the name: the original must not be printed."""
    assert pictures.original_of(name) == exhibit
