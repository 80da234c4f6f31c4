"""Turns the bytes of a suspected note into text that rules can be held against, whatever was done to hide it.

Everything here is bounded: at most `MOST_BYTES` are looked at, `MOST_TEXT` characters come out, and every pattern
reads its input once. The input is an attacker's; no answer of this module is more than a reading of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from collector.ransom import encodings, markup, pdf

MOST_BYTES: Final = 320 * 1024
"""Bytes looked at of one file: the first 256 KiB and the last 64 KiB, joined by whoever reads the file."""

MOST_TEXT: Final = 64 * 1024
"""Characters of text kept: notes have a few thousand."""

_HEAD_TEXT: Final = 48 * 1024
"""Of these, the characters from the beginning; the rest comes from the end."""

_MOST_CONTROLS: Final = 0.02
"""Share of control characters above which decoded bytes are no text. Escape codes of terminals stay far below."""

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u3164\ufeff\uffa0"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\U000e0000-\U000e007f]+"
)
"""Characters that show nothing: zero-width ones, direction marks, variation selectors, tags."""

_CONFUSABLES: Final = str.maketrans(
    "авсԁеёғԍһіїјкӏмԛорѕтυԝхуүᴢАВСЕԌНІЇЈКӀМОРԚЅТԜХУҮαβεηικνορτυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧոսօցհԼ",
    "abcdeefghiijklmqopstuwxyyzABCEGHIIJKIMOPQSTWXYYabenikvoptuxyABEZHIKMNOPTYXnuoghL",
)
"""Letters of other scripts that look like Latin ones (Unicode's confusables, those that stand for one letter)."""

_CYRILLIC: Final = str.maketrans("aceopxyBEKMHOPCTXA", "асеорхуВЕКМНОРСТХА")
"""The other way round: Latin letters with which a Russian word is disguised."""

_LATIN: Final = re.compile(r"[A-Za-z]")
_FOREIGN: Final = re.compile("[\u0370-\u058f]")
_WORD: Final = re.compile(r"[^\W\d_]++")  # every word, asked one by one: a pattern for the foreign ones read all twice
_MARKS: Final = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")
_FOLDED: Final = {"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"}
_FOLDABLE: Final = re.compile(f"[{''.join(_FOLDED)}]")
_APOSTROPHES: Final = re.compile("['\u2019\u2018`\u00b4\u02bc\u2032]")
HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+")
"""Where a file's name falls into words."""

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_NO_WORD: Final = re.compile(r"[\W_]+")
_PLAIN: Final = bytes(code if chr(code).isalnum() else 32 for code in range(128)).lower() + bytes(128)
_PLAIN_APOSTROPHES: Final = b"'`"


@dataclass(frozen=True)
class Reading:
    """What was read: `text` with its punctuation, the form it stood in, and its encoding where there was one.

    An empty text means that the bytes are no text in any form known here, or that nothing stands in it.
    """

    text: str
    form: str
    encoding: str


def read(data: bytes) -> Reading:
    """Return the text of a file's bytes; never raises for what stands in them."""
    data = data[:MOST_BYTES]
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if start.startswith(b"%PDF-") and (shown := normal(pdf.text(data))):
        return Reading(shown, "pdf", "")  # one that shows nothing is read as what it is otherwise
    if start.startswith(b"{\\rt"):
        return Reading(normal(markup.from_rtf(data)), "rtf", "")
    raw, encoding = encodings.decode(data)
    if not raw or _is_noise(raw):
        hidden = normal(pdf.text(data)) if b"%PDF-" in data[:1024] else ""  # where readers still look for it
        return Reading(hidden, "pdf" if hidden else "binary", "" if hidden else encoding)
    if markup.is_html(raw):
        return Reading(normal(markup.from_html(raw)), "html", encoding)
    if markup.has_entities(raw):
        raw = markup.unescaped(raw)
    return Reading(normal(raw), "text", encoding)


def normal(text: str) -> str:
    """Return a text of at most `MOST_TEXT` characters in one spelling: NFKC, nothing invisible, scripts unmixed."""
    text = text if len(text) <= MOST_TEXT else f"{text[:_HEAD_TEXT]} {text[_HEAD_TEXT + 1 - MOST_TEXT :]}"
    if text.isascii():
        return text
    text = _bounded(_INVISIBLE.sub("", text))
    text = unicodedata.normalize("NFKC", text)[: 2 * MOST_TEXT]  # one sign may become eighteen
    text = _INVISIBLE.sub("", text[:MOST_TEXT])
    if not _FOREIGN.search(text):
        return text
    mostly_latin = len(_LATIN.findall(text)) * 2 > sum(map(str.isalpha, text))
    return _WORD.sub(lambda found: _unmixed(found[0], lone=mostly_latin), text)


def words(text: str) -> str:
    """Return a normal text as small words with one space between them: no accents, no punctuation, no apostrophes."""
    if not text.isascii():
        text = _NOT_ASCII.sub(lambda found: _unaccented(found[0]), text)
    if text.isascii():  # most texts, and several times faster so
        return b" ".join(text.encode("ascii").translate(_PLAIN, _PLAIN_APOSTROPHES).split()).decode("ascii")
    return _NO_WORD.sub(" ", _APOSTROPHES.sub("", text.lower())).strip()


def _bounded(text: str) -> str:
    """Return a text with at most 30 combining signs after each other, as Unicode's stream-safe form has it (UAX 15).

    Sorting them takes the square of their number, in one call in which nothing else of ours runs.
    """
    return _combining().sub(r"\1", text)


@cache
def _combining() -> re.Pattern[str]:
    signs = [code for code in range(0x300, 0x20000) if unicodedata.combining(chr(code))]
    breaks = [at for at in range(1, len(signs)) if signs[at] != signs[at - 1] + 1]
    runs = zip([0, *breaks], [*breaks, len(signs)], strict=True)
    ranges = "".join(f"{chr(signs[first])}-{chr(signs[last - 1])}" for first, last in runs)
    return re.compile(f"([{ranges}]{{30}})[{ranges}]+")


def _unaccented(text: str) -> str:
    text = _bounded(text)
    text = _MARKS.sub("", unicodedata.normalize("NFD", text.casefold()))
    return _FOLDABLE.sub(lambda found: _FOLDED[found[0]], unicodedata.normalize("NFC", text))


def _unmixed(word: str, *, lone: bool) -> str:
    """Return a word with its lookalikes folded where it mixes scripts, or is all lookalikes in a Latin text."""
    if word.isascii() or not _FOREIGN.search(word):
        return word
    folded = word.translate(_CONFUSABLES)
    if folded.isascii() and (lone or _LATIN.search(word)):
        return folded
    if not _LATIN.search(word):
        return word
    return word.translate(_CYRILLIC) if _FOREIGN.search(folded) else folded  # a letter that only Russian has


def _is_noise(text: str) -> bool:
    """Tell whether decoded bytes hold too many control characters to be meant for people."""
    sample = text[:_HEAD_TEXT]
    bad = len(re.findall(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]", sample))
    return bad > 2 + len(sample) * _MOST_CONTROLS
