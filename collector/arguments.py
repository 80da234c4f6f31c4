"""What the words of a command line mean: lengths of time, sizes, dates, case numbers, paths. Each is checked here."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from collector import levels, paris, spelled
from collector.errors import NoMomentError, UsageError
from collector.schema import is_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.model import Moment
    from collector.spelled import Spelled

MAX_NAME = 200
"""Longest name of an operator or witness in characters."""
_DURATIONS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def duration(text: str) -> float:
    """Return the seconds of `90s`, `15m`, `12h`, `7d` or `2w`; raises `UsageError`."""
    match = re.fullmatch(r"([0-9]{1,9})([smhdw])", text.strip())
    if match is None:
        raise UsageError("this is no length of time", hint="write for example 90s, 15m, 12h, 7d or 2w")
    return int(match[1]) * _DURATIONS[match[2]]


def size(text: str) -> int:
    """Return the bytes of `500M` or `2G`; raises `UsageError`."""
    match = re.fullmatch(r"([0-9]{1,9})([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if match is None:
        raise UsageError("this is no size", hint="write for example 500M or 2G")
    return int(match[1]) * _SIZES[match[2].upper()]


def since(text: str, now_ns: int) -> int:
    """Return the start of a window given as a length of time or an ISO date; local time unless it has an offset."""
    if re.fullmatch(r"[0-9]{1,9}[smhdw]", text.strip()):
        return max(0, now_ns - int(duration(text) * 10**9))
    try:
        then = datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        hint = "write for example 7d, 2026-11-20 or 2026-11-20T08:30"
        raise UsageError("this is neither a length of time nor a date", hint=hint) from error
    return max(0, int(then.timestamp()) * 10**9)


_WATCH = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?", re.ASCII)
_HALF_DAY = 43_200


def watch_offset(text: str, now: Moment) -> int:
    """Return the seconds to add to this clock to reach a watch that shows such a time of day, or such a date and time.

    Local time, unless a date and time has its offset. A time of day alone is the nearest one, half a day away at most.
    """
    match = _WATCH.fullmatch(text.strip())
    if match is not None:
        hour, minute, second = (int(part or 0) for part in match.groups())
        here = now.utc_ns // 10**9 + now.offset_s
        return (3600 * hour + 60 * minute + second - here + _HALF_DAY) % (2 * _HALF_DAY) - _HALF_DAY
    try:
        then = datetime.fromisoformat(text.strip())
        if "T" in text.strip() and then.tzinfo is None:
            then = then.replace(tzinfo=timezone(timedelta(seconds=now.offset_s)))
        elif then.tzinfo is None:
            raise ValueError(text)  # a day is no time
        return int((then - _EPOCH) // timedelta(seconds=1)) - now.utc_ns // 10**9
    except (ValueError, OverflowError) as error:
        hint = "write what the watch shows as you press Enter: 14:03:20, or 2026-11-26T14:03:20, or that with +01:00"
        raise UsageError("this is no time that a watch shows", hint=hint) from error


def is_zone_like(seconds: int) -> bool:
    """Tell whether clock and watch differ by whole quarters of an hour, as they do where a time zone is wrong."""
    return abs(seconds) > _NEAR and abs((seconds + _QUARTER // 2) % _QUARTER - _QUARTER // 2) <= _NEAR


_QUARTER, _NEAR = 900, 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_HINT_MOMENT = "write the day and the time of day in Paris, for example 2026-11-26 08:30 or 26/11/2026 8h30"
_PARTS = {"morning": (0, 12), "afternoon": (12, 18), "evening": (17, 23)}
"""From which hour to which one says so."""
_NIGHT, _DAWN = 18, 6
"""From which hour to which « cette nuit » lasts."""


def paris_moment(text: str, now: datetime | None = None) -> paris.Entered:
    """Return the moment that a date and time of day in Paris means, to the minute; raises `UsageError`.

    How it may be written stands in `spelled`; an offset may follow as in ISO 8601. Of two moments that may be meant the
    earlier one is taken, and without a time of day the day's first minute: a deadline then comes too early. A day that
    is not written whole (« hier », no year, the time alone) is counted from `now`; without one, as where a script
    writes, it is refused. So is what contradicts itself, and a part of a day (« hier soir ») without its hour.
    """
    said = spelled.read(text)
    if said is None:
        raise NoMomentError("this is no date and time of day", hint=_HINT_MOMENT)
    here = None if now is None else paris.local(now).replace(tzinfo=None)
    clock = _clock(said)
    day = _day(said, here, clock)
    by_clock = said.date is None or said.date[0] is None
    if clock is None:
        return replace(paris.day_entered(day), by_clock=by_clock)
    return replace(_entered(datetime.combine(day, clock), said), by_clock=by_clock)


def _clock(said: Spelled) -> time | None:
    """Return the time of day that is meant, or `None` where no hour need be; raises `UsageError`."""
    if said.time is None:
        if said.part is None and not said.is_night:
            return None
        hint = "write the hour, too, for example 18h30; where nobody knows it, write the day alone"
        raise UsageError("the hour is missing", hint=hint)
    hour, minute = said.time
    try:
        clock = time(hour, minute)
    except ValueError as error:
        raise UsageError("there is no such time of day", hint=_HINT_MOMENT) from error
    first, last = _PARTS[said.part] if said.part else (0, 23)
    if 1 <= hour < first <= hour + 12 <= last:  # « 8 h du soir »
        return time(hour + 12, minute)
    if not first <= hour <= last or (said.is_night and _DAWN < hour < _NIGHT):
        raise UsageError("the hour and the part of the day do not go together", hint="write the hour as in 18h30")
    return clock


def _day(said: Spelled, here: datetime | None, clock: time | None) -> date:
    """Return the day that is meant; `here` is the clock of Paris now. Raises `UsageError`."""
    if said.date is None and said.weekday is not None:
        raise UsageError("the day of the week alone is no date", hint=_HINT_MOMENT)
    if here is None and (said.date is None or said.date[0] is None):
        raise UsageError("the date is not written in full: day, month and year", hint=_HINT_MOMENT)
    today = date.min if here is None else here.date()
    if said.is_night:  # the last time that it was that hour
        is_over = here is not None and clock is not None and datetime.combine(today, clock) <= here
        return today if is_over else today - timedelta(days=1)
    if said.date is None:
        return today - timedelta(days=said.ago or 0)
    year, month, number = said.date
    if year is None:
        year = today.year - ((month, number) > (today.month, today.day))
    if not paris.FIRST_YEAR <= year <= paris.LAST_YEAR:
        raise UsageError("the year can't be right", hint=_HINT_MOMENT)
    try:
        day = date(year, month, number)
    except ValueError as error:
        raise UsageError("there is no such day", hint=_HINT_MOMENT) from error
    if said.weekday not in (None, day.weekday()):
        written, meant = spelled.WEEKDAYS[said.weekday or 0], spelled.WEEKDAYS[day.weekday()]
        raise UsageError(
            f"the day of the week and the date contradict each other: {day:%d/%m/%Y} is {meant}, not {written}",
            hint="look at a calendar, and write the date that is right",
        )
    return day


def _entered(wall: datetime, said: Spelled) -> paris.Entered:
    """Return what a time on the wall means; raises `UsageError` where that of the given offset is none."""
    try:
        if said.zone:
            return paris.Entered(datetime.fromisoformat(f"{wall:%Y-%m-%dT%H:%M}{said.zone}").astimezone(UTC))
    except ValueError as error:
        raise UsageError("there is no such time of day", hint=_HINT_MOMENT) from error
    if said.ahead is None:
        return paris.entered(wall)
    utc = wall.replace(tzinfo=UTC) - timedelta(hours=said.ahead)
    if paris.offset(utc) != timedelta(hours=said.ahead):
        raise UsageError("there is no such time of day", hint=_HINT_MOMENT)
    return paris.Entered(utc)


def seen_at(text: str | None) -> paris.Entered | None:
    """Return when something was seen, `None` where nobody said; raises `UsageError` as `paris_moment` does."""
    if text is None:
        return None
    try:
        return paris_moment(text)
    except UsageError as error:
        raise UsageError(str(error), hint=f"{error.hint}; leave --observed out where nobody knows") from error


def entry_number(text: str | None) -> int | None:
    """Return the number of an entry of the main courante; raises `UsageError` for anything but digits."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", text.strip()) is None:
        raise UsageError("this is no number of an entry", hint="`collect journal` shows the number of each entry")
    return int(text)


def case_id(text: str) -> str:
    """Return a case id that may name a folder; raises `UsageError`."""
    if not is_case(text):
        raise UsageError(
            "this case id can't name a folder",
            hint="use 1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit",
        )
    return text


def paths(given: tuple[str, ...]) -> tuple[bytes, ...] | None:
    """Return paths to scan as the system has them, or `None` for everything; raises `UsageError` for an empty one."""
    if "" in given:
        raise UsageError("a path to scan is empty", hint="give a folder, or leave --scan out to look everywhere")
    return tuple(os.fsencode(path) for path in given) or None


def said(text: str | None) -> str | None:
    """Return a name as given; raises `UsageError` if it is too long."""
    if text is not None and len(text) > MAX_NAME:
        raise UsageError(f"a name of {len(text)} characters is too long", hint=f"{MAX_NAME} are allowed")
    return text


def level(given: str | None, *, asked: bool, contents: Sequence[str]) -> str:
    """Return the level of privacy: the one given, else that of an expert, or of a run that people are `asked` in.

    Raises `UsageError` for another word, and for `contents` (options that were given) below the level that takes them.
    """
    usual = levels.ASKED if asked else levels.EXPERT
    found = usual if given is None else given.upper()
    if found not in levels.LEVELS:
        raise UsageError(
            "there is no such level", hint="the levels are A (no names of files), B (names) and C (contents, too)"
        )
    if contents and found != levels.EXPERT:
        raise UsageError(
            f"{contents[0]} takes contents, which level {found} leaves out",
            hint="give --level C as well, if the doctor in charge agrees to it",
        )
    return found


def program(given: str | None, *, encrypts: bool) -> Path | None:
    """Return the acquisition program for the whole memory; raises `UsageError` where it is no file, or all is plain."""
    if given is None:
        return None
    if not encrypts:  # it holds the run's own key, too: who can read it could sign another bundle (THREAT_MODEL 3)
        raise UsageError(
            "the whole memory holds passwords and patients' data, and is taken encrypted only",
            hint="name who may read it: --recipient age1…",
        )
    path = Path(given).resolve()
    if not path.is_file():
        raise UsageError("there is no such acquisition program", hint="give the path of avml on the stick")
    return path


def here() -> Path:
    """Return the folder that we are in; raises `UsageError` where it is gone: no relative name means anything then."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise UsageError(
            "the folder that this was started in is gone", hint="change to a folder that is there (cd) and start again"
        ) from error
    return Path()


def encrypted_only(asked: bool, *, encrypts: bool) -> bool:  # noqa: FBT001 - click gives flags as arguments
    """Return whether the clipboard was asked for; raises `UsageError` where all is plain."""
    if asked and not encrypts:
        raise UsageError(
            "the clipboard may hold a password, and is taken encrypted only",
            hint="name who may read it: --recipient age1…",
        )
    return asked
