"""Windows: old code pages, the null device, the language, an ending console: nothing raises, nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import made
import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import json

from collector.host import console
from collector.ui import messages, terminal

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from collector.cli import main; main()"


def run(checkout, *arguments, utf8="0", **options):
    """Run `collect` as Windows starts it: in its own code page where output goes into a pipe."""
    env = {**os.environ, "PYTHONUTF8": utf8, **options.pop("env", {})}
    command = [sys.executable, "-B", "-c", START, str(checkout), *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(command, env=env, timeout=120, check=False, stdin=subprocess.DEVNULL, **options)


@pytest.fixture
def altered(tmp_path):
    """Return a bundle in which a file stands whose name no Western code page has."""
    bundle = made.sealed(tmp_path)
    (bundle / "被害.txt").write_bytes(b"x")
    return bundle


def test_french_is_right_in_a_pipe(checkout, altered):
    """In the code page of a French Windows the words have their accents, and what it lacks is escaped."""
    done = run(checkout, "verify", altered, "--lang", "fr")
    said = done.stdout.decode("cp1252")
    assert done.returncode == 1, done.stderr
    assert said, done.stderr
    assert "MODIFIÉ" in said
    assert "\\u88ab\\u5bb3.txt" in said


def test_json_is_ascii(checkout, altered):
    done = run(checkout, "verify", altered, "--json")
    assert json.loads(done.stdout.decode("ascii"))["verdict"] == "ALTERED"


@pytest.mark.parametrize("page", ["cp850", "cp437", "cp932", "ascii"])
def test_no_code_page_raises(checkout, altered, page):
    """Neither French nor Japanese raises on whatever code page standard output has."""
    done = run(checkout, "verify", altered, "--lang", "fr", env={"PYTHONIOENCODING": page})
    assert done.returncode == 1, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"EXTRA_FILE" in done.stdout or b".txt" in done.stdout


def test_the_null_device_is_nobody(checkout):
    """What is started with nothing but the null device asks nobody: to the C library it is a terminal."""
    with Path(os.devnull).open("r+b") as null:
        done = run(checkout, stdout=null, stderr=null)
        assert os.isatty(null.fileno())
    assert done.returncode == 2
    with Path(os.devnull).open("w", encoding="utf-8") as null:
        assert not terminal.Terminal(null).isatty()
        assert console.keeps_nothing(null)


def test_a_pipe_may_be_read(tmp_path):
    """A file or a pipe keeps what is written to it."""
    with (tmp_path / "file").open("w", encoding="utf-8") as file:
        assert not console.keeps_nothing(file)
        assert not console.is_console(file)


def test_the_system_tells_the_language(monkeypatch):
    """Where no variable tells it (Windows sets none), the language of the system's own windows does."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert console.language() in messages.LANGUAGES
    try:
        messages.install(None, "fr")
        assert messages.language() == "fr"
        messages.install("en", "fr")
        assert messages.language() == "en"
    finally:
        messages.install("en")


HEEDS = """
import sys; sys.path.insert(0, sys.argv[1])
import threading, time
from collector.acquisition import Stop
from collector.cli.process import heed_signals
from collector.host import console
stop = Stop()
heed_signals(stop)
threading.Thread(target=console._on_end, args=(int(sys.argv[2]),), daemon=True).start()
for _ in range(400):
    time.sleep(0.01)
    if stop.reason:
        break
print(stop.reason)
"""
"""Windows calls the handler in a thread of its own, as this does."""


@pytest.mark.parametrize(("event", "heard"), [(2, "signal"), (5, "signal"), (6, "signal")])
def test_an_ending_console_lets_a_run_close(checkout, event, heard):
    """A closed window, a logoff, a shutdown: word is left for the run, and the event is held up meanwhile."""
    command = [sys.executable, "-B", "-c", HEEDS, str(checkout), str(event)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.stdout.decode().split() == [heard], done.stderr


def test_ctrl_c_is_left_to_python():
    """The handler passes Ctrl-C and Ctrl-Break on."""
    assert not console._on_end(0)
    assert not console._on_end(1)


def test_a_hidden_quotation_mark_is_understood_or_explained(checkout, tmp_path):
    r"""`--out "D:\"` at the end means the drive; what it swallowed in the middle is refused, with the way out."""
    done = run(checkout, "--case", "W1", "--dry-run", "--out", f'{tmp_path}"')
    assert done.returncode == 0, done.stderr
    done = run(checkout, "--case", "W1", "--out", f'{tmp_path}" --json')
    assert done.returncode == 2
    assert b"quotation mark" in done.stderr


class Console:
    """A console whose input has some mode, as kernel32 gives it."""

    def __init__(self, mode):
        self.mode = mode

    def GetStdHandle(self, number):  # noqa: N802 - as Windows calls it
        return number.value

    def GetConsoleMode(self, _, told):  # noqa: N802 - the same
        told._obj.value = self.mode
        return 1

    def SetConsoleMode(self, _, mode):  # noqa: N802 - the same
        self.mode = mode.value
        return 1


@pytest.mark.parametrize(("mode", "meanwhile", "then"), [(0x1F7, 0x1B7, 0x1F7), (0x1B7, 0x1B7, 0x1B7)])
def test_a_click_into_the_window_stops_nothing(monkeypatch, mode, meanwhile, then):
    """QuickEdit is off while we run, and as it was before once we end; a window without it is left alone."""
    window = Console(mode)
    monkeypatch.setattr(console, "_kernel32", lambda: window)
    console.pass_halts()
    assert window.mode == meanwhile
    console.give_halts_back()
    console.give_halts_back()
    assert window.mode == then
