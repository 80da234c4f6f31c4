"""Custody: what is added after the seal hangs on the seal, and nothing is added to what does not hold."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import made
import pytest
import vectors
import wine
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import custody, disk, handles
from collector.errors import (
    AlteredError,
    CollectorError,
    LimitError,
    NotABundleError,
    NotClosedError,
    RefusedError,
    UsageError,
)
from collector.manifest import decode
from collector.verify import Trusted, examine

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}


@pytest.fixture
def bundle(tmp_path):
    return made.sealed(tmp_path)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.JPG"
    path.write_bytes(b"\xff\xd8 a photograph")
    return path


def note(path, text="one"):
    return custody.note(path, text, made.MadeClock(), dict(TOOL))


def attach(path, file, text=None):
    return custody.attach(path, file, text, made.MadeClock(), dict(TOOL))


def records(path):
    return [decode(line) for line in (path / "custody.jsonl").read_bytes().splitlines()]


def verdict(path):
    report = examine(path, Trusted())
    assert all(finding.level < 2 for finding in report.findings), report.findings
    return str(report.verdict)


def sealed_files(path):
    return {k: v for k, v in vectors.snapshot(path).items() if not k.startswith(("custody", "attach")) and k != "."}


def test_notes_and_files_are_added_without_touching_the_seal(bundle, photo):
    """A note, a file with its text, another note: the verdict stays, and no sealed file changed in anything."""
    before = sealed_files(bundle)
    note(bundle)
    told = attach(bundle, photo, "of the screen")
    note(bundle, "two")
    kinds = ["note", "intent", "artifact", "note", "observation", "note"]
    assert [record["type"] for record in records(bundle)] == kinds
    assert told["path"] == "attachments/000001-attachment.jpg"
    assert (bundle / told["path"]).read_bytes() == photo.read_bytes()
    assert records(bundle)[2]["subject"] == "photo.JPG"
    assert verdict(bundle) == "UNANCHORED"
    assert examine(bundle, Trusted()).attachments == 1
    assert sealed_files(bundle) == before


def test_the_chain_starts_from_the_checkpoint(bundle):
    """The first line names the hash of the checkpoint: custody of another bundle does not fit."""
    note(bundle)
    assert records(bundle)[0]["prev"] == disk.digest(bundle / "checkpoint")[1]


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.jpg", ".jpg"), ("a.PDF", ".pdf"), ("a.exe", ".bin"), ("a", ".bin"), ("a.jpg.lnk", ".bin"), (".tsr", ".bin")],
)
def test_only_harmless_endings_are_kept(bundle, tmp_path, name, ending):
    """The stored name is ours; what could run with a double click becomes `.bin`."""
    file = tmp_path / name
    file.write_bytes(b"x")
    assert attach(bundle, file)["path"] == f"attachments/000000-attachment{ending}"


@wine.posix("names of any bytes")
def test_a_name_of_any_bytes_is_kept_as_a_subject(bundle, tmp_path):
    """Newline, ANSI, bidi, bytes that are no UTF-8: the subject says it all, the stored name nothing."""
    name = b"\x1b[31m\n\xff\xe2\x80\xae.jpg"
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118 - bytes
    with open(path, "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"x")
    attach(bundle, tmp_path / os.fsdecode(name))
    assert bytes.fromhex(records(bundle)[1]["subject"]["hex"]) == name
    assert verdict(bundle) == "UNANCHORED"


def test_an_empty_file_and_a_large_one_are_attached(bundle, tmp_path):
    """Nothing, and more than one buffer."""
    for name, data in (("empty", b""), ("large", os.urandom(3 << 20))):
        (tmp_path / name).write_bytes(data)
        told = attach(bundle, tmp_path / name)
        assert (bundle / told["path"]).read_bytes() == data
    assert verdict(bundle) == "UNANCHORED"


@pytest.mark.parametrize("char", ["a", "é", "€", "\N{GRINNING FACE}", "\udcff", "\x00", '"', chr(0xD800)])
def test_the_longest_note_fits_its_line(bundle, char):
    """Whatever characters it is made of, and one byte that is no UTF-8 among them."""
    note(bundle, char * (custody.MAX_NOTE - 1) + "\udcff")
    assert verdict(bundle) == "UNANCHORED"


@settings(max_examples=30)
@given(text=st.text(st.characters(), min_size=1, max_size=300))
def test_any_note_is_taken_or_refused(tmp_path_factory, text):
    """Any text from a command line: recorded, or refused as empty."""
    path = made.sealed(tmp_path_factory.mktemp("note"))
    try:
        note(path, text)
    except UsageError:
        assert not text.strip()
    assert verdict(path) == "UNANCHORED"


def refused(path, error, act):
    """Try in vain; nothing in the bundle may change."""
    before = vectors.snapshot(path)
    with pytest.raises(error):
        act()
    assert vectors.snapshot(path) == before


def test_what_is_no_note_is_refused(bundle):
    """Empty, or longer than a line of the chain could hold: refused, nothing written."""
    refused(bundle, UsageError, lambda: note(bundle, " \n"))
    refused(bundle, LimitError, lambda: note(bundle, "x" * (custody.MAX_NOTE + 1)))


def test_nothing_is_added_before_the_seal(tmp_path, photo):
    """A bundle that is not closed has no seal to start from."""
    open_bundle = made.unsealed(tmp_path)
    for act in (lambda: note(open_bundle.path), lambda: attach(open_bundle.path, photo)):
        refused(open_bundle.path, NotClosedError, act)


def test_nothing_is_added_to_what_is_no_bundle(tmp_path):
    """No manifest: refused, and no custody file is made."""
    (tmp_path / "x").mkdir()
    refused(tmp_path / "x", NotABundleError, lambda: note(tmp_path / "x"))


@pytest.mark.parametrize("name", ["manifest.jsonl", "checkpoint", "checkpoint.sig"])
def test_nothing_is_added_to_a_seal_that_does_not_hold(bundle, photo, name):
    """A byte of manifest, checkpoint or signature changed: refused, nothing written."""
    data = bytearray((bundle / name).read_bytes())
    data[40] ^= 1
    (bundle / name).write_bytes(data)
    for act in (lambda: note(bundle), lambda: attach(bundle, photo)):
        refused(bundle, AlteredError, act)


def test_nothing_is_added_to_a_broken_custody_chain(bundle):
    """An earlier note was edited: refused, and the chain stays as it was found."""
    note(bundle, "one")
    note(bundle, "two")
    data = (bundle / "custody.jsonl").read_bytes()
    (bundle / "custody.jsonl").write_bytes(data.replace(b'"one"', b'"won"'))
    refused(bundle, AlteredError, lambda: note(bundle))


@pytest.mark.parametrize("kind", ["folder", "fifo", "symlink", "symlink_to_nothing", "missing", "device"])
def test_only_an_ordinary_file_is_attached(bundle, tmp_path, kind):
    """A folder, FIFO, link, device or nothing: refused at once, nothing written."""
    path = tmp_path / "given"
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "symlink":
            (tmp_path / "real").write_bytes(b"x")
            path.symlink_to(tmp_path / "real")
        case "symlink_to_nothing":
            path.symlink_to("nowhere")
        case "device":
            path = Path("/dev/null")
        case _:
            pass
    refused(bundle, RefusedError, lambda: attach(bundle, path))


@pytest.mark.parametrize("name", ["custody.jsonl", "attachments"])
@pytest.mark.parametrize("kind", ["symlink", "fifo"])
def test_a_planted_link_is_not_written_through(bundle, tmp_path, photo, name, kind):
    """Where custody or its folder would be, something else stands: refused, and what it leads to is untouched."""
    victim = tmp_path / "victim"
    victim.mkdir() if name == "attachments" else victim.write_bytes(b"x")
    if kind == "symlink":
        (bundle / name).symlink_to(victim)
    else:
        os.mkfifo(bundle / name)
    before = vectors.snapshot(victim)
    with pytest.raises(CollectorError):
        attach(bundle, photo)
    assert vectors.snapshot(victim) == before


def test_two_commands_at_once_take_turns(bundle):
    """While one adds, the other is refused and changes nothing."""
    note(bundle)
    fd = handles.held(bundle / "custody.jsonl")
    assert fd >= 0
    refused(bundle, RefusedError, lambda: note(bundle))
    os.close(fd)
    note(bundle)


def test_a_torn_note_is_cut_off_and_told(bundle):
    """Killed while a note was written: the next command says what it cut, and goes on."""
    note(bundle)
    with (bundle / "custody.jsonl").open("ab") as file:
        file.write(b'{"v":1')
    assert verdict(bundle) == "INCOMPLETE"
    note(bundle, "two")
    assert [record["type"] for record in records(bundle)] == ["note", "resume", "note"]
    assert records(bundle)[1]["torn"]["length"] == 6
    assert verdict(bundle) == "UNANCHORED"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux: a regular file whose first byte is EIO")
@wine.posix("a file of /proc that can be opened and not read")
def test_a_file_that_cannot_be_read_leaves_no_unfinished_attachment(bundle):
    """A photograph on a damaged card: refused, told in custody, and the bundle is not INCOMPLETE for it."""
    with pytest.raises(RefusedError) as caught:
        custody.attach(bundle, Path("/proc/self/mem"), None, made.MadeClock(), dict(TOOL))
    assert caught.value.hint
    lines = [decode(line) for line in (bundle / "custody.jsonl").read_bytes().splitlines()]
    assert [line["type"] for line in lines] == ["intent", "artifact", "gap"]
    assert (lines[1]["flags"], lines[1]["subject"], lines[1]["size"]) == (["partial"], "mem", 0)
    assert (lines[2]["subject"], lines[2]["reason"]) == ("mem", "Input/output error")
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"


def test_a_file_that_changes_while_it_is_copied_is_flagged(bundle, tmp_path):
    """The copy is what was read; that the source moved on is said."""
    source = tmp_path / "growing.log"
    source.write_bytes(b"x" * (2 << 20))
    real, moments = disk.chunks, itertools.count()

    def growing(fd):
        for chunk in real(fd):
            yield chunk
            os.utime(source, ns=(1, next(moments) * 1000))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "chunks", growing)
        attach(bundle, source)
    assert records(bundle)[1]["flags"] == ["changed-while-reading"]
