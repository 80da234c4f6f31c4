"""Checks of the verifier that no other test held, as a mutation run showed (scripts/mutate): one accident each.

Most of them are about what is said beside the first finding, or when two things are wrong at once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import string
from pathlib import Path

import made
import pytest

from collector import custody, resume, seal
from collector.anchors import Trusted
from collector.errors import AlteredError, NotABundleError
from collector.manifest import encode
from collector.verify import examine, verify_bundle

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
    path = made.unsealed(tmp_path).path
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
    path = made.unsealed(tmp_path).path
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
