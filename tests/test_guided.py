"""A terminal of 80x24 and who types there, for tests of guided mode (test_guided_screens) and of other questions.

Here: who wants no questions is asked none, and the question of `--isolate`.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import live
import pytest
import spaces

from collector import eyes


class Terminal:
    """What comes out of a terminal, and somebody who types there. Nothing is waited for without end."""

    def __init__(self, leader):
        self.leader = leader
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end in the midst of a letter

    def _more(self, seconds):
        """Take what comes next; tell whether the program still holds the other side."""
        assert select.select([self.leader], [], [], max(seconds, 0))[0], f"nothing more came: {self.text[-4000:]}"
        try:
            data = os.read(self.leader, 65536)
        except OSError:  # how Linux says that nobody holds the other side any more
            data = b""
        self.text += self._decoder.decode(data)
        return data != b""

    def read(self, until):
        """Read until a sentence is there; what was read since the last one is returned."""
        end = time.monotonic() + 60
        start = len(self.text)
        while until not in self.text[start:].replace("\r", ""):
            assert self._more(end - time.monotonic()), f"it ended before {until!r}: {self.text[start:]}"
        return self.text[start:].replace("\r", "")

    def rest(self):
        """Read until the program has ended, and close the terminal."""
        while self._more(120):
            pass
        os.close(self.leader)

    def type(self, line):
        os.write(self.leader, line.encode() + b"\n")

    def press(self, key):
        os.write(self.leader, key)


class Screen(Terminal):
    """A run on a terminal of 80x24."""

    def __init__(self, *arguments, cwd, before=(), lang="fr", root=live.ROOT):
        leader, follower = pty.openpty()
        super().__init__(leader)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        spoken = () if lang is None else ("--lang", lang)
        self._enter = "press Enter." if lang == "en" else "appuyez sur Entrée."

        def own_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C and the end of the terminal reach it
            for one in (signal.SIGINT, signal.SIGHUP):  # whoever started these tests may ignore them
                signal.signal(one, signal.SIG_DFL)

        self.child = subprocess.Popen(
            [*before, *live.command(*arguments, *spoken, root=root)],
            stdin=follower, stdout=follower, stderr=follower, cwd=cwd,
            env=live.environment(TERM="xterm"), start_new_session=True,
            preexec_fn=own_terminal,  # noqa: PLW1509 - no thread of ours is at work
        )  # fmt: skip
        os.close(follower)

    def page(self, until, prompt="\n> "):
        """Read until a sentence is there, and to the prompt; return the lines of its screen, without what is bold.

        A screen of questions begins with the whole terminal cleared, and only goes down from there. Where the sentence
        itself is the prompt, there is no other.
        """
        self.read(until)
        end = time.monotonic() + 60
        while not (shown := self._shown()).endswith(prompt):
            assert self._more(end - time.monotonic()), f"it ended before it asked: {shown}"
        return shown.split("\n")

    def _shown(self):
        shown = self.text.rpartition("\x1b[H\x1b[2J")[2].replace("\r", "")
        return re.sub("\x1b\\[(?:[01]m|3J)", "", shown)

    def identity(self):
        """Return the reading key that was shown, once both questions at the end are left.

        It stands in the course of the run, too, and what is typed there answers nothing.
        """
        self.read("AGE-SECRET-KEY-1")
        self.read(self._enter)
        code = self.ended()
        assert code in (0, 3, 4), self.text
        return re.findall("AGE-SECRET-KEY-1[A-Z0-9]{58}", self.text)[-1]

    def ended(self, *answers):
        """Type answers, or Enter alone for each question at the end, and read to the end; returns the exit code."""
        for answer in answers or ("", "", ""):
            self.type(answer)
        self.rest()
        return self.child.wait(60)


@pytest.fixture
def stick(tmp_path):
    (tmp_path / "tree").mkdir()
    return tmp_path


ARGUMENTS = ("--scan", "tree")


@pytest.mark.parametrize("more", [["--yes"], ["--json"], ["--quiet"], ["--dry-run"]])
def test_who_wants_no_questions_is_told_what_is_missing(stick, more):
    """A script on a terminal is never left waiting."""
    screen = Screen(*ARGUMENTS, *more, cwd=stick, lang="en")
    assert screen.ended() == 2
    assert "no case is given" in screen.text
    assert list(stick.glob("*_*")) == []


def test_answers_that_are_none_of_ours_are_a_mistake():
    """The record's table is the module's own."""
    assert eyes.as_data({}) == {}
    for wrong in ({"cat": "yes"}, {"cable": "maybe"}):
        with pytest.raises(ValueError, match="not answers"):
            eyes.as_data(wrong)
    assert list(eyes.TO_DO) == list(eyes.QUESTIONS), "what is done about each"
    assert eyes.open_points({"nas": "no", "cable": "no", "wifi": "yes"}) == ["cable", "nas"]


class TestIsolate:
    pytestmark = spaces.ROOT

    @pytest.fixture
    def space(self):
        made = spaces.Namespace()
        for command in ("link add vx0 type vxlan id 7 dstport 4789", "link set vx0 up"):
            made.ip(command)
        yield made
        made.close()

    @pytest.mark.parametrize(("answer", "cut"), [("o", True), ("n", False), ("", False), ("quoi", False)])
    def test_a_person_is_shown_what_is_cut_and_asked(self, space, stick, answer, cut):
        """Only a clear yes switches anything off; with anything else the collection goes on without."""
        screen = Screen("--case", "ASK", "--isolate", *ARGUMENTS, cwd=stick, before=space.enter)
        shown = screen.read("[o/N] ")
        assert "vx0 (tunnel)" in shown
        assert "undo-isolation" in shown
        assert all(len(line) <= 80 for line in shown.splitlines())
        screen.type(answer)
        assert screen.ended() == 4
        (path,) = stick.glob("ASK_*")
        done = [one["step"] for one in live.assert_sealed(Path(path)).observed("isolate")]
        assert done == (["before", "done"] if cut else ["declined"])
        assert (b"UP" in spaces.run("ip", "-n", space.name, "-o", "link", "show", "vx0")) != cut
