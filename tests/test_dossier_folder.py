"""`collect dossier --out`: a folder that is not there is made where its own stands, and nothing of it stays behind."""

from __future__ import annotations

import os
import shutil
import stat

import dossiers
import live
import pyrage
import pytest

from collector import papers
from collector.errors import RefusedError, UsageError
from collector.handover import dossier

KEY = pyrage.x25519.Identity.generate()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return dossiers.sealed(tmp_path_factory.mktemp("bundle"), readers=(str(KEY.to_public()),))


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    file = tmp_path_factory.mktemp("key") / "practice.key"
    file.write_text(f"{KEY}\n")
    return file


def test_the_command_works_in_a_fresh_folder(bundle, key, tmp_path):
    """As the README prints it: the folder is made for whoever made it alone, and used again the next time."""
    for count in (3, 6):
        done = live.run("dossier", bundle, "--out", "papers", "--identity", key, cwd=tmp_path)
        assert done.code == 0, done.err
        assert len(list((tmp_path / "papers").iterdir())) == count
    assert {path.name for path in (tmp_path / "papers").iterdir()} >= set(dossier.NAMES)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "papers").stat().st_mode) == 0o700


def test_where_no_dossier_is_made_no_folder_is(bundle, key, tmp_path):
    """No key, another's, a bundle that was altered, none at all."""
    other = tmp_path / "other.key"
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    altered = shutil.copytree(bundle, tmp_path / "altered")
    (altered / "checkpoint").write_bytes(b"x" + (altered / "checkpoint").read_bytes()[1:])
    before = sorted(tmp_path.rglob("*"))
    for path, given, code in (
        (bundle, (), 2), (bundle, ("--identity", other), 1), (altered, ("--identity", key), 1),
        (tmp_path, ("--identity", key), 2), (bundle, ("--identity", tmp_path / "none"), 2),
    ):  # fmt: skip
        assert live.run("dossier", path, "--out", "papers", *given, cwd=tmp_path).code == code
        assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_is_made_nowhere_else(bundle, key, tmp_path):
    """Not two at once, not in a bundle, not over a file or a link that leads nowhere: exit 2, before a key is read."""
    (tmp_path / "file").write_bytes(b"x")
    out = ["a/b", "file", "file/new", bundle / "new", bundle / "artifacts" / "new"]
    if os.name == "posix":
        (tmp_path / "link").symlink_to("nowhere")
        out.append("link")
    before = live.snapshot(tmp_path), live.snapshot(bundle)
    for one in out:
        done = live.run("dossier", bundle, "--out", one, "--identity", tmp_path / "none", cwd=tmp_path)
        assert done.code == 2, one
        assert "with --out" in done.err, "the folder is what is wrong"
        assert (live.snapshot(tmp_path), live.snapshot(bundle)) == before


def ended(path, end, *names):
    """Put files into a folder for papers, and let something end that."""
    with papers.folder(path, "--out"):
        for name in names:
            (path / name).write_bytes(b"x")
        raise end


def test_only_what_was_made_goes(tmp_path):
    """Whatever ends the work, Ctrl-C too: a new folder goes, one that stood there stays, and so does what is in it."""
    for end in (KeyboardInterrupt(), RefusedError("x"), OSError()):
        with pytest.raises(type(end)):
            ended(tmp_path / "new", end)
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "old").mkdir()
    with pytest.raises(RefusedError):
        ended(tmp_path / "old", RefusedError("x"))
    with pytest.raises(RefusedError):
        ended(tmp_path / "new", RefusedError("x"), "somebody's")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "new", tmp_path / "new/somebody's", tmp_path / "old"]
    with pytest.raises(RefusedError, match="nothing can be written"):
        ended(tmp_path / ("n" * 300), AssertionError("a name that no file system takes"))
    with pytest.raises(UsageError):
        papers.refuse_parent(tmp_path / "a/b", "--out")
