"""Parts 0 to 3 of a dossier: cover, what is to be done now, deadlines, who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import answers
from collector.deadline_words import STEPS, label, office, source
from collector.deadlines import Deadline, deadlines, not_before
from collector.handover.dossier_draft import MOMENTS
from collector.handover.dossier_facts import text_of
from collector.handover.dossier_parts import (
    Contents,
    Field,
    Fields,
    Heading,
    NewPage,
    Part,
    Table,
    Text,
    Tick,
    Ticks,
)
from collector.paris import Doubt, local

if TYPE_CHECKING:
    from datetime import datetime

    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_parts import Block

_TIMED = (
    ("now_provider", "provider_told"),
    ("now_insurer", "insurer_told"),
    ("now_17cyber", "cyber17"),
    ("now_complaint", "complaint"),
    ("now_cnil", "cnil_initial"),
    ("now_ars", "ars_told"),
    ("now_order", "order_told"),
    ("now_bank", "bank_told"),
)
"""What is done at a moment that was asked for."""
_VENDOR = 8
"""Place of the box of the software's vendor, whom nobody asks for: behind the IT provider's."""
_DONE = {
    "17cyber": "cyber17",
    "ars": "ars_told",
    "complaint": "complaint",
    "cnil": "cnil_initial",
}
"""The answer that tells when a step was taken."""
_CALLED = {"helpers": ("provider_told", "insurer_told"), "insurer": ("insurer_told",)}
"""Answers that belong to a step and are not the whole of it: a call is no claim, and nobody asks for the vendor's."""


def cover(draft: Draft) -> Part:
    """Return the cover, with the table of contents behind it."""
    said, facts, given = draft.said, draft.facts, draft.given
    tally = facts.evidence.tally
    warnings = [said("cover_secret")]
    if facts.evidence.incomplete:
        warnings.append(said("cover_torn" if facts.is_torn else "cover_incomplete"))
    if draft.cut_short():
        warnings.append(said("cover_cut_short", why=draft.cut_short()))
    if tally.unread_records:
        warnings.append(said.counted("cover_unread", tally.unread_records))
    if tally.malformed_records:
        warnings.append(said.counted("cover_malformed", tally.malformed_records))
    if tally.mismatched_files:
        warnings.append(said.counted("cover_mismatched", tally.mismatched_files))
    if tally.unread_rows or tally.unread_files:
        warnings.append(said("cover_damaged"))
    blocks: list[Block] = [
        Text((said("cover_subtitle"),), "strong"),
        Text(tuple(warnings), "warning"),
        Fields(
            (
                draft.known("case_number", facts.case),
                given.field("police_number"),
                given.field("practice"),
                given.field("address"),
                given.field("responsible"),
                draft.known("state_of", said.long_moment(facts.last)),
                draft.known("given_to", "", lines=2),
                Field(said("call_first"), given.text("provider"), lines=2, note=said("call_note")),
            )
        ),
        NewPage(),
        Heading(said("contents")),
        Contents(),
        Heading(said("how_open")),
        Text((said("how_open_1"), said("how_open_2"))),
        Text((said("cover_private"),), "small"),
    ]
    return Part(0, said("cover"), tuple(blocks))


def now(draft: Draft) -> Part:
    """Return what is to be done now: boxes, ticked where an answer says so."""
    said, given = draft.said, draft.given
    others = draft.facts.latest("eyes").get("others") == "yes"
    photo = said("photo_attached") if any(one.picture for one in draft.rows.attached.values()) else ""
    photographed = bool(given.ticked("done", "photo"))
    deleted = given.ticked("done", "deleted") or None  # a box left empty is no "nothing was deleted"
    rows = [
        _unplugged(draft),
        _left_on(draft),
        Tick(said("now_photo"), photographed, note=said("by_answers") if photographed else photo),
        _not_done(draft, "now_not_paid", {"yes": True, "no": False}.get(str(given.answer("paid")))),
        _not_done(draft, "now_nothing_deleted", deleted),
        Tick(said("now_others"), others, note=said("by_eyes") if others else ""),
        Tick(said("now_colleagues")),
    ]
    rows += [_timed(draft, text, name) for text, name in _TIMED]
    rows.insert(_VENDOR, Tick(said("now_vendor")))
    reminder = Text((said("order_reminder"),), "warning")
    return Part(1, said("now"), (Text((said("now_intro"),)), Ticks(tuple(rows), said("now_when")), reminder))


def _unplugged(draft: Draft) -> Tick:
    """Return the box of the network: ticked only where nobody and nothing says otherwise."""
    said, eyes = draft.said, draft.facts.latest("eyes")
    seen = [eyes.get(name) for name in ("cable", "wifi")]
    by_eyes = "yes" in seen and all(one in ("yes", "none") for one in seen)
    answered = bool(draft.given.ticked("done", "unplugged"))
    notes = [said("by_answers")] if answered else [said("by_eyes")] if by_eyes else []
    against = ["not_so_eyes"] if "no" in seen else []
    verdicts = draft.facts.isolation()
    if verdicts.get("close", verdicts.get("last")) == "CONNECTED":
        against.append("not_so_tool" if "close" in verdicts else "not_so_tool_last")
    if notes:
        notes += [said(one) for one in against]
    return Tick(said("now_unplugged"), (answered or by_eyes) and not against, note=" — ".join(notes))


def _left_on(draft: Draft) -> Tick:
    """Return the box of the computer that was left on: what the tool found stands above what was answered."""
    said, stayed = draft.said, draft.stayed_on()
    found = {"disputed": "yes", "unknown": "", "restarted": ""}.get(stayed, stayed)
    restarted = draft.given.ticked("done", "restarted")  # a box left empty is no "it was not restarted"
    told = said("tool_says", what=said(f"uptime_{found}")) if found else ""
    note = " — ".join(one for one in (said("not_so") if restarted else "", told) if one)
    return Tick(said("now_not_off"), stayed == "yes", note=note)


def _not_done(draft: Draft, text: str, was_done: bool | None) -> Tick:  # noqa: FBT001 - what was answered
    said = draft.said
    note = "" if was_done is None else said("not_so") if was_done else said("by_answers")
    return Tick(said(text), was_done is False, note=note)


def _timed(draft: Draft, text: str, name: str) -> Tick:
    said, given = draft.said, draft.given
    moment, doubt = answers.when(given.answer(name)), draft.doubt_of(name)
    if moment is not None:
        note = said(f"moment_{doubt}") if doubt else said("by_answers")
        return Tick(said(text), done=not doubt, when=draft.when(moment), note=note)
    return Tick(said(text), note=said("unknown_answer") if name in draft.facts.answers else "")


def due(draft: Draft) -> Part:
    """Return the deadlines, and each time that the moment of awareness was said."""
    said, given, facts = draft.said, draft.given, draft.facts
    aware, initial = draft.aware(), answers.when(given.answer("cnil_initial"))
    counts = given.field("aware", label=said("due_aware"))
    blocks: list[Block] = [Text((said("due_from"),)), Fields((counts,))]
    if len(facts.aware) > 1:
        blocks += _corrections(draft)
    blocks += _doubts(draft)
    if aware is None:
        blocks.append(Text((said("due_none"),), "warning"))
        found = [Deadline(step) for step in STEPS]
    else:
        notice = None if initial is None else not_before(initial, aware.utc)
        if initial is not None and notice is None:
            blocks.append(Text((said("due_wrong"),), "warning"))
        found = [*deadlines(aware.utc, None if notice is None else notice.utc)]
    headings = tuple(said(name) for name in ("due_step", "due_until", "due_know"))
    blocks.append(Table(headings, (34, 64, 72), tuple(_deadline(draft, one) for one in found)))
    return Part(2, said("due"), tuple(blocks))


def _corrections(draft: Draft) -> list[Block]:
    said, given = draft.said, draft.given
    rows, counts = [], draft.aware()
    all_said = [(written, answers.when(answer)) for written, answer in draft.facts.aware]
    last = max((at for at, (_written, entered) in enumerate(all_said) if entered == counts), default=-1)
    for at, (written, entered) in enumerate(all_said):
        words = said("unknown_answer") if entered is None else given.entered(entered)
        rows.append((words, said.short(written), said("yes") if at == last else said("no")))
    headings = (said("due_said_what"), said("due_said_when"), said("due_said_now"))
    blocks: list[Block] = [Heading(said("due_said")), Table(headings, (70, 35, 20), tuple(rows))]
    earlier = [entered for _written, entered in all_said if entered is not None and counts is not None
               and entered.utc < counts.utc]  # fmt: skip
    if earlier or draft.is_taken_back():
        blocks.append(Text((said("due_earlier" if earlier else "due_taken_back"),), "warning"))
    return blocks


def _doubts(draft: Draft) -> list[Block]:
    """Return a warning of each moment that can't be: still to come, a step before the awareness, a late beginning."""
    said, found = draft.said, []
    for name in MOMENTS:
        entered, doubt = answers.when(draft.given.answer(name)), draft.doubt_of(name)
        if entered is not None and doubt and (name, doubt) != ("cnil_initial", "before"):  # has a warning of its own
            what = f"{draft.given.label(name)} ({draft.when(entered)})"
            found.append(said("colon", label=what, value=said(f"moment_{doubt}")))
    estimate = draft.estimate()
    if estimate is not None and draft.agreed_estimate() is None:
        found.append(said("estimate_later", when=said.short(estimate)))
    return [Text(tuple(found), "warning")] if found else []


def _deadline(draft: Draft, one: Deadline) -> tuple[str, ...]:
    said, step = draft.said, STEPS[one.step]
    language = said.language
    until = [said.pair(step.when)]
    if one.due is not None:
        until = [said.long_moment(one.due), label(one.step, language), *office(one.closed, one.earlier, language)]
    until += _taken(draft, _DONE.get(one.step, ""), one.due)
    for name in _CALLED.get(one.step, ()):
        until += _called(draft, name)
    known = f"{said.pair(step.know)}\n{said('due_source', source=source(one.step, language))}"
    texts = (said.pair(step.name), "\n".join(until), known)
    return tuple(text.replace("'", "\u2019") for text in texts)


def _taken(draft: Draft, name: str, due: datetime | None) -> list[str]:
    """Return when a step was taken, and whether that was late: of a day without an hour only what the day tells."""
    said, entered, doubt = draft.said, answers.when(draft.given.answer(name)), draft.doubt_of(name)
    if entered is None:
        return []
    if doubt:
        return [said("due_noted", when=draft.when(entered)), said(f"moment_{doubt}")]
    found = [said("due_done", when=draft.when(entered))]
    if due is None:
        return found
    day, last = (local(one).date() for one in (entered.utc, due))
    if entered.doubt is Doubt.DAY:
        late = "due_late" if day > last else "due_unsure" if day == last else ""
    else:
        late = "due_late" if entered.utc > due else ""
    return [*found, said(late)] if late else found


def _called(draft: Draft, name: str) -> list[str]:
    """Return when somebody was called, which is a part of a step."""
    entered, doubt = answers.when(draft.given.answer(name)), draft.doubt_of(name)
    if entered is None:
        return []
    found = [draft.said(f"due_{name}", when=draft.when(entered))]
    return [*found, draft.said(f"moment_{doubt}")] if doubt else found


def identity(draft: Draft) -> Part:
    """Return who is who."""
    said, opening = draft.said, draft.facts.opening
    people = Fields(
        (
            draft.known("reporter_name", ""),
            draft.given.field("role"),
            draft.given.field("phone"),
            draft.given.field("email"),
            draft.known("operator", text_of(opening.get("operator"))),
            draft.known("witness", text_of(opening.get("witness"))),
        )
    )
    blocks: tuple[Block, ...] = (
        Heading(said("identity_practice")),
        draft.answered("practice", "practice_form", "address", "siret", "rpps", "finess", "responsible", "dpo"),
        Heading(said("identity_reporter")),
        people,
        Heading(said("identity_others")),
        draft.answered("provider", "vendor", "hosting", "insurer", "policy"),
        Text((said("kbis_note"),), "small"),
    )
    return Part(3, said("identity"), blocks)
