"""The dossier: what a person said and the bundle holds stands on both papers, and nothing that a patient's name is in.

Real bundles; poppler's pdftotext and pdftoppm read the PDF back.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from html.parser import HTMLParser

import dossiers
import live
import made
import pyrage
import pytest

from collector import custody, deadlines
from collector.deadline_words import moment as in_words
from collector.errors import AlteredError, RefusedError, UsageError
from collector.handover import (
    dossier,
    dossier_answers,
    dossier_html,
    dossier_letter_words,
    dossier_more_words,
    dossier_pdf,
    dossier_words,
)
from collector.handover.dossier_draft import draft_of
from collector.handover.dossier_facts import facts_of
from collector.handover.dossier_form import dossier_of
from collector.handover.dossier_parts import BLANK, Heading
from collector.handover.dossier_rows import rows_of
from collector.questions import QUESTIONS
from collector.verify import verify_bundle

KEY = pyrage.x25519.Identity.generate()
LANGUAGES = ("fr", "en")
FORBIDDEN = re.compile(r"scell|proc[eè]s[ -]?verba|\bpvs?\b|authenti", re.IGNORECASE)
"""What our own paper is never called."""
RUNNING = re.compile(r"^CONFIDENTI|^(?:Dossier|Case)CABINET-7(?:·.*)?(?:page.*)?$|page\d+/\d+$|^(?:Paraphes|Initials)")
"""Lines that stand on every page of the PDF."""
TABLES = (dossier_words.TABLE, dossier_more_words.MORE, dossier_letter_words.LETTERS, dossier_answers.LABELS,
          dossier_answers.EYES, dossier_answers.SEEN, *dossier_answers.OPTIONS.values())  # fmt: skip


class Page(HTMLParser):
    """The texts, tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts, self.tags, self.attributes, self._quiet = [], [], [], False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._quiet = tag in ("style", "title")

    def handle_endtag(self, tag):
        self._quiet = False
        if tag in ("td", "th", "div", "p", "h1", "h2", "span", "li", "dt", "dd"):
            self.texts.append(" ")

    def handle_data(self, data):
        if not self._quiet:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return flat("".join(self.texts))


def flat(text: str) -> str:
    """Return a text with every kind of space as one space."""
    return " ".join(text.split())


def text_of(pdf, *options: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext")
    done = subprocess.run(["pdftotext", *options, pdf, "-"], capture_output=True, check=True)
    return done.stdout.decode()


class Papers:
    """A dossier as it was written."""

    def __init__(self, path, folder, language="fr", keys=()) -> None:
        folder.mkdir(exist_ok=True)
        self.path, self.language = path, language
        self.made = dossier.write(verify_bundle(path), folder, language, keys)
        self.pdf, self.html, self.letter = self.made.files
        self.page = Page(self.html.read_text("utf-8"))
        self.pages = text_of(self.pdf, "-raw").split("\f")[:-1]
        self.text = flat(" ".join(self.pages))

    def part(self, number: int) -> str:
        """Return the text of a part of the page."""
        whole = self.html.read_text("utf-8")
        start = whole.index(f'<article class="part" id="part-{number}">')
        return Page(whole[start:].split("</article>")[0]).text

    def lines(self) -> list[str]:
        """Return the PDF's lines without spaces, and without what stands on each page."""
        lines = [re.sub(r"\s|•", "", line) for page in self.pages for line in page.splitlines()]
        return [line for line in lines if line and not RUNNING.search(line)]


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """Make a bundle with an answer to every question, a corrected awareness, a corrected note and a photograph."""
    folder = tmp_path_factory.mktemp("answered")
    path = dossiers.sealed(folder)
    dossiers.say(path, {"aware": dossiers.moment("2026-11-18T08:00")})
    dossiers.say(path, dossiers.every())
    custody.observe(path, "eyes", dict.fromkeys(dossier_answers.EYES, "yes"), made.MadeClock(), dossiers.TOOL)
    first = custody.note(path, "La secrétaire a vu la page rouge.\nDeuxième ligne.", made.MadeClock(), dossiers.TOOL)
    second = custody.note(path, "Non : c'était le médecin.", made.MadeClock(), dossiers.TOOL)
    data = {"entry": first["seq"], "by": second["seq"]}
    custody.observe(path, "correction", data, made.MadeClock(), dossiers.TOOL)
    dossiers.attached(path, folder, dossiers.png(40, 90))
    dossiers.attached(path, folder, b"%PDF-1.4", "facture.pdf")
    return path


@pytest.fixture(scope="module", params=LANGUAGES)
def papers(request, answered, tmp_path_factory):
    return Papers(answered, tmp_path_factory.mktemp("papers"), request.param)


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    """Nobody said anything."""
    folder = tmp_path_factory.mktemp("blank")
    return Papers(dossiers.sealed(folder), folder / "out")


# What it says ---------------------------------------------------------------------------------


def test_every_answer_stands_on_both_papers(papers):
    """A text as it was typed, a number as a person writes it."""
    wanted = [f"réponse {name}" for name, question in QUESTIONS.items() if question.form == "text"]
    wanted.append("4 321" if papers.language == "fr" else "4,321")
    for text in (papers.text, papers.page.text):
        assert [one for one in wanted if one not in text] == []


def test_each_question_and_option_has_words_of_its_own():
    assert set(dossier_answers.LABELS) == set(QUESTIONS)
    options = {name: {one for one, _ in question.options} for name, question in QUESTIONS.items() if question.options}
    assert {name: set(found) for name, found in dossier_answers.OPTIONS.items()} == options


def test_what_the_bundle_knows_is_filled_in(papers):
    """Machine, attack, journal, codes, exhibits with their fingerprints: on both papers."""
    bundle = verify_bundle(papers.path)
    values = [
        "CABINET-7", "+95 second", "ACCUEIL-2", "OptiPlex 7010", "8XK2LQ3", "Windows 10 22H2", "Sophie Bernard",
        "Éloïse Œuvrard",
        "RESTORE-MY-FILES.txt", ".lockbit", "LockBit", dossiers.ONION, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "Pay 25 000 USD in Bitcoin.", "VeeamBackup", "BITLK", bundle.report.seal_code, bundle.report.seal_sha256,
        "La secrétaire a vu la page rouge.", "Deuxième ligne.", "64 x 36", "sha256sum -c SHA256SUMS",
        "ssh-keygen -Y verify",
        *(stored.sha256 for stored in bundle.inventory.stored.values()),
    ]  # fmt: skip
    for text in (papers.text, papers.page.text):
        joined = text.replace(" ", "")
        assert [value for value in values if value.replace(" ", "") not in joined] == []


def test_both_papers_say_the_same(papers):
    """Each text of the page stands in the PDF, letter for letter in its order, and each line of the PDF on the page."""
    pdf = "".join(papers.lines())
    chunks = [re.sub(r"\s", "", text) for text in papers.page.texts]
    foots = re.compile(r"CONFIDENTI|Paraphes|Initials|page\d|codedefermeture|sealcode|^Dossier|^Case")
    assert [text for text in chunks if text not in pdf and not foots.search(text)] == []
    page = "".join(chunks)
    contents = re.compile(r"^\d+\.\D+\d+$")
    assert [line for line in papers.lines() if line not in page and not contents.search(line)] == []


def test_not_known_is_not_a_blank(blank, tmp_path):
    """What a person does not know is printed as such; what nobody answered is a dotted line."""
    path = shutil.copytree(blank.path, tmp_path / "bundle")
    dossiers.say(path, {"siret": None, "persons": None, "witnesses": None, "complaint": None})
    known = Papers(path, tmp_path / "out")
    assert "je ne sais pas" not in blank.part(3) + blank.part(8) + blank.part(10)
    assert "N° SIRET je ne sais pas" in known.part(3)
    assert "Nombre approximatif de personnes je ne sais pas" in known.part(8)
    assert "Noms : (je ne sais pas)" in known.part(10)
    assert "lettre de la partie 10 postée je ne sais pas" in known.part(1)
    dots = [papers.html.read_text("utf-8").count('class="dots"') for papers in (blank, known)]
    assert dots[0] > dots[1] > 80
    assert f"Noms : {BLANK}" in blank.part(10)


def test_with_no_answers_at_all_it_is_a_form_to_be_filled_in(blank):
    """Every part is there; no date is invented; what the tool found stands there all the same."""
    assert [f"{number}. " in blank.text for number in range(1, 16)] == [True] * 15
    assert "aucune date ne peut être calculée" in blank.part(2)
    assert "2032" not in blank.part(2)
    assert ".lockbit" in blank.part(5)
    assert blank.made.answered == 0


def test_deadlines_are_those_of_the_awareness_and_its_corrections_are_traced(papers):
    """Each time that it was said, with when that was written; the last counts; an earlier one is a warning."""
    part = papers.part(2)
    aware = datetime(2026, 11, 26, 7, 30, tzinfo=UTC)
    for one in deadlines.deadlines(aware, aware):
        if one.due is not None:
            assert flat(in_words(one.due, papers.language)) in part.replace("\u2019", "'")
    said = [
        flat(in_words(datetime(2026, 11, day, 7, minute, tzinfo=UTC), papers.language))
        for day, minute in ((18, 0), (26, 30))
    ]
    assert [one in part for one in said] == [True, True]
    written = "18/11/2026 12 h 06" if papers.language == "fr" else "2026-11-18 12:06"
    assert part.count(written) == 2
    assert ("Une réponse précédente" if papers.language == "fr" else "An earlier answer") in part
    assert part.count("à vérifier" if papers.language == "fr" else "to be verified") >= 11


def test_a_correction_is_shown_as_such(papers):
    """Both entries stay, and each names the other."""
    numbers = re.findall(r"(?:Corrige l.entrée|Corrects entry) (\d+)\.", papers.part(4))
    back = re.findall(r"(?:Corrigée par l.entrée|Corrected by entry) (\d+)\.", papers.part(4))
    assert len(numbers) == len(back) == 1
    assert numbers != back
    for number in numbers + back:
        assert re.search(rf"(?: |^){number} .{{0,40}}18", papers.part(4)) or f"{number} 2026-11-18" in papers.part(4)


def test_the_contents_name_the_pages(papers):
    """The number beside each part is that of the page on which it begins."""
    for number, page in re.findall(r"^(\d+)\. .*?(\d+)$", papers.pages[1], re.MULTILINE):
        assert f"\n{number}. " in "\n" + papers.pages[int(page) - 1].replace("\r", "")
    assert len(re.findall(r"^(\d+)\. .*?(\d+)$", papers.pages[1], re.MULTILINE)) == 15
    count = len(papers.pages)
    assert [f"page {at}/{count}" in page for at, page in enumerate(papers.pages, 1)] == [True] * count


# The letter -----------------------------------------------------------------------------------


def test_the_letter_has_all_that_f34129_asks_for_in_its_order(papers):
    """Civil status and contact, date and place, account, author, witnesses, damage, evidence; it is French, alone."""
    letter = flat(text_of(papers.letter, "-raw"))
    order = ["Nom :", "Né(e) le", "Madame ou Monsieur le procureur", "plainte contre X", "1. Date et lieu",
             "2. Récit", "3. Auteur", "L\u2019auteur m\u2019est inconnu", "4. Témoins", "5. Préjudice", "provisoire",
             "6. Qualification",
             "323-1 à 323-3-1", "312-1", "à confirmer par vos services", "7. Éléments de preuve", "Annexes", "Annexe 1",
             "Annexe 7",
             "récépissé", "Signature"]  # fmt: skip
    places = [letter.index(one) for one in order]
    assert places == sorted(places)
    assert "CONFIDENTIEL" not in letter
    assert "réponse witnesses" in letter
    assert "page 1/" in letter


# Whose names never stand there ----------------------------------------------------------------


def test_no_patients_name_and_no_folder_stands_on_the_papers(papers, blank):
    """Not in counts, journal, gaps, exhibits; of a note its own name and in how many places it was found."""
    for text in (papers.text, papers.page.text, blank.text, blank.html.read_text("utf-8")):
        assert dossiers.PATIENT not in text.replace(" ", "")
        assert "Patients\\" not in text
    assert "Found in 2 places" in papers.part(5) or "Trouvé en 2 endroits" in papers.part(5)
    assert "1,234" in papers.part(7) or "1 234" in papers.part(7)


def test_an_extension_that_may_be_a_name_is_not_printed(tmp_path):
    """One of low confidence: how many files bear it is told, and not what it is."""
    rows = [{"what": "encrypted", "extension": f".{dossiers.PATIENT}", "count": 12, "folders": 3, "confidence": "low",
             "mtime_ns": str(1_794_990_000 * 10**9)}]  # fmt: skip
    papers = Papers(dossiers.sealed(tmp_path, tables={"ransom": rows}), tmp_path / "out")
    assert dossiers.PATIENT not in papers.text + papers.html.read_text("utf-8")
    assert "12 fichiers portent l\u2019extension « … », dans 3 dossiers" in papers.part(7)


def test_our_paper_is_never_called_what_only_others_make(papers, blank):
    """But for the sentence that says so."""
    for language, papers_ in (("fr", blank), (papers.language, papers)):
        says = dossier_more_words.MORE["possession_seal"][LANGUAGES.index(language)]
        for text in (papers_.text, papers_.page.text):
            left = text.replace(flat(says.replace("~", " ").replace("'", "\u2019")), "")
            assert FORBIDDEN.search(left) is None
    letters = flat(text_of(papers.letter))
    assert FORBIDDEN.search(letters) is None


def test_what_is_not_verified_stays_out_or_says_so(blank):
    """No address of the ARS, no alert chain, no number of anybody but 15 and 17; addresses on the web are marked."""
    text = blank.page.text
    assert re.search(r"ESEA|ars\d\d|@ars|0805|09 72|\b0\d( \d\d){4}\b", text) is None
    for address in ("notifications.cnil.fr", "signalement.social-sante.gouv.fr"):
        behind = [text[found.end() :][:60] for found in re.finditer(re.escape(address), text)]
        assert behind
        assert [words for words in behind if "à vérifier" not in words] == []
    for part in (8, 9, 10):
        assert "à vérifier" in blank.part(part)


def test_french_is_set_as_french():
    """No-break spaces before double marks and inside guillemets; apostrophes and ellipses as our tables have them."""
    for table in TABLES:
        for french, english in table.values():
            assert french
            assert english
            assert re.search(r" [:;?!»]|« |[^~\s\d|][;?!»]|\w:(?!\w)", french) is None, french
            assert re.search(r"\b(A la|Ecrit|Elements|Etat|Ecart)\b", french) is None, french
            assert re.search("\\.\\.\\.|[\u2019\u00a0]", french + english) is None, french


@pytest.mark.parametrize("letters", [10, 90, 180, 260, 340, 450])
def test_no_heading_ends_a_page(tmp_path, letters):
    """Whatever the answers are as long as: below a heading stands the first line of what it is the heading of."""
    path = dossiers.sealed(tmp_path)
    dossiers.say(path, dossiers.every(("mot " * 120)[:letters]))
    facts = facts_of(verify_bundle(path), ())
    form = dossier_of(draft_of(facts, rows_of(facts), None, "fr"))
    headings = {flat(block.text) for part in form.parts for block in part.blocks if isinstance(block, Heading)}
    assert len(headings) > 30
    (tmp_path / "x.pdf").write_bytes(dossier_pdf.drawn(form))
    last = [flat(page.strip().rpartition("\n")[2]) for page in text_of(tmp_path / "x.pdf", "-raw").split("\f")[:-1]]
    assert [line for line in last if line in headings] == []


# Whatever the bundle says ---------------------------------------------------------------------

NASTY = '\x1b[31m\u202egpj.exe\u2066\n<script>alert(1)</script>"><img src=x> =1+1 {{7*7}} Łukasz Алла \U0001f600'


def test_hostile_answers_and_names_stay_texts(tmp_path, blank):
    """300 letters everywhere, a long name, a note of 2,300 wide letters: no control, no tag, nothing outside a page."""
    nasty = (NASTY + "W" * 300)[:300].replace("\n", " ")
    path = dossiers.sealed(tmp_path, operator=nasty * 3, host={"hostname": NASTY}, arguments=[NASTY] * 9)
    dossiers.say(path, dossiers.every(nasty.replace("{", "{{").replace("}", "}}")))
    custody.note(path, NASTY + "W" * 2300, made.MadeClock(), dossiers.TOOL)
    papers = Papers(path, tmp_path / "out")
    page = papers.html.read_text("utf-8")
    assert Page(page).tags.count("script") == 0
    assert set(papers.page.tags) == set(blank.page.tags)
    assert addresses_of(papers.page) == []
    for text in ("".join(papers.pages).replace("\f", ""), page):
        assert re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text) is None
    assert "{{7*7}}" in papers.page.text
    assert r"Łukasz \u0410\u043b\u043b\u0430" in papers.text
    assert "Łukasz Алла" in papers.page.text
    assert "la page HTML montre ces lettres" in papers.text
    boxes = text_of(papers.pdf, "-bbox")
    places = re.findall(r'xMax="([\d.]+)" yMax="([\d.]+)"', boxes)
    assert len(places) > 1000
    for right, bottom in places:
        assert float(right) < 595 - 20
        assert float(bottom) < 842 - 12


def addresses_of(page):
    """Return what a page leads to that does not stand in it."""
    addresses = [value for name, value in page.attributes if name in ("src", "href", "data", "action")]
    inside = ("data:image/png;base64,", "data:image/jpeg;base64,", "#part-")
    return [one for one in addresses if not one.startswith(inside)]


def test_the_page_asks_for_nothing_else(papers):
    """No script, no address but pictures that stand in it and places of its own."""
    assert {"script", "link", "iframe", "object"} & set(papers.page.tags) == set()
    assert addresses_of(papers.page) == []
    assert "default-src 'none'" in papers.html.read_text("utf-8")


# Bundles --------------------------------------------------------------------------------------


def test_the_same_bundle_gives_the_same_bytes(answered, tmp_path):
    both = [Papers(answered, tmp_path / name) for name in ("a", "b")]
    assert [path.read_bytes() for path in both[0].made.files] == [path.read_bytes() for path in both[1].made.files]


def test_an_encrypted_bundle_needs_the_practices_key_and_is_complete_with_it(tmp_path, blank):
    """Without a key and with a stranger's: refused, nothing left. With it: what the clear bundle gives, and answers."""
    (tmp_path / "e").mkdir()
    path = dossiers.sealed(tmp_path / "e", readers=(str(KEY.to_public()),))
    dossiers.say(path, {"practice": "Cabinet des Tilleuls"})
    dossiers.attached(path, tmp_path, dossiers.png(30, 30))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UsageError) as refused:
        dossier.write(verify_bundle(path), out, "fr")
    assert "--identity" in refused.value.hint
    with pytest.raises(RefusedError):
        dossier.write(verify_bundle(path), out, "fr", [pyrage.x25519.Identity.generate()])
    assert list(out.iterdir()) == []
    papers = Papers(path, out, keys=[KEY])
    assert "Cabinet des Tilleuls" in papers.text
    assert papers.made.unread == 0
    assert papers.part(5).count("Empreinte SHA-256 du fichier chiffré") == 1
    for number in (6, 7):
        assert papers.part(number).replace("confiance", "") == blank.part(number).replace("confiance", "")
    assert "age -d -i KEY artifacts/" in papers.part(15)
    assert "Sophie Bernard" in papers.text
    assert "chiffré dans" not in papers.part(3)


def test_the_key_is_told_nowhere(tmp_path):
    (tmp_path / "e").mkdir()
    path = dossiers.sealed(tmp_path / "e", readers=(str(KEY.to_public()),))
    key = tmp_path / "key.txt"
    key.write_text(f"{KEY}\n")
    out = tmp_path / "out"
    out.mkdir()
    done = live.run("dossier", path, "--out", out, "--identity", key, "--lang", "en", "--json")
    assert done.code == 0, done.err
    assert done.json["answers"] == 0
    assert sorted(one.name for one in out.iterdir()) == sorted(dossier.NAMES)
    for text in (done.out, done.err, text_of(out / "dossier.pdf"), (out / "dossier.html").read_text("utf-8")):
        assert str(KEY) not in text
    again = live.run("dossier", path, "--out", out, "--identity", key)
    assert again.code == 0
    assert len(list(out.iterdir())) == 6
    assert live.run("dossier", path, "--out", out).code == 2
    assert live.run("dossier", path, "--out", path).code == 2


def test_a_blurred_copy_stands_in_place_of_the_picture(tmp_path):
    """A copy that a person made and attached, under the name that it was given, replaces the original everywhere."""
    path = dossiers.sealed(tmp_path)
    number = next(one for one in dossiers.stored_names(path) if one.endswith(".png")).partition("-")[0].lstrip("0")
    plain = Papers(path, tmp_path / "plain")
    dossiers.attached(path, tmp_path, dossiers.png(pixel=b"\x00\x00\x96"), f"piece-{number}-floutee.png")
    blurred = Papers(path, tmp_path / "blurred")
    pictures = [[value for name, value in papers.page.attributes if name == "src"] for papers in (plain, blurred)]
    assert [len(found) for found in pictures] == [1, 1]
    assert pictures[0] != pictures[1]
    assert f"Pièce n° {number} : une copie floutée est jointe" in blurred.part(5)


def test_a_bundle_that_was_never_closed_is_made_and_marked_on_every_page(tmp_path):
    """Exit 3; no slip, no seal code, and it says why."""
    path = dossiers.unsealed(tmp_path).path
    out = tmp_path / "out"
    out.mkdir()
    done = live.run("dossier", path, "--out", out, "--lang", "fr")
    assert done.code == 3, done.err
    assert "n'a pas été" in done.out or "INCOMPLETE" in done.out
    pages = text_of(out / "dossier.pdf").split("\f")[:-1]
    assert ["COLLECTE NON TERMINÉE" in page for page in pages] == [True] * len(pages)
    assert "aucun bordereau ne peut être établi" in flat(" ".join(pages))


def test_what_was_added_and_is_not_whole_is_told(tmp_path, blank):
    """The run is closed and the last line of custody torn: made, exit 3, and not told as a run that never ended."""
    path = shutil.copytree(blank.path, tmp_path / "bundle")
    custody.note(path, "entière", made.MadeClock(), dossiers.TOOL)
    with (path / "custody.jsonl").open("ab") as chain:
        chain.write(b'{"v":1,"sid"')
    papers = Papers(path, tmp_path / "out")
    assert papers.made.incomplete
    assert "SUIVI INCOMPLET" in papers.pages[0]
    assert "n\u2019a pas été terminée" not in papers.text
    assert "collect note" in papers.part(14)


def test_an_altered_bundle_gives_nothing(tmp_path, blank):
    """Exit 1, changed before the verification or after it; nothing is left."""
    path = shutil.copytree(blank.path, tmp_path / "bundle")
    verified = verify_bundle(path)
    victim = next(one for one in (path / "artifacts").iterdir() if one.name.endswith(".png"))
    data = bytearray(victim.read_bytes())
    data[-20] ^= 1
    victim.write_bytes(data)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AlteredError):
        dossier.write(verified, out, "fr")
    assert live.run("dossier", path, "--out", out).code == 1
    assert list(out.iterdir()) == []


def test_a_full_disk_leaves_nothing(blank, small_disk):
    with pytest.raises(RefusedError):
        dossier.write(verify_bundle(blank.path), small_disk, "fr")
    assert list(small_disk.iterdir()) == []


WORST = (
    None, True, -1, 10**18, "9" * 5000, "\u0663", "x" * 9000, [], [[[]]], {}, {"text": 1},
    {"text": "\ufffd", "hex": "ff"}, [None] * 50,
)  # fmt: skip
"""What a column may hold in a bundle that an attacker wrote."""


@pytest.mark.parametrize("worst", WORST, ids=lambda one: repr(one)[:20])
def test_rows_of_any_form_make_a_dossier(tmp_path, worst):
    """Each column of each table is something else than it should be: what can't be read is a blank."""
    tables = {
        "system": [{**dict.fromkeys(dossiers.SYSTEM, worst), "users": worst}, worst],
        "footprint": [dict.fromkeys(dossiers.FOOTPRINT, worst)],
        "services": [{"name": worst, "state": "stopped", "state_expected": "running"}],
        "recent-files": [{"path": worst, "judged": ["encrypted"]}, {"path": "/a", "judged": worst}],
        "summary": [{"extensions": worst, "left_out": worst}, {"extensions": {"docx": worst, "other": worst}}],
        "ransom": [
            *({**dict.fromkeys(one, worst), "what": one["what"]} for one in dossiers.ransom_rows("x")),
            {"what": worst},
            {"what": "extension", "extension": worst, "reasons": ["ordinary"], "count": worst},
            {"what": "note", "path": "/n", "contacts": [{"kind": worst, "value": worst}], "artifact": "x"},
        ],
    }  # fmt: skip
    facts = facts_of(verify_bundle(dossiers.sealed(tmp_path, tables=tables)), ())
    draft = draft_of(facts, rows_of(facts), None, "fr")
    page = dossier_html.drawn(dossier_of(draft)).decode()
    assert len(page) > 10_000
    assert ("n\u2019a pas pu être lue" in page) is (not isinstance(worst, dict))  # a row that is none is told
