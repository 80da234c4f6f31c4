"""`--clipboard`: off unless asked for, refused where everybody could read it, and honest where it can't be had."""

from __future__ import annotations

import sys

import live
import pytest

from collector import age
from collector.sources import planned


def test_it_is_a_step_of_the_screen_only_where_it_was_asked_for():
    """Nobody's clipboard is read by default."""
    names = [source.name for source in planned(whole_memory=False, system="Linux", clipboard=True)]
    assert names.index("clipboard") == names.index("screen") + 1
    assert "clipboard" not in [source.name for source in planned(whole_memory=False, system="Windows")]


def test_it_is_taken_encrypted_only(tmp_path):
    """Without a recipient nothing is written at all."""
    done = live.run("--case", "C1", "--out", tmp_path, "--clipboard", "--quiet", "--yes")
    assert (done.code, "may hold a password" in done.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_names_the_step(tmp_path):
    """Whoever looks before he leaps sees it."""
    _, recipient = age.new_identity()
    done = live.run("--case", "C1", "--dry-run", "--json", "--clipboard", "--recipient", recipient)
    assert "clipboard" in {step["source"] for step in done.json["steps"]}


@pytest.mark.skipif(sys.platform != "linux", reason="says what Linux answers")
def test_linux_says_that_it_does_not_ask(tmp_path):
    """No X server is asked what its programs hold: a gap with the reason, and the request says what was asked."""
    identity, recipient = age.new_identity()
    scan = live.files_in(tmp_path / "tree", 2)
    done = live.collect(tmp_path, "--clipboard", "--no-memory", "--recipient", recipient, "--scan", scan)
    bundle = live.assert_sealed(done.json["bundle"], identity)
    assert [gap["outcome"] for gap in bundle.gaps("clipboard")] == ["unsupported"]
    assert bundle.observed("request")[0]["clipboard"] is True
