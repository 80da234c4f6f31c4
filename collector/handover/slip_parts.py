"""The parts of a form, before it is paper or screen: boxes, sentences, codes, and the table that goes on by hand.

All texts in it are safe to show (`slip_facts`, or our own words); a box without a value is a blank to be filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

COLUMNS = ("when", "by", "to", "role", "reason", "place", "condition")
"""What a row of the chain of possession says, beside its number and its two signatures."""

WIDTHS = (6.0, 20.0, 25.0, 25.0, 17.0, 21.0, 17.0, 19.0, 18.0, 18.0)
"""Of the columns of the chain, in millimetres: number, `COLUMNS`, two signatures."""
FULL, SAYS, SMALL, EMPTY = 12.3, 3.2, 5.2, 14.0
"""Heights: of a full row's cells, of the line below, of a small row, of an empty one."""


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled box: `share` of the row's width, `lines` its text may take; no value: a blank."""

    label: str
    value: str = ""
    share: int = 1
    lines: int = 1
    note: str = ""
    """Why it is blank, where that is known."""
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Boxes:
    """One row of boxes; `tall` ones have room for a signature."""

    boxes: tuple[Box, ...]
    tall: bool = False


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences, each its own paragraph, marked where they are a list; `strong` stand out, `short` take one line."""

    texts: tuple[str, ...]
    listed: bool = False
    strong: bool = False
    short: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command to be typed, one line or more, and what it shows."""

    says: str
    command: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code in big type, what it is for, and the full digest as QR."""

    label: str
    rows: tuple[str, str]
    says: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CodePair:
    """Two codes side by side."""

    codes: tuple[Code, Code]


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest in full, and room to copy it by hand, a character to a cell."""

    label: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Row:
    """A recorded hand-over or receipt: its cells in the order of `COLUMNS`, and what was checked and signed.

    `full`: a line of its own for the latter, and room for signatures; else all is small.
    """

    number: str
    cells: tuple[str, ...]
    says: str
    full: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain of possession: its headings, the recorded rows, after the first one what is left out, empty rows."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: str
    blanks: int


Block: TypeAlias = Boxes | Sentences | Command | CodePair | Digest | Chain


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the form."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form, page by page; the chain of possession has the last one to itself, and goes on by hand."""

    language: str
    title: str
    subtitle: str
    intro: str
    escapes: str
    """What is said on a paper that spells letters it has not: where they are shown."""
    pages: tuple[tuple[Section, ...], ...]
    foot: tuple[str, str]
    """Two lines at the foot of each page, each short enough to stand whole: pages that are torn apart name the case."""
    initials: str
    page: str
    """`{number}` and `{pages}` to be filled in."""
    closed: datetime
    """When the bundle was closed, in UTC: the papers bear this time, so that they are the same each time."""
