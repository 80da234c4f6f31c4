"""Whether a short text around an address speaks of what ransom notes speak of: word by word, whatever the sentences.

The rules for notes know sentences, and a new family writes its own. An address that hardly anybody but criminals gives
(an onion name, Tox, Session, a messenger's handle, a mailbox without a name) is rare on ordinary computers; where the
few words around it say that things were locked or taken, what it costs, until when and what else happens, no sentence
has to be known. The words are ordinary: without an address they tell nothing, and in a long text next to nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from collector import ransom_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collector.ransom.contacts import Contact

AROUND: Final = 150
"""Words before and after an address that are heard."""

MOST: Final = 8
"""Addresses of one text around which is listened."""

_HARD: Final = frozenset({"xonionx", "xtoxx", "xsessionx"})
_SOFT: Final = frozenset({"xemailx", "xtelegramx"})
_WALLET: Final = "xwalletx"
_TELLING: Final = frozenset({
    "locked", "taken", "money", "price", "deadline", "threat", "recover", "token", "warned",
})  # fmt: skip
"""What a note tells; whose and which things are in every letter."""

_NOT_IN_MANUALS: Final = frozenset({"money", "price", "taken"})
"""Of which a manual has nothing to say, though it speaks of keys, of what is encrypted and of what is lost."""

REASONS: Final = {
    "locked": "near an address: that something is encrypted or locked",
    "taken": "near an address: that something was taken or broken into",
    "money": "near an address: a ransom, or money that leaves no name",
    "price": "near an address: what it costs",
    "deadline": "near an address: until when",
    "threat": "near an address: what is published, sold or lost",
    "recover": "near an address: how to get things back, or a key",
    "token": "near an address: a number, code or login",
    "reach": "near an address: how to make contact",
    "warned": "near an address: the police, or what not to do",
    "yours": "near an address: whoever reads it is spoken to",
    "things": "near an address: files, data or machines",
}
"""What each concept means, where a text is a note by the words around an address."""

_EAST_ASIAN: Final = "\u2e80"
_NUMBER: Final = re.compile(r"[0-9a-f]{8,64}|[0-9a-z]{16,64}")
"""A victim's number, as most are: hexadecimal, or long; neither all digits nor all letters."""


@dataclass(frozen=True)
class _Needed:
    """What a text of up to so many words needs: so many telling concepts, and one of each of these."""

    words: int
    telling: int
    each: tuple[frozenset[str], ...]


def _one_of(*concepts: str) -> frozenset[str]:
    return frozenset(concepts)


_DONE: Final = _one_of("locked", "taken")
_YOURS_OR_THINGS: Final = _one_of("yours", "things")
_WHAT_FOR: Final = _one_of("money", "price", "threat")
_NEEDED: Final[Mapping[str, tuple[_Needed, ...]]] = {
    "hard": (
        _Needed(30, 1, (_one_of("locked", "taken", "threat", "money", "price", "deadline", "token"),)),
        _Needed(60, 1, (_YOURS_OR_THINGS, _one_of("locked", "taken", "threat", "money", "deadline", "token"))),
        _Needed(60, 2, (_one_of("locked", "taken", "threat"), _one_of("money", "price", "deadline", "token"))),
        _Needed(250, 3, (_one_of("locked", "taken", "threat", "money", "price"), _YOURS_OR_THINGS)),
        _Needed(250, 4, (_DONE, _WHAT_FOR | {"deadline"})),
        _Needed(800, 5, (_DONE, _WHAT_FOR, _one_of("yours"))),
    ),
    "private": (
        _Needed(25, 1, (_one_of("locked"), _one_of("things"))),
        _Needed(25, 2, (_one_of("money"), _one_of("deadline", "price", "token"))),
        _Needed(80, 3, (_one_of("locked", "taken", "threat", "money"), _WHAT_FOR | {"deadline"})),
        _Needed(250, 5, (_one_of("locked", "taken", "recover"), _WHAT_FOR, _YOURS_OR_THINGS)),
        _Needed(800, 7, (_DONE, _one_of("money"), _one_of("threat"), _one_of("yours"))),
    ),
    "wallet": (
        _Needed(40, 3, (_one_of("money"), _DONE | {"recover"}, _one_of("yours"))),
        _Needed(60, 4, (_DONE, _one_of("yours"))),
        _Needed(250, 5, (_DONE, _one_of("recover"), _one_of("yours"))),
    ),
    "plain": (
        _Needed(60, 4, (_DONE, _one_of("money"), _YOURS_OR_THINGS)),
        _Needed(250, 6, (_DONE, _one_of("money"), _one_of("yours"), _one_of("recover"))),
    ),
}


def tells(body: str, contacts: Sequence[Contact], *, about: bool, manual: bool) -> tuple[str, ...]:
    """Return the concepts (of `REASONS`) that make a text a note, ascending; none where they do not.

    `body` is as `reading.words` returns it, with a word in place of each contact; `about` tells that rules saw a text
    about ransomware, a manual or an invoice in it; `manual` that the file is called as programmers call theirs, where
    keys are lost and profiles encrypted every day: such a one must speak of what it costs or of what was taken.
    """
    if not contacts:
        return ()
    words = body.split()
    most = max(needed.words for needed in _NEEDED["hard"])
    if len(words) > most:
        return ()
    handle = any(one.kind == "telegram" for one in contacts)
    hidden = handle or any(is_private(one) for one in contacts)
    places = [at for at, word in enumerate(words) if word in _HARD or word in _SOFT or word == _WALLET]
    if handle and not places:  # of a handle without a link no word of its own stands in the text
        places = [len(words) // 2]
    for at in places[:MOST]:
        soft = "private" if hidden else "wallet" if words[at] == _WALLET else "plain"
        kind = "hard" if words[at] in _HARD else soft
        heard = _heard(words[max(0, at - AROUND) : at + AROUND])
        if manual and not heard & _NOT_IN_MANUALS:
            continue
        if _suffices(heard, len(words), kind, about=about):
            return tuple(sorted(heard))
    return ()


def speaks_of_money(body: str) -> bool:
    """Tell whether the words name a ransom, or money that leaves no name."""
    return "money" in _heard(body.split())


def _suffices(heard: set[str], length: int, kind: str, *, about: bool) -> bool:
    if about and kind == "plain":
        return False
    more = 0 if not about else 1 if kind == "hard" else 3
    return any(
        len(heard & _TELLING) >= needed.telling + more and all(heard & one for one in needed.each)
        for needed in _NEEDED[kind]
        if length <= needed.words
    )


def is_private(contact: Contact) -> bool:
    """Tell whether it is a mailbox that is had without a name."""
    return contact.kind == "email" and contact.value.lower().rpartition("@")[2] in ransom_rules.concepts().mailboxes


def _heard(words: Sequence[str]) -> set[str]:
    """Return the concepts of which at least one word stands there."""
    table, lengths, signs = _table()
    heard: set[str] = set()
    for word in set(words):
        if _NUMBER.fullmatch(word) and not word.isdigit() and not word.isalpha():
            heard.add("token")
        if word[0] >= _EAST_ASIAN:
            heard.update(concept for sign, concept in signs if sign in word)
            continue
        heard.update(table.get(f"{word}.", ()))
        for length in lengths:
            if length > len(word):
                break
            heard.update(table.get(word[:length], ()))
    return heard


@cache
def _table() -> tuple[Mapping[str, Sequence[str]], Sequence[int], Sequence[tuple[str, str]]]:
    """Return the concepts by beginning of a word, the lengths of these, and signs of writing without spaces."""
    table: dict[str, list[str]] = {}
    signs = []
    for concept, entries in ransom_rules.concepts().words.items():
        for entry in entries:
            if entry[0] >= _EAST_ASIAN:
                signs.append((entry, concept))
            else:
                table.setdefault(entry, []).append(concept)
    return table, sorted({len(entry) for entry in table if not entry.endswith(".")}), signs
