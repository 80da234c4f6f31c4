"""The French catalogue: complete, in step with the code, and written as a careful native writes."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from collector import vocabulary
from collector.model import Outcome
from collector.sources import SOURCES
from collector.ui import messages, words

ROOT = Path(__file__).parent.parent
PO = ROOT / "collector/ui/locale/fr/LC_MESSAGES/collector.po"
TECHNICAL = re.compile(r"manifest\.jsonl|SHA-256|`[^`]*`")
"""Names of files and commands stay what they are in every language."""


@pytest.fixture(autouse=True)
def english():
    """Leave the process in English."""
    yield
    messages.install("en")


@pytest.fixture(scope="module")
def catalogue():
    with PO.open("rb") as file:
        return read_po(file)


def pairs(catalogue):
    """Every sentence beside its translation, plurals singly."""
    for message in catalogue:
        if isinstance(message.id, tuple):
            yield from ((message.id[at], message.string[at]) for at in range(2))
        elif message.id:
            yield message.id, message.string


def test_rebuilding_changes_nothing_and_misses_nothing():
    """Every sentence of the code is in the catalogue and translated, and the compiled file is that of the text."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/catalogues", "--check"], capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_nothing_is_fuzzy_or_obsolete(catalogue):
    """No translation is a guess, none belongs to a sentence that is gone."""
    assert not [message.id for message in catalogue if message.id and message.fuzzy]
    assert not catalogue.obsolete
    assert len(catalogue) > 200


def test_placeholders_are_equal(catalogue):
    """A translation has exactly the fields of its sentence."""
    formatter = string.Formatter()
    for english, french in pairs(catalogue):
        fields = [{name for _, name, *_ in formatter.parse(text) if name is not None} for text in (english, french)]
        assert fields[0] == fields[1], english


def test_french_is_set_as_french_is(catalogue):
    """Before : ; ! ? and inside quotes stands a space that does not break a line."""
    for english, french in pairs(catalogue):
        if english in ("error:", "hint:"):  # scripts look for these two with an ordinary space
            continue
        prose = TECHNICAL.sub("", french)
        assert not re.search(r"[^\u00a0:][;!?:](\s|$)", prose), french
        assert not re.search(r"« | »|\u2019", prose), french


def test_words_that_frighten_or_promise_too_much_are_not_used(catalogue):
    """No jargon, and never the words that only a police officer or a court may use."""
    for english, french in pairs(catalogue):
        prose = TECHNICAL.sub("", french)
        assert not re.search(r"hash|artefact|manifest|scell|authenti|procès-verbal", prose, re.IGNORECASE), french
        assert not re.search(r"authentic", english, re.IGNORECASE), english


def test_every_source_and_outcome_has_its_words():
    """A source that is added is never shown by its slug."""
    assert {source.name for source in SOURCES} | {"memory", "clipboard", "registry", "seal"} == set(words.DOING)
    assert {source.name for source in SOURCES} <= set(vocabulary.SOURCES)
    assert {one.value for one in Outcome} - {"collected", "empty"} == set(vocabulary.OUTCOMES)


@pytest.mark.parametrize(
    ("lang", "environment", "expected"),
    [
        ("fr", {}, "fr"),
        ("en", {"LANG": "fr_FR.UTF-8"}, "en"),
        (None, {"LANG": "fr_FR.UTF-8"}, "fr"),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "fr_FR.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "fr_CA", "LANG": "en_GB.UTF-8"}, "fr"),
        (None, {"LC_ALL": "", "LANG": "fr"}, "fr"),
        (None, {"LANG": "../../etc/fr"}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {}, "en"),
        ("klingon", {"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_the_language_is_that_of_the_option_or_the_locale(monkeypatch, lang, environment, expected):
    """--lang goes before LC_ALL, LC_MESSAGES and LANG; what is unknown is English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    messages.install(lang)
    assert messages.language() == expected


def test_the_language_is_known_before_the_command_line_is():
    """A mistake in the words of the command is told in the language that they ask for."""
    assert messages.asked(["verify", "--lang", "fr", "x"]) == "fr"
    assert messages.asked(["--lang=en"]) == "en"
    assert messages.asked(["--lang"]) is None
    messages.install("fr")
    assert messages.elsewhere("Missing argument 'BUNDLE'.") == "il manque 'BUNDLE'"
    nested = "Invalid value for '--lang': 'x' is not one of 'fr', 'en'."
    assert messages.elsewhere(nested) == "valeur impossible pour '--lang'\u00a0: 'x' n'est pas parmi 'fr', 'en'"


@pytest.mark.parametrize("broken", [b"", b"\xde\x12\x04\x95", b"\x00" * 4096, None, b"plural"])
def test_a_broken_catalogue_never_stops_a_run(tmp_path, monkeypatch, broken):
    """Empty, cut, garbage, missing, or with a field that the sentence has not: English is shown."""
    folder = tmp_path / "fr/LC_MESSAGES"
    folder.mkdir(parents=True)
    if broken == b"plural":
        data = PO.with_suffix(".mo").read_bytes()
        broken = data.replace("Étape {number}".encode(), "Étape {nombre}".encode())
        assert broken != data
    if broken is not None:
        (folder / "collector.mo").write_bytes(broken)
    monkeypatch.setattr(messages, "_LOCALE", tmp_path)
    messages.install("fr")
    said = messages._("Step {number} of {total}: {doing}", number=1, total=2, doing="x")
    assert said == "Step 1 of 2: x"
    assert messages.ngettext("{count} item noted", "{count} items noted", 2)
    assert messages.elsewhere("the note is empty")


def test_sentences_of_other_rooms_are_translated_with_what_they_carry():
    """An error with data is found by its template, and what it carries is translated where it is a sentence."""
    messages.install("fr")
    assert messages.elsewhere("the note is empty") == "la note est vide"
    carried = messages.elsewhere("the folder of the bundle is full (No space left on device)")
    assert carried == "le dossier de preuves est plein (plus de place sur le support)"
    assert messages.elsewhere("nobody ever wrote this sentence") == "nobody ever wrote this sentence"
    assert messages.elsewhere("x" * 100_000) == "x" * 100_000
    assert messages.elsewhere("") == ""
    assert messages._("") == ""
