"""Part 4 of a dossier: the account, the chronology, and the journal with its corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import answers
from collector.handover.dossier_draft import MOMENTS
from collector.handover.dossier_facts import MAX_ENTRIES, lines_of, moment_of, text_of
from collector.handover.dossier_parts import Field, Fields, Heading, Part, Shown, Table, Text

if TYPE_CHECKING:
    from datetime import datetime

    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_parts import Block
    from collector.journal import Entry



def account(draft: Draft) -> Part:
    """Return the part."""
    said = draft.said
    entries = [entry for entry in draft.facts.journal.entries if entry.kind not in ("opened", "sealed")]
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
            tuple(_row(draft, entry) for entry in entries[:MAX_ENTRIES]),
            empty=6,
        ),
    ]
    more = len(entries) - MAX_ENTRIES + draft.facts.journal.more
    if more > 0:
        blocks.append(Text((said.counted("journal_more", more),), "small"))
    blocks += photographs(draft)
    return Part(4, said("account"), tuple(blocks))


def _events(draft: Draft) -> list[tuple[datetime, str, str, str]]:
    """Return what happened, in order: said by a person, or found by the tool."""
    said, facts = draft.said, draft.facts
    found = []
    for name in MOMENTS:
        entered = answers.when(draft.given.answer(name))
        if entered is not None and (name != "paper_since" or draft.on_paper()):
            found.append((entered.utc, draft.when(entered), draft.given.label(name), "from_answer"))
    boot = moment_of(draft.rows.system.get("boot_time"))
    ended = "happened_last" if facts.evidence.incomplete and draft.slip is None else "happened_ended"
    told = ((boot, "happened_boot"), (draft.estimate(), "happened_encryption"), (facts.started, "happened_started"),
            (facts.ended, ended))  # fmt: skip
    found += [(when, said.short(when), said(name), "from_tool") for when, name in told if when is not None]
    for group in draft.rows.groups.values():
        if group.first is not None:
            what = said("happened_group", extension=group.shown or "…")
            found.append((group.first, said.short(group.first), what, "from_tool"))
    return sorted(found, key=lambda event: (event[0], event[2]))


def _row(draft: Draft, entry: Entry) -> tuple[str, ...]:
    said = draft.said
    lines = [said("entry_corrects", number=number) for number in entry.corrects[:5]]
    lines += _lines(draft, entry)
    lines += [said("entry_corrected", number=number) for number in entry.corrected_by[:5]]
    written = moment_of(entry.written) or draft.facts.last
    number = "—" if entry.number is None else str(entry.number)
    return number, _observed(draft, entry), said.short(written), text_of(entry.by), "\n".join(lines)


def _observed(draft: Draft, entry: Entry) -> str:
    said, observed = draft.said, moment_of(entry.observed)
    if observed is None:
        return ""
    return said.day(observed) if entry.doubt == "day" else said.short(observed)


def _lines(draft: Draft, entry: Entry) -> list[str]:
    """Return what an entry says, in our words but for a note's."""
    said, record = draft.said, entry.record
    if entry.hidden:
        return [said("entry_hidden")]
    match entry.kind:
        case "note":
            about = [] if entry.about is None else [said("entry_about", number=entry.about)]
            return [*about, *lines_of(record.get("text"))]
        case "answers":
            data = record.get("data")
            given = data.get("given") if isinstance(data, dict) else None
            return [said.counted("entry_answers", len(given) if isinstance(given, dict) else 0)]
        case "handover" | "receipt":
            by, to, role, place = (text_of(record.get(name)) for name in ("by", "to", "role", "place"))
            more = ", ".join(one for one in (role, place) if one)
            return [said(f"entry_{entry.kind}", by=by or "…", to=to, more=f" ({more})" if more else "")]
        case "attachment" | "unfinished":
            return [said("entry_attachment", path=str(record.get("path")).removesuffix(".age")), *_taken(draft, entry)]
        case _:
            return [said("entry_other")]


def _taken(draft: Draft, entry: Entry) -> list[str]:
    """Return when a photograph says that it was taken, by the clock of what took it."""
    taken = text_of(entry.says.get("taken"), 40)
    return [draft.said("entry_taken", when=taken)] if taken else []


def photographs(draft: Draft) -> list[Block]:
    """Return what a person attached that is a picture, with what is known of it; the rest by its number."""
    said = draft.said
    written = {str(one.record.get("path")): one for one in draft.facts.journal.entries if one.kind == "attachment"}
    blocks: list[Block] = []
    for path, drawn in draft.rows.attached.items():
        exhibit = drawn.exhibit
        if exhibit.label in draft.rows.hidden:
            blocks.append(Text((said("blurred_note", number=exhibit.label),), "small"))
            continue
        if drawn.picture is None:
            name = "picture_black" if drawn.is_black else "attached_file"
            blocks.append(Text((said(name, number=exhibit.label),), "small"))
            continue
        entry, facts = written.get(path), []
        if entry is not None:
            taken = text_of(entry.says.get("taken"), 40)
            facts += [(said("picture_dated"), taken)] if taken else []
            facts.append((said("picture_added"), said.long_moment(moment_of(entry.written) or exhibit.ended)))
        facts += draft.picture_facts(drawn.picture, drawn)
        blocks.append(Shown(drawn.picture, said("photo_title", number=exhibit.label), tuple(facts)))
    return [Heading(said("photographs")), *blocks] if blocks else []
