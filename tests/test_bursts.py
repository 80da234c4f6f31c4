"""Encryption that goes on: real file activity under the real watch, judged; what is none raises nothing."""

from __future__ import annotations

import compileall
import io
import itertools
import os
import random
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

import encryptor
import live
import pytest

from collector import activity_rules, bursts, heads, suffixes
from collector.bursts import Counters, Place
from collector.uptime import REASONS

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from collector.host.linux import LinuxHost, Roots, activity, fanotify, writers
from collector.model import Request

RULES = activity_rules.activity()
TYPES = ("docx", "txt", "jpg", "pdf", "csv", "odt", "ini", "html")
STARTS = {"docx": b"PK\x03\x04", "jpg": b"\xff\xd8\xff\xe0", "pdf": b"%PDF-1.7", "odt": b"PK\x03\x04"}


def tree(folder: Path, folders: int = 5, each: int = 16) -> Path:
    """Make ordinary files of several types in several folders; packed types are as random as cipher behind a magic."""
    dice = random.Random(3)
    for number in range(folders):
        (folder / f"d{number}").mkdir(parents=True, exist_ok=True)
        for at in range(each):
            kind = TYPES[at % len(TYPES)]
            body = dice.randbytes(3_000) if kind in STARTS else f"line {at} of a letter\n".encode() * 120
            (folder / f"d{number}" / f"file {at}.{kind}").write_bytes(STARTS.get(kind, b"") + body)
    return folder


class Watching:
    """The real watch over one folder, and what is judged of it as a run does."""

    def __init__(self, folder: Path, *exclude: Path) -> None:
        self.folder = folder
        request = Request(0, scan=(os.fsencode(folder),), exclude=tuple(os.fsencode(one) for one in exclude))
        self.watch = activity.watch(Roots(), request)
        live.wait_for(lambda: self.watch._settled)
        self.host = LinuxHost()

    def judged(self) -> bursts.Judgement | None:
        """Wait until everything so far was seen; return the judgement, and end the watch."""
        (self.folder / "last-mark").mkdir()
        live.wait_for(lambda: any(e.name == b"last-mark" for e in [*self.watch._first, *self.watch._last]))
        self.tally = self.watch.tally()
        found = bursts.candidates(self.tally, RULES)
        self.heads = self.host.heads(bursts.to_look_at(found))
        self.watch.stop()
        return bursts.judge(self.tally, self.heads, RULES)


@pytest.mark.parametrize("mode", encryptor.MODES)
def test_each_way_to_encrypt_is_seen(tmp_path, mode):
    """Whether files are renamed, replaced, or only rewritten, under one extension or one for each: it is an alarm."""
    watching = Watching(tree(tmp_path / "t"))
    encryptor.main(watching.folder, mode, 1_000)
    judgement = watching.judged()
    assert judgement is not None
    one = mode in ("rename", "replace", "rename first", "another name")
    assert judgement.group.extension == (b"crypt0r" if one else b"")
    assert judgement.group.files >= 60
    assert "cipher" in judgement.reasons
    assert judgement.looked.read >= 8
    assert len(judgement.group.folders) == 5
    assert judgement.note == (encryptor.NOTE.encode(), 5)


def test_files_of_one_type_in_one_folder_are_enough_where_they_look_like_cipher(tmp_path):
    """A folder of X-rays without any extension is encrypted: nothing but their heads tells."""
    folder = tmp_path / "xrays"
    folder.mkdir()
    for number in range(20):
        (folder / f"IM{number:06}").write_bytes(b"\0" * 128 + b"DICM" + b"\0\1" * 900)
    watching = Watching(folder)
    encryptor.main(folder, "rename", 1_000)
    judgement = watching.judged()
    assert judgement is not None
    assert judgement.reasons == ("renamed", "cipher")


def test_a_spared_head_is_seen_by_names_alone(tmp_path):
    """An encryptor that leaves the first kilobytes as they are is told by its renames over types and folders."""
    watching = Watching(tree(tmp_path / "t"))
    for path in sorted(watching.folder.rglob("*.*")):
        path.rename(path.with_name(path.name + ".crypt0r"))
    judgement = watching.judged()
    assert judgement is not None
    assert judgement.reasons == ("renamed",)
    assert judgement.looked.cipher == 0


# What is none: each does the real thing in a tree that is watched.


def unpacks_an_archive(folder: Path) -> None:
    """Unpack an archive whose files are of many types, each with its licence beside it (REUSE)."""
    made, data = tree(folder.parent / "packed"), io.BytesIO()
    for path in list(made.rglob("*.*")):
        path.with_name(path.name + ".license").write_text("SPDX-License-Identifier: MIT\n")
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.add(made, "made")
    data.seek(0)
    with tarfile.open(fileobj=data) as archive:
        archive.extractall(folder, filter="data")


def checks_out(folder: Path) -> None:
    """Commit, branch, rewrite every file, go back and forth, clone and repack."""
    live.needs("git")
    shutil.rmtree(folder / "copy", ignore_errors=True)
    tree(folder / "s")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(folder)]
    for line in ("init -q", "add .", "commit -qm a", "checkout -qb other"):
        subprocess.run([*git, *line.split()], check=True)
    for path in folder.glob("s/*/*"):
        path.write_bytes(path.read_bytes() + b"more")
    for line in ("commit -qam b", "checkout -q HEAD~1", "checkout -q other", "gc -q", f"clone -q . {folder}/copy"):
        subprocess.run([*git, *line.split()], check=True)


def installs_a_package(folder: Path) -> None:
    """Install a wheel with pip, without an index, and compile it."""
    wheel = folder.parent / "many-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for part, number in itertools.product(range(12), range(6)):
            archive.writestr(f"many/p{part}/m{number}.py", f"x = {number}\n")
            archive.writestr(f"many/p{part}/__init__.py.{number}.tmpl", "x\n")
        for part in range(12):
            archive.writestr(f"many/p{part}/__init__.py", "")
        archive.writestr("many-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: many\nVersion: 1\n")
        archive.writestr("many-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("many-1.dist-info/RECORD", "")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-cache-dir", "-I"]
    subprocess.run([*pip, "--disable-pip-version-check", "--prefix", str(folder / "site"), str(wheel)], check=True)


def compiles(folder: Path) -> None:
    """Compile modules: each is written under a name of its own first, then renamed."""
    for number in range(60):
        (folder / f"p{number % 5}").mkdir(exist_ok=True)
        (folder / f"p{number % 5}/m{number}.py").write_text(f"x = {number}\n")
    assert compileall.compile_dir(folder, quiet=2)


def is_a_browser(folder: Path) -> None:
    """Write, rename and delete what a browser does: a cache of packed bytes, downloads, a profile written anew."""
    dice = random.Random(5)
    for number in range(200):
        entry = folder / "cache" / f"{dice.getrandbits(64):016x}_0"
        entry.parent.mkdir(exist_ok=True)
        entry.write_bytes(dice.randbytes(1_000))
        if number % 3:
            entry.unlink()
        load = folder / f"{number}.pdf.crdownload"
        load.write_bytes(dice.randbytes(1_000))
        load.rename(folder / f"{number}.pdf")
        saved = folder / ".org.chromium.abc"
        saved.write_bytes(b"{}")
        saved.rename(folder / "Preferences")


def saves_a_backup(folder: Path) -> None:
    """Write packed and encrypted pieces under names of their own, as a backup program does, and prune some."""
    dice = random.Random(6)
    for number in range(300):
        piece = folder / "data" / f"{number % 16:02x}" / f"tmp-{number}"
        piece.parent.mkdir(parents=True, exist_ok=True)
        piece.write_bytes(dice.randbytes(2_000))
        done = piece.with_name(f"{dice.getrandbits(128):032x}")
        piece.rename(done)
        if number % 5 == 0:
            done.unlink()


def compresses_every_file(folder: Path) -> None:
    """Put a packed file in the place of each."""
    live.needs("gzip")
    subprocess.run(["gzip", "-r", str(folder / "letters")], check=True)


def edits_with_copies(folder: Path) -> None:
    """Change every file in place and keep the old one beside it, under an extension that nobody knows."""
    live.needs("sed")
    files = sorted((folder / "letters").rglob("*.*"))
    subprocess.run(["sed", "-i.kept0", "s/letter/card/", *files], check=True)


def formats_texts(folder: Path) -> None:
    """Write texts of several types and folders anew under their own names."""
    for path in (folder / "letters").rglob("*.*"):
        path.write_bytes(path.read_bytes() + b"\n")


def saves_packed_files(folder: Path) -> None:
    """Write photos and packed documents anew under their own names: as random as cipher, but for how they begin."""
    dice = random.Random(8)
    for path in (folder / "letters").rglob("*.*"):
        if path.suffix[1:] in STARTS:
            path.write_bytes(STARTS[path.suffix[1:]] + dice.randbytes(3_000))


def builds(folder: Path) -> None:
    """Compile as make does: objects, dependencies that are renamed, an archive."""
    for number in range(80):
        stem = folder / f"o{number % 4}" / f"part{number}"
        stem.parent.mkdir(exist_ok=True)
        stem.with_suffix(".c").write_text("int x;\n")
        stem.with_suffix(".Tpo").write_text("part.o: part.c\n")
        stem.with_suffix(".Tpo").rename(stem.with_suffix(".Plo"))
        stem.with_suffix(".o").write_bytes(b"\x7fELF" + random.Random(number).randbytes(900))


def is_our_own_bundle(folder: Path) -> None:
    """Write what a run writes, and worse, inside the bundle."""
    encryptor.main(tree(folder / "bundle" / "artifacts"), "rename", 1_000)


NONE = (
    unpacks_an_archive,
    checks_out,
    installs_a_package,
    compiles,
    is_a_browser,
    saves_a_backup,
    compresses_every_file,
    edits_with_copies,
    formats_texts,
    saves_packed_files,
    builds,
    is_our_own_bundle,
)


@pytest.mark.parametrize("work", NONE, ids=lambda work: work.__name__)
def test_what_people_and_programs_do_is_no_alarm(tmp_path, work):
    """None of it is taken for an encryption, and all of it was counted.

    It is done once before, so that the folders stand and are watched.
    """
    folder = tmp_path / "watched"
    (folder / "bundle").mkdir(parents=True)
    tree(folder / "letters")
    work(folder)
    for path in folder.rglob("*"):
        if not path.is_dir():
            path.unlink()
    tree(folder / "letters")
    watching = Watching(folder, folder / "bundle")
    work(folder)
    judgement = watching.judged()
    assert judgement is None, (judgement, watching.tally)
    assert (sum(watching.tally.totals.values()) >= 40) == (work is not is_our_own_bundle)


def test_a_burst_is_counted_though_its_events_are_not_kept(tmp_path):
    """An encryption between 12,000 other events at each end is lost from the rows and still an alarm."""
    folder = tree(tmp_path / "t")
    (tmp_path / "t" / "noise").mkdir()
    watching = Watching(folder)

    def noise(start):
        for number in range(start, start + 6_000):
            (folder / "noise" / f"{number}").touch()

    noise(0)
    encryptor.main(folder / "d0", "rename", 1_000)
    encryptor.main(folder / "d1", "rename", 1_000)
    noise(10_000)
    judgement = watching.judged()
    rows = [row for row in watching.watch.rows() if isinstance(row, dict)]
    assert not any("crypt0r" in str(row["path"]) for row in rows)
    assert judgement is not None
    assert judgement.group.files == 32


def test_memory_stays_bounded_whatever_names_an_attacker_makes():
    """A quarter of a million events with ever new names, extensions and folders leave no more than the limits."""
    counters = Counters(RULES)
    for number in range(60_000):
        place = Place(b"/f%d" % number, b"a%d.docx.x%dy" % (number, number))
        counters.created(place, number / 1000)
        counters.written(Place(place.folder, b"w%d.txt" % number), number / 1000)
        counters.moved_from(Place(place.folder, b"%d.pdf" % number), number)
        if number % 2:
            counters.moved_to(Place(place.folder, b"%d.pdf.z%dq" % (number, number)), number, number / 1000)
        counters.deleted(Place(place.folder, b"a%d.docx" % number), number / 1000)
    tally = counters.tally(60.0)
    assert tally.totals == {"created": 60_000, "rewritten": 60_000, "renamed": 30_000, "deleted": 60_000}
    assert len(counters._seen) <= bursts._MOST_KNOWN
    assert len(counters._twins) <= bursts._MOST_TWINS
    assert len(counters._names) <= bursts._MOST_NAMES
    assert len(counters._moves) <= bursts._MOST_MOVES
    assert len(counters._seconds) <= bursts._MOST_SECONDS
    assert max(len(tally.renamed), len(tally.born)) <= bursts._MOST_GROUPS
    for group in (*tally.renamed, *tally.born, tally.mixed, tally.rewritten):
        assert len(group.folders) <= bursts._MOST_FOLDERS
        assert len(group.places) <= heads.MOST * 2


def test_an_old_burst_is_no_alarm_any_more():
    """What is older than the window counts no longer."""
    counters = Counters(RULES)
    for number in range(60):
        place = Place(b"/d%d" % (number % 4), b"%d.%s" % (number, TYPES[number % 6].encode()))
        counters.moved_from(place, number)
        counters.moved_to(Place(place.folder, place.name + b".crypt0r"), number, 5.0)
    tally = counters.tally(6.0)
    cipher = [heads.Head(path, random.Random(1).randbytes(512)) for path in bursts.to_look_at(tally.renamed)]
    assert bursts.judge(tally, [], RULES) is not None
    assert bursts.judge(tally, cipher, RULES) is not None
    assert bursts.judge(counters.tally(5.0 + RULES.limits.window_s + 1), cipher, RULES) is None


def test_new_files_that_a_program_renames_are_not_taken_from_anybody():
    """What was made while we looked on and gets its name in the end belonged to nobody before."""
    counters = Counters(RULES)
    for number in range(60):
        place = Place(b"/d%d" % (number % 4), b"%d.%s" % (number, TYPES[number % 6].encode()))
        counters.created(place, 5.0)
        counters.moved_from(place, number)
        counters.moved_to(Place(place.folder, place.name + b".sync0"), number, 5.0)
    tally = counters.tally(6.0)
    assert tally.renamed == ()
    assert tally.born[0].files == 60
    assert bursts.judge(tally, [], RULES) is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (b"a.docx.locked", (b"docx", b"locked")),
        (b"A.DOCX.id-77.[x@example.org].WXYZ", (b"docx", b"wxyz")),
        (b"\xff\n.pdf.\xfe\xfd", (b"pdf", b"\xfe\xfd")),
        (b"a.docx", None),
        (b"a.tar.gz", None),
        (b"a.docx.bak", None),
        (b"syslog.log.1", None),
        (b"a.docx~", None),
        (b".docx", None),
        (b"a.docx.", None),
        (b"a.docx." + b"x" * 200, None),
        (b"", None),
        (b".", None),
        (b"a.locked", None),
    ],
)
def test_an_unknown_appended_extension_is_told_from_ordinary_names(name, told):
    """Only an extension that nobody uses every day, behind one that people do use, counts."""
    assert suffixes.appended(name, RULES) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (b"a.docx", b"a.docx.locked", (b"docx", b"locked")),
        (b"IM0001", b"IM0001.locked", (b"", b"locked")),
        (b"a.docx", b"0f3a.locked", (b"docx", b"locked")),
        (b"a.docx.locked", b"a.docx", None),
        (b".a.docx.foo1.Ab3d", b"a.docx.foo1", None),
        (b"a.foo1.tmp", b"b.foo1", None),
        (b"tmpab3d", b"a.foo1", None),
        (b"a.foo1", b"b.foo1", None),
        (b"a.log", b"a.log.1", None),
        (b"a.docx", b"b.pdf", None),
    ],
)
def test_a_rename_tells_only_where_it_gives_an_unknown_extension(before, after, told):
    """Taking a temporary name away, and keeping the extension, tell nothing."""
    assert suffixes.renamed(before, after, RULES) == told


def test_heads_are_read_of_plain_files_only_and_never_through_a_link(tmp_path):
    """A FIFO, a link, a file below a link and one that is gone have no head; a huge file has its first 4 KiB."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f.x").write_bytes(b"y" * 9_000)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "to").symlink_to(tmp_path / "real" / "f.x")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "real" / "f").touch()
    asked = [tmp_path / name for name in ("real/f.x", "link/f.x", "to", "fifo", "gone", "nul\0")]
    seen = LinuxHost().heads([os.fsencode(path) for path in asked])
    assert [None if head.data is None else len(head.data) for head in seen] == [4096, None, None, None, None, None]
    assert [head.companion for head in seen] == [True, False, False, False, False, False]


def test_a_head_is_cipher_only_where_nothing_else_explains_it():
    """Random bytes are; texts, packed files with their magic, and files too short to say are not."""
    dice = random.Random(1)
    assert all(heads.is_cipher(dice.randbytes(size)) for size in (64, 100, 512, 4096) for _ in range(50))
    assert heads.is_cipher(b"a letter to a patient, " * 20) is False
    assert heads.is_cipher(b"PK\x03\x04" + dice.randbytes(4000)) is False
    assert heads.is_cipher(b"\0\0\0\x18ftypmp42" + dice.randbytes(4000)) is False
    assert heads.is_cipher(b"\0" * 4096) is False
    assert heads.is_cipher(dice.randbytes(63)) is None
    assert heads.is_cipher(b"") is None


@pytest.fixture
def encrypting(tmp_path):
    """Yield a folder in which a process of its own works its way on, and that process."""
    folder = tree(tmp_path / "t", folders=6, each=200)
    process = subprocess.Popen(
        [sys.executable, encryptor.__file__, str(folder), "rename", "20"], stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    yield folder, process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel names processes to root only")
def test_as_root_the_kernel_names_the_process(encrypting):
    """Among all that write on this machine, the one that encrypts is named, by file events and first."""
    folder, process = encrypting
    try:
        fanotify.pids([os.fsencode(folder / "d0")], 0.01)
    except OSError as error:
        pytest.skip(f"no fanotify here: {error}")
    found = writers.find(Roots(), [os.fsencode(path) for path in folder.iterdir()]).found
    assert (found[0].pid, found[0].basis) == (process.pid, "events")
    assert found[0].exe == os.path.realpath(f"/proc/{process.pid}/exe")


def test_without_the_kernel_whoever_holds_files_open_is_named(tmp_path, monkeypatch):
    """A process that keeps a file of the folder open for writing is named; one that only reads there is not."""

    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(fanotify, "pids", refused)
    program = (
        "import sys,time\nf=open(sys.argv[1], sys.argv[2])\nprint(1, flush=True)\n"
        "while 1:\n open('/dev/null','w').write('x'*9000); time.sleep(.01)\n"
    )
    held = tmp_path / "a" / "b" / "held.docx"
    held.parent.mkdir(parents=True)
    held.touch()
    processes = []
    try:
        for mode in ("a", "r"):
            arguments = [sys.executable, "-c", program, str(held), mode]
            processes.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True))
            processes[-1].stdout.readline()
        found = {one.pid: one.basis for one in writers.find(Roots(), [os.fsencode(held.parent)]).found}
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert found.get(processes[0].pid) == "open-files"
    assert found.get(processes[1].pid) != "open-files"


# The whole run.


def test_the_alarm_is_raised_while_it_runs_and_names_the_process(encrypting, tmp_path):
    """The observation stands in the manifest before the run ended, with pid and start; the operator was told."""
    folder, process = encrypting
    (tmp_path / "out").mkdir()
    done = live.run("--case", "X", "--scan", folder, "--out", tmp_path / "out", "--json")
    still = process.poll() is None
    bundle = live.assert_sealed(done.json["bundle"])
    alarms = bundle.observed("encryption-running")
    assert [one["when"] for one in alarms] == ["alarm", "close"]
    assert alarms[0]["state"] == "running"
    assert alarms[1]["state"] == "running"
    assert still, "the encryptor ended before the run: the test says nothing"
    assert alarms[0]["extension"] == "crypt0r"
    assert alarms[0]["files"] >= 3
    if os.geteuid() == 0:
        assert process.pid in [one["pid"] for one in alarms[0]["processes"]]
        assert f"number {process.pid}" in " ".join(done.err.split())
    said = " ".join(line[8:] if line.startswith(("[", " " * 8)) else line for line in done.err.splitlines())
    for sentence in ("files are being encrypted now", "Call your IT provider", "Power off only if"):
        assert sentence in " ".join(said.split())
    (start,) = bundle.observed("encryption-start")
    first = min(path.stat().st_ctime for path in folder.rglob("*.crypt0r"))
    assert abs(datetime.fromisoformat(start["estimate_utc"]).timestamp() - first) <= 60
    assert start["after_boot"] is True
    (on,) = bundle.observed("uptime")  # says the same: compared with that start
    assert on["first_sign"] == start["estimate_utc"]
    assert on["reasons"][0] in (REASONS["on_since_before"], REASONS["too_close"])


def test_a_run_that_is_killed_has_told_and_written_it_already(encrypting, tmp_path):
    """While files are still being listed, the alarm is synced and shown; what is left of the bundle verifies."""
    folder, process = encrypting
    for name in ("out", "long"):
        (tmp_path / name).mkdir()
    live.long_scan(tmp_path / "long")
    scan = ("--scan", folder, "--scan", tmp_path / "long")
    run = live.start("--case", "X", *scan, "--out", tmp_path / "out", "--lang", "fr")
    live.wait_for(lambda: any(b"encryption-running" in path.read_bytes() for path in manifests(tmp_path / "out")))
    assert run.poll() is None
    run.kill()
    _, err = run.communicate()
    bundle = live.only_bundle(tmp_path / "out")
    assert [one["when"] for one in bundle.observed("encryption-running")] == ["alarm"]
    assert "cipher" in bundle.observed("encryption-running")[0]["reasons"]
    assert bundle.of("close") == []
    assert live.verify(bundle.path).json["verdict"] == "INCOMPLETE"
    assert "un chiffrement est en cours" in " ".join(err.split())
    assert process.poll() is None, "the encryptor ended before the run: the test says nothing"


def manifests(folder: Path) -> list[Path]:
    """Return the manifests of the bundles in a folder, as soon as there are any."""
    return list(folder.glob("*/manifest.jsonl"))


def test_a_slow_one_is_seen_in_a_short_run_too(tmp_path):
    """A file in three seconds, and a run of a few: files that are encrypted already show whose extension it is."""
    folder = tree(tmp_path / "t", folders=6, each=24)
    (tmp_path / "out").mkdir()
    encryptor.main(folder / "d0", "rename", 1_000)
    slow = subprocess.Popen(
        [sys.executable, encryptor.__file__, str(folder), "rename", "0.3"], stdout=subprocess.PIPE, text=True
    )
    try:
        slow.stdout.readline()
        bundle = live.assert_sealed(live.collect(tmp_path / "out", "--scan", folder).json["bundle"])
    finally:
        slow.kill()
        slow.communicate()
    seen = bundle.observed("encryption-running")
    assert seen, "nothing was said at all"
    if seen[0]["when"] == "alarm":  # on a machine that is busy the run may end before the next file
        assert "recent-files" in seen[0]["reasons"]


def test_a_quiet_host_raises_nothing_and_invents_no_start(tmp_path):
    """Both observations stand in every manifest and say that nothing was seen, with the reason."""
    folder = tree(tmp_path / "t")
    (tmp_path / "out").mkdir()
    done = live.run("--case", "X", "--scan", folder, "--out", tmp_path / "out", "--json")
    bundle = live.assert_sealed(done.json["bundle"])
    (seen,) = bundle.observed("encryption-running")
    (start,) = bundle.observed("encryption-start")
    assert (seen["when"], seen["state"]) == ("close", "not-seen")
    assert start["estimate_utc"] is None
    assert start["after_boot"] is None
    assert bundle.observed("uptime")[0]["first_sign"] is None
    assert "looks encrypted" in start["reason"]
    assert "WARNING" not in done.err
