"""A stick that is full or taken out in mid-run: the evidence goes on in another folder, and the two belong together."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import live
import made
import pytest
import wine
from test_ownfiles import MEDDLING

from collector import age, bundle, continuing
from collector.cli import process
from collector.errors import BundleNotMadeError
from collector.manifest import decode
from collector.result import Stop
from collector.ui import another

ROOT = pytest.mark.root


def records(path):
    return [decode(line) for line in (path / "manifest.jsonl").read_bytes().splitlines()]


def joint(*bundles):
    """Return exit code and joints of bundles that are verified in one go."""
    done = live.run("verify", *bundles, "--json")
    return done.code, [one["joint"] for one in done.json["links"]]


def bundle_in(folder: Path) -> Path:
    (found,) = [one for one in folder.iterdir() if (one / "manifest.jsonl").exists()]
    return found


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def system(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


def taken_out(stick: Path, kept: Path) -> None:
    """Take a stick out as seen by a process: its mount is gone at once; what it holds stays on the medium."""
    system("mount", "--bind", stick, kept)
    system("umount", "-l", stick)


def followed(first: Path, second: Path) -> None:
    """Demand that a bundle names the last record that the one before it was given."""
    opening = records(second)[0]
    before = records(first)
    told = opening["continues"]
    assert told["sid"] == before[0]["sid"]
    lines = (first / "manifest.jsonl").read_bytes().splitlines()
    assert len(lines) >= told["records"]
    assert hashlib.sha256(lines[told["records"] - 1]).hexdigest() == told["head"]


@ROOT
def test_a_stick_that_is_full(tmp_path, mounted):
    """The first bundle is sealed as cut short; the second holds the rest and nothing twice."""
    stick, spare = mounted("-t", "tmpfs", "-o", "size=6m", "none"), tmp_path / "spare"
    spare.mkdir()
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(8):
        (tree / f"LISEZ-MOI-{number}.txt").write_bytes(b"your files are encrypted, pay bitcoin " * 10)
        (tree / f"dump-{number}.bin").write_bytes(b"x" * (1 << 20))
    done = live.run(
        "--case", "FULL", "--out", stick, "--spare", spare, "--scan", tree, "--json", "--rules", rule(tmp_path, tree)
    )
    assert done.code in live.SEALED, done
    assert done.json["reason"] is None
    first, second = bundle_in(stick), Path(done.json["bundle"])
    assert done.json["continues"] == [{"bundle": str(first), "why": "full"}]
    assert second.parent == spare
    assert records(first)[-1]["reason"] == "disk_full"
    followed(first, second)
    assert [one["data"] for one in observed(second, "continued")] == [{"bundle": first.name, "why": "full"}]
    for path in (first, second):
        assert live.run("verify", path).code == 0
    assert joint(second, first) == (0, ["joined"])
    other = live.collect(tmp_path, "--scan", live.files_in(tmp_path / "other", 1)).json["bundle"]
    assert joint(second, other) == (0, ["absent"])
    again = {one["source"] for one in kinds(second)} & {"processes", "connections", "interfaces"}
    assert not again, "what the first bundle holds is not collected twice"
    assert {one["kind"] for one in kinds(first)} >= {"processes", "connections", "interfaces"}
    files = [one for path in (first, second) for one in kinds(path) if one["kind"] == "file"]
    whole = {one["subject"] for one in files if not one["flags"]}
    assert whole >= {f"{tree}/dump-{number}.bin" for number in range(8)}, "what was cut is taken again, whole"


def kinds(path):
    return [one for one in records(path) if one["type"] == "artifact"]


def observed(path, what):
    return [one for one in records(path) if one["type"] == "observation" and one["what"] == what]


def rule(tmp_path, tree):
    """Return a rule that collects files of some megabytes."""
    path = tmp_path / "rules" / "dumps.yaml"
    path.parent.mkdir()
    path.write_text(
        "name: Dumps\ndoc: Large files.\nsources:\n- type: FILE\n"
        f"  attributes: {{paths: ['{tree}/dump-*.bin']}}\nsupported_os: [Linux]\n"
    )
    return path


@ROOT
def test_what_was_taken_from_the_first_is_not_forgotten(tmp_path, mounted):
    """The first bundle lost a file to somebody else and was then full: the run says so at its end, exit 3."""
    stick, spare = mounted("-t", "tmpfs", "-o", "size=6m", "none"), tmp_path / "spare"
    spare.mkdir()
    tree = live.files_in(tmp_path / "tree", 3)
    for number in range(8):
        (tree / f"dump-{number}.bin").write_bytes(bytes([number]) * (1 << 20))
    done = live.run(
        *(
            "--case",
            "FULL",
            "--out",
            stick,
            "--spare",
            spare,
            "--scan",
            tree,
            "--json",
            "--rules",
            rule(tmp_path, tree),
        ),
        fault=MEDDLING,
        env={"MEDDLE": str(stick)},
    )
    assert [one["why"] for one in done.json["continues"]] == ["full"]
    assert (done.code, done.json["exit"], done.json["own_files_disturbed"]) == (3, 3, 3), done
    assert live.run("verify", bundle_in(spare)).code == 0


@ROOT
def test_a_stick_that_is_full_from_the_start(tmp_path, mounted):
    """A folder that takes no bundle at all, then one that is not there: the run begins in the spare one after them."""
    stick, spare = mounted("-t", "tmpfs", "-o", "size=1m", "none"), tmp_path / "spare"
    spare.mkdir()
    words = ("--case", "FULL", "--out", stick, "--spare", tmp_path / "nowhere", "--spare", spare)
    done = live.run(*words, "--scan", live.files_in(tmp_path / "tree", 1), "--json")
    assert done.code in live.SEALED, done
    assert (Path(done.json["bundle"]).parent, done.json["continues"]) == (spare, [])
    assert "the folder of the bundle is full" in done.err.replace("\n", " ")
    assert list(stick.iterdir()) == []
    live.assert_sealed(done.json["bundle"])


@ROOT
def test_a_stick_that_is_taken_out(tmp_path, mounted):
    """What had reached it stays, unsealed; the run ends sealed on the spare and says that it is in two parts."""
    stick, spare, kept = mounted("-t", "tmpfs", "none"), tmp_path / "spare", tmp_path / "kept"
    for folder in (spare, kept):
        folder.mkdir()
    scan = live.files_in(tmp_path / "tree", 3)
    began = live.start("--case", "GONE", "--out", stick, "--spare", spare, "--scan", scan, "--json")
    wait_for(lambda: any(stick.glob("*/artifacts/*-processes.jsonl")))
    taken_out(stick, kept)
    try:
        done = live.ended(began)
        assert done.code == 3, done
        second = Path(done.json["bundle"])
        assert (second.parent, done.json["reason"]) == (spare, None)
        assert [one["why"] for one in done.json["continues"]] == ["gone"]
        followed(bundle_in(kept), second)
        assert live.run("verify", second).code == 0
        assert live.run("verify", bundle_in(kept)).code == 3, "intact as far as it goes, not closed"
        assert joint(bundle_in(kept), second) == (3, ["joined"])
        verdicts = [one["data"]["when"] for one in observed(second, "isolation")]
        assert (verdicts[0], verdicts[-1]) == ("open", "close")
        assert not [one for one in observed(second, "isolation") if "unwatched" in str(one["data"]["reasons"])]
    finally:
        system("umount", "-l", kept)
        system("mount", "-t", "tmpfs", "none", stick)  # the fixture takes it away


@ROOT
def test_a_stick_that_takes_our_program_along(tmp_path, mounted, checkout):
    """The kit's evidence lies beside its program: what the next bundle says of the tool was read at the start."""
    stick, spare, tool = mounted("-t", "tmpfs", "-o", "size=6m", "none"), tmp_path / "spare", tmp_path / "tool"
    spare.mkdir()
    for name in ("collector", "rules"):
        shutil.copytree(checkout / name, tool / name, ignore=shutil.ignore_patterns("__pycache__"))
    tree = live.files_in(tmp_path / "tree", 3)
    for number in range(8):
        (tree / f"dump-{number}.bin").write_bytes(bytes([number]) * (1 << 20))
    began = live.start(
        *("--case", "KIT", "--out", stick, "--spare", spare, "--scan", tree, "--json", "--rules", rule(tmp_path, tree)),
        root=tool,
    )
    wait_for(lambda: any(stick.glob("*/manifest.jsonl")))
    for name in ("LISEZ-MOI.txt", "der.py"):
        (tool / "collector" / name).unlink()
    done = live.ended(began)
    assert done.code in live.SEALED, done
    first, second = bundle_in(stick), Path(done.json["bundle"])
    assert second.parent == spare
    assert records(first)[0]["tool"] == records(second)[0]["tool"]
    assert live.run("verify", second).code == 0


@ROOT
def test_a_kit_that_is_taken_out(tmp_path, mounted, checkout):
    """Program, rules and evidence are gone at once: sealed on the spare all the same, with gaps for what was rules."""
    stick, spare, kept = mounted("-t", "tmpfs", "none"), tmp_path / "spare", tmp_path / "kept"
    for folder in (spare, kept, stick / "preuves"):
        folder.mkdir()
    for name in ("collector", "rules"):
        shutil.copytree(checkout / name, stick / name, ignore=shutil.ignore_patterns("__pycache__"))
    began = live.start(
        *("--case", "KIT", "--out", stick / "preuves", "--spare", spare, "--json"),
        *("--scan", live.files_in(tmp_path / "tree", 3)),
        root=stick,
    )
    wait_for(lambda: any(b'"awake"' in one.read_bytes() for one in stick.glob("preuves/*/manifest.jsonl")))
    taken_out(stick, kept)
    try:
        done = live.ended(began)
        assert done.code == 3, done
        second = Path(done.json["bundle"])
        assert (second.parent, [one["why"] for one in done.json["continues"]]) == (spare, ["gone"])
        assert live.run("verify", second).code == 0
        followed(bundle_in(kept / "preuves"), second)
    finally:
        system("umount", "-l", kept)
        system("mount", "-t", "tmpfs", "none", stick)


@ROOT
def test_without_another_folder_it_ends(tmp_path, mounted):
    """Nobody is there to name one: the error says what to do, and what was written verifies."""
    stick, kept = mounted("-t", "tmpfs", "none"), tmp_path / "kept"
    kept.mkdir()
    began = live.start("--case", "GONE", "--out", stick, "--scan", live.files_in(tmp_path / "tree", 3), "--json")
    wait_for(lambda: any(stick.glob("*/artifacts/*-processes.jsonl")))
    taken_out(stick, kept)
    try:
        done = live.ended(began)
        assert (done.code, done.out) == (3, "")
        assert "hint:" in done.err
        assert live.run("verify", bundle_in(kept)).code == 3
    finally:
        system("umount", "-l", kept)
        system("mount", "-t", "tmpfs", "none", stick)


@ROOT
def test_an_encrypted_run_keeps_its_readers(tmp_path, mounted):
    """One reading key for both bundles: a second one on paper would be one too many."""
    stick, spare = mounted("-t", "tmpfs", "-o", "size=6m", "none"), tmp_path / "spare"
    spare.mkdir()
    tree = live.files_in(tmp_path / "tree", 3)
    for number in range(8):
        (tree / f"dump-{number}.bin").write_bytes(bytes([number]) * (1 << 20))
    _, recipient = age.new_identity()
    done = live.run(
        *("--case", "FULL", "--out", stick, "--spare", tmp_path / "nowhere", "--spare", spare, "--scan", tree),
        *("--json", "--rules", rule(tmp_path, tree), "--recipient", recipient),
    )
    assert done.code in live.SEALED, done
    first, second = bundle_in(stick), Path(done.json["bundle"])
    assert records(first)[0]["recipients"] == records(second)[0]["recipients"]
    followed(first, second)
    for path in (first, second):
        live.assert_sealed(path, done.json["practice_identity"])


@pytest.mark.parametrize("number", [2, 99])
def test_a_bundle_that_was_replaced(tmp_path, number):
    """Somebody made another bundle of the same sid: each verifies by itself, together they don't.

    A shorter one that is closed is no stick that lost its end.
    """
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = made.sealed(tmp_path / "a")
    told = {"sid": made.SID, "head": "cd" * 32, "records": number}
    fields = {**made.opening(), "continues": told}
    clock = made.MadeClock()
    later = bundle.create(tmp_path / "b", "T-1", fields, made.README, made.key(2), clock)
    later.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert [live.run("verify", one).code for one in (first, later.path)] == [0, 0]
    assert joint(first, later.path) == (1, ["different"])
    assert "replaced" in live.run("verify", first, later.path, "--lang", "en").out


def test_of_two_of_one_sid_the_replaced_one_is_told_in_any_order(tmp_path):
    """Somebody adds a bundle of the same sid to the one that was gone on from: which is given last decides nothing."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    first = made.sealed(tmp_path / "a")
    lines = (first / "manifest.jsonl").read_bytes().splitlines()
    told = {"sid": made.SID, "head": hashlib.sha256(lines[1]).hexdigest(), "records": 2}
    fields = {**made.opening(), "continues": told}
    later = bundle.create(tmp_path / "b", "T-1", fields, made.README, made.key(2), made.MadeClock())
    later.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    fake = bundle.create(tmp_path / "c", "T-1", made.opening(), made.README, made.key(3), made.MadeClock(), made.SID)
    fake.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert joint(first, later.path) == (0, ["joined"])
    for order in itertools.permutations((first, later.path, fake.path)):
        assert joint(*order) == (1, ["different"])


def test_a_stick_that_lost_its_end(tmp_path):
    """The last records of a bundle never reached the stick that was taken out: told, and no fault of anybody."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = made.unsealed(tmp_path / "a")
    first.release()
    told = {"sid": made.SID, "head": "cd" * 32, "records": first.head().records + 3}
    fields = {**made.opening(), "continues": told}
    later = bundle.create(tmp_path / "b", "T-1", fields, made.README, made.key(2), made.MadeClock())
    later.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert joint(first.path, later.path) == (3, ["shorter"])


@wine.posix("a signal that a process sends itself")
def test_a_signal_on_a_full_stick_ends_the_run():
    """Ctrl-C while a full bundle is being closed: it does not go on elsewhere."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    stop = Stop("disk_full")
    try:
        process.heed_signals(stop)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.reason == "signal"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Typed(io.StringIO):
    """What somebody types, seen as a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("why", [continuing.FULL, continuing.GONE])
def test_a_person_is_asked(tmp_path, why):
    """What happened, that nothing is lost, what to do; a wrong answer is told and asked again; Enter ends it."""
    out, paused = io.StringIO(), []
    typed = Typed(f'"{tmp_path}"\n{tmp_path}/x\n\n')
    places = another.Another([], typed, out, asks=True, pause=lambda: paused.append(1))
    assert places(why, None) == tmp_path
    assert places(why, BundleNotMadeError("no folder for the bundle can be made: \x1b[31mno")) == tmp_path / "x"
    assert places(why, None) is None
    assert len(paused) == 3
    said = out.getvalue()
    assert "is kept" in said
    assert "\x1b" not in said


def test_nobody_is_asked_who_is_not_there():
    """`--yes`, `--json`, `--quiet`, or no terminal: the folders that were given, and no question."""
    places = another.Another([Path("a")], sys.stdin, io.StringIO(), asks=False, pause=lambda: None)
    assert (places("full", None), places("full", None)) == (Path("a"), None)
