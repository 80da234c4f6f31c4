"""Recent files on Linux: hostile trees, mounts that hang, budgets, and that nothing is missed."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import random
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("asks Linux", allow_module_level=True)

from collector.host.linux import Roots, entries
from collector.host.linux.mounts import Kind, MountTable
from collector.host.posix import recent, walk
from collector.model import Gap, Outcome, Request
from collector.sources.recent_files import RecentFileSource

CHECKOUT = Path(__file__).resolve().parent.parent
IS_ROOT = os.geteuid() == 0
NOBODY = 65534
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root: mounts")
LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND, MNT_FORCE, MNT_DETACH = 4096, 1, 2


def scan(*paths, since_ns=0, **request):
    items = list(recent.rows(Roots(), Request(since_ns, scan=tuple(os.fsencode(p) for p in paths), **request)))
    return [i for i in items if not isinstance(i, Gap)], [i for i in items if isinstance(i, Gap)]


def raw_path(row):
    path = row["path"]
    return bytes.fromhex(path["hex"]) if isinstance(path, dict) else path.encode()


def mark():
    """Return a time that stands between what was made before and what is made after."""
    time.sleep(0.02)  # times of files move by the tick, at most 10 ms
    now = time.time_ns()
    time.sleep(0.02)
    return now


def mount(source, target, kind, flags=0, data=""):
    arguments = [None if a is None else os.fsencode(a) for a in (source, target, kind)]
    if LIBC.mount(*arguments, ctypes.c_ulong(flags), data.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@pytest.fixture
def mounted():
    """Mount for one test: call it as `mount`; everything is taken away after it."""
    targets = []

    def do(source, target, kind, flags=0, data=""):
        mount(source, target, kind, flags, data)
        targets.append(target)

    yield do
    for target in reversed(targets):
        LIBC.umount2(os.fsencode(target), MNT_FORCE | MNT_DETACH)


# Mounts -------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path):
    def of(*lines):
        (tmp_path / "self").mkdir()
        (tmp_path / "self" / "mountinfo").write_text("".join(line + "\n" for line in lines))
        return MountTable(Roots(proc=str(tmp_path)))

    return of


def test_remote_mounts_are_known_by_path_alone(table):
    """The longest mount prefix decides; network, FUSE and unknown types may hang, ntfs-3g and procfs not."""
    seen = table(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "23 22 0:5 / /proc rw - proc proc rw",
        "24 22 0:40 / /mnt/nas rw shared:7 - nfs4 nas:/x rw",
        "25 22 0:41 / /home/u/.gvfs rw - fuse.gvfsd-fuse gvfsd rw",
        "26 22 8:17 / /media/stick rw - fuseblk /dev/sdb1 rw",
        r"27 22 0:42 / /a\040b\134\012 rw - newfs x rw",
        "28 24 8:2 / /mnt/nas/local rw - xfs /dev/sda2 rw",
    )
    assert seen.is_remote(b"/mnt/nas/deep/file")
    assert seen.is_remote(b"/home/u/.gvfs")
    assert seen.is_remote(b"/a b\\\n/x")
    assert not any(
        map(seen.is_remote, [b"/", b"/mnt", b"/mnt/nas2", b"/media/stick/x", b"/proc/1", b"/mnt/nas/local/f"])
    )
    assert seen.kind(b"/a b\\\n") is Kind.UNKNOWN


def test_each_local_file_system_is_scanned_once(table):
    """Bind mounts and a device mounted twice are left out, a subvolume of its own is not."""
    seen = table(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "23 22 8:1 /srv/data /data rw - ext4 /dev/sda1 rw",
        "24 22 8:2 / /b rw - xfs /dev/sda2 rw",
        "25 22 8:2 / /c rw - xfs /dev/sda2 rw",
        "26 22 0:30 /@home /home rw - btrfs /dev/sdc rw",
        "27 22 0:30 /@var /var rw - btrfs /dev/sdc rw",
        "28 22 0:31 / /tmp rw - tmpfs tmpfs rw",
    )
    assert [tree.path for tree in seen.local()] == [b"/", b"/b", b"/home", b"/tmp", b"/var"]
    assert [tree.path for tree in seen.local([b"/data", b"/c/x"])] == [b"/c/x", b"/data"]
    assert [tree.path for tree in seen.local([b"/srv", b"/srv/data", b"/data/y"])] == [b"/srv"]


def test_what_lies_under_another_mount_is_not_seen(table):
    """A mount hidden by a later one above it, or on the same point, doesn't count; the one on top does."""
    seen = table(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "23 22 0:40 / /mnt/a rw - nfs nas:/x rw",
        "24 22 0:31 / /mnt rw - tmpfs tmpfs rw",
        "25 22 8:3 / /auto rw - autofs systemd-1 rw",
        "26 25 8:4 / /auto rw - ext4 /dev/sda4 rw",
        "27 22 8:1 /mnt /elsewhere rw - ext4 /dev/sda1 rw",
    )
    assert not seen.is_remote(b"/mnt/a")
    assert not seen.is_remote(b"/auto/x")
    assert sorted(seen.visible) == [b"/", b"/auto", b"/elsewhere", b"/mnt"]
    assert b"/elsewhere" in [tree.path for tree in seen.local()], "shows what the tmpfs on /mnt hides"


def test_a_table_that_is_no_table_leaves_a_gap(tmp_path):
    """Without the table of mounts any path may hang: nothing is touched, and that is said."""
    (tmp_path / "f").write_text("x")
    items = list(recent.rows(Roots(proc=str(tmp_path / "none")), Request(0, scan=(os.fsencode(tmp_path),))))
    assert [(type(i), i.outcome) for i in items] == [(Gap, Outcome.ABSENT)]


# Trees --------------------------------------------------------------------------------------


def test_hostile_names_keep_every_byte(tmp_path):
    """Newlines, ANSI, bidi marks, invalid UTF-8 and 255 bytes come back as they stand on disk."""
    names = [
        b"a\nb",
        b"\x1b[2J\x1b]0;x\x07",
        "\u202efdp.exe".encode(),
        b"\xff\xfe\x80",
        b"n" * 255,
        b"\\",
        b"-rf *",
        b" ",
    ]
    top = os.fsencode(tmp_path)
    for name in names:
        Path(os.fsdecode(top + b"/" + name)).write_bytes(name)
    rows, gaps = scan(top)
    assert {raw_path(row): row["sha256"] for row in rows} == {
        top + b"/" + name: hashlib.sha256(name).hexdigest() for name in names
    }
    assert gaps == []
    assert all(list(row) == list(RecentFileSource.columns) for row in rows)


def test_a_thousand_levels_of_255_bytes(tmp_path):
    """A path of 256,000 bytes is walked and its file hashed, with few descriptors, side folders too."""
    name = "d" * 255
    fd = os.open(tmp_path, os.O_RDONLY)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for _ in range(1000):
            os.mkdir("side", dir_fd=fd)
            os.mkdir(name, dir_fd=fd)
            below = os.open(name, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = below
        with open("f", "wb", opener=lambda p, flags: os.open(p, flags, dir_fd=fd)) as file:
            file.write(b"deep")
        in_use = len(list(Path("/proc/self/fd").iterdir()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 3 * walk.OPEN_FOLDERS + 20, hard))
        rows, gaps = scan(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1000):  # too long for rmtree
            above = os.open("..", os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = above
            for part in ("side", name):
                below = os.open(part, os.O_RDONLY, dir_fd=fd)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink("f", dir_fd=below)
                os.close(below)
                os.rmdir(part, dir_fd=fd)
        os.close(fd)
    assert gaps == []
    assert [raw_path(row) for row in rows] == [b"/".join([os.fsencode(tmp_path), *[name.encode()] * 1000, b"f"])]
    assert rows[0]["sha256"] == hashlib.sha256(b"deep").hexdigest()


def test_links_are_rows_and_lead_nowhere(tmp_path):
    """Loops end, what a link points to outside the tree is not there, a broken link is a row too."""
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("x")
    (tree / "loop").symlink_to(tree)
    (tree / "self").symlink_to("self")
    (tree / "out").symlink_to(outside)
    (tree / "file").symlink_to(outside / "secret")
    rows, gaps = scan(tree)
    assert {raw_path(row).rpartition(b"/")[2]: row["type"] for row in rows} == dict.fromkeys(
        [b"loop", b"self", b"out", b"file"], "symlink"
    )
    assert {row["sha256"] for row in rows} == {None}
    assert gaps == []


def test_fifos_sockets_and_devices_are_rows_and_never_opened(tmp_path, monkeypatch):
    """None of them stalls the walk; opening a FIFO for reading would wait for its writer."""
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    os.mkfifo("fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        expected = {"fifo": "fifo", "socket": "socket"}
        if IS_ROOT:
            os.mknod("zero", 0o020600, os.makedev(1, 5))
            expected["zero"] = "char"
        rows, gaps = scan(tmp_path)
    assert {Path(row["path"]).name: row["type"] for row in rows} == expected
    assert {row["sha256"] for row in rows} == {None}
    assert gaps == []


def test_what_happens_between_the_walk_and_the_hash_is_flagged(tmp_path):
    """Vanished, grown, replaced by a link, a FIFO or another file: the row stays and says so."""
    for index in range(6):
        (tmp_path / f"f{index}").write_bytes(b"x")
    rows = recent.rows(Roots(), Request(0, scan=(os.fsencode(tmp_path),)))
    first = next(rows)
    left = sorted({f"f{i}" for i in range(6)} - {Path(first["path"]).name})
    vanished, grown, link, fifo, other = (tmp_path / name for name in left)
    vanished.unlink()
    with grown.open("ab") as file:
        file.write(b"more")
    link.unlink()
    link.symlink_to("/etc/passwd")
    fifo.unlink()
    os.mkfifo(fifo)
    (tmp_path / "new").write_bytes(b"y")
    (tmp_path / "new").rename(other)
    found = {row["path"]: row for row in rows}
    assert found[str(vanished)]["flags"] == ["vanished"]
    assert found[str(grown)]["flags"] == ["changed-while-reading"]
    assert found[str(grown)]["sha256"] == hashlib.sha256(b"xmore").hexdigest()
    for path in (link, fifo, other):
        assert (found[str(path)]["flags"], found[str(path)]["sha256"]) == (["replaced"], None)
    assert first["flags"] == []


def test_a_file_that_grows_without_end_ends(tmp_path):
    """Reading stops at the size the file had when it was opened, however far it grows meanwhile."""
    path = tmp_path / "log"
    path.write_bytes(b"")
    os.truncate(path, 2**28)
    stop = threading.Event()

    def grow_once_read():
        while not stop.wait(0.001):
            for fd in Path("/proc/self/fd").iterdir():
                with contextlib.suppress(OSError):
                    if fd.readlink() == path and "pos:\t0\n" not in Path(f"/proc/self/fdinfo/{fd.name}").read_text():
                        os.truncate(path, 2**42)
                        return

    thread = threading.Thread(target=grow_once_read)
    thread.start()
    try:
        [row], _ = scan(path, hash_bytes=2**50, hash_file_bytes=2**50)
    finally:
        stop.set()
        thread.join()
    assert row["sha256"] == hashlib.sha256(bytes(2**28)).hexdigest()


def test_files_that_come_and_go_never_break_the_walk(tmp_path):
    """A tree in motion: what stands all the time is found, what went is at most counted."""
    for index in range(50):
        (tmp_path / f"d{index}").mkdir()
        (tmp_path / f"d{index}" / "stays").write_text("x")
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            for index in range(50):
                passing = tmp_path / f"d{index}" / "passing"
                passing.mkdir()
                (passing / "f").write_text("y")
                shutil.rmtree(passing)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(20):
            rows, gaps = scan(tmp_path)
            assert sum(row["path"].endswith("/stays") for row in rows) == 50
            assert {gap.outcome for gap in gaps} <= {Outcome.ABSENT}
    finally:
        stop.set()
        thread.join()


def test_a_folder_swapped_for_another_is_refused(tmp_path):
    """Neither a link nor another folder in a folder's place leads the hashing out of the tree."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    folder = walk.Folder(walk.Folder(None, os.fsencode(tmp_path)), b"a")
    opened = walk.Descriptors()
    opened.of(folder)
    opened.close()
    (tmp_path / "a").rmdir()
    (tmp_path / "a").symlink_to("b")
    with pytest.raises(NotADirectoryError):
        opened.of(folder)
    (tmp_path / "a").unlink()
    (tmp_path / "b").rename(tmp_path / "a")
    with pytest.raises(OSError, match="Stale"):
        opened.of(folder)
    opened.close()


@pytest.mark.parametrize("seed", range(4))
def test_same_files_as_find(tmp_path, seed):
    """On a random tree, changed at random after the mark, the set of rows is that of GNU find."""
    chance = random.Random(seed)
    folders, paths = [tmp_path], []
    for number in range(600):
        place = chance.choice(folders)
        if chance.random() < 0.2:
            (place / f"d{number}").mkdir()
            folders.append(place / f"d{number}")
        else:
            path = place / f"f{number}"
            path.symlink_to("x") if chance.random() < 0.1 else path.write_text("x")
            paths.append(path)
    since_ns = mark()
    for path in chance.sample(paths, 150):
        match chance.randrange(5):
            case 0 if not path.is_symlink():
                path.write_text("changed")
            case 1:
                os.utime(path, (1, 1), follow_symlinks=False)  # put back: the entry's time tells
            case 2:
                path.rename(path.with_name(path.name + "-moved"))
            case 3:
                path.unlink()
            case _:
                os.utime(path, ns=(2**33 * 10**9, 2**33 * 10**9), follow_symlinks=False)
    at = f"@{since_ns / 1e9:.6f}"
    command = ["find", tmp_path, "!", "-type", "d", "(", "-newermt", at, "-o", "-newerct", at, ")", "-print0"]
    expected = set(subprocess.run(command, check=True, capture_output=True).stdout.split(b"\0")) - {b""}
    rows, gaps = scan(tmp_path, since_ns=since_ns)
    assert sorted(map(raw_path, rows)) == sorted(expected)
    assert expected
    assert gaps == []


def test_an_old_c_library_finds_the_same(tmp_path):
    """Without statx and getdents64 the entries and times are the same, but for the birth."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "never").mkdir()
    for name in ("old", "new"):
        (tmp_path / name).write_text(name)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        today, old = entries.Reader(), entries.Reader()
        old._statx = old._statx_errno = old._getdents = None
        [a], [b] = (list(reader.slices(os.dup(fd), 0, {b"never"})) for reader in (today, old) if not os.lseek(fd, 0, 0))
    finally:
        os.close(fd)
    assert a.subfolders == b.subfolders == [b"sub"]
    assert sorted((n, f._replace(btime_ns=None)) for n, f in a.changed) == sorted(b.changed)


def test_born_in_the_window_with_times_put_back(tmp_path):
    """A file whose content and entry times lie before the window but whose birth doesn't is recent."""
    facts = entries.Reader().facts(os.fsencode(tmp_path))
    assert facts._replace(btime_ns=500, mtime_ns=1, ctime_ns=1).since(500)
    assert not facts._replace(btime_ns=499, mtime_ns=1, ctime_ns=1).since(500)
    assert not facts._replace(btime_ns=None, mtime_ns=499, ctime_ns=499).since(500)


def test_times_before_1970_and_sizes_beyond_integers(tmp_path):
    """A negative time and 7 EiB are rows, as decimal strings, and are never read."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as made:
        path = Path(made, "huge")
        path.write_bytes(b"")
        try:
            os.truncate(path, 7 * 2**60)
        except OSError:
            pytest.skip("no file system here takes 7 EiB")
        os.utime(path, ns=(-5_000_000_001, -5_000_000_001))
        [row], [gap] = scan(made)
        row_mtime = row["mtime_ns"]
    assert (row["size"], row["sha256"], row["flags"]) == (str(7 * 2**60), None, ["hash-over-budget"])
    assert int(row_mtime) < 0
    assert gap.outcome is Outcome.OVER_LIMIT
    assert str(7 * 2**60) in gap.reason


def test_atime_of_files_and_folders_is_left_alone(tmp_path):
    """Hashed files and listed folders keep an access time that relatime would move; the row tells it."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f").write_text("x")
    places = [tmp_path / "sub" / "f", tmp_path / "sub", tmp_path]
    for place in places:
        os.utime(place, ns=(10**18, 10**18 + 10**15))
    [row], gaps = scan(tmp_path)
    assert row["sha256"] is not None
    assert row["atime_ns"] == str(10**18)
    assert [place.stat().st_atime_ns for place in places] == [10**18] * 3
    assert gaps == []


# Budgets and what is asked ------------------------------------------------------------------


@pytest.mark.parametrize("budget", [{"hash_bytes": 250}, {"hash_file_bytes": 99}, {"hash_seconds": 0.0}])
def test_budget_of_hashes(tmp_path, budget):
    """What is over the budget keeps its row with a flag, and one gap counts files and bytes."""
    for index in range(5):
        (tmp_path / f"f{index}").write_bytes(b"x" * 100)
    rows, [gap] = scan(tmp_path, **budget)
    without = [row for row in rows if row["sha256"] is None]
    assert len(rows) == 5
    assert len(without) == (3 if "hash_bytes" in budget else 5)
    assert {tuple(row["flags"]) for row in without} == {("hash-over-budget",)}
    assert gap.outcome is Outcome.OVER_LIMIT
    assert gap.reason.startswith(f"{len(without)} recent files of {len(without) * 100} bytes")


def test_paths_to_scan(tmp_path, monkeypatch):
    """A file, a link of the operator's own, a relative path; nested ones once; an absent one is a gap."""
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "f").write_text("x")
    (tmp_path / "link").symlink_to("tree")
    monkeypatch.chdir(tmp_path)
    rows, gaps = scan("link", tmp_path / "tree" / "sub", "tree/sub/f", "none")
    assert [row["path"] for row in rows] == [str(tmp_path / "tree" / "sub" / "f")]
    assert [(gap.outcome, gap.subject) for gap in gaps] == [(Outcome.ABSENT, "none")]
    rows, gaps = scan("tree/sub/f")
    assert [row["sha256"] for row in rows] == [hashlib.sha256(b"x").hexdigest()]
    rows, gaps = scan("tree/sub/f", since_ns=mark())
    assert (rows, gaps) == ([], [])


def test_the_bundle_is_never_looked_into(tmp_path):
    """The excluded folder in the tree is not entered, whether by path, by a link to it or as the tree itself."""
    bundle = tmp_path / "bundle"
    (bundle / "artifacts").mkdir(parents=True)
    (bundle / "artifacts" / "f").write_text("x")
    (tmp_path / "bundle2").write_text("y")
    (tmp_path / "link").symlink_to(bundle)
    for excluded in (bundle, tmp_path / "link"):
        rows, gaps = scan(tmp_path, exclude=(os.fsencode(excluded),))
        assert {Path(row["path"]).name for row in rows} == {"bundle2", "link"}
        assert gaps == []
    rows, [gap] = scan(bundle / "artifacts", exclude=(os.fsencode(bundle),))
    assert rows == []
    assert gap.outcome is Outcome.UNSUPPORTED


def run_alone(code, *arguments, user=None):
    """Run code in a process of its own, which prints JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=True, capture_output=True, cwd="/", user=user,
        env={"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=300,
    )  # fmt: skip
    return json.loads(done.stdout)


def readable_by_all(path):
    """Tell whether any user reaches a file: each folder above it lets everybody through."""
    return all(folder.stat().st_mode & 0o001 for folder in path.parents) and bool(path.stat().st_mode & 0o004)


AS_USER = """
import json, os, sys
from collector.host.linux import Roots
from collector.host.posix import recent
from collector.model import Gap, Request
items = list(recent.rows(Roots(), Request(0, scan=(os.fsencode(sys.argv[1]),))))
print(json.dumps([[i.outcome, i.reason, i.subject] if isinstance(i, Gap) else i for i in items]))
"""


def test_as_an_ordinary_user():
    """Denied folders are gaps, the first hundred one by one; a denied file is a row with its times."""
    user = NOBODY if IS_ROOT else None
    if user is not None and not readable_by_all(Path(sys.executable).resolve()):
        pytest.skip("the interpreter of these tests stands where nobody else may read")
    made = Path(tempfile.mkdtemp())
    try:
        made.chmod(0o755)
        (made / "open").write_text("x")
        (made / "shut").write_text("x")
        (made / "shut").chmod(0)
        for index in range(130):
            (made / f"d{index}").mkdir(mode=0)
        items = run_alone(AS_USER, made, user=user)
    finally:
        for index in range(130):
            (made / f"d{index}").chmod(0o700)
        shutil.rmtree(made)
    gaps = [i for i in items if isinstance(i, list)]
    rows = {Path(i["path"]).name: i for i in items if isinstance(i, dict)}
    assert rows["open"]["sha256"] is not None
    assert (rows["shut"]["flags"], rows["shut"]["sha256"]) == (["denied"], None)
    assert len(gaps) == 101
    assert {gap[0] for gap in gaps} == {"denied"}
    assert gaps[-1][1:] == ["a folder can't be opened: 30 more times", None]


IN_BOUNDS = """
import json, os, resource, sys
from collector.host.linux import Roots
from collector.host.posix import recent
from collector.model import Gap, Request
def count(path):
    request = Request(0, scan=(os.fsencode(path),), hash_bytes=0)
    return sum(not isinstance(i, Gap) for i in recent.rows(Roots(), request))
few = count(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
many = count(sys.argv[2])
print(json.dumps([few, many, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before]))
"""


@pytest.mark.slow
def test_memory_stays_bounded_with_300000_recent_files(tmp_path):
    """Thirty times the files take at most 16 MB more; 200,000 of them stand in one folder."""
    few, many = tmp_path / "few", tmp_path / "many"
    for top, folders in ((few, {"a": 10_000}), (many, {"a": 200_000, **{f"b{i}": 1000 for i in range(100)}})):
        for name, count in folders.items():
            (top / name).mkdir(parents=True)
            fd = os.open(top / name, os.O_RDONLY)
            for index in range(count):
                os.close(os.open(f"file-{index}", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
            os.close(fd)
    in_few, in_many, grown_kib = run_alone(IN_BOUNDS, few, many)
    assert (in_few, in_many) == (10_000, 300_000)
    assert grown_kib < 16 * 1024


def test_an_abandoned_run_leaves_no_thread(tmp_path):
    """Closing the rows half way ends the threads of the walk, full queue or not."""
    for folder in range(40):
        (tmp_path / f"d{folder}").mkdir()
        for index in range(20):
            (tmp_path / f"d{folder}" / f"f{index}").write_text("x")
    rows = recent.rows(Roots(), Request(0, scan=(os.fsencode(tmp_path),)))
    next(rows)
    threads = [t for t in threading.enumerate() if t.name == "walk"]
    assert all(t.daemon for t in threads)
    rows.close()
    for thread in threads:
        thread.join(30)
    assert [t for t in threading.enumerate() if t.name == "walk"] == []


# Real mounts --------------------------------------------------------------------------------


@pytest.mark.root
@needs_root
def test_bind_mounts_are_scanned_once_and_lead_not_into_the_bundle(tmp_path, mounted):
    """A tree bound inside itself gives each file once; the bundle bound elsewhere stays closed, as a subfolder too."""
    for name in ("tree/a", "tree/again", "bundle", "around/in", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tree" / "a" / "f").write_text("x")
    (tmp_path / "bundle" / "ours").write_text("x")
    mounted(tmp_path / "tree" / "a", tmp_path / "tree" / "again", None, MS_BIND)
    mounted(tmp_path, tmp_path / "elsewhere", None, MS_BIND)
    rows, gaps = scan(tmp_path / "tree")
    assert [row["path"] for row in rows] == [str(tmp_path / "tree" / "a" / "f")]
    rows, gaps = scan(tmp_path / "elsewhere", exclude=(os.fsencode(tmp_path / "bundle"),))
    assert [row["path"] for row in rows] == [str(tmp_path / "elsewhere" / "tree" / "a" / "f")]
    assert gaps == []


@pytest.mark.root
@needs_root
@pytest.mark.parametrize("kind", ["vfat", "ext2"])
def test_an_image_on_a_loop_device(tmp_path, kind):
    """A FAT stick (times by two seconds) and ext2 (no birth) below the tree are scanned as local."""
    if kind not in Path("/proc/filesystems").read_text().split() or not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"this kernel or system has no {kind}")
    image, stick = tmp_path / "image", tmp_path / "tree" / "stick"
    stick.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(8 * 2**20)
    subprocess.run(
        [f"mkfs.{kind}", *(["-q", "-I", "128"] if kind == "ext2" else []), image], check=True, capture_output=True
    )
    subprocess.run(["mount", "-t", kind, "-o", "loop", image, stick], check=True)
    try:
        (stick / "old").write_text("x")
        os.utime(stick / "old", (10**9, 10**9))
        (stick / "new").write_text("y")
        moment = time.time_ns() - 10 * 10**9
        rows, gaps = scan(tmp_path / "tree", since_ns=moment)
    finally:
        subprocess.run(["umount", stick], check=True)
    found = {Path(row["path"]).name: row for row in rows}
    assert found["new"]["sha256"] == hashlib.sha256(b"y").hexdigest()
    assert int(found["new"]["mtime_ns"]) % 10**9 == 0
    assert kind != "ext2" or found["new"]["btime_ns"] is None
    assert gaps == []


@pytest.mark.root
@needs_root
@pytest.mark.skipif(not shutil.which("debugfs"), reason="needs debugfs")
def test_times_of_content_and_entry_forged(tmp_path):
    """A file whose content and entry times were both put back is found by its birth."""
    image, place = tmp_path / "image", tmp_path / "place"
    place.mkdir()
    (tmp_path / "f").write_text("x")
    with image.open("wb") as file:
        file.truncate(8 * 2**20)
    forge = f"write {tmp_path}/f f\nset_inode_field f ctime @1000000000\nset_inode_field f mtime @1000000000\n"
    subprocess.run(["mkfs.ext4", "-q", "-I", "256", image], check=True, capture_output=True)
    subprocess.run(["debugfs", "-w", "-f", "-", image], input=forge.encode(), check=True, capture_output=True)
    subprocess.run(["mount", "-t", "ext4", "-o", "loop,ro", image, place], check=True)
    try:
        [row], gaps = scan(place, since_ns=time.time_ns() - 3600 * 10**9)
    finally:
        subprocess.run(["umount", place], check=True)
    assert row["path"] == str(place / "f")
    assert {row["ctime_ns"][:10], row["mtime_ns"][:10]} == {"1000000000"}
    assert gaps == []


@pytest.mark.root
@needs_root
def test_a_hung_fuse_mount_is_a_gap_and_never_touched(tmp_path, mounted):
    """A FUSE server that answers nothing gets no request at all from the walk, and the walk ends."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("no /dev/fuse")
    hung = tmp_path / "hung"
    hung.mkdir()
    (tmp_path / "f").write_text("x")
    fuse = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
    try:
        mounted("evil", hung, "fuse", 0, f"fd={fuse},rootmode=40000,user_id=0,group_id=0")
        select.select([fuse], [], [], 30)
        init = os.read(fuse, 1 << 20)
        unique = struct.unpack_from("=IIQ", init)[2]
        os.write(
            fuse,
            struct.pack("=IiQ", 16 + 64, 0, unique)
            + struct.pack("=IIIIHHII9I", 7, 31, 0, 0, 8, 8, 4096, 1, *[0] * 9)[:64],
        )
        done = []
        scanning = threading.Thread(target=lambda: done.append((scan(tmp_path), scan(hung / "x"))), daemon=True)
        scanning.start()
        scanning.join(60)
        assert done, "the walk hangs"
        assert select.select([fuse], [], [], 0)[0] == [], "the walk touched the mount"
        ((rows, gaps), (none, own_gaps)) = done[0]
        assert [row["path"] for row in rows] == [str(tmp_path / "f")]
        assert [(gap.outcome, gap.subject) for gap in gaps] == [(Outcome.UNSUPPORTED, str(hung))]
        assert none == []
        assert [(gap.outcome, gap.subject) for gap in own_gaps] == [(Outcome.UNSUPPORTED, str(hung / "x"))]
        # And the server would have seen it: a stat does reach it, and hangs.
        threading.Thread(target=lambda: os.access(hung / "x", os.F_OK), daemon=True).start()
        assert select.select([fuse], [], [], 30)[0] == [fuse]
    finally:
        os.close(fuse)
