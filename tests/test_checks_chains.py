"""Checks of chain files, anchors and countersignatures that no other test held, as a mutation run showed."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import made
import pytest
import vectors

from collector import chainfile, countersign, custody, disk, layout, schema, seal, timestamp
from collector.anchors import Trusted
from collector.chainfile import TornTail, read_chain
from collector.errors import UsageError
from collector.findings import Level
from collector.manifest import MAX_LINE
from collector.timestamp import roots_from
from collector.verify import examine

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
MESSAGE = b"what is signed\n"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return made.sealed(tmp_path_factory.mktemp("original"))


@pytest.fixture
def bundle(original, tmp_path):
    return Path(shutil.copytree(original, tmp_path / "bundle"))


# --- chain files


def test_a_torn_tail_is_summed_whole_and_kept_in_part():
    """Length and hash of every byte; 16 KiB are kept for the record, and a little over a line in memory."""
    tail = TornTail()
    assert tail.as_record() is None
    whole = b""
    for part in (b"a" * (MAX_LINE - 1), b"b" * 100, b"c" * 100):
        tail.add(part)
        whole += part
        assert tail.start == whole[: MAX_LINE + 1]
    told = tail.as_record()
    assert told == {
        "length": len(whole),
        "sha256": hashlib.sha256(whole).hexdigest(),
        "base64": base64.b64encode(whole[: 16 * 1024]).decode(),
    }
    one = TornTail()
    one.add(b"x")
    assert one.as_record() == {"length": 1, "sha256": hashlib.sha256(b"x").hexdigest(), "base64": "eA=="}


def test_a_tail_that_fills_a_line_takes_one_byte_more():
    """So that a line is known to be too long wherever the pieces end."""
    tail = TornTail()
    tail.add(b"a" * MAX_LINE)
    tail.add(b"bb")
    assert tail.start == b"a" * MAX_LINE + b"b"


def chain_of(tmp_path, data):
    (tmp_path / "chain").write_bytes(data)
    return read_chain(tmp_path / "chain", folder=layout.ARTIFACTS)


@pytest.mark.parametrize("before", [0, disk.CHUNK - 10, disk.CHUNK - MAX_LINE, disk.CHUNK - 1])
def test_a_line_is_as_long_as_it_may_be_wherever_it_lies(tmp_path, before):
    """64 KiB are read as a line, one byte more is told as too long; every byte is summed up."""
    full, rest = divmod(before, 60_000)
    head = (b"y" * 59_999 + b"\n") * full + (b"y" * (rest - 1) + b"\n" if rest else b"")
    number = head.count(b"\n") + 1
    for length, told in ((MAX_LINE, "not JSON"), (MAX_LINE + 1, "longer than 64 KiB"), (3 * disk.CHUNK, "longer")):
        data = head + b"x" * length + b"\n"
        chain = chain_of(tmp_path, data)
        assert (chain.head.length, chain.head.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert chain.torn.length == 0
        assert told in chain.problems[number - 1].detail
        if not head:
            assert len(chain.first_line) == min(length, MAX_LINE + 1)


def test_a_file_without_line_ends_is_not_read_on(tmp_path, monkeypatch):
    """Up to the limit it is a torn tail; beyond, reading stops and the line is told."""
    monkeypatch.setattr(chainfile, "MAX_TAIL", disk.CHUNK)
    chain = chain_of(tmp_path, b"\n" + b"x" * (disk.CHUNK - 1) + b"x")
    assert [problem.line for problem in chain.problems] == [1]
    assert chain.torn.length == disk.CHUNK
    chain = chain_of(tmp_path, b"\n" + b"x" * (3 * disk.CHUNK))
    assert [(problem.line, problem.code) for problem in chain.problems] == [(1, "BAD_RECORD"), (2, "BAD_RECORD")]
    assert "does not end" in chain.problems[1].detail
    assert chain.head.length == 2 * disk.CHUNK


def test_each_record_is_shown_once(bundle):
    """Every one that can be read, in order; the last one and the first line are told."""
    seen = []
    chain = read_chain(bundle / "manifest.jsonl", folder=layout.ARTIFACTS, seen=seen.append)
    lines = (bundle / "manifest.jsonl").read_bytes().splitlines()
    assert seen == [json.loads(line) for line in lines]
    assert (chain.first_line, chain.last_record, chain.first) == (lines[0], seen[-1], "0" * 64)
    assert (chain.problems, chain.receipts, chain.clock_steps) == ([], [], [])


def test_twenty_steps_of_the_clock_are_told(tmp_path):
    """A clock that jumps with each record must not fill the report."""
    clock = made.MadeClock()
    path = made.sealed(tmp_path, clock=clock)
    for number in range(25):
        clock.jump(3600 if number % 2 else -3600)
        custody.note(path, "x", clock, dict(TOOL))
    first = hashlib.sha256((path / "checkpoint").read_bytes()).hexdigest()
    how = {"folder": layout.ATTACHMENTS, "tables": schema.CUSTODY, "sid": made.SID, "first": first}
    chain = read_chain(path / "custody.jsonl", **how)
    assert chain.problems == []
    assert len(chain.clock_steps) == 20
    assert "record 0 and record 1" in chain.clock_steps[0]


def signer(number=7):
    return lambda message: seal.sign(message, made.key(number), countersign.NAMESPACE)


def test_a_receipt_is_told_with_its_line_and_time(bundle):
    """Line, time, name and key of each receipt that holds."""
    custody.note(bundle, "x", made.MadeClock(), dict(TOOL))
    custody.receive(bundle, custody.HandOver(to="B"), signer(), made.MadeClock(), dict(TOOL))
    first = hashlib.sha256((bundle / "checkpoint").read_bytes()).hexdigest()
    how = {"folder": layout.ATTACHMENTS, "tables": schema.CUSTODY, "sid": made.SID, "first": first}
    chain = read_chain(bundle / "custody.jsonl", **how)
    record = json.loads((bundle / "custody.jsonl").read_bytes().splitlines()[1])
    (receipt,) = chain.receipts
    assert (receipt.line, receipt.to, receipt.utc) == (2, "B", record["utc"])
    assert receipt.key == seal.public_line(made.key(7))


# --- anchors


def code_of(path, name):
    data = (path / name).read_bytes()
    return seal.code(hashlib.sha256(data.split(b"\n")[0] if name == "manifest.jsonl" else data).digest())


def slips(code, count):
    """Return a code with so many characters wrong."""
    wrong = [("A" if char != "A" else "B") if at < count else char for at, char in enumerate(code.replace("-", ""))]
    return "".join(wrong)


@pytest.mark.parametrize("which", ["start_code", "seal_code"])
def test_what_is_no_code_is_told_with_its_name(bundle, which):
    """A mistake in the command, whatever the bundle is: named, with what to do."""
    for path in ("manifest.jsonl", "checkpoint"):
        with pytest.raises(UsageError, match=f"this is no {which.replace('_', ' ')}") as caught:
            examine(bundle, Trusted(**{which: "AAAA"}))
        assert "hyphens" in caught.value.hint
        (bundle / path).unlink()


@pytest.mark.parametrize(("which", "name"), [("start_code", "manifest.jsonl"), ("seal_code", "checkpoint")])
def test_slips_of_the_pen_are_counted(bundle, which, name):
    """None and up to two: an anchor that says how many; a third is none."""
    code = code_of(bundle, name)
    for count in (0, 1, 2):
        (anchor,) = examine(bundle, Trusted(**{which: slips(code, count)})).anchors
        assert (anchor.kind, anchor.anchors) == (which, which == "seal_code")
        assert anchor.detail == (
            "matches" if not count else f"matches but for {count} characters, taken for slips of the pen"
        )
    report = examine(bundle, Trusted(**{which: slips(code, 3)}))
    assert report.anchors == ()
    assert str(report.verdict) == ("UNANCHORED" if which == "seal_code" else "ALTERED")
    report = examine(bundle, Trusted(**{which: slips(code, 7)}))
    assert str(report.verdict) == "ALTERED"


NOTHING = seal.code(hashlib.sha256(b"").digest())
"""The code of what is not there."""


def details(path, **given):
    return {str(found.code): found.detail for found in examine(path, Trusted(**given)).findings}


def test_codes_and_nonce_where_there_is_nothing_to_compare_with(bundle):
    """No seal, no first line: each its own finding, whatever code was typed, and the detail says which it is."""
    code, nonce = slips(code_of(bundle, "checkpoint"), 7), "0" * 32
    assert details(bundle, seal_code=code)["SEAL_MISMATCH"] == "it is not the checkpoint that the seal code names"
    assert "KIT_NONCE_MISMATCH" in details(bundle, kit_nonce=nonce)
    (bundle / "checkpoint").unlink()
    for given in (code, NOTHING):
        assert details(bundle, seal_code=given)["SEAL_MISMATCH"] == "there is no seal"
    lines = (bundle / "manifest.jsonl").read_bytes()
    (bundle / "manifest.jsonl").write_bytes(b"x" + lines)
    assert "KIT_NONCE_MISMATCH" not in details(bundle, kit_nonce=nonce), "there is no first record"
    (bundle / "manifest.jsonl").unlink()
    (bundle / "checkpoint").write_bytes(b"x")
    for given in (code_of(bundle, "checkpoint"), NOTHING):
        found = details(bundle, start_code=given, kit_nonce=nonce)
        assert found["START_CODE_MISMATCH"] == "its first line is not the one that the start code names"
        assert "KIT_NONCE_MISMATCH" not in found


def test_a_timestamp_that_is_too_large_is_told(bundle):
    """A megabyte and a byte, recorded as it is: no token, which is an information, and the bundle is whole."""
    roots = roots_from([Path(__file__).parent / "testdata" / "tsa" / "root.pem"])
    for more in (0, 1):
        token = bytes(timestamp.MAX_TOKEN + more)
        custody.add_clear(bundle, token, layout.TIMESTAMP, ".tsr", made.MadeClock(), dict(TOOL))
    paths = [path.relative_to(bundle).as_posix() for path in sorted((bundle / "attachments").iterdir())]
    report = examine(bundle, Trusted(tsa_roots=tuple(roots)))
    assert [(str(found.code), found.subject) for found in report.findings] == [
        ("TIMESTAMP_INVALID", path) for path in paths
    ]
    assert {int(found.level) for found in report.findings} == {int(Level.INFORMATION)}
    large = "this file is too large for a timestamp"
    assert [found.detail == large for found in report.findings] == [False, True]
    assert str(report.verdict) == "UNANCHORED"


def test_the_nonce_of_a_kit_is_read_in_any_case():
    """Capital letters do not matter; what is no ASCII, or no nonce at all, is no kit's."""
    for name, right in (("kit_nonce_right", True), ("kit_nonce_none", False)):
        vector = next(vector for vector in vectors.all_vectors() if vector.name == name)
        given = dict(zip(vector.arguments[::2], vector.arguments[1::2], strict=True))
        nonce = vectors.trusted(given).kit_nonce
        for text, fits in ((nonce.upper(), right), ("\udcff", False), ("é", False), ("", False)):
            check_nonce(vector, text, fits=fits)


def check_nonce(vector, text, *, fits):
    with tempfile.TemporaryDirectory() as place:
        report = examine(vector.lay(Path(place) / "bundle"), Trusted(kit_nonce=text))
    assert [(anchor.kind, anchor.anchors) for anchor in report.anchors] == ([("kit_nonce", False)] if fits else [])
    assert ("KIT_NONCE_MISMATCH" in [str(finding.code) for finding in report.findings]) is not fits


def test_a_receipt_anchors_under_a_key_that_was_given(bundle):
    """And the anchor says whose, under which key, and when."""
    custody.receive(bundle, custody.HandOver(to="B"), signer(), made.MadeClock(), dict(TOOL))
    for number, known in ((7, True), (8, False)):
        (anchor,) = examine(bundle, Trusted(expert_keys=(seal.public_line(made.key(number)),))).anchors
        assert (anchor.kind, anchor.anchors, anchor.holder) == ("receipt", known, "B")
        assert ("did not give" in anchor.detail) is not known
        assert anchor.key == countersign.fingerprint(seal.public_line(made.key(7)))


# --- countersignatures


def test_a_fingerprint_is_that_of_openssh():
    """The hash of the key's bytes in base64, without padding."""
    key = seal.public_line(made.key(7))
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    assert countersign.fingerprint(key) == "SHA256:" + base64.b64encode(digest).decode()[:-1]


def test_a_key_in_another_spelling_is_none():
    """Spare bits of base64, a blank more, another type before the same bytes."""
    blob, key = seal.sign(MESSAGE, made.key(7), countersign.NAMESPACE), seal.public_line(made.key(7))
    assert countersign.holds(MESSAGE, blob, key)
    kind, body = key.split()
    for other in (f"{kind} {body}=", f"{kind}  {body}", f"ssh-rsa {body}", f"{kind} {body} x", body, f"{kind} *{body}"):
        assert not countersign.holds(MESSAGE, blob, other), other
    for wrong in (b"X" + blob[1:], blob[:9] + b"\2" + blob[10:], blob + b"\0", blob[:-1], b""):
        assert not countersign.holds(MESSAGE, wrong, key)
    assert not countersign.holds(MESSAGE, seal.sign(MESSAGE, made.key(7), "other@v1"), key)


def test_a_blob_names_its_key_or_none():
    """Read before anything is believed: cut anywhere, it names none and raises nothing."""
    blob = seal.sign(MESSAGE, made.key(7), countersign.NAMESPACE)
    key = seal.public_line(made.key(7))
    assert countersign.key_of(blob) == key
    size = 10 + 4 + len(base64.b64decode(key.split()[1]))
    assert countersign.key_of(blob[:size]) == key
    assert all(countersign.key_of(blob[:cut]) is None for cut in range(size))
    assert countersign.key_of(b"x" * 10 + b"\0\0\0\5" + b"\0\0\0\1\xff") is None


def test_what_is_no_public_key_says_what_to_give():
    """The hint names the file; the type within must be the type before it."""
    key = seal.public_line(made.key(7))
    assert countersign.public_key(f'x namespaces="y" {key} comment') == key
    for text in ("", "x", key.split()[1], key.replace("ssh-ed25519", "ssh-rsa"), "ssh-ed25519 AAAA"):
        with pytest.raises(UsageError) as caught:
            countersign.public_key(text)
        assert ".pub" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"", 0),
        (b"\x01", 1),
        (b"\x7f", 127),
        (b"\x80", None),
        (b"\xff", None),
        (b"\0", None),
        (b"\0\x7f", None),
        (b"\0\x80", 128),
        (b"\0\0\x80", None),
        (b"\x01\x00", 256),
    ],
)
def test_a_number_has_one_spelling(data, value):
    """An mpint of RFC 4251: positive, no zero before it but where the sign needs one."""
    reader = countersign._Reader(len(data).to_bytes(4, "big") + data)
    if value is None:
        with pytest.raises(ValueError, match="one spelling"):
            reader.integer()
    else:
        assert reader.integer() == value
        reader.end()


def test_a_string_that_ends_early_is_told():
    """Neither length nor bytes may be missing, and nothing may follow the end."""
    for data in (b"", b"\0\0\0", b"\0\0\0\2x"):
        with pytest.raises(ValueError, match="early"):
            countersign._Reader(data).string()
    reader = countersign._Reader(b"\0\0\0\2xyz")
    assert reader.string() == b"xy"
    with pytest.raises(ValueError, match="follows"):
        reader.end()
    with pytest.raises(ValueError, match="another type"):
        countersign._Reader(b"\0\0\0\2xy").named("xz")
    countersign._Reader(b"\0\0\0\2xy").named("xy")
