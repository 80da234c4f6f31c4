"""A mistake of ours in a question: the rest of the questions is lost, never the evidence, and the bundle says so."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import live
import pytest

if sys.platform == "win32":
    pytest.skip("drives a terminal of POSIX", allow_module_level=True)

from test_guided_screens import ARGUMENTS, Screen, fits

from collector import kit
from collector.ui import guided

BROKEN = {
    "a question": ("asking", "def series(", "def series(*_given):\n    raise KeyError('site')\n\n\ndef _series("),
    "the answers": ("guided", "def _grouped(", "def _grouped(_said):\n    raise KeyError('site')\n\n\ndef _other("),
    "the consent": ("level_screens", "def consent(", "def consent(**_given):\n    return ('C', 7)\n\n\ndef _consent("),
    "its words": ("level_screens", "def consent(", "def consent(**_given):\n    return None['C']\n\n\ndef _consent("),
    "the first screen": ("guided", 'page.screen(_("BEFORE ANYTHING ELSE"))', "raise KeyError('site')"),
}
"""A room of `ui`, and what is put in place of what in a copy of it."""


@pytest.mark.parametrize("what", BROKEN)
def test_a_defect_in_a_question_costs_no_evidence(tmp_path, what):
    """Told on a screen, in plain words and its own; the run begins; a gap of `answers` tells that they ended early."""
    root = tmp_path / "checkout"
    for name in ("collector", "rules"):
        shutil.copytree(live.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    room, old, new = BROKEN[what]
    place = f"collector/ui/{room}.py"
    text = (root / place).read_text("utf-8")
    assert text.count(old) == 1
    (root / place).write_text(text.replace(old, new), encoding="utf-8")
    (tmp_path / "tree").mkdir()
    screen = Screen(*ARGUMENTS, cwd=tmp_path, root=root, lang="fr")
    if what != "the first screen":
        screen.page("appuyez sur Entrée.")
        screen.type("")
        screen.page("pour les questions.")
        screen.type("" if what == "a question" else "!")
    page = fits(screen.page("pour continuer"))
    assert page[0] == "LES QUESTIONS S'ARRÊTENT ICI"
    assert "Error" in "\n".join(page)
    screen.type("")
    if what == "the first screen":
        screen.page("pour les questions.")
        screen.type("!")
    if what not in ("the consent", "its words"):  # consent is still asked
        screen.page("Entrée seule = non")
        screen.type("")
    screen.identity()
    [path] = tmp_path.glob("INCIDENT-*")
    bundle = live.assert_sealed(path)
    [gap] = [record for record in bundle.records if record["type"] == "gap" and record["source"] == "answers"]
    assert gap["outcome"] == "failed"
    asked = [record for record in bundle.records if record.get("what") == "consent"]
    assert len(asked) == (what not in ("the consent", "its words")), "where nobody was asked nobody said no"


@pytest.mark.parametrize("wrong", [["--max-time", "rubbish"], ["--since", "rubbish"], ["--max-size", "-"]])
def test_a_wrong_option_is_told_before_the_first_question(tmp_path, wrong):
    """Not after thirty answers, which would be lost."""
    screen = Screen(*ARGUMENTS, *wrong, cwd=tmp_path, lang="fr")
    screen.rest()
    assert screen.child.wait(60) == 2
    assert "erreur" in screen.text
    assert "AVANT TOUTE CHOSE" not in screen.text


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000])
def test_a_folder_that_nothing_can_be_called_is_refused(name):
    """Whatever is typed where another stick is asked for."""
    assert kit.refusal_of(Path(name)) in kit.REASONS


def test_what_was_said_before_is_kept(monkeypatch):
    """The mistake comes after the first answers; two of them are both told."""

    def series(_page, _steps, said):
        said |= {"operator": "Ann", "case": "C-9", "role": "nurse"}
        raise KeyError("site")

    monkeypatch.setattr(guided.asking, "series", series)
    out = io.StringIO()
    guide = guided.Guide(io.StringIO("\n" * 9), out)
    told = guide.ask("CASE-1")
    assert (told.case, told.operator, told.answers) == ("C-9", "Ann", {"awareness": {"role": "nurse"}})
    assert guide.broke == "KeyError: 'site'"
    monkeypatch.setattr(guided, "_grouped", dict.__getitem__)
    assert guided.Guide(io.StringIO("\n" * 9), out).ask("CASE-1").case == "C-9", "what can't be grouped costs no other"
    monkeypatch.setattr(guided.spoken, "is_yes", lambda _text: {}["yes"])
    unsure = guided.Guide(io.StringIO("y\n\n"), out)
    assert (unsure.agreed(lambda: ("LEVEL C", "what is taken")), unsure.broke) == (None, "KeyError: 'yes'")
    assert guide.agreed(lambda: (_ for _ in ()).throw(OSError("gone"))) is None
    assert guide.broke == "KeyError: 'site'; OSError: gone"
