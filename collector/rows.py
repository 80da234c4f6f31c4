"""JSONL artifacts: the header line and the lines of rows, each within its bound (SPEC 6.1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.model import Json, Row

MAX_ROW = 4 << 20
"""Longest line of an artifact in bytes; a longer one is cut and flagged."""
_CUT_TEXT = 16 * 1024
_CUT_LIST = 256
_CUT_NAME = 1024

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"))


def header(kind: str, source: str, columns: Mapping[str, str]) -> bytes:
    """Return the first line: what the rows are and what each column means."""
    return (_ENCODER.encode({"kind": kind, "source": source, "columns": dict(columns)}) + "\n").encode("ascii")


def line(row: Row) -> tuple[bytes, bool]:
    """Return a row's line with LF, and whether it had to be cut to fit."""
    text = _ENCODER.encode(row)
    if len(text) < MAX_ROW:
        return (text + "\n").encode("ascii"), False
    cut: Row = {name: _shortened(value) for name, value in row.items()}
    return (_ENCODER.encode(cut) + "\n").encode("ascii"), True


def _shortened(value: Json) -> Json:
    """Return a value that holds at most 256 parts of 4 KiB, whatever it held before."""
    if isinstance(value, str):
        return value[:_CUT_TEXT]
    if isinstance(value, list):
        return [_part(item) for item in value[:_CUT_LIST]]
    if isinstance(value, dict):
        return {name[:_CUT_NAME]: _part(item) for name, item in list(value.items())[:_CUT_LIST]}
    return value


def _part(value: Json) -> Json:
    text = _ENCODER.encode(value)
    return value if len(text) <= _CUT_NAME * 4 else text[:_CUT_NAME]
