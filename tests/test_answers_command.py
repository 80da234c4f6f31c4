"""`collect answers`: what is said for the papers stands in the custody chain, a record a group, once it is done."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import live
import made
import pytest
from test_guided import ARGUMENTS, Screen
from test_guided_screens import fits

from collector import age, answered, answers
from collector.errors import RefusedError
from collector.handover import keys
from collector.questions import BEFORE, GROUPS, QUESTIONS
from collector.ui import answering, messages


@pytest.fixture(autouse=True)
def english():
    """Leave the process in English."""
    yield
    messages.install("en")


@pytest.fixture
def path(tmp_path):
    return made.sealed(tmp_path)


def custody(path):
    """Return the data of what was answered after the seal."""
    file = path / "custody.jsonl"
    lines = file.read_bytes().splitlines() if file.exists() else []
    records = [json.loads(line) for line in lines]
    return [record["data"] for record in records if record["what"] == "answers"]


SET = {
    "practice=Cabinet du Parc": ("practice", "Cabinet du Parc"),
    "siret=?": ("siret", None),
    "leak=yes": ("leak", "yes"),
    "persons= 2500 ": ("persons", 2500),
    "records_count=12\u00a0500": ("records_count", 12_500),
    "categories=health,identity": ("categories", ["identity", "health"]),
    "stopped=": ("stopped", []),
    "complaint=26/11/2026 8h30": ("complaint", {"utc": "2026-11-26T07:30Z", "doubt": "none"}),
    "cyber17=2026-11-26": ("cyber17", {"utc": "2026-11-25T23:00Z", "doubt": "day"}),
    "severity=maximal": ("severity", "maximal"),
    "witnesses=a\x1b[31mb\u202e\nc <b>": ("witnesses", "ab c <b>"),
    "amount=2 BTC = 100 €": ("amount", "2 BTC = 100 €"),
}


def test_a_provider_answers_without_a_terminal(path):
    """Each form on the command line; one record a group, in the order of the groups; the seal still holds."""
    words = [word for text in SET for word in ("--set", text)]
    done = live.run("answers", path, *words, "--set", "leak=no", "--set", "leak=yes")
    assert done.code == 0, done.err
    assert f"chain: {len(SET)}." in done.out
    found = custody(path)
    assert [data["group"] for data in found] == ["seen", "practice", "attack", "data", "reported"]
    assert answers.latest(found) == dict(SET.values())
    live.assert_sealed(path)
    assert live.run("answers", path, "--set", "siret=123").code == 0
    assert answered.earlier(path) == {**dict(SET.values()), "siret": "123"}


WRONG = ("practise=x", "practice", "=x", "", "practice=", f"practice={'x' * 301}", "leak=maybe", "leak=oui",
         "persons=-1", "persons=many", "persons=1000001", "persons=7,5",
         "persons=12.5", "categories=health;bank", "complaint=soon",
         "complaint=31/02/2026 8h", "complaint=hier 8h", "complaint=26/11 8h30", "complaint=8h30",
         "severity=", "persons=\u0663")  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_answer_is_refused_before_anything_is_written(path, text):
    """The error names the question and what it takes; nothing of the same command line is added."""
    before = live.snapshot(path)
    done = live.run("answers", path, "--set", "practice=Cabinet", "--set", text)
    assert done.code == 2
    assert live.snapshot(path) == before
    name = text.partition("=")[0]
    if name in QUESTIONS and "=" in text:
        assert f"this is no answer to {name}" in done.err
        assert "it takes" in done.err
    else:
        assert "names no question" in done.err


def test_a_moment_on_the_command_line_is_a_date_in_full(path):
    """A script means the same on any day; what is refused says why, as at a question."""
    given = "--set=complaint=jeudi 26 novembre 2026 vers 8 h 30"
    assert live.run("answers", path, given).code == 0
    assert answers.latest(custody(path)) == {"complaint": {"utc": "2026-11-26T07:30Z", "doubt": "none"}}
    for text, why in (
        ("hier 8h", "il faut la date entière\u00a0: jour, mois et année"),
        ("vendredi 26/11/2026 8h", "le 26/11/2026 est un jeudi, pas un vendredi"),
        ("30/02/2026 8h", "ce jour n'existe pas"),
        ("26/11/2026 au matin", "il manque l'heure"),
    ):
        done = live.run("answers", path, "--set", f"complaint={text}", "--lang", "fr")
        assert done.code == 2
        assert "ceci n'est pas une réponse à complaint" in done.err
        assert why in done.err


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_i_do_not_know_in_words_is_no_text_on_the_command_line(path, lang):
    """For every form, whichever language the command speaks; what holds more than that is a text."""
    words = {"amount": "Je ne sais pas.", "leak": "nsp", "persons": "aucune idée", "complaint": "I don\u2019t know",
             "categories": "?", "witnesses": "je ne sais pas qui", "ultimatum": "rien"}  # fmt: skip
    done = live.run("answers", path, *(f"--set={name}={said}" for name, said in words.items()), "--lang", lang)
    assert done.code == 0, done.err
    texts = {name: words[name] for name in ("witnesses", "ultimatum")}
    assert answers.latest(custody(path)) == dict.fromkeys(words) | texts


def test_a_doubtful_moment_is_taken_with_a_warning(path):
    """Still to come, or a step before anybody noticed: said on stderr by its name; a right one is not."""
    done = live.run("answers", path, "--set", "aware=2026-03-02 10:00", "--set", "cyber17=2026-03-02 11:00")
    assert (done.code, done.err) == (0, "")
    done = live.run("answers", path, "--set", "complaint=1.3.2026 10h", "--set", "bank_told=2099-01-01 10:00")
    assert done.code == 0
    said = " ".join(done.err.split())
    assert "complaint: Careful: that is before somebody first noticed" in said
    assert "bank_told: Careful: by this computer's clock that is still to come" in said
    assert set(custody(path)[-1]["given"]) == {"complaint", "bank_told"}


def test_only_a_sealed_bundle(tmp_path):
    """Exit 3 for one that is not closed, 2 for none, 1 for one that was altered; nothing is written."""
    made.unsealed(tmp_path)
    (path,) = tmp_path.iterdir()
    assert live.run("answers", path, "--set", "leak=no").code == 3
    assert live.run("answers", tmp_path, "--set", "leak=no").code == 2
    (tmp_path / "2").mkdir()
    sealed = made.sealed(tmp_path / "2")
    (sealed / "checkpoint").write_bytes(b"x" + (sealed / "checkpoint").read_bytes()[1:])
    assert live.run("answers", sealed, "--set", "leak=no").code == 1
    assert not (sealed / "custody.jsonl").exists()


def test_nobody_there_is_told_how_and_what(path):
    """Without a terminal: how to answer; `--list` names every question and what it takes, without any bundle."""
    done = live.run("answers", path)
    assert done.code == 2
    assert "--set NAME=VALUE" in done.err
    listed = live.run("answers", "--list", "--lang", "fr")
    assert listed.code == 0
    for name in QUESTIONS:
        assert re.search(rf"^  {name}\u00a0?: ", listed.out, re.MULTILINE), name
    assert live.run("answers", path, "--set", "leak=no", "--group", "attack").code == 2


def test_on_a_terminal_a_group_is_kept_as_soon_as_it_is_done(path):
    """The groups, what was said before, one question a screen; Ctrl-C in the midst of the next keeps what was said."""
    assert live.run("answers", path, "--set", "hours=4").code == 0
    screen = Screen("answers", path, cwd=path.parent, lang="fr")
    page = fits(screen.page("\n> "))
    assert "LE PRÉJUDICE" in page[5]
    assert "1 réponses sur 3" in page[5]
    screen.type("9")
    fits(screen.page("\n> "))
    screen.type("3")
    page = "\n".join(fits(screen.page("QUESTION 1 SUR 3")))
    assert "Réponse déjà donnée\u00a0: 4" in page
    screen.type("")
    for line in ("12", "2000 € au moins"):
        screen.read("\n> ")
        screen.type(line)
    page = fits(screen.page("QUESTIONS POUR LE DOSSIER"))
    assert custody(path)[-1] == {"group": "damage", "given": {"appointments": 12, "damage": "2000 € au moins"}}
    screen.type("1")
    screen.read("QUESTION 1 SUR 15")
    screen.type("Cabinet du Parc")
    screen.read("QUESTION 2 SUR 15")
    screen.press(b"\x03")
    assert screen.ended("") == 130
    assert "ajoutées aux preuves\u00a0: 3." in screen.text.split("QUESTION 2 SUR 15")[-1]
    assert custody(path)[-1] == {"group": "practice", "given": {"practice": "Cabinet du Parc"}}
    live.assert_sealed(path)


@pytest.mark.parametrize("number", ["0021", "1000", "0", "8", "9" * 300, "\u0663"])
def test_the_number_of_a_group_is_taken_whole(number):
    """Anything but the number of a group is asked again: no group is asked that was not chosen."""
    out = io.StringIO()
    answering.Answering(io.StringIO(f"{number}\n!\n"), out, {}, lambda *_kept: None).groups()
    assert "QUESTION 1 OF" not in out.getvalue()
    assert "Type one of these numbers" in out.getvalue()


def test_one_group_every_screen_fits(path):
    """All questions for the papers, one group after another, all of them not known: each screen measured."""
    for group in GROUPS:
        if group in BEFORE:
            continue
        screen = Screen("answers", path, "--group", group, cwd=path.parent, lang="en")
        for number in range(1, len(GROUPS[group]) + 1):
            fits(screen.page(f"QUESTION {number} OF {len(GROUPS[group])}"))
            screen.type("?")
        assert screen.ended("") == 0
    known = answered.earlier(path)
    assert known == {name: None for group in GROUPS if group not in BEFORE for name in GROUPS[group]}


def test_an_encrypted_bundle_shows_earlier_answers_to_its_key_only(tmp_path):
    """Without the key nothing of before is shown and new answers are added; with it, typed from paper, all is."""
    (tmp_path / "tree").mkdir()
    identity, recipient = age.new_identity()
    done = live.collect(tmp_path, *ARGUMENTS, "--recipient", recipient, cwd=tmp_path)
    path = Path(done.json["bundle"])
    assert live.run("answers", path, "--set", "damage=much", "--set", "practice=Parc").code == 0
    assert b"Parc" not in (path / "custody.jsonl").read_bytes()
    assert answered.earlier(path) is None
    known = {"practice": "Parc", "damage": "much"}
    assert answered.earlier(path, keys.identities(identity.encode())) == known
    with pytest.raises(RefusedError, match="does not read"):
        answered.earlier(path, keys.identities(age.new_identity()[0].encode()))
    screen = Screen("answers", path, cwd=tmp_path, lang="en")
    assert "Earlier answers are encrypted" in "\n".join(fits(screen.page("\n> ")))
    screen.type("!")
    assert screen.ended("") == 0
    screen = Screen("answers", path, "--identity", "-", "--group", "damage", cwd=tmp_path, lang="en")
    screen.read("Then Enter.")
    screen.type(f"{identity[:30].lower()} {identity[30:]}")
    for _ in range(2):
        screen.read("\n> ")
        screen.type("")
    assert "So far: much" in "\n".join(fits(screen.page("QUESTION 3 OF 3")))
    screen.type("more")
    assert screen.ended("") == 0
    assert answered.earlier(path, keys.identities(identity.encode())) == {**known, "damage": "more"}
    live.assert_sealed(path)


def test_a_place_that_takes_nothing(path, mounted):
    """The bundle lies on a disk that is write-protected: refused, and said."""
    if os.geteuid() != 0:
        pytest.skip("mounts")
    import shutil  # noqa: PLC0415 - only here
    import subprocess  # noqa: PLC0415 - the same

    disk = mounted("-t", "tmpfs", "-o", "size=4m", "none")
    shutil.copytree(path, disk / "bundle")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    done = live.run("answers", disk / "bundle", "--set", "leak=no")
    assert done.code == 1
    assert "write protection" in done.err
