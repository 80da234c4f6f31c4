"""One thing has one name: on the screen, which has a catalogue, and on the paper, which has a table of its own."""

from __future__ import annotations

import pytest

from collector import vocabulary
from collector.handover.slip_said import Words
from collector.ui import messages, words


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
