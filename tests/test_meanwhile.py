"""What changes while a bundle is verified or added to: a stick that goes, a command beside ours, a disk that fills."""

from __future__ import annotations

import hashlib
import os
import shutil

import live
import made
import pytest

from collector import countersign, custody, disk, seal, verify
from collector.anchors import Trusted
from collector.contents import Contents
from collector.errors import DiskFullError, NotABundleError, RefusedError
from collector.manifest import decode
from collector.verify import examine

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return made.sealed(folder)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8 a photograph")
    return path


def attach(path, file):
    return custody.attach(path, file, None, made.MadeClock(), dict(TOOL))


def note(path, text="one"):
    return custody.note(path, text, made.MadeClock(), dict(TOOL))


def verdict(path):
    return str(examine(path, Trusted()).verdict)


def types(path):
    return [decode(line)["type"] for line in (path / "custody.jsonl").read_bytes().splitlines()]


def once_looked(monkeypatch, act):
    """Do something between the look at the folder's names and the reading of its chains."""
    real = Contents.look

    def look(contents):
        real(contents)
        monkeypatch.setattr(Contents, "look", real)
        act()

    monkeypatch.setattr(Contents, "look", look)


# --- a command beside ours


def test_an_attachment_made_meanwhile_is_no_alteration(bundle, photo, monkeypatch):
    """The names were listed before it came, the chain was read after."""
    note(bundle)
    once_looked(monkeypatch, lambda: attach(bundle, photo))
    assert verdict(bundle) == "UNANCHORED"
    shutil.rmtree(bundle / "attachments")
    assert verdict(bundle) == "ALTERED", "one that is not there is still missed"


def test_an_attachment_that_gets_its_name_meanwhile_is_no_alteration(bundle, photo, monkeypatch):
    """Listed under its temporary name, recorded under its own."""
    attach(bundle, photo)
    lines = (bundle / "custody.jsonl").read_bytes()
    stored = next((bundle / "attachments").iterdir())
    part = stored.with_name(stored.name + ".part")

    def finish():
        part.rename(stored)
        (bundle / "custody.jsonl").write_bytes(lines)

    stored.rename(part)
    (bundle / "custody.jsonl").write_bytes(lines[: lines.index(b"\n") + 1])
    once_looked(monkeypatch, finish)
    assert verdict(bundle) == "UNANCHORED"


def test_the_first_attachment_made_meanwhile_is_no_alteration(bundle, photo, monkeypatch):
    """Custody and its folder are made between the listing of one folder and of the next."""
    real = Contents._list
    made_at = []

    def listed(contents, folder):
        real(contents, folder)
        if not made_at:
            made_at.append(folder)
            attach(bundle, photo)

    monkeypatch.setattr(Contents, "_list", listed)
    assert verdict(bundle) == "UNANCHORED"
    assert made_at == ["artifacts"]


def test_a_file_put_there_through_a_link_is_not_taken(bundle, photo, monkeypatch, tmp_path):
    """Looking again at a name that came late follows no link, of the folder or of the file."""
    attach(bundle, photo)
    attachments = bundle / "attachments"
    stored = next(attachments.iterdir())
    kept = tmp_path / "kept"
    shutil.copytree(attachments, kept)
    stored.unlink()
    once_looked(monkeypatch, lambda: stored.symlink_to(kept / stored.name))
    assert verdict(bundle) == "ALTERED"
    shutil.rmtree(attachments)
    once_looked(monkeypatch, lambda: attachments.symlink_to(kept))
    assert verdict(bundle) == "ALTERED"


def test_a_torn_custody_that_somebody_mends_meanwhile_ends_the_hand_over(bundle, monkeypatch):
    """Between the verification and the lock a courier's hand-over mends it: ours is refused, theirs stays."""
    note(bundle)
    with (bundle / "custody.jsonl").open("ab") as file:
        file.write(b'{"v":1')
    real = verify.verify_bundle

    def overtaken(*arguments):
        found = real(*arguments)
        monkeypatch.setattr(custody, "verify_bundle", real)
        custody.hand_over(bundle, custody.HandOver(to="Courier"), made.MadeClock(), dict(TOOL))
        return found

    for act in (hand_over, receive):
        monkeypatch.setattr(custody, "verify_bundle", overtaken)
        with pytest.raises(RefusedError, match="while it was checked") as caught:
            act(bundle)
        assert caught.value.hint == "try again"
    assert types(bundle) == ["note", "resume", "handover", "handover"]


def test_one_byte_that_came_meanwhile_ends_the_hand_over(bundle, monkeypatch):
    """Where there was no custody and is one now, whatever stands in it."""
    real = verify.verify_bundle

    def written(*arguments):
        found = real(*arguments)
        (bundle / "custody.jsonl").write_bytes(b"x")
        return found

    monkeypatch.setattr(custody, "verify_bundle", written)
    with pytest.raises(RefusedError, match="while it was checked"):
        hand_over(bundle)
    assert (bundle / "custody.jsonl").read_bytes() == b"x"


def hand_over(path, code=None):
    custody.hand_over(path, custody.HandOver(to="B"), made.MadeClock(), dict(TOOL), Trusted(seal_code=code))


def receive(path, code=None):
    def sign(message):
        return seal.sign(message, made.key(7), countersign.NAMESPACE)

    custody.receive(path, custody.HandOver(to="B"), sign, made.MadeClock(), dict(TOOL), Trusted(seal_code=code))


def test_a_torn_custody_is_mended_by_the_hand_over_itself(bundle):
    """Nobody came between: what was torn is told, and the hand-over recorded."""
    note(bundle)
    with (bundle / "custody.jsonl").open("ab") as file:
        file.write(b'{"v":1')
    hand_over(bundle)
    assert types(bundle) == ["note", "resume", "handover"]


# --- a stick that goes


def test_a_stick_pulled_out_while_it_is_verified_is_no_alteration(bundle, monkeypatch, tmp_path):
    """Nothing there any more, or the empty folder where it was mounted: no verdict, and what to do."""
    for left in (False, True):
        copy = tmp_path / f"copy-{left}"
        shutil.copytree(bundle, copy)

        def pull(copy=copy, left=left):
            copy.rename(tmp_path / f"gone-{left}")
            if left:
                copy.mkdir()

        once_looked(monkeypatch, pull)
        with pytest.raises(NotABundleError, match="this folder can't be read: No such") as caught:
            examine(copy, Trusted())
        assert "plug the stick in" in caught.value.hint


def test_a_file_removed_while_it_is_verified_is_missed(bundle, monkeypatch):
    """The folder is still the same one: that is an alteration like any other."""
    once_looked(monkeypatch, next((bundle / "artifacts").iterdir()).unlink)
    assert verdict(bundle) == "ALTERED"


def test_a_folder_that_may_not_be_read_is_said_to_be_one(bundle, monkeypatch):
    """Rights, not the stick: another hint."""
    for error, hint in ((13, "rights"), (5, "plug the stick in")):

        def refused(path, error=error):
            raise disk.translated(OSError(error, "no")) from OSError(error, "no")

        with monkeypatch.context() as patch:
            patch.setattr(disk, "stands", refused)
            with pytest.raises(NotABundleError) as caught:
                examine(bundle, Trusted())
        assert hint in caught.value.hint


# --- many things at once


def test_a_thousand_harmless_files_hide_nothing(bundle):
    """The worst is told first, whatever came before it; what is left out is counted."""
    for number in range(1100):
        (bundle / f"._{number:04}").touch()
    (bundle / "planted.exe").touch()
    report = examine(bundle, Trusted())
    assert str(report.verdict) == "ALTERED"
    assert [str(finding.code) for finding in report.findings[:2]] == ["EXTRA_FILE", "LITTER"]
    assert (len(report.findings), report.more_findings) == (1000, 101)


def test_a_code_that_is_nearly_right_is_refused_among_a_thousand_findings(bundle):
    """Four characters differ: neither given away nor received, and the code is asked for again."""
    code = seal.code(hashlib.sha256((bundle / "checkpoint").read_bytes()).digest())
    near = "".join("2" if char != "2" else "3" for char in code[:4]) + code[4:]
    for number in range(1100):
        (bundle / f"._{number:04}").touch()
    for act in (hand_over, receive):
        with pytest.raises(RefusedError, match="not that of this bundle: 3 to 6 characters") as caught:
            act(bundle, near)
        assert "type it again" in caught.value.hint
    assert not (bundle / "custody.jsonl").exists()
    hand_over(bundle, code)
    assert types(bundle) == ["handover"]


# --- what is somebody else's


def test_a_file_of_somebody_else_s_is_not_removed(bundle, photo):
    """Custody that is taken up again ends what it began, and touches nothing that it did not announce."""
    attach(bundle, photo)
    for name in ("download.part", "000009-attachment.jpg.part"):
        (bundle / "attachments" / name).write_bytes(b"my evidence")
    with (bundle / "custody.jsonl").open("ab") as file:
        file.write(b"x")
    note(bundle)
    for name in ("download.part", "000009-attachment.jpg.part"):
        assert (bundle / "attachments" / name).read_bytes() == b"my evidence"
    assert verdict(bundle) == "ALTERED"


# --- a disk that fills


BIG = 3 << 20


@pytest.fixture
def small(bundle, mounted):
    """Return a copy of the bundle on a disk of two MiB."""
    return shutil.copytree(bundle, mounted("-t", "tmpfs", "-o", "size=2m", "none") / "bundle")


def picture(folder, size):
    path = folder / "big.jpg"
    path.write_bytes(bytes(size))
    return path


def assert_abandoned(path):
    """Nothing of the file is left, a gap ends its intent and says why, and nothing is in doubt."""
    assert list((path / "attachments").iterdir()) == []
    assert types(path) == ["intent", "gap"]
    gap = decode((path / "custody.jsonl").read_bytes().splitlines()[1])
    assert (gap["outcome"], gap["subject"]) == ("over_limit", "big.jpg")
    assert gap["reason"] == "there is no room for it"
    assert verdict(path) == "UNANCHORED"


@pytest.mark.parametrize("size", [BIG, 200_000])
def test_an_attachment_that_the_medium_refuses_is_abandoned(bundle, tmp_path, monkeypatch, size):
    """The same without a small disk: no byte of the file is taken, those of the records are."""
    real = disk.write_all

    def full(fd, data, on_full=None, counted=None):
        if counted is not None:
            raise disk.translated(OSError(28, "full"))
        real(fd, data, on_full, counted)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write_all", full)
        with pytest.raises(DiskFullError):
            attach(bundle, picture(tmp_path, size))
    assert_abandoned(bundle)


@pytest.mark.root
@pytest.mark.parametrize("size", [BIG, 200_000])
def test_an_attachment_without_room_is_abandoned(small, tmp_path, size):
    """Longer than the disk, or shorter than a buffer and longer than what is free; the next note fits."""
    free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
    (small.parent / "filling").write_bytes(bytes(free - 120_000) if size < BIG else b"")
    with pytest.raises(DiskFullError):
        attach(small, picture(tmp_path, size))
    assert_abandoned(small)
    note(small)
    assert verdict(small) == "UNANCHORED"


@pytest.mark.root
def test_an_attachment_that_does_not_fit_is_told(small, tmp_path):
    """The command: exit 1, and what to do."""
    done = live.run("attach", small, picture(tmp_path, BIG))
    assert (done.code, done.out) == (1, "")
    assert "is full" in done.err
    assert "hint: " in done.err
    assert live.run("note", small, "the photograph did not fit").code == 0
    assert verdict(small) == "UNANCHORED"
