"""All rights on Windows: our own program is started anew with the same words, waited for, and its exit code is ours.

Under Wine everybody has all rights and no question is shown: that a person is asked, and what a refusal does, is not
shown here; the call that asks, its arguments and its wait are the same.
"""

from __future__ import annotations

import ctypes
import json
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from collector.host.windows import calls, elevation

WORDS = ["a b", 'say "yes"', "back\\slash\\", "é€", "", "%PATH%", "a&b|c^d"]
ECHO = "import json, sys; open(sys.argv[1], 'w', encoding='utf-8').write(json.dumps(sys.argv[2:])); sys.exit(7)"


def test_wine_gives_everybody_all_rights():
    """There is nothing to ask for, as for an administrator whose process has them already."""
    if not calls.under_wine():
        assert elevation.may_rise() is not bool(ctypes.windll.shell32.IsUserAnAdmin())
    else:
        assert elevation.may_rise() is False


def test_our_program_runs_again_with_the_same_words(tmp_path, monkeypatch):
    """Every word reaches the new process as it is, in the same folder, and its exit code comes back."""
    monkeypatch.chdir(tmp_path)
    began = []
    code = elevation.rise(["-c", ECHO, "told.json", *WORDS], lambda: began.append(True))
    assert (code, began) == (7, [True])
    assert json.loads((tmp_path / "told.json").read_text("utf-8")) == WORDS


def test_what_cannot_be_started_is_an_error_and_no_refusal(tmp_path, monkeypatch):
    """A program that is gone, and words that no command line holds: `OSError`, and nothing is waited for."""
    with pytest.raises(OSError, match="too long"):
        elevation.rise(["x" * 40_000], lambda: pytest.fail("nothing began"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone.exe"))
    with pytest.raises(OSError, match="2"):
        elevation.rise([], lambda: pytest.fail("nothing began"))
