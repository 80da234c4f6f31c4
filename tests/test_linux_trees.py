"""The trees that are judged: people's first, each file once, no link followed, what is swapped never read."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("asks Linux", allow_module_level=True)

from collector.host import Batch, HostError, treefiles
from collector.host.linux import Roots
from collector.host.linux.mounts import MountTable
from collector.host.posix import scope, trees
from collector.model import Gap, Outcome, Request


def looked(tmp_path, *scans, etc=None, **request):
    roots = Roots() if etc is None else Roots(etc=str(etc))
    asked = tuple(os.fsencode(p) for p in scans) or (os.fsencode(tmp_path),)
    return trees.Trees(roots, Request(0, scan=asked, **request))


def names(items):
    return sorted(os.fsdecode(one.name) for item in items if isinstance(item, Batch) for one in item.files)


def seen(found, name):
    batches = [item for item in [*found.people(), *found.rest()] if isinstance(item, Batch)]
    return next(one for batch in batches for one in batch.files if one.name == name)


@pytest.fixture
def etc(tmp_path):
    """Return an /etc whose people live below `tmp_path`: two of them, and root."""
    folder = tmp_path / "etc"
    folder.mkdir()
    homes = {name: tmp_path / "home" / name for name in ("marie", "paul")} | {"root": tmp_path / "root"}
    for home in homes.values():
        home.mkdir(parents=True)
        (home / f"{home.name}.txt").write_text("a letter")
    numbers = {"marie": 1000, "paul": 1001, "root": 0}
    lines = [f"{name}:x:{numbers[name]}:0::{home}:/bin/sh\n" for name, home in homes.items()]
    (folder / "passwd").write_text("".join(reversed(lines)))
    return folder


def test_people_come_first_and_nothing_comes_twice(tmp_path, etc):
    """Homes are walked before the rest, which leaves them out."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "program.bin").write_text("x")
    found = looked(tmp_path, etc=etc)
    assert names(found.people()) == ["marie.txt", "paul.txt", "root.txt"]
    assert names(found.rest()) == ["passwd", "program.bin"]


def test_homes_of_people_come_before_roots(tmp_path, etc):
    """What a victim would miss first is looked at first."""
    table = MountTable(Roots())
    asked = scope.scope_of(table, Request(0, scan=(os.fsencode(tmp_path),)))
    order = [Path(os.fsdecode(tree.path)).name for tree in scope.people_first(table, asked, Roots(etc=str(etc)))]
    assert order == ["paul", "marie", "root"]


def test_the_bundle_is_never_looked_into(tmp_path, etc):
    """Neither where people keep it nor elsewhere."""
    bundle = tmp_path / "home" / "marie" / "bundle"
    bundle.mkdir()
    (bundle / "manifest.jsonl").write_text("{}")
    found = looked(tmp_path, etc=etc, exclude=(os.fsencode(bundle),))
    assert "manifest.jsonl" not in names([*found.people(), *found.rest()])


def test_a_home_that_is_a_link_leads_nowhere_else(tmp_path, etc):
    """A link inside a tree is not followed, and FIFOs and devices are no files."""
    (tmp_path / "home" / "marie" / "etc").symlink_to("/etc")
    os.mkfifo(tmp_path / "home" / "marie" / "pipe")
    found = looked(tmp_path, etc=etc)
    assert names([*found.people(), *found.rest()]) == ["marie.txt", "passwd", "paul.txt", "root.txt"]


def test_ends_of_a_file_never_overlap(tmp_path):
    """A file shorter than both ends together is given once."""
    (tmp_path / "short").write_bytes(b"0123456789")
    found = looked(tmp_path)
    one = seen(found, b"short")
    assert found.read(one, 4, 4) == (b"0123", b"6789", 10)
    assert found.read(one, 8, 8) == (b"01234567", b"89", 10)
    assert found.read(one, 64, 64) == (b"0123456789", b"", 10)


@pytest.mark.parametrize("how", ["link", "other", "gone", "fifo"])
def test_what_was_swapped_is_not_read(tmp_path, how):
    """A name under which something else stands now is a gap, whatever it is."""
    victim = tmp_path / "tree" / "letter"
    victim.parent.mkdir()
    victim.write_text("a letter")
    found = looked(tmp_path, victim.parent)
    one = seen(found, b"letter")
    (tmp_path / "kept").hardlink_to(victim)  # so that its number is not given again
    victim.unlink()
    if how == "link":
        victim.symlink_to("/etc/passwd")
    elif how == "other":
        victim.write_text("another")
    elif how == "fifo":
        os.mkfifo(victim)
    for answer in (found.read(one, 10, 10), found.copy(one, 100), found.probe(one, (0,), 10)):
        assert isinstance(answer, Gap)
        assert answer.outcome in (Outcome.ABSENT, Outcome.FAILED, Outcome.UNSUPPORTED)
        assert answer.subject == str(victim)


def test_a_folder_that_was_swapped_for_a_link_leads_nowhere(tmp_path):
    """The folder is opened again below its parent, and only if it is the one that was walked."""
    folder = tmp_path / "tree" / "inner"
    folder.mkdir(parents=True)
    (folder / "letter").write_text("a letter")
    found = looked(tmp_path, tmp_path / "tree")
    one = seen(found, b"letter")
    folder.rename(tmp_path / "moved")
    (tmp_path / "tree" / "inner").symlink_to(tmp_path / "moved")
    assert isinstance(found.read(one, 10, 10), Gap)
    assert isinstance(found.locate(os.fsencode(folder), b"letter"), Gap)


def test_a_file_is_found_again_by_its_path(tmp_path):
    """And is the same one."""
    folder = tmp_path / "tree" / "inner" / "most"
    folder.mkdir(parents=True)
    (folder / "letter").write_text("a letter")
    found = looked(tmp_path)
    one = seen(found, b"letter")
    again = found.locate(os.fsencode(folder), b"letter")
    assert again.identity == one.identity
    assert found.read(again, 10, 10).head == b"a letter"


def test_a_large_file_is_copied_at_both_ends(tmp_path):
    """The copy says that it holds the ends only; a small one is whole."""
    (tmp_path / "large").write_bytes(b"a" * 600 + b"b" * 600)
    (tmp_path / "small").write_bytes(b"c" * 100)
    found = looked(tmp_path)
    large, small = found.copy(seen(found, b"large"), 200), found.copy(seen(found, b"small"), 200)
    assert b"".join(large.chunks) == b"a" * 100 + b"b" * 100
    assert large.flags == [treefiles.ENDS]
    assert (b"".join(small.chunks), small.flags) == (b"c" * 100, [])
    assert set(small.source_times) == {"atime_ns", "ctime_ns", "mtime_ns"}


def test_a_file_that_grows_ends_where_it_ended(tmp_path):
    """A copy holds what was there when it was opened, and says that the file changed."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * 100)
    found = looked(tmp_path)
    blob = found.copy(seen(found, b"log"), 10_000)
    time.sleep(0.02)
    with path.open("ab") as file:
        file.write(b"y" * 100)
    assert b"".join(blob.chunks) == b"x" * 100
    assert blob.flags == [treefiles.CHANGED]


def test_without_a_table_of_mounts_nothing_is_walked(tmp_path):
    """Any path may hang then: the whole source is one gap."""
    with pytest.raises(HostError) as caught:
        trees.Trees(Roots(proc=str(tmp_path)), Request(0))
    assert isinstance(caught.value.gap, Gap)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_mount_that_appears_later_is_not_entered(tmp_path, mounted):
    """Whatever answers there may hang whoever enters; a folder that was there before is walked on."""
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "letter").write_text("a letter")
    found = looked(tmp_path)
    place = mounted("-t", "tmpfs", "none")
    (place / "trap").write_text("nothing for us")
    assert names([*found.people(), *found.rest()]) == ["letter"]
    assert isinstance(found.locate(os.fsencode(place), b"trap"), Gap)

