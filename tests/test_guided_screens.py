"""Guided mode, driven on a terminal of 80x24: one thing a screen, each fits, and what was answered is in the evidence.

Ctrl-C at each screen leaves nothing before the run, and costs nothing after it; `!` begins the run at once.
"""

from __future__ import annotations

import io
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import live
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from test_asking import JARGON
from test_guided import ARGUMENTS, Screen, Terminal

from collector import answers, continuing
from collector import deadline_words as words
from collector.cli import main
from collector.questions import BEFORE
from collector.ui import (
    afterwards,
    another,
    asking,
    encryption,
    errors,
    final,
    kit_screens,
    messages,
    network,
    terminal,
)

if TYPE_CHECKING:
    from pathlib import Path

RUNS = "0 min"
"""What the display of a run shows all the time."""


@pytest.fixture(autouse=True)
def english():
    """Leave the process in English."""
    yield
    messages.install("en")


def fits(page):
    """Demand that a screen fits a terminal of 80x24 and has no word of ours in it."""
    assert len(page) <= 24, page
    for line in page:
        assert terminal.width(line) <= 80, line
        assert not JARGON.search(re.sub("[0-9a-f]{64}", "", line)), line
    return page


# ---- a whole run, in French

SAID = (
    # the question (a part of it), what is typed, and what then stands in the evidence
    ("votre nom", ["Anne Étienne"], None),
    ("votre fonction", ["secrétaire"], ("role", "secrétaire")),
    ("comme témoin", ["Dr Paul Né"], None),
    ("se trouve cet ordinateur", ["accueil"], ("site", "accueil")),
    ("Quel numéro donner", ["dossier 7/9", "CABINET-7"], None),
    ("déjà donné un numéro", ["2026/001234"], ("police_number", "2026/001234")),
    ("remarqué l'attaque", ["demain", "25/10/2026 2h30", "26/10/2026 8h30", ""],
     ("aware", {"utc": "2026-10-26T07:30Z", "doubt": "none"})),
    ("Qui l'a remarquée", ["?"], ("noticed_by", None)),
    ("en premier", ["une page <b>rouge</b>"], ("first_sign", "une page <b>rouge</b>")),
    ("fonctionné normalement", [""], None),
    ("câble réseau de cet", ["o"], None),
    ("Wi-Fi de cet", ["n"], None),
    ("box Internet", ["peut-être", "?"], None),
    ("autres ordinateurs", [""], None),
    ("serveur de fichiers", ["0"], None),
    ("disque de sauvegarde", ["oui"], None),
    ("lecteur de cartes", ["0"], None),
    ("Les logiciels", ["5", "4"], ("applications", "all")),
    ("Le réseau, le serveur", ["2"], ("infrastructure", "slow")),
    ("ne fonctionne plus", ["1 3", "2,3", "12", ""], ("stopped", ["agenda", "records"])),
    ("Combien d'ordinateurs", ["trois", "3"], ("machines", 3)),
    ("aux fichiers", ["0"], ("files", [])),
    ("l'activité du cabinet", ["?"], ("work", None)),
    ("effet sur les soins", ["2"], ("care", "delayed")),
    ("sur papier en attendant", ["o"], ("paper", "yes")),
    ("Depuis quand", ["26/10/2026 9h", ""], ("paper_since", {"utc": "2026-10-26T08:00Z", "doubt": "none"})),
    ("bonne sauvegarde", ["24/10/2026", ""], ("backup_last", {"utc": "2026-10-23T22:00Z", "doubt": "day"})),
    ("branchée au moment", ["n"], ("backup_plugged", "no")),
    ("Qu'a-t-on fait", ["1 2", ""], ("done", ["unplugged", "photo"])),
)  # fmt: skip


class Driven:
    """A guided run, from the first screen to the last: its screens, its bundle, its exit code."""

    def __init__(self, stick: Path) -> None:
        (stick / "tree").mkdir()
        screen = Screen(*ARGUMENTS, cwd=stick)
        self.pages = [screen.page("appuyez sur Entrée.")]
        screen.type("")
        self.pages.append(screen.page("pour les questions."))
        screen.type("")
        for number, (part, lines, _kept) in enumerate(SAID, 1):
            page = screen.page("\n> ")
            assert f"QUESTION {number} SUR {len(SAID)}" in page[0]
            assert part in " ".join(page)
            for at, line in enumerate(lines):
                self.pages.append(page)
                screen.type(line)
                if at + 1 < len(lines):
                    page = screen.page("\n> ")
        self.pages.append(screen.page("les avez données"))
        screen.type("")
        self.pages.append(screen.page("Entrée seule = non"))
        screen.type("")
        screen.read(RUNS)
        for _impatient in range(5):
            screen.type("")
        self.pages.append(screen.page("Quand c'est noté, appuyez sur Entrée.", prompt=""))
        self.identity = re.findall("AGE-SECRET-KEY-1[A-Z0-9]{58}", "\n".join(self.pages[-1]))[0]
        screen.type("")
        self.pages.append(screen.page("\n> "))
        (self.path,) = stick.glob("CABINET-7_*")
        code = live.examined(self.path)["seal_code"].split("-")
        groups = re.findall(r"groupes\s+(\d)\s+et\s+(\d)", " ".join(self.pages[-1]))[-1]
        screen.type("".join(code[int(group) - 1] for group in groups))
        self.pages.append(screen.page("Puis appuyez sur Entrée."))
        self.exit = screen.ended("")
        last = screen.text.rpartition("\x1b[H\x1b[2J")[2].replace("\r", "")
        self.pages.append(re.sub("\x1b\\[[01]m", "", last).split("\n"))
        self.code = code


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    return Driven(tmp_path_factory.mktemp("stick"))


def test_each_screen_fits_and_has_plain_words(driven):
    """80 columns by 24 rows, no jargon, and on the first screen what to do before anything else."""
    assert len(driven.pages) > len(SAID) + 6
    for page in driven.pages:
        fits(page)
    first = " ".join(driven.pages[0])
    for said in ("Photographiez l'écran", "Débranchez le câble", "N'éteignez pas", "Pourquoi", "English: type en"):
        assert said in first


def test_what_was_answered_is_in_the_evidence(driven):
    """Read with the practice's key as it was shown: one observation for each group, and who was there in `open`."""
    assert driven.exit in live.SEALED
    bundle = live.Bundle(driven.path, driven.identity)
    assert live.examined(driven.path)["verdict"] == "UNANCHORED"
    opening = bundle.records[0]
    assert (opening["operator"], opening["witness"], opening["case"]) == ("Anne Étienne", "Dr Paul Né", "CABINET-7")
    observed = bundle.observed("answers")
    assert [data["group"] for data in observed] == list(BEFORE)
    assert answers.latest(observed) == dict(kept for _part, _lines, kept in SAID if kept is not None)
    assert bundle.observed("consent") == [{"level": "C", "answer": "no", "who": "Anne Étienne"}]
    seen = {"cable": "yes", "wifi": "no", "box": "unknown", "nas": "none", "backup": "yes", "reader": "none"}
    assert bundle.observed("eyes") == [seen], "the other computers: nobody answered"


def test_the_last_screens_come_in_their_order(driven):
    """The key, the seal code, what to do and until when, the papers: and the seal code stands there at the end, too."""
    key, code, steps, later = ("\n".join(page) for page in driven.pages[-4:])
    assert "CLÉ DE LECTURE" in key
    assert "CODE DE FERMETURE" in code
    flat = " ".join(steps.split())
    wanted = ["Appelez votre informaticien", "17cyber.gouv.fr", "Déposez plainte", "CNIL",
              "Les deux avant : jeudi 29 octobre 2026 à 8 h 30", "Date prudente, à confirmer",
              "Faites tout de même les deux, maintenant", "ARS", "Patients"]  # fmt: skip
    places = [flat.replace("\u00a0", " ").find(words) for words in wanted]
    assert -1 not in places, wanted[places.index(-1)]
    assert places == sorted(places)
    assert "juste" in steps.splitlines()[3], "what came of the typing"
    assert "collect answers" in later
    assert "  collect dossier PREUVES --out PAPIERS --identity -\n" in later
    assert driven.path.name in later
    assert "   ".join(driven.code[:4]) in later
    assert (driven.path / "custody.jsonl").exists()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_to_do_fits_whatever_the_hour(lang):
    """Every hour of a fortnight at Christmas, a contact as long as a kit may have: one screen, the moments on it."""
    messages.install(lang)
    errors.call(f"{'Mme Martin-Dupont, informatique du cabinet, 06 12 34 56 78 (même la nuit)':x<100}")
    try:
        earlier = set()
        for hour in range(0, 14 * 24, 5):
            moment = datetime(2035, 12, 20, tzinfo=UTC) + timedelta(hours=hour)
            given = {"awareness": {"aware": {"utc": f"{moment:%Y-%m-%dT%H:%MZ}", "doubt": "none"}}}
            out = io.StringIO()
            afterwards.steps(asking.Page(io.StringIO("\n"), out), given, copied=True)
            page = fits(out.getvalue().split("\n")[1:])
            assert words.moment(moment + timedelta(hours=72), lang) in " ".join(" ".join(page).split(" "))
            earlier.add(("Visez plutôt" if lang == "fr" else "Rather aim at") in " ".join(page))
        assert earlier == {True, False}, "at Christmas offices are closed now and then"
    finally:
        errors.call(None)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_is_over_is_not_told_as_to_come(lang):
    """Six days later: both moments are over, which is said with what to do; nothing earlier is aimed at."""
    messages.install(lang)
    moment = datetime.now(UTC) - timedelta(days=6)
    given = {"awareness": {"aware": {"utc": f"{moment:%Y-%m-%dT%H:%MZ}", "doubt": "none"}}}
    out = io.StringIO()
    afterwards.steps(asking.Page(io.StringIO("\n"), out), given, copied=True)
    page = " ".join(" ".join(fits(out.getvalue().split("\n")[1:])).split())
    assert ("Faites tout de même les deux, maintenant" if lang == "fr" else "Take both steps all the same, now") in page
    assert ("Visez plutôt" if lang == "fr" else "Rather aim at") not in page


def test_what_was_answered_is_in_the_dossier(driven, tmp_path):
    """The last screen's own command, the key typed from paper: the dossier has the answers, moments as understood."""
    live.needs("pdftotext")
    printed = re.search("^  collect (dossier .*)$", "\n".join(driven.pages[-1]), re.MULTILINE)[1]
    words_typed = [str(driven.path) if word == "PREUVES" else word for word in printed.split()]
    screen = Screen(*words_typed, cwd=tmp_path)
    fits(screen.page("Puis Entrée.", prompt=""))
    assert screen.ended(driven.identity) == 0
    dossier = tmp_path / "PAPIERS/dossier.pdf"
    pages = subprocess.run(["pdftotext", "-layout", dossier, "-"], capture_output=True, check=True)
    text = " ".join(pages.stdout.decode().replace("\u2019", "'").split())
    for said in ("Anne Étienne", "secrétaire", "Dr Paul Né", "2026/001234", "une page <b>rouge</b>",
                 "lundi 26 octobre 2026 à 8 h 30", "jeudi 29 octobre 2026 à 8 h 30"):  # fmt: skip
        assert said in text, said


TABLE = {
    # users.md, section 3: what happened, is it serious, what to do; and who says so
    "refused admin": (lambda _: kit_screens.rights_text(), "pas grave", "noté", "l'expert complétera"),
    "stick full": (
        lambda _: " ".join(map(messages._, final.CUT_SHORT["disk_full"])), "pleine", "conservé", "autre clé"
    ),
    "stick removed": (lambda _: messages._(another.HAPPENED[continuing.GONE]), "retirée", "conservé"),
    "unreadable": (lambda page: page, "n'ont pas pu être lus", "noté au dossier", "Ne réessayez pas"),
    "network on": (lambda _: " ".join(network.warning("CONNECTED", 79)), "encore relié", "Débranchez le câble",
                   "coupez le Wi-Fi", "N'éteignez pas"),
    "files changing": (lambda _: " ".join(map(messages._, (encryption.CALL, encryption.KEEP_ON))), "Réseau coupé",
                       "Appelez tout de suite votre informaticien", "N'éteignez que"),
    "crash": (lambda _: errors.crash_text(ValueError("x")), "s'est arrêté", "Rien n'a été effacé",
              "Laissez l'ordinateur allumé", "photographiez", "appelez"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_what_fails_is_said_as_what_happened_and_what_to_do(driven, case):
    """The six cases of the table, in French."""
    messages.install("fr")
    said, *wanted = TABLE[case]
    text = " ".join(said(" ".join(driven.pages[-3])).replace("\u00a0", " ").split())
    for words_of_it in wanted:
        assert words_of_it in text, text


# ---- in English, and at once


def test_a_language_is_chosen_and_the_run_begins_at_once(tmp_path):
    """French where nothing says which; `en` on the first screen changes it; `!` asks nothing and notes nothing."""
    (tmp_path / "tree").mkdir()
    screen = Screen(*ARGUMENTS, cwd=tmp_path, lang=None)
    fits(screen.page("appuyez sur Entrée."))
    screen.type("en")
    page = fits(screen.page("press Enter."))
    assert "Français\u00a0: tapez fr" in "\n".join(page)
    screen.type("")
    fits(screen.page("for the questions."))
    screen.type("!")
    fits(screen.page("Enter alone = no"))
    screen.type("yes, I agree")
    fits(screen.page("Type y for yes"))
    screen.type("y")
    screen.read("Step 1")
    for _impatient in range(5):  # answers nothing: the key is shown once, and nowhere else
        screen.type("")
    fits(screen.page("When you have it, press Enter.", prompt=""))
    assert not select.select([screen.leader], [], [], 2)[0], "the key did not wait"
    screen.type("")
    page = fits(screen.page("\n> "))
    assert "FINISHED." in page[0]
    screen.type("")
    page = " ".join(fits(screen.page("Then press Enter.")))
    assert "Both within 72 hours after somebody first noticed" in page
    assert screen.ended("") in live.SEALED
    identity = re.findall("AGE-SECRET-KEY-1[A-Z0-9]{58}", screen.text)[-1]
    (path,) = tmp_path.glob("INCIDENT-*")
    bundle = live.assert_sealed(path, identity)
    assert bundle.observed("answers") == []
    assert bundle.observed("consent") == [{"level": "C", "answer": "yes", "who": None}]
    assert bundle.observed("eyes") == []
    assert bundle.records[0]["operator"] is None


def test_a_terminal_that_ends_costs_no_evidence(tmp_path):
    """The input ends in the midst of the questions: what was answered is kept and the run is made."""
    (tmp_path / "tree").mkdir()
    screen = Screen(*ARGUMENTS, cwd=tmp_path, lang="en")
    screen.read("press Enter.")
    screen.type("")
    screen.read("for the questions.")
    screen.type("")
    screen.read("QUESTION 1 OF")
    screen.type("Bob")
    screen.read("QUESTION 2 OF")
    screen.press(b"\x04")
    identity = screen.identity()
    (path,) = tmp_path.glob("INCIDENT-*")
    assert live.assert_sealed(path, identity).records[0]["operator"] == "Bob"


# ---- Ctrl-C

BEFORE_THE_RUN = 2 + len(SAID) + 2
"""Screens: what is done first, what the questions are for, each question, what is still to be done, the consent."""


class Forked(Terminal):
    """The command line in a child of this process, on a terminal of its own: no time is lost on starting Python."""

    def __init__(self, folder: Path) -> None:
        self.pid, leader = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(folder)
                os.environ.update(live.environment(TERM="xterm"))
                signal.signal(signal.SIGINT, signal.default_int_handler)
                signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started these tests may ignore both
                sys.argv = ["collect", "--scan", "tree", "--lang", "en", "--no-memory"]
                sys.stdin, sys.stdout, sys.stderr = (os.fdopen(fd, mode) for fd, mode in ((0, "r"), (1, "w"), (2, "w")))
                main()
            except SystemExit as end:
                os._exit(end.code or 0)
            finally:
                os._exit(99)
        super().__init__(leader)

    def answer(self, line):
        """Type a line once it is asked for."""
        self.read("\n> ")
        self.type(line)

    def wait(self):
        """Return its exit code; fails the test, and ends it, where it does not end by itself."""
        ended = os.pidfd_open(self.pid)
        is_over = select.select([ended], [], [], 60)[0]
        os.close(ended)
        if not is_over:
            os.kill(self.pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        assert is_over, "it does not end"
        return code


@pytest.mark.parametrize("number", range(BEFORE_THE_RUN))
def test_ctrl_c_before_the_run_leaves_nothing(tmp_path, number):
    """At each screen: exit 130, a sentence that says so, and nothing was written. Every eye answers no on the way."""
    (tmp_path / "tree").mkdir()
    child = Forked(tmp_path)
    for _ in range(number):
        on_eyes = 12 <= _ <= 18
        paper = _ == 2 + 24
        child.answer("n" if on_eyes else "y" if paper else "")
    child.read("\n> ")
    before = len(child.text)
    child.press(b"\x03")
    child.rest()
    assert child.wait() == 130
    said = " ".join(child.text[before:].split())
    assert "nothing was collected, and nothing was written" in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["tree"]


def test_a_window_that_is_closed_before_the_run_leaves_nothing(tmp_path):
    """Whoever closes the window could not copy the reading key: no run is made that nobody could read."""
    (tmp_path / "tree").mkdir()
    child = Forked(tmp_path)
    child.answer("")
    child.read("\n> ")
    os.close(child.leader)
    assert child.wait() == -signal.SIGHUP
    assert [entry.name for entry in tmp_path.iterdir()] == ["tree"]


@pytest.mark.parametrize("number", range(3))
def test_ctrl_c_after_the_run_costs_nothing(tmp_path, number):
    """At the key, which stays for an Enter; at the seal code; at what to do: sealed, and the run's own exit code."""
    (tmp_path / "tree").mkdir()
    screen = Screen(*ARGUMENTS, cwd=tmp_path, lang="en")
    screen.read("press Enter.")
    screen.type("!")
    screen.read("for the questions.")
    screen.type("!")
    screen.read("Enter alone = no")
    screen.type("")
    screen.read("When you have it, press Enter.")
    if number == 0:
        screen.press(b"\x03")
        screen.read("shown nowhere else")
        screen.type("")
        screen.read("SEAL CODE")
        screen.press(b"\x03")
    else:
        screen.type("")
        screen.read("\n> ")
    if number == 2:
        for _attempt in range(2):
            screen.type("AAAA AAAA")
            screen.read("\n> ")
        screen.type("AAAA AAAA")
        page = fits(screen.page("\n> "))
        assert "Photograph this screen instead." in page
        assert [line for line in page if "SEAL CODE" in line], "the code is there to be photographed"
        screen.type("")
        screen.read("\n> ")
    if number:
        screen.press(b"\x03")
    assert screen.ended("") in live.SEALED
    (path,) = tmp_path.glob("INCIDENT-*")
    live.assert_sealed(path)


# ---- a third language


def test_another_language_is_one_file(tmp_path):
    """A compiled catalogue in its folder is a language: offered on the first screen, spoken, English where it lacks."""
    root = tmp_path / "checkout"
    shutil.copytree(live.ROOT / "collector", root / "collector", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(live.ROOT / "rules", root / "rules")
    with (live.ROOT / "collector/ui/locale/fr/LC_MESSAGES/collector.po").open("rb") as file:
        catalogue = read_po(file, locale="de")
    for message in catalogue:
        message.string = ("", "") if isinstance(message.id, tuple) else ""
    german = {
        "BEFORE ANYTHING ELSE": "VOR ALLEM ANDEREN",
        "English: type {code}, then Enter.": "Deutsch: {code} tippen, dann Eingabe.",
        "When it is done, press Enter.": "Danach die Eingabetaste drücken.",
    }
    for english, said in german.items():
        catalogue.get(english).string = said
    folder = root / "collector/ui/locale/de/LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "collector.mo").open("wb") as file:
        write_mo(file, catalogue)
    (tmp_path / "tree").mkdir()
    screen = Screen(*ARGUMENTS, cwd=tmp_path, root=root, lang="fr")
    page = fits(screen.page("appuyez sur Entrée."))
    assert "Deutsch: de tippen, dann Eingabe." in page
    screen.type("de")
    page = fits(screen.page("Eingabetaste drücken."))
    assert page[0] == "VOR ALLEM ANDEREN"
    assert "Delete nothing, and do not pay." in "\n".join(page), "what is not translated is English"
    screen.type("")
    screen.read("for the questions.")
    screen.press(b"\x03")
    assert screen.ended("") == 130
    aware = ("deadlines", "--aware", "2026-11-26 08:30", "--lang", "de")
    done = subprocess.run(live.command(*aware, root=root), capture_output=True, env=live.environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert b"Lodge a complaint" in done.stdout
