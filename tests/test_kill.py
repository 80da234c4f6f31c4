"""A run that is killed at any instant leaves what verifies as far as it goes, and `collect resume` ends it sealed.

`COLLECT_KILLS` is the number of random instants: 20 unless set, 200 for the whole proof.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import live
import pytest

if sys.platform != "linux":
    pytest.skip("signals of Linux", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLS = int(os.environ.get("COLLECT_KILLS", "20"))
EACH = 48
"""Syncs at the beginning of a run, each third of which is killed: all of what vanishes first, and some after it."""
STEP = 7
ALL = os.environ.get("COLLECT_FAULTS") == "all"
MOST_SYNCS = 600
"""More than a run of a small tree makes: a loop over them ends by itself."""


@pytest.fixture
def tree(tmp_path) -> Path:
    """Return a small tree to scan."""
    return live.files_in(tmp_path / "tree", 5)


@pytest.fixture(scope="module")
def seconds(tmp_path_factory) -> float:
    """Return how long a whole run takes here: the instants are drawn from it, and no more rests on it."""
    folder = tmp_path_factory.mktemp("whole")
    begun = time.monotonic()
    assert live.collect(folder, "--scan", live.files_in(folder / "tree", 5)).code in live.SEALED
    return time.monotonic() - begun


def killed(process, after: float) -> None:
    """Kill a command some seconds after its start, unless it has ended."""
    time.sleep(after)
    process.kill()
    process.communicate()


def assert_survives(out: Path, tree: Path, kill_resume_after: float | None = None) -> str:
    """Demand what the design promises of what a killed run left in a folder; return how far it had come."""
    folders = list(out.iterdir())
    assert len(folders) <= 1
    if not folders or not (folders[0] / "manifest.jsonl").exists():
        assert not any((folder / "checkpoint").exists() for folder in folders)
        assert live.collect(out, "--scan", tree).code in live.SEALED, "what never was born hinders nobody"
        return "unborn"
    path = folders[0]
    if (path / "checkpoint").exists():
        live.assert_sealed(path)
        return "sealed"
    kept = assert_incomplete(path)
    if kill_resume_after is not None:
        killed(live.start("resume", path, "--quiet", "--json"), kill_resume_after)
        if not (path / "checkpoint").exists():
            kept = assert_incomplete(path, kept)
    if not (path / "checkpoint").exists():
        done = live.run("resume", path, "--quiet", "--json")
        assert done.code in live.SEALED, (done.code, done.err)
        assert done.json["reason"] is None
    bundle = live.assert_sealed(path)
    assert bundle.lines[: len(kept)] == kept, "a record that was there is gone"
    assert len(bundle.of("resume")) in (1, 2)
    assert len(bundle.of("open")) == 1
    assert bundle.records[-1]["type"] == "close"
    for source in ("processes", "connections", "interfaces", "recent-files", "footprint"):
        assert bundle.artifacts(source), f"{source} is missing"
    return "resumed"


def assert_incomplete(path: Path, kept: list[bytes] | None = None) -> list[bytes]:
    """Demand that `verify` says INCOMPLETE with an intact prefix; return its whole lines."""
    told = live.examined(path)
    assert told["verdict"] == "INCOMPLETE", told
    assert {"NOT_CLOSED"} <= set(live.codes(told)) <= {"NOT_CLOSED", "TORN_TAIL", "PARTIAL"}
    lines = [line for line in (path / "manifest.jsonl").read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    assert told["records"] == len(lines) > 0
    if kept is not None:
        assert lines[: len(kept)] == kept
    return lines


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_a_random_instant(tmp_path, tree, seconds, number):
    """Never ALTERED: no bundle yet, an intact prefix that resumes to a seal, or a seal; every third resume dies too."""
    out = tmp_path / "out"
    out.mkdir()
    choose = random.Random()  # the scheduler is random anyway
    run = live.start("--case", "T1", "--out", out, "--scan", tree, "--json", "--quiet")
    # A third of the time goes to loading Python, where nothing is there to be hurt: fewer instants of it.
    killed(run, choose.uniform(0.2, 1.02) * seconds)
    assert_survives(out, tree, choose.uniform(0.3, 1.0) * seconds if number % 3 == 0 else None)


def syncs() -> Iterator[list[int]]:
    """Yield, two at a time, the numbers of the syncs at which to kill: of the first, then each `STEP`th of hundreds.

    With COLLECT_FAULTS=all each one is its turn, as `scripts/faults` has it, too.
    """
    numbers = iter([*range(1, EACH, 1 if ALL else 3), *range(EACH, MOST_SYNCS, 1 if ALL else STEP)])
    while some := list(itertools.islice(numbers, 2)):
        yield some
    raise AssertionError("more syncs than a run has")


def last(numbers: list[int]) -> range:
    """Return the numbers of the syncs before some of which one was beyond the end: those of the seal among them."""
    return range(numbers[0] - STEP, numbers[-1])


@pytest.mark.slow
def test_killed_at_each_sync(tmp_path, tree):
    """One kill as syncs of a run begin, until the run ends by itself: the same promise."""

    def one(number: int) -> str:
        out = tmp_path / str(number)
        out.mkdir()
        code = live.collect(out, "--scan", tree, fault=live.fault("fsync", number)).code
        how = assert_survives(out, tree)
        shutil.rmtree(out)
        return "ended" if code in live.SEALED else how

    seen: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for numbers in syncs():
            seen += pool.map(one, numbers)
            if "ended" in seen:
                break
        seen += pool.map(one, last(numbers))
    # How many syncs a run has depends on how long it takes: the last ones, of the seal, may be missed (test_cut_points
    # has each of them).
    assert {"unborn", "resumed", "ended"} <= set(seen), seen
    assert seen.count("resumed") > 20, "so few syncs were seen that the injection can't have worked"


@pytest.fixture
def unfinished(tmp_path, tree) -> Path:
    """Return the folder of a bundle whose run was killed in its middle."""
    out = tmp_path / "unfinished"
    out.mkdir()
    assert live.collect(out, "--scan", tree, fault=live.fault("fsync", 30)).code == -signal.SIGKILL
    return live.only_bundle(out).path


@pytest.mark.slow
def test_resume_killed_at_each_sync(tmp_path, tree, unfinished):
    """A resume that is itself killed as one of its syncs begins leaves what the next resume ends sealed."""

    def one(number: int) -> bool:
        path = Path(shutil.copytree(unfinished, tmp_path / f"copy-{number}"))
        kept = assert_incomplete(path)
        code = live.run("resume", path, "--json", "--quiet", fault=live.fault("fsync", number)).code
        if not (path / "checkpoint").exists():
            kept = assert_incomplete(path, kept)
            assert live.run("resume", path, "--json", "--quiet").code in live.SEALED
        assert live.assert_sealed(path).lines[: len(kept)] == kept
        shutil.rmtree(path)
        return code in live.SEALED

    ended: list[bool] = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for numbers in syncs():
            ended += pool.map(one, numbers)
            if any(ended):
                break
        ended += pool.map(one, last(numbers))
    assert len(ended) > 20, "so few syncs were seen that the injection can't have worked"


def test_a_resumed_bundle_says_so(unfinished):
    """The `resume` record names a new key, and what the earlier part collected whole is not read again."""
    whole = {one["kind"] for one in live.Bundle(unfinished).artifacts()}
    assert {"system", "processes", "connections"} <= whole
    assert live.run("resume", unfinished, "--json", "--quiet").code in live.SEALED
    bundle = live.assert_sealed(unfinished)
    (resume,) = bundle.of("resume")
    assert resume["run_key"] != bundle.of("open")[0]["run_key"]
    assert (unfinished / "run_key.pub").read_text() == resume["run_key"] + "\n"
    assert live.verify(unfinished).json["resumed"] == [resume["seq"]]
    for kind in whole:
        assert len(bundle.artifacts(kind)) == 1, f"{kind} was read twice"


def test_the_window_and_the_tree_of_a_resume_are_those_of_its_run(tmp_path, tree, unfinished):
    """Without `--scan` a resume scans what the run was told to scan; with it, what it is told."""
    copy = Path(shutil.copytree(unfinished, tmp_path / "copy"))
    assert live.run("resume", unfinished, "--json", "--quiet").code in live.SEALED
    found = {row["path"] for row in live.Bundle(unfinished).rows("recent-files")}
    assert found == {str(path) for path in tree.iterdir()}
    assert live.Bundle(unfinished).gaps("ransom") == []
    other = live.files_in(tmp_path / "other", 1)
    assert live.run("resume", copy, "--scan", other, "--json", "--quiet").code in live.SEALED
    assert [row["path"] for row in live.Bundle(copy).rows("recent-files")] == [str(other / "f00000")]
    [gap] = live.Bundle(copy).gaps("ransom")  # so that no paper says that nothing was found
    assert (gap["outcome"], "--scan" in gap["reason"]) == ("over_limit", True)


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\0" * 60_000, b'{"v":1,"sid"', b"\xff" * 10])
def test_a_torn_tail_is_cut_and_recorded(unfinished, tail):
    """What follows the last whole line is dropped by `resume`, which records its length; NULs count as torn."""
    before = live.Bundle(unfinished).lines
    with (unfinished / "manifest.jsonl").open("ab") as manifest:
        manifest.write(tail)
    done = live.verify(unfinished)
    assert (done.code, "TORN_TAIL" in live.codes(done)) == (3, True), done.out
    assert live.run("resume", unfinished, "--json", "--quiet").code in live.SEALED
    bundle = live.assert_sealed(unfinished)
    assert bundle.lines[: len(before)] == before
    (resume,) = bundle.of("resume")
    assert int(resume["torn"]["length"]) == len(tail)


def test_a_sealed_bundle_is_not_resumed(tmp_path, tree):
    """A second resume, or one of a whole bundle, is refused with exit 1, and nothing in the folder has changed."""
    path = Path(live.collect(tmp_path, "--scan", tree).json["bundle"])
    before = live.snapshot(path)
    done = live.run("resume", path, "--json", "--quiet")
    assert (done.code, done.out) == (1, "")
    assert "hint:" in done.err
    assert live.snapshot(path) == before


def test_an_altered_bundle_is_not_resumed(unfinished):
    """A flipped byte of the manifest is refused with exit 1, and nothing in the folder has changed."""
    manifest = unfinished / "manifest.jsonl"
    data = bytearray(manifest.read_bytes())
    data[len(data) // 2] ^= 1
    manifest.write_bytes(data)
    before = live.snapshot(unfinished)
    done = live.run("resume", unfinished, "--json", "--quiet")
    assert (done.code, done.out) == (1, "")
    assert "error:" in done.err
    assert "hint:" in done.err
    assert live.snapshot(unfinished) == before


def test_what_is_no_bundle_is_not_resumed(tmp_path):
    """A folder without a manifest is exit 2, and stays as it is."""
    (tmp_path / "file").write_text("x")
    before = live.snapshot(tmp_path)
    for path in (tmp_path, tmp_path / "file", tmp_path / "nothing"):
        done = live.run("resume", path, "--json")
        assert (done.code, done.out) == (2, "")
    assert live.snapshot(tmp_path) == before


def test_a_bundle_that_is_being_written_is_not_resumed(tmp_path, tree):
    """A second writer is refused while the first one stands still, and the first ends sealed."""
    out = tmp_path / "out"
    out.mkdir()
    run = live.start("--case", "T1", "--out", out, "--scan", tree, "--json", "--quiet")
    live.wait_for(lambda: list(out.glob("*/manifest.jsonl")))
    run.send_signal(signal.SIGSTOP)
    path = live.only_bundle(out).path
    before = live.snapshot(path)
    done = live.run("resume", path, "--json")
    unchanged = live.snapshot(path) == before
    run.send_signal(signal.SIGCONT)
    assert live.ended(run).code in live.SEALED
    assert (done.code, done.out, unchanged) == (1, "", True)
    live.assert_sealed(path)


@pytest.fixture(scope="module")
def big_tree(tmp_path_factory) -> Path:
    """Return a tree that takes seconds to scan."""
    return live.long_scan(tmp_path_factory.mktemp("big"))


# Signals that ask ---------------------------------------------------------------------------

ASKING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
BIRTH, PROCESSES, LONG_SCAN = "*/manifest.jsonl", "*/artifacts/*processes*", "*/artifacts/*recent-files*"


@pytest.mark.parametrize("number", ASKING, ids=lambda number: number.name)
@pytest.mark.parametrize("moment", [BIRTH, PROCESSES, LONG_SCAN], ids=["birth", "processes", "long-scan"])
def test_a_signal_closes_the_bundle(tmp_path, big_tree, moment, number):
    """Each that ends programs ends in a sealed bundle that says so: exit 3, `cut_short`, `signal`."""
    run = live.start("--case", "T1", "--out", tmp_path, "--scan", big_tree, "--json", "--quiet")
    live.wait_for(lambda: list(tmp_path.glob(moment)))
    run.send_signal(number)
    run.send_signal(number)  # people press it twice
    done = live.ended(run)
    assert done.code == done.json["exit"] == 3, done.err
    bundle = live.assert_sealed(done.json["bundle"])
    assert (bundle.close["outcome"], bundle.close["reason"]) == ("cut_short", "signal")
    assert done.json["reason"] == "signal"
    asked = {record["source"] for record in (*bundle.artifacts(), *bundle.gaps())}
    assert asked >= {"system", "processes", "connections", "recent-files", "footprint"}, "every source has its outcome"
    assert [gap for gap in bundle.gaps("recent-files") if "signal" in gap["reason"]]


def test_a_signal_before_anything_is_there_leaves_nothing(tmp_path, tree):
    """A run that is asked to stop while it loads ends, with or without a sealed bundle, never with half of one."""
    for after in (0.0, 0.03, 0.06, 0.09, 0.12):
        run = live.start("--case", "T1", "--out", tmp_path, "--scan", tree, "--json", "--quiet")
        time.sleep(after)
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=60)
    for path in tmp_path.iterdir():
        if path != tree:
            live.assert_sealed(path)
