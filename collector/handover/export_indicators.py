"""What in the bundles tells of the attacker, and nothing of the practice: for `misp` and `iris`.

Notes that were judged with some confidence: what they name (addresses, wallets), the SHA-256 of those copied whole,
and their file names. Running programs that deserve a closer look: the SHA-256 of their files. Endings of encrypted
files; families. Never a path, a name of a machine or of a user. A note's name only where it can't be that of a file
with a word added, and so a patient's: it stands in two folders at least, there are five such names at most, and no
ending of a document is inside. A victim's own number with the attacker is left out, too, and so is what follows the
name of a site in an address: it may open the negotiation, or the stolen data. Attackers put the names of machine, user
and practice into those of their notes, endings and addresses: such a one is left out (`export_private` knows the
names), as are addresses of a network of the practice's own.

Memory is bounded whatever the tables hold: of paths and of what is too long to be told a sum alone is kept.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import schema
from collector.handover.export_private import OWN, Private
from collector.text import to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from collector.handover.export_evidence import Evidence
    from collector.model import Json, Row

MOST = 2000
"""Indicators of one export: a note names 32 of a kind at most, and a host has a few notes."""
MAX_VALUE = 500
"""Characters of a value; one that is longer is none."""
_MOST_RUNNING = 20_000
"""Hashes of running programs of one bundle: a machine runs some hundreds. A suspect without one then is left out."""
_SURE = ("medium", "high")
_MOST_NAMES = 5
"""Different names of notes: an attacker has one to three; more are called after the files that they lie beside."""
_AFTER_A_FILE = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|rtf|txt|csv|jpe?g|png|tiff?|dcm|eml|msg|pst|zip|7z|mdb|accdb|bak)[^a-z0-9]",
    re.IGNORECASE,
)
_CONTACTS = (
    "onion", "url", "email", "tox", "session", "telegram", "bitcoin", "litecoin", "dogecoin", "dash", "zcash", "tron",
    "ethereum", "monero",
)  # fmt: skip
"""What a note names and others may know. Not: the victim's number, the term, the amount."""
_NAMING = ("url", "email", "telegram")
"""Kinds whose values somebody chose, and may have named after the practice."""
_PUBLIC = ("torproject.org",)
"""Sites that notes send everybody to: no sign of an attacker."""
_AUTHORITY = re.compile(r"[/\\]{2}([^/\\?#\s]+)")
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ONION = re.compile(r"(?:[a-z2-7]{56}|[a-z2-7]{16})\.onion", re.ASCII)
_SITE = re.compile(
    r"(?:https?|hxxps?|s?ftps?)(?::|\[:\])[/\\]{1,2}(?:[^/\\?#@\s]*+@)?([A-Za-z0-9.\[\]-]{1,253}+)"
    r"(?=(?::[0-9]{0,5}+)?(?:[/\\?#,;|]|\Z))",
    re.IGNORECASE,
)
"""The name of a site, whole: a name of other letters (`fr\u00e9mail.com`) is not the site of its beginning (`fr`)."""
_MESSENGERS = ("t.me", "telegram.me", "telegram.dog", "telegram.dev")
_TELEGRAM = re.compile(
    r"(?:@|(?:https?://)?(?:t\.me|telegram\.(?:me|dog|dev))/)"
    r"((?!joinchat\b)[A-Za-z0-9_]{3,64}|(?:\+|joinchat/)[A-Za-z0-9_-]{3,64})(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
"""A name or an invitation, whole."""
_ENDING = re.compile(r"\.[^/\\\s]{1,60}")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that points to the attacker; `kind` is one of the kinds of contacts, or as below."""

    kind: str
    """Also ip, note-name, note-sha256, program-sha256, ending, family."""
    value: str
    said: str
    """Where it comes from and how sure that is, in words of ours."""
    sure: bool
    """Whether it may be searched for by machines: a checksum holds, or it is a hash of a note."""


def indicators(evidence: Sequence[Evidence]) -> list[Indicator]:
    """Return what all bundles tell, each thing once.

    Counted where it was told first, as written or, where it is too long, too many or tells of a patient, as left out.
    """
    found = _Found(evidence[0], Private(evidence))
    for one in evidence:
        found.of = one
        running = _Running()
        _read(one, "executables", running.take)
        _read(one, "ransom", found.trace)
        _read(one, "suspects", lambda row, running=running: found.suspect(row, running))  # type: ignore[misc]
    return found.told()


def _read(one: Evidence, kind: str, take: Callable[[Row], None]) -> None:
    for stored in one.tables():
        if stored.kind == kind:
            one.rows(stored, take)


class _Running:
    """The hashes of one bundle's running programs, found by the path of their file."""

    def __init__(self) -> None:
        self._digests: dict[bytes, set[str]] = {}
        self._kept = 0
        self.full = False
        """There were more than are kept."""

    def take(self, row: Row) -> None:
        """Take a row of the table `executables`."""
        digest, path = row.get("sha256"), row.get("path")
        if not schema.is_text(path) or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            return
        if self._kept < _MOST_RUNNING:
            known = self._digests.setdefault(_key(path), set())
            self._kept += digest not in known
            known.add(digest)
        else:
            self.full = True

    def of(self, path: Json) -> list[str]:
        """Return what is known of a file, in a fixed order."""
        return sorted(self._digests.get(_key(path), ())) if schema.is_text(path) else []


@dataclass(slots=True)
class _Named:
    """A name that notes bear."""

    name: str
    """Empty where it is too long to be told."""
    first: Evidence
    """The bundle that told it first."""
    folder: bytes
    """Sum of the folder in which it stands."""
    several: bool = False
    """Whether it stands in another one, too."""


class _Found:
    """What was found so far, in the order of its place."""

    def __init__(self, of: Evidence, private: Private) -> None:
        self.of = of
        """The bundle that is read now."""
        self._private = private
        self._kept: dict[tuple[str, str], Indicator] = {}
        self._names: dict[bytes, _Named] = {}
        """Names of notes by their sum."""

    def trace(self, row: Row) -> None:
        """Take a row of the table `ransom`."""
        what, sure = row.get("what"), row.get("confidence")
        if sure not in _SURE or what not in ("note", "encrypted", "family"):
            return
        said = f"confidence {sure}"
        if what == "note":
            self._note(row, said)
        elif what == "encrypted":
            ending = row.get("extension")
            if isinstance(ending, str) and _ENDING.fullmatch(ending) and not self._is_private(ending):
                self._add("ending", "*" + ending, f"ending of the encrypted files, {said}")
        elif isinstance(row.get("family"), str):
            self._add("family", str(row["family"]), f"family that notes and endings resemble, {said}")

    def suspect(self, row: Row, running: _Running) -> None:
        """Take a row of the table `suspects`; `running` has the hashes of the same bundle's programs."""
        sure, path = row.get("confidence"), row.get("exe")
        if sure not in _SURE or row.get("ours") is not None or row.get("script") is not None:
            return
        digests = running.of(path)
        self.of.tally.left_out += running.full and not digests
        for digest in digests:
            said = f"file of a running program that deserves a closer look, confidence {sure}; it may be an honest one"
            self._add("program-sha256", digest, said)

    def told(self) -> list[Indicator]:
        """Return all, names of notes last."""
        few = len(self._names) <= _MOST_NAMES
        for one in self._names.values():
            self.of, name = one.first, one.name
            if few and one.several and _AFTER_A_FILE.search(name) is None and not self._private.names(name):
                self._add("note-name", name, "name of ransom notes, in more than one folder", sure=False)
            else:
                self.of.tally.left_out += 1
        return list(self._kept.values())

    def _note(self, row: Row, said: str) -> None:
        digest = row.get("sha256")
        if row.get("copied") == "whole" and isinstance(digest, str) and _SHA256.fullmatch(digest):
            self._add("note-sha256", digest, f"ransom note, {said}", sure=True)
        contacts = row.get("contacts")
        contacts = contacts if isinstance(contacts, list) else []
        named = "\n".join(_authorities(one) for one in contacts)
        for one in contacts:
            kind, value = (one.get("kind"), one.get("value")) if isinstance(one, dict) else (None, None)
            if kind not in _CONTACTS or not isinstance(value, str) or len(value) > MAX_VALUE:
                self.of.tally.left_out += kind in _CONTACTS
                continue
            if kind == "email" and value.casefold() in named:  # a password and a site, and nobody's address
                self.of.tally.left_out += 1
                continue
            checked = isinstance(one, dict) and one.get("checked") is True
            holds = ", its checksum holds" if checked else ""
            self._contact(str(kind), value, f"{kind} that a ransom note names, {said}{holds}", sure=checked)
        self._name(row.get("path"))

    def _contact(self, kind: str, value: str, said: str, *, sure: bool) -> None:
        if kind == "onion":
            match = _ONION.search(value)
            value = match[0] if match else ""
        elif kind == "url":
            match = _SITE.match(value)
            value = match[1].replace("[", "").replace("]", "").strip(".").lower() if match else ""
            if any(value == site or value.endswith("." + site) for site in _PUBLIC):
                return
            kind, value, sure = *_site("" if value in _MESSENGERS else value), False
        elif kind == "telegram":
            match = _TELEGRAM.fullmatch(value)
            value = f"t.me/{match[1]}" if match else ""
        if kind not in _NAMING or not self._is_private(value.removeprefix("t.me/")):
            self._add(kind, value, said, sure=sure)

    def _name(self, path: Json) -> None:
        if not schema.is_text(path):
            return
        try:
            raw = to_bytes(path)  # type: ignore[arg-type]  # is_text has looked
            windows = raw[1:3] == b":\\" or raw.startswith(b"\\\\")
            folder, _, name = raw.rpartition(b"\\" if windows else b"/")
            text = name.decode("utf-8")
        except UnicodeError:
            self.of.tally.left_out += 1
            return
        key, stands = _sum(name), _sum(self.of.sid.encode() + folder)
        if len(self._names) < MOST or key in self._names:
            known = self._names.setdefault(key, _Named(text if len(text) <= MAX_VALUE else "", self.of, stands))
            known.several |= known.folder != stands
        else:
            self.of.tally.left_out += 1

    def _is_private(self, text: str) -> bool:
        """Tell whether a text names the practice, and count it as left out if so."""
        found = self._private.names(text)
        self.of.tally.left_out += found
        return found

    def _add(self, kind: str, value: str, said: str, *, sure: bool = False) -> None:
        if (kind, value) in self._kept:
            return
        if not value or len(value) > MAX_VALUE or not value.isprintable() or len(self._kept) >= MOST:
            self.of.tally.left_out += 1
            return
        self.of.tally.written += 1
        self._kept[kind, value] = Indicator(kind, value, said, sure)


def _authorities(contact: Json) -> str:
    """Return what stands between `//` and the path in an address that a note names, in small letters."""
    value = contact.get("value") if isinstance(contact, dict) else None
    return "\n".join(_AUTHORITY.findall(value.casefold())) if isinstance(value, str) else ""


def _site(name: str) -> tuple[str, str]:
    """Return the kind and the value of a site; no value where only the practice's own network knows that name."""
    try:
        return "ip", name if ipaddress.ip_address(name).is_global else ""
    except ValueError:
        top = name.rpartition(".")[2]
        return "url", "" if "." not in name or top in OWN or not top.strip("0123456789") else name


def _key(path: Json) -> bytes:
    """Return what stands for a path."""
    text = path["hex"] if isinstance(path, dict) and "hex" in path else path
    return _sum(str(text).encode("utf-8", "surrogatepass"))


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
