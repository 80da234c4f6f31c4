"""What is told of the deadlines: what to do now, what is due when, and what has no fixed hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import deadline_words as words
from collector import paris
from collector.paris import Doubt
from collector.ui import terminal
from collector.ui.messages import N_, _, language

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from collector.deadlines import Deadline
    from collector.paris import Entered

_COLUMNS = terminal.WIDTH - 1

DOUBTS = {
    Doubt.TWICE: N_("That night the clocks went back and this hour came twice: the first one is taken."),
    Doubt.NEVER: N_("That night the clocks went forward and this hour was skipped: the earlier one is taken."),
    Doubt.DAY: N_("No time of day was given: the first minute of the day is taken."),
}


def told(entered: Entered, notice: Entered | None, deadlines: Sequence[Deadline], now: datetime) -> str:
    """Return the whole answer for a person, at 80 columns; `now`, this computer's clock, only raises a doubt.

    `entered` and `notice` are the awareness and the first notice to the CNIL as they were given.
    """
    lines = [
        *_folded(_("You became aware of the attack on:")),
        *_folded(words.moment(entered.utc, language()), "  "),
    ]
    if entered.doubt in DOUBTS:
        lines += _folded(_(DOUBTS[entered.doubt]), "  ")
    if entered.by_clock or (notice is not None and notice.by_clock):
        lines += _folded(_("This computer's clock gave the day or the year. Look whether it is right."), "  ")
    if entered.utc > now:
        lines += _folded(_("Careful: by this computer's clock that is still to come. Look at the date again."), "  ")
    lines += _folded(_("The 72 hours run from then on, through nights and days off. Nothing starts them anew."))
    lines += _folded(_("Is a moment over? Take the step all the same, at once."))
    lines += _folded(_("These dates are a help. They are no legal advice."))
    groups = (
        (_("NOW"), [one for one in deadlines if one.step in ("disconnect", "helpers", "17cyber", "ars")]),
        (_("WITHIN 72 HOURS"), [one for one in deadlines if one.step in ("complaint", "cnil", "cnil-complement")]),
        (_("THEN"), [one for one in deadlines if one.step in ("patients", "insurer", "register", "limitation")]),
    )
    number = 0
    for title, ones in groups:
        lines += ["", title]
        for one in ones:
            number += 1
            lines += _step(number, one, Doubt.NONE if notice is None else notice.doubt, now)
    lines += ["", *_folded(_("Copy these dates onto paper."))]
    return "\n".join(lines) + "\n"


def _step(number: int, one: Deadline, doubt: Doubt, now: datetime) -> list[str]:
    step, lang = words.STEPS[one.step], language()
    head = f"{number}. "
    lines = terminal.fold(words.said(step.name, lang), _COLUMNS, f"{head:>4}", "    ")
    sentences: list[str] = []
    if one.due is None and step.when != words.NOW:  # its heading says so
        sentences = [_("When: {when}.", when=words.said(step.when, lang))]
    elif one.due is not None:
        sentences = [_("Before: {moment}.", moment=words.moment(one.due, lang)), words.label(one.step, lang)]
    if one.done is not None:
        done = words.day(one.done, lang) if doubt is Doubt.DAY else words.moment(one.done, lang)
        sentences.append(_("Done: {moment}.", moment=done))
        if doubt in DOUBTS and doubt is not Doubt.DAY:
            sentences.append(_(DOUBTS[doubt]))
        if one.is_late:
            sentences.append(_("That is later than 72 hours: the notice should say why."))
    elif one.due is not None:
        earlier = one.earlier if one.earlier is not None and one.earlier > now else None
        sentences += words.office(one.closed, earlier, lang)
    if one.step == "cnil-complement" and one.due is None:
        sentences.append(_("Once it is made, ask again with --initial and its time."))
    sentences += [words.said(step.know, lang), _("Source: {source}.", source=words.source(one.step, lang))]
    return lines + [line for sentence in sentences for line in _folded(sentence, "    ")]


def _folded(sentence: str, indent: str = "") -> list[str]:
    return terminal.fold(sentence, _COLUMNS, indent, indent)


def written(path: str) -> str:
    """Return what to do with the calendar file."""
    lines = [
        *_folded(_("The calendar file (.ics) is written:")),
        *terminal.fold_path(path, _COLUMNS, "  "),
        *_folded(_("Open it on a telephone or computer that was not attacked.")),
        *_folded(_("Never plug the stick with the evidence into another computer for that: use the paper.")),
    ]
    return "\n".join(lines) + "\n"


def as_json(entered: Entered, notice: Entered | None, deadlines: Sequence[Deadline]) -> dict[str, object]:
    """Return the object of `--json`, without the calendar file; words are in the chosen language."""
    lang = language()
    return {
        "aware": {**_moment(entered.utc), "doubt": entered.doubt.value},
        "deadlines": [
            {
                "step": one.step,
                "name": words.said(words.STEPS[one.step].name, lang),
                "when": words.said(words.STEPS[one.step].when, lang),
                "due": None if one.due is None else _moment(one.due),
                "label": None if one.due is None else words.label(one.step, lang),
                "offices_closed": one.closed,
                "earlier": None if one.earlier is None else _moment(one.earlier),
                "done": None if one.done is None else _done(one.done, notice),
                "late": one.is_late,
                "know": words.said(words.STEPS[one.step].know, lang),
                "source": words.source(one.step, lang),
                "basis": words.STEPS[one.step].basis,
                "verified": False,
            }
            for one in deadlines
        ],
    }


def _done(utc: datetime, notice: Entered | None) -> dict[str, str]:
    return {**_moment(utc), "doubt": (Doubt.NONE if notice is None else notice.doubt).value}


def _moment(utc: datetime) -> dict[str, str]:
    return {"utc": f"{utc:%Y-%m-%dT%H:%M:%SZ}", "paris": paris.local(utc).isoformat(timespec="seconds")}
