"""The bordereau de remise: what it says is what the bundle says, in both languages, whatever the bundle says.

Real programs read the papers back: pdftotext and pdftoppm (poppler-utils), zbarimg (zbar-tools), sh.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
import subprocess
import unicodedata
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import live
import made
import pytest
import vectors

from collector import age, bundle, custody, disk, seal, signing, vocabulary
from collector.anchors import Trusted
from collector.errors import AlteredError, NotClosedError, RefusedError, UsageError
from collector.handover import slip, slip_form, slip_html, slip_parts, slip_pdf, slip_words
from collector.handover.slip_facts import MAX_GAP_LINES, MAX_TRANSFERS, facts_of
from collector.model import Gap, Outcome
from collector.verify import verify_bundle

if TYPE_CHECKING:
    from pathlib import Path

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
LANGUAGES = ("fr", "en")
FORBIDDEN = re.compile(r"scell|proc[eè]s[ -]?verba|\bpvs?\b|authenti", re.IGNORECASE)
"""What our own paper and bundle are never called."""
HOST = {
    "architecture": "x86_64", "hostname": "ACCUEIL-2", "kernel": "6.1.0-28", "machine_id": "0" * 32,
    "maker": "Dell Inc.", "model": "OptiPlex 7010", "os": "Debian GNU/Linux", "serial": "8XK2LQ3", "version": "12",
}  # fmt: skip
NASTY = (
    "</td></div><script>alert(1)</script>\n\r\t\x1b[31m\x00\u202eretsiger\u202c\u2066\u200b'\"&{{7*7}}{nb}{number}"
    "Z\u0351\u0352\u0353\u0354\u0355\u0356\u0357algo \u05d0\u05d1 \u4e2d\ufdfd\U0001f4a3\u0153"
)


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")


def opened(folder: Path, case: str = "CABINET-7", **fields: object) -> bundle.Bundle:
    opening = {**made.opening(case), "host": HOST, "witness": "Éloïse Œuvrard", "operator": "Anne Lefèvre"}
    opening["clock"] = {"ntp": "synchronized", "timezone": "Europe/Paris"}
    opening["arguments"] = ["--case", "CABINET-7", "--out", "/media/clé de collecte"]
    opening.update(fields)
    return bundle.create(folder, "CABINET-7_x", opening, made.README, made.key(), made.MadeClock(), made.SID)


def filled(one: bundle.Bundle, gaps: int = 3) -> Path:
    for name in ("processes", "connections"):
        file = one.artifact(name, name, ".jsonl", "test")
        file.write(b'{"kind":"%s"}\n' % name.encode() + b" " * 700_000)
        one.finish(file, rows=0)
    for number in range(gaps):
        source = ("screen", "recent-files", "dns")[number % 3] if gaps < 10 else f"source-{number % 40}"
        one.gap(source, Gap((Outcome.ABSENT, Outcome.DENIED)[number % 2], "a reason"))
    one.close(outcome="complete", reason=None, isolation={**made.ISOLATION, "run": "CONNECTED"}, same_boot=True)
    return one.path


def handed(path: Path, times: int, text: str = "Gendarmerie nationale, brigade de Mérignac") -> Path:
    clock = made.MadeClock()
    for number in range(times):
        said = custody.HandOver(f"{text} {number}", "Dr Lefèvre", "enquêteur", "plainte", "Bordeaux", "intacte, E-12")
        custody.hand_over(path, said, clock, TOOL)
    return path


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Path:
    """5,000 gaps and 40 hand-overs: their records, without two verifications for each."""
    path = filled(opened(tmp_path_factory.mktemp("long")), 5000)
    fields = {"by": "Dr Lefèvre", "role": "enquêteur", "reason": "plainte", "place": "Bordeaux", "condition": "E-12"}
    checked = {"verdict": "UNANCHORED", "files": 2, "bytes": 1_400_044}
    with custody._opened(path, made.MadeClock(), TOOL) as ledger:
        for number in range(40):
            said = {"by": fields["by"], "to": f"Gendarmerie nationale, brigade de Mérignac {number}", **fields}
            ledger.append("handover", {**said, "checked": checked})
    return path


def received(path: Path, folder: Path) -> str:
    """Countersign a receipt with a stock key; return the fingerprint as ssh-keygen says it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "expert"], check=True)
    said = custody.HandOver("Maître Élodie Œil")
    custody.receive(path, said, lambda text: signing.signed(text, folder / "expert"), made.MadeClock(), TOOL)
    told = subprocess.run(["ssh-keygen", "-lf", folder / "expert.pub"], capture_output=True, text=True, check=True)
    return told.stdout.split()[1]


def form(path: Path, language: str = "fr") -> slip_form.Form:
    return slip_form.form_of(facts_of(verify_bundle(path)), language)


def text_of(pdf: bytes, *options: str) -> str:
    needs("pdftotext")
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def pages_of(pdf: bytes) -> int:
    return text_of(pdf).count("\f")


class Read(HTMLParser):
    """The texts, tags and attributes of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.texts, self.tags, self.attributes = [], [], []
        self.feed(page.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def flat(text: str) -> str:
    """Return a text with every kind of space as one space."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return handed(filled(opened(tmp_path_factory.mktemp("plain"))), 2)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """Every text that an attacker can choose is chosen."""
    long = NASTY + "x" * 5000
    host = dict.fromkeys(HOST, long[:1500])
    clock = {"ntp": NASTY, "timezone": long}
    made_bundle = opened(
        tmp_path_factory.mktemp("hostile"), "W" * 64, operator=long, witness={"text": "\ufffd\x1b", "hex": "ff1b"},
        host=host, clock=clock, arguments=[NASTY] * 20,
        tool={**TOOL, "version": "<b>" + "9" * 190, "privileges": "z" * 40},
    )  # fmt: skip
    path = filled(made_bundle)
    said = custody.HandOver(*[(NASTY + "W" * 500)[:500]] * 6)
    for _ in range(8):
        custody.hand_over(path, said, made.MadeClock(), TOOL)
    return path.rename(path.with_name(NASTY.replace("/", "").replace("\0", "")[:60] + "W" * 100))


# What it says ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["pdf", "html"])
def test_every_fact_of_the_bundle_stands_on_the_paper(plain, tmp_path, kind, language):
    """Fields of ISO 27037 and of the French form: each value, each label of a blank, on both papers."""
    path = shutil.copytree(plain, tmp_path / plain.name)
    key = received(path, tmp_path)
    drawn = form(path, language)
    text = flat(text_of(slip_pdf.drawn(drawn), "-layout") if kind == "pdf" else Read(slip_html.drawn(drawn)).text)
    checkpoint = hashlib.sha256((path / "checkpoint").read_bytes()).hexdigest()
    manifest = hashlib.sha256((path / "manifest.jsonl").read_bytes()).hexdigest()
    first = hashlib.sha256((path / "manifest.jsonl").read_bytes().split(b"\n")[0]).digest()
    groups = [seal.code(first).split("-"), seal.code(bytes.fromhex(checkpoint)).split("-")]
    values = [
        "CABINET-7", "CABINET-7_x", "Anne Lefèvre", "Éloïse Œuvrard", "ACCUEIL-2", "Dell Inc.", "OptiPlex 7010",
        "8XK2LQ3", "Debian GNU/Linux 12 6.1.0-28", "Europe/Paris", "evidence-collector 0", "0" * 64,
        "--case CABINET-7 --out '/media/clé de collecte'", "11:06:40 UTC", "(UTC+01:00)", "SHA256:fe85JkIjo8",
        " ".join(groups[0][:4]), " ".join(groups[0][4:]), " ".join(groups[1][:4]), " ".join(groups[1][4:]),
        *(" ".join(value[at : at + 4] for at in range(0, 64, 4)) for value in (checkpoint, manifest)),
        "Maître Élodie Œil", "enquêteur", "Bordeaux", key,
    ]  # fmt: skip
    assert [value for value in values if value not in text] == []
    said = slip_form.Words(language)
    labels = [
        "title", "item", "envelope", "nature", "maker", "model", "serial", "capacity", "place", "function", "witness",
        "clock_computer", "clock_watch", "clock_drift", "privileges", "root", "method_1", "changes_1", "changes_2",
        "changes_3", "gaps", "limits_1", "limits_2", "limits_3", "secrecy_call", "secrecy_1", "private_paper",
        "keep_until", "returned", "destroyed", "made_operator", "made_witness", "CONNECTED", "stayed_on",
        "synchronized", "digests", "not_encrypted", "unanchored", "chain_says", "handover",
    ]  # fmt: skip
    assert [name for name in labels if flat(said(name)) not in text] == []
    sizes = ("1,4 Mo (1 400 044 octets)",) if language == "fr" else ("1.4 MB (1,400,044 bytes)",)
    assert [size for size in sizes if size not in text] == []


def test_gaps_are_counted_by_source_and_outcome(plain):
    """Each source in plain words with why and how often."""
    text = Read(slip_html.drawn(form(plain))).text.replace("\u00a0", " ")
    assert "3 éléments attendus n\u2019ont pas été obtenus :" in text
    assert "images des écrans : absent" in text
    assert "fichiers récents : accès refusé" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_paper_is_never_called_what_only_others_make(plain, hostile, language):
    """Neither in any sentence of the table nor on a whole paper."""
    column = LANGUAGES.index(language)
    tables = (slip_words.TABLE, vocabulary.SOURCES, vocabulary.OUTCOMES)
    assert [pair for table in tables for pair in table.values() if FORBIDDEN.search(pair[column])] == []
    for path in (plain, hostile):
        drawn = form(path, language)
        assert FORBIDDEN.search(text_of(slip_pdf.drawn(drawn))) is None
        assert FORBIDDEN.search(Read(slip_html.drawn(drawn)).text) is None


def test_french_is_set_as_french(plain):
    """No-break spaces before double marks and inside guillemets, typographic apostrophes, capitals with accents."""
    for french, english in (*slip_words.TABLE.values(), *vocabulary.SOURCES.values(), *vocabulary.OUTCOMES.values()):
        assert french
        assert english
        assert re.search(r" [:;?!»]|« |[^~\s\d][;?!»]|\w:(?!\w)", french) is None, french
        assert re.search(r"\b(A la|Ecrit|Elements|Etat|Ecart)\b", french) is None, french
        assert re.search("\\.\\.\\.|[\u2019\u00a0]", french + english) is None, french
    text = Read(slip_html.drawn(form(plain))).text
    assert "'" not in text.replace("'/media/clé de collecte'", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_on_the_paper_verify_the_bundle(plain, language):
    """What is printed is typed into a shell in the folder; a changed byte is seen by it."""
    page = slip_html.drawn(form(plain, language)).decode()
    commands = [re.sub(r"&lt;", "<", command) for command in re.findall(r"<code>(.*?)</code>", page, re.DOTALL)]
    assert len(commands) == 3
    done = [
        subprocess.run(["sh", "-c", one], cwd=plain, capture_output=True, text=True, check=True).stdout
        for one in commands
    ]
    assert done[0].count(": OK") == done[0].count("\n") == 8
    assert done[1].startswith("Good ")
    assert done[2].strip() in text_of(slip_pdf.drawn(form(plain, language))).replace(" ", "").replace("\n", "")


def test_the_codes_are_read_from_the_paper_by_a_telephone(plain, tmp_path):
    """The picture of the first page holds two QR codes: the digests in full."""
    needs("pdftoppm", "zbarimg")
    (tmp_path / "x.pdf").write_bytes(slip_pdf.drawn(form(plain)))
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-f", "1", "-l", "1", "x.pdf", "page"], cwd=tmp_path, check=True)
    command = ["zbarimg", "-q", "--raw", "page-1.png"]
    read = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    codes = facts_of(verify_bundle(plain)).codes
    assert sorted(read.stdout.split()) == sorted([codes.start_sha256.upper(), codes.seal_sha256.upper()])


def test_both_papers_draw_the_same_codes(plain):
    """The path of the page's QR code covers exactly the modules of the PDF's."""
    page = Read(slip_html.drawn(form(plain)))
    codes = facts_of(verify_bundle(plain)).codes
    drawn = [value for name, value in page.attributes if name == "d"]
    for path, sha256 in zip(drawn, (codes.start_sha256, codes.seal_sha256), strict=True):
        _, dark = slip_html.runs(sha256)
        assert path == "".join(f"M{x} {y}h{length}v1h-{length}z" for y, x, length in dark)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_is_printed_as_it_is_written(tmp_path, language):
    """Hélène, however her accents are stored; a letter that the PDF's fonts lack is escaped there, and it says so."""
    escapes = flat(slip_form.Words(language)("escapes"))
    for number, stored in enumerate((unicodedata.normalize("NFD", "Hélène Œuvrard"), "Hélène Œuvrard")):
        (tmp_path / str(number)).mkdir()
        drawn = form(filled(opened(tmp_path / str(number), operator=stored)), language)
        text = flat(text_of(slip_pdf.drawn(drawn)))
        assert "Hélène Œuvrard" in text
        assert escapes not in text
    drawn = form(filled(opened(tmp_path, operator="Nguyễn Łukasz Алла")), language)
    text = flat(text_of(slip_pdf.drawn(drawn)))
    assert r"Nguyễn Łukasz \u0410\u043b\u043b\u0430" in text
    assert escapes in text
    page = Read(slip_html.drawn(drawn)).text
    assert "Nguyễn Łukasz Алла" in page
    assert escapes not in page


# Whatever the bundle says ---------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_texts_stay_texts(plain, hostile, language):
    """No control or direction character on either paper; on the page no tag or attribute that a plain one has not."""
    drawn = form(hostile, language)
    page = slip_html.drawn(drawn)
    texts = (page.decode().replace("\n", ""), text_of(slip_pdf.drawn(drawn)).replace("\n", "").replace("\f", ""))
    for text in texts:
        assert [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs")] == []
        assert r"\u202e" in text
        assert r"\x1b" in text
    assert "{{7*7}}{nb}{number}" in texts[1]
    usual, got = Read(slip_html.drawn(form(plain, language))), Read(page)
    assert set(got.tags) <= set(usual.tags)
    assert "script" not in got.tags
    assert {name for name, _ in got.attributes} <= {name for name, _ in usual.attributes}
    assert "</td></div><script>" in got.text
    assert "{{7*7}}" in got.text
    assert re.search("[\u0300-\u036f]{3}", got.text) is None


def test_the_page_asks_for_nothing(hostile):
    """No script, link, picture or address of anything elsewhere."""
    page = Read(slip_html.drawn(form(hostile)))
    assert {"script", "link", "img", "iframe", "object", "a", "form", "base"}.isdisjoint(page.tags)
    assert {"src", "href", "onload", "action", "srcset"}.isdisjoint(name for name, _ in page.attributes)
    style = page.text[: page.text.index("Bordereau de remise")]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("which", ["plain", "hostile", "long"])
def test_nothing_leaves_its_place(which, plain, hostile, long):
    """Every word of the PDF lies inside the printed area, and the pages are three."""
    pdf = slip_pdf.drawn(form({"plain": plain, "hostile": hostile, "long": long}[which]))
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", text_of(pdf, "-bbox")))
    pages = [page for page in root.iter() if page.tag.endswith("page")]
    assert len(pages) == 3
    points = 72 / 25.4
    for word in (word for page in pages for word in page):
        assert float(word.get("xMin")) >= (slip_pdf.LEFT - 0.1) * points, word.text
        assert float(word.get("xMax")) <= (slip_pdf.LEFT + slip_pdf.WIDTH + 0.1) * points, word.text
        assert float(word.get("yMax")) <= 292 * points, word.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_names_the_whole_case(hostile, language):
    """Pages that are torn apart: the widest case there can be, 64 letters, and the seal code stand on each of them."""
    drawn = form(hostile, language)
    pages = text_of(slip_pdf.drawn(drawn), "-layout").split("\f")[:3]
    code = facts_of(verify_bundle(hostile)).codes.seal_code
    said = slip_form.Words(language)
    assert ["W" * 64 in page and code in page for page in pages] == [True] * 3
    assert "".join(re.findall("W+", pages[0].split(said("medium"))[0])) == "W" * 64, "the box at the top has it, too"
    feet = Read(slip_html.drawn(drawn)).text
    assert feet.count(flat(f"{said('case_foot', case='W' * 64)} {said('initials')}")) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_label_is_cut(tmp_path, language):
    """An encrypted bundle has the longest ones: each says why its box is blank."""
    path = filled(opened(tmp_path, recipients=[age.new_identity()[1]]))
    drawn = form(path, language)
    text = flat(text_of(slip_pdf.drawn(drawn)))
    rows = [block for page in drawn.pages for section in page for block in section.blocks]
    labels = [
        f"{box.label} ({box.note})" if box.note else box.label
        for row in rows if isinstance(row, slip_parts.Boxes) for box in row.boxes
    ]  # fmt: skip
    assert [label for label in labels if flat(label) not in text] == []


def test_many_hand_overs_and_gaps_are_bounded(long):
    """The first and the latest are kept, what is left out is counted, and rows to go on by hand are there."""
    facts = facts_of(verify_bundle(long))
    assert [one.number for one in facts.transfers] == [1, *range(12, 41)]
    assert (len(facts.transfers), facts.more_transfers) == (MAX_TRANSFERS, 10)
    found = facts.collected
    assert (found.gaps, len(found.missing)) == (5000, MAX_GAP_LINES)
    assert found.more_gaps == 5000 - sum(times for _, why in found.missing for _, times in why)
    drawn = slip_form.form_of(facts, "fr")
    assert pages_of(slip_pdf.drawn(drawn)) == 3
    page = Read(slip_html.drawn(drawn))
    assert page.attributes.count(("class", "full")) + page.attributes.count(("class", "small")) == MAX_TRANSFERS
    assert page.attributes.count(("class", "empty")) >= 3
    assert ("class", "empty") in page.attributes
    assert "10 lignes suivantes ne sont pas reproduites ici" in page.text.replace("\u00a0", " ")


def test_a_run_that_was_cut_short_says_so(tmp_path):
    """Reason, resumes and a network that was not judged."""
    one = opened(tmp_path)
    one.close(outcome="cut_short", reason="max_time", isolation=dict.fromkeys(made.ISOLATION), same_boot=False)
    facts = facts_of(verify_bundle(one.path))
    resumed = dataclasses.replace(facts, collected=dataclasses.replace(facts.collected, resumes=2))
    text = Read(slip_html.drawn(slip_form.form_of(resumed, "fr"))).text.replace("\u00a0", " ")
    assert "Collecte écourtée : temps imparti écoulé." in text
    assert "interrompue puis reprise 2 fois, chaque fois avec une nouvelle clé" in text
    assert "constat le moins favorable de la collecte : non relevé" in text
    assert "Tout ce qui était attendu a été obtenu." in text
    assert "0 fichier relu" in text


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_clock_that_stood_anywhere_breaks_no_paper(plain, year):
    """The first and the last year that a record can bear."""
    facts = facts_of(verify_bundle(plain))
    ended = dataclasses.replace(facts.ended, utc=f"{year}-06-30T11:06:40.000000Z", local=f"{year}-06-30T11:06:40+00:00")
    drawn = slip_form.form_of(dataclasses.replace(facts, ended=ended, started=ended), "fr")
    assert pages_of(slip_pdf.drawn(drawn)) == 3
    assert slip_html.drawn(drawn)


def test_an_encrypted_bundle_leaves_visible_blanks(tmp_path):
    """Operator, witness, machine and command line: a blank that says why; recipients and hand-overs are told."""
    recipients = [age.new_identity()[1] for _ in range(6)]
    path = handed(filled(opened(tmp_path, recipients=recipients)), 1)
    facts = facts_of(verify_bundle(path))
    machine = facts.machine
    hidden = (facts.operator, facts.witness, facts.tool.arguments, machine.name, machine.maker, machine.model)
    assert all(entry.hidden and not entry.text for entry in (*hidden, machine.serial, machine.system))
    for language, note in (("fr", "(chiffré : à remplir à la main)"), ("en", "(encrypted: fill in by hand)")):
        drawn = form(path, language)
        assert Read(slip_html.drawn(drawn)).text.replace("\u00a0", " ").count(note) == 8
        for text in (flat(text_of(slip_pdf.drawn(drawn), "-layout")), slip_html.drawn(drawn).decode()):
            assert "Lefèvre" in text  # of the hand-over, which is clear
            assert "Anne" not in text
            assert "ACCUEIL" not in text
            assert f"{recipients[0][:12]}…{recipients[0][-8:]}" in text
            assert recipients[0] not in text
        assert pages_of(slip_pdf.drawn(drawn)) == 3


def test_a_signature_counts_for_its_own_receipt_only(plain, tmp_path):
    """Of a hand-over, a countersigned receipt and a hand-over after it, the receipt alone has the key."""
    path = shutil.copytree(plain, tmp_path / plain.name)
    key = received(path, tmp_path)
    handed(path, 1)
    facts = facts_of(verify_bundle(path))
    assert [one.key for one in facts.transfers] == [None, None, key, None]
    assert [one.received for one in facts.transfers] == [False, False, True, False]


# Made once, the same each time, from what holds only ------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_bundle_gives_the_same_bytes(plain, tmp_path, language):
    """In two processes, of a copy, under other settings of the system."""
    copy = shutil.copytree(plain, tmp_path / plain.name)
    made_by = []
    for number, settings in enumerate(({"TZ": "UTC", "LC_ALL": "C"}, {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"})):
        (tmp_path / str(number)).mkdir()
        args = ("slip", (plain, copy)[number], "--out", tmp_path / str(number), "--lang", language)
        done = live.run(*args, env=live.environment(**settings, PYTHONHASHSEED=str(number)))
        assert done.code == 0, done.err
        made_by.append({path.name: path.read_bytes() for path in (tmp_path / str(number)).iterdir()})
    assert made_by[0] == made_by[1]
    assert sorted(made_by[0]) == ["CABINET-7_x-bordereau.html", "CABINET-7_x-bordereau.pdf"]
    assert f'lang="{language}"'.encode() in made_by[0]["CABINET-7_x-bordereau.html"]


def test_papers_take_no_name_and_touch_no_bundle(plain, tmp_path):
    """Names that are taken, by a link too, stay what they are; both papers get the next number."""
    before = vectors.snapshot(plain)
    (tmp_path / "CABINET-7_x-bordereau.html").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "CABINET-7_x-bordereau-2.pdf").write_bytes(b"mine")
    pdf, html = slip.write(verify_bundle(plain), tmp_path, "fr")
    assert (pdf.name, html.name) == ("CABINET-7_x-bordereau-3.pdf", "CABINET-7_x-bordereau-3.html")
    assert len(list(tmp_path.iterdir())) == 4
    assert (tmp_path / "CABINET-7_x-bordereau-2.pdf").read_bytes() == b"mine"
    (tmp_path / "CABINET-7_x-bordereau-4.html.part").write_bytes(b"half")
    assert slip.write(verify_bundle(plain), tmp_path, "fr")[0].name == "CABINET-7_x-bordereau-5.pdf"
    assert (tmp_path / "CABINET-7_x-bordereau-4.html.part").read_bytes() == b"half"
    assert vectors.snapshot(plain) == before


@pytest.mark.parametrize("where", ["", "artifacts", "../CABINET-7_x/artifacts", "nowhere"])
def test_papers_never_stand_inside_the_bundle(plain, where):
    """They would be an extra file there; nor is a folder made."""
    before = vectors.snapshot(plain)
    with pytest.raises(UsageError):
        slip.write(verify_bundle(plain), plain / where, "fr")
    assert vectors.snapshot(plain) == before


def test_a_paper_that_has_its_name_is_whole(plain, tmp_path, monkeypatch):
    """Until the last byte of both is on the medium, neither has the name that somebody would print."""
    real, seen = disk.sync, []

    def looked(fd):
        real(fd)
        seen.append(sorted(path.suffix for path in tmp_path.iterdir()))

    monkeypatch.setattr(disk, "sync", looked)
    pdf, html = slip.write(verify_bundle(plain), tmp_path, "fr")
    assert seen == [[".part"], [".part", ".part"]]
    assert sorted(tmp_path.iterdir()) == sorted((pdf, html))


def test_papers_are_taken_back_where_one_can_t_get_its_name(plain, tmp_path, monkeypatch):
    """The second name is taken in between, or the medium refuses: the first is gone again."""
    real = disk.rename

    def refused(pair):
        if pair[1].suffix == ".html":
            raise disk.translated(OSError(5, "no"))
        real(pair)

    monkeypatch.setattr(disk, "rename", refused)
    with pytest.raises(RefusedError):
        slip.write(verify_bundle(plain), tmp_path, "fr")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file_leaves_nothing(plain, tmp_path, monkeypatch):
    """The second paper does not fit: the first is taken away again."""
    real, calls = disk.sync, []

    def full(fd):
        calls.append(fd)
        if len(calls) == 2:
            raise disk.translated(OSError(28, "full"))
        real(fd)

    monkeypatch.setattr(disk, "sync", full)
    with pytest.raises(RefusedError):
        slip.write(verify_bundle(plain), tmp_path, "fr")
    assert list(tmp_path.iterdir()) == []


def test_no_slip_is_made_of_what_does_not_hold(plain, tmp_path):
    """Altered: 1. Never sealed, or custody torn: 3. No bundle: 2. Nothing is written."""
    out = tmp_path / "out"
    out.mkdir()
    altered = shutil.copytree(plain, tmp_path / "altered")
    with (altered / "artifacts/000001-processes.jsonl").open("r+b") as file:
        file.write(b"?")
    torn = shutil.copytree(plain, tmp_path / "torn")
    with (torn / "custody.jsonl").open("ab") as file:
        file.write(b'{"v":1')
    (tmp_path / "u").mkdir()
    unsealed = made.unsealed(tmp_path / "u").path
    for path, code in ((altered, 1), (torn, 3), (unsealed, 3), (out, 2)):
        done = live.run("slip", path, "--out", out)
        assert (done.code, done.out) == (code, ""), path
        live.assert_no_crash(done.err)
    assert list(out.iterdir()) == []
    with pytest.raises(NotClosedError):
        facts_of(verify_bundle(torn))


@pytest.mark.parametrize("name", ["manifest.jsonl", "custody.jsonl"])
def test_what_changed_after_the_verification_is_refused(plain, tmp_path, name):
    """A file that is swapped between the verification and the reading for the paper."""
    path = shutil.copytree(plain, tmp_path / plain.name)
    verified = verify_bundle(path)
    text = (path / name).read_bytes()
    (path / name).write_bytes(text.replace(b"Europe/Paris", b"Europe/Rome_").replace(b"Bordeaux", b"Bordeauy"))
    with pytest.raises(AlteredError):
        facts_of(verified)
    (path / name).unlink()
    with pytest.raises(RefusedError):
        facts_of(verified)


def test_what_was_confirmed_from_outside_is_said(plain, tmp_path):
    """With the seal code from paper the slip says so, with a wrong one nothing is made."""
    code = verify_bundle(plain).report.seal_code
    facts = facts_of(verify_bundle(plain, Trusted(seal_code=code)))
    assert "Confirmé de l\u2019extérieur" in Read(slip_html.drawn(slip_form.form_of(facts, "fr"))).text
    done = live.run("slip", plain, "--out", tmp_path, "--seal-code", "A" * 32)
    assert done.code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_any_name_gives_a_name_of_our_own(hostile, tmp_path):
    """The papers' names have our own alphabet only."""
    pdf, html = slip.write(verify_bundle(hostile), tmp_path, "en")
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,170}", path.name) for path in (pdf, html))


def test_json_names_the_papers(plain, tmp_path):
    """One object on standard output, whose paths are there."""
    done = live.run("slip", plain, "--out", tmp_path, "--json")
    assert done.code == 0
    assert {tmp_path / name for name in (done.json["pdf"], done.json["html"])} == set(tmp_path.iterdir())
