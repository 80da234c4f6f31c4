"""One bundle, two systems: made here it verifies on Windows to the same report, and the other way round.

Driven from Linux; COLLECT_WINPY names the program that runs Python for Windows under Wine (`scripts/test` sets it up).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import live
import made
import pytest
import vectors

from collector import age, custody

WINPY = os.environ.get("COLLECT_WINPY", "")
if not WINPY or sys.platform == "win32":
    pytest.skip("COLLECT_WINPY names no Python for Windows", allow_module_level=True)

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}


def windows(*words, timeout=300):
    """Run `collect` on Windows; a path of ours is on its drive Z:."""
    done = subprocess.run(
        ["timeout", str(timeout), WINPY, "-B", "-m", "collector.cli", *(str(word) for word in words)],
        cwd=live.ROOT, capture_output=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    out, err = (data.replace(b"\r\n", b"\n").decode() for data in (done.stdout, done.stderr))
    live.assert_no_crash(err)
    return live.Done(done.returncode, out, err)


def there(path):
    return "Z:" + str(path).replace("/", "\\")


@pytest.fixture
def bundle(tmp_path):
    """Return a bundle made here, with custody."""
    path = made.sealed(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    custody.attach(path, tmp_path / "photo.jpg", None, made.MadeClock(), dict(TOOL))
    return path


def same_report(path):
    """Verify on both systems and return the exit code; but for the path both say the same, and change nothing."""
    before = vectors.snapshot(path)
    here, over_there = live.run("verify", path, "--json"), windows("verify", there(path), "--json")
    assert here.code == over_there.code
    assert {**here.json, "bundle": ""} == {**over_there.json, "bundle": ""}
    assert vectors.snapshot(path) == before
    return here.code


def test_made_here_and_verified_there(bundle):
    """The whole report is the same, of the true bundle and of one that was changed."""
    assert same_report(bundle) == 0
    (bundle / "artifacts/000001-processes.jsonl").write_bytes(b"{}\n")
    (bundle / "été 日本.txt").write_bytes(b"x")
    (bundle / "desktop.ini").write_bytes(b"x")
    assert same_report(bundle) == 1


def test_custody_goes_on_there(bundle, tmp_path):
    """Notes, attachments and a hand-over are added on Windows to what was begun here, and here again."""
    (tmp_path / "note.txt").write_bytes(b"seen\r\n")
    assert windows("note", there(bundle), "écran figé, « payez »").code == 0
    assert windows("attach", there(bundle), there(tmp_path / "note.txt")).code == 0
    assert windows("handover", there(bundle), "--to", "Expert").code == 0
    custody.note(bundle, "back again", made.MadeClock(), dict(TOOL))
    assert same_report(bundle) == 0
    texts = [json.loads(line).get("text") for line in (bundle / "custody.jsonl").read_bytes().splitlines()]
    assert "écran figé, « payez »" in texts


def test_without_ssh_keygen_a_receipt_is_refused_in_plain_words(bundle, tmp_path):
    """This Windows has no OpenSSH: it is said, and custody is as it was."""
    (tmp_path / "key").write_bytes(b"x")
    assert windows("handover", there(bundle), "--to", "Expert").code == 0
    before = (bundle / "custody.jsonl").read_bytes()
    done = windows("receive", there(bundle), "--key", there(tmp_path / "key"))
    assert done.code == 1
    assert "ssh-keygen is not here" in done.err
    assert (bundle / "custody.jsonl").read_bytes() == before


def test_a_timestamp_is_asked_for_there(bundle, tmp_path):
    """The request is the same as the one made here, but for its nonce."""
    done = windows("timestamp", "request", there(bundle), "--out", there(tmp_path))
    assert done.code == 0, done.err
    assert [path.suffix for path in tmp_path.glob("*.tsq")] == [".tsq"]
    assert same_report(bundle) == 0


def test_packed_on_one_and_opened_on_the_other(bundle, tmp_path):
    """What is encrypted on either system is opened on the other, and is the same bundle."""
    secret, recipient = age.new_identity()
    (tmp_path / "key.txt").write_text(secret + "\n")
    for pack, place_of, unpack, other in ((live.run, str, windows, there), (windows, there, live.run, str)):
        packed, opened = tmp_path / "packed", tmp_path / "opened"
        packed.mkdir()
        opened.mkdir()
        done = pack("pack", place_of(bundle), "--recipient", recipient, "--out", place_of(packed), "--json")
        assert done.code == 0, done.err
        (file,) = packed.glob("*.tar.age")
        done = unpack("open", other(file), "--identity", other(tmp_path / "key.txt"), "--out", other(opened))
        assert done.code == 0, done.err
        (again,) = opened.iterdir()
        assert {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()} == {
            path.relative_to(bundle): path.read_bytes() for path in bundle.rglob("*") if path.is_file()
        }
        assert same_report(again) == 0
        shutil.rmtree(packed)
        shutil.rmtree(opened)


def test_left_unsealed_there_it_verifies_here(tmp_path):
    """A run that was killed on Windows verifies here as far as it goes."""
    program = "import os, sys; sys.path[:0] = ['tests', '.']; import made; from pathlib import Path; "
    program += "made.unsealed(Path(sys.argv[1])); os._exit(9)"
    done = subprocess.run(
        ["timeout", "120", WINPY, "-B", "-c", program, there(tmp_path)],
        cwd=live.ROOT, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 9
    (left,) = tmp_path.iterdir()
    assert live.run("verify", left, "--json").json["verdict"] == "INCOMPLETE"
    assert same_report(left) == 3
