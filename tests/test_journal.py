"""The main courante: everything said after the seal is there in order, nothing is changed, and a correction is new."""

from __future__ import annotations

import errno
import hashlib
import json
import os

import live
import made
import pictures_made
import pyrage
import pytest
import vectors
import wine

from collector import answers, bundle, custody, journal
from collector import entries as entries_room
from collector.arguments import entry_number, paris_moment, seen_at
from collector.entries import Told
from collector.errors import AlteredError, NotClosedError, RefusedError, UsageError, WriteError
from collector.handover import slip_facts, slip_form
from collector.ui import journaled, messages, terminal
from collector.verify import verify_bundle

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
KEY = pyrage.x25519.Identity.generate()
HOSTILE = "\x1b[2J\u202egpj <script>\r\n=cmd() " + "x" * 300


@pytest.fixture
def path(tmp_path):
    return made.sealed(tmp_path)


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "IMG_0001.JPG"
    file.write_bytes(pictures_made.jpeg())
    return file


@pytest.fixture(autouse=True)
def english():
    messages.install("en")
    yield
    messages.install("en")


def encrypted(folder):
    fields = made.opening() | {"recipients": [str(KEY.to_public())]}
    run = bundle.create(folder, "T-1_x", fields, made.README, made.key(), made.MadeClock(), made.SID)
    run.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return run.path


def note(path, text="one", **told):
    return custody.note(path, text, made.MadeClock(), dict(TOOL), Told(**told))["number"]


def attach(path, file, text=None, **told):
    return custody.attach(path, file, text, made.MadeClock(), dict(TOOL), Told(**told))


def answered(path, group, **given):
    custody.observe(path, answers.WHAT, answers.as_data(group, given), made.MadeClock(), dict(TOOL))


def entries(path, *identities):
    return custody.journal_of(path, identities).entries


def shown(path, *identities):
    return journaled.journal_text(custody.journal_of(path, identities))


def whole(path):
    """Demand that the bundle verifies as before, whatever was added."""
    assert str(verify_bundle(path).report.verdict) == "UNANCHORED"


def test_all_that_was_said_stands_in_order(path, photo):
    """Note, answers, photograph with its text, hand-over: each with its number, seen and written when, by whom."""
    note(path, "A red page.", observed=paris_moment("26/11/2026 8h30"), who="Mrs Durand")
    answered(path, "seen", machines=3, files=["renamed", "missing"], care=None, paper_since=moment("2026-11-26 09:00"))
    attach(path, photo, "the screen", observed=paris_moment("2026-11-26"))
    custody.hand_over(path, custody.HandOver(to="Mr Expert", place="Bordeaux"), made.MadeClock(), dict(TOOL))
    found = entries(path)
    kinds = ["opened", "sealed", "note", "answers", "attachment", "note", "handover"]
    assert [entry.kind for entry in found] == kinds
    assert [entry.number for entry in found] == [None, None, 1, 2, 3, 4, 5]
    assert [entry.line for entry in found[2:]] == [1, 3, 5, 6, 8]
    first, file, text = found[2], found[4], found[5]
    assert (first.observed, first.doubt, first.by) == ("2026-11-26T07:30:00.000000Z", None, "Mrs Durand")
    assert (file.observed, file.doubt, text.about) == ("2026-11-25T23:00:00.000000Z", "day", 3)
    assert (file.says["taken"], file.says["model"]) == ("2026-11-26T08:31:05", "iPhone 13")
    read = " ".join(shown(path).split())
    for words in (
        "1. note Written: Wednesday 18 November 2026 at 12:06 (Paris time, UTC+1) (custody.jsonl, line 1) Seen:",
        "Seen: Thursday 26 November 2026 at 08:30",
        "By: Mrs Durand A red page.", "4 answers about what is seen:", "I don't know",
        "their names have changed, some are gone", "File: IMG_0001.JPG", "2026-11-26 08:31:05 (+01:00)",
        "Apple iPhone 13", "holds the place where", "About the file of entry 3 the screen", "given to: Mr Expert",
        "at: Bordeaux", "No time of day was given",
    ):  # fmt: skip
        assert words in read, words
    whole(path)


def moment(text):
    return answers.moment(paris_moment(text))


def test_a_correction_is_a_new_entry_and_both_stay(path, photo):
    """The corrected entry is byte for byte what it was; it is marked, shown, and may be corrected again."""
    note(path, "at 9 h 10")
    before = (path / "custody.jsonl").read_bytes()
    second = note(path, "at 8 h 10", corrects=1)
    third = attach(path, photo, corrects=1)["number"]
    fourth = note(path, "no, 8 h 15", corrects=second)
    assert (path / "custody.jsonl").read_bytes().startswith(before)
    assert (second, third, fourth) == (2, 3, 4)
    by_number = {entry.number: entry for entry in entries(path)}
    assert by_number[1].corrected_by == [second, third]
    assert (by_number[second].corrects, by_number[second].corrected_by) == ([1], [fourth])
    lines = [json.loads(line) for line in (path / "custody.jsonl").read_bytes().splitlines()]
    ties = [line["data"] for line in lines if line.get("what") == "correction"]
    assert ties == [{"by": 1, "entry": 0}, {"by": 4, "entry": 0}, {"by": 7, "entry": 1}], "records name each other"
    text = shown(path)
    assert f"1. note - CORRECTED by entry {second}, {third}" in text
    assert "at 9 h 10" in text
    assert f"Corrects entry {second}" in text
    whole(path)


def test_no_number_is_missing_and_each_line_is_accounted_for(path, photo):
    """Hand-overs between notes: entries without a hole, R1 and R2 as the slip has them, and what other lines are."""
    note(path, "one", who="Anne")
    handed = custody.HandOver(to="Mr Courier", by="Anne")
    custody.hand_over(path, handed, made.MadeClock(), dict(TOOL))
    attach(path, photo)
    custody.observe(path, "seal-code-copied", {"groups": [1], "attempts": 1, "matched": True}, made.MadeClock(), TOOL)
    custody.hand_over(path, handed, made.MadeClock(), dict(TOOL))
    found = custody.journal_of(path)
    told = [(entry.number, entry.line, entry.transfer) for entry in found.entries[2:]]
    assert told == [(1, 1, None), (2, 3, 1), (3, 5, None), (4, 8, 2)]
    assert found.lines == len((path / "custody.jsonl").read_bytes().splitlines()) == 8
    read = " ".join(shown(path).split())
    assert "2. handed over (R1)" in read
    assert "4. handed over (R2)" in read
    assert "Lines in custody.jsonl: 8, of which entries: 4. Other lines, technical and not shown: 4. They are:" in read
    assert "files announced before they are copied (1)" in read
    assert "details of an entry, such as when it was seen or what it corrects (2)" in read
    assert "other observations (1)." in read
    facts = slip_facts.facts_of(verify_bundle(path))
    assert [row.number for row in slip_form.form_of(facts, "fr").pages[-1][-1].blocks[-1].rows] == ["R1", "R2"]
    custody.observe(path, "new", {}, made.MadeClock(), dict(TOOL))
    assert "other observations (2)." in " ".join(shown(path).split())


def test_what_was_cut_off_has_its_number(path, photo, monkeypatch):
    """A copy that was killed becomes an entry with the next command: the number given then is the one shown."""

    def killed(ledger, *_arguments):
        (path / "attachments").mkdir()
        artifact = ledger.artifact("file", "attachment", ".jpg", "copied")
        artifact.write(b"half")
        artifact.flush()
        os.close(artifact.fd)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(custody, "copied", killed)
        with pytest.raises(KeyboardInterrupt):
            attach(path, photo)
    assert note(path, "after") == 2
    assert [(entry.kind, entry.number) for entry in entries(path)[2:]] == [("unfinished", 1), ("note", 2)]
    assert note(path, "corrected", corrects=2) == 3
    assert entries(path)[3].corrected_by == [3]
    assert "taking up again after an interruption (1)" in " ".join(shown(path).split())
    whole(path)


def test_where_each_line_is_an_entry_that_is_said(path):
    """Of a bundle without custody nothing is said of its lines."""
    assert "Lines in" not in shown(path)
    note(path)
    assert "Lines in custody.jsonl: 1, each an entry." in shown(path)


def test_an_answer_that_was_changed_is_told_both_ways(tmp_path):
    """What was said before, when and where; said again it is no change; without a key nobody reads of it."""
    path = encrypted(tmp_path)
    answered(path, "attack", paid="yes", leak="no")
    answered(path, "attack", paid="yes")
    answered(path, "attack", paid="no")
    answered(path, "attack", paid=None)
    first, again, changed, last = entries(path, KEY)[2:]
    assert (first.changed_in, again.changes) == ({}, {})
    assert again.changed_in == {"paid": changed}
    assert changed.changes == {"paid": journal.Change("no", "yes", again)}
    assert last.changes == {"paid": journal.Change(None, "no", changed)}
    read = " ".join(shown(path, KEY).split())
    on = "Wednesday 18 November 2026 at 12:06 (Paris time, UTC+1)"
    assert f"- Has anybody paid? no THE ANSWER IS CHANGED. Before: yes - entry 2, {on}" in read
    assert f"The answer was changed later: entry 4, {on}" in read
    assert f"- Has anybody paid? I don't know THE ANSWER IS CHANGED. Before: no - entry 3, {on}" in read
    told = journaled.journal_json(path, custody.journal_of(path, [KEY]))["entries"]
    assert told[4]["changes"] == {"paid": {"before": "yes", "number": 2, "seq": 1}}
    blind = custody.journal_of(path)
    assert [(entry.given, entry.changes, entry.changed_in) for entry in blind.entries[2:]] == [({}, {}, {})] * 4
    text = journaled.journal_text(blind) + json.dumps(journaled.journal_json(path, blind))
    for secret in ("paid", "CHANGED", "changed later"):
        assert secret not in text


def test_ticks_in_another_order_are_no_change(path):
    """What was ticked counts, not in which order a writer put it."""
    answered(path, "seen", files=["renamed", "missing"])
    answered(path, "seen", files=["missing", "renamed"])
    answered(path, "seen", files=["missing"])
    assert [[*entry.changes] for entry in entries(path)[2:]] == [[], [], ["files"]]


@pytest.mark.parametrize("number", [0, 3, 7, 10**8])
def test_only_an_entry_can_be_corrected(path, photo, number):
    """A number of no entry: refused with those there are, no trace left."""
    before = vectors.snapshot(path)
    with pytest.raises(UsageError) as caught:
        note(path, corrects=1)
    assert caught.value.hint == "there is no entry yet"
    assert vectors.snapshot(path) == before
    note(path, "zero", who="Anne")
    attach(path, photo)
    before = vectors.snapshot(path)
    for act in (lambda: note(path, corrects=number), lambda: attach(path, photo, corrects=number)):
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.hint == "the entries are: 1, 2"
    assert vectors.snapshot(path) == before


def test_what_is_typed_wrong_is_told():
    """No number, no date: each with what to write; left out is "not known"."""
    assert (seen_at(None), entry_number(None), entry_number(" 12 ")) == (None, None, 12)
    for text in ("", "-1", "2.0", "two", "1e3", "9" * 30, "\u0663"):
        with pytest.raises(UsageError):
            entry_number(text)
    with pytest.raises(UsageError) as caught:
        seen_at("yesterday")
    assert "leave --observed out" in caught.value.hint


def test_of_many_numbers_the_last_are_named(path):
    """A hint has an end."""
    for number in range(20):
        note(path, str(number))
    with pytest.raises(UsageError) as caught:
        note(path, corrects=99)
    assert caught.value.hint.startswith("the entries are: …, 9, 10, 11,")


def test_the_same_file_twice_is_told(path, photo, tmp_path):
    """By its bytes, whatever its name; it is kept both times."""
    assert attach(path, photo)["again"] == []
    (tmp_path / "copy.png").write_bytes(photo.read_bytes())
    assert attach(path, tmp_path / "copy.png")["again"] == [1]
    whole(path)


def test_another_file_is_not_the_same(path, photo, tmp_path):
    """Only equal bytes are told; of an encrypted one the hash of what was given comes back."""
    (tmp_path / "other.jpg").write_bytes(b"other")
    attach(path, tmp_path / "other.jpg")
    assert attach(path, photo)["again"] == []
    (tmp_path / "x").mkdir()
    done = attach(encrypted(tmp_path / "x"), photo)
    assert done["content_sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest() != done["sha256"]


def test_what_a_telephone_says_far_inside_its_picture(path, tmp_path):
    """HEIF keeps it behind the picture; where it names a place that no system takes, it says nothing."""
    file, strange = tmp_path / "a.heic", tmp_path / "b.heic"
    whole = pictures_made.heic()
    file.write_bytes(whole)
    assert attach(path, file)["says"]["model"] == "iPhone 13"
    at = whole.index(b"iloc") + 8  # sizes of offset, length and base, then the items: base of 8 bytes, all ones
    items = whole[at + 2 : at + 4] + (b"\0\x09" + bytes(4) + b"\xff" * 8 + b"\0\1" + b"\0\0\0\1" * 2)
    iloc = b"iloc\1\0\0\0\x44\x80" + items
    meta = whole[whole.index(b"meta") + 4 : at - 12] + (len(iloc) + 4).to_bytes(4, "big") + iloc
    strange.write_bytes(whole[: whole.index(b"meta") - 4] + (len(meta) + 8).to_bytes(4, "big") + b"meta" + meta)
    assert attach(path, strange)["says"] == {"format": "heif", "taken": None, "taken_offset": None, "maker": None,
                                             "model": None, "has_place": False}  # fmt: skip


def test_a_medium_that_fails_afterwards_costs_only_what_the_file_says(path, photo, monkeypatch):
    """The copy is whole by then: it is kept, with what the person said of it."""

    def fails(*_arguments):
        raise OSError(errno.EIO, "")

    with monkeypatch.context() as patch:
        patch.setattr(entries_room, "attached", type("Fails", (), {"says": staticmethod(fails)}))
        done = attach(path, photo, observed=paris_moment("2026-11-26 08:30"))
    assert done["says"] == {}
    (entry,) = (one for one in entries(path) if one.kind == "attachment")
    assert entry.observed == "2026-11-26T07:30:00.000000Z"
    whole(path)


def test_custody_that_cannot_be_read_is_told(path, monkeypatch):
    """By the journal and by a correction, each with what to do; and none at all is no error."""
    assert [entry.kind for entry in entries(path)] == ["opened", "sealed"]
    note(path)

    def fails(*_arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(custody, "chain_of", fails)
    with pytest.raises(AlteredError, match="can't be read") as caught:
        custody.journal_of(path)
    assert "collect verify" in caught.value.hint
    with pytest.raises(WriteError):
        note(path, corrects=1)


def test_one_record_that_no_key_reads_hides_no_other(tmp_path, monkeypatch):
    """Its maker broke it: it is shown as encrypted, and the rest is read."""
    path = encrypted(tmp_path)
    note(path, "before")
    with monkeypatch.context() as patch:
        patch.setattr(custody.age, "hidden", lambda _fields, _recipients: "AAAA")
        note(path, "broken")
    note(path, "after")
    found = custody.journal_of(path, [KEY])
    assert [entry.hidden for entry in found.entries[2:]] == [False, True, False]
    assert found.hidden == 1


def test_records_that_are_malformed_inside_are_counted_and_hide_no_other(tmp_path, monkeypatch):
    """A key opens them, and they are not what their table has: no key would read more, and it is said (SPEC 11)."""
    path = encrypted(tmp_path)
    note(path, "before")
    real = custody.age.hidden
    with monkeypatch.context() as patch:
        patch.setattr(custody.age, "hidden", lambda _fields, recipients: real({"text": 5}, recipients))
        note(path, "broken")
        custody.observe(path, "entry", {"entry": 0}, made.MadeClock(), dict(TOOL))
    note(path, "after")
    found = custody.journal_of(path, [KEY])
    assert [entry.hidden for entry in found.entries[2:]] == [False, True, False]
    assert (found.hidden, found.malformed) == (0, 2)
    text = journaled.journal_text(found)
    assert "2 records is malformed" in " ".join(text.split())
    assert "--identity" not in text
    blind = custody.journal_of(path)
    assert (blind.hidden, blind.malformed) == (3, 0)


def test_who_cannot_read_sees_that_there_is_something(tmp_path, photo):
    """Encrypted: number, kind and times are clear, the rest only with a recipient's key; another key is refused."""
    path = encrypted(tmp_path)
    note(path, "the secret", who="Anne", observed=paris_moment("2026-11-26 08:30"))
    attach(path, photo, "of the screen")
    answered(path, "practice", practice="Cabinet Durand")
    custody.hand_over(path, custody.HandOver(to="Mr Courier"), made.MadeClock(), dict(TOOL))
    blind, text = custody.journal_of(path), shown(path)
    assert [entry.kind for entry in blind.entries[2:]] == ["note", "attachment", "note", "answers", "handover"]
    assert blind.hidden == 4
    for secret in ("secret", "Anne", "IMG_0001", "iPhone", "Cabinet", "screen"):
        assert secret not in text
        assert secret not in json.dumps(journaled.journal_json(path, blind))
    assert "[encrypted]" in text
    assert "4 entries are encrypted" in text
    assert "Mr Courier" in text
    assert b"iPhone" not in b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
    found = custody.journal_of(path, [KEY])
    assert found.hidden == 0
    read = shown(path, KEY)
    for words in ("the secret", "By: Anne", "IMG_0001.JPG", "Apple iPhone 13", "Cabinet Durand", "of the screen"):
        assert words in read
    with pytest.raises(RefusedError):
        custody.journal_of(path, [pyrage.x25519.Identity.generate()])
    whole(path)


def test_nothing_hostile_reaches_the_terminal(path, tmp_path):
    """Names, texts and what files say of themselves: escaped, cut, within 79 columns, in both languages."""
    note(path, HOSTILE, who="\x1b]0;x\x07" + "w" * 400)
    letter = tmp_path / "x.eml"
    letter.write_bytes(f"Date: \x1b[2J\nFrom: {'z' * 4000}\nSubject: \u202e<script>\n\n".encode())
    attach(path, letter, HOSTILE)
    wild = {"group": "\x1b[1m", "given": {"practice": "\u202e\x00" * 100, "machines": True, "zz": "x"}}
    custody.observe(path, answers.WHAT, wild, made.MadeClock(), dict(TOOL))
    for what in ("entry", "correction"):
        for data in ({}, {"entry": 0, "by": 0}, {"entry": True, "by": "1"}, {"entry": 10**12, "by": 3},
                     {"entry": 0, "who": 7, "says": ["x"], "observed": "soon", "doubt": "\x1b", "note": 10**9},
                     {"entry": 0, "note": 0, "says": {"taken": 5, "maker": {"a": 1}}}):  # fmt: skip
            custody.observe(path, what, data, made.MadeClock(), dict(TOOL))
    found = custody.journal_of(path)
    assert [entry.corrected_by for entry in found.entries if entry.corrected_by] == []
    for lang in messages.LANGUAGES:
        messages.install(lang)
        text = journaled.journal_text(found)
        assert [line for line in text.splitlines() if terminal.width(line) > 79] == []
        assert not {"\x1b", "\x07", "\x00", "\r", "\u202e"} & set(text)
    whole(path)


def test_more_than_can_be_kept_is_counted(path, monkeypatch):
    """Of a chain without end the first entries are shown, and how many more there are."""
    monkeypatch.setattr(journal, "MOST", 4)
    for number in range(5):
        note(path, str(number))
    found = custody.journal_of(path)
    assert (len(found.entries), found.more) == (4, 3)
    assert "3 more entries stand in custody.jsonl." in journaled.journal_text(found)


def test_no_journal_is_shown_of_what_does_not_hold(path, tmp_path):
    """Not sealed, or custody edited by hand: refused as adding is."""
    note(path, "one")
    note(path, "two")
    file = path / "custody.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"one"', b'"won"'))
    with pytest.raises(AlteredError):
        custody.journal_of(path)
    (tmp_path / "open").mkdir()
    with pytest.raises(NotClosedError):
        custody.journal_of(made.unsealed(tmp_path / "open").path)


def test_the_last_moment_of_the_calendar_is_shown(path, photo):
    """A time at the end of the year 9999 is none in Paris: it is shown as it is written."""
    attach(path, photo)
    seen = {"entry": 1, "observed": "9999-12-31T23:59:59.000000Z"}
    custody.observe(path, "entry", seen, made.MadeClock(), dict(TOOL))
    assert "Seen: 9999-12-31T23:59:59" in shown(path)


def test_the_commands(path, photo, tmp_path):
    """As a person types them: two files at once, a note that corrects one, the journal; each answer in JSON, too."""
    other = tmp_path / "b.eml"
    other.write_bytes(b"From: a@b.example\nDate: x\n\n")
    done = live.run("attach", path, photo, other, "--text", "seen", "--observed", "26/11/2026 8:30", "--json")
    assert [(one["number"], one["note"], one["seq"]) for one in done.json["attached"]] == [(1, 2, 1), (3, 4, 5)]
    assert done.json["attached"][1]["says"]["from"] == "a@b.example"
    done = live.run("note", path, "wrong", "--corrects", "1", "--by", "Anne", "--json")
    assert (done.code, done.json["number"], done.json["seq"], done.json["corrects"]) == (0, 5, 8, 1)
    told = live.run("note", path, "late", "--observed", "2099-01-01 10:00")
    assert "still to come" in told.out
    before = live.snapshot(path)
    found = live.run("journal", path, "--json").json
    assert [entry["number"] for entry in found["entries"]] == [None, None, *range(1, 7)]
    assert [entry["seq"] for entry in found["entries"]][2:] == [1, 2, 5, 6, 8, 11]
    assert found["entries"][2]["corrected_by"] == [5]
    assert found["lines"] == {"all": 12, "entries": 6, "intent": 2, "detail": 4, "signature": 0, "resume": 0, "gap": 0,
                              "observation": 0}  # fmt: skip
    assert "added as entry 6." in " ".join(told.out.split())
    text = live.run("journal", path, "--lang", "fr")
    assert text.code == 0
    assert live.snapshot(path) == before


@wine.posix("a FIFO in a folder")
def test_what_to_do_instead_is_said(path, tmp_path):
    """Of a folder its files are wanted; of a FIFO, or of nothing at all, an ordinary file."""
    os.mkfifo(tmp_path / "fifo")
    hints = {}
    for name in ("", "fifo", "none"):
        with pytest.raises(RefusedError) as caught:
            attach(path, tmp_path / name if name else tmp_path)
        hints[name] = caught.value.hint
    assert "give the files in it" in hints[""]
    assert hints["fifo"] == hints["none"] == "give the path of an ordinary file"


def test_one_that_cannot_be_attached_stops_all(path, photo, tmp_path):
    """A folder among the files: refused with what to do before anything is copied."""
    before = live.snapshot(path)
    done = live.run("attach", path, photo, tmp_path)
    assert done.code == 1
    assert "give the files in it" in done.err
    done = live.run("attach", path, photo, tmp_path / "none")
    assert done.code == 1
    assert live.snapshot(path) == before


def test_twice_in_one_command_is_told_though_encrypted(tmp_path, photo):
    """Nobody can compare what is encrypted; what is attached at once can be."""
    done = live.run("attach", encrypted(tmp_path), photo, photo)
    assert "The same file was attached before: entry 1." in done.out
