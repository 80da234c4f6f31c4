"""The practice's reading key is on no screen that a run takes a picture of, and is not lost for that."""

from __future__ import annotations

import os
import pty
import select

import pytest

from collector.ui import messages, progress

KEY = "AGE-SECRET-KEY-1" + "Q" * 58
MARK = b"\x05"
LOOKS = [progress.TerminalProgress, progress.KeyOnly, progress.LineProgress]


class Watched:
    """A progress display on a terminal, and all that has arrived there so far."""

    def __init__(self, look):
        self.leader, follower = pty.openpty()
        self._stream = os.fdopen(follower, "w")
        self.look = look(self._stream)
        self.text = ""

    def now(self):
        """Return what stands on the terminal since it was last cleared, with what was scrolled away."""
        os.write(self._stream.fileno(), MARK)  # the kernel brings it after all that was flushed, a little later
        found = b""
        while not found.endswith(MARK):
            assert select.select([self.leader], [], [], 60)[0], found
            found += os.read(self.leader, 65536)
        self.text += found.removesuffix(MARK).decode()
        return self.text.rpartition("\x1b[H\x1b[2J\x1b[3J")[2]

    def step(self, source):
        self.look.step(1, 9, source, 1)
        return self.now()

    def end(self):
        self.look.close()
        now = self.now()
        self._stream.close()
        os.close(self.leader)
        return now


@pytest.fixture(autouse=True)
def english():
    messages.install("en")


@pytest.mark.parametrize("look", LOOKS)
def test_the_key_is_off_the_terminal_before_a_picture_is_taken(look, monkeypatch):
    """Shown at once, gone when the step returns, with what is scrolled away; there again at the next step."""
    monkeypatch.setenv("TERM", "xterm")
    seen = Watched(look)
    seen.look.encrypted(KEY)
    assert KEY in seen.now()
    assert KEY in seen.step("processes")
    for source in ("windows", "screen"):
        shown = seen.step(source)
        assert KEY not in shown
        assert "it comes again right after" in " ".join(shown.split())
    assert KEY in seen.step("ransom")
    assert seen.end().count(KEY) == 1


@pytest.mark.parametrize("look", LOOKS[1:])
def test_what_can_not_be_cleared_shows_the_key_after_the_pictures(look, monkeypatch):
    """A dumb terminal: not before, once after, also where the run ends early or its level takes no pictures."""
    monkeypatch.setenv("TERM", "dumb")
    for steps in (["system", "windows", "screen"], ["system"], []):
        for after in ("ransom", "seal", None):
            seen = Watched(look)
            seen.look.encrypted(KEY)
            for source in steps:
                seen.step(source)
            assert KEY not in seen.now()
            if after is not None:
                assert KEY in seen.step(after)
            assert seen.end().count(KEY) == 1


@pytest.mark.parametrize("look", LOOKS[1:])
def test_a_file_is_no_screen(look, tmp_path):
    """Kept in a file, the key is there from the start: a run that is killed has lost nothing."""
    with (tmp_path / "log").open("w") as stream:
        look(stream).encrypted(KEY)
        assert KEY in (tmp_path / "log").read_text()


def test_nothing_is_cleared_where_nothing_is_secret(monkeypatch):
    """A run whose evidence is not encrypted leaves what the terminal held."""
    monkeypatch.setenv("TERM", "xterm")
    seen = Watched(progress.TerminalProgress)
    seen.look.encrypted(None)
    seen.step("screen")
    seen.step("ransom")
    seen.end()
    assert "\x1b[3J" not in seen.text
