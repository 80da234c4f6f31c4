"""Windows: one writer, a scanner that holds a file for a moment, a medium that goes, names in another case, links."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import made
import pytest
import vectors
import wine

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import _winapi

from collector import custody, disk, handles, layout
from collector.errors import AlteredError, BundleNotMadeError, DiskFullError, RefusedError, WriteError
from collector.resume import reopen
from collector.verify import Trusted, examine

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "administrator"}
FIELDS = {"tool": TOOL, "arguments": []}
READ, WRITE, DELETE = 0x80000000, 0x40000000, 0x10000


class Holding:
    """Another program that holds a file and lets nobody else touch it, as a virus scanner does."""

    def __init__(self, path: Path, share: int = 0) -> None:
        self._handle = _winapi.CreateFile(str(path), READ, share, 0, 3, 0x80, 0)

    def let_go(self) -> None:
        _winapi.CloseHandle(self._handle)

    def let_go_soon(self) -> None:
        threading.Thread(target=lambda: (time.sleep(0.2), self.let_go())).start()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Give up early: how long one waits is not what is looked at."""
    monkeypatch.setattr(handles, "_PATIENCE", (0.05,) * 12)


def first(folder):
    report = examine(folder, Trusted())
    return str(report.verdict), [(str(one.code), one.subject) for one in report.findings]


# One writer


def test_the_manifest_is_ours_alone(tmp_path):
    """While a bundle is written everybody reads its manifest; nobody writes, renames or removes it."""
    bundle = made.unsealed(tmp_path)
    manifest = bundle.path / layout.MANIFEST
    assert manifest.read_bytes().count(b"\n") == bundle.records
    for act in (lambda: manifest.open("ab"), manifest.unlink, lambda: manifest.rename(tmp_path / "away")):
        with pytest.raises(PermissionError):
            act()
    assert first(bundle.path)[0] == "INCOMPLETE"
    with pytest.raises(RefusedError, match="another run is still writing"):
        reopen(bundle.path, made.key(2), made.MadeClock(), FIELDS)
    bundle.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert first(bundle.path) == ("UNANCHORED", [])


def test_an_artifact_that_is_written_is_ours_alone(tmp_path):
    """What encrypts files beside us can't touch the one that is being written."""
    bundle = made.unsealed(tmp_path)
    file = bundle.artifact("system", "system", ".jsonl", "test")
    file.write(b"{}\n")
    with pytest.raises(PermissionError):
        file.part.open("r+b")
    with pytest.raises(PermissionError):
        file.part.unlink()
    bundle.finish(file, rows=0)
    bundle.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert first(bundle.path) == ("UNANCHORED", [])


HOLDS = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from collector import handles
print(handles.held(Path(sys.argv[2])) >= 0, flush=True)
sys.stdin.read()
"""


def test_two_processes_take_turns(checkout, tmp_path):
    """What another process writes is refused, and can be had once that process is gone, however it went."""
    bundle = made.sealed(tmp_path)
    custody.note(bundle, "one", made.MadeClock(), TOOL)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(checkout), str(bundle / layout.CUSTODY)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout.readline().split() == [b"True"]
    with pytest.raises(RefusedError, match="another command is adding"):
        custody.note(bundle, "two", made.MadeClock(), TOOL)
    other.kill()
    other.wait()
    other.stdin.close()
    other.stdout.close()
    custody.note(bundle, "two", made.MadeClock(), TOOL)
    assert first(bundle)[0] == "UNANCHORED"


def test_a_run_that_was_killed_is_taken_up(tmp_path):
    """No lock file is left: a bundle that was cut short is resumed at once."""
    bundle = made.unsealed(tmp_path)
    bundle.release()
    again = reopen(bundle.path, made.key(2), made.MadeClock(), FIELDS)
    again.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert first(bundle.path)[0] == "UNANCHORED"


# A scanner beside us


def test_a_scanner_that_holds_a_new_file_for_a_moment(tmp_path):
    """A rename, a replacement and a removal wait until it lets go."""
    old, new = tmp_path / "a.part", tmp_path / "a"
    old.write_bytes(b"x")
    Holding(old).let_go_soon()
    disk.rename((old, new))
    assert new.read_bytes() == b"x"
    Holding(new).let_go_soon()
    disk.put_file(new, b"y")
    assert new.read_bytes() == b"y"
    Holding(new).let_go_soon()
    assert disk.read_regular(new, 10) == b"y"
    Holding(new).let_go_soon()
    disk.remove(new)
    assert not new.exists()


def test_a_scanner_that_does_not_let_go(tmp_path):
    """Then it is our own error, and nothing is lost."""
    old = tmp_path / "a.part"
    old.write_bytes(b"x")
    held = Holding(old)
    with pytest.raises(WriteError):
        disk.rename((old, tmp_path / "a"))
    held.let_go()
    assert old.read_bytes() == b"x"


def test_a_held_seal_is_told(tmp_path):
    """A file that can't be read is no reason to call a bundle altered without saying so: its name is told."""
    bundle = made.sealed(tmp_path)
    held = Holding(bundle / "artifacts/000001-processes.jsonl")
    try:
        verdict, findings = first(bundle)
    finally:
        held.let_go()
    assert (verdict, findings[0][1]) == ("ALTERED", "artifacts/000001-processes.jsonl")
    assert first(bundle) == ("UNANCHORED", [])


def test_a_folder_that_takes_nothing(tmp_path):
    """A folder that is none, or whose name no file can have, ends with our own error and no bundle."""
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "none", tmp_path / "a?b"):
        with pytest.raises(BundleNotMadeError):
            made.unsealed(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# A medium that is full or goes


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (112, DiskFullError, "No space left"),
        (39, DiskFullError, "No space left"),
        (1295, DiskFullError, "No space left"),
        (21, WriteError, "No such device"),
        (433, WriteError, "No such device"),
        (1167, WriteError, "No such device"),
        (1006, WriteError, "No such device"),
        (5, WriteError, "Permission denied"),
        (19, WriteError, "Permission denied"),
        (32, WriteError, "Permission denied"),
    ],
)
def test_errors_of_windows_are_ours(number, kind, words):
    """Python's own table makes `Invalid argument` of a stick that was pulled out."""
    error = disk.translated(OSError(0, "x", None, number))
    assert type(error) is kind
    assert words in str(error)


def test_a_folder_that_went_away(tmp_path):
    """The next artifact of a run whose folder is gone is our own error."""
    bundle = made.unsealed(tmp_path)
    (bundle.path / layout.ARTIFACTS).rename(tmp_path / "away")
    with pytest.raises(WriteError):
        bundle.artifact("system", "system", ".jsonl", "test")
    bundle.release()


def test_a_read_only_file_is_still_read(tmp_path):
    """Write protection (a CD, an attribute) does not stop a verifier; a note is refused and changes nothing.

    Wine 8.0: root writes into a read-only file all the same; only the reading is looked at there.
    """
    bundle = made.sealed(tmp_path)
    custody.note(bundle, "one", made.MadeClock(), TOOL)
    for path in bundle.rglob("*"):
        if path.is_file():
            path.chmod(stat.S_IREAD)
    before = vectors.snapshot(bundle)
    assert first(bundle)[0] == "UNANCHORED"
    if not wine.UNDER_WINE:
        with pytest.raises(RefusedError):
            custody.note(bundle, "two", made.MadeClock(), TOOL)
    assert vectors.snapshot(bundle) == before
    for path in bundle.rglob("*"):
        path.chmod(stat.S_IWRITE)


# Names


def test_a_name_in_another_case_is_another_name(tmp_path):
    """Windows finds it all the same; the record has one spelling, as on every other system."""
    bundle = made.sealed(tmp_path)
    old = bundle / "artifacts/000001-processes.jsonl"
    old.rename(tmp_path / "away")
    (tmp_path / "away").rename(old.with_name("000001-PROCESSES.jsonl"))
    verdict, findings = first(bundle)
    assert verdict == "ALTERED"
    assert ("EXTRA_FILE", "artifacts/000001-PROCESSES.jsonl") in findings


def test_what_explorer_leaves_is_litter(tmp_path):
    """desktop.ini and Thumbs.db, hidden or not, alter nothing; among the artifacts they do."""
    bundle = made.sealed(tmp_path)
    for name in ("desktop.ini", "Thumbs.db"):
        (bundle / name).write_bytes(b"[.ShellClassInfo]\r\n")
    assert first(bundle) == ("UNANCHORED", [("LITTER", "Thumbs.db"), ("LITTER", "desktop.ini")])
    (bundle / "artifacts/desktop.ini").write_bytes(b"")
    assert first(bundle)[0] == "ALTERED"


def test_a_stream_beside_a_file_changes_nothing(tmp_path):
    """Mark of the web: a downloaded bundle's files have a Zone.Identifier stream, which is no file."""
    bundle = made.sealed(tmp_path)
    try:
        Path(f"{bundle / layout.CHECKPOINT}:Zone.Identifier").write_bytes(b"[ZoneTransfer]\r\nZoneId=3\r\n")
    except OSError:
        pytest.skip("this file system has no streams")
    if "checkpoint:Zone.Identifier" in [path.name for path in bundle.iterdir()]:
        pytest.skip("Wine 8.0: writes a file of that name instead of a stream")
    assert first(bundle) == ("UNANCHORED", [])


@pytest.mark.parametrize("long", [True, False])
def test_a_bundle_far_down(tmp_path, long):
    """A path beyond 260 characters is as good as another, where Windows was told so or the prefix is given."""
    folder = Path("\\\\?\\" + str(tmp_path)) if long else tmp_path
    while long and len(str(folder)) < 300:
        folder /= "d" * 60
    folder.mkdir(parents=True, exist_ok=True)
    assert first(made.sealed(folder)) == ("UNANCHORED", [])


# Links


@wine.cannot("makes no junction and shows none")
def test_a_junction_is_no_folder(tmp_path):
    """It stands for another name, and nothing is read or written through it."""
    bundle = made.sealed(tmp_path)
    (bundle / layout.ARTIFACTS).rename(tmp_path / "elsewhere")
    _winapi.CreateJunction(str(tmp_path / "elsewhere"), str(bundle / layout.ARTIFACTS))
    verdict, findings = first(bundle)
    assert (verdict, findings[0]) == ("ALTERED", ("NOT_A_REGULAR_FILE", layout.ARTIFACTS))
    with pytest.raises(AlteredError):
        custody.note(bundle, "x", made.MadeClock(), TOOL)


class Told:
    """What `os.lstat` tells of an entry with a reparse tag."""

    def __init__(self, mode: int, tag: int) -> None:
        self.st_mode, self.st_reparse_tag = mode, tag


@pytest.mark.parametrize(
    ("mode", "tag", "kind"),
    [
        (stat.S_IFDIR, 0xA0000003, stat.S_IFLNK),  # IO_REPARSE_TAG_MOUNT_POINT: a junction
        (stat.S_IFREG, 0xA000000C, stat.S_IFLNK),  # IO_REPARSE_TAG_SYMLINK
        (stat.S_IFREG, 0xA000001D, stat.S_IFLNK),  # IO_REPARSE_TAG_LX_SYMLINK
        (stat.S_IFREG, 0x9000001A, stat.S_IFREG),  # IO_REPARSE_TAG_CLOUD: a file that OneDrive keeps
        (stat.S_IFREG, 0x80000013, stat.S_IFREG),  # IO_REPARSE_TAG_DEDUP
        (stat.S_IFDIR, 0, stat.S_IFDIR),
    ],
)
def test_what_stands_for_another_name_is_a_link(mode, tag, kind):
    """Tags of [MS-FSCC] 2.1.2.1: the bit for a name surrogate decides, not that there is a tag."""
    assert handles.kind(Told(mode, tag)) == kind


def test_a_device_is_no_file():
    """NUL and CON stand in every folder; they are not opened."""
    for name in ("NUL", "CON"):
        with pytest.raises(OSError, match=r".*"):
            disk.open_regular(name)


# A run that ends in mid-write


WRITES = """
import os, sys; sys.path[:0] = sys.argv[1:3]
from pathlib import Path
import made
from collector import disk
count = int(sys.argv[4])
def stepping(module, name):
    real = getattr(module, name)
    def step(*given, **named):
        global count
        count -= 1
        if count < 0:
            os._exit(9)  # TerminateProcess: nothing is flushed, nothing runs
        return real(*given, **named)
    setattr(module, name, step)
for name in ("write_all", "sync", "rename", "sync_folder", "put_file", "create", "rename_held"):
    stepping(disk, name)
made.sealed(Path(sys.argv[3]))
"""


@pytest.mark.parametrize("step", range(0, 60, 6))
def test_a_run_that_was_killed_anywhere_can_go_on(checkout, tmp_path, step):
    """Killed before any step, what stands there is no bundle yet or INCOMPLETE, and a resume seals it."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", WRITES, str(checkout), str(checkout / "tests"), str(tmp_path), str(step)],
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 9, "there are fewer steps than that"
    (left,) = [*tmp_path.iterdir()] or [None]
    if left is None or not (left / layout.MANIFEST).exists():
        return
    verdict = first(left)[0]
    if (left / layout.CHECKPOINT).exists():
        assert verdict == "UNANCHORED"
        return
    assert verdict == "INCOMPLETE"
    again = reopen(left, made.key(2), made.MadeClock(), FIELDS)
    again.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert first(left)[0] == "UNANCHORED"
