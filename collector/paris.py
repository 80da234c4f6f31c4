"""The clock and the calendar of Paris: summer time, days off, hours of offices. Pure: no clock is read, and no file.

Summer time is a rule here, not a table of the machine's: from 01:00 UTC on the last Sunday of March to 01:00 UTC on
the last Sunday of October (directive 2000/84/EC; France has done so since 1996). A machine that was attacked, or a
bare Windows, need have no time zones to give; a test holds the rule against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Between these a person's date is taken for what it says; outside, for a slip of the hand."""
OPENS, CLOSES = time(9), time(17)
"""Hours in which an office is taken to be open, Monday to Friday: ours, no source says them."""
_WINTER, _SUMMER = timedelta(hours=1), timedelta(hours=2)
_SATURDAY, _SUNDAY = 5, 6


class Doubt(Enum):
    """What left the moment open that a person gave; the earlier one was taken each time."""

    NONE = "none"
    TWICE = "twice"
    """The hour that comes twice, at the end of summer time."""
    NEVER = "never"
    """The hour that is skipped, at its beginning."""
    DAY = "day"
    """No time of day was given: the day's first minute."""


@dataclass(frozen=True)
class Entered:
    """A moment as it was given by a person, made exact."""

    utc: datetime
    doubt: Doubt = Doubt.NONE
    by_clock: bool = False
    """Its day, or the year of it, was not written: it was counted from the day of a computer's clock."""


def local(utc: datetime) -> datetime:
    """Return a moment on the clock of Paris, with its offset."""
    return utc.astimezone(timezone(offset(utc)))


def offset(utc: datetime) -> timedelta:
    """Return how far the clock of Paris is ahead of UTC: one hour, or two in summer."""
    utc = utc.astimezone(UTC)
    return _SUMMER if _change(utc.year, 3) <= utc < _change(utc.year, 10) else _WINTER


def _change(year: int, month: int) -> datetime:
    """Return 01:00 UTC on the last Sunday of a month of 31 days."""
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def entered(wall: datetime) -> Entered:
    """Return what a time on the clock of Paris (without an offset) means; the earlier moment where that is open."""
    as_utc = wall.replace(tzinfo=UTC)
    meant = [utc for utc in (as_utc - _SUMMER, as_utc - _WINTER) if local(utc).replace(tzinfo=None) == wall]
    if len(meant) == 1:
        return Entered(meant[0])
    return Entered(as_utc - _SUMMER, Doubt.TWICE if meant else Doubt.NEVER)


def day_entered(day: date) -> Entered:
    """Return the first minute of a day in Paris."""
    return Entered(entered(datetime.combine(day, time())).utc, Doubt.DAY)


def day_off(day: date) -> str | None:
    """Return why offices are closed on a day: `saturday`, `sunday`, the slug of a public holiday, or `None`.

    The eleven days of article L.3133-1 of the Code du travail; not those that only Alsace-Moselle or overseas has.
    """
    holidays = {(1, 1): "new-year", (5, 1): "may-1", (5, 8): "may-8", (7, 14): "july-14", (8, 15): "assumption"}
    holidays |= {(11, 1): "all-saints", (11, 11): "november-11", (12, 25): "christmas"}
    easter = _easter(day.year)
    moving = {1: "easter-monday", 39: "ascension", 50: "whit-monday"}
    fixed = holidays.get((day.month, day.day)) or moving.get((day - easter).days)
    return fixed or {_SATURDAY: "saturday", _SUNDAY: "sunday"}.get(day.weekday())


def _easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (Oudin's algorithm)."""
    century, golden = year // 100, year % 19
    moon = (century - century // 4 - (century - (century - 17) // 25) // 3 + 19 * golden + 15) % 30
    moon -= (moon // 28) * (1 - (moon // 28) * (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    march = moon - weekday
    month = 3 + (march + 40) // 44
    return date(year, month, march + 28 - 31 * (month // 4))


def closed(utc: datetime) -> str | None:
    """Return why offices are closed at a moment: as `day_off`, or `hours` before nine and after five; or `None`."""
    here = local(utc)
    outside = not OPENS <= here.time() <= CLOSES
    return day_off(here.date()) or ("hours" if outside else None)


def last_open(utc: datetime) -> datetime:
    """Return the last moment, not later than the one given, at which offices are open."""
    if closed(utc) is None:
        return utc
    here = local(utc)
    day = here.date()
    if day_off(day) is not None or here.time() < OPENS:
        day -= timedelta(days=1)
    while day_off(day) is not None:
        day -= timedelta(days=1)
    return entered(datetime.combine(day, CLOSES)).utc
