"""Which of the files come by are worth reading for traces of ransomware: pure, bounded.

A disk holds a million files and the hour is short. Every file is counted by its name; few are read. A file that may be
a note (a text of a size that a person reads) is read whole, a file of any other kind at its ends, the first of each
extension always and of many only a sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

NOTE_NAMES: Final = frozenset(
    {"", "txt", "html", "htm", "hta", "rtf", "pdf", "md", "url", "log", "readme", "doc", "xhtml", "shtml", "php", "inf"}
)
"""Extensions under which notes are dropped (ransom.md section 1 counts txt, html, htm, hta, pdf, log and odd ones)."""
TELLING: Final = (
    "read_it", "read_me", "read-me", "how_to", "how to", "howto", "decrypt", "restore", "recover", "lisez",
)  # fmt: skip
"""What the names of notes say, whatever their extension."""
_MARKED: Final = ("!", "#", "_README", "@", "+", "[", "(")
"""Signs that put a name first in every list of a folder."""
NOTE_SIZE: Final = (16, 512 << 10)
"""Bytes of what may be a note: the longest measured hold 50 KiB, an HTML page with pictures in it 300."""

ALWAYS: Final = 48
"""Files of one extension that are read in any case …"""
EVERY: Final = 64
"""… and which of those after them."""
MOST_EXTENSIONS: Final = 4_096
"""Extensions that are told apart: an attacker may give each file its own. Later ones share one count."""
_OTHERS: Final = "\0others"
SINGLE_GAPS: Final = 20
"""Folders that could not be walked which are told one by one, of each kind."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search may cost."""

    seconds: float
    """In people's folders, and again as long elsewhere."""
    everywhere: bool
    """Whether what is not people's is searched too."""
    named: bool = False
    """Whether the trees were named by whoever runs this: then all of them are people's."""
    notes: int = 200
    """Distinct notes that are copied."""
    pairs: int = 3
    """Originals of a group that are copied beside their encrypted twins."""
    places: int = 20_000
    """Places of notes told one by one."""
    note_reads: int = 20_000
    """Texts read as notes; of those with a telling name as many again."""
    file_reads: int = 40_000
    groups: int = 24
    """Groups of encrypted files of which samples are taken."""
    sample_bytes: int = 4 << 20
    """Most bytes of one sample: a larger file gives its ends."""
    copied_bytes: int = 256 << 20
    """Most bytes copied in all."""
    samples: bool = True
    """Whether encrypted files and originals are copied, or told only."""
    weak_notes: bool = True
    """The same of texts that only weakly resemble a note, and of the addresses that they name."""
    single_gaps: int = SINGLE_GAPS
    """How many of one kind are told one by one: 1 where another source tells them, or no path may be named."""


def limits_of(
    profile: str, *, named: bool, samples: bool = True, weak_notes: bool = True, single_gaps: int = SINGLE_GAPS
) -> Limits:
    """Return what a search may cost in a profile: triage stays in people's folders, unless trees were named."""
    if profile == "triage":
        costs = Limits(seconds=10, everywhere=named, named=named, note_reads=3_000, file_reads=6_000)
    else:
        costs = Limits(seconds=300 if profile == "full" else 60, everywhere=True, named=named)
    return replace(costs, samples=samples, weak_notes=weak_notes, single_gaps=single_gaps)


def extension_of(name: str) -> str:
    """Return the last extension in small letters, or an empty text; a leading dot begins none."""
    stem, dot, last = name.rpartition(".")
    return last.lower()[:64] if dot and stem else ""


def is_telling(name: str) -> bool:
    """Tell whether a name says of itself that it is a note: such a file is read before others, and elsewhere too."""
    lowered = name.lower()
    return any(word in lowered for word in TELLING) or name.startswith(_MARKED)


def may_be_note(name: str, size: int, *, people: bool = True) -> bool:
    """Tell whether a file is worth reading as a note, by name and size alone.

    Outside people's folders, where every package lays down a hundred texts, only a telling name is.
    """
    low, high = NOTE_SIZE
    if not low <= size <= high:
        return False
    return is_telling(name) or (people and extension_of(name) in NOTE_NAMES)


@dataclass(slots=True)
class Sampling:
    """Which files of which extension are read at their ends."""

    counts: dict[str, int] = field(default_factory=dict)
    pooled: int = 0
    """Files whose extension is no longer told apart."""

    def wants(self, extension: str, size: int, folder: bytes) -> bool:
        """Count a file and tell whether it is to be read; an empty one never is, and takes no extension's place.

        Where an attacker has used up the extensions that are told apart, each folder has a count of its own.
        """
        if not size:
            return False
        key = extension
        if key not in self.counts and len(self.counts) >= MOST_EXTENSIONS:
            self.pooled += 1
            key = f"{_OTHERS}{hash(folder) % MOST_EXTENSIONS}"
        count = self.counts.get(key, 0)
        self.counts[key] = count + 1
        return count < ALWAYS or count % EVERY == 0
