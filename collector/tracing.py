"""The rows of traces of ransomware: one form for all of them, and the texts of the host in it as texts of ours."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from collector.model import number
from collector.ransom import families, magics, renames
from collector.text import from_bytes, from_native, joined, parted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from collector.host import Seen
    from collector.model import Json, Known, Row
    from collector.ransom.groups import Extension, Group
    from collector.ransom.notes import NoteJudgement

COLUMNS: Final = {
    "what": "note, encrypted, sample, original, recovery, extension or family.",
    "path": "Path of the file; of a group, of one of its files.",
    "size": "Size in bytes; of a group or extension, of all its files.",
    "mtime_ns": "Last change of content, nanoseconds since 1970 UTC; of a group, the first in its fullest hour.",
    "ctime_ns": "Last change of the entry; of a group, the last change of content in its fullest hour.",
    "btime_ns": "Birth, where the file system keeps it.",
    "artifact": "Path in the bundle of the copy.",
    "sha256": "SHA-256 of what was copied.",
    "copied": "whole, or ends: the copy holds the first and last bytes only; null: not copied.",
    "extension": "What was appended to the names, as a pattern where it changes; or the extension that is counted.",
    "count": "Files of a group (the last row of one counts) or extension; of a note, which place of it this is.",
    "folders": "Folders that they lie in.",
    "types": "Extensions that the files of a group had before, each with its number.",
    "family": "Name of the family that it resembles.",
    "confidence": "low, medium or high.",
    "score": "Points of the judgement; of a group, its files whose content looks encrypted.",
    "reasons": "Why, as codes (docs/REASONS.md).",
    "contacts": "What a note names: kind, value, and whether its checksum holds; at its first place.",
    "flags": "Of head-and-tail, changed-while-reading, unreadable, vanished, cut.",
}

_WEIGHTS: Final = {"low": 1, "medium": 3, "high": 6}
"""What a likeness counts: six weak ones make one strong."""


_PROGRAMS: Final = (b".exe", b".dll", b".scr", b".bat", b".cmd", b".ps1", b".vbs", b".jar", b".sh", b".elf", b".msi")
"""Endings of names under which programs and scripts come, whatever their mode says."""


def native(raw: bytes) -> str:
    """Return a name of the host as the judges take it; `raw` gives the bytes back."""
    return raw.decode("utf-8", "surrogateescape")


def raw(name: str) -> bytes:
    """Return the bytes of a name that `native` made."""
    return name.encode("utf-8", "surrogateescape")


def told(name: str) -> Json:
    """Return a name that `native` made as a text of ours."""
    return cast("Json", from_native(name))


def judged(recent: Row, known: Known) -> Iterator[str]:
    """Yield what is said of a recent file by what is known: `note`, `encrypted`, `executable`."""
    path = recent["path"]
    whole = bytes.fromhex(str(path["hex"])) if isinstance(path, dict) else str(path).encode()
    name = parted(whole)[1]
    size = recent["size"]
    if isinstance(size, int) and (name, size) in known.notes:
        yield "note"
    if known.extensions and renames.split(native(name), magics.marks()).key in known.extensions:
        yield "encrypted"
    mode = str(recent["mode"] or "0")
    is_program = name.lower().endswith(_PROGRAMS) or any(int(digit) & 1 for digit in mode[-3:])
    if recent["type"] == "file" and is_program:
        yield "executable"


def row(what: str, **fields: Json) -> Row:
    """Return a row with every column, those that are not given empty."""
    made: Row = dict.fromkeys(COLUMNS)
    made["what"] = what
    made["reasons"] = []
    made["flags"] = []
    made.update(fields)
    return made


def file_row(what: str, seen: Seen, folder: bytes, **fields: Json) -> Row:
    """Return the row of one file of the host."""
    return row(
        what,
        path=cast("Json", from_bytes(joined(folder, seen.name))),
        size=number(seen.size),
        mtime_ns=str(seen.mtime_ns),
        ctime_ns=str(seen.ctime_ns),
        btime_ns=None if seen.btime_ns is None else str(seen.btime_ns),
        **fields,
    )


def group_row(group: Group) -> Row:
    """Return the row of files that were encrypted together."""
    likely = families.likenesses(extensions=[group.pattern]) if group.how == "extension" else ()
    first = group.samples[0] if group.samples else None
    return row(
        "encrypted",
        path=None if first is None else told(native(joined(raw(first.folder), raw(first.name)))),
        size=number(group.bytes),
        mtime_ns=str(group.first_ns),
        ctime_ns=str(group.last_ns),
        extension=told(group.pattern),
        count=group.files,
        folders=group.folders,
        types={name: count for name, count in group.originals if name},
        family=likely[0].family if likely else None,
        confidence=group.confidence,
        score=group.encrypted,
        reasons=[group.how, *group.reasons],
    )


def extension_row(line: Extension) -> Row:
    """Return a line of the histogram of extensions."""
    reasons: list[Json] = ["ordinary"] if line.is_known else []
    return row("extension", size=number(line.bytes), extension=told(line.extension), count=line.files, reasons=reasons)


def contacts(judgement: NoteJudgement) -> list[Json]:
    """Return what a note names, as a row holds it."""
    return [{"kind": one.kind, "value": told(one.value), "checked": one.checked} for one in judgement.contacts]


def families_of(judgements: Iterable[NoteJudgement], extensions: Sequence[str]) -> Iterator[Row]:
    """Yield the families that notes and extensions together resemble, the likeliest first.

    Where only words of notes point to a family it is of low confidence: whoever writes a text may name any.
    """
    likely = [*families.likenesses(extensions=extensions)]
    for judgement in judgements:
        likely += judgement.likenesses
    weights: Counter[str] = Counter()
    reasons: dict[str, dict[str, None]] = {}
    for one in sorted(likely, key=lambda one: -_WEIGHTS[one.confidence]):
        seen = reasons.setdefault(one.family, {})
        found = dict.fromkeys(one.reasons)
        new = len(found.keys() - seen.keys())  # the same evidence counts once, in however many notes it stands
        weights[one.family] += math.ceil(_WEIGHTS[one.confidence] * new / max(1, len(found)))
        seen.update(found)
    for family, why_so in reasons.items():
        if why_so.keys() <= {families.WORDS}:
            weights[family] = min(weights[family], _WEIGHTS["low"])
    for family, weight in weights.most_common(families.MOST):
        sure = "high" if weight >= _WEIGHTS["high"] else "medium" if weight >= _WEIGHTS["medium"] else "low"
        why: list[Json] = [told(reason) for reason in reasons[family]]
        yield row("family", family=told(family), score=weight, confidence=sure, reasons=why)
