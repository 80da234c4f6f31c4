"""What a file's name tells: its type, and whether an unknown extension was appended. Pure; names are raw bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collector.activity_rules import Activity

LONGEST: Final = 40
"""Longest extension that is looked at: those of known families have up to thirty letters."""

_MOST_PARTS: Final = 8
_NUMBERED: Final = re.compile(rb"[0-9]{1,2}|(?:19|20)[0-9]{6}|.*~")


class Appended(NamedTuple):
    """The type that a file had and the unknown extension that it has now."""

    type: bytes
    extension: bytes


def extension(name: bytes) -> bytes:
    """Return the last extension in lower case without its dot; empty where there is none, or only a leading dot."""
    stem, _, last = name.rpartition(b".")
    return last.lower() if stem.strip(b".") else b""


def is_unknown(last: bytes, rules: Activity) -> bool:
    """Tell whether an extension is one that nobody uses every day (`rules/ransom/`)."""
    if not last or len(last) > LONGEST or last in rules.ordinary or last in rules.temporary:
        return False
    return _NUMBERED.fullmatch(last) is None


def appended(name: bytes, rules: Activity) -> Appended | None:
    """Return what a name with an ordinary extension before an unknown last one tells: `a.docx.locked`.

    What stands between them may have dots too: `a.docx.id-1.[mail@example.com].locked`.
    """
    last = extension(name)
    if not is_unknown(last, rules):
        return None
    parts = name.lower().split(b".", _MOST_PARTS)[1:-1]
    was = next((part for part in parts if part in rules.ordinary), None)
    return None if was is None else Appended(was, last)


def renamed(before: bytes, after: bytes, rules: Activity) -> Appended | None:
    """Return what a rename tells, where it gives a file an unknown extension; `None` for any other.

    A program that writes under another name and then renames takes something away from that name,
    or its name before is no type (`x.tmp`, `tmpab3d`): that is none.
    """
    last = extension(after)
    if not is_unknown(last, rules) or after in before:
        return None
    was = extension(before)
    if was == last or was in rules.temporary:
        return None
    return Appended(was, last) if was or after.startswith(before + b".") else None
