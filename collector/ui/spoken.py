"""What a person types for yes, no, "I don't know", a number and a line of a list: taken whole or not at all."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from collector.questions import NUMBER
from collector.ui.messages import LANGUAGES, N_, _, said_in

UNKNOWN: Final = "?"
"""What is typed alone for "I don't know"."""
_UNKNOWN: Final = (
    N_("I don't know"),
    N_("don't know"),
    N_("we don't know"),
    N_("no idea"),
    N_("dk"),
    N_("I do not know"),
    N_("I dunno"),
    N_("dunno"),
    N_("we do not know"),
    N_("I have no idea"),
)
"""As people write it: French drops its « ne » there, and more."""
_GROUPED: Final = re.compile(r"[1-9][0-9]{0,2}(?P<mark>[\s.,'])[0-9]{3}(?:(?P=mark)[0-9]{3})*")
"""Thousands set off by one kind of mark: `2 500`, `12.500`; `7,5` is none."""


def plain(text: str) -> str:
    """Return a typed text as it is compared: small letters, straight apostrophes, no full stop at its end."""
    return " ".join(text.replace("\u2019", "'").casefold().split()).rstrip(" .!")


def is_yes(text: str) -> bool:
    """Tell whether this is a clear yes: the letter or the word, and nothing else."""
    return plain(text) in {_("y"), _("yes"), "y", "yes"}


def is_no(text: str) -> bool:
    """Tell whether this is a clear no."""
    return plain(text) in {_("n"), _("no"), "n", "no"}


def is_unknown(text: str) -> bool:
    """Tell whether this says "I don't know", as a mark or in words of any language that we have."""
    return text == UNKNOWN or plain(text) in _unknown()


@cache
def _unknown() -> frozenset[str]:
    return frozenset(plain(said_in(language, known)) for language in LANGUAGES for known in _UNKNOWN)


def whole_number(text: str) -> int | None:
    """Return the number that was typed, at most `questions.NUMBER`; `None` for anything but a whole number."""
    text = text.replace("\u2019", "'")
    if _GROUPED.fullmatch(text):
        text = re.sub("[^0-9]", "", text)
    return int(text) if re.fullmatch("[0-9]{1,7}", text) and int(text) <= NUMBER else None


def line_number(text: str, lines: int) -> int | None:
    """Return which of so many lines was typed, from 1 on, in three digits at most; `None` for anything else."""
    number = int(text) if re.fullmatch("[0-9]{1,3}", text) else 0
    return number if 1 <= number <= lines else None


def line_numbers(text: str, lines: int) -> list[int] | None:
    """Return which lines were typed, with spaces, commas or semicolons between; `None` where one of them is none."""
    numbers = [line_number(part, lines) for part in re.split("[ ,;]+", text)]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(numbers) else None
