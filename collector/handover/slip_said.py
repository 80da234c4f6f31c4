"""Says the sentences, numbers, sizes and times of the « bordereau de remise » in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import vocabulary
from collector.handover.slip_words import TABLE

if TYPE_CHECKING:
    from datetime import datetime


class Words:
    """The sentences in one language, `fr` or `en`; called with a name, it gives that sentence, its fields filled in."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = vocabulary.column(language)

    def __call__(self, name: str, /, **fields: object) -> str:
        """Return a sentence of `TABLE`."""
        return _set(TABLE[name][self._column]).format(**fields)

    def counted(self, name: str, count: int, **fields: object) -> str:
        """Return the sentence for `count` things; French takes zero as one."""
        one = count == 1 or (count == 0 and self.language == "fr")
        return self(f"{name}_1" if one else name, number=self.number(count), **fields)

    def source(self, slug: str) -> str:
        """Return what a source is about, or its slug where it is none of ours."""
        return _set(vocabulary.about(slug, self.language))

    def outcome(self, slug: str) -> str:
        """Return why something was not obtained."""
        return _set(vocabulary.outcome(slug, self.language))

    def number(self, count: int) -> str:
        """Return an integer as a person writes it."""
        return vocabulary.number(count, self.language)

    def size(self, size: int, *, exact: bool = True) -> str:
        """Return a size in bytes, and in larger units where it has them (powers of 1,000)."""
        about, unit = float(size), ""
        for name in self("units").split():
            if about < 1000:  # noqa: PLR2004 - the next unit
                break
            about, unit = about / 1000, name
        if not unit:
            return self("bytes", number=self.number(size))
        digits = f"{about:.1f}".replace(".", "," if self.language == "fr" else ".")
        near = f"{digits}\u00a0{unit}"
        return self("about_bytes", about=near, number=self.number(size)) if exact else near

    def moment(self, moment: datetime) -> str:
        """Return a time of day to the second; the reader sees which number is the month."""
        return f"{moment:%d/%m/%Y %H:%M:%S}" if self.language == "fr" else f"{moment:%Y-%m-%d %H:%M:%S}"


def _set(words: str) -> str:
    return words.replace("~", "\u00a0").replace("'", "\u2019")
