"""A kit, double-clicked on a Windows that was attacked (Wine 8.0): the evidence that it seals, as Linux reads it.

Driven from Linux; COLLECT_WINPY names the program that starts Python for Windows under Wine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("driven from Linux", allow_module_level=True)

import built
import kits
import live
import whole_windows
from test_linux_screens import decode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("COLLECT_WINPY" not in os.environ, reason="COLLECT_WINPY names no Python for Windows"),
]
NOTE = r"C:\users\Public\LIRE-MOI.txt"
PLANTED = r"C:\users\Public\Éléments à payer — François.txt"
WHITE = b"\xff\xff\xff"


@dataclass(frozen=True)
class Scene:
    """What the double-click left: what was said, the kit, and the bundle with its reader's identity."""

    said: dict
    stick: Path
    bundle: live.Bundle
    program: Path
    expert: kits.Expert

    def rows(self, kind):
        """Return the rows of all artifacts of a kind, decrypted as a recipient does."""
        found = []
        for record in self.bundle.artifacts(kind):
            if record["path"].endswith(".jsonl.age"):
                lines = self.data(record).decode("utf-8").splitlines()
                found += [json.loads(line) for line in lines[1:]]
        return found

    def data(self, record):
        """Return the bytes of an artifact."""
        return live.decrypted((self.bundle.path / record["path"]).read_bytes(), self.expert.identity)


@pytest.fixture(scope="module")
def program(checkout, tmp_path_factory):
    return built.made(checkout, tmp_path_factory, "windows") / "collect"


@pytest.fixture(scope="module")
def kit(program, tmp_path_factory):
    """Lay out a kit as an expert does; return its folder and the expert."""
    stick, expert = tmp_path_factory.mktemp("stick") / "clé USB & (1)", kits.Expert()
    stick.mkdir()
    done = live.run(*kits.words(stick, expert, {"windows": program}, "--contact", "Mme Martin, 06 12 34 56 78"))
    assert done.code == 0, done.err
    return stick, expert


def on_windows(script: str, *words: object) -> dict:
    """Run a script of this folder with the Windows Python and return what it printed."""
    done = subprocess.run(
        [os.environ["COLLECT_WINPY"], "-X", "utf8", str(Path(__file__).parent / script), *map(str, words)],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def scene(kit, program):
    """Let notepad show a note, plant a run key and a file, double-click, and return what came of it."""
    stick, expert = kit
    words = ("--case", "W1", "--yes", "--json", "--scan", r"C:\users")
    said = on_windows("whole_windows.py", built.windows(stick), NOTE, PLANTED, *words)
    live.assert_no_crash(said["err"])
    assert said["code"] in live.SEALED, said["err"][-3000:]
    (path,) = (stick / "preuves").iterdir()
    return Scene(said, stick, live.Bundle(path, expert.identity), program, expert)


def test_it_is_sealed_and_verifies_on_linux(scene):
    """One bundle in the kit's folder; one object on standard output; the kit is known by its number."""
    answer = json.loads(scene.said["out"].splitlines()[0])
    assert answer["bundle"].endswith("\\" + scene.bundle.path.name)
    done = live.verify(scene.bundle.path, "--seal-code", answer["seal_code"], "--kit", scene.stick / "kit.json")
    assert (done.code, done.json["verdict"]) == (0, "ANCHORED"), done
    assert answer["exit"] == scene.said["code"]
    (opening,) = scene.bundle.of("open")
    assert opening["tool"]["privileges"] == "administrator"
    assert opening["kit_nonce"] == json.loads((scene.stick / "kit.json").read_bytes())["nonce"]


def test_the_picture_shows_the_note(scene):
    """The screen is in the bundle, and where the window of notepad stands in it, there is dark text on white."""
    assert any("LIRE-MOI" in title for title in scene.said["titles"])
    own = [row for row in scene.rows("windows") if row["pid"] == scene.said["notepad"]]
    (window,) = [row for row in own if "LIRE-MOI" in row["title"]]
    assert window["visible"]
    (record,) = scene.bundle.artifacts("screen")
    width, height, lines = decode(scene.data(record))
    assert width >= 640
    x, y, wide, high = window["geometry"]
    left, top, right, bottom = max(0, x), max(0, y), min(width, x + wide), min(height, y + high)
    inside = [line[3 * x : 3 * x + 3] for line in lines[top:bottom] for x in range(left, right)]
    white, dark = inside.count(WHITE), sum(max(pixel) < 0x60 for pixel in inside)
    assert white > len(inside) * 0.5, "the page of notepad"
    assert dark > 100, "letters on it"


def test_the_program_the_key_and_the_file_are_there(scene):
    """A program that the test started, a run key that it planted, a file with accents that it wrote, the note."""
    assert [row["pid"] for row in scene.rows("processes") if whole_windows.MARK in (row["cmdline"] or [])]
    keys = [row for row in scene.rows("registry") if row["value"] == whole_windows.NAME]
    assert [row["data"] for row in keys] == [whole_windows.COMMAND], keys
    recent = {row["path"] for row in scene.rows("recent-files")}
    assert PLANTED in recent
    notes = [row for row in scene.rows("ransom") if row["what"] == "note"]
    assert NOTE.casefold() in {row["path"].casefold() for row in notes}, notes


def test_each_verifies_where_the_other_was_made(scene, tmp_path):
    """The same report of the same bundle, from the built program under Wine and from the checkout on Linux."""
    made_here = live.collect(tmp_path, "--scan", live.files_in(tmp_path / "tree", 2)).json["bundle"]
    for path in (scene.bundle.path, Path(made_here)):
        there, here = built.run_windows(scene.program, "verify", path, "--json"), live.run("verify", path, "--json")
        assert (there.code, here.code) == (0, 0)
        assert {**there.json, "bundle": ""} == {**here.json, "bundle": ""}


@pytest.mark.parametrize("name", ["windows/collect.exe", "windows/_internal/base_library.zip", "kit.json"])
def test_a_changed_kit_is_refused(kit, tmp_path, name):
    """One byte of the program or of the kit's own file: nothing is collected, and what changed is named."""
    stick = tmp_path / "stick"
    shutil.copytree(kit[0], stick, ignore=shutil.ignore_patterns("preuves"))
    (stick / "preuves").mkdir()
    data = bytearray((stick / name).read_bytes())
    at = data.rindex(b'"contact"') + 2 if name == "kit.json" else len(data) - 30
    data[at] ^= 1
    (stick / name).write_bytes(data)
    said = on_windows("whole_windows.py", built.windows(stick), NOTE, PLANTED, "--case", "W1", "--yes")
    assert said["code"] not in live.SEALED
    assert list((stick / "preuves").iterdir()) == []
    assert said["code"] == 1
    told = said["err"] + said["out"]
    if "Failed to execute script" in told:  # the interpreter's own library: Python doesn't even start
        assert "ABIME OU A ETE MODIFIE" in told
    else:
        assert name.rpartition("/")[2] in told


def test_a_stick_that_is_taken_out(program, tmp_path):
    """The drive is gone in mid-run: the evidence goes on in the spare folder, and the two fit."""
    stick, spare, kept = (tmp_path / name for name in ("stick", "spare", "kept"))
    for folder in (stick, spare, tmp_path / "tree"):
        folder.mkdir()
    words = ("--case", "GONE", "--yes", "--json", "--profile", "triage", "--out", stick, "--spare", spare)
    done = []
    runs = threading.Thread(
        target=lambda: done.append(built.run_windows(program, *words, "--scan", tmp_path / "tree", "--no-memory"))
    )
    runs.start()
    while runs.is_alive() and not any(stick.glob("*/artifacts/*-processes.jsonl")):
        time.sleep(0.05)
    stick.rename(kept)
    runs.join()
    (first,), (second,) = kept.iterdir(), spare.iterdir()
    assert done[0].code == 3, done
    assert [one["why"] for one in done[0].json["continues"]] == ["gone"]
    told = live.run("verify", first, second, "--json")
    assert (told.code, [one["joint"] for one in told.json["links"]]) == (3, ["joined"])
    assert live.run("verify", second).code == 0
