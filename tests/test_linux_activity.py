"""The watch over file activity: real folders, real inotify."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

# Names of the host are bytes, which pathlib does not take.
# ruff: noqa: PTH101, PTH103, PTH104, PTH108, PTH116, PTH123, PTH208

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from collector.host.linux import Roots, activity
from collector.host.posix import scope
from collector.model import Gap, Outcome, Request
from collector.sources.activity import ActivitySource


class Watched:
    """A running watch over one folder, and how a test waits for it without measuring time."""

    def __init__(self, folder, roots=None, **request):
        self.folder = folder
        self.watch = activity.watch(roots or Roots(), Request(0, scan=(os.fsencode(folder),), **request))
        until(lambda: self.watch._settled)

    def mark(self):
        """Make one last event and wait until it was seen: everything before it was, too."""
        (self.folder / "last-mark").touch()
        until(lambda: any(e.name == b"last-mark" for e in [*self.watch._first, *self.watch._last]))

    def watches(self, folder):
        paths = {known.path for known in list(self.watch._folders.values())}
        return os.fsencode(folder) in paths

    def end(self):
        """Stop and return rows (without the mark's) and gaps."""
        self.mark()
        self.watch.stop()
        items = list(self.watch.rows())
        rows = [i for i in items if isinstance(i, dict) and not str(i["path"]).endswith("last-mark")]
        return rows, [i for i in items if isinstance(i, Gap)]


def until(holds):
    for _ in range(2_000):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("what was waited for did not come")


def seen(rows):
    return [(row["event"], row["path"]) for row in rows]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "watched"
    made.mkdir()
    return made


def test_names_of_any_bytes_are_seen_in_nested_folders(folder):
    """Created, written, renamed and deleted: each in its order, invalid UTF-8 and newlines with every byte."""
    deep = os.fsencode(folder) + b"/a/b\n\x1b[31m/\xff\xfe"
    os.makedirs(deep)
    watched = Watched(folder)
    until(lambda: deep in {known.path for known in watched.watch._folders.values()})
    old, new = deep + b"/caf\xe9.doc", deep + b"/caf\xe9.doc.locked"
    with open(old, "wb") as file:
        file.write(b"x")
    os.rename(old, new)
    os.chmod(new, 0o600)
    os.unlink(new)
    rows, gaps = watched.end()
    assert [row["event"] for row in rows] == [
        "created",
        "modified",
        "moved-from",
        "moved-to",
        "attributes",
        "deleted",
    ]
    assert [bytes.fromhex(row["path"]["hex"]) for row in rows] == [old, old, old, new, new, new]
    assert gaps == []
    assert all(set(row) == set(ActivitySource.columns) for row in rows)
    assert all(row["folder"] is False and row["utc"].endswith("Z") for row in rows)


def test_a_new_folder_is_watched_too(folder):
    """What ransomware does in a folder that it made itself is seen."""
    watched = Watched(folder)
    (folder / "new").mkdir()
    until(lambda: watched.watches(folder / "new"))
    (folder / "new" / "README").touch()
    rows, _ = watched.end()
    assert ("created", str(folder / "new" / "README")) in seen(rows)
    assert next(row for row in rows if row["path"] == str(folder / "new"))["folder"] is True


def test_a_moved_folder_keeps_being_watched_under_its_new_name(folder):
    """Events after a rename name the path that the file has now, in its subfolders, too."""
    (folder / "a" / "sub").mkdir(parents=True)
    watched = Watched(folder)
    (folder / "a").rename(folder / "b")
    (folder / "b" / "sub" / "file").touch()
    rows, _ = watched.end()
    assert ("created", str(folder / "b" / "sub" / "file")) in seen(rows)
    assert ("created", str(folder / "a" / "sub" / "file")) not in seen(rows)


def test_a_folder_that_left_is_no_longer_watched(folder, tmp_path):
    """A folder moved out of what is watched is not reported under the path that it had."""
    (folder / "a").mkdir()
    watched = Watched(folder)
    (folder / "a").rename(tmp_path / "outside")
    watched.mark()
    (tmp_path / "outside" / "file").touch()
    rows, _ = watched.end()
    assert not any("file" in path for _, path in seen(rows))


def test_a_burst_is_bounded_and_counted(folder):
    """50,000 events: at most 10,000 are kept, the first and the last, and a gap counts the rest."""
    watched = Watched(folder)
    for number in range(50_000 // 2):
        os.mknod(folder / f"f{number}")
        os.unlink(folder / f"f{number}")
    rows, gaps = watched.end()
    assert 5_000 < len(rows) <= 10_000
    assert seen(rows)[:2] == [("created", str(folder / "f0")), ("deleted", str(folder / "f0"))]
    assert gaps
    assert all(gap.outcome is Outcome.OVER_LIMIT for gap in gaps)
    assert watched.watch._seen > len(rows)


def test_an_overflow_of_the_kernel_is_a_gap(folder):
    """Events that the kernel dropped are said to be lost, once for each time its queue was full."""
    watched = Watched(folder)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with watched.watch._lock:  # the reader waits, so the kernel's queue fills
        for number in range(limit + 10_000):
            os.mknod(folder / f"f{number}")
    until(lambda: watched.watch._overflows)
    _, gaps = watched.end()
    assert [gap.reason for gap in gaps if "queue was full" in gap.reason] == [
        "the kernel's queue was full 1 time(s): file events were lost"
    ]


def test_our_own_bundle_is_never_reported(folder, tmp_path):
    """Nothing of the excluded folder is reported, whichever path it was named by, nor its being made."""
    bundle = folder / "CASE-1"
    alias = tmp_path / "stick"
    alias.symlink_to(folder)
    bundle.mkdir()
    watched = Watched(folder, exclude=(os.fsencode(alias / "CASE-1"),))
    (bundle / "artifacts").mkdir()
    (bundle / "artifacts" / "000001-system.jsonl").write_text("x")
    (bundle / "manifest.jsonl").write_text("x")
    (folder / "CASE-10").touch()
    rows, gaps = watched.end()
    assert {path for _, path in seen(rows)} == {str(folder / "CASE-10")}
    assert gaps == []


def test_reading_moves_nothing(folder):
    """Neither the walk nor a reader of ours makes an event, and no folder's atime moves."""
    (folder / "sub").mkdir()
    (folder / "sub" / "file").write_text("x")
    os.utime(folder / "sub", (1, 2))
    watched = Watched(folder)
    until(lambda: watched.watches(folder / "sub"))
    (folder / "sub" / "file").read_text()
    os.listdir(folder)
    rows, _ = watched.end()
    assert rows == []
    assert os.stat(folder / "sub").st_atime == 1


def test_links_are_not_followed(folder, tmp_path):
    """A link to a folder elsewhere leads the watch nowhere."""
    (tmp_path / "elsewhere").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    watched = Watched(folder)
    (tmp_path / "elsewhere" / "file").touch()
    rows, gaps = watched.end()
    assert rows == []
    assert gaps == []


def test_too_many_folders_are_counted(folder, monkeypatch):
    """Beyond the limit nothing is watched, and the gap says how many folders."""
    for number in range(9):
        (folder / str(number)).mkdir()
    monkeypatch.setattr(activity, "MAX_FOLDERS", 4)
    watched = Watched(folder)
    _, gaps = watched.end()
    assert [gap.reason for gap in gaps] == [
        "4 folders were watched, 6 or the rest of them were not: the limit of 4 folders"
    ]


def test_a_folder_of_a_million_files_is_left_early(folder, monkeypatch):
    """A folder is watched whatever it holds; looking for folders in it ends at a limit, with a gap."""
    monkeypatch.setattr(activity, "MAX_ENTRIES", 3)
    for number in range(5):
        (folder / str(number)).touch()
    watched = Watched(folder)
    (folder / "5").touch()
    rows, gaps = watched.end()
    assert ("created", str(folder / "5")) in seen(rows)
    assert [gap.reason for gap in gaps] == [
        "1 folders were watched, 1 or the rest of them were not: the limit of time or of 3 entries of a folder"
    ]


def test_a_walk_out_of_time_says_so(folder, monkeypatch):
    """What the walk did not reach in its time is a gap, and the watch goes on."""
    (folder / "sub").mkdir()
    monkeypatch.setattr(activity, "WALK_SECONDS", 0.0)
    watch = activity.watch(Roots(), Request(0, scan=(os.fsencode(folder),)))
    until(lambda: watch._limit)
    watch.stop()
    (gap,) = watch.rows()
    assert (gap.outcome, gap.reason) == (
        Outcome.OVER_LIMIT,
        "0 folders were watched, 1 or the rest of them were not: the limit of 0 seconds of looking for folders",
    )


def test_network_mounts_are_not_touched(folder, tmp_path):
    """A folder that the kernel's table calls NFS is neither opened nor watched: it might hang."""
    (folder / "net" / "sub").mkdir(parents=True)
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "mountinfo").write_text(
        f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:40 / {folder}/net rw - nfs4 server:/x rw\n"
    )
    os.utime(folder / "net", (1, 2))
    watched = Watched(folder, Roots(proc=str(tmp_path / "proc")))
    (folder / "net" / "sub" / "file").touch()
    rows, gaps = watched.end()
    assert rows == []
    assert [(gap.outcome, gap.reason) for gap in gaps] == [
        (Outcome.UNSUPPORTED, "1 folder(s) on network or FUSE mounts were not watched")
    ]
    assert os.stat(folder / "net").st_atime == 1


def test_without_a_mount_table_nothing_is_touched(folder, tmp_path):
    """Where it can't be known what may hang, there is a gap and no event."""
    watch = activity.watch(Roots(proc=str(tmp_path)), Request(0, scan=(os.fsencode(folder),)))
    watch._walker.join()
    (folder / "file").touch()
    watch.stop()
    (gap,) = watch.rows()
    assert gap.outcome is Outcome.FAILED


def test_homes_of_people_are_watched_without_a_request(tmp_path):
    """Homes of root and of people are among the folders; those of daemons are not."""
    for name in ("alice", "daemon"):
        (tmp_path / name).mkdir()
    (tmp_path / "passwd").write_text(
        f"alice:x:1000:1000::{tmp_path}/alice:/bin/sh\ndaemon:x:7:7::{tmp_path}/daemon:/bin/sh\nbroken\n"
    )
    homes = scope.people(Roots(etc=str(tmp_path)))
    assert os.fsencode(tmp_path / "alice") in homes
    assert os.fsencode(tmp_path / "daemon") not in homes
    assert {b"/home", b"/srv", b"/var/www", b"/mnt", b"/media", b"/tmp"} <= set(homes)


def test_no_folder_is_a_gap(tmp_path):
    """A scan of what isn't there yields a gap instead of nothing."""
    watch = activity.watch(Roots(), Request(0, scan=(os.fsencode(tmp_path / "gone"),)))
    until(lambda: watch._settled)
    watch.stop()
    (gap,) = watch.rows()
    assert (gap.outcome, gap.reason) == (Outcome.ABSENT, "there was no folder to watch")


def test_stopping_twice_leaves_nothing_behind(folder):
    """After `stop` no thread, no descriptor and no new event is left; a second `stop` is nothing."""
    threads, descriptors = set(threading.enumerate()), len(os.listdir("/proc/self/fd"))
    watched = Watched(folder)
    watched.watch.stop()
    watched.watch.stop()
    (folder / "after").touch()
    assert list(watched.watch.rows()) == []
    assert set(threading.enumerate()) == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors
