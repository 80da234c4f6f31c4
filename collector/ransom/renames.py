"""Takes a file's name apart: the extension that it had, and what was appended to it.

`report.docx.id-1A2B.[mail@example.org].ext` was `report.docx`; `.id-1A2B.[mail@example.org].ext` was appended. Names
are attacker-chosen: only the last characters are looked at, and few of their points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.ransom import magics

if TYPE_CHECKING:
    from collector.ransom.magics import Marks

LONGEST: Final = 255
"""Characters of a name, from its end, that are looked at: no file system of Linux or Windows has longer ones."""

MOST_POINTS: Final = 12
"""Points, from the end, behind which an extension is sought."""

_TOKEN: Final = re.compile(r"[^.\s\[\](){}<>_,;!@#$%&+=~-]{1,16}")
_VERSION: Final = re.compile(r"[0-9]{1,8}|[0-9]{1,4}[-_+~][0-9a-z]{0,12}|[0-9][a-z]{1,4}|v[0-9]{1,3}|[a-z]{1,2}")
"""What stands at the end of a name by custom: numbers of logs, of pages of the manual, of versions, languages."""
_MAIL: Final = re.compile(r"[^.\[\](){}<>\s@]{0,64}@[^\[\](){}<>]{0,100}")
"""An address and what follows it up to a bracket: `.com` is an extension of ordinary files too."""
_BRACKETS: Final = frozenset("[({<")
_BRACKETED: Final = re.compile(r"[\[({<][^\[\](){}<>]{0,200}[\])}>]")


@dataclass(frozen=True, slots=True)
class Rename:
    """A name taken apart.

    `original` is the extension of the file as it was made (lower case, without the point, empty where none is known),
    `appended` what stands behind it and is no extension of ordinary files; `stem` is the name without that.
    `is_wrapped` says that a customary ending (`.bak`, a number) stands behind the original extension.
    """

    stem: str
    original: str
    appended: str = ""
    is_wrapped: bool = False

    @property
    def key(self) -> str:
        """What files of one group share of `appended`, in lower case: its last part, brackets taken as a whole."""
        lowered = self.appended.lower()
        masked = lowered
        if not _BRACKETS.isdisjoint(lowered):
            masked = _BRACKETED.sub(lambda match: "x" * len(match[0]), lowered)
        place = max(masked.rfind("."), 0)
        return lowered[place:]


def split(name: str, marks: Marks) -> Rename:
    """Return a name taken apart; never raises, whatever the name is."""
    end = name[-LONGEST:]
    if "@" in end:
        end = _MAIL.sub(lambda match: "@" * len(match[0]), end)
    before = name[: len(name) - len(end)]
    place = end.rfind(".")
    if place < 0 or (place == 0 and not before):  # none, or a hidden file
        return _inner(name, end, marks) or Rename(name, "")
    last = end[place + 1 :].lower()
    kind = marks.by_extension.get(last)
    if kind is not None and kind.name == magics.CIPHER and (inner := _inner(name, end[:place], marks)):
        return Rename(inner.stem, inner.original, name[len(inner.stem) :], is_wrapped=True)
    if marks.is_known(last):
        return Rename(name, last)
    if last in marks.transparent or (_VERSION.fullmatch(last) and last not in marks.ransom):
        inner = _inner(name, end[:place], marks)
        return Rename(name, inner.original if inner else "", is_wrapped=True)
    if not last.strip():
        return Rename(name, "")
    return _inner(name, end, marks) or Rename(before + name[len(before) :][:place], "", name[len(before) :][place:])


def _inner(name: str, end: str, marks: Marks) -> Rename | None:
    """Return what stands behind the last extension of an ordinary file in `end`, the masked end of the name."""
    start = max(len(name) - LONGEST, 0)
    place = len(end)
    for _ in range(MOST_POINTS):
        place = end.rfind(".", 0, place)
        if place <= 0:
            return None
        token = _TOKEN.match(end, place + 1)
        if token is None or not marks.is_known(extension := token[0].lower()):
            continue
        cut = start + token.end()
        if len(name) - cut <= 1:  # `.dl_`, `.c~`: older copies and packed files
            return Rename(name, extension, is_wrapped=True)
        return Rename(name[:cut], extension, name[cut:])
    return None
