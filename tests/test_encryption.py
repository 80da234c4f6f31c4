"""Encryption to recipients: nothing readable touches the medium, everybody verifies, a recipient reads all of it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import live
import made
import pyrage
import pytest
import vectors
import wine
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import age, bundle, custody, schema
from collector.anchors import Trusted
from collector.errors import AlteredError, DiskFullError, LimitError, MalformedError, RefusedError, UsageError
from collector.handover import packing
from collector.inventory import recipients_of
from collector.ledger import as_json
from collector.manifest import encode
from collector.model import Gap, Outcome
from collector.resume import reopen
from collector.text import from_native
from collector.verify import examine, verify_unhashed

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
SECRET = "DUPONT_Jeanne_IRM"
HEADER = b"age-encryption.org/v1\n"


@pytest.fixture(scope="module")
def expert(tmp_path_factory) -> tuple[str, str]:
    """Return secret and recipient of a key that stock age-keygen made."""
    live.needs("age-keygen")
    made_by = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout.split()
    secret = next(word for word in made_by if word.startswith("AGE-SECRET-KEY-1"))
    return secret, next(word for word in made_by if word.startswith("age1"))


def encrypted(folder: Path, *recipients: str) -> bundle.Bundle:
    """Return an open bundle that only these recipients can read."""
    opening = {**made.opening(), "recipients": [*recipients], "operator": SECRET}
    return bundle.create(folder, "T-1_x", opening, made.README, made.key(), made.MadeClock(), made.SID)


def closed(made_bundle: bundle.Bundle) -> Path:
    made_bundle.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return made_bundle.path


# One age file ---------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.lists(st.integers(0, 200_000), max_size=5), st.integers(0, 70_000))
@wine.posix("stock age")
def test_whatever_the_pieces_stock_age_gets_them_back(pieces, last):
    """Content in any pieces, with and without a thread: the age file holds exactly it."""
    secret, own = age.new_identity()
    content = os.urandom(sum(pieces) + last)
    encryption, stored, at = age.Encryption([own]), b"", 0
    for size in pieces:
        stored += encryption.feed(content[at : at + size])
        at += size
    stored += encryption.end(content[at:])
    assert stored.startswith(HEADER)
    assert encryption.content_sha256() == hashlib.sha256(content).hexdigest()
    assert live.decrypted(stored, secret) == content


def test_what_is_given_up_ends_its_thread():
    """A file that is dropped in the midst leaves no thread that waits for ever."""
    encryption = age.Encryption([age.new_identity()[1]])
    encryption.feed(b"x" * 300_000)
    thread = encryption._thread
    encryption.drop()
    thread.join(10)
    assert not thread.is_alive()


LOW = "age1" + "q" * 52 + "5cu47z"
"""Thirty-two zeros, in a Bech32 that holds: a point of low order, over which age panics."""


@pytest.mark.parametrize(
    "text", ["", "age1", "age1" + "q" * 58, "AGE-SECRET-KEY-1" + "Q" * 58, "ssh-ed25519 AAAA", "é", LOW]
)
def test_what_is_no_recipient_is_refused(text):
    """Before anything is written: usage, with what a recipient looks like."""
    with pytest.raises(UsageError) as caught:
        age.checked([text])
    assert "age1" in caught.value.hint


@pytest.mark.parametrize("text", ["age1x", LOW])
def test_a_bundle_that_names_an_impossible_reader_is_refused(tmp_path, monkeypatch, text):
    """Whoever hands us a bundle chose its recipients: nothing is added, nothing panics, and `verify` still works."""
    own = age.new_identity()[1]
    real = age._parsed
    monkeypatch.setattr(age, "_parsed", lambda _recipients: real([own]))
    for name in ("sealed", "open"):
        (tmp_path / name).mkdir()
    hostile = encrypted(tmp_path / "sealed", text)
    path = closed(hostile)
    unsealed = encrypted(tmp_path / "open", text)
    unsealed.release()
    monkeypatch.undo()
    before = sorted(path.iterdir())
    for act in (
        lambda: custody.note(path, "x", made.MadeClock(), TOOL),
        lambda: custody.hand_over(path, custody.HandOver(to="x"), made.MadeClock(), TOOL),
        lambda: packing.pack(verify_unhashed(path), [own], tmp_path),
        lambda: reopen(unsealed.path, made.key(2), made.MadeClock(), {"tool": TOOL, "arguments": []}),
    ):
        with pytest.raises(RefusedError, match="reader"):
            act()
    assert sorted(path.iterdir()) == before
    assert str(examine(path, Trusted()).verdict) == "UNANCHORED"


def test_the_same_recipient_counts_once_and_their_number_is_bounded():
    """Each record carries all of them, and must fit its line."""
    own = [age.new_identity()[1] for _ in range(age.MAX_RECIPIENTS)]
    assert age.checked([own[0], f" {own[0]}\n"]) == (own[0],)
    assert len(age.checked(own[1:])) == age.MAX_RECIPIENTS - 1
    with pytest.raises(UsageError, match="too many"):
        age.checked(own)


def test_the_longest_record_of_the_most_recipients_fits_its_line(tmp_path):
    """Names of the worst spelling, as long as they are kept, to as many recipients as are allowed."""
    recipients = [age.new_identity()[1] for _ in range(age.MAX_RECIPIENTS)]
    made_bundle = encrypted(tmp_path, *recipients)
    worst = {"text": "\U0010ffff" * 5000, "hex": "f4" * 20_000}
    made_bundle.gap("screen", Gap(Outcome.ABSENT, "no display", worst))
    file = made_bundle.artifact("file", "screen", ".bin", "test")
    made_bundle.finish(file, subject=worst)
    made_bundle.append("resume", {"run_key": made_bundle.inventory.keys[0], "tool": TOOL, "arguments": ["x" * 21_000],
                                  "torn": {"length": 1, "sha256": "0" * 64, "base64": "A" * 21_848}})  # fmt: skip
    assert str(examine(closed(made_bundle), Trusted()).verdict) == "UNANCHORED"


def test_a_reader_gets_the_private_fields_back_and_nobody_else(tmp_path):
    """Table order, then `content_sha256`; another key is refused, and so is what is no ciphertext."""
    secret, own = age.new_identity()
    path = closed(encrypted(tmp_path, own))
    opening = json.loads((path / "manifest.jsonl").read_bytes().splitlines()[0])
    assert recipients_of(opening) == (own,)
    identity, other = pyrage.x25519.Identity.from_str(secret), pyrage.x25519.Identity.generate()
    assert age.revealed(opening, [other, identity])["operator"] == SECRET
    assert age.revealed({"type": "close"}, []) == {"type": "close"}
    for record, keys in ((opening, [other]), ({**opening, "private": "AAAA"}, [identity])):
        with pytest.raises(RefusedError) as caught:
            age.revealed(record, keys)
        assert not isinstance(caught.value, MalformedError)
        assert "recipients" in caught.value.hint


PRIVATE = {
    "open": {"operator": None, "witness": "x", "arguments": ["x"], "host": {}},
    "artifact": {"subject": None, "source_times": None, "content_sha256": "0" * 64},
    "gap": {"subject": None, "reason": "x"},
    "observation": {"data": {}},
    "note": {"text": "x"},
    "resume": {"arguments": [], "torn": None},
}
MALFORMED = {
    "empty": ("note", {}),
    "number": ("note", {"text": 5}),
    "more": ("note", {"text": "x", "who": "x"}),
    "argument": ("open", {**PRIVATE["open"], "arguments": [5]}),
    "clear": ("open", {"case": "another", **PRIVATE["open"]}),
    "order": ("gap", {"reason": "x", "subject": None}),
    "data": ("observation", {"data": []}),
    "unsorted": ("observation", {"data": {"b": 1, "a": 1}}),
    "no_hash": ("artifact", {"subject": None, "source_times": None}),
    "hash": ("artifact", {**PRIVATE["artifact"], "content_sha256": "F" * 64}),
    "hash_of_a_note": ("note", {"text": "x", "content_sha256": None}),
    "torn": ("resume", {"arguments": [], "torn": {}}),
    "nothing_private": ("close", {}),
}


def veiled(kind: str, private: dict, own: str) -> dict:
    return {"type": kind, "seq": 1, "private": age.hidden(private, [own])}


@pytest.mark.parametrize("kind", PRIVATE)
def test_private_fields_of_their_table_are_revealed(kind):
    """Each table that has some; custody's own `resume` has fewer."""
    secret, own = age.new_identity()
    keys = [pyrage.x25519.Identity.from_str(secret)]
    assert age.revealed(veiled(kind, PRIVATE[kind], own), keys) == {"type": kind, "seq": 1, **PRIVATE[kind]}
    assert age.revealed(veiled("resume", {"torn": None}, own), keys, schema.CUSTODY)["torn"] is None


@pytest.mark.parametrize("name", MALFORMED)
def test_private_fields_of_another_form_are_malformed(name):
    """What is sealed in the clear stays what it is, and nothing comes out that its table does not have."""
    secret, own = age.new_identity()
    kind, private = MALFORMED[name]
    with pytest.raises(MalformedError) as caught:
        age.revealed(veiled(kind, private, own), [pyrage.x25519.Identity.from_str(secret)])
    assert "expert" in caught.value.hint
    assert caught.value.__cause__.code == "SCHEMA"


@pytest.mark.parametrize("plain", [b"", b"[]", b'{"text": "x"}', b'{"text":"x"}\n', b"\xff", b"[" * 70_000])
def test_what_is_no_object_of_the_format_is_malformed(plain):
    secret, own = age.new_identity()
    private = base64.b64encode(age._encrypted(plain, [own])).decode()
    with pytest.raises(MalformedError):
        age.revealed({"type": "note", "private": private}, [pyrage.x25519.Identity.from_str(secret)])


def malformed(folder: Path, own: str, monkeypatch, opening: dict | None = None) -> Path:
    """Return a sealed bundle of which notes and observations, before and after the seal, are malformed inside."""
    real = age.hidden
    with monkeypatch.context() as patch:
        if opening is not None:
            patch.setattr(age, "hidden", lambda _fields, to: real(opening, to))
        one = encrypted(folder, own)
    one.append("note", {"observed": None, "text": SECRET})
    with monkeypatch.context() as patch:
        patch.setattr(age, "hidden", lambda _fields, to: real({"text": 5}, to))
        one.append("note", {"observed": None, "text": "x"})
        path = closed(one)
        custody.observe(path, "entry", {"entry": 0}, made.MadeClock(), dict(TOOL))
        custody.observe(path, "answers", {"group": "seen"}, made.MadeClock(), dict(TOOL))
    custody.note(path, SECRET, made.MadeClock(), dict(TOOL))
    return path


def test_what_is_malformed_inside_is_told_and_the_rest_is_read(tmp_path, monkeypatch):
    """`verify` holds, as it must; journal, dossier and every export go on and say how many, however often they read."""
    secret, own = age.new_identity()
    path = malformed(tmp_path, own, monkeypatch)
    key = tmp_path / "key"
    key.write_text(secret + "\n")
    assert live.verify(path).code == 0
    done = live.run("journal", path, "--identity", key, "--lang", "en")
    assert (done.code, done.out.count(SECRET)) == (0, 2)
    assert "encrypted part of 3 records is malformed" in " ".join(done.out.split())
    assert "--identity" not in done.out, "no other key would read it"
    told = live.run("journal", path, "--identity", key, "--json").json
    assert (told["hidden"], told["malformed"]) == (0, 3)
    assert [entry["hidden"] for entry in told["entries"]] == [False, False, True, False, True, False]
    (tmp_path / "out").mkdir()
    done = live.run("dossier", path, "--identity", key, "--out", tmp_path / "out", "--lang", "en")
    assert done.code == 0, done.err
    assert "encrypted part of 3 records is malformed" in " ".join(done.out.split())
    assert "3 encrypted passages are not of their form" in (tmp_path / "out" / "dossier.html").read_text("utf-8")
    for form in ("csv", "bodyfile", "timesketch", "dissect", "iris", "misp", "case"):
        done = live.run("export", path, "--identity", key, "--format", form, "--out", tmp_path / "out", "--json")
        assert done.code == 0, (form, done.err)
        counts = done.json["bundles"][0]
        seen = 1 if form in ("bodyfile", "dissect") else 3  # those read no custody
        assert (counts["malformed_records"], counts["unread_records"]) == (seen, 0), form
    done = live.run("answers", path, "--set", "hours=3", "--lang", "en")
    assert done.code == 0, done.err


def test_a_first_record_that_is_malformed_inside_is_refused(tmp_path, monkeypatch):
    """Each command that needs it says what is wrong, and that it is not the key; nothing is left."""
    secret, own = age.new_identity()
    path = malformed(tmp_path, own, monkeypatch, {**PRIVATE["open"], "arguments": [5]})
    key = tmp_path / "key"
    key.write_text(secret + "\n")
    (tmp_path / "out").mkdir()
    for words in (
        ("journal", path),
        ("dossier", path, "--out", tmp_path / "out"),
        ("export", path, "--format", "csv", "--out", tmp_path / "out"),
        ("picture", path, "1", "--out", tmp_path / "out"),
    ):
        done = live.run(*words, "--identity", key, "--lang", "en")
        assert done.code in (1, 2), done
        live.assert_no_crash(done.err)
        assert words[0] == "picture" or ("of its form" in done.err or "malformed" in done.err)
    assert list((tmp_path / "out").iterdir()) == []
    assert live.verify(path).code == 0


# A bundle -------------------------------------------------------------------------------------


def readable(path: Path) -> list[Path]:
    """Return the files in which the secret can be read, as it is or in base64, at each of its three offsets."""
    forms = [SECRET.encode(), SECRET.encode("utf-16-le"), SECRET.encode().hex().encode()]
    forms += [base64.b64encode(b"x" * shift + SECRET.encode())[4:-4] for shift in range(3)]
    files = [file for file in path.rglob("*") if file.is_file()]
    return [file for file in files if any(form in file.read_bytes() for form in forms) or SECRET in str(file)]


@pytest.fixture
def tree(tmp_path) -> Path:
    """Return a tree to scan whose names are secret, and long enough for an artifact that needs a thread."""
    return live.files_in(tmp_path / "tree", 3000, SECRET + "x" * 120 + "{}")


def test_a_run_with_a_recipient(tmp_path, tree, expert):
    """Artifacts are age files that stock age opens, their content hash is right, and no name can be read anywhere."""
    secret, recipient = expert
    out = tmp_path / "out"
    out.mkdir()
    wanted = ("--operator", SECRET, "--json", "--recipient", recipient)
    done = live.run("--case", "E1", "--out", out, "--scan", tree, *wanted)
    assert done.code in live.SEALED
    path = Path(done.json["bundle"])
    practice = done.json["practice_identity"]
    assert done.json["recipients"][0] == recipient
    assert len(done.json["recipients"]) == 2
    assert done.err.count(practice) == 2, "at the start, for a run that is cut, and at the end"
    assert readable(out) == []
    assert os.uname().nodename not in path.name
    clear = [file for file in (path / "artifacts").iterdir() if file.suffix != ".age"]
    assert [file.name[7:] for file in clear] == ["summary.jsonl"], "counts without any name (SPEC 11, clause 2)"
    for file in {*(path / "artifacts").iterdir()} - {*clear}:
        assert file.read_bytes().startswith(HEADER)
    for identity in (secret, practice):
        bundle = live.assert_sealed(path, identity)
        assert bundle.records[0]["operator"] == SECRET
        assert len([row for row in bundle.rows("recent-files") if SECRET in str(row["path"])]) == 3000
        for record in bundle.artifacts():
            content = (path / record["path"]).read_bytes()
            if record["kind"] == "summary":
                assert record["content_sha256"] is None
            else:
                content = live.decrypted(content, identity)
                assert record["content_sha256"] == hashlib.sha256(content).hexdigest()
            assert record["rows"] is None or record["rows"] == content.count(b"\n") - 1
    told = live.verify(path)
    assert (told.code, told.json["recipients"]) == (0, done.json["recipients"])
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=path, check=True)
    assert practice not in "".join(file.read_text("latin-1") for file in path.rglob("*") if file.is_file())


@wine.slow("a whole run")
def test_without_a_recipient_it_is_said_that_it_can_be_read(tmp_path, tree):
    """The bare command line writes in clear, and says so to who looks on."""
    done = live.run("--case", "E1", "--out", tmp_path, "--scan", tree / "none")
    assert "not encrypted" in done.err
    assert "AGE-SECRET-KEY" not in done.err


@pytest.mark.parametrize("number", range(12))
def test_a_run_that_is_killed_leaves_nothing_readable_and_goes_on(tmp_path, tree, expert, number):
    """At random instants, with the stick read as it lies then: no name; `resume` encrypts to the same recipients."""
    out = tmp_path / "out"
    out.mkdir()
    run = live.start("--case", "E1", "--out", out, "--scan", tree, "--json", "--quiet", "--recipient", expert[1])
    time.sleep(random.uniform(0.2, 1.2))
    run.kill()
    run.communicate()
    assert readable(out) == []
    folders = [folder for folder in out.iterdir() if (folder / "manifest.jsonl").exists()]
    if not folders:
        return
    if not (folders[0] / "checkpoint").exists():
        assert live.examined(folders[0])["verdict"] == "INCOMPLETE"
        done = live.run("resume", folders[0], "--scan", tree, "--json", "--quiet")
        assert done.code in live.SEALED, done
        assert done.json["practice_identity"] is None, "an earlier part has shown it; nobody else knows it"
    assert readable(out) == []
    bundle = live.assert_sealed(folders[0], expert[0])
    assert bundle.artifacts("recent-files")


@wine.posix("stock programs agree")
def test_what_was_torn_and_left_unfinished_is_kept_for_recipients_only(tmp_path):
    """A torn tail and a part go into the ciphertext and an age file: verified by all, read by recipients."""
    secret, own = age.new_identity()
    left = encrypted(tmp_path, own)
    file = left.artifact("file", "recent", ".bin", "test")
    file.write(SECRET.encode() * 20_000)
    file.flush()
    os.close(file.fd)
    left.release()
    manifest = left.path / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes() + b'{"v":1,"torn')
    again = reopen(left.path, made.key(2), made.MadeClock(), {"tool": TOOL, "arguments": []})
    assert again.recipients == (own,)
    path = closed(again)
    bundle = live.assert_sealed(path, secret)
    (resumed,), (partial,) = bundle.of("resume"), bundle.artifacts()
    assert resumed["torn"]["length"] == 12
    assert (partial["flags"], partial["content_sha256"]) == (["partial"], None)
    assert readable(path) == []


def test_a_full_disk_keeps_what_fits(tmp_path, expert):
    """The age file ends where the disk did: what is whole of it is read with stock age, which then complains."""
    live.needs("mount")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5m", "none", place], check=True)
    try:
        made_bundle = encrypted(place, expert[1])
        file = made_bundle.artifact("file", "recent", ".bin", "test")
        with pytest.raises(DiskFullError):
            [file.write(b"0123456789abcdef" * 16_384) for _ in range(40)]
        made_bundle.finish(file)
        path = closed(made_bundle)
        bundle = live.assert_sealed(path, expert[0])
        (cut,) = bundle.artifacts()
        assert (cut["flags"], cut["content_sha256"]) == (["cut"], None)
        (tmp_path / "key").write_text(expert[0])
        read = subprocess.run(
            ["age", "-d", "-i", tmp_path / "key", path / cut["path"]], capture_output=True, check=False
        )
        assert read.returncode != 0
        assert len(read.stdout) > cut["size"] - 70_000
        assert set(read.stdout) <= set(b"0123456789abcdef")
    finally:
        subprocess.run(["umount", place], check=True)


@wine.posix("stock ssh-keygen")
def test_custody_of_an_encrypted_bundle(tmp_path):
    """Notes and attachments go to the recipients; hand-overs stay clear, so that every holder reads the chain."""
    secret, own = age.new_identity()
    path = closed(encrypted(tmp_path, own))
    photo = tmp_path / f"{SECRET}.jpg"
    photo.write_bytes(SECRET.encode())
    clock = made.MadeClock()
    custody.note(path, SECRET, clock, dict(TOOL))
    stored = custody.attach(path, photo, None, clock, dict(TOOL))
    custody.hand_over(path, custody.HandOver(to="Me Expert"), clock, dict(TOOL))
    custody.add_clear(path, b"token", "timestamp", ".tsr", clock, dict(TOOL))
    assert readable(path) == []
    assert str(stored["path"]).endswith(".jpg.age")
    assert live.decrypted((path / str(stored["path"])).read_bytes(), secret) == SECRET.encode()
    assert [file.name for file in (path / "attachments").glob("*.tsr")]
    lines = [json.loads(line) for line in (path / "custody.jsonl").read_bytes().splitlines()]
    assert [line["to"] for line in lines if line["type"] == "handover"] == ["Me Expert"]
    assert live.Bundle(path, secret)._revealed(lines[0])["text"] == SECRET
    assert str(examine(path, Trusted()).verdict) == "UNANCHORED"


def test_a_custody_record_in_the_wrong_form_is_refused(tmp_path):
    """In an encrypted bundle one in the clear: nothing is added to such a chain."""
    path = closed(encrypted(tmp_path, age.new_identity()[1]))
    custody.note(path, "one", made.MadeClock(), TOOL)
    record = json.loads((path / "custody.jsonl").read_bytes())
    del record["private"]
    (path / "custody.jsonl").write_bytes(encode({**record, "observed": None, "text": "one"}) + b"\n")
    before = vectors.snapshot(path)
    with pytest.raises(AlteredError, match="the custody chain was altered"):
        custody.note(path, "two", made.MadeClock(), TOOL)
    assert vectors.snapshot(path) == before


def test_an_encrypted_note_has_its_limit_in_bytes(tmp_path):
    """45,000 bytes as JSON are taken, one more is not, as a note or beside a file, which is then not copied."""
    path = closed(encrypted(tmp_path, age.new_identity()[1]))
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"x")
    fits, long = ("\udcff" + "\U0001f600" * faces + "a" * letters for faces, letters in ((2248, 1), (2247, 8)))
    assert [len(encode({"text": as_json(from_native(text))})) for text in (fits, long)] == [45_000, 45_001]
    custody.note(path, fits, made.MadeClock(), TOOL)
    custody.attach(path, photo, fits, made.MadeClock(), TOOL)
    before = vectors.snapshot(path)
    with pytest.raises(LimitError, match="too long for a record that is encrypted"):
        custody.note(path, long, made.MadeClock(), TOOL)
    with pytest.raises(LimitError, match="too long for a record that is encrypted"):
        custody.attach(path, photo, long, made.MadeClock(), TOOL)
    assert vectors.snapshot(path) == before


def test_a_note_that_no_encrypted_line_holds_is_refused_before_its_file_is_copied(tmp_path):
    """2,500 characters of the worst spelling would be 67,000 bytes in base64: usage-like words, a hint, no record."""
    path = closed(encrypted(tmp_path, *[age.new_identity()[1] for _ in range(age.MAX_RECIPIENTS)]))
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"x")
    worst = "\U0001f600" * (custody.MAX_NOTE - 1) + "\udcff"
    for act in (
        lambda: custody.note(path, worst, made.MadeClock(), TOOL),
        lambda: custody.attach(path, file, worst, made.MadeClock(), TOOL),
    ):
        with pytest.raises(LimitError) as caught:
            act()
        assert caught.value.hint
    assert (path / "custody.jsonl").read_bytes() == b""
    custody.note(path, "é" * custody.MAX_NOTE, made.MadeClock(), TOOL)
    custody.note(path, worst[-1600:], made.MadeClock(), TOOL)
    assert str(examine(path, Trusted()).verdict) == "UNANCHORED"


def test_a_quiet_run_that_is_killed_has_named_the_key_of_the_practice(tmp_path, tree, expert):
    """It stands on stderr before anything is encrypted to it: what comes last never comes."""
    arguments = ("--case", "T-1", "--out", tmp_path, "--scan", tree, "--recipient", expert[1], "--quiet", "--yes")
    with subprocess.Popen(live.command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        said = (run.stderr.readline() + run.stderr.readline()).decode()
        run.kill()
    identity = pyrage.x25519.Identity.from_str(said.split()[-1])
    (manifest,) = tmp_path.glob("*/manifest.jsonl")
    opening = json.loads(manifest.read_bytes().splitlines()[0])
    assert "private" in opening
    assert age.revealed(opening, [identity])["operator"] is None


@wine.posix("the resource module tells the peak")
def test_memory_does_not_grow_with_an_artifact(tmp_path):
    """64 MiB of content more take no more memory than 1 MiB: read in a fresh process, its peak in KiB."""
    program = f"""
import resource, sys
sys.path[:0] = [{str(live.ROOT)!r}, {str(live.ROOT / "tests")!r}]
from pathlib import Path
import test_encryption as t
made = t.encrypted(Path(sys.argv[1]), t.age.new_identity()[1])
file = made.artifact("file", "recent", ".bin", "test")
for _ in range(int(sys.argv[2])):
    file.write(b"x" * (1 << 20))
made.finish(file)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks = []
    for count in ("1", "65"):
        (tmp_path / count).mkdir()
        done = subprocess.run(
            [sys.executable, "-B", "-c", program, tmp_path / count, count], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 8 * 1024, peaks
