"""A moment that a person types, as people write one, and what it was taken for.

The clock is asked only where the day or the year was left out; what was understood is shown before it counts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from collector import answers, deadlines, paris, spelled
from collector.arguments import paris_moment
from collector.errors import UsageError
from collector.questions import STEPS
from collector.ui.due import DOUBTS
from collector.ui.messages import N_, _

if TYPE_CHECKING:
    from datetime import date

    from collector.answers import Answer
    from collector.paris import Entered

_TIME: Final = re.compile(r"[0-9]{1,2}(?::[0-9]{2}| ?h ?(?:[0-9]{2})?)", re.IGNORECASE)
_SHORT_DAY: Final = re.compile(
    r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})(?:/(?P<year>[0-9]{2}))?(?![0-9/])(?P<rest>.*)"
)
_SLACK: Final = timedelta(minutes=1)
"""By which clocks may differ, and a minute be rounded, before a moment is still to come."""
_DAYS: Final = {N_("today"): 0, N_("yesterday"): 1, N_("day before yesterday"): 2}
"""Words for a day, by how many days ago it was; the translation has the language's own."""


def understood(text: str) -> Entered | None:
    """Return the moment that was meant, or `None`."""
    try:
        return paris_moment(_completed(spelled.plain(text), paris.local(datetime.now(UTC)).date()))
    except UsageError:
        return None


def _completed(text: str, today: date) -> str:
    """Return what was typed with the day, or the year, that it left out."""
    for word, ago in _DAYS.items():
        spoken = _(word)
        if text[: len(spoken)].casefold() == spoken.casefold():
            text = f"{today - timedelta(days=ago):%d/%m/%Y} {text[len(spoken) :]}"
    if _TIME.fullmatch(text):
        text = f"{today:%d/%m/%Y} {text}"
    short = _SHORT_DAY.fullmatch(text)
    if short is not None:
        day, month, year = int(short["day"]), int(short["month"]), short["year"]
        that_year = today.year - ((month, day) > (today.month, today.day)) if year is None else f"20{year}"
        text = f"{day}/{month}/{that_year}{short['rest']}"
    return " ".join(text.replace(",", " ").replace(" at ", " ").split())


def remarks(entered: Entered) -> list[str]:
    """Return what was open about a moment, and how that was taken."""
    return [_(DOUBTS[entered.doubt])] if entered.doubt in DOUBTS else []


def doubts(name: str, entered: Entered, aware: Entered | None) -> list[str]:
    """Return why a moment can hardly be right: still to come, or a step before anybody noticed the attack."""
    found = []
    if entered.utc > datetime.now(UTC) + _SLACK:
        found.append(_("Careful: by this computer's clock that is still to come. Look at the date again."))
    if name in STEPS and aware is not None and deadlines.not_before(entered, aware.utc) is None:
        found.append(_("Careful: that is before somebody first noticed the attack. Look at the date again."))
    return found


def as_answer(entered: Entered) -> Answer:
    """Return a moment as `answers` keeps it."""
    return {**answers.moment(entered)}
