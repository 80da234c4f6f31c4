"""An antivirus, or the ransomware, takes or changes files of the bundle while the run lasts: noted, not a crash."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import live
import made
import wine

from collector import ownfiles
from collector.manifest import decode

MEDDLING = """
import os, threading, glob, time, sys
folder = os.environ["MEDDLE"]
def meddle():
    while not (found := glob.glob(folder + "/*/artifacts/*-connections.jsonl")):
        time.sleep(0.02)
    artifacts = os.path.dirname(found[0])
    os.rename(found[0], found[0] + ".locked")
    with open(glob.glob(artifacts + "/*-processes.jsonl")[0], "ab") as file:
        file.write(b"more")
threading.Thread(target=meddle, daemon=True).start()
"""


def records(path):
    return [decode(line) for line in (path / "manifest.jsonl").read_bytes().splitlines()]


def test_what_is_taken_or_changed_is_noted(tmp_path):
    """The run goes on and seals; the chain says what was missing before the seal; exit 3, and verify finds it too."""
    scan = live.files_in(tmp_path / "tree", 2)
    done = live.collect(tmp_path, "--scan", scan, fault=MEDDLING, env={"MEDDLE": str(tmp_path)})
    assert done.code == 3, done
    assert done.json["own_files_disturbed"] == 3
    path = Path(done.json["bundle"])
    seen = [one["data"] for one in records(path) if one["type"] == "observation" and one["what"] == "own-files"]
    assert sum(one["counted"] for one in seen) == 3
    names = {what: [name for one in seen for name in one[what]] for what in ("missing", "changed", "foreign")}
    assert [[name.partition("-")[2] for name in found] for found in names.values()] == [
        ["connections.jsonl"], ["processes.jsonl"], ["connections.jsonl.locked"]
    ]  # fmt: skip
    codes = {one["code"] for one in live.run("verify", path, "--json").json["findings"]}
    assert codes == {"MISSING", "CONTENT_MISMATCH", "EXTRA_FILE"}


AROUND = """
import os, threading, glob, time
folder = os.environ["MEDDLE"]
def meddle():
    while not (found := glob.glob(folder + "/*/artifacts/*-connections.jsonl")):
        time.sleep(0.02)
    around = os.path.dirname(os.path.dirname(found[0]))
    os.rename(around + "/LISEZ-MOI.txt", around + "/LISEZ-MOI.txt.locked")
    open(around + "/HOW_TO_DECRYPT.txt", "w").close()
threading.Thread(target=meddle, daemon=True).start()
"""


def test_a_note_beside_the_manifest_is_noted(tmp_path):
    """A ransomware lays its note into every folder: into the bundle's own, too, and that verifies as ALTERED."""
    scan = live.files_in(tmp_path / "tree", 2)
    done = live.collect(tmp_path, "--scan", scan, fault=AROUND, env={"MEDDLE": str(tmp_path)})
    assert (done.code, done.json["own_files_disturbed"]) == (3, 3), done
    path = Path(done.json["bundle"])
    seen = [one["data"] for one in records(path) if one["type"] == "observation" and one["what"] == "own-files"]
    assert {name for one in seen for name in one["foreign"]} == {"../LISEZ-MOI.txt.locked", "../HOW_TO_DECRYPT.txt"}
    assert [name for one in seen for name in one["missing"]] == ["../LISEZ-MOI.txt"]


@wine.posix("Windows lets nobody take a manifest that is being written")
def test_a_manifest_that_is_not_ours_is_noted(tmp_path):
    """Another file in its place, or bytes of somebody else behind its last record; what is the system's is not told."""
    open_bundle = made.unsealed(tmp_path)
    own = ownfiles.OwnFiles(open_bundle)
    for name in (".DS_Store", "._manifest.jsonl", "desktop.ini"):
        (open_bundle.path / name).touch()
    assert own.look() is None
    with (open_bundle.path / "manifest.jsonl").open("ab") as file:
        file.write(b"more")
    (open_bundle.path / "LISEZ-MOI.txt").write_bytes(b"locked")
    data = own.look()
    assert (sorted(data["changed"]), data["counted"]) == (["../LISEZ-MOI.txt", "../manifest.jsonl"], 2)


def test_a_run_that_nobody_meddles_with_says_nothing(tmp_path):
    """No such observation, and the tool's own files are what they were."""
    done = live.collect(tmp_path, "--scan", live.files_in(tmp_path / "tree", 2))
    assert done.code in live.SEALED
    whats = {one["what"] for one in records(Path(done.json["bundle"])) if one["type"] == "observation"}
    assert not whats & {"own-files", "tool-changed"}


@wine.posix("names of any bytes")
def test_each_file_is_told_once(tmp_path):
    """A thousand names of somebody else: all counted, fifty named, and not again at the next look."""
    open_bundle = made.unsealed(tmp_path)
    own = ownfiles.OwnFiles(open_bundle)
    assert own.look() is None
    for number in range(1000):
        Path(os.fsdecode(os.fsencode(open_bundle.path / "artifacts") + b"/\xff\x1b" + str(number).encode())).touch()
    data = own.look()
    assert (data["counted"], len(data["foreign"]), data["missing"]) == (1000, 50, [])
    assert data["foreign"][0]["hex"].startswith("ff1b")
    assert own.look() is None
    open_bundle.observe("own-files", data)
    for path in list(open_bundle.inventory.stored):
        (open_bundle.path / path).unlink()
    assert own.look()["counted"] == 2
    (open_bundle.path / "artifacts").rename(tmp_path / "away")
    assert own.look() is None, "a folder that is gone is told by the next write"


def test_the_program_is_looked_at_again(tmp_path, checkout):
    """`tool-changed`: a file of the tool that changes while it runs is noted."""
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(checkout / "collector", tmp_path / "tool" / "collector", ignore=left_out)
    shutil.copytree(checkout / "rules", tmp_path / "tool" / "rules")
    began = live.start(
        *("--case", "T", "--out", tmp_path, "--scan", live.files_in(tmp_path / "tree", 2), "--json"),
        root=tmp_path / "tool",
    )
    until = time.monotonic() + 60
    while not list(tmp_path.glob("*/manifest.jsonl")):
        assert time.monotonic() < until
        time.sleep(0.02)
    with (tmp_path / "tool" / "collector" / "der.py").open("ab") as file:
        file.write(b"# changed\n")
    done = live.ended(began)
    assert done.code in live.SEALED, done
    (changed,) = [one for one in records(Path(done.json["bundle"])) if one.get("what") == "tool-changed"]
    assert changed["data"]["sha256_before"] == records(Path(done.json["bundle"]))[0]["tool"]["sha256"]
    assert changed["data"]["sha256_after"] not in (None, changed["data"]["sha256_before"])
