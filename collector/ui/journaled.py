"""How the main courante is shown: every entry in order, with what corrects it; nothing is left out for being wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector import answers, layout, schema
from collector.deadline_words import moment
from collector.journal import shortened
from collector.questions import QUESTIONS
from collector.text import printable, readable
from collector.ui import terminal
from collector.ui import words as plain
from collector.ui.as_json import path_json
from collector.ui.due import DOUBTS
from collector.ui.exported import malformed
from collector.ui.messages import N_, _, elsewhere, language, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collector.answers import Answer
    from collector.journal import Entry, Journal
    from collector.model import Json

_WIDTH: Final = terminal.WIDTH - 1
_LONGEST: Final = 2500
"""Characters of a note, all of them; anything else of the bundle is cut earlier."""
_SHORT: Final = 200

_TITLES: Final = {
    "opened": N_("the collection begins"),
    "sealed": N_("the evidence is sealed"),
    "note": N_("note"),
    "answers": N_("answers"),
    "attachment": N_("file attached"),
    "unfinished": N_("file that could not be read to its end"),
    "handover": N_("handed over"),
    "receipt": N_("received"),
    "timestamp": N_("timestamp of an authority"),
    "timestamp-request": N_("request for a timestamp"),
}
_GROUPS: Final = {
    "awareness": N_("how it was noticed"),
    "seen": N_("what is seen"),
    "practice": N_("the practice"),
    "attack": N_("the attack"),
    "damage": N_("the damage"),
    "data": N_("the patients' data"),
    "reported": N_("who was told"),
}
_OTHERS: Final = {
    "intent": N_("files announced before they are copied ({count})"),
    "detail": N_("details of an entry, such as when it was seen or what it corrects ({count})"),
    "signature": N_("signatures of a receipt ({count})"),
    "resume": N_("taking up again after an interruption ({count})"),
    "gap": N_("files that could not be copied ({count})"),
    "observation": N_("other observations ({count})"),
}
"""Lines of custody that are no entries (`Journal.others`)."""
_FIELDS: Final = (
    ("by", N_("given by: {words}")),
    ("to", N_("given to: {words}")),
    ("role", N_("as: {words}")),
    ("reason", N_("for: {words}")),
    ("place", N_("at: {words}")),
    ("condition", N_("state: {words}")),
)
"""Fields of a hand-over or receipt."""


def journal_text(journal: Journal) -> str:
    """Return the main courante for a person, at most 80 columns wide."""
    after = sum(1 for entry in journal.entries if entry.number is not None)
    lines = terminal.fold(
        ngettext(
            "Log of events (main courante): one entry after the seal. Times are those of Paris.",
            "Log of events (main courante): {count} entries after the seal. Times are those of Paris.",
            after,
        ),
        _WIDTH,
    )
    for entry in journal.entries:
        lines += ["", *terminal.fold(_title(entry), _WIDTH, "", "  ")]
        lines += [line for words in _lines(entry) for line in terminal.fold(words, _WIDTH, "  ", "  ")]
    below = [_hidden(journal.hidden)] if journal.hidden else []
    if journal.malformed:
        below.append(malformed(journal.malformed))
    if journal.more:
        below.append(_("{count} more entries stand in custody.jsonl.", count=number(journal.more)))
    if journal.lines:
        below.append(_accounted(journal))
    if any(entry.transfer for entry in journal.entries):
        below.append(_("R1, R2 and so on are hand-overs and receipts as the hand-over slip counts them."))
    for sentence in below:
        lines += ["", *terminal.fold(sentence, _WIDTH)]
    return "\n".join(lines) + "\n"


def _accounted(journal: Journal) -> str:
    """Return what each line of custody is: entries, and what is none, so that nothing can seem to be missing."""
    told = {"file": layout.CUSTODY, "lines": number(journal.lines), "entries": number(journal.numbered)}
    if not journal.others:
        return _("Lines in {file}: {lines}, each an entry.", **told)
    counted = [(words, journal.others[name]) for name, words in _OTHERS.items() if journal.others[name]]
    other = ", ".join(_(words, count=number(many)) for words, many in counted)
    first = _("Lines in {file}: {lines}, of which entries: {entries}.", **told)
    more = {"count": number(journal.others.total()), "other": other}
    return first + " " + _("Other lines, technical and not shown: {count}. They are: {other}.", **more)


def _hidden(count: int) -> str:
    words = ngettext(
        "One entry is encrypted: only the practice or the expert can read it.",
        "{count} entries are encrypted: only the practice or the expert can read them.",
        count,
    )
    return words + " " + _("Give the key with --identity.")


def _title(entry: Entry) -> str:
    title = _(_TITLES[entry.kind]) if entry.kind in _TITLES else entry.kind
    head = title if entry.number is None else _("{number}. {title}", number=entry.number, title=title)
    head += f" (R{entry.transfer})" if entry.transfer else ""
    if entry.corrected_by:
        head += " - " + _("CORRECTED by entry {numbers}", numbers=shortened(entry.corrected_by))
    return head


def _lines(entry: Entry) -> Iterator[str]:
    file = layout.MANIFEST if entry.number is None else layout.CUSTODY
    yield _("Written: {moment} ({file}, line {line})", moment=plain.written(entry.written), file=file, line=entry.line)
    if entry.observed is not None:
        yield _("Seen: {moment}", moment=plain.written(entry.observed))
        doubts = {doubt.value: words for doubt, words in DOUBTS.items()}
        if entry.doubt in doubts:
            yield _(doubts[entry.doubt])
    elif entry.kind in ("note", "attachment"):
        yield _("Seen: not said")
    if entry.by is not None:
        yield _("By: {who}", who=_shown(entry.by))
    if entry.corrects:
        yield _("Corrects entry {numbers}", numbers=shortened(entry.corrects))
    if entry.about is not None:
        yield _("About the file of entry {number}", number=entry.about)
    yield from _content(entry)


def _content(entry: Entry) -> Iterator[str]:
    record = entry.record
    if entry.kind in ("handover", "receipt"):
        for name, words in _FIELDS:
            if record[name] is not None:
                yield _(words, words=_shown(record[name]))
    elif entry.kind in ("attachment", "unfinished"):
        yield _("File: {name}", name=_("[encrypted]") if entry.hidden else _shown(record["subject"]))
        yield _("Kept as: {path}", path=printable(str(record["path"])))
        yield _("Its fingerprint (SHA-256): {sha256}", sha256=record["sha256"])
        yield from said_by_file(entry.says)
    elif entry.kind in ("timestamp", "timestamp-request"):
        yield _("Kept as: {path}", path=printable(str(record["path"])))
    elif entry.hidden and entry.kind in ("note", "answers"):
        yield _("[encrypted]")
    elif entry.kind == "note":
        for line in readable(record["text"]).splitlines():  # type: ignore[arg-type]  # a text, by its table
            yield printable(line, _LONGEST)
    elif entry.kind == "answers":
        yield from _answers(entry)


def _answers(entry: Entry) -> Iterator[str]:
    """Yield each answer, with what was said before where it is another, and where it was changed later."""
    data = entry.record["data"]
    group = data.get("group") if isinstance(data, dict) else None
    name = _(_GROUPS[group]) if isinstance(group, str) and group in _GROUPS else _shown(group)
    yield ngettext("One answer about {group}:", "{count} answers about {group}:", len(entry.given), group=name)
    for question, answer in entry.given.items():
        yield f"- {elsewhere(QUESTIONS[question].text)} {_answer(question, answer)}"
        change, later = entry.changes.get(question), entry.changed_in.get(question)
        if change is not None:
            yield _("THE ANSWER IS CHANGED. Before: {answer} - {entry}", answer=_answer(question, change.before),
                    entry=_which(change.earlier))  # fmt: skip
        if later is not None:
            yield _("The answer was changed later: {entry}", entry=_which(later))


def _which(entry: Entry) -> str:
    """Return which entry is meant, and when it was written."""
    told = {"moment": plain.written(entry.written)}
    if entry.number is None:
        return _("before the seal, {moment}", **told)
    return _("entry {number}, {moment}", number=entry.number, **told)


def _answer(question: str, answer: Answer) -> str:
    """Return an answer in the words of its question."""
    words = {name: elsewhere(said) for name, said in QUESTIONS[question].options}
    entered = answers.when(answer)
    if answer is None:
        return _("I don't know")
    if entered is not None:
        return moment(entered.utc, language())
    if isinstance(answer, int):
        return number(answer)
    if isinstance(answer, list):
        return ", ".join(words[one] for one in answer) or _("none of these")
    return words.get(answer) or _shown(answer, 2 * _SHORT) if isinstance(answer, str) else ""


def said_by_file(says: Json) -> Iterator[str]:
    """Yield what an attached file says of itself; its own word, and never where a picture was taken."""
    if not isinstance(says, dict):
        return
    if isinstance(says.get("taken"), str):
        zone = f" ({_shown(says['taken_offset'])})" if isinstance(says.get("taken_offset"), str) else ""
        yield _("The picture says it was taken: {time}", time=_shown(says["taken"]).replace("T", " ") + zone)
    camera = " ".join(_shown(says[name]) for name in ("maker", "model") if isinstance(says.get(name), str))
    if camera:
        yield _("The picture says by which camera: {camera}", camera=camera)
    if says.get("has_place") is True:
        yield _("The picture holds the place where it was taken; it is not copied from there.")
    for name, words in _LETTER:
        if isinstance(says.get(name), str):
            yield _(words, words=_shown(says[name]))


_LETTER: Final = (
    ("date", N_("The e-mail says it was sent: {words}")),
    ("from", N_("The e-mail says from whom: {words}")),
    ("to", N_("The e-mail says to whom: {words}")),
    ("subject", N_("Its subject: {words}")),
    ("message_id", N_("Its Message-ID: {words}")),
)


def _shown(value: Json, limit: int = _SHORT) -> str:
    return printable(value, limit) if schema.is_text(value) else ""  # type: ignore[arg-type]  # a text, as was just seen


def journal_json(path: Path, journal: Journal) -> dict[str, object]:
    """Return the object of `collect journal --json`."""
    others = {name: journal.others[name] for name in _OTHERS}
    return {
        "bundle": path_json(path),
        "entries": [_entry_json(entry) for entry in journal.entries],
        "hidden": journal.hidden,
        "malformed": journal.malformed,
        "more": journal.more,
        "lines": {"all": journal.lines, "entries": journal.numbered, **others},
    }


def _entry_json(entry: Entry) -> dict[str, object]:
    record = entry.record
    fields: dict[str, object] = {
        "number": entry.number,
        "seq": entry.seq,
        "kind": entry.kind,
        "written": entry.written,
        "observed": entry.observed,
        "doubt": entry.doubt,
        "by": entry.by,
        "hidden": entry.hidden,
        "corrects": entry.corrects,
        "corrected_by": entry.corrected_by,
    }
    if entry.kind == "note":
        fields |= {"text": record.get("text"), "about": entry.about}
    if entry.kind == "answers":
        fields |= {"answers": record.get("data"), "changes": _changes_json(entry)}
    if entry.kind in ("handover", "receipt"):
        fields |= {"handover": {name: record[name] for name, _words in _FIELDS}, "checked": record["checked"]}
        fields |= {"slip": entry.transfer}
    if "path" in record:
        fields |= {name: record.get(name) for name in ("path", "subject", "size", "sha256")}
        fields |= {"says": entry.says or None}
    return fields


def _changes_json(entry: Entry) -> dict[str, object]:
    """Return of each answer that was different before what it was, and which entry said it."""
    return {
        name: {"before": one.before, "number": one.earlier.number, "seq": one.earlier.seq}
        for name, one in entry.changes.items()
    }
