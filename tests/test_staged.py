"""A whole attack of our own, staged beside a real run: what an expert would ask for is in the bundle afterwards.

The attack runs in a PID and mount namespace of the test, where its cron entry and its unit stand where real ones do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import attack
import live
import pytest

if sys.platform != "linux":
    pytest.skip("Linux only", allow_module_level=True)

pytestmark = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]

PLANTED = ("etc/cron.d", "etc/systemd/system")


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """Return the attack, the bundle and standard error of a run while it went on, and when it began to encrypt."""
    live.needs("unshare", "nsenter", "mount")
    folder = tmp_path_factory.mktemp("staged")
    root, tree = folder / "root", attack.grow(folder / "Documents", folders=5, count=60)
    twin = tree / "dossier0" / "lettre0.txt"
    for part in PLANTED:
        shutil.copytree(f"/{part}", root / part, symlinks=True)
    (folder / "out").mkdir()
    with subprocess.Popen(["unshare", "-pmf", "--mount-proc", "--kill-child", "sleep", "600"]) as holder:
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        live.wait_for(lambda: children.read_text().strip())
        first = children.read_text().strip()
        live.wait_for(lambda: Path(f"/proc/{first}/comm").read_text() == "sleep\n")
        inside = ["nsenter", "-t", first, "-p", "-m"]
        try:
            for part in PLANTED:
                subprocess.run([*inside, "mount", "--bind", root / part, f"/{part}"], check=True)
            original = twin.read_bytes()
            with attack.staged(folder / "hidden" / ".x", tree, root, before=inside, pause=0.08) as running:
                live.wait_for(lambda: twin.with_name(twin.name + attack.APPENDED).exists())
                twin.write_bytes(original)  # somebody put it back, from a mail
                live.wait_for(lambda: len(list(tree.rglob(f"*{attack.APPENDED}"))) > 75)
                done = live.run(
                    "--case", "T1", "--out", folder / "out", "--json", "--scan", tree, "--yes", "--memory",
                    "--profile", "standard", before=inside,
                )  # fmt: skip
        finally:
            holder.kill()
    assert done.code in live.SEALED, done.err
    return running, live.assert_sealed(done.json["bundle"]), done.err, tree


def traces(bundle, what):
    return [row for row in bundle.rows("ransom") if row["what"] == what]


def test_the_process_is_flagged_with_its_file_and_its_key(staged):
    """Its deleted file is there byte for byte, and the key that stands on no disk is in its memory."""
    running, bundle, _, _ = staged
    (row,) = [row for row in bundle.rows("suspects") if row["pid"] == running.pid]
    assert row["confidence"] == "high"
    assert running.program_sha256 in [one["sha256"] for one in bundle.artifacts("file")]
    dumps = [bundle.path / one["path"] for one in bundle.artifacts("process-memory")]
    assert any(running.has_key(dump.read_bytes()) for dump in dumps)


def test_the_note_is_there_once_with_all_its_places(staged):
    """And what it names, as fields."""
    _, bundle, _, tree = staged
    told = traces(bundle, "note")
    places = {Path(row["path"]).parent for row in told}
    assert {tree / "dossier0", tree / "dossier1"} <= places <= {path.parent for path in tree.rglob(attack.NOTE)}
    (copied,) = [row for row in told if row["copied"]]
    assert (bundle.path / copied["artifact"]).read_text() == attack.WORDS
    assert {"kind": "email", "value": "essai@test.invalid", "checked": False} in copied["contacts"]


def test_encrypted_files_are_a_group_with_samples_and_a_pair(staged):
    """Its extension is in no list; the original that somebody put back is beside its twin."""
    _, bundle, _, tree = staged
    group = [row for row in traces(bundle, "encrypted") if row["extension"] == attack.APPENDED][-1]
    assert group["confidence"] in ("medium", "high")
    assert group["folders"] >= 2
    samples = traces(bundle, "sample")
    assert 3 <= len(samples) <= 12
    for row in samples:
        assert (bundle.path / row["artifact"]).read_bytes() == Path(row["path"]).read_bytes()
    (pair,) = traces(bundle, "original")
    assert pair["path"] == str(tree / "dossier0" / "lettre0.txt")
    assert f"{pair['path']}{attack.APPENDED}" in {row["path"] for row in samples}


def test_persistence_is_copied(staged):
    """The cron entry and the unit, from where the system reads them."""
    _, bundle, _, _ = staged
    copied = {row["path"]: row for row in bundle.rows("artifacts") if row["outcome"] == "collected"}
    for path in (f"/{attack.CRON}", f"/{attack.UNIT}"):
        assert b"journal-helper" in (bundle.path / copied[path]["artifact"]).read_bytes()


def test_the_start_of_encryption_is_within_a_minute(staged):
    """Estimated from the files, with its basis, and compared with the start of the machine."""
    running, bundle, _, _ = staged
    (onset,) = bundle.observed("encryption-start")
    estimate = datetime.fromisoformat(onset["estimate_utc"]).timestamp()
    assert abs(estimate - running.started_ns / 1e9) < 60
    assert onset["after_boot"] is True
    assert onset["basis"]


def test_it_was_said_while_it_ran(staged):
    """An observation stands in the manifest before the last source began, and the operator was told at once."""
    running, bundle, err, _ = staged
    seen = bundle.observed("encryption-running")
    assert seen[0]["state"] == "running"
    order = [record.get("what") or record.get("kind") for record in bundle.records]
    assert order.index("encryption-running") < order.index("recent-files")
    assert running.pid in [one["pid"] for data in seen for one in data["processes"]]
    assert "being encrypted" in err


def test_recent_files_say_what_they_are(staged):
    """The list of recent files names the encrypted ones and the notes."""
    _, bundle, _, _ = staged
    judged = {Path(row["path"]).name: row["judged"] for row in bundle.rows("recent-files")}
    assert judged[attack.NOTE] == ["note"]
    assert [name for name, said in judged.items() if name.endswith(attack.APPENDED) and said != ["encrypted"]] == []


def test_a_patient_expert_finds_it_with_stock_tools(staged):
    """Every file of the bundle is listed with its hash."""
    _, bundle, _, _ = staged
    check = ["sha256sum", "-c", "--quiet", "SHA256SUMS"]
    done = subprocess.run(check, cwd=bundle.path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
