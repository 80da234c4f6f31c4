"""Guided mode, once the run is over: what to do next and whom to call, until when, and what is made of the evidence.

Each screen waits until it was read. The dates are counted from the moment that the person gave, never from the run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector import deadline_words as words
from collector.answers import when
from collector.deadlines import deadlines
from collector.ui import disks, errors, terminal
from collector.ui import words as plain
from collector.ui.messages import N_, _, language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.answers import Answer
    from collector.deadlines import Deadline
    from collector.result import Result
    from collector.ui.asking import Page


def steps(page: Page, answers: Mapping[str, Mapping[str, Answer]], *, copied: bool) -> None:
    """Show what is done now, in its order; `answers` by their group. Raises `typed.Gone`."""
    entered = when(answers.get("awareness", {}).get("aware"))
    page.screen(_("WHAT YOU DO NOW, WITH A TELEPHONE"))
    if copied:
        page.say(_("The seal code on your paper is right."), "")
    number = 0
    for step in _steps(None if entered is None else entered.utc):
        number += isinstance(step, str)
        for line in [f"{number}. {step}"] if isinstance(step, str) else [f"   {remark}" for remark in step]:
            page.say(line, later="   ")
    page.say("")
    if entered is not None:
        moment = words.moment(entered.utc, language())
        page.say(_("Counted from your answer: {moment}. No legal advice.", moment=moment))
    page.say(_("Copy this onto paper, or photograph it. Then press Enter."))
    page.line()


def _steps(aware: datetime | None) -> list[str | tuple[str, ...]]:
    """Return the steps, and remarks on those before them."""
    contact = errors.contact()
    helpers = _("Call your IT provider; then the insurer, before anything else.")
    named = _("Call {contact}; then the insurer, before anything else.", contact=contact)
    return [
        helpers if contact is None else named,
        _("Open 17cyber.gouv.fr: free advice, day and night. It is no complaint."),
        _("Lodge a complaint: police, gendarmerie or a letter to the procureur."),
        _("Notify the CNIL: a first notice may be incomplete."),
        _until(None if aware is None else next(one for one in deadlines(aware) if one.step == "complaint")),
        _("Report to the ARS and CERT Santé, without delay (recommended for a practice)."),
        _("Patients: whoever is in charge decides whether to tell them. Write it down."),
    ]


def _until(due: Deadline | None) -> tuple[str, ...]:
    """Return until when the two steps before are to be taken: both 72 hours from the same moment."""
    if due is None or due.due is None:
        return (_("Both within 72 hours after somebody first noticed the attack: write that moment down."),)
    lang = language()
    before, now = _("Both before: {moment}.", moment=words.moment(due.due, lang)), datetime.now(UTC)
    if due.due <= now:
        over = N_("By this computer's clock that is over. Take both steps all the same, now, and say why so late.")
        return before, " ".join((words.label(due.step, lang), _(over)))
    why = words.office(due.closed, due.earlier if due.earlier is not None and due.earlier > now else None, lang)
    return (before, " ".join((words.label(due.step, lang), *why[:1])), *why[1:])


def later(page: Page, result: Result) -> None:
    """Show the last screen: where the papers come from, what is kept, and the seal code once more; nothing waits."""
    key = " --identity -" if result.recipients else ""
    asked = [_("The first asks what is still missing.")]
    if key:
        asked.append(_("The second asks for the practice's reading key, which is on your paper."))
    page.screen(_("LATER: THE PAPERS"))
    page.say(
        _("Give the stick, and the codes on paper, to the expert or your IT provider. Nobody else plugs it in."),
        "",
        _("On another computer, from a copy, they make the dossier for the police, the CNIL and the insurer:"),
        "  collect answers " + _("EVIDENCE"),
        "  collect dossier " + _("EVIDENCE") + " --out " + _("PAPERS") + key,
        " ".join(asked),
        "",
        _("This computer: leave it on and off the network. Nobody works on it, nobody mends it."),
        *disks.lines(result.disks, page.width),
        "",
        _("The evidence:"),
    )
    for line in terminal.fold_path(str(result.bundle), page.width, "  "):
        page.say(line)
    page.say(_("Seal code, to compare with your paper:"))
    for row in plain.code_rows(result.seal_code):
        page.say("      " + row)
