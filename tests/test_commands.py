"""Every other command as a person or a script uses it: what it prints, what it adds, how it refuses."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import live
import pytest

from collector.custody import MAX_NOTE

if sys.platform != "linux":
    pytest.skip("runs on a live Linux", allow_module_level=True)

FRENCH = {"LC_ALL": "fr_FR.UTF-8"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Return the folder of a sealed bundle of this machine; tests that add to it take a copy."""
    folder = tmp_path_factory.mktemp("whole")
    return Path(live.collect(folder, "--scan", live.files_in(folder / "tree", 2)).json["bundle"])


@pytest.fixture
def bundle(tmp_path, whole) -> Path:
    """Return a sealed bundle of one's own."""
    return Path(shutil.copytree(whole, tmp_path / whole.name))


@pytest.fixture
def unsealed(bundle) -> Path:
    """Return a bundle whose seal was never written."""
    for name in ("checkpoint", "checkpoint.sig", "SHA256SUMS", "run_key.pub", "allowed_signers"):
        (bundle / name).unlink()
    return bundle


def custody(path: Path) -> list[dict]:
    """Return the records of the custody chain, after checking the chain by hand."""
    previous = hashlib.sha256((path / "checkpoint").read_bytes()).hexdigest()
    records = []
    for line in (path / "custody.jsonl").read_bytes().splitlines():
        records.append(json.loads(line))
        assert records[-1]["prev"] == previous
        assert records[-1]["seq"] == len(records) - 1
        previous = hashlib.sha256(line).hexdigest()
    return records


def refused(done: live.Done, code: int) -> bool:
    """Tell whether a command ended with an exit code, an error with a hint, and nothing on standard output."""
    return done.code == code and done.out == "" and bool(re.match(r"error: .+\n(  .+\n)*hint: .+", done.err))


# note and attach ----------------------------------------------------------------------------


def test_notes_make_a_chain_from_the_checkpoint(bundle):
    """Each note is a record whose line names the line before it, the first the checkpoint; the seal stays as it is."""
    sealed = live.snapshot(bundle)
    texts = ["seen by the nurse at 8:30", "é \u202e \x1b[31m\nsecond line", "x" * MAX_NOTE]
    for text in texts:
        assert live.run("note", bundle, text).code == 0
    assert [record["text"] for record in custody(bundle)] == texts
    after = live.snapshot(bundle)
    assert {name: after[name] for name in sealed if name != "."} == {
        name: sealed[name] for name in sealed if name != "."
    }
    assert set(after) - set(sealed) == {"custody.jsonl"}
    assert live.verify(bundle).code == 0
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=bundle, check=True)


def test_a_note_that_is_not_unicode_keeps_its_bytes(bundle):
    """What the terminal gave as bytes is kept as bytes."""
    assert live.run("note", bundle, os.fsdecode(b"caf\xe9")).code == 0
    assert custody(bundle)[0]["text"] == {"text": "caf\ufffd", "hex": b"caf\xe9".hex()}


@pytest.mark.parametrize(
    ("text", "code"), [("", 2), ("  \n", 2), ("x" * (MAX_NOTE + 1), 1)], ids=["empty", "blank", "too-long"]
)
def test_a_note_that_is_none_is_refused(bundle, text, code):
    """Nothing is written for a note that says nothing or too much."""
    before = live.snapshot(bundle)
    assert refused(live.run("note", bundle, text), code)
    assert live.snapshot(bundle) == before


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("photo.JPG", ".jpg"), ("mail.eml", ".eml"), ("noext", ".bin"), ("evil.jpg.exe", ".bin"), (".png", ".bin"),
     ("a\n\x1b[31m\u202egnp.pdf", ".pdf"), (os.fsdecode(b"\xff.txt"), ".txt"), ("x" * 251 + ".zip", ".zip")],
    ids=ascii,
)  # fmt: skip
def test_attach_keeps_the_bytes_under_a_name_of_ours(bundle, tmp_path, name, suffix):
    """The copy has our name and a harmless ending, the record the name it had and its hash."""
    file = tmp_path / name
    file.write_bytes(b"picture" * 1000)
    assert live.run("attach", bundle, file, "--text", "taken by telephone").code == 0
    records = custody(bundle)
    assert [record["type"] for record in records] == ["intent", "artifact", "note", "observation"]
    artifact = records[1]
    assert re.fullmatch(r"attachments/[0-9]{6}-attachment" + re.escape(suffix), artifact["path"])
    assert live.text_of(artifact["subject"]) == os.fsencode(name)
    assert (bundle / artifact["path"]).read_bytes() == file.read_bytes()
    assert artifact["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert artifact["source_times"]["mtime_ns"] == str(file.stat().st_mtime_ns)
    assert records[2]["text"] == "taken by telephone"
    assert live.verify(bundle).code == 0


def test_a_large_and_an_empty_file_are_attached(bundle, tmp_path):
    """20 MB are copied whole; a file of no bytes is one, too. A flipped byte in either is found."""
    (tmp_path / "film.mp4").write_bytes(os.urandom(1 << 20) * 20)
    (tmp_path / "empty.txt").touch()
    for name in ("film.mp4", "empty.txt"):
        assert live.run("attach", bundle, tmp_path / name).code == 0
    done = live.verify(bundle)
    assert (done.code, done.json["attachments"]) == (0, 2)
    (copy,) = bundle.glob("attachments/*.mp4")
    with copy.open("r+b") as file:
        file.seek(19 << 20)
        byte = file.read(1)[0]
        file.seek(19 << 20)
        file.write(bytes([byte ^ 1]))
    done = live.verify(bundle)
    assert (done.code, live.codes(done)) == (1, ["CONTENT_MISMATCH"])
    assert done.json["findings"][0]["subject"] == str(copy.relative_to(bundle))


def test_what_is_no_file_is_not_attached(bundle, tmp_path):
    """Missing, FIFO, folder, device and a link: refused at once with a hint, and the bundle is as it was."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    before = live.snapshot(bundle)
    for path in (tmp_path / "missing", tmp_path / "fifo", tmp_path / "folder", tmp_path / "link", Path("/dev/zero")):
        assert refused(live.run("attach", bundle, path, timeout=30), 1), path
    assert live.snapshot(bundle) == before


@pytest.mark.parametrize("what", ["note", "attach"])
def test_nothing_is_added_before_the_seal(unsealed, tmp_path, what):
    """A bundle that was never sealed takes no custody: exit 3 and the hint to resume."""
    (tmp_path / "file").write_text("x")
    before = live.snapshot(unsealed)
    done = live.run(what, unsealed, tmp_path / "file")
    assert refused(done, 3)
    assert "resume" in done.err
    assert live.snapshot(unsealed) == before


def flip(path: Path, place: int = -20) -> None:
    """Flip one bit of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("what", ["note", "attach"])
@pytest.mark.parametrize("altered", ["manifest.jsonl", "checkpoint", "checkpoint.sig", "custody.jsonl"])
def test_nothing_is_added_to_an_altered_bundle(bundle, tmp_path, what, altered):
    """Exit 1, and nothing in the folder has changed."""
    (tmp_path / "file").write_text("x")
    assert live.run("note", bundle, "first").code == 0
    flip(bundle / altered)
    before = live.snapshot(bundle)
    assert refused(live.run(what, bundle, tmp_path / "file"), 1)
    assert live.snapshot(bundle) == before


@pytest.mark.parametrize("what", ["note", "attach"])
def test_what_is_no_bundle_takes_nothing(tmp_path, what):
    """A folder without a manifest, a file, nothing at all: exit 2."""
    (tmp_path / "file").write_text("x")
    before = live.snapshot(tmp_path)
    for path in (tmp_path, tmp_path / "file", tmp_path / "missing"):
        assert refused(live.run(what, path, tmp_path / "file"), 2)
    assert live.snapshot(tmp_path) == before


def test_additions_at_once_leave_a_chain_that_holds(bundle, tmp_path):
    """Of several at once each is either in the chain or refused as busy; none breaks it."""
    (tmp_path / "film.mp4").write_bytes(bytes(20 << 20))
    runs = [live.start("attach", bundle, tmp_path / "film.mp4") for _ in range(3)]
    runs += [live.start("note", bundle, f"note {number}") for number in range(3)]
    done = [live.ended(run) for run in runs]
    assert {one.code for one in done} <= {0, 1}
    assert all("another command" in one.err for one in done if one.code)
    records = custody(bundle)
    assert sum(record["type"] in ("artifact", "note") for record in records) == sum(one.code == 0 for one in done) > 0
    assert live.verify(bundle).code == 0


def test_an_attachment_that_was_killed_is_told_and_taken_up(bundle, tmp_path):
    """Killed at each of its syncs, `attach` leaves a bundle that is never ALTERED; the next addition mends it."""
    (tmp_path / "photo.jpg").write_bytes(os.urandom(3 << 20))
    for number in range(1, 12):
        copy = Path(shutil.copytree(bundle, tmp_path / str(number)))
        killed = live.run("attach", copy, tmp_path / "photo.jpg", fault=live.fault("fsync", number)).code
        assert live.examined(copy)["verdict"] in ("UNANCHORED", "INCOMPLETE"), live.examined(copy)
        assert live.run("note", copy, "after").code == 0
        assert live.verify(copy).code == 0
        assert custody(copy)[-1]["text"] == "after"
        if killed == 0:
            break
    assert killed == 0
    assert number > 3


# isolation ----------------------------------------------------------------------------------


def test_isolation_in_words():
    """Without `--json` it is told in words, with the same exit code."""
    told, said = live.run("isolation", "--json"), live.run("isolation")
    assert told.code == said.code == {"ISOLATED": 0, "CONNECTED": 1, "UNKNOWN": 3}[told.json["verdict"]]
    assert len(said.out.splitlines()) >= 1
    assert said.err == ""


# What a run is told -------------------------------------------------------------------------


def test_a_dry_run_writes_nothing(tmp_path):
    """It names what would be collected, and the folder stays empty."""
    done = live.run("--case", "T1", "--out", tmp_path, "--dry-run")
    assert done.code == 0
    assert len(done.out.splitlines()) > 10
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [[], ["--operator", "A"], ["--json"], ["--scan", "/tmp"]], ids=repr)
def test_a_run_without_a_case_is_a_usage_error(tmp_path, wrong):
    """No case, no run: exit 2 with an example."""
    assert refused(live.run(*wrong, cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        ["--nonsense"], ["--case"], ["nonsense"], ["verify"], ["verify", "--nonsense", "x"], ["note", "x"], ["resume"],
        ["--case", "T1", "--lang", "de"], ["--case", "T1", "--since", "yesterday"],
        ["--case", "T1", "--since", "2026-13-01"],
        ["--case", "T1", "--since", "-7d"], ["--case", "T1", "--since", ""], ["--case", "T1", "--max-time", "1"],
        ["--case", "T1", "--max-time", "x"], ["--case", "T1", "--max-size", "1X"], ["--case", "T1", "--max-size", "-1"],
        ["--case", "T1", "--operator", "x" * 201], ["--case", "T1", "--witness", "x" * 201],
        ["--case", "T1", "surplus"],
        ["--case", "T1", "--since", "9" * 400 + "d"], ["--case", "T1", "--since", "0001-01-01T00:00:00+23:59"],
    ],
    ids=lambda words: " ".join(words)[:40],
)  # fmt: skip
def test_wrong_words_are_usage_errors(tmp_path, wrong):
    """Exit 2 with a hint, nothing on standard output, nothing written."""
    assert refused(live.run(*wrong, "--json", cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no folder that somebody is in")
@pytest.mark.parametrize("words", [["--case", "T1"], ["dossier", "x", "--out", "y"]], ids=lambda words: words[0])
def test_started_in_a_folder_that_is_gone(tmp_path, words):
    """Exit 2 and where to start from, not a mistake of ours: no relative name means anything there."""
    (tmp_path / "gone").mkdir()
    inside = ["sh", "-c", f'cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && exec "$@"', "sh"]
    done = live.run(*words, before=inside)
    assert refused(done, 2)
    assert "is gone" in done.err
    assert list(tmp_path.iterdir()) == []


def test_since_takes_lengths_and_dates(tmp_path):
    """`7d`, a date, a time of day and one with its offset: the request on record is the moment that was meant."""
    forms = {
        "2026-01-02": datetime(2026, 1, 2).astimezone(UTC),
        "2026-01-02T03:04": datetime(2026, 1, 2, 3, 4).astimezone(UTC),
        "2026-01-02T03:04:05+02:00": datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC),
        "2026-01-02T03:04:05Z": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    lengths = {"90s": 90, "15m": 900, "12h": 43200, "7d": 604800, "2w": 1209600}
    tree = live.files_in(tmp_path / "tree", 1)
    for form in (*forms, *lengths):
        before = datetime.now(UTC)
        done = live.collect(tmp_path, "--scan", tree, "--since", form)
        assert done.code in live.SEALED, form
        (request,) = live.Bundle(done.json["bundle"]).observed("request")
        meant = datetime.fromisoformat(request["since"])
        if form in forms:
            assert meant == forms[form], form
        else:
            length = timedelta(seconds=lengths[form])
            assert before - length <= meant <= datetime.now(UTC) - length, form


def test_only_what_is_inside_the_window_is_listed(tmp_path):
    """A file older than `--since` by every one of its times is left out, a younger one is not."""
    tree = live.files_in(tmp_path / "tree", 1)
    time.sleep(8.1)  # the run begins well within the window, on a busy machine too
    (tree / "young").write_text("x")
    done = live.collect(tmp_path, "--scan", tree, "--since", "7s")
    assert [row["path"] for row in live.Bundle(done.json["bundle"]).rows("recent-files")] == [str(tree / "young")]


def test_what_the_operator_said_is_on_record(tmp_path):
    """Case, operator, witness and the arguments as they were typed, whatever their letters."""
    tree = live.files_in(tmp_path / "tree", 1)
    done = live.collect(
        tmp_path, "--scan", tree, "--operator", "Dr É. \u202e\x1b[31m", "--witness", os.fsdecode(b"\xe9")
    )
    opening = live.Bundle(done.json["bundle"]).records[0]
    assert opening["operator"] == "Dr É. \u202e\x1b[31m"
    assert opening["witness"] == {"text": "\ufffd", "hex": "e9"}
    assert opening["case"] == "T1"
    assert opening["arguments"][:2] == ["--case", "T1"]


# What is printed ----------------------------------------------------------------------------


def test_a_group_alone_shows_its_help():
    """`collect timestamp`: what there is below it, as it is to be read and not as an error; exit 2."""
    done = live.run("timestamp")
    assert (done.code, done.err) == (2, "")
    assert "\n  request " in done.out
    assert "\n  import " in done.out


def test_version_and_help():
    """Both print to standard output and end well."""
    assert re.fullmatch(r"collect, version \S+\n", live.run("--version").out)
    for words in (["--help"], ["-h"], ["verify", "--help"], ["resume", "-h"], ["note", "-h"], ["attach", "-h"]):
        done = live.run(*words)
        assert (done.code, done.err) == (0, "")
        assert "Usage" in done.out or "usage" in done.out


@pytest.mark.parametrize(
    "how", [{"env": FRENCH}, {"env": {"LC_ALL": "", "LANG": "fr_CA"}}, {"words": ["--lang", "fr"]}], ids=repr
)
def test_errors_are_french_where_that_is_asked(tmp_path, how):
    """By the locale or by `--lang`: `erreur :` and `conseil :`, for our errors and for those of the arguments."""
    words = how.get("words", [])
    for wrong in (
        ["--case", "a/b", *words],
        [*words],
        ["--case", "T1", "--out", tmp_path / "no", *words],
        ["--nonsense", *words],
    ):
        done = live.run(*wrong, env=how.get("env", {}))
        assert done.code in (1, 2)
        assert re.match(r"erreur : .+\n(  .+\n)*conseil : .+", done.err), done.err
    done = live.run("verify", tmp_path, *words, env=how.get("env", {}))
    assert re.match(r"erreur : .+\n(  .+\n)*conseil : .+", done.err), done.err


def test_english_is_said_where_nothing_else_is_known(tmp_path):
    """A locale that there is no catalogue for is told in English, and `--lang` goes before the locale."""
    assert live.run("--case", "a/b", env={"LC_ALL": "de_DE.UTF-8"}).err.startswith("error: ")
    assert live.run("--case", "a/b", "--lang", "en", env=FRENCH).err.startswith("error: ")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_run_is_told_in_the_language(tmp_path, language):
    """Without `--quiet` every step and the last screen are told on standard error; standard output stays empty."""
    out, tree = tmp_path / "out", live.files_in(tmp_path / "tree", 1)
    out.mkdir()
    done = live.run("--case", "T1", "--out", out, "--scan", tree, "--lang", language)
    assert (done.code in live.SEALED, done.out) == (True, "")
    bundle = live.assert_sealed(live.only_bundle(out).path)
    digest = hashlib.sha256((bundle.path / "checkpoint").read_bytes()).digest()
    groups = re.findall("....", base64.b32encode(digest)[:32].decode())
    assert all(group in done.err for group in groups), "the seal code"
    assert digest.hex() in done.err.replace("\n", "").replace(" ", "")
    assert bundle.path.name in done.err.replace("\n", "").replace(" ", "")
    assert ("Étape" in done.err, "Step" in done.err) == ((True, False) if language == "fr" else (False, True))


def test_verify_is_told_in_words(whole, bundle):
    """The verdict, the codes and, where it was altered, what and where."""
    sound = live.run("verify", whole)
    assert sound.code == 0
    assert (
        json.loads(live.run("verify", whole, "--json").out)["seal_code"] in re.sub(r"\s", "", sound.out)
        or "seal" in sound.out.lower()
    )
    flip(bundle / "LISEZ-MOI.txt")
    altered = live.run("verify", bundle)
    assert altered.code == 1
    assert "LISEZ-MOI.txt" in altered.out


def test_json_is_all_that_standard_output_ever_holds(whole, bundle, tmp_path):
    """One object, one line, ASCII, of every command that knows `--json`, at whatever outcome; errors print none."""
    tree = live.files_in(tmp_path / "tree", 1)
    flip(bundle / "manifest.jsonl")
    for words in (
        ["--case", "T1", "--out", tmp_path, "--scan", tree, "--json"],
        ["--case", "T1", "--out", tmp_path, "--scan", tree, "--json", "--max-time", "0s"],
        ["verify", whole, "--json"], ["verify", bundle, "--json"], ["verify", whole, bundle, "--json"],
        ["isolation", "--json"],
    ):  # fmt: skip
        done = live.run(*words, env=FRENCH)
        assert isinstance(done.json, dict)
        assert done.out.isascii()
    for words in (["verify", tree, "--json"], ["resume", whole, "--json"], ["--case", "/", "--json"]):
        assert live.run(*words).out == ""
