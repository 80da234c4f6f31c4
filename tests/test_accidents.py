"""Accidents: faults at every step on real file systems, sticks taken out, clocks set, two runs on one stick.

`COLLECT_FAULTS=all` meets every step (most of an hour); else a sample. What a fault is and what is demanded after it
stands in tests/faults.py; what lost power leaves is in tests/test_power_cut.py.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import live
import made
import pytest

if sys.platform != "linux":
    pytest.skip("mounts file systems of Linux", allow_module_level=True)

import faults
import stepper

from collector import resume
from collector.model import Gap, Outcome

ALL = os.environ.get("COLLECT_FAULTS") == "all"
SAMPLE = {
    "ext4": ("47", "250", ",".join(faults.FAULTS)),
    "exfat": ("67", "250", "EIO,gone,kill"),
    "fat32": ("67", "250", "EIO,gone,kill"),
}
"""Each so-manieth step of the writer and of whole commands, and the faults: what takes a minute or two."""
HOUR = 3600


@pytest.fixture
def stick(tmp_path):
    """Plug in a small stick of a kind; it is taken out after the test."""
    live.needs("losetup", "mkfs.exfat", "mount.exfat-fuse", "mkfs.vfat", "fusefat")
    plugged = []

    def plug(kind: str) -> faults.Stick:
        try:
            plugged.append(faults.Stick(kind, tmp_path / f"stick-{len(plugged)}"))
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine mounts no {kind} image: {error}")
        return plugged[-1]

    yield plug
    for one in plugged:
        one.unmount()


@pytest.mark.root
@pytest.mark.parametrize("kind", SAMPLE)
def test_every_file_operation_may_fail(kind, checkout, tmp_path):
    """Never ALTERED, never a crash; what was born is sealed by itself or by a resume, the rest says exit 1."""
    live.needs("unshare", "losetup", "mkfs.exfat", "mount.exfat-fuse", "mkfs.vfat", "fusefat")
    every, commands, asked = ("1", "5", SAMPLE["ext4"][2]) if ALL else SAMPLE[kind]
    script = [sys.executable, "-B", checkout / "scripts/faults", "--kinds", kind, "--folder", tmp_path]
    done = subprocess.run(
        [*script, "--every", every, "--commands", commands, "--faults", asked],
        capture_output=True, text=True, check=False, env=live.environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line[0] == "|"][2:]
    met = {row[1]: int(row[2]) for row in rows}
    assert set(met) == set(asked.split(",")) - ({"power"} if kind != "ext4" else set())
    assert sum(met.values()) > 10, met
    assert all(met[how] for how in asked.split(",") if how in met and how not in ("short", "half")), met
    assert sum(int(row[4]) for row in rows) > 10, "so few resumes that the faults can't have come"


@pytest.mark.root
@pytest.mark.parametrize("kind", ["exfat", "fat32"])
def test_a_stick_that_is_taken_out(stick, tmp_path, kind):
    """The file system dies in mid-run (its program is killed): exit 3 and what to do; plugged in again it resumes."""
    plugged = stick(kind)
    out = plugged.place / "out"
    out.mkdir()
    (tmp_path / "tree").mkdir()
    tree = live.long_scan(tmp_path / "tree")
    run = live.start("--case", "T1", "--out", out, "--scan", tree, "--json", "--quiet")
    live.wait_for(lambda: list(out.glob("*/artifacts/*recent-files*")))
    plugged.die()
    done = live.ended(run)
    assert (done.code, done.out) == (3, ""), done
    assert re.match(r"error: .+\n(  .+\n)*hint: .+", done.err), done.err
    plugged.plugged_in_again()
    path = live.only_bundle(out).path
    before = live.Bundle(path).lines
    whole = before if before[-1].endswith(b"\n") else before[:-1]
    assert live.examined(path)["verdict"] == "INCOMPLETE"
    again = live.run("resume", path, "--scan", live.files_in(tmp_path / "few", 3), "--json", "--quiet")
    assert again.code in live.SEALED, again
    assert live.assert_sealed(path).lines[: len(whole)] == whole


def test_names_from_before_are_left_alone(tmp_path):
    """FAT, power lost inside a rename: both names have the same clusters. Resume removes neither; LITTER tells it."""
    clock = made.MadeClock()
    left = made.unsealed(tmp_path, clock=clock)
    left.release()
    artifact = next((left.path / "artifacts").glob("*-processes.jsonl"))
    twins = [artifact.with_name(artifact.name + ".part"), left.path / "manifest.jsonl.part"]
    twins[0].write_bytes(artifact.read_bytes())
    twins[1].write_bytes((left.path / "manifest.jsonl").read_bytes()[:900])
    stranger = artifact.with_name("000099-other.jsonl.part")
    stranger.write_bytes(b"no file has this beginning")
    assert live.examined(left.path)["verdict"] == "INCOMPLETE"
    again = resume.reopen(left.path, made.key(3), clock, {"tool": stepper.TOOL, "arguments": []})
    again.close(**stepper.CLOSE)
    told = live.examined(left.path)
    assert (told["verdict"], live.codes(told)) == ("UNANCHORED", ["LITTER", "LITTER"]), told
    assert all(twin.exists() for twin in twins)
    assert not stranger.exists()


@pytest.mark.parametrize("names", ["slot", "alias"])
def test_torn_names_are_taken_up(tmp_path, names):
    """FAT, a new entry over two sectors of which one was written: the content is kept, what is lost is told."""
    clock = made.MadeClock()
    left = made.unsealed(tmp_path, clock=clock)
    announced = left.artifact("recent", "recent", ".jsonl", "test")
    announced.write(b"half of it")
    announced.flush()
    empty = left.artifact("artifact", "artifacts", ".bin", "test")
    left.release()
    folder = left.path / "artifacts"
    for file in (announced, empty):
        os.close(file.fd)
    torn = {"slot": "{:.13}", "alias": "{:.6}~1.PAR"}[names].format
    announced.part.rename(folder / torn(announced.part.name))
    empty.part.rename(folder / torn(empty.part.name))
    (folder / torn("000099-system.jsonl.part")).write_bytes(b"its intent was lost with the power")
    whole = next(folder.glob("*-processes.jsonl"))
    twin = folder / torn(whole.name)
    twin.write_bytes(whole.read_bytes())
    (left.path / "allowe~1").write_bytes(b"a text of the seal")
    assert live.examined(left.path)["verdict"] == "INCOMPLETE"
    again = resume.reopen(left.path, made.key(3), clock, {"tool": stepper.TOOL, "arguments": []})
    again.close(**stepper.CLOSE)
    told = live.examined(left.path)
    assert (told["verdict"], live.codes(told)) == ("UNANCHORED", ["PARTIAL", "LITTER"]), told
    assert (left.path / announced.path).read_bytes() == b"half of it"
    lost, nothing = (str(gap) for gap in live.Bundle(left.path).gaps()[-2:])
    assert empty.path in lost + nothing
    assert "34 bytes" in lost + nothing
    stored = {path.rpartition("/")[2] for path in again.inventory.stored}
    assert {entry.name for entry in folder.iterdir()} == {*stored, twin.name}


def test_what_a_resume_removes_is_told(tmp_path):
    """Also in the folder itself: name, size and hash, before it goes; a text that has two names stays."""
    clock = made.MadeClock()
    left = made.unsealed(tmp_path, clock=clock)
    left.release()
    gone = {"manife~1.doc": b"somebody's", "checkpoint.pa": b"x", "LISEZ-MOI.txt.part": b"junk"}
    for name, data in gone.items():
        (left.path / name).write_bytes(data)
    twin = left.path / "lisez-~1.par"
    twin.write_bytes((left.path / "LISEZ-MOI.txt").read_bytes())
    again = resume.reopen(left.path, made.key(3), clock, {"tool": stepper.TOOL, "arguments": []})
    again.close(**stepper.CLOSE)
    told = live.examined(left.path)
    assert (told["verdict"], live.codes(told)) == ("UNANCHORED", ["LITTER"]), told
    assert twin.exists()
    gaps = {gap["subject"]: gap["reason"] for gap in live.Bundle(left.path).gaps("resume")}
    assert set(gaps) == set(gone)
    for name, data in gone.items():
        assert not (left.path / name).exists()
        assert hashlib.sha256(data).hexdigest() in gaps[name]


def test_of_two_names_the_longer_is_taken_up(tmp_path):
    """A torn entry that holds more than another one: nothing of it is lost."""
    clock = made.MadeClock()
    left = made.unsealed(tmp_path, clock=clock)
    announced = left.artifact("recent", "recent", ".jsonl", "test")
    announced.write(b"abc")
    announced.flush()
    left.release()
    os.close(announced.fd)
    (announced.part.parent / f"{announced.part.name:.6}~2.par").write_bytes(b"abcdefgh longer")
    resume.reopen(left.path, made.key(3), clock, {"tool": stepper.TOOL, "arguments": []}).close(**stepper.CLOSE)
    assert live.examined(left.path)["verdict"] == "UNANCHORED"
    assert (left.path / announced.path).read_bytes() == b"abcdefgh longer"


# Clocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [(-5, 5), (7, -9), (-1, -1), (24 * 365, -24 * 365)], ids=str)
def test_a_clock_that_is_set_back_and_forth(tmp_path, hours):
    """Before every record the wall clock is set by hours: told as CLOCK_STEP, never ALTERED, and a resume goes on."""
    clock = SetClock([hour * HOUR for hour in hours])
    open_bundle = made.unsealed(tmp_path, clock=clock)
    open_bundle.gap("windows", Gap(Outcome.ABSENT, "no display"))
    open_bundle.release()
    path = open_bundle.path
    told = live.examined(path)
    assert (told["verdict"], live.codes(told).count("CLOCK_STEP")) == ("INCOMPLETE", told["records"] - 1), told
    again = resume.reopen(path, made.key(3), clock, {"tool": stepper.TOOL, "arguments": []})
    again.close(**stepper.CLOSE)
    told = live.examined(path)
    assert told["verdict"] == "UNANCHORED", told
    assert set(live.codes(told)) == {"CLOCK_STEP"}


class SetClock(made.MadeClock):
    """A wall clock that is set, in turn by each of some steps, whenever a record's time is asked for."""

    def __init__(self, steps) -> None:
        super().__init__(replace(made.MadeClock.moment, utc_ns=1_795_000_000 * 10**9))
        self.steps, self.at = steps, 0

    def now(self):
        self.jump(self.steps[self.at % len(self.steps)])
        self.at += 1
        return super().now()


# Two runs -----------------------------------------------------------------------------------


@pytest.mark.root
@pytest.mark.parametrize("kind", SAMPLE)
def test_two_runs_at_once_on_one_stick(stick, tmp_path, kind):
    """The same case in the same second: two bundles, each verifies alone, and after one is gone."""
    place = stick(kind).place
    tree = live.files_in(tmp_path / "tree", 3)
    runs = [live.start("--case", "T1", "--out", place, "--scan", tree, "--json", "--quiet") for _ in range(2)]
    done = [live.ended(run) for run in runs]
    assert {one.code for one in done} <= set(live.SEALED), done
    first, second = (Path(one.json["bundle"]) for one in done)
    assert first != second
    sids = {live.assert_sealed(path).records[0]["sid"] for path in (first, second)}
    assert len(sids) == 2
    assert live.verify(first).code == live.verify(second).code == 0
    assert (place / "theirs.txt").read_bytes() == b"what lay on the stick before"


@pytest.mark.root
@pytest.mark.parametrize("left", [3_000, 6_000, 9_000, 10_000])
def test_two_runs_of_which_one_fills_the_stick(tmp_path, stick, left):
    """Each is sealed as cut short, or an intact prefix that resumes, or was never born and left nothing."""
    plugged = stick("ext4")
    free = os.statvfs(plugged.place)
    (plugged.place / "theirs.big").write_bytes(bytes(free.f_bavail * free.f_bsize - left * 1024))
    tree = tmp_path / "tree"
    live.files_in(tree / ("x" * 200) / ("y" * 200) / ("z" * 200), 2500, "w" * 200 + "{}")
    runs = [live.start("--case", "T1", "--out", plugged.place, "--scan", tree, "--json", "--quiet") for _ in range(2)]
    ends = [live.ended(run) for run in runs]
    found = sorted(plugged.place.glob("T1_*"))
    born = [path for path in found if (path / "manifest.jsonl").exists()]
    assert len(born) == sum(done.code != 1 for done in ends), ends
    assert not [path for path in found if path not in born and any(path.rglob("*.*"))], "left behind"
    (plugged.place / "theirs.big").unlink()
    for done in ends:
        assert done.code in (0, 1, 3, 4), done
        assert done.out or re.match(r"error: .+\n(  .+\n)*hint: .+", done.err), done
    for path in born:
        if not (path / "checkpoint").exists():
            assert live.examined(path)["verdict"] == "INCOMPLETE"
            assert live.run("resume", path, "--json", "--quiet").code in live.SEALED
        live.assert_sealed(path)


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGWINCH], ids=lambda number: number.name)
def test_calls_that_are_interrupted(tmp_path, number):
    """A signal every millisecond, which the program heeds: every call of the system may end with EINTR for real."""
    tree = live.files_in(tmp_path / "tree", 3)
    (tmp_path / "out").mkdir()
    storm = f"import signal\nsignal.signal({int(number)}, lambda *_: None)\n" + (
        "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n"
        if number == signal.SIGALRM
        else "import threading, os, time\n"
        "def blow():\n    while True:\n        time.sleep(0.001); os.kill(os.getpid(), 28)\n"
        "threading.Thread(target=blow, daemon=True).start()\n"
    )
    done = live.collect(tmp_path / "out", "--scan", tree, fault=storm)
    assert done.code in live.SEALED, done
    live.assert_sealed(done.json["bundle"])
