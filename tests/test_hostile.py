"""Hostile bundles: whatever stands in a folder, no command crashes, hangs, fills memory, follows, writes, prints raw.

Each world is a sealed bundle with one thing done to it by somebody who wants to hurt whoever opens it. Every command
that takes a bundle meets every world, in a process of its own with little memory.
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import live
import made
import pytest

from collector import custody
from collector.anchors import Trusted
from collector.errors import CollectorError
from collector.verify import examine

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform != "linux":
    pytest.skip("FIFOs, devices and limits of Linux", allow_module_level=True)

MEMORY = 400 << 20
"""Bytes of address space that a command gets: Python and the libraries take 250 MiB of it."""
TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
ARTIFACT = "artifacts/000001-processes.jsonl"
BIG = 10 << 30


def grown(name: str, size: int = BIG) -> Callable[[Path], None]:
    """Return what makes a file as long as that, sparse: it takes no room and reads as NULs without an end of line."""
    return lambda path: os.truncate(path / name, size)


def written(name: str, data: bytes) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(data)

    return do


def appended(name: str, data: bytes, times: int = 1) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        with (path / name).open("ab") as file:
            for _ in range(times):
                file.write(data)

    return do


def replaced(name: str, by: Callable[[Path], object]) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        if (path / name).is_dir():
            shutil.rmtree(path / name)
        else:
            (path / name).unlink()
        by(path / name)

    return do


def many(path: Path) -> None:
    (path / "attachments").mkdir(exist_ok=True)
    for number in range(5_000):
        (path / "attachments" / f"{number}\x1b[2J\u202e").touch()


def deep(path: Path) -> None:
    place = path / "more"
    for _ in range(300):
        place.mkdir()
        place /= "d" * 10


def listening(place: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(place.name)
    os.chdir(here)


def device(place: Path) -> None:
    os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero: opening it is harmless, reading it never ends


def twins(path: Path) -> None:
    for name in ("LISEZ-moi.txt", "Custody.jsonl", "MANIFEST.JSONL", "checkpoint ", "checkpoint\u0301", "artifacts."):
        (path / name).write_bytes(b"x")


WORLDS: dict[str, Callable[[Path], None]] = {
    **{
        f"ten gigabytes of {name}": grown(name)
        for name in ("manifest.jsonl", "custody.jsonl", "SHA256SUMS", "checkpoint", "checkpoint.sig", "run_key.pub")
    },
    "ten gigabytes of LISEZ-MOI.txt": grown("LISEZ-MOI.txt"),
    "ten gigabytes of allowed_signers": grown("allowed_signers"),
    "a terabyte of an artifact": grown(ARTIFACT, 1 << 40),
    "a terabyte nobody names": lambda path: (written("artifacts/x", b"")(path), grown("artifacts/x", 1 << 40)(path))[0],
    "a million brackets": appended("manifest.jsonl", b"[" * 1_000_000 + b"]" * 1_000_000 + b"\n"),
    "a million brackets in custody": appended("custody.jsonl", b'{"a":' * 1_000_000 + b"\n"),
    "brackets as deep as a line allows": appended("custody.jsonl", b"[" * 65_000 + b"\n"),
    "a number of a million digits": appended("custody.jsonl", b'{"v":' + b"1" * 60_000 + b"}\n"),
    "a hundred thousand empty lines": appended("manifest.jsonl", b"\n", 100_000),
    "fifty thousand bad lines in custody": appended("custody.jsonl", b"{}\n", 50_000),
    "NULs": appended("manifest.jsonl", bytes(100_000)),
    "invalid UTF-8": appended("custody.jsonl", b"\xff\xfe" * 1000 + b"\n"),
    "sums of many files": appended("SHA256SUMS", b"0" * 64 + b"  ../../etc/passwd\n", 100_000),
    "a link for the manifest": replaced("manifest.jsonl", lambda place: place.symlink_to("/etc/passwd")),
    "a link for custody": replaced("custody.jsonl", lambda place: place.symlink_to("/etc/passwd")),
    "a link for the checkpoint": replaced("checkpoint", lambda place: place.symlink_to("/dev/zero")),
    "a link that loops": replaced(ARTIFACT, lambda place: place.symlink_to(place.name)),
    "a link for the artifacts": replaced("artifacts", lambda place: place.symlink_to("/etc")),
    "a link for the attachments": lambda path: (path / "attachments").symlink_to("/etc"),
    "a FIFO for the manifest": replaced("manifest.jsonl", os.mkfifo),
    "a FIFO for the sums": replaced("SHA256SUMS", os.mkfifo),
    "a FIFO for an artifact": replaced(ARTIFACT, os.mkfifo),
    "a FIFO for custody": replaced("custody.jsonl", os.mkfifo),
    "a socket for an artifact": replaced(ARTIFACT, listening),
    "a device for an artifact": replaced(ARTIFACT, device),
    "a device for the checkpoint": replaced("checkpoint", device),
    "a device for custody": replaced("custody.jsonl", device),
    "a folder for the checkpoint": replaced("checkpoint", Path.mkdir),
    "a folder for custody": replaced("custody.jsonl", Path.mkdir),
    "a file for the artifacts": replaced("artifacts", Path.touch),
    "five thousand names for a terminal": many,
    "folders three hundred deep": deep,
    "names that differ by case and accent": twins,
    "a name that is not UTF-8": written(os.fsdecode(b"\xff\x1b]0;x\x07\n"), b"x"),
    "a checkpoint of numbers without end": written("checkpoint", b"x/1\n" + (b"9" * 5000 + b"\n") * 4),
    "a checkpoint for a terminal": written("checkpoint", b"\x1b[2J\n" * 5),
    "a signature without end": written("checkpoint.sig", b"-----BEGIN SSH SIGNATURE-----\n" + b"A" * 900_000 + b"\n"),
    "nothing but a manifest": lambda path: [
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for entry in path.iterdir()
        if entry.name != "manifest.jsonl"
    ][:0],
    "all files empty": lambda path: [os.truncate(file, 0) for file in path.rglob("*") if file.is_file()][:0],
}


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    return folder / "key"


def commands(bundle: Path, folder: Path, key: Path) -> list[list[object]]:
    """Return every command that takes a bundle."""
    return [
        ["verify", bundle],
        ["verify", bundle, "--json", "--expert-key", f"{key}.pub"],
        ["resume", bundle, "--quiet", "--json", "--scan", folder / "nothing"],
        ["note", bundle, "x"],
        ["attach", bundle, folder / "photo.jpg"],
        ["handover", bundle, "--to", "B"],
        ["receive", bundle, "--key", key, "--name", "C"],
        *([["timestamp", "request", bundle, "--out", folder]] if "stamping" in ROOMS else []),
        *([["pack", bundle, "--out", folder, "--json"]] if "packing" in ROOMS else []),
        *([["slip", bundle, "--out", folder]] if "papers" in ROOMS else []),
    ]


SEAL_ONLY = ("note", "attach", "timestamp")
"""Look at seal and custody alone (SPEC 10): they may add to a bundle whose other files were hurt, and change none."""
ROOMS = {path.stem for path in (live.ROOT / "collector/cli").glob("*.py")}


def seen(folder: Path) -> dict[str, tuple]:
    """Return what can be seen of a folder without reading what never ends."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        small = stat.S_ISREG(status.st_mode) and status.st_size < 1 << 20
        found[str(path)] = (status.st_mode, status.st_size, status.st_ino, path.read_bytes() if small else None)
    return found


@pytest.mark.parametrize("name", WORLDS)
def test_a_hostile_bundle(tmp_path, key, name):
    """ALTERED or no bundle: the promised exit code, printable words and a hint, all as it was inside and outside."""
    bundle = made.sealed(tmp_path)
    custody.note(bundle, "one", made.MadeClock(), dict(TOOL))
    (tmp_path / "photo.jpg").write_bytes(b"x")
    WORLDS[name](bundle)
    before = seen(tmp_path)
    for words in commands(bundle, tmp_path, key):
        done = limited(*words)
        if words[0] in SEAL_ONLY and done.code == 0:
            assert examine(bundle, Trusted()).verdict.value == "ALTERED"
            before = seen(tmp_path)
            continue
        assert done.code in (1, 2, 3), (words, done)
        assert printable(done.out + done.err), (words, ascii(done.out + done.err)[:2000])
        if words[0] != "verify":
            assert "error: " in done.err, (words, done)
            assert done.out == "", (words, done)
        assert seen(tmp_path) == before, words


def limited(*words: object) -> live.Done:
    """Run a command with little memory."""
    return live.run(*words, timeout=240, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)))


def printable(text: str) -> bool:
    return not [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char != "\n"]


def test_a_good_bundle_passes_within_the_same_memory(tmp_path, key):
    """The limits are no reason by themselves: the same commands succeed on an honest bundle."""
    bundle = made.sealed(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"x")
    for words in commands(bundle, tmp_path, key):
        assert limited(*words).code == (1 if words[0] == "resume" else 0), words


def test_a_terabyte_of_litter_is_not_read(tmp_path):
    """What a file manager may leave is told, and its bytes are nobody's business."""
    bundle = made.sealed(tmp_path)
    (bundle / "Thumbs.db").touch()
    grown("Thumbs.db", 1 << 40)(bundle)
    done = limited("verify", bundle, "--json")
    assert (done.code, live.codes(done)) == (0, ["LITTER"])


@pytest.mark.root
@pytest.mark.parametrize("name", ["manifest.jsonl", "checkpoint", ARTIFACT, "SHA256SUMS", "artifacts", "custody.jsonl"])
def test_permissions_that_were_removed(tmp_path, name):
    """As an ordinary user: what can't be read is said to be so, and never taken for empty or absent."""
    bundle = made.sealed(tmp_path)
    custody.note(bundle, "one", made.MadeClock(), dict(TOOL))
    for entry in [*live.folders_of(tmp_path), bundle, *bundle.rglob("*")]:
        os.chmod(entry, 0o755 if entry.is_dir() else 0o644)  # noqa: PTH101 - as the system has it
    (bundle / name).chmod(0)
    program = f"""
import os, sys
sys.path.insert(0, {str(live.ROOT)!r})
from pathlib import Path
from collector.anchors import Trusted
from collector.verify import examine
import collector.chainfile, collector.contents, collector.text
os.setgroups([]); os.setgid(65534); os.setuid(65534)
report = examine(Path(sys.argv[1]), Trusted())
print(report.verdict.value, *(f"{{f.code.value}}|{{f.subject}}|{{f.detail}}" for f in report.findings), sep="\\n")
"""
    done = subprocess.run([sys.executable, "-B", "-c", program, bundle], capture_output=True, text=True, check=True)
    verdict, *findings = done.stdout.splitlines()
    assert verdict == "ALTERED"
    assert findings[0].endswith("Permission denied"), findings
    assert findings[0].split("|")[:2] == ["CUSTODY_BREAK" if name == "custody.jsonl" else "MISSING", name]
    assert not any("not there" in finding for finding in findings), findings


@pytest.mark.parametrize("number", range(8))
def test_a_bundle_that_changes_while_it_is_read(tmp_path, number):
    """Somebody rewrites, swaps and removes its files all the time: a verdict, or our own refusal; nothing else."""
    bundle = made.sealed(tmp_path)
    custody.note(bundle, "one", made.MadeClock(), dict(TOOL))
    good = {file: file.read_bytes() for file in bundle.rglob("*") if file.is_file()}
    stop = threading.Event()

    def meddle() -> None:
        files = sorted(good)
        turn = number
        while not stop.is_set():
            file = files[turn % len(files)]
            turn += 1
            file.unlink()
            match turn % 5:
                case 0:
                    file.symlink_to("/etc/passwd")
                case 1:
                    os.mkfifo(file)
                case 2:
                    file.mkdir()
                case 3:
                    file.write_bytes(good[file][:-5] + b"x" * 100_000)
            if file.is_dir() and not file.is_symlink():
                file.rmdir()
            else:
                file.unlink(missing_ok=True)
            file.write_bytes(good[file])

    thread = threading.Thread(target=meddle)
    thread.start()
    try:
        for _ in range(60):
            try:
                examine(bundle, Trusted(seal_code="-".join(["AAAA"] * 8)))
                custody.note(bundle, "two", made.MadeClock(), dict(TOOL))
            except CollectorError:
                continue
    finally:
        stop.set()
        thread.join()
