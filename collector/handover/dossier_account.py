"""Part 4 of a dossier: the account, the chronology, and the journal with its corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import answers
from collector.handover.dossier_draft import MOMENTS
from collector.handover.dossier_facts import MAX_ENTRIES, MAX_SAID, lines_of, moment_of, text_of
from collector.handover.dossier_parts import Field, Fields, Heading, Part, Shown, Table, Text
from collector.handover.dossier_said import Given
from collector.handover.lettering import drawn_length
from collector.journal import OTHERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_parts import Block
    from collector.journal import Entry


def account(draft: Draft) -> Part:
    """Return the part."""
    said = draft.said
    entries = [entry for entry in draft.facts.journal.entries if entry.kind not in ("opened", "sealed")]
    rows, unprinted = _rows(draft, entries[:MAX_ENTRIES])
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
        Text((said("journal_note"), said("journal_numbers")), "small"),
        Table(
            tuple(said(f"col_{name}") for name in ("number", "line", "observed", "written", "person", "fact")),
            (9, 11, 25, 25, 25, 79),
            rows,
            empty=6,
        ),
    ]
    if unprinted:
        blocks.append(Text((said.counted("journal_unprinted", unprinted),), "small"))
    if draft.facts.journal.lines:
        blocks.append(Text((_accounted(draft),), "small"))
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


def _rows(draft: Draft, entries: Sequence[Entry]) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Return the rows of the journal, and of how many entries what they say does not fit: their rows tell so."""
    room, unprinted, rows = MAX_SAID, 0, []
    for entry in entries:
        *first, text = _row(draft, entry)
        length = drawn_length(text)
        if length > room:
            unprinted, text = unprinted + 1, draft.said("entry_unprinted")
        else:
            room -= length
        rows.append((*first, text))
    return tuple(rows), unprinted


def _row(draft: Draft, entry: Entry) -> tuple[str, ...]:
    said = draft.said
    lines = [said("entry_corrects", number=number) for number in entry.corrects[:5]]
    lines += _lines(draft, entry)
    lines += [said("entry_corrected", number=number) for number in entry.corrected_by[:5]]
    written = moment_of(entry.written) or draft.facts.last
    number, line = ("—", "—") if entry.number is None else (str(entry.number), str(entry.line))
    return number, line, _observed(draft, entry), said.short(written), text_of(entry.by), "\n".join(lines)


def _accounted(draft: Draft) -> str:
    """Return what each line of the custody file is: a number that is nowhere would look like an entry taken away."""
    said, journal = draft.said, draft.facts.journal
    counts = {"lines": journal.lines, "numbered": journal.numbered, "count": journal.others.total()}
    told = {name: said.number(count) for name, count in counts.items()}
    other = [said(f"line_{name}", number=said.number(journal.others[name])) for name in OTHERS if journal.others[name]]
    return said("journal_lines", other=", ".join(other), **told) if other else said("journal_whole", **told)


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
            return _answers(draft, entry)
        case "handover" | "receipt":
            by, to, role, place = (text_of(record.get(name)) for name in ("by", "to", "role", "place"))
            more = ", ".join(one for one in (role, place) if one)
            more = f" ({more})" if more else ""
            return [said(f"entry_{entry.kind}", slip=f"R{entry.transfer}", by=by or "…", to=to, more=more)]
        case "attachment" | "unfinished":
            return [said("entry_attachment", path=str(record.get("path")).removesuffix(".age")), *_taken(draft, entry)]
        case _:
            return [said("entry_other")]


def _answers(draft: Draft, entry: Entry) -> list[str]:
    """Return which questions were answered, and of each that had another answer what that was, and when."""
    said = draft.said
    names = said("join").join(draft.given.label(name) for name in entry.given)
    lines = [said.counted("entry_answers", len(entry.given), names=names or "…")]
    for name, change in entry.changes.items():
        both = (Given({name: one}, said).text(name) for one in (change.before, change.answer))
        before, answer = (text or said("unknown_answer") for text in both)
        told = {"before": before, "answer": answer, "entry": _which(draft, change.earlier)}
        lines.append(said("entry_changes", name=draft.given.label(name), **told))
    for name, later in entry.changed_in.items():
        lines.append(said("entry_changed", name=draft.given.label(name), entry=_which(draft, later)))
    return lines


def _which(draft: Draft, entry: Entry) -> str:
    """Return which entry is meant, and when it was written."""
    when = draft.said.short(moment_of(entry.written) or draft.facts.last)
    return draft.said("which_before" if entry.number is None else "which_entry", number=entry.number, when=when)


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
