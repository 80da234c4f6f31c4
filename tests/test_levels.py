"""The levels of privacy: no name of a patient stands in the clear, at A none stands anywhere, contents are taken at C.

A patient's name is planted wherever a practice may have it: names of files and folders, contents, the arguments, folder
and open file of a program. The runs are real; what they hold is read with the key of a recipient.
"""

from __future__ import annotations

import base64
import json
import random
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import live
import pyrage
import pytest
import ransom_texts
import wine
from test_exports import bundle

from collector import age, arguments, counts, levels, profiles
from collector.cli import consenting
from collector.definitions import Definition, Source
from collector.errors import UsageError
from collector.host import this_host
from collector.library import Library
from collector.model import Blob, Gap, Outcome, Request
from collector.sources import SOURCES, planned
from collector.sources.artifacts import chosen
from collector.ui import level_screens, messages, terminal
from collector.verify import verify_bundle

PATIENT = "DUPONT_Jean_IRM"
NAMED = PATIENT.encode()
ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "PRIVACY.md"
_TABLES = re.compile(r"(?<=<!-- levels -->\n).*?(?=<!-- end -->)", re.DOTALL)
ENCRYPTED = 40


@dataclass
class Ran:
    """One run and what came of it."""

    done: live.Done
    bundle: live.Bundle
    secret: str
    stored: dict[str, bytes]
    """Every file of the bundle as it lies there."""

    @property
    def clear(self) -> dict[str, bytes]:
        """Every artifact as a recipient reads it."""
        key = pyrage.x25519.Identity.from_str(self.secret)
        return {
            name: pyrage.decrypt(data, [key]) if name.endswith(".age") else data
            for name, data in self.stored.items()
            if name.startswith("artifacts/")
        }

    def private(self) -> list[str]:
        """Return the private fields of every record."""
        key = pyrage.x25519.Identity.from_str(self.secret)
        hidden = [json.loads(line).get("private") for line in self.bundle.lines]
        return [pyrage.decrypt(base64.b64decode(one), [key]).decode() for one in hidden if one]

    def rows(self, source: str) -> list[dict]:
        """Return the rows of a table, of none where there is none."""
        held = [data for name, data in self.clear.items() if f"-{source}.jsonl" in name]
        return [json.loads(line) for data in held for line in data.splitlines()[1:]]

    def header(self, source: str) -> dict:
        (data,) = [data for name, data in self.clear.items() if f"-{source}.jsonl" in name]
        return json.loads(data.splitlines()[0])

    def observed(self, what: str) -> dict:
        """Return the data of the one observation of a name, as a recipient reads it."""
        key = pyrage.x25519.Identity.from_str(self.secret)
        (record,) = [record for record in map(json.loads, self.bundle.lines) if record.get("what") == what]
        return json.loads(pyrage.decrypt(base64.b64decode(record["private"]), [key]))["data"]


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """Return the files of a practice after an attack, while a program holds one of them open."""
    top = tmp_path_factory.mktemp("practice") / "data"
    dice = random.Random(5)
    for number in range(ENCRYPTED):
        folder = top / ("a", "b", "c", PATIENT)[number % 4]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{PATIENT}-{number}.docx.lockbit").write_bytes(dice.randbytes(6000))
        (folder / "LISEZ_MOI.txt").write_text(ransom_texts.NOTES["fr"], "utf-8")
    letter = top / "a" / f"{PATIENT}.txt"
    letter.write_text(f"Cher confrère, je vous adresse {PATIENT}, dont les fichiers de paiement sont en attente.\n")
    for number in range(30):  # an extension that is a name
        (top / "a" / f"compte-rendu-{number}.{PATIENT}").write_text("x" * 100)
    opens = f"import time; held = open({str(letter)!r}); print(1, flush=True); time.sleep(600)"
    held = subprocess.Popen(
        [sys.executable, "-c", opens, PATIENT],
        cwd=top / PATIENT,
        stdout=subprocess.PIPE,
    )
    assert held.stdout
    held.stdout.readline()
    # Without one a quiet machine has no table of suspects, or only a gap.
    suspect = subprocess.Popen(["[kworker/0:1]", "600"], executable="/bin/sleep")
    yield top
    held.kill()
    held.communicate()
    suspect.kill()
    suspect.wait()


@pytest.fixture(scope="module", params=levels.LEVELS)
def ran(request, practice, tmp_path_factory) -> Ran:
    """Run once at each level, with the usual progress, encrypted."""
    secret, recipient = age.new_identity()
    out = tmp_path_factory.mktemp("out")
    done = live.run(
        "--case", "T1", "--out", out, "--json", "--scan", practice, "--recipient", recipient, "--level", request.param
    )
    bundle = live.Bundle(done.json["bundle"])
    files = [path for path in bundle.path.rglob("*") if path.is_file()]
    stored = {path.relative_to(bundle.path).as_posix(): path.read_bytes() for path in files}
    return Ran(done, bundle, secret, stored)


def level_of(ran: Ran) -> str:
    """Return the level as anybody reads it, without a key."""
    names = [json.loads(line).get("what", "") for line in ran.bundle.lines]
    (name,) = [name for name in names if name.startswith("level-")]
    return name.removeprefix("level-").upper()


# What stands in the clear ---------------------------------------------------------------------


def test_no_patient_stands_in_the_clear(ran):
    """Folder, manifest, summary, sums, what the run printed and what it said meanwhile: nothing names a patient."""
    assert NAMED.lower() not in b"".join(ran.stored.values()).lower()
    told = str(ran.bundle.path.name) + "".join(ran.stored) + ran.done.out + ran.done.err
    assert PATIENT.lower() not in told.lower()


def test_what_is_clear_of_a_record_is_a_word_of_ours(ran):
    """Every clear text of the manifest has a form of ours: no letter of the host fits it."""
    texts = set()
    for line in ran.bundle.lines:
        record = json.loads(line)
        clear = {name: value for name, value in record.items() if name not in ("private", "clock", "tool", "signature")}
        texts |= {value for value in clear.values() if isinstance(value, str)}
    forms = r"[a-z0-9_-]{1,64}|[0-9T:.+Z-]+|artifacts/[a-z0-9./-]+|[0-9a-f]{32,64}|T1|ssh-ed25519 \S+|[A-Z2-7-]{39}"
    methods = {json.loads(line).get("method") for line in ran.bundle.lines}
    assert [text for text in texts - methods if not re.fullmatch(forms, text)] == []
    assert all(PATIENT not in str(method) for method in methods)


def test_the_summary_alone_is_clear_and_holds_counts(ran):
    """The one artifact that everybody reads: no path, no name, no extension that may be one."""
    plain = [name for name in ran.stored if name.startswith("artifacts/") and not name.endswith(".age")]
    assert [re.sub(r"[0-9]+", "N", name) for name in plain] == ["artifacts/N-summary.jsonl"]
    (row,) = ran.rows("summary")
    assert set(row) == set(counts.COLUMNS) == set(ran.header("summary")["columns"])
    assert row["level"] == level_of(ran)
    assert row["extensions"][".lockbit"] == ENCRYPTED
    assert row["extensions"]["other"] >= 30
    assert PATIENT.lower() not in json.dumps(row).lower()
    assert row["traces"] == {"note": 4, "encrypted": ENCRYPTED}
    if row["level"] == "A":
        assert row["judged"] is row["depths"] is None
    else:
        assert row["judged"]["encrypted"] == ENCRYPTED
        assert sum(row["depths"].values()) == row["rows"]["recent-files"]


def test_everybody_still_verifies(ran):
    """Clear counts beside ciphertext: our verifier and the second one agree that it is whole."""
    told = live.verify(ran.bundle.path).json
    assert (told["verdict"], told["findings"], told["level"]) == ("UNANCHORED", [], level_of(ran))
    assert ran.done.json["level"] == level_of(ran)
    said = live.run("verify", ran.bundle.path, "--lang", "en").out
    assert ("were not asked for" in " ".join(said.split())) == (level_of(ran) != "C")
    second = subprocess.run(
        [sys.executable, "-I", ROOT / "scripts" / "second_verifier.py", ran.bundle.path],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert second.returncode == 0, second.stdout + second.stderr


# What each level takes ------------------------------------------------------------------------


def test_the_bundle_says_what_was_not_asked_for(ran):
    """The level, in the clear; what it leaves out, to whoever can read; and it is no gap."""
    level = level_of(ran)
    system = [source.name for source in planned(whole_memory=False, system=this_host().system_word())]
    expected = levels.left_out(level, system)
    assert ran.observed(f"level-{level.lower()}")["left_out"] == expected == ran.rows("summary")[0]["left_out"]
    assert ran.observed("request")["level"] == level
    whole = {source for source, parts in expected.items() if parts == ["all"]}
    gaps = {json.loads(line)["source"] for line in ran.bundle.lines if json.loads(line)["type"] == "gap"}
    assert not whole & gaps
    assert whole == ({"recent-files", "activity"} if level == "A" else set())
    if level != "A":
        return
    for source, parts in expected.items():
        columns = [part for part in parts if part in next((s.columns for s in SOURCES if s.name == source), {})]
        rows, header = ran.rows(source), ran.header(source) if columns and ran.rows(source) else {"columns": {}}
        for name in columns:
            assert all(row[name] is None for row in rows), (source, name)
            assert not rows or "Left out" in header["columns"][name]


def test_what_a_recipient_reads_of_patients(ran, practice):
    """At A nothing, not even encrypted; at B names and no contents; at C copies of samples, too."""
    everything = {**ran.clear, "records": "\n".join(ran.private()).encode()}
    said = NAMED.lower()
    named = {re.sub(r".*/[0-9]+-|\..*", "", name) for name, data in everything.items() if said in data.lower()}
    copies = [row for row in ran.rows("ransom") if row["what"] in ("sample", "original") and row["copied"]]
    notes = [row for row in ran.rows("ransom") if row["what"] == "note" and row["copied"]]
    level = level_of(ran)
    if level == "A":
        assert named == set()
        assert ran.rows("recent-files") == []
        assert {row["what"] for row in ran.rows("ransom")} == {"note", "encrypted", "extension", "family"}
    else:
        assert {"recent-files", "ransom", "processes"} <= named
        # Another worker may run the same test: its program names another folder.
        letter = str(practice / "a" / PATIENT)
        held = [row for row in ran.rows("processes") if any(letter in str(one) for one in row["cmdline"] or [])]
        assert len(held) == 1
        assert any(PATIENT in json.dumps(file) for file in held[0]["open_files"])
    assert bool(copies) == (level == "C")
    assert len(notes) == 1, "the note itself is taken at every level"
    assert [row for row in ran.rows("ransom") if row["what"] == "encrypted"][-1]["count"] == ENCRYPTED


def test_the_core_is_the_same_at_every_level(ran):
    """Processes, connections and interfaces, services and programs: a level takes nothing of what vanishes first."""
    for source in ("processes", "connections", "interfaces", "executables", "services"):
        assert f"-{source}.jsonl" in " ".join(ran.stored), source
    assert "kernel_name" in {reason["code"] for row in ran.rows("suspects") for reason in row["reasons"]}
    assert ran.done.code in (0, 4)


@wine.posix("logs of Linux")
def test_logs_are_listed_before_they_are_copied(ran):
    """At A and B a log is a row with path, size and times; at C its content is taken."""
    logs = [row for row in ran.rows("artifacts") if row["definition"] in levels.LISTED and row["path"]]
    taken = {row["outcome"] for row in logs}
    if level_of(ran) == "C":
        assert "listed" not in {row["outcome"] for row in logs if row["type"] == "file"}
    else:
        assert taken <= {"listed", "absent"}
        assert all(row["artifact"] is None for row in logs)


# The table ------------------------------------------------------------------------------------


def test_every_source_has_its_line():
    """A source that nobody has decided about would be taken at C only; each is decided, and each part is one."""
    names = [
        source.name
        for system in ("Linux", "Windows")
        for source in planned(whole_memory=True, system=system, clipboard=True)
    ]
    assert {line.source for line in levels.TABLE if line.part == levels.WHOLE} == {
        *names, "activity", "footprint", "summary",
    }  # fmt: skip
    assert not levels.takes("B", "something-new")
    columns = {source.name: source.columns for source in planned(whole_memory=True, system="Windows", clipboard=True)}
    for line in levels.TABLE:
        assert line.part in {*levels.PARTS, *columns.get(line.source, ())}, line


def test_every_definition_that_is_named_exists():
    """A name that is mistyped would be taken at C only."""
    library = Library.packaged()
    assert [name for name in {**levels.TAKEN, **levels.LISTED} if name not in library] == []
    assert not set(levels.TAKEN) & set(levels.LISTED)


@pytest.mark.parametrize("system", ["Linux", "Windows", "Darwin"])
@pytest.mark.parametrize("name", ["standard", "full"])
def test_a_higher_level_takes_whatever_a_lower_one_does(system, name):
    """A is within B, B within C; histories and what was opened last are at C only."""
    profile = profiles.named(name)
    found = [
        {one.name for one in chosen(Request(since_ns=0, profile=profile, level=level), system)}
        for level in levels.LEVELS
    ]
    assert found[0] < found[1] < found[2]
    private = {"CollectShellHistories", "CollectChromiumHistories", "CollectRecentlyUsed", "CollectWindowsLastOpened"}
    assert not private & found[1]


def test_a_definition_is_taken_listed_or_left():
    """Files are listed without their content; what has no files to list is left."""
    files = Source("FILE", 1, paths=("/var/log/x",))
    keys = Source("REGISTRY_KEY", 1, keys=("HKEY_LOCAL_MACHINE\\x",))
    log = Definition("CollectLinuxAuthLogs", "", (files, keys), "x.yaml", 1)
    assert levels.chosen("A", log) == replace(log, sources=(replace(files, type="PATH"),))
    assert levels.chosen("C", log) is log
    assert levels.chosen("A", replace(log, sources=(keys,))) is None
    assert levels.chosen("B", replace(log, name="Unheard")) is None


def test_what_is_left_out_leaves_no_trace_beside_it():
    """A column is null, and not unread; where paths are left out, subjects of gaps and files go, too."""
    row = {"what": "note", "path": PATIENT, "size": 3, "unread": {"path": "denied", "size": "denied"}}
    blob = Blob("file", ".bin", "x", iter([b""]), PATIENT, {}, [], row)
    sample = {"what": "sample", "path": PATIENT}
    items = [blob, Gap(Outcome.DENIED, "a file can't be read", PATIENT), sample]
    found = list(levels.within(iter(items), frozenset({"path"})))
    assert PATIENT not in repr(found)
    assert found[0].row is row
    assert row == {"what": "note", "path": None, "size": 3, "unread": {"size": "denied"}}
    kept = list(levels.within(iter([Gap(Outcome.DENIED, "x", PATIENT)]), frozenset({"title"})))
    assert kept[0].subject == PATIENT


def test_at_a_an_extension_is_told_where_files_look_encrypted():
    """Of the others only what everybody knows: `.dupont` is counted without its name."""
    rows = [
        {"what": "encrypted", "extension": ".lockbit", "confidence": "high", "reasons": ["extension"]},
        {"what": "encrypted", "extension": ".irm", "confidence": "low", "reasons": ["extension"]},
        {"what": "extension", "extension": ".lockbit", "reasons": []},
        {"what": "extension", "extension": "docx", "reasons": ["ordinary"]},
        {"what": "extension", "extension": ".dupont", "reasons": []},
        {"what": "note", "extension": None, "confidence": "high", "reasons": []},
    ]
    without = levels.withheld("A", "ransom", ["what", "path", "types", "extension"])
    assert without == {"path", "types", levels.STRANGE}
    found = [row["extension"] for row in levels.within(iter(rows), without)]
    assert found == [".lockbit", None, ".lockbit", "docx", None, None]


def test_folders_of_an_encryption_are_counted_only():
    """At A the alarm says how many folders, not which."""
    data = {"folders": [PATIENT, "x"], "folders_more": 3, "files": 9}
    assert levels.observed("A", "encryption-running", data) == {"folders": [], "folders_more": 5, "files": 9}
    assert levels.observed("B", "encryption-running", data) == data
    assert levels.observed("A", "something", data) == data


def tables() -> str:
    """Return the tables of docs/PRIVACY.md."""
    out = ["", "| source | part | from | why |", "|---|---|---|---|"]
    for line in levels.TABLE:
        part = levels.PARTS.get(line.part, f"`{line.part}`")
        out.append(f"| `{line.source}` | {part} | {line.level} | {line.why} |")
    out += ["", "| from | definitions | which |", "|---|---|---|"]
    for level in ("A", "B"):
        for kind, table in (("taken", levels.TAKEN), ("listed", levels.LISTED)):
            names = ", ".join(f"`{name}`" for name, least in table.items() if least == level)
            out.append(f"| {level} | {kind} | {names} |")
    return "\n".join([*out, "| C | taken | all others of the profile |", ""])


def test_the_page_is_the_table():
    """docs/PRIVACY.md: the tables are what the code has (`PYTHONPATH=. python tests/test_levels.py` writes them)."""
    assert _TABLES.findall(PAGE.read_text("utf-8")) == [tables()]


# Counts ---------------------------------------------------------------------------------------


def group(extension: object, count: int, folders: int, **more: object) -> dict:
    return {
        "what": "encrypted", "extension": extension, "count": count, "folders": folders, "confidence": "high",
        "reasons": ["extension"], **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("extension", "count", "folders", "more"),
    [
        (".dupont", 19, 9, {}),
        (".dupont", 99, 2, {}),
        (".dupont", 99, 9, {"confidence": "low"}),
        (".dupont", 99, 9, {"reasons": ["form"]}),
        (".jean.dupont", 99, 9, {}),
        (".dupont jean", 99, 9, {}),
        (".jean@dupont", 99, 9, {}),
        (".élodie", 99, 9, {}),
        (".dupont-jean-1961-irm", 99, 9, {}),
        ("dupont", 99, 9, {}),
        ({"text": ".\ufffd", "hex": "2eff"}, 99, 9, {}),
    ],
)
def test_an_extension_that_may_be_a_name_is_not_told(extension, count, folders, more):
    """Few files, one or two folders, a weak judgement, a shape of names and addresses: all of that is `other`."""
    told = counts.Counts()
    told.take("ransom", [group(extension, count, folders, **more)])
    told.take("ransom", [{"what": "extension", "extension": extension, "count": count, "reasons": []}])
    row = told.row("A", {}, {}, [], "ISOLATED")
    assert row["extensions"] == {"other": count}
    assert row["traces"]["encrypted"] == count


def test_of_levels_that_contradict_each_other_the_least_private_is_told(tmp_path):
    """A bundle that says A and C may hold contents: whoever handles it is told C, in whichever order it says so."""
    for number, names in enumerate((("a", "c", "b"), ("c", "a"))):
        (tmp_path / f"{number}").mkdir()
        path = bundle(tmp_path / f"{number}", {}, observations=[(f"level-{name}", {}) for name in names])
        assert verify_bundle(path).report.level == "C"


def test_an_extension_with_the_machines_name_is_not_told():
    """Some attackers put it there; `summary` is in the clear."""
    told = counts.Counts(hostname="Cabinet")
    for extension in (".cabinet-x", ".lockbit"):
        told.take("ransom", [group(extension, 99, 9)])
        told.take("ransom", [{"what": "extension", "extension": extension, "count": 99, "reasons": []}])
    assert told.row("A", {}, {}, [], None)["extensions"] == {"other": 99, ".lockbit": 99}


def test_counts_are_what_was_delivered():
    """The last row of a group counts; gaps by source and outcome; depths by folders above, of either system."""
    told = counts.Counts()
    told.take("ransom", [group(".lockbit", 5, 3), group(".lockbit", 25, 3), group(".akira", 30, 4)])
    lines = [(".lockbit", 25, []), ("docx", 7, ["ordinary"]), ("", 2, []), (".akira", 30, [])]
    told.take("ransom", [{"what": "extension", "extension": e, "count": n, "reasons": r} for e, n, r in lines])
    told.take("ransom", Blob("file", ".bin", "x", iter([]), row={"what": "note", "extension": None}))
    paths = ["/a", "/a/b/c", "C:\\x\\y", {"text": "/\ufffd/x", "hex": "2fff2f78"}, "/" + "d/" * 90 + "x"]
    told.take("recent-files", [{"path": path, "judged": ["note"] if path == "/a" else []} for path in paths])
    row = told.row("B", {"x": ["all"]}, {"ransom": 3}, [("screen", "absent"), ("screen", "absent")], None)
    assert row == {
        "level": "B", "left_out": {"x": ["all"]}, "rows": {"ransom": 3}, "gaps": {"screen:absent": 2},
        "isolation": None, "extensions": {".lockbit": 25, "docx": 7, "none": 2, ".akira": 30},
        "traces": {"note": 1, "encrypted": 55}, "judged": {"note": 1, "none": 4},
        "depths": {"0": 1, "2": 1, "1": 2, "32": 1},
    }  # fmt: skip


# An encrypted disk ----------------------------------------------------------------------------

ENCRYPTED_DISK = """
import collector.host
real = collector.host.this_host
class Host:
    def __init__(self):
        self._real = real()
    def __getattr__(self, name):
        return getattr(self._real, name)
    def system(self):
        for row in self._real.system():
            if isinstance(row, dict):
                row["disks"] = [{"name": "sda", "encryption": "bitlk", "removable": False}]
            yield row
collector.host.this_host = Host
from collector.cli import main
main()
"""


@pytest.mark.parametrize(
    ("disks", "told"),
    [
        ([{"encryption": "bitlk", "removable": False}, {"encryption": "bitlk"}], ("bitlk",)),
        ([{"encryption": "luks", "removable": None}, {"encryption": "bitlk"}], ("luks", "bitlk")),
        ([{"encryption": "luks", "removable": True}], ()),
        ([{"encryption": "none_seen"}, {"encryption": "unknown"}, {"encryption": None}, {}, "x", None], ()),
        (None, ()),
    ],
)
def test_only_what_is_known_of_fixed_disks_is_told(disks, told):
    """A stick that is encrypted, and a disk that could not be read, say nothing of this computer."""
    found = counts.Counts()
    found.take("system", [{"hostname": "x", "disks": disks}])
    assert found.disks == told


@wine.posix("a host of Linux stands in; what Windows tells of its disks: test_windows_system.py")
def test_an_encrypted_disk_is_said_before_anybody_switches_off(practice, tmp_path):
    """During the first step, and again on the last screen; nothing of it where no disk is known to be encrypted."""
    words = ("--case", "T1", "--out", tmp_path, "--scan", practice / "a", "--profile", "triage", "--no-memory")
    done = subprocess.run(
        [sys.executable, "-B", "-c", ENCRYPTED_DISK, *map(str, words), "--lang", "en"],
        capture_output=True, text=True, check=False, timeout=120, cwd=ROOT, env=live.environment(PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert done.returncode in (0, 4), done.stderr
    assert done.stderr.count("Encrypted disk (BitLocker)") == 2
    assert done.stderr.index("Encrypted disk") < done.stderr.index("Code of this moment")


# The command line, and who agrees -------------------------------------------------------------


def test_the_level_of_a_run():
    """An expert's bare command line takes all; where people are asked, B; what takes contents needs C."""
    assert arguments.level(None, asked=False, contents=[]) == "C"
    assert arguments.level(None, asked=True, contents=[]) == "B"
    assert arguments.level("a", asked=True, contents=[]) == "A"
    for wrong in ("D", "", "AB", "ALL", "\u1d2c", "\x1b[2J"):
        with pytest.raises(UsageError, match="no such level"):
            arguments.level(wrong, asked=False, contents=[])
    with pytest.raises(UsageError, match="--clipboard takes contents"):
        arguments.level(None, asked=True, contents=["--clipboard"])
    assert arguments.level("C", asked=True, contents=["--clipboard"]) == "C"


@pytest.mark.parametrize("option", [("--rules", "."), ("--memory-program", "/nowhere"), ("--clipboard",)])
def test_contents_are_refused_below_c(tmp_path, option):
    """Said before anything is written, with what to do."""
    done = live.run("--case", "T1", "--out", tmp_path, "--level", "B", *option, "--scan", tmp_path)
    assert done.code == 2
    assert "hint: " in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_names_what_the_level_takes():
    """No step that would not be taken."""
    found = [
        {step["source"] for step in live.run("--case", "T1", "--dry-run", "--json", "--level", one).json["steps"]}
        for one in levels.LEVELS
    ]
    assert found[1] - found[0] == {"recent-files"}
    assert found[1] == found[2]


def test_who_typed_c_has_agreed():
    """The option is the consent of whoever typed it; below C nothing is asked for that needs one."""
    typed = consenting.agreed("C", "C")
    assert typed.consent == {"level": "C", "answer": "yes", "who": "command-line"}
    assert consenting.agreed("B", "B", answer=True) == consenting.Agreed("B"), "what was typed counts"
    assert consenting.agreed(None, "C") == consenting.Agreed("C")


def test_a_person_decides():
    """Who was asked and agreed has C, who did not stays where they were; both are recorded, with who it was."""
    yes = consenting.agreed(None, "B", answer=True, who="Dr Martin")
    assert (yes.level, yes.consent) == ("C", {"level": "C", "answer": "yes", "who": "Dr Martin"})
    no = consenting.agreed(None, "B", answer=False)
    assert (no.level, no.consent) == ("B", {"level": "C", "answer": "no", "who": None})


@pytest.mark.parametrize("expert", [True, False])
def test_the_screen_fits_and_says_who_can_read(expert):
    """80 columns, 20 rows and four for the answer; that only keys open it, and that the doctor decides."""
    messages.install("en", None)
    sentences = level_screens.consent(expert=expert)
    lines = [line for one in sentences for line in (terminal.fold(one, 79) if one else [""])]
    assert len(lines) <= 20
    text = " ".join(sentences)
    assert ("expert's key" in text) == expert
    assert "data of patients" in text
    assert "doctor in charge decides" in text
    assert "the answer is no" in text


def test_a_consent_is_in_the_bundle(practice, tmp_path):
    """The level that was typed is recorded as such; without readers the run says that all is in the clear."""
    done = live.run("--case", "T1", "--out", tmp_path, "--json", "--scan", practice / "a", "--level", "C")
    bundle = live.Bundle(done.json["bundle"])
    assert bundle.observed("consent") == [{"level": "C", "answer": "yes", "who": "command-line"}]
    assert bundle.observed("request")[0]["level"] == "C"


def test_a_resume_keeps_the_level(practice, tmp_path):
    """An encrypted bundle that was cut short is not read by what goes on with it: its level is, and does not rise."""
    _secret, recipient = age.new_identity()
    broken = live.fault("fsync", 60)
    live.run(
        "--case", "T1", "--out", tmp_path, "--quiet", "--scan", practice, "--recipient", recipient, "--level", "A",
        fault=broken,
    )  # fmt: skip
    bundle = live.only_bundle(tmp_path)
    assert not (bundle.path / "checkpoint").exists()
    done = live.run("resume", bundle.path, "--scan", practice, "--json", "--quiet")
    assert done.code in (0, 3, 4), done.err
    (summary,) = bundle.path.glob("artifacts/*-summary.jsonl")
    assert json.loads(summary.read_text().splitlines()[1])["level"] == "A"
    assert not list(bundle.path.glob("artifacts/*-recent-files*"))


if __name__ == "__main__":
    PAGE.write_text(_TABLES.sub(lambda _: tables(), PAGE.read_text("utf-8")), "utf-8")
