"""What an encrypted file holds is compared with its record (`content_sha256`, SPEC 11) by whoever has a key."""

from __future__ import annotations

import csv
import hashlib
import json

import dossiers
import live
import made
import pyrage
import pytest

from collector import age, bundle, custody
from collector.errors import RefusedError
from collector.handover import dossier, pictures
from collector.handover.dossier_facts import facts_of
from collector.handover.dossier_rows import rows_of
from collector.handover.export import export
from collector.handover.export_evidence import opened
from collector.verify import verify_bundle

KEY = pyrage.x25519.Identity.generate()
OWN = str(KEY.to_public())
FALSE = "f" * 64
ROWS = b'{"kind":"processes","columns":{"pid":"Number."}}\n{"pid":1}\n'
COPY = b"of /etc/passwd"


@pytest.fixture
def false(monkeypatch):
    """Have every record claim that its file holds something else."""
    real = age.hidden

    def hidden(fields, recipients):
        return real({**fields, "content_sha256": FALSE} if fields.get("content_sha256") else fields, recipients)

    monkeypatch.setattr(age, "hidden", hidden)
    return hidden


def sealed(folder):
    """Make an encrypted bundle with a table, a copy and half of one; attach a file."""
    opening = {**made.opening(), "recipients": [OWN]}
    one = bundle.create(folder, "T-1_x", opening, made.README, made.key(), made.MadeClock(), made.SID)
    for kind, suffix, data, more in (
        ("processes", ".jsonl", ROWS, {"rows": 1}),
        ("file", ".bin", COPY, {"subject": "/etc/passwd"}),
        ("file", ".bin", b"half", {"subject": "/etc/half", "flags": ["partial"]}),
    ):
        file = one.artifact(kind, "processes" if kind == "processes" else "artifacts", suffix, "test")
        file.write(data)
        one.finish(file, **more)
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    (folder / "seen.txt").write_bytes(b"seen")
    custody.attach(one.path, folder / "seen.txt", None, made.MadeClock(), dict(dossiers.TOOL))
    return one.path


def tally(path, form, out):
    done = export([verify_bundle(path)], form, out, [KEY])
    return done.evidence[0].tally


def files(out):
    return list(csv.DictReader((out / "_files.csv").read_text("utf-8").splitlines()))


def test_what_fits_is_published_and_nothing_is_said(tmp_path):
    """Of a table, a copy and an attachment."""
    path = sealed(tmp_path)
    for form in ("csv", "case", "dissect", "timesketch"):
        found = tally(path, form, tmp_path / f"{form}.jsonl")
        assert (found.mismatched_files, found.unread_files) == (0, 0), form
    sums = [hashlib.sha256(data).hexdigest() for data in (ROWS, COPY)]
    assert [row["content_sha256"] for row in files(tmp_path / "csv.jsonl")][:2] == sums
    for one in (*sums, hashlib.sha256(b"seen").hexdigest()):
        assert one.upper() in (tmp_path / "case.jsonl").read_text().upper()


@pytest.mark.usefixtures("false")
@pytest.mark.parametrize(("form", "read"), [("csv", 4), ("case", 4), ("dissect", 2), ("misp", 1), ("iris", 1)])
def test_what_does_not_fit_is_counted_and_its_hash_is_published_nowhere(tmp_path, form, read):
    """Each file that the format reads to its end: once, however often it is read; no other count is meant by it."""
    path = sealed(tmp_path)
    out = tmp_path / "out"
    found = tally(path, form, out)
    assert found.mismatched_files == read
    assert (found.unread_files, found.unread_records, found.malformed_records) == (0, 0, 0)
    made_files = [out] if out.is_file() else [file for file in out.rglob("*") if file.is_file()]
    for file in made_files:
        assert FALSE not in file.read_text("latin-1").lower(), file
    if form == "csv":
        assert {row["content_sha256"] for row in files(out)} == {""}


@pytest.mark.usefixtures("false")
def test_the_command_says_so(tmp_path):
    """In words, and as a number."""
    path = sealed(tmp_path)
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    done = live.run("export", path, "--format", "case", "--identity", key, "--out", tmp_path, "--lang", "en")
    assert done.code == 0, done.err
    assert "4 files hold something else than their records say" in " ".join(done.out.split())
    done = live.run("export", path, "--format", "csv", "--identity", key, "--out", tmp_path, "--json")
    assert done.json["bundles"][0]["mismatched_files"] == 4


@pytest.mark.usefixtures("false")
def test_a_dossier_shows_nothing_of_it_and_says_so(tmp_path):
    """Neither a picture nor the words of a note; the cover, the command and `--json` count them."""
    (tmp_path / "e").mkdir()
    path = dossiers.sealed(tmp_path / "e", readers=(OWN,))
    dossiers.attached(path, tmp_path, dossiers.png(30, 30))
    verified = verify_bundle(path)
    facts = facts_of(verified, [KEY])
    rows = rows_of(facts)
    assert all(note.lines == () for note in rows.notes.values())
    assert not any(one.picture for one in (*rows.screens, *rows.attached.values()))
    assert not rows.tell_of_attack or rows.unread
    (tmp_path / "out").mkdir()
    done = dossier.write(verified, tmp_path / "out", "en", [KEY])
    assert done.mismatched > 2
    assert (done.unread, done.malformed) == (0, 0)
    page = (tmp_path / "out" / "dossier.html").read_text("utf-8")
    assert f"{done.mismatched} encrypted files hold something else than their records say" in page
    assert FALSE not in page
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    told = live.run("dossier", path, "--identity", key, "--out", tmp_path / "out", "--json")
    assert told.json["mismatched_files"] == done.mismatched


@pytest.mark.usefixtures("false")
def test_a_picture_that_does_not_fit_is_not_written(tmp_path):
    (tmp_path / "e").mkdir()
    verified = verify_bundle(dossiers.sealed(tmp_path / "e", readers=(OWN,)))
    with pytest.raises(RefusedError, match="content_sha256"):
        pictures.content(verified, pictures.found(verified)[0], [KEY])


def test_a_file_whose_encryption_is_none_confirms_no_hash(tmp_path, monkeypatch):
    """It can't be compared: it is told as one that ends early, and the hash that its record says is not published."""
    with monkeypatch.context() as patch:
        patch.setattr(age.Encryption, "end", lambda _self, data: b"no age file" + data)
        path = sealed(tmp_path)
    found = tally(path, "csv", tmp_path / "out")
    assert (found.mismatched_files, found.unread_files > 1) == (0, True)
    assert {row["content_sha256"] for row in files(tmp_path / "out")} == {""}


def test_what_is_claimed_of_a_clear_file_is_compared_too(tmp_path, monkeypatch):
    """`summary` is clear in every bundle and its record names no hash; one that does must be right."""
    real = age.hidden
    monkeypatch.setattr(age, "hidden", lambda fields, to: real(
        {**fields, "content_sha256": FALSE} if "content_sha256" in fields else fields, to))  # fmt: skip
    opening = {**made.opening(), "recipients": [OWN]}
    one = bundle.create(tmp_path, "T-1_x", opening, made.README, made.key(), made.MadeClock(), made.SID)
    file = one.artifact("summary", "summary", ".jsonl", "test", clear=True)
    file.write(json.dumps({"kind": "summary"}).encode() + b"\n")
    one.finish(file, rows=0)
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    evidence = opened(verify_bundle(one.path), [KEY])
    (stored,) = evidence.bundle.inventory.stored.values()
    assert evidence.content(stored, lambda _piece: None) is False
    assert evidence.tally.mismatched_files == 1
