"""Killed, or refused by the system, at every single step: what lies there verifies as far as it goes, and goes on.

These are the writer's own system steps, one by one (tests/stepper.py); the moments in between differ in nothing that
lies on the disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import made
import pytest
import stepper

from collector import custody, resume
from collector.anchors import Trusted
from collector.errors import CollectorError, NotABundleError
from collector.findings import Level
from collector.verify import examine


def stepped(work, how, folder):
    """Return (folder, outcome) for each step at which the work was spoiled; the last is the work undisturbed."""
    run = subprocess.run(
        [sys.executable, "-B", str(Path(stepper.__file__)), work, how, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [(folder / name, outcome) for name, outcome, _ in map(json.loads, run.stdout.splitlines())]


def bundle_in(folder):
    return next(path for path in sorted(folder.iterdir()) if path.is_dir())


def finished(path):
    """Take the bundle up and close it."""
    again = resume.reopen(path, made.key(3), made.MadeClock(), {"tool": stepper.TOOL, "arguments": []})
    again.close(**stepper.CLOSE)


def unaltered(path, where):
    report = examine(path, Trusted())
    assert max((f.level for f in report.findings), default=Level.INFORMATION) < Level.ALTERED, (where, report.findings)
    return str(report.verdict)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "half"])
@pytest.mark.parametrize("work", ["run", "resume"])
def test_a_run_killed_at_any_step_verifies_as_far_as_it_goes_and_can_go_on(work, how, tmp_path):
    """Before birth there is no bundle; then INCOMPLETE, never ALTERED; `resume` and close end in UNANCHORED."""
    verdicts = []
    for folder, outcome in stepped(work, how, tmp_path):
        assert outcome in ("killed", "done"), (folder.name, outcome)
        left = [path for path in folder.iterdir() if path.is_dir()]
        if not left or not (left[0] / "manifest.jsonl").exists():
            with pytest.raises(NotABundleError):
                examine(folder / "x" if not left else left[0], Trusted())
            verdicts.append("NONE")
            continue
        verdicts.append(unaltered(left[0], folder.name))
        if verdicts[-1] == "INCOMPLETE":
            finished(left[0])
            assert unaltered(left[0], folder.name) == "UNANCHORED"
    order = ["NONE", "INCOMPLETE", "UNANCHORED"][0 if work == "run" else 1 :]
    assert sorted(verdicts, key=order.index) == verdicts, "a later step never leaves less"
    assert set(verdicts) == set(order)
    assert len(verdicts) > 30


@pytest.mark.parametrize("how", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("work", ["run", "resume"])
def test_a_step_that_the_system_refuses_never_leaves_an_altered_bundle(work, how, tmp_path):
    """One call fails, once, anywhere: the run goes on or ends with our own error, and what lies there can be sealed."""
    outcomes = set()
    for folder, outcome in stepped(work, how, tmp_path):
        assert "CRASH" not in outcome, (folder.name, outcome)
        outcomes.add(outcome)
        left = [path for path in folder.iterdir() if path.is_dir()]
        if not left or not (left[0] / "manifest.jsonl").exists():
            assert outcome == "BundleNotMadeError", folder.name
            assert not any(file.is_file() for file in folder.rglob("*")), "at worst an empty folder"
            continue
        verdict = unaltered(left[0], (folder.name, outcome))
        assert verdict == "UNANCHORED" or outcome not in ("done", "BundleNotMadeError"), (folder.name, outcome)
        if verdict == "INCOMPLETE":
            finished(left[0])
            assert unaltered(left[0], folder.name) == "UNANCHORED"
    assert "done" in outcomes


@pytest.mark.parametrize("how", ["kill", "half", "ENOSPC", "EIO"])
def test_custody_spoiled_at_any_step_can_go_on(how, tmp_path):
    """A note and an attachment, killed or refused at each step: never ALTERED; the next note mends what was begun."""
    for folder, outcome in stepped("attach", how, tmp_path):
        assert "CRASH" not in outcome, (folder.name, outcome)
        path = bundle_in(folder)
        unaltered(path, (folder.name, outcome))
        custody.note(path, "later", made.MadeClock(), dict(stepper.TOOL))
        assert unaltered(path, (folder.name, outcome)) == "UNANCHORED"


def test_a_resume_that_is_refused_changed_nothing(tmp_path):
    """Our own error at the first step of a resume leaves every byte where it was."""
    path = stepper.cut_short(tmp_path)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    (path / "artifacts" / "000100-x.jsonl.part").symlink_to("/etc/passwd")
    with pytest.raises(CollectorError):
        finished(path)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file() and not file.is_symlink()} == before
