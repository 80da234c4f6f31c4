"""When which step is due after an attack on a practice in France. Pure: moments in, moments out.

The clock is the person's: it starts when somebody became aware, never when this program runs, and nothing starts it
anew. 72 hours are 72 hours that pass, through nights, days off and changes of the clock: Regulation 1182/71 prolongs
no period in hours, and for the complaint no decree says how to count, so it is read strictly. What each step is, and
where that stands, say `deadline_words` and docs/DEADLINES.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from collector import paris

HOURS = timedelta(hours=72)
"""Complaint (Code des assurances, L.12-10-1), first notice to the CNIL (GDPR, article 33), and its complement."""
YEARS = 6
"""Limitation of the offence, from the facts."""


@dataclass(frozen=True)
class Deadline:
    """One step. `due` is `None` where no moment can be named; then the words say what there is instead.

    `closed` says why offices are closed at that moment, as `paris.closed`; `earlier` is then the last moment before at
    which they are open, or `None` if none lies between the start of the clock and the deadline. `done` is when the
    step was taken, as far as it was told.
    """

    step: str
    due: datetime | None = None
    closed: str | None = None
    earlier: datetime | None = None
    done: datetime | None = None

    @property
    def is_late(self) -> bool:
        """Tell whether the step was taken after its moment."""
        return self.done is not None and self.due is not None and self.done > self.due


def is_later(given: paris.Entered, aware: paris.Entered) -> bool:
    """Tell whether what was ordinary use came after the awareness; of a day without an hour all of it must have."""
    if paris.Doubt.DAY in (given.doubt, aware.doubt):
        return paris.local(given.utc).date() > paris.local(aware.utc).date()
    return given.utc > aware.utc


def not_before(given: paris.Entered, aware: datetime) -> paris.Entered | None:
    """Return when a step was taken, as a person gave it: never before the awareness; `None` if that is what was said.

    A day without an hour stays one (`Doubt.DAY`): its moment is the earliest that it can be, no hour that was said.
    """
    if given.utc >= aware:
        return given
    same_day = paris.local(given.utc).date() == paris.local(aware).date()
    if same_day and given.doubt in (paris.Doubt.DAY, paris.Doubt.TWICE):  # the earlier moment was our choice
        doubt = paris.Doubt.DAY if given.doubt is paris.Doubt.DAY else paris.Doubt.NONE
        return replace(given, utc=aware, doubt=doubt)
    return None


def deadlines(aware: datetime, initial: datetime | None = None) -> tuple[Deadline, ...]:
    """Return every step for a practice, in the order in which a person takes them.

    `aware` is when somebody became aware, `initial` when the CNIL got its first notice, which starts the clock of the
    complement; both with an offset. Raises `ValueError` for a notice before the awareness.
    """
    if initial is not None and initial < aware:
        raise ValueError("a first notice before the awareness")
    return (
        Deadline("disconnect"),
        Deadline("helpers"),
        Deadline("17cyber"),
        Deadline("ars"),
        _dated("complaint", aware, aware + HOURS),
        _dated("cnil", aware, aware + HOURS, initial),
        Deadline("cnil-complement") if initial is None else _dated("cnil-complement", initial, initial + HOURS),
        Deadline("patients"),
        Deadline("insurer"),
        Deadline("register"),
        Deadline("limitation", _years_later(aware)),  # nobody should aim at it: no hint about offices
    )


def _dated(step: str, start: datetime, due: datetime, done: datetime | None = None) -> Deadline:
    why, earlier = paris.closed(due), paris.last_open(due)
    return Deadline(step, due, why, earlier if why is not None and earlier > start else None, done)


def _years_later(aware: datetime) -> datetime:
    """Return the first minute of the same day six years later; of 28 February where there is no 29th."""
    day = paris.local(aware).date()
    last = 28 if (day.month, day.day) == (2, 29) else day.day  # six years after a leap year is none
    return paris.day_entered(date(day.year + YEARS, day.month, last)).utc
