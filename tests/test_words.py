"""One thing has one name: on the screen, which has a catalogue, and on the paper, which has a table of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from collector import vocabulary
from collector.handover import slip_words
from collector.handover.slip_said import Words
from collector.ui import messages, words

PACKAGE = Path(messages.__file__).parent.parent
NOT_CHOSEN = {
    "collecte": r"\brecueil\b",
    "journal": r"manifeste\b",
    "fichier de suivi": r"journal (de garde|des remises)",
    "reçu": r"accusé de réception|[Rr]éception (non )?contresignée",
    "numéro du kit": r"nonce\b.*\bkit\b|\bkit\b.*\bnonce|numéro unique.*\bkit\b",
    "clé de lecture du cabinet": r"\bclé du cabinet",
}
"""The one French name of a thing (that of LISEZ-MOI.txt, which lies in every bundle), and what it was called before."""


@pytest.fixture(autouse=True)
def english():
    """Leave the process in English."""
    yield
    messages.install("en")


@pytest.mark.parametrize("language", vocabulary.LANGUAGES)
def test_screen_and_paper_name_sources_outcomes_and_numbers_alike(language):
    """Each slug, one that nobody knows, and a number, in both languages; the apostrophe alone is set otherwise."""
    messages.install(language)
    paper = Words(language)
    for slug in (*vocabulary.SOURCES, "a-rule"):
        assert paper.source(slug) == words.about(slug).replace("'", "\u2019")
    for slug in (*vocabulary.OUTCOMES, "new"):
        assert paper.outcome(slug) == words.outcome(slug).replace("'", "\u2019")
    assert paper.number(1234567) == messages.number(1234567)
    expected = {"fr": "fin d'une collecte interrompue", "en": "end of an interrupted collection"}
    assert words.about("resume") == expected[language]


def french() -> list[str]:
    """Return every French sentence: of the catalogue, of the paper, of the table they share and of LISEZ-MOI.txt."""
    with (PACKAGE / "ui/locale/fr/LC_MESSAGES/collector.po").open("rb") as file:
        strings = [message.string for message in read_po(file) if message.id]
    catalogue = [one for string in strings for one in (string if isinstance(string, tuple) else (string,))]
    tables = (slip_words.TABLE, vocabulary.SOURCES, vocabulary.OUTCOMES)
    readme = (PACKAGE / "LISEZ-MOI.txt").read_text("utf-8")
    return [*catalogue, *(pair[0] for table in tables for pair in table.values()), " ".join(readme.split())]


@pytest.mark.parametrize("chosen", NOT_CHOSEN)
def test_a_thing_has_one_french_name(chosen):
    """The name that was chosen is used, and none of the others, on screen or paper."""
    sentences = french()
    assert [one for one in sentences if chosen.casefold() in one.casefold()]
    assert [one for one in sentences if re.search(NOT_CHOSEN[chosen], one, re.IGNORECASE)] == []
