"""What is written on Windows while we collect is seen at once, bounded, and never our own bundle."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from collector import activity_rules, bursts
from collector.host.windows import activity, calls, notices
from collector.model import Gap, Outcome, Request
from collector.sources.activity import ActivitySource
from collector.winformats.notifications import Notification, notifications

WINE = calls.under_wine()


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


class Watched:
    """A watch over some folders."""

    def __init__(self, *folders, exclude=()):
        scan = tuple(os.fsencode(folder) for folder in folders)
        self.watch = activity.watch(Request(0, scan=scan, exclude=tuple(os.fsencode(one) for one in exclude)))

    def saw(self, event, path):
        return (event, str(path)) in seen(self.rows())

    def rows(self):
        return [row for row in self.watch.rows() if not isinstance(row, Gap)]

    def end(self):
        self.watch.stop()
        items = list(self.watch.rows())
        return [one for one in items if not isinstance(one, Gap)], [one for one in items if isinstance(one, Gap)]


def seen(rows):
    return [(row["event"], row["path"]) for row in rows]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "watched"
    made.mkdir()
    return made


def test_an_encryption_is_seen_while_it_goes_on_in_folders_below(folder):
    """Created, written, renamed and deleted in folders below, without a wait."""
    watched = Watched(folder)
    (folder / "Été").mkdir()
    until(lambda: watched.saw("created", folder / "Été"))
    old, new = folder / "Été" / "lettre à Zoé.docx", folder / "Été" / "lettre à Zoé.docx.locked"
    old.write_bytes(b"x")
    until(lambda: watched.saw("created", old))
    old.rename(new)
    until(lambda: watched.saw("moved-to", new))
    new.unlink()
    until(lambda: watched.saw("deleted", new))
    (folder / "new").mkdir()
    until(lambda: watched.saw("created", folder / "new"))
    (folder / "new" / "README.txt").write_bytes(b"pay")
    until(lambda: watched.saw("created", folder / "new" / "README.txt"))
    rows, gaps = watched.end()
    assert gaps == []
    order = [one for one in seen(rows) if one[1] in (str(old), str(new))]
    assert [order.index(one) for one in (("created", str(old)), ("moved-from", str(old)), ("moved-to", str(new)))] == [
        *sorted(order.index(one) for one in (("created", str(old)), ("moved-from", str(old)), ("moved-to", str(new))))
    ]
    assert all(set(row) == set(ActivitySource.columns) for row in rows)
    assert all(str(row["utc"]).endswith("Z") for row in rows)
    assert all(row["folder"] is not True for row in rows if row["path"] in (str(old), str(new)))


def test_our_own_bundle_is_never_reported(folder):
    """Whatever the case in which it was named."""
    (folder / "bundle").mkdir()
    watched = Watched(folder, exclude=(str(folder / "bundle").upper(),))
    (folder / "bundle" / "manifest.jsonl").write_bytes(b"{}")
    (folder / "after.txt").write_bytes(b"x")
    until(lambda: watched.saw("created", folder / "after.txt"))
    rows, _ = watched.end()
    assert not [path for _, path in seen(rows) if "bundle\\" in path.lower()]


def test_renames_are_counted_as_an_encryption(folder):
    """Files of many types that all get one unknown extension: the judge over the counters says so."""
    rules = activity_rules.activity()
    names = [f"{number}.{kind}" for number in range(10) for kind in ("docx", "pdf", "jpg", "xlsx", "txt", "odt")]
    for place in ("a", "b", "c", "d", "e"):
        (folder / place).mkdir()
        for name in names:
            (folder / place / name).write_bytes(b"x")
    watched = Watched(*(folder / place for place in ("a", "b", "c", "d", "e")))
    for place in ("a", "b", "c", "d", "e"):
        for name in names:
            (folder / place / name).rename(folder / place / f"{name}.lockedbyus")
    last = folder / "e" / f"{names[-1]}.lockedbyus"
    until(lambda: watched.saw("moved-to", last))
    tally = watched.watch.tally()
    assert tally is not None
    assert tally.totals["renamed"] == 5 * len(names)
    assert tally.renamed[0].extension == b"lockedbyus"
    assert bursts.candidates(tally, rules)
    assert all(path.startswith(os.fsencode(folder)) for path in bursts.to_look_at(tally.renamed))
    assert os.fsencode(last) in bursts.to_look_at(tally.renamed)
    watched.end()


def test_a_burst_is_bounded_and_counted(folder):
    """Of many thousand events only the first and the last are kept, and a gap counts the rest."""
    watched = Watched(folder)
    told = [Notification("created", b"f%d" % number, None) for number in range(12_000)]
    with watched.watch._lock:
        for one in told:
            watched.watch._keep(os.fsencode(folder), one, time.time_ns())
    rows, gaps = watched.end()
    assert len(rows) == 10_000
    assert [gap.reason for gap in gaps] == ["2000 file events of 12000, between the first and the last, were not kept"]


def test_what_the_kernel_drops_is_a_gap_and_the_watch_goes_on(folder, monkeypatch):
    """Its buffer runs full while we don't fetch: that is told and counted, and what comes later is seen."""
    monkeypatch.setattr(notices, "BUFFER", 512)
    watched = Watched(folder)
    with watched.watch._lock:  # the thread waits, and so do the events
        for number in range(50):
            (folder / f"{number:0>100}").touch()
    until(lambda: watched.watch._overflows)
    time.sleep(0.5)
    (folder / "later").touch()
    until(lambda: watched.saw("created", folder / "later"))
    _, gaps = watched.end()
    assert any(gap.reason.startswith("the kernel's buffer was full") for gap in gaps)
    tally = watched.watch.tally()
    assert tally is not None
    assert tally.lost == watched.watch._overflows


def test_events_that_make_no_sense_end_the_watch_and_say_so(folder, monkeypatch):
    """What a driver of somebody's tells is no event: nothing is lost in silence, and the folder is let go."""
    watched = Watched(folder)
    (folder / "before").touch()
    until(lambda: watched.saw("created", folder / "before"))
    monkeypatch.setattr(notices, "notifications", lambda *_, **__: notifications(b"no event", extended=False))
    (folder / "after").touch()
    until(lambda: not watched.watch._thread.is_alive())
    assert not any(one._folder.handle for one in watched.watch._notices)
    _, gaps = watched.end()
    assert watched.saw("created", folder / "before")
    assert [(gap.outcome, "watched no more" in gap.reason) for gap in gaps] == [(Outcome.FAILED, True)]


def test_stopping_twice_leaves_nothing_behind(folder):
    """No event is added later, the folder can be deleted, and what had come before is there."""
    watched = Watched(folder)
    (folder / "before").touch()
    until(lambda: watched.saw("created", folder / "before"))
    watched.watch.stop()
    watched.watch.stop()
    before = list(watched.watch.rows())
    (folder / "after").touch()
    time.sleep(0.2)
    assert list(watched.watch.rows()) == before
    assert not watched.watch._thread.is_alive()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert not folder.exists()


def test_what_can_t_be_watched_is_a_gap(tmp_path):
    """A folder that isn't there, or is a share, is told, and the others are watched."""
    watched = Watched(tmp_path, tmp_path.parent / "none")
    (tmp_path / "a").touch()
    until(lambda: watched.saw("created", tmp_path / "a"))
    _, gaps = watched.end()
    assert [(gap.outcome, gap.subject) for gap in gaps] == [(Outcome.ABSENT, str(tmp_path.parent / "none"))]
    _, [gap] = Watched(r"\\server\share").end()
    assert gap.outcome is Outcome.ABSENT


def test_people_s_folders_are_watched_without_a_request():
    """Profiles and what people share, each once."""
    watched = activity.watch(Request(0))
    file = Path(r"C:\Users\made by a test.txt")
    file.touch()
    until(lambda: any(str(file).lower() == str(row["path"]).lower() for row in watched.rows() if isinstance(row, dict)))
    file.unlink()
    watched.stop()
    told = [row["event"] for row in watched.rows() if isinstance(row, dict) and file.name in str(row["path"])]
    assert told.count("created") == 1


@pytest.mark.skipif(WINE, reason="Wine 8.0: tells nothing of folders below that were there before the watch")
def test_folders_that_were_there_before_are_watched(folder):
    """One watch covers all below it."""
    (folder / "a" / "b").mkdir(parents=True)
    watched = Watched(folder)
    (folder / "a" / "b" / "c.txt").write_bytes(b"x")
    until(lambda: watched.saw("created", folder / "a" / "b" / "c.txt"))
    watched.end()


def test_a_file_system_that_knows_the_older_call_only_is_watched(folder, monkeypatch):
    """FAT and exFAT, which sticks have, refuse the newer one of 2017: each folder falls back by itself."""
    asked = []

    def refused(*arguments):
        asked.append(arguments)
        ctypes.set_last_error(1)  # ERROR_INVALID_FUNCTION
        return 0

    monkeypatch.setattr(notices, "_read_extended", lambda: refused)
    watched = Watched(folder)
    (folder / "new").write_bytes(b"x")
    until(lambda: watched.saw("created", folder / "new"))
    _, gaps = watched.end()
    assert len(asked) == 1
    assert gaps == []
