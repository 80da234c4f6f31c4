"""The trees that are judged on Windows: people's first, each file once, what is swapped never read."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import winreg

from collector.host import Batch, HostError, treefiles
from collector.host.windows import scope, trees
from collector.hunt import Limits
from collector.model import Gap, Known, Outcome, Request
from collector.searching import Search

PROFILES = scope._PROFILES


def looked(*scans, **request):
    return trees.Trees(Request(0, scan=tuple(os.fsencode(p) for p in scans), **request))


def names(items):
    return sorted(os.fsdecode(one.name) for item in items if isinstance(item, Batch) for one in item.files)


def seen(found, name):
    batches = [item for item in [*found.people(), *found.rest()] if isinstance(item, Batch)]
    return next(one for batch in batches for one in batch.files if one.name == name)


@pytest.fixture
def system_folder():
    """Return a folder of the system, where nobody's files lie unless a profile does."""
    folder = Path(r"C:\Windows\System32\spool\elsewhere")
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def profile(system_folder):
    """Make a person whose profile lies there, as the registry lists it, and an account of a service."""
    keys = {"S-1-5-21-1-2-3-4711": "Zoé", "S-1-5-20": "service"}
    for sid, name in keys.items():
        (system_folder / name).mkdir()
        (system_folder / name / f"{name}.txt").write_text("a letter")
        with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, f"{PROFILES}\\{sid}") as key:
            winreg.SetValueEx(key, "ProfileImagePath", 0, winreg.REG_EXPAND_SZ, str(system_folder / name))
    yield system_folder / "Zoé"
    for sid in keys:
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, f"{PROFILES}\\{sid}")


def test_people_come_first_and_nothing_comes_twice(system_folder, profile):
    """A profile of the registry is walked before the rest, which leaves it out."""
    (system_folder / "program.bin").write_bytes(b"x")
    assert os.fsencode(profile) in scope.profiles()
    found = looked(system_folder)
    assert names(found.people()) == ["Zoé.txt"]
    assert names(found.rest()) == ["program.bin", "service.txt"]
    found.close()


def test_where_everything_is_people_s_nothing_is_left(tmp_path):
    r"""A tree below `C:\users` is people's, and the rest is empty."""
    (tmp_path / "a.txt").write_bytes(b"a")
    found = looked(tmp_path)
    assert names(found.people()) == ["a.txt"]
    assert names(found.rest()) == []


def test_the_bundle_is_never_looked_into(tmp_path):
    """Neither where people keep it nor elsewhere."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "manifest.jsonl").write_text("{}")
    (tmp_path / "a.txt").write_text("a")
    found = looked(tmp_path, exclude=(os.fsencode(bundle),))
    assert names([*found.people(), *found.rest()]) == ["a.txt"]


def test_ends_of_a_file_never_overlap(tmp_path):
    """Head and tail together are the file where it is small."""
    (tmp_path / "a.bin").write_bytes(bytes(range(100)))
    found = looked(tmp_path)
    file = seen(found, b"a.bin")
    assert found.read(file, 10, 10) == (bytes(range(10)), bytes(range(90, 100)), 100)
    assert found.read(file, 60, 60) == (bytes(range(60)), bytes(range(60, 100)), 100)
    assert found.read(file, 200, 200) == (bytes(range(100)), b"", 100)
    assert found.probe(file, (0, 50, 98), 4) == bytes([0, 1, 2, 3, 50, 51, 52, 53, 98, 99])
    found.close()


@pytest.mark.parametrize("how", ["replaced", "gone", "folder"])
def test_what_was_swapped_is_not_read(tmp_path, how):
    """Another thing under the same name is a gap with the path, by whatever call."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"mine")
    found = looked(tmp_path)
    file = seen(found, b"a.bin")
    if how == "replaced":
        (tmp_path / "other").write_bytes(b"other")
        (tmp_path / "other").replace(path)
    else:
        path.unlink()
        if how == "folder":
            path.mkdir()
    for got in (found.read(file, 10, 10), found.probe(file, (0,), 4), found.copy(file, 100)):
        assert isinstance(got, Gap)
        assert got.subject == str(path)
        assert got.outcome is {"gone": Outcome.ABSENT, "folder": Outcome.UNSUPPORTED}.get(how, Outcome.FAILED)
    found.close()


def test_a_folder_that_was_swapped_leads_nowhere(tmp_path):
    """The file is asked below the folder that the walk saw, which is another one now."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bin").write_bytes(b"mine")
    found = looked(tmp_path)
    file = seen(found, b"a.bin")
    (tmp_path / "in").rename(tmp_path / "away")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bin").write_bytes(b"other")
    assert isinstance(found.read(file, 10, 10), Gap)
    found.close()


def test_a_file_is_found_again_by_its_path(tmp_path):
    """By folder and name as they were told; what is gone is a gap."""
    (tmp_path / "Été").mkdir()
    (tmp_path / "Été" / "a.bin").write_bytes(b"mine")
    found = looked(tmp_path)
    file = seen(found, b"a.bin")
    folder = os.fsencode(tmp_path / "Été")
    again = found.locate(folder, b"a.bin")
    assert not isinstance(again, Gap)
    assert (again.identity, treefiles.path_of(again)) == (file.identity, treefiles.path_of(file))
    assert found.read(again, 10, 0) == (b"mine", b"", 4)
    assert isinstance(found.locate(folder, b"none"), Gap)
    assert isinstance(found.locate(rb"\\server\share", b"a"), Gap)
    found.close()


def test_a_large_file_is_copied_at_both_ends(tmp_path):
    """A copy holds so many bytes at most, is flagged, bears its path and times, and closes the file."""
    (tmp_path / "a.bin").write_bytes(bytes(range(250)))
    found = looked(tmp_path)
    file = seen(found, b"a.bin")
    blob = found.copy(file, 100)
    assert not isinstance(blob, Gap)
    assert b"".join(blob.chunks) == bytes(range(50)) + bytes(range(200, 250))
    assert blob.flags == ["head-and-tail"]
    assert blob.subject == str(tmp_path / "a.bin")
    assert blob.source_times is not None
    assert set(blob.source_times) == {"atime_ns", "btime_ns", "ctime_ns", "mtime_ns"}
    whole = found.copy(file, 250)
    assert not isinstance(whole, Gap)
    assert b"".join(whole.chunks) == bytes(range(250))
    (tmp_path / "a.bin").unlink()
    found.close()


def test_a_file_that_grows_ends_where_it_ended(tmp_path):
    """What is appended while it is copied is left out and told by a flag."""
    (tmp_path / "a.log").write_bytes(b"x" * 1000)
    found = looked(tmp_path)
    blob = found.copy(seen(found, b"a.log"), 10_000)
    assert not isinstance(blob, Gap)
    with (tmp_path / "a.log").open("ab") as out:
        out.write(b"y" * 1000)
    assert b"".join(blob.chunks) == b"x" * 1000
    assert blob.flags == ["changed-while-reading"]
    found.close()


def test_without_a_tree_there_is_no_search():
    """A share that was named is the gap of the whole source."""
    with pytest.raises(HostError) as raised:
        looked(r"\\server\share")
    assert raised.value.gap.outcome is Outcome.UNSUPPORTED


def test_what_is_not_walked_is_a_gap(tmp_path):
    """A tree that was named and is not there: no other source may come after this one to tell it."""
    (tmp_path / "a.txt").write_bytes(b"a")
    found = looked(tmp_path / "nowhere", tmp_path / "a.txt")
    items = [*found.people(), *found.rest()]
    found.close()
    told = {str(item.subject).rpartition("\\")[2]: item.outcome for item in items if isinstance(item, Gap)}
    assert told == {"nowhere": Outcome.ABSENT}
    assert names(items) == ["a.txt"], "a file that was named is the whole tree"


def test_a_profile_on_a_drive_of_the_network_is_a_gap():
    """It is not touched; where trees were named, nobody asked for it."""
    key = f"{PROFILES}\\S-1-5-21-1-2-3-4712"
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, key) as profile:
        winreg.SetValueEx(profile, "ProfileImagePath", 0, winreg.REG_SZ, r"\\server\profiles\Zoé")
    found = trees.Trees(Request(2**62))
    people = found.people()
    told = [gap.outcome for gap in people if isinstance(gap, Gap) and str(gap.subject).endswith("Zoé")]
    people.close()
    found.close()
    winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, key)
    assert told == [Outcome.UNSUPPORTED]


def test_a_ransom_note_is_found_and_copied(tmp_path):
    """The search through traces, which knows no system, tells a note under a path of Windows."""
    note = tmp_path / "README_À_LIRE.txt"
    note.write_text(
        "All your files have been encrypted! To decrypt them, download Tor Browser and pay the ransom in Bitcoin "
        "(BTC) to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT. Your personal ID: 0123456789ABCDEF. Do not rename files. "
        "We have downloaded your data and will publish it on our leak site if you don't pay within 72 hours.",
        encoding="utf-8",
    )
    known, limits = Known(), Limits(seconds=60, everywhere=True, named=True)
    rows = [getattr(item, "row", item) for item in Search(looked(tmp_path), limits, known).items()]
    notes = [row for row in rows if isinstance(row, dict) and row["what"] == "note"]
    assert [row["path"] for row in notes] == [str(note)]
    assert (os.fsencode(note.name), note.stat().st_size) in known.notes
    assert time.time_ns() > int(str(notes[0]["mtime_ns"]))
