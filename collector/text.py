"""Names and texts that come from the host: how they are stored and how they are shown.

They are attacker-chosen. Stored, they keep every byte; shown, they move no cursor,
change no colour and turn no reading direction (docs/SPEC.md, section 3.4).
"""

from __future__ import annotations

import codecs
import unicodedata
from typing import TypeAlias

Text: TypeAlias = str | dict[str, str]
"""Valid Unicode as itself; anything else as `{"text": readable, "hex": the raw bytes}`."""

PLAIN = "collector.plain"
"""How text is written where an old code page lacks a letter (`errors=` of an encoding): something like it, or its
number as `escaped` gives it."""
_LIKE = str.maketrans({
    "\u2026": "...", "\u0153": "oe", "\u0152": "OE", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
    "\u2013": "-", "\u2014": "-", "\u2022": "*", "\u00ab": '"', "\u00bb": '"', "\u00a0": " ", "\u202f": " ",
})  # fmt: skip
"""Ellipsis, oe, quotation marks, dashes, a bullet, spaces that do not break."""

_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def from_bytes(raw: bytes) -> Text:
    """Return the text of raw bytes; what is not UTF-8 keeps its bytes in `hex`."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"text": raw.decode("utf-8", "replace"), "hex": raw.hex()}


def from_native(name: str) -> Text:
    """Return the text of a name that Python decoded with surrogateescape (paths, arguments; Windows: surrogatepass)."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return from_bytes(name.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            return from_bytes(name.encode("utf-8", "surrogatepass"))
    return name


def to_bytes(text: Text) -> bytes:
    """Return the raw bytes of a text."""
    return text.encode("utf-8") if isinstance(text, str) else bytes.fromhex(text["hex"])


def joined(folder: bytes, *names: bytes) -> bytes:
    """Return the path of what lies in a folder of the host, by the letters alone.

    Absolute paths of Windows begin with no slash: their parts are joined by what separates them there.
    """
    mark = b"/" if folder.startswith(b"/") else b"\\"
    return mark.join((folder.rstrip(mark) if names else folder, *names)) or mark


def parted(path: bytes) -> tuple[bytes, bytes]:
    """Return the folder and the name of an absolute path of the host, by the letters alone."""
    folder, _, name = path.rpartition(b"/" if path.startswith(b"/") else b"\\")
    return folder, name


def readable(text: Text | None) -> str:
    """Return the readable form, still unescaped: not for a terminal."""
    if text is None:
        return ""
    return text if isinstance(text, str) else text["text"]


def printable(text: Text | None, limit: int = 200) -> str:
    r"""Return a form that is safe in a terminal or a report, at most `limit` characters.

    Control and format characters (ANSI, bidi marks, newlines, zero-width), private and
    unassigned ones become `\xNN`, `\uNNNN` or `\UNNNNNNNN`; a backslash stays as it is.
    """
    out = []
    shown = readable(text)
    for char in shown[:limit]:
        if unicodedata.category(char) not in _ESCAPED_CATEGORIES:
            out.append(char)
            continue
        out.append(escaped(char))
    if len(shown) > limit:
        out.append("…")
    return "".join(out)


def escaped(char: str) -> str:
    r"""Return the escaped form of one character: `\xNN`, `\uNNNN` or `\UNNNNNNNN`."""
    number = ord(char)
    if number < 0x100:  # noqa: PLR2004 - one byte
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 - the basic plane


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end].translate(_LIKE)
    return "".join(char if char.isascii() else escaped(char) for char in lost), error.end


codecs.register_error(PLAIN, _plain)
