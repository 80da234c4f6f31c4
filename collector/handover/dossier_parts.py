"""The parts of a dossier, before it is paper or screen: fields and blanks, sentences, boxes to tick, tables, pictures.

All texts in it are safe to show (`dossier_facts`, or our own words). A field without a value is a blank with a dotted
line; what a person does not know is a value that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from collector.handover.slip_parts import Command

if TYPE_CHECKING:
    from datetime import datetime

    from collector.handover.dossier_pictures import Picture
    from collector.handover.slip_parts import Form

BLANK = "\u2026" * 10
"""What a person fills in by hand where a sentence goes on after it."""


@dataclass(frozen=True, slots=True)
class Field:
    """A labelled line: no value: a blank of so many `lines`; `unknown`: the value says that nobody knows it."""

    label: str
    value: str = ""
    lines: int = 1
    unknown: bool = False
    note: str = ""
    """Said in small letters below."""
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields one below the other."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above some blocks of a part."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs. `style`: `plain`, `list`, `numbered`, `strong`, `small`, `warning` (framed) or `letter`."""

    texts: tuple[str, ...]
    style: str = "plain"


@dataclass(frozen=True, slots=True)
class Tick:
    """A box, ticked or not, what it stands for, when that was, and what is to be known of it."""

    text: str
    done: bool = False
    when: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Boxes one below the other; `times`: each with room for a date and an hour, under this heading."""

    rows: tuple[Tick, ...]
    times: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; `shares` are the widths, `mono` the columns of fingerprints, `empty` rows are left to the hand."""

    headings: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: int = 0
    mono: tuple[int, ...] = ()
    small: bool = False
    tall: bool = False
    """Each row has room to write in."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, and what is known of it."""

    picture: Picture
    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """The words of somebody else, line by line."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Who writes (at the left) or is written to (at the right); a line of `BLANK` is filled in by hand."""

    lines: tuple[str, ...]
    right: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """Room for a place and date, a name and a signature."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """The table of contents: filled in by whoever knows the pages."""


@dataclass(frozen=True, slots=True)
class NewPage:
    """What follows begins a page."""


@dataclass(frozen=True, slots=True)
class Slip:
    """The pages of a « bordereau de remise »."""

    form: Form


Block: TypeAlias = (
    Fields | Heading | Text | Ticks | Table | Shown | Quote | Address | Signature | Contents | NewPage | Slip | Command
)


@dataclass(frozen=True, slots=True)
class Part:
    """A numbered part; each begins a page, so that it can be handed over without the others."""

    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """The whole dossier, or one letter of it: then there is one part, without a title."""

    language: str
    title: str
    parts: tuple[Part, ...]
    head: str
    """At the top of each page."""
    foot: str
    """At the foot of each page: pages that are torn apart name the case."""
    page: str
    """`{number}` and `{pages}` to be filled in."""
    escapes: str
    """What is said on the first page of a paper that spells letters it has not."""
    made: datetime
    """When the last line of the bundle was written: the papers bear this time, so that they are the same each time."""
