"""A bundle on real disks: what stock tools say of it, what a full, read-only or missing folder does, two at once."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import made
import pytest
import vectors
import wine

from collector import bundle, disk, resume, seal
from collector.errors import BundleNotMadeError, DiskFullError, RefusedError, WriteError
from collector.ledger import GROUP_FILES, ChainFileOnDisk
from collector.manifest import decode
from collector.model import Gap, Outcome
from collector.verify import Trusted, examine

CLOSE = {"outcome": "cut_short", "reason": "disk_full", "isolation": dict(made.ISOLATION), "same_boot": True}
RESUME = {"tool": {"version": "0", "sha256": "0" * 64, "privileges": "root"}, "arguments": []}


def create(folder, name="T-1"):
    return bundle.create(folder, name, made.opening(), made.README, made.key(), made.MadeClock())


def verdict(path):
    report = examine(path, Trusted())
    assert all(finding.level < 2 for finding in report.findings), report.findings
    return str(report.verdict)


def records(path):
    return [decode(line) for line in (path / "manifest.jsonl").read_bytes().splitlines()]


def stock(*command, cwd, given=b""):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, cwd=cwd, input=given, capture_output=True, check=False, timeout=60)


def test_stock_sha256sum_agrees(tmp_path):
    """`sha256sum -c` passes in the folder, strictly, and fails once an artifact is touched."""
    path = made.sealed(tmp_path)
    run = stock("sha256sum", "--strict", "-c", "SHA256SUMS", cwd=path)
    assert run.returncode == 0, run.stderr
    listed = {line.split(b": ")[0].decode() for line in run.stdout.splitlines()}
    lies = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    assert listed == lies - {"SHA256SUMS"}
    next((path / "artifacts").iterdir()).write_bytes(b"x")
    assert stock("sha256sum", "-c", "SHA256SUMS", cwd=path).returncode == 1


def ssh_verify(path, namespace, signature, message):
    return stock(
        "ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", made.SID, "-n", namespace, "-s", signature,
        cwd=path, given=message,
    )  # fmt: skip


def test_stock_ssh_keygen_agrees_with_the_seal(tmp_path):
    """`ssh-keygen -Y verify` takes the checkpoint's signature, and not for another text or another purpose."""
    path = made.sealed(tmp_path)
    text = (path / "checkpoint").read_bytes()
    run = ssh_verify(path, seal.NAMESPACE, "checkpoint.sig", text)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(b"Good")
    assert ssh_verify(path, seal.NAMESPACE, "checkpoint.sig", text + b"\n").returncode != 0
    assert ssh_verify(path, seal.PHASE_NAMESPACE, "checkpoint.sig", text).returncode != 0


def test_stock_ssh_keygen_agrees_with_a_phase(tmp_path):
    """The signature in a `phase` record, in armour, is one of the lines before it, and for no other purpose."""
    path = made.sealed(tmp_path)
    lines = (path / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    number = next(at for at, line in enumerate(lines) if b'"type":"phase"' in line)
    before = b"".join(lines[:number])
    signature = tmp_path / "phase.sig"
    signature.write_bytes(seal.armoured(base64.b64decode(str(decode(lines[number][:-1])["signature"]))))
    hashes = [_sha256(path, data) for data in (before, lines[number - 1][:-1])]
    text = f"evidence-collector/v1/{made.SID}\n{number}\n{len(before)}\n{hashes[0]}\n{hashes[1]}\n".encode()
    run = ssh_verify(path, seal.PHASE_NAMESPACE, str(signature), text)
    assert run.returncode == 0, run.stderr
    assert ssh_verify(path, seal.NAMESPACE, str(signature), text).returncode != 0


def _sha256(path, data):
    return stock("sha256sum", cwd=path, given=data).stdout[:64].decode()


def test_stock_openssl_and_base32_make_the_codes(tmp_path):
    """`openssl dgst | base32` gives the seal code and, over the first line, the start code."""
    path = made.sealed(tmp_path)
    report = examine(path, Trusted())
    first = (path / "manifest.jsonl").read_bytes().split(b"\n")[0]
    for data, code in (((path / "checkpoint").read_bytes(), report.seal_code), (first, report.start_code)):
        digest = stock("openssl", "dgst", "-sha256", "-binary", cwd=path, given=data).stdout
        assert stock("base32", cwd=path, given=digest).stdout[:32].decode() == code.replace("-", "")


def test_stock_tools_follow_the_checkpoint(tmp_path):
    """Its length and hash are those of `head -c` and `sha256sum` over the manifest."""
    path = made.sealed(tmp_path)
    _, records_told, length, whole, last = (path / "checkpoint").read_text().splitlines()
    lines = (path / "manifest.jsonl").read_bytes().splitlines()
    head = stock("head", "-c", length, "manifest.jsonl", cwd=path).stdout
    assert (_sha256(path, head), _sha256(path, lines[-1]), int(records_told)) == (whole, last, len(lines))


@wine.posix("modes; on Windows a folder has the rights of the one around it")
def test_nobody_else_may_read_a_bundle(tmp_path):
    """Folders are 0700 and files 0600 from the start, whatever the umask was."""
    old = os.umask(0)
    try:
        path = made.sealed(tmp_path)
    finally:
        os.umask(old)
    modes = {oct(file.stat().st_mode & 0o777) for file in path.rglob("*") if file.is_file()}
    assert modes == {"0o600"}
    assert path.stat().st_mode & 0o777 == 0o700


def test_two_bundles_of_one_second_are_two(tmp_path):
    """The same case on the same host in the same second: a second folder, and both verify, each with its own sid."""
    one, two = create(tmp_path), create(tmp_path)
    assert one.path != two.path
    for each in (one, two):
        each.close(**CLOSE)
        assert verdict(each.path) == "UNANCHORED"
    assert one.sid != two.sid


@pytest.mark.parametrize("out", ["missing", "file", "file/x", "loop"])
def test_no_folder_to_write_to_is_told_and_nothing_is_left(tmp_path, out):
    """A missing folder, a file in its place, a loop of links: refused with a hint, nothing written."""
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "loop").symlink_to("loop")
    before = vectors.snapshot(tmp_path)
    with pytest.raises(BundleNotMadeError) as caught:
        create(tmp_path / out)
    assert caught.value.hint
    assert vectors.snapshot(tmp_path) == before


@contextlib.contextmanager
def mounted(folder, kind, size, options="rw"):
    """Mount a small file system of a kind; bytes in all."""
    place = folder / "disk"
    place.mkdir()
    if kind == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},{options}", "tmpfs", str(place)]
    else:
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(size)
        maker = {"ext4": ["mkfs.ext4", "-q", "-m", "0"], "vfat": ["mkfs.vfat"], "exfat": ["mkfs.exfat"]}[kind]
        if shutil.which(maker[0]) is None:
            pytest.skip(f"{maker[0]} is not installed")
        subprocess.run([*maker, str(image)], check=True, capture_output=True)
        command = ["mount", "-o", f"loop,{options}", str(image), str(place)]
        if kind == "exfat":  # in user space: the kernel of a test machine seldom knows it
            if shutil.which("mount.exfat-fuse") is None:
                pytest.skip("exfat-fuse is not installed")
            device = subprocess.run(
                ["losetup", "--find", "--show", str(image)], check=True, capture_output=True, text=True
            )
            command = ["mount.exfat-fuse", device.stdout.strip(), str(place)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode:
        if kind == "exfat":
            subprocess.run(["losetup", "--detach", command[1]], check=True)
        pytest.skip(f"this machine mounts no {kind}: {run.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        if kind == "exfat":
            subprocess.run(["losetup", "--detach", command[1]], check=True)


@pytest.fixture(params=["tmpfs", "ext4", "vfat", "exfat"])
def small_disk(request, tmp_path):
    """Return an empty folder on a real file system of ten megabytes."""
    with mounted(tmp_path, request.param, 10 << 20) as place:
        yield place


def fill(folder):
    """Take every byte that is left."""
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 4096, 64, 1):
            with contextlib.suppress(OSError):
                while file.write(os.urandom(size)):
                    pass


def write_on(file):
    for _ in range(100):
        file.write(os.urandom(1 << 18))


@pytest.mark.root
def test_a_full_disk_is_recorded_and_the_bundle_sealed(small_disk):
    """What fits of the artifact is kept and flagged, the end is recorded from the reserve, and the seal holds."""
    made_bundle = create(small_disk)
    file = made_bundle.artifact("file", "recent", ".bin", "copied")
    with pytest.raises(DiskFullError):
        write_on(file)
    made_bundle.gap("recent", Gap(Outcome.OVER_LIMIT, "the folder of the bundle is full"))
    made_bundle.finish(file)
    made_bundle.observe("disk-full", {})
    made_bundle.close(**CLOSE)
    assert verdict(made_bundle.path) == "UNANCHORED"
    artifact = next(record for record in records(made_bundle.path) if record["type"] == "artifact")
    assert artifact["size"] == (made_bundle.path / str(artifact["path"])).stat().st_size > 1 << 18
    assert records(made_bundle.path)[-1]["reason"] == "disk_full"
    assert not (made_bundle.path / ".reserve").exists()


@pytest.mark.root
def test_an_artifact_that_is_cut_at_its_end_is_flagged(small_disk):
    """The disk fills while the last bytes of an artifact are handed over: `cut`, with the size of what is there."""
    made_bundle = create(small_disk)
    file = made_bundle.artifact("file", "recent", ".bin", "copied")
    fill(small_disk)
    file.write(b"x" * 100_000)
    with pytest.raises(DiskFullError):
        made_bundle.finish(file)
    made_bundle.close(**CLOSE)
    assert verdict(made_bundle.path) == "UNANCHORED"
    artifact = next(record for record in records(made_bundle.path) if record["type"] == "artifact")
    assert artifact["flags"] == ["cut"]
    assert artifact["size"] == (made_bundle.path / str(artifact["path"])).stat().st_size < 100_000


@pytest.mark.root
def test_a_disk_that_fills_between_small_files_is_sealed(small_disk):
    """Hundreds of small artifacts in groups until the disk is full: each is whole, cut or a gap, and the seal holds."""
    made_bundle = create(small_disk)
    made_bundle.grouped = True
    fill(small_disk)
    with (small_disk / "filler").open("r+b") as filler:
        filler.truncate((small_disk / "filler").stat().st_size - (64 << 10))
    full = 0
    for number in range(200):
        try:
            file = made_bundle.artifact("file", "recent", ".txt", "copied")
            file.write(b"%d" % number * 1000)
            made_bundle.finish(file)
        except DiskFullError:
            full += 1
            if full > 3:
                break
    made_bundle.close(**CLOSE)
    assert verdict(made_bundle.path) == "UNANCHORED"


@pytest.mark.root
def test_a_disk_without_room_for_the_reserve_bears_no_bundle(tmp_path):
    """64 KiB in all: refused with a hint, and nothing is left behind."""
    with mounted(tmp_path, "tmpfs", 64 << 10) as place:
        with pytest.raises(BundleNotMadeError) as caught:
            create(place)
        assert caught.value.hint
        assert list(place.iterdir()) == []


@pytest.mark.root
def test_a_read_only_folder_bears_no_bundle(tmp_path):
    """A stick whose switch is at read-only: refused, nothing written."""
    with mounted(tmp_path, "tmpfs", 1 << 20, "ro") as place, pytest.raises(BundleNotMadeError, match="Read-only"):
        create(place)


@pytest.mark.root
def test_a_stick_that_turns_read_only_ends_the_run_unaltered(tmp_path):
    """The medium refuses in the middle of a run: our own error, and what lies there is INCOMPLETE, not ALTERED."""
    with mounted(tmp_path, "tmpfs", 10 << 20) as place:
        made_bundle = create(place)
        made_bundle.gap("screen", Gap(Outcome.ABSENT, "no display"))
        fd = os.open(made_bundle.path / "manifest.jsonl", os.O_RDONLY)
        os.dup2(fd, made_bundle._file.fd)  # writing is refused from here on, as on a failed medium
        os.close(fd)
        with pytest.raises(WriteError):
            made_bundle.gap("screen", Gap(Outcome.ABSENT, "no display"))
        with pytest.raises(WriteError):
            made_bundle.close(**CLOSE)
        made_bundle.release()
        assert verdict(made_bundle.path) == "INCOMPLETE"


@pytest.mark.root
def test_a_line_that_did_not_fit_is_taken_back(tmp_path):
    """A short write and then ENOSPC, no reserve: the part is cut off, so that the next line stands on its own."""
    with mounted(tmp_path, "tmpfs", 64 << 10) as place:
        fd = disk.create(place / "lines")
        lines = ChainFileOnDisk(fd, place / ".reserve")
        lines.write_all(b"first\n")
        fill(place)
        with pytest.raises(DiskFullError):
            lines.write_all(b"x" * 8192 + b"\n")
        assert (place / "lines").read_bytes() == b"first\n"
        (place / "filler").unlink()
        lines.write_all(b"second\n")
        os.close(fd)
        assert (place / "lines").read_bytes() == b"first\nsecond\n"


@pytest.mark.root
def test_the_reserve_is_spent_for_a_line_and_only_once(tmp_path):
    """On a full disk a line goes out in the reserve's place; when that is full, too, the error comes."""
    with mounted(tmp_path, "tmpfs", 64 << 10) as place:
        (place / ".reserve").write_bytes(bytes(16 << 10))
        fd = disk.create(place / "lines")
        lines = ChainFileOnDisk(fd, place / ".reserve")
        fill(place)
        lines.write_all(b"x" * 8191 + b"\n")
        assert not (place / ".reserve").exists()
        with pytest.raises(DiskFullError):
            lines.write_all(b"y" * 65536)
        os.close(fd)
        assert (place / "lines").read_bytes() == b"x" * 8191 + b"\n"


@pytest.mark.root
def test_a_run_killed_on_a_full_disk_can_be_sealed(small_disk):
    """The reserve that the run still held is room enough for `resume`, which goes on without one if need be."""
    made_bundle = create(small_disk)
    file = made_bundle.artifact("file", "recent", ".bin", "copied")
    file.write(b"x" * 300_000)
    fill(small_disk)
    os.close(file.fd)
    made_bundle.release()  # as a process that dies
    again = resume.reopen(made_bundle.path, made.key(2), made.MadeClock(), RESUME)
    again.close(**CLOSE)
    assert verdict(made_bundle.path) == "UNANCHORED"


def test_a_bundle_that_is_being_written_is_not_resumed(tmp_path):
    """The writer's lock holds from birth to seal: refused, nothing changed, and the run goes on."""
    made_bundle = made.unsealed(tmp_path)
    before = vectors.snapshot(made_bundle.path)
    with pytest.raises(RefusedError, match="still writing"):
        resume.reopen(made_bundle.path, made.key(2), made.MadeClock(), RESUME)
    assert vectors.snapshot(made_bundle.path) == before
    made_bundle.close(**CLOSE)
    assert verdict(made_bundle.path) == "UNANCHORED"


def test_a_group_is_recorded_only_once_it_has_its_names(tmp_path):
    """Grouped artifacts: no record before all of the group is synced and named; then all of them, in order."""
    made_bundle = create(tmp_path)
    made_bundle.grouped = True
    for _ in range(3):
        file = made_bundle.artifact("file", "recent", ".txt", "copied")
        file.write(b"x")
        made_bundle._group_since = float("inf")  # no second passes in this test
        made_bundle.finish(file)
        made_bundle._group_since = float("inf")
    kinds = [record["type"] for record in records(made_bundle.path)]
    if "artifact" not in kinds:  # the machine was not so slow that the group was due
        assert all(name.name.endswith(".part") for name in (made_bundle.path / "artifacts").iterdir())
    made_bundle.commit()
    kinds = [record["type"] for record in records(made_bundle.path)]
    assert kinds.count("artifact") == 3
    made_bundle.close(**CLOSE)
    assert verdict(made_bundle.path) == "UNANCHORED"
    assert GROUP_FILES == 64


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts its own descriptors")
@wine.posix("/proc counts the descriptors")
def test_a_group_whose_sync_fails_leaves_no_file_open(tmp_path, monkeypatch):
    """The medium refuses the first of three: the others are closed all the same."""
    made_bundle = create(tmp_path)
    made_bundle.grouped = True
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        file = made_bundle.artifact("file", "recent", ".txt", "copied")
        file.write(b"x")
        made_bundle._group_since = float("inf")  # no second passes in this test
        made_bundle.finish(file)
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 3

    def refused(fd):
        raise disk.translated(OSError(5, "no"))

    monkeypatch.setattr(disk, "sync", refused)
    with pytest.raises(WriteError):
        made_bundle.commit()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_gap_at_a_path_of_thousands_of_folders_fits_its_line(tmp_path):
    """A subject of 300 KB, whose bytes are not even UTF-8, loses its middle and not its record."""
    made_bundle = create(tmp_path)
    name = b"/\xff".decode("utf-8", "replace") * 80_000
    made_bundle.gap("recent", Gap(Outcome.DENIED, "it can't be listed", {"text": name, "hex": "2fff" * 80_000}))
    made_bundle.gap("recent", Gap(Outcome.DENIED, "it can't be listed", "\N{GRINNING FACE}" * 2500))
    made_bundle.close(**CLOSE)
    assert verdict(made_bundle.path) == "UNANCHORED"


def test_an_artifact_never_takes_a_name_that_is_taken(tmp_path):
    """Something already stands under the name: refused, and it is left as it is."""
    made_bundle = create(tmp_path)
    planted = made_bundle.path / "artifacts" / "000001-recent.txt.part"
    planted.symlink_to(tmp_path / "victim")
    with pytest.raises(WriteError):
        made_bundle.artifact("file", "recent", ".txt", "copied")
    assert not (tmp_path / "victim").exists()
    assert planted.is_symlink()


def test_verify_only_reads(tmp_path):
    """On a bundle that no one may write, verification works and leaves names, bytes and times as they were."""
    path = made.sealed(tmp_path)
    for file in [*path.rglob("*"), path]:
        Path(file).chmod(0o500 if file.is_dir() else 0o400)
    before = vectors.snapshot(path)
    assert verdict(path) == "UNANCHORED"
    assert vectors.snapshot(path) == before
    path.chmod(0o700)
    (path / "artifacts").chmod(0o700)
