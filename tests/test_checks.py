"""Checks of the verifier that no other test held, as a mutation run showed (scripts/mutate): one accident each.

Most of them are about what is said beside the first finding, or when two things are wrong at once.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import shutil
import string
from pathlib import Path

import made
import pytest
import vectors
import wine

from collector import countersign, custody, disk, entries, handles, manifest, resume, schema, seal, verify
from collector.anchors import Trusted
from collector.errors import (
    AlteredError,
    CollectorError,
    DiskFullError,
    LimitError,
    ManifestFormatError,
    NotABundleError,
    NotClosedError,
    RefusedError,
    UsageError,
    WriteError,
)
from collector.manifest import Head, encode
from collector.verify import examine, verify_bundle, verify_unhashed

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
MANIFEST, CHECKPOINT, SIGNATURE = "manifest.jsonl", "checkpoint", "checkpoint.sig"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return made.sealed(tmp_path_factory.mktemp("original"))


@pytest.fixture
def bundle(original, tmp_path):
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def findings(path, **given):
    return [(str(f.code), f.subject) for f in examine(path, Trusted(**given)).findings]


def lines_of(path, name=MANIFEST):
    return (path / name).read_bytes().split(b"\n")[:-1]


def put(path, lines, name=MANIFEST):
    (path / name).write_bytes(b"".join(line + b"\n" for line in lines))


def changed(line, **fields):
    return encode({**json.loads(line), **fields})


def set_line(path, number, text):
    """Set a line of the checkpoint, and break the signature, so that it tells nothing."""
    lines = lines_of(path, CHECKPOINT)
    lines[number - 1] = text
    put(path, lines, CHECKPOINT)
    (path / SIGNATURE).write_bytes(b"garbage\n")


# --- what is handed out


def test_a_verified_bundle_is_what_was_verified(bundle):
    """Exports and custody get the bundle's own folder, records, custody and checkpoint, and the verifier's anchors."""
    custody.note(bundle, "one", made.MadeClock(), dict(TOOL))
    checkpoint = (bundle / CHECKPOINT).read_bytes()
    code = seal.code(hashlib.sha256(checkpoint).digest())
    verified = verify_bundle(bundle, Trusted(seal_code=code))
    assert str(verified.report.verdict) == "ANCHORED"
    assert (verified.path, verified.checkpoint) == (bundle, checkpoint)
    assert len(verified.inventory.stored) == 2
    assert verified.custody is not None
    assert verified.custody.head.records == 1
    assert str(verify_bundle(bundle).report.verdict) == "UNANCHORED"


def test_nothing_is_handed_out_of_an_altered_bundle(bundle):
    """The refusal names the first finding and says what to do."""
    (bundle / "x").touch()
    (bundle / "y").touch()
    with pytest.raises(AlteredError, match="EXTRA_FILE at x: no record names it") as caught:
        verify_bundle(bundle)
    assert "keep it" in caught.value.hint


def test_a_folder_without_manifest_is_no_bundle(tmp_path):
    """Neither verified nor handed out, and the person is told what to give."""
    for act in (lambda: examine(tmp_path, Trusted()), lambda: verify_bundle(tmp_path)):
        with pytest.raises(NotABundleError) as caught:
            act()
        assert "collect --case" in caught.value.hint


# --- which line it was, at the end of the chain


def test_the_checkpoint_tells_the_last_line_from_the_one_before(bundle):
    """`prev` of the last line edited, or the line before it: the hash in the checkpoint says which of the two."""
    lines = lines_of(bundle)
    count = len(lines)
    put(bundle, [*lines[:-1], changed(lines[-1], prev="0" * 64)])
    assert findings(bundle)[0] == ("CHAIN_BREAK", f"{MANIFEST} line {count}")
    put(bundle, [*lines[:-2], changed(lines[-2], boot_id="other"), lines[-1]])
    assert findings(bundle)[0] == ("CHAIN_BREAK", f"{MANIFEST} line {count - 1}")


def test_without_a_checkpoint_the_line_before_is_named(tmp_path):
    """An unsealed bundle whose last line names another line: nothing says that the last one changed."""
    left = made.unsealed(tmp_path)
    left.release()
    path = left.path
    lines = lines_of(path)
    put(path, [*lines[:-2], changed(lines[-2], boot_id="other"), lines[-1]])
    assert findings(path)[0] == ("CHAIN_BREAK", f"{MANIFEST} line {len(lines) - 1}")


def test_a_checkpoint_may_hold_any_bytes(bundle):
    """The hash of the last line is not even ASCII: a finding, no exception."""
    put(bundle, [*lines_of(bundle)[:-1], lines_of(bundle)[-1][:-1]])
    set_line(bundle, 5, b"\xff" * 64)
    assert examine(bundle, Trusted()).verdict == "ALTERED"


# --- two things wrong at once


def announced(path):
    """Announce an artifact and write nothing of it."""
    lines = lines_of(path)
    intent = next(line for line in lines if b'"type":"intent"' in line)
    name = f"artifacts/{len(lines):06d}-x.jsonl"
    last = hashlib.sha256(lines[-1]).hexdigest()
    put(path, [*lines, changed(intent, seq=len(lines), prev=last, path=name)])
    return name


def test_after_a_break_nothing_is_called_unfinished(tmp_path):
    """What was announced and not recorded may have its record in the line that was changed: only the break is told."""
    left = made.unsealed(tmp_path)
    left.release()
    path = left.path
    name = announced(path)
    assert ("PARTIAL", name) in findings(path)
    lines = lines_of(path)
    put(path, [lines[0], lines[1], b"{}", *lines[3:]])
    assert findings(path)[0] == ("SCHEMA", f"{MANIFEST} line 3")
    assert "PARTIAL" not in [code for code, _ in findings(path)]


def test_after_a_break_of_custody_nothing_is_called_unfinished(bundle, tmp_path):
    """The same for attachments."""
    (tmp_path / "a.jpg").write_bytes(b"x")
    custody.attach(bundle, tmp_path / "a.jpg", None, made.MadeClock(), dict(TOOL))
    custody.note(bundle, "one", made.MadeClock(), dict(TOOL))
    lines = lines_of(bundle, "custody.jsonl")
    put(bundle, [lines[0], b"{}", lines[2]], "custody.jsonl")
    assert "PARTIAL" not in [code for code, _ in findings(bundle)]
    put(bundle, lines[:1], "custody.jsonl")
    assert "PARTIAL" in [code for code, _ in findings(bundle)]


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("text", [b"x", b"", b"1" * 5000, b"-1", "²".encode(), b"1.0"])
def test_a_checkpoint_that_says_no_number_is_told(bundle, number, text):
    """Lines 2 and 3 of a checkpoint whose signature does not help either: ALTERED, at the checkpoint, no exception."""
    set_line(bundle, number, text)
    report = examine(bundle, Trusted())
    assert report.verdict == "ALTERED"
    assert ("CHECKPOINT_MISMATCH", CHECKPOINT) in findings(bundle)
    assert "TRUNCATED" not in [code for code, _ in findings(bundle)]
    (bundle / MANIFEST).write_bytes((bundle / MANIFEST).read_bytes() + b"x")
    assert ("CHECKPOINT_MISMATCH", CHECKPOINT) in findings(bundle)


@pytest.mark.parametrize(("digits", "told"), [(18, True), (19, False)])
def test_a_number_that_no_bundle_has_is_none(bundle, digits, told):
    """Up to eighteen digits are a number of records; more are read by no program in the same way."""
    set_line(bundle, 2, b"9" * digits)
    assert ("TRUNCATED" in [code for code, _ in findings(bundle)]) is told


def test_what_is_appended_is_told_where_no_rule_of_records_is_broken(bundle):
    """A `resume` may follow `close`: appended to a sealed bundle, it is data after the seal."""
    lines = lines_of(bundle)
    fields = ("v", "sid", "seq", "type", "prev", "utc", "local", "mono_ns", "boot_ns", "boot_id")
    last = json.loads(lines[-1])
    record = {name: last[name] for name in fields}
    record |= {"seq": len(lines), "type": "resume", "prev": hashlib.sha256(lines[-1]).hexdigest()}
    record |= {"run_key": seal.public_line(made.key(2)), "tool": TOOL, "arguments": [], "torn": None}
    put(bundle, [*lines, encode(record)])
    assert ("DATA_AFTER_CLOSE", MANIFEST) in findings(bundle)


def test_a_single_byte_after_the_seal_is_told(bundle):
    """One byte is as much as a thousand; where the checkpoint was given its length, too, nothing is counted."""
    data = (bundle / MANIFEST).read_bytes()
    (bundle / MANIFEST).write_bytes(data + b"x")
    assert findings(bundle)[0] == ("DATA_AFTER_CLOSE", MANIFEST)
    set_line(bundle, 3, str(len(data) + 1).encode())
    assert "DATA_AFTER_CLOSE" not in [code for code, _ in findings(bundle)]
    assert ("CHECKPOINT_MISMATCH", CHECKPOINT) in findings(bundle)


def last_line_named(path):
    found = examine(path, Trusted()).findings
    return [f.subject for f in found if "the checkpoint names" in f.detail]


def test_the_last_line_is_named_only_where_it_is_another(bundle):
    """Another sum in the checkpoint, or no LF at its end: the last line is the one it names, and is not accused."""
    original = (bundle / CHECKPOINT).read_bytes()
    set_line(bundle, 4, b"0" * 64)
    assert last_line_named(bundle) == []
    (bundle / CHECKPOINT).write_bytes(original[:-1])
    assert last_line_named(bundle) == []
    lines = lines_of(bundle)
    put(bundle, [*lines[:-1], changed(lines[-1], boot_id="other")])
    assert last_line_named(bundle) == [f"{MANIFEST} line {len(lines)}"]


def test_the_last_line_is_not_accused_twice(bundle):
    """Where the chain is broken before it, or half a record follows it, it has no finding of its own."""
    lines = lines_of(bundle)
    other = changed(lines[-1], boot_id="other")
    put(bundle, [lines[0], lines[1], b"{}", *lines[3:-1], other])
    assert last_line_named(bundle) == []
    put(bundle, [*lines[:-1], other])
    (bundle / MANIFEST).write_bytes((bundle / MANIFEST).read_bytes() + b"x")
    assert last_line_named(bundle) == []


def test_a_changed_checkpoint_is_told_by_the_last_key(tmp_path):
    """A run that was taken up has two keys: the second signed, and shows that only the checkpoint was changed."""
    begun = made.unsealed(tmp_path)
    begun.release()
    path = begun.path
    fields = {"tool": dict(TOOL), "arguments": []}
    again = resume.reopen(path, made.key(2), made.MadeClock(), fields)
    again.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    lines = lines_of(path, CHECKPOINT)
    put(path, [lines[0], b"99", *lines[2:]], CHECKPOINT)
    assert findings(path) == [("CHECKPOINT_MISMATCH", CHECKPOINT), ("CLOCK_STEP", MANIFEST)]


def test_a_changed_checkpoint_without_signature_is_told(bundle):
    """Nothing is left that could say which of the two was changed: both are named."""
    lines = lines_of(bundle, CHECKPOINT)
    put(bundle, [*lines[:3], b"0" * 64, lines[4]], CHECKPOINT)
    (bundle / SIGNATURE).unlink()
    told = findings(bundle)
    assert ("CHECKPOINT_MISMATCH", CHECKPOINT) in told
    assert ("MISSING", SIGNATURE) in told


# --- the seal


def test_each_run_has_a_key_of_its_own():
    """A new key signs, and no two are the same."""
    one, two = seal.new_key(), seal.new_key()
    assert seal.public_line(one) != seal.public_line(two)
    assert seal.is_signed(b"x", seal.sign(b"x", one), seal.public_line(one))


def test_a_code_may_hold_every_letter():
    """All thirty-two letters of base32, each once, are a code like any other."""
    alphabet = string.ascii_uppercase + "234567"
    digest = base64.b32decode(alphabet) + bytes(12)
    assert seal.code_errors(alphabet, digest) == 0


# --- custody


def note(path, text="one"):
    return custody.note(path, text, made.MadeClock(), dict(TOOL))


def attach(path, file, text=None):
    return custody.attach(path, file, text, made.MadeClock(), dict(TOOL))


def records(path):
    return [json.loads(line) for line in lines_of(path, "custody.jsonl")]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.JPG"
    path.write_bytes(b"\xff\xd8 a photograph")
    os.utime(path, ns=(5, 1_700_000_000_123_456_789))
    return path


def descriptors():
    return sorted(path.name for path in Path("/proc/self/fd").glob("*"))


@wine.posix("times in nanoseconds; Windows keeps hundreds of them")
def test_what_is_told_of_an_attachment(bundle, photo):
    """Size and hash come back to the caller; the record says how and from when the bytes are; no descriptor is kept."""
    before = descriptors()
    told = attach(bundle, photo)
    data = photo.read_bytes()
    assert (told["size"], told["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    record = records(bundle)[1]
    assert (record["method"], record["flags"], record["subject"]) == ("copied", [], "photo.JPG")
    assert record["source_times"] == {"mtime_ns": "1700000000123456789"}
    os.utime(photo, ns=(5, -1_000_000_000))
    attach(bundle, photo)
    assert records(bundle)[3]["source_times"] == {"mtime_ns": "0"}
    assert descriptors() == before


@wine.posix("modes")
def test_nobody_else_reads_custody(bundle, photo):
    """The custody file and the folder of attachments are the owner's alone, as the bundle is."""
    attach(bundle, photo)
    assert (bundle / "attachments").stat().st_mode & 0o777 == 0o700
    assert (bundle / "custody.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_text_with_a_file_is_as_long_as_a_note(bundle, photo):
    """As long as a note may be, it is taken; longer, nothing is written at all."""
    before = vectors.snapshot(bundle)
    with pytest.raises(LimitError) as caught:
        attach(bundle, photo, "x" * (custody.MAX_NOTE + 1))
    assert "attach it as a file" in caught.value.hint
    assert vectors.snapshot(bundle) == before
    attach(bundle, photo, "x" * custody.MAX_NOTE)
    assert records(bundle)[2]["text"] == "x" * custody.MAX_NOTE == "x" * 2500


def test_each_refusal_says_what_to_do(bundle, tmp_path):
    """Empty, too long, no such file, no seal, a broken chain, another command at work: each has its own next step."""
    hints = []
    for act in (
        lambda: note(bundle, " \n"),
        lambda: note(bundle, "x" * (custody.MAX_NOTE + 1)),
        lambda: attach(bundle, tmp_path / "none"),
        lambda: note(made.unsealed(tmp_path / "open").path),
    ):
        (tmp_path / "open").mkdir(exist_ok=True)
        with pytest.raises(CollectorError) as caught:
            act()
        hints.append(caught.value.hint)
    note(bundle)
    fd = handles.held(bundle / "custody.jsonl")
    assert fd >= 0
    with pytest.raises(RefusedError) as busy:
        note(bundle)
    os.close(fd)
    note(bundle, "two")
    put(bundle, lines_of(bundle, "custody.jsonl")[1:], "custody.jsonl")
    with pytest.raises(AlteredError) as broken:
        note(bundle)
    hints += [busy.value.hint, broken.value.hint]
    assert all(hints)
    assert len(set(hints)) == len(hints)


@wine.posix("/proc counts the descriptors")
def test_a_refusal_keeps_nothing_open(bundle, photo):
    """Refused again and again, for a broken chain and for what stands in the folder: no descriptor is left."""
    note(bundle)
    put(bundle, [b"{}"], "custody.jsonl")
    before = descriptors()
    for _ in range(3):
        with pytest.raises(AlteredError):
            attach(bundle, photo)
    assert descriptors() == before


def test_why_a_file_is_not_attached_is_said(bundle, tmp_path):
    """In the system's own words."""
    with pytest.raises(RefusedError, match="No such file or directory"):
        attach(bundle, tmp_path / "none")


@pytest.mark.parametrize("kind", ["folder", "fifo", "symlink"])
def test_what_stands_in_the_place_of_custody_is_told(bundle, kind):
    """No regular file is ever opened for adding, and it is called altered, not unwritable."""
    path = bundle / "custody.jsonl"
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case _:
            path.symlink_to("manifest.jsonl")
    with pytest.raises(AlteredError, match="something else stands") as caught:
        note(bundle)
    assert caught.value.hint


def test_what_is_planted_among_the_attachments_is_refused(bundle, photo):
    """A FIFO in the folder, where the next attachment would go or elsewhere: nothing is added, nothing is made."""
    (bundle / "attachments").mkdir()
    for name in ("x", "000000-attachment.jpg.part"):
        os.mkfifo(bundle / "attachments" / name)
        before = vectors.snapshot(bundle)
        for act in (lambda: note(bundle), lambda: attach(bundle, photo)):
            with pytest.raises(AlteredError):
                act()
            assert vectors.snapshot(bundle) == before


def test_a_type_of_the_manifest_is_no_custody(bundle):
    """A `close` in the custody chain, numbers and hashes right: altered, and nothing is added."""
    note(bundle)
    line = lines_of(bundle, "custody.jsonl")[0]
    record = json.loads(line)
    del record["observed"], record["text"]
    last = json.loads(lines_of(bundle)[-1])
    fields = {name: last[name] for name in ("outcome", "reason", "counts", "isolation", "same_boot")}
    put(bundle, [encode({**record, "type": "close", **fields})], "custody.jsonl")
    with pytest.raises(AlteredError):
        note(bundle)


def test_an_attachment_that_was_interrupted_is_ended(bundle, photo):
    """Killed while it copied: the next command says so, keeps what was written as partial, and the bundle is whole."""
    attach(bundle, photo)
    stored = bundle / "attachments" / "000000-attachment.jpg"
    stored.rename(stored.with_name(stored.name + ".part"))
    put(bundle, lines_of(bundle, "custody.jsonl")[:1], "custody.jsonl")
    assert str(examine(bundle, Trusted()).verdict) == "INCOMPLETE"
    note(bundle)
    assert [record["type"] for record in records(bundle)] == ["intent", "resume", "artifact", "note"]
    assert "partial" in records(bundle)[2]["flags"]
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"


def test_a_long_torn_tail_is_gone_altogether(bundle):
    """Longer than the record that takes it in: no byte of it is left."""
    note(bundle)
    with (bundle / "custody.jsonl").open("ab") as file:
        file.write(b"\0" * 100_000)
    note(bundle, "two")
    assert [record["type"] for record in records(bundle)] == ["note", "resume", "note"]
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"


@pytest.mark.parametrize("name", [CHECKPOINT, SIGNATURE, MANIFEST])
def test_a_seal_that_cannot_be_read_is_altered(bundle, name):
    """A folder stands in the place of one of its files."""
    (bundle / name).unlink()
    (bundle / name).mkdir()
    with pytest.raises(AlteredError, match="can't be read") as caught:
        note(bundle)
    assert "collect verify" in caught.value.hint


def test_nothing_is_added_to_what_follows_no_rule(tmp_path):
    """The seal is right, and a rule between the records is broken: no custody."""
    path = next(v for v in vectors.all_vectors() if v.name == "counts_wrong").lay(tmp_path / "bundle")
    with pytest.raises(AlteredError):
        note(path)
    assert not (path / "custody.jsonl").exists()


def test_nothing_is_added_where_bytes_follow_the_seal(bundle):
    """The signature is the checkpoint's, and the checkpoint is of a shorter manifest."""
    with (bundle / MANIFEST).open("ab") as file:
        file.write(b"x")
    with pytest.raises(AlteredError, match="does not hold") as caught:
        note(bundle)
    assert "collect verify" in caught.value.hint


def test_the_last_key_of_a_run_sealed_what_is_added_to(tmp_path):
    """A run that was taken up has two keys: its seal is that of the second, and custody starts from it."""
    begun = made.unsealed(tmp_path)
    begun.release()
    again = resume.reopen(begun.path, made.key(2), made.MadeClock(), {"tool": dict(TOOL), "arguments": []})
    again.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    note(begun.path)
    assert str(examine(begun.path, Trusted()).verdict) == "UNANCHORED"


def test_nothing_is_added_to_a_seal_of_nothing(bundle):
    """An empty manifest with a checkpoint that says so has no key, and so no seal."""
    nothing = hashlib.sha256(b"").hexdigest()
    (bundle / MANIFEST).write_bytes(b"")
    (bundle / CHECKPOINT).write_bytes(seal.checkpoint_text(Head("", 0, 0, nothing, "0" * 64)))
    with pytest.raises(AlteredError):
        note(bundle)


def failing(monkeypatch, place, name, number):
    """Let one call of the system fail from now on."""

    def fail(*_args, **_how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(place, name, fail)


@wine.posix("breaks os.open; test_windows_disk.py has the faults of Windows")
def test_faults_of_the_medium_are_our_own_errors(bundle, photo, monkeypatch):
    """No folder can be made, no file opened, the source can't be read, nothing synced: an error with its sentence."""
    before = descriptors()
    for place, name, number, act, error in (
        (os, "mkdir", errno.EROFS, lambda: attach(bundle, photo), WriteError),
        (os, "mkdir", errno.ENOSPC, lambda: attach(bundle, photo), DiskFullError),
        (disk, "chunks", errno.EIO, lambda: attach(bundle, photo), CollectorError),
        (disk, "sync_folder", errno.EIO, lambda: note(bundle), WriteError),
    ):
        with monkeypatch.context() as patch:
            failing(patch, place, name, number)
            with pytest.raises(error):
                act()
    real = os.open

    def refused(path, flags, *how, **more):
        if str(path).endswith("custody.jsonl") and flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, *how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refused)
        with pytest.raises(RefusedError, match="can't be opened") as caught:
            note(bundle)
        assert "make room" in caught.value.hint
    with pytest.raises(WriteError), custody._opened(bundle, made.MadeClock(), dict(TOOL)):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert descriptors() == before


def test_a_source_that_fails_while_it_is_read_is_told(bundle, photo, monkeypatch):
    """The medium of the source breaks in the middle of the copy: refused, with the system's reason."""
    real = disk.chunks
    source = photo.stat().st_ino

    def failing_chunks(fd):
        if os.fstat(fd).st_ino == source:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd)

    monkeypatch.setattr(disk, "chunks", failing_chunks)
    with pytest.raises(RefusedError, match="can't be read: Input/output error"):
        attach(bundle, photo)


# --- the manifest


@pytest.mark.parametrize(
    ("utc_ns", "text"),
    [
        (-1, "1970-01-01T00:00:00.000000Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_000, "1970-01-01T00:00:00.000001Z"),
        (253_370_764_799 * 10**9 + 999_999_999, "9998-12-31T23:59:59.999999Z"),
        (253_370_764_800 * 10**9, "9999-01-01T00:00:00.000000Z"),
        (10**22, "9999-01-01T00:00:00.000000Z"),
    ],
)
def test_a_clock_out_of_bounds_is_written_as_its_end(utc_ns, text):
    """Before 1970 and from 9999 on (SPEC 3.3)."""
    assert manifest.utc_text(utc_ns) == text


@pytest.mark.parametrize(
    ("offset", "text"),
    [
        (0, "+00:00"),
        (59, "+00:00"),
        (60, "+00:01"),
        (3_661, "+01:01"),
        (-1, "-00:01"),
        (-60, "-00:01"),
        (-3_600, "-01:00"),
    ],
)
def test_an_offset_is_cut_down_to_whole_minutes(offset, text):
    """Downwards, also west of Greenwich, with six digits of the second."""
    told = manifest.local_text(1_000_000_000 * 10**9, offset)
    assert told.endswith(text)
    assert len(told) == len("2001-09-09T01:46:40.000000+00:00")
    assert schema.same_instant("2001-09-09T01:46:40.000000+00:00", told)


@pytest.mark.parametrize(
    "line",
    [
        b"x" * (manifest.MAX_LINE + 1),
        '{"a":"é"}'.encode(),
        b"[]",
        b'"a"',
        b"{",
        b'{"a": 1}',
        b'{"a":1.5}',
        b'{"a":NaN}',
        b'{"a":9007199254740992}',
        b'{"a":-1}',
        b'{"a":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"a":["\\ud800"]}',
        b'{"a":' * 8 + b"{}" + b"}" * 8,
        b"[" * 5000,
    ],
    ids=lambda line: line[:24].decode("ascii", "replace"),
)
def test_each_way_to_be_no_record_has_the_code(line):
    """BAD_RECORD, whatever is wrong with a line by itself."""
    with pytest.raises(ManifestFormatError) as caught:
        manifest.decode(line)
    assert caught.value.code == "BAD_RECORD"


def test_eight_levels_are_taken_in_lists_and_objects():
    """Lists and objects count alike; many of them side by side are no depth."""
    for line in (
        b'{"a":' * 7 + b"{}" + b"}" * 7,
        b'{"a":' + b"[" * 7 + b"]" * 7 + b"}",
        b'{"a":[' + b"[]," * 20 + b"[]]}",
    ):
        manifest.decode(line)
    with pytest.raises(ManifestFormatError):
        manifest.decode(b'{"a":' + b"[" * 8 + b"]" * 8 + b"}")


def test_what_json_has_no_word_for_is_not_written():
    """No NaN, nothing but ASCII."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest.encode({"a": float("nan")})
    assert manifest.encode({"é": "\x7f"}) == b'{"\\u00e9":"\\u007f"}'


def test_problems_are_kept_up_to_their_limit():
    """Ten thousand; a manifest of garbage fills no memory, and is still broken."""
    reader = manifest.ChainReader()
    for _ in range(manifest.MAX_PROBLEMS + 5):
        reader.feed(b"")
    assert manifest.MAX_PROBLEMS == len(reader.problems) == 10_000
    assert reader.broken


def test_strangers_without_end_fill_no_memory():
    """Lines of ever other bundles, each chained in: as many are remembered as are told."""
    reader, prev = manifest.ChainReader(), "0" * 64
    for number in range(manifest.MAX_PROBLEMS + 50):
        common = {"v": 1, "sid": f"{number:032x}", "seq": number, "type": "note", "prev": prev}
        common |= {"utc": "2026-11-18T11:06:40.001000Z", "local": "2026-11-18T12:06:40.001000+01:00"}
        common |= {"mono_ns": "1", "boot_ns": "1", "boot_id": "b", "observed": None}
        line = encode({**common, "text": "x"})
        prev = hashlib.sha256(line).hexdigest()
        reader.feed(line)
    assert len(reader._strangers) == len(reader.problems) == manifest.MAX_PROBLEMS
    assert {problem.code for problem in reader.problems} == {"CHAIN_BREAK"}


def test_a_stranger_is_told_once():
    """Lines of another bundle, chained in: the first is told, the next of the same sid is not, a third sid is."""
    lines = []
    for number, sid in enumerate((made.SID, "1" * 32, "1" * 32, "2" * 32, made.SID)):
        prev = hashlib.sha256(lines[-1]).hexdigest() if lines else "0" * 64
        common = {"v": 1, "sid": sid, "seq": number, "type": "note", "prev": prev, "utc": "2026-11-18T11:06:40.001000Z"}
        common |= {"local": "2026-11-18T12:06:40.001000+01:00", "mono_ns": "1", "boot_ns": "1", "boot_id": "b"}
        lines.append(encode({**common, "observed": None, "text": "x"}))
    reader = manifest.ChainReader()
    assert not reader.broken
    for line in lines:
        assert reader.feed(line) is not None
    reader.end(None)
    assert [(problem.line, problem.code) for problem in reader.problems] == [(2, "CHAIN_BREAK"), (4, "CHAIN_BREAK")]


def chained(count):
    """Return the lines of so many notes, each naming the one before."""
    lines = []
    for number in range(count):
        prev = hashlib.sha256(lines[-1]).hexdigest() if lines else "0" * 64
        common = {"v": 1, "sid": made.SID, "seq": number, "type": "note", "prev": prev}
        common |= {"utc": "2026-11-18T11:06:40.001000Z", "local": "2026-11-18T12:06:40.001000+01:00"}
        common |= {"mono_ns": "1", "boot_ns": "1", "boot_id": "b", "observed": None}
        lines.append(encode({**common, "text": f"note {number}"}))
    return lines


def problems(lines, last=None):
    reader = manifest.ChainReader()
    broken = []
    for line in lines:
        reader.feed(line)
        broken.append(reader.broken)
    reader.end(last)
    assert reader.broken is bool(reader.problems)
    assert broken == sorted(broken), "what is broken stays broken"
    assert reader.problems == sorted(reader.problems, key=lambda problem: problem.line)
    return [(problem.line, problem.code, problem.detail) for problem in reader.problems]


def other(line, **fields):
    return changed(line, **(fields or {"text": "other"}))


def not_named(line, by):
    return (line, "CHAIN_BREAK", f"line {line} is not the line that {by} names")


def test_a_break_is_told_at_the_line_that_changed():
    """Text or `prev` of a line edited, first, middle or last: that line is named once, and by whom it is missed."""
    lines = chained(7)
    last = hashlib.sha256(lines[-1]).hexdigest()
    assert problems(lines, last) == []
    for at in range(6):
        edited = [*lines[:at], other(lines[at]), *lines[at + 1 :]]
        assert problems(edited, last) == [not_named(at + 1, f"line {at + 2}")]
    for at in range(1, 6):
        edited = [*lines[:at], other(lines[at], prev="f" * 64), *lines[at + 1 :]]
        assert problems(edited, last) == [not_named(at + 1, f"line {at + 2}")]
    edited = [*lines[:-1], other(lines[-1], prev="f" * 64)]
    assert problems(edited, last) == [not_named(7, "the checkpoint")]
    assert problems(edited) == [not_named(6, "line 7")]
    first = [other(lines[0], prev="f" * 64)]
    assert problems(first, hashlib.sha256(first[0]).hexdigest()) == [
        (1, "CHAIN_BREAK", "the first line names a wrong hash")
    ]


def test_two_breaks_are_two():
    """Lines edited apart from each other, or side by side, or beside one that can't be read: each has its finding."""
    lines = chained(9)
    apart = [*lines[:2], other(lines[2]), *lines[3:6], other(lines[6]), *lines[7:]]
    assert problems(apart) == [not_named(3, "line 4"), not_named(7, "line 8")]
    near = [*lines[:2], other(lines[2]), lines[3], other(lines[4]), *lines[5:]]
    assert problems(near) == [not_named(3, "line 4"), not_named(5, "line 6")]
    row = list(lines)
    row[2], row[4] = other(row[2], prev="f" * 64), other(row[4], prev="f" * 64)  # four lines in a row that don't fit
    assert problems(row) == [not_named(3, "line 4"), not_named(5, "line 6")]
    unread = [*lines[:2], b"{", *lines[3:]]
    assert [problem[:2] for problem in problems(unread)] == [(3, "BAD_RECORD")]
    both = [*lines[:2], other(lines[2]), lines[3], b"{", *lines[5:7], other(lines[7]), lines[8]]
    assert [problem[:2] for problem in problems(both)] == [(3, "CHAIN_BREAK"), (5, "BAD_RECORD"), (8, "CHAIN_BREAK")]


def test_lines_that_are_gone_are_told_once():
    """One or three removed in the middle, or at the start: the line that stands in their place is named, no other."""
    lines = chained(9)
    for start, end in ((3, 4), (3, 6), (0, 1)):
        found = problems([*lines[:start], *lines[end:]])
        assert [problem[:2] for problem in found] == [(start + 1, "CHAIN_BREAK")]
        assert found[0][2] == f"record {end} stands in the place of record {start}"


# --- hand-overs


def hand_over(path, trusted=None, **said):
    return custody.hand_over(path, custody.HandOver(**{"to": "B", **said}), made.MadeClock(), dict(TOOL), trusted)


def receive(path, trusted=None, number=7, **said):
    def sign(message):
        return seal.sign(message, made.key(number), countersign.NAMESPACE)

    how = custody.HandOver(**{"to": None, **said})
    return custody.receive(path, how, sign, made.MadeClock(), dict(TOOL), trusted)


def test_a_hand_over_says_what_was_said_and_checked(bundle, photo):
    """Each field where it belongs, with what the verification before it found: attachments count, anchors too."""
    attach(bundle, photo)
    sizes = [json.loads(line)["size"] for line in lines_of(bundle) if b'"type":"artifact"' in line]
    total = sum(int(size) for size in sizes) + len(photo.read_bytes())
    trusted = Trusted(seal_code=seal.code(hashlib.sha256((bundle / CHECKPOINT).read_bytes()).digest()))
    said = {name: f"said of {name}" for name in ("by", "to", "role", "reason", "place", "condition")}
    second = hand_over(bundle, trusted, **said)
    record = records(bundle)[-1]
    assert record["type"] == "handover"
    assert {name: record[name] for name in said} == said
    assert record["checked"] == {"verdict": "ANCHORED", "files": 3, "bytes": total}
    assert str(second.report.verdict) == "ANCHORED"
    assert second.custody.head.records == len(records(bundle)), "it is the verification after"


def test_a_receipt_says_what_the_hand_over_said(bundle):
    """What is left out of a receipt is what the last hand-over said; a receipt is a holder's word as well."""
    hand_over(bundle, by="A", to="B")
    second = receive(bundle, Trusted(expert_keys=(seal.public_line(made.key(7)),)))
    receipt, signature = records(bundle)[-2:]
    assert (receipt["by"], receipt["to"], receipt["type"]) == ("A", "B", "receipt")
    assert receipt["checked"]["verdict"] == "UNANCHORED"
    assert signature["key"] == seal.public_line(made.key(7))
    assert str(second.report.verdict) == "ANCHORED", "the second verification is told what the first was"
    receive(bundle, Trusted(expert_keys=(seal.public_line(made.key(7)),)), by="X", to="Y", number=8)
    receipt = records(bundle)[-2]
    assert (receipt["by"], receipt["to"], receipt["checked"]["verdict"]) == ("X", "Y", "ANCHORED")
    hand_over(bundle, to="Z")
    assert records(bundle)[-1]["by"] == "Y"


def test_a_receipt_without_a_name_is_refused(bundle):
    """Where nobody was named before, whoever receives it says who they are: nothing is made up in their place."""
    with pytest.raises(UsageError) as caught:
        receive(bundle)
    assert "--name" in caught.value.hint
    assert not (bundle / "custody.jsonl").exists()


def test_a_code_that_is_nearly_right_is_refused(bundle):
    """Three to six characters: the code is asked for again. The right one is, whatever else was given with it."""
    code, start = (
        seal.code(hashlib.sha256(data).digest())
        for data in ((bundle / CHECKPOINT).read_bytes(), lines_of(bundle)[0])
    )
    letters = code.replace("-", "")
    for count in (3, 6):
        near = "".join("3" if char == "2" else "2" for char in letters[:count]) + letters[count:]
        for act in (lambda trusted: hand_over(bundle, trusted), lambda trusted: receive(bundle, trusted, to="B")):
            with pytest.raises(RefusedError, match="not that of this bundle: 3 to 6 characters") as caught:
                act(Trusted(seal_code=near))
            assert "type it again" in caught.value.hint
    assert not (bundle / "custody.jsonl").exists()
    hand_over(bundle, Trusted(start_code=start))
    hand_over(bundle, Trusted(seal_code=code, start_code=start))
    assert len(records(bundle)) == 2


def test_a_name_in_another_alphabet_is_a_name(bundle):
    """Typed where the terminal is not UTF-8: no letter of it is known, and it is kept as its bytes."""
    for byte in ("\udc80", "\udcff"):
        hand_over(bundle, to=byte)
        assert records(bundle)[-1]["to"]["hex"] == f"{ord(byte) - 0xDC00:02x}"


@pytest.mark.parametrize("text", [" ", "\u00a0\t", "\u200b", "\u202e\u2066", "\x1b"])
def test_a_name_that_shows_nothing_is_refused(bundle, text):
    """Blanks, and what no screen and no paper shows: for whoever gives, gets, and every other field."""
    for name in ("by", "to", "role", "reason", "place", "condition"):
        with pytest.raises(UsageError, match="blank") as caught:
            hand_over(bundle, **{name: text})
        assert caught.value.hint
    assert not (bundle / "custody.jsonl").exists()
    hand_over(bundle, to=f"A{text}")
    assert records(bundle)[0]["type"] == "handover"


def test_a_field_of_a_hand_over_is_as_long_as_it_may_be(bundle):
    """Five hundred characters are taken, one more is not."""
    hand_over(bundle, reason="x" * entries.MAX_SAID)
    assert (entries.MAX_SAID, len(records(bundle)[0]["reason"])) == (500, 500)
    with pytest.raises(LimitError):
        hand_over(bundle, reason="x" * 501)


def test_a_hand_over_that_is_refused_says_what_to_do(bundle, tmp_path):
    """To nobody, or before the seal; and a stranger's change is refused before and after a receipt, too."""
    with pytest.raises(UsageError) as nobody:
        hand_over(bundle, to="")
    (tmp_path / "open").mkdir()
    with pytest.raises(NotClosedError) as unsealed:
        hand_over(made.unsealed(tmp_path / "open").path)
    with pytest.raises(NotClosedError):
        receive(tmp_path / "open" / "T-1_poste-1_x", to="B")
    assert "--to" in nobody.value.hint
    assert "collect resume" in unsealed.value.hint
    wrong = Trusted(seal_code="-".join(["AAAA"] * 8))
    with pytest.raises(AlteredError, match="SEAL_MISMATCH"):
        receive(bundle, wrong, to="B")
    assert not (bundle / "custody.jsonl").exists()


def test_what_changes_while_a_receipt_is_made_is_told(bundle, monkeypatch):
    """The verification after it is one of every byte."""
    real = custody._open

    def changing(*arguments):
        file = next((bundle / "artifacts").iterdir())
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        return real(*arguments)

    monkeypatch.setattr(custody, "_open", changing)
    with pytest.raises(AlteredError, match="CONTENT_MISMATCH"):
        receive(bundle, to="B")


def test_an_observation_after_the_seal_is_recorded_whole(bundle):
    """What was seen, and its facts in their order."""
    custody.observe(bundle, "stick-plugged", {"b": 1, "a": None}, made.MadeClock(), dict(TOOL))
    record = records(bundle)[0]
    assert (record["type"], record["what"], record["data"]) == ("observation", "stick-plugged", {"a": None, "b": 1})


def test_bytes_that_stay_clear_are_stored_as_said(bundle):
    """The record tells kind, source and how they came; the caller gets name, size and hash."""
    told = custody.add_clear(bundle, b"token", "timestamp", ".tsr", made.MadeClock(), dict(TOOL))
    intent, record = records(bundle)
    assert (record["kind"], record["method"]) == ("timestamp", "imported")
    assert "timestamp" in (intent["source"], intent["kind"])
    assert told == {"path": record["path"], "size": 5, "sha256": hashlib.sha256(b"token").hexdigest()}
    assert (bundle / told["path"]).read_bytes() == b"token"
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"


def test_a_file_that_grows_while_it_is_copied_is_flagged(bundle, photo, monkeypatch):
    """Its bytes may be of two moments: the record says so, and the text with it is kept as any other."""
    real = disk.chunks

    def growing(fd):
        yield from real(fd)
        with photo.open("ab") as file:
            file.write(b"more")

    with monkeypatch.context() as patch:
        patch.setattr(custody.disk, "chunks", growing)
        attach(bundle, photo, "\udcff")
    artifact, text, tie = records(bundle)[1:]
    assert (tie["what"], tie["data"]["entry"], tie["data"]["note"]) == ("entry", 1, 2)
    assert artifact["flags"] == ["changed-while-reading"]
    assert text["text"]["hex"] == "ff"


def test_no_folder_can_be_attached(bundle, tmp_path):
    """Nor anything else that is no regular file: said in plain words."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        with pytest.raises(RefusedError, match="it is no regular file") as caught:
            attach(bundle, path)
        assert caught.value.hint


def test_a_bundle_that_is_not_hashed_is_still_looked_at(bundle):
    """For who hashes every byte anyway: sizes, names, chain and anchors are looked at, the bytes of artifacts not."""
    note(bundle)
    checkpoint = (bundle / CHECKPOINT).read_bytes()
    trusted = Trusted(seal_code=seal.code(hashlib.sha256(checkpoint).digest()))
    file = next((bundle / "artifacts").iterdir())
    data = file.read_bytes()
    file.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    looked = verify_unhashed(bundle, trusted)
    assert (looked.path, looked.checkpoint, str(looked.report.verdict)) == (bundle, checkpoint, "ANCHORED")
    assert (len(looked.inventory.stored), looked.custody.head.records) == (2, 1)
    assert str(verify_unhashed(bundle).report.verdict) == "UNANCHORED"
    with pytest.raises(AlteredError, match="CONTENT_MISMATCH"):
        verify_bundle(bundle)
    file.write_bytes(data[:-1])
    with pytest.raises(AlteredError, match="CONTENT_MISMATCH"):
        verify_unhashed(bundle)


def test_a_folder_that_cannot_be_looked_at_has_no_verdict(bundle, monkeypatch):
    """The stick was pulled out: no bundle, with what to do."""

    def gone(_path):
        raise WriteError("the medium is gone")

    monkeypatch.setattr(disk, "stands", gone)
    with pytest.raises(NotABundleError, match="can't be read") as caught:
        examine(bundle, Trusted())
    assert "stick" in caught.value.hint


@pytest.mark.parametrize("name", [MANIFEST, CHECKPOINT, "SHA256SUMS"])
def test_one_file_of_a_bundle_makes_it_one(tmp_path, original, name):
    """Where only one of three is left, it is a bundle that lost the others: ALTERED, not nothing."""
    shutil.copy(original / name, tmp_path / name)
    assert str(examine(tmp_path, Trusted()).verdict) == "ALTERED"
    assert len(findings(tmp_path)) > 0


def test_what_the_system_says_of_a_chain_that_cannot_be_read(bundle, monkeypatch):
    """A fault of the medium in one of the two chains: told at that file, in the system's words."""
    note(bundle)
    real = verify.read_chain
    for name, code in ((MANIFEST, "MISSING"), ("custody.jsonl", "CUSTODY_BREAK")):

        def failing_chain(path, *, name=name, **how):
            if path.name == name:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(path, **how)

        monkeypatch.setattr(verify, "read_chain", failing_chain)
        first = examine(bundle, Trusted()).findings[0]
        assert (str(first.code), first.subject) == (code, name)
        assert first.detail == "it can't be read: Input/output error"


def test_custody_tells_which_rule_was_broken(bundle):
    """A break in custody names the code of its cause; a torn end and the number of its bytes are told."""
    note(bundle)
    note(bundle, "two")
    lines = lines_of(bundle, "custody.jsonl")
    with (bundle / "custody.jsonl").open("ab") as file:
        file.write(b"xyz")
    (torn,) = examine(bundle, Trusted()).findings
    assert (str(torn.code), torn.subject, torn.detail) == (
        "TORN_TAIL", "custody.jsonl", "3 bytes follow the last whole line"
    )  # fmt: skip
    put(bundle, [b"{}", *lines[1:]], "custody.jsonl")
    first = examine(bundle, Trusted()).findings[0]
    assert (str(first.code), first.subject) == ("CUSTODY_BREAK", "custody.jsonl line 1")
    assert first.detail.startswith("SCHEMA: ")


# --- encrypted chains


def lines_of_vector(name):
    vector = vectors.read(vectors.FOLDER / f"{name}.vector")
    return vectors.content(vector.world["manifest.jsonl"]).splitlines()


def test_the_first_line_says_whether_a_chain_is_encrypted():
    """Recipients in the first record of a manifest, and nowhere else: from then on what is private is hidden."""
    hidden, clear = lines_of_vector("encrypted"), lines_of_vector("good")
    for lines, others, encrypted in ((hidden, clear, True), (clear, hidden, False)):
        reader = manifest.ChainReader()
        assert reader.encrypted is None
        for line in (lines[0], others[0], encode({"recipients": ["age1qqqq"]}), encode({"recipients": []})):
            reader.feed(line)
            assert reader.encrypted is encrypted
        for known in (True, False):
            reader = manifest.ChainReader(tables=schema.CUSTODY, encrypted=known)
            reader.feed(lines[0])
            assert reader.encrypted is known


def test_where_no_first_record_can_be_read_either_form_is_taken():
    """One byte of the first line, and it is told once: no record after it is held to a form that nobody knows."""
    for name in ("encrypted", "good"):
        first, *rest = lines_of_vector(name)
        for broken in (b"x" + first, first.replace(b'"T-1"', b"[]")):
            reader = manifest.ChainReader()
            for line in (broken, *rest):
                reader.feed(line)
            reader.end(None)
            assert reader.encrypted is None
            assert [(p.line, p.code) for p in reader.problems] == [(1, "BAD_RECORD" if broken[0] == 120 else "SCHEMA")]


def test_what_follows_no_first_record_is_not_blamed(tmp_path):
    """The same of a bundle: the line that was changed, and what the seal says of it."""
    vector = vectors.read(vectors.FOLDER / "encrypted_custody.vector")
    path = vector.lay(tmp_path / "bundle")
    put(path, [b"x" + lines_of_vector("encrypted_custody")[0][1:], *lines_of_vector("encrypted_custody")[1:]])
    codes = [code for code, _ in findings(path)]
    assert codes.count("BAD_RECORD") == 1
    assert "SCHEMA" not in codes
    assert "CUSTODY_BREAK" not in codes


def test_a_writer_takes_hidden_and_clear_records():
    """Each as its fields say; a mixture is a mistake of ours and nothing is written."""

    class Lines(list):
        write_all = list.append

    out = Lines()
    writer = manifest.ManifestWriter(out, manifest.Chain(made.SID))
    moment = made.MadeClock().now()
    writer.append("note", moment, {"observed": None, "text": "x"})
    writer.append("note", moment, {"observed": None, "private": "AAAA"})
    assert len(out) == writer.chain.records == 2
    with pytest.raises(ValueError, match="our own record is wrong"):
        writer.append("note", moment, {"observed": None, "text": "x", "private": "AAAA"})
    with pytest.raises(LimitError):
        writer.append("note", moment, {"observed": None, "text": "x" * manifest.MAX_LINE})
    assert len(out) == writer.chain.records == 2
    spare = len(out[0]) - 1 - len("x")
    for length, fits in ((manifest.MAX_LINE - spare - 1, True), (manifest.MAX_LINE + 1, False)):
        text = "x" * length
        if fits:
            record, line = writer.drafted("note", moment, {"observed": None, "text": text})
            assert len(line) <= manifest.MAX_LINE
            assert record["text"] == text
        else:
            with pytest.raises(LimitError):
                writer.drafted("note", moment, {"observed": None, "text": text})


def test_where_a_chain_would_stand():
    """`longer` counts a line in without adding it."""
    chain = manifest.Chain(made.SID)
    for line in chained(3):
        head = chain.longer(line).head()
        assert head != chain.head()
        chain.add(line)
        assert head == chain.head()
    assert (head.records, head.last) == (3, hashlib.sha256(line).hexdigest())


def test_the_limits_are_those_of_the_specification():
    """SPEC 3.1: a line of 64 KiB, eight levels, nine digits of a number of records."""
    assert (manifest.MAX_LINE, manifest.MAX_DEPTH, manifest.MAX_RECORDS) == (65_536, 8, 10**9)


def test_what_fits_does_not_make_good_what_was_altered(tmp_path):
    """A right seal code over a bundle with a changed artifact: ALTERED, and nothing is called an anchor."""
    path = made.sealed(tmp_path)
    code = examine(path, Trusted()).seal_code
    assert [anchor.anchors for anchor in examine(path, Trusted(seal_code=code)).anchors] == [True]
    artifact = next((path / "artifacts").iterdir())
    artifact.write_bytes(artifact.read_bytes() + b"x")
    report = examine(path, Trusted(seal_code=code))
    assert str(report.verdict) == "ALTERED"
    assert [anchor.anchors for anchor in report.anchors] == [False]
