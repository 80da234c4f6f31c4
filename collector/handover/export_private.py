"""What names the practice in its bundles: machines, domains, users, the case, persons; for `misp` and `iris`.

Names are compared without case, width and accents. What is long enough counts wherever it stands, also inside a word;
users, parts of persons' names and what is short count as whole words, whatever stands between the words of a name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from collector import answers, schema
from collector.text import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from collector.handover.export_evidence import Evidence
    from collector.manifest import Record
    from collector.model import Json, Row

OWN = ("local", "localdomain", "lan", "home", "internal", "intranet", "corp", "arpa", "localhost")
"""Last parts of names that only a network of one's own knows."""
_USERS = {"processes": "username", "sessions": "user"}
"""Tables that name users, and their column."""
_PERSONS = ("operator", "witness")
_NAMED = ("practice", "responsible")
"""Answers that are a name."""
_PROVIDERS = frozenset({
    "gmail", "outlook", "hotmail", "live", "yahoo", "icloud", "proton", "protonmail", "orange", "wanadoo", "free",
    "laposte",
})  # fmt: skip
"""Where everybody has an address."""
_NOBODY = frozenset({
    *OWN, *_PROVIDERS, "root", "system", "systeme", "user", "users", "utilisateur", "backup", "service", "recovery",
    "admin", "administrator", "administrateur", "guest", "support", "contact", "info", "help", "mail", "email", "news",
    "proxy", "nobody", "daemon", "server", "serveur", "desktop", "workgroup", "builtin", "domain", "domaine", "office",
    "cabinet", "medical", "centre", "maison", "sante", "docteur", "madame", "monsieur", "microsoftaccount", "azuread",
})  # fmt: skip
"""Words that name no person and no practice: they stand in many an attacker's name."""
_MOST = 8000
"""Names that are kept."""
_MOST_INSIDE = 500
"""Those that are sought inside words, too."""
_LONG = 4
"""Characters from which on a name counts inside a word, and a part of a name by itself."""
_MAX_NAME = 500
_MAX_WORDS = 8
_WORD = re.compile(r"[^\W_]+")


class Private:
    """The names of all bundles of an export."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._parts: set[str] = set()
        self._words: dict[str, set[tuple[str, ...]]] = {}
        """Names as words, by their first one."""
        self._kept = 0
        for one in evidence:
            host = one.opening.get("host")
            for text in _texts(host.get("hostname") if isinstance(host, dict) else None):
                self._machine(text)
            for text in _texts(one.opening.get("case")):
                self._name(text)
            for text in _texts(*(one.opening.get(name) for name in _PERSONS)):
                self._person(text)
        for one in evidence:  # these may be thousands, and the names above come first
            one.records(self._answers)
            one.custody(self._answers)
            for stored in one.tables():
                column = _USERS.get(stored.kind)
                if column is not None:
                    one.rows(stored, lambda row, column=column: self._user(row, column))  # type: ignore[misc]

    def names(self, text: str) -> bool:
        """Tell whether a text holds one of them."""
        text = _folded(text)
        if any(part in text for part in self._parts):
            return True
        words = tuple(_WORD.findall(text))
        return any(
            words[at : at + len(name)] == name for at, first in enumerate(words) for name in self._words.get(first, ())
        )

    def _name(self, text: str, *, inside: bool = True) -> None:
        """Keep a name; with `inside` it counts inside a word, too, if it is long enough."""
        text = _folded(text[:_MAX_NAME]).strip()
        words = tuple(_WORD.findall(text))
        if not words or text in _NOBODY:
            return
        if inside and len(text) >= _LONG and len(self._parts) < _MOST_INSIDE:
            self._parts.add(text)
        if len(words) <= _MAX_WORDS and words not in self._words.get(words[0], ()) and self._kept < _MOST:
            self._kept += 1
            self._words.setdefault(words[0], set()).add(words)

    def _person(self, text: str) -> None:
        self._name(text)
        for part in re.split(r"[.\s]+", text[:_MAX_NAME]):
            if len(part) >= _LONG:
                self._name(part, inside=False)

    def _machine(self, text: str) -> None:
        """Keep the name of a machine, and its own part of it, which stands before the names of its network."""
        first, dot, _ = text.partition(".")
        if dot and not first.isdecimal():
            self._name(first)
        self._network(text)

    def _network(self, text: str) -> None:
        """Keep the name of a network and its parts; the last one and short ones are everybody's."""
        first, *more = text[:_MAX_NAME].split(".")
        if _folded(first) in _PROVIDERS:
            return
        self._name(text)
        for part in [first, *more][:-1]:
            if len(part) >= _LONG:
                self._name(part)

    def _user(self, row: Row, column: str) -> None:
        for text in _texts(row.get(column)):
            network, _, user = text[:_MAX_NAME].rpartition("\\")
            user, _, site = user.partition("@")
            for name in filter(None, (network, site)):
                self._network(name)
            self._name(user, inside=False)
            if " " not in network:  # NT AUTHORITY has users of two words, and none is a person
                for part in re.split(r"[.\s]+", user):
                    if len(part) >= _LONG:
                        self._name(part, inside=False)

    def _answers(self, record: Record) -> None:
        data = record.get("data")
        if record["type"] != "observation" or record.get("what") != answers.WHAT or not isinstance(data, dict):
            return
        given = data.get("given")
        if isinstance(given, dict):
            for text in _texts(*(given.get(name) for name in _NAMED)):
                self._person(text)
            for text in _texts(given.get("email")):
                self._user({"email": text}, "email")


def _folded(text: str) -> str:
    """Return a text without case, width and accents."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", "".join(char for char in text if not unicodedata.combining(char)))


def _texts(*values: Json) -> Iterator[str]:
    for value in values:
        if schema.is_text(value):
            yield readable(value)  # type: ignore[arg-type]  # is_text has looked
