"""Programs whose look may never return: told by the mounts of their own process, never touched, and no others lost."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import live
import pytest

if sys.platform != "linux":
    pytest.skip("asks Linux", allow_module_level=True)

from collector.host.linux import Roots, copies, executables, processes, program_facts, suspects
from collector.model import Gap, Outcome, Request
from collector.suspicion_rules import suspicion

SLEEP = hashlib.sha256(Path("/bin/sleep").read_bytes()).hexdigest()


def split(items):
    rows, gaps = [], []
    for item in items:
        (gaps if isinstance(item, Gap) else rows).append(item)
    return rows, gaps


def hashed(roots=None):
    roots = roots or Roots()
    return split(executables.rows(roots, processes.ProcessTable(roots)))


def fact_of(pid, roots=None):
    roots = roots or Roots()
    reader = program_facts.FactReader(roots, suspicion(), ())
    with suspects.folder(Roots(), pid) as (dir_fd, now):
        return reader.read(pid, dir_fd, now)


@contextmanager
def hanging(place, how):
    """Run a program from a file system that never answers again, in mounts of its own; gives its process's number."""
    live.needs("unshare")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("no /dev/fuse")
    place.mkdir()
    command = ["unshare", "-m", sys.executable, "-I", Path(__file__).parent / "hanging_fuse.py", place, how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            asked = server.stdout.read()
    assert asked == "", "it was asked something"


@pytest.mark.root
@pytest.mark.parametrize(
    ("how", "said"),
    [("stay", "lies in a network or FUSE file system"), ("detach", "lies in a mount that no table of mounts names")],
)
def test_a_program_on_a_dead_mount_of_its_own_takes_no_others(tmp_path, how, said):
    """In our table its path lies on a disk: its own tells better, or none does where the mount was taken away."""
    with hanging(tmp_path / "place", how) as pid:
        rows, gaps = hashed()
        fact = fact_of(pid)
    assert rows
    assert not any(pid in row["pids"] for row in rows)
    assert [str(gap.outcome) for gap in gaps if said in gap.reason and "program" in str(gap.subject)] == ["unsupported"]
    assert (fact.identity, fact.facts.mounted) == (None, how == "stay")


@pytest.fixture
def disguised(tmp_path):
    """Return a program's process, its path, and procfs where a dead mount stands in our table at that path."""
    live.needs("unshare")
    place = tmp_path / "place"
    place.mkdir()
    script = 'mount -t tmpfs none "$1" && cp /bin/sleep "$1/evil" && exec "$1/evil" 600'
    child = subprocess.Popen(["unshare", "-m", "sh", "-c", script, "sh", place])
    live.wait_for(lambda: Path(f"/proc/{child.pid}/comm").read_text() == "evil\n")
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self/fdinfo").symlink_to("/proc/self/fdinfo")
    (proc / "self/ns").symlink_to("/proc/self/ns")
    (proc / "self/root").symlink_to("/")
    ours = Path("/proc/self/mountinfo").read_text()
    root = ours.split(maxsplit=1)[0]
    (proc / "self/mountinfo").write_text(f"{ours}4000000000 {root} 0:999 / {place} rw - fuse.sshfs host: rw\n")
    (proc / str(child.pid)).symlink_to(f"/proc/{child.pid}")
    yield child.pid, place / "evil", Roots(proc=str(proc))
    child.kill()
    child.wait()


@pytest.mark.root
def test_a_dead_mount_of_ours_hides_no_program_of_another_namespace(disguised):
    """Its path lies in a FUSE file system here, and in memory there: it is hashed, and no gap says otherwise."""
    pid, path, roots = disguised
    rows, gaps = hashed(roots)
    assert [(row["path"], row["pids"], row["sha256"], row["deleted"]) for row in rows] == [
        (str(path), [pid], SLEEP, False)
    ]
    assert gaps == []
    fact = fact_of(pid, roots)
    assert fact.facts.mounted is False
    assert fact.identity is not None


@pytest.mark.root
def test_what_is_deleted_in_mounts_of_its_own_is_not_sought_in_ours(disguised):
    """A file of the same name here is another one."""
    pid, path, _ = disguised
    Path(f"/proc/{pid}/root{path}").unlink()
    shutil.copy("/bin/cat", f"{path} (deleted)")
    rows, _ = hashed()
    (row,) = [row for row in rows if pid in row["pids"]]
    assert (row["path"], row["deleted"], row["sha256"]) == (str(path), True, SLEEP)


@pytest.mark.root
@pytest.mark.parametrize("taken", [False, True])
def test_a_script_that_is_held_open_is_told_by_its_mount_too(tmp_path, taken):
    """In mounts of its own it is copied; where the mount was taken away, nobody knows who would answer."""
    live.needs("unshare")
    (tmp_path / "place").mkdir()
    take = 'umount -l "$1";' if taken else ""
    script = f'mount -t tmpfs none "$1"; echo secret >"$1/run.sh"; exec 9<"$1/run.sh"; {take} exec sleep 600'
    child = subprocess.Popen(["unshare", "-m", "sh", "-c", script, "sh", tmp_path / "place"])
    live.wait_for(lambda: Path(f"/proc/{child.pid}/comm").read_text() == "sleep\n")
    try:
        path = str(Path(f"/proc/{child.pid}/fd/9").readlink())
        fact = fact_of(child.pid)
        facts = replace(fact.facts, script=path, script_gone=None)
        taking = copies.Copies(Roots(), Request(0))
        suspect = suspects.Suspect(replace(fact, facts=facts), None, None)
        if taken:
            with pytest.raises(OSError, match="not supported"):
                taking._opened_script(suspect, os.fsencode(path))
        else:
            with os.fdopen(taking._opened_script(suspect, os.fsencode(path))) as file:
                assert file.read() == "secret\n"
    finally:
        child.kill()
        child.wait()


class Stuck(executables._Look):
    """Looks at processes of which some never let it go."""

    def __init__(self, stuck):
        super().__init__(Roots(), None)
        self.stuck = frozenset(stuck)
        self.released = threading.Event()

    def at(self, pid):
        return self.released.wait if pid in self.stuck else super().at(pid)


@pytest.mark.parametrize("many", [1, executables.MAX_HUNG + 5])
def test_what_hangs_all_the_same_costs_itself_only(monkeypatch, many):
    """A few are waited for; where more hang, the rest is one gap, and what was found before is kept."""
    monkeypatch.setattr(executables, "LOOK", 0.05)
    look, tally = Stuck(range(-many, 0)), executables._Tally()
    try:
        found = executables._running(look, [os.getpid(), *look.stuck], tally)
    finally:
        look.released.set()
    assert [one.pids for one in found.values()] == [[os.getpid()]]
    assert (tally.hung, tally.ended, tally.failed) == (many, 0, 0)


def test_a_file_whose_reading_hangs_has_its_row():
    """What the first look told stands there, and the rest is named: nobody waits for the bytes."""

    class Lost:
        def call(self, _work):
            raise executables.LostError

    row = executables._row(8 << 8, 7, executables.Executable(b"/bin/x", deleted=False, pids=[5]), Lost())
    assert (row["path"], row["pids"], row["sha256"]) == ("/bin/x", [5], None)
    assert row["unread"] == dict.fromkeys(("sha256", "size", "mtime_ns", "mode", "owner"), str(Outcome.TIMED_OUT))
