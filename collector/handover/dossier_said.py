"""Says the sentences of the dossier in one language, and what a person answered; what is not known is kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import answers, paris
from collector.deadline_words import LANGUAGES, moment
from collector.handover import slip_said
from collector.handover.dossier_answers import LABELS, OPTIONS
from collector.handover.dossier_letter_words import LETTERS
from collector.handover.dossier_more_words import MORE
from collector.handover.dossier_parts import BLANK, Field
from collector.handover.dossier_words import TABLE
from collector.questions import QUESTIONS
from collector.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from collector.answers import Answer
    from collector.handover.dossier_answers import Pair

LONGEST = 2500
"""Characters of a text that are printed: of a note all of them."""


class Words(slip_said.Words):
    """The sentences of the dossier in `fr` or `en`; called with a name, it gives that sentence with its fields."""

    def __call__(self, name: str, /, **fields: object) -> str:
        """Return a sentence of the dossier, or else of the slip."""
        pair = TABLE.get(name) or MORE.get(name) or LETTERS.get(name)
        return super().__call__(name, **fields) if pair is None else self.pair(pair, **fields)

    def pair(self, pair: Pair, **fields: object) -> str:
        """Return one of a pair of sentences."""
        words = pair[LANGUAGES.index(self.language)].replace("~", "\u00a0").replace("'", "\u2019")
        return words.format(**fields)

    def lines(self, name: str, /, **fields: object) -> tuple[str, ...]:
        """Return a sentence of several lines: `|` in the table parts them, and none in what is filled in does."""
        pair = TABLE.get(name) or MORE.get(name) or LETTERS[name]
        both = zip(*(one.split("|") for one in pair), strict=True)
        return tuple(self.pair((french, english), **fields) for french, english in both)

    def long_moment(self, utc: datetime) -> str:
        """Return a moment in words, on the clock of Paris."""
        return moment(utc, self.language).replace("'", "\u2019")

    def short(self, utc: datetime) -> str:
        """Return a moment in figures, on the clock of Paris."""
        here = paris.local(utc)
        if self.language == "fr":
            return f"{here:%d/%m/%Y} {here.hour}\u00a0h\u00a0{here:%M}"
        return f"{here:%Y-%m-%d %H:%M}"

    def day(self, utc: datetime) -> str:
        """Return the day of a moment in Paris."""
        here = paris.local(utc)
        return f"{here:%d/%m/%Y}" if self.language == "fr" else f"{here:%Y-%m-%d}"


class Given:
    """What a person answered, as fields and as parts of sentences."""

    def __init__(self, given: Mapping[str, Answer], said: Words) -> None:
        self._given = given
        self._said = said

    def knows(self, name: str) -> bool:
        """Tell whether there is an answer that says something."""
        return self._given.get(name) is not None

    def answer(self, name: str) -> Answer:
        """Return the answer itself, `None` where there is none that says something."""
        return self._given.get(name)

    def ticked(self, name: str, option: str) -> bool | None:
        """Tell whether an option was ticked; `None` where that is not known."""
        answer = self._given.get(name)
        return option in answer if isinstance(answer, list) else None

    def when(self, name: str) -> datetime | None:
        """Return the moment of an answer."""
        entered = answers.when(self._given.get(name))
        return None if entered is None else entered.utc

    def field(self, name: str, lines: int = 1, label: str = "", note: str = "") -> Field:
        """Return the field of an answer: what was said, that it is not known, or a blank."""
        label = label or self.label(name)
        if name not in self._given:
            return Field(label, lines=lines, note=note)
        if self._given[name] is None:
            return Field(label, self._said("unknown_answer"), unknown=True, note=note)
        return Field(label, self.text(name), note=note)

    def on_day(self, name: str) -> str:
        """Return the day of an answer as a part of a sentence, without its hour."""
        when = self.when(name)
        return self.inline(name) if when is None else self._said.day(when)

    def label(self, name: str) -> str:
        """Return what an answer is called."""
        return self._said.pair(LABELS[name])

    def inline(self, name: str, blank: str = BLANK) -> str:
        """Return an answer as a part of a sentence: that it is not known in brackets, or dots to write on."""
        if name not in self._given:
            return blank
        return f"({self._said('unknown_answer')})" if self._given[name] is None else self.text(name)

    def text(self, name: str) -> str:
        """Return an answer in words; empty where there is none that says something."""
        answer, said = self._given.get(name), self._said
        if answer is None:
            return ""
        entered = answers.when(answer)
        if entered is not None:
            return self.entered(entered)
        options = OPTIONS.get(name, {})
        if isinstance(answer, list):
            ordered = [said.pair(options[one]) for one, _words in QUESTIONS[name].options if one in answer]
            return ", ".join(ordered) if ordered else said("nothing_of_it")
        if isinstance(answer, int):
            return said.number(answer)
        return said.pair(options[str(answer)]) if options else printable(str(answer), LONGEST).strip()

    def entered(self, entered: paris.Entered) -> str:
        """Return a moment as a person gave it, with what of it was open."""
        if entered.doubt is paris.Doubt.DAY:
            return f"{self._said.day(entered.utc)} ({self._said('no_hour')})"
        doubt = "" if entered.doubt is paris.Doubt.NONE else f" ({self._said(f'doubt_{entered.doubt.value}')})"
        return self._said.long_moment(entered.utc) + doubt
