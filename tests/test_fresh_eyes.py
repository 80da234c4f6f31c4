"""What a fresh pair of eyes broke before the first landing: each stays mended."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import live
import made
import pytest

from collector import resume
from collector.errors import AlteredError, RefusedError


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "note.txt").write_text("x")
    return folder


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def shell(redirection, *args):
    """Run the command through a shell that sends its streams somewhere odd; return its exit code."""
    line = f'"$@" {redirection}'
    command = ["sh", "-c", line, "sh", *live.command(*args)]
    return subprocess.run(command, env=live.environment(), check=False, timeout=120).returncode


@pytest.mark.parametrize("redirection", ["2>&-", "<&- >&- 2>&-", ">&-", ">/dev/full", "| true"])
def test_streams_that_are_closed_or_full_do_not_stop_a_run(out, tree, redirection):
    """The run ends sealed, the next file never takes a standard stream's number, and the exit code stands."""
    code = shell(redirection, "--case", "T1", "--out", out, "--scan", tree, "--json")
    live.assert_sealed(live.only_bundle(out).path)
    assert code in live.SEALED or redirection == "| true"


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-"])
def test_an_answer_that_nobody_takes_is_no_alteration(tmp_path, redirection):
    """Exit 1 of verify means ALTERED, and nothing else."""
    assert shell(redirection, "verify", made.sealed(tmp_path)) == 0


def test_a_run_that_may_not_begin_a_core_source_was_cut_short(out, tree):
    """--max-size 1 leaves no processes: success is never said of that."""
    done = live.collect(out, "--scan", tree, "--max-size", "1")
    assert done.code == 3
    live.assert_sealed(live.only_bundle(out).path)


def test_few_open_files_do_not_end_a_run(out, tmp_path):
    """A tree deeper than the system gives us descriptors is walked all the same."""
    top = tmp_path / "deep"
    path = top
    for _ in range(100):
        path /= "d"
    path.mkdir(parents=True)
    (path / "last.txt").write_text("x")
    done = live.collect(out, "--scan", top, before=["prlimit", "--nofile=64:64"])
    assert done.code in live.SEALED, done.err
    rows = live.only_bundle(out).rows("recent-files")
    assert any(str(row["path"]).endswith("last.txt") for row in rows)


@pytest.mark.parametrize("name", ["run_key.pub", "LISEZ-MOI.txt", "SHA256SUMS", "checkpoint.sig"])
def test_a_sealed_text_of_seven_exbibytes_holds_nobody_up(name):
    """A sparse file costs an archive nothing and its reader for ever: it is refused by its size."""
    live.needs("mount", "umount")
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a file system that takes such a file")
    for place in live_tmpfs():
        path = made.sealed(place)
        os.truncate(path / name, 7 << 60)
        told = live.run("verify", path, "--json", timeout=60)
        assert (told.code, told.json["verdict"]) == (1, "ALTERED")
        assert told.json["findings"][0]["subject"].startswith(name)


def live_tmpfs():
    """Hold a tmpfs, which takes sparse files of any size."""
    place = Path(tempfile.mkdtemp())
    subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)
        place.rmdir()


def reopen(path, **how):
    fields = {"tool": {"version": "0", "sha256": "0" * 64, "privileges": "root"}, "arguments": []}
    return resume.reopen(path, made.key(2), made.MadeClock(), fields, **how)


def test_a_run_is_not_resumed_on_another_computer(tmp_path, monkeypatch):
    """Two hosts in one bundle would make both useless."""
    fields = made.opening()
    fields["host"] = {"machine_id": "a" * 32}
    monkeypatch.setattr(made, "opening", lambda: fields)
    begun = made.unsealed(tmp_path)
    begun.release()
    before = live.snapshot(begun.path)
    with pytest.raises(RefusedError, match="another computer"):
        reopen(begun.path, machine="b" * 32)
    assert live.snapshot(begun.path) == before
    reopen(begun.path, machine="a" * 32).release()


@pytest.mark.parametrize("harm", ["artifact", "readme", "extra"])
def test_what_was_altered_is_not_sealed_over(tmp_path, harm):
    """A resume of a bundle that verify calls ALTERED is refused, and nothing is changed."""
    begun = made.unsealed(tmp_path)
    begun.release()
    if harm == "artifact":
        next((begun.path / "artifacts").iterdir()).write_bytes(b"x")
    elif harm == "readme":
        (begun.path / "LISEZ-MOI.txt").unlink()
    else:
        (begun.path / "extra").write_bytes(b"x")
    before = live.snapshot(begun.path)
    with pytest.raises(AlteredError):
        reopen(begun.path)
    assert live.snapshot(begun.path) == before


def test_of_several_bundles_each_is_told(tmp_path):
    """A folder that is no bundle hides no other's verdict; the worst exit code counts."""
    good = made.sealed(tmp_path)
    bad = tmp_path / "none"
    bad.mkdir()
    told = live.run("verify", bad, good, "--json")
    assert told.code == 2
    assert [one["verdict"] for one in told.json["bundles"]] == [None, "UNANCHORED"]
