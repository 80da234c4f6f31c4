"""One run on Windows: what a victim wrote, and what an attacker left, is in the sealed bundle under its own name."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

CHECKOUT = Path(__file__).resolve().parent.parent
NOTE = (
    "All your files have been encrypted! To decrypt them, download Tor Browser and pay the ransom in Bitcoin (BTC) to "
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT. Your personal ID: 0123456789ABCDEF. Do not rename files. We have downloaded "
    "your data and will publish it on our leak site if you don't pay within 72 hours."
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder that was scanned and the bundle of a run over it."""
    folder = tmp_path_factory.mktemp("Zoé")
    (folder / "Compte rendu - Éléonore.docx").write_bytes(b"lettre")
    Path(f"\\\\?\\{folder}\\CON").write_bytes(b"a device's name")
    (folder / "LIRE À PROPOS.txt").write_text(NOTE, encoding="utf-8")
    out = folder / "out"
    out.mkdir()
    return folder, bundle_of(started(folder, out))


def started(folder, out):
    """Start a run over a folder.

    Its errors go nowhere: what Wine starts on its behalf would hold a pipe open after its end.
    """
    asked = [sys.executable, "-m", "collector.cli", "--case", "W1", "--no-memory", "--yes", "--quiet", "--json"]
    asked += ["--scan", str(folder), "--out", str(out), "--since", "1d", "--profile", "triage", "--lang", "en"]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(asked, cwd=CHECKOUT, stdin=nowhere, stdout=subprocess.PIPE, stderr=nowhere)


def bundle_of(process):
    """Wait for a run and return its bundle."""
    told, _ = process.communicate(timeout=300)
    assert process.returncode in (0, 3, 4), told
    return Path(json.loads(told)["bundle"])


def rows(bundle, kind):
    found = bundle.glob(f"artifacts/*-{kind}*.jsonl")
    lines = [line for path in found for line in path.read_text("utf-8").splitlines()]
    return [row for line in lines if "columns" not in (row := json.loads(line))]


def test_a_recent_file_with_an_accented_name_is_listed_with_its_hash(run):
    """So is one whose name Windows would take for a device; the bundle, which lies in the folder, is not."""
    folder, bundle = run
    found = {row["path"]: row for row in rows(bundle, "recent-files")}
    for name, data in (("Compte rendu - Éléonore.docx", b"lettre"), ("CON", b"a device's name")):
        assert found[f"{folder}\\{name}"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert not [path for path in found if path.startswith(str(bundle))]


def test_the_ransom_note_is_told_and_copied(run):
    """And its row among the recent files says that it is one."""
    folder, bundle = run
    [note] = [row for row in rows(bundle, "ransom") if row["what"] == "note"]
    assert note["path"] == str(folder / "LIRE À PROPOS.txt")
    assert (bundle / note["artifact"]).read_bytes() == (folder / "LIRE À PROPOS.txt").read_bytes()
    judged = {row["path"]: row["judged"] for row in rows(bundle, "recent-files")}
    assert judged[note["path"]] == ["note"]
    assert judged[f"{folder}\\CON"] == []


def test_the_bundle_verifies(run):
    """With nothing but the verifier."""
    _, bundle = run
    asked = [sys.executable, "-m", "collector.cli", "verify", "--json", str(bundle)]
    done = subprocess.run(asked, cwd=CHECKOUT, stdout=subprocess.PIPE, check=False, timeout=300)
    assert done.returncode == 0, done.stdout


def test_an_encryption_beside_the_run_is_told_while_it_goes_on(tmp_path):
    """Files that were there are rewritten and renamed: the alarm names the extension, the folder and the bytes."""
    folder, out = tmp_path / "practice", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    names = [f"{number}.{kind}" for number in range(80) for kind in ("docx", "pdf", "jpg", "xlsx", "txt", "odt", "png")]
    for name in names:
        (folder / name).write_bytes(b"bonjour " * 900)
    process = started(folder, out)
    while not list(out.glob("*/manifest.jsonl")):
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    for name in names:
        if process.poll() is not None:
            break  # it goes on for as long as the run does
        (folder / name).write_bytes(os.urandom(8000))
        (folder / name).rename(folder / f"{name}.lockedbyus")
        time.sleep(0.03)
    bundle = bundle_of(process)
    records = [json.loads(line) for line in (bundle / "manifest.jsonl").read_text("utf-8").splitlines()]
    observed = [one["data"] for one in records if one.get("what") == "encryption-running"]
    alarm = observed[0]
    assert (alarm["state"], alarm["extension"], alarm["folders"]) == ("running", "lockedbyus", [str(folder)])
    assert alarm["reasons"] == ["renamed", "cipher"]
    # The watch begins a moment after the first names, and the last are seen after the last count: none is lost between.
    renamed = [str(row["path"]) for row in rows(bundle, "activity") if row["event"] == "moved-to"]
    expected = [str(folder / f"{name}.lockedbyus") for name in names]
    first = expected.index(renamed[0])
    assert renamed == expected[first : first + len(renamed)]
    assert 0 < alarm["totals"]["renamed"] <= observed[-1]["totals"]["renamed"] <= len(renamed)
    start = next(one["data"] for one in records if one.get("what") == "encryption-start")
    assert start["extension"] == "lockedbyus"
