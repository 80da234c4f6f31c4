"""Whoever looks on can't hold up a run: a pipe that nobody reads, a terminal that stands still, a Ctrl-S typed to save.

What such a reader missed comes when it goes on, in its order; the codes at the end wait for it, as all is sealed then.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys

import live
import pytest
from test_guided import Screen

from collector.ui import messages, progress
from collector.ui.steady import ROOM, Steady

if sys.platform == "win32":
    pytest.skip("terminals and pipes of POSIX", allow_module_level=True)

import fcntl
import termios

IN_THE_BACKGROUND = """
import os, sys
sys.path.insert(0, sys.argv[1])
from collector.host import console
os.setpgid(0, 0)
console.pass_halts()
console.give_halts_back()
"""


@contextlib.contextmanager
def full_pipe():
    """Yield the ends of a pipe that has no room left."""
    reader, writer = os.pipe()
    size = fcntl.fcntl(writer, getattr(fcntl, "F_GETPIPE_SZ", 1032)) if sys.platform == "linux" else 1 << 16
    os.write(writer, b"-" * size)
    yield reader, writer
    os.close(reader)


def read(reader: int, until: str = "") -> str:
    """Return what comes until the last writer is gone, or until those words."""
    found = b""
    while not (until and found.endswith(until.encode())) and select.select([reader], [], [], 60)[0]:
        piece = os.read(reader, 65536)
        if not piece:
            break
        found += piece
    return found.decode().lstrip("-")


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe")
@pytest.mark.parametrize(("words", "last"), [([], "Keep the USB stick"), (["--quiet"], "Seal code")])
def test_a_pipe_that_nobody_reads_stops_no_run(tmp_path, words, last):
    """`2>&1 | less` that is not scrolled: the bundle is sealed, and whoever reads at last has all of it."""
    live.files_in(tmp_path / "tree", 3)
    (tmp_path / "out").mkdir()
    asked = ["--case", "T1", "--out", tmp_path / "out", "--scan", tmp_path / "tree", *words]
    with full_pipe() as (reader, writer):
        run = subprocess.Popen(
            live.command(*asked), stderr=writer, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env=live.environment(),
        )  # fmt: skip
        os.close(writer)
        live.wait_for(lambda: list((tmp_path / "out").glob("*/checkpoint")))
        said = read(reader)
    assert run.wait(60) in live.SEALED
    live.assert_sealed(live.only_bundle(tmp_path / "out").path)
    assert last in said
    if not words:
        assert 0 < said.index("Step 2 of") < said.index("Step 8 of") < said.index(last)


def test_what_is_told_to_a_full_pipe_comes_in_its_order():
    """Nothing is torn: beyond what is kept, whole pieces are dropped, and what comes after them is told again."""
    with full_pipe() as (reader, writer), os.fdopen(writer, "w") as stream:
        out = Steady(stream)
        for number in range(4):
            out.write(f"<{number}")
            out.write(">")
            out.flush()
        out.write("<" + "x" * ROOM + ">")
        out.flush()
        out.write("<4>")
        out.flush()
        assert out.is_stalled
        assert out.gone is None
        assert read(reader, "<4>") == "<0><1><2><3><4>"
        out.close()
        assert not out.is_stalled
        out.write("<5>")
        out.flush()
        out.close()
        assert read(reader, "<5>") == "<5>"


def test_nothing_is_drawn_on_a_terminal_that_stands_still(monkeypatch):
    """What is drawn over is drawn anew when the terminal goes on: no frame is lost between two others."""
    monkeypatch.setenv("TERM", "xterm")
    messages.install("en")
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream:
        look = progress.TerminalProgress(stream, clock=iter(range(10**6)).__next__)
        look.step(1, 9, "system", 1)
        termios.tcflow(follower, termios.TCOOFF)
        for count in range(2000):
            look.counted(count)
        assert look.terminal.is_stalled
        termios.tcflow(follower, termios.TCOON)
        look.terminal.settle(60)
        look.counted(4242)
        shown = ""
        while "4,242" not in shown:
            assert select.select([leader], [], [], 60)[0], shown
            shown += os.read(leader, 65536).decode()
        assert "1,000 items" not in shown
        look.close()
    os.close(leader)


def test_a_ctrl_s_stops_nothing_and_the_terminal_is_given_back(tmp_path):
    """Typed while the run works, as one saves in other programs: the last screen comes without a Ctrl-Q."""
    live.files_in(tmp_path / "tree", 3)
    screen = Screen("--case", "T1", "--yes", "--scan", tmp_path / "tree", cwd=tmp_path, lang="en")
    screen.read("Step 1 of")
    assert not termios.tcgetattr(screen.leader)[0] & termios.IXON
    screen.press(b"\x13")
    screen.read("Keep the USB stick")
    assert screen.child.wait(60) in live.SEALED
    assert termios.tcgetattr(screen.leader)[0] & termios.IXON
    screen.rest()


def test_a_terminal_that_another_program_has_is_left_alone():
    """In the background (`collect … &`) its settings are not ours, and to change them would stop us."""
    pid, leader = pty.fork()
    if pid == 0:
        child = os.fork()
        if child == 0:
            os.execv(sys.executable, [sys.executable, "-I", "-B", "-c", IN_THE_BACKGROUND, str(live.ROOT)])
        _, status = os.waitpid(child, os.WUNTRACED)
        os._exit(0 if status == 0 and termios.tcgetattr(0)[0] & termios.IXON else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(leader)
