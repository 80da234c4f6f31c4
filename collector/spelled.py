"""How people write a moment, in the digits that are read: names of months, dots between, noon and midnight. Pure.

French and English, whatever language is spoken to the person: who types « 25 novembre » means it anywhere.
"""

from __future__ import annotations

import re
from typing import Final

_MONTHS: Final = (
    "janvier janv january jan",
    "février fevrier févr fevr fév fev february feb",
    "mars march mar",
    "avril avr april apr",
    "mai may",
    "juin june jun",
    "juillet juil july jul",
    "août aout august aug",
    "septembre september sept sep",
    "octobre october oct",
    "novembre november nov",
    "décembre decembre december déc dec",
)
_NUMBERS: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAME: Final = rf"(?P<name>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b\.?"
_YEAR: Final = r"(?:,? (?P<year>[0-9]{4})(?![0-9]))?"
_NAMED: Final = (
    re.compile(rf"(?P<day>[0-9]{{1,2}})(?:er|st|nd|rd|th)? {_NAME}{_YEAR}", re.IGNORECASE),
    re.compile(rf"{_NAME} (?P<day>[0-9]{{1,2}})(?![0-9:h])(?:st|nd|rd|th)?{_YEAR}", re.IGNORECASE),
)
_DOTTED: Final = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})(?![0-9.])")
_HOURS: Final = (
    (re.compile(r"\b(?:minuit|midnight)$", re.IGNORECASE), "0h00"),
    (re.compile(r"\b(?:midi|noon)$", re.IGNORECASE), "12h00"),
)


def plain(text: str) -> str:
    """Return a moment as typed, its day in digits with slashes and its hour in digits; anything else as it is.

    Midnight is the first minute of its day: of two moments that may be meant the earlier one is taken.
    """
    text = " ".join(text.replace("\u2019", "'").split())
    text = re.sub(r"^avant hier\b", "avant-hier", text, flags=re.IGNORECASE)
    for form in _NAMED:
        match = form.match(text)
        if match is not None:
            month, year = _NUMBERS[match["name"].lower()], match["year"]
            text = f"{match['day']}/{month}" + (f"/{year}" if year else "") + text[match.end() :]
            break
    dotted = _DOTTED.match(text)
    if dotted is not None:
        text = "/".join(dotted.groups()) + text[dotted.end() :]
    for word, hour in _HOURS:
        text = word.sub(hour, text)
    return text
