"""A mistake of ours in a question: the rest of the questions is lost, never the evidence, and the bundle says so."""

from __future__ import annotations

import shutil
import sys

import live
import pytest

if sys.platform == "win32":
    pytest.skip("drives a terminal of POSIX", allow_module_level=True)

from test_guided_screens import ARGUMENTS, Screen, fits

BROKEN = {
    "a question": ("asking", "def series(", "def series(*_given):\n    raise KeyError('site')\n\n\ndef _series("),
    "the consent": ("level_screens", "def consent(", "def consent(**_given):\n    return ('C', 7)\n\n\ndef _consent("),
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
    screen.read("appuyez sur Entrée.")
    screen.type("")
    screen.read("pour les questions.")
    screen.type("" if what == "a question" else "!")
    page = fits(screen.page("pour continuer"))
    assert page[0] == "LES QUESTIONS S'ARRÊTENT ICI"
    assert "Error" in "\n".join(page)
    screen.type("")
    if what == "a question":  # consent is still asked
        screen.page("Entrée seule = non")
        screen.type("")
    screen.identity()
    [path] = tmp_path.glob("INCIDENT-*")
    bundle = live.assert_sealed(path)
    [gap] = [record for record in bundle.records if record["type"] == "gap" and record["source"] == "answers"]
    assert gap["outcome"] == "failed"
