"""Bad input and bad luck: whatever it is, a run ends sealed and says what it missed, or makes nothing and says why."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import live
import pytest

if sys.platform != "linux":
    pytest.skip("runs on a live Linux", allow_module_level=True)

from collector.acquisition import Run
from collector.result import Stop
from collector.sources.processes import ProcessSource

NOBODY = 65534


@pytest.fixture
def tree(tmp_path) -> Path:
    """Return a small tree to scan."""
    return live.files_in(tmp_path / "tree", 3)


def assert_refused(done: live.Done, code: int) -> None:
    """Demand an exit code with what is wrong and what to do, and nothing on standard output."""
    assert (done.code, done.out) == (code, ""), done
    assert re.match(r"error: .+\n(  .+\n)*hint: .+", done.err), done.err
    assert printable(done.err)


def printable(text: str) -> bool:
    """Tell whether a text holds nothing that moves a cursor or turns a reading direction."""
    return not [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char != "\n"]


# Case ids and folders -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        *("../../etc", "a/b", "a\\b", "two words", "x" * 300, "x" * 65, "a\nb", "a\x1b[31mb", "", ".", "..", ".hidden"),
        *("-x", "_x", "é", "a\u202eb", "\uff21", "a\x00b"[:1] + "\u200b", "CON:", "a*", "a\udcff", " a", "a ", "a\n"),
    ],
    ids=ascii,
)
def test_a_case_id_that_names_no_folder_is_refused(out, tree, case):
    """Exit 2 with what is allowed, and nothing is written."""
    done = live.run(f"--case={case}", "--out", out, "--scan", tree, "--json")
    assert_refused(done, 2)
    assert "letters" in done.err
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("case", ["a", "9", "x" * 64, "A.b_c-9", "a..b"])
def test_a_case_id_at_the_edge_is_taken(out, tree, case):
    """What is allowed names the folder, whole."""
    done = live.collect(out, "--scan", tree, case=case)
    assert done.code in live.SEALED
    assert live.assert_sealed(done.json["bundle"]).path.name.startswith(f"{case}_")


def test_a_folder_that_is_missing_or_none_is_exit_1(tmp_path, tree):
    """`--out` that is not there, or a file: no bundle, exit 1, nothing made."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "dangling").symlink_to("nothing")
    before = live.snapshot(tmp_path)
    for name in ("missing", "file", "dangling", "missing/deeper", "x" * 300):
        assert_refused(live.collect(tmp_path / name, "--scan", tree), 1)
    assert live.snapshot(tmp_path) == before


@pytest.mark.root
def test_a_read_only_folder_is_exit_1(mounted, tree):
    """A stick with its lock on: exit 1, with the reason and what to do."""
    place = mounted("-t", "tmpfs", "-o", "ro", "none")
    done = live.collect(place, "--scan", tree)
    assert_refused(done, 1)
    assert "Read-only file system" in done.err
    assert list(place.iterdir()) == []


@pytest.fixture(scope="module")
def wordy_tree(tmp_path_factory) -> Path:
    """Return a tree whose list of recent files takes about 7 MB: long names that grow as they are escaped."""
    folder = tmp_path_factory.mktemp("wordy")
    for _ in range(4):
        folder /= "\U0001f600" * 60
    return live.files_in(folder, 1500, "\U0001f600" * 40 + "{}")


SIZES = [300, 3_000, 4_096, 4_100, 4_112, 4_128, 4_160, 4_224, 4_352, 4_608, 5_000, 6_000, 8_000]
"""KiB. The reserve is 4 MiB: around that, a bundle is born and meets the end of the disk at every place."""


@pytest.mark.root
@pytest.mark.parametrize("size", SIZES)
def test_a_full_disk(mounted, wordy_tree, size):
    """Sealed with exit 3, the full disk on record and what fits kept; or never room: exit 1 and nothing is left."""
    place = mounted("-t", "tmpfs", "-o", f"size={size}k", "none")
    assert_full(live.collect(place, "--scan", wordy_tree), place)


@pytest.mark.root
@pytest.mark.parametrize("inodes", [2, 3, 4, 5, 6, 7, 8, 10, 14, 20, 24, 40])
def test_a_disk_without_room_for_names(mounted, tree, inodes):
    """Where no file can be made there is no seal: what is there is intact, and `resume` ends it once there is room."""
    place = mounted("-t", "tmpfs", "-o", f"size=50m,nr_inodes={inodes}", "none")
    done = live.collect(place, "--scan", tree)
    if done.code == 3 and not done.out:
        assert_refused(done, 3)
        path = live.only_bundle(place).path
        assert live.examined(path)["verdict"] == "INCOMPLETE"
        subprocess.run(["mount", "-o", "remount,nr_inodes=1000", place], check=True)
        assert live.run("resume", path, "--json", "--quiet").code in live.SEALED
        live.assert_sealed(path)
    elif done.code not in live.SEALED:
        assert_full(done, place)


def assert_full(done: live.Done, place: Path) -> None:
    if done.code == 1:
        assert_refused(done, 1)
        assert list(place.iterdir()) == []
        return
    assert done.code == 3, done
    bundle = live.assert_sealed(done.json["bundle"])
    assert (bundle.close["outcome"], bundle.close["reason"]) == ("cut_short", "disk_full")
    assert len(bundle.observed("disk-full")) >= 1
    for one in bundle.artifacts():
        if not one["path"].endswith(".jsonl"):  # a copied file has no rows
            assert one["rows"] is None
            continue
        lines = (bundle.path / one["path"]).read_bytes().count(b"\n")
        assert ("cut" in one["flags"]) or lines > 0
        assert one["rows"] == max(0, lines - 1), "rows are the whole ones"
    assert bundle.gaps()
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=bundle.path, check=True)


@pytest.mark.slow
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["fsync", "write", "rename"])
def test_a_medium_that_fails_once(tmp_path, tree, call, error):
    """Sealed, or an intact prefix that `resume` ends, or nothing; the error says what happened and what to do."""
    what = f"import errno; raise OSError(errno.{error}, 'broken')"
    for number in (1, 2, 3, 5, 13, 21, 34, 47, 55):
        out = tmp_path / str(number)
        out.mkdir()
        done = live.collect(out, "--scan", tree, fault=live.fault(call, number, what))
        assert done.code in (0, 1, 3, 4), (number, done)
        if done.out:
            live.assert_sealed(done.json["bundle"])
            continue
        assert_refused(done, done.code)
        if done.code == 1:
            assert list(out.iterdir()) == []
            continue
        path = live.only_bundle(out).path
        if not (path / "checkpoint").exists():
            assert live.examined(path)["verdict"] == "INCOMPLETE", (number, live.examined(path))
            assert live.run("resume", path, "--json", "--quiet").code in live.SEALED
        live.assert_sealed(path)


@pytest.mark.root
def test_a_stick_with_fat(tmp_path, mounted, tree):
    """FAT has no owners, no links and coarse times: the run does not notice."""
    live.needs("mkfs.vfat")
    image = tmp_path / "stick.img"
    image.touch()
    os.truncate(image, 32 << 20)
    subprocess.run(["mkfs.vfat", "-F", "32", image], check=True, capture_output=True)
    try:
        place = mounted("-o", "loop", "-t", "vfat", image)
    except subprocess.CalledProcessError:
        pytest.skip("no loop device or no vfat here")
    done = live.collect(place, "--scan", tree)
    assert done.code in live.SEALED, done.err
    bundle = live.assert_sealed(done.json["bundle"])
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=bundle.path, check=True)
    assert live.run("note", bundle.path, "a note on FAT").code == 0
    assert live.verify(bundle.path).code == 0


@pytest.mark.parametrize("spelling", ["plain", "link", "dots", "relative"])
def test_our_own_bundle_is_never_collected(tree, spelling):
    """An output folder inside the scanned tree, however it is spelled: not among recent files, not in the activity."""
    (tree / "link").symlink_to(".")
    out = {"plain": tree, "link": tree / "link", "dots": tree / "." / "link" / "..", "relative": Path("tree")}[spelling]
    if spelling == "dots":
        out = tree / "sub" / ".."
        (tree / "sub").mkdir()
    run = live.start("--case", "T1", "--out", out, "--scan", tree, "--json", "--quiet", cwd=tree.parent)
    while run.poll() is None:
        (tree / "f00000").write_text("again")
    done = live.ended(run)
    assert done.code in live.SEALED
    (path,) = tree.glob("T1_*")
    bundle = live.assert_sealed(path)
    for kind in ("recent-files", "activity"):
        paths = [live.text_of(row["path"]) for row in bundle.rows(kind)]
        assert os.fsencode(tree / "f00000") in paths
        assert not [one for one in paths if os.fsencode(path.name) in one], kind


def test_an_earlier_bundle_is_evidence_like_any_other(tree):
    """Only the bundle that is being written is left out."""
    first = Path(live.collect(tree, "--scan", tree).json["bundle"])
    second = live.Bundle(live.collect(tree, "--scan", tree).json["bundle"])
    assert str(first / "manifest.jsonl") in [row["path"] for row in second.rows("recent-files")]


def test_runs_at_once_make_a_bundle_each(out, tree):
    """Four runs of one case in the same second end in four bundles that verify."""
    runs = [live.start("--case", "T1", "--out", out, "--scan", tree, "--json", "--quiet") for _ in range(4)]
    done = [live.ended(run) for run in runs]
    assert {one.code for one in done} <= set(live.SEALED)
    paths = {one.json["bundle"] for one in done}
    assert len(paths) == len(list(out.iterdir())) == 4
    assert len({live.assert_sealed(path).records[0]["sid"] for path in paths}) == 4


# The host -----------------------------------------------------------------------------------


@pytest.mark.root
def test_a_host_without_a_display(out, tree, mounted):
    """Neither windows nor a picture: both leave a gap that says so, and the run is complete."""
    live.needs("unshare")
    inside = [
        "unshare",
        "-m",
        "-p",
        "-f",
        "--mount-proc",
        "sh",
        "-c",
        'mount -t tmpfs none /tmp/.X11-unix 2>/dev/null; exec "$@"',
        "sh",
    ]
    done = live.collect(out, "--scan", tree, before=[*inside, "unshare", "-n"])
    assert done.code == 0, done
    bundle = live.assert_sealed(done.json["bundle"])
    for source in ("windows", "screen"):
        assert {gap["outcome"] for gap in bundle.gaps(source)} >= {"absent"}
        assert not [one for one in bundle.artifacts(source) if one["path"].endswith(".png")]


@pytest.mark.root
def test_an_ordinary_user_seals_with_gaps(tree):
    """Without rights the run ends sealed; what may not be read is denied, on record, and never called empty."""
    live.needs("unshare", "setpriv")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        for folder in ("venv", "root", "out", "tree"):
            (place / folder).mkdir()
        (place / "tree/open").write_text("x")
        (place / "tree/closed").write_text("x")
        (place / "tree/closed").chmod(0)
        (place / "tree/locked").mkdir(mode=0o700)
        os.chown(place / "out", NOBODY, NOBODY)
        mount = 'mount --bind "$1" "$3/venv" && mount --bind "$2" "$3/root" && shift 3 && exec "$@"'
        before = ["unshare", "-m", "sh", "-c", mount, "sh", sys.prefix, live.ROOT, place]
        before += ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = live.command(
            "--case", "T1", "--out", place / "out", "--scan", place / "tree", "--json", "--quiet",
            python=f"{place}/venv/bin/python", root=place / "root",
        )  # fmt: skip
        done = subprocess.run(
            [*(str(one) for one in before), *command],
            capture_output=True,
            text=True,
            env=live.environment(),
            cwd="/",
            check=False,
        )
        live.assert_no_crash(done.stderr)
        assert done.returncode in live.SEALED, done.stderr
        bundle = live.assert_sealed(live.only_bundle(place / "out").path)
        assert bundle.records[0]["tool"]["privileges"] == "user"
        for source in ("processes", "connections", "executables", "recent-files"):
            assert "denied" in {gap["outcome"] for gap in bundle.gaps(source)}, source
        found = {row["path"]: row for row in bundle.rows("recent-files")}
        assert found[str(place / "tree/open")]["sha256"]
        assert (found[str(place / "tree/closed")]["sha256"], found[str(place / "tree/closed")]["flags"]) == (
            None,
            ["denied"],
        )
        others = [row for row in bundle.rows("processes") if row["uid"] != NOBODY]
        assert [row for row in others if "open_files" in row["unread"]], "unread, and not named as such"
        assert all(row["open_files"] is None for row in others if "open_files" in row["unread"])


FORKER = """
import os, random, sys
for number in range(3000):
    if os.fork() == 0:
        import time
        time.sleep(random.random() / 20)
        os._exit(0)
    if number % 50 == 49:
        for _ in range(40):
            os.wait()
sys.stdout.write("done")
"""


def test_processes_that_come_and_go(out, tree):
    """While 3,000 processes are born and die, every row is whole and nothing of it stops the run."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", FORKER], stdout=subprocess.PIPE) as forker:
        done = [live.collect(out, "--scan", tree)]
        while forker.poll() is None:
            done.append(live.collect(out, "--scan", tree))
        assert forker.stdout.read() == b"done"
    for one in done:
        assert one.code in live.SEALED, one
        bundle = live.assert_sealed(one.json["bundle"])
        rows = bundle.rows("processes")
        assert len({row["pid"] for row in rows}) == len(rows)
        assert all(row["ppid"] is not None and row["name"] for row in rows)
        assert "failed" not in {gap["outcome"] for gap in bundle.gaps("processes")}


# Budgets ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def big_tree(tmp_path_factory) -> Path:
    """Return a tree that takes seconds to scan."""
    return live.long_scan(tmp_path_factory.mktemp("big"))


@pytest.mark.parametrize("limit", ["0s", "1s"])
def test_max_time_closes_the_bundle(out, big_tree, limit):
    """The time is over: what is there is sealed, exit 3, and each source that was not reached says so."""
    done = live.collect(out, "--scan", big_tree, "--max-time", limit)
    assert (done.code, done.json["reason"]) == (3, "max_time")
    bundle = live.assert_sealed(done.json["bundle"])
    assert (bundle.close["outcome"], bundle.close["reason"]) == ("cut_short", "max_time")
    told = [gap["outcome"] for gap in bundle.gaps() if "max_time" in gap["reason"]]
    assert told, "each source that was cut short or never begun"
    assert {*told} == {"timed_out"}
    assert [gap for gap in bundle.gaps("recent-files") if "max_time" in gap["reason"]]
    assert bundle.artifacts("footprint")


@pytest.mark.parametrize(
    ("reason", "outcome"), [("max_time", "timed_out"), ("disk_full", "over_limit"), ("signal", "failed")]
)
def test_what_is_cut_short_has_the_outcome_of_what_cut_it(reason, outcome):
    """A source that `--max-time` ends was not read in error: its gap says so, as that of one never begun does."""
    told = []
    stopped = SimpleNamespace(
        stop=Stop(reason), missed=lambda source, gap: told.append((source, gap)), _core_missing=False
    )
    cut = Run._cut(stopped, time.monotonic() + 60)
    Run._not_started(stopped, ProcessSource())
    assert (cut.outcome, cut.reason) == (outcome, f"cut short: {reason}")
    assert [(source, gap.outcome, gap.reason) for source, gap in told] == [
        ("processes", outcome, f"not started: {reason}")
    ]
    assert stopped._core_missing


def test_max_size_is_only_a_gap(out, wordy_tree):
    """Once the artifacts have reached `--max-size` the rest is over_limit; the run is complete."""
    done = live.collect(out, "--scan", wordy_tree, "--max-size", "1M")
    assert done.code in live.SEALED
    bundle = live.assert_sealed(done.json["bundle"])
    assert "over_limit" in {gap["outcome"] for gap in bundle.gaps("recent-files")}
    total = sum(one["size"] for one in bundle.artifacts())
    assert total < 4 << 20
    assert bundle.artifacts("footprint")


@pytest.mark.root
def test_a_hung_fuse_mount_in_the_tree(out, tree):
    """A file system whose program answers nothing is a gap; it is never touched and the run ends."""
    live.needs("unshare")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("no /dev/fuse")
    hung = tree / "hung"
    hung.mkdir()
    fuse = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0"
    try:
        subprocess.run(
            ["mount", "-i", "-t", "fuse", "-o", options, "none", hung], pass_fds=[fuse], check=True, timeout=30
        )
        select.select([fuse], [], [], 30)
        (unique,) = struct.unpack_from("<Q", os.read(fuse, 1 << 20), 8)
        os.write(
            fuse, struct.pack("<IiQ", 80, 0, unique) + struct.pack("<IIIIHHI", 7, 31, 0, 0, 0, 0, 4096) + bytes(40)
        )
        run = live.start("--case", "T1", "--out", out, "--scan", tree, "--json", "--quiet")
        done = live.ended(run)
        touched = select.select([fuse], [], [], 0)[0]
    finally:
        subprocess.run(["umount", "-l", hung], check=False)
        os.close(fuse)
    assert done.code in live.SEALED
    assert touched == [], "the run asked the mount something"
    bundle = live.assert_sealed(done.json["bundle"])
    assert (str(hung), "unsupported") in [(gap["subject"], gap["outcome"]) for gap in bundle.gaps("recent-files")]


# Names --------------------------------------------------------------------------------------

EVIL = [
    b"two\nlines",
    b"\x1b[31;7mred",
    b"\x1b]0;title\x07",
    "turned \u202e gnp.exe".encode(),
    b"\xff\xfe",
    b"x" * 255,
    b"\r\x08\x7f",
]
_OURS = re.compile(r"\x1b\[[0-9;]*[mKJABCDGH]|\x1b\[\?25[lh]|[\r\n]")
"""What a terminal is told by the display of progress: colours, lines and the cursor."""


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", ["terminal", "lines"])
def test_hostile_names_never_reach_the_terminal(tmp_path, language, kind):
    """Folder, tree and gaps bear every evil name; the terminal gets our own sequences only, and no turned text."""
    for name in EVIL:
        (tmp_path / os.fsdecode(name)).mkdir()
        (tmp_path / os.fsdecode(name) / os.fsdecode(name)).write_bytes(name)
    wanted = [part for name in EVIL for part in ("--scan", tmp_path / os.fsdecode(name) / "missing")]
    for name in (b"x" + b"".join(EVIL[:5]) + b"\r\x08\x7f", EVIL[4], EVIL[5]):
        out = tmp_path / os.fsdecode(name)
        out.mkdir(exist_ok=True)
        command = live.command("--case", "T1", "--out", out, "--scan", tmp_path, *wanted, "--yes", "--lang", language)
        code, said = on_terminal(command, kind)
        assert code in live.SEALED, said
        left = _OURS.sub("", said) if kind == "terminal" else said.replace("\n", "").replace("\r", "")
        assert printable(left), ascii(left)
        assert "\x1b[31;7m" not in said
        (path,) = out.glob("T1_*")
        bundle = live.assert_sealed(path)
        assert {live.text_of(gap["subject"]) for gap in bundle.gaps("recent-files")} >= {
            os.fsencode(tmp_path) + b"/" + one + b"/missing" for one in EVIL
        }
        shown = live.run("verify", path, "--lang", language)
        assert shown.code == 0
        assert printable(shown.out + shown.err)


def on_terminal(command: list[str], kind: str) -> tuple[int, str]:
    """Run a command with its errors on a terminal of 80 by 24, or one that can't move its cursor."""
    primary, secondary = pty.openpty()
    env = live.environment(TERM="xterm" if kind == "terminal" else "dumb")
    with subprocess.Popen(command, stdin=secondary, stdout=secondary, stderr=secondary, env=env) as process:
        os.close(secondary)
        parts = []
        while True:
            try:
                part = os.read(primary, 1 << 16)
            except OSError:  # EIO: the other end is closed
                break
            parts.append(part)
        code = process.wait(60)
    os.close(primary)
    text = b"".join(parts).decode("utf-8", "backslashreplace")
    live.assert_no_crash(text)
    return code, text


def test_a_terminal_that_goes_away(out, tree):
    """A closed pipe on standard error or output takes nothing from the bundle."""
    for number in (1, 2):
        readable, writable = os.pipe()
        os.close(readable)
        command = live.command("--case", f"T{number}", "--out", out, "--scan", tree, "--json")
        streams = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            ("stdout", "stderr")[number - 1]: writable,
        }
        subprocess.run(command, env=live.environment(), stdin=subprocess.DEVNULL, check=False, **streams)
        os.close(writable)
        (path,) = out.glob(f"T{number}_*")
        live.assert_sealed(path)


def test_the_bundle_is_for_its_owner_only(out, tree):
    """Whatever the umask: evidence is nobody else's to read."""
    done = live.collect(out, "--scan", tree, umask=0)
    for path in [Path(done.json["bundle"]), *Path(done.json["bundle"]).rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.root
def test_a_stopped_process_stalls_nothing(out, tree):
    """A process that is stopped, holding a FIFO open, is a row like any other."""
    os.mkfifo(tree / "fifo")
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        sleeper.send_signal(signal.SIGSTOP)
        done = live.collect(out, "--scan", tree)
        sleeper.kill()
    assert done.code in live.SEALED
    bundle = live.assert_sealed(done.json["bundle"])
    assert [row["status"] for row in bundle.rows("processes") if row["pid"] == sleeper.pid] == ["stopped"]
    assert [row["type"] for row in bundle.rows("recent-files") if row["path"] == str(tree / "fifo")] == ["fifo"]
