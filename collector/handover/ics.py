"""The calendar file of the deadlines (RFC 5545), as any telephone or calendar opens it.

It names steps and moments, and nobody: a calendar is often copied to a server somewhere. Moments are in UTC, so that no
time zone has to be described; the words say them in Paris time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector import deadline_words as words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.deadlines import Deadline

LINE = 75
"""Octets of a line before its end (section 3.1)."""
_RECALLED = ("-PT24H", "-PT3H")
"""How long before its moment a step is recalled (section 3.3.6)."""
_LATER = {"limitation": ("-P180D",)}
"""The same for a step that has years."""
_PRUDENT = ("Plutôt maintenant~: {name}", "Rather now: {name}")
_BEFORE = ("À faire avant cette heure~: {name}", "To be done before this time: {name}")


def calendar(deadlines: Iterable[Deadline], aware: datetime, written: datetime, language: str) -> bytes:
    """Return the file: one event for each moment whose step was not taken, and one for what to aim at instead.

    `written` is DTSTAMP; nothing is aimed at that was over by then. The same awareness gives the same
    UIDs, so that a calendar takes a second file for the first.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//evidence-collector//deadlines//FR", "CALSCALE:GREGORIAN"]
    for deadline in deadlines:
        if deadline.due is not None and deadline.done is None:
            lines += _events(deadline, deadline.due, (aware, written), language)
    lines.append("END:VCALENDAR")
    return b"".join(piece for line in lines for piece in _folded(line))


def _events(deadline: Deadline, due: datetime, told: tuple[datetime, datetime], language: str) -> Iterator[str]:
    step = words.STEPS[deadline.step]
    name = words.said(step.name, language)
    aware, written = map(_utc, told)
    earlier = deadline.earlier if deadline.earlier is not None and deadline.earlier > told[1] else None
    about = [
        words.moment(due, language),
        words.label(deadline.step, language),
        *words.office(deadline.closed, earlier, language),
        words.said(step.know, language),
        words.source(deadline.step, language),
    ]
    before = name if deadline.step in _LATER else words.said(_BEFORE, language, name=name)
    moments = [("", due, before, _LATER.get(deadline.step, _RECALLED))]
    if earlier is not None:
        moments.append(("-earlier", earlier, words.said(_PRUDENT, language, name=name), _RECALLED[1:]))
    for suffix, at, summary, alarms in moments:
        yield "BEGIN:VEVENT"
        yield f"UID:{aware}-{deadline.step}{suffix}@evidence-collector.invalid"
        yield f"DTSTAMP:{written}"
        yield f"DTSTART:{_utc(at)}"
        yield f"SUMMARY;LANGUAGE={language}:{_text(summary)}"
        yield f"DESCRIPTION;LANGUAGE={language}:" + _text("\n".join(about))
        yield "TRANSP:TRANSPARENT"
        for trigger in alarms:
            yield "BEGIN:VALARM"
            yield "ACTION:DISPLAY"
            yield f"DESCRIPTION;LANGUAGE={language}:{_text(summary)}"
            yield f"TRIGGER:{trigger}"
            yield "END:VALARM"
        yield "END:VEVENT"


def _utc(moment: datetime) -> str:
    """Return a moment as DATE-TIME, form 2 (section 3.3.5)."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """Return a text as the value of a property (section 3.3.11); other control characters have no place in one."""
    value = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return "".join(char for char in value if char.isprintable() or char == "\u00a0")


def _folded(line: str) -> Iterator[bytes]:
    """Yield a line in pieces of at most 75 octets, no character cut; all but the first begin with a space."""
    piece = b""
    for char in line:
        octets = char.encode()
        if len(piece) + len(octets) > LINE:
            yield piece + b"\r\n"
            piece = b" "
        piece += octets
    yield piece + b"\r\n"
