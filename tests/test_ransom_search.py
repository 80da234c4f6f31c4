"""The search for traces, on real trees: what is found first, what is copied, and what an attacker can't make it do."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path

import live
import pytest

if sys.platform != "linux":
    pytest.skip("asks Linux", allow_module_level=True)

from collector import ransom_rules, tracing
from collector.host.linux import LinuxHost, Roots
from collector.hunt import Limits, may_be_note
from collector.model import Blob, Budget, Gap, Known, Outcome, Profile, Request
from collector.ransom import families, notes
from collector.searching import Search
from collector.sources.ransom import RansomSource
from collector.sources.recent_files import RecentFileSource

NOTE = """VOS FICHIERS ONT ÉTÉ CHIFFRÉS !

Tous les documents, photos et bases de données de votre cabinet ont été chiffrés et sont inaccessibles.
Pour les récupérer, vous devez acheter notre outil de déchiffrement. Le prix est de 2500 euros en bitcoin.
Installez le navigateur Tor, ou écrivez-nous à reprise@exemple.invalid. Votre identifiant : 7F3A-99C2-11
N'essayez pas de déchiffrer les fichiers vous-même. Après 72 heures, vos données seront publiées.
"""
TYPES = ("docx", "pdf", "jpg", "xlsx", "txt", "odt")


def encrypted(folder: Path, count: int, suffix: str = ".qz7k", size: int = 4000) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        name = f"dossier{number:03}.{TYPES[number % len(TYPES)]}{suffix}"
        (folder / name).write_bytes(os.urandom(size + number))


@pytest.fixture
def home(tmp_path):
    """Return a home after an attack: encrypted files in three folders, a note in each, an ordinary letter."""
    top = tmp_path / "home"
    for name in ("Bureau", "Documents", "Photos"):
        encrypted(top / name, 12)
        (top / name / "LISEZ_MOI.txt").write_text(NOTE)
    (top / "Documents" / "lettre.txt").write_text("Chère Madame,\nveuillez trouver le compte rendu ci-joint.\n")
    return top


def searched(top, limits=None, known=None):
    """Return the rows, the copied files by path, and the gaps of a search."""
    request = Request(0, scan=(os.fsencode(top),))
    host = LinuxHost()
    limits = limits or Limits(seconds=60, everywhere=True, named=True)
    search = Search(host.trees(request), limits, known if known is not None else Known())
    rows, files, gaps = [], {}, []
    for item in search.items():
        if isinstance(item, Blob):
            files[item.subject] = b"".join(item.chunks)
            rows.append(item.row)
        else:
            (gaps if isinstance(item, Gap) else rows).append(item)
    return rows, files, gaps


def of(rows, what):
    return [row for row in rows if row["what"] == what]


def test_each_note_is_copied_once_and_told_at_all_its_places(home):
    """With what it names as fields, at its first place."""
    rows, files, gaps = searched(home)
    told = of(rows, "note")
    assert {Path(row["path"]).parent.name for row in told} == {"Bureau", "Documents", "Photos"}
    assert [path for path in files if path.endswith("LISEZ_MOI.txt")] == [told[0]["path"]]
    assert files[told[0]["path"]].decode() == NOTE
    assert told[0]["sha256"] == hashlib.sha256(NOTE.encode()).hexdigest()
    assert [row["count"] for row in told] == [1, 2, 3]
    named = {(one["kind"], one["value"]) for one in told[0]["contacts"]}
    assert ("email", "reprise@exemple.invalid") in named
    assert told[0]["confidence"] == "high"
    assert gaps == []


def test_encrypted_files_are_one_group_with_samples(home):
    """Its extension is in no list: content, types, folders and times tell it."""
    rows, files, _ = searched(home)
    (group,) = of(rows, "encrypted")
    assert (group["extension"], group["count"], group["folders"], group["confidence"]) == (".qz7k", 36, 3, "high")
    samples = of(rows, "sample")
    assert 3 <= len(samples) <= 10
    for row in samples:
        assert row["sha256"] == hashlib.sha256(files[row["path"]]).hexdigest()
        assert Path(row["path"]).read_bytes() == files[row["path"]]


def test_an_original_beside_its_twin_is_copied(home):
    """The pair is what a decryptor is sought with, so it comes before other samples."""
    (home / "Photos" / "plage.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 900 + b"\xff\xd9")
    (home / "Photos" / "plage.jpg.qz7k").write_bytes(os.urandom(906))
    rows, files, _ = searched(home)
    (original,) = of(rows, "original")
    assert original["path"] == str(home / "Photos" / "plage.jpg")
    assert files[original["path"]] == (home / "Photos" / "plage.jpg").read_bytes()
    assert str(home / "Photos" / "plage.jpg.qz7k") in files


def test_a_large_sample_gives_its_ends(home):
    """The row says so."""
    (home / "Photos" / "film.mp4.qz7k").write_bytes(os.urandom(500_000))
    rows, files, _ = searched(home, Limits(seconds=60, everywhere=True, named=True, sample_bytes=20_000))
    (large,) = [row for row in of(rows, "sample") if row["path"].endswith("film.mp4.qz7k")]
    data = (home / "Photos" / "film.mp4.qz7k").read_bytes()
    assert large["copied"] == "ends"
    assert files[large["path"]] == data[:10_000] + data[-10_000:]


def test_an_ordinary_home_gives_no_trace(tmp_path):
    """Letters, notes of one's own and an archive with a password are what people have."""
    top = tmp_path / "home"
    top.mkdir()
    (top / "README.txt").write_text("How to install: run make, then make install. Backups: see the manual.\n" * 9)
    (top / "lettre.txt").write_text("Chère Madame,\nvos résultats sont arrivés, merci de nous rappeler.\n")
    (top / "coffre.gpg").write_bytes(os.urandom(9_000))
    (top / "clé.bin").write_bytes(os.urandom(9_000))
    rows, files, gaps = searched(top)
    assert {row["what"] for row in rows} <= {"extension"}
    assert (files, gaps) == ({}, [])


def test_what_was_typed_is_told(tmp_path):
    """Each history that speaks of deleted backups or logs, by its path; its content is left to the definitions."""
    (tmp_path / ".bash_history").write_text("ls\nvssadmin delete shadows /all /quiet\nhistory -c\n")
    rows, _, _ = searched(tmp_path)
    (told,) = of(rows, "recovery")
    assert told["reasons"] == ["shadow_copies_deleted", "logs_deleted"]


def test_later_sources_know_what_was_found(home):
    """The list of recent files says which of them are encrypted, which are notes."""
    request = Request(0, scan=(os.fsencode(home),))
    host = LinuxHost()
    for _ in RansomSource().collect(host, request):
        pass
    rows = [row for row in RecentFileSource().collect(host, request) if isinstance(row, dict)]
    judged = {Path(row["path"]).name: row["judged"] for row in rows}
    assert judged["LISEZ_MOI.txt"] == ["note"]
    assert judged["dossier000.docx.qz7k"] == ["encrypted"]
    assert judged["lettre.txt"] == []


def test_every_row_has_every_column(home):
    """What a column does not apply to is null."""
    rows, _, _ = searched(home)
    assert all(list(row) == list(tracing.COLUMNS) for row in rows)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"note_reads": 1}, "may be notes were not read"),
        ({"places": 1}, "places of notes were not told"),
        ({"file_reads": 1}, "counted by their names only"),
        ({"copied_bytes": 100}, "were not copied"),
    ],
)
def test_a_limit_leaves_a_gap_that_says_how_much(home, limits, reason):
    """Nothing is left out without a word."""
    _, _, gaps = searched(home, Limits(seconds=60, everywhere=True, named=True, **limits))
    assert [gap.outcome for gap in gaps if reason in gap.reason] == [Outcome.OVER_LIMIT]


def test_a_search_without_time_says_so(home):
    """And still tells what it has come by."""
    _, _, gaps = searched(home, Limits(seconds=-1, everywhere=False))
    assert [gap.outcome for gap in gaps] == [Outcome.ABSENT]  # nothing is people's below this tree
    _, _, gaps = searched(home, Limits(seconds=-1, everywhere=True, named=True))
    assert [gap.outcome for gap in gaps] == [Outcome.TIMED_OUT]


# What could not be walked -----------------------------------------------------------------------


def on_fuse(tmp_path, mounts=0, homes=("marie",)):
    """Return a host whose people live below `tmp_path`, the homes of some on FUSE, with more such mounts in root's."""
    for name in ("marie", "paul", "root"):
        (tmp_path / "home" / name).mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    numbers = {"root": 0, "marie": 1000, "paul": 1001}
    lines = [f"{name}:x:{number}:0::{tmp_path}/home/{name}:/bin/sh\n" for name, number in numbers.items()]
    (tmp_path / "etc/passwd").write_text("".join(lines))
    (tmp_path / "proc/self").mkdir(parents=True)
    people = tmp_path / "home"
    places = [*(people / name for name in homes), *(people / "root" / f"{number}" for number in range(mounts))]
    fuse = "".join(f"{number} 1 0:{number} / {place} rw - fuse.x x rw\n" for number, place in enumerate(places, 2))
    (tmp_path / "proc/self/mountinfo").write_text(f"1 0 8:1 / / rw - ext4 /dev/x rw\n{fuse}")
    return LinuxHost(Roots(proc=str(tmp_path / "proc"), etc=str(tmp_path / "etc")))


def gaps_of(host, **request):
    items = RansomSource().collect(host, Request(2**62, **request))
    return [item for item in items if isinstance(item, Gap)]


TRIAGE = Profile("triage", budgets={"recent-files": Budget(seconds=0)})


def test_a_home_that_is_not_walked_is_a_gap_of_its_own(tmp_path):
    """In triage nobody else walks: a home on FUSE is no home without traces."""
    gaps = gaps_of(on_fuse(tmp_path), profile=TRIAGE)
    told = [gap for gap in gaps if gap.subject == f"{tmp_path}/home/marie"]
    assert [(gap.outcome, "FUSE" in gap.reason) for gap in told] == [(Outcome.UNSUPPORTED, True)]


def test_trees_that_are_not_walked_are_told_up_to_a_number(tmp_path):
    """One by one where nobody else tells them, one of each kind and a count where a source after this one does."""
    host = on_fuse(tmp_path, mounts=30)
    scan = (os.fsencode(tmp_path),)
    for more, single in (({"profile": TRIAGE}, 20), ({"scan": scan}, 1), ({"scan": scan, "level": "A"}, 1)):
        gaps = [gap for gap in gaps_of(host, **more) if "FUSE" in gap.reason]
        assert len([gap for gap in gaps if gap.subject is not None]) == single, more
        assert [gap.reason.rpartition(": ")[2] for gap in gaps if gap.subject is None] == [f"{31 - single} more times"]


def test_a_tree_of_which_nothing_was_read_is_never_empty(out):
    """Neither what is not there, nor a FIFO; at level A no other source would tell it."""
    os.mkfifo(out.parent / "fifo")
    for name, outcome in (("nowhere", "absent"), ("fifo", "unsupported")):
        done = live.collect(out, "--level", "A", "--scan", out.parent / name, "--no-memory")
        bundle = live.assert_sealed(done.json["bundle"])
        assert bundle.artifacts("ransom") == []
        assert [gap["outcome"] for gap in bundle.gaps("ransom")] == [outcome]


def test_a_file_that_was_named_is_judged(home):
    """It is the whole tree."""
    rows, _, gaps = searched(home / "Photos" / "LISEZ_MOI.txt")
    assert [Path(row["path"]).name for row in of(rows, "note")] == ["LISEZ_MOI.txt"]
    assert gaps == []


@pytest.mark.root
def test_a_folder_that_may_not_be_opened_is_a_gap(home):
    """An ordinary user sees the home of another, and not into it."""
    (home / "Photos").chmod(0o700)
    for path in (home, *home.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)

    def work():
        rows, _, gaps = searched(home)
        return [[str(gap.outcome) for gap in gaps if gap.subject == str(home / "Photos")], len(of(rows, "note"))]

    denied, notes_found = live.as_nobody(work)
    assert denied == [str(Outcome.DENIED)]
    assert notes_found


def test_the_same_evidence_counts_once_over_all_notes_and_a_bare_word_is_weak():
    """Two hundred texts that name a family are as weak as one; so is one that names it; an extension adds to it."""
    known = next(one for one in ransom_rules.families() if one.marks and one.extensions)

    def noted(likely):
        return notes.NoteJudgement(
            is_note=True, score=9, confidence="high", reasons=(), explained=(), family=None, likenesses=tuple(likely),
            contacts=(), form="text",
        )  # fmt: skip

    def told(*args):
        return {row["family"]: (row["score"], row["confidence"]) for row in tracing.families_of(*args)}

    word = noted(families.likenesses(body=known.marks[0]))
    assert known.name in told([word], [])
    assert told([word], []) == told([word] * 200, [])
    assert {sure for _, sure in told([word] * 200, []).values()} == {"low"}
    assert told([word], known.extensions[:1])[known.name] > told([word], [])[known.name]
    named = noted([families.Likeness("A", "medium", ("name of the note",))])
    assert told([named] * 50, []) == {"A": (3, "medium")}


def test_a_judge_that_breaks_costs_one_file(home, monkeypatch):
    """Whatever somebody put into a note to break its judge, the others are found."""
    (home / "Documents" / "piège.txt").write_text("a trap " * 20)
    judge = notes.judge_note

    def breaks(name, data):
        if name == "piège.txt":
            raise ZeroDivisionError
        return judge(name, data)

    monkeypatch.setattr(notes, "judge_note", breaks)
    rows, _, gaps = searched(home)
    assert len(of(rows, "note")) == 3
    assert [gap.reason for gap in gaps] == ["1 files could not be judged: ZeroDivisionError"]


def test_hostile_names_reach_a_row_as_they_are(tmp_path):
    """Control characters, bad UTF-8 and newlines are kept, and none ends the search."""
    hidden = "\u202etxt.\u200fexe.txt".encode()
    for name in (b"LISEZ\nMOI\x1b[2J.txt", b"\xff\xfe\xc0.txt", hidden, b"x" * 251 + b".txt"):
        (tmp_path / os.fsdecode(name)).write_text(NOTE)
    rows, files, gaps = searched(tmp_path)
    assert len(of(rows, "note")) == 4
    assert len(files) == 1
    assert gaps == []


def test_links_pipes_and_devices_are_never_read(home):
    """A link to a note elsewhere is none of this tree, and a FIFO would hang whoever opens it."""
    os.mkfifo(home / "LISEZ_MOI.txt")
    (home / "Bureau" / "README_DECRYPT.txt").symlink_to("/etc/passwd")
    rows, _, gaps = searched(home)
    assert len(of(rows, "note")) == 3
    assert gaps == []


def test_a_hundred_thousand_extensions_stay_bounded(tmp_path):
    """An attacker may give each file its own extension: what is kept of them has an end."""
    search = Search(LinuxHost().trees(Request(0, scan=(os.fsencode(tmp_path),))), Limits(1, everywhere=True), Known())
    for number in range(100_000):
        search._sampling.wants(f"x{number}", 900, b"/folder%d" % number)
    assert len(search._sampling.counts) <= 2 * 4_096


def test_a_flood_of_extensions_hides_no_group(home):
    """Files of five thousand extensions, made to be counted first, and what was not told apart is a gap."""
    flood = home / "A"
    flood.mkdir()
    for number in range(5_000):
        (flood / f"a.q{number:05}x").write_bytes(b"x")
    rows, _, gaps = searched(home)
    (group,) = [row for row in of(rows, "encrypted") if row["extension"] == ".qz7k"]
    assert group["count"] == 36
    assert [gap.outcome for gap in gaps if "too many extensions" in gap.reason] == [Outcome.OVER_LIMIT]


def test_a_text_that_is_a_note_under_another_name_is_found(tmp_path):
    """The same few words under a harmless name first are none."""
    words = "Your data is gone. Contact restore@onionmail.invalid"
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text(words)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "HOW_TO_DECRYPT_FILES.txt").write_text(words)
    rows, _, _ = searched(tmp_path)
    assert [Path(row["path"]).name for row in of(rows, "note")] == ["HOW_TO_DECRYPT_FILES.txt"]


def test_ordinary_texts_use_up_no_telling_name(home):
    """Notes with a telling name have reads of their own."""
    for number in range(30):
        (home / "Bureau" / f"a{number}.md").write_text(f"How to build part {number}: run make.\n")
    (home / "Photos" / "HOW_TO_DECRYPT.txt").write_text(NOTE + "2")
    rows, _, gaps = searched(home, Limits(seconds=60, everywhere=True, named=True, note_reads=5))
    assert "HOW_TO_DECRYPT.txt" in {Path(row["path"]).name for row in of(rows, "note")}
    assert [gap.outcome for gap in gaps if "may be notes" in gap.reason] == [Outcome.OVER_LIMIT]


def test_a_walk_that_finds_nothing_keeps_the_limit(tmp_path):
    """Where nothing is recent, time goes by all the same."""
    trees = LinuxHost().trees(Request(2**62, scan=(b"/usr", b"/opt")))
    started = time.monotonic()
    items = list(Search(trees, Limits(seconds=0.2, everywhere=True, named=True), Known()).items())
    if time.monotonic() - started > 2:  # a machine with next to nothing in /usr is done before
        assert [item.outcome for item in items if isinstance(item, Gap)] == [Outcome.TIMED_OUT]


@pytest.mark.parametrize(
    ("name", "size", "is_so"),
    [
        ("LISEZ_MOI.txt", 900, True),
        ("note", 900, True),
        ("HOW_TO_DECRYPT.qz7k", 900, True),
        ("letter.docx", 900, False),
        ("empty.txt", 0, False),
        ("huge.txt", 10**9, False),
        ("x" * 10**6 + ".txt", 900, True),
    ],
)
def test_what_may_be_a_note(name, size, is_so):
    """By name and size alone, so that few files are read."""
    assert may_be_note(name, size) is is_so


def test_elsewhere_only_a_telling_name_is_read_as_a_note():
    """Every package lays down a hundred texts."""
    names = ("copyright", "index.html", "notes.txt", "HOW_TO_DECRYPT.txt", "!!!README!!!.txt", "LISEZ-MOI.txt")
    assert [may_be_note(name, 900, people=False) for name in names] == [False, False, False, True, True, True]


def test_a_row_says_what_its_file_became_when_the_run_was_cut(home, tmp_path):
    """The reader is ahead of the writer: what was not stored whole bears no hash of the whole."""
    out = tmp_path / "out"
    out.mkdir()
    (home / "Photos" / "film.mp4.qz7k").write_bytes(os.urandom(3_000_000))
    done = live.collect(out, "--scan", home, "--max-size", "1M", "--yes")
    bundle = live.assert_sealed(done.json["bundle"])
    records = {record["path"]: record for record in bundle.artifacts("file")}
    rows = [row for row in bundle.rows("ransom") if row["artifact"]]
    assert [row["flags"] for row in rows if "cut" in row["flags"]], "the film is larger than what was left"
    for row in rows:
        record = records[row["artifact"]]
        assert row["sha256"] == (None if "cut" in record["flags"] else record["sha256"])


def test_each_copy_has_its_row(home, tmp_path):
    """And each row its copy, by the path in the bundle."""
    out = tmp_path / "out"
    out.mkdir()
    done = live.collect(out, "--scan", home, "--yes")
    bundle = live.assert_sealed(done.json["bundle"])
    assert {row["artifact"] for row in bundle.rows("ransom") if row["artifact"]} == {
        one["path"] for one in bundle.artifacts("file") if one["source"] == "ransom"
    }

