"""`collect pack`: one file that stock programs open, made of what was verified or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import made
import pyrage
import pytest
import tarmaker as tar
import vectors

from collector import contents, verify
from collector.errors import AlteredError, CollectorError, RefusedError, UsageError
from collector.handover import archive, opening, packing, parts, unpacking
from collector.handover.opening import open_file
from collector.ui import qr

if sys.platform != "linux":
    pytest.skip("runs the stock tar, age and sha256sum of Debian", allow_module_level=True)

import pty
import termios

import live

KEY = pyrage.x25519.Identity.from_str(tar.KEY)
EXPERT = str(KEY.to_public())
TOP = tar.TOP
NAME = f"{TOP}.tar.age"
FILES = (
    "manifest.jsonl", "checkpoint", "checkpoint.sig", "run_key.pub", "allowed_signers", "SHA256SUMS", "LISEZ-MOI.txt",
    "artifacts/000001-processes.jsonl", "artifacts/000003-connections.jsonl",
)  # fmt: skip
"""Of the small bundle of the tests, in the order of SPEC 13.1."""


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "b").mkdir()
    return made.sealed(tmp_path / "b")


@pytest.fixture
def keyfile(tmp_path):
    path = tmp_path / "key.txt"
    path.write_text(f"{KEY}\n")
    return path


def with_bytes(folder, size, *, hole=False):
    """Return a sealed bundle with one artifact of so many bytes, sparse or random."""
    folder.mkdir(exist_ok=True)
    big = made.unsealed(folder, sid=None)
    file = big.artifact("file", "big", ".bin", "test")
    block = bytes(1 << 20) if hole else os.urandom(1 << 20)
    for at in range(0, size, 1 << 20):
        file.write(block[: size - at])
    big.finish(file)
    big.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return big.path


def whole(bundle, data, folder):
    """Demand that stock tar makes the bundle of an archive."""
    place = folder / "unpacked"
    place.mkdir()
    subprocess.run(["tar", "-xf", "-", "-C", place], input=data, check=True)
    assert dict(tar.members(place / TOP)) == dict(tar.members(bundle))


def inner(keyfile, *files):
    """Return the archive as stock programs decrypt it."""
    data = b"".join(Path(file).read_bytes() for file in files)
    return subprocess.run(["age", "-d", "-i", keyfile], input=data, capture_output=True, check=True).stdout


def checked(folder):
    """Let stock sha256sum check the list."""
    (sums,) = folder.glob("*.sha256")
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", sums.name], cwd=folder, check=True)


def pack(bundle, *given, **how):
    return packing.pack(verify.verify_unhashed(bundle), given or (EXPERT,), **how)


# What comes out -----------------------------------------------------------------------------


def test_stock_programs_open_what_is_packed(tmp_path, bundle, keyfile, out):
    """age, tar and sha256sum of Debian; the file stands beside the bundle, only its owner can read it."""
    before = vectors.snapshot(bundle)
    done = live.run("pack", bundle, "--recipient", EXPERT, "--json")
    assert done.code == 0, done
    file = bundle.parent / NAME
    assert done.json["files"] == [str(file), f"{file}.sha256"]
    assert done.json["size"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in bundle.parent.iterdir()) == [TOP, NAME, NAME + ".sha256"]
    assert vectors.snapshot(bundle) == before
    checked(bundle.parent)
    data = inner(keyfile, file)
    subprocess.run(["tar", "-xf", "-", "-C", out], input=data, check=True)
    assert dict(tar.members(out / TOP)) == dict(tar.members(bundle))
    live.run("verify", out / TOP)


def test_the_archive_has_one_spelling(bundle, keyfile, out):
    """The order and every field of SPEC 13.1; the same bytes again from a copy with other times and modes."""
    photo = out / "photo.jpg"
    photo.write_bytes(b"picture")
    assert live.run("attach", bundle, photo).code == 0
    (bundle / ".DS_Store").write_bytes(b"litter is not packed")
    first = pack(bundle)
    data = inner(keyfile, first.files[0].path)
    files = [*FILES[:7], "artifacts", *FILES[7:], "custody.jsonl", "attachments", "attachments/000000-attachment.jpg"]
    assert tar.names_in(data) == [TOP, *(f"{TOP}/{name}" for name in files)]
    listed = subprocess.run(["tar", "-tvf", "-", "--full-time", "--utc"], input=data, capture_output=True, check=True)
    for line in listed.stdout.decode().splitlines():
        assert line[:11] in ("-rw------- ", "drwx------ ")
        assert line[11:].startswith("0/0 ")
        assert " 1970-01-01 00:00:00 " in line
    assert data.endswith(bytes(1024))
    copy = shutil.copytree(bundle, out / TOP, copy_function=shutil.copyfile)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
    second = pack(copy)
    assert inner(keyfile, second.files[0].path) == data
    assert second.files[0].sha256 != first.files[0].sha256


def test_every_recipient_and_the_practice_open_it(tmp_path, bundle, out):
    """Two experts and the practice's key, shown once as text and QR code and stored nowhere."""
    other = pyrage.x25519.Identity.generate()
    done = live.run("pack", bundle, "--recipient", EXPERT, "--recipient", str(other.to_public()).upper(),
                    "--recipient", EXPERT, "--json")  # fmt: skip
    practice = pyrage.x25519.Identity.from_str(done.json["practice_identity"])
    assert done.json["recipients"] == [EXPERT, str(other.to_public()), str(practice.to_public())]
    assert done.err == ""
    for key in (KEY, other, practice):
        shutil.rmtree(open_file(bundle.parent / NAME, [key], out).path)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or str(practice).encode() not in path.read_bytes()


def test_without_a_recipient_only_the_paper_opens_it(tmp_path, bundle, out):
    """The key stands on stderr on a line of its own, as stock age takes it, and in a file no QR code is drawn."""
    done = live.run("pack", bundle)
    assert done.code == 0
    assert "only the practice's own key on paper opens it" in done.out
    assert "AGE-" not in done.out
    assert done.err.isascii()
    (key,) = (line for line in done.err.splitlines() if line.startswith("AGE-SECRET-KEY-1"))
    opened = subprocess.run(
        live.command("open", bundle.parent / NAME, "--identity", "-", "--out", out),
        input=key.lower().encode(), capture_output=True, check=True,
    )  # fmt: skip
    assert b"UNANCHORED" in opened.stdout
    (tmp_path / "copied").write_text(key + "\n")
    assert inner(tmp_path / "copied", bundle.parent / NAME)


@pytest.mark.parametrize(("lang", "heading"), [("en", "READING KEY"), ("fr", "CLÉ DE LECTURE")])
def test_the_key_and_its_code_stand_on_one_screen(bundle, lang, heading):
    """On a terminal of 80x24 the heading, the letters and the QR code are seen together, and the code is whole."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    command, settings = live.command("pack", bundle, "--lang", lang), live.environment(TERM="xterm", NO_COLOR="1")
    with subprocess.Popen(command, stdin=follower, stdout=subprocess.DEVNULL, stderr=follower, env=settings) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 65536)
            except OSError:
                break
        assert process.wait(60) == 0
    os.close(leader)
    lines = shown.decode().splitlines()
    assert len(lines) < 24
    assert lines[0].startswith(heading)
    (key,) = (line for line in lines if line.startswith("AGE-SECRET-KEY-1"))
    assert lines[-19:] == qr.lines(key, colour=False)


def test_the_recipients_of_the_bundle_are_among_them(tmp_path, keyfile):
    """A bundle that was collected for somebody: the same can open it, and no new practice key is made."""
    text = {**made.opening(), "recipients": [EXPERT]}
    found = verify.verify_unhashed(made.sealed(tmp_path))
    found.inventory.opening["recipients"] = text["recipients"]
    other = str(pyrage.x25519.Identity.generate().to_public())
    done = packing.pack(found, [other])
    assert done.recipients == (EXPERT, other)
    assert done.practice_identity is None
    assert inner(keyfile, done.files[0].path)


def test_a_renamed_bundle_gets_a_safe_name(bundle, keyfile):
    """A name with spaces, accents, or of a device of Windows; a long one."""
    for name, top in (("Preuves été", "Preuves-t"), ("nul", "bundle-nul"), ("x" * 200, "x" * 99), ("-rf", "rf")):
        moved = bundle.rename(bundle.parent / name)
        done = pack(moved)
        assert done.files[0].path.name == f"{top}.tar.age"
        assert tar.names_in(inner(keyfile, done.files[0].path))[0] == top
        bundle = moved


def test_names_over_100_bytes_are_split_as_ustar_says(tmp_path, keyfile, out):
    """A long folder's name goes into the prefix: stock tar and `collect open` read it."""
    long = made.sealed(tmp_path).rename(tmp_path / ("y" * 99))
    done = pack(long)
    data = inner(keyfile, done.files[0].path)
    subprocess.run(["tar", "-xf", "-", "-C", out], input=data, check=True)
    assert dict(tar.members(out / long.name)) == dict(tar.members(long))
    shutil.rmtree(out / long.name)
    assert dict(tar.members(open_file(done.files[0].path, [KEY], out).path)) == dict(tar.members(long))


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_every_length_of_a_file(tmp_path, keyfile, out, size):
    """None, one, around a block and around what is read at once."""
    path = with_bytes(tmp_path / "b", size)
    done = pack(path)
    subprocess.run(["tar", "-xf", "-", "-C", out], input=inner(keyfile, done.files[0].path), check=True)
    assert dict(tar.members(out / TOP)) == dict(tar.members(path))
    shutil.rmtree(out / TOP)
    open_file(done.files[0].path, [KEY], out)


@pytest.mark.parametrize("size", [8**11 - 1, 8**11, 10**15, 2**60])
def test_sizes_past_8_gib_have_a_pax_record(size):
    """Python's own reader finds the size; up to 8 GiB there is no record."""
    block = archive.file(f"{TOP}/artifacts/000001-x.bin", size)
    assert len(block) == (512 if size < 8**11 else 1536)
    if len(block) == 1536:
        assert b" size=%d\n" % size in block
        block = block[1024:]
        assert tarfile.TarInfo.frombuf(block, "ascii", "strict").size == 0
    else:
        assert tarfile.TarInfo.frombuf(block, "ascii", "strict").size == size


# Parts --------------------------------------------------------------------------------------


def test_parts_of_a_size_open_together(tmp_path, keyfile, out):
    """`--split`: `cat` and `age -d` open them, the list checks them, `collect open` finds them."""
    path = with_bytes(tmp_path / "b", 300_000)
    done = live.run("pack", path, "--recipient", EXPERT, "--split", "100K", "--json")
    names = [Path(file).name for file in done.json["files"]]
    assert names == [f"{NAME}.{number:03d}" for number in (1, 2, 3, 4)] + [f"{NAME}.sha256"]
    sizes = [(path.parent / name).stat().st_size for name in names[:-1]]
    assert sizes[:3] == [102_400] * 3
    assert sum(sizes) == done.json["size"]
    checked(path.parent)
    whole(path, inner(keyfile, *(path.parent / n for n in names[:-1])), tmp_path)
    assert open_file(path.parent / names[0], [KEY], out).report.verdict == "UNANCHORED"


def test_a_file_system_that_ends_files_begins_parts(tmp_path, keyfile, out):
    """EFBIG in the middle of a write, from the system's own limit: the next part goes on at that byte."""
    path = with_bytes(tmp_path / "b", 1_000_000)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300001, 300001))\n"
    done = live.run("pack", path, "--recipient", EXPERT, "--json", fault=limit)
    assert done.code == 0, done
    files = [Path(file) for file in done.json["files"]][:-1]
    assert [part.stat().st_size for part in files][:-1] == [300_001] * 3
    checked(path.parent)
    assert open_file(files[0], [KEY], out).report.artifacts == 3


@pytest.mark.root
@pytest.mark.slow
def test_past_4_gib(tmp_path, keyfile):
    """An artifact of 4.5 GB of zeros, whole in one file, and its sum in stock programs; opened again."""
    if shutil.disk_usage(tmp_path).free < 16 << 30:
        pytest.skip("needs 16 GB of room")
    path = with_bytes(tmp_path / "b", (4 << 30) + 500_000_001, hole=True)
    done = live.run("pack", path, "--recipient", EXPERT, "--json", timeout=600)
    assert done.json["size"] > 4 << 30
    (tmp_path / "out").mkdir()
    how = ("--identity", keyfile, "--out", tmp_path / "out", "--json")
    opened = live.run("open", path.parent / NAME, *how, timeout=600)
    assert (opened.code, opened.json["verdict"]) == (0, "UNANCHORED")
    shutil.rmtree(tmp_path / "out")
    (name,) = (file.name for file in (path / "artifacts").iterdir() if "big" in file.name)
    by_hand = f"age -d -i {keyfile} {path.parent / NAME} | tar -xO {TOP}/artifacts/{name} | openssl dgst -sha256 -r"
    said = subprocess.run(by_hand, shell=True, capture_output=True, check=True).stdout.decode()
    assert f"{said.split()[0]}  artifacts/{name}\n" in (path / "SHA256SUMS").read_text()
    shutil.rmtree(path.parent)


# What is refused ----------------------------------------------------------------------------


def assert_nothing_written(done, code, folder, names):
    assert (done.code, done.out) == (code, ""), done
    assert "hint:" in done.err
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    "recipient",
    [
        "", "age1", EXPERT[:-1], EXPERT[:-1] + "b", "ssh-ed25519 AAAA", str(KEY), "age1pq1" + "q" * 1900, "x" * 100_000,
        "é",
    ],
    ids=range(9),
)  # fmt: skip
def test_a_recipient_that_is_none_is_exit_2(bundle, recipient):
    """Before anything is written, beside a good one; a secret key given by mistake is not repeated."""
    done = live.run("pack", bundle, "--recipient", EXPERT, "--recipient", recipient, "--json")
    assert_nothing_written(done, 2, bundle.parent, [TOP])
    assert str(KEY)[20:40] not in done.err


def test_what_is_no_size_or_place_is_refused(bundle, out):
    """A part of nothing, a thousand parts, a folder that is missing or inside the bundle, a name that is taken."""
    for split in ("0", "1", "65535", "x", "-1"):
        assert_nothing_written(live.run("pack", bundle, f"--split={split}"), 2, bundle.parent, [TOP])
    for place in (bundle, bundle / "artifacts", bundle.parent / TOP / ".." / TOP):
        assert_nothing_written(live.run("pack", bundle, "--out", place), 2, bundle.parent, [TOP])
        assert live.verify(bundle).code == 0
    for folder in (out / "missing", out / "missing" / "deeper", bundle / "checkpoint"):
        assert_nothing_written(live.run("pack", bundle, "--out", folder), 2, out, [])
    early = live.run("pack", out / "no bundle", "--out", out / "missing")
    assert "there is no such folder" in early.err, "looked at before the bundle"
    for taken in (NAME, NAME + ".001", NAME + ".sha256", NAME + ".002.part"):
        (out / taken).write_text("mine")
        done = live.run("pack", bundle, "--out", out)
        assert_nothing_written(done, 1, out, [taken])
        assert ("left it unfinished" in done.err) == taken.endswith(".part")
        assert (out / taken).read_text() == "mine"
        (out / taken).unlink()
    (out / NAME).symlink_to(out / "elsewhere")
    assert_nothing_written(live.run("pack", bundle, "--out", out), 1, out, [NAME])
    with pytest.raises(UsageError, match="more than 999"):
        packing._refuse_many([packing._Member("x", 10**9, "")], 1 << 16)


def test_what_is_not_whole_is_not_packed(tmp_path, bundle):
    """Unsealed, exit 3; altered, exit 1; no bundle, exit 2; custody cut short, exit 3."""
    left = made.unsealed(tmp_path)
    done = live.run("pack", left.path)
    assert_nothing_written(done, 3, left.path.parent, [left.path.name, "b"])
    assert "collect resume" in done.err
    assert_nothing_written(live.run("pack", bundle.parent), 2, bundle.parent, [TOP])
    assert live.run("note", bundle, "x").code == 0
    with (bundle / "custody.jsonl").open("ab") as file:
        file.write(b'{"v":1')
    done = live.run("pack", bundle)
    assert_nothing_written(done, 3, bundle.parent, [TOP])
    assert live.run("note", bundle, "y").code == 0
    assert live.run("pack", bundle).code == 0
    (bundle / "checkpoint").write_bytes(b"x")
    shutil.copytree(bundle, tmp_path / "c" / TOP)
    assert_nothing_written(live.run("pack", tmp_path / "c" / TOP), 1, tmp_path / "c", [TOP])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["changed", "longer", "shorter", "gone", "link"])
def test_what_changes_after_it_was_verified_is_not_packed(bundle, name, how):
    """Each file, in each way, between the verification and the pack: refused, and nothing is left of it."""
    found = verify.verify_unhashed(bundle)
    path, data = bundle / name, (bundle / name).read_bytes()
    path.unlink()
    if how == "link":
        (bundle.parent / "other").write_bytes(data)
        path.symlink_to(bundle.parent / "other")
    elif how != "gone":
        path.write_bytes({"changed": data[:-1] + b"\0", "longer": data + b"x", "shorter": data[:-1]}[how])
    with pytest.raises(AlteredError) as refusal:
        packing.pack(found, [EXPERT])
    assert refusal.value.hint
    assert sorted(one.name for one in bundle.parent.iterdir()) in ([TOP], [TOP, "other"])


def test_a_note_that_is_added_meanwhile_ends_the_pack(bundle):
    """Custody that grew after it was verified: the pack fails, and done again it holds the note."""
    assert live.run("note", bundle, "one").code == 0
    found = verify.verify_unhashed(bundle)
    assert live.run("note", bundle, "two").code == 0
    with pytest.raises(AlteredError, match="is not what its record says"):
        packing.pack(found, [EXPERT])
    assert pack(bundle).size


def test_a_file_that_changes_while_it_is_read_is_not_packed(tmp_path):
    """The bytes that were read are hashed, not the file's: changed behind the place that is read next."""
    path = with_bytes(tmp_path / "b", 3 << 20)
    found = verify.verify_unhashed(path)
    (big,) = path.glob("artifacts/*-big.bin")
    checking = packing.Behind(packing._check)
    blocks = packing._blocks(path, TOP, list(packing._members(found)), checking)
    for block in blocks:
        if len(block) == 1 << 20:
            break
    with big.open("r+b") as file:
        file.seek(2 << 20)
        file.write(b"changed")
    rest = sum(map(len, blocks))
    assert rest > 2 << 20, "it is read to its end, and told behind"
    with pytest.raises(AlteredError, match="is not what its record says"):
        checking.finish()


def test_the_page_has_the_limits_of_the_code(checkout):
    """docs/SPEC.md, section 13, names the constants."""
    page = " ".join((checkout / "docs" / "SPEC.md").read_text(encoding="utf-8").split("\n## 13. ")[1].split())
    for limit in (unpacking.MAX_PAX, unpacking.MAX_PADDING, unpacking.MAX_MEMBERS, opening.MAX_HEADER, contents.SMALL):
        assert f"{limit:,}" in page
    assert f"1 to {archive.MAX_TOP - 1} of" in page
    assert f"`.{parts.MAX_PARTS}`" in page
    assert archive.LARGEST == 8 << 30


# Bad luck -----------------------------------------------------------------------------------


@pytest.mark.root
def test_a_full_disk_leaves_nothing(tmp_path, keyfile):
    """Wherever the room ends: exit 1, a hint, and the folder as it was."""
    path = with_bytes(tmp_path / "b", 300_000)
    place = tmp_path / "small"
    place.mkdir()
    codes = []
    for size in (4, 8, 40, 100, 200, 300, 312, 316, 320, 324, 400):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", place], check=True)
        try:
            done = live.run("pack", path, "--recipient", EXPERT, "--out", place)
            codes.append(done.code)
            if done.code:
                assert_nothing_written(done, 1, place, [])
                assert "No space left" in done.err
            else:
                checked(place)
        finally:
            subprocess.run(["umount", place], check=True)
    assert (codes[0], codes[-1]) == (1, 0)


@pytest.mark.root
def test_a_read_only_disk_is_exit_1(tmp_path, bundle):
    place = tmp_path / "ro"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", place], check=True)
    try:
        assert_nothing_written(live.run("pack", bundle, "--out", place), 1, place, [])
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "open"])
def test_a_broken_disk_leaves_nothing(bundle, out, call):
    """Each write, sync, rename and open in its turn meets an input/output error, until none is left to fail."""
    before = vectors.snapshot(bundle)
    refusals = 0
    for number in range(1, 200):
        broken = live.fault(call, number, "raise OSError(5, os.strerror(5))")
        done = live.run("pack", bundle, "--recipient", EXPERT, "--out", out, "--json", fault=broken)
        if done.code == 0:
            break
        assert (done.code, done.out) == (1, ""), (number, done)
        assert list(out.iterdir()) == [], number
        refusals += 1
    assert done.code == 0
    assert refusals > 1
    assert vectors.snapshot(bundle) == before


def test_short_writes_are_finished(bundle, out, keyfile):
    """A disk that takes seven bytes at a time."""
    short = "import os\nreal = os.write\nos.write = lambda fd, data: real(fd, bytes(data)[:7])\n"
    done = live.run("pack", bundle, "--recipient", EXPERT, "--out", out, "--json", fault=short)
    assert done.code == 0
    whole(bundle, inner(keyfile, out / NAME), out)
    checked(out)


def test_an_interrupt_leaves_nothing(bundle, out):
    """Ctrl-C while it writes."""
    done = live.run("pack", bundle, "--out", out, fault=live.fault("write", 2, "raise KeyboardInterrupt"))
    assert (done.code, list(out.iterdir())) == (130, [])


def test_a_part_that_takes_nothing_is_refused(bundle, out, monkeypatch):
    """EFBIG at the first byte of a part begins no endless row of them."""

    def full(_fd, _data):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))

    found = verify.verify_unhashed(bundle)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RefusedError):
        packing.pack(found, [EXPERT], out)
    assert list(out.iterdir()) == []


def test_memory_does_not_grow_with_the_bundle(tmp_path, out):
    """256 MiB takes what 4 MiB takes, within 16 MiB."""
    peaks = []
    told = (
        "import resource, os; old = os._exit\n"
        "def told(code): os.write(2, b'peak %d' % resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); old(code)\n"
        "os._exit = told\n"
    )
    for size in (4, 256):
        path = with_bytes(tmp_path / f"b{size}", size << 20)
        done = live.run("pack", path, "--recipient", EXPERT, "--out", out, "--json", fault=told)
        assert done.code == 0
        peaks.append(int(done.err.rsplit("peak ", 1)[1]))
        for file in out.iterdir():
            file.unlink()
    assert peaks[1] - peaks[0] < 16 << 10, peaks


def test_any_error_near_the_end_of_fat_begins_a_part(bundle, out, keyfile, monkeypatch):
    """Not every system says EFBIG at 4 GiB: here the end is at 5,000 bytes, and the error is EPERM."""
    real = os.write

    def short(fd, data):
        room = 5000 - os.fstat(fd).st_size
        if not room:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return real(fd, bytes(data)[:room])

    found = verify.verify_unhashed(bundle)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        with pytest.raises(RefusedError):
            packing.pack(found, [EXPERT], out)
        assert list(out.iterdir()) == []
        patched.setattr(parts, "_FAT_END", 5100)
        done = packing.pack(found, [EXPERT], out)
    assert [one.size for one in done.files[:3]] == [5000] * 3
    checked(out)
    whole(bundle, inner(keyfile, *(one.path for one in done.files[:-1])), out)


def test_errors_of_ours_are_all_that_is_raised(bundle, out):
    """A bundle that goes away between verification and pack."""
    found = verify.verify_unhashed(bundle)
    shutil.rmtree(bundle)
    with pytest.raises(CollectorError):
        packing.pack(found, [EXPERT], out)
    assert list(out.iterdir()) == []
