"""A letter saved as a file: what its header says of when, from whom and about what (RFC 5322, RFC 2047). Pure, bounded.

Whoever sent it wrote all of this, the date too; the lines of the servers on the way stay in the file for the expert.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collector.model import Json

LONGEST: Final = 200
"""Characters of one field that are kept."""
_MOST_LINES = 1000
_FIELDS = {b"date": "date", b"from": "from", b"to": "to", b"subject": "subject", b"message-id": "message_id"}
_NAME = re.compile(rb"([!-9;-~]{1,76})[ \t]*:[ \t]*(.*)", re.DOTALL)
_WORD = re.compile(r"=\?([A-Za-z0-9_-]{1,40})(?:\*[A-Za-z-]*)?\?([QqBb])\?([!->@-~]{0,500})\?=")
_BETWEEN = re.compile(r"(\?=)[ \t]+(?==\?)")
_CODED = re.compile(rb"=([0-9A-Fa-f]{2})")
_CHARSETS = {"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}


def headers(head: bytes) -> dict[str, Json]:
    """Return the fields of a letter that are kept, `None` each that it lacks; empty where this is no letter."""
    found: dict[str, Json] = {}
    for name, value in _unfolded(head):
        field = _FIELDS.get(name.lower())
        if field is not None and field not in found:  # a second one was put there by somebody; the first is shown
            found[field] = _words(value) or None
    if not found.keys() & {"date", "from", "message_id"}:
        return {}
    return {field: found.get(field) for field in _FIELDS.values()}


def _unfolded(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and values of the header lines, up to the first line that is none."""
    lines: list[bytes] = []
    for line in head.split(b"\n", _MOST_LINES)[:_MOST_LINES]:
        bare = line.removesuffix(b"\r")
        if bare[:1] in (b" ", b"\t") and bare.strip() and lines:
            lines[-1] = (lines[-1] + b" " + bare.strip())[: 4 * LONGEST + 200]
        elif _NAME.fullmatch(bare):
            lines.append(bare)
        elif not (bare.startswith(b"From ") and not lines):  # the separator line of an mbox
            break
    return [(match[1], match[2]) for line in lines if (match := _NAME.fullmatch(line))]


def _words(value: bytes) -> str:
    text = value[: 4 * LONGEST].decode("utf-8", "replace")
    return _WORD.sub(_decoded, _BETWEEN.sub(r"\1", text)).strip()[:LONGEST]


def _decoded(match: re.Match[str]) -> str:
    charset, form, coded = match[1].lower(), match[2].upper(), match[3]
    if charset not in _CHARSETS:
        return match[0]
    if form == "Q":
        raw = _CODED.sub(lambda two: bytes.fromhex(two[1].decode("ascii")), coded.replace("_", " ").encode("ascii"))
    else:
        try:
            raw = base64.b64decode(coded, validate=True)
        except binascii.Error:
            return match[0]
    return raw.decode(charset, "replace")
