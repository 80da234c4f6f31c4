"""Names the family that a note or an encrypted file most likely belongs to, by a table of what is known of each.

A likeness is no proof: names of notes and extensions are copied between families, and a new family is in no table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from collector import ransom_rules
from collector.ransom import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST: Final = 5
"""Families told of one file: a name that many have says nothing."""

WORDS: Final = "words of the note"
"""The reason that needs no more than a family's name in a text."""
CALLED: Final = "calls itself so"
ADDRESS: Final = "name in its address"
FILE_NAME: Final = "name in the file's name"

_MARK_WEIGHT: Final = 4
_NAME_WEIGHT: Final = 3
_EXTENSION_WEIGHT: Final = 3
_CALLED_WEIGHT: Final = 3
_SELF_WEIGHT: Final = 1
"""A name of which nothing is known: it is what the note says."""

_MOST_WORDS: Final = 12_000
_LONGEST: Final = 3
"""Words of a name: "vice society", "black suit", "the dark angels"."""
_SHORTEST_ADDRESS: Final = 4
_KNOWN: Final = ("names", "extensions", "marks", "own", "called")
_PLAIN: Final = re.compile(r"\([^)]*\)|ransomware|[\W_]")
_BEFORE: Final = re.compile(
    r"(?:we are|i am|this is|name is|called"
    r"|(?:hacked|attacked|encrypted|locked|infected|compromised|written|made) (?:by|with)"
    r"|welcome to|nous sommes|par|wir sind|somos|siamo)(?: the| le groupe| el grupo)?$"
)
_AFTER: Final = frozenset((
    "ransomware", "ransom", "locker", "team", "group", "gang", "crew", "leaks", "leak", "blog", "news", "syndicate",
    "hackers", "virus", "encryptor", "decryptor", "decrypter", "cartel", "affiliate", "affiliates", "equipe",
    "gruppe", "groupe", "grupo",
))  # fmt: skip
_SELF: Final = re.compile(
    r"(?<![^ ])(?:(?:we are|i am|this is|(?:hacked|attacked|encrypted|locked|infected) (?:by|with))(?: the)? )?"
    r"([a-z0-9]{3,24}) (ransomware|locker|team|group|gang|crew|syndicate)(?![^ ])"
)
_NO_NAME: Final = frozenset((
    "the", "this", "that", "our", "your", "new", "best", "big", "any", "all", "some", "these", "other", "another",
    "every", "most", "such", "first", "main", "whole", "support", "technical", "professional", "hacker", "hackers",
    "hacking", "security", "cyber", "criminal", "criminals", "international", "ransom", "ransomware", "file",
    "files", "data", "decryption", "recovery", "and", "with", "from", "for", "anti", "are", "was", "has", "have",
    "been", "not", "who", "about", "against", "famous", "dangerous", "unique", "powerful", "latest", "whatever",
    "telegram", "internet", "computer", "network", "it", "working", "small", "little", "large", "expert", "experts",
    "special", "crypto", "encryption", "encrypting", "locker", "virus", "company", "companies", "work",
    "development", "red", "pentest", "penetration", "testing", "research", "law", "enforcement", "police",
    "independent", "private", "known", "unknown", "popular", "different", "serious", "same", "one", "two",
    "negotiation", "negotiating", "customer", "client", "service", "sales",
))  # fmt: skip


@dataclass(frozen=True)
class Likeness:
    """A family that something resembles, how sure that is (low, medium, high), and why."""

    family: str
    confidence: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Tables:
    """The families by what is known of them; own and called words as one word."""

    names: Mapping[str, Sequence[str]]
    extensions: Mapping[str, Sequence[str]]
    marks: Mapping[str, Sequence[str]]
    own: Mapping[str, Sequence[str]]
    called: Mapping[str, Sequence[str]]


class _Weighed:
    """What points to which family, each reason once."""

    def __init__(self) -> None:
        self.weights: defaultdict[str, float] = defaultdict(float)
        self.reasons: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def point(self, to: Sequence[str], weight: float, why: str) -> None:
        """Point to families: what points to several points to each of them less."""
        for family in to[: 4 * MOST]:
            if why not in self.reasons[family]:
                self.weights[family] += weight / len(to)
                self.reasons[family][why] = None


def likenesses(
    name: str = "", body: str = "", extensions: Sequence[str] = (), addresses: Sequence[str] = ()
) -> tuple[Likeness, ...]:
    """Return the families that fit a note's name, its words (as `reading.words` returns them), extensions, addresses.

    The likeliest comes first. A name of no known family that a note gives itself is one of low confidence.
    """
    tables, weighed = _tables(), _Weighed()
    weighed.point(tables.names.get(name.lower(), ()), _NAME_WEIGHT, "name of the note")
    for extension in dict.fromkeys(one.lower() for one in extensions[:16]):
        weighed.point(tables.extensions.get(extension, ()), _EXTENSION_WEIGHT, f"extension {extension}")
    named = reading.HUMP.sub(" ", name.rpartition(".")[0] or name).lower().split() if body else ()
    for joined, _, _ in _runs(named, ""):
        weighed.point(tables.own.get(joined) or tables.called.get(joined, ()), _CALLED_WEIGHT, FILE_NAME)
    words = body.split()[:_MOST_WORDS]
    for joined, at, length in _runs(words, ""):
        weighed.point(tables.own.get(joined, ()), _MARK_WEIGHT, WORDS)
        if joined in tables.called and _is_called(words, at, length):
            weighed.point(tables.called[joined], _MARK_WEIGHT, CALLED)
    for run, _, _ in _runs(words, " "):
        weighed.point(tables.marks.get(run, ()), _MARK_WEIGHT, WORDS)
    for address in addresses:
        for label in re.split(r"[^a-z0-9]+", address.lower()):
            weighed.point(_of_label(label), _CALLED_WEIGHT, ADDRESS)
    if not weighed.weights and (found := _SELF.search(body)) and found[1] not in _NO_NAME:
        weighed.point((found[1],), _SELF_WEIGHT, CALLED)
    weights = weighed.weights
    ordered = sorted(weights, key=lambda family: (-weights[family], family))[:MOST]
    return tuple(Likeness(one, _confidence(weights[one]), tuple(weighed.reasons[one])) for one in ordered)


def _runs(words: Sequence[str], between: str) -> Iterator[tuple[str, int, int]]:
    """Yield one to `_LONGEST` words after each other, joined, with the place of the first and their number."""
    for at in range(len(words)):
        for length in range(1, min(_LONGEST, len(words) - at) + 1):
            yield between.join(words[at : at + length]), at, length


def _is_called(words: Sequence[str], at: int, length: int) -> bool:
    """Tell whether an ordinary word stands where a note says who wrote it."""
    after = words[at + length] if at + length < len(words) else ""
    return after in _AFTER or _BEFORE.search(" ".join(words[max(0, at - 4) : at])) is not None


def _of_label(label: str) -> Sequence[str]:
    """Return the families whose name begins a part of an address: an onion name is mined to begin so."""
    tables = _tables()
    for length in range(min(len(label), 24), _SHORTEST_ADDRESS - 1, -1):
        if to := tables.own.get(label[:length]) or tables.called.get(label[:length]):
            return to
    return ()


def _confidence(weight: float) -> str:
    return "high" if weight >= 6 else "medium" if weight >= 3 else "low"


@cache
def _tables() -> _Tables:
    """Return what is known of all families, read once."""
    every = ransom_rules.families()
    spelled = {_plain(family.name): family.name for family in every}  # "hive ransomware" and "Hive" are one, as ours
    tables: dict[str, defaultdict[str, dict[str, None]]] = {name: defaultdict(dict) for name in _KNOWN}
    for family in every:
        name = spelled[_plain(family.name)]
        for field, table in tables.items():
            for one in getattr(family, field):
                table[one.replace(" ", "") if field in ("own", "called") else one][name] = None
    return _Tables(**{field: {key: tuple(to) for key, to in table.items()} for field, table in tables.items()})


def _plain(name: str) -> str:
    return _PLAIN.sub("", name.lower()) or name
