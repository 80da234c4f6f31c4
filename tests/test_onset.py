"""When the encryption began: estimated from rows of recent files, and none invented."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import encryptor
import pytest

from collector import activity_rules, heads
from collector import onset as room
from collector.onset import Onset

RULES = activity_rules.activity()
LIMITS = RULES.limits
T0 = 1_790_000_000 * 10**9
SECOND = 10**9
TYPES = ("docx", "txt", "jpg", "pdf")


def row(path, ctime, mtime=None, judged=(), kind="file"):
    """Return what the onset looks at of a row."""
    raw = path if isinstance(path, bytes) else path.encode()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = {"text": raw.decode(errors="replace"), "hex": raw.hex()}
    return {
        "path": text, "type": kind, "ctime_ns": str(ctime), "mtime_ns": str(mtime or ctime), "judged": [*judged],
    }  # fmt: skip


def group(count, start, *, step=SECOND, extension="crypt0r", folders=4):
    """Return the rows of files that were encrypted one after the other."""
    return [
        row(f"/home/d{n % folders}/f{n}.{TYPES[n % len(TYPES)]}.{extension}", start + n * step) for n in range(count)
    ]


def estimated(rows, data=None, *, companion=False):
    """Return the start of some rows, where every file that is looked at begins with `data`."""
    onset = Onset(RULES)
    onset.take(rows)
    return onset.judge([heads.Head(path, data, companion) for path in onset.paths()])


CIPHER = random.Random(1).randbytes(4096)


def test_the_first_of_the_group_is_the_start_whatever_the_order():
    """A hundred files, shuffled, among thousands of others: exactly the first change of entry."""
    rows = [*group(100, T0), *(row(f"/usr/lib/p{n}/a{n}.py", T0 - n * SECOND) for n in range(5_000))]
    random.Random(2).shuffle(rows)
    start = estimated(rows, CIPHER)
    assert (start.estimate_ns, start.from_ns, start.basis) == (T0, T0, ("names", "heads"))
    assert (start.extension, start.files) == (b"crypt0r", 100)


def test_a_content_time_that_was_put_back_changes_nothing():
    """The encryptor keeps each file's old time of content: the entry's time tells, and the other is said beside it."""
    old = T0 - 400 * 86_400 * SECOND
    rows = [{**one, "mtime_ns": str(old)} for one in group(50, T0)]
    start = estimated(rows, CIPHER)
    assert (start.estimate_ns, start.from_ns, start.content_ns) == (T0, T0, old)


def test_one_older_file_of_the_same_extension_is_not_the_start():
    """A file that bore the extension days before (a rehearsal, a chance) is not taken for the beginning."""
    assert estimated([row("/home/d0/x.txt.crypt0r", T0 - 86_400 * SECOND), *group(100, T0)], CIPHER).estimate_ns == T0


def test_a_pause_in_the_night_does_not_hide_the_first_part():
    """The machine was encrypted from 22:00 and again from 04:00: it began at 22:00."""
    rows = [*group(40, T0), *group(60, T0 + 6 * 3600 * SECOND)]
    assert estimated(rows, CIPHER).estimate_ns == T0


def test_years_of_times_take_bounded_memory_and_the_start_stays_exact():
    """Ten thousand files an hour apart each: few stretches are kept, and each knows its first file exactly."""
    onset = Onset(RULES)
    onset.take(group(10_000, T0 + 7, step=3_600 * SECOND))
    kept = onset._named[b"crypt0r"]
    assert len(kept.bins) <= room._MOST_BINS
    assert sum(one.files for one in kept.bins.values()) == 10_000
    assert min(one.first for one in kept.bins.values()) == T0 + 7


def test_names_of_an_attacker_take_bounded_memory():
    """Ever new extensions, folders, and times beyond all clocks leave no more behind than the limits."""
    onset = Onset(RULES)
    both = ["encrypted", "note"]
    for n in range(20_000):
        onset.take([row(b"/\xff%d/a.docx.q%dq" % (n, n), 2**63 - 1 - n), row(f"/z{n}/{n}.pdf.same", -(2**62) + n)])
        onset.take([row(f"/y{n}/{n}.j{n}j", T0 + n * SECOND, judged=both)])
    assert all(len(kept) <= room._MOST_GROUPS for kept in (onset._named, onset._judged, onset._notes_named))
    assert all(len(one.folders) <= room._MOST_FOLDERS for one in onset._named.values())
    assert len(onset.paths()) <= heads.MOST


@pytest.mark.parametrize(
    ("rows", "data", "companion", "why"),
    [
        ([], None, False, "no recent file was listed"),
        ([row(f"/a/{n}.py", T0 + n) for n in range(5_000)], CIPHER, False, "a package"),
        (group(LIMITS.onset_files - 1, T0), CIPHER, False, "too few"),
        ([row(f"/a/{n}.txt.lang{n}x", T0) for n in range(500)], CIPHER, False, "no extension in common"),
        ([row(f"/a/b{n}.c.annot", T0) for n in range(500)], CIPHER, False, "one type only"),
        (group(500, T0, extension="license"), CIPHER, False, "an ordinary extension"),
        (group(500, T0, extension="reuse"), b"SPDX", True, "each beside its original"),
        (group(500, T0, extension="wrapped"), b"WRAP" + CIPHER, False, "a format of its own, many types"),
        ([row(f"/a/d{n}/x.txt.odd", T0, kind="symlink") for n in range(500)], CIPHER, False, "links"),
        (group(20, T0), b"SPDX text of some kind\n" * 20, False, "texts"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_none_is_invented(rows, data, companion, why):
    """Where nothing looks encrypted there is no estimate, and a reason stands in its place."""
    if why.startswith("a format"):
        data = b"age-encryption.org/v1\n" + CIPHER
    start = estimated(rows, data, companion=companion)
    assert start.estimate_ns is None
    assert start.basis == ()
    assert start.reason


def test_spared_heads_are_told_by_names_over_types_and_folders():
    """Where each file still begins as its type does, names alone serve from 30 files on."""
    onset = Onset(RULES)
    onset.take(group(60, T0))
    seen = [heads.Head(path, b"PK\x03\x04" if b".docx" in path else b"%PDF" + path) for path in onset.paths()]
    assert onset.judge(seen).basis == ("names",)


def test_what_a_rule_judged_goes_before_names_and_notes_are_said():
    """Rows that a rule judged decide without any look at a file, under any name; notes near them are in the basis."""
    rows = [row(f"/d{n % 3}/{n}", T0 + n * SECOND, judged=["encrypted"]) for n in range(20)]
    rows += [row("/d0/READ_ME.txt", T0 - 5 * SECOND, judged=["note"])]
    start = estimated(rows)
    assert (start.estimate_ns, start.basis, start.files) == (T0, ("judged", "notes"), 20)
    notes = [row(f"/d{n}/READ_ME.txt", T0 + n * SECOND, judged=["note"]) for n in range(5)]
    assert estimated(notes).basis == ("notes",)
    assert estimated(notes[:2]).estimate_ns is None


def test_notes_alone_tell_only_where_one_name_stands_in_several_folders():
    """Texts of names of their own, or of one name in two folders, are no start; one name in three folders is."""
    many = [row(f"/home/d{n}/letter{n}.txt", T0 - n * SECOND, judged=["note"]) for n in range(500)]
    assert estimated(many).estimate_ns is None
    two = [row(f"/home/d{n}/READ_ME.txt", T0 + n * SECOND, judged=["note"]) for n in range(2)]
    assert estimated([*many, *two, two[0]]).estimate_ns is None
    three = [*two, row("/home/d2/READ_ME.txt", T0 + 2 * SECOND, judged=["note"])]
    start = estimated([*many[:200], *three])
    assert (start.estimate_ns, start.basis, start.files) == (T0, ("notes",), 3)


def test_judged_files_beside_their_originals_are_no_start():
    """What somebody encrypted of their own is dropped, judged or not; what has no original still tells, exactly."""
    own = [row(f"/a/d{n % 3}/{n}.docx.gpg", T0 - 9_000 * SECOND, judged=["encrypted"]) for n in range(36)]
    own += [row(f"/a/d{n % 3}/{n}.pdf.own7z", T0 - 9_000 * SECOND, judged=["encrypted"]) for n in range(36)]
    assert estimated(own, CIPHER, companion=True).estimate_ns is None
    taken = [{**one, "judged": ["encrypted"]} for one in group(20, T0)]
    onset = Onset(RULES)
    onset.take([*own[:36], *taken])
    start = onset.judge([heads.Head(path, CIPHER, path.endswith(b".gpg")) for path in onset.paths()])
    assert (start.estimate_ns, start.basis, start.extension, start.files) == (T0, ("judged",), b"crypt0r", 20)


def test_two_judged_groups_are_one_start():
    """Two extensions of one attack: the first file of both, and all of their files."""
    rows = [{**one, "judged": ["encrypted"]} for one in group(300, T0 + 60 * SECOND, step=120 * SECOND)]
    rows += [{**one, "judged": ["encrypted"]} for one in group(200, T0, extension="locked9")]
    start = estimated(rows, CIPHER)
    assert (start.estimate_ns, start.extension, start.files) == (T0, None, 500)
    assert start.last_ns == T0 + (60 + 299 * 120) * SECOND


@pytest.mark.skipif(sys.platform != "linux", reason="asks the real host")
def test_the_real_thing_is_within_a_minute(tmp_path):
    """A tree that was just made, encrypted by a process of its own, scanned as a run does: the very first file."""
    from collector.host.linux import LinuxHost  # noqa: PLC0415 - the rest of the file runs on every system
    from collector.model import Request  # noqa: PLC0415 - the same

    for n in range(40):
        (tmp_path / f"d{n % 4}").mkdir(exist_ok=True)
        (tmp_path / f"d{n % 4}" / f"{n}.{TYPES[n % 3]}").write_bytes(b"a letter\n" * 300)
    time.sleep(0.1)
    before = time.time_ns()
    arguments = [sys.executable, encryptor.__file__, str(tmp_path), "rename", "200"]
    subprocess.run(arguments, check=True, capture_output=True)
    host, onset = LinuxHost(), Onset(RULES)
    onset.take(row for row in host.changed_files(Request(0, scan=(os.fsencode(tmp_path),))) if isinstance(row, dict))
    start = onset.judge(host.heads(onset.paths()))
    first = min(path.stat().st_ctime_ns for path in tmp_path.rglob("*.crypt0r"))
    assert start.basis == ("names", "heads")
    assert start.estimate_ns == first
    assert before <= start.from_ns <= start.estimate_ns
