"""`collect export --format dissect`: whatever the host called its files, none lies outside of the tree or is lost.

A bundle is attacker-chosen: whoever made it has its key, and writes what he likes as the path of a copy.
"""

from __future__ import annotations

import gzip
import zipfile
from pathlib import PureWindowsPath

import live
import made
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_exports import bundle, exported, files_of, with_copies

from collector.errors import DiskFullError, RefusedError, WriteError
from collector.handover import export_dissect
from collector.handover.export_tree import FolderTree, ZipTree, checked, part

CLIMBING = [
    "C:\\../../../../PWNED", "C:\\x/../../../../../PWNED", "C:\\..\\..\\PWNED", "C:\\/tmp/PWNED", "C:\\x\\/PWNED",
    "C:\\D:\\PWNED", "C:\\D:PWNED", "C:\\x\0/../PWNED", "C:\\...\\PWNED", "C:\\x\\.. \\PWNED", "C:\\NUL  .x\\PWNED",
    "C:\\com\u00b9", "C:\\CONIN$", "/../../../../PWNED", "/..\\..\\..\\PWNED", "/x/\\\\server\\share\\PWNED",
    "/C:\\PWNED", "/x/./../PWNED", "//server/share/PWNED", "\\\\server\\share\\PWNED", "\\\\?\\C:\\..\\PWNED",
    "../../PWNED", "C:../../PWNED", "C:/../../PWNED", {"text": "C:\\../\ufffd", "hex": "433a5c2e2e2fff"},
    {"text": "/..\ufffd/x", "hex": "2f2e2eff2f78"},
]  # fmt: skip
"""Paths that some system would take for another place; those with bytes that are no UTF-8 have them in hexadecimal."""


DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", "com1", "com\u00b9", "lpt\u00b3"}


def everything(folder):
    """Return the names of all that stands below a folder."""
    return {one.relative_to(folder).as_posix() for one in folder.rglob("*")}


def copies_of(folder, subjects, sid=None, **more):
    """Make a bundle with one copied file for each subject; return its folder, and what each copy holds."""
    folder.mkdir(exist_ok=True)
    found = made.bundle.create(folder, "b", {**made.opening(), **more}, made.README, made.key(), made.MadeClock(), sid)
    held = [f"copy {number}".encode() for number in range(len(subjects))]
    for subject, data in zip(subjects, held, strict=True):
        file = found.artifact("file", "artifacts", ".bin", "test")
        file.write(data)
        found.finish(file, subject=subject)
    found.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return found.path, held


def copied(out):
    """Return the copies in a tree by their name, without the list of hashes."""
    return {name: data for name, data in files_of(out).items() if not name.endswith("file-hashes.csv.gz")}


@pytest.mark.parametrize("name", ["tree", "tree.zip"])
def test_no_path_of_the_host_leaves_the_tree(tmp_path, name):
    """Both separators, drives, devices, `..`: each copy is in the tree, once, under a name that is one everywhere."""
    deep = tmp_path / "1" / "2" / "3" / "4" / "5"
    deep.mkdir(parents=True)
    path, held = copies_of(tmp_path, CLIMBING)
    before = everything(tmp_path)
    exported(deep / name, "dissect", path)
    assert {one for one in everything(tmp_path) - before if not one.startswith(f"1/2/3/4/5/{name}")} == set()
    found = copied(deep / name)
    assert sorted(found.values()) == sorted(held)
    members = zipfile.ZipFile(deep / name).namelist() if name == "tree.zip" else list(found)
    for member in members:
        assert not {"", ".", ".."} & set(member.removesuffix("/").split("/")), member
        windows = PureWindowsPath(member)
        assert windows.parts == tuple(member.removesuffix("/").split("/")), member
        assert not DEVICES & {one.partition(".")[0].strip().lower() for one in windows.parts}, member
        assert not set(member) & set('<>:"|?*\\'), member


@given(st.one_of(st.binary(max_size=300), st.text("./\\:C%2E CONnul\0\u00b9\u202e", max_size=12).map(str.encode)))
def test_every_part_is_one_part(raw):
    """What a name of the host becomes passes the rule that the trees hold it against."""
    name = part(raw)
    assert name is None or checked(name) == [name]


BAD = [
    "", ".", "..", "../x", "x/../y", "x/..", "/dev/null/x", "x//y", "x/", "./x", "C:/x", "x:y", "x\\y", "..\\x",
    "x\0", "x\n", "\u202ex", "x.", "x ", "nul", "x/NUL.txt", "com\u00b2", "x/con .y", "conout$", "\ud800", "x" * 201,
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_tree_refuses_a_name_that_is_not_safe(tmp_path, name):
    """The second wall, whoever asks: neither a file nor a folder is made, in a folder nor in a zip."""
    root = tmp_path / "a" / "b" / "c"
    root.mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "z", "w") as packed:
        for tree in (FolderTree(root), ZipTree(packed)):
            with pytest.raises(RefusedError):
                tree.folder(name)
            with pytest.raises(RefusedError), tree.file(name, None):
                pytest.fail("it was opened")
            with pytest.raises(RefusedError), tree.file("x/" + name + "/x", None):
                pytest.fail("it was opened")
        assert packed.namelist() == []
    assert everything(tmp_path) == {"a", "a/b", "a/b/c", "z"}


@pytest.mark.parametrize("name", ["tree", "tree.zip"])
def test_were_a_place_wrong_nothing_would_be_made(tmp_path, monkeypatch, name):
    """Whatever finds the places: the export as a whole is refused, and nothing is left of it."""
    path, _ = copies_of(tmp_path, ["/srv/x"])
    (tmp_path / "o").mkdir()
    monkeypatch.setattr(export_dissect, "_place", lambda _: "../../PWNED")
    with pytest.raises(RefusedError, match="outside of its folder"):
        exported(tmp_path / "o" / name, "dissect", path)
    assert list((tmp_path / "o").iterdir()) == []
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("name", ["tree", "tree.zip"])
@pytest.mark.parametrize(
    "subjects",
    [
        ["C:\\a\\b", "C:\\a/.//b", "C:\\a/b", "C:\\A\\B", "c:\\a\\b", "C:\\a%2Fb"],
        ["/srv/\u00e9", "/srv/e\u0301", "/srv/\u00c9", "/srv/%C3%A9", "/srv/e"],
        ["/srv/a/b", "/srv/A", "/SRV/a/b/c", "/srv"],
        ["/etc", "/ETC", "/var", "/etc/passwd", "/$METADATA$/file-hashes.csv.gz", "/$metadata$", "/Library"],
        ["C:\\Windows", "C:\\WINDOWS\\system32", "C:\\Windows\\System32\\Config", "C:\\$metadata$", "C:\\"],
        ["/\u017frv/x", "/srv/x", "/etc/\u0131d", "/etc/id", "/stra\u00dfe", "/STRASSE"],
    ],
)  # fmt: skip
def test_paths_that_land_on_one_place_are_told_apart(tmp_path, name, subjects):
    """No copy is lost, none stops the export, and on no file system does one stand where another or a folder is."""
    path, held = copies_of(tmp_path, subjects)
    exported(tmp_path / name, "dissect", path)
    found = copied(tmp_path / name)
    assert sorted(found.values()) == sorted(held)
    names = {one.upper().casefold() for one in found}
    assert len(names) == len(found)
    assert not any(other.startswith(one + "/") for one in names for other in names)
    listed = next(data for one, data in files_of(tmp_path / name).items() if one.endswith("file-hashes.csv.gz"))
    assert gzip.decompress(listed).startswith(b"path,file-size,")


def test_two_names_that_are_one_on_the_medium_are_refused_and_said(tmp_path):
    """A short name of FAT that is another's long one: no word of a full disk. A folder that is there already is one."""
    (tmp_path / "fs" / "C").mkdir(parents=True)
    (tmp_path / "fs" / "C" / "PROGRA~1").write_bytes(b"another's")
    (tmp_path / "link").symlink_to(tmp_path / "fs")
    tree = FolderTree(tmp_path)
    tree.folder("fs/C")
    with pytest.raises(RefusedError, match="one name on this medium"), tree.file("fs/C/PROGRA~1", None):
        pytest.fail("it was opened")
    assert (tmp_path / "fs" / "C" / "PROGRA~1").read_bytes() == b"another's"
    for name in ("link/C", "fs/C/PROGRA~1/x"):
        with pytest.raises((WriteError, DiskFullError)):
            tree.folder(name)


@pytest.mark.parametrize("number", [1, 2, 4, 8, 9, 10])
@pytest.mark.parametrize("many", [False, True], ids=["one", "several"])
def test_a_medium_that_takes_no_more_folders_leaves_nothing(tmp_path, number, many):
    """No room for one more folder of the tree: refused as any export, and nothing stands where it would."""
    (tmp_path / "o").mkdir()
    paths = [with_copies(tmp_path, {"/a/b/c/d": b"x", "/etc/x": b"y"}, sid=sid * 32) for sid in ("ab" if many else "a")]
    full = live.fault("mkdir", number, "raise OSError(28, 'No space left on device')")
    done = live.run("export", *paths, "--format", "dissect", "--out", tmp_path / "o", fault=full)
    assert done.code == 1, done.err
    assert "takes no more" in done.err
    assert list((tmp_path / "o").iterdir()) == []


@pytest.mark.parametrize(
    "names", [("pc 1", "pc-1"), ("PC-1", "pc-1"), ("pc/1", "pc\\1"), ("\u4e01", "\u4e00"), ("a", "a")]
)
def test_no_two_hosts_become_one_tree(tmp_path, names):
    """Names that differ in what no folder holds, or in capitals, and numbers that begin alike: a folder for each."""
    paths = [
        copies_of(tmp_path / sid, ["/etc/hostname", f"/etc/{sid}"], sid="c" * 8 + sid * 24, host={"hostname": name})[0]
        for sid, name in zip("12", names, strict=True)
    ]
    done = exported(tmp_path / "trees", "dissect", *paths)
    assert sorted(done.files) == sorted(one.name for one in (tmp_path / "trees").iterdir())
    assert len({name.lower() for name in done.files}) == 2
    for sid, name in zip("12", done.files, strict=True):
        assert name.endswith("-" + "c" * 8 + sid * 24) or names == ("a", "a")
        found = {one.rpartition("/")[2] for one in copied(tmp_path / "trees" / name)}
        assert found == {"hostname", sid}


def test_a_case_that_is_a_device_names_a_file_that_is_none(tmp_path):
    """`NUL.body` would be written nowhere on Windows."""
    path = bundle(tmp_path, {}, case="NUL")
    (tmp_path / "o").mkdir()
    assert exported(tmp_path / "o", "bodyfile", path).path.name == "bundle-NUL.body"
