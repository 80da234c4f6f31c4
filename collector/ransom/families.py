"""Names the family that a note or an encrypted file most likely belongs to, by a table of what is known of each.

A likeness is no proof: names of notes and extensions are copied between families, and a new family is in no table.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from collector import ransom_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST: Final = 5
"""Families told of one file: a name that many have says nothing."""

WORDS: Final = "words of the note"
"""The reason that needs no more than a family's name in a text."""

_MARK_WEIGHT: Final = 4
_NAME_WEIGHT: Final = 3
_EXTENSION_WEIGHT: Final = 3


@dataclass(frozen=True)
class Likeness:
    """A family that something resembles, how sure that is (low, medium, high), and why."""

    family: str
    confidence: str
    reasons: tuple[str, ...]


def likenesses(name: str = "", body: str = "", extensions: Sequence[str] = ()) -> tuple[Likeness, ...]:
    """Return the families that fit a note's name, its words (as `reading.words` returns them) and extensions.

    The likeliest comes first. What points to several families points to each of them less.
    """
    names, marks, known = _tables()
    weights: defaultdict[str, float] = defaultdict(float)
    reasons: defaultdict[str, list[str]] = defaultdict(list)

    def points(to: Sequence[str], weight: float, reason: str) -> None:
        for family in to[: 4 * MOST]:
            weights[family] += weight / len(to)
            reasons[family].append(reason)

    if to := names.get(name.lower(), ()):
        points(to, _NAME_WEIGHT, "name of the note")
    for extension in dict.fromkeys(one.lower() for one in extensions[:16]):
        if to := known.get(extension, ()):
            points(to, _EXTENSION_WEIGHT, f"extension {extension}")
    words = body.split()[:12000]
    for length, table in marks.items():
        seen = {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)} & table.keys()
        for mark in sorted(seen):
            points(table[mark], _MARK_WEIGHT, WORDS)
    ordered = sorted(weights, key=lambda family: (-weights[family], family))[:MOST]
    return tuple(Likeness(family, _confidence(weights[family]), tuple(reasons[family])) for family in ordered)


def _confidence(weight: float) -> str:
    return "high" if weight >= 6 else "medium" if weight >= 3 else "low"


@cache
def _tables() -> tuple[Mapping[str, list[str]], Mapping[int, Mapping[str, list[str]]], Mapping[str, list[str]]]:
    """Return the families by name of the note, by mark (by its number of words), and by extension."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    marks: defaultdict[int, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    known: defaultdict[str, list[str]] = defaultdict(list)
    for family in ransom_rules.families():
        for name in family.names:
            names[name].append(family.name)
        for mark in family.marks:
            marks[len(mark.split())][mark].append(family.name)
        for extension in family.extensions:
            known[extension].append(family.name)
    return names, marks, known
