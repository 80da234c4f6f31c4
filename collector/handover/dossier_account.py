"""Part 4 of a dossier: the account, the chronology, and the journal with its corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import answers, layout, paris
from collector.handover.dossier_facts import moment_of
from collector.handover.dossier_parts import Field, Fields, Heading, Part, Shown, Table, Text

if TYPE_CHECKING:
    from datetime import datetime

    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_facts import Entry
    from collector.handover.dossier_parts import Block

_SAID = ("last_normal", "aware", "paper_since", "backup_last", "provider_told", "insurer_told", "cyber17", "complaint",
         "cnil_initial", "ars_told", "order_told", "bank_told")  # fmt: skip
"""Answers that are moments."""


def account(draft: Draft) -> Part:
    """Return the part."""
    said = draft.said
    told = ("noticed_by", "aware", "first_sign", "last_normal", "suspect_mail", "remote_access", "done", "witnesses")
    blocks: list[Block] = [
        Heading(said("account_told")),
        draft.answered(*told),
        Fields((Field(said("account_free"), lines=6),)),
        Heading(said("chronology")),
        Text((said("chronology_note"),), "small"),
        Table(
            (said("col_moment"), said("col_what"), said("col_from")),
            (40, 105, 29),
            tuple((when, what, said(source)) for _moment, when, what, source in _events(draft)),
        ),
        Heading(said("journal")),
        Text((said("journal_note"),), "small"),
        Table(
            tuple(said(f"col_{name}") for name in ("number", "observed", "written", "person", "fact")),
            (12, 27, 27, 27, 81),
            tuple(_row(draft, entry) for entry in draft.facts.journal),
            empty=6,
        ),
    ]
    if draft.facts.more_entries:
        blocks.append(Text((said("journal_more", number=said.number(draft.facts.more_entries)),), "small"))
    blocks += photographs(draft)
    return Part(4, said("account"), tuple(blocks))


def _events(draft: Draft) -> list[tuple[datetime, str, str, str]]:
    """Return what happened, in order: said by a person, or found by the tool."""
    said, facts = draft.said, draft.facts
    found = []
    for name in _SAID:
        moment = draft.given.when(name)
        if moment is not None:
            found.append((moment, _clocked(draft, name, moment), draft.given.label(name), "from_answer"))
    boot = moment_of(draft.rows.system.get("boot_time"))
    estimate = moment_of(facts.latest("encryption-start").get("estimate_utc"))
    ended = "happened_last" if facts.evidence.incomplete and draft.slip is None else "happened_ended"
    told = ((boot, "happened_boot"), (estimate, "happened_encryption"), (facts.started, "happened_started"),
            (facts.ended, ended))  # fmt: skip
    found += [(when, said.short(when), said(name), "from_tool") for when, name in told if when is not None]
    for group in draft.rows.groups.values():
        if group.first is not None:
            what = said("happened_group", extension=group.extension or "…")
            found.append((group.first, said.short(group.first), what, "from_tool"))
    return sorted(found, key=lambda event: (event[0], event[2]))


def _clocked(draft: Draft, name: str, moment: datetime) -> str:
    """Return a moment as it was answered: a day alone where no hour was given."""
    entered = answers.when(draft.given.answer(name))
    day = entered is not None and entered.doubt is paris.Doubt.DAY
    return draft.said.day(moment) if day else draft.said.short(moment)


def _row(draft: Draft, entry: Entry) -> tuple[str, ...]:
    said, facts = draft.said, draft.facts
    person, lines = "", [*entry.lines]
    if entry.kind == "attachment":
        lines = [said("entry_attachment", path=entry.path.removesuffix(".age"))]
    elif entry.kind != "note":
        by, to, role, place = entry.lines
        name = "entry_handover" if entry.kind == "handover" else "entry_receipt"
        more = ", ".join(one for one in (role, place) if one)
        lines = [said(name, by=by or "…", to=to, more=f" ({more})" if more else "")]
    if entry.place == layout.CUSTODY:
        if entry.number in facts.corrections:
            lines.insert(0, said("entry_corrects", number=numbered(facts.corrections[entry.number])))
        by_entry = [by for by, one in facts.corrections.items() if one == entry.number]
        lines += [said("entry_corrected", number=numbered(by)) for by in by_entry]
    observed = "" if entry.observed is None else said.short(entry.observed)
    return _name(entry), observed, said.short(entry.written), person, "\n".join(lines)


def _name(entry: Entry) -> str:
    return numbered(entry.number) if entry.place == layout.CUSTODY else f"J{entry.number}"


def numbered(number: int) -> str:
    """Return what an entry of the custody file is called."""
    return f"S{number}"


def photographs(draft: Draft) -> list[Block]:
    """Return what a person attached that is a picture, with what is known of it; the rest by its number."""
    said = draft.said
    written = {entry.path: entry for entry in draft.facts.journal if entry.path}
    blocks: list[Block] = []
    for path, drawn in draft.rows.attached.items():
        exhibit = drawn.exhibit
        if drawn.picture is None:
            blocks.append(Text((said("attached_file", number=exhibit.label),), "small"))
            continue
        entry = written.get(path)
        facts = []
        if entry is not None and entry.made is not None:
            facts.append((said("picture_dated"), said.long_moment(entry.made)))
        if entry is not None:
            facts.append((said("picture_added"), said.long_moment(entry.written)))
        size = said("picture_pixels", width=drawn.picture.width, height=drawn.picture.height)
        facts += [(said("picture_size"), size), (said("picture_sha256"), drawn.sha256)]
        if exhibit.sha256 != drawn.sha256:
            facts.append((said("picture_stored"), exhibit.sha256))
        blocks.append(Shown(drawn.picture, said("photo_title", number=exhibit.label), tuple(facts)))
    return [Heading(said("photographs")), *blocks] if blocks else []
