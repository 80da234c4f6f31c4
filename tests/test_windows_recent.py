"""Every recent file of a Windows tree is a row, under its own name and with all that the file system keeps of it."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import random
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from ctypes import wintypes

from collector.host import walking
from collector.host.scanning import SINGLE_GAPS
from collector.host.windows import calls, recent, scope, walk
from collector.model import Gap, Outcome, Request
from collector.sources.recent_files import RecentFileSource
from collector.winformats.streams import Stream

WINE = calls.under_wine()
NOT_BY_WINE = ("alternate data streams",)
OLD_NS = 1_200_000_000_000_000_000


def scanned(*paths, since_ns=0, **request):
    items = list(recent.rows(Request(since_ns, scan=tuple(os.fsencode(p) for p in paths), **request)))
    rows = {name_of(row): row for row in items if not isinstance(row, Gap)}
    return rows, [item for item in items if isinstance(item, Gap) and not item.reason.startswith(NOT_BY_WINE)]


def name_of(row):
    path = row["path"]
    whole = bytes.fromhex(path["hex"]) if isinstance(path, dict) else path.encode()
    return os.fsdecode(whole.rpartition(b"\\")[2])


def long(path):
    return Path(f"\\\\?\\{path}")


def opened(path, access=0xC000_0000, share=0, disposition=3):
    types = (wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD, wintypes.DWORD)
    create = calls.function("kernel32", "CreateFileW", wintypes.HANDLE, *types, wintypes.HANDLE)
    handle = create(f"\\\\?\\{path}", access, share, None, disposition, 0, None)
    assert handle != wintypes.HANDLE(-1).value
    return calls.closing(handle)


def test_a_row_holds_every_column_and_the_hash(tmp_path):
    """A file of today with an accented name is a row with its size, times, number, owner and digest."""
    file = tmp_path / "Compte rendu - Éléonore.docx"
    file.write_bytes(b"lettre")
    rows, gaps = scanned(tmp_path, since_ns=time.time_ns() - 3600 * 10**9)
    assert list(rows) == [file.name]
    assert gaps == []
    row = rows[file.name]
    assert row.keys() == RecentFileSource.columns.keys()
    st = file.stat()
    expected = {
        "path": str(file),
        "type": "file",
        "size": 6,
        "mtime_ns": str(st.st_mtime_ns),
        "btime_ns": str(st.st_ctime_ns),  # Python's st_ctime is the birth here
        "inode": str(st.st_ino),
        "device": f"{st.st_dev >> 16:04X}-{st.st_dev & 0xFFFF:04X}",
        "links": 1,
        "sha256": hashlib.sha256(b"lettre").hexdigest(),
        "mode": None,
        "flags": [],
    }
    assert {column: row[column] for column in expected} == expected
    assert str(row["owner"]).startswith("S-1-")
    assert int(str(row["ctime_ns"])) >= st.st_mtime_ns


def test_hostile_names_are_rows_under_their_own_name(tmp_path):
    """Devices' names, dots and spaces at the end, brackets and reading direction, long ones: each is hashed."""
    names = ["CON", "aux.txt", "dot.", "space ", "[31mred", "\u202etxt.exe", "日本.pdf", "é" * 120, "-rf", "%TEMP%"]
    for name in names:
        (long(tmp_path) / name).write_bytes(name.encode())
    rows, gaps = scanned(tmp_path)
    assert gaps == []
    assert set(rows) == set(names)
    assert all(row["sha256"] == hashlib.sha256(name.encode()).hexdigest() for name, row in rows.items())


def test_folders_deeper_than_a_path_may_be(tmp_path):
    """A tree of 30 levels, 3,000 letters deep, is walked to its end (Wine stands on paths of 4,096 bytes)."""
    here = str(tmp_path)
    for _ in range(30):
        here += "\\" + "d" * 100
        long(here).mkdir()
    (long(here) / "deep.txt").write_bytes(b"deep")
    rows, gaps = scanned(tmp_path)
    assert gaps == []
    assert len(str(rows["deep.txt"]["path"])) > 3000
    assert rows["deep.txt"]["sha256"] == hashlib.sha256(b"deep").hexdigest()


def test_recent_is_any_of_three_times(tmp_path):
    """Malware puts content and birth back: the change of the entry still tells. What is old in all is no row."""
    (tmp_path / "put-back.exe").write_bytes(b"x")
    os.utime(tmp_path / "put-back.exe", ns=(OLD_NS, OLD_NS))
    rows, _ = scanned(tmp_path, since_ns=time.time_ns() - 3600 * 10**9)
    assert rows["put-back.exe"]["mtime_ns"] == str(OLD_NS)
    rows, gaps = scanned(tmp_path, since_ns=time.time_ns() + 3600 * 10**9)
    assert (rows, gaps) == ({}, [])


def test_hard_links_are_rows_each_and_read_once(tmp_path):
    """Two names of one file are two rows with one number; the budget of hashes is spent once."""
    (tmp_path / "a.bin").write_bytes(b"x" * 1000)
    (tmp_path / "b.bin").hardlink_to(tmp_path / "a.bin")
    rows, gaps = scanned(tmp_path, hash_bytes=1500)
    assert gaps == []
    assert rows["a.bin"]["inode"] == rows["b.bin"]["inode"]
    assert {row["links"] for row in rows.values()} == {2}
    assert {row["sha256"] for row in rows.values()} == {hashlib.sha256(b"x" * 1000).hexdigest()}


def test_a_locked_file_is_a_row_with_its_flag(tmp_path):
    """Somebody holds it open and shares nothing: everything but its digest is told."""
    (tmp_path / "locked.db").write_bytes(b"12345")
    with opened(tmp_path / "locked.db"):
        rows, _ = scanned(tmp_path)
    assert (rows["locked.db"]["size"], rows["locked.db"]["sha256"]) == (5, None)
    assert rows["locked.db"]["flags"] == ["locked"]
    assert rows["locked.db"]["links"] == 1


def test_read_only_and_hidden_files_are_read(tmp_path):
    """Attributes hinder nothing."""
    (tmp_path / "ro.txt").write_bytes(b"ro")
    (tmp_path / "ro.txt").chmod(0o444)
    set_attributes = calls.function("kernel32", "SetFileAttributesW", wintypes.BOOL, wintypes.LPCWSTR, wintypes.DWORD)
    assert set_attributes(str(tmp_path / "ro.txt"), 0x7)  # read-only, hidden, system
    rows, _ = scanned(tmp_path)
    assert rows["ro.txt"]["sha256"] == hashlib.sha256(b"ro").hexdigest()
    assert set_attributes(str(tmp_path / "ro.txt"), 0x80)


def test_what_is_swapped_between_the_walk_and_the_hash_is_flagged(tmp_path):
    """Another file under the same name, or none: its digest is not told as that of the one the walk saw."""
    for number in range(3):
        (tmp_path / f"{number}.txt").write_bytes(b"%d" % number)
    found = recent._Scan(scope.scope_of(Request(0, scan=(os.fsencode(tmp_path),))), Request(0))
    items = [one for part in walk.Walk([walk.Folder(None, os.fsencode(tmp_path))], 0, frozenset()) for one in part]
    by_name = {one.name: one for one in items}
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / "other").replace(tmp_path / "0.txt")
    (tmp_path / "1.txt").unlink()
    (tmp_path / "2.txt").write_bytes(b"two more")
    told = [found._row(by_name[b"%d.txt" % number]) for number in range(3)]
    assert [row["flags"] for row in told] == [["replaced"], ["vanished"], ["changed-while-reading"]]
    assert [row["sha256"] for row in told] == [None, None, hashlib.sha256(b"two more").hexdigest()]
    assert told[0]["owner"] is None
    found._folders.close()


def test_the_budget_of_hashes_is_kept_and_told(tmp_path):
    """What is over it is a row without digest, with its flag, and one gap counts them."""
    for number in range(4):
        (tmp_path / f"{number}.bin").write_bytes(bytes([number]) * 1000)
    rows, gaps = scanned(tmp_path, hash_bytes=2500)
    assert sum(row["sha256"] is not None for row in rows.values()) == 2
    [gap] = gaps
    assert (gap.outcome, gap.reason[:32]) == (Outcome.OVER_LIMIT, "2 recent files of 2000 bytes in ")


def test_the_bundle_is_never_looked_into(tmp_path):
    """Neither by its path nor in another case of it."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.jsonl").write_bytes(b"{}")
    (tmp_path / "a.txt").write_bytes(b"a")
    shouted = os.fsencode(str(tmp_path / "bundle").upper())
    rows, _ = scanned(tmp_path, exclude=(shouted,))
    assert set(rows) == {"a.txt"}
    rows, [gap] = scanned(tmp_path / "bundle", exclude=(shouted,))
    assert rows == {}
    assert gap.reason == "a path to scan lies in the bundle itself"


def test_paths_to_scan(tmp_path, monkeypatch):
    """A relative path, one with slashes, a file, one inside another, and what isn't there or isn't ours."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    for asked in ("in", str(tmp_path / "in").replace("\\", "/"), tmp_path / "in" / "a.txt"):
        rows, gaps = scanned(asked)
        assert (list(rows), gaps) == (["a.txt"], [])
        assert rows["a.txt"]["path"] == str(tmp_path / "in" / "a.txt")
    items = list(recent.rows(Request(0, scan=tuple(os.fsencode(tmp_path / one) for one in ("in", "", "in/a.txt")))))
    assert sum(not isinstance(item, Gap) for item in items) == 1
    rows, [gap] = scanned(tmp_path / "none")
    assert (rows, gap.outcome) == ({}, Outcome.ABSENT)
    rows, [gap] = scanned(r"\\server\share")
    assert (rows, gap.outcome) == ({}, Outcome.UNSUPPORTED)
    assert "network" in gap.reason


def test_what_comes_and_goes_never_breaks_the_walk(tmp_path):
    """Folders that vanish between their listing and their turn are counted once, not listed."""
    for number in range(30):
        (tmp_path / f"{number}").mkdir()
    tops = [walk.Folder(None, os.fsencode(tmp_path))]
    seen = walk.Walk(tops, 0, frozenset())
    eyes = seen._eyes()
    [part] = list(eyes.slices(eyes.enter(tops[0]), tops[0]))
    for number in range(30):
        (tmp_path / f"{number}").rmdir()
    troubles = []
    seen._hand_over = troubles.extend
    for name in part.subfolders:
        seen._visit(walk.Folder(tops[0], name), eyes)
    eyes.close()
    assert len(troubles) == 30
    assert {recent.files.outcome_of(one.error) for one in troubles} == {Outcome.ABSENT}


def test_a_folder_swapped_for_another_is_refused(tmp_path):
    """The walk saw one folder; what stands there now under its name is not entered."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_bytes(b"x")
    folder = walk.Folder(walk.Folder(None, os.fsencode(tmp_path)), b"a")
    opened_folders = walk.OpenFolders()
    opened_folders.of(folder)
    opened_folders.close()
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match=str(errno.ESTALE)):
        opened_folders.of(folder)
    opened_folders.close()


def test_same_files_as_os_walk(tmp_path):
    """Whatever the tree: what Python's own walk finds is found."""
    chance = random.Random(7)
    folders = [tmp_path]
    for number in range(150):
        parent = chance.choice(folders)
        if chance.random() < 0.3:
            folders.append(parent / f"f{number}")
            folders[-1].mkdir()
        else:
            (parent / f"n{number}.{chance.choice(['txt', 'docx', 'é'])}").write_bytes(b"x" * chance.randrange(3000))
    expected = {str(Path(top) / name) for top, _, names in os.walk(tmp_path) for name in names}
    rows, gaps = scanned(tmp_path)
    assert gaps == []
    assert {row["path"] for row in rows.values()} == expected


def test_an_abandoned_run_leaves_no_thread_and_no_handle(tmp_path):
    """Whoever stops taking rows stops the walk, and every folder can be deleted."""
    for number in range(50):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}" / "a.txt").write_bytes(b"a")
    rows = recent.rows(Request(0, scan=(os.fsencode(tmp_path),)))
    next(rows)
    rows.close()
    for thread in [one for one in threading.enumerate() if one.name == "walk"]:
        thread.join(60)
        assert not thread.is_alive()
    shutil.rmtree(tmp_path / "d0")


def test_gaps_of_one_kind_are_told_up_to_a_limit():
    """A thousand folders that are refused make a hundred gaps and one that counts."""
    found = recent._Scan(scope.Scope((), frozenset(), ()), Request(0))
    top = walk.Folder(None, b"C:\\")
    denied = ctypes.WinError(5)
    troubles = [walking.Trouble(top, b"%d" % number, denied, "it can't be read") for number in range(1000)]
    gaps = [gap for trouble in troubles for gap in found._item(trouble)]
    assert len(gaps) == SINGLE_GAPS
    assert gaps[0].subject == "C:\\0"
    [rest] = found._troubles.rest()
    assert rest.reason == "it can't be read: 900 more times"


def test_people_come_from_the_registry_and_nothing_of_the_system_is_people():
    r"""A profile anywhere is found; `C:\Windows` is not where people keep files."""
    found = [one.lower() for one in scope.people()]
    assert b"c:\\users" in found
    assert b"c:\\windows" not in found
    assert b"c:\\program files" not in found
    assert not any(one == b"c:\\" for one in found)


class Marked:
    """A file with streams, which Wine 8.0 can't make."""

    def streams(self):
        return [Stream("Zone.Identifier", 26), Stream("\ud800hidden", 2**60), *(Stream(f"s{n}", n) for n in range(100))]

    def mark(self):
        return b"[ZoneTransfer]\r\nZoneId=3\r\nHostUrl=https://example.org/\xff\r\n"


def test_streams_are_told_and_the_mark_of_the_web_is_kept():
    """Names and sizes of all, up to a limit with its flag; the bytes of the mark, whatever they are."""
    found, flags = recent._Scan(scope.Scope((), frozenset(), ()), Request(0)), []
    told = found._streams(Marked(), flags)
    assert flags == ["streams-cut"]
    assert len(told) == 64
    assert told[0]["name"] == "Zone.Identifier"
    assert bytes.fromhex(told[0]["text"]["hex"]) == Marked().mark()
    assert told[1] == {"name": {"text": "���hidden", "hex": "eda08068696464656e"}, "size": str(2**60), "text": None}


def test_a_drive_without_a_medium_is_told_as_absent(monkeypatch):
    """A card reader has a letter without a card in it: Windows says "not ready", and that is what is told."""

    def not_ready(*_):
        raise ctypes.WinError(21)

    monkeypatch.setattr(recent.files, "open_folder", not_ready)
    for tree in (b"X:\\", b"\\\\?\\Volume{12345678-1234-1234-1234-123456789abc}\\"):
        (told,) = recent.tops_of(tree, 0)
        assert told.error.winerror == 21
        assert told.folder.path(told.name) == tree
