"""A moment that a person types, as people write one, what it was taken for, and why it was not taken.

The clock is asked only where the day or the year was left out; what was understood is shown before it counts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from collector import answers, deadline_words, deadlines, paris
from collector.arguments import paris_moment
from collector.errors import NoMomentError
from collector.questions import QUESTIONS, STEPS
from collector.ui.due import DOUBTS
from collector.ui.messages import _, elsewhere, language

if TYPE_CHECKING:
    from collector.answers import Answer
    from collector.errors import UsageError
    from collector.paris import Entered

_SLACK: Final = timedelta(minutes=1)
"""By which clocks may differ, and a minute be rounded, before a moment is still to come."""


def understood(text: str) -> Entered:
    """Return the moment that was meant; raises `UsageError`."""
    return paris_moment(text, datetime.now(UTC))


def refused(name: str, error: UsageError, times: int) -> tuple[str, ...]:
    """Return why a moment was not taken; from the second time on also what to type for yesterday evening.

    A question without an example of its own says so the first time.
    """
    why: tuple[str, ...] = (_("I don't understand this. Write it as in the example, or the time alone for today."),)
    if not isinstance(error, NoMomentError):
        why = (" ".join(_sentence(elsewhere(words)) for words in (str(error), error.hint)),)
    if times == 1 and QUESTIONS[name].example is not None:
        return why
    yesterday = datetime.now(UTC) - timedelta(days=1)
    day, date = deadline_words.day(yesterday, language()), f"{paris.local(yesterday):%d/%m/%Y}"
    return (*why, _("For {day} at 18:30, type: {date} 18:30", day=day, date=date))


def _sentence(words: str) -> str:
    """Return what an error says as a sentence of its own."""
    return f"{words[:1].upper()}{words[1:]}."


def shown(name: str, entered: Entered, aware: Entered | None) -> tuple[str, ...]:
    """Return what was understood, what is doubtful about it, and how it is kept."""
    doubted = doubts(name, entered, aware)
    right = _("Is that right? Then press Enter. If not, type it again.")
    keep = _("Keep it all the same? Then press Enter. If not, type it again.")
    moment = _("Understood: {moment}", moment=deadline_words.moment(entered.utc, language()))
    return (moment, *remarks(entered), *doubted, keep if doubted else right)


def remarks(entered: Entered) -> list[str]:
    """Return what was open about a moment, and how that was taken."""
    return [_(DOUBTS[entered.doubt])] if entered.doubt in DOUBTS else []


def doubts(name: str, entered: Entered, aware: Entered | None) -> list[str]:
    """Return why a moment can hardly be right: still to come, on the wrong side of when the attack was noticed."""
    found = []
    if entered.utc > datetime.now(UTC) + _SLACK:
        found.append(_("Careful: by this computer's clock that is still to come. Look at the date again."))
    if name in STEPS and aware is not None and deadlines.not_before(entered, aware.utc) is None:
        found.append(_("Careful: that is before somebody first noticed the attack. Look at the date again."))
    if name == "last_normal" and aware is not None and deadlines.is_later(entered, aware):
        found.append(_("Careful: that is after somebody first noticed the attack. Look at the date again."))
    return found


def as_answer(entered: Entered) -> Answer:
    """Return a moment as `answers` keeps it."""
    return {**answers.moment(entered)}
