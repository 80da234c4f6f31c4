"""The built program: it needs nothing of the machine it runs on, holds what it should and nothing else, and says so."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import built
import live
import pytest
import vectors
from test_linux_screens import drawing, show

pytestmark = [pytest.mark.slow]

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
MOST_BYTES, MOST_FILES = 60 * 2**20, 150
NEVER = re.compile(r"(tkinter|test|tests|setuptools|pip|pkg_resources|distutils|ssl|_ssl|PIL|pygments|ensurepip)(\.|$)")
"""What belongs to a developer, or speaks with a network, or reads foreign pictures."""
OTHER = re.compile(r"collector\.(host\.(windows|darwin)|winformats|macformats)(\.|$)")
"""Rooms of other systems."""
WITHOUT = {"http", "http.client", "urllib.request", "unittest", "unittest.mock"}
"""Names that a library asks for and that `scripts/absent` answers to."""


@pytest.fixture(scope="module")
def made(checkout, tmp_path_factory) -> Path:
    return built.made(checkout, tmp_path_factory, "linux")


@pytest.fixture(scope="module")
def program(made) -> Path:
    return made / "collect"


@pytest.fixture
def alone(program, tmp_path):
    """Return what runs the program where it can't be written, in an empty folder, with an empty environment."""
    (tmp_path / "anywhere").mkdir()
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        mounts = f'mount --bind "{program}" "{program}" && mount -o remount,ro,bind "{program}" && exec "$@"'
        before = ("/usr/bin/unshare", "-m", "/bin/sh", "-ec", mounts, "sh")

    def run(*args: object, before: tuple[str, ...] = before, **env: str) -> live.Done:
        return built.run(program, *args, cwd=tmp_path / "anywhere", before=before, **env)

    return run


@pytest.fixture(scope="module")
def bundle(program, tmp_path_factory) -> Path:
    """Return a bundle that the built program made of a small tree."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tree").mkdir()
    (folder / "tree/LIRE-MOI.txt").write_text("Vos fichiers sont chiffrés. Payez en bitcoin.\n")
    words = ("--case", "BUILT", "--no-memory", "--profile", "triage", "--scan", folder / "tree", "--out", folder)
    done = built.run(program, *words, "--json", "--quiet", "--yes", cwd=folder)
    assert done.code in live.SEALED, done.err
    return Path(done.json["bundle"])


# what it does --------------------------------------------------------------------------------


def test_it_starts_where_there_is_nothing(alone):
    """Read-only, in an empty folder and environment: the version, the rules and this machine's network are told."""
    assert alone("--version").out == "collect, version 0.1.0\n"
    rules = alone("rules", "list")
    assert (rules.code, rules.err) == (0, "")
    assert len(rules.out.splitlines()) > 700
    network = alone("isolation", "--json")
    assert network.code in {0, 1, 3}
    assert network.json["interfaces"]


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("artifact_flipped", 1), ("never_closed", 3)])
def test_it_verifies_as_the_checkout_does(alone, tmp_path, name, code):
    """The same verdict, findings and codes as from the checkout, of a whole, a changed and an open bundle."""
    laid = vectors.read(vectors.FOLDER / f"{name}.vector").lay(tmp_path / "bundle")
    there, here = alone("verify", laid, "--json"), live.run("verify", laid, "--json")
    assert (there.code, there.json) == (code, here.json)


def test_a_whole_run(bundle):
    """What it collects is sealed and found consistent by the checkout; the tree's note was read and judged."""
    assert live.verify(bundle).json["verdict"] == "UNANCHORED"
    ransom = b"".join(path.read_bytes() for path in bundle.glob("artifacts/*ransom.jsonl"))
    assert b"LIRE-MOI.txt" in ransom
    assert (bundle / "LISEZ-MOI.txt").read_bytes() == (live.ROOT / "collector/LISEZ-MOI.txt").read_bytes()


def test_it_says_its_own_hash(bundle, made):
    """The hash of the tool in the `open` record is the one that the bill of materials publishes."""
    (said,) = json.loads((made / "collect.cdx.json").read_text())["metadata"]["component"]["hashes"]
    assert live.Bundle(bundle).records[0]["tool"]["sha256"] == said["content"]


def test_a_kit_is_made_of_it(alone, made, tmp_path):
    """`collect kit` from the program lays out a stick with that very program on it, and the sheets to print."""
    words = ("kit", "--out", tmp_path, "--recipient", RECIPIENT, "--program-linux", made / "collect", "--json")
    done = alone(*words)
    assert (done.code, done.err) == (0, "")
    kits = [path for path in tmp_path.rglob("collect") if path.is_file()]
    assert [path.read_bytes() for path in kits] == [(made / "collect/collect").read_bytes()]
    assert [path for path in tmp_path.rglob("*.pdf") if path.read_bytes().startswith(b"%PDF")] != []


def test_it_speaks_french(alone, tmp_path):
    """The catalogues are there: a folder that is no bundle is refused in French."""
    done = alone("verify", tmp_path, "--lang", "fr")
    assert (done.code, done.err.startswith("erreur :")) == (2, True), done.err


def test_papers_and_pictures_need_what_was_left_out_of_no_library(alone, bundle, tmp_path):
    """The slip as PDF and as a page, and the picture of a timestamp request: fpdf2 without Pillow and fontTools."""
    done = alone("slip", bundle, "--out", tmp_path)
    assert (done.code, done.err) == (0, "")
    (sheet,) = tmp_path.glob("*.pdf")
    live.needs("pdftotext")
    words = subprocess.run(["pdftotext", sheet, "-"], capture_output=True, text=True, check=True).stdout
    assert "BUILT" in words
    asked = alone("timestamp", "request", bundle, "--out", tmp_path, "--json")
    assert (asked.code, asked.err) == (0, "")
    assert Path(asked.json["picture"]).read_bytes().startswith(b"\x89PNG")


def test_a_terminal_is_served(program, bundle, tmp_path):
    """With a terminal the bar, the colours and the codes are drawn, by rich without what it highlights source with."""
    live.needs("script")
    tree = bundle.parent / "tree"
    words = f"--case TTY --no-memory --profile triage --scan '{tree}' --out '{tmp_path}' --yes"
    typed = ["/usr/bin/script", "-qec", f"stty cols 120 rows 60; '{program}/collect' {words}", "/dev/null"]
    done = subprocess.run(typed, env={"TERM": "xterm-256color"}, capture_output=True, check=False, timeout=300)
    live.assert_no_crash(done.stdout.decode("utf-8", "replace"))
    assert done.returncode in live.SEALED, done.stdout
    assert b"\x1b[2K" in done.stdout, "nothing was drawn over: the plain lines of a pipe"


def test_a_display_is_seen(program, bundle, tmp_path):
    """A picture and the windows of a display, events of files: no library is missing that is loaded by its name."""
    words = ("--case", "SEEN", "--scan", bundle.parent / "tree", "--out", tmp_path, "--quiet", "--yes", "--no-memory")
    with contextlib.contextmanager(live.display)() as shown, drawing(int(shown[1:])) as connection:
        show(connection, 10, 10, 200, 100, 0xFFFFFF, WM_NAME=("STRING", b"VOS FICHIERS SONT CHIFFRES"))
        done = built.run(program, *words, "--profile", "triage", cwd=tmp_path, DISPLAY=shown)
    assert done.code in live.SEALED, done.err
    sealed = live.only_bundle(tmp_path)
    records = sealed.records
    taken = {(record["source"], record["kind"]) for record in records if record["type"] == "artifact"}
    assert {("screen", "screen"), ("windows", "windows"), ("activity", "activity"), ("ransom", "ransom")} <= taken
    (window,) = [row for row in sealed.rows("windows") if row["display"] == f"unix:{shown[1:]}"]
    assert (window["title"], window["geometry"]) == ("VOS FICHIERS SONT CHIFFRES", [10, 10, 200, 100])
    assert [r["reason"] for r in records if r["type"] == "gap" and re.search("module|import", str(r["reason"]))] == []


def test_it_hashes_without_a_library_of_the_host(program, tmp_path):
    """Where the host has no libcrypto that fits, Python's own code hashes: slower, and the same."""
    copy = tmp_path / "copy"
    shutil.copytree(program, copy)
    (copy / "_internal/libcrypto.so.3").write_text("not a library")
    laid = vectors.read(vectors.FOLDER / "good.vector").lay(tmp_path / "bundle")
    done = built.run(copy, "verify", laid, "--json", cwd=tmp_path)
    assert (done.code, done.json["verdict"]) == (0, "UNANCHORED")


def test_nothing_else_of_the_machine_is_opened(alone, checkout, tmp_path):
    """Nothing of a Python, an environment or a checkout of the machine is looked for while it verifies."""
    live.needs("strace")
    laid = vectors.read(vectors.FOLDER / "good.vector").lay(tmp_path / "bundle")
    trace = tmp_path / "trace"
    alone("verify", laid, before=("/usr/bin/strace", "-f", "-o", str(trace), "-e", "trace=%file"))
    named = re.findall(r'"(/[^"]*)"', trace.read_text("utf-8", "replace"))
    assert any("/_internal/" in name for name in named), "the trace shows nothing"
    foreign = re.compile(rf"python|site-packages|\.venv|{re.escape(str(checkout))}/")
    assert [name for name in named if "/_internal/" not in name and foreign.search(name)] == []


# what it is made of --------------------------------------------------------------------------


def test_it_is_small(program):
    """Under 60 MiB in under 150 files: one that grows says so here."""
    files = [path for path in program.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert len(files) < MOST_FILES


def test_nothing_is_there_that_is_not_needed(checkout, program):
    """No test, no tool of a developer, nothing that speaks with a network or paints; for Linux only Linux's rooms."""
    modules = built.modules(checkout, program)
    assert {"collector.cli", "collector.verify", "fpdf.fpdf", "collector.host.linux", *WITHOUT} <= modules
    assert [name for name in modules if NEVER.match(name)] == []
    assert [name for name in modules if OTHER.match(name)] == []
    names = [path.name for path in program.rglob("*")]
    assert [name for name in names if re.match(r"lib(ssl|crypto|X|tk|tcl|sqlite)|_ssl|_tkinter", name)] == []


def test_every_module_of_ours_is_there(checkout, program):
    """Whatever is loaded by a name in a string is there, too: all modules but the rooms of other systems."""
    modules = built.modules(checkout, program)
    ours = {
        ".".join(path.relative_to(checkout).with_suffix("").parts).removesuffix(".__init__")
        for path in checkout.glob("collector/**/*.py")
    }
    assert {name for name in ours if not OTHER.match(name)} - modules == set()


def test_no_place_of_the_build_is_inside(checkout, made):
    """Neither the checkout, nor an environment, nor the builder's home stands in any file."""
    places = [str(checkout).encode(), b".venv-", b".building-", b"pytest-of-"]
    found = [
        (path.name, place)
        for path in made.rglob("*") if path.is_file()
        for place in places if place in path.read_bytes()
    ]  # fmt: skip
    assert found == []


def test_its_lists_hold(checkout, made, tmp_path):
    """`sha256sum -c` passes, the bill of materials is valid; a byte that changes or a file that is added is named."""
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=made, check=True)
    assert sbom(checkout, made)[0] == 0
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    library = next(copy.rglob("yara_x.abi3.so"))
    library.write_bytes(library.read_bytes()[:-1] + b"x")
    (copy / "collect/added").touch()
    code, said = sbom(checkout, copy)
    assert code == 1
    assert {"collect/added"[8:], "_internal/yara_x/yara_x.abi3.so", "SHA256SUMS"} <= {x.split(":")[0] for x in said}


def sbom(checkout: Path, folder: Path) -> tuple[int, list[str]]:
    done = subprocess.run([checkout / "scripts/sbom", folder], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_the_bill_names_what_the_lock_names(checkout, made):
    """Every library in the bill has a licence, a purl, and the hash of a file that requirements.lock holds."""
    bill = json.loads((made / "collect.cdx.json").read_text())
    lock = (checkout / "requirements.lock").read_text()
    libraries = {entry["name"].lower(): entry for entry in bill["components"] if "pkg:pypi/" in entry["purl"]}
    assert {"click", "cryptography", "fpdf2", "pyrage", "rich", "yara-x", "watchdog"} <= set(libraries)
    assert {"pillow", "fonttools", "pygments", "cffi"} & set(libraries) == {"cffi"}  # of cffi the back end alone
    for entry in libraries.values():
        assert f"{entry['name'].lower()}=={entry['version']} " in lock
        assert f"sha256:{entry['hashes'][0]['content']}" in lock
    named = ("id", "expression")  # as SPDX has it
    stated = {
        entry["name"]: [way for said in entry.get("licenses", ()) for way in said.get("license", said)]
        for entry in bill["components"]
    }
    assert [name for name, ways in stated.items() if not set(ways) & set(named)] == []
    crates = [entry["name"] for entry in libraries["yara-x"]["components"] if entry["type"] == "library"]
    assert {"yara-x", "wasmtime"} <= set(crates)
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"]) == ("evidence-collector", "0.1.0")
    told = (made / "collect/LICENCES.txt").read_text()
    assert [name for name in libraries if f"{libraries[name]['name']} {libraries[name]['version']}: " not in told] == []


def test_the_same_commit_gives_the_same_bytes(checkout, made, tmp_path):
    """Built again elsewhere: every file, the bill and the list of hashes are the same."""
    built.build(checkout, tmp_path / "again", "linux")
    again = tmp_path / "again/linux"
    assert (again / "SHA256SUMS").read_text() == (made / "SHA256SUMS").read_text()
    assert live.snapshot(again).keys() == live.snapshot(made).keys()
