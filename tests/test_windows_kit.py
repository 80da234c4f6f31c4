"""The kit on Windows: laid out, checked and refused as on Linux; a drive that is not there, and its letter alone."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from collector import kit
from collector.errors import KitError, RefusedError
from collector.handover import kit as making
from collector.ui import kit_screens

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@pytest.fixture
def stick(tmp_path):
    """Lay a kit out in a folder with a space and an accent."""
    program, stick = tmp_path / "program", tmp_path / "clé usb"
    (program / "_internal/données").mkdir(parents=True)
    stick.mkdir()
    for name in ("collect.exe", "_internal/python311.dll", "_internal/données/é.txt"):
        (program / name).write_bytes(b"stand-in")
    wish = making.checked([RECIPIENT], [], None, "Mme Hélène, 06 12", "fr", {"windows": program})
    laid = making.lay(wish, stick, datetime.now(UTC))
    assert laid.programs["windows"].files == 3
    with pytest.raises(RefusedError, match="stands in this folder already"):
        making.lay(wish, stick, datetime.now(UTC))
    return stick


def test_it_is_as_it_was_prepared_until_a_byte_changes(stick):
    """Names in the sums have `/`; changed, missing, added and what is held open by another program are told apart."""
    assert kit.check(stick) == ()
    assert kit.read(stick / "kit.json").contact == "Mme Hélène, 06 12"
    (stick / "Note de rançon.txt").write_text("payez", "utf-8")
    (stick / "preuves/x.exe").write_bytes(b"")
    assert kit.check(stick) == ("Note de rançon.txt",)
    with (stick / "windows/collect.exe").open("rb"):
        assert kit.check(stick), "our own program runs, and is read all the same"
    (stick / "windows/_internal/données/é.txt").write_bytes(b"Stand-in")
    (stick / "windows/VERSION.dll").write_bytes(b"")
    (stick / "INSTRUCTIONS.pdf").unlink()
    with pytest.raises(KitError) as refused:
        kit.check(stick)
    assert sorted(refused.value.changes) == [
        "INSTRUCTIONS.pdf is missing",
        "windows/VERSION.dll was added",
        "windows/_internal/données/é.txt was changed",
    ]


def test_where_evidence_goes(stick):
    """The stick takes it and keeps no trace of the trial; a drive that is not there is gone; a letter means a drive."""
    assert kit.refusal_of(stick / "preuves", kit.LEAST_AT_ALL) is None
    assert list((stick / "preuves").iterdir()) == []
    assert kit.refusal_of(Path("Q:\\")) == "gone"
    for said in ("q", "Q:", "q:"):
        assert str(kit_screens._folder_of(said)) == "Q:\\"
    assert str(kit_screens._folder_of("Q:\\a b")) == "Q:\\a b"
