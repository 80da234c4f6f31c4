"""What a dossier claims: nothing that nobody said or found stands in it as a fact, and no letter of the practice.

Real bundles, one for each case; the page is read, since both papers say the same (tests/test_dossier.py).
"""

from __future__ import annotations

import re
from datetime import date

import dossiers
import made
import pytest
from pyrage.x25519 import Identity
from test_dossier import Page, flat

from collector import answers, custody, layout, paris
from collector.entries import Told as Settled
from collector.handover import dossier, dossier_account, dossier_html, dossier_rows, slip_facts, slip_form
from collector.handover.dossier_draft import draft_of
from collector.handover.dossier_facts import MAX_SAID, facts_of, moment_of
from collector.handover.dossier_form import dossier_of
from collector.handover.dossier_parts import BLANK, Slip, Table
from collector.handover.dossier_rows import rows_of
from collector.handover.lettering import drawn_length
from collector.model import Gap, Outcome
from collector.verify import verify_bundle

LETTER = "Monsieur Dupont, veuillez payer vos honoraires.\n\njean.dupont@orange.fr\n"
AWARE = {"aware": dossiers.moment("2026-11-18T08:30")}


class Told:
    """The page of a dossier, part by part."""

    def __init__(self, path, language="fr", identities=()) -> None:
        facts = facts_of(verify_bundle(path), identities)
        self.whole = dossier_html.drawn(dossier_of(draft_of(facts, rows_of(facts), None, language))).decode()
        self.text = Page(self.whole).text

    def part(self, number: int) -> str:
        start = self.whole.index(f'<article class="part" id="part-{number}">')
        return Page(self.whole[start:].split("</article>")[0]).text

    def tick(self, text: str) -> tuple[bool, str]:
        """Return whether a box of part 1 is ticked, and what stands behind its text."""
        start = self.whole.index('<article class="part" id="part-1">')
        rows = self.whole[start:].split("</article>")[0].split('<div class="tick')[1:]
        (row,) = [one for one in rows if text in flat(Page('<div class="' + one).text)]
        return 'class="square done"' in row, flat(Page('<div class="' + row).text).partition(text)[2]


def told(folder, answered=None, *, tables=None, eyes=None, close="ISOLATED", uptime="yes", language="fr", rows=None):
    """Return the dossier of a bundle with such answers, tables and verdicts."""
    one = dossiers.unsealed(folder, tables={"ransom": rows} if rows is not None else tables)
    one.observe("uptime", {"verdict": uptime})
    one.close(outcome="complete", reason=None, isolation={**made.ISOLATION, "close": close, "run": "CONNECTED"},
              same_boot=True)  # fmt: skip
    dossiers.say(one.path, answered or {})
    if eyes is not None:
        custody.observe(one.path, "eyes", eyes, made.MadeClock(), dossiers.TOOL)
    return Told(one.path, language)


# Notes and files ------------------------------------------------------------------------------


def letter_rows(path, confidence="low"):
    contacts = [{"kind": "email", "value": "jean.dupont@orange.fr", "checked": False}]
    return [{"what": "note", "path": path, "artifact": "artifacts/000003-ransom.bin", "sha256": "cd" * 32, "count": 1,
             "confidence": confidence, "contacts": contacts}]  # fmt: skip


@pytest.mark.parametrize("confidence", ["low", None, "?"])
def test_a_letter_of_the_practice_is_never_printed_as_a_note(tmp_path, monkeypatch, confidence):
    """Only how many there are: no name, no text, no contact, in no part; its copy is for the expert."""
    monkeypatch.setattr(dossiers, "NOTE", LETTER)
    one = dossiers.unsealed(tmp_path, tables={})
    copy = next(name for name in dossiers.stored_names(one.path) if name.endswith(".bin"))
    (row,) = letter_rows("C:\\courriers\\DUPONT_Jean_README_decrypt.txt", confidence)
    named = {"what": "family", "family": "dupont", "confidence": confidence}
    row["artifact"] = f"{layout.ARTIFACTS}/{copy}".replace("//", "/")
    dossiers._stored(one, "ransom", "ransom", ".jsonl", dossiers.table("ransom", [row, named]))
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    papers = Told(one.path)
    for secret in ("DUPONT", "README_decrypt", "honoraires", "dupont", "cd" * 32, "demande de rançon"):
        assert secret not in papers.text
    counted = "1 texte ressemble faiblement à un message de rançon : non reproduit"
    assert counted in papers.part(5)
    assert counted in papers.part(10)
    assert "Famille supposée une ressemblance faible, non reproduite" in papers.part(5)
    assert "texte (ressemblance faible)" in papers.part(12)
    exhibit = papers.part(12).partition("texte (ressemblance faible)")[2][:120]
    assert " C possible" in exhibit


NOTHING = "rien trouvé par l\u2019outil"


@pytest.mark.parametrize(
    ("tables", "gap", "words"),
    [
        ({}, None, "l\u2019outil n\u2019a pas pu le chercher"),
        ({"ransom": []}, None, NOTHING),
        ({"ransom": []}, "ransom", f"{NOTHING} dans ce qu\u2019il a pu lire"),
        ({"ransom": []}, "sessions", NOTHING),
    ],
)
def test_only_a_whole_search_says_that_there_is_nothing(tmp_path, tables, gap, words):
    """A run that ended before its search, or whose search was cut, found nothing in what it did not read."""
    one = dossiers.unsealed(tmp_path, tables=tables)
    if gap:
        one.gap(gap, Gap(Outcome.OVER_LIMIT, "the time is up", None))
    one.close(outcome="cut_short", reason="time", isolation=dict(made.ISOLATION), same_boot=True)
    papers = Told(one.path)
    letter = flat(papers.part(10))
    assert f"Extension ajoutée aux fichiers {words} Famille" in papers.part(5)
    assert f"Relevé sur le poste : {words}." in letter
    assert f"confirmer) : {words}." in letter
    assert papers.whole.count("Logiciel malveillant (rançongiciel)") == 0, "where it came from is a blank"


@pytest.mark.parametrize(("answered", "told_so"), [({"files": ["unreadable"]}, True), ({"files": []}, False)])
def test_where_the_breach_came_from_is_said_where_something_tells(tmp_path, answered, told_so):
    """A trace of the attack, or a person who saw files that can't be opened; nothing else fills it in."""
    papers = told(tmp_path, answered, tables={"ransom": []})
    assert ("Logiciel malveillant (rançongiciel)" in papers.part(8)) == told_so
    assert ("Logiciel malveillant (rançongiciel)" in papers.part(11)) == told_so
    (tmp_path / "found").mkdir()
    assert "Logiciel malveillant (rançongiciel)" in Told(dossiers.sealed(tmp_path / "found")).part(8)


def test_the_copy_of_a_note_may_name_a_patient(tmp_path):
    """docs/PRIVACY.md: a note may name one; level A, and « possible »."""
    papers = Told(dossiers.sealed(tmp_path))
    assert " A possible" in papers.part(12).partition("message de rançon")[2][:120]


def test_notes_without_a_name_are_kept_apart(tmp_path):
    """Level A tells no path: two notes stay two, and one of which nothing is known is counted."""
    rows = [{"what": "note", "path": None, "sha256": hash_ * 32, "confidence": "high"} for hash_ in ("aa", "bb", "aa")]
    rows.append({"what": "note", "path": None, "sha256": None, "artifact": None, "confidence": "high"})
    papers = told(tmp_path, rows=rows)
    part = papers.part(5)
    assert part.count("nom non relevé (niveau A)") == 2
    assert "Trouvé en 2 endroits" in part
    assert "1 autre endroit, sans nom ni copie" in part
    assert "nom non relevé (niveau A) (2 endroits)" in papers.part(10)


def test_an_extension_that_is_not_printed_is_no_nothing(tmp_path):
    """Part 5 and the complaint say that there is one; part 7 counts its files once."""
    group = {"what": "encrypted", "extension": f".{dossiers.PATIENT}", "count": 34, "folders": 1, "confidence": "low",
             "types": {".pdf": 34}}  # fmt: skip
    tables = {"summary": [{"extensions": {".docx": 20, "other": 36}}], "ransom": [group]}
    papers = told(tmp_path, tables=tables)
    assert "Extension ajoutée aux fichiers une extension non reproduite (confiance faible)" in papers.part(5)
    assert "extension ajoutée aux fichiers : une extension non reproduite (confiance faible)" in papers.part(10)
    assert dossiers.PATIENT not in papers.text
    assert "34 fichiers portent l\u2019extension « … », dans 1 dossier (confiance faible)" in papers.part(7)
    assert "autres types 2 " in papers.part(7) + " "


def test_one_is_said_as_one(tmp_path):
    group = {"what": "encrypted", "extension": ".lockbit", "count": 1, "folders": 1, "confidence": "high"}
    papers = told(tmp_path, rows=[group])
    assert "1 fichier porte l\u2019extension « .lockbit », dans 1 dossier (" in papers.part(7)
    for plural in ("1 fichiers", "1 dossiers", "1 éléments", "1 clés"):
        assert [number for number in (5, 7, 10, 13, 15) if f" {plural}" in papers.part(number)] == []


# Boxes ----------------------------------------------------------------------------------------

YES = dict.fromkeys(("cable", "wifi"), "yes")


@pytest.mark.parametrize(
    ("eyes", "done", "close", "ticked", "note"),
    [
        (YES, None, "ISOLATED", True, "selon ce qui a été vu sur place"),
        ({"cable": "none", "wifi": "yes"}, None, "ISOLATED", True, "vu sur place"),
        ({"cable": "none", "wifi": "none"}, None, "ISOLATED", False, ""),
        ({"cable": "yes", "wifi": "no"}, None, "ISOLATED", False, ""),
        ({"cable": "yes"}, None, "ISOLATED", False, ""),
        ({"cable": "yes", "wifi": "unknown"}, None, "ISOLATED", False, ""),
        (None, ["unplugged"], "ISOLATED", True, "selon les réponses"),
        ({"wifi": "no"}, ["unplugged"], "ISOLATED", False, "mais non, selon ce qui a été vu sur place"),
        (None, ["unplugged"], "CONNECTED", False, "mais à la fin l\u2019outil l\u2019a trouvé connecté"),
        (YES, None, "CONNECTED", False, "mais à la fin l\u2019outil l\u2019a trouvé connecté"),
    ],
)
def test_the_network_is_unplugged_only_where_nothing_speaks_against_it(tmp_path, eyes, done, close, ticked, note):
    papers = told(tmp_path, {} if done is None else {"done": done}, eyes=eyes, close=close)
    found, behind = papers.tick("Réseau débranché (câble, Wi-Fi)")
    assert found is ticked
    assert note in behind


def test_a_connection_in_mid_run_is_told(tmp_path):
    part = told(tmp_path).part(6)
    assert "à la fin : isolé" in part
    assert "pendant la collecte, au pire : relié à un réseau" in part


def test_no_box_is_ticked_for_what_nobody_said(tmp_path):
    """Off and on again by the tool's own finding; a picture, other computers, a call, an empty box of deletions."""
    path_eyes = {"others": "yes"}
    answered = {"done": ["antivirus"], "provider_told": dossiers.moment("2026-11-18T09:00"), **AWARE}
    papers = told(tmp_path, answered, eyes=path_eyes, uptime="no")
    assert papers.tick("ni éteint ni redémarré")[0] is False
    assert "constat de l\u2019outil : NON" in papers.tick("ni éteint ni redémarré")[1]
    assert papers.tick("Rien effacé") == (False, "")
    assert papers.tick("Collègues prévenus")[0] is False
    assert papers.tick("Autres postes débranchés")[0] is True
    assert papers.tick("Informaticien appelé")[0] is True
    assert papers.tick("Éditeur du logiciel du cabinet appelé")[0] is False
    assert "ou de ce qui a été vu sur place" in papers.part(1)


@pytest.mark.parametrize(
    ("uptime", "boot", "done", "ticked", "line"),
    [
        ("yes", "2026-11-17T08:00:00.000000Z", ["photo"], True, "oui"),
        ("yes", None, None, True, "oui"),
        ("yes", "2026-11-18T09:00:00.000000Z", ["photo"], False, "à vérifier : l\u2019ordinateur a démarré après"),
        ("unknown", "2026-11-18T09:00:00.000000Z", None, False, "à vérifier : l\u2019ordinateur a démarré après"),
        ("unknown", "2026-11-17T08:00:00.000000Z", ["photo"], False, "non établi"),
        ("unknown", None, [], False, "non établi"),
        ("unknown", None, ["restarted"], False, "non, selon les réponses"),
        ("yes", None, ["restarted"], False, "à vérifier : oui selon l\u2019outil, mais éteint ou redémarré selon"),
        ("no", "2026-11-18T09:00:00.000000Z", ["restarted"], False, "NON"),
    ],
)
def test_left_on_is_what_the_tool_found_and_nothing_speaks_against(tmp_path, uptime, boot, done, ticked, line):
    """A box left empty is no "it was not restarted"; a start after somebody had noticed is one all the same."""
    one = dossiers.unsealed(tmp_path)
    one.observe("uptime", {"boot_time": boot, "verdict": uptime})
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    dossiers.say(one.path, AWARE if done is None else {**AWARE, "done": done})
    papers = Told(one.path)
    assert papers.tick("ni éteint ni redémarré")[0] is ticked
    assert f"Resté allumé depuis l\u2019attaque {line}" in papers.part(6)


def test_papers_say_what_the_bundle_knows(tmp_path):
    """What a note asks for, who helps, what was found, and that data may be changed: no blank, no invention."""
    contacts = [{"kind": "amount", "value": "0.5 BTC", "checked": False},
                {"kind": "deadline", "value": "72 hours", "checked": False}]  # fmt: skip
    rows = [{"what": "note", "path": "/x/LIRE.txt", "sha256": "a" * 64, "confidence": "high", "contacts": contacts}]
    answered = {**AWARE, "provider": "M. Info, 06 98 76 54 32", "integrity": "yes"}
    papers = told(tmp_path, answered, rows=rows)
    assert "À appeler en premier M. Info, 06 98 76 54 32" in papers.part(0)
    asked = "Somme demandée : 0.5 BTC (d\u2019après le message trouvé). Délai donné : 72 hours (d\u2019après"
    assert asked in papers.part(10)
    assert "Peut-être modifiées : oui" in papers.part(11)
    assert "LIRE.txt" in papers.part(11), "the insurer is told what was found"
    assert "Logiciel malveillant" in papers.part(9)
    (tmp_path / "b").mkdir()
    said = told(tmp_path / "b", {**answered, "amount": "rien", "ultimatum": None}, rows=rows)
    assert "Somme demandée : rien. Délai donné : 72 hours (d\u2019après le message trouvé)" in said.part(10)
    (tmp_path / "c").mkdir()
    assert "Somme demandée : …" in told(tmp_path / "c", AWARE).part(10).replace("\u2026 ", "…")


def test_the_slip_has_what_was_answered(tmp_path):
    """Number of the complaint, place and function stand in the boxes of a dossier's slip; one alone has blanks."""
    path = dossiers.sealed(tmp_path)
    dossiers.say(path, {"police_number": "2026/001234", "address": "12 rue Haute, 33000 Bordeaux", "site": "accueil",
                        "role": "secrétaire"})  # fmt: skip
    bundle = verify_bundle(path)
    facts = facts_of(bundle, ())
    draft = draft_of(facts, rows_of(facts), slip_facts.facts_of(bundle), "fr")
    (slip,) = [block for part in dossier_of(draft).parts for block in part.blocks if isinstance(block, Slip)]
    alone = slip_form.form_of(slip_facts.facts_of(bundle), "fr")
    for said in ("2026/001234", "12 rue Haute, 33000 Bordeaux, accueil", "secrétaire"):
        assert f"value='{said}'" in str(slip.form)
        assert said not in str(alone)


def test_an_ordinary_use_after_the_awareness_is_doubted(tmp_path):
    """A letter is signed: it does not say without a word that all was well after the attack was known."""
    papers = told(tmp_path, {**AWARE, "last_normal": dossiers.moment("2026-11-18T10:00")})
    assert "après le moment où l\u2019attaque a été connue : à corriger" in papers.part(2)
    assert re.search(r"Dernier usage normal : [^.]*10 h [^.]*\(à confirmer\)", papers.part(10))


def test_an_attached_picture_is_no_photograph_of_the_screen(tmp_path):
    path = dossiers.sealed(tmp_path)
    dossiers.attached(path, tmp_path, dossiers.png(40, 90))
    ticked, note = Told(path).tick("Écran photographié")
    assert ticked is False
    assert "une image est jointe aux preuves" in note


def test_deleted_files_are_told(tmp_path):
    ticked, note = told(tmp_path, {"done": ["deleted"]}).tick("Rien effacé")
    assert (ticked, "non, selon les réponses" in note) == (False, True)


@pytest.mark.parametrize("answers", [{"cable": "yes", "wifi": "unknown"}, {}])
def test_what_eyes_were_not_asked_is_a_blank(tmp_path, answers):
    """Absent is a dotted line; `unknown` is « je ne sais pas »."""
    part = told(tmp_path, eyes=answers).part(6)
    assert part.count("je ne sais pas") == len(answers) // 2


# Letters --------------------------------------------------------------------------------------


def test_that_data_may_have_been_read_is_not_printed_as_a_fact(tmp_path):
    papers = told(tmp_path, {"confidentiality": "yes"})
    for number in (8, 9, 11):
        assert "Confidentialité : données peut-être lues ou copiées oui" in papers.part(number)
    assert "Peut-être lues ou copiées par ces personnes : oui" in papers.part(11)
    assert "données lues ou copiées" not in papers.text


def test_letters_say_only_what_answers_and_rows_say(tmp_path):
    """Nothing found, nothing answered: no ransom, no note, no money, no repair, no promise."""
    papers = told(tmp_path, tables={})
    letters = papers.part(10) + papers.part(11)
    for claim in ("demande de rançon", "laissé allumé", "remise en état", "Aucune rançon", "Une rançon est demandée",
                  "illisible", "texte du message", "portefeuilles"):  # fmt: skip
        assert claim not in letters
    assert "recueillies sur le poste en marche" in letters


def test_letters_say_what_was_found_and_answered(tmp_path):
    (tmp_path / "paid").mkdir()
    papers = told(tmp_path, {"paid": "no", "amount": None, "hours": None, "phone": "06 12 34 56 78"})
    letters = papers.part(10) + papers.part(11)
    for claim in ("attaque informatique avec demande de rançon", "Une rançon est demandée", "illisible",
                  "Le texte du message est en annexe", "portefeuilles relevés sont en annexe",
                  "Aucune rançon n\u2019est payée sans vous en parler",
                  "Somme demandée : (je ne sais pas). Délai donné",
                  "Heures de travail perdues : (je ne sais pas). Rendez-vous perdus"):  # fmt: skip
        assert claim in letters
    assert "Aucune rançon" not in told(tmp_path / "paid", {"paid": "yes"}).text


def test_the_private_telephone_is_not_given_to_patients(tmp_path):
    part = told(tmp_path, {"phone": "06 12 34 56 78"}).part(11)
    notice = part.partition("Attaque informatique de notre cabinet")[2].partition("Registre des violations")[0]
    assert len(notice) > 500
    assert "06 12" not in notice
    assert "06 12 34 56 78" in part  # the insurer's letter has it


@pytest.mark.parametrize(("paper", "shown"), [("yes", True), ("no", False), (None, False)])
def test_since_when_on_paper_only_where_it_is_so(tmp_path, paper, shown):
    papers = told(tmp_path, {"paper": paper, "paper_since": dossiers.moment("2026-11-18T09:00")})
    assert ("Sur papier depuis" in papers.part(7)) is shown
    chronology = papers.part(4).partition("Main courante")[0]  # which names what was answered, and claims nothing
    assert ("Sur papier depuis" in chronology) is shown


def test_a_screen_too_many_is_named(tmp_path, monkeypatch):
    """Not left out without a word, as if it had never been taken."""
    monkeypatch.setattr(dossier_rows, "MAX_PICTURES", 0)
    page = flat(Told(dossiers.sealed(tmp_path, picture=dossiers.png())).part(5))
    assert "image non reproduite (forme, taille ou nombre)" in page
    assert "points" not in page, "its size is told of a picture that is drawn"


def test_a_black_picture_takes_no_page(tmp_path):
    path = dossiers.sealed(tmp_path, picture=dossiers.png(pixel=b"\0\0\0"))
    dossiers.attached(path, tmp_path, dossiers.png(9, 9, pixel=b"\0\0\0"))
    papers = Told(path)
    for number in (4, 5):
        assert "image entièrement noire : non imprimée" in papers.part(number)
    assert "<img" not in papers.whole


# Moments --------------------------------------------------------------------------------------


def day(text):
    return answers.moment(paris.day_entered(date.fromisoformat(text)))


def test_a_day_without_an_hour_gets_none(tmp_path):
    """The day of the awareness is not before it, and no hour is invented anywhere."""
    answered = {**AWARE, "cnil_initial": day("2026-11-18"), "complaint": day("2026-11-18"), "insurer_told": None}
    papers = told(tmp_path, answered)
    part = papers.part(2)
    assert part.count("Fait le 18/11/2026.") == 2
    assert "0 h 00" not in papers.text
    assert "est notée avant" not in part
    assert "samedi 21 novembre 2026 à 8 h 30" in part.partition("Compléter")[2]  # 72 hours from the earliest it can be


@pytest.mark.parametrize(("on", "says"), [("2026-11-04", None), ("2026-11-05", "unsure"), ("2026-11-06", "late")])
def test_a_day_is_late_only_where_all_of_it_is(tmp_path, on, says):
    papers = told(tmp_path, {"aware": dossiers.moment("2026-11-02T08:30"), "complaint": day(on)})
    assert ("Heure non précisée : avant ou après l\u2019échéance" in papers.part(2)) is (says == "unsure")
    assert ("Après l\u2019échéance" in papers.part(2)) is (says == "late")


def test_what_was_known_once_is_not_wiped_by_not_knowing(tmp_path):
    """Of two moments, then "I don't know", the earliest counts; and that is a warning."""
    path = dossiers.sealed(tmp_path)
    for aware in (dossiers.moment("2026-11-18T08:30"), dossiers.moment("2026-11-17T09:00"), None):
        dossiers.say(path, {"aware": aware})
    part = Told(path).part(2)
    assert "vendredi 20 novembre 2026 à 9 h" in part
    assert "Moment retenu mardi 17 novembre 2026 à 9 h" in part
    assert "La dernière réponse est « je ne sais pas »" in part
    assert part.count(" oui ") == 1
    assert "aucune date ne peut être calculée" not in part


def test_moments_that_cannot_be_are_warnings_and_tick_no_box(tmp_path):
    answered = {**AWARE, "insurer_told": dossiers.moment("2030-01-02T10:00"), "complaint": day("2026-11-17"),
                "provider_told": dossiers.moment("2026-11-18T09:00"), "order_told": dossiers.moment("2026-11-18T08:00"),
                "last_normal": dossiers.moment("2026-11-17T18:00"),
                "paper": "yes", "paper_since": dossiers.moment("2026-11-17T19:00")}  # fmt: skip
    papers = told(tmp_path, answered)
    part = papers.part(2)
    assert "Assureur prévenu (02/01/2030 10 h 00) : plus tard que la dernière heure des preuves" in part
    assert "Plainte déposée (17/11/2026) : avant le moment où l\u2019attaque a été connue" in part
    assert "Conseil départemental de l\u2019Ordre appelé (18/11/2026 8 h 00) : avant le moment" in part
    assert "Sur papier depuis (17/11/2026 19 h 00) : avant le moment" in part
    assert "Fait le 17/11/2026" not in part
    assert "Noté le 17/11/2026" in part
    assert "Informaticien appelé le 18/11/2026 9 h 00." in part
    assert "Assureur prévenu le 02/01/2030 10 h 00." in part
    assert "Fait le" not in part.partition("17Cyber")[0], "a call is not the whole step, nor the claim"
    assert "Dernier usage normal (" not in part
    for text in ("Assureur appelé", "Plainte déposée, ou", "Conseil départemental"):
        assert papers.tick(text)[0] is False
        assert "à corriger" in papers.tick(text)[1]


def test_an_awareness_to_come_is_a_warning(tmp_path):
    answered = {"aware": dossiers.moment("2027-11-18T08:30"), "complaint": dossiers.moment("2026-11-18T09:00")}
    part = told(tmp_path, answered).part(2)
    assert "Moment où l\u2019attaque a été connue (18/11/2027 8 h 30) : plus tard que" in part


@pytest.mark.parametrize("worst", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00",
                                   "2026-11-18T10:00:00", "1969-12-31T23:59:59Z", "2101-01-01T00:00:00Z"])  # fmt: skip
def test_a_moment_beyond_any_calendar_is_a_blank(tmp_path, worst):
    """In rows, observations and a note's own time: nothing overflows, both papers are written."""
    one = dossiers.unsealed(tmp_path, tables={"system": [{**dossiers.SYSTEM, "boot_time": worst}]})
    one.observe("encryption-start", {"estimate_utc": worst})
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert moment_of(worst) is None
    papers = Told(one.path)
    assert "9999" not in papers.text
    (tmp_path / "out").mkdir()
    assert len(dossier.write(verify_bundle(one.path), tmp_path / "out", "fr").files) == 3


# Demands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answered", "claimed"),
    [
        ({"amount": "rien", "ultimatum": "aucun"}, False),
        ({"amount": "je ne sais pas", "ultimatum": "?"}, False),
        ({"amount": "0 €"}, False),
        ({"leak": "no"}, False),
        ({"amount": "25 000 USD"}, True),
        ({"ultimatum": "72 heures"}, True),
        ({"leak": "yes"}, True),
    ],
)
def test_a_demand_is_claimed_where_a_figure_or_a_yes_tells_of_one(tmp_path, answered, claimed):
    """A text that says "nothing" in its own words puts no ransom into a complaint that is signed."""
    papers = told(tmp_path, answered, tables={})
    assert ("avec demande de rançon" in papers.part(10)) is claimed
    assert ("Une rançon est demandée" in papers.part(11)) is claimed


# Runs that did not end ------------------------------------------------------------------------


def killed(folder, *, verdicts=(), answered=(), tables=None, when="phase"):
    """Return the dossier of a run that was killed: nothing closes it, and it was found connected when it began."""
    one = dossiers.unsealed(folder, tables=tables)
    for verdict in verdicts:
        one.observe("isolation", {"when": when, "verdict": verdict, "reasons": []})
    for group, names in answered:
        one.observe(answers.WHAT, answers.as_data(group, names))
    return Told(one.path)


UNPLUGGED = [("seen", {"done": ["unplugged"]})]


@pytest.mark.parametrize(
    ("verdicts", "ticked", "worst"),
    [
        ((), False, "relié à un réseau"),
        (("ISOLATED",), True, "relié à un réseau"),
        (("ISOLATED", "CONNECTED"), False, "relié à un réseau"),
    ],
)
def test_a_killed_run_that_was_last_seen_connected_ticks_no_network(tmp_path, verdicts, ticked, worst):
    """Without a close the last verdict counts; the worst is at least that of the beginning."""
    papers = killed(tmp_path, verdicts=verdicts, answered=UNPLUGGED)
    found, note = papers.tick("Réseau débranché (câble, Wi-Fi)")
    assert found is ticked
    assert ("mais au dernier relevé l\u2019outil l\u2019a trouvé connecté" in note) is not ticked
    assert f"pendant la collecte, au pire : {worst}" in papers.part(6)


def test_however_many_verdicts_there_are_the_worst_is_kept(tmp_path):
    """Observations are kept in part; the verdict of one that is not kept counts all the same."""
    papers = killed(tmp_path, verdicts=("UNKNOWN", "CONNECTED", *["ISOLATED"] * 60), answered=UNPLUGGED)
    assert papers.tick("Réseau débranché (câble, Wi-Fi)")[0] is True
    assert "au pire : relié à un réseau" in papers.part(6)


def test_the_letter_of_a_run_that_did_not_end_says_so(tmp_path):
    """No dots for a seal code that there is not, no annex that can't be made; the others are numbered anew."""
    letter = flat(killed(tmp_path).part(10))
    assert "Cette collecte n\u2019est pas terminée : elle n\u2019a pas encore de code de fermeture." in letter
    assert "Code de fermeture" not in letter
    assert "bordereau" not in letter
    assert "Annexe 6 : justificatifs du préjudice" in letter
    assert "Annexe 7" not in letter


def test_the_letter_of_a_run_that_ended_has_its_code_and_its_slip(tmp_path):
    path = dossiers.sealed(tmp_path)
    (tmp_path / "out").mkdir()
    dossier.write(verify_bundle(path), tmp_path / "out", "fr")
    page = flat(Page((tmp_path / "out" / "dossier.html").read_text("utf-8")).text)
    assert f"Code de fermeture : {verify_bundle(path).report.seal_code}" in page
    assert "Annexe 6 : bordereau de remise (partie 14)" in page
    assert "Annexe 7 : justificatifs du préjudice" in page
    assert "Cette collecte n\u2019est pas terminée" not in page


@pytest.mark.parametrize(("answered", "asked"), [({}, False), ({"amount": "25 000 USD"}, True)])
def test_extortion_and_what_was_found_only_where_something_tells_of_them(tmp_path, answered, asked):
    one = dossiers.unsealed(tmp_path, tables={}, picture=dossiers.png(pixel=b"\0\0\0"))
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    dossiers.say(one.path, answered)
    letter = flat(Told(one.path).part(10))
    assert ("l\u2019extorsion" in letter) is asked
    assert "(articles 323-1 à 323-3-1 du code pénal)" in letter
    assert ("Annexe 2 : ce qui a été relevé de l\u2019attaque" in letter) is asked
    assert ("Annexe 2 : postes touchés" in letter) is not asked


# Awareness ------------------------------------------------------------------------------------


def test_an_awareness_that_was_taken_back_is_the_same_in_every_part(tmp_path):
    """Part 2 counts from it, so no letter says that it is not known; and the warning says what happened."""
    path = dossiers.sealed(tmp_path)
    for aware in (dossiers.moment("2026-11-18T08:30"), None):
        dossiers.say(path, {"aware": aware})
    papers = Told(path)
    moment = "mercredi 18 novembre 2026 à 8 h 30"
    assert f"Moment retenu {moment}" in papers.part(2)
    assert "La dernière réponse est « je ne sais pas »" in papers.part(2)
    assert "donnait un moment plus tôt" not in papers.part(2)
    for number in (4, 8, 9, 11):
        assert f"{moment} (heure de Paris, UTC+1)dernière réponse : je ne sais pas" in papers.part(number)
    assert "18/11/2026 8 h 30 Moment où l\u2019attaque a été connue" in papers.part(4)
    for number in (10, 11):
        assert f"connue le {moment} (heure de Paris, UTC+1) (à confirmer)," in papers.part(number)
    assert "découverte le 18/11/2026 (à confirmer)." in papers.part(11)
    assert "(je ne sais pas)" not in papers.part(10) + papers.part(11)


ESTIMATE = "le chiffrement a probablement commencé au plus tard le mercredi 18 novembre 2026 à 11 h"
LATER = "après le moment où l\u2019attaque a été connue : à éclaircir"


@pytest.mark.parametrize(
    ("aware", "told_so"),
    [
        (None, True),
        (dossiers.moment("2026-11-18T11:00"), True),
        (dossiers.moment("2026-11-18T10:00"), False),
        (answers.moment(paris.day_entered(date(2026, 11, 18))), True),
        (answers.moment(paris.day_entered(date(2026, 11, 17))), False),
    ],
)
def test_an_estimate_later_than_the_awareness_is_a_contradiction_and_no_fact(tmp_path, aware, told_so):
    """Nobody can have known of it before it began: left out of the letter and the CNIL's field, told in part 2."""
    path = dossiers.sealed(tmp_path, clock={"ntp": "unknown", "timezone": "Europe/Paris", "watch_offset": None})
    dossiers.say(path, {"aware": aware})
    papers = Told(path)
    assert (ESTIMATE in papers.part(10)) is told_so
    assert ("Début de la violation, si connu estimation" in papers.part(8)) is told_so
    assert (LATER not in papers.part(2)) is told_so


def test_a_moment_to_come_is_no_fact_of_a_letter(tmp_path):
    """Dots in the letters; in fields the moment stands with what is wrong with it."""
    to_come = dossiers.moment("2027-11-18T08:30")
    papers = told(tmp_path, {"aware": to_come, "complaint": to_come, "cnil_initial": to_come})
    letters = papers.part(10) + papers.part(11).partition("Registre des violations de données : entrée")[0]
    assert "2027" not in letters
    assert f"connue le {BLANK}" in letters
    assert f"découverte le {BLANK}" in letters
    assert f"Plainte déposée : {BLANK}" in letters
    for number in (4, 8, 9, 11):
        assert "2027 à 8 h 30 (heure de Paris, UTC+1)plus tard que la dernière heure des preuves" in papers.part(number)


# Runs that were stopped -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "why"),
    [("signal", "arrêt demandé"), ("max_time", "temps imparti écoulé"), ("disk_full", "support plein")],
)
def test_what_a_run_that_was_stopped_never_began_is_no_error(tmp_path, reason, why):
    """The outcome of the gap is that of a source that was read in vain; its reason tells that none was begun."""
    one = dossiers.unsealed(tmp_path, tables={})
    for source in ("ransom", "sessions"):
        one.gap(source, Gap(Outcome.FAILED, f"not started: {reason}"))
    one.gap("suspects", Gap(Outcome.FAILED, f"cut short: {reason}"))
    one.gap("services", Gap(Outcome.FAILED, "it could not be read"))
    one.close(outcome="cut_short", reason=reason, isolation=dict(made.ISOLATION), same_boot=True)
    papers = Told(one.path)
    missing = flat(papers.part(12)).partition("Ce qui n\u2019a pas été collecté")[2]
    assert missing.count(f"non commencé : {why}") == 2
    assert missing.count(f"interrompu : {why}") == 1
    assert missing.count("erreur de lecture") == 1
    unsought = "l\u2019outil ne l\u2019a pas cherché, la collecte ayant été arrêtée avant"
    assert f"Extension ajoutée aux fichiers {unsought}" in papers.part(5)
    assert "n\u2019a pas pu le chercher" not in papers.text
    assert f"La collecte a été écourtée ({why})" in papers.part(0)


def test_a_run_that_ended_as_it_should_was_not_cut_short(tmp_path):
    assert "écourtée" not in Told(dossiers.sealed(tmp_path)).text


# Inventory ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encrypted", [False, True])
def test_names_are_called_encrypted_only_where_they_are(tmp_path, encrypted):
    practice = Identity.generate()
    readers = (str(practice.to_public()),) if encrypted else ()
    part = Told(dossiers.sealed(tmp_path, readers=readers), identities=(practice,)).part(12)
    assert ("B dates et noms de fichiers (noms chiffrés), C" in part) is encrypted
    assert ("B dates et noms de fichiers, C" in part) is not encrypted


@pytest.mark.parametrize(
    ("who", "printed"),
    [
        ("Sophie Bernard", "(niveau C) : oui, réponse tapée par Sophie Bernard."),
        (None, "(niveau C) : oui."),
        ("command-line", "(niveau C) : oui, niveau tapé dans la ligne de commande."),
    ],
)
def test_whoever_typed_a_consent_is_not_called_its_giver(tmp_path, who, printed):
    """The screen asks whether the doctor in charge agrees; the bundle knows who typed."""
    one = dossiers.unsealed(tmp_path, tables={})
    one.observe("consent", {"level": "C", "answer": "yes", "who": who})
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    part = Told(one.path).part(12)
    assert printed in part
    assert "donné par" not in part


# What was searched ----------------------------------------------------------------------------

PARTLY = f"{NOTHING} dans ce qu\u2019il a pu lire"


@pytest.mark.parametrize(
    ("scan", "more", "words"), [(None, 0, NOTHING), (["/srv/photos"], 0, PARTLY), ([], 3, PARTLY)]
)
def test_a_search_of_some_folders_found_nothing_in_these_only(tmp_path, scan, more, words):
    one = dossiers.unsealed(tmp_path, tables={"ransom": []})
    one.observe("request", {"scan": scan, "scan_more": more, "level": "B"})
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert f"Extension ajoutée aux fichiers {words} Famille" in Told(one.path).part(5)


@pytest.mark.parametrize(("kind", "words"), [("ransom", PARTLY), ("services", NOTHING)])
def test_a_search_that_was_read_in_part_found_nothing_in_that_part(tmp_path, kind, words):
    """A line of its table that can't be read may be the one that tells of the attack."""
    one = dossiers.unsealed(tmp_path, tables={})
    for name in ("ransom", "services"):
        torn = b"{no row\n" if name == kind else b""
        dossiers._stored(one, name, name, ".jsonl", dossiers.table(name, []) + torn)
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    papers = Told(one.path)
    assert f"Extension ajoutée aux fichiers {words} Famille" in papers.part(5)
    assert "Une partie des tableaux de la collecte n\u2019a pas pu être lue" in papers.part(0)


def journal_rows(page: Told) -> list[str]:
    """Return the rows of the main courante, each as it is read."""
    table = page.whole[page.whole.index("Main courante</h") :].split("<tbody>")[1].split("</tbody>")[0]
    return [flat(Page(row).text) for row in table.split("<tr>")[1:]]


def test_a_changed_answer_is_seen_in_the_main_courante(tmp_path):
    """Paid, then not; one practice, then another: which questions, what was said before, when, both ways."""
    one = dossiers.unsealed(tmp_path)
    one.observe(answers.WHAT, answers.as_data("attack", {"paid": "yes", "leak": None}))
    one.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    dossiers.say(one.path, {"practice": "Cabinet A", "siret": "1"})
    dossiers.say(one.path, {"practice": "Cabinet B", "paid": "no"})
    dossiers.say(one.path, {"practice": None, "paid": "no"})
    before, first, practice, paid, unknown, again = journal_rows(Told(one.path))[:6]
    at = "18/11/2026 12 h 06"
    asked = "2 réponses aux questions : Menace de publier des données ; Paiement."
    assert f"{asked} « Paiement » : réponse changée depuis (entrée 3, {at})." in before
    assert "— —" in before
    assert "2 réponses aux questions : Cabinet ; N° SIRET." in first
    assert f"« Cabinet » : réponse changée depuis (entrée 2, {at})." in first
    changed = f"« Cabinet » : réponse changée. Avant : Cabinet A (entrée 1, {at}). Maintenant : Cabinet B."
    assert f"1 réponse aux questions : Cabinet. {changed}" in practice
    changed = f"« Paiement » : réponse changée. Avant : oui (avant la fermeture, {at}). Maintenant : non."
    assert f"1 réponse aux questions : Paiement. {changed}" in paid
    assert f"Avant : Cabinet B (entrée 2, {at}). Maintenant : je ne sais pas." in unknown
    assert again.endswith("1 réponse aux questions : Paiement.")


def test_no_number_is_missing_in_the_main_courante(tmp_path):
    """Notes, a correction, hand-overs: 1 to the last, each with its line; what other lines are; R1 as on the slip."""
    path = dossiers.sealed(tmp_path)
    for corrects in (None, 1):
        custody.note(path, "à 9 h", made.MadeClock(), dossiers.TOOL, Settled(who="Anne", corrects=corrects))
    for _time in range(2):
        custody.hand_over(path, custody.HandOver(to="M. Expert", by="Anne"), made.MadeClock(), dossiers.TOOL)
    page = Told(path)
    rows = journal_rows(page)[:4]
    assert [row.split()[:2] for row in rows] == [["1", "1"], ["2", "3"], ["3", "6"], ["4", "7"]]
    assert "Corrigée par l\u2019entrée 2." in rows[0]
    assert "Corrige l\u2019entrée 1." in rows[1]
    assert "R1 : preuves remises par Anne à M. Expert" in rows[2]
    assert "R2 : preuves remises par Anne à M. Expert" in rows[3]
    said = flat(page.part(4))
    assert "Lignes du fichier de suivi : 7, dont entrées : 4. Autres lignes, techniques et non montrées : 3." in said
    kind = "précisions sur une entrée, comme l'heure du fait, l'auteur ou ce qu'elle corrige (3)."
    assert kind.replace("'", "\u2019") in said


def test_what_is_said_is_printed_up_to_a_bound_and_what_is_left_out_is_named(tmp_path, monkeypatch):
    """Each entry keeps its row, whatever others say at length; how many texts are missing stands below."""
    monkeypatch.setattr(dossier_account, "MAX_SAID", 1500)
    path = dossiers.sealed(tmp_path)
    for text in ("first words", "\u6f22" * 200, "\u202e" * 300, "x" * 100, "\u6f22" * 200, "last words"):
        custody.note(path, text, made.MadeClock(), dossiers.TOOL)
    part = flat(Told(path, "en").part(4))
    assert "first words" in part
    assert "last words" in part
    assert "x" * 100 in part
    assert (part.count("\u6f22" * 200), part.count("Too long to be printed here")) == (1, 2)
    assert "The text of 2 entries is not printed, for want of room" in part
    monkeypatch.undo()
    whole = flat(Told(path, "en").part(4))
    assert whole.count("\u6f22" * 200) == 2
    assert "for want of room" not in whole


def test_notes_of_any_script_make_a_paper_of_bounded_length(tmp_path):
    """The longest that a person can write, in letters that each take six: the pages stay few."""
    path = dossiers.sealed(tmp_path)
    for _ in range(30):
        custody.note(path, "\u6f22" * 2500, made.MadeClock(), dossiers.TOOL)
    draft = draft_of((facts := facts_of(verify_bundle(path), ())), rows_of(facts), None, "fr")
    (account,) = [one for one in dossier_of(draft).parts if one.number == 4]
    rows = [row for one in account.blocks if isinstance(one, Table) for row in one.rows if row[0].isdecimal()]
    assert [int(row[0]) for row in rows] == [*range(1, 31)]
    said = sum(drawn_length(row[-1]) for row in rows)
    assert MAX_SAID * 0.9 < said < MAX_SAID + 30 * 200
