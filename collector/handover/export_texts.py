r"""Values of rows as texts that a spreadsheet, a timeline and a terminal can hold: nothing in them acts. Pure.

A text of the host keeps its letters; control and format characters (line ends, ANSI, bidi marks) and bytes that are
no UTF-8 become `\xNN`, `\uNNNN` or `\UNNNNNNNN`. A backslash of the host's own before such letters becomes `\x5c`, so
that no two texts come out as one; paths of Windows stay as they are. What has parts is JSON. A cell that a spreadsheet
would take for a formula (= + - @, also their wide forms, and after a semicolon, which separates cells in French Excel)
gets an apostrophe in front.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from collector import schema
from collector.text import printable

if TYPE_CHECKING:
    from collector.model import Json

_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf'^[\s"\']*[{re.escape(_STARTS)}]|;[\s"\']*[{re.escape(_STARTS)}]')
_CELLS = re.compile(rf'(^|;)(?=[\s"\']*[{re.escape(_STARTS)}])')
_LIKE_OURS = re.compile(rb"\\(?=x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
"""A backslash that a reader would take for one of ours."""
_NUMBER = re.compile(r"-[0-9]{1,20}", re.ASCII)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def escaped(text: str) -> str:
    """Return all of a text on one line; its backslashes stay as they are."""
    return text if text.isprintable() else printable(text, len(text))


def cell(value: Json, limit: int) -> tuple[str, bool]:
    """Return a value of a row as one line of at most `limit` characters, empty for none, and whether it was longer.

    What was longer ends in an ellipsis.
    """
    return line(_unescaped(value), limit)


def line(text: str, limit: int) -> tuple[str, bool]:
    """Return a text of our making, whose backslashes are ours, as `cell` returns a value."""
    shown = escaped(text[: limit + 1])
    if len(text) <= limit and len(shown) <= limit:
        return shown, False
    return shown[: limit - 1] + "…", True


def safe(text: str) -> tuple[str, bool]:
    """Return a cell that no spreadsheet calculates, and whether it had to be changed for that."""
    if _FORMULA.search(text) is None or _NUMBER.fullmatch(text):
        return text, False
    return _CELLS.sub(r"\1'", text), True


def _own(raw: bytes) -> bytes:
    """Return a text of the host with each of its backslashes told apart from ours."""
    return _LIKE_OURS.sub(rb"\\x5c", raw)


def _unescaped(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _own(value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass") if "\\" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict) and schema.is_text(value):
        return _own(bytes.fromhex(str(value["hex"]))).decode("utf-8", "backslashreplace")
    try:
        return _JSON.encode(value)
    except (ValueError, RecursionError):  # a number of 5,000 digits, or more brackets than Python likes
        return "(not shown)"
