"""What a note names: the ways to reach its authors, wallets, the victim's number, a deadline, an amount.

Where a standard has a checksum it is verified, so that a random word is no wallet. Every pattern reads its input once;
at most `MOST_EACH` of a kind are kept.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from collector.ransom import keccak

MOST_EACH: Final = 32
"""Contacts kept of one kind: notes name a handful, and a list of thousands is no note."""

MOST_CHECKED: Final = 128
"""Checksums computed for one file: each costs a fraction of a millisecond, and a file may be full of addresses."""


@dataclass(frozen=True)
class Contact:
    """One thing that a note names.

    `kind` is one of KINDS; `value` stands as it was written; `checked` tells that a checksum holds.
    """

    kind: str
    value: str
    checked: bool = False


KINDS: Final = (
    "onion", "url", "email", "tox", "session", "telegram", "bitcoin", "litecoin", "dogecoin", "dash", "zcash", "tron",
    "ethereum", "monero", "victim_id", "deadline", "amount",
)  # fmt: skip
_WALLETS: Final = frozenset(KINDS[6:14])

_FOUND: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"  # asked once, before all others: most places are inside a word
    r"(?P<onion>(?:[a-z2-7]{56}|[a-z2-7]{16})\.onion\b(?:/[^\s\"'<>]{0,300}+)?)"
    r"|(?P<email>(?<![._%+-])[A-Za-z0-9._%+-]{1,64}+(?:@|\s?[\[({](?:at|@)[\])}]\s?)"
    r"[A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+){1,4}+)"
    r"|(?P<telegram>(?:t\.me|telegram\.me|telegram\.dog)/(?:joinchat/)?[\w+-]{3,64}+)"
    r"|(?P<url>(?i:https?|hxxps?|s?ftps?)(?::|\[:\])[/\\]{1,2}(?:[^\s\"'<>()]{1,400}+))"
    r"|(?P<hex>(?:0x[0-9a-fA-F]{40}|05[0-9a-fA-F]{64}|[0-9a-fA-F]{76})(?![A-Za-z0-9]))"
    r"|(?P<segwit>(?:bc1|ltc1|BC1|LTC1)[A-Za-z0-9]{11,87}+)"
    r"|(?P<base58>[1-9A-HJ-NP-Za-km-z]{26,106}+(?![A-Za-z0-9]))"
    r")"
)
_KEY: Final = re.compile(
    r"^(?:[A-Za-z0-9+/=]{48,512}+[ \t]{0,8}\r?\n){3,}+(?:[A-Za-z0-9+/=]{1,512}+[ \t]{0,8}\r?$)?", re.MULTILINE
)
"""A key or number of several lines in Base64; the last line may be shorter."""
_SUMMED: Final = frozenset({"onion", "hex", "segwit", "base58"})
"""What a checksum is computed for."""

_LOGIN: Final = re.compile(
    r"[^:]*+:\]?[/\\]{1,2}+[^/\\?#:@]*+(?::(?![0-9]{1,5}+(?:[/\\?#]|\Z))|@[^/\\?#]*+[/\\?#].)"
)
"""An address on the web with `user:password@`, or with a user before a site and what follows it: no e-mail's."""

_AT: Final = re.compile(r"\s?[\[({](?:at|@)[\])}]\s?")
_LONG_WORD: Final = 40
"""Characters from which on a word without a meaning is a key or a number."""

_HANDLE: Final = re.compile(r"@(?<![A-Za-z0-9._%+-]@)[A-Za-z0-9_]{4,32}+(?!-?[A-Za-z0-9_])")
_MESSENGER: Final = re.compile(r"(?:telegram|jabber|icq|wire|signal)[^\n]{0,30}+\Z", re.IGNORECASE)
_BEFORE: Final = 38
"""Characters before a handle in which the name of its messenger is sought: the longest name, and 30."""

_NUMBER_WORD: Final = (
    r"one|two|three|four|five|six|seven|ten|twelve|deux|trois|quatre|cinq|sept|dix|zwei|drei|vier|sieben|dos|tres"
    r"|siete|due|tre|sette"
)
_DEADLINE: Final = re.compile(
    rf"(?<![\w.])(?:[0-9]{{1,3}}|{_NUMBER_WORD})(?:\s?[(-]\s?[0-9a-z]{{1,6}}\)?)?\s{{0,2}}+"
    r"(?:hours?|hrs?|h|days?|weeks?|heures?|jours?|stunden|tagen?|horas?|d[ií]as?|dias?|ore|giorni|uur|uren|dagen"
    r"|час(?:ов|а)?|дн(?:ей|я)|день|суток|小时|小時|天|giờ|ngày|시간|일|時間|日|saat|gün|godzin|dni)(?![\w])",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(
    r"(?<![\w.])(?:(?:US)?[$€£¥]\s?[0-9][0-9.,\u00a0 ]{0,15}+(?:k|million|mln|m)?\b"
    r"|[0-9][0-9.,\u00a0 ]{0,15}+\s?(?:btc|bitcoins?|xmr|monero|eth(?:ereum)?|usd|usdt|eur|euros?|dollars?|d[óo]lares"
    r"|[$€£]|биткоин\w{0,3}|比特币)(?![\w]))",
    re.IGNORECASE,
)
_VICTIM: Final = re.compile(
    r"\b(?:(?:your|personal|unique|decrypt(?:ion|or)?|client|victim|company|machine|pc|user|chat|ticket|key|votre|ihre|su|"
    r"il tuo|seu|uw|ваш)\s{1,2}+){1,3}(?:id(?:entifi\w{1,8}+)?|key|code|identifier|id[\s-]key|token|chave|clave|clé|"
    r"schlüssel|ключ|идентификатор)\b[^\w\n]{0,12}(?:is\b[^\w\n]{0,4})?\s{0,6}([A-Za-z0-9+/=_{}-]{6,200}+)",
    re.IGNORECASE,
)
_BASE58_SIGNS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58: Final = {char: number for number, char in enumerate(_BASE58_SIGNS)}
_VERSIONS: Final = {
    0x00: "bitcoin", 0x05: "bitcoin", 0x30: "litecoin", 0x32: "litecoin", 0x1E: "dogecoin", 0x16: "dogecoin",
    0x4C: "dash", 0x10: "dash", 0x41: "tron", 0x1CB8: "zcash", 0x1CBD: "zcash",
}  # fmt: skip
"""Currency by the version that stands before the hash of an address."""

_BECH32: Final = {char: number for number, char in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_SUMS: Final = {1, 0x2BC830A3}
"""What the polynomial yields for bech32 (BIP 173) and bech32m (BIP 350)."""
_SESSION_LENGTH: Final = 66
"""Session: 05 and a key of 32 bytes, in hexadecimal."""

_MONERO_LENGTHS: Final = {95, 106}
_MONERO_BLOCKS: Final = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}
_MONERO_PREFIXES: Final = {18, 19, 42}


class Found:
    """What has been found in one note, each once, in order of its place."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Contact] = {}
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, value: str, *, checked: bool = False) -> None:
        """Keep one, unless it is known or there are MOST_EACH of its kind."""
        if (kind, value) not in self._kept and self._counts[kind] < MOST_EACH:
            self._counts[kind] += 1
            self._kept[kind, value] = Contact(kind, value, checked)

    def all(self) -> tuple[Contact, ...]:
        """Return the contacts in the order of KINDS, within one kind in that of the note."""
        return tuple(sorted(self._kept.values(), key=lambda contact: KINDS.index(contact.kind)))


def marked(text: str) -> tuple[str, Found]:
    """Return a normal text with a word such as ` xemailx ` in place of each contact, and the contacts.

    So a rule can say "write to xemailx" and need not know what an address looks like. A key of several lines is one
    word, too: what is said around it is as short as it looks.
    """
    marker = _Marker()
    out = _FOUND.sub(marker.word, _KEY.sub(" xblobx ", text))
    for match in _HANDLE.finditer(text):
        if _MESSENGER.search(text, max(0, match.start() - _BEFORE), match.start()):
            marker.found.add("telegram", match[0])
    return out, marker.found


class _Marker:
    """Says of each thing that looks like a contact which word takes its place, and keeps it where it is one."""

    def __init__(self) -> None:
        self.found = Found()
        self._left = MOST_CHECKED

    def word(self, match: re.Match[str]) -> str:
        """Return the word for one match of _FOUND."""
        kind, value, checked = str(match.lastgroup), match[0], False
        if kind == "url" and (hidden := _hidden(value)):
            kind, value = str(hidden.lastgroup), hidden[0]
        if kind in _SUMMED:
            self._left -= 1
            if self._left < 0:
                return " xblobx "
            kind, checked = (kind, is_onion(value)) if kind == "onion" else _wallet(kind, value)
        if not kind:
            return value if len(value) < _LONG_WORD else " xblobx "
        if kind == "email":
            value = _AT.sub("@", value)
        self.found.add(kind, value.rstrip(".,;:!?|)]}*\\"), checked=checked)
        if kind == "url" and "torproject.org" in value:
            return " torproject org "
        return " xwalletx " if kind in _WALLETS else f" x{kind}x "


def _hidden(url: str) -> re.Match[str] | None:
    """Return what an address on the web leads to where that is a contact of a kind of its own."""
    found = _FOUND.search(url, url.find(":") + 1)
    if found is not None and found.lastgroup == "email" and _LOGIN.match(url):
        found = _FOUND.search(url, url.rfind("@") + 1 or len(url))
    return found if found is not None and found.lastgroup in KINDS[:6] else None


def complete(text: str, found: Found) -> tuple[Contact, ...]:
    """Return all contacts of a text judged to be a note: also what only means something in one."""
    for kind, pattern, group in (("victim_id", _VICTIM, 1), ("deadline", _DEADLINE, 0), ("amount", _AMOUNT, 0)):
        for match in pattern.finditer(text):
            value = " ".join(match[group].split()).rstrip(".,")
            if kind != "victim_id" or not value.isalpha():
                found.add(kind, value)
    return found.all()


def is_onion(value: str) -> bool:
    """Tell whether an onion name of version 3 has its own checksum (Tor's rend-spec-v3, section 6)."""
    name = value.split(".onion", 1)[0].rsplit(".", 1)[-1].rsplit("/", 1)[-1]
    if len(name) != 56:
        return False
    number = 0
    for char in name:
        number = number << 5 | "abcdefghijklmnopqrstuvwxyz234567".index(char)
    raw = number.to_bytes(35, "big")
    return raw[34] == 3 and raw[32:34] == hashlib.sha3_256(b".onion checksum" + raw[:32] + b"\x03").digest()[:2]


def _wallet(kind: str, value: str) -> tuple[str, bool]:
    """Return what a long word is, and whether its checksum holds; an empty kind for a word that is nothing known."""
    if kind == "segwit":
        name = "bitcoin" if value.lower().startswith("bc1") else "litecoin"
        return (name, True) if _is_bech32(value) else ("", False)
    if kind == "base58":
        if len(value) in _MONERO_LENGTHS:
            return ("monero", True) if _is_monero(value) else ("", False)
        name = _base58check(value)
        return name, bool(name)
    if value[:2] == "0x":
        return _ethereum(value)
    if len(value) == _SESSION_LENGTH:
        return "session", False
    raw = bytes.fromhex(value)
    return "tox", not any(_xor(raw[0::2])) and not any(_xor(raw[1::2]))


def _base58check(value: str) -> str:
    """Return the currency of an address in Base58Check; empty where its checksum does not hold."""
    if len(value) > 36:
        return ""
    number = 0
    for char in value:
        number = number * 58 + _BASE58[char]
    raw = b"\0" * (len(value) - len(value.lstrip("1"))) + number.to_bytes(28, "big").lstrip(b"\0")
    version = int.from_bytes(raw[:-24], "big") if len(raw) in {25, 26} else -1
    right = hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]
    return _VERSIONS.get(version, "") if right else ""


def _xor(raw: bytes) -> bytes:
    total = 0
    for byte in raw:
        total ^= byte
    return bytes([total])


def _is_bech32(value: str) -> bool:
    """Tell whether a word has the checksum of BIP 173 or BIP 350; one that mixes cases has none."""
    if value not in {value.lower(), value.upper()}:
        return False
    human, _, data = value.lower().rpartition("1")
    if not human or any(char not in _BECH32 for char in data):
        return False
    check = 1
    numbers = [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human] + [_BECH32[c] for c in data]
    for number in numbers:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ number
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                check ^= generator
    return check in _BECH32_SUMS


def _ethereum(value: str) -> tuple[str, bool]:
    """Return an Ethereum address and whether its capitals are its checksum (EIP-55); small letters carry none."""
    digits = value[2:]
    if digits in {digits.lower(), digits.upper()}:
        return "ethereum", False
    digest = keccak.keccak_256(digits.lower().encode()).hex()
    right = all(not c.isalpha() or c.isupper() == (int(d, 16) >= 8) for c, d in zip(digits, digest, strict=False))
    return ("ethereum", True) if right else ("", False)


def _is_monero(value: str) -> bool:
    """Tell whether a word is a Monero address: base58 by blocks, and the first bytes of Keccak-256 at its end."""
    raw = b""
    for at in range(0, len(value), 11):
        block = value[at : at + 11]
        number = 0
        for char in block:
            number = number * 58 + _BASE58[char]
        size = _MONERO_BLOCKS.get(len(block), 0)
        if not size or number >> 8 * size:
            return False
        raw += number.to_bytes(size, "big")
    return raw[0] in _MONERO_PREFIXES and keccak.keccak_256(raw[:-4])[:4] == raw[-4:]
