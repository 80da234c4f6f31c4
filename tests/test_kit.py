"""The kit: laid out whole or not at all, never with a private key, and refused once a byte of it is another."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import kits
import live
import pytest
from test_guided import Screen

from collector import host, kit, tool
from collector.cli import kitting
from collector.errors import KitError, UsageError
from collector.handover import kit as making
from collector.handover import kit_sheets, kit_start
from collector.ui import messages

CONTACT = "Mme Hélène Lefèvre-Dubois, 06 12 34 56 78"
OWN = ("COLLECTER.cmd", "INSTRUCTIONS.pdf", "NE-PAS-ETEINDRE.pdf", "collecter.sh", "kit.json")


@pytest.fixture(scope="module")
def expert():
    return kits.Expert()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return kits.programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def laid(tmp_path_factory, expert, made):
    """Lay out one kit, with everything that can be asked for; return its folder and what was said."""
    stick = tmp_path_factory.mktemp("laid")
    done = live.run(
        *kits.words(stick, expert, made, "--expert-key", expert.ssh + " me@here", "--contact", CONTACT, "--json")
    )
    assert done.code == 0, done.err
    return stick, done.json


@pytest.fixture
def stick(laid, tmp_path):
    """Return a copy of the kit that a test may spoil."""
    return Path(shutil.copytree(laid[0], tmp_path / "stick"))


def started(stick, *arguments, **options):
    """Run the kit as a person does on Linux; returns exit code and what was said."""
    done = subprocess.run(
        ["/bin/sh", stick / "collecter.sh", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env=live.environment(), timeout=120, check=False, **options,
    )  # fmt: skip
    live.assert_no_crash(done.stderr)
    return live.Done(done.returncode, done.stdout, done.stderr)


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


# ---- laying out


def test_everything_is_on_the_stick(laid, expert, made):
    """Programs, what a person starts, both sheets, kit.json; stock sha256sum finds all of it as listed."""
    stick, told = laid
    inside = [f"{system}/{name}" for system, folder in made.items() for name in files_of(folder)]
    assert files_of(stick) == sorted([*OWN, *inside, "SHA256SUMS"])
    assert (stick / "preuves").is_dir()
    assert not [path for path in stick.rglob("*") if path.is_symlink()], "a FAT stick holds no link"
    assert (stick / "linux/_internal/libz.so").read_bytes() == b"ELF library"
    checked = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=stick, capture_output=True, check=True)
    assert checked.stdout.count(b": OK") == len(files_of(stick)) - 1
    assert told["sums_sha256"] == hashlib.sha256((stick / "SHA256SUMS").read_bytes()).hexdigest()


def test_what_kit_json_says(laid, expert):
    """Number, readers, the expert's public key without its comment, whom to call, language, hashes; no case yet."""
    stick, told = laid
    said = json.loads((stick / "kit.json").read_bytes())
    assert (said["recipients"], said["expert_keys"]) == ([expert.recipient], [expert.ssh])
    assert (said["case"], said["contact"], said["language"]) == (None, CONTACT, "fr")
    assert said["nonce"] == told["nonce"]
    assert re.fullmatch("[0-9a-f]{32}", said["nonce"])
    assert said["programs"] == told["programs"]
    for system, program in said["programs"].items():
        listed = subprocess.run(
            ["sh", "-c", "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"],
            cwd=stick / system, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert listed.stdout.split()[0] == program["sha256"], "by stock tools"


def test_a_program_says_the_same_of_itself(laid, monkeypatch):
    """`tool.sha256` of a run of the one-folder program is what kit.json says of it, litter or no litter."""
    stick, told = laid
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(stick / "linux/collect"))
    assert tool.own_sha256() == told["programs"]["linux"]["sha256"]
    assert kitting.place(None) == stick / "kit.json", "and it finds its kit"


def test_no_two_kits_have_one_number(laid, tmp_path, expert, made):
    """Two kits differ in their number; what a person starts is the same in every one."""
    other = live.run(*kits.words(tmp_path, expert, {"windows": made["windows"]}, "--case", "CABINET-7", "--json"))
    assert other.json["nonce"] != laid[1]["nonce"]
    assert (tmp_path / "COLLECTER.cmd").read_bytes() == (laid[0] / "COLLECTER.cmd").read_bytes()
    assert not (tmp_path / "collecter.sh").exists(), "there is no program for it"
    assert json.loads((tmp_path / "kit.json").read_bytes())["case"] == "CABINET-7"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_is_double_clicked_is_plain_for_cmd(language):
    """ASCII with CRLF; nothing is looked up in PATH or the current folder; no block that a `)` in a path would end."""
    data = kit_start.starter("windows", language)
    text = data.decode("ascii")
    assert text.count("\r\n") == text.count("\n") == len(text.splitlines())
    assert "DisableDelayedExpansion" in text, "a `!` in a path stays"
    known = {"@echo", "setlocal", "title", "set", "if", "for", "goto", "echo", "echo.", "pause", "exit"}
    for line in text.splitlines():
        first = line.split(" ")[0]
        assert first in known or first.startswith((":", '"%SystemRoot%\\System32\\', '"%KIT%windows\\')), line
        assert not line.rstrip().endswith(("(", "^", "&")), line
        assert line.startswith(("echo", "title")) or "%~dp0" not in line.replace('"KIT=%~dp0"', ""), line
    assert all(len(line) <= 90 for line in text.splitlines()), "it fits the window"


def test_a_program_that_is_gone_is_told_in_plain_french(stick):
    """The antivirus took it: what happened, that nothing was lost, what to do; the code of « nothing was made »."""
    (stick / "linux/collect").unlink()
    done = started(stick, "--case", "W1")
    assert done.code == 1
    for said in ("n'est plus sur la clé", "Laissez l'ordinateur allumé", "Appelez le numéro"):
        assert said in done.out


def test_a_stick_without_marks_of_programs_is_started_by_the_loader(stick, tmp_path):
    """Desktops mount FAT sticks so that only `.exe` may run (showexec): the system's loader starts ours there."""
    live.needs("/lib64/ld-linux-x86-64.so.2")
    shutil.copyfile("/bin/echo", stick / "linux/collect")
    (stick / "linux/collect").chmod(0o644)
    done = started(stick, "--case", "a b")
    assert (done.code, done.out) == (0, f"--kit {stick}/kit.json --case a b\n"), done.err


# ---- sheets


SHEETS = [
    kit_sheets.Sheet(contact, case, "ab" * 16, datetime(2026, 11, 26, tzinfo=UTC), language, systems)
    for language in ("fr", "en")
    for contact, case in ((CONTACT, None), (None, "C" * 64), ("W" * 100, "CABINET-7"))
    for systems in (("windows", "linux"), ("linux",))
]


@pytest.mark.parametrize("sheet", SHEETS, ids=range(len(SHEETS)))
@pytest.mark.parametrize("draw", [kit_sheets.instructions, kit_sheets.warning])
def test_each_sheet_is_one_page_and_nothing_lies_over_anything(sheet, draw, tmp_path):
    """One A4 page; every word inside it; no word over another; the same bytes each time."""
    data = draw(sheet)
    assert draw(sheet) == data
    (tmp_path / "sheet.pdf").write_bytes(data)
    told = subprocess.run(
        ["pdftotext", "-bbox", tmp_path / "sheet.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert told.count("<page ") == 1
    found = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>', told)
    boxes = [(*map(float, box), word) for *box, word in found]
    assert len(boxes) > 40
    for left, top, right, bottom, word in boxes:
        assert 20 < left < right < 575, word
        assert 15 < top < bottom < 835, word
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            wide = min(one[2], other[2]) - max(one[0], other[0])
            high = min(one[3], other[3]) - max(one[1], other[1])
            assert wide < 0.5 or high < 0.35 * min(one[3] - one[1], other[3] - other[1]), (one, other)


def test_the_sheet_answers_what_people_ask(laid):
    """In French: whom to call, the drawings said to be drawings, a locked screen, an unseen stick, the lid, leaving."""
    stick, told = laid
    text = subprocess.run(["pdftotext", stick / "INSTRUCTIONS.pdf", "-"], capture_output=True, text=True, check=True)
    said = " ".join(text.stdout.split()).replace("\u2019", "'")
    for words in (
        "Un seul numéro à appeler", CONTACT, "Photographiez l'écran", "Coupez le réseau", "N'éteignez pas",
        "Windows a protégé votre ordinateur", "Contrôle de compte d'utilisateur", "L'écran est verrouillé",
        "La clé n'apparaît pas", "Puis-je fermer le portable", "Puis-je partir", "Je ne sais pas", told["nonce"],
    ):  # fmt: skip
        assert words in said
    assert said.count("(dessin)") == 2
    text = subprocess.run(["pdftotext", stick / "NE-PAS-ETEINDRE.pdf", "-"], capture_output=True, text=True, check=True)
    for words in ("NE PAS TOUCHER", "NE PAS ÉTEINDRE", CONTACT):
        assert words in " ".join(text.stdout.split())


# ---- what is refused when one is laid out


@pytest.mark.parametrize(
    ("more", "hidden"),
    [
        (["--recipient", "{identity}"], "{identity}"),
        (["--recipient", "{lower}"], "{lower}"),
        (["--contact", "Martin {identity}"], "{identity}"),
        (["--case", "{identity}"], "{identity}"),
        (["--expert-key", "{file}"], "b3BlbnNzaC1rZXktdjE"),
        (["--expert-key", "{identity}"], "{identity}"),
    ],
)
def test_a_private_key_is_refused_and_not_repeated(more, hidden, out, tmp_path, expert, made):
    """Wherever one is given: exit 2, the hint says what is wanted instead, and nothing is on the stick."""
    file = tmp_path / "id_ed25519"
    file.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n")
    fill = {"identity": expert.identity, "lower": expert.identity.lower(), "file": file}
    done = live.run(*kits.words(out, expert, made, *(word.format(**fill) for word in more)))
    assert (done.code, "looks like a private key" in done.err) == (2, True), done.err
    assert "public half" in done.err
    assert hidden.format(**fill) not in done.err + done.out
    assert list(out.iterdir()) == []


HOSTILE = ["", " ", "a\nb", "a\x1b[31mb", "\u202ecba", "x\x00y", "Zoé 😀 06 12", "Алла 06", "x" * 101, "a\tb"]


@pytest.mark.parametrize("place", ["stick/expert.key", "program-linux/_internal/id_ed25519"])
@pytest.mark.parametrize("words", ["# created\n{}\n", "-----BEGIN OPENSSH PRIVATE KEY-----\n{}"])
def test_a_private_key_that_lies_there_is_refused(place, words, tmp_path, expert):
    """Made on the stick itself, or left in the program's folder: named, not repeated, and nothing is laid out."""
    programs, stick = kits.programs(tmp_path), tmp_path / "stick"
    stick.mkdir()
    (tmp_path / place).write_text(words.format(expert.identity))
    before = live.snapshot(stick)
    done = live.run(*kits.words(stick, expert, programs))
    assert (done.code, "private key" in done.err, Path(place).name in done.err) == (1, True, True), done
    assert expert.identity not in done.err + done.out
    assert live.snapshot(stick) == before


@pytest.mark.parametrize("contact", HOSTILE)
def test_a_contact_that_would_not_be_whole_on_paper_is_refused(contact, expert):
    """Line breaks, escapes, letters that the fonts have not, too much: a number that can't be read helps nobody."""
    with pytest.raises(UsageError, match="can't be printed"):
        making._contact(contact)


@pytest.mark.parametrize(
    "contact", ['O\'Brien & fils, "24h" <06> %PATH% ^ !x!', "e\u0301" * 50, "06\u202f12\u00a034", "Dr Ștefănescu 06"]
)
def test_a_contact_reaches_paper_and_nothing_that_runs(contact, out, expert, made):
    """Quotes and what cmd and sh make something of: in kit.json and on paper, and not in what a person starts."""
    done = live.run(*kits.words(out, expert, made, "--contact", contact))
    assert done.code == 0, done.err
    said = json.loads((out / "kit.json").read_bytes())["contact"]
    assert said == re.sub("[\u202f\u00a0]", " ", contact).replace("e\u0301", "é")
    for name, system in (("COLLECTER.cmd", "windows"), ("collecter.sh", "linux")):
        assert (out / name).read_bytes() == kit_start.starter(system, "fr")


@pytest.mark.parametrize("case", ["", "a b", "é", "-x", "x" * 65, "a\nb", 'a"b', "a&b", "../x", "😀"])
def test_a_case_that_names_no_folder_is_refused(case, out, expert, made):
    """It stands in names of folders and is typed after --case: our own alphabet only."""
    done = live.run(*kits.words(out, expert, made, "--case", case))
    assert (done.code, "can't name a folder" in done.err) == (2, True), done.err
    assert list(out.iterdir()) == []


def test_what_is_no_program_is_refused(out, tmp_path, expert, made):
    """No program, an empty folder, the two mistaken for each other, a link that leads outside, names no stick holds."""
    assert live.run(*kits.words(out, expert, {})).code == 2
    for wrong in (tmp_path, made["windows"]):
        done = live.run(*kits.words(out, expert, {"linux": wrong}))
        assert (done.code, "no folder of a built program" in done.err) == (2, True)
    wrong = {"a?b": None, "aux.": None, "COLLECT": None, "link": "/etc/passwd", "gone": "nothing"}
    for name, target in wrong.items():
        folder = kits.programs(tmp_path / hashlib.sha256(name.encode()).hexdigest())["linux"]
        if target is None:
            (folder / name).write_bytes(b"")
        else:
            (folder / name).symlink_to(target)
        done = live.run(*kits.words(out, expert, {"linux": folder}))
        assert done.code == 1, (name, done.err)
        assert list(out.iterdir()) == []


def test_nothing_on_a_stick_is_touched(out, expert, made):
    """Where something of a kit, or what could be started in its place, lies already: refused. A letter may stay."""
    (out / "lettre.odt").write_bytes(b"Bonjour")
    for name in ("Kit.JSON", "setup.exe", "AUTORUN.INF"):
        (out / name).write_bytes(b"other")
        before = live.snapshot(out)
        assert live.run(*kits.words(out, expert, made)).code == 1, name
        assert live.snapshot(out) == before
        (out / name).unlink()
    done = live.run(*kits.words(out, expert, made, "--json"))
    assert (done.code, done.json["beside"]) == (0, ["lettre.odt"])
    assert kit.check(out) == ("lettre.odt",)
    assert live.run(*kits.words(out, expert, made)).code == 1, "a second kit over the first"


@pytest.mark.root
def test_a_stick_that_fills_up_holds_no_half_kit(mounted, expert, made):
    """Too small, and full in the midst of it: refused, and empty again."""
    small = mounted("-t", "tmpfs", "-o", "size=64k", "none")
    done = live.run(*kits.words(small, expert, made))
    assert (done.code, "not enough room" in done.err) == (1, True)
    few = mounted("-t", "tmpfs", "-o", "size=64m,nr_inodes=12", "none")
    done = live.run(*kits.words(few, expert, made))
    assert (done.code, "takes no more files" in done.err) == (1, True), done.err
    assert list(small.iterdir()) == list(few.iterdir()) == []


# ---- a run from it


def test_a_run_from_the_kit(stick, tmp_path, expert):
    """The kit's readers, number, language and folder are taken; what lies beside it is told, recorded, no hindrance."""
    (stick / "LIRE-POUR-DECHIFFRER.txt").write_text("payez")
    (stick / "System Volume Information").mkdir()
    (stick / "photos").mkdir()
    (stick / "photos/outil.exe").write_bytes(b"MZ")
    done = started(stick, "--case", "W1", "--yes", "--scan", tmp_path / "nothing", *kits.SHORT)
    assert done.code in live.SEALED, done.err
    assert "Vérification de la clé" in done.err
    assert "2 éléments étrangers au kit" in done.err.replace("\n", " ")
    assert CONTACT in done.err.replace("\n   ", " "), "whom to call, on the last screen"
    (path,) = (stick / "preuves").iterdir()
    bundle = live.assert_sealed(path, expert.identity)
    assert bundle.records[0]["case"] == "W1"
    assert bundle.records[0]["kit_nonce"] == kit.read(stick / "kit.json").nonce
    assert expert.recipient in bundle.records[0]["recipients"]
    assert bundle.observed("kit") == [{"count": 2, "beside": ["LIRE-POUR-DECHIFFRER.txt", "photos"]}]
    told = live.run("verify", path, "--kit", stick / "kit.json", "--json").json
    assert [anchor["kind"] for anchor in told["anchors"]] == ["kit_nonce"]
    assert kit.check(stick), "a run changes nothing of the kit"


def test_a_script_needs_no_case(stick):
    """The kit's case, else the day: evidence comes first. A run that is only planned asks for none of it either."""
    done = live.run("--kit", stick / "kit.json", "--dry-run", "--lang", "en", "--no-memory")
    assert done.code == 0, done.err
    kept = kitting.Start(kit.read(stick / "kit.json"))
    assert re.fullmatch(r"INCIDENT-\d{8}", kept.case)
    assert dataclasses.replace(kept, kit=dataclasses.replace(kept.kit, case="CABINET-7")).case == "CABINET-7"


@pytest.mark.parametrize("name", [*OWN, "windows/collect.exe", "windows/_internal/python311.dll", "linux/collect",
                                  "linux/_internal/libz.so", "linux/_internal/libz.so.1.3"])  # fmt: skip
def test_one_byte_of_any_file_is_noticed(stick, name):
    """Changed, cut, replaced by a link, a folder or nothing: refused with the file's name and what became of it."""
    path = stick / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert changes(stick) == (f"{name} was changed",)
    path.write_bytes(whole + b"\n")
    assert changes(stick) == (f"{name} was changed",)
    path.unlink()
    assert changes(stick) == (f"{name} is missing",)
    (stick.parent / "same").write_bytes(whole)
    path.symlink_to(stick.parent / "same")
    assert changes(stick) == (f"{name} was changed",)
    path.unlink()
    path.mkdir()
    assert changes(stick) == (f"{name} was changed",)
    path.rmdir()
    path.write_bytes(whole)
    assert kit.check(stick) == ()


def changes(stick):
    with pytest.raises(KitError) as refused:
        kit.check(stick)
    return refused.value.changes


def test_no_byte_of_the_sums_can_change(stick):
    """Every byte of SHA256SUMS, one after the other, another one: refused each time."""
    path = stick / "SHA256SUMS"
    whole = path.read_bytes()
    for at, byte in enumerate(whole):
        path.write_bytes(whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :])
        assert changes(stick), at
    for other in (b"", whole[:-1], whole + whole, whole.replace(b"\n", b"\r\n"), b"\xff" + whole, whole.upper()):
        path.write_bytes(other)
        assert changes(stick) == ("SHA256SUMS was changed",)
    path.unlink()
    assert changes(stick) == ("SHA256SUMS is missing",)


@pytest.mark.parametrize(
    "name", ["windows/version.dll", "windows/_internal/more/x.pyd", "linux/x", "collect.exe", "COLLECTER.COM", "x.Lnk",
             "FOUND.exe", ".Trash-1.sh", "photos.desktop", "x.msc", "x.exe "]
)  # fmt: skip
def test_what_could_run_in_our_place_is_refused(stick, name):
    """A library beside the program, a program beside the script: added, whatever is in it."""
    (stick / name).parent.mkdir(exist_ok=True)
    (stick / name).write_bytes(b"")
    assert changes(stick) == (f"{name} was added",)


def test_litter_of_systems_is_no_change(stick):
    """What Windows, macOS and desktops leave on any stick that is plugged in."""
    for name in ("Thumbs.db", ".DS_Store", "._kit.json", "windows/._collect.exe", "linux/_internal/desktop.ini"):
        (stick / name).write_bytes(b"x")
    for name in ("System Volume Information", "$RECYCLE.BIN", ".Trash-1000", "FOUND.000", ".fseventsd", "preuves/x"):
        (stick / name).mkdir()
        (stick / name / "y.exe").write_bytes(b"x")
    assert kit.check(stick) == ()


def test_a_kit_that_was_changed_collects_nothing(stick):
    """Each way, from the script: exit 1, in French, every change in its line, no bundle, no file of ours anywhere."""
    (stick / "INSTRUCTIONS.pdf").unlink()
    before = live.snapshot(stick)
    done = started(stick, "--case", "W1", "--yes")
    assert (done.code, "INSTRUCTIONS.pdf a disparu" in done.err) == (1, True), done.err
    assert "prenez un autre kit" in done.err
    (stick / "linux/x.so").write_bytes(b"")
    done = started(stick, "--case", "W1", "--yes", "--lang", "en")
    assert done.code == 1
    assert "- INSTRUCTIONS.pdf is missing\n- linux/x.so was added\n" in done.err
    (stick / "linux/x.so").unlink()
    after = live.snapshot(stick)
    assert [name for name in before if name not in (".", "linux") and before[name] != after[name]] == []
    (stick / "kit.json").unlink()
    done = started(stick, "--case", "W1", "--yes")
    assert (done.code, "kit.json" in done.err) == (1, True), "never a run without readers because kit.json is gone"


def test_a_program_whose_kit_json_is_gone_is_no_program_without_kit(stick, monkeypatch):
    """A double-click on the program itself: the stick is looked at all the same, and the run would not be in clear."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(stick / "windows/collect.exe"))
    (stick / "kit.json").unlink()
    with pytest.raises(KitError, match=r"kit\.json is missing"):
        kitting.begun(None, quiet=True)
    shutil.copytree(stick / "windows", stick.parent / "desktop/windows")
    monkeypatch.setattr(sys, "executable", str(stick.parent / "desktop/windows/collect.exe"))
    assert kitting.begun(None).kit is None, "copied out of the kit, it is a program like any other"


WRONG = {
    "recipients": ["age1x", ["a", 1], {}],
    "nonce": ["", "xyz", 1, None],
    "case": [1, "a b", "", ["x"]],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_kit_json_that_makes_no_run_is_refused(stick, field, value):
    """A kit of somebody's own making, sums and all: what it says is checked like what a person types."""
    path = stick / "kit.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {field: value}))
    sums = {name: hashlib.sha256((stick / name).read_bytes()).hexdigest() for name in files_of(stick)}
    del sums["SHA256SUMS"]
    (stick / "SHA256SUMS").write_bytes(kit.sums_text(sums))
    done = live.run("--kit", path, "--case", "W1", "--yes", "--no-memory")
    assert done.code == 2, done.err
    assert list((stick / "preuves").iterdir()) == []


def test_a_contact_of_somebody_elses_making_moves_no_cursor(stick):
    """kit.json can be written by anybody: what it says is shown as a text of the host is."""
    path = stick / "kit.json"
    hostile = {"contact": "\x1b[2J\u202e" + "x" * 500, "language": 7}
    path.write_text(json.dumps(json.loads(path.read_bytes()) | hostile))
    read = kit.read(path)
    assert read.language is None
    assert re.fullmatch(r"\\x1b\[2J\\u202ex{95}…", read.contact)


# ---- where evidence goes


@pytest.mark.root
def test_a_read_only_stick(mounted, laid, tmp_path):
    """Without another folder: exit 1 and what to do. With one: sealed there, and the kit is checked all the same."""
    stick = mounted("-t", "tmpfs", "-o", "size=16m", "none")
    shutil.copytree(laid[0], stick, dirs_exist_ok=True)
    subprocess.run(["mount", "-o", "remount,ro", stick], check=True)
    done = started(stick, "--case", "W1", "--yes", *kits.SHORT)
    assert done.code == 1
    assert "protégée en écriture" in done.err
    assert "--out" in done.err
    (tmp_path / "other").mkdir()
    (tmp_path / "spare").mkdir()
    words = ("--scan", tmp_path / "nothing", "--spare", tmp_path / "spare", *kits.SHORT)
    done = started(stick, "--case", "W1", "--yes", *words)
    assert done.code in live.SEALED, done.err
    live.assert_sealed(next((tmp_path / "spare").iterdir()))
    done = started(
        stick, "--case", "W1", "--yes", "--scan", tmp_path / "nothing", "--out", tmp_path / "other", *kits.SHORT
    )
    assert done.code in live.SEALED, done.err
    live.assert_sealed(next((tmp_path / "other").iterdir()))


@pytest.mark.root
def test_a_full_stick(mounted, laid):
    """Exit 1, and it says that the stick is full, not that something failed."""
    stick = mounted("-t", "tmpfs", "-o", "size=4m", "none")
    shutil.copytree(laid[0], stick, dirs_exist_ok=True)
    evidence = stick / "preuves"
    assert kit.refusal_of(evidence) == "full", "a person can plug another one in"
    assert kit.refusal_of(evidence, kit.LEAST_AT_ALL) is None, "a script takes what fits"
    free = shutil.disk_usage(stick).free
    for left in (1 << 20, 0):
        (stick / "photos.bin").write_bytes(bytes(free - left))
        done = started(stick, "--case", "W1", "--yes", *kits.SHORT)
        assert (done.code, "la clé est pleine" in done.err) == (1, True), done.err
    assert list(evidence.iterdir()) == []


@pytest.fixture
def exfat(tmp_path):
    """Mount the file system of sticks, by FUSE: not every kernel of a test machine has it."""
    live.needs("losetup", "mkfs.exfat", "mount.exfat-fuse")
    image, place = tmp_path / "stick.img", tmp_path / "clé"
    with image.open("wb") as file:
        file.truncate(120 << 20)
    place.mkdir()
    loop = subprocess.run(["losetup", "-f", "--show", image], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["mkfs.exfat", loop], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mount.exfat-fuse", loop, place], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield place
    subprocess.run(["umount", place], check=True)
    subprocess.run(["losetup", "-d", loop], check=True)


@pytest.mark.root
def test_a_kit_on_a_stick(exfat, tmp_path, expert, made):
    """Laid out on exFAT, which has no links, no modes and no capital letters: run from, and still as prepared."""
    done = live.run(*kits.words(exfat, expert, made))
    assert done.code == 0, done.err
    done = started(exfat, "--case", "W1", "--yes", "--scan", tmp_path / "nothing", *kits.SHORT)
    assert done.code in live.SEALED, done.err
    live.assert_sealed(next((exfat / "preuves").iterdir()))
    assert kit.check(exfat) == ()


# ---- guided


def test_guided_mode_from_the_kit(stick, tmp_path, expert):
    """The number to call on the first screen, the kit's language, a case proposed, encrypted, on the stick."""
    screen = Screen(
        "--kit", stick / "kit.json", "--scan", tmp_path / "nothing", "--profile", "triage", cwd=tmp_path, lang="fr"
    )
    assert CONTACT in screen.read("appuyez sur Entrée.")
    screen.type("")
    screen.read("pour les questions.")
    for _ in range(5):
        screen.type("")
    screen.read("Entrée seule\u00a0: INCIDENT-")
    screen.type("")
    screen.read("QUESTION 6")
    screen.type("!")
    screen.type("")
    identity = screen.identity()
    assert CONTACT in screen.text.rpartition("MAINTENANT")[2]
    (path,) = (stick / "preuves").glob("INCIDENT-*")
    opening = live.assert_sealed(path, identity).records[0]
    assert opening["recipients"][0] == expert.recipient
    assert len(opening["recipients"]) == 2


def test_a_language_is_known_before_anything_else(stick):
    """The kit's, unless the command line names another; that of a kit.json on an expert's machine forces nothing."""
    path = str(stick / "kit.json")
    assert kitting.language_asked(["--kit", path]) == kitting.language_asked([f"--kit={path}", "resume"]) == "fr"
    for words in ([], ["--kit"], ["verify", "x", "--kit", path], ["--kit", path + "x"], ["--kit", str(stick)]):
        assert kitting.language_asked(words) is None


@pytest.mark.parametrize(("answer", "kept"), [(None, "refused"), (OSError(5, "no"), "failed")])
def test_refused_rights_are_no_end(stick, monkeypatch, capsys, answer, kept):
    """One sentence in French, after the photograph and before Windows asks; then the questions, and it is recorded.

    What Windows answers is played here: under Wine everybody has all rights.
    """

    def rise(arguments, _began):
        asked.append(arguments)
        if answer is not None:
            raise answer

    asked = []
    monkeypatch.setattr(host, "may_rise", lambda: True)
    monkeypatch.setattr(host, "rise", rise)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * 50))
    messages.install("fr")
    try:
        told = kitting.ask(kitting.Start(kit.read(stick / "kit.json")), kitting.Asked("C-7", None), elevated=False)
    finally:
        messages.install("en")
    assert (told.case, told.elevation) == ("C-7", kept)
    assert [words[-1] for words in asked] == ["--elevated"]
    said = " ".join(capsys.readouterr().err.split())
    order = ["Photographiez l'écran", CONTACT, "Windows va demander", "cliquez sur NON", "Ce n'est pas grave"]
    order.append("QUESTION 1 SUR")
    places = [said.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_a_window_of_our_own_stays_open(stick, tmp_path, expert):
    """Started anew with all rights: what was shown before is not shown again, and the seal code stays to be copied."""
    screen = Screen(
        "--kit", stick / "kit.json", "--scan", tmp_path / "nothing", "--profile", "triage", "--elevated", cwd=tmp_path
    )
    assert "Photographiez" not in screen.read("pour les questions.")
    screen.type("!")
    screen.read("Entrée seule = non")
    screen.type("")
    screen.read("Quand c'est noté, appuyez sur Entrée.")
    assert screen.ended("", "", "", "") in live.SEALED
    assert "Pour fermer cette fenêtre, appuyez sur Entrée." in screen.text
    identity = re.findall("AGE-SECRET-KEY-1[A-Z0-9]{58}", screen.text)[-1]
    (path,) = (stick / "preuves").iterdir()
    assert live.assert_sealed(path, identity).observed("elevation") == [{"answer": "granted"}]


@pytest.mark.root
def test_guided_mode_asks_for_another_stick(mounted, laid, tmp_path):
    """The kit's stick is read-only: said so, another is asked for until one takes the evidence."""
    stick = mounted("-t", "tmpfs", "-o", "size=16m", "none")
    shutil.copytree(laid[0], stick, dirs_exist_ok=True)
    subprocess.run(["mount", "-o", "remount,ro", stick], check=True)
    (tmp_path / "autre").mkdir()
    screen = Screen(
        "--kit", stick / "kit.json", "--scan", tmp_path / "nothing", "--profile", "triage", cwd=tmp_path, lang="fr"
    )
    for line in ("", "!", ""):
        screen.type(line)
    assert "protégée en écriture" in screen.read("réessayer avec la même.")
    screen.type(str(tmp_path / "gibt" / "es nicht"))
    assert "n'est pas là" in screen.read("réessayer avec la même.")
    screen.type(f'"{tmp_path}/autre"')
    screen.identity()
    live.assert_sealed(next((tmp_path / "autre").iterdir()))


def test_a_folder_is_tried_and_left_as_it_was(tmp_path):
    """The trial leaves nothing; a folder that is not there yet is made, one above it is not."""
    assert kit.refusal_of(tmp_path / "preuves") is None
    assert files_of(tmp_path) == []
    assert kit.refusal_of(tmp_path / "a/b") == "gone"
    (tmp_path / "file").write_bytes(b"")
    assert kit.refusal_of(tmp_path / "file") is not None
    assert list((tmp_path / "preuves").iterdir()) == []
