"""The front door: every command that README, LISEZMOI and the pages behind them show is run here, as it stands.

`PYTHONPATH=.:tests python tests/test_front.py` writes the tables of docs/COMMANDS.md anew, from the program itself.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import kits
import live
import pictures_made
import pytest

from collector.cli import collect

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "docs" / "COMMANDS.md"
EVERYWHERE = {"--lang", "--json", "--quiet", "--version", "--help"}
"""Options whose meaning is the same everywhere; they stand in the first line of each command all the same."""


def commands(command=collect, name="collect"):
    """Yield every command with its full name; a group that does nothing by itself, too."""
    yield name, command
    if isinstance(command, click.Group):
        for word, one in command.commands.items():
            yield from commands(one, f"{name} {word}")


def usage(name, command):
    """Return the line of a command with all its arguments and options, and the table of what they mean."""
    context = click.Context(command)
    words, rows = [name], []
    for one in command.params:
        if isinstance(one, click.Argument):
            words.append(one.make_metavar(context).replace("...", "…"))
            continue
        if one.hidden:
            continue
        names = "/".join([*one.opts, *one.secondary_opts])
        value = "" if one.is_flag else " " + one.make_metavar(context).strip("[]")
        shown = f"{names}{value}" + ("…" if one.multiple else "")
        words.append(shown if one.required else f"[{shown}]")
        if names not in EVERYWHERE:
            shown = f"{names}{value}".replace("|", "\\|")
            rows.append(f"| `{shown}` | {one.help} |")
    lines, line = [], "   "
    for word in words:
        if len(line) + 1 + len(word) > 110:
            lines.append(line)
            line = "       "
        line += " " + word
    text = f"### {name}\n\n" + "\n".join([*lines, line]) + "\n"
    return text + ("\n| option | |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else "")


def rebuilt(page):
    """Return the page with every table as the program has it."""
    known = dict(commands())
    return re.sub(
        r"(<!-- command: ([a-z -]+) -->\n).*?(<!-- end -->\n)",
        lambda found: found[1] + usage(found[2], known[found[2]]) + found[3],
        page,
        flags=re.DOTALL,
    )


PAGES = ("README.md", "LISEZMOI.md", "docs/EXPERT.md", "docs/ARTIFACT.md", "docs/KIT.md")
"""Whose blocks of shell are run, in their order, each page in a folder of its own."""

SAID = {
    "./scripts/collect ": "collect ",
    "CODE FROM THE PAPER": "{code}",
    "CODE DU PAPIER": "{code}",
    "BUNDLE": "{bundle}",
    "DOSSIER": "{bundle}",
    "/mnt/stick/preuves": "{stick}",
    "CABINET-7_20261126T083000Z": "{name}",
    "/media/STICK": "{empty}",
    "/media/CLE": "{empty}",
    "age1\u2026": "{recipient}",
    "dist/windows/collect": "{windows}",
    "dist/linux/collect": "{linux}",
    "-o expert.key": "-o {work}/new.key",
}
"""What stands on a page for something of the reader's, and what it is here."""

NOT_RUN = {
    "./scripts/collect --case DEMO-1": "makes its environment with pip: test_scripts.py runs it in a fresh copy",
    "./scripts/test": "is what runs this",
    "scripts/build-linux": "builds the program, which takes minutes: test_build.py does",
    "mount -o ro": "wants the stick itself",
    "timesketch_importer": "wants a server; test_exports_experts.py holds the file against the importer's own rules",
    "mactime": "The Sleuth Kit; test_exports.py reads the file as its page says",
    "target-query": "heavy: test_exports_experts.py runs it in an environment of its own",
    "case_validate": "the same",
}
"""Beginnings of lines that are not run, each with its reason."""

IN_BUNDLE = "sha256sum -c SHA256SUMS"
"""The first line of a block that says "in the bundle's folder"."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str


def blocks(page):
    """Return the fenced blocks of a page, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.finditer(r"^```([a-z]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, text.count("\n", 0, one.start()) + 1, one[1], one[2]) for one in found]


def lines_run(block):
    """Return the commands of a block that are run; one that goes on behind a backslash is one."""
    whole = block.text.replace("\\\n", " ").splitlines()
    return [line for line in whole if line.strip() and not line.startswith(tuple(NOT_RUN))]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Make a sealed, encrypted bundle of this machine, an expert's keys, and stand-in programs of a kit."""
    live.needs("age", "age-keygen", "ssh-keygen", "openssl", "bash")
    work = tmp_path_factory.mktemp("front")
    (work / "bin").mkdir()
    tree = live.files_in(work / "tree", 3)
    start = shlex.join(live.command()[:-1])
    # A run of the tests looks at three files, and at nobody's memory; exit code 4: this machine is on a network.
    (work / "bin/collect").write_text(
        "#!/bin/bash\n"
        f'case "$1" in --*) {start} "$@" --no-memory --profile triage --scan {shlex.quote(str(tree))}; '
        f'code=$?; [ $code = 4 ] && code=0; exit $code ;; *) exec {start} "$@" ;; esac\n'
    )
    (work / "bin/collect").chmod(0o755)
    key = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    recipient = re.search("age1[0-9a-z]+", key)[0]
    (work / "stick").mkdir()
    made = live.collect(work / "stick", "--scan", tree, "--recipient", recipient, case="CABINET-7").json
    (work / "home/.ssh").mkdir(parents=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work / "home/.ssh/id_ed25519"], check=True
    )
    programs = kits.programs(work / "programs")
    return {"work": work, "key": key, "recipient": recipient, "made": made, **programs}


def prepared(scene, page):
    """Return the folder in which a page is run, and what its words stand for."""
    folder = scene["work"] / page.replace("/", "-")
    (folder / "stick").mkdir(parents=True)
    bundle = folder / "stick" / Path(scene["made"]["bundle"]).name
    shutil.copytree(scene["made"]["bundle"], bundle)
    for name in ("empty", "new", *(("papers", "out", "copy") if page.startswith("docs/") else ())):
        (folder / name).mkdir()  # a stick, a home; and the pages for experts say nothing of making folders
    for name in ("expert.key", "practice.key", "cabinet.key"):
        (folder / name).write_text(scene["key"])
    (folder / "expert.pub").write_text((scene["work"] / "home/.ssh/id_ed25519.pub").read_text())
    (folder / "photo.jpg").write_bytes(pictures_made.jpeg())
    (folder / "scripts").symlink_to(ROOT / "scripts")
    words = {"code": scene["made"]["seal_code"], "bundle": bundle, "name": bundle.name, "stick": folder / "stick",
             "empty": folder / "empty", "recipient": scene["recipient"], "windows": scene["windows"],
             "linux": scene["linux"], "work": folder / "new"}  # fmt: skip
    return folder, words


def run(scene, folder, words, block):
    """Run a block as a person would paste it; returns what it printed."""
    text = "\n".join(lines_run(block))
    for word, meaning in SAID.items():
        text = text.replace(word, meaning.format(**words))
    env = live.environment(PATH=f"{scene['work'] / 'bin'}:{os.environ['PATH']}", HOME=str(scene["work"] / "home"))
    where = words["bundle"] if IN_BUNDLE in block.text else folder
    done = subprocess.run(
        ["bash", "-eu", "-c", text], cwd=where, env=env, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{block.page}:{block.line}\n{text}\n{done.stdout}\n{done.stderr}"
    live.assert_no_crash(done.stderr)
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_does_what_it_says(scene, page):
    """Pasted block by block into a shell: each ends well, and where an answer is promised it is that one."""
    folder, words = prepared(scene, page)
    said, ran = "", 0
    for block in blocks(page):
        if block.language == "yaml":
            (folder / "backup.yaml").write_text(block.text)
        if block.language == "sh" and lines_run(block):
            if "--out /media/" in block.text:  # each time a freshly formatted stick
                shutil.rmtree(words["empty"])
                words["empty"].mkdir()
            printed = run(scene, folder, words, block)
            said, ran = said + printed, ran + 1
            if IN_BUNDLE in block.text:
                assert printed.splitlines()[-1] == words["code"].replace("-", "")
                assert "Good" in printed
    assert ran >= {"README.md": 6, "LISEZMOI.md": 4, "docs/EXPERT.md": 9}.get(page, 1)
    if page == "docs/EXPERT.md":
        assert '"kind":"processes"' in said
        assert "content_sha256" in said
        assert '"isolation"' in said
        assert '"left_out"' in said
    if page in ("README.md", "LISEZMOI.md"):
        papers = folder / ("papers" if page == "README.md" else "papiers")
        assert len(list(papers.glob("*.pdf"))) == 3  # dossier, letter, slip
        assert live.examined(words["bundle"])["verdict"] == "UNANCHORED"


def test_what_is_not_run_is_there_and_has_a_reason():
    """No reason stands for a line that is gone, and no block of shell hides behind another language."""
    lines = [line for page in PAGES for block in blocks(page) for line in block.text.splitlines()]
    assert [start for start in NOT_RUN if not any(line.startswith(start) for line in lines)] == []
    assert [word for word in SAID if not any(word in line for line in lines)] == []
    for page in PAGES:
        assert {block.language for block in blocks(page)} <= {"sh", "yaml", "python", ""}, page
        for block in blocks(page):
            hidden = re.search(r"^(collect|\./scripts|sha256sum|openssl) ", block.text, re.MULTILINE)
            assert block.language or not hidden


def test_the_source_that_is_shown_is_one():
    """The example of docs/ARTIFACT.md has the four parts of a source, and yields what the host gives."""
    (block,) = (one for one in blocks("docs/ARTIFACT.md") if one.language == "python")
    room: dict = {}
    exec(compile(ast.parse(block.text), "printers.py", "exec"), room)
    source = room["PrinterSource"]()
    for name in ("name", "kind", "columns", "seconds", "core", "phase"):
        assert getattr(source, name) is not None
    row = dict.fromkeys(source.columns)
    host = type("Host", (), {"printers": lambda _self: iter([row])})()
    assert list(source.collect(host, None)) == [row]


def test_the_commands_are_those_of_the_program():
    """docs/COMMANDS.md has every command with every option, and none that is not there."""
    page = COMMANDS.read_text(encoding="utf-8")
    assert rebuilt(page) == page
    told = re.findall(r"<!-- command: ([a-z -]+) -->", page)
    assert len(told) == len(set(told))
    assert set(told) | {"collect timestamp"} == {name for name, _command in commands()}


def test_the_map_names_every_room():
    """Each file and folder at the top of `collector/`, and each folder of the checkout, is in the README's map."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## Map of the house")[1].split("\n## ")[0]
    named = re.findall(r"`(?:collector/)?([a-z_]+)(?:\.py|/)`", table)
    inside = (ROOT / "collector").iterdir()
    rooms = {path.stem for path in inside if path.suffix == ".py" or (path / "__init__.py").exists()} - {"__init__"}
    assert rooms - set(named) == set()
    known = rooms | {path.name for path in ROOT.iterdir() if path.is_dir()} | {"linux", "windows", "darwin", "posix"}
    known |= {path.name for folder in ("docs", "rules", "tests") for path in (ROOT / folder).iterdir() if path.is_dir()}
    assert set(named) - known == set()
    assert {"rules", "scripts", "tests", "docs"} <= set(named)


@pytest.mark.parametrize("page", [*PAGES, "docs/COMMANDS.md", "docs/EXPORTS.md", "docs/ANTIVIRUS.md"])
def test_no_link_leads_nowhere(page):
    """Every link and picture is a file of this checkout, or a heading of the page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    titles = re.findall("^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("https://"):
            assert ((ROOT / page).parent / target.split("#")[0]).exists(), target


def test_the_pictures_are_small_and_hold_no_key():
    """Each is shown by a page, below 200 kB; drawings are plain SVG that asks for nothing from elsewhere."""
    pages = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    pictures = sorted((ROOT / "docs/pictures").iterdir())
    assert pictures
    for picture in pictures:
        assert f"docs/pictures/{picture.name}" in pages
        assert picture.stat().st_size < 200_000
        if picture.suffix == ".svg":
            text = picture.read_text(encoding="utf-8")
            assert ET.fromstring(text).tag.endswith("svg")
            assert "AGE-SECRET-KEY" not in text
            assert not re.search("href|url\\(|<script|<image", text)


def test_the_french_page_is_written_as_a_frenchman_writes():
    """Spaces before : ; ! ? and inside quotation marks do not break; apostrophes are straight, as on the screens."""
    code = r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+"
    text = re.sub(code, "x", (ROOT / "LISEZMOI.md").read_text("utf-8"), flags=re.DOTALL)
    prose = "\n".join(line for line in text.splitlines() if not re.fullmatch(r"[|:\- ]+", line))
    assert re.findall(r".{0,20}[^\u00a0][:;!?](?=\s|$)", prose.replace("![", "[").replace("In English:", "")) == []
    assert not re.findall("\u00ab[^\u00a0]|[^\u00a0]\u00bb|\u2019", prose)
    for word in ("hash", "artefact", "authentique", "sceller", "scell\u00e9", "proc\u00e8s-verbal"):
        assert word not in prose.lower()


if __name__ == "__main__":
    COMMANDS.write_text(rebuilt(COMMANDS.read_text(encoding="utf-8")), encoding="utf-8")
