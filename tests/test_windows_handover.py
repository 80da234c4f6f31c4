"""Windows: the paper of a hand-over is printed there, and what only stock programs of Linux can do is told in words."""

from __future__ import annotations

import sys

import dossiers
import live
import made
import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from pathlib import Path

from collector import second_opinion, signing
from collector.errors import RefusedError, TimestampError


def test_no_program_is_taken_from_a_drive_that_is_at_hand(tmp_path, monkeypatch):
    r"""`/usr/bin/openssl` is `\usr\bin\openssl` of the current drive there, whoever wrote that one: it is never run."""
    for module in (second_opinion, signing):
        (tmp_path / "planted").write_bytes(b"MZ")
        rooted = str(tmp_path / "planted")[2:]
        assert rooted.startswith("\\")
        monkeypatch.setattr(module, "PROGRAMS", (rooted, rooted.replace("\\", "/")))
    monkeypatch.chdir(tmp_path)
    assert Path(rooted).is_file()
    with pytest.raises(TimestampError, match="not installed"):
        second_opinion.on_timestamp(b"", b"", b"", 0)
    key = tmp_path / "key"
    key.write_bytes(b"x")
    with pytest.raises(RefusedError, match="ssh-keygen is not here"):
        signing.signed(b"x", key)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_paper_of_a_hand_over_is_printed(tmp_path, out, lang):
    """A hand-over recorded on Windows comes out on paper there, as PDF and as a page."""
    bundle = made.sealed(tmp_path)
    assert live.run("handover", bundle, "--to", "Hélène Lefèvre").code == 0
    done = live.run("slip", bundle, "--out", out, "--lang", lang, "--json")
    assert done.code == 0, done.err
    kinds = {path.suffix: path.read_bytes()[:5] for path in out.iterdir()}
    assert kinds[".pdf"] == b"%PDF-"
    assert live.run("verify", bundle, "--json").json["verdict"] == "UNANCHORED"


def test_a_dossier_is_made(tmp_path, out):
    """With answers that were given on Windows: PDF, page and letter, pictures and all."""
    bundle = dossiers.sealed(tmp_path)
    dossiers.say(bundle, {"practice": "Cabinet Œuvrard"})
    done = live.run("dossier", bundle, "--out", out, "--lang", "fr", "--json")
    assert done.code == 0, done.err
    assert {path.name: path.read_bytes()[:5] for path in out.iterdir()} == {
        "dossier.pdf": b"%PDF-", "lettre-procureur.pdf": b"%PDF-", "dossier.html": b"<!DOC",
    }  # fmt: skip
    page = (out / "dossier.html").read_text("utf-8")
    assert "Cabinet Œuvrard" in page
    assert "data:image/png;base64," in page
