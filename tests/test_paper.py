"""What must get onto paper: the reading key is shown with a QR code that reads, the seal code is typed back in part."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess

import live
import pytest
from test_guided import Screen

from collector import age
from collector.ui import paper, qr, terminal

CODE = "AB0D-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567".replace("0", "O")


class Typist(io.StringIO):
    """Answers with the groups that are asked for, after some wrong lines."""

    def __init__(self, *wrong: str, last: str | None = None) -> None:
        super().__init__()
        self.out = io.StringIO()
        self.wrong = list(wrong)
        self.last = last

    def readline(self, _size: int = -1) -> str:
        if self.wrong:
            return self.wrong.pop(0) + "\n"
        if self.last is not None:
            return self.last
        first, second = re.findall(r"groups (\d) and (\d)", self.out.getvalue().replace("\n", " "))[-1]
        groups = CODE.split("-")
        return f"{groups[int(first) - 1]} {groups[int(second) - 1]}\n".lower().replace("o", "0").replace("i", "1")


@pytest.mark.parametrize("number", range(20))
def test_two_groups_typed_from_paper(number):
    """One of the first half, one of the second; small letters, 0 for O and 1 for I are read as on any paper."""
    typist = Typist()
    copied = paper.typed_back(CODE, typist, typist.out)
    assert copied is not None
    assert copied.matched
    assert copied.attempts == 1
    assert 1 <= copied.groups[0] <= 4 < copied.groups[1] <= 8


def test_a_slip_is_told_and_asked_again():
    """Twice wrong, then right; three times wrong ends with the photograph; nothing typed leaves it out."""
    typist = Typist("AAAA AAAA", "x")
    copied = paper.typed_back(CODE, typist, typist.out)
    assert (copied.attempts, copied.matched) == (3, True)
    typist = Typist("AAAA", "AAAA", "AAAA")
    copied = paper.typed_back(CODE, typist, typist.out)
    assert (copied.attempts, copied.matched) == (3, False)
    assert "Photograph" in typist.out.getvalue()
    assert paper.typed_back(CODE, Typist(last="\n"), io.StringIO()) is None
    assert paper.typed_back(CODE, Typist(last=""), io.StringIO()) is None, "the terminal is gone"
    assert paper.typed_back(CODE, Typist("AAAA", last=""), io.StringIO()).matched is False


def test_the_reading_key_fits_one_screen_and_its_code_reads(tmp_path):
    """At 80x24 letters and QR code stand together; a stock reader gets the key from what is drawn."""
    identity, _ = age.new_identity()
    lines = paper.reading_key(identity, 79, 22, lively=True, colour=False)
    assert len(lines) <= 22
    assert all(terminal.width(line) <= 79 for line in lines)
    assert identity in lines
    drawn = qr.lines(identity, colour=False)
    assert lines[-len(drawn) :] == drawn
    pixels = []
    for row in drawn:
        pixels.append("".join("0" if char in "█▀" else "1" for char in row))
        pixels.append("".join("0" if char in "█▄" else "1" for char in row))
    picture = tmp_path / "code.pbm"
    grown = ["".join(bit * 8 for bit in row) for row in pixels for _ in range(8)]
    picture.write_text(f"P1\n{len(grown[0])} {len(grown)}\n" + "\n".join(" ".join(row) for row in grown) + "\n")
    live.needs("zbarimg")
    read = subprocess.run(["zbarimg", "-q", "--raw", picture], capture_output=True, text=True, check=True)
    assert read.stdout.strip() == identity
    assert identity in paper.reading_key(identity, 40, 5, lively=True, colour=True), "too small for the code: letters"
    assert len(paper.reading_key(identity, 79, 22, lively=False, colour=False)) < 6


def test_on_a_real_terminal_the_code_is_asked_back_and_noted_in_custody(tmp_path):
    """A person types what is on the screen: custody says that the code was copied; the seal is not touched."""
    (tmp_path / "tree").mkdir()
    screen = Screen("--case", "P1", "--scan", "tree", cwd=tmp_path, lang="en")
    shown = screen.read("\n> ")
    assert "AGE-SECRET-KEY" not in shown
    first, second = map(int, re.findall(r"groups\s+(\d)\s+and\s+(\d)", shown)[-1])
    (path,) = tmp_path.glob("P1_*")
    code = live.examined(path)["seal_code"].split("-")
    assert screen.ended(code[first - 1] + code[second - 1]) in (0, 3, 4)
    (record,) = [json.loads(line) for line in (path / "custody.jsonl").read_bytes().splitlines()]
    assert (record["what"], record["data"]) == (
        "seal-code-copied",
        {"attempts": 1, "groups": [first, second], "matched": True},
    )
    live.assert_sealed(path)


@pytest.mark.parametrize("more", [["--yes"], ["--json"], ["--quiet"]])
def test_who_wants_no_questions_is_asked_none(tmp_path, more):
    """A script on a terminal ends by itself, with the key in what it prints."""
    (tmp_path / "tree").mkdir()
    own = age.new_identity()[1]
    leader, follower = pty.openpty()
    command = live.command("--case", "P1", "--scan", "tree", "--recipient", own, "--lang", "en", *more)
    with subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, cwd=tmp_path, env=live.environment(TERM="xterm")
    ) as process:
        os.close(follower)
        text = b""
        while True:
            try:
                text += os.read(leader, 65536)
            except OSError:
                break
        assert process.wait(60) in (0, 3, 4)
    os.close(leader)
    assert b"AGE-SECRET-KEY-1" in text
    assert b"\n> " not in text
