"""How people write a moment, taken apart: weekday, day, hour, and the words that go with them. Pure: no clock is read.

French and English, whatever language is spoken to the person: who types « 25 novembre » means it anywhere. First each
word becomes a sign of ours (a month its number, noon 12:00, « ce matin » today's morning), then one form is read whole;
what `arguments.paris_moment` makes of it is checked there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
_WEEK_NAMES: Final = (
    "lundi monday",
    "mardi tuesday",
    "mercredi wednesday",
    "jeudi thursday",
    "vendredi friday",
    "samedi saturday",
    "dimanche sunday",
)
_WEEK: Final = {name: number for number, names in enumerate(_WEEK_NAMES) for name in names.split()}

WEEKDAYS: Final = {
    0: "a Monday",
    1: "a Tuesday",
    2: "a Wednesday",
    3: "a Thursday",
    4: "a Friday",
    5: "a Saturday",
    6: "a Sunday",
}
"""As a date is told to be."""
_LONGEST: Final = 200
"""Most characters of a moment: longer than any, and short enough to be looked through many times."""
_NAME: Final = rf"(?P<name>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b\.?"
_YEAR: Final = r"(?: (?P<year>[0-9]{4})(?![0-9]))?"
_NAMED: Final = (
    re.compile(rf"\b(?P<day>[0-9]{{1,2}})(?:er|st|nd|rd|th)?(?: of)? {_NAME}{_YEAR}"),
    re.compile(rf"\b{_NAME} (?P<day>[0-9]{{1,2}})(?![0-9:]| ?h)(?:st|nd|rd|th)?{_YEAR}"),
)
_DOTTED: Final = re.compile(r"(?<![0-9.])([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})(?![0-9.])")
_H: Final = "h(?:eures?)?"
_TIME: Final = rf"[0-9]{{1,2}}(?::[0-9]{{2}}(?::[0-9]{{2}})?| ?{_H} ?[0-9]{{2}}\b| ?{_H}(?![0-9a-z]))"
_WORDS: Final = tuple(
    (re.compile(pattern), sign)
    for pattern, sign in (
        (r"\bapr[eè]s[- ]midi\b|\baprèm\b", "afternoon"),
        (r"\b(?:midi|noon)\b", "12:00"),
        (r"\b(?:minuit|midnight)\b", "0:00"),
        (r"\bavant[- ]hier\b|\b(?:the )?day before yesterday\b", "@2"),
        (r"\bhier\b|\byesterday\b", "@1"),
        (r"\baujourd'hui\b|\btoday\b", "@0"),
        (r"\bcette nuit\b|\b(?:la )?nuit derni[eè]re\b|\blast night\b", "@night"),
        (r"\b(?:ce|cet|cette|this) (?=(?:matin|matinée|soir|soirée|afternoon|morning|evening)\b)", "@0 "),
        (r"\b(?:(?:le|la|au|du|in the|dans la) |(?:dans |de )?l')?(?:matin|matinée|morning)\b", "morning"),
        (r"\b(?:(?:le|la|au|du|de la|in the|dans la) )?(?:soir|soirée|evening)\b", "evening"),
        (r"\b(?:le |in the |(?:dans |de )?l')afternoon\b", "afternoon"),
        (r"\b(?:le|on|the) (?=@|[0-9]{1,4}[-/]|[a-z]+day\b|[a-z]+di\b|dimanche\b)", ""),
        (rf"(?:(?:^|(?<= ))(?:à|at|a|vers|environ|around|about|les) )+(?={_TIME})", ""),
        (rf"(?P<time>{_TIME}) (?:environ|à peu près|or so)\b", r"\g<time>"),
    )
)
"""Words and the signs that they become, in this order; what tells no more than the rest (« le », « vers ») goes."""
_TIME_FIRST: Final = re.compile(rf"(?P<time>{_TIME}) (?P<rest>(?:@|[0-9]{{1,4}}[-/]|[a-z]).*)")
_FORM: Final = re.compile(
    rf"""
    (?:(?P<weekday>{"|".join(_WEEK)})(?:\ |$))?
    (?: (?P<y>[0-9]{{4}})-(?P<m>[0-9]{{1,2}})-(?P<d>[0-9]{{1,2}})
      | (?P<D>[0-9]{{1,2}})/(?P<M>[0-9]{{1,2}})(?:/(?P<Y>[0-9]{{4}}|[0-9]{{2}}))?
      | @(?P<ago>[012]) | (?P<night>@night)
    )?
    (?:\ ?(?P<part>morning|afternoon|evening))?
    (?:(?:(?<![^\ ])|[tà\ ]+)
      (?P<hour>[0-9]{{1,2}})(?:(?::|\ ?{_H}\ ?)(?P<minute>[0-9]{{2}})(?::[0-9]{{2}})?|\ ?{_H})
      (?P<zone>z|[+-][0-9]{{2}}:[0-9]{{2}})?
      (?:\ (?P<later>morning|afternoon|evening))?
      (?:\ \((?:heure\ de\ paris|paris\ time)\ utc\+(?P<ahead>[12])\))?
    )?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Spelled:
    """A moment as it was written, each part in numbers; `None` for what was not."""

    weekday: int | None
    """From Monday on, which is 0."""
    date: tuple[int | None, int, int] | None
    """Year, if it was written, month and day."""
    ago: int | None
    """How many days ago, in words."""
    is_night: bool
    """« cette nuit », « last night »: of yesterday or today."""
    part: str | None
    """`morning`, `afternoon` or `evening`."""
    time: tuple[int, int] | None
    zone: str
    """As in ISO 8601, or empty."""
    ahead: int | None
    """Hours that the clock of Paris is ahead of UTC then, where that was written with its name."""


def read(text: str) -> Spelled | None:
    """Return what the words of a moment say, `None` where they are none; whether there is such a day is not asked."""
    match = None if len(text) > _LONGEST else _FORM.fullmatch(_signs(text))
    if match is None or (match["part"] and match["later"]):
        return None
    year, month, day = (match[small] or match[large] for small, large in ("yY", "mM", "dD"))
    date = None if month is None or day is None else (_year(year), int(month), int(day))
    hour, part = match["hour"], match["part"] or match["later"]
    if not (date or match["ago"] or match["night"] or hour or part or match["weekday"]) or (match["zone"] and not date):
        return None
    return Spelled(
        weekday=_WEEK.get(match["weekday"] or ""),
        date=date,
        ago=None if match["ago"] is None else int(match["ago"]),
        is_night=match["night"] is not None,
        part=part,
        time=None if hour is None else (int(hour), int(match["minute"] or 0)),
        zone=(match["zone"] or "").upper(),
        ahead=None if match["ahead"] is None else int(match["ahead"]),
    )


def _year(text: str | None) -> int | None:
    """Return a year of four digits, or of the two of this century."""
    return None if text is None else int(text) + (2000 if len(text) == len("26") else 0)


def _signs(text: str) -> str:
    """Return a moment as typed, its day in digits with slashes, its words as signs; anything else as it is.

    Midnight is the first minute of its day: of two moments that may be meant the earlier one is taken.
    """
    text = " ".join(text.replace("\u2019", "'").replace(",", " ").casefold().split()).rstrip(" .!")
    for form in _NAMED:
        match = form.search(text)
        if match is not None:
            numbers = [match["day"], str(_NUMBERS[match["name"]]), *filter(None, [match["year"]])]
            text = f"{text[: match.start()]}{'/'.join(numbers)}{text[match.end() :]}"
            break
    text = _DOTTED.sub(r"\1/\2/\3", text)
    for word, sign in _WORDS:
        text = word.sub(sign, text)
    first = _TIME_FIRST.fullmatch(text)
    return text if first is None else f"{first['rest']} {first['time']}"
