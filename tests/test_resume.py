"""A run that was cut short is taken up: what was lost is said, what is there is kept, nothing else is touched."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import made
import pytest
import stepper
import vectors
import wine

from collector import resume
from collector.errors import AlteredError, CollectorError, NotABundleError, RefusedError
from collector.manifest import decode
from collector.verify import Trusted, examine

FIELDS = {"tool": stepper.TOOL, "arguments": []}


def reopened(path, number=2, **how):
    return resume.reopen(path, made.key(number), made.MadeClock(), FIELDS, **how)


def records(path):
    return [decode(line) for line in (path / "manifest.jsonl").read_bytes().splitlines()]


def verdict(path):
    report = examine(path, Trusted())
    assert all(finding.level < 2 for finding in report.findings), report.findings
    return str(report.verdict)


def refused(path, error, **how):
    """Take the bundle up in vain; nothing may change."""
    before = vectors.snapshot(path)
    with pytest.raises(error) as caught:
        reopened(path, **how)
    assert vectors.snapshot(path) == before
    return caught.value


def test_what_a_crash_left_is_named_and_kept(tmp_path):
    """The torn record with its hash, half a file as a partial artifact, an empty and a lost one as gaps."""
    path = stepper.cut_short(tmp_path)
    before = len(records_whole(path))
    again = reopened(path)
    added = records(path)[before:]
    assert [record["type"] for record in added] == ["resume", "gap", "artifact", "gap"]
    torn = b'{"v":1,"sid":"0123'
    told = {"length": len(torn), "sha256": hashlib.sha256(torn).hexdigest(), "base64": base64.b64encode(torn).decode()}
    assert added[0]["torn"] == told
    assert (added[2]["flags"], added[2]["size"]) == (["partial"], len(b"half of it"))
    assert (path / str(added[2]["path"])).read_bytes() == b"half of it"
    assert "lost with the power" in str(added[3]["reason"])
    assert not [name for name in (path / "artifacts").iterdir() if name.suffix == ".part"]
    known = [(name, name, "volatile", True) for name in ("processes", "connections", "routes")]
    assert resume.finished_sources(again.inventory, known) == {"processes", "connections"}
    again.close(**stepper.CLOSE)
    assert verdict(path) == "UNANCHORED"
    assert [str(f.code) for f in examine(path, Trusted()).findings if f.subject.startswith("artifacts")] == ["PARTIAL"]


def records_whole(path):
    return (path / "manifest.jsonl").read_bytes().split(b"\n")[:-1]


@wine.slow("a minute and a half")
def test_a_manifest_cut_at_any_byte_can_be_taken_up(tmp_path):
    """Whatever of the unsynced end was lost: cut at every 23rd byte after birth, it is resumed, closed and verifies."""
    (tmp_path / "x").mkdir()
    bundle = made.unsealed(tmp_path / "x")
    bundle.release()
    data = (bundle.path / "manifest.jsonl").read_bytes()
    names = {file.name: file.read_bytes() for file in (bundle.path / "artifacts").iterdir()}
    lines = data.split(b"\n")
    for length in range(len(lines[0]) + 1, len(data), 23):
        path = tmp_path / str(length)
        (path / "artifacts").mkdir(parents=True)
        (path / "LISEZ-MOI.txt").write_bytes(made.README)
        kept = data[:length]
        (path / "manifest.jsonl").write_bytes(kept)
        for name, content in names.items():
            recorded = sum(name.encode() in line for line in kept.split(b"\n")[:-1])
            ending = "" if recorded == 2 else ".part"
            (path / "artifacts" / (name + ending)).write_bytes(content)
        assert verdict(path) == "INCOMPLETE"
        reopened(path).close(**stepper.CLOSE)
        assert verdict(path) == "UNANCHORED"


@pytest.mark.parametrize("padding", [1, 512, 4096, 3 << 20])
def test_nuls_of_lost_power_are_cut_off_and_told(tmp_path, padding):
    """NULs after the last whole line, as a file system leaves them: length and hash are recorded, a part is kept."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    with (bundle.path / "manifest.jsonl").open("ab") as file:
        file.write(bytes(padding))
    reopened(bundle.path).close(**stepper.CLOSE)
    torn = next(record for record in records(bundle.path) if record["type"] == "resume")["torn"]
    assert (torn["length"], torn["sha256"]) == (padding, hashlib.sha256(bytes(padding)).hexdigest())
    assert base64.b64decode(torn["base64"]) == bytes(min(padding, 16 << 10))
    assert verdict(bundle.path) == "UNANCHORED"


def test_a_close_without_a_seal_is_voided(tmp_path):
    """Killed between close and checkpoint: the run goes on, closes again with all counts, and the last key seals."""
    path = made.sealed(tmp_path)
    (path / "checkpoint").unlink()
    again = reopened(path)
    assert not (path / "checkpoint.sig").exists()
    again.close(**stepper.CLOSE)
    assert [record["type"] for record in records(path)].count("close") == 2
    report = examine(path, Trusted())
    assert (str(report.verdict), report.resumed) == ("UNANCHORED", (8,))
    assert len((path / "allowed_signers").read_text().splitlines()) == 3


def test_a_run_is_taken_up_more_than_once(tmp_path):
    """Each time with a new key; each phase is checked with the key of its time."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    for number in (2, 3):
        again = reopened(bundle.path, number)
        again.phase("files")
        again.release()
    reopened(bundle.path, 4).close(**stepper.CLOSE)
    report = examine(bundle.path, Trusted())
    assert (str(report.verdict), len(report.resumed)) == ("UNANCHORED", 3)


def test_every_earlier_record_is_shown(tmp_path):
    """Whoever goes on learns what was asked and seen before, in order."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    seen = []
    again = reopened(bundle.path, seen=seen.append)
    assert [record["seq"] for record in seen] == list(range(7))
    again.release()


def test_a_sealed_bundle_is_not_taken_up(tmp_path):
    """Sealed is sealed: refused, with what to do instead."""
    assert refused(made.sealed(tmp_path), RefusedError).hint


def test_a_folder_that_is_no_bundle_is_not_taken_up(tmp_path):
    """No manifest: refused, and nothing is made of the folder."""
    refused(tmp_path, NotABundleError)


@pytest.mark.parametrize("kind", ["folder", "fifo", "symlink"])
def test_what_is_no_manifest_is_not_taken_up(tmp_path, kind):
    """Something else stands in the manifest's place: our own error, at once, nothing followed."""
    path = tmp_path / "manifest.jsonl"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(made.sealed(tmp_path) / "manifest.jsonl")
    refused(tmp_path, CollectorError)


@pytest.mark.parametrize("line", range(6))
def test_an_altered_bundle_is_not_taken_up(tmp_path, line):
    """A line that the next one does not name: refused, nothing added, nothing cut."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    lines = (bundle.path / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b'"mono_ns":"1', b'"mono_ns":"2')
    (bundle.path / "manifest.jsonl").write_bytes(b"".join(lines) + b"torn")
    refused(bundle.path, AlteredError)


def test_a_manifest_without_its_first_line_is_not_taken_up(tmp_path):
    """Emptied, or torn within the first record: it was born with that one whole."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    for data in (b"", b'{"v":1', bytes(100)):
        (bundle.path / "manifest.jsonl").write_bytes(data)
        refused(bundle.path, AlteredError)


@pytest.mark.parametrize(
    "name", ["artifacts/000001-x.jsonl.part", "artifacts/x", ".reserve", "checkpoint.part", "more"]
)
@pytest.mark.parametrize("kind", ["folder", "fifo", "symlink"])
def test_what_was_planted_is_not_followed(tmp_path, name, kind):
    """A link, folder or FIFO where a file would be taken over or removed: refused before anything is changed."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    victim = tmp_path / "victim"
    victim.write_bytes(b"x")
    path = bundle.path / name
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(victim)
    refused(bundle.path, AlteredError)
    assert victim.read_bytes() == b"x"


def test_the_reserve_is_laid_again(tmp_path):
    """The part that follows has its own room for a full disk."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    (bundle.path / ".reserve").unlink()
    again = reopened(bundle.path)
    assert (bundle.path / ".reserve").stat().st_size >= 1 << 20
    again.close(**stepper.CLOSE)
    assert not (Path(bundle.path) / ".reserve").exists()
