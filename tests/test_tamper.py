"""Whatever is changed in a sealed bundle is told, and told at its place."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import made
import pytest
import vectors
import wine

from collector import custody
from collector.anchors import Trusted
from collector.verify import examine

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND = [
    sys.executable,
    "-I",
    "-B",
    "-c",
    f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from collector.cli import main; main()",
]
TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
SHARES = 12
"""Parts that the flips are cut into, so that two processes can share them."""


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """Return a small sealed bundle that nobody writes to; a test that changes one takes a copy."""
    return made.sealed(tmp_path_factory.mktemp("original"))


@pytest.fixture
def bundle(original, tmp_path):
    """Return a copy of the small sealed bundle."""
    return Path(shutil.copytree(original, tmp_path / "bundle", symlinks=True))


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def first(folder):
    """Return verdict, code and subject of the first finding."""
    report = examine(folder, Trusted())
    assert report.findings, "nothing was found"
    return str(report.verdict), str(report.findings[0].code), report.findings[0].subject


def told_right(name, data, at, subject):
    """Tell whether a subject names the place of a flip: the file, of the manifest the line."""
    if name == "SHA256SUMS":
        return subject.split(":")[0] == name
    if name != "manifest.jsonl" or at == len(data) - 1:  # without its last LF the manifest has lost its end
        return subject == name
    line = data.count(b"\n", 0, at) + 1
    return subject == f"{name} line {line}"


@pytest.mark.parametrize("share", range(SHARES))
@wine.slow("four minutes")
def test_no_byte_can_change_unnoticed(bundle, share):
    """Every byte of every file, its lowest and its highest bit: ALTERED, and the first finding names the place."""
    number = 0
    for name in files(bundle):
        path = bundle / name
        data = path.read_bytes()
        for at in range(len(data)):
            for bit in (1, 0x80):
                number += 1
                if number % SHARES != share:
                    continue
                path.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
                verdict, code, subject = first(bundle)
                assert verdict == "ALTERED", (name, at, bit)
                assert told_right(name, data, at, subject), (name, at, bit, code, subject)
        path.write_bytes(data)
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"


def lines_of(bundle):
    return (bundle / "manifest.jsonl").read_bytes().splitlines(keepends=True)


def put(bundle, lines):
    (bundle / "manifest.jsonl").write_bytes(b"".join(lines))


def test_no_line_can_be_removed_unnoticed(bundle):
    """Each line removed in turn: ALTERED, at that line; the last one removed is a manifest that was cut short."""
    lines = lines_of(bundle)
    for number in range(len(lines)):
        put(bundle, lines[:number] + lines[number + 1 :])
        expected = ("ALTERED", "CHAIN_BREAK", f"manifest.jsonl line {number + 1}")
        if number == len(lines) - 1:
            expected = ("ALTERED", "TRUNCATED", "manifest.jsonl")
        assert first(bundle) == expected


def test_no_line_can_be_doubled_unnoticed(bundle):
    """Each line doubled in turn: ALTERED, at the second of the two."""
    lines = lines_of(bundle)
    for number in range(len(lines)):
        put(bundle, lines[: number + 1] + lines[number:])
        assert first(bundle) == ("ALTERED", "CHAIN_BREAK", f"manifest.jsonl line {number + 2}")


def test_no_line_can_be_swapped_unnoticed(bundle):
    """Each line swapped with its neighbour in turn: ALTERED, at the first of the two."""
    lines = lines_of(bundle)
    for number in range(len(lines) - 1):
        pair = [lines[number + 1], lines[number]]
        put(bundle, lines[:number] + pair + lines[number + 2 :])
        assert first(bundle) == ("ALTERED", "CHAIN_BREAK", f"manifest.jsonl line {number + 1}")


@wine.slow("the same reader")
def test_no_end_can_be_cut_off_unnoticed(bundle):
    """Cut at every length, the manifest of a sealed bundle is ALTERED; without the seal it is INCOMPLETE or unborn."""
    data = (bundle / "manifest.jsonl").read_bytes()
    for length in range(0, len(data), 37):
        (bundle / "manifest.jsonl").write_bytes(data[:length])
        assert first(bundle)[:2] == ("ALTERED", "TRUNCATED"), length
    for name in ("checkpoint", "checkpoint.sig", "SHA256SUMS", "run_key.pub", "allowed_signers"):
        (bundle / name).unlink()
    for path in (bundle / "artifacts").iterdir():
        path.rename(path.with_name(path.name + ".part"))  # as a crash leaves what is not recorded
    born = data.index(b"\n") + 1
    for length in (0, 1, born - 1):
        (bundle / "manifest.jsonl").write_bytes(data[:length])
        assert first(bundle)[:2] == ("ALTERED", "TRUNCATED"), length
    second = data.index(b"\n", born) + 1
    for length in range(born, second, 7):
        (bundle / "manifest.jsonl").write_bytes(data[:length])
        assert first(bundle)[0] == "INCOMPLETE", length


def artifacts(bundle):
    return sorted((bundle / "artifacts").iterdir())


@pytest.mark.parametrize("accident", ["removed", "renamed", "symlink", "fifo", "folder", "emptied", "doubled"])
def test_no_artifact_can_be_touched_unnoticed(bundle, accident):
    """Each artifact in turn removed, renamed, replaced or changed in length: ALTERED, and it is named first."""
    for path in artifacts(bundle):
        data = path.read_bytes()
        name = f"artifacts/{path.name}"
        path.unlink()
        other = path.with_name("000099-other.jsonl")
        match accident:
            case "renamed":
                other.write_bytes(data)
            case "symlink":
                (bundle.parent / "copy").write_bytes(data)
                path.symlink_to(bundle.parent / "copy")
            case "fifo":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case "emptied":
                path.touch()
            case "doubled":
                path.write_bytes(data * 2)
        codes = {
            "removed": "MISSING",
            "renamed": "MISSING",
            "emptied": "CONTENT_MISMATCH",
            "doubled": "CONTENT_MISMATCH",
        }
        before = vectors.snapshot(bundle)
        assert first(bundle) == ("ALTERED", codes.get(accident, "NOT_A_REGULAR_FILE"), name)
        assert vectors.snapshot(bundle) == before
        if accident == "folder":
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        other.unlink(missing_ok=True)
        path.write_bytes(data)
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"


def test_artifacts_that_change_places_are_both_named(bundle):
    """Two artifacts with each other's bytes: two findings, one for each, and no extra file."""
    one, two = artifacts(bundle)
    first_bytes, second_bytes = one.read_bytes(), two.read_bytes()
    one.write_bytes(second_bytes)
    two.write_bytes(first_bytes)
    report = examine(bundle, Trusted())
    assert [finding.subject for finding in report.findings] == [f"artifacts/{path.name}" for path in (one, two)]


@pytest.mark.parametrize(
    "name", ["artifacts/000008-added.jsonl", "artifacts/.x", "x", ".x", "artifacts/\x1b[2J", "\u202e"]
)
@pytest.mark.parametrize("kind", ["file", "folder", "symlink", "fifo"])
def test_nothing_can_be_added_unnoticed(bundle, name, kind):
    """A file, folder, link or FIFO more: ALTERED, EXTRA_FILE, its name escaped, and it is never opened."""
    wine.needs_names([name])
    path = bundle / name
    match kind:
        case "file":
            path.write_bytes(b"x")
        case "folder":
            path.mkdir()
        case "symlink":
            path.symlink_to("/proc/kcore")
        case _:
            os.mkfifo(path)
    verdict, code, subject = first(bundle)
    assert (verdict, code) == ("ALTERED", "EXTRA_FILE")
    assert subject.isprintable()


def test_a_renamed_artifact_is_recognised(bundle):
    """The extra file's finding says which missing artifact it is, so that people look for a rename."""
    path = artifacts(bundle)[0]
    path.rename(path.with_name("000099-other.jsonl"))
    report = examine(bundle, Trusted())
    assert f"its bytes are those of artifacts/{path.name}" in report.findings[1].detail


def test_an_endless_file_stalls_nothing(bundle):
    """A sparse file of 8 EiB beside a missing artifact is told without being read."""
    path = artifacts(bundle)[0]
    path.unlink()
    with (bundle / "more").open("wb") as file:
        try:
            os.truncate(file.fileno(), 1 << 43)
        except OSError:
            os.truncate(file.fileno(), 1 << 40)
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    assert first(bundle) == ("ALTERED", "CONTENT_MISMATCH", f"artifacts/{path.name}")


def test_nothing_is_read_through_a_folder_that_is_a_link(bundle):
    """`artifacts` is a link to a true copy: the folder is named first, and no file behind it counts as there."""
    (bundle / "artifacts").rename(bundle.parent / "copy")
    (bundle / "artifacts").symlink_to(bundle.parent / "copy")
    codes = [str(finding.code) for finding in examine(bundle, Trusted()).findings]
    assert codes == ["NOT_A_REGULAR_FILE", "MISSING", "MISSING"]


def test_a_folder_of_thousands_of_extra_files_is_told_briefly(bundle):
    """Each is not a finding: two hundred are named, the others counted."""
    for number in range(300):
        (bundle / "artifacts" / f"x{number}").touch()
    report = examine(bundle, Trusted())
    assert len(report.findings) == 201
    assert "100 more files" in report.findings[-1].detail


def test_a_manifest_of_garbage_fills_no_memory(bundle):
    """Two hundred thousand empty lines: ALTERED, at line 1, with a bounded number of findings."""
    (bundle / "manifest.jsonl").write_bytes(b"\n" * 200_000)
    report = examine(bundle, Trusted())
    assert (str(report.findings[0].code), report.findings[0].subject) == ("BAD_RECORD", "manifest.jsonl line 1")
    assert len(report.findings) <= 1000
    assert report.more_findings > 0


@wine.slow("a minute")
def test_custody_bytes_are_held_by_what_follows(bundle):
    """Every byte of a custody chain but its last line's: CUSTODY_BREAK at the line; every attachment byte, too."""
    photo = bundle.parent / "photo.jpg"
    photo.write_bytes(b"\xff\xd8 a photograph")
    clock = made.MadeClock()
    custody.note(bundle, "one", clock, dict(TOOL))
    custody.attach(bundle, photo, "of the screen", clock, dict(TOOL))
    custody.note(bundle, "two", clock, dict(TOOL))
    path = bundle / "custody.jsonl"
    data = path.read_bytes()
    for at in range(0, data.rindex(b"\n", 0, -1), 3):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        number = data.count(b"\n", 0, at) + 1
        assert first(bundle) == ("ALTERED", "CUSTODY_BREAK", f"custody.jsonl line {number}"), at
    path.write_bytes(data)
    attachment = next((bundle / "attachments").iterdir())
    kept = attachment.read_bytes()
    for at in range(len(kept)):
        attachment.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
        assert first(bundle) == ("ALTERED", "CONTENT_MISMATCH", f"attachments/{attachment.name}")


def verify(folder, *arguments):
    run = subprocess.run([*COMMAND, "verify", str(folder), *arguments], capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in run.stderr + run.stdout, run.stderr
    return run


def test_the_command_says_the_same(bundle):
    """Through the command line: 0 for the true bundle, 1 for a changed one, one JSON object, the same first finding."""
    run = verify(bundle, "--json")
    assert (run.returncode, json.loads(run.stdout)["verdict"]) == (0, "UNANCHORED")
    path = artifacts(bundle)[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    run = verify(bundle, "--json")
    told = json.loads(run.stdout)
    assert (run.returncode, told["verdict"]) == (1, "ALTERED")
    assert told["findings"][0]["subject"] == f"artifacts/{path.name}"
    assert verify(bundle).returncode == 1


RUNS = 6
FLIPS = 300
LOOP = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from collector import cli, verify
bundle, flips = sys.argv[2], json.loads(sys.argv[3])
for name, at, bit in flips:
    with open(os.path.join(bundle, name), "r+b") as file:
        file.seek(at); old = file.read(1)
        file.seek(at); file.write(bytes([old[0] ^ bit]))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1)
        os.close(writer)
        sys.argv = ["collect", "verify", bundle, "--json"]
        cli.main()
        os._exit(99)
    os.close(writer)
    with open(reader) as pipe:
        told = json.loads(pipe.read())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(os.path.join(bundle, name), "r+b") as file:
        file.seek(at); file.write(old)
    print(json.dumps([code, told["verdict"]]), flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(RUNS))
@wine.slow("one process each")
def test_random_flips_through_the_command(bundle, part):
    """Three hundred random bits through the command's own entry: exit 1, ALTERED, valid JSON, no traceback."""
    chosen = random.Random(part)
    names = files(bundle)
    sizes = [(bundle / name).stat().st_size for name in names]
    flips = [
        (name, chosen.randrange((bundle / name).stat().st_size), 1 << chosen.randrange(8))
        for name in chosen.choices(names, sizes, k=FLIPS // RUNS)
    ]
    run = subprocess.run(
        [sys.executable, "-I", "-B", "-c", LOOP, str(CHECKOUT), str(bundle), json.dumps(flips)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    assert [json.loads(line) for line in run.stdout.splitlines()] == [[1, "ALTERED"]] * len(flips)
