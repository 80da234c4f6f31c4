"""One run on Windows: what a victim wrote, and what an attacker left, is in the sealed bundle under its own name."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
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
    asked = [sys.executable, "-m", "collector.cli", "--case", "W1", "--no-memory", "--yes", "--quiet", "--json"]
    asked += ["--scan", str(folder), "--out", str(out), "--since", "1d", "--profile", "triage", "--lang", "en"]
    # Not a pipe for its errors, too: what Wine starts on its behalf would hold that open after its end.
    done = subprocess.run(
        asked, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        timeout=300,
    )  # fmt: skip
    told = done.stdout
    assert done.returncode in (0, 3, 4), told
    return folder, Path(json.loads(told)["bundle"])


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
